//! What came of a block: replies, statuses, fills, trades (protocol 7). Everything that a stream can say.

use mm_core::ids::{Cloid, Ms, Oid, Side};
use mm_core::num::Px;

use super::action::Ticket;
use super::order::Record;
use super::units::{AccountId, Amount, AssetIx, Lots, TokenIx};

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// An action was carried out or refused.
    Replied(Ticket, Reply),
    /// An order of a watched account has a new status.
    Order(Record),
    /// A watched account's side of a trade.
    Fill(AccountId, Fill),
    /// A trade, for everybody.
    Trade(Trade),
    /// A watched account paid or was paid funding.
    Funding(AccountId, Funding),
    /// The venue cancelled an order of a watched account by itself.
    NonUserCancel(AccountId, AssetIx, Oid),
    /// A watched account was liquidated.
    Liquidated(AccountId, Liquidated),
    /// Money came or went by other ways than trading.
    Ledger(AccountId, Ledger),
}

/// What answers an action.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    /// `{"type":"order"}`: one a placed order or modify, in their order.
    Orders(Vec<OrderReply>),
    /// `{"type":"cancel"}`: one a cancel; `Some` is an error.
    Cancels(Vec<Option<String>>),
    /// `{"type":"default"}`.
    Default,
    /// `{"type":"createSubAccount"}` and the new address.
    SubAccount(super::units::Address),
    /// `{"status":"err"}`: all of it was refused.
    Err(String),
}

/// What answers one order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum OrderReply {
    /// It rests.
    Resting(Oid, Option<Cloid>),
    /// So much was matched at once, at this mean price (in 10⁻⁸).
    Filled {
        /// How much.
        total: Lots,
        /// Decimals of a lot.
        sz_decimals: u32,
        /// Mean price.
        average: Px,
        /// The venue's name.
        oid: Oid,
        /// The owner's.
        cloid: Option<Cloid>,
    },
    /// A child waits for its parent.
    WaitingForFill,
    /// A trigger waits for the mark.
    WaitingForTrigger,
    /// Refused.
    Error(String),
}

/// The display word of a fill.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dir {
    /// From flat or longer.
    OpenLong,
    /// A long gets smaller.
    CloseLong,
    /// From flat or shorter.
    OpenShort,
    /// A short gets smaller.
    CloseShort,
    /// Through zero.
    LongToShort,
    /// Through zero.
    ShortToLong,
    /// Spot.
    Buy,
    /// Spot.
    Sell,
    /// Isolated or cross, long or short.
    Liquidated(bool, bool),
    /// What was below a lot was turned into the quote token: so much, for it is no number of lots.
    Dust(Amount),
}

impl Dir {
    /// The venue's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OpenLong => "Open Long",
            Self::CloseLong => "Close Long",
            Self::OpenShort => "Open Short",
            Self::CloseShort => "Close Short",
            Self::LongToShort => "Long > Short",
            Self::ShortToLong => "Short > Long",
            Self::Buy => "Buy",
            Self::Sell => "Sell",
            Self::Dust(_) => "Spot Dust Conversion",
            Self::Liquidated(true, true) => "Liquidated Isolated Long",
            Self::Liquidated(true, false) => "Liquidated Isolated Short",
            Self::Liquidated(false, true) => "Liquidated Cross Long",
            Self::Liquidated(false, false) => "Liquidated Cross Short",
        }
    }
}

/// Whose liquidation a fill belongs to; on both sides.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LiquidationMark {
    /// Who was liquidated.
    pub user: AccountId,
    /// The mark then.
    pub mark: Px,
    /// Taken over, not sold in the market.
    pub backstop: bool,
}

/// One account's side of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fill {
    /// What.
    pub asset: AssetIx,
    /// At which price.
    pub px: Px,
    /// How much.
    pub sz: Lots,
    /// This account's side.
    pub side: Side,
    /// Block time.
    pub time: Ms,
    /// Position, or balance of the base token, before it.
    pub start: Amount,
    /// Display word.
    pub dir: Dir,
    /// Profit of what it closed, without fees.
    pub closed_pnl: Amount,
    /// The transaction, 0 for the zero hash.
    pub tx: u64,
    /// The order.
    pub oid: Oid,
    /// This account took.
    pub crossed: bool,
    /// Paid, the builder's and deployer's parts included; negative is a rebate.
    pub fee: Amount,
    /// In which token.
    pub fee_token: TokenIx,
    /// The builder's part.
    pub builder_fee: Option<Amount>,
    /// The trade.
    pub tid: u64,
    /// The owner's name of the order.
    pub cloid: Option<Cloid>,
    /// If it was one.
    pub liquidation: Option<LiquidationMark>,
}

/// A trade, as everybody sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Trade {
    /// What.
    pub asset: AssetIx,
    /// Who took.
    pub side: Side,
    /// At which price.
    pub px: Px,
    /// How much.
    pub sz: Lots,
    /// Block time.
    pub time: Ms,
    /// The transaction, 0 for the zero hash.
    pub tx: u64,
    /// Its name.
    pub tid: u64,
    /// Who bought.
    pub buyer: AccountId,
    /// Who sold.
    pub seller: AccountId,
}

/// A funding payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Funding {
    /// When.
    pub time: Ms,
    /// Of which asset.
    pub asset: AssetIx,
    /// Received; negative is paid.
    pub usdc: Amount,
    /// On which position.
    pub szi: Lots,
    /// The rate of the hour, in 10⁻¹⁰.
    pub rate: i64,
}

/// A liquidation, in sums.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Liquidated {
    /// Its number.
    pub lid: u64,
    /// Value of the positions.
    pub notional: Amount,
    /// Value of the account.
    pub value: Amount,
}

/// Money that came or went.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ledger {
    /// When.
    pub time: Ms,
    /// Of which way.
    pub kind: LedgerKind,
    /// Received; negative is given.
    pub usdc: Amount,
}

/// The way of money.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LedgerKind {
    /// From outside.
    Deposit,
    /// Between spot and perpetuals; true towards the perpetuals.
    ClassTransfer(bool),
    /// From or to another account.
    Send(AccountId),
    /// From or to a sub-account or its master.
    SubAccountTransfer(AccountId),
}
