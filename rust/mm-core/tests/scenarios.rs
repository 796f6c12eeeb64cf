//! Stories that need what only the core shows: memory, refusals, timers. The incidents are in `tests/scenarios/*.jsonl` of
//! the repository, and run through the Python face.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod common;

#[path = "scenarios/memory.rs"]
mod memory;
#[path = "scenarios/questions.rs"]
mod questions;
#[path = "scenarios/refusals.rs"]
mod refusals;
#[path = "scenarios/written_off.rs"]
mod written_off;
