//! `POST /info`: requests into answers (protocol 6).
//!
//! A [`View`] says as of when it is looked: a stale information server shows orders, fills and positions as they
//! were then.

mod account;
mod market;
mod orders;

use mm_core::ids::Ms;

use super::json::Value;
use super::streams::Recent;
use super::subscription::dex_of;
use super::write;
use crate::chain::{AccountId, Address, AssetIx, Chain, Role};

pub(crate) use account::{
    active_asset_data, aggregated, clearinghouse, fills, ledger_row, spot_state,
};
pub(crate) use market::{all_mids, context, l2_book, meta_and_contexts, spot_meta_and_contexts};
pub(crate) use orders::frontend_open_orders;

/// Rows that an answer has at most.
const ROWS: usize = 2_000;
/// The same of funding and money movements.
const ROWS_FUNDING: usize = 500;

/// What is looked at.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) trades: &'a Recent,
    /// As of when: later than that nothing is seen of orders, fills and positions.
    pub(crate) as_of: Ms,
    /// The front's time.
    pub(crate) now: Ms,
}

/// The answer to a request and how many rows it has; `None` if the venue does not know such a request.
pub(crate) fn answer(view: &View<'_>, request: &Value<'_>) -> Option<(String, u64)> {
    let chain = view.chain;
    let kind = request.get("type").text()?;
    let one = |body: String| Some((body, 0));
    let dex = || dex_of(request, chain.metas());
    match kind {
        "meta" => one(market::meta(chain, dex()?)),
        "metaAndAssetCtxs" => one(meta_and_contexts(chain, dex()?)),
        "allPerpMetas" => {
            let dexes = 0..u8::try_from(chain.metas().dexes.len()).unwrap_or(0);
            one(write::list(dexes, |out, dex| out.push_str(&market::meta(chain, dex))))
        }
        "perpDexs" => one(market::dexes(chain)),
        "spotMeta" => one(market::spot_meta(chain)),
        "spotMetaAndAssetCtxs" => one(spot_meta_and_contexts(chain)),
        "allMids" => one(all_mids(chain, dex()?)),
        "l2Book" => one(market::l2_request(chain, request)?),
        "recentTrades" => Some(market::recent_trades(view, request)),
        "fundingHistory" => market::funding_history(chain, request),
        "candleSnapshot" => view.trades.candles.answer(chain, request.get("req")),
        "exchangeStatus" => {
            one(format!(r#"{{"time":{},"specialStatuses":{}}}"#, view.now, special(chain)))
        }
        "perpsAtOpenInterestCap" => one("[]".into()),
        "maxMarketOrderNtls" => {
            one(r#"[[25,"15000000.0"],[20,"5000000.0"],[10,"2000000.0"],[0,"500000.0"]]"#.into())
        }
        _ => of_user(view, request, kind),
    }
}

fn special(chain: &Chain) -> &'static str {
    if chain.now() < chain.post_only_until { r#""postOnly""# } else { "null" }
}

fn of_user(view: &View<'_>, request: &Value<'_>, kind: &str) -> Option<(String, u64)> {
    let chain = view.chain;
    let one = |body: String| Some((body, 0));
    let user = Address::parse(request.get("user").text()?.as_bytes())?;
    let id = chain.by_address(user);
    let dex = || dex_of(request, chain.metas());
    match kind {
        "clearinghouseState" => one(clearinghouse(view, id, dex()?)),
        "spotClearinghouseState" => one(spot_state(chain, id)),
        "openOrders" => one(orders::open_orders(view, id, dex()?)),
        "frontendOpenOrders" => one(frontend_open_orders(view, id, dex()?)),
        "orderStatus" => one(orders::order_status(view, id, request.get("oid"))?),
        "historicalOrders" => Some(orders::historical(view, id)),
        "userFills" => {
            let mut rows: Vec<_> = fills(view, id).rev().take(ROWS).copied().collect();
            if request.get("aggregateByTime").truth() == Some(true) {
                rows.reverse();
                rows = aggregated(chain, &rows);
                rows.reverse();
            }
            Some((write::list(&rows, |out, fill| write::fill(out, chain, fill)), rows.len() as u64))
        }
        "userFillsByTime" => account::fills_by_time(view, id, request),
        "userFunding" => account::funding_history(view, id, request),
        "userNonFundingLedgerUpdates" => account::ledger(view, id, request),
        "userRateLimit" => one(account::rate_limit(chain, id)),
        "userFees" => one(account::fees(chain, id)),
        "userRole" => one(role(chain, user, id)),
        "activeAssetData" => {
            let asset = chain.metas().by_name(request.get("coin").text()?)?;
            one(active_asset_data(chain, user, id, asset))
        }
        "extraAgents" => one(account::agents(chain, id)),
        "maxBuilderFee" => {
            let builder = Address::parse(request.get("builder").text()?.as_bytes())?;
            let tenths =
                id.and_then(|id| chain.account(id).builders.get(&builder).copied()).unwrap_or(0);
            one(tenths.to_string())
        }
        "subAccounts" | "subAccounts2" => one(account::sub_accounts(view, id)),
        "webData2" => one(format!(
            r#"{{"clearinghouseState":{},"openOrders":{},"user":"{user}","serverTime":{}}}"#,
            clearinghouse(view, id, 0),
            frontend_open_orders(view, id, 0),
            view.now
        )),
        "referral" | "delegatorSummary" | "legalCheck" => one("null".into()),
        "userTwapSliceFills" | "delegations" | "userVaultEquities" => one("[]".into()),
        _ => None,
    }
}

fn role(chain: &Chain, user: Address, id: Option<AccountId>) -> String {
    if let Some(id) = id {
        return match chain.account(id).role {
            Role::Sub { master } => {
                format!(
                    r#"{{"role":"subAccount","data":{{"master":"{}"}}}}"#,
                    chain.account(master).address
                )
            }
            Role::Vault { .. } => r#"{"role":"vault"}"#.into(),
            Role::User | Role::Venue => r#"{"role":"user"}"#.into(),
        };
    }
    match chain.agent(user) {
        Some(agent) => format!(
            r#"{{"role":"agent","data":{{"user":"{}"}}}}"#,
            chain.account(agent.master).address
        ),
        None => r#"{"role":"missing"}"#.into(),
    }
}

/// Whether an asset belongs to a request about a dex: spot belongs to the main one.
fn on_dex(chain: &Chain, asset: AssetIx, dex: u8) -> bool {
    chain.metas().asset(asset).dex().unwrap_or(0) == dex
}
