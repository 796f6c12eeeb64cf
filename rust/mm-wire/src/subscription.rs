//! One text for one subscription, so that an acknowledgement finds its request although the venue wrote it anew.

use crate::error::{FieldError, Refusal, Stop};
use crate::events::{Unread, whole};
use crate::json::Scanner;
use crate::object::{more, open};
use crate::read;

/// The longest list of members; the venue's subscriptions have five.
const MEMBERS_MAX: usize = 64;

/// The canonical JSON of a subscription: `type` first, then the members by name; the address in lower case; without what
/// says nothing (`null`, `false`, an empty text), for the venue adds such defaults to its echo (protocol 1.2).
pub fn subscription_key(json: &[u8]) -> Result<String, Unread> {
    whole(json, |s| key_of(s, 0))
}

/// The same of the object that is next; `inside` brackets are open around it.
pub(crate) fn key_of(s: &mut Scanner<'_>, inside: u32) -> Result<String, Stop> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    let mut going = open(s)?;
    while going {
        let name = *s;
        s.member()?;
        let value = *s;
        s.skip(inside + 1)?;
        let wrong = |_| Refusal::Field { name: "subscription", why: FieldError::Escaped };
        let name = read::text(&mut name.clone()).map_err(wrong)?;
        let value = core::str::from_utf8(s.since(&value))
            .map_err(|_| Refusal::Field { name: "subscription", why: FieldError::NotUtf8 })?;
        if members.len() == MEMBERS_MAX || members.iter().any(|(other, _)| *other == name) {
            return Err(Refusal::Field { name: "subscription", why: FieldError::Twice }.into());
        }
        if !matches!(value, "null" | "false" | "\"\"") {
            members.push((name, value));
        }
        going = more(s)?;
    }
    members.sort_unstable_by_key(|(name, _)| (*name != "type", *name));
    let mut key = String::from("{");
    for (name, value) in members {
        if key.len() > 1 {
            key.push(',');
        }
        key.push('"');
        key.push_str(name);
        key.push_str("\":");
        if name == "user" { key.push_str(&value.to_ascii_lowercase()) } else { key.push_str(value) }
    }
    key.push('}');
    Ok(key)
}

/// What an error frame's text speaks of: the JSON at its end is a subscription, or a request that holds one.
pub fn subscription_in(text: &str) -> Option<String> {
    let json = text.get(text.find('{')?..)?.as_bytes();
    let mut s = Scanner::new(json);
    let mut going = open(&mut s).ok()?;
    while going {
        let name = s.member().ok()?;
        if name.raw == b"subscription" {
            return key_of(&mut s, 1).ok();
        }
        s.skip(1).ok()?;
        going = more(&mut s).ok()?;
    }
    subscription_key(json).ok().filter(|key| key.starts_with("{\"type\":"))
}
