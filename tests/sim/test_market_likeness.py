"""The simulated markets are of the order of the recorded ones, measure by measure."""

import math
import os
from pathlib import Path

import pytest
from benches.market import PAIRS, recorded, simulated
from benches.market_measures import Sample, measures

SHARED = Path(os.environ.get("MM_SHARED", "../shared")) / "data" / "market"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"no recordings in {SHARED}"),
]
SECONDS = 900
FACTOR = 4.0
"""How far a figure may be from the recorded one: another coin has another tick, and another day another market."""


def figures(sample: Sample) -> dict[str, float]:
    """Those that say what a measure is like; of a signed one only its mean has an order of magnitude."""
    if not sample.logarithmic:
        return {"mean": sample.mean}
    return {"half": sample.quantile(0.5), "a tenth above": sample.quantile(0.9), "mean": sample.mean}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_every_figure_is_of_the_order_of_the_recorded_one(pair: tuple[str, str, float, str, float, str]) -> None:
    habits, coin, tick, pattern, real_tick, _ = pair
    wrong = []
    for real, made in zip(
        measures(recorded(pattern, real_tick)), measures(simulated(habits, coin, tick, SECONDS, 1)), strict=True
    ):
        for name, wanted in figures(real).items():
            got = figures(made)[name]
            # Where the recorded figure is nothing (a mid that stood still), so must ours nearly be.
            like = abs(got) < 0.5 if wanted == 0 else got > 0 and abs(math.log(got / wanted)) <= math.log(FACTOR)
            if not like:
                wrong.append(f"{real.title}, {name}: recorded {wanted:.3g}, simulated {got:.3g} {real.unit}")
    assert not wrong, "\n".join(wrong)
