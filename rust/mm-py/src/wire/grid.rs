//! Markets and their grids in Python.

use mm_core::error::Error;
use mm_core::num::{NumError, PX_DECIMALS, Px, SZ_DECIMALS, Sz};
use mm_wire::events::Unread;
use mm_wire::grid::{self, Grid, GridError, Kind, MONEY, Rough};
use mm_wire::meta::{self, Listed, Market, Markets};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString, PyTuple};

use super::market::{PySurfaced, surfaced, tuple};
use super::{bytes, unreadable};
use crate::convert::{DecPx, DecSz, DecUsd, decimal, plain_text, quoted, side, whole};
use crate::error::{bad, raise, unrepresentable, unrepresentable_where};

type Given<'a, 'py> = &'a Bound<'py, PyAny>;

/// Reads a number that need not be on any scale: text, an `int` or a `Decimal`.
fn rough(field: &'static str, value: Given<'_, '_>, decimals: u32) -> PyResult<Rough> {
    let refuse = |why| raise(Error::Field(field, why));
    let read = |text: &str| Rough::parse(text.as_bytes(), decimals).map_err(refuse);
    if let Ok(text) = value.cast::<PyString>() {
        return read(text.to_str().map_err(|_| bad(field, "is not valid text"))?);
    }
    if value.is_instance_of::<PyFloat>() {
        return Err(unrepresentable(
            field,
            "is a float: give text, an int or a Decimal, or use from_float",
        ));
    }
    if value.is_instance_of::<PyBool>() {
        return Err(bad(field, "is a bool, not a number"));
    }
    if value.is_instance_of::<PyInt>() {
        let whole: i128 = value.extract().map_err(|_| refuse(NumError::TooLarge))?;
        return read(&whole.to_string());
    }
    if value.is_instance(decimal(value.py())?)? {
        return match plain_text(value)? {
            Ok(text) => read(text.to_str()?),
            Err(why) => Err(refuse(why)),
        };
    }
    let kind = value.get_type().name()?;
    Err(bad(field, &format!("is {kind}, not text, int or Decimal")))
}

fn px_of(value: Given<'_, '_>) -> PyResult<Rough> {
    rough("px", value, PX_DECIMALS)
}

fn sz_of(value: Given<'_, '_>) -> PyResult<Rough> {
    rough("sz", value, SZ_DECIMALS)
}

/// The smallest order's worth; by the venue's rule ten of the quote token.
fn minimum_of(value: Option<Given<'_, '_>>) -> PyResult<Rough> {
    match value {
        Some(value) => rough("minimum", value, MONEY),
        None => Rough::parse(b"10", MONEY).map_err(|why| raise(Error::Field("minimum", why))),
    }
}

fn refused(field: &'static str) -> impl Fn(GridError) -> PyErr {
    move |why| match why {
        GridError::Num(why) => raise(Error::Field(field, why)),
        GridError::ToZero | GridError::OffGrid => unrepresentable(field, why.reason()),
    }
}

/// The shortest decimal that reads back as this very float: 0.1 is 0.1. The one way in for floats; what is not a
/// number or not finite raises `BadInput`. Rounding to the grid is another step: `Asset.round_px`, `Asset.round_sz`.
#[pyfunction]
pub(crate) fn from_float<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if !value.is_instance_of::<PyFloat>() {
        return Err(bad("value", "is not a float"));
    }
    if !value.extract::<f64>()?.is_finite() {
        return Err(bad("value", "is not finite"));
    }
    // Not `repr(value)`: a subclass of float (NumPy has one) may write itself otherwise.
    let shortest = value.py().get_type::<PyFloat>().call_method1("__repr__", (value,))?;
    decimal(value.py())?.call1((shortest,))
}

/// One market, and its grid: which prices and sizes the venue takes. Prices are in the quote token, sizes in the base.
#[pyclass(frozen, eq, name = "Asset", module = "mm._core.wire", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyAsset(Market);

impl PyAsset {
    fn grid(&self) -> Grid {
        self.0.grid
    }
}

#[pymethods]
impl PyAsset {
    #[new]
    #[pyo3(signature = (name, asset_id, sz_decimals, kind = "perp", max_leverage = None))]
    fn py_new(
        name: String,
        asset_id: u32,
        sz_decimals: u32,
        kind: &str,
        max_leverage: Option<u32>,
    ) -> PyResult<Self> {
        let kind = [Kind::Perp, Kind::Spot, Kind::Dex]
            .into_iter()
            .find(|known| known.name() == kind)
            .ok_or_else(|| bad("kind", "is none of \"perp\", \"spot\", \"dex\""))?;
        let grid =
            Grid::new(kind, sz_decimals).ok_or_else(|| bad("sz_decimals", "is too large"))?;
        let (delisted, only_isolated, tokens) = (false, false, None);
        let id = asset_id;
        Ok(Self(Market { name, id, kind, grid, max_leverage, delisted, only_isolated, tokens }))
    }

    /// The coin as the venue writes it: `BTC`, `@107`, `xyz:TSLA`.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }
    /// The number that stands for it in actions, on its network.
    #[getter]
    fn id(&self) -> u32 {
        self.0.id
    }
    /// `"perp"`, `"spot"` or `"dex"` (a perp of a builder's dex).
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind.name()
    }
    /// Decimals of a size.
    #[getter]
    fn sz_decimals(&self) -> u32 {
        self.grid().sz_decimals()
    }
    /// Decimals that a price may have at most.
    #[getter]
    fn px_decimals(&self) -> u32 {
        self.grid().px_decimals()
    }
    /// The smallest size.
    #[getter]
    fn lot(&self) -> DecSz {
        DecSz(self.grid().lot())
    }
    /// The highest leverage (perps).
    #[getter]
    fn max_leverage(&self) -> Option<u32> {
        self.0.max_leverage
    }
    /// Whether it is traded no more. Its number is not given away.
    #[getter]
    fn is_delisted(&self) -> bool {
        self.0.delisted
    }
    /// Whether only isolated margin is allowed (perps).
    #[getter]
    fn only_isolated(&self) -> bool {
        self.0.only_isolated
    }
    /// The base token's name (spot); else `name`.
    #[getter]
    fn base(&self) -> &str {
        self.0.tokens.as_ref().map_or(&self.0.name, |[base, _]| base)
    }
    /// The quote token's name (spot); else empty.
    #[getter]
    fn quote(&self) -> &str {
        self.0.tokens.as_ref().map_or("", |[_, quote]| quote)
    }

    /// Whether the price is on the grid: at most five significant figures and `px_decimals` decimals, or whole.
    fn is_valid_px(&self, px: Given<'_, '_>) -> PyResult<bool> {
        Ok(self.grid().is_valid_px(px_of(px)?))
    }
    /// Whether the size is positive and on the grid: at most `sz_decimals` decimals.
    fn is_valid_sz(&self, sz: Given<'_, '_>) -> PyResult<bool> {
        Ok(self.grid().is_valid_sz(sz_of(sz)?))
    }
    /// How far the valid prices around this one are from each other, upwards.
    fn tick(&self, px: Given<'_, '_>) -> PyResult<DecPx> {
        self.grid().tick(px_of(px)?).map(DecPx).map_err(refused("px"))
    }
    /// The valid price nearest to `px` that is no worse for us: a bid goes down, an ask up; never past `limit`. Raises
    /// `Unrepresentable` when a bid would come to zero, or an ask to more than can be written.
    #[pyo3(signature = (px, side, limit = None))]
    fn round_px(
        &self,
        px: Given<'_, '_>,
        side: Given<'_, '_>,
        limit: Option<Given<'_, '_>>,
    ) -> PyResult<DecPx> {
        let limit = limit.map(|limit| rough("limit", limit, PX_DECIMALS)).transpose()?;
        let side = self::side(side)?;
        self.grid().round_px(px_of(px)?, side, limit).map(DecPx).map_err(refused("px"))
    }
    /// The lowest valid price above `px`.
    fn next_px_up(&self, px: Given<'_, '_>) -> PyResult<DecPx> {
        self.grid().above(px_of(px)?).map(DecPx).map_err(refused("px"))
    }
    /// The highest valid price below `px`. Raises `Unrepresentable` when there is none: zero is no price.
    fn next_px_down(&self, px: Given<'_, '_>) -> PyResult<DecPx> {
        self.grid().below(px_of(px)?).map(DecPx).map_err(refused("px"))
    }
    /// The largest valid size up to `sz`. Raises `Unrepresentable` when that is zero.
    fn round_sz(&self, sz: Given<'_, '_>) -> PyResult<DecSz> {
        self.grid().round_sz(sz_of(sz)?).map(DecSz).map_err(refused("sz"))
    }
    /// `px` times `sz`, exactly.
    fn notional(&self, px: Given<'_, '_>, sz: Given<'_, '_>) -> PyResult<DecUsd> {
        let (px, sz) = self.both(px, sz)?;
        px.times(sz).map(DecUsd).ok_or_else(|| raise(Error::Field("sz", NumError::TooLarge)))
    }
    /// Whether an order is worth the venue's minimum (10 of the quote token).
    #[pyo3(signature = (px, sz, minimum = None))]
    fn meets_minimum(
        &self,
        px: Given<'_, '_>,
        sz: Given<'_, '_>,
        minimum: Option<Given<'_, '_>>,
    ) -> PyResult<bool> {
        let (px, sz) = self.both(px, sz)?;
        grid::is_worth(px, sz, minimum_of(minimum)?).map_err(refused("sz"))
    }
    /// The smallest valid size that is worth `minimum` (10 of the quote token) at this valid price. It rounds up: ask the
    /// risk first.
    #[pyo3(signature = (px, minimum = None))]
    fn sz_to_reach(&self, px: Given<'_, '_>, minimum: Option<Given<'_, '_>>) -> PyResult<DecSz> {
        let px = self.grid().exact_px(px_of(px)?).map_err(refused("px"))?;
        self.grid().sz_to_reach(px, minimum_of(minimum)?).map(DecSz).map_err(refused("sz"))
    }
    /// The text of a valid price, as it is signed: no zeros at the end. Raises `Unrepresentable` off the grid.
    fn px_to_wire(&self, px: Given<'_, '_>) -> PyResult<String> {
        let (grid, px) = (self.grid(), px_of(px)?);
        let near = |why| match (why, grid.below(px), grid.above(px)) {
            (GridError::OffGrid, Ok(down), Ok(up)) => {
                let more = format!(" of {}, between {down} and {up}", self.0.name);
                unrepresentable_where("px", why.reason(), &more)
            }
            _ => refused("px")(why),
        };
        Ok(grid.exact_px(px).map_err(near)?.to_string())
    }
    /// The text of a valid size, as it is signed: no zeros at the end. Raises `Unrepresentable` off the grid.
    fn sz_to_wire(&self, sz: Given<'_, '_>) -> PyResult<String> {
        let grid = self.grid();
        let near = |why| match why {
            GridError::OffGrid => {
                let more = format!(" of {}, whose lot is {}", self.0.name, grid.lot());
                unrepresentable_where("sz", why.reason(), &more)
            }
            _ => refused("sz")(why),
        };
        Ok(grid.exact_sz(sz_of(sz)?).map_err(near)?.to_string())
    }

    fn __repr__(&self) -> String {
        let market = &self.0;
        let leverage = market.max_leverage.map(|l| format!(", {l}")).unwrap_or_default();
        let (name, id, kind) = (quoted(Some(&market.name)), market.id, self.kind());
        format!("Asset({name}, {id}, {}, '{kind}'{leverage})", self.sz_decimals())
    }
}

impl PyAsset {
    /// A price and a size, both on the grid.
    fn both(&self, px: Given<'_, '_>, sz: Given<'_, '_>) -> PyResult<(Px, Sz)> {
        let px = self.grid().exact_px(px_of(px)?).map_err(refused("px"))?;
        Ok((px, self.grid().exact_sz(sz_of(sz)?).map_err(refused("sz"))?))
    }
}

/// The markets of one network, by name and by number. Numbers differ between networks: never mix two.
#[pyclass(frozen, name = "Assets", module = "mm._core.wire", skip_from_py_object)]
pub(crate) struct PyAssets {
    network: String,
    markets: Markets,
    surfaced: Vec<PySurfaced>,
}

impl PyAssets {
    fn take(&mut self, what: &'static str, read: Result<Listed<'_>, Unread>) -> PyResult<()> {
        let listed = read.map_err(|why| unreadable(what, &why))?;
        self.surfaced.extend(surfaced(&listed.surfaced));
        for market in listed.markets {
            let (id, name) = (market.id, market.name.clone());
            if !self.markets.add(market) {
                let why = "its name or its number is taken".to_owned();
                let record = name.into_bytes();
                self.surfaced.push(PySurfaced { index: id as usize, why, record });
            }
        }
        Ok(())
    }
}

#[pymethods]
impl PyAssets {
    /// From the answers to `meta`, `spotMeta`, `perpDexs` and `meta` of each wanted dex (`metaAndAssetCtxs` and its like
    /// will do as well). Raises `Unreadable`; an entry that is not understood is surfaced and keeps its number.
    #[new]
    #[pyo3(signature = (meta, spot_meta = None, perp_dexs = None, dex_metas = None, network = "mainnet"))]
    fn py_new(
        meta: Given<'_, '_>,
        spot_meta: Option<Given<'_, '_>>,
        perp_dexs: Option<Given<'_, '_>>,
        dex_metas: Option<&Bound<'_, PyDict>>,
        network: &str,
    ) -> PyResult<Self> {
        if !matches!(network, "mainnet" | "testnet") {
            return Err(bad("network", "is neither \"mainnet\" nor \"testnet\""));
        }
        let (network, markets, surfaced) = (network.to_owned(), Markets::default(), Vec::new());
        let mut assets = Self { network, markets, surfaced };
        assets.take("meta", meta::perps(bytes("meta", meta)?, (0, "")))?;
        if let Some(spot) = spot_meta {
            assets.take("spotMeta", meta::spots(bytes("spot_meta", spot)?))?;
        }
        let names = match perp_dexs {
            Some(body) => {
                meta::dexs(bytes("perp_dexs", body)?).map_err(|why| unreadable("perpDexs", &why))?
            }
            None => Vec::new(),
        };
        for (name, body) in dex_metas.into_iter().flatten() {
            let name: String =
                name.extract().map_err(|_| bad("dex_metas", "has a name that is not text"))?;
            let place = names
                .iter()
                .position(|known| known.as_deref() == Some(&*name))
                .and_then(|place| u32::try_from(place).ok())
                .ok_or_else(|| {
                    bad("dex_metas", &format!("names {name:?}, which is not in perpDexs"))
                })?;
            assets.take("meta", meta::perps(bytes("dex_metas", &body)?, (place, &name)))?;
        }
        Ok(assets)
    }

    /// Whose numbers these are.
    #[getter]
    fn network(&self) -> &str {
        &self.network
    }
    /// The entries that were not understood.
    #[getter]
    fn surfaced<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        tuple(py, self.surfaced.iter().cloned())
    }
    /// The market of that name; `None` if there is none.
    fn get(&self, name: &str) -> Option<PyAsset> {
        self.markets.get(name).cloned().map(PyAsset)
    }
    /// The market of that number; `None` if there is none.
    fn by_id(&self, asset_id: Given<'_, '_>) -> PyResult<Option<PyAsset>> {
        let id = u32::try_from(whole("asset_id", asset_id)?).ok();
        Ok(id.and_then(|id| self.markets.by_id(id)).cloned().map(PyAsset))
    }
    fn __getitem__(&self, name: &str) -> PyResult<PyAsset> {
        let unknown =
            || bad("name", &format!("is {name:?}, which is no market of {}", self.network));
        self.get(name).ok_or_else(unknown)
    }
    fn __contains__(&self, name: &str) -> bool {
        self.markets.get(name).is_some()
    }
    fn __len__(&self) -> usize {
        self.markets.all().len()
    }
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyIterator>> {
        tuple(py, self.markets.all().iter().cloned().map(PyAsset))?.try_iter()
    }
    fn __repr__(&self) -> String {
        format!("<Assets of {}: {} markets>", self.network, self.markets.all().len())
    }
}
