//! What can be read, at any moment: orders, positions, worst cases, counts.

use super::Engine;
use super::asks::Target;
use crate::chain::Gap;
use crate::effect::TokenId;
use crate::ids::{Ms, Side};
use crate::num::{Px, Sz, Usd};
use crate::order::{self, Leg, NONE, OrderView};

/// A coin's position and money at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionView {
    /// Proven, unproven and provisional together: what a strategy should see.
    pub size: Sz,
    /// The position at `proven_until`.
    pub proven: Sz,
    /// Fills beyond it.
    pub unproven: Sz,
    /// Told as amounts, not yet as trades.
    pub provisional: Sz,
    /// What breaks in the chain say is missing, in sum.
    pub missing: Sz,
    /// Average entry price, rounded toward zero.
    pub entry_px: Option<Px>,
    /// Realised profit before fees, by average cost along the chain.
    pub realised: Usd,
    /// Σ of the venue's `closedPnl`, before fees.
    pub closed_pnl: Usd,
    /// Fees paid by token; negative is a rebate.
    pub fees: Vec<(TokenId, Sz)>,
    /// Σ price · size of all fills.
    pub volume: Usd,
    /// The part of it that was made.
    pub maker_volume: Usd,
    /// Distinct fills.
    pub fills: u64,
    /// Σ −price · signed size, provisional amounts at the answer's price included.
    pub cash: Usd,
    /// The most the position can become.
    pub worst_long: Sz,
    /// The least it can become.
    pub worst_short: Sz,
    /// Up to when no fill is missing.
    pub proven_until: Option<Ms>,
    /// The breaks.
    pub gaps: Vec<Gap>,
}

/// How much is held in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stats {
    /// Legs with their numbers taken, orders' legs and records alike.
    pub legs: usize,
    /// Fills remembered, all coins.
    pub fills: usize,
    /// Heap bytes of legs, orders and their maps.
    pub order_bytes: usize,
    /// Heap bytes of the memory of fills.
    pub fill_bytes: usize,
    /// Heap bytes of the chains.
    pub chain_bytes: usize,
    /// Timers armed.
    pub timers: usize,
}

impl Engine {
    /// The order that has this leg; a cloid of any of its legs will do.
    pub fn order(&self, target: Target) -> Option<OrderView> {
        let id = self.leg_of(target).ok()?;
        let order = self.legs[id].order;
        (order != NONE).then(|| self.view(order))
    }

    /// One leg, by either name of its own.
    pub fn leg(&self, target: Target) -> Option<&Leg> {
        self.leg_of(target).ok().map(|id| &self.legs[id])
    }

    /// Our live orders on one side of a coin, oldest first.
    pub fn active(&self, coin: &str, side: Side) -> Vec<OrderView> {
        let Some(coin) = self.coins.find(coin) else { return Vec::new() };
        let mut live: Vec<u32> = self.coins[coin].orders[side as usize]
            .iter()
            .copied()
            .filter(|&o| self.state_of(o).is_active())
            .collect();
        live.sort_unstable_by_key(|&order| self.orders[order].number);
        live.into_iter().map(|order| self.view(order)).collect()
    }

    /// All orders in memory, oldest first.
    pub fn all_orders(&self, foreign: bool, closed: bool) -> Vec<OrderView> {
        let mut found: Vec<u32> =
            self.by_oid.iter().map(|s| s.leg).chain(self.by_cloid.iter().map(|s| s.leg)).collect();
        found.retain(|&id| self.legs[id].order != NONE);
        let mut orders: Vec<u32> = found.into_iter().map(|id| self.legs[id].order).collect();
        orders.sort_unstable_by_key(|&order| self.orders[order].number);
        orders.dedup();
        orders.retain(|&order| {
            (foreign || !self.orders[order].foreign)
                && (closed || !self.state_of(order).is_terminal())
        });
        orders.into_iter().map(|order| self.view(order)).collect()
    }

    fn view(&self, order: u32) -> OrderView {
        let kept = &self.orders[order];
        let past = kept.past();
        let legs = self.line(order);
        let current = order::current(&legs);
        let state = order::derive(&legs, past.executed);
        let leg = legs[current];
        let cum = past.executed.0 + legs.iter().map(|l| l.executed().0).sum::<i128>();
        let traded = past.traded.0 + legs.iter().map(|l| l.traded.0).sum::<i128>();
        let traded_usd = past.traded_usd + legs.iter().map(|l| l.traded_usd).sum::<i128>();
        let open = leg.worst().0 - leg.executed().0;
        let modifying = legs.len() > 1 && legs.last().is_some_and(|l| l.phase.is_unseen());
        OrderView {
            cloid: kept.name.get(),
            coin: crate::effect::CoinId(leg.coin),
            side: leg.side,
            reduce_only: leg.reduce_only,
            current,
            state,
            ord_status: order::ord_status(&legs, past.executed, state),
            tif: kept.tif,
            foreign: kept.foreign,
            order_qty: leg.wanted,
            cum_qty: Sz(cum),
            leaves_qty: Sz(open),
            avg_px: (traded > 0).then(|| i64::try_from(traded_usd / traded).ok().map(Px)).flatten(),
            modifying,
            fees: self.fees_of(order),
            // How a leg is found is nobody's business.
            legs: legs.into_iter().map(|leg| Leg { alone: false, ..leg.clone() }).collect(),
        }
    }

    fn fees_of(&self, order: u32) -> Vec<(TokenId, Sz)> {
        let mut fees: Vec<(TokenId, Sz)> = Vec::new();
        let mut add = |token: u16, fee: i128| match fees.iter_mut().find(|(t, _)| t.0 == token) {
            Some((_, sum)) => sum.0 += fee,
            None => fees.push((TokenId(token), Sz(fee))),
        };
        let kept = &self.orders[order];
        let past = kept.past();
        let extras = |is_order: bool, id: u32| {
            self.extra_fees.range((is_order, id, 0)..=(is_order, id, u16::MAX))
        };
        if past.fee.1 != 0 {
            add(past.fee.0, past.fee.1);
        }
        extras(true, order).for_each(|(key, fee)| add(key.2, *fee));
        for id in self.line_ids(order) {
            let leg = &self.legs[id];
            if leg.fee != 0 {
                add(leg.fee_token, leg.fee);
            }
            extras(false, id).for_each(|(key, fee)| add(key.2, *fee));
        }
        fees
    }

    /// A coin's position; all zero for a coin that was never named.
    pub fn position(&self, coin: &str) -> PositionView {
        let empty;
        let ledger = if let Some(id) = self.coins.find(coin) {
            &self.coins[id]
        } else {
            empty = crate::ledger::Ledger::new(coin, 2, Sz::ZERO);
            &empty
        };
        let chain = &ledger.chain;
        let known = chain.position();
        let pnl = chain.pnl();
        PositionView {
            size: ledger.position(),
            proven: chain.proven(),
            unproven: Sz(known.0 - chain.proven().0),
            provisional: Sz(ledger.provisional),
            missing: Sz(chain.gaps().iter().map(|g| g.missing().0).sum()),
            entry_px: pnl.entry_px(),
            realised: Usd(pnl.realised),
            closed_pnl: Sz(ledger.closed_pnl).as_usd().unwrap_or_default(),
            fees: ledger.fees.iter().map(|&(token, fee)| (TokenId(token), Sz(fee))).collect(),
            volume: Usd(ledger.volume),
            maker_volume: Usd(ledger.maker_volume),
            fills: ledger.fills,
            cash: Usd(ledger.cash + ledger.provisional_cash),
            worst_long: ledger.worst_long(),
            worst_short: ledger.worst_short(),
            proven_until: chain.proven_until(),
            gaps: chain.gaps().to_vec(),
        }
    }

    /// The most the position can become if all that may still be bought is, and nothing is sold.
    pub fn worst_long(&self, coin: &str) -> Sz {
        self.coins.find(coin).map_or(Sz::ZERO, |id| self.coins[id].worst_long())
    }

    /// The least it can become.
    pub fn worst_short(&self, coin: &str) -> Sz {
        self.coins.find(coin).map_or(Sz::ZERO, |id| self.coins[id].worst_short())
    }

    /// Up to when no fill of the coin is missing.
    pub fn proven_until(&self, coin: &str) -> Option<Ms> {
        self.coins[self.coins.find(coin)?].chain.proven_until()
    }

    /// What is held in memory.
    pub fn stats(&self) -> Stats {
        Stats {
            legs: self.by_oid.len(),
            fills: self.coins.iter().map(|l| l.seen.len()).sum(),
            order_bytes: self.legs.bytes()
                + self.orders.bytes()
                + self.by_oid.bytes()
                + self.by_cloid.bytes(),
            fill_bytes: self.coins.iter().map(|l| l.seen.bytes()).sum(),
            chain_bytes: self.coins.iter().map(|l| l.chain.bytes()).sum(),
            timers: self.timers.len(),
        }
    }
}
