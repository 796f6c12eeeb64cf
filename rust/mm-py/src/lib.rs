//! The Python face of the engine: conversion and locking, no decisions.
#![deny(unsafe_code)] // but for `batch/arrow.rs`, which hands two pointers over

mod batch;
mod convert;
mod effect;
mod engine;
mod error;
mod fill;
mod frames;
mod modules;
mod report;
mod requests;
mod sign;
mod types;
mod venue;
mod views;
mod vocabulary;
mod wire;

use pyo3::prelude::*;

/// The order-state engine: facts in, effects out. Exact, deterministic, without clock or I/O.
#[pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::effect::PyEffect;
    #[pymodule_export]
    use crate::engine::PyEngine;
    #[pymodule_export]
    use crate::fill::PyFill;
    #[pymodule_export]
    use crate::report::{Applied, Report};
    #[pymodule_export]
    use crate::requests::{PyCancelRequest, PyModifyRequest};
    #[pymodule_export]
    use crate::sign::sign;
    #[pymodule_export]
    use crate::types::{PyModifyOutcome, PyOrdStatus, PyOrderState, PySide, PyTif};
    #[pymodule_export]
    use crate::venue::venue;
    #[pymodule_export]
    use crate::views::{PyGap, PyLeg, PyOrder, PyPosition};
    #[pymodule_export]
    use crate::vocabulary::{
        classify_cancel_error, classify_modify_error, classify_order_error, classify_status,
        transitions,
    };
    #[pymodule_export]
    use crate::wire::wire;

    #[pymodule_init]
    fn init(core: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::modules::register(core)
    }
}
