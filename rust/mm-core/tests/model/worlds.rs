//! The worlds that are searched.

use mm_core::ids::Tif;

use crate::setting::{Setting, Wish};

/// Exhausted at every change.
pub(crate) const SMALL: &[Setting] = &[
    Setting {
        immediate: true,
        reads: true,
        ticks: true,
        ..Setting::new("one order of 2", &[Wish::buy(2).cancelled(1)])
    },
    Setting {
        immediate: true,
        ticks: true,
        ..Setting::new("one order of 2, two cancels", &[Wish::buy(2).cancelled(2)])
    },
    Setting {
        immediate: true,
        ticks: true,
        ..Setting::new("one IOC of 3", &[Wish::buy(3).cancelled(1).tif(Tif::Ioc)])
    },
    Setting {
        forgets: true,
        ..Setting::new("one order of 3, fills forgotten", &[Wish::buy(3).cancelled(1)])
    },
    Setting {
        forgets: true,
        fences: false,
        refusals: false,
        silence: false,
        ..Setting::new("a buy and a sell, fills forgotten", &[Wish::buy(2), Wish::sell(1)])
    },
    Setting {
        immediate: true,
        one_tid: true,
        named_fills: true,
        ..Setting::new("one order of 3, one tid", &[Wish::buy(3)])
    },
    Setting {
        immediate: true,
        one_tid: true,
        ..Setting::new("two coins, one tid", &[Wish::buy(1), Wish::sell(1).elsewhere()])
    },
    Setting { immediate: true, ..Setting::new("a buy and a sell", &[Wish::buy(1), Wish::sell(2)]) },
    Setting {
        immediate: true,
        reads: true,
        named_fills: true,
        lies: true,
        ..Setting::new("one order of 2, denied", &[Wish::buy(2).cancelled(1)])
    },
    Setting {
        immediate: true,
        named_fills: true,
        silence: false,
        lies: true,
        ..Setting::new("a buy and a sell, denied", &[Wish::buy(1), Wish::sell(1)])
    },
    Setting {
        named_fills: true,
        silence: false,
        lies: true,
        ..Setting::new("one of 1 modified, denied", &[Wish::buy(1).modified(1, 1)])
    },
    Setting {
        start: 2,
        named_fills: true,
        lies: true,
        ..Setting::new("one that only reduces, denied", &[Wish::sell(2).cancelled(1).reducing()])
    },
    Setting {
        start: 3,
        ticks: true,
        ..Setting::new("one that only reduces", &[Wish::sell(3).cancelled(1).reducing()])
    },
    Setting {
        start: 1,
        ticks: true,
        fences: false,
        refusals: false,
        silence: false,
        ..Setting::new(
            "one that only reduces, and a buy",
            &[Wish::sell(2).reducing(), Wish::buy(2)],
        )
    },
    Setting {
        immediate: true,
        reads: true,
        ticks: true,
        ..Setting::new("one of 1 modified, a cancel", &[Wish::buy(1).modified(1, 1).cancelled(1)])
    },
    Setting {
        immediate: true,
        reads: true,
        ..Setting::new("one of 2 modified", &[Wish::buy(2).modified(1, 2)])
    },
    Setting {
        silence: false,
        ..Setting::new(
            "one of 1 modified twice, a cancel",
            &[Wish::buy(1).modified(2, 1).cancelled(1)],
        )
    },
    Setting {
        silence: false,
        rejects: true,
        ..Setting::new("modified, told by updates", &[Wish::buy(1).modified(1, 1).cancelled(1)])
    },
    Setting {
        silence: false,
        lists: 1,
        rejects: true,
        ..Setting::new("modified, and lists", &[Wish::buy(1).modified(1, 1)])
    },
    Setting {
        immediate: true,
        silence: false,
        rejects: true,
        ..Setting::new(
            "one of 2 modified to 3, a cancel",
            &[Wish::buy(2).modified(1, 3).cancelled(1)],
        )
    },
    Setting {
        immediate: true,
        silence: false,
        ..Setting::new(
            "a buy and a sell, a cancel each",
            &[Wish::buy(2).cancelled(1), Wish::sell(1).cancelled(1)],
        )
    },
    Setting {
        immediate: true,
        reads: true,
        ticks: true,
        ..Setting::new("one of 2 modified, a cancel", &[Wish::buy(2).modified(1, 2).cancelled(1)])
    },
    Setting {
        immediate: true,
        reads: true,
        ticks: true,
        ..Setting::new("one of 1 modified twice, all", &[Wish::buy(1).modified(2, 1).cancelled(1)])
    },
];

/// Exhausted by `make model-deep`.
#[cfg(not(feature = "planted"))]
pub(crate) const LARGE: &[Setting] = &[
    Setting {
        named_fills: true,
        reads: true,
        lies: true,
        ..Setting::new("one of 2 modified, denied", &[Wish::buy(2).modified(1, 2).cancelled(1)])
    },
    Setting {
        immediate: true,
        reads: true,
        ticks: true,
        ..Setting::new("one order of 3, two cancels", &[Wish::buy(3).cancelled(2)])
    },
    Setting {
        silence: false,
        lists: 2,
        rejects: true,
        ..Setting::new("modified, a cancel, two lists", &[Wish::buy(1).modified(1, 1).cancelled(1)])
    },
    Setting {
        immediate: true,
        reads: true,
        ticks: true,
        ..Setting::new("one of 2 modified to 3, all", &[Wish::buy(2).modified(1, 3).cancelled(1)])
    },
    Setting {
        silence: false,
        ..Setting::new(
            "one modified and a sell, a cancel each",
            &[Wish::buy(1).modified(1, 1).cancelled(1), Wish::sell(1).cancelled(1)],
        )
    },
    Setting {
        immediate: true,
        reads: true,
        ..Setting::new(
            "one of 1 modified twice, two cancels",
            &[Wish::buy(1).modified(2, 1).cancelled(2)],
        )
    },
    Setting {
        immediate: true,
        reads: true,
        ..Setting::new(
            "one of 2 modified, two cancels",
            &[Wish::buy(2).modified(1, 2).cancelled(2)],
        )
    },
    Setting {
        immediate: true,
        silence: false,
        ..Setting::new(
            "a buy and a sell of 2, a cancel each",
            &[Wish::buy(2).cancelled(1), Wish::sell(2).cancelled(1)],
        )
    },
    Setting {
        immediate: true,
        reads: true,
        ..Setting::new("one of 3 modified, a cancel", &[Wish::buy(3).modified(1, 3).cancelled(1)])
    },
];
