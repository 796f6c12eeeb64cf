//! The one place where the venue's words get a meaning.
//!
//! [`STATUSES`] are the words of `orderUpdates`, `orderStatus` and `historicalOrders`; [`ERRORS`] are the texts of
//! refusals. Both are data, each row with its meaning in words, so that documentation can be made from them.
//! The rules: case counts; a status matches as a whole, an error by its beginning, after a trailing ` asset=<n>`
//! and a leading `L1 error: ` are taken off. What is not in the table is `Unknown`, which means: ask the venue.
//!
//! An answer's words are a reason to act or to ask, and no evidence of what became of an order. In particular every
//! "nothing was done" here speaks of *this sending*: of an earlier sending of the same bytes it says nothing.

use mm_core::event::Status;
use mm_core::num::Px;

/// A status word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRow {
    /// The venue's word.
    pub word: &'static str,
    /// What it means for the leg.
    pub status: Status,
    /// What happened, in words.
    pub meaning: &'static str,
}

/// What a refusal says is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// The request itself is at fault: tick, lot, minimum, limits of size. It will fail again.
    BadRequest,
    /// The price is outside the band around the reference price.
    BadPrice,
    /// Not enough margin or balance, or the margin tier is full.
    Margin,
    /// Reduce-only, and it would not reduce: the position is another than we thought.
    ReduceOnly,
    /// Post-only, and it would have matched. The book at that moment, where the text tells it.
    Crossed {
        /// Best bid.
        bid: Option<Px>,
        /// Best ask.
        ask: Option<Px>,
    },
    /// Nothing there to match an order that may not rest.
    NoMatch,
    /// The venue's cap on open interest: back off.
    VenueCap,
    /// Only post-only orders for a while.
    PostOnlyPeriod,
    /// Something about the account or its settings, for a human.
    Configuration,
    /// Too many requests: back off.
    RateLimit,
    /// The nonce was used: by this very request, if it was sent before.
    NonceDuplicate,
    /// The nonce is too old or too far ahead.
    NonceInvalid,
    /// `expiresAfter` had passed.
    Expired,
    /// The signature belongs to nobody, or to nobody who may trade here.
    SignerUnknown,
    /// An agent of the account is just being removed: again in some seconds.
    AgentRemoval,
    /// The order to change is no longer there; its end must come from evidence.
    TargetGone,
    /// Not in the table.
    Unknown,
}

/// What a refused cancel says of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelError {
    /// Never placed, canceled or filled, and the venue does not say which.
    NotLive,
    /// The cancel was not carried out: the order is as it was.
    NotDone,
    /// It may be either.
    Unknown,
}

/// What a refused modify says of the order that was to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModifyError {
    /// It was gone before, filled or canceled; nothing was placed.
    OldGone,
    /// It was canceled, and the new one was refused: nothing is live.
    OldGoneNewRefused,
    /// It is as it was; nothing was placed.
    OldUntouched,
    /// It may be any of these.
    Unknown,
}

/// An error text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorRow {
    /// How it begins.
    pub text: &'static str,
    /// What is wrong.
    pub class: OrderError,
    /// What it says when it answers a cancel.
    pub cancel: CancelError,
    /// What it says when it answers a modify.
    pub modify: ModifyError,
    /// What happened, in words.
    pub meaning: &'static str,
}

const fn word(word: &'static str, status: Status, meaning: &'static str) -> StatusRow {
    StatusRow { word, status, meaning }
}

/// Every status that is known. The commonest come first.
pub const STATUSES: &[StatusRow] = {
    use Status::{Canceled, Filled, Open, Rejected};
    &[
        word("open", Open, "placed, and live"),
        word("filled", Filled, "executed in full"),
        word("canceled", Canceled, "canceled by its owner, or the old leg of a modify"),
        word("badAloPxRejected", Rejected, "post-only, and it would have matched"),
        word("triggered", Open, "its trigger was reached: it is being worked"),
        word("rejected", Rejected, "refused, no reason given"),
        word("marginCanceled", Canceled, "under-margined when it was to match"),
        word("vaultWithdrawalCanceled", Canceled, "the vault paid out"),
        word("openInterestCapCanceled", Canceled, "too aggressive while open interest is capped"),
        word("selfTradeCanceled", Canceled, "our own taker came upon it"),
        word("reduceOnlyCanceled", Canceled, "it would no longer reduce the position"),
        word("siblingFilledCanceled", Canceled, "the other order of the pair was filled"),
        word("delistedCanceled", Canceled, "the market was delisted"),
        word("liquidatedCanceled", Canceled, "the account was liquidated"),
        word("outcomeSettledCanceled", Canceled, "the outcome market was settled"),
        word("scheduledCancel", Canceled, "the dead man's switch fired"),
        word("internalCancel", Canceled, "an error inside the venue"),
        word("tickRejected", Rejected, "the price is off the tick"),
        word("minTradeNtlRejected", Rejected, "below the minimum value"),
        word("perpMarginRejected", Rejected, "not enough margin"),
        word(
            "reduceOnlyRejected",
            Rejected,
            "reduce-only, and it would have increased the position",
        ),
        word("iocCancelRejected", Rejected, "immediate-or-cancel, and nothing to match"),
        word("badTriggerPxRejected", Rejected, "the trigger price is on the wrong side"),
        word("marketOrderNoLiquidityRejected", Rejected, "a market order, and nothing to match"),
        word(
            "positionIncreaseAtOpenInterestCapRejected",
            Rejected,
            "open interest is capped: no increase",
        ),
        word("positionFlipAtOpenInterestCapRejected", Rejected, "open interest is capped: no flip"),
        word(
            "tooAggressiveAtOpenInterestCapRejected",
            Rejected,
            "open interest is capped: price too aggressive",
        ),
        word("openInterestIncreaseRejected", Rejected, "open interest would rise too quickly"),
        word("insufficientSpotBalanceRejected", Rejected, "not enough of the token"),
        word("oracleRejected", Rejected, "the price is too far from the oracle's"),
        word("perpMaxPositionRejected", Rejected, "the position would exceed its margin tier"),
        word("tooManyOpenOrdersRejected", Rejected, "too many open orders"),
    ]
};

/// The meaning of a status word: the table's, else by its ending, else [`Status::Unknown`].
///
/// `Rejected` is tested before `Cancel`, for `iocCancelRejected` is a rejection and so will its like be.
pub fn status(word: &str) -> Status {
    if let Some(row) = STATUSES.iter().find(|row| row.word == word) {
        return row.status;
    }
    if word.ends_with("Rejected") {
        Status::Rejected
    } else if word.ends_with("Canceled") || word.ends_with("Cancel") {
        Status::Canceled
    } else {
        Status::Unknown
    }
}

/// How the refusal of a modify's second half begins; the reason follows.
const DURING_MODIFY: &str = "Error placing new order during modify: ";
/// How older nodes begin the errors of whole actions.
const OLDER_PREFIX: &str = "L1 error: ";

/// An answer to one order, from the matching engine or from the checks before it. When it answers a modify
/// without the words "during modify", the documents do not say whether the old order is still there.
const fn order(text: &'static str, class: OrderError, meaning: &'static str) -> ErrorRow {
    ErrorRow { text, class, cancel: CancelError::Unknown, modify: ModifyError::Unknown, meaning }
}

/// An answer to a modify.
const fn modify(
    text: &'static str,
    class: OrderError,
    modify: ModifyError,
    meaning: &'static str,
) -> ErrorRow {
    ErrorRow { text, class, cancel: CancelError::Unknown, modify, meaning }
}

/// A refusal of a whole action, before any of it was carried out.
const fn action(text: &'static str, class: OrderError, meaning: &'static str) -> ErrorRow {
    ErrorRow {
        text,
        class,
        cancel: CancelError::NotDone,
        modify: ModifyError::OldUntouched,
        meaning,
    }
}

const CROSSED: OrderError = OrderError::Crossed { bid: None, ask: None };

/// Every error text that is known. The first row that matches counts.
#[rustfmt::skip] // one row, one line
pub const ERRORS: &[ErrorRow] = {
    use ModifyError::{OldGone, OldGoneNewRefused, OldUntouched};
    use OrderError::{
        AgentRemoval, BadPrice, BadRequest, Configuration, Expired, Margin, NoMatch, NonceDuplicate,
        NonceInvalid, PostOnlyPeriod, RateLimit, ReduceOnly, SignerUnknown, TargetGone, Unknown,
        VenueCap,
    };
    &[
        order("Post only order would have immediately matched", CROSSED, "post-only, and it would have matched; the text carries the book"),
        order("Order must have minimum value of ", BadRequest, "below the minimum value"),
        order("Price must be divisible by tick size", BadRequest, "the price is off the tick"),
        order("Order has zero size", BadRequest, "no size"),
        order("Order has invalid size", BadRequest, "the size is off the lot"),
        order("Order has invalid price", BadRequest, "the price is off the grid"),
        order("Order value too large", BadRequest, "above the maximum value"),
        order("Invalid TP/SL price", BadRequest, "the trigger price is on the wrong side"),
        order("Order price too far from oracle", BadPrice, "the price is too far from the oracle's"),
        modify("Order price cannot be more than ", BadPrice, OldUntouched, "outside the band around the reference price; may refuse the whole batch"),
        order("Insufficient margin to place order", Margin, "not enough margin"),
        order("Insufficient spot balance", Margin, "not enough of the token"),
        order("Order has insufficient spot balance to trade", Margin, "not enough of the token"),
        order("Order would cause position to exceed margin tier limit at current leverage", Margin, "the position would exceed its margin tier"),
        order("Reduce only order would increase position", ReduceOnly, "the position is another than thought"),
        order("Order could not immediately match against any resting orders", NoMatch, "immediate-or-cancel, and nothing to match"),
        order("No liquidity available for market order", NoMatch, "a market order, and nothing to match"),
        order("Order would increase open interest while open interest is capped", VenueCap, "open interest is capped: no increase"),
        order("Order rejected due to price more aggressive than oracle while at open interest cap", VenueCap, "open interest is capped: price too aggressive"),
        order("Order would increase open interest too quickly", VenueCap, "open interest would rise too quickly"),
        order("Only post-only orders allowed", PostOnlyPeriod, "after an upgrade of the network: later, or as post-only"),
        order("Builder fee has not been approved", Configuration, "approve the builder's fee first"),
        modify("Cannot modify canceled or filled order", TargetGone, OldGone, "the order was gone before; nothing was placed"),
        modify("Error placing new order during modify", Unknown, OldGoneNewRefused, "the old order is canceled, the new one refused; the reason follows"),
        modify("Attempted to modify to invalid new order", BadRequest, OldUntouched, "the new order is not one that a modify may place; nothing happened"),
        ErrorRow { text: "Order was never placed, already canceled, or filled", class: TargetGone, cancel: CancelError::NotLive, modify: ModifyError::Unknown, meaning: "not live; how it ended must come from fills, updates or orderStatus" },
        action("Too many cumulative requests sent", RateLimit, "the address has used up its requests; one passes every ten seconds"),
        action("429 ", RateLimit, "too much from this IP address"),
        action("422 ", BadRequest, "the request was not understood"),
        action("Failed to deserialize the JSON body into the target type", BadRequest, "the request was not understood"),
        action("too many pending post requests", RateLimit, "too many requests under way on this connection"),
        action("Signed action over weight limit", BadRequest, "too many items in one action: split it"),
        ErrorRow { text: "Invalid nonce: duplicate nonce", class: NonceDuplicate, cancel: CancelError::Unknown, modify: ModifyError::Unknown, meaning: "this nonce was used; a request that was sent twice was carried out or refused the first time" },
        action("Invalid nonce", NonceInvalid, "too old or too far ahead: the clock, or another user of this key"),
        action("Action already expired", Expired, "expiresAfter had passed"),
        action("User or API Wallet ", SignerUnknown, "signed for the wrong chain, with the wrong bytes, or by an agent that is no more"),
        action("Must deposit before performing actions", SignerUnknown, "the signer has no account, or was replaced"),
        action("Unable to recover signer", SignerUnknown, "the signature is broken"),
        action("User has pending agent removal", AgentRemoval, "an agent is being removed: again in some seconds"),
        action("Vault not registered", Configuration, "vaultAddress is wrong"),
        action("Cannot set scheduled cancel time until enough volume traded", Configuration, "the dead man's switch needs a volume of 1,000,000 USD"),
        action("Cannot switch leverage type with open position", Configuration, "close the position first"),
        action("Position does not use isolated margin", Configuration, "the position is of cross margin"),
        action("Invalid leverage value", Configuration, "the market does not allow this leverage"),
        action("Too many extra agents for cumulative volume traded", Configuration, "remove an agent first"),
        action("Agent valid_until already expired", Configuration, "the agent's end is in the past"),
        action("Extra agent already used", Configuration, "an agent's key cannot be used again"),
    ]
};

/// Takes off what comes and goes around a text: blanks, ` asset=<n>` behind, `L1 error: ` before.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix(OLDER_PREFIX).unwrap_or(text);
    match text.rsplit_once(" asset=") {
        Some((before, number))
            if !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()) =>
        {
            before
        }
        _ => text,
    }
}

/// The row that an error text belongs to.
pub fn error(text: &str) -> Option<&'static ErrorRow> {
    let text = bare(text);
    ERRORS.iter().find(|row| text.starts_with(row.text))
}

/// What a refusal says is wrong. Of a modify's second half it is the reason that counts.
pub fn order_error(text: &str) -> OrderError {
    let text = bare(text);
    let reason = text.strip_prefix(DURING_MODIFY).unwrap_or(text);
    match error(reason) {
        Some(row) if row.class == CROSSED => crossed(reason),
        Some(row) => row.class,
        None => OrderError::Unknown,
    }
}

/// What the refusal of a cancel says of the order.
pub fn cancel_error(text: &str) -> CancelError {
    error(text).map_or(CancelError::Unknown, |row| row.cancel)
}

/// What the refusal of a modify says of the order that was to be replaced. [`order_error`] has the reason.
pub fn modify_error(text: &str) -> ModifyError {
    error(text).map_or(ModifyError::Unknown, |row| row.modify)
}

/// Reads `bbo was 83757@83758.`; a side that is not a price is left out.
fn crossed(text: &str) -> OrderError {
    let book = text.split_once("bbo was ").map_or("", |(_, book)| book);
    let (bid, ask) = book.strip_suffix('.').unwrap_or(book).split_once('@').unwrap_or_default();
    let price = |side: &str| Px::parse(side.as_bytes()).ok();
    OrderError::Crossed { bid: price(bid), ask: price(ask) }
}

/// What a frame of the channel `error` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// The subscription stands already.
    AlreadySubscribed,
    /// There was no such subscription to end.
    AlreadyUnsubscribed,
    /// There can be no such subscription.
    InvalidSubscription,
    /// The message was not understood.
    NotUnderstood,
    /// More accounts than one address may follow.
    TooManyUsers,
    /// More requests under way than one address may have; this one was not taken.
    TooManyPosts,
    /// Too many messages, connections or subscriptions: back off.
    RateLimit,
    /// Not in the table.
    Unknown,
}

/// The texts of the channel `error`, by their beginnings, and what they mean (protocol 1.2).
#[rustfmt::skip] // one row, one line
pub const STREAM_ERRORS: &[(&str, StreamError, &str)] = &[
    ("Already subscribed", StreamError::AlreadySubscribed, "it stands: as good as an acknowledgement"),
    ("Already unsubscribed", StreamError::AlreadyUnsubscribed, "it has ended: as good as an acknowledgement"),
    ("Invalid subscription", StreamError::InvalidSubscription, "there can be no such subscription: asking again is of no use"),
    ("Error parsing JSON into valid websocket request", StreamError::NotUnderstood, "a bug of ours, or a type that this venue does not have"),
    ("Cannot track more than ", StreamError::TooManyUsers, "more accounts than one address may follow"),
    ("too many pending post requests", StreamError::TooManyPosts, "this request was not taken: again, once others are answered"),
    ("429 ", StreamError::RateLimit, "too much from this IP address"),
];

/// The meaning of an error frame's text.
pub fn stream_error(text: &str) -> StreamError {
    let text = text.trim();
    let row = STREAM_ERRORS.iter().find(|(words, ..)| text.starts_with(words));
    row.map_or(StreamError::Unknown, |(_, meaning, _)| *meaning)
}

/// The request that an error frame speaks of: `id=7` at its end.
pub fn post_id(text: &str) -> Option<u64> {
    text.trim().rsplit_once(" id=")?.1.parse().ok()
}

#[cfg(test)]
mod tests;
