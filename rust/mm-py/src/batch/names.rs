//! The few names that many rows repeat, each kept once.

use std::collections::BTreeMap;

/// Names by number. A repeated name is found by a guess, as the engine does.
#[derive(Debug)]
pub(super) struct Names {
    known: Vec<Box<str>>,
    index: BTreeMap<Box<str>, u32>,
    recent: [u32; 64],
}

impl Names {
    /// With the empty name as number 0.
    pub(super) fn new() -> Self {
        Self { known: vec!["".into()], index: BTreeMap::from([("".into(), 0)]), recent: [0; 64] }
    }

    /// The number of a name; `None` if it is not UTF-8.
    #[inline]
    pub(super) fn number(&mut self, name: &[u8]) -> Option<u32> {
        let place = match name {
            [] => return Some(0),
            [first, .., last] => usize::from(*first) * 31 + usize::from(*last) * 7 + name.len(),
            [only] => usize::from(*only),
        } % 64;
        let guess = self.recent[place];
        if self.known.get(guess as usize).is_some_and(|told| told.as_bytes() == name) {
            return Some(guess);
        }
        let number = self.look_up(name)?;
        self.recent[place] = number;
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
