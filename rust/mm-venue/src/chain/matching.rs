//! Price-time matching in one book (protocol 10.3).

use mm_core::ids::Oid;

use super::Chain;
use super::order::Order;
use super::units::{AccountId, AssetIx, Lots};
use super::words::Status;

impl Chain {
    /// Matches an order against the book as far as its limit goes; gives back what is left of it, and the sum of
    /// price times lots.
    ///
    /// The owner's own resting orders in the way are cancelled (expire maker), and so are makers that could not
    /// carry the position.
    pub(super) fn sweep(&mut self, mut order: Order) -> (Order, i128) {
        let mut paid = 0i128;
        let against = order.side.opposite();
        while !order.sz.is_zero() && self.book(order.asset).crosses(order.side, order.px) {
            let Some((px, maker_oid)) = self.book(order.asset).first(against) else { break };
            let Some(maker) = self.orders.get(&maker_oid).copied() else { break };
            if maker.account == order.account {
                self.close(&maker, Status::SelfTradeCanceled);
                self.told_non_user_cancel(&maker);
                continue;
            }
            let sz = maker.sz.min(order.sz);
            if !self.maker_can_carry(&maker, sz) {
                self.close(&maker, Status::MarginCanceled);
                self.told_non_user_cancel(&maker);
                continue;
            }
            paid += i128::from(px.0) * i128::from(sz.0);
            self.match_with(&mut order, maker, sz);
            if order.reduce_only {
                order.sz = order.sz.min(self.can_reduce(&order));
            }
        }
        (order, paid)
    }

    /// One match: the maker's order shrinks, both sides are settled, then reduce-only orders are trimmed.
    fn match_with(&mut self, taker: &mut Order, mut maker: Order, sz: Lots) {
        maker.sz -= sz;
        maker.filled += sz;
        taker.sz -= sz;
        taker.filled += sz;
        self.hold(&maker, sz, -1);
        if maker.sz.is_zero() {
            self.book_mut(maker.asset).remove(maker.side, maker.px, maker.oid, sz);
            self.forget(&maker);
        } else {
            self.book_mut(maker.asset).reduce(maker.side, maker.px, sz);
            self.orders.insert(maker.oid, maker);
        }
        self.settle(taker, &maker, sz);
        if maker.sz.is_zero() {
            self.ended(&maker, Status::Filled);
        }
        self.trim_reducing(maker.account, maker.asset);
        self.trim_reducing(taker.account, taker.asset);
    }

    /// An order that is in no book any more ends: it is recorded, and what hangs on it follows.
    pub(super) fn ended(&mut self, order: &Order, status: Status) {
        self.record(*order, status);
        self.group_ended(order, status);
    }

    /// Takes a live order out of everything but the book.
    pub(super) fn forget(&mut self, order: &Order) {
        self.count_reducing(order, false);
        self.orders.remove(&order.oid);
        self.triggers.remove(&(order.asset, order.oid));
        let account = self.account_mut(order.account);
        account.open.remove(&order.oid);
        if let Some(cloid) = order.cloid
            && account.cloids.get(&cloid) == Some(&order.oid)
        {
            account.cloids.remove(&cloid);
        }
    }

    /// How much a reduce-only order of this side could still reduce.
    fn can_reduce(&self, order: &Order) -> Lots {
        let dex = self.metas.asset(order.asset).dex().unwrap_or(0);
        let szi = self.account(order.account).szi(dex, order.asset);
        if szi.signum() == -order.side.sign() { szi.abs() } else { Lots::ZERO }
    }

    /// Reduce-only orders of an account are cut to what they can reduce: the newest keeps, older ones give way.
    ///
    /// A smaller one tells nothing; one with nothing left is cancelled (`reduceOnlyCanceled`).
    pub(super) fn trim_reducing(&mut self, id: AccountId, asset: AssetIx) {
        let Some(dex) = self.metas.asset(asset).dex() else { return };
        let position = self.account(id).clearing[usize::from(dex)].positions.get(&asset);
        let Some(position) = position.filter(|position| position.reducing > 0) else { return };
        let szi = position.szi;
        let mut room = szi.abs();
        let resting: Vec<Oid> = self.account(id).open.iter().rev().copied().collect();
        for oid in resting {
            let Some(order) = self.orders.get(&oid).copied() else { continue };
            if order.asset != asset || !order.reduce_only || !order.in_book() {
                continue;
            }
            let can =
                if szi.signum() == -order.side.sign() { room.min(order.sz) } else { Lots::ZERO };
            room -= can;
            if can.is_zero() {
                self.close(&order, Status::ReduceOnlyCanceled);
            } else if can < order.sz {
                self.book_mut(asset).reduce(order.side, order.px, order.sz - can);
                self.orders.insert(oid, Order { sz: can, ..order });
            }
        }
    }
}
