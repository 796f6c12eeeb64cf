//! What the model found, each in as few steps as it takes.

use mm_core::effect::Effect;
use mm_core::engine::{CancelRefusal, Config, Engine, ModifyRefusal, NewOrder, Target};
use mm_core::event::{Fill, Status, Update};
use mm_core::ids::{Cloid, Oid, Side, Tif};
use mm_core::lifecycle::Phase;
use mm_core::num::{Px, Sz};

const SIZE: Sz = Sz(10_000_000_000);
const OLD: Cloid = Cloid::ours(0, 1);
const NEW: Cloid = Cloid::ours(0, 2);
const OLD_OID: Oid = Oid(100);
const NEW_OID: Oid = Oid(101);

/// An engine with one resting order.
fn resting() -> (Engine, Vec<Effect>) {
    let (mut engine, mut out) = (Engine::new(None, Config::default()), Vec::new());
    let new = NewOrder {
        cloid: OLD,
        coin: "ONE",
        side: Side::Buy,
        px: Px(100),
        sz: SIZE,
        tif: Tif::Alo,
        reduce_only: false,
    };
    engine.add_pending(&new, &mut out).unwrap();
    engine.finalize(OLD, OLD_OID, None, &mut out).unwrap();
    (engine, out)
}

fn rejected(cloid: Cloid, oid: Oid) -> Update<'static> {
    Update {
        coin: "ONE",
        side: Side::Buy,
        oid,
        cloid: Some(cloid),
        px: Px(100),
        sz: SIZE,
        orig_sz: SIZE,
        reduce_only: false,
        placed: 1,
        status: Status::Rejected,
        word: "badAloPxRejected",
        time: 1,
    }
}

fn phase(engine: &Engine, cloid: Cloid) -> Phase {
    engine.leg(Target::Cloid(cloid)).unwrap().phase
}

#[test]
fn a_refused_modify_tells_of_the_old_leg_after_its_new_leg_left_the_line() {
    let (mut engine, mut out) = resting();
    engine.initiate_modify(Target::Cloid(OLD), NEW, Px(101), SIZE, &mut out).unwrap();
    engine.initiate_cancel(Target::Cloid(OLD), &mut out).unwrap();
    engine.update(&rejected(NEW, NEW_OID), &mut out).unwrap();
    engine.on_modify_error(NEW, ModifyRefusal::OldGone, &mut out).unwrap();
    assert_eq!(phase(&engine, OLD), Phase::Gone);
    engine.on_cancel_error(Target::Cloid(OLD), CancelRefusal::NotDone, Some(1), &mut out).unwrap();
    assert_eq!(phase(&engine, OLD), Phase::Gone);
}

/// Two fills that cancel out, one of them of this leg, and a third that links across them: the chain has no break.
#[test]
fn a_chain_without_a_break_does_not_settle_a_leg_whose_fill_is_missing() {
    let (mut engine, mut out) = (Engine::new(None, Config::default()), Vec::new());
    engine.on_position("ONE", SIZE, None, 1, &mut out).unwrap();
    let new = NewOrder {
        cloid: OLD,
        coin: "ONE",
        side: Side::Sell,
        px: Px(100),
        sz: Sz(2 * SIZE.0),
        tif: Tif::Alo,
        reduce_only: true,
    };
    engine.add_pending(&new, &mut out).unwrap();
    // Bought one (not told), sold one (not told): the position is as before. Then the rest is canceled.
    let canceled = Update {
        side: Side::Sell,
        orig_sz: Sz(2 * SIZE.0),
        reduce_only: true,
        status: Status::Canceled,
        word: "reduceOnlyCanceled",
        time: 20,
        ..rejected(OLD, OLD_OID)
    };
    engine.update(&canceled, &mut out).unwrap();
    engine.fill(&bought(30, SIZE), true, &mut out).unwrap();
    engine.tick(1_000_000, &mut out);
    assert_eq!(phase(&engine, OLD), Phase::Draining);
    engine.on_fills_complete("ONE", 40, &mut out).unwrap();
    engine.tick(2_000_000, &mut out);
    assert_eq!(phase(&engine, OLD), Phase::Cancelled);
}

#[test]
fn a_chain_without_a_break_does_not_let_go_of_fills_that_are_missing() {
    let (mut engine, mut out) = (Engine::new(None, Config::default()), Vec::new());
    engine.on_position("ONE", Sz(0), None, 1, &mut out).unwrap();
    // One sold and one bought before it are not told yet.
    engine.fill(&bought(30, Sz(0)), true, &mut out).unwrap();
    assert_eq!(engine.proven_until("ONE"), Some(30));
    assert!(engine.forget("ONE", 30).is_err());
    engine.on_fills_complete("ONE", 30, &mut out).unwrap();
    assert!(engine.forget("ONE", 30).is_ok());
}

fn bought(time: u64, start: Sz) -> Fill<'static> {
    Fill {
        coin: "ONE",
        side: Side::Buy,
        px: Px(100),
        sz: SIZE,
        time,
        tid: time,
        oid: NEW_OID,
        start: Some(start),
        cloid: None,
        fee: None,
        fee_token: "",
        closed_pnl: None,
        crossed: None,
        liquidated: None,
    }
}
