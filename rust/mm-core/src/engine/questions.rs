//! What is not known, asked again and again until evidence closes it. Nothing is dropped by age.

use std::cmp::Reverse;

use super::Engine;
use crate::effect::{CoinId, Effect, Query};
use crate::ids::Ms;
use crate::lifecycle::{Event, Phase};
use crate::num::Sz;
use crate::order::{Leg, NONE};

/// Questions about one leg come at most this many doublings apart.
const DOUBLINGS_MAX: u8 = 4;
/// The most timers that one tick serves; the rest are due at once again, so that a tick never stalls.
const SERVED_MAX: usize = 1_024;

/// Whether a leg leaves something to ask.
pub(super) fn is_open(leg: &Leg) -> bool {
    if leg.order == NONE {
        return false;
    }
    match leg.phase {
        Phase::Rejected => leg.provisional() > Sz::ZERO || !leg.is_resolved(),
        Phase::Live | Phase::Filled | Phase::Cancelled => leg.provisional() > Sz::ZERO,
        _ => true,
    }
}

impl Engine {
    pub(super) fn arm(&mut self, id: u32) {
        let Self { config, now, .. } = *self;
        let leg = &mut self.legs[id];
        let mut wait = config.ask_after.max(1).saturating_mul(1 << leg.asked.min(DOUBLINGS_MAX));
        if leg.phase == Phase::Draining {
            let window = leg.since.saturating_add(config.fill_window).saturating_sub(now);
            wait =
                if leg.is_accounted(self.coins[leg.coin].complete_until()) { window } else { wait };
        }
        leg.due = now.saturating_add(wait.max(1)).min(Ms::MAX - 1); // the last is no time
        self.timers.push(Reverse((leg.due, id)));
    }

    /// When [`Engine::tick`] has something to do; `None`: only when something happens.
    pub fn next_deadline(&mut self) -> Option<Ms> {
        while let Some(&Reverse((due, id))) = self.timers.peek() {
            if self.legs[id].due == due {
                return Some(due);
            }
            self.timers.pop();
        }
        None
    }

    /// Time passes: settles what is over, and asks for the evidence that is still missing.
    pub fn tick(&mut self, now: Ms, out: &mut Vec<Effect>) {
        self.set_now(now);
        for _ in 0..SERVED_MAX {
            let Some(&Reverse((due, id))) = self.timers.peek() else { return };
            if due > self.now {
                return;
            }
            self.timers.pop();
            if self.legs[id].due != due {
                continue;
            }
            self.legs[id].due = Ms::MAX;
            if is_open(&self.legs[id]) {
                self.serve(id, out);
                self.finish(id, out);
            }
        }
    }

    fn serve(&mut self, id: u32, out: &mut Vec<Effect>) {
        let leg = &self.legs[id];
        let ledger = &self.coins[leg.coin];
        let complete = ledger.complete_until();
        if leg.phase == Phase::Draining && leg.is_accounted(complete) {
            if self.now >= leg.since.saturating_add(self.config.fill_window) {
                self.advance(id, Event::Settle, out);
            }
            return;
        }
        if leg.phase == Phase::Rejected && leg.is_accounted(complete) {
            self.change(id, |leg| leg.settled = true);
            return;
        }
        let fills = Query::Fills { from: complete.unwrap_or(0), to: self.now };
        let (query, why) = match leg.phase {
            Phase::Pending => (Query::OrderStatus, "placed, and not answered"),
            Phase::Unknown => (Query::OrderStatus, "what became of it is not known"),
            Phase::Modifying => (Query::OrderStatus, "modified, and not told how it ended"),
            Phase::CancelingBlind | Phase::Canceling => {
                (Query::OrderStatus, "cancelled, and not answered")
            }
            Phase::Replaced => (Query::OrderStatus, "replaced, and its own end not told"),
            Phase::Gone => (Query::OrderStatus, "gone, by fill or by cancel"),
            // A reduce-only order's rest tells nothing of its fills, but when it ended is told by the same answer.
            Phase::Draining
                if leg.claims().final_sz.is_none()
                    && (!leg.reduce_only || leg.dead_at.is_none()) =>
            {
                (Query::OrderStatus, "canceled, and its final size not told")
            }
            Phase::Rejected if !leg.is_resolved() && leg.dead_at.is_none() => {
                (Query::OrderStatus, "written off, and seen to live")
            }
            Phase::Draining => (fills, "canceled, and its fills not complete"),
            Phase::Rejected if !leg.is_resolved() => {
                (fills, "canceled, and its fills not complete")
            }
            _ => (fills, "executed by the answer, and not confirmed by trades"),
        };
        out.push(Effect::Ask {
            query,
            coin: CoinId(leg.coin),
            cloid: leg.cloid,
            oid: leg.oid,
            why,
        });
        self.legs[id].asked = self.legs[id].asked.saturating_add(1);
    }
}
