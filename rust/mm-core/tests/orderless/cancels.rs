//! Cancels: asked, answered, refused, overtaken.

use mm_core::engine::CancelRefusal::{NotDone, NothingThere, Unknown};
use mm_core::event::Status::{Canceled, Filled, Open, Rejected};
use mm_core::ids::Side::{Buy, Sell};
use mm_core::ids::Tif::Gtc;
use mm_core::order::OrderState;

use crate::common::{BTC, Bench, Msg, by_oid, fill, ours, sz, theirs, update};
use crate::explore::History;

fn cancelling() -> Bench {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 7);
    bench.cancel(by_oid(7));
    bench
}

#[test]
fn a_cancel_that_took_keeps_what_was_filled_before() {
    let end = History::new(
        "cancel ok",
        cancelling(),
        vec![
            Msg::CancelOk(by_oid(7)),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
            Msg::Update(update(Buy, 7, Some(ours(1)), Canceled, "0.6", "1")),
            Msg::Answer(ours(1), 7, ""),
        ],
    )
    .walk();
    let order = end.order(by_oid(7)).unwrap();
    assert_eq!(
        (order.state, order.cum_qty, order.leaves_qty),
        (OrderState::CancelConfirmed, sz("0.4"), sz("0"))
    );
    assert_eq!(end.worst_long(BTC), sz("0.4"));
}

#[test]
fn a_fill_that_won_against_the_cancel_fills_the_order() {
    let end = History::new(
        "cancel lost",
        cancelling(),
        vec![
            Msg::CancelError(by_oid(7), NothingThere, Some(1)),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
            Msg::Fill(fill(Buy, 7, 2, "0.6", "0.4")),
            Msg::Update(update(Buy, 7, Some(ours(1)), Filled, "0", "1")),
        ],
    )
    .walk();
    assert_eq!(end.order(by_oid(7)).unwrap().state, OrderState::FilledDuringCancel);
}

#[test]
fn nothing_there_says_neither_filled_nor_canceled() {
    let end = History::new(
        "nothing there",
        cancelling(),
        vec![
            Msg::CancelError(by_oid(7), NothingThere, Some(1)),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
            Msg::Update(update(Buy, 7, Some(ours(1)), Open, "1", "1")),
        ],
    )
    .walk();
    assert_eq!(end.order(by_oid(7)).unwrap().state, OrderState::Unknown);
    assert_eq!(end.worst_long(BTC), sz("1"));
}

#[test]
fn a_cancel_of_an_order_never_seen_proves_nothing() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    bench.cancel(mm_core::engine::Target::Cloid(cloid));
    let cloid_target = mm_core::engine::Target::Cloid(cloid);
    let end = History::new(
        "blind cancel",
        bench,
        vec![
            Msg::CancelError(cloid_target, NothingThere, Some(1)),
            Msg::Answer(cloid, 7, "0.2"),
            Msg::Update(update(Buy, 7, Some(cloid), Open, "1", "1")),
            Msg::Fill(fill(Buy, 7, 1, "0.2", "0")),
            Msg::NoAnswer(cloid),
        ],
    )
    .walk();
    assert_eq!(end.order(by_oid(7)).unwrap().state, OrderState::PartialFilled);
}

#[test]
fn two_cancels_and_their_answers() {
    let mut bench = cancelling();
    bench.cancel(by_oid(7));
    let end = History::new(
        "two cancels",
        bench,
        vec![
            Msg::CancelError(by_oid(7), NotDone, Some(1)),
            Msg::CancelError(by_oid(7), Unknown, Some(2)),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
            Msg::Update(update(Buy, 7, Some(ours(1)), Open, "1", "1")),
        ],
    )
    .walk();
    assert_eq!(end.order(by_oid(7)).unwrap().state, OrderState::CancelPending);
    let mut bench = cancelling();
    bench.cancel(by_oid(7));
    let end = History::new(
        "two cancels, both refused",
        bench,
        vec![
            Msg::CancelError(by_oid(7), NotDone, Some(1)),
            Msg::CancelError(by_oid(7), NotDone, Some(2)),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
        ],
    )
    .walk();
    assert_eq!(end.order(by_oid(7)).unwrap().state, OrderState::PartialFilled);
}

#[test]
fn a_reduce_only_order_that_is_trimmed_and_cancelled_executed_only_its_trades() {
    let mut bench = Bench::new();
    bench.engine.on_position(BTC, sz("0.4"), None, 500, &mut bench.effects).unwrap();
    bench.place_as(ours(1), BTC, Sell, "1", Gtc, true);
    let mut trimmed = update(Sell, 7, Some(ours(1)), Canceled, "0.1", "1");
    trimmed.reduce_only = true;
    let mut open = update(Sell, 7, Some(ours(1)), Open, "0.6", "1");
    open.reduce_only = true;
    let end = History::new(
        "reduce-only",
        bench,
        vec![
            Msg::Answer(ours(1), 7, ""),
            Msg::Fill(fill(Sell, 7, 1, "0.3", "0.4")),
            Msg::Update(open),
            Msg::Update(trimmed),
        ],
    )
    .walk();
    let order = end.order(by_oid(7)).unwrap();
    assert_eq!((order.cum_qty, order.state), (sz("0.3"), OrderState::CancelConfirmed));
    assert_eq!((end.position(BTC).size, end.position(BTC).provisional), (sz("0.1"), sz("0")));
}

#[test]
fn the_venue_cancels_without_being_asked() {
    let mut bench = Bench::new();
    bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "cancelled by the venue",
        bench,
        vec![
            Msg::Answer(ours(1), 7, ""),
            Msg::NonUserCancel(7),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
            Msg::Update(update(Buy, 7, Some(ours(1)), Canceled, "0.6", "1")),
        ],
    )
    .walk();
    let order = end.order(by_oid(7)).unwrap();
    assert_eq!((order.state, order.cum_qty), (OrderState::CancelConfirmed, sz("0.4")));
}

#[test]
fn a_refused_placement_is_told_twice_and_refused_once() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "refused placement",
        bench,
        vec![
            Msg::Rejected(cloid),
            Msg::Update(update(Buy, 30, Some(cloid), Rejected, "1", "1")),
            Msg::NoAnswer(cloid),
            Msg::Fenced(cloid),
        ],
    )
    .walk();
    let order = end.order(mm_core::engine::Target::Cloid(cloid)).unwrap();
    assert_eq!((order.state, end.worst_long(BTC)), (OrderState::Rejected, sz("0")));
}

#[test]
fn a_strangers_refused_placement_is_no_contradiction() {
    let end = History::new(
        "foreign refusal",
        Bench::new(),
        vec![
            Msg::Update(update(Buy, 30, Some(theirs(1)), Rejected, "1", "1")),
            Msg::Update(update(Buy, 31, Some(theirs(2)), Open, "1", "1")),
            Msg::Update(update(Buy, 31, Some(theirs(2)), Canceled, "1", "1")),
        ],
    )
    .with_a_stranger()
    .walk();
    assert_eq!(end.order(by_oid(30)).unwrap().state, OrderState::Rejected);
}

#[test]
fn what_every_book_forgot_is_dead_whatever_else_comes() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 7);
    bench.cancel(by_oid(7));
    let end = History::new(
        "forgotten",
        bench,
        vec![
            Msg::CancelError(by_oid(7), NothingThere, Some(1)),
            Msg::Forgotten(7, 9_000),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
            Msg::Update(update(Buy, 7, Some(ours(1)), Open, "1", "1")),
        ],
    )
    .walk();
    let order = end.order(by_oid(7)).unwrap();
    assert_eq!((order.state, order.cum_qty), (OrderState::CancelConfirmed, sz("0.4")));
}
