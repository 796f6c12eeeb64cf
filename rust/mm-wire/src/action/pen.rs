//! Writes an action twice at once: as the JSON that is sent, and as the msgpack that is hashed. One description, two
//! texts, so they cannot say different things.

use mm_core::ids::Cloid;
use mm_core::num::{Px, Sz};

use crate::msgpack;

/// Decimals of a price or a size on the wire (protocol 2.4).
const WIRE_DECIMALS: u32 = 8;
const UNIT: u64 = 10u64.pow(WIRE_DECIMALS);
/// What a size's own scale has more than the wire.
pub(super) const SZ_FINER: u64 = 10u64.pow(mm_core::num::SZ_DECIMALS - WIRE_DECIMALS);

/// The two texts so far.
pub struct Pen {
    pub(crate) json: Vec<u8>,
    pub(crate) packed: Vec<u8>,
}

/// Names and words of the venue are written as they are: no quote, no backslash, nothing but ASCII.
type Word = &'static str;

impl Pen {
    /// With room for so many bytes of JSON, which begins with `head`.
    pub fn new(head: &str, room: usize) -> Self {
        let mut json = Vec::with_capacity(head.len() + room);
        json.extend_from_slice(head.as_bytes());
        Self { json, packed: Vec::with_capacity(room) }
    }

    /// Opens an object of so many members.
    pub fn open(&mut self, members: usize) {
        self.comma();
        self.json.push(b'{');
        msgpack::map(&mut self.packed, members);
    }

    /// Closes it.
    pub fn close(&mut self) {
        self.json.push(b'}');
    }

    /// Opens a list of so many values.
    pub fn open_list(&mut self, values: usize) {
        self.comma();
        self.json.push(b'[');
        msgpack::list(&mut self.packed, values);
    }

    /// Closes it.
    pub fn close_list(&mut self) {
        self.json.push(b']');
    }

    /// The name of the member whose value comes next.
    pub fn name(&mut self, name: Word) {
        self.comma();
        self.json.push(b'"');
        self.json.extend_from_slice(name.as_bytes());
        self.json.extend_from_slice(b"\":");
        msgpack::text(&mut self.packed, name);
    }

    /// A text that needs no escape: a word of the venue, a number, an address.
    pub fn plain(&mut self, text: &str) {
        self.comma();
        self.json.push(b'"');
        self.json.extend_from_slice(text.as_bytes());
        self.json.push(b'"');
        msgpack::text(&mut self.packed, text);
    }

    /// Any text.
    pub fn text(&mut self, text: &str) {
        self.comma();
        quote(&mut self.json, text);
        msgpack::text(&mut self.packed, text);
    }

    /// A whole number that is not negative.
    pub fn uint(&mut self, value: u64) {
        self.comma();
        digits(&mut self.json, value);
        msgpack::uint(&mut self.packed, value);
    }

    /// A whole number.
    pub fn int(&mut self, value: i64) {
        self.comma();
        if value < 0 {
            self.json.push(b'-');
        }
        digits(&mut self.json, value.unsigned_abs());
        msgpack::int(&mut self.packed, value);
    }

    /// Yes or no.
    pub fn flag(&mut self, value: bool) {
        self.comma();
        self.json.extend_from_slice(if value { b"true" } else { b"false" });
        msgpack::flag(&mut self.packed, value);
    }

    /// A price.
    pub fn px(&mut self, px: Px) {
        self.plain(Decimal::of_px(px).as_str());
    }

    /// A size.
    pub fn sz(&mut self, sz: Sz) {
        self.plain(Decimal::of_sz(sz).as_str());
    }

    /// Our name of an order.
    pub fn cloid(&mut self, cloid: Cloid) {
        let text = hex_text(cloid.0.to_be_bytes());
        self.plain(core::str::from_utf8(text.as_flattened()).unwrap_or_default());
    }

    /// Between two members or two values.
    fn comma(&mut self) {
        if !matches!(self.json.last(), None | Some(b'{' | b'[' | b':')) {
            self.json.push(b',');
        }
    }
}

/// `0x` and two digits a byte, a pair an element: 16 bytes give 34 characters.
pub(crate) fn hex_text(bytes: [u8; 16]) -> [[u8; 2]; 17] {
    let mut text = [*b"0x"; 17];
    for (pair, byte) in text[1..].iter_mut().zip(bytes) {
        *pair = hex_pair(byte);
    }
    text
}

/// A byte as two hexadecimal digits in lower case.
pub(crate) fn hex_pair(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

/// A text as JSON has it: quotes, backslashes and control characters escaped, all else as it is.
pub(crate) fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&hex_pair(byte));
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// A whole number in decimal digits.
pub(crate) fn digits(out: &mut Vec<u8>, value: u64) {
    let mut text = Decimal::EMPTY;
    text.prepend(value);
    out.extend_from_slice(text.as_str().as_bytes());
}

/// A number of at most 8 decimals as the venue writes it: no trailing zeros, no exponent, no sign.
pub struct Decimal {
    /// Filled from its end.
    text: [u8; 40],
    start: usize,
}

impl Decimal {
    const EMPTY: Self = Self { text: [b'0'; 40], start: 40 };

    /// Of a price, which is positive.
    pub fn of_px(px: Px) -> Self {
        Self::of_units(u128::from(px.0.unsigned_abs()))
    }

    /// Of a size, which is positive and has at most 8 decimals.
    pub fn of_sz(sz: Sz) -> Self {
        Self::of_units(match u64::try_from(sz.0) {
            Ok(small) => u128::from(small / SZ_FINER),
            Err(_) => sz.0.unsigned_abs() / u128::from(SZ_FINER),
        })
    }

    fn of_units(units: u128) -> Self {
        // A division of 64 bits is an instruction, one of 128 bits a call.
        let (whole, mut fraction) = match u64::try_from(units) {
            Ok(units) => (units / UNIT, units % UNIT),
            Err(_) => wide(units),
        };
        let mut made = Self::EMPTY;
        if fraction != 0 {
            let mut width = WIRE_DECIMALS as usize;
            while fraction.is_multiple_of(10) {
                fraction /= 10;
                width -= 1;
            }
            made.prepend(fraction);
            made.start = made.text.len() - width; // what is before the digits are zeros already
            made.start -= 1;
            made.text[made.start] = b'.';
        }
        made.prepend(whole);
        made
    }

    fn prepend(&mut self, mut value: u64) {
        loop {
            self.start -= 1;
            self.text[self.start] = b'0' | (value % 10) as u8;
            value /= 10;
            if value == 0 {
                break;
            }
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text[self.start..]).unwrap_or_default()
    }
}

/// The whole and the fraction of what is larger than 1.8 · 10¹¹.
#[cold]
fn wide(units: u128) -> (u64, u64) {
    let unit = u128::from(UNIT);
    let narrow = |part| u64::try_from(part).unwrap_or(u64::MAX);
    (narrow(units / unit), narrow(units % unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_decimal_is_written_as_the_core_does(px in 1..i64::MAX, sz in 1..10i128.pow(23)) {
            prop_assert_eq!(Decimal::of_px(Px(px)).as_str().to_owned(), Px(px).to_string());
            let sz = Sz(sz * i128::from(SZ_FINER));
            prop_assert_eq!(Decimal::of_sz(sz).as_str().to_owned(), sz.to_string());
        }

        #[test]
        fn texts_and_numbers_are_json(
            text in "\\PC{0,20}|[\\x00-\\x7f]{0,20}",
            whole in any::<u64>(),
            signed in any::<i64>(),
        ) {
            let mut pen = Pen::new("", 100);
            pen.open_list(3);
            pen.text(&text);
            pen.uint(whole);
            pen.int(signed);
            pen.close_list();
            let read: (String, u64, i64) = serde_json::from_slice(&pen.json).unwrap();
            prop_assert_eq!(read, (text, whole, signed));
        }
    }

    #[test]
    fn small_fractions_keep_their_zeros() {
        for (units, text) in [
            (1, "0.00000001"),
            (100_000_000, "1"),
            (110_000_000, "1.1"),
            (1_000, "0.00001"),
            (0, "0"),
        ] {
            assert_eq!(Decimal::of_px(Px(units)).as_str(), text);
        }
    }
}
