use super::OrderError as E;
use super::*;
use mm_core::event::Status::{Canceled, Filled, Open, Rejected, Unknown};

/// The statuses of the protocol notes, section 5, written out a second time on purpose.
const LISTED: &[(Status, &[&str])] = &[
    (Open, &["open", "triggered"]),
    (Filled, &["filled"]),
    (
        Canceled,
        &[
            "canceled",
            "marginCanceled",
            "vaultWithdrawalCanceled",
            "openInterestCapCanceled",
            "selfTradeCanceled",
            "reduceOnlyCanceled",
            "siblingFilledCanceled",
            "delistedCanceled",
            "liquidatedCanceled",
            "outcomeSettledCanceled",
            "scheduledCancel",
            "internalCancel",
        ],
    ),
    (
        Rejected,
        &[
            "rejected",
            "tickRejected",
            "minTradeNtlRejected",
            "perpMarginRejected",
            "reduceOnlyRejected",
            "badAloPxRejected",
            "iocCancelRejected",
            "badTriggerPxRejected",
            "marketOrderNoLiquidityRejected",
            "positionIncreaseAtOpenInterestCapRejected",
            "positionFlipAtOpenInterestCapRejected",
            "tooAggressiveAtOpenInterestCapRejected",
            "openInterestIncreaseRejected",
            "insufficientSpotBalanceRejected",
            "oracleRejected",
            "perpMaxPositionRejected",
            "tooManyOpenOrdersRejected",
        ],
    ),
];

#[test]
fn every_listed_status_is_in_the_table_and_no_other() {
    let mut listed = 0;
    for (meaning, words) in LISTED {
        for word in *words {
            let row = STATUSES.iter().find(|row| row.word == *word).expect(word);
            assert_eq!(row.status, *meaning, "{word}");
            assert_eq!(status(word), *meaning, "{word}");
            listed += 1;
        }
    }
    assert_eq!(STATUSES.len(), listed);
}

#[test]
fn new_statuses_go_by_their_ending_and_rejected_wins() {
    assert_eq!(status("haltRejected"), Rejected);
    assert_eq!(status("fokCancelRejected"), Rejected);
    assert_eq!(status("haltCanceled"), Canceled);
    assert_eq!(status("adminCancel"), Canceled);
    for word in [
        "",
        "Open",
        "OPEN",
        " open",
        "partiallyFilled",
        "cancelled",
        "canceling",
        "Filled",
        "cancel",
        "unknownOid",
    ] {
        assert_eq!(status(word), Unknown, "{word}");
    }
}

fn px(text: &str) -> Option<Px> {
    Px::parse(text.as_bytes()).ok()
}

/// The book of the texts below.
const CROSSED_AT: OrderError = OrderError::Crossed {
    bid: Some(Px(83_757 * 100_000_000)),
    ask: Some(Px(83_758 * 100_000_000)),
};

/// Section 4 of the protocol notes and every text in the captures, in full: what is wrong, what it says of a
/// cancel's order, what of a modify's. A `?` is unknown.
#[rustfmt::skip] // one text, one line
const KNOWN: &[(&str, OrderError, &str, &str)] = &[
    ("Price must be divisible by tick size. asset=0", E::BadRequest, "?", "?"),
    ("Order must have minimum value of $10. asset=173", E::BadRequest, "?", "?"),
    ("Order must have minimum value of 10 USDH.", E::BadRequest, "?", "?"),
    ("Insufficient margin to place order. asset=5", E::Margin, "?", "?"),
    ("Reduce only order would increase position. asset=3", E::ReduceOnly, "?", "?"),
    ("Post only order would have immediately matched, bbo was 83757@83758. asset=0", CROSSED_AT, "?", "?"),
    ("Order could not immediately match against any resting orders. asset=5", E::NoMatch, "?", "?"),
    ("Invalid TP/SL price. asset=1", E::BadRequest, "?", "?"),
    ("No liquidity available for market order.", E::NoMatch, "?", "?"),
    ("Order would increase open interest while open interest is capped", E::VenueCap, "?", "?"),
    ("Order rejected due to price more aggressive than oracle while at open interest cap", E::VenueCap, "?", "?"),
    ("Order would increase open interest too quickly", E::VenueCap, "?", "?"),
    ("Insufficient spot balance asset=10107", E::Margin, "?", "?"),
    ("Order has insufficient spot balance to trade", E::Margin, "?", "?"),
    ("Order price too far from oracle", E::BadPrice, "?", "?"),
    ("Order would cause position to exceed margin tier limit at current leverage", E::Margin, "?", "?"),
    ("Order has zero size.", E::BadRequest, "?", "?"),
    ("Order has invalid size.", E::BadRequest, "?", "?"),
    ("Order has invalid price.", E::BadRequest, "?", "?"),
    ("Order value too large. Max is $5000000.", E::BadRequest, "?", "?"),
    ("Order price cannot be more than 95% away from the reference price", E::BadPrice, "?", "untouched"),
    ("Order price cannot be more than 80% away from the reference price", E::BadPrice, "?", "untouched"),
    ("Only post-only orders allowed immediately after network upgrade", E::PostOnlyPeriod, "?", "?"),
    ("Only post-only orders allowed immediately after a network upgrade", E::PostOnlyPeriod, "?", "?"),
    ("Only post-only orders allowed after a network upgrade", E::PostOnlyPeriod, "?", "?"),
    ("Builder fee has not been approved", E::Configuration, "?", "?"),
    ("Cannot modify canceled or filled order", E::TargetGone, "?", "gone"),
    ("Error placing new order during modify: Post only order would have immediately matched, bbo was 83757@83758.", CROSSED_AT, "?", "refused"),
    ("Error placing new order during modify: Insufficient margin to place order. asset=3", E::Margin, "?", "refused"),
    ("Error placing new order during modify: something new", E::Unknown, "?", "refused"),
    ("Attempted to modify to invalid new order", E::BadRequest, "?", "untouched"),
    ("Order was never placed, already canceled, or filled. asset=173", E::TargetGone, "not live", "?"),
    ("Too many cumulative requests sent (97460 > 97456) for cumulative volume traded $87457.46. Place taker orders to free up 1 request per USDC traded.", E::RateLimit, "not done", "untouched"),
    ("429 Too Many Requests", E::RateLimit, "not done", "untouched"),
    ("Failed to deserialize the JSON body into the target type", E::BadRequest, "not done", "untouched"),
    ("422 Failed to deserialize the JSON body into the target type", E::BadRequest, "not done", "untouched"),
    ("too many pending post requests id=7", E::RateLimit, "not done", "untouched"),
    ("Signed action over weight limit of 200.", E::BadRequest, "not done", "untouched"),
    ("User or API Wallet 0x4b6c5b1287e38b78e61d5dbca726d5e267eda747 does not exist.", E::SignerUnknown, "not done", "untouched"),
    ("L1 error: User or API Wallet 0x4b6c5b1287e38b78e61d5dbca726d5e267eda747 does not exist.", E::SignerUnknown, "not done", "untouched"),
    ("Must deposit before performing actions. User: 0xc6e7df1339786bf130d2e5ad9dbba05c408d8efb", E::SignerUnknown, "not done", "untouched"),
    ("Unable to recover signer.", E::SignerUnknown, "not done", "untouched"),
    ("Invalid nonce: duplicate nonce 1700000000000", E::NonceDuplicate, "?", "?"),
    ("Invalid nonce: too low", E::NonceInvalid, "not done", "untouched"),
    ("Action already expired", E::Expired, "not done", "untouched"),
    ("Vault not registered: 0xabcd", E::Configuration, "not done", "untouched"),
    ("User has pending agent removal", E::AgentRemoval, "not done", "untouched"),
    ("Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $12066.75.", E::Configuration, "not done", "untouched"),
    ("Cannot switch leverage type with open position.", E::Configuration, "not done", "untouched"),
    ("Position does not use isolated margin.", E::Configuration, "not done", "untouched"),
    ("Invalid leverage value", E::Configuration, "not done", "untouched"),
    ("Too many extra agents for cumulative volume traded. Current limit is 3", E::Configuration, "not done", "untouched"),
    ("Agent valid_until already expired.", E::Configuration, "not done", "untouched"),
    ("Extra agent already used.", E::Configuration, "not done", "untouched"),
];

#[test]
fn every_known_error_is_classified() {
    for &(text, class, cancel, modify) in KNOWN {
        let cancels = match cancel {
            "not live" => CancelError::NotLive,
            "not done" => CancelError::NotDone,
            _ => CancelError::Unknown,
        };
        let modifies = match modify {
            "gone" => ModifyError::OldGone,
            "refused" => ModifyError::OldGoneNewRefused,
            "untouched" => ModifyError::OldUntouched,
            _ => ModifyError::Unknown,
        };
        assert_eq!(order_error(text), class, "{text}");
        assert_eq!(cancel_error(text), cancels, "{text}");
        assert_eq!(modify_error(text), modifies, "{text}");
    }
}

#[test]
fn other_texts_are_unknown() {
    for text in [
        "",
        " asset=5",
        "asset=5",
        "something new",
        "cannot modify canceled or filled order",
        "The server said: Cannot modify canceled or filled order",
        "post only order would have immediately matched",
        "Order was never",
        "Error placing new order",
        "L1 error: ",
    ] {
        assert_eq!(order_error(text), OrderError::Unknown, "{text}");
        assert_eq!(cancel_error(text), CancelError::Unknown, "{text}");
        assert_eq!(modify_error(text), ModifyError::Unknown, "{text}");
    }
}

#[test]
fn the_book_in_the_text_may_lack_a_side() {
    let read = |book: &str| {
        order_error(&format!(
            "Post only order would have immediately matched, bbo was {book}. asset=3"
        ))
    };
    assert_eq!(
        read("0.0012@0.00121"),
        OrderError::Crossed { bid: px("0.0012"), ask: px("0.00121") }
    );
    assert_eq!(read("None@5"), OrderError::Crossed { bid: None, ask: px("5") });
    assert_eq!(read(""), CROSSED);
    assert_eq!(order_error("Post only order would have immediately matched"), CROSSED);
}

#[test]
fn no_row_hides_another() {
    for (i, row) in ERRORS.iter().enumerate() {
        assert!(!row.meaning.is_empty() && !row.text.is_empty());
        for earlier in &ERRORS[..i] {
            assert!(
                !row.text.starts_with(earlier.text),
                "`{}` is hidden by `{}`",
                row.text,
                earlier.text
            );
        }
    }
    for (i, row) in STATUSES.iter().enumerate() {
        assert!(
            STATUSES[..i].iter().all(|earlier| earlier.word != row.word),
            "{} is there twice",
            row.word
        );
    }
}

/// The texts of the channel `error`, protocol 1.2, and those of the captures.
#[test]
fn every_error_of_the_stream_is_classified() {
    use StreamError as S;
    let request = r#"{"method":"subscribe","subscription":{"type":"noSuchType","coin":"BTC"}}"#;
    let known = [
        ("Already subscribed: {\"type\":\"bbo\"}".to_owned(), S::AlreadySubscribed),
        ("Already unsubscribed: {\"type\":\"trades\"}".to_owned(), S::AlreadyUnsubscribed),
        ("Invalid subscription {\"type\":\"bbo\"}".to_owned(), S::InvalidSubscription),
        (format!("Error parsing JSON into valid websocket request: {request}"), S::NotUnderstood),
        ("Cannot track more than 10 total users.".to_owned(), S::TooManyUsers),
        ("Cannot track more than 15 total users.".to_owned(), S::TooManyUsers),
        ("too many pending post requests id=7".to_owned(), S::TooManyPosts),
        ("429 Too Many Requests".to_owned(), S::RateLimit),
    ];
    for (text, meaning) in &known {
        assert_eq!(stream_error(text), *meaning, "{text}");
    }
    for text in
        ["", "already subscribed", "something new", "Cannot", "too many", "Too many pending"]
    {
        assert_eq!(stream_error(text), S::Unknown, "{text}");
    }
    for (words, meaning, said) in STREAM_ERRORS {
        assert!(known.iter().any(|(_, known)| known == meaning), "{words} has no example");
        assert!(!said.is_empty());
    }
    assert_eq!(post_id("too many pending post requests id=7"), Some(7));
    assert_eq!(post_id("too many pending post requests"), None);
    assert_eq!(post_id("x id=-1"), None);
}
