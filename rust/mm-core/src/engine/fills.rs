//! Trades: the strongest facts. Each is booked exactly once, whatever brings it, in whatever order.

use std::hint;

use super::Engine;
use crate::chain::Link;
use crate::effect::{CoinId, Effect, FillRecord, TokenId};
use crate::error::Error;
use crate::event::Fill;
use crate::ids::{Ms, Oid};
use crate::ledger::Ledger;
use crate::lifecycle::{Event, Phase};
use crate::num::{NumError, SZ_MAX, Sz};
use crate::order::{NONE, OrderState};
use crate::planted::{Bug, planted};
use crate::seen::Seen;

/// As many fills are worth a look ahead at a time.
pub const FORESEEN: usize = 16;

/// A place that [`Engine::foresee`] found.
#[derive(Clone, Copy, Debug)]
pub struct Foreseen(u32);

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
    /// Books one fill, and tells at once of any break in the chain that it shows. `told`: with a `Booked` effect.
    #[inline]
    pub fn fill(
        &mut self,
        fill: &Fill<'_>,
        told: bool,
        out: &mut Vec<Effect>,
    ) -> Result<Outcome, Error> {
        let (outcome, coin, linked) = self.book(fill, told, out)?;
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

    /// The number of a coin, if it was named before.
    pub fn coin_number(&self, coin: &str) -> Option<CoinId> {
        self.coins.find(coin).map(CoinId)
    }

    /// The number of a fee's token, if it was named before.
    pub fn token_number(&self, token: &str) -> Option<TokenId> {
        if token.is_empty() {
            return Some(TokenId::UNTOLD);
        }
        self.tokens.find(token).and_then(|id| u16::try_from(id).ok()).map(TokenId)
    }

    /// Where the fills of these oids will be booked: several waits for memory at once instead of one after the other. Of
    /// use to [`Engine::fill_foreseen`] alone, and worth nothing beyond the next few fills.
    #[inline]
    pub fn foresee(&self, oids: impl Iterator<Item = Oid>) -> [Foreseen; FORESEEN] {
        let mut legs = [Foreseen(NONE); FORESEEN];
        for (leg, oid) in legs.iter_mut().zip(oids) {
            leg.0 = self.leg_by_oid(oid).unwrap_or(NONE);
        }
        let known = legs.iter().filter(|leg| leg.0 != NONE);
        hint::black_box(known.fold(0, |all, leg| all ^ self.legs[leg.0].order));
        legs
    }

    /// Books a fill, quietly, if it is of the common kind: one more part fill of an order that was foreseen. None: nothing
    /// was done, and [`Engine::fill_one_of_many`] is to be asked. `numbers`: of the fill's coin and token, which are not
    /// read from the fill.
    #[inline(always)]
    #[allow(clippy::inline_always)] // what the caller knows of the fill does not have to be looked at again
    pub fn fill_foreseen(
        &mut self,
        fill: &Fill<'_>,
        (coin, token): (CoinId, TokenId),
        leg: Foreseen,
        unsettled: &mut Vec<u32>,
    ) -> Option<()> {
        let notional = check(fill).ok()?;
        let known = leg.0 != NONE && self.legs[leg.0].oid == Some(fill.oid);
        let linked =
            self.book_plainly(known.then_some(leg.0)?, fill, (coin.0, token.0), notional)?;
        if !linked && unsettled.last() != Some(&coin.0) {
            unsettled.push(coin.0);
        }
        Some(())
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
    fn book(
        &mut self,
        fill: &Fill<'_>,
        told: bool,
        out: &mut Vec<Effect>,
    ) -> Result<(Outcome, u32, bool), Error> {
        let known = self.leg_by_oid(fill.oid); // first, for it waits for memory
        let notional = check(fill)?;
        let token = self.token(fill.fee_token)?;
        let coin = self.coin(fill.coin)?; // last: a coin that was named is seen
        if planted(Bug::UnknownOidDropped) && known.is_none() {
            return Ok((Outcome::nothing(Seen::New), coin, true));
        }
        if let Some(id) = known
            && let Some(linked) = self.book_plainly(id, fill, (coin, token), notional)
        {
            let (applied, skipped) = (fill.sz, Sz::ZERO);
            let (cloid, state) = (self.legs[id].cloid, Some(OrderState::PartialFilled));
            if told {
                let fill = record(fill, coin, token);
                out.push(Effect::Booked { fill, applied, skipped, cloid, state });
            }
            return Ok((Outcome { applied, skipped, seen: Seen::New, state, cloid }, coin, linked));
        }
        self.book_thoroughly(fill, (coin, token), (notional, known), told, out)
    }

    /// The same for any fill whose names are known.
    fn book_thoroughly(
        &mut self,
        fill: &Fill<'_>,
        (coin, token): (u32, u16),
        (notional, known): (i128, Option<u32>),
        told: bool,
        out: &mut Vec<Effect>,
    ) -> Result<(Outcome, u32, bool), Error> {
        let ledger = &mut self.coins[coin];
        ledger
            .has_room_for(fill, notional)
            .map_err(|field| Error::Field(field, NumError::TooLarge))?;
        // From here on nothing fails.
        if fill.time < ledger.horizon {
            out.push(Effect::Ancient(record(fill, coin, token)));
            return Ok((Outcome::nothing(Seen::Duplicate), coin, true));
        }
        let (seen, identity) = ledger.seen.insert(fill);
        match seen {
            Seen::New => {}
            Seen::Duplicate => return Ok((self.duplicate(fill), coin, true)),
            Seen::Contradiction => {
                let what = "one fill told with two payloads";
                let (oid, cloid) = (Some(fill.oid), fill.cloid);
                out.push(Effect::Contradiction { coin: CoinId(coin), oid, cloid, what });
                return Ok((Outcome::nothing(Seen::Contradiction), coin, true));
            }
        }
        ledger.fill_hash = ledger.fill_hash.wrapping_add(identity);
        let linked = enter(ledger, fill, token, notional);
        let (id, known) = self.attribute(fill, coin, known, out);
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
            let past = order.past_mut();
            past.traded.0 += fill.sz.0;
            past.traded_usd += notional;
        }
        if let Some(sz) = leg.sz
            && leg.traded > sz
        {
            out.push(Effect::Overfill { oid: fill.oid, sz, executed: leg.traded });
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
            let ours = self
                .account
                .as_deref()
                .is_some_and(|account| account.eq_ignore_ascii_case(liquidated));
            out.push(Effect::Liquidation { fill: record(fill, coin, token), ours });
        }
        Ok((Outcome { applied, skipped, seen: Seen::New, state, cloid }, coin, linked))
    }

    /// Books a fill in the common case: one more part fill of a live leg that trades alone have moved, and stay below its
    /// size. Nothing but sums can change; the general way would do the same, and tests compare the two. Gives back whether
    /// it linked at once; None if the case is another, and nothing was done then.
    #[inline(always)]
    #[allow(clippy::inline_always)] // measured: a fifth of the time of a fill
    fn book_plainly(
        &mut self,
        id: u32,
        fill: &Fill<'_>,
        (coin, token): (u32, u16),
        notional: i128,
    ) -> Option<bool> {
        let leg = &mut self.legs[id];
        let ledger = &mut self.coins[coin];
        let plain = leg.alone
            && leg.coin == coin
            && leg.side == fill.side
            && leg.phase == Phase::Live
            && leg.claims.is_none()
            && leg.sz.is_some_and(|sz| leg.traded.0 + fill.sz.0 < sz.0)
            && (leg.fee_token == token || fill.fee.is_none())
            && fill.liquidated.is_none()
            && fill.time >= ledger.horizon
            && ledger.has_room_for(fill, notional).is_ok()
            && !self.config.longhand;
        if !plain {
            return None;
        }
        let (Seen::New, identity) = ledger.seen.insert(fill) else { return None };
        ledger.fill_hash = ledger.fill_hash.wrapping_add(identity);
        ledger.open[fill.side as usize] -= fill.sz.0;
        leg.traded.0 += fill.sz.0;
        leg.traded_usd += notional;
        leg.fee += fill.fee.map_or(0, |fee| fee.0);
        Some(enter(ledger, fill, token, notional))
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

    /// The leg that a fill belongs to: by oid (that is `known`), else by cloid, else a new record under its oid.
    #[inline]
    fn attribute(
        &mut self,
        fill: &Fill<'_>,
        coin: u32,
        known: Option<u32>,
        out: &mut Vec<Effect>,
    ) -> (u32, bool) {
        let found = match known {
            Some(id) if self.legs[id].order != NONE || fill.cloid.is_none() => Some(id),
            // Not known, or by its fills alone: the cloid may say whose it is.
            known => self.bind_named(fill, coin, out).or(known),
        };
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
            out.push(Effect::Contradiction {
                coin: CoinId(coin),
                oid: Some(fill.oid),
                cloid: fill.cloid,
                what,
            });
            return (self.add_stray(fill, coin), false);
        }
        (id, true)
    }

    /// The leg that a fill's cloid names, under the fill's oid from now on. A cloid of another coin or side is a
    /// stranger's, whatever it says.
    #[cold]
    fn bind_named(&mut self, fill: &Fill<'_>, coin: u32, out: &mut Vec<Effect>) -> Option<u32> {
        let named = self.leg_by_cloid(fill.cloid?)?;
        let leg = &self.legs[named];
        (leg.coin == coin && leg.side == fill.side).then(|| self.bind(named, fill.oid, out))
    }

    /// A record for a fill that contradicts its order: in the position, and in nobody's order.
    #[cold]
    fn add_stray(&mut self, fill: &Fill<'_>, coin: u32) -> u32 {
        let mut leg = crate::order::Leg::new(coin, fill.side, fill.px, None);
        leg.phase = Phase::Live;
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
            let past = &mut self.orders[order].past_mut().fee;
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

    /// Lets go of fills older than `before`, which must be proven and known to be all read: later copies of them are
    /// `Ancient`, to be looked up on disk. Returns how many are still remembered.
    pub fn forget(&mut self, coin: &str, before: Ms) -> Result<usize, Error> {
        let id = self.coins.find(coin).ok_or(Error::Bad("coin", "is not known here"))?;
        let ledger = &mut self.coins[id];
        let beyond = |time: Option<Ms>| time.is_none_or(|time| before > time);
        if beyond(ledger.chain.proven_until()) || beyond(ledger.complete_until()) {
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
    let fits =
        |value: Option<Sz>| value.is_none_or(|v| v.0.unsigned_abs() <= SZ_MAX.0.unsigned_abs());
    let positive = fill.px.0 >= 0 && fill.sz.0 > 0 && fill.sz <= SZ_MAX;
    if !(positive && fits(fill.start) && fits(fill.fee) && fits(fill.closed_pnl)) {
        return Err(misfit(*fill));
    }
    Ledger::notional(fill.px, fill.sz).ok_or(Error::Field("sz", NumError::TooLarge))
}

/// Which field of a fill cannot be.
#[cold]
#[allow(clippy::large_types_passed_by_value)] // what is only there to be refused stays in registers until then
fn misfit(fill: Fill<'_>) -> Error {
    let fits =
        |value: Option<Sz>| value.is_none_or(|v| v.0.unsigned_abs() <= SZ_MAX.0.unsigned_abs());
    let wrong = match () {
        () if fill.px.0 < 0 => ("px", NumError::Negative),
        () if fill.sz.0 == 0 => ("sz", NumError::Zero),
        () if fill.sz.0 < 0 => ("sz", NumError::Negative),
        () if !fits(fill.start) => ("start_position", NumError::TooLarge),
        () if !fits(fill.fee) => ("fee", NumError::TooLarge),
        () if !fits(fill.closed_pnl) => ("closed_pnl", NumError::TooLarge),
        () => ("sz", NumError::TooLarge),
    };
    Error::Field(wrong.0, wrong.1)
}

/// Books a fill in its coin's ledger. True if it linked at once.
#[inline(always)]
#[allow(clippy::inline_always)] // measured, as above
fn enter(ledger: &mut Ledger, fill: &Fill<'_>, token: u16, notional: i128) -> bool {
    let signed = fill.side.signed(fill.sz.0);
    let fee = fill.fee.map_or(0, |f| f.0);
    let in_base = ledger.spot && ledger.base_token == Some(token) && token != TokenId::UNTOLD.0;
    let delta = if in_base { signed - fee } else { signed };
    let start = ledger.start(fill);
    ledger.fills += 1;
    ledger.cash -= fill.side.signed(notional);
    ledger.volume += notional;
    if fill.crossed == Some(false) {
        ledger.maker_volume += notional;
    }
    ledger.closed_pnl += fill.closed_pnl.map_or(0, |pnl| pnl.0);
    if fill.fee.is_some() {
        ledger.add_fee(token, fee);
    }
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
