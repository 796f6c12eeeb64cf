//! One fill: the object of `userFills`, of `user` frames and of the REST answers.

use mm_core::event::Fill;
use mm_core::ids::{Oid, Side};
use mm_core::num::{Px, Sz};

use crate::error::{FieldError, Named, Stop, Trouble};
use crate::json::Scanner;
use crate::object::{Keys, complete, more, once, open};
use crate::read;

const COIN: usize = 0;
const PX: usize = 1;
const SZ: usize = 2;
const SIDE: usize = 3;
const TIME: usize = 4;
const START: usize = 5;
const CLOSED_PNL: usize = 7;
const OID: usize = 9;
const CROSSED: usize = 10;
const FEE: usize = 11;
const TID: usize = 13;
const CLOID: usize = 14;
const LIQUIDATION: usize = 15;
const FEE_TOKEN: usize = 16;

/// In the venue's usual order. Those without a constant are known only to be passed over quickly.
const KEYS: Keys<19> = Keys::new([
    "coin",
    "px",
    "sz",
    "side",
    "time",
    "startPosition",
    "dir",
    "closedPnl",
    "hash",
    "oid",
    "crossed",
    "fee",
    "builderFee",
    "tid",
    "cloid",
    "liquidation",
    "feeToken",
    "builder",
    "twapId",
]);

/// What a fill is nothing without. The rest was added to the venue's answers over the years.
const NEEDED: u32 = 1 << COIN | 1 << PX | 1 << SZ | 1 << SIDE | 1 << TIME | 1 << OID;

/// Reads one fill; `inside` brackets are open around it.
#[inline]
pub(crate) fn fill<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<Fill<'a>, Stop> {
    let mut fill = Fill {
        coin: "",
        side: Side::Buy,
        px: Px(0),
        sz: Sz::ZERO,
        time: 0,
        tid: 0,
        oid: Oid(0),
        start: None,
        cloid: None,
        fee: None,
        fee_token: "",
        closed_pnl: None,
        crossed: None,
        liquidated: None,
    };
    let mut seen = 0u32;
    let mut guess = COIN;
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                COIN => fill.coin = read::text(s).named("coin")?,
                PX => fill.px = read::price(s).named("px")?,
                SZ => fill.sz = read::size(s).named("sz")?,
                SIDE => fill.side = read::side(s).named("side")?,
                TIME => fill.time = read::whole(s).named("time")?,
                START => fill.start = read::position(s).named("startPosition")?,
                CLOSED_PNL => fill.closed_pnl = read::signed(s).named("closedPnl")?,
                OID => fill.oid = read::oid(s).named("oid")?,
                CROSSED => fill.crossed = read::maybe_flag(s).named("crossed")?,
                FEE => fill.fee = read::signed(s).named("fee")?,
                TID => fill.tid = read::whole(s).named("tid")?,
                CLOID => fill.cloid = read::cloid(s).named("cloid")?,
                LIQUIDATION => fill.liquidated = liquidation(s, inside + 1).named("liquidation")?,
                FEE_TOKEN => fill.fee_token = read::maybe_text(s).named("feeToken")?,
                _ => s.skip(inside + 1)?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, NEEDED)?;
    Ok(fill)
}

/// The liquidated account: empty when the venue does not name it, `None` for `null`.
#[cold]
fn liquidation<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<Option<&'a str>, Trouble> {
    const KEYS: Keys<3> = Keys::new(["liquidatedUser", "markPx", "method"]);
    if read::null(s)? {
        return Ok(None);
    }
    if s.peek()? != b'{' {
        return Err(FieldError::WrongType.into());
    }
    s.pass(1);
    s.blanks();
    let (mut user, mut seen) = ("", 0);
    let mut going = !s.eat(b'}');
    while going {
        match KEYS.read(s, 0)? {
            Some(place) => {
                once(&mut seen, place)?;
                if place == 0 {
                    user = read::maybe_text(s)?;
                } else {
                    s.skip(inside + 1)?;
                }
            }
            None => s.skip(inside + 1)?,
        }
        going = more(s)?;
    }
    Ok(Some(user))
}
