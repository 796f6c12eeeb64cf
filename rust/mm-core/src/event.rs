//! Everything that the venue can tell, as facts.
//!
//! A fact is true of the venue when it was emitted. It may reach us late, twice, out of order or never;
//! the engine's state is a function of the *set* of facts it was given (`reliability` F7, F8).

use crate::ids::{Cloid, Ms, Oid, Side};
use crate::num::{Px, Sz};

/// One trade of ours, as every fill source of the venue tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill<'a> {
    /// The venue's name of the market.
    pub coin: &'a str,
    /// Our side of the trade.
    pub side: Side,
    /// The price of the trade.
    pub px: Px,
    /// The size of the trade, positive.
    pub sz: Sz,
    /// Block time.
    pub time: Ms,
    /// The trade's id: a 50-bit hash, 0 for some system fills. Never an identity alone.
    pub tid: u64,
    /// The leg that filled.
    pub oid: Oid,
    /// Our position just before, where the source tells it.
    pub start: Option<Sz>,
    /// The order's cloid, where the source tells it.
    pub cloid: Option<Cloid>,
    /// Fee paid (negative: a rebate), in [`Fill::fee_token`]. Includes builder and deployer fees.
    pub fee: Option<Sz>,
    /// The token the fee is in; empty when the source does not tell.
    pub fee_token: &'a str,
    /// The venue's realised profit of this fill, before fees, in the quote token.
    pub closed_pnl: Option<Sz>,
    /// We took (true) or made (false).
    pub crossed: Option<bool>,
    /// The liquidated account, when this trade was a liquidation (ours or the other side's).
    /// `Some("")` when the venue marks a liquidation without naming the account.
    pub liquidated: Option<&'a str>,
}

/// What a status word means for a leg. The word itself travels beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// `open`, `triggered`: live.
    Open,
    /// `filled`: executed in full.
    Filled,
    /// `canceled` and every other end of a leg that had lived.
    Canceled,
    /// `rejected`, `*Rejected`: it never lived.
    Rejected,
    /// A word that is not known: no meaning is guessed.
    Unknown,
}

/// One element of `orderUpdates`, or the same facts from `orderStatus`, `historicalOrders` or `openOrders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update<'a> {
    /// The market.
    pub coin: &'a str,
    /// The order's side.
    pub side: Side,
    /// The leg.
    pub oid: Oid,
    /// Our name of it, if it had one.
    pub cloid: Option<Cloid>,
    /// Limit price.
    pub px: Px,
    /// Remaining size at this status. Zero is legal here.
    pub sz: Sz,
    /// Size as submitted.
    pub orig_sz: Sz,
    /// Reduce-only orders shrink without a fill: their `orig_sz - sz` says nothing.
    pub reduce_only: bool,
    /// Block time of the placement.
    pub placed: Ms,
    /// What the word means.
    pub status: Status,
    /// The venue's word.
    pub word: &'a str,
    /// Block time of this status.
    pub time: Ms,
}
