//! Realised profit is that of the average cost in the true order, whatever the order of arrival.

use proptest::prelude::*;

use crate::common::{BTC, views};
use crate::history::{
    History, LOT, Step, engine, history, jostled, order_of_arrival, shuffled, some_late, step, tell,
};

/// A fraction of small numbers, kept in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fraction(i128, i128);

impl Fraction {
    fn new(above: i128, below: i128) -> Self {
        let (mut a, mut b) = (above.abs(), below.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let sign = if below < 0 { -1 } else { 1 };
        Self(sign * above / a.max(1), sign * below / a.max(1))
    }
    fn plus(self, other: Self) -> Self {
        Self::new(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }
    fn times(self, above: i128, below: i128) -> Self {
        Self::new(self.0 * above, self.1 * below)
    }
}

/// Realised profit in dollars times lots, by the schoolbook; and how often a part of a position was closed.
fn schoolbook(history: &History) -> (Fraction, i128) {
    let first = &history.fills[0];
    let price_of = |fill: &mm_core::event::Fill<'_>| i128::from(fill.px.0 / 10i64.pow(8));
    let mut size = first.start.expect("told").0 / LOT;
    let mut cost = Fraction::new(size * price_of(first), 1);
    let (mut realised, mut closings) = (Fraction::new(0, 1), 0);
    for fill in &history.fills {
        let (signed, price) = (fill.side.sign() * fill.sz.0 / LOT, price_of(fill));
        let closed = if size.signum() == -signed.signum() {
            signed.abs().min(size.abs()) * size.signum()
        } else {
            0
        };
        if closed != 0 {
            let released = cost.times(closed, size);
            realised = realised.plus(Fraction::new(closed * price, 1)).plus(released.times(-1, 1));
            cost = cost.plus(released.times(-1, 1));
            closings += 1;
        }
        cost = cost.plus(Fraction::new((signed + closed) * price, 1));
        size += signed;
    }
    (realised, closings)
}

/// One direction within a millisecond, as a sweep of the book gives: then there is one order only.
fn sweeps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 2..40).prop_map(|mut steps| {
        for at in 1..steps.len() {
            if steps[at].wait == 0 && steps[at].lots.signum() != steps[at - 1].lots.signum() {
                steps[at].lots = -steps[at].lots;
            }
        }
        steps
    })
}

proptest! {
    #[test]
    fn realised_profit_is_the_schoolbooks((start, steps, order) in (-4i8..=4, sweeps(), order_of_arrival())) {
        let history = history(start, &steps, None);
        let mut one = engine(1_024);
        tell(&mut one, &shuffled(&history.fills, &order));
        let (wanted, closings) = schoolbook(&history);
        let realised = one.position(BTC).realised.0;
        // In units of 10⁻¹⁸; each closing may round once, toward zero.
        let off = (realised * wanted.1 - wanted.0 * 10i128.pow(18)).abs();
        prop_assert!(off <= closings * wanted.1, "{} is not {:?}", realised, wanted);
    }

    #[test]
    fn a_small_window_realises_the_same((start, steps, order) in (-4i8..=4, sweeps(), order_of_arrival())) {
        let history = history(start, &steps, None);
        let (mut small, mut large) = (engine(4), engine(1_024));
        tell(&mut small, &jostled(&history.fills, &order, 2));
        tell(&mut large, &history.fills);
        prop_assert_eq!(views(&small), views(&large));
    }

    /// Fills that come after they were folded over have lost their place; still nothing is left over at the end.
    #[test]
    fn whatever_the_order_a_flat_position_has_realised_its_cash(
        (steps, order, late) in (sweeps(), order_of_arrival(), Just(1usize)),
    ) {
        let mut history = history(0, &steps, None);
        let first = history.fills.remove(0);
        let mut one = engine(4);
        tell(&mut one, &[first]);
        tell(&mut one, &some_late(&history.fills, &order, late));
        let view = one.position(BTC);
        prop_assert_eq!((view.size, view.gaps.len()), (history.end, 0));
        if view.size.0 == 0 {
            prop_assert_eq!(view.realised, view.cash);
        }
    }
}
