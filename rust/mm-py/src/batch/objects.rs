//! Columns of Python objects, one by one: what `Engine.process` takes, and the bytes that NumPy makes of texts.

use mm_core::ids::Side;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::column::Cell;
use super::find::{Need, Source};
use super::read::{Refusal, Why};
use crate::convert::{decimal, plain_text};
use crate::types::PySide;

/// Reads a list.
pub(super) fn list(name: &'static str, need: Need, values: &Bound<'_, PyList>) -> PyResult<Source> {
    objects(name, need, values.len(), values.iter())
}

/// Reads a tuple.
pub(super) fn tuple(
    name: &'static str,
    need: Need,
    values: &Bound<'_, PyTuple>,
) -> PyResult<Source> {
    objects(name, need, values.len(), values.iter())
}

fn objects<'py>(
    name: &'static str,
    need: Need,
    rows: usize,
    values: impl Iterator<Item = Bound<'py, PyAny>>,
) -> PyResult<Source> {
    let (mut cells, mut texts) = (Vec::with_capacity(rows), Vec::new());
    for (row, value) in values.enumerate() {
        match cell(need, &value, &mut texts) {
            Ok(cell) => cells.push(cell),
            Err(Trouble::Refused(why)) => {
                return Err(Refusal { column: name, row: Some(row), why }.raise());
            }
            Err(Trouble::Raised(error)) => return Err(error),
        }
    }
    Ok(Source::Cells { cells, texts })
}

enum Trouble {
    Refused(Why),
    Raised(PyErr),
}

impl From<PyErr> for Trouble {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

#[inline]
fn cell(need: Need, value: &Bound<'_, PyAny>, texts: &mut Vec<u8>) -> Result<Cell, Trouble> {
    if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_str().map_err(|_| refused("is not valid text"))?;
        return Ok(add(text.as_bytes(), texts));
    }
    if value.is_none() {
        return Ok(Cell::Null);
    }
    if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
        return int(value);
    }
    rare(need, value, texts)
}

#[inline]
fn int(value: &Bound<'_, PyAny>) -> Result<Cell, Trouble> {
    if let Ok(value) = value.extract::<i64>() {
        return Ok(Cell::Int(value.into()));
    }
    let wide = value.extract::<i128>();
    wide.map(Cell::Int)
        .map_err(|_| Trouble::Refused(Why::Unrepresentable("is too large".to_owned())))
}

#[cold]
fn rare(need: Need, value: &Bound<'_, PyAny>, texts: &mut Vec<u8>) -> Result<Cell, Trouble> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(add(bytes.as_bytes(), texts));
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Cell::Flag(flag.is_true()));
    }
    if value.is_instance_of::<PyFloat>() {
        let why = "is a float: give text, an int or a Decimal".to_owned();
        return Err(Trouble::Refused(Why::Unrepresentable(why)));
    }
    if need == Need::Number && value.is_instance(decimal(value.py())?)? {
        return match plain_text(value)? {
            Ok(text) => Ok(add(text.to_str()?.as_bytes(), texts)),
            Err(why) => Err(Trouble::Refused(why.into())),
        };
    }
    if need == Need::Text
        && let Ok(side) = value.extract::<PySide>()
    {
        return Ok(add(if Side::from(side) == Side::Buy { b"B" } else { b"A" }, texts));
    }
    if value.hasattr("__index__")? {
        return int(value); // NumPy's own integers
    }
    let kind = value.get_type().name()?;
    Err(refused(&format!("is {kind}, not {}", need.wanted())))
}

fn refused(why: &str) -> Trouble {
    Trouble::Refused(Why::Bad(why.to_owned()))
}

#[inline]
fn add(text: &[u8], texts: &mut Vec<u8>) -> Cell {
    let from = texts.len();
    texts.extend_from_slice(text);
    Cell::Text { from, to: texts.len() }
}
