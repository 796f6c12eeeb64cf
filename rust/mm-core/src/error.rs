//! The caller's mistakes. Nothing has changed when one is returned.

use core::fmt;

use crate::ids::{Cloid, Oid};
use crate::lifecycle::{Event, Phase};
use crate::num::NumError;

/// Why an ask or a fact was refused. What the *venue* does wrong is never an error: it is an effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// A value that cannot be represented; the field's name and the reason.
    Field(&'static str, NumError),
    /// A value that makes no sense here; the field's name and the reason.
    Bad(&'static str, &'static str),
    /// A cloid that was used before.
    DuplicateCloid(Cloid),
    /// No order has this oid.
    UnknownOid(Oid),
    /// No order has this cloid.
    UnknownCloid(Cloid),
    /// The table refuses this ask in this phase of the leg; the order's name is told, and the table's reason.
    Refused(Event, Phase, Option<Cloid>, &'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field, why) => write!(f, "{field} {}", why.reason()),
            Self::Bad(field, why) => write!(f, "{field} {why}"),
            Self::DuplicateCloid(cloid) => {
                write!(f, "cloid {cloid} was used before; a cloid is never used twice")
            }
            Self::UnknownOid(oid) => write!(f, "oid {} is not known here", oid.0),
            Self::UnknownCloid(cloid) => write!(f, "cloid {cloid} is not known here"),
            Self::Refused(event, phase, _, why) => {
                write!(
                    f,
                    "{} is refused: the leg is {} ({}); {why}",
                    event.name(),
                    phase.name(),
                    phase.meaning()
                )
            }
        }
    }
}

impl std::error::Error for Error {}
