//! Objects: their brackets, and their keys in the order in which the venue usually writes them.

use crate::error::{FieldError, FrameError, Refusal, Stop, Trouble};
use crate::json::Scanner;
use crate::swar::WIDTH;

/// The known keys of one kind of object. A key's place in the list is how the reader calls it.
///
/// With its quotes and colon nearly every key fits one word, so that a guess costs one masked comparison, and a
/// wrong guess one more. Any order is understood; the usual one is quickest.
pub(crate) struct Keys<const N: usize> {
    names: [&'static str; N],
    words: [u128; N],
    masks: [u128; N],
}

impl<const N: usize> Keys<N> {
    pub(crate) const fn new(names: [&'static str; N]) -> Self {
        // A word that no masked text equals: for names that are too long.
        let (mut words, mut masks) = ([1u128; N], [0u128; N]);
        let mut i = 0;
        while i < N {
            let name = names[i].as_bytes();
            if name.len() + 3 <= WIDTH {
                let (mut word, mut mask) = ([0u8; WIDTH], [0u8; WIDTH]);
                word[0] = b'"';
                word[name.len() + 1] = b'"';
                word[name.len() + 2] = b':';
                let mut k = 0;
                while k < name.len() + 3 {
                    if k < name.len() {
                        word[k + 1] = name[k];
                    }
                    mask[k] = 0xff;
                    k += 1;
                }
                words[i] = u128::from_le_bytes(word);
                masks[i] = u128::from_le_bytes(mask);
            }
            i += 1;
        }
        Self { names, words, masks }
    }

    /// The venue's name of the key at `place`.
    pub(crate) fn name(&self, place: usize) -> &'static str {
        self.names.get(place).copied().unwrap_or_default()
    }

    /// Reads a key, its colon and the blanks after it. Gives its place in the list; `None` for an unknown key.
    /// `guess` is the place to try first; any number will do.
    #[inline]
    pub(crate) fn read(
        &self,
        s: &mut Scanner<'_>,
        guess: usize,
    ) -> Result<Option<usize>, FrameError> {
        if let Some(word) = s.word() {
            if guess < N && word & self.masks[guess] == self.words[guess] {
                s.pass(self.names[guess].len() + 3);
                s.blanks();
                return Ok(Some(guess));
            }
            for place in (guess + 1..N).chain(0..guess.min(N)) {
                if word & self.masks[place] == self.words[place] {
                    s.pass(self.names[place].len() + 3);
                    s.blanks();
                    return Ok(Some(place));
                }
            }
        }
        self.read_any(s)
    }

    #[cold]
    fn read_any(&self, s: &mut Scanner<'_>) -> Result<Option<usize>, FrameError> {
        let key = s.member()?.raw;
        Ok(self.names.iter().position(|name| name.as_bytes() == key))
    }
}

/// Enters a record's object. False if it is empty, and then left again.
#[inline]
pub(crate) fn open(s: &mut Scanner<'_>) -> Result<bool, Stop> {
    if s.peek()? != b'{' {
        return Err(Refusal::NotAnObject.into());
    }
    s.pass(1);
    s.blanks();
    Ok(!s.eat(b'}'))
}

/// Passes the comma before the next member, or leaves the object.
#[inline]
pub(crate) fn more(s: &mut Scanner<'_>) -> Result<bool, FrameError> {
    s.blanks();
    if s.eat(b',') {
        s.blanks();
        return Ok(true);
    }
    s.expect(b'}', "a comma or the closing bracket is wanted")?;
    Ok(false)
}

/// Marks the key as seen; a second time is refused, whatever the values are.
#[inline]
pub(crate) fn once(seen: &mut u32, place: usize) -> Result<(), Trouble> {
    let bit = 1u32.wrapping_shl(u32::try_from(place).unwrap_or_default());
    if *seen & bit != 0 {
        return Err(FieldError::Twice.into());
    }
    *seen |= bit;
    Ok(())
}

/// Refuses the record if a needed key was not seen.
#[inline]
pub(crate) fn complete<const N: usize>(
    keys: &Keys<N>,
    seen: u32,
    needed: u32,
) -> Result<(), Refusal> {
    let missing = needed & !seen;
    if missing == 0 {
        return Ok(());
    }
    Err(Refusal::Missing { name: keys.name(missing.trailing_zeros() as usize) })
}
