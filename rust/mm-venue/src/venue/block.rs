//! The block: what is committed, what comes of it, and what the venue does wrong by itself.

use super::{Others, Output, Task, Venue};
use crate::api::{self, Answer, exchange, socket, streams};
use crate::chain::{BentTid, Event};
use crate::faults::{Channel, Fault};

impl Venue {
    pub(super) fn next_block(&mut self) {
        let delay = self.config.block.draw(&mut self.blocks).max(1);
        self.push(self.now + delay, Task::Block);
    }

    pub(super) fn block(&mut self) {
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
    pub(super) fn speak(&mut self, events: &[Event]) {
        if self.sockets.values().all(|socket| socket.streams.is_empty()) {
            return;
        }
        let mut said = Vec::new();
        let block = streams::Block {
            chain: &self.chain,
            events,
            recent: &self.trades,
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
    pub(super) fn venue_faults(&mut self) {
        let now = self.now;
        self.chain.settings.modify_cancel_first = self.config.settings.modify_cancel_first
            || self.faults.strikes(Fault::ModifyCancelFirst, None, now).is_some();
        if let Some(ms) = self.faults.strikes(Fault::PostOnly, None, now) {
            self.chain.post_only_until = self.chain.post_only_until.max(now + ms);
        }
        for (fault, bent) in
            [(Fault::TidZero, BentTid::Zero), (Fault::TidRepeated, BentTid::Repeated)]
        {
            // It waits for the next trade; what it bends it bends for everybody, on every way.
            if self.chain.bent_tid.is_none() && self.faults.strikes(fault, None, now).is_some() {
                self.chain.bent_tid = Some(bent);
            }
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
    pub(super) fn close_idle(&mut self) {
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
}
