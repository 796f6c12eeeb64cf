//! One column of any origin, as a row of values.

use mm_arrow::Item;

use super::padded::Padded;

/// A column whose values can be read without the interpreter.
#[derive(Debug)]
pub(super) enum Column<'a> {
    /// NumPy texts of one width, padded with zero bytes.
    Padded(Padded<'a>),
    /// NumPy integers.
    Ints(&'a [i64]),
    /// NumPy integers without a sign.
    Naturals(&'a [u64]),
    /// NumPy booleans, a byte each.
    Flags(&'a [u8]),
    /// Python objects, read one by one.
    Cells { cells: &'a [Cell], texts: &'a [u8] },
    /// Arrow, in parts.
    Arrow(mm_arrow::Column<'a>),
}

/// One Python object; its text is beside.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Null,
    Flag(bool),
    Int(i128),
    Text { from: usize, to: usize },
}

impl Column<'_> {
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Padded(texts) => texts.rows(),
            Self::Ints(values) => values.len(),
            Self::Naturals(values) => values.len(),
            Self::Flags(values) => values.len(),
            Self::Cells { cells, .. } => cells.len(),
            Self::Arrow(column) => column.len(),
        }
    }

    /// Gives each row's value to `take`, until it refuses one; gives back that row and why.
    #[inline]
    pub(super) fn each<E>(
        &self,
        mut take: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), (usize, E)> {
        fn all<'v, E>(
            values: impl Iterator<Item = Item<'v>>,
            take: &mut impl FnMut(Item<'_>) -> Result<(), E>,
        ) -> Result<(), (usize, E)> {
            values.enumerate().try_for_each(|(row, item)| take(item).map_err(|why| (row, why)))
        }
        let take = &mut take;
        match self {
            Self::Padded(padded) => all(padded.texts().map(Item::Text), take),
            Self::Ints(values) => all(values.iter().map(|&v| Item::Int(v.into())), take),
            Self::Naturals(values) => all(values.iter().map(|&v| Item::Int(v.into())), take),
            Self::Flags(values) => all(values.iter().map(|&v| Item::Flag(v != 0)), take),
            Self::Cells { cells, texts } => all(
                cells.iter().map(|cell| match *cell {
                    Cell::Null => Item::Null,
                    Cell::Flag(flag) => Item::Flag(flag),
                    Cell::Int(value) => Item::Int(value),
                    Cell::Text { from, to } => texts.get(from..to).map_or(Item::Broken, Item::Text),
                }),
                take,
            ),
            Self::Arrow(column) => {
                let mut before = 0;
                for part in &column.parts {
                    part.each(&mut *take).map_err(|(row, why)| (before + row, why))?;
                    before += part.len();
                }
                Ok(())
            }
        }
    }
}
