//! Closed legs leave memory; nothing that is still open to doubt does, and nothing that left comes back.

use mm_core::effect::Effect;
use mm_core::engine::{Config, Target};
use mm_core::event::Status::{Canceled, Filled, Open};
use mm_core::ids::Side::{Buy, Sell};
use mm_core::ids::Tif::Gtc;
use mm_core::order::OrderState;

use crate::common::{BTC, Bench, Msg, by_oid, fill, ours, sz, update, views};

fn forgetful(retain_closed: usize) -> Bench {
    Bench::with(Config { retain_closed, ..Config::default() })
}

/// `count` orders that rest, fill and close, from oid 1,000 on.
fn traffic(bench: &mut Bench, count: u64) {
    for n in 0..count {
        let (side, start) = if n % 2 == 0 { (Buy, "0") } else { (Sell, "1") };
        bench.rest(1_000 + n, side, "1", 1_000 + n);
        bench.fill(fill(side, 1_000 + n, 1_000 + n, "1", start));
    }
}

#[test]
fn closed_orders_leave_memory_and_the_books_stay() {
    let (mut small, mut large) = (forgetful(8), forgetful(100_000));
    for bench in [&mut small, &mut large] {
        traffic(bench, 500);
    }
    assert!(small.engine.stats().legs <= 16, "{:?}", small.engine.stats());
    assert_eq!(large.engine.stats().legs, 500);
    assert_eq!(small.engine.position(BTC), large.engine.position(BTC));
    assert_eq!(small.engine.digest(), large.engine.digest());
}

#[test]
fn an_order_is_kept_whole_while_its_old_leg_is_in_doubt() {
    let mut bench = forgetful(0);
    bench.rest(1, Buy, "1", 10);
    bench.modify(10, 2, "1");
    bench.tell(&Msg::Answer(ours(2), 20, ""));
    bench.fill(fill(Buy, 20, 1, "1", "0"));
    assert_eq!(bench.order(20).state, OrderState::Filled);
    // The old leg's end was never told: it may still trade, and the worst case says so.
    traffic(&mut bench, 20);
    assert_eq!(bench.engine.worst_long(BTC), sz("2"));
    assert_eq!(bench.order(10).state, OrderState::Filled);
    bench.effects.clear();
    bench.update(update(Buy, 10, Some(ours(1)), Canceled, "1", "1"));
    assert_eq!(bench.effects, vec![], "a closed order does not move");
    assert_eq!(bench.engine.worst_long(BTC), sz("1"));
}

#[test]
fn a_leg_that_is_talked_of_again_keeps_its_order() {
    let mut bench = forgetful(0);
    bench.rest(1, Buy, "1", 10);
    bench.modify(10, 2, "1");
    bench.tell(&Msg::Answer(ours(2), 20, ""));
    bench.update(update(Buy, 10, Some(ours(1)), Canceled, "1", "1"));
    bench.tick(100_000); // the fill window is over: the old leg is closed, and folded into its order
    assert_eq!(bench.order(20).legs.len(), 1);
    // A lie, or a venue that changed its mind: the old leg filled after all. Nothing confirms it.
    bench.update(update(Buy, 10, Some(ours(1)), Filled, "0", "1"));
    bench.fill(fill(Buy, 20, 1, "1", "0"));
    traffic(&mut bench, 20);
    assert_eq!(bench.engine.position(BTC).provisional, sz("1"));
    assert_eq!(bench.order(10).cum_qty, sz("2"));
    bench.engine.refute(mm_core::ids::Oid(10), &mut bench.effects).unwrap();
    bench.engine.check().unwrap();
    assert_eq!(bench.order(10).cum_qty, sz("1"));
    assert_eq!(bench.engine.position(BTC).provisional, sz("0"));
}

#[test]
fn late_news_of_an_order_of_ours_that_left_memory_changes_nothing() {
    let mut bench = forgetful(0);
    bench.rest(1, Buy, "1", 10);
    bench.fill(fill(Buy, 10, 1, "1", "0"));
    traffic(&mut bench, 20);
    assert!(bench.engine.order(by_oid(10)).is_none(), "it left");
    let (before, digest) = (views(&bench.engine), bench.engine.digest());
    for status in [Open, Filled, Canceled] {
        bench.update(update(Buy, 10, Some(ours(1)), status, "0", "1"));
    }
    assert_eq!((views(&bench.engine), bench.engine.digest()), (before, digest));
}

#[test]
fn a_cloid_that_left_memory_is_not_given_again() {
    let mut bench = forgetful(0);
    traffic(&mut bench, 20);
    let new = mm_core::engine::NewOrder {
        cloid: ours(1_000),
        coin: BTC,
        side: Buy,
        px: crate::common::px("100"),
        sz: sz("1"),
        tif: Gtc,
        reduce_only: false,
    };
    let refused = bench.engine.add_pending(&new, &mut Vec::new());
    assert_eq!(refused, Err(mm_core::error::Error::DuplicateCloid(ours(1_000))));
}

#[test]
fn a_claim_that_closed_an_order_is_refuted_like_any_other() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 10);
    bench.update(update(Buy, 10, Some(ours(1)), Filled, "0", "1"));
    bench.fill(fill(Buy, 99, 1, "0.5", "0"));
    assert_eq!(bench.engine.position(BTC).size, sz("1.5"));
    bench.effects.clear();
    bench.engine.on_fills_complete(BTC, 50_000, &mut bench.effects).unwrap();
    bench.engine.check().unwrap();
    assert!(bench.effects.iter().any(|e| matches!(e, Effect::Contradiction { .. })));
    assert_eq!(bench.engine.position(BTC).size, sz("0.5"));
}

#[test]
fn numbers_are_used_again_and_old_timers_do_not_ring_for_new_legs() {
    let mut bench = forgetful(0);
    for n in 1..200 {
        bench.rest(n, Buy, "1", n);
        bench.cancel(by_oid(n));
        bench.tell(&Msg::CancelOk(by_oid(n)));
        bench.update(update(Buy, n, Some(ours(n)), Canceled, "1", "1"));
        bench.tick(n * 20_000);
    }
    assert!(
        bench.engine.stats().legs < 20 && bench.engine.stats().timers < 20,
        "{:?}",
        bench.engine.stats()
    );
    assert!(bench.engine.all_orders(true, false).is_empty());
}

#[test]
fn a_fill_on_the_wrong_side_of_its_order_is_nobodys_and_counts() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 10);
    bench.fill(fill(Sell, 10, 1, "0.5", "0"));
    assert!(bench.effects.iter().any(|e| matches!(e, Effect::Contradiction { .. })));
    assert_eq!((bench.engine.position(BTC).size, bench.order(10).cum_qty), (sz("-0.5"), sz("0")));
    // The same, heard before the order's own oid.
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    bench.fill(fill(Sell, 10, 1, "0.5", "0"));
    bench.tell(&Msg::Answer(cloid, 10, ""));
    assert!(bench.effects.iter().any(|e| matches!(e, Effect::Contradiction { .. })));
    let order = bench.engine.order(Target::Cloid(cloid)).unwrap();
    assert_eq!((bench.engine.position(BTC).size, order.cum_qty), (sz("-0.5"), sz("0")));
}
