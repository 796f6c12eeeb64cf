//! What is written is read: any fill, any order of keys, blanks, unknown keys, and bad neighbours.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
#![allow(clippy::disallowed_types, reason = "makes the doubles that the venue prints")]

mod common;

use common::{OwnedFill, Told, a_fill, decode, decode_fills, object};
use mm_core::event::{Status, Update};
use mm_core::ids::{Cloid, Oid, Side};
use mm_core::num::{Px, Sz};
use mm_wire::{Channel, FieldError, Head, Refusal, parse_position};
use proptest::prelude::*;

const USER: &str = "0x31ca8395cf837de08b24da3f660e77761dfb974b";

fn head(channel: Channel<'_>) -> Told<'_> {
    Told::Begin(Head { channel, user: None, snapshot: false })
}

proptest! {
    #[test]
    fn fills_are_read_as_written(fills in proptest::collection::vec(a_fill(), 0..5), snapshot: bool) {
        let texts: Vec<_> = fills.iter().map(OwnedFill::text).collect();
        let wanted: Vec<_> = fills.iter().map(|f| Told::Fill(f.fill())).collect();
        let list = format!("[{}]", texts.join(","));
        prop_assert_eq!(&decode_fills(list.as_bytes()).unwrap(), &wanted);

        let user = format!(r#"{{"channel":"user","data":{{"fills":{list}}}}}"#);
        prop_assert_eq!(&decode(user.as_bytes()).unwrap()[1..], &wanted);

        let told_head = Told::Begin(Head { channel: Channel::UserFills, user: Some(USER), snapshot });
        for frame in [
            format!(r#"{{"channel":"userFills","data":{{"isSnapshot":{snapshot},"user":"{USER}","fills":{list}}}}}"#),
            format!(r#"{{"channel":"userFills","data":{{"fills":{list},"user":"{USER}","new":[{{}}],"isSnapshot":{snapshot}}}}}"#),
            format!(r#"{{"data":{{"fills":{list},"isSnapshot":{snapshot},"user":"{USER}"}},"seq":1e5,"channel":"userFills"}}"#),
            format!(r#" {{ "channel" : "userFills" , "data" : {{ "isSnapshot" : {snapshot} , "user" : "{USER}" , "fills" : {list} }} }} "#),
            format!(r#"{{"channel":"userFills","data":{{"isSnapshot":{snapshot},"user":"{USER}","fills":{list}}},"x":0}}"#),
        ] {
            let told = decode(frame.as_bytes()).unwrap();
            prop_assert_eq!(told[0], told_head);
            prop_assert_eq!(&told[1..], &wanted);
        }
    }

    #[test]
    fn any_order_of_keys_any_blanks_any_strange_keys(
        (fill, members) in a_fill().prop_flat_map(|f| (Just(f.clone()), Just(f.members()).prop_shuffle())),
        blank in "[ \n\r\t]{0,2}",
        strange in proptest::collection::vec("[a-z]{0,20}", 0..3),
        at in 0usize..6,
    ) {
        let mut members = members;
        for name in strange {
            members.insert(at, (format!("{name}_"), r#"{"a":[1,-2.5e+3,{"b":"\\\"]}"}],"c":null}"#.into()));
        }
        let list = format!("[{}]", object(&members, &blank));
        prop_assert_eq!(decode_fills(list.as_bytes()).unwrap(), vec![Told::Fill(fill.fill())]);
    }

    #[test]
    fn a_bad_record_keeps_its_siblings(fills in proptest::collection::vec(a_fill(), 1..6), at: usize, how in 0usize..9) {
        let at = at % fills.len();
        let mut members = fills[at].members();
        let mut set = |key: &str, value: &str| {
            let place = members.iter().position(|(k, _)| k == key).unwrap();
            members[place].1 = value.into();
        };
        let field = |name, why| Refusal::Field { name, why };
        let why = match how {
            0 => { set("oid", "1.5"); field("oid", FieldError::NotWhole) }
            1 => { set("oid", "\"12\""); field("oid", FieldError::WrongType) }
            2 => { set("time", "-7"); field("time", FieldError::NotWhole) }
            3 => { set("time", "18446744073709551616"); field("time", FieldError::NotWhole) }
            4 => { set("coin", r#""BT\u0043""#); field("coin", FieldError::Escaped) }
            5 => { set("side", "\"C\""); field("side", FieldError::Side) }
            6 => { set("px", "1.5"); field("px", FieldError::WrongType) }
            7 => { members.remove(2); Refusal::Missing { name: "sz" } }
            _ => { members.push(("px".into(), members[1].1.clone())); field("px", FieldError::Twice) }
        };
        let bad = object(&members, "");
        let mut texts: Vec<_> = fills.iter().map(OwnedFill::text).collect();
        texts[at].clone_from(&bad);
        let list = format!("[{}]", texts.join(","));
        let told = decode_fills(list.as_bytes()).unwrap();
        for (i, told) in told.iter().enumerate() {
            if i == at {
                prop_assert_eq!(*told, Told::Surfaced(bad.as_bytes(), at, why));
            } else {
                prop_assert_eq!(*told, Told::Fill(fills[i].fill()));
            }
        }
    }

    #[test]
    fn a_position_loses_its_double(mantissa in 1i64..1 << 52, decimals in 0usize..=10, minus: bool) {
        // What a decimal becomes on its way through the venue.
        let exact = format!("{}{mantissa}e-{decimals}", if minus { "-" } else { "" });
        let double: f64 = exact.parse().unwrap();
        let printed = format!("{double:.10}");
        let unit = 10i128.pow(u32::try_from(10 - decimals).unwrap());
        let wanted = i128::from(mantissa) * unit * if minus { -1 } else { 1 };
        prop_assume!(wanted.abs() <= mm_core::num::SZ_MAX.0);
        prop_assert_eq!(parse_position(printed.as_bytes()), Ok(Sz(wanted)), "{}", printed);
        let stripped = printed.trim_end_matches('0');
        prop_assert_eq!(parse_position(stripped.as_bytes()), Ok(Sz(wanted)), "{}", stripped);
    }
}

#[test]
fn positions_of_the_recordings() {
    for (text, wanted) in [
        ("3130537.6000000001", "3130537.6"),
        ("-671022.0699999999", "-671022.07"),
        ("-3695042.8999999999", "-3695042.9"),
        ("14858205.8281287197", "14858205.82812872"),
        ("1699341329.5351579189", "1699341329.535158"),
        ("14859797.63044535", "14859797.63044535"),
        ("0.0000086141", "0.0000086141"),
        ("0.0", "0"),
        ("-0.0", "0"),
    ] {
        assert_eq!(parse_position(text.as_bytes()).unwrap().to_string(), wanted);
        // And through the fill, where a shortcut might be taken.
        let fill = fill_with("startPosition", &format!("\"{text}\""));
        let list = format!("[{fill}]");
        let told = decode_fills(list.as_bytes()).unwrap();
        let Told::Fill(fill) = told[0] else { panic!() };
        assert_eq!(fill.start.unwrap().to_string(), wanted);
    }
    assert!(parse_position(b"1e5").is_err());
}

/// The example of the protocol notes with one value changed, as long a frame as ever.
fn fill_with(key: &str, value: &str) -> String {
    let members = [
        ("coin", "\"BTC\""),
        ("px", "\"66653.0\""),
        ("sz", "\"0.001\""),
        ("side", "\"A\""),
        ("time", "1781528065899"),
        ("startPosition", "\"-0.0213\""),
        ("dir", "\"Open Short\""),
        ("closedPnl", "\"0.0\""),
        ("hash", "\"0xe29fd267b4d2c6f0e41904231bbec90000daea4d4fd5e5c286687dba73d6a0db\""),
        ("oid", "55030848197"),
        ("crossed", "false"),
        ("fee", "\"0.009997\""),
        ("tid", "745210434703679"),
        ("feeToken", "\"USDC\""),
        ("twapId", "null"),
    ];
    let mut members: Vec<_> = members.map(|(k, v)| (k.to_string(), v.to_string())).into();
    match members.iter_mut().find(|(k, _)| k == key) {
        Some(member) => member.1 = value.into(),
        None => members.insert(13, (key.into(), value.into())),
    }
    object(&members, "")
}

#[test]
fn single_values_are_judged_alike_in_every_shape() {
    use FieldError::{NotWhole, Number, Side, WrongType};
    use mm_core::num::NumError::{Negative, NotANumber, TooLarge, TooManyDecimals, Zero};
    for (key, value, wanted) in [
        ("px", "\"NaN\"", Some(Number(NotANumber))),
        ("px", "\"1e5\"", Some(Number(NotANumber))),
        ("px", "\"-1.0\"", Some(Number(Negative))),
        ("px", "\"0.0\"", None),
        ("px", "\"0.000000001\"", Some(Number(TooManyDecimals))),
        ("px", "\"0.0000000100\"", None),
        ("px", "\"99999999999999999999999.0\"", Some(Number(TooLarge))),
        ("sz", "\"0.0\"", Some(Number(Zero))),
        ("sz", "\"-0.5\"", Some(Number(Negative))),
        ("sz", "\"1000000000000000.1\"", Some(Number(TooLarge))),
        ("sz", "\"255\"", None),
        ("fee", "null", None),
        ("fee", "0.1", Some(WrongType)),
        ("fee", "\"-0.000001\"", None),
        ("oid", "1e3", Some(NotWhole)),
        ("oid", "12345678901.0", Some(NotWhole)),
        ("oid", "-12345678901", Some(NotWhole)),
        ("oid", "18446744073709551615", None),
        ("oid", "18446744073709551616", Some(NotWhole)),
        ("oid", "null", Some(WrongType)),
        ("tid", "0", None),
        ("tid", "true", Some(WrongType)),
        ("side", "\"b\"", Some(Side)),
        ("side", "1", Some(WrongType)),
        ("crossed", "\"false\"", Some(WrongType)),
        ("crossed", "null", None),
        ("cloid", "null", None),
        ("cloid", "\"mine\"", None),
        ("cloid", "\"0x12\"", None),
        ("cloid", "17", Some(WrongType)),
        ("liquidation", "null", None),
        ("liquidation", "{}", None),
        ("liquidation", "{\"liquidatedUser\":null}", None),
        ("liquidation", "\"0x\"", Some(WrongType)),
        ("liquidation", "{\"liquidatedUser\":1}", Some(WrongType)),
        ("feeToken", "null", None),
        ("feeToken", "[]", Some(WrongType)),
        ("dir", "17", None),
        ("twapId", "5", None),
    ] {
        let text = fill_with(key, value);
        for shape in [
            format!("[{text}]"),
            format!("[{}]", text.replace(':', " : ")),
            format!("[{text}]{}", " ".repeat(64)),
        ] {
            let told = decode_fills(shape.as_bytes()).unwrap();
            match (told[0], wanted) {
                (Told::Fill(_), None) => {}
                (Told::Surfaced(_, 0, Refusal::Field { name, why }), Some(wanted))
                    if name == key =>
                {
                    assert_eq!(why, wanted, "{key} {value}");
                }
                (told, _) => panic!("{key} {value}: {told:?}"),
            }
        }
    }
}

#[test]
fn liquidations_and_cloids() {
    let read = |key: &str, value: &str| {
        let list = format!("[{}]", fill_with(key, value));
        match decode_fills(list.as_bytes()).unwrap()[0] {
            Told::Fill(fill) => (fill.liquidated.map(str::to_owned), fill.cloid),
            told => panic!("{told:?}"),
        }
    };
    assert_eq!(read("liquidation", "{}").0.as_deref(), Some(""));
    assert_eq!(
        read("liquidation", "{\"markPx\":\"1.0\",\"liquidatedUser\":\"0x36\"}").0.as_deref(),
        Some("0x36")
    );
    assert_eq!(read("liquidation", "null").0, None);
    assert_eq!(
        read("cloid", "\"0xE8d5fd7ebbb4c3cff4d1803472a11463\"").1,
        Some(Cloid(0xe8d5_fd7e_bbb4_c3cf_f4d1_8034_72a1_1463))
    );
    assert_eq!(read("cloid", "\"0xE8d5fd7ebbb4c3cff4d1803472a1146g\"").1, None);
    assert_eq!(read("cloid", "\"e8d5fd7ebbb4c3cff4d1803472a11463\"").1, None);
}

#[test]
fn updates_are_read() {
    let frame = concat!(
        r#"{"channel":"orderUpdates","data":["#,
        r#"{"order":{"coin":"ETH","side":"A","limitPx":"2822.5","sz":"0.01","oid":62014739273,"timestamp":1791318879000,"origSz":"0.05","reduceOnly":true,"cloid":null},"status":"reduceOnlyCanceled","statusTimestamp":1791318879266},"#,
        r#"{"status":"tooStrange","statusTimestamp":5,"order":{"cloid":"0xa1f0cddc17303d07f3fd128d5b35071d","origSz":"1","timestamp":4,"oid":3,"sz":"0.0","limitPx":"0.0","side":"B","coin":"BTC","tif":"Alo"}},"#,
        r#"{"status":"open","statusTimestamp":5},{"order":5,"status":"open","statusTimestamp":5},7]}"#
    );
    let told = decode(frame.as_bytes()).unwrap();
    assert_eq!(told[0], head(Channel::OrderUpdates));
    let first = Update {
        coin: "ETH",
        side: Side::Sell,
        oid: Oid(62_014_739_273),
        cloid: None,
        px: Px(282_250_000_000),
        sz: Sz(100_000_000),
        orig_sz: Sz(500_000_000),
        reduce_only: true,
        placed: 1_791_318_879_000,
        status: Status::Canceled,
        word: "reduceOnlyCanceled",
        time: 1_791_318_879_266,
    };
    assert_eq!(told[1], Told::Update(first));
    let second = Update {
        coin: "BTC",
        side: Side::Buy,
        oid: Oid(3),
        cloid: Some(Cloid(0xa1f0_cddc_1730_3d07_f3fd_128d_5b35_071d)),
        px: Px(0),
        sz: Sz(0),
        orig_sz: Sz(10_000_000_000),
        reduce_only: false,
        placed: 4,
        status: Status::Unknown,
        word: "tooStrange",
        time: 5,
    };
    assert_eq!(told[2], Told::Update(second));
    assert!(matches!(told[3], Told::Surfaced(_, 2, Refusal::Missing { name: "order" })));
    let wrong = Refusal::Field { name: "order", why: FieldError::WrongType };
    assert!(matches!(told[4], Told::Surfaced(_, 3, why) if why == wrong));
    assert_eq!(told[5], Told::Surfaced(b"7", 4, Refusal::NotAnObject));
    assert_eq!(told.len(), 6);
}

#[test]
fn user_frames_tell_everything() {
    let frame = r#"{"channel":"user","data":{"nonUserCancel":[{"coin":"BTC","oid":123},{"coin":"ETH"},{"oid":7,"coin":"@1"}],"funding":{"usdc":"0.1"},"t\u0077ap":[ 1 ]}}"#;
    let told = decode(frame.as_bytes()).unwrap();
    let escaped = Refusal::Field { name: "user", why: FieldError::Escaped };
    assert_eq!(
        told,
        [
            head(Channel::User),
            Told::NonUserCancel("BTC", Oid(123)),
            Told::Surfaced(b"{\"coin\":\"ETH\"}", 1, Refusal::Missing { name: "oid" }),
            Told::NonUserCancel("@1", Oid(7)),
            Told::Other("funding", b"{\"usdc\":\"0.1\"}"),
            Told::Surfaced(b"[ 1 ]", 1, escaped),
        ]
    );
}
