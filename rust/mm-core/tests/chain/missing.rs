//! Whatever is missing shows at the next fill; nothing is missing that is not.

use mm_core::event::Fill;
use mm_core::num::Sz;
use proptest::prelude::*;

use crate::common::{BTC, views};
use crate::history::{
    History, assert_proven, engine, history, order_of_arrival, shuffled, step, tell, tell_at_once,
    walk,
};

proptest! {
    #[test]
    fn all_fills_in_any_order_leave_no_gap((history, order) in (walk(40), order_of_arrival())) {
        let mut one = engine(1_024);
        tell(&mut one, &shuffled(&history.fills, &order));
        assert_proven(&one, &history)?;
    }

    #[test]
    fn any_two_orders_and_a_batch_agree_in_every_view(
        (history, a, b) in (walk(24), order_of_arrival(), order_of_arrival()),
    ) {
        let (mut one, mut other, mut batch) = (engine(1_024), engine(1_024), engine(1_024));
        tell(&mut one, &shuffled(&history.fills, &a));
        tell(&mut other, &shuffled(&history.fills, &b));
        tell_at_once(&mut batch, &shuffled(&history.fills, &b));
        prop_assert_eq!(views(&one), views(&other));
        prop_assert_eq!(views(&one), views(&batch));
        prop_assert_eq!(one.digest(), other.digest());
        prop_assert_eq!(one.digest(), batch.digest());
    }

    #[test]
    fn a_spot_fee_in_the_base_token_is_part_of_the_chain(
        (steps, order) in (prop::collection::vec(step(), 2..30), order_of_arrival()),
    ) {
        let history = history(3, &steps, Some(1_000));
        let mut one = engine(1_024);
        one.set_coin(BTC, Some(2), Some("BASE")).expect("a pair");
        tell(&mut one, &shuffled(&history.fills, &order));
        assert_proven(&one, &history)?;
    }

    #[test]
    fn what_is_missing_is_known_by_its_size_and_its_window_and_late_fills_close_it(
        (history, order, lost) in (walk(30), order_of_arrival(), prop::collection::vec(any::<bool>(), 30)),
    ) {
        let (kept, mut gone) = split(&history, &lost);
        let mut one = engine(1_024);
        tell(&mut one, &shuffled(&kept, &order));
        let position = one.position(BTC);
        let missing: i128 = gone.iter().map(|fill| fill.side.sign() * fill.sz.0).sum();
        prop_assert_eq!(position.missing, Sz(missing));
        prop_assert_eq!(position.size, Sz(history.end.0 - missing));
        let proven = position.proven_until.expect("the first fill is there");
        prop_assert!(position.gaps.iter().all(|gap| gap.from >= proven), "proven beyond a gap");
        let (up, down) = (position.worst_long, position.worst_short);
        prop_assert!(down <= history.end && history.end <= up, "{} is outside {}..{}", history.end, down, up);
        // Read what the windows hold, and no more: it is enough.
        let mut rounds = 0;
        while !one.position(BTC).gaps.is_empty() {
            let gaps = one.position(BTC).gaps;
            let shows = |fill: &Fill<'_>| gaps.iter().any(|gap| gap.from <= fill.time && fill.time <= gap.to);
            let (found, left): (Vec<_>, Vec<_>) = gone.into_iter().partition(shows);
            prop_assert!(!found.is_empty(), "nothing is missing in {:?}", gaps);
            tell(&mut one, &found);
            gone = left;
            rounds += 1;
        }
        prop_assert!(rounds <= 3, "{} rounds", rounds);
        assert_proven(&one, &history)?;
        // What was lost without a trace was a loop: its coming changes no position.
        tell(&mut one, &shuffled(&gone, &order));
        assert_proven(&one, &history)?;
    }

    #[test]
    fn copies_change_nothing((history, order) in (walk(20), order_of_arrival())) {
        let mut one = engine(1_024);
        tell(&mut one, &shuffled(&history.fills, &order));
        let (before, digest) = (views(&one), one.digest());
        tell(&mut one, &history.fills);
        prop_assert_eq!(before, views(&one));
        prop_assert_eq!(digest, one.digest());
    }
}

/// Some of the fills get lost; never the first and the last.
fn split(history: &History, lost: &[bool]) -> (Vec<Fill<'static>>, Vec<Fill<'static>>) {
    let last = history.fills.len() - 1;
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for (at, fill) in history.fills.iter().enumerate() {
        let is_lost = at != 0 && at != last && lost[at];
        if is_lost { gone.push(*fill) } else { kept.push(*fill) }
    }
    (kept, gone)
}
