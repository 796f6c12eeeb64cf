//! Stories that need what only the core shows: memory, refusals, timers. The incidents are in `tests/scenarios/*.jsonl` of
//! the repository, and run through the Python face.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // a test that panics has failed

mod common;

#[path = "scenarios/memory.rs"]
mod memory;
#[path = "scenarios/questions.rs"]
mod questions;
#[path = "scenarios/refusals.rs"]
mod refusals;
