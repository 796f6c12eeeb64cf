//! NumPy's texts of one width: a few bytes each, filled up with zeros, hence read as one word.
//!
//! Nearly all columns of text are such: names, sides, decimals. What is as it mostly is goes through here, in loops with
//! nothing to decide; anything else is `None`, and read item by item, which says what is wrong with it.

use mm_core::digits;

/// Texts side by side, with [`Padded::SPARE`] bytes behind the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Padded<'a> {
    bytes: &'a [u8],
    width: usize,
    rows: usize,
}

impl<'a> Padded<'a> {
    /// Words are read from where texts begin, and from their dots.
    pub(super) const SPARE: usize = 24;

    pub(super) fn new(bytes: &'a [u8], width: usize, rows: usize) -> Self {
        debug_assert!(bytes.len() >= width * rows + Self::SPARE);
        Self { bytes, width, rows }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Each text, without the zeros.
    #[inline]
    pub(super) fn texts(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Self { bytes, width, rows } = *self;
        (0..rows).map(move |row| unpadded(&bytes[row * width..][..width]))
    }

    /// Each text as a word, its first byte lowest; `None` for texts that do not fit into one.
    #[inline]
    pub(super) fn words(&self) -> Option<impl ExactSizeIterator<Item = u128> + use<'a>> {
        let Self { bytes, width, rows } = *self;
        if width == 0 || width > 16 {
            return None;
        }
        let mask = u128::MAX >> (128 - 8 * width);
        Some((0..rows).map(move |row| {
            let at = row * width;
            let chunk = bytes.get(at..at + 16).and_then(<[u8]>::first_chunk);
            chunk.map_or(0, |chunk| u128::from_le_bytes(*chunk) & mask)
        }))
    }

    /// Plain decimals as integers scaled by 10^`decimals`, `nothing` for an empty text. `nothing` is no multiple of ten.
    pub(super) fn decimals(&self, decimals: u32, nothing: Option<i64>) -> Option<Vec<i64>> {
        let (Self { bytes, width, rows }, decimals) = (*self, decimals as usize);
        let mut values = vec![0; rows];
        for (row, value) in values.iter_mut().enumerate() {
            let text = bytes.get(row * width..)?;
            *value = match digits::dotted(text, width) {
                Some((whole, fraction, places)) => {
                    let unit = *POW10.get(decimals)?;
                    let place = *POW10.get(decimals.checked_sub(places)?)?;
                    whole.wrapping_mul(unit).wrapping_add(fraction.wrapping_mul(place))
                }
                None if width == 0 || text.first() == Some(&0) => nothing?,
                None => {
                    let (digits, places) = digits::short(unpadded(text.get(..width)?))?;
                    let place = *POW10.get(decimals.checked_sub(places)?)?;
                    digits.checked_mul(place)?
                }
            };
        }
        Some(values)
    }
}

const POW10: [i64; 11] = {
    let mut table = [1; 11];
    let mut i = 1;
    while i < table.len() {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// A text without the zero bytes that fill it up.
#[inline]
fn unpadded(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&c| c != 0).map_or(0, |last| last + 1);
    &text[..end]
}
