//! JSON text as a tree, and any ordered tree as msgpack.
//!
//! Signing must not guess: a member that stands twice, a number that is not whole or does not fit 64 bits and text that
//! is not UTF-8 are refused, whoever would read them otherwise.

use std::borrow::Cow;

use mm_core::error::Error;

use super::pen::{digits, quote};
use crate::json::{Scanner, Text};
use crate::sign::BODY_MAX;
use crate::{DEPTH_MAX, msgpack};

/// The most members in one object: the venue's have a dozen.
pub(crate) const MEMBERS_MAX: usize = 64;

/// A JSON value. Whole numbers are as wide as the wire has them: from −2⁶³ to 2⁶⁴ − 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Node<'a> {
    Null,
    Flag(bool),
    Whole(u64),
    /// Below zero.
    Negative(i64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Map(Members<'a>),
}

/// The members of an object, as they stand.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

impl<'a> Node<'a> {
    /// Reads a text that holds one value and nothing else. `field` is what a caller knows the text as.
    pub(crate) fn read(field: &'static str, text: &'a [u8]) -> Result<Self, Error> {
        if text.len() > BODY_MAX {
            return Err(Error::Bad(field, "is longer than a mebibyte"));
        }
        let mut reader = Reader { scanner: Scanner::new(text), field };
        reader.scanner.blanks();
        let node = reader.value(0)?;
        reader.json(Scanner::end)?;
        Ok(node)
    }

    /// The member of that name, if this is an object that has it and it is not null.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        let (_, node) = members.iter().find(|(key, _)| key == name)?;
        (*node != Self::Null).then_some(node)
    }

    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As compact JSON.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Flag(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Self::Whole(value) => digits(out, *value),
            Self::Negative(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Text(text) => quote(out, text),
            Self::List(values) => {
                out.push(b'[');
                for (i, value) in values.iter().enumerate() {
                    out.extend_from_slice(if i == 0 { b"" } else { b"," });
                    value.write(out);
                }
                out.push(b']');
            }
            Self::Map(members) => {
                out.push(b'{');
                for (i, (name, value)) in members.iter().enumerate() {
                    out.extend_from_slice(if i == 0 { b"" } else { b"," });
                    quote(out, name);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }

    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => msgpack::nil(out),
            Self::Flag(value) => msgpack::flag(out, *value),
            Self::Whole(value) => msgpack::uint(out, *value),
            Self::Negative(value) => msgpack::int(out, *value),
            Self::Text(text) => msgpack::text(out, text),
            Self::List(values) => {
                msgpack::list(out, values.len());
                for value in values {
                    value.pack(out);
                }
            }
            Self::Map(members) => {
                msgpack::map(out, members.len());
                for (name, value) in members {
                    msgpack::text(out, name);
                    value.pack(out);
                }
            }
        }
    }
}

/// Any L1 action, given as JSON text whose members stand in the venue's order.
#[derive(Debug)]
pub struct Ordered<'a> {
    /// The text.
    pub text: &'a [u8],
    /// What is hashed: member by member as they stand.
    pub packed: Vec<u8>,
    /// It asks to place an order even where the one that it replaces is gone (protocol 3.5).
    pub places_always: bool,
    /// It is done for a vault or sub-account where there is one.
    pub is_for_vaults: bool,
}

impl<'a> Ordered<'a> {
    /// Reads the text. What a user signs is refused: signed as an L1 action it would be nobody's.
    pub fn read(text: &'a [u8]) -> Result<Self, Error> {
        let node = Node::read("action", text)?;
        let Node::Map(_) = node else { return Err(Error::Bad("action", "is not an object")) };
        let kind = node.get("type").and_then(Node::as_text).unwrap_or_default();
        if super::user::is_known(kind) {
            return Err(Error::Bad(
                "type",
                "is one that only an account itself may sign, as typed data",
            ));
        }
        let asked = node.get("a").is_some_and(|asked| *asked != Node::Flag(false));
        let mut packed = Vec::with_capacity(text.len());
        node.pack(&mut packed);
        Ok(Self {
            text,
            packed,
            places_always: asked && matches!(kind, "modify" | "batchModify"),
            is_for_vaults: !super::OWN_BUSINESS.contains(&kind),
        })
    }
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    field: &'static str,
}

impl<'a> Reader<'a> {
    fn bad<T>(&self, why: &'static str) -> Result<T, Error> {
        Err(Error::Bad(self.field, why))
    }

    fn json<T>(
        &mut self,
        read: impl FnOnce(&mut Scanner<'a>) -> Result<T, crate::FrameError>,
    ) -> Result<T, Error> {
        read(&mut self.scanner).map_err(|_| Error::Bad(self.field, "is not JSON"))
    }

    /// One value, around which so many brackets are open.
    fn value(&mut self, depth: u32) -> Result<Node<'a>, Error> {
        if depth > DEPTH_MAX {
            return self.bad("is nested deeper than 64");
        }
        match self.json(|s| s.peek())? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => {
                let text = self.json(Scanner::string)?;
                self.text(text).map(Node::Text)
            }
            b't' => self.json(|s| s.literal(b"true")).map(|()| Node::Flag(true)),
            b'f' => self.json(|s| s.literal(b"false")).map(|()| Node::Flag(false)),
            b'n' => self.json(|s| s.literal(b"null")).map(|()| Node::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: u32) -> Result<Node<'a>, Error> {
        let mut members: Members<'a> = Vec::new();
        self.json(|s| s.expect(b'{', "an object"))?;
        self.scanner.blanks();
        while !self.scanner.eat(b'}') {
            if !members.is_empty() {
                self.json(|s| s.expect(b',', "a comma"))?;
                self.scanner.blanks();
            }
            let name = self.json(Scanner::member)?;
            let name = self.text(name)?;
            if members.iter().any(|(known, _)| *known == name) {
                return self.bad("has a member twice");
            }
            if members.len() == MEMBERS_MAX {
                return self.bad("has an object of more than 64 members");
            }
            let value = self.value(depth + 1)?;
            members.push((name, value));
            self.scanner.blanks();
        }
        Ok(Node::Map(members))
    }

    fn list(&mut self, depth: u32) -> Result<Node<'a>, Error> {
        let mut values = Vec::new();
        self.json(|s| s.expect(b'[', "a list"))?;
        self.scanner.blanks();
        while !self.scanner.eat(b']') {
            if !values.is_empty() {
                self.json(|s| s.expect(b',', "a comma"))?;
                self.scanner.blanks();
            }
            values.push(self.value(depth + 1)?);
            self.scanner.blanks();
        }
        Ok(Node::List(values))
    }

    fn number(&mut self) -> Result<Node<'a>, Error> {
        let start = self.scanner;
        self.json(Scanner::number)?;
        let text = core::str::from_utf8(self.scanner.since(&start)).unwrap_or_default();
        if let Ok(value) = text.parse() {
            return Ok(Node::Whole(value));
        }
        match text.parse::<i64>() {
            Ok(0) => self.bad("has a number -0"),
            Ok(value) => Ok(Node::Negative(value)),
            Err(_) if text.contains(['.', 'e', 'E']) => self.bad("has a number that is not whole"),
            Err(_) => self.bad("has a number beyond 64 bits"),
        }
    }

    fn text(&self, text: Text<'a>) -> Result<Cow<'a, str>, Error> {
        let Ok(raw) = core::str::from_utf8(text.raw) else { return self.bad("is not UTF-8") };
        if !text.escaped {
            return Ok(Cow::Borrowed(raw));
        }
        match unescaped(raw) {
            Some(text) => Ok(Cow::Owned(text)),
            None => self.bad("has half of a surrogate pair"),
        }
    }
}

/// The text that a JSON string with escapes means. The scanner saw to it that each escape is one.
fn unescaped(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut units = Vec::new(); // of UTF-16: what stands in \u escapes, one after the other
    let mut rest = raw.chars();
    loop {
        let next = rest.next();
        if next == Some('\\') {
            let escape = rest.next()?;
            if escape == 'u' {
                let digits = rest.as_str().get(..4)?;
                units.push(u16::from_str_radix(digits, 16).ok()?);
                rest.nth(3);
                continue;
            }
            text.push_str(&String::from_utf16(&units).ok()?);
            text.push(match escape {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                plain => plain,
            });
        } else {
            text.push_str(&String::from_utf16(&units).ok()?);
            match next {
                Some(plain) => text.push(plain),
                None => return Some(text),
            }
        }
        units.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> &'static str {
        match Node::read("action", text.as_bytes()) {
            Err(Error::Bad("action", why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert_eq!(refused(r#"{"a":1,"a":1}"#), "has a member twice");
        assert_eq!(refused("1.5"), "has a number that is not whole");
        assert_eq!(refused("[1e3]"), "has a number that is not whole");
        assert_eq!(refused("-0"), "has a number -0");
        assert_eq!(refused("18446744073709551616"), "has a number beyond 64 bits");
        assert_eq!(refused("-9223372036854775809"), "has a number beyond 64 bits");
        assert_eq!(refused(r#""\ud800""#), "has half of a surrogate pair");
        assert_eq!(refused(r#""\ud800x\udc00""#), "has half of a surrogate pair");
        for text in
            ["", "{", "[1,]", "{\"a\":1,}", "{,}", "[1 2]", "01", "nul", "\"\u{1}\"", "1 2", "+1"]
        {
            assert_eq!(refused(text), "is not JSON", "{text}");
        }
        assert_eq!(refused(&"[".repeat(66)), "is nested deeper than 64");
        let many: Vec<_> = (0..65).map(|n| format!("\"{n}\":{n}")).collect();
        assert_eq!(
            refused(&format!("{{{}}}", many.join(","))),
            "has an object of more than 64 members"
        );
        assert_eq!(Node::read("action", b"\"\xff\""), Err(Error::Bad("action", "is not UTF-8")));
        assert!(Node::read("action", &vec![b' '; BODY_MAX + 1]).is_err());
        assert!(Ordered::read(b"[]").is_err());
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}|[\\x00-\\x7f]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,4}", inner), 0..20).prop_map(Value::from_iter),
            ]
        })
    }

    fn same(node: &Node<'_>, value: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (node, value) {
            (Node::Null, Value::Null) => true,
            (Node::Flag(a), Value::Bool(b)) => a == b,
            (Node::Whole(a), Value::Number(b)) => b.as_u64() == Some(*a),
            (Node::Negative(a), Value::Number(b)) => b.as_i64() == Some(*a),
            (Node::Text(a), Value::String(b)) => a == b,
            (Node::List(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Node::Map(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, a)| b.get(&**name).is_some_and(|b| same(a, b)))
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn reads_what_another_reader_reads(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let node = Node::read("action", text.as_bytes()).unwrap();
            prop_assert!(same(&node, &value), "{text}\n{node:?}");
            let mut written = Vec::new();
            node.write(&mut written);
            prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&written).unwrap(), value);
        }

        #[test]
        fn escapes_mean_what_another_reader_says(
            units in prop::collection::vec(any::<u16>(), 0..6),
            plain in "[a-z\\\\n/\"]{0,3}",
        ) {
            let mut text = String::from("\"");
            for unit in units {
                write!(text, "\\u{unit:04x}").unwrap();
            }
            text.push_str(&plain);
            text.push('"');
            match serde_json::from_str::<String>(&text) {
                Ok(told) => prop_assert_eq!(Node::read("action", text.as_bytes()), Ok(Node::Text(told.into()))),
                Err(_) => prop_assert!(Node::read("action", text.as_bytes()).is_err()),
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Ordered::read(&bytes);
        }
    }
}
