//! Statuses and refusals: the venue's own words, each text once (protocol 4, 5).

use mm_core::num::Px;

use super::units::{Amount, Decimal};

macro_rules! statuses {
    ($($name:ident $word:literal),* $(,)?) => {
        /// What became of an order, as `orderUpdates` says it.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Status { $(#[doc = concat!("`", $word, "`")] $name),* }
        impl Status {
            /// Every status.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// The venue's word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
            /// The status of a word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|status| status.word() == word)
            }
        }
    };
}
statuses! {
    Open "open", Triggered "triggered", Filled "filled", Canceled "canceled", Rejected "rejected",
    MarginCanceled "marginCanceled", VaultWithdrawalCanceled "vaultWithdrawalCanceled",
    OpenInterestCapCanceled "openInterestCapCanceled", SelfTradeCanceled "selfTradeCanceled",
    ReduceOnlyCanceled "reduceOnlyCanceled", SiblingFilledCanceled "siblingFilledCanceled",
    DelistedCanceled "delistedCanceled", LiquidatedCanceled "liquidatedCanceled",
    OutcomeSettledCanceled "outcomeSettledCanceled", ScheduledCancel "scheduledCancel",
    InternalCancel "internalCancel", TickRejected "tickRejected", MinTradeNtlRejected "minTradeNtlRejected",
    PerpMarginRejected "perpMarginRejected", ReduceOnlyRejected "reduceOnlyRejected",
    BadAloPxRejected "badAloPxRejected", IocCancelRejected "iocCancelRejected",
    BadTriggerPxRejected "badTriggerPxRejected",
    MarketOrderNoLiquidityRejected "marketOrderNoLiquidityRejected",
    PositionIncreaseAtOpenInterestCapRejected "positionIncreaseAtOpenInterestCapRejected",
    PositionFlipAtOpenInterestCapRejected "positionFlipAtOpenInterestCapRejected",
    TooAggressiveAtOpenInterestCapRejected "tooAggressiveAtOpenInterestCapRejected",
    OpenInterestIncreaseRejected "openInterestIncreaseRejected",
    InsufficientSpotBalanceRejected "insufficientSpotBalanceRejected", OracleRejected "oracleRejected",
    PerpMaxPositionRejected "perpMaxPositionRejected", TooManyOpenOrdersRejected "tooManyOpenOrdersRejected",
}

impl Status {
    /// It may still trade.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Triggered)
    }
}

/// Why one order, cancel or modify was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No such asset, or a delisted one.
    InvalidAsset,
    /// No price, or none that can be one.
    InvalidPrice,
    /// Off the lot.
    InvalidSize,
    /// A size of zero.
    ZeroSize,
    /// Outside the band around the reference price; it has so many percent.
    Band(u8),
    /// Above the maximum value, in whole units of the quote token.
    TooLarge(i64),
    /// Only post-only orders for a while.
    PostOnlyPeriod,
    /// The builder may not charge that much.
    BuilderFee,
    /// Off the tick.
    Tick,
    /// Below the minimum value.
    MinValue(Amount),
    /// Not enough margin.
    Margin,
    /// Not enough of a token.
    SpotBalance,
    /// Reduce-only, and it would not.
    ReduceOnly,
    /// Post-only, and it would match: the best bid and ask.
    WouldMatch(Option<Px>, Option<Px>),
    /// Nothing to match for one that may not rest.
    NoMatch,
    /// Nothing to match for a market order.
    NoLiquidity,
    /// The trigger is on the wrong side of the mark.
    BadTrigger,
    /// Too many open orders.
    OpenOrders,
    /// Cancel: not live. It says nothing of how that came.
    NotLive,
    /// Modify: the old order is not live.
    ModifyGone,
    /// Modify: an order that a modify may not place.
    ModifyInvalid,
}

impl Refusal {
    /// The venue's text, without what it puts around it.
    pub fn text(self) -> String {
        match self {
            Self::InvalidAsset => "Order has invalid asset.".into(),
            Self::InvalidPrice => "Order has invalid price.".into(),
            Self::InvalidSize => "Order has invalid size.".into(),
            Self::ZeroSize => "Order has zero size.".into(),
            Self::Band(percent) => {
                format!("Order price cannot be more than {percent}% away from the reference price")
            }
            Self::TooLarge(most) => format!("Order value too large. Max is ${most}."),
            Self::PostOnlyPeriod => {
                "Only post-only orders allowed immediately after network upgrade".into()
            }
            Self::BuilderFee => "Builder fee has not been approved.".into(),
            Self::Tick => "Price must be divisible by tick size.".into(),
            Self::MinValue(least) => {
                format!("Order must have minimum value of ${}.", least.0 / super::units::ONE)
            }
            Self::Margin => "Insufficient margin to place order.".into(),
            Self::SpotBalance => "Order has insufficient spot balance to trade.".into(),
            Self::ReduceOnly => "Reduce only order would increase position.".into(),
            Self::WouldMatch(bid, ask) => format!(
                "Post only order would have immediately matched, bbo was {}@{}.",
                bare(bid),
                bare(ask)
            ),
            Self::NoMatch => "Order could not immediately match against any resting orders.".into(),
            Self::NoLiquidity => "No liquidity available for market order.".into(),
            Self::BadTrigger => "Invalid TP/SL price.".into(),
            Self::OpenOrders => "Too many open orders.".into(),
            Self::NotLive => "Order was never placed, already canceled, or filled.".into(),
            Self::ModifyGone => "Cannot modify canceled or filled order".into(),
            Self::ModifyInvalid => "Attempted to modify to invalid new order".into(),
        }
    }

    /// The status that is recorded and pushed; `None` for what is refused before matching and uses no oid.
    pub const fn status(self) -> Option<Status> {
        Some(match self {
            Self::Tick => Status::TickRejected,
            Self::MinValue(_) => Status::MinTradeNtlRejected,
            Self::Margin => Status::PerpMarginRejected,
            Self::SpotBalance => Status::InsufficientSpotBalanceRejected,
            Self::ReduceOnly => Status::ReduceOnlyRejected,
            Self::WouldMatch(..) => Status::BadAloPxRejected,
            Self::NoMatch => Status::IocCancelRejected,
            Self::NoLiquidity => Status::MarketOrderNoLiquidityRejected,
            Self::BadTrigger => Status::BadTriggerPxRejected,
            Self::OpenOrders => Status::TooManyOpenOrdersRejected,
            _ => return None,
        })
    }

    /// Whether the text is followed by ` asset=<id>`.
    pub const fn names_asset(self) -> bool {
        !matches!(self, Self::Band(_) | Self::TooLarge(_) | Self::ModifyGone | Self::ModifyInvalid)
    }

    /// The text of an answer to a placement or cancel.
    pub fn answer(self, asset: u32) -> String {
        let text = self.text();
        if self.names_asset() { format!("{text} asset={asset}") } else { text }
    }
}

/// A price as it is sent, without a needless point; the venue prints books in errors so. `None` where no order is.
fn bare(px: Option<Px>) -> String {
    let text = px.map_or_else(|| "None".into(), |px| Decimal(i128::from(px.0), 8).to_string());
    text.strip_suffix(".0").map_or(text.clone(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_in_the_table_of_the_decoder() {
        for status in Status::ALL {
            assert!(
                mm_wire::words::STATUSES.iter().any(|row| row.word == status.word()),
                "{status:?}"
            );
            assert_eq!(Status::parse(status.word()), Some(*status));
        }
        assert_eq!(Status::ALL.len(), mm_wire::words::STATUSES.len());
    }

    #[test]
    fn a_crossed_book_is_told_as_the_venue_tells_it() {
        let refusal = Refusal::WouldMatch(Some(Px(8_375_700_000_000)), Some(Px(8_375_850_000_000)));
        let text = refusal.answer(0);
        assert_eq!(
            text,
            "Post only order would have immediately matched, bbo was 83757@83758.5. asset=0"
        );
        assert_eq!(
            Refusal::NotLive.answer(173),
            "Order was never placed, already canceled, or filled. asset=173"
        );
    }
}
