//! Answers of `/exchange`: what became of each item of an action.
//!
//! - Outcomes stand in the order of the items (`order-state.md` I13).
//! - One refusal for several items counts for each; any other number of answers than items leaves every item unknown,
//!   for their places cannot be trusted (protocol 3.1).
//! - What is not a whole answer is [`Outcome::Garbled`]: it proves nothing (`reliability.md` N5). A whole body whose items
//!   are answered one by one counts whatever the HTTP status is.
//! - HTTP 422 is the one status by which nothing was done: the request was not understood (protocol 4.4). Of 429 and 5xx
//!   the venue's front speaks, which does not know what became of an earlier sending of the same bytes.

use std::borrow::Cow;

use mm_core::ids::Oid;
use mm_core::num::Sz;

use crate::error::{FieldError, Named, Refusal, Stop, Trouble};
use crate::events::whole;
use crate::json::Scanner;
use crate::market::{enter_list, more_of_list};
use crate::object::{Keys, complete, more, once, open};
use crate::read;
use crate::words::{self, CancelError};

/// The longest answer that is read: 200 items with a long error each are a tenth of it.
pub const ANSWER_MAX: usize = 4 << 20;
/// The most items that an action may have (protocol 3.2); an answer may not claim more.
pub const ITEMS_MAX: usize = 10_000;
/// How much of a foreign body is shown.
const SHOWN: usize = 120;

/// What became of one item, or of a whole action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// On the book.
    Resting(Oid),
    /// So much executed at once; it says nothing of the rest.
    Filled {
        /// The order.
        oid: Oid,
        /// As the venue wrote it; it reads as an amount.
        total_sz: &'a str,
        /// As the venue wrote it; rounded by it.
        avg_px: &'a str,
    },
    /// `success`, `default`.
    Done,
    /// `waitingForFill`, `waitingForTrigger`.
    Waiting,
    /// This item was refused, in these words.
    ItemError(Cow<'a, str>),
    /// The whole action was refused, in these words.
    ActionError(Cow<'a, str>),
    /// Not an answer: it proves nothing.
    Garbled(Cow<'a, str>),
}

/// One outcome an item, or one [`Outcome::ActionError`] or [`Outcome::Garbled`] for all.
pub type Outcomes<'a> = Vec<Outcome<'a>>;

/// What a body says.
enum Body<'a> {
    Items(Outcomes<'a>),
    Default,
    Refused(Cow<'a, str>),
}

/// Reads the answer to an action of `items` items.
pub fn answer<'a>(
    body: &'a [u8],
    items: usize,
    status: u16,
    content_type: Option<&str>,
) -> Outcomes<'a> {
    let read = if body.len() > ANSWER_MAX { None } else { whole(body, exchange).ok() };
    match read {
        Some(Body::Items(statuses)) => by_position(statuses, items),
        Some(Body::Default) if status == 200 && items == 1 => vec![Outcome::Done],
        Some(Body::Refused(text)) if status == 200 => vec![Outcome::ActionError(text)],
        _ if status == 422 => vec![Outcome::ActionError(told(body, status, None).into())],
        _ => vec![Outcome::Garbled(told(body, status, content_type).into())],
    }
}

fn by_position(statuses: Outcomes<'_>, items: usize) -> Outcomes<'_> {
    if statuses.len() == items {
        return statuses;
    }
    if let [Outcome::ItemError(_)] = &*statuses
        && items <= ITEMS_MAX
    {
        return vec![statuses[0].clone(); items];
    }
    vec![Outcome::Garbled(format!("{} answers to {items} items", statuses.len()).into())]
}

/// The beginning of a body that is not an answer, after its HTTP status.
fn told(body: &[u8], status: u16, content_type: Option<&str>) -> String {
    let mut text = String::new();
    match status {
        200 => {}
        429 => text.push_str("429 Too Many Requests"), // as `post` says it, and as `words` knows it
        _ => text.push_str(&status.to_string()),
    }
    for more in [content_type.unwrap_or_default(), &shown(body)] {
        if !more.is_empty() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(more);
        }
    }
    if text.is_empty() { "an empty body".to_owned() } else { text }
}

fn shown(body: &[u8]) -> String {
    let head = body.trim_ascii();
    let cut = head.get(..SHOWN).unwrap_or(head);
    String::from_utf8_lossy(cut).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Reads `{status, response}`.
fn exchange<'a>(s: &mut Scanner<'a>) -> Result<Body<'a>, Stop> {
    const KEYS: Keys<2> = Keys::new(["status", "response"]);
    let (mut seen, mut guess) = (0, 0);
    let (mut ok, mut response) = (None, *s);
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            if place == 0 {
                ok = match read::text(s).named("status")? {
                    "ok" => Some(true),
                    "err" => Some(false),
                    _ => return Err(wrong("status")),
                };
            } else {
                response = *s;
                s.skip(1)?;
            }
        } else {
            s.skip(1)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b11)?;
    if ok == Some(true) {
        done(&mut response)
    } else {
        text_of(&mut response).named("response").map(|text| Body::Refused(text.into()))
    }
}

fn wrong(name: &'static str) -> Stop {
    Refusal::Field { name, why: FieldError::WrongType }.into()
}

/// Reads `{type, data?: {statuses}}`.
fn done<'a>(s: &mut Scanner<'a>) -> Result<Body<'a>, Stop> {
    const KEYS: Keys<2> = Keys::new(["type", "data"]);
    const DATA: Keys<1> = Keys::new(["statuses"]);
    let (mut seen, mut guess, mut default) = (0, 0, false);
    let mut statuses = None;
    let mut going = open(s)?;
    while going {
        if let Some(place) = KEYS.read(s, guess)? {
            once(&mut seen, place).named(KEYS.name(place))?;
            guess = place + 1;
            if place == 0 {
                default = read::text(s).named("type")? == "default";
            } else {
                if s.peek()? != b'{' {
                    return Err(wrong("data"));
                }
                let mut inner = open(s)?;
                while inner {
                    match DATA.read(s, 0)? {
                        Some(_) if statuses.is_none() => statuses = Some(list(s)?),
                        Some(_) => return Err(wrong("statuses")),
                        None => s.skip(3)?,
                    }
                    inner = more(s)?;
                }
            }
        } else {
            s.skip(2)?;
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 1)?;
    match statuses {
        Some(statuses) => Ok(Body::Items(statuses)),
        None if default && seen == 1 => Ok(Body::Default),
        None => Err(wrong("data")),
    }
}

fn list<'a>(s: &mut Scanner<'a>) -> Result<Outcomes<'a>, Stop> {
    let mut outcomes = Vec::new();
    let mut going = enter_list(s, "statuses")?;
    while going {
        if outcomes.len() == ITEMS_MAX {
            return Err(wrong("statuses"));
        }
        let start = *s;
        let outcome = match item(s) {
            Ok(outcome) => outcome,
            Err(Stop::Frame(error)) => return Err(error.into()),
            Err(Stop::Record(_)) => {
                // Its siblings stand; of this one nothing is known.
                *s = start;
                s.skip(4)?;
                Outcome::Garbled(shown(s.since(&start)).into())
            }
        };
        outcomes.push(outcome);
        going = more_of_list(s)?;
    }
    Ok(outcomes)
}

/// Reads one status: a word, or an object with one of three keys.
fn item<'a>(s: &mut Scanner<'a>) -> Result<Outcome<'a>, Stop> {
    const KEYS: Keys<3> = Keys::new(["resting", "filled", "error"]);
    if s.peek()? == b'"' {
        return match read::text(s).named("status")? {
            "success" => Ok(Outcome::Done),
            "waitingForFill" | "waitingForTrigger" => Ok(Outcome::Waiting),
            _ => Err(wrong("status")),
        };
    }
    let mut outcome = None;
    let mut going = open(s)?;
    while going {
        let place = KEYS.read(s, 0)?;
        if place.is_some() && outcome.is_some() {
            return Err(wrong("status")); // it cannot be two things
        }
        match place {
            Some(0) => outcome = Some(resting(s)?),
            Some(1) => outcome = Some(filled(s)?),
            Some(_) => outcome = Some(Outcome::ItemError(text_of(s).named("error")?.into())),
            None => s.skip(5)?,
        }
        going = more(s)?;
    }
    outcome.ok_or_else(|| wrong("status"))
}

fn resting<'a>(s: &mut Scanner<'a>) -> Result<Outcome<'a>, Stop> {
    const KEYS: Keys<2> = Keys::new(["oid", "cloid"]);
    let (mut seen, mut oid) = (0, Oid(0));
    let mut going = open(s)?;
    while going {
        match KEYS.read(s, 0)? {
            Some(0) => {
                once(&mut seen, 0).named("oid")?;
                oid = read::oid(s).named("oid")?;
            }
            _ => s.skip(6)?,
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 1)?;
    Ok(Outcome::Resting(oid))
}

fn filled<'a>(s: &mut Scanner<'a>) -> Result<Outcome<'a>, Stop> {
    const KEYS: Keys<4> = Keys::new(["totalSz", "avgPx", "oid", "cloid"]);
    let (mut seen, mut guess) = (0, 0);
    let (mut oid, mut total_sz, mut avg_px) = (Oid(0), "", "");
    let mut going = open(s)?;
    while going {
        match KEYS.read(s, guess)? {
            Some(place) if place < 3 => {
                once(&mut seen, place).named(KEYS.name(place))?;
                guess = place + 1;
                match place {
                    0 => total_sz = amount(s).named("totalSz")?,
                    1 => avg_px = amount(s).named("avgPx")?,
                    _ => oid = read::oid(s).named("oid")?,
                }
            }
            _ => s.skip(6)?,
        }
        going = more(s)?;
    }
    complete(&KEYS, seen, 0b111)?;
    Ok(Outcome::Filled { oid, total_sz, avg_px })
}

/// The text of an amount, as it was written.
fn amount<'a>(s: &mut Scanner<'a>) -> Result<&'a str, Trouble> {
    let text = read::text(s)?;
    Sz::parse_amount(text.as_bytes()).map_err(FieldError::Number)?;
    Ok(text)
}

/// Reads a text for people: escapes are decoded.
pub(crate) fn text_of(s: &mut Scanner<'_>) -> Result<String, Trouble> {
    if s.peek()? != b'"' {
        return Err(FieldError::WrongType.into());
    }
    let text = s.string()?;
    let plain = core::str::from_utf8(text.raw).map_err(|_| FieldError::NotUtf8)?;
    Ok(if text.escaped { unescaped(plain) } else { plain.to_owned() })
}

/// Decodes the escapes of a string that the scanner has checked. Half a surrogate becomes the replacement character.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut high: Option<u32> = None;
    while let Some(c) = chars.next() {
        let code = match c {
            '\\' => match chars.next() {
                Some('u') => {
                    let digits = chars.by_ref().take(4).filter_map(|c| c.to_digit(16));
                    digits.fold(0u32, |code, digit| code << 4 | digit)
                }
                Some('b') => 8,
                Some('f') => 12,
                Some('n') => 10,
                Some('r') => 13,
                Some('t') => 9,
                Some(other) => u32::from(other),
                None => break,
            },
            other => u32::from(other),
        };
        match (high.take(), code) {
            (Some(first), 0xdc00..=0xdfff) => {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (code - 0xdc00);
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                continue;
            }
            (Some(_), _) => out.push(char::REPLACEMENT_CHARACTER),
            (None, _) => {}
        }
        match code {
            0xd800..=0xdbff => high = Some(code),
            _ => out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }
    if high.is_some() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    out
}

/// The answer to an action that came over the socket: `kind` is the response's type, `payload` its JSON.
pub fn posted<'a>(kind: &str, payload: &'a [u8], items: usize) -> Outcomes<'a> {
    match kind {
        "action" => answer(payload, items, 200, None),
        "error" => {
            let text = post_error(payload).unwrap_or_else(|| shown(payload));
            // 429 and 5xx as of HTTP; of the rest only words that say that nothing was done.
            let done = text.starts_with("422 ")
                || (!text.starts_with("429") && words::cancel_error(&text) == CancelError::NotDone);
            let text = text.into();
            vec![if done { Outcome::ActionError(text) } else { Outcome::Garbled(text) }]
        }
        other => {
            let text = format!("the answer to a post of type {other:?}: {}", shown(payload));
            vec![Outcome::Garbled(text.into())]
        }
    }
}

/// The text of an error answer.
pub fn post_error(payload: &[u8]) -> Option<String> {
    whole(payload, |s| text_of(s).named("payload")).ok()
}
