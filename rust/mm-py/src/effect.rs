//! Effects in Python: classes to `match` on.

use std::mem;
use std::sync::Arc;

use mm_core::effect::{self as core, CoinId, Query, Spelled};
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

/// What was not understood or not possible, or the text that an effect is about.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Beside {
    /// It stands before the effect with this number, or belongs to it.
    at: usize,
    /// The reason; `None`: it is the text of the effect itself.
    what: Option<String>,
    record: Vec<u8>,
}

/// Effects in their order, ready to become objects once the engine's lock is let go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    effects: Vec<core::Effect>,
    beside: Vec<Beside>,
    /// Names of what is in `effects`, if anything is.
    names: Option<Arc<Spelled>>,
}

/// So many effects are copied; of more the whole list is taken.
const COPIED_MAX: usize = 64;

impl Told {
    /// Notes that a record was not understood, or could not be, after the effects in `out`.
    #[cold]
    pub(crate) fn surface(&mut self, out: &[core::Effect], what: String, record: &[u8]) {
        self.beside.push(Beside { at: out.len(), what: Some(what), record: record.to_vec() });
    }

    /// Keeps the text that the effect with this number is about.
    #[cold]
    pub(crate) fn keep(&mut self, at: usize, record: &[u8]) {
        self.beside.push(Beside { at, what: None, record: record.to_vec() });
    }

    /// Takes the effects out of `out`.
    #[inline]
    pub(crate) fn take(mut self, engine: &Engine, out: &mut Vec<core::Effect>) -> Self {
        if !out.is_empty() {
            self.effects = match out.len() {
                1 => Vec::from_iter(out.pop()), // nearly always: moved, not copied
                2..=COPIED_MAX => out.clone(),
                _ => mem::take(out),
            };
            out.clear();
            self.names = Some(engine.spelled().clone());
        }
        self
    }

    /// How many effects there will be.
    pub(crate) fn len(&self) -> usize {
        self.effects.len() + self.beside.iter().filter(|beside| beside.what.is_some()).count()
    }

    /// The tuple of effects that a fact returns.
    pub(crate) fn to_tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut made = Vec::with_capacity(self.len());
        let mut beside = self.beside.iter().peekable();
        for (at, effect) in self.effects.iter().enumerate() {
            while let Some((what, record)) = beside
                .next_if(|one| one.at == at && one.what.is_some())
                .and_then(|one| Some((one.what.as_ref()?, &one.record)))
            {
                made.push(surfaced(py, what.clone(), record));
            }
            let own = beside.next_if(|one| one.at == at).map_or(&[][..], |one| &one.record);
            made.push(self.made(py, effect, own)?);
        }
        for one in beside {
            made.extend(one.what.as_ref().map(|what| surfaced(py, what.clone(), &one.record)));
        }
        PyTuple::new(py, made)
    }

    fn coin(&self, coin: CoinId) -> &str {
        self.names.as_deref().map_or("", |names| names.coin(coin))
    }

    fn fill(&self, py: Python<'_>, fill: &core::FillRecord) -> PyResult<Py<PyFill>> {
        let token = self.names.as_deref().map_or("", |names| names.token(fill.fee_token));
        Py::new(py, PyFill::new(fill, self.coin(fill.coin).to_owned(), token.to_owned()))
    }

    fn made(&self, py: Python<'_>, effect: &core::Effect, record: &[u8]) -> PyResult<PyEffect> {
        use core::Effect as E;
        Ok(match *effect {
            E::Booked { ref fill, applied, skipped, cloid, state } => PyEffect::Booked {
                fill: self.fill(py, fill)?,
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
            E::Ask { query, coin, cloid, oid, why } => {
                let (query, from_ms, to_ms) = match query {
                    Query::OrderStatus => ("order_status", None, None),
                    Query::Fills { from, to } => ("fills", Some(from), Some(to)),
                };
                PyEffect::Ask {
                    query: query.to_owned(),
                    coin: self.coin(coin).to_owned(),
                    cloid: opt_text(cloid),
                    oid: oid.map(|o| o.0),
                    from_ms,
                    to_ms,
                    why: why.to_owned(),
                }
            }
            E::GapFound(coin, gap) => PyEffect::Gap { gap: PyGap::new(self.coin(coin), gap) },
            E::GapClosed(coin, gap) => {
                PyEffect::GapClosed { gap: PyGap::new(self.coin(coin), gap) }
            }
            E::Excess { cloid, oid, by } => {
                PyEffect::Excess { cloid: opt_text(cloid), oid: oid.map(|o| o.0), by: DecSz(by) }
            }
            E::Overfill { oid, sz, executed } => {
                PyEffect::Overfill { oid: oid.0, sz: DecSz(sz), executed: DecSz(executed) }
            }
            E::Contradiction { coin, oid, cloid, what } => PyEffect::Contradiction {
                coin: self.coin(coin).to_owned(),
                oid: oid.map(|o| o.0),
                cloid: opt_text(cloid),
                what: what.to_owned(),
            },
            E::Foreign { coin, oid, cloid } => PyEffect::Foreign {
                coin: self.coin(coin).to_owned(),
                oid: oid.0,
                cloid: opt_text(cloid),
            },
            E::Liquidation { ref fill, ours } => {
                PyEffect::Liquidation { fill: self.fill(py, fill)?, ours }
            }
            E::Ancient(ref fill) => PyEffect::Ancient { fill: self.fill(py, fill)? },
            E::PositionDiffers { coin, ours, theirs, as_of } => PyEffect::PositionDiffers {
                coin: self.coin(coin).to_owned(),
                ours: DecSz(ours),
                theirs: DecSz(theirs),
                as_of_ms: as_of,
            },
            E::UnknownWord { coin, oid } => {
                let coin = self.coin(coin);
                let what =
                    format!("the status of oid {} on {coin} is a word that is not known", oid.0);
                surfaced(py, what, record)
            }
        })
    }
}

impl PartialEq for Told {
    /// Equal in what they say: engines may number the same names in different ways.
    fn eq(&self, other: &Self) -> bool {
        let equal = |(one, its): (&core::Effect, &core::Effect)| {
            let (numbers, its_numbers) = (one.numbers(), its.numbers());
            let renumbered = one.renumbered(its_numbers) == *its;
            let coins = self.coin(numbers.0) == other.coin(its_numbers.0);
            let token = |told: &Self, token| {
                told.names.as_deref().map_or(String::new(), |names| names.token(token).to_owned())
            };
            renumbered && coins && token(self, numbers.1) == token(other, its_numbers.1)
        };
        self.beside == other.beside
            && self.effects.len() == other.effects.len()
            && self.effects.iter().zip(&other.effects).all(equal)
    }
}

fn surfaced(py: Python<'_>, what: String, record: &[u8]) -> PyEffect {
    PyEffect::Surfaced { what, record: PyBytes::new(py, record).unbind() }
}
