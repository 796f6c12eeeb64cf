//! Raw frames into the engine: a sink that applies each record as it is told.

use mm_core::effect::Effect;
use mm_core::engine::Engine;
use mm_core::error::Error;
use mm_core::event::{Fill, Update};
use mm_core::ids::Oid;
use mm_core::seen::Seen;
use mm_wire::{Channel, Head, Sink, Surfaced};

use crate::effect::Told;
use crate::report::Counts;

/// Applies records to an engine; effects and surfaced records stay in the order in which they came.
pub(crate) struct Apply<'e> {
    engine: &'e mut Engine,
    out: &'e mut Vec<Effect>,
    frame: &'e [u8],
    unsettled: Vec<u32>,
    told: Told,
    pub(crate) counts: Counts,
    pub(crate) channel: String,
    pub(crate) snapshot: bool,
}

impl<'e> Apply<'e> {
    pub(crate) fn new(engine: &'e mut Engine, out: &'e mut Vec<Effect>, frame: &'e [u8]) -> Self {
        out.clear();
        Self {
            engine,
            out,
            frame,
            unsettled: Vec::new(),
            told: Told::default(),
            counts: Counts::default(),
            channel: String::new(),
            snapshot: false,
        }
    }

    /// Looks for breaks once all records are in, and gives back everything that followed.
    pub(crate) fn finish(mut self) -> (Counts, String, bool, Told) {
        self.engine.settle_chains(&mut self.unsettled, self.out);
        let told = self.told.take(self.engine, self.out);
        (self.counts, self.channel, self.snapshot, told)
    }

    #[cold]
    fn refuse(&mut self, what: &str, error: Error, record: &[u8]) {
        self.counts.refused += 1;
        self.told.surface(self.out, format!("{what}: {error}"), record);
    }
}

impl<'a> Sink<'a> for Apply<'_> {
    fn begin(&mut self, head: &Head<'a>) -> bool {
        self.snapshot = head.snapshot;
        self.channel.push_str(match head.channel {
            Channel::UserFills => "userFills",
            Channel::User => "user",
            Channel::OrderUpdates => "orderUpdates",
            Channel::Other(name) => name,
        });
        match (head.user, self.engine.account()) {
            (Some(user), Some(account)) if !user.eq_ignore_ascii_case(account) => {
                let what = format!("a frame of another account, {user}: nothing of it was applied");
                self.counts.refused += 1;
                self.told.surface(self.out, what, self.frame);
                false
            }
            _ => true,
        }
    }

    fn fill(&mut self, fill: &Fill<'a>, record: &'a [u8]) {
        match self.engine.fill_one_of_many(fill, true, &mut self.unsettled, self.out) {
            Ok(outcome) if outcome.seen == Seen::New => self.counts.fills += 1,
            Ok(_) => self.counts.duplicates += 1,
            Err(error) => self.refuse("a fill", error, record),
        }
    }

    fn update(&mut self, update: &Update<'a>, record: &'a [u8]) {
        let before = self.out.len();
        match self.engine.update(update, self.out) {
            Ok(()) => {
                self.counts.updates += 1;
                let strange = |effect: &Effect| matches!(effect, Effect::UnknownWord { .. });
                if let Some(at) = self.out[before..].iter().position(strange) {
                    self.told.keep(before + at, record);
                }
            }
            Err(error) => self.refuse("an order update", error, record),
        }
    }

    fn non_user_cancel(&mut self, coin: &'a str, oid: Oid, record: &'a [u8]) {
        match self.engine.on_non_user_cancel(coin, oid, self.out) {
            Ok(()) => self.counts.updates += 1,
            Err(error) => self.refuse("a cancel by the venue", error, record),
        }
    }

    fn other(&mut self, key: &'a str, raw: &'a [u8]) {
        self.told.surface(self.out, key.to_owned(), raw);
    }

    fn surfaced(&mut self, what: &Surfaced<'a>) {
        self.counts.refused += 1;
        let why = format!("record {}: {}", what.index, what.why);
        self.told.surface(self.out, why, what.record);
    }
}
