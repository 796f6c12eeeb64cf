//! Who else trades: a market moves the oracle and sends its traders' actions into the mempool before each block.
//!
//! It sees what everybody sees (books, prices) and its own accounts; it never sees a client's actions before they
//! are carried out.

use mm_core::ids::Ms;

use crate::chain::{Chain, Event};

/// A source of other people's orders. All its chance comes from the seed that it was made with.
pub trait Market: Send {
    /// Once, on an empty venue: accounts, their money, the first quotes.
    fn begin(&mut self, chain: &mut Chain);

    /// Before the block of time `at`: oracle prices, actions.
    fn before_block(&mut self, chain: &mut Chain, at: Ms);

    /// After it: everything that came of it. Replies are the answers to its own actions, by ticket.
    fn after_block(&mut self, chain: &Chain, events: &[Event]);
}
