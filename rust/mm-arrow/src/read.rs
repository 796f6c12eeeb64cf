//! From the structures to slices: the places that follow a pointer.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::slice;

use crate::abi::{Owned, RawArray, RawSchema, RawStream};
use crate::item::{Bits, Part, Values};
use crate::kind::{Field, Kind};
use crate::table::Error;

/// The most columns of a table: a bound on nonsense.
const FIELDS_MAX: usize = 10_000;

const BROKEN: Error = Error::Broken("its structures contradict themselves");

/// A slice of `count` items from a pointer that may be null if there are none.
///
/// # Safety
/// If `count` is not zero and `at` not null, `at` points to at least `count` items that live and do not change for `'a`.
unsafe fn items<'a, T>(at: *const T, count: usize) -> Result<&'a [T], Error> {
    if count == 0 {
        return Ok(&[]);
    }
    let fits =
        count.checked_mul(size_of::<T>()).is_some_and(|bytes| isize::try_from(bytes).is_ok());
    if at.is_null() || !at.is_aligned() || !fits {
        return Err(BROKEN);
    }
    // SAFETY: not null, aligned, not larger than an object can be; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(at, count) })
}

/// A text, or the empty one for null.
///
/// # Safety
/// `at` is null, or points to a text that ends with a zero byte and lives for the call.
unsafe fn text(at: *const c_char) -> String {
    if at.is_null() {
        return String::new();
    }
    // SAFETY: not null; the rest is the caller's promise.
    unsafe { CStr::from_ptr(at) }.to_string_lossy().into_owned()
}

fn count(told: i64) -> Result<usize, Error> {
    usize::try_from(told).map_err(|_| BROKEN)
}

/// Reads a schema, and of a struct its fields; what is nested deeper is not read.
///
/// # Safety
/// `raw` is valid by the interface, and not released.
pub(crate) unsafe fn schema(raw: &RawSchema, nested: bool) -> Result<Field, Error> {
    // SAFETY: `name` and `format` are texts of the interface, or null.
    let (name, format) = unsafe { (text(raw.name), text(raw.format)) };
    let mut kind = Kind::of(&format);
    // SAFETY: null, or a schema that lives as long as its parent.
    if let Some(dictionary) = unsafe { raw.dictionary.as_ref() } {
        let values = if nested {
            Kind::Other(format)
        } else {
            // SAFETY: the child of a valid schema is valid. A dictionary has no dictionary, so this ends here.
            unsafe { schema(dictionary, true)? }.kind
        };
        kind = Kind::Dictionary { indices: Box::new(kind), values: Box::new(values) };
    } else if format == "+s" && !nested {
        let number = count(raw.n_children)?;
        if number > FIELDS_MAX {
            return Err(Error::Broken("it has too many columns"));
        }
        // SAFETY: `children` points to as many pointers as `n_children` says.
        let children = unsafe { items(raw.children.cast_const(), number)? };
        let mut fields = Vec::with_capacity(number);
        for child in children {
            // SAFETY: null, or a schema that lives as long as its parent.
            let child = unsafe { child.as_ref() }.ok_or(BROKEN)?;
            // SAFETY: the child of a valid schema is valid. A column's own children are not followed.
            fields.push(unsafe { column_schema(child)? });
        }
        kind = Kind::Struct(fields);
    }
    Ok(Field { name, kind })
}

/// A field of a table: as [`schema`], but a struct in a table stays unread.
///
/// # Safety
/// As [`schema`].
unsafe fn column_schema(raw: &RawSchema) -> Result<Field, Error> {
    // SAFETY: the caller's promise.
    let is_struct = unsafe { text(raw.format) } == "+s";
    // SAFETY: the same. With `nested` neither children nor a dictionary are followed.
    unsafe { schema(raw, is_struct) }
}

/// Which of the array's items are read.
#[derive(Clone, Copy)]
struct Range {
    from: usize,
    length: usize,
    to: usize,
}

impl Range {
    fn new(from: usize, length: usize) -> Result<Self, Error> {
        Ok(Self { from, length, to: from.checked_add(length).ok_or(BROKEN)? })
    }
}

/// An array of the kind, whole.
///
/// # Safety
/// `raw` is valid by the interface for the schema that `kind` was read from, and is not released during `'a`.
pub(crate) unsafe fn array<'a>(kind: &Kind, raw: &'a RawArray) -> Result<Part<'a>, Error> {
    // SAFETY: the caller's promise.
    unsafe { part(kind, raw, 0, count(raw.length)?) }
}

/// The columns of a struct, each over the rows of the struct.
///
/// # Safety
/// As [`array`]; the kind is the struct of these fields.
pub(crate) unsafe fn columns<'a>(
    fields: &[Field],
    raw: &'a RawArray,
) -> Result<(usize, Vec<Part<'a>>), Error> {
    let (offset, length) = (count(raw.offset)?, count(raw.length)?);
    // SAFETY: `buffers` points to as many pointers as `n_buffers` says; of a struct, one: which rows are not null.
    let buffers = unsafe { items(raw.buffers.cast_const(), count(raw.n_buffers)?)? };
    if raw.null_count > 0 && length > 0
        || (raw.null_count < 0 && buffers.first().is_some_and(|b| !b.is_null()))
    {
        return Err(Error::Broken("it has rows that are null as a whole"));
    }
    // SAFETY: `children` points to as many pointers as `n_children` says.
    let children = unsafe { items(raw.children.cast_const(), count(raw.n_children)?)? };
    if children.len() != fields.len() {
        return Err(BROKEN);
    }
    let mut parts = Vec::with_capacity(fields.len());
    for (field, child) in fields.iter().zip(children) {
        // SAFETY: null, or an array that lives as long as its parent.
        let child = unsafe { child.as_ref() }.ok_or(BROKEN)?;
        if offset
            .checked_add(length)
            .is_none_or(|needed| count(child.length).is_ok_and(|l| l < needed))
        {
            return Err(BROKEN);
        }
        // SAFETY: the child of a valid array is valid for the child's schema.
        parts.push(unsafe { part(&field.kind, child, offset, length)? });
    }
    Ok((length, parts))
}

/// `length` items of an array from its `skip`-th on.
///
/// # Safety
/// As [`array`]; the array has that many.
unsafe fn part<'a>(
    kind: &Kind,
    raw: &'a RawArray,
    skip: usize,
    length: usize,
) -> Result<Part<'a>, Error> {
    let range = Range::new(count(raw.offset)?.checked_add(skip).ok_or(BROKEN)?, length)?;
    // SAFETY: `buffers` points to as many pointers as `n_buffers` says, alive as long as the array is.
    let buffers: &'a [*const c_void] =
        unsafe { items(raw.buffers.cast_const(), count(raw.n_buffers)?)? };
    let has_validity = !matches!(kind, Kind::Null | Kind::Struct(_) | Kind::Other(_) | Kind::Float);
    let valid = match buffers.first() {
        Some(bits) if has_validity && raw.null_count != 0 && !bits.is_null() => {
            // SAFETY: the first buffer of these kinds has a bit for each item.
            Some(unsafe { bits_of(*bits, range)? })
        }
        _ if has_validity && raw.null_count > 0 && length > 0 => return Err(BROKEN),
        _ => None,
    };
    // SAFETY: the caller's promise, and the buffers are the array's.
    let values = unsafe { values(kind, raw, buffers, range)? };
    Ok(Part { length, valid, values })
}

/// # Safety
/// `at` is a buffer with a bit for each item up to the range's end.
unsafe fn bits_of<'a>(at: *const c_void, range: Range) -> Result<Bits<'a>, Error> {
    if range.length == 0 {
        return Ok(Bits { bytes: &[], offset: 0 });
    }
    // SAFETY: the caller's promise, in bytes.
    Ok(Bits { bytes: unsafe { items(at.cast(), range.to.div_ceil(8))? }, offset: range.from })
}

/// Items of `N` bytes. As bytes they need no alignment, which some producers do not give.
///
/// # Safety
/// `at` is a buffer with that many items of `N` bytes up to the range's end and `more`.
unsafe fn fixed<'a, const N: usize>(
    at: *const c_void,
    range: Range,
    more: usize,
) -> Result<&'a [[u8; N]], Error> {
    if range.length == 0 {
        return Ok(&[]); // a buffer of no items may be null, and of no length at all
    }
    // SAFETY: the caller's promise.
    let all = unsafe { items(at.cast::<[u8; N]>(), range.to.checked_add(more).ok_or(BROKEN)?)? };
    all.get(range.from..).ok_or(BROKEN)
}

/// # Safety
/// As [`part`]; the buffers and the range are the array's.
unsafe fn values<'a>(
    kind: &Kind,
    raw: &'a RawArray,
    buffers: &[*const c_void],
    range: Range,
) -> Result<Values<'a>, Error> {
    let buffer = |i: usize| buffers.get(i).copied().ok_or(BROKEN);
    // SAFETY, for all below: the interface says for each kind which buffers there are and how long; the format text of
    // the schema is what `kind` was made from, and the widths are those of the interface.
    Ok(match kind {
        Kind::Null => Values::Null,
        // SAFETY: above.
        Kind::Flag => Values::Flag(unsafe { bits_of(buffer(1)?, range)? }),
        Kind::Int { width, signed } => {
            let at = buffer(1)?;
            // SAFETY: above.
            unsafe {
                match (width, signed) {
                    (1, true) => Values::I8(fixed(at, range, 0)?),
                    (2, true) => Values::I16(fixed(at, range, 0)?),
                    (4, true) => Values::I32(fixed(at, range, 0)?),
                    (_, true) => Values::I64(fixed(at, range, 0)?),
                    (1, false) => Values::U8(fixed(at, range, 0)?),
                    (2, false) => Values::U16(fixed(at, range, 0)?),
                    (4, false) => Values::U32(fixed(at, range, 0)?),
                    (_, false) => Values::U64(fixed(at, range, 0)?),
                }
            }
        }
        // SAFETY: above.
        Kind::Millis => Values::I64(unsafe { fixed(buffer(1)?, range, 0)? }),
        Kind::Decimal { width, scale } => {
            let at = buffer(1)?;
            // SAFETY: above.
            unsafe {
                match width {
                    4 => Values::D32(fixed(at, range, 0)?, *scale),
                    8 => Values::D64(fixed(at, range, 0)?, *scale),
                    16 => Values::D128(fixed(at, range, 0)?, *scale),
                    _ => Values::D256(fixed(at, range, 0)?, *scale),
                }
            }
        }
        Kind::Text => {
            // SAFETY: above; there is one more offset than items.
            let offsets = unsafe { fixed::<4>(buffer(1)?, range, 1)? };
            let end = offsets.last().map_or(0, |o| i64::from(i32::from_ne_bytes(*o)));
            // SAFETY: the data is as long as the last offset says.
            Values::Text(offsets, unsafe { items(buffer(2)?.cast(), count(end)?)? })
        }
        Kind::LongText => {
            // SAFETY: as above.
            let offsets = unsafe { fixed::<8>(buffer(1)?, range, 1)? };
            let end = offsets.last().map_or(0, |o| i64::from_ne_bytes(*o));
            // SAFETY: as above.
            Values::LongText(offsets, unsafe { items(buffer(2)?.cast(), count(end)?)? })
        }
        Kind::TextView => {
            let (_, lengths) = buffers.split_last().ok_or(BROKEN)?;
            let data = lengths.get(2..).ok_or(BROKEN)?;
            // SAFETY: above; the last buffer holds the length of each buffer of data.
            let views = unsafe { fixed::<16>(buffer(1)?, range, 0)? };
            // SAFETY: the same.
            let lengths =
                unsafe { items(buffer(buffers.len() - 1)?.cast::<[u8; 8]>(), data.len())? };
            let mut slices = Vec::with_capacity(data.len());
            for (at, length) in data.iter().zip(lengths) {
                // SAFETY: as long as its length says.
                slices
                    .push(unsafe { items(at.cast::<u8>(), count(i64::from_ne_bytes(*length))?)? });
            }
            Values::View(views, slices)
        }
        Kind::Fixed { .. } if range.length == 0 => Values::Unread,
        Kind::Fixed { width } => {
            let (from, to) = (range.from.checked_mul(*width), range.to.checked_mul(*width));
            // SAFETY: above; the kind says how wide an item is.
            let bytes: &[u8] = unsafe { items(buffer(1)?.cast(), to.ok_or(BROKEN)?)? };
            Values::Fixed(bytes.get(from.ok_or(BROKEN)?..).ok_or(BROKEN)?, *width)
        }
        Kind::Dictionary { indices, values: kind } => {
            // SAFETY: null, or an array that lives as long as this one.
            let dictionary = unsafe { raw.dictionary.as_ref() }.ok_or(BROKEN)?;
            // SAFETY: the buffers of a dictionary-encoded array are those of its indices.
            let indices = unsafe { values(indices, raw, buffers, range)? };
            let indices = Part { length: range.length, valid: None, values: indices };
            // SAFETY: the dictionary is a valid array of the values' kind.
            Values::Dictionary(Box::new(indices), Box::new(unsafe { array(kind, dictionary)? }))
        }
        Kind::Float | Kind::Struct(_) | Kind::Other(_) => Values::Unread,
    })
}

/// Everything that a stream gives.
///
/// # Safety
/// The stream is valid by the interface.
pub(crate) unsafe fn drain(
    mut stream: Owned<RawStream>,
) -> Result<(Owned<RawSchema>, Vec<Owned<RawArray>>), Error> {
    if stream.is_released() {
        return Err(Error::Broken("it was read before"));
    }
    let (Some(get_schema), Some(get_next)) = (stream.0.get_schema, stream.0.get_next) else {
        return Err(BROKEN);
    };
    let mut schema = Owned::<RawSchema>::empty();
    // SAFETY: a valid stream, not released; an empty place to write to.
    let code = unsafe { get_schema(&raw mut stream.0, &raw mut schema.0) };
    if code != 0 || schema.is_released() {
        // SAFETY: the same stream, just after it failed.
        return Err(unsafe { failed(&mut stream, code) });
    }
    let mut arrays = Vec::new();
    loop {
        let mut array = Owned::<RawArray>::empty();
        // SAFETY: as above.
        let code = unsafe { get_next(&raw mut stream.0, &raw mut array.0) };
        if code != 0 {
            // SAFETY: as above.
            return Err(unsafe { failed(&mut stream, code) });
        }
        if array.is_released() {
            return Ok((schema, arrays)); // the end
        }
        arrays.push(array);
    }
}

/// # Safety
/// The stream is valid by the interface.
unsafe fn failed(stream: &mut Owned<RawStream>, code: c_int) -> Error {
    let words = match stream.0.get_last_error {
        // SAFETY: a valid stream, not released; the text lives until its next call.
        Some(last_error) => unsafe { text(last_error(&raw mut stream.0)) },
        None => String::new(),
    };
    Error::Producer(if words.is_empty() { format!("error {code}") } else { words })
}
