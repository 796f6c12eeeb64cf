//! `mm._core.venue`: conversion only.

use pyo3::prelude::*;

/// A simulated Hyperliquid: deterministic, without clock or socket.
#[pymodule(submodule, gil_used = false)]
pub(crate) mod venue {}
