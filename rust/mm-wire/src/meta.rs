//! The markets of a network, from the answers to `meta`, `spotMeta` and `perpDexs`: names, numbers, grids (protocol 6.3).
//!
//! A market's number is its place in the venue's list, delisted ones counted: an entry that cannot be read is surfaced and
//! keeps its place. Numbers differ between networks.

use std::collections::BTreeMap;

use mm_core::num::NumError;

use crate::error::{FieldError, Named, Refusal, Stop};
use crate::events::{Unread, whole};
use crate::frames::Surfaced;
use crate::grid::{Grid, Kind};
use crate::json::Scanner;
use crate::market::{enter_list, more_of_list, record};
use crate::object::{Keys, complete, more, once, open};
use crate::read;

/// Where the numbers of spot pairs begin.
pub const SPOT: u32 = 10_000;
/// Where the numbers of builders' dexes begin, and how many each has.
pub const DEX: u32 = 100_000;
/// Numbers that one dex has.
pub const DEX_SIZE: u32 = 10_000;
/// Where the numbers of outcome markets begin.
pub const OUTCOME: u32 = 100_000_000;

/// Whether a number is that of a perpetual, of the main dex or of a builder's.
pub const fn is_perp(id: u32) -> bool {
    id < SPOT || DEX <= id && id < OUTCOME
}

/// One market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// The coin as the venue writes it.
    pub name: String,
    /// The number that stands for it in actions.
    pub id: u32,
    /// What it is.
    pub kind: Kind,
    /// Its prices and sizes.
    pub grid: Grid,
    /// The highest leverage; of perps only.
    pub max_leverage: Option<u32>,
    /// Traded no more.
    pub delisted: bool,
    /// Isolated margin only.
    pub only_isolated: bool,
    /// Base and quote token's names; of spot pairs only.
    pub tokens: Option<[String; 2]>,
}

/// What an answer lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The markets that were understood.
    pub markets: Vec<Market>,
    /// The entries that were not.
    pub surfaced: Vec<Surfaced<'a>>,
}

/// A dex: its place in `perpDexs`, and its name, with which the names of its markets begin. The main one is 0 and has none.
pub type Dex<'n> = (u32, &'n str);

/// Reads `meta` or `metaAndAssetCtxs` of a dex. A market of another is surfaced: its number would be another market's.
pub fn perps<'a>(body: &'a [u8], dex: Dex<'_>) -> Result<Listed<'a>, Unread> {
    first_or_only(body, |s| {
        let mut listed = Listed::default();
        let mut found = false;
        members(s, "universe", &mut found, |s| {
            each(s, "universe", &mut listed.surfaced, |s, place| {
                let market = perp(s, dex, place)?;
                listed.markets.push(market);
                Ok(())
            })
        })?;
        if found { Ok(listed) } else { Err(Refusal::Missing { name: "universe" }.into()) }
    })
}

/// Reads `spotMeta` or `spotMetaAndAssetCtxs`.
pub fn spots(body: &[u8]) -> Result<Listed<'_>, Unread> {
    first_or_only(body, |s| {
        let mut listed = Listed::default();
        // The pairs may stand before their tokens: they are read a second time.
        let (mut pairs, mut all, start) = (false, false, *s);
        let mut tokens = BTreeMap::new();
        members(s, "tokens", &mut all, |s| {
            each(s, "tokens", &mut listed.surfaced, |s, _| {
                let (index, name, sz_decimals) = token(s)?;
                tokens.insert(index, (name, sz_decimals));
                Ok(())
            })
        })?;
        members(&mut start.clone(), "universe", &mut pairs, |s| {
            each(s, "universe", &mut listed.surfaced, |s, _| {
                let market = pair(s, &tokens)?;
                listed.markets.push(market);
                Ok(())
            })
        })?;
        let missing = if pairs { "tokens" } else { "universe" };
        if pairs && all { Ok(listed) } else { Err(Refusal::Missing { name: missing }.into()) }
    })
}

/// Reads `perpDexs`: the names by place; the main dex, at 0, has none. Numbers go by these places, so a list without it is
/// refused.
pub fn dexs(body: &[u8]) -> Result<Vec<Option<String>>, Unread> {
    whole(body, |s| {
        let mut names = Vec::new();
        let mut going = enter_list(s, "perpDexs")?;
        while going {
            if read::null(s)? {
                names.push(None);
            } else {
                let mut name = None;
                let mut found = false;
                members(s, "name", &mut found, |s| {
                    name = Some(read::text(s).named("name")?.to_owned());
                    Ok(())
                })?;
                names.push(Some(name.ok_or(Refusal::Missing { name: "name" })?));
            }
            going = more_of_list(s)?;
        }
        if matches!(names.first(), Some(Some(_))) {
            return Err(Refusal::Field { name: "perpDexs", why: FieldError::NoMainDex }.into());
        }
        Ok(names)
    })
}

/// The body, or its first element if it is a list: the answers `…AndAssetCtxs`.
fn first_or_only<'a, T>(
    body: &'a [u8],
    read: impl FnOnce(&mut Scanner<'a>) -> Result<T, Stop>,
) -> Result<T, Unread> {
    whole(body, |s| {
        if s.peek()? == b'{' {
            return read(s);
        }
        let mut going = enter_list(s, "meta")?;
        if !going {
            return Err(Refusal::Missing { name: "meta" }.into());
        }
        let value = read(s)?;
        going = more_of_list(s)?;
        while going {
            s.skip(1)?;
            going = more_of_list(s)?;
        }
        Ok(value)
    })
}

/// Goes through an object, and has the member of that name read.
fn members<'a>(
    s: &mut Scanner<'a>,
    name: &'static str,
    found: &mut bool,
    mut read: impl FnMut(&mut Scanner<'a>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut going = open(s)?;
    while going {
        if s.member()?.raw == name.as_bytes() {
            if *found {
                return Err(Refusal::Field { name, why: FieldError::Twice }.into());
            }
            *found = true;
            read(s)?;
        } else {
            s.skip(2)?;
        }
        going = more(s)?;
    }
    Ok(())
}

/// Goes through a list of records.
fn each<'a>(
    s: &mut Scanner<'a>,
    name: &'static str,
    surfaced: &mut Vec<Surfaced<'a>>,
    mut read: impl FnMut(&mut Scanner<'a>, usize) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut going = enter_list(s, name)?;
    let mut place = 0;
    while going {
        record(s, place, 3, surfaced, |s| read(s, place))?;
        place += 1;
        going = more_of_list(s)?;
    }
    Ok(())
}

/// A number within its range of a kind; beyond it, it would be another kind's.
fn number(first: u32, place: u64, size: u32) -> Result<u32, Refusal> {
    match u32::try_from(place) {
        Ok(place) if place < size => Ok(first + place),
        _ => Err(too_large("index")),
    }
}

fn too_large(name: &'static str) -> Refusal {
    Refusal::Field { name, why: FieldError::Number(NumError::TooLarge) }
}

fn perp(s: &mut Scanner<'_>, (dex, prefix): Dex<'_>, place: usize) -> Result<Market, Stop> {
    const KEYS: Keys<5> =
        Keys::new(["szDecimals", "name", "maxLeverage", "onlyIsolated", "isDelisted"]);
    let (mut name, mut sz_decimals, mut max_leverage) = ("", 0, None);
    let (mut only_isolated, mut delisted) = (false, false);
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                0 => sz_decimals = read::whole(s).named("szDecimals")?,
                1 => name = read::text(s).named("name")?,
                2 if read::null(s)? => {}
                2 => max_leverage = u32::try_from(read::whole(s).named("maxLeverage")?).ok(),
                3 => only_isolated = read::maybe_flag(s).named("onlyIsolated")?.unwrap_or(false),
                _ => delisted = read::maybe_flag(s).named("isDelisted")?.unwrap_or(false),
            }
        } else {
            s.skip(4)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b11)?;
    if name.split_once(':').map_or("", |(dex, _)| dex) != prefix {
        return Err(Refusal::Field { name: "name", why: FieldError::OtherDex }.into());
    }
    let kind = if dex == 0 { Kind::Perp } else { Kind::Dex };
    let place = place as u64;
    let id = match dex.checked_mul(DEX_SIZE).and_then(|first| first.checked_add(DEX)) {
        _ if dex == 0 => number(0, place, SPOT)?,
        Some(first) if first < OUTCOME => number(first, place, DEX_SIZE)?,
        _ => return Err(too_large("dex").into()),
    };
    let grid = grid(kind, sz_decimals)?;
    let name = name.to_owned();
    Ok(Market { name, id, kind, grid, max_leverage, delisted, only_isolated, tokens: None })
}

fn grid(kind: Kind, sz_decimals: u64) -> Result<Grid, Refusal> {
    let decimals = u32::try_from(sz_decimals).ok();
    decimals.and_then(|decimals| Grid::new(kind, decimals)).ok_or(Refusal::Field {
        name: "szDecimals",
        why: FieldError::Number(NumError::TooManyDecimals),
    })
}

fn token(s: &mut Scanner<'_>) -> Result<(u64, String, u64), Stop> {
    const KEYS: Keys<3> = Keys::new(["name", "szDecimals", "index"]);
    let (mut name, mut sz_decimals, mut index) = ("", 0, 0);
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                0 => name = read::text(s).named("name")?,
                1 => sz_decimals = read::whole(s).named("szDecimals")?,
                _ => index = read::whole(s).named("index")?,
            }
        } else {
            s.skip(4)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b111)?;
    Ok((index, name.to_owned(), sz_decimals))
}

fn pair(s: &mut Scanner<'_>, known: &BTreeMap<u64, (String, u64)>) -> Result<Market, Stop> {
    const KEYS: Keys<3> = Keys::new(["tokens", "name", "index"]);
    let wrong = Refusal::Field { name: "tokens", why: FieldError::WrongType };
    let (mut tokens, mut name, mut index) = ([0; 2], "", 0);
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                0 => {
                    let mut inner = enter_list(s, "tokens")?;
                    for token in &mut tokens {
                        if !inner {
                            return Err(wrong.into());
                        }
                        *token = list_whole(s)?;
                        inner = more_of_list(s)?;
                    }
                    if inner {
                        return Err(wrong.into());
                    }
                }
                1 => name = read::text(s).named("name")?,
                _ => index = read::whole(s).named("index")?,
            }
        } else {
            s.skip(4)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b111)?;
    let missing = Refusal::Missing { name: "tokens" };
    let (base, sz_decimals) = known.get(&tokens[0]).ok_or(missing)?;
    let (quote, _) = known.get(&tokens[1]).ok_or(missing)?;
    Ok(Market {
        name: name.to_owned(),
        id: number(SPOT, index, DEX - SPOT)?,
        kind: Kind::Spot,
        grid: grid(Kind::Spot, *sz_decimals)?,
        max_leverage: None,
        delisted: false,
        only_isolated: false,
        tokens: Some([base.clone(), quote.clone()]),
    })
}

/// A whole number inside a list.
fn list_whole(s: &mut Scanner<'_>) -> Result<u64, Stop> {
    read::whole(s).named("tokens")
}

/// The markets of one network, by name and by number.
#[derive(Clone, Debug, Default)]
pub struct Markets {
    all: Vec<Market>,
    by_name: BTreeMap<String, usize>,
    by_id: BTreeMap<u32, usize>,
}

impl Markets {
    /// Takes markets in. Of two with one name, or one number, the first counts: false.
    pub fn add(&mut self, market: Market) -> bool {
        if self.by_name.contains_key(&market.name) || self.by_id.contains_key(&market.id) {
            return false;
        }
        self.by_name.insert(market.name.clone(), self.all.len());
        self.by_id.insert(market.id, self.all.len());
        self.all.push(market);
        true
    }

    /// All of them, as they came.
    pub fn all(&self) -> &[Market] {
        &self.all
    }

    /// The market of that name.
    pub fn get(&self, name: &str) -> Option<&Market> {
        self.all.get(*self.by_name.get(name)?)
    }

    /// The market of that number.
    pub fn by_id(&self, id: u32) -> Option<&Market> {
        self.all.get(*self.by_id.get(&id)?)
    }
}
