//! Chance, by seed: one generator a purpose, so that switching one thing on leaves the draws of all others alone.

use crate::chain::mix;

/// A stream of numbers that its seed and purpose determine (xoshiro256++).
#[derive(Clone, Debug)]
pub struct Rng([u64; 4]);

impl Rng {
    /// The stream of one purpose.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut word = purpose
            .bytes()
            .fold(mix(seed ^ 0x6d6d_5f76_656e_7565), |word, byte| mix(word ^ u64::from(byte)));
        Self([0; 4].map(|_: u64| {
            word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(word)
        }))
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        let Self(state) = self;
        let out = state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0]);
        let carried = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= carried;
        state[3] = state[3].rotate_left(45);
        out
    }

    /// A number below `bound` (0 if that is 0); the bias is below 2⁻³² for every bound that is used.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True so many times in a million.
    pub const fn chance(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < per_million as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_has_its_own_stream() {
        let draws =
            |seed, purpose| (0..4).map(|_| Rng::new(seed, purpose).next()).collect::<Vec<_>>();
        assert_eq!(draws(1, "a"), draws(1, "a"));
        assert_ne!(draws(1, "a"), draws(1, "b"));
        assert_ne!(draws(1, "a"), draws(2, "a"));
    }

    #[test]
    fn draws_are_spread_over_their_range() {
        let mut rng = Rng::new(7, "test");
        let mut counts = [0; 10];
        (0..100_000).for_each(|_| counts[usize::try_from(rng.below(10)).unwrap()] += 1);
        assert!(counts.iter().all(|n| (9_500..10_500).contains(n)), "{counts:?}");
        assert!((0..1_000).all(|_| (3..=5).contains(&rng.between(3, 5))));
        assert!(!rng.chance(0) && rng.chance(1_000_000));
    }
}
