//! A body as the venue takes it: read, written anew, and the address found that signed that.

use mm_core::error::Error;
use mm_core::ids::Ms;

use super::address::hex_byte;
use super::{Address, Network, Signature, connection_id, digest};
use crate::action::tree::Node;
use crate::action::{Pen, canonical, user};

/// A body, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Who signed it: anybody's address, if it was hashed otherwise than the venue hashes it.
    pub signer: Address,
    /// Under which nonce.
    pub nonce: u64,
    /// For which sub-account or vault.
    pub vault: Option<Address>,
    /// Until when.
    pub expires_ms: Option<Ms>,
    /// Whether it is one of those that only an account's own key may sign (protocol 2.10).
    pub user_signed: bool,
    /// The action as compact JSON: an L1 action with its members in the venue's order, and only those; one that a
    /// user signed as it came.
    pub action: Vec<u8>,
}

/// Reads a body. An error of the field `signature` means that no key can have signed it ("Unable to recover signer.");
/// any other, that the venue could not read it (422). What a user signed for the other network is nobody's here, whatever
/// its `hyperliquidChain` says.
pub fn open(body: &[u8], network: Network) -> Result<Opened, Error> {
    let node = Node::read("body", body)?;
    let action = node.get("action").ok_or(Error::Bad("action", "is missing"))?;
    let nonce = whole(&node, "nonce")?.ok_or(Error::Bad("nonce", "is missing"))?;
    let expires_ms = whole(&node, "expiresAfter")?;
    let vault = match node.get("vaultAddress") {
        None => None,
        Some(vault) => {
            let bad = Error::Bad("vaultAddress", "is not 0x and 40 hexadecimal digits");
            Some(vault.as_text().and_then(Address::parse).ok_or(bad)?)
        }
    };
    let signature = signature(&node)?;
    let by_user = user::digest_of(action, network)?;
    let mut written = Vec::new();
    let signed = if let Some((signed, told)) = by_user {
        if told != nonce {
            return Err(Error::Bad("nonce", "differs from the one that is signed"));
        }
        action.write(&mut written);
        signed
    } else {
        let mut pen = Pen::new("", body.len());
        canonical::write(&mut pen, action)?;
        written = pen.json;
        digest(&connection_id(pen.packed, nonce, vault, expires_ms), network)
    };
    let signer = signature.recover(signed).ok_or(Error::Bad("signature", "is of no key"))?;
    let user_signed = by_user.is_some();
    Ok(Opened { signer, nonce, vault, expires_ms, user_signed, action: written })
}

/// The address that signed a body, as the venue finds it.
pub fn recover(body: &[u8], network: Network) -> Result<Address, Error> {
    open(body, network).map(|opened| opened.signer)
}

fn whole(node: &Node<'_>, name: &'static str) -> Result<Option<u64>, Error> {
    match node.get(name) {
        None => Ok(None),
        Some(Node::Whole(value)) => Ok(Some(*value)),
        Some(_) => Err(Error::Bad(name, "is not a whole number")),
    }
}

fn signature(node: &Node<'_>) -> Result<Signature, Error> {
    let given = node.get("signature").ok_or(Error::Bad("signature", "is missing"))?;
    let mut bytes = [0; 64];
    let (r, s) = bytes.split_at_mut(32);
    for (name, part) in [("r", r), ("s", s)] {
        let text = given.get(name).and_then(Node::as_text).ok_or(Error::Bad(name, "is missing"))?;
        number(text, part).ok_or(Error::Bad(name, "is not 0x and up to 64 hexadecimal digits"))?;
    }
    match whole(given, "v")? {
        Some(27) => Ok(Signature { bytes, v: 27 }),
        Some(28) => Ok(Signature { bytes, v: 28 }),
        _ => Err(Error::Bad("v", "is neither 27 nor 28")),
    }
}

/// Hexadecimal digits into the end of `bytes`: leading zeros may be absent (protocol 2.2).
fn number(text: &str, bytes: &mut [u8]) -> Option<()> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.is_empty() || digits.len() > 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().rev().zip(digits.rchunks(2)) {
        *byte = match *pair {
            [high, low] => hex_byte([high, low])?,
            [low] => hex_byte([b'0', low])?,
            _ => return None,
        };
    }
    Some(())
}
