//! The way up: what arrives at the venue, by HTTP and by socket (protocol 1).

use mm_core::ids::Ms;

use super::{Origin, Output, Signed, Task, Venue};
use crate::api::{self, Answer, exchange, info, ip, json::Value, socket, streams};
use crate::chain::{Address, By, Reply, Submission, Ticket};
use crate::faults::{Channel, Fault};
use socket::Asked;

impl Venue {
    /// Sends a request on its way, `delay` ms long.
    pub(super) fn send_up(&mut self, origin: Origin, body: Vec<u8>, action: bool, mut delay: Ms) {
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

    pub(super) fn exchange_arrives(&mut self, origin: Origin, body: &[u8]) {
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

    pub(super) fn info_arrives(&mut self, origin: Origin, body: &[u8]) {
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
                as_of: self.now.max(self.chain.now()).saturating_sub(stale),
                now: self.now,
            };
            match request.ok().and_then(|request| info::answer(&view, &request)) {
                None => Answer::unreadable(),
                Some((body, count)) => {
                    let more = rows.map_or(0, |per| count / per);
                    self.weight.add(self.now, more);
                    Answer::json(api::faulty::information(body, &kind, &mut self.faults, self.now))
                }
            }
        };
        self.answer(origin, false, &kind, answer);
    }

    pub(super) fn message_arrives(&mut self, id: u64, text: &[u8]) {
        let Some(socket) = self.sockets.get(&id) else { return };
        if !self.messages.take(self.now, 1, self.config.messages) {
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
                self.send_up(
                    Origin::Post { socket: id, id: post },
                    payload.into_bytes(),
                    action,
                    0,
                );
            }
        }
    }
}
