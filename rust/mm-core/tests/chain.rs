//! The position chain: that nothing is missing is proven from the fills alone, in whatever order they come; and what is
//! missing is known by its size and its window.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod common;

#[path = "chain/anchors.rs"]
mod anchors;
#[path = "chain/folding.rs"]
mod folding;
#[path = "chain/history.rs"]
mod history;
#[path = "chain/missing.rs"]
mod missing;
#[path = "chain/profit.rs"]
mod profit;
