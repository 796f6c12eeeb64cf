//! One coin's books: the chain of its fills, the memory of them, cash, fees, and what could still be executed.

use crate::chain::{Chain, Gap};
use crate::event::Fill;
use crate::ids::Ms;
use crate::num::{Px, Sz};
use crate::order::Leg;
use crate::planted::{Bug, planted};
use crate::seen::SeenFills;

/// No sum of money may pass this; a fill that would is refused before anything changes.
const USD_BOUND: i128 = i128::MAX / 8;

/// See the module. Sums only: what an order is lives in `order.rs`.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) name: Box<str>,
    pub(crate) chain: Chain,
    pub(crate) seen: SeenFills,
    pub(crate) base_token: Option<u16>,
    pub(crate) spot: bool,
    pub(crate) sz_decimals: Option<u32>,
    /// Σ −price · signed size, in `Usd` units.
    pub(crate) cash: i128,
    pub(crate) volume: i128,
    pub(crate) maker_volume: i128,
    /// Σ closedPnl, in `Sz` units of the quote token.
    pub(crate) closed_pnl: i128,
    pub(crate) fees: Vec<(u16, i128)>,
    pub(crate) fills: u64,
    /// Σ (worst − traded) of the legs on each side.
    pub(crate) open: [i128; 2],
    /// Σ signed provisional size, and what it would cost.
    pub(crate) provisional: i128,
    pub(crate) provisional_cash: i128,
    /// Our open orders on each side.
    pub(crate) orders: [Vec<u32>; 2],
    /// Legs of ours whose oid is not known yet.
    pub(crate) unbound: u32,
    /// Fills before this time are not held in memory any more.
    pub(crate) horizon: Ms,
    /// All fills before this time were read. The chain alone cannot prove that: fills that lead back to where they
    /// began leave no break when they are missing.
    pub(crate) read_until: Option<Ms>,
    /// The breaks that were last told by effects.
    pub(crate) told_gaps: Vec<Gap>,
    /// Σ of a hash of every fill booked: order-free.
    pub(crate) fill_hash: u64,
}

impl Ledger {
    pub(crate) fn new(name: &str, window: usize, slack: Sz) -> Self {
        Self {
            name: name.into(),
            chain: Chain::new(window, slack),
            seen: SeenFills::default(),
            base_token: None,
            // A pair, or the venue's number of one (`hyperliquid-protocol` 6.3); outcome tokens are `#`.
            spot: name.contains('/') || name.starts_with('@') || name.starts_with('#'),
            sz_decimals: None,
            cash: 0,
            volume: 0,
            maker_volume: 0,
            closed_pnl: 0,
            fees: Vec::new(),
            fills: 0,
            open: [0; 2],
            provisional: 0,
            provisional_cash: 0,
            orders: [Vec::new(), Vec::new()],
            unbound: 0,
            horizon: 0,
            read_until: None,
            told_gaps: Vec::new(),
            fill_hash: 0,
        }
    }

    /// Whether every sum can take this fill; `Err` names the field that is too large.
    #[inline]
    pub(crate) fn has_room_for(&self, fill: &Fill<'_>, notional: i128) -> Result<(), &'static str> {
        if self.volume + notional > USD_BOUND {
            return Err("sz");
        }
        match fill.start {
            // Times any price it stays below the bound.
            Some(start) if start.0.unsigned_abs() < 1 << 60 => Ok(()),
            Some(start) if fill.px.times(start).is_none_or(|usd| usd.0.abs() >= USD_BOUND) => {
                Err("start_position")
            }
            _ => Ok(()),
        }
    }

    /// The position before the fill, as the source meant it: printed from a double, hence rounded to the coin's sizes.
    #[inline]
    pub(crate) fn start(&self, fill: &Fill<'_>) -> Option<i128> {
        let start = fill.start?.0;
        match self.sz_decimals {
            Some(decimals) if !self.spot && decimals < crate::num::SZ_DECIMALS => {
                let unit = 10i128.pow(crate::num::SZ_DECIMALS - decimals);
                let half = if start < 0 { -unit / 2 } else { unit / 2 };
                Some((start + half) / unit * unit)
            }
            _ => Some(start),
        }
    }

    /// Up to when no fill is missing, whatever it is a fill of.
    pub(crate) fn complete_until(&self) -> Option<Ms> {
        if planted(Bug::UnbrokenIsComplete) { self.chain.proven_until() } else { self.read_until }
    }

    /// Adds a fee in a token.
    #[inline]
    pub(crate) fn add_fee(&mut self, token: u16, fee: i128) {
        match self.fees.iter_mut().find(|(t, _)| *t == token) {
            Some((_, sum)) => *sum += fee,
            None => self.fees.push((token, fee)),
        }
    }

    /// What a leg adds to the sums above: (worst − traded, provisional, its cost).
    #[inline]
    pub(crate) fn measures(leg: &Leg) -> (i128, i128, i128) {
        let open = leg.worst().0 - leg.traded.0;
        let provisional = leg.provisional();
        if provisional == Sz::ZERO {
            return (open, 0, 0);
        }
        let cost = leg.provisional_px().times(provisional).map_or(0, |usd| usd.0);
        (open, provisional.0, cost)
    }

    /// Moves the sums from one measure of a leg to another.
    #[inline]
    pub(crate) fn shift(&mut self, leg: &Leg, before: (i128, i128, i128)) {
        let after = Self::measures(leg);
        if before == after {
            return;
        }
        self.open[leg.side as usize] += after.0 - before.0;
        self.provisional += leg.side.signed(after.1 - before.1);
        self.provisional_cash -= leg.side.signed(after.2 - before.2);
    }

    /// The position as a strategy should see it: fills, and what was told ahead of them.
    pub(crate) fn position(&self) -> Sz {
        Sz(self.chain.position().0 + self.provisional)
    }

    /// Σ of the sizes that breaks in the chain say are missing, bought and sold apart.
    fn missing(&self) -> (i128, i128) {
        self.chain
            .gaps()
            .iter()
            .map(|g| g.missing().0)
            .fold((0, 0), |(up, down), m| (up + m.max(0), down + m.min(0)))
    }

    /// The most the position can become if everything that may still be bought is, and nothing is sold.
    #[inline]
    pub(crate) fn worst_long(&self) -> Sz {
        Sz(self.chain.position().0 + self.open[0] + self.missing().0)
    }

    /// The least it can become.
    #[inline]
    pub(crate) fn worst_short(&self) -> Sz {
        Sz(self.chain.position().0 - self.open[1] + self.missing().1)
    }

    /// What a price is worth to the ledger's volume.
    #[inline]
    pub(crate) fn notional(px: Px, sz: Sz) -> Option<i128> {
        px.times(sz).map(|usd| usd.0)
    }
}
