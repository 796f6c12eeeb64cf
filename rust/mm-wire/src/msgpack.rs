//! `MessagePack`, as far as actions need it: what is written here is hashed, so each value has exactly one form,
//! the shortest (protocol 2.1).

/// A map of so many pairs follows.
pub fn map(out: &mut Vec<u8>, pairs: usize) {
    header(out, pairs, 0x80, 0xde);
}

/// A list of so many values follows.
pub fn list(out: &mut Vec<u8>, values: usize) {
    header(out, values, 0x90, 0xdc);
}

/// Up to 15 in the first byte itself, else in two or four bytes after it.
fn header(out: &mut Vec<u8>, count: usize, short: u8, wide: u8) {
    if let Ok(count) = u8::try_from(count)
        && count < 16
    {
        out.push(short | count);
    } else if let Ok(count) = u16::try_from(count) {
        out.push(wide);
        out.extend_from_slice(&count.to_be_bytes());
    } else {
        out.push(wide + 1);
        out.extend_from_slice(&narrow(count).to_be_bytes());
    }
}

/// Lengths are those of texts of at most [`crate::sign::BODY_MAX`] bytes.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A text.
pub fn text(out: &mut Vec<u8>, text: &str) {
    let length = text.len();
    if let Ok(length) = u8::try_from(length) {
        if length < 32 {
            out.push(0xa0 | length);
        } else {
            out.extend_from_slice(&[0xd9, length]);
        }
    } else if let Ok(length) = u16::try_from(length) {
        out.push(0xda);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(0xdb);
        out.extend_from_slice(&narrow(length).to_be_bytes());
    }
    out.extend_from_slice(text.as_bytes());
}

/// A whole number that is not negative.
pub fn uint(out: &mut Vec<u8>, value: u64) {
    if let Ok(value) = u8::try_from(value) {
        if value < 0x80 {
            out.push(value);
        } else {
            out.extend_from_slice(&[0xcc, value]);
        }
    } else if let Ok(value) = u16::try_from(value) {
        out.push(0xcd);
        out.extend_from_slice(&value.to_be_bytes());
    } else if let Ok(value) = u32::try_from(value) {
        out.push(0xce);
        out.extend_from_slice(&value.to_be_bytes());
    } else {
        out.push(0xcf);
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// A whole number.
pub fn int(out: &mut Vec<u8>, value: i64) {
    if let Ok(value) = u64::try_from(value) {
        uint(out, value);
    } else if let Ok(value) = i8::try_from(value) {
        if value < -32 {
            out.push(0xd0);
        }
        out.extend_from_slice(&value.to_be_bytes());
    } else if let Ok(value) = i16::try_from(value) {
        out.push(0xd1);
        out.extend_from_slice(&value.to_be_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        out.push(0xd2);
        out.extend_from_slice(&value.to_be_bytes());
    } else {
        out.push(0xd3);
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Yes or no.
pub fn flag(out: &mut Vec<u8>, value: bool) {
    out.push(0xc2 | u8::from(value));
}

/// Nothing.
pub fn nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    #[test]
    fn numbers_take_the_shortest_form() {
        for (value, bytes) in [
            (0, vec![0x00]),
            (0x7f, vec![0x7f]),
            (0x80, vec![0xcc, 0x80]),
            (0xff, vec![0xcc, 0xff]),
            (0x100, vec![0xcd, 1, 0]),
            (0xffff, vec![0xcd, 0xff, 0xff]),
            (0x1_0000, vec![0xce, 0, 1, 0, 0]),
            (0xffff_ffff, vec![0xce, 0xff, 0xff, 0xff, 0xff]),
            (0x1_0000_0000, vec![0xcf, 0, 0, 0, 1, 0, 0, 0, 0]),
            (u64::MAX, vec![0xcf, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            assert_eq!(made(|out| uint(out, value)), bytes);
            if let Ok(value) = i64::try_from(value) {
                assert_eq!(made(|out| int(out, value)), bytes);
            }
        }
        for (value, bytes) in [
            (-1, vec![0xff]),
            (-32, vec![0xe0]),
            (-33, vec![0xd0, 0xdf]),
            (-128, vec![0xd0, 0x80]),
            (-129, vec![0xd1, 0xff, 0x7f]),
            (-32768, vec![0xd1, 0x80, 0]),
            (-32769, vec![0xd2, 0xff, 0xff, 0x7f, 0xff]),
            (-1_500_000, vec![0xd2, 0xff, 0xe9, 0x1c, 0xa0]),
            (i64::from(i32::MIN), vec![0xd2, 0x80, 0, 0, 0]),
            (i64::from(i32::MIN) - 1, vec![0xd3, 255, 255, 255, 255, 0x7f, 255, 255, 255]),
            (i64::MIN, vec![0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(made(|out| int(out, value)), bytes);
        }
    }

    #[test]
    fn texts_lists_and_maps_at_each_change_of_form() {
        for (length, head) in [
            (0, vec![0xa0]),
            (31, vec![0xbf]),
            (32, vec![0xd9, 32]),
            (255, vec![0xd9, 255]),
            (256, vec![0xda, 1, 0]),
            (65_536, vec![0xdb, 0, 1, 0, 0]),
        ] {
            let value = "x".repeat(length);
            assert_eq!(made(|out| text(out, &value)), [head, value.into_bytes()].concat());
        }
        for (count, after) in
            [(0, vec![]), (15, vec![]), (16, vec![0, 16]), (65_536, vec![0, 1, 0, 0])]
        {
            let first = |short: u8, wide: u8| match (count, after.len()) {
                (count, 0) => short | u8::try_from(count).unwrap(),
                (_, 2) => wide,
                _ => wide + 1,
            };
            assert_eq!(
                made(|out| list(out, count)),
                [vec![first(0x90, 0xdc)], after.clone()].concat()
            );
            assert_eq!(
                made(|out| map(out, count)),
                [vec![first(0x80, 0xde)], after.clone()].concat()
            );
        }
        assert_eq!(made(|out| flag(out, true)), [0xc3]);
        assert_eq!(made(|out| flag(out, false)), [0xc2]);
        assert_eq!(made(nil), [0xc0]);
    }
}
