//! What each stream says: on subscribing, after a block, by the clock (protocol 1.3, 7).

use core::fmt::Write as _;
use std::collections::{BTreeMap, VecDeque};

use mm_core::ids::{Ms, Side};

use super::candles::Candles;
use super::info::{self, View};
use super::socket::{Told, Touch};
use super::subscription::Stream;
use super::write;
use crate::chain::{AccountId, Address, AssetIx, Chain, Event, LedgerKind, Trade};
use crate::config::Cadence;
use crate::faults::Channel;

/// Trades that are told again to whoever subscribes.
const TRADES_REPLAYED: usize = 30;
/// Rows of a snapshot.
pub(crate) const SNAPSHOT_ROWS: usize = 2_000;

/// The last trades of every market, and its candles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    trades: BTreeMap<AssetIx, VecDeque<Trade>>,
    pub(crate) candles: Candles,
}

impl Recent {
    pub(crate) fn note(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Trade(trade) = event {
                self.candles.note(trade);
                let last = self.trades.entry(trade.asset).or_default();
                if last.len() >= TRADES_REPLAYED {
                    last.pop_front();
                }
                last.push_back(*trade);
            }
        }
    }

    /// The newest last.
    pub(crate) fn of(&self, asset: AssetIx) -> impl DoubleEndedIterator<Item = &Trade> {
        self.trades.get(&asset).into_iter().flatten()
    }
}

/// What a block gives to speak of.
pub(crate) struct Block<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) events: &'a [Event],
    pub(crate) recent: &'a Recent,
    pub(crate) now: Ms,
    pub(crate) cadence: &'a Cadence,
}

fn frame(channel: &str, data: &str) -> String {
    format!(r#"{{"channel":"{channel}","data":{data}}}"#)
}

/// The channel of a stream.
const fn channel(stream: &Stream) -> Channel {
    match stream {
        Stream::OrderUpdates(_) | Stream::OpenOrders(..) | Stream::HistoricalOrders(_) => {
            Channel::Orders
        }
        Stream::UserEvents(_)
        | Stream::UserFills(..)
        | Stream::UserFundings(_)
        | Stream::UserLedger(_) => Channel::Fills,
        Stream::Clearinghouse(..)
        | Stream::SpotState(_)
        | Stream::ActiveAssetData(..)
        | Stream::WebData2(_) => Channel::State,
        _ => Channel::Market,
    }
}

/// The first message of a stream, if it has one, and what is remembered of it.
///
/// `orderUpdates` and `userEvents` say nothing of the past; `trades` repeats the last thirty without a flag.
pub(crate) fn first(
    chain: &Chain,
    recent: &Recent,
    stream: &Stream,
    now: Ms,
) -> (Option<(Channel, String)>, Told) {
    let mut told = Told { at: Some(now), ..Told::default() };
    let id = stream.user().and_then(|user| chain.by_address(user));
    let view = View { chain, trades: recent, as_of: now.max(chain.now()), now };
    let said = match stream {
        Stream::OrderUpdates(_) | Stream::UserEvents(_) | Stream::Silent(_) => None,
        Stream::Trades(asset) => {
            let trades =
                write::list(recent.of(*asset), |out, trade| write::trade(out, chain, trade));
            (trades != "[]").then(|| frame("trades", &trades))
        }
        Stream::UserFills(user, aggregate) => {
            let mut rows: Vec<_> =
                info::fills(&view, id).rev().take(SNAPSHOT_ROWS).copied().collect();
            rows.reverse();
            let rows = if *aggregate { info::aggregated(chain, &rows) } else { rows };
            let fills = write::list(&rows, |out, fill| write::fill(out, chain, fill));
            Some(frame(
                "userFills",
                &format!(r#"{{"isSnapshot":true,"user":"{user}","fills":{fills}}}"#),
            ))
        }
        Stream::UserFundings(user) => {
            let rows = id.map(|id| &chain.account(id).history.funding).into_iter().flatten();
            let rows = write::list(rows, |out, row| {
                write::funding_row(out, chain, row);
            });
            Some(frame(
                "userFundings",
                &format!(r#"{{"isSnapshot":true,"user":"{user}","fundings":{rows}}}"#),
            ))
        }
        Stream::UserLedger(user) => {
            let rows = id.map(|id| &chain.account(id).history.ledger).into_iter().flatten();
            let rows = write::list(rows, |out, row| out.push_str(&info::ledger_row(chain, row)));
            let data = format!(
                r#"{{"isSnapshot":true,"user":"{user}","nonFundingLedgerUpdates":{rows}}}"#
            );
            Some(frame("userNonFundingLedgerUpdates", &data))
        }
        Stream::HistoricalOrders(user) => {
            let rows = id.map(|id| &chain.account(id).history.records).into_iter().flatten().rev();
            let rows = write::list(rows, |out, row| write::historical(out, chain, row));
            let data = format!(r#"{{"isSnapshot":true,"user":"{user}","orderHistory":{rows}}}"#);
            Some(frame("userHistoricalOrders", &data))
        }
        Stream::Candle(asset, length) => {
            recent.candles.newest(chain, *asset, *length).map(|candle| frame("candle", &candle))
        }
        Stream::Bbo(asset) => {
            let touch = touch(chain, *asset);
            told.touch = Some(touch);
            told.version = chain.book(*asset).version;
            Some(bbo(chain, *asset, touch))
        }
        _ => state(&view, stream),
    };
    (said.map(|text| (channel(stream), text)), told)
}

/// The messages of a stream that come of a block.
pub(crate) fn speak(
    block: &Block<'_>,
    stream: &Stream,
    told: &mut Told,
    mut say: impl FnMut(Channel, String),
) {
    let Block { chain, now, cadence, .. } = *block;
    let mut say = |text| say(channel(stream), text);
    let every = match stream {
        Stream::OrderUpdates(user) => return order_updates(block, *user, &mut say),
        Stream::UserEvents(user) => return user_events(block, *user, &mut say),
        Stream::UserFills(user, aggregate) => {
            return user_fills(block, *user, *aggregate, &mut say);
        }
        Stream::UserFundings(user) => return user_fundings(block, *user, &mut say),
        Stream::UserLedger(user) => return user_ledger(block, *user, &mut say),
        Stream::HistoricalOrders(user) => return order_history(block, *user, &mut say),
        Stream::Trades(asset) => return trades(block, *asset, &mut say),
        Stream::Candle(asset, length) => return candle(block, *asset, *length, &mut say),
        Stream::Bbo(asset) => return bbo_moved(block, *asset, told, &mut say),
        Stream::Silent(_) => return,
        Stream::L2Book { fast: true, .. } => cadence.book_fast,
        Stream::L2Book { .. } => cadence.book,
        Stream::AllMids(_) => cadence.mids,
        Stream::AssetCtx(_) => cadence.context,
        Stream::OpenOrders(..) => cadence.open_orders,
        Stream::Clearinghouse(..)
        | Stream::SpotState(_)
        | Stream::ActiveAssetData(..)
        | Stream::WebData2(_) => cadence.state,
    };
    if told.at.is_some_and(|at| now < at + every) {
        return;
    }
    told.at = Some(now);
    let view = View { chain, trades: block.recent, as_of: now.max(chain.now()), now };
    if let Some(text) = state(&view, stream) {
        say(text);
    }
}

/// A stream whose every message is its full state.
fn state(view: &View<'_>, stream: &Stream) -> Option<String> {
    let chain = view.chain;
    let dex_name = |dex: u8| &chain.metas().dexes[usize::from(dex)].name;
    Some(match stream {
        Stream::L2Book { asset, figures, mantissa, fast } => {
            let levels = if *fast { 5 } else { 20 };
            let tail = if *fast { r#","fast":true"# } else { "" };
            frame("l2Book", &info::l2_book(chain, *asset, *figures, *mantissa, levels, tail))
        }
        Stream::AllMids(dex) => {
            frame("allMids", &format!(r#"{{"mids":{}}}"#, info::all_mids(chain, *dex)))
        }
        Stream::AssetCtx(asset) => {
            let meta = chain.metas().asset(*asset);
            let name = if meta.dex().is_some() { "activeAssetCtx" } else { "activeSpotAssetCtx" };
            frame(
                name,
                &format!(r#"{{"coin":"{}","ctx":{}}}"#, meta.name, info::context(chain, *asset)),
            )
        }
        Stream::OpenOrders(user, dex) => {
            let orders = info::frontend_open_orders(view, chain.by_address(*user), *dex);
            frame(
                "openOrders",
                &format!(r#"{{"dex":"{}","user":"{user}","orders":{orders}}}"#, dex_name(*dex)),
            )
        }
        Stream::Clearinghouse(user, dex) => {
            let state = info::clearinghouse(view, chain.by_address(*user), *dex);
            let data = format!(
                r#"{{"dex":"{}","user":"{user}","clearinghouseState":{state}}}"#,
                dex_name(*dex)
            );
            frame("clearinghouseState", &data)
        }
        Stream::SpotState(user) => {
            let state = info::spot_state(chain, chain.by_address(*user));
            frame("spotState", &format!(r#"{{"user":"{user}","spotState":{state}}}"#))
        }
        Stream::ActiveAssetData(user, asset) => frame(
            "activeAssetData",
            &info::active_asset_data(chain, *user, chain.by_address(*user), *asset),
        ),
        Stream::WebData2(user) => {
            let id = chain.by_address(*user);
            let data = format!(
                r#"{{"clearinghouseState":{},"openOrders":{},"user":"{user}","serverTime":{}}}"#,
                info::clearinghouse(view, id, 0),
                info::frontend_open_orders(view, id, 0),
                view.now,
            );
            frame("webData2", &data)
        }
        _ => return None,
    })
}

/// The events of one account.
fn mine<'a>(
    block: &'a Block<'_>,
    user: Address,
) -> Option<(AccountId, impl Iterator<Item = &'a Event>)> {
    let id = block.chain.by_address(user)?;
    Some((id, block.events.iter()))
}

fn order_updates(block: &Block<'_>, user: Address, say: &mut impl FnMut(String)) {
    let Some((id, events)) = mine(block, user) else { return };
    let rows = events.filter_map(|event| match event {
        Event::Order(record) if record.order.account == id => Some(record),
        _ => None,
    });
    let rows = write::list(rows, |out, row| write::update(out, block.chain, row));
    if rows != "[]" {
        say(frame("orderUpdates", &rows));
    }
}

fn order_history(block: &Block<'_>, user: Address, say: &mut impl FnMut(String)) {
    let Some((id, events)) = mine(block, user) else { return };
    let rows = events.filter_map(|event| match event {
        Event::Order(record) if record.order.account == id => Some(record),
        _ => None,
    });
    let rows = write::list(rows, |out, row| write::historical(out, block.chain, row));
    if rows != "[]" {
        say(frame(
            "userHistoricalOrders",
            &format!(r#"{{"user":"{user}","orderHistory":{rows}}}"#),
        ));
    }
}

fn fills_of(block: &Block<'_>, user: Address) -> Vec<crate::chain::Fill> {
    let Some((id, events)) = mine(block, user) else { return Vec::new() };
    let fills = events.filter_map(|event| match event {
        Event::Fill(of, fill) if *of == id => Some(*fill),
        _ => None,
    });
    fills.collect()
}

fn user_fills(block: &Block<'_>, user: Address, aggregate: bool, say: &mut impl FnMut(String)) {
    let fills = fills_of(block, user);
    if fills.is_empty() {
        return;
    }
    let fills = if aggregate { info::aggregated(block.chain, &fills) } else { fills };
    let rows = write::list(&fills, |out, fill| write::fill(out, block.chain, fill));
    say(frame("userFills", &format!(r#"{{"user":"{user}","fills":{rows}}}"#)));
}

fn user_events(block: &Block<'_>, user: Address, say: &mut impl FnMut(String)) {
    let chain = block.chain;
    let fills = fills_of(block, user);
    if !fills.is_empty() {
        let rows = write::list(&fills, |out, fill| write::fill(out, chain, fill));
        say(frame("user", &format!(r#"{{"fills":{rows}}}"#)));
    }
    let Some((id, events)) = mine(block, user) else { return };
    let mut cancels = Vec::new();
    for event in events {
        match event {
            Event::Funding(of, payment) if *of == id => {
                let mut row = format!(r#"{{"funding":{{"time":{},"#, payment.time);
                write::funding(&mut row, chain, payment);
                say(frame("user", &format!("{row}}}}}")));
            }
            Event::Liquidated(of, what) if *of == id => say(frame(
                "user",
                &format!(
                    r#"{{"liquidation":{{"lid":{},"liquidator":"{}","liquidated_user":"{user}","liquidated_ntl_pos":"{}","liquidated_account_value":"{}"}}}}"#,
                    what.lid,
                    chain.account(crate::chain::BACKSTOP).address,
                    what.notional,
                    what.value
                ),
            )),
            Event::NonUserCancel(of, asset, oid) if *of == id => cancels.push((asset, oid)),
            _ => {}
        }
    }
    if !cancels.is_empty() {
        let rows = write::list(cancels, |out, (asset, oid)| {
            let _ =
                write!(out, r#"{{"coin":"{}","oid":{}}}"#, chain.metas().asset(*asset).name, oid.0);
        });
        say(frame("user", &format!(r#"{{"nonUserCancel":{rows}}}"#)));
    }
}

fn user_fundings(block: &Block<'_>, user: Address, say: &mut impl FnMut(String)) {
    let Some((id, events)) = mine(block, user) else { return };
    let rows = events.filter_map(|event| match event {
        Event::Funding(of, payment) if *of == id => Some(payment),
        _ => None,
    });
    let rows = write::list(rows, |out, row| {
        write::funding_row(out, block.chain, row);
    });
    if rows != "[]" {
        say(frame("userFundings", &format!(r#"{{"user":"{user}","fundings":{rows}}}"#)));
    }
}

fn user_ledger(block: &Block<'_>, user: Address, say: &mut impl FnMut(String)) {
    let Some((id, events)) = mine(block, user) else { return };
    let rows = events.filter_map(|event| match event {
        Event::Ledger(of, row) if *of == id => Some(row),
        _ => None,
    });
    let rows = write::list(rows, |out, row| out.push_str(&info::ledger_row(block.chain, row)));
    if rows != "[]" {
        let data = format!(r#"{{"user":"{user}","nonFundingLedgerUpdates":{rows}}}"#);
        say(frame("userNonFundingLedgerUpdates", &data));
    }
}

fn trades(block: &Block<'_>, asset: AssetIx, say: &mut impl FnMut(String)) {
    let trades = block.events.iter().filter_map(|event| match event {
        Event::Trade(trade) if trade.asset == asset => Some(trade),
        _ => None,
    });
    let rows = write::list(trades, |out, trade| write::trade(out, block.chain, trade));
    if rows != "[]" {
        say(frame("trades", &rows));
    }
}

/// A candle speaks when there was a trade.
fn candle(block: &Block<'_>, asset: AssetIx, length: Ms, say: &mut impl FnMut(String)) {
    let traded = |event: &Event| matches!(event, Event::Trade(trade) if trade.asset == asset);
    if block.events.iter().any(traded)
        && let Some(candle) = block.recent.candles.newest(block.chain, asset, length)
    {
        say(frame("candle", &candle));
    }
}

fn touch(chain: &Chain, asset: AssetIx) -> (Touch, Touch) {
    let best =
        |side| chain.book(asset).levels(side).next().map(|level| (level.px, level.sz, level.n));
    (best(Side::Buy), best(Side::Sell))
}

/// `bbo` speaks only when a best level has changed.
fn bbo_moved(block: &Block<'_>, asset: AssetIx, told: &mut Told, say: &mut impl FnMut(String)) {
    let version = block.chain.book(asset).version;
    if told.version == version {
        return;
    }
    told.version = version;
    let touch = touch(block.chain, asset);
    if told.touch != Some(touch) {
        told.touch = Some(touch);
        say(bbo(block.chain, asset, touch));
    }
}

fn bbo(chain: &Chain, asset: AssetIx, (bid, ask): (Touch, Touch)) -> String {
    let meta = chain.metas().asset(asset);
    let side = |touch: Touch| match touch {
        None => "null".into(),
        Some((px, sz, n)) => {
            let mut out = String::new();
            write::level(&mut out, meta, &crate::chain::Seen { px, sz, n });
            out
        }
    };
    let data = format!(
        r#"{{"coin":"{}","time":{},"bbo":[{},{}]}}"#,
        meta.name,
        chain.now(),
        side(bid),
        side(ask)
    );
    frame("bbo", &data)
}

/// The word of a way of money.
pub(crate) const fn ledger_word(kind: LedgerKind) -> &'static str {
    match kind {
        LedgerKind::Deposit => "deposit",
        LedgerKind::ClassTransfer(_) => "accountClassTransfer",
        LedgerKind::Send(_) => "internalTransfer",
        LedgerKind::SubAccountTransfer(_) => "subAccountTransfer",
    }
}
