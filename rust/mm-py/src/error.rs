//! The caller's mistakes as the classes of `mm.errors`. One exhaustive match; a new error does not build until it has a class.

use mm_core::error::Error;
use mm_core::num::NumError;
use pyo3::prelude::*;
use pyo3::{PyErr, import_exception};

import_exception!(mm.errors, BadInput);
import_exception!(mm.errors, ConfigError);
import_exception!(mm.errors, DuplicateCloid);
import_exception!(mm.errors, EngineFault);
import_exception!(mm.errors, TransitionRefused);
import_exception!(mm.errors, UnknownOrder);
import_exception!(mm.errors, Unrepresentable);

fn with(error: PyErr, attributes: &[(&str, &str)]) -> PyErr {
    Python::attach(|py| {
        for (name, value) in attributes {
            if let Err(failed) = error.value(py).setattr(*name, *value) {
                return failed;
            }
        }
        error
    })
}

/// An argument that cannot be read as what it should be.
pub(crate) fn bad(field: &str, reason: &str) -> PyErr {
    with(BadInput::new_err(format!("{field} {reason}")), &[("field", field), ("reason", reason)])
}

/// A number that cannot be represented.
pub(crate) fn unrepresentable(field: &str, reason: &str) -> PyErr {
    unrepresentable_where(field, reason, "")
}

/// The same, with words that lead to what could be represented.
pub(crate) fn unrepresentable_where(field: &str, reason: &str, more: &str) -> PyErr {
    with(
        Unrepresentable::new_err(format!("{field} {reason}{more}")),
        &[("field", field), ("reason", reason)],
    )
}

/// The same of one row of many, where it is about one: the message names it, field and reason stay those of a catalogue.
pub(crate) fn in_row(error: PyErr, row: Option<usize>) -> PyErr {
    let Some(row) = row else { return error };
    Python::attach(|py| {
        let value = error.value(py);
        let told = |name| value.getattr(name).and_then(|text| text.extract::<String>());
        let made = told("field").and_then(|field| {
            let message = format!("{field} in row {row} {}", told("reason")?);
            value.setattr("args", (message,))
        });
        made.err().unwrap_or(error)
    })
}

/// A setting that is wrong: raised before anything is sent.
pub(crate) fn config(field: &str, reason: &str) -> PyErr {
    with(ConfigError::new_err(format!("{field} {reason}")), &[("field", field), ("reason", reason)])
}

/// The book cannot be trusted any more.
pub(crate) fn fault(why: &str) -> PyErr {
    with(EngineFault::new_err(why.to_owned()), &[("reason", why)])
}

/// The class of each mistake, with what it says to a program.
pub(crate) fn raise(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Field(field, why) => match why {
            NumError::Empty | NumError::NotANumber | NumError::Negative | NumError::Zero => {
                bad(field, why.reason())
            }
            NumError::TooManyDecimals | NumError::TooLarge => unrepresentable(field, why.reason()),
        },
        Error::Bad(field, reason) => bad(field, reason),
        Error::DuplicateCloid(cloid) => {
            let reason = "was used before";
            let cloid = cloid.to_string();
            with(
                DuplicateCloid::new_err(message),
                &[("field", "cloid"), ("reason", reason), ("cloid", &cloid)],
            )
        }
        Error::UnknownOid(_) => with(
            UnknownOrder::new_err(message),
            &[("field", "oid"), ("reason", "is not known here")],
        ),
        Error::UnknownCloid(cloid) => {
            let cloid = cloid.to_string();
            let reason = "is not known here";
            with(
                UnknownOrder::new_err(message),
                &[("field", "cloid"), ("reason", reason), ("cloid", &cloid)],
            )
        }
        Error::Refused(_, phase, cloid, why) => {
            let cloid = cloid.map_or_else(String::new, |cloid| cloid.to_string());
            with(
                TransitionRefused::new_err(message),
                &[("field", "order"), ("reason", why), ("phase", phase.name()), ("cloid", &cloid)],
            )
        }
    }
}
