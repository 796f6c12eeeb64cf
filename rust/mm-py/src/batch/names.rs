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
    length: usize,
    number: u32,
}

impl Names {
    /// With the empty name as number 0.
    pub(super) fn new() -> Self {
        let nothing = Recent { word: 0, length: 0, number: 0 };
        Self {
            known: vec!["".into()],
            index: BTreeMap::from([("".into(), 0)]),
            recent: [nothing; 64],
        }
    }

    /// The number of a name; `None` if it is not UTF-8.
    #[inline]
    pub(super) fn number(&mut self, name: &[u8]) -> Option<u32> {
        let Some(word) = digits::word(name) else { return self.look_up(name) };
        let place = place(word);
        let recent = self.recent[place];
        if recent.word == word && recent.length == name.len() {
            return Some(recent.number);
        }
        let number = self.look_up(name)?;
        self.recent[place] = Recent { word, length: name.len(), number };
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
    pub(super) fn name(&self, number: u32) -> &str {
        self.known.get(number as usize).map_or("", |name| name)
    }
}

/// A place among the recent.
#[inline]
#[allow(clippy::cast_possible_truncation)] // hashing
fn place(word: u128) -> usize {
    let folded = (word as u64) ^ (word >> 64) as u64;
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize
}
