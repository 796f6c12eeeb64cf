//! A key under a passphrase: Web3 Secret Storage, version 3, as geth and its like keep keys in files.
//!
//! The file's JSON is read by the caller; here are the numbers of it. What a file asks for in time and memory is bounded
//! before anything is spent, for a file may come from anybody. A key that is opened goes straight into a [`Key`], and
//! the key that it was encrypted with is wiped.

use core::fmt;

use aes::Aes128;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::keccak::keccak256;
use crate::sign::{Address, Key};

/// scrypt's memory is 128 · n · r bytes: so much n · r is 512 MiB, twice what geth asks for.
pub const SCRYPT_MEMORY_MAX: u64 = 1 << 22;
/// scrypt's work is n · r · p: sixteen times what geth asks for.
pub const SCRYPT_WORK_MAX: u64 = 1 << 25;
/// Rounds of PBKDF2: forty times what its standard example has.
pub const PBKDF2_ROUNDS_MAX: u64 = 10_000_000;
/// What is written is not cheaper than this: n = 2¹⁷ (reliability S2).
pub const WRITTEN_LOG_N_MIN: u8 = 17;
/// And not dearer than what is read: r is 8.
pub const WRITTEN_LOG_N_MAX: u8 = 19;
/// Bytes of a salt.
pub const SALT_MAX: usize = 1_024;

const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

/// How the passphrase becomes a key, with the costs that a file states.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Derivation {
    /// scrypt.
    Scrypt {
        /// Cost in time and memory, a power of two.
        n: u64,
        /// Size of a block.
        r: u64,
        /// How many times over.
        p: u64,
    },
    /// PBKDF2 with HMAC-SHA-256.
    Pbkdf2 {
        /// How often the hash is taken.
        rounds: u64,
    },
}

/// What a file holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed<'a> {
    /// How the passphrase is stretched.
    pub derivation: Derivation,
    /// Its salt.
    pub salt: &'a [u8],
    /// The first counter of AES-128-CTR.
    pub iv: [u8; 16],
    /// The key, encrypted.
    pub ciphertext: [u8; 32],
    /// Keccak of the second half of the derived key and the ciphertext.
    pub mac: [u8; 32],
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Of the key.
    pub address: Address,
    /// The key, encrypted.
    pub ciphertext: [u8; 32],
    /// Keccak of the second half of the derived key and the ciphertext.
    pub mac: [u8; 32],
}

/// Why a file cannot be opened or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeystoreError {
    /// A member of the file, and what is wrong with it.
    Bad(&'static str, &'static str),
    /// The MAC does not agree: another passphrase, or the file was changed. Which of them cannot be told.
    Passphrase,
    /// What was encrypted is no private key.
    NoKey,
}

impl fmt::Display for KeystoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad(field, why) => write!(f, "{field} {why}"),
            Self::Passphrase => f.write_str("the passphrase is wrong, or the file was changed"),
            Self::NoKey => f.write_str("there is no private key in it"),
        }
    }
}

impl core::error::Error for KeystoreError {}

/// Opens what a file holds. The MAC is compared in constant time, before anything is decrypted.
pub fn open(sealed: &Sealed<'_>, passphrase: &[u8]) -> Result<Key, KeystoreError> {
    let derived = derive(sealed.derivation, passphrase, sealed.salt)?;
    if !bool::from(mac(&derived, &sealed.ciphertext).ct_eq(&sealed.mac)) {
        return Err(KeystoreError::Passphrase);
    }
    let mut key = Zeroizing::new(sealed.ciphertext);
    encrypt(&derived, &sealed.iv, &mut key);
    Key::new(&*key).map_err(|_| KeystoreError::NoKey)
}

/// Encrypts a key. Salt and `iv` are to be random and used once; scrypt's n is 2 to the `log_n`.
pub fn seal(
    key: &[u8; 32],
    passphrase: &[u8],
    salt: &[u8],
    iv: &[u8; 16],
    log_n: u8,
) -> Result<Written, KeystoreError> {
    if !(WRITTEN_LOG_N_MIN..=WRITTEN_LOG_N_MAX).contains(&log_n) {
        return Err(KeystoreError::Bad("log_n", "is not between 17 and 19"));
    }
    if salt.len() < 16 {
        return Err(KeystoreError::Bad("salt", "is shorter than 16 bytes"));
    }
    let address = Key::new(key).map_err(|_| KeystoreError::NoKey)?.address();
    let (r, p) = (u64::from(SCRYPT_R), u64::from(SCRYPT_P));
    let derived = derive(Derivation::Scrypt { n: 1 << log_n, r, p }, passphrase, salt)?;
    let mut ciphertext = *key;
    encrypt(&derived, iv, &mut ciphertext);
    Ok(Written { address, mac: mac(&derived, &ciphertext), ciphertext })
}

/// The 32 bytes of a key from its 64 hexadecimal digits, with or without `0x`.
pub fn parse_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let digits: &[u8; 64] = text.strip_prefix("0x").unwrap_or(text).as_bytes().try_into().ok()?;
    let mut bytes = Zeroizing::new([0; 32]);
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = crate::sign::hex_byte(*pair)?;
    }
    Some(bytes)
}

type Derived = Zeroizing<[u8; 32]>;

fn derive(how: Derivation, passphrase: &[u8], salt: &[u8]) -> Result<Derived, KeystoreError> {
    if salt.len() > SALT_MAX {
        return Err(KeystoreError::Bad("salt", "is too long"));
    }
    let mut derived = Zeroizing::new([0; 32]);
    match how {
        Derivation::Scrypt { n, r, p } => {
            scrypt::scrypt(passphrase, salt, &scrypt_params(n, r, p)?, &mut *derived)
                .map_err(|_| KeystoreError::Bad("n", "is no cost of scrypt"))?;
        }
        Derivation::Pbkdf2 { rounds } => {
            let bad = KeystoreError::Bad("c", "is out of bounds");
            if !(1..=PBKDF2_ROUNDS_MAX).contains(&rounds) {
                return Err(bad);
            }
            let rounds = u32::try_from(rounds).map_err(|_| bad)?;
            pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, salt, rounds, &mut *derived);
        }
    }
    Ok(derived)
}

/// The costs, where they are valid and within bounds.
fn scrypt_params(n: u64, r: u64, p: u64) -> Result<scrypt::Params, KeystoreError> {
    if !n.is_power_of_two() || n < 2 {
        return Err(KeystoreError::Bad("n", "is no power of two above one"));
    }
    if r == 0 {
        return Err(KeystoreError::Bad("r", "is zero"));
    }
    if p == 0 {
        return Err(KeystoreError::Bad("p", "is zero"));
    }
    let memory = n.checked_mul(r).filter(|&memory| memory <= SCRYPT_MEMORY_MAX);
    let memory = memory.ok_or(KeystoreError::Bad("n", "asks for more than 512 MiB"))?;
    if memory.checked_mul(p).is_none_or(|work| work > SCRYPT_WORK_MAX) {
        return Err(KeystoreError::Bad("p", "asks for too much time"));
    }
    let bad = KeystoreError::Bad("n", "is no cost of scrypt");
    let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| bad)?;
    let (r, p) = (u32::try_from(r).map_err(|_| bad)?, u32::try_from(p).map_err(|_| bad)?);
    scrypt::Params::new(log_n, r, p).map_err(|_| bad)
}

fn encrypt(derived: &Derived, iv: &[u8; 16], data: &mut [u8; 32]) {
    let mut half = Zeroizing::new([0; 16]);
    half.copy_from_slice(&derived[..16]);
    Ctr128BE::<Aes128>::new((&*half).into(), iv.into()).apply_keystream(data);
}

fn mac(derived: &Derived, ciphertext: &[u8; 32]) -> [u8; 32] {
    let mut told = Zeroizing::new([0; 48]);
    told[..16].copy_from_slice(&derived[16..]);
    told[16..].copy_from_slice(ciphertext);
    keccak256(&*told)
}

#[cfg(test)]
#[path = "keystore/tests.rs"]
mod tests;
