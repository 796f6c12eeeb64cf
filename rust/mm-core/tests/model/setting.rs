//! One small world: which orders are asked for, and what the venue and the network may do.

use mm_core::ids::{Side, Tif};

/// An order that the strategy may ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) coin: u8,
    pub(crate) side: Side,
    /// Size in lots.
    pub(crate) lots: u8,
    pub(crate) tif: Tif,
    pub(crate) reduce_only: bool,
    /// Replacements that may be asked for, and the wanted total of each.
    pub(crate) modifies: u8,
    pub(crate) wanted: u8,
    /// Cancels that may be asked for.
    pub(crate) cancels: u8,
}

impl Wish {
    pub(crate) const fn buy(lots: u8) -> Self {
        Self {
            coin: 0,
            side: Side::Buy,
            lots,
            tif: Tif::Gtc,
            reduce_only: false,
            modifies: 0,
            wanted: lots,
            cancels: 0,
        }
    }
    pub(crate) const fn sell(lots: u8) -> Self {
        Self { side: Side::Sell, ..Self::buy(lots) }
    }
    pub(crate) const fn elsewhere(self) -> Self {
        Self { coin: 1, ..self }
    }
    pub(crate) const fn tif(self, tif: Tif) -> Self {
        Self { tif, ..self }
    }
    pub(crate) const fn reducing(self) -> Self {
        Self { reduce_only: true, ..self }
    }
    pub(crate) const fn modified(self, modifies: u8, wanted: u8) -> Self {
        Self { modifies, wanted, ..self }
    }
    pub(crate) const fn cancelled(self, cancels: u8) -> Self {
        Self { cancels, ..self }
    }
}

/// One world. Loss, delay, repetition, reordering and crashes are in every one.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) orders: &'static [Wish],
    /// Position of coin 0 before everything.
    pub(crate) start: i8,
    /// An order may execute in part, or whole, at placement, in any partition.
    pub(crate) immediate: bool,
    /// Requests may be refused.
    pub(crate) refusals: bool,
    /// Requests in flight may be fenced by a `noop` under their nonce.
    pub(crate) fences: bool,
    /// A request may be given up: "no answer".
    pub(crate) silence: bool,
    /// The venue may cancel a live order by itself.
    pub(crate) venue_cancels: bool,
    /// A live order may be read (`orderStatus`), and the answer may be as old as it likes.
    pub(crate) reads: bool,
    /// So may the list of open orders, so many times.
    pub(crate) lists: u8,
    /// A refusal is told by an update as well.
    pub(crate) rejects: bool,
    /// Time may pass: the fill window ends, what is accounted for settles.
    pub(crate) ticks: bool,
    /// Fills that were all read may be forgotten.
    pub(crate) forgets: bool,
    /// Fills tell the cloid.
    pub(crate) named_fills: bool,
    /// All trades carry one tid, wherever the venue's key allows it.
    pub(crate) one_tid: bool,
    /// What was executed may be said to be refused, or taken for fenced.
    pub(crate) lies: bool,
}

impl Setting {
    /// Coins in it.
    pub(crate) fn coins(&self) -> u8 {
        self.orders.iter().map(|wish| wish.coin + 1).max().unwrap_or(1)
    }

    /// Everything that the venue may do to an order, but nothing that costs many states.
    pub(crate) const fn new(name: &'static str, orders: &'static [Wish]) -> Self {
        Self {
            name,
            orders,
            start: 0,
            immediate: false,
            refusals: true,
            fences: true,
            silence: true,
            venue_cancels: true,
            reads: false,
            lists: 0,
            rejects: false,
            ticks: false,
            forgets: false,
            named_fills: false,
            one_tid: false,
            lies: false,
        }
    }
}
