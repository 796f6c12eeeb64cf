//! Answers of `/exchange`: outcomes by position, and nothing that is taken for more than it is.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use mm_core::ids::Oid;
use mm_wire::answers::{ITEMS_MAX, Outcome, answer, posted};
use proptest::prelude::*;

fn ok(statuses: &str) -> String {
    format!(r#"{{"status":"ok","response":{{"type":"order","data":{{"statuses":[{statuses}]}}}}}}"#)
}

fn read(body: &str, items: usize) -> Vec<Outcome<'_>> {
    answer(body.as_bytes(), items, 200, Some("application/json"))
}

fn refused(text: &str) -> Outcome<'_> {
    Outcome::ItemError(text.into())
}

#[test]
fn every_status_of_the_protocol() {
    let statuses = r#"{"resting":{"oid":41547028680,"cloid":"0x06"}},{"filled":{"totalSz":"0.02","avgPx":"2686.6","oid":62014444172}},{"error":"Insufficient margin to place order. asset=4"},"waitingForFill","waitingForTrigger","success""#;
    let filled = Outcome::Filled { oid: Oid(62_014_444_172), total_sz: "0.02", avg_px: "2686.6" };
    assert_eq!(
        read(&ok(statuses), 6),
        [
            Outcome::Resting(Oid(41_547_028_680)),
            filled,
            refused("Insufficient margin to place order. asset=4"),
            Outcome::Waiting,
            Outcome::Waiting,
            Outcome::Done,
        ]
    );
    assert_eq!(read(r#"{"status":"ok","response":{"type":"default"}}"#, 1), [Outcome::Done]);
    assert_eq!(
        read(r#"{"response":"Unable to recover signer.","status":"err"}"#, 3),
        [Outcome::ActionError("Unable to recover signer.".into())]
    );
}

#[test]
fn one_refusal_counts_for_all_and_no_other_number_is_trusted() {
    let why = "Order price cannot be more than 95% away from the reference price";
    let one = ok(&format!(r#"{{"error":"{why}"}}"#));
    assert_eq!(read(&one, 3), vec![refused(why); 3]);
    for (statuses, items) in [
        (r#""success""#, 2),
        (r#""success","success","success""#, 2),
        ("", 1),
        (r#"{"resting":{"oid":1}}"#, 2),
    ] {
        let body = ok(statuses);
        let told = read(&body, items);
        assert!(matches!(&*told, [Outcome::Garbled(_)]), "{statuses}: {told:?}");
    }
    assert!(matches!(
        &*read(r#"{"status":"ok","response":{"type":"default"}}"#, 2),
        [Outcome::Garbled(_)]
    ));
}

#[test]
fn a_broken_status_leaves_its_siblings() {
    for broken in [
        "7",
        "null",
        "{}",
        "[]",
        r#""maybe""#,
        r#"{"resting":{}}"#,
        r#"{"resting":{"oid":-1}}"#,
        r#"{"filled":{"totalSz":"x","avgPx":"1","oid":1}}"#,
        r#"{"error":"a","resting":{"oid":1}}"#,
        r#"{"new":{"oid":1}}"#,
        r#"{"resting":{"oid":1,"oid":2}}"#,
    ] {
        let body = ok(&format!(r#""success",{broken},{{"resting":{{"oid":9}}}}"#));
        let told = read(&body, 3);
        assert_eq!((&told[0], &told[2]), (&Outcome::Done, &Outcome::Resting(Oid(9))), "{broken}");
        assert!(matches!(told[1], Outcome::Garbled(_)), "{broken}: {told:?}");
    }
    let added = ok(r#"{"resting":{"oid":9,"new":[{}]},"new":{"a":[]}}"#);
    assert_eq!(read(&added, 1), [Outcome::Resting(Oid(9))]);
}

#[test]
fn what_is_no_answer_proves_nothing() {
    let good = ok(r#"{"resting":{"oid":1}}"#);
    for body in [
        "",
        "null",
        "{}",
        "[]",
        "<html>502 Bad Gateway</html>",
        r#"{"status":"ok"}"#,
        r#"{"status":"maybe","response":"x"}"#,
        r#"{"status":"ok","response":"x"}"#,
        r#"{"status":"err","response":{}}"#,
        r#"{"status":"ok","response":{"type":"order"}}"#,
        r#"{"status":"ok","response":{"type":"order","data":{}}}"#,
        r#"{"status":"ok","response":{"type":"order","data":{"statuses":{}}}}"#,
        "\u{0}",
    ] {
        for status in [200, 429, 500, 502, 504] {
            let told = answer(body.as_bytes(), 1, status, Some("text/html"));
            assert!(
                matches!(&*told, [Outcome::Garbled(text)] if !text.is_empty()),
                "{body}: {told:?}"
            );
        }
    }
    for end in 0..good.len() {
        assert!(matches!(&*read(&good[..end], 1), [Outcome::Garbled(_)]));
    }
    let err = r#"{"status":"err","response":"x"}"#;
    assert!(matches!(&*answer(err.as_bytes(), 1, 502, None), [Outcome::Garbled(_)]));
    // Each item is answered: that counts, whatever the front says (reliability N5).
    assert_eq!(answer(good.as_bytes(), 1, 502, Some("text/html")), [Outcome::Resting(Oid(1))]);
    let told = answer(b"", 1, 429, None);
    assert_eq!(told, [Outcome::Garbled("429 Too Many Requests".into())]);
    let told = answer(b"Failed to deserialize the JSON body into the target type", 2, 422, None);
    assert_eq!(
        told,
        [Outcome::ActionError(
            "422 Failed to deserialize the JSON body into the target type".into()
        )]
    );
}

#[test]
fn the_same_over_the_socket() {
    let good = ok(r#"{"resting":{"oid":1}}"#);
    assert_eq!(posted("action", good.as_bytes(), 1), [Outcome::Resting(Oid(1))]);
    let garbled = |text: &'static str| vec![Outcome::Garbled(text.into())];
    assert_eq!(
        posted("error", br#""429 Too Many Requests x""#, 2),
        garbled("429 Too Many Requests x")
    );
    assert_eq!(posted("error", br#""502 Bad Gateway""#, 1), garbled("502 Bad Gateway"));
    assert_eq!(posted("error", br#""something new""#, 1), garbled("something new"));
    assert_eq!(posted("error", br#""422 x""#, 1), [Outcome::ActionError("422 x".into())]);
    assert_eq!(
        posted("error", br#""Unable to recover signer.""#, 1),
        [Outcome::ActionError("Unable to recover signer.".into())]
    );
    assert!(matches!(&*posted("info", good.as_bytes(), 1), [Outcome::Garbled(_)]));
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200), items in 1..300usize, status: u16) {
        let told = answer(&bytes, items, status, None);
        prop_assert!(matches!(&*told, [Outcome::Garbled(_) | Outcome::ActionError(_)]));
    }

    #[test]
    fn any_statuses_give_one_outcome_an_item_or_one_for_all(
        statuses in proptest::collection::vec(r#""success"|\{"resting":\{"oid":(0|[1-9][0-9]{0,2})\}\}|\{"error":"[a-z ]{0,9}"\}|null|7"#, 0..12),
        items in 1..12usize,
    ) {
        let body = ok(&statuses.join(","));
        let told = read(&body, items);
        if statuses.len() == items {
            prop_assert_eq!(told.len(), items);
        } else if statuses.len() == 1 && statuses[0].starts_with("{\"error") {
            prop_assert_eq!(told, vec![read(&body, 1)[0].clone(); items]);
        } else {
            prop_assert!(matches!(&*told, [Outcome::Garbled(_)]));
        }
    }
}

#[test]
fn an_answer_may_not_claim_too_much() {
    let body = ok(&vec!["\"success\""; ITEMS_MAX + 1].join(","));
    assert!(matches!(&*read(&body, 1), [Outcome::Garbled(_)]));
}
