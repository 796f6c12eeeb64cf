//! A pull scanner over JSON text: it goes forward only, allocates nothing and never recurses.
//!
//! - The grammar is RFC 8259, whole: what [`Scanner::skip`] passes over is well formed, whatever it was for.
//! - UTF-8 is not checked here. Text that is handed out as `&str` is checked where it is handed out; a bad byte
//!   in a string that nobody reads harms nobody.
//! - Nesting is bounded by [`crate::DEPTH_MAX`]: the brackets that are open fit the bits of one word.
//! - Two paths: with sixteen bytes of text ahead a whole number, key or short string is read in one piece
//!   (`swar.rs`); near the end of the text, and whenever the piece is unusual, byte by byte.

use crate::DEPTH_MAX;
use crate::error::FrameError;
use crate::swar;

/// A place in a text. Copying it keeps the place, to come back to.
#[derive(Clone, Copy, Debug)]
pub struct Scanner<'a> {
    rest: &'a [u8],
    length: usize,
}

/// The inside of a JSON string, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// Between the quotes, nothing decoded.
    pub raw: &'a [u8],
    /// Whether there is a backslash in it.
    pub escaped: bool,
}

impl<'a> Scanner<'a> {
    /// At the start of `text`.
    pub const fn new(text: &'a [u8]) -> Self {
        Self { rest: text, length: text.len() }
    }

    /// The offset of the next byte.
    #[inline]
    pub const fn at(&self) -> usize {
        self.length.wrapping_sub(self.rest.len())
    }

    /// What is still to be read.
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next sixteen bytes, if there are as many.
    #[inline]
    pub(crate) fn word(&self) -> Option<u128> {
        self.rest.first_chunk().map(|chunk| u128::from_le_bytes(*chunk))
    }

    /// Passes `count` bytes that the caller has looked at; never beyond the end.
    #[inline]
    pub(crate) fn pass(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// The text from `start` to here.
    #[inline]
    pub fn since(&self, start: &Self) -> &'a [u8] {
        start.rest.get(..start.rest.len().wrapping_sub(self.rest.len())).unwrap_or_default()
    }

    /// The next byte, not yet read.
    #[inline]
    pub fn peek(&self) -> Result<u8, FrameError> {
        match self.rest.first() {
            Some(&byte) => Ok(byte),
            None => Err(FrameError::Truncated { at: self.length }),
        }
    }

    /// Reads `byte` if it is the next one.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&next, rest)) if next == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads `byte`, which must be the next one; else the text is not JSON for want of `why`.
    #[inline]
    pub fn expect(&mut self, byte: u8, why: &'static str) -> Result<(), FrameError> {
        if self.eat(byte) { Ok(()) } else { Err(self.wrong(why)) }
    }

    /// What to say of the next byte: not JSON, or not there.
    #[cold]
    pub(crate) fn wrong(&self, why: &'static str) -> FrameError {
        if self.rest.is_empty() {
            FrameError::Truncated { at: self.length }
        } else {
            FrameError::NotJson { at: self.at(), why }
        }
    }

    /// Passes blanks.
    #[inline]
    pub fn blanks(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Reads a string; its first quote must be next.
    #[inline]
    pub fn string(&mut self) -> Result<Text<'a>, FrameError> {
        self.expect(b'"', "a string is wanted")?;
        if let Some(word) = self.word() {
            let end = swar::find_special(word);
            if self.rest.get(end) == Some(&b'"') && end < swar::WIDTH {
                let raw = &self.rest[..end];
                self.pass(end + 1);
                return Ok(Text { raw, escaped: false });
            }
        }
        self.long_string()
    }

    /// The rest of a string whose first quote is read.
    fn long_string(&mut self) -> Result<Text<'a>, FrameError> {
        let start = *self;
        let mut escaped = false;
        loop {
            while let Some(block) = self.rest.first_chunk::<32>() {
                if !swar::is_plain(block) {
                    break;
                }
                self.pass(32);
            }
            while let Some(word) = self.word() {
                let plain = swar::find_special(word);
                self.pass(plain);
                if plain < swar::WIDTH {
                    break;
                }
            }
            match self.peek()? {
                b'"' => {
                    let raw = self.since(&start);
                    self.pass(1);
                    return Ok(Text { raw, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                0..0x20 => return Err(self.wrong("a control character stands in a string")),
                _ => self.pass(1),
            }
        }
    }

    #[cold]
    fn escape(&mut self) -> Result<(), FrameError> {
        self.pass(1);
        match self.peek()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.pass(1),
            b'u' => {
                self.pass(1);
                for _ in 0..4 {
                    if !self.peek()?.is_ascii_hexdigit() {
                        return Err(self.wrong("four hexadecimal digits are wanted"));
                    }
                    self.pass(1);
                }
            }
            _ => return Err(self.wrong("there is no such escape")),
        }
        Ok(())
    }

    /// Passes one value of any kind, around which `inside` brackets are open.
    #[inline]
    pub fn skip(&mut self, inside: u32) -> Result<(), FrameError> {
        match self.rest.first() {
            Some(b'"') => self.string().map(|_| ()),
            _ => self.skip_any(inside),
        }
    }

    fn skip_any(&mut self, inside: u32) -> Result<(), FrameError> {
        let mut objects = 0u64; // one bit for each open bracket, the innermost lowest: is it an object?
        let mut open = 0u32;
        loop {
            self.blanks();
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                bracket @ (b'{' | b'[') => {
                    if inside.saturating_add(open) >= DEPTH_MAX {
                        return Err(FrameError::TooDeep { at: self.at() });
                    }
                    self.pass(1);
                    self.blanks();
                    let object = bracket == b'{';
                    if !self.eat(if object { b'}' } else { b']' }) {
                        objects = (objects << 1) | u64::from(object);
                        open += 1;
                        if object {
                            self.member()?;
                        }
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => return Err(self.wrong("a value is wanted")),
            }
            loop {
                if open == 0 {
                    return Ok(());
                }
                self.blanks();
                let object = objects & 1 == 1;
                if self.eat(b',') {
                    self.blanks();
                    if object {
                        self.member()?;
                    }
                    break;
                }
                self.expect(
                    if object { b'}' } else { b']' },
                    "a comma or the closing bracket is wanted",
                )?;
                objects >>= 1;
                open -= 1;
            }
        }
    }

    /// Reads a key and its colon, and the blanks after it.
    pub fn member(&mut self) -> Result<Text<'a>, FrameError> {
        if self.peek()? != b'"' {
            return Err(self.wrong("a key is wanted"));
        }
        let key = self.string()?;
        self.blanks();
        self.expect(b':', "a colon is wanted")?;
        self.blanks();
        Ok(key)
    }

    /// Passes `true`, `false` or `null`.
    pub fn literal(&mut self, word: &'static [u8]) -> Result<(), FrameError> {
        if self.rest.starts_with(word) {
            self.pass(word.len());
            return Ok(());
        }
        for &byte in word {
            self.expect(byte, "a value is wanted")?;
        }
        Ok(())
    }

    /// Passes a number.
    pub fn number(&mut self) -> Result<(), FrameError> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), FrameError> {
        if !self.peek()?.is_ascii_digit() {
            return Err(self.wrong("a digit is wanted"));
        }
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        Ok(())
    }

    /// Nothing but blanks may follow.
    pub fn end(&mut self) -> Result<(), FrameError> {
        self.blanks();
        if self.rest.is_empty() { Ok(()) } else { Err(self.wrong("nothing more is wanted")) }
    }
}
