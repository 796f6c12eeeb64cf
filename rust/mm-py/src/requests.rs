//! What to send, as the engine said it.

use mm_core::engine::{CancelRequest, ModifyRequest};
use pyo3::prelude::*;

use crate::convert::{DecPx, DecSz, opt_text, quoted, side_name};
use crate::types::{PySide, PyTif};

/// What to send for a cancel, and how to tell its answer: hand it back to `on_cancel_error`.
#[pyclass(frozen, eq, name = "CancelRequest", module = "mm", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyCancelRequest {
    pub(crate) coin: String,
    pub(crate) request: CancelRequest,
}

#[pymethods]
impl PyCancelRequest {
    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// The leg, by our name.
    #[getter]
    fn cloid(&self) -> Option<String> {
        opt_text(self.request.cloid)
    }
    /// The leg, by the venue's name where it is known: cancel by this first.
    #[getter]
    fn oid(&self) -> Option<u64> {
        self.request.oid.map(|o| o.0)
    }
    /// Which cancel of this leg it is, from 1.
    #[getter]
    fn sequence(&self) -> u16 {
        self.request.sequence
    }
    /// It was asked after the leg was seen live: "nothing there" will prove death.
    #[getter]
    fn after_live(&self) -> bool {
        self.request.after_live
    }
    fn __repr__(&self) -> String {
        let r = &self.request;
        format!(
            "CancelRequest(coin={}, cloid={}, oid={}, sequence={}, after_live={})",
            quoted(Some(&self.coin)),
            quoted(r.cloid),
            opt_text(r.oid.map(|o| o.0)).unwrap_or_else(|| "None".to_owned()),
            r.sequence,
            if r.after_live { "True" } else { "False" }
        )
    }
}

/// What to send for a modify: cancel `oid`, place a leg of size `sz` under the fresh `cloid`.
#[pyclass(frozen, eq, name = "ModifyRequest", module = "mm", skip_from_py_object)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PyModifyRequest {
    pub(crate) coin: String,
    pub(crate) request: ModifyRequest,
}

#[pymethods]
impl PyModifyRequest {
    /// The market.
    #[getter]
    fn coin(&self) -> &str {
        &self.coin
    }
    /// The leg to replace.
    #[getter]
    fn oid(&self) -> u64 {
        self.request.oid.0
    }
    /// The name of the leg that replaces it.
    #[getter]
    fn cloid(&self) -> String {
        self.request.cloid.to_string()
    }
    /// Side of both.
    #[getter]
    fn side(&self) -> PySide {
        self.request.side.into()
    }
    /// New limit price.
    #[getter]
    fn px(&self) -> DecPx {
        DecPx(self.request.px)
    }
    /// Size of the new leg: wanted total less what is executed.
    #[getter]
    fn sz(&self) -> DecSz {
        DecSz(self.request.sz)
    }
    /// Time in force of the order.
    #[getter]
    fn tif(&self) -> PyTif {
        self.request.tif.into()
    }
    /// As the order.
    #[getter]
    fn reduce_only(&self) -> bool {
        self.request.reduce_only
    }
    fn __repr__(&self) -> String {
        let r = &self.request;
        format!(
            "ModifyRequest(coin={}, oid={}, cloid={}, side={}, px={}, sz={}, tif=Tif.{}, reduce_only={})",
            quoted(Some(&self.coin)),
            r.oid.0,
            quoted(Some(r.cloid)),
            side_name(r.side),
            r.px,
            r.sz,
            format!("{:?}", r.tif).to_uppercase(),
            if r.reduce_only { "True" } else { "False" }
        )
    }
}
