//! What a column holds, by the interface's format text.

/// What a column holds, as far as it can be read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nulls only.
    Null,
    /// Booleans, one bit each.
    Flag,
    /// Whole numbers of so many bytes.
    Int {
        /// 1, 2, 4 or 8 bytes.
        width: usize,
        /// With a sign.
        signed: bool,
    },
    /// Floating-point numbers: known by name, never read.
    Float,
    /// Whole numbers in units of 10^-scale.
    Decimal {
        /// 4, 8, 16 or 32 bytes.
        width: usize,
        /// May be negative.
        scale: i32,
    },
    /// Texts or bytes, with offsets of 32 bits.
    Text,
    /// Texts or bytes, with offsets of 64 bits.
    LongText,
    /// Texts or bytes, by views.
    TextView,
    /// Bytes of one width.
    Fixed {
        /// Bytes each.
        width: usize,
    },
    /// Milliseconds since 1970, 64 bits.
    Millis,
    /// A table: one column for each field.
    Struct(Vec<Field>),
    /// Numbers of values in a list beside. The indices are an `Int`.
    Dictionary {
        /// The kind of the indices.
        indices: Box<Kind>,
        /// The kind of the values.
        values: Box<Kind>,
    },
    /// Anything else, by its format.
    Other(String),
}

/// A column's name and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; empty for a column on its own.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

impl Kind {
    /// The kind of a format text, but for structs and dictionaries, which are told elsewhere in the schema.
    pub(crate) fn of(format: &str) -> Self {
        let int = |width, signed| Self::Int { width, signed };
        match format {
            "n" => Self::Null,
            "b" => Self::Flag,
            "c" => int(1, true),
            "C" => int(1, false),
            "s" => int(2, true),
            "S" => int(2, false),
            "i" => int(4, true),
            "I" => int(4, false),
            "l" => int(8, true),
            "L" => int(8, false),
            "e" | "f" | "g" => Self::Float,
            "u" | "z" => Self::Text,
            "U" | "Z" => Self::LongText,
            "vu" | "vz" => Self::TextView,
            _ => Self::parameterized(format).unwrap_or_else(|| Self::Other(format.to_owned())),
        }
    }

    fn parameterized(format: &str) -> Option<Self> {
        if let Some(width) = format.strip_prefix("w:") {
            return Some(Self::Fixed { width: width.parse().ok()? });
        }
        if format.starts_with("tsm:") {
            return Some(Self::Millis);
        }
        let mut numbers = format.strip_prefix("d:")?.split(',');
        let (_, scale) = (numbers.next()?, numbers.next()?.parse().ok()?);
        let width = match numbers.next() {
            None | Some("128") => 16,
            Some("32") => 4,
            Some("64") => 8,
            Some("256") => 32,
            Some(_) => return None,
        };
        Some(Self::Decimal { width, scale })
    }

    /// What it is called in a message.
    pub fn name(&self) -> String {
        match self {
            Self::Null => "nulls".to_owned(),
            Self::Flag => "bools".to_owned(),
            Self::Int { .. } => "integers".to_owned(),
            Self::Float => "floats".to_owned(),
            Self::Decimal { .. } => "decimals".to_owned(),
            Self::Text | Self::LongText | Self::TextView | Self::Fixed { .. } => "texts".to_owned(),
            Self::Millis => "times".to_owned(),
            Self::Struct(_) => "structs".to_owned(),
            Self::Dictionary { values, .. } => values.name(),
            Self::Other(format) => format!("Arrow's kind {format:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn formats_are_understood() {
        assert_eq!(Kind::of("vu"), Kind::TextView);
        assert_eq!(Kind::of("d:19,10"), Kind::Decimal { width: 16, scale: 10 });
        assert_eq!(Kind::of("d:19,-2,256"), Kind::Decimal { width: 32, scale: -2 });
        assert_eq!(Kind::of("tsm:UTC"), Kind::Millis);
        assert_eq!(Kind::of("w:34"), Kind::Fixed { width: 34 });
    }

    #[test]
    fn what_is_not_understood_keeps_its_name() {
        for format in
            ["", "+r", "+l", "d:", "d:1", "d:1,x", "d:1,2,512", "w:", "w:-1", "tsn:", "tss:", "é"]
        {
            assert_eq!(Kind::of(format), Kind::Other(format.to_owned()));
        }
    }
}
