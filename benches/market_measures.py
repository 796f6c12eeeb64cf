"""What a market is like, in figures: spread, arrivals, sizes, depth, volatility, what trades tell of the price.

The same measures are taken of a recording of the real venue and of the simulated one; `benches/market.py` puts them
side by side. Everything is in comparable units: prices in basis points of the mid or in ticks, amounts in USD, times
in seconds. Floats throughout: this describes, it does not account.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
HORIZONS_S = (1.0, 10.0, 60.0)


@dataclass(slots=True)
class Recording:
    """Three streams of one market. Times are the venue's, in ms; a gap in them is a lost connection."""

    name: str
    tick: float
    bbo: list[tuple[int, float, float, float, float]] = field(default_factory=list)
    """(time, bid, bid size, ask, ask size), each time the touch changed."""
    trades: list[tuple[int, float, float, int]] = field(default_factory=list)
    """(time, price, size, +1 where a taker bought)."""
    books: list[tuple[int, list[tuple[float, float]], list[tuple[float, float]]]] = field(default_factory=list)
    """(time, bids, asks), best first."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measure: its values, sorted, for quantiles and for the picture."""

    title: str
    unit: str
    values: Floats
    logarithmic: bool = True

    def quantile(self, part: float) -> float:
        """The value below which `part` of all lie; NaN where there are none."""
        return float(np.quantile(self.values, part)) if len(self.values) else float("nan")

    @property
    def mean(self) -> float:
        """The average; NaN where there are none."""
        return float(self.values.mean()) if len(self.values) else float("nan")


GAP_MS = 20_000
"""Silence of the touch for longer than this is a lost connection, not a calm market."""


def sample(title: str, unit: str, values: Sequence[float] | Floats, *, logarithmic: bool = True) -> Sample:
    """A measure of these values."""
    return Sample(title, unit, np.sort(np.asarray(values, dtype=np.float64)), logarithmic)


def measures(market: Recording) -> list[Sample]:
    """All measures of a market, always in the same order."""
    touch = np.asarray(market.bbo, dtype=np.float64).reshape(-1, 5)
    time, bid, bid_sz, ask, ask_sz = touch.T
    mid = (bid + ask) / 2
    takers = taker_orders(market)
    arrivals = [after[0] - before[0] for before, after in pairwise(takers)]
    spaced = np.diff(time)
    result = [
        sample("spread", "bp", weighted(10_000 * (ask - bid) / mid, time)),
        sample("the same spread", "ticks", weighted((ask - bid) / market.tick, time)),
        sample("changes of the touch, apart", "s", spaced[spaced < GAP_MS] / 1_000),
        sample("taker orders, apart", "s", [gap / 1_000 for gap in arrivals if gap < 10 * GAP_MS]),
        sample("a taker order", "USD", [usd for _, usd, _ in takers]),
        sample("queue at the touch", "USD", weighted(np.concatenate([bid * bid_sz, ask * ask_sz]), np.tile(time, 2))),
        sample("depth within 5 bp, a side", "USD", depths(market, 5.0)),
    ]
    for horizon in HORIZONS_S:
        result.append(sample(f"move of the mid in {horizon:g} s", "bp", np.abs(moves(time, mid, horizon))))
    for horizon in HORIZONS_S[:2]:
        told = impact(takers, time, mid, horizon)
        result.append(sample(f"mid after a taker order, {horizon:g} s, its way", "bp", told, logarithmic=False))
    return result


def taker_orders(market: Recording) -> list[tuple[int, float, int]]:
    """(time, USD, side) of what crossed: the trades of one side in one block are nearly always one order."""
    merged: dict[tuple[int, int], float] = {}
    for time, px, sz, side in market.trades:
        merged[time, side] = merged.get((time, side), 0.0) + px * sz
    return sorted((time, usd, side) for (time, side), usd in merged.items())


def weighted(values: Floats, time: Floats) -> Floats:
    """The values as they stood, each second once: a state counts by how long it lasted, not how often it came."""
    half = len(time)
    parts = []
    for begin in range(0, len(values), max(half, 1)):
        when, what = time[:half], values[begin : begin + half]
        order = np.argsort(when, kind="stable")
        when, what = when[order], what[order]
        keep = whole_seconds(when)
        parts.append(what[np.searchsorted(when, keep, side="right") - 1])
    return np.concatenate(parts) if parts else values


def whole_seconds(time: Floats) -> Floats:
    """Every full second at which the stream was alive."""
    if not len(time):
        return time
    seconds = np.arange(time[0], time[-1], 1_000.0)
    before = np.searchsorted(time, seconds, side="right") - 1
    return seconds[seconds - time[before] < GAP_MS]


def moves(time: Floats, mid: Floats, horizon_s: float) -> Floats:
    """Changes of the mid over the horizon, in bp, from every full second; none across a lost connection."""
    at = whole_seconds(time)
    then = at + 1_000 * horizon_s
    alive = (
        np.isin(np.floor((then - time[0]) / 1_000), np.floor((at - time[0]) / 1_000)) if len(at) else at.astype(bool)
    )
    at, then = at[alive], then[alive]
    before = mid[np.searchsorted(time, at, side="right") - 1]
    after = mid[np.searchsorted(time, then, side="right") - 1]
    apart: Floats = 10_000 * (after - before) / before
    return apart


def impact(takers: list[tuple[int, float, int]], time: Floats, mid: Floats, horizon_s: float) -> Floats:
    """How far the mid went in the taker's direction, in bp, from just before the order: what makers lose to."""
    when = np.array([time for time, _, _ in takers], dtype=np.float64)
    side = np.array([side for _, _, side in takers], dtype=np.float64)
    inside = (when > time[0]) & (when + 1_000 * horizon_s < time[-1])
    when, side = when[inside], side[inside]
    before = mid[np.searchsorted(time, when, side="left") - 1]
    after = mid[np.searchsorted(time, when + 1_000 * horizon_s, side="right") - 1]
    apart: Floats = 10_000 * side * (after - before) / before
    return apart


def depths(market: Recording, within_bp: float) -> list[float]:
    """What rests within so many basis points of the mid, in USD, a side, at each snapshot that reaches so far."""
    found = []
    for _, bids, asks in market.books:
        if not bids or not asks:
            continue
        mid = (bids[0][0] + asks[0][0]) / 2
        reach = mid * within_bp / 10_000
        for levels in (bids, asks):
            found.append(sum(px * sz for px, sz in levels if abs(px - mid) <= reach))
    return found
