//! Margin: what an account is worth, what it needs, what it may still do (protocol 10.6).

use mm_core::ids::Side;

use super::Chain;
use super::account::{Leverage, Position};
use super::metas::Kind;
use super::order::Order;
use super::units::{AccountId, Amount, AssetIx, Lots, amount_of, notional};
use super::words::Refusal;

/// The leverage of a market that an account never set.
const DEFAULT_LEVERAGE: u32 = 20;

/// The sums of `clearinghouseState` over one dex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Money and positions at the mark.
    pub value: Amount,
    /// Positions' values, without their signs.
    pub notional: Amount,
    /// Money alone; what a short took in is in it.
    pub raw: Amount,
    /// Initial margin of the positions.
    pub used: Amount,
    /// Maintenance margin of the positions.
    pub maintenance: Amount,
}

impl Chain {
    /// An account's leverage in a market.
    pub fn leverage(&self, id: AccountId, asset: AssetIx) -> Leverage {
        if let Some(set) = self.account(id).leverage.get(&asset) {
            return *set;
        }
        match self.metas.asset(asset).kind {
            Kind::Perp { max_leverage, only_isolated, .. } => {
                Leverage { value: max_leverage.min(DEFAULT_LEVERAGE), is_cross: !only_isolated }
            }
            Kind::Spot { .. } => Leverage { value: 1, is_cross: true },
        }
    }

    /// A position's value at the mark, with its sign.
    pub fn value_of(&self, asset: AssetIx, szi: Lots) -> Amount {
        notional(self.prices(asset).mark, szi, self.metas.asset(asset).sz_decimals)
    }

    /// Half of the initial margin at the highest leverage.
    pub fn maintenance_of(&self, asset: AssetIx, szi: Lots) -> Amount {
        match self.metas.asset(asset).kind {
            Kind::Perp { max_leverage, .. } => {
                Amount(self.value_of(asset, szi).abs().0 / i128::from(2 * max_leverage))
            }
            Kind::Spot { .. } => Amount::ZERO,
        }
    }

    /// The sums of an account on a dex; of its cross positions alone, or with the isolated ones.
    pub fn summary(&self, id: AccountId, dex: u8, cross_only: bool) -> Summary {
        let clearing = &self.account(id).clearing[usize::from(dex)];
        let mut sum = Summary { value: clearing.cash, raw: clearing.cash, ..Summary::default() };
        for (asset, position) in &clearing.positions {
            if position.szi.is_zero() || (cross_only && position.isolated.is_some()) {
                continue;
            }
            let value = self.value_of(*asset, position.szi);
            let inside = position.isolated.unwrap_or(Amount::ZERO);
            sum.value += value + inside;
            sum.raw += inside;
            sum.notional += value.abs();
            sum.maintenance += self.maintenance_of(*asset, position.szi);
            sum.used += match position.isolated {
                Some(inside) => value + inside,
                None => Amount(value.abs().0 / i128::from(self.leverage(id, *asset).value)),
            };
        }
        sum
    }

    /// What is free for new orders and for leaving: value, less what positions and resting orders need.
    pub fn available(&self, id: AccountId, dex: u8) -> Amount {
        let clearing = &self.account(id).clearing[usize::from(dex)];
        let mut free = clearing.cash;
        for (asset, position) in &clearing.positions {
            if position.isolated.is_none() {
                free += self.value_of(*asset, position.szi);
            }
            free -= self.needed(id, *asset, position);
        }
        free
    }

    /// What a position and the orders beside it need: the worse of all buys and all sells coming true.
    fn needed(&self, id: AccountId, asset: AssetIx, position: &Position) -> Amount {
        let leverage = self.leverage(id, asset);
        let value = self.value_of(asset, position.szi);
        let worst = (value + position.bids).abs().max((value - position.asks).abs());
        let worst = if position.isolated.is_some() || !leverage.is_cross {
            (worst - value.abs()).max(Amount::ZERO) // the position's own margin is inside it
        } else {
            worst.max(value.abs())
        };
        Amount(worst.0 / i128::from(leverage.value.max(1)))
    }

    /// The least that must stay inside an isolated position.
    pub(super) fn isolated_least(&self, id: AccountId, asset: AssetIx) -> Amount {
        let Some(dex) = self.metas.asset(asset).dex() else { return Amount::ZERO };
        let value = self.value_of(asset, self.account(id).szi(dex, asset));
        Amount(value.abs().0 / i128::from(self.leverage(id, asset).value.max(1))) - value
    }

    /// Whether an account can carry one more order. What needs no more than before is always allowed.
    pub(super) fn can_afford(&self, order: &Order) -> Result<(), Refusal> {
        let meta = self.metas.asset(order.asset);
        let account = self.account(order.account);
        match meta.kind {
            _ if account.unlimited => Ok(()),
            Kind::Spot { base, quote } => {
                let (token, needs) = match order.side {
                    Side::Buy => (quote, notional(order.px, order.sz, meta.sz_decimals)),
                    Side::Sell => (base, amount_of(order.sz, meta.sz_decimals)),
                };
                let balance = account.balance(token);
                if needs > balance.total - balance.hold {
                    Err(Refusal::SpotBalance)
                } else {
                    Ok(())
                }
            }
            Kind::Perp { .. } if order.reduce_only => Ok(()),
            Kind::Perp { dex, .. } => {
                let mut position = account.clearing[usize::from(dex)]
                    .positions
                    .get(&order.asset)
                    .cloned()
                    .unwrap_or_default();
                let before = self.needed(order.account, order.asset, &position);
                let value = notional(order.px, order.sz, meta.sz_decimals);
                match order.side {
                    Side::Buy => position.bids += value,
                    Side::Sell => position.asks += value,
                }
                let more = self.needed(order.account, order.asset, &position) - before;
                if more > Amount::ZERO && self.available(order.account, dex) < more {
                    Err(Refusal::Margin)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Whether a resting order's owner can still carry what it would get: looked at again at each match.
    pub(super) fn maker_can_carry(&self, maker: &Order, sz: Lots) -> bool {
        let account = self.account(maker.account);
        let (false, Some(dex)) = (account.unlimited, self.metas.asset(maker.asset).dex()) else {
            return true;
        };
        let szi = account.szi(dex, maker.asset);
        let delta = Lots(if maker.side == Side::Buy { sz.0 } else { -sz.0 });
        if (szi + delta).abs() <= szi.abs() {
            return true;
        }
        let summary = self.summary(maker.account, dex, true);
        let leverage = self.leverage(maker.account, maker.asset).value.max(1);
        let more =
            self.value_of(maker.asset, szi + delta).abs() - self.value_of(maker.asset, szi).abs();
        summary.value - summary.used >= Amount(more.0 / i128::from(leverage))
    }

    /// Adds (`sign` 1) or takes off (−1) what a resting order holds: money of spot, worst case of perpetuals.
    pub(super) fn hold(&mut self, order: &Order, sz: Lots, sign: i128) {
        let meta = self.metas.asset(order.asset);
        let value = Amount(notional(order.px, sz, meta.sz_decimals).0 * sign);
        let size = Amount(amount_of(sz, meta.sz_decimals).0 * sign);
        let kind = meta.kind;
        let account = self.account_mut(order.account);
        match kind {
            Kind::Spot { base, quote } => match order.side {
                Side::Buy => account.spot.entry(quote).or_default().hold += value,
                Side::Sell => account.spot.entry(base).or_default().hold += size,
            },
            Kind::Perp { dex, .. } if !order.reduce_only => {
                let position =
                    account.clearing[usize::from(dex)].positions.entry(order.asset).or_default();
                match order.side {
                    Side::Buy => position.bids += value,
                    Side::Sell => position.asks += value,
                }
            }
            Kind::Perp { .. } => {}
        }
    }

    /// Counts resting reduce-only orders up or down.
    pub(super) fn count_reducing(&mut self, order: &Order, more: bool) {
        if let (true, Some(dex)) =
            (order.reduce_only && order.in_book(), self.metas.asset(order.asset).dex())
        {
            let clearing = &mut self.account_mut(order.account).clearing[usize::from(dex)];
            let reducing = &mut clearing.positions.entry(order.asset).or_default().reducing;
            *reducing = if more { *reducing + 1 } else { reducing.saturating_sub(1) };
        }
    }
}
