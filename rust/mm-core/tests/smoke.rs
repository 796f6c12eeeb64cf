//! First light: the public example of `order-state` 3.
use mm_core::engine::*;
use mm_core::event::*;
use mm_core::ids::*;
use mm_core::num::*;

fn sz(t: &str) -> Sz {
    Sz::parse_signed(t.as_bytes()).unwrap()
}
fn px(t: &str) -> Px {
    Px::parse(t.as_bytes()).unwrap()
}

fn fill(tid: u64, s: &str, start: &str) -> Fill<'static> {
    Fill {
        coin: "BTC",
        side: Side::Buy,
        px: px("100"),
        sz: sz(s),
        time: 1000 + tid,
        tid,
        oid: Oid(7),
        start: Some(sz(start)),
        cloid: None,
        fee: Some(sz("0.01")),
        fee_token: "USDC",
        closed_pnl: Some(sz("0")),
        crossed: Some(true),
        liquidated: None,
    }
}

#[test]
fn part_fill_at_placement() {
    let mut e = Engine::new(None, Config::default());
    let mut out = Vec::new();
    let cloid = e.next_cloid();
    e.add_pending(
        &NewOrder {
            cloid,
            coin: "BTC",
            side: Side::Buy,
            px: px("100"),
            sz: sz("1"),
            tif: Tif::Gtc,
            reduce_only: false,
        },
        &mut out,
    )
    .unwrap();
    e.check().unwrap();
    e.finalize(cloid, Oid(7), Some((sz("0.6"), px("100"))), &mut out).unwrap();
    e.check().unwrap();
    assert_eq!(e.position("BTC").size, sz("0.6"));
    let o = e.fill(&fill(1, "0.4", "0"), true, &mut out).unwrap();
    assert_eq!(
        (o.skipped, o.applied, e.immediate_remaining(Oid(7)), e.position("BTC").size),
        (sz("0.4"), sz("0"), sz("0.2"), sz("0.6"))
    );
    e.check().unwrap();
    let o = e.fill(&fill(2, "0.2", "0.4"), true, &mut out).unwrap();
    assert_eq!(
        (o.skipped, o.applied, e.immediate_remaining(Oid(7)), e.position("BTC").size),
        (sz("0.2"), sz("0"), sz("0"), sz("0.6"))
    );
    let o = e.fill(&fill(3, "0.4", "0.6"), true, &mut out).unwrap();
    assert_eq!(
        (o.skipped, o.applied, e.immediate_remaining(Oid(7)), e.position("BTC").size),
        (sz("0"), sz("0.4"), sz("0"), sz("1"))
    );
    e.check().unwrap();
    println!("{out:#?}");
    println!("{:#?}", e.position("BTC"));
    println!(
        "leg {} order {}",
        size_of::<mm_core::order::Leg>(),
        size_of::<mm_core::effect::Effect>()
    );
}
