//! Modifies: two legs of one order, their news in any order.

use mm_core::engine::{CancelRefusal, ModifyRefusal};
use mm_core::event::Status::{Canceled, Filled, Open, Rejected};
use mm_core::ids::Cloid;
use mm_core::ids::Side::Buy;
use mm_core::ids::Tif::Gtc;
use mm_core::order::OrderState;

use crate::common::{BTC, Bench, FillExt, Msg, by_oid, fill, ours, sz, theirs, update};
use crate::explore::History;

/// An order of 1 under oid 10, being modified to the leg `ours(2)`.
fn modifying() -> (Bench, Cloid) {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 10);
    assert_eq!(bench.modify(10, 2, "1"), sz("1"));
    (bench, ours(2))
}

#[test]
fn a_modify_that_took_leaves_one_order_with_a_new_leg() {
    let (bench, new) = modifying();
    let end = History::new(
        "modify",
        bench,
        vec![
            Msg::Answer(new, 20, ""),
            Msg::Update(update(Buy, 20, Some(new), Open, "1", "1")),
            Msg::Update(update(Buy, 10, Some(ours(1)), Canceled, "1", "1")),
            Msg::Fill(fill(Buy, 20, 1, "0.3", "0")),
        ],
    )
    .walk();
    let order = end.order(by_oid(20)).unwrap();
    assert_eq!(
        (order.state, order.cum_qty, order.cloid),
        (OrderState::PartialFilled, sz("0.3"), Some(ours(1)))
    );
    assert_eq!(end.worst_long(BTC), sz("1"));
}

#[test]
fn a_fill_of_the_old_leg_races_the_modify() {
    let (bench, new) = modifying();
    let end = History::new(
        "modify with a racing fill",
        bench,
        vec![
            Msg::Fill(fill(Buy, 10, 1, "0.4", "0")),
            Msg::Answer(new, 20, ""),
            Msg::Update(update(Buy, 20, Some(new), Open, "1", "1")),
            Msg::Update(update(Buy, 10, Some(ours(1)), Canceled, "0.6", "1")),
            Msg::Fill(fill(Buy, 20, 2, "0.5", "0.4")),
            Msg::Fill(fill(Buy, 20, 3, "0.5", "0.9")),
        ],
    )
    .walk();
    let order = end.order(by_oid(20)).unwrap();
    assert_eq!(
        (order.state, order.cum_qty, end.position(BTC).size),
        (OrderState::Filled, sz("1.4"), sz("1.4"))
    );
}

#[test]
fn the_old_leg_filled_before_the_modify() {
    let (bench, new) = modifying();
    let end = History::new(
        "filled before the modify",
        bench,
        vec![
            Msg::ModifyError(new, ModifyRefusal::OldGone),
            Msg::Fill(fill(Buy, 10, 1, "1", "0")),
            Msg::Update(update(Buy, 10, Some(ours(1)), Filled, "0", "1")),
        ],
    )
    .walk();
    let order = end.order(by_oid(10)).unwrap();
    assert_eq!((order.state, end.worst_long(BTC)), (OrderState::Filled, sz("1")));
}

#[test]
fn the_new_leg_was_refused_after_the_old_was_canceled() {
    let (bench, new) = modifying();
    let end = History::new(
        "old canceled, new refused",
        bench,
        vec![
            Msg::ModifyError(new, ModifyRefusal::OldGone),
            Msg::Fill(fill(Buy, 10, 1, "0.2", "0")),
            Msg::Update(update(Buy, 10, Some(ours(1)), Canceled, "0.8", "1")),
            Msg::Update(update(Buy, 30, Some(new), Rejected, "1", "1")),
        ],
    )
    .walk();
    let order = end.order(by_oid(10)).unwrap();
    assert_eq!(
        (order.state, order.cum_qty, end.worst_long(BTC)),
        (OrderState::CancelConfirmed, sz("0.2"), sz("0.2"))
    );
}

#[test]
fn the_modify_did_nothing() {
    let (bench, new) = modifying();
    let end = History::new(
        "modify refused",
        bench,
        vec![
            Msg::ModifyError(new, ModifyRefusal::OldUntouched),
            Msg::Fill(fill(Buy, 10, 1, "0.2", "0")),
            Msg::Update(update(Buy, 10, Some(ours(1)), Open, "1", "1")),
            Msg::NoAnswer(new),
        ],
    )
    .walk();
    let order = end.order(by_oid(10)).unwrap();
    assert_eq!((order.state, end.worst_long(BTC)), (OrderState::PartialFilled, sz("1")));
}

#[test]
fn a_modify_that_was_fenced_never_happened() {
    let (bench, new) = modifying();
    let end = History::new(
        "modify fenced",
        bench,
        vec![Msg::NoAnswer(new), Msg::Fenced(new), Msg::Fill(fill(Buy, 10, 1, "0.2", "0"))],
    )
    .walk();
    assert_eq!(end.order(by_oid(10)).unwrap().state, OrderState::PartialFilled);
}

#[test]
fn a_cancel_overtakes_a_modify_and_both_are_refused() {
    let (mut bench, new) = modifying();
    bench.cancel(by_oid(10));
    let end = History::new(
        "cancel over modify",
        bench,
        vec![
            Msg::ModifyError(new, ModifyRefusal::OldGone),
            Msg::CancelError(by_oid(10), CancelRefusal::NothingThere, Some(1)),
            Msg::Update(update(Buy, 30, Some(new), Rejected, "1", "1")),
            Msg::Update(update(Buy, 10, Some(ours(1)), Canceled, "1", "1")),
        ],
    )
    .walk();
    assert_eq!(end.order(by_oid(10)).unwrap().state, OrderState::CancelConfirmed);
}

#[test]
fn a_cancel_that_found_the_old_leg_gone_leaves_the_new_one_live() {
    let (mut bench, new) = modifying();
    bench.cancel(by_oid(10));
    let end = History::new(
        "cancel after the modify took",
        bench,
        vec![
            Msg::Answer(new, 20, ""),
            Msg::CancelError(by_oid(10), CancelRefusal::NothingThere, Some(1)),
            Msg::Update(update(Buy, 10, Some(ours(1)), Canceled, "1", "1")),
            Msg::Fill(fill(Buy, 20, 1, "0.1", "0")),
        ],
    )
    .walk();
    assert_eq!(end.active(BTC, Buy).len(), 1);
}

/// S1: open A (X), open B (X), canceled A (X): one cloid for two legs.
#[test]
fn one_cloid_for_two_legs_of_ours() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "one cloid for two legs",
        bench,
        vec![
            Msg::Update(update(Buy, 10, Some(cloid), Open, "1", "1")),
            Msg::Update(update(Buy, 20, Some(cloid), Open, "1", "1")),
            Msg::Update(update(Buy, 10, Some(cloid), Canceled, "1", "1")),
        ],
    )
    .with_a_stranger()
    .walk();
    let order = end.order(by_oid(20)).unwrap();
    assert_eq!((order.state, order.legs[order.current].oid.unwrap().0), (OrderState::Resting, 20));
    assert_eq!((end.active(BTC, Buy).len(), end.worst_long(BTC)), (1, sz("1")));
}

#[test]
fn one_cloid_for_two_legs_whose_fills_come_before_their_names() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "one cloid, fills first",
        bench,
        vec![
            Msg::Update(update(Buy, 10, Some(cloid), Open, "1", "1")),
            Msg::Fill(fill(Buy, 20, 1, "0.3", "0")),
            Msg::Update(update(Buy, 20, Some(cloid), Open, "1", "1")),
            Msg::Update(update(Buy, 10, Some(cloid), Canceled, "1", "1")),
            Msg::Answer(cloid, 10, ""),
        ],
    );
    let end = end.with_a_stranger().walk();
    let order = end.order(by_oid(20)).unwrap();
    assert_eq!((order.state, order.cum_qty), (OrderState::PartialFilled, sz("0.3")));
    assert_eq!((end.active(BTC, Buy).len(), end.worst_long(BTC)), (1, sz("1")));
}

#[test]
fn a_stranger_modifies_under_one_cloid_to_another_size() {
    let end = History::new(
        "a stranger's modify",
        Bench::new(),
        vec![
            Msg::Update(update(Buy, 10, Some(theirs(1)), Open, "1", "1")),
            Msg::Update(update(Buy, 20, Some(theirs(1)), Open, "2", "2")),
            Msg::Update(update(Buy, 10, Some(theirs(1)), Canceled, "1", "1")),
            Msg::Fill(fill(Buy, 20, 1, "0.3", "0").named(theirs(1))),
        ],
    );
    let end = History { subsets: false, ..end }.with_a_stranger().walk();
    let order = end.order(by_oid(20)).unwrap();
    assert_eq!(
        (order.state, order.order_qty, order.cum_qty),
        (OrderState::PartialFilled, sz("2"), sz("0.3"))
    );
    assert_eq!(end.worst_long(BTC), sz("2"));
}
