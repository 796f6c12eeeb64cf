"""`mm key`: keys are made and taken over, and never seen."""

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mm.secrets
from mm.cli import mm as cli
from mm.secrets import keystore
from tests.secrets.keys import CANARY, CANARY_ADDRESS, PASSPHRASE, leaks
from tests.secrets.rings import install

CONFIG_WRONG = 4


def run(*arguments: str, typed: str = "") -> Result:
    done = CliRunner().invoke(cli, ["key", *arguments], input=typed, prog_name="mm")
    assert not leaks(done.output)
    assert PASSPHRASE not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def words(private: Path) -> str:
    """A file with the passphrase, as an option."""
    path = private / "words"
    path.touch(0o600)
    path.write_text(f"{PASSPHRASE}\n")
    return f"--passphrase=file:{path}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest cost that may be written: a second less for each test."""
    monkeypatch.setattr(keystore.seal, "__kwdefaults__", {"log_n": 17})


def test_a_fresh_key_in_a_keystore(private: Path, words: str) -> None:
    path = private / "new" / "agent.json"
    done = run("new", f"keystore:{path}", words)
    assert done.exit_code == 0
    address = "0x" + json.loads(path.read_bytes())["address"]
    assert address in done.stdout
    assert "approve it from the master account" in done.stdout
    assert f"mm doctor --account MASTER_ADDRESS --agent-key keystore:{path}" in done.stdout
    words_alone = [line for line in done.stdout.splitlines() if str(path) not in line]
    assert max(map(len, words_alone)) <= 80
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("show-address", f"keystore:{path}").stdout == f"{address}\n"
    assert run("show-address", f"keystore:{path}", "--open", words).stdout == f"{address}\n"
    again = run("new", f"keystore:{path}", words)
    assert (again.exit_code, "is not overwritten" in again.stderr) == (CONFIG_WRONG, True)


@pytest.mark.parametrize("typed", [CANARY, f"0x{CANARY}\n"])
def test_a_key_is_taken_over_from_standard_input(private: Path, words: str, typed: str) -> None:
    path = private / "agent.json"
    done = run("import", f"keystore:{path}", words, typed=typed)
    assert (done.exit_code, CANARY_ADDRESS in done.stdout) == (0, True)
    signer = mm.secrets.load(f"keystore:{path}", mainnet=True, passphrase_from=words.partition("=")[2])
    assert signer.address == CANARY_ADDRESS


def test_a_key_is_taken_over_from_a_prompt(private: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("mm.secrets.command._someone_is_there", lambda: True)

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return CANARY

    monkeypatch.setattr("getpass.getpass", answer)
    assert run("import", f"keystore:{private / 'agent.json'}", words).exit_code == 0
    assert asked == ["Key (64 hexadecimal digits, not shown): "]


@pytest.mark.parametrize("typed", ["", "\n", CANARY[:-1], CANARY + CANARY, "0" * 64, "ff" * 32, "\ud800"])
def test_what_is_no_key_is_not_taken(private: Path, words: str, typed: str) -> None:
    raw = typed.encode(errors="surrogatepass")
    done = CliRunner().invoke(cli, ["key", "import", f"keystore:{private / 'agent.json'}", words], input=raw)
    assert done.exit_code == CONFIG_WRONG
    assert not leaks(done.output)
    assert not (private / "agent.json").exists()


def test_into_and_out_of_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = install(monkeypatch)
    assert run("import", "keyring:maker-1", typed=CANARY).exit_code == 0
    assert run("show-address", "keyring:maker-1").stdout == f"{CANARY_ADDRESS}\n"
    assert run("import", "keyring:maker-1", typed=CANARY).exit_code == CONFIG_WRONG
    assert run("new", "keyring:maker-2").exit_code == 0
    fresh = ring.kept[("mm", "maker-2")]
    assert not leaks(run("show-address", "keyring:maker-2").stdout, fresh)
    ring.trouble = RuntimeError("locked")
    done = run("new", "keyring:maker-3")
    assert (done.exit_code, "RuntimeError" in done.stderr) == (CONFIG_WRONG, True)


def test_the_environment_is_a_source_and_no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K", CANARY)
    assert run("show-address", "env:K").stdout == f"{CANARY_ADDRESS}\n"
    assert run("new", "env:K").exit_code == CONFIG_WRONG


def test_a_key_on_the_command_line_is_not_repeated() -> None:
    for arguments in (
        ["new", CANARY],
        ["import", f"0x{CANARY}"],
        ["show-address", CANARY],
        ["new", "keystore:x", CANARY],
    ):
        done = CliRunner().invoke(cli, ["key", *arguments])
        assert done.exit_code in (2, CONFIG_WRONG)
        assert not leaks(done.output)


@pytest.mark.parametrize(
    "arguments",
    [
        *([CANARY], [f"--{CANARY}"], ["import", "keystore:f", CANARY], ["import", f"--{CANARY}"]),
        *(["new", "keystore:f", PASSPHRASE], ["show-address", "env:A", "--open", f"0x{CANARY}"]),
        *(["new", "keystore:f", f"--key={CANARY}"], ["show-address", "env:A", f"--open={CANARY}"]),
    ],
)
def test_what_is_not_understood_is_not_repeated(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Usage: mm key" in done.stderr and "Error: " in done.stderr


def test_what_is_missing_is_still_named() -> None:
    assert "TARGET" in run("new").stderr
    assert "--key" in run("new", "keystore:f", "--key").stderr


def test_without_a_terminal_nothing_is_asked(private: Path) -> None:
    done = run("new", f"keystore:{private / 'agent.json'}")
    assert (done.exit_code, "There is no terminal" in done.stderr) == (CONFIG_WRONG, True)


def test_a_passphrase_from_a_descriptor(private: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, PASSPHRASE.encode())
    os.close(writer)
    assert run("new", f"keystore:{private / 'agent.json'}", f"--passphrase=fd:{reader}").exit_code == 0


def test_a_directory_that_others_may_enter_is_no_place_for_a_key(private: Path, words: str) -> None:
    open_to_all = private / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    done = run("new", f"keystore:{open_to_all / 'agent.json'}", words)
    assert (done.exit_code, "chmod 700" in done.stderr) == (CONFIG_WRONG, True)
    assert not list(open_to_all.iterdir())


def test_no_crash_of_it_leaves_its_memory_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_CORE)
    monkeypatch.setenv("K", CANARY)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        assert run("show-address", "env:K").exit_code == 0
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
