//! The states that were met: 64 bits of the world and of what was told, and 64 of what the engine made of it.

use std::sync::Mutex;

const SHARDS: usize = 256;

/// What the table says of a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Met {
    New,
    /// The same facts were met before, and the engine showed the same face.
    Same,
    /// The same facts, another face: the order in which they came mattered.
    Differs,
}

/// Open addressing; a key of zero is an empty place.
struct Shard {
    places: Vec<(u64, u64)>,
    used: usize,
}

/// A set that several threads fill.
pub(crate) struct Table {
    shards: Vec<Mutex<Shard>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        let shard = || Mutex::new(Shard { places: vec![(0, 0); 64], used: 0 });
        Self { shards: (0..SHARDS).map(|_| shard()).collect() }
    }

    #[allow(clippy::cast_possible_truncation)] // eight bits
    pub(crate) fn meet(&self, key: u64, face: u64) -> Met {
        let key = key.max(1);
        let mut shard = self.shards[(key >> 56) as usize].lock().expect("no thread panics here");
        if shard.used * 4 >= shard.places.len() * 3 {
            shard.grow();
        }
        let at = shard.place(key);
        let (there, shown) = shard.places[at];
        if there == 0 {
            shard.places[at] = (key, face);
            shard.used += 1;
            return Met::New;
        }
        if shown == face { Met::Same } else { Met::Differs }
    }
}

impl Shard {
    #[allow(clippy::cast_possible_truncation)] // a place in memory
    fn place(&self, key: u64) -> usize {
        let mask = self.places.len() - 1;
        let mut at = key as usize & mask;
        while self.places[at].0 != 0 && self.places[at].0 != key {
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let wider = vec![(0, 0); self.places.len() * 2];
        for entry in std::mem::replace(&mut self.places, wider) {
            if entry.0 != 0 {
                let at = self.place(entry.0);
                self.places[at] = entry;
            }
        }
    }
}
