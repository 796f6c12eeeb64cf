//! Hyperliquid frames into facts, and the venue's words into meanings.
//!
//! [`decode`] reads one WebSocket frame of the user's own streams and tells a [`Sink`] what it says; [`decode_fills`] does
//! the same for a REST answer. [`events`] reads every other frame ([`book`] and [`market`] have the markets), [`answers`]
//! what `/exchange` answers, [`meta`] the list of markets; [`grid`] knows which prices and sizes each takes. [`words`] is
//! the one table of the venue's statuses and error texts. [`json`] is the scanner underneath. No sockets, no clock, no
//! files; any bytes give facts or a typed refusal, and nothing else.
//!
//! The other way, [`action`] writes what is asked of the venue, [`sign`] signs it, and [`nonce`] keeps the numbers
//! under which it is sent.
#![forbid(unsafe_code)]

pub mod action;
pub mod answers;
pub mod book;
mod error;
pub mod events;
mod fill;
mod frames;
pub mod grid;
mod held;
pub mod json;
pub mod keccak;
pub mod keystore;
pub mod market;
pub mod meta;
pub mod msgpack;
pub mod nonce;
mod object;
mod position;
mod read;
pub mod sign;
mod subscription;
mod swar;
mod update;
mod usual;
pub mod words;

pub use error::{FieldError, FrameError, Refusal};
pub use frames::{Channel, GREETING, Head, Sink, Surfaced, decode, decode_fills};
pub use position::parse_position;
pub use subscription::{subscription_in, subscription_key};

/// The deepest nesting that is read; the venue's frames have five.
pub const DEPTH_MAX: u32 = 64;
/// The longest frame that is read: 4 MiB, several times the largest snapshot.
pub const FRAME_MAX: usize = 4 << 20;

#[cfg(test)]
extern crate self as mm_wire;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;
#[cfg(test)]
mod tests;
