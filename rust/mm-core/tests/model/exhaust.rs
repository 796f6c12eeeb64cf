//! All states of many small worlds: millions at every change, ten times as many by `make model-deep`.

use crate::report;
use crate::search::{Effort, Tally, search};
use crate::setting::Setting;
use crate::worlds::{LARGE, SMALL};

fn exhaust(settings: &[Setting], effort: Effort) -> Tally {
    let mut total = Tally { whole: true, ..Tally::default() };
    println!("{:36} {}", "world", Tally::HEAD);
    for setting in settings {
        let (tally, found) = search(setting, effort, 2);
        println!("{:36} {tally}", setting.name);
        if let Some(found) = found {
            panic!("{}", report::tell(setting, &found));
        }
        total.add(&tally);
    }
    println!("{:36} {total}", "together");
    assert!(total.whole, "a world was not searched to its end");
    total
}

#[test]
fn every_small_world_is_exhausted() {
    let total = exhaust(SMALL, Effort::OFTEN);
    assert!(total.states >= 5_000_000, "only {} states", total.states);
}

#[test]
#[ignore = "many minutes: make model-deep"]
fn every_large_world_is_exhausted() {
    let total = exhaust(LARGE, Effort::ONCE);
    assert!(total.states >= 50_000_000, "only {} states", total.states);
}
