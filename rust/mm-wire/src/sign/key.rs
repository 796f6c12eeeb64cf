//! A private key, and what it signs. It is in one place in memory, which is wiped when it goes; there is no way to have
//! it back, and it has neither `Debug` nor `Display` nor `Clone` (reliability S1).

use std::sync::OnceLock;

use mm_core::error::Error;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, Secp256k1, SecretKey, SignOnly, VerifyOnly};
use zeroize::Zeroizing;

use super::address::{Address, hex_byte};
use crate::keccak::keccak256;

/// A private key.
pub struct Key {
    secret: Box<SecretKey>,
    context: Secp256k1<SignOnly>,
    address: Address,
}

impl Drop for Key {
    fn drop(&mut self) {
        self.secret.non_secure_erase();
    }
}

impl Key {
    /// From its 32 bytes. The caller wipes its own.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(
            bytes.try_into().map_err(|_| Error::Bad("key", "is not 32 bytes long"))?,
        );
        let mut read = SecretKey::from_byte_array(*bytes)
            .map_err(|_| Error::Bad("key", "is no private key of this curve"))?;
        let secret = Box::new(read);
        read.non_secure_erase();
        let mut context = Secp256k1::signing_only();
        let address = address_of(&PublicKey::from_secret_key(&context, &secret));
        // Blinds what the context computes with, against an observer of its timing: once, by a secret of our own.
        context.seeded_randomize(&Zeroizing::new(keccak256(&*bytes)));
        Ok(Self { secret, context, address })
    }

    /// The same, and wipes what it was given.
    pub fn take(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::new(&Zeroizing::new(bytes))
    }

    /// From 64 hexadecimal digits, with or without `0x`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
        let bad = Error::Bad("key", "is not 64 hexadecimal digits");
        if digits.len() != 64 {
            return Err(bad);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = hex_byte(*pair).ok_or(bad)?;
        }
        Self::new(&*bytes)
    }

    /// The address that its signatures recover to.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs a digest: RFC 6979, so always alike, and the lower `s`.
    pub fn sign(&self, digest: [u8; 32]) -> Signature {
        let signed =
            self.context.sign_ecdsa_recoverable(Message::from_digest(digest), &self.secret);
        let (id, bytes) = signed.serialize_compact();
        let odd = matches!(id, RecoveryId::One | RecoveryId::Three);
        Signature { bytes, v: 27 + u8::from(odd) }
    }
}

/// A signature as the venue takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signature {
    /// `r` and `s`, 32 bytes each.
    pub bytes: [u8; 64],
    /// 27 or 28.
    pub v: u8,
}

impl Signature {
    /// The address that signed the digest, if any can have.
    pub fn recover(&self, digest: [u8; 32]) -> Option<Address> {
        static CONTEXT: OnceLock<Secp256k1<VerifyOnly>> = OnceLock::new();
        let id = match self.v {
            27 => RecoveryId::Zero,
            28 => RecoveryId::One,
            _ => return None,
        };
        let signed = RecoverableSignature::from_compact(&self.bytes, id).ok()?;
        let context = CONTEXT.get_or_init(Secp256k1::verification_only);
        context
            .recover_ecdsa(Message::from_digest(digest), &signed)
            .ok()
            .map(|key| address_of(&key))
    }
}

/// The last twenty bytes of the public key's hash.
fn address_of(key: &PublicKey) -> Address {
    let uncompressed = key.serialize_uncompressed();
    let hash = keccak256(&uncompressed[1..]);
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    Address(address)
}
