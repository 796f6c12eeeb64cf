//! The macros behind `lifecycle.rs`: rows become an exhaustive `match`, and data.

macro_rules! phases {
    ($($name:ident: $doc:literal;)*) => { named!(Phase, "Where one leg is in its life.", $($name: $doc;)*); };
}
macro_rules! events {
    ($($name:ident: $doc:literal;)*) => { named!(Event, "What can happen to one leg.", $($name: $doc;)*); };
}
macro_rules! named {
    ($type:ident, $about:literal, $($name:ident: $doc:literal;)*) => {
        #[doc = $about]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
        #[repr(u8)]
        pub enum $type { $(#[doc = $doc] $name,)* }
        impl $type {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// The name, as in the documentation.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => stringify!($name)),* } }
            /// The meaning, in a clause.
            pub const fn meaning(self) -> &'static str { match self { $(Self::$name => $doc),* } }
        }
    };
}
macro_rules! table {
    ($($event:ident [$($phase:ident)*] => $cell:expr, $why:literal;)*) => {
        /// What `event` does in `phase`, and why. Total: every pair has its cell.
        #[inline]
        #[allow(clippy::enum_glob_use, unused_imports)] // so that the rows can name phases bare
        pub const fn step(phase: Phase, event: Event) -> (Cell, &'static str) {
            match (event, phase) { $((Event::$event, $(Phase::$phase)|*) => ({ use Phase::*; $cell }, $why),)* }
        }
        /// The rows as they are written above.
        #[allow(clippy::enum_glob_use, unused_imports)] // as above
        pub const ROWS: &[(Event, &[Phase], Cell, &str)] =
            &[$((Event::$event, { use Phase::*; &[$($phase),*] }, { use Phase::*; $cell }, $why)),*];
    };
}
