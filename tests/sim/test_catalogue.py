"""Every line of the fault tables that a venue can play has a name here, and the page that lists them is true."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mm._core.venue import Venue, settings
from mm._core.venue import faults as of_the_venue
from mm.errors import BadInput
from mm.sim import catalogue
from mm.sim.catalogue import CATALOGUE, Faults
from mm.sim.control import COMMANDS
from tests.sim.test_rows import rows_of

NOT_A_VENUES = {"N12", "N13"}
LINES = [f"N{n}" for n in range(1, 15)] + [f"X{n}" for n in range(1, 24)]


def test_every_line_has_a_name_that_there_is(root: Path) -> None:
    tests = "\n".join(
        path.read_text() for where in ("rust/mm-venue", "tests") for path in (root / where).rglob("test*/*.rs")
    )
    tests += "\n".join(path.read_text() for path in (root / "tests" / "sim").glob("*.py"))
    rows = rows_of(root)
    assert list(rows) == LINES
    for line, by in rows.items():
        if line in NOT_A_VENUES:
            assert by.startswith("not a venue's to do"), line
            continue
        always = re.findall(r"\*always\* \(`(\w+)`\)", by)
        names = set(re.findall(r"`([^`]+)`", by)) - set(always)
        commands, options = set(re.findall(r"⟨(\w+)⟩", by)), set(re.findall(r"\[([\w.]+)\]", by))
        assert names or commands or always, line
        assert names <= CATALOGUE.keys(), (line, names - CATALOGUE.keys())
        assert commands <= COMMANDS.keys(), line
        assert options <= settings().keys(), line
        assert all(f"{test}(" in tests for test in always), (line, always)


def test_what_a_fault_says_it_plays_is_what_the_page_says(root: Path) -> None:
    for line, by in rows_of(root).items():
        for name in set(re.findall(r"`([a-z]+\.[^`]+)`", by)):
            assert line in CATALOGUE[name].lines, (line, name, CATALOGUE[name].lines)


def test_every_fault_has_its_word_and_its_line() -> None:
    assert {name.removeprefix("venue.") for name in CATALOGUE if name.startswith("venue.")} == of_the_venue().keys()
    assert catalogue._ABOUT.keys() == of_the_venue().keys()
    for name, entry in CATALOGUE.items():
        assert entry.about and entry.lines, name
        assert set(entry.lines) <= {*LINES, "C1"}, name


def test_an_unknown_name_is_refused_with_those_that_are_spelt_like_it() -> None:
    faults = Faults(Venue())
    calls: list[Callable[[], None]] = [lambda: faults.rate("venue.hlt", 1), lambda: faults.inject("venue_halt")]
    for call in calls:
        with pytest.raises(BadInput) as caught:
            call()
        assert "did you mean venue.halt" in str(caught.value) and "mm sim faults" in str(caught.value)


@pytest.mark.parametrize("name", sorted(name for name in CATALOGUE if name.startswith("venue.")))
def test_a_fault_of_the_venue_is_switched_on_and_off_by_its_name(name: str) -> None:
    faults = Faults(Venue())
    faults.rate(name, 1_000_000)
    faults.rate(name, 0)
    faults.inject(name, 3, 5)
    faults.heal()
    faults.venue.advance(faults.venue.now_ms + 1_000)
    assert not faults.count()
    calls: list[Callable[[], None]] = [
        *(lambda: faults.rate(name, -1), lambda: faults.inject(name, 0), lambda: faults.inject(name, 1, -1)),
    ]
    for wrong in calls:
        with pytest.raises(BadInput):
            wrong()
