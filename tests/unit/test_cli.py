"""The commands from outside: what is listed, and how each ends when it is not its own fault."""

import errno
import os
import signal
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

import mm.cli
from mm.cli import INTERRUPTED
from mm.errors import ConfigError, EngineFault, Refused

MM = [sys.executable, "-c", "from mm.cli import main; main()"]


def ended(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> tuple[int, str]:
    """How `mm doctor` ends if this comes out of it."""

    @click.command()
    def broken() -> None:
        raise fault

    monkeypatch.setattr(mm.cli, "import_module", lambda _: type("Module", (), {"doctor": broken}))
    done = CliRunner().invoke(mm.cli.mm, ["doctor"])
    return done.exit_code, done.stderr


@pytest.mark.parametrize("words", [[], ["sim"], ["key"]])
def test_every_command_is_told_in_a_whole_sentence(words: list[str]) -> None:
    listed = CliRunner().invoke(mm.cli.mm, [*words, "--help"], terminal_width=80).stdout.partition("Commands:")[2]
    assert listed
    assert "..." not in listed


def test_the_exit_codes_are_in_the_help() -> None:
    told = CliRunner().invoke(mm.cli.mm, ["--help"], terminal_width=80).stdout
    assert all(f"{code}  " in told for code in (0, 1, 2, 4, 6, 130))


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 1, "mm: No space left on device\n"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "mm: /x: Permission denied\n"),
        (Refused("The venue refused."), 1, "mm: The venue refused.\n"),
        (ConfigError("The url is wrong."), 4, "mm: The url is wrong.\n"),
        (EngineFault("The book cannot be trusted."), 6, "mm: The book cannot be trusted.\n"),
        (KeyboardInterrupt(), INTERRUPTED, "\n"),
    ],
)
def test_what_goes_wrong_outside_is_one_line(
    monkeypatch: pytest.MonkeyPatch, fault: BaseException, code: int, words: str
) -> None:
    assert ended(monkeypatch, fault) == (code, words)


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mm.cli, "import_module", lambda _: (_ for _ in ()).throw(ZeroDivisionError))
    assert isinstance(CliRunner().invoke(mm.cli.mm, ["doctor"]).exception, ZeroDivisionError)


def test_control_c_ends_a_demo_with_130_and_no_traceback() -> None:
    with subprocess.Popen([*MM, "demo", "--speed", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == INTERRUPTED
        assert process.stderr.read() == b"\n"


def test_python_m_mm_is_mm() -> None:
    done = subprocess.run([sys.executable, "-m", "mm", "--help"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: mm ")
