//! The table: every cell, and the properties of the whole.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // a test that panics has failed

use std::collections::{BTreeMap, BTreeSet};

use mm_core::lifecycle::{Cell, Event, Phase, ROWS, step};

fn cells() -> impl Iterator<Item = (Phase, Event)> {
    Phase::ALL.iter().flat_map(|&phase| Event::ALL.iter().map(move |&event| (phase, event)))
}

fn facts() -> impl Iterator<Item = Event> + Clone {
    Event::ALL.iter().copied().filter(|event| !event.is_ask())
}

/// Where an event leads, if anywhere.
fn after(phase: Phase, event: Event) -> Phase {
    match step(phase, event).0 {
        Cell::Go(to) => to,
        Cell::Keep | Cell::Refuse | Cell::Resync => phase,
    }
}

fn meets_resync(phase: Phase, events: [Event; 2]) -> bool {
    step(phase, events[0]).0 == Cell::Resync
        || step(after(phase, events[0]), events[1]).0 == Cell::Resync
}

#[test]
fn the_rows_hold_every_cell_exactly_once() {
    let mut seen: BTreeMap<(Phase, Event), usize> = BTreeMap::new();
    for (event, phases, _, _) in ROWS {
        for phase in *phases {
            *seen.entry((*phase, *event)).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), Phase::ALL.len() * Event::ALL.len());
    assert!(seen.values().all(|&times| times == 1), "{seen:?}");
    assert!(cells().all(|cell| seen.contains_key(&cell)));
}

#[test]
fn step_says_what_the_rows_say() {
    for (event, phases, cell, why) in ROWS {
        for phase in *phases {
            assert_eq!(step(*phase, *event), (*cell, *why), "{phase:?} {event:?}");
        }
    }
}

#[test]
fn every_row_gives_a_reason_and_every_name_a_meaning() {
    assert!(ROWS.iter().all(|(_, phases, _, why)| !phases.is_empty() && why.len() > 5));
    assert!(Phase::ALL.iter().all(|p| p.meaning().len() > 10 && !p.name().is_empty()));
    assert!(Event::ALL.iter().all(|e| e.meaning().len() > 10 && !e.name().is_empty()));
    let names: BTreeSet<&str> =
        Phase::ALL.iter().map(|p| p.name()).chain(Event::ALL.iter().map(|e| e.name())).collect();
    assert_eq!(names.len(), Phase::ALL.len() + Event::ALL.len());
}

#[test]
fn no_cell_goes_where_it_is_already() {
    assert!(cells().all(|(phase, event)| step(phase, event).0 != Cell::Go(phase)));
}

#[test]
fn every_phase_is_reachable_from_pending() {
    let mut reached = BTreeSet::from([Phase::Pending]);
    loop {
        let next: BTreeSet<Phase> = reached
            .iter()
            .flat_map(|&p| Event::ALL.iter().map(move |&e| after(p, e)))
            .chain(reached.clone())
            .collect();
        if next == reached {
            break;
        }
        reached = next;
    }
    assert_eq!(reached, Phase::ALL.iter().copied().collect());
}

#[test]
fn closed_never_reopens() {
    for (phase, event) in cells().filter(|(phase, _)| phase.is_closed()) {
        assert!(after(phase, event).is_closed(), "{phase:?} {event:?}");
    }
}

#[test]
fn filled_and_rejected_are_for_ever_and_only_the_last_fill_leaves_cancelled() {
    for event in Event::ALL.iter().copied() {
        assert_eq!(after(Phase::Filled, event), Phase::Filled);
        assert_eq!(after(Phase::Rejected, event), Phase::Rejected);
        let expected = if event == Event::LastFill { Phase::Filled } else { Phase::Cancelled };
        assert_eq!(after(Phase::Cancelled, event), expected);
    }
}

#[test]
fn what_was_seen_is_never_unseen_again() {
    for (phase, event) in cells().filter(|(phase, _)| !phase.is_unseen()) {
        assert!(!after(phase, event).is_unseen(), "{phase:?} {event:?}");
    }
}

#[test]
fn the_dead_never_live_again() {
    // A replaced leg is dead as well: the venue cancels it before it places the new one.
    let dead = [
        Phase::Replaced,
        Phase::Gone,
        Phase::Draining,
        Phase::Cancelled,
        Phase::Filled,
        Phase::Rejected,
    ];
    for (phase, event) in cells().filter(|(phase, _)| dead.contains(phase)) {
        assert!(dead.contains(&after(phase, event)), "{phase:?} {event:?}");
    }
}

#[test]
fn every_request_phase_has_a_way_out_by_what_the_venue_tells() {
    let told = |e: &Event| {
        matches!(
            e,
            Event::Accepted | Event::PartFill | Event::LastFill | Event::CancelDone | Event::Reject
        )
    };
    let requests = [
        Phase::Pending,
        Phase::Unknown,
        Phase::Modifying,
        Phase::CancelingBlind,
        Phase::Canceling,
        Phase::Replaced,
        Phase::Gone,
    ];
    for phase in requests {
        let out = facts()
            .filter(told)
            .any(|event| after(phase, event).is_closed() || after(phase, event) == Phase::Draining);
        assert!(out, "{phase:?} waits for ever");
    }
    assert_eq!(after(Phase::Draining, Event::Settle), Phase::Cancelled);
}

#[test]
fn every_ask_is_refused_in_closed_phases() {
    for (phase, event) in cells().filter(|(phase, event)| phase.is_closed() && event.is_ask()) {
        assert_eq!(step(phase, event).0, Cell::Refuse, "{phase:?} {event:?}");
    }
}

#[test]
fn only_asks_are_ever_refused_and_asks_never_contradict() {
    for (phase, event) in cells() {
        match step(phase, event).0 {
            Cell::Refuse => assert!(event.is_ask(), "{phase:?} {event:?}"),
            Cell::Resync => assert!(!event.is_ask(), "{phase:?} {event:?}"),
            Cell::Go(_) | Cell::Keep => {}
        }
    }
}

#[test]
fn a_cancel_is_allowed_wherever_something_may_be_live() {
    for &phase in Phase::ALL {
        let dead = phase.is_closed() || phase == Phase::Draining;
        assert_eq!(step(phase, Event::AskCancel).0 == Cell::Refuse, dead, "{phase:?}");
    }
}

#[test]
fn facts_are_idempotent() {
    for (phase, event) in cells().filter(|(_, event)| !event.is_ask()) {
        let once = after(phase, event);
        assert_eq!(after(once, event), once, "{phase:?} {event:?}");
    }
}

#[test]
fn silence_and_refusals_that_prove_nothing_never_close() {
    for event in [Event::NoAnswer, Event::CancelFailed, Event::ModifyFailed] {
        for &phase in Phase::ALL.iter().filter(|p| !p.is_closed()) {
            assert!(!after(phase, event).is_closed(), "{phase:?} {event:?}");
        }
    }
}

#[test]
fn facts_commute_in_every_phase() {
    // `Settle` is no news of the venue's: it is our own deadline, told only to a leg whose evidence is complete.
    let mut pairs = 0;
    for &phase in Phase::ALL {
        for a in facts() {
            for b in facts().filter(|&b| b > a && b != Event::Settle) {
                let one = after(after(phase, a), b);
                let other = after(after(phase, b), a);
                let both_contradict = meets_resync(phase, [a, b]) && meets_resync(phase, [b, a]);
                assert!(
                    one == other || both_contradict,
                    "{phase:?}: {a:?} then {b:?} is {one:?}, else {other:?}"
                );
                pairs += 1;
            }
        }
    }
    println!("{pairs} pairs of facts commute");
}
