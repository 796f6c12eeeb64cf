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
mod padded;
mod read;

use mm_core::effect::{CoinId, Effect, TokenId};
use mm_core::engine::{Engine, FORESEEN};
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

fn book(engine: &mut Engine, out: &mut Vec<Effect>, fills: &Fills<'_>) -> (Counts, Told) {
    let (mut counts, mut told, mut unsettled) = (Counts::default(), Told::default(), Vec::new());
    let mut numbers = Numbers::new(fills);
    for first in (0..fills.rows).step_by(FORESEEN) {
        let rows = first..fills.rows.min(first + FORESEEN);
        let foreseen = engine.foresee(rows.clone().map(|row| fills.oid(row)));
        for (row, leg) in rows.zip(foreseen) {
            if let Some(numbers) = numbers.of(engine, fills, row)
                && engine.fill_foreseen(&fills.fill(row), numbers, leg, &mut unsettled).is_some()
            {
                counts.fills += 1;
                continue;
            }
            match engine.fill_one_of_many(&fills.fill(row), false, &mut unsettled, out) {
                Ok(outcome) if outcome.seen == Seen::New => counts.fills += 1,
                Ok(_) => counts.duplicates += 1,
                Err(error) => {
                    counts.refused += 1;
                    told.surface(out, format!("row {row}: {error}"), b"");
                }
            }
        }
    }
    engine.settle_chains(&mut unsettled, out);
    (counts, told.take(engine, out))
}

/// The engine's numbers for the names of a batch: a name that was given one keeps it.
struct Numbers {
    coins: Vec<Option<CoinId>>,
    tokens: Vec<Option<TokenId>>,
}

impl Numbers {
    fn new(fills: &Fills<'_>) -> Self {
        let count = fills.names().count();
        Self { coins: vec![None; count], tokens: vec![None; count] }
    }

    /// None: the engine has not met one of the row's names yet.
    #[inline]
    fn of(&mut self, engine: &Engine, fills: &Fills<'_>, row: usize) -> Option<(CoinId, TokenId)> {
        let (coin, token) = fills.named(row);
        if let (Some(coin), Some(token)) = (self.coins[coin], self.tokens[token]) {
            return Some((coin, token));
        }
        self.look_up(engine, fills, coin, token)
    }

    #[cold]
    fn look_up(
        &mut self,
        engine: &Engine,
        fills: &Fills<'_>,
        coin: usize,
        token: usize,
    ) -> Option<(CoinId, TokenId)> {
        self.coins[coin] = engine.coin_number(fills.names().name(coin));
        self.tokens[token] = engine.token_number(fills.names().name(token));
        self.coins[coin].zip(self.tokens[token])
    }
}
