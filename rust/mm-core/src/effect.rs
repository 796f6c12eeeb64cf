//! Everything that can follow from a fact or from the passing of time. Nothing is only logged.

use std::sync::Arc;

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

/// The names behind the numbers of one engine: what effects are read with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spelled {
    pub(crate) coins: Vec<Arc<str>>,
    pub(crate) tokens: Vec<Arc<str>>,
}

impl Spelled {
    /// The name of a coin.
    pub fn coin(&self, coin: CoinId) -> &str {
        self.coins.get(coin.0 as usize).map_or("", |name| name)
    }

    /// The name of a token; empty if the source did not say.
    pub fn token(&self, token: TokenId) -> &str {
        self.tokens.get(usize::from(token.0)).map_or("", |name| name)
    }
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

impl Effect {
    /// The coin and the token that it is about; numbers of none where it is about none.
    pub fn numbers(&self) -> (CoinId, TokenId) {
        let mut copy = *self;
        let (coin, token) = copy.numbers_mut();
        (coin.map_or(CoinId(u32::MAX), |coin| *coin), token.map_or(TokenId::UNTOLD, |t| *t))
    }

    /// The same under other numbers.
    #[must_use]
    pub fn renumbered(mut self, (coin, token): (CoinId, TokenId)) -> Self {
        let (its_coin, its_token) = self.numbers_mut();
        if let Some(its) = its_coin {
            *its = coin;
        }
        if let Some(its) = its_token {
            *its = token;
        }
        self
    }

    fn numbers_mut(&mut self) -> (Option<&mut CoinId>, Option<&mut TokenId>) {
        match self {
            Self::Booked { fill, .. } | Self::Liquidation { fill, .. } | Self::Ancient(fill) => {
                (Some(&mut fill.coin), Some(&mut fill.fee_token))
            }
            Self::Ask { coin, .. }
            | Self::GapFound(coin, _)
            | Self::GapClosed(coin, _)
            | Self::Contradiction { coin, .. }
            | Self::Foreign { coin, .. }
            | Self::PositionDiffers { coin, .. }
            | Self::UnknownWord { coin, .. } => (Some(coin), None),
            Self::Moved { .. } | Self::Excess { .. } | Self::Overfill { .. } => (None, None),
        }
    }
}
