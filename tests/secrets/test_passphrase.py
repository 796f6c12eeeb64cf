"""A passphrase comes from a prompt, a descriptor or a private file, and from nowhere else."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mm.errors import ConfigError
from mm.secrets import passphrase
from tests.secrets.keys import CANARY, PASSPHRASE, leaks


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What somebody at a terminal will type."""
    typed: list[str] = []
    monkeypatch.setattr("mm.secrets.passphrase._someone_is_there", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda words: typed.pop(0))
    yield typed
    assert not typed, "it did not ask as often as it should"


def refused(source: str, *, twice: bool = False) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        passphrase.read(source, twice=twice)
    assert caught.value.field == "passphrase"
    return caught.value


def through_descriptor(content: bytes) -> str:
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return f"fd:{reader}"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_from_a_descriptor(end: bytes) -> None:
    assert passphrase.read(through_descriptor(PASSPHRASE.encode() + end)).text() == PASSPHRASE


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_from_a_file(private: Path, end: bytes) -> None:
    path = private / "words"
    path.touch(0o600)
    path.write_bytes(PASSPHRASE.encode() + end)
    assert passphrase.read(f"file:{path}").text() == PASSPHRASE
    path.chmod(0o644)
    assert refused(f"file:{path}").reason == "is open to other users"


def test_only_one_line_end_is_taken_off() -> None:
    assert passphrase.read(through_descriptor(b" a \n\n")).text() == " a \n"


def test_from_a_prompt(asked: list[str]) -> None:
    asked += [PASSPHRASE]
    assert passphrase.read("prompt").text() == PASSPHRASE
    asked += [PASSPHRASE, PASSPHRASE]
    assert passphrase.read("prompt", twice=True).text() == PASSPHRASE
    asked += [PASSPHRASE, PASSPHRASE + "x"]
    assert refused("prompt", twice=True).reason == "differ"
    asked += [""]
    assert refused("prompt").reason == "is empty"


def test_nobody_is_asked_who_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSPHRASE))
    error = refused("prompt")
    assert error.reason == "nobody to ask"
    assert "fd:NUMBER" in error.message


def test_what_is_empty_too_long_or_closed_is_refused() -> None:
    assert refused(through_descriptor(b"")).reason == "is empty"
    assert refused(through_descriptor(b"\n")).reason == "is empty"
    assert refused(through_descriptor(b"x" * 4_097)).reason == "is too long"
    assert refused("fd:9999").reason == "cannot be read"


@pytest.mark.parametrize(
    "source", [CANARY, "env:WORDS", "fd:-1", "fd:x", "fd:", "file:", "stdin", "", "PROMPT", "fd:١"]
)
def test_no_other_source_and_no_echo_of_it(source: str) -> None:
    error = refused(source)
    assert error.reason == "is no source"
    assert not leaks(repr(error))
    assert not source or source not in error.message.split()
