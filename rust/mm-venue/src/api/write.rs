//! JSON out: orders, fills, trades, books, in the venue's own order of members (shared/vectors/captures).

use core::fmt::Write as _;

use mm_core::ids::{Cloid, Side};
use mm_core::num::Px;

use crate::chain::{
    AMOUNT_DECIMALS, AsDouble, Asset, Chain, Decimal, Dir, Fill, Funding, Lots, Order, Phase,
    Record, Seen, Tif, Trade, mix,
};

/// A text between quotes, with everything escaped that must be.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A price as the venue writes it.
pub(crate) const fn px(px: Px) -> Decimal {
    Decimal(px.0 as i128, 8)
}

/// A size as the venue writes it.
pub(crate) const fn sz(lots: Lots, asset: &Asset) -> Decimal {
    Decimal(lots.0 as i128, asset.sz_decimals)
}

/// Items between brackets.
pub(crate) fn list<T>(
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut String, T),
) -> String {
    let mut out = String::from("[");
    for (i, one) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        item(&mut out, one);
    }
    out.push(']');
    out
}

/// The hash of a transaction: what it was made from, spread over 32 bytes. 0 is the zero hash.
pub(crate) fn hash(tx: u64) -> String {
    if tx == 0 {
        return format!("0x{}", "0".repeat(64));
    }
    let mut out = String::from("0x");
    for lane in 1..=4u64 {
        let _ = write!(out, "{:016x}", mix(tx.wrapping_mul(4) ^ mix(lane)));
    }
    out
}

fn cloid(cloid: Option<Cloid>) -> String {
    cloid.map_or_else(|| "null".into(), |cloid| format!(r#""{cloid}""#))
}

/// An order as in `openOrders` and `orderUpdates`: without its trigger, its cloid only if it has one.
pub(crate) fn basic_order(out: &mut String, chain: &Chain, order: &Order) {
    let asset = chain.metas().asset(order.asset);
    let _ = write!(
        out,
        r#"{{"coin":"{}","side":"{}","limitPx":"{}","sz":"{}","oid":{},"timestamp":{},"origSz":"{}""#,
        asset.name,
        order.side.letter(),
        px(order.px),
        sz(order.sz, asset),
        order.oid.0,
        order.created,
        sz(order.orig, asset),
    );
    if let Some(cloid) = order.cloid {
        let _ = write!(out, r#","cloid":"{cloid}""#);
    }
    if order.reduce_only {
        out.push_str(r#","reduceOnly":true"#);
    }
    out.push('}');
}

/// An order as in `frontendOpenOrders`, `orderStatus` and `historicalOrders`.
pub(crate) fn frontend_order(out: &mut String, chain: &Chain, order: &Order, children: &[&Order]) {
    let asset = chain.metas().asset(order.asset);
    let _ = write!(
        out,
        r#"{{"coin":"{}","side":"{}","limitPx":"{}","sz":"{}","oid":{},"timestamp":{},"triggerCondition":"{}","isTrigger":{},"triggerPx":"{}","children":"#,
        asset.name,
        order.side.letter(),
        px(order.px),
        sz(order.sz, asset),
        order.oid.0,
        order.created,
        condition(order),
        order.trigger.is_some(),
        order.trigger.map_or(Decimal(0, 1), |trigger| px(trigger.px)),
    );
    out.push_str(&list(children, |out, child| frontend_order(out, chain, child, &[])));
    let _ = write!(
        out,
        r#","isPositionTpsl":{},"reduceOnly":{},"orderType":"{}","origSz":"{}","tif":{},"cloid":{}}}"#,
        order.position_tpsl,
        order.reduce_only,
        order_type(order),
        sz(order.orig, asset),
        tif(order),
        cloid(order.cloid),
    );
}

fn condition(order: &Order) -> String {
    match order.trigger {
        None => "N/A".into(),
        Some(trigger) if trigger.phase == Phase::Fired => "Triggered".into(),
        Some(trigger) => {
            let above = trigger.take_profit == (order.side == Side::Sell);
            format!("Price {} {}", if above { "above" } else { "below" }, px(trigger.px))
        }
    }
}

const fn order_type(order: &Order) -> &'static str {
    match order.trigger {
        Some(trigger) => match (trigger.take_profit, trigger.is_market) {
            (true, true) => "Take Profit Market",
            (true, false) => "Take Profit Limit",
            (false, true) => "Stop Market",
            (false, false) => "Stop Limit",
        },
        None => match order.tif {
            Tif::FrontendMarket | Tif::LiquidationMarket => "Market",
            Tif::Alo | Tif::Gtc | Tif::Ioc => "Limit",
        },
    }
}

fn tif(order: &Order) -> String {
    match order.trigger {
        Some(trigger) if trigger.is_market => "null".into(),
        _ => format!(r#""{}""#, order.tif.word()),
    }
}

/// A row of `orderUpdates`.
pub(crate) fn update(out: &mut String, chain: &Chain, record: &Record) {
    out.push_str(r#"{"order":"#);
    basic_order(out, chain, &record.order);
    let _ =
        write!(out, r#","status":"{}","statusTimestamp":{}}}"#, record.status.word(), record.time);
}

/// A row of `historicalOrders`, and the inside of `orderStatus`.
pub(crate) fn historical(out: &mut String, chain: &Chain, record: &Record) {
    out.push_str(r#"{"order":"#);
    frontend_order(out, chain, &record.order, &[]);
    let _ =
        write!(out, r#","status":"{}","statusTimestamp":{}}}"#, record.status.word(), record.time);
}

/// A fill, as everywhere.
pub(crate) fn fill(out: &mut String, chain: &Chain, fill: &Fill) {
    let asset = chain.metas().asset(fill.asset);
    let _ = write!(
        out,
        r#"{{"coin":"{}","px":"{}","sz":"{}","side":"{}","time":{},"startPosition":"{}","dir":"{}","closedPnl":"{}","hash":"{}","oid":{},"crossed":{},"fee":"{}""#,
        asset.name,
        px(fill.px),
        match fill.dir {
            Dir::Dust(dust) => Decimal(dust.0, AMOUNT_DECIMALS),
            _ => sz(fill.sz, asset),
        },
        fill.side.letter(),
        fill.time,
        AsDouble(fill.start),
        fill.dir.word(),
        fill.closed_pnl,
        hash(fill.tx),
        fill.oid.0,
        fill.crossed,
        fill.fee,
    );
    if let Some(builder) = fill.builder_fee {
        let _ = write!(out, r#","builderFee":"{builder}""#);
    }
    let _ = write!(out, r#","tid":{}"#, fill.tid);
    if let Some(cloid) = fill.cloid {
        let _ = write!(out, r#","cloid":"{cloid}""#);
    }
    if let Some(liquidation) = fill.liquidation {
        let _ = write!(
            out,
            r#","liquidation":{{"liquidatedUser":"{}","markPx":"{}","method":"{}"}}"#,
            chain.account(liquidation.user).address,
            px(liquidation.mark),
            if liquidation.backstop { "backstop" } else { "market" },
        );
    }
    let _ = write!(
        out,
        r#","feeToken":"{}","twapId":null}}"#,
        chain.metas().token(fill.fee_token).name
    );
}

/// A trade, as everybody sees it.
pub(crate) fn trade(out: &mut String, chain: &Chain, trade: &Trade) {
    let asset = chain.metas().asset(trade.asset);
    let _ = write!(
        out,
        r#"{{"coin":"{}","side":"{}","px":"{}","sz":"{}","time":{},"hash":"{}","tid":{},"users":["{}","{}"]}}"#,
        asset.name,
        trade.side.letter(),
        px(trade.px),
        sz(trade.sz, asset),
        trade.time,
        hash(trade.tx),
        trade.tid,
        chain.account(trade.buyer).address,
        chain.account(trade.seller).address,
    );
}

/// A level of a book.
pub(crate) fn level(out: &mut String, asset: &Asset, seen: &Seen) {
    let _ =
        write!(out, r#"{{"px":"{}","sz":"{}","n":{}}}"#, px(seen.px), sz(seen.sz, asset), seen.n);
}

/// The members of a funding payment, without what stands around them.
pub(crate) fn funding(out: &mut String, chain: &Chain, payment: &Funding) {
    let asset = chain.metas().asset(payment.asset);
    let _ = write!(
        out,
        r#""coin":"{}","usdc":"{}","szi":"{}","fundingRate":"{}","nSamples":null"#,
        asset.name,
        payment.usdc,
        sz(payment.szi, asset),
        Decimal(i128::from(payment.rate), 10),
    );
}

/// A funding payment as `userFundings` has it.
pub(crate) fn funding_row(out: &mut String, chain: &Chain, payment: &Funding) {
    let _ = write!(out, r#"{{"time":{},"#, payment.time);
    funding(out, chain, payment);
    out.push('}');
}
