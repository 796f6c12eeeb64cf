//! Who else trades: a generated market ([`Flow`]) or a recorded one ([`Replay`]). Both act through the chain's mempool
//! like anybody, know no latency, and are decided by their seed or recording alone.

mod dice;
mod fair;
mod flow;
mod habits;
mod maker;
mod replay;

pub use dice::Dice;
pub use flow::Flow;
pub use habits::Habits;
pub use replay::{Levels, Replay, Seen};
