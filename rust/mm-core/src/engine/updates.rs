//! Status facts: order updates, open-order snapshots, the venue's own position, completed scans of fills.

use super::Engine;
use super::registry::check_name;
use crate::effect::{CoinId, Effect, Query};
use crate::error::Error;
use crate::event::{Status, Update};
use crate::ids::{Cloid, Ms, Oid};
use crate::lifecycle::{Event, Phase};
use crate::num::{NumError, SZ_MAX, Sz};
use crate::order::{Leg, NONE};
use crate::planted::{Bug, planted};

impl Engine {
    /// One order update, or the same facts from `orderStatus`, `historicalOrders` or `openOrders`.
    pub fn update(&mut self, update: &Update<'_>, out: &mut Vec<Effect>) -> Result<(), Error> {
        check_name("coin", update.coin)?;
        if update.sz.0 < 0 || update.orig_sz.0 < 0 {
            return Err(Error::Field("sz", NumError::Negative));
        }
        if update.orig_sz > SZ_MAX
            || update.sz > SZ_MAX
            || update.px.times(update.orig_sz).is_none()
        {
            return Err(Error::Field("orig_sz", NumError::TooLarge));
        }
        let coin = self.coin(update.coin)?;
        if update.status == Status::Unknown {
            let (coin, oid) = (CoinId(coin), update.oid);
            out.push(Effect::UnknownWord { coin, oid });
            let why = "its status is a word that is not known";
            out.push(Effect::Ask {
                query: Query::OrderStatus,
                coin,
                cloid: update.cloid,
                oid: Some(oid),
                why,
            });
            return Ok(());
        }
        if update
            .cloid
            .is_some_and(|cloid| self.is_retired(cloid) && self.leg_by_cloid(cloid).is_none())
            && self.leg_by_oid(update.oid).is_none()
        {
            return Ok(()); // closed, confirmed and let go of: no news can change it
        }
        let id = self.leg_of_update(update, coin, out);
        if self.legs[id].coin != coin || self.legs[id].side != update.side {
            out.push(self.contradiction(id, "an update on another coin or side than its order"));
            return Ok(());
        }
        let before = self.legs[id].executed();
        let told_final = Sz(update.orig_sz.0 - update.sz.0);
        let shrinks = update.reduce_only || self.legs[id].reduce_only;
        self.change(id, |leg| {
            leg.reduce_only |= update.reduce_only;
            // A size of zero is none: the venue prints it of orders that close a whole position.
            if leg.sz.is_none() && update.orig_sz > Sz::ZERO {
                (leg.sz, leg.wanted, leg.px) = (Some(update.orig_sz), update.orig_sz, update.px);
            }
            match update.status {
                Status::Open if !shrinks && planted(Bug::LastStatusWins) => {
                    leg.claims_mut().stated = told_final;
                }
                Status::Open if !shrinks && told_final > Sz::ZERO => {
                    let claims = leg.claims_mut();
                    claims.stated = claims.stated.max(told_final);
                }
                Status::Filled => {
                    let claims = leg.claims_mut();
                    claims.stated = claims.stated.max(update.orig_sz);
                    claims.final_sz = claims.final_sz.max(Some(update.orig_sz));
                }
                Status::Canceled => {
                    leg.canceled = true;
                    if !shrinks {
                        let claims = leg.claims_mut();
                        claims.stated = claims.stated.max(told_final);
                        claims.final_sz = claims.final_sz.max(Some(told_final.max(Sz::ZERO)));
                    }
                }
                _ => {}
            }
            if matches!(update.status, Status::Filled | Status::Canceled) {
                leg.dead_at = leg.dead_at.max(Some(update.time));
            }
        });
        if !shrinks && self.legs[id].sz.is_some_and(|sz| sz != update.orig_sz) {
            out.push(self.contradiction(id, "the venue states another size than was sent"));
        }
        self.executed_rose(id, before, out);
        // Fills alone had told of it, and its size became known only now: they may have filled it.
        if self.legs[id].sz.is_some_and(|sz| self.legs[id].executed() >= sz) {
            self.advance(id, Event::LastFill, out);
        }
        match update.status {
            Status::Open => self.advance(id, Event::Accepted, out),
            Status::Filled if self.legs[id].phase == Phase::Filled => {}
            Status::Filled | Status::Canceled => self.advance(id, Event::CancelDone, out),
            Status::Rejected => self.advance(id, Event::Reject, out),
            Status::Unknown => {}
        }
        self.finish(id, out);
        Ok(())
    }

    /// The venue canceled an order without being asked (`nonUserCancel`): dead, and no more is told.
    pub fn on_non_user_cancel(
        &mut self,
        coin: &str,
        oid: Oid,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        check_name("coin", coin)?;
        let id = self.leg_by_oid(oid).unwrap_or_else(|| self.add_orphan(oid, None));
        self.change(id, |leg| leg.canceled = true);
        self.tell_leg(id, Event::CancelDone, out);
        Ok(())
    }

    /// The venue has no record left of a leg that lived: none of its books shows it, long and often enough asked (reliability
    /// X8). So it was dead by `as_of`. By fill or by cancel, the fills until then will tell: it is closed once they are
    /// complete ([`Engine::on_fills_complete`]).
    pub fn on_forgotten(
        &mut self,
        oid: Oid,
        as_of: Ms,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let id = self.leg_by_oid(oid).ok_or(Error::UnknownOid(oid))?;
        self.change(id, |leg| leg.dead_at = leg.dead_at.max(Some(as_of)));
        if self.legs[id].phase == Phase::Rejected {
            self.finish(id, out); // it was written off, which this does not contradict
        } else {
            self.tell_leg(id, Event::CancelDone, out);
        }
        Ok(())
    }

    fn leg_of_update(&mut self, update: &Update<'_>, coin: u32, out: &mut Vec<Effect>) -> u32 {
        if let Some(id) = self.leg_by_oid(update.oid) {
            if self.legs[id].order == NONE {
                return self.claim_orphan(id, update, coin, out);
            }
            return id;
        }
        let named = update.cloid.and_then(|cloid| self.leg_by_cloid(cloid)).filter(|&id| {
            let leg = &self.legs[id];
            leg.coin == coin && leg.side == update.side
        });
        if let Some(named) = named {
            return self.bind(named, update.oid, out);
        }
        let id = self.add_orphan(update.oid, Some((coin, update.side, update.px)));
        self.claim_orphan(id, update, coin, out)
    }

    /// An oid that only fills, or nothing, had told of becomes an order: ours by its cloid, or a foreign one.
    fn claim_orphan(
        &mut self,
        id: u32,
        update: &Update<'_>,
        coin: u32,
        out: &mut Vec<Effect>,
    ) -> u32 {
        let named = update.cloid.and_then(|cloid| self.leg_by_cloid(cloid)).filter(|&n| n != id);
        if let Some(named) = named
            && self.legs[named].coin == coin
            && self.legs[named].side == update.side
        {
            return self.bind(named, update.oid, out);
        }
        if self.legs[id].coin == NONE {
            let leg = &mut self.legs[id];
            (leg.coin, leg.side, leg.px) = (coin, update.side, update.px);
            let leg = &self.legs[id];
            self.coins[coin].shift(leg, (0, 0, 0));
        }
        (self.legs[id].cloid, self.legs[id].alone) = (update.cloid, false);
        if let Some(cloid) = update.cloid
            && self.leg_by_cloid(cloid).is_none()
        {
            self.by_cloid.insert(super::CloidSlot { cloid: cloid.0, leg: id });
        }
        // Ours by its prefix, though nobody told us: a journal was lost. It is quoted around, not ignored.
        let foreign =
            update.cloid.and_then(Cloid::parts).is_none_or(|(i, _)| i != self.config.instance);
        let leg = &mut self.legs[id];
        if update.status == Status::Rejected && leg.executed() == Sz::ZERO && !leg.canceled {
            leg.phase = Phase::Unknown; // nothing but its refusal was ever heard of it
        }
        let told = crate::order::derive(&[leg], Sz::ZERO);
        self.add_order(id, update.cloid, foreign, told);
        if foreign {
            out.push(Effect::Foreign { coin: CoinId(coin), oid: update.oid, cloid: update.cloid });
        }
        id
    }

    /// A snapshot of the open orders of one coin, by oid, whose request began at `began` (our clock). Presence is
    /// evidence of life; absence from a complete snapshot that began after our last word on a leg is a question.
    pub fn on_open_orders(
        &mut self,
        coin: &str,
        oids: &[Oid],
        began: Ms,
        complete: bool,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let coin = self.coin(coin)?;
        for &oid in oids {
            let Some(id) = self.leg_by_oid(oid).filter(|&id| self.legs[id].order != NONE) else {
                let why = "an open order that is not known here";
                let (coin, oid) = (CoinId(coin), Some(oid));
                out.push(Effect::Ask { query: Query::OrderStatus, coin, cloid: None, oid, why });
                continue;
            };
            self.advance(id, Event::Accepted, out);
            let next = self.legs[id].next;
            if self.legs[id].phase == Phase::Modifying
                && next != NONE
                && self.legs[next].phase == Phase::Rejected
                && began > self.legs[next].since
            {
                self.advance(id, Event::ModifyFailed, out); // it stands, and its replacement was refused before
            }
            self.finish(id, out);
        }
        if !complete {
            return Ok(());
        }
        let mut listed: Vec<u32> = self.coins[coin].orders.iter().flatten().copied().collect();
        listed.sort_unstable_by_key(|&order| self.orders[order].number);
        for order in listed {
            for id in self.line_ids(order).collect::<Vec<_>>() {
                let leg = &self.legs[id];
                if planted(Bug::AbsenceIsDeath) && leg.oid.is_some_and(|oid| !oids.contains(&oid)) {
                    self.advance(id, Event::CancelDone, out);
                    continue;
                }
                let live = matches!(leg.phase, Phase::Live | Phase::Modifying | Phase::Canceling);
                if live && leg.since < began && leg.oid.is_some_and(|oid| !oids.contains(&oid)) {
                    let why = "absent from the open orders";
                    let (coin, cloid, oid) = (CoinId(coin), leg.cloid, leg.oid);
                    out.push(Effect::Ask { query: Query::OrderStatus, coin, cloid, oid, why });
                }
            }
        }
        Ok(())
    }

    /// The venue's own position as of its time (`clearinghouseState`). It starts an empty chain; later it is compared, and
    /// never overwrites. `entry_px · szi` is what it cost, where the entry is told.
    pub fn on_position(
        &mut self,
        coin: &str,
        szi: Sz,
        entry: Option<crate::num::Px>,
        as_of: Ms,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        if szi.0.unsigned_abs() > SZ_MAX.0.unsigned_abs() {
            return Err(Error::Field("szi", NumError::TooLarge));
        }
        let cost = entry
            .map(|px| px.times(szi).ok_or(Error::Field("entry_px", NumError::TooLarge)))
            .transpose()?;
        let id = self.coin(coin)?;
        let chain = &mut self.coins[id].chain;
        chain.settle();
        if chain.is_empty() {
            chain.anchor(szi, as_of, cost.map(|usd| usd.0));
            return Ok(());
        }
        match chain.compare(szi, as_of) {
            // Equal positions prove nothing: what was lost in between may add up to zero.
            None | Some(Ok(())) => {}
            Some(Err(ours)) => {
                let from = chain.proven_until().unwrap_or(0);
                let coin = CoinId(id);
                out.push(Effect::PositionDiffers { coin, ours, theirs: szi, as_of });
                let query = Query::Fills { from, to: as_of };
                let why = "the venue's position differs";
                out.push(Effect::Ask { query, coin, cloid: None, oid: None, why });
            }
        }
        Ok(())
    }

    /// Every fill of this coin before `until` was read and told (two scans that agree): what was claimed of a leg that was
    /// dead by then, and is not among them, never happened.
    pub fn on_fills_complete(
        &mut self,
        coin: &str,
        until: Ms,
        out: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let id = self.coins.find(coin).ok_or(Error::Bad("coin", "is not known here"))?;
        self.settle_chain(id, out);
        if self.coins[id].chain.gaps().iter().any(|gap| gap.from < until) {
            let what = "fills were told to be complete, and the chain has a gap before that time";
            out.push(Effect::Contradiction { coin: CoinId(id), oid: None, cloid: None, what });
            return Ok(());
        }
        let ledger = &mut self.coins[id];
        ledger.chain.confirm(until);
        ledger.read_until = ledger.read_until.max(Some(until));
        let is_refuted = |leg: &Leg| {
            leg.coin == id
                && leg.dead_at.is_some_and(|dead| dead < until)
                && leg.provisional() > Sz::ZERO
        };
        let mut refuted: Vec<Oid> = self
            .by_oid
            .iter()
            .map(|slot| &self.legs[slot.leg])
            .filter(|leg| is_refuted(leg))
            .filter_map(|leg| leg.oid)
            .collect();
        refuted.sort_unstable();
        refuted.into_iter().try_for_each(|oid| self.refute(oid, out))
    }
}
