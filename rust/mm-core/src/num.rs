//! Exact numbers: prices, sizes and money as integers of a fixed scale.
//!
//! The scales come from the widths seen on the wire (ADR 0002):
//!
//! | type    | unit                  | integer | holds |
//! |---------|-----------------------|---------|-------|
//! | [`Px`]  | 10⁻⁸ quote per base   | `i64`   | every tradable price, up to 9.2 · 10¹⁰ |
//! | [`Sz`]  | 10⁻¹⁰ base (or token) | `i128`  | sizes, positions, fees: dust has ten decimals |
//! | [`Usd`] | 10⁻¹⁸ quote           | `i128`  | `px · sz`, exactly |
//!
//! Text is the only way in from outside. What does not fit is refused with a reason; nothing is rounded.

use core::fmt;

use crate::digits;

/// Decimals carried by a [`Px`].
pub const PX_DECIMALS: u32 = 8;
/// Decimals carried by a [`Sz`].
pub const SZ_DECIMALS: u32 = 10;
/// Decimals carried by a [`Usd`]: those of a price times a size.
pub const USD_DECIMALS: u32 = PX_DECIMALS + SZ_DECIMALS;

/// The largest size, position or fee that is accepted: 10¹⁵ units. Sums of 2⁴⁰ of them still fit.
pub const SZ_MAX: Sz = Sz(10i128.pow(15 + SZ_DECIMALS));

/// A price, in 10⁻⁸ of the quote token. Never negative once parsed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Px(pub i64);

/// A quantity, in 10⁻¹⁰ of the base token; signed where it is a position or a fee.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sz(pub i128);

/// An amount of the quote token, in 10⁻¹⁸.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(pub i128);

/// Why a text is not a number of the wanted kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum NumError {
    /// Nothing there, or only a sign.
    Empty,
    /// A character that does not belong: letters, exponents, blanks, a second dot.
    NotANumber,
    /// More decimals than the scale carries (trailing zeros do not count).
    TooManyDecimals,
    /// Beyond the range of the type.
    TooLarge,
    /// Below zero, where only positive makes sense.
    Negative,
    /// Zero, where only positive makes sense.
    Zero,
}

impl NumError {
    /// The reason in words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::NotANumber => "is not a plain decimal number",
            Self::TooManyDecimals => "has more decimals than can be represented",
            Self::TooLarge => "is too large",
            Self::Negative => "is negative",
            Self::Zero => "is zero",
        }
    }
}

/// Reads a plain decimal (`-`? digits (`.` digits)?) as an integer scaled by 10^`decimals`.
///
/// At least one digit is needed; `.5` and `5.` are accepted, exponents and blanks are not.
/// Trailing zeros beyond the scale are dropped, other digits beyond it are refused.
#[inline]
pub fn parse_scaled(text: &[u8], decimals: u32) -> Result<i128, NumError> {
    if let Some((value, fraction)) = digits::short(text)
        && let Some(missing) = (decimals as usize).checked_sub(fraction)
        && let Some(&factor) = POW10.get(missing)
    {
        return Ok(i128::from(value) * i128::from(factor));
    }
    parse_thoroughly(text, decimals)
}

/// The same a character at a time: what is wrong with a text, and what is long.
#[cold]
pub(crate) fn parse_thoroughly(text: &[u8], decimals: u32) -> Result<i128, NumError> {
    let (negative, digits) = match text.first() {
        None => return Err(NumError::Empty),
        Some(b'-') => (true, &text[1..]),
        Some(_) => (false, text),
    };
    // Nineteen digits always fit an u64; nearly all texts are shorter, and take this loop only.
    if digits.len() <= 19 {
        const NO_DOT: usize = usize::MAX;
        let (mut mantissa, mut dot) = (0u64, NO_DOT);
        for (i, &c) in digits.iter().enumerate() {
            let d = c.wrapping_sub(b'0');
            if d <= 9 {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(d));
            } else if c == b'.' && dot == NO_DOT {
                dot = i;
            } else {
                return Err(NumError::NotANumber);
            }
        }
        let fraction = if dot == NO_DOT { 0 } else { digits.len() - 1 - dot };
        if digits.len() <= usize::from(dot != NO_DOT) {
            return Err(NumError::Empty);
        }
        let scaled = match (decimals as usize)
            .checked_sub(fraction)
            .and_then(|missing| POW10.get(missing))
        {
            Some(&factor) => (u128::from(mantissa) * u128::from(factor)).cast_signed(), // 64 by 60 bits: always fits
            None => scale(u128::from(mantissa), fraction, decimals)?,
        };
        return Ok(if negative { -scaled } else { scaled });
    }
    parse_long(digits, decimals).map(|v| if negative { -v } else { v })
}

#[cold]
fn scale(mantissa: u128, fraction: usize, decimals: u32) -> Result<i128, NumError> {
    let (mut mantissa, mut fraction) = (mantissa, u32::try_from(fraction).unwrap_or(u32::MAX));
    while fraction > decimals {
        if !mantissa.is_multiple_of(10) {
            return Err(NumError::TooManyDecimals);
        }
        mantissa /= 10;
        fraction -= 1;
    }
    let factor = POW10.get((decimals - fraction) as usize).ok_or(NumError::TooLarge)?;
    let scaled = mantissa.checked_mul(u128::from(*factor)).ok_or(NumError::TooLarge)?;
    i128::try_from(scaled).map_err(|_| NumError::TooLarge)
}

const POW10: [u64; 20] = {
    let mut table = [1u64; 20];
    let mut i = 1;
    while i < 20 {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

#[cold]
fn parse_long(digits: &[u8], decimals: u32) -> Result<i128, NumError> {
    const LONGEST: usize = 64; // a bound on the work that a hostile text can ask for
    if digits.len() > LONGEST {
        return Err(NumError::TooLarge);
    }
    let (mut mantissa, mut dot, mut seen) = (0u128, false, false);
    let mut fraction = 0usize;
    let mut zeros = 0usize; // trailing zeros of the fraction, not yet known to matter
    for &c in digits {
        match c {
            b'0' if dot => {
                zeros += 1;
                seen = true;
            }
            b'0'..=b'9' => {
                for _ in 0..zeros {
                    mantissa = mantissa.checked_mul(10).ok_or(NumError::TooLarge)?;
                }
                fraction += if dot { zeros + 1 } else { 0 };
                zeros = 0;
                mantissa = mantissa
                    .checked_mul(10)
                    .and_then(|m| m.checked_add(u128::from(c - b'0')))
                    .ok_or(NumError::TooLarge)?;
                seen = true;
            }
            b'.' if !dot => dot = true,
            _ => return Err(NumError::NotANumber),
        }
    }
    if !seen {
        return Err(NumError::Empty);
    }
    scale(mantissa, fraction, decimals)
}

fn positive(value: i128) -> Result<i128, NumError> {
    match value {
        0 => Err(NumError::Zero),
        v if v < 0 => Err(NumError::Negative),
        v => Ok(v),
    }
}

impl Px {
    /// Reads a price; it must be positive.
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Self, NumError> {
        let value = positive(parse_scaled(text, PX_DECIMALS)?)?;
        i64::try_from(value).map(Self).map_err(|_| NumError::TooLarge)
    }

    /// `self · sz`, exactly; `None` beyond 1.7 · 10²⁰.
    #[inline]
    pub fn times(self, sz: Sz) -> Option<Usd> {
        match i64::try_from(sz.0) {
            Ok(small) => Some(Usd(i128::from(self.0) * i128::from(small))),
            Err(_) => i128::from(self.0).checked_mul(sz.0).map(Usd),
        }
    }
}

impl Sz {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads a signed quantity: a position, a fee, a profit.
    #[inline]
    pub fn parse_signed(text: &[u8]) -> Result<Self, NumError> {
        let value = Self(parse_scaled(text, SZ_DECIMALS)?);
        if value > SZ_MAX || value < Self(-SZ_MAX.0) {
            return Err(NumError::TooLarge);
        }
        Ok(value)
    }

    /// Reads a size; it must be positive.
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Self, NumError> {
        let value = Self::parse_signed(text)?;
        positive(value.0)?;
        Ok(value)
    }

    /// Reads an amount that may be zero but not negative: a remainder, an executed part.
    #[inline]
    pub fn parse_amount(text: &[u8]) -> Result<Self, NumError> {
        let value = Self::parse_signed(text)?;
        if value.0 < 0 { Err(NumError::Negative) } else { Ok(value) }
    }

    /// The same amount in the scale of money: an amount of the quote token itself.
    ///
    /// Bounded by [`SZ_MAX`], hence it always fits.
    #[inline]
    pub fn as_usd(self) -> Option<Usd> {
        self.0.checked_mul(10i128.pow(USD_DECIMALS - SZ_DECIMALS)).map(Usd)
    }
}

/// Nearly every number fits 64 bits: it is written back to front into a buffer, with one division a digit.
#[inline]
fn write_short(
    f: &mut fmt::Formatter<'_>,
    negative: bool,
    value: u64,
    decimals: u32,
) -> fmt::Result {
    const LENGTH: usize = 32; // a sign, twenty digits, a dot, and zeros before a small fraction
    let unit = POW10[decimals as usize];
    let (mut whole, mut fraction) = (value / unit, value % unit);
    let (mut text, mut at) = ([0u8; LENGTH], LENGTH);
    let mut put = |byte: u8| {
        at -= 1;
        text[at] = byte;
    };
    if fraction != 0 {
        let mut width = decimals;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            width -= 1;
        }
        for _ in 0..width {
            put(b'0' + (fraction % 10).to_le_bytes()[0]);
            fraction /= 10;
        }
        put(b'.');
    }
    loop {
        put(b'0' + (whole % 10).to_le_bytes()[0]);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if negative {
        put(b'-');
    }
    f.write_str(core::str::from_utf8(&text[at..]).unwrap_or_default())
}

fn write_scaled(f: &mut fmt::Formatter<'_>, value: i128, decimals: u32) -> fmt::Result {
    let unit = 10u128.pow(decimals);
    let magnitude = value.unsigned_abs();
    if let Ok(short) = u64::try_from(magnitude) {
        return write_short(f, value < 0, short, decimals);
    }
    let (whole, mut fraction) = (magnitude / unit, magnitude % unit);
    let sign = if value < 0 { "-" } else { "" };
    if fraction == 0 {
        return write!(f, "{sign}{whole}");
    }
    let mut width = decimals as usize;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    write!(f, "{sign}{whole}.{fraction:0width$}")
}

macro_rules! display {
    ($($name:ident $decimals:expr),*) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                #[allow(clippy::unnecessary_cast, clippy::cast_lossless)] // one form for i64 and i128
                write_scaled(f, self.0 as i128, $decimals)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    )* };
}
display!(Px PX_DECIMALS, Sz SZ_DECIMALS, Usd USD_DECIMALS);
