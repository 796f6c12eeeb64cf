//! Any bytes: facts or a typed refusal, nothing told before a refusal, nothing unbounded.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use common::{OwnedFill, Recorder, Told, a_fill, decode, decode_fills};
use mm_wire::{Channel, DEPTH_MAX, FRAME_MAX, FieldError, FrameError, GREETING, Head, Refusal};
use proptest::prelude::*;

fn wrap(list: &str) -> String {
    format!(
        r#"{{"channel":"userFills","data":{{"user":"0x31ca8395cf837de08b24da3f660e77761dfb974b","fills":{list}}}}}"#
    )
}

/// Does another reader take it for JSON? Ours does not decode what nobody reads, so that it may take a little more.
fn is_json(text: &[u8]) -> Option<bool> {
    let text = std::str::from_utf8(text).ok()?;
    let shape_only = text.replace("\\u", "\\\\u"); // lone surrogates are none of our business
    match serde_json::from_str::<Box<serde_json::value::RawValue>>(&shape_only) {
        Ok(_) => Some(true),
        Err(error) if error.to_string().contains("recursion") => None,
        Err(_) if shape_only != text => None,
        Err(_) => Some(false),
    }
}

/// Decodes in every way, and compares with the other reader.
fn survive(bytes: &[u8]) {
    for read in [decode(bytes), decode_fills(bytes)] {
        match read {
            Ok(_) => {
                assert!(bytes.trim_ascii() == GREETING.as_bytes() || is_json(bytes) != Some(false));
            }
            Err(error @ (FrameError::NotJson { at, .. } | FrameError::Truncated { at })) => {
                assert!(at <= bytes.len());
                assert_ne!(
                    is_json(bytes),
                    Some(true),
                    "{error}: {}",
                    String::from_utf8_lossy(bytes)
                );
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn anything_like_json(text in r#"([\[\]{},:"0-9eE+. \\tfn-]|true|false|null|"channel":|"data":|"user"|"fills":|\\u00e9){0,40}"#) {
        survive(text.as_bytes());
        survive(format!(r#"{{"channel":"user","data":{text}}}"#).as_bytes());
        survive(format!(r#"[{{"coin":{text},"px":"1"}}]"#).as_bytes());
    }

    #[test]
    fn a_damaged_frame(fills in proptest::collection::vec(a_fill(), 1..3), at: usize, byte: u8, how in 0..4) {
        let texts: Vec<_> = fills.into_iter().map(OwnedFill::ordinary).collect();
        let frame = wrap(&format!("[{}]", texts.join(",")));
        let mut bytes = frame.clone().into_bytes();
        let at = at % bytes.len();
        match how {
            0 => bytes[at] = byte,
            1 => { bytes.remove(at); }
            2 => bytes.insert(at, byte),
            _ => {
                bytes.truncate(at);
                let cut = matches!(decode(&bytes), Err(FrameError::Truncated { .. }));
                prop_assert!(cut);
            }
        }
        survive(&bytes);
        let list = frame.find('[').unwrap();
        if let Some(list) = bytes.get(list..bytes.len().saturating_sub(2)) {
            survive(list);
        }
    }
}

#[test]
fn every_truncation_of_every_kind() {
    let update = r#"{"channel":"orderUpdates","data":[{"order":{"coin":"BTC","side":"B","limitPx":"31795.0","sz":"0.00037","oid":57118842019,"timestamp":1785261289146,"origSz":"0.00037","cloid":"0xa1f0cddc17303d07f3fd128d5b35071d"},"status":"open","statusTimestamp":1785261289146}]}"#;
    let user = r#"{"data":{"nonUserCancel":[{"coin":"B\nC","oid":1.5e3}],"x":[true,false,null,-0.1]},"channel":"user"}"#;
    for frame in
        [update, user, r#"{"channel":"pong"}"#, r#"{"channel":"bbo","data":{"bbo":[null,{}]}}"#]
    {
        decode(frame.as_bytes()).unwrap();
        for end in 0..frame.len() {
            let error = decode(&frame.as_bytes()[..end]).unwrap_err();
            assert!(matches!(error, FrameError::Truncated { at } if at == end), "{error}");
        }
    }
}

#[test]
fn depth_is_bounded_and_exact() {
    let limit = DEPTH_MAX as usize;
    let nest = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for make in [&nest as &dyn Fn(usize) -> String, &objects] {
        // Inside one object; inside an object, an object, a list and a fill; inside a list and a fill.
        let other = |depth| format!(r#"{{"channel":"bbo","data":{}}}"#, make(depth));
        assert!(decode(other(limit - 1).as_bytes()).is_ok());
        assert!(matches!(decode(other(limit).as_bytes()), Err(FrameError::TooDeep { .. })));
        let fills = |depth| wrap(&format!(r#"[{{"odd":{}}}]"#, make(depth)));
        assert!(decode(fills(limit - 4).as_bytes()).is_ok());
        assert!(matches!(decode(fills(limit - 3).as_bytes()), Err(FrameError::TooDeep { .. })));
        let list = |depth| format!(r#"[{{"liquidation":{{"odd":{}}}}}]"#, make(depth));
        assert!(decode_fills(list(limit - 3).as_bytes()).is_ok());
        assert!(matches!(
            decode_fills(list(limit - 2).as_bytes()),
            Err(FrameError::TooDeep { .. })
        ));
    }
    for bomb in ["[", "{\"a\":", "[{\"a\":"] {
        let bomb = bomb.repeat(1 << 18);
        assert!(decode(bomb.as_bytes()).is_err());
        assert!(decode_fills(bomb.as_bytes()).is_err());
    }
}

#[test]
fn size_is_bounded() {
    let frame =
        |length: usize| format!(r#"{{"channel":"x","data":"{}"}}"#, "y".repeat(length - 25));
    assert_eq!(frame(FRAME_MAX).len(), FRAME_MAX);
    assert!(decode(frame(FRAME_MAX).as_bytes()).is_ok());
    let length = 5 << 20;
    assert_eq!(decode(frame(length).as_bytes()), Err(FrameError::TooLarge { length }));
    assert!(decode(&vec![b'['; length]).is_err());
    // A list has no such limit, and is not held whole.
    let zeros = format!("[0{}]", ",0".repeat(3 << 20));
    let told = decode_fills(zeros.as_bytes()).unwrap();
    assert_eq!(told.len(), (3 << 20) + 1);
    assert_eq!(told[3 << 20], Told::Surfaced(b"0", 3 << 20, Refusal::NotAnObject));
}

#[test]
fn many_keys_are_bounded() {
    let frame = |count: usize| {
        let keys: Vec<_> = (0..count).map(|i| format!("\"k{i}\":{i}")).collect();
        format!(r#"{{"channel":"user","data":{{{}}}}}"#, keys.join(","))
    };
    assert_eq!(decode(frame(64).as_bytes()).unwrap().len(), 65);
    assert!(matches!(decode(frame(65).as_bytes()), Err(FrameError::Shape { .. })));
}

#[test]
fn bad_utf8_matters_only_where_it_is_read() {
    let fill = |coin: &[u8], dir: &[u8]| {
        let mut text = b"[{\"coin\":\"".to_vec();
        text.extend(coin);
        text.extend(
            b"\",\"px\":\"1.0\",\"sz\":\"1.0\",\"side\":\"B\",\"time\":1,\"oid\":2,\"dir\":\"",
        );
        text.extend(dir);
        text.extend(b"\"}]");
        text
    };
    let bad = &[0xff, 0xc0, 0x80, 0xed][..];
    assert!(matches!(decode_fills(&fill(b"BTC", bad)).unwrap()[0], Told::Fill(_)));
    let why = Refusal::Field { name: "coin", why: FieldError::NotUtf8 };
    assert!(
        matches!(decode_fills(&fill(bad, b"")).unwrap()[0], Told::Surfaced(_, 0, w) if w == why)
    );
    assert!(matches!(decode(b"{\"channel\":\"\xff\"}"), Err(FrameError::Shape { .. })));
    assert!(decode(b"{\"channel\":\"x\",\"data\":\"\xff\"}").is_ok());
    assert!(decode(b"{\"channel\":\"user\",\"data\":{\"\xff\":1}}").is_ok());
}

#[test]
fn frames_of_another_shape_are_refused_with_a_reason() {
    for frame in [
        "[]",
        "17",
        "null",
        "\"text\"",
        "{}",
        r#"{"data":{}}"#,
        r#"{"channel":5}"#,
        r#"{"channel":"a","channel":"a"}"#,
        r#"{"channel":"pong","data":1,"data":1}"#,
        r#"{"channel":"us\u0065r","data":{}}"#,
        r#"{"channel":"userFills"}"#,
        r#"{"channel":"userFills","data":null}"#,
        r#"{"channel":"userFills","data":[]}"#,
        r#"{"channel":"userFills","data":{}}"#,
        r#"{"channel":"userFills","data":{"fills":null}}"#,
        r#"{"channel":"userFills","data":{"fills":[],"fills":[]}}"#,
        r#"{"channel":"userFills","data":{"fills":[],"user":1}}"#,
        r#"{"channel":"userFills","data":{"fills":[],"isSnapshot":"yes"}}"#,
        r#"{"channel":"user","data":{"fills":{}}}"#,
        r#"{"channel":"user","data":{"fills":[],"fills":[]}}"#,
        r#"{"channel":"user","data":[]}"#,
        r#"{"channel":"orderUpdates","data":{}}"#,
        r#"{"data":{},"channel":"orderUpdates"}"#,
    ] {
        let error = decode(frame.as_bytes()).unwrap_err();
        assert!(
            matches!(error, FrameError::Shape { at, .. } if at <= frame.len()),
            "{frame}: {error}"
        );
        assert!(error.to_string().starts_with("at byte "), "{error}");
    }
}

#[test]
fn what_is_not_json_is_refused_where_it_begins() {
    for (frame, place) in [
        (r#"{"channel":"x","data":01}"#, 23),
        (r#"{"channel":"x","data":NaN}"#, 22),
        (r#"{"channel":"x","data":-}"#, 23),
        (r#"{"channel":"x","data":1.}"#, 24),
        (r#"{"channel":"x","data":1e}"#, 24),
        (r#"{"channel":"x","data":+1}"#, 22),
        (r#"{"channel":"x","data":nul}"#, 25),
        (r#"{"channel":"x","data":[1,]}"#, 25),
        (r#"{"channel":"x","data":[1}}"#, 24),
        (r#"{"channel":"x","data":{"a"}}"#, 26),
        (r#"{"channel":"x","data":{a:1}}"#, 23),
        (r#"{"channel":"x","data":"\x"}"#, 24),
        (r#"{"channel":"x","data":"\u00g0"}"#, 27),
        ("{\"channel\":\"x\",\"data\":\"\n\"}", 23),
        (r#"{"channel":"x",}"#, 15),
        (r#"{"channel":"x"}}"#, 15),
        (r#"{"channel":"x"} {}"#, 16),
        ("Websocket connection lost.", 0),
    ] {
        let error = decode(frame.as_bytes()).unwrap_err();
        assert!(matches!(error, FrameError::NotJson { at, .. } if at == place), "{frame}: {error}");
    }
    assert!(matches!(decode(b""), Err(FrameError::Truncated { at: 0 })));
    assert!(matches!(decode(b" \n"), Err(FrameError::Truncated { at: 2 })));
}

#[test]
fn the_greeting_and_control_frames_tell_their_head_only() {
    for (frame, name) in [
        ("Websocket connection established.", GREETING),
        ("Websocket connection established.\n", GREETING),
        (r#"{"channel":"pong"}"#, "pong"),
        (r#"{"channel":"error","data":"Already subscribed: {\"type\":\"bbo\"}"}"#, "error"),
        (r#"{"channel":"bbo","data":{"coin":"BTC","time":1,"bbo":[null,null]}}"#, "bbo"),
    ] {
        let head = Head { channel: Channel::Other(name), user: None, snapshot: false };
        assert_eq!(decode(frame.as_bytes()).unwrap(), [Told::Begin(head)]);
    }
}

#[test]
fn a_sink_may_decline() {
    let frame = wrap(r#"[{"oid":1}]"#);
    let mut deaf = Recorder { deaf: true, ..Recorder::default() };
    mm_wire::decode(frame.as_bytes(), &mut deaf).unwrap();
    assert_eq!(deaf.told.len(), 1);
}
