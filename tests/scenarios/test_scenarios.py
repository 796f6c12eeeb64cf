"""The incidents of other makers, and the order state matrices of FIX, as journals: see `journal.py` for the format."""

import re
from pathlib import Path

import pytest

from mm import Effect, errors
from tests.conftest import ROOT
from tests.scenarios.journal import UPDATE, Line, Play, Scenario, orders_of, rewrite, scenarios

SCENARIOS = scenarios()
INCIDENTS = ROOT / "docs" / "incidents.md"
# What only other parts of the tree raise.
NOT_THE_ENGINES = {
    *("MmError", "UsageError", "ConfigError", "VenueError", "Refused", "NotSent", "OutcomeUnknown", "Unreadable"),
}


def play(scenario: Scenario, chosen: list[Line] | None = None) -> Play:
    """Plays it to the end; where it comes in any order, in this one."""
    played = Play(scenario.head)
    for line in scenario.lines:
        if "any_order" in line:
            for call in line["any_order"] if chosen is None else chosen:
                played.call(call)
        elif "do" in line:
            effects = played.call(line)
            if UPDATE and effects != line.get("effects", []):
                line["effects"] = effects
            assert effects == line.get("effects", []), line
        see = line.get("see", {})
        assert played.look(see) == see, line
    return played


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario) -> None:
    first = play(scenario)
    assert play(scenario).engine.digest() == first.engine.digest(), "a replay is another state"
    for line in scenario.lines:
        for order in orders_of(line.get("any_order", []), line.get("times", 1)) if "any_order" in line else ():
            assert play(scenario, order).engine.digest() == first.engine.digest(), order


def test_every_scenario_has_its_own_name() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names)) > 50
    assert all(scenario.head["fact"] and scenario.lines for scenario in SCENARIOS)


def seen_anywhere() -> set[str]:
    seen: set[str] = set()
    for scenario in SCENARIOS:
        seen |= play(scenario).seen
    return seen


def test_every_effect_and_every_mistake_is_in_some_scenario() -> None:
    seen = seen_anywhere()
    effects = {name for name in vars(Effect) if name[0].isupper()}
    assert len(effects) > 10
    assert effects <= seen, effects - seen
    mistakes = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.MmError)
    }
    assert mistakes - NOT_THE_ENGINES - {"EngineFault"} <= seen, mistakes - seen


def rows() -> dict[str, str]:
    """number -> where, of the table in docs/incidents.md."""
    return dict(re.findall(r"^\| ([A-Z]\d+[a-z]?) \| (.+) \|$", INCIDENTS.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_table_of_incidents_tells_where_each_is_tested() -> None:
    names = {scenario.head["scenario"] for scenario in SCENARIOS}
    for number, where in rows().items():
        for kind, name in re.findall(r"`([a-z_/.]+?)(?:::|:)([\w.]+)`", where):
            if kind.endswith(".jsonl"):
                assert name in names, f"{number}: {kind} has no scenario {name}"
            else:
                assert f"fn {name}" in source(kind) or f"def {name}" in source(kind), f"{number}: no {name} in {kind}"
        assert "`" in where or "waits for" in where, f"{number} is tested nowhere and waits for nothing"


def source(kind: str) -> str:
    path: Path = ROOT / kind
    assert path.exists(), kind
    return path.read_text(encoding="utf-8")


def test_every_scenario_is_in_the_table() -> None:
    told = INCIDENTS.read_text(encoding="utf-8")
    incidents = [s for s in SCENARIOS if re.fullmatch(r"[SGD]\d+[a-z]?", s.head["scenario"])]
    assert not [s.name for s in incidents if f"{s.path.name}:{s.head['scenario']}`" not in told]


@pytest.mark.shared
def test_every_incident_of_the_list_is_in_the_table(shared: Path) -> None:
    listed = re.findall(r"^\| ([SGD]\d+) \|", (shared / "incidents.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) > 100
    assert not [number for number in listed if number not in rows()]


@pytest.mark.skipif(not UPDATE, reason="writes the effects anew, with UPDATE=1")
def test_write_the_effects_anew() -> None:
    for scenario in SCENARIOS:
        play(scenario)
    rewrite(SCENARIOS)
