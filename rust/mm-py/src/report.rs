//! What a fill, a frame or a batch did.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mm_core::engine::Outcome;
use mm_core::seen::Seen;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::convert::{DecSz, opt_text};
use crate::effect::Told;
use crate::types::PyOrderState;

/// Effects that become objects only if someone looks.
struct Effects {
    told: Told,
    made: PyOnceLock<Py<PyTuple>>,
}

impl Effects {
    fn new(told: Told) -> Self {
        Self { told, made: PyOnceLock::new() }
    }

    fn get(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let made = self.made.get_or_try_init(py, || self.told.to_tuple(py).map(Bound::unbind))?;
        Ok(made.clone_ref(py))
    }
}

/// What one fill did.
#[pyclass(frozen, name = "Applied", module = "mm", freelist = 64)]
pub(crate) struct Applied {
    done: Mutex<Done>,
}

/// What an [`Applied`] tells.
pub(crate) struct Done {
    outcome: Outcome,
    told: Told,
    /// The effects as objects, once somebody has looked.
    made: Option<Py<PyTuple>>,
}

impl Done {
    pub(crate) fn new(outcome: Outcome, told: Told) -> Self {
        Self { outcome, told, made: None }
    }
}

impl Applied {
    pub(crate) fn new(done: Done) -> Self {
        Self { done: Mutex::new(done) }
    }

    /// Tells this from now on: for one that nobody has.
    pub(crate) fn renew(&self, done: Done) {
        let before = std::mem::replace(&mut *self.done(), done);
        drop(before); // with the lock let go: an effect's end may run anything
    }

    /// Never held while a Python object is made.
    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Applied {
    /// The change of the leg's executed quantity.
    #[getter]
    fn applied(&self) -> DecSz {
        DecSz(self.done().outcome.applied)
    }
    /// min(remaining before, size): what had been told before as an amount.
    #[getter]
    fn skipped(&self) -> DecSz {
        DecSz(self.done().outcome.skipped)
    }
    /// The fill was not new: booked before, contradicting what was booked, or older than memory.
    #[getter]
    fn duplicate(&self) -> bool {
        self.done().outcome.seen != Seen::New
    }
    /// The order's name, if the fill belongs to a known one.
    #[getter]
    fn cloid(&self) -> Option<String> {
        opt_text(self.done().outcome.cloid)
    }
    /// The order's state now, if the fill belongs to a known one.
    #[getter]
    fn state(&self) -> Option<PyOrderState> {
        self.done().outcome.state.map(Into::into)
    }
    /// What followed, in order.
    #[getter]
    fn effects(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let told = {
            let done = self.done();
            if let Some(made) = &done.made {
                return Ok(made.clone_ref(py));
            }
            done.told.clone()
        };
        let made = told.to_tuple(py)?.unbind();
        Ok(self.done().made.get_or_insert(made).clone_ref(py))
    }
    fn __eq__(&self, other: &Self) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        let (one, its) = (self.done(), other.done());
        one.outcome == its.outcome && one.told == its.told
    }
    fn __repr__(&self) -> String {
        let o = &self.done().outcome;
        let state = o.state.map_or_else(|| "None".to_owned(), |s| format!("OrderState.{s:?}"));
        let duplicate = if o.seen == Seen::New { "False" } else { "True" };
        format!(
            "Applied(applied={}, skipped={}, duplicate={duplicate}, state={state})",
            o.applied, o.skipped
        )
    }
}

/// Counts of what a frame or a batch held.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) fills: u64,
    pub(crate) duplicates: u64,
    pub(crate) updates: u64,
    pub(crate) refused: u64,
}

/// What a frame or a batch did: counts of records, and the effects in order.
#[pyclass(frozen, name = "Report", module = "mm", freelist = 64)]
pub(crate) struct Report {
    counts: Counts,
    channel: String,
    snapshot: bool,
    effects: Effects,
}

impl Report {
    pub(crate) fn new(counts: Counts, channel: String, snapshot: bool, told: Told) -> Self {
        Self { counts, channel, snapshot, effects: Effects::new(told) }
    }
}

#[pymethods]
impl Report {
    /// New fills booked.
    #[getter]
    fn fills(&self) -> u64 {
        self.counts.fills
    }
    /// Fills that were booked before.
    #[getter]
    fn duplicates(&self) -> u64 {
        self.counts.duplicates
    }
    /// Order updates applied.
    #[getter]
    fn updates(&self) -> u64 {
        self.counts.updates
    }
    /// Records that were not understood or not possible; each is an `Effect.Surfaced`.
    #[getter]
    fn refused(&self) -> u64 {
        self.counts.refused
    }
    /// The frame's channel; empty for a batch.
    #[getter]
    fn channel(&self) -> &str {
        &self.channel
    }
    /// The frame was a snapshot: the answer to a subscription.
    #[getter]
    fn snapshot(&self) -> bool {
        self.snapshot
    }
    /// What followed, in order.
    #[getter]
    fn effects(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        self.effects.get(py)
    }
    fn __eq__(&self, other: &Self) -> bool {
        self.counts == other.counts
            && self.channel == other.channel
            && self.snapshot == other.snapshot
            && self.effects.told == other.effects.told
    }
    fn __repr__(&self) -> String {
        let c = &self.counts;
        format!(
            "Report(channel='{}', fills={}, duplicates={}, updates={}, refused={}, effects={})",
            self.channel,
            c.fills,
            c.duplicates,
            c.updates,
            c.refused,
            self.effects.told.len()
        )
    }
}
