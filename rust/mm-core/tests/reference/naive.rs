//! The reference: a set of atoms, and views that look at all of it each time.

use mm_core::engine::ModifyRefusal;
use mm_core::event::Status;

use crate::common::{Msg, by_oid, sz};
use crate::world::{LOT, LegPlan, Trade, World};

/// Where a leg is, roughly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Unseen,
    Live,
    Replaced,
    Gone,
    Dead,
    Filled,
    Rejected,
}

/// What was told, each atom once.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    atoms: Vec<Msg>,
}

impl Reference {
    /// What was told before the asks.
    pub(crate) fn of(world: &World) -> Self {
        let asked_again =
            world.orders.iter().filter(|order| order.legs.len() > 1 || order.cancel_asked);
        Self {
            atoms: asked_again
                .map(|order| Msg::Answer(order.legs[0].cloid, order.legs[0].oid, ""))
                .collect(),
        }
    }

    pub(crate) fn add(&mut self, atom: &Msg) {
        let text = format!("{atom:?}");
        if !self.atoms.iter().any(|known| format!("{known:?}") == text) {
            self.atoms.push(atom.clone());
        }
    }

    fn any(&self, is: impl Fn(&Msg) -> bool) -> bool {
        self.atoms.iter().any(is)
    }

    /// Whether its cloid and its oid were ever told together.
    pub(crate) fn is_bound(&self, leg: &LegPlan) -> bool {
        self.any(|atom| match atom {
            Msg::Answer(cloid, ..) => *cloid == leg.cloid,
            Msg::Update(update) => update.cloid == Some(leg.cloid),
            Msg::Fill(fill) => fill.cloid == Some(leg.cloid),
            _ => false,
        })
    }

    pub(crate) fn traded(&self, leg: &LegPlan) -> i128 {
        let mine = |atom: &Msg| match atom {
            Msg::Fill(fill) if fill.oid.0 == leg.oid => fill.sz.0 / LOT,
            _ => 0,
        };
        self.atoms.iter().map(mine).sum()
    }

    pub(crate) fn answered(&self, leg: &LegPlan) -> i128 {
        let amount = |atom: &Msg| match atom {
            Msg::Answer(cloid, _, told) if *cloid == leg.cloid && !told.is_empty() => {
                sz(told).0 / LOT
            }
            _ => 0,
        };
        self.atoms.iter().map(amount).max().unwrap_or(0)
    }

    fn told(&self, leg: &LegPlan, status: Status) -> Option<i128> {
        self.atoms.iter().find_map(|atom| match atom {
            Msg::Update(update) if update.cloid == Some(leg.cloid) && update.status == status => {
                Some((update.orig_sz.0 - update.sz.0) / LOT)
            }
            _ => None,
        })
    }

    /// The final total, where it was told.
    fn final_total(&self, leg: &LegPlan) -> Option<i128> {
        let of_cancel = self.told(leg, Status::Canceled).filter(|_| !leg.reduce_only);
        let answered = self.answered(leg);
        let of_ioc = (leg.ioc && 0 < answered && answered < leg.size).then_some(answered);
        self.told(leg, Status::Filled).map(|_| leg.size).max(of_cancel).max(of_ioc)
    }

    /// What its order executed by it: while it has no name, its fills are nobody's.
    pub(crate) fn executed(&self, leg: &LegPlan) -> i128 {
        let credited =
            self.traded(leg).max(self.answered(leg)).max(self.final_total(leg).unwrap_or(0));
        if self.is_bound(leg) { credited } else { 0 }
    }

    /// Words say that it never lived, and other news that it did: both are in the set, whoever came first.
    pub(crate) fn is_at_odds(&self, leg: &LegPlan) -> bool {
        self.any(|a| matches!(a, Msg::Rejected(cloid) if *cloid == leg.cloid))
            && self.has_lived(leg)
    }

    /// Somebody told of it on the book: whatever names it, but its refusal.
    fn has_lived(&self, leg: &LegPlan) -> bool {
        self.any(|atom| match atom {
            Msg::Answer(cloid, ..) => *cloid == leg.cloid,
            Msg::Update(told) => told.cloid == Some(leg.cloid) && told.status != Status::Rejected,
            Msg::Fill(fill) => fill.cloid == Some(leg.cloid),
            _ => false,
        })
    }

    pub(crate) fn class(&self, world: &World, leg: &LegPlan) -> Class {
        let successor = world
            .orders
            .iter()
            .find_map(|o| o.legs.get(1).filter(|_| o.legs[0].cloid == leg.cloid));
        let refused = |leg: &LegPlan| {
            self.told(leg, Status::Rejected).is_some()
                || self.any(
                    |a| matches!(a, Msg::Rejected(c) | Msg::ModifyError(c, _) if *c == leg.cloid),
                )
        };
        let refused = |leg: &LegPlan| refused(leg) && !self.is_at_odds(leg);
        let canceled = self.told(leg, Status::Canceled).is_some()
            || self.any(|a| matches!(a, Msg::CancelOk(target) if *target == by_oid(leg.oid)))
            || leg.ioc && self.final_total(leg).is_some();
        let gone = |new: &LegPlan| {
            self.any(
                |a| matches!(a, Msg::ModifyError(c, ModifyRefusal::OldGone) if *c == new.cloid),
            )
        };
        if refused(leg) {
            Class::Rejected
        } else if self.executed(leg) >= leg.size {
            Class::Filled
        } else if canceled {
            Class::Dead
        } else if successor.is_some_and(|new| self.is_bound(new) && !refused(new)) {
            Class::Replaced
        } else if successor.is_some_and(gone) {
            Class::Gone
        } else if self.is_bound(leg) {
            Class::Live
        } else {
            Class::Unseen
        }
    }

    /// The trades that are known, in the order in which they happened.
    fn known(&self, world: &World) -> Vec<Trade> {
        let is_known =
            |trade: &&Trade| self.any(|a| matches!(a, Msg::Fill(fill) if fill.time == trade.time));
        world.trades.iter().filter(is_known).copied().collect()
    }

    fn traded_position(&self, world: &World) -> i128 {
        let known = self.known(world);
        known.first().map_or(0, |first| first.start)
            + known.iter().map(|trade| trade.signed).sum::<i128>()
    }

    pub(crate) fn gaps(&self, world: &World) -> Vec<(u64, u64, i128, i128)> {
        let known = self.known(world);
        let pairs = known.windows(2).map(|pair| {
            (pair[0].time, pair[1].time, pair[0].start + pair[0].signed, pair[1].start)
        });
        pairs.filter(|(_, _, expected, found)| expected != found).collect()
    }

    pub(crate) fn provisional(&self, world: &World) -> i128 {
        let legs =
            world.orders.iter().flat_map(|order| &order.legs).filter(|leg| self.is_bound(leg));
        legs.map(|leg| leg.sign * (self.executed(leg) - self.traded(leg))).sum()
    }

    pub(crate) fn position(&self, world: &World) -> i128 {
        self.traded_position(world) + self.provisional(world)
    }

    /// The most (`sign` 1) or the least (-1) that the position can become.
    pub(crate) fn worst(&self, world: &World, sign: i128) -> i128 {
        let open = |leg: &LegPlan| {
            let executed = self.executed(leg);
            let resolved = match self.class(world, leg) {
                Class::Filled | Class::Rejected => true,
                Class::Dead => self.final_total(leg).is_some_and(|total| executed >= total),
                Class::Unseen | Class::Live | Class::Replaced | Class::Gone => false,
            };
            let traded = if self.is_bound(leg) { self.traded(leg) } else { 0 };
            if resolved { executed - traded } else { leg.size - traded }
        };
        let legs = world.orders.iter().flat_map(|order| &order.legs).filter(|leg| leg.sign == sign);
        let missing = self.gaps(world).into_iter().map(|(_, _, expected, found)| found - expected);
        let missing: i128 = missing.filter(|m| m.signum() == sign).sum();
        self.traded_position(world) + sign * legs.map(open).sum::<i128>() + missing
    }
}
