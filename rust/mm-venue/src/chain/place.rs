//! Placing orders: the checks before matching, the rules of the book, and the reply (protocol 3.2, 4.1, 8).

use mm_core::ids::{Oid, Side};
use mm_core::num::Px;

use super::Chain;
use super::action::{Grouping, NewOrder, Type};
use super::event::{OrderReply, Reply};
use super::metas::Kind;
use super::order::{Builder, Order, Phase, Tif, Trigger};
use super::units::{AccountId, Address, Amount, AssetIx, Lots, notional};
use super::words::{Refusal, Status};

/// What is asked of orders of one action alike.
#[derive(Clone, Copy, Default)]
pub(super) struct Manner {
    /// Whom a part of the fee goes to.
    pub(super) builder: Option<Builder>,
    /// The parent of a TP/SL group.
    pub(super) parent: Option<Oid>,
    /// Set for the whole position.
    pub(super) position_tpsl: bool,
    /// Good-till-cancelled adds liquidity only: the manner of a modify.
    pub(super) alo: bool,
}

/// An order that passed the checks before matching; it has no name yet.
pub(super) type Draft = Order;

impl Chain {
    pub(super) fn place_all(
        &mut self,
        id: AccountId,
        orders: &[NewOrder],
        grouping: Grouping,
        builder: Option<(Address, u32)>,
    ) -> Reply {
        if orders.is_empty() {
            return Reply::Err("Order list is empty.".into());
        }
        let manner = match self.builder(id, orders, builder) {
            Ok(builder) => Manner {
                builder,
                position_tpsl: grouping == Grouping::PositionTpsl,
                ..Manner::default()
            },
            Err(refusal) => return whole(refusal.answer(orders[0].asset)),
        };
        let drafts: Vec<_> = orders.iter().map(|new| self.draft(id, new, manner)).collect();
        if self.settings.batch_refused_whole
            && let Some((new, refusal)) =
                orders.iter().zip(&drafts).find_map(|(new, d)| d.err().map(|r| (new, r)))
        {
            return whole(refusal.answer(new.asset));
        }
        let mut parent = None;
        let mut replies = Vec::with_capacity(orders.len());
        for (new, draft) in orders.iter().zip(drafts) {
            let reply = draft.and_then(|draft| {
                let group = if grouping == Grouping::NormalTpsl { parent } else { None };
                self.place(Order { group, ..draft })
            });
            if grouping == Grouping::NormalTpsl && parent.is_none() {
                parent = match &reply {
                    Ok(OrderReply::Resting(oid, _) | OrderReply::Filled { oid, .. }) => Some(*oid),
                    _ => Some(Oid(0)), // refused: its children have nothing to wait for
                };
            }
            replies
                .push(reply.unwrap_or_else(|refusal| OrderReply::Error(refusal.answer(new.asset))));
        }
        Reply::Orders(replies)
    }

    fn builder(
        &self,
        id: AccountId,
        orders: &[NewOrder],
        builder: Option<(Address, u32)>,
    ) -> Result<Option<Builder>, Refusal> {
        let Some((address, tenths)) = builder else { return Ok(None) };
        let perps = orders.iter().any(|o| {
            self.metas.by_id(o.asset).is_some_and(|ix| self.metas.asset(ix).dex().is_some())
        });
        let most = if perps { 100 } else { 1_000 };
        let approved = self.account(id).builders.get(&address).copied().unwrap_or(0);
        match self.by_address(address) {
            Some(account) if tenths <= approved.min(most) => Ok(Some(Builder { account, tenths })),
            _ => Err(Refusal::BuilderFee),
        }
    }

    /// The checks before matching: what they refuse uses no oid and is not told on any stream.
    pub(super) fn draft(
        &self,
        id: AccountId,
        new: &NewOrder,
        manner: Manner,
    ) -> Result<Draft, Refusal> {
        let asset = self.metas.by_id(new.asset).ok_or(Refusal::InvalidAsset)?;
        let meta = self.metas.asset(asset);
        if meta.delisted {
            return Err(Refusal::InvalidAsset);
        }
        let px = new.px.ok_or(Refusal::InvalidPrice)?;
        let size = new.sz.ok_or(Refusal::InvalidSize)?;
        if size.0 == 0 {
            return Err(Refusal::ZeroSize);
        }
        let sz = meta.lots(size).ok_or(Refusal::InvalidSize)?;
        let (tif, trigger) = match new.kind {
            Type::Limit(Tif::Gtc) if manner.alo => (Tif::Alo, None),
            Type::Limit(tif) => (tif, None),
            Type::Trigger { is_market, px, take_profit } => {
                let px = px.ok_or(Refusal::BadTrigger)?;
                let tif = if is_market { Tif::FrontendMarket } else { Tif::Gtc };
                (tif, Some(Trigger { px, is_market, take_profit, phase: Phase::Armed }))
            }
        };
        let away = i128::from(self.prices(asset).mark.0 - px.0).abs() * 100;
        if away > i128::from(self.prices(asset).mark.0) * i128::from(self.settings.band_percent) {
            return Err(Refusal::Band(self.settings.band_percent));
        }
        let most = largest(meta.kind, tif);
        if notional(px, sz, meta.sz_decimals) > Amount::whole(most) {
            return Err(Refusal::TooLarge(most));
        }
        if self.now < self.post_only_until && tif != Tif::Alo {
            return Err(Refusal::PostOnlyPeriod);
        }
        Ok(Order {
            oid: Oid(0),
            account: id,
            asset,
            side: new.side,
            px,
            sz,
            orig: sz,
            filled: Lots::ZERO,
            tif,
            reduce_only: new.reduce_only,
            cloid: new.cloid,
            created: self.now,
            trigger,
            position_tpsl: manner.position_tpsl,
            group: manner.parent,
            builder: manner.builder,
        })
    }

    /// Gives a draft its name and carries it out. A refusal from here on is recorded under that name.
    pub(super) fn place(&mut self, draft: Draft) -> Result<OrderReply, Refusal> {
        let order = Order { oid: self.new_oid(), ..draft };
        match self.admit(order) {
            Ok(order) if order.trigger.is_some() => Ok(self.set_trigger(order)),
            Ok(order) => self.work(order),
            Err(refusal) => Err(self.refuse(order, refusal)),
        }
    }

    /// Records a refusal that has a status.
    pub(super) fn refuse(&mut self, order: Order, refusal: Refusal) -> Refusal {
        if let Some(status) = refusal.status() {
            self.record(Order { sz: order.orig, ..order }, status);
        }
        refusal
    }

    /// The rules of the book, in the order in which they are looked at. A reduce-only order comes back trimmed.
    pub(super) fn admit(&self, order: Order) -> Result<Order, Refusal> {
        let meta = self.metas.asset(order.asset);
        if !meta.on_tick(order.px) || order.trigger.is_some_and(|trigger| !meta.on_tick(trigger.px))
        {
            return Err(Refusal::Tick);
        }
        let szi =
            meta.dex().map_or(Lots::ZERO, |dex| self.account(order.account).szi(dex, order.asset));
        let against = szi.signum() == -order.side.sign();
        let closes =
            against && (order.sz == szi.abs() || (order.reduce_only && order.sz >= szi.abs()));
        let value = notional(order.px, order.sz, meta.sz_decimals);
        if value < self.settings.min_value && !closes {
            return Err(Refusal::MinValue(self.settings.min_value));
        }
        let open = self.account(order.account).open.len();
        if open >= self.open_orders_cap(order.account)
            || (open >= self.settings.open_orders && (order.reduce_only || order.trigger.is_some()))
        {
            return Err(Refusal::OpenOrders);
        }
        if order.trigger.is_some() {
            return self.admit_trigger(order);
        }
        let mut order = order;
        if order.reduce_only {
            if !against || meta.dex().is_none() {
                return Err(Refusal::ReduceOnly);
            }
            order.sz = order.sz.min(szi.abs());
        }
        if order.tif == Tif::Alo && self.book(order.asset).crosses(order.side, order.px) {
            let book = self.book(order.asset);
            return Err(Refusal::WouldMatch(book.best(Side::Buy), book.best(Side::Sell)));
        }
        self.can_afford(&order)?;
        Ok(order)
    }

    /// Matches an admitted order; what is left rests or is gone.
    pub(super) fn work(&mut self, order: Order) -> Result<OrderReply, Refusal> {
        let before = order;
        let (order, paid) = self.sweep(order);
        if order.filled.is_zero() && !order.tif.rests() {
            let refusal =
                if order.tif == Tif::Ioc { Refusal::NoMatch } else { Refusal::NoLiquidity };
            return Err(self.refuse(order, refusal));
        }
        // `open` is told with the size before matching, and once only.
        self.record(Order { sz: before.sz, filled: Lots::ZERO, ..order }, Status::Open);
        let reply = if order.filled.is_zero() {
            OrderReply::Resting(order.oid, order.cloid)
        } else {
            OrderReply::Filled {
                total: order.filled,
                sz_decimals: self.metas.asset(order.asset).sz_decimals,
                average: mean(paid, order.filled),
                oid: order.oid,
                cloid: order.cloid,
            }
        };
        self.after_sweep(order);
        Ok(reply)
    }

    /// Puts the rest of a swept order where it belongs.
    pub(super) fn after_sweep(&mut self, order: Order) {
        if order.sz.is_zero() {
            self.ended(&order, Status::Filled);
        } else if order.tif.rests() {
            self.rest(order);
        } else {
            let status = match self.settings.ioc_rest {
                super::IocRest::Canceled => Status::Canceled,
                super::IocRest::Filled => Status::Filled,
            };
            self.ended(&order, status);
        }
    }

    /// Puts an order into the book.
    pub(super) fn rest(&mut self, order: Order) {
        self.book_mut(order.asset).insert(order.side, order.px, order.oid, order.sz);
        self.hold(&order, order.sz, 1);
        self.count_reducing(&order, true);
        self.remember(order);
        if order.reduce_only {
            self.trim_reducing(order.account, order.asset);
        }
    }

    /// Makes an order live: it can be found by its names.
    pub(super) fn remember(&mut self, order: Order) {
        let account = self.account_mut(order.account);
        account.open.insert(order.oid);
        if let Some(cloid) = order.cloid {
            account.cloids.insert(cloid, order.oid);
        }
        self.orders.insert(order.oid, order);
    }
}

/// One error that stands for the whole batch.
fn whole(text: String) -> Reply {
    Reply::Orders(vec![OrderReply::Error(text)])
}

/// Mean of the prices paid, `paid` being the sum of price times lots.
fn mean(paid: i128, lots: Lots) -> Px {
    let lots = i128::from(lots.0);
    Px(i64::try_from((paid + lots / 2) / lots.max(1)).unwrap_or(i64::MAX))
}

/// The largest value of one order in whole quote units: what a market order may have, or ten times as much.
fn largest(kind: Kind, tif: Tif) -> i64 {
    let market = match kind {
        Kind::Perp { max_leverage: 25.., .. } => 15_000_000,
        Kind::Perp { max_leverage: 20.., .. } => 5_000_000,
        Kind::Perp { max_leverage: 10.., .. } => 2_000_000,
        _ => 500_000,
    };
    if tif.rests() { 10 * market } else { market }
}

impl Chain {
    /// Whether any other order is at this asset: for audits.
    pub fn open_orders_of(&self, id: AccountId, asset: AssetIx) -> impl Iterator<Item = &Order> {
        self.account(id)
            .open
            .iter()
            .filter_map(|oid| self.orders.get(oid))
            .filter(move |o| o.asset == asset)
    }
}
