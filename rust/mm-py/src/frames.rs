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
    unsettled: Vec<u32>,
    told: Vec<Told>,
    pub(crate) counts: Counts,
    pub(crate) channel: String,
    pub(crate) snapshot: bool,
}

impl<'e> Apply<'e> {
    pub(crate) fn new(engine: &'e mut Engine, out: &'e mut Vec<Effect>) -> Self {
        out.clear();
        Self {
            engine,
            out,
            unsettled: Vec::new(),
            told: Vec::new(),
            counts: Counts::default(),
            channel: String::new(),
            snapshot: false,
        }
    }

    /// Looks for breaks once all records are in, and gives back everything that followed.
    pub(crate) fn finish(mut self) -> (Counts, String, bool, Vec<Told>) {
        self.engine.settle_chains(&mut self.unsettled, self.out);
        self.drain();
        (self.counts, self.channel, self.snapshot, self.told)
    }

    fn drain(&mut self) {
        let engine = &*self.engine;
        self.told.extend(self.out.drain(..).map(|effect| Told::new(engine, effect)));
    }

    fn surface(&mut self, what: String, record: &[u8]) {
        self.drain();
        self.told.push(Told::Surfaced(what, record.to_vec()));
    }

    fn refuse(&mut self, what: &str, error: Error) {
        self.counts.refused += 1;
        self.surface(format!("{what}: {error}"), b"");
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
                self.surface(what, b"");
                false
            }
            _ => true,
        }
    }

    fn fill(&mut self, fill: &Fill<'a>) {
        match self.engine.fill_one_of_many(fill, true, &mut self.unsettled, self.out) {
            Ok(outcome) if outcome.seen == Seen::New => self.counts.fills += 1,
            Ok(_) => self.counts.duplicates += 1,
            Err(error) => self.refuse("a fill", error),
        }
    }

    fn update(&mut self, update: &Update<'a>) {
        match self.engine.update(update, self.out) {
            Ok(()) => self.counts.updates += 1,
            Err(error) => self.refuse("an order update", error),
        }
    }

    fn non_user_cancel(&mut self, coin: &'a str, oid: Oid) {
        match self.engine.on_non_user_cancel(coin, oid, self.out) {
            Ok(()) => self.counts.updates += 1,
            Err(error) => self.refuse("a cancel by the venue", error),
        }
    }

    fn other(&mut self, key: &'a str, raw: &'a [u8]) {
        self.surface(key.to_owned(), raw);
    }

    fn surfaced(&mut self, what: &Surfaced<'a>) {
        self.counts.refused += 1;
        self.surface(format!("record {}: {}", what.index, what.why), what.record);
    }
}
