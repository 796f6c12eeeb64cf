//! A sink that writes everything down, and texts to decode.
#![allow(dead_code, unreachable_pub)] // each test file uses its part of it
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs)]

use mm_core::event::{Fill, Update};
use mm_core::ids::{Cloid, Oid, Side};
use mm_core::num::{Px, Sz};
use mm_wire::{Channel, FrameError, Head, Refusal, Sink, Surfaced};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    Begin(Head<'a>),
    Fill(Fill<'a>),
    Update(Update<'a>),
    NonUserCancel(&'a str, Oid),
    Other(&'a str, &'a [u8]),
    Surfaced(&'a [u8], usize, Refusal),
}

#[derive(Default)]
pub struct Recorder<'a> {
    pub told: Vec<Told<'a>>,
    pub deaf: bool,
}

impl<'a> Sink<'a> for Recorder<'a> {
    fn begin(&mut self, head: &Head<'a>) -> bool {
        assert!(self.told.is_empty(), "begin comes once, and first");
        self.told.push(Told::Begin(*head));
        !self.deaf
    }
    fn fill(&mut self, fill: &Fill<'a>, record: &'a [u8]) {
        is_an_object(record);
        self.told.push(Told::Fill(*fill));
    }
    fn update(&mut self, update: &Update<'a>, record: &'a [u8]) {
        is_an_object(record);
        self.told.push(Told::Update(*update));
    }
    fn non_user_cancel(&mut self, coin: &'a str, oid: Oid, record: &'a [u8]) {
        is_an_object(record);
        self.told.push(Told::NonUserCancel(coin, oid));
    }
    fn other(&mut self, key: &'a str, raw: &'a [u8]) {
        self.told.push(Told::Other(key, raw));
    }
    fn surfaced(&mut self, what: &Surfaced<'a>) {
        self.told.push(Told::Surfaced(what.record, what.index, what.why));
    }
}

fn is_an_object(record: &[u8]) {
    assert!(record.starts_with(b"{") && record.ends_with(b"}"), "{record:?}");
}

/// What a frame tells; a refused one must have told nothing.
pub fn decode(frame: &[u8]) -> Result<Vec<Told<'_>>, FrameError> {
    let mut recorder = Recorder::default();
    match mm_wire::decode(frame, &mut recorder) {
        Ok(()) => {
            assert!(matches!(recorder.told[0], Told::Begin(_)));
            Ok(recorder.told)
        }
        Err(error) => {
            assert!(recorder.told.is_empty(), "told before it was refused");
            Err(error)
        }
    }
}

/// What a list of fills tells, without its beginning.
pub fn decode_fills(json: &[u8]) -> Result<Vec<Told<'_>>, FrameError> {
    let mut recorder = Recorder::default();
    let read = mm_wire::decode_fills(json, &mut recorder);
    match read {
        Ok(()) => {
            let head = Head { channel: Channel::UserFills, user: None, snapshot: false };
            assert_eq!(recorder.told.remove(0), Told::Begin(head));
            Ok(recorder.told)
        }
        Err(error) => {
            assert!(recorder.told.is_empty(), "told before it was refused");
            Err(error)
        }
    }
}

/// A fill that owns its texts.
#[derive(Clone, Debug)]
pub struct OwnedFill {
    pub coin: String,
    pub fee_token: String,
    pub liquidated: Option<String>,
    pub rest: Fill<'static>,
}

impl OwnedFill {
    pub fn fill(&self) -> Fill<'_> {
        Fill {
            coin: &self.coin,
            fee_token: &self.fee_token,
            liquidated: self.liquidated.as_deref(),
            ..self.rest
        }
    }

    /// The members as the venue writes them, in its order.
    pub fn members(&self) -> Vec<(String, String)> {
        let f = self.fill();
        let quoted = |text: &dyn std::fmt::Display| format!("\"{text}\"");
        // The venue writes at least one decimal.
        let number =
            |text: String| if text.contains('.') { quoted(&text) } else { format!("\"{text}.0\"") };
        let mut members = vec![
            ("coin", quoted(&f.coin)),
            ("px", number(f.px.to_string())),
            ("sz", number(f.sz.to_string())),
            ("side", quoted(&f.side.letter())),
            ("time", f.time.to_string()),
        ];
        members.extend(f.start.map(|start| ("startPosition", number(start.to_string()))));
        members.push(("dir", quoted(&"Open \\\"Short\\u00e9")));
        members.extend(f.closed_pnl.map(|pnl| ("closedPnl", number(pnl.to_string()))));
        members.push(("hash", quoted(&format!("0x{:064x}", f.oid.0))));
        members.push(("oid", f.oid.0.to_string()));
        members.extend(f.crossed.map(|crossed| ("crossed", crossed.to_string())));
        members.extend(f.fee.map(|fee| ("fee", number(fee.to_string()))));
        if f.tid != 0 {
            members.push(("tid", f.tid.to_string()));
        }
        members.extend(f.cloid.map(|cloid| ("cloid", quoted(&cloid))));
        members.extend(f.liquidated.map(|user| match user {
            "" => ("liquidation", r#"{"markPx":"1.5","method":"backstop"}"#.into()),
            _ => ("liquidation", format!(r#"{{"liquidatedUser":"{user}","markPx":"1.5"}}"#)),
        }));
        if !f.fee_token.is_empty() {
            members.push(("feeToken", quoted(&f.fee_token)));
        }
        members.push(("twapId", "null".into()));
        members.into_iter().map(|(key, value)| (key.into(), value)).collect()
    }

    pub fn text(&self) -> String {
        object(&self.members(), "")
    }

    /// The same as the venue writes an ordinary fill: nothing left out, nothing odd in it.
    pub fn ordinary(mut self) -> String {
        self.liquidated = None;
        let fill = &mut self.rest;
        fill.start = fill.start.or(Some(Sz(0)));
        fill.fee = fill.fee.or(Some(Sz(-5_000)));
        fill.closed_pnl = fill.closed_pnl.or(Some(Sz(0)));
        fill.crossed = fill.crossed.or(Some(true));
        fill.tid |= 1 << 49;
        fill.oid.0 |= 1 << 38;
        fill.time |= 1 << 40;
        if self.fee_token.is_empty() {
            self.fee_token = "USDC".into();
        }
        let mut members = self.members();
        members[6].1 = "\"Open Short\"".into();
        object(&members, "")
    }
}

/// Writes an object, with `blank` wherever JSON allows one.
pub fn object(members: &[(String, String)], blank: &str) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(key, value)| format!("{blank}\"{key}\"{blank}:{blank}{value}{blank}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

pub fn number() -> impl Strategy<Value = i128> {
    prop_oneof![
        // As on the wire: few digits, few decimals.
        (0i128..10_000_000, 4u32..11).prop_map(|(n, zeros)| n * 10i128.pow(zeros)),
        0i128..10i128.pow(20),
        0i128..=10i128.pow(25),
        Just(0),
    ]
}

fn signed() -> impl Strategy<Value = Option<Sz>> {
    proptest::option::of(
        (number(), any::<bool>()).prop_map(|(n, minus)| Sz(if minus { -n } else { n })),
    )
}

fn id() -> impl Strategy<Value = u64> {
    prop_oneof![1u64..1 << 50, any::<u64>(), 0u64..100, Just(u64::MAX)]
}

pub fn a_fill() -> impl Strategy<Value = OwnedFill> {
    let names = ("[A-Z]{1,6}|@[0-9]{1,4}|[a-z]{3}:[A-Z0-9]{2,14}|[äöü€]{1,9}", "|USDC|USDT0|UBTC");
    let user = proptest::option::of("|0x[0-9a-f]{40}");
    let px =
        prop_oneof![(1i64..999_999, 2u32..9).prop_map(|(n, z)| n * 10i64.pow(z)), 0..=i64::MAX];
    let sz = number().prop_map(|n| n.max(1));
    let cloid = proptest::option::of(any::<u128>().prop_map(Cloid));
    let numbers = (px, sz, signed(), signed(), signed());
    let flags = (any::<bool>(), proptest::option::of(any::<bool>()));
    (names, user, numbers, flags, cloid, (id(), id(), id())).prop_map(
        |((coin, fee_token), liquidated, (px, sz, start, fee, pnl), (buy, crossed), cloid, ids)| {
            // What the venue prints from a double has fifteen digits; see `parse_position`.
            let start =
                start.map(|start| mm_wire::parse_position(start.to_string().as_bytes()).unwrap());
            let rest = Fill {
                coin: "",
                side: if buy { Side::Buy } else { Side::Sell },
                px: Px(px),
                sz: Sz(sz),
                time: ids.0,
                tid: ids.1,
                oid: Oid(ids.2),
                start,
                cloid,
                fee,
                fee_token: "",
                closed_pnl: pnl,
                crossed,
                liquidated: None,
            };
            OwnedFill { coin, fee_token, liquidated, rest }
        },
    )
}
