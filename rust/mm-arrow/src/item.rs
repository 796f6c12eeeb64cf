//! Values of a column. No unsafe code: all that is read here are slices.

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Not told.
    Null,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Int(i128),
    /// A number in units of 10^-scale.
    Decimal(i128, i32),
    /// A decimal that is wider than 128 bits.
    TooWide,
    /// Text or bytes; not checked to be UTF-8.
    Text(&'a [u8]),
    /// An offset, index or view of the producer's that leads nowhere.
    Broken,
}

/// One bit each, the first at a bit offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) offset: usize,
}

impl Bits<'_> {
    #[inline]
    pub(crate) fn get(&self, i: usize) -> bool {
        let at = self.offset + i;
        self.bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
    }
}

/// Values as the producer laid them out, in the machine's byte order, from the first to be read on.
#[derive(Clone, Debug)]
pub(crate) enum Values<'a> {
    Null,
    Unread,
    Flag(Bits<'a>),
    I8(&'a [[u8; 1]]),
    I16(&'a [[u8; 2]]),
    I32(&'a [[u8; 4]]),
    I64(&'a [[u8; 8]]),
    U8(&'a [[u8; 1]]),
    U16(&'a [[u8; 2]]),
    U32(&'a [[u8; 4]]),
    U64(&'a [[u8; 8]]),
    D32(&'a [[u8; 4]], i32),
    D64(&'a [[u8; 8]], i32),
    D128(&'a [[u8; 16]], i32),
    D256(&'a [[u8; 32]], i32),
    /// One more offset than values.
    Text(&'a [[u8; 4]], &'a [u8]),
    LongText(&'a [[u8; 8]], &'a [u8]),
    View(&'a [[u8; 16]], Vec<&'a [u8]>),
    Fixed(&'a [u8], usize),
    Dictionary(Box<Part<'a>>, Box<Part<'a>>),
}

/// Some rows of a column.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    pub(crate) length: usize,
    pub(crate) valid: Option<Bits<'a>>,
    pub(crate) values: Values<'a>,
}

macro_rules! number {
    ($of:expr, $at:expr, $type:ty) => {
        $of.get($at).map(|bytes| i128::from(<$type>::from_ne_bytes(*bytes)))
    };
}

impl<'a> Part<'a> {
    /// How many rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.length
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Gives every value to `take`, in order, until it refuses one; gives back that row and why. Kinds that come in
    /// great numbers have a loop of their own.
    #[inline(always)]
    #[allow(clippy::inline_always)] // with what it is given, it becomes one loop for each kind
    pub fn each<E>(
        &self,
        mut take: impl FnMut(Item<'a>) -> Result<(), E>,
    ) -> Result<(), (usize, E)> {
        let text = |text: Option<&'a [u8]>| text.map_or(Item::Broken, Item::Text);
        let mut at = |i: usize, item: Item<'a>| {
            let null = self.valid.is_some_and(|valid| !valid.get(i));
            take(if null { Item::Null } else { item }).map_err(|why| (i, why))
        };
        match &self.values {
            Values::I64(values) => (0..self.length)
                .zip(*values)
                .try_for_each(|(i, value)| at(i, Item::Int(i64::from_ne_bytes(*value).into()))),
            Values::Text(offsets, data) => {
                (0..self.length).zip(offsets.windows(2)).try_for_each(|(i, ends)| {
                    let [from, to] =
                        [ends[0], ends[1]].map(|end| usize::try_from(i32::from_ne_bytes(end)).ok());
                    at(i, text(from.zip(to).and_then(|(from, to)| data.get(from..to))))
                })
            }
            Values::LongText(offsets, data) => {
                (0..self.length).zip(offsets.windows(2)).try_for_each(|(i, ends)| {
                    let [from, to] =
                        [ends[0], ends[1]].map(|end| usize::try_from(i64::from_ne_bytes(end)).ok());
                    at(i, text(from.zip(to).and_then(|(from, to)| data.get(from..to))))
                })
            }
            Values::View(views, data) => (0..self.length)
                .zip(*views)
                .try_for_each(|(i, view)| at(i, text(viewed(view, data)))),
            _ => (0..self.length).try_for_each(|i| take(self.item(i)).map_err(|why| (i, why))),
        }
    }

    /// The value of a row; [`Item::Broken`] beyond the last.
    #[inline]
    pub fn item(&self, i: usize) -> Item<'a> {
        if i >= self.length {
            return Item::Broken;
        }
        if self.valid.is_some_and(|valid| !valid.get(i)) {
            return Item::Null;
        }
        let int = |value: Option<i128>| value.map_or(Item::Broken, Item::Int);
        let decimal =
            |value: Option<i128>, scale| value.map_or(Item::Broken, |v| Item::Decimal(v, scale));
        let text = |value: Option<&'a [u8]>| value.map_or(Item::Broken, Item::Text);
        match &self.values {
            Values::Null => Item::Null,
            Values::Unread => Item::Broken,
            Values::Flag(bits) => Item::Flag(bits.get(i)),
            Values::I8(v) => int(number!(v, i, i8)),
            Values::I16(v) => int(number!(v, i, i16)),
            Values::I32(v) => int(number!(v, i, i32)),
            Values::I64(v) => int(number!(v, i, i64)),
            Values::U8(v) => int(number!(v, i, u8)),
            Values::U16(v) => int(number!(v, i, u16)),
            Values::U32(v) => int(number!(v, i, u32)),
            Values::U64(v) => int(number!(v, i, u64)),
            Values::D32(v, scale) => decimal(number!(v, i, i32), *scale),
            Values::D64(v, scale) => decimal(number!(v, i, i64), *scale),
            Values::D128(v, scale) => decimal(number!(v, i, i128), *scale),
            Values::D256(v, scale) => v.get(i).map_or(Item::Broken, |bytes| wide(bytes, *scale)),
            Values::Text(offsets, data) => {
                text(between(number!(offsets, i, i32), number!(offsets, i + 1, i32), data))
            }
            Values::LongText(offsets, data) => {
                text(between(number!(offsets, i, i64), number!(offsets, i + 1, i64), data))
            }
            Values::View(views, data) => text(views.get(i).and_then(|view| viewed(view, data))),
            Values::Fixed(bytes, width) => text(bytes.get(i * width..(i + 1) * width)),
            Values::Dictionary(indices, values) => match indices.item(i) {
                Item::Int(at) => usize::try_from(at).map_or(Item::Broken, |at| values.item(at)),
                _ => Item::Broken,
            },
        }
    }
}

#[inline]
fn between(from: Option<i128>, to: Option<i128>, data: &[u8]) -> Option<&[u8]> {
    data.get(usize::try_from(from?).ok()?..usize::try_from(to?).ok()?)
}

/// A view: its length, then up to twelve bytes of text, or four of it, the number of a buffer and an offset there.
#[inline]
fn viewed<'a>(view: &'a [u8; 16], data: &[&'a [u8]]) -> Option<&'a [u8]> {
    let word = |at: usize| -> Option<usize> {
        let bytes: [u8; 4] = view.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(i32::from_ne_bytes(bytes)).ok()
    };
    let length = word(0)?;
    if length <= 12 {
        return view.get(4..4 + length);
    }
    let (buffer, offset) = (data.get(word(8)?)?, word(12)?);
    buffer.get(offset..offset + length)
}

/// 256 bits, which are a number of 128 if the upper half only repeats its sign.
#[cold]
fn wide(bytes: &[u8; 32], scale: i32) -> Item<'static> {
    let half = |at: usize| {
        bytes.get(at..at + 16).and_then(|half| half.try_into().ok()).map(i128::from_ne_bytes)
    };
    let (low, high) =
        if cfg!(target_endian = "little") { (half(0), half(16)) } else { (half(16), half(0)) };
    match (low, high) {
        (Some(low), Some(high)) if high == low >> 127 => Item::Decimal(low, scale),
        _ => Item::TooWide,
    }
}
