//! The fills of one millisecond, in the order in which they link.

use std::collections::BTreeMap;

use super::{Chain, Link};

impl Chain {
    /// Puts the fills of one millisecond in the order in which they link, from `pos` on, with as few breaks as can be.
    ///
    /// Positions are places and fills are ways from one to the next. A trail begins where more ways leave than arrive;
    /// once all trails are walked, what is left are rings, and each hangs on a place of a trail or stands alone; then it is
    /// turned to where the next millisecond begins, `ahead`, if it passes there.
    pub(super) fn link_block(
        &self,
        block: &mut [Link],
        pos: &mut Option<i128>,
        ahead: Option<i128>,
    ) {
        let (mut told, mut floating): (Vec<Link>, Vec<Link>) =
            block.iter().partition(|l| !l.floating);
        // Taken from the end: the largest step first, whatever order they came in.
        told.sort_unstable_by_key(|l| (l.delta, l.tie));
        floating.sort_unstable_by_key(|l| (l.tie, l.delta));
        let places = Places::of(&told, *pos, self.slack);
        let here = pos.map(|p| places.of_value(p));
        let (mut ways, mut balance): (BTreeMap<i128, Vec<Link>>, BTreeMap<i128, i32>) =
            Default::default();
        for link in told {
            let (from, to) = (places.of_value(link.open), places.of_value(link.end()));
            ways.entry(from).or_default().push(link);
            *balance.entry(from).or_default() += 1;
            *balance.entry(to).or_default() -= 1;
        }
        let mut trails: Vec<Link> = Vec::with_capacity(block.len());
        let mut starts: Vec<i128> =
            balance.iter().flat_map(|(at, &more)| (0..more.max(0)).map(move |_| *at)).collect();
        starts.sort_by_key(|&at| Some(at) != here);
        for start in starts {
            trails.extend(walk(&mut ways, start, &places));
        }
        let mut at = 0;
        while at < trails.len() || !ways.is_empty() {
            if let Some(beside) = trails.get(at) {
                let ring = walk(&mut ways, places.of_value(beside.open), &places);
                if ring.is_empty() {
                    at += 1;
                } else {
                    trails.splice(at..at, ring);
                }
            } else if let Some(here) = here.filter(|here| ways.contains_key(here)) {
                trails.splice(0..0, walk(&mut ways, here, &places));
                at = 0;
            } else if let Some(start) =
                ahead.filter(|a| ways.contains_key(a)).or(ways.keys().next().copied())
            {
                trails.extend(walk(&mut ways, start, &places));
            }
        }
        *pos = trails.last().map(Link::end).or(*pos);
        for mut link in floating {
            link.open = pos.unwrap_or(0);
            *pos = Some(link.end());
            trails.push(link);
        }
        block.copy_from_slice(&trails);
    }
}

/// Both sides of a trade with ourselves tell the position before the two of them (seen in 2023): the sale follows the
/// purchase, and leads back.
pub(super) fn close_self_trades(block: &mut [Link]) {
    for sale in 0..block.len() {
        let Link { open, signed, px, tie, floating, delta, .. } = block[sale];
        if signed >= 0 || floating {
            continue;
        }
        let is_other_side = |l: &Link| {
            !l.floating && l.signed == -signed && l.px == px && l.tie == tie && l.open == open
        };
        if block.iter().any(is_other_side) {
            block[sale].open = open - delta;
        }
    }
}

/// Positions that are near enough to link, under one value each.
struct Places(Vec<(i128, i128)>);

impl Places {
    fn of(links: &[Link], pos: Option<i128>, slack: i128) -> Self {
        if slack == 0 {
            return Self(Vec::new());
        }
        let mut values: Vec<i128> =
            links.iter().flat_map(|l| [l.open, l.end()]).chain(pos).collect();
        values.sort_unstable();
        let mut places: Vec<(i128, i128)> = Vec::with_capacity(values.len());
        for value in values {
            let place = places
                .last()
                .filter(|(last, _)| value - last <= slack)
                .map_or(value, |(_, place)| *place);
            places.push((value, place));
        }
        Self(places)
    }

    fn of_value(&self, value: i128) -> i128 {
        self.0.binary_search_by_key(&value, |(v, _)| *v).map_or(value, |found| self.0[found].1)
    }
}

/// Where a millisecond begins, as far as its own fills tell; a ring begins where the next millisecond does.
pub(super) fn start_of(block: &[Link], ahead: Option<i128>) -> Option<i128> {
    let mut balance: BTreeMap<i128, i32> = BTreeMap::new();
    for link in block.iter().filter(|l| !l.floating) {
        *balance.entry(link.open).or_default() += 1;
        *balance.entry(link.end()).or_default() -= 1;
    }
    let ring = ahead.filter(|ahead| balance.contains_key(ahead));
    balance.iter().find(|(_, more)| **more > 0).map(|(at, _)| *at).or(ring)
}

/// Follows the ways from a place until none leads on.
fn walk(ways: &mut BTreeMap<i128, Vec<Link>>, mut place: i128, places: &Places) -> Vec<Link> {
    let mut trail = Vec::new();
    while let Some(from_here) = ways.get_mut(&place) {
        let Some(link) = from_here.pop() else { break };
        if from_here.is_empty() {
            ways.remove(&place);
        }
        trail.push(link);
        place = places.of_value(link.end());
    }
    trail
}
