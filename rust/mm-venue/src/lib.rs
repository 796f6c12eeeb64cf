//! A simulated Hyperliquid: deterministic, in virtual time, without clock, socket or file (ADR 0013).
//!
//! | module | knows | does not know |
//! |---|---|---|
//! | [`chain`] | blocks, accounts, books, money: typed actions in, typed events out | JSON, latency, faults |
//! | `api` | bytes: `/exchange`, `/info`, sockets and their streams | how an order is matched |
//! | `faults` | what may go wrong between the two, each by its name | |
//! | `market` | who else trades | |
#![forbid(unsafe_code)]

pub mod chain;
pub mod market;
