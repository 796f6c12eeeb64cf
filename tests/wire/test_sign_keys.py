"""A key leaves the signer by no door: not by a text, a file, an error or a traceback (reliability S1)."""

import copy
import gc
import io
import json
import logging
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mm._core.sign import OrderWire, Signer, address_of
from mm.errors import BadInput

CANARY = "c0ffee00" * 7 + "deadbeef"
RAW = bytes.fromhex(CANARY)


def traces(text: str | bytes) -> bool:
    """The key, or a good part of it, in any of the forms it could take."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    low = data.lower()
    forms = (CANARY[:16].encode(), CANARY[-16:].encode(), str(int(CANARY, 16))[:16].encode())
    return any(form in low for form in forms) or RAW[:8] in data or RAW[-8:] in data or repr(RAW)[2:20].encode() in data


@pytest.mark.parametrize("form", [CANARY, "0x" + CANARY, CANARY.upper(), repr(RAW), RAW, str(int(CANARY, 16))])
def test_the_watch_sees(form: str | bytes) -> None:
    assert traces(form)


@pytest.fixture(
    scope="module", params=[CANARY, "0x" + CANARY.upper(), RAW, bytearray(RAW)], ids=lambda key: type(key).__name__
)
def signer(request: pytest.FixtureRequest) -> Signer:
    return Signer(request.param, mainnet=False, vault="0x" + "ab" * 20)


def test_all_forms_are_one_key(signer: Signer) -> None:
    assert signer.address == address_of(CANARY) == address_of(RAW)


def texts(signer: Signer) -> Iterator[str]:
    yield repr(signer)
    yield str(signer)
    yield f"{signer}"
    yield f"{[signer]} {({'key': signer},)}"
    for name in dir(signer):
        yield f"{name} {getattr(signer, name)!r}"
    stream = io.StringIO()
    log = logging.Logger("canary")
    log.addHandler(logging.StreamHandler(stream))
    log.error("%s %r", signer, signer)
    yield stream.getvalue()


def test_no_text_has_it(signer: Signer) -> None:
    for text in texts(signer):
        assert not traces(text), text
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError):
        vars(signer)
    assert not gc.get_referents(signer) or not traces(repr(gc.get_referents(signer)))


@pytest.mark.parametrize(
    "door", [copy.copy, copy.deepcopy, *(lambda s, p=p: pickle.dumps(s, p) for p in range(6)), json.dumps]
)
def test_it_is_neither_copied_nor_pickled(signer: Signer, door: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError) as told:
        door(signer)
    assert not traces("".join(traceback.format_exception(told.value)))


def test_bodies_do_not_have_it(signer: Signer) -> None:
    order = OrderWire(0, True, "1", "1", "Alo")
    for body in (signer.orders([order], nonce=1), signer.noop(nonce=1), signer.action('{"type":"x"}', nonce=1)):
        assert not traces(body)


BAD: list[Any] = [
    CANARY[:-1],
    CANARY + "00",
    "0x" + CANARY + "0",
    "0X" + CANARY,
    " " + CANARY,
    CANARY + "\n",
    CANARY[:-1] + "g",
    CANARY[:-1] + "\ud800",
    RAW[:-1],
    RAW + b"\0",
    bytearray(RAW + b"\0"),
    int(CANARY, 16),
    [CANARY],
    {"key": CANARY},
    memoryview(RAW),
    None,
    "0" * 64,
    bytes(32),
    b"\xff" * 32,
]


@pytest.mark.parametrize("make", [lambda key: Signer(key, mainnet=True), address_of], ids=["Signer", "address_of"])
@pytest.mark.parametrize("key", BAD, ids=range(len(BAD)))
def test_what_is_no_key_is_refused_without_a_word_of_it(make: Callable[[Any], Any], key: Any) -> None:
    with pytest.raises(BadInput) as told:
        make(key)
    assert told.value.field == "key"
    assert not traces(f"{told.value!r} {told.value} {vars(told.value)} {told.value.args}")
    assert told.value.__cause__ is told.value.__context__ is None


def test_a_wrong_call_beside_a_key_does_not_name_it() -> None:
    calls: list[Callable[[], Any]] = [
        lambda: Signer(CANARY),  # type: ignore[call-arg]
        lambda: Signer(CANARY, True),  # type: ignore[call-arg]
        lambda: Signer(CANARY, mainnet=True, vault=CANARY),
        lambda: Signer(CANARY, mainnet=CANARY),  # type: ignore[arg-type]
        lambda: Signer(CANARY, mainnet=True, allow_always_place=CANARY),  # type: ignore[arg-type]
        lambda: Signer(CANARY, mainnet=True, wallet=CANARY),  # type: ignore[call-arg]
    ]
    for call in calls:
        with pytest.raises((BadInput, TypeError)) as told:
            call()
        assert not traces(f"{told.value!r} {told.value}")


PROGRAM = """
import faulthandler, sys
from mm._core.sign import Signer
faulthandler.enable()
signer = Signer(sys.stdin.readline().strip(), mainnet=True)
print(signer, file=sys.stderr)
def deep(n):
    if n:
        return deep(n - 1)
    signer.noop(nonce=-1)
try:
    deep(3)
except ValueError as error:
    raise RuntimeError("while signing") from error
"""


def test_a_program_that_dies_does_not_tell_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=CANARY, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "while signing" in done.stderr and "nonce" in done.stderr
    assert not traces(done.stderr + done.stdout)


SCAN = """
import gc, re
from mm._core.sign import Signer

MASK = bytes(byte ^ 0x5A for byte in range(256))
WANTED = bytes((n * 37 + 11) % 256 for n in range(32))  # the key, masked: so that the program itself does not hold it

def signer():
    key = bytearray(32)
    for n, byte in enumerate(WANTED):
        key[n] = byte ^ 0x5A
    made = Signer(key, mainnet=True)
    for n in range(32):
        key[n] = 0
    return made

def places():
    found = []
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps.read(), re.MULTILINE):
            try:
                memory.seek(int(start, 16))
                data = memory.read(int(end, 16) - int(start, 16)).translate(MASK)
            except OSError:
                continue
            # As it is, and as a number's limbs lie in memory; halves too.
            for part in (WANTED[:16], WANTED[16:], WANTED[15::-1], WANTED[:15:-1]):
                found += [int(start, 16) + match.start() for match in re.finditer(re.escape(part), data)]
    return found

made = signer()
made.noop(nonce=1)
print(len(places()))
del made
gc.collect()
print(len(places()))
"""


def test_memory_holds_it_once_and_then_no_more() -> None:
    if not Path("/proc/self/mem").exists():
        pytest.skip("this system does not show a process its own memory (/proc/self/mem)")
    done = subprocess.run([sys.executable, "-c", SCAN], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "0"], "its two halves, in one place; after the signer, nowhere"
