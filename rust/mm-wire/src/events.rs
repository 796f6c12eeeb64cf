//! Any frame of the WebSocket into an event: what the engine does not take, and the knowledge of what it does.
//!
//! Promises, for any bytes whatever: an event or a typed refusal, no panic, memory in proportion to the frame and bounded by
//! [`crate::FRAME_MAX`]. What is new at the venue is no fault: an unknown channel is [`Event::Data`], an unknown key is
//! passed over, a record that cannot be read is surfaced beside its siblings.

use core::fmt;

use crate::answers::text_of;
use crate::book::{self, Bbo, L2Book};
use crate::error::{FrameError, Named, Refusal, Stop, Trouble};
use crate::frames::GREETING;
use crate::json::Scanner;
use crate::market::{self, AssetCtx, Mids, Trades};
use crate::object::{Keys, complete, more, once, open};
use crate::subscription::key_of;
use crate::{FRAME_MAX, read};

/// The channels whose frames are the engine's to read.
pub const USER_CHANNELS: [&str; 3] = ["userFills", "user", "orderUpdates"];

/// The other channels that were known when this was written.
pub const DATA_CHANNELS: [&str; 22] = [
    "openOrders",
    "clearinghouseState",
    "webData2",
    "webData3",
    "userFundings",
    "userNonFundingLedgerUpdates",
    "userHistoricalOrders",
    "userTwapSliceFills",
    "userTwapHistory",
    "twapStates",
    "spotState",
    "activeAssetData",
    "notification",
    "candle",
    "allDexsClearinghouseState",
    "allDexsAssetCtxs",
    "assetCtxs",
    "fastAssetCtxs",
    "spotAssetCtxs",
    "outcomeMetaUpdates",
    "explorerBlock",
    "explorerTxs",
];

/// What a frame says. Everything borrows from the frame, but for texts that had to be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // they live for a moment, one at a time
pub enum Event<'a> {
    /// `l2Book`.
    Book(L2Book<'a>),
    /// `bbo`.
    Bbo(Bbo<'a>),
    /// `trades`.
    Trades(Trades<'a>),
    /// `activeAssetCtx`, `activeSpotAssetCtx`.
    Ctx(AssetCtx<'a>),
    /// `allMids`.
    Mids(Mids<'a>),
    /// One of [`USER_CHANNELS`], unread: [`crate::decode`] reads it.
    User(&'a str),
    /// Any other channel, its data unread.
    Data(Data<'a>),
    /// The answer to a `post`.
    Post(Post<'a>),
    /// `subscriptionResponse`.
    Ack(Ack),
    /// `error`.
    Error(String),
    /// `pong`.
    Pong,
    /// The plain text that a connection may open with.
    Greeting,
}

/// A channel that is read elsewhere, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// The channel.
    pub channel: &'a str,
    /// What it carries; empty for nothing.
    pub data: &'a [u8],
    /// The account, where told.
    pub user: Option<&'a str>,
    /// The dex, where told.
    pub dex: Option<&'a str>,
    /// `isSnapshot`.
    pub snapshot: bool,
}

/// The answer to a `post` request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Post<'a> {
    /// The request's number.
    pub id: u64,
    /// `action`, `info`, `error`; empty for a response that is not of that form.
    pub kind: &'a str,
    /// Of an `info`: the type asked for, where it is told.
    pub info_type: Option<&'a str>,
    /// The body that REST would have answered; of an error its text, in quotes; of no kind, the response as it came.
    pub payload: &'a [u8],
}

/// A subscription was taken or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// `subscribe` or `unsubscribe`.
    pub method: String,
    /// See [`crate::subscription_key`].
    pub key: String,
}

/// Why a text gave no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is not a frame.
    Frame(FrameError),
    /// It is one, and what it is about cannot be read.
    Record(Refusal),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::Record(refusal) => refusal.fmt(f),
        }
    }
}

impl core::error::Error for Unread {}

impl From<Stop> for Unread {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Frame(error) => Self::Frame(error),
            Stop::Record(refusal) => Self::Record(refusal),
        }
    }
}

impl From<FrameError> for Unread {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

/// Reads one frame.
pub fn event(frame: &[u8]) -> Result<Event<'_>, Unread> {
    if frame.len() > FRAME_MAX {
        return Err(FrameError::TooLarge { length: frame.len() }.into());
    }
    let mut s = Scanner::new(frame);
    s.blanks();
    if s.rest().first() != Some(&b'{') {
        if frame.trim_ascii() == GREETING.as_bytes() {
            return Ok(Event::Greeting);
        }
        s.skip(0)?; // is it JSON at all?
        return Err(FrameError::Shape { at: 0, why: "an object with a channel is wanted" }.into());
    }
    Ok(envelope(&mut s)?)
}

fn envelope<'a>(s: &mut Scanner<'a>) -> Result<Event<'a>, Stop> {
    const CHANNEL: usize = 0;
    const KEYS: Keys<2> = Keys::new(["channel", "data"]);
    let (mut seen, mut guess) = (0, CHANNEL);
    let (mut channel, mut event, mut unread) = ("", None, None);
    let mut going = open(s)?;
    while going {
        match KEYS.read(s, guess)? {
            Some(CHANNEL) => {
                once(&mut seen, CHANNEL).named("channel")?;
                channel = read::text(s).named("channel")?;
                if USER_CHANNELS.contains(&channel) {
                    return Ok(Event::User(channel));
                }
                guess = CHANNEL + 1;
            }
            Some(place) => {
                once(&mut seen, place).named("data")?;
                if seen & 1 << CHANNEL == 0 {
                    unread = Some(*s);
                    s.skip(1)?;
                } else {
                    event = Some(data(s, channel)?);
                }
            }
            None => s.skip(1)?,
        }
        going = more(s)?;
    }
    s.end()?;
    complete(&KEYS, seen, 1 << CHANNEL)?;
    if let Some(mut unread) = unread {
        event = Some(data(&mut unread, channel)?);
    }
    match event {
        Some(event) => Ok(event),
        None if channel == "pong" => Ok(Event::Pong),
        None => data(&mut Scanner::new(b""), channel)
            .map_err(|_| Refusal::Missing { name: "data" }.into()),
    }
}

/// Reads what a channel carries; one bracket is open around it.
fn data<'a>(s: &mut Scanner<'a>, channel: &'a str) -> Result<Event<'a>, Stop> {
    Ok(match channel {
        "l2Book" => Event::Book(book::book(s, 1)?),
        "bbo" => Event::Bbo(book::bbo(s, 1)?),
        "trades" => Event::Trades(market::trades(s, 1)?),
        "activeAssetCtx" => Event::Ctx(market::ctx(s, 1, false)?),
        "activeSpotAssetCtx" => Event::Ctx(market::ctx(s, 1, true)?),
        "allMids" => Event::Mids(market::mids(s, 1)?),
        "post" => Event::Post(post(s, 1)?),
        "subscriptionResponse" => Event::Ack(ack(s, 1)?),
        "error" => Event::Error(said(s)?),
        "pong" => {
            s.skip(1)?;
            Event::Pong
        }
        _ => Event::Data(other(s, channel)?),
    })
}

/// Passes the data of a channel, and looks for what it says of itself.
fn other<'a>(s: &mut Scanner<'a>, channel: &'a str) -> Result<Data<'a>, Stop> {
    const KEYS: Keys<3> = Keys::new(["user", "dex", "isSnapshot"]);
    let mut data = Data { channel, data: b"", user: None, dex: None, snapshot: false };
    if s.rest().is_empty() {
        return Ok(data); // a frame without data
    }
    let start = *s;
    if s.peek()? != b'{' {
        s.skip(1)?;
        data.data = s.since(&start);
        return Ok(data);
    }
    let mut seen = 0;
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, 0)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            match place {
                0 => data.user = read::any_text(s, 2)?,
                1 => data.dex = read::any_text(s, 2)?,
                _ => data.snapshot = read::any_flag(s, 2)?,
            }
        } else {
            s.skip(2)?;
        }
        going = more(s)?;
    }
    data.data = s.since(&start);
    Ok(data)
}

/// The words of an error, or the JSON that stands in their place.
fn said(s: &mut Scanner<'_>) -> Result<String, FrameError> {
    let start = *s;
    match text_of(s) {
        Ok(text) => Ok(text),
        Err(Trouble::Frame(error)) => Err(error),
        Err(Trouble::Field(_)) => {
            *s = start;
            s.skip(1)?;
            Ok(String::from_utf8_lossy(s.since(&start)).into_owned())
        }
    }
}

/// Reads `{id, response: {type, payload}}`. Somebody waits for that id: a response of another form is handed on as it came.
fn post<'a>(s: &mut Scanner<'a>, inside: u32) -> Result<Post<'a>, Stop> {
    const KEYS: Keys<2> = Keys::new(["id", "response"]);
    let mut id = 0;
    let mut told = Response { kind: "", info_type: None, payload: b"" };
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            if place == 0 {
                id = read::whole(s).named("id")?;
            } else {
                let start = *s;
                s.skip(inside + 1)?;
                told.payload = s.since(&start);
                told = understood(response(told.payload))?.unwrap_or(told);
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 1)?;
    let Response { kind, info_type, payload } = told;
    Ok(Post { id, kind, info_type, payload })
}

#[derive(Clone, Copy)]
struct Response<'a> {
    kind: &'a str,
    info_type: Option<&'a str>,
    payload: &'a [u8],
}

/// `None` for JSON of another form than was looked for.
fn understood<T>(read: Result<T, Stop>) -> Result<Option<T>, FrameError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Record(_)) => Ok(None),
        Err(Stop::Frame(error)) => Err(error),
    }
}

/// Reads `{type, payload}`, of which an `info` has `{type, data}` for its payload.
fn response(text: &[u8]) -> Result<Response<'_>, Stop> {
    let (kind, payload) = typed(text, &Keys::new(["type", "payload"]))?;
    let kind = kind.ok_or(Refusal::Missing { name: "type" })?;
    let bare = Response { kind, info_type: None, payload };
    if kind != "info" {
        return Ok(bare);
    }
    let inner = understood(typed(payload, &Keys::new(["type", "data"])))?;
    Ok(inner.map_or(bare, |(info_type, payload)| Response { info_type, payload, ..bare }))
}

/// Reads an object of something, which is left as it is, and its type, where told.
fn typed<'a>(text: &'a [u8], keys: &Keys<2>) -> Result<(Option<&'a str>, &'a [u8]), Stop> {
    let mut s = Scanner::new(text);
    let (mut kind, mut rest) = (None, &b""[..]);
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(&mut s)?;
    while going {
        if let Some(place) = keys.read(&mut s, guess)? {
            once(&mut seen, place).named(keys.name(place))?;
            guess = place + 1;
            if place == 0 {
                kind = Some(read::text(&mut s).named("type")?);
            } else {
                let start = s;
                s.skip(1)?;
                rest = s.since(&start);
            }
        } else {
            s.skip(1)?;
        }
        going = more(&mut s)?;
    }
    complete(keys, seen, 0b10)?;
    Ok((kind, rest))
}

/// Reads `{method, subscription}`.
fn ack(s: &mut Scanner<'_>, inside: u32) -> Result<Ack, Stop> {
    const KEYS: Keys<2> = Keys::new(["method", "subscription"]);
    let mut ack = Ack { method: String::new(), key: String::new() };
    let (mut seen, mut guess) = (0, 0);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            match place {
                0 => read::text(s).named("method")?.clone_into(&mut ack.method),
                _ => ack.key = key_of(s, inside + 1)?,
            }
        } else {
            s.skip(inside + 1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b11)?;
    Ok(ack)
}

/// Reads the answer to `l2Book`; `None` for a coin that the venue does not know.
pub fn book(body: &[u8]) -> Result<Option<L2Book<'_>>, Unread> {
    whole(body, |s| if read::null(s)? { Ok(None) } else { book::book(s, 0).map(Some) })
}

/// Reads the answer to `recentTrades`.
pub fn trades(body: &[u8]) -> Result<Trades<'_>, Unread> {
    whole(body, |s| market::trades(s, 0))
}

/// Reads a text that is one value, to its end.
pub(crate) fn whole<'a, T>(
    text: &'a [u8],
    read: impl FnOnce(&mut Scanner<'a>) -> Result<T, Stop>,
) -> Result<T, Unread> {
    let mut s = Scanner::new(text);
    s.blanks();
    let value = read(&mut s)?;
    s.end()?;
    Ok(value)
}
