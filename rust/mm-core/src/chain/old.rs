//! What is older than the fills that are kept one by one: stretches, and where late fills belong among them.

use std::collections::BTreeMap;

use super::{Chain, Link, Run, advance};
use crate::ids::Ms;
use crate::num::{Px, Sz};

impl Chain {
    /// A fill older than all that is kept one by one: it lengthens a stretch, closes a gap, stands alone in one, or
    /// strays inside a stretch.
    pub(super) fn place_old(&mut self, link: Link) {
        let base = self.base();
        let low = self.old.partition_point(|run| run.to < link.time);
        if link.floating {
            // It tells no position, so its place does not matter: what follows starts later by as much.
            if let Some(last) = self.old.last_mut() {
                last.end += link.delta;
            }
        } else if self.old.get(low).is_some_and(|run| run.from < link.time && link.time < run.to) {
            self.strays.push(link);
            self.strays.sort_unstable_by_key(|l| (l.time, l.open, l.delta, l.tie));
        } else {
            let at = self.old.partition_point(|run| {
                run.to < link.time || run.to == link.time && run.from < link.time
            });
            self.old.insert(
                at,
                Run { from: link.time, to: link.time, open: link.open, end: link.end() },
            );
        }
        self.settle_old();
        // Its place in the order of profits is not known any more: it comes last. What was there before the first fill
        // was taken in at a price; a fill that only moves this beginning changes nothing after it.
        let moved = self.base() - base;
        if moved != -link.delta {
            let mut pnl = advance(self.settled.unwrap_or_default(), &link);
            pnl.size += moved;
            pnl.cost += link.px.times(Sz(moved)).map_or(0, |usd| usd.0);
            self.settled = Some(pnl);
        }
    }

    /// Links and joins what is old until nothing more fits.
    pub(super) fn settle_old(&mut self) {
        let mut before = usize::MAX;
        while self.old.len() < before {
            before = self.old.len();
            self.relink_old();
            self.join_tangles();
            self.spend_strays();
        }
    }

    /// What strays inside a stretch, and adds up to what is missing at one of its ends, is what is missing there: a ring
    /// at that end was turned the wrong way while it was not known.
    fn spend_strays(&mut self) {
        for at in 0..self.old.len() {
            let run = self.old[at];
            let inside = |l: &Link| run.from < l.time && l.time < run.to;
            let net: i128 = self.strays.iter().filter(|l| inside(l)).map(|l| l.delta).sum();
            if net == 0 {
                continue;
            }
            let before = at.checked_sub(1).map(|i| self.old[i].end);
            let behind = self
                .old
                .get(at + 1)
                .map(|next| next.open)
                .or_else(|| self.recent.front().map(|l| l.open));
            if behind.is_some_and(|behind| self.near(run.end + net, behind)) {
                self.old[at].end += net;
            } else if before.is_some_and(|before| self.near(before, run.open - net)) {
                self.old[at].open -= net;
            } else {
                continue;
            }
            self.strays.retain(|l| !inside(l));
        }
    }

    /// Puts single fills between the stretches in the order in which they link, and joins what links. Fills of one
    /// millisecond are joined with what is beside it only: among themselves, another order may turn out to be the true one.
    fn relink_old(&mut self) {
        let mut rest = std::mem::take(&mut self.old);
        let mut joined: Vec<Run> = Vec::with_capacity(rest.len());
        let mut pos = None;
        let is_single = |run: &Run, time: Ms| run.from == time && run.to == time;
        while let Some(&first) = rest.first() {
            let singles = rest.iter().take_while(|run| is_single(run, first.from)).count();
            let mut runs: Vec<Run> = rest.drain(..singles.max(1)).collect();
            if singles > 1 {
                let mut block: Vec<Link> = runs.iter().map(as_link).collect();
                self.link_block(&mut block, &mut pos, None);
                runs = block.iter().map(|l| Run { open: l.open, end: l.end(), ..first }).collect();
            }
            for run in runs {
                match joined.last_mut() {
                    Some(last)
                        if self.near(last.end, run.open)
                            && !(is_single(last, run.from) && is_single(&run, run.from)) =>
                    {
                        (last.to, last.end) = (run.to, run.end);
                    }
                    _ => joined.push(run),
                }
                pos = Some(run.end);
            }
        }
        self.old = joined;
    }

    /// Stretches that share milliseconds, and the strays inside them, are one stretch once every position in them is left
    /// as often as it is reached, but for the first and the last: what does not link hangs on a position inside them
    /// that is not kept any more.
    fn join_tangles(&mut self) {
        let mut from = 0;
        while from < self.old.len() {
            let mut to = from;
            while self.old.get(to + 1).is_some_and(|next| next.from == self.old[to].to) {
                to += 1;
            }
            let (first, last) = (self.old[from], self.old[to]);
            if first.from == last.to {
                from = to + 1;
                continue;
            }
            let inside = |l: &Link| first.from <= l.time && l.time <= last.to;
            let mut balance: BTreeMap<i128, i32> = BTreeMap::new();
            let edges = self.old[from..=to].iter().map(|run| (run.open, run.end));
            for (open, end) in
                edges.chain(self.strays.iter().filter(|l| inside(l)).map(|l| (l.open, l.end())))
            {
                *balance.entry(open).or_default() += 1;
                *balance.entry(end).or_default() -= 1;
            }
            // A ring begins where what is beside it ends; as long as that is not known, it stays in pieces.
            let before = from.checked_sub(1).map(|i| self.old[i].end);
            let behind = self
                .old
                .get(to + 1)
                .map(|next| next.open)
                .or_else(|| self.recent.front().map(|l| l.open));
            let ring = match (before, behind) {
                _ if from == to => Some(first.open),
                (Some(before), Some(behind)) => (before == behind).then_some(before),
                (one, other) => one.or(other),
            };
            let ring = ring.filter(|at| balance.contains_key(at));
            balance.retain(|_, count| *count != 0);
            let ends = |wanted: i32| {
                balance.iter().find(|(_, count)| **count == wanted).map(|(at, _)| *at)
            };
            let whole = match (balance.len(), ends(1), ends(-1)) {
                (0, _, _) => ring.map(|at| (at, at)),
                (2, Some(open), Some(end)) => Some((open, end)),
                _ => None,
            };
            // What reaches beyond the milliseconds that are shared is the first, or the last, of them; unless a ring in it
            // was turned, and what is beside says how it should be.
            let in_time = |&(open, end): &(i128, i128)| {
                (first.from == first.to || open == first.open || before == Some(open))
                    && (last.from == last.to || end == last.end || behind == Some(end))
            };
            if let Some((open, end)) = whole.filter(in_time) {
                self.strays.retain(|l| !inside(l));
                self.old.splice(from..=to, [Run { from: first.from, to: last.to, open, end }]);
                to = from;
            }
            from = to + 1;
        }
        // A ring of stretches was joined where it happened to close; it hangs on the position that both sides agree on.
        let mut at = 1;
        while at < self.old.len() {
            let (first, ring) = (self.old[at - 1], self.old[at]);
            let behind = self
                .old
                .get(at + 1)
                .map(|next| next.open)
                .or_else(|| self.recent.front().map(|l| l.open));
            let is_ring = ring.from < ring.to && ring.open == ring.end;
            if is_ring && behind.is_some_and(|behind| self.near(first.end, behind)) {
                self.old[at - 1].to = ring.to;
                self.old.remove(at);
            } else {
                at += 1;
            }
        }
    }
}

/// A stretch as one step.
fn as_link(run: &Run) -> Link {
    let delta = run.end - run.open;
    Link { time: run.to, open: run.open, delta, signed: delta, px: Px(0), tie: 0, floating: false }
}
