//! Some two hundred fills that follow each other in time, packed as tightly as their ids allow, never to change again.
//!
//! Times and oids of neighbours differ by little: each is kept as what it is above the least of its block, in as many
//! bits as the largest of them needs. tids are random, and kept whole, like the check of the payload. All rows of a
//! block have one width, so the rows of a time are found by halving.

use crate::ids::Ms;

/// Bits of a tid, of an oid, of a time (`hyperliquid-protocol` 8.3), and of the check of what else a fill says.
pub(crate) const TID_BITS: u32 = 50;
pub(crate) const OID_BITS: u32 = 46;
pub(crate) const TIME_BITS: u32 = 42;
pub(crate) const CHECK_BITS: u32 = 22;

/// A fill's key and the check of its payload, none of them wider than the constants above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) time: Ms,
    pub(crate) tid: u64,
    pub(crate) oid: u64,
    pub(crate) check: u32,
}

impl Key {
    /// Whether two keys of one time name one fill.
    #[inline]
    pub(crate) fn names(&self, other: &Self) -> bool {
        (self.tid ^ other.tid) | (self.oid ^ other.oid) == 0
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    first: Ms,
    last: Ms,
    /// The least oid.
    oid: u64,
    rows: u32,
    time_bits: u8,
    oid_bits: u8,
    words: Box<[u64]>,
}

impl Block {
    /// Packs keys, which are in the order of their times; at least one.
    #[allow(clippy::cast_possible_truncation)] // widths are below 64, and a block has a few hundred rows
    pub(crate) fn seal(keys: impl ExactSizeIterator<Item = Key> + Clone) -> Self {
        let span = |least: u64, most: u64| (u64::BITS - (most - least).leading_zeros()) as u8;
        let (mut first, mut last, mut oid, mut oid_most) = (Ms::MAX, 0, u64::MAX, 0);
        for key in keys.clone() {
            (first, last) = (first.min(key.time), last.max(key.time));
            (oid, oid_most) = (oid.min(key.oid), oid_most.max(key.oid));
        }
        let rows = keys.len() as u32;
        let (time_bits, oid_bits) = (span(first, last), span(oid, oid_most));
        let mut block = Self { first, last, oid, rows, time_bits, oid_bits, words: Box::default() };
        let mut words = Writer::new(block.width() as usize * rows as usize);
        for key in keys {
            words.put(key.time - first, u32::from(time_bits));
            words.put(key.oid - oid, u32::from(oid_bits));
            words.put(key.tid, TID_BITS);
            words.put(u64::from(key.check), CHECK_BITS);
        }
        block.words = words.finish();
        block
    }

    /// The time of its last row.
    pub(crate) fn last(&self) -> Ms {
        self.last
    }

    /// Its rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Bytes held by its rows.
    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// The check of the fill with this key, if it is here.
    pub(crate) fn find(&self, key: &Key) -> Option<u32> {
        if key.time < self.first || key.time > self.last {
            return None;
        }
        let wanted = key.time - self.first;
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low.midpoint(high);
            if self.time(middle) < wanted { low = middle + 1 } else { high = middle }
        }
        (low..self.rows)
            .take_while(|&row| self.time(row) == wanted)
            .map(|row| self.key(row))
            .find(|found| found.names(key))
            .map(|found| found.check)
    }

    fn width(&self) -> u32 {
        u32::from(self.time_bits) + u32::from(self.oid_bits) + TID_BITS + CHECK_BITS
    }

    fn time(&self, row: u32) -> Ms {
        self.bits(row, 0, self.time_bits.into())
    }

    #[allow(clippy::cast_possible_truncation)] // the check has 22 bits
    fn key(&self, row: u32) -> Key {
        let (oid_at, oid_bits) = (u32::from(self.time_bits), u32::from(self.oid_bits));
        let tid_at = oid_at + oid_bits;
        Key {
            time: self.first + self.time(row),
            oid: self.oid + self.bits(row, oid_at, oid_bits),
            tid: self.bits(row, tid_at, TID_BITS),
            check: self.bits(row, tid_at + TID_BITS, CHECK_BITS) as u32,
        }
    }

    /// `count` bits of a row from its bit `from` on.
    fn bits(&self, row: u32, from: u32, count: u32) -> u64 {
        let at = row as usize * self.width() as usize + from as usize;
        let (word, shift) = (at / 64, at % 64);
        // The writer left a word more than the rows need, so the next one is always there.
        let both = u128::from(self.words[word]) | u128::from(self.words[word + 1]) << 64;
        #[allow(clippy::cast_possible_truncation)] // below 64 bits are asked for
        let low = (both >> shift) as u64;
        low & ((1 << count) - 1)
    }
}

/// Bits one after the other, lowest first.
struct Writer {
    words: Vec<u64>,
    open: u128,
    held: u32,
}

impl Writer {
    fn new(bits: usize) -> Self {
        Self { words: Vec::with_capacity(bits / 64 + 2), open: 0, held: 0 }
    }

    /// `value` is below 2^`count`, and `count` below 64.
    #[allow(clippy::cast_possible_truncation)] // what is full leaves by its lower half
    fn put(&mut self, value: u64, count: u32) {
        self.open |= u128::from(value) << self.held;
        self.held += count;
        if self.held >= 64 {
            self.words.push(self.open as u64);
            self.open >>= 64;
            self.held -= 64;
        }
    }

    #[allow(clippy::cast_possible_truncation)] // fewer than 64 bits are left
    fn finish(mut self) -> Box<[u64]> {
        self.words.extend([self.open as u64, 0]);
        self.words.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(time_bits: u32, oid_bits: u32) -> impl Strategy<Value = Key> {
        let below = |bits: u32| 0..1u64 << bits;
        (below(time_bits), below(TID_BITS), below(oid_bits), 0..1u32 << CHECK_BITS)
            .prop_map(|(time, tid, oid, check)| Key { time, tid, oid, check })
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_found_and_nothing_else(
            mut keys in (1..=TIME_BITS, 1..=OID_BITS)
                .prop_flat_map(|(t, o)| prop::collection::vec(key(t, o), 1..300)),
            shift in 0..1u64 << 20,
            others in prop::collection::vec(key(3, 3), 1..20),
        ) {
            for key in &mut keys {
                key.time = (key.time + shift).min((1 << TIME_BITS) - 1);
            }
            keys.sort_by_key(|k| (k.time, k.tid, k.oid));
            keys.dedup_by_key(|k| (k.time, k.tid, k.oid));
            let block = Block::seal(keys.iter().copied());
            prop_assert_eq!(block.rows(), keys.len());
            for (row, key) in keys.iter().enumerate() {
                prop_assert_eq!(block.key(u32::try_from(row).unwrap()), *key);
                prop_assert_eq!(block.find(key), Some(key.check));
                for near in [Key { tid: key.tid ^ 1, ..*key }, Key { oid: key.oid ^ 1, ..*key }, Key { time: key.time + 1, ..*key }] {
                    let known = keys.iter().find(|k| k.time == near.time && k.names(&near)).map(|k| k.check);
                    prop_assert_eq!(block.find(&near), known);
                }
            }
            for other in &others {
                let known = keys.iter().find(|k| k.time == other.time && k.names(other)).map(|k| k.check);
                prop_assert_eq!(block.find(other), known);
            }
        }
    }

    #[test]
    fn neighbours_take_half_of_what_their_ids_do() {
        let keys: Vec<Key> = (0..256)
            .map(|n| Key {
                time: 1_790_000_000_000 + n,
                tid: n << 40,
                oid: 556_000_000_000 + n * 391,
                check: 1,
            })
            .collect();
        let block = Block::seal(keys.into_iter());
        assert!(block.bytes() <= 256 * 13, "{}", block.bytes());
    }
}
