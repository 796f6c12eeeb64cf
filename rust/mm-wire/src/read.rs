//! Single values: the venue's numbers, ids, names and flags, straight from the text.
//!
//! Each reader leaves the scanner behind the value when it succeeds, and anywhere inside it when it does not: the
//! caller returns to the start of the record. Numbers are worth exactly what [`mm_core::num`] says they are; the
//! shortcut here is tried first and gives up on anything unusual.

use mm_core::ids::{Cloid, Oid, Side};
use mm_core::num::{NumError, PX_DECIMALS, Px, SZ_DECIMALS, Sz};

use crate::error::{FieldError, FrameError, Trouble};
use crate::json::Scanner;
use crate::position::{is_exact, parse_position};
use crate::swar;

/// The scales, as the shortcut wants them.
pub(crate) const PX: usize = PX_DECIMALS as usize;
pub(crate) const SZ: usize = SZ_DECIMALS as usize;

/// A short number, and the length of its string; `None`: look closer.
#[inline]
fn short<const DECIMALS: usize>(s: &Scanner<'_>) -> Option<(i64, usize)> {
    let text = s.rest().strip_prefix(b"\"")?;
    swar::decimal::<DECIMALS>(text.first_chunk()?).map(|(value, length)| (value, length + 1))
}

/// The text of a string that needs no decoding.
#[inline]
fn plain<'a>(s: &mut Scanner<'a>) -> Result<&'a [u8], Trouble> {
    if s.peek()? != b'"' {
        return Err(FieldError::WrongType.into());
    }
    let text = s.string()?;
    if text.escaped { Err(FieldError::Escaped.into()) } else { Ok(text.raw) }
}

#[cold]
fn long_decimal(
    s: &mut Scanner<'_>,
    parse: fn(&[u8]) -> Result<Sz, NumError>,
) -> Result<Sz, Trouble> {
    parse(plain(s)?).map_err(|why| FieldError::Number(why).into())
}

/// A price: zero or more (a settlement may happen at zero).
#[inline]
pub(crate) fn price(s: &mut Scanner<'_>) -> Result<Px, Trouble> {
    if let Some((value, length)) = short::<PX>(s)
        && value >= 0
    {
        s.pass(length);
        return Ok(Px(value));
    }
    long_price(s)
}

#[cold]
fn long_price(s: &mut Scanner<'_>) -> Result<Px, Trouble> {
    match Px::parse(plain(s)?) {
        Err(NumError::Zero) => Ok(Px(0)),
        other => other.map_err(|why| FieldError::Number(why).into()),
    }
}

/// A size: more than zero.
#[inline]
pub(crate) fn size(s: &mut Scanner<'_>) -> Result<Sz, Trouble> {
    match short::<SZ>(s) {
        Some((value, length)) if value > 0 => {
            s.pass(length);
            Ok(Sz(value.into()))
        }
        _ => long_decimal(s, Sz::parse),
    }
}

/// A remainder: zero or more.
#[inline]
pub(crate) fn amount(s: &mut Scanner<'_>) -> Result<Sz, Trouble> {
    match short::<SZ>(s) {
        Some((value, length)) if value >= 0 => {
            s.pass(length);
            Ok(Sz(value.into()))
        }
        _ => long_decimal(s, Sz::parse_amount),
    }
}

/// A fee, a profit: of either sign; `null` is nothing.
#[inline]
pub(crate) fn signed(s: &mut Scanner<'_>) -> Result<Option<Sz>, Trouble> {
    if let Some((value, length)) = short::<SZ>(s) {
        s.pass(length);
        return Ok(Some(Sz(value.into())));
    }
    if null(s)? { Ok(None) } else { long_decimal(s, Sz::parse_signed).map(Some) }
}

/// A position; see [`parse_position`]. `null` is nothing.
#[inline]
pub(crate) fn position(s: &mut Scanner<'_>) -> Result<Option<Sz>, Trouble> {
    match short::<SZ>(s) {
        Some((value, length)) if is_exact(length - 1) => {
            s.pass(length);
            Ok(Some(Sz(value.into())))
        }
        _ if null(s)? => Ok(None),
        _ => long_decimal(s, parse_position).map(Some),
    }
}

/// Passes a `null`, if it is one.
#[inline]
pub(crate) fn null(s: &mut Scanner<'_>) -> Result<bool, FrameError> {
    if s.rest().first() != Some(&b'n') {
        return Ok(false);
    }
    s.literal(b"null")?;
    Ok(true)
}

/// An id or a time: a whole number of 64 bits, read from its digits and never through a double.
#[inline]
pub(crate) fn whole(s: &mut Scanner<'_>) -> Result<u64, Trouble> {
    if let Some((value, count)) = s.rest().first_chunk().and_then(swar::id)
        && matches!(s.rest().get(count), Some(b',' | b'}'))
    {
        s.pass(count);
        return Ok(value);
    }
    long_whole(s)
}

#[cold]
fn long_whole(s: &mut Scanner<'_>) -> Result<u64, Trouble> {
    if !matches!(s.peek()?, b'-' | b'0'..=b'9') {
        return Err(FieldError::WrongType.into());
    }
    let start = *s;
    s.number()?;
    let mut value = 0u64;
    for &c in s.since(&start) {
        let digit = c.wrapping_sub(b'0');
        let next = value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit)));
        match next {
            Some(next) if digit <= 9 => value = next,
            _ => return Err(FieldError::NotWhole.into()),
        }
    }
    Ok(value)
}

#[inline]
pub(crate) fn oid(s: &mut Scanner<'_>) -> Result<Oid, Trouble> {
    whole(s).map(Oid)
}

/// Text for a reader: no escapes, good UTF-8.
#[inline]
pub(crate) fn text<'a>(s: &mut Scanner<'a>) -> Result<&'a str, Trouble> {
    core::str::from_utf8(plain(s)?).map_err(|_| FieldError::NotUtf8.into())
}

/// The same, or empty for `null`.
#[inline]
pub(crate) fn maybe_text<'a>(s: &mut Scanner<'a>) -> Result<&'a str, Trouble> {
    if null(s)? { Ok("") } else { text(s) }
}

/// Text that nobody needs: passed over, and `None` for anything else. `inside` brackets are open around it.
pub(crate) fn any_text<'a>(
    s: &mut Scanner<'a>,
    inside: u32,
) -> Result<Option<&'a str>, FrameError> {
    let mut value = *s;
    s.skip(inside)?;
    Ok(text(&mut value).ok())
}

/// A flag that nobody needs: what is no flag says no. `inside` brackets are open around it.
pub(crate) fn any_flag(s: &mut Scanner<'_>, inside: u32) -> Result<bool, FrameError> {
    let mut value = *s;
    s.skip(inside)?;
    Ok(flag(&mut value) == Ok(true))
}

#[inline]
pub(crate) fn side(s: &mut Scanner<'_>) -> Result<Side, Trouble> {
    match s.rest() {
        [b'"', b'B', b'"', ..] => {
            s.pass(3);
            Ok(Side::Buy)
        }
        [b'"', b'A', b'"', ..] => {
            s.pass(3);
            Ok(Side::Sell)
        }
        _ => Err(plain(s).map_or_else(|trouble| trouble, |_| FieldError::Side.into())),
    }
}

#[inline]
pub(crate) fn flag(s: &mut Scanner<'_>) -> Result<bool, Trouble> {
    match s.peek()? {
        b't' => s.literal(b"true").map(|()| true).map_err(Trouble::from),
        b'f' => s.literal(b"false").map(|()| false).map_err(Trouble::from),
        _ => Err(FieldError::WrongType.into()),
    }
}

/// A flag, or nothing for `null`.
#[inline]
pub(crate) fn maybe_flag(s: &mut Scanner<'_>) -> Result<Option<bool>, Trouble> {
    if null(s)? { Ok(None) } else { flag(s).map(Some) }
}

/// A cloid. `null` and any other text are `None`: identity is by oid, and a name that is not ours is no fault.
#[inline]
pub(crate) fn cloid(s: &mut Scanner<'_>) -> Result<Option<Cloid>, Trouble> {
    const LENGTH: usize = 36; // 0x, 32 digits, two quotes
    if let Some(chunk) = s.rest().first_chunk::<LENGTH>()
        && let [b'"', b'0', b'x', hex @ .., b'"'] = chunk
        && let (Some(high), Some(low)) = (hex.first_chunk(), hex.last_chunk())
        && let (Some(high), Some(low)) =
            (swar::hex16(u128::from_le_bytes(*high)), swar::hex16(u128::from_le_bytes(*low)))
    {
        s.pass(LENGTH);
        return Ok(Some(Cloid((u128::from(high) << 64) | u128::from(low))));
    }
    if null(s)? {
        return Ok(None);
    }
    match s.peek()? {
        b'"' => Ok(Cloid::parse(s.string()?.raw)),
        _ => Err(FieldError::WrongType.into()),
    }
}
