//! Market data but for books: trades, contexts, mids. Of the WebSocket and of the `/info` answers alike.
//!
//! A trade, a value, a mid that cannot be read is surfaced; its siblings are read.

use mm_core::ids::{Ms, Side};
use mm_core::num::{Px, SZ_DECIMALS, Sz, parse_scaled};

use crate::error::{FieldError, Named, Refusal, Stop, Trouble};
use crate::frames::Surfaced;
use crate::json::Scanner;
use crate::object::{Keys, complete, more, once, open};
use crate::read;

/// How many records of one frame may be surfaced; beyond it the frame is refused.
pub const SURFACED_MAX: usize = 4_096;

/// One public trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade<'a> {
    /// The market.
    pub coin: &'a str,
    /// Who took: a buy when the buyer did.
    pub side: Side,
    /// The price.
    pub px: Px,
    /// The size.
    pub sz: Sz,
    /// Block time.
    pub time: Ms,
    /// The trade's id.
    pub tid: u64,
    /// The transaction; no identity.
    pub hash: &'a str,
    /// Buyer and seller, where told.
    pub users: [&'a str; 2],
}

/// A list of trades.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trades<'a> {
    /// Those that were understood.
    pub trades: Vec<Trade<'a>>,
    /// Those that were not.
    pub surfaced: Vec<Surfaced<'a>>,
}

/// A market's context. What is not told, or is `null`, is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetCtx<'a> {
    /// The market.
    pub coin: &'a str,
    /// Of a spot market.
    pub spot: bool,
    /// By place in [`CTX_NAMES`].
    pub values: [Option<Sz>; CTX_VALUES],
    /// `impactPxs`: bid and ask.
    pub impact: Option<[Sz; 2]>,
    /// Values that were not understood.
    pub surfaced: Vec<Surfaced<'a>>,
}

/// How many values a context has.
pub const CTX_VALUES: usize = 10;
/// The venue's names of them.
pub const CTX_NAMES: [&str; CTX_VALUES] = [
    "funding",
    "openInterest",
    "prevDayPx",
    "dayNtlVlm",
    "premium",
    "oraclePx",
    "markPx",
    "midPx",
    "dayBaseVlm",
    "circulatingSupply",
];

/// The mids of one dex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mids<'a> {
    /// Empty for the main one.
    pub dex: &'a str,
    /// In the venue's order. As amounts: junk mids have more decimals than a price.
    pub mids: Vec<(&'a str, Sz)>,
    /// Those that were not understood.
    pub surfaced: Vec<Surfaced<'a>>,
}

/// Enters the list that a field holds. False if it is empty, and then left again.
pub(crate) fn enter_list(s: &mut Scanner<'_>, name: &'static str) -> Result<bool, Stop> {
    if s.peek()? != b'[' {
        return Err(Refusal::Field { name, why: FieldError::WrongType }.into());
    }
    s.pass(1);
    s.blanks();
    Ok(!s.eat(b']'))
}

/// Passes the comma before the next element, or leaves the list.
#[inline]
pub(crate) fn more_of_list(s: &mut Scanner<'_>) -> Result<bool, Stop> {
    s.blanks();
    if s.eat(b',') {
        s.blanks();
        return Ok(true);
    }
    s.expect(b']', "a comma or the closing bracket is wanted")?;
    Ok(false)
}

/// Reads one record; one that is not understood is passed over, checked, and surfaced.
#[inline]
pub(crate) fn record<'a, T>(
    s: &mut Scanner<'a>,
    index: usize,
    inside: u32,
    surfaced: &mut Vec<Surfaced<'a>>,
    read: impl FnOnce(&mut Scanner<'a>) -> Result<T, Stop>,
) -> Result<Option<T>, Stop> {
    let start = *s;
    match read(s) {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Record(why)) if surfaced.len() < SURFACED_MAX => {
            *s = start;
            s.skip(inside)?;
            surfaced.push(Surfaced { record: s.since(&start), index, why });
            Ok(None)
        }
        Err(stop) => Err(stop),
    }
}

/// Reads a list of trades.
pub(crate) fn trades<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<Trades<'a>, Stop> {
    let mut trades = Trades::default();
    let mut going = enter_list(s, "trades")?;
    let mut index = 0;
    while going {
        let read = record(s, index, inside + 1, &mut trades.surfaced, |s| trade(s, inside + 1))?;
        trades.trades.extend(read);
        index += 1;
        going = more_of_list(s)?;
    }
    Ok(trades)
}

fn trade<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<Trade<'a>, Stop> {
    const KEYS: Keys<8> = Keys::new(["coin", "side", "px", "sz", "time", "hash", "tid", "users"]);
    const NEEDED: u32 = 0b101_1111; // all but the hash and the users
    let mut trade = Trade {
        coin: "",
        side: Side::Buy,
        px: Px(0),
        sz: Sz::ZERO,
        time: 0,
        tid: 0,
        hash: "",
        users: [""; 2],
    };
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                0 => trade.coin = read::text(s).named("coin")?,
                1 => trade.side = read::side(s).named("side")?,
                2 => trade.px = read::price(s).named("px")?,
                3 => trade.sz = read::size(s).named("sz")?,
                4 => trade.time = read::whole(s).named("time")?,
                5 => trade.hash = read::maybe_text(s).named("hash")?,
                6 => trade.tid = read::whole(s).named("tid")?,
                _ => trade.users = users(s)?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, NEEDED)?;
    Ok(trade)
}

fn users<'a>(s: &mut Scanner<'a>) -> Result<[&'a str; 2], Stop> {
    let mut users = [""; 2];
    if read::null(s)? {
        return Ok(users);
    }
    let mut going = enter_list(s, "users")?;
    for user in &mut users {
        if !going {
            break;
        }
        *user = read::text(s).named("users")?;
        going = more_of_list(s)?;
    }
    if going {
        return Err(Refusal::Field { name: "users", why: FieldError::WrongType }.into());
    }
    Ok(users)
}

/// A number for show: of either sign, and of any size that an `i128` holds. `null` is nothing.
fn shown(s: &mut Scanner<'_>) -> Result<Option<Sz>, Trouble> {
    if read::null(s)? {
        return Ok(None);
    }
    let text = read::text(s)?;
    match parse_scaled(text.as_bytes(), SZ_DECIMALS) {
        Ok(value) => Ok(Some(Sz(value))),
        Err(why) => Err(FieldError::Number(why).into()),
    }
}

/// Reads `{coin, ctx: {…}}`.
pub(crate) fn ctx<'a>(s: &mut Scanner<'a>, inside: u32, spot: bool) -> Result<AssetCtx<'a>, Stop> {
    const KEYS: Keys<2> = Keys::new(["coin", "ctx"]);
    let mut ctx =
        AssetCtx { coin: "", spot, values: [None; CTX_VALUES], impact: None, surfaced: Vec::new() };
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                0 => ctx.coin = read::text(s).named("coin")?,
                _ => ctx_values(s, inside + 1, &mut ctx)?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b11)?;
    Ok(ctx)
}

fn ctx_values<'a>(s: &mut Scanner<'a>, inside: u32, ctx: &mut AssetCtx<'a>) -> Result<(), Stop> {
    const KEYS: Keys<CTX_VALUES> = Keys::new(CTX_NAMES);
    const IMPACT: Keys<1> = Keys::new(["impactPxs"]);
    let (mut seen, mut guess, mut index) = (0, 0, 0);
    if s.peek()? != b'{' {
        return Err(Refusal::Field { name: "ctx", why: FieldError::WrongType }.into());
    }
    let mut going = open(s)?;
    while going {
        let start = *s;
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            let value = record(s, index, inside + 1, &mut ctx.surfaced, |s| {
                shown(s).named(KEYS.name(place))
            })?;
            ctx.values[place] = value.flatten();
        } else {
            *s = start;
            if IMPACT.read(s, 0)?.is_some() {
                ctx.impact = record(s, index, inside + 1, &mut ctx.surfaced, impact)?.flatten();
            } else {
                s.skip(inside + 1)?;
            }
        }
        index += 1;
        going = more(s)?;
    }
    Ok(())
}

fn impact(s: &mut Scanner<'_>) -> Result<Option<[Sz; 2]>, Stop> {
    const NAME: &str = "impactPxs";
    let wrong = Refusal::Field { name: NAME, why: FieldError::WrongType };
    if read::null(s)? {
        return Ok(None);
    }
    let mut going = enter_list(s, NAME)?;
    let mut pair = [Sz::ZERO; 2];
    for value in &mut pair {
        if !going {
            return Err(wrong.into());
        }
        *value = shown(s).named(NAME)?.ok_or(wrong)?;
        going = more_of_list(s)?;
    }
    if going { Err(wrong.into()) } else { Ok(Some(pair)) }
}

/// Reads `{mids: {coin: px}, dex?}`.
pub(crate) fn mids<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<Mids<'a>, Stop> {
    const KEYS: Keys<2> = Keys::new(["mids", "dex"]);
    let mut mids = Mids { dex: "", mids: Vec::new(), surfaced: Vec::new() };
    let mut seen = 0;
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, 0)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            match place {
                0 => each_mid(s, inside + 1, &mut mids)?,
                _ => mids.dex = read::maybe_text(s).named("dex")?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 1)?;
    Ok(mids)
}

fn each_mid<'a>(s: &mut Scanner<'a>, inside: u32, mids: &mut Mids<'a>) -> Result<(), Stop> {
    if s.peek()? != b'{' {
        return Err(Refusal::Field { name: "mids", why: FieldError::WrongType }.into());
    }
    let mut index = 0;
    let mut going = open(s)?;
    while going {
        let key = *s;
        s.member()?;
        let name = read::text(&mut key.clone()).named("coin");
        let read = record(s, index, inside + 1, &mut mids.surfaced, |s| {
            let coin = name?;
            Ok((coin, read::amount(s).named("mid")?))
        })?;
        mids.mids.extend(read);
        index += 1;
        going = more(s)?;
    }
    Ok(())
}
