//! The memory of fills: every fill that was booked since the horizon, exactly, in twenty bytes each.
//!
//! A fill is (coin, time, tid, oid), and one of these sets belongs to one coin. The usual widths (tid 50 bits, oid
//! 46, time 42: `hyperliquid-protocol` 8.3) are packed whole, so equal keys are equal fills and nothing is guessed;
//! the 21 bits left hold a check of the payload, which tells a duplicate from a contradiction. Whatever is wider,
//! and system fills with tid 0 (which share it), are kept in full beside.

use std::collections::BTreeMap;

use crate::event::Fill;
use crate::paged::{Paged, Slot, mix};

const TID_BITS: u32 = 50;
const OID_BITS: u32 = 46;
const TIME_BITS: u32 = 42;

/// tid, oid and time packed, and a check of the payload that is never zero.
#[derive(Clone, Copy, Debug)]
struct Packed([u32; 5]);

impl Packed {
    #[allow(clippy::cast_possible_truncation)] // packing is truncation by design; the widths were tested
    fn new(time: u64, tid: u64, oid: u64, check: u32) -> Self {
        let low = u128::from(tid) | (u128::from(oid) << TID_BITS) | (u128::from(time) << (TID_BITS + OID_BITS));
        let high = ((time >> (128 - TID_BITS - OID_BITS)) as u32) | (check | 1) << 10;
        Self([low as u32, (low >> 32) as u32, (low >> 64) as u32, (low >> 96) as u32, high])
    }

    fn time(&self) -> u64 {
        u64::from(self.0[3]) | (u64::from(self.0[4] & 0x3ff) << 32)
    }

    fn check(&self) -> u32 {
        self.0[4] >> 10
    }
}

impl Slot for Packed {
    const EMPTY: Self = Self([0; 5]);
    fn is_empty(&self) -> bool {
        self.0[4] == 0 // the check's lowest bit is always set
    }
    #[inline]
    fn hash(&self) -> u64 {
        let w = &self.0;
        mix(
            u64::from(w[0]) | (u64::from(w[1]) << 32),
            u64::from(w[2]) | (u64::from(w[3] ^ (w[4] << 22)) << 32),
        )
    }
    #[inline]
    fn same_key(&self, other: &Self) -> bool {
        self.0[..4] == other.0[..4] && (self.0[4] ^ other.0[4]) & 0x3ff == 0
    }
    fn is_stale(&self, horizon: u64) -> bool {
        self.time() < horizon
    }
}

/// Key of the rare fills: (time, tid, oid) and, where tid is 0, (px, sz, start) with them.
type Wide = (u64, u64, u64, i64, i128, Option<i128>);

/// What the set says of a fill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Never seen; now remembered.
    New,
    /// Booked before, the same in all it says.
    Duplicate,
    /// Booked before with another payload: one of the two is a lie.
    Contradiction,
}

/// All fills of one coin since the horizon.
#[derive(Clone, Debug, Default)]
pub struct SeenFills {
    packed: Paged<Packed>,
    wide: BTreeMap<Wide, u64>,
}

/// A hash of what a trade says besides its key: side, price, size. (`startPosition` is left out: it is printed from a
/// double, and sources round it differently.)
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // folding, not measuring
fn payload(fill: &Fill<'_>) -> u64 {
    let sz = (fill.sz.0 as u64) ^ (((fill.sz.0 >> 64) as u64) << 1) ^ ((fill.side as u64) << 63);
    mix(fill.px.0 as u64, sz)
}

impl SeenFills {
    /// Remembers `fill` unless it is known, and says which.
    #[inline]
    pub fn insert(&mut self, fill: &Fill<'_>) -> Seen {
        let payload = payload(fill);
        let fits = fill.tid >> TID_BITS == 0 && fill.oid.0 >> OID_BITS == 0 && fill.time >> TIME_BITS == 0;
        let known = if fits && fill.tid != 0 {
            #[allow(clippy::cast_possible_truncation)] // 22 bits are asked for
            let check = (payload >> 42) as u32 | 1;
            let slot = Packed::new(fill.time, fill.tid, fill.oid.0, check);
            self.packed.insert(slot).map(|old| old.check() == check)
        } else {
            self.insert_wide(fill, payload)
        };
        match known {
            None => Seen::New,
            Some(true) => Seen::Duplicate,
            Some(false) => Seen::Contradiction,
        }
    }

    #[cold]
    fn insert_wide(&mut self, fill: &Fill<'_>, payload: u64) -> Option<bool> {
        let (px, sz, start) =
            if fill.tid == 0 { (fill.px.0, fill.sz.0, fill.start.map(|s| s.0)) } else { (0, 0, None) };
        let key = (fill.time, fill.tid, fill.oid.0, px, sz, start);
        if let Some(&old) = self.wide.get(&key) {
            return Some(old == payload);
        }
        self.wide.insert(key, payload);
        None
    }

    /// Forgets what is older than `horizon`, as room is needed.
    pub fn forget_before(&mut self, horizon: u64) {
        self.packed.set_horizon(horizon);
        self.wide = self.wide.split_off(&(horizon, 0, 0, i64::MIN, i128::MIN, None));
    }

    /// Fills remembered.
    pub fn len(&self) -> usize {
        self.packed.len() + self.wide.len()
    }

    /// True when none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Heap bytes held, the rare wide ones estimated.
    pub fn bytes(&self) -> usize {
        self.packed.bytes() + self.wide.len() * (size_of::<Wide>() + 16)
    }
}
