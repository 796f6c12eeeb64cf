//! The venue's rules that can be set; the defaults are the real ones (protocol 2.5, 3.6, 8.2, 9, 10).

use mm_core::ids::Ms;

use super::units::Amount;

/// What is recorded of an immediate-or-cancel order that was matched in part: nobody knows (protocol 7.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IocRest {
    /// `canceled`, with what was left.
    Canceled,
    /// `filled`, with what was left.
    Filled,
}

/// The rules of the chain.
#[allow(clippy::struct_excessive_bools, reason = "each is a rule of its own, and may be set alone")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The first oid.
    pub first_oid: u64,
    /// Orders below this value are refused.
    pub min_value: Amount,
    /// How far from the mark a limit may be, in percent.
    pub band_percent: u8,
    /// Open orders of an account that has not traded.
    pub open_orders: usize,
    /// Open orders that nobody may exceed.
    pub open_orders_max: usize,
    /// Items in an action.
    pub items_max: u64,
    /// Whether an address may run out of requests.
    pub address_limit: bool,
    /// Requests of an address that has not traded.
    pub requests: u64,
    /// Volume from which the dead man's switch may be set.
    pub schedule_volume: Amount,
    /// Firings of it a day.
    pub schedule_per_day: u32,
    /// Rows of statuses that are remembered of an account.
    pub records_kept: usize,
    /// Fills that are remembered of an account.
    pub fills_kept: usize,
    /// A modify tells `canceled` of the old order before `open` of the new one.
    pub modify_cancel_first: bool,
    /// A modify whose new order is refused uses an oid and tells of it.
    pub modify_refused_pushes: bool,
    /// What is recorded of an immediate-or-cancel order that was matched in part.
    pub ioc_rest: IocRest,
    /// A batch is refused by one error if one of its orders fails the checks before matching.
    pub batch_refused_whole: bool,
    /// How often the oracle moves the mark.
    pub mark_every_ms: Ms,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            first_oid: 560_000_000_000,
            min_value: Amount::whole(10),
            band_percent: 95,
            open_orders: 1_000,
            open_orders_max: 5_000,
            items_max: 200,
            address_limit: true,
            requests: 10_000,
            schedule_volume: Amount::whole(1_000_000),
            schedule_per_day: 10,
            records_kept: 2_000,
            fills_kept: 10_000,
            modify_cancel_first: false,
            modify_refused_pushes: true,
            ioc_rest: IocRest::Canceled,
            batch_refused_whole: true,
            mark_every_ms: 1_000,
        }
    }
}
