//! What needs no signer.

use mm_wire::action::Ordered;
use mm_wire::sign::{Network, connection_id as hash, digest as typed, recover as found};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFloat, PyInt};

use super::read::{Arg, OptArg, flag, json, key, maybe_address};
use crate::convert::{maybe_whole, whole};
use crate::error::{bad, raise, unrepresentable};

/// The address of a key, in lower case. Raises `BadInput` for what is no key, without a word of it.
#[pyfunction]
pub(crate) fn address_of(key: Arg<'_, '_>) -> PyResult<String> {
    Ok(self::key(key)?.address().to_string())
}

/// The address that signed the body of a request to `/exchange`, as the venue finds it.
///
/// The venue reads the action into its own structures and writes it anew: the order of members, trailing zeros,
/// letters' case and absent members that are null or false do not matter to it, members it does not know are
/// passed over (protocol 2.1). So a body that was hashed otherwise gives the address of nobody. Raises `BadInput`
/// for what the venue could not read (422): no JSON, an action it does not have, a member missing or of a wrong
/// kind, a signature that is none.
#[pyfunction]
pub(crate) fn recover(body: Arg<'_, '_>, mainnet: Arg<'_, '_>) -> PyResult<String> {
    let body = body.cast::<PyBytes>().map_err(|_| bad("body", "is not bytes"))?;
    let network = Network::of(flag("mainnet", mainnet)?);
    found(body.as_bytes(), network).map(|address| address.to_string()).map_err(raise)
}

/// The hash of an L1 action, of its JSON text as in `Signer.action` (protocol 2.1): 32 bytes.
#[pyfunction]
#[pyo3(signature = (action, nonce, vault=None, expires_ms=None))]
pub(crate) fn connection_id<'py>(
    py: Python<'py>,
    action: Arg<'_, '_>,
    nonce: Arg<'_, '_>,
    vault: OptArg<'_, '_>,
    expires_ms: OptArg<'_, '_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let packed = Ordered::read(json("action", action)?).map_err(raise)?.packed;
    let (nonce, vault) = (whole("nonce", nonce)?, maybe_address("vault", vault)?);
    Ok(PyBytes::new(py, &hash(packed, nonce, vault, maybe_whole("expires_ms", expires_ms)?)))
}

/// What is signed for an L1 action of that hash (EIP-712, protocol 2.2): 32 bytes.
#[pyfunction]
pub(crate) fn digest<'py>(
    py: Python<'py>,
    connection_id: Arg<'_, '_>,
    mainnet: Arg<'_, '_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let id =
        connection_id.cast::<PyBytes>().ok().and_then(|bytes| bytes.as_bytes().try_into().ok());
    let id = id.ok_or_else(|| bad("connection_id", "is not 32 bytes"))?;
    Ok(PyBytes::new(py, &typed(id, Network::of(flag("mainnet", mainnet)?))))
}

/// The bytes under the hash, of an action's JSON text as in `Signer.action`.
#[pyfunction]
pub(crate) fn msgpack<'py>(py: Python<'py>, action: Arg<'_, '_>) -> PyResult<Bound<'py, PyBytes>> {
    let packed = Ordered::read(json("action", action)?).map_err(raise)?.packed;
    Ok(PyBytes::new(py, &packed))
}

/// The original Keccak of 256 bits, not NIST's SHA3: 32 bytes.
#[pyfunction]
pub(crate) fn keccak256<'py>(py: Python<'py>, data: Arg<'_, '_>) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.cast::<PyBytes>().map_err(|_| bad("data", "is not bytes"))?;
    Ok(PyBytes::new(py, &mm_wire::keccak::keccak256(data.as_bytes())))
}

/// How far a float may be from its eight decimals.
const SLACK: f64 = 1e-12;
/// Digits that the official SDK's decimals carry; it rounds beyond.
const DIGITS_MAX: usize = 28;

/// A float as the venue's decimal text, where at most 8 decimals say it to within 10⁻¹² (protocol 2.4).
///
/// As the official SDK does, but for the sign of a zero. Raises `Unrepresentable` where that would round, or for
/// what is not finite or has more than 28 digits. For floats that come from elsewhere: orders take exact numbers.
#[pyfunction]
pub(crate) fn float_to_wire(x: Arg<'_, '_>) -> PyResult<String> {
    if !x.is_instance_of::<PyFloat>() && !x.is_exact_instance_of::<PyInt>() {
        return Err(bad("x", "is not a float"));
    }
    let x: f64 = x.extract().map_err(|_| unrepresentable("x", "is too large"))?;
    if !x.is_finite() {
        return Err(unrepresentable("x", "is not finite"));
    }
    let rounded = format!("{x:.8}");
    let back: f64 = rounded.parse().map_err(|_| unrepresentable("x", "is not finite"))?;
    if (back - x).abs() >= SLACK {
        return Err(unrepresentable("x", "would round"));
    }
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    if short.bytes().filter(u8::is_ascii_digit).count() > DIGITS_MAX {
        return Err(unrepresentable("x", "is too large"));
    }
    Ok(if short == "-0" { "0".to_owned() } else { short.to_owned() })
}
