//! Old fills are folded into stretches; late ones find their place all the same.

use proptest::prelude::*;

use crate::common::{BTC, views};
use crate::history::{assert_proven, engine, jostled, order_of_arrival, some_late, tell, walk};

proptest! {
    #[test]
    fn a_small_window_forgets_no_position((history, order, window) in (walk(60), order_of_arrival(), 2usize..=8)) {
        let mut one = engine(window);
        tell(&mut one, &jostled(&history.fills, &order, window / 2));
        assert_proven(&one, &history)?;
    }

    #[test]
    fn fills_that_come_long_after_the_others_close_every_gap(
        (history, order, late, window) in (walk(60), order_of_arrival(), 1usize..=8, 2usize..=8),
    ) {
        let mut one = engine(window);
        tell(&mut one, &some_late(&history.fills, &order, late));
        assert_proven(&one, &history)?;
    }

    #[test]
    fn what_is_let_go_of_is_not_booked_again((history, cut) in (walk(30), 0usize..30)) {
        let mut one = engine(4);
        tell(&mut one, &history.fills);
        let before = history.fills[cut.min(history.fills.len() - 1)].time;
        one.on_fills_complete(BTC, before, &mut Vec::new()).expect("a coin of this engine");
        one.forget(BTC, before).expect("all is proven");
        let (seen, fills) = (views(&one), one.position(BTC).fills);
        tell(&mut one, &history.fills);
        prop_assert_eq!(seen, views(&one));
        prop_assert_eq!(fills, one.position(BTC).fills);
        assert_proven(&one, &history)?;
    }
}
