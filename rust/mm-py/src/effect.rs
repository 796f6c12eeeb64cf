//! Effects in Python: classes to `match` on.

use mm_core::effect::{self as core, Query};
use mm_core::engine::Engine;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::convert::{DecSz, opt_text};
use crate::fill::PyFill;
use crate::types::PyOrderState;
use crate::views::PyGap;

/// What follows from a fact. `match` on its classes.
#[pyclass(frozen, name = "Effect", module = "mm", skip_from_py_object)]
pub(crate) enum PyEffect {
    /// A new fill moved position and cash. `applied` is the change of executed, `skipped` was told before.
    Booked {
        fill: Py<PyFill>,
        applied: DecSz,
        skipped: DecSz,
        cloid: Option<String>,
        state: Option<PyOrderState>,
    },
    /// An order's state changed.
    Moved { cloid: Option<String>, oid: Option<u64>, before: PyOrderState, after: PyOrderState },
    /// Evidence is wanted: query the venue. `query` is `"order_status"` (by cloid and oid) or `"fills"` (the window).
    Ask {
        query: String,
        coin: String,
        cloid: Option<String>,
        oid: Option<u64>,
        from_ms: Option<u64>,
        to_ms: Option<u64>,
        why: String,
    },
    /// Fills are missing: page `userFillsByTime` over exactly this window.
    Gap { gap: PyGap },
    /// The window is complete again, or was found to be another.
    GapClosed { gap: PyGap },
    /// A fill raced a modify: the order can now execute `by` more than was wanted. Shrink or cancel it at once.
    Excess { cloid: Option<String>, oid: Option<u64>, by: DecSz },
    /// The venue executed more than the leg's size.
    Overfill { oid: u64, sz: DecSz, executed: DecSz },
    /// The venue contradicts itself or us: stop quoting the coin, query, rebuild. The evidence is kept.
    Contradiction { coin: String, oid: Option<u64>, cloid: Option<String>, what: String },
    /// An order that is not ours appeared on the account.
    Foreign { coin: String, oid: u64, cloid: Option<String> },
    /// A fill of ours was part of a liquidation. `ours`: our account was the one liquidated.
    Liquidation { fill: Py<PyFill>, ours: bool },
    /// A fill older than what memory holds: look it up on disk. Nothing was booked.
    Ancient { fill: Py<PyFill> },
    /// The venue's own position differs from the chain's, as of its time.
    PositionDiffers { coin: String, ours: DecSz, theirs: DecSz, as_of_ms: u64 },
    /// A record or a word that is not understood: shown, never fatal; its siblings were applied.
    Surfaced { what: String, record: Py<PyBytes> },
}

#[pymethods]
impl PyEffect {
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let class = slf.as_any().get_type();
        let names = class.getattr("__match_args__")?;
        let mut parts = Vec::new();
        for name in names.cast::<PyTuple>()?.iter() {
            let name: String = name.extract()?;
            parts.push(format!("{name}={}", slf.as_any().getattr(name.as_str())?.repr()?));
        }
        let class = class.name()?.to_string();
        let class = class.strip_prefix("Effect_").unwrap_or(&class).to_owned();
        Ok(format!("Effect.{class}({})", parts.join(", ")))
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        if !slf.as_any().get_type().is(other.get_type()) {
            return Ok(false);
        }
        for name in slf.as_any().get_type().getattr("__match_args__")?.cast::<PyTuple>()?.iter() {
            let name: String = name.extract()?;
            if !slf.as_any().getattr(name.as_str())?.eq(other.getattr(name.as_str())?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// An effect with all its names, ready to become an object once the engine's lock is let go.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::large_enum_variant)] // nearly all are of the large one: a box each would cost more
pub(crate) enum Told {
    Core(core::Effect, String, String),
    Surfaced(String, Vec<u8>),
}

impl Told {
    #[allow(clippy::large_types_passed_by_value)] // it is kept
    pub(crate) fn new(engine: &Engine, effect: core::Effect) -> Self {
        use core::Effect as E;
        let name = |coin| engine.coin_name(coin).to_owned();
        let (coin, token) = match &effect {
            E::Booked { fill, .. } | E::Liquidation { fill, .. } | E::Ancient(fill) => {
                (name(fill.coin), engine.token_name(fill.fee_token).to_owned())
            }
            E::Ask { coin, .. }
            | E::GapFound(coin, _)
            | E::GapClosed(coin, _)
            | E::Contradiction { coin, .. }
            | E::Foreign { coin, .. }
            | E::PositionDiffers { coin, .. }
            | E::UnknownWord { coin, .. } => (name(*coin), String::new()),
            E::Moved { .. } | E::Excess { .. } | E::Overfill { .. } => {
                (String::new(), String::new())
            }
        };
        Self::Core(effect, coin, token)
    }

    pub(crate) fn into_effect(self, py: Python<'_>) -> PyResult<PyEffect> {
        use core::Effect as E;
        let (effect, coin, token) = match self {
            Self::Core(effect, coin, token) => (effect, coin, token),
            Self::Surfaced(what, record) => {
                return Ok(PyEffect::Surfaced { what, record: PyBytes::new(py, &record).unbind() });
            }
        };
        Ok(match effect {
            E::Booked { fill, applied, skipped, cloid, state } => PyEffect::Booked {
                fill: Py::new(py, PyFill::new(&fill, coin, token))?,
                applied: DecSz(applied),
                skipped: DecSz(skipped),
                cloid: opt_text(cloid),
                state: state.map(Into::into),
            },
            E::Moved { cloid, oid, before, after } => PyEffect::Moved {
                cloid: opt_text(cloid),
                oid: oid.map(|o| o.0),
                before: before.into(),
                after: after.into(),
            },
            E::Ask { query, cloid, oid, why, .. } => {
                let (query, from_ms, to_ms) = match query {
                    Query::OrderStatus => ("order_status", None, None),
                    Query::Fills { from, to } => ("fills", Some(from), Some(to)),
                };
                PyEffect::Ask {
                    query: query.to_owned(),
                    coin,
                    cloid: opt_text(cloid),
                    oid: oid.map(|o| o.0),
                    from_ms,
                    to_ms,
                    why: why.to_owned(),
                }
            }
            E::GapFound(_, gap) => PyEffect::Gap { gap: PyGap::new(&coin, gap) },
            E::GapClosed(_, gap) => PyEffect::GapClosed { gap: PyGap::new(&coin, gap) },
            E::Excess { cloid, oid, by } => {
                PyEffect::Excess { cloid: opt_text(cloid), oid: oid.map(|o| o.0), by: DecSz(by) }
            }
            E::Overfill { oid, sz, executed } => {
                PyEffect::Overfill { oid: oid.0, sz: DecSz(sz), executed: DecSz(executed) }
            }
            E::Contradiction { oid, cloid, what, .. } => PyEffect::Contradiction {
                coin,
                oid: oid.map(|o| o.0),
                cloid: opt_text(cloid),
                what: what.to_owned(),
            },
            E::Foreign { oid, cloid, .. } => {
                PyEffect::Foreign { coin, oid: oid.0, cloid: opt_text(cloid) }
            }
            E::Liquidation { fill, ours } => {
                PyEffect::Liquidation { fill: Py::new(py, PyFill::new(&fill, coin, token))?, ours }
            }
            E::Ancient(fill) => {
                PyEffect::Ancient { fill: Py::new(py, PyFill::new(&fill, coin, token))? }
            }
            E::PositionDiffers { ours, theirs, as_of, .. } => PyEffect::PositionDiffers {
                coin,
                ours: DecSz(ours),
                theirs: DecSz(theirs),
                as_of_ms: as_of,
            },
            E::UnknownWord { oid, .. } => PyEffect::Surfaced {
                what: format!("the status of oid {} on {coin} is a word that is not known", oid.0),
                record: PyBytes::new(py, b"").unbind(),
            },
        })
    }
}

/// The tuple of effects that a fact returns.
pub(crate) fn to_tuple(py: Python<'_>, told: Vec<Told>) -> PyResult<Bound<'_, PyTuple>> {
    let effects: Vec<PyEffect> =
        told.into_iter().map(|t| t.into_effect(py)).collect::<PyResult<_>>()?;
    PyTuple::new(py, effects)
}
