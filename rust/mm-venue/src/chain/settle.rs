//! A match becomes two fills and one trade: positions, balances, money and fees (protocol 7.6, 10.4).

use mm_core::ids::Side;
use mm_core::num::Px;

use super::event::{Dir, Event, Fill, LiquidationMark, Trade};
use super::fees::Fee;
use super::metas::Kind;
use super::order::{Order, Tif};
use super::units::{AccountId, Amount, AssetIx, Lots, TokenIx, amount_of, notional};
use super::{BentTid, Chain, FEES, mix};

/// Bits of a trade's name.
const TID_BITS: u32 = 50;

/// What a fill did to an account.
struct Moved {
    start: Amount,
    dir: Dir,
    closed_pnl: Amount,
}

/// One side of a match, before it is booked.
struct Part<'a> {
    order: &'a Order,
    crossed: bool,
    px: Px,
    sz: Lots,
    tid: u64,
    liquidation: Option<LiquidationMark>,
}

impl Chain {
    /// Books a match at the maker's price. Both fills carry one tid; the buyer's comes first.
    pub(super) fn settle(&mut self, taker: &Order, maker: &Order, sz: Lots) {
        let (buyer, seller) = if taker.side == Side::Buy { (taker, maker) } else { (maker, taker) };
        let tid = match self.bent_tid.take() {
            Some(BentTid::Zero) => 0,
            Some(BentTid::Repeated) => self.last_tid,
            None => mix(buyer.oid.0 ^ mix(seller.oid.0)) >> (u64::BITS - TID_BITS),
        };
        self.last_tid = tid;
        let px = maker.px;
        let liquidation = (taker.tif == Tif::LiquidationMarket).then(|| LiquidationMark {
            user: taker.account,
            mark: self.prices(taker.asset).mark,
            backstop: false,
        });
        let tx = self.tx;
        for (order, crossed) in
            [(buyer, taker.side == Side::Buy), (seller, taker.side == Side::Sell)]
        {
            self.fill(tx, &Part { order, crossed, px, sz, tid, liquidation });
        }
        self.prices[usize::from(taker.asset.0)].traded(
            px,
            sz,
            notional(px, sz, self.metas.asset(taker.asset).sz_decimals),
        );
        self.emit(Event::Trade(Trade {
            asset: taker.asset,
            side: taker.side,
            px,
            sz,
            time: self.now,
            tx,
            tid,
            buyer: buyer.account,
            seller: seller.account,
        }));
    }

    /// The venue turns what is below a lot of a spot balance into its quote token: a fill without a trade, of tid 0
    /// and the zero hash. False if there is none.
    pub fn convert_dust(&mut self, id: AccountId, asset: AssetIx) -> bool {
        let meta = self.metas.asset(asset);
        let Kind::Spot { base, quote } = meta.kind else { return false };
        let lot = amount_of(Lots(1), meta.sz_decimals);
        let start = self.account(id).balance(base).total;
        let dust = Amount(start.0.rem_euclid(lot.0));
        if dust.is_zero() {
            return false;
        }
        let px = self.prices(asset).mark;
        let value = notional(px, Lots(1), meta.sz_decimals).share(dust.0, lot.0).cut(8);
        for (who, sign) in [(id, 1), (FEES, -1)] {
            let account = self.account_mut(who);
            account.spot.entry(base).or_default().total -= Amount(dust.0 * sign);
            account.spot.entry(quote).or_default().total += Amount(value.0 * sign);
        }
        let oid = self.new_oid();
        let time = self.now;
        self.tell_fill(
            id,
            Fill {
                asset,
                px,
                sz: Lots::ZERO,
                side: Side::Sell,
                time,
                start,
                dir: Dir::Dust(dust),
                closed_pnl: Amount::ZERO,
                tx: 0,
                oid,
                crossed: false,
                fee: Amount::ZERO,
                fee_token: quote,
                builder_fee: None,
                tid: 0,
                cloid: None,
                liquidation: None,
            },
        );
        true
    }

    /// Remembers and tells a fill of an account that is watched.
    fn tell_fill(&mut self, id: AccountId, fill: Fill) {
        let kept = self.settings.fills_kept;
        let account = self.account_mut(id);
        if !account.watched {
            return;
        }
        if account.history.fills.len() >= kept {
            account.history.fills.pop_front();
        }
        account.history.fills.push_back(fill);
        self.emit(Event::Fill(id, fill));
    }

    fn fill(&mut self, tx: u64, part: &Part<'_>) {
        let Part { order, crossed, px, sz, tid, liquidation } = *part;
        let asset = order.asset;
        let value = notional(px, sz, self.metas.asset(asset).sz_decimals);
        let fee = self.fee(order, crossed, px, sz);
        let mut moved = match self.metas.asset(asset).kind {
            Kind::Perp { dex, .. } => {
                self.move_position(order.account, dex, asset, order.side, px, sz)
            }
            Kind::Spot { base, quote } => {
                self.move_tokens(order.account, asset, base, quote, order.side, px, sz)
            }
        };
        if order.tif == Tif::LiquidationMarket {
            let isolated = !self.leverage(order.account, asset).is_cross;
            moved.dir = Dir::Liquidated(isolated, order.side == Side::Sell);
        }
        self.charge_fee(order, asset, &fee);
        let time = self.now;
        let account = self.account_mut(order.account);
        account.totals.fills += 1;
        account.totals.volume += value;
        account.totals.closed_pnl += moved.closed_pnl;
        if fee.token == super::USDC {
            account.totals.fees += fee.total;
        }
        let today = if crossed { &mut account.today.0 } else { &mut account.today.1 };
        *today += value;
        let fill = Fill {
            asset,
            px,
            sz,
            side: order.side,
            time,
            start: moved.start,
            dir: moved.dir,
            closed_pnl: moved.closed_pnl,
            tx,
            oid: order.oid,
            crossed,
            fee: fee.total,
            fee_token: fee.token,
            builder_fee: fee.builder.map(|(_, part)| part),
            tid,
            cloid: order.cloid,
            liquidation,
        };
        self.tell_fill(order.account, fill);
    }

    /// A perpetual's position and its money. What is bought is paid in full from the account's (maybe negative)
    /// cash, so that the cash of all accounts together never changes; the profit of a closing is for display.
    fn move_position(
        &mut self,
        id: AccountId,
        dex: u8,
        asset: AssetIx,
        side: Side,
        px: Px,
        sz: Lots,
    ) -> Moved {
        let leverage = self.leverage(id, asset);
        let meta = self.metas.asset(asset);
        let (sz_decimals, money) = (meta.sz_decimals, meta.money_decimals());
        let value = |lots: Lots| notional(px, lots, sz_decimals);
        let clearing = &mut self.accounts[id.0 as usize].clearing[usize::from(dex)];
        let position = clearing.positions.entry(asset).or_default();
        let start = position.szi;
        let delta = Lots(if side == Side::Buy { sz.0 } else { -sz.0 });
        let closing =
            if start.signum() == -delta.signum() { start.abs().min(sz) } else { Lots::ZERO };
        let opening = sz - closing;
        let cost = position.entry.share(i128::from(closing.0), i128::from(start.abs().0));
        let gain = value(closing) - cost;
        let closed_pnl = Amount(gain.0 * start.signum()).round(money);
        position.entry += value(opening) - cost;
        position.szi += delta;
        position.funding_change = Amount::ZERO;
        if position.szi.is_zero() || position.szi.signum() == -start.signum() {
            position.funding_open = Amount::ZERO;
        }
        if position.szi.is_zero() {
            position.entry = Amount::ZERO;
        }
        let paid = Amount(value(sz).0 * delta.signum());
        move_money(clearing, asset, paid, &Legs { start, closing, opening }, value, leverage);
        self.prices[usize::from(asset.0)].position_moved(start, start + delta);
        let dir = direction(start, delta);
        Moved { start: amount_of(start, sz_decimals), dir, closed_pnl }
    }

    /// A spot trade: tokens against tokens.
    #[allow(clippy::too_many_arguments)] // a trade has as many parts
    fn move_tokens(
        &mut self,
        id: AccountId,
        asset: AssetIx,
        base: TokenIx,
        quote: TokenIx,
        side: Side,
        px: Px,
        sz: Lots,
    ) -> Moved {
        let meta = self.metas.asset(asset);
        let (value, size) = (notional(px, sz, meta.sz_decimals), amount_of(sz, meta.sz_decimals));
        let money = meta.money_decimals();
        let account = self.account_mut(id);
        account.spot.entry(quote).or_default().total -= Amount(value.0 * side.sign());
        let balance = account.spot.entry(base).or_default();
        let start = balance.total;
        balance.total += Amount(size.0 * side.sign());
        match side {
            Side::Buy => {
                balance.entry += value;
                Moved { start, dir: Dir::Buy, closed_pnl: Amount::ZERO }
            }
            Side::Sell => {
                let cost = balance.entry.share(size.0.min(start.0), start.0);
                balance.entry -= cost;
                Moved { start, dir: Dir::Sell, closed_pnl: (value - cost).round(money) }
            }
        }
    }

    /// Takes the fee from whoever pays it and gives it to whom it belongs.
    fn charge_fee(&mut self, order: &Order, asset: AssetIx, fee: &Fee) {
        let dex = self.metas.asset(asset).dex();
        self.give(order.account, dex, asset, fee.token, -fee.total);
        let mut rest = fee.total;
        if let Some((builder, part)) = fee.builder {
            self.give(builder, dex, asset, fee.token, part);
            rest -= part;
        }
        if let Some((deployer, part)) = fee.deployer {
            self.give(deployer, dex, asset, fee.token, part);
            rest -= part;
        }
        self.give(FEES, dex, asset, fee.token, rest);
    }

    /// Gives an account money on a dex, or a token.
    pub(super) fn give(
        &mut self,
        id: AccountId,
        dex: Option<u8>,
        asset: AssetIx,
        token: TokenIx,
        amount: Amount,
    ) {
        let account = self.account_mut(id);
        let Some(dex) = dex else {
            account.spot.entry(token).or_default().total += amount;
            return;
        };
        let clearing = &mut account.clearing[usize::from(dex)];
        match clearing.positions.get_mut(&asset).and_then(|position| position.isolated.as_mut()) {
            Some(inside) => *inside += amount,
            None => clearing.cash += amount,
        }
    }
}

/// How a trade splits.
struct Legs {
    start: Lots,
    closing: Lots,
    opening: Lots,
}

/// Pays for a trade from the account or, if its margin is isolated, from the position.
///
/// An isolated position takes its initial margin in when it opens, and gives its share of what it is worth back
/// when it closes.
fn move_money(
    clearing: &mut super::Clearing,
    asset: AssetIx,
    paid: Amount,
    legs: &Legs,
    value: impl Fn(Lots) -> Amount,
    leverage: super::Leverage,
) {
    let Some(position) = clearing.positions.get_mut(&asset) else { return };
    if leverage.is_cross && position.isolated.is_none() {
        clearing.cash -= paid;
        return;
    }
    let inside = position.isolated.get_or_insert(Amount::ZERO);
    let worth = *inside + Amount(value(legs.start.abs()).0 * legs.start.signum());
    let released = worth.share(i128::from(legs.closing.0), i128::from(legs.start.abs().0));
    let margin = Amount(value(legs.opening).0 / i128::from(leverage.value.max(1)));
    *inside += margin - paid - released;
    clearing.cash += released - margin;
    if position.szi.is_zero() {
        clearing.cash += *inside;
        position.isolated = None;
    }
}

fn direction(start: Lots, delta: Lots) -> Dir {
    let end = start + delta;
    match (start.signum(), end.signum()) {
        (1, -1) => Dir::LongToShort,
        (-1, 1) => Dir::ShortToLong,
        (0 | 1, _) if delta.0 > 0 => Dir::OpenLong,
        (1, _) => Dir::CloseLong,
        (0 | -1, _) if delta.0 < 0 => Dir::OpenShort,
        _ => Dir::CloseShort,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_told_from_where_it_begins() {
        for (start, delta, dir) in [
            (0, 5, Dir::OpenLong),
            (3, 5, Dir::OpenLong),
            (3, -3, Dir::CloseLong),
            (3, -5, Dir::LongToShort),
            (0, -5, Dir::OpenShort),
            (-3, -1, Dir::OpenShort),
            (-3, 3, Dir::CloseShort),
            (-3, 5, Dir::ShortToLong),
        ] {
            assert_eq!(direction(Lots(start), Lots(delta)), dir, "{start} {delta}");
        }
    }
}
