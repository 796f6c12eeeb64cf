//! Columns of fills into the engine: all rows are read before one is booked.
//!
//! Three steps: the columns are found and copied or borrowed (with the interpreter's lock, [`find`]), read into numbers
//! ([`read`]) and booked in one go (both without that lock). Nothing here decides anything about a fill: a row that can
//! be read is told to the engine as it is, and what the engine refuses is surfaced.

mod arrow;
mod column;
mod find;
mod names;
mod numpy;
mod objects;
mod read;

use std::{array, hint};

use mm_core::effect::Effect;
use mm_core::engine::{Engine, FORESEEN};
use mm_core::event::Fill;
use mm_core::seen::Seen;
use pyo3::prelude::*;

use self::find::Found;
use self::read::Fills;
pub(crate) use self::read::Scales;
use crate::effect::Told;
use crate::engine::PyEngine;
use crate::report::{Counts, Report};

pub(crate) fn process(
    engine: &PyEngine,
    py: Python<'_>,
    columns: &Bound<'_, PyAny>,
    scales: &Scales,
) -> PyResult<Report> {
    scales.check().map_err(read::Refusal::raise)?;
    let found = Found::new(columns)?;
    // Arrow's columns are borrowed from `found`, which is dropped with the lock held again: its owner may be Python's.
    let columns = found.columns().map_err(read::Refusal::raise)?;
    let done = py.detach(|| {
        let fills = match Fills::read(&columns, scales) {
            Ok(fills) => fills,
            Err(refusal) => return Ok(Err(refusal)),
        };
        engine.locked(|engine, out| book(engine, out, &fills)).map(Ok)
    });
    let (counts, told) = done?.map_err(read::Refusal::raise)?;
    Ok(Report::new(counts, String::new(), false, told))
}

fn book(engine: &mut Engine, out: &mut Vec<Effect>, fills: &Fills<'_>) -> (Counts, Vec<Told>) {
    let (mut counts, mut told, mut unsettled) = (Counts::default(), Vec::new(), Vec::new());
    for first in (0..fills.rows).step_by(FORESEEN) {
        let ahead: [Fill<'_>; FORESEEN] =
            array::from_fn(|i| fills.fill((first + i).min(fills.rows - 1)));
        hint::black_box(engine.foresee(&ahead));
        for (row, fill) in (first..fills.rows).zip(&ahead) {
            match engine.fill_one_of_many(fill, false, &mut unsettled, out) {
                Ok(outcome) if outcome.seen == Seen::New => counts.fills += 1,
                Ok(_) => counts.duplicates += 1,
                Err(error) => {
                    counts.refused += 1;
                    told.extend(out.drain(..).map(|effect| Told::new(engine, effect)));
                    told.push(Told::Surfaced(format!("row {row}: {error}"), Vec::new()));
                }
            }
        }
    }
    engine.settle_chains(&mut unsettled, out);
    told.extend(out.drain(..).map(|effect| Told::new(engine, effect)));
    (counts, told)
}
