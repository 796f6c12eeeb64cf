//! Both ways, and every way in which a file may be wrong. Files of other programs are opened in tests/secrets.

use proptest::prelude::*;

use super::{
    Derivation, KeystoreError, SCRYPT_MEMORY_MAX, SCRYPT_WORK_MAX, Sealed, derive, open, parse_key,
    scrypt_params, seal,
};
use crate::sign::Key;

const KEY: [u8; 32] = [0x42; 32];
const SALT: [u8; 32] = [7; 32];
const IV: [u8; 16] = [9; 16];
const CHEAP: Derivation = Derivation::Scrypt { n: 4, r: 1, p: 1 };

/// As `seal`, with costs that no file of ours may have: a test has no time for others.
fn cheap(passphrase: &[u8], key: [u8; 32]) -> Sealed<'static> {
    let derived = derive(CHEAP, passphrase, &SALT).unwrap();
    let mut ciphertext = key;
    super::encrypt(&derived, &IV, &mut ciphertext);
    let mac = super::mac(&derived, &ciphertext);
    Sealed { derivation: CHEAP, salt: &SALT, iv: IV, ciphertext, mac }
}

fn why(sealed: &Sealed<'_>, passphrase: &[u8]) -> KeystoreError {
    open(sealed, passphrase).err().expect("it opened")
}

#[test]
fn what_is_sealed_is_opened() {
    let written = seal(&KEY, b"correct horse", &SALT, &IV, 17).unwrap();
    assert_eq!(written.address, Key::new(&KEY).unwrap().address());
    assert_ne!(written.ciphertext, KEY);
    let derivation = Derivation::Scrypt { n: 1 << 17, r: 8, p: 1 };
    let (ciphertext, mac) = (written.ciphertext, written.mac);
    let sealed = Sealed { derivation, salt: &SALT, iv: IV, ciphertext, mac };
    assert_eq!(open(&sealed, b"correct horse").unwrap().address(), written.address);
    assert_eq!(why(&sealed, b"correct horsf"), KeystoreError::Passphrase);
}

#[test]
fn what_is_written_is_not_cheap_and_salted() {
    let bad = |salt: &[u8], log_n| seal(&KEY, b"p", salt, &IV, log_n).unwrap_err();
    assert_eq!(bad(&SALT, 16), KeystoreError::Bad("log_n", "is not between 17 and 19"));
    assert_eq!(bad(&SALT, 20), KeystoreError::Bad("log_n", "is not between 17 and 19"));
    assert_eq!(bad(&SALT[..15], 17), KeystoreError::Bad("salt", "is shorter than 16 bytes"));
    assert_eq!(seal(&[0; 32], b"p", &SALT, &IV, 17).unwrap_err(), KeystoreError::NoKey);
}

#[test]
fn what_is_no_key_is_told_from_a_wrong_passphrase() {
    assert_eq!(why(&cheap(b"p", [0; 32]), b"p"), KeystoreError::NoKey);
    assert_eq!(why(&cheap(b"p", [0xff; 32]), b"p"), KeystoreError::NoKey);
    assert_eq!(why(&cheap(b"p", [0xff; 32]), b"q"), KeystoreError::Passphrase);
}

#[test]
fn costs_are_bounded_before_they_are_spent() {
    let bad = |n, r, p| match scrypt_params(n, r, p) {
        Err(KeystoreError::Bad(field, why)) => (field, why),
        other => panic!("{other:?}"),
    };
    assert_eq!(bad(0, 8, 1), ("n", "is no power of two above one"));
    assert_eq!(bad(1, 8, 1), ("n", "is no power of two above one"));
    assert_eq!(bad(262_145, 8, 1), ("n", "is no power of two above one"));
    assert_eq!(bad(1 << 18, 0, 1), ("r", "is zero"));
    assert_eq!(bad(1 << 18, 8, 0), ("p", "is zero"));
    assert_eq!(bad(1 << 20, 8, 1), ("n", "asks for more than 512 MiB"));
    assert_eq!(bad(1 << 63, u64::MAX, 1), ("n", "asks for more than 512 MiB"));
    assert_eq!(bad(1 << 18, 8, 17), ("p", "asks for too much time"));
    assert_eq!(bad(1 << 18, 8, u64::MAX), ("p", "asks for too much time"));
    assert_eq!(bad(1 << 17, 32, u64::MAX), ("p", "asks for too much time"));
    // What geth, its light setting and the standard's example ask for.
    for (n, r, p) in [(1 << 18, 8, 1), (1 << 12, 8, 6), (1 << 18, 1, 8), (1 << 19, 8, 8)] {
        assert!(scrypt_params(n, r, p).is_ok(), "{n} {r} {p}");
    }
    for rounds in [0, 10_000_001, u64::MAX] {
        let refused = derive(Derivation::Pbkdf2 { rounds }, b"p", &SALT).unwrap_err();
        assert_eq!(refused, KeystoreError::Bad("c", "is out of bounds"));
    }
    let refused = derive(CHEAP, b"p", &[0; 1_025]).unwrap_err();
    assert_eq!(refused, KeystoreError::Bad("salt", "is too long"));
}

proptest! {
    #[test]
    fn whatever_a_file_asks_for_is_within_bounds_or_refused(n: u64, r in 0u64..1 << 40, p in 0u64..1 << 40, shift in 0u32..64) {
        for n in [n, 1 << shift] {
            if scrypt_params(n, r, p).is_ok() {
                prop_assert!(n * r <= SCRYPT_MEMORY_MAX && n * r * p <= SCRYPT_WORK_MAX);
            }
        }
    }

    #[test]
    fn a_key_comes_back(key: [u8; 32], passphrase: Vec<u8>) {
        if let Ok(expected) = Key::new(&key) {
            let sealed = cheap(&passphrase, key);
            prop_assert_eq!(open(&sealed, &passphrase).unwrap().address(), expected.address());
        }
    }

    #[test]
    fn one_changed_bit_of_what_the_mac_covers_is_found(bit in 0usize..512) {
        let mut sealed = cheap(b"p", KEY);
        let (byte, mask) = (bit / 8, 1 << (bit % 8));
        if byte < 32 { sealed.ciphertext[byte] ^= mask } else { sealed.mac[byte - 32] ^= mask }
        prop_assert_eq!(why(&sealed, b"p"), KeystoreError::Passphrase);
    }

    #[test]
    fn a_key_is_64_digits_and_nothing_else(text in "(0x)?[0-9a-fA-Fg]{62,66}") {
        let digits = text.strip_prefix("0x").unwrap_or(&text);
        let plain = digits.len() == 64 && digits.bytes().all(|c| c.is_ascii_hexdigit());
        prop_assert_eq!(parse_key(&text).is_some(), plain);
    }
}

#[test]
fn what_is_wrong_is_said_without_a_secret() {
    let told =
        [KeystoreError::Passphrase, KeystoreError::NoKey, KeystoreError::Bad("n", "is zero")];
    let words: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(words[0], "the passphrase is wrong, or the file was changed");
    assert_eq!(words[1], "there is no private key in it");
    assert_eq!(words[2], "n is zero");
}
