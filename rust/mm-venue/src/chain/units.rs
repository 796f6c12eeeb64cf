//! The venue's units: lots, money, names of accounts and assets. Exact integers, as everywhere (ADR 0002).

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use mm_core::num::Px;

/// Decimals of an [`Amount`].
pub const AMOUNT_DECIMALS: u32 = 10;
/// One USDC, or one whole token.
pub const ONE: i128 = 10i128.pow(AMOUNT_DECIMALS);

/// A number of lots of an asset (10^-szDecimals of its base); signed where it is a position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Lots(pub i64);

/// An amount of a token, money above all, in 10⁻¹⁰: perpetuals settle to the sixth decimal, dust has ten.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Amount(pub i128);

/// An account's number, in the order of their creation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub u32);

/// An asset's place in [`super::Metas::assets`]; not its id on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AssetIx(pub u16);

/// A spot token's place in [`super::Metas::tokens`]; not its index on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TokenIx(pub u16);

/// An account's or agent's address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address(pub [u8; 20]);

macro_rules! arithmetic {
    ($($name:ident),*) => { $(
        impl Add for $name { type Output = Self; fn add(self, other: Self) -> Self { Self(self.0 + other.0) } }
        impl Sub for $name { type Output = Self; fn sub(self, other: Self) -> Self { Self(self.0 - other.0) } }
        impl Neg for $name { type Output = Self; fn neg(self) -> Self { Self(-self.0) } }
        impl AddAssign for $name { fn add_assign(&mut self, other: Self) { self.0 += other.0; } }
        impl SubAssign for $name { fn sub_assign(&mut self, other: Self) { self.0 -= other.0; } }
        impl Sum for $name { fn sum<I: Iterator<Item = Self>>(all: I) -> Self { all.fold(Self(0), Add::add) } }
        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// Without the sign.
            pub const fn abs(self) -> Self { Self(self.0.abs()) }
            /// Neither above nor below nothing.
            pub const fn is_zero(self) -> bool { self.0 == 0 }
            /// −1, 0 or 1.
            pub const fn signum(self) -> i128 { self.0.signum() as i128 }
        }
    )* };
}
arithmetic!(Lots, Amount);

impl Amount {
    /// So many whole units.
    pub const fn whole(units: i64) -> Self {
        Self(units as i128 * ONE)
    }

    /// Cut (not rounded) towards nothing to so many decimals, as the venue cuts fees.
    pub const fn cut(self, decimals: u32) -> Self {
        let unit = 10i128.pow(AMOUNT_DECIMALS - decimals);
        Self(self.0 / unit * unit)
    }

    /// Rounded to so many decimals, halves away from nothing.
    pub const fn round(self, decimals: u32) -> Self {
        let unit = 10i128.pow(AMOUNT_DECIMALS - decimals);
        Self((self.0 + self.0.signum() * unit / 2) / unit * unit)
    }

    /// `self · part / whole`, cut; nothing of nothing. Beyond 10³⁸ of a product it is cut before it is multiplied.
    pub const fn share(self, part: i128, whole: i128) -> Self {
        if whole == 0 {
            return Self(0);
        }
        match self.0.checked_mul(part) {
            Some(product) => Self(product / whole),
            None => Self((self.0 / whole).saturating_mul(part)),
        }
    }
}

/// `px · lots`, where a lot is 10^-`sz_decimals`. Exact for every price on the asset's grid; cut otherwise.
pub const fn notional(px: Px, lots: Lots, sz_decimals: u32) -> Amount {
    let product = px.0 as i128 * lots.0 as i128; // in 10^-(8 + sz_decimals)
    if sz_decimals >= 2 {
        Amount(product / 10i128.pow(sz_decimals - 2))
    } else {
        Amount(product * 10i128.pow(2 - sz_decimals))
    }
}

/// A size as an [`Amount`] of its token.
pub const fn amount_of(lots: Lots, sz_decimals: u32) -> Amount {
    Amount(lots.0 as i128 * 10i128.pow(AMOUNT_DECIMALS - sz_decimals))
}

impl Address {
    /// Reads `0x` and forty hexadecimal digits of either case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits = text.strip_prefix(b"0x")?;
        if digits.len() != 40 {
            return None;
        }
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex(pair[0])? << 4 | hex(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// An address that no key has: for the venue's own accounts and for synthetic traders.
    pub fn synthetic(kind: u32, number: u64) -> Self {
        let mut bytes = [0; 20];
        bytes[0..4].copy_from_slice(b"sim\0");
        bytes[4..8].copy_from_slice(&kind.to_be_bytes());
        bytes[12..20].copy_from_slice(&number.to_be_bytes());
        Self(bytes)
    }
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A decimal as the venue writes it: trailing zeros dropped, but for one digit behind the point.
pub struct Decimal(pub i128, pub u32);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, decimals) = *self;
        let unit = 10u128.pow(decimals);
        let (mut fraction, mut width) = (value.unsigned_abs() % unit, decimals as usize);
        if value < 0 {
            f.write_str("-")?;
        }
        write!(f, "{}.", value.unsigned_abs() / unit)?;
        if fraction == 0 {
            return f.write_str("0");
        }
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            width -= 1;
        }
        write!(f, "{fraction:0width$}")
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal(self.0, AMOUNT_DECIMALS).fmt(f)
    }
}

/// The ten decimals of the double that is nearest to a decimal: how the venue prints `startPosition`.
///
/// From some 600,000 on its artefacts show ("3130537.6000000001"). Done in integers: the double's mantissa and
/// exponent are found by division, and its exact value is printed.
pub struct AsDouble(pub Amount);

impl fmt::Display for AsDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Amount(value) = self.0;
        let sign = if value < 0 { -1 } else { 1 };
        Decimal(sign * as_double(value.unsigned_abs()).cast_signed(), AMOUNT_DECIMALS).fmt(f)
    }
}

/// The double nearest to `value`·10⁻¹⁰, in 10⁻¹⁰ again, rounded half to even both times.
fn as_double(value: u128) -> u128 {
    const UNIT: u128 = 10u128.pow(AMOUNT_DECIMALS);
    const MANTISSA: u32 = 53;
    let whole = value / UNIT;
    if whole == 0 || whole >= 1 << (MANTISSA - 1) {
        return value; // below one the error is far beneath the tenth decimal; above 2⁵² there are no decimals
    }
    let shift = MANTISSA - (u128::BITS - whole.leading_zeros());
    let mantissa = divide_half_even(value << shift, UNIT);
    divide_half_even(mantissa * UNIT, 1 << shift)
}

const fn divide_half_even(value: u128, by: u128) -> u128 {
    let (quotient, twice) = (value / by, value % by * 2);
    if twice > by || (twice == by && quotient % 2 == 1) { quotient + 1 } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_double_is_printed_with_its_artefacts() {
        // Seen on the wire (shared/data/README.md, frames_captured.jsonl).
        for (true_value, printed) in [
            (31_305_376, "3130537.6000000001"),
            (-36_950_429, "-3695042.8999999999"),
            (-508_182, "-50818.2"),
            (0, "0.0"),
        ] {
            assert_eq!(AsDouble(Amount(true_value * ONE / 10)).to_string(), printed);
        }
        assert_eq!(AsDouble(Amount(-67_102_207 * ONE / 100)).to_string(), "-671022.0699999999");
    }

    #[test]
    fn a_decimal_keeps_one_digit_behind_the_point() {
        assert_eq!(Decimal(8_375_700_000_000, 8).to_string(), "83757.0");
        assert_eq!(Decimal(-5, 4).to_string(), "-0.0005");
        assert_eq!(Decimal(0, 10).to_string(), "0.0");
    }

    #[test]
    fn a_notional_is_exact_on_every_grid() {
        assert_eq!(notional(Px(8_375_700_000_000), Lots(37), 5), Amount(309_900_900_000));
        assert_eq!(notional(Px(12_330_000), Lots(100), 0), Amount(123_300_000_000));
    }

    #[test]
    fn amounts_are_cut_towards_nothing_and_rounded_away_from_it() {
        assert_eq!(Amount(19_999).cut(6), Amount(10_000));
        assert_eq!(Amount(-19_999).cut(6), Amount(-10_000));
        assert_eq!(Amount(15_000).round(6), Amount(20_000));
        assert_eq!(Amount(-15_000).round(6), Amount(-20_000));
    }

    proptest! {
        #[test]
        fn an_address_is_written_as_it_is_read(bytes in any::<[u8; 20]>()) {
            let text = Address(bytes).to_string();
            prop_assert_eq!(Address::parse(text.as_bytes()), Some(Address(bytes)));
            prop_assert_eq!(Address::parse(text.to_uppercase().replace("0X", "0x").as_bytes()), Some(Address(bytes)));
        }
    }
}
