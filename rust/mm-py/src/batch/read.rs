//! Columns into the numbers of fills, or the column, the row and the reason why not.

use mm_arrow::Item;
use mm_core::event::Fill;
use mm_core::ids::{Cloid, Ms, Oid, Side};
use mm_core::num::{self, NumError, PX_DECIMALS, Px, SZ_DECIMALS, SZ_MAX, Sz};
use pyo3::PyErr;

use super::column::Column;
use super::find::Columns;
use super::names::Names;
use crate::error::{bad, in_row, unrepresentable};

/// The largest scale: more decimals than any number here could have.
const SCALE_MAX: u32 = 38;

/// What the integers of a call count: units of 10^-scale.
#[derive(Debug)]
pub(crate) struct Scales {
    pub(crate) px: u32,
    pub(crate) sz: u32,
    /// `None`: fees and profits in integers are refused.
    pub(crate) fee: Option<u32>,
}

impl Scales {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        for (name, scale) in
            [("px_scale", Some(self.px)), ("sz_scale", Some(self.sz)), ("fee_scale", self.fee)]
        {
            if scale.is_some_and(|scale| scale > SCALE_MAX) {
                return Err(Refusal {
                    column: name,
                    row: None,
                    why: Why::Bad("is beyond 38".to_owned()),
                });
            }
        }
        Ok(())
    }
}

/// Why a column cannot be read.
#[derive(Debug)]
pub(super) enum Why {
    Bad(String),
    Unrepresentable(String),
}

impl From<NumError> for Why {
    fn from(why: NumError) -> Self {
        match why {
            NumError::Empty | NumError::NotANumber | NumError::Negative | NumError::Zero => {
                Self::Bad(why.reason().to_owned())
            }
            NumError::TooManyDecimals | NumError::TooLarge => {
                Self::Unrepresentable(why.reason().to_owned())
            }
        }
    }
}

/// Which column, where and why.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) column: &'static str,
    pub(super) row: Option<usize>,
    pub(super) why: Why,
}

impl Refusal {
    pub(super) fn bad(column: &'static str, why: impl Into<String>) -> Self {
        Self { column, row: None, why: Why::Bad(why.into()) }
    }

    pub(super) fn raise(self) -> PyErr {
        let error = match &self.why {
            Why::Bad(reason) => bad(self.column, reason),
            Why::Unrepresentable(reason) => unrepresentable(self.column, reason),
        };
        in_row(error, self.row)
    }
}

/// A quantity that was not told. No number that is read is as small.
const UNTOLD: i128 = i128::MIN;

/// Rows of fills, column by column; an optional column that was not given is empty.
#[derive(Debug)]
pub(super) struct Fills {
    pub(super) rows: usize,
    names: Names,
    coin: Vec<u32>,
    side: Vec<Side>,
    px: Vec<i64>,
    sz: Vec<i128>,
    oid: Vec<u64>,
    tid: Vec<u64>,
    time: Vec<Ms>,
    start: Vec<i128>,
    fee: Vec<i128>,
    fee_token: Vec<u32>,
    closed_pnl: Vec<i128>,
    crossed: Vec<Option<bool>>,
    cloid: Vec<Option<Cloid>>,
}

impl Fills {
    pub(super) fn read(columns: &Columns<'_>, scales: &Scales) -> Result<Self, Refusal> {
        let rows = columns.rows;
        let mut names = Names::new();
        let numbers =
            |name, of: &Option<Column<'_>>, scale| maybe(of.as_ref(), |c| signed(name, c, scale));
        Ok(Self {
            rows,
            coin: many("coin", rows, &columns.coin, |item| match text(item)? {
                Some(name) => names.number(name).ok_or_else(not_text),
                None => Err(null()),
            })?,
            fee_token: maybe(columns.fee_token.as_ref(), |c| {
                many("fee_token", rows, c, |item| {
                    names.number(text(item)?.unwrap_or(b"")).ok_or_else(not_text)
                })
            })?,
            names,
            side: many("side", rows, &columns.side, side)?,
            px: px(&columns.px, scales.px)?,
            sz: signed("sz", &columns.sz, Some(scales.sz)).and_then(|sz| told("sz", sz))?,
            oid: many("oid", rows, &columns.oid, whole)?,
            tid: many("tid", rows, &columns.tid, whole)?,
            time: many("time", rows, &columns.time, whole)?,
            start: numbers("start_position", &columns.start_position, Some(scales.sz))?,
            fee: numbers("fee", &columns.fee, scales.fee)?,
            closed_pnl: numbers("closed_pnl", &columns.closed_pnl, scales.fee)?,
            crossed: maybe(columns.crossed.as_ref(), |c| many("crossed", rows, c, flag))?,
            cloid: maybe(columns.cloid.as_ref(), |c| many("cloid", rows, c, cloid))?,
        })
    }

    #[inline]
    pub(super) fn fill(&self, row: usize) -> Fill<'_> {
        let told =
            |of: &[i128]| of.get(row).filter(|&&value| value != UNTOLD).map(|&value| Sz(value));
        Fill {
            coin: self.names.name(self.coin[row]),
            side: self.side[row],
            px: Px(self.px[row]),
            sz: Sz(self.sz[row]),
            time: self.time[row],
            tid: self.tid[row],
            oid: Oid(self.oid[row]),
            start: told(&self.start),
            cloid: self.cloid.get(row).copied().flatten(),
            fee: told(&self.fee),
            fee_token: self.fee_token.get(row).map_or("", |&token| self.names.name(token)),
            closed_pnl: told(&self.closed_pnl),
            crossed: self.crossed.get(row).copied().flatten(),
            liquidated: None,
        }
    }
}

fn maybe<T>(
    column: Option<&Column<'_>>,
    read: impl FnOnce(&Column<'_>) -> Result<Vec<T>, Refusal>,
) -> Result<Vec<T>, Refusal> {
    column.map_or_else(|| Ok(Vec::new()), read)
}

#[inline]
fn many<T>(
    name: &'static str,
    rows: usize,
    column: &Column<'_>,
    mut read: impl FnMut(Item<'_>) -> Result<T, Why>,
) -> Result<Vec<T>, Refusal> {
    let mut values = Vec::with_capacity(rows);
    let done = column.each(|item| {
        values.push(read(item)?);
        Ok(())
    });
    match done {
        Ok(()) => Ok(values),
        Err((row, why)) => Err(Refusal { column: name, row: Some(row), why }),
    }
}

fn px(column: &Column<'_>, scale: u32) -> Result<Vec<i64>, Refusal> {
    let unit = Unit::new(scale, PX_DECIMALS);
    many("px", column.rows(), column, |item| {
        let value = number(item, PX_DECIMALS, Some(unit))?.ok_or_else(null)?;
        i64::try_from(value).map_err(|_| NumError::TooLarge.into())
    })
}

/// Quantities with a sign: whether a size may be negative is for the engine to say, row by row.
fn signed(
    name: &'static str,
    column: &Column<'_>,
    scale: Option<u32>,
) -> Result<Vec<i128>, Refusal> {
    let unit = scale.map(|scale| Unit::new(scale, SZ_DECIMALS));
    many(name, column.rows(), column, |item| match number(item, SZ_DECIMALS, unit)? {
        Some(value) if value.unsigned_abs() > SZ_MAX.0.unsigned_abs() => {
            Err(NumError::TooLarge.into())
        }
        Some(value) => Ok(value),
        None => Ok(UNTOLD),
    })
}

fn told(name: &'static str, values: Vec<i128>) -> Result<Vec<i128>, Refusal> {
    match values.iter().position(|&value| value == UNTOLD) {
        Some(row) => Err(Refusal { column: name, row: Some(row), why: null() }),
        None => Ok(values),
    }
}

/// How many of our smallest units one of the caller's integers is: a factor, or a divisor.
#[derive(Clone, Copy)]
struct Unit {
    factor: i128,
    divisor: i128,
}

impl Unit {
    /// For integers in units of 10^-scale, of a number that is kept in units of 10^-decimals.
    fn new(scale: u32, decimals: u32) -> Self {
        let power = |exponent: u32| 10i128.checked_pow(exponent).unwrap_or(i128::MAX);
        Self {
            factor: power(decimals.saturating_sub(scale)),
            divisor: power(scale.saturating_sub(decimals)),
        }
    }

    #[inline]
    fn of(self, value: i128) -> Result<i128, NumError> {
        if self.divisor == 1 {
            return value.checked_mul(self.factor).ok_or(NumError::TooLarge);
        }
        if value % self.divisor == 0 {
            Ok(value / self.divisor)
        } else {
            Err(NumError::TooManyDecimals)
        }
    }
}

#[inline]
fn number(item: Item<'_>, decimals: u32, unit: Option<Unit>) -> Result<Option<i128>, Why> {
    match item {
        Item::Text(text) => match num::parse_scaled(text, decimals) {
            Ok(value) => Ok(Some(value)),
            Err(why) => unread(text, why),
        },
        Item::Int(value) => match unit {
            Some(unit) => Ok(Some(unit.of(value)?)),
            None => Err(Why::Bad("is an integer, and fee_scale does not tell of what".to_owned())),
        },
        Item::Decimal(value, scale) => Ok(Some(decimal(value, scale, decimals)?)),
        Item::TooWide => Err(NumError::TooLarge.into()),
        Item::Null => Ok(None),
        Item::Flag(_) => Err(Why::Bad("is a bool, not a number".to_owned())),
        Item::Broken => Err(broken()),
    }
}

/// The empty text is how a column of fixed width says that nothing was told.
#[cold]
fn unread(text: &[u8], why: NumError) -> Result<Option<i128>, Why> {
    if text.is_empty() { Ok(None) } else { Err(why.into()) }
}

#[cold]
fn decimal(value: i128, scale: i32, decimals: u32) -> Result<i128, NumError> {
    if value == 0 {
        return Ok(0);
    }
    match u32::try_from(scale) {
        Ok(scale) if scale > decimals + SCALE_MAX => Err(NumError::TooManyDecimals),
        Ok(scale) => Unit::new(scale, decimals).of(value),
        Err(_) => {
            let power = 10i128
                .checked_pow(scale.unsigned_abs().saturating_add(decimals))
                .ok_or(NumError::TooLarge)?;
            value.checked_mul(power).ok_or(NumError::TooLarge)
        }
    }
}

#[inline]
fn whole(item: Item<'_>) -> Result<u64, Why> {
    match item {
        Item::Int(value) => {
            u64::try_from(value).map_err(|_| Why::Bad("is not between 0 and 2**64 - 1".to_owned()))
        }
        Item::Null => Err(null()),
        Item::Broken => Err(broken()),
        Item::Flag(_) | Item::Decimal(..) | Item::TooWide | Item::Text(_) => {
            Err(Why::Bad("is not an integer".to_owned()))
        }
    }
}

#[inline]
fn text(item: Item<'_>) -> Result<Option<&[u8]>, Why> {
    match item {
        Item::Text(text) => Ok(Some(text)),
        Item::Null => Ok(None),
        Item::Broken => Err(broken()),
        Item::Flag(_) | Item::Int(_) | Item::Decimal(..) | Item::TooWide => Err(not_text()),
    }
}

#[inline]
fn side(item: Item<'_>) -> Result<Side, Why> {
    match text(item)? {
        Some(b"B" | b"buy" | b"BUY") => Ok(Side::Buy),
        Some(b"A" | b"sell" | b"SELL") => Ok(Side::Sell),
        Some(_) => Err(Why::Bad("is none of \"B\", \"A\", \"buy\", \"sell\"".to_owned())),
        None => Err(null()),
    }
}

#[inline]
fn flag(item: Item<'_>) -> Result<Option<bool>, Why> {
    match item {
        Item::Flag(flag) => Ok(Some(flag)),
        Item::Null => Ok(None),
        Item::Broken => Err(broken()),
        Item::Int(_) | Item::Decimal(..) | Item::TooWide | Item::Text(_) => {
            Err(Why::Bad("is not a bool".to_owned()))
        }
    }
}

#[inline]
fn cloid(item: Item<'_>) -> Result<Option<Cloid>, Why> {
    match text(item)? {
        None | Some([]) => Ok(None),
        Some(text) => match Cloid::parse(text) {
            Some(cloid) => Ok(Some(cloid)),
            None => Err(Why::Bad("is not 0x and 32 hexadecimal digits".to_owned())),
        },
    }
}

#[cold]
fn null() -> Why {
    Why::Bad("is missing".to_owned())
}

#[cold]
fn not_text() -> Why {
    Why::Bad("is not text".to_owned())
}

#[cold]
fn broken() -> Why {
    Why::Bad("leads outside of its column's data".to_owned())
}
