"""From a source as it stands in a setting to a signer; and what is no source, which is never repeated."""

import subprocess
import sys
from typing import Any

import pytest

import mm.secrets
from mm.errors import ConfigError
from mm.secrets.source import Kind, Source, parse
from tests.secrets.keys import CANARY, CANARY_ADDRESS, leaks
from tests.secrets.rings import Backend, install


def refused(source: Any, **more: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        mm.secrets.load(source, mainnet=True, **more)
    assert not leaks(repr(caught.value))
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("env:MM_AGENT_KEY", Source(Kind.ENV, "MM_AGENT_KEY")),
        ("keyring:maker-1", Source(Kind.KEYRING, "maker-1", "mm")),
        ("keyring:desk/maker-1", Source(Kind.KEYRING, "maker-1", "desk")),
        ("keystore:/srv/mm/agent.json", Source(Kind.KEYSTORE, "/srv/mm/agent.json")),
        ("keystore:agent.json", Source(Kind.KEYSTORE, "agent.json")),
    ],
)
def test_a_source_is_read_and_written(text: str, expected: Source) -> None:
    assert parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "env", "env:", "env:1X", "env:A B", "env:A\n", "keyring:", "keyring:a/b/c", "keyring:a b", "keystore:"),
        *("keystore:a\nb", "file:/x", "ENV:A", "prompt", "MM_AGENT_KEY", " env:A", "env:Ä", None, 5, b"env:A"),
    ],
)
def test_what_is_no_source_is_refused(text: Any) -> None:
    assert refused(text).field == "agent_key"


@pytest.mark.parametrize(
    "text",
    [CANARY, f"0x{CANARY}", CANARY.upper(), f"env:{CANARY}", f"keystore:{CANARY}", f"hex:0x{CANARY}", f" {CANARY} "],
)
def test_a_key_in_the_place_of_a_source_is_recognised_and_not_repeated(text: str) -> None:
    assert refused(text).reason == "looks like a key"


@pytest.mark.parametrize("text", [CANARY, f"0x{CANARY}", f"  0x{CANARY.upper()[:-1]}8\n"])
def test_from_the_environment(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("MM_AGENT_KEY", text)
    assert mm.secrets.load("env:MM_AGENT_KEY", mainnet=True).address == CANARY_ADDRESS
    assert mm.secrets.address_of("env:MM_AGENT_KEY") == CANARY_ADDRESS


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "does not exist"), (" ", "does not exist"), (CANARY[:-1], "holds no key"), ("0" * 64, "holds no key")],
)
def test_what_is_no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, reason: str) -> None:
    monkeypatch.setenv("MM_AGENT_KEY", text)
    assert refused("env:MM_AGENT_KEY").reason == reason
    monkeypatch.delenv("MM_AGENT_KEY")
    assert refused("env:MM_AGENT_KEY").reason == "does not exist"


def test_a_vault_that_is_none_is_told_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MM_AGENT_KEY", CANARY)
    assert refused("env:MM_AGENT_KEY", vault="0x12").field == "vault"


def test_from_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = install(monkeypatch)
    ring.kept[("mm", "maker-1")] = f"0x{CANARY}\n"
    assert mm.secrets.load("keyring:maker-1", mainnet=True).address == CANARY_ADDRESS
    assert mm.secrets.address_of("keyring:mm/maker-1") == CANARY_ADDRESS
    assert refused("keyring:maker-2").reason == "does not exist"
    ring.kept[("mm", "maker-1")] = "nothing of the kind"
    assert refused("keyring:maker-1").reason == "holds no key"
    ring.trouble = RuntimeError(CANARY)
    error = refused("keyring:maker-1")
    assert (error.reason, error.__context__) == ("cannot be read", None)
    assert "RuntimeError" in error.message


def test_a_keyring_that_keeps_nothing_safe_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = type("PlaintextKeyring", (Backend,), {"__module__": "keyrings.alt.file"})
    install(monkeypatch, plain())
    assert refused("keyring:maker-1").reason == "no keyring"


def test_a_chain_of_keyrings_is_judged_by_where_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = type("PlaintextKeyring", (Backend,), {"__module__": "keyrings.alt.file"})()
    safe = type("Keyring", (Backend,), {"__module__": "keyring.backends.SecretService"})()
    chain = type("ChainerBackend", (Backend,), {"__module__": "keyring.backends.chainer"})()
    install(monkeypatch, chain)
    chain.backends = [plain, safe]
    assert refused("keyring:maker-1").reason == "no keyring"
    chain.backends = []
    assert refused("keyring:maker-1").reason == "no keyring"
    chain.backends = [safe, plain]
    assert refused("keyring:maker-1").reason == "does not exist"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "pip install 'mm-hyperliquid[keyring]'" in refused("keyring:maker-1").message


def test_the_keyring_is_imported_only_when_it_is_asked_for() -> None:
    code = "import sys, mm.secrets; mm.secrets.address_of('env:K'); sys.exit('keyring' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"K": CANARY}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
