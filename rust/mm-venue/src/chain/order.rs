//! One order, as the venue keeps it.

use mm_core::ids::{Cloid, Ms, Oid, Side};
use mm_core::num::Px;

use super::units::{AccountId, AssetIx, Lots};
use super::words::Status;

/// Time in force, the venue's full set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tif {
    /// Add liquidity only.
    Alo,
    /// Good till cancelled.
    Gtc,
    /// Immediate or cancel.
    Ioc,
    /// The venue's page's market order: immediate or cancel by another name.
    FrontendMarket,
    /// A liquidation's.
    LiquidationMarket,
}

impl Tif {
    /// The venue's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alo => "Alo",
            Self::Gtc => "Gtc",
            Self::Ioc => "Ioc",
            Self::FrontendMarket => "FrontendMarket",
            Self::LiquidationMarket => "LiquidationMarket",
        }
    }

    /// What is not matched at once may rest.
    pub const fn rests(self) -> bool {
        matches!(self, Self::Alo | Self::Gtc)
    }
}

/// How far a trigger is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Waits until its parent is filled.
    Child,
    /// Watches the mark.
    Armed,
    /// Reached: an ordinary order from then on.
    Fired,
}

/// A take-profit's or stop's condition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Trigger {
    /// The mark that sets it off.
    pub px: Px,
    /// Take whatever is there, up to the limit price.
    pub is_market: bool,
    /// Takes a profit; else stops a loss.
    pub take_profit: bool,
    /// How far it is.
    pub phase: Phase,
}

/// Whom a builder's fee goes to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Builder {
    /// Its account.
    pub account: AccountId,
    /// Tenths of a basis point.
    pub tenths: u32,
}

/// An order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    /// The venue's name.
    pub oid: Oid,
    /// Whose it is.
    pub account: AccountId,
    /// What is traded.
    pub asset: AssetIx,
    /// Buys or sells.
    pub side: Side,
    /// The limit.
    pub px: Px,
    /// What remains. A reduce-only order's shrinks with the position, too.
    pub sz: Lots,
    /// As it was submitted.
    pub orig: Lots,
    /// What was executed.
    pub filled: Lots,
    /// Time in force; a trigger's is that of the order that it becomes.
    pub tif: Tif,
    /// May only reduce the position.
    pub reduce_only: bool,
    /// The owner's name.
    pub cloid: Option<Cloid>,
    /// Block time of its creation.
    pub created: Ms,
    /// A trigger's condition.
    pub trigger: Option<Trigger>,
    /// Set for the whole position.
    pub position_tpsl: bool,
    /// The first order of its TP/SL group.
    pub group: Option<Oid>,
    /// Whom a part of the fee goes to.
    pub builder: Option<Builder>,
}

impl Order {
    /// Whether it stands in the book (if it is live at all).
    pub const fn in_book(&self) -> bool {
        match self.trigger {
            None => true,
            Some(trigger) => matches!(trigger.phase, Phase::Fired),
        }
    }

    /// Whether the mark sets it off.
    pub const fn is_set_off(&self, mark: Px) -> bool {
        match self.trigger {
            Some(trigger) if matches!(trigger.phase, Phase::Armed) => {
                let rising = trigger.take_profit == matches!(self.side, Side::Sell);
                if rising { mark.0 >= trigger.px.0 } else { mark.0 <= trigger.px.0 }
            }
            _ => false,
        }
    }
}

/// A status of an order at a moment: one row of `historicalOrders`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// The order then.
    pub order: Order,
    /// What became of it.
    pub status: Status,
    /// Block time.
    pub time: Ms,
}
