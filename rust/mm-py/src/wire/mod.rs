//! `mm._core.wire`: conversion only.

mod answers;
mod book;
mod frames;
mod grid;
mod market;
mod record;

use mm_wire::answers::ITEMS_MAX;
use mm_wire::events::Unread;
use pyo3::import_exception;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::whole;
use crate::error::bad;

import_exception!(mm.errors, Unreadable);

/// Bytes as they came from a socket.
fn bytes<'a>(field: &'static str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Err(bad(field, "is not bytes")),
    }
}

/// How many items an action had.
fn items_of(items: &Bound<'_, PyAny>) -> PyResult<usize> {
    match usize::try_from(whole("items", items)?) {
        Ok(items) if (1..=ITEMS_MAX).contains(&items) => Ok(items),
        _ => Err(bad("items", "is not between 1 and 10,000")),
    }
}

/// An answer that cannot be read.
fn unreadable(what: &str, why: &Unread) -> PyErr {
    let reason = why.to_string();
    let error = Unreadable::new_err(format!("the answer to {what} cannot be read: {reason}"));
    Python::attach(|py| {
        let value = error.value(py);
        let told = value.setattr("field", what).and_then(|()| value.setattr("reason", reason));
        told.err().unwrap_or(error)
    })
}

/// What the venue says beside the user's own streams: markets, answers, the grid of prices and sizes.
#[pymodule(submodule, gil_used = false)]
pub(crate) mod wire {
    #[pymodule_export]
    use super::answers::{
        PyActionError, PyDone, PyFilled, PyGarbled, PyItemError, PyResting, PyWaiting, read_answer,
    };
    #[pymodule_export]
    use super::book::{PyBbo, PyBook, PyL2Book, PyLevel, read_book};
    #[pymodule_export]
    use super::frames::{
        PyAck, PyBroken, PyData, PyGreeting, PyPong, PyPost, PyStreamError, PyUser, decode,
        subscription_key,
    };
    #[pymodule_export]
    use super::grid::{PyAsset, PyAssets, from_float};
    #[pymodule_export]
    use super::market::{PyAssetCtx, PyMids, PySurfaced, PyTrade, PyTrades, read_trades};
}
