"""Campaigns by seed: whatever goes wrong, in the end the client believes what the venue knows (`campaign.py`).

SEEDS and MINUTES make them more and longer: `make sim-long`.
"""

import logging
import os
from collections import Counter

import pytest

from mm._core.venue import faults
from tests.simulation.campaign import NEVER, Life, live

SEEDS = int(os.environ.get("SEEDS") or 16)
MINUTES = float(os.environ.get("MINUTES") or 15)
log = logging.getLogger("campaign")
ENOUGH = 16
"""From so many seeds on, every fault must have struck and every thing have happened."""


@pytest.fixture(autouse=True)
def _no_warnings() -> None:
    """What is left on the venue is told by the logger; here it would be told by the thousand."""
    logging.getLogger("mm").setLevel(logging.CRITICAL)


def test_after_everything_that_went_wrong_all_is_exactly_so() -> None:
    lives: list[Life] = []
    failed: list[str] = []
    for seed in range(SEEDS):
        try:
            lives.append(live(seed, MINUTES))
        except AssertionError as error:
            failed.append(f"seed {seed}, {MINUTES} minutes: {error}")
    assert not failed, "\n".join(failed)
    struck: Counter[str] = Counter()
    for one in lives:
        struck.update(one.struck)
        assert one.fills > 0, one
        assert one.steps > 20 * MINUTES, one
    hours = sum(one.hours for one in lives)
    log.info(
        "%d seeds, %.1f simulated hours, %d steps, %d fills, %d deaths, %d faults; at most %.1f s until all agreed",
        *(len(lives), hours, sum(one.steps for one in lives), sum(one.fills for one in lives)),
        *(sum(one.deaths for one in lives), struck.total(), max(one.took_ms for one in lives) / 1_000),
    )
    if SEEDS >= ENOUGH:
        assert sum(one.deaths for one in lives) >= SEEDS
        assert {one.market for one in lives} == {"quiet", "thin", "deep"}
        assert set(struck) == set(faults()) - NEVER


def test_one_seed_is_one_life() -> None:
    assert live(3, 3) == live(3, 3)
