//! A producer of Arrow's structures, as strict as can be: each buffer is its own allocation of exactly the length that
//! is needed, so that a sanitizer sees a byte read beyond it; and what was released, and how often, is counted.

#![allow(clippy::undocumented_unsafe_blocks, reason = "the other side of the interface, for tests")]
#![allow(clippy::cast_possible_wrap, reason = "a handful of columns")]

use std::cell::Cell;
use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::rc::Rc;

use mm_arrow::{Error, RawArray, RawSchema, RawStream, Table};

/// What a column is made of.
#[derive(Clone, Default)]
pub(crate) struct Data {
    pub(crate) name: &'static str,
    pub(crate) format: &'static str,
    pub(crate) length: i64,
    pub(crate) offset: i64,
    pub(crate) nulls: i64,
    pub(crate) buffers: Vec<Option<Vec<u8>>>,
    pub(crate) children: Vec<Data>,
    pub(crate) dictionary: Option<Box<Data>>,
}

/// How many structures are not released yet.
pub(crate) type Living = Rc<Cell<i64>>;

struct Private<T> {
    living: Living,
    children: Vec<*mut T>,
    _texts: [CString; 2],
    buffers: Vec<*const c_void>,
    _data: Vec<Option<Box<[u8]>>>,
}

fn keep<T>(living: &Living, private: Private<T>) -> *mut Private<T> {
    living.set(living.get() + 1);
    Box::into_raw(Box::new(private))
}

macro_rules! release {
    ($name:ident, $type:ty) => {
        unsafe extern "C" fn $name(raw: *mut $type) {
            unsafe {
                let private = Box::from_raw((*raw).private_data.cast::<Private<$type>>());
                for child in &private.children {
                    let mut child = Box::from_raw(*child);
                    if let Some(release) = child.release {
                        release(&raw mut *child);
                    }
                }
                if !(*raw).dictionary.is_null() {
                    let mut dictionary = Box::from_raw((*raw).dictionary);
                    if let Some(release) = dictionary.release {
                        release(&raw mut *dictionary);
                    }
                }
                private.living.set(private.living.get() - 1);
                (*raw).release = None;
            }
        }
    };
}
release!(release_schema, RawSchema);
release!(release_array, RawArray);

fn boxed<T>(made: T) -> *mut T {
    Box::into_raw(Box::new(made))
}

pub(crate) fn schema(data: &Data, living: &Living) -> RawSchema {
    let texts = [CString::new(data.format).unwrap(), CString::new(data.name).unwrap()];
    let (format, name) = (texts[0].as_ptr(), texts[1].as_ptr());
    let children = data.children.iter().map(|child| boxed(schema(child, living))).collect();
    let dictionary = data.dictionary.as_ref().map_or(ptr::null_mut(), |d| boxed(schema(d, living)));
    let private = keep(
        living,
        Private { living: living.clone(), children, _texts: texts, buffers: vec![], _data: vec![] },
    );
    let children = unsafe { (*private).children.as_mut_ptr() };
    RawSchema {
        format,
        name,
        metadata: ptr::null(),
        flags: 2,
        n_children: data.children.len() as i64,
        children,
        dictionary,
        release: Some(release_schema),
        private_data: private.cast(),
    }
}

pub(crate) fn array(data: &Data, living: &Living) -> RawArray {
    let owned: Vec<Option<Box<[u8]>>> =
        data.buffers.iter().map(|b| b.clone().map(Into::into)).collect();
    let buffers =
        owned.iter().map(|b| b.as_ref().map_or(ptr::null(), |b| b.as_ptr().cast())).collect();
    let children = data.children.iter().map(|child| boxed(array(child, living))).collect();
    let dictionary = data.dictionary.as_ref().map_or(ptr::null_mut(), |d| boxed(array(d, living)));
    let texts = [CString::default(), CString::default()];
    let private = keep(
        living,
        Private { living: living.clone(), children, _texts: texts, buffers, _data: owned },
    );
    let (children, buffers) =
        unsafe { ((*private).children.as_mut_ptr(), (*private).buffers.as_mut_ptr()) };
    RawArray {
        length: data.length,
        null_count: data.nulls,
        offset: data.offset,
        n_buffers: data.buffers.len() as i64,
        n_children: data.children.len() as i64,
        buffers,
        children,
        dictionary,
        release: Some(release_array),
        private_data: private.cast(),
    }
}

struct Chunks {
    living: Living,
    given: usize,
    data: Vec<Data>,
    /// After as many chunks it fails, in these words.
    fails: Option<(usize, CString)>,
}

unsafe extern "C" fn get_schema(stream: *mut RawStream, out: *mut RawSchema) -> c_int {
    unsafe {
        let chunks = &*(*stream).private_data.cast::<Chunks>();
        ptr::write(out, schema(&chunks.data[0], &chunks.living));
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut RawStream, out: *mut RawArray) -> c_int {
    unsafe {
        let chunks = &mut *(*stream).private_data.cast::<Chunks>();
        if chunks.fails.as_ref().is_some_and(|(after, _)| *after == chunks.given) {
            return 5;
        }
        if let Some(chunk) = chunks.data.get(chunks.given) {
            ptr::write(out, array(chunk, &chunks.living));
            chunks.given += 1;
        }
    }
    0
}

unsafe extern "C" fn get_last_error(stream: *mut RawStream) -> *const c_char {
    unsafe {
        let chunks = &*(*stream).private_data.cast::<Chunks>();
        chunks.fails.as_ref().map_or(ptr::null(), |(_, words)| words.as_ptr())
    }
}

unsafe extern "C" fn release_stream(stream: *mut RawStream) {
    unsafe {
        let chunks = Box::from_raw((*stream).private_data.cast::<Chunks>());
        chunks.living.set(chunks.living.get() - 1);
        (*stream).release = None;
    }
}

/// Reads the chunks as a stream; the first one's schema is the schema.
pub(crate) fn streamed(
    data: Vec<Data>,
    fails: Option<(usize, &str)>,
    living: &Living,
) -> Result<Table, Error> {
    living.set(living.get() + 1);
    let fails = fails.map(|(after, words)| (after, CString::new(words).unwrap()));
    let private = Box::into_raw(Box::new(Chunks { living: living.clone(), given: 0, data, fails }));
    let mut stream = RawStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release_stream),
        private_data: private.cast(),
    };
    let table = unsafe { Table::from_stream(&raw mut stream) };
    assert!(stream.release.is_none(), "taken");
    let again = unsafe { Table::from_stream(&raw mut stream) };
    assert_eq!(again.err(), Some(Error::Broken("it was read before")));
    table
}

/// Reads one array with its schema.
pub(crate) fn alone(data: &Data, living: &Living) -> Result<Table, Error> {
    let (mut schema, mut array) = (schema(data, living), array(data, living));
    let table = unsafe { Table::from_array(&raw mut schema, &raw mut array) };
    assert!(schema.release.is_none() && array.release.is_none(), "taken");
    let again = unsafe { Table::from_array(&raw mut schema, &raw mut array) };
    assert_eq!(again.err(), Some(Error::Broken("it was read before")));
    table
}
