//! Frames of the WebSocket, and the fill lists of the REST answers, into facts.
//!
//! Promises, for any bytes whatever:
//!
//! - **All or nothing.** A text that is not JSON to its end delivers nothing, not even [`Sink::begin`].
//! - **One bad record never takes its siblings along.** It is surfaced, raw and with the reason.
//! - **Any order of keys**, `data` before `channel` and `user` after `fills` included; unknown keys are passed over.
//! - No panic; nesting, size and memory are bounded ([`DEPTH_MAX`], [`FRAME_MAX`], [`HELD_MAX`]).

use mm_core::event::{Fill, Update};
use mm_core::ids::Oid;

use crate::error::{FieldError, FrameError, Refusal, Trouble};
use crate::held::{HELD_MAX, Held, Kind};
use crate::json::Scanner;
use crate::object::{Keys, more, once};
use crate::{FRAME_MAX, read, usual};

/// What the venue may say before anything else: plain text, the only frame that is not JSON.
pub const GREETING: &str = "Websocket connection established.";

/// Which stream a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel<'a> {
    /// `userFills`.
    UserFills,
    /// `user`: the stream subscribed to as `userEvents`.
    User,
    /// `orderUpdates`.
    OrderUpdates,
    /// Any other: `pong`, `subscriptionResponse`, `bbo`. Its data is checked and not delivered.
    /// The [`GREETING`] comes as one too, by its own words.
    Other(&'a str),
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The stream.
    pub channel: Channel<'a>,
    /// The account, where the stream tells it: only `userFills` does.
    pub user: Option<&'a str>,
    /// `isSnapshot`: the answer to a subscription, not news.
    pub snapshot: bool,
}

/// A record that was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surfaced<'a> {
    /// The record as it came.
    pub record: &'a [u8],
    /// Its place in its list.
    pub index: usize,
    /// What is wrong with it.
    pub why: Refusal,
}

/// Takes what frames tell. Everything borrows from the frame.
pub trait Sink<'a> {
    /// Called once, before any record; never for a frame that is refused. With false nothing is delivered.
    fn begin(&mut self, head: &Head<'a>) -> bool;
    /// One trade of ours; `record` is the text that it was read from, here and below.
    fn fill(&mut self, fill: &Fill<'a>, record: &'a [u8]);
    /// One element of `orderUpdates`.
    fn update(&mut self, update: &Update<'a>, record: &'a [u8]);
    /// The venue took an order away; the reason comes as an update.
    fn non_user_cancel(&mut self, coin: &'a str, oid: Oid, record: &'a [u8]);
    /// Anything else in a `user` frame: `funding`, `liquidation`, `twapHistory` and what is to come, unread.
    fn other(&mut self, key: &'a str, raw: &'a [u8]);
    /// One record that was not understood. Its siblings are delivered.
    fn surfaced(&mut self, what: &Surfaced<'a>);
}

/// Decodes one frame.
pub fn decode<'a, S: Sink<'a>>(frame: &'a [u8], sink: &mut S) -> Result<(), FrameError> {
    if frame.len() > FRAME_MAX {
        return Err(FrameError::TooLarge { length: frame.len() });
    }
    decode_holding(frame, sink, HELD_MAX)
}

/// Decodes a bare list of fills: the REST answers `userFills` and `userFillsByTime`, of any length.
///
/// [`Sink::begin`] is told [`Channel::UserFills`], no user (the question named him) and no snapshot.
pub fn decode_fills<'a, S: Sink<'a>>(json: &'a [u8], sink: &mut S) -> Result<(), FrameError> {
    decode_fills_holding(json, sink, HELD_MAX)
}

pub(crate) fn decode_fills_holding<'a, S: Sink<'a>>(
    json: &'a [u8],
    sink: &mut S,
    limit: usize,
) -> Result<(), FrameError> {
    let mut held = Held::new(limit);
    let mut s = Scanner::new(json);
    s.blanks();
    held.list(&mut s, Kind::Fill, 0)?;
    s.end()?;
    if sink.begin(&Head { channel: Channel::UserFills, user: None, snapshot: false }) {
        held.deliver(sink)?;
    }
    Ok(())
}

pub(crate) fn decode_holding<'a, S: Sink<'a>>(
    frame: &'a [u8],
    sink: &mut S,
    limit: usize,
) -> Result<(), FrameError> {
    let mut held = Held::new(limit);
    let head = match usual(frame, &mut held)? {
        Some(head) => head,
        None if frame.trim_ascii() == GREETING.as_bytes() => {
            Head { channel: Channel::Other(GREETING), user: None, snapshot: false }
        }
        None => envelope(&mut Scanner::new(frame), &mut held)?,
    };
    if sink.begin(&head) {
        held.deliver(sink)?;
    }
    Ok(())
}

/// The whole frame, if all around its list is as usual.
#[inline]
fn usual<'a>(frame: &'a [u8], held: &mut Held<'a>) -> Result<Option<Head<'a>>, FrameError> {
    let Some((head, list)) = usual::head(frame) else { return Ok(None) };
    let mut s = Scanner::new(frame);
    s.pass(frame.len() - list.len());
    let end: &[u8] = if head.channel == Channel::OrderUpdates {
        held.list(&mut s, Kind::Update, 1)?;
        b"}"
    } else {
        held.list(&mut s, Kind::Fill, 2)?;
        b"}}"
    };
    if s.rest() == end {
        return Ok(Some(head));
    }
    held.clear(); // there is more to it: from the start
    Ok(None)
}

fn envelope<'a>(s: &mut Scanner<'a>, held: &mut Held<'a>) -> Result<Head<'a>, FrameError> {
    const CHANNEL: usize = 0;
    const DATA: usize = 1;
    const KEYS: Keys<2> = Keys::new(["channel", "data"]);
    let mut head = Head { channel: Channel::Other(""), user: None, snapshot: false };
    let (mut seen, mut guess) = (0, CHANNEL);
    let mut unread = None; // data that came before the channel did
    s.blanks();
    let mut going = enter(s, "an object with a channel is wanted")?;
    while going {
        let start = *s;
        match KEYS.read(s, guess)? {
            Some(CHANNEL) => {
                shaped(once(&mut seen, CHANNEL), &start, "the channel is given twice")?;
                let at = *s;
                head.channel = match shaped(read::text(s), &at, "the channel is a plain text")? {
                    "userFills" => Channel::UserFills,
                    "orderUpdates" => Channel::OrderUpdates,
                    "user" => Channel::User,
                    other => Channel::Other(other),
                };
                guess = DATA;
            }
            Some(_) => {
                shaped(once(&mut seen, DATA), &start, "the data is given twice")?;
                if seen & 1 << CHANNEL == 0 {
                    unread = Some(*s);
                    s.skip(1)?;
                } else {
                    data(s, &mut head, held)?;
                }
            }
            None => s.skip(1)?,
        }
        going = more(s)?;
    }
    s.end()?;
    if seen & 1 << CHANNEL == 0 {
        return Err(FrameError::Shape { at: s.at(), why: "a channel is wanted" });
    }
    if seen & 1 << DATA == 0 && !matches!(head.channel, Channel::Other(_)) {
        return Err(FrameError::Shape { at: s.at(), why: "data is wanted" });
    }
    if let Some(mut unread) = unread {
        data(&mut unread, &mut head, held)?;
    }
    Ok(head)
}

fn data<'a>(
    s: &mut Scanner<'a>,
    head: &mut Head<'a>,
    held: &mut Held<'a>,
) -> Result<(), FrameError> {
    match head.channel {
        Channel::UserFills => user_fills(s, head, held),
        Channel::OrderUpdates => held.list(s, Kind::Update, 1),
        Channel::User => user(s, held),
        Channel::Other(_) => s.skip(1),
    }
}

fn user_fills<'a>(
    s: &mut Scanner<'a>,
    head: &mut Head<'a>,
    held: &mut Held<'a>,
) -> Result<(), FrameError> {
    const FILLS: usize = 2;
    const KEYS: Keys<3> = Keys::new(["isSnapshot", "user", "fills"]);
    let (mut seen, mut guess) = (0, 0);
    let mut going = enter(s, "an object with fills is wanted")?;
    while going {
        let start = *s;
        if let Some(place) = KEYS.read(s, guess)? {
            shaped(once(&mut seen, place), &start, "a key is given twice")?;
            guess = place + 1;
            let at = *s;
            match place {
                FILLS => held.list(s, Kind::Fill, 2)?,
                1 => head.user = Some(shaped(read::text(s), &at, "the user is a plain text")?),
                _ => {
                    head.snapshot =
                        shaped(read::maybe_flag(s), &at, "isSnapshot is a flag")?.unwrap_or(false);
                }
            }
        } else {
            s.skip(2)?;
        }
        going = more(s)?;
    }
    if seen & 1 << FILLS == 0 {
        return Err(FrameError::Shape { at: s.at(), why: "fills are wanted" });
    }
    Ok(())
}

/// The venue puts one key into a `user` frame; a few more are no reason to refuse it, thousands are.
const OTHERS_MAX: usize = 64;

fn user<'a>(s: &mut Scanner<'a>, held: &mut Held<'a>) -> Result<(), FrameError> {
    const FILLS: usize = 0;
    const KEYS: Keys<2> = Keys::new(["fills", "nonUserCancel"]);
    let (mut seen, mut others) = (0, 0);
    let mut going = enter(s, "an object with one event is wanted")?;
    while going {
        let start = *s;
        if let Some(place) = KEYS.read(s, FILLS)? {
            shaped(once(&mut seen, place), &start, "a key is given twice")?;
            held.list(s, if place == FILLS { Kind::Fill } else { Kind::NonUserCancel }, 2)?;
        } else {
            let value = *s;
            s.skip(2)?;
            if others == OTHERS_MAX {
                return Err(FrameError::Shape { at: start.at(), why: "one event is wanted" });
            }
            let raw = s.since(&value);
            match read::text(&mut start.clone()) {
                Ok(key) => held.other(key, raw),
                Err(Trouble::Field(why)) => {
                    held.surfaced(raw, others, Refusal::Field { name: "user", why });
                }
                Err(Trouble::Frame(error)) => return Err(error),
            }
            others += 1;
        }
        going = more(s)?;
    }
    Ok(())
}

/// Enters an object of the envelope. False if it is empty, and then left again.
fn enter(s: &mut Scanner<'_>, why: &'static str) -> Result<bool, FrameError> {
    let start = *s;
    if !s.eat(b'{') {
        s.skip(0)?; // is it JSON at all?
        return Err(FrameError::Shape { at: start.at(), why });
    }
    s.blanks();
    Ok(!s.eat(b'}'))
}

/// A field of the envelope that cannot be used spoils the frame.
fn shaped<T>(
    read: Result<T, Trouble>,
    at: &Scanner<'_>,
    why: &'static str,
) -> Result<T, FrameError> {
    read.map_err(|trouble| match trouble {
        Trouble::Frame(error) => error,
        Trouble::Field(FieldError::NotUtf8) => {
            FrameError::Shape { at: at.at(), why: "a text is not UTF-8" }
        }
        Trouble::Field(_) => FrameError::Shape { at: at.at(), why },
    })
}
