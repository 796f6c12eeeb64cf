//! What the answers to our requests say. They may come late, twice or never; words alone never settle an order.

use super::Engine;
use super::asks::Target;
use super::registry::{CloidSlot, OidSlot};
use crate::effect::Effect;
use crate::error::Error;
use crate::ids::{Cloid, Oid, Tif};
use crate::ledger::Ledger;
use crate::lifecycle::{Event, Phase};
use crate::num::{Px, Sz};
use crate::order::{Leg, NONE};
use crate::planted::{Bug, planted};

/// What the words of a refused cancel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelRefusal {
    /// "Order was never placed, already canceled, or filled."
    NothingThere,
    /// The request was certainly not executed: rate limit, nonce, signer.
    NotDone,
    /// Words that are not known.
    Unknown,
}

/// What the words of a refused modify mean for the old leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModifyRefusal {
    /// "Cannot modify canceled or filled order", or the new leg was refused after the old one was canceled.
    OldGone,
    /// Price band, rate limit, nonce: nothing was done.
    OldUntouched,
    /// Words that are not known.
    Unknown,
}

impl Engine {
    /// The answer to a place or a modify: the leg has this oid, and `filled` of it was executed at once, at `avg_px`.
    ///
    /// A lower bound, never a terminal: the rest of a GTC order rests under the same oid; the rest of an IOC is gone.
    pub fn finalize(
        &mut self,
        cloid: Cloid,
        oid: Oid,
        filled: Option<(Sz, Px)>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let named = self.leg_by_cloid(cloid).ok_or(Error::UnknownCloid(cloid))?;
        let id = self.bind(named, oid, out);
        self.advance(id, Event::Accepted, out);
        if let Some((amount, avg_px)) = filled {
            self.claim(id, amount, avg_px, out);
            if planted(Bug::PartFillIsTerminal) {
                self.advance(id, Event::LastFill, out);
            }
            let ioc = self.legs[id].order != NONE
                && self.orders[self.legs[id].order].tif == Some(Tif::Ioc);
            if ioc && self.legs[id].sz.is_some_and(|sz| amount < sz) {
                self.change(id, |leg| {
                    let claims = leg.claims_mut();
                    claims.final_sz = claims.final_sz.max(Some(amount));
                });
                self.advance(id, Event::CancelDone, out);
            }
        }
        self.finish(id, out);
        Ok(())
    }

    /// Raises `answered` of the leg with this oid, known or not: "so much of it was filled at once".
    pub fn pre_register(&mut self, oid: Oid, amount: Sz, avg_px: Px, out: &mut Vec<Effect>) {
        let id = self.leg_by_oid(oid).unwrap_or_else(|| self.add_orphan(oid, None));
        self.claim(id, amount, avg_px, out);
        self.finish(id, out);
    }

    /// max(0, answered − Σ trades) of the leg with this oid; 0 if it is not known.
    pub fn immediate_remaining(&self, oid: Oid) -> Sz {
        self.leg_by_oid(oid).map_or(Sz::ZERO, |id| self.legs[id].immediate_remaining())
    }

    /// A closed-fill proof showed that the claims on this leg were false: from now on trades alone count.
    pub fn refute(&mut self, oid: Oid, out: &mut Vec<Effect>) -> Result<(), Error> {
        let id = self.leg_by_oid(oid).ok_or(Error::UnknownOid(oid))?;
        if !self.legs[id].claims().refuted && self.legs[id].provisional() > Sz::ZERO {
            out.push(self.contradiction(id, "the venue claimed an execution that never was"));
        }
        let before = self.legs[id].executed();
        self.change(id, |leg| leg.claims_mut().refuted = true);
        let leg = &self.legs[id];
        if leg.folded {
            let rest = before.0 - leg.executed().0;
            self.orders[leg.order].past_mut().executed.0 -= rest;
        }
        self.finish(id, out);
        Ok(())
    }

    /// The venue refused this placement, in the answer to its own nonce: it never lived.
    pub fn on_rejected(&mut self, cloid: Cloid, out: &mut Vec<Effect>) -> Result<(), Error> {
        self.tell(Target::Cloid(cloid), Event::Reject, out)
    }

    /// No answer came, or words that are not known.
    pub fn on_no_answer(&mut self, cloid: Cloid, out: &mut Vec<Effect>) -> Result<(), Error> {
        let never = planted(Bug::UnfencedUnknown);
        self.tell(Target::Cloid(cloid), if never { Event::Reject } else { Event::NoAnswer }, out)
    }

    /// The request can never be executed any more, and never was: its nonce was spent by a `noop`, or it expired.
    pub fn on_fenced(&mut self, cloid: Cloid, out: &mut Vec<Effect>) -> Result<(), Error> {
        let id = self.leg_by_cloid(cloid).ok_or(Error::UnknownCloid(cloid))?;
        let previous = self.legs[id].previous;
        self.advance(id, Event::Fence, out);
        if self.legs[id].phase == Phase::Rejected
            && previous != NONE
            && self.legs[previous].next == id
        {
            self.advance(previous, Event::ModifyFailed, out); // the modify never happened, so the old leg stands
            self.unbound_ended(id);
            self.finish(previous, out);
        }
        self.unbound_ended(id);
        self.finish(id, out);
        Ok(())
    }

    /// The cancel was executed: the leg is dead, its last fills may still be on their way.
    pub fn on_cancel_success(
        &mut self,
        target: Target,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let id = self.leg_of(target)?;
        self.change(id, |leg| leg.canceled = true);
        self.tell_leg(id, Event::CancelDone, out);
        Ok(())
    }

    /// The cancel was refused. `sequence` is the request's; without it the latest is meant, and a refusal proves death
    /// only if every cancel of this leg was sent after it was seen live.
    pub fn on_cancel_error(
        &mut self,
        target: Target,
        why: CancelRefusal,
        sequence: Option<u16>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let id = self.leg_of(target)?;
        let (asked, first_seen, _) = self.legs[id].cancels;
        let number = sequence.unwrap_or(asked);
        if number == 0 || number > asked {
            return Err(Error::Bad("request", "is none that was asked"));
        }
        let after_live = match sequence {
            Some(number) => first_seen != 0 && number >= first_seen,
            None => first_seen == 1,
        };
        match why {
            CancelRefusal::NothingThere if after_live || planted(Bug::CancelErrorIsDeath) => {
                self.tell_leg(id, Event::CancelGone, out);
            }
            CancelRefusal::NothingThere | CancelRefusal::NotDone => {
                let leg = &mut self.legs[id];
                leg.cancels.2 = leg.cancels.2.max(number);
                if leg.cancels.2 == asked {
                    self.advance(id, Event::CancelFailed, out);
                }
                self.finish(id, out);
            }
            CancelRefusal::Unknown => self.tell_leg(id, Event::NoAnswer, out),
        }
        Ok(())
    }

    /// The modify that was to place the leg `cloid` was refused.
    pub fn on_modify_error(
        &mut self,
        cloid: Cloid,
        why: ModifyRefusal,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let id = self.leg_by_cloid(cloid).ok_or(Error::UnknownCloid(cloid))?;
        let old = self.legs[id].replaces.and_then(|oid| self.leg_by_oid(oid));
        let event = match why {
            ModifyRefusal::OldGone => Event::ModifyKilled,
            ModifyRefusal::OldUntouched if planted(Bug::ModifyErrorIsDeath) => Event::ModifyKilled,
            ModifyRefusal::OldUntouched => Event::ModifyFailed,
            ModifyRefusal::Unknown => {
                self.tell_leg(id, Event::NoAnswer, out);
                return Ok(());
            }
        };
        self.advance(id, Event::Reject, out);
        self.unbound_ended(id);
        if let Some(old) = old.filter(|_| self.legs[id].phase == Phase::Rejected) {
            // Who is gone stays gone, however late it is said. "As it was" is no news once another modify is on its way.
            if event == Event::ModifyKilled || self.legs[old].next == id {
                self.advance(old, event, out);
                self.finish(old, out);
            }
        }
        self.finish(id, out);
        Ok(())
    }

    fn tell(&mut self, target: Target, event: Event, out: &mut Vec<Effect>) -> Result<(), Error> {
        let id = self.leg_of(target)?;
        self.tell_leg(id, event, out);
        Ok(())
    }

    pub(super) fn tell_leg(&mut self, id: u32, event: Event, out: &mut Vec<Effect>) {
        self.advance(id, event, out);
        self.unbound_ended(id);
        self.finish(id, out);
    }

    /// An answer's lower bound, its effect on the position, and on the phase.
    fn claim(&mut self, id: u32, amount: Sz, avg_px: Px, out: &mut Vec<Effect>) {
        let before = self.legs[id].executed();
        let consumed = if planted(Bug::ConsumableCounter) { self.legs[id].traded.0 } else { 0 };
        let amount = Sz(amount.0 + consumed);
        self.change(id, |leg| {
            let known = leg.claims();
            if amount > known.answered || (amount == known.answered && avg_px > known.answered_px) {
                let claims = leg.claims_mut();
                (claims.answered, claims.answered_px) = (amount, avg_px);
            }
        });
        if self.legs[id].sz.is_some_and(|sz| amount > sz) {
            out.push(self.contradiction(id, "the answer claims more than the order's size"));
        }
        self.executed_rose(id, before, out);
    }

    /// Tells the table that the executed quantity of a leg rose, if it did.
    pub(super) fn executed_rose(&mut self, id: u32, before: Sz, out: &mut Vec<Effect>) {
        let leg = &self.legs[id];
        let now = leg.executed();
        if now > before {
            let event =
                if leg.sz.is_some_and(|sz| now >= sz) { Event::LastFill } else { Event::PartFill };
            let rose = Sz(now.0 - before.0);
            if leg.folded {
                self.orders[leg.order].past_mut().executed.0 += rose.0;
            }
            self.advance(id, event, out);
            self.tell_excess(id, out);
        }
    }

    /// A fill on a leg that is being replaced makes the replacement too large.
    fn tell_excess(&mut self, id: u32, out: &mut Vec<Effect>) {
        let order = self.legs[id].order;
        if order == NONE {
            return;
        }
        let last = self.orders[order].last;
        if last == id || last == NONE || self.legs[last].phase.is_closed() {
            return;
        }
        let newest = &self.legs[last];
        let others = self.executed_of(order).0 - newest.executed().0;
        let by = others + newest.worst().0 - newest.wanted.0;
        if by > 0 {
            out.push(Effect::Excess {
                cloid: self.orders[order].name.get(),
                oid: newest.oid,
                by: Sz(by),
            });
        }
    }

    /// Gives a leg its oid, and what was known under that oid before. Returns the leg that has the oid now: another one
    /// where the venue gave one cloid to two legs.
    pub(super) fn bind(&mut self, id: u32, oid: Oid, out: &mut Vec<Effect>) -> u32 {
        if self.legs[id].oid == Some(oid) {
            return id;
        }
        let holder = self.leg_by_oid(oid);
        if self.legs[id].oid.is_some() {
            return match holder {
                // Its fills came first, and were kept under the oid alone.
                Some(other) if self.legs[other].order == NONE => self.adopt_twin(id, other, out),
                Some(other) => other,
                None => self.add_twin(id, oid, out),
            };
        }
        if let Some(other) = holder {
            let (facts, leg) = (&self.legs[other], &self.legs[id]);
            let fits = facts.coin == NONE || (facts.coin, facts.side) == (leg.coin, leg.side);
            if facts.order == NONE && !fits {
                // As if the order had been known first: what it cannot have done is in the position, and nobody's.
                out.push(self.contradiction(id, "a fill on another coin or side than its order"));
                self.disown(other);
            } else if !fits || facts.cloid.is_some() && facts.order != NONE {
                out.push(self.contradiction(id, "one oid under two cloids or two coins"));
                return other;
            } else {
                self.absorb(id, other, out);
            }
        }
        self.legs[id].oid = Some(oid);
        let held = self.by_oid.insert(OidSlot { oid: oid.0, leg: id });
        debug_assert!(held.is_none(), "whoever held the oid gave it up above");
        self.release(id);
        id
    }

    /// A leg that ended without an oid waits for none any more.
    fn unbound_ended(&mut self, id: u32) {
        if self.legs[id].phase == Phase::Rejected {
            self.release(id);
        }
    }

    fn release(&mut self, id: u32) {
        let leg = &mut self.legs[id];
        if !leg.released && leg.coin != NONE {
            leg.released = true;
            self.coins[leg.coin].unbound -= 1;
        }
    }

    /// Moves what was learnt under an oid alone into the leg that turned out to own it.
    fn absorb(&mut self, id: u32, other: u32, out: &mut Vec<Effect>) {
        let facts = self.legs[other].clone();
        if facts.order != NONE {
            self.leave_order(other, &facts);
        }
        if facts.coin != NONE {
            // Its sums leave with it, and come back with the leg that has the facts now.
            let measures = Ledger::measures(&facts);
            let sign = facts.side.sign();
            let ledger = &mut self.coins[facts.coin];
            ledger.open[facts.side as usize] -= measures.0;
            ledger.provisional -= sign * measures.1;
            ledger.provisional_cash += sign * measures.2;
        }
        let fees: Vec<(u16, i128)> = self
            .extra_fees
            .range((false, other, 0)..=(false, other, u16::MAX))
            .map(|(k, v)| (k.2, *v))
            .collect();
        for (token, fee) in fees {
            self.extra_fees.remove(&(false, other, token));
            *self.extra_fees.entry((false, id, token)).or_default() += fee;
        }
        self.void(other, &facts);
        let before = self.legs[id].executed();
        self.change(id, |leg| {
            leg.traded.0 += facts.traded.0;
            leg.traded_usd += facts.traded_usd;
            (leg.fee_token, leg.fee) = (facts.fee_token, facts.fee);
            if let Some(told) = facts.claims.as_deref() {
                let claims = leg.claims_mut();
                if told.answered > claims.answered {
                    (claims.answered, claims.answered_px) = (told.answered, told.answered_px);
                }
                claims.stated = claims.stated.max(told.stated);
                claims.final_sz = claims.final_sz.max(told.final_sz);
                claims.refuted |= told.refuted;
            }
            leg.dead_at = leg.dead_at.max(facts.dead_at);
            leg.canceled |= facts.canceled;
        });
        self.executed_rose(id, before, out);
        match facts.phase {
            Phase::Draining | Phase::Cancelled => self.advance(id, Event::CancelDone, out),
            Phase::Rejected if !facts.belied => self.advance(id, Event::Reject, out),
            Phase::Rejected if facts.canceled => self.advance(id, Event::CancelDone, out),
            _ => self.advance(id, Event::Accepted, out),
        }
    }

    /// A second leg under a cloid that has one already. What was sent under a cloid of ours has one size; a stranger's
    /// legs may differ, and tell theirs by an update.
    fn add_twin(&mut self, id: u32, oid: Oid, out: &mut Vec<Effect>) -> u32 {
        let twin_of = &self.legs[id];
        let mut leg = Leg::new(twin_of.coin, twin_of.side, twin_of.px, None);
        leg.oid = Some(oid);
        leg.since = self.now;
        leg.released = true;
        let twin = self.legs.add(leg);
        self.by_oid.insert(OidSlot { oid: oid.0, leg: twin });
        self.join_twin(id, twin, out);
        twin
    }

    /// The same for a leg that only fills, or an amount, had told of.
    fn adopt_twin(&mut self, id: u32, twin: u32, out: &mut Vec<Effect>) -> u32 {
        let (coin, side, px) = (self.legs[id].coin, self.legs[id].side, self.legs[id].px);
        let leg = &mut self.legs[twin];
        if leg.coin == NONE {
            (leg.coin, leg.side, leg.px) = (coin, side, px);
            let leg = &self.legs[twin];
            self.coins[coin].shift(leg, (0, 0, 0));
        } else if leg.coin != coin || leg.side != side {
            out.push(self.contradiction(id, "one oid under two cloids or two coins"));
            return twin;
        }
        self.join_twin(id, twin, out);
        if self.legs[twin].sz.is_some_and(|sz| self.legs[twin].executed() >= sz) {
            self.advance(twin, Event::LastFill, out);
        }
        twin
    }

    /// A twin joins the order's line, where the higher oid is the later leg; the order of a closed line is not opened
    /// again, and the twin is one of its own then.
    fn join_twin(&mut self, id: u32, twin: u32, out: &mut Vec<Effect>) {
        let twin_of = self.legs[id].clone();
        let order = twin_of.order;
        let foreign = order == NONE || self.orders[order].foreign;
        self.change(twin, |leg| {
            (leg.cloid, leg.alone) = (twin_of.cloid, false);
            leg.reduce_only = twin_of.reduce_only;
            if !foreign {
                (leg.sz, leg.wanted, leg.px) =
                    (twin_of.sz, twin_of.sz.unwrap_or_default(), twin_of.px);
            }
        });
        if order == NONE || twin_of.folded || self.orders[order].told.is_terminal() {
            let told = crate::order::derive(&[&self.legs[twin]], Sz::ZERO);
            self.add_order(twin, twin_of.cloid, foreign, told);
        } else {
            self.insert_leg(id, twin);
            self.replaced_by_the_next(twin, out);
        }
        if twin_of.oid < self.legs[twin].oid
            && let Some(cloid) = twin_of.cloid
        {
            self.by_cloid.put(CloidSlot { cloid: cloid.0, leg: twin });
        }
    }

    /// Puts a leg in the line of `id`'s order: behind `id` if its oid is the higher one, else before those above it.
    fn insert_leg(&mut self, id: u32, leg: u32) {
        let above = |this: &Self, other: u32| this.legs[other].oid > this.legs[leg].oid;
        let order = self.legs[id].order;
        let (mut before, mut behind) = (id, self.legs[id].next);
        while before != NONE && above(self, before) {
            (before, behind) = (self.legs[before].previous, before);
        }
        let first = self.orders[order].first;
        self.legs[first].alone = false;
        (self.legs[leg].order, self.legs[leg].previous, self.legs[leg].next) =
            (order, before, behind);
        self.orders[order].held += 1;
        if before == NONE {
            self.orders[order].first = leg;
        } else {
            self.legs[before].next = leg;
        }
        if behind == NONE {
            self.orders[order].last = leg;
        } else {
            self.legs[behind].previous = leg;
        }
    }

    /// A record for an oid that nobody claimed yet.
    pub(super) fn add_orphan(
        &mut self,
        oid: Oid,
        known: Option<(u32, crate::ids::Side, Px)>,
    ) -> u32 {
        let (coin, side, px) = known.unwrap_or((NONE, crate::ids::Side::Buy, Px(0)));
        let mut leg = Leg::new(coin, side, px, None);
        leg.oid = Some(oid);
        leg.phase = Phase::Live;
        leg.since = self.now;
        leg.released = true;
        let id = self.legs.add(leg);
        self.by_oid.insert(OidSlot { oid: oid.0, leg: id });
        self.queue(id);
        self.shrink();
        id
    }
}
