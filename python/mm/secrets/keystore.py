"""The keystore file of geth and its like: Web3 Secret Storage, version 3. What is in the file; the rest is Rust's.

Nothing in the file is secret but by the passphrase, so its JSON is read here, strictly. Deriving the key, comparing
the MAC and decrypting happen in `mm._core.sign`, which gives a `Signer`: the key is no object of Python.
"""

import json
import os
import uuid
from dataclasses import dataclass
from typing import Literal

from mm._core import sign
from mm.errors import ConfigError
from mm.secrets.secret import Secret
from mm.secrets.source import trouble

FIELD = "keystore"
BYTES_MAX = 64 << 10
"""A keystore has half a kilobyte; what is much longer is something else."""

VERSION = 3
KEY_BYTES = 32
IV_BYTES = 16
SALT_BYTES = 32
SALT_BYTES_MAX = 1_024
COST_MAX = 2**32
"""Beyond this a cost is no number at all; what may be spent is bounded where it is spent (`sign.open_keystore`)."""

LOG_N = 18
"""scrypt with n = 2¹⁸, r = 8, p = 1 takes 256 MiB and about a second: reliability S2 asks for 2¹⁷ at least."""


@dataclass(frozen=True, slots=True)
class Keystore:
    """What a file says. Sizes are as they must be; costs are not judged yet."""

    kdf: Literal["scrypt", "pbkdf2"]
    costs: tuple[int, ...]
    """(n, r, p) of scrypt, (rounds,) of PBKDF2 with HMAC-SHA-256."""
    salt: bytes
    iv: bytes
    ciphertext: bytes
    mac: bytes
    address: str
    """As the file states it, in lower case with 0x; empty where it does not. Nothing protects it."""


def parse(content: bytes) -> Keystore:
    """Reads a keystore file. Raises `ConfigError`, whose `field` is the member at fault (`crypto.kdfparams.n`)."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise _wrong("", "is no JSON") from None
    if _member(told, "version") != VERSION:
        raise _wrong("version", f"is not {VERSION}")
    crypto = "crypto" if "crypto" in told else "Crypto"  # geth wrote it large in its first years
    part = _member(told, crypto)
    cipher = _member(part, "cipher", crypto)
    if cipher != "aes-128-ctr":
        raise _wrong(f"{crypto}.cipher", "is not aes-128-ctr")
    kdf, costs, salt = _derivation(part, crypto)
    return Keystore(
        kdf=kdf,
        costs=costs,
        salt=salt,
        iv=_hex(_member(part, "cipherparams", crypto), "iv", f"{crypto}.cipherparams", IV_BYTES),
        ciphertext=_hex(part, "ciphertext", crypto, KEY_BYTES),
        mac=_hex(part, "mac", crypto, 32),
        address=_address(told),
    )


def _derivation(part: object, crypto: str) -> tuple[Literal["scrypt", "pbkdf2"], tuple[int, ...], bytes]:
    kdf, place = _member(part, "kdf", crypto), f"{crypto}.kdfparams"
    params = _member(part, "kdfparams", crypto)
    length = _cost(params, "dklen", place)
    if not KEY_BYTES <= length <= 64:
        raise _wrong(f"{place}.dklen", "is not between 32 and 64")
    salt = _hex(params, "salt", place, None)
    if kdf == "scrypt":
        return "scrypt", tuple(_cost(params, name, place) for name in ("n", "r", "p")), salt
    if kdf == "pbkdf2":
        if _member(params, "prf", place) != "hmac-sha256":
            raise _wrong(f"{place}.prf", "is not hmac-sha256")
        return "pbkdf2", (_cost(params, "c", place),), salt
    raise _wrong(f"{crypto}.kdf", "is neither scrypt nor pbkdf2")


def open_signer(keystore: Keystore, passphrase: Secret, *, mainnet: bool, vault: str | None = None) -> sign.Signer:
    """The key in a signer. Raises `ConfigError` for a wrong passphrase or a changed file, and for costs beyond bounds.

    Takes the time and memory that the file asks for, within the bounds of `sign.open_keystore`.
    """
    signer = sign.open_keystore(
        passphrase.expose(),
        kdf=keystore.kdf,
        costs=keystore.costs,
        salt=keystore.salt,
        iv=keystore.iv,
        ciphertext=keystore.ciphertext,
        mac=keystore.mac,
        mainnet=mainnet,
        vault=vault,
    )
    if keystore.address and keystore.address != signer.address:
        raise _wrong("address", f"is not that of the key, which is {signer.address}")
    return signer


def seal(key: Secret | None, passphrase: Secret, *, log_n: int = LOG_N) -> tuple[str, bytes]:
    """(address, content of a keystore file) of a key, or of a fresh one that exists in Rust alone.

    Raises `ConfigError` if what is given is no key, without a word of it.
    """
    salt, iv = os.urandom(SALT_BYTES), os.urandom(IV_BYTES)
    address, ciphertext, mac = sign.seal_keystore(
        None if key is None else key.text(), passphrase.expose(), salt=salt, iv=iv, log_n=log_n
    )
    params = {"dklen": KEY_BYTES, "n": 1 << log_n, "p": 1, "r": 8, "salt": salt.hex()}
    told = {
        "address": address.removeprefix("0x"),
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": iv.hex()},
            "ciphertext": ciphertext.hex(),
            "kdf": "scrypt",
            "kdfparams": params,
            "mac": mac.hex(),
        },
        "id": str(uuid.uuid4()),
        "version": VERSION,
    }
    return address, f"{json.dumps(told)}\n".encode()


def _member(value: object, name: str, place: str = "") -> object:
    if not isinstance(value, dict):
        raise _wrong(place, "is no object")
    if name not in value:
        raise _wrong(f"{place}.{name}".removeprefix("."), "is missing")
    found: object = value[name]
    return found


def _cost(value: object, name: str, place: str) -> int:
    found = _member(value, name, place)
    if not isinstance(found, int) or isinstance(found, bool):
        raise _wrong(f"{place}.{name}", "is no whole number")
    if not 1 <= found < COST_MAX:
        raise _wrong(f"{place}.{name}", "is out of range")
    return found


def _hex(value: object, name: str, inside: str, size: int | None) -> bytes:
    found = _member(value, name, inside)
    place = f"{inside}.{name}".removeprefix(".")
    if not isinstance(found, str) or not found.isascii():
        raise _wrong(place, "is not hexadecimal text")
    digits = found.removeprefix("0x")
    if len(digits) > 2 * SALT_BYTES_MAX:
        raise _wrong(place, "is too long")
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        raise _wrong(place, "is not hexadecimal text") from None
    if size is not None and len(data) != size:
        raise _wrong(place, f"is not {size} bytes long")
    return data


def _address(told: dict[str, object]) -> str:
    if told.get("address") in (None, ""):
        return ""
    return f"0x{_hex(told, 'address', '', 20).hex()}"


def _wrong(place: str, why: str) -> ConfigError:
    field = f"{FIELD}.{place}" if place else FIELD
    return trouble(f"The keystore cannot be used: {place or 'it'} {why}.", why, field)
