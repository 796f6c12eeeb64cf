//! Everything that can follow from a fact or from the passing of time. Nothing is only logged.

use crate::chain::Gap;
use crate::ids::{Cloid, Ms, Oid, Side};
use crate::num::{Px, Sz};
use crate::order::OrderState;

/// The number of a coin inside one engine; `Engine::coin_name` gives its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CoinId(pub u32);

/// The number of a token inside one engine; `Engine::token_name` gives its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TokenId(pub u16);

impl TokenId {
    /// The source did not say.
    pub const UNTOLD: Self = Self(u16::MAX);
}

/// A fill, owned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FillRecord {
    /// Market.
    pub coin: CoinId,
    /// Our side.
    pub side: Side,
    /// Price.
    pub px: Px,
    /// Size.
    pub sz: Sz,
    /// Block time.
    pub time: Ms,
    /// Trade id.
    pub tid: u64,
    /// The leg.
    pub oid: Oid,
    /// Position before, if told.
    pub start: Option<Sz>,
    /// The order's cloid, if told.
    pub cloid: Option<Cloid>,
    /// Fee, if told.
    pub fee: Option<Sz>,
    /// Its token.
    pub fee_token: TokenId,
    /// Venue's realised profit, if told.
    pub closed_pnl: Option<Sz>,
    /// Took or made, if told.
    pub crossed: Option<bool>,
}

/// A query that would bring evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Query {
    /// `orderStatus`, by oid and by cloid.
    OrderStatus,
    /// `userFillsByTime` over the window, paged with overlap.
    Fills {
        /// First time of interest.
        from: Ms,
        /// Last time of interest.
        to: Ms,
    },
}

/// What follows. Whoever runs the engine acts on every one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// A new fill moved position and cash.
    Booked {
        /// The fill.
        fill: FillRecord,
        /// The change of the leg's executed quantity.
        applied: Sz,
        /// What had been told before as an amount.
        skipped: Sz,
        /// The order's name, if it is known.
        cloid: Option<Cloid>,
        /// Its state now.
        state: Option<OrderState>,
    },
    /// An order's derived state changed.
    Moved {
        /// The order's name.
        cloid: Option<Cloid>,
        /// Its current leg.
        oid: Option<Oid>,
        /// Before.
        before: OrderState,
        /// After.
        after: OrderState,
    },
    /// Evidence is wanted.
    Ask {
        /// What to query.
        query: Query,
        /// The market.
        coin: CoinId,
        /// The leg, where it is about one.
        cloid: Option<Cloid>,
        /// The leg, where it is about one and its oid is known.
        oid: Option<Oid>,
        /// The reason.
        why: &'static str,
    },
    /// Fills are missing in this window.
    GapFound(CoinId, Gap),
    /// The window is complete again, or was found to be another.
    GapClosed(CoinId, Gap),
    /// A fill raced a modify: the order may now execute `by` more than was wanted.
    Excess {
        /// The order's name.
        cloid: Option<Cloid>,
        /// The replacement.
        oid: Option<Oid>,
        /// By how much.
        by: Sz,
    },
    /// The venue executed more than the leg's size.
    Overfill {
        /// The leg.
        oid: Oid,
        /// Its size.
        sz: Sz,
        /// What was executed.
        executed: Sz,
    },
    /// The venue contradicts itself or us: stop quoting the coin, query, rebuild.
    Contradiction {
        /// The market, where it is about one.
        coin: CoinId,
        /// The leg.
        oid: Option<Oid>,
        /// The leg.
        cloid: Option<Cloid>,
        /// What is contradicted.
        what: &'static str,
    },
    /// An order that is not ours appeared.
    Foreign {
        /// The market.
        coin: CoinId,
        /// Its oid.
        oid: Oid,
        /// Its cloid.
        cloid: Option<Cloid>,
    },
    /// A fill was part of a liquidation.
    Liquidation {
        /// The fill.
        fill: FillRecord,
        /// Our account was the one liquidated.
        ours: bool,
    },
    /// A fill older than memory: look it up on disk. Nothing was booked.
    Ancient(FillRecord),
    /// The venue's own position differs from the chain's, as of its time.
    PositionDiffers {
        /// The market.
        coin: CoinId,
        /// By the chain.
        ours: Sz,
        /// By the venue.
        theirs: Sz,
        /// As of.
        as_of: Ms,
    },
    /// A status word that is not known: no meaning was guessed.
    UnknownWord {
        /// The market.
        coin: CoinId,
        /// The leg.
        oid: Oid,
    },
}
