//! The memory of fills: every fill that was booked since the horizon, exactly, in twenty bytes each.
//!
//! A fill is (coin, time, tid, oid), and one of these sets belongs to one coin. The usual widths (tid 50 bits, oid
//! 46, time 42: `hyperliquid-protocol` 8.3) are packed whole, so equal keys are equal fills and nothing is guessed;
//! the 22 bits left hold a check of the payload, which tells a duplicate from a contradiction. Whatever is wider,
//! and system fills with tid 0 (which share it), are kept in full beside.

use std::collections::BTreeMap;

use crate::event::Fill;
use crate::ids::Oid;
use crate::paged::{Paged, Slot, mix};
use crate::planted::{Bug, planted};

const TID_BITS: u32 = 50;
const OID_BITS: u32 = 46;
const TIME_BITS: u32 = 42;

/// tid (50 bits), oid (46) and time (42), and a check of the payload (22). Twenty bytes: fields are read as copies, as
/// they are not aligned to their size.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Packed {
    /// tid, and the low 14 bits of the oid.
    first: u64,
    /// The other 32 bits of the oid, and the low 32 of the time.
    second: u64,
    /// The other 10 bits of the time, and the check.
    third: u32,
}

impl Packed {
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // packing is truncation by design; the widths were tested
    fn new(time: u64, tid: u64, oid: u64, check: u32) -> Self {
        Self {
            first: tid | oid << TID_BITS,
            second: oid >> (64 - TID_BITS) | time << 32,
            third: (time >> 32) as u32 | check << (TIME_BITS - 32),
        }
    }

    fn time(&self) -> u64 {
        self.second >> 32 | u64::from(self.third & TIME_TOP) << 32
    }

    fn check(&self) -> u32 {
        self.third >> (TIME_BITS - 32)
    }
}

/// The bits of [`Packed::third`] that belong to the time.
const TIME_TOP: u32 = (1 << (TIME_BITS - 32)) - 1;

impl Slot for Packed {
    const EMPTY: Self = Self { first: 0, second: 0, third: 0 };
    #[inline]
    fn hash(&self) -> u64 {
        mix(self.first, self.second ^ u64::from(self.third & TIME_TOP) << 54)
    }
    #[inline]
    fn same_key(&self, other: &Self) -> bool {
        let top = (self.third ^ other.third) & TIME_TOP;
        (self.first ^ other.first) | (self.second ^ other.second) | u64::from(top) == 0
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
    /// Touches the memory that [`SeenFills::insert`] of a fill will need.
    #[inline]
    pub fn glance(&self, time: u64, tid: u64, oid: Oid) -> u64 {
        self.packed.glance(Packed::new(time, tid, oid.0, 0).hash())
    }

    /// Remembers `fill` unless it is known, and says which; with a hash of all that identifies it.
    #[inline]
    pub fn insert(&mut self, fill: &Fill<'_>) -> (Seen, u64) {
        if planted(Bug::BareTid) {
            let key = Fill { time: u64::MAX, oid: Oid(0), ..*fill };
            return (Self::judge(self.insert_wide(&key, 0)), fill.tid);
        }
        if planted(Bug::FifoEviction) && self.len() >= 2 {
            *self = Self::default();
        }
        let payload = payload(fill);
        let fits =
            fill.tid >> TID_BITS == 0 && fill.oid.0 >> OID_BITS == 0 && fill.time >> TIME_BITS == 0;
        if fits && fill.tid != 0 {
            #[allow(clippy::cast_possible_truncation)] // 22 bits are asked for
            let check = (payload >> 42) as u32;
            let slot = Packed::new(fill.time, fill.tid, fill.oid.0, check);
            let known = self.packed.insert(slot).map(|old| old.check() == check);
            return (Self::judge(known), slot.hash() ^ payload);
        }
        let identity = mix(mix(fill.time, fill.tid), fill.oid.0) ^ payload;
        (Self::judge(self.insert_wide(fill, payload)), identity)
    }

    #[inline]
    const fn judge(known: Option<bool>) -> Seen {
        match known {
            None => Seen::New,
            Some(true) => Seen::Duplicate,
            Some(false) => Seen::Contradiction,
        }
    }

    #[cold]
    fn insert_wide(&mut self, fill: &Fill<'_>, payload: u64) -> Option<bool> {
        let (px, sz, start) = if fill.tid == 0 {
            (fill.px.0, fill.sz.0, fill.start.map(|s| s.0))
        } else {
            (0, 0, None)
        };
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
