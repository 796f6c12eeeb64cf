//! The engine: facts and asks in, effects out.
//!
//! Every public method either does all of what it says, or returns an [`Error`] and has changed nothing. Effects go
//! into the caller's `Vec`, in the order in which they follow. The engine has no clock: `now` is an argument, and only
//! timers look at it; what is true of an order depends on facts alone.

mod answers;
mod asks;
mod check;
mod digest;
mod fills;
mod questions;
mod registry;
mod updates;
mod views;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use crate::effect::{CoinId, Effect, Spelled, TokenId};
use crate::error::Error;
use crate::ids::{Cloid, Ms, Oid};
use crate::ledger::Ledger;
use crate::lifecycle::{Cell, Event, Phase, step};
use crate::num::Sz;
use crate::order::{self, Leg, NONE, Order, OrderState};
use crate::paged::Paged;
use crate::planted::{Bug, planted};
use crate::slab::Slab;
use registry::{CloidSlot, Names, OidSlot};

pub use answers::{CancelRefusal, ModifyRefusal};
pub use asks::{CancelRequest, ModifyRequest, NewOrder, Target};
pub use fills::{FORESEEN, Foreseen, Outcome};
pub use views::{PositionView, Stats};

/// How an engine behaves. The defaults suit one account of one maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which of several makers this is: part of every cloid we make.
    pub instance: u32,
    /// The first sequence number to use in a cloid; above all used before, over restarts. Below 2⁶³: there is always a
    /// next one.
    pub first_sequence: u64,
    /// Evidence is asked for after this long, and again in doubling steps up to sixteen times as long.
    pub ask_after: Ms,
    /// How long after a confirmed cancel late fills are waited for.
    pub fill_window: Ms,
    /// Fills kept one by one for each coin; older ones are folded.
    pub chain_window: usize,
    /// Closed legs that stay in memory for late news.
    pub retain_closed: usize,
    /// How far apart two positions may be and still link; zero but for sources that round them.
    pub link_slack: Sz,
    /// Takes the general way for every fill: for the tests that compare it with the short one.
    pub longhand: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            instance: 0,
            first_sequence: 1,
            ask_after: 2_000,
            fill_window: 10_000,
            chain_window: 1_024,
            retain_closed: 4_096,
            link_slack: Sz::ZERO,
            longhand: false,
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Engine {
    account: Option<Box<str>>,
    config: Config,
    now: Ms,
    next_sequence: u64,
    retired_sequence: Option<u64>,
    next_number: u64,
    coins: Names<Ledger>,
    tokens: Names<()>,
    spelled: Arc<Spelled>,
    legs: Slab<Leg>,
    orders: Slab<Order>,
    by_oid: Paged<OidSlot>,
    by_cloid: Paged<CloidSlot>,
    timers: BinaryHeap<Reverse<(Ms, u32)>>,
    closed: VecDeque<u32>,
    extra_fees: BTreeMap<(bool, u32, u16), i128>,
    retired: (u64, u64),
}

impl Engine {
    /// An engine that knows nothing yet. `account` is the address whose frames it takes; `None` takes any.
    pub fn new(account: Option<&str>, config: Config) -> Self {
        Self {
            account: account.map(|a| a.to_ascii_lowercase().into()),
            config,
            now: 0,
            next_sequence: config.first_sequence.max(1),
            retired_sequence: None,
            next_number: 0,
            coins: Names::new(),
            tokens: Names::new(),
            spelled: Arc::default(),
            legs: Slab::new(),
            orders: Slab::new(),
            by_oid: Paged::new(),
            by_cloid: Paged::new(),
            timers: BinaryHeap::new(),
            closed: VecDeque::new(),
            extra_fees: BTreeMap::new(),
            retired: (0, 0),
        }
    }

    /// The account, in lower case.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The latest time it was given.
    pub fn now(&self) -> Ms {
        self.now
    }

    /// Tells the time without asking for what is due. Time never goes back here.
    pub fn set_now(&mut self, now: Ms) {
        self.now = self.now.max(now);
    }

    /// A cloid of ours that was never given before.
    pub fn next_cloid(&mut self) -> Cloid {
        let cloid = Cloid::ours(self.config.instance, self.next_sequence);
        self.next_sequence += 1;
        cloid
    }

    /// The name of a coin.
    pub fn coin_name(&self, coin: CoinId) -> &str {
        self.spelled.coin(coin)
    }

    /// The name of a token; empty if the source did not say.
    pub fn token_name(&self, token: TokenId) -> &str {
        self.spelled.token(token)
    }

    /// All names as of now: effects that were told so far can be read with them, whatever becomes of the engine.
    pub fn spelled(&self) -> &Arc<Spelled> {
        &self.spelled
    }

    /// What the venue's meta says of a coin: decimals of its sizes, and the base token of a spot pair.
    pub fn set_coin(
        &mut self,
        coin: &str,
        sz_decimals: Option<u32>,
        base_token: Option<&str>,
    ) -> Result<(), Error> {
        if sz_decimals.is_some_and(|d| d > crate::num::SZ_DECIMALS) {
            return Err(Error::Bad("sz_decimals", "is beyond ten"));
        }
        let token = base_token.map(|t| self.token(t)).transpose()?;
        let id = self.coin(coin)?;
        let ledger = &mut self.coins[id];
        ledger.sz_decimals = sz_decimals.or(ledger.sz_decimals);
        if token.is_some() {
            ledger.base_token = token;
            ledger.spot = true;
        }
        Ok(())
    }

    /// Every coin that was ever named, in the order of first naming.
    pub fn coins(&self) -> impl Iterator<Item = &str> {
        self.coins.iter().map(|ledger| &*ledger.name)
    }

    #[inline]
    fn coin(&mut self, name: &str) -> Result<u32, Error> {
        match self.coins.find_recent(name) {
            Some(id) => Ok(id),
            None => self.intern_coin(name),
        }
    }

    #[cold]
    fn intern_coin(&mut self, name: &str) -> Result<u32, Error> {
        let Config { chain_window, link_slack, .. } = self.config;
        let id = self.coins.intern("coin", name, || Ledger::new(name, chain_window, link_slack))?;
        if id as usize == self.spelled.coins.len() {
            Arc::make_mut(&mut self.spelled).coins.push(name.into());
        }
        Ok(id)
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // as many as fit were numbered
    fn token(&mut self, name: &str) -> Result<u16, Error> {
        match self.tokens.find_recent(name) {
            Some(id) => Ok(id as u16),
            None => self.intern_token(name),
        }
    }

    #[cold]
    fn intern_token(&mut self, name: &str) -> Result<u16, Error> {
        if name.is_empty() {
            return Ok(TokenId::UNTOLD.0);
        }
        let id = self.tokens.intern("fee_token", name, || ())?;
        if id as usize == self.spelled.tokens.len() {
            Arc::make_mut(&mut self.spelled).tokens.push(name.into());
        }
        u16::try_from(id).map_err(|_| Error::Bad("fee_token", "is one too many"))
    }

    fn leg_by_oid(&self, oid: Oid) -> Option<u32> {
        self.by_oid.get(&OidSlot { oid: oid.0, leg: 0 }).map(|slot| slot.leg)
    }

    fn leg_by_cloid(&self, cloid: Cloid) -> Option<u32> {
        self.by_cloid.get(&CloidSlot { cloid: cloid.0, leg: 0 }).map(|slot| slot.leg)
    }

    /// Changes a leg and keeps the coin's sums with it.
    #[inline]
    fn change<R>(&mut self, id: u32, change: impl FnOnce(&mut Leg) -> R) -> R {
        let leg = &mut self.legs[id];
        if leg.coin == NONE {
            return change(leg);
        }
        let before = Ledger::measures(leg);
        let result = change(leg);
        self.coins[leg.coin].shift(leg, before);
        result
    }

    /// Tells the table what happened to a leg, and does what the cell says.
    #[inline]
    fn advance(&mut self, id: u32, event: Event, out: &mut Vec<Effect>) {
        if planted(Bug::DeadReopens) && event == Event::Accepted {
            return self.enter(id, Phase::Live, out);
        }
        match step(self.legs[id].phase, event) {
            (Cell::Keep | Cell::Refuse, _) => {}
            (Cell::Go(phase), _) => self.enter(id, phase, out),
            (Cell::Resync, why) => self.contradicted(id, why, out),
        }
    }

    /// Whatever contradicts that a leg was written off says that it lived: from now on it counts.
    #[cold]
    fn contradicted(&mut self, id: u32, why: &'static str, out: &mut Vec<Effect>) {
        if self.legs[id].phase == Phase::Rejected {
            self.change(id, |leg| leg.belied = true);
        }
        out.push(self.contradiction(id, why));
    }

    fn enter(&mut self, id: u32, phase: Phase, out: &mut Vec<Effect>) {
        let early = planted(Bug::EarlyCancelled) && phase == Phase::Draining;
        let phase = if early { Phase::Cancelled } else { phase };
        let now = self.now;
        let was_unseen = self.legs[id].phase.is_unseen();
        let is_dead = phase == Phase::Rejected;
        self.change(id, |leg| {
            leg.phase = phase;
            leg.since = now;
            leg.asked = 0;
        });
        if phase.is_closed() {
            self.queue(id);
        }
        if was_unseen && !phase.is_unseen() && !is_dead {
            self.replaced_by_the_next(id, out);
        }
    }

    /// A leg that was seen has replaced the one before it in its line, and is replaced by the one behind it if that was
    /// seen first.
    pub(super) fn replaced_by_the_next(&mut self, id: u32, out: &mut Vec<Effect>) {
        let (previous, next) = (self.legs[id].previous, self.legs[id].next);
        let lived = |leg: &Leg| !leg.phase.is_unseen() && leg.phase != Phase::Rejected;
        if !lived(&self.legs[id]) {
            return;
        }
        if previous != NONE && self.legs[previous].phase != Phase::Rejected {
            let cancelled =
                self.legs[previous].in_cancel() && self.legs[previous].phase == Phase::Canceling;
            self.advance(previous, Event::ModifyTook, out);
            if cancelled && !self.legs[id].phase.is_closed() {
                // The cancel was meant for the order, and went to a leg that is gone now.
                let leg = &self.legs[id];
                let by = Sz(leg.worst().0 - leg.executed().0);
                out.push(Effect::Excess { cloid: self.name_of(id), oid: leg.oid, by });
            }
            self.after(previous);
        }
        if next != NONE && lived(&self.legs[next]) {
            self.advance(id, Event::ModifyTook, out);
        }
    }

    /// Arms the question that a leg's state calls for.
    #[inline]
    fn after(&mut self, id: u32) {
        let leg = &self.legs[id];
        if leg.due == Ms::MAX && questions::is_open(leg) {
            self.arm(id);
        }
    }

    /// Tells what changed of the order that a leg belongs to, and keeps the lists of open orders.
    #[inline]
    fn finish(&mut self, id: u32, out: &mut Vec<Effect>) -> Option<OrderState> {
        self.after(id);
        let number = self.legs[id].order;
        if number == NONE {
            return None;
        }
        if self.orders[number].first != self.orders[number].last {
            self.tidy(number);
        }
        let state = self.state_of(number);
        let Order { first, last, name, told: before, .. } = self.orders[number];
        if first == last {
            let leg = &mut self.legs[first];
            leg.alone = state == OrderState::PartialFilled && leg.cloid == name.get();
        }
        if state != before {
            self.orders[number].told = state;
            let current = self.current_of(number);
            let leg = &self.legs[current];
            out.push(Effect::Moved {
                cloid: self.orders[number].name.get(),
                oid: leg.oid,
                before,
                after: state,
            });
            if state.is_terminal() {
                self.unlist(number);
                self.shrink();
            }
        }
        Some(state)
    }

    /// Folds the legs of a line that are closed, confirmed and not current: a modified order does not grow.
    #[cold]
    fn tidy(&mut self, order: u32) {
        let current = self.current_of(order);
        let ids: Vec<u32> = self.line_ids(order).collect();
        for id in ids {
            let leg = &self.legs[id];
            let awaited = leg.phase == Phase::Rejected
                && leg.previous != NONE
                && self.legs[leg.previous].phase == Phase::Modifying;
            if id != current && leg.phase.is_closed() && leg.provisional() == Sz::ZERO && !awaited {
                self.fold(id);
            }
        }
    }

    fn name_of(&self, leg: u32) -> Option<Cloid> {
        let order = self.legs[leg].order;
        if order == NONE { self.legs[leg].cloid } else { self.orders[order].name.get() }
    }

    /// The legs of an order that are not folded away, first to last.
    fn line(&self, order: u32) -> Vec<&Leg> {
        self.line_ids(order).map(|id| &self.legs[id]).collect()
    }

    fn line_ids(&self, order: u32) -> impl Iterator<Item = u32> {
        let mut at = self.orders[order].first;
        core::iter::from_fn(move || {
            let id = at;
            (id != NONE).then(|| {
                at = self.legs[id].next;
                id
            })
        })
    }

    #[inline]
    fn state_of(&self, order: u32) -> OrderState {
        let Order { first, last, .. } = self.orders[order];
        let past = self.orders[order].past().executed;
        if first == last {
            order::derive(&[&self.legs[first]], past)
        } else {
            order::derive(&self.line(order), past)
        }
    }

    fn current_of(&self, order: u32) -> u32 {
        let Order { first, last, .. } = self.orders[order];
        if first == last {
            return first;
        }
        let index = order::current(&self.line(order));
        self.line_ids(order).nth(index).unwrap_or(first)
    }
}
