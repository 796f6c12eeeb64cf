//! All orders, with repetition: every way in which the messages of a small history can arrive, each once or twice,
//! ends in one state. More than the ends is compared: whatever subset of the messages has arrived, the order in
//! which it did leaves no trace.
//!
//! The orders are not walked one by one: two that have led to the very same engine (every field of it) are walked
//! on as one, and counted as two.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod common;

#[path = "orderless/cancels.rs"]
mod cancels;
#[path = "orderless/explore.rs"]
mod explore;
#[path = "orderless/fills.rs"]
mod fills;
#[path = "orderless/legs.rs"]
mod legs;
#[path = "orderless/written_off.rs"]
mod written_off;
