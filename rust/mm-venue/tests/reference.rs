//! Matching against a naive model that shares no code with it: a list of orders, looked through from end to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test

use mm_core::ids::{Oid, Side};
use mm_core::num::{Px, Sz};
use mm_venue::chain::{
    AccountId, Action, AssetIx, By, Chain, Event, Grouping, Lots, Metas, NewOrder, Settings,
    Submission, Target, Ticket, Tif, Type,
};
use proptest::prelude::*;

const START: u64 = 1_790_000_000_000;
const TICK: i64 = 100_000_000;
const BTC: AssetIx = AssetIx(0);

/// One action of one of four traders.
#[derive(Clone, Copy, Debug)]
enum Step {
    Place { who: usize, buy: bool, away: i64, lots: i64, tif: u8 },
    Cancel { who: usize, pick: usize },
    Modify { who: usize, pick: usize, away: i64, lots: i64 },
    Block,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..4usize;
    prop_oneof![
        5 => (who.clone(), any::<bool>(), -4..5i64, 1..30i64, 0..3u8)
            .prop_map(|(who, buy, away, lots, tif)| Step::Place { who, buy, away, lots, tif }),
        1 => (who.clone(), any::<usize>()).prop_map(|(who, pick)| Step::Cancel { who, pick }),
        1 => (who, any::<usize>(), -4..5i64, 1..30i64)
            .prop_map(|(who, pick, away, lots)| Step::Modify { who, pick, away, lots }),
        3 => Just(Step::Block),
    ]
}

/// An order of the model: who, side, price, size, and its place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Naive {
    oid: Oid,
    who: usize,
    buy: bool,
    px: i64,
    lots: i64,
}

/// (maker, price, lots) in order.
type Trades = Vec<(Oid, i64, i64)>;

/// Oids rise with every placement that gets as far as the book, refused or not.
#[derive(Default)]
struct Model {
    orders: Vec<Naive>,
    next: u64,
    trades: Trades,
}

impl Model {
    /// The resting order that an order of this side would meet first: best price, then oldest.
    fn first(&self, buy: bool, limit: i64) -> Option<usize> {
        let meets = |order: &Naive| {
            order.buy != buy && if buy { order.px <= limit } else { order.px >= limit }
        };
        let mut best: Option<usize> = None;
        for (place, order) in self.orders.iter().enumerate().filter(|(_, order)| meets(order)) {
            let better = best.is_none_or(|best| {
                let best = &self.orders[best];
                if buy { order.px < best.px } else { order.px > best.px }
            });
            if better {
                best = Some(place);
            }
        }
        best
    }

    fn place(&mut self, who: usize, buy: bool, px: i64, mut lots: i64, tif: Tif) {
        self.next += 1;
        let oid = Oid(self.next);
        if tif == Tif::Alo && self.first(buy, px).is_some() {
            return;
        }
        while lots > 0
            && let Some(place) = self.first(buy, px)
        {
            let maker = &mut self.orders[place];
            if maker.who == who {
                self.orders.remove(place);
                continue;
            }
            let matched = lots.min(maker.lots);
            maker.lots -= matched;
            lots -= matched;
            self.trades.push((maker.oid, maker.px, matched));
            if maker.lots == 0 {
                self.orders.remove(place);
            }
        }
        if lots > 0 && tif != Tif::Ioc {
            self.orders.push(Naive { oid, who, buy, px, lots });
        }
    }

    fn remove(&mut self, who: usize, oid: Oid) -> bool {
        let place = self.orders.iter().position(|order| order.oid == oid && order.who == who);
        place.is_some_and(|place| {
            self.orders.remove(place);
            true
        })
    }
}

const TIFS: [Tif; 3] = [Tif::Alo, Tif::Gtc, Tif::Ioc];

fn px_of(buy: bool, away: i64) -> i64 {
    83_757 + if buy { -away } else { away }
}

fn new_order(buy: bool, away: i64, lots: i64, tif: Tif) -> NewOrder {
    NewOrder {
        asset: 0,
        side: if buy { Side::Buy } else { Side::Sell },
        px: Some(Px(px_of(buy, away) * TICK)),
        sz: Some(Sz(i128::from(lots) * 100_000 * 100)), // hundreds of lots, so that all are above ten dollars
        reduce_only: false,
        kind: Type::Limit(tif),
        cloid: None,
    }
}

/// Plays the steps on both; an action waits for its block, and there stands by its class.
fn run(steps: &[Step]) -> (Chain, Model, Trades) {
    let settings = Settings { first_oid: 0, ..Settings::default() };
    let mut chain = Chain::new(settings, Metas::generated(), START);
    let traders: Vec<AccountId> = (0..4).map(|n| chain.open_trader(n)).collect();
    let (mut model, mut trades) = (Model::default(), Trades::new());
    let mut waiting: Vec<(u8, Step)> = Vec::new();
    for step in steps.iter().chain([&Step::Block]) {
        // What a cancel or a modify names is chosen when it is sent.
        let mine =
            |who: usize| chain.account(traders[who]).open.iter().copied().collect::<Vec<_>>();
        let named = |who: usize, pick: usize| {
            let open = mine(who);
            open.get(pick % open.len().max(1)).copied().unwrap_or(Oid(u64::MAX))
        };
        let (who, action, kept) = match *step {
            Step::Place { who, buy, away, lots, tif } => {
                let orders = vec![new_order(buy, away, lots, TIFS[usize::from(tif)])];
                (who, Action::Order { orders, grouping: Grouping::Na, builder: None }, *step)
            }
            Step::Cancel { who, pick } => {
                let oid = named(who, pick);
                let kept = Step::Cancel { who, pick: usize::try_from(oid.0).unwrap() };
                (who, Action::Cancel(vec![(0, Target::Oid(oid))]), kept)
            }
            Step::Modify { who, pick, away, lots } => {
                let oid = named(who, pick);
                let buy = chain.order(oid).is_none_or(|order| order.side == Side::Buy);
                let changes = vec![(Target::Oid(oid), new_order(buy, away, lots, Tif::Alo))];
                let kept = Step::Modify { who, pick: usize::try_from(oid.0).unwrap(), away, lots };
                (who, Action::Modify { single: false, changes, always_place: false }, kept)
            }
            Step::Block => {
                waiting.sort_by_key(|(class, _)| *class);
                for (_, step) in waiting.drain(..) {
                    naive(&mut model, step);
                }
                for event in chain.block(chain.now() + 83) {
                    if let Event::Trade(trade) = event {
                        trades.push((Oid(0), trade.px.0 / TICK, trade.sz.0 / 100));
                    }
                }
                continue;
            }
        };
        waiting.push((action.class(), kept));
        chain.submit(Submission {
            ticket: Ticket(1),
            by: By::Account(traders[who]),
            nonce: 0,
            expires_after: None,
            action,
        });
    }
    (chain, model, trades)
}

fn naive(model: &mut Model, step: Step) {
    match step {
        Step::Place { who, buy, away, lots, tif } => {
            model.place(who, buy, px_of(buy, away), lots, TIFS[usize::from(tif)]);
        }
        Step::Cancel { who, pick } => {
            model.remove(who, Oid(pick as u64));
        }
        Step::Modify { who, pick, away, lots } => {
            let oid = Oid(pick as u64);
            let buy = model.orders.iter().find(|order| order.oid == oid).map(|order| order.buy);
            if model.remove(who, oid) {
                let buy = buy.unwrap();
                model.place(who, buy, px_of(buy, away), lots, Tif::Alo);
            }
        }
        Step::Block => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn books_and_trades_are_those_of_the_naive_model(steps in prop::collection::vec(step(), 1..200)) {
        let (chain, model, trades) = run(&steps);
        chain.check().unwrap();
        let wanted: Trades = model.trades.iter().map(|(_, px, lots)| (Oid(0), *px, *lots)).collect();
        prop_assert_eq!(trades, wanted);
        for buy in [true, false] {
            let side = if buy { Side::Buy } else { Side::Sell };
            let mut resting: Vec<Naive> = model.orders.iter().copied().filter(|order| order.buy == buy).collect();
            resting.sort_by_key(|order| if buy { -order.px } else { order.px }); // stable: time decides within a price
            let mut found = Vec::new();
            for level in chain.book(BTC).levels(side) {
                for oid in chain.queue_at(BTC, side, level.px) {
                    found.push((oid, level.px.0 / TICK, chain.order(oid).unwrap().sz));
                }
            }
            let wanted: Vec<_> = resting.iter().map(|order| (order.oid, order.px, Lots(order.lots * 100))).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
