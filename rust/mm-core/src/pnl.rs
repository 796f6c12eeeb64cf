//! Average entry and realised profit of one coin, to the last unit.
//!
//! Integers only. When part of a position is closed, its share of the cost is a division; what the division leaves
//! over stays in the cost of the rest, so that at every moment `realised = cash + cost` holds exactly, and a closed
//! position has realised exactly its cash. Fees are kept apart (the venue's `closedPnl` excludes them, too).

use crate::num::{Px, Sz, Usd};

/// Position, what it cost, and what was realised on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Pnl {
    /// Signed position.
    pub size: i128,
    /// What the position cost: same sign as the position, in [`Usd`] units.
    pub cost: i128,
    /// Realised profit before fees, in [`Usd`] units.
    pub realised: i128,
}

impl Pnl {
    /// Trades `signed` (buy positive) at `px`. `None` on overflow, nothing changed then.
    #[inline]
    #[must_use]
    pub fn traded(self, signed: Sz, px: Px) -> Option<Self> {
        let notional = px.times(signed)?.0;
        let mut new = self;
        if self.size == 0 || (self.size > 0) == (signed.0 > 0) {
            new.size = self.size.checked_add(signed.0)?;
            new.cost = self.cost.checked_add(notional)?;
        } else if signed.0.unsigned_abs() <= self.size.unsigned_abs() {
            let released = share(self.cost, signed.0.unsigned_abs(), self.size.unsigned_abs());
            new.size = self.size + signed.0;
            new.cost = self.cost - released;
            new.realised = self.realised.checked_sub(notional)?.checked_sub(released)?;
        } else {
            // Through zero: close all of it, open the rest on the other side.
            let closing = px.times(Sz(-self.size))?.0;
            new.size = self.size + signed.0;
            new.cost = notional - closing;
            new.realised = self.realised.checked_sub(closing)?.checked_sub(self.cost)?;
        }
        Some(new)
    }

    /// Average entry price, rounded toward zero to a [`Px`]; `None` when flat.
    pub fn entry_px(&self) -> Option<Px> {
        if self.size == 0 {
            return None;
        }
        i64::try_from(self.cost / self.size).ok().map(Px)
    }

    /// What the position cost.
    pub fn cost(&self) -> Usd {
        Usd(self.cost)
    }
}

/// `cost · part / whole`, rounded toward zero, exact whatever the widths; `part <= whole`, `whole > 0`.
fn share(cost: i128, part: u128, whole: u128) -> i128 {
    if part == whole {
        return cost;
    }
    let magnitude = cost.unsigned_abs();
    let quotient = match magnitude.checked_mul(part) {
        Some(product) => product / whole,
        None => wide_share(magnitude, part, whole),
    };
    let quotient = i128::try_from(quotient).unwrap_or(i128::MAX); // below |cost|, hence it fits
    if cost < 0 { -quotient } else { quotient }
}

/// The same over 256 bits: long multiplication and long division, bit by bit from the top.
#[cold]
fn wide_share(a: u128, b: u128, divisor: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let low = a0 * b0;
    let (mid, carry) = (a1 * b0).overflowing_add(a0 * b1);
    let (low, carry_low) = low.overflowing_add(mid << 64);
    let high = a1 * b1 + (mid >> 64) + (u128::from(carry) << 64) + u128::from(carry_low);
    let (mut rest, mut quotient) = (high, 0u128); // high < divisor, as b <= divisor
    for bit in (0..128).rev() {
        let top = rest >> 127;
        rest = (rest << 1) | ((low >> bit) & 1);
        quotient <<= 1;
        if top == 1 || rest >= divisor {
            rest = rest.wrapping_sub(divisor);
            quotient |= 1;
        }
    }
    quotient
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sz(text: &str) -> Sz {
        Sz::parse_signed(text.as_bytes()).unwrap()
    }
    fn px(text: &str) -> Px {
        Px::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn average_cost_is_the_schoolbook_one() {
        let p =
            Pnl::default().traded(sz("1"), px("100")).unwrap().traded(sz("1"), px("110")).unwrap();
        assert_eq!(p.entry_px(), Some(px("105")));
        let p = p.traded(sz("-0.5"), px("120")).unwrap();
        assert_eq!(Usd(p.realised).to_string(), "7.5");
        let p = p.traded(sz("-2"), px("90")).unwrap();
        assert_eq!((Usd(p.realised).to_string(), p.entry_px()), ("-15".into(), Some(px("90"))));
        assert_eq!(Sz(p.size), sz("-0.5"));
        let p = p.traded(sz("0.5"), px("80")).unwrap();
        assert_eq!((p.size, p.cost, Usd(p.realised).to_string()), (0, 0, "-10".into()));
    }

    #[test]
    fn wide_division_agrees_with_the_narrow_one() {
        for (a, b, d) in [(7u128, 3u128, 5u128), (10u128.pow(20), 77, 1_000), (u128::MAX / 9, 8, 9)]
        {
            assert_eq!(wide_share(a, b, d), a / d * b + a % d * b / d);
        }
        assert_eq!(wide_share(u128::MAX, u128::MAX, u128::MAX), u128::MAX);
        assert_eq!(wide_share(u128::MAX, u128::MAX - 1, u128::MAX), u128::MAX - 1);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_ever_left_over(trades in proptest::collection::vec((-10i128.pow(15)..10i128.pow(15), 1i64..10i64.pow(14)), 1..40)) {
            let (mut pnl, mut cash) = (Pnl::default(), 0i128);
            for (signed, price) in trades {
                if signed == 0 { continue; }
                pnl = pnl.traded(Sz(signed), Px(price)).unwrap();
                cash -= Px(price).times(Sz(signed)).unwrap().0;
                proptest::prop_assert_eq!(pnl.realised, cash + pnl.cost);
                proptest::prop_assert!(pnl.cost == 0 || (pnl.cost > 0) == (pnl.size > 0));
            }
        }
    }
}
