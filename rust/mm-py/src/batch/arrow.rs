//! Arrow's capsules: the one place of this crate that hands over a pointer.
#![allow(unsafe_code)] // the two calls below; what is done with the pointers is `mm-arrow`'s

use mm_arrow::{RawArray, RawSchema, RawStream, Table};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::error::bad;

/// What an object of the Arrow `PyCapsule` interface gives; `None` if it is none, or cannot give it for want of a
/// package.
pub(super) fn read(name: &'static str, object: &Bound<'_, PyAny>) -> PyResult<Option<Table>> {
    let py = object.py();
    for (method, take) in [
        ("__arrow_c_stream__", stream as fn(&'static str, &Bound<'_, PyAny>) -> PyResult<Table>),
        ("__arrow_c_array__", array),
    ] {
        if let Some(export) = object.getattr_opt(method)? {
            match export.call0() {
                Ok(given) => return take(name, &given).map(Some),
                Err(error) if error.is_instance_of::<PyImportError>(py) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(None)
}

fn stream(name: &'static str, given: &Bound<'_, PyAny>) -> PyResult<Table> {
    let capsule = given.cast::<PyCapsule>().map_err(|_| bad(name, "gives no Arrow capsule"))?;
    let stream = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<RawStream>();
    // SAFETY: a capsule of this name holds a pointer to a stream that is valid by the Arrow C stream interface (that is
    // what the name says), and it lives as long as the capsule. The interpreter's lock, or on builds without it the
    // fact that the capsule was made for this call, keeps others from it.
    unsafe { Table::from_stream(stream.as_ptr()) }.map_err(|why| bad(name, &why.to_string()))
}

fn array(name: &'static str, given: &Bound<'_, PyAny>) -> PyResult<Table> {
    let wrong = || bad(name, "gives no Arrow capsules");
    let pair = given.cast::<PyTuple>().map_err(|_| wrong())?;
    let (schema, array) = (pair.get_item(0)?, pair.get_item(1)?);
    let schema = schema.cast::<PyCapsule>().map_err(|_| wrong())?;
    let array = array.cast::<PyCapsule>().map_err(|_| wrong())?;
    let schema = schema.pointer_checked(Some(c"arrow_schema"))?.cast::<RawSchema>();
    let array = array.pointer_checked(Some(c"arrow_array"))?.cast::<RawArray>();
    // SAFETY: as above, for a schema and for an array; the interface gives them as a pair that belongs together.
    unsafe { Table::from_array(schema.as_ptr(), array.as_ptr()) }
        .map_err(|why| bad(name, &why.to_string()))
}
