//! The few names that many rows repeat, each kept once.

use std::collections::BTreeMap;

use mm_core::digits;

/// Names by number. A short one that was seen lately is found by its bytes as one word.
#[derive(Debug)]
pub(super) struct Names {
    known: Vec<Box<str>>,
    index: BTreeMap<Box<str>, u32>,
    recent: [Recent; 64],
}

#[derive(Clone, Copy, Debug)]
struct Recent {
    word: u128,
    number: u32,
}

impl Names {
    /// With the empty name as number 0.
    pub(super) fn new() -> Self {
        let nothing = Recent { word: 0, number: 0 };
        Self {
            known: vec!["".into()],
            index: BTreeMap::from([("".into(), 0)]),
            recent: [nothing; 64],
        }
    }

    /// The number of a name; `None` if it is not UTF-8.
    #[inline]
    pub(super) fn number(&mut self, name: &[u8]) -> Option<u32> {
        match digits::word(name) {
            Some(word) if name.last() != Some(&0) => self.number_of_word(word),
            _ => self.look_up(name),
        }
    }

    /// The number of a name of at most sixteen bytes, given as a word: filled up with zeros, and ending in none.
    #[inline]
    pub(super) fn number_of_word(&mut self, word: u128) -> Option<u32> {
        let recent = &self.recent[place(word)];
        if recent.word == word {
            return Some(recent.number);
        }
        let length = 16 - word.leading_zeros() as usize / 8;
        let number = self.look_up(word.to_le_bytes().get(..length)?)?;
        self.recent[place(word)] = Recent { word, number };
        Some(number)
    }

    #[cold]
    fn look_up(&mut self, name: &[u8]) -> Option<u32> {
        let name = std::str::from_utf8(name).ok()?;
        if let Some(&number) = self.index.get(name) {
            return Some(number);
        }
        let number = u32::try_from(self.known.len()).ok()?;
        self.known.push(name.into());
        self.index.insert(name.into(), number);
        Some(number)
    }

    #[inline]
    pub(super) fn name(&self, number: usize) -> &str {
        self.known.get(number).map_or("", |name| name)
    }

    /// How many names there are, the empty one among them.
    pub(super) fn count(&self) -> usize {
        self.known.len()
    }
}

/// A place among the recent.
#[inline]
#[allow(clippy::cast_possible_truncation)] // hashing
fn place(word: u128) -> usize {
    let folded = (word as u64) ^ (word >> 64) as u64;
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize
}
