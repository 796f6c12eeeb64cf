//! The memory of fills: every fill that was booked since the horizon, exactly, in some twelve bytes each.
//!
//! A fill is (coin, time, tid, oid), and one of these memories belongs to one coin. Nearly all fills come in the order
//! of their times, and what is newer than anything known is certainly new: nothing has to be looked for. The newest are
//! kept as they are (`TAIL_MAX`); behind them they are packed into blocks that never change (`sealed.rs`), and only what
//! comes later than that, or shares its millisecond with many, goes into a hash set ([`Paged`]). Equal keys are equal
//! fills, and nothing is guessed, wherever a fill is kept; a check of 22 bits of the payload tells a duplicate from a
//! contradiction. What is wider than the usual widths, and system fills with tid 0 (which share it), are kept in full.

use std::collections::{BTreeMap, VecDeque};

use crate::event::Fill;
use crate::ids::Ms;
use crate::paged::{Paged, Slot, mix};
use crate::planted::{Bug, planted};
use crate::sealed::{Block, CHECK_BITS, Key, OID_BITS, TID_BITS, TIME_BITS};

/// So many of the newest fills are kept as they are, each found within a few steps.
const TAIL_MAX: usize = 1_024;
/// At most so many of them are sealed together, and at least three quarters of it: never a part of a millisecond.
const SEALED_MAX: usize = 256;
/// At most so many of one millisecond are kept in the order of times: what is looked for is compared with each of them.
const CROWD: usize = SEALED_MAX / 4;

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
    fn new(key: &Key) -> Self {
        Self {
            first: key.tid | key.oid << TID_BITS,
            second: key.oid >> (64 - TID_BITS) | key.time << 32,
            third: (key.time >> 32) as u32 | key.check << (TIME_BITS - 32),
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
    /// The latest time that is, or was, among `tail`, `sealed` and `late`.
    newest: Ms,
    /// Up to this time blocks were sealed; all of `tail` is later.
    sealed_until: Option<Ms>,
    tail: VecDeque<Key>,
    sealed: VecDeque<Block>,
    sealed_rows: usize,
    /// What came after its time was sealed, or when its millisecond was crowded: to be looked at for no other.
    late: Option<Box<Paged<Packed>>>,
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

fn wide(fill: &Fill<'_>) -> Wide {
    let (px, sz, start) =
        if fill.tid == 0 { (fill.px.0, fill.sz.0, fill.start.map(|s| s.0)) } else { (0, 0, None) };
    (fill.time, fill.tid, fill.oid.0, px, sz, start)
}

impl SeenFills {
    /// Remembers `fill` unless it is known, and says which; with a hash of all that identifies it.
    #[inline]
    pub fn insert(&mut self, fill: &Fill<'_>) -> (Seen, u64) {
        if planted(Bug::BareTid) {
            let key = Fill { time: u64::MAX, oid: crate::ids::Oid(0), ..*fill };
            return (Self::judge(self.insert_wide(wide(&key), 0)), fill.tid);
        }
        if planted(Bug::FifoEviction) && self.len() >= 2 {
            *self = Self::default();
        }
        let payload = payload(fill);
        let fits =
            fill.tid >> TID_BITS == 0 && fill.oid.0 >> OID_BITS == 0 && fill.time >> TIME_BITS == 0;
        if fits && fill.tid != 0 {
            #[allow(clippy::cast_possible_truncation)] // 22 bits are asked for
            let check = (payload >> (u64::BITS - CHECK_BITS)) as u32;
            let key = Key { time: fill.time, tid: fill.tid, oid: fill.oid.0, check };
            let identity = Packed::new(&key).hash() ^ payload;
            if key.time > self.newest {
                self.append(key);
                return (Seen::New, identity);
            }
            let known = self.insert_among(key);
            return (Self::judge(known.map(|old| old == check)), identity);
        }
        let identity = mix(mix(fill.time, fill.tid), fill.oid.0) ^ payload;
        (Self::judge(self.insert_wide(wide(fill), payload)), identity)
    }

    #[inline]
    const fn judge(known: Option<bool>) -> Seen {
        match known {
            None => Seen::New,
            Some(true) => Seen::Duplicate,
            Some(false) => Seen::Contradiction,
        }
    }

    /// Remembers what is newer than anything known.
    #[inline]
    fn append(&mut self, key: Key) {
        self.newest = key.time;
        self.tail.push_back(key);
        if self.tail.len() == TAIL_MAX {
            self.seal();
        }
    }

    /// Remembers a fill that may be known: the check of the one with its key, if it is.
    #[inline]
    fn insert_among(&mut self, key: Key) -> Option<u32> {
        if self.sealed_until.is_some_and(|until| key.time <= until) {
            return self.insert_late(key);
        }
        let at = if key.time == self.newest {
            self.tail.len()
        } else {
            self.tail.partition_point(|other| other.time <= key.time)
        };
        let mut crowd = 0;
        for other in self.tail.range(..at).rev().take_while(|other| other.time == key.time) {
            if other.names(&key) {
                return Some(other.check);
            }
            crowd += 1;
        }
        if crowd == CROWD {
            let late = self.late.get_or_insert_default();
            return late.insert(Packed::new(&key)).map(|old| old.check());
        }
        self.tail.insert(at, key);
        if self.tail.len() == TAIL_MAX {
            self.seal();
        }
        None
    }

    /// The same for the time that is sealed.
    #[cold]
    fn insert_late(&mut self, key: Key) -> Option<u32> {
        let at = self.sealed.partition_point(|block| block.last() < key.time);
        if let Some(check) = self.sealed.get(at).and_then(|block| block.find(&key)) {
            return Some(check);
        }
        let late = self.late.get_or_insert_default();
        late.insert(Packed::new(&key)).map(|old| old.check())
    }

    /// Seals the oldest of the tail, up to the end of a millisecond.
    #[cold]
    fn seal(&mut self) {
        let ends = |n: &usize| self.tail[*n - 1].time < self.tail[*n].time;
        // There is one: no millisecond has more than a crowd here.
        let Some(count) = (1..=SEALED_MAX).rev().find(ends) else { return };
        let block = Block::seal(self.tail.range(..count).copied());
        self.tail.drain(..count);
        self.sealed_until = Some(block.last());
        self.sealed_rows += block.rows();
        self.sealed.push_back(block);
    }

    #[cold]
    fn insert_wide(&mut self, key: Wide, payload: u64) -> Option<bool> {
        if let Some(&old) = self.wide.get(&key) {
            return Some(old == payload);
        }
        self.wide.insert(key, payload);
        None
    }

    /// Forgets what is older than `horizon`, a little of it only as room is needed. Nothing older may be asked for.
    pub fn forget_before(&mut self, horizon: u64) {
        while let Some(block) = self.sealed.front().filter(|block| block.last() < horizon) {
            self.sealed_rows -= block.rows();
            self.sealed.pop_front();
        }
        let stale = self.tail.partition_point(|key| key.time < horizon);
        self.tail.drain(..stale);
        if let Some(late) = &mut self.late {
            late.set_horizon(horizon);
        }
        self.wide = self.wide.split_off(&(horizon, 0, 0, i64::MIN, i128::MIN, None));
    }

    /// Fills remembered.
    pub fn len(&self) -> usize {
        let late = self.late.as_ref().map_or(0, |late| late.len());
        self.tail.len() + self.sealed_rows + late + self.wide.len()
    }

    /// True when none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Heap bytes held, the rare wide ones estimated.
    pub fn bytes(&self) -> usize {
        self.tail.capacity() * size_of::<Key>()
            + self.sealed.capacity() * size_of::<Block>()
            + self.sealed.iter().map(Block::bytes).sum::<usize>()
            + self.late.as_ref().map_or(0, |late| late.bytes())
            + self.wide.len() * (size_of::<Wide>() + 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Oid, Side};
    use crate::num::{Px, Sz};
    use proptest::prelude::*;

    /// (time, tid, oid, size): the size is all of the payload that differs here.
    type Told = (u64, u64, u64, i128);

    fn fill((time, tid, oid, sz): Told) -> Fill<'static> {
        Fill {
            coin: "BTC",
            side: Side::Buy,
            px: Px(100),
            sz: Sz(sz),
            time,
            tid,
            oid: Oid(oid),
            start: None,
            cloid: None,
            fee: None,
            fee_token: "",
            closed_pnl: None,
            crossed: None,
            liquidated: None,
        }
    }

    /// What a tree of whole keys says of the same fills.
    #[derive(Default)]
    struct Naive(BTreeMap<(u64, u64, u64, i128), i128>);

    impl Naive {
        fn insert(&mut self, (time, tid, oid, sz): Told) -> Seen {
            let key = (time, tid, oid, if tid == 0 { sz } else { 0 });
            match self.0.get(&key) {
                Some(&known) if known == sz => Seen::Duplicate,
                Some(_) => Seen::Contradiction,
                None => {
                    self.0.insert(key, sz);
                    Seen::New
                }
            }
        }
    }

    fn agree(fills: impl IntoIterator<Item = Told>) -> Result<SeenFills, TestCaseError> {
        let (mut seen, mut naive) = (SeenFills::default(), Naive::default());
        for told in fills {
            prop_assert_eq!(seen.insert(&fill(told)).0, naive.insert(told), "{:?}", told);
            prop_assert_eq!(seen.len(), naive.0.len());
        }
        Ok(seen)
    }

    /// Fills as time goes on, some late by a little, some by a lot, some told again, some with another size; a crowd now
    /// and then.
    fn history(seed: u64, count: u64, step: u64, late_by: u64) -> Vec<Told> {
        let (mut x, mut now, mut told) = (seed, 1_790_000_000_000, Vec::<Told>::new());
        for n in 0..count {
            x = mix(x, n);
            now += if x % 1_000 < 3 { 0 } else { x >> 40 & step };
            let again = told.get((x >> 20) as usize % told.len().max(1)).copied();
            let time = if x >> 8 & 7 < 1 { now - (x >> 16) % late_by } else { now };
            let wide = if x >> 4 & 255 < 1 { 1 << 60 } else { 0 };
            told.push(match (x >> 12 & 31, again) {
                (0 | 1, Some(again)) => again,
                (2, Some((time, tid, oid, sz))) => (time, tid, oid, sz + 1),
                (3, _) => (time, 0, 5, 1 + i128::from(x >> 50)),
                _ => (time, 1 + (x >> 30 & 0xffff), 556_000_000_000 + (x >> 52) + wide, 1),
            });
        }
        told
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn it_agrees_with_a_tree_of_whole_keys(seed: u64, step in 0u64..4, late_by in 1u64..5_000) {
            agree(history(seed, 6_000, step, late_by))?;
        }
    }

    #[test]
    fn a_millisecond_may_hold_any_number_in_any_order() {
        let crowd = (1..5_000).map(|n| (7, n * 7_919 % 5_003, 9, 1));
        agree(crowd.clone().chain(crowd).chain((1..3_000).map(|n| (8, n, 9, 1)))).unwrap();
    }

    #[test]
    fn the_newest_may_come_first() {
        let back = (1..20_000u64).rev().map(|n| (n / 3, n, 9, 1));
        agree(back.clone().chain(back)).unwrap();
    }

    #[test]
    fn a_fill_in_order_takes_some_twelve_bytes() {
        let steady = (1..200_000u64).map(|n| {
            (
                1_790_000_000_000 + n * 5 / 3,
                mix(n, 1) >> 14 | 1,
                556_000_000_000 + mix(n, 2) % 100_000,
                1,
            )
        });
        let seen = agree(steady).unwrap();
        assert!(seen.bytes() < 200_000 * 13, "{}", seen.bytes());
    }

    #[test]
    fn what_is_older_than_the_horizon_leaves_and_the_rest_stays() {
        let all = history(3, 20_000, 3, 2_000);
        let mut seen = agree(all.iter().copied()).unwrap();
        let (before, horizon) = (seen.len(), all[12_000].0);
        seen.forget_before(horizon);
        assert!(seen.len() < before * 2 / 3, "{} of {before}", seen.len());
        for &told in all.iter().filter(|told| told.0 >= horizon) {
            assert_ne!(seen.insert(&fill(told)).0, Seen::New, "{told:?}");
        }
    }
}
