"""docs/doctor.md shows what the program prints, and names every check, option and field that there is."""

import json
import re
from pathlib import Path

import click

from mm.doctor.checks import checks
from mm.doctor.command import doctor
from mm.doctor.facts import Feed
from mm.doctor.screen import as_json, lines
from tests.audit.test_document import part
from tests.doctor.canned import AGENT, MASTER, order
from tests.doctor.facts_of import NOW, facts, streams, wanted
from tests.doctor.test_checks import DIRS, OTHERS, ROLES, agents, limits

WIDTH = 80


def example() -> str:
    """An invented account with a few things to be mended."""
    asked = wanted(url="https://api.hyperliquid.xyz", coins=("BTC", "xyz:GOLD"))
    changes = {**agents(12), **limits(cumVlm="87457.46", nRequestsUsed=92_110, nRequestsCap=97_457)}
    changes["openOrders"] = [order("BTC", 1)]
    slow = {"l2Book_fast": {"median_gap_ms": 1_710}}
    seen = Feed(watched_ms=12_000, streams=(*streams("BTC"), *streams("xyz:GOLD", **slow)))
    told = facts(changes, wanted=asked, feed=seen, weight=242)
    return "\n".join(click.unstyle(line) for line in lines(told, checks(told), width=WIDTH))


def test_the_example_is_what_is_printed(root: Path) -> None:
    called = "$ mm doctor --account 0x51… --agent-key keystore:agent.json --coin BTC --coin xyz:GOLD"
    found, expected = part(root / "docs" / "doctor.md", "example", f"```text\n{called}\n{example()}\n```\n")
    assert found == expected


def test_every_check_is_documented(root: Path) -> None:
    document = (root / "docs" / "doctor.md").read_text(encoding="utf-8")
    made = {finding.check for case in ROLES + OTHERS for finding in checks(case[1])} | {"dex", "run dir"}
    assert DIRS and len(made) == 18
    table = document.partition("## What it checks")[2].partition("## JSON")[0]
    assert made == set(re.findall(r"^\| `([a-z ]+)` \|", table, re.MULTILINE))


def test_every_option_is_documented(root: Path) -> None:
    document = (root / "docs" / "doctor.md").read_text(encoding="utf-8")
    options = {name for option in doctor.params for name in option.opts if name.startswith("--")}
    assert len(options) > 8
    assert not [name for name in sorted(options) if f"`{name}`" not in document]


def test_every_field_of_the_json_is_documented(root: Path) -> None:
    document = (root / "docs" / "doctor.md").read_text(encoding="utf-8")
    told = json.loads(as_json(facts(), checks(facts())))
    assert (told["account"], told["agent"], told["time_ms"]) == (MASTER, AGENT, NOW)
    fields = set(told) | {f"findings[].{name}" for finding in told["findings"] for name in finding}
    fields = {"findings[]" if field == "findings" else field for field in fields}
    assert not [field for field in sorted(fields) if f"`{field}`" not in document]
