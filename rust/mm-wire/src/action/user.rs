//! What only an account's own key may sign: transfers and approvals (protocol 2.10). They are signed as typed data that
//! a wallet can show, so the texts are hashed as they stand.

use std::borrow::Cow;

use mm_core::error::Error;
use mm_core::num::Sz;

use super::pen::{Decimal, digits, quote};
use super::tree::Node;
use super::{free_text, order};
use crate::keccak::keccak256;
use crate::sign::{Address, Network, word};

/// The chain that a wallet is told to sign for, as the official SDK has it; any will do, since the network is a field.
const CHAIN_ID: u64 = 0x66eee;
/// The longest name of an agent, without ` valid_until <ms>`.
const AGENT_NAME_MAX: usize = 16;

/// What is asked. Amounts are decimals of at most 8 places.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // the fields are those of protocol 2.10, by name
pub enum UserAction<'a> {
    ApproveAgent { agent: Address, name: Option<&'a str> },
    ApproveBuilderFee { builder: Address, max_fee_rate: &'a str },
    UsdSend { destination: Address, amount: Sz },
    SpotSend { destination: Address, token: &'a str, amount: Sz },
    Withdraw { destination: Address, amount: Sz },
    UsdClassTransfer { amount: Sz, to_perp: bool },
}

/// A kind of them: the word in `type`, the name that is signed, the fields after `hyperliquidChain`. The last is the
/// nonce, whatever it is called.
struct Kind {
    word: &'static str,
    name: &'static str,
    fields: &'static [(&'static str, Type)],
}

/// The type of a field, in Solidity's words.
#[derive(Clone, Copy)]
enum Type {
    Text,
    /// A text that may be absent, and is empty then.
    MaybeText,
    Address,
    Flag,
    Whole,
}

enum Value<'a> {
    Text(Cow<'a, str>),
    Absent,
    Address(Address),
    Flag(bool),
    Whole(u64),
}

const TIME: (&str, Type) = ("time", Type::Whole);
const NONCE: (&str, Type) = ("nonce", Type::Whole);
const TO: (&str, Type) = ("destination", Type::Text);
const AMOUNT: (&str, Type) = ("amount", Type::Text);

const APPROVE_AGENT: Kind = Kind {
    word: "approveAgent",
    name: "ApproveAgent",
    fields: &[("agentAddress", Type::Address), ("agentName", Type::MaybeText), NONCE],
};
const APPROVE_BUILDER_FEE: Kind = Kind {
    word: "approveBuilderFee",
    name: "ApproveBuilderFee",
    fields: &[("maxFeeRate", Type::Text), ("builder", Type::Address), NONCE],
};
const USD_SEND: Kind = Kind { word: "usdSend", name: "UsdSend", fields: &[TO, AMOUNT, TIME] };
const SPOT_SEND: Kind =
    Kind { word: "spotSend", name: "SpotSend", fields: &[TO, ("token", Type::Text), AMOUNT, TIME] };
const WITHDRAW: Kind = Kind { word: "withdraw3", name: "Withdraw", fields: &[TO, AMOUNT, TIME] };
const USD_CLASS_TRANSFER: Kind = Kind {
    word: "usdClassTransfer",
    name: "UsdClassTransfer",
    fields: &[AMOUNT, ("toPerp", Type::Flag), NONCE],
};
const KINDS: [&Kind; 6] =
    [&APPROVE_AGENT, &APPROVE_BUILDER_FEE, &USD_SEND, &SPOT_SEND, &WITHDRAW, &USD_CLASS_TRANSFER];

impl UserAction<'_> {
    /// Its JSON, and what is signed for it.
    pub(crate) fn write(&self, network: Network, nonce: u64) -> Result<(Vec<u8>, [u8; 32]), Error> {
        let text = |text| Value::Text(Cow::Borrowed(text));
        let address = |address: Address| Value::Text(Cow::Owned(address.to_string()));
        let amount = |amount: Sz| {
            order::wire_size("amount", amount)?;
            Ok::<_, Error>(Value::Text(Cow::Owned(Decimal::of_sz(amount).as_str().to_owned())))
        };
        let nonce = Value::Whole(nonce);
        let (kind, values) = match *self {
            Self::ApproveAgent { agent, name } => {
                let name = match name {
                    Some(name) => text(agent_name(name)?),
                    None => Value::Absent,
                };
                (&APPROVE_AGENT, vec![Value::Address(agent), name, nonce])
            }
            Self::ApproveBuilderFee { builder, max_fee_rate } => {
                let rate = text(fee_rate(max_fee_rate)?);
                (&APPROVE_BUILDER_FEE, vec![rate, Value::Address(builder), nonce])
            }
            Self::UsdSend { destination, amount: sum } => {
                (&USD_SEND, vec![address(destination), amount(sum)?, nonce])
            }
            Self::SpotSend { destination, token, amount: sum } => {
                free_text("token", token)?;
                (&SPOT_SEND, vec![address(destination), text(token), amount(sum)?, nonce])
            }
            Self::Withdraw { destination, amount: sum } => {
                (&WITHDRAW, vec![address(destination), amount(sum)?, nonce])
            }
            Self::UsdClassTransfer { amount: sum, to_perp } => {
                (&USD_CLASS_TRANSFER, vec![amount(sum)?, Value::Flag(to_perp), nonce])
            }
        };
        Ok((kind.json(network, &values), kind.digest(CHAIN_ID, network, &values)))
    }
}

impl Kind {
    fn json(&self, network: Network, values: &[Value<'_>]) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        out.extend_from_slice(br#"{"type":"#);
        quote(&mut out, self.word);
        out.extend_from_slice(br#","signatureChainId":"0x66eee","hyperliquidChain":"#);
        quote(&mut out, network.chain());
        for ((name, _), value) in self.fields.iter().zip(values) {
            if matches!(value, Value::Absent) {
                continue;
            }
            out.push(b',');
            quote(&mut out, name);
            out.push(b':');
            match value {
                Value::Text(text) => quote(&mut out, text),
                Value::Absent => {}
                Value::Address(address) => quote(&mut out, &address.to_string()),
                Value::Flag(value) => out.extend_from_slice(value.to_string().as_bytes()),
                Value::Whole(value) => digits(&mut out, *value),
            }
        }
        out.push(b'}');
        out
    }

    fn digest(&self, chain_id: u64, network: Network, values: &[Value<'_>]) -> [u8; 32] {
        let mut signature = format!("HyperliquidTransaction:{}(string hyperliquidChain", self.name);
        for (name, kind) in self.fields {
            let word = match kind {
                Type::Text | Type::MaybeText => "string",
                Type::Address => "address",
                Type::Flag => "bool",
                Type::Whole => "uint64",
            };
            signature.extend([",", word, " ", name]);
        }
        signature.push(')');
        let mut parts =
            vec![keccak256(signature.as_bytes()), keccak256(network.chain().as_bytes())];
        parts.extend(values.iter().map(|value| match value {
            Value::Text(text) => keccak256(text.as_bytes()),
            Value::Absent => keccak256(b""),
            Value::Address(address) => address.word(),
            Value::Flag(value) => word(u64::from(*value)),
            Value::Whole(value) => word(*value),
        }));
        let domain = [
            keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256(b"HyperliquidSignTransaction"),
            keccak256(b"1"),
            word(chain_id),
            word(0),
        ];
        let hashes = [keccak256(domain.as_flattened()), keccak256(parts.as_flattened())];
        keccak256(&[b"\x19\x01", hashes.as_flattened()].concat())
    }
}

/// Whether a `type` is of those that a user signs.
pub(crate) fn is_known(kind: &str) -> bool {
    KINDS.into_iter().any(|known| known.word == kind)
}

/// What was signed for an action that a user signed, as the venue finds it, and its nonce; `None` for any other.
pub(crate) fn digest_of(
    action: &Node<'_>,
    network: Network,
) -> Result<Option<([u8; 32], u64)>, Error> {
    let kind = action.get("type").and_then(Node::as_text).unwrap_or_default();
    let Some(kind) = KINDS.into_iter().find(|known| known.word == kind) else { return Ok(None) };
    let chain_id = action
        .get("signatureChainId")
        .and_then(Node::as_text)
        .and_then(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok())
        .ok_or(Error::Bad("signatureChainId", "is not a chain's number in hexadecimal"))?;
    let mut values = Vec::with_capacity(kind.fields.len());
    let mut nonce = 0;
    for (name, kind) in kind.fields {
        values.push(match (kind, action.get(name)) {
            (Type::Text | Type::MaybeText, Some(Node::Text(text))) => {
                Value::Text(Cow::Borrowed(text))
            }
            (Type::MaybeText, None) => Value::Absent,
            (Type::Address, Some(Node::Text(text))) => match Address::parse(text) {
                Some(address) => Value::Address(address),
                None => return Err(Error::Bad(name, "is not 0x and 40 hexadecimal digits")),
            },
            (Type::Flag, Some(Node::Flag(value))) => Value::Flag(*value),
            (Type::Whole, Some(Node::Whole(value))) => {
                nonce = *value;
                Value::Whole(*value)
            }
            (_, None) => return Err(Error::Bad(name, "is missing")),
            _ => return Err(Error::Bad(name, "is of another kind")),
        });
    }
    Ok(Some((kind.digest(chain_id, network, &values), nonce)))
}

/// A name of an agent, and perhaps how long it is good for (protocol 2.9).
fn agent_name(name: &str) -> Result<&str, Error> {
    free_text("name", name)?;
    let (plain, until) = name.split_once(" valid_until ").unwrap_or((name, "0"));
    if until.is_empty() || !until.bytes().all(|c| c.is_ascii_digit()) {
        return Err(Error::Bad("name", "is valid until what is no time in ms"));
    }
    if plain.chars().count() > AGENT_NAME_MAX {
        return Err(Error::Bad("name", "is longer than 16 characters"));
    }
    Ok(name)
}

/// A rate in percent, such as `0.001%`.
fn fee_rate(rate: &str) -> Result<&str, Error> {
    let plain = rate.strip_suffix('%').is_some_and(|number| {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        rate.len() <= 16 && digits(whole) && digits(fraction)
    });
    if plain {
        Ok(rate)
    } else {
        Err(Error::Bad("max_fee_rate", "is not a percentage such as 0.001%"))
    }
}
