//! Books, and best bids and asks. Of the WebSocket and of the `/info` answers alike.
//!
//! - A level that cannot be read is surfaced; its siblings are read.
//! - The best of a side is never a guess: when the first level of a side was not understood, that side has none.
//! - A book is best first. A level that is not worse than the one before it is surfaced: it cannot be what it says.

use mm_core::ids::{Ms, Side};
use mm_core::num::{NumError, Px, Sz};

use crate::error::{FieldError, Named, Refusal, Stop, Trouble};
use crate::frames::Surfaced;
use crate::json::Scanner;
use crate::market::{enter_list, more_of_list, record};
use crate::object::{Keys, complete, more, once, open};
use crate::{read, swar, usual};

/// Levels of a side that room is made for at once; the venue sends twenty.
const LEVELS: usize = 20;

/// One price on one side of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Level {
    /// The price.
    pub px: Px,
    /// What rests there.
    pub sz: Sz,
    /// How many orders it is made of.
    pub n: u64,
}

/// Both sides of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L2Book<'a> {
    /// The market.
    pub coin: &'a str,
    /// Block time.
    pub time: Ms,
    /// Both sides, best first: the bids, then the asks.
    pub levels: Vec<Level>,
    /// How many of them are bids.
    pub bids: usize,
    /// Whether the first level of the bids, of the asks was not understood: then there is no best.
    pub blind: [bool; 2],
    /// A frame of the `fast` stream.
    pub fast: bool,
    /// The venue's `spread`, where told.
    pub spread: Option<&'a str>,
    /// Levels that were not understood, counted through both sides.
    pub surfaced: Vec<Surfaced<'a>>,
}

/// The best bid and ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bbo<'a> {
    /// The market.
    pub coin: &'a str,
    /// Block time.
    pub time: Ms,
    /// Bid and ask; `None` for an empty side, and for one that was not understood.
    pub best: [Option<Level>; 2],
    /// Sides that were not understood.
    pub surfaced: Vec<Surfaced<'a>>,
}

/// Reads `{coin, time, levels, …}`, around which `inside` brackets are open.
pub(crate) fn book<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<L2Book<'a>, Stop> {
    const COIN: usize = 0;
    const TIME: usize = 1;
    const LEVELS_: usize = 2;
    const FAST: usize = 3;
    const KEYS: Keys<5> = Keys::new(["coin", "time", "levels", "fast", "spread"]);
    let mut book = L2Book {
        coin: "",
        time: 0,
        levels: Vec::with_capacity(2 * LEVELS),
        bids: 0,
        blind: [false; 2],
        fast: false,
        spread: None,
        surfaced: Vec::new(),
    };
    let (mut seen, mut guess) = (0, COIN);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                COIN => book.coin = read::text(s).named("coin")?,
                TIME => book.time = read::whole(s).named("time")?,
                LEVELS_ => sides(s, inside + 1, &mut book)?,
                FAST => book.fast = read::any_flag(s, inside + 1)?,
                _ => book.spread = read::any_text(s, inside + 1)?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 1 << COIN | 1 << TIME | 1 << LEVELS_)?;
    Ok(book)
}

/// Both lists of levels.
fn sides<'a>(s: &mut Scanner<'a>, inside: u32, book: &mut L2Book<'a>) -> Result<(), Stop> {
    let wrong = Refusal::Field { name: "levels", why: FieldError::WrongType };
    if !enter_list(s, "levels")? {
        return Err(wrong.into());
    }
    let mut index = 0;
    for side in [Side::Buy, Side::Sell] {
        let first = book.levels.len();
        let mut last = None;
        let mut going = enter_list(s, "levels")?;
        while going {
            if let Some((level, rest)) = usual_level(s.rest())
                && is_worse(side, last, level.px)
            {
                s.pass(s.rest().len() - rest.len());
                last = Some(level.px);
                book.levels.push(level);
            } else if let Some(level) = odd_level(s, side, last, (index, inside + 2), book)? {
                last = Some(level.px);
                book.levels.push(level);
            } else if book.levels.len() == first {
                book.blind[usize::from(side == Side::Sell)] = true;
            }
            index += 1;
            going = more_of_list(s)?;
        }
        if side == Side::Buy {
            book.bids = book.levels.len();
            if !more_of_list(s)? {
                return Err(wrong.into());
            }
        }
    }
    if more_of_list(s)? { Err(wrong.into()) } else { Ok(()) }
}

/// Whether a price is worse than the one before it, on its side.
#[inline]
fn is_worse(side: Side, last: Option<Px>, px: Px) -> bool {
    match (last, side) {
        (None, _) => true,
        (Some(last), Side::Buy) => px < last,
        (Some(last), Side::Sell) => px > last,
    }
}

/// A level that is written otherwise than usual, or is wrong.
#[cold]
fn odd_level<'a>(
    s: &mut Scanner<'a>,
    side: Side,
    last: Option<Px>,
    (index, inside): (usize, u32),
    book: &mut L2Book<'a>,
) -> Result<Option<Level>, Stop> {
    record(s, index, inside, &mut book.surfaced, |s| {
        let level = any_level(s, inside)?;
        if is_worse(side, last, level.px) {
            Ok(level)
        } else {
            Err(Refusal::Field { name: "px", why: FieldError::OutOfOrder }.into())
        }
    })
}

impl L2Book<'_> {
    /// The best of a side.
    pub fn best(&self, side: Side) -> Option<Level> {
        let place = usize::from(side == Side::Sell);
        let levels = match side {
            Side::Buy => self.levels.get(..self.bids),
            Side::Sell => self.levels.get(self.bids..),
        };
        levels?.first().copied().filter(|_| !self.blind[place])
    }
}

/// Reads one level, around which `inside` brackets are open.
#[inline]
fn level(s: &mut Scanner<'_>, inside: u32) -> Result<Level, Stop> {
    if let Some((level, rest)) = usual_level(s.rest()) {
        s.pass(s.rest().len() - rest.len());
        return Ok(level);
    }
    any_level(s, inside)
}

/// A level as the venue always writes it.
#[inline]
fn usual_level(text: &[u8]) -> Option<(Level, &[u8])> {
    let (px, text) = swar::positive::<{ read::PX }>(usual::after(text, b"{\"px\":\"")?)?;
    let (sz, text) = swar::positive::<{ read::SZ }>(usual::after(text, b",\"sz\":\"")?)?;
    let (n, text) = swar::small(usual::after(text, b",\"n\":")?)?;
    let text = usual::after(text, b"}")?;
    Some((Level { px: Px(px), sz: Sz(sz.into()), n }, text))
}

#[cold]
fn any_level(s: &mut Scanner<'_>, inside: u32) -> Result<Level, Stop> {
    const KEYS: Keys<3> = Keys::new(["px", "sz", "n"]);
    let mut level = Level { px: Px(0), sz: Sz::ZERO, n: 0 };
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                0 => level.px = positive_price(s).named("px")?,
                1 => level.sz = read::size(s).named("sz")?,
                _ => level.n = read::whole(s).named("n")?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b111)?;
    Ok(level)
}

fn positive_price(s: &mut Scanner<'_>) -> Result<Px, Trouble> {
    match read::price(s)? {
        Px(0) => Err(FieldError::Number(NumError::Zero).into()),
        px => Ok(px),
    }
}

/// Reads `{coin, time, bbo: [bid, ask]}`.
pub(crate) fn bbo<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<Bbo<'a>, Stop> {
    const BBO: usize = 2;
    const KEYS: Keys<3> = Keys::new(["coin", "time", "bbo"]);
    let mut bbo = Bbo { coin: "", time: 0, best: [None; 2], surfaced: Vec::new() };
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                0 => bbo.coin = read::text(s).named("coin")?,
                1 => bbo.time = read::whole(s).named("time")?,
                _ => both(s, inside + 1, &mut bbo)?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 1 | 1 << 1 | 1 << BBO)?;
    Ok(bbo)
}

fn both<'a>(s: &mut Scanner<'a>, inside: u32, bbo: &mut Bbo<'a>) -> Result<(), Stop> {
    let wrong = Refusal::Field { name: "bbo", why: FieldError::WrongType };
    let mut going = enter_list(s, "bbo")?;
    for (index, best) in bbo.best.iter_mut().enumerate() {
        if !going {
            return Err(wrong.into());
        }
        if !read::null(s)? {
            *best = record(s, index, inside + 1, &mut bbo.surfaced, |s| level(s, inside + 1))?;
        }
        going = more_of_list(s)?;
    }
    if going { Err(wrong.into()) } else { Ok(()) }
}
