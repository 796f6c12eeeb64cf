//! An order that was refused, or fenced, and that turns out to live: closed stays closed, and it counts all the same
//! until its end is told.

use mm_core::effect::{Effect, Query};
use mm_core::engine::{Config, ModifyRefusal, Target};
use mm_core::event::Status::{Canceled, Filled, Open, Rejected};
use mm_core::ids::Cloid;
use mm_core::ids::Side::{Buy, Sell};
use mm_core::ids::Tif::Gtc;
use mm_core::lifecycle::Phase;
use mm_core::num::Sz;
use mm_core::order::{OrdStatus, OrderState};

use crate::common::{BTC, Bench, FillExt, Msg, by_oid, fill, ours, sz, update};

/// An order to buy 1 that was refused, by an answer to its own nonce.
fn refused() -> (Bench, Cloid) {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    bench.tell(&Msg::Rejected(cloid));
    assert_eq!(bounds(&bench), (sz("0"), sz("0")));
    (bench, cloid)
}

fn bounds(bench: &Bench) -> (Sz, Sz) {
    (bench.engine.worst_short(BTC), bench.engine.worst_long(BTC))
}

fn contradictions(bench: &mut Bench) -> usize {
    let told = std::mem::take(&mut bench.effects);
    told.iter().filter(|effect| matches!(effect, Effect::Contradiction { .. })).count()
}

#[test]
fn a_refused_order_that_rests_counts_in_the_worst_case_and_stays_closed() {
    let (mut bench, cloid) = refused();
    bench.update(update(Buy, 7, Some(cloid), Open, "1", "1"));
    assert_eq!(contradictions(&mut bench), 1);
    let order = bench.order(7);
    assert_eq!(
        (order.state, order.ord_status, order.cum_qty, order.leaves_qty),
        (OrderState::Rejected, OrdStatus::Rejected, sz("0"), sz("1"))
    );
    assert_eq!(bounds(&bench), (sz("0"), sz("1")));
    assert!(bench.engine.active(BTC, Buy).is_empty());
    assert!(bench.engine.initiate_cancel(by_oid(7), &mut Vec::new()).is_err(), "it is closed");
    bench.update(update(Buy, 7, Some(cloid), Canceled, "1", "1"));
    assert_eq!(bounds(&bench), (sz("0"), sz("0")));
    assert_eq!((bench.order(7).state, bench.order(7).leaves_qty), (OrderState::Rejected, sz("0")));
}

#[test]
fn a_fenced_order_that_is_on_a_list_of_open_orders_counts() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Sell, "1", Gtc);
    bench.tell(&Msg::Fenced(cloid));
    bench.update(update(Sell, 7, Some(cloid), Rejected, "1", "1"));
    assert_eq!(bounds(&bench), (sz("0"), sz("0")));
    bench
        .engine
        .on_open_orders(BTC, &[mm_core::ids::Oid(7)], 100, true, &mut bench.effects)
        .unwrap();
    bench.engine.check().unwrap();
    assert_eq!(bounds(&bench), (sz("-1"), sz("0")));
}

#[test]
fn a_trade_of_an_order_that_was_written_off_is_booked_and_its_rest_counts() {
    let (mut bench, cloid) = refused();
    bench.fill(fill(Buy, 7, 1, "0.4", "0").named(cloid));
    assert_eq!(contradictions(&mut bench), 1);
    assert_eq!(bench.engine.position(BTC).size, sz("0.4"));
    assert_eq!((bounds(&bench), bench.order(7).leaves_qty), ((sz("0.4"), sz("1")), sz("0.6")));
    // What it executed is told before its trades are: the position moves, the bound does not.
    bench.update(update(Buy, 7, Some(cloid), Canceled, "0.3", "1"));
    assert_eq!(bench.engine.position(BTC).size, sz("0.7"));
    assert_eq!(bounds(&bench), (sz("0.4"), sz("0.7")));
    bench.fill(fill(Buy, 7, 2, "0.3", "0.4"));
    assert_eq!(bounds(&bench), (sz("0.7"), sz("0.7")));
}

#[test]
fn one_that_fills_whole_leaves_nothing_open() {
    let (mut bench, cloid) = refused();
    bench.fill(fill(Buy, 7, 1, "0.4", "0").named(cloid));
    bench.fill(fill(Buy, 7, 2, "0.6", "0.4"));
    assert_eq!((bounds(&bench), bench.order(7).state), ((sz("1"), sz("1")), OrderState::Rejected));
    let (mut bench, cloid) = refused();
    bench.update(update(Buy, 7, Some(cloid), Filled, "0", "1"));
    assert_eq!((bench.engine.position(BTC).size, bounds(&bench).1), (sz("1"), sz("1")));
}

#[test]
fn only_news_of_life_belies_a_refusal() {
    let (mut bench, cloid) = refused();
    for words in [
        Msg::Rejected(cloid),
        Msg::Fenced(cloid),
        Msg::NoAnswer(cloid),
        Msg::Update(update(Buy, 7, Some(cloid), Rejected, "1", "1")),
    ] {
        bench.tell(&words);
        assert_eq!((bounds(&bench), contradictions(&mut bench)), ((sz("0"), sz("0")), 0));
    }
    assert_eq!(bench.tick(1_000_000), vec![]);
}

#[test]
fn it_is_asked_about_until_its_end_is_told() {
    let (mut bench, cloid) = refused();
    bench.update(update(Buy, 7, Some(cloid), Open, "1", "1"));
    let asked = |effects: Vec<Effect>| {
        effects.iter().any(|effect| {
            matches!(effect, Effect::Ask { query: Query::OrderStatus, oid: Some(oid), .. } if oid.0 == 7)
        })
    };
    assert!(asked(bench.tick(2_000)));
    bench.update(update(Buy, 7, Some(cloid), Open, "1", "1"));
    assert!(asked(bench.tick(10_000)), "it still rests");
    bench.update(update(Buy, 7, Some(cloid), Canceled, "1", "1"));
    assert_eq!(bench.tick(1_000_000), vec![]);
    assert_eq!(bench.engine.next_deadline(), None);
}

#[test]
fn an_end_without_a_final_size_counts_until_all_fills_were_read() {
    let mut bench = Bench::new();
    let cloid = bench.place_as(ours(1), BTC, Sell, "1", Gtc, true);
    bench.tell(&Msg::Rejected(cloid));
    let mut canceled = update(Sell, 7, Some(cloid), Canceled, "0.5", "1");
    canceled.reduce_only = true;
    bench.update(canceled);
    assert_eq!(bounds(&bench), (sz("-1"), sz("0")), "its rest shrinks without a fill");
    let asks = bench.tick(10_000);
    assert!(matches!(asks[..], [Effect::Ask { query: Query::Fills { .. }, .. }]), "{asks:?}");
    bench.engine.on_fills_complete(BTC, 6_000, &mut bench.effects).unwrap();
    bench.tick(100_000);
    assert_eq!((bounds(&bench), bench.engine.next_deadline()), ((sz("0"), sz("0")), None));
    // Late copies of what belied it say nothing new.
    bench.update(canceled);
    assert_eq!((bounds(&bench), bench.engine.next_deadline()), ((sz("0"), sz("0")), None));
}

#[test]
fn a_replacement_that_was_written_off_counts_beside_the_leg_that_stands() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 10);
    bench.modify(10, 2, "1");
    bench.tell(&Msg::ModifyError(ours(2), ModifyRefusal::OldUntouched));
    assert_eq!((bounds(&bench).1, bench.order(10).legs.len()), (sz("1"), 1));
    bench.update(update(Buy, 20, Some(ours(2)), Open, "1", "1"));
    assert_eq!(bounds(&bench).1, sz("2"), "it is out of its order's line, and not out of mind");
    assert_eq!((bench.order(10).state, bench.order(10).leaves_qty), (OrderState::Resting, sz("1")));
    bench.update(update(Buy, 10, Some(ours(1)), Canceled, "1", "1"));
    assert_eq!(bounds(&bench).1, sz("1"));
    bench.update(update(Buy, 20, Some(ours(2)), Canceled, "1", "1"));
    assert_eq!(bounds(&bench), (sz("0"), sz("0")));
}

#[test]
fn it_does_not_leave_memory_while_it_counts() {
    let mut bench = Bench::with(Config { retain_closed: 2, ..Config::default() });
    let cloid = bench.place(1, Buy, "1", Gtc);
    bench.tell(&Msg::Rejected(cloid));
    bench.update(update(Buy, 7, Some(cloid), Open, "1", "1"));
    let traffic = |bench: &mut Bench, from: u64| {
        for n in from..from + 20 {
            let (side, start) = if n % 2 == 0 { (Buy, "0") } else { (Sell, "1") };
            bench.rest(n, side, "1", n);
            bench.fill(fill(side, n, n, "1", start));
        }
    };
    traffic(&mut bench, 1_000);
    let leg = bench.engine.leg(Target::Cloid(cloid)).expect("it may still fill");
    assert_eq!((leg.phase, bounds(&bench).1), (Phase::Rejected, sz("1")));
    bench.update(update(Buy, 7, Some(cloid), Canceled, "1", "1"));
    traffic(&mut bench, 2_000);
    assert!(bench.engine.leg(Target::Cloid(cloid)).is_none());
    assert_eq!(bounds(&bench), (sz("0"), sz("0")));
}

#[test]
fn one_that_every_book_forgot_counts_until_the_fills_are_known() {
    let (mut bench, cloid) = refused();
    bench.update(update(Buy, 7, Some(cloid), Open, "1", "1"));
    contradictions(&mut bench);
    bench.tell(&Msg::Forgotten(7, 9_000));
    assert_eq!(contradictions(&mut bench), 0, "that nobody knows it fits with its refusal");
    assert_eq!(bounds(&bench), (sz("0"), sz("1")));
    bench.engine.on_fills_complete(BTC, 9_001, &mut bench.effects).unwrap();
    while let Some(due) = bench.engine.next_deadline() {
        bench.tick(due);
    }
    assert_eq!(bounds(&bench), (sz("0"), sz("0")));
    assert_eq!(bench.order(7).state, OrderState::Rejected);
}
