//! Outcomes: what an answer of `/exchange` says of each item.

use mm_wire::answers::{self, Outcome};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::record::record;
use super::{bytes, items_of};

record! {
    /// On the book.
    PyResting as "Resting" {
        /// The venue's name of the order.
        oid: u64,
    }
}
record! {
    /// `total_sz` executed at once. What became of the rest it does not say.
    PyFilled as "Filled" {
        /// The venue's name of the order.
        oid: u64,
        /// The size executed, as the venue wrote it.
        total_sz: String,
        /// The average price, rounded by the venue: for show.
        avg_px: String,
    }
}
record! {
    /// Carried out: `"success"` of a cancel, `"default"` of an action without a list.
    PyDone as "Done" {}
}
record! {
    /// Accepted and not on the book yet: `"waitingForFill"` or `"waitingForTrigger"`.
    PyWaiting as "Waiting" {}
}
record! {
    /// This item was refused.
    PyItemError as "ItemError" {
        /// The venue's words.
        text: String,
    }
}
record! {
    /// The whole action was refused: nothing of this sending was carried out.
    PyActionError as "ActionError" {
        /// The venue's words.
        text: String,
    }
}
record! {
    /// Something came back that is not an answer. It proves nothing: the action may have been carried out.
    PyGarbled as "Garbled" {
        /// What came, in short.
        text: String,
    }
}

fn object<'py>(py: Python<'py>, outcome: Outcome<'_>) -> PyResult<Bound<'py, PyAny>> {
    let text = |text: std::borrow::Cow<'_, str>| text.into_owned();
    Ok(match outcome {
        Outcome::Resting(oid) => Bound::new(py, PyResting { oid: oid.0 })?.into_any(),
        Outcome::Filled { oid, total_sz, avg_px } => {
            let filled =
                PyFilled { oid: oid.0, total_sz: total_sz.to_owned(), avg_px: avg_px.to_owned() };
            Bound::new(py, filled)?.into_any()
        }
        Outcome::Done => Bound::new(py, PyDone {})?.into_any(),
        Outcome::Waiting => Bound::new(py, PyWaiting {})?.into_any(),
        Outcome::ItemError(why) => Bound::new(py, PyItemError { text: text(why) })?.into_any(),
        Outcome::ActionError(why) => Bound::new(py, PyActionError { text: text(why) })?.into_any(),
        Outcome::Garbled(why) => Bound::new(py, PyGarbled { text: text(why) })?.into_any(),
    })
}

pub(crate) fn objects<'py>(
    py: Python<'py>,
    outcomes: answers::Outcomes<'_>,
) -> PyResult<Bound<'py, PyTuple>> {
    let objects: Vec<_> =
        outcomes.into_iter().map(|outcome| object(py, outcome)).collect::<PyResult<_>>()?;
    PyTuple::new(py, objects)
}

/// Reads the answer of `/exchange` to an action of `items` items (1 for an action without a list): one outcome an item,
/// in the order sent; or a single `ActionError` or `Garbled` that stands for all. One refusal for several items
/// counts for each; any other number of answers than items is `Garbled`, for their places cannot be trusted. What is not
/// an answer in full is `Garbled`, whatever the HTTP status; it says nothing of what became of the action. Never
/// raises for what came.
#[pyfunction]
#[pyo3(signature = (body, items, status = 200, content_type = None))]
pub(crate) fn read_answer<'py>(
    body: &Bound<'py, PyAny>,
    items: &Bound<'py, PyAny>,
    status: u16,
    content_type: Option<&str>,
) -> PyResult<Bound<'py, PyTuple>> {
    let items = items_of(items)?;
    objects(body.py(), answers::answer(bytes("body", body)?, items, status, content_type))
}
