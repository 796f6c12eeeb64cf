//! One of the other makers: a ladder around what it believes, kept as it is while it is nearly right.

use mm_core::ids::{Cloid, Ms, Side};
use mm_core::num::Px;

use super::dice::{Dice, ONE};
use super::habits::Habits;
use crate::chain::{
    AccountId, Action, AssetIx, Chain, Grouping, Lots, NewOrder, Target, Tif, Type,
};

/// A maker and its habits.
#[derive(Clone, Debug)]
pub(super) struct Maker {
    /// Its account.
    pub(super) account: AccountId,
    dice: Dice,
    lag_ms: Ms,
    half: i64,
    opinion: i64,
    /// When it looks again.
    pub(super) looks: Ms,
}

impl Maker {
    /// The `number`th of `habits.makers`: the first is the narrowest and quickest.
    pub(super) fn new(
        account: AccountId,
        number: u32,
        seed: u64,
        now: Ms,
        habits: &Habits,
    ) -> Self {
        let mut dice = Dice::new(seed, 100 + u64::from(number));
        let rank = u64::from(number) + 1;
        let of = u64::from(habits.makers.max(1));
        Self {
            account,
            lag_ms: habits.lag_ms * rank / of,
            half: i64::from(habits.half) * (1 + i64::from(number / 2)),
            opinion: 0,
            looks: now + dice.below(habits.look_every_ms.max(1)),
            dice,
        }
    }

    /// How old the news is that it sees.
    pub(super) const fn lag_ms(&self) -> Ms {
        self.lag_ms
    }

    /// Looks at the market and says what it asks of the venue: first what to take away, then what to put.
    pub(super) fn look(
        &mut self,
        chain: &Chain,
        ix: AssetIx,
        seen: Px,
        now: Ms,
        habits: &Habits,
    ) -> Vec<Action> {
        self.looks = now + 1 + self.dice.waiting(habits.look_every_ms);
        // Opinions wander and come back: a quarter is forgotten at each look.
        let news = i128::from(self.dice.normal()) * i128::from(habits.opinion) / i128::from(ONE);
        self.opinion = self.opinion * 3 / 4 + i64::try_from(news).unwrap_or(0);
        let asset = chain.metas().asset(ix);
        let account = chain.account(self.account);
        let held = usd(account.szi(asset.dex().unwrap_or(0), ix), seen, asset.sz_decimals);
        let lean = held * i128::from(habits.lean) / i128::from(habits.capacity_usd.max(1));
        let lean =
            i64::try_from(lean.clamp(-3 * i128::from(habits.lean), 3 * i128::from(habits.lean)))
                .unwrap_or(0);
        let view = moved(seen, self.opinion - lean);

        let mut wanted = self.ladder(chain, ix, view, habits);
        let mut wrong = Vec::new();
        for order in account
            .open
            .iter()
            .filter_map(|oid| chain.order(*oid))
            .filter(|order| order.asset == ix)
        {
            let near = moved(order.px, i64::from(habits.patience)).0 - order.px.0;
            let fits = wanted
                .iter()
                .position(|(side, px)| *side == order.side && (px.0 - order.px.0).abs() <= near);
            match fits {
                Some(place) => drop(wanted.swap_remove(place)),
                None => wrong.push((asset.id, Target::Oid(order.oid))),
            }
        }
        let orders: Vec<NewOrder> = wanted
            .into_iter()
            .filter_map(|(side, px)| {
                let size = self.dice.log_normal(u64::from(habits.quote_usd), habits.quote_sigma);
                let lots = lots(size.max(11), px, asset.sz_decimals)?;
                Some(order(asset.id, side, px, lots, asset.sz_decimals, Tif::Alo))
            })
            .collect();
        let mut actions = Vec::new();
        if !wrong.is_empty() {
            actions.push(Action::Cancel(wrong));
        }
        if !orders.is_empty() {
            actions.push(Action::Order { orders, grouping: Grouping::Na, builder: None });
        }
        actions
    }

    /// The prices that it wants to stand at, the best first; none that would take.
    fn ladder(&self, chain: &Chain, ix: AssetIx, view: Px, habits: &Habits) -> Vec<(Side, Px)> {
        let (asset, book) = (chain.metas().asset(ix), chain.book(ix));
        let mut wanted = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            let mut last = None;
            for level in 0..habits.levels {
                let away = self.half + i64::from(level) * i64::from(habits.step);
                let away = if side == Side::Buy { -away } else { away };
                let mut px = asset.round_px(moved(view, away), side == Side::Buy);
                if let Some(best) = book.best(side.opposite()).filter(|_| book.crosses(side, px)) {
                    let step = asset.tick(best);
                    px = Px(if side == Side::Buy { best.0 - step } else { best.0 + step });
                }
                if px.0 > 0 && last != Some(px) {
                    wanted.push((side, px));
                    last = Some(px);
                }
            }
        }
        wanted
    }
}

/// A price moved by so many millionths of itself.
#[allow(clippy::cast_possible_truncation)] // some thousandths more than it was
pub(super) fn moved(px: Px, millionths: i64) -> Px {
    Px(px.0 + (i128::from(px.0) * i128::from(millionths) / 1_000_000) as i64)
}

/// What so many lots are worth, in whole USD.
pub(super) fn usd(lots: Lots, px: Px, sz_decimals: u32) -> i128 {
    i128::from(lots.0) * i128::from(px.0) / 10i128.pow(8 + sz_decimals)
}

/// How many lots so many USD buy; none if less than one.
pub(super) fn lots(usd: u64, px: Px, sz_decimals: u32) -> Option<Lots> {
    let lots = i128::from(usd) * 10i128.pow(8 + sz_decimals) / i128::from(px.0.max(1));
    i64::try_from(lots).ok().filter(|lots| *lots > 0).map(Lots)
}

/// An ordinary limit order.
pub(super) fn order(
    asset: u32,
    side: Side,
    px: Px,
    lots: Lots,
    sz_decimals: u32,
    tif: Tif,
) -> NewOrder {
    let sz = mm_core::num::Sz(i128::from(lots.0) * 10i128.pow(10 - sz_decimals));
    let cloid: Option<Cloid> = None;
    NewOrder {
        asset,
        side,
        px: Some(px),
        sz: Some(sz),
        reduce_only: false,
        kind: Type::Limit(tif),
        cloid,
    }
}
