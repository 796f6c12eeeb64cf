//! The order-state engine.
//!
//! Facts in, effects out; no clock, no socket, no file, no float. See `ARCHITECTURE.md`.
#![forbid(unsafe_code)]

pub mod event;
pub mod ids;
pub mod num;
