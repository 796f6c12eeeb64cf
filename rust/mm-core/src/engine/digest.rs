//! One number for the whole state: equal states, equal digests, whatever the order in which the facts came.

use super::Engine;
use crate::effect::TokenId;
use crate::order::{Leg, NONE};
use crate::paged::mix;

/// Two independent lanes of 64 bits.
type Lanes = (u64, u64);

struct Hasher(Lanes);

impl Hasher {
    const fn new(kind: u64) -> Self {
        Self((kind, !kind))
    }
    fn word(&mut self, word: u64) {
        self.0 = (mix(self.0.0, word), mix(self.0.1, word.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // both halves go in
    fn wide(&mut self, value: i128) {
        self.word(value as u64);
        self.word((value >> 64) as u64);
    }
    #[allow(clippy::cast_possible_wrap)] // a bit pattern
    fn option(&mut self, value: Option<u128>) {
        self.word(u64::from(value.is_some()));
        self.wide(value.unwrap_or(0) as i128);
    }
}

impl Engine {
    /// 128 bits over everything that facts and asks determine: legs, positions, money. Timers and clocks are not in it.
    pub fn digest(&self) -> u128 {
        let mut sum = self.retired;
        let mut add =
            |lanes: Lanes| sum = (sum.0.wrapping_add(lanes.0), sum.1.wrapping_add(lanes.1));
        for slot in self.by_oid.iter() {
            add(self.leg_hash(slot.leg));
        }
        for slot in self.by_cloid.iter().filter(|s| self.legs[s.leg].oid.is_none()) {
            add(self.leg_hash(slot.leg));
        }
        for ledger in self.coins.iter().filter(|l| l.fills > 0 || !l.chain.is_empty()) {
            let mut hash = Hasher::new(2);
            ledger.name.bytes().for_each(|byte| hash.word(u64::from(byte)));
            hash.word(ledger.fill_hash);
            hash.word(ledger.fills);
            hash.wide(ledger.chain.position().0);
            hash.wide(ledger.provisional);
            hash.wide(ledger.provisional_cash);
            hash.wide(ledger.cash);
            hash.wide(ledger.closed_pnl);
            for gap in ledger.chain.gaps() {
                hash.wide(gap.expected.0);
                hash.wide(gap.found.0);
            }
            add(hash.0);
            for &(token, fee) in &ledger.fees {
                let mut hash = Hasher::new(3);
                ledger
                    .name
                    .bytes()
                    .chain(self.token_name(TokenId(token)).bytes())
                    .for_each(|b| hash.word(b.into()));
                hash.wide(fee);
                add(hash.0);
            }
        }
        (u128::from(sum.0) << 64) | u128::from(sum.1)
    }

    pub(super) fn leg_hash(&self, id: u32) -> Lanes {
        let leg: &Leg = &self.legs[id];
        let claims = leg.claims();
        let mut hash = Hasher::new(1);
        hash.option(leg.cloid.map(|c| c.0));
        hash.option(leg.oid.map(|o| o.0.into()));
        hash.option(self.name_of(id).map(|c| c.0));
        hash.word(leg.phase as u64);
        hash.wide(leg.sz.map_or(-1, |s| s.0));
        // While fills alone told of it, its price is that of whichever came first.
        hash.wide(leg.sz.map_or(0, |_| leg.px.0.into()));
        // Fees are in the sums of their coin: by leg they are split over two places, as tokens came.
        for value in [leg.traded.0, leg.traded_usd, claims.answered.0, claims.stated.0] {
            hash.wide(value);
        }
        hash.wide(claims.final_sz.map_or(-1, |s| s.0));
        hash.wide(claims.answered_px.0.into());
        hash.word(leg.dead_at.unwrap_or(0));
        hash.word(
            u64::from(leg.canceled)
                | (u64::from(claims.refuted) << 1)
                | (u64::from(leg.reduce_only) << 2)
                | (u64::from(leg.belied) << 3)
                | (u64::from(leg.settled) << 4),
        );
        hash.word(
            u64::from(leg.cancels.0)
                | (u64::from(leg.cancels.1) << 16)
                | (u64::from(leg.cancels.2) << 32),
        );
        let orphan = leg.order == NONE;
        hash.word(u64::from(orphan));
        hash.0
    }
}
