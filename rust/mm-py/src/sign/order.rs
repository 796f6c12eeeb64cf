//! One order, checked once.

use mm_core::ids::Tif;
use mm_wire::action::{Decimal, Kind, Order, Tpsl, WireTif};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::read::{Arg, OptArg, asset, flag, px, sz, text};
use crate::convert::{self, opt_text};
use crate::error::{bad, raise};
use crate::types::PyTif;

/// One order as the venue takes it (protocol 3.2), checked and written down once: it can be sent in any batch.
///
/// Price and size become the venue's shortest decimals, exactly; what has more than 8 decimals, is not positive
/// or is a float is refused (`BadInput`, `Unrepresentable`, naming the field). Whether they are on the asset's
/// grid is not asked here: that needs the venue's meta (`mm._core.wire`).
///
/// A trigger order has `trigger_px` and `tpsl` instead of a `tif`; its `px` is then the worst price.
#[pyclass(frozen, eq, hash, name = "OrderWire", module = "mm._core.sign", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct PyOrderWire(pub(crate) Order);

#[pymethods]
impl PyOrderWire {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
    ) = ("asset", "is_buy", "px", "sz", "tif", "cloid", "reduce_only");

    #[new]
    #[pyo3(signature = (asset, is_buy, px, sz, tif=None, cloid=None, reduce_only=false, *, trigger_px=None, tpsl=None, is_market=true))]
    #[allow(clippy::too_many_arguments)] // the venue's fields
    fn new(
        asset: Arg<'_, '_>,
        is_buy: Arg<'_, '_>,
        px: Arg<'_, '_>,
        sz: Arg<'_, '_>,
        tif: OptArg<'_, '_>,
        cloid: OptArg<'_, '_>,
        reduce_only: bool,
        trigger_px: OptArg<'_, '_>,
        tpsl: OptArg<'_, '_>,
        is_market: bool,
    ) -> PyResult<Self> {
        let market = (self::asset(asset)?, flag("is_buy", is_buy)?);
        let (px, sz) = (self::px("px", px)?, self::sz("sz", sz)?);
        let kind = kind(tif, trigger_px, tpsl, is_market)?;
        let cloid = cloid.map(convert::cloid).transpose()?;
        Order::new(market, px, sz, kind, cloid, reduce_only).map(Self).map_err(raise)
    }

    /// The asset's id on this network (protocol 6.3).
    #[getter]
    fn asset(&self) -> u32 {
        self.0.asset()
    }

    /// It buys.
    #[getter]
    fn is_buy(&self) -> bool {
        self.0.is_buy()
    }

    /// The limit price, or the worst price of a trigger order, as it is sent.
    #[getter]
    fn px(&self) -> String {
        Decimal::of_px(self.0.px()).as_str().to_owned()
    }

    /// The size, as it is sent.
    #[getter]
    fn sz(&self) -> String {
        Decimal::of_sz(self.0.sz()).as_str().to_owned()
    }

    /// The venue's word for the time in force; None for a trigger order.
    #[getter]
    fn tif(&self) -> Option<&'static str> {
        match self.0.kind() {
            Kind::Limit(tif) => Some(tif.word()),
            Kind::Trigger { .. } => None,
        }
    }

    /// Our name, as `0x` and 32 hexadecimal digits in lower case.
    #[getter]
    fn cloid(&self) -> Option<String> {
        opt_text(self.0.cloid())
    }

    /// It may only reduce the position.
    #[getter]
    fn reduce_only(&self) -> bool {
        self.0.reduce_only()
    }

    /// The price that triggers it, as it is sent; None for a limit order.
    #[getter]
    fn trigger_px(&self) -> Option<String> {
        match self.0.kind() {
            Kind::Limit(_) => None,
            Kind::Trigger { trigger_px, .. } => {
                Some(Decimal::of_px(trigger_px).as_str().to_owned())
            }
        }
    }

    /// `tp` takes a profit, `sl` stops a loss; None for a limit order.
    #[getter]
    fn tpsl(&self) -> Option<&'static str> {
        match self.0.kind() {
            Kind::Limit(_) => None,
            Kind::Trigger { tpsl, .. } => Some(tpsl.word()),
        }
    }

    /// Once triggered it takes whatever is there, up to `px`; False for a limit order.
    #[getter]
    fn is_market(&self) -> bool {
        matches!(self.0.kind(), Kind::Trigger { is_market: true, .. })
    }

    fn __repr__(&self) -> String {
        let truth = |value| if value { "True" } else { "False" };
        let kind = match self.0.kind() {
            Kind::Limit(tif) => format!("tif='{}'", tif.word()),
            Kind::Trigger { is_market, trigger_px, tpsl } => format!(
                "trigger_px='{}', tpsl='{}', is_market={}",
                Decimal::of_px(trigger_px).as_str(),
                tpsl.word(),
                truth(is_market)
            ),
        };
        format!(
            "OrderWire({}, {}, '{}', '{}', {kind}, cloid={}, reduce_only={})",
            self.0.asset(),
            truth(self.0.is_buy()),
            self.px(),
            self.sz(),
            convert::quoted(self.0.cloid()),
            truth(self.0.reduce_only())
        )
    }
}

/// A time in force, or what triggers: one of the two.
fn kind(
    tif: OptArg<'_, '_>,
    trigger_px: OptArg<'_, '_>,
    tpsl: OptArg<'_, '_>,
    is_market: bool,
) -> PyResult<Kind> {
    match (tif, trigger_px, tpsl) {
        (Some(tif), None, None) => self::tif(tif).map(Kind::Limit),
        (None, Some(trigger_px), Some(tpsl)) => {
            let trigger_px = px("trigger_px", trigger_px)?;
            let tpsl = match text("tpsl", tpsl)? {
                "tp" => Tpsl::Tp,
                "sl" => Tpsl::Sl,
                _ => return Err(bad("tpsl", "is neither \"tp\" nor \"sl\"")),
            };
            Ok(Kind::Trigger { is_market, trigger_px, tpsl })
        }
        (None, None, None) => Err(bad("tif", "is missing")),
        (None, _, None) => Err(bad("tpsl", "is missing")),
        (None, None, _) => Err(bad("trigger_px", "is missing")),
        (Some(_), ..) => Err(bad("tif", "is not for an order with a trigger")),
    }
}

fn tif(value: Arg<'_, '_>) -> PyResult<WireTif> {
    let bad = || bad("tif", "is none of \"Alo\", \"Ioc\", \"Gtc\", \"FrontendMarket\" and no Tif");
    if let Ok(word) = value.cast::<PyString>() {
        return word.to_str().ok().and_then(WireTif::parse).ok_or_else(bad);
    }
    let tif: Tif = value.extract::<PyTif>().map_err(|_| bad())?.into();
    Ok(match tif {
        Tif::Alo => WireTif::Alo,
        Tif::Ioc => WireTif::Ioc,
        Tif::Gtc => WireTif::Gtc,
    })
}
