//! What is not known is asked for, again and again with a bound on the rate, until evidence closes it.

use mm_core::effect::{Effect, Query};
use mm_core::engine::CancelRefusal;
use mm_core::event::Status::{Canceled, Open};
use mm_core::ids::Ms;
use mm_core::ids::Side::Buy;
use mm_core::ids::Tif::Gtc;
use mm_core::order::OrderState;

use crate::common::{BTC, Bench, Msg, by_oid, fill, ours, sz, update};

/// Ticks at every deadline up to `until`, and gives back when something was asked.
fn asked(bench: &mut Bench, until: Ms) -> Vec<(Ms, Query)> {
    let mut times = Vec::new();
    while let Some(due) = bench.engine.next_deadline().filter(|&due| due <= until) {
        for effect in bench.tick(due) {
            if let Effect::Ask { query, .. } = effect {
                times.push((due, query));
            }
        }
    }
    times
}

#[test]
fn a_placement_without_answer_is_asked_for_in_doubling_steps() {
    let mut bench = Bench::new();
    bench.place(1, Buy, "1", Gtc);
    let times: Vec<Ms> = asked(&mut bench, 200_000).into_iter().map(|(time, _)| time).collect();
    assert_eq!(times[..6], [2_000, 6_000, 14_000, 30_000, 62_000, 94_000]);
    assert_eq!(
        bench.engine.all_orders(false, false)[0].state,
        OrderState::Pending,
        "age settles nothing"
    );
    bench.tell(&Msg::Answer(ours(1), 7, ""));
    assert_eq!(asked(&mut bench, 500_000), vec![]);
}

#[test]
fn every_open_question_is_asked_and_each_answer_closes_it() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 7);
    bench.cancel(by_oid(7));
    bench.tell(&Msg::CancelError(by_oid(7), CancelRefusal::NothingThere, Some(1)));
    assert_eq!(bench.order(7).state, OrderState::Unknown);
    assert!(asked(&mut bench, 10_000).iter().all(|(_, query)| *query == Query::OrderStatus));
    bench.update(update(Buy, 7, Some(ours(1)), Canceled, "0.6", "1"));
    bench.fill(fill(Buy, 7, 1, "0.1", "0"));
    let fills = asked(&mut bench, 60_000);
    assert!(
        !fills.is_empty() && fills.iter().all(|(_, query)| matches!(query, Query::Fills { .. })),
        "{fills:?}"
    );
    assert_eq!(
        bench.order(7).state,
        OrderState::CancelConfirmed,
        "0.3 were executed and are not told"
    );
    bench.fill(fill(Buy, 7, 2, "0.3", "0.1"));
    asked(&mut bench, 200_000);
    assert_eq!(bench.order(7).state, OrderState::Cancelled);
    assert_eq!(bench.engine.next_deadline(), None);
}

#[test]
fn the_fill_window_is_waited_for() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 7);
    bench.update(update(Buy, 7, Some(ours(1)), Canceled, "1", "1"));
    asked(&mut bench, 9_999);
    assert_eq!(bench.engine.next_deadline(), Some(10_000));
    assert_eq!(bench.order(7).state, OrderState::CancelConfirmed);
    bench.tick(10_000);
    assert_eq!(bench.order(7).state, OrderState::Cancelled);
}

#[test]
fn a_reduce_only_order_that_was_trimmed_is_closed_by_the_proof_of_its_fills() {
    let mut bench = Bench::new();
    bench.place_as(ours(1), BTC, Buy, "1", Gtc, true);
    bench.tell(&Msg::Answer(ours(1), 7, ""));
    bench.update(update(Buy, 7, Some(ours(1)), Canceled, "0.2", "1"));
    assert!(
        asked(&mut bench, 30_000).iter().any(|(_, query)| matches!(query, Query::Fills { .. }))
    );
    assert_eq!(bench.order(7).state, OrderState::CancelConfirmed);
    bench.fill(fill(Buy, 99, 1, "1", "-5").at_time(6_000)); // a fill after its end: the chain is whole, and proves nothing
    asked(&mut bench, 60_000);
    assert_eq!(bench.order(7).state, OrderState::CancelConfirmed);
    bench.engine.on_fills_complete(BTC, 60_000, &mut bench.effects).unwrap();
    asked(&mut bench, 100_000);
    assert_eq!((bench.order(7).state, bench.order(7).cum_qty), (OrderState::Cancelled, sz("0")));
}

#[test]
fn when_a_reduce_only_order_ended_is_asked_where_only_its_cancel_was_answered() {
    let mut bench = Bench::new();
    bench.place_as(ours(1), BTC, Buy, "1", Gtc, true);
    bench.tell(&Msg::Answer(ours(1), 7, ""));
    bench.cancel(by_oid(7));
    bench.tell(&Msg::CancelOk(by_oid(7)));
    assert!(asked(&mut bench, 10_000).iter().any(|(_, query)| *query == Query::OrderStatus));
    bench.update(update(Buy, 7, Some(ours(1)), Canceled, "0.2", "1"));
    bench.engine.on_fills_complete(BTC, 60_000, &mut bench.effects).unwrap();
    asked(&mut bench, 100_000);
    assert_eq!((bench.order(7).state, bench.order(7).cum_qty), (OrderState::Cancelled, sz("0")));
}

#[test]
fn absence_counts_only_where_it_can() {
    let mut bench = Bench::new();
    bench.engine.set_now(5_000);
    bench.rest(1, Buy, "1", 7);
    let absent = |bench: &mut Bench, began: Ms, complete: bool| {
        bench.effects.clear();
        bench.engine.on_open_orders(BTC, &[], began, complete, &mut bench.effects).unwrap();
        bench.effects.len()
    };
    assert_eq!(absent(&mut bench, 4_000, true), 0, "it began before our last word on it");
    assert_eq!(absent(&mut bench, 6_000, false), 0, "it was not complete");
    assert_eq!(absent(&mut bench, 6_000, true), 1, "a question, and no verdict");
    assert_eq!(bench.order(7).state, OrderState::Resting);
}

#[test]
fn presence_is_evidence_of_life() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 7);
    bench.modify(7, 2, "1");
    bench.tell(&Msg::NoAnswer(ours(2)));
    bench.update(update(Buy, 30, Some(ours(2)), mm_core::event::Status::Rejected, "1", "1"));
    assert_eq!(bench.order(7).state, OrderState::Resting);
    bench.engine.set_now(100);
    bench
        .engine
        .on_open_orders(BTC, &[mm_core::ids::Oid(7)], 50, true, &mut bench.effects)
        .unwrap();
    assert_eq!(bench.modify(7, 3, "1"), sz("1"), "it stands, and may be modified again");
    bench.update(update(Buy, 7, Some(ours(1)), Open, "1", "1"));
}

trait At {
    fn at_time(self, time: Ms) -> Self;
}

impl At for mm_core::event::Fill<'static> {
    fn at_time(mut self, time: Ms) -> Self {
        self.time = time;
        self
    }
}

#[test]
fn a_leg_that_every_book_forgot_is_closed_by_the_fills_until_then() {
    let forgotten = |bench: &mut Bench| {
        bench.rest(1, Buy, "1", 7);
        bench.cancel(by_oid(7));
        bench.tell(&Msg::CancelError(by_oid(7), CancelRefusal::NothingThere, Some(1)));
        bench.tell(&Msg::Forgotten(7, 9_000));
    };
    let mut bench = Bench::new();
    forgotten(&mut bench);
    assert!(asked(&mut bench, 500_000).len() > 10, "it is asked for until the fills are known");
    assert_eq!(bench.order(7).state, OrderState::CancelConfirmed);
    let complete = |bench: &mut Bench, until| {
        bench.engine.on_fills_complete(BTC, until, &mut bench.effects).unwrap();
    };
    bench.fill(fill(Buy, 7, 1, "0.4", "0"));
    complete(&mut bench, 9_000);
    asked(&mut bench, 1_000_000);
    assert_eq!(
        bench.order(7).state,
        OrderState::CancelConfirmed,
        "one may have been made at 9,000"
    );
    complete(&mut bench, 9_001);
    asked(&mut bench, 2_000_000);
    let order = bench.order(7);
    assert_eq!((order.state, order.cum_qty), (OrderState::Cancelled, sz("0.4")));
    assert_eq!(bench.engine.worst_long(BTC), sz("0.4"));

    let mut bench = Bench::new();
    forgotten(&mut bench);
    bench.fill(fill(Buy, 7, 1, "1", "0"));
    assert_eq!(bench.order(7).state, OrderState::FilledDuringCancel, "its fills say how it ended");

    let mut bench = Bench::new();
    let unknown = bench.engine.on_forgotten(mm_core::ids::Oid(7), 9_000, &mut bench.effects);
    assert_eq!(unknown, Err(mm_core::error::Error::UnknownOid(mm_core::ids::Oid(7))));
}
