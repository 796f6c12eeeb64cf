//! Columns of the Arrow C data interface, read in place.
//!
//! A producer (polars, pyarrow, duckdb, nanoarrow …) hands over a C structure; this crate takes it, reads what kinds
//! of columns it holds, and shows each value as an [`Item`]. What a column of fills can be is read: texts, whole
//! numbers, decimals, booleans, dictionaries of those. Everything else has a name and no values.
//!
//! The interface tells no lengths of buffers: that a producer's buffers are as long as its own numbers say is the one
//! thing that cannot be checked here, and the contract of the two unsafe functions. All that can be checked is: no
//! offset, index or view of a producer's leads outside of the buffers; alignment is not relied on.
//!
//! `unsafe` stands in `abi.rs` (taking and releasing) and `read.rs` (the few places that follow a pointer), each with
//! its reason. The tests run under a sanitizer too (ADR 0007).
#![deny(clippy::undocumented_unsafe_blocks)]

mod abi;
mod item;
mod kind;
mod read;
mod table;

pub use abi::{RawArray, RawSchema, RawStream};
pub use item::{Item, Part};
pub use kind::{Field, Kind};
pub use table::{Column, Error, Table};
