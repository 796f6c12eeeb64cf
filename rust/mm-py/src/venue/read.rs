//! Arguments of a venue, each refused by its name.

use mm_core::ids::Ms;
use mm_core::num::{Px, Sz};
use mm_venue::Config;
use mm_venue::chain::{Address, AssetIx, Metas};
use mm_venue::faults::Fault;
use mm_venue::market::{Habits, Levels, Seen};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods, PyDict, PyString, PyTuple};

use crate::convert::{number, side, whole};
use crate::error::bad;

/// No time of a venue is beyond this (the year 2286): sums of times always fit.
const LATEST: Ms = 10_000_000_000_000;

/// A time or a duration.
pub(super) fn time(field: &'static str, ms: u64) -> PyResult<Ms> {
    if ms > LATEST { Err(bad(field, "is beyond the year 2286")) } else { Ok(ms) }
}

pub(super) fn address(field: &'static str, value: &Bound<'_, PyAny>) -> PyResult<Address> {
    let text = value.cast::<PyString>().map_err(|_| bad(field, "is not text"))?;
    let text = text.to_str().map_err(|_| bad(field, "is not valid text"))?;
    Address::parse(text.as_bytes()).ok_or_else(|| bad(field, "is not 0x and 40 hexadecimal digits"))
}

pub(super) fn fault(name: &str) -> PyResult<Fault> {
    Fault::parse(name).ok_or_else(|| bad("name", "is no fault"))
}

fn key(field: &'static str, key: &Bound<'_, PyAny>) -> PyResult<String> {
    key.extract().map_err(|_| bad(field, "has a key that is not text"))
}

pub(super) fn settings(config: &mut Config, settings: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
    for (name, value) in settings.into_iter().flatten() {
        let name = key("settings", &name)?;
        let value = whole("settings", &value)?;
        config.set(&name, value).map_err(|why| bad("settings", &format!("{name:?} {why}")))?;
    }
    Ok(())
}

pub(super) fn amounts(
    field: &'static str,
    given: Option<&Bound<'_, PyDict>>,
) -> PyResult<Vec<(String, Sz)>> {
    let each = given.into_iter().flatten();
    each.map(|(name, value)| Ok((key(field, &name)?, number(field, &value, Sz::parse_amount)?)))
        .collect()
}

pub(super) fn metas(
    perps: Option<&Bound<'_, PyDict>>,
    spot: Option<&Bound<'_, PyBytes>>,
) -> PyResult<Metas> {
    let Some(perps) = perps else { return Ok(super::generated()) };
    let mut dexes: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, body) in perps {
        let body =
            body.cast::<PyBytes>().map_err(|_| bad("perps", "has a value that is not bytes"))?;
        dexes.push((key("perps", &name)?, body.as_bytes().to_vec()));
    }
    let dexes: Vec<(&str, &[u8])> =
        dexes.iter().map(|(name, body)| (name.as_str(), body.as_slice())).collect();
    Metas::read(&dexes, spot.map(PyBytesMethods::as_bytes)).map_err(|why| bad("perps", &why.0))
}

fn coin(field: &'static str, metas: &Metas, name: &str) -> PyResult<AssetIx> {
    metas
        .by_name(name)
        .ok_or_else(|| bad(field, &format!("names {name:?}, which is not traded here")))
}

pub(super) fn flows(
    metas: &Metas,
    market: Option<&Bound<'_, PyDict>>,
) -> PyResult<Vec<(AssetIx, Habits)>> {
    let mut flows = Vec::new();
    for (name, kind) in market.into_iter().flatten() {
        let asset = coin("market", metas, &key("market", &name)?)?;
        match key("market", &kind)?.as_str() {
            "deep" => flows.push((asset, Habits::DEEP)),
            "thin" => flows.push((asset, Habits::THIN)),
            "quiet" => flows.push((asset, Habits::QUIET)),
            "none" => {}
            _ => return Err(bad("market", "is none of \"deep\", \"thin\", \"quiet\", \"none\"")),
        }
    }
    Ok(flows)
}

type Rows = Vec<(Ms, Seen)>;

pub(super) fn recordings(
    metas: &Metas,
    recording: Option<&Bound<'_, PyDict>>,
) -> PyResult<Vec<(AssetIx, Rows)>> {
    let mut recordings = Vec::new();
    for (name, rows) in recording.into_iter().flatten() {
        let asset = coin("recording", metas, &key("recording", &name)?)?;
        let rows: PyResult<Rows> = rows.try_iter()?.map(|row| self::row(&row?)).collect();
        recordings.push((asset, rows?));
    }
    Ok(recordings)
}

fn row(row: &Bound<'_, PyAny>) -> PyResult<(Ms, Seen)> {
    let row = row.cast::<PyTuple>().map_err(|_| bad("recording", "has a row that is no tuple"))?;
    let part =
        |place| row.get_item(place).map_err(|_| bad("recording", "has a row that is too short"));
    let at = time("recording", whole("recording", &part(1)?)?)?;
    let seen = match key("recording", &part(0)?)?.as_str() {
        "book" => Seen::Book(levels(&part(2)?)?, levels(&part(3)?)?),
        "touch" => Seen::Touch(level(&part(2)?)?, level(&part(3)?)?),
        "trade" => {
            let (px, sz) =
                (number("px", &part(3)?, Px::parse)?, number("sz", &part(4)?, Sz::parse)?);
            Seen::Trade(side(&part(2)?)?, px, sz)
        }
        _ => return Err(bad("recording", "has a row that is neither a book, a touch nor a trade")),
    };
    Ok((at, seen))
}

fn levels(list: &Bound<'_, PyAny>) -> PyResult<Levels> {
    list.try_iter()?.map(|one| level(&one?)).collect()
}

fn level(level: &Bound<'_, PyAny>) -> PyResult<(Px, Sz)> {
    let (px, sz) = level
        .extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()
        .map_err(|_| bad("recording", "has a level that is no pair"))?;
    Ok((number("px", &px, Px::parse)?, number("sz", &sz, Sz::parse)?))
}
