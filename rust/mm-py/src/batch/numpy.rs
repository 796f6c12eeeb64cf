//! NumPy arrays by the buffer protocol: copied, for the array may change while we read. NumPy is never imported here.

use pyo3::buffer::{Element, PyBuffer};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::find::{Need, Source};
use super::objects;
use super::padded::Padded;
use crate::error::{bad, unrepresentable};

/// NumPy's array type, if anybody imported NumPy.
pub(super) fn array_type(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    let modules = py.import("sys")?.getattr("modules")?;
    match modules.cast::<PyDict>()?.get_item("numpy")? {
        Some(numpy) => numpy.getattr_opt("ndarray"),
        None => Ok(None),
    }
}

/// Copies an array.
pub(super) fn read(
    name: &'static str,
    need: Need,
    array: &Bound<'_, PyAny>,
    array_type: &Bound<'_, PyAny>,
) -> PyResult<Source> {
    let dimensions: usize = array.getattr("ndim")?.extract()?;
    if dimensions != 1 {
        return Err(bad(name, &format!("has {dimensions} dimensions, not one")));
    }
    if array.len()? == 0 {
        return Ok(Source::Cells { cells: Vec::new(), texts: Vec::new() }); // NumPy calls an empty list one of floats
    }
    if !array.get_type().is(array_type) && array.hasattr("mask")? {
        return listed(name, need, array); // what is masked becomes None
    }
    let dtype = array.getattr("dtype")?;
    let kind: char = dtype.getattr("kind")?.extract()?;
    let width: usize = dtype.getattr("itemsize")?.extract()?;
    let native = width == 8 && dtype.getattr("isnative")?.is_truthy()?;
    match kind {
        'i' if native => copy(array).map(Source::Ints),
        'u' if native => copy(array).map(Source::Naturals),
        'i' => copy(&array.call_method1("astype", ("i8",))?).map(Source::Ints),
        'u' => copy(&array.call_method1("astype", ("u8",))?).map(Source::Naturals),
        'b' => copy::<u8>(&array.call_method1("view", ("u1",))?).map(Source::Flags),
        'S' => padded(array, width),
        'U' if dtype.getattr("isnative")?.is_truthy()? => match narrowed(array, width)? {
            Some(source) => Ok(source),
            None => listed(name, need, array), // not ASCII: told with its row
        },
        'U' | 'O' | 'T' => listed(name, need, array),
        'M' if need == Need::Time
            && dtype.getattr("name")?.extract::<String>()? == "datetime64[ms]" =>
        {
            copy(&array.call_method1("astype", ("i8",))?).map(Source::Ints)
        }
        'f' | 'c' => {
            Err(unrepresentable(name, "is a column of floats: give text, integers or Decimals"))
        }
        _ => Err(bad(
            name,
            &format!("is a column of {}, not of {}", dtype.getattr("name")?, need.wanted()),
        )),
    }
}

fn copy<T: Element>(array: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    PyBuffer::<T>::get(array)?.to_vec(array.py())
}

fn padded(array: &Bound<'_, PyAny>, width: usize) -> PyResult<Source> {
    let rows = array.len()?;
    let mut bytes = match width {
        0 => Vec::new(),
        _ => copy(&array.call_method0("ravel")?.call_method1("view", ("u1",))?)?,
    };
    bytes.extend([0; Padded::SPARE]);
    Ok(Source::Padded { bytes, width, rows })
}

/// Texts of four bytes a character, as texts of one; `None` where that is not possible.
fn narrowed(array: &Bound<'_, PyAny>, width: usize) -> PyResult<Option<Source>> {
    let rows = array.len()?;
    if width == 0 {
        return Ok(Some(Source::Padded { bytes: vec![0; Padded::SPARE], width, rows }));
    }
    // Bytes that do not lie side by side are laid so.
    let flat = array.call_method0("ravel")?;
    let codes = PyBuffer::<u32>::get(&flat.call_method1("view", ("u4",))?)?;
    let Some(codes) = codes.as_slice(array.py()) else { return Ok(None) };
    let mut bytes = Vec::with_capacity(codes.len() + Padded::SPARE);
    let mut wide = 0;
    #[allow(clippy::cast_possible_truncation)]
    // whether any was wider is looked at once, after all
    bytes.extend(codes.iter().map(|code| {
        wide |= code.get();
        code.get() as u8
    }));
    bytes.extend([0; Padded::SPARE]);
    Ok((wide < 0x80).then_some(Source::Padded { bytes, width: width / 4, rows }))
}

fn listed(name: &'static str, need: Need, array: &Bound<'_, PyAny>) -> PyResult<Source> {
    objects::list(name, need, array.call_method0("tolist")?.cast::<PyList>()?)
}
