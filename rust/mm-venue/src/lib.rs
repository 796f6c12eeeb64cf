//! A simulated Hyperliquid: deterministic, in virtual time, without clock, socket or file (ADR 0013).
//!
//! | module | knows | does not know |
//! |---|---|---|
//! | [`chain`] | blocks, accounts, books, money: typed actions in, typed events out | JSON, latency, faults |
//! | `api` | bytes: `/exchange`, `/info`, sockets and their streams | time, chance |
//! | [`faults`] | what may go wrong between the two, each by its name | what it does |
//! | [`market`] | who else trades | a client's requests |
//! | [`Venue`] | what is under way, and when it arrives | what it means |
#![forbid(unsafe_code)]

mod api;
pub mod chain;
mod config;
pub mod faults;
pub mod market;
mod options;
mod rng;
mod venue;

pub use config::{Cadence, Config, Delay, Latency};
pub use options::Setting;
pub use rng::Rng;
pub use venue::{Others, Output, Recover, Signed, Venue, believe, recover};
