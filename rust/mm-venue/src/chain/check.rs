//! What must always hold: an audit over the whole state, from its parts and not from its sums.

use std::collections::BTreeMap;

use mm_core::ids::{Oid, Side};
use mm_core::num::Px;

use super::Chain;
use super::account::Position;
use super::metas::USDC;
use super::units::{AccountId, Amount, AssetIx, Lots, TokenIx};

/// A rule that does not hold, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl Chain {
    /// Money of all accounts together, on every dex and in spot USDC. Only deposits may change it.
    pub fn money(&self) -> Amount {
        let of = |account: &super::Account| -> Amount {
            let clearings = account.clearing.iter().map(|clearing| {
                let inside: Amount = clearing.positions.values().filter_map(|p| p.isolated).sum();
                clearing.cash + inside
            });
            clearings.sum::<Amount>() + account.balance(USDC).total
        };
        self.accounts.iter().map(of).sum()
    }

    /// All accounts' balance of a spot token. Only deposits may change it.
    pub fn tokens(&self, token: TokenIx) -> Amount {
        self.accounts.iter().map(|account| account.balance(token).total).sum()
    }

    /// Audits everything: books, indices, positions, holds. `Err` names the first rule that does not hold.
    pub fn check(&self) -> Result<(), Broken> {
        for asset in self.metas.indices() {
            self.check_book(asset)?;
            self.check_positions(asset)?;
        }
        self.check_indices()?;
        self.check_holds()
    }

    fn check_book(&self, asset: AssetIx) -> Result<(), Broken> {
        let book = self.book(asset);
        let name = &self.metas.asset(asset).name;
        if let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) {
            rule(bid < ask, || format!("{name}: crossed, {bid:?} and {ask:?}"))?;
        }
        for side in [Side::Buy, Side::Sell] {
            for (px, level) in book.all(side) {
                let mut sum = Lots::ZERO;
                for oid in &level.queue {
                    let order = self.orders.get(oid).filter(|o| {
                        o.in_book() && o.px == *px && o.side == side && o.asset == asset
                    });
                    let order = order.ok_or_else(|| {
                        Broken(format!("{name}: {oid:?} at {px:?} is no such order"))
                    })?;
                    rule(order.sz > Lots::ZERO, || {
                        format!("{name}: {oid:?} rests with {:?}", order.sz)
                    })?;
                    sum += order.sz;
                }
                rule(sum == level.sz && !level.queue.is_empty(), || {
                    format!("{name}: level {px:?} says {:?}, has {sum:?}", level.sz)
                })?;
            }
        }
        Ok(())
    }

    /// Longs and shorts are the same size.
    fn check_positions(&self, asset: AssetIx) -> Result<(), Broken> {
        let Some(dex) = self.metas.asset(asset).dex() else { return Ok(()) };
        let net: Lots = self.accounts.iter().map(|account| account.szi(dex, asset)).sum();
        let long: Lots =
            self.accounts.iter().map(|account| Lots(account.szi(dex, asset).0.max(0))).sum();
        let name = &self.metas.asset(asset).name;
        rule(net.is_zero(), || format!("{name}: positions sum to {net:?}"))?;
        let told = self.prices(asset).open_interest;
        rule(long == told, || format!("{name}: open interest is {long:?}, not {told:?}"))
    }

    fn check_indices(&self) -> Result<(), Broken> {
        let mut counted = 0;
        for (id, account) in self.accounts() {
            counted += account.open.len();
            for oid in &account.open {
                let mine = self.orders.get(oid).is_some_and(|order| order.account == id);
                rule(mine, || format!("{id:?}: {oid:?} is open, and not its order"))?;
            }
            for (cloid, oid) in &account.cloids {
                let named = self.orders.get(oid).is_some_and(|order| order.cloid == Some(*cloid));
                rule(named, || format!("{id:?}: {cloid:?} names {oid:?}"))?;
            }
        }
        rule(counted == self.orders.len(), || {
            format!("{counted} orders are open, {} are kept", self.orders.len())
        })?;
        let queued = self.books.iter().flat_map(|book| {
            [Side::Buy, Side::Sell].map(|side| book.levels(side).map(|l| l.n).sum::<usize>())
        });
        let (queued, standing) =
            (queued.sum::<usize>(), self.orders.values().filter(|o| o.in_book()).count());
        rule(queued == standing, || format!("{queued} orders are in books, {standing} should be"))?;
        let waits = |(asset, oid): &(AssetIx, Oid)| {
            self.orders.get(oid).is_some_and(|o| o.asset == *asset && !o.in_book())
        };
        rule(self.triggers.iter().all(waits), || "a trigger is none".into())
    }

    /// What resting orders hold, from the orders themselves.
    fn check_holds(&self) -> Result<(), Broken> {
        let mut held: BTreeMap<(AccountId, AssetIx), Position> = BTreeMap::new();
        for order in self.orders.values().filter(|order| order.in_book()) {
            let value =
                super::notional(order.px, order.sz, self.metas.asset(order.asset).sz_decimals);
            let sums = held.entry((order.account, order.asset)).or_default();
            match (order.reduce_only, order.side) {
                (true, _) => sums.reducing += 1,
                (false, Side::Buy) => sums.bids += value,
                (false, Side::Sell) => sums.asks += value,
            }
        }
        for (id, account) in self.accounts() {
            for (asset, position) in
                account.clearing.iter().flat_map(|clearing| &clearing.positions)
            {
                let sums = held.remove(&(id, *asset)).unwrap_or_default();
                let same = (sums.bids, sums.asks, sums.reducing)
                    == (position.bids, position.asks, position.reducing);
                rule(same, || format!("{id:?} {asset:?}: holds {position:?}, should {sums:?}"))?;
                self.check_reducing(id, *asset, position)?;
            }
            for (token, balance) in &account.spot {
                let hold = balance.hold;
                rule(hold >= Amount::ZERO, || format!("{id:?} {token:?}: holds {hold:?}"))?;
                let covered = account.unlimited || hold <= balance.total;
                rule(covered, || {
                    format!("{id:?} {token:?}: holds {hold:?} of {:?}", balance.total)
                })?;
            }
        }
        let spot = held.keys().all(|(_, asset)| self.metas.asset(*asset).dex().is_none());
        rule(spot, || format!("orders rest whose account knows of none: {:?}", held.keys().next()))
    }

    /// Reduce-only orders never reduce more than there is.
    fn check_reducing(
        &self,
        id: AccountId,
        asset: AssetIx,
        position: &Position,
    ) -> Result<(), Broken> {
        if position.reducing == 0 {
            return Ok(());
        }
        let resting =
            self.open_orders_of(id, asset).filter(|order| order.reduce_only && order.in_book());
        let (mut sum, mut wrong) = (Lots::ZERO, false);
        for order in resting {
            sum += order.sz;
            wrong |= position.szi.signum() != -order.side.sign();
        }
        rule(!wrong && sum <= position.szi.abs(), || {
            format!("{id:?} {asset:?}: {sum:?} may reduce {:?}", position.szi)
        })
    }

    /// The best price at which nobody would trade with itself: for tests of priority.
    pub fn queue_at(&self, asset: AssetIx, side: Side, px: Px) -> Vec<Oid> {
        self.book(asset)
            .level(side, px)
            .map(|level| level.queue.iter().copied().collect())
            .unwrap_or_default()
    }
}

fn rule(holds: bool, why: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(why())) }
}
