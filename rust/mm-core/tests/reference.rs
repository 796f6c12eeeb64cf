//! Random evidence against a naive reference that shares no code with the engine: a literal set of atoms, and every view
//! a plain function of that set. The atoms come in any order, twice or not at all.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod common;

#[path = "reference/naive.rs"]
mod naive;
#[path = "reference/world.rs"]
mod world;

use common::{BTC, Bench, Msg, by_oid};
use mm_core::ids::Oid;
use mm_core::lifecycle::Phase;
use naive::{Class, Reference};
use proptest::prelude::*;
use world::{LOT, Plan, World, plan};

fn class_of(phase: Phase) -> Class {
    match phase {
        Phase::Pending | Phase::Unknown | Phase::CancelingBlind => Class::Unseen,
        Phase::Live | Phase::Modifying | Phase::Canceling => Class::Live,
        Phase::Replaced => Class::Replaced,
        Phase::Gone => Class::Gone,
        Phase::Draining | Phase::Cancelled => Class::Dead,
        Phase::Filled => Class::Filled,
        Phase::Rejected => Class::Rejected,
    }
}

/// Everything that the reference says, of the engine.
fn compare(bench: &Bench, world: &World, reference: &Reference) -> Result<(), TestCaseError> {
    let engine = &bench.engine;
    let position = engine.position(BTC);
    prop_assert_eq!(position.size.0, reference.position(world) * LOT, "position");
    prop_assert_eq!(position.provisional.0, reference.provisional(world) * LOT, "provisional");
    let gaps: Vec<_> =
        position.gaps.iter().map(|g| (g.from, g.to, g.expected.0 / LOT, g.found.0 / LOT)).collect();
    prop_assert_eq!(gaps, reference.gaps(world));
    prop_assert_eq!(position.worst_long.0, reference.worst(world, 1) * LOT, "worst long");
    prop_assert_eq!(position.worst_short.0, reference.worst(world, -1) * LOT, "worst short");
    for order in &world.orders {
        let view = engine.order(mm_core::engine::Target::Cloid(order.legs[0].cloid)).expect("ours");
        let executed: i128 = order.legs.iter().map(|leg| reference.executed(leg)).sum();
        prop_assert_eq!(view.cum_qty.0, executed * LOT, "cum_qty of {:?}", order.legs[0].cloid);
        for leg in &order.legs {
            let oid = Oid(leg.oid);
            let remaining = (reference.answered(leg) - reference.traded(leg)).max(0) * LOT;
            if reference.is_bound(leg) {
                prop_assert_eq!(engine.immediate_remaining(oid).0, remaining);
            }
            if let Some(shown) = view.legs.iter().find(|l| l.cloid == Some(leg.cloid)) {
                prop_assert_eq!(shown.executed().0, reference.executed(leg) * LOT);
                // Refused, and seen to live: who came first decides where it is, and nothing that counts.
                let denied = reference.is_at_odds(leg) && shown.phase == Phase::Rejected;
                prop_assert!(
                    denied || class_of(shown.phase) == reference.class(world, leg),
                    "{:?} is {:?}",
                    leg,
                    shown.phase
                );
            }
        }
    }
    let active: Vec<u64> = [mm_core::ids::Side::Buy, mm_core::ids::Side::Sell]
        .iter()
        .flat_map(|&side| engine.active(BTC, side))
        .map(|view| view.legs[view.current].oid.expect("live, hence named").0)
        .collect();
    for oid in active {
        let order =
            world.orders.iter().find(|o| o.legs.iter().any(|l| l.oid == oid)).expect("ours");
        let leg = order.legs.iter().find(|l| l.oid == oid).expect("found above");
        prop_assert_eq!(reference.class(world, leg), Class::Live);
        prop_assert!(engine.order(by_oid(oid)).is_some());
    }
    Ok(())
}

fn drawn(atoms: &[Msg], order: &[prop::sample::Index]) -> Vec<Msg> {
    let mut left = atoms.to_vec();
    order
        .iter()
        .cycle()
        .take(atoms.len())
        .map(|at| left.swap_remove(at.index(left.len())))
        .collect()
}

type Draw = (Vec<Plan>, Vec<prop::sample::Index>, Vec<prop::sample::Index>, Vec<u8>);

fn draw() -> impl Strategy<Value = Draw> {
    let indexes = || prop::collection::vec(any::<prop::sample::Index>(), 61);
    (prop::collection::vec(plan(), 1..=4), indexes(), indexes(), prop::collection::vec(0u8..=9, 61))
}

proptest! {
    #[test]
    fn the_engine_says_what_the_reference_says((plans, trades, arrival, copies) in draw()) {
        let world = World::of(&plans, &trades);
        let mut atoms = Vec::new();
        for (atom, copies) in world.atoms.iter().zip(&copies) {
            // One in ten is lost, two in ten come twice.
            let times = match copies { 0 => 0, 1 | 2 => 2, _ => 1 };
            atoms.extend(std::iter::repeat_n(atom.clone(), times));
        }
        let mut bench = world.asked();
        let mut reference = Reference::of(&world);
        compare(&bench, &world, &reference)?;
        for atom in drawn(&atoms, &arrival) {
            bench.tell(&atom);
            reference.add(&atom);
            // After every atom, not only at the end: each prefix is a set of evidence, too.
            compare(&bench, &world, &reference)?;
        }
    }

    #[test]
    fn all_evidence_in_any_two_orders_ends_in_the_truth((plans, trades, arrival, _) in draw()) {
        let world = World::of(&plans, &trades);
        let (mut one, mut other) = (world.asked(), world.asked());
        for atom in &world.atoms {
            one.tell(atom);
        }
        for atom in drawn(&world.atoms, &arrival) {
            other.tell(&atom);
        }
        if !world.denied() {
            prop_assert_eq!(common::views(&one.engine), common::views(&other.engine));
            prop_assert_eq!(one.engine.digest(), other.engine.digest());
        }
        let position = one.engine.position(BTC);
        prop_assert_eq!(&position, &other.engine.position(BTC));
        prop_assert_eq!((position.size.0, position.provisional.0), (world.truth * LOT, 0));
        prop_assert!(position.gaps.is_empty());
    }
}
