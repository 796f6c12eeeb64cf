//! Nonces, budgets and the dead man's switch (protocol 2.5, 3.6, 9.2).

use std::collections::BTreeSet;

use mm_core::ids::Ms;

use super::action::Action;
use super::event::Reply;
use super::units::{AMOUNT_DECIMALS, AccountId, Amount, Decimal, ONE};
use super::words::Status;
use super::{Chain, DAY};

/// Nonces that are remembered of a signer.
const NONCES_KEPT: usize = 100;
/// What a stale `expiresAfter` costs.
const EXPIRED_COST: u64 = 5;
/// Beyond its budget an address may send one item in so many milliseconds.
const BEYOND_EVERY_MS: Ms = 10_000;
/// How far ahead the dead man's switch must be set.
const SCHEDULE_AHEAD_MS: Ms = 5_000;

/// The highest nonces of a signer.
#[derive(Clone, Debug, Default)]
pub(super) struct Nonces(BTreeSet<u64>);

impl Nonces {
    /// Says why a nonce cannot be used at a block's time.
    pub(super) fn check(&self, nonce: u64, now: Ms) -> Result<(), String> {
        if self.0.contains(&nonce) {
            return Err(format!("Invalid nonce: duplicate nonce {nonce}"));
        }
        let lowest = self.0.first().copied().unwrap_or(0);
        if self.0.len() >= NONCES_KEPT && nonce < lowest {
            return Err(format!(
                "Invalid nonce: {nonce} is below the lowest of the last {NONCES_KEPT}: {lowest}"
            ));
        }
        if nonce <= now.saturating_sub(2 * DAY) || nonce >= now + DAY {
            return Err(format!("Invalid nonce: {nonce} is too far from the block time {now}"));
        }
        Ok(())
    }

    /// Uses a nonce that was checked.
    pub(super) fn spend(&mut self, nonce: u64) {
        if self.0.len() >= NONCES_KEPT {
            self.0.pop_first();
        }
        self.0.insert(nonce);
    }
}

impl Chain {
    /// Charges an address for an action, or refuses it.
    pub(super) fn charge(&mut self, id: AccountId, action: &Action) -> Result<(), String> {
        let (now, base, limited) = (self.now, self.settings.requests, self.settings.address_limit);
        let account = self.account_mut(id);
        let items = action.items();
        let limit = cap(account.totals.volume, base) + account.budget.reserved;
        let limit = if matches!(action, Action::Cancel(_)) {
            (limit + 100_000).min(limit * 2)
        } else {
            limit
        };
        let budget = &mut account.budget;
        if limited && budget.used + items > limit {
            if now < budget.last_beyond + BEYOND_EVERY_MS {
                return Err(format!(
                    "Too many cumulative requests sent ({} > {limit}) for cumulative volume traded ${}. \
                     Place taker orders to free up 1 request per USDC traded.",
                    budget.used + items,
                    dollars(account.totals.volume),
                ));
            }
            budget.last_beyond = now;
        }
        budget.used += items;
        Ok(())
    }

    /// A stale `expiresAfter` costs more than the action would.
    pub(super) fn charge_expired(&mut self, id: AccountId) {
        self.account_mut(id).budget.used += EXPIRED_COST;
    }

    /// How many requests an account may send in all, from what it traded.
    pub fn requests_cap(&self, id: AccountId) -> u64 {
        cap(self.account(id).totals.volume, self.settings.requests)
    }

    /// How many orders an account may have open.
    pub fn open_orders_cap(&self, id: AccountId) -> usize {
        let more = self.account(id).totals.volume.0 / (5_000_000 * ONE);
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        self.settings.open_orders.saturating_add(more).min(self.settings.open_orders_max)
    }

    pub(super) fn schedule_cancel(&mut self, id: AccountId, time: Option<Ms>) -> Reply {
        let (required, traded) = (self.settings.schedule_volume, self.account(id).totals.volume);
        if traded < required {
            return Reply::Err(format!(
                "Cannot set scheduled cancel time until enough volume traded. Required: ${}. Traded: ${}.",
                required.0 / ONE,
                dollars(traded),
            ));
        }
        let today = self.now / DAY;
        let per_day = self.settings.schedule_per_day;
        let fired = self.account(id).dead_man;
        if time.is_some() && fired.day == today && fired.fired >= per_day {
            return Reply::Err("Cannot set scheduled cancel time: too many triggers today.".into());
        }
        if time.is_some_and(|time| time < self.now + SCHEDULE_AHEAD_MS) {
            return Reply::Err(
                "Scheduled cancel time must be at least 5 seconds in the future.".into(),
            );
        }
        let old = core::mem::replace(&mut self.account_mut(id).dead_man.at, time);
        if let Some(old) = old {
            self.dead_men.remove(&(old, id));
        }
        if let Some(time) = time {
            self.dead_men.insert((time, id));
        }
        Reply::Default
    }

    /// Cancels everything of the accounts whose switch is due.
    pub(super) fn fire_dead_men(&mut self) {
        let today = self.now / DAY;
        while let Some(&(at, id)) = self.dead_men.first()
            && at <= self.now
        {
            self.dead_men.pop_first();
            let dead_man = &mut self.account_mut(id).dead_man;
            dead_man.at = None;
            dead_man.fired = if dead_man.day == today { dead_man.fired + 1 } else { 1 };
            dead_man.day = today;
            self.cancel_all(id, Status::ScheduledCancel);
        }
    }
}

fn cap(volume: Amount, base: u64) -> u64 {
    base.saturating_add(u64::try_from(volume.0 / ONE).unwrap_or(0))
}

/// Dollars and cents.
fn dollars(amount: Amount) -> String {
    let cents = amount.0 / 10i128.pow(AMOUNT_DECIMALS - 2);
    let text = Decimal(cents, 2).to_string();
    text.strip_suffix(".0").map_or(text.clone(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ms = 1_790_000_000_000;

    fn spend(nonces: &mut Nonces, nonce: u64) -> Result<(), String> {
        nonces.check(nonce, NOW)?;
        nonces.spend(nonce);
        Ok(())
    }

    #[test]
    fn a_nonce_is_used_once_and_in_a_window() {
        let nonces = &mut Nonces::default();
        assert!(spend(nonces, NOW).is_ok());
        assert_eq!(spend(nonces, NOW), Err(format!("Invalid nonce: duplicate nonce {NOW}")));
        assert!(spend(nonces, NOW - 2 * DAY).is_err());
        assert!(spend(nonces, NOW - 2 * DAY + 1).is_ok());
        assert!(spend(nonces, NOW + DAY).is_err());
        assert!(spend(nonces, NOW + DAY - 1).is_ok());
    }

    #[test]
    fn the_hundred_highest_are_remembered() {
        let nonces = &mut Nonces::default();
        for i in 0..100 {
            assert!(spend(nonces, NOW + 10 * i).is_ok());
        }
        assert!(spend(nonces, NOW - 1).is_err());
        assert!(spend(nonces, NOW + 5).is_ok(), "out of order inside the window");
        assert!(spend(nonces, NOW).is_err(), "forgotten, and below the lowest that is kept");
        assert!(spend(nonces, NOW + 10).is_err(), "still remembered");
    }
}
