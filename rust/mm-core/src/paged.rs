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
    /// The value of a slot that holds nothing; what holds something is known apart.
    const EMPTY: Self;
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

/// A group of slots is found by one look at eight tags in one word.
const GROUP: usize = 8;
/// The tag of a slot that was never used since its page was made: a search ends here.
const FREE: u8 = 0;
/// The tag of a slot whose entry was taken out: a search goes on.
const GONE: u8 = 1;

/// Eight slots. Every slot has a tag, a byte in one word: [`FREE`], [`GONE`], or seven bits of its entry's hash and the
/// top bit. Side by side, so that a search waits for one place in memory.
#[derive(Clone, Copy, Debug)]
struct Group<S> {
    tags: u64,
    slots: [S; GROUP],
}

/// A small table of its own.
#[derive(Clone, Debug)]
struct Page<S> {
    groups: Vec<Group<S>>,
    /// Slots that are not free: entries, and those that are gone.
    taken: u32,
    /// Those that are gone.
    gone: u32,
    depth: u8,
}

/// Where a slot is: its group, and its place there.
type Place = (usize, u32);

impl<S: Slot> Page<S> {
    fn new(capacity: usize, depth: u8) -> Self {
        let empty = Group { tags: 0, slots: [S::EMPTY; GROUP] };
        Self { groups: vec![empty; capacity / GROUP], taken: 0, gone: 0, depth }
    }

    fn capacity(&self) -> usize {
        self.groups.len() * GROUP
    }

    /// The slot with the key of `probe`, or the first one that a search passes where it could go.
    #[inline]
    fn find(&self, hash: u64, probe: &S) -> Result<Place, Place> {
        let groups = self.groups.len();
        let tag = tag_of(hash);
        let mut group = first_group(hash, groups);
        let mut room = None;
        loop {
            let Group { tags: word, ref slots } = self.groups[group];
            let mut hits = equal_bytes(word, tag);
            while hits != 0 {
                let place = hits.trailing_zeros() / 8;
                if slots[place as usize].same_key(probe) {
                    return Ok((group, place));
                }
                hits &= hits - 1;
            }
            let free = equal_bytes(word, FREE);
            if self.gone > 0 && room.is_none() {
                let gone = equal_bytes(word, GONE);
                room = (gone != 0).then(|| (group, gone.trailing_zeros() / 8));
            }
            if free != 0 {
                return Err(room.unwrap_or((group, free.trailing_zeros() / 8)));
            }
            group = if group + 1 == groups { 0 } else { group + 1 };
        }
    }

    /// Puts an entry that is certainly new, in a page that certainly has room and nothing gone.
    #[inline]
    fn put_new(&mut self, hash: u64, slot: &S) {
        let groups = self.groups.len();
        let mut group = first_group(hash, groups);
        loop {
            let free = equal_bytes(self.groups[group].tags, FREE);
            if free != 0 {
                self.write((group, free.trailing_zeros() / 8), tag_of(hash), slot);
                self.taken += 1;
                return;
            }
            group = if group + 1 == groups { 0 } else { group + 1 };
        }
    }

    #[inline]
    fn write(&mut self, (group, place): Place, tag: u8, slot: &S) {
        let group = &mut self.groups[group];
        group.slots[place as usize] = *slot;
        let shift = place * 8;
        group.tags = group.tags & !(0xff << shift) | u64::from(tag) << shift;
    }

    #[inline]
    fn slot(&self, (group, place): Place) -> &S {
        &self.groups[group].slots[place as usize]
    }

    #[inline]
    fn tag(&self, (group, place): Place) -> u64 {
        self.groups[group].tags >> (place * 8) & 0xff
    }

    fn entries(&self) -> impl Iterator<Item = &S> {
        self.groups.iter().flat_map(|group| {
            let held = move |place: usize| group.tags >> (place * 8) & 0x80 != 0;
            group
                .slots
                .iter()
                .enumerate()
                .filter(move |(place, _)| held(*place))
                .map(|(_, slot)| slot)
        })
    }

    /// The same without the costs of an iterator that can stop.
    #[inline]
    fn for_each(&self, mut look: impl FnMut(&S)) {
        for group in &self.groups {
            let mut held = group.tags & HELD;
            while held != 0 {
                look(&group.slots[(held.trailing_zeros() / 8) as usize]);
                held &= held - 1;
            }
        }
    }
}

/// The bits that are set in the tags of entries only.
const HELD: u64 = 0x8080_8080_8080_8080;

/// The top bit of every byte of `word` that equals `byte`. Exact at and below the lowest equal byte, which is all that is
/// used; a false hit above it costs one comparison of keys.
#[inline]
fn equal_bytes(word: u64, byte: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let difference = word ^ (ONES * u64::from(byte));
    difference.wrapping_sub(ONES) & !difference & (ONES << 7)
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // seven bits are asked for
fn tag_of(hash: u64) -> u8 {
    (hash >> 32) as u8 | 0x80
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // below `groups` by construction
fn first_group(hash: u64, groups: usize) -> usize {
    (((hash & 0xffff_ffff) * groups as u64) >> 32) as usize
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
    /// An empty set; allocates nothing but a page of eight slots.
    pub fn new() -> Self {
        Self { directory: vec![0], pages: vec![Page::new(GROUP, 0)], depth: 0, len: 0, horizon: 0 }
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
        let groups: usize = self.pages.iter().map(|p| p.groups.capacity()).sum();
        groups * size_of::<Group<S>>()
            + self.pages.capacity() * size_of::<Page<S>>()
            + self.directory.capacity() * 4
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
        page.find(hash, probe).ok().map(|at| page.slot(at))
    }

    /// Adds `slot`, or gives back the entry that already has its key.
    #[inline]
    pub fn insert(&mut self, slot: S) -> Option<S> {
        let hash = slot.hash();
        loop {
            let index = self.page_of(hash);
            let page = &mut self.pages[index];
            match page.find(hash, &slot) {
                Ok((group, place)) => return Some(*page.slot((group, place))),
                Err(at) => {
                    let fresh = u32::from(page.tag(at) == u64::from(FREE));
                    if fresh == 0 || has_room(page.taken as usize + 1, page.capacity()) {
                        page.taken += fresh;
                        page.gone -= 1 - fresh;
                        page.write(at, tag_of(hash), &slot);
                        self.len += 1;
                        return None;
                    }
                }
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
        self.remove_if(probe, |_| true)
    }

    /// The same, if `wanted` says so of the entry.
    #[inline]
    pub fn remove_if(&mut self, probe: &S, wanted: impl FnOnce(&S) -> bool) -> Option<S> {
        let hash = probe.hash();
        let index = self.page_of(hash);
        let page = &mut self.pages[index];
        let at = page.find(hash, probe).ok()?;
        // A search that came this far ends in this group anyway if it has a free slot: then this one can be free, too.
        let ends_here = equal_bytes(page.groups[at.0].tags, FREE) != 0;
        let found = *page.slot(at);
        if !wanted(&found) {
            return None;
        }
        page.write(at, if ends_here { FREE } else { GONE }, &S::EMPTY);
        page.taken -= u32::from(ends_here);
        page.gone += u32::from(!ends_here);
        self.len -= 1;
        Some(found)
    }

    /// All entries, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = &S> {
        self.pages.iter().flat_map(Page::entries)
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // at most DEPTH_MAX bits are left
    fn page_of(&self, hash: u64) -> usize {
        let entry =
            if self.depth == 0 { 0 } else { (hash >> (64 - u32::from(self.depth))) as usize };
        self.directory[entry] as usize
    }

    /// Drops what is stale or gone, else grows the page by a step, else splits it. Touches this page only.
    #[cold]
    fn make_room(&mut self, index: usize) {
        let horizon = self.horizon;
        let (capacity, depth) = (self.pages[index].capacity(), self.pages[index].depth);
        let is_live = |s: &&S| horizon == 0 || !s.is_stale(horizon);
        let live = if horizon == 0 && self.pages[index].gone == 0 {
            self.pages[index].taken as usize
        } else {
            self.pages[index].entries().filter(is_live).count()
        };
        let keeps_size = live * 8 <= capacity * 5;
        if !keeps_size && capacity >= PAGE_MAX && depth < DEPTH_MAX {
            self.split(index);
            return;
        }
        let grown = match capacity {
            _ if keeps_size => capacity,
            0..128 => capacity * 4,
            128..384 => 384,
            _ => capacity + 128,
        };
        let old = core::mem::replace(&mut self.pages[index], Page::new(grown, depth));
        let page = &mut self.pages[index];
        old.for_each(|slot| {
            if is_live(&slot) {
                page.put_new(slot.hash(), slot);
            }
        });
        self.len -= (old.taken - old.gone) as usize - live;
    }

    #[allow(clippy::cast_possible_truncation)] // pages are counted in u32: 2³² of them never fit in memory
    fn split(&mut self, index: usize) {
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
        let mut hashes = [0u64; PAGE_MAX];
        let (mut count, mut uppers) = (0, 0);
        self.pages[index].for_each(|slot| {
            hashes[count] = slot.hash();
            uppers += (hashes[count] >> bit & 1) as usize;
            count += 1;
        });
        let mut upper = Page::new(room_for(uppers), depth);
        let old =
            core::mem::replace(&mut self.pages[index], Page::new(room_for(count - uppers), depth));
        let lower = &mut self.pages[index];
        let mut next = 0;
        old.for_each(|slot| {
            let hash = hashes[next];
            next += 1;
            if hash >> bit & 1 == 1 { upper.put_new(hash, slot) } else { lower.put_new(hash, slot) }
        });
        let witness = hashes[0];
        let sibling = self.pages.len() as u32;
        self.pages.push(upper);
        // The entries of the old page are one aligned run of the directory; its upper half now belongs to the sibling.
        let run = 1usize << (self.depth - (depth - 1));
        let start = ((witness >> (64 - u32::from(self.depth))) as usize) & !(run - 1);
        for entry in &mut self.directory[start + run / 2..start + run] {
            *entry = sibling;
        }
    }
}

/// Pages are filled to fifteen sixteenths at most: a search then still ends soon, as it looks at eight slots at once.
#[inline]
fn has_room(taken: usize, capacity: usize) -> bool {
    taken * 16 <= capacity * 15
}

/// The slots that a page gets for `n` entries after a split: some room to grow, so that it is not made anew at once.
fn room_for(n: usize) -> usize {
    if n <= 280 { 384 } else { PAGE_MAX }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Key(u64);

    impl Slot for Key {
        const EMPTY: Self = Self(0);
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
        assert!(paged.len() < 12_000, "old entries go when pages fill: {}", paged.len());
    }

    #[test]
    fn equal_hashes_never_split_for_ever() {
        #[derive(Clone, Copy)]
        struct Same(u64);
        impl Slot for Same {
            const EMPTY: Self = Self(0);
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
