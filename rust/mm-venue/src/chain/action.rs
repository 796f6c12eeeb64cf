//! What an account asks for, as the venue understands it (protocol 3): typed, not yet judged.

use mm_core::ids::{Cloid, Ms, Oid, Side};
use mm_core::num::{Px, Sz};

use super::order::Tif;
use super::units::{AccountId, Address, Amount};

/// The number of a submission, to find its reply by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum By {
    /// A signature: checks of signer, nonce, expiry and budget apply.
    Signer {
        /// Whom the signature recovers to: the account itself or an agent, or nobody.
        signer: Address,
        /// The sub-account or vault that is acted for.
        vault: Option<Address>,
    },
    /// The simulation's own traders: none of these apply.
    Account(AccountId),
}

/// An action on its way into a block.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Submission {
    /// Its number.
    pub ticket: Ticket,
    /// Who asks.
    pub by: By,
    /// Its nonce.
    pub nonce: u64,
    /// It may not be carried out after this.
    pub expires_after: Option<Ms>,
    /// What is asked.
    pub action: Action,
}

/// A limit or a trigger.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// `{"limit":{"tif":..}}`
    Limit(Tif),
    /// `{"trigger":{..}}`
    Trigger {
        /// Take whatever is there.
        is_market: bool,
        /// The mark that sets it off; `None` if it is no price.
        px: Option<Px>,
        /// `tp`, else `sl`.
        take_profit: bool,
    },
}

/// One order to place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NewOrder {
    /// The asset's id on the wire.
    pub asset: u32,
    /// Buys or sells.
    pub side: Side,
    /// The limit; `None` if the text is none that can be one.
    pub px: Option<Px>,
    /// The size; `None` if the text is none that can be one.
    pub sz: Option<Sz>,
    /// May only reduce.
    pub reduce_only: bool,
    /// Limit or trigger.
    pub kind: Type,
    /// The owner's name.
    pub cloid: Option<Cloid>,
}

/// How the orders of an action belong together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Grouping {
    /// Not at all.
    Na,
    /// The first is the parent of the others.
    NormalTpsl,
    /// They guard the whole position.
    PositionTpsl,
    /// Not at all; a priority fee of so many 10⁻⁸ is paid.
    Priority(u64),
}

/// Names an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// By the venue's name.
    Oid(Oid),
    /// By the owner's.
    Cloid(Cloid),
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Place orders.
    Order {
        /// In sequence.
        orders: Vec<NewOrder>,
        /// How they belong together.
        grouping: Grouping,
        /// A builder's address and tenths of a basis point.
        builder: Option<(Address, u32)>,
    },
    /// Cancel orders, by oid or by cloid, each of an asset.
    Cancel(Vec<(u32, Target)>),
    /// Replace orders.
    Modify {
        /// `modify`: the reply names no oid.
        single: bool,
        /// In sequence.
        changes: Vec<(Target, NewOrder)>,
        /// Place the new one though the old one is gone.
        always_place: bool,
    },
    /// Set or unset the dead man's switch.
    ScheduleCancel(Option<Ms>),
    /// Set an asset's leverage.
    UpdateLeverage {
        /// The asset's id on the wire.
        asset: u32,
        /// Cross, else isolated.
        is_cross: bool,
        /// How much.
        leverage: u32,
    },
    /// Move money into or out of an isolated position.
    UpdateIsolatedMargin {
        /// The asset's id on the wire.
        asset: u32,
        /// How much; negative takes it out.
        amount: Amount,
    },
    /// Nothing: burns the nonce.
    Noop,
    /// Buy requests.
    ReserveRequestWeight(u64),
    /// A referrer's code; nothing follows.
    SetReferrer,
    /// Let an agent sign.
    ApproveAgent {
        /// Its address.
        agent: Address,
        /// Its name; the unnamed one has none.
        name: String,
    },
    /// Let a builder charge.
    ApproveBuilderFee {
        /// Its address.
        builder: Address,
        /// Tenths of a basis point.
        tenths: u32,
    },
    /// Move USDC between perpetuals and spot.
    UsdClassTransfer {
        /// How much.
        amount: Amount,
        /// Towards the perpetuals.
        to_perp: bool,
    },
    /// Give USDC to another account.
    UsdSend {
        /// To whom.
        to: Address,
        /// How much.
        amount: Amount,
    },
    /// Make a sub-account.
    CreateSubAccount {
        /// Its name.
        name: String,
    },
    /// Move USDC between an account and its sub-account.
    SubAccountTransfer {
        /// The sub-account.
        sub: Address,
        /// Towards it.
        is_deposit: bool,
        /// How much.
        amount: Amount,
    },
    /// One of the actions that this venue does not have; it is refused by this text.
    Unsupported(&'static str),
}

impl Action {
    /// The place in a block: 1 without taking orders, 2 cancels, 3 with at least one that may take (protocol 10.2).
    pub fn class(&self) -> u8 {
        let takes =
            |order: &NewOrder| !matches!(order.kind, Type::Limit(Tif::Alo) | Type::Trigger { .. });
        match self {
            Self::Cancel(_) => 2,
            Self::Order { orders, .. } if orders.iter().any(takes) => 3,
            Self::Modify { changes, .. } if changes.iter().any(|(_, order)| takes(order)) => 3,
            _ => 1,
        }
    }

    /// How many items it has: what it costs of an address's budget.
    pub fn items(&self) -> u64 {
        let items = match self {
            Self::Order { orders, .. } => orders.len(),
            Self::Cancel(cancels) => cancels.len(),
            Self::Modify { changes, .. } => changes.len(),
            _ => 1,
        };
        u64::try_from(items).unwrap_or(u64::MAX)
    }

    /// Only the account's own key may sign it (protocol 2.10).
    pub const fn is_user_signed(&self) -> bool {
        matches!(
            self,
            Self::ApproveAgent { .. }
                | Self::ApproveBuilderFee { .. }
                | Self::UsdClassTransfer { .. }
                | Self::UsdSend { .. }
        )
    }
}
