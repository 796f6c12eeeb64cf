//! A fill in Python.

use std::fmt::Write as _;

use mm_core::effect::FillRecord;
use mm_core::event::Fill;
use mm_core::ids::{Cloid, Ms, Oid, Side};
use mm_core::num::{Px, Sz};
use pyo3::prelude::*;

use crate::convert::{self, DecPx, DecSz, maybe, number, quoted, whole};
use crate::types::PySide;

/// One trade of ours. Sizes in base units, the price in quote per base, the fee in `fee_token`, time in ms.
#[pyclass(frozen, eq, hash, name = "Fill", module = "mm", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct PyFill {
    pub(crate) coin: String,
    pub(crate) side: Side,
    pub(crate) px: Px,
    pub(crate) sz: Sz,
    pub(crate) oid: Oid,
    pub(crate) tid: u64,
    pub(crate) time: Ms,
    pub(crate) start: Option<Sz>,
    pub(crate) fee: Option<Sz>,
    pub(crate) fee_token: String,
    pub(crate) closed_pnl: Option<Sz>,
    pub(crate) crossed: Option<bool>,
    pub(crate) cloid: Option<Cloid>,
}

impl PyFill {
    pub(crate) fn new(fill: &FillRecord, coin: String, fee_token: String) -> Self {
        Self {
            coin,
            side: fill.side,
            px: fill.px,
            sz: fill.sz,
            oid: fill.oid,
            tid: fill.tid,
            time: fill.time,
            start: fill.start,
            fee: fill.fee,
            fee_token,
            closed_pnl: fill.closed_pnl,
            crossed: fill.crossed,
            cloid: fill.cloid,
        }
    }

    pub(crate) fn as_event(&self) -> Fill<'_> {
        Fill {
            coin: &self.coin,
            side: self.side,
            px: self.px,
            sz: self.sz,
            time: self.time,
            tid: self.tid,
            oid: self.oid,
            start: self.start,
            cloid: self.cloid,
            fee: self.fee,
            fee_token: &self.fee_token,
            closed_pnl: self.closed_pnl,
            crossed: self.crossed,
            liquidated: None,
        }
    }
}

#[pymethods]
#[allow(missing_docs)] // the class says what each field is, in which unit
impl PyFill {
    #[new]
    #[allow(clippy::too_many_arguments)] // the venue's fields
    #[pyo3(signature = (coin, side, px, sz, oid, tid, time, start_position=None, fee=None, fee_token="", closed_pnl=None, crossed=None, cloid=None))]
    fn py_new(
        coin: String,
        side: &Bound<'_, PyAny>,
        px: &Bound<'_, PyAny>,
        sz: &Bound<'_, PyAny>,
        oid: &Bound<'_, PyAny>,
        tid: &Bound<'_, PyAny>,
        time: &Bound<'_, PyAny>,
        start_position: Option<&Bound<'_, PyAny>>,
        fee: Option<&Bound<'_, PyAny>>,
        fee_token: &str,
        closed_pnl: Option<&Bound<'_, PyAny>>,
        crossed: Option<bool>,
        cloid: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            coin,
            side: convert::side(side)?,
            px: number("px", px, Px::parse)?,
            sz: number("sz", sz, Sz::parse)?,
            oid: convert::oid(oid)?,
            tid: whole("tid", tid)?,
            time: whole("time", time)?,
            start: maybe("start_position", start_position, Sz::parse_signed)?,
            fee: maybe("fee", fee, Sz::parse_signed)?,
            fee_token: fee_token.to_owned(),
            closed_pnl: maybe("closed_pnl", closed_pnl, Sz::parse_signed)?,
            crossed,
            cloid: cloid.map(convert::cloid).transpose()?,
        })
    }

    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// Our side.
    #[getter]
    fn side(&self) -> PySide {
        self.side.into()
    }
    /// The trade's price.
    #[getter]
    fn px(&self) -> DecPx {
        DecPx(self.px)
    }
    /// The trade's size.
    #[getter]
    fn sz(&self) -> DecSz {
        DecSz(self.sz)
    }
    /// The leg that filled.
    #[getter]
    fn oid(&self) -> u64 {
        self.oid.0
    }
    /// The trade's id; 0 for some system fills.
    #[getter]
    fn tid(&self) -> u64 {
        self.tid
    }
    /// Block time in ms.
    #[getter]
    fn time(&self) -> u64 {
        self.time
    }
    /// The position just before, where told.
    #[getter]
    fn start_position(&self) -> Option<DecSz> {
        self.start.map(DecSz)
    }
    /// Fee paid, in `fee_token`; negative is a rebate.
    #[getter]
    fn fee(&self) -> Option<DecSz> {
        self.fee.map(DecSz)
    }
    /// The token of the fee; empty where not told.
    #[getter]
    fn fee_token(&self) -> &str {
        &self.fee_token
    }
    /// The venue's realised profit, before fees.
    #[getter]
    fn closed_pnl(&self) -> Option<DecSz> {
        self.closed_pnl.map(DecSz)
    }
    /// True: we took; False: we made.
    #[getter]
    fn crossed(&self) -> Option<bool> {
        self.crossed
    }
    /// The order's cloid, where told.
    #[getter]
    fn cloid(&self) -> Option<String> {
        self.cloid.map(|c| c.to_string())
    }

    fn __repr__(&self) -> String {
        let mut text = format!(
            "Fill({}, '{}', '{}', '{}', {}, {}, {}",
            quoted(Some(&self.coin)),
            self.side.letter(),
            self.px,
            self.sz,
            self.oid.0,
            self.tid,
            self.time
        );
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = write!(text, ", {name}={value}");
            }
        };
        add("start_position", self.start.map(|v| quoted(Some(v))));
        add("fee", self.fee.map(|v| quoted(Some(v))));
        add("fee_token", (!self.fee_token.is_empty()).then(|| quoted(Some(&self.fee_token))));
        add("closed_pnl", self.closed_pnl.map(|v| quoted(Some(v))));
        add(
            "crossed",
            self.crossed.map(|v| if v { "True".to_owned() } else { "False".to_owned() }),
        );
        add("cloid", self.cloid.map(|v| quoted(Some(v))));
        text.push(')');
        text
    }
}
