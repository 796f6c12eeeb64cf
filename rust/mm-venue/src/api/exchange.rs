//! The body of `POST /exchange` into a submission, and a reply into the body of its answer (protocol 2.3, 3).

use core::fmt::Write as _;

use mm_core::ids::{Cloid, Oid, Side};
use mm_core::num::{Px, Sz};

use super::json::Value;
use super::write::quoted;
use crate::chain::{
    Action, Address, Amount, Decimal, Grouping, NewOrder, OrderReply, Reply, Target, Tif, Type,
};

/// A request that the venue could read; nobody has looked at its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) action: Action,
    pub(crate) nonce: u64,
    pub(crate) vault: Option<Address>,
    pub(crate) expires_after: Option<u64>,
}

/// The body is no request that the venue knows: HTTP 422.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Amounts in USD integers are in 10⁻⁶.
const USD_INTEGER: i128 = 10_000;

impl Envelope {
    /// Reads a body. `null` and absent members are alike.
    pub(crate) fn read(body: &Value<'_>) -> Result<Self, Malformed> {
        let signature = body.get("signature");
        if signature.get("r").text().is_none()
            || signature.get("s").text().is_none()
            || signature.get("v").whole().is_none()
        {
            return Err(Malformed);
        }
        let vault = match body.get("vaultAddress") {
            Value::Null => None,
            text => Some(address(text)?),
        };
        let expires_after = match body.get("expiresAfter") {
            Value::Null => None,
            time => Some(time.whole().ok_or(Malformed)?),
        };
        let nonce = body.get("nonce").whole().ok_or(Malformed)?;
        Ok(Self { action: action(body.get("action"))?, nonce, vault, expires_after })
    }
}

fn action(action: &Value<'_>) -> Result<Action, Malformed> {
    let kind = action.get("type").text().ok_or(Malformed)?;
    match kind {
        "order" | "cancel" | "cancelByCloid" | "modify" | "batchModify" => of_orders(kind, action),
        _ => of_account(kind, action),
    }
}

/// What is asked of orders.
fn of_orders(kind: &str, action: &Value<'_>) -> Result<Action, Malformed> {
    Ok(match kind {
        "order" => Action::Order {
            orders: each(action.get("orders"), new_order)?,
            grouping: grouping(action.get("grouping"))?,
            builder: match action.get("builder") {
                Value::Null => None,
                builder => Some((
                    address(builder.get("b"))?,
                    builder.get("f").whole().ok_or(Malformed).and_then(narrow)?,
                )),
            },
        },
        "cancel" => Action::Cancel(each(action.get("cancels"), |cancel| {
            let oid = cancel.get("o").whole().ok_or(Malformed)?;
            Ok((cancel.get("a").whole().ok_or(Malformed).and_then(narrow)?, Target::Oid(Oid(oid))))
        })?),
        "cancelByCloid" => Action::Cancel(each(action.get("cancels"), |cancel| {
            let cloid = cloid(cancel.get("cloid"))?.ok_or(Malformed)?;
            Ok((
                cancel.get("asset").whole().ok_or(Malformed).and_then(narrow)?,
                Target::Cloid(cloid),
            ))
        })?),
        "modify" => Action::Modify {
            single: true,
            changes: vec![change(action)?],
            always_place: flag(action.get("a"))?,
        },
        "batchModify" => Action::Modify {
            single: false,
            changes: each(action.get("modifies"), change)?,
            always_place: flag(action.get("a"))?,
        },
        _ => return Err(Malformed),
    })
}

/// What is asked of the account.
fn of_account(kind: &str, action: &Value<'_>) -> Result<Action, Malformed> {
    let whole = |name| action.get(name).whole().ok_or(Malformed);
    let asset = |name| whole(name).and_then(narrow);
    let usd = |name| -> Result<Amount, Malformed> {
        Ok(Amount(i128::from(action.get(name).signed().ok_or(Malformed)?) * USD_INTEGER))
    };
    let decimal = |name| -> Result<Amount, Malformed> {
        let text = action.get(name).text().ok_or(Malformed)?;
        Sz::parse_amount(text.as_bytes()).map(|sz| Amount(sz.0)).map_err(|_| Malformed)
    };
    Ok(match kind {
        "scheduleCancel" => Action::ScheduleCancel(match action.get("time") {
            Value::Null => None,
            time => Some(time.whole().ok_or(Malformed)?),
        }),
        "updateLeverage" => Action::UpdateLeverage {
            asset: asset("asset")?,
            is_cross: action.get("isCross").truth().ok_or(Malformed)?,
            leverage: asset("leverage")?,
        },
        "updateIsolatedMargin" => {
            Action::UpdateIsolatedMargin { asset: asset("asset")?, amount: usd("ntli")? }
        }
        "noop" => Action::Noop,
        "reserveRequestWeight" => Action::ReserveRequestWeight(whole("weight")?),
        "setReferrer" => Action::SetReferrer,
        "approveAgent" => Action::ApproveAgent {
            agent: address(action.get("agentAddress"))?,
            name: action.get("agentName").text().unwrap_or_default().into(),
        },
        "approveBuilderFee" => Action::ApproveBuilderFee {
            builder: address(action.get("builder"))?,
            tenths: percent(action.get("maxFeeRate").text().ok_or(Malformed)?)?,
        },
        "usdClassTransfer" => Action::UsdClassTransfer {
            amount: decimal("amount")?,
            to_perp: action.get("toPerp").truth().ok_or(Malformed)?,
        },
        "usdSend" => {
            Action::UsdSend { to: address(action.get("destination"))?, amount: decimal("amount")? }
        }
        "createSubAccount" => {
            Action::CreateSubAccount { name: action.get("name").text().ok_or(Malformed)?.into() }
        }
        "subAccountTransfer" => Action::SubAccountTransfer {
            sub: address(action.get("subAccountUser"))?,
            is_deposit: action.get("isDeposit").truth().ok_or(Malformed)?,
            amount: usd("usd")?,
        },
        "twapOrder" => Action::Unsupported("twapOrder"),
        "twapCancel" => Action::Unsupported("twapCancel"),
        "spotSend" => Action::Unsupported("spotSend"),
        "withdraw3" => Action::Unsupported("withdraw3"),
        "vaultTransfer" => Action::Unsupported("vaultTransfer"),
        "claimRewards" => Action::Unsupported("claimRewards"),
        _ => return Err(Malformed),
    })
}

fn new_order(order: &Value<'_>) -> Result<NewOrder, Malformed> {
    let kind = order.get("t");
    let kind = match (kind.get("limit"), kind.get("trigger")) {
        (limit @ Value::Object(_), Value::Null) => Type::Limit(match limit.get("tif").text() {
            Some("Alo") => Tif::Alo,
            Some("Gtc") => Tif::Gtc,
            Some("Ioc") => Tif::Ioc,
            Some("FrontendMarket") => Tif::FrontendMarket,
            _ => return Err(Malformed),
        }),
        (Value::Null, trigger @ Value::Object(_)) => Type::Trigger {
            is_market: trigger.get("isMarket").truth().ok_or(Malformed)?,
            px: Px::parse(trigger.get("triggerPx").text().ok_or(Malformed)?.as_bytes()).ok(),
            take_profit: match trigger.get("tpsl").text() {
                Some("tp") => true,
                Some("sl") => false,
                _ => return Err(Malformed),
            },
        },
        _ => return Err(Malformed),
    };
    Ok(NewOrder {
        asset: order.get("a").whole().ok_or(Malformed).and_then(narrow)?,
        side: if order.get("b").truth().ok_or(Malformed)? { Side::Buy } else { Side::Sell },
        px: Px::parse(order.get("p").text().ok_or(Malformed)?.as_bytes()).ok(),
        sz: Sz::parse_amount(order.get("s").text().ok_or(Malformed)?.as_bytes()).ok(),
        reduce_only: order.get("r").truth().ok_or(Malformed)?,
        kind,
        cloid: cloid(order.get("c"))?,
    })
}

fn change(change: &Value<'_>) -> Result<(Target, NewOrder), Malformed> {
    let target = match change.get("oid") {
        oid @ Value::Number(_) => Target::Oid(Oid(oid.whole().ok_or(Malformed)?)),
        text => Target::Cloid(cloid(text)?.ok_or(Malformed)?),
    };
    Ok((target, new_order(change.get("order"))?))
}

fn grouping(grouping: &Value<'_>) -> Result<Grouping, Malformed> {
    match (grouping.text(), grouping.get("p").whole()) {
        (Some("na"), _) => Ok(Grouping::Na),
        (Some("normalTpsl"), _) => Ok(Grouping::NormalTpsl),
        (Some("positionTpsl"), _) => Ok(Grouping::PositionTpsl),
        (None, Some(priority)) => Ok(Grouping::Priority(priority)),
        _ => Err(Malformed),
    }
}

fn each<T>(
    list: &Value<'_>,
    read: impl Fn(&Value<'_>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    list.list().ok_or(Malformed)?.iter().map(read).collect()
}

fn narrow(number: u64) -> Result<u32, Malformed> {
    u32::try_from(number).map_err(|_| Malformed)
}

fn flag(value: &Value<'_>) -> Result<bool, Malformed> {
    if value.is_null() { Ok(false) } else { value.truth().ok_or(Malformed) }
}

/// A cloid, with or without its `0x`: the venue takes both, and then hashes another text than was signed.
fn cloid(value: &Value<'_>) -> Result<Option<Cloid>, Malformed> {
    let Value::Text(text) = value else {
        return if value.is_null() { Ok(None) } else { Err(Malformed) };
    };
    let cloid =
        Cloid::parse(text.as_bytes()).or_else(|| Cloid::parse(format!("0x{text}").as_bytes()));
    cloid.map(Some).ok_or(Malformed)
}

fn address(value: &Value<'_>) -> Result<Address, Malformed> {
    value.text().and_then(|text| Address::parse(text.as_bytes())).ok_or(Malformed)
}

/// "0.001%" in tenths of a basis point.
fn percent(text: &str) -> Result<u32, Malformed> {
    let number = text.strip_suffix('%').ok_or(Malformed)?;
    let amount = Sz::parse_amount(number.as_bytes()).map_err(|_| Malformed)?;
    u32::try_from(amount.0 / 10_000_000).map_err(|_| Malformed)
}

/// The body of an answer.
pub(crate) fn write_reply(reply: &Reply) -> String {
    match reply {
        Reply::Default => r#"{"status":"ok","response":{"type":"default"}}"#.into(),
        Reply::Err(text) => format!(r#"{{"status":"err","response":{}}}"#, quoted(text)),
        Reply::SubAccount(address) => {
            format!(
                r#"{{"status":"ok","response":{{"type":"createSubAccount","data":"{address}"}}}}"#
            )
        }
        Reply::Cancels(outcomes) => statuses("cancel", outcomes, |out, outcome| match outcome {
            None => out.push_str(r#""success""#),
            Some(text) => error(out, text),
        }),
        Reply::Orders(replies) => statuses("order", replies, write_outcome),
    }
}

fn statuses<T>(kind: &str, items: &[T], mut item: impl FnMut(&mut String, &T)) -> String {
    let mut out = format!(r#"{{"status":"ok","response":{{"type":"{kind}","data":{{"statuses":["#);
    for (i, one) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        item(&mut out, one);
    }
    out.push_str("]}}}");
    out
}

fn error(out: &mut String, text: &str) {
    let _ = write!(out, r#"{{"error":{}}}"#, quoted(text)); // writing to a string does not fail
}

fn write_outcome(out: &mut String, reply: &OrderReply) {
    let named = |cloid: &Option<Cloid>| {
        cloid.map_or_else(String::new, |cloid| format!(r#","cloid":"{cloid}""#))
    };
    let _ = match reply {
        OrderReply::Error(text) => {
            error(out, text);
            Ok(())
        }
        OrderReply::WaitingForFill => write!(out, r#""waitingForFill""#),
        OrderReply::WaitingForTrigger => write!(out, r#""waitingForTrigger""#),
        OrderReply::Resting(oid, cloid) => {
            write!(out, r#"{{"resting":{{"oid":{}{}}}}}"#, oid.0, named(cloid))
        }
        OrderReply::Filled { total, sz_decimals, average, oid, cloid } => write!(
            out,
            r#"{{"filled":{{"totalSz":"{}","avgPx":"{}","oid":{}{}}}}}"#,
            Decimal(i128::from(total.0), *sz_decimals),
            Decimal(i128::from(average.0), 8),
            oid.0,
            named(cloid)
        ),
    };
}
