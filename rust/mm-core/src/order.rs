//! One order: a line of legs, each with its own evidence; and its state, derived.

use crate::ids::{Cloid, MaybeCloid, Ms, Oid, Side, Tif};
use crate::lifecycle::Phase;
use crate::num::{Px, Sz};
use crate::planted::{Bug, planted};

/// No leg, no order.
pub(crate) const NONE: u32 = u32::MAX;

/// What the venue said of a leg in amounts, apart from its trades. Lower bounds, all of them: they only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Claims {
    /// The largest amount that an answer reported as filled at once.
    pub answered: Sz,
    /// Its average price, for the provisional value.
    pub answered_px: Px,
    /// The largest total that the venue stated otherwise.
    pub stated: Sz,
    /// The final total that a terminal status gave.
    pub final_sz: Option<Sz>,
    /// All of it was refuted by a closed-fill proof: trades alone count.
    pub refuted: bool,
}

/// One leg as the venue knows it: the facts about it, which only grow, and its phase. What one more fill looks at stands
/// first, side by side: there are many legs, and a fill waits for the memory of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)]
#[allow(clippy::struct_excessive_bools)] // independent facts, each true or not yet
pub struct Leg {
    pub(crate) order: u32,
    pub(crate) coin: u32,
    /// What the venue said in amounts; most legs never need any.
    pub(crate) claims: Option<Box<Claims>>,
    pub(crate) fee_token: u16,
    pub(crate) side: Side,
    /// Where it is in its life.
    pub phase: Phase,
    pub(crate) reduce_only: bool,
    /// The venue said `filled`, `canceled` or gone while a cancel of ours, or one of its own, was the cause.
    pub canceled: bool,
    /// Out of its order's line: settled, and summed in the order.
    pub(crate) folded: bool,
    /// Its oid is known, or it ended without one: nobody waits for it.
    pub(crate) released: bool,
    /// In the queue of closed legs.
    pub(crate) queued: bool,
    /// Its facts were moved into another leg; only its number is still taken.
    pub(crate) void: bool,
    /// It is all of its order's line, whose name is its cloid, and `PartialFilled` is what was told of it: so one more part
    /// fill does not have to look at the order. False where that is not known; see [`crate::engine`], `finish`.
    pub(crate) alone: bool,
    /// It was written off, by a refusal or a fence, and the venue has told that it lived: it counts until its end is
    /// told. Closed it stays.
    pub belied: bool,
    /// It was belied, and its end is accounted for: it counts no more, whatever late news says.
    pub(crate) settled: bool,
    pub(crate) asked: u8,
    /// The size as submitted; `None` while only fills of a foreign leg are known.
    pub sz: Option<Sz>,
    /// Σ of distinct trades.
    pub traded: Sz,
    /// Σ price · size of them, in `Usd` units.
    pub traded_usd: i128,
    pub(crate) fee: i128,
    /// The venue's name, once told.
    pub oid: Option<Oid>,
    /// Ours, or the venue's echo of it.
    pub cloid: Option<Cloid>,
    /// Limit price.
    pub px: Px,
    pub(crate) previous: u32,
    pub(crate) next: u32,
    /// The order's wanted total when this leg was asked for.
    pub wanted: Sz,
    /// The leg that it was asked to replace.
    pub(crate) replaces: Option<Oid>,
    /// Block time of the latest status that said it is dead.
    pub dead_at: Option<Ms>,
    pub(crate) since: Ms,
    pub(crate) due: Ms,
    /// Cancels asked so far; the number of the first asked after it was seen live; the last that certainly failed.
    pub cancels: (u16, u16, u16),
}

impl Leg {
    pub(crate) fn new(coin: u32, side: Side, px: Px, sz: Option<Sz>) -> Self {
        Self {
            cloid: None,
            oid: None,
            sz,
            px,
            traded: Sz::ZERO,
            traded_usd: 0,
            claims: None,
            phase: Phase::Pending,
            dead_at: None,
            canceled: false,
            cancels: (0, 0, 0),
            wanted: sz.unwrap_or_default(),
            fee: 0,
            fee_token: u16::MAX,
            order: NONE,
            previous: NONE,
            next: NONE,
            replaces: None,
            coin,
            side,
            reduce_only: false,
            since: 0,
            due: Ms::MAX,
            asked: 0,
            folded: false,
            released: false,
            queued: false,
            void: false,
            alone: false,
            belied: false,
            settled: false,
        }
    }

    /// What the venue said of it in amounts.
    #[inline]
    pub fn claims(&self) -> Claims {
        self.claims.as_deref().copied().unwrap_or_default()
    }

    pub(crate) fn claims_mut(&mut self) -> &mut Claims {
        self.claims.get_or_insert_default()
    }

    /// **executed = max(Σ trades, answered, stated)**: commutative, associative, idempotent. A claim beyond the size is no
    /// claim; trades beyond it are (the venue overfilled).
    #[inline]
    pub fn executed(&self) -> Sz {
        let Some(claims) = self.claims.as_deref().filter(|claims| !claims.refuted) else {
            return self.traded;
        };
        let claim = claims.answered.max(claims.stated);
        if planted(Bug::CountsBoth) {
            return Sz(self.traded.0 + claim.0);
        }
        self.traded.max(self.sz.map_or(claim, |sz| claim.min(sz)))
    }

    /// What was told as an amount and is not confirmed by trades yet.
    #[inline]
    pub fn provisional(&self) -> Sz {
        Sz(self.executed().0 - self.traded.0)
    }

    /// max(0, answered − Σ trades): what trades will still confirm without moving the position.
    #[inline]
    pub fn immediate_remaining(&self) -> Sz {
        let claims = self.claims();
        if claims.refuted { Sz::ZERO } else { Sz((claims.answered.0 - self.traded.0).max(0)) }
    }

    /// The value of one provisional unit: the answer's average price, or the limit.
    pub(crate) fn provisional_px(&self) -> Px {
        let told = self.claims().answered_px;
        if told.0 > 0 { told } else { self.px }
    }

    /// Nothing more can be executed that is not in `executed` already.
    #[inline]
    pub fn is_resolved(&self) -> bool {
        match self.phase {
            Phase::Cancelled | Phase::Filled => true,
            Phase::Rejected if !self.belied || self.settled => true,
            Phase::Rejected if planted(Bug::WrittenOffForgotten) => true,
            Phase::Rejected if self.sz.is_some_and(|sz| self.executed() >= sz) => true,
            Phase::Draining if planted(Bug::EarlyResolved) => true,
            Phase::Draining | Phase::Rejected => {
                self.claims().final_sz.is_some_and(|f| self.executed() >= f)
            }
            _ => false,
        }
    }

    /// The most that may be executed in the end.
    #[inline]
    pub fn worst(&self) -> Sz {
        let executed = self.executed();
        let uncounted =
            planted(Bug::ModifyUncounted) && self.replaces.is_some() && self.phase.is_unseen();
        let freed = planted(Bug::CancelFreesExposure) && self.phase == Phase::Canceling;
        if uncounted || freed || self.is_resolved() {
            executed
        } else {
            self.sz.map_or(executed, |sz| sz.max(executed))
        }
    }

    /// The executed amount is known to be final, and trades confirm all of it.
    pub(crate) fn is_accounted(&self, complete_until: Option<Ms>) -> bool {
        self.provisional() == Sz::ZERO
            && (self.claims().final_sz.is_some_and(|f| self.traded >= f)
                || self
                    .dead_at
                    .is_some_and(|dead| complete_until.is_some_and(|until| until > dead)))
    }

    /// A cancel of ours is under way, or a cancel ended it.
    pub(crate) fn in_cancel(&self) -> bool {
        self.canceled || self.cancels.0 > self.cancels.2
    }
}

/// What became of an order: derived, never assigned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum OrderState {
    /// Told to the engine, not yet answered.
    Pending,
    /// Sent, outcome not known.
    Unknown,
    /// Live, nothing executed.
    Resting,
    /// Live, part executed.
    PartialFilled,
    /// Executed in full.
    Filled,
    /// Executed in full at placement, by the answer.
    FilledImmediately,
    /// A cancel is under way.
    CancelPending,
    /// The venue said canceled; late fills may still come.
    CancelConfirmed,
    /// Canceled, and what was executed is accounted for.
    Cancelled,
    /// Executed in full while a cancel was under way.
    FilledDuringCancel,
    /// The venue refused it; it never lived.
    Rejected,
}

impl OrderState {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::Unknown,
        Self::Resting,
        Self::PartialFilled,
        Self::Filled,
        Self::FilledImmediately,
        Self::CancelPending,
        Self::CancelConfirmed,
        Self::Cancelled,
        Self::FilledDuringCancel,
        Self::Rejected,
    ];

    /// Live on the book.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Resting | Self::PartialFilled)
    }

    /// Closed for good.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Filled
                | Self::FilledImmediately
                | Self::Cancelled
                | Self::FilledDuringCancel
                | Self::Rejected
        )
    }
}

/// The same in the words of FIX tag 39.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[allow(missing_docs)] // the words are the standard's
pub enum OrdStatus {
    PendingNew,
    New,
    PartiallyFilled,
    Filled,
    PendingCancel,
    PendingReplace,
    Canceled,
    Rejected,
}

/// An order as a strategy knows it: a line of legs under the first one's cloid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)] // as of a leg
pub(crate) struct Order {
    /// The first leg's cloid: it keeps it for life.
    pub(crate) name: MaybeCloid,
    /// First and last leg of the line; settled legs are folded out of it.
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// The state that was last told by `Effect::Moved`; the state itself is always derived.
    pub(crate) told: OrderState,
    pub(crate) tif: Option<Tif>,
    pub(crate) foreign: bool,
    /// Place in the coin's list of open orders, or `NONE`.
    pub(crate) slot: u32,
    /// Legs in memory that name this order, folded ones too: it stays as long as any.
    pub(crate) held: u32,
    /// Placement number: lists come out in this order.
    pub(crate) number: u64,
    /// What folded legs were, in sum; most orders have none.
    pub(crate) folded: Option<Box<Past>>,
}

/// The sums of the legs that were folded out of an order's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Past {
    pub(crate) executed: Sz,
    pub(crate) traded: Sz,
    pub(crate) traded_usd: i128,
    /// A fee and its token; more tokens than one are kept apart.
    pub(crate) fee: (u16, i128),
}

impl Order {
    #[inline]
    pub(crate) fn past(&self) -> Past {
        self.folded.as_deref().copied().unwrap_or_default()
    }

    pub(crate) fn past_mut(&mut self) -> &mut Past {
        self.folded.get_or_insert_default()
    }
}

/// Everything about an order at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// The first leg's cloid: the order's name.
    pub cloid: Option<Cloid>,
    /// The legs, first to last.
    pub legs: Vec<Leg>,
    /// The market.
    pub coin: crate::effect::CoinId,
    /// Buy or sell.
    pub side: Side,
    /// Only ever reduces the position.
    pub reduce_only: bool,
    /// Index of the current leg.
    pub current: usize,
    /// The derived state.
    pub state: OrderState,
    /// The same in FIX words.
    pub ord_status: OrdStatus,
    /// Time in force; unknown of foreign orders.
    pub tif: Option<Tif>,
    /// Not placed by this engine.
    pub foreign: bool,
    /// Wanted total over the order's life.
    pub order_qty: Sz,
    /// Executed over all legs.
    pub cum_qty: Sz,
    /// Open of the current leg; 0 when terminal, but for one that was refused and is seen to live.
    pub leaves_qty: Sz,
    /// Average price of the trades, rounded toward zero; `None` before the first.
    pub avg_px: Option<Px>,
    /// A modify is in flight.
    pub modifying: bool,
    /// Fees paid by token.
    pub fees: Vec<(crate::effect::TokenId, Sz)>,
}

/// The current leg: the last that the venue was seen to have, else the first.
pub(crate) fn current(legs: &[&Leg]) -> usize {
    legs.iter().rposition(|leg| !leg.phase.is_unseen() && leg.phase != Phase::Rejected).unwrap_or(0)
}

/// The state of an order, from the evidence on its legs and what folded ones executed.
#[inline]
pub(crate) fn derive(legs: &[&Leg], past: Sz) -> OrderState {
    let Some(leg) = legs.get(current(legs)) else { return OrderState::Unknown };
    let executed = past > Sz::ZERO || legs.iter().any(|l| l.executed() > Sz::ZERO);
    let asked = legs.len() > 1 && legs.last().is_some_and(|l| l.phase.is_unseen());
    let in_doubt = legs.iter().any(|l| matches!(l.phase, Phase::Unknown | Phase::CancelingBlind));
    match leg.phase {
        Phase::Pending => OrderState::Pending,
        Phase::Unknown | Phase::Gone => OrderState::Unknown,
        Phase::CancelingBlind | Phase::Canceling => OrderState::CancelPending,
        _ if in_doubt && legs.len() > 1 => OrderState::Unknown,
        Phase::Live | Phase::Modifying if executed => OrderState::PartialFilled,
        Phase::Live | Phase::Modifying => OrderState::Resting,
        // A replaced leg is current only while its replacement was refused by contradictory words.
        Phase::Replaced => OrderState::Unknown,
        // Closed, but its replacement is still out there somewhere.
        _ if asked => OrderState::Unknown,
        Phase::Draining => OrderState::CancelConfirmed,
        Phase::Cancelled => OrderState::Cancelled,
        Phase::Rejected => OrderState::Rejected,
        Phase::Filled if leg.in_cancel() => OrderState::FilledDuringCancel,
        Phase::Filled
            if leg.sz.is_some_and(|sz| leg.wanted == sz && leg.claims().answered >= sz)
                && !leg.claims().refuted =>
        {
            OrderState::FilledImmediately
        }
        Phase::Filled => OrderState::Filled,
    }
}

/// The state in FIX words; pending requests outrank what they act on.
pub(crate) fn ord_status(legs: &[&Leg], past: Sz, state: OrderState) -> OrdStatus {
    let executed = past > Sz::ZERO || legs.iter().any(|l| l.executed() > Sz::ZERO);
    let modifying = legs.len() > 1 && legs.last().is_some_and(|l| l.phase.is_unseen());
    let seen = legs.iter().any(|l| !l.phase.is_unseen());
    let live = if executed { OrdStatus::PartiallyFilled } else { OrdStatus::New };
    match state {
        OrderState::CancelPending => OrdStatus::PendingCancel,
        OrderState::Resting | OrderState::PartialFilled | OrderState::Unknown if modifying => {
            OrdStatus::PendingReplace
        }
        OrderState::Unknown if seen => live,
        OrderState::Pending | OrderState::Unknown => OrdStatus::PendingNew,
        OrderState::Resting => OrdStatus::New,
        OrderState::PartialFilled => OrdStatus::PartiallyFilled,
        OrderState::Filled | OrderState::FilledImmediately | OrderState::FilledDuringCancel => {
            OrdStatus::Filled
        }
        OrderState::CancelConfirmed | OrderState::Cancelled => OrdStatus::Canceled,
        OrderState::Rejected => OrdStatus::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fill_looks_at_stands_together() {
        assert!(core::mem::offset_of!(Leg, oid) + size_of::<Option<Oid>>() <= 2 * 64);
        assert!(size_of::<Leg>() <= 272 && size_of::<Order>() <= 64);
    }
}
