//! Signatures (protocol 2): an action's bytes, their hash, and the body of `POST /exchange` that carries both.
//!
//! [`Signer`] makes bodies, [`open`] takes one as the venue does and says who signed it. A body is made once: who must
//! repeat a request sends the same bytes.

mod address;
mod body;
mod key;
mod open;

pub use address::Address;
pub(crate) use address::hex_byte;
pub use body::{Signer, connection_id, digest};
pub use key::{Key, Signature};
pub use open::{Opened, open, recover};

/// The longest body that is read: a mebibyte, ten times what two hundred orders take.
pub const BODY_MAX: usize = 1 << 20;

/// Which of the venue's two networks a signature is good for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Network {
    /// Real money.
    Mainnet,
    /// None.
    Testnet,
}

impl Network {
    /// The one or the other.
    pub const fn of(mainnet: bool) -> Self {
        if mainnet { Self::Mainnet } else { Self::Testnet }
    }

    /// Its name in what a user signs.
    pub const fn chain(self) -> &'static str {
        match self {
            Self::Mainnet => "Mainnet",
            Self::Testnet => "Testnet",
        }
    }
}

/// A number as typed data has it: 32 bytes, the last one lowest.
pub(crate) fn word(value: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}
