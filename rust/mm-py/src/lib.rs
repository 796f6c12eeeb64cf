//! The binding.
use pyo3::prelude::*;

/// The engine's extension module.
#[pymodule]
mod _core {}
