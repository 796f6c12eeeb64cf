//! The venue as a client meets it: bytes in, bytes out, each at its time (notes: "A venue as bytes").
//!
//! One queue holds all that is under way, ordered by time and then by the order in which it was sent. A request
//! takes its way up, waits for a block, and what comes of it takes its way down, each channel at its own pace.
//! Within a channel of a connection nothing overtakes, unless a fault makes it.

mod block;
mod down;
mod up;

use std::collections::BTreeMap;

use mm_core::error::Error;
use mm_core::ids::Ms;
use mm_wire::sign;

use crate::api::{self, ip, json::Value, socket::Socket, streams};
use crate::chain::{Address, Chain, Metas, Ticket};
use crate::config::Config;
use crate::faults::{Channel, Fault, Faults};
use crate::market::{Flow, Replay};
use crate::rng::Rng;

/// What is delivered to the client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// The answer to a request.
    Reply {
        /// The request's number.
        ticket: u64,
        /// HTTP status.
        status: u16,
        /// Content type.
        content_type: &'static str,
        /// Body.
        body: Vec<u8>,
    },
    /// A message on a connection.
    Frame {
        /// Which.
        socket: u64,
        /// Its text.
        data: Vec<u8>,
    },
    /// The venue closed a connection.
    Close {
        /// Which.
        socket: u64,
        /// WebSocket close code.
        code: u16,
    },
}

/// Who signed the body of a request to `/exchange`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Somebody, known here or not.
    By(Address),
    /// No key can have made the signature.
    Nobody,
    /// The body is no request that the venue knows.
    Unreadable,
}

/// Finds out who signed the body of a request to `/exchange`.
pub type Recover = fn(body: &[u8], mainnet: bool) -> Signed;

/// The others in a market.
#[derive(Clone, Debug)]
pub enum Others {
    /// Generated.
    Flow(Box<Flow>),
    /// Recorded.
    Replay(Box<Replay>),
}

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Http(u64),
    Post { socket: u64, id: u64 },
}

/// What is under way.
#[derive(Clone, Debug)]
enum Task {
    Exchange(Origin, Vec<u8>),
    Info(Origin, Vec<u8>),
    Message(u64, Vec<u8>),
    Block,
    Out(Output),
}

/// A simulated Hyperliquid.
pub struct Venue {
    config: Config,
    chain: Chain,
    /// What goes wrong.
    pub faults: Faults,
    others: Vec<Others>,
    recover: Recover,
    now: Ms,
    queue: BTreeMap<(Ms, u64), Task>,
    sequence: u64,
    tickets: u64,
    sockets: BTreeMap<u64, Socket>,
    next_socket: u64,
    waiting: BTreeMap<Ticket, Origin>,
    latency: Rng,
    blocks: Rng,
    weight: ip::Weight,
    messages: ip::Weight,
    connections: ip::Weight,
    trades: streams::Recent,
    outputs: Vec<Output>,
    out_trace: crate::chain::Trace,
}

impl Venue {
    /// An empty venue. Accounts are made on [`Self::chain_mut`] before time passes.
    pub fn new(config: Config, metas: Metas, recover: Recover) -> Self {
        let mut venue = Self {
            chain: Chain::new(config.settings, metas, config.start_ms),
            faults: Faults::new(config.seed),
            others: Vec::new(),
            recover,
            now: config.start_ms,
            queue: BTreeMap::new(),
            sequence: 0,
            tickets: 0,
            sockets: BTreeMap::new(),
            next_socket: 0,
            waiting: BTreeMap::new(),
            latency: Rng::new(config.seed, "latency"),
            blocks: Rng::new(config.seed, "blocks"),
            weight: ip::Weight::default(),
            messages: ip::Weight::default(),
            connections: ip::Weight::default(),
            trades: streams::Recent::default(),
            outputs: Vec::new(),
            out_trace: crate::chain::Trace::default(),
            config,
        };
        venue.next_block();
        venue
    }

    /// Lets others trade in a market, which they open on [`Self::chain_mut`].
    pub fn add_others(&mut self, others: Others) {
        self.others.push(others);
    }

    /// Time.
    pub const fn now_ms(&self) -> Ms {
        self.now
    }

    /// The state behind it.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The state behind it, to set it up or to play the venue's own part.
    pub const fn chain_mut(&mut self) -> &mut Chain {
        &mut self.chain
    }

    /// How it was set up.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// `POST /exchange`: the ticket of the answer.
    pub fn exchange(&mut self, body: &[u8]) -> u64 {
        self.tickets += 1;
        let delay = self.config.latency.up.draw(&mut self.latency);
        self.send_up(Origin::Http(self.tickets), body.to_vec(), true, delay);
        self.tickets
    }

    /// `POST /info`: the ticket of the answer.
    pub fn info(&mut self, body: &[u8]) -> u64 {
        self.tickets += 1;
        let delay = self.config.latency.up.draw(&mut self.latency);
        self.send_up(Origin::Http(self.tickets), body.to_vec(), false, delay);
        self.tickets
    }

    /// A new connection.
    pub fn open_socket(&mut self) -> u64 {
        self.next_socket += 1;
        let socket = self.next_socket;
        let full = self.config.sockets.is_some_and(|most| self.sockets.len() >= most)
            || !self.connections.take(self.now, 1, self.config.new_sockets);
        if full || self.faults.strikes(Fault::SocketRefused, None, self.now).is_some() {
            self.deliver_in(0, Output::Close { socket, code: 1006 });
            return socket;
        }
        self.sockets.insert(socket, Socket { last_sent: self.now, ..Socket::default() });
        if self.config.greeting {
            self.send_down(socket, Channel::Control, "Websocket connection established.".into());
        }
        socket
    }

    /// The client says something on a connection. On one that is not open it is lost.
    pub fn socket_message(&mut self, socket: u64, text: &[u8]) {
        let delay = self.config.latency.up.draw(&mut self.latency);
        self.push(self.now + delay, Task::Message(socket, text.to_vec()));
    }

    /// The client closes a connection.
    pub fn close_socket(&mut self, socket: u64) {
        self.sockets.remove(&socket);
        self.queue.retain(
            |_, task| !matches!(task, Task::Out(Output::Frame { socket: of, .. }) if *of == socket),
        );
    }

    /// Lets time pass until `until_ms`, and gives back what was delivered meanwhile, in order of time.
    pub fn advance(&mut self, until_ms: Ms) -> Vec<Output> {
        while self.pass(until_ms) {}
        self.now = self.now.max(until_ms);
        self.take()
    }

    /// Lets time pass until something is delivered, but not beyond `until_ms`: who answers at once sees each thing
    /// at its own time ([`Self::now_ms`]).
    pub fn step(&mut self, until_ms: Ms) -> Vec<Output> {
        while self.pass(until_ms) {
            let same_moment =
                self.queue.first_key_value().is_some_and(|((at, _), _)| *at == self.now);
            if !self.outputs.is_empty() && !same_moment {
                return self.take();
            }
        }
        self.now = self.now.max(until_ms);
        self.take()
    }

    /// One number for all that happened and all that was delivered.
    pub fn trace_hash(&self) -> String {
        let mut both = *self.chain.trace();
        both.note(&self.out_trace.digits());
        both.digits()
    }

    /// How many events there were on the chain.
    pub fn events(&self) -> u64 {
        self.chain.trace().events
    }

    fn take(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.outputs)
    }

    /// Carries out the next thing that is due by `until`; false if there is none.
    fn pass(&mut self, until: Ms) -> bool {
        let Some(entry) = self.queue.first_entry() else { return false };
        if entry.key().0 > until {
            return false;
        }
        let ((at, _), task) = entry.remove_entry();
        self.now = self.now.max(at);
        match task {
            Task::Exchange(origin, body) => self.exchange_arrives(origin, &body),
            Task::Info(origin, body) => self.info_arrives(origin, &body),
            Task::Message(socket, text) => self.message_arrives(socket, &text),
            Task::Block => self.block(),
            Task::Out(output) => self.deliver(output),
        }
        true
    }

    fn push(&mut self, at: Ms, task: Task) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), task);
    }

    fn deliver_in(&mut self, delay: Ms, output: Output) {
        self.push(self.now + delay, Task::Out(output));
    }

    fn deliver(&mut self, output: Output) {
        match &output {
            Output::Frame { socket, .. } => match self.sockets.get_mut(socket) {
                Some(socket) if !socket.half_open => socket.last_sent = self.now,
                _ => return,
            },
            Output::Close { socket, .. } => {
                self.sockets.remove(socket);
            }
            Output::Reply { .. } => {}
        }
        self.out_trace.note(&(self.now, &output));
        self.outputs.push(output);
    }
}

impl core::fmt::Debug for Venue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Venue")
            .field("now_ms", &self.now)
            .field("height", &self.chain.height())
            .finish_non_exhaustive()
    }
}

/// The venue's own way: the action is written anew, hashed, and the key found that signed that.
pub fn recover(body: &[u8], mainnet: bool) -> Signed {
    match sign::recover(body, sign::Network::of(mainnet)) {
        Ok(address) => Signed::By(Address(address.0)),
        Err(Error::Bad("signature", "is of no key")) => Signed::Nobody,
        Err(_) => Signed::Unreadable,
    }
}

/// Believes: the last twenty bytes of `r` are the address. For tests without keys.
pub fn believe(body: &[u8], _mainnet: bool) -> Signed {
    let address = |body: &[u8]| {
        let body = Value::parse(body).ok()?;
        let r = body.get("signature").get("r").text()?;
        Address::parse(format!("0x{}", r.get(r.len().checked_sub(40)?..)?).as_bytes())
    };
    address(body).map_or(Signed::Nobody, Signed::By)
}

impl Venue {
    /// What is really so of an account, as JSON; `None` if there is no such account.
    pub fn truth(&self, address: Address) -> Option<String> {
        self.chain.by_address(address).map(|id| api::truth::account(&self.chain, id))
    }
}
