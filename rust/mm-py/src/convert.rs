//! Numbers and names across the border: exact, without a float, refused with the field's name.

use mm_core::ids::{Cloid, Oid, Side};
use mm_core::num::{NumError, Px, Sz, Usd};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString, PyType};

use crate::error::{bad, raise, unrepresentable};
use crate::types::PySide;

static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();

pub(crate) fn decimal(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    DECIMAL.import(py, "decimal", "Decimal")
}

/// Reads text, an `int` or a `Decimal` with one of the core's readers.
#[inline(always)]
#[allow(clippy::inline_always)] // numbers are most of what a fill is, and readers differ
pub(crate) fn number<T>(
    field: &'static str,
    value: &Bound<'_, PyAny>,
    read: impl Fn(&[u8]) -> Result<T, NumError>,
) -> PyResult<T> {
    if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_str().map_err(|_| bad(field, "is not valid text"))?;
        return read(text.as_bytes())
            .map_err(|why| raise(mm_core::error::Error::Field(field, why)));
    }
    slow_number(field, value, read)
}

#[cold]
fn slow_number<T>(
    field: &'static str,
    value: &Bound<'_, PyAny>,
    read: impl Fn(&[u8]) -> Result<T, NumError>,
) -> PyResult<T> {
    let refuse = |why| raise(mm_core::error::Error::Field(field, why));
    if value.is_instance_of::<PyFloat>() {
        return Err(unrepresentable(field, "is a float: give text, an int or a Decimal"));
    }
    if value.is_instance_of::<PyBool>() {
        return Err(bad(field, "is a bool, not a number"));
    }
    if value.is_instance_of::<PyInt>() {
        let whole: i128 = value.extract().map_err(|_| refuse(NumError::TooLarge))?;
        return read(whole.to_string().as_bytes()).map_err(refuse);
    }
    if value.is_instance(decimal(value.py())?)? {
        let text = match plain_text(value)? {
            Ok(text) => text,
            Err(why) => return Err(refuse(why)),
        };
        return read(text.to_str()?.as_bytes()).map_err(refuse);
    }
    let kind = value.get_type().name()?;
    Err(bad(field, &format!("is {kind}, not text, int or Decimal")))
}

/// A `Decimal`'s magnitude beyond which nothing of ours can hold it: its text might have a billion digits.
const EXPONENT_MAX: i64 = 60;

/// A `Decimal` as plain text; or why it cannot be read, told by its exponent before a digit is written.
pub(crate) fn plain_text<'py>(
    value: &Bound<'py, PyAny>,
) -> PyResult<Result<Bound<'py, PyString>, NumError>> {
    if !value.call_method0("is_finite")?.is_truthy()? {
        return Ok(Err(NumError::NotANumber));
    }
    if value.call_method0("is_zero")?.is_truthy()? {
        return Ok(Ok(PyString::intern(value.py(), "0")));
    }
    let exponent: i64 = value.call_method0("adjusted")?.extract()?;
    Ok(if exponent > EXPONENT_MAX {
        Err(NumError::TooLarge)
    } else if exponent < -EXPONENT_MAX {
        Err(NumError::TooManyDecimals)
    } else {
        Ok(value.call_method1("__format__", ("f",))?.cast_into()?)
    })
}

/// As [`number`], where `None` means "not told".
#[inline(always)]
#[allow(clippy::inline_always)] // as above
pub(crate) fn maybe<T>(
    field: &'static str,
    value: Option<&Bound<'_, PyAny>>,
    read: impl Fn(&[u8]) -> Result<T, NumError>,
) -> PyResult<Option<T>> {
    match value {
        Some(value) if !value.is_none() => number(field, value, read).map(Some),
        _ => Ok(None),
    }
}

/// Reads a whole number of 64 bits: an id or a time.
#[inline]
pub(crate) fn whole(field: &'static str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let is_int = value.is_exact_instance_of::<PyInt>()
        || value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
    if !is_int {
        return Err(bad(field, "is not an int"));
    }
    // Ids and times fit 63 bits, and those come out of an int four times as fast.
    if let Ok(signed) = value.extract::<i64>()
        && let Ok(whole) = u64::try_from(signed)
    {
        return Ok(whole);
    }
    value.extract().map_err(|_| bad(field, "is not between 0 and 2**64 - 1"))
}

/// As [`whole`], where `None` means "not told".
pub(crate) fn maybe_whole(
    field: &'static str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<u64>> {
    match value {
        Some(value) if !value.is_none() => whole(field, value).map(Some),
        _ => Ok(None),
    }
}

/// As [`whole`], below 2^`bits`.
pub(crate) fn whole_of_bits<T: TryFrom<u64>>(
    field: &'static str,
    value: &Bound<'_, PyAny>,
    bits: u32,
) -> PyResult<T> {
    let too_large = || bad(field, &format!("is not between 0 and 2**{bits} - 1"));
    let whole = whole(field, value).map_err(|error| {
        let is_int = value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
        if is_int { too_large() } else { error }
    })?;
    if u64::BITS - whole.leading_zeros() > bits {
        return Err(too_large());
    }
    T::try_from(whole).map_err(|_| too_large())
}

/// A setting that was given, as whatever it is, or was not.
pub(crate) struct Given<'py>(pub(crate) Option<Bound<'py, PyAny>>);

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Some(value.to_owned())))
    }
}

impl Given<'_> {
    /// As [`whole_of_bits`], or the default.
    pub(crate) fn or<T: TryFrom<u64>>(
        &self,
        default: T,
        field: &'static str,
        bits: u32,
    ) -> PyResult<T> {
        self.0.as_ref().map_or(Ok(default), |value| whole_of_bits(field, value, bits))
    }
}

/// Reads our clock, in ms. Below 2⁶³: there is always a later time to ask again.
pub(crate) fn clock(now: &Bound<'_, PyAny>) -> PyResult<u64> {
    whole_of_bits("now_ms", now, 63)
}

/// As [`clock`], where `None` means "not told".
#[inline]
pub(crate) fn maybe_clock(now: Option<&Bound<'_, PyAny>>) -> PyResult<Option<u64>> {
    match now {
        Some(now) if !now.is_none() => clock(now).map(Some),
        _ => Ok(None),
    }
}

/// Reads an oid.
pub(crate) fn oid(value: &Bound<'_, PyAny>) -> PyResult<Oid> {
    whole("oid", value).map(Oid)
}

/// Reads a cloid.
#[inline]
pub(crate) fn cloid(value: &Bound<'_, PyAny>) -> PyResult<Cloid> {
    let text = value.cast::<PyString>().map_err(|_| bad("cloid", "is not text"))?;
    let text = text.to_str().map_err(|_| bad("cloid", "is not valid text"))?;
    Cloid::parse(text.as_bytes()).ok_or_else(|| bad("cloid", "is not 0x and 32 hexadecimal digits"))
}

/// Reads a side: `Side.BUY`, "B", "A", "buy", "sell".
#[inline]
pub(crate) fn side(value: &Bound<'_, PyAny>) -> PyResult<Side> {
    if let Ok(text) = value.cast::<PyString>() {
        return match text.to_str().unwrap_or("") {
            "B" | "buy" | "BUY" => Ok(Side::Buy),
            "A" | "sell" | "SELL" => Ok(Side::Sell),
            _ => Err(bad("side", "is none of \"B\", \"A\", \"buy\", \"sell\"")),
        };
    }
    match value.extract::<PySide>() {
        Ok(side) => Ok(side.into()),
        Err(_) => Err(bad("side", "is neither a Side nor its letter")),
    }
}

macro_rules! decimal_out {
    ($($name:ident($inner:ty) read $read:expr;)*) => { $(
        #[doc = concat!("A [`", stringify!($inner), "`] that becomes a `Decimal` when Python looks at it.")]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) struct $name(pub(crate) $inner);

        impl<'py> IntoPyObject<'py> for $name {
            type Target = PyAny;
            type Output = Bound<'py, PyAny>;
            type Error = PyErr;
            fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                decimal(py)?.call1((self.0.to_string(),))
            }
        }
        impl<'py> IntoPyObject<'py> for &$name {
            type Target = PyAny;
            type Output = Bound<'py, PyAny>;
            type Error = PyErr;
            fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                (*self).into_pyobject(py)
            }
        }
        impl<'a, 'py> FromPyObject<'a, 'py> for $name {
            type Error = PyErr;
            fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                number("value", &value, $read).map(Self)
            }
        }
    )* };
}
decimal_out! {
    DecPx(Px) read Px::parse;
    DecSz(Sz) read Sz::parse_signed;
    DecUsd(Usd) read |text| mm_core::num::parse_scaled(text, mm_core::num::USD_DECIMALS).map(Usd);
}

/// The text of an id, where there is one.
pub(crate) fn opt_text<T: std::fmt::Display>(value: Option<T>) -> Option<String> {
    value.map(|v| v.to_string())
}

/// A text as Python writes it, or `None`.
pub(crate) fn quoted<T: std::fmt::Display>(value: Option<T>) -> String {
    match value.map(|v| v.to_string()) {
        Some(text) if text.contains(['\'', '\\']) => format!("{text:?}"),
        Some(text) => format!("'{text}'"),
        None => "None".to_owned(),
    }
}

/// A side as Python writes it.
pub(crate) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "Side.BUY",
        Side::Sell => "Side.SELL",
    }
}
