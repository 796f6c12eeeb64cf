//! The price that those in the know have in mind: a walk with jumps and regimes.

use std::collections::VecDeque;

use mm_core::ids::Ms;
use mm_core::num::Px;

use super::dice::{Dice, ONE};
use super::habits::Habits;

/// Bits of fraction below a price's unit: a small price walks as smoothly as a large one.
const FINER: u32 = 20;

/// The fair price of one market, now and for a while back.
#[derive(Clone, Debug)]
pub(super) struct Fair {
    dice: Dice,
    now: i128,
    since: Ms,
    busy: bool,
    turns: Ms,
    jumps: Ms,
    past: VecDeque<(Ms, Px)>,
}

impl Fair {
    /// It starts at `px`.
    pub(super) fn new(px: Px, seed: u64, now: Ms, habits: &Habits) -> Self {
        let mut dice = Dice::new(seed, 1);
        let turns = now + dice.waiting(habits.calm_ms);
        let jumps = if habits.jump_every_ms == 0 {
            Ms::MAX
        } else {
            now + dice.waiting(habits.jump_every_ms)
        };
        let past = VecDeque::from([(now, px)]);
        Self { dice, now: i128::from(px.0) << FINER, since: now, busy: false, turns, jumps, past }
    }

    /// Lets it walk up to `now`.
    #[allow(clippy::cast_possible_truncation)] // held between a thousandth and a thousandfold of where it was
    pub(super) fn walk(&mut self, now: Ms, habits: &Habits) {
        if now >= self.turns {
            self.busy = !self.busy;
            self.turns =
                now + self.dice.waiting(if self.busy { habits.busy_ms } else { habits.calm_ms });
        }
        let apart = now.saturating_sub(self.since);
        self.since = now;
        // σ√t, in millionths with 16 bits of fraction: √(t ms) = √(t·1000)/1000 s^½.
        let root = i128::from((apart * 1_000_000).isqrt());
        let mut sigma = (i128::from(habits.volatility) << 16) * root / 31_623; // √1000 · 1000
        if self.busy {
            sigma = sigma * i128::from(habits.busy) / 1_000;
        }
        let mut step = sigma * i128::from(self.dice.normal()) / i128::from(ONE);
        if now >= self.jumps {
            self.jumps = now + self.dice.waiting(habits.jump_every_ms);
            let size =
                i128::from(self.dice.log_normal(u64::from(habits.jump), 1_000).min(100_000)) << 16;
            step += if self.dice.permille(500) { size } else { -size };
        }
        self.now += self.now * step / (1_000_000 << 16);
        self.now = self.now.max(1 << FINER);
        self.past.push_back((now, self.px()));
        while self.past.len() > 1 && self.past[1].0 + habits.lag_ms < now {
            self.past.pop_front();
        }
    }

    /// Now.
    #[allow(clippy::cast_possible_truncation)] // see `walk`
    pub(super) fn px(&self) -> Px {
        Px((self.now >> FINER).min(i128::from(i64::MAX)) as i64)
    }

    /// As it was at `at`, as far as it is remembered.
    pub(super) fn at(&self, at: Ms) -> Px {
        let known = self.past.iter().rev().find(|(time, _)| *time <= at);
        known.or(self.past.front()).map_or_else(|| self.px(), |(_, px)| *px)
    }

    /// Whether more is going on than usual.
    pub(super) const fn busy(&self) -> bool {
        self.busy
    }
}
