//! `mm._core.wire`: conversion only.

use pyo3::prelude::*;

/// What the venue says beside the user's own streams: markets, answers, the grid of prices and sizes.
#[pymodule(submodule, gil_used = false)]
pub(crate) mod wire {}
