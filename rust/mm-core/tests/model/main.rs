//! The exhaustive model, and what it found.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod found;
