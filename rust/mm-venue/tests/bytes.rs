//! The venue as a client meets it: bodies in, bodies out, byte for byte as captured, each at its time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)] // a test

use mm_venue::chain::{Address, Amount, Metas, Role, Settings};
use mm_venue::faults::{Channel, Fault, Rule};
use mm_venue::market::{Flow, Habits};
use mm_venue::{Config, Delay, Latency, Others, Output, Venue, believe};
use serde_json::{Value, json};

const START: u64 = 1_790_000_000_000;
const LAG: u64 = 20;
const BLOCK: u64 = 100;

struct Desk {
    venue: Venue,
    nonce: u64,
    frames: Vec<(u64, u64, Value)>,
    closed: Vec<(u64, u64)>,
}

fn user(number: u8) -> Address {
    Address([number; 20])
}

impl Desk {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            start_ms: START,
            block: Delay::fixed(BLOCK),
            latency: Latency::fixed(LAG),
            greeting: false,
            settings: Settings::default(),
            ..Config::default()
        };
        change(&mut config);
        let mut venue = Venue::new(config, Metas::generated(), believe);
        for number in 1..=3 {
            let id = venue.chain_mut().open_account(user(number), Role::User);
            venue.chain_mut().deposit(id, 0, Amount::whole(1_000_000));
        }
        Self { venue, nonce: START, frames: Vec::new(), closed: Vec::new() }
    }

    fn body(&mut self, who: u8, action: Value) -> Vec<u8> {
        self.nonce += 1;
        let r = format!("0x{}", format!("{who:02x}").repeat(20));
        json!({"action": action, "nonce": self.nonce, "signature": {"r": r, "s": "0x1", "v": 27}, "vaultAddress": null})
            .to_string()
            .into_bytes()
    }

    /// Lets time pass; the answers that came, by ticket.
    fn pass(&mut self, ms: u64) -> Vec<(u64, u16, String)> {
        let until = self.venue.now_ms() + ms;
        let mut replies = Vec::new();
        while self.venue.now_ms() < until {
            for output in self.venue.step(until) {
                let now = self.venue.now_ms();
                match output {
                    Output::Reply { ticket, status, body, .. } => {
                        replies.push((ticket, status, String::from_utf8(body).unwrap()));
                    }
                    Output::Frame { socket, data } => {
                        let text = String::from_utf8(data).unwrap();
                        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
                        self.frames.push((now, socket, value));
                    }
                    Output::Close { socket, .. } => self.closed.push((now, socket)),
                }
            }
        }
        replies
    }

    fn act(&mut self, who: u8, action: Value) -> String {
        let body = self.body(who, action);
        self.say(&body).1
    }

    fn say(&mut self, body: &[u8]) -> (u16, String) {
        let ticket = self.venue.exchange(body);
        let found = self.pass(400).into_iter().find(|(of, ..)| *of == ticket).unwrap();
        (found.1, found.2)
    }

    fn ask(&mut self, request: Value) -> Value {
        let ticket = self.venue.info(request.to_string().as_bytes());
        let found = self.pass(2 * LAG).into_iter().find(|(of, ..)| *of == ticket).unwrap();
        serde_json::from_str(&found.2).unwrap_or(Value::String(found.2))
    }

    fn subscribe(&mut self, socket: u64, subscription: Value) {
        let text = json!({"method": "subscribe", "subscription": subscription}).to_string();
        self.venue.socket_message(socket, text.as_bytes());
        self.pass(2 * LAG);
    }

    fn said(&self, channel: &str) -> Vec<&Value> {
        self.frames
            .iter()
            .map(|(_, _, frame)| frame)
            .filter(|frame| frame["channel"] == channel)
            .collect()
    }
}

fn order(buy: bool, px: &str, sz: &str, tif: &str) -> Value {
    json!({"type": "order", "orders": [{"a": 0, "b": buy, "p": px, "s": sz, "r": false, "t": {"limit": {"tif": tif}}}], "grouping": "na"})
}

fn named(mut action: Value, cloid: &str) -> Value {
    action["orders"][0]["c"] = cloid.into();
    action
}

const CLOID: &str = "0x000000000000000000000000000000aa";

#[test]
fn answers_are_those_of_the_captures_byte_for_byte() {
    let mut desk = Desk::new();
    let resting = desk.act(1, named(order(true, "83000", "0.001", "Alo"), CLOID));
    let expected = format!(
        r#"{{"status":"ok","response":{{"type":"order","data":{{"statuses":[{{"resting":{{"oid":560000000001,"cloid":"{CLOID}"}}}}]}}}}}}"#
    );
    assert_eq!(resting, expected);
    assert_eq!(
        desk.act(1, json!({"type": "cancel", "cancels": [{"a": 0, "o": 560_000_000_001u64}, {"a": 173, "o": 1}]})),
        r#"{"status":"ok","response":{"type":"cancel","data":{"statuses":["success",{"error":"Order was never placed, already canceled, or filled. asset=173"}]}}}"#
    );
    assert_eq!(
        desk.act(1, order(true, "83000", "0.0001", "Gtc")),
        r#"{"status":"ok","response":{"type":"order","data":{"statuses":[{"error":"Order must have minimum value of $10. asset=0"}]}}}"#
    );
    assert_eq!(
        desk.act(9, order(true, "83000", "0.001", "Gtc")),
        r#"{"status":"err","response":"User or API Wallet 0x0909090909090909090909090909090909090909 does not exist."}"#
    );
    assert_eq!(
        desk.act(1, json!({"type": "scheduleCancel", "time": START + 100_000})),
        r#"{"status":"err","response":"Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $0."}"#
    );
    assert_eq!(
        desk.act(1, json!({"type": "noop"})),
        r#"{"status":"ok","response":{"type":"default"}}"#
    );
    assert_eq!(desk.say(b"{").0, 422);
    let body = desk.body(1, json!({"type": "nothing"}));
    assert_eq!(
        desk.say(&body),
        (422, "Failed to deserialize the JSON body into the target type".into())
    );
}

#[test]
fn a_nonce_is_spent_once_and_a_noop_can_spend_it() {
    let mut desk = Desk::new();
    let body = desk.body(1, order(true, "83000", "0.001", "Alo"));
    assert!(desk.say(&body).1.contains("resting"));
    let again = desk.say(&body).1;
    assert_eq!(
        again,
        format!(r#"{{"status":"err","response":"Invalid nonce: duplicate nonce {}"}}"#, desk.nonce)
    );
    assert_eq!(
        desk.ask(json!({"type": "openOrders", "user": user(1).to_string()}))
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_trade_is_told_to_both_sides_on_every_stream() {
    let mut desk = Desk::new();
    let socket = desk.venue.open_socket();
    let address = user(1).to_string();
    for kind in ["orderUpdates", "userFills", "userEvents"] {
        desk.subscribe(socket, json!({"type": kind, "user": address}));
    }
    desk.subscribe(socket, json!({"type": "trades", "coin": "BTC"}));
    desk.subscribe(socket, json!({"type": "bbo", "coin": "BTC"}));
    let acks = desk.said("subscriptionResponse");
    assert_eq!(
        acks[1]["data"]["subscription"],
        json!({"type": "userFills", "user": address, "aggregateByTime": false})
    );
    assert_eq!(
        desk.said("userFills"),
        [
            &json!({"channel": "userFills", "data": {"isSnapshot": true, "user": address, "fills": []}})
        ]
    );
    assert_eq!(desk.said("bbo")[0]["data"]["bbo"], json!([null, null]));
    assert!(desk.said("orderUpdates").is_empty());

    desk.act(1, named(order(true, "83700", "0.002", "Alo"), CLOID));
    let open = desk.said("orderUpdates")[0]["data"].clone();
    let at = open[0]["statusTimestamp"].clone();
    assert_eq!(
        open,
        json!([{"order": {"coin": "BTC", "side": "B", "limitPx": "83700.0", "sz": "0.002", "oid": 560_000_000_001u64, "timestamp": at,
            "origSz": "0.002", "cloid": CLOID}, "status": "open", "statusTimestamp": at}])
    );
    desk.act(2, order(false, "83700", "0.0005", "Ioc"));
    assert_eq!(desk.said("orderUpdates").len(), 1, "a part says nothing");
    desk.act(2, order(false, "83700", "0.0015", "Ioc"));
    let end = &desk.said("orderUpdates")[1]["data"][0];
    assert_eq!((&end["status"], &end["order"]["sz"]), (&json!("filled"), &json!("0.0")));
    let fills: Vec<_> =
        desk.said("userFills")[1..].iter().map(|frame| frame["data"]["fills"][0].clone()).collect();
    assert_eq!(fills.len(), 2);
    assert_eq!(fills[0]["startPosition"], "0.0");
    assert_eq!(fills[1]["startPosition"], "0.0005");
    assert_eq!(fills[1]["dir"], "Open Long");
    assert_eq!(fills[1]["fee"], "0.018832", "0.0015 · 83700 · 0.00015 = 0.0188325, cut");
    assert_eq!(fills[1]["time"], end["statusTimestamp"]);
    let trade = &desk.said("trades")[1]["data"][0];
    assert_eq!(trade["tid"], fills[1]["tid"]);
    assert_eq!(trade["side"], "A");
    assert_eq!(trade["users"], json!([address, user(2).to_string()]));
    assert_eq!(desk.said("user").len(), 2);

    // Who subscribes again is told of the fills, not of the orders, and of the trades without a flag.
    let again = desk.venue.open_socket();
    desk.frames.clear();
    for kind in ["orderUpdates", "userFills"] {
        desk.subscribe(again, json!({"type": kind, "user": address}));
    }
    desk.subscribe(again, json!({"type": "trades", "coin": "BTC"}));
    let snapshot = &desk.said("userFills")[0]["data"];
    assert_eq!(
        (&snapshot["isSnapshot"], snapshot["fills"].as_array().unwrap().len()),
        (&json!(true), 2)
    );
    assert!(desk.said("orderUpdates").is_empty());
    assert_eq!(desk.said("trades")[0]["data"].as_array().unwrap().len(), 2);
}

#[test]
fn a_post_is_answered_as_a_request_is() {
    let mut desk = Desk::new();
    let socket = desk.venue.open_socket();
    let body: Value =
        serde_json::from_slice(&desk.body(1, order(true, "83000", "0.001", "Alo"))).unwrap();
    for (id, request) in [
        (17, json!({"type": "action", "payload": body})),
        (18, json!({"type": "info", "payload": {"type": "l2Book", "coin": "BTC"}})),
        (19, json!({"type": "info", "payload": {"type": "nothing"}})),
    ] {
        let text = json!({"method": "post", "id": id, "request": request}).to_string();
        desk.venue.socket_message(socket, text.as_bytes());
    }
    desk.pass(500);
    let by_id = |id: u64| {
        desk.said("post").into_iter().find(|f| f["data"]["id"] == id).unwrap()["data"]["response"]
            .clone()
    };
    assert_eq!(by_id(17)["type"], "action");
    assert_eq!(
        by_id(17)["payload"]["response"]["data"]["statuses"][0]["resting"]["oid"],
        560_000_000_001u64
    );
    assert_eq!(by_id(18)["payload"]["type"], "l2Book");
    assert_eq!(by_id(18)["payload"]["data"]["coin"], "BTC");
    assert_eq!(by_id(19)["type"], "error");
}

#[test]
fn a_socket_says_what_the_venue_says() {
    let mut desk = Desk::new();
    let socket = desk.venue.open_socket();
    desk.venue.socket_message(socket, br#"{"method":"ping"}"#);
    desk.venue.socket_message(
        socket,
        br#"{"method": "subscribe", "subscription": {"type": "noSuchType", "coin": "BTC"}}"#,
    );
    desk.subscribe(socket, json!({"type": "trades", "coin": "ETH"}));
    desk.subscribe(socket, json!({"type": "trades", "coin": "ETH"}));
    desk.venue.socket_message(
        socket,
        br#"{"method":"unsubscribe","subscription":{"type":"bbo","coin":"ETH"}}"#,
    );
    desk.pass(100);
    assert_eq!(desk.said("pong"), [&json!({"channel": "pong"})]);
    let errors: Vec<_> =
        desk.said("error").iter().map(|frame| frame["data"].as_str().unwrap()).collect();
    assert_eq!(
        errors,
        [
            r#"Error parsing JSON into valid websocket request: {"method": "subscribe", "subscription": {"type": "noSuchType", "coin": "BTC"}}"#,
            r#"Already subscribed: {"coin":"ETH","type":"trades"}"#,
            r#"Already unsubscribed: {"type":"bbo","coin":"ETH"}"#,
        ]
    );
    desk.subscribe(socket, json!({"type": "trades", "coin": "NOPE"}));
    assert_eq!(desk.closed.len(), 1, "an unknown coin closes the socket without a word");
    let idle = desk.venue.open_socket();
    desk.pass(61_000);
    assert_eq!(desk.closed.last().unwrap().1, idle, "nothing was sent for a minute");
}

#[test]
fn each_channel_has_its_own_latency() {
    let mut desk = Desk::with(|config| {
        config.latency.fills = Delay::fixed(300);
        config.latency.orders = Delay::fixed(5);
        config.latency.reply = Delay::fixed(100);
    });
    let socket = desk.venue.open_socket();
    for kind in ["orderUpdates", "userFills"] {
        desk.subscribe(socket, json!({"type": kind, "user": user(1).to_string()}));
    }
    desk.pass(400);
    desk.act(2, order(false, "83700", "0.001", "Alo"));
    desk.frames.clear();
    let body = desk.body(1, order(true, "83700", "0.001", "Ioc"));
    let ticket = desk.venue.exchange(&body);
    let mut replied = 0;
    for _ in 0..1_000 {
        if desk.pass(1).iter().any(|(of, ..)| *of == ticket) {
            replied = desk.venue.now_ms();
        }
    }
    let at = |channel: &str| {
        desk.frames.iter().find(|(_, _, frame)| frame["channel"] == channel).unwrap().0
    };
    assert_eq!(replied - at("orderUpdates"), 95);
    assert_eq!(at("userFills") - replied, 200);
}

#[test]
fn a_lost_reply_leaves_the_order_and_a_noop_tells() {
    let mut desk = Desk::new();
    desk.venue.faults.add(Rule {
        times: 1,
        channel: Some(Channel::Reply),
        ..Rule::always(Fault::ReplyLost)
    });
    let body = desk.body(1, order(true, "83000", "0.001", "Alo"));
    let ticket = desk.venue.exchange(&body);
    assert!(desk.pass(5_000).iter().all(|(of, ..)| *of != ticket));
    desk.nonce -= 1;
    assert!(desk.act(1, json!({"type": "noop"})).contains("duplicate nonce"));
    assert_eq!(desk.venue.faults.struck[&Fault::ReplyLost], 1);
}

#[test]
fn faults_of_frames_do_what_their_names_say() {
    let told = |fault, amount| {
        let mut desk = Desk::new();
        let socket = desk.venue.open_socket();
        desk.subscribe(socket, json!({"type": "userFills", "user": user(1).to_string()}));
        desk.frames.clear();
        desk.venue.faults.add(Rule {
            times: 1,
            amount,
            channel: Some(Channel::Fills),
            ..Rule::always(fault)
        });
        desk.act(2, order(false, "83700", "0.002", "Alo"));
        desk.act(1, order(true, "83700", "0.001", "Ioc"));
        desk.act(1, order(true, "83700", "0.001", "Ioc"));
        desk.pass(10_000);
        let starts: Vec<_> = desk
            .frames
            .iter()
            .map(|(_, _, frame)| frame["data"]["fills"][0]["startPosition"].clone())
            .collect();
        (starts, desk.frames)
    };
    assert_eq!(told(Fault::FrameLost, 0).0, ["0.001"]);
    assert_eq!(told(Fault::FrameDuplicated, 0).0, ["0.0", "0.0", "0.001"]);
    assert_eq!(told(Fault::FrameReordered, 3_000).0, ["0.001", "0.0"]);
    let (starts, frames) = told(Fault::FrameLate, 3_000);
    assert_eq!(starts, ["0.0", "0.001"]);
    assert_eq!(frames[0].0, frames[1].0, "what is late holds up its channel");
    assert!(told(Fault::FrameTruncated, 0).1[0].2.is_string());
}

#[test]
fn a_stale_server_shows_what_was() {
    let mut desk = Desk::new();
    let address = user(1).to_string();
    desk.act(1, order(true, "83000", "0.002", "Alo"));
    desk.pass(10_000);
    desk.act(2, order(false, "83000", "0.0005", "Ioc"));
    desk.act(1, json!({"type": "cancel", "cancels": [{"a": 0, "o": 560_000_000_001u64}]}));
    let state = |desk: &mut Desk| {
        [
            desk.ask(json!({"type": "openOrders", "user": address}))[0]["sz"].clone(),
            desk.ask(json!({"type": "orderStatus", "user": address, "oid": 560_000_000_001u64}))["order"]["status"].clone(),
            desk.ask(json!({"type": "clearinghouseState", "user": address}))["assetPositions"][0]["position"]["szi"].clone(),
            desk.ask(json!({"type": "userFills", "user": address}))[0]["sz"].clone(),
        ]
    };
    assert_eq!(
        state(&mut desk),
        [json!(null), json!("canceled"), json!("0.0005"), json!("0.0005")]
    );
    desk.venue.faults.add(Rule { amount: 5_000, ..Rule::always(Fault::InfoStale) });
    assert_eq!(state(&mut desk), [json!("0.002"), json!("open"), json!(null), json!(null)]);
}

#[test]
fn an_ip_has_a_weight_and_an_address_a_budget() {
    let mut desk = Desk::with(|config| config.settings.requests = 5);
    for _ in 0..60 {
        let ticket = desk.venue.info(br#"{"type":"meta"}"#);
        assert_eq!(desk.pass(2 * LAG).iter().find(|(of, ..)| *of == ticket).unwrap().1, 200);
    }
    let ticket = desk.venue.info(br#"{"type":"meta"}"#);
    assert_eq!(desk.pass(2 * LAG).iter().find(|(of, ..)| *of == ticket).unwrap().1, 429);
    desk.pass(61_000);
    for _ in 0..5 {
        assert!(desk.act(1, json!({"type": "noop"})).contains("default"));
    }
    assert!(
        desk.act(1, json!({"type": "noop"})).contains("default"),
        "one passes every ten seconds"
    );
    assert_eq!(
        desk.act(1, json!({"type": "noop"})),
        r#"{"status":"err","response":"Too many cumulative requests sent (7 > 5) for cumulative volume traded $0. Place taker orders to free up 1 request per USDC traded."}"#
    );
    assert!(
        desk.act(1, json!({"type": "cancel", "cancels": [{"a": 0, "o": 1}]}))
            .contains("never placed"),
        "cancels have more"
    );
}

fn lively(seed: u64) -> Venue {
    let mut venue = Venue::new(Config { seed, ..Config::default() }, Metas::generated(), believe);
    for coin in ["BTC", "HYPE"] {
        let asset = venue.chain().metas().by_name(coin).unwrap();
        let flow = Flow::new(venue.chain_mut(), asset, Habits::THIN, seed);
        venue.add_others(Others::Flow(Box::new(flow)));
    }
    venue.faults.add(Rule {
        per_million: 100_000,
        amount: 500,
        ..Rule::always(Fault::FrameReordered)
    });
    let socket = venue.open_socket();
    for coin in ["BTC", "HYPE"] {
        for kind in ["trades", "bbo", "l2Book", "activeAssetCtx"] {
            let text = json!({"method": "subscribe", "subscription": {"type": kind, "coin": coin}})
                .to_string();
            venue.socket_message(socket, text.as_bytes());
        }
    }
    venue
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let run = |seed, pieces: u64| {
        let mut venue = lively(seed);
        let start = venue.now_ms();
        let mut outputs = 0;
        for piece in 1..=pieces {
            outputs += venue.advance(start + 60_000 * piece / pieces).len();
        }
        venue.chain().check().unwrap();
        assert!(outputs > 100);
        venue.trace_hash()
    };
    assert_eq!(run(1, 1), run(1, 600), "however time is cut");
    assert_ne!(run(1, 1), run(2, 1));
}
