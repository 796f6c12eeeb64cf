//! What one IP address may ask for (protocol 9.1): weight by the minute.

use std::collections::VecDeque;

use mm_core::ids::Ms;

const MINUTE: Ms = 60_000;

/// The weight that was used in the last minute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weight {
    used: VecDeque<(Ms, u64)>,
    sum: u64,
}

impl Weight {
    /// Takes `weight` at a time if the minute has room for it.
    pub(crate) fn take(&mut self, now: Ms, weight: u64, limit: Option<u64>) -> bool {
        while let Some(&(at, old)) = self.used.front()
            && at + MINUTE <= now
        {
            self.sum -= old;
            self.used.pop_front();
        }
        if limit.is_some_and(|limit| self.sum + weight > limit) {
            return false;
        }
        self.add(now, weight);
        true
    }

    /// Counts what an answer's length costs afterwards.
    pub(crate) fn add(&mut self, now: Ms, weight: u64) {
        self.sum += weight;
        self.used.push_back((now, weight));
    }
}

/// The weight of an action with so many items.
pub(crate) const fn of_action(items: u64) -> u64 {
    1 + items / 40
}

/// The weight of a request, before its rows are counted, and how many rows cost one more.
pub(crate) fn of_info(kind: &str) -> (u64, Option<u64>) {
    match kind {
        "l2Book"
        | "allMids"
        | "clearinghouseState"
        | "orderStatus"
        | "spotClearinghouseState"
        | "exchangeStatus" => (2, None),
        "userRole" => (60, None),
        "recentTrades"
        | "historicalOrders"
        | "userFills"
        | "userFillsByTime"
        | "fundingHistory"
        | "userFunding"
        | "userNonFundingLedgerUpdates" => (20, Some(20)),
        "candleSnapshot" => (20, Some(60)),
        _ => (20, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_a_limit_and_slides() {
        let mut weight = Weight::default();
        assert!((0..1_200).all(|i| weight.take(i, 1, Some(1_200))));
        assert!(!weight.take(1_300, 1, Some(1_200)));
        assert!(weight.take(60_000, 1, Some(1_200)));
        assert!(!weight.take(60_000, 2, Some(1_200)));
        assert!(weight.take(60_000, 99_999, None));
    }

    #[test]
    fn a_batch_costs_one_more_for_each_forty() {
        assert_eq!([1, 39, 40, 200].map(of_action), [1, 1, 2, 6]);
    }
}
