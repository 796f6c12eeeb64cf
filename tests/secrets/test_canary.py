"""A key that everybody knows goes in by every door; then everything that comes out anywhere is searched for it (S1, 4.9).

Each case runs in a process of its own, with logging at DEBUG for everything (asyncio in debug mode, aiohttp), makes
the things that are likely to speak speak, and raises from the depth with the locals captured.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import mm.secrets
from mm.errors import ConfigError, MmError
from mm.secrets import Secret, passphrase, rings
from mm.secrets.source import parse
from tests.secrets.keys import CANARY, CANARY_ADDRESS, PASSPHRASE, leaks
from tests.secrets.rings import Backend, install

eth_keyfile = pytest.importorskip("eth_keyfile", reason="makes the keystore")

# What a program might do with a source: everything here may be printed, logged, raised, pickled.
PROBE = r"""
import asyncio, copy, gc, logging, pickle, sys, traceback, warnings
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
warnings.simplefilter("always")
import tests.secrets.rings as rings, pytest
import mm, mm.secrets
from mm._core import sign

source, passphrase_from, ring_text = sys.argv[1:4]
patch = pytest.MonkeyPatch()
backend = rings.install(patch)
if ring_text == "ring":
    backend.kept[("mm", "maker")] = open(sys.argv[4]).read()

def show(thing):
    for way in (repr, str, ascii, lambda x: f"{x}", lambda x: vars(x), pickle.dumps, copy.copy, copy.deepcopy, dir,
                lambda x: x.__reduce_ex__(4), lambda x: x.__getstate__(), bytes, hash, lambda x: [x, {"k": x}]):
        try:
            print(way(thing))
        except Exception as error:
            tell(error)

def tell(error):
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        print(repr(error), error.args, getattr(error, "__dict__", {}))
        for line in traceback.TracebackException.from_exception(error, capture_locals=True).format():
            print(line)
        print(*traceback.format_exception(error))
        error = error.__context__ or error.__cause__

def attempt(work):
    try:
        return work()
    except Exception as error:
        tell(error)
        logging.exception("it failed")

def load(**more):
    return mm.secrets.load(source, **{"mainnet": True, "passphrase_from": passphrase_from, **more})

signer = attempt(load)
if signer is not None:
    show(signer)
    assert signer.address == "%(address)s"
    print(signer.noop(nonce=1), signer.vault)
    attempt(lambda: signer.orders([5], nonce=1))
    attempt(lambda: signer.noop(nonce=-1))
    attempt(lambda: signer.nothing)
attempt(lambda: load(mainnet="yes"))
attempt(lambda: load(vault="0x12"))
attempt(lambda: load(vault="%(address)s"))
attempt(lambda: mm.secrets.address_of(source))
attempt(lambda: mm.secrets.load(source + "?", mainnet=True))
attempt(lambda: mm.secrets.load("keystore:" + source, mainnet=True))

async def session():
    import aiohttp
    logging.getLogger("aiohttp").setLevel(logging.DEBUG)
    held = attempt(load)
    async with aiohttp.ClientSession() as http:
        try:
            await http.post("http://127.0.0.1:9/exchange", data=held.noop(nonce=2) if held else b"")
        except aiohttp.ClientError as error:
            tell(error)
    async def fails():
        local = held
        raise RuntimeError("deep")
    task = asyncio.get_running_loop().create_task(fails())
    await asyncio.sleep(0.01)
    print(task, held)
    tell(task.exception())
    held = None

asyncio.run(session(), debug=True)
print(open("/proc/self/cmdline").read().replace("\0", " "))
from click.testing import CliRunner
from mm.cli import mm as cli
for words in (["key", "--help"], ["key", "new", "--help"], ["key", "import", "--help"], ["doctor", "--help"],
              ["key", "show-address", source], ["key", "show-address", source + "x"],
              ["key", "show-address", source, "--open", "--passphrase", passphrase_from],
              ["doctor", "--url", "http://127.0.0.1:9", "--agent-key", source],
              ["doctor", "--url", "http://127.0.0.1:9", "--agent-key", source, "--json"]):
    done = CliRunner().invoke(cli, words)
    print(done.output)
    if done.exception is not None:
        tell(done.exception)
gc.collect()
"""


def probe(
    source: str, private: Path, passphrase_from: str = "prompt", ring: str = "", key: str = CANARY, env: bool = False
) -> str:
    """Everything that the process said."""
    ring_file = private / "ring"
    ring_file.write_text(ring)
    script = PROBE % {"address": CANARY_ADDRESS}
    root = Path(__file__).parents[2]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "PYTHONDEVMODE": "1", "PYTHONASYNCIODEBUG": "1"}
    environment |= {"MM_AGENT_KEY": key} if env else {}
    done = subprocess.run(
        [sys.executable, "-c", script, source, passphrase_from, "ring" if ring else "-", str(ring_file)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=root,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "DEBUG" in done.stderr, "logging at DEBUG was not on: the search would be of nothing"
    return done.stdout + done.stderr


@pytest.fixture
def keystore(private: Path) -> tuple[str, str]:
    """A keystore with the canary, and its passphrase's file."""
    path, words = private / "agent.json", private / "words"
    told = eth_keyfile.create_keyfile_json(bytes.fromhex(CANARY), PASSPHRASE.encode(), kdf="scrypt", iterations=1_024)
    for file, content in ((path, json.dumps(told)), (words, PASSPHRASE)):
        file.touch(0o600)
        file.write_text(content)
    return f"keystore:{path}", f"file:{words}"


def test_the_search_finds_what_it_searches_for() -> None:
    raw = bytes.fromhex(CANARY)
    for said in (CANARY, f"0x{CANARY}", CANARY.upper(), repr(raw), str(int(CANARY, 16)), str(list(raw)), raw.hex(" ")):
        assert leaks(f"... {said} ...")
    assert not leaks(CANARY_ADDRESS)


def test_a_key_in_the_environment(private: Path) -> None:
    told = probe("env:MM_AGENT_KEY", private, env=True)
    assert CANARY_ADDRESS in told
    assert not leaks(told)


def test_a_broken_key_in_the_environment(private: Path) -> None:
    for broken in (CANARY + "0", CANARY[:-1], CANARY[:-1] + "g", f"{CANARY},{CANARY}", f"-{CANARY}"):
        told = probe("env:MM_AGENT_KEY", private, env=True, key=broken)
        assert "holds no key" in told
        assert not leaks(told)


def test_a_key_in_a_keystore(private: Path, keystore: tuple[str, str]) -> None:
    told = probe(keystore[0], private, keystore[1])
    assert CANARY_ADDRESS in told
    assert not leaks(told)
    assert PASSPHRASE not in told


def test_a_keystore_and_a_wrong_passphrase(private: Path, keystore: tuple[str, str]) -> None:
    (private / "words").write_text(f"{CANARY} by mistake")  # somebody mixes up the two
    told = probe(keystore[0], private, keystore[1])
    assert "the file was changed" in told
    assert not leaks(told)
    (private / "words").write_text(CANARY * 100)
    told = probe(keystore[0], private, keystore[1])
    assert "is longer than" in told
    assert not leaks(told)


def test_a_key_in_a_keyring(private: Path) -> None:
    told = probe("keyring:maker", private, ring=CANARY)
    assert CANARY_ADDRESS in told
    assert not leaks(told)


def our_frames(error: BaseException) -> str:
    """The locals of every frame of mm in an exception's traceback, and of those that led to it."""
    told = [repr(error)]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "/python/mm/" in frame.f_code.co_filename:
            told.append(repr(frame.f_locals))
    assert len(told) > 1
    return "\n".join(told)


@pytest.mark.parametrize("ask", [lambda text: mm.secrets.load(text, mainnet=True), mm.secrets.address_of, parse])
@pytest.mark.parametrize("source", [CANARY, f"0x{CANARY}", f"env:{CANARY}", f"keystore:/x/{CANARY}"])
def test_a_key_that_stands_in_a_setting(source: str, ask: Callable[[str], object]) -> None:
    with pytest.raises(ConfigError) as caught:
        ask(source)
    assert not leaks(our_frames(caught.value))
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "0x12"},
        {"url": "nowhere"},
        {"vault": "0x12"},
        {"on_exit": "burn"},
        {"events_most": 0},
        {"signer": object()},
        {"link": {"nonsense": 1}},
        {"key": f"{CANARY}0"},
        {"key": f"env:{CANARY}"},
    ],
    ids=str,
)
@pytest.mark.parametrize("make", [mm.Hyperliquid, mm.connect])
def test_what_is_refused_beside_a_key(make: Callable[..., object], wrong: dict[str, object]) -> None:
    told = {"account": "0x" + "51" * 20, "key": CANARY, "url": mm.TESTNET, **wrong}
    with pytest.raises((MmError, TypeError)) as caught:
        make(**told)
    assert not leaks(our_frames(caught.value))


def test_a_passphrase_in_the_place_of_its_source() -> None:
    with pytest.raises(ConfigError) as caught:
        passphrase.read(CANARY)
    assert not leaks(our_frames(caught.value))


def test_a_backend_that_tells_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loud(Backend):
        def get(self, service: str, name: str) -> str | None:
            return None

    ring = install(monkeypatch, Loud())
    ring.trouble = ValueError(CANARY)
    with pytest.raises(ConfigError) as caught, Secret(CANARY) as secret:
        rings.write_new(parse("keyring:maker"), secret)
    assert caught.value.__context__ is None
    assert "RuntimeError" in repr(caught.value)
    assert not leaks(our_frames(caught.value))
