//! `mm._core.sign`: conversion only.

use pyo3::prelude::*;

/// Actions into signed bytes, and the nonces under which they are sent.
#[pymodule(submodule, gil_used = false)]
pub(crate) mod sign {}
