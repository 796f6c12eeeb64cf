//! What must hold in every state, and along every step. Names are those of `reliability` 3.4 and `order-state` 9.

use mm_core::effect::Effect;
use mm_core::engine::{PositionView, Target};
use mm_core::lifecycle::Phase;
use mm_core::num::Sz;
use mm_core::order::OrderState;
use mm_core::paged::mix;

use crate::message::{COINS, LOT, Message, cloid, oid, sz, time_of};
use crate::run::Run;
use crate::world::{LEGS, Stage, Trade};

/// A law, and how it was broken.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) law: &'static str,
    pub(crate) how: String,
}

impl Violation {
    pub(crate) fn new(law: &'static str, how: impl Into<String>) -> Self {
        Self { law, how: how.into() }
    }
}

pub(crate) fn ensure(
    holds: bool,
    law: &'static str,
    how: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation::new(law, how())) }
}

/// How far a phase is in its life; facts never lead back.
const fn rank(phase: Phase) -> u8 {
    match phase {
        Phase::Pending => 0,
        Phase::Unknown | Phase::CancelingBlind => 1,
        Phase::Live | Phase::Modifying | Phase::Canceling => 2,
        Phase::Replaced | Phase::Gone => 3,
        Phase::Draining => 4,
        Phase::Cancelled => 5,
        Phase::Filled | Phase::Rejected => 6,
    }
}

/// What the engine knows of a leg and must never know less of: phase, trades, executed.
pub(crate) type Known = [Option<(Phase, Sz, Sz)>; LEGS];

pub(crate) fn known(run: &Run<'_>) -> Known {
    let mut known = [None; LEGS];
    for (id, slot) in (0..run.world.leg_count).zip(&mut known) {
        *slot = run.engines(id).map(|leg| (leg.phase, leg.traded, leg.executed()));
    }
    known
}

/// F6, F9: along a step that is no crash, nothing known is lost.
pub(crate) fn along(before: &Known, run: &Run<'_>) -> Result<(), Violation> {
    for (id, (old, new)) in before.iter().zip(known(run)).enumerate() {
        let Some((old_phase, old_traded, old_executed)) = *old else { continue };
        let Some((phase, traded, executed)) = new else {
            return Err(Violation::new("F5 no orphan", format!("leg {id} was forgotten")));
        };
        ensure(executed >= old_executed && traded >= old_traded, "F9 monotone", || {
            format!("leg {id}: executed fell from {old_executed:?} to {executed:?}")
        })?;
        let lived = rank(old_phase) >= 2 && old_phase != Phase::Rejected;
        let back = rank(phase) < rank(old_phase) || (phase == Phase::Rejected && lived);
        let closed = old_phase.is_closed() && phase != old_phase;
        let completed = old_phase == Phase::Cancelled && phase == Phase::Filled;
        ensure(!back && (!closed || completed), "F6 absorbing", || {
            format!("leg {id} went from {old_phase:?} back to {phase:?}")
        })?;
    }
    Ok(())
}

/// All that must hold in one state.
pub(crate) fn state(run: &Run<'_>) -> Result<(), Violation> {
    (0..run.world.leg_count).try_for_each(|id| leg(run, id))?;
    (0..run.setting.coins()).try_for_each(|coin| position(run, coin, COINS[usize::from(coin)]))?;
    run.engine.check().map_err(|what| Violation::new("Engine::check", what))
}

fn leg(run: &Run<'_>, id: u8) -> Result<(), Violation> {
    let truth = run.world.leg(id);
    let Some(leg) = run.engines(id) else {
        return Err(Violation::new("F5 no orphan", format!("leg {id} has no record")));
    };
    let (phase, executed) = (leg.phase, leg.executed());
    let at = || format!("leg {id}: engine {phase:?} {executed:?}, venue {truth:?}");
    ensure(executed <= sz(truth.done), "F2 never over", at)?;
    ensure(leg.oid.is_none_or(|o| o == oid(id)), "I8 identity", at)?;
    let alive = run.world.may_live(id);
    let dead = rank(phase) >= 3;
    // Closed stays closed, whatever belies it; but it counts.
    let denied = run.world.is_denied(id) && phase == Phase::Rejected;
    ensure(!(alive && dead) || denied, "F10 no false death", at)?;
    ensure(phase != Phase::Filled || truth.stage == Stage::Filled, "F10 no false death", at)?;
    let resolved = !leg.is_resolved() || (executed == sz(truth.done) && !alive);
    ensure(resolved || run.world.seems_dead(id), "F11 no false resolution", at)?;
    let never = matches!(truth.stage, Stage::Flying | Stage::Refused | Stage::Fenced);
    ensure(!never || rank(phase) < 2 || phase == Phase::Rejected, "no false life", at)?;
    if alive && !denied {
        let order = run.engine.order(Target::Cloid(cloid(id)));
        let open = order.as_ref().is_some_and(|order| !order.state.is_terminal());
        ensure(open, "F5 no orphan", || format!("{}: its order is closed", at()))?;
    }
    Ok(())
}

fn position(run: &Run<'_>, coin: u8, name: &str) -> Result<(), Violation> {
    let (setting, world) = (run.setting, &run.world);
    let view = run.engine.position(name);
    let truth = i128::from(world.position[usize::from(coin)]);
    let (mut up, mut down) = (truth, truth);
    let mut told = if coin == 0 { i128::from(setting.start) * LOT } else { 0 };
    for (order, wish) in (0u8..).zip(setting.orders).filter(|(_, wish)| wish.coin == coin) {
        let side = if wish.side.sign() > 0 { &mut up } else { &mut down };
        for id in (0..world.leg_count).filter(|&id| world.leg(id).order == order) {
            // Of what it takes for dead, nobody can ask it to count what it was not told.
            let more = i128::from(world.potential(id));
            let hidden = -i128::from(world.leg(id).done);
            *side += wish.side.sign() * if world.seems_dead(id) { hidden } else { more };
            // Trades that nobody claimed yet count in the position all the same.
            let traded: u8 = world
                .mail(true)
                .filter_map(|(_, message)| match message {
                    Message::Fill(n) => Some(world.fills()[usize::from(n)]),
                    _ => None,
                })
                .filter(|fill| fill.leg == id)
                .map(|fill| fill.lots)
                .sum();
            let executed = run.engines(id).map_or(Sz::ZERO, mm_core::order::Leg::executed);
            told += wish.side.sign() * executed.0.max(sz(traded).0);
        }
    }
    let (up, down) = (Sz(up * LOT), Sz(down * LOT));
    ensure(view.worst_short <= down && up <= view.worst_long, "F4 worst case", || {
        let worst = (view.worst_short, view.worst_long);
        format!("{name}: it may become {down:?}..{up:?}, the engine bounds it by {worst:?}")
    })?;
    ensure(view.size == Sz(told), "F2 position is what legs executed", || {
        format!("{name}: position {:?}, legs {:?}", view.size, Sz(told))
    })?;
    chain(run, coin, &view)
}

/// F13: what is missing is the size of the breaks; and "proven" is a position that the account had in that block. (No
/// chain can see that fills are missing which, together, led back to where they began.)
fn chain(run: &Run<'_>, coin: u8, view: &PositionView) -> Result<(), Violation> {
    let (world, name) = (&run.world, COINS[usize::from(coin)]);
    let wish = |leg: u8| run.setting.orders[usize::from(world.leg(leg).order)];
    let end =
        |fill: &Trade| i128::from(fill.start) + wish(fill.leg).side.sign() * i128::from(fill.lots);
    let fills = || (0u8..).zip(world.fills()).filter(|(_, fill)| wish(fill.leg).coin == coin);
    if let Some(proven) = view.proven_until {
        let mut before = if coin == 0 { run.setting.start.into() } else { 0 };
        let mut had = false;
        for (_, fill) in fills() {
            if time_of(fill.block) < proven {
                before = end(fill);
            }
            had |= time_of(fill.block) == proven && view.proven.0 == end(fill) * LOT;
        }
        had |= view.proven.0 == before * LOT;
        ensure(had, "F13 proven", || format!("{name} never was {:?}", view.proven))?;
    }
    let told = |number| world.mail(true).any(|(_, message)| message == Message::Fill(number));
    let Some((_, last)) = fills().filter(|&(number, _)| told(number)).last() else { return Ok(()) };
    let linked = view.size.0 - view.provisional.0 + view.missing.0;
    // Within one block, order is by links: the last to be told need not be the last there was.
    let one_block = world.fills().iter().filter(|fill| fill.block == last.block).count() > 1;
    ensure(one_block || linked == end(last) * LOT, "F13 chain", || {
        format!("{name}: the last known fill is {last:?}, the chain ends at {linked}")
    })
}

/// F7: told all of it again, nothing changes. Gives the copy that was told, for it is as good as the run itself.
pub(crate) fn again<'a>(run: &Run<'a>, out: Vec<Effect>) -> Result<Run<'a>, Violation> {
    let (digest, mut copy) = (run.engine.digest(), run.clone());
    copy.out = out;
    copy.out.clear();
    run.world.mail(true).try_for_each(|(_, message)| copy.tell(message))?;
    ensure(copy.engine.digest() == digest, "F7 idempotence", || {
        let mut copy = run.clone();
        let mut mail = run.world.mail(true).map(|(_, message)| message);
        let culprit = mail.find(|&m| copy.tell(m).is_err() || copy.engine.digest() != digest);
        format!("told again: {}", culprit.map_or_else(String::new, |m| m.say(&run.world)))
    })?;
    Ok(copy)
}

/// I5: given time, every doubt is a question.
pub(crate) fn asks(run: &Run<'_>) -> Result<(), Violation> {
    let in_doubt = |id: &u8| {
        run.engines(*id).is_some_and(|leg| match leg.phase {
            Phase::Live | Phase::Filled | Phase::Cancelled => leg.provisional() > Sz::ZERO,
            Phase::Rejected => !leg.is_resolved(),
            Phase::Draining => false,
            _ => true,
        })
    };
    let mut copy = run.clone();
    copy.engine.tick(run.engine.now() + 100_000_000, &mut copy.out);
    let asked = |id: u8| {
        copy.out.iter().any(|effect| match effect {
            Effect::Ask { cloid: name, oid: number, .. } => {
                *name == Some(cloid(id)) || *number == Some(oid(id))
            }
            _ => false,
        })
    };
    let mut silent = (0..run.world.leg_count).filter(in_doubt).filter(|&id| !asked(id));
    match silent.next() {
        None => Ok(()),
        Some(id) => {
            let how = format!("leg {id}, {:?}: nothing is asked", run.phase(id));
            Err(Violation::new("I5 every doubt is a question", how))
        }
    }
}

/// The digest in 64 bits: the set of facts decides it. Where facts contradict each other, who came first may show in
/// phases, and in nothing that counts.
#[allow(clippy::cast_possible_truncation)] // folding
pub(crate) fn digest(run: &Run<'_>) -> u64 {
    if run.setting.lies {
        return money(run, 0);
    }
    let digest = run.engine.digest();
    mix(digest as u64, (digest >> 64) as u64)
}

/// The digest, and everything that can be read of orders and positions.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // folding
pub(crate) fn face(run: &Run<'_>) -> u64 {
    if run.setting.lies {
        return digest(run);
    }
    let mut hash = digest(run);
    let mut add = |value: i128| hash = mix(hash ^ value as u64, (value >> 64) as u64 ^ 0x6661_6365);
    for order in 0..run.setting.orders.len() {
        let first = run.world.legs().iter().position(|leg| usize::from(leg.order) == order);
        let Some(first) = first.and_then(|id| u8::try_from(id).ok()) else { continue };
        if let Some(view) = run.engine.order(Target::Cloid(cloid(first))) {
            add(view.state as i128 * 256
                + view.ord_status as i128 * 2
                + i128::from(view.modifying));
            add(view.cum_qty.0 * 1_024 + view.leaves_qty.0);
            add(view.order_qty.0);
            add(view.avg_px.map_or(-1, |px| px.0.into()));
            view.fees.iter().for_each(|fee| add(fee.1.0));
        }
    }
    money(run, hash)
}

/// Everything that can be read of positions.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // folding
fn money(run: &Run<'_>, mut hash: u64) -> u64 {
    let mut add = |value: i128| hash = mix(hash ^ value as u64, (value >> 64) as u64 ^ 0x6661_6365);
    for &coin in &COINS[..run.setting.coins().into()] {
        let view = run.engine.position(coin);
        for value in [view.size, view.proven, view.provisional, view.missing] {
            add(value.0);
        }
        for value in [view.worst_long, view.worst_short] {
            add(value.0);
        }
        for value in [view.realised, view.closed_pnl, view.volume, view.maker_volume, view.cash] {
            add(value.0);
        }
        add(view.entry_px.map_or(-1, |px| px.0.into()));
        add(view.fills.into());
        add(view.proven_until.map_or(-1, i128::from));
        for gap in view.gaps {
            add(i128::from(gap.from) << 64 | i128::from(gap.to));
            add(gap.expected.0 * 1_024 + gap.found.0);
        }
    }
    hash
}

/// The state that an order must end in, once all is known.
pub(crate) fn expected(run: &Run<'_>, order: u8) -> impl Fn(OrderState) -> bool + use<> {
    let legs: Vec<_> = run.world.legs().iter().filter(|leg| leg.order == order).copied().collect();
    let done = legs.iter().any(|leg| leg.done > 0);
    let seen = |stage| matches!(stage, Stage::Live | Stage::Filled | Stage::Canceled);
    let stage = legs.iter().rev().map(|leg| leg.stage).find(|&stage| seen(stage));
    move |state| match stage {
        Some(Stage::Live) if done => state == OrderState::PartialFilled,
        Some(Stage::Live) => state == OrderState::Resting,
        Some(Stage::Filled) => matches!(
            state,
            OrderState::Filled | OrderState::FilledImmediately | OrderState::FilledDuringCancel
        ),
        Some(_) => state == OrderState::Cancelled,
        None => state == OrderState::Rejected,
    }
}
