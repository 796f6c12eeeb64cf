//! Oracle, mark, and a market's sums (protocol 10.6).

use std::collections::VecDeque;

use mm_core::ids::{Ms, Side};
use mm_core::num::{PX_DECIMALS, Px};

use super::metas::Kind;
use super::units::{Amount, AssetIx, Lots};
use super::{Chain, HOUR};

/// How long the mark remembers where the book stood against the oracle.
const BASIS_MS: i128 = 150_000;
/// Hours of a day's volume.
const HOURS: usize = 24;
/// Rows of funding rates that are remembered.
const RATES_KEPT: usize = 5_000;

/// The highest price of an oracle: a thousand million. Sums and differences of prices always fit.
pub const PX_MOST: Px = Px(10i64.pow(9 + PX_DECIMALS));

/// An hour's rate: when, the rate and the premium in 10⁻¹⁰.
pub type HourlyRate = (Ms, i64, i64);

/// What a market stands at.
#[derive(Clone, Debug)]
pub struct Prices {
    /// The oracle's.
    pub oracle: Px,
    /// The mark.
    pub mark: Px,
    /// The last trade's.
    pub last: Option<Px>,
    /// The mark a day ago.
    pub prev_day: Px,
    /// All long positions together.
    pub open_interest: Lots,
    /// The mean of the book's mid less the oracle, in 10⁻⁸.
    basis: i64,
    /// The premium's sum of this hour and the number of samples; the last one; in 10⁻¹⁰.
    pub(super) samples: (i128, i128),
    /// The last sample.
    pub premium: i64,
    /// The rate as it would be now, in 10⁻¹⁰ an hour.
    pub funding: i64,
    /// The rates of past hours, the newest last.
    pub rates: VecDeque<HourlyRate>,
    /// Value and size traded, by hour, the newest last.
    hours: VecDeque<(Amount, Lots)>,
    /// The mark at the beginning of each hour.
    marks: VecDeque<Px>,
}

impl Prices {
    pub(super) fn at(px: Px) -> Self {
        Self {
            oracle: px,
            mark: px,
            last: None,
            prev_day: px,
            open_interest: Lots::ZERO,
            basis: 0,
            samples: (0, 0),
            premium: 0,
            funding: 12_500_000 / 100, // the rate of an hour without premium: 0.0000125
            rates: VecDeque::new(),
            hours: VecDeque::from([(Amount::ZERO, Lots::ZERO)]),
            marks: VecDeque::from([px]),
        }
    }

    pub(super) fn traded(&mut self, px: Px, sz: Lots, value: Amount) {
        self.last = Some(px);
        if let Some(hour) = self.hours.back_mut() {
            hour.0 += value;
            hour.1 += sz;
        }
    }

    pub(super) fn position_moved(&mut self, before: Lots, after: Lots) {
        self.open_interest += Lots(after.0.max(0) - before.0.max(0));
    }

    pub(super) fn turn_hour(&mut self, rate: HourlyRate) {
        if self.rates.len() >= RATES_KEPT {
            self.rates.pop_front();
        }
        self.rates.push_back(rate);
        self.hours.push_back((Amount::ZERO, Lots::ZERO));
        self.marks.push_back(self.mark);
        if self.hours.len() > HOURS {
            self.hours.pop_front();
            self.marks.pop_front();
        }
        self.prev_day = self.marks.front().copied().unwrap_or(self.mark);
    }

    /// Value traded in the last day.
    pub fn day_value(&self) -> Amount {
        self.hours.iter().map(|(value, _)| *value).sum()
    }

    /// Size traded in the last day.
    pub fn day_size(&self) -> Lots {
        self.hours.iter().map(|(_, sz)| *sz).sum()
    }
}

impl Chain {
    /// The oracle's price of a market, from outside. One that is not positive or beyond [`PX_MOST`] is passed over.
    pub fn set_oracle(&mut self, asset: AssetIx, px: Px) {
        if (1..=PX_MOST.0).contains(&px.0) {
            self.trace.note(&(asset, px));
            self.prices[usize::from(asset.0)].oracle = px;
        }
    }

    /// The middle of a book; `None` if a side is empty.
    pub fn mid(&self, asset: AssetIx) -> Option<Px> {
        let book = self.book(asset);
        let (bid, ask) = (book.best(Side::Buy)?, book.best(Side::Sell)?);
        Some(Px(bid.0 + (ask.0 - bid.0) / 2))
    }

    /// Moves every mark: the median of the oracle with the book's basis, of the book with its last trade, and of
    /// the prices elsewhere (for which the oracle stands).
    pub(super) fn mark(&mut self) {
        let elapsed = i128::from(self.settings.mark_every_ms);
        for asset in self.metas.indices() {
            let meta = self.metas.asset(asset);
            if meta.delisted {
                continue;
            }
            let (mid, book) = (self.mid(asset), self.book(asset));
            let (bid, ask) = (book.best(Side::Buy), book.best(Side::Sell));
            let prices = &self.prices[usize::from(asset.0)];
            let oracle = prices.oracle;
            let gap = mid.map_or(prices.basis, |mid| mid.0 - oracle.0) - prices.basis;
            let step = i128::from(gap) * elapsed.min(BASIS_MS) / BASIS_MS;
            let basis = prices.basis + i64::try_from(step).unwrap_or(0);
            let local = match (bid, ask, prices.last) {
                (Some(bid), Some(ask), last) => median(bid.0, ask.0, last.map_or(bid.0, |px| px.0)),
                (_, _, Some(last)) => last.0,
                _ => oracle.0,
            };
            let mark = match meta.kind {
                Kind::Perp { .. } => median(oracle.0 + basis, local, oracle.0),
                Kind::Spot { .. } => local,
            };
            let mark = meta.round_px(Px(mark.max(1)), mark > 1);
            let prices = &mut self.prices[usize::from(asset.0)];
            prices.basis = basis;
            if mark.0 > 0 {
                prices.mark = mark;
            }
        }
    }

    /// The hour that a time is in.
    pub(super) const fn hour_of(time: Ms) -> u64 {
        time / HOUR
    }
}

fn median(a: i64, b: i64, c: i64) -> i64 {
    a.max(b).min(a.min(b).max(c))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_one() {
        for (a, b, c) in
            [(1, 2, 3), (3, 2, 1), (2, 1, 3), (2, 3, 1), (1, 3, 2), (3, 1, 2), (2, 2, 9)]
        {
            assert_eq!(median(a, b, c), 2);
        }
    }
}
