//! What only shows from inside: the two ways to read a fill agree, and so do the two ways to hold a list.

use proptest::prelude::*;

use crate::common::{OwnedFill, Recorder, a_fill};
use crate::json::Scanner;
use crate::{fill, frames, update, usual};

/// The same of an update.
fn agree_on_update(text: &[u8]) -> bool {
    let Some((straight, rest)) = usual::update(text) else { return false };
    let mut s = Scanner::new(text);
    assert_eq!(update::update(&mut s, 0), Ok(straight));
    assert_eq!(s.rest(), rest);
    true
}

const UPDATE: &str = concat!(
    r#"{"order":{"coin":"BTC","side":"B","limitPx":"31795.0","sz":"0.00037","oid":57118842019,"#,
    r#""timestamp":1785261289146,"origSz":"0.0004","cloid":"0xa1f0cddc17303d07f3fd128d5b35071d"},"#,
    r#""status":"open","statusTimestamp":1785261290665}]}               "#
);

/// If the straight way takes it, the thorough way must, and see the same.
fn agree(text: &[u8]) -> bool {
    let Some((straight, rest)) = usual::fill(text) else { return false };
    let mut s = Scanner::new(text);
    assert_eq!(fill::fill(&mut s, 0), Ok(straight));
    assert_eq!(s.rest(), rest);
    true
}

fn mutant() -> impl Strategy<Value = (OwnedFill, usize, u8)> {
    (
        a_fill(),
        any::<usize>(),
        prop_oneof![any::<u8>(), Just(b'"'), Just(b'.'), Just(b'-'), b'0'..=b'9'],
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn straight_and_thorough_agree((fill, at, byte) in mutant()) {
        let mut text = format!("{}]{}", fill.ordinary(), " ".repeat(20)).into_bytes();
        agree(&text);
        let at = at % text.len();
        text[at] = byte;
        agree(&text);
        text.remove(at);
        agree(&text);
    }

    #[test]
    fn straight_and_thorough_agree_on_updates(at in 0..UPDATE.len(), byte: u8) {
        let mut text = UPDATE.as_bytes().to_vec();
        text[at] = byte;
        agree_on_update(&text);
        text.remove(at);
        agree_on_update(&text);
    }

    #[test]
    fn held_or_read_again_is_the_same(
        fills in proptest::collection::vec(a_fill(), 0..6),
        bad in proptest::collection::vec((0usize..6, "[0-9]|\\{\\}|\\[null\\]"), 0..4),
        limit in 0usize..4,
    ) {
        let mut texts: Vec<_> = fills.iter().map(OwnedFill::text).collect();
        for (at, text) in bad {
            texts.insert(at.min(texts.len()), text);
        }
        let list = texts.join(" , ");
        let frame = format!(r#"{{"channel":"user","data":{{"fills":[{list}],"x":0,"nonUserCancel":[{list}]}}}}"#);
        let told = |limit| {
            let mut recorder = Recorder::default();
            frames::decode_holding(frame.as_bytes(), &mut recorder, limit).unwrap();
            // What is read again comes last.
            recorder.told.sort_by_key(|told| format!("{told:?}"));
            recorder.told
        };
        prop_assert_eq!(told(limit), told(100));

        let list = format!("[{list}]");
        let told = |limit| {
            let mut recorder = Recorder::default();
            frames::decode_fills_holding(list.as_bytes(), &mut recorder, limit).unwrap();
            recorder.told
        };
        prop_assert_eq!(told(limit), told(100));
    }
}

#[test]
fn the_straight_way_is_taken() {
    let text = concat!(
        r#"{"coin":"BTC","px":"64007.0","sz":"0.00018","side":"A","time":1784976932073,"#,
        r#""startPosition":"-50.81882","dir":"Open Short","closedPnl":"0.0","#,
        r#""hash":"0x0000000000000000000000000000000000000000000000000000000000000000","#,
        r#""oid":502464503020,"crossed":false,"fee":"0.000829","tid":351400627290190,"#,
        r#""feeToken":"USDC","twapId":null}]}}"#
    );
    assert!(agree(text.as_bytes()));
    let cloid = r#""cloid":"0xe8d5fd7ebbb4c3cff4d1803472a11463","feeToken":"UBTC","#;
    assert!(agree(text.replace(r#""feeToken":"USDC","#, cloid).as_bytes()));
    assert!(agree(text.replace("351400627290190", "1125874670630212").as_bytes()));
    let frame = format!(r#"{{"channel":"user","data":{{"fills":[{text}"#);
    assert!(usual::head(frame.as_bytes()).is_some());
    assert!(agree_on_update(UPDATE.as_bytes()));
    let bare = UPDATE.replace(r#","cloid":"0xa1f0cddc17303d07f3fd128d5b35071d""#, "");
    assert!(agree_on_update(bare.replace("open", "canceled").as_bytes()));
    let frame = format!(r#"{{"channel":"orderUpdates","data":[{UPDATE}"#);
    assert!(usual::head(frame.as_bytes()).is_some());
}
