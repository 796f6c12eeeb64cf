//! Positions that the venue states: they start a chain, later they are compared, and they never overwrite.

use mm_core::effect::{Effect, Query};
use mm_core::num::Sz;
use proptest::prelude::*;

use crate::common::{BTC, Bench, FillExt, fill, sz};
use crate::history::{assert_proven, engine, order_of_arrival, shuffled, tell, walk};
use mm_core::ids::Side::{Buy, Sell};

#[test]
fn an_anchor_starts_the_chain_and_holds_all_of_its_own_block() {
    let mut bench = Bench::new();
    bench.engine.on_position(BTC, sz("3"), None, 1_000, &mut bench.effects).unwrap();
    bench.fill(fill(Buy, 7, 1, "1", "1").at(999));
    bench.fill(fill(Buy, 7, 2, "1", "2").at(1_000));
    assert_eq!(
        (bench.engine.position(BTC).size, bench.engine.proven_until(BTC)),
        (sz("3"), Some(1_000))
    );
    bench.fill(fill(Sell, 8, 3, "2", "3").at(1_001));
    assert_eq!(
        (bench.engine.position(BTC).size, bench.engine.proven_until(BTC)),
        (sz("1"), Some(1_001))
    );
}

#[test]
fn a_fill_of_the_anchors_own_block_that_starts_from_it_comes_after() {
    let mut bench = Bench::new();
    bench.engine.on_position(BTC, sz("3"), None, 1_000, &mut bench.effects).unwrap();
    bench.fill(fill(Buy, 7, 1, "1", "3").at(1_000));
    assert_eq!(bench.engine.position(BTC).size, sz("4"));
}

#[test]
fn the_first_break_after_an_anchor_is_seen() {
    let mut bench = Bench::new();
    bench.engine.on_position(BTC, sz("3"), None, 1_000, &mut bench.effects).unwrap();
    bench.fill(fill(Buy, 7, 1, "1", "5").at(2_000));
    let gaps = bench.engine.position(BTC).gaps;
    assert_eq!(
        (gaps.len(), gaps[0].missing(), gaps[0].from, gaps[0].to),
        (1, sz("2"), 1_000, 2_000)
    );
    assert!(matches!(bench.effects.last(), Some(Effect::GapFound(_, gap)) if *gap == gaps[0]));
    bench.fill(fill(Buy, 7, 2, "2", "3").at(1_500));
    assert!(bench.engine.position(BTC).gaps.is_empty());
    assert!(matches!(bench.effects.last(), Some(Effect::GapClosed(..))));
}

#[test]
fn a_position_that_agrees_proves_nothing_and_one_that_differs_asks() {
    let mut bench = Bench::new();
    bench.fill(fill(Buy, 7, 1, "1", "0").at(1_000));
    bench.engine.on_position(BTC, sz("1"), None, 3_000, &mut bench.effects).unwrap();
    assert_eq!(bench.engine.proven_until(BTC), Some(1_000), "what was lost may add up to zero");
    bench.engine.on_fills_complete(BTC, 3_000, &mut bench.effects).unwrap();
    assert_eq!(bench.engine.proven_until(BTC), Some(3_000));
    bench.effects.clear();
    bench.engine.on_position(BTC, sz("1.5"), None, 4_000, &mut bench.effects).unwrap();
    assert_eq!(bench.engine.position(BTC).size, sz("1"), "it never overwrites");
    let Effect::PositionDiffers { ours, theirs, as_of, .. } = bench.effects[0] else {
        panic!("{:?}", bench.effects)
    };
    assert_eq!((ours, theirs, as_of), (sz("1"), sz("1.5"), 4_000));
    let window = Query::Fills { from: 3_000, to: 4_000 };
    assert!(matches!(bench.effects[1], Effect::Ask { query, .. } if query == window));
}

#[test]
fn a_position_older_than_the_chain_says_nothing() {
    let mut bench = Bench::new();
    bench.fill(fill(Buy, 7, 1, "1", "5").at(1_000));
    bench.engine.on_position(BTC, sz("77"), None, 500, &mut bench.effects).unwrap();
    assert!(!bench.effects.iter().any(|e| matches!(e, Effect::PositionDiffers { .. })));
}

proptest! {
    /// A statement taken anywhere in a history agrees with it, whatever is told before it.
    #[test]
    fn a_true_statement_never_differs((history, order, at) in (walk(30), order_of_arrival(), any::<prop::sample::Index>())) {
        let mut one = engine(1_024);
        tell(&mut one, &shuffled(&history.fills, &order));
        let fill = history.fills[at.index(history.fills.len())];
        let block_end = history.fills.iter().rev().find(|f| f.time == fill.time).expect("itself at least");
        let position = Sz(block_end.start.expect("told").0 + block_end.side.sign() * block_end.sz.0);
        let mut out = Vec::new();
        one.on_position(BTC, position, None, fill.time, &mut out).expect("in range");
        prop_assert_eq!(out, vec![]);
        assert_proven(&one, &history)?;
    }

    /// An anchor between two blocks, and the fills of both sides in any order: those before it are held in it.
    #[test]
    fn an_anchored_chain_takes_what_is_new_and_nothing_twice(
        (history, order, at) in (walk(30), order_of_arrival(), any::<prop::sample::Index>()),
    ) {
        let cut = history.fills[at.index(history.fills.len())].time;
        let last = history.fills.iter().rev().find(|f| f.time == cut).expect("itself at least");
        let position = Sz(last.start.expect("told").0 + last.side.sign() * last.sz.0);
        // A snapshot between two blocks, so that no fill shares its millisecond.
        let mut fills = history.fills.clone();
        for fill in &mut fills {
            fill.time = fill.time * 2 - u64::from(fill.time <= cut);
        }
        let mut one = engine(1_024);
        one.on_position(BTC, position, None, cut * 2, &mut Vec::new()).expect("in range");
        tell(&mut one, &shuffled(&fills, &order));
        let view = one.position(BTC);
        prop_assert_eq!((view.size, view.gaps.len()), (history.end, 0));
    }
}
