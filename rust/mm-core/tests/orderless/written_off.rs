//! What was refused, or fenced, and lived: whoever is heard first, money and worst cases are the same.

use mm_core::engine::ModifyRefusal;
use mm_core::event::Status::{Canceled, Filled, Open, Rejected};
use mm_core::ids::Side::Buy;
use mm_core::ids::Tif::{Gtc, Ioc};

use crate::common::{BTC, Bench, FillExt, Msg, by_oid, fill, ours, sz, update};
use crate::explore::History;

#[test]
fn a_refusal_and_what_belies_it() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "refused, and rests",
        bench,
        vec![
            Msg::Rejected(cloid),
            Msg::Fenced(cloid),
            Msg::Update(update(Buy, 7, Some(cloid), Open, "0.8", "1")),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0").named(cloid)),
            Msg::Answer(cloid, 7, "0.4"),
        ],
    )
    .belied_by(&[2, 3, 4])
    .walk();
    assert_eq!((end.worst_short(BTC), end.worst_long(BTC)), (sz("0.4"), sz("1")));
}

#[test]
fn a_refusal_and_a_whole_life() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "refused, and canceled",
        bench,
        vec![
            Msg::Update(update(Buy, 7, Some(cloid), Rejected, "1", "1")),
            Msg::Fenced(cloid),
            Msg::Update(update(Buy, 7, Some(cloid), Open, "1", "1")),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0").named(cloid)),
            Msg::Update(update(Buy, 7, Some(cloid), Canceled, "0.6", "1")),
        ],
    )
    .belied_by(&[2, 3, 4])
    .walk();
    assert_eq!((end.worst_short(BTC), end.worst_long(BTC)), (sz("0.4"), sz("0.4")));
}

#[test]
fn a_fence_and_a_cancel_without_a_final_size() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "fenced, and canceled",
        bench,
        vec![
            Msg::Fenced(cloid),
            Msg::Answer(cloid, 7, ""),
            Msg::CancelOk(mm_core::engine::Target::Cloid(cloid)),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
            Msg::NoAnswer(cloid),
        ],
    )
    .belied_by(&[1, 2])
    .walk();
    assert_eq!(end.worst_long(BTC), sz("1"));
}

#[test]
fn a_refusal_and_a_whole_fill() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Ioc);
    let end = History::new(
        "refused, and filled",
        bench,
        vec![
            Msg::Rejected(cloid),
            Msg::Answer(cloid, 7, "1"),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0").named(cloid)),
            Msg::Fill(fill(Buy, 7, 2, "0.6", "0.4").named(cloid)),
            Msg::Update(update(Buy, 7, Some(cloid), Filled, "0", "1")),
        ],
    )
    .belied_by(&[1, 2, 3, 4])
    .walk();
    assert_eq!((end.worst_short(BTC), end.worst_long(BTC)), (sz("1"), sz("1")));
}

#[test]
fn a_replacement_that_was_refused_and_lives() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 10);
    bench.modify(10, 2, "1");
    let end = History::new(
        "refused replacement",
        bench,
        vec![
            Msg::ModifyError(ours(2), ModifyRefusal::OldUntouched),
            Msg::Update(update(Buy, 20, Some(ours(2)), Open, "1", "1")),
            Msg::Fill(fill(Buy, 20, 1, "0.4", "0").named(ours(2))),
            Msg::Update(update(Buy, 10, Some(ours(1)), Canceled, "1", "1")),
        ],
    )
    .belied_by(&[1, 2])
    .walk();
    assert_eq!((end.worst_short(BTC), end.worst_long(BTC)), (sz("0.4"), sz("1")));
    assert!(end.order(by_oid(20)).is_some());
}

#[test]
fn a_fenced_replacement_that_lives() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 10);
    bench.modify(10, 2, "1");
    let end = History::new(
        "fenced replacement",
        bench,
        vec![
            Msg::Fenced(ours(2)),
            Msg::Answer(ours(2), 20, ""),
            Msg::Fill(fill(Buy, 10, 1, "0.4", "0")),
            Msg::Update(update(Buy, 10, Some(ours(1)), Canceled, "0.6", "1")),
            Msg::Update(update(Buy, 20, Some(ours(2)), Canceled, "1", "1")),
        ],
    )
    .belied_by(&[1, 4])
    .walk();
    assert_eq!((end.worst_short(BTC), end.worst_long(BTC)), (sz("0.4"), sz("0.4")));
}

/// The updates do not tell the cloid: until the answer does, they are of a stranger.
#[test]
fn a_refusal_under_an_oid_alone_and_what_belies_it() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "refused under an oid",
        bench,
        vec![
            Msg::Update(update(Buy, 7, None, Rejected, "1", "1")),
            Msg::Update(update(Buy, 7, None, Open, "1", "1")),
            Msg::Update(update(Buy, 7, None, Canceled, "0.6", "1")),
            Msg::Answer(cloid, 7, "0.4"),
        ],
    )
    .belied_by(&[1, 2, 3])
    .walk();
    assert_eq!((end.worst_short(BTC), end.worst_long(BTC)), (sz("0"), sz("0.4")));
}

/// One cloid for two legs: one that was refused, one that lives.
#[test]
fn a_refused_leg_and_its_twin_that_lives() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "refused, and a twin",
        bench,
        vec![
            Msg::Rejected(cloid),
            Msg::Update(update(Buy, 30, Some(cloid), Rejected, "1", "1")),
            Msg::Answer(cloid, 31, "0.4"),
            Msg::Update(update(Buy, 31, Some(cloid), Canceled, "0.6", "1")),
        ],
    )
    .belied_by(&[2, 3])
    .walk();
    assert_eq!((end.worst_short(BTC), end.worst_long(BTC)), (sz("0"), sz("0.4")));
}
