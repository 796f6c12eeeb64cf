//! The way down: each channel at its own pace, in order, unless a fault makes it otherwise.

use mm_core::ids::Ms;

use super::{Origin, Output, Task, Venue};
use crate::api::{self, Answer, socket};
use crate::faults::{Channel, Fault};

impl Venue {
    /// Sends an answer back by the way its request came.
    pub(super) fn answer(&mut self, origin: Origin, action: bool, kind: &str, answer: Answer) {
        let channel = if action { Channel::Reply } else { Channel::Info };
        if let Origin::Post { socket, .. } = origin
            && let Some(socket) = self.sockets.get_mut(&socket)
        {
            socket.posts = socket.posts.saturating_sub(1);
        }
        let now = self.now;
        // Chance is drawn before any fault is asked: what is lost does not change what follows.
        let usual = self.config.latency.of(channel).draw(&mut self.latency);
        if self.faults.strikes(Fault::ReplyLost, Some(channel), now).is_some() {
            return;
        }
        let answer = api::faulty::answer(answer, channel, &mut self.faults, now);
        let late = self.faults.strikes(Fault::ReplyLate, Some(channel), now).unwrap_or(0);
        match origin {
            Origin::Post { socket, id } => {
                let frame = socket::answered(id, action, kind, &answer);
                if self.faults.strikes(Fault::ReplyDuplicated, Some(channel), now).is_some() {
                    self.send_down_in(socket, channel, frame.clone(), usual);
                }
                self.send_down_in(socket, channel, frame, usual + late);
            }
            Origin::Http(ticket) => {
                if self.faults.strikes(Fault::Deaf, Some(channel), now).is_some() {
                    return;
                }
                let delay = usual + late;
                let Answer { status, content_type, body } = answer;
                self.deliver_in(
                    delay,
                    Output::Reply { ticket, status, content_type, body: body.into_bytes() },
                );
            }
        }
    }

    pub(super) fn send_down(&mut self, socket: u64, channel: Channel, frame: String) {
        let usual = self.config.latency.of(channel).draw(&mut self.latency);
        self.send_down_in(socket, channel, frame, usual);
    }

    /// Sends a frame: not before those of its channel that are under way, unless a fault lets it be overtaken.
    fn send_down_in(&mut self, id: u64, channel: Channel, frame: String, delay: Ms) {
        let (now, here) = (self.now, Some(channel));
        if !self.sockets.contains_key(&id)
            || self.faults.strikes(Fault::Deaf, here, now).is_some()
            || self.faults.strikes(Fault::FrameLost, here, now).is_some()
        {
            return;
        }
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
