//! What is traded and where it stands: metas, books, prices (protocol 6.1).

use core::fmt::Write as _;

use mm_core::ids::{Ms, Side};
use mm_core::num::Px;

use super::View;
use crate::api::json::Value;
use crate::api::write::{self, list, px, sz};
use crate::chain::{Asset, AssetIx, Chain, Decimal, Kind, Seen};

/// Decimals of rates and premiums.
const RATE_DECIMALS: u32 = 10;
/// Levels of a side.
const LEVELS: usize = 20;
/// Rows of past rates.
const RATES: usize = 500;

fn perps(chain: &Chain, dex: u8) -> impl Iterator<Item = AssetIx> + '_ {
    chain.metas().indices().filter(move |ix| chain.metas().asset(*ix).dex() == Some(dex))
}

fn spots(chain: &Chain) -> impl Iterator<Item = AssetIx> + '_ {
    chain.metas().indices().filter(|ix| chain.metas().asset(*ix).dex().is_none())
}

pub(super) fn meta(chain: &Chain, dex: u8) -> String {
    let mut leverages = Vec::new();
    let universe = list(perps(chain, dex), |out, ix| {
        let asset = chain.metas().asset(ix);
        let Kind::Perp { max_leverage, only_isolated, .. } = asset.kind else { return };
        leverages.push(max_leverage);
        let _ = write!(
            out,
            r#"{{"szDecimals":{},"name":"{}","maxLeverage":{max_leverage},"marginTableId":{max_leverage}{}{}}}"#,
            asset.sz_decimals,
            asset.name,
            if only_isolated { r#","onlyIsolated":true"# } else { "" },
            if asset.delisted { r#","isDelisted":true"# } else { "" },
        );
    });
    leverages.sort_unstable();
    leverages.dedup();
    let tables = list(leverages, |out, most| {
        let _ = write!(
            out,
            r#"[{most},{{"description":"","marginTiers":[{{"lowerBound":"0.0","maxLeverage":{most}}}]}}]"#
        );
    });
    format!(r#"{{"universe":{universe},"marginTables":{tables},"collateralToken":0}}"#)
}

pub(crate) fn meta_and_contexts(chain: &Chain, dex: u8) -> String {
    let contexts = list(perps(chain, dex), |out, ix| out.push_str(&context(chain, ix)));
    format!("[{},{contexts}]", meta(chain, dex))
}

pub(super) fn dexes(chain: &Chain) -> String {
    list(chain.metas().dexes.iter().enumerate(), |out, (ix, dex)| {
        if ix == 0 {
            return out.push_str("null");
        }
        let _ = write!(
            out,
            r#"{{"name":"{}","fullName":"{}","deployer":"{}","oracleUpdater":null,"feeRecipient":null,"assetToStreamingOiCap":[],"subDeployers":[],"deployerFeeScale":"1.0","lastDeployerFeeScaleChangeTime":"1970-01-01T00:00:00","assetToFundingMultiplier":[]}}"#,
            dex.name, dex.name, dex.deployer
        );
    })
}

pub(super) fn spot_meta(chain: &Chain) -> String {
    let metas = chain.metas();
    let universe = list(spots(chain), |out, ix| {
        let asset = metas.asset(ix);
        let Kind::Spot { base, quote } = asset.kind else { return };
        let index = asset.id - crate::chain::SPOT_BASE;
        let _ = write!(
            out,
            r#"{{"tokens":[{},{}],"name":"{}","index":{index},"isCanonical":{}}}"#,
            metas.token(base).index,
            metas.token(quote).index,
            asset.name,
            index == 0
        );
    });
    let tokens = list(&metas.tokens, |out, token| {
        let _ = write!(
            out,
            r#"{{"name":"{}","szDecimals":{},"weiDecimals":{},"index":{},"tokenId":"{}","isCanonical":{},"evmContract":null,"fullName":null,"deployerTradingFeeShare":"0.0"}}"#,
            token.name,
            token.sz_decimals,
            token.wei_decimals,
            token.index,
            &write::hash(u64::from(token.index) + 1)[..34],
            token.index < 2
        );
    });
    format!(r#"{{"universe":{universe},"tokens":{tokens}}}"#)
}

pub(crate) fn spot_meta_and_contexts(chain: &Chain) -> String {
    let contexts = list(spots(chain), |out, ix| out.push_str(&context(chain, ix)));
    format!("[{},{contexts}]", spot_meta(chain))
}

/// The context of a market, with its nulls where the book has no two sides.
pub(crate) fn context(chain: &Chain, ix: AssetIx) -> String {
    let (asset, prices) = (chain.metas().asset(ix), chain.prices(ix));
    let mid = chain.mid(ix);
    let mid_text = mid.map_or_else(|| "null".into(), |mid| format!(r#""{}""#, px(mid)));
    if asset.dex().is_none() {
        return format!(
            r#"{{"prevDayPx":"{}","dayNtlVlm":"{}","markPx":"{}","midPx":{mid_text},"circulatingSupply":"1000000.0","coin":"{}","totalSupply":"1000000.0","dayBaseVlm":"{}"}}"#,
            px(prices.prev_day),
            prices.day_value(),
            px(prices.mark),
            asset.name,
            sz(prices.day_size(), asset),
        );
    }
    let book = chain.book(ix);
    let both = book.best(Side::Buy).zip(book.best(Side::Sell));
    let premium = both.map_or_else(
        || "null".into(),
        |_| format!(r#""{}""#, Decimal(i128::from(prices.premium), RATE_DECIMALS)),
    );
    let impact = both
        .map_or_else(|| "null".into(), |(bid, ask)| format!(r#"["{}","{}"]"#, px(bid), px(ask)));
    format!(
        r#"{{"funding":"{}","openInterest":"{}","prevDayPx":"{}","dayNtlVlm":"{}","premium":{premium},"oraclePx":"{}","markPx":"{}","midPx":{mid_text},"impactPxs":{impact},"dayBaseVlm":"{}"}}"#,
        Decimal(i128::from(prices.funding), RATE_DECIMALS),
        sz(prices.open_interest, asset),
        px(prices.prev_day),
        prices.day_value(),
        px(prices.oracle),
        px(prices.mark),
        sz(prices.day_size(), asset),
    )
}

/// Every mid of a dex; spot pairs are with the main one. An empty book's is the last trade's.
pub(crate) fn all_mids(chain: &Chain, dex: u8) -> String {
    let shown = chain
        .metas()
        .indices()
        .filter(|ix| super::on_dex(chain, *ix, dex) && !chain.metas().asset(*ix).delisted);
    let inside = list(shown, |out, ix| {
        let prices = chain.prices(ix);
        let mid = chain.mid(ix).or(prices.last).unwrap_or(prices.mark);
        let _ = write!(out, r#""{}":"{}""#, chain.metas().asset(ix).name, px(mid));
    });
    format!("{{{}}}", &inside[1..inside.len() - 1])
}

/// `null` for a coin that there is not.
pub(super) fn l2_request(chain: &Chain, request: &Value<'_>) -> Option<String> {
    let coin = request.get("coin").text()?;
    let small = |name| request.get(name).whole().and_then(|n| u8::try_from(n).ok());
    Some(match chain.metas().by_name(coin) {
        None => "null".into(),
        Some(ix) => l2_book(chain, ix, small("nSigFigs"), small("mantissa"), LEVELS, ""),
    })
}

/// A book to so many levels a side, its prices brought together to so many figures.
pub(crate) fn l2_book(
    chain: &Chain,
    ix: AssetIx,
    figures: Option<u8>,
    mantissa: Option<u8>,
    levels: usize,
    tail: &str,
) -> String {
    let asset = chain.metas().asset(ix);
    let side = |side| {
        let seen = chain.book(ix).levels(side);
        let seen: Vec<Seen> = match figures {
            None => seen.take(levels).collect(),
            Some(figures) => together(asset, seen, side, figures, mantissa.unwrap_or(1), levels),
        };
        list(&seen, |out, seen| write::level(out, asset, seen))
    };
    format!(
        r#"{{"coin":"{}","time":{},"levels":[{},{}]{tail}}}"#,
        asset.name,
        chain.now(),
        side(Side::Buy),
        side(Side::Sell)
    )
}

/// Bids are rounded down, asks up, to `figures` figures and multiples of `mantissa` in the last one.
fn together(
    asset: &Asset,
    seen: impl Iterator<Item = Seen>,
    side: Side,
    figures: u8,
    mantissa: u8,
    levels: usize,
) -> Vec<Seen> {
    let mut out: Vec<Seen> = Vec::new();
    for level in seen {
        let mut step = 1i64;
        while level.px.0 / step >= 10i64.pow(u32::from(figures.clamp(2, 5))) {
            step *= 10;
        }
        let step = (step * i64::from(mantissa.max(1))).max(asset.tick(level.px));
        let down = level.px.0 / step * step;
        let px = Px(if side == Side::Buy || down == level.px.0 { down } else { down + step });
        let full = out.len() == levels;
        match out.last_mut() {
            Some(last) if last.px == px => {
                last.sz += level.sz;
                last.n += level.n;
            }
            _ if full => break,
            _ => out.push(Seen { px, ..level }),
        }
    }
    out
}

/// The last trades, the newest first.
pub(super) fn recent_trades(view: &View<'_>, request: &Value<'_>) -> (String, u64) {
    let ix = request.get("coin").text().and_then(|coin| view.chain.metas().by_name(coin));
    let mut count = 0;
    let trades = ix.map(|ix| view.trades.of(ix)).into_iter().flatten().rev();
    let trades = list(trades, |out, trade| {
        count += 1;
        write::trade(out, view.chain, trade);
    });
    (trades, count)
}

pub(super) fn funding_history(chain: &Chain, request: &Value<'_>) -> Option<(String, u64)> {
    let coin = request.get("coin").text()?;
    let start: Ms = request.get("startTime").whole()?;
    let end = request.get("endTime").whole().unwrap_or(Ms::MAX);
    let rates = chain.metas().by_name(coin).map(|ix| &chain.prices(ix).rates).into_iter().flatten();
    let rows: Vec<_> = rows_between(rates, start, end);
    let text = list(&rows, |out, (time, rate, premium)| {
        let _ = write!(
            out,
            r#"{{"coin":"{coin}","fundingRate":"{}","premium":"{}","time":{time}}}"#,
            Decimal(i128::from(*rate), RATE_DECIMALS),
            Decimal(i128::from(*premium), RATE_DECIMALS)
        );
    });
    Some((text, rows.len() as u64))
}

fn rows_between<'a>(
    rates: impl Iterator<Item = &'a crate::chain::HourlyRate>,
    start: Ms,
    end: Ms,
) -> Vec<crate::chain::HourlyRate> {
    rates.filter(|(time, ..)| (start..=end).contains(time)).take(RATES).copied().collect()
}
