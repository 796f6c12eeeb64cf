//! Faults that change what is said: lies, broken bodies, frames that nobody can read (reliability X1–X22).

use mm_core::ids::Ms;

use super::{Answer, HTML};
use crate::chain::{AccountId, Chain, Lots, OrderReply, Reply, Status};
use crate::faults::{Channel, Fault, Faults};

/// What a broken front says.
pub(crate) fn bad_gateway() -> Answer {
    let body = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    Answer { status: 502, content_type: HTML, body: body.into() }
}

/// An answer on its way out.
pub(crate) fn answer(answer: Answer, channel: Channel, faults: &mut Faults, now: Ms) -> Answer {
    if faults.strikes(Fault::ReplyHtml, Some(channel), now).is_some() {
        return Answer { status: 200, ..bad_gateway() };
    }
    if faults.strikes(Fault::ReplyTruncated, Some(channel), now).is_some() {
        let half = answer.body.len() / 2;
        let cut = (0..=half).rev().find(|at| answer.body.is_char_boundary(*at)).unwrap_or(0);
        return Answer { body: answer.body[..cut].into(), ..answer };
    }
    answer
}

/// Information, bent.
pub(crate) fn information(body: String, kind: &str, faults: &mut Faults, now: Ms) -> String {
    if !matches!(kind, "meta" | "metaAndAssetCtxs" | "allPerpMetas")
        || faults.strikes(Fault::MetaChanged, Some(Channel::Info), now).is_none()
    {
        return body;
    }
    let mut first = true;
    numbers(&body, r#""szDecimals":"#, |_, decimals| {
        let fewer = decimals.parse().map_or(0, |decimals: u32| decimals.saturating_sub(1));
        if core::mem::take(&mut first) { fewer.to_string() } else { decimals.to_owned() }
    })
}

/// A reply with its counts bent.
pub(crate) fn reply(reply: &Reply, faults: &mut Faults, now: Ms) -> Reply {
    let Reply::Orders(replies) = reply else { return reply.clone() };
    if faults.strikes(Fault::ModifyDefault, Some(Channel::Reply), now).is_some() {
        return Reply::Default;
    }
    Reply::Orders(replies.iter().map(|one| outcome(one, faults, now)).collect())
}

fn outcome(reply: &OrderReply, faults: &mut Faults, now: Ms) -> OrderReply {
    let OrderReply::Filled { total, sz_decimals, average, oid, cloid } = reply.clone() else {
        return reply.clone();
    };
    let lots = |amount: u64| Lots(i64::try_from(amount).unwrap_or(i64::MAX).max(1));
    let here = Some(Channel::Reply);
    if let Some(less) = faults.strikes(Fault::CountLow, here, now) {
        return if total > lots(less) {
            OrderReply::Filled { total: total - lots(less), sz_decimals, average, oid, cloid }
        } else {
            OrderReply::Resting(oid, cloid)
        };
    }
    if let Some(more) = faults.strikes(Fault::CountHigh, here, now) {
        return OrderReply::Filled { total: total + lots(more), sz_decimals, average, oid, cloid };
    }
    reply.clone()
}

/// A frame with its words bent.
pub(crate) fn frame(mut frame: String, channel: Channel, faults: &mut Faults, now: Ms) -> String {
    let here = Some(channel);
    if channel == Channel::Orders && faults.strikes(Fault::StatusUnknown, here, now).is_some() {
        frame = frame.replace(r#""status":"canceled""#, r#""status":"somethingNew""#);
    }
    if channel != Channel::Fills {
        return frame;
    }
    if faults.strikes(Fault::IdsAsText, here, now).is_some() {
        frame = numbers(&frame, r#""tid":"#, |_, tid| format!("\"{tid}\""));
        frame = numbers(&frame, r#""oid":"#, |_, oid| format!("\"{oid}\""));
    }
    if faults.strikes(Fault::FieldAdded, here, now).is_some() {
        frame = frame.replace(r#""crossed":"#, r#""somethingNew":{"a":[1,"b"]},"crossed":"#);
    }
    if faults.strikes(Fault::FieldRemoved, here, now).is_some() {
        frame = numbers(&frame, r#""oid":"#, |_, _| String::new()).replace(r#","oid":"#, "");
    }
    if faults.strikes(Fault::FieldNull, here, now).is_some() {
        frame = texts_to_null(&frame, r#""sz":"#);
    }
    frame
}

/// Writes every number behind `key` anew.
fn numbers(frame: &str, key: &str, mut write: impl FnMut(usize, &str) -> String) -> String {
    let mut pieces = frame.split(key);
    let mut out: String = pieces.next().unwrap_or_default().into();
    for (i, piece) in pieces.enumerate() {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        out.push_str(key);
        out.push_str(&write(i, &piece[..end]));
        out.push_str(&piece[end..]);
    }
    out
}

/// Writes every text behind `key` as null.
fn texts_to_null(frame: &str, key: &str) -> String {
    let mut pieces = frame.split(key);
    let mut out: String = pieces.next().unwrap_or_default().into();
    for piece in pieces {
        let rest = piece
            .strip_prefix('"')
            .and_then(|inside| inside.split_once('"'))
            .map_or(piece, |(_, rest)| rest);
        out.push_str(key);
        out.push_str("null");
        out.push_str(rest);
    }
    out
}

/// The venue cancels the oldest live order of a watched account.
pub(crate) fn cancel_oldest(chain: &mut Chain) {
    let watched = chain.accounts().filter(|(_, account)| account.watched);
    let oldest = watched.filter_map(|(_, account)| account.open.first().copied()).min();
    if let Some(oid) = oldest {
        chain.venue_cancel(oid, Status::InternalCancel);
    }
}

/// The order that ended last is forgotten by `orderStatus`.
pub(crate) fn forget_newest(chain: &mut Chain) {
    let ended = |id: AccountId| {
        let records = &chain.account(id).history.records;
        records
            .iter()
            .rev()
            .find(|record| !record.status.is_live())
            .map(|record| (record.time, record.order.oid))
    };
    let newest =
        chain.accounts().filter_map(|(id, _)| ended(id).map(|(time, oid)| (time, oid, id))).max();
    if let Some((_, oid, id)) = newest {
        chain.forget_records(id, oid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Rule;

    const FRAME: &str = r#"{"channel":"userFills","data":{"user":"0x","fills":[{"coin":"BTC","sz":"0.1","oid":7,"crossed":true,"tid":11},{"coin":"BTC","sz":"0.2","oid":8,"crossed":false,"tid":12}]}}"#;

    #[test]
    fn a_frame_is_bent_as_the_fault_says() {
        for (fault, expected) in [
            (Fault::IdsAsText, r#""oid":"7","crossed":true,"tid":"11"}"#),
            (Fault::FieldRemoved, r#""sz":"0.1","crossed":true"#),
            (Fault::FieldNull, r#""sz":null,"oid":7"#),
            (Fault::FieldAdded, r#""somethingNew":{"a":[1,"b"]},"crossed":true"#),
        ] {
            let mut faults = Faults::new(1);
            faults.add(Rule::always(fault));
            let bent = frame(FRAME.into(), Channel::Fills, &mut faults, 0);
            assert!(bent.contains(expected), "{fault:?}: {bent}");
        }
    }
}
