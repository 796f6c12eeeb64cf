//! Bodies of `POST /exchange`, signed.

use mm_core::error::Error;
use mm_core::ids::Ms;

use super::{Address, Key, Network, Signature};
use crate::action::pen::{digits, hex_pair};
use crate::action::user::UserAction;
use crate::action::{Action, Ordered, Pen};
use crate::keccak::keccak256;

const HEAD: &str = r#"{"action":"#;
/// What a body takes beside its action: nonce, signature, vault, expiry, their names.
const TAIL: usize = 320;

/// A key, the network that it signs for, and the account that is acted for if it is not its own.
pub struct Signer {
    key: Key,
    network: Network,
    vault: Option<Address>,
}

impl Signer {
    /// Puts the three together.
    pub const fn new(key: Key, network: Network, vault: Option<Address>) -> Self {
        Self { key, network, vault }
    }

    /// The key's address.
    pub const fn address(&self) -> Address {
        self.key.address()
    }

    /// The network.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// The sub-account or vault that is acted for.
    pub const fn vault(&self) -> Option<Address> {
        self.vault
    }

    /// The body that asks for an action, under a nonce, until a time.
    pub fn action(
        &self,
        action: &Action<'_>,
        nonce: u64,
        expires_ms: Option<Ms>,
    ) -> Result<Vec<u8>, Error> {
        let mut pen = Pen::new(HEAD, action.room() + TAIL);
        action.write(&mut pen)?;
        let vault = if action.is_for_vaults() { self.vault } else { None };
        Ok(self.seal(pen, vault, nonce, expires_ms))
    }

    /// The same of an action as JSON text, hashed as it stands.
    pub fn ordered(&self, action: Ordered<'_>, nonce: u64, expires_ms: Option<Ms>) -> Vec<u8> {
        let mut pen = Pen::new(HEAD, action.text.len() + TAIL);
        pen.json.extend_from_slice(action.text);
        pen.packed = action.packed;
        let vault = if action.is_for_vaults { self.vault } else { None };
        self.seal(pen, vault, nonce, expires_ms)
    }

    /// The body that asks for what only an account's own key may sign.
    pub fn user(&self, action: &UserAction<'_>, nonce: u64) -> Result<Vec<u8>, Error> {
        let (json, digest) = action.write(self.network, nonce)?;
        let mut body = Vec::with_capacity(HEAD.len() + json.len() + TAIL);
        body.extend_from_slice(HEAD.as_bytes());
        body.extend_from_slice(&json);
        close(&mut body, nonce, &self.key.sign(digest), None, None);
        Ok(body)
    }

    fn seal(
        &self,
        pen: Pen,
        vault: Option<Address>,
        nonce: u64,
        expires_ms: Option<Ms>,
    ) -> Vec<u8> {
        let Pen { json: mut body, packed } = pen;
        let id = connection_id(packed, nonce, vault, expires_ms);
        let signature = self.key.sign(digest(&id, self.network));
        close(&mut body, nonce, &signature, vault, expires_ms);
        body
    }
}

/// What follows the action (protocol 2.3): `r` and `s` in full, the rest as it was hashed.
fn close(
    body: &mut Vec<u8>,
    nonce: u64,
    signature: &Signature,
    vault: Option<Address>,
    expires_ms: Option<Ms>,
) {
    let hex = |body: &mut Vec<u8>, bytes: &[u8]| {
        body.extend(bytes.iter().flat_map(|byte| hex_pair(*byte)));
    };
    let (r, s) = signature.bytes.split_at(32);
    body.extend_from_slice(br#","nonce":"#);
    digits(body, nonce);
    body.extend_from_slice(br#","signature":{"r":"0x"#);
    hex(body, r);
    body.extend_from_slice(br#"","s":"0x"#);
    hex(body, s);
    body.extend_from_slice(br#"","v":"#);
    digits(body, u64::from(signature.v));
    body.extend_from_slice(br#"},"vaultAddress":"#);
    match vault {
        Some(vault) => {
            body.extend_from_slice(b"\"0x");
            hex(body, &vault.0);
            body.push(b'"');
        }
        None => body.extend_from_slice(b"null"),
    }
    body.extend_from_slice(br#","expiresAfter":"#);
    match expires_ms {
        Some(expires) => digits(body, expires),
        None => body.extend_from_slice(b"null"),
    }
    body.push(b'}');
}

/// The hash of an L1 action: of its msgpack, its nonce, and what it is bound to (protocol 2.1).
pub fn connection_id(
    mut packed: Vec<u8>,
    nonce: u64,
    vault: Option<Address>,
    expires_ms: Option<Ms>,
) -> [u8; 32] {
    preimage(&mut packed, nonce, vault, expires_ms);
    keccak256(&packed)
}

/// Adds what is hashed after the msgpack.
fn preimage(packed: &mut Vec<u8>, nonce: u64, vault: Option<Address>, expires_ms: Option<Ms>) {
    packed.extend_from_slice(&nonce.to_be_bytes());
    match vault {
        Some(vault) => {
            packed.push(1);
            packed.extend_from_slice(&vault.0);
        }
        None => packed.push(0),
    }
    if let Some(expires) = expires_ms {
        packed.push(0);
        packed.extend_from_slice(&expires.to_be_bytes());
    }
}

/// `Agent(string source,bytes32 connectionId)`, hashed.
const AGENT: [u8; 32] =
    bytes32(b"26f05c2f7239b6983075e58321292d77b3aa173d19b27257ac96ab362570f508");
/// The domain `Exchange`, version 1, chain 1337, contract 0, hashed.
const DOMAIN: [u8; 32] =
    bytes32(b"d79297fcdf2ffcd4ae223d01edaa2ba214ff8f401d7c9300d995d17c82aa4040");
/// "a" and "b", hashed: the source says the network.
const MAINNET: [u8; 32] =
    bytes32(b"3ac225168df54212a25c1c01fd35bebfea408fdac2e31ddd6f80a4bbf9a5f1cb");
const TESTNET: [u8; 32] =
    bytes32(b"b5553de315e0edf504d9150af82dafa5c4667fa618ed0a6f19c69b41166c5510");

/// What is signed for an L1 action of that hash: the phantom agent as typed data (protocol 2.2).
pub fn digest(connection_id: &[u8; 32], network: Network) -> [u8; 32] {
    let source = match network {
        Network::Mainnet => MAINNET,
        Network::Testnet => TESTNET,
    };
    let agent = keccak256([AGENT, source, *connection_id].as_flattened());
    let mut typed = [0; 66];
    typed[..2].copy_from_slice(b"\x19\x01");
    typed[2..34].copy_from_slice(&DOMAIN);
    typed[34..].copy_from_slice(&agent);
    keccak256(&typed)
}

const fn bytes32(hex: &[u8; 64]) -> [u8; 32] {
    const fn digit(c: u8) -> u8 {
        if c <= b'9' { c - b'0' } else { c - b'a' + 10 }
    }
    let mut bytes = [0; 32];
    let mut i = 0;
    while i < 32 {
        bytes[i] = digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]);
        i += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::word;

    #[test]
    fn the_constants_are_hashes_of_what_they_say() {
        assert_eq!(AGENT, keccak256(b"Agent(string source,bytes32 connectionId)"));
        assert_eq!(MAINNET, keccak256(b"a"));
        assert_eq!(TESTNET, keccak256(b"b"));
        let domain = [
            keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256(b"Exchange"),
            keccak256(b"1"),
            word(1337),
            word(0),
        ];
        assert_eq!(DOMAIN, keccak256(domain.as_flattened()));
    }

    #[test]
    fn the_walk_through_of_the_protocol() {
        let text = br#"{"type":"cancel","cancels":[{"a":0,"o":556657630865}]}"#;
        let mut packed = Ordered::read(text).unwrap().packed;
        let id = connection_id(packed.clone(), 1_767_225_600_123, None, None);
        assert_eq!(
            id,
            bytes32(b"01bf72860f8aff10684bb45633bb300ab2089db2f03cc0f303a7333045065f7a")
        );
        assert_eq!(
            digest(&id, Network::Mainnet),
            bytes32(b"a3680e054353d01f0716a5f57f6f4643d6faeeaeca7d723f0c8e714f149d3952")
        );
        let start = packed.len();
        let vault = Address::parse("0xabcdef0123456789abcdef0123456789abcdef01");
        preimage(&mut packed, 1_767_225_600_123, vault, Some(1_767_225_605_123));
        let told =
            packed[start..].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        assert_eq!(
            told,
            "0000019b76daa87b01abcdef0123456789abcdef0123456789abcdef01000000019b76dabc03"
        );
    }
}
