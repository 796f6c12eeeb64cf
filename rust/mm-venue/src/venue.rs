//! The venue as a client meets it: bytes in, bytes out, each at its time (notes: "A venue as bytes").
//!
//! One queue holds all that is under way, ordered by time and then by the order in which it was sent. A request
//! takes its way up, waits for a block, and what comes of it takes its way down, each channel at its own pace.
//! Within a channel of a connection nothing overtakes, unless a fault makes it.

use std::collections::BTreeMap;

use mm_core::error::Error;
use mm_core::ids::Ms;
use mm_wire::sign;

use crate::api::{self, Answer, exchange, info, ip, json::Value, socket, streams};
use crate::chain::{Address, By, Chain, Event, Metas, Reply, Submission, Ticket};
use crate::config::Config;
use crate::faults::{Channel, Fault, Faults};
use crate::market::{Flow, Replay};
use crate::rng::Rng;
use socket::{Asked, Socket};

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
        self.send_up(Origin::Http(self.tickets), body.to_vec(), true);
        self.tickets
    }

    /// `POST /info`: the ticket of the answer.
    pub fn info(&mut self, body: &[u8]) -> u64 {
        self.tickets += 1;
        self.send_up(Origin::Http(self.tickets), body.to_vec(), false);
        self.tickets
    }

    /// A new connection.
    pub fn open_socket(&mut self) -> u64 {
        self.next_socket += 1;
        let socket = self.next_socket;
        if self.faults.strikes(Fault::SocketRefused, None, self.now).is_some() {
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

    // ---- the way up

    fn send_up(&mut self, origin: Origin, body: Vec<u8>, action: bool) {
        let mut delay = self.config.latency.up.draw(&mut self.latency);
        let task =
            |body| if action { Task::Exchange(origin, body) } else { Task::Info(origin, body) };
        if action {
            if self.faults.strikes(Fault::RequestLost, None, self.now).is_some() {
                return;
            }
            delay += self.faults.strikes(Fault::RequestLate, None, self.now).unwrap_or(0);
            if let Some(later) = self.faults.strikes(Fault::RequestDuplicated, None, self.now) {
                self.push(self.now + delay + later, task(body.clone()));
            }
        }
        self.push(self.now + delay, task(body));
    }

    fn exchange_arrives(&mut self, origin: Origin, body: &[u8]) {
        if self.faults.strikes(Fault::RefusedTooMany, Some(Channel::Reply), self.now).is_some() {
            return self.answer(origin, true, "", Answer::too_many());
        }
        if self.faults.strikes(Fault::BrokenBefore, Some(Channel::Reply), self.now).is_some() {
            return self.answer(origin, true, "", api::faulty::bad_gateway());
        }
        let parsed = Value::parse(body).ok().and_then(|body| exchange::Envelope::read(&body).ok());
        let items = parsed.as_ref().map_or(1, |envelope| envelope.action.items());
        if !self.weight.take(self.now, ip::of_action(items), self.config.ip_weight) {
            return self.answer(origin, true, "", Answer::too_many());
        }
        let Some(envelope) = parsed else {
            return self.answer(origin, true, "", Answer::unreadable());
        };
        let signer = match (self.recover)(body, self.config.mainnet) {
            Signed::By(signer) => signer,
            Signed::Unreadable => return self.answer(origin, true, "", Answer::unreadable()),
            Signed::Nobody => {
                let body = exchange::write_reply(&Reply::Err("Unable to recover signer.".into()));
                return self.answer(origin, true, "", Answer::json(body));
            }
        };
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, origin);
        self.chain.submit(Submission {
            ticket,
            by: By::Signer { signer, vault: envelope.vault },
            nonce: envelope.nonce,
            expires_after: envelope.expires_after,
            action: envelope.action,
        });
    }

    fn info_arrives(&mut self, origin: Origin, body: &[u8]) {
        let channel = Some(Channel::Info);
        let request = Value::parse(body);
        let kind = request
            .as_ref()
            .ok()
            .and_then(|request| request.get("type").text())
            .unwrap_or("")
            .to_owned();
        let (weight, rows) = ip::of_info(&kind);
        let refused = self.faults.strikes(Fault::RefusedTooMany, channel, self.now).is_some();
        let answer = if refused || !self.weight.take(self.now, weight, self.config.ip_weight) {
            Answer::too_many()
        } else if self.faults.strikes(Fault::BrokenBefore, channel, self.now).is_some() {
            api::faulty::bad_gateway()
        } else {
            let stale = self.faults.strikes(Fault::InfoStale, channel, self.now).unwrap_or(0);
            let view = info::View {
                chain: &self.chain,
                trades: &self.trades,
                as_of: self.now.saturating_sub(stale),
                now: self.now,
            };
            match request.ok().and_then(|request| info::answer(&view, &request)) {
                None => Answer::unreadable(),
                Some((body, count)) => {
                    let more = rows.map_or(0, |per| count / per);
                    self.weight.add(self.now, more);
                    Answer::json(body)
                }
            }
        };
        self.answer(origin, false, &kind, answer);
    }

    fn message_arrives(&mut self, id: u64, text: &[u8]) {
        let Some(socket) = self.sockets.get(&id) else { return };
        if !self.messages.take(self.now, 1, Some(socket::MESSAGES_MAX)) {
            return self.send_down(id, Channel::Control, socket::error("Too many messages."));
        }
        let mut users: Vec<Address> = self
            .sockets
            .values()
            .flat_map(|s| s.streams.keys().filter_map(api::subscription::Stream::user))
            .collect();
        users.sort_unstable();
        users.dedup();
        let count = self.sockets.values().map(|socket| socket.streams.len()).sum();
        let posts: usize = self.sockets.values().map(|socket| socket.posts).sum();
        match socket::read(text, &self.chain, &socket.streams, &users, count) {
            Asked::Say(text) => self.send_down(id, Channel::Control, text),
            Asked::Close => {
                self.push(self.now, Task::Out(Output::Close { socket: id, code: 1000 }));
            }
            Asked::Subscribed(stream, ack) => {
                self.send_down(id, Channel::Control, ack);
                let (first, told) = streams::first(&self.chain, &self.trades, &stream, self.now);
                if let Some(socket) = self.sockets.get_mut(&id) {
                    socket.streams.insert(stream, told);
                }
                if let Some((channel, frame)) = first {
                    self.send_down(id, channel, frame);
                }
            }
            Asked::Unsubscribed(stream, ack) => {
                if let Some(socket) = self.sockets.get_mut(&id) {
                    socket.streams.remove(&stream);
                }
                self.send_down(id, Channel::Control, ack);
            }
            Asked::Post { id: post, .. } if posts >= socket::POSTS_MAX => {
                let text = socket::error(&format!("too many pending post requests id={post}"));
                self.send_down(id, Channel::Control, text);
            }
            Asked::Post { id: post, action, payload } => {
                if let Some(socket) = self.sockets.get_mut(&id) {
                    socket.posts += 1;
                }
                let origin = Origin::Post { socket: id, id: post };
                let lost =
                    action && self.faults.strikes(Fault::RequestLost, None, self.now).is_some();
                let late = if action {
                    self.faults.strikes(Fault::RequestLate, None, self.now).unwrap_or(0)
                } else {
                    0
                };
                let task = |body| {
                    if action { Task::Exchange(origin, body) } else { Task::Info(origin, body) }
                };
                if let (true, Some(later)) =
                    (action, self.faults.strikes(Fault::RequestDuplicated, None, self.now))
                {
                    self.push(self.now + later, task(payload.clone().into_bytes()));
                }
                if !lost {
                    self.push(self.now + late, task(payload.into_bytes()));
                }
            }
        }
    }

    // ---- the block

    fn next_block(&mut self) {
        let delay = self.config.block.draw(&mut self.blocks).max(1);
        self.push(self.now + delay, Task::Block);
    }

    fn block(&mut self) {
        self.next_block();
        self.close_idle();
        self.venue_faults();
        if self.faults.strikes(Fault::Halt, None, self.now).is_some() {
            return;
        }
        let time = self.now + self.faults.strikes(Fault::ClockAhead, None, self.now).unwrap_or(0);
        for others in &mut self.others {
            match others {
                Others::Flow(flow) => flow.act(&mut self.chain, time),
                Others::Replay(replay) => replay.act(&mut self.chain, time),
            }
        }
        let events = self.chain.block(time);
        self.trades.note(&events);
        for event in &events {
            if let Event::Replied(ticket, reply) = event
                && let Some(origin) = self.waiting.remove(ticket)
            {
                let reply = api::faulty::reply(reply, &mut self.faults, self.now);
                let answer = if self
                    .faults
                    .strikes(Fault::BrokenAfter, Some(Channel::Reply), self.now)
                    .is_some()
                {
                    api::faulty::bad_gateway()
                } else {
                    Answer::json(exchange::write_reply(&reply))
                };
                self.answer(origin, true, "", answer);
            }
        }
        self.speak(&events);
    }

    /// Every connection's streams say what came of a block.
    fn speak(&mut self, events: &[Event]) {
        if self.sockets.values().all(|socket| socket.streams.is_empty()) {
            return;
        }
        let mut said = Vec::new();
        let block = streams::Block {
            chain: &self.chain,
            events,
            now: self.now,
            cadence: &self.config.cadence,
        };
        for (id, socket) in &mut self.sockets {
            for (stream, told) in &mut socket.streams {
                streams::speak(&block, stream, told, |channel, frame| {
                    said.push((*id, channel, frame));
                });
            }
        }
        for (id, channel, frame) in said {
            let frame = api::faulty::frame(frame, channel, &mut self.faults, self.now);
            self.send_down(id, channel, frame);
        }
    }

    /// What the venue does wrong by itself, looked at once a block.
    fn venue_faults(&mut self) {
        let now = self.now;
        self.chain.settings.modify_cancel_first = self.config.settings.modify_cancel_first
            || self.faults.strikes(Fault::ModifyCancelFirst, None, now).is_some();
        if let Some(ms) = self.faults.strikes(Fault::PostOnly, None, now) {
            self.chain.post_only_until = self.chain.post_only_until.max(now + ms);
        }
        if self.faults.strikes(Fault::VenueCancel, None, now).is_some() {
            api::faulty::cancel_oldest(&mut self.chain);
        }
        if self.faults.strikes(Fault::OrderForgotten, None, now).is_some() {
            api::faulty::forget_newest(&mut self.chain);
        }
        let open: Vec<u64> = self.sockets.keys().copied().collect();
        for id in open {
            if self.faults.strikes(Fault::SocketDropped, None, now).is_some() {
                self.push(now, Task::Out(Output::Close { socket: id, code: 1006 }));
            }
            if self.faults.strikes(Fault::SocketHalfOpen, None, now).is_some()
                && let Some(socket) = self.sockets.get_mut(&id)
            {
                socket.half_open = true;
            }
        }
    }

    /// The venue closes connections on which it has sent nothing for a minute.
    fn close_idle(&mut self) {
        let now = self.now;
        let idle: Vec<u64> = self
            .sockets
            .iter()
            .filter(|(_, socket)| !socket.half_open && now >= socket.last_sent + socket::IDLE_MS)
            .map(|(id, _)| *id)
            .collect();
        for socket in idle {
            self.push(now, Task::Out(Output::Close { socket, code: 1000 }));
        }
    }

    // ---- the way down

    /// Sends an answer back by the way its request came.
    fn answer(&mut self, origin: Origin, action: bool, kind: &str, answer: Answer) {
        let channel = if action { Channel::Reply } else { Channel::Info };
        if let Origin::Post { socket, .. } = origin
            && let Some(socket) = self.sockets.get_mut(&socket)
        {
            socket.posts = socket.posts.saturating_sub(1);
        }
        let now = self.now;
        if self.faults.strikes(Fault::ReplyLost, Some(channel), now).is_some() {
            return;
        }
        let answer = api::faulty::answer(answer, channel, &mut self.faults, now);
        let late = self.faults.strikes(Fault::ReplyLate, Some(channel), now).unwrap_or(0);
        match origin {
            Origin::Post { socket, id } => {
                let frame = socket::answered(id, action, kind, &answer);
                if self.faults.strikes(Fault::ReplyDuplicated, Some(channel), now).is_some() {
                    self.send_down(socket, channel, frame.clone());
                }
                self.send_down_late(socket, channel, frame, late);
            }
            Origin::Http(ticket) => {
                if self.faults.strikes(Fault::Deaf, Some(channel), now).is_some() {
                    return;
                }
                let delay = self.config.latency.of(channel).draw(&mut self.latency) + late;
                let Answer { status, content_type, body } = answer;
                self.deliver_in(
                    delay,
                    Output::Reply { ticket, status, content_type, body: body.into_bytes() },
                );
            }
        }
    }

    fn send_down(&mut self, socket: u64, channel: Channel, frame: String) {
        self.send_down_late(socket, channel, frame, 0);
    }

    /// Sends a frame: not before those of its channel that are under way, unless a fault lets it be overtaken.
    fn send_down_late(&mut self, id: u64, channel: Channel, frame: String, late: Ms) {
        let (now, here) = (self.now, Some(channel));
        if !self.sockets.contains_key(&id)
            || self.faults.strikes(Fault::Deaf, here, now).is_some()
            || self.faults.strikes(Fault::FrameLost, here, now).is_some()
        {
            return;
        }
        let delay = self.config.latency.of(channel).draw(&mut self.latency) + late;
        let delay = delay + self.faults.strikes(Fault::FrameLate, here, now).unwrap_or(0);
        let twice = self.faults.strikes(Fault::FrameDuplicated, here, now).is_some();
        let overtaken = self.faults.strikes(Fault::FrameReordered, here, now);
        let mut data = frame.into_bytes();
        if self.faults.strikes(Fault::FrameTruncated, here, now).is_some() {
            data.truncate(data.len() / 2);
        }
        let Some(socket) = self.sockets.get_mut(&id) else { return };
        let last = socket.under_way.entry(channel).or_insert(0);
        let at = (now + delay).max(*last);
        // Posts are answered in any order (protocol 1.5); everything else keeps its own.
        if overtaken.is_none() && !matches!(channel, Channel::Reply | Channel::Info) {
            *last = at;
        }
        let at = at + overtaken.unwrap_or(0);
        if twice {
            self.push(at, Task::Out(Output::Frame { socket: id, data: data.clone() }));
        }
        self.push(at, Task::Out(Output::Frame { socket: id, data }));
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
