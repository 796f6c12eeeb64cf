//! The other traders: the same by seed, lawful, alive; and a recording in which our orders keep their place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test

use mm_core::ids::{Oid, Side};
use mm_core::num::{Px, Sz};
use mm_venue::chain::{
    AccountId, Action, AssetIx, By, Chain, Event, Grouping, Lots, Metas, NewOrder, Settings,
    Submission, Ticket, Tif, Type,
};
use mm_venue::market::{Flow, Habits, Replay, Seen};

const START: u64 = 1_790_000_000_000;
const BLOCK_MS: u64 = 80;

fn venue() -> (Chain, AssetIx) {
    let metas = Metas::generated();
    let asset = metas.by_name("HYPE").unwrap();
    (Chain::new(Settings::default(), metas, START), asset)
}

fn px(text: &str) -> Px {
    Px::parse(text.as_bytes()).unwrap()
}

fn sz(text: &str) -> Sz {
    Sz::parse(text.as_bytes()).unwrap()
}

/// A minute and a half of a market; the trace, the trades, and the widest spread in millionths.
fn played(habits: Habits, seed: u64) -> (Chain, u64, i64) {
    let (mut chain, asset) = venue();
    let mut flow = Flow::new(&mut chain, asset, habits, seed);
    let (mut now, mut trades, mut widest) = (START, 0, 0);
    while now < START + 90_000 {
        now = (now + BLOCK_MS).max(flow.next());
        flow.act(&mut chain, now);
        trades +=
            chain.block(now).iter().filter(|event| matches!(event, Event::Trade(_))).count() as u64;
        let book = chain.book(asset);
        if let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) {
            assert!(bid < ask, "crossed at {now}");
            if now > START + 10_000 {
                widest = widest.max((ask.0 - bid.0) * 1_000_000 / bid.0);
            }
        }
    }
    (chain, trades, widest)
}

#[test]
fn every_market_is_alive_lawful_and_decided_by_its_seed() {
    for habits in [Habits::DEEP, Habits::THIN, Habits::QUIET] {
        let (chain, trades, widest) = played(habits, 1);
        chain.check().unwrap();
        assert!(trades >= 5, "{trades} trades");
        assert!((1..20_000).contains(&widest), "{widest} millionths at the widest");
        assert_eq!(chain.trace(), played(habits, 1).0.trace());
        assert_ne!(chain.trace(), played(habits, 2).0.trace());
    }
}

#[test]
fn nothing_has_to_be_done_before_the_next_moment() {
    let (mut chain, asset) = venue();
    let mut flow = Flow::new(&mut chain, asset, Habits::QUIET, 3);
    let quiet = flow.next() - 1;
    flow.act(&mut chain, quiet);
    assert!(chain.block(quiet).is_empty());
}

// --- a recording ----------------------------------------------------------------------------------------

struct Stage {
    chain: Chain,
    asset: AssetIx,
    us: AccountId,
    replay: Replay,
    now: u64,
}

impl Stage {
    fn new(rows: Vec<(u64, Seen)>) -> Self {
        let (mut chain, asset) = venue();
        let us = chain.open_trader(1 << 60);
        let replay = Replay::new(&mut chain, asset, rows);
        Self { chain, asset, us, replay, now: START }
    }

    /// The next block, up to the next row.
    fn next(&mut self) -> Vec<Event> {
        self.now = (self.now + 1).max(self.replay.next().min(self.now + 1_000));
        self.replay.act(&mut self.chain, self.now);
        let events = self.chain.block(self.now);
        self.chain.check().unwrap();
        events
    }

    fn place(&mut self, side: Side, at: &str, size: &str) -> Oid {
        let asset = self.chain.metas().asset(self.asset).id;
        let kind = Type::Limit(Tif::Alo);
        let (px, sz) = (Some(px(at)), Some(sz(size)));
        let orders = vec![NewOrder { asset, side, px, sz, reduce_only: false, kind, cloid: None }];
        let action = Action::Order { orders, grouping: Grouping::Na, builder: None };
        let by = By::Account(self.us);
        self.chain.submit(Submission {
            ticket: Ticket(1),
            by,
            nonce: 0,
            expires_after: None,
            action,
        });
        self.now += 1;
        self.chain.block(self.now);
        *self.chain.account(self.us).open.last().unwrap()
    }

    fn left(&self, oid: Oid) -> i64 {
        self.chain.order(oid).map_or(0, |order| order.sz.0)
    }

    fn shown(&self, side: Side, at: &str) -> i64 {
        self.chain.book(self.asset).level(side, px(at)).map_or(0, |level| level.sz.0)
    }
}

fn book(time: u64, bids: &[(&str, &str)], asks: &[(&str, &str)]) -> (u64, Seen) {
    let levels = |side: &[(&str, &str)]| side.iter().map(|(at, size)| (px(at), sz(size))).collect();
    (time, Seen::Book(levels(bids), levels(asks)))
}

fn trade(time: u64, side: Side, at: &str, size: &str) -> (u64, Seen) {
    (time, Seen::Trade(side, px(at), sz(size)))
}

const ASKS: &[(&str, &str)] = &[("41.3", "5")];

#[test]
fn a_recorded_book_stands_as_it_was_seen() {
    let mut stage = Stage::new(vec![
        book(10, &[("41.2", "3"), ("41.1", "7")], ASKS),
        book(20, &[("41.21", "1"), ("41.1", "4")], ASKS),
    ]);
    stage.next();
    assert_eq!((stage.shown(Side::Buy, "41.2"), stage.shown(Side::Buy, "41.1")), (300, 700));
    stage.next();
    let bids: Vec<i64> =
        ["41.21", "41.2", "41.1"].iter().map(|at| stage.shown(Side::Buy, at)).collect();
    assert_eq!(bids, [100, 0, 400]);
    assert_eq!((stage.shown(Side::Sell, "41.3"), stage.replay.left()), (500, 0));
}

#[test]
fn what_is_ahead_of_us_is_filled_before_us() {
    let mut stage = Stage::new(vec![
        book(10, &[("41.2", "3")], ASKS),
        trade(20, Side::Sell, "41.2", "2"),
        trade(30, Side::Sell, "41.2", "1.5"),
    ]);
    stage.next();
    let ours = stage.place(Side::Buy, "41.2", "1");
    stage.next();
    assert_eq!(stage.left(ours), 100, "two of the three ahead of us");
    stage.next();
    assert_eq!(stage.left(ours), 50, "the third, then half of ours");
}

#[test]
fn a_queue_that_shrinks_without_trading_shrinks_on_both_sides_of_us() {
    let mut stage = Stage::new(vec![
        book(10, &[("41.2", "3")], ASKS),
        book(20, &[("41.2", "12")], ASKS), // nine more behind us
        book(30, &[("41.2", "4")], ASKS),  // eight fewer: two ahead of us, six behind
        trade(40, Side::Sell, "41.2", "1.5"),
    ]);
    stage.next();
    let ours = stage.place(Side::Buy, "41.2", "1");
    stage.next();
    stage.next();
    assert_eq!(stage.shown(Side::Buy, "41.2"), 400 + 100);
    stage.next();
    assert_eq!(stage.left(ours), 50, "one ahead of us, then half of ours");
}

#[test]
fn a_trade_beyond_our_price_comes_to_us_first() {
    let mut stage =
        Stage::new(vec![book(10, &[("41.2", "3")], ASKS), trade(20, Side::Sell, "41.2", "2")]);
    stage.next();
    let ours = stage.place(Side::Buy, "41.25", "1");
    let events = stage.next();
    assert_eq!(stage.left(ours), 0);
    let sold: i64 = events
        .iter()
        .map(|event| if let Event::Trade(trade) = event { trade.sz.0 } else { 0 })
        .sum();
    assert_eq!(sold, 200, "all that was traded then is traded now");
}

#[test]
fn a_market_that_moves_through_our_price_fills_us() {
    let mut stage = Stage::new(vec![
        book(10, &[("41.2", "3")], ASKS),
        book(20, &[("41.1", "3")], &[("41.15", "6")]),
    ]);
    stage.next();
    let ours = stage.place(Side::Buy, "41.2", "1");
    stage.next();
    assert_eq!(stage.left(ours), 0);
    assert_eq!(stage.chain.account(stage.us).szi(0, stage.asset), Lots(100));
}

#[test]
fn the_touch_alone_says_nothing_of_what_is_behind_it() {
    let touch = Seen::Touch((px("41.22"), sz("2")), (px("41.28"), sz("1")));
    let mut stage = Stage::new(vec![book(10, &[("41.2", "3"), ("41.1", "7")], ASKS), (20, touch)]);
    stage.next();
    stage.next();
    assert_eq!((stage.shown(Side::Buy, "41.22"), stage.shown(Side::Buy, "41.1")), (200, 700));
    assert_eq!((stage.shown(Side::Sell, "41.28"), stage.shown(Side::Sell, "41.3")), (100, 500));
}

#[test]
fn the_same_recording_plays_the_same() {
    let rows = || {
        vec![
            book(10, &[("41.2", "3")], ASKS),
            trade(15, Side::Buy, "41.3", "1"),
            book(20, &[("41.1", "1")], ASKS),
        ]
    };
    let trace = |mut stage: Stage| {
        while stage.replay.left() > 0 {
            stage.next();
        }
        *stage.chain.trace()
    };
    assert_eq!(trace(Stage::new(rows())), trace(Stage::new(rows())));
}
