//! Columns into the numbers of fills, or the column, the row and the reason why not.

use std::collections::BTreeMap;

use mm_arrow::Item;
use mm_core::digits;
use mm_core::event::Fill;
use mm_core::ids::{Cloid, Oid, Side};
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

/// Quantities, nearly all of which fit half the width that any may have.
#[derive(Debug, Default)]
struct Amounts {
    small: Vec<i64>,
    large: BTreeMap<usize, i128>,
}

impl Amounts {
    /// Two numbers that are no quantity: not told, and to be found among the large.
    const UNTOLD: i64 = i64::MIN;
    const LARGE: i64 = i64::MIN + 1;

    #[inline]
    fn add(&mut self, value: Option<i128>) -> Result<(), Why> {
        let small = match value {
            None => Self::UNTOLD,
            Some(value) => match i64::try_from(value) {
                Ok(small) if small > Self::LARGE => small,
                _ => self.add_large(value)?,
            },
        };
        self.small.push(small);
        Ok(())
    }

    #[cold]
    fn add_large(&mut self, value: i128) -> Result<i64, Why> {
        if value.unsigned_abs() > SZ_MAX.0.unsigned_abs() {
            return Err(NumError::TooLarge.into());
        }
        self.large.insert(self.small.len(), value);
        Ok(Self::LARGE)
    }

    /// What was told; `None` too where there is no such column.
    #[inline]
    fn get(&self, row: usize) -> Option<Sz> {
        match *self.small.get(row)? {
            Self::UNTOLD => None,
            Self::LARGE => self.large.get(&row).copied().map(Sz),
            value => Some(Sz(value.into())),
        }
    }
}

/// Ids or times: as NumPy has them, or read.
#[derive(Debug)]
enum Ids<'a> {
    /// None of them negative.
    Ints(&'a [i64]),
    Naturals(&'a [u64]),
    Read(Vec<u64>),
}

impl<'a> Ids<'a> {
    fn read(name: &'static str, column: &Column<'a>) -> Result<Self, Refusal> {
        match column {
            Column::Ints(values) if values.iter().fold(0, |all, value| all | value) >= 0 => {
                Ok(Self::Ints(values))
            }
            Column::Naturals(values) => Ok(Self::Naturals(values)),
            column => many(name, column, whole).map(Self::Read),
        }
    }

    #[inline]
    fn get(&self, row: usize) -> u64 {
        match self {
            Self::Ints(values) => values[row].cast_unsigned(),
            Self::Naturals(values) => values[row],
            Self::Read(values) => values[row],
        }
    }
}

/// Rows of fills, column by column; an optional column that was not given is empty.
#[derive(Debug)]
pub(super) struct Fills<'a> {
    pub(super) rows: usize,
    names: Names,
    coin: Vec<u32>,
    side: Vec<Side>,
    px: Vec<i64>,
    sz: Amounts,
    oid: Ids<'a>,
    tid: Ids<'a>,
    time: Ids<'a>,
    start: Amounts,
    fee: Amounts,
    fee_token: Vec<u32>,
    closed_pnl: Amounts,
    crossed: Vec<Option<bool>>,
    cloid: Vec<Option<Cloid>>,
}

impl<'a> Fills<'a> {
    pub(super) fn read(columns: &Columns<'a>, scales: &Scales) -> Result<Self, Refusal> {
        let mut names = Names::new();
        Ok(Self {
            rows: columns.rows,
            coin: many("coin", &columns.coin, |item| match text(item)? {
                Some(name) => names.number(name).ok_or_else(not_text),
                None => Err(missing()),
            })?,
            fee_token: maybe(columns.fee_token.as_ref(), |c| {
                many("fee_token", c, |item| {
                    names.number(text(item)?.unwrap_or(b"")).ok_or_else(not_text)
                })
            })?,
            names,
            side: many("side", &columns.side, side)?,
            px: px(&columns.px, scales.px)?,
            sz: amounts("sz", &columns.sz, Some(scales.sz), true)?,
            oid: Ids::read("oid", &columns.oid)?,
            tid: Ids::read("tid", &columns.tid)?,
            time: Ids::read("time", &columns.time)?,
            start: maybe(columns.start_position.as_ref(), |c| {
                amounts("start_position", c, Some(scales.sz), false)
            })?,
            fee: maybe(columns.fee.as_ref(), |c| amounts("fee", c, scales.fee, false))?,
            closed_pnl: maybe(columns.closed_pnl.as_ref(), |c| {
                amounts("closed_pnl", c, scales.fee, false)
            })?,
            crossed: maybe(columns.crossed.as_ref(), |c| many("crossed", c, flag))?,
            cloid: maybe(columns.cloid.as_ref(), |c| many("cloid", c, cloid))?,
        })
    }

    #[inline]
    pub(super) fn fill(&self, row: usize) -> Fill<'_> {
        Fill {
            coin: self.names.name(self.coin[row]),
            side: self.side[row],
            px: Px(self.px[row]),
            sz: self.sz.get(row).unwrap_or_default(),
            time: self.time.get(row),
            tid: self.tid.get(row),
            oid: Oid(self.oid.get(row)),
            start: self.start.get(row),
            cloid: self.cloid.get(row).copied().flatten(),
            fee: self.fee.get(row),
            fee_token: self.fee_token.get(row).map_or("", |&token| self.names.name(token)),
            closed_pnl: self.closed_pnl.get(row),
            crossed: self.crossed.get(row).copied().flatten(),
            liquidated: None,
        }
    }
}

/// An optional column: nothing, where it was not given.
fn maybe<'c, T: Default>(
    column: Option<&Column<'c>>,
    read: impl FnOnce(&Column<'c>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    column.map_or_else(|| Ok(T::default()), read)
}

#[inline(always)]
#[allow(clippy::inline_always)] // with what it is given, it becomes one loop
fn each(
    name: &'static str,
    column: &Column<'_>,
    take: impl FnMut(Item<'_>) -> Result<(), Why>,
) -> Result<(), Refusal> {
    column.each(take).map_err(|(row, why)| Refusal { column: name, row: Some(row), why })
}

#[inline]
fn many<T>(
    name: &'static str,
    column: &Column<'_>,
    mut read: impl FnMut(Item<'_>) -> Result<T, Why>,
) -> Result<Vec<T>, Refusal> {
    let mut values = Vec::with_capacity(column.rows());
    each(name, column, |item| {
        values.push(read(item)?);
        Ok(())
    })?;
    Ok(values)
}

fn px(column: &Column<'_>, scale: u32) -> Result<Vec<i64>, Refusal> {
    let unit = Some(Unit::new(scale, PX_DECIMALS));
    if let (Column::Ints(values), Some(unit)) = (column, unit)
        && let Some(scaled) = unit.of_all(values)
    {
        return Ok(scaled);
    }
    many("px", column, |item| {
        let value = number(item, PX_DECIMALS, unit)?.ok_or_else(missing)?;
        i64::try_from(value).map_err(|_| NumError::TooLarge.into())
    })
}

/// Quantities with a sign: whether a size may be negative is for the engine to say, row by row.
fn amounts(
    name: &'static str,
    column: &Column<'_>,
    scale: Option<u32>,
    needed: bool,
) -> Result<Amounts, Refusal> {
    let unit = scale.map(|scale| Unit::new(scale, SZ_DECIMALS));
    if let (Column::Ints(values), Some(unit)) = (column, unit)
        && let Some(small) = unit.of_all(values)
    {
        return Ok(Amounts { small, large: BTreeMap::new() });
    }
    let mut amounts = Amounts { small: Vec::with_capacity(column.rows()), large: BTreeMap::new() };
    each(name, column, |item| match number(item, SZ_DECIMALS, unit)? {
        None if needed => Err(missing()),
        value => amounts.add(value),
    })?;
    Ok(amounts)
}

/// Up to the decimals of any number here.
const POW10: [i64; 11] = {
    let mut table = [1; 11];
    let mut i = 1;
    while i < table.len() {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

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

    /// Many of the caller's integers at once; `None` where one of them does not fit well within 64 bits: then each is
    /// looked at on its own.
    fn of_all(self, values: &[i64]) -> Option<Vec<i64>> {
        let factor = i64::try_from(self.factor).ok().filter(|_| self.divisor == 1)?;
        let most = (i64::MAX / factor).cast_unsigned();
        let largest = values.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0);
        (largest < most).then(|| values.iter().map(|value| value * factor).collect())
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

#[inline(always)]
#[allow(clippy::inline_always)] // as a call, it passes its answer through memory
fn number(item: Item<'_>, decimals: u32, unit: Option<Unit>) -> Result<Option<i128>, Why> {
    if let Item::Text(text) = item
        && let Some((value, fraction)) = digits::short(text)
        && fraction <= decimals as usize
    {
        return Ok(Some(i128::from(value) * i128::from(POW10[decimals as usize - fraction])));
    }
    if let (Item::Int(value), Some(unit)) = (item, unit) {
        return Ok(Some(unit.of(value)?));
    }
    rare(item, decimals)
}

#[cold]
fn rare(item: Item<'_>, decimals: u32) -> Result<Option<i128>, Why> {
    match item {
        Item::Text(text) => thorough(text, decimals),
        Item::Int(_) => {
            Err(Why::Bad("is an integer, and fee_scale does not tell of what".to_owned()))
        }
        Item::Decimal(value, scale) => Ok(Some(decimal(value, scale, decimals)?)),
        Item::TooWide => Err(NumError::TooLarge.into()),
        Item::Null => Ok(None),
        Item::Flag(_) => Err(Why::Bad("is a bool, not a number".to_owned())),
        Item::Broken => Err(broken()),
    }
}

/// What is long, or wrong. The empty text is how a column of fixed width says that nothing was told.
fn thorough(text: &[u8], decimals: u32) -> Result<Option<i128>, Why> {
    match num::parse_scaled(text, decimals) {
        Ok(value) => Ok(Some(value)),
        Err(_) if text.is_empty() => Ok(None),
        Err(why) => Err(why.into()),
    }
}

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
        Item::Null => Err(missing()),
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
        // Sides come in no order that could be guessed: no branch on the letter.
        Some([letter @ (b'A' | b'B')]) => Ok(if *letter == b'B' { Side::Buy } else { Side::Sell }),
        Some(b"buy" | b"BUY") => Ok(Side::Buy),
        Some(b"sell" | b"SELL") => Ok(Side::Sell),
        Some(_) => Err(Why::Bad("is none of \"B\", \"A\", \"buy\", \"sell\"".to_owned())),
        None => Err(missing()),
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
fn missing() -> Why {
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
