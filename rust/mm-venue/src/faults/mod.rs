//! What may go wrong between a venue and its client, each by its name (reliability N1–N14, X1–X23).
//!
//! A [`Rule`] switches a fault on: for a time, on a channel, so often, at most so many times. Draws come from a
//! generator of their own, so that a fault changes nothing but what it touches.

mod names;

pub use names::{Channel, Fault};

use std::collections::BTreeMap;

use mm_core::ids::Ms;

use crate::rng::Rng;

/// A fault that is switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which.
    pub fault: Fault,
    /// On one channel only.
    pub channel: Option<Channel>,
    /// How often, in a million occasions.
    pub per_million: u32,
    /// From when on.
    pub from: Ms,
    /// Until when.
    pub until: Ms,
    /// How many times at most.
    pub times: u64,
    /// How much: milliseconds of a delay, lots of a lie.
    pub amount: u64,
}

impl Rule {
    /// Always, from now on.
    pub const fn always(fault: Fault) -> Self {
        Self {
            fault,
            channel: None,
            per_million: 1_000_000,
            from: 0,
            until: Ms::MAX,
            times: u64::MAX,
            amount: 0,
        }
    }
}

/// The faults of one venue.
#[derive(Clone, Debug)]
pub struct Faults {
    rules: Vec<Rule>,
    rng: Rng,
    /// How often each struck.
    pub struck: BTreeMap<Fault, u64>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), rng: Rng::new(seed, "faults"), struck: BTreeMap::new() }
    }

    /// Switches a fault on.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Switches a fault off; all of them if none is named.
    pub fn clear(&mut self, fault: Option<Fault>) {
        self.rules.retain(|rule| fault.is_some_and(|fault| fault != rule.fault));
    }

    /// Every rule that is switched on.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether a fault strikes now, on this channel; then its amount.
    pub(crate) fn strikes(
        &mut self,
        fault: Fault,
        channel: Option<Channel>,
        now: Ms,
    ) -> Option<u64> {
        for rule in &mut self.rules {
            let here = rule.fault == fault && (rule.channel.is_none() || rule.channel == channel);
            if here
                && rule.times > 0
                && (rule.from..rule.until).contains(&now)
                && self.rng.chance(rule.per_million)
            {
                rule.times -= 1;
                *self.struck.entry(fault).or_default() += 1;
                return Some(rule.amount);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_its_time_its_channel_and_its_number() {
        let mut faults = Faults::new(1);
        faults.add(Rule {
            channel: Some(Channel::Fills),
            from: 10,
            until: 20,
            times: 2,
            amount: 7,
            ..Rule::always(Fault::FrameLost)
        });
        assert_eq!(faults.strikes(Fault::FrameLost, Some(Channel::Fills), 9), None);
        assert_eq!(faults.strikes(Fault::FrameLost, Some(Channel::Orders), 10), None);
        assert_eq!(faults.strikes(Fault::FrameLost, Some(Channel::Fills), 10), Some(7));
        assert_eq!(faults.strikes(Fault::FrameLost, Some(Channel::Fills), 19), Some(7));
        assert_eq!(faults.strikes(Fault::FrameLost, Some(Channel::Fills), 19), None);
        assert_eq!(faults.struck[&Fault::FrameLost], 2);
    }
}
