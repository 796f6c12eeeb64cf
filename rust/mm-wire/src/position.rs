//! `startPosition`: the one number that the venue prints from a double.
//!
//! It writes `printf("%.10f")` with the zeros stripped, so that from about 5 · 10⁵ units up the double's error shows:
//! `3130537.6000000001`, `-671022.0699999999`. What is wanted is the decimal that the double stood for: the
//! *shortest* decimal that reads as the same double. Two decimals as fine as a market's sizes never share a
//! double as long as they can be told apart at all (2⁵² steps), hence it is the only candidate of its length.
//!
//! Rounding to fifteen digits, which every double carries, is not enough: `14858205.8281287197` stood for
//! `14858205.82812872`, sixteen digits. In a recorded minute of the whole venue the shortest decimal closes every
//! one of 3,203 links between neighbouring fills; fifteen digits break 5 of the 13 of `@184`.
//!
//! `px`, `sz`, `fee` and `closedPnl` show no such artefacts and are taken as written.

use mm_core::num::{NumError, SZ_DECIMALS, Sz};

/// Significant digits of a decimal that a double always gives back.
const SURE_DIGITS: u32 = 15;
/// Bits of a double's fraction.
const FRACTION_BITS: u32 = 52;
/// One unit of a position in the scale of [`Sz`].
const ONE: u128 = 10u128.pow(SZ_DECIMALS);

/// Whether a text of this length, its closing quote counted, is too short for [`parse_position`] to change it.
#[inline]
pub(crate) const fn is_exact(length: usize) -> bool {
    length <= SURE_DIGITS as usize + 2 // the dot and the quote
}

/// Reads a `startPosition`, and undoes what printing a double did to it: see the head of this module.
///
/// Texts of at most fifteen digits are worth what they say.
pub fn parse_position(text: &[u8]) -> Result<Sz, NumError> {
    let exact = Sz::parse_signed(text)?.0;
    let magnitude = exact.unsigned_abs();
    if magnitude < 10u128.pow(SURE_DIGITS) {
        return Ok(Sz(exact));
    }
    let shortest = shortest(magnitude).cast_signed();
    Ok(Sz(if exact < 0 { -shortest } else { shortest }))
}

/// The shortest decimal that reads as the same double as `exact` does; both in the scale of [`Sz`], from 10¹⁵ to 10²⁵.
fn shortest(exact: u128) -> u128 {
    // Times 2^shift a double of this size is a whole number. All products stay below 2⁸⁸.
    let shift = FRACTION_BITS.saturating_sub((exact / ONE).ilog2());
    let double = ((exact << shift) + ONE / 2) / ONE * ONE;
    let mut unit = 10u128.pow(exact.ilog10() + 1 - SURE_DIGITS);
    loop {
        let step = unit << shift;
        let near = (double + step / 2) / step * unit;
        if unit == 1 || (near << shift).abs_diff(double) < ONE / 2 {
            return near;
        }
        unit /= 10;
    }
}
