//! Accounts, one rule a test: who may sign, what it costs, what becomes of money (protocol 2, 3.6, 9, 10).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)] // a test

mod common;

use common::{BTC, PURR, START, World, address, buy, order, place, px, sell};
use mm_core::ids::{Oid, Side};
use mm_venue::chain::{
    Action, Address, Amount, AssetIx, BACKSTOP, BentTid, By, Dir, Event, FEES, ONE, Rates, Reply,
    Role, Settings, Status, Submission, Target, Ticket, Tif, TokenIx,
};

fn signed(signer: Address, vault: Option<Address>) -> By {
    By::Signer { signer, vault }
}

fn err(text: &str) -> Reply {
    Reply::Err(text.into())
}

fn noop_by(world: &mut World, by: By) -> Reply {
    let nonce = world.chain.now() + 77;
    let ticket = world.send_as(by, nonce, Action::Noop);
    world.block();
    world.reply(ticket)
}

#[test]
fn who_is_nobody_is_told_so_by_address() {
    let mut world = World::new();
    let text = format!("User or API Wallet {} does not exist.", address(9));
    assert_eq!(noop_by(&mut world, signed(address(9), None)), Reply::Err(text));
}

#[test]
fn an_agent_signs_for_its_master_until_it_is_replaced() {
    let mut world = World::new();
    let approve = |agent, name: &str| Action::ApproveAgent { agent, name: name.into() };
    assert_eq!(world.act(0, approve(address(20), "")), Reply::Default);
    let ticket = world.send_as(
        signed(address(20), None),
        START + 5_000,
        place(&[buy("83000", "0.01", Tif::Alo)]),
    );
    world.block();
    assert!(matches!(world.reply(ticket), Reply::Orders(_)));
    assert_eq!(world.chain.account(world.users[0]).open.len(), 1);
    // What only a master may sign, it may not.
    let ticket = world.send_as(signed(address(20), None), START + 5_001, approve(address(21), "x"));
    world.block();
    let text = format!("Must deposit before performing actions. User: {}", address(20));
    assert_eq!(world.reply(ticket), Reply::Err(text));
    assert_eq!(world.act(0, approve(address(22), "")), Reply::Default);
    let text = format!("User or API Wallet {} does not exist.", address(20));
    assert_eq!(noop_by(&mut world, signed(address(20), None)), Reply::Err(text));
    for number in 30..33 {
        assert_eq!(world.act(0, approve(address(number), &format!("bot{number}"))), Reply::Default);
    }
    assert_eq!(
        world.act(0, approve(address(33), "bot33")),
        err("Too many extra agents for cumulative volume traded. Current limit is 3")
    );
    let past = format!("old valid_until {START}");
    assert_eq!(
        world.act(0, approve(address(34), &past)),
        err("Agent valid_until already expired.")
    );
}

#[test]
fn a_sub_account_is_acted_for_by_its_master_alone() {
    let mut world = World::new();
    let master = world.users[0];
    let sub = world.chain.open_account(address(50), Role::Sub { master });
    world.chain.deposit(sub, 0, Amount::whole(1_000));
    let ticket = world.send_as(
        signed(address(1), Some(address(50))),
        START + 5_000,
        place(&[buy("83000", "0.001", Tif::Alo)]),
    );
    world.block();
    assert!(matches!(world.reply(ticket), Reply::Orders(_)));
    assert_eq!(world.chain.account(sub).open.len(), 1);
    let text = format!("Vault not registered: {}", address(50));
    assert_eq!(noop_by(&mut world, signed(address(2), Some(address(50)))), Reply::Err(text));
    let text = format!("Vault not registered: {}", address(51));
    assert_eq!(noop_by(&mut world, signed(address(1), Some(address(51)))), Reply::Err(text));
}

#[test]
fn what_is_too_late_is_not_carried_out_and_costs_five() {
    let mut world = World::new();
    let before = world.chain.account(world.users[0]).budget.used;
    world.chain.submit(Submission {
        ticket: Ticket(900),
        by: signed(address(1), None),
        nonce: START + 1,
        expires_after: Some(START + 10),
        action: place(&[buy("83000", "0.01", Tif::Alo)]),
    });
    world.wait(83);
    assert_eq!(world.reply(Ticket(900)), err("Action already expired"));
    assert_eq!(world.chain.account(world.users[0]).budget.used, before + 5);
    assert_eq!(world.chain.orders_live(), 0);
}

#[test]
fn an_action_has_at_most_two_hundred_items_and_each_counts() {
    let mut world = World::new();
    let cancels = |n| Action::Cancel(vec![(BTC, Target::Oid(Oid(1))); n]);
    assert_eq!(world.act(0, cancels(201)), err("Signed action over weight limit of 200."));
    let before = world.chain.account(world.users[0]).budget.used;
    assert!(matches!(world.act(0, cancels(200)), Reply::Cancels(all) if all.len() == 200));
    assert_eq!(world.chain.account(world.users[0]).budget.used, before + 200);
}

#[test]
fn the_dead_mans_switch_has_its_gates_and_cancels_all() {
    let mut world = World::new();
    let user = world.users[0];
    let at = |world: &World, ms| Action::ScheduleCancel(Some(world.chain.now() + ms));
    world.chain.add_volume(user, Amount(12_066 * ONE + ONE * 3 / 4));
    let gate = "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $12066.75.";
    let action = at(&world, 60_000);
    assert_eq!(world.act(0, action), err(gate));
    assert_eq!(
        world.act(0, Action::ScheduleCancel(None)),
        err(gate),
        "unsetting has the gate as well"
    );
    world.chain.add_volume(user, Amount::whole(1_000_000));
    let action = at(&world, 4_000);
    assert!(matches!(world.act(0, action), Reply::Err(_)));
    for _ in 0..10 {
        let oid = world.rest(0, buy("83000", "0.01", Tif::Alo));
        let action = at(&world, 6_000);
        assert_eq!(world.act(0, action), Reply::Default);
        world.wait(7_000);
        assert!(world.statuses(0).contains(&(oid, Status::ScheduledCancel, 1_000)));
    }
    let action = at(&world, 6_000);
    assert!(matches!(world.act(0, action), Reply::Err(_)), "ten firings a day");
    world.wait(86_400_000);
    let action = at(&world, 6_000);
    assert_eq!(world.act(0, action), Reply::Default);
    assert_eq!(world.act(0, Action::ScheduleCancel(None)), Reply::Default);
    let oid = world.rest(0, buy("83000", "0.01", Tif::Alo));
    world.wait(10_000);
    assert!(world.chain.order(oid).is_some(), "it was unset");
}

#[test]
fn fees_are_cut_and_go_to_the_venue_and_rebates_come_from_it() {
    let mut world = World::new();
    let maker = world.users[0];
    world.chain.set_rates(
        maker,
        Rates { cross: 450_000, add: -10_000, spot_cross: 700_000, spot_add: -10_000 },
    );
    let money = world.chain.money();
    world.rest(0, sell("83757", "0.00037", Tif::Alo));
    world.one(1, place(&[buy("83757", "0.00037", Tif::Ioc)]));
    // 30.99009 · 0.00045 = 0.0139455405 and 30.99009 · −0.00001 = −0.0003099009, cut.
    assert_eq!(world.fills(1)[0].fee, Amount(139_450_000));
    assert_eq!(world.fills(0)[0].fee, Amount(-3_090_000));
    let venue = world.chain.account(FEES).clearing[0].cash;
    assert_eq!(venue, Amount(139_450_000 - 3_090_000));
    assert_eq!(world.chain.money(), money);
}

#[test]
fn a_builder_is_paid_within_the_fee_if_it_was_approved() {
    let mut world = World::new();
    let builder = address(60);
    let with = |tenths| Action::Order {
        orders: vec![buy("83757", "0.01", Tif::Ioc)],
        grouping: mm_venue::chain::Grouping::Na,
        builder: Some((builder, tenths)),
    };
    world.rest(0, sell("83757", "0.01", Tif::Alo));
    assert_eq!(world.error(1, with(10)), "Builder fee has not been approved. asset=0");
    assert_eq!(world.act(1, Action::ApproveBuilderFee { builder, tenths: 10 }), Reply::Default);
    world.one(1, with(10));
    let fill = world.fills(1)[0];
    // 837.57 · 0.00045 + 837.57 · 0.0001
    assert_eq!(
        (fill.fee, fill.builder_fee),
        (Amount(3_769_060_000 + 837_570_000), Some(Amount(837_570_000)))
    );
    let id = world.chain.by_address(builder).unwrap();
    assert_eq!(world.chain.account(id).clearing[0].cash, Amount(837_570_000));
}

#[test]
fn a_builders_dex_has_its_own_money_and_charges_twice() {
    let mut world = World::new();
    let gold = order(110_000, Side::Sell, "4115.2", "0.01", Tif::Alo);
    world.act(0, place(&[gold]));
    world.one(1, place(&[order(110_000, Side::Buy, "4115.2", "0.01", Tif::Ioc)]));
    let fill = world.fills(1)[0];
    assert_eq!(
        fill.fee,
        Amount(2 * 185_180_000),
        "41.152 · 0.00045 cut, and as much for the deployer"
    );
    let account = world.chain.account(world.users[1]);
    assert_eq!(account.clearing[0].cash, Amount::whole(1_000_000), "the main dex is not touched");
    assert_eq!(account.szi(1, fill.asset).0, 100);
}

#[test]
fn profit_is_told_without_fees_from_the_mean_entry() {
    let mut world = World::new();
    world.rest(1, sell("80000", "1", Tif::Alo));
    world.one(0, place(&[buy("80000", "0.01", Tif::Ioc)]));
    world.one(0, place(&[buy("80000", "0.01", Tif::Ioc)]));
    world.rest(2, buy("79990", "0.03", Tif::Alo));
    world.one(0, place(&[sell("79990", "0.03", Tif::Ioc)]));
    let fill = world.fills(0)[2];
    assert_eq!((fill.dir, fill.closed_pnl), (Dir::LongToShort, Amount(-2_000_000_000)));
    assert_eq!(fill.start, Amount(200_000_000));
    world.rest(1, sell("79980", "1", Tif::Alo));
    world.one(0, place(&[buy("79980", "0.01", Tif::Ioc)]));
    assert_eq!(
        (world.fills(0)[3].dir, world.fills(0)[3].closed_pnl),
        (Dir::CloseShort, Amount(1_000_000_000))
    );
}

#[test]
fn spot_pays_in_what_it_brings_and_holds_what_rests() {
    let mut world = World::new();
    let before =
        [0, 1].map(|user: usize| world.chain.account(world.users[user]).balance(TokenIx(1)).total);
    let resting = order(PURR, Side::Sell, "0.18", "1000", Tif::Alo);
    world.rest(0, resting);
    assert_eq!(world.chain.account(world.users[0]).balance(TokenIx(1)).hold, Amount::whole(1_000));
    world.one(1, place(&[order(PURR, Side::Buy, "0.18", "400", Tif::Ioc)]));
    let (sold, bought) = (world.fills(0)[0], world.fills(1)[0]);
    assert_eq!((bought.fee_token, bought.fee), (TokenIx(1), Amount(2_800_000_000)), "400 · 0.0007");
    assert_eq!((sold.fee_token, sold.fee), (TokenIx(0), Amount(288_000_000)), "72 · 0.0004");
    assert_eq!(
        world.chain.account(world.users[1]).balance(TokenIx(1)).total,
        before[1] + Amount::whole(400) - bought.fee
    );
    let seller = world.chain.account(world.users[0]).balance(TokenIx(1));
    assert_eq!((seller.total, seller.hold), (before[0] - Amount::whole(400), Amount::whole(600)));
    assert_eq!((sold.dir, bought.dir), (Dir::Sell, Dir::Buy));
}

#[test]
fn funding_is_paid_by_the_hour_and_sums_to_nothing() {
    let mut world = World::new();
    world.rest(1, sell("83757", "1", Tif::Alo));
    world.one(0, place(&[buy("83757", "0.5", Tif::Ioc)]));
    let money = world.chain.money();
    let events = world.wait(3_600_000);
    let payments: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Funding(id, payment) => Some((*id, payment.usdc, payment.rate)),
            _ => None,
        })
        .collect();
    // 0.5 · 83757 · 0.0000125 = 0.523481(25), cut; longs pay.
    let paid = Amount(5_234_810_000);
    assert_eq!(payments, [(world.users[0], -paid, 125_000), (world.users[1], paid, 125_000)]);
    assert_eq!(world.chain.money(), money);
}

#[test]
fn who_cannot_carry_a_position_is_liquidated_and_nothing_is_lost() {
    let mut world = World::new();
    let poor = world.chain.open_account(address(70), Role::User);
    world.chain.deposit(poor, 0, Amount::whole(1_000));
    world.users.push(poor);
    world.act(3, Action::UpdateLeverage { asset: BTC, is_cross: true, leverage: 40 });
    world.rest(1, sell("83757", "0.4", Tif::Alo));
    world.one(3, place(&[buy("83757", "0.4", Tif::Ioc)]));
    let resting = world.rest(3, buy("50000", "0.001", Tif::Alo));
    let money = world.chain.money();
    world.rest(2, buy("82500", "0.1", Tif::Alo));
    world.chain.set_oracle(AssetIx(0), px("81500"));
    world.wait(2_000);
    assert_eq!(world.szi(3, BTC), 0);
    assert!(world.statuses(3).contains(&(resting, Status::LiquidatedCanceled, 100)));
    let fills = world.fills(3);
    assert_eq!(fills[1].dir, Dir::Liquidated(false, true));
    assert_eq!(fills[1].liquidation.unwrap().user, poor);
    assert_eq!(
        world.fills(2).last().unwrap().liquidation.unwrap().user,
        poor,
        "told to the other side, too"
    );
    assert!(!world.chain.account(BACKSTOP).szi(0, AssetIx(0)).is_zero(), "the rest was taken over");
    assert!(
        world.events.iter().any(|event| matches!(event, Event::Liquidated(id, _) if *id == poor))
    );
    assert_eq!(world.chain.money(), money);
    assert!(world.chain.account(poor).clearing[0].cash.is_zero());
}

#[test]
fn a_maker_that_cannot_carry_its_fill_is_cancelled_and_the_taker_goes_on() {
    let mut world = World::new();
    let poor = world.chain.open_account(address(70), Role::User);
    world.chain.deposit(poor, 0, Amount::whole(400));
    world.users.push(poor);
    world.act(3, Action::UpdateLeverage { asset: BTC, is_cross: true, leverage: 20 });
    let resting = world.rest(3, sell("83757", "0.09", Tif::Alo));
    world.rest(1, sell("83758", "0.1", Tif::Alo));
    // Its money goes elsewhere meanwhile.
    let open = world.chain.account(poor).open.clone();
    assert_eq!(open.len(), 1);
    world.chain.deposit(poor, 0, Amount::whole(-300));
    world.one(0, place(&[buy("83758", "0.09", Tif::Ioc)]));
    assert!(world.statuses(3).contains(&(resting, Status::MarginCanceled, 9_000)));
    assert_eq!(world.fills(1).len(), 1);
}

#[test]
fn an_isolated_position_takes_its_margin_in_and_gives_it_back() {
    let mut world = World::new();
    world.act(0, Action::UpdateLeverage { asset: BTC, is_cross: false, leverage: 10 });
    world.rest(1, sell("80000", "1", Tif::Alo));
    let before = world.chain.account(world.users[0]).clearing[0].cash;
    world.one(0, place(&[buy("80000", "0.1", Tif::Ioc)]));
    let clearing = &world.chain.account(world.users[0]).clearing[0];
    assert_eq!(
        before - clearing.cash,
        Amount::whole(800),
        "a tenth of 8,000; the fee is paid inside"
    );
    assert_eq!(
        clearing.positions[&AssetIx(0)].isolated,
        Some(Amount::whole(800 - 8_000) - world.fills(0)[0].fee)
    );
    assert_eq!(
        world.act(0, Action::UpdateLeverage { asset: BTC, is_cross: true, leverage: 10 }),
        err("Cannot switch leverage type with open position.")
    );
    assert_eq!(
        world.act(0, Action::UpdateIsolatedMargin { asset: BTC, amount: Amount::whole(50) }),
        Reply::Default
    );
    assert_eq!(
        world.act(0, Action::UpdateIsolatedMargin { asset: 1, amount: Amount::whole(50) }),
        err("Position does not use isolated margin.")
    );
    assert_eq!(
        world.act(0, Action::UpdateLeverage { asset: BTC, is_cross: false, leverage: 41 }),
        err("Invalid leverage value")
    );
    world.rest(2, buy("79990", "1", Tif::Alo));
    world.one(0, place(&[sell("79990", "0.1", Tif::Ioc)]));
    let fees: Amount = world.fills(0).iter().map(|fill| fill.fee).sum();
    assert_eq!(
        world.chain.account(world.users[0]).clearing[0].cash,
        before - Amount::whole(1) - fees
    );
}

#[test]
fn volume_makes_the_tier_of_the_next_day() {
    let mut world = World::with(Settings { mark_every_ms: 3_600_000, ..Settings::default() });
    let user = world.users[0];
    for _ in 0..7 {
        world.rest(1, sell("83757", "9", Tif::Alo));
        world.one(0, place(&[buy("83757", "9", Tif::Ioc)]));
        world.rest(0, sell("83757", "9", Tif::Alo));
        world.one(1, place(&[buy("83757", "9", Tif::Ioc)]));
    }
    assert_eq!(world.chain.account(user).rates.cross, 450_000);
    world.wait(86_400_000);
    let rates = world.chain.account(user).rates;
    assert_eq!(
        (rates.cross, rates.add),
        (400_000, -30_000),
        "above 5 M, and half of all makers' volume"
    );
}

#[test]
fn open_orders_of_spot_need_their_token() {
    let mut world = World::with(Settings::default());
    let text = world.error(0, place(&[order(PURR, Side::Sell, "0.18", "100001", Tif::Alo)]));
    assert_eq!(text, "Order has insufficient spot balance to trade. asset=10000");
    world.rest(0, order(PURR, Side::Sell, "0.18", "60000", Tif::Alo));
    let text = world.error(0, place(&[order(PURR, Side::Sell, "0.18", "60000", Tif::Alo)]));
    assert_eq!(
        text, "Order has insufficient spot balance to trade. asset=10000",
        "what rests is held"
    );
}

#[test]
fn dust_becomes_the_quote_token_by_a_fill_of_no_trade() {
    let mut world = World::new();
    let (user, hype) = (world.users[0], world.chain.metas().by_name("@107").unwrap());
    let before = world.chain.tokens(TokenIx(2));
    assert!(!world.chain.convert_dust(user, hype), "whole lots are no dust");
    world.chain.deposit_spot(user, TokenIx(2), Amount(12_345_678));
    let money = world.chain.money();
    assert!(world.chain.convert_dust(user, hype));
    world.block();
    let fill = *world.fills(0).last().unwrap();
    assert_eq!((fill.tid, fill.tx, fill.dir), (0, 0, Dir::Dust(Amount(12_345_678))));
    assert_eq!(world.chain.account(user).balance(TokenIx(2)).total, Amount::whole(100_000));
    assert_eq!(world.chain.money(), money);
    assert_eq!(world.chain.tokens(TokenIx(2)), before + Amount(12_345_678));
}

#[test]
fn a_delisted_market_ends_its_orders_and_keeps_its_number() {
    let mut world = World::new();
    let oid = world.rest(0, buy("83000", "0.01", Tif::Alo));
    world.chain.delist(AssetIx(0));
    world.block();
    assert!(world.statuses(0).contains(&(oid, Status::DelistedCanceled, 1_000)));
    assert_eq!(
        world.error(0, place(&[buy("83000", "0.01", Tif::Alo)])),
        "Order has invalid asset. asset=0"
    );
    assert_eq!(world.chain.metas().by_name("ETH"), Some(AssetIx(1)));
}

#[test]
fn a_bent_tid_is_bent_for_everybody() {
    let mut world = World::new();
    world.rest(1, sell("83757", "1", Tif::Alo));
    for bent in [None, Some(BentTid::Repeated), Some(BentTid::Zero), None] {
        world.chain.bent_tid = bent;
        world.one(0, place(&[buy("83757", "0.01", Tif::Ioc)]));
    }
    let tids = |user: usize| world.fills(user).iter().map(|fill| fill.tid).collect::<Vec<_>>();
    let taken = tids(0);
    assert_eq!(taken, tids(1));
    assert!(
        taken[0] == taken[1] && taken[2] == 0 && taken[3] != 0 && taken[3] != taken[0],
        "{taken:?}"
    );
}
