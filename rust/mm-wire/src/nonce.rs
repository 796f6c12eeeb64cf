//! The numbers under which one signer sends (protocol 2.5, reliability C1 and C2).
//!
//! A nonce rises over threads, over steps of the clock in either direction and over restarts (its floor comes from a
//! journal). One that is far ahead of time is never given: the venue keeps the hundred largest and refuses whatever
//! lies below them, so it would lock the later ones out.

use core::sync::atomic::{AtomicU64, Ordering};

use mm_core::error::Error;
use mm_core::ids::Ms;

/// How far ahead of the caller's clock a nonce may be.
pub const AHEAD_MAX_MS: u64 = 60_000;

/// One signer's nonces.
pub struct Nonces {
    last: AtomicU64,
}

impl Nonces {
    /// `floor` is the largest nonce that was used before, 0 if none was.
    pub const fn new(floor: u64) -> Self {
        Self { last: AtomicU64::new(floor) }
    }

    /// The largest that was given, or the floor.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
    }

    /// The larger of the time and one more than the last. Refused, and nothing is given, where that is more than
    /// [`AHEAD_MAX_MS`] ahead of the time.
    pub fn next(&self, now_ms: Ms) -> Result<u64, Error> {
        let after = |last: u64| {
            let next = last.checked_add(1)?.max(now_ms);
            (next - now_ms <= AHEAD_MAX_MS).then_some(next)
        };
        self.last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, after)
            .ok()
            .and_then(after)
            .ok_or(Error::Bad("now_ms", "is more than 60 seconds behind the last nonce"))
    }
}

#[cfg(test)]
mod tests {
    use super::{AHEAD_MAX_MS, Nonces};
    use proptest::prelude::*;

    const NOW: u64 = 1_767_225_600_000;

    proptest! {
        #[test]
        fn they_rise_and_are_never_far_ahead(
            floor in 0..NOW + 10,
            steps in prop::collection::vec(-90_000i64..90_000, 1..60),
        ) {
            let nonces = Nonces::new(floor);
            let mut now = NOW;
            let mut last = floor;
            for step in steps {
                now = now.saturating_add_signed(step);
                match nonces.next(now) {
                    Ok(nonce) => {
                        prop_assert!(nonce > last);
                        prop_assert!(nonce >= now);
                        prop_assert!(nonce <= now + AHEAD_MAX_MS);
                        last = nonce;
                    }
                    Err(_) => prop_assert!(last + 1 > now + AHEAD_MAX_MS),
                }
                prop_assert_eq!(nonces.last(), last);
            }
        }
    }

    #[test]
    fn a_burst_runs_ahead_of_time_by_the_bound_and_no_further() {
        let nonces = Nonces::new(0);
        for ahead in 0..=AHEAD_MAX_MS {
            assert_eq!(nonces.next(NOW), Ok(NOW + ahead));
        }
        assert!(nonces.next(NOW).is_err());
        assert_eq!(nonces.last(), NOW + AHEAD_MAX_MS);
        assert_eq!(nonces.next(NOW + 1), Ok(NOW + AHEAD_MAX_MS + 1));
    }

    #[test]
    fn at_the_end_of_all_numbers_there_is_none() {
        let nonces = Nonces::new(u64::MAX);
        assert!(nonces.next(u64::MAX).is_err());
        assert_eq!(Nonces::new(u64::MAX - 1).next(u64::MAX), Ok(u64::MAX));
    }
}
