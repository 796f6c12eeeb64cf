//! Columns of fills into the engine.

use mm_core::effect::Effect;
use mm_core::error::Error;
use mm_core::event::Fill;
use mm_core::seen::Seen;
use pyo3::prelude::*;

use crate::engine::{Inner, PyEngine};
use crate::error::bad;
use crate::report::{Counts, Report};

pub(crate) fn process(
    _engine: &PyEngine,
    _py: Python<'_>,
    _columns: &Bound<'_, PyAny>,
    _px_scale: u32,
    _sz_scale: u32,
) -> PyResult<Report> {
    let _: Option<(Effect, Error, Fill<'_>, Seen, Inner, Counts)> = None;
    Err(bad("columns", "cannot be read yet"))
}
