"""Keystore files: ours opened by others, others' opened by us, and every way in which one may be wrong."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mm.secrets
from mm._core import sign
from mm.errors import BadInput, ConfigError
from mm.secrets import Secret, keystore
from tests.secrets.keys import CANARY, CANARY_ADDRESS, PASSPHRASE, leaks

eth_keyfile = pytest.importorskip("eth_keyfile", reason="the official SDK's own keystore, of the test dependencies")
eth_account = pytest.importorskip("eth_account")

RAW = bytes.fromhex(CANARY)
LIGHT = 4_096


def made(kdf: str = "scrypt", key: bytes = RAW, words: str = PASSPHRASE, iterations: int = LIGHT) -> dict[str, Any]:
    """A file of eth_keyfile, in a cost that a test has time for."""
    told: dict[str, Any] = eth_keyfile.create_keyfile_json(key, words.encode(), kdf=kdf, iterations=iterations)
    return told


SCRYPT = made()
PBKDF2 = made("pbkdf2", iterations=1_000)


def opened(told: object, words: str = PASSPHRASE) -> sign.Signer:
    with Secret(words) as secret:
        return keystore.open_signer(keystore.parse(json.dumps(told).encode()), secret, mainnet=True)


def refused(told: object, words: str = PASSPHRASE) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        opened(told, words)
    assert not leaks(repr(caught.value))
    return caught.value


def changed(told: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy with one member changed, or gone where the value is `...`."""
    made = copy.deepcopy(told)
    *way, last = place.split(".")
    inner = made
    for name in way:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return made


@pytest.mark.parametrize("told", [SCRYPT, PBKDF2], ids=["scrypt", "pbkdf2"])
def test_files_of_others_are_opened(told: dict[str, Any]) -> None:
    assert opened(told).address == CANARY_ADDRESS


def test_the_shapes_that_are_about() -> None:
    """geth's early files have a large C and 0x nowhere; some have no address; the standard's example has r 1 and p 8."""
    large = {("Crypto" if name == "crypto" else name): value for name, value in SCRYPT.items()}
    assert opened(large).address == CANARY_ADDRESS
    assert opened(changed(SCRYPT, "address", ...)).address == CANARY_ADDRESS
    assert opened(changed(SCRYPT, "address", "0x" + CANARY_ADDRESS[2:].upper())).address == CANARY_ADDRESS
    assert opened(changed(SCRYPT, "crypto.mac", SCRYPT["crypto"]["mac"].upper())).address == CANARY_ADDRESS
    assert opened({**SCRYPT, "x-ethers": {"client": "other"}}).address == CANARY_ADDRESS


@pytest.mark.parametrize("words", ["pässwörd ☃", " leading and trailing ", "x" * 1_000, "\x00"])
def test_any_passphrase(words: str) -> None:
    assert opened(made(words=words), words).address == CANARY_ADDRESS


def test_ours_are_opened_by_others() -> None:
    with Secret(CANARY) as key, Secret(PASSPHRASE) as words:
        address, content = keystore.seal(key, words, log_n=17)
    assert address == CANARY_ADDRESS
    told = json.loads(content)
    assert told["crypto"]["kdfparams"] | {"salt": ""} == {"dklen": 32, "n": 1 << 17, "r": 8, "p": 1, "salt": ""}
    assert eth_keyfile.decode_keyfile_json(told, PASSPHRASE.encode()) == RAW
    assert bytes(eth_account.Account.decrypt(told, PASSPHRASE)) == RAW
    assert not leaks(content.decode())


def test_a_fresh_key_is_fresh_and_is_what_the_file_holds() -> None:
    with Secret(PASSPHRASE) as words:
        (first, content), (second, _) = (keystore.seal(None, words, log_n=17) for _ in range(2))
    assert first != second
    key = eth_keyfile.decode_keyfile_json(json.loads(content), PASSPHRASE.encode())
    assert sign.address_of(key) == first


def test_what_is_written_by_default_is_what_geth_writes() -> None:
    assert keystore.LOG_N == 18


def test_a_wrong_passphrase_and_a_changed_file_look_alike() -> None:
    wrong = refused(SCRYPT, PASSPHRASE + " ")
    assert (wrong.field, wrong.reason) == ("passphrase", "is wrong, or the file was changed")
    for place in ("crypto.mac", "crypto.ciphertext", "crypto.kdfparams.salt"):
        *way, last = place.split(".")
        inner: Any = SCRYPT
        for name in way:
            inner = inner[name]
        digits = inner[last]
        flipped = ("1" if digits[0] == "0" else "0") + digits[1:]
        assert refused(changed(SCRYPT, place, flipped)).reason == wrong.reason, place


def test_a_changed_counter_gives_another_key_and_the_address_finds_it() -> None:
    """The MAC does not cover the counter (nor does any version-3 file's)."""
    error = refused(changed(SCRYPT, "crypto.cipherparams.iv", "00" * 16))
    assert error.field == "keystore.address"


WRONG: list[tuple[str, Any, str, str]] = [
    ("version", ..., "keystore.version", "is missing"),
    ("version", 1, "keystore.version", "is not 3"),
    ("version", "3", "keystore.version", "is not 3"),
    ("crypto", ..., "keystore.Crypto", "is missing"),
    ("crypto", [], "keystore.crypto", "is no object"),
    ("crypto.cipher", "aes-128-cbc", "keystore.crypto.cipher", "is not aes-128-ctr"),
    ("crypto.cipher", None, "keystore.crypto.cipher", "is not aes-128-ctr"),
    ("crypto.kdf", "argon2id", "keystore.crypto.kdf", "is neither scrypt nor pbkdf2"),
    ("crypto.kdf", "SCRYPT", "keystore.crypto.kdf", "is neither scrypt nor pbkdf2"),
    ("crypto.kdfparams", ..., "keystore.crypto.kdfparams", "is missing"),
    ("crypto.kdfparams.dklen", 16, "keystore.crypto.kdfparams.dklen", "is not between 32 and 64"),
    ("crypto.kdfparams.dklen", 10**9, "keystore.crypto.kdfparams.dklen", "is not between 32 and 64"),
    ("crypto.kdfparams.n", ..., "keystore.crypto.kdfparams.n", "is missing"),
    ("crypto.kdfparams.n", "4096", "keystore.crypto.kdfparams.n", "is no whole number"),
    ("crypto.kdfparams.n", 4096.0, "keystore.crypto.kdfparams.n", "is no whole number"),
    ("crypto.kdfparams.n", True, "keystore.crypto.kdfparams.n", "is no whole number"),
    ("crypto.kdfparams.n", 0, "keystore.crypto.kdfparams.n", "is out of range"),
    ("crypto.kdfparams.n", 10**30, "keystore.crypto.kdfparams.n", "is out of range"),
    ("crypto.kdfparams.n", 4097, "keystore.n", "is no power of two above one"),
    ("crypto.kdfparams.n", 1 << 30, "keystore.n", "asks for more than 512 MiB"),
    ("crypto.kdfparams.r", 1 << 30, "keystore.n", "asks for more than 512 MiB"),
    ("crypto.kdfparams.p", 1 << 30, "keystore.p", "asks for too much time"),
    ("crypto.kdfparams.p", -1, "keystore.crypto.kdfparams.p", "is out of range"),
    ("crypto.kdfparams.salt", "zz", "keystore.crypto.kdfparams.salt", "is not hexadecimal text"),
    ("crypto.kdfparams.salt", "00" * 1_025, "keystore.crypto.kdfparams.salt", "is too long"),
    ("crypto.kdfparams.salt", 7, "keystore.crypto.kdfparams.salt", "is not hexadecimal text"),
    ("crypto.cipherparams.iv", "00" * 15, "keystore.crypto.cipherparams.iv", "is not 16 bytes long"),
    ("crypto.ciphertext", "00" * 33, "keystore.crypto.ciphertext", "is not 32 bytes long"),
    ("crypto.ciphertext", "", "keystore.crypto.ciphertext", "is not 32 bytes long"),
    ("crypto.mac", None, "keystore.crypto.mac", "is not hexadecimal text"),
    ("crypto.mac", "٠" * 64, "keystore.crypto.mac", "is not hexadecimal text"),
    ("address", "00" * 19, "keystore.address", "is not 20 bytes long"),
    ("address", "00" * 20, "keystore.address", "is not that of the key"),
]


@pytest.mark.parametrize(("place", "value", "field", "reason"), WRONG)
def test_what_is_wrong_is_named(place: str, value: Any, field: str, reason: str) -> None:
    error = refused(changed(SCRYPT, place, value))
    assert error.field == field
    assert reason in error.reason


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("crypto.kdfparams.prf", "hmac-sha512", "is not hmac-sha256"),
        ("crypto.kdfparams.c", 10_000_001, "is out of bounds"),
        ("crypto.kdfparams.c", 0, "is out of range"),
        ("crypto.kdfparams.c", ..., "is missing"),
    ],
)
def test_what_is_wrong_with_pbkdf2_is_named(place: str, value: Any, reason: str) -> None:
    assert refused(changed(PBKDF2, place, value)).reason == reason


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"3", b'"x"', b"{", b"\xff", b"[" * 100_000, b"{}", b"9" * 5_000]
)
def test_what_is_no_keystore_at_all(content: bytes) -> None:
    with pytest.raises(ConfigError):
        keystore.parse(content)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = [place for place, *_ in WRONG] + ["crypto.cipherparams", "id"]


@settings(max_examples=300)
@given(told=st.sampled_from([SCRYPT, PBKDF2]), place=st.sampled_from(sorted(set(PLACES))), value=json_like)
def test_whatever_stands_in_a_file_it_is_opened_or_refused(told: dict[str, Any], place: str, value: Any) -> None:
    try:
        made = changed(told, place, value)
    except KeyError:
        return
    error = None
    try:
        parsed = keystore.parse(json.dumps(made).encode())
        assert len(parsed.iv) == 16 and len(parsed.ciphertext) == len(parsed.mac) == 32
    except ConfigError as caught:
        error = caught
    assert error is None or (error.field.startswith("keystore") and error.reason)


def test_the_binding_refuses_what_is_of_another_kind() -> None:
    good: dict[str, Any] = {"kdf": "scrypt", "costs": (2, 1, 1), "salt": b"", "iv": bytes(16)}
    good |= {"ciphertext": bytes(32), "mac": bytes(32), "mainnet": True}
    with pytest.raises(ConfigError):
        sign.open_keystore(b"", **good)
    for name, value in [
        *(("kdf", "x"), ("kdf", None), ("costs", (1,)), ("costs", 5), ("costs", (2, 1, -1)), ("costs", (2.0, 1, 1))),
        *(("salt", "x"), ("iv", bytes(15)), ("ciphertext", b""), ("mac", None), ("costs", (1 << 70, 1, 1))),
    ]:
        with pytest.raises(BadInput) as caught:
            sign.open_keystore(b"", **{**good, name: value})
        assert caught.value.field in (name, "n", "r", "p")
    with pytest.raises(BadInput):
        sign.open_keystore("text", **good)  # type: ignore[arg-type]
    sealing: dict[str, Any] = {"salt": bytes(16), "iv": bytes(16), "log_n": 17}
    for key in (CANARY[:-1], "0x", RAW[:-1], bytes(32), b"\xff" * 32, 5, "\ud800" * 64):
        with pytest.raises(BadInput) as caught:
            sign.seal_keystore(key, b"x", **sealing)  # type: ignore[arg-type]
        assert caught.value.field == "key" and not leaks(repr(caught.value))
    with pytest.raises(ConfigError):
        sign.seal_keystore(RAW, b"x", **{**sealing, "log_n": 16})


def test_from_a_file_to_a_signer(private: Path, tmp_path: Path) -> None:
    path, words = private / "agent.json", private / "words"
    for file, content in ((path, json.dumps(SCRYPT)), (words, PASSPHRASE)):
        file.touch(0o600)
        file.write_text(content)
    signer = mm.secrets.load(f"keystore:{path}", mainnet=False, passphrase_from=f"file:{words}")
    assert (signer.address, signer.mainnet, signer.vault) == (CANARY_ADDRESS, False, None)
    assert signer.noop(nonce=1) == sign.Signer(RAW, mainnet=False).noop(nonce=1)
    vault = "0x" + "ab" * 20
    loaded = mm.secrets.load(f"keystore:{path}", mainnet=True, vault=vault, passphrase_from=f"file:{words}")
    assert loaded.vault == vault
    for none in ("0x12", CANARY_ADDRESS):
        with pytest.raises(ConfigError) as caught:
            mm.secrets.load(f"keystore:{path}", mainnet=True, vault=none, passphrase_from=f"file:{words}")
        assert caught.value.field == "vault"
    path.chmod(0o640)
    with pytest.raises(ConfigError) as caught:
        mm.secrets.load(f"keystore:{path}", mainnet=False, passphrase_from=f"file:{words}")
    assert caught.value.reason == "is open to other users"
