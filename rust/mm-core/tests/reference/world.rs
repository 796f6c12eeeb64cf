//! A small world: some orders, what truly became of them, and every message that tells of it.

use mm_core::engine::{CancelRefusal, ModifyRefusal};
use mm_core::event::Status;
use mm_core::ids::{Cloid, Side, Tif};
use mm_core::num::{Px, Sz};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::common::{BTC, Bench, Msg, by_oid, fill, ours, update};

pub(crate) const LOT: i128 = 10i128.pow(9);

/// What is to become of an order.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent coins, each tossed on its own")]
pub(crate) struct Plan {
    buys: bool,
    size: i128,
    reduce_only: bool,
    /// The first leg's fate, and that of a second one, if it is modified.
    fate: Fate,
    modify: Option<(Fate, bool)>,
    cancel: Option<bool>,
    silent: bool,
    /// The venue refuses the first leg, in words, and has it all the same.
    denied: bool,
}

#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent coins, each tossed on its own")]
struct Fate {
    /// How much of the leg trades, in how many parts, and how many of them at once.
    part: u8,
    pieces: u8,
    at_once: u8,
    ends: bool,
    refused: bool,
    named_fills: bool,
    ioc: bool,
}

fn fate() -> impl Strategy<Value = Fate> {
    (0u8..=4, 1u8..=3, 0u8..=3, any::<bool>(), 0u8..8, any::<bool>(), 0u8..6).prop_map(
        |(part, pieces, at_once, ends, refused, named_fills, ioc)| Fate {
            part,
            pieces,
            at_once,
            ends,
            refused: refused == 0,
            named_fills,
            ioc: ioc == 0,
        },
    )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let modify = prop::option::of((fate(), any::<bool>()));
    let cancel = prop::option::of(any::<bool>());
    (any::<bool>(), 1i128..=8, 0u8..5, fate(), modify, cancel, any::<bool>(), 0u8..6).prop_map(
        |(buys, size, reduce_only, fate, modify, cancel, silent, denied)| Plan {
            buys,
            size: size * 4,
            reduce_only: reduce_only == 0,
            fate,
            modify,
            cancel,
            silent,
            denied: denied == 0,
        },
    )
}

#[derive(Clone, Debug)]
pub(crate) struct LegPlan {
    pub(crate) cloid: Cloid,
    pub(crate) oid: u64,
    pub(crate) sign: i128,
    pub(crate) size: i128,
    pub(crate) reduce_only: bool,
    pub(crate) ioc: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct OrderPlan {
    pub(crate) legs: Vec<LegPlan>,
    pub(crate) cancel_asked: bool,
}

/// A trade as it truly happened: the `number`-th of all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trade {
    pub(crate) time: u64,
    pub(crate) signed: i128,
    pub(crate) start: i128,
}

pub(crate) struct World {
    pub(crate) orders: Vec<OrderPlan>,
    pub(crate) trades: Vec<Trade>,
    pub(crate) truth: i128,
    pub(crate) atoms: Vec<Msg>,
}

impl World {
    pub(crate) fn of(plans: &[Plan], interleave: &[Index]) -> Self {
        let mut world =
            Self { orders: Vec::new(), trades: Vec::new(), truth: 0, atoms: Vec::new() };
        let mut waiting: Vec<(LegPlan, i128, bool)> = Vec::new();
        for (number, plan) in (1u64..).zip(plans) {
            world.place(number, plan, &mut waiting);
        }
        for at in interleave.iter().cycle().take(waiting.len()) {
            let (leg, size, named) = waiting.swap_remove(at.index(waiting.len()));
            world.trade(&leg, size, named);
        }
        assert!(world.atoms.len() <= 60);
        world
    }

    /// Whether the venue says of any leg that it never lived, and that it did.
    pub(crate) fn denied(&self) -> bool {
        let refused = |cloid: Cloid| {
            self.atoms.iter().any(|atom| matches!(atom, Msg::Rejected(c) if *c == cloid))
        };
        self.atoms.iter().any(|atom| matches!(atom, Msg::Answer(cloid, ..) if refused(*cloid)))
    }

    /// The asks of this world, told before any evidence.
    pub(crate) fn asked(&self) -> Bench {
        let mut bench = Bench::new();
        for order in &self.orders {
            let leg = &order.legs[0];
            let side = if leg.sign > 0 { Side::Buy } else { Side::Sell };
            let tif = if leg.ioc { Tif::Ioc } else { Tif::Gtc };
            bench.place_as(leg.cloid, BTC, side, &lots(leg.size), tif, leg.reduce_only);
            if let Some(new) = order.legs.get(1) {
                bench.tell(&Msg::Answer(leg.cloid, leg.oid, ""));
                let cloid = new.cloid;
                let asked = bench.engine.initiate_modify(
                    by_oid(leg.oid),
                    cloid,
                    Px(101 * 10i64.pow(8)),
                    Sz(new.size * LOT),
                    &mut bench.effects,
                );
                assert_eq!(asked.expect("it rests").sz, Sz(new.size * LOT));
            } else if order.cancel_asked {
                bench.tell(&Msg::Answer(leg.cloid, leg.oid, ""));
                bench.cancel(by_oid(leg.oid));
            }
        }
        bench
    }

    fn place(&mut self, number: u64, plan: &Plan, waiting: &mut Vec<(LegPlan, i128, bool)>) {
        let sign = if plan.buys { 1 } else { -1 };
        let asked_again = plan.modify.is_some() || plan.cancel.is_some();
        let leg = |which: u64, fate: Fate| LegPlan {
            cloid: ours(number * 10 + which),
            oid: number * 100 + which,
            sign,
            size: plan.size,
            reduce_only: plan.reduce_only,
            ioc: fate.ioc && !asked_again,
        };
        let first = leg(1, plan.fate);
        // Whatever was asked again was seen live before.
        let fate = Fate { refused: plan.fate.refused && !asked_again, ..plan.fate };
        let ends = if plan.modify.is_some_and(|(_, took)| took) { true } else { fate.ends };
        let ended_by_us = plan.modify.is_none() && plan.cancel == Some(true);
        self.live(
            &first,
            Fate { ends: ends || ended_by_us || first.ioc, ..fate },
            plan.silent,
            waiting,
        );
        if plan.denied && !fate.refused {
            self.atoms.push(Msg::Rejected(first.cloid));
        }
        let mut legs = vec![first.clone()];
        if let Some((new_fate, took)) = plan.modify {
            let second = leg(2, new_fate);
            if took && !new_fate.refused {
                self.live(&second, new_fate, plan.silent, waiting);
            } else {
                let why = if took { ModifyRefusal::OldGone } else { ModifyRefusal::OldUntouched };
                self.atoms.push(Msg::ModifyError(second.cloid, why));
            }
            legs.push(second);
        } else if let Some(took) = plan.cancel {
            let target = by_oid(first.oid);
            let refused = Msg::CancelError(target, CancelRefusal::NotDone, Some(1));
            self.atoms.push(if took { Msg::CancelOk(target) } else { refused });
        }
        self.orders
            .push(OrderPlan { legs, cancel_asked: plan.modify.is_none() && plan.cancel.is_some() });
    }

    /// The messages of a leg that reached the venue.
    fn live(
        &mut self,
        leg: &LegPlan,
        fate: Fate,
        silent: bool,
        waiting: &mut Vec<(LegPlan, i128, bool)>,
    ) {
        let side = if leg.sign > 0 { Side::Buy } else { Side::Sell };
        let told = |status, left: i128| {
            let mut told =
                update(side, leg.oid, Some(leg.cloid), status, &lots(left), &lots(leg.size));
            told.reduce_only = leg.reduce_only;
            Msg::Update(told)
        };
        if silent {
            self.atoms.push(Msg::NoAnswer(leg.cloid));
        }
        if fate.refused {
            self.atoms.push(told(Status::Rejected, leg.size));
            self.atoms.push(Msg::Rejected(leg.cloid));
            return;
        }
        let executed = leg.size * i128::from(fate.part) / 4;
        let pieces = i128::from(fate.pieces);
        let mut sizes: Vec<i128> = (0..pieces).map(|_| executed / pieces).collect();
        sizes[0] += executed - executed / pieces * pieces;
        sizes.retain(|&size| size > 0);
        let at_once: i128 =
            if leg.ioc { executed } else { sizes.iter().take(fate.at_once.into()).sum() };
        let answer = if at_once == 0 { "" } else { lots(at_once).leak() };
        self.atoms.push(Msg::Answer(leg.cloid, leg.oid, answer));
        self.atoms.push(told(Status::Open, leg.size));
        if executed == leg.size {
            self.atoms.push(told(Status::Filled, 0));
        } else if fate.ends {
            // A reduce-only order may have been trimmed on top.
            let trimmed = if leg.reduce_only { (leg.size - executed) / 2 } else { 0 };
            self.atoms.push(told(Status::Canceled, leg.size - executed - trimmed));
        }
        waiting.extend(sizes.into_iter().map(|size| (leg.clone(), size, fate.named_fills)));
    }

    fn trade(&mut self, leg: &LegPlan, size: i128, named: bool) {
        let number = self.trades.len() as u64;
        let trade = Trade { time: 2_000 + number, signed: leg.sign * size, start: self.truth };
        let side = if leg.sign > 0 { Side::Buy } else { Side::Sell };
        let mut told = fill(side, leg.oid, 500 - number, &lots(size), "0");
        (told.start, told.time) = (Some(Sz(trade.start * LOT)), trade.time);
        told.cloid = named.then_some(leg.cloid);
        self.truth += trade.signed;
        self.trades.push(trade);
        self.atoms.push(Msg::Fill(told));
    }
}

fn lots(lots: i128) -> String {
    Sz(lots * LOT).to_string()
}
