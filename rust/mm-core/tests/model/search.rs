//! Breadth first over all states of a world, on every core. What breaks a law is found on a shortest trail.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mm_core::effect::Effect;

use crate::action::{Action, venue};
use crate::heal::heal;
use crate::law::{self, Violation};
use crate::run::Run;
use crate::setting::Setting;
use crate::table::{Met, Table};
use crate::world::Stage;

/// How hard to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Heal from one state in so many, and from all where everything was delivered. (To heal is to deliver, along
    /// steps that are searched anyway, and then to ask.)
    pub(crate) heal_one_in: u64,
    /// Crash in one state in so many, and wherever an ask follows.
    pub(crate) crash_one_in: u64,
    /// Compare all that can be read, and not the digest alone, in one state in so many.
    pub(crate) read_one_in: u64,
    /// Stop beyond so many states.
    pub(crate) states_max: usize,
}

impl Effort {
    /// At every change.
    pub(crate) const OFTEN: Self =
        Self { heal_one_in: 32, crash_one_in: 16, read_one_in: 8, states_max: usize::MAX };
    /// For the planted bugs.
    #[cfg(feature = "planted")]
    pub(crate) const SHORT: Self = Self { states_max: 30_000, ..Self::OFTEN };
    /// By `make model-deep`.
    #[cfg(not(feature = "planted"))]
    pub(crate) const ONCE: Self = Self { crash_one_in: 8, read_one_in: 1, ..Self::OFTEN };
}

/// What was done.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) states: usize,
    pub(crate) steps: usize,
    pub(crate) pairs: usize,
    pub(crate) heals: usize,
    pub(crate) crashes: usize,
    pub(crate) depth: usize,
    pub(crate) time: Duration,
    pub(crate) whole: bool,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, steps, pairs, heals, crashes, depth, time, .. } = self;
        let seconds = time.as_secs();
        write!(f, "{states:11}{steps:12}{pairs:13}{heals:10}{crashes:10}{depth:6}{seconds:5}")
    }
}

impl Tally {
    #[cfg(not(feature = "planted"))]
    pub(crate) const HEAD: &str =
        "     states       steps        pairs     heals   crashes depth secs";

    pub(crate) fn add(&mut self, other: &Self) {
        self.states += other.states;
        self.steps += other.steps;
        self.pairs += other.pairs;
        self.heals += other.heals;
        self.crashes += other.crashes;
        self.depth = self.depth.max(other.depth);
        self.time += other.time;
        self.whole &= other.whole;
    }
}

/// A broken law, and the trail to it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) violation: Violation,
    pub(crate) trail: Vec<u16>,
}

/// States of one depth: trails of one length, end to end.
#[derive(Default)]
struct Level {
    trails: Vec<u16>,
    count: usize,
}

struct Worker<'a> {
    setting: &'a Setting,
    effort: Effort,
    table: &'a Table,
    next: Level,
    tally: Tally,
    found: Option<Found>,
    /// Buffers, used again and again.
    actions: Vec<Action>,
    out: Vec<Effect>,
}

/// All states of this world, or the first broken law.
pub(crate) fn search(setting: &Setting, effort: Effort, threads: usize) -> (Tally, Option<Found>) {
    let start = Instant::now();
    let table = Table::new();
    let root = Run::new(setting);
    table.meet(root.world.key(), 0);
    let mut total = Tally { states: 1, whole: true, ..Tally::default() };
    let mut level = Level { trails: Vec::new(), count: 1 };
    let mut found = None;
    while level.count > 0 && found.is_none() && total.whole {
        let (cursor, this) = (AtomicUsize::new(0), &level);
        let workers: Vec<Worker<'_>> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        Worker::new(setting, effort, &table).level(this, total.depth, &cursor)
                    })
                })
                .collect();
            handles.into_iter().map(|handle| handle.join().expect("a worker stopped")).collect()
        });
        let mut next = Level::default();
        for mut worker in workers {
            worker.tally.whole = true;
            total.add(&worker.tally);
            next.count += worker.next.count;
            next.trails.append(&mut worker.next.trails);
            found =
                [found, worker.found].into_iter().flatten().min_by(|a, b| a.trail.cmp(&b.trail));
        }
        total.whole = total.states <= effort.states_max;
        total.depth += usize::from(next.count > 0);
        level = next;
    }
    total.time = start.elapsed();
    (total, found)
}

const CHUNK: usize = 64;

/// Runs along trails. Neighbours in a level share most of their trails: what they share is walked once.
struct Stems<'a, 'l> {
    setting: &'a Setting,
    /// Stems of the last trail, each longer than the one before, and where they lead.
    known: Vec<(&'l [u16], Run<'a>)>,
}

impl<'a, 'l> Stems<'a, 'l> {
    fn run(&mut self, trail: &'l [u16]) -> Run<'a> {
        while self.known.last().is_some_and(|(stem, _)| !trail.starts_with(stem)) {
            self.known.pop();
        }
        let (mut at, mut run) = match self.known.last() {
            Some((stem, run)) => (stem.len(), run.clone()),
            None => (0, Run::new(self.setting)),
        };
        while at < trail.len() {
            // Kept are the parent, and a few of its ancestors.
            if at > 0 && matches!(trail.len() - at, 1 | 3 | 6) {
                self.known.push((&trail[..at], run.clone()));
            }
            run.act(Action::unpack(trail[at])).expect("a trail was walked before");
            at += 1;
        }
        run
    }
}

impl<'a> Worker<'a> {
    fn new(setting: &'a Setting, effort: Effort, table: &'a Table) -> Self {
        let (next, tally) = (Level::default(), Tally::default());
        Self {
            setting,
            effort,
            table,
            next,
            tally,
            found: None,
            actions: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Takes states of the level until none is left.
    fn level(mut self, level: &Level, depth: usize, cursor: &AtomicUsize) -> Self {
        let mut stems = Stems { setting: self.setting, known: Vec::new() };
        loop {
            let from = cursor.fetch_add(CHUNK, Ordering::Relaxed);
            if from >= level.count {
                return self;
            }
            for at in from..level.count.min(from + CHUNK) {
                let trail = &level.trails[at * depth..(at + 1) * depth];
                let run = stems.run(trail);
                if let Err((violation, action)) = self.expand(trail, &run) {
                    let mut trail = trail.to_vec();
                    trail.extend(action.map(Action::pack));
                    if self.found.as_ref().is_none_or(|known| trail < known.trail) {
                        self.found = Some(Found { violation, trail });
                    }
                }
            }
        }
    }

    /// Looks at one state, and takes every step from it.
    fn expand(&mut self, trail: &[u16], run: &Run<'a>) -> Result<(), (Violation, Option<Action>)> {
        let here = |violation| (violation, None);
        let key = run.world.key();
        law::state(run).map_err(here)?;
        // Told again, or refused an ask, an engine is as it was: the copy serves the next step.
        let mut spare = Some(law::again(run, std::mem::take(&mut self.out)).map_err(here)?);
        let waiting = run.world.mail(false).count();
        self.tally.pairs += waiting * waiting.saturating_sub(1) / 2;
        let flying = run.world.legs().iter().any(|leg| leg.stage == Stage::Flying);
        if (waiting == 0 && !flying) || key.is_multiple_of(self.effort.heal_one_in) {
            self.tally.heals += 1;
            law::asks(run).map_err(here)?;
            heal(run).map_err(here)?;
        }
        let faces = (law::digest(run), law::face(run));
        let known = law::known(run);
        let mut actions = std::mem::take(&mut self.actions);
        run.actions(&mut actions);
        for &action in &actions {
            let there = |violation| (violation, Some(action));
            if action.is_the_venues() {
                let mut world = run.world;
                venue(self.setting, &mut world, run.list(), action);
                let key = world.key();
                let face = if self.reads(key) { faces.1 } else { faces.0 };
                self.meet(trail, action, key, face).map_err(there)?;
                continue;
            }
            if action == Action::Crash {
                if !(key / 7).is_multiple_of(self.effort.crash_one_in) {
                    continue;
                }
                self.tally.crashes += 1;
            }
            let mut next = spare.take().unwrap_or_else(|| run.clone());
            if next.out.capacity() == 0 {
                next.out = std::mem::take(&mut self.out);
            }
            if !next.act(action).map_err(there)? {
                spare = Some(next);
                continue;
            }
            if action != Action::Crash {
                law::along(&known, &next).map_err(there)?;
            }
            let key = next.world.key();
            let face = if self.reads(key) { law::face(&next) } else { law::digest(&next) };
            self.meet(trail, action, key, face).map_err(there)?;
            self.out = std::mem::take(&mut next.out);
        }
        self.actions = actions;
        Ok(())
    }

    fn reads(&self, key: u64) -> bool {
        (key / 3).is_multiple_of(self.effort.read_one_in)
    }

    fn meet(
        &mut self,
        trail: &[u16],
        action: Action,
        key: u64,
        face: u64,
    ) -> Result<(), Violation> {
        self.tally.steps += 1;
        match self.table.meet(key, face) {
            Met::New => {
                self.tally.states += 1;
                self.next.count += 1;
                self.next.trails.extend_from_slice(trail);
                self.next.trails.push(action.pack());
            }
            Met::Same => {}
            Met::Differs => {
                let how = "the same facts came in another order before, and gave another state";
                return Err(Violation::new("F8 confluence", how));
            }
        }
        Ok(())
    }
}
