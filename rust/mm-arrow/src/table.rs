//! Tables and columns that are ours for as long as they are looked at.

use core::fmt;

use crate::abi::{Owned, RawArray, RawSchema, RawStream};
use crate::item::{Item, Part};
use crate::kind::{Field, Kind};
use crate::read;

/// Why nothing can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// What the producer gave is not what the interface allows, or what is read here.
    Broken(&'static str),
    /// The producer could not give its data, in its own words.
    Producer(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(why) => f.write_str(why),
            Self::Producer(words) => write!(f, "the producer failed: {words}"),
        }
    }
}

impl std::error::Error for Error {}

/// What a producer gave, until dropped.
#[derive(Debug)]
pub struct Table {
    field: Field,
    arrays: Vec<Owned<RawArray>>,
    _schema: Owned<RawSchema>,
}

/// A column over all of its parts.
#[derive(Clone, Debug)]
pub struct Column<'t> {
    /// What it holds.
    pub kind: &'t Kind,
    /// Its rows, in order.
    pub parts: Vec<Part<'t>>,
}

impl Table {
    /// Takes a stream and reads it to its end. Its place is left marked as released.
    ///
    /// # Safety
    /// `stream` points to a structure that is valid by the Arrow C stream interface, and that nobody else uses during
    /// the call. The arrays that it gives are valid by the Arrow C data interface, for its schema.
    pub unsafe fn from_stream(stream: *mut RawStream) -> Result<Self, Error> {
        // SAFETY: the caller's promise.
        let (schema, arrays) = unsafe { read::drain(Owned::take(stream))? };
        // SAFETY: as above.
        unsafe { Self::new(schema, arrays) }
    }

    /// Takes one array with its schema. Their places are left marked as released.
    ///
    /// # Safety
    /// Both point to structures that are valid by the Arrow C data interface, the array for the schema, and that nobody
    /// else uses during the call.
    pub unsafe fn from_array(schema: *mut RawSchema, array: *mut RawArray) -> Result<Self, Error> {
        // SAFETY: the caller's promise.
        let (mut schema, mut array) = unsafe { (Owned::take(schema), Owned::take(array)) };
        if schema.is_released() || array.is_released() {
            return Err(Error::Broken("it was read before"));
        }
        // SAFETY: as above, and neither is released.
        unsafe { Self::new(schema, vec![array]) }
    }

    /// # Safety
    /// All are valid by the interface, not released, and the arrays belong to the schema.
    unsafe fn new(schema: Owned<RawSchema>, arrays: Vec<Owned<RawArray>>) -> Result<Self, Error> {
        // SAFETY: the caller's promise.
        let field = unsafe { read::schema(&schema.0, false)? };
        Ok(Self { field, arrays, _schema: schema })
    }

    /// The fields of a table; `None` for a column on its own.
    pub fn fields(&self) -> Option<&[Field]> {
        match &self.field.kind {
            Kind::Struct(fields) => Some(fields),
            _ => None,
        }
    }

    /// Its columns, one for each field; or the one column that it is.
    pub fn columns(&self) -> Result<Vec<Column<'_>>, Error> {
        let Some(fields) = self.fields() else {
            let mut column =
                Column { kind: &self.field.kind, parts: Vec::with_capacity(self.arrays.len()) };
            for array in &self.arrays {
                // SAFETY: `new` was promised that they fit the schema; they are released when `self` is dropped.
                column.parts.push(unsafe { read::array(&self.field.kind, &array.0)? });
            }
            return Ok(vec![column]);
        };
        let mut columns: Vec<_> =
            fields.iter().map(|f| Column { kind: &f.kind, parts: Vec::new() }).collect();
        for array in &self.arrays {
            // SAFETY: as above.
            let (_, parts) = unsafe { read::columns(fields, &array.0)? };
            for (column, part) in columns.iter_mut().zip(parts) {
                column.parts.push(part);
            }
        }
        Ok(columns)
    }
}

impl<'t> Column<'t> {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Part::is_empty)
    }

    /// Its values, in order.
    pub fn items(&self) -> impl Iterator<Item = Item<'t>> {
        self.parts.iter().flat_map(|part| (0..part.len()).map(move |i| part.item(i)))
    }
}
