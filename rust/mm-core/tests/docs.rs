//! `docs/order-lifecycle.md` is made from the table and from the engine; `UPDATE=1` (`make docs`) writes it anew.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "the document is a file, and UPDATE says to write it"
)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use common::{Bench, Msg, by_oid, fill, ours, update};
use mm_core::engine::{CancelRefusal, ModifyRefusal, Target};
use mm_core::event::Status::{Canceled, Open, Rejected};
use mm_core::ids::Side::Buy;
use mm_core::ids::Tif::Gtc;
use mm_core::lifecycle::{Cell, Event, Phase, ROWS, step};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/order-lifecycle.md");

const HEAD: &str = "# The life of an order

Made from `rust/mm-core/src/lifecycle.rs` and from the engine by `make docs`; a test compares. Not edited by hand.

What the venue calls an order is a *leg* here; an order as a strategy knows it is a line of legs, of which a modify
begins a new one. Each leg is in one *phase*, and only this table moves it. The state of the order is derived from the
phase of its current leg, from quantities, and from how they came (last section).

The facts commute: any two of them, in any phase, lead to one phase in both orders, or contradict each other in both.
";

#[test]
fn the_document_is_what_the_code_says() {
    let made = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(DOCUMENT, &made).expect("docs/ can be written");
    }
    let kept = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    assert!(kept == made, "docs/order-lifecycle.md is not what the code says: run `make docs`");
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    text += &phases();
    text += &events();
    text += &matrix();
    text += &reasons();
    text += &diagram();
    text + &states()
}

fn phases() -> String {
    let mut text = "\n## Phases\n\n| phase | means | |\n| --- | --- | --- |\n".to_owned();
    for phase in Phase::ALL {
        let kind = match phase {
            _ if phase.is_closed() => "closed",
            _ if phase.is_unseen() => "never seen",
            _ => "",
        };
        row(&mut text, &[&code(phase.name()), phase.meaning(), kind]);
    }
    text
}

fn events() -> String {
    let mut text = "\n## Events\n\n| event | means | |\n| --- | --- | --- |\n".to_owned();
    for event in Event::ALL {
        row(
            &mut text,
            &[&code(event.name()), event.meaning(), if event.is_ask() { "ask" } else { "fact" }],
        );
    }
    text
}

fn matrix() -> String {
    let mut text = "\n## The table

A name: the leg goes to that phase. `·`: it stays where it is, quantities may move. `✗`: this may not be asked now.
`!`: the venue contradicts itself; the phase stays, stop and query. A `Rejected` leg that this happens to has lived: it
stays closed, and counts in the worst case until its end is told.\n\n"
        .to_owned();
    let names: Vec<&str> = Phase::ALL.iter().map(|p| p.name()).collect();
    row(&mut text, &[&["event"][..], &names[..]].concat());
    row(&mut text, &vec!["---"; names.len() + 1]);
    for &event in Event::ALL {
        let cells = Phase::ALL.iter().map(|&phase| match step(phase, event).0 {
            Cell::Go(to) => to.name(),
            Cell::Keep => "·",
            Cell::Refuse => "✗",
            Cell::Resync => "!",
        });
        let name = code(event.name());
        row(&mut text, &[name.as_str()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    text
}

fn reasons() -> String {
    let mut text =
        "\n## Why\n\n| event | in | then | because |\n| --- | --- | --- | --- |\n".to_owned();
    for (event, phases, cell, why) in ROWS {
        let phases: Vec<&str> = phases.iter().map(|p| p.name()).collect();
        let then = match cell {
            Cell::Go(to) => code(to.name()),
            Cell::Keep => "stays".to_owned(),
            Cell::Refuse => "refused".to_owned(),
            Cell::Resync => "contradiction".to_owned(),
        };
        row(&mut text, &[&code(event.name()), &phases.join(", "), &then, why]);
    }
    text
}

fn diagram() -> String {
    let mut ways: BTreeMap<(Phase, Phase), Vec<&str>> = BTreeMap::new();
    for &phase in Phase::ALL {
        for &event in Event::ALL {
            if let Cell::Go(to) = step(phase, event).0 {
                ways.entry((phase, to)).or_default().push(event.name());
            }
        }
    }
    let mut text =
        "\n## The picture\n\n```mermaid\nstateDiagram-v2\n    [*] --> Pending\n".to_owned();
    for ((from, to), events) in ways {
        writeln!(text, "    {} --> {}: {}", from.name(), to.name(), events.join(", ")).unwrap();
    }
    for phase in Phase::ALL.iter().filter(|p| p.is_closed()) {
        writeln!(text, "    {} --> [*]", phase.name()).unwrap();
    }
    text + "```\n"
}

/// What happened to an order of 1, and the engine after it.
type Story = (&'static str, fn() -> Bench);

const STORIES: &[Story] = &[
    ("told to the engine, not answered", pending),
    ("no answer came", || after(pending(), &[Msg::NoAnswer(ours(1))])),
    ("no answer came, a cancel is asked", blind),
    ("refused", || after(pending(), &[Msg::Rejected(ours(1))])),
    ("resting", resting),
    ("resting, 0.4 traded", || after(resting(), &[trade("0.4", "0")])),
    ("0.4 filled at placement, by the answer", || {
        after(pending(), &[Msg::Answer(ours(1), 7, "0.4")])
    }),
    ("filled at placement, by the answer", || after(pending(), &[Msg::Answer(ours(1), 7, "1")])),
    ("resting, then traded in full", || after(resting(), &[trade("1", "0")])),
    ("a modify is under way", modifying),
    ("a modify is under way, 0.4 traded", || after(modifying(), &[trade("0.4", "0")])),
    ("no answer to the modify", || after(modifying(), &[Msg::NoAnswer(ours(2))])),
    ("the modify took", || after(modifying(), &[Msg::Answer(ours(2), 8, "")])),
    ("the modify did nothing", || {
        after(modifying(), &[Msg::ModifyError(ours(2), ModifyRefusal::OldUntouched)])
    }),
    ("the modify found the old leg gone", || {
        after(modifying(), &[Msg::ModifyError(ours(2), ModifyRefusal::OldGone)])
    }),
    ("traded in full, the modify is not answered", || after(modifying(), &[trade("1", "0")])),
    ("a cancel is under way", canceling),
    ("a cancel is under way, 0.4 traded", || after(canceling(), &[trade("0.4", "0")])),
    ("the cancel certainly did nothing", || {
        after(canceling(), &[Msg::CancelError(by_oid(7), CancelRefusal::NotDone, Some(1))])
    }),
    ("the cancel found nothing there", || {
        after(canceling(), &[Msg::CancelError(by_oid(7), CancelRefusal::NothingThere, Some(1))])
    }),
    ("the cancel took; how much was executed is not told", || {
        after(canceling(), &[Msg::CancelOk(by_oid(7))])
    }),
    ("canceled with 0.6 left, 0.4 not traded yet", || after(canceling(), &[end()])),
    ("canceled with 0.6 left, 0.4 traded", || after(canceling(), &[end(), trade("0.4", "0")])),
    ("the same, the fill window is over", || {
        later(after(canceling(), &[end(), trade("0.4", "0")]))
    }),
    ("the same, and the rest trades after all", || {
        after(later(after(canceling(), &[end(), trade("0.4", "0")])), &[trade("0.6", "0.4")])
    }),
    ("traded in full while the cancel was under way", || after(canceling(), &[trade("1", "0")])),
    ("refused, told by an update", || {
        after(pending(), &[Msg::Update(update(Buy, 7, Some(ours(1)), Rejected, "1", "1"))])
    }),
    ("refused, and seen on the book after that", denied),
    ("the same, 0.4 traded", || after(denied(), &[trade("0.4", "0")])),
    ("the same, and canceled with 0.6 left", || after(denied(), &[trade("0.4", "0"), end()])),
];

fn pending() -> Bench {
    let mut bench = Bench::new();
    bench.place(1, Buy, "1", Gtc);
    bench
}

fn blind() -> Bench {
    let mut bench = after(pending(), &[Msg::NoAnswer(ours(1))]);
    bench.cancel(Target::Cloid(ours(1)));
    bench
}

fn resting() -> Bench {
    after(pending(), &[Msg::Answer(ours(1), 7, "")])
}

fn modifying() -> Bench {
    let mut bench = resting();
    bench.modify(7, 2, "1");
    bench
}

fn denied() -> Bench {
    let open = Msg::Update(update(Buy, 7, Some(ours(1)), Open, "1", "1"));
    after(pending(), &[Msg::Rejected(ours(1)), open])
}

fn canceling() -> Bench {
    let mut bench = resting();
    bench.cancel(by_oid(7));
    bench
}

fn trade(size: &str, start: &str) -> Msg {
    Msg::Fill(fill(Buy, 7, 1 + u64::from(start != "0"), size, start))
}

fn end() -> Msg {
    Msg::Update(update(Buy, 7, Some(ours(1)), Canceled, "0.6", "1"))
}

fn after(mut bench: Bench, told: &[Msg]) -> Bench {
    for msg in told {
        bench.tell(msg);
    }
    bench
}

fn later(mut bench: Bench) -> Bench {
    bench.tick(10_000);
    bench.tick(20_000);
    bench
}

fn states() -> String {
    let mut text = "\n## The state of an order

What the engine says of a buy of 1 after each story. `phase` is that of the current leg: the last that the venue was seen
to have, else the first. `OrdStatus`, `cum_qty` and `leaves_qty` are FIX's words for the same (tags 39, 14, 151).\n\n"
        .to_owned();
    let columns = [
        "what happened",
        "phase",
        "`OrderState`",
        "active",
        "terminal",
        "`OrdStatus`",
        "`cum_qty`",
        "`leaves_qty`",
    ];
    row(&mut text, &columns);
    row(&mut text, &["---"; 8]);
    let yes = |is: bool| if is { "yes" } else { "" };
    for (story, bench) in STORIES {
        let view = bench().engine.order(Target::Cloid(ours(1))).expect("the order");
        let phase = code(view.legs[view.current].phase.name());
        let state = code(&format!("{:?}", view.state));
        let (cum, leaves) = (view.cum_qty.to_string(), view.leaves_qty.to_string());
        let (active, terminal) = (yes(view.state.is_active()), yes(view.state.is_terminal()));
        let status = code(&shouted(&format!("{:?}", view.ord_status)));
        row(&mut text, &[story, &phase, &state, active, terminal, &status, &cum, &leaves]);
    }
    text
}

#[test]
fn every_state_and_every_word_of_fix_has_its_story() {
    let views: Vec<_> = STORIES
        .iter()
        .map(|(_, bench)| bench().engine.order(Target::Cloid(ours(1))).unwrap())
        .collect();
    for state in mm_core::order::OrderState::ALL {
        assert!(views.iter().any(|view| view.state == state), "no story ends in {state:?}");
    }
    let text = document();
    let words = [
        "PENDING_NEW",
        "NEW",
        "PARTIALLY_FILLED",
        "FILLED",
        "PENDING_CANCEL",
        "PENDING_REPLACE",
        "CANCELED",
        "REJECTED",
    ];
    assert!(words.iter().all(|word| text.contains(&code(word))), "{words:?}");
}

fn row(text: &mut String, cells: &[&str]) {
    let line = format!("| {} |", cells.join(" | ")).replace("  |", " |");
    writeln!(text, "{line}").expect("a String takes all");
}

fn code(name: &str) -> String {
    format!("`{name}`")
}

/// `PendingNew` in Python's spelling: `PENDING_NEW`.
fn shouted(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_uppercase());
    }
    text
}
