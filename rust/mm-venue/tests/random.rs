//! Random histories of random accounts: the venue's own laws hold after every block.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)] // a test

mod common;

use std::collections::BTreeMap;

use common::{PURR, START, World, address, order};
use mm_core::ids::{Cloid, Oid, Side};
use mm_core::num::Px;
use mm_venue::chain::{
    AccountId, Action, Amount, AssetIx, By, Chain, Event, Fill, Grouping, NewOrder, Settings,
    Status, Target, Tif, TokenIx, Type, mix,
};
use proptest::prelude::*;

const ASSETS: [(u32, &str, &str); 3] =
    [(0, "83757", "0.001"), (1, "2686.6", "0.01"), (PURR, "0.18215", "1000")];

/// Everything that is needed to make one action, whatever the state.
#[derive(Clone, Debug)]
struct Step {
    user: usize,
    kind: u8,
    asset: usize,
    buy: bool,
    ticks: i64,
    size: i64,
    tif: u8,
    reduce_only: bool,
    pick: usize,
    cloid: Option<u8>,
    block: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let first = (0..3usize, 0..20u8, 0..3usize, any::<bool>(), -8..8i64, 1..40i64);
    let second = (
        0..5u8,
        prop::bool::weighted(0.2),
        any::<usize>(),
        prop::option::of(0..20u8),
        any::<bool>(),
    );
    (first, second).prop_map(
        |((user, kind, asset, buy, ticks, size), (tif, reduce_only, pick, cloid, block))| Step {
            user,
            kind,
            asset,
            buy,
            ticks,
            size,
            tif,
            reduce_only,
            pick,
            cloid,
            block,
        },
    )
}

fn new_order(chain: &Chain, step: &Step) -> NewOrder {
    let (asset, px, sz) = ASSETS[step.asset];
    let side = if step.buy { Side::Buy } else { Side::Sell };
    let tif = [Tif::Alo, Tif::Alo, Tif::Gtc, Tif::Ioc, Tif::FrontendMarket][usize::from(step.tif)];
    let base = order(asset, side, px, sz, tif);
    let meta = chain.metas().asset(chain.metas().by_id(asset).unwrap());
    let (px, unit) = (base.px.unwrap(), base.sz.unwrap());
    let px = Px(px.0 + meta.tick(px) * step.ticks);
    let kind = if step.kind == 19 {
        Type::Trigger {
            is_market: step.pick.is_multiple_of(2),
            px: Some(px),
            take_profit: step.buy,
        }
    } else {
        base.kind
    };
    NewOrder {
        px: Some(px),
        sz: Some(mm_core::num::Sz(unit.0 * i128::from(step.size))),
        reduce_only: step.reduce_only,
        cloid: step.cloid.map(|c| Cloid(u128::from(c))),
        kind,
        ..base
    }
}

fn action(chain: &Chain, id: AccountId, step: &Step) -> Action {
    let open: Vec<Oid> = chain.account(id).open.iter().copied().collect();
    let target = open.get(step.pick % open.len().max(1)).copied().unwrap_or(Oid(1));
    let asset = chain.order(target).map_or(0, |order| chain.metas().asset(order.asset).id);
    match step.kind {
        0..=2 => Action::Cancel(vec![(asset, Target::Oid(target))]),
        3 => {
            Action::Cancel(vec![(asset, Target::Cloid(Cloid(u128::from(step.cloid.unwrap_or(0)))))])
        }
        4..=6 => Action::Modify {
            single: step.kind == 4,
            changes: vec![(Target::Oid(target), new_order(chain, step))],
            always_place: step.pick.is_multiple_of(5),
        },
        7 => Action::UpdateLeverage {
            asset: ASSETS[step.asset].0,
            is_cross: step.buy,
            leverage: 1 + step.tif.into_u32(),
        },
        8 => Action::UpdateIsolatedMargin { asset: 0, amount: Amount::whole(step.ticks * 100) },
        9 => Action::UsdClassTransfer { amount: Amount::whole(step.size), to_perp: step.buy },
        _ => {
            let grouping = match step.kind {
                19 => Grouping::PositionTpsl,
                18 => Grouping::NormalTpsl,
                _ => Grouping::Na,
            };
            let mut orders = vec![new_order(chain, step)];
            if step.kind == 18 {
                orders.push(new_order(chain, &Step { kind: 19, buy: !step.buy, ..step.clone() }));
            }
            Action::Order { orders, grouping, builder: None }
        }
    }
}

trait Widen {
    fn into_u32(self) -> u32;
}
impl Widen for u8 {
    fn into_u32(self) -> u32 {
        u32::from(self)
    }
}

/// What was executed of each order, from the fills alone, and where each account stands.
#[derive(Default)]
struct Book {
    sums: BTreeMap<Oid, i64>,
    tids: BTreeMap<u64, u32>,
    ends: BTreeMap<(AccountId, AssetIx), Amount>,
}

impl Book {
    fn read(&mut self, chain: &Chain, event: &Event) {
        match event {
            Event::Fill(id, fill) => self.fill(chain, *id, fill),
            Event::Order(record) if !record.status.is_live() => {
                let order = record.order;
                assert_eq!(
                    self.sums.get(&order.oid).copied().unwrap_or(0),
                    order.filled.0,
                    "sum of fills of {order:?}"
                );
                if record.status == Status::Filled {
                    assert!(order.filled.0 > 0);
                }
                if !order.reduce_only && !order.position_tpsl {
                    assert_eq!(order.filled + order.sz, order.orig, "{record:?}");
                }
            }
            _ => {}
        }
    }

    fn fill(&mut self, chain: &Chain, id: AccountId, fill: &Fill) {
        *self.sums.entry(fill.oid).or_default() += fill.sz.0;
        *self.tids.entry(fill.tid).or_default() += 1;
        let meta = chain.metas().asset(fill.asset);
        let moved = mm_venue::chain::amount_of(fill.sz, meta.sz_decimals).0 * fill.side.sign();
        // Perpetuals: start plus what was traded is the next start. Spot: less the fee, where that is the base token.
        if meta.dex().is_some() {
            if let Some(end) = self.ends.insert((id, fill.asset), Amount(fill.start.0 + moved)) {
                assert_eq!(end, fill.start, "the chain of {id:?}");
            }
        } else {
            let in_base = fill.fee_token != TokenIx(0);
            let end = fill.start.0 + moved - if in_base { fill.fee.0 } else { 0 };
            if let Some(end) = self.ends.insert((id, fill.asset), Amount(end)) {
                assert_eq!(end, fill.start, "the chain of {id:?}");
            }
        }
    }
}

fn run(steps: &[Step], settings: Settings) -> (World, Book) {
    let mut world = World::with(settings);
    let (money, tokens) = (world.chain.money(), [1, 2].map(|t| world.chain.tokens(TokenIx(t))));
    let mut book = Book::default();
    for (i, step) in steps.iter().enumerate() {
        let id = world.users[step.user];
        let action = action(&world.chain, id, step);
        world.send(step.user, action);
        if step.block {
            if i % 7 == 0 {
                let btc = AssetIx(0);
                let by = i64::try_from(mix(i as u64) % 4_000).unwrap() - 2_000;
                let old = world.chain.prices(btc).oracle;
                world.chain.set_oracle(btc, Px(old.0 + by * 100_000_000));
            }
            let wait = if i % 50 == 49 { 3_700_000 } else { 83 };
            for event in world.wait(wait) {
                book.read(&world.chain, &event);
            }
            assert_eq!(world.chain.money(), money, "money of all accounts");
            assert_eq!([1, 2].map(|t| world.chain.tokens(TokenIx(t))), tokens);
        }
    }
    (world, book)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_the_venue_hold_after_every_block(steps in prop::collection::vec(step(), 1..250)) {
        let (_, book) = run(&steps, Settings::default());
        prop_assert!(book.tids.values().all(|n| *n == 2), "every trade has two fills of one tid");
    }

    #[test]
    fn the_same_history_has_the_same_trace(steps in prop::collection::vec(step(), 1..60)) {
        let settings = Settings { modify_cancel_first: true, modify_refused_pushes: false, ..Settings::default() };
        let digits = [0, 1].map(|_| run(&steps, settings).0.chain.trace().digits());
        prop_assert_eq!(&digits[0], &digits[1]);
    }
}

#[test]
fn addresses_of_a_world_are_its_own() {
    let world = World::new();
    assert_eq!(world.chain.by_address(address(1)), Some(world.users[0]));
    assert_eq!(world.chain.now(), START);
    let nobody = By::Signer { signer: address(9), vault: None };
    assert!(matches!(nobody, By::Signer { .. }));
}

/// A long history from one seed: what the random ones above are made of, in one piece.
fn long(steps: u64, seed: u64) -> Vec<Step> {
    let draw = |i: u64, lane: u64| mix(seed ^ mix(i * 16 + lane));
    let small = |word: u64, below: u64| usize::try_from(word % below).unwrap();
    (0..steps)
        .map(|i| Step {
            user: small(draw(i, 0), 3),
            kind: u8::try_from(draw(i, 1) % 20).unwrap(),
            asset: small(draw(i, 2), 3),
            buy: draw(i, 3) % 2 == 0,
            ticks: i64::try_from(draw(i, 4) % 16).unwrap() - 8,
            size: 1 + i64::try_from(draw(i, 5) % 39).unwrap(),
            tif: u8::try_from(draw(i, 6) % 5).unwrap(),
            reduce_only: draw(i, 7) % 5 == 0,
            pick: small(draw(i, 8), 1 << 30),
            cloid: (draw(i, 9) % 2 == 0).then_some(u8::try_from(draw(i, 10) % 20).unwrap()),
            block: draw(i, 11) % 2 == 0,
        })
        .collect()
}

#[test]
fn a_long_history_comes_upon_most_that_can_happen() {
    let settings = Settings { records_kept: 100_000, address_limit: false, ..Settings::default() };
    let (world, _) = run(&long(30_000, 7), settings);
    let mut seen: BTreeMap<Status, u64> = BTreeMap::new();
    for user in 0..3 {
        world.records(user).iter().for_each(|record| *seen.entry(record.status).or_default() += 1);
    }
    let fills: usize = (0..3).map(|user| world.fills(user).len()).sum();
    assert!(fills > 1_000, "{fills} fills, {seen:?}");
    for status in [
        Status::Open,
        Status::Triggered,
        Status::Filled,
        Status::Canceled,
        Status::SelfTradeCanceled,
        Status::ReduceOnlyCanceled,
        Status::ReduceOnlyRejected,
        Status::BadAloPxRejected,
        Status::IocCancelRejected,
        Status::BadTriggerPxRejected,
        Status::MarketOrderNoLiquidityRejected,
    ] {
        assert!(seen.contains_key(&status), "{status:?} never came: {seen:?}");
    }
}
