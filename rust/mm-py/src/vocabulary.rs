//! The venue's words, and the lifecycle table, as data for Python.

use mm_core::event::Status;
use mm_core::lifecycle::{Cell, Event, Phase, step};
use mm_wire::words;
use pyo3::prelude::*;

use crate::types::PyModifyOutcome;

/// The meaning of an order status word: "open", "filled", "canceled", "rejected", or "unknown".
#[pyfunction]
pub(crate) fn classify_status(word: &str) -> &'static str {
    match words::status(word) {
        Status::Open => "open",
        Status::Filled => "filled",
        Status::Canceled => "canceled",
        Status::Rejected => "rejected",
        Status::Unknown => "unknown",
    }
}

/// The meaning of a refused placement's words: a class such as `"RateLimit"` or `"Crossed"`, or `"Unknown"`.
#[pyfunction]
pub(crate) fn classify_order_error(text: &str) -> String {
    let class = format!("{:?}", words::order_error(text));
    class.split([' ', '(']).next().unwrap_or("Unknown").to_owned()
}

/// The meaning of a refused cancel's words: `"NotLive"` (nothing there), `"NotDone"`, or `"Unknown"`.
#[pyfunction]
pub(crate) fn classify_cancel_error(text: &str) -> String {
    format!("{:?}", words::cancel_error(text))
}

/// What a refused modify's words say of the old leg.
#[pyfunction]
pub(crate) fn classify_modify_error(text: &str) -> PyModifyOutcome {
    words::modify_error(text).into()
}

/// The whole lifecycle table: (phase, event, result, why) of every cell.
#[pyfunction]
pub(crate) fn transitions() -> Vec<(&'static str, &'static str, String, &'static str)> {
    let cell = |phase, event| {
        let (cell, why) = step(phase, event);
        let result = match cell {
            Cell::Go(to) => to.name().to_owned(),
            Cell::Keep => "keep".to_owned(),
            Cell::Refuse => "refuse".to_owned(),
            Cell::Resync => "resync".to_owned(),
        };
        (phase.name(), event.name(), result, why)
    };
    Phase::ALL
        .iter()
        .flat_map(|&p| Event::ALL.iter().map(move |&e| (p, e)))
        .map(|(p, e)| cell(p, e))
        .collect()
}
