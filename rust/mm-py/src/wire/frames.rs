//! Frames into events, and what is said of subscriptions.

use mm_wire::answers;
use mm_wire::events::{self, DATA_CHANNELS, Event, USER_CHANNELS};
use mm_wire::words::{self, StreamError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use super::answers::objects;
use super::book::{PyBbo, PyL2Book};
use super::market::{PyAssetCtx, PyMids, PyTrades};
use super::record::record;
use super::{bytes, items_of};
use crate::error::bad;

record! {
    /// A frame of `userFills`, `user` or `orderUpdates`. Nothing of it was read: hand its bytes to `Engine.process_ws`.
    PyUser as "User" {
        /// The channel.
        channel: String,
    }
}
record! {
    /// A frame of any other channel. `data` is its JSON as it came, for the readers of `mm.wire`.
    PyData as "Data" {
        /// The channel.
        channel: String,
        /// What the frame carries; empty if there is none.
        data: Vec<u8>,
        /// The account, where the frame tells it, in lower case.
        user: Option<String> = None,
        /// The dex, where the frame tells it; empty for the main one.
        dex: Option<String> = None,
        /// `isSnapshot`: the answer to a subscription, not news.
        snapshot: bool = false,
    }

    /// Whether the channel is one of those that were known when this was written.
    #[getter]
    fn known(&self) -> bool {
        let channel = &*self.channel;
        DATA_CHANNELS.contains(&channel) || USER_CHANNELS.contains(&channel)
    }
}
record! {
    /// The answer to a `post` request of ours.
    PyPost as "Post" {
        /// The number that the request had.
        post_id: u64,
        /// `"action"`, `"info"`, `"error"`, or a word that is new; empty for a response of another form.
        kind: String,
        /// Of an `info`: the type that was asked for, where it is told.
        info_type: Option<String>,
        /// JSON: the body that `/exchange` or `/info` would have answered; of an error its text, in quotes; else the response.
        payload: Vec<u8>,
    }

    /// The text of an error; `None` when it is none.
    #[getter]
    fn error(&self) -> Option<String> {
        if self.kind == "error" { answers::post_error(&self.payload) } else { None }
    }

    /// What became of an action of `items` items: as `read_answer` tells it. An error by which nothing was done is an
    /// `ActionError`; any other is `Garbled`, and so is an answer to something else.
    fn outcomes<'py>(slf: &Bound<'py, Self>, items: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
        let post = slf.get();
        objects(slf.py(), answers::posted(&post.kind, &post.payload, items_of(items)?))
    }
}
record! {
    /// The venue has taken or ended a subscription.
    PyAck as "Ack" {
        /// `"subscribe"` or `"unsubscribe"`.
        method: String,
        /// The subscription, as `subscription_key` writes it.
        key: String,
    }

    /// The type of the subscription.
    #[getter]
    fn r#type(&self) -> &str {
        self.key.strip_prefix("{\"type\":\"").and_then(|rest| rest.split('"').next()).unwrap_or("")
    }
}
record! {
    /// A frame of the channel `error`.
    PyStreamError as "StreamError" {
        /// What the venue says; JSON, where that is no text.
        text: String,
    }

    /// What it means: `"AlreadySubscribed"`, `"AlreadyUnsubscribed"`, `"InvalidSubscription"`, `"NotUnderstood"`,
    /// `"TooManyUsers"`, `"TooManyPosts"`, `"RateLimit"`, or `"Unknown"`.
    #[getter]
    fn kind(&self) -> String {
        format!("{:?}", words::stream_error(&self.text))
    }
    /// The subscription it speaks of, as `subscription_key` writes it, where it can be told.
    #[getter]
    fn key(&self) -> Option<String> {
        mm_wire::subscription_in(&self.text)
    }
    /// The `post` request it speaks of, where it can be told.
    #[getter]
    fn post_id(&self) -> Option<u64> {
        match words::stream_error(&self.text) {
            StreamError::TooManyPosts => words::post_id(&self.text),
            _ => None,
        }
    }
}
record! {
    /// The answer to a ping.
    PyPong as "Pong" {}
}
record! {
    /// The plain text that a connection may open with.
    PyGreeting as "Greeting" {}
}
record! {
    /// A frame that could not be read as a whole: not JSON, cut off, too large, not of a shape that we know.
    PyBroken as "Broken" {
        /// What is wrong, and where.
        why: String,
    }
}

/// Reads one WebSocket frame, whatever it is. Raises nothing for what the venue sent: what cannot be read is `Broken`, a
/// record that cannot be read is surfaced beside its siblings, a channel that is not known is `Data`.
#[pyfunction]
pub(crate) fn decode<'py>(frame: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = frame.py();
    let event = match events::event(bytes("frame", frame)?) {
        Ok(event) => event,
        Err(why) => return Ok(Bound::new(py, PyBroken { why: why.to_string() })?.into_any()),
    };
    Ok(match event {
        Event::Book(book) => Bound::new(py, PyL2Book::from(book))?.into_any(),
        Event::Bbo(bbo) => Bound::new(py, PyBbo::from(bbo))?.into_any(),
        Event::Trades(trades) => Bound::new(py, PyTrades::from(trades))?.into_any(),
        Event::Ctx(ctx) => Bound::new(py, PyAssetCtx::from(ctx))?.into_any(),
        Event::Mids(mids) => Bound::new(py, PyMids::from(mids))?.into_any(),
        Event::User(channel) => Bound::new(py, PyUser { channel: channel.to_owned() })?.into_any(),
        Event::Data(data) => {
            let data = PyData {
                channel: data.channel.to_owned(),
                data: data.data.to_vec(),
                user: data.user.map(str::to_ascii_lowercase),
                dex: data.dex.map(str::to_owned),
                snapshot: data.snapshot,
            };
            Bound::new(py, data)?.into_any()
        }
        Event::Post(post) => {
            let post = PyPost {
                post_id: post.id,
                kind: post.kind.to_owned(),
                info_type: post.info_type.map(str::to_owned),
                payload: post.payload.to_vec(),
            };
            Bound::new(py, post)?.into_any()
        }
        Event::Ack(ack) => Bound::new(py, PyAck { method: ack.method, key: ack.key })?.into_any(),
        Event::Error(text) => Bound::new(py, PyStreamError { text })?.into_any(),
        Event::Pong => Bound::new(py, PyPong {})?.into_any(),
        Event::Greeting => Bound::new(py, PyGreeting {})?.into_any(),
    })
}

/// One text for one subscription, however its JSON was written: members sorted, the address in lower case, and what
/// the venue adds as a default (null, false, an empty text) left out. Raises `BadInput` for what is no JSON object.
#[pyfunction]
pub(crate) fn subscription_key(subscription: &Bound<'_, PyAny>) -> PyResult<String> {
    let json = if let Ok(text) = subscription.cast::<PyString>() {
        text.to_str().map_err(|_| bad("subscription", "is not valid text"))?.as_bytes()
    } else if let Ok(json) = subscription.cast::<PyBytes>() {
        json.as_bytes()
    } else {
        return Err(bad("subscription", "is neither text nor bytes"));
    };
    mm_wire::subscription_key(json)
        .map_err(|why| bad("subscription", &format!("cannot be read: {why}")))
}
