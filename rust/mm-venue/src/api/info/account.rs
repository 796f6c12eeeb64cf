//! Fills, positions, balances, budgets and fees of an account (protocol 6.1, 6.4, 6.6, 9.2).

use core::fmt::Write as _;

use mm_core::ids::{Ms, Side};
use mm_core::num::Px;

use super::{ROWS, ROWS_FUNDING, View};
use crate::api::json::Value;
use crate::api::streams::ledger_word;
use crate::api::write::{self, list, px, sz};
use crate::chain::{
    AccountId, Address, Amount, AssetIx, Chain, Decimal, Fill, Kind, Ledger, LedgerKind, Lots, ONE,
    Position, REBATES, Role, Summary, TIERS,
};

/// Rates of fees are in 10⁻⁹.
const RATE_DECIMALS: u32 = 9;

/// An account's fills as of the view's time, the oldest first.
pub(crate) fn fills<'a>(
    view: &View<'a>,
    id: Option<AccountId>,
) -> impl DoubleEndedIterator<Item = &'a Fill> + use<'a> {
    let as_of = view.as_of;
    let fills = id.map(|id| &view.chain.account(id).history.fills);
    fills.into_iter().flatten().filter(move |fill| fill.time <= as_of)
}

/// Partial fills of one taking order within a block become one row: the mean price, the first's tid.
pub(crate) fn aggregated(chain: &Chain, fills: &[Fill]) -> Vec<Fill> {
    let mut rows: Vec<Fill> = Vec::new();
    for fill in fills {
        match rows.last_mut() {
            Some(last)
                if fill.crossed
                    && last.crossed
                    && (last.oid, last.time) == (fill.oid, fill.time) =>
            {
                let (before, more) = (i128::from(last.sz.0), i128::from(fill.sz.0));
                let paid = i128::from(last.px.0) * before + i128::from(fill.px.0) * more;
                let mean = Px(i64::try_from(paid / (before + more)).unwrap_or(last.px.0));
                last.px = chain.metas().asset(fill.asset).round_px(mean, true);
                last.sz += fill.sz;
                last.closed_pnl += fill.closed_pnl;
                last.fee += fill.fee;
            }
            _ => rows.push(*fill),
        }
    }
    rows
}

/// Start and end of a time range; the end may be left out.
fn range(request: &Value<'_>) -> Option<(Ms, Ms)> {
    let end = match request.get("endTime") {
        Value::Null => Ms::MAX,
        time => time.whole()?,
    };
    Some((request.get("startTime").whole()?, end))
}

pub(super) fn fills_by_time(
    view: &View<'_>,
    id: Option<AccountId>,
    request: &Value<'_>,
) -> Option<(String, u64)> {
    let (start, end) = range(request)?;
    let inside = fills(view, id).filter(|fill| (start..=end).contains(&fill.time));
    let rows: Vec<Fill> = if request.get("reversed").truth() == Some(true) {
        inside.rev().take(ROWS).copied().collect()
    } else {
        inside.take(ROWS).copied().collect()
    };
    let rows = if request.get("aggregateByTime").truth() == Some(true) {
        aggregated(view.chain, &rows)
    } else {
        rows
    };
    Some((list(&rows, |out, fill| write::fill(out, view.chain, fill)), rows.len() as u64))
}

pub(super) fn funding_history(
    view: &View<'_>,
    id: Option<AccountId>,
    request: &Value<'_>,
) -> Option<(String, u64)> {
    let (start, end) = range(request)?;
    let rows = id.map(|id| &view.chain.account(id).history.funding).into_iter().flatten();
    let rows: Vec<_> =
        rows.filter(|row| (start..=end).contains(&row.time)).take(ROWS_FUNDING).collect();
    let text = list(&rows, |out, row| {
        let _ = write!(
            out,
            r#"{{"time":{},"hash":"{}","delta":{{"type":"funding","#,
            row.time,
            write::hash(0)
        );
        write::funding(out, view.chain, row);
        out.push_str("}}");
    });
    Some((text, rows.len() as u64))
}

pub(crate) fn ledger_row(chain: &Chain, row: &Ledger) -> String {
    let more = match row.kind {
        LedgerKind::Deposit => String::new(),
        LedgerKind::ClassTransfer(to_perp) => format!(r#","toPerp":{to_perp}"#),
        LedgerKind::Send(other) | LedgerKind::SubAccountTransfer(other) => {
            let key = if row.usdc.0 < 0 { "destination" } else { "user" };
            format!(r#","{key}":"{}""#, chain.account(other).address)
        }
    };
    format!(
        r#"{{"time":{},"hash":"{}","delta":{{"type":"{}","usdc":"{}"{more}}}}}"#,
        row.time,
        write::hash(row.time),
        ledger_word(row.kind),
        row.usdc.abs()
    )
}

pub(super) fn ledger(
    view: &View<'_>,
    id: Option<AccountId>,
    request: &Value<'_>,
) -> Option<(String, u64)> {
    let (start, end) = range(request)?;
    let rows = id.map(|id| &view.chain.account(id).history.ledger).into_iter().flatten();
    let rows: Vec<_> =
        rows.filter(|row| (start..=end).contains(&row.time)).take(ROWS_FUNDING).collect();
    Some((list(&rows, |out, row| out.push_str(&ledger_row(view.chain, row))), rows.len() as u64))
}

fn summary(sum: &Summary) -> String {
    format!(
        r#"{{"accountValue":"{}","totalNtlPos":"{}","totalRawUsd":"{}","totalMarginUsed":"{}"}}"#,
        sum.value.cut(6),
        sum.notional.cut(6),
        sum.raw.cut(6),
        sum.used.cut(6)
    )
}

pub(crate) fn clearinghouse(view: &View<'_>, id: Option<AccountId>, dex: u8) -> String {
    let chain = view.chain;
    let (all, cross, free) = id.map_or_else(Default::default, |id| {
        (chain.summary(id, dex, false), chain.summary(id, dex, true), chain.available(id, dex))
    });
    let positions =
        id.map(|id| &chain.account(id).clearing[usize::from(dex)].positions).into_iter().flatten();
    let shown = positions.filter_map(|(asset, position)| {
        let id = id?;
        let szi = as_of(view, id, *asset, position.szi);
        (!szi.is_zero()).then_some((id, *asset, Position { szi, ..position.clone() }))
    });
    let positions =
        list(shown, |out, (id, asset, position)| write_position(out, chain, id, asset, &position));
    format!(
        r#"{{"marginSummary":{},"crossMarginSummary":{},"crossMaintenanceMarginUsed":"{}","withdrawable":"{}","assetPositions":{positions},"time":{}}}"#,
        summary(&all),
        summary(&cross),
        cross.maintenance.cut(6),
        Amount(free.0.max(0)).cut(6),
        view.as_of
    )
}

/// A position as it was at the view's time: what was filled since is taken back.
fn as_of(view: &View<'_>, id: AccountId, asset: AssetIx, szi: Lots) -> Lots {
    let fills = view.chain.account(id).history.fills.iter().rev();
    let later = fills.take_while(|fill| fill.time > view.as_of).filter(|fill| fill.asset == asset);
    szi - later.map(|fill| Lots(if fill.side == Side::Buy { fill.sz.0 } else { -fill.sz.0 })).sum()
}

fn write_position(
    out: &mut String,
    chain: &Chain,
    id: AccountId,
    asset: AssetIx,
    position: &Position,
) {
    let meta = chain.metas().asset(asset);
    let leverage = chain.leverage(id, asset);
    let value = chain.value_of(asset, position.szi);
    let gain = Amount(value.0 - position.entry.0 * position.szi.signum());
    let used = match position.isolated {
        Some(inside) => value + inside,
        None => Amount(value.abs().0 / i128::from(leverage.value.max(1))),
    };
    let max_leverage =
        if let Kind::Perp { max_leverage, .. } = meta.kind { max_leverage } else { 1 };
    let kind = match position.isolated {
        Some(inside) => format!(
            r#"{{"type":"isolated","value":{},"rawUsd":"{}"}}"#,
            leverage.value,
            inside.cut(6)
        ),
        None => format!(r#"{{"type":"cross","value":{}}}"#, leverage.value),
    };
    let _ = write!(
        out,
        r#"{{"type":"oneWay","position":{{"coin":"{}","szi":"{}","leverage":{kind},"entryPx":"{}","positionValue":"{}","unrealizedPnl":"{}","returnOnEquity":"{}","liquidationPx":{},"marginUsed":"{}","maxLeverage":{max_leverage},"cumFunding":{{"allTime":"{}","sinceOpen":"{}","sinceChange":"{}"}}}}}}"#,
        meta.name,
        sz(position.szi, meta),
        px(entry(meta.sz_decimals, position)),
        value.abs().cut(6),
        gain.round(6),
        if used.0 > 0 { gain.share(ONE, used.0) } else { Amount::ZERO },
        liquidation(chain, id, asset, position)
            .map_or_else(|| "null".into(), |at| format!(r#""{}""#, px(at))),
        used.cut(6),
        -position.funding_ever,
        -position.funding_open,
        -position.funding_change,
    );
}

/// Mean price of what is held, to the venue's figures.
fn entry(sz_decimals: u32, position: &Position) -> Px {
    let lots = i128::from(position.szi.abs().0).max(1);
    let scale = 10i128.pow(sz_decimals); // lots to units
    let px = position.entry.0 * scale / lots / 100; // amounts have ten decimals, prices eight
    let finest = 10i128.pow(2 + sz_decimals.min(6)).max(1);
    Px(i64::try_from((px + finest / 2) / finest * finest).unwrap_or(i64::MAX))
}

/// Where the mark would have to be for the account to be liquidated, if this position alone moved.
fn liquidation(chain: &Chain, id: AccountId, asset: AssetIx, position: &Position) -> Option<Px> {
    let meta = chain.metas().asset(asset);
    let Kind::Perp { dex, max_leverage, .. } = meta.kind else { return None };
    let sum = chain.summary(id, dex, true);
    let (worth, needs) = match position.isolated {
        Some(inside) => (
            inside + chain.value_of(asset, position.szi),
            chain.maintenance_of(asset, position.szi),
        ),
        None => (sum.value, sum.maintenance),
    };
    // worth + szi·(p − mark) = needs + |szi|·(p − mark) / (2·max leverage)
    let twice = i128::from(2 * max_leverage);
    let lots = i128::from(position.szi.0);
    let slope = lots * twice - lots.abs();
    let scale = 10i128.pow(meta.sz_decimals);
    let distance = (needs - worth).0 * twice * scale / slope / 100;
    let at = i128::from(chain.prices(asset).mark.0) + distance;
    i64::try_from(at).ok().filter(|at| *at > 0).map(Px)
}

pub(crate) fn spot_state(chain: &Chain, id: Option<AccountId>) -> String {
    let balances = id.map(|id| &chain.account(id).spot).into_iter().flatten();
    let balances = list(balances, |out, (token, balance)| {
        let meta = chain.metas().token(*token);
        let _ = write!(
            out,
            r#"{{"coin":"{}","token":{},"total":"{}","hold":"{}","entryNtl":"{}"}}"#,
            meta.name, meta.index, balance.total, balance.hold, balance.entry
        );
    });
    format!(r#"{{"balances":{balances}}}"#)
}

pub(super) fn rate_limit(chain: &Chain, id: Option<AccountId>) -> String {
    let (volume, used, cap, more) = match id {
        None => (Amount::ZERO, 0, chain.settings.requests, 0),
        Some(id) => {
            let account = chain.account(id);
            (
                account.totals.volume,
                account.budget.used,
                chain.requests_cap(id),
                account.budget.reserved,
            )
        }
    };
    format!(
        r#"{{"cumVlm":"{volume}","nRequestsUsed":{used},"nRequestsCap":{cap},"nRequestsSurplus":{more}}}"#
    )
}

fn rate(rate: i64) -> Decimal {
    Decimal(i128::from(rate), RATE_DECIMALS)
}

pub(super) fn fees(chain: &Chain, id: Option<AccountId>) -> String {
    let [cross, add, spot_cross, spot_add] = TIERS[0].1;
    let rates = id.map(|id| chain.account(id).rates);
    let of = |own: fn(&crate::chain::Rates) -> i64, base| rate(rates.as_ref().map_or(base, own));
    let vip = list(&TIERS[1..], |out, (cutoff, [cross, add, spot_cross, spot_add])| {
        let _ = write!(
            out,
            r#"{{"ntlCutoff":"{cutoff}.0","cross":"{}","add":"{}","spotCross":"{}","spotAdd":"{}"}}"#,
            rate(*cross),
            rate(*add),
            rate(*spot_cross),
            rate(*spot_add)
        );
    });
    let mm = list(REBATES, |out, (share, add)| {
        let _ = write!(
            out,
            r#"{{"makerFractionCutoff":"{}","add":"{}"}}"#,
            Decimal(share, 4),
            rate(add)
        );
    });
    let days = id.map(|id| &chain.account(id).days).into_iter().flatten();
    let today = chain.now() / 86_400_000;
    let count = id.map_or(0, |id| chain.account(id).days.len() as u64);
    let days = list(days.zip(0..), |out, ((cross, add), i)| {
        let _ = write!(
            out,
            r#"{{"date":"{}","userCross":"{cross}","userAdd":"{add}","exchange":"0.0"}}"#,
            date(today + i - count)
        );
    });
    let discount = id.map_or(0, |id| chain.account(id).discount);
    format!(
        r#"{{"dailyUserVlm":{days},"feeSchedule":{{"cross":"{}","add":"{}","spotCross":"{}","spotAdd":"{}","tiers":{{"vip":{vip},"mm":{mm}}},"referralDiscount":"0.04","stakingDiscountTiers":[{{"bpsOfMaxSupply":"0.0","discount":"0.0"}}]}},"userCrossRate":"{}","userAddRate":"{}","userSpotCrossRate":"{}","userSpotAddRate":"{}","activeReferralDiscount":"{}","trial":null,"feeTrialEscrow":"0.0","nextTrialAvailableTimestamp":null,"stakingLink":null,"activeStakingDiscount":{{"bpsOfMaxSupply":"0.0","discount":"0.0"}}}}"#,
        rate(cross),
        rate(add),
        rate(spot_cross),
        rate(spot_add),
        of(|r| r.cross, cross),
        of(|r| r.add, add),
        of(|r| r.spot_cross, spot_cross),
        of(|r| r.spot_add, spot_add),
        Decimal(i128::from(discount), 2),
    )
}

/// A day since the epoch as year-month-day (the civil calendar by 400-year eras).
fn date(day: u64) -> String {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{:02}", of_year - (153 * shifted + 2) / 5 + 1)
}

pub(super) fn agents(chain: &Chain, id: Option<AccountId>) -> String {
    let agents = id
        .map(|id| &chain.account(id).agents)
        .into_iter()
        .flatten()
        .filter(|(name, _)| !name.is_empty());
    list(agents, |out, (name, address)| {
        let until = chain.agent(*address).and_then(|agent| agent.valid_until).unwrap_or(0);
        let _ = write!(
            out,
            r#"{{"name":{},"address":"{address}","validUntil":{until}}}"#,
            write::quoted(name)
        );
    })
}

pub(super) fn sub_accounts(view: &View<'_>, master: Option<AccountId>) -> String {
    let chain = view.chain;
    let is_mine = |role| master.is_some_and(|master| role == Role::Sub { master });
    let subs: Vec<_> = chain.accounts().filter(|(_, account)| is_mine(account.role)).collect();
    if subs.is_empty() {
        return "null".into();
    }
    list(subs, |out, (id, account)| {
        let _ = write!(
            out,
            r#"{{"subAccountUser":"{}","name":{},"master":"{}","clearinghouseState":{},"spotState":{}}}"#,
            account.address,
            write::quoted(&account.name),
            master.map(|master| chain.account(master).address).unwrap_or_default(),
            clearinghouse(view, Some(id), 0),
            spot_state(chain, Some(id)),
        );
    })
}

pub(crate) fn active_asset_data(
    chain: &Chain,
    user: Address,
    id: Option<AccountId>,
    asset: AssetIx,
) -> String {
    let meta = chain.metas().asset(asset);
    let mark = chain.prices(asset).mark;
    let dex = meta.dex().unwrap_or(0);
    let leverage = id.map_or(20, |id| chain.leverage(id, asset).value);
    let inside = id.and_then(|id| {
        chain.account(id).clearing[usize::from(dex)].positions.get(&asset)?.isolated
    });
    let kind = match (inside, id.is_none_or(|id| chain.leverage(id, asset).is_cross)) {
        (None, true) => format!(r#"{{"type":"cross","value":{leverage}}}"#),
        (inside, _) => {
            format!(
                r#"{{"type":"isolated","value":{leverage},"rawUsd":"{}"}}"#,
                inside.unwrap_or_default()
            )
        }
    };
    let free = Amount(id.map_or(0, |id| chain.available(id, dex).0.max(0)));
    let lots = free.0 * i128::from(leverage) * 10i128.pow(meta.sz_decimals)
        / 100
        / i128::from(mark.0.max(1));
    let most = Decimal(lots, meta.sz_decimals);
    format!(
        r#"{{"user":"{user}","coin":"{}","leverage":{kind},"maxTradeSzs":["{most}","{most}"],"availableToTrade":["{free}","{free}"],"markPx":"{}"}}"#,
        meta.name,
        px(mark),
        free = free.cut(6),
    )
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn a_day_has_its_date() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(20_717), "2026-09-21");
        assert_eq!(date(11_016), "2000-02-29");
    }
}
