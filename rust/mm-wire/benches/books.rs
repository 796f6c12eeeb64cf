//! What a book, a best bid and ask, and an answer cost. Budget: 1 µs for the frame of twenty levels a side.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mm_wire::answers::answer;
use mm_wire::events::event;

fn levels(first: u32, down: bool) -> String {
    let level = |i: u32| {
        let px = if down { first - i } else { first + i };
        format!(r#"{{"px":"{px}.0","sz":"{}.{:05}","n":{}}}"#, i / 3, 26_661 + 7 * i, 1 + i % 12)
    };
    (0..20).map(level).collect::<Vec<_>>().join(",")
}

fn books(c: &mut Criterion) {
    let book = format!(
        r#"{{"channel":"l2Book","data":{{"coin":"BTC","time":1785251521889,"levels":[[{}],[{}]]}}}}"#,
        levels(83_757, true),
        levels(83_758, false)
    );
    let bbo = r#"{"channel":"bbo","data":{"coin":"BTC","time":1790358617881,"bbo":[{"px":"83757.0","sz":"22.61305","n":81},{"px":"83758.0","sz":"0.00016","n":1}]}}"#;
    let ten = r#"{"resting":{"oid":556696349186,"cloid":"0x285ad26a251f390c83d065af51e3f8d9"}}"#;
    let ten = format!(
        r#"{{"status":"ok","response":{{"type":"order","data":{{"statuses":[{}]}}}}}}"#,
        [ten; 10].join(",")
    );
    c.bench_function("l2Book of 20 x 2", |b| {
        b.iter(|| black_box(event(black_box(book.as_bytes()))));
    });
    c.bench_function("bbo", |b| b.iter(|| black_box(event(black_box(bbo.as_bytes())))));
    c.bench_function("answer to ten orders", |b| {
        b.iter(|| black_box(answer(black_box(ten.as_bytes()), 10, 200, None)));
    });
}

criterion_group!(benches, books);
criterion_main!(benches);
