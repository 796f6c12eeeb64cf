//! The walk over all orders of a history.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use mm_core::engine::Engine;
use mm_core::num::Sz;
use mm_core::paged::mix;

use crate::common::{BTC, Bench, Msg, views};

/// A history: what was asked before, and the facts that then arrive in any order.
pub(crate) struct History<'a> {
    pub(crate) name: &'a str,
    pub(crate) start: Bench,
    pub(crate) messages: Vec<Msg>,
    /// How often each message may come.
    pub(crate) times: u8,
    /// Whether subsets must agree, too; else only the ends, where every message has come.
    pub(crate) subsets: bool,
    /// Whether the worst cases must hold the end from the start on (not so where a stranger trades).
    pub(crate) bounded: bool,
    /// Messages that contradict others: once one of them has come, the worst cases must hold the end. Who came first
    /// may show in phases then; in money and bounds it must not.
    pub(crate) belying: Option<Vec<usize>>,
}

impl<'a> History<'a> {
    pub(crate) fn new(name: &'a str, start: Bench, messages: Vec<Msg>) -> Self {
        Self { name, start, messages, times: 2, subsets: true, bounded: true, belying: None }
    }

    /// A stranger's order is in it: what it may do was not known before.
    pub(crate) fn with_a_stranger(mut self) -> Self {
        self.bounded = false;
        self
    }

    /// These messages contradict the others.
    pub(crate) fn belied_by(mut self, messages: &[usize]) -> Self {
        self.belying = Some(messages.to_vec());
        self
    }

    /// Walks all orders, and gives back the engine in which they end.
    pub(crate) fn walk(self) -> Engine {
        let end = self.in_order();
        let truth = end.position(BTC).size;
        let mut frontier = BTreeMap::from([(
            (vec![0u8; self.messages.len()], Print::of(&self.start.engine)),
            Node { engine: self.start.engine.clone(), orders: 1, path: Vec::new() },
        )]);
        let mut known: BTreeMap<u32, Known> = BTreeMap::new();
        let (mut orders, mut states) = (0u128, 0usize);
        while !frontier.is_empty() {
            let mut next = BTreeMap::new();
            for ((counts, _), node) in frontier {
                states += 1;
                self.look(&counts, &node, &mut known, truth);
                if counts.iter().all(|&count| count > 0) {
                    orders += node.orders;
                }
                self.step(&counts, &node, &mut next);
            }
            frontier = next;
        }
        println!(
            "{}: {orders} orders of {} messages through {states} states",
            self.name,
            self.messages.len()
        );
        end
    }

    fn in_order(&self) -> Engine {
        let mut bench = self.start.clone();
        for message in &self.messages {
            bench.tell(message);
        }
        bench.engine
    }

    fn step(&self, counts: &[u8], node: &Node, next: &mut BTreeMap<(Vec<u8>, Print), Node>) {
        for (at, message) in
            self.messages.iter().enumerate().filter(|(at, _)| counts[*at] < self.times)
        {
            let (mut engine, mut out, mut path) =
                (node.engine.clone(), Vec::new(), node.path.clone());
            path.push(at);
            let told = message
                .tell(&mut engine, &mut out)
                .map_err(|why| why.to_string())
                .and_then(|()| engine.check());
            told.unwrap_or_else(|why| panic!("{}: after {}: {why}", self.name, self.tale(&path)));
            let mut counts = counts.to_vec();
            counts[at] += 1;
            let print = Print::of(&engine);
            let fresh = Node { engine, orders: 0, path };
            next.entry((counts, print)).or_insert(fresh).orders += node.orders;
        }
    }

    /// Compares a state with the first that had seen the same messages.
    fn look(&self, counts: &[u8], node: &Node, known: &mut BTreeMap<u32, Known>, truth: Sz) {
        let engine = &node.engine;
        let seen = |message: &usize| counts[*message] > 0;
        let bounded = self.belying.as_ref().is_none_or(|belying| belying.iter().any(seen));
        if self.bounded && bounded {
            let (short, long) = (engine.worst_short(BTC), engine.worst_long(BTC));
            assert!(
                short <= truth && truth <= long,
                "{}: {truth} is outside {short}..{long}: {}",
                self.name,
                self.tale(&node.path)
            );
        }
        let complete = counts.iter().all(|&count| count > 0);
        if !self.subsets && !complete {
            return;
        }
        let seen = counts
            .iter()
            .enumerate()
            .fold(0u32, |mask, (at, &count)| mask | u32::from(count > 0) << at);
        let (digest, views) = match self.belying {
            Some(_) => (0, format!("{:?}", engine.position(BTC))),
            None if complete => (engine.digest(), views_and_later(engine)),
            None => (engine.digest(), views(engine)),
        };
        let first = known.entry(seen).or_insert_with(|| Known {
            digest,
            views: views.clone(),
            path: node.path.clone(),
        });
        if first.views != views || first.digest != digest {
            let (one, other) = (self.tale(&first.path), self.tale(&node.path));
            panic!(
                "{}: two orders of one set differ\n{one}\n{}\n{:x}\n-- and --\n{other}\n{views}\n{digest:x}",
                self.name, first.views, first.digest
            );
        }
    }

    fn tale(&self, path: &[usize]) -> String {
        path.iter().fold(String::new(), |mut tale, &at| {
            writeln!(tale, "    {}. {:?}", at, self.messages[at]).expect("a String takes all");
            tale
        })
    }
}

/// The views now, and once every timer has run.
fn views_and_later(engine: &Engine) -> String {
    let now = views(engine);
    let mut bench = Bench { engine: engine.clone(), effects: Vec::new() };
    bench.tick(1_000_000);
    bench.tick(2_000_000);
    now + "-- later --\n" + &views(&bench.engine)
}

struct Node {
    engine: Engine,
    orders: u128,
    path: Vec<usize>,
}

struct Known {
    digest: u128,
    views: String,
    path: Vec<usize>,
}

/// A fingerprint of every field of an engine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Print(u64, u64);

impl Print {
    fn of(engine: &Engine) -> Self {
        let mut print = Self(1, 2);
        write!(print, "{engine:?}").expect("a number takes all");
        print
    }
}

impl fmt::Write for Print {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.as_bytes().chunks(8) {
            let word = piece.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
            (self.0, self.1) = (mix(self.0, word), mix(self.1.rotate_left(17), !word));
        }
        Ok(())
    }
}
