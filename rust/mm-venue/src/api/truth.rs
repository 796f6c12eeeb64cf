//! What is really so: an account as the venue knows it, for whoever checks a client against it.

use core::fmt::Write as _;

use super::write::{self, list, px, sz};
use crate::chain::{AccountId, Chain};

/// Everything about an account, as JSON:
///
/// `{"address","positions":{coin:szi},"spot":{token:total},"cash":{dex:usdc},"orders":[{coin,side,oid,cloid,px,sz,
/// origSz,filled}],"fills":n,"volume","closedPnl","fees","funding","deposits","requests":{used,cap},"records":n,
/// "lastFills":[fill]}`.
pub(crate) fn account(chain: &Chain, id: AccountId) -> String {
    let account = chain.account(id);
    let metas = chain.metas();
    let positions = account.clearing.iter().flat_map(|clearing| &clearing.positions);
    let positions = members(
        positions.filter(|(_, position)| !position.szi.is_zero()),
        |out, (asset, position)| {
            let meta = metas.asset(*asset);
            let _ = write!(out, r#""{}":"{}""#, meta.name, sz(position.szi, meta));
        },
    );
    let spot = members(&account.spot, |out, (token, balance)| {
        let _ = write!(out, r#""{}":"{}""#, metas.token(*token).name, balance.total);
    });
    let cash = members(account.clearing.iter().zip(&metas.dexes), |out, (clearing, dex)| {
        let _ = write!(out, r#""{}":"{}""#, dex.name, clearing.cash);
    });
    let orders = list(account.open.iter().filter_map(|oid| chain.order(*oid)), |out, order| {
        let meta = metas.asset(order.asset);
        let cloid = order.cloid.map_or_else(|| "null".into(), |cloid| format!(r#""{cloid}""#));
        let _ = write!(
            out,
            r#"{{"coin":"{}","side":"{}","oid":{},"cloid":{cloid},"px":"{}","sz":"{}","origSz":"{}","filled":"{}"}}"#,
            meta.name,
            order.side.letter(),
            order.oid.0,
            px(order.px),
            sz(order.sz, meta),
            sz(order.orig, meta),
            sz(order.filled, meta),
        );
    });
    let totals = account.totals;
    format!(
        r#"{{"address":"{}","positions":{positions},"spot":{spot},"cash":{cash},"orders":{orders},"fills":{},"volume":"{}","closedPnl":"{}","fees":"{}","funding":"{}","deposits":"{}","requests":{{"used":{},"cap":{}}},"records":{},"lastFills":{}}}"#,
        account.address,
        totals.fills,
        totals.volume,
        totals.closed_pnl,
        totals.fees,
        totals.funding,
        totals.deposits,
        account.budget.used,
        chain.requests_cap(id),
        account.history.records.len(),
        list(&account.history.fills, |out, fill| write::fill(out, chain, fill)),
    )
}

fn members<T>(items: impl IntoIterator<Item = T>, item: impl FnMut(&mut String, T)) -> String {
    let inside = list(items, item);
    format!("{{{}}}", &inside[1..inside.len() - 1])
}
