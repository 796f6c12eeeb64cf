//! Each planted bug must be found: a model that misses one of them proves nothing.

use mm_core::planted::{Bug, plant};

use crate::report;
use crate::search::{Effort, search};
use crate::worlds::SMALL;

#[test]
fn every_planted_bug_is_found() {
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        plant(Some(bug));
        let found = SMALL.iter().find_map(|setting| {
            let (tally, found) = search(setting, Effort::SHORT, 2);
            found.map(|found| (setting, tally, found))
        });
        match found {
            None => missed.push(bug),
            Some((setting, tally, found)) => {
                let (law, steps) = (found.violation.law, found.trail.len());
                println!("{bug:?}: \"{law}\", {steps} steps, {} states\n", tally.states);
                println!("{}", report::tell(setting, &found));
            }
        }
    }
    plant(None);
    assert!(missed.is_empty(), "not found: {missed:?}");
}
