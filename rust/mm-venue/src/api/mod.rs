//! Bytes and what they mean: `/exchange` bodies, `/info` requests, WebSocket messages; answers and frames.
//!
//! Nothing here has a clock or draws a number: [`crate::Venue`] says when a thing arrives and when it is delivered.

pub(crate) mod candles;
pub(crate) mod exchange;
pub(crate) mod faulty;
pub(crate) mod info;
pub(crate) mod ip;
pub(crate) mod json;
mod load;
pub(crate) mod socket;
pub(crate) mod streams;
pub(crate) mod subscription;
pub(crate) mod truth;
pub(crate) mod write;

/// What the front says of a body that it cannot read.
pub(crate) const UNREADABLE: &str = "Failed to deserialize the JSON body into the target type";
/// JSON's content type.
pub(crate) const JSON: &str = "application/json";
/// The content type of refusals before the exchange's logic.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// The content type of a proxy's page.
pub(crate) const HTML: &str = "text/html";

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(body: String) -> Self {
        Self { status: 200, content_type: JSON, body }
    }

    pub(crate) fn unreadable() -> Self {
        Self { status: 422, content_type: TEXT, body: UNREADABLE.into() }
    }

    pub(crate) fn too_many() -> Self {
        Self { status: 429, content_type: JSON, body: "null".into() }
    }
}
