//! The venue: what is true. Orders rest, fill, die; requests fly; every message ever sent stays deliverable.

use mm_core::ids::Tif;
use mm_core::paged::mix;

use crate::message::Message;
use crate::setting::Setting;

pub(crate) const LEGS: usize = 4;
pub(crate) const CANCELS: usize = 4;
pub(crate) const FILLS: usize = 8;
pub(crate) const MESSAGES: usize = 32;
pub(crate) const NONE: u8 = u8::MAX;

/// Ways to execute at placement: sizes of the trades, all in one block.
pub(crate) const AT_ONCE: [&[u8]; 8] =
    [&[], &[1], &[2], &[1, 1], &[3], &[1, 2], &[2, 1], &[1, 1, 1]];

/// Where a leg is at the venue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// Its request was sent, and nothing happened yet. It may stay so for ever.
    Flying,
    Live,
    Filled,
    Canceled,
    /// Its request was refused.
    Refused,
    /// Its request can never be executed: the nonce is spent.
    Fenced,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Leg {
    pub(crate) stage: Stage,
    pub(crate) order: u8,
    pub(crate) lots: u8,
    /// Executed.
    pub(crate) done: u8,
    /// Taken off a reduce-only order without a fill.
    pub(crate) trimmed: u8,
    /// The leg that its request is to replace.
    pub(crate) replaces: u8,
    /// Block of its death.
    pub(crate) died: u8,
}

impl Leg {
    pub(crate) const fn rest(self) -> u8 {
        self.lots - self.done - self.trimmed
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cancel {
    pub(crate) leg: u8,
    pub(crate) sequence: u8,
    pub(crate) after_live: bool,
    pub(crate) flying: bool,
    /// Legs that had been asked for: the order of asks is no accident of the network.
    pub(crate) asked_after: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Trade {
    pub(crate) leg: u8,
    pub(crate) lots: u8,
    pub(crate) block: u8,
    /// Which one of its leg in its block.
    pub(crate) nth: u8,
    /// Position before.
    pub(crate) start: i8,
    pub(crate) crossed: bool,
}

/// All that is true, and which messages the engine was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    legs: [Leg; LEGS],
    pub(crate) leg_count: u8,
    cancels: [Cancel; CANCELS],
    pub(crate) cancel_count: u8,
    fills: [Trade; FILLS],
    fill_count: u8,
    messages: [Message; MESSAGES],
    message_count: u8,
    pub(crate) delivered: u32,
    /// Blocks that had a fill.
    pub(crate) block: u8,
    pub(crate) position: [i8; 2],
    /// Legs that time has settled in the engine, and the block before which fills were forgotten.
    pub(crate) settled: u8,
    pub(crate) forgotten: u8,
    /// Legs that lived and were denied.
    pub(crate) denied: u8,
}

impl World {
    pub(crate) fn new(setting: &Setting) -> Self {
        let leg = Leg {
            stage: Stage::Flying,
            order: 0,
            lots: 0,
            done: 0,
            trimmed: 0,
            replaces: NONE,
            died: 0,
        };
        let cancel =
            Cancel { leg: 0, sequence: 0, after_live: false, flying: false, asked_after: 0 };
        let trade = Trade { leg: 0, lots: 0, block: 0, nth: 0, start: 0, crossed: false };
        Self {
            legs: [leg; LEGS],
            leg_count: 0,
            cancels: [cancel; CANCELS],
            cancel_count: 0,
            fills: [trade; FILLS],
            fill_count: 0,
            messages: [Message::Void; MESSAGES],
            message_count: 0,
            delivered: 0,
            block: 0,
            position: [setting.start, 0],
            settled: 0,
            forgotten: 0,
            denied: 0,
        }
    }

    pub(crate) fn legs(&self) -> &[Leg] {
        &self.legs[..self.leg_count.into()]
    }
    pub(crate) fn leg(&self, id: u8) -> &Leg {
        &self.legs[usize::from(id)]
    }
    pub(crate) fn cancels(&self) -> &[Cancel] {
        &self.cancels[..self.cancel_count.into()]
    }
    pub(crate) fn fills(&self) -> &[Trade] {
        &self.fills[..self.fill_count.into()]
    }
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages[..self.message_count.into()]
    }
    /// (number, message) of those that the engine was not given yet, or was.
    pub(crate) fn mail(&self, given: bool) -> impl Iterator<Item = (u8, Message)> + '_ {
        (0u8..).zip(self.messages().iter().copied()).filter(move |&(i, message)| {
            message != Message::Void && (self.delivered >> i & 1 == 1) == given
        })
    }
    pub(crate) fn asks(&self) -> u8 {
        self.leg_count + self.cancel_count
    }

    /// A leg that is live, or may come to live: its own request, or the modify that makes it, may still be executed.
    pub(crate) fn may_live(&self, id: u8) -> bool {
        let leg = self.leg(id);
        match leg.stage {
            Stage::Live => true,
            Stage::Flying => leg.replaces == NONE || self.leg(leg.replaces).stage == Stage::Live,
            _ => false,
        }
    }

    /// The most that the leg may still execute.
    pub(crate) fn potential(&self, id: u8) -> i8 {
        let leg = self.leg(id);
        let rest = leg.rest().cast_signed();
        match leg.stage {
            Stage::Live => rest,
            Stage::Flying if leg.replaces == NONE => rest,
            // The old leg may fill all but one lot, and then be replaced.
            Stage::Flying if self.leg(leg.replaces).stage == Stage::Live => (rest - 1).max(0),
            _ => 0,
        }
    }

    pub(crate) fn is_denied(&self, id: u8) -> bool {
        self.denied >> id & 1 == 1
    }

    /// Its denial was told, and nothing yet that belies it: whoever believes what he is told takes it for dead.
    pub(crate) fn seems_dead(&self, id: u8) -> bool {
        let denies = |(_, message)| match message {
            Message::Refused(leg) | Message::Fenced(leg) | Message::OldUntouched(leg) => leg == id,
            _ => false,
        };
        let belies = |(_, message)| match message {
            Message::Resting(leg)
            | Message::FilledAtOnce(leg, _)
            | Message::Open(leg, _)
            | Message::Filled(leg)
            | Message::Canceled(leg, _) => leg == id,
            Message::CancelDone(number) => self.cancels()[usize::from(number)].leg == id,
            Message::Fill(number) => self.fills()[usize::from(number)].leg == id,
            _ => false,
        };
        self.is_denied(id) && self.mail(true).any(denies) && !self.mail(true).any(belies)
    }

    pub(crate) fn add_leg(&mut self, order: u8, lots: u8, replaces: u8) -> u8 {
        let id = self.leg_count;
        self.legs[usize::from(id)] =
            Leg { stage: Stage::Flying, order, lots, done: 0, trimmed: 0, replaces, died: 0 };
        self.leg_count += 1;
        id
    }

    pub(crate) fn add_cancel(&mut self, leg: u8, sequence: u8, after_live: bool) {
        self.cancels[usize::from(self.cancel_count)] =
            Cancel { leg, sequence, after_live, flying: true, asked_after: self.leg_count };
        self.cancel_count += 1;
    }

    /// The venue sends something; what was sent before in the same words is the same message.
    pub(crate) fn emit(&mut self, message: Message) {
        if !self.messages().contains(&message) {
            self.messages[usize::from(self.message_count)] = message;
            self.message_count += 1;
        }
    }

    /// What is undelivered of this kind never will be.
    pub(crate) fn drop_lists(&mut self) {
        for i in 0..usize::from(self.message_count) {
            if self.delivered >> i & 1 == 0 && matches!(self.messages[i], Message::List { .. }) {
                self.messages[i] = Message::Void;
            }
        }
    }

    /// A placement is executed: these trades at once, the rest on the book, or canceled if it is an IOC.
    pub(crate) fn execute(&mut self, setting: &Setting, id: u8, at_once: &[u8]) {
        let total: u8 = at_once.iter().sum();
        self.legs[usize::from(id)].stage = Stage::Live;
        if total > 0 {
            self.block += 1;
            (0u8..).zip(at_once).for_each(|(nth, &lots)| self.trade(setting, id, lots, nth, true));
            self.emit(Message::FilledAtOnce(id, total));
        } else {
            self.emit(Message::Resting(id));
        }
        let leg = *self.leg(id);
        if leg.rest() > 0 {
            self.emit(Message::Open(id, total));
            if setting.orders[usize::from(leg.order)].tif == Tif::Ioc {
                self.withdraw(id);
            }
        }
    }

    /// A replacement is executed: the old leg goes, the new one rests.
    pub(crate) fn replace(&mut self, setting: &Setting, id: u8) {
        self.withdraw(self.leg(id).replaces);
        self.execute(setting, id, &[]);
    }

    pub(crate) fn refuse(&mut self, id: u8, how: Message) {
        self.legs[usize::from(id)].stage = Stage::Refused;
        self.emit(how);
    }

    /// What lived is denied, in the words of an answer or by a proof that is none.
    pub(crate) fn lie(&mut self, id: u8, fenced: bool) {
        self.denied |= 1 << id;
        self.emit(match self.leg(id).replaces {
            _ if fenced => Message::Fenced(id),
            NONE => Message::Refused(id),
            _ => Message::OldUntouched(id),
        });
    }

    pub(crate) fn fence(&mut self, id: u8) {
        self.legs[usize::from(id)].stage = Stage::Fenced;
        self.emit(Message::Fenced(id));
    }

    /// A resting order trades, in a block of its own.
    pub(crate) fn fill(&mut self, setting: &Setting, id: u8, lots: u8) {
        self.block += 1;
        self.trade(setting, id, lots, 0, false);
    }

    fn trade(&mut self, setting: &Setting, id: u8, lots: u8, nth: u8, crossed: bool) {
        let wish = setting.orders[usize::from(self.leg(id).order)];
        let position = &mut self.position[usize::from(wish.coin)];
        let start = *position;
        *position += if wish.side.sign() > 0 { lots.cast_signed() } else { -lots.cast_signed() };
        self.fills[usize::from(self.fill_count)] =
            Trade { leg: id, lots, block: self.block, nth, start, crossed };
        self.emit(Message::Fill(self.fill_count));
        self.fill_count += 1;
        let leg = &mut self.legs[usize::from(id)];
        leg.done += lots;
        if leg.done == leg.lots {
            (leg.stage, leg.died) = (Stage::Filled, self.block);
            self.emit(Message::Filled(id));
        }
    }

    pub(crate) fn withdraw(&mut self, id: u8) {
        let leg = &mut self.legs[usize::from(id)];
        (leg.stage, leg.died) = (Stage::Canceled, self.block);
        let off = leg.done + leg.trimmed;
        self.emit(Message::Canceled(id, off));
    }

    pub(crate) fn trim(&mut self, id: u8) {
        self.legs[usize::from(id)].trimmed += 1;
        self.read(id);
    }

    /// The present state of a leg is read.
    pub(crate) fn read(&mut self, id: u8) {
        let leg = *self.leg(id);
        match leg.stage {
            Stage::Live => self.emit(Message::Open(id, leg.done + leg.trimmed)),
            Stage::Filled => self.emit(Message::Filled(id)),
            Stage::Canceled => self.emit(Message::Canceled(id, leg.done + leg.trimmed)),
            Stage::Flying | Stage::Refused | Stage::Fenced => {}
        }
    }

    /// A cancel is executed, or certainly not.
    pub(crate) fn run_cancel(&mut self, number: u8, refused: bool) {
        let cancel = &mut self.cancels[usize::from(number)];
        cancel.flying = false;
        let id = cancel.leg;
        if refused {
            self.emit(Message::CancelNotDone(number));
        } else if self.leg(id).stage == Stage::Live {
            self.withdraw(id);
            self.emit(Message::CancelDone(number));
        } else {
            self.emit(Message::CancelNothing(number));
        }
    }

    /// The legs that are live, as bits.
    pub(crate) fn live(&self) -> u8 {
        (0..self.leg_count)
            .filter(|&id| self.leg(id).stage == Stage::Live)
            .fold(0, |bits, id| bits | 1 << id)
    }

    /// 64 bits over all of it; the order in which messages were sent is not in it.
    pub(crate) fn key(&self) -> u64 {
        let (settled, forgotten) = (u64::from(self.settled), u64::from(self.forgotten));
        let mut hash =
            mix(self.block.into(), settled | forgotten << 8 | u64::from(self.denied) << 16);
        let mut add = |bytes: [u8; 8]| hash = mix(hash, u64::from_le_bytes(bytes));
        for leg in self.legs() {
            let Leg { stage, order, lots, done, trimmed, replaces, died } = *leg;
            add([1, stage as u8, order, lots, done, trimmed, replaces, died]);
        }
        for cancel in self.cancels() {
            let Cancel { leg, sequence, after_live, flying, asked_after } = *cancel;
            add([2, leg, sequence, after_live.into(), flying.into(), asked_after, 0, 0]);
        }
        for fill in self.fills() {
            let Trade { leg, lots, block, nth, start, crossed } = *fill;
            add([3, leg, lots, block, nth, start.cast_unsigned(), crossed.into(), 0]);
        }
        let mail = |given| {
            self.mail(given).fold(0u64, |sum, (_, m)| {
                sum.wrapping_add(mix(m.code().into(), 0x6d61_696c + u64::from(given)))
            })
        };
        mix(hash, mail(false).wrapping_add(mail(true)))
    }
}
