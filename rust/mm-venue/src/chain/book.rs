//! A price-time book: levels by price, in each a queue by time.

use std::collections::{BTreeMap, VecDeque};

use mm_core::ids::{Oid, Side};
use mm_core::num::Px;

use super::units::Lots;

/// All orders at one price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The first is matched first.
    pub queue: VecDeque<Oid>,
    /// Their remaining sizes together.
    pub sz: Lots,
}

/// Both sides of a market.
#[derive(Clone, Debug, Default)]
pub struct Book {
    bids: BTreeMap<Px, Level>,
    asks: BTreeMap<Px, Level>,
    /// Rises with every change.
    pub version: u64,
}

/// What everybody sees of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The price.
    pub px: Px,
    /// The sizes together.
    pub sz: Lots,
    /// How many orders.
    pub n: usize,
}

impl Book {
    fn side(&mut self, side: Side) -> &mut BTreeMap<Px, Level> {
        self.version += 1;
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// The best price of a side.
    pub fn best(&self, side: Side) -> Option<Px> {
        match side {
            Side::Buy => self.bids.last_key_value().map(|(px, _)| *px),
            Side::Sell => self.asks.first_key_value().map(|(px, _)| *px),
        }
    }

    /// The order that is matched first on a side.
    pub fn first(&self, side: Side) -> Option<(Px, Oid)> {
        let (px, level) = match side {
            Side::Buy => self.bids.last_key_value()?,
            Side::Sell => self.asks.first_key_value()?,
        };
        Some((*px, *level.queue.front()?))
    }

    /// The best levels of a side, the best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Seen> + '_ {
        let seen =
            |(px, level): (&Px, &Level)| Seen { px: *px, sz: level.sz, n: level.queue.len() };
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.iter().rev().map(seen)), None),
            Side::Sell => (None, Some(self.asks.iter().map(seen))),
        };
        bids.into_iter().flatten().chain(asks.into_iter().flatten())
    }

    /// The level at a price.
    pub fn level(&self, side: Side, px: Px) -> Option<&Level> {
        match side {
            Side::Buy => self.bids.get(&px),
            Side::Sell => self.asks.get(&px),
        }
    }

    /// Every level with its price, for audits.
    pub fn all(&self, side: Side) -> impl Iterator<Item = (&Px, &Level)> {
        match side {
            Side::Buy => self.bids.iter(),
            Side::Sell => self.asks.iter(),
        }
    }

    /// Whether an order of this side and limit would match.
    pub fn crosses(&self, side: Side, px: Px) -> bool {
        self.best(side.opposite()).is_some_and(|best| match side {
            Side::Buy => best <= px,
            Side::Sell => best >= px,
        })
    }

    /// Puts an order at the end of its price's queue.
    pub fn insert(&mut self, side: Side, px: Px, oid: Oid, sz: Lots) {
        let level = self.side(side).entry(px).or_default();
        level.queue.push_back(oid);
        level.sz += sz;
    }

    /// Takes an order out, wherever in its queue.
    pub fn remove(&mut self, side: Side, px: Px, oid: Oid, sz: Lots) {
        let levels = self.side(side);
        if let Some(level) = levels.get_mut(&px) {
            if level.queue.front() == Some(&oid) {
                level.queue.pop_front();
            } else {
                level.queue.retain(|other| *other != oid);
            }
            level.sz -= sz;
            if level.queue.is_empty() {
                levels.remove(&px);
            }
        }
    }

    /// An order gets smaller and keeps its place.
    pub fn reduce(&mut self, side: Side, px: Px, by: Lots) {
        if let Some(level) = self.side(side).get_mut(&px) {
            level.sz -= by;
        }
    }

    /// How much an order of this side and limit could match.
    pub fn depth(&self, side: Side, px: Px) -> Lots {
        let against = side.opposite();
        self.levels(against)
            .take_while(|level| match side {
                Side::Buy => level.px <= px,
                Side::Sell => level.px >= px,
            })
            .map(|level| level.sz)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_the_best_price_then_the_oldest() {
        let mut book = Book::default();
        for (oid, px) in [(1, 10), (2, 12), (3, 12), (4, 11)] {
            book.insert(Side::Buy, Px(px), Oid(oid), Lots(5));
        }
        assert_eq!(book.first(Side::Buy), Some((Px(12), Oid(2))));
        book.remove(Side::Buy, Px(12), Oid(2), Lots(5));
        assert_eq!(book.first(Side::Buy), Some((Px(12), Oid(3))));
        book.remove(Side::Buy, Px(12), Oid(3), Lots(5));
        assert_eq!(book.first(Side::Buy), Some((Px(11), Oid(4))));
        assert_eq!(book.levels(Side::Buy).count(), 2);
        assert_eq!(book.depth(Side::Sell, Px(10)), Lots(10));
        assert!(book.crosses(Side::Sell, Px(11)) && !book.crosses(Side::Sell, Px(12)));
    }
}
