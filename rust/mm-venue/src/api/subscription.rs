//! What a socket can subscribe to (protocol 7), and how the venue echoes it.

use core::fmt::Write as _;

use mm_core::ids::Ms;

use super::candles;
use super::json::Value;
use super::write::quoted;
use crate::chain::{Address, AssetIx, Metas};

/// A stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stream {
    AllMids(u8),
    L2Book {
        asset: AssetIx,
        figures: Option<u8>,
        mantissa: Option<u8>,
        fast: bool,
    },
    Bbo(AssetIx),
    Trades(AssetIx),
    AssetCtx(AssetIx),
    OrderUpdates(Address),
    UserEvents(Address),
    UserFills(Address, bool),
    UserFundings(Address),
    UserLedger(Address),
    OpenOrders(Address, u8),
    Clearinghouse(Address, u8),
    SpotState(Address),
    HistoricalOrders(Address),
    ActiveAssetData(Address, AssetIx),
    Candle(AssetIx, Ms),
    WebData2(Address),
    /// Accepted, and never says anything here: notifications, TWAP.
    Silent(String),
}

/// Why there is no such subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoStream {
    /// The message could not be parsed.
    Unknown,
    /// The venue closes the socket on an unknown coin, without a word.
    UnknownCoin,
}

impl Stream {
    pub(crate) fn read(subscription: &Value<'_>, metas: &Metas) -> Result<Self, NoStream> {
        let coin = || {
            let name = subscription.get("coin").text().ok_or(NoStream::Unknown)?;
            metas.by_name(name).ok_or(NoStream::UnknownCoin)
        };
        let user = || {
            let text = subscription.get("user").text().ok_or(NoStream::Unknown)?;
            Address::parse(text.as_bytes()).ok_or(NoStream::Unknown)
        };
        let dex = || dex_of(subscription, metas).ok_or(NoStream::Unknown);
        let flag = |name| subscription.get(name).truth().unwrap_or(false);
        let small = |name| subscription.get(name).whole().and_then(|n| u8::try_from(n).ok());
        let kind = subscription.get("type").text().ok_or(NoStream::Unknown)?;
        Ok(match kind {
            "allMids" => Self::AllMids(dex()?),
            "l2Book" => Self::L2Book {
                asset: coin()?,
                figures: small("nSigFigs"),
                mantissa: small("mantissa"),
                fast: flag("fast"),
            },
            "bbo" => Self::Bbo(coin()?),
            "trades" => Self::Trades(coin()?),
            "activeAssetCtx" => Self::AssetCtx(coin()?),
            "orderUpdates" => Self::OrderUpdates(user()?),
            "userEvents" => Self::UserEvents(user()?),
            "userFills" => Self::UserFills(user()?, flag("aggregateByTime")),
            "userFundings" => Self::UserFundings(user()?),
            "userNonFundingLedgerUpdates" => Self::UserLedger(user()?),
            "openOrders" => Self::OpenOrders(user()?, dex()?),
            "clearinghouseState" => Self::Clearinghouse(user()?, dex()?),
            "spotState" => Self::SpotState(user()?),
            "userHistoricalOrders" => Self::HistoricalOrders(user()?),
            "activeAssetData" => Self::ActiveAssetData(user()?, coin()?),
            "webData2" => Self::WebData2(user()?),
            "candle" => {
                let length = subscription.get("interval").text().and_then(candles::interval);
                Self::Candle(coin()?, length.ok_or(NoStream::Unknown)?)
            }
            "notification" | "webData3" | "userTwapHistory" | "userTwapSliceFills"
            | "twapStates" => Self::Silent(format!("{kind} {}", user()?)),
            _ => return Err(NoStream::Unknown),
        })
    }

    /// The account that it is about.
    pub(crate) const fn user(&self) -> Option<Address> {
        match self {
            Self::OrderUpdates(user)
            | Self::UserEvents(user)
            | Self::UserFills(user, _)
            | Self::UserFundings(user)
            | Self::UserLedger(user)
            | Self::OpenOrders(user, _)
            | Self::Clearinghouse(user, _)
            | Self::SpotState(user)
            | Self::HistoricalOrders(user)
            | Self::ActiveAssetData(user, _)
            | Self::WebData2(user) => Some(*user),
            _ => None,
        }
    }

    /// The venue's echo of a subscription: addresses in lower case, defaults added.
    pub(crate) fn echo(&self, subscription: &Value<'_>) -> String {
        let Value::Object(members) = subscription else { return "null".into() };
        let mut out = String::from("{");
        for (name, value) in members {
            let value = match value {
                Value::Text(text) if name == "user" => quoted(&text.to_lowercase()),
                other => plain(other),
            };
            let comma = if out.len() > 1 { "," } else { "" };
            let _ = write!(out, "{comma}{}:{value}", quoted(name));
        }
        let added: &[(&str, &str)] = match self {
            Self::UserFills(..) => &[("aggregateByTime", "false")],
            Self::L2Book { .. } => &[("nSigFigs", "null"), ("mantissa", "null")],
            _ => &[],
        };
        for (name, value) in added.iter().filter(|(name, _)| subscription.get(name).is_null()) {
            if !members.iter().any(|(known, _)| known == name) {
                let _ = write!(out, r#","{name}":{value}"#);
            }
        }
        out.push('}');
        out
    }
}

/// The dex that a request names; the main one if it names none.
pub(crate) fn dex_of(request: &Value<'_>, metas: &Metas) -> Option<u8> {
    let name = match request.get("dex") {
        Value::Null => "",
        text => text.text()?,
    };
    metas.dexes.iter().position(|dex| dex.name == name).and_then(|ix| u8::try_from(ix).ok())
}

/// A value, written again.
pub(crate) fn plain(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(text) => (*text).into(),
        Value::Text(text) => quoted(text),
        Value::List(list) => super::write::list(list, |out, one| out.push_str(&plain(one))),
        Value::Object(members) => {
            let inside = super::write::list(members, |out, (name, value)| {
                let _ = write!(out, "{}:{}", quoted(name), plain(value));
            });
            format!("{{{}}}", &inside[1..inside.len() - 1])
        }
    }
}
