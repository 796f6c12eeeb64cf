//! What we want to do: each is told to the engine before anything is sent, and may be refused.

use super::Engine;
use super::registry::{CloidSlot, check_name};
use crate::effect::{CoinId, Effect};
use crate::error::Error;
use crate::ids::{Cloid, Oid, Side, Tif};
use crate::ledger::Ledger;
use crate::lifecycle::{Cell, Event, Phase, step};
use crate::num::{NumError, Px, SZ_MAX, Sz};
use crate::order::{Leg, NONE, OrderState};
use crate::planted::{Bug, planted};

/// An order to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder<'a> {
    /// Its name, never used before.
    pub cloid: Cloid,
    /// The market.
    pub coin: &'a str,
    /// Buy or sell.
    pub side: Side,
    /// Limit price.
    pub px: Px,
    /// Size.
    pub sz: Sz,
    /// Time in force.
    pub tif: Tif,
    /// Only ever reduces the position.
    pub reduce_only: bool,
}

/// A cancel to be sent, and what its answer must be told with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// The market.
    pub coin: CoinId,
    /// The leg, by our name.
    pub cloid: Option<Cloid>,
    /// The leg, by the venue's name where it is known: cancel by this first.
    pub oid: Option<Oid>,
    /// Which cancel of this leg it is, from 1.
    pub sequence: u16,
    /// It was asked after the leg was seen live: "nothing there" will prove death.
    pub after_live: bool,
}

/// A modify to be sent, as a batchModify of one, never with `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModifyRequest {
    /// The market.
    pub coin: CoinId,
    /// The leg to replace.
    pub oid: Oid,
    /// The name of the leg that replaces it.
    pub cloid: Cloid,
    /// Side of both.
    pub side: Side,
    /// New limit price.
    pub px: Px,
    /// Size of the new *leg*: wanted total less what is executed.
    pub sz: Sz,
    /// Time in force of the order.
    pub tif: Tif,
    /// As the order.
    pub reduce_only: bool,
}

impl Engine {
    /// Tells of an order before it is sent. Until evidence settles it, it counts in full in the worst case.
    pub fn add_pending(&mut self, new: &NewOrder<'_>, out: &mut Vec<Effect>) -> Result<(), Error> {
        check_name("coin", new.coin)?;
        check_price_and_size(new.px, new.sz)?;
        self.check_fresh(new.cloid)?;
        let coin = self.coin(new.coin)?;
        let mut leg = Leg::new(coin, new.side, new.px, Some(new.sz));
        leg.reduce_only = new.reduce_only;
        let id = self.add_leg(leg, new.cloid);
        let order = self.add_order(id, Some(new.cloid), false, OrderState::Pending);
        self.orders[order].tif = Some(new.tif);
        self.finish(id, out);
        Ok(())
    }

    /// Tells that a cancel is about to be sent for the leg with this oid or cloid. The cloid of a leg that was replaced
    /// means the order, hence its current leg.
    pub fn initiate_cancel(
        &mut self,
        target: Target,
        out: &mut Vec<Effect>,
    ) -> Result<CancelRequest, Error> {
        let id = self.aim(target)?;
        self.ask(id, Event::AskCancel, out)?;
        let leg = &mut self.legs[id];
        leg.cancels.0 = leg.cancels.0.saturating_add(1);
        let after_live = leg.phase != Phase::CancelingBlind;
        if after_live && leg.cancels.1 == 0 {
            leg.cancels.1 = leg.cancels.0;
        }
        let request = CancelRequest {
            coin: CoinId(leg.coin),
            cloid: leg.cloid,
            oid: leg.oid,
            sequence: leg.cancels.0,
            after_live,
        };
        self.finish(id, out);
        Ok(request)
    }

    /// Tells that a modify is about to be sent: `order_qty` is the wanted total over the order's life. Both legs count in
    /// the worst case until evidence settles them.
    pub fn initiate_modify(
        &mut self,
        target: Target,
        cloid: Cloid,
        px: Px,
        order_qty: Sz,
        out: &mut Vec<Effect>,
    ) -> Result<ModifyRequest, Error> {
        check_price_and_size(px, order_qty)?;
        self.check_fresh(cloid)?;
        let id = self.aim(target)?;
        let leg = &self.legs[id];
        if let (Cell::Refuse, why) = step(leg.phase, Event::AskModify) {
            return Err(Error::Refused(Event::AskModify, leg.phase, self.name_of(id), why));
        }
        let order = leg.order;
        let last = self.orders[order].last;
        if last != id && self.legs[last].phase.is_unseen() {
            return Err(Error::Refused(
                Event::AskModify,
                self.legs[last].phase,
                self.name_of(last),
                "one request in flight for an order",
            ));
        }
        let oid = leg.oid.ok_or(Error::Bad("order", "has no oid yet"))?;
        let executed = self.executed_of(order);
        if order_qty <= executed {
            return Err(Error::Bad(
                "order_qty",
                "is not above what is executed already: cancel instead",
            ));
        }
        let sz = Sz(order_qty.0 - executed.0);
        let (coin, side, reduce_only) = (leg.coin, leg.side, leg.reduce_only);
        self.ask(id, Event::AskModify, out)?;
        let mut new = Leg::new(coin, side, px, Some(sz));
        new.reduce_only = reduce_only;
        new.wanted = order_qty;
        new.order = order;
        new.previous = last;
        new.replaces = Some(oid);
        if planted(Bug::ModifyKeepsExecuted) {
            new.claims_mut().answered = executed;
        }
        let new = self.add_leg(new, cloid);
        (self.legs[last].next, self.legs[last].alone) = (new, false);
        self.orders[order].last = new;
        self.orders[order].held += 1;
        self.after(new);
        self.finish(id, out);
        let tif = self.orders[order].tif.unwrap_or(Tif::Alo);
        Ok(ModifyRequest { coin: CoinId(coin), oid, cloid, side, px, sz, tif, reduce_only })
    }

    /// What the legs of an order executed, folded ones too.
    pub(super) fn executed_of(&self, order: u32) -> Sz {
        let legs: i128 = self.line_ids(order).map(|id| self.legs[id].executed().0).sum();
        Sz(self.orders[order].past().executed.0 + legs)
    }

    /// The leg that an ask is about.
    pub(super) fn aim(&self, target: Target) -> Result<u32, Error> {
        let id = self.leg_of(target)?;
        let leg = &self.legs[id];
        if leg.order == NONE {
            return Err(match target {
                Target::Oid(oid) => Error::UnknownOid(oid),
                Target::Cloid(cloid) => Error::UnknownCloid(cloid),
            });
        }
        let stale = leg.folded
            || leg.phase.is_closed()
            || matches!(leg.phase, Phase::Replaced | Phase::Draining);
        Ok(match target {
            Target::Cloid(_) if stale => self.current_of(leg.order),
            _ => id,
        })
    }

    /// The very leg that an answer is about.
    pub(super) fn leg_of(&self, target: Target) -> Result<u32, Error> {
        match target {
            Target::Oid(oid) => self.leg_by_oid(oid).ok_or(Error::UnknownOid(oid)),
            Target::Cloid(cloid) => self.leg_by_cloid(cloid).ok_or(Error::UnknownCloid(cloid)),
        }
    }

    fn ask(&mut self, id: u32, event: Event, out: &mut Vec<Effect>) -> Result<(), Error> {
        let phase = self.legs[id].phase;
        if let (Cell::Refuse, why) = step(phase, event) {
            return Err(Error::Refused(event, phase, self.name_of(id), why));
        }
        self.advance(id, event, out);
        Ok(())
    }

    /// Stores a leg of ours under its cloid; its oid is still to come.
    fn add_leg(&mut self, mut leg: Leg, cloid: Cloid) -> u32 {
        leg.cloid = Some(cloid);
        leg.since = self.now;
        let coin = leg.coin;
        let measures = Ledger::measures(&leg);
        let ledger = &mut self.coins[coin];
        ledger.unbound += 1;
        ledger.open[leg.side as usize] += measures.0;
        let id = self.legs.add(leg);
        self.by_cloid.insert(CloidSlot { cloid: cloid.0, leg: id });
        id
    }

    fn check_fresh(&self, cloid: Cloid) -> Result<(), Error> {
        if self.is_retired(cloid) || self.leg_by_cloid(cloid).is_some() {
            return Err(Error::DuplicateCloid(cloid));
        }
        Ok(())
    }

    /// Whether a cloid that is not in memory is one of ours that was.
    pub(super) fn is_retired(&self, cloid: Cloid) -> bool {
        let ours = |(instance, sequence)| {
            instance == self.config.instance && Some(sequence) <= self.retired_sequence
        };
        cloid.parts().is_some_and(ours)
    }
}

/// What an ask or an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The leg with this oid.
    Oid(Oid),
    /// The leg, or the order, with this cloid.
    Cloid(Cloid),
}

fn check_price_and_size(px: Px, sz: Sz) -> Result<(), Error> {
    let positive = |field, value: i128| match value {
        0 => Err(Error::Field(field, NumError::Zero)),
        v if v < 0 => Err(Error::Field(field, NumError::Negative)),
        _ => Ok(()),
    };
    positive("px", px.0.into())?;
    positive("sz", sz.0)?;
    if sz > SZ_MAX || px.times(sz).is_none() {
        return Err(Error::Field("sz", NumError::TooLarge));
    }
    Ok(())
}
