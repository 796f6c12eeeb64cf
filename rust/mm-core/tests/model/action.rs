//! What can happen, and what it does to the venue.

use crate::message::Message;
use crate::setting::Setting;
use crate::world::{AT_ONCE, Stage, World};

/// What can happen next. Numbers are those of orders, legs, cancels and messages in the [`World`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// The strategy asks for an order, a replacement, a cancel.
    Place(u8),
    Modify(u8),
    Cancel(u8),
    /// The fill window is over.
    Tick,
    /// The fills were read to their end; those before the last block are forgotten.
    Forget,
    /// The process dies; what came after the last ask was not durable.
    Crash,
    /// The venue executes a placement, in one of [`AT_ONCE`]; or a replacement.
    Execute(u8, u8),
    Replace(u8),
    /// It refuses: 0 a placement; a modify, 1 with the old leg as it is, 2 with the old leg gone.
    Refuse(u8, u8),
    Fence(u8),
    Fill(u8, u8),
    Withdraw(u8),
    Trim(u8),
    /// 0: executed; 1: certainly not.
    RunCancel(u8, u8),
    Read(u8),
    List,
    Deliver(u8),
    /// What lived is said to have been refused (0), or is taken for fenced (1).
    Lie(u8, u8),
}

const KINDS: [fn(u8, u8) -> Action; 18] = [
    |a, _| Action::Place(a),
    |a, _| Action::Modify(a),
    |a, _| Action::Cancel(a),
    |_, _| Action::Tick,
    |_, _| Action::Forget,
    |_, _| Action::Crash,
    Action::Execute,
    |a, _| Action::Replace(a),
    Action::Refuse,
    |a, _| Action::Fence(a),
    Action::Fill,
    |a, _| Action::Withdraw(a),
    |a, _| Action::Trim(a),
    Action::RunCancel,
    |a, _| Action::Read(a),
    |_, _| Action::List,
    |a, _| Action::Deliver(a),
    Action::Lie,
];

impl Action {
    pub(crate) fn pack(self) -> u16 {
        let (kind, a, b) = match self {
            Self::Place(a) => (0, a, 0),
            Self::Modify(a) => (1, a, 0),
            Self::Cancel(a) => (2, a, 0),
            Self::Tick => (3, 0, 0),
            Self::Forget => (4, 0, 0),
            Self::Crash => (5, 0, 0),
            Self::Execute(a, b) => (6, a, b),
            Self::Replace(a) => (7, a, 0),
            Self::Refuse(a, b) => (8, a, b),
            Self::Fence(a) => (9, a, 0),
            Self::Fill(a, b) => (10, a, b),
            Self::Withdraw(a) => (11, a, 0),
            Self::Trim(a) => (12, a, 0),
            Self::RunCancel(a, b) => (13, a, b),
            Self::Read(a) => (14, a, 0),
            Self::List => (15, 0, 0),
            Self::Deliver(a) => (16, a, 0),
            Self::Lie(a, b) => (17, a, b),
        };
        kind << 10 | u16::from(a) << 4 | u16::from(b)
    }

    pub(crate) fn unpack(code: u16) -> Self {
        let byte = |value: u16| u8::try_from(value).expect("masked");
        KINDS[usize::from(code >> 10)](byte(code >> 4 & 63), byte(code & 15))
    }

    /// Only the venue moves, or speaks; the engine does not notice.
    pub(crate) fn is_the_venues(self) -> bool {
        !matches!(
            self,
            Self::Place(_)
                | Self::Modify(_)
                | Self::Cancel(_)
                | Self::Tick
                | Self::Forget
                | Self::Crash
                | Self::Deliver(_)
        )
    }
}

/// The venue moves, or is read.
pub(crate) fn venue(setting: &Setting, world: &mut World, list: Message, action: Action) {
    match action {
        Action::Execute(leg, way) => world.execute(setting, leg, AT_ONCE[usize::from(way)]),
        Action::Replace(leg) => world.replace(setting, leg),
        Action::Refuse(leg, how) => {
            let old = world.leg(leg).replaces;
            if how == 2 && world.leg(old).stage == Stage::Live {
                world.withdraw(old);
            }
            let answer = [Message::Refused(leg), Message::OldUntouched(leg), Message::OldGone(leg)];
            world.refuse(leg, answer[usize::from(how)]);
            if setting.rejects {
                world.emit(Message::Rejected(leg));
            }
        }
        Action::Fence(leg) => world.fence(leg),
        Action::Fill(leg, lots) => world.fill(setting, leg, lots),
        Action::Withdraw(leg) => world.withdraw(leg),
        Action::Trim(leg) => world.trim(leg),
        Action::RunCancel(number, how) => world.run_cancel(number, how == 1),
        Action::Read(leg) => world.read(leg),
        Action::List => world.emit(list),
        Action::Lie(leg, how) => world.lie(leg, how == 1),
        _ => unreachable!("{action:?} is not the venue's"),
    }
}
