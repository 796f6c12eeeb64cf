//! Which columns there are, under which names, and whether they can hold what they should.

use mm_arrow::{Kind, Table};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::column::{Cell, Column};
use super::padded::Padded;
use super::read::{Refusal, Why};
use super::{arrow, numpy, objects};
use crate::error::bad;

/// What a column has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Text,
    Number,
    Id,
    Time,
    Flag,
}

impl Need {
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "text, Decimals or integers",
            Self::Id => "integers",
            Self::Time => "integers (milliseconds)",
            Self::Flag => "bools",
        }
    }
}

const COIN: usize = 0;
const SIDE: usize = 1;
const PX: usize = 2;
const SZ: usize = 3;
const OID: usize = 4;
const TID: usize = 5;
const TIME: usize = 6;
/// Those before are needed.
const NEEDED: usize = 7;
const START_POSITION: usize = 7;
const FEE: usize = 8;
const FEE_TOKEN: usize = 9;
const CLOSED_PNL: usize = 10;
const CROSSED: usize = 11;
const CLOID: usize = 12;
const COLUMNS: usize = 13;

/// Our name, the venue's where it differs, and what is in it.
const WANTED: [(&str, Option<&str>, Need); COLUMNS] = [
    ("coin", None, Need::Text),
    ("side", None, Need::Text),
    ("px", None, Need::Number),
    ("sz", None, Need::Number),
    ("oid", None, Need::Id),
    ("tid", None, Need::Id),
    ("time", None, Need::Time),
    ("start_position", Some("startPosition"), Need::Number),
    ("fee", None, Need::Number),
    ("fee_token", Some("feeToken"), Need::Text),
    ("closed_pnl", Some("closedPnl"), Need::Number),
    ("crossed", None, Need::Flag),
    ("cloid", None, Need::Text),
];

/// Where a column's values are kept while they are read.
#[derive(Debug)]
pub(super) enum Source {
    /// With spare bytes behind, see [`Padded`].
    Padded {
        bytes: Vec<u8>,
        width: usize,
        rows: usize,
    },
    Ints(Vec<i64>),
    Naturals(Vec<u64>),
    Flags(Vec<u8>),
    Cells {
        cells: Vec<Cell>,
        texts: Vec<u8>,
    },
    Arrow(Table),
}

/// All that was given, kept until the rows are read.
#[derive(Debug)]
pub(super) enum Found {
    Table(Table),
    Mapping(Box<[Option<Source>; COLUMNS]>),
}

/// Columns of one length, each able to hold what it should.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub(super) rows: usize,
    pub(super) coin: Column<'a>,
    pub(super) side: Column<'a>,
    pub(super) px: Column<'a>,
    pub(super) sz: Column<'a>,
    pub(super) oid: Column<'a>,
    pub(super) tid: Column<'a>,
    pub(super) time: Column<'a>,
    pub(super) start_position: Option<Column<'a>>,
    pub(super) fee: Option<Column<'a>>,
    pub(super) fee_token: Option<Column<'a>>,
    pub(super) closed_pnl: Option<Column<'a>>,
    pub(super) crossed: Option<Column<'a>>,
    pub(super) cloid: Option<Column<'a>>,
}

impl Found {
    pub(super) fn new(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some(table) = arrow::read("columns", given)? {
            return if table.fields().is_some() {
                Ok(Self::Table(table))
            } else {
                Err(bad("columns", "is one Arrow column, not a table"))
            };
        }
        if !given.hasattr("keys")? || !given.hasattr("__getitem__")? {
            let kind = given.get_type().name()?;
            return Err(bad(
                "columns",
                &format!("is {kind}: neither a mapping nor an Arrow table"),
            ));
        }
        let array_type = numpy::array_type(given.py())?;
        let mut sources = [const { None }; COLUMNS];
        for (source, (name, alias, need)) in sources.iter_mut().zip(WANTED) {
            let value = match (given.contains(name)?, alias) {
                (true, Some(alias)) if given.contains(alias)? => return Err(twice(name).raise()),
                (true, _) => given.get_item(name)?,
                (false, Some(alias)) if given.contains(alias)? => given.get_item(alias)?,
                (false, _) => continue,
            };
            *source = Some(Source::new(name, need, &value, array_type.as_ref())?);
        }
        Ok(Self::Mapping(Box::new(sources)))
    }

    pub(super) fn columns(&self) -> Result<Columns<'_>, Refusal> {
        let mut found = [const { None }; COLUMNS];
        match self {
            Self::Mapping(sources) => {
                for ((column, source), (name, _, _)) in
                    found.iter_mut().zip(sources.iter()).zip(WANTED)
                {
                    *column = source.as_ref().map(|source| source.column(name)).transpose()?;
                }
            }
            Self::Table(table) => {
                let fields = table.fields().unwrap_or_default();
                let columns =
                    table.columns().map_err(|why| Refusal::bad("columns", why.to_string()))?;
                for (field, column) in fields.iter().zip(columns) {
                    let name = field.name.as_str();
                    let place = WANTED
                        .iter()
                        .position(|(ours, theirs, _)| *ours == name || *theirs == Some(name));
                    if let Some(place) = place {
                        if found[place].is_some() {
                            return Err(twice(WANTED[place].0));
                        }
                        found[place] = Some(Column::Arrow(column));
                    }
                }
            }
        }
        let rows = found[COIN].as_ref().map_or(0, Column::rows);
        for (place, (column, (name, _, need))) in found.iter().zip(WANTED).enumerate() {
            match column {
                Some(column) => check(name, need, column, rows)?,
                None if place < NEEDED => return Err(Refusal::bad(name, "is missing")),
                None => {}
            }
        }
        let mut take = |place: usize| found[place].take();
        let mut needed =
            |place: usize| take(place).ok_or_else(|| Refusal::bad(WANTED[place].0, "is missing"));
        Ok(Columns {
            rows,
            coin: needed(COIN)?,
            side: needed(SIDE)?,
            px: needed(PX)?,
            sz: needed(SZ)?,
            oid: needed(OID)?,
            tid: needed(TID)?,
            time: needed(TIME)?,
            start_position: take(START_POSITION),
            fee: take(FEE),
            fee_token: take(FEE_TOKEN),
            closed_pnl: take(CLOSED_PNL),
            crossed: take(CROSSED),
            cloid: take(CLOID),
        })
    }
}

fn twice(name: &'static str) -> Refusal {
    Refusal::bad(name, "is given twice, by our name and by the venue's")
}

impl Source {
    fn new(
        name: &'static str,
        need: Need,
        value: &Bound<'_, PyAny>,
        array_type: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        if let Ok(list) = value.cast::<PyList>() {
            return objects::list(name, need, list);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return objects::tuple(name, need, tuple);
        }
        if let Some(array_type) =
            array_type.filter(|class| value.is_instance(class).unwrap_or(false))
        {
            return numpy::read(name, need, value, array_type);
        }
        if let Some(table) = arrow::read(name, value)? {
            return if table.fields().is_some() {
                Err(bad(name, "is an Arrow table, not a column"))
            } else {
                Ok(Self::Arrow(table))
            };
        }
        if let (Some(convert), Some(array_type)) = (value.getattr_opt("__array__")?, array_type) {
            let array = convert.call0()?;
            if array.is_instance(array_type)? {
                return numpy::read(name, need, &array, array_type);
            }
        }
        let kind = value.get_type().name()?;
        Err(bad(name, &format!("is {kind}: neither a list, a NumPy array nor an Arrow array")))
    }

    fn column(&self, name: &'static str) -> Result<Column<'_>, Refusal> {
        Ok(match self {
            Self::Padded { bytes, width, rows } => {
                Column::Padded(Padded::new(bytes, *width, *rows))
            }
            Self::Ints(values) => Column::Ints(values),
            Self::Naturals(values) => Column::Naturals(values),
            Self::Flags(values) => Column::Flags(values),
            Self::Cells { cells, texts } => Column::Cells { cells, texts },
            Self::Arrow(table) => {
                let columns = table.columns().map_err(|why| Refusal::bad(name, why.to_string()))?;
                let column = columns.into_iter().next();
                Column::Arrow(column.ok_or_else(|| Refusal::bad(name, "is no column"))?)
            }
        })
    }
}

fn check(name: &'static str, need: Need, column: &Column<'_>, rows: usize) -> Result<(), Refusal> {
    let holds = match column {
        Column::Padded(_) => (matches!(need, Need::Text | Need::Number), "texts".to_owned()),
        Column::Ints(_) | Column::Naturals(_) => {
            (matches!(need, Need::Number | Need::Id | Need::Time), "integers".to_owned())
        }
        Column::Flags(_) => (need == Need::Flag, "bools".to_owned()),
        Column::Cells { .. } => (true, String::new()), // each was looked at by itself
        Column::Arrow(column) if column.is_empty() => (true, String::new()),
        Column::Arrow(column) => {
            if *column.kind == Kind::Float {
                let why = Why::Unrepresentable(
                    "is a column of floats: give text, integers or decimals".to_owned(),
                );
                return Err(Refusal { column: name, row: None, why });
            }
            (can_hold(column.kind, need), column.kind.name())
        }
    };
    if !holds.0 {
        return Err(Refusal::bad(
            name,
            format!("is a column of {}, not of {}", holds.1, need.wanted()),
        ));
    }
    if column.rows() != rows {
        return Err(Refusal::bad(
            name,
            format!("has {} rows where coin has {rows}", column.rows()),
        ));
    }
    Ok(())
}

fn can_hold(kind: &Kind, need: Need) -> bool {
    match kind {
        Kind::Null => true,
        Kind::Flag => need == Need::Flag,
        Kind::Int { .. } => matches!(need, Need::Number | Need::Id | Need::Time),
        Kind::Millis => need == Need::Time,
        Kind::Decimal { .. } => need == Need::Number,
        Kind::Text | Kind::LongText | Kind::TextView | Kind::Fixed { .. } => {
            matches!(need, Need::Text | Need::Number)
        }
        Kind::Dictionary { values, .. } => can_hold(values, need),
        Kind::Float | Kind::Struct(_) | Kind::Other(_) => false,
    }
}
