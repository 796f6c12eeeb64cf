//! All or nothing: records are held back until the whole text has proved to be JSON.
//!
//! One record is held in place, without allocation: nearly every frame has just one. A snapshot's are held in
//! a vector, up to [`HELD_MAX`]. Of a longer list the rest is only checked at first, and read a second time when it
//! is delivered: memory stays bounded whatever the text is, and no text is too long for that.
//!
//! The alternative, a pass over every text that only checks it, costs twice what reading costs (335 ns a fill
//! against 157, measured): a check must look at every character, a reader knows most of them beforehand.

use mm_core::event::{Fill, Update};
use mm_core::ids::Oid;

use crate::error::{FrameError, Refusal, Stop};
use crate::fill::fill;
use crate::frames::{Sink, Surfaced};
use crate::json::Scanner;
use crate::update::{non_user_cancel, update};
use crate::usual;

/// How many records are held; the venue's longest list has 2,000.
pub(crate) const HELD_MAX: usize = 4_096;

/// The least text that a usual record has; what the vector's first size is guessed from.
const RECORD_BYTES: usize = 256;

/// What a list is made of.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Fill,
    Update,
    NonUserCancel,
}

enum Item<'a> {
    Fill(Fill<'a>, &'a [u8]),
    Update(Update<'a>, &'a [u8]),
    NonUserCancel(&'a str, Oid, &'a [u8]),
    Other(&'a str, &'a [u8]),
    Surfaced(Surfaced<'a>),
}

/// The part of a list that is checked and not held.
struct Rest<'a> {
    kind: Kind,
    from: Scanner<'a>,
    index: usize,
    inside: u32,
}

/// The records of one frame.
pub(crate) struct Held<'a> {
    first: Option<Item<'a>>,
    more: Vec<Item<'a>>,
    rests: Vec<Rest<'a>>,
    limit: usize,
}

impl<'a> Held<'a> {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { first: None, more: Vec::new(), rests: Vec::new(), limit }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.first = None;
        self.more.clear();
        self.rests.clear();
    }

    #[inline]
    fn push(&mut self, item: Item<'a>, ahead: usize) {
        if self.first.is_none() {
            self.first = Some(item);
            return;
        }
        if self.more.is_empty() {
            self.more.reserve((1 + ahead / RECORD_BYTES).min(self.limit));
        }
        self.more.push(item);
    }

    /// Holds a key and value that are for others to read.
    pub(crate) fn other(&mut self, key: &'a str, raw: &'a [u8]) {
        self.push(Item::Other(key, raw), 0);
    }

    /// Holds a value that could not be read.
    pub(crate) fn surfaced(&mut self, record: &'a [u8], index: usize, why: Refusal) {
        self.push(Item::Surfaced(Surfaced { record, index, why }), 0);
    }

    /// Reads a list, around which `inside` brackets are open.
    pub(crate) fn list(
        &mut self,
        s: &mut Scanner<'a>,
        kind: Kind,
        inside: u32,
    ) -> Result<(), FrameError> {
        if s.peek()? != b'[' {
            return Err(FrameError::Shape { at: s.at(), why: "a list of records is wanted" });
        }
        s.pass(1);
        s.blanks();
        if s.eat(b']') {
            return Ok(());
        }
        let inside = inside + 1;
        let mut left = false;
        each(s, 0, |s, index| {
            if self.more.len() < self.limit {
                let item = record(s, kind, index, inside)?;
                self.push(item, s.rest().len());
                return Ok(());
            }
            if !left {
                left = true;
                self.rests.push(Rest { kind, from: *s, index, inside });
            }
            s.skip(inside)
        })
    }

    /// Hands everything on. The text was checked to its end: an error here cannot happen.
    pub(crate) fn deliver<S: Sink<'a>>(&self, sink: &mut S) -> Result<(), FrameError> {
        for item in self.first.iter().chain(&self.more) {
            item.deliver(sink);
        }
        for rest in &self.rests {
            each(&mut rest.from.clone(), rest.index, |s, index| {
                record(s, rest.kind, index, rest.inside)?.deliver(sink);
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl<'a> Item<'a> {
    /// Of the text that it was read from.
    #[inline]
    fn length(&self) -> usize {
        match self {
            Self::Fill(_, record) | Self::Update(_, record) | Self::NonUserCancel(.., record) => {
                record.len()
            }
            Self::Other(_, raw) => raw.len(),
            Self::Surfaced(surfaced) => surfaced.record.len(),
        }
    }

    #[inline]
    fn deliver<S: Sink<'a>>(&self, sink: &mut S) {
        match self {
            Self::Fill(fill, record) => sink.fill(fill, record),
            Self::Update(update, record) => sink.update(update, record),
            Self::NonUserCancel(coin, oid, record) => sink.non_user_cancel(coin, *oid, record),
            Self::Other(key, raw) => sink.other(key, raw),
            Self::Surfaced(surfaced) => sink.surfaced(surfaced),
        }
    }
}

/// Goes through a list from its element `index` on, which is next, to its closing bracket.
#[inline]
fn each<'a>(
    s: &mut Scanner<'a>,
    mut index: usize,
    mut take: impl FnMut(&mut Scanner<'a>, usize) -> Result<(), FrameError>,
) -> Result<(), FrameError> {
    loop {
        take(s, index)?;
        s.blanks();
        if !s.eat(b',') {
            return s.expect(b']', "a comma or the closing bracket is wanted");
        }
        s.blanks();
        index += 1;
    }
}

/// Reads one record. One that is not understood is passed over, checked, and becomes a surfaced one.
#[inline]
fn record<'a>(
    s: &mut Scanner<'a>,
    kind: Kind,
    index: usize,
    inside: u32,
) -> Result<Item<'a>, FrameError> {
    let start = *s;
    let text = s.rest();
    let read_from = |rest: &[u8]| &text[..text.len() - rest.len()];
    let usual = match kind {
        Kind::Fill => usual::fill(text).map(|(fill, rest)| Item::Fill(fill, read_from(rest))),
        Kind::Update => {
            usual::update(text).map(|(update, rest)| Item::Update(update, read_from(rest)))
        }
        Kind::NonUserCancel => None,
    };
    if let Some(item) = usual {
        s.pass(item.length());
        return Ok(item);
    }
    let read = match kind {
        Kind::Fill => fill(s, inside).map(|fill| Item::Fill(fill, s.since(&start))),
        Kind::Update => update(s, inside).map(|update| Item::Update(update, s.since(&start))),
        Kind::NonUserCancel => non_user_cancel(s, inside)
            .map(|(coin, oid)| Item::NonUserCancel(coin, oid, s.since(&start))),
    };
    match read {
        Ok(item) => Ok(item),
        Err(Stop::Frame(error)) => Err(error),
        Err(Stop::Record(why)) => {
            *s = start;
            s.skip(inside)?;
            Ok(Item::Surfaced(Surfaced { record: s.since(&start), index, why }))
        }
    }
}
