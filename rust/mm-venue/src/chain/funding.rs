//! Funding: sampled each five seconds, paid each hour (protocol 10.5).

use mm_core::ids::{Ms, Side};

use super::event::{Event, Funding};
use super::metas::Kind;
use super::units::{AccountId, Amount, AssetIx, notional};
use super::{Chain, FEES};

/// How often the premium is sampled.
const SAMPLE_MS: Ms = 5_000;
/// Rates are in 10⁻¹⁰.
const RATE_ONE: i128 = 10_000_000_000;
/// Interest of eight hours: 0.01 %.
const INTEREST: i128 = RATE_ONE / 10_000;
/// The premium may move the rate of eight hours by so much: 0.05 %.
const CLAMP: i128 = RATE_ONE / 2_000;
/// No hour costs more than 4 %.
const HOUR_MOST: i128 = RATE_ONE / 25;
/// Rows of payments that are remembered of an account.
const PAYMENTS_KEPT: usize = 2_000;

impl Chain {
    /// Samples premiums, and pays when an hour has passed.
    pub(super) fn pay_funding(&mut self) {
        if self.now >= self.last_sample + SAMPLE_MS {
            self.last_sample = self.now;
            for asset in self.metas.indices() {
                self.sample(asset);
            }
        }
        let hour = Self::hour_of(self.now);
        if hour > self.last_hour {
            self.last_hour = hour;
            for asset in self.metas.indices() {
                self.settle_hour(asset);
            }
        }
    }

    fn sample(&mut self, asset: AssetIx) {
        let Kind::Perp { .. } = self.metas.asset(asset).kind else { return };
        let book = self.book(asset);
        let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) else { return };
        let oracle = i128::from(self.prices(asset).oracle.0);
        let above = (i128::from(bid.0) - oracle).max(0) - (oracle - i128::from(ask.0)).max(0);
        let premium = above * RATE_ONE / oracle;
        let prices = &mut self.prices[usize::from(asset.0)];
        prices.premium = i64::try_from(premium).unwrap_or(0);
        prices.samples.0 += premium;
        prices.samples.1 += 1;
        prices.funding = rate(prices.samples);
    }

    fn settle_hour(&mut self, asset: AssetIx) {
        let Kind::Perp { dex, .. } = self.metas.asset(asset).kind else { return };
        let (now, sz_decimals) = (self.now, self.metas.asset(asset).sz_decimals);
        let prices = &mut self.prices[usize::from(asset.0)];
        let rate = rate(prices.samples);
        let premium = prices.samples.0 / prices.samples.1.max(1);
        prices.samples = (0, 0);
        prices.turn_hour((now, rate, i64::try_from(premium).unwrap_or(0)));
        let oracle = prices.oracle;
        let mut rest = Amount::ZERO;
        for number in 0..self.accounts.len() {
            let id = AccountId(u32::try_from(number).unwrap_or(u32::MAX));
            let szi = self.account(id).szi(dex, asset);
            if szi.is_zero() {
                continue;
            }
            let owed =
                Amount(notional(oracle, szi, sz_decimals).0 * i128::from(rate) / RATE_ONE).cut(6);
            rest += owed;
            self.receive(id, dex, asset, Funding { time: now, asset, usdc: -owed, szi, rate });
        }
        // What the cutting left over is the venue's: the money of all accounts stays what it was.
        self.account_mut(FEES).clearing[usize::from(dex)].cash += rest;
    }

    fn receive(&mut self, id: AccountId, dex: u8, asset: AssetIx, payment: Funding) {
        self.give(id, Some(dex), asset, super::USDC, payment.usdc);
        let account = self.account_mut(id);
        account.totals.funding += payment.usdc;
        if let Some(position) = account.clearing[usize::from(dex)].positions.get_mut(&asset) {
            position.funding_ever += payment.usdc;
            position.funding_open += payment.usdc;
            position.funding_change += payment.usdc;
        }
        if account.watched {
            if account.history.funding.len() >= PAYMENTS_KEPT {
                account.history.funding.pop_front();
            }
            account.history.funding.push_back(payment);
            self.emit(Event::Funding(id, payment));
        }
    }
}

/// The rate of an hour from the sum of its premiums and their number.
fn rate((sum, count): (i128, i128)) -> i64 {
    let premium = sum / count.max(1);
    let eight = premium + (INTEREST - premium).clamp(-CLAMP, CLAMP);
    i64::try_from((eight / 8).clamp(-HOUR_MOST, HOUR_MOST)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_premium_gives_the_interest_and_a_large_one_itself() {
        assert_eq!(rate((0, 0)), 125_000, "0.0000125, as seen on the wire nearly always");
        assert_eq!(rate((-2_000_000, 1)), 125_000);
        assert_eq!(rate((80_000_000, 1)), (80_000_000 - 5_000_000) / 8);
        assert_eq!(rate((-80_000_000, 1)), (-80_000_000 + 5_000_000) / 8);
        assert_eq!(rate((i128::from(i64::MAX), 1)), 400_000_000);
    }
}
