//! Every mistake has a name, and changes nothing.

use mm_core::engine::{CancelRefusal, Config, Engine, NewOrder, Target};
use mm_core::error::Error;
use mm_core::event::Status::Open;
use mm_core::ids::Side::Buy;
use mm_core::ids::{Cloid, Oid, Tif};
use mm_core::lifecycle::{Event, Phase};
use mm_core::num::{NumError, Px, SZ_MAX, Sz};

use crate::common::{BTC, Bench, Msg, by_oid, fill, ours, px, sz, update, views};

fn new_order(cloid: Cloid) -> NewOrder<'static> {
    NewOrder {
        cloid,
        coin: BTC,
        side: Buy,
        px: px("100"),
        sz: sz("1"),
        tif: Tif::Gtc,
        reduce_only: false,
    }
}

/// What was refused, with nothing changed by it.
fn refused<T: std::fmt::Debug>(
    bench: &mut Bench,
    ask: impl FnOnce(&mut Engine) -> Result<T, Error>,
) -> Error {
    let before = (views(&bench.engine), bench.engine.digest());
    let why = ask(&mut bench.engine).expect_err("is a mistake");
    assert_eq!((views(&bench.engine), bench.engine.digest()), before, "{why} changed something");
    bench.engine.check().unwrap();
    assert!(why.to_string().len() > 8, "{why:?} says nothing");
    why
}

/// One scenario for each variant, in the order of the enum. A new one does not compile until it has its own.
fn name(error: &Error) -> &'static str {
    match error {
        Error::Field(..) => "Field",
        Error::Bad(..) => "Bad",
        Error::DuplicateCloid(_) => "DuplicateCloid",
        Error::UnknownOid(_) => "UnknownOid",
        Error::UnknownCloid(_) => "UnknownCloid",
        Error::Refused(..) => "Refused",
    }
}

#[test]
fn every_error_has_its_scenario() {
    let mut bench = Bench::new();
    bench.rest(1, Buy, "1", 7);
    bench.fill(fill(Buy, 7, 1, "1", "0"));
    let out = &mut Vec::new();
    let errors = [
        refused(&mut bench, |e| {
            e.add_pending(&NewOrder { sz: Sz::ZERO, ..new_order(ours(9)) }, out)
        }),
        refused(&mut bench, |e| e.add_pending(&NewOrder { coin: "", ..new_order(ours(9)) }, out)),
        refused(&mut bench, |e| e.add_pending(&new_order(ours(1)), out)),
        refused(&mut bench, |e| e.initiate_cancel(by_oid(8), out)),
        refused(&mut bench, |e| e.on_rejected(ours(9), out)),
        refused(&mut bench, |e| e.initiate_cancel(by_oid(7), out)),
    ];
    let names: Vec<&str> = errors.iter().map(name).collect();
    assert_eq!(names, ["Field", "Bad", "DuplicateCloid", "UnknownOid", "UnknownCloid", "Refused"]);
    assert_eq!(
        errors[5],
        Error::Refused(
            Event::AskCancel,
            Phase::Filled,
            Some(ours(1)),
            "there is nothing left to cancel"
        )
    );
}

#[test]
fn numbers_that_cannot_be_are_refused_by_their_field() {
    let mut bench = Bench::new();
    let out = &mut Vec::new();
    let with = |px: Px, sz: Sz| NewOrder { px, sz, ..new_order(ours(9)) };
    for (new, field, why) in [
        (with(Px(0), sz("1")), "px", NumError::Zero),
        (with(Px(-1), sz("1")), "px", NumError::Negative),
        (with(px("100"), Sz(0)), "sz", NumError::Zero),
        (with(px("100"), Sz(-1)), "sz", NumError::Negative),
        (with(px("100"), Sz(SZ_MAX.0 + 1)), "sz", NumError::TooLarge),
    ] {
        assert_eq!(refused(&mut bench, |e| e.add_pending(&new, out)), Error::Field(field, why));
    }
    let good = fill(Buy, 7, 1, "1", "0");
    for (bad, field) in [
        (mm_core::event::Fill { px: Px(-5), ..good }, "px"),
        (mm_core::event::Fill { sz: Sz(0), ..good }, "sz"),
        (mm_core::event::Fill { sz: Sz(-5), ..good }, "sz"),
        (mm_core::event::Fill { sz: Sz(SZ_MAX.0 + 1), ..good }, "sz"),
        (mm_core::event::Fill { px: Px(i64::MAX), sz: SZ_MAX, ..good }, "sz"),
        (mm_core::event::Fill { start: Some(Sz(SZ_MAX.0 + 1)), ..good }, "start_position"),
        (mm_core::event::Fill { fee: Some(Sz(-SZ_MAX.0 - 1)), ..good }, "fee"),
        (mm_core::event::Fill { closed_pnl: Some(Sz(i128::MIN)), ..good }, "closed_pnl"),
    ] {
        let why = refused(&mut bench, |e| e.fill(&bad, true, out));
        assert!(
            matches!(why, Error::Field(name, _) if name == field),
            "{why:?} is not about {field}"
        );
    }
}

#[test]
fn names_that_no_venue_gives_are_refused() {
    let mut bench = Bench::new();
    let out = &mut Vec::new();
    let long = "X".repeat(65);
    for coin in ["", "B T C", "B\u{e9}", "\u{0}", &long] {
        let why =
            refused(&mut bench, |e| e.add_pending(&NewOrder { coin, ..new_order(ours(9)) }, out));
        assert!(matches!(why, Error::Bad("coin", _)), "{why:?}");
        let order = update(Buy, 7, None, Open, "1", "1");
        refused(&mut bench, |e| e.update(&mm_core::event::Update { coin: "", ..order }, out));
    }
    let token = mm_core::event::Fill { fee_token: "US DC", ..fill(Buy, 7, 1, "1", "0") };
    assert!(matches!(
        refused(&mut bench, |e| e.fill(&token, true, out)),
        Error::Bad("fee_token", _)
    ));
    assert!(matches!(
        refused(&mut bench, |e| e.set_coin(BTC, Some(11), None)),
        Error::Bad("sz_decimals", _)
    ));
}

#[test]
fn asks_that_come_too_early_or_too_late_are_refused() {
    let mut bench = Bench::new();
    let out = &mut Vec::new();
    let cloid = bench.place(1, Buy, "1", Tif::Gtc);
    let modify = |e: &mut Engine, target, sequence, qty: &str| {
        e.initiate_modify(target, ours(sequence), px("101"), sz(qty), &mut Vec::new())
    };
    let why = refused(&mut bench, |e| modify(e, Target::Cloid(cloid), 2, "1"));
    assert!(matches!(why, Error::Refused(Event::AskModify, Phase::Pending, Some(_), _)));
    bench.tell(&Msg::Answer(cloid, 7, "0.4"));
    let why = refused(&mut bench, |e| modify(e, by_oid(7), 2, "0.4"));
    assert!(matches!(why, Error::Bad("order_qty", _)), "nothing would be left of it");
    bench.modify(7, 2, "1");
    let why = refused(&mut bench, |e| modify(e, by_oid(7), 3, "1"));
    assert!(matches!(why, Error::Refused(Event::AskModify, Phase::Modifying, Some(_), _)));
    assert_eq!(
        refused(&mut bench, |e| modify(e, by_oid(7), 2, "1")),
        Error::DuplicateCloid(ours(2))
    );
    let why =
        refused(&mut bench, |e| e.on_cancel_error(by_oid(7), CancelRefusal::NotDone, None, out));
    assert!(matches!(why, Error::Bad("request", _)), "no cancel was asked");
    bench.cancel(by_oid(7));
    let why =
        refused(&mut bench, |e| e.on_cancel_error(by_oid(7), CancelRefusal::NotDone, Some(2), out));
    assert!(matches!(why, Error::Bad("request", _)));
}

#[test]
fn answers_about_nobody_are_refused() {
    let mut bench = Bench::new();
    let out = &mut Vec::new();
    assert_eq!(
        refused(&mut bench, |e| e.finalize(ours(1), Oid(7), None, out)),
        Error::UnknownCloid(ours(1))
    );
    assert_eq!(refused(&mut bench, |e| e.on_fenced(ours(1), out)), Error::UnknownCloid(ours(1)));
    assert_eq!(
        refused(&mut bench, |e| e.on_cancel_success(by_oid(7), out)),
        Error::UnknownOid(Oid(7))
    );
    assert_eq!(refused(&mut bench, |e| e.refute(Oid(7), out)), Error::UnknownOid(Oid(7)));
    assert!(matches!(
        refused(&mut bench, |e| e.on_fills_complete("X", 1, out)),
        Error::Bad("coin", _)
    ));
    assert!(matches!(refused(&mut bench, |e| e.forget("X", 1)), Error::Bad("coin", _)));
    bench.fill(fill(Buy, 7, 1, "1", "0"));
    assert!(matches!(refused(&mut bench, |e| e.forget(BTC, 99_999)), Error::Bad("before_ms", _)));
}

#[test]
fn a_cloid_of_another_instance_is_free() {
    let mut engine =
        Engine::new(None, Config { instance: 3, first_sequence: 100, ..Config::default() });
    assert_eq!(engine.next_cloid().parts(), Some((3, 100)));
    engine.add_pending(&new_order(ours(100)), &mut Vec::new()).unwrap();
    assert_eq!(engine.next_cloid().parts(), Some((3, 101)));
}
