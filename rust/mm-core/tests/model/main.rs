//! The exhaustive model: the real engine, breadth first, under a network that may lose, delay, repeat and reorder
//! every message, and in a process that may crash.
//!
//! A state is the venue ([`world`]), the messages that it ever sent, which of them the engine was given, and the
//! engine. What was sent stays deliverable for ever: that is loss, delay, repetition and reordering at once. The key of
//! a state leaves the engine out, and the table keeps what the engine showed when the state was first met: every
//! other way there must show the same. So each step checks that the engine is a function of the *set* of facts (F8),
//! and every two messages that can be delivered in one state are seen to commute: both orders are steps of the search,
//! and lead to one key. A crash is a step as well: the engine is built anew from its journal, which holds every ask,
//! and of the facts those before the last ask (one log: what is durable has all before it). It leads to the key
//! where the lost facts are undelivered.
//!
//! In worlds with lies the venue denies what it executed: phases may then depend on who was heard first, money and
//! worst cases may not, and these must hold what lives as soon as anything but the denial was told of it.
//!
//! [`law`] holds what is checked in every state and along every step, [`heal`] what must be true once faults stop.
//! Not modelled: false claims of the venue (`refute`), foreign orders, one cloid for two legs, legs that have left
//! memory, what a trimmed order is called when it fills, paging, fees in kind, effects that are told once (`Excess`).
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "the search is timed")]

mod action;
#[cfg(not(feature = "planted"))]
mod exhaust;
mod found;
mod heal;
mod law;
mod message;
#[cfg(feature = "planted")]
mod planted;
mod report;
mod run;
mod search;
mod setting;
mod table;
mod world;
mod worlds;
