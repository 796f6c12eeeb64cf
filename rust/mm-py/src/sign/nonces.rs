//! One signer's nonces.

use mm_wire::nonce::Nonces;
use pyo3::prelude::*;

use super::read::{Arg, OptArg};
use crate::convert::{maybe_whole, whole};
use crate::error::raise;

/// One signer's nonces: they rise, over threads, over steps of the clock and over restarts.
///
/// `floor` is the largest nonce that this signer used before, from a journal; 0 if there is none. There is one of
/// these a key, and no second process that uses the key (protocol 2.5, reliability C1).
#[pyclass(frozen, name = "Nonces", module = "mm._core.sign")]
pub(crate) struct PyNonces(Nonces);

#[pymethods]
impl PyNonces {
    #[new]
    #[pyo3(signature = (floor=None), text_signature = "(floor=0)")]
    fn new(floor: OptArg<'_, '_>) -> PyResult<Self> {
        Ok(Self(Nonces::new(maybe_whole("floor", floor)?.unwrap_or(0))))
    }

    /// The larger of `now_ms` and one more than the last: never given before, and never to be given again.
    ///
    /// Raises `BadInput` where that would be more than 60 seconds ahead of `now_ms`, and gives none: the clock went
    /// back by as much, or more were asked for than time has. A nonce ahead would lock later ones out (reliability C2).
    fn next(&self, now_ms: Arg<'_, '_>) -> PyResult<u64> {
        self.0.next(whole("now_ms", now_ms)?).map_err(raise)
    }

    /// The largest that was given, or the floor: what a journal keeps.
    #[getter]
    fn last(&self) -> u64 {
        self.0.last()
    }

    fn __repr__(&self) -> String {
        format!("Nonces(floor={})", self.0.last())
    }
}
