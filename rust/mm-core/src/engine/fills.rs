//! Trades: the strongest facts. Each is booked exactly once, whatever brings it, in whatever order.

use super::Engine;
use super::registry::check_name;
use crate::chain::Link;
use crate::effect::{CoinId, Effect, FillRecord, TokenId};
use crate::error::Error;
use crate::event::Fill;
use crate::ids::Ms;
use crate::ledger::Ledger;
use crate::lifecycle::Event;
use crate::num::{NumError, SZ_MAX, Sz};
use crate::order::{NONE, OrderState};
use crate::paged::mix;
use crate::seen::Seen;

/// What one fill did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The change of the leg's executed quantity.
    pub applied: Sz,
    /// min(remaining before, size): what had been told before as an amount.
    pub skipped: Sz,
    /// It was booked before, now, or contradicts what was booked.
    pub seen: Seen,
    /// The order's state now, if the fill belongs to a known order.
    pub state: Option<OrderState>,
    /// The order's name, if known.
    pub cloid: Option<crate::ids::Cloid>,
}

impl Outcome {
    const fn nothing(seen: Seen) -> Self {
        Self { applied: Sz::ZERO, skipped: Sz::ZERO, seen, state: None, cloid: None }
    }
}

impl Engine {
    /// Books one fill, and tells at once of any break in the chain that it shows.
    #[inline]
    pub fn fill(&mut self, fill: &Fill<'_>, out: &mut Vec<Effect>) -> Result<Outcome, Error> {
        let (outcome, coin, linked) = self.book(fill, true, out)?;
        if !linked {
            self.settle_chain(coin, out);
        }
        Ok(outcome)
    }

    /// Books one of several fills: call [`Engine::settle_chains`] after the last. `told`: with a `Booked` effect for each.
    #[inline]
    pub fn fill_one_of_many(
        &mut self,
        fill: &Fill<'_>,
        told: bool,
        unsettled: &mut Vec<u32>,
        out: &mut Vec<Effect>,
    ) -> Result<Outcome, Error> {
        let (outcome, coin, linked) = self.book(fill, told, out)?;
        if !linked && unsettled.last() != Some(&coin) {
            unsettled.push(coin);
        }
        Ok(outcome)
    }

    /// Looks for breaks in the chains of these coins, once for the whole batch.
    pub fn settle_chains(&mut self, unsettled: &mut Vec<u32>, out: &mut Vec<Effect>) {
        unsettled.sort_unstable();
        unsettled.dedup();
        for coin in unsettled.drain(..) {
            self.settle_chain(coin, out);
        }
    }

    /// The fill's outcome, its coin, and whether it linked at once.
    #[inline]
    fn book(&mut self, fill: &Fill<'_>, told: bool, out: &mut Vec<Effect>) -> Result<(Outcome, u32, bool), Error> {
        let notional = check(fill)?;
        let coin = self.coin(fill.coin)?;
        let token = self.token(fill.fee_token)?;
        let ledger = &mut self.coins[coin];
        ledger.has_room_for(fill, notional).map_err(|field| Error::Field(field, NumError::TooLarge))?;
        // From here on nothing fails.
        if fill.time < ledger.horizon {
            out.push(Effect::Ancient(record(fill, coin, token)));
            return Ok((Outcome::nothing(Seen::Duplicate), coin, true));
        }
        match ledger.seen.insert(fill) {
            Seen::New => {}
            Seen::Duplicate => return Ok((self.duplicate(fill), coin, true)),
            Seen::Contradiction => {
                let what = "one fill told with two payloads";
                let (oid, cloid) = (Some(fill.oid), fill.cloid);
                out.push(Effect::Contradiction { coin: CoinId(coin), oid, cloid, what });
                return Ok((Outcome::nothing(Seen::Contradiction), coin, true));
            }
        }
        let linked = enter(ledger, fill, token, notional);
        let (id, known) = self.attribute(fill, coin, out);
        let leg = &self.legs[id];
        let before = leg.executed();
        let skipped = leg.immediate_remaining().min(fill.sz);
        self.change(id, |leg| {
            leg.traded.0 += fill.sz.0;
            leg.traded_usd += notional;
        });
        if let Some(fee) = fill.fee {
            self.add_leg_fee(id, token, fee.0);
        }
        let leg = &self.legs[id];
        let applied = Sz(leg.executed().0 - before.0);
        if leg.folded {
            let order = &mut self.orders[leg.order];
            order.past_traded.0 += fill.sz.0;
            order.past_usd += notional;
        }
        if let Some(sz) = leg.sz {
            if leg.traded > sz {
                out.push(Effect::Overfill { oid: fill.oid, sz, executed: leg.traded });
            }
        }
        if applied > Sz::ZERO {
            self.executed_rose(id, before, out);
        } else {
            self.advance(id, if known { Event::Accepted } else { Event::PartFill }, out);
        }
        let (at, cloid) = (out.len(), self.name_of(id));
        let state = self.finish(id, out);
        if told {
            let fill = record(fill, coin, token);
            let tail = out.len();
            out.push(Effect::Booked { fill, applied, skipped, cloid, state });
            out[at..=tail].rotate_right(1); // the fill first, then what it moved
        }
        if let Some(liquidated) = fill.liquidated {
            let ours = self.account.as_deref().is_some_and(|account| account.eq_ignore_ascii_case(liquidated));
            out.push(Effect::Liquidation { fill: record(fill, coin, token), ours });
        }
        Ok((Outcome { applied, skipped, seen: Seen::New, state, cloid }, coin, linked))
    }

    #[cold]
    fn duplicate(&self, fill: &Fill<'_>) -> Outcome {
        let mut outcome = Outcome::nothing(Seen::Duplicate);
        if let Some(id) = self.leg_by_oid(fill.oid) {
            outcome.cloid = self.name_of(id);
            let order = self.legs[id].order;
            outcome.state = (order != NONE).then(|| self.orders[order].told);
        }
        outcome
    }

    /// The leg that a fill belongs to: by oid, else by cloid, else a new record under its oid.
    #[inline]
    fn attribute(&mut self, fill: &Fill<'_>, coin: u32, out: &mut Vec<Effect>) -> (u32, bool) {
        let found = self.leg_by_oid(fill.oid).or_else(|| {
            let named = self.leg_by_cloid(fill.cloid?)?;
            // A cloid of another coin or side is a stranger's, whatever it says.
            let leg = &self.legs[named];
            (leg.coin == coin && leg.side == fill.side).then(|| self.bind(named, fill.oid, out))
        });
        let Some(id) = found else {
            return (self.add_orphan(fill.oid, Some((coin, fill.side, fill.px))), false);
        };
        let leg = &mut self.legs[id];
        if leg.coin == NONE {
            // An amount was registered under this oid before its market was known.
            (leg.coin, leg.side, leg.px) = (coin, fill.side, fill.px);
            let (leg, none) = (&self.legs[id], (0, 0, 0));
            self.coins[coin].shift(leg, none);
        } else if leg.coin != coin || leg.side != fill.side {
            let what = "a fill on another coin or side than its order";
            out.push(Effect::Contradiction { coin: CoinId(coin), oid: Some(fill.oid), cloid: fill.cloid, what });
            return (self.add_stray(fill, coin), false);
        }
        (id, true)
    }

    /// A record for a fill that contradicts its order: in the position, and in nobody's order.
    #[cold]
    fn add_stray(&mut self, fill: &Fill<'_>, coin: u32) -> u32 {
        let mut leg = crate::order::Leg::new(coin, fill.side, fill.px, None);
        leg.phase = crate::lifecycle::Phase::Live;
        leg.released = true;
        let id = self.legs.add(leg);
        self.queue(id);
        id
    }

    #[inline]
    fn add_leg_fee(&mut self, id: u32, token: u16, fee: i128) {
        let leg = &mut self.legs[id];
        if leg.folded {
            let order = leg.order;
            let past = &mut self.orders[order].past_fee;
            if past.0 == token || past.1 == 0 {
                *past = (token, past.1 + fee);
            } else {
                *self.extra_fees.entry((true, order, token)).or_default() += fee;
            }
        } else if leg.fee_token == token || leg.fee == 0 {
            leg.fee_token = token;
            leg.fee += fee;
        } else {
            *self.extra_fees.entry((false, id, token)).or_default() += fee;
        }
    }

    /// Puts a coin's chain in order, and tells which breaks came and went.
    #[cold]
    pub(super) fn settle_chain(&mut self, coin: u32, out: &mut Vec<Effect>) {
        let ledger = &mut self.coins[coin];
        ledger.chain.settle();
        if ledger.told_gaps == ledger.chain.gaps() {
            return;
        }
        let now = ledger.chain.gaps().to_vec();
        for gap in ledger.told_gaps.iter().filter(|gap| !now.contains(gap)) {
            out.push(Effect::GapClosed(CoinId(coin), *gap));
        }
        for gap in now.iter().filter(|gap| !ledger.told_gaps.contains(gap)) {
            out.push(Effect::GapFound(CoinId(coin), *gap));
        }
        ledger.told_gaps = now;
    }

    /// Lets go of fills older than `before`, which must be proven: later copies of them are `Ancient`, to be looked up
    /// on disk. Returns how many are still remembered.
    pub fn forget(&mut self, coin: &str, before: Ms) -> Result<usize, Error> {
        let id = self.coins.find(coin).ok_or(Error::Bad("coin", "is not known here"))?;
        let ledger = &mut self.coins[id];
        if ledger.chain.proven_until().is_none_or(|proven| before > proven) {
            return Err(Error::Bad("before_ms", "is beyond what is proven"));
        }
        if before > ledger.horizon {
            ledger.horizon = before;
            ledger.chain.fold_before(before);
            ledger.seen.forget_before(before);
        }
        Ok(ledger.seen.len())
    }
}

#[inline]
fn check(fill: &Fill<'_>) -> Result<i128, Error> {
    if fill.px.0 <= 0 {
        return Err(Error::Field("px", if fill.px.0 == 0 { NumError::Zero } else { NumError::Negative }));
    }
    if fill.sz.0 <= 0 {
        return Err(Error::Field("sz", if fill.sz.0 == 0 { NumError::Zero } else { NumError::Negative }));
    }
    let big = |sz: Option<Sz>| sz.is_some_and(|s| s.0.unsigned_abs() > SZ_MAX.0.unsigned_abs());
    for (field, value) in [
        ("sz", Some(fill.sz)),
        ("start_position", fill.start),
        ("fee", fill.fee),
        ("closed_pnl", fill.closed_pnl),
    ] {
        if big(value) {
            return Err(Error::Field(field, NumError::TooLarge));
        }
    }
    if !fill.fee_token.is_empty() {
        check_name("fee_token", fill.fee_token)?;
    }
    Ledger::notional(fill.px, fill.sz).ok_or(Error::Field("sz", NumError::TooLarge))
}

/// Books a fill in its coin's ledger. True if it linked at once.
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // hashing
fn enter(ledger: &mut Ledger, fill: &Fill<'_>, token: u16, notional: i128) -> bool {
    let sign = fill.side.sign();
    let signed = sign * fill.sz.0;
    let fee = fill.fee.map_or(0, |f| f.0);
    let in_base = ledger.spot && ledger.base_token == Some(token) && token != TokenId::UNTOLD.0;
    let delta = if in_base { signed - fee } else { signed };
    let start = ledger.start(fill);
    ledger.fills += 1;
    ledger.cash -= sign * notional;
    ledger.volume += notional;
    if fill.crossed == Some(false) {
        ledger.maker_volume += notional;
    }
    if let Some(pnl) = fill.closed_pnl.and_then(Sz::as_usd) {
        ledger.closed_pnl += pnl.0;
    }
    if fill.fee.is_some() {
        ledger.add_fee(token, fee);
    }
    let identity = mix(mix(fill.time, fill.tid), mix(fill.oid.0, fill.sz.0 as u64 ^ fill.px.0 as u64));
    ledger.fill_hash = ledger.fill_hash.wrapping_add(identity);
    if ledger.chain.is_before_anchor(fill.time, start, delta) {
        return true;
    }
    ledger.chain.push(Link {
        time: fill.time,
        open: start.unwrap_or(0),
        delta,
        signed,
        px: fill.px,
        tie: fill.tid,
        floating: start.is_none(),
    })
}

fn record(fill: &Fill<'_>, coin: u32, token: u16) -> FillRecord {
    FillRecord {
        coin: CoinId(coin),
        side: fill.side,
        px: fill.px,
        sz: fill.sz,
        time: fill.time,
        tid: fill.tid,
        oid: fill.oid,
        start: fill.start,
        cloid: fill.cloid,
        fee: fill.fee,
        fee_token: TokenId(token),
        closed_pnl: fill.closed_pnl,
        crossed: fill.crossed,
    }
}
