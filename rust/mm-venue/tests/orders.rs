//! Orders, one rule a test: what is answered, what is recorded, what is filled (protocol 3, 4, 5, 10).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)] // a test

mod common;

use common::{BTC, ETH, World, buy, modify, named, order, place, px, reducing, sell};
use mm_core::ids::{Cloid, Oid, Side};
use mm_venue::chain::{
    Action, Amount, AssetIx, Event, Grouping, IocRest, NewOrder, OrderReply, Reply, Settings,
    Status, Target, Tif, Type,
};

fn cancel(oid: Oid) -> Action {
    Action::Cancel(vec![(BTC, Target::Oid(oid))])
}

fn filled(reply: &OrderReply) -> (i64, Oid) {
    match reply {
        OrderReply::Filled { total, oid, .. } => (total.0, *oid),
        other => panic!("it should be filled, and is {other:?}"),
    }
}

fn stop(side: Side, trigger: &str, limit: &str, sz: &str, take_profit: bool) -> NewOrder {
    NewOrder {
        kind: Type::Trigger { is_market: true, px: Some(px(trigger)), take_profit },
        ..reducing(order(BTC, side, limit, sz, Tif::Gtc))
    }
}

#[test]
fn in_a_block_makers_come_first_then_cancels_then_takers() {
    let mut world = World::new();
    let old = world.rest(0, sell("83760", "0.01", Tif::Alo));
    // Sent in the worst order: the taker first, then the cancel, then the new quote.
    let taker = world.send(1, place(&[buy("83770", "0.01", Tif::Ioc)]));
    let gone = world.send(0, cancel(old));
    let quote = world.send(2, place(&[sell("83765", "0.01", Tif::Alo)]));
    world.block();
    assert_eq!(world.reply(gone), Reply::Cancels(vec![None]), "the cancel wins against the taker");
    assert!(
        matches!(world.reply(quote), Reply::Orders(replies) if matches!(replies[0], OrderReply::Resting(..)))
    );
    assert!(matches!(world.reply(taker), Reply::Orders(replies) if filled(&replies[0]).0 == 1_000));
    assert_eq!(world.fills(2)[0].px, px("83765"));
}

#[test]
fn an_ioc_in_a_batch_drags_its_quotes_behind_the_cancels() {
    let mut world = World::new();
    let first =
        world.send(0, place(&[buy("83750", "0.01", Tif::Alo), buy("83751", "0.01", Tif::Ioc)]));
    let second = world.send(1, place(&[buy("83750", "0.01", Tif::Alo)]));
    world.block();
    let queue = world.chain.queue_at(AssetIx(0), Side::Buy, px("83750"));
    let oid = |reply: Reply| match reply {
        Reply::Orders(replies) => match replies[0] {
            OrderReply::Resting(oid, _) => oid,
            ref other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(queue, [oid(world.reply(second)), oid(world.reply(first))]);
}

#[test]
fn price_then_time_and_the_makers_price() {
    let mut world = World::new();
    let late = world.rest(0, sell("83760", "0.01", Tif::Alo));
    let early = world.rest(1, sell("83758", "0.01", Tif::Gtc));
    world.rest(0, sell("83758", "0.01", Tif::Alo));
    let reply = world.one(2, place(&[buy("83770", "0.025", Tif::Gtc)]));
    assert_eq!(filled(&reply).0, 2_500);
    let fills: Vec<_> =
        world.fills(2).iter().map(|fill| (fill.px, fill.sz.0, fill.crossed)).collect();
    assert_eq!(
        fills,
        [(px("83758"), 1_000, true), (px("83758"), 1_000, true), (px("83760"), 500, true)]
    );
    assert_eq!(world.fills(1)[0].oid, early, "the older order of the better price is first");
    assert_eq!(world.chain.order(late).unwrap().sz.0, 500);
}

#[test]
fn a_gtc_that_is_matched_in_part_rests_under_its_oid() {
    let mut world = World::new();
    world.rest(0, sell("83758", "0.003", Tif::Alo));
    let (total, oid) = filled(&world.one(1, place(&[buy("83758", "0.01", Tif::Gtc)])));
    assert_eq!(total, 300);
    assert_eq!(world.chain.order(oid).unwrap().sz.0, 700);
    assert_eq!(world.statuses(1), [(oid, Status::Open, 1_000)]);
    world.one(2, place(&[sell("83758", "0.007", Tif::Ioc)]));
    assert_eq!(world.statuses(1), [(oid, Status::Open, 1_000), (oid, Status::Filled, 0)]);
    assert!(!world.fills(1)[1].crossed);
}

#[test]
fn an_ioc_that_is_matched_in_part_ends_as_the_setting_says() {
    for (ioc_rest, status) in
        [(IocRest::Canceled, Status::Canceled), (IocRest::Filled, Status::Filled)]
    {
        let mut world = World::with(Settings { ioc_rest, ..Settings::default() });
        world.rest(0, sell("83758", "0.003", Tif::Alo));
        let (total, oid) = filled(&world.one(1, place(&[buy("83758", "0.01", Tif::Ioc)])));
        assert_eq!(total, 300);
        assert_eq!(world.statuses(1), [(oid, Status::Open, 1_000), (oid, status, 700)]);
    }
}

#[test]
fn what_may_not_rest_and_matches_nothing_is_refused() {
    let mut world = World::new();
    let text = world.error(0, place(&[buy("83758", "0.01", Tif::Ioc)]));
    assert_eq!(text, "Order could not immediately match against any resting orders. asset=0");
    let text = world.error(0, place(&[buy("83758", "0.01", Tif::FrontendMarket)]));
    assert_eq!(text, "No liquidity available for market order. asset=0");
    let statuses: Vec<_> = world.records(0).iter().map(|record| record.status).collect();
    assert_eq!(statuses, [Status::IocCancelRejected, Status::MarketOrderNoLiquidityRejected]);
}

#[test]
fn a_crossing_post_only_order_is_refused_with_the_book_and_uses_an_oid() {
    let mut world = World::new();
    world.rest(0, sell("83758", "0.01", Tif::Alo));
    world.rest(0, buy("83757", "0.01", Tif::Alo));
    let text = world.error(1, place(&[named(buy("83758", "0.01", Tif::Alo), 7)]));
    assert_eq!(
        text,
        "Post only order would have immediately matched, bbo was 83757@83758. asset=0"
    );
    let record = world.records(1)[0];
    assert_eq!((record.status, record.order.sz.0), (Status::BadAloPxRejected, 1_000));
    assert_eq!(record.order.cloid, Some(Cloid(7)));
    assert_eq!(world.rest(1, buy("83757", "0.01", Tif::Alo)).0, record.order.oid.0 + 1);
}

#[test]
fn every_refusal_has_its_text_its_status_or_none() {
    let mut world = World::new();
    let gtc = Tif::Gtc;
    for (new, text, status) in [
        (
            buy("83757.5", "0.01", gtc),
            "Price must be divisible by tick size. asset=0",
            Some(Status::TickRejected),
        ),
        (
            buy("83757", "0.0001", gtc),
            "Order must have minimum value of $10. asset=0",
            Some(Status::MinTradeNtlRejected),
        ),
        (buy("83757", "90", gtc), "Insufficient margin to place order. asset=0", None),
        (
            reducing(buy("83757", "0.01", gtc)),
            "Reduce only order would increase position. asset=0",
            Some(Status::ReduceOnlyRejected),
        ),
        (buy("83757", "0", gtc), "Order has zero size. asset=0", None),
        (buy("83757", "0.000001", gtc), "Order has invalid size. asset=0", None),
        (NewOrder { px: None, ..buy("1", "0.01", gtc) }, "Order has invalid price. asset=0", None),
        (
            buy("170000", "0.01", gtc),
            "Order price cannot be more than 95% away from the reference price",
            None,
        ),
        (
            sell("4000", "0.01", gtc),
            "Order price cannot be more than 95% away from the reference price",
            None,
        ),
        (buy("83757", "2000", gtc), "Order value too large. Max is $150000000.", None),
        (order(3, Side::Buy, "0.37", "100", gtc), "Order has invalid asset. asset=3", None),
        (order(173, Side::Buy, "1", "100", gtc), "Order has invalid asset. asset=173", None),
        (
            order(common::PURR, Side::Buy, "0.18", "90000000", gtc),
            "Order value too large. Max is $5000000.",
            None,
        ),
        (
            order(common::PURR, Side::Buy, "0.18", "900000", gtc),
            "Order has insufficient spot balance to trade. asset=10000",
            Some(Status::InsufficientSpotBalanceRejected),
        ),
    ] {
        let before = world.records(0).len();
        if text.starts_with("Insufficient margin") {
            world.act(0, Action::UpdateLeverage { asset: BTC, is_cross: true, leverage: 1 });
        }
        assert_eq!(world.error(0, place(&[new])), text);
        let told = world.records(0).get(before).map(|record| record.status);
        if text.starts_with("Insufficient margin") {
            assert_eq!(told, Some(Status::PerpMarginRejected));
        } else {
            assert_eq!(told, status, "{text}");
        }
    }
}

#[test]
fn one_error_stands_for_a_batch_that_fails_before_matching() {
    let mut world = World::new();
    let batch = place(&[
        buy("83000", "0.01", Tif::Alo),
        buy("170000", "0.01", Tif::Alo),
        buy("83001", "0.01", Tif::Alo),
    ]);
    let whole = world.act(0, batch.clone());
    assert!(matches!(whole, Reply::Orders(replies) if replies.len() == 1));
    assert_eq!(world.chain.orders_live(), 0);
    let mut world = World::with(Settings { batch_refused_whole: false, ..Settings::default() });
    assert!(matches!(world.act(0, batch), Reply::Orders(replies) if replies.len() == 3));
    assert_eq!(world.chain.orders_live(), 2);
}

#[test]
fn a_modify_is_a_cancel_and_an_order_with_a_new_oid() {
    let mut world = World::new();
    let old = world.rest(0, named(buy("83750", "0.01", Tif::Gtc), 5));
    let OrderReply::Resting(new, Some(Cloid(5))) =
        world.one(0, modify(old, named(buy("83751", "0.02", Tif::Alo), 5)))
    else {
        panic!("it should rest")
    };
    assert!(new > old);
    assert_eq!(
        world.statuses(0),
        [(old, Status::Open, 1_000), (new, Status::Open, 2_000), (old, Status::Canceled, 1_000)]
    );
    // By cloid it is the new one that is meant.
    assert_eq!(
        world.act(0, Action::Cancel(vec![(BTC, Target::Cloid(Cloid(5)))])),
        Reply::Cancels(vec![None])
    );
    assert_eq!(world.chain.orders_live(), 0);
}

#[test]
fn a_modify_may_tell_of_the_cancel_first() {
    let mut world = World::with(Settings { modify_cancel_first: true, ..Settings::default() });
    let old = world.rest(0, buy("83750", "0.01", Tif::Gtc));
    world.one(0, modify(old, buy("83751", "0.01", Tif::Gtc)));
    let statuses: Vec<_> = world.records(0).iter().map(|record| record.status).collect();
    assert_eq!(statuses, [Status::Open, Status::Canceled, Status::Open]);
}

#[test]
fn a_refused_modify_says_by_its_text_what_became_of_the_old_order() {
    let mut world = World::new();
    world.rest(1, sell("83758", "0.01", Tif::Alo));
    let old = world.rest(0, buy("83750", "0.01", Tif::Alo));
    let live = |world: &World| world.chain.order(old).is_some();
    for (new, text) in [
        (buy("83751", "0.01", Tif::Ioc), "Attempted to modify to invalid new order"),
        (
            buy("170000", "0.01", Tif::Alo),
            "Order price cannot be more than 95% away from the reference price",
        ),
        (buy("83757.5", "0.01", Tif::Alo), "Price must be divisible by tick size. asset=0"),
    ] {
        assert_eq!(world.error(0, modify(old, new)), text);
        assert!(live(&world), "{text}");
    }
    let text = world.error(0, modify(old, buy("83758", "0.01", Tif::Gtc)));
    let expected = "Error placing new order during modify: Post only order would have immediately matched, bbo was None@83758.";
    assert_eq!(text, expected);
    assert!(!live(&world), "the old one is gone, though the answer is an error");
    let statuses: Vec<_> = world.records(0).iter().map(|record| record.status).collect();
    assert_eq!(statuses, [Status::Open, Status::BadAloPxRejected, Status::Canceled]);
    assert_eq!(
        world.error(0, modify(old, buy("83750", "0.01", Tif::Alo))),
        "Cannot modify canceled or filled order"
    );
}

#[test]
fn a_single_modify_says_default_or_err() {
    let mut world = World::new();
    let old = world.rest(0, buy("83750", "0.01", Tif::Alo));
    let single = |oid| Action::Modify {
        single: true,
        changes: vec![(Target::Oid(oid), buy("83749", "0.01", Tif::Alo))],
        always_place: false,
    };
    assert_eq!(world.act(0, single(old)), Reply::Default);
    assert_eq!(
        world.act(0, single(old)),
        Reply::Err("Cannot modify canceled or filled order".into())
    );
}

#[test]
fn always_place_places_though_the_old_order_is_gone() {
    let mut world = World::new();
    world.rest(1, sell("83758", "0.01", Tif::Alo));
    let change = (Target::Oid(Oid(1)), buy("83758", "0.004", Tif::Ioc));
    let action = Action::Modify { single: false, changes: vec![change], always_place: true };
    assert_eq!(filled(&world.one(0, action)).0, 400, "and it takes");
}

#[test]
fn a_modify_that_races_with_a_fill_is_too_big() {
    let mut world = World::new();
    let old = world.rest(0, buy("83750", "0.01", Tif::Alo));
    world.one(1, place(&[sell("83750", "0.004", Tif::Ioc)]));
    world.one(0, modify(old, buy("83749", "0.01", Tif::Alo)));
    let end =
        world.records(0).into_iter().find(|record| record.status == Status::Canceled).unwrap();
    assert_eq!((end.order.sz.0, end.order.filled.0), (600, 400));
    assert_eq!(world.szi(0, BTC), 400);
    assert_eq!(
        world.chain.open_orders_of(world.users[0], AssetIx(0)).map(|order| order.sz.0).sum::<i64>(),
        1_000
    );
}

#[test]
fn a_cancel_says_nothing_of_how_an_order_ended() {
    let mut world = World::new();
    let not_live = "Order was never placed, already canceled, or filled. asset=0";
    let oid = world.rest(0, buy("83750", "0.01", Tif::Alo));
    assert_eq!(world.error(1, cancel(oid)), not_live, "another's");
    assert_eq!(
        world.error(0, Action::Cancel(vec![(ETH, Target::Oid(oid))])),
        "Order was never placed, already canceled, or filled. asset=1"
    );
    world.one(1, place(&[sell("83750", "0.01", Tif::Ioc)]));
    assert_eq!(world.error(0, cancel(oid)), not_live);
    assert_eq!(world.error(0, cancel(Oid(1))), not_live);
}

#[test]
fn ones_own_resting_order_gives_way_and_no_trade_is_printed() {
    let mut world = World::new();
    let own = world.rest(0, sell("83758", "0.01", Tif::Alo));
    world.rest(1, sell("83759", "0.01", Tif::Alo));
    let before = world.events.len();
    let (total, _) = filled(&world.one(0, place(&[buy("83759", "0.01", Tif::Ioc)])));
    assert_eq!(total, 1_000, "the taker goes on");
    assert!(world.statuses(0).contains(&(own, Status::SelfTradeCanceled, 1_000)));
    let trades =
        world.events[before..].iter().filter(|event| matches!(event, Event::Trade(_))).count();
    assert_eq!(trades, 1);
}

#[test]
fn a_reduce_only_order_is_cut_to_the_position_and_follows_it() {
    // As captured (tick_reduce_only.json): 0.05 against a long of 0.02 fills 0.02; resting, its size shrinks.
    let mut world = World::new();
    world.rest(1, buy("83750", "1", Tif::Alo));
    world.rest(1, sell("83760", "1", Tif::Alo));
    world.one(0, place(&[buy("83760", "0.02", Tif::Ioc)]));
    let resting = world.rest(0, reducing(sell("83800", "0.05", Tif::Gtc)));
    let order = world.chain.order(resting).unwrap();
    assert_eq!((order.sz.0, order.orig.0), (2_000, 5_000));
    world.one(0, place(&[sell("83750", "0.01", Tif::Ioc)]));
    assert_eq!(world.chain.order(resting).unwrap().sz.0, 1_000, "shrunk, and nothing told");
    let (total, _) = filled(&world.one(0, place(&[reducing(sell("83750", "0.05", Tif::Ioc))])));
    assert_eq!(total, 1_000);
    assert!(world.statuses(0).contains(&(resting, Status::ReduceOnlyCanceled, 1_000)));
    assert_eq!(
        world.error(0, place(&[reducing(sell("83750", "0.01", Tif::Ioc))])),
        "Reduce only order would increase position. asset=0"
    );
}

#[test]
fn of_two_reduce_only_orders_the_older_gives_way() {
    let mut world = World::new();
    world.rest(1, sell("83760", "1", Tif::Alo));
    world.one(0, place(&[buy("83760", "0.02", Tif::Ioc)]));
    let older = world.rest(0, reducing(sell("83800", "0.02", Tif::Gtc)));
    world.rest(0, reducing(sell("83900", "0.015", Tif::Gtc)));
    assert_eq!(world.chain.order(older).unwrap().sz.0, 500);
    world.rest(0, reducing(sell("83950", "0.02", Tif::Gtc)));
    assert!(world.chain.order(older).is_none());
}

#[test]
fn a_small_order_may_close_the_whole_position() {
    let mut world = World::new();
    world.rest(1, sell("83760", "1", Tif::Alo));
    world.rest(1, buy("83750", "1", Tif::Alo));
    world.one(0, place(&[buy("83760", "0.0002", Tif::Ioc)]));
    world.one(0, place(&[sell("83750", "0.00015", Tif::Ioc)]));
    let least = "Order must have minimum value of $10. asset=0";
    assert_eq!(world.error(0, place(&[reducing(sell("83750", "0.00003", Tif::Ioc))])), least);
    assert_eq!(filled(&world.one(0, place(&[sell("83750", "0.00005", Tif::Ioc)]))).0, 5);
    assert_eq!(world.szi(0, BTC), 0);
}

#[test]
fn a_stop_waits_for_the_mark_and_then_takes() {
    let mut world = World::new();
    world.rest(1, sell("83760", "1", Tif::Alo));
    world.rest(1, buy("83750", "1", Tif::Alo));
    world.one(0, place(&[buy("83760", "0.02", Tif::Ioc)]));
    assert_eq!(
        world.error(0, place(&[stop(Side::Sell, "84000", "80000", "0.02", false)])),
        "Invalid TP/SL price. asset=0"
    );
    let reply = world.one(0, place(&[stop(Side::Sell, "83000", "80000", "0.02", false)]));
    assert_eq!(reply, OrderReply::WaitingForTrigger);
    world.wait(2_000);
    assert_eq!(world.szi(0, BTC), 2_000, "the mark has not moved");
    world.chain.set_oracle(AssetIx(0), px("82000"));
    world.act(
        1,
        Action::Cancel(
            world
                .chain
                .account(world.users[1])
                .open
                .iter()
                .map(|oid| (BTC, Target::Oid(*oid)))
                .collect(),
        ),
    );
    world.rest(1, buy("82500", "1", Tif::Alo));
    world.wait(2_000);
    assert_eq!(world.szi(0, BTC), 0);
    let statuses: Vec<_> =
        world.records(0).iter().rev().take(3).map(|record| record.status).collect();
    assert_eq!(
        statuses,
        [Status::Filled, Status::Triggered, Status::BadTriggerPxRejected]
            .map(|s| s)
            .to_vec()
            .into_iter()
            .take(2)
            .chain([Status::Open])
            .collect::<Vec<_>>()
    );
}

#[test]
fn children_wait_for_their_parent_and_one_ends_the_other() {
    let mut world = World::new();
    let parent = named(buy("83700", "0.01", Tif::Gtc), 1);
    let group = Action::Order {
        orders: vec![
            parent,
            named(stop(Side::Sell, "85000", "80000", "0.01", true), 2),
            named(stop(Side::Sell, "80000", "79000", "0.01", false), 3),
        ],
        grouping: Grouping::NormalTpsl,
        builder: None,
    };
    let Reply::Orders(replies) = world.act(0, group.clone()) else { panic!() };
    assert_eq!(replies[1..], [OrderReply::WaitingForFill, OrderReply::WaitingForFill]);
    // The parent's end takes the children along.
    assert_eq!(
        world.act(0, Action::Cancel(vec![(BTC, Target::Cloid(Cloid(1)))])),
        Reply::Cancels(vec![None])
    );
    assert_eq!(world.chain.orders_live(), 0);
    // A filled parent arms them; the one that fires ends the other.
    world.act(0, group);
    world.one(1, place(&[sell("83700", "0.01", Tif::Ioc)]));
    world.rest(1, buy("85500", "0.1", Tif::Alo));
    world.chain.set_oracle(AssetIx(0), px("86000"));
    world.wait(2_000);
    assert_eq!(world.szi(0, BTC), 0);
    assert!(
        world
            .records(0)
            .iter()
            .any(|r| r.status == Status::SiblingFilledCanceled && r.order.cloid == Some(Cloid(3)))
    );
    assert_eq!(world.chain.account(world.users[0]).open.len(), 0);
}

#[test]
fn rows_of_statuses_are_forgotten_by_their_number() {
    let mut world = World::with(Settings { records_kept: 10, ..Settings::default() });
    for _ in 0..20 {
        let oid = world.rest(0, buy("83750", "0.01", Tif::Alo));
        world.act(0, cancel(oid));
    }
    assert_eq!(world.records(0).len(), 10);
}

#[test]
fn more_than_a_thousand_orders_are_too_many() {
    let settings = Settings { open_orders: 3, open_orders_max: 5, ..Settings::default() };
    let mut world = World::with(settings);
    for ticks in 0..3 {
        world.rest(0, buy(&(83_000 + ticks).to_string(), "0.01", Tif::Alo));
    }
    assert_eq!(
        world.error(0, place(&[buy("83010", "0.01", Tif::Alo)])),
        "Too many open orders. asset=0"
    );
    assert_eq!(world.records(0).last().unwrap().status, Status::TooManyOpenOrdersRejected);
    let user = world.users[0];
    world.chain.add_volume(user, Amount::whole(5_000_000));
    world.rest(0, buy("83010", "0.01", Tif::Alo));
}

#[test]
fn only_post_only_orders_are_taken_after_an_upgrade() {
    let mut world = World::new();
    world.chain.post_only_until = world.chain.now() + 60_000;
    let text = world.error(0, place(&[buy("83750", "0.01", Tif::Gtc)]));
    assert_eq!(text, "Only post-only orders allowed immediately after network upgrade asset=0");
    world.rest(0, buy("83750", "0.01", Tif::Alo));
    world.wait(60_000);
    world.rest(0, buy("83750", "0.01", Tif::Gtc));
}
