//! A trail in words.

use std::fmt::Write as _;

use mm_core::engine::Target;

use crate::action::Action;
use crate::message::{COINS, cloid};
use crate::run::Run;
use crate::search::Found;
use crate::setting::Setting;

/// The broken law, and every step to it with what the engine made of it.
pub(crate) fn tell(setting: &Setting, found: &Found) -> String {
    let mut text = String::new();
    let violation = &found.violation;
    let _ = writeln!(text, "{} is broken in `{}`: {}", violation.law, setting.name, violation.how);
    let mut run = Run::new(setting);
    for (number, &code) in found.trail.iter().enumerate() {
        let action = Action::unpack(code);
        let said = match action {
            Action::Deliver(message) => {
                format!("Deliver {}", run.world.messages()[usize::from(message)].say(&run.world))
            }
            Action::Execute(leg, way) => {
                format!("Execute leg {leg}, at once {:?}", crate::world::AT_ONCE[usize::from(way)])
            }
            _ => format!("{action:?}"),
        };
        let done = run.act(action);
        let _ = writeln!(text, "{:3}. {said:60} {}", number + 1, state(&run));
        if let Err(broken) = done {
            let _ = writeln!(text, "     {}: {}", broken.law, broken.how);
        }
    }
    let _ = writeln!(
        text,
        "     undelivered: {:?}",
        run.world.mail(false).map(|m| m.1.say(&run.world)).collect::<Vec<_>>()
    );
    text
}

fn state(run: &Run<'_>) -> String {
    let mut text = String::new();
    for id in 0..run.world.leg_count {
        let truth = run.world.leg(id);
        let _ = write!(text, "[leg {id}: venue {:?} {}/{}", truth.stage, truth.done, truth.lots);
        if let Some(leg) = run.engines(id) {
            let executed = leg.executed().0 / crate::message::LOT;
            let _ = write!(text, ", engine {:?} {executed}", leg.phase);
        }
        let order = run.engine.order(Target::Cloid(cloid(id)));
        let _ = write!(text, ", {:?}] ", order.map(|order| order.state));
    }
    for coin in COINS {
        let view = run.engine.position(coin);
        if view.fills > 0 || view.size.0 != 0 {
            let _ = write!(
                text,
                "{coin} {:?} in {:?}..{:?} ",
                view.size, view.worst_short, view.worst_long
            );
        }
    }
    text
}
