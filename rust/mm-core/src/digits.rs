//! Short decimal texts, eight or sixteen bytes at a time.
//!
//! Prices and sizes come in lengths that no branch predictor can guess. Here no branch depends on a digit or on where
//! the dot is, so a number costs the same whatever it looks like. The answer is exact, or `None`: then the thorough
//! reader behind [`crate::num::parse_scaled`] says what is wrong or reads what is long.

/// Reads a plain decimal of at most sixteen characters after its sign: the digits as one number, and how many of them
/// stand behind the dot.
#[inline(always)]
#[allow(clippy::inline_always)] // as a call, it passes its answer through memory
pub fn short(text: &[u8]) -> Option<(i64, usize)> {
    let negative = text.first() == Some(&b'-');
    let digits = text.get(usize::from(negative)..)?;
    let (value, fraction) = match narrow_word(digits) {
        Some(word) => narrow(word, digits.len())?,
        None => wide(word(digits)?, digits.len())?,
    };
    let value = value.cast_signed(); // below 10^16
    Some((if negative { -value } else { value }, fraction))
}

/// Reads what begins with a decimal of one to eight digits on each side of its dot: both as numbers, with the sign, and
/// how many digits stand behind the dot. The text ends where `length` says, or at a zero byte before; what comes behind
/// it is not looked at, but must be there: `None` too where there are not 18 bytes.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
pub fn dotted(text: &[u8], length: usize) -> Option<(i64, i64, usize)> {
    let negative = text.first()? == &b'-';
    let start = usize::from(negative);
    let (whole, before) = leading(text.get(start..)?.first_chunk()?, length.checked_sub(start)?)?;
    let dot = start + before;
    let (fraction, places) =
        leading(text.get(dot + 1..)?.first_chunk()?, length.checked_sub(dot + 1)?)?;
    let end = dot + 1 + places;
    if text[dot] != b'.' || (end < length && text.get(end)? != &0) {
        return None;
    }
    let (whole, fraction) = (whole.cast_signed(), fraction.cast_signed()); // eight digits each
    Some(if negative { (-whole, -fraction, places) } else { (whole, fraction, places) })
}

/// The digits that the first `length` of eight bytes begin with: the number that they write, and how many there are.
/// `None` for none.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn leading(text: &[u8; 8], length: usize) -> Option<(u64, usize)> {
    let body = u64::from_le_bytes(*text) ^ 0x3030_3030_3030_3030;
    let others = ((body & 0x7f7f_7f7f_7f7f_7f7f).wrapping_add(0x7676_7676_7676_7676) | body)
        & 0x8080_8080_8080_8080;
    let count = (others.trailing_zeros() as usize / 8).min(length);
    if count == 0 {
        return None;
    }
    Some((eight(body << (64 - 8 * count)), count))
}

macro_rules! reader {
    ($name:ident, $type:ty, $width:literal, $value:expr) => {
        #[inline(always)]
        #[allow(clippy::inline_always)] // as `short`
        fn $name(word: $type, length: usize) -> Option<(u64, usize)> {
            const fn splat(byte: u8) -> $type {
                <$type>::from_le_bytes([byte; $width])
            }
            const HIGH: $type = splat(0x80);
            // The high bit of the first byte that is a dot; what a borrow leaves beyond it is never looked at.
            let dotted = word ^ splat(b'.');
            let dots = dotted.wrapping_sub(splat(1)) & !dotted & HIGH;
            let (body, fraction) = if dots == 0 {
                (word, 0)
            } else {
                let bit = dots.trailing_zeros() & !7;
                let below: $type = (1 << bit) - 1;
                ((word & below) | (word >> 8 & !below), length - 1 - (bit / 8) as usize)
            };
            let count = length - usize::from(dots != 0);
            if count == 0 {
                return None;
            }
            // To the right end, the place of the units; what is shifted in is zero, as the digit is.
            let body = (body ^ splat(b'0')) << (8 * ($width - count));
            if (body.wrapping_add(splat(0x76)) | body) & HIGH != 0 {
                return None; // something else than digits: a second dot, a letter
            }
            let value: fn($type) -> u64 = $value;
            Some((value(body), fraction))
        }
    };
}
reader!(narrow, u64, 8, eight);
reader!(wide, u128, 16, sixteen);

/// Up to sixteen bytes as they lie in memory, first in the lowest byte, zeros above; `None` for more or for none.
#[inline]
pub fn word(text: &[u8]) -> Option<u128> {
    if let Some(word) = narrow_word(text) {
        return Some(u128::from(word));
    }
    let n = text.len();
    let (first, last) = (text.first_chunk::<8>()?, text.last_chunk::<8>()?);
    // The two overlap where they agree.
    (n <= 16).then(|| {
        u128::from(u64::from_le_bytes(*first))
            | u128::from(u64::from_le_bytes(*last)) << (8 * (n - 8))
    })
}

/// The same of up to eight.
#[inline]
pub(crate) fn narrow_word(text: &[u8]) -> Option<u64> {
    let n = text.len();
    if let (Some(first), Some(last), true) =
        (text.first_chunk::<4>(), text.last_chunk::<4>(), n <= 8)
    {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return Some(u64::from(first) | u64::from(last) << (8 * (n - 4)));
    }
    match text {
        [a] => Some(u64::from(*a)),
        [a, b] => Some(u64::from(u16::from_le_bytes([*a, *b]))),
        [a, b, c] => Some(u64::from(u32::from_le_bytes([*a, *b, *c, 0]))),
        _ => None,
    }
}

/// The number written by eight bytes of value 0 to 9.
#[inline]
const fn eight(word: u64) -> u64 {
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    low.wrapping_add(high) >> 32
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // halves
const fn sixteen(word: u128) -> u64 {
    eight(word as u64) * 100_000_000 + eight((word >> 64) as u64)
}

/// The value of sixteen hexadecimal digits, in either case, given as a word with the first digit lowest.
#[inline]
#[allow(clippy::cast_possible_truncation)] // halves
pub const fn hex16(text: u128) -> Option<u64> {
    match (hex8(text as u64), hex8((text >> 64) as u64)) {
        (Some(high), Some(low)) => Some(((high as u64) << 32) | low as u64),
        _ => None,
    }
}

const fn splat8(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // the upper half is taken off before
const fn hex8(text: u64) -> Option<u32> {
    const LOW7: u64 = splat8(0x7f);
    const HIGH: u64 = splat8(0x80);
    let digit = text ^ splat8(b'0'); // 0 to 9
    let letter = (text | splat8(0x20)) ^ splat8(0x60); // 1 to 6
    let not_digit = (digit & LOW7).wrapping_add(splat8(0x76)) | digit;
    let not_letter =
        (letter & LOW7).wrapping_add(splat8(0x79)) | letter | !(letter & LOW7).wrapping_add(LOW7);
    if not_digit & not_letter & HIGH != 0 {
        return None;
    }
    let nibbles = (text & splat8(0x0f)).wrapping_add(((text >> 6) & splat8(1)).wrapping_mul(9));
    let bytes = ((nibbles << 4) | (nibbles >> 8)) & 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes | (bytes >> 8)) & 0x0000_ffff_0000_ffff;
    Some(((pairs | (pairs >> 16)) as u32).swap_bytes())
}

#[cfg(test)]
mod tests {
    use super::{dotted, short};
    use crate::num::parse_thoroughly;
    use proptest::prelude::*;

    fn agrees(text: &str) -> Result<(), TestCaseError> {
        let thorough = parse_thoroughly(text.as_bytes(), 18);
        for behind in ["", "\0", "7", ".5", "-", "\x000.9"] {
            let padded = format!("{text}{behind}{:024}", 8);
            let end = if behind.starts_with('\0') { text.len() + 1 } else { text.len() };
            if let Some((whole, fraction, places)) = dotted(padded.as_bytes(), end) {
                let unit = 10i128.pow(18 - u32::try_from(places).unwrap());
                let scaled = i128::from(whole) * 10i128.pow(18) + i128::from(fraction) * unit;
                prop_assert_eq!(thorough, Ok(scaled), "{}", padded);
            }
        }
        match short(text.as_bytes()) {
            Some((value, fraction)) => {
                let scaled = i128::from(value) * 10i128.pow(18 - u32::try_from(fraction).unwrap());
                prop_assert_eq!(thorough, Ok(scaled), "{}", text);
            }
            None => {
                prop_assert!(
                    thorough.is_err() || text.trim_start_matches('-').len() > 16,
                    "{text}"
                );
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_the_thorough_reader_does(text in "-?[0-9]{0,12}(\\.[0-9]{0,10})?") {
            agrees(&text)?;
        }

        #[test]
        fn what_is_no_number_is_left_to_it(text in "[-0-9./:e+ \\x00\\x7f]{0,18}|\\PC{0,6}") {
            agrees(&text)?;
        }
    }

    #[test]
    fn every_length_and_every_place_of_the_dot() {
        for length in 1..=16 {
            let digits = &"9876543210123456"[..length];
            agrees(digits).unwrap();
            for at in 0..length {
                agrees(&format!("-{}.{}", &digits[..at], &digits[at + 1..])).unwrap();
            }
        }
    }
}
