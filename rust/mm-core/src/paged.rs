//! A hash set that grows one small page at a time (extendible hashing).
//!
//! The std map doubles in one go: at ten million entries that is a stall of a tenth of a second in the middle of
//! trading. Here a directory, indexed by the top bits of the hash, points to pages of at most [`PAGE_MAX`] slots;
//! a full page grows by a step, or splits in two, and nothing else moves. Seeds are fixed and the order of the
//! slots never reaches a result, so runs repeat exactly.

/// The most slots that one page may have before it splits.
pub const PAGE_MAX: usize = 512;
/// The deepest directory; beyond it (only equal hashes get there) pages grow instead of splitting.
const DEPTH_MAX: u8 = 26;

/// Something that can live in a [`Paged`] set.
pub trait Slot: Copy {
    /// The value of a slot that holds nothing.
    const EMPTY: Self;
    /// True of [`Slot::EMPTY`] only.
    fn is_empty(&self) -> bool;
    /// A well mixed hash of the key part.
    fn hash(&self) -> u64;
    /// Whether the key parts are equal.
    fn same_key(&self, other: &Self) -> bool;
    /// Whether the slot may be dropped when room is needed.
    fn is_stale(&self, horizon: u64) -> bool;
}

/// Mixes two words into a hash: a folded multiplication, seeds from the digits of π.
#[inline]
#[allow(clippy::cast_possible_truncation)] // the two halves of the product are wanted
pub fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x243f_6a88_85a3_08d3) * u128::from(b ^ 0x1319_8a2e_0370_7344);
    (product as u64) ^ ((product >> 64) as u64)
}

#[derive(Clone, Debug)]
struct Page<S> {
    slots: Vec<S>,
    used: u32,
    depth: u8,
}

/// A set of [`Slot`]s by key.
#[derive(Clone, Debug)]
pub struct Paged<S> {
    directory: Vec<u32>,
    pages: Vec<Page<S>>,
    depth: u8,
    len: usize,
    horizon: u64,
}

impl<S: Slot> Default for Paged<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Slot> Paged<S> {
    /// An empty set; allocates nothing but a page of four slots.
    pub fn new() -> Self {
        let page = Page { slots: vec![S::EMPTY; 4], used: 0, depth: 0 };
        Self { directory: vec![0], pages: vec![page], depth: 0, len: 0, horizon: 0 }
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Heap bytes held.
    pub fn bytes(&self) -> usize {
        let slots: usize = self.pages.iter().map(|p| p.slots.capacity()).sum();
        slots * size_of::<S>() + self.pages.capacity() * size_of::<Page<S>>() + self.directory.capacity() * 4
    }

    /// Entries that are stale before `horizon` may be dropped from now on, when their page needs room.
    pub fn set_horizon(&mut self, horizon: u64) {
        self.horizon = self.horizon.max(horizon);
    }

    /// The entry with the key of `probe`.
    #[inline]
    pub fn get(&self, probe: &S) -> Option<&S> {
        let hash = probe.hash();
        let page = &self.pages[self.page_of(hash)];
        let mut at = ideal(hash, page.slots.len());
        loop {
            let slot = &page.slots[at];
            if slot.is_empty() {
                return None;
            }
            if slot.same_key(probe) {
                return Some(slot);
            }
            at = next(at, page.slots.len());
        }
    }

    /// Adds `slot`, or gives back the entry that already has its key.
    #[inline]
    pub fn insert(&mut self, slot: S) -> Option<S> {
        let hash = slot.hash();
        loop {
            let index = self.page_of(hash);
            let page = &mut self.pages[index];
            let capacity = page.slots.len();
            let mut at = ideal(hash, capacity);
            loop {
                let there = &page.slots[at];
                if there.is_empty() {
                    break;
                }
                if there.same_key(&slot) {
                    return Some(*there);
                }
                at = next(at, capacity);
            }
            if (page.used as usize + 1) * 8 <= capacity * 7 {
                page.slots[at] = slot;
                page.used += 1;
                self.len += 1;
                return None;
            }
            self.make_room(index);
        }
    }

    /// Replaces the entry with the key of `slot`, or adds it.
    pub fn put(&mut self, slot: S) {
        self.remove(&slot);
        self.insert(slot);
    }

    /// Takes the entry with the key of `probe` out.
    pub fn remove(&mut self, probe: &S) -> Option<S> {
        let hash = probe.hash();
        let index = self.page_of(hash);
        let page = &mut self.pages[index];
        let capacity = page.slots.len();
        let mut hole = ideal(hash, capacity);
        let found = loop {
            let slot = page.slots[hole];
            if slot.is_empty() {
                return None;
            }
            if slot.same_key(probe) {
                break slot;
            }
            hole = next(hole, capacity);
        };
        // Close the hole: move back every follower that would otherwise not be reached any more.
        let mut at = next(hole, capacity);
        while !page.slots[at].is_empty() {
            let home = ideal(page.slots[at].hash(), capacity);
            let reachable = if hole <= at { hole < home && home <= at } else { hole < home || home <= at };
            if !reachable {
                page.slots[hole] = page.slots[at];
                hole = at;
            }
            at = next(at, capacity);
        }
        page.slots[hole] = S::EMPTY;
        page.used -= 1;
        self.len -= 1;
        Some(found)
    }

    /// All entries, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = &S> {
        self.pages.iter().flat_map(|p| p.slots.iter().filter(|s| !s.is_empty()))
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // at most DEPTH_MAX bits are left
    fn page_of(&self, hash: u64) -> usize {
        let entry = if self.depth == 0 { 0 } else { (hash >> (64 - u32::from(self.depth))) as usize };
        self.directory[entry] as usize
    }

    /// Drops what is stale, else grows the page by a step, else splits it. Touches this page only.
    #[cold]
    fn make_room(&mut self, index: usize) {
        let horizon = self.horizon;
        let page = &mut self.pages[index];
        let before = page.used as usize;
        let live: Vec<S> = page.slots.iter().copied().filter(|s| !s.is_empty() && !s.is_stale(horizon)).collect();
        self.len -= before - live.len();
        let capacity = page.slots.len();
        if live.len() * 8 <= capacity * 5 {
            refill(page, capacity, &live);
        } else if capacity < PAGE_MAX || page.depth >= DEPTH_MAX {
            let grown = if capacity < 128 { capacity * 2 } else { capacity + 64 };
            refill(page, grown, &live);
        } else {
            self.split(index, &live);
        }
    }

    #[allow(clippy::cast_possible_truncation)] // pages are counted in u32: 2³² of them never fit in memory
    fn split(&mut self, index: usize, live: &[S]) {
        if self.pages[index].depth == self.depth {
            let mut wider = Vec::with_capacity(self.directory.len() * 2);
            for &page in &self.directory {
                wider.push(page);
                wider.push(page);
            }
            self.directory = wider;
            self.depth += 1;
        }
        let depth = self.pages[index].depth + 1;
        let bit = 64 - u32::from(depth);
        let (upper, lower): (Vec<S>, Vec<S>) = live.iter().partition(|s| (s.hash() >> bit) & 1 == 1);
        let sibling = self.pages.len();
        self.pages.push(Page { slots: Vec::new(), used: 0, depth });
        refill(&mut self.pages[sibling], room_for(upper.len()), &upper);
        refill(&mut self.pages[index], room_for(lower.len()), &lower);
        self.pages[index].depth = depth;
        // The entries of the old page are one aligned run; its upper half now belongs to the sibling.
        let run = 1usize << (self.depth - (depth - 1));
        let Some(witness) = upper.first().or_else(|| lower.first()) else { return };
        let start = ((witness.hash() >> (64 - u32::from(self.depth))) as usize) & !(run - 1);
        for entry in &mut self.directory[start + run / 2..start + run] {
            *entry = sibling as u32;
        }
    }
}

/// The slots that a fresh page gets for `n` entries: loaded to some 70 %, so that it can take more at once.
fn room_for(n: usize) -> usize {
    (n * 10 / 7).next_multiple_of(64).clamp(64, PAGE_MAX)
}

fn refill<S: Slot>(page: &mut Page<S>, capacity: usize, live: &[S]) {
    page.slots = vec![S::EMPTY; capacity];
    for slot in live {
        let mut at = ideal(slot.hash(), capacity);
        while !page.slots[at].is_empty() {
            at = next(at, capacity);
        }
        page.slots[at] = *slot;
    }
    #[allow(clippy::cast_possible_truncation)] // a page is small
    {
        page.used = live.len() as u32;
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // below `capacity` by construction
fn ideal(hash: u64, capacity: usize) -> usize {
    (((hash & 0xffff_ffff) * capacity as u64) >> 32) as usize
}

#[inline]
fn next(at: usize, capacity: usize) -> usize {
    if at + 1 == capacity { 0 } else { at + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Key(u64);

    impl Slot for Key {
        const EMPTY: Self = Self(0);
        fn is_empty(&self) -> bool {
            self.0 == 0
        }
        fn hash(&self) -> u64 {
            mix(self.0, 7)
        }
        fn same_key(&self, other: &Self) -> bool {
            self.0 == other.0
        }
        fn is_stale(&self, horizon: u64) -> bool {
            self.0 < horizon
        }
    }

    #[test]
    fn it_agrees_with_a_tree_under_any_mix_of_inserts_and_removals() {
        let (mut paged, mut tree, mut x) = (Paged::new(), BTreeSet::new(), 1u64);
        for step in 0..200_000u64 {
            x = mix(x, step);
            let key = x % 30_000 + 1;
            if x >> 61 < 5 {
                assert_eq!(paged.insert(Key(key)).is_some(), !tree.insert(key));
            } else {
                assert_eq!(paged.remove(&Key(key)).is_some(), tree.remove(&key));
            }
        }
        assert_eq!(paged.len(), tree.len());
        assert!((1..=30_000).all(|k| paged.get(&Key(k)).is_some() == tree.contains(&k)));
        assert_eq!(paged.iter().map(|k| k.0).collect::<BTreeSet<_>>(), tree);
    }

    #[test]
    fn stale_entries_make_room_and_fresh_ones_stay() {
        let mut paged = Paged::new();
        for k in 1..=100_000u64 {
            paged.set_horizon(k.saturating_sub(1_000));
            paged.insert(Key(k));
        }
        assert!((99_000..=100_000).all(|k| paged.get(&Key(k)).is_some()));
        assert!(paged.len() < 8_000, "old entries go when pages fill: {}", paged.len());
    }

    #[test]
    fn equal_hashes_never_split_for_ever() {
        #[derive(Clone, Copy)]
        struct Same(u64);
        impl Slot for Same {
            const EMPTY: Self = Self(0);
            fn is_empty(&self) -> bool {
                self.0 == 0
            }
            fn hash(&self) -> u64 {
                42
            }
            fn same_key(&self, other: &Self) -> bool {
                self.0 == other.0
            }
            fn is_stale(&self, _: u64) -> bool {
                false
            }
        }
        let mut paged = Paged::new();
        for k in 1..=1_000 {
            assert!(paged.insert(Same(k)).is_none());
        }
        assert_eq!(paged.len(), 1_000);
    }
}
