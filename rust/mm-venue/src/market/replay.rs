//! A recorded market: what was seen of the real book drives the simulated one, and our orders take their place in it.
//!
//! A ghost account holds what the recording shows; takers of the recording are immediate orders at the recorded price.
//! Everything goes through the ordinary matching, so the fills of our own orders follow from price, time and this
//! queue model, which is stated here and nowhere else:
//!
//! - An order of ours joins the queue behind all that the recording shows at its price at that moment.
//! - A recorded trade at our price consumes what is ahead of us first, then us. A recorded trade at a worse price would
//!   have come to us first, and does.
//! - A level that shrinks without trading shrinks ahead of us and behind us in proportion to what is there; a level that
//!   grows grows behind us.
//! - When the recorded book comes to stand at or beyond our price on the other side, we are filled.
//! - Levels deeper than the recording shows stay as they were last seen.
//!
//! The market does not answer to us: what our orders would have changed in other people's minds is not in a recording.

use std::collections::{BTreeMap, VecDeque};

use mm_core::ids::{Ms, Oid, Side};
use mm_core::num::{Px, Sz};

use super::flow::{submit, trader};
use super::maker::order;
use crate::chain::{AccountId, Action, AssetIx, Chain, Grouping, Lots, Target, Tif};

/// Price and size of a level, the best first.
pub type Levels = Vec<(Px, Sz)>;

/// One thing that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The best levels, as deep as the source goes.
    Book(Levels, Levels),
    /// The touch alone: bid, then ask.
    Touch((Px, Sz), (Px, Sz)),
    /// Somebody took.
    Trade(Side, Px, Sz),
}

/// A recording that plays.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Which market.
    pub asset: AssetIx,
    rows: VecDeque<(Ms, Seen)>,
    ghost: AccountId,
    taker: AccountId,
}

impl Replay {
    /// The rows are put in order of their times; the first comes at the chain's time, the others as far behind it as they
    /// were recorded.
    pub fn new(chain: &mut Chain, asset: AssetIx, mut rows: Vec<(Ms, Seen)>) -> Self {
        rows.sort_by_key(|(time, _)| *time);
        let first = rows.first().map_or(0, |(time, _)| *time);
        let start = chain.now() + 1;
        let rows = rows.into_iter().map(|(time, seen)| (time - first + start, seen)).collect();
        Self {
            asset,
            rows,
            ghost: trader(chain, asset, 10_000),
            taker: trader(chain, asset, 10_001),
        }
    }

    /// When the next row comes; never, when the recording is over.
    pub fn next(&self) -> Ms {
        self.rows.front().map_or(Ms::MAX, |(time, _)| *time)
    }

    /// Rows that are still to come.
    pub fn left(&self) -> usize {
        self.rows.len()
    }

    /// What was recorded up to `now` happens: into the mempool of the block at `now`.
    ///
    /// Of several books in one block the last counts, for the others were never seen by anybody.
    pub fn act(&mut self, chain: &mut Chain, now: Ms) {
        let mut picture = Picture::of(chain, self.asset, self.ghost);
        let mut trades = Vec::new();
        while let Some((_, seen)) = self.rows.pop_front_if(|(time, _)| *time <= now) {
            match seen {
                Seen::Book(bids, asks) => {
                    picture.show(chain, Side::Buy, &bids);
                    picture.show(chain, Side::Sell, &asks);
                    if let (Some(bid), Some(ask)) = (bids.first(), asks.first()) {
                        chain.set_oracle(self.asset, Px(i64::midpoint(bid.0.0, ask.0.0)));
                    }
                }
                Seen::Touch(bid, ask) => {
                    picture.show(chain, Side::Buy, &[bid]);
                    picture.show(chain, Side::Sell, &[ask]);
                }
                Seen::Trade(side, px, sz) => {
                    picture.traded(chain, side, px, sz);
                    trades.push((side, px, sz));
                }
            }
        }
        for action in picture.actions(chain) {
            submit(chain, self.ghost, action);
        }
        let asset = chain.metas().asset(self.asset);
        let (id, sz_decimals) = (asset.id, asset.sz_decimals);
        let taken: Vec<_> = trades
            .into_iter()
            .filter_map(|(side, px, sz)| {
                Some(order(id, side, px, asset.lots(sz)?, sz_decimals, Tif::Ioc))
            })
            .collect();
        for order in taken {
            submit(
                chain,
                self.taker,
                Action::Order { orders: vec![order], grouping: Grouping::Na, builder: None },
            );
        }
    }
}

/// What the ghost holds, and what it is to hold.
struct Picture {
    asset: AssetIx,
    /// By side and price: its orders there, the oldest first.
    held: BTreeMap<(Side, Px), Vec<(Oid, Lots)>>,
    wanted: BTreeMap<(Side, Px), Lots>,
}

impl Picture {
    fn of(chain: &Chain, asset: AssetIx, ghost: AccountId) -> Self {
        let mut held: BTreeMap<(Side, Px), Vec<(Oid, Lots)>> = BTreeMap::new();
        for oid in &chain.account(ghost).open {
            if let Some(order) = chain.order(*oid) {
                held.entry((order.side, order.px)).or_default().push((order.oid, order.sz));
            }
        }
        let wanted =
            held.iter().map(|(at, orders)| (*at, orders.iter().map(|(_, sz)| *sz).sum())).collect();
        Self { asset, held, wanted }
    }

    /// These levels are there; of the levels between and before them, none is.
    fn show(&mut self, chain: &Chain, side: Side, levels: &[(Px, Sz)]) {
        let Some((deepest, _)) = levels.last() else { return };
        for ((at, px), lots) in &mut self.wanted {
            if *at == side && !worse(side, *px, *deepest) {
                *lots = Lots::ZERO;
            }
        }
        let asset = chain.metas().asset(self.asset);
        for (px, sz) in levels {
            if let Some(lots) = asset.lots(*sz) {
                self.wanted.insert((side, *px), lots);
            }
        }
    }

    /// A trade at this price says that nothing better was there, and at least as much as was taken.
    fn traded(&mut self, chain: &Chain, taker: Side, px: Px, sz: Sz) {
        let side = taker.opposite();
        for ((at, level), lots) in &mut self.wanted {
            if *at == side && worse(side, px, *level) {
                *lots = Lots::ZERO;
            }
        }
        if let Some(least) = chain.metas().asset(self.asset).lots(sz) {
            let lots = self.wanted.entry((side, px)).or_default();
            *lots = (*lots).max(least);
        }
    }

    /// From what is held to what is wanted: cancels, shrinkings in place, and orders at the end of their queues.
    fn actions(self, chain: &mut Chain) -> Vec<Action> {
        let asset = chain.metas().asset(self.asset);
        let (id, sz_decimals) = (asset.id, asset.sz_decimals);
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        for ((side, px), wanted) in self.wanted {
            let held = self.held.get(&(side, px)).map_or(&[][..], Vec::as_slice);
            let total: Lots = held.iter().map(|(_, sz)| *sz).sum();
            if wanted > total {
                new.push(order(id, side, px, wanted - total, sz_decimals, Tif::Gtc));
            } else if wanted == Lots::ZERO {
                gone.extend(held.iter().map(|(oid, _)| (id, Target::Oid(*oid))));
            } else if wanted < total {
                for (oid, by, all) in shrink(chain, self.asset, side, px, held, total - wanted) {
                    if all {
                        gone.push((id, Target::Oid(oid)));
                    } else {
                        chain.shrink(oid, by);
                    }
                }
            }
        }
        let mut actions = Vec::new();
        if !gone.is_empty() {
            actions.push(Action::Cancel(gone));
        }
        for orders in new.chunks(100) {
            actions.push(Action::Order {
                orders: orders.to_vec(),
                grouping: Grouping::Na,
                builder: None,
            });
        }
        actions
    }
}

/// Whether `px` is further from the touch than `than`.
fn worse(side: Side, px: Px, than: Px) -> bool {
    match side {
        Side::Buy => px < than,
        Side::Sell => px > than,
    }
}

/// Which of the ghost's orders get smaller by how much: ahead of the first foreign order and behind it in proportion,
/// the newest first; and whether nothing is left of it.
fn shrink(
    chain: &Chain,
    asset: AssetIx,
    side: Side,
    px: Px,
    held: &[(Oid, Lots)],
    by: Lots,
) -> Vec<(Oid, Lots, bool)> {
    let ours = chain.book(asset).level(side, px).and_then(|level| {
        level.queue.iter().find(|oid| !held.iter().any(|(ghost, _)| ghost == *oid)).copied()
    });
    let (ahead, behind): (Vec<_>, Vec<_>) =
        held.iter().partition(|(oid, _)| ours.is_some_and(|first| *oid < first));
    let sum = |part: &[(Oid, Lots)]| part.iter().map(|(_, sz)| sz.0).sum::<i64>();
    let (front, back) = (sum(&ahead), sum(&behind));
    let ahead_by = i128::from(by.0) * i128::from(front) / i128::from((front + back).max(1));
    let ahead_by = i64::try_from(ahead_by).unwrap_or(0);
    let mut smaller = Vec::new();
    for (part, mut left) in [(ahead, ahead_by), (behind, by.0 - ahead_by)] {
        for (oid, sz) in part.into_iter().rev() {
            let take = sz.0.min(left);
            if take > 0 {
                smaller.push((oid, Lots(take), take == sz.0));
                left -= take;
            }
        }
    }
    smaller
}
