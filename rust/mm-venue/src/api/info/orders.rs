//! Orders as they are asked for: open, by name, and those of the past (protocol 6.1, 6.2, 6.5).

use mm_core::ids::{Cloid, Oid};

use super::{ROWS, View, on_dex};
use crate::api::json::Value;
use crate::api::write;
use crate::chain::{AccountId, Lots, Order, Phase, Record, Status};

/// An account's live orders as of the view's time, the newest first.
fn live(view: &View<'_>, id: AccountId) -> Vec<Order> {
    let chain = view.chain;
    let account = chain.account(id);
    let mut orders: Vec<Order> =
        account.open.iter().filter_map(|oid| chain.order(*oid)).copied().collect();
    if view.as_of < chain.now() {
        // Those that have ended since were live then, with what was filled since still on them.
        let since =
            account.history.records.iter().rev().take_while(|record| record.time > view.as_of);
        orders.extend(since.filter(|record| ended(record)).map(|record| record.order));
        orders.retain(|order| order.created <= view.as_of);
        for order in &mut orders {
            let later: Lots = fills_since(view, id, order.oid);
            order.sz += later;
            order.filled -= later;
        }
        orders.sort_unstable_by_key(|order| order.oid);
    }
    orders.reverse();
    orders
}

/// It was live once and is not any more.
fn ended(record: &Record) -> bool {
    !record.status.is_live() && !record.status.word().ends_with("Rejected")
}

fn fills_since(view: &View<'_>, id: AccountId, oid: Oid) -> Lots {
    let fills = view.chain.account(id).history.fills.iter().rev();
    fills
        .take_while(|fill| fill.time > view.as_of)
        .filter(|fill| fill.oid == oid)
        .map(|fill| fill.sz)
        .sum()
}

fn shown(view: &View<'_>, id: Option<AccountId>, dex: u8) -> Vec<Order> {
    let orders = id.map(|id| live(view, id)).unwrap_or_default();
    let asleep = |order: &Order| order.trigger.is_some_and(|trigger| trigger.phase == Phase::Child);
    orders
        .into_iter()
        .filter(|order| on_dex(view.chain, order.asset, dex) && !asleep(order))
        .collect()
}

pub(super) fn open_orders(view: &View<'_>, id: Option<AccountId>, dex: u8) -> String {
    write::list(&shown(view, id, dex), |out, order| write::basic_order(out, view.chain, order))
}

pub(crate) fn frontend_open_orders(view: &View<'_>, id: Option<AccountId>, dex: u8) -> String {
    let chain = view.chain;
    write::list(&shown(view, id, dex), |out, order| {
        let open = id.map(|id| &chain.account(id).open).into_iter().flatten();
        let children: Vec<&Order> = open
            .filter_map(|oid| chain.order(*oid))
            .filter(|child| {
                child.group == Some(order.oid)
                    && child.trigger.is_some_and(|t| t.phase == Phase::Child)
            })
            .collect();
        write::frontend_order(out, chain, order, &children);
    })
}

/// The newest status of an order, by oid or cloid. What is live is always known; the rest as long as its rows are.
pub(super) fn order_status(
    view: &View<'_>,
    id: Option<AccountId>,
    name: &Value<'_>,
) -> Option<String> {
    let (oid, cloid) = match name {
        Value::Number(_) => (Some(Oid(name.whole()?)), None),
        text => (None, Some(Cloid::parse(text.text()?.as_bytes())?)),
    };
    let is_it = |order: &Order| oid == Some(order.oid) || (cloid.is_some() && cloid == order.cloid);
    let record = id.and_then(|id| {
        let records = view.chain.account(id).history.records.iter().rev();
        let newest = records
            .filter(|record| record.time <= view.as_of)
            .find(|record| is_it(&record.order))
            .copied();
        let order = live(view, id).into_iter().find(is_it);
        match (order, newest) {
            (Some(order), Some(newest)) if newest.order.oid == order.oid => {
                Some(Record { order, ..newest })
            }
            // A newer order of the same cloid has ended before: the live one is told of.
            (Some(order), _) => Some(Record { order, status: Status::Open, time: order.created }),
            (None, newest) => newest,
        }
    });
    Some(match record {
        None => r#"{"status":"unknownOid"}"#.into(),
        Some(record) => {
            let mut out = String::from(r#"{"status":"order","order":"#);
            write::historical(&mut out, view.chain, &record);
            out.push('}');
            out
        }
    })
}

/// One row a status, the newest first.
pub(super) fn historical(view: &View<'_>, id: Option<AccountId>) -> (String, u64) {
    let records = id.map(|id| &view.chain.account(id).history.records).into_iter().flatten().rev();
    let mut count = 0;
    let rows = records.filter(|record| record.time <= view.as_of).take(ROWS);
    let rows = write::list(rows, |out, record| {
        count += 1;
        write::historical(out, view.chain, record);
    });
    (rows, count)
}
