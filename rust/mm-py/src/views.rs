//! Orders, legs, positions and gaps in Python: snapshots that do not change.

use mm_core::chain::Gap;
use mm_core::engine::{Engine, PositionView};
use mm_core::ids::Ms;
use mm_core::num::{Sz, Usd};
use mm_core::order::{Leg, OrderView};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::convert::{DecPx, DecSz, DecUsd, quoted, side_name};
use crate::types::{PyOrdStatus, PyOrderState, PySide, PyTif};

type Fees = Vec<(String, Sz)>;

fn fees_dict<'py>(py: Python<'py>, fees: &Fees) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (token, fee) in fees {
        dict.set_item(token, DecSz(*fee))?;
    }
    Ok(dict)
}

/// One leg of an order, as the venue knows it: one oid, one cloid.
#[pyclass(frozen, eq, name = "Leg", module = "mm", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyLeg(Leg);

#[pymethods]
impl PyLeg {
    /// Our name of it.
    #[getter]
    fn cloid(&self) -> Option<String> {
        self.0.cloid.map(|c| c.to_string())
    }
    /// The venue's name, once told.
    #[getter]
    fn oid(&self) -> Option<u64> {
        self.0.oid.map(|o| o.0)
    }
    /// Limit price.
    #[getter]
    fn px(&self) -> DecPx {
        DecPx(self.0.px)
    }
    /// Size as submitted; 0 while only fills of a foreign leg are known.
    #[getter]
    fn sz(&self) -> DecSz {
        DecSz(self.0.sz.unwrap_or_default())
    }
    /// The sum of its distinct trades.
    #[getter]
    fn traded(&self) -> DecSz {
        DecSz(self.0.traded)
    }
    /// The largest amount that an answer reported as filled at once.
    #[getter]
    fn answered(&self) -> DecSz {
        DecSz(self.0.claims().answered)
    }
    /// The largest total that the venue stated otherwise.
    #[getter]
    fn stated(&self) -> DecSz {
        DecSz(self.0.claims().stated)
    }
    /// max(traded, answered, stated).
    #[getter]
    fn executed(&self) -> DecSz {
        DecSz(self.0.executed())
    }
    /// Where it is in its life: a phase of the lifecycle table.
    #[getter]
    fn phase(&self) -> &'static str {
        self.0.phase.name()
    }
    fn __repr__(&self) -> String {
        format!(
            "Leg(cloid={}, oid={}, px={}, sz={}, executed={}, phase='{}')",
            quoted(self.0.cloid),
            opt(self.0.oid.map(|o| o.0)),
            self.0.px,
            self.0.sz.unwrap_or_default(),
            self.0.executed(),
            self.0.phase.name()
        )
    }
}

fn opt<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "None".to_owned(), |v| v.to_string())
}

/// An order as a strategy knows it, at the moment of asking (a snapshot: ask again for news).
#[pyclass(frozen, eq, name = "Order", module = "mm", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyOrder {
    view: OrderView,
    coin: String,
    fees: Fees,
}

impl PyOrder {
    pub(crate) fn new(engine: &Engine, view: OrderView) -> Self {
        let coin = engine.coin_name(view.coin).to_owned();
        let fees = view
            .fees
            .iter()
            .map(|&(token, fee)| (engine.token_name(token).to_owned(), fee))
            .collect();
        Self { view, coin, fees }
    }

    fn leg(&self) -> &Leg {
        &self.view.legs[self.view.current]
    }
}

#[pymethods]
impl PyOrder {
    /// The order's name: the cloid of its first leg.
    #[getter]
    fn cloid(&self) -> Option<String> {
        self.view.cloid.map(|c| c.to_string())
    }
    /// The cloid of its current leg.
    #[getter]
    fn current_cloid(&self) -> Option<String> {
        self.leg().cloid.map(|c| c.to_string())
    }
    /// The oid of its current leg.
    #[getter]
    fn oid(&self) -> Option<u64> {
        self.leg().oid.map(|o| o.0)
    }
    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// Buy or sell.
    #[getter]
    fn side(&self) -> PySide {
        self.view.side.into()
    }
    /// Limit price of the current leg.
    #[getter]
    fn px(&self) -> DecPx {
        DecPx(self.leg().px)
    }
    /// Time in force; None for foreign orders.
    #[getter]
    fn tif(&self) -> Option<PyTif> {
        self.view.tif.map(Into::into)
    }
    /// Only ever reduces the position.
    #[getter]
    fn reduce_only(&self) -> bool {
        self.view.reduce_only
    }
    /// Not placed by this engine, nor recognisably by its instance.
    #[getter]
    fn foreign(&self) -> bool {
        self.view.foreign
    }
    /// What became of it, by the evidence.
    #[getter]
    fn state(&self) -> PyOrderState {
        self.view.state.into()
    }
    /// The same in FIX words.
    #[getter]
    fn ord_status(&self) -> PyOrdStatus {
        self.view.ord_status.into()
    }
    /// Wanted total over the order's life.
    #[getter]
    fn order_qty(&self) -> DecSz {
        DecSz(self.view.order_qty)
    }
    /// Executed over all its legs.
    #[getter]
    fn cum_qty(&self) -> DecSz {
        DecSz(self.view.cum_qty)
    }
    /// Open size of the current leg; 0 when terminal, but for one that was refused and is seen to live.
    #[getter]
    fn leaves_qty(&self) -> DecSz {
        DecSz(self.view.leaves_qty)
    }
    /// Average price of its trades, rounded toward zero at 1e-8; None before the first.
    #[getter]
    fn avg_px(&self) -> Option<DecPx> {
        self.view.avg_px.map(DecPx)
    }
    /// Fees paid, by token; negative is a rebate.
    #[getter]
    fn fees<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        fees_dict(py, &self.fees)
    }
    /// Its legs, first to last; settled ones are folded into the totals.
    #[getter]
    fn legs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.view.legs.iter().map(|leg| PyLeg(leg.clone())))
    }
    /// Live on the book.
    #[getter]
    fn is_active(&self) -> bool {
        self.view.state.is_active()
    }
    /// Closed for good.
    #[getter]
    fn is_terminal(&self) -> bool {
        self.view.state.is_terminal()
    }
    /// A modify is in flight.
    #[getter]
    fn modifying(&self) -> bool {
        self.view.modifying
    }
    fn __repr__(&self) -> String {
        let v = &self.view;
        format!(
            "Order(cloid={}, oid={}, coin={}, side={}, px={}, state=OrderState.{:?}, order_qty={}, cum_qty={}, leaves_qty={})",
            quoted(v.cloid),
            opt(self.leg().oid.map(|o| o.0)),
            quoted(Some(&self.coin)),
            side_name(v.side),
            self.leg().px,
            v.state,
            v.order_qty,
            v.cum_qty,
            v.leaves_qty
        )
    }
}

/// A break in a coin's position chain: fills are missing in the window, and they add up to `missing`.
#[pyclass(frozen, eq, hash, name = "Gap", module = "mm", from_py_object)]
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct PyGap {
    coin: String,
    gap: Gap,
}

impl PyGap {
    pub(crate) fn new(coin: &str, gap: Gap) -> Self {
        Self { coin: coin.to_owned(), gap }
    }
}

#[pymethods]
impl PyGap {
    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// Time of the last fill before the break, in ms.
    #[getter]
    #[allow(clippy::wrong_self_convention)] // `from` the time, not a conversion
    fn from_ms(&self) -> Ms {
        self.gap.from
    }
    /// Time of the first fill after it, in ms.
    #[getter]
    fn to_ms(&self) -> Ms {
        self.gap.to
    }
    /// Position after the last fill before the break.
    #[getter]
    fn expected(&self) -> DecSz {
        DecSz(self.gap.expected)
    }
    /// Position before the first fill after it.
    #[getter]
    fn found(&self) -> DecSz {
        DecSz(self.gap.found)
    }
    /// The signed size of what is missing.
    #[getter]
    fn missing(&self) -> DecSz {
        DecSz(self.gap.missing())
    }
    fn __repr__(&self) -> String {
        let g = &self.gap;
        format!(
            "Gap(coin={}, from_ms={}, to_ms={}, expected={}, found={})",
            quoted(Some(&self.coin)),
            g.from,
            g.to,
            g.expected,
            g.found
        )
    }
}

/// A coin's position and money, at the moment of asking.
#[pyclass(frozen, eq, name = "Position", module = "mm", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyPosition {
    coin: String,
    view: PositionView,
    fees: Fees,
}

impl PyPosition {
    pub(crate) fn new(engine: &Engine, coin: &str) -> Self {
        let view = engine.position(coin);
        let fees = view
            .fees
            .iter()
            .map(|&(token, fee)| (engine.token_name(token).to_owned(), fee))
            .collect();
        Self { coin: coin.to_owned(), view, fees }
    }
}

#[pymethods]
impl PyPosition {
    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// Proven, unproven and provisional together: what a strategy should see. Base units, signed.
    #[getter]
    fn size(&self) -> DecSz {
        DecSz(self.view.size)
    }
    /// The position at `proven_until`.
    #[getter]
    fn proven(&self) -> DecSz {
        DecSz(self.view.proven)
    }
    /// Fills beyond it.
    #[getter]
    fn unproven(&self) -> DecSz {
        DecSz(self.view.unproven)
    }
    /// Told as amounts, not yet as trades.
    #[getter]
    fn provisional(&self) -> DecSz {
        DecSz(self.view.provisional)
    }
    /// What breaks in the chain say is missing, in sum.
    #[getter]
    fn missing(&self) -> DecSz {
        DecSz(self.view.missing)
    }
    /// Average entry price, rounded toward zero at 1e-8; None when flat.
    #[getter]
    fn entry_px(&self) -> Option<DecPx> {
        self.view.entry_px.map(DecPx)
    }
    /// Realised profit before fees, in quote, by average cost along the chain; exact.
    #[getter]
    fn realised_pnl(&self) -> DecUsd {
        DecUsd(self.view.realised)
    }
    /// The sum of the venue's `closedPnl`, before fees, in quote.
    #[getter]
    fn closed_pnl(&self) -> DecUsd {
        DecUsd(self.view.closed_pnl)
    }
    /// Fees paid, by token; negative is a rebate.
    #[getter]
    fn fees<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        fees_dict(py, &self.fees)
    }
    /// Price times size of all fills, in quote.
    #[getter]
    fn volume(&self) -> DecUsd {
        DecUsd(self.view.volume)
    }
    /// The part of `volume` that was made.
    #[getter]
    fn maker_volume(&self) -> DecUsd {
        DecUsd(self.view.maker_volume)
    }
    /// Distinct fills booked.
    #[getter]
    fn fills(&self) -> u64 {
        self.view.fills
    }
    /// The sum of -price times signed size, in quote; provisional amounts at the answer's price.
    #[getter]
    fn cash(&self) -> DecUsd {
        DecUsd(self.view.cash)
    }
    /// The most the position can become.
    #[getter]
    fn worst_long(&self) -> DecSz {
        DecSz(self.view.worst_long)
    }
    /// The least the position can become.
    #[getter]
    fn worst_short(&self) -> DecSz {
        DecSz(self.view.worst_short)
    }
    /// Up to when no fill is missing, in ms; None before the first.
    #[getter]
    fn proven_until(&self) -> Option<Ms> {
        self.view.proven_until
    }
    /// The breaks in the chain, oldest first.
    #[getter]
    fn gaps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.view.gaps.iter().map(|gap| PyGap::new(&self.coin, *gap)))
    }
    fn __repr__(&self) -> String {
        let v = &self.view;
        format!(
            "Position(coin={}, size={}, entry_px={}, realised_pnl={}, provisional={}, proven_until={}, gaps={})",
            quoted(Some(&self.coin)),
            v.size,
            opt(v.entry_px),
            Usd(v.realised.0),
            v.provisional,
            opt(v.proven_until),
            v.gaps.len()
        )
    }
}
