//! An action as the venue writes it anew (protocol 2.1): members in its own order, those left out that may be and say
//! nothing, those passed over that it does not know, numbers without trailing zeros, addresses and cloids in lower
//! case. A signature is good only if it is over this.

use mm_core::error::Error;
use mm_core::ids::Cloid;

use super::pen::Pen;
use super::tree::Node;
use crate::sign::Address;

/// What a member holds.
enum Shape {
    Flag,
    Whole,
    Signed,
    Text,
    Decimal,
    /// An address.
    Account,
    /// A cloid.
    Name,
    /// An oid or a cloid.
    Target,
    /// One of these texts.
    Word(&'static [&'static str]),
    List(&'static Shape),
    Struct(&'static [Member]),
    /// An object of one member, whose name says what it is.
    OneOf(&'static [Member]),
    /// A text, or what an object says instead.
    WordOr(&'static [&'static str], &'static Shape),
}

/// Whether a member may be left out.
#[derive(PartialEq)]
enum Need {
    Always,
    /// Left out where it is null.
    Maybe,
    /// Left out where it is null or false.
    IfTrue,
}

struct Member {
    name: &'static str,
    shape: Shape,
    need: Need,
}

const fn must(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, need: Need::Always }
}

const fn may(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, need: Need::Maybe }
}

const fn flag(name: &'static str) -> Member {
    Member { name, shape: Flag, need: Need::IfTrue }
}

use Shape::{
    Account, Decimal, Flag, List, Name, OneOf, Signed, Struct, Target, Text, Whole, Word, WordOr,
};

const LIMIT: Shape = Struct(&[must("tif", Word(&["Alo", "Ioc", "Gtc", "FrontendMarket"]))]);
const TRIGGER: Shape = Struct(&[
    must("isMarket", Flag),
    must("triggerPx", Decimal),
    must("tpsl", Word(&["tp", "sl"])),
]);
const ORDER: Shape = Struct(&[
    must("a", Whole),
    must("b", Flag),
    must("p", Decimal),
    must("s", Decimal),
    must("r", Flag),
    must("t", OneOf(&[must("limit", LIMIT), must("trigger", TRIGGER)])),
    may("c", Name),
]);
const CHANGE: Shape = Struct(&[must("oid", Target), must("order", ORDER)]);
const GROUPING: Shape = WordOr(&["na", "normalTpsl", "positionTpsl"], &Struct(&[must("p", Whole)]));
const BUILDER: Shape = Struct(&[must("b", Account), must("f", Whole)]);
const TWAP: Shape = Struct(&[
    must("a", Whole),
    must("b", Flag),
    must("s", Decimal),
    must("r", Flag),
    must("m", Whole),
    must("t", Flag),
]);

/// The L1 actions that the venue reads, and their members after `type`, in the order that is hashed (protocol 3).
const KINDS: &[(&str, &[Member])] = &[
    ("order", &[must("orders", List(&ORDER)), must("grouping", GROUPING), may("builder", BUILDER)]),
    ("cancel", &[must("cancels", List(&Struct(&[must("a", Whole), must("o", Whole)]))), flag("f")]),
    (
        "cancelByCloid",
        &[must("cancels", List(&Struct(&[must("asset", Whole), must("cloid", Name)]))), flag("f")],
    ),
    ("modify", &[must("oid", Target), must("order", ORDER), flag("a")]),
    ("batchModify", &[must("modifies", List(&CHANGE)), flag("a")]),
    ("scheduleCancel", &[may("time", Whole)]),
    ("noop", &[]),
    ("updateLeverage", &[must("asset", Whole), must("isCross", Flag), must("leverage", Whole)]),
    ("updateIsolatedMargin", &[must("asset", Whole), must("isBuy", Flag), must("ntli", Signed)]),
    ("reserveRequestWeight", &[must("weight", Whole), may("destination", Account)]),
    ("setReferrer", &[must("code", Text)]),
    ("claimRewards", &[]),
    ("twapOrder", &[must("twap", TWAP)]),
    ("twapCancel", &[must("a", Whole), must("t", Whole)]),
    ("createSubAccount", &[must("name", Text)]),
    (
        "subAccountTransfer",
        &[must("subAccountUser", Account), must("isDeposit", Flag), must("usd", Whole)],
    ),
    (
        "vaultTransfer",
        &[must("vaultAddress", Account), must("isDeposit", Flag), must("usd", Whole)],
    ),
];

/// Writes an L1 action as the venue does; what it could not read is an error that names the member.
pub(crate) fn write(pen: &mut Pen, action: &Node<'_>) -> Result<(), Error> {
    let kind =
        action.get("type").and_then(Node::as_text).ok_or(Error::Bad("type", "is missing"))?;
    let (kind, members) = KINDS
        .iter()
        .find(|(known, _)| *known == kind)
        .ok_or(Error::Bad("type", "is no action of the venue"))?;
    pen.open(1 + present(action, members));
    pen.name("type");
    pen.plain(kind);
    write_members(pen, action, members)?;
    pen.close();
    Ok(())
}

fn told<'n, 'a>(node: &'n Node<'a>, member: &Member) -> Option<&'n Node<'a>> {
    node.get(member.name)
        .filter(|value| member.need != Need::IfTrue || **value != Node::Flag(false))
}

fn present(node: &Node<'_>, members: &[Member]) -> usize {
    members.iter().filter(|member| told(node, member).is_some()).count()
}

fn write_members(pen: &mut Pen, node: &Node<'_>, members: &'static [Member]) -> Result<(), Error> {
    for member in members {
        match told(node, member) {
            Some(value) => {
                pen.name(member.name);
                write_shape(pen, value, member.name, &member.shape)?;
            }
            None if member.need == Need::Always => {
                return Err(Error::Bad(member.name, "is missing"));
            }
            None => {}
        }
    }
    Ok(())
}

fn write_shape(
    pen: &mut Pen,
    node: &Node<'_>,
    name: &'static str,
    shape: &'static Shape,
) -> Result<(), Error> {
    let bad = |why| Err(Error::Bad(name, why));
    match (shape, node) {
        (Flag, Node::Flag(value)) => pen.flag(*value),
        (Whole | Signed | Target, Node::Whole(value)) => pen.uint(*value),
        (Signed, Node::Negative(value)) => pen.int(*value),
        (Text, Node::Text(text)) => pen.text(text),
        (Decimal, Node::Text(text)) => match decimal(text) {
            Some(text) => pen.plain(text.as_ref()),
            None => return bad("is not a plain decimal number"),
        },
        (Account, Node::Text(text)) => match Address::parse(text) {
            Some(address) => pen.plain(&address.to_string()),
            None => return bad("is not 0x and 40 hexadecimal digits"),
        },
        (Name | Target, Node::Text(text)) => match cloid(text) {
            Some(cloid) => pen.cloid(cloid),
            None => return bad("is not 0x and 32 hexadecimal digits"),
        },
        (Word(words) | WordOr(words, _), Node::Text(text)) => {
            match words.iter().find(|word| **word == *text) {
                Some(word) => pen.plain(word),
                None => return bad("is no word of the venue"),
            }
        }
        (WordOr(_, otherwise), Node::Map(_)) => return write_shape(pen, node, name, otherwise),
        (List(each), Node::List(values)) => {
            pen.open_list(values.len());
            for value in values {
                write_shape(pen, value, name, each)?;
            }
            pen.close_list();
        }
        (Struct(members), Node::Map(_)) => {
            pen.open(present(node, members));
            write_members(pen, node, members)?;
            pen.close();
        }
        (OneOf(members), Node::Map(given)) => {
            let [(given, _)] = given.as_slice() else { return bad("has not exactly one member") };
            let Some(member) = members.iter().find(|member| member.name == *given) else {
                return bad("is of no kind that the venue has");
            };
            pen.open(1);
            write_members(pen, node, core::slice::from_ref(member))?;
            pen.close();
        }
        _ => return bad("is of another kind"),
    }
    Ok(())
}

/// A cloid as the venue reads it: its `0x` may be absent, but it is written with one, and so hashed (protocol 2.1).
fn cloid(text: &str) -> Option<Cloid> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let plain = digits.len() == 32 && digits.bytes().all(|c| c.is_ascii_hexdigit());
    plain.then(|| u128::from_str_radix(digits, 16).ok()).flatten().map(Cloid)
}

/// A decimal without the zeros that say nothing. No bound on its size: whether it is too large is not a matter of form.
fn decimal(text: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty()
        || digits.len() > LONGEST
        || !all(whole)
        || !all(fraction)
        || digits.ends_with('.')
    {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let dot = if fraction.is_empty() { "" } else { "." };
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    Some(format!("{sign}{whole}{dot}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(action: &str) -> Result<String, Error> {
        let mut pen = Pen::new("", 100);
        write(&mut pen, &Node::read("action", action.as_bytes())?)?;
        let read = crate::action::Ordered::read(&pen.json)?;
        assert_eq!(read.packed, pen.packed, "two texts, two meanings");
        Ok(String::from_utf8(pen.json).unwrap())
    }

    #[test]
    fn written_anew_in_the_venues_own_way() {
        let given = r#"{"builder": null, "grouping": "na", "new": [1], "type": "order",
            "orders": [{"t": {"limit": {"tif": "Gtc"}}, "c": "0X", "c2": 1, "r": false, "s": "03.50", "p": "2000.0", "b": true, "a": 1}]}"#;
        assert_eq!(written(given), Err(Error::Bad("c", "is not 0x and 32 hexadecimal digits")));
        let given = given.replace("\"0X\"", "\"ABCDEF0123456789abcdef0123456789\"");
        assert_eq!(
            written(&given).unwrap(),
            r#"{"type":"order","orders":[{"a":1,"b":true,"p":"2000","s":"3.5","r":false,"t":{"limit":{"tif":"Gtc"}},"c":"0xabcdef0123456789abcdef0123456789"}],"grouping":"na"}"#
        );
        assert_eq!(
            written(r#"{"time":null,"type":"scheduleCancel"}"#).unwrap(),
            r#"{"type":"scheduleCancel"}"#
        );
        assert_eq!(
            written(r#"{"f":false,"type":"cancel","cancels":[]}"#).unwrap(),
            r#"{"type":"cancel","cancels":[]}"#
        );
        assert_eq!(
            written(r#"{"f":true,"type":"cancel","cancels":[{"o":2,"a":1}]}"#).unwrap(),
            r#"{"type":"cancel","cancels":[{"a":1,"o":2}],"f":true}"#
        );
    }

    #[test]
    fn what_the_venue_could_not_read_is_named() {
        for (action, field) in [
            ("{}", "type"),
            (r#"{"type":"dummy"}"#, "type"),
            (r#"{"type":"order"}"#, "orders"),
            (r#"{"type":"order","orders":[]}"#, "grouping"),
            (r#"{"type":"order","orders":[],"grouping":"all"}"#, "grouping"),
            (r#"{"type":"order","orders":[],"grouping":{"p":-1}}"#, "p"),
            (r#"{"type":"order","orders":[1],"grouping":"na"}"#, "orders"),
            (r#"{"type":"cancel","cancels":[{"a":0}]}"#, "o"),
            (r#"{"type":"cancel","cancels":[{"a":"0","o":1}]}"#, "a"),
            (
                r#"{"type":"vaultTransfer","vaultAddress":"0x1","isDeposit":true,"usd":1}"#,
                "vaultAddress",
            ),
            (r#"{"type":"updateLeverage","asset":0,"isCross":1,"leverage":1}"#, "isCross"),
        ] {
            assert!(
                matches!(written(action), Err(Error::Bad(named, _)) if named == field),
                "{action}"
            );
        }
        let order = |t: &str| {
            format!(
                r#"{{"type":"order","orders":[{{"a":1,"b":true,"p":"1","s":"1","r":false,"t":{t}}}],"grouping":"na"}}"#
            )
        };
        for (t, field) in [
            (r"{}", "t"),
            (r#"{"limit":{"tif":"Gtc"},"trigger":{}}"#, "t"),
            (r#"{"market":{}}"#, "t"),
            (r#"{"limit":{"tif":"Fok"}}"#, "tif"),
            (r#"{"trigger":{"isMarket":true,"triggerPx":"1e3","tpsl":"tp"}}"#, "triggerPx"),
        ] {
            assert!(
                matches!(written(&order(t)), Err(Error::Bad(named, _)) if named == field),
                "{t}"
            );
        }
    }

    #[test]
    fn decimals_lose_what_says_nothing() {
        for (given, told) in [
            ("1", "1"),
            ("1.0", "1"),
            ("0", "0"),
            ("-0.0", "0"),
            ("-1.50", "-1.5"),
            ("007.0100", "7.01"),
            ("100", "100"),
        ] {
            assert_eq!(decimal(given).as_deref(), Some(told));
        }
        for given in ["", "-", ".", "1.", ".5", "1e3", "+1", " 1", "1.2.3", "0x1", &"1".repeat(65)]
        {
            assert_eq!(decimal(given), None, "{given}");
        }
    }
}
