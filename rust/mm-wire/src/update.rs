//! One order update: the element of `orderUpdates`; and the element of `nonUserCancel`.

use mm_core::event::{Status, Update};
use mm_core::ids::{Oid, Side};
use mm_core::num::{Px, Sz};

use crate::error::{FieldError, Named, Stop};
use crate::json::Scanner;
use crate::object::{Keys, complete, more, once, open};
use crate::read;
use crate::words;

const ORDER: usize = 0;
const STATUS: usize = 1;
const STATUS_TIME: usize = 2;
const KEYS: Keys<3> = Keys::new(["order", "status", "statusTimestamp"]);
const NEEDED: u32 = 1 << ORDER | 1 << STATUS | 1 << STATUS_TIME;

/// Reads one update; `inside` brackets are open around it.
pub(crate) fn update<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<Update<'a>, Stop> {
    let mut update = Update {
        coin: "",
        side: Side::Buy,
        oid: Oid(0),
        cloid: None,
        px: Px(0),
        sz: Sz::ZERO,
        orig_sz: Sz::ZERO,
        reduce_only: false,
        placed: 0,
        status: Status::Unknown,
        word: "",
        time: 0,
    };
    let (mut seen, mut guess) = (0, ORDER);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                ORDER => order(s, inside + 1, &mut update)?,
                STATUS => update.word = read::text(s).named("status")?,
                _ => update.time = read::whole(s).named("statusTimestamp")?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, NEEDED)?;
    update.status = words::status(update.word);
    Ok(update)
}

const COIN: usize = 0;
const SIDE: usize = 1;
const PX: usize = 2;
const SZ: usize = 3;
const OID: usize = 4;
const PLACED: usize = 5;
const ORIG_SZ: usize = 6;
const CLOID: usize = 7;
const REDUCE_ONLY: usize = 8;
const ORDER_KEYS: Keys<9> = Keys::new([
    "coin",
    "side",
    "limitPx",
    "sz",
    "oid",
    "timestamp",
    "origSz",
    "cloid",
    "reduceOnly",
]);
const ORDER_NEEDED: u32 =
    1 << COIN | 1 << SIDE | 1 << PX | 1 << SZ | 1 << OID | 1 << PLACED | 1 << ORIG_SZ;

fn order<'a>(s: &mut Scanner<'a>, inside: u32, update: &mut Update<'a>) -> Result<(), Stop> {
    if s.peek()? != b'{' {
        return Err(FieldError::WrongType.into()).named("order");
    }
    let (mut seen, mut guess) = (0, COIN);
    let mut going = open(s)?;
    while going {
        if let Some(place) = ORDER_KEYS.read(s, guess)? {
            once(&mut seen, place).named(ORDER_KEYS.name(place))?;
            guess = place + 1;
            match place {
                COIN => update.coin = read::text(s).named("coin")?,
                SIDE => update.side = read::side(s).named("side")?,
                PX => update.px = read::price(s).named("limitPx")?,
                SZ => update.sz = read::amount(s).named("sz")?,
                OID => update.oid = read::oid(s).named("oid")?,
                PLACED => update.placed = read::whole(s).named("timestamp")?,
                ORIG_SZ => update.orig_sz = read::amount(s).named("origSz")?,
                CLOID => update.cloid = read::cloid(s).named("cloid")?,
                REDUCE_ONLY => {
                    update.reduce_only = read::maybe_flag(s).named("reduceOnly")?.unwrap_or(false);
                }
                _ => s.skip(inside + 1)?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    Ok(complete(&ORDER_KEYS, seen, ORDER_NEEDED)?)
}

/// Reads one element of `nonUserCancel`; `inside` brackets are open around it.
pub(crate) fn non_user_cancel<'a>(
    s: &mut Scanner<'a>,
    inside: u32,
) -> Result<(&'a str, Oid), Stop> {
    const KEYS: Keys<2> = Keys::new(["coin", "oid"]);
    let (mut coin, mut oid) = ("", Oid(0));
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            if place == 0 {
                coin = read::text(s).named("coin")?;
            } else {
                oid = read::oid(s).named("oid")?;
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b11)?;
    Ok((coin, oid))
}
