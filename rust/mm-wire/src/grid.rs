//! Which prices and sizes the venue takes (protocol 8.1).
//!
//! A size has at most `szDecimals` decimals. A price has at most five significant figures and at most
//! `MAX − szDecimals` decimals (6 for perps, those of builders too; 8 for spot); a whole number is always a price.
//! So the distance between neighbouring prices grows with each decade, until it is 1. Bids are rounded down and
//! asks up, never to zero and never past a limit (`product.md` 3.1). Nothing here is computed in a double.

use core::fmt;

use mm_core::ids::Side;
use mm_core::num::{NumError, PX_DECIMALS, Px, SZ_DECIMALS, SZ_MAX, Sz, USD_DECIMALS, Usd};

/// Significant figures of a price that is not whole.
const FIGURES: u32 = 5;
/// What one unit of the quote token is in the scale of [`Px`].
const ONE: i64 = 10i64.pow(PX_DECIMALS);
/// Characters of a number that are looked at.
const LONGEST: usize = 128;

/// What kind of market it is, by which its number and the decimals of its prices go (protocol 6.3, 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A perpetual of the main dex.
    Perp,
    /// A spot pair.
    Spot,
    /// A perpetual of a builder's dex (HIP-3).
    Dex,
}

impl Kind {
    /// `MAX` of the rule on price decimals.
    pub const fn decimals_max(self) -> u32 {
        match self {
            Self::Perp | Self::Dex => 6,
            Self::Spot => 8,
        }
    }

    /// How we call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Perp => "perp",
            Self::Spot => "spot",
            Self::Dex => "dex",
        }
    }
}

/// A number that may lie between two of a scale: the one below, and whether it is that very one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rough {
    floor: i128,
    more: bool,
}

/// Why there is no such price or size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridError {
    /// Not a number that can be used at all.
    Num(NumError),
    /// It would come to zero.
    ToZero,
    /// Off the grid, where it must be on it.
    OffGrid,
}

impl GridError {
    /// The reason in words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Num(why) => why.reason(),
            Self::ToZero => "comes to zero on the grid",
            Self::OffGrid => "is off the grid",
        }
    }
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl core::error::Error for GridError {}

impl From<NumError> for GridError {
    fn from(why: NumError) -> Self {
        Self::Num(why)
    }
}

impl Rough {
    /// Reads a plain positive decimal of any length; what is finer than `decimals` is only noted. The number above it
    /// can be counted too.
    pub fn parse(text: &[u8], decimals: u32) -> Result<Self, NumError> {
        if text.is_empty() {
            return Err(NumError::Empty);
        }
        if text.len() > LONGEST {
            return Err(NumError::TooLarge);
        }
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let (mut floor, mut more, mut seen, mut fraction) = (0i128, false, false, None);
        for &c in digits {
            match (c, fraction) {
                (b'0'..=b'9', Some(count)) if count >= decimals => more |= c != b'0',
                (b'0'..=b'9', _) => {
                    floor = push(floor, c - b'0')?;
                    fraction = fraction.map(|count| count + 1);
                }
                (b'.', None) => fraction = Some(0),
                _ => return Err(NumError::NotANumber),
            }
            seen |= c != b'.';
        }
        if !seen {
            return Err(NumError::Empty);
        }
        for _ in fraction.unwrap_or(0)..decimals {
            floor = push(floor, 0)?;
        }
        match (floor, more, negative) {
            (0, false, _) => Err(NumError::Zero),
            (_, _, true) => Err(NumError::Negative),
            (i128::MAX, ..) => Err(NumError::TooLarge),
            _ => Ok(Self { floor, more }),
        }
    }

    /// An exact price.
    pub fn from_px(px: Px) -> Self {
        Self { floor: px.0.into(), more: false }
    }
}

fn push(value: i128, digit: u8) -> Result<i128, NumError> {
    value.checked_mul(10).and_then(|v| v.checked_add(digit.into())).ok_or(NumError::TooLarge)
}

/// The grid of one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    px_decimals: u32,
    sz_decimals: u32,
}

impl Grid {
    /// `None` if sizes would be finer than we can count.
    pub const fn new(kind: Kind, sz_decimals: u32) -> Option<Self> {
        if sz_decimals > SZ_DECIMALS {
            return None;
        }
        Some(Self { px_decimals: kind.decimals_max().saturating_sub(sz_decimals), sz_decimals })
    }

    /// Decimals that a price may have.
    pub const fn px_decimals(self) -> u32 {
        self.px_decimals
    }

    /// Decimals that a size may have.
    pub const fn sz_decimals(self) -> u32 {
        self.sz_decimals
    }

    /// The smallest size.
    pub const fn lot(self) -> Sz {
        Sz(10i128.pow(SZ_DECIMALS - self.sz_decimals))
    }

    /// The distance to the next price above, of a price in the scale of [`Px`].
    const fn step(self, px: i64) -> i64 {
        let unit = 10i64.pow(PX_DECIMALS - self.px_decimals);
        if px <= 0 {
            return unit;
        }
        let figures = 10i64.pow(px.ilog10().saturating_sub(FIGURES - 1));
        let step = if figures > ONE { ONE } else { figures };
        if step < unit { unit } else { step }
    }

    fn down(self, px: i64) -> i64 {
        px - px % self.step(px)
    }

    fn up(self, px: i64) -> Result<Px, GridError> {
        let step = self.step(px);
        let steps = px / step + i64::from(px % step != 0);
        steps.checked_mul(step).map(Px).ok_or(GridError::Num(NumError::TooLarge))
    }

    /// Whether a price is on the grid.
    pub fn is_valid_px(self, px: Rough) -> bool {
        !px.more && i64::try_from(px.floor).is_ok_and(|px| px > 0 && self.down(px) == px)
    }

    /// The price itself, which must be on the grid.
    pub fn exact_px(self, px: Rough) -> Result<Px, GridError> {
        if self.is_valid_px(px) { Ok(Px(px_of(px.floor)?)) } else { Err(GridError::OffGrid) }
    }

    /// The distance between neighbouring prices, at this one and upwards.
    pub fn tick(self, px: Rough) -> Result<Px, GridError> {
        Ok(Px(self.step(px_of(px.floor)?)))
    }

    /// A bid's price downwards, an ask's upwards, to the nearest on the grid that is not past `limit`.
    pub fn round_px(self, px: Rough, side: Side, limit: Option<Rough>) -> Result<Px, GridError> {
        match side {
            Side::Buy => {
                let px = limit.map_or(px, |limit| px.min(limit));
                positive(self.down(px_of(px.floor)?))
            }
            Side::Sell => {
                let px = limit.map_or(px, |limit| px.max(limit));
                self.up(px_of(px.floor + i128::from(px.more))?)
            }
        }
    }

    /// The lowest price above.
    pub fn above(self, px: Rough) -> Result<Px, GridError> {
        self.up(px_of(px.floor + 1)?)
    }

    /// The highest price below.
    pub fn below(self, px: Rough) -> Result<Px, GridError> {
        positive(self.down(px_of(px.floor - i128::from(!px.more))?))
    }

    /// Whether a size is on the grid.
    pub fn is_valid_sz(self, sz: Rough) -> bool {
        !sz.more && sz.floor > 0 && sz.floor <= SZ_MAX.0 && sz.floor % self.lot().0 == 0
    }

    /// The size itself, which must be on the grid.
    pub fn exact_sz(self, sz: Rough) -> Result<Sz, GridError> {
        if self.is_valid_sz(sz) { Ok(Sz(sz.floor)) } else { Err(GridError::OffGrid) }
    }

    /// The largest size on the grid that is not larger.
    pub fn round_sz(self, sz: Rough) -> Result<Sz, GridError> {
        if sz.floor > SZ_MAX.0 {
            return Err(NumError::TooLarge.into());
        }
        match sz.floor - sz.floor % self.lot().0 {
            0 => Err(GridError::ToZero),
            sz => Ok(Sz(sz)),
        }
    }

    /// The smallest size on the grid that is worth `minimum` (in the scale of [`Usd`]) at a price.
    pub fn sz_to_reach(self, px: Px, minimum: Rough) -> Result<Sz, GridError> {
        let too_large = GridError::Num(NumError::TooLarge);
        let lot = self.lot();
        let worth = px.times(lot).ok_or(too_large)?.0;
        if worth <= 0 {
            return Err(NumError::Zero.into());
        }
        let lots = minimum.floor / worth + i128::from(minimum.more || minimum.floor % worth != 0);
        match lots.checked_mul(lot.0) {
            Some(sz) if sz <= SZ_MAX.0 => Ok(Sz(sz)),
            _ => Err(too_large),
        }
    }
}

/// Whether an order is worth `minimum`, which is in the scale of [`Usd`].
pub fn is_worth(px: Px, sz: Sz, minimum: Rough) -> Result<bool, GridError> {
    let Usd(worth) = px.times(sz).ok_or(NumError::TooLarge)?;
    Ok(worth > minimum.floor || worth == minimum.floor && !minimum.more)
}

/// Decimals that [`Rough::parse`] is to read an amount of money with.
pub const MONEY: u32 = USD_DECIMALS;

fn px_of(value: i128) -> Result<i64, GridError> {
    i64::try_from(value).map_err(|_| NumError::TooLarge.into())
}

fn positive(px: i64) -> Result<Px, GridError> {
    if px > 0 { Ok(Px(px)) } else { Err(GridError::ToZero) }
}

#[cfg(test)]
mod tests;
