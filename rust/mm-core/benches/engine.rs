//! The hot path alone, without Python: ns per fill, per order life. `cargo bench -p mm-core`.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation)] // a bench

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mm_core::engine::{Config, Engine, NewOrder};
use mm_core::event::Fill;
use mm_core::ids::{Oid, Side, Tif};
use mm_core::num::{Px, Sz};
use mm_core::paged::mix;

const ORDERS: u64 = 2_000;
const EACH: u64 = 100;

fn order(engine: &mut Engine, oid: u64, out: &mut Vec<mm_core::effect::Effect>) {
    let (cloid, sz) = (engine.next_cloid(), Sz(10_i128.pow(10) * 1_000));
    let new = NewOrder {
        cloid,
        coin: "BTC",
        side: Side::Buy,
        px: Px(10_i64.pow(13)),
        sz,
        tif: Tif::Alo,
        reduce_only: false,
    };
    engine.add_pending(&new, out).unwrap();
    engine.finalize(cloid, Oid(oid), None, out).unwrap();
}

fn fill(n: u64, oid: u64) -> Fill<'static> {
    Fill {
        coin: "BTC",
        side: Side::Buy,
        px: Px(10_i64.pow(13)),
        sz: Sz(10_i128.pow(10)),
        time: 1_767_225_600_000 + n / 3,
        tid: mix(n, 1) >> 14,
        oid: Oid(oid),
        start: Some(Sz(10_i128.pow(10) * i128::from(n))),
        cloid: None,
        fee: Some(Sz(15_000_000)),
        fee_token: "USDC",
        closed_pnl: Some(Sz::ZERO),
        crossed: Some(false),
        liquidated: None,
    }
}

fn engine(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine");
    let fills: Vec<Fill<'_>> =
        (0..ORDERS * EACH).map(|n| fill(n, 500_000_000_000 + (mix(n / 7, 3) % ORDERS))).collect();
    group.throughput(Throughput::Elements(fills.len() as u64)).sample_size(10);
    for (name, told) in [("fill, quiet", false), ("fill, with its Booked effect", true)] {
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || {
                    let (mut engine, mut out) = (Engine::new(None, Config::default()), Vec::new());
                    (0..ORDERS).for_each(|n| order(&mut engine, 500_000_000_000 + n, &mut out));
                    engine
                },
                |engine| {
                    let (mut out, mut unsettled) = (Vec::new(), Vec::new());
                    for fill in &fills {
                        engine
                            .fill_one_of_many(black_box(fill), told, &mut unsettled, &mut out)
                            .unwrap();
                        out.clear();
                    }
                },
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.throughput(Throughput::Elements(1));
    group.sample_size(50);
    group.bench_function("order life: pending, live, filled, retired", |b| {
        let (mut engine, mut out, mut n) = (Engine::new(None, Config::default()), Vec::new(), 0u64);
        b.iter(|| {
            n += 1;
            let (cloid, sz) = (engine.next_cloid(), Sz(10_i128.pow(10)));
            let new = NewOrder {
                cloid,
                coin: "BTC",
                side: Side::Buy,
                px: Px(1),
                sz,
                tif: Tif::Alo,
                reduce_only: false,
            };
            engine.add_pending(&new, &mut out).unwrap();
            engine.finalize(cloid, Oid(n), None, &mut out).unwrap();
            engine.fill(&fill(n, n), true, &mut out).unwrap();
            out.clear();
        });
    });
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
