//! Columns into the numbers of fills, or the column, the row and the reason why not.

use std::borrow::Cow;
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

    #[inline]
    fn get(&self, row: usize) -> Option<Sz> {
        match self.small[row] {
            Self::UNTOLD => None,
            Self::LARGE => self.large.get(&row).copied().map(Sz),
            value => Some(Sz(value.into())),
        }
    }
}

/// Ids or times: as NumPy has them, or read.
fn ids<'a>(name: &'static str, column: &Column<'a>) -> Result<Cow<'a, [u64]>, Refusal> {
    match column {
        Column::Ints(values) if values.iter().fold(0, |all, value| all | value) >= 0 => {
            Ok(values.iter().map(|value| value.cast_unsigned()).collect())
        }
        Column::Naturals(values) => Ok(Cow::Borrowed(values)),
        column => many(name, column, whole).map(Cow::Owned),
    }
}

/// Rows of fills, column by column, all of one length; what was not told is there as such, but for cloids.
#[derive(Debug)]
pub(super) struct Fills<'a> {
    pub(super) rows: usize,
    names: Names,
    coin: Vec<u32>,
    side: Vec<Side>,
    px: Vec<i64>,
    sz: Amounts,
    oid: Cow<'a, [u64]>,
    tid: Cow<'a, [u64]>,
    time: Cow<'a, [u64]>,
    start: Amounts,
    fee: Amounts,
    fee_token: Vec<u32>,
    closed_pnl: Amounts,
    crossed: Vec<Option<bool>>,
    cloid: Vec<Option<Cloid>>,
}

impl<'a> Fills<'a> {
    pub(super) fn read(columns: &Columns<'a>, scales: &Scales) -> Result<Self, Refusal> {
        let (mut names, rows) = (Names::new(), columns.rows);
        Ok(Self {
            rows,
            coin: named("coin", &columns.coin, &mut names, true)?,
            fee_token: match &columns.fee_token {
                Some(column) => named("fee_token", column, &mut names, false)?,
                None => vec![0; rows],
            },
            names,
            side: sides(&columns.side)?,
            px: px(&columns.px, scales.px)?,
            sz: amounts("sz", Some(&columns.sz), rows, Some(scales.sz), true)?,
            oid: ids("oid", &columns.oid)?,
            tid: ids("tid", &columns.tid)?,
            time: ids("time", &columns.time)?,
            start: amounts(
                "start_position",
                columns.start_position.as_ref(),
                rows,
                Some(scales.sz),
                false,
            )?,
            fee: amounts("fee", columns.fee.as_ref(), rows, scales.fee, false)?,
            closed_pnl: amounts(
                "closed_pnl",
                columns.closed_pnl.as_ref(),
                rows,
                scales.fee,
                false,
            )?,
            crossed: match &columns.crossed {
                Some(column) => flags(column)?,
                None => vec![None; rows],
            },
            cloid: match &columns.cloid {
                Some(column) => many("cloid", column, cloid)?,
                None => Vec::new(),
            },
        })
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The numbers of the row's coin and of its fee's token among the names.
    #[inline]
    pub(super) fn named(&self, row: usize) -> (usize, usize) {
        (self.coin[row] as usize, self.fee_token[row] as usize)
    }

    #[inline]
    pub(super) fn oid(&self, row: usize) -> Oid {
        Oid(self.oid[row])
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // what is not looked at is not put together
    pub(super) fn fill(&self, row: usize) -> Fill<'_> {
        let (coin, token) = self.named(row);
        Fill {
            coin: self.names.name(coin),
            side: self.side[row],
            px: Px(self.px[row]),
            sz: self.sz.get(row).unwrap_or_default(),
            time: self.time[row],
            tid: self.tid[row],
            oid: self.oid(row),
            start: self.start.get(row),
            cloid: self.cloid.get(row).copied().flatten(),
            fee: self.fee.get(row),
            fee_token: self.names.name(token),
            closed_pnl: self.closed_pnl.get(row),
            crossed: self.crossed[row],
            liquidated: None,
        }
    }
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

/// Names by number; where they are `needed`, none may be missing.
fn named(
    name: &'static str,
    column: &Column<'_>,
    names: &mut Names,
    needed: bool,
) -> Result<Vec<u32>, Refusal> {
    if let Column::Padded(texts) = column
        && let Some(words) = texts.words()
    {
        let mut numbers = vec![0; texts.rows()];
        let mut known = numbers.iter_mut().zip(words);
        if known.all(|(number, word)| names.number_of_word(word).map(|n| *number = n).is_some()) {
            return Ok(numbers);
        }
    }
    many(name, column, |item| match text(item)? {
        None if needed => Err(missing()),
        name => names.number(name.unwrap_or(b"")).ok_or_else(not_text),
    })
}

fn sides(column: &Column<'_>) -> Result<Vec<Side>, Refusal> {
    const BUY: u128 = b'B' as u128;
    const SELL: u128 = b'A' as u128;
    if let Column::Padded(texts) = column
        && let Some(words) = texts.words()
    {
        let mut others = false;
        // Sides come in no order that could be guessed: no branch on the letter.
        let sides = words.map(|word| {
            others |= word != BUY && word != SELL;
            if word == BUY { Side::Buy } else { Side::Sell }
        });
        let sides = sides.collect();
        if !others {
            return Ok(sides);
        }
    }
    many("side", column, side)
}

fn flags(column: &Column<'_>) -> Result<Vec<Option<bool>>, Refusal> {
    match column {
        Column::Flags(values) => Ok(values.iter().map(|&flag| Some(flag != 0)).collect()),
        column => many("crossed", column, flag),
    }
}

fn px(column: &Column<'_>, scale: u32) -> Result<Vec<i64>, Refusal> {
    let unit = Some(Unit::new(scale, PX_DECIMALS));
    let plain = match (column, unit) {
        (Column::Ints(values), Some(unit)) => unit.of_all(values),
        (Column::Padded(texts), _) => texts.decimals(PX_DECIMALS, None),
        _ => None,
    };
    if let Some(values) = plain {
        return Ok(values);
    }
    many("px", column, |item| {
        let value = number(item, PX_DECIMALS, unit)?.ok_or_else(missing)?;
        i64::try_from(value).map_err(|_| NumError::TooLarge.into())
    })
}

/// Quantities with a sign: whether a size may be negative is for the engine to say, row by row.
fn amounts(
    name: &'static str,
    column: Option<&Column<'_>>,
    rows: usize,
    scale: Option<u32>,
    needed: bool,
) -> Result<Amounts, Refusal> {
    let unit = scale.map(|scale| Unit::new(scale, SZ_DECIMALS));
    let plain = match (column, unit) {
        (None, _) => Some(vec![Amounts::UNTOLD; rows]),
        (Some(Column::Ints(values)), Some(unit)) => unit.of_all(values),
        (Some(Column::Padded(texts)), _) => {
            texts.decimals(SZ_DECIMALS, (!needed).then_some(Amounts::UNTOLD))
        }
        _ => None,
    };
    let large = BTreeMap::new();
    let (None, Some(column)) = (&plain, column) else {
        return Ok(Amounts { small: plain.unwrap_or_default(), large });
    };
    let mut amounts = Amounts { small: Vec::with_capacity(rows), large };
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
