//! Take-profits and stops: set, set off by the mark, and their groups (protocol 3.2, 10.3).

use mm_core::ids::Oid;

use super::Chain;
use super::event::OrderReply;
use super::order::{Order, Phase, Trigger};
use super::units::Lots;
use super::words::{Refusal, Status};

impl Chain {
    /// Whether a trigger may be set: the mark must not have set it off already.
    pub(super) fn admit_trigger(&self, order: Order) -> Result<Order, Refusal> {
        let is_spot = self.metas.asset(order.asset).dex().is_none();
        if is_spot || (order.group.is_none() && order.is_set_off(self.prices(order.asset).mark)) {
            return Err(Refusal::BadTrigger);
        }
        if order.group.is_some_and(|parent| parent == Oid(0)) {
            return Err(Refusal::BadTrigger);
        }
        Ok(order)
    }

    /// Sets an admitted trigger; a child sleeps while its parent lives.
    pub(super) fn set_trigger(&mut self, mut order: Order) -> OrderReply {
        let sleeps = order.group.is_some_and(|parent| self.orders.contains_key(&parent));
        if let Some(trigger) = &mut order.trigger {
            trigger.phase = if sleeps { Phase::Child } else { Phase::Armed };
        }
        self.remember(order);
        self.triggers.insert((order.asset, order.oid));
        if sleeps {
            return OrderReply::WaitingForFill;
        }
        self.record(order, Status::Open);
        OrderReply::WaitingForTrigger
    }

    /// Every trigger that the marks have reached becomes an order, the oldest first.
    pub(super) fn fire_triggers(&mut self) {
        let reached: Vec<Oid> = self
            .triggers
            .iter()
            .filter(|(asset, oid)| {
                self.orders.get(oid).is_some_and(|order| order.is_set_off(self.prices(*asset).mark))
            })
            .map(|(_, oid)| *oid)
            .collect();
        for oid in reached {
            // A sibling may have ended it meanwhile.
            if let Some(order) = self.orders.get(&oid).copied() {
                self.fire(order);
            }
        }
    }

    fn fire(&mut self, order: Order) {
        self.tx += 1;
        self.forget(&order);
        let trigger = order.trigger.map(|trigger| Trigger { phase: Phase::Fired, ..trigger });
        let mut order = Order { trigger, ..order };
        self.record(order, Status::Triggered);
        if order.reduce_only || order.position_tpsl {
            let dex = self.metas.asset(order.asset).dex().unwrap_or(0);
            let szi = self.account(order.account).szi(dex, order.asset);
            let can = if szi.signum() == -order.side.sign() { szi.abs() } else { Lots::ZERO };
            if can.is_zero() {
                return self.ended(&order, Status::ReduceOnlyCanceled);
            }
            order.sz = if order.position_tpsl { can } else { order.sz.min(can) };
        }
        if self.can_afford(&order).is_err() {
            return self.ended(&order, Status::MarginCanceled);
        }
        let (order, _) = self.sweep(order);
        if order.filled.is_zero() && !order.tif.rests() {
            return self.ended(&order, Status::Canceled);
        }
        self.after_sweep(order);
    }

    /// What follows in a TP/SL group when one of its orders ends: a filled parent arms its children, any other
    /// end takes them along; a filled child ends its siblings.
    pub(super) fn group_ended(&mut self, order: &Order, status: Status) {
        if self.triggers.is_empty() {
            return;
        }
        let group = order.group.unwrap_or(order.oid);
        let others: Vec<Order> = self
            .triggers
            .range((order.asset, Oid(0))..=(order.asset, Oid(u64::MAX)))
            .filter_map(|(_, oid)| self.orders.get(oid))
            .filter(|other| other.account == order.account && other.group == Some(group))
            .copied()
            .collect();
        for other in others {
            match (order.group.is_none(), status) {
                (true, Status::Filled) => {
                    let trigger =
                        other.trigger.map(|trigger| Trigger { phase: Phase::Armed, ..trigger });
                    let armed = Order { trigger, ..other };
                    self.orders.insert(armed.oid, armed);
                    self.record(armed, Status::Open);
                }
                (true, _) => self.close(&other, Status::Canceled),
                (false, Status::Filled) => self.close(&other, Status::SiblingFilledCanceled),
                (false, _) => {}
            }
        }
    }
}
