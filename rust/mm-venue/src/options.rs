//! Settings by name, each a whole number: what a command line, a file or a test can set of a [`Config`].

use crate::chain::{Amount, IocRest};
use crate::config::{Config, Delay};

/// A setting: its name, what it says, and how it is set.
pub struct Setting {
    /// Its name, with dots.
    pub name: &'static str,
    /// What it means, with its unit.
    pub about: &'static str,
    set: fn(&mut Config, u64) -> Option<()>,
}

const fn setting(
    name: &'static str,
    about: &'static str,
    set: fn(&mut Config, u64) -> Option<()>,
) -> Setting {
    Setting { name, about, set }
}

macro_rules! delay {
    ($name:literal, $about:literal, $($path:ident).+) => { [
        setting(concat!($name, ".base"), concat!($about, ": the least, in ms"), |c, n| { c.$($path).+.base = small(n)?; Some(()) }),
        setting(concat!($name, ".spread"), concat!($about, ": what chance adds, in ms"), |c, n| { c.$($path).+.spread = small(n)?; Some(()) }),
        setting(concat!($name, ".tail"), concat!($about, ": what bad luck adds, in ms"), |c, n| { c.$($path).+.tail = small(n)?; Some(()) }),
        setting(concat!($name, ".tail_per_million"), concat!($about, ": how often bad luck strikes"), |c, n| {
            c.$($path).+.tail_per_million = u32::try_from(n).ok().filter(|n| *n <= 1_000_000)?;
            Some(())
        }),
    ] };
}

/// Delays by name.
static DELAYS: [[Setting; 4]; 9] = [
    delay!("block", "between two blocks", block),
    delay!("latency.up", "from the client to the venue", latency.up),
    delay!("latency.reply", "answers to actions", latency.reply),
    delay!("latency.info", "answers to requests", latency.info),
    delay!("latency.orders", "orderUpdates and its like", latency.orders),
    delay!("latency.fills", "userFills and its like", latency.fills),
    delay!("latency.state", "states of accounts", latency.state),
    delay!("latency.market", "books, trades, prices", latency.market),
    delay!("latency.control", "acknowledgements and pongs", latency.control),
];

/// Everything else by name.
#[rustfmt::skip] // one setting, one line
static OTHERS: &[Setting] = &[
    setting("latency.all", "one delay for all, without chance, in ms", |c, n| { c.latency = crate::Latency::fixed(small(n)?); Some(()) }),
    setting("block.every", "between two blocks, without chance, in ms", |c, n| { c.block = Delay::fixed(small(n)?.max(1)); Some(()) }),
    setting("cadence.book", "l2Book, in ms", |c, n| { c.cadence.book = small(n)?; Some(()) }),
    setting("cadence.book_fast", "l2Book with fast, in ms", |c, n| { c.cadence.book_fast = small(n)?; Some(()) }),
    setting("cadence.mids", "allMids, in ms", |c, n| { c.cadence.mids = small(n)?; Some(()) }),
    setting("cadence.context", "activeAssetCtx, in ms", |c, n| { c.cadence.context = small(n)?; Some(()) }),
    setting("cadence.state", "clearinghouseState and its like, in ms", |c, n| { c.cadence.state = small(n)?; Some(()) }),
    setting("cadence.open_orders", "openOrders, in ms", |c, n| { c.cadence.open_orders = small(n)?; Some(()) }),
    setting("front.ip_weight", "weight of an IP a minute; 0 for any", |c, n| { c.ip_weight = (n > 0).then_some(n); Some(()) }),
    setting("front.sockets", "connections of an IP at once; 0 for any", |c, n| { c.sockets = usize::try_from(n).ok().filter(|n| *n > 0); Some(()) }),
    setting("front.new_sockets", "new connections of an IP a minute; 0 for any", |c, n| { c.new_sockets = (n > 0).then_some(n); Some(()) }),
    setting("front.messages", "messages of an IP a minute; 0 for any", |c, n| { c.messages = (n > 0).then_some(n); Some(()) }),
    setting("front.greeting", "1: a connection is greeted by a line that is no JSON", |c, n| { c.greeting = flag(n)?; Some(()) }),
    setting("rules.first_oid", "the oid before the first", |c, n| { c.settings.first_oid = (n < 1 << 62).then_some(n)?; Some(()) }),
    setting("rules.min_value", "the smallest order, in USD", |c, n| { c.settings.min_value = usd(n)?; Some(()) }),
    setting("rules.band_percent", "how far from the mark a limit may be", |c, n| { c.settings.band_percent = u8::try_from(n).ok()?; Some(()) }),
    setting("rules.open_orders", "open orders of who has not traded", |c, n| { c.settings.open_orders = usize::try_from(n).ok()?; Some(()) }),
    setting("rules.open_orders_max", "open orders at most", |c, n| { c.settings.open_orders_max = usize::try_from(n).ok()?; Some(()) }),
    setting("rules.items_max", "items of an action", |c, n| { c.settings.items_max = n; Some(()) }),
    setting("rules.address_limit", "1: an address may run out of requests", |c, n| { c.settings.address_limit = flag(n)?; Some(()) }),
    setting("rules.requests", "requests of who has not traded", |c, n| { c.settings.requests = (n < 1 << 60).then_some(n)?; Some(()) }),
    setting("rules.schedule_volume", "volume from which the dead man's switch is allowed, in USD", |c, n| { c.settings.schedule_volume = usd(n)?; Some(()) }),
    setting("rules.schedule_per_day", "firings of the dead man's switch a day", |c, n| { c.settings.schedule_per_day = u32::try_from(n).ok()?; Some(()) }),
    setting("rules.records_kept", "rows of statuses that are remembered", |c, n| { c.settings.records_kept = usize::try_from(n).ok().filter(|n| *n > 0)?; Some(()) }),
    setting("rules.fills_kept", "fills that are remembered", |c, n| { c.settings.fills_kept = usize::try_from(n).ok().filter(|n| *n > 0)?; Some(()) }),
    setting("rules.modify_cancel_first", "1: a modify tells canceled before open", |c, n| { c.settings.modify_cancel_first = flag(n)?; Some(()) }),
    setting("rules.modify_refused_pushes", "1: a refused modify uses an oid and tells of it", |c, n| { c.settings.modify_refused_pushes = flag(n)?; Some(()) }),
    setting("rules.ioc_rest_filled", "1: an IOC that was matched in part ends as filled", |c, n| {
        c.settings.ioc_rest = if flag(n)? { IocRest::Filled } else { IocRest::Canceled };
        Some(())
    }),
    setting("rules.batch_refused_whole", "1: one error stands for a batch that fails before matching", |c, n| { c.settings.batch_refused_whole = flag(n)?; Some(()) }),
    setting("rules.mark_every", "how often marks move, in ms", |c, n| { c.settings.mark_every_ms = small(n)?.max(1); Some(()) }),
];

/// A day in milliseconds: no delay or cadence is longer.
const DAY: u64 = 86_400_000;

fn small(number: u64) -> Option<u64> {
    (number <= DAY).then_some(number)
}

fn flag(number: u64) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn usd(number: u64) -> Option<Amount> {
    i64::try_from(number).ok().filter(|n| *n < 1 << 50).map(Amount::whole)
}

impl Config {
    /// Every setting.
    pub fn options() -> impl Iterator<Item = &'static Setting> {
        DELAYS.iter().flatten().chain(OTHERS)
    }

    /// Sets one by its name. What is wrong with name or value comes back, and nothing has changed then.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), &'static str> {
        let setting =
            Self::options().find(|setting| setting.name == name).ok_or("is no setting")?;
        (setting.set)(self, value).ok_or("is out of range")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_by_its_name_and_kept_in_its_range() {
        let mut config = Config::default();
        assert_eq!(config.set("latency.fills.base", 250), Ok(()));
        assert_eq!(config.latency.fills.base, 250);
        assert_eq!(config.set("front.ip_weight", 0), Ok(()));
        assert_eq!(config.ip_weight, None);
        assert_eq!(config.set("front.greeting", 2), Err("is out of range"));
        assert_eq!(config.set("latency.fills.base", u64::MAX), Err("is out of range"));
        assert_eq!(config.set("nothing", 1), Err("is no setting"));
    }

    #[test]
    fn no_name_is_used_twice() {
        let mut names: Vec<_> = Config::options().map(|setting| setting.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
