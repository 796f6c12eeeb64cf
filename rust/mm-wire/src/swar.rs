//! Sixteen bytes at a time: where a character is, what a run of digits is worth.
//!
//! A word holds text as it lies in memory, first character in the lowest byte. Everything here is plain
//! integer arithmetic on such words: no branch depends on the text, so numbers of any length cost the same.
//! Every answer is exact or `None`; the callers then take the slow and thorough way.
#![allow(clippy::cast_possible_truncation)] // halves of words are taken on purpose
#![allow(clippy::inline_always)] // as calls, these pass their answers through memory

pub(crate) use mm_core::digits::hex16;

/// Bytes in a word.
pub(crate) const WIDTH: usize = 16;

const fn splat(byte: u8) -> u128 {
    u128::from_le_bytes([byte; WIDTH])
}

const ONES: u128 = splat(1);
const HIGH: u128 = splat(0x80);

/// The high bit of each byte that is zero. Exact up to and including the first; beyond it a borrow may lie.
#[inline]
const fn zeros(word: u128) -> u128 {
    word.wrapping_sub(ONES) & !word & HIGH
}

#[inline]
const fn index(hits: u128) -> usize {
    (hits.trailing_zeros() >> 3) as usize
}

/// Where the text of a JSON string first needs attention: a quote, a backslash or a control character.
#[inline]
pub(crate) const fn find_special(word: u128) -> usize {
    let control = word.wrapping_sub(splat(0x20)) & !word & HIGH;
    index(zeros(word ^ splat(b'"')) | zeros(word ^ splat(b'\\')) | control)
}

/// Whether a block of string text goes on past its end: nothing in it needs attention.
/// Written for the compiler to turn into vector compares.
#[inline]
pub(crate) fn is_plain(block: &[u8; 32]) -> bool {
    let mut special = 0u8;
    for &c in block {
        special |= u8::from(c == b'"') | u8::from(c == b'\\') | u8::from(c < 0x20);
    }
    special == 0
}

/// The number written by eight bytes of value 0 to 9.
#[inline]
const fn eight(word: u64) -> u64 {
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    low.wrapping_add(high) >> 32
}

/// The digits that eight bytes begin with: the number that they write, and how many there are.
/// `None` for none.
#[inline(always)]
const fn leading_digits(text: [u8; 8]) -> Option<(u64, usize)> {
    let body = u64::from_le_bytes(text) ^ splat8(b'0');
    let others = ((body & splat8(0x7f)).wrapping_add(splat8(0x76)) | body) & splat8(0x80);
    let bits = others.trailing_zeros() & !7; // 64 when all are digits
    if bits == 0 {
        return None;
    }
    Some((eight(body.wrapping_shl(64 - bits)), bits as usize / 8))
}

const POW10: [u64; 11] = {
    let mut table = [1u64; 11];
    let mut i = 1;
    while i < table.len() {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// Bytes that [`decimal`] looks at: a sign, eight digits, a dot, eight digits, a quote, and some to spare.
pub(crate) const DECIMAL_WIDTH: usize = 20;

/// Reads a decimal up to its closing quote, as an integer scaled by 10^`DECIMALS` (at most ten), and the length of
/// its text with the quote. Only a number with one to eight digits on each side of its dot: its value cannot overflow.
#[inline(always)]
pub(crate) fn decimal<const DECIMALS: usize>(text: &[u8; DECIMAL_WIDTH]) -> Option<(i64, usize)> {
    let negative = text[0] == b'-';
    let start = usize::from(negative);
    let (whole, before) = leading_digits(*text.get(start..)?.first_chunk()?)?;
    let dot = start + before;
    if *text.get(dot)? != b'.' {
        return None;
    }
    let (fraction, after) = leading_digits(*text.get(dot + 1..)?.first_chunk()?)?;
    let end = dot + 1 + after;
    if *text.get(end)? != b'"' {
        return None;
    }
    let unit = *POW10.get(DECIMALS)?;
    let place = *POW10.get(DECIMALS.wrapping_sub(after))?; // none: more decimals than are wanted
    let magnitude =
        whole.wrapping_mul(unit).wrapping_add(fraction.wrapping_mul(place)).cast_signed();
    Some((if negative { magnitude.wrapping_neg() } else { magnitude }, end + 1))
}

/// Reads a run of nine to sixteen digits, and says how many there were. The caller sees to what follows.
#[inline(always)]
pub(crate) fn id(text: &[u8; WIDTH]) -> Option<(u64, usize)> {
    let (high, eight) = leading_digits(*text.first_chunk()?)?;
    if eight != 8 || text[0] == b'0' {
        return None;
    }
    let (low, count) = leading_digits(*text.last_chunk()?)?;
    Some((high.wrapping_mul(*POW10.get(count)?).wrapping_add(low), 8 + count))
}

/// Reads a decimal above zero up to its closing quote, as an integer scaled by 10^`DECIMALS` (at most ten), and gives what
/// follows the quote. As [`decimal`], for numbers that with their quote fit a word: where the next value begins is known from
/// one search for the quote, and nobody waits for the digits.
#[inline(always)]
pub(crate) fn positive<const DECIMALS: usize>(text: &[u8]) -> Option<(i64, &[u8])> {
    let word = u128::from_le_bytes(*text.first_chunk()?);
    let end = index(zeros(word ^ splat(b'"')));
    let rest = text.get(end + 1..)?;
    let dot = index(zeros(word ^ splat(b'.')));
    let after = end.wrapping_sub(dot + 1);
    if end >= WIDTH || dot.wrapping_sub(1) >= 8 || after.wrapping_sub(1) >= 8 {
        return None;
    }
    let whole = (word as u64 ^ splat8(b'0')) << (64 - 8 * dot);
    let fraction = ((word >> (8 * dot + 8)) as u64 ^ splat8(b'0')) << (64 - 8 * after);
    if ((whole.wrapping_add(splat8(0x76)) | whole)
        | (fraction.wrapping_add(splat8(0x76)) | fraction))
        & splat8(0x80)
        != 0
    {
        return None; // something else than digits
    }
    let unit = *POW10.get(DECIMALS)?;
    let place = *POW10.get(DECIMALS.wrapping_sub(after))?; // none: more decimals than are wanted
    let value = eight(whole).wrapping_mul(unit).wrapping_add(eight(fraction).wrapping_mul(place));
    if value == 0 { None } else { Some((value.cast_signed(), rest)) }
}

/// Reads a run of one to seven digits without a leading zero, and what follows it.
#[inline(always)]
pub(crate) fn small(text: &[u8]) -> Option<(u64, &[u8])> {
    let (value, count) = leading_digits(*text.first_chunk()?)?;
    let plain = count < 8 && (count == 1 || text.first() != Some(&b'0'));
    if plain { Some((value, text.get(count..)?)) } else { None }
}

const fn splat8(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(text: &[u8]) -> u128 {
        let mut bytes = [b'x'; WIDTH];
        bytes[..text.len()].copy_from_slice(text);
        u128::from_le_bytes(bytes)
    }

    #[test]
    fn every_byte_is_classified_at_every_place() {
        for place in 0..WIDTH {
            for byte in 0..=255u8 {
                let mut bytes = [b'7'; WIDTH];
                bytes[place] = byte;
                let w = u128::from_le_bytes(bytes);
                let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(find_special(w), if special { place } else { WIDTH });
                let run = if byte.is_ascii_digit() { WIDTH } else { place };
                let wanted = if run > 8 && bytes[0] != b'0' { Some(run) } else { None };
                assert_eq!(id(&bytes).map(|(_, count)| count), wanted, "{byte} at {place}");
                let hex = std::str::from_utf8(&bytes).ok().filter(|t| !t.contains('+'));
                assert_eq!(hex16(w), hex.and_then(|t| u64::from_str_radix(t, 16).ok()), "{byte}");
                let mut block = [b'a'; 32];
                block[2 * place] = byte;
                assert_eq!(is_plain(&block), !special);
            }
        }
    }

    #[test]
    fn decimals_read_as_written() {
        let read = |text: &[u8]| {
            let mut bytes = [b'x'; DECIMAL_WIDTH];
            bytes[..text.len()].copy_from_slice(text);
            decimal::<10>(&bytes)
        };
        assert_eq!(read(b"66653.0\""), Some((666_530_000_000_000, 8)));
        assert_eq!(read(b"-0.0213\""), Some((-213_000_000, 8)));
        assert_eq!(read(b"-99999999.99999999\""), Some((-999_999_999_999_999_900, 19)));
        for refused in [
            &b"\""[..],
            b"-\"",
            b".\"",
            b"5\"",
            b"5.\"",
            b".5\"",
            b"1.2.3\"",
            b"1e3\"",
            b"--1.0\"",
            b" 1.0\"",
            b"1.0\\\"",
            b"123456789.1\"",
            b"1.123456789\"",
            b"1.0",
            b"1.0x",
        ] {
            assert!(read(refused).is_none(), "{}", String::from_utf8_lossy(refused));
        }
        assert_eq!(decimal::<2>(b"1.123\"xxxxxxxxxxxxxx"), None, "the slow way decides on zeros");
    }

    proptest! {
        #[test]
        fn positive_numbers_agree_with_the_thorough_reader(text in "[0-9]{0,9}\\.?[0-9]{0,11}\"[ -~]{22}") {
            let number = text.split('"').next().unwrap();
            let thorough = mm_core::num::Sz::parse(number.as_bytes());
            match positive::<10>(text.as_bytes()) {
                Some((value, rest)) => {
                    prop_assert_eq!(thorough, Ok(mm_core::num::Sz(value.into())));
                    prop_assert_eq!(rest, &text.as_bytes()[number.len() + 1..]);
                }
                None => prop_assert!(
                    thorough.is_err() || number.len() > 15 || !number.contains('.')
                        || number.starts_with('.') || number.ends_with('.') || number.len() > 9,
                    "{}", number
                ),
            }
        }

        #[test]
        fn hex_agrees_with_the_library(value: u64, upper: bool) {
            let text = if upper { format!("{value:016X}") } else { format!("{value:016x}") };
            prop_assert_eq!(hex16(word(text.as_bytes())), Some(value));
        }

        #[test]
        fn ids_agree_with_the_library(value in 100_000_000u64..10_000_000_000_000_000) {
            let text = value.to_string();
            prop_assert_eq!(id(&word(text.as_bytes()).to_le_bytes()), Some((value, text.len())));
        }
    }
}
