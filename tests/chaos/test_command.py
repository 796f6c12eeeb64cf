"""`mm sim serve` as a process, `mm.testing` as a plugin."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mm._core import venue as core

MM = [sys.executable, "-c", "from mm.cli import main; main()", "sim"]


@contextmanager
def serve(*options: str) -> Iterator[subprocess.Popen[str]]:
    """The server as a process, which is gone afterwards whatever happens."""
    with subprocess.Popen([*MM, "serve", "--json", *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(url: str, request: dict[str, object]) -> object:
    body = json.dumps(request).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/info", body), timeout=5) as reply:
        return json.loads(reply.read())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with serve("--seed", "3") as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["url"].startswith("http://127.0.0.1:")
        assert "worthless" in said["keys"]
        user = said["accounts"][0]["address"]
        assert ask(said["url"], {"type": "userRole", "user": user}) == {"role": "user"}
        process.send_signal(number)
        assert process.wait(10) == 0


def test_a_seed_makes_the_same_accounts() -> None:
    said = []
    for seed in ("3", "3", "4"):
        with serve("--seed", seed) as process:
            assert process.stdout is not None
            said.append(json.loads(process.stdout.readline()))
            process.terminate()
            assert process.wait(10) == 0
    assert said[0]["accounts"] == said[1]["accounts"] != said[2]["accounts"]
    assert said[0]["token"] != said[1]["token"]


@pytest.mark.parametrize(
    "options",
    [
        ("--fault", "nonsense=0.1"),
        ("--fault", "ack.lost=2"),
        ("--fault", "ack.lost="),
        ("--fault", "venue.nonsense"),
        ("--market", "wild"),
        ("--market", "NOCOIN=deep"),
        ("--recording", "BTC"),
        ("--recording", "BTC=/nowhere.csv"),
        ("--meta", "/nowhere.json"),
        ("--set", "nonsense=1"),
        ("--set", "front.ip_weight"),
        ("--set", "front.ip_weight=-1"),
        ("--speed", "fast"),
        ("--speed", "nan"),
        ("--port", "99999"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(options: tuple[str, str]) -> None:
    done = subprocess.run([*MM, "serve", *options], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert options[0].lstrip("-") in done.stderr


def test_the_plugin_gives_a_venue_a_test(tmp_path: Path, root: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["mm.testing"]\n')
    (tmp_path / "test_it.py").write_text(
        "def test_it(hl_exchange):\n"
        "    assert hl_exchange.url.startswith('http://127.0.0.1:')\n"
        "    truth = hl_exchange.control.truth()\n"
        "    assert truth[hl_exchange.accounts[0].address]['cash'] == '1000000.0'\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_port_that_is_taken_is_one_line() -> None:
    with serve() as first:
        assert first.stdout is not None
        port = json.loads(first.stdout.readline())["url"].rpartition(":")[2]
        done = subprocess.run([*MM, "serve", "--port", port], capture_output=True, text=True, timeout=20)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"Error: cannot listen on port {port}: it is taken\n"
        first.terminate()
        assert first.wait(10) == 0


def until_quoted(url: str) -> list[list[dict[str, str]]]:
    """The book of BTC, once it has two sides."""
    for _ in range(50):
        book = ask(url, {"type": "l2Book", "coin": "BTC"})
        assert isinstance(book, dict)
        levels: list[list[dict[str, str]]] = book["levels"]
        if all(levels):
            return levels
    raise AssertionError("nobody quotes")


@pytest.mark.shared
def test_it_serves_a_recording_with_real_metas(shared: Path) -> None:
    market = shared / "data" / "market"
    files = [f"BTC={market / f'rec_20250904_BTC_{kind}.csv.zst'}" for kind in ("prices", "trades")]
    meta = shared / "data" / "meta" / "meta_mainnet_20250822.json"
    with serve("--recording", files[0], "--recording", files[1], "--meta", str(meta), "--speed", "max") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        universe = ask(url, {"type": "meta"})
        assert isinstance(universe, dict) and len(universe["universe"]) == 203
        bids, asks = until_quoted(url)
        assert 100_000 < float(bids[0]["px"]) < float(asks[0]["px"]) < 120_000
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_what_it_prints_fits_a_terminal_and_names_the_next_step() -> None:
    with subprocess.Popen([*MM, "serve"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip("\n")]
        while "--agent" not in lines[-1]:
            lines.append(process.stdout.readline().rstrip("\n"))
        process.terminate()
        assert process.wait(10) == 0
    assert max(map(len, lines)) <= 80
    assert f"  agent {lines[-1].split()[1]}" in lines, "the agent to look at is one that was printed"


def test_a_setting_is_set() -> None:
    with serve("--set", "front.ip_weight=20") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        ask(url, {"type": "meta"})
        with pytest.raises(urllib.error.HTTPError, match="429"):
            ask(url, {"type": "meta"})
        process.terminate()
        assert process.wait(10) == 0


def test_settings_are_listed() -> None:
    done = subprocess.run([*MM, "settings"], capture_output=True, text=True, timeout=20)
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert rows == core.settings()


def test_a_fault_that_is_spelt_wrongly_is_guessed() -> None:
    done = subprocess.run([*MM, "serve", "--fault", "userFills.lst"], capture_output=True, text=True, timeout=20)
    assert "did you mean userFills.lost" in done.stderr
    assert len(done.stderr) < 400, "not the whole list"


def test_faults_are_listed_with_the_lines_that_they_play() -> None:
    done = subprocess.run([*MM, "faults"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "X20" in rows["venue.halt"] and "N4" in rows["exchange.reply_lost"]
