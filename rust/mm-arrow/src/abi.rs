//! The three structures of the Arrow C data and stream interfaces, and who must release them.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

/// `struct ArrowSchema`: the kind of a column, or of a table.
#[repr(C)]
#[allow(missing_docs)] // the interface's own names
#[derive(Debug)]
pub struct RawSchema {
    pub format: *const c_char,
    pub name: *const c_char,
    pub metadata: *const c_char,
    pub flags: i64,
    pub n_children: i64,
    pub children: *mut *mut RawSchema,
    pub dictionary: *mut RawSchema,
    pub release: Option<unsafe extern "C" fn(*mut RawSchema)>,
    pub private_data: *mut c_void,
}

/// `struct ArrowArray`: the values of a column, or of some rows of a table.
#[repr(C)]
#[allow(missing_docs)] // the interface's own names
#[derive(Debug)]
pub struct RawArray {
    pub length: i64,
    pub null_count: i64,
    pub offset: i64,
    pub n_buffers: i64,
    pub n_children: i64,
    pub buffers: *mut *const c_void,
    pub children: *mut *mut RawArray,
    pub dictionary: *mut RawArray,
    pub release: Option<unsafe extern "C" fn(*mut RawArray)>,
    pub private_data: *mut c_void,
}

/// `struct ArrowArrayStream`: arrays of one kind, one after the other.
#[repr(C)]
#[allow(missing_docs)] // the interface's own names
#[derive(Debug)]
pub struct RawStream {
    pub get_schema: Option<unsafe extern "C" fn(*mut RawStream, *mut RawSchema) -> c_int>,
    pub get_next: Option<unsafe extern "C" fn(*mut RawStream, *mut RawArray) -> c_int>,
    pub get_last_error: Option<unsafe extern "C" fn(*mut RawStream) -> *const c_char>,
    pub release: Option<unsafe extern "C" fn(*mut RawStream)>,
    pub private_data: *mut c_void,
}

type Release<T> = Option<unsafe extern "C" fn(*mut T)>;

/// One of the structures. Not released: its pointers are valid. Released: `release` is `None`, nothing else counts.
pub(crate) trait Raw: Sized {
    const RELEASED: Self;
    fn release(&mut self) -> &mut Release<Self>;
}

/// A structure that is ours: it is released when it is dropped, once.
#[derive(Debug)]
pub(crate) struct Owned<T: Raw>(pub(crate) T);

impl<T: Raw> Owned<T> {
    /// A place for a producer to write to.
    pub(crate) const fn empty() -> Self {
        Self(T::RELEASED)
    }

    pub(crate) fn is_released(&mut self) -> bool {
        self.0.release().is_none()
    }

    /// Moves a structure out of its place, which is marked as released.
    ///
    /// # Safety
    /// `from` points to a structure that is valid by the interface, and that nobody else uses during the call.
    pub(crate) unsafe fn take(from: *mut T) -> Self {
        // SAFETY: the caller says that it is valid to read and to write. The interface lets structures be moved by
        // copying them bit by bit, if the old place is marked as released, which the new value there does.
        Self(unsafe { ptr::replace(from, T::RELEASED) })
    }
}

impl<T: Raw> Drop for Owned<T> {
    fn drop(&mut self) {
        if let Some(release) = *self.0.release() {
            // SAFETY: not released yet, as the field says; nothing borrows from it any more, or it could not be dropped.
            unsafe { release(&raw mut self.0) };
        }
    }
}

macro_rules! raw {
    ($($name:ident { $($field:ident: $value:expr),* })*) => { $(
        impl Raw for $name {
            const RELEASED: Self = Self { $($field: $value,)* release: None, private_data: ptr::null_mut() };
            fn release(&mut self) -> &mut Release<Self> {
                &mut self.release
            }
        }
    )* };
}
raw! {
    RawSchema {
        format: ptr::null(), name: ptr::null(), metadata: ptr::null(), flags: 0, n_children: 0,
        children: ptr::null_mut(), dictionary: ptr::null_mut()
    }
    RawArray {
        length: 0, null_count: 0, offset: 0, n_buffers: 0, n_children: 0, buffers: ptr::null_mut(),
        children: ptr::null_mut(), dictionary: ptr::null_mut()
    }
    RawStream { get_schema: None, get_next: None, get_last_error: None }
}
