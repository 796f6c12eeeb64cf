"""`mm doctor` against the simulated venue, which speaks the protocol for itself: nothing of it was made for the doctor."""

import json

import pytest
from click.testing import CliRunner

from mm._core.sign import address_of
from mm.cli import mm as cli
from mm.sim.thread import Simulation


def test_a_maker_of_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulation() as venue:
        maker = venue.accounts[0]
        monkeypatch.setenv("MM_AGENT_KEY", maker.agent_key)
        words = ["--account", maker.address, "--agent-key", "env:MM_AGENT_KEY", "--coin", "BTC", "--seconds", "6"]
        done = CliRunner().invoke(cli, ["doctor", "--url", venue.url, *words, "--json"])
    told = json.loads(done.stdout)
    levels = {finding["check"]: finding["level"] for finding in told["findings"]}
    assert not {"fail", "unread"} & set(levels.values()), told
    assert done.exit_code == 0
    assert {"key", "equity", "fees", "budget", "orders", "min order", "feed"} <= levels.keys()
    assert levels["key"] == levels["min order"] == levels["clock"] == "ok"


def test_the_maker_of_another_account() -> None:
    with Simulation() as venue:
        maker, taker = venue.accounts[:2]
        words = ["--account", taker.address, "--agent", address_of(maker.agent_key), "--seconds", "0.5", "--json"]
        done = CliRunner().invoke(cli, ["doctor", "--url", venue.url, *words])
    told = {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.exit_code == 1
    assert told["key"]["level"] == "fail"
    assert told["key"]["data"]["master"] == maker.address
