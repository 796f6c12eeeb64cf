//! Trades, contexts and mids in Python.

use mm_core::ids::Side;
use mm_core::num::Sz;
use mm_wire::market::{AssetCtx, Mids, Trade, Trades};
use mm_wire::{Surfaced, events};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyClass, PyClassInitializer};

use super::record::{record, repr};
use super::{bytes, unreadable};
use crate::convert::{self, DecPx, DecSz};
use crate::error::bad;
use crate::types::PySide;

record! {
    /// A record that was not understood. Its siblings were read.
    PySurfaced as "Surfaced" {
        /// Its place in its list; of a book the bids come first, then the asks.
        index: usize,
        /// What is wrong with it.
        why: String,
        /// The record as it came.
        record: Vec<u8>,
    }
}

pub(crate) fn surfaced(of: &[Surfaced<'_>]) -> Vec<PySurfaced> {
    let one = |s: &Surfaced<'_>| PySurfaced {
        index: s.index,
        why: s.why.to_string(),
        record: s.record.to_vec(),
    };
    of.iter().map(one).collect()
}

pub(crate) fn tuple<T>(
    py: Python<'_>,
    of: impl ExactSizeIterator<Item = T>,
) -> PyResult<Bound<'_, PyTuple>>
where
    T: PyClass + Into<PyClassInitializer<T>>,
{
    let objects: Vec<_> = of.map(|value| Bound::new(py, value)).collect::<PyResult<_>>()?;
    PyTuple::new(py, objects)
}

/// A side that may be given as its letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AnySide(Side);

impl<'py> IntoPyObject<'py> for AnySide {
    type Target = PySide;
    type Output = Bound<'py, PySide>;
    type Error = PyErr;
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PySide>> {
        Bound::new(py, PySide::from(self.0))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for AnySide {
    type Error = PyErr;
    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        convert::side(&value).map(Self)
    }
}

record! {
    /// One public trade.
    PyTrade as "Trade" {
        /// The market.
        coin: String,
        /// Who took: `Side.BUY` when the buyer did.
        side: AnySide,
        /// The price.
        px: DecPx,
        /// The size.
        sz: DecSz,
        /// Block time in ms.
        time: u64,
        /// The trade's id: what tells a replayed one.
        tid: u64,
        /// The transaction; all zeros for some. No identity.
        tx_hash: String,
        /// The buyer's address; empty where not told.
        buyer: String,
        /// The seller's address; empty where not told.
        seller: String,
    }
}

impl From<&Trade<'_>> for PyTrade {
    fn from(trade: &Trade<'_>) -> Self {
        Self {
            coin: trade.coin.to_owned(),
            side: AnySide(trade.side),
            px: DecPx(trade.px),
            sz: DecSz(trade.sz),
            time: trade.time,
            tid: trade.tid,
            tx_hash: trade.hash.to_owned(),
            buyer: trade.users[0].to_owned(),
            seller: trade.users[1].to_owned(),
        }
    }
}

/// Public trades, in the order in which they came. After each subscription the last thirty come again: go by `tid`.
#[pyclass(frozen, eq, name = "Trades", module = "mm._core.wire", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyTrades {
    trades: Vec<PyTrade>,
    surfaced: Vec<PySurfaced>,
}

impl From<Trades<'_>> for PyTrades {
    fn from(of: Trades<'_>) -> Self {
        Self {
            trades: of.trades.iter().map(PyTrade::from).collect(),
            surfaced: surfaced(&of.surfaced),
        }
    }
}

#[pymethods]
impl PyTrades {
    #[new]
    fn py_new(trades: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut list = Vec::new();
        for trade in trades.try_iter().map_err(|_| bad("trades", "is not a list of trades"))? {
            let trade = trade?;
            let trade = trade
                .cast::<PyTrade>()
                .map_err(|_| bad("trades", "holds something else than trades"))?;
            list.push(trade.get().clone());
        }
        Ok(Self { trades: list, surfaced: Vec::new() })
    }

    #[classattr]
    #[allow(non_snake_case)]
    const fn __match_args__() -> (&'static str,) {
        ("trades",)
    }

    /// The trades.
    #[getter]
    fn trades<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.trades.iter().cloned())
    }
    /// The records that were not understood.
    #[getter]
    fn surfaced<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.surfaced.iter().cloned())
    }
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf.as_any())
    }
}

/// `activeAssetCtx` or `activeSpotAssetCtx`: a market's prices and its day. What is not told is `None`.
#[pyclass(frozen, eq, name = "AssetCtx", module = "mm._core.wire", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyAssetCtx {
    coin: String,
    spot: bool,
    values: [Option<Sz>; mm_wire::market::CTX_VALUES],
    impact: Option<[Sz; 2]>,
    surfaced: Vec<PySurfaced>,
}

impl From<AssetCtx<'_>> for PyAssetCtx {
    fn from(of: AssetCtx<'_>) -> Self {
        Self {
            coin: of.coin.to_owned(),
            spot: of.spot,
            values: of.values,
            impact: of.impact,
            surfaced: surfaced(&of.surfaced),
        }
    }
}

#[pymethods]
impl PyAssetCtx {
    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// Whether it is a spot market.
    #[getter]
    fn spot(&self) -> bool {
        self.spot
    }
    /// The mark price.
    #[getter]
    fn mark_px(&self) -> Option<DecSz> {
        self.values[6].map(DecSz)
    }
    /// The oracle's price (perps).
    #[getter]
    fn oracle_px(&self) -> Option<DecSz> {
        self.values[5].map(DecSz)
    }
    /// The mid; `None` while a side is empty.
    #[getter]
    fn mid_px(&self) -> Option<DecSz> {
        self.values[7].map(DecSz)
    }
    /// The price a day ago.
    #[getter]
    fn prev_day_px(&self) -> Option<DecSz> {
        self.values[2].map(DecSz)
    }
    /// The funding rate of this hour, as a fraction (perps).
    #[getter]
    fn funding(&self) -> Option<DecSz> {
        self.values[0].map(DecSz)
    }
    /// The premium over the oracle, as a fraction (perps).
    #[getter]
    fn premium(&self) -> Option<DecSz> {
        self.values[4].map(DecSz)
    }
    /// Open interest in base units (perps).
    #[getter]
    fn open_interest(&self) -> Option<DecSz> {
        self.values[1].map(DecSz)
    }
    /// The last day's volume in the quote token. For show: the venue computes it in doubles.
    #[getter]
    fn day_ntl_vlm(&self) -> Option<DecSz> {
        self.values[3].map(DecSz)
    }
    /// The last day's volume in base units.
    #[getter]
    fn day_base_vlm(&self) -> Option<DecSz> {
        self.values[8].map(DecSz)
    }
    /// Bid and ask for a sizeable order (perps).
    #[getter]
    fn impact_pxs(&self) -> Option<(DecSz, DecSz)> {
        self.impact.map(|[bid, ask]| (DecSz(bid), DecSz(ask)))
    }
    /// How many of the token there are (spot).
    #[getter]
    fn circulating_supply(&self) -> Option<DecSz> {
        self.values[9].map(DecSz)
    }
    /// The values that were not understood.
    #[getter]
    fn surfaced<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.surfaced.iter().cloned())
    }
    fn __repr__(&self) -> String {
        let shown = |value: Option<Sz>| value.map_or_else(|| "None".to_owned(), |v| v.to_string());
        format!(
            "<AssetCtx {} mark_px={} oracle_px={} mid_px={}>",
            self.coin,
            shown(self.values[6]),
            shown(self.values[5]),
            shown(self.values[7])
        )
    }
}

/// `allMids`: the mid of each market of one dex. For show and for guards: of an empty book it is the last trade's price.
#[pyclass(frozen, eq, name = "Mids", module = "mm._core.wire", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyMids {
    dex: String,
    mids: std::collections::BTreeMap<String, Sz>,
    surfaced: Vec<PySurfaced>,
}

impl From<Mids<'_>> for PyMids {
    fn from(of: Mids<'_>) -> Self {
        Self {
            dex: of.dex.to_owned(),
            mids: of.mids.iter().map(|(coin, px)| ((*coin).to_owned(), *px)).collect(),
            surfaced: surfaced(&of.surfaced),
        }
    }
}

#[pymethods]
impl PyMids {
    /// The dex; empty for the main one.
    #[getter]
    fn dex(&self) -> &str {
        &self.dex
    }
    /// The mid of a market; `None` if it is not there.
    fn get(&self, coin: &str) -> Option<DecSz> {
        self.mids.get(coin).copied().map(DecSz)
    }
    /// All of them.
    fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (coin, px) in &self.mids {
            dict.set_item(coin, DecSz(*px))?;
        }
        Ok(dict)
    }
    /// The mids that were not understood.
    #[getter]
    fn surfaced<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.surfaced.iter().cloned())
    }
    fn __len__(&self) -> usize {
        self.mids.len()
    }
    fn __contains__(&self, coin: &str) -> bool {
        self.mids.contains_key(coin)
    }
    fn __repr__(&self) -> String {
        format!("<Mids of {} markets>", self.mids.len())
    }
}

/// Reads the answer to `recentTrades`, newest first as the venue sends them. Raises `Unreadable`.
#[pyfunction]
pub(crate) fn read_trades(body: &Bound<'_, PyAny>) -> PyResult<PyTrades> {
    match events::trades(bytes("body", body)?) {
        Ok(trades) => Ok(trades.into()),
        Err(why) => Err(unreadable("recentTrades", &why)),
    }
}
