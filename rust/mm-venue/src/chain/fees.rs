//! Fees: tiers, rebates, the builder's and the deployer's part; cut to six decimals, never rounded (protocol 10.4).

use std::collections::VecDeque;

use mm_core::ids::Side;
use mm_core::num::Px;

use super::account::{Rates, Role};
use super::metas::{Kind, USDC};
use super::order::Order;
use super::units::{AccountId, Amount, Lots, ONE, TokenIx, amount_of, notional};
use super::{Chain, DAY};

/// Rates are in 10⁻⁹.
const RATE_ONE: i128 = 1_000_000_000;
/// Days whose volume makes the tier.
pub const TIER_DAYS: usize = 14;

/// Volume of fourteen days above which rates apply: whole USDC, then taker, maker, spot taker, spot maker.
pub const TIERS: [(i64, [i64; 4]); 7] = [
    (0, [450_000, 150_000, 700_000, 400_000]),
    (5_000_000, [400_000, 120_000, 600_000, 300_000]),
    (25_000_000, [350_000, 80_000, 500_000, 200_000]),
    (100_000_000, [300_000, 40_000, 400_000, 100_000]),
    (500_000_000, [280_000, 0, 350_000, 0]),
    (2_000_000_000, [260_000, 0, 300_000, 0]),
    (7_000_000_000, [240_000, 0, 250_000, 0]),
];
/// Share of the venue's maker volume, in 10⁻⁴, above which a rebate is paid.
pub const REBATES: [(i128, i64); 3] = [(50, -10_000), (150, -20_000), (300, -30_000)];

/// What a fill costs, and whose it is.
pub(super) struct Fee {
    /// All of it; negative is a rebate.
    pub(super) total: Amount,
    /// In which token.
    pub(super) token: TokenIx,
    /// The builder's part.
    pub(super) builder: Option<(AccountId, Amount)>,
    /// The deployer's part.
    pub(super) deployer: Option<(AccountId, Amount)>,
}

/// The rates of a volume, without rebates.
pub(super) fn tier(volume: Amount) -> Rates {
    let [cross, add, spot_cross, spot_add] =
        TIERS.iter().rev().find(|(above, _)| volume > Amount::whole(*above)).unwrap_or(&TIERS[0]).1;
    Rates { cross, add, spot_cross, spot_add }
}

impl Chain {
    /// The fee of one side of a match.
    pub(super) fn fee(&mut self, order: &Order, crossed: bool, px: Px, sz: Lots) -> Fee {
        let meta = self.metas.asset(order.asset);
        let account = self.account(order.account);
        let rates = account.rates;
        let value = notional(px, sz, meta.sz_decimals);
        let at = |base: Amount, rate: i64| Amount(base.0 * i128::from(rate) / RATE_ONE);
        match meta.kind {
            Kind::Perp { dex, .. } => {
                let rate =
                    discounted(if crossed { rates.cross } else { rates.add }, account.discount);
                let own = at(value, rate).cut(6);
                let charged = order
                    .builder
                    .map(|b| (b.account, Amount(value.0 * i128::from(b.tenths) / 100_000).cut(6)));
                // A builder's dex charges as much again, for its deployer.
                let deployer = (dex > 0 && own > Amount::ZERO).then_some(own);
                let deployer_id = self.metas.dexes[usize::from(dex)].deployer;
                let builder = charged.map_or(Amount::ZERO, |(_, part)| part);
                Fee {
                    total: own + deployer.unwrap_or(Amount::ZERO) + builder,
                    token: USDC,
                    builder: charged,
                    deployer: deployer.map(|part| (self.venue_account(deployer_id), part)),
                }
            }
            Kind::Spot { base, quote } => {
                let rate = discounted(
                    if crossed { rates.spot_cross } else { rates.spot_add },
                    account.discount,
                );
                let in_base = order.side == Side::Buy || rate < 0;
                let (token, paid) =
                    if in_base { (base, amount_of(sz, meta.sz_decimals)) } else { (quote, value) };
                let total = if in_base { at(paid, rate) } else { at(paid, rate).cut(8) };
                Fee { total, token, builder: None, deployer: None }
            }
        }
    }

    fn venue_account(&mut self, address: super::Address) -> AccountId {
        let id = self.open_account(address, Role::Venue);
        let account = self.account_mut(id);
        account.watched = false;
        account.unlimited = true;
        id
    }

    /// When a day is over, its volume counts for the tiers of the next.
    pub(super) fn turn_of_day(&mut self) {
        let today = self.now / DAY;
        if today == self.last_day {
            return;
        }
        self.last_day = today;
        for account in &mut self.accounts {
            let day = core::mem::take(&mut account.today);
            account.days.push_back(day);
            if account.days.len() > TIER_DAYS {
                account.days.pop_front();
            }
        }
        let makers: Amount = self.accounts.iter().map(|account| volume(&account.days).1).sum();
        let volumes = self.volumes_with_subs();
        for (account, (cross, add)) in self.accounts.iter_mut().zip(volumes) {
            if !account.fixed_rates {
                account.rates = tier(cross + add);
                let share = add.share(10_000, makers.0 / ONE.max(1)).0 / ONE;
                if let Some((_, rebate)) = REBATES.iter().rev().find(|(above, _)| share > *above) {
                    account.rates.add = *rebate;
                }
            }
        }
    }

    /// Each account's volume of fourteen days; a user's and its sub-accounts' count as one.
    fn volumes_with_subs(&self) -> Vec<(Amount, Amount)> {
        let owner = |id: AccountId| match self.account(id).role {
            Role::Sub { master } => master,
            _ => id,
        };
        let mut sums = vec![(Amount::ZERO, Amount::ZERO); self.accounts.len()];
        for (id, account) in self.accounts() {
            let (cross, add) = volume(&account.days);
            let sum = &mut sums[owner(id).0 as usize];
            sum.0 += cross;
            sum.1 += add;
        }
        self.accounts().map(|(id, _)| sums[owner(id).0 as usize]).collect()
    }
}

fn volume(days: &VecDeque<(Amount, Amount)>) -> (Amount, Amount) {
    days.iter().fold((Amount::ZERO, Amount::ZERO), |sum, day| (sum.0 + day.0, sum.1 + day.1))
}

/// A discount is on what is paid, not on what is received.
const fn discounted(rate: i64, percent: u32) -> i64 {
    if rate > 0 { rate * (100 - percent as i64) / 100 } else { rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_begins_above_its_volume() {
        assert_eq!(tier(Amount::whole(5_000_000)).cross, 450_000);
        assert_eq!(tier(Amount::whole(5_000_001)).cross, 400_000);
        assert_eq!(tier(Amount::whole(8_000_000_000)).add, 0);
    }

    #[test]
    fn a_rebate_is_not_discounted() {
        assert_eq!(discounted(450_000, 4), 432_000);
        assert_eq!(discounted(-10_000, 40), -10_000);
    }
}
