//! JSON in: small requests into trees, with the decoder's own scanner underneath.

use std::borrow::Cow;

use mm_wire::json::{Scanner, Text};
use mm_wire::{DEPTH_MAX, FRAME_MAX};

/// A value of a request. Numbers keep their text: an oid is no double.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// The text is not JSON, not UTF-8, too deep or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotJson;

impl<'a> Value<'a> {
    /// Reads a whole text.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, NotJson> {
        if text.len() > FRAME_MAX {
            return Err(NotJson);
        }
        let mut scanner = Scanner::new(text);
        scanner.blanks();
        let value = read(&mut scanner, 0)?;
        scanner.end().map_err(|_| NotJson)?;
        Ok(value)
    }

    /// A member of an object; the last one of a name counts. `Null` stands for what is not there.
    pub(crate) fn get(&self, name: &str) -> &Self {
        match self {
            Self::Object(members) => members
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map_or(&Value::Null, |(_, value)| value),
            _ => &Value::Null,
        }
    }

    /// A text.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A whole number that is not negative.
    pub(crate) fn whole(&self) -> Option<u64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    /// A whole number.
    pub(crate) fn signed(&self) -> Option<i64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    /// True or false.
    pub(crate) fn truth(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// A list.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// Not there, or null.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

fn read<'a>(scanner: &mut Scanner<'a>, depth: u32) -> Result<Value<'a>, NotJson> {
    if depth >= DEPTH_MAX {
        return Err(NotJson);
    }
    match scanner.peek().map_err(|_| NotJson)? {
        b'{' => {
            let mut members = Vec::new();
            each(scanner, b'{', b'}', |scanner| {
                let key = scanner.member().map_err(|_| NotJson)?;
                members.push((decoded(key)?, read(scanner, depth + 1)?));
                Ok(())
            })?;
            Ok(Value::Object(members))
        }
        b'[' => {
            let mut list = Vec::new();
            each(scanner, b'[', b']', |scanner| {
                list.push(read(scanner, depth + 1)?);
                Ok(())
            })?;
            Ok(Value::List(list))
        }
        b'"' => Ok(Value::Text(decoded(scanner.string().map_err(|_| NotJson)?)?)),
        first => {
            let start = *scanner;
            scanner.skip(depth).map_err(|_| NotJson)?;
            Ok(match first {
                b't' => Value::Bool(true),
                b'f' => Value::Bool(false),
                b'n' => Value::Null,
                _ => {
                    Value::Number(core::str::from_utf8(scanner.since(&start)).map_err(|_| NotJson)?)
                }
            })
        }
    }
}

/// Reads what stands between two brackets, item by item.
fn each<'a>(
    scanner: &mut Scanner<'a>,
    open: u8,
    close: u8,
    mut item: impl FnMut(&mut Scanner<'a>) -> Result<(), NotJson>,
) -> Result<(), NotJson> {
    scanner.expect(open, "a bracket is wanted").map_err(|_| NotJson)?;
    scanner.blanks();
    if scanner.eat(close) {
        return Ok(());
    }
    loop {
        scanner.blanks();
        item(scanner)?;
        scanner.blanks();
        if scanner.eat(close) {
            return Ok(());
        }
        scanner.expect(b',', "a comma is wanted").map_err(|_| NotJson)?;
    }
}

/// The text that a string stands for.
fn decoded(text: Text<'_>) -> Result<Cow<'_, str>, NotJson> {
    let raw = core::str::from_utf8(text.raw).map_err(|_| NotJson)?;
    if !text.escaped {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match rest.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => escaped(&mut rest)?,
            Some(plain) => plain,
            None => return Err(NotJson),
        });
    }
    Ok(Cow::Owned(out))
}

/// A character by its number, the pair of a high and a low surrogate included.
fn escaped(rest: &mut core::str::Chars<'_>) -> Result<char, NotJson> {
    let first = unit(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).ok_or(NotJson);
    }
    if (rest.next(), rest.next()) != (Some('\\'), Some('u')) {
        return Err(NotJson);
    }
    let low = unit(rest)?.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or(NotJson)?;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + low).ok_or(NotJson)
}

fn unit(rest: &mut core::str::Chars<'_>) -> Result<u32, NotJson> {
    (0..4).try_fold(0, |value, _| {
        let digit = rest.next().and_then(|c| c.to_digit(16)).ok_or(NotJson)?;
        Ok(value * 16 + digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
            (Value::Number(a), serde_json::Value::Number(b)) => {
                serde_json::from_str::<serde_json::Number>(a).is_ok_and(|a| a == *b)
            }
            (Value::Text(a), serde_json::Value::String(b)) => a == b,
            (Value::List(a), serde_json::Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Object(a), serde_json::Value::Object(b)) => {
                b.iter().all(|(key, b)| same(ours.get(key), b))
                    && a.iter().all(|(key, _)| b.contains_key(&**key))
            }
            _ => false,
        }
    }

    #[test]
    fn a_request_is_read() {
        let text = r#" {"type":"x","n":[1,-2,3.5e1],"t":{"limit":{"tif":"Alo"}},"s":"a\"\u00e9\ud83d\ude00\n","z":null} "#;
        let value = Value::parse(text.as_bytes()).unwrap();
        assert!(same(&value, &serde_json::from_str(text).unwrap()));
        assert_eq!(value.get("t").get("limit").get("tif").text(), Some("Alo"));
        assert_eq!(value.get("n").list().unwrap()[0].whole(), Some(1));
        assert!(value.get("no").is_null() && value.get("no").get("thing").is_null());
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_others_read_it(text in r#"[\[\]{}",:a-c0-9.eE+\\u ntrfals-]{0,40}"#) {
            let ours = Value::parse(text.as_bytes());
            match (serde_json::from_str::<serde_json::Value>(&text), &ours) {
                (Ok(theirs), Ok(ours)) => prop_assert!(same(ours, &theirs), "{text}"),
                (Err(_), Err(NotJson)) => {}
                // Theirs refuses numbers beyond a double and lone surrogates; ours keeps numbers as text.
                (Err(error), Ok(_)) => prop_assert!(error.to_string().contains("out of range"), "{text}: {error}"),
                (Ok(_), Err(_)) => prop_assert!(false, "{text}"),
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Value::parse(&bytes);
        }
    }
}
