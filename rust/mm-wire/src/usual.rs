//! Frames of fills and of order updates as the venue always writes them: no blanks, the keys in one order, short numbers.
//!
//! A straight line from the first brace to the last, with nothing to decide and nothing kept in memory on the way:
//! less than half the cost of the thorough way. It knows no errors. Whatever is not exactly as foreseen is `None`, and is then
//! read the thorough way, from its start. Tests hold the two against each other.
#![allow(clippy::inline_always)] // the line is straight only if nothing on it is called

use mm_core::event::{Fill, Update};
use mm_core::ids::{Cloid, Oid, Side};
use mm_core::num::{Px, Sz};

use crate::frames::{Channel, Head};
use crate::position::is_exact;
use crate::read::{PX, SZ};
use crate::swar;
use crate::words;

/// Reads the head of a frame. Gives it and what follows it: the list of fills or updates.
#[inline(always)]
pub(crate) fn head(frame: &[u8]) -> Option<(Head<'_>, &[u8])> {
    let text = after(frame, b"{\"channel\":\"")?;
    if let Some(text) = after(text, b"orderUpdates\",\"data\":") {
        return Some((Head { channel: Channel::OrderUpdates, user: None, snapshot: false }, text));
    }
    let text = after(text, b"user")?;
    if let Some(text) = after(text, b"\",\"data\":{\"fills\":") {
        return Some((Head { channel: Channel::User, user: None, snapshot: false }, text));
    }
    let text = after(text, b"Fills\",\"data\":{")?;
    let (snapshot, text) = match after(text, b"\"isSnapshot\":true,") {
        Some(text) => (true, text),
        None => (false, after(text, b"\"isSnapshot\":false,").unwrap_or(text)),
    };
    let text = after(text, b"\"user\":\"")?;
    let (user, text) = text.split_first_chunk::<42>()?; // an address: 0x and 40 digits
    let text = after(text, b"\",\"fills\":")?;
    if !swar::is_plain(user.first_chunk()?) || !swar::is_plain(user.last_chunk()?) {
        return None;
    }
    let user = core::str::from_utf8(user).ok()?;
    Some((Head { channel: Channel::UserFills, user: Some(user), snapshot }, text))
}

/// Reads one fill, which must be next in `text`. Gives it and what follows it.
#[inline(always)]
pub(crate) fn fill(text: &[u8]) -> Option<(Fill<'_>, &[u8])> {
    let (coin, text) = name(after(text, b"{\"coin\":\"")?)?;
    let (px, text) = number::<PX>(after(text, b",\"px\":\"")?)?;
    let (sz, text) = number::<SZ>(after(text, b",\"sz\":\"")?)?;
    let (side, text) = side(after(text, b",\"side\":\"")?)?;
    let (time, text) = whole(after(text, b",\"time\":")?)?;
    let (start, text) = position(after(text, b",\"startPosition\":\"")?)?;
    let text = plain(after(text, b",\"dir\":\"")?)?;
    let (closed_pnl, text) = number::<SZ>(after(text, b",\"closedPnl\":\"")?)?;
    let text = hash(after(text, b",\"hash\":\"")?)?;
    let (oid, text) = whole(after(text, b",\"oid\":")?)?;
    let (crossed, text) = flag(after(text, b",\"crossed\":")?)?;
    let (fee, text) = number::<SZ>(after(text, b",\"fee\":\"")?)?;
    let (tid, text) = whole(after(text, b",\"tid\":")?)?;
    let (cloid, text) = match after(text, b",\"cloid\":\"0x") {
        Some(text) => cloid(text)?,
        None => (None, text),
    };
    let text = after(text, b",\"feeToken\":\"")?;
    let (fee_token, text) = match after(text, b"USDC\"") {
        Some(text) => ("USDC", text),
        None => name(text)?,
    };
    let text = after(text, b",\"twapId\":null}")?;
    if px < 0 || sz <= 0 {
        return None;
    }
    let fill = Fill {
        coin,
        side,
        px: Px(px),
        sz: Sz(sz.into()),
        time,
        tid,
        oid: Oid(oid),
        start: Some(Sz(start.into())),
        cloid,
        fee: Some(Sz(fee.into())),
        fee_token,
        closed_pnl: Some(Sz(closed_pnl.into())),
        crossed: Some(crossed),
        liquidated: None,
    };
    Some((fill, text))
}

/// Reads one order update, which must be next in `text`. Gives it and what follows it.
#[inline(always)]
pub(crate) fn update(text: &[u8]) -> Option<(Update<'_>, &[u8])> {
    let (coin, text) = name(after(text, b"{\"order\":{\"coin\":\"")?)?;
    let (side, text) = side(after(text, b",\"side\":\"")?)?;
    let (px, text) = number::<PX>(after(text, b",\"limitPx\":\"")?)?;
    let (sz, text) = number::<SZ>(after(text, b",\"sz\":\"")?)?;
    let (oid, text) = whole(after(text, b",\"oid\":")?)?;
    let (placed, text) = whole(after(text, b",\"timestamp\":")?)?;
    let (orig_sz, text) = number::<SZ>(after(text, b",\"origSz\":\"")?)?;
    let (cloid, text) = match after(text, b",\"cloid\":\"0x") {
        Some(text) => cloid(text)?,
        None => (None, text),
    };
    let (word, text) = name(after(text, b"},\"status\":\"")?)?;
    let (time, text) = whole(after(text, b",\"statusTimestamp\":")?)?;
    let text = after(text, b"}")?;
    if px < 0 || sz < 0 || orig_sz < 0 {
        return None;
    }
    let update = Update {
        coin,
        side,
        oid: Oid(oid),
        cloid,
        px: Px(px),
        sz: Sz(sz.into()),
        orig_sz: Sz(orig_sz.into()),
        reduce_only: false,
        placed,
        status: words::status(word),
        word,
        time,
    };
    Some((update, text))
}

#[inline(always)]
pub(crate) fn after<'a, const N: usize>(text: &'a [u8], wanted: &[u8; N]) -> Option<&'a [u8]> {
    let (next, rest) = text.split_first_chunk::<N>()?;
    if next == wanted { Some(rest) } else { None }
}

/// A word of text, its length up to something special, which must be the closing quote.
#[inline(always)]
fn name(text: &[u8]) -> Option<(&str, &[u8])> {
    let end = swar::find_special(u128::from_le_bytes(*text.first_chunk()?));
    let (raw, rest) = text.split_at_checked(end)?;
    Some((core::str::from_utf8(raw).ok()?, after(rest, b"\"")?))
}

/// The rest of a short text that nobody reads.
#[inline(always)]
fn plain(text: &[u8]) -> Option<&[u8]> {
    let end = swar::find_special(u128::from_le_bytes(*text.first_chunk()?));
    after(text.get(end..)?, b"\"")
}

/// The rest of a hash: 66 characters, nothing special among them.
#[inline(always)]
fn hash(text: &[u8]) -> Option<&[u8]> {
    let (first, text) = text.split_first_chunk::<32>()?;
    let (second, text) = text.split_first_chunk::<32>()?;
    let (last, text) = text.split_first_chunk::<3>()?;
    let tail = last[0].is_ascii_hexdigit() && last[1].is_ascii_hexdigit() && last[2] == b'"';
    (tail && swar::is_plain(first) && swar::is_plain(second)).then_some(text)
}

#[inline(always)]
pub(crate) fn number<const DECIMALS: usize>(text: &[u8]) -> Option<(i64, &[u8])> {
    let (value, length) = swar::decimal::<DECIMALS>(text.first_chunk()?)?;
    Some((value, text.get(length..)?))
}

#[inline(always)]
fn position(text: &[u8]) -> Option<(i64, &[u8])> {
    let (value, length) = swar::decimal::<SZ>(text.first_chunk()?)?;
    if is_exact(length) { Some((value, text.get(length..)?)) } else { None }
}

#[inline(always)]
fn whole(text: &[u8]) -> Option<(u64, &[u8])> {
    let (value, count) = swar::id(text.first_chunk()?)?;
    Some((value, text.get(count..)?)) // a comma must follow: no more digits, no fraction, no exponent
}

#[inline(always)]
fn side(text: &[u8]) -> Option<(Side, &[u8])> {
    let ([letter, b'"'], rest) = text.split_first_chunk::<2>()? else { return None };
    if *letter != b'A' && *letter != b'B' {
        return None;
    }
    Some((if *letter == b'B' { Side::Buy } else { Side::Sell }, rest))
}

#[inline(always)]
fn flag(text: &[u8]) -> Option<(bool, &[u8])> {
    let chunk = u64::from_le_bytes(*text.first_chunk()?);
    let is_true = chunk << 32 == u64::from(u32::from_le_bytes(*b"true")) << 32;
    let is_false = chunk << 24 == u64::from_le_bytes(*b"\0\0\0false");
    if !(is_true | is_false) {
        return None;
    }
    Some((is_true, text.get(5 - usize::from(is_true)..)?))
}

#[inline(always)]
fn cloid(text: &[u8]) -> Option<(Option<Cloid>, &[u8])> {
    let (high, text) = text.split_first_chunk::<16>()?;
    let (low, text) = text.split_first_chunk::<16>()?;
    let high = swar::hex16(u128::from_le_bytes(*high))?;
    let low = swar::hex16(u128::from_le_bytes(*low))?;
    Some((Some(Cloid((u128::from(high) << 64) | u128::from(low))), after(text, b"\"")?))
}
