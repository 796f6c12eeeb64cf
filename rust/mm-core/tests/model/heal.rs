//! Faults stop: what was ever sent arrives, and every question is answered truthfully. Then all is known (F1, F16).

use mm_core::effect::{Effect, Query};
use mm_core::lifecycle::Phase;
use mm_core::num::Sz;
use mm_core::order::Leg;

use crate::law::{self, Violation, ensure};
use crate::message::{COINS, LOT, Message, cloid, oid, signed, sz};
use crate::run::Run;
use crate::world::Stage;

/// Rounds of questions and answers that must be enough.
const ROUNDS: u32 = 8;

/// Heals a copy of the run, and looks whether it knows everything.
pub(crate) fn heal(run: &Run<'_>) -> Result<(), Violation> {
    let mut run = run.clone();
    run.out.clear();
    for id in 0..run.world.leg_count {
        if run.world.leg(id).stage == Stage::Flying {
            run.world.fence(id);
        }
        if run.world.is_denied(id) && run.world.leg(id).stage == Stage::Live {
            run.world.withdraw(id); // what was written off, and lives, is cancelled by whoever runs the engine
        }
    }
    for (number, cancel) in (0u8..).zip(run.world.cancels().to_vec()) {
        if cancel.flying {
            run.world.run_cancel(number, false);
        }
    }
    let mail: Vec<Message> = run.world.mail(false).map(|(_, message)| message).collect();
    run.world.delivered = u32::MAX;
    mail.into_iter().try_for_each(|message| run.tell(message))?;
    for _ in 0..ROUNDS {
        run.out.clear();
        let later = run.engine.now() + 1_000_000;
        run.engine.tick(later, &mut run.out);
        let asked = std::mem::take(&mut run.out);
        if asked.is_empty() && run.engine.next_deadline().is_none() {
            return quiet(&run);
        }
        for effect in asked {
            if let Effect::Ask { query, cloid: name, oid: number, .. } = effect {
                answer(&mut run, query, |id| name == Some(cloid(id)) || number == Some(oid(id)))?;
            }
        }
        law::state(&run)?;
    }
    let open: Vec<_> = (0..run.world.leg_count).map(|id| (id, run.phase(id))).collect();
    Err(Violation::new("F16 liveness", format!("still asking after {ROUNDS} rounds: {open:?}")))
}

fn answer(run: &mut Run<'_>, query: Query, means: impl Fn(u8) -> bool) -> Result<(), Violation> {
    match query {
        Query::OrderStatus => {
            let Some(id) = (0..run.world.leg_count).find(|&id| means(id)) else { return Ok(()) };
            let leg = *run.world.leg(id);
            let gone = leg.done + leg.trimmed;
            match leg.stage {
                Stage::Live => run.tell(Message::Open(id, gone)),
                Stage::Filled => run.tell(Message::Filled(id)),
                Stage::Canceled => run.tell(Message::Canceled(id, gone)),
                Stage::Flying | Stage::Refused | Stage::Fenced => Ok(()), // "unknownOid": no evidence
            }
        }
        Query::Fills { to, .. } => {
            // All of them were told; the venue's own position says so.
            for (coin, position) in
                COINS.into_iter().zip(run.world.position).take(run.setting.coins().into())
            {
                let told = run.engine.on_position(coin, signed(position), None, to, &mut run.out);
                told.and_then(|()| run.engine.on_fills_complete(coin, to, &mut run.out))
                    .map_err(|error| Violation::new("facts are taken", error.to_string()))?;
            }
            match run.out.iter().find(|effect| matches!(effect, Effect::PositionDiffers { .. })) {
                Some(effect) => Err(Violation::new("F1 exact", format!("{effect:?}"))),
                None => Ok(()),
            }
        }
    }
}

/// Nothing is asked any more: so nothing is unknown, and all is as the venue has it.
fn quiet(run: &Run<'_>) -> Result<(), Violation> {
    let world = &run.world;
    law::state(run)?;
    for id in 0..world.leg_count {
        let truth = world.leg(id);
        let leg = run.engines(id).ok_or(Violation::new("F5 no orphan", format!("leg {id}")))?;
        let at =
            || format!("leg {id}: engine {:?} {:?}, venue {truth:?}", leg.phase, leg.executed());
        let phase = match truth.stage {
            Stage::Live => Phase::Live,
            Stage::Filled => Phase::Filled,
            Stage::Canceled => Phase::Cancelled,
            Stage::Flying | Stage::Refused | Stage::Fenced => Phase::Rejected,
        };
        let denied = world.is_denied(id) && leg.phase == Phase::Rejected;
        ensure(leg.phase == phase || denied, "F1 exact phase", at)?;
        ensure(leg.is_resolved() || phase == Phase::Live, "F1 nothing is open", at)?;
        ensure(leg.executed() == sz(truth.done) && leg.traded == leg.executed(), "F1 exact", at)?;
        ensure(leg.immediate_remaining() == Sz::ZERO, "F1 nothing remains", at)?;
    }
    for order in (0u8..).take(run.setting.orders.len()) {
        let Some(first) = world.legs().iter().position(|leg| leg.order == order) else { continue };
        let name = mm_core::engine::Target::Cloid(cloid(u8::try_from(first).unwrap_or(0)));
        let view = run.engine.order(name).ok_or(Violation::new("F5 no orphan", "an order"))?;
        let denied =
            |(id, leg): (u8, &crate::world::Leg)| leg.order == order && world.is_denied(id);
        let belied = (0u8..).zip(world.legs()).any(denied);
        let is_right = law::expected(run, order);
        ensure(is_right(view.state) || belied, "F1 exact state", || {
            format!("order {order} is {:?}", view.state)
        })?;
        let done: u8 =
            world.legs().iter().filter(|leg| leg.order == order).map(|leg| leg.done).sum();
        ensure(view.cum_qty == sz(done), "F1 exact", || {
            format!("order {order}: {:?}", view.cum_qty)
        })?;
        let live = |leg: &Leg| leg.phase == Phase::Live;
        let active = run
            .engine
            .active(COINS[usize::from(run.setting.orders[usize::from(order)].coin)], view.side);
        let listed = active.iter().any(|other| other.cloid == view.cloid);
        ensure(listed == view.legs.iter().any(live), "R3 what rests is listed", || {
            format!("order {order}")
        })?;
    }
    for (coin, name) in (0..run.setting.coins()).zip(COINS) {
        let view = run.engine.position(name);
        let truth = signed(world.position[usize::from(coin)]);
        ensure(view.size == truth && view.gaps.is_empty(), "F1 exact", || {
            format!("{name}: {view:?}")
        })?;
        let (mut long, mut short) = (truth.0, truth.0);
        for leg in world.legs().iter().filter(|leg| leg.stage == Stage::Live) {
            let wish = run.setting.orders[usize::from(leg.order)];
            // A size that was trimmed is not known to be: the engine bounds it by the whole.
            let rest = i128::from(leg.lots - leg.done) * LOT;
            if wish.coin == coin {
                *(if wish.side.sign() > 0 { &mut long } else { &mut short }) +=
                    wish.side.sign() * rest;
            }
        }
        let tight = (view.worst_short, view.worst_long) == (Sz(short), Sz(long));
        ensure(tight, "F4 tight when all is known", || format!("{name}: {view:?}"))?;
    }
    Ok(())
}
