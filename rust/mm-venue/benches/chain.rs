//! The venue alone: actions a second through the chain, simulated time through the bytes. `cargo bench -p mm-venue`.
#![allow(missing_docs, clippy::unwrap_used)] // a bench

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mm_core::ids::{Ms, Oid, Side};
use mm_core::num::{Px, Sz};
use mm_venue::chain::{
    AccountId, Action, By, Chain, Event, Grouping, Metas, NewOrder, OrderReply, Reply, Settings,
    Submission, Target, Ticket, Tif, Type, mix,
};
use mm_venue::market::{Flow, Habits};
use mm_venue::{Config, Others, Venue, believe};

const START: Ms = 1_790_000_000_000;
const ORDERS: u64 = 10_000;

fn submit(chain: &mut Chain, account: AccountId, action: Action) {
    chain.submit(Submission {
        ticket: Ticket(1),
        by: By::Account(account),
        nonce: 0,
        expires_after: None,
        action,
    });
}

/// Orders around one price by a hundred accounts, some matching, ten a block; the older half is cancelled.
fn busy(chain: &mut Chain, traders: &[AccountId]) -> u64 {
    let mut live: Vec<(AccountId, Oid)> = Vec::new();
    for n in 0..ORDERS {
        let draw = |lane| mix(n ^ mix(lane));
        let who = traders[usize::try_from(draw(1) % 100).unwrap()];
        let side = if draw(2).is_multiple_of(2) { Side::Buy } else { Side::Sell };
        let away = i64::try_from(draw(3) % 20).unwrap() - 3;
        let px = Px((83_757 - i64::try_from(side.sign()).unwrap() * away) * 100_000_000);
        let order = NewOrder {
            asset: 0,
            side,
            px: Some(px),
            sz: Some(Sz(1_000_000 * (1 + i128::from(draw(4) % 50)))),
            reduce_only: false,
            kind: Type::Limit(Tif::Gtc),
            cloid: None,
        };
        submit(
            chain,
            who,
            Action::Order { orders: vec![order], grouping: Grouping::Na, builder: None },
        );
        if n % 10 == 9 {
            for event in chain.block(chain.now() + 83) {
                if let Event::Replied(_, Reply::Orders(replies)) = event
                    && let OrderReply::Resting(oid, _) = replies[0]
                    && let Some(order) = chain.order(oid)
                {
                    live.push((order.account, oid));
                }
            }
        }
        if live.len() > 400 {
            for (who, oid) in live.drain(..200) {
                submit(chain, who, Action::Cancel(vec![(0, Target::Oid(oid))]));
            }
        }
    }
    chain.trace().events
}

fn lively(habits: Habits) -> Venue {
    let mut venue =
        Venue::new(Config { seed: 1, ..Config::default() }, Metas::generated(), believe);
    let asset = venue.chain().metas().by_name("BTC").unwrap();
    let flow = Flow::new(venue.chain_mut(), asset, habits, 1);
    venue.add_others(Others::Flow(Box::new(flow)));
    let socket = venue.open_socket();
    for kind in ["trades", "bbo", "l2Book"] {
        let text =
            format!(r#"{{"method":"subscribe","subscription":{{"type":"{kind}","coin":"BTC"}}}}"#);
        venue.socket_message(socket, text.as_bytes());
    }
    venue
}

fn venue(c: &mut Criterion) {
    let mut group = c.benchmark_group("venue");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ORDERS));
    group.bench_function("orders through the chain", |b| {
        b.iter_batched_ref(
            || {
                let mut chain = Chain::new(Settings::default(), Metas::generated(), START);
                let traders: Vec<_> = (0..100).map(|n| chain.open_trader(n)).collect();
                (chain, traders)
            },
            |(chain, traders)| busy(chain, traders),
            criterion::BatchSize::LargeInput,
        );
    });
    // One element is a simulated second.
    group.throughput(Throughput::Elements(600));
    for (name, habits) in
        [("seconds, deep market", Habits::DEEP), ("seconds, quiet market", Habits::QUIET)]
    {
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || lively(habits),
                |venue| venue.advance(START + 600_000).len(),
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, venue);
criterion_main!(benches);
