//! What signing takes from Python: keys, addresses, batches. What is wrong is told by its field, and never by a key.

use mm_core::error::Error;
use mm_core::num::{NumError, Px, Sz, parse_scaled};
use mm_wire::action::{ITEMS_MAX, Target};
use mm_wire::sign::{Address, Key};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyString, PyTuple};

use crate::convert::{self, number, whole};
use crate::error::{bad, in_row, raise};

pub(crate) type Arg<'a, 'py> = &'a Bound<'py, PyAny>;
pub(crate) type OptArg<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// A private key.
pub(crate) fn key(value: Arg<'_, '_>) -> PyResult<Key> {
    let made = if let Ok(text) = value.cast::<PyString>() {
        match text.to_str() {
            Ok(text) => Key::parse(text),
            Err(_) => Err(Error::Bad("key", "is not 64 hexadecimal digits")), // and what it is stays untold
        }
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        Key::new(bytes.as_bytes())
    } else if let Ok(bytes) = value.cast::<PyByteArray>() {
        Key::take(bytes.to_vec())
    } else {
        Err(Error::Bad("key", "is neither bytes nor text"))
    };
    made.map_err(raise)
}

/// Text.
pub(crate) fn text<'a>(field: &'static str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let text = value.cast::<PyString>().map_err(|_| bad(field, "is not text"))?;
    text.to_str().map_err(|_| bad(field, "is not valid text"))
}

/// JSON, as text or as its bytes.
pub(crate) fn json<'a>(field: &'static str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes());
    }
    if value.is_instance_of::<PyString>() {
        return text(field, value).map(str::as_bytes);
    }
    Err(bad(field, "is neither text nor bytes"))
}

/// An address, in either case.
pub(crate) fn address(field: &'static str, value: Arg<'_, '_>) -> PyResult<Address> {
    Address::parse(text(field, value)?)
        .ok_or_else(|| bad(field, "is not 0x and 40 hexadecimal digits"))
}

/// The same, where `None` means none.
pub(crate) fn maybe_address(
    field: &'static str,
    value: OptArg<'_, '_>,
) -> PyResult<Option<Address>> {
    match value {
        Some(value) if !value.is_none() => address(field, value).map(Some),
        _ => Ok(None),
    }
}

/// Yes or no; no number is taken for it.
pub(crate) fn flag(field: &'static str, value: Arg<'_, '_>) -> PyResult<bool> {
    value.extract().map_err(|_| bad(field, "is not a bool"))
}

/// An asset's id.
#[inline]
pub(crate) fn asset(value: Arg<'_, '_>) -> PyResult<u32> {
    u32::try_from(whole("asset", value)?)
        .map_err(|_| bad("asset", "is not between 0 and 2**32 - 1"))
}

/// An order by oid or cloid.
pub(crate) fn target(value: Arg<'_, '_>) -> PyResult<Target> {
    if value.is_instance_of::<PyString>() {
        return convert::cloid(value).map(Target::Cloid);
    }
    convert::oid(value).map(Target::Oid)
}

/// A price: what an order is made of is checked again where it is made.
#[inline]
pub(crate) fn px(field: &'static str, value: Arg<'_, '_>) -> PyResult<Px> {
    number(field, value, Px::parse)
}

/// A size, or an amount of a token.
#[inline]
pub(crate) fn sz(field: &'static str, value: Arg<'_, '_>) -> PyResult<Sz> {
    number(field, value, Sz::parse)
}

/// Dollars in millionths, with a sign, and not zero.
pub(crate) fn micro_usd(value: Arg<'_, '_>) -> PyResult<i64> {
    number("usd", value, |text| {
        let micro = i64::try_from(parse_scaled(text, 6)?).map_err(|_| NumError::TooLarge)?;
        if micro == 0 { Err(NumError::Zero) } else { Ok(micro) }
    })
}

/// The same, and positive.
pub(crate) fn positive_micro_usd(value: Arg<'_, '_>) -> PyResult<u64> {
    let negative = |_| raise(Error::Field("usd", NumError::Negative));
    u64::try_from(micro_usd(value)?).map_err(negative)
}

/// Each item of a list or tuple; an error says which.
pub(crate) fn items<'py, T>(
    field: &'static str,
    value: Arg<'_, 'py>,
    read: impl Fn(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let each = |values: &mut dyn ExactSizeIterator<Item = Bound<'py, PyAny>>| {
        if values.len() > ITEMS_MAX {
            return Err(bad(field, "has more than 200 items"));
        }
        let mut made = Vec::with_capacity(values.len());
        for (row, value) in values.enumerate() {
            made.push(read(&value).map_err(|why| in_row(why, Some(row)))?);
        }
        Ok(made)
    };
    if let Ok(list) = value.cast::<PyList>() {
        each(&mut list.iter())
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        each(&mut tuple.iter())
    } else {
        Err(bad(field, "is neither a list nor a tuple"))
    }
}

/// The two of a pair.
pub(crate) fn pair<'py>(
    field: &'static str,
    value: Arg<'_, 'py>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    value.extract().map_err(|_| bad(field, "is not a tuple of two"))
}
