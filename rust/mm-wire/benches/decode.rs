//! What a fill costs: one that comes alone, and one of a snapshot of 2,000; beside `serde_json` on typed, borrowing
//! structs in the same run. Budget: 200 ns for the frame of one fill, 170 ns a fill of the snapshot.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mm_core::event::{Fill, Update};
use mm_core::ids::{Cloid, Oid};
use mm_core::num::{Px, Sz};
use mm_wire::{Head, Sink, Surfaced, decode};
use serde::Deserialize;

#[derive(Default)]
struct Sum {
    records: u64,
    total: i128,
}

impl<'a> Sink<'a> for Sum {
    fn begin(&mut self, _: &Head<'a>) -> bool {
        true
    }
    fn fill(&mut self, fill: &Fill<'a>, _: &'a [u8]) {
        black_box(fill);
        self.records += 1;
        self.total += fill.sz.0;
    }
    fn update(&mut self, update: &Update<'a>, _: &'a [u8]) {
        black_box(update);
        self.records += 1;
    }
    fn non_user_cancel(&mut self, _: &'a str, _: Oid, _: &'a [u8]) {}
    fn other(&mut self, _: &'a str, _: &'a [u8]) {}
    fn surfaced(&mut self, what: &Surfaced<'a>) {
        assert!(what.record.is_empty(), "a fill was refused: {}", what.why);
    }
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[allow(dead_code)]
    channel: &'a str,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    fills: Vec<Plain<'a>>,
}

/// What is needed of a fill, as the baseline reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plain<'a> {
    coin: &'a str,
    px: &'a str,
    sz: &'a str,
    side: &'a str,
    time: u64,
    start_position: &'a str,
    closed_pnl: &'a str,
    oid: u64,
    crossed: bool,
    fee: &'a str,
    tid: u64,
    #[serde(default)]
    cloid: Option<&'a str>,
    fee_token: &'a str,
}

fn baseline(frame: &[u8]) -> i128 {
    let frame: Frame<'_> = serde_json::from_slice(frame).unwrap();
    let mut total = 0;
    for f in &frame.data.fills {
        black_box((f.coin, f.side, f.time, f.oid, f.crossed, f.tid, f.fee_token));
        black_box(f.cloid.and_then(|c| Cloid::parse(c.as_bytes())));
        black_box(Px::parse(f.px.as_bytes()).unwrap());
        black_box(Sz::parse_signed(f.start_position.as_bytes()).unwrap());
        black_box(Sz::parse_signed(f.closed_pnl.as_bytes()).unwrap());
        black_box(Sz::parse_signed(f.fee.as_bytes()).unwrap());
        total += Sz::parse(f.sz.as_bytes()).unwrap().0;
    }
    total
}

/// A frame of `count` fills; their numbers vary in length as they do in life, and every second one has a cloid.
fn frame(count: u64) -> String {
    let mut text = String::from(
        r#"{"channel":"userFills","data":{"user":"0x31ca8395cf837de08b24da3f660e77761dfb974b","fills":["#,
    );
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    for i in 0..count {
        let mut next = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let coin = ["BTC", "ETH", "SOL", "xyz:SILVER", "kPEPE"][usize::try_from(next(5)).unwrap()];
        let side = if next(2) == 0 { "B" } else { "A" };
        let (px, px_decimals) = (next(99_999) + 1, usize::try_from(next(5)).unwrap() + 1);
        let [sz, start, pnl] = [24, 30, 26].map(|bits| {
            let width = next(bits) + 1;
            next(1 << width) + 1
        });
        let hash = [next(u64::MAX), next(u64::MAX), next(u64::MAX), next(u64::MAX)];
        let cloid = match i % 2 {
            0 => format!(r#""cloid":"0x{:032x}","#, u128::from(next(u64::MAX)) << 40),
            _ => String::new(),
        };
        let comma = if i == 0 { "" } else { "," };
        write!(
            text,
            concat!(
                r#"{comma}{{"coin":"{coin}","px":"{}.{:0w$}","sz":"{}.{:04}","side":"{side}","time":{},"#,
                r#""startPosition":"-{}.{:04}","dir":"Open Short","closedPnl":"{}.{:06}","#,
                r#""hash":"0x{:016x}{:016x}{:016x}{:016x}","oid":{},"crossed":{},"fee":"0.{:06}","tid":{},"#,
                r#"{cloid}"feeToken":"USDC","twapId":null}}"#
            ),
            px,
            px % 10,
            sz / 10_000,
            sz % 10_000,
            1_784_976_932_073 + i * 83,
            start / 10_000,
            start % 10_000,
            pnl / 1_000_000,
            pnl % 1_000_000,
            hash[0],
            hash[1],
            hash[2],
            hash[3],
            502_464_503_020 + i * 7,
            next(2) == 0,
            next(1_000_000),
            next(1 << 50),
            w = px_decimals,
            comma = comma,
            coin = coin,
            side = side,
            cloid = cloid,
        )
        .unwrap();
    }
    text.push_str("]}}");
    text
}

const UPDATE: &str = concat!(
    r#"{"channel":"orderUpdates","data":[{"order":{"coin":"BTC","side":"B","limitPx":"31795.0","sz":"0.00037","#,
    r#""oid":57118842019,"timestamp":1785261289146,"origSz":"0.00037","#,
    r#""cloid":"0xa1f0cddc17303d07f3fd128d5b35071d"},"status":"open","statusTimestamp":1785261289146}]}"#
);

fn ours(frame: &[u8]) -> i128 {
    let mut sum = Sum::default();
    decode(frame, &mut sum).unwrap();
    assert!(sum.records > 0);
    sum.total
}

fn bench(c: &mut Criterion) {
    for count in [1, 2_000] {
        let text = frame(count);
        assert_eq!(ours(text.as_bytes()), baseline(text.as_bytes()));
        let mut group = c.benchmark_group(format!("{count} fills, {} bytes", text.len()));
        group.throughput(Throughput::Elements(count));
        group.bench_function("mm-wire", |b| b.iter(|| ours(black_box(text.as_bytes()))));
        group.bench_function("serde_json", |b| b.iter(|| baseline(black_box(text.as_bytes()))));
        group.finish();
    }
    c.bench_function("1 order update", |b| b.iter(|| ours(black_box(UPDATE.as_bytes()))));
}

criterion_group!(benches, bench);
criterion_main!(benches);
