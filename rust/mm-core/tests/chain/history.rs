//! Histories of fills as the venue makes them, and ways in which they arrive.

use mm_core::engine::{Config, Engine};
use mm_core::event::Fill;
use mm_core::ids::{Ms, Oid, Side};
use mm_core::num::{Px, Sz};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::common::BTC;

pub(crate) const LOT: i128 = 10i128.pow(10);
pub(crate) const DOLLAR: i64 = 10i64.pow(8);

/// One fill: how long after the one before, its signed size in lots, its price in dollars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) wait: Ms,
    pub(crate) lots: i8,
    pub(crate) price: u16,
}

/// A true history: the fills in the order in which they happened.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) fills: Vec<Fill<'static>>,
    pub(crate) end: Sz,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![6 => Just(0u64), 3 => Just(1), 1 => 2..50u64];
    let lots = prop_oneof![-3i8..=-1, 1i8..=3];
    (wait, lots, 90u16..110).prop_map(|(wait, lots, price)| Step { wait, lots, price })
}

/// A walk from a random position, with many fills in one millisecond, through zero and back.
pub(crate) fn walk(longest: usize) -> impl Strategy<Value = History> {
    (-4i8..=4, prop::collection::vec(step(), 2..=longest))
        .prop_map(|(start, steps)| history(start, &steps, None))
}

/// The history of these steps. With `fee`, a spot pair: every `fee`-th part of a buy goes off in the base token.
pub(crate) fn history(start: i8, steps: &[Step], fee: Option<i128>) -> History {
    let (mut position, mut time) = (i128::from(start) * LOT, 1_000u64);
    let mut fills = Vec::new();
    for (number, step) in (1u64..).zip(steps) {
        // The first and the last millisecond hold one fill: there is no doubt where the chain starts and ends.
        let alone = number <= 2 || number == steps.len() as u64;
        time += if alone { step.wait.max(1) } else { step.wait };
        let signed = i128::from(step.lots) * LOT;
        let side = if signed > 0 { Side::Buy } else { Side::Sell };
        let in_base = fee.filter(|_| side == Side::Buy).map(|part| signed / part);
        fills.push(Fill {
            coin: BTC,
            side,
            px: Px(i64::from(step.price) * DOLLAR),
            sz: Sz(signed.abs()),
            time,
            tid: number * 7_919 % 10_007, // in no order of time
            oid: Oid(number / 3 + 1 + u64::from(signed > 0) * 1_000),
            start: Some(Sz(position)),
            cloid: None,
            fee: Some(Sz(in_base.unwrap_or(LOT / 1_000))),
            fee_token: if in_base.is_some() { "BASE" } else { "USDC" },
            closed_pnl: None,
            crossed: None,
            liquidated: None,
        });
        position += signed - in_base.unwrap_or(0);
    }
    History { fills, end: Sz(position) }
}

impl History {
    pub(crate) fn last_time(&self) -> Ms {
        self.fills.last().expect("no empty history").time
    }
}

pub(crate) fn order_of_arrival() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 64)
}

/// The fills in another order: each index draws one of those that are left.
pub(crate) fn shuffled(fills: &[Fill<'static>], order: &[Index]) -> Vec<Fill<'static>> {
    let mut left = fills.to_vec();
    let mut drawn = Vec::new();
    for index in order.iter().cycle().take(fills.len()) {
        drawn.push(left.swap_remove(index.index(left.len())));
    }
    drawn
}

/// The fills in order, but for a few that come last.
pub(crate) fn some_late(
    fills: &[Fill<'static>],
    order: &[Index],
    late: usize,
) -> Vec<Fill<'static>> {
    let (mut early, mut last) = (fills.to_vec(), Vec::new());
    for index in order.iter().take(late.min(fills.len() - 1)) {
        last.push(early.remove(index.index(early.len())));
    }
    early.extend(last);
    early
}

/// The fills with each within `near` places of where it was.
pub(crate) fn jostled(fills: &[Fill<'static>], order: &[Index], near: usize) -> Vec<Fill<'static>> {
    let mut mixed = fills.to_vec();
    for (at, index) in (0..fills.len()).zip(order.iter().cycle()) {
        let other = (at + index.index(near + 1)).min(fills.len() - 1);
        if at % (near + 1) == 0 {
            mixed.swap(at, other);
        }
    }
    mixed
}

pub(crate) fn engine(window: usize) -> Engine {
    Engine::new(None, Config { chain_window: window, ..Config::default() })
}

/// Tells them one by one; the invariants hold after each.
pub(crate) fn tell(engine: &mut Engine, fills: &[Fill<'static>]) {
    let mut out = Vec::new();
    for fill in fills {
        engine.fill(fill, true, &mut out).expect("a possible fill");
        engine.check().unwrap_or_else(|why| panic!("after {fill:?}: {why}"));
    }
}

/// Tells them as one batch.
pub(crate) fn tell_at_once(engine: &mut Engine, fills: &[Fill<'static>]) {
    let (mut out, mut unsettled) = (Vec::new(), Vec::new());
    for fill in fills {
        engine.fill_one_of_many(fill, false, &mut unsettled, &mut out).expect("a possible fill");
    }
    engine.settle_chains(&mut unsettled, &mut out);
    engine.check().unwrap_or_else(|why| panic!("after a batch: {why}"));
}

/// Nothing is missing, to the end.
pub(crate) fn assert_proven(engine: &Engine, history: &History) -> Result<(), TestCaseError> {
    let position = engine.position(BTC);
    prop_assert_eq!(&position.gaps, &vec![]);
    prop_assert_eq!((position.size, position.proven), (history.end, history.end));
    prop_assert_eq!(position.proven_until, Some(history.last_time()));
    prop_assert_eq!((position.worst_long, position.worst_short), (history.end, history.end));
    Ok(())
}
