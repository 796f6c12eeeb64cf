//! Keys in files: a passphrase goes in, and a signer comes out. The key itself is no object of Python.
//!
//! The interpreter's lock is let go of while the passphrase is stretched, which takes about a second.

use mm_wire::keystore::{Derivation, KeystoreError, Sealed, open, parse_key, seal};
use mm_wire::sign::Key;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};
use zeroize::Zeroizing;

use super::read::{Arg, OptArg};
use super::signer::PySigner;
use crate::convert::whole;
use crate::error::{bad, config};

/// The signer of a key that a keystore file holds (Web3 Secret Storage, version 3), given as the numbers of the file.
///
/// `kdf` is `scrypt` with `costs` (n, r, p), or `pbkdf2` with (rounds,). Raises `ConfigError` for a wrong passphrase
/// (`field` is `passphrase`; a file that was changed looks the same), and for costs of more than 512 MiB or than
/// sixteen times geth's work, before any of it is spent. The MAC is compared in constant time.
#[pyfunction]
#[pyo3(signature = (passphrase, *, kdf, costs, salt, iv, ciphertext, mac, mainnet, vault=None))]
#[expect(clippy::too_many_arguments, reason = "they are the members of the file, by their names")]
pub(crate) fn open_keystore(
    py: Python<'_>,
    passphrase: Arg<'_, '_>,
    kdf: Arg<'_, '_>,
    costs: Arg<'_, '_>,
    salt: Arg<'_, '_>,
    iv: Arg<'_, '_>,
    ciphertext: Arg<'_, '_>,
    mac: Arg<'_, '_>,
    mainnet: Arg<'_, '_>,
    vault: OptArg<'_, '_>,
) -> PyResult<PySigner> {
    let derivation = derivation(kdf, costs)?;
    let salt = bytes("salt", salt)?;
    let sealed = Sealed {
        derivation,
        salt: &salt,
        iv: sized("iv", iv)?,
        ciphertext: sized("ciphertext", ciphertext)?,
        mac: sized("mac", mac)?,
    };
    let passphrase = bytes("passphrase", passphrase)?;
    let key = py.detach(|| open(&sealed, &passphrase)).map_err(refused)?;
    PySigner::made(key, mainnet, vault, false)
}

/// The address of a key, and what a keystore file holds of it: the ciphertext and the MAC, for scrypt with n = 2 to the
/// `log_n`, r = 8 and p = 1. Where `key` is `None`, a fresh one is made of the system's randomness, and is nowhere else.
///
/// `salt` (16 bytes or more) and `iv` (16 bytes) are to be random and never used again; `log_n` is 17, 18 or 19. Raises
/// `BadInput` for what is no key, without a word of it, and `ConfigError` for a salt or a cost that will not do.
#[pyfunction]
#[pyo3(signature = (key, passphrase, *, salt, iv, log_n=18))]
pub(crate) fn seal_keystore<'py>(
    py: Python<'py>,
    key: Arg<'_, 'py>,
    passphrase: Arg<'_, 'py>,
    salt: Arg<'_, 'py>,
    iv: Arg<'_, 'py>,
    log_n: u8,
) -> PyResult<(String, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let key = if key.is_none() { fresh()? } else { given(key)? };
    let (salt, iv) = (bytes("salt", salt)?, sized("iv", iv)?);
    let passphrase = bytes("passphrase", passphrase)?;
    let written =
        py.detach(|| seal(&key, &passphrase, &salt, &iv, log_n)).map_err(|why| match why {
            KeystoreError::NoKey => bad("key", "is no private key of this curve"),
            other => refused(other),
        })?;
    let made = |part: &[u8]| PyBytes::new(py, part);
    Ok((written.address.to_string(), made(&written.ciphertext), made(&written.mac)))
}

fn derivation(kdf: Arg<'_, '_>, costs: Arg<'_, '_>) -> PyResult<Derivation> {
    let told: Vec<Bound<'_, PyAny>> =
        costs.extract().map_err(|_| bad("costs", "is not a tuple"))?;
    let word = kdf.cast::<PyString>().ok().and_then(|word| word.to_str().ok());
    match (word, told.as_slice()) {
        (Some("scrypt"), [n, r, p]) => {
            Ok(Derivation::Scrypt { n: whole("n", n)?, r: whole("r", r)?, p: whole("p", p)? })
        }
        (Some("pbkdf2"), [rounds]) => Ok(Derivation::Pbkdf2 { rounds: whole("c", rounds)? }),
        (Some("scrypt" | "pbkdf2"), _) => Err(bad("costs", "is not of that derivation")),
        _ => Err(bad("kdf", "is neither \"scrypt\" nor \"pbkdf2\"")),
    }
}

fn refused(why: KeystoreError) -> PyErr {
    match why {
        KeystoreError::Bad(field, reason) => config(&format!("keystore.{field}"), reason),
        KeystoreError::Passphrase => config("passphrase", "is wrong, or the file was changed"),
        KeystoreError::NoKey => config("keystore", "holds no private key"),
    }
}

/// A copy of bytes or of a bytearray, which is wiped.
fn bytes(field: &'static str, value: Arg<'_, '_>) -> PyResult<Zeroizing<Vec<u8>>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Zeroizing::new(bytes.as_bytes().to_vec()));
    }
    let bytes = value.cast::<PyByteArray>().map_err(|_| bad(field, "is not bytes"))?;
    Ok(Zeroizing::new(bytes.to_vec()))
}

fn sized<const N: usize>(field: &'static str, value: Arg<'_, '_>) -> PyResult<[u8; N]> {
    let bytes = bytes(field, value)?;
    bytes.as_slice().try_into().map_err(|_| bad(field, &format!("is not {N} bytes long")))
}

fn given(value: Arg<'_, '_>) -> PyResult<Zeroizing<[u8; 32]>> {
    if let Ok(text) = value.cast::<PyString>() {
        let key = text.to_str().ok().and_then(parse_key);
        return key.ok_or_else(|| bad("key", "is not 64 hexadecimal digits"));
    }
    let bytes = bytes("key", value)?;
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(bad("key", "is not 32 bytes long"));
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// A key of the system's randomness. One draw in 2¹²⁸ is no key of the curve.
fn fresh() -> PyResult<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    loop {
        getrandom::fill(&mut *key)
            .map_err(|_| config("key", "cannot be made: the system gives no randomness"))?;
        if Key::new(&*key).is_ok() {
            return Ok(key);
        }
    }
}
