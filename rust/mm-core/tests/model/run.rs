//! One run: a world, the real engine in it, and its journal. Actions move both.

use mm_core::effect::Effect;
use mm_core::engine::{Config, Engine, NewOrder, Target};
use mm_core::lifecycle::Phase;
use mm_core::order::Leg;

use crate::action::{Action, venue};
use crate::law::Violation;
use crate::message::{COINS, Message, clock, cloid, oid, px, signed, sz, time_of};
use crate::setting::Setting;
use crate::world::{AT_ONCE, LEGS, NONE, Stage, World};

/// What the journal keeps.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Ask(Action),
    Fact(Message),
    Tick,
    Forget(u8),
}

/// The longest journal that a world can write.
const JOURNAL: usize = 64;

/// See the module.
pub(crate) struct Run<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) world: World,
    pub(crate) engine: Engine,
    /// Effects of the last action.
    pub(crate) out: Vec<Effect>,
    journal: [Entry; JOURNAL],
    written: usize,
}

impl Clone for Run<'_> {
    /// Without the effects.
    fn clone(&self) -> Self {
        let Self { setting, world, journal, written, .. } = *self;
        Self { setting, world, engine: self.engine.clone(), out: Vec::new(), journal, written }
    }
}

impl<'a> Run<'a> {
    pub(crate) fn new(setting: &'a Setting) -> Self {
        let world = World::new(setting);
        let journal = [Entry::Tick; JOURNAL];
        Self { setting, world, engine: fresh(setting), out: Vec::new(), journal, written: 0 }
    }

    fn journal(&self) -> &[Entry] {
        &self.journal[..self.written]
    }

    fn write(&mut self, entry: Entry) {
        self.journal[self.written] = entry;
        self.written += 1;
    }

    /// A leg as the engine has it.
    pub(crate) fn engines(&self, leg: u8) -> Option<&Leg> {
        self.engine.leg(Target::Cloid(cloid(leg)))
    }

    pub(crate) fn phase(&self, leg: u8) -> Option<Phase> {
        self.engines(leg).map(|leg| leg.phase)
    }

    /// All that may happen now. Asks may still be refused by the engine.
    pub(crate) fn actions(&self, into: &mut Vec<Action>) {
        let Setting { orders, .. } = *self.setting;
        let world = &self.world;
        into.clear();
        for (order, wish) in (0u8..).zip(orders) {
            let legs = || world.legs().iter().filter(|leg| leg.order == order);
            let placed = legs().count();
            if placed == 0 {
                // Orders are placed in turn: the other turn is the same world with other names.
                if order == 0 || world.legs().iter().any(|leg| leg.order == order - 1) {
                    into.push(Action::Place(order));
                }
                continue;
            }
            if placed <= wish.modifies.into() && usize::from(world.leg_count) < LEGS {
                into.push(Action::Modify(order));
            }
            let cancels =
                world.cancels().iter().filter(|c| world.leg(c.leg).order == order).count();
            if cancels < wish.cancels.into() {
                into.push(Action::Cancel(order));
            }
        }
        self.venue_actions(into);
        into.extend(world.mail(false).map(|(i, _)| Action::Deliver(i)));
        let any = |phase| (0..world.leg_count).any(|leg| self.phase(leg) == Some(phase));
        if self.setting.ticks && any(Phase::Draining) {
            into.push(Action::Tick);
        }
        let unread = |(_, message)| matches!(message, Message::Fill(_));
        let read = self.setting.forgets && !world.mail(false).any(unread);
        if read && world.forgotten < world.block {
            into.push(Action::Forget);
        }
        if self.journal().last().is_some_and(|entry| !matches!(entry, Entry::Ask(_))) {
            into.push(Action::Crash);
        }
    }

    fn venue_actions(&self, into: &mut Vec<Action>) {
        let (setting, world) = (self.setting, &self.world);
        for (id, leg) in (0u8..).zip(world.legs()) {
            let wish = setting.orders[usize::from(leg.order)];
            match leg.stage {
                Stage::Flying if leg.replaces == NONE => {
                    let ways = if setting.immediate { AT_ONCE.len() } else { 1 };
                    let fits = |way: &[u8]| way.iter().sum::<u8>() <= leg.lots;
                    let all = (0u8..).zip(AT_ONCE).take(ways).filter(|(_, way)| fits(way));
                    into.extend(all.map(|(way, _)| Action::Execute(id, way)));
                    if setting.refusals {
                        into.push(Action::Refuse(id, 0));
                    }
                }
                Stage::Flying if world.leg(leg.replaces).stage == Stage::Live => {
                    into.push(Action::Replace(id));
                    if setting.refusals {
                        into.extend([Action::Refuse(id, 1), Action::Refuse(id, 2)]);
                    }
                }
                Stage::Flying => into.push(Action::Refuse(id, 2)),
                Stage::Live => {
                    // How the venue calls a trimmed order that fills is not known: it does not here.
                    let most = leg.rest() - u8::from(leg.trimmed > 0);
                    into.extend((1..=most).map(|lots| Action::Fill(id, lots)));
                    if setting.venue_cancels {
                        into.push(Action::Withdraw(id));
                    }
                    if wish.reduce_only && leg.rest() > 1 {
                        into.push(Action::Trim(id));
                    }
                    if setting.reads
                        && !world.messages().contains(&Message::Open(id, leg.done + leg.trimmed))
                    {
                        into.push(Action::Read(id));
                    }
                }
                _ => {}
            }
            let lived = matches!(leg.stage, Stage::Live | Stage::Filled | Stage::Canceled);
            if setting.lies && lived && !world.is_denied(id) {
                into.extend([Action::Lie(id, 0), Action::Lie(id, 1)]);
            }
            if setting.fences && leg.stage == Stage::Flying {
                into.push(Action::Fence(id));
            }
        }
        for (number, cancel) in (0u8..).zip(world.cancels()).filter(|(_, c)| c.flying) {
            into.push(Action::RunCancel(number, 0));
            if setting.refusals && world.leg(cancel.leg).stage == Stage::Live {
                into.push(Action::RunCancel(number, 1));
            }
        }
        let lists = world.messages().iter().filter(|m| matches!(m, Message::List { .. })).count();
        if lists < setting.lists.into() && !world.messages().contains(&self.list()) {
            into.push(Action::List);
        }
    }

    /// The open orders, read now.
    pub(crate) fn list(&self) -> Message {
        let refused = |id| self.phase(id) == Some(Phase::Rejected);
        let fresh = (0..self.world.leg_count).rev().take(1).any(refused);
        Message::List { live: self.world.live(), asks: self.world.asks(), fresh }
    }

    /// One action. `Ok(false)`: the engine refused it, and is as it was.
    pub(crate) fn act(&mut self, action: Action) -> Result<bool, Violation> {
        if action.is_the_venues() {
            let (setting, list) = (self.setting, self.list());
            venue(setting, &mut self.world, list, action);
            return Ok(true);
        }
        self.out.clear();
        match action {
            Action::Deliver(number) => {
                let message = self.world.messages()[usize::from(number)];
                self.world.delivered |= 1 << number;
                self.write(Entry::Fact(message));
                self.tell(message)?;
            }
            Action::Tick => {
                let before = self.engine.digest();
                self.tick();
                if self.engine.digest() == before {
                    return Ok(false);
                }
                self.write(Entry::Tick);
            }
            Action::Forget => {
                let block = self.world.block;
                self.forget(block)?;
                self.write(Entry::Forget(block));
            }
            Action::Crash => self.crash()?,
            _ => {
                if !self.ask(action, None) {
                    return Ok(false);
                }
                self.write(Entry::Ask(action));
            }
        }
        Ok(true)
    }

    /// Gives the engine a message: whatever it is, it is true, but where the setting has lies.
    pub(crate) fn tell(&mut self, message: Message) -> Result<(), Violation> {
        let at = self.out.len();
        message
            .tell(self.setting, &self.world, &mut self.engine, &mut self.out)
            .map_err(|error| Violation::new("facts are taken", format!("{message:?}: {error}")))?;
        let deserved = |effect: &Effect| {
            self.world.denied != 0 && matches!(effect, Effect::Contradiction { .. })
        };
        match self.out[at..].iter().find(|effect| is_alarm(effect) && !deserved(effect)) {
            Some(effect) => {
                Err(Violation::new("no false alarm", format!("{message:?}: {effect:?}")))
            }
            None => Ok(()),
        }
    }

    /// Tells the engine of an ask, and the venue; or, after a crash, the engine alone that so many asks were before.
    fn ask(&mut self, action: Action, again: Option<u8>) -> bool {
        let first = again.is_none();
        self.engine.set_now(clock(1 + again.unwrap_or(self.world.asks())));
        match action {
            Action::Place(order) => {
                let wish = self.setting.orders[usize::from(order)];
                let id = if first { self.world.leg_count } else { self.first_leg(order) };
                let new = NewOrder {
                    cloid: cloid(id),
                    coin: COINS[usize::from(wish.coin)],
                    side: wish.side,
                    px: px(id),
                    sz: sz(wish.lots),
                    tif: wish.tif,
                    reduce_only: wish.reduce_only,
                };
                self.engine.add_pending(&new, &mut self.out).expect("a fresh cloid");
                if first {
                    self.world.add_leg(order, wish.lots, NONE);
                    self.silence(id);
                }
            }
            Action::Modify(order) => {
                let name = Target::Cloid(cloid(self.first_leg(order)));
                let id = if first { self.world.leg_count } else { self.next_leg() };
                let wanted = sz(self.setting.orders[usize::from(order)].wanted);
                let asked =
                    self.engine.initiate_modify(name, cloid(id), px(id), wanted, &mut self.out);
                let Ok(request) = asked else { return false };
                if first {
                    let lots = u8::try_from(request.sz.0 / crate::message::LOT).expect("few");
                    self.world.add_leg(order, lots, crate::message::leg_of(request.oid));
                    self.silence(id);
                }
            }
            Action::Cancel(order) => {
                let name = Target::Cloid(cloid(self.first_leg(order)));
                let Ok(request) = self.engine.initiate_cancel(name, &mut self.out) else {
                    return false;
                };
                if first {
                    let id = (0..self.world.leg_count)
                        .find(|&id| {
                            request.oid == Some(oid(id)) || request.cloid == Some(cloid(id))
                        })
                        .expect("a leg of this world");
                    let sequence = u8::try_from(request.sequence).expect("few");
                    self.world.add_cancel(id, sequence, request.after_live);
                }
            }
            _ => unreachable!("{action:?} is no ask"),
        }
        true
    }

    fn silence(&mut self, leg: u8) {
        if self.setting.silence {
            self.world.emit(Message::Silence(leg));
        }
    }

    fn first_leg(&self, order: u8) -> u8 {
        (0..self.world.leg_count).find(|&id| self.world.leg(id).order == order).unwrap_or(NONE)
    }

    /// While a journal is told again: the first leg that the engine does not know yet.
    fn next_leg(&self) -> u8 {
        (0..self.world.leg_count).find(|&id| self.engines(id).is_none()).expect("it was asked for")
    }

    fn tick(&mut self) {
        let later = self.engine.now() + 100_000_000;
        self.engine.tick(later, &mut self.out);
        for id in 0..self.world.leg_count {
            if self.phase(id) == Some(Phase::Cancelled) {
                self.world.settled |= 1 << id;
            }
        }
    }

    /// All fills up to this block were read: what is older than it is let go of.
    fn forget(&mut self, block: u8) -> Result<(), Violation> {
        let Self { engine, out, .. } = self;
        engine
            .on_fills_complete(COINS[0], time_of(block), out)
            .and_then(|()| engine.forget(COINS[0], time_of(block)))
            .map_err(|error| Violation::new("facts are taken", error.to_string()))?;
        self.world.forgotten = block;
        Ok(())
    }

    /// The engine is built anew from the journal: all up to the last ask.
    fn crash(&mut self) -> Result<(), Violation> {
        let durable = self.journal().iter().rposition(|entry| matches!(entry, Entry::Ask(_)));
        self.written = durable.map_or(0, |last| last + 1);
        self.engine = fresh(self.setting);
        (self.world.settled, self.world.forgotten, self.world.delivered) = (0, 0, 0);
        let mut asks = 0;
        for at in 0..self.written {
            match self.journal[at] {
                Entry::Ask(action) => {
                    if !self.ask(action, Some(asks)) {
                        return Err(Violation::new("asks are told again", format!("{action:?}")));
                    }
                    asks += 1;
                }
                Entry::Tick => self.tick(),
                Entry::Forget(block) => self.forget(block)?,
                Entry::Fact(message) => {
                    let number = self.world.messages().iter().position(|m| *m == message);
                    self.world.delivered |= number.map_or(0, |number| 1 << number);
                    self.tell(message)?;
                }
            }
        }
        self.world.drop_lists(); // who asked for them is dead
        Ok(())
    }
}

/// What must never be said in a world where all that is told is true.
fn is_alarm(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Contradiction { .. }
            | Effect::Overfill { .. }
            | Effect::Foreign { .. }
            | Effect::PositionDiffers { .. }
            | Effect::UnknownWord { .. }
    )
}

fn fresh(setting: &Setting) -> Engine {
    let mut engine = Engine::new(None, Config { instance: 7, ..Config::default() });
    let mut out = Vec::new();
    for (coin, start) in [(0, setting.start), (1, 0)].into_iter().take(setting.coins().into()) {
        let told = engine.on_position(COINS[coin], signed(start), None, clock(0), &mut out);
        told.expect("a position can be told");
    }
    engine
}
