//! Orders that end: asked for by their owner or by the venue (protocol 3.3, 5).

use mm_core::ids::Oid;

use super::Chain;
use super::action::Target;
use super::event::{Event, Reply};
use super::order::Order;
use super::units::{AccountId, AssetIx, Lots};
use super::words::{Refusal, Status};

impl Chain {
    pub(super) fn cancel_each(&mut self, id: AccountId, cancels: &[(u32, Target)]) -> Reply {
        if cancels.is_empty() {
            return Reply::Err("Cancel list is empty.".into());
        }
        let mut outcomes = Vec::with_capacity(cancels.len());
        for (asset, target) in cancels {
            let found = self
                .find_live(id, *target)
                .filter(|order| self.metas.asset(order.asset).id == *asset);
            outcomes.push(match found {
                Some(order) => {
                    self.close(&order, Status::Canceled);
                    None
                }
                None => Some(Refusal::NotLive.answer(*asset)),
            });
        }
        Reply::Cancels(outcomes)
    }

    /// A live order of an account. A name that is shared by two means the newer one.
    pub(super) fn find_live(&self, id: AccountId, target: Target) -> Option<Order> {
        let oid = match target {
            Target::Oid(oid) => oid,
            Target::Cloid(cloid) => match self.account(id).cloids.get(&cloid) {
                Some(oid) => *oid,
                None => self.open_by_cloid(id, cloid)?,
            },
        };
        self.orders.get(&oid).copied().filter(|order| order.account == id)
    }

    /// An older order whose name a newer, ended one had taken.
    fn open_by_cloid(&self, id: AccountId, cloid: mm_core::ids::Cloid) -> Option<Oid> {
        let open = self.account(id).open.iter().rev();
        open.copied()
            .find(|oid| self.orders.get(oid).is_some_and(|order| order.cloid == Some(cloid)))
    }

    /// Ends a live order, wherever it is.
    pub(super) fn close(&mut self, order: &Order, status: Status) {
        if order.in_book() {
            self.book_mut(order.asset).remove(order.side, order.px, order.oid, order.sz);
            self.hold(order, order.sz, -1);
        }
        self.forget(order);
        self.ended(order, status);
    }

    /// Ends every live order of an account.
    pub(super) fn cancel_all(&mut self, id: AccountId, status: Status) {
        let open: Vec<Oid> = self.account(id).open.iter().copied().collect();
        for oid in open {
            // A parent's end may have ended its children already.
            if let Some(order) = self.orders.get(&oid).copied() {
                self.close(&order, status);
                self.told_non_user_cancel(&order);
            }
        }
    }

    /// An order in the book gets smaller and keeps its place, which no account can ask for: a recorded queue that shrinks
    /// (`market::Replay`). False if it is not there or nothing would be left.
    pub fn shrink(&mut self, oid: Oid, by: Lots) -> bool {
        let Some(order) = self.orders.get(&oid).copied() else { return false };
        if !order.in_book() || by <= Lots::ZERO || by >= order.sz {
            return false;
        }
        self.book_mut(order.asset).reduce(order.side, order.px, by);
        self.hold(&order, by, -1);
        if let Some(order) = self.orders.get_mut(&oid) {
            order.sz -= by;
            order.orig -= by;
        }
        self.trace.note(&(oid, by));
        true
    }

    /// The venue ends an order for a reason of its own: a fault to be injected. False if it is not live.
    pub fn venue_cancel(&mut self, oid: Oid, status: Status) -> bool {
        let Some(order) = self.orders.get(&oid).copied() else { return false };
        self.close(&order, status);
        self.told_non_user_cancel(&order);
        true
    }

    /// A market is no more: its orders end (`delistedCanceled`), its number and the positions in it stay.
    pub fn delist(&mut self, asset: AssetIx) {
        self.metas.assets[usize::from(asset.0)].delisted = true;
        let orders: Vec<Oid> = self
            .orders
            .values()
            .filter(|order| order.asset == asset)
            .map(|order| order.oid)
            .collect();
        for oid in orders {
            self.venue_cancel(oid, Status::DelistedCanceled);
        }
    }

    /// `orderStatus` and `historicalOrders` forget an order that has ended.
    pub fn forget_records(&mut self, id: AccountId, oid: Oid) {
        self.account_mut(id).history.records.retain(|record| record.order.oid != oid);
    }

    pub(super) fn told_non_user_cancel(&mut self, order: &Order) {
        if self.account(order.account).watched {
            self.emit(Event::NonUserCancel(order.account, order.asset, order.oid));
        }
    }
}
