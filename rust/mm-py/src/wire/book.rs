//! Books in Python: snapshots that do not change, and the one book that does.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mm_core::ids::Side;
use mm_core::num::{Px, SZ_DECIMALS, Sz, Usd};
use mm_wire::book::{Bbo, L2Book, Level};
use mm_wire::events;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::market::{PySurfaced, surfaced, tuple};
use super::record::repr;
use super::{bytes, unreadable};
use crate::convert::{DecPx, DecSz, DecUsd, number, whole};
use crate::error::bad;

/// One price on one side of the book: what rests there.
#[pyclass(frozen, eq, hash, name = "Level", module = "mm._core.wire", skip_from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct PyLevel(pub(crate) Level);

#[pymethods]
impl PyLevel {
    #[new]
    #[pyo3(signature = (px, sz, n = 1))]
    fn py_new(px: &Bound<'_, PyAny>, sz: &Bound<'_, PyAny>, n: u64) -> PyResult<Self> {
        let (px, sz) = (number("px", px, Px::parse)?, number("sz", sz, Sz::parse)?);
        Ok(Self(Level { px, sz, n }))
    }

    #[classattr]
    #[allow(non_snake_case)]
    const fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("px", "sz", "n")
    }

    /// The price.
    #[getter]
    fn px(&self) -> DecPx {
        DecPx(self.0.px)
    }
    /// The size that rests there, our own orders too.
    #[getter]
    fn sz(&self) -> DecSz {
        DecSz(self.0.sz)
    }
    /// How many orders it is made of.
    #[getter]
    fn n(&self) -> u64 {
        self.0.n
    }
    fn __repr__(&self) -> String {
        format!("Level('{}', '{}', {})", self.0.px, self.0.sz, self.0.n)
    }
}

/// Levels given by a caller.
fn levels(field: &'static str, given: &Bound<'_, PyAny>) -> PyResult<Vec<Level>> {
    let mut levels = Vec::new();
    for level in given.try_iter().map_err(|_| bad(field, "is not a list of levels"))? {
        let level = level?;
        levels.push(
            level
                .cast::<PyLevel>()
                .map_err(|_| bad(field, "holds something else than levels"))?
                .get()
                .0,
        );
    }
    Ok(levels)
}

/// Both sides of a book as of block time `time`, best first. A side whose first level was not understood has no best.
#[pyclass(frozen, eq, name = "L2Book", module = "mm._core.wire", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyL2Book {
    coin: String,
    time: u64,
    levels: Vec<Level>,
    bids: usize,
    blind: [bool; 2],
    fast: bool,
    spread: Option<String>,
    surfaced: Vec<PySurfaced>,
}

impl From<L2Book<'_>> for PyL2Book {
    fn from(book: L2Book<'_>) -> Self {
        Self {
            coin: book.coin.to_owned(),
            time: book.time,
            levels: book.levels,
            bids: book.bids,
            blind: book.blind,
            fast: book.fast,
            spread: book.spread.map(str::to_owned),
            surfaced: surfaced(&book.surfaced),
        }
    }
}

impl PyL2Book {
    fn side(&self, side: Side) -> &[Level] {
        let (bids, asks) = self.levels.split_at(self.bids.min(self.levels.len()));
        if side == Side::Buy { bids } else { asks }
    }

    fn best(&self, side: Side) -> Option<Level> {
        let blind = self.blind[usize::from(side == Side::Sell)];
        self.side(side).first().copied().filter(|_| !blind)
    }
}

#[pymethods]
impl PyL2Book {
    #[new]
    fn py_new(
        coin: String,
        time: &Bound<'_, PyAny>,
        bids: &Bound<'_, PyAny>,
        asks: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let (mut all, asks) = (levels("bids", bids)?, levels("asks", asks)?);
        let bids = all.len();
        let ordered = |side: &[Level], buy: bool| {
            side.windows(2).all(|w| if buy { w[0].px > w[1].px } else { w[0].px < w[1].px })
        };
        if !ordered(&all, true) {
            return Err(bad("bids", "are not best first"));
        }
        if !ordered(&asks, false) {
            return Err(bad("asks", "are not best first"));
        }
        all.extend(asks);
        Ok(Self {
            coin,
            time: whole("time", time)?,
            levels: all,
            bids,
            blind: [false; 2],
            fast: false,
            spread: None,
            surfaced: Vec::new(),
        })
    }

    #[classattr]
    #[allow(non_snake_case)]
    const fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str) {
        ("coin", "time", "bids", "asks")
    }

    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// Block time in ms.
    #[getter]
    fn time(&self) -> u64 {
        self.time
    }
    /// The best bid.
    #[getter]
    fn bid(&self) -> Option<PyLevel> {
        self.best(Side::Buy).map(PyLevel)
    }
    /// The best ask.
    #[getter]
    fn ask(&self) -> Option<PyLevel> {
        self.best(Side::Sell).map(PyLevel)
    }
    /// What is bid, highest price first.
    #[getter]
    fn bids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.side(Side::Buy).iter().copied().map(PyLevel))
    }
    /// What is asked, lowest price first.
    #[getter]
    fn asks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.side(Side::Sell).iter().copied().map(PyLevel))
    }
    /// A frame of the `fast` stream: five levels, often.
    #[getter]
    fn fast(&self) -> bool {
        self.fast
    }
    /// The venue's own `spread`, as it wrote it: only on frames of aggregated books.
    #[getter]
    fn spread(&self) -> Option<&str> {
        self.spread.as_deref()
    }
    /// The levels that were not understood; nearly always none.
    #[getter]
    fn surfaced<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.surfaced.iter().cloned())
    }
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf.as_any())
    }
}

/// The best bid and the best ask as of block time `time`; `None` where a side is empty or was not understood.
#[pyclass(frozen, eq, name = "Bbo", module = "mm._core.wire", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyBbo {
    coin: String,
    time: u64,
    best: [Option<Level>; 2],
    surfaced: Vec<PySurfaced>,
}

impl From<Bbo<'_>> for PyBbo {
    fn from(bbo: Bbo<'_>) -> Self {
        Self {
            coin: bbo.coin.to_owned(),
            time: bbo.time,
            best: bbo.best,
            surfaced: surfaced(&bbo.surfaced),
        }
    }
}

#[pymethods]
impl PyBbo {
    #[new]
    fn py_new(
        coin: String,
        time: &Bound<'_, PyAny>,
        bid: Option<&Bound<'_, PyLevel>>,
        ask: Option<&Bound<'_, PyLevel>>,
    ) -> PyResult<Self> {
        let best = [bid.map(|level| level.get().0), ask.map(|level| level.get().0)];
        Ok(Self { coin, time: whole("time", time)?, best, surfaced: Vec::new() })
    }

    #[classattr]
    #[allow(non_snake_case)]
    const fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str) {
        ("coin", "time", "bid", "ask")
    }

    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// Block time in ms.
    #[getter]
    fn time(&self) -> u64 {
        self.time
    }
    /// The best bid.
    #[getter]
    fn bid(&self) -> Option<PyLevel> {
        self.best[0].map(PyLevel)
    }
    /// The best ask.
    #[getter]
    fn ask(&self) -> Option<PyLevel> {
        self.best[1].map(PyLevel)
    }
    /// The sides that were not understood; nearly always none.
    #[getter]
    fn surfaced<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.surfaced.iter().cloned())
    }
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf.as_any())
    }
}

#[derive(Default)]
struct Known {
    best: [Option<Level>; 2],
    time: Option<u64>,
    depth: [Vec<Level>; 2],
    depth_time: Option<u64>,
    received_ms: Option<u64>,
    dropped: u64,
}

/// What is known of one market's book: the newest of what `bbo` and `l2Book` told. An older time never replaces a newer
/// one, and nothing crosses over from another coin. May be used from many threads.
#[pyclass(frozen, name = "Book", module = "mm._core.wire", skip_from_py_object)]
pub(crate) struct PyBook {
    coin: String,
    known: Mutex<Known>,
}

impl PyBook {
    /// Nothing that is done under the lock can panic half way: what is there is whole.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn coin_is(&self, coin: &str) -> PyResult<()> {
        if coin == self.coin { Ok(()) } else { Err(bad("event", "is of another coin")) }
    }
}

impl Known {
    /// Takes the touch of an event unless a newer one is known. An equal time replaces: it is the same block.
    fn touch(&mut self, time: u64, best: [Option<Level>; 2]) -> bool {
        let newer = self.time.is_none_or(|known| known <= time);
        if newer {
            (self.time, self.best) = (Some(time), best);
        }
        newer
    }

    fn came(&mut self, taken: bool, received_ms: u64) -> bool {
        if taken {
            self.received_ms = self.received_ms.max(Some(received_ms));
        } else {
            self.dropped += 1;
        }
        taken
    }
}

#[pymethods]
impl PyBook {
    #[new]
    fn py_new(coin: String) -> Self {
        Self { coin, known: Mutex::default() }
    }

    /// Takes an event that arrived at `received_ms` (our clock). False: it is older than what is known, and was dropped.
    /// Raises `BadInput` for an event of another coin.
    fn apply(&self, event: &Bound<'_, PyAny>, received_ms: &Bound<'_, PyAny>) -> PyResult<bool> {
        let received_ms = whole("received_ms", received_ms)?;
        if let Ok(bbo) = event.cast::<PyBbo>() {
            let bbo = bbo.get();
            self.coin_is(&bbo.coin)?;
            let mut known = self.known();
            let taken = known.touch(bbo.time, bbo.best);
            return Ok(known.came(taken, received_ms));
        }
        let book = event
            .cast::<PyL2Book>()
            .map_err(|_| bad("event", "is neither a Bbo nor an L2Book"))?
            .get();
        self.coin_is(&book.coin)?;
        let mut known = self.known();
        let deeper = known.depth_time.is_none_or(|time| time <= book.time);
        if deeper {
            known.depth_time = Some(book.time);
            known.depth = [book.side(Side::Buy).to_vec(), book.side(Side::Sell).to_vec()];
        }
        let touched = known.touch(book.time, [book.best(Side::Buy), book.best(Side::Sell)]);
        Ok(known.came(deeper || touched, received_ms))
    }

    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// The best bid, by the newest event of either stream.
    #[getter]
    fn bid(&self) -> Option<PyLevel> {
        self.known().best[0].map(PyLevel)
    }
    /// The best ask, by the newest event of either stream.
    #[getter]
    fn ask(&self) -> Option<PyLevel> {
        self.known().best[1].map(PyLevel)
    }
    /// Half way between the two, exactly; `None` unless both are there.
    #[getter]
    fn mid(&self) -> Option<DecUsd> {
        const HALF: i128 = 10i128.pow(SZ_DECIMALS) / 2;
        let [Some(bid), Some(ask)] = self.known().best else { return None };
        Some(DecUsd(Usd((i128::from(bid.px.0) + i128::from(ask.px.0)) * HALF)))
    }
    /// The bids of the newest `l2Book`, highest first: as of `depth_time`, which may be before `time`.
    #[getter]
    fn bids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.known().depth[0].clone().into_iter().map(PyLevel))
    }
    /// The asks of the newest `l2Book`, lowest first.
    #[getter]
    fn asks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.known().depth[1].clone().into_iter().map(PyLevel))
    }
    /// Block time (ms) of the best bid and ask; `None` until something came.
    #[getter]
    fn time(&self) -> Option<u64> {
        self.known().time
    }
    /// Block time (ms) of `bids` and `asks`.
    #[getter]
    fn depth_time(&self) -> Option<u64> {
        self.known().depth_time
    }
    /// When the newest event arrived, by our clock.
    #[getter]
    fn received_ms(&self) -> Option<u64> {
        self.known().received_ms
    }
    /// How many events were older than what was known.
    #[getter]
    fn dropped(&self) -> u64 {
        self.known().dropped
    }
    /// How long ago the newest event arrived; `None` until something came. Never negative.
    fn age_ms(&self, now_ms: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
        let now_ms = whole("now_ms", now_ms)?;
        Ok(self.known().received_ms.map(|received| now_ms.saturating_sub(received)))
    }
    /// Forgets everything: after a reconnect, until the streams speak again.
    fn clear(&self) {
        *self.known() = Known::default();
    }
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let get = |name: &str| -> PyResult<String> { Ok(slf.getattr(name)?.repr()?.to_string()) };
        Ok(format!(
            "<Book {} bid={} ask={} time={}>",
            get("coin")?,
            get("bid")?,
            get("ask")?,
            get("time")?
        ))
    }
}

/// Reads the answer to `l2Book`; `None` when the venue does not know the coin (`null`). Raises `Unreadable`.
#[pyfunction]
pub(crate) fn read_book(body: &Bound<'_, PyAny>) -> PyResult<Option<PyL2Book>> {
    match events::book(bytes("body", body)?) {
        Ok(book) => Ok(book.map(PyL2Book::from)),
        Err(why) => Err(unreadable("l2Book", &why)),
    }
}
