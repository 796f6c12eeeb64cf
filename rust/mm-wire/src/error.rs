//! What can be wrong: with a whole frame, or with one record of it.

use core::fmt;

use mm_core::num::NumError;

/// Why a frame was refused as a whole. Nothing of it was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Longer than [`crate::FRAME_MAX`].
    TooLarge {
        /// Bytes it has.
        length: usize,
    },
    /// Nested deeper than [`crate::DEPTH_MAX`].
    TooDeep {
        /// Offset of the bracket that went too far.
        at: usize,
    },
    /// The text ends before the value does.
    Truncated {
        /// Its length.
        at: usize,
    },
    /// Not JSON.
    NotJson {
        /// Offset of the first byte that does not fit.
        at: usize,
        /// What was wanted there.
        why: &'static str,
    },
    /// JSON, but not a frame of the venue as we know them.
    Shape {
        /// Offset of the value that surprised.
        at: usize,
        /// What was wanted there.
        why: &'static str,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooLarge { length } => {
                write!(f, "a frame of {length} bytes: more than the {} allowed", crate::FRAME_MAX)
            }
            Self::TooDeep { at } => {
                write!(f, "at byte {at}: nested deeper than {}", crate::DEPTH_MAX)
            }
            Self::Truncated { at } => {
                write!(f, "the text ends at byte {at}, in the middle of a value")
            }
            Self::NotJson { at, why } => write!(f, "at byte {at}: not JSON, {why}"),
            Self::Shape { at, why } => write!(f, "at byte {at}: not a frame of the venue, {why}"),
        }
    }
}

impl core::error::Error for FrameError {}

/// Why one field was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// Another JSON type than the venue uses.
    WrongType,
    /// Text with escapes, where the venue never needs any.
    Escaped,
    /// Text that is not UTF-8.
    NotUtf8,
    /// Not a number of the wanted kind.
    Number(NumError),
    /// An id or a time that is not a whole number between 0 and 2⁶⁴ − 1: negative, a fraction, an exponent.
    NotWhole,
    /// A side that is neither `B` nor `A`.
    Side,
    /// Named twice in one object.
    Twice,
    /// A level of a book that is not worse than the one before it.
    OutOfOrder,
    /// A market's name that does not belong to the dex whose list it is in.
    OtherDex,
    /// A list of dexes that does not begin with the main one.
    NoMainDex,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongType => "has another type than expected",
            Self::Escaped => "holds escaped characters",
            Self::NotUtf8 => "is not UTF-8",
            Self::Number(why) => why.reason(),
            Self::NotWhole => "is not a whole number of 64 bits",
            Self::Side => "is neither B nor A",
            Self::Twice => "is given twice",
            Self::OutOfOrder => "is not worse than the level before it",
            Self::OtherDex => "is not of this dex",
            Self::NoMainDex => "does not begin with the main dex",
        })
    }
}

/// Why one record was not understood. Its siblings are delivered all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The record is not a JSON object.
    NotAnObject,
    /// A field that is needed is not there.
    Missing {
        /// The venue's name of it.
        name: &'static str,
    },
    /// A field is there, and cannot be used.
    Field {
        /// The venue's name of it.
        name: &'static str,
        /// What is wrong with it.
        why: FieldError,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotAnObject => f.write_str("the record is not an object"),
            Self::Missing { name } => write!(f, "`{name}` is missing"),
            Self::Field { name, why } => write!(f, "`{name}` {why}"),
        }
    }
}

/// Inside: why the reading of one value stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Frame(FrameError),
    Field(FieldError),
}

/// Inside: why the reading of one record stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Frame(FrameError),
    Record(Refusal),
}

impl From<FrameError> for Trouble {
    #[inline]
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl From<FieldError> for Trouble {
    #[inline]
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl From<FrameError> for Stop {
    #[inline]
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl From<Refusal> for Stop {
    #[inline]
    fn from(refusal: Refusal) -> Self {
        Self::Record(refusal)
    }
}

/// Puts the field's name to its trouble.
pub(crate) trait Named<T> {
    fn named(self, name: &'static str) -> Result<T, Stop>;
}

impl<T> Named<T> for Result<T, Trouble> {
    #[inline]
    fn named(self, name: &'static str) -> Result<T, Stop> {
        self.map_err(|trouble| match trouble {
            Trouble::Frame(error) => Stop::Frame(error),
            Trouble::Field(why) => Stop::Record(Refusal::Field { name, why }),
        })
    }
}
