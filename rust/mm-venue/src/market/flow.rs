//! A generated market: a fair price, other makers, takers who know it and takers who do not.

use mm_core::ids::{Ms, Side};
use mm_core::num::Px;

use super::dice::Dice;
use super::fair::Fair;
use super::habits::Habits;
use super::maker::{Maker, lots, moved, order};
use crate::chain::{
    AccountId, Action, AssetIx, By, Chain, Grouping, Lots, Submission, Ticket, Tif,
};

/// Takers are drawn from so many accounts.
const TAKERS: u32 = 200;
/// A taker goes at most so far, in millionths.
const SLIP: i64 = 5_000;
/// The smallest order that the venue takes, with room for rounding.
const LEAST_USD: u64 = 11;

/// The traders of one market.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Which market.
    pub asset: AssetIx,
    habits: Habits,
    dice: Dice,
    fair: Fair,
    makers: Vec<Maker>,
    takers: Vec<AccountId>,
    walks: Ms,
    takes: Ms,
}

impl Flow {
    /// Opens the traders' accounts. `seed` decides all that they will ever do, as far as others let them.
    pub fn new(chain: &mut Chain, asset: AssetIx, habits: Habits, seed: u64) -> Self {
        let (now, start) = (chain.now(), chain.metas().asset(asset).start);
        let seed = seed ^ u64::from(asset.0) << 32;
        let makers = (0..habits.makers)
            .map(|number| Maker::new(trader(chain, asset, number), number, seed, now, &habits))
            .collect();
        let takers = (0..TAKERS).map(|number| trader(chain, asset, 1_000 + number)).collect();
        let mut dice = Dice::new(seed, 2);
        let takes = now + dice.waiting(habits.take_every_ms);
        let fair = Fair::new(start, seed, now, &habits);
        Self { asset, habits, dice, fair, makers, takers, walks: now + habits.fair_every_ms, takes }
    }

    /// When somebody acts next.
    pub fn next(&self) -> Ms {
        let looks = self.makers.iter().map(|maker| maker.looks).min().unwrap_or(Ms::MAX);
        self.walks.min(self.takes).min(looks)
    }

    /// The fair price.
    pub fn fair(&self) -> Px {
        self.fair.px()
    }

    /// Everybody whose time has come acts: into the mempool of the block at `now`.
    pub fn act(&mut self, chain: &mut Chain, now: Ms) {
        if now >= self.walks {
            self.walks = now + self.habits.fair_every_ms;
            self.fair.walk(now, &self.habits);
            chain.set_oracle(self.asset, self.fair.px());
            self.snipe(chain);
        }
        for place in 0..self.makers.len() {
            let maker = &mut self.makers[place];
            if now < maker.looks {
                continue;
            }
            let seen = self.fair.at(now.saturating_sub(maker.lag_ms()));
            let (account, actions) =
                (maker.account, maker.look(chain, self.asset, seen, now, &self.habits));
            for action in actions {
                submit(chain, account, action);
            }
        }
        while now >= self.takes {
            let busy = if self.fair.busy() { u64::from(self.habits.busy.max(1)) } else { 1_000 };
            self.takes += 1 + self.dice.waiting(self.habits.take_every_ms * 1_000 / busy);
            self.take(chain);
        }
    }

    /// Somebody wants in or out, and knows why or does not.
    fn take(&mut self, chain: &mut Chain) {
        let book = chain.book(self.asset);
        let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) else { return };
        let knows = self.dice.permille(self.habits.informed);
        let buys =
            if knows { self.fair.px().0 * 2 > bid.0 + ask.0 } else { self.dice.permille(500) };
        let side = if buys { Side::Buy } else { Side::Sell };
        let usd = self
            .dice
            .log_normal(u64::from(self.habits.take_usd), self.habits.take_sigma)
            .max(LEAST_USD);
        let limit = if buys { moved(ask, SLIP) } else { moved(bid, -SLIP) };
        self.ioc(chain, side, limit, usd);
    }

    /// When the fair price is beyond the touch, somebody takes what is wrong.
    fn snipe(&mut self, chain: &mut Chain) {
        let book = chain.book(self.asset);
        for side in [Side::Buy, Side::Sell] {
            let away = i64::from(self.habits.snipe);
            let limit = moved(self.fair.px(), if side == Side::Buy { -away } else { away });
            if book.crosses(side, limit) && self.dice.permille(self.habits.sniped) {
                let asset = chain.metas().asset(self.asset);
                let wrong = super::maker::usd(book.depth(side, limit), limit, asset.sz_decimals);
                let most = self
                    .dice
                    .log_normal(8 * u64::from(self.habits.take_usd), self.habits.take_sigma / 2);
                let usd = u64::try_from(wrong).unwrap_or(0).min(most).max(LEAST_USD);
                self.ioc(chain, side, limit, usd);
                return;
            }
        }
    }

    fn ioc(&mut self, chain: &mut Chain, side: Side, limit: Px, usd: u64) {
        let asset = chain.metas().asset(self.asset);
        let px = asset.round_px(limit, side == Side::Buy);
        let size: Option<Lots> = lots(usd, px, asset.sz_decimals);
        if let Some(size) = size {
            let taken = order(asset.id, side, px, size, asset.sz_decimals, Tif::Ioc);
            let who = self.takers[usize::try_from(self.dice.below(u64::from(TAKERS))).unwrap_or(0)];
            submit(
                chain,
                who,
                Action::Order { orders: vec![taken], grouping: Grouping::Na, builder: None },
            );
        }
    }
}

/// The `number`th trader of a market: an account of its own.
pub(super) fn trader(chain: &mut Chain, asset: AssetIx, number: u32) -> AccountId {
    chain.open_trader(u64::from(asset.0) << 32 | u64::from(number))
}

/// A trader's action needs no signature, no nonce and no answer.
pub(super) fn submit(chain: &mut Chain, account: AccountId, action: Action) {
    let by = By::Account(account);
    chain.submit(Submission { ticket: Ticket(0), by, nonce: 0, expires_after: None, action });
}
