//! Amounts and trades: whatever tells a quantity, it counts once.

use mm_core::event::Status::{Filled, Open};
use mm_core::ids::Side::{Buy, Sell};
use mm_core::ids::Tif::{Gtc, Ioc};
use mm_core::order::OrderState;

use crate::common::{BTC, Bench, FillExt, Msg, fill, ours, sz, theirs, update};
use crate::explore::History;

#[test]
fn a_part_fill_at_placement_is_told_as_an_amount_and_as_three_trades() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "part fill at placement",
        bench,
        vec![
            Msg::Answer(cloid, 7, "0.6"),
            Msg::Fill(fill(Buy, 7, 1, "0.4", "0")),
            Msg::Fill(fill(Buy, 7, 2, "0.2", "0.4")),
            Msg::Fill(fill(Buy, 7, 3, "0.4", "0.6")),
        ],
    )
    .walk();
    let order = end.order(crate::common::by_oid(7)).unwrap();
    assert_eq!(
        (order.state, order.cum_qty, end.position(BTC).size),
        (OrderState::Filled, sz("1"), sz("1"))
    );
    assert_eq!(end.position(BTC).provisional, sz("0"));
}

#[test]
fn an_amount_registered_by_oid_alone_is_the_same_amount() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Sell, "1", Gtc);
    let end = History::new(
        "registered by oid",
        bench,
        vec![
            Msg::Register(7, "0.6"),
            Msg::Answer(cloid, 7, "0.6"),
            Msg::Fill(fill(Sell, 7, 1, "0.5", "0.2")),
            Msg::Fill(fill(Sell, 7, 2, "0.1", "-0.3").named(cloid)),
        ],
    )
    .walk();
    assert_eq!((end.position(BTC).size, end.worst_short(BTC)), (sz("-0.4"), sz("-0.8")));
}

#[test]
fn fills_and_updates_may_come_before_the_answer() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "fill before answer",
        bench,
        vec![
            Msg::Fill(fill(Buy, 7, 1, "0.3", "0").paying("0.02", "HYPE")),
            Msg::Fill(fill(Buy, 7, 2, "0.7", "0.3").named(cloid)),
            Msg::Update(update(Buy, 7, Some(cloid), Open, "1", "1")),
            Msg::Update(update(Buy, 7, Some(cloid), Filled, "0", "1")),
            Msg::Answer(cloid, 7, ""),
        ],
    )
    .walk();
    assert_eq!(end.order(crate::common::by_oid(7)).unwrap().state, OrderState::Filled);
    assert_eq!(end.position(BTC).size, sz("1"));
}

#[test]
fn updates_without_our_cloid_are_ours_once_the_answer_says_so() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Gtc);
    let end = History::new(
        "no cloid in the updates",
        bench,
        vec![
            Msg::Fill(fill(Buy, 7, 1, "0.3", "0")),
            Msg::Update(update(Buy, 7, None, Open, "1", "1")),
            Msg::Update(update(Buy, 7, None, Filled, "0", "1")),
            Msg::Answer(cloid, 7, "0.3"),
        ],
    );
    let end = History { subsets: false, ..end }.with_a_stranger().walk();
    assert!(!end.order(crate::common::by_oid(7)).unwrap().foreign);
    assert_eq!(end.position(BTC).provisional, sz("0.7"));
}

#[test]
fn two_equal_trades_are_two() {
    let mut bench = Bench::new();
    let cloid = bench.rest(1, Buy, "1", 7);
    let end = History::new(
        "two equal trades",
        bench,
        vec![
            Msg::Fill(fill(Buy, 7, 1, "0.5", "0").at(1_000)),
            Msg::Fill(fill(Buy, 7, 2, "0.5", "0.5").at(1_000)),
            Msg::Update(update(Buy, 7, Some(cloid), Filled, "0", "1")),
        ],
    )
    .walk();
    assert_eq!((end.position(BTC).size, end.position(BTC).fills), (sz("1"), 2));
}

#[test]
fn system_fills_share_tid_zero_and_are_told_apart_by_what_they_say() {
    let end = History::new(
        "tid 0",
        Bench::new(),
        vec![
            Msg::Fill(fill(Sell, 9, 0, "0.5", "3").at(1_000)),
            Msg::Fill(fill(Sell, 9, 0, "0.5", "2.5").at(1_000)),
            Msg::Fill(fill(Sell, 9, 0, "0.5", "2").at(1_000).priced("101")),
        ],
    )
    .with_a_stranger()
    .walk();
    assert_eq!((end.position(BTC).size, end.position(BTC).fills), (sz("1.5"), 3));
}

#[test]
fn a_self_trade_is_two_fills_of_one_tid() {
    let mut bench = Bench::new();
    let (buy, sell) = (bench.rest(1, Buy, "1", 7), bench.rest(2, Sell, "1", 8));
    let end = History::new(
        "self-trade",
        bench,
        vec![
            Msg::Fill(fill(Buy, 7, 5, "0.4", "0")),
            Msg::Fill(fill(Sell, 8, 5, "0.4", "0.4")),
            Msg::Update(update(Buy, 7, Some(buy), mm_core::event::Status::Canceled, "0.6", "1")),
            Msg::Answer(sell, 8, "0.4"),
        ],
    )
    .walk();
    let position = end.position(BTC);
    assert_eq!((position.size, position.fills, position.gaps.len()), (sz("0"), 2, 0));
}

#[test]
fn a_liquidation_is_a_fill_like_any_other() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 7);
    let mut liquidated = fill(Sell, 99, 3, "1", "1");
    liquidated.liquidated = Some("0xabc");
    let end = History::new(
        "liquidation",
        bench,
        vec![
            Msg::Fill(fill(Buy, 7, 1, "1", "0")),
            Msg::Fill(liquidated),
            Msg::Update(update(Buy, 7, Some(ours(1)), Filled, "0", "1")),
        ],
    )
    .with_a_stranger()
    .walk();
    assert_eq!((end.position(BTC).size, end.position(BTC).fills), (sz("0"), 2));
}

#[test]
fn a_spot_buy_pays_its_fee_out_of_what_it_bought() {
    let mut bench = Bench::new();
    bench.engine.set_coin("HYPE/USDC", Some(2), Some("HYPE")).unwrap();
    let cloid = bench.place_as(ours(1), "HYPE/USDC", Buy, "3", Gtc, false);
    let of = |f: mm_core::event::Fill<'static>| Msg::Fill(f.of("HYPE/USDC"));
    let end = History::new(
        "spot",
        bench,
        vec![
            Msg::Answer(cloid, 7, "1"),
            of(fill(Buy, 7, 1, "1", "0").paying("0.001", "HYPE")),
            of(fill(Buy, 7, 2, "2", "0.999").paying("0.002", "HYPE")),
            of(fill(Sell, 8, 3, "0.5", "2.997").paying("0.05", "USDC")),
        ],
    )
    .with_a_stranger()
    .walk();
    let position = end.position("HYPE/USDC");
    assert_eq!((position.size, position.gaps.len()), (sz("2.497"), 0));
}

#[test]
fn fills_of_one_millisecond_find_their_order_by_their_positions() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "9", 7);
    let at =
        |tid, size, start, price| Msg::Fill(fill(Buy, 7, tid, size, start).at(1_000).priced(price));
    let end = History::new(
        "one millisecond",
        bench,
        vec![
            at(4, "1", "0", "100"),
            at(3, "2", "1", "101"),
            at(2, "3", "3", "102"),
            at(1, "1", "6", "103"),
            Msg::Fill(fill(Sell, 8, 9, "3", "7").at(1_001).priced("110")),
        ],
    )
    .with_a_stranger()
    .walk();
    assert_eq!((end.position(BTC).size, end.position(BTC).gaps.len()), (sz("4"), 0));
}

#[test]
fn loops_within_one_millisecond_realise_one_profit() {
    let both =
        |side, tid, start, price| Msg::Fill(fill(side, 7, tid, "1", start).at(1_000).priced(price));
    let end = History::new(
        "loops in one millisecond",
        Bench::new(),
        vec![
            both(Buy, 1, "0", "100"),
            Msg::Fill(fill(Sell, 8, 2, "1", "1").at(1_000).priced("110")),
            both(Buy, 3, "0", "105"),
            Msg::Fill(fill(Sell, 8, 4, "1", "1").at(1_000).priced("104")),
            both(Buy, 5, "0", "90"),
        ],
    )
    .with_a_stranger()
    .walk();
    assert_eq!((end.position(BTC).size, end.position(BTC).gaps.len()), (sz("1"), 0));
}

#[test]
fn fills_that_tell_no_position_are_summed_all_the_same() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "9", 7);
    let bare = |tid, size, time| {
        let mut fill = fill(Buy, 7, tid, size, "0").at(time);
        fill.start = None;
        Msg::Fill(fill)
    };
    let end = History::new(
        "no positions told",
        bench,
        vec![bare(1, "1", 1_000), bare(2, "2", 1_000), bare(3, "3", 1_001), bare(4, "3", 1_002)],
    )
    .walk();
    assert_eq!(end.position(BTC).size, sz("9"));
}

#[test]
fn an_ioc_that_fills_in_part_is_closed_with_its_part() {
    let mut bench = Bench::new();
    let cloid = bench.place(1, Buy, "1", Ioc);
    let end = History::new(
        "IOC in part",
        bench,
        vec![
            Msg::Answer(cloid, 12, "0.3"),
            Msg::Fill(fill(Buy, 12, 1, "0.1", "0")),
            Msg::Fill(fill(Buy, 12, 2, "0.2", "0.1")),
            Msg::Update(update(Buy, 12, Some(cloid), Open, "1", "1")),
            Msg::Update(update(Buy, 12, Some(cloid), mm_core::event::Status::Canceled, "0.7", "1")),
        ],
    )
    .walk();
    let order = end.order(crate::common::by_oid(12)).unwrap();
    assert_eq!((order.state, order.cum_qty), (OrderState::CancelConfirmed, sz("0.3")));
    assert_eq!(end.worst_long(BTC), sz("0.3"));
}

#[test]
fn a_strangers_order_is_told_and_counted() {
    let end = History::new(
        "foreign order",
        Bench::new(),
        vec![
            Msg::Fill(fill(Buy, 40, 1, "0.4", "0")),
            Msg::Update(update(Buy, 40, Some(theirs(1)), Open, "1", "1")),
            Msg::Fill(fill(Buy, 40, 2, "0.6", "0.4").named(theirs(1))),
            Msg::Update(update(Buy, 40, Some(theirs(1)), Filled, "0", "1")),
        ],
    )
    .with_a_stranger()
    .walk();
    let order = end.order(crate::common::by_oid(40)).unwrap();
    assert_eq!(
        (order.foreign, order.state, end.position(BTC).size),
        (true, OrderState::Filled, sz("1"))
    );
    assert!(end.active(BTC, Buy).is_empty() && end.all_orders(false, true).is_empty());
}

#[test]
fn orders_of_two_coins_share_nothing() {
    let mut bench = Bench::new();
    let one = bench.place(1, Buy, "1", Gtc);
    let two = bench.place_as(ours(2), "ETH", Sell, "2", Gtc, false);
    let end = History::new(
        "two coins",
        bench,
        vec![
            Msg::Answer(one, 7, "0.5"),
            Msg::Answer(two, 8, ""),
            Msg::Fill(fill(Buy, 7, 1, "0.5", "0")),
            Msg::Fill(fill(Sell, 8, 1, "2", "0").of("ETH").at(1_001)),
            Msg::Fill(fill(Buy, 7, 2, "0.5", "0.5")),
        ],
    )
    .walk();
    assert_eq!((end.position(BTC).size, end.position("ETH").size), (sz("1"), sz("-2")));
}
