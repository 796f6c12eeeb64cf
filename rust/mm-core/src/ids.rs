//! Identity: `cloid` (ours), `oid` (the venue's), `tid` (a trade's), sides, times in force.

use core::fmt;

use crate::digits::hex16;

/// The venue's name of one leg of an order. Exchange-wide, rising.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Oid(pub u64);

/// Our name of one leg of an order: 128 bits, chosen before sending, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cloid(pub u128);

/// Milliseconds since the Unix epoch, by whoever's clock the field's name says.
pub type Ms = u64;

/// First four bytes of every cloid that we make: "mm" and the version of the layout.
pub const CLOID_MAGIC: u32 = 0x6d6d_0001;

impl Cloid {
    /// One of ours: magic, instance, sequence. Recognisable without a journal.
    pub const fn ours(instance: u32, sequence: u64) -> Self {
        Self(((CLOID_MAGIC as u128) << 96) | ((instance as u128) << 64) | sequence as u128)
    }

    /// `(instance, sequence)` when it carries our magic.
    #[allow(clippy::cast_possible_truncation)] // the masks are the point
    pub const fn parts(self) -> Option<(u32, u64)> {
        if (self.0 >> 96) as u32 == CLOID_MAGIC {
            Some(((self.0 >> 64) as u32, self.0 as u64))
        } else {
            None
        }
    }

    /// Reads `0x` and 32 hexadecimal digits, in either case; anything else is `None`.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (high, low) = text.strip_prefix(b"0x")?.split_at_checked(16)?;
        let half = |digits: &[u8]| hex16(u128::from_le_bytes(digits.try_into().ok()?));
        Some(Self(u128::from(half(high)?) << 64 | u128::from(half(low)?)))
    }
}

/// A cloid or none, in twenty bytes: an `Option` of one takes 32, and there is one in every order and leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C, packed(4))]
pub(crate) struct MaybeCloid {
    cloid: u128,
    told: u32,
}

impl MaybeCloid {
    #[inline]
    pub(crate) fn get(self) -> Option<Cloid> {
        let cloid = Cloid(self.cloid);
        (self.told != 0).then_some(cloid)
    }
}

impl From<Option<Cloid>> for MaybeCloid {
    fn from(cloid: Option<Cloid>) -> Self {
        Self { cloid: cloid.map_or(0, |cloid| cloid.0), told: cloid.is_some().into() }
    }
}

impl fmt::Display for Cloid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"0x00000000000000000000000000000000";
        for (byte, pair) in self.0.to_be_bytes().into_iter().zip(text[2..].chunks_exact_mut(2)) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        f.write_str(core::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Cloid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Which side of the book.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// Bid, long: `B` on the wire.
    Buy,
    /// Ask, short: `A` on the wire.
    Sell,
}

impl Side {
    /// +1 for a buy, −1 for a sell.
    pub const fn sign(self) -> i128 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }

    /// The amount with the sign of this side.
    #[inline]
    pub const fn signed(self, amount: i128) -> i128 {
        match self {
            Self::Buy => amount,
            Self::Sell => -amount,
        }
    }

    /// The other side.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// The venue's letter.
    pub const fn letter(self) -> char {
        match self {
            Self::Buy => 'B',
            Self::Sell => 'A',
        }
    }
}

/// Time in force.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tif {
    /// Add liquidity only (post-only): refused if it would match.
    Alo,
    /// Immediate or cancel.
    Ioc,
    /// Good till cancelled.
    Gtc,
}

#[cfg(test)]
mod tests {
    use super::Cloid;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cloid_is_written_as_it_is_read(value in any::<u128>()) {
            let text = Cloid(value).to_string();
            prop_assert_eq!(&text, &format!("0x{value:032x}"));
            prop_assert_eq!(Cloid::parse(text.as_bytes()), Some(Cloid(value)));
            prop_assert_eq!(Cloid::parse(text.to_uppercase().replace("0X", "0x").as_bytes()), Some(Cloid(value)));
        }

        #[test]
        fn what_is_no_cloid_is_none(text in "0x[0-9a-fA-Fg@`/:G]{30,34}") {
            let plain = text.len() == 34 && text[2..].bytes().all(|c| c.is_ascii_hexdigit());
            prop_assert_eq!(Cloid::parse(text.as_bytes()).is_some(), plain);
        }
    }
}
