//! A WebSocket session: subscriptions, pings, posts (protocol 1.2–1.5).

use std::collections::BTreeMap;

use mm_core::ids::Ms;
use mm_core::num::Px;

use super::json::Value;
use super::subscription::{NoStream, Stream};
use super::write::quoted;
use crate::chain::{Address, Chain, Lots};
use crate::faults::Channel;

/// Subscriptions that one IP may have.
pub(crate) const SUBSCRIPTIONS_MAX: usize = 1_000;
/// Users that one IP may watch.
pub(crate) const USERS_MAX: usize = 10;
/// Posts under way from one IP.
pub(crate) const POSTS_MAX: usize = 100;
/// A connection on which nothing was sent for so long is closed.
pub(crate) const IDLE_MS: Ms = 60_000;

/// The best level of a side as it was last told.
pub(crate) type Touch = Option<(Px, Lots, usize)>;

/// What is remembered of a subscription.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// When it last said something by its cadence.
    pub(crate) at: Option<Ms>,
    /// The best bid and ask that it last told.
    pub(crate) touch: Option<(Touch, Touch)>,
    /// The version of the book that it last looked at.
    pub(crate) version: u64,
}

/// A connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Socket {
    pub(crate) streams: BTreeMap<Stream, Told>,
    /// Nothing comes through any more, though it looks open.
    pub(crate) half_open: bool,
    /// When something was last sent to the client.
    pub(crate) last_sent: Ms,
    /// Until when each channel's frames are under way: the next may not overtake them.
    pub(crate) under_way: BTreeMap<Channel, Ms>,
    /// Posts that were not answered yet.
    pub(crate) posts: usize,
}

/// What a message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// An answer at once.
    Say(String),
    /// A subscription: the acknowledgement.
    Subscribed(Stream, String),
    /// It ended: the acknowledgement.
    Unsubscribed(Stream, String),
    /// An action or a request, to be answered under this id.
    Post { id: u64, action: bool, payload: String },
    /// The venue closes the connection.
    Close,
}

/// Reads a message. `streams` are this connection's; `users` those that its IP watches; `count` all its subscriptions.
pub(crate) fn read(
    text: &[u8],
    chain: &Chain,
    streams: &BTreeMap<Stream, Told>,
    users: &[Address],
    count: usize,
) -> Asked {
    let not_parsed = || {
        let text = String::from_utf8_lossy(text);
        Asked::Say(error(&format!("Error parsing JSON into valid websocket request: {text}")))
    };
    let Ok(message) = Value::parse(text) else { return not_parsed() };
    match message.get("method").text() {
        Some("ping") => Asked::Say(r#"{"channel":"pong"}"#.into()),
        Some("post") => post(&message).unwrap_or_else(not_parsed),
        Some(method @ ("subscribe" | "unsubscribe")) => {
            let subscription = message.get("subscription");
            let stream = match Stream::read(subscription, chain.metas()) {
                Ok(stream) => stream,
                Err(NoStream::Unknown) => return not_parsed(),
                Err(NoStream::UnknownCoin) => return Asked::Close,
            };
            let echo = stream.echo(subscription);
            let ack = format!(
                r#"{{"channel":"subscriptionResponse","data":{{"method":"{method}","subscription":{echo}}}}}"#
            );
            let known = streams.contains_key(&stream);
            match (method, known) {
                ("subscribe", true) => Asked::Say(error(&format!("Already subscribed: {echo}"))),
                ("subscribe", false) => match refused(&stream, users, count) {
                    Some(text) => Asked::Say(error(text)),
                    None => Asked::Subscribed(stream, ack),
                },
                (_, true) => Asked::Unsubscribed(stream, ack),
                (_, false) => Asked::Say(error(&format!("Already unsubscribed: {echo}"))),
            }
        }
        _ => not_parsed(),
    }
}

fn refused(stream: &Stream, users: &[Address], count: usize) -> Option<&'static str> {
    if count >= SUBSCRIPTIONS_MAX {
        return Some("Cannot track more than 1000 total subscriptions.");
    }
    let new_user = stream.user().is_some_and(|user| !users.contains(&user));
    (new_user && users.len() >= USERS_MAX).then_some("Cannot track more than 10 total users.")
}

fn post(message: &Value<'_>) -> Option<Asked> {
    let id = message.get("id").whole()?;
    let request = message.get("request");
    let action = match request.get("type").text()? {
        "action" => true,
        "info" => false,
        _ => return None,
    };
    let payload = request.get("payload");
    matches!(payload, Value::Object(_)).then(|| Asked::Post {
        id,
        action,
        payload: super::subscription::plain(payload),
    })
}

/// An error frame.
pub(crate) fn error(text: &str) -> String {
    format!(r#"{{"channel":"error","data":{}}}"#, quoted(text))
}

/// The answer to a post, from the answer that HTTP would have given.
pub(crate) fn answered(id: u64, action: bool, info_type: &str, answer: &super::Answer) -> String {
    let response = if answer.status != 200 {
        let line = match answer.status {
            422 => "422 Unprocessable Entity",
            429 => "429 Too Many Requests",
            502 => "502 Bad Gateway",
            _ => "500 Internal Server Error",
        };
        format!(r#"{{"type":"error","payload":{}}}"#, quoted(&format!("{line} {}", answer.body)))
    } else if action {
        format!(r#"{{"type":"action","payload":{}}}"#, answer.body)
    } else {
        format!(
            r#"{{"type":"info","payload":{{"type":{},"data":{}}}}}"#,
            quoted(info_type),
            answer.body
        )
    };
    format!(r#"{{"channel":"post","data":{{"id":{id},"response":{response}}}}}"#)
}
