//! Liquidation: plausible, not exact (protocol 10.6). In the market first, by the venue's own account in the end.

use mm_core::ids::{Oid, Side};
use mm_core::num::Px;

use super::event::{Event, Liquidated};
use super::order::{Order, Tif};
use super::units::{AccountId, Amount, AssetIx, Lots, ONE};
use super::words::Status;
use super::{BACKSTOP, Chain};

/// Positions above this value are sold in parts at first.
const LARGE: Amount = Amount(100_000 * ONE);
/// How far from the mark a liquidation trades in the market, in percent.
const REACH_PERCENT: i64 = 5;

impl Chain {
    /// Looks at every account after the marks have moved.
    pub(super) fn liquidate(&mut self) {
        for number in 0..self.accounts.len() {
            let id = AccountId(u32::try_from(number).unwrap_or(u32::MAX));
            if self.account(id).unlimited {
                continue;
            }
            for dex in 0..u8::try_from(self.metas.dexes.len()).unwrap_or(u8::MAX) {
                self.liquidate_cross(id, dex);
                self.liquidate_isolated(id, dex);
            }
        }
    }

    fn liquidate_cross(&mut self, id: AccountId, dex: u8) {
        let is_under = |chain: &Self| {
            let sum = chain.summary(id, dex, true);
            (!sum.notional.is_zero() && sum.value < sum.maintenance).then_some(sum)
        };
        let Some(sum) = is_under(self) else { return };
        self.cancel_all(id, Status::LiquidatedCanceled);
        self.announce(id, sum.notional, sum.value);
        for asset in self.positions_of(id, dex, false) {
            self.sell_off(id, dex, asset);
            if is_under(self).is_none() {
                return;
            }
        }
        if let Some(sum) = is_under(self)
            && sum.value.0 * 3 < sum.maintenance.0 * 2
        {
            for asset in self.positions_of(id, dex, false) {
                self.take_over(id, dex, asset);
            }
            let left = core::mem::take(&mut self.account_mut(id).clearing[usize::from(dex)].cash);
            self.account_mut(BACKSTOP).clearing[usize::from(dex)].cash += left;
        }
    }

    fn liquidate_isolated(&mut self, id: AccountId, dex: u8) {
        for asset in self.positions_of(id, dex, true) {
            let position = &self.account(id).clearing[usize::from(dex)].positions[&asset];
            let value = self.value_of(asset, position.szi);
            let worth = value + position.isolated.unwrap_or(Amount::ZERO);
            if worth < self.maintenance_of(asset, position.szi) {
                self.announce(id, value.abs(), worth);
                self.sell_off(id, dex, asset);
                if !self.account(id).szi(dex, asset).is_zero()
                    && worth.0 * 3
                        < self.maintenance_of(asset, self.account(id).szi(dex, asset)).0 * 2
                {
                    self.take_over(id, dex, asset);
                }
            }
        }
    }

    fn positions_of(&self, id: AccountId, dex: u8, isolated: bool) -> Vec<AssetIx> {
        let positions = &self.account(id).clearing[usize::from(dex)].positions;
        let wanted =
            positions.iter().filter(|(_, p)| !p.szi.is_zero() && p.isolated.is_some() == isolated);
        wanted.map(|(asset, _)| *asset).collect()
    }

    fn announce(&mut self, id: AccountId, notional: Amount, value: Amount) {
        self.liquidations += 1;
        if self.account(id).watched {
            self.emit(Event::Liquidated(
                id,
                Liquidated { lid: self.liquidations, notional, value },
            ));
        }
    }

    /// Sends a liquidation into the market.
    fn sell_off(&mut self, id: AccountId, dex: u8, asset: AssetIx) {
        let szi = self.account(id).szi(dex, asset);
        let part = if self.value_of(asset, szi).abs() > LARGE {
            Lots((szi.abs().0 / 5).max(1))
        } else {
            szi.abs()
        };
        self.tx += 1;
        let order = self.closing(id, asset, szi, part);
        let (order, _) = self.sweep(order);
        if !order.filled.is_zero() {
            self.ended(&Order { sz: Lots::ZERO, ..order }, Status::Filled);
        }
    }

    /// The venue's account takes a position over at the mark.
    fn take_over(&mut self, id: AccountId, dex: u8, asset: AssetIx) {
        let szi = self.account(id).szi(dex, asset);
        self.tx += 1;
        let px = self.prices(asset).mark;
        let taker = Order { px, ..self.closing(id, asset, szi, szi.abs()) };
        let maker = Order {
            oid: self.new_oid(),
            account: BACKSTOP,
            side: taker.side.opposite(),
            tif: Tif::Gtc,
            cloid: None,
            ..taker
        };
        self.settle(&taker, &maker, szi.abs());
        self.trim_reducing(id, asset);
    }

    fn closing(&mut self, id: AccountId, asset: AssetIx, szi: Lots, sz: Lots) -> Order {
        let side = if szi.0 > 0 { Side::Sell } else { Side::Buy };
        let mark = self.prices(asset).mark;
        let reach = mark.0 / 100 * REACH_PERCENT;
        let px = Px(if side == Side::Sell { mark.0 - reach } else { mark.0 + reach });
        Order {
            oid: self.new_oid(),
            account: id,
            asset,
            side,
            px: self.metas.asset(asset).round_px(px, side == Side::Sell),
            sz,
            orig: sz,
            filled: Lots::ZERO,
            tif: Tif::LiquidationMarket,
            reduce_only: true,
            cloid: None,
            created: self.now,
            trigger: None,
            position_tpsl: false,
            group: Some(Oid(0)),
            builder: None,
        }
    }
}
