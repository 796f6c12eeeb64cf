//! What the core's tests share: facts in a line each, and everything that can be read of an engine as one text.
#![allow(dead_code, reason = "each test file is a crate of its own, and uses its part")]

use std::fmt::Write as _;

use mm_core::effect::Effect;
use mm_core::engine::{CancelRefusal, Config, Engine, ModifyRefusal, NewOrder, Target};
use mm_core::error::Error;
use mm_core::event::{Fill, Status, Update};
use mm_core::ids::{Cloid, Ms, Oid, Side, Tif};
use mm_core::num::{Px, Sz};
use mm_core::order::{Leg, OrderView};

pub(crate) const BTC: &str = "BTC";

pub(crate) fn sz(text: &str) -> Sz {
    Sz::parse_signed(text.as_bytes()).expect("a size")
}

pub(crate) fn px(text: &str) -> Px {
    Px::parse(text.as_bytes()).expect("a price")
}

/// A cloid as we make them.
pub(crate) fn ours(sequence: u64) -> Cloid {
    Cloid::ours(0, sequence)
}

/// A cloid that somebody else made.
pub(crate) fn theirs(number: u128) -> Cloid {
    Cloid((0xfeed << 112) | number)
}

pub(crate) fn by_oid(oid: u64) -> Target {
    Target::Oid(Oid(oid))
}

/// A fill of BTC at 100; the methods of [`FillExt`] change what matters.
pub(crate) fn fill(side: Side, oid: u64, tid: u64, size: &str, start: &str) -> Fill<'static> {
    Fill {
        coin: BTC,
        side,
        px: px("100"),
        sz: sz(size),
        time: 1_000 + tid,
        tid,
        oid: Oid(oid),
        start: Some(sz(start)),
        cloid: None,
        fee: Some(sz("0.01")),
        fee_token: "USDC",
        closed_pnl: Some(sz("0")),
        crossed: Some(false),
        liquidated: None,
    }
}

pub(crate) trait FillExt: Sized {
    fn named(self, cloid: Cloid) -> Self;
    fn at(self, time: Ms) -> Self;
    fn priced(self, price: &str) -> Self;
    fn of(self, coin: &'static str) -> Self;
    fn paying(self, fee: &str, token: &'static str) -> Self;
}

impl FillExt for Fill<'static> {
    fn named(mut self, cloid: Cloid) -> Self {
        self.cloid = Some(cloid);
        self
    }
    fn at(mut self, time: Ms) -> Self {
        self.time = time;
        self
    }
    fn priced(mut self, price: &str) -> Self {
        self.px = px(price);
        self
    }
    fn of(mut self, coin: &'static str) -> Self {
        self.coin = coin;
        self
    }
    fn paying(mut self, fee: &str, token: &'static str) -> Self {
        (self.fee, self.fee_token) = (Some(sz(fee)), token);
        self
    }
}

/// An order update of BTC at 100: `left` of `size`, at time 5,000.
pub(crate) fn update(
    side: Side,
    oid: u64,
    cloid: Option<Cloid>,
    status: Status,
    left: &str,
    size: &str,
) -> Update<'static> {
    Update {
        coin: BTC,
        side,
        oid: Oid(oid),
        cloid,
        px: px("100"),
        sz: sz(left),
        orig_sz: sz(size),
        reduce_only: false,
        placed: 900,
        status,
        word: "a word",
        time: 5_000,
    }
}

/// Anything that can be told to an engine after the asks: a fact.
#[derive(Clone, Debug)]
pub(crate) enum Msg {
    Fill(Fill<'static>),
    Update(Update<'static>),
    Answer(Cloid, u64, &'static str),
    Register(u64, &'static str),
    Rejected(Cloid),
    NoAnswer(Cloid),
    Fenced(Cloid),
    CancelOk(Target),
    CancelError(Target, CancelRefusal, Option<u16>),
    ModifyError(Cloid, ModifyRefusal),
    NonUserCancel(u64),
    Forgotten(u64, Ms),
}

impl Msg {
    pub(crate) fn tell(&self, engine: &mut Engine, out: &mut Vec<Effect>) -> Result<(), Error> {
        match self {
            Self::Fill(fill) => engine.fill(fill, true, out).map(|_| ()),
            Self::Update(update) => engine.update(update, out),
            Self::Answer(cloid, oid, "") => engine.finalize(*cloid, Oid(*oid), None, out),
            Self::Answer(cloid, oid, filled) => {
                engine.finalize(*cloid, Oid(*oid), Some((sz(filled), px("100"))), out)
            }
            Self::Register(oid, amount) => {
                engine.pre_register(Oid(*oid), sz(amount), px("100"), out);
                Ok(())
            }
            Self::Rejected(cloid) => engine.on_rejected(*cloid, out),
            Self::NoAnswer(cloid) => engine.on_no_answer(*cloid, out),
            Self::Fenced(cloid) => engine.on_fenced(*cloid, out),
            Self::CancelOk(target) => engine.on_cancel_success(*target, out),
            Self::CancelError(target, why, sequence) => {
                engine.on_cancel_error(*target, *why, *sequence, out)
            }
            Self::ModifyError(cloid, why) => engine.on_modify_error(*cloid, *why, out),
            Self::NonUserCancel(oid) => engine.on_non_user_cancel(BTC, Oid(*oid), out),
            Self::Forgotten(oid, as_of) => engine.on_forgotten(Oid(*oid), *as_of, out),
        }
    }
}

/// An engine with its tape of effects: tests read `effects` when they care.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) effects: Vec<Effect>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self { engine: Engine::new(None, config), effects: Vec::new() }
    }

    /// Asks for an order of BTC at 100 under `ours(sequence)`.
    pub(crate) fn place(&mut self, sequence: u64, side: Side, size: &str, tif: Tif) -> Cloid {
        self.place_as(ours(sequence), BTC, side, size, tif, false)
    }

    pub(crate) fn place_as(
        &mut self,
        cloid: Cloid,
        coin: &str,
        side: Side,
        size: &str,
        tif: Tif,
        reduce_only: bool,
    ) -> Cloid {
        let new = NewOrder { cloid, coin, side, px: px("100"), sz: sz(size), tif, reduce_only };
        self.engine.add_pending(&new, &mut self.effects).expect("may be placed");
        cloid
    }

    /// Places it, and the venue answers `resting`.
    pub(crate) fn rest(&mut self, sequence: u64, side: Side, size: &str, oid: u64) -> Cloid {
        let cloid = self.place(sequence, side, size, Tif::Gtc);
        self.tell(&Msg::Answer(cloid, oid, ""));
        cloid
    }

    /// Asks to modify; gives back the size of the new leg.
    pub(crate) fn modify(&mut self, oid: u64, sequence: u64, order_qty: &str) -> Sz {
        let asked = self.engine.initiate_modify(
            by_oid(oid),
            ours(sequence),
            px("101"),
            sz(order_qty),
            &mut self.effects,
        );
        asked.expect("may be modified").sz
    }

    pub(crate) fn cancel(&mut self, target: Target) -> u16 {
        self.engine.initiate_cancel(target, &mut self.effects).expect("may be cancelled").sequence
    }

    /// Tells a fact; the invariants must hold after each.
    pub(crate) fn tell(&mut self, msg: &Msg) {
        msg.tell(&mut self.engine, &mut self.effects)
            .unwrap_or_else(|why| panic!("{msg:?}: {why}"));
        self.engine.check().unwrap_or_else(|why| panic!("after {msg:?}: {why}"));
    }

    pub(crate) fn fill(&mut self, fill: Fill<'static>) {
        self.tell(&Msg::Fill(fill));
    }

    pub(crate) fn update(&mut self, update: Update<'static>) {
        self.tell(&Msg::Update(update));
    }

    pub(crate) fn tick(&mut self, now: Ms) -> Vec<Effect> {
        let mut out = Vec::new();
        self.engine.tick(now, &mut out);
        self.engine.check().unwrap_or_else(|why| panic!("after a tick to {now}: {why}"));
        out
    }

    pub(crate) fn order(&self, oid: u64) -> OrderView {
        self.engine.order(by_oid(oid)).unwrap_or_else(|| panic!("no order of oid {oid}"))
    }
}

/// Everything that can be read of an engine, as one text: equal texts, equal views.
pub(crate) fn views(engine: &Engine) -> String {
    let mut text = String::new();
    let mut coins: Vec<&str> = engine.coins().collect();
    coins.sort_unstable();
    for coin in coins {
        let mut position = engine.position(coin);
        position.fees.sort_unstable_by_key(|(token, _)| engine.token_name(*token).to_owned());
        let fees: Vec<_> =
            position.fees.iter().map(|(token, fee)| (engine.token_name(*token), fee)).collect();
        writeln!(text, "{coin}: {fees:?}").expect("a String takes all");
        position.fees.clear();
        writeln!(text, "  {position:?}").expect("a String takes all");
        for side in [Side::Buy, Side::Sell] {
            let mut open: Vec<_> = engine.active(coin, side).iter().map(current_oid).collect();
            open.sort_unstable();
            writeln!(text, "  {side:?} {open:?}").expect("a String takes all");
        }
    }
    let mut orders: Vec<String> =
        engine.all_orders(true, true).iter().map(|view| order_text(engine, view)).collect();
    orders.sort_unstable();
    text + &orders.join("")
}

fn current_oid(view: &OrderView) -> Option<Oid> {
    view.legs[view.current].oid
}

fn order_text(engine: &Engine, view: &OrderView) -> String {
    let mut fees: Vec<_> =
        view.fees.iter().map(|(token, fee)| (engine.token_name(*token).to_owned(), *fee)).collect();
    fees.sort_unstable();
    let head = (
        view.cloid,
        engine.coin_name(view.coin),
        view.side,
        view.reduce_only,
        view.current,
        view.state,
    );
    let quantities = (view.order_qty, view.cum_qty, view.leaves_qty, view.avg_px);
    let rest = (view.ord_status, view.tif, view.foreign, view.modifying, fees);
    let mut text = format!("{head:?} {quantities:?} {rest:?}\n");
    for leg in &view.legs {
        writeln!(text, "    {}", leg_text(leg)).expect("a String takes all");
    }
    text
}

fn leg_text(leg: &Leg) -> String {
    let names = (leg.cloid, leg.oid, leg.phase.name(), leg.px, leg.sz, leg.wanted);
    let evidence = (
        leg.traded,
        leg.traded_usd,
        leg.claims().answered,
        leg.claims().answered_px,
        leg.claims().stated,
        leg.claims().final_sz,
        leg.claims().refuted,
    );
    let rest = (leg.dead_at, leg.canceled, leg.cancels, leg.executed(), leg.worst());
    format!("{names:?} {evidence:?} {rest:?}")
}
