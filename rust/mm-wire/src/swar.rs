//! Sixteen bytes at a time: where a character is, what a run of digits is worth.
//!
//! A word holds text as it lies in memory, first character in the lowest byte. Everything here is plain
//! integer arithmetic on such words: no branch depends on the text, so numbers of any length cost the same.
//! Every answer is exact or `None`; the callers then take the slow and thorough way.
#![allow(clippy::cast_possible_truncation)] // halves of words are taken on purpose

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

/// Where `byte` first stands; [`WIDTH`] when it does not.
#[inline]
pub(crate) const fn find(word: u128, byte: u8) -> usize {
    index(zeros(word ^ splat(byte)))
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

/// The high bit of each byte that is above nine; the input has `'0'` taken off already.
/// Exact up to and including the first: a carry may spoil those after it.
#[inline]
const fn not_digits(word: u128) -> u128 {
    (word.wrapping_add(splat(0x76)) | word) & HIGH
}

/// The number written by eight bytes of value 0 to 9.
#[inline]
const fn eight(word: u64) -> u64 {
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    low.wrapping_add(high) >> 32
}

/// The number written by the first `count` (1 to 15) digits of `word`, `'0'` taken off already;
/// `None` if one of them is no digit.
#[inline]
const fn number(word: u128, count: usize) -> Option<u64> {
    let aligned = word.wrapping_shl(8 * (WIDTH - count) as u32);
    if not_digits(aligned) != 0 {
        return None;
    }
    Some(eight(aligned as u64).wrapping_mul(100_000_000).wrapping_add(eight((aligned >> 64) as u64)))
}

/// A decimal as written: sign, digits without the dot, how many of them stand after it.
pub(crate) struct Decimal {
    pub(crate) negative: bool,
    pub(crate) mantissa: u64,
    pub(crate) fraction: usize,
    /// Characters, the closing quote not counted.
    pub(crate) length: usize,
}

/// Reads a decimal that ends with a quote within the word: at most fifteen characters.
#[inline]
pub(crate) const fn decimal(word: u128) -> Option<Decimal> {
    let negative = word as u8 == b'-';
    let word = if negative { word >> 8 } else { word };
    let end = find(word, b'"');
    let dot = find(word, b'.');
    if end >= WIDTH {
        return None;
    }
    let body = word ^ splat(b'0');
    let (joined, digits, fraction) = if dot < end {
        let before = !(u128::MAX.wrapping_shl(8 * dot as u32));
        ((body & before) | ((body >> 8) & !before), end - 1, end - 1 - dot)
    } else {
        (body, end, 0)
    };
    if digits == 0 {
        return None;
    }
    match number(joined, digits) {
        Some(mantissa) => Some(Decimal { negative, mantissa, fraction, length: end + negative as usize }),
        None => None,
    }
}

/// Reads a run of at most fifteen digits and says how many there were; `None` if there is none, or no end of it.
#[inline]
pub(crate) const fn digits(word: u128) -> Option<(u64, usize)> {
    let body = word ^ splat(b'0');
    let count = index(not_digits(body));
    if count == 0 || count == WIDTH {
        return None;
    }
    match number(body, count) {
        Some(value) => Some((value, count)),
        None => None,
    }
}

/// The value of sixteen hexadecimal digits, in either case.
#[inline]
pub(crate) const fn hex16(text: u128) -> Option<u64> {
    match (hex8(text as u64), hex8((text >> 64) as u64)) {
        (Some(high), Some(low)) => Some(((high as u64) << 32) | low as u64),
        _ => None,
    }
}

const fn splat8(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[inline]
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
                let at = |hit: bool| if hit { place } else { WIDTH };
                let w = u128::from_le_bytes(bytes);
                assert_eq!(find(w, byte), if byte == b'7' { 0 } else { place });
                assert_eq!(find_special(w), at(byte < 0x20 || byte == b'"' || byte == b'\\'));
                let run = digits(w).map_or(WIDTH, |(_, count)| count);
                assert_eq!(run, if place == 0 { WIDTH } else { at(!byte.is_ascii_digit()) });
                let hex = std::str::from_utf8(&bytes).ok().filter(|t| !t.contains('+'));
                assert_eq!(hex16(w), hex.and_then(|t| u64::from_str_radix(t, 16).ok()), "{byte}");
                let mut block = [b'a'; 32];
                block[2 * place] = byte;
                assert_eq!(is_plain(&block), find_special(w) == WIDTH);
            }
        }
    }

    #[test]
    fn decimals_read_as_written() {
        let read = |text: &[u8]| decimal(word(text)).map(|d| (d.negative, d.mantissa, d.fraction, d.length));
        assert_eq!(read(b"66653.0\""), Some((false, 666_530, 1, 7)));
        assert_eq!(read(b"-0.0213\""), Some((true, 213, 4, 7)));
        assert_eq!(read(b"5\"."), Some((false, 5, 0, 1)));
        assert_eq!(read(b"12345678901234.\""), Some((false, 12_345_678_901_234, 0, 15)));
        for refused in [&b"\""[..], b"-\"", b".\"", b"1.2.3\"", b"1e3\"", b"--1\"", b" 1\"", b"1\\\"", b"1234567890.12345"] {
            assert!(read(refused).is_none(), "{}", String::from_utf8_lossy(refused));
        }
    }

    proptest! {
        #[test]
        fn hex_agrees_with_the_library(value: u64, upper: bool) {
            let text = if upper { format!("{value:016X}") } else { format!("{value:016x}") };
            prop_assert_eq!(hex16(word(text.as_bytes())), Some(value));
        }

        #[test]
        fn digits_agree_with_the_library(value in 0u64..1_000_000_000_000_000) {
            let text = value.to_string();
            prop_assert_eq!(digits(word(text.as_bytes())), Some((value, text.len())));
        }
    }
}
