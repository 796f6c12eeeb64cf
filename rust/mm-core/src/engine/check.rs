//! The invariants over the whole state, recomputed from scratch. For tests, the model, and production if wanted.

use super::Engine;
use crate::ids::Side;
use crate::ledger::Ledger;
use crate::lifecycle::Phase;
use crate::num::Sz;
use crate::order::{NONE, OrderState};

impl Engine {
    /// `Err` names the first invariant that does not hold, and where.
    pub fn check(&self) -> Result<(), String> {
        let ids: std::collections::BTreeSet<u32> =
            self.by_oid.iter().map(|s| s.leg).chain(self.by_cloid.iter().map(|s| s.leg)).collect();
        for (number, ledger) in self.coins.iter().enumerate() {
            let mine = |id: &&u32| self.legs[**id].coin as usize == number;
            let (mut open, mut provisional, mut cash, mut unbound) =
                ([0i128; 2], 0i128, 0i128, 0u32);
            for &id in ids.iter().filter(mine) {
                let leg = &self.legs[id];
                let measures = Ledger::measures(leg);
                open[leg.side as usize] += measures.0;
                provisional += leg.side.sign() * measures.1;
                cash -= leg.side.sign() * measures.2;
                unbound += u32::from(!leg.released);
            }
            let name = &ledger.name;
            ensure(open == ledger.open, || {
                format!("I9 {name}: open sums {:?}, legs say {open:?}", ledger.open)
            })?;
            ensure(provisional == ledger.provisional, || {
                format!("I1 {name}: provisional does not add up")
            })?;
            ensure(cash == ledger.provisional_cash, || {
                format!("I1 {name}: provisional cash does not add up")
            })?;
            ensure(unbound == ledger.unbound, || {
                format!("I8 {name}: {} wait for an oid, not {unbound}", ledger.unbound)
            })?;
            ensure(open.iter().all(|&o| o >= 0), || {
                format!("I9 {name}: a side is open by less than nothing")
            })?;
            let worst = ledger.worst_short() <= ledger.position()
                && ledger.position() <= ledger.worst_long();
            ensure(worst, || format!("I9 {name}: the position lies outside its worst cases"))?;
            let fills: usize = ledger.seen.len();
            ensure(fills as u64 <= ledger.fills, || {
                format!("I10 {name}: more fills remembered than booked")
            })?;
            for (side, list) in ledger.orders.iter().enumerate() {
                for (slot, &order) in list.iter().enumerate() {
                    let kept = &self.orders[order];
                    ensure(kept.slot as usize == slot, || {
                        format!("{name}: an order's slot is off")
                    })?;
                    ensure(!kept.told.is_terminal(), || {
                        format!("I4 {name}: a closed order is listed as open")
                    })?;
                    let leg = &self.legs[kept.first];
                    ensure(leg.side as usize == side, || {
                        format!("{name}: an order on the wrong side")
                    })?;
                }
            }
        }
        ids.iter().try_for_each(|&id| self.check_leg(id))
    }

    fn check_leg(&self, id: u32) -> Result<(), String> {
        let leg = &self.legs[id];
        let at = || format!("leg {:?} {:?} {}", leg.cloid, leg.oid, leg.phase.name());
        ensure(!leg.void, || format!("{}: an emptied leg has a name", at()))?;
        if let Some(oid) = leg.oid {
            ensure(self.leg_by_oid(oid) == Some(id), || {
                format!("I8 {}: not found by its oid", at())
            })?;
        }
        let executed = leg.executed();
        ensure(executed >= leg.traded, || format!("I2 {}: executed below its trades", at()))?;
        let told = leg.claims();
        let claims = if told.refuted { Sz::ZERO } else { told.answered.max(told.stated) };
        ensure(executed == leg.traded || executed <= claims, || {
            format!("I2 {}: executed beyond all evidence", at())
        })?;
        if let Some(sz) = leg.sz {
            ensure(executed <= sz || leg.traded > sz, || {
                format!("I2 {}: a claim overstates", at())
            })?;
            let full = executed >= sz && leg.order != NONE;
            ensure(leg.phase != Phase::Filled || told.refuted || full, || {
                format!("I4 {}: not full", at())
            })?;
            let closed_full = matches!(leg.phase, Phase::Filled | Phase::Rejected);
            ensure(!full || closed_full, || format!("I5 {}: full, and still open", at()))?;
        }
        ensure(!leg.phase.is_unseen() || leg.oid.is_none() || leg.traded == Sz::ZERO, || {
            format!("{}: unseen, and yet traded", at())
        })?;
        let counts = [Side::Buy, Side::Sell].contains(&leg.side);
        ensure(counts && leg.cancels.2 <= leg.cancels.0, || {
            format!("{}: more cancels failed than asked", at())
        })?;
        ensure(leg.phase == Phase::Rejected || !leg.belied, || {
            format!("I4 {}: belied, and never written off", at())
        })?;
        ensure(leg.belied || !leg.settled, || format!("I9 {}: settled without a doubt", at()))?;
        if leg.order == NONE {
            return ensure(!leg.alone, || format!("{}: alone in no order", at()));
        }
        let order = &self.orders[leg.order];
        let alone = (order.first, order.last) == (id, id)
            && order.told == OrderState::PartialFilled
            && order.name.get() == leg.cloid;
        ensure(!leg.alone || alone, || format!("{}: taken to be alone", at()))?;
        let state = self.state_of(leg.order);
        ensure(order.told == state, || format!("{}: told {:?}, is {state:?}", at(), order.told))?;
        let in_line = self.line_ids(leg.order).any(|other| other == id);
        ensure(in_line != leg.folded, || format!("{}: folded and in the line, or neither", at()))?;
        let open = !state.is_terminal() && !order.foreign;
        ensure(open == (order.slot != NONE), || {
            format!("{}: listed {}, open {open}", at(), order.slot != NONE)
        })?;
        let waits = super::questions::is_open(leg) && leg.due == u64::MAX;
        ensure(!waits, || format!("I5 {}: a question that nobody will ask", at()))
    }
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
