//! One number for everything that happened: same settings, seed and inputs, same number.

use core::hash::{Hash, Hasher};

/// A running hash of two independent lanes of 64 bits. It is no defence against anyone; it finds differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    lanes: (u64, u64),
    /// How many things were told.
    pub events: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self { lanes: (0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03), events: 0 }
    }
}

impl Trace {
    /// Takes one thing in.
    pub fn note(&mut self, what: &impl Hash) {
        what.hash(self);
        self.events += 1;
    }

    /// The number, as 32 hexadecimal digits.
    pub fn digits(&self) -> String {
        format!("{:016x}{:016x}", mix(self.lanes.0 ^ self.events), mix(self.lanes.1))
    }
}

/// Mixes the bits of a word (the finalizer of splitmix64).
pub const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Hasher for Trace {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    // Discriminants and lengths come as usize: the same number on machines of any width.
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_u64(&mut self, word: u64) {
        self.lanes.0 = mix(self.lanes.0.rotate_left(5) ^ word);
        self.lanes.1 = (self.lanes.1 ^ word).wrapping_mul(0x2545_f491_4f6c_dd1d).rotate_left(23);
    }

    fn finish(&self) -> u64 {
        self.lanes.0 ^ self.lanes.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_content_both_count() {
        let trace = |words: &[&str]| {
            let mut trace = Trace::default();
            for word in words {
                trace.note(word);
            }
            trace.digits()
        };
        assert_eq!(trace(&["a", "b"]), trace(&["a", "b"]));
        assert_ne!(trace(&["a", "b"]), trace(&["b", "a"]));
        assert_ne!(trace(&["a"]), trace(&["a", ""]));
    }
}
