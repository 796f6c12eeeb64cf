//! The position chain of one coin: the proof that no fill is missing.
//!
//! Every fill says what the position was just before it (`start`), so fills link end to start. Where they do not,
//! fills are missing, and it is known how many units and between which times. Fills of one millisecond are linked by
//! their positions, never by tid and never by arrival (`data/README`: 47 % of fills share their millisecond).
//!
//! The last `chain_window` fills are kept one by one, so that late ones find their place exactly; older ones are
//! folded into runs. What is known about the order of events is thereby a function of the set of fills.

mod linking;
mod old;

use std::cell::Cell;
use std::collections::VecDeque;

use crate::ids::Ms;
use crate::num::{Px, Sz};
use crate::pnl::Pnl;

/// One fill, as a step of the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Block time.
    pub time: Ms,
    /// Position before; for a fill that does not tell it, what the chain makes of it.
    pub open: i128,
    /// Change of the position: the signed size, less a fee taken in the base token (spot).
    pub delta: i128,
    /// Signed size of the trade.
    pub signed: i128,
    /// Price of the trade.
    pub px: Px,
    /// Breaks ties between fills that tell no position.
    pub tie: u64,
    /// The fill did not tell its position before.
    pub floating: bool,
}

impl Link {
    fn end(&self) -> i128 {
        self.open + self.delta
    }
}

/// A linked stretch whose inner fills are not kept any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    from: Ms,
    to: Ms,
    open: i128,
    end: i128,
}

/// A break: fills are missing between two times, and they add up to `found - expected`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gap {
    /// Time of the last fill before the break.
    pub from: Ms,
    /// Time of the first fill after it.
    pub to: Ms,
    /// Position after the last fill before the break.
    pub expected: Sz,
    /// Position before the first fill after it.
    pub found: Sz,
}

impl Gap {
    /// The signed size of what is missing.
    pub fn missing(&self) -> Sz {
        Sz(self.found.0 - self.expected.0)
    }
}

/// A time, and the position then, if any is known.
type At = Option<(Ms, i128)>;

/// The most stretches that are kept apart; beyond it the oldest two are joined, their gap with them.
const RUNS_MAX: usize = 4_096;

/// The most fills that are kept one by one while a gap is open.
const GAP_WINDOW: usize = 4_096;

/// The most fills of one millisecond that are put in order again for each that joins them.
const BLOCK_SMALL: usize = 16;

/// See the module.
#[derive(Clone, Debug)]
pub struct Chain {
    slack: i128,
    window: usize,
    anchored: Option<Ms>,
    old: Vec<Run>,
    recent: VecDeque<Link>,
    strays: Vec<Link>,
    /// Profit up to the runs' end.
    settled: Option<Pnl>,
    /// Profit after so many recent links: worked out when someone looks.
    worked_out: Cell<(usize, Option<Pnl>)>,
    total: i128,
    gaps: Vec<Gap>,
    dirty: bool,
    /// A millisecond at the end whose fills meet one position twice: they link in more than one way.
    tangled: Option<Ms>,
    proven_until: Option<Ms>,
    proven_end: i128,
}

impl Chain {
    /// An empty chain that keeps the last `window` fills one by one, and links positions that differ by at most `slack`
    /// (zero but for sources that round them).
    pub fn new(window: usize, slack: Sz) -> Self {
        Self {
            slack: slack.0.max(0),
            window: window.max(2),
            anchored: None,
            old: Vec::new(),
            recent: VecDeque::new(),
            strays: Vec::new(),
            settled: None,
            worked_out: Cell::new((0, None)),
            total: 0,
            gaps: Vec::new(),
            dirty: false,
            tangled: None,
            proven_until: None,
            proven_end: 0,
        }
    }

    /// No fill and no anchor yet.
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.old.is_empty()
    }

    /// Starts an empty chain from a known position; `cost` is what the position cost, where known.
    pub fn anchor(&mut self, position: Sz, as_of: Ms, cost: Option<i128>) {
        debug_assert!(self.is_empty());
        self.anchored = Some(as_of);
        self.old.push(Run { from: as_of, to: as_of, open: position.0, end: position.0 });
        self.settled = cost.map(|cost| Pnl { size: position.0, cost, realised: 0 });
        self.worked_out.set((0, self.settled));
        self.proven_until = Some(as_of);
        self.proven_end = position.0;
    }

    /// Whether a fill at `time`, from `open` to `open + delta`, lies before the anchor and is contained in it.
    pub fn is_before_anchor(&self, time: Ms, open: Option<i128>, delta: i128) -> bool {
        let (Some(anchor), Some(run)) = (self.anchored, self.old.first()) else { return false };
        match time.cmp(&anchor) {
            core::cmp::Ordering::Less => true,
            core::cmp::Ordering::Greater => false,
            // A snapshot holds all of its own block, unless the fill starts from just what it shows.
            core::cmp::Ordering::Equal => open.is_none_or(|open| open != run.open || delta == 0),
        }
    }

    /// Adds a fill. Call [`Chain::settle`] before reading when this returns false.
    #[inline]
    pub fn push(&mut self, mut link: Link) -> bool {
        self.total += link.delta;
        if !self.dirty {
            let (time, end) = if self.is_empty() { (0, link.open) } else { self.tail() };
            if link.floating {
                link.open = end;
            }
            let fits = self.near(link.open, end) && self.strays.is_empty();
            if fits && (link.time > time || link.time == time && self.links_one_way(&link)) {
                self.recent.push_back(link);
                if self.gaps.is_empty() && !link.floating {
                    self.proven_until = Some(link.time);
                    self.proven_end = link.end();
                }
                if self.recent.len() > self.window.saturating_mul(2) {
                    self.fold();
                }
                return true;
            }
            if link.time == time && self.relink_last(&link) {
                return true;
            }
        }
        self.place(link);
        self.dirty = true;
        false
    }

    /// Whether the fills of the last millisecond have one order only with this one at their end: then it is the order in
    /// which they came. Else it is found anew from the set of them, so that it does not matter who came first.
    fn links_one_way(&self, link: &Link) -> bool {
        let mut block = self.recent.iter().rev().take_while(|l| l.time == link.time);
        let last_floats = self.recent.back().filter(|l| l.time == link.time && l.floating);
        // A break inside it may be closed by this fill, if it is put before others.
        let broken = self.gaps.last().is_some_and(|gap| gap.to == link.time);
        !broken
            && self.tangled != Some(link.time)
            && match last_floats {
                // Fills that tell no position stand at the end, in the order of their tids.
                Some(last) => link.floating && (last.tie, last.delta) <= (link.tie, link.delta),
                None => link.floating || block.all(|l| !self.near(l.open, link.end())),
            }
    }

    /// Adds a fill to the last millisecond, whose fills link in more than one way: their order is found anew from the set
    /// of them, as [`Chain::relink`] would. Only where nothing is missing before and after, hence nothing but these few
    /// can turn; else false, and nothing has changed.
    fn relink_last(&mut self, link: &Link) -> bool {
        let count = self.recent.iter().rev().take_while(|l| l.time == link.time).count();
        let first = self.recent.len() - count;
        let Some(before) = first
            .checked_sub(1)
            .map(|last| self.recent[last].end())
            .or_else(|| self.old.last().map(|run| run.end))
        else {
            return false;
        };
        if !self.gaps.is_empty()
            || !self.strays.is_empty()
            || count >= BLOCK_SMALL
            || !self.is_rooted(link.time)
        {
            return false;
        }
        let mut block = [*link; BLOCK_SMALL];
        for (to, from) in block.iter_mut().zip(self.recent.range(first..)) {
            *to = *from;
        }
        let block = &mut block[..=count];
        linking::close_self_trades(block);
        let mut end = Some(before);
        self.link_block(block, &mut end, None);
        let mut at = before;
        for step in block.iter() {
            if !self.near(step.open, at) {
                return false;
            }
            at = step.end();
        }
        for (to, from) in self.recent.range_mut(first..).zip(block.iter()) {
            *to = *from;
        }
        self.recent.extend(block.last());
        self.tangled = self.meets_twice(block, at).then_some(link.time);
        if self.worked_out.get().0 > first {
            self.worked_out.set((0, self.settled));
        }
        if let Some(told) = block.iter().rfind(|l| !l.floating) {
            self.proven_until = Some(told.time);
            self.proven_end = told.end();
        }
        if self.recent.len() > self.window.saturating_mul(2) {
            self.fold();
        }
        true
    }

    /// Whether it is known where the chain begins, whatever comes at `time`: else its first fills may be a ring that is
    /// turned to where the next ones begin.
    fn is_rooted(&self, time: Ms) -> bool {
        let Some(first) = self.recent.front().filter(|_| self.old.is_empty()) else { return true };
        let mut block = self.recent.iter().take_while(|l| l.time == first.time);
        let end = block.try_fold(first.open, |_, l| (!l.floating).then_some(l.end()));
        first.time < time && end.is_some_and(|end| !self.near(first.open, end))
    }

    /// Whether fills that end at `end` meet one position twice.
    fn meets_twice(&self, block: &[Link], end: i128) -> bool {
        let mut met: Vec<i128> = block.iter().map(|l| l.open).chain([end]).collect();
        met.sort_unstable();
        met.windows(2).any(|pair| self.near(pair[0], pair[1]))
    }

    #[cold]
    fn place(&mut self, link: Link) {
        if self.old.last().is_none_or(|run| link.time > run.to) {
            self.recent.push_back(link);
        } else {
            self.place_old(link);
        }
    }

    /// Brings order, breaks and profit up to date with the set of fills.
    pub fn settle(&mut self) {
        if self.dirty {
            self.dirty = false;
            self.relink();
            while self.recent.len() > self.window.saturating_mul(2) && self.fold() {}
        }
    }

    /// The position: where the chain began, and every known fill since.
    #[inline]
    pub fn position(&self) -> Sz {
        Sz(self.base() + self.total)
    }

    /// The breaks, oldest first.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Up to when nothing is missing; `None` before the first fill.
    pub fn proven_until(&self) -> Option<Ms> {
        self.proven_until
    }

    /// The position at [`Chain::proven_until`].
    pub fn proven(&self) -> Sz {
        Sz(if self.proven_until.is_some() { self.proven_end } else { 0 })
    }

    /// Average entry and realised profit along the chain.
    pub fn pnl(&self) -> Pnl {
        let (done, mut pnl) = self.worked_out.get();
        for link in self.recent.range(done.min(self.recent.len())..) {
            pnl = Some(advance(pnl.unwrap_or_else(|| base(link.open, link.px)), link));
        }
        self.worked_out.set((self.recent.len(), pnl));
        pnl.unwrap_or(Pnl { size: self.base(), ..Pnl::default() })
    }

    /// Compares with a position that the venue states as of a time. `None`: the chain does not reach that far back.
    pub fn compare(&self, position: Sz, as_of: Ms) -> Option<Result<(), Sz>> {
        let at = self.recent.partition_point(|l| l.time <= as_of);
        let end = match at.checked_sub(1) {
            Some(last) => self.recent[last].end(),
            None => self.old.last().filter(|run| run.to <= as_of)?.end,
        };
        let in_block = |l: &&Link| l.time == as_of;
        let within = self.recent.iter().rev().skip(self.recent.len() - at).take_while(in_block);
        let met = self.near(position.0, end)
            || within.flat_map(|l| [l.open, l.end()]).any(|p| self.near(position.0, p));
        Some(if met { Ok(()) } else { Err(Sz(end)) })
    }

    /// The venue agrees with the chain as of `as_of`, or all fills before it are known to have been read.
    pub fn confirm(&mut self, as_of: Ms) {
        if self.gaps.is_empty() && self.strays.is_empty() && !self.is_empty() {
            let (_, end) = self.tail();
            if self.tail().0 <= as_of {
                self.proven_until = self.proven_until.max(Some(as_of));
                self.proven_end = end;
            }
        }
    }

    /// Folds what is older than `before` into runs.
    pub fn fold_before(&mut self, before: Ms) {
        self.settle();
        let count = self.recent.partition_point(|l| l.time < before);
        self.fold_first(count);
    }

    /// Heap bytes held.
    pub fn bytes(&self) -> usize {
        self.recent.capacity() * size_of::<Link>()
            + self.strays.capacity() * size_of::<Link>()
            + self.old.capacity() * size_of::<Run>()
            + self.gaps.capacity() * size_of::<Gap>()
    }

    fn near(&self, a: i128, b: i128) -> bool {
        a == b || (a - b).unsigned_abs() <= self.slack.unsigned_abs()
    }

    fn base(&self) -> i128 {
        self.old
            .first()
            .map(|r| r.open)
            .or_else(|| self.recent.front().map(|l| l.open))
            .unwrap_or(0)
    }

    fn tail(&self) -> (Ms, i128) {
        match (self.recent.back(), self.old.last()) {
            (Some(link), _) => (link.time, link.end()),
            (None, Some(run)) => (run.to, run.end),
            (None, None) => (0, 0),
        }
    }

    /// Folds the older half, at a border between milliseconds. False if there is no border to fold at. What comes after
    /// a gap is kept one by one as long as there is room: the fill that closes it may turn the order of all that follows.
    #[cold]
    fn fold(&mut self) -> bool {
        let (half, len) = (self.recent.len() / 2, self.recent.len());
        let sure = match self.gaps.first() {
            Some(gap) if len < GAP_WINDOW => self.recent.partition_point(|l| l.time < gap.from),
            _ => len - self.window,
        };
        let border = |i: &usize| self.recent[*i - 1].time < self.recent[*i].time;
        let earlier = (1..=half.min(sure)).rev().find(border);
        let Some(count) = earlier.or_else(|| (half..=sure.min(len - self.window)).find(border))
        else {
            return false;
        };
        self.fold_first(count);
        true
    }

    fn fold_first(&mut self, count: usize) {
        let (done, pnl) = self.worked_out.get();
        let mut settled = self.settled;
        let (front, back) = self.recent.as_slices();
        for link in front.iter().chain(back).take(count) {
            settled = Some(advance(settled.unwrap_or_else(|| base(link.open, link.px)), link));
            match self.old.last_mut() {
                // Of a millisecond that hangs on nothing yet the order may change: its fills are not joined (`relink_old`).
                Some(run)
                    if (link.open == run.end
                        || (link.open - run.end).unsigned_abs() <= self.slack.unsigned_abs())
                        && !(run.from == link.time && run.to == link.time) =>
                {
                    run.to = link.time;
                    run.end = link.end();
                }
                _ => self.old.push(Run {
                    from: link.time,
                    to: link.time,
                    open: link.open,
                    end: link.end(),
                }),
            }
        }
        self.recent.drain(..count);
        self.settled = settled;
        self.worked_out.set(if done >= count { (done - count, pnl) } else { (0, self.settled) });
        if self.old.len() > RUNS_MAX {
            let second = self.old.remove(1);
            self.old[0].to = second.to;
            self.old[0].end = second.end;
        }
    }

    #[cold]
    fn relink(&mut self) {
        if self.old.len() > 1 {
            self.settle_old();
        }
        let mut links: Vec<Link> = self.recent.drain(..).collect();
        links.sort_by_key(|l| l.time);
        links.chunk_by_mut(|a, b| a.time == b.time).for_each(linking::close_self_trades);
        let mut pos = self.old.last().map(|run| run.end);
        let mut ahead = None;
        let mut blocks: Vec<(usize, Option<i128>)> = Vec::new();
        for block in links.chunk_by(|a, b| a.time == b.time).rev() {
            blocks.push((block.len(), ahead));
            ahead = linking::start_of(block, ahead);
        }
        let mut rest = links.as_mut_slice();
        for &(size, ahead) in blocks.iter().rev() {
            let (group, tail) = rest.split_at_mut(size);
            self.link_block(group, &mut pos, ahead);
            let twice = pos.is_some_and(|end| self.meets_twice(group, end));
            self.tangled = twice.then_some(group[0].time);
            rest = tail;
        }
        self.recent = links.into();
        self.survey();
    }

    /// Finds the breaks, what is proven, and the profit, from the order that `relink` made.
    fn survey(&mut self) {
        self.gaps.clear();
        self.worked_out.set((0, self.settled));
        let stray = self.strays.iter().map(|l| l.time).min();
        let runs = self.old.iter().map(|r| (r.from, r.to, r.open, r.end, false));
        let links = self.recent.iter().map(|l| (l.time, l.time, l.open, l.end(), l.floating));
        let (mut previous, mut proven): (At, At) = (None, None);
        // Where the last millisecond that is no ring ended, and where the present one began. How a ring is turned, and in
        // what order a broken millisecond begins, is a guess: what is missing may be before it, too.
        let (mut sure, mut began): (At, Option<i128>) = (None, None);
        for (from, to, open, end, floating) in runs.chain(links) {
            if let Some((time, expected)) = previous {
                if time < from {
                    if began.is_none_or(|began| !self.near(began, expected)) {
                        sure = previous;
                    }
                    began = Some(open);
                }
                if !self.near(open, expected) {
                    if self.gaps.is_empty() && stray.is_none_or(|s| from <= s) {
                        proven = proven.min(sure);
                    }
                    let time = sure.map_or(time, |(time, _)| time);
                    self.gaps.push(Gap {
                        from: time,
                        to: from,
                        expected: Sz(expected),
                        found: Sz(open),
                    });
                }
            }
            if from < to {
                began = None;
            }
            previous = Some((to, end));
            if self.gaps.is_empty() && !floating && stray.is_none_or(|s| to <= s) {
                proven = previous;
            }
        }
        if let (Some(first), Some(time)) = (self.strays.first(), stray) {
            let net: i128 = self.strays.iter().map(|l| l.delta).sum();
            self.gaps.push(Gap {
                from: time,
                to: time,
                expected: Sz(first.open + net),
                found: Sz(first.open),
            });
        }
        self.proven_until = proven.map(|(time, _)| time);
        self.proven_end = proven.map_or(0, |(_, end)| end);
    }
}

/// A position that was there before the first known fill is taken in at that fill's price.
fn base(open: i128, px: Px) -> Pnl {
    Pnl { size: open, cost: px.times(Sz(open)).map_or(0, |usd| usd.0), realised: 0 }
}

#[inline]
fn advance(pnl: Pnl, link: &Link) -> Pnl {
    // The ledger refuses fills whose sums could overflow, before they get here.
    let mut new = pnl.traded(Sz(link.signed), link.px).unwrap_or(pnl);
    new.size = pnl.size + link.delta;
    if new.size == 0 {
        new.realised -= new.cost; // a position that a fee ended takes its cost with it
        new.cost = 0;
    }
    new
}
