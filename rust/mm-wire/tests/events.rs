//! Frames into events: what each says, what is surfaced, what is refused. Any bytes: an event or a refusal.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use mm_core::ids::Side;
use mm_core::num::{Px, Sz};
use mm_wire::answers::Outcome;
use mm_wire::book::Level;
use mm_wire::events::{Data, Event, USER_CHANNELS, book, event, trades};
use mm_wire::{DEPTH_MAX, FRAME_MAX, subscription_in, subscription_key};
use proptest::prelude::*;

const BOOK: &str = r#"{"channel":"l2Book","data":{"coin":"BTC","time":1785251521889,"levels":[[{"px":"63460.0","sz":"0.02666","n":2},{"px":"63457.0","sz":"0.00028","n":1}],[{"px":"63488.0","sz":"0.01246","n":2}]],"fast":true}}"#;
const BBO: &str = r#"{"channel":"bbo","data":{"coin":"FRIEND","time":1788490146994,"bbo":[{"px":"1.0","sz":"2.0","n":1},null]}}"#;
const TRADES: &str = r#"{"channel":"trades","data":[{"coin":"BTC","side":"A","px":"83769.0","sz":"0.0048","time":1790358606027,"hash":"0xa7c8","tid":784469253141982,"users":["0xdfda","0x1a2e"]}]}"#;
const CTX: &str = r#"{"channel":"activeAssetCtx","data":{"coin":"MATIC","ctx":{"funding":"0.0","openInterest":"0.0","prevDayPx":"0.37621","dayNtlVlm":"3096053627.5618200302","premium":null,"oraclePx":"0.3754","markPx":"0.37621","midPx":null,"impactPxs":["83757.0","83766.8"],"dayBaseVlm":"0.0"}}}"#;
const MIDS: &str =
    r#"{"channel":"allMids","data":{"mids":{"BTC":"83757.5","@107":"28.718"},"dex":"xyz"}}"#;
const ACK: &str = r#"{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"userFills","user":"0x70997970C51812dc3a010c7d01b50e0d17dc79c8","aggregateByTime":false}}}"#;
const POST: &str = r#"{"channel":"post","data":{"id":17,"response":{"type":"info","payload":{"type":"l2Book","data":{"coin":"BTC","time":1,"levels":[[],[]]}}}}}"#;
const ALL: [&str; 7] = [BOOK, BBO, TRADES, CTX, MIDS, ACK, POST];

fn level(px: i64, sz: i128, n: u64) -> Level {
    Level { px: Px(px), sz: Sz(sz), n }
}

fn read(text: &str) -> Event<'_> {
    event(text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text}"))
}

#[test]
fn a_book() {
    let Event::Book(book) = read(BOOK) else { panic!() };
    assert_eq!((book.coin, book.time, book.bids, book.fast), ("BTC", 1_785_251_521_889, 2, true));
    assert_eq!(book.levels.len(), 3);
    assert_eq!(book.best(Side::Buy), Some(level(6_346_000_000_000, 266_600_000, 2)));
    assert_eq!(book.best(Side::Sell), Some(level(6_348_800_000_000, 124_600_000, 2)));
    assert!(book.surfaced.is_empty());
    let other = BOOK.replace(
        r#""px":"63460.0","sz":"0.02666","n":2"#,
        r#" "n" : 2 , "new":{}, "sz":"0.02666", "px":"63460" "#,
    );
    assert_eq!(read(&other), Event::Book(book));
}

#[test]
fn a_book_without_levels_and_one_of_another_order() {
    let Event::Book(empty) = read(
        r#"{"data":{"levels":[[],[]],"spread":"0.5","time":7,"coin":"MATIC"},"channel":"l2Book"}"#,
    ) else {
        panic!()
    };
    assert_eq!(
        (empty.best(Side::Buy), empty.best(Side::Sell), empty.spread),
        (None, None, Some("0.5"))
    );
    let bare =
        book(br#"{"coin":"DYDX","time":1,"levels":[[{"n":1,"px":"2.111","sz":"134.4"}],[]]}"#)
            .unwrap()
            .unwrap();
    assert_eq!(bare.best(Side::Buy), Some(level(211_100_000, 1_344_000_000_000, 1)));
    assert_eq!(book(b" null "), Ok(None));
    for broken in [
        "",
        "[]",
        "nul",
        "{}",
        r#"{"coin":"A","time":1,"levels":[[]]}"#,
        r#"{"coin":"A","time":1,"levels":[[],[],[]]}"#,
    ] {
        assert!(book(broken.as_bytes()).is_err(), "{broken}");
    }
}

#[test]
fn a_broken_level_leaves_its_siblings_and_is_never_skipped_for_the_best() {
    let broken = BOOK.replacen(r#""sz":"0.02666""#, r#""sz":"-1""#, 1);
    let Event::Book(book) = read(&broken) else { panic!() };
    assert_eq!(book.surfaced[0].why.to_string(), "`sz` is negative");
    assert_eq!((book.levels.len(), book.bids, book.surfaced[0].index), (2, 1, 0));
    assert_eq!(book.best(Side::Buy), None, "63457 is not the best bid");
    assert!(book.best(Side::Sell).is_some());
    let second = BOOK.replacen("63457.0", "63461.0", 1);
    let Event::Book(book) = read(&second) else { panic!() };
    assert_eq!(book.surfaced[0].why.to_string(), "`px` is not worse than the level before it");
    assert_eq!(book.best(Side::Buy).unwrap().px, Px(6_346_000_000_000));
    for price in ["0.0", "1e5", "0.000000001", "", "x"] {
        let Event::Book(book) = read(BOOK.replacen("63488.0", price, 1).leak()) else { panic!() };
        assert_eq!((book.surfaced.len(), book.best(Side::Sell)), (1, None), "{price}");
    }
}

#[test]
fn a_best_bid_alone_and_none_at_all() {
    let Event::Bbo(bbo) = read(BBO) else { panic!() };
    assert_eq!(bbo.best, [Some(level(100_000_000, 20_000_000_000, 1)), None]);
    let Event::Bbo(none) =
        read(r#"{"channel":"bbo","data":{"coin":"M","time":1,"bbo":[null,null]}}"#)
    else {
        panic!()
    };
    assert_eq!(none.best, [None, None]);
    let Event::Bbo(broken) = read(BBO.replace("\"2.0\"", "2.0").leak()) else { panic!() };
    assert_eq!((broken.best, broken.surfaced.len()), ([None, None], 1));
    for list in ["[]", "[null]", "[null,null,null]", "null", "{}"] {
        let frame = format!(r#"{{"channel":"bbo","data":{{"coin":"M","time":1,"bbo":{list}}}}}"#);
        assert!(event(frame.as_bytes()).is_err(), "{list}");
    }
}

#[test]
fn trades_contexts_and_mids() {
    let Event::Trades(told) = read(TRADES) else { panic!() };
    let trade = told.trades[0];
    assert_eq!((trade.coin, trade.side, trade.tid), ("BTC", Side::Sell, 784_469_253_141_982));
    assert_eq!(
        (trade.px, trade.sz, trade.users),
        (Px(8_376_900_000_000), Sz(48_000_000), ["0xdfda", "0x1a2e"])
    );
    let two = r#"[{"coin":"A"},7,{"coin":"A","side":"B","px":"1","sz":"1","time":1,"tid":2}]"#;
    let two = trades(two.as_bytes()).unwrap();
    assert_eq!((two.trades.len(), two.surfaced.len(), two.surfaced[1].index), (1, 2, 1));

    let Event::Ctx(ctx) = read(CTX) else { panic!() };
    assert_eq!(ctx.values[6], Some(Sz(3_762_100_000)));
    assert_eq!((ctx.values[4], ctx.values[7], ctx.spot), (None, None, false));
    assert_eq!(ctx.values[3].unwrap().to_string(), "3096053627.5618200302");
    assert_eq!(ctx.impact, Some([Sz(837_570_000_000_000), Sz(837_668_000_000_000)]));
    let Event::Ctx(ctx) = read(CTX.replace("\"0.3754\"", "7").replace("[\"83757.0\",", "[").leak())
    else {
        panic!()
    };
    assert_eq!((ctx.surfaced.len(), ctx.impact, ctx.values[5]), (2, None, None));
    assert_eq!(ctx.values[6], Some(Sz(3_762_100_000)));

    let Event::Mids(mids) = read(MIDS) else { panic!() };
    assert_eq!(
        (mids.dex, mids.mids.len(), mids.mids[1]),
        ("xyz", 2, ("@107", Sz(287_180_000_000)))
    );
    let Event::Mids(mids) = read(MIDS.replace("\"28.718\"", "28.718").leak()) else { panic!() };
    assert_eq!((mids.mids.len(), mids.surfaced.len()), (1, 1));
}

#[test]
fn the_users_channels_are_handed_on_unread() {
    for channel in USER_CHANNELS {
        let frame = format!(r#"{{"channel":"{channel}","data":what the engine will refuse"#);
        assert_eq!(read(&frame), Event::User(channel));
        let turned = format!(r#"{{"data":[1,{{}}],"channel":"{channel}"}}"#);
        assert_eq!(read(&turned), Event::User(channel));
    }
}

#[test]
fn other_channels_are_known_by_their_data() {
    let frame = r#"{"channel":"openOrders","data":{"dex":"","user":"0xAB","orders":[{"oid":1}]}}"#;
    let orders = Data {
        channel: "openOrders",
        data: br#"{"dex":"","user":"0xAB","orders":[{"oid":1}]}"#,
        user: Some("0xAB"),
        dex: Some(""),
        snapshot: false,
    };
    assert_eq!(read(frame), Event::Data(orders));
    let Event::Data(new) =
        read(r#"{"channel":"news","data":{"isSnapshot":true,"user":{"a":1},"dex":7}}"#)
    else {
        panic!()
    };
    assert_eq!((new.snapshot, new.user, new.dex), (true, None, None));
    let Event::Data(none) = read(r#"{"channel":"news"}"#) else { panic!() };
    assert_eq!(none.data, b"");
    let Event::Data(list) = read(r#"{"channel":"news","data":[1,2]}"#) else { panic!() };
    assert_eq!(list.data, b"[1,2]");
}

#[test]
fn what_nobody_needs_costs_no_frame() {
    for odd in ["7", "null", "{}", r#""a\nb""#, "[[]]"] {
        let Event::Data(new) = read(
            format!(
                r#"{{"channel":"news","data":{{"user":{odd},"dex":{odd},"isSnapshot":{odd},"a":1}}}}"#
            )
            .leak(),
        ) else {
            panic!("{odd}")
        };
        assert_eq!((new.user, new.dex, new.snapshot), (None, None, false), "{odd}");
        let frame =
            BOOK.replace(r#""fast":true"#, &format!(r#""fast":{odd},"spread":{odd}"#)).leak();
        let Event::Book(book) = read(frame) else { panic!("{odd}") };
        assert_eq!((book.levels.len(), book.fast, book.spread), (3, false, None), "{odd}");
    }
}

#[test]
fn a_post_is_answered_whatever_the_answer_is_like() {
    for (response, kind, payload) in [
        ("null", "", "null"),
        ("[1]", "", "[1]"),
        (r#"{"type":"error"}"#, "", r#"{"type":"error"}"#),
        (r#"{"type":7,"payload":1}"#, "", r#"{"type":7,"payload":1}"#),
        (r#"{"type":"info","payload":null}"#, "info", "null"),
        (r#"{"type":"info","payload":[1]}"#, "info", "[1]"),
        (r#"{"type":"info","payload":{"type":"meta"}}"#, "info", r#"{"type":"meta"}"#),
        (r#"{"type":"info","payload":{"type":7,"data":1}}"#, "info", r#"{"type":7,"data":1}"#),
        (r#"{"type":"info","payload":{"data":[1]}}"#, "info", "[1]"),
        (r#"{"payload":{"status":"err"}}"#, "", r#"{"payload":{"status":"err"}}"#),
    ] {
        let frame = format!(r#"{{"channel":"post","data":{{"id":17,"response":{response}}}}}"#);
        let Event::Post(post) = read(&frame) else { panic!("{response}") };
        assert_eq!((post.id, post.kind, post.info_type), (17, kind, None), "{response}");
        assert_eq!(post.payload, payload.as_bytes(), "{response}");
        let told = mm_wire::answers::posted(post.kind, post.payload, 2);
        assert!(matches!(&*told, [Outcome::Garbled(_)]), "{response}");
    }
    let Event::Post(bare) = read(r#"{"channel":"post","data":{"id":17}}"#) else { panic!() };
    assert_eq!((bare.id, bare.kind, bare.payload), (17, "", &b""[..]));
    for nobody in [r#"{"response":{"type":"info","payload":1}}"#, r#"{"id":-1,"response":1}"#] {
        assert!(event(format!(r#"{{"channel":"post","data":{nobody}}}"#).as_bytes()).is_err());
    }
}

#[test]
fn an_error_that_is_no_text_is_told_as_it_came() {
    assert_eq!(
        read(r#"{"channel":"error","data":{"code": 429}}"#),
        Event::Error(r#"{"code": 429}"#.into())
    );
    assert_eq!(read(r#"{"channel":"error","data":null}"#), Event::Error("null".into()));
    assert!(event(br#"{"channel":"error"}"#).is_err());
}

#[test]
fn control_frames() {
    assert_eq!(read(r#"{"channel":"pong"}"#), Event::Pong);
    assert_eq!(read(r#"{"channel":"pong","data":null}"#), Event::Pong);
    assert_eq!(read("Websocket connection established."), Event::Greeting);
    assert_eq!(
        read(
            r#"{"channel":"error","data":"Already subscribed: {\"type\":\"bbo\"} \u00e9\ud83d\ude00\ud800"}"#
        ),
        Event::Error("Already subscribed: {\"type\":\"bbo\"} é😀\u{fffd}".into())
    );
    let Event::Ack(ack) = read(ACK) else { panic!() };
    assert_eq!(ack.method, "subscribe");
    assert_eq!(
        ack.key,
        subscription_key(
            br#"{"user":"0x70997970c51812DC3a010c7d01b50e0d17dc79c8","type":"userFills"}"#
        )
        .unwrap()
    );
    let Event::Post(post) = read(POST) else { panic!() };
    assert_eq!((post.id, post.kind, post.info_type), (17, "info", Some("l2Book")));
    assert!(book(post.payload).unwrap().unwrap().levels.is_empty());
}

#[test]
fn a_subscription_has_one_name() {
    let key = |json: &str| subscription_key(json.as_bytes()).unwrap();
    let sent = key(r#"{"type":"l2Book","coin":"kPEPE"}"#);
    assert_eq!(sent, r#"{"type":"l2Book","coin":"kPEPE"}"#);
    assert_eq!(
        key(
            r#" {"coin":"kPEPE", "nSigFigs":null,"mantissa" : null ,"fast":false,"type":"l2Book","dex":""}"#
        ),
        sent
    );
    assert_ne!(key(r#"{"type":"l2Book","coin":"kPEPE","fast":true}"#), sent);
    assert_ne!(key(r#"{"type":"l2Book","coin":"KPEPE"}"#), sent);
    assert_eq!(
        subscription_in(r#"Already unsubscribed: {"type":"trades","coin":"ETH"}"#).as_deref(),
        Some(r#"{"type":"trades","coin":"ETH"}"#)
    );
    assert_eq!(subscription_in(r#"Error parsing JSON into valid websocket request: {"method": "subscribe", "subscription": {"coin": "BTC", "type": "noSuchType"}}"#).as_deref(), Some(r#"{"type":"noSuchType","coin":"BTC"}"#));
    for text in ["", "Invalid subscription", "{", "{}", r#"{"a":1}"#] {
        assert_eq!(subscription_in(text), None, "{text}");
    }
    for json in ["", "[]", "{", r#"{"a":1,"a":1}"#] {
        assert!(subscription_key(json.as_bytes()).is_err(), "{json}");
    }
}

#[test]
fn what_is_no_frame_is_refused_with_a_reason() {
    let deep = format!(
        r#"{{"channel":"news","data":{}{}}}"#,
        "[".repeat(DEPTH_MAX as usize),
        "]".repeat(DEPTH_MAX as usize)
    );
    let long = format!(r#"{{"channel":"news","data":"{}"}}"#, "x".repeat(FRAME_MAX));
    for frame in [
        "",
        " ",
        "[]",
        "{}",
        "7",
        "<html>",
        r#"{"channel":7}"#,
        r#"{"channel":"bbo"}"#,
        r#"{"channel":"bbo","data":null}"#,
        r#"{"channel":"pong"}x"#,
        r#"{"channel":"a","channel":"b"}"#,
        &deep,
        &long,
    ] {
        assert!(!event(frame.as_bytes()).unwrap_err().to_string().is_empty());
    }
    for frame in ALL {
        for end in 0..frame.len() {
            assert!(event(&frame.as_bytes()[..end]).is_err());
        }
    }
}

fn survive(bytes: &[u8]) {
    for read in [
        event(bytes).map(|_| ()),
        book(bytes).map(|_| ()),
        trades(bytes).map(|_| ()),
        subscription_key(bytes).map(|_| ()),
    ] {
        if let Err(why) = read {
            assert!(!why.to_string().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn anything_like_json(text in r#"([\[\]{},:"0-9.\\ tfn-]|true|null|"channel":|"data":|"bbo"|"levels":|"px":|"sz":|"n":){0,40}"#) {
        survive(text.as_bytes());
        for channel in ["l2Book", "bbo", "trades", "allMids", "post", "activeAssetCtx", "subscriptionResponse", "error", "news"] {
            survive(format!(r#"{{"channel":"{channel}","data":{text}}}"#).as_bytes());
        }
    }

    #[test]
    fn a_damaged_frame(which in 0..ALL.len(), at: usize, byte: u8, how in 0..3) {
        let mut bytes = ALL[which].as_bytes().to_vec();
        let at = at % bytes.len();
        match how {
            0 => bytes[at] = byte,
            1 => { bytes.remove(at); }
            _ => bytes.insert(at, byte),
        }
        survive(&bytes);
    }

    #[test]
    fn levels_are_read_as_they_are_written(
        coin in "[A-Z]{1,6}|@[0-9]{1,4}|[a-z]{3}:[A-Z]{2,8}",
        time: u64,
        sides in proptest::array::uniform2(proptest::collection::btree_map(1i64..i64::MAX, (1i128..10i128.pow(25), any::<u64>()), 0..30)),
        blank in " {0,2}",
    ) {
        let [bids, asks] = sides;
        let levels: Vec<Level> = bids.iter().rev().chain(&asks).map(|(px, (sz, n))| level(*px, *sz, *n)).collect();
        let text = |levels: &[Level]| levels.iter().map(|l| format!(r#"{{{blank}"px":"{}","sz":"{}","n":{}{blank}}}"#, l.px, l.sz, l.n)).collect::<Vec<_>>().join(",");
        let frame = format!(r#"{{"channel":"l2Book","data":{{"coin":"{coin}","time":{time},"levels":[[{}],[{}]]}}}}"#, text(&levels[..bids.len()]), text(&levels[bids.len()..]));
        let Event::Book(book) = read(&frame) else { panic!() };
        prop_assert_eq!((book.coin, book.time, book.bids), (&*coin, time, bids.len()));
        prop_assert_eq!(book.levels, levels);
    }
}
