//! The small public types: sides, times in force, states.

use mm_core::ids::{Side, Tif};
use mm_core::order::{OrdStatus, OrderState};
use mm_wire::words::ModifyError;
use pyo3::prelude::*;

macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident as $python:literal = $core:ident { $($variant:ident as $shown:literal: $about:literal),* }) => {
        $(#[$doc])*
        #[pyclass(frozen, eq, hash, from_py_object, name = $python, module = "mm")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub(crate) enum $name {
            $(#[doc = $about] #[pyo3(name = $shown)] $variant),*
        }
        impl From<$core> for $name {
            fn from(value: $core) -> Self {
                match value { $($core::$variant => Self::$variant),* }
            }
        }
        impl From<$name> for $core {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),* }
            }
        }
    };
}

mirror! {
    /// Which side of the book: `Side.BUY` or `Side.SELL`.
    PySide as "Side" = Side { Buy as "BUY": "Bid, long.", Sell as "SELL": "Ask, short." }
}
mirror! {
    /// Time in force: `ALO` adds liquidity only, `IOC` is immediate or cancel, `GTC` is good till cancelled.
    PyTif as "Tif" = Tif { Alo as "ALO": "Post-only.", Ioc as "IOC": "Immediate or cancel.", Gtc as "GTC": "Rests." }
}
mirror! {
    /// What became of an order: derived from evidence, never assigned.
    PyOrderState as "OrderState" = OrderState {
        Pending as "Pending": "Told to the engine, not yet answered.",
        Unknown as "Unknown": "Sent, outcome not known.",
        Resting as "Resting": "Live, nothing executed.",
        PartialFilled as "PartialFilled": "Live, part executed.",
        Filled as "Filled": "Executed in full.",
        FilledImmediately as "FilledImmediately": "Executed in full at placement.",
        CancelPending as "CancelPending": "A cancel is under way.",
        CancelConfirmed as "CancelConfirmed": "The venue said canceled.",
        Cancelled as "Cancelled": "Canceled and accounted for.",
        FilledDuringCancel as "FilledDuringCancel": "Executed in full during a cancel.",
        Rejected as "Rejected": "It never lived."
    }
}
mirror! {
    /// The same in FIX words (tag 39).
    PyOrdStatus as "OrdStatus" = OrdStatus {
        PendingNew as "PENDING_NEW": "A", New as "NEW": "0", PartiallyFilled as "PARTIALLY_FILLED": "1",
        Filled as "FILLED": "2", PendingCancel as "PENDING_CANCEL": "6", PendingReplace as "PENDING_REPLACE": "E",
        Canceled as "CANCELED": "4", Rejected as "REJECTED": "8"
    }
}
mirror! {
    /// What a refused modify says of the old leg, by the venue's words.
    PyModifyOutcome as "ModifyOutcome" = ModifyError {
        OldGone as "OldGone": "Canceled or filled before.",
        OldGoneNewRefused as "OldGoneNewRefused": "Canceled, and the new leg refused.",
        OldUntouched as "OldUntouched": "Live as it was.",
        Unknown as "Unknown": "The words are not known."
    }
}

#[pymethods]
#[allow(clippy::trivially_copy_pass_by_ref)] // PyO3 lends the object
impl PySide {
    /// The venue's letter: "B" or "A".
    #[getter]
    fn letter(&self) -> &'static str {
        if *self == Self::Buy { "B" } else { "A" }
    }

    /// +1 for a buy, -1 for a sell.
    #[getter]
    fn sign(&self) -> i8 {
        if *self == Self::Buy { 1 } else { -1 }
    }

    /// The other side.
    #[getter]
    fn opposite(&self) -> Self {
        Side::from(*self).opposite().into()
    }
}

#[pymethods]
#[allow(clippy::trivially_copy_pass_by_ref)] // PyO3 lends the object
impl PyOrderState {
    /// Live on the book: `Resting` or `PartialFilled`.
    #[getter]
    fn is_active(&self) -> bool {
        OrderState::from(*self).is_active()
    }

    /// Closed for good; late fills are booked, but it never opens again.
    #[getter]
    fn is_terminal(&self) -> bool {
        OrderState::from(*self).is_terminal()
    }
}
