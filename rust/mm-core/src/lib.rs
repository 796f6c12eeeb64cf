//! The order-state engine.
//!
//! Facts in, effects out; no clock, no socket, no file, no float. See `ARCHITECTURE.md`.
#![forbid(unsafe_code)]

#[macro_use]
mod table;

pub mod chain;
pub mod digits;
pub mod effect;
pub mod engine;
pub mod error;
pub mod event;
pub mod ids;
mod ledger;
pub mod lifecycle;
pub mod num;
pub mod order;
pub mod paged;
pub mod planted;
pub mod pnl;
mod sealed;
pub mod seen;
mod slab;
