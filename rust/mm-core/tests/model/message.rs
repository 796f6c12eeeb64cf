//! Everything that the venue, or silence, can tell; and how the engine is told.

use mm_core::engine::{CancelRefusal, Engine, ModifyRefusal, Target};
use mm_core::error::Error;
use mm_core::event::{Fill, Status, Update};
use mm_core::ids::{Cloid, Ms, Oid, Side};
use mm_core::num::{Px, Sz};

use crate::setting::Setting;
use crate::world::{Leg, NONE, World};

pub(crate) const COINS: [&str; 2] = ["ONE", "TWO"];
pub(crate) const LOT: i128 = 10_000_000_000;
/// Block time before every block.
pub(crate) const GENESIS: Ms = 1_000_000;

/// A message. Legs, cancels and fills are numbers in the [`World`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// Nothing; never delivered.
    Void,
    /// No answer came.
    Silence(u8),
    /// Answer: it rests.
    Resting(u8),
    /// Answer: so much was executed at once.
    FilledAtOnce(u8, u8),
    /// Answer: refused.
    Refused(u8),
    /// Answer: the modify was refused, and the old leg is gone.
    OldGone(u8),
    /// Answer: the modify was refused, and the old leg is as it was.
    OldUntouched(u8),
    /// The `noop` under its nonce was executed first.
    Fenced(u8),
    /// Update or status: open; so much is off its size.
    Open(u8, u8),
    /// Update or status: filled.
    Filled(u8),
    /// Update or status: canceled; so much is off its size.
    Canceled(u8, u8),
    /// Update: rejected.
    Rejected(u8),
    CancelDone(u8),
    CancelNothing(u8),
    CancelNotDone(u8),
    Fill(u8),
    /// The open orders, as bits; read so many asks after the start, before or after the engine learnt
    /// that the newest replacement was refused.
    List {
        live: u8,
        asks: u8,
        fresh: bool,
    },
}

pub(crate) fn cloid(leg: u8) -> Cloid {
    Cloid::ours(7, 1 + u64::from(leg))
}
pub(crate) fn oid(leg: u8) -> Oid {
    Oid(100 + u64::from(leg))
}
pub(crate) fn leg_of(oid: Oid) -> u8 {
    u8::try_from(oid.0 - 100).expect("an oid of this world")
}
pub(crate) fn sz(lots: u8) -> Sz {
    Sz(i128::from(lots) * LOT)
}
pub(crate) fn signed(lots: i8) -> Sz {
    Sz(i128::from(lots) * LOT)
}
pub(crate) fn px(leg: u8) -> Px {
    Px(10_000_000_000 + i64::from(leg) * 100_000_000)
}
pub(crate) fn time_of(block: u8) -> Ms {
    GENESIS + 10 * Ms::from(block)
}
/// Our clock: it moves with our asks.
pub(crate) fn clock(asks: u8) -> Ms {
    GENESIS + 100 * Ms::from(asks)
}

impl Message {
    /// A number of its own.
    pub(crate) fn code(self) -> u32 {
        let (kind, a, b) = match self {
            Self::Void => (0, 0, 0),
            Self::Silence(leg) => (1, leg, 0),
            Self::Resting(leg) => (2, leg, 0),
            Self::FilledAtOnce(leg, lots) => (3, leg, lots),
            Self::Refused(leg) => (4, leg, 0),
            Self::OldGone(leg) => (5, leg, 0),
            Self::OldUntouched(leg) => (6, leg, 0),
            Self::Fenced(leg) => (7, leg, 0),
            Self::Open(leg, off) => (8, leg, off),
            Self::Filled(leg) => (9, leg, 0),
            Self::Canceled(leg, off) => (10, leg, off),
            Self::Rejected(leg) => (11, leg, 0),
            Self::CancelDone(n) => (12, n, 0),
            Self::CancelNothing(n) => (13, n, 0),
            Self::CancelNotDone(n) => (14, n, 0),
            Self::Fill(n) => (15, n, 0),
            Self::List { live, asks, fresh } => (16 + u32::from(fresh), live, asks),
        };
        kind << 16 | u32::from(a) << 8 | u32::from(b)
    }

    /// Tells the engine.
    pub(crate) fn tell(
        self,
        setting: &Setting,
        world: &World,
        engine: &mut Engine,
        out: &mut Vec<mm_core::effect::Effect>,
    ) -> Result<(), Error> {
        match self {
            Self::Void => Ok(()),
            Self::Silence(leg) => engine.on_no_answer(cloid(leg), out),
            Self::Resting(leg) => engine.finalize(cloid(leg), oid(leg), None, out),
            Self::FilledAtOnce(leg, lots) => {
                engine.finalize(cloid(leg), oid(leg), Some((sz(lots), px(leg))), out)
            }
            Self::Refused(leg) => engine.on_rejected(cloid(leg), out),
            Self::OldGone(leg) => engine.on_modify_error(cloid(leg), ModifyRefusal::OldGone, out),
            Self::OldUntouched(leg) => {
                engine.on_modify_error(cloid(leg), ModifyRefusal::OldUntouched, out)
            }
            Self::Fenced(leg) => engine.on_fenced(cloid(leg), out),
            Self::Open(leg, off) => update(setting, world, engine, leg, off, Status::Open, out),
            Self::Filled(leg) => {
                update(setting, world, engine, leg, world.leg(leg).lots, Status::Filled, out)
            }
            Self::Canceled(leg, off) => {
                update(setting, world, engine, leg, off, Status::Canceled, out)
            }
            Self::Rejected(leg) => update(setting, world, engine, leg, 0, Status::Rejected, out),
            Self::CancelDone(n) => engine
                .on_cancel_success(Target::Cloid(cloid(world.cancels()[usize::from(n)].leg)), out),
            Self::CancelNothing(n) => refused(world, engine, n, CancelRefusal::NothingThere, out),
            Self::CancelNotDone(n) => refused(world, engine, n, CancelRefusal::NotDone, out),
            Self::Fill(n) => engine.fill(&fill(setting, world, n), true, out).map(drop),
            Self::List { live, asks, fresh } => {
                let oids: Vec<Oid> = (0..8).filter(|bit| live >> bit & 1 == 1).map(oid).collect();
                let began = if fresh { clock(asks) + 50 } else { clock(asks) - 50 };
                engine.on_open_orders(COINS[0], &oids, began, true, out)
            }
        }
    }

    /// In words, for a trail.
    pub(crate) fn say(self, world: &World) -> String {
        match self {
            Self::Fill(n) => {
                let fill = world.fills()[usize::from(n)];
                format!(
                    "Fill of {} lot(s) on leg {}, position before {}",
                    fill.lots, fill.leg, fill.start
                )
            }
            Self::CancelDone(n) | Self::CancelNothing(n) | Self::CancelNotDone(n) => {
                let cancel = world.cancels()[usize::from(n)];
                format!("{self:?} (cancel {} of leg {})", cancel.sequence, cancel.leg)
            }
            _ => format!("{self:?}"),
        }
    }
}

fn refused(
    world: &World,
    engine: &mut Engine,
    number: u8,
    why: CancelRefusal,
    out: &mut Vec<mm_core::effect::Effect>,
) -> Result<(), Error> {
    let cancel = world.cancels()[usize::from(number)];
    engine.on_cancel_error(Target::Cloid(cloid(cancel.leg)), why, Some(cancel.sequence.into()), out)
}

fn update(
    setting: &Setting,
    world: &World,
    engine: &mut Engine,
    id: u8,
    off: u8,
    status: Status,
    out: &mut Vec<mm_core::effect::Effect>,
) -> Result<(), Error> {
    let Leg { order, lots, died, .. } = *world.leg(id);
    let wish = setting.orders[usize::from(order)];
    let dead = matches!(status, Status::Filled | Status::Canceled);
    let update = Update {
        coin: COINS[usize::from(wish.coin)],
        side: wish.side,
        oid: oid(id),
        cloid: Some(cloid(id)),
        px: px(id),
        sz: sz(lots - off),
        orig_sz: sz(lots),
        reduce_only: wish.reduce_only,
        placed: GENESIS,
        status,
        word: "",
        time: if dead { time_of(died) } else { GENESIS },
    };
    engine.update(&update, out)
}

/// A trade, as every source tells it.
pub(crate) fn fill(setting: &Setting, world: &World, number: u8) -> Fill<'static> {
    let trade = world.fills()[usize::from(number)];
    let wish = setting.orders[usize::from(world.leg(trade.leg).order)];
    // The venue's key is (coin, time, tid, oid): within it, tids differ.
    let tid = if setting.one_tid { 5 + u64::from(trade.nth) } else { 5 + u64::from(number) };
    let sign = if wish.side == Side::Buy { 1 } else { -1 };
    debug_assert!(trade.leg != NONE);
    Fill {
        coin: COINS[usize::from(wish.coin)],
        side: wish.side,
        px: px(trade.leg),
        sz: sz(trade.lots),
        time: time_of(trade.block),
        tid,
        oid: oid(trade.leg),
        start: Some(signed(trade.start)),
        cloid: setting.named_fills.then(|| cloid(trade.leg)),
        fee: Some(Sz(sign * i128::from(trade.lots))),
        fee_token: "USDC",
        closed_pnl: Some(Sz::ZERO),
        crossed: Some(trade.crossed),
        liquidated: None,
    }
}
