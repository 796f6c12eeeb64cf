//! What is asked of the venue (protocol 3), written down as it hashes and reads it.
//!
//! An [`Action`] of known kind is checked and written by [`Action::write`]; any other is JSON text whose members stand
//! in the venue's order, an [`Ordered`]. What a *user* signs (transfers, approvals) is in [`user`]. How the venue
//! itself reads an action and writes it anew is in `canonical.rs`.

pub(crate) mod canonical;
mod order;
pub(crate) mod pen;
pub(crate) mod tree;
pub mod user;

use mm_core::error::Error;
use mm_core::ids::{Cloid, Ms, Oid};
use mm_core::num::Sz;

pub use order::{Kind, Order, Target, Tpsl, WireTif};
pub use pen::{Decimal, Pen};
pub use tree::Ordered;

use crate::meta;
use crate::sign::Address;

/// The most items in one action; beyond it the venue refuses all of them (protocol 3.2).
pub const ITEMS_MAX: usize = 200;
/// The highest priority fee, in 10⁻⁸ of the notional: all of it.
pub const PRIORITY_MAX: u64 = 100_000_000;
/// The highest fee of a builder, in tenths of a basis point, on spot and outcomes.
pub const BUILDER_FEE_MAX: u64 = 1_000;
/// The same on perpetuals, those of builders' dexes too.
pub const PERP_BUILDER_FEE_MAX: u64 = 100;
/// The longest free text (a name, a code, a token), in bytes.
pub const TEXT_MAX: usize = 128;

/// What is done for the signer's own account, whatever vault it acts for (as the official SDK has it).
const OWN_BUSINESS: [&str; 5] = [
    "setReferrer",
    "createSubAccount",
    "subAccountTransfer",
    "subAccountSpotTransfer",
    "vaultTransfer",
];

/// How the orders of one action belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grouping {
    /// They do not.
    None,
    /// The first, and what takes profit or stops loss once it fills.
    NormalTpsl,
    /// What takes profit or stops loss for the position.
    PositionTpsl,
    /// They do not, and pay so many 10⁻⁸ of their notional to go first.
    Priority(u64),
}

/// Who brought the order, and the fee for it in tenths of a basis point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Builder {
    /// The builder's address.
    pub address: Address,
    /// The fee.
    pub fee: u64,
}

/// An L1 action: what an agent may sign. Amounts of dollars are in millionths.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // the fields are those of protocol 3, by name
pub enum Action<'a> {
    Orders { orders: &'a [Order], grouping: Grouping, builder: Option<Builder> },
    Cancels { targets: &'a [(u32, Oid)], fast: bool },
    CancelsByCloid { targets: &'a [(u32, Cloid)], fast: bool },
    Modify { target: Target, order: Order, always_place: bool },
    Modifies { changes: &'a [(Target, Order)], always_place: bool },
    ScheduleCancel { time: Option<Ms> },
    Noop,
    UpdateLeverage { asset: u32, is_cross: bool, leverage: u32 },
    UpdateIsolatedMargin { asset: u32, is_buy: bool, micro_usd: i64 },
    ReserveRequestWeight { weight: u64 },
    SetReferrer { code: &'a str },
    TwapOrder { asset: u32, is_buy: bool, sz: Sz, reduce_only: bool, minutes: u64, randomize: bool },
    TwapCancel { asset: u32, twap: u64 },
    CreateSubAccount { name: &'a str },
    SubAccountTransfer { sub_account: Address, is_deposit: bool, micro_usd: u64 },
    VaultTransfer { vault: Address, is_deposit: bool, micro_usd: u64 },
}

impl Action<'_> {
    /// About how many bytes of JSON it takes: enough for all but the odd one.
    pub fn room(&self) -> usize {
        const ORDER: usize = 160;
        match self {
            Self::Orders { orders, .. } => 128 + orders.len() * ORDER,
            Self::Modifies { changes, .. } => 64 + changes.len() * (ORDER + 64),
            Self::Cancels { targets, .. } => 64 + targets.len() * 40,
            Self::CancelsByCloid { targets, .. } => 64 + targets.len() * 72,
            _ => 128 + ORDER,
        }
    }

    /// Whether it is done for a vault or sub-account where there is one; the rest is the signer's own business.
    pub(crate) const fn is_for_vaults(&self) -> bool {
        !matches!(
            self,
            Self::SetReferrer { .. }
                | Self::CreateSubAccount { .. }
                | Self::SubAccountTransfer { .. }
                | Self::VaultTransfer { .. }
        )
    }

    /// Writes it, if it can be asked at all. What was written before an error is of no use.
    pub fn write(&self, pen: &mut Pen) -> Result<(), Error> {
        match *self {
            Self::Orders { orders, grouping, builder } => {
                write_orders(pen, orders, grouping, builder)?;
            }
            Self::Cancels { targets, fast } => {
                let items = |pen: &mut Pen| {
                    for (asset, oid) in targets {
                        pair(pen, ("a", u64::from(*asset)), "o", |pen| pen.uint(oid.0));
                    }
                };
                write_batch(
                    pen,
                    ("cancel", "cancels", "targets"),
                    targets.len(),
                    items,
                    ("f", fast),
                )?;
            }
            Self::CancelsByCloid { targets, fast } => {
                let items = |pen: &mut Pen| {
                    for (asset, cloid) in targets {
                        pair(pen, ("asset", u64::from(*asset)), "cloid", |pen| pen.cloid(*cloid));
                    }
                };
                let names = ("cancelByCloid", "cancels", "targets");
                write_batch(pen, names, targets.len(), items, ("f", fast))?;
            }
            Self::Modify { target, order, always_place } => {
                pen.open(3 + usize::from(always_place));
                kind(pen, "modify");
                write_change(pen, target, &order);
                flag_if(pen, "a", always_place);
                pen.close();
            }
            Self::Modifies { changes, always_place } => {
                let items = |pen: &mut Pen| {
                    for (target, order) in changes {
                        pen.open(2);
                        write_change(pen, *target, order);
                        pen.close();
                    }
                };
                let names = ("batchModify", "modifies", "changes");
                write_batch(pen, names, changes.len(), items, ("a", always_place))?;
            }
            _ => self.write_other(pen)?,
        }
        Ok(())
    }

    fn write_other(&self, pen: &mut Pen) -> Result<(), Error> {
        match *self {
            Self::Orders { .. }
            | Self::Cancels { .. }
            | Self::CancelsByCloid { .. }
            | Self::Modify { .. }
            | Self::Modifies { .. } => {} // written above
            Self::ScheduleCancel { time } => {
                pen.open(1 + usize::from(time.is_some()));
                kind(pen, "scheduleCancel");
                if let Some(time) = time {
                    member(pen, "time", |pen| pen.uint(time));
                }
            }
            Self::Noop => {
                pen.open(1);
                kind(pen, "noop");
            }
            Self::UpdateLeverage { asset, is_cross, leverage } => {
                pen.open(4);
                kind(pen, "updateLeverage");
                member(pen, "asset", |pen| pen.uint(u64::from(asset)));
                member(pen, "isCross", |pen| pen.flag(is_cross));
                member(pen, "leverage", |pen| pen.uint(u64::from(leverage)));
            }
            Self::UpdateIsolatedMargin { asset, is_buy, micro_usd } => {
                pen.open(4);
                kind(pen, "updateIsolatedMargin");
                member(pen, "asset", |pen| pen.uint(u64::from(asset)));
                member(pen, "isBuy", |pen| pen.flag(is_buy));
                member(pen, "ntli", |pen| pen.int(micro_usd));
            }
            Self::ReserveRequestWeight { weight } => {
                pen.open(2);
                kind(pen, "reserveRequestWeight");
                member(pen, "weight", |pen| pen.uint(weight));
            }
            Self::TwapOrder { asset, is_buy, sz, reduce_only, minutes, randomize } => {
                order::wire_size("sz", sz)?;
                pen.open(2);
                kind(pen, "twapOrder");
                pen.name("twap");
                pen.open(6);
                member(pen, "a", |pen| pen.uint(u64::from(asset)));
                member(pen, "b", |pen| pen.flag(is_buy));
                member(pen, "s", |pen| pen.sz(sz));
                member(pen, "r", |pen| pen.flag(reduce_only));
                member(pen, "m", |pen| pen.uint(minutes));
                member(pen, "t", |pen| pen.flag(randomize));
                pen.close();
            }
            Self::TwapCancel { asset, twap } => {
                pen.open(3);
                kind(pen, "twapCancel");
                member(pen, "a", |pen| pen.uint(u64::from(asset)));
                member(pen, "t", |pen| pen.uint(twap));
            }
            Self::SetReferrer { code } => named(pen, "setReferrer", "code", code)?,
            Self::CreateSubAccount { name } => named(pen, "createSubAccount", "name", name)?,
            Self::SubAccountTransfer { sub_account, is_deposit, micro_usd } => {
                transfer(
                    pen,
                    ("subAccountTransfer", "subAccountUser"),
                    sub_account,
                    is_deposit,
                    micro_usd,
                );
            }
            Self::VaultTransfer { vault, is_deposit, micro_usd } => {
                transfer(pen, ("vaultTransfer", "vaultAddress"), vault, is_deposit, micro_usd);
            }
        }
        pen.close();
        Ok(())
    }
}

fn member(pen: &mut Pen, name: &'static str, value: impl FnOnce(&mut Pen)) {
    pen.name(name);
    value(pen);
}

fn kind(pen: &mut Pen, word: &'static str) {
    pen.name("type");
    pen.plain(word);
}

/// A member that is left out where it says no.
fn flag_if(pen: &mut Pen, name: &'static str, value: bool) {
    if value {
        member(pen, name, |pen| pen.flag(true));
    }
}

fn pair(
    pen: &mut Pen,
    (first, asset): (&'static str, u64),
    second: &'static str,
    value: impl FnOnce(&mut Pen),
) {
    pen.open(2);
    member(pen, first, |pen| pen.uint(asset));
    member(pen, second, value);
    pen.close();
}

/// `{"type":…, list:[…]}`, with a last member where it says yes. `field` is what a caller knows the list as.
fn write_batch(
    pen: &mut Pen,
    (word, list, field): (&'static str, &'static str, &'static str),
    count: usize,
    items: impl FnOnce(&mut Pen),
    (last, asked): (&'static str, bool),
) -> Result<(), Error> {
    counted(field, count)?;
    pen.open(2 + usize::from(asked));
    kind(pen, word);
    pen.name(list);
    pen.open_list(count);
    items(pen);
    pen.close_list();
    flag_if(pen, last, asked);
    pen.close();
    Ok(())
}

fn counted(field: &'static str, count: usize) -> Result<(), Error> {
    match count {
        0 => Err(Error::Bad(field, "is empty")),
        1..=ITEMS_MAX => Ok(()),
        _ => Err(Error::Bad(field, "has more than 200 items")),
    }
}

fn write_orders(
    pen: &mut Pen,
    orders: &[Order],
    grouping: Grouping,
    builder: Option<Builder>,
) -> Result<(), Error> {
    counted("orders", orders.len())?;
    pen.open(3 + usize::from(builder.is_some()));
    kind(pen, "order");
    pen.name("orders");
    pen.open_list(orders.len());
    for order in orders {
        order.write(pen);
    }
    pen.close_list();
    pen.name("grouping");
    match grouping {
        Grouping::None => pen.plain("na"),
        Grouping::NormalTpsl => pen.plain("normalTpsl"),
        Grouping::PositionTpsl => pen.plain("positionTpsl"),
        Grouping::Priority(fee) => {
            priority(orders, fee)?;
            pen.open(1);
            member(pen, "p", |pen| pen.uint(fee));
            pen.close();
        }
    }
    if let Some(Builder { address, fee }) = builder {
        if fee > BUILDER_FEE_MAX {
            return Err(Error::Bad("builder", "has a fee above 1000 tenths of a basis point"));
        }
        if fee > PERP_BUILDER_FEE_MAX && orders.iter().any(|order| meta::is_perp(order.asset())) {
            let why = "has a fee above 100 tenths of a basis point, with an order of a perpetual";
            return Err(Error::Bad("builder", why));
        }
        pen.name("builder");
        pen.open(2);
        member(pen, "b", |pen| pen.plain(&address.to_string()));
        member(pen, "f", |pen| pen.uint(fee));
        pen.close();
    }
    pen.close();
    Ok(())
}

/// Who may pay to go first (protocol 3.2).
fn priority(orders: &[Order], fee: u64) -> Result<(), Error> {
    if fee > PRIORITY_MAX {
        return Err(Error::Bad("priority", "is above 100000000"));
    }
    let all = |tif, may_reduce| {
        orders.iter().all(|o| o.kind() == Kind::Limit(tif) && (may_reduce || !o.reduce_only()))
    };
    if all(WireTif::Ioc, true) || all(WireTif::Alo, false) {
        return Ok(());
    }
    Err(Error::Bad("priority", "is for orders that are all IOC, or all ALO and not reduce-only"))
}

fn write_change(pen: &mut Pen, target: Target, order: &Order) {
    pen.name("oid");
    target.write(pen);
    pen.name("order");
    order.write(pen);
}

fn named(pen: &mut Pen, word: &'static str, name: &'static str, text: &str) -> Result<(), Error> {
    free_text(name, text)?;
    pen.open(2);
    kind(pen, word);
    member(pen, name, |pen| pen.text(text));
    Ok(())
}

/// A text that a person chose.
pub(crate) fn free_text(field: &'static str, text: &str) -> Result<(), Error> {
    match text.len() {
        0 => Err(Error::Bad(field, "is empty")),
        1..=TEXT_MAX => Ok(()),
        _ => Err(Error::Bad(field, "is longer than 128 bytes")),
    }
}

fn transfer(
    pen: &mut Pen,
    (word, whose): (&'static str, &'static str),
    other: Address,
    is_deposit: bool,
    micro_usd: u64,
) {
    pen.open(4);
    kind(pen, word);
    member(pen, whose, |pen| pen.plain(&other.to_string()));
    member(pen, "isDeposit", |pen| pen.flag(is_deposit));
    member(pen, "usd", |pen| pen.uint(micro_usd));
}
