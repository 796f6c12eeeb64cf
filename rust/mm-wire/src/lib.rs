//! Hyperliquid frames into facts, and the venue's words into meanings.
#![forbid(unsafe_code)]
