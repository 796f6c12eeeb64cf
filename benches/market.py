"""The simulated market beside recordings of the real one: a table of figures, and a picture of them.

    python -m benches.market                     the table
    python -m benches.market --picture FILE.svg  the picture, too
    python -m benches.market --seconds 3600      a longer simulation

Needs the recordings ($MM_SHARED, by default ../shared); they are measured, and nothing of them is kept.
"""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

from benches.market_measures import Recording, Sample, measures
from benches.market_picture import picture

from mm._core.venue import Venue
from mm.sim.recording import Level, read_recording

SHARED = Path(os.environ.get("MM_SHARED", "../shared")) / "data" / "market"
PAIRS = [
    (
        "deep",
        "ETH",
        0.1,
        "rec_20250904_ETH_*",
        0.1,
        "a large market: recorded ETH, 35 min of 2025-09-04; simulated “deep”",
    ),
    (
        "thin",
        "HYPE",
        0.001,
        "rec_20250904_WLFI_*",
        1e-5,
        "a small one: recorded WLFI, the same 35 min; simulated “thin”",
    ),
]
"""(habits, simulated coin, its tick, recording, its tick, heading)."""
START_MS = 1_790_000_000_000
SETTLING_MS = 30_000
SLICE_MS = 1_000
QUANTILES = (0.1, 0.5, 0.9, 0.99)


def recorded(pattern: str, tick: float) -> Recording:
    """A recording of the real venue."""
    market = Recording(pattern, tick)
    for row in read_recording(sorted(SHARED.glob(pattern))):
        match row:
            case ("touch", time, bid, ask):
                _touch(market, time, bid, ask)
            case ("trade", time, side, px, sz):
                market.trades.append((time, float(px), float(sz), 1 if side == "B" else -1))
            case ("book", time, bids, asks):
                market.books.append((time, _floats(bids), _floats(asks)))
    return market


def simulated(habits: str, coin: str, tick: float, seconds: int, seed: int) -> Recording:
    """The same three streams of a simulated market, read from its socket as any client would."""
    venue = Venue(seed, start_ms=START_MS, market={coin: habits})  # type: ignore[dict-item]
    socket = venue.open_socket()
    for kind in ({"type": "bbo"}, {"type": "trades"}, {"type": "l2Book"}):
        message = {"method": "subscribe", "subscription": {**kind, "coin": coin}}
        venue.socket_message(socket, json.dumps(message).encode())
    market = Recording(habits, tick)
    for time in range(START_MS, START_MS + SETTLING_MS + 1_000 * seconds, SLICE_MS):
        for out in venue.advance(time):
            if out[0] == "frame" and time > START_MS + SETTLING_MS:
                _take(market, json.loads(out[2]))
    venue.check()
    return market


def _take(market: Recording, frame: dict[str, object]) -> None:
    data = frame.get("data")
    match frame.get("channel"), data:
        case "bbo", {"time": int(time), "bbo": [dict(bid), dict(ask)]}:
            _touch(market, time, (bid["px"], bid["sz"]), (ask["px"], ask["sz"]))
        case "trades", list(trades):
            for trade in trades:
                side = 1 if trade["side"] == "B" else -1
                market.trades.append((trade["time"], float(trade["px"]), float(trade["sz"]), side))
        case "l2Book", {"time": int(time), "levels": [list(bids), list(asks)]}:
            sides = [_floats([(one["px"], one["sz"]) for one in side]) for side in (bids, asks)]
            market.books.append((time, sides[0], sides[1]))


def _touch(market: Recording, time: int, bid: Level, ask: Level) -> None:
    row = (time, float(bid[0]), float(bid[1]), float(ask[0]), float(ask[1]))
    if not market.bbo or time > market.bbo[-1][0]:
        market.bbo.append(row)


def _floats(levels: list[Level]) -> list[tuple[float, float]]:
    return [(float(px), float(sz)) for px, sz in levels]


def table(pairs: list[tuple[Sample, Sample]]) -> Iterator[str]:
    """Lines of Markdown: for each measure, recorded / simulated at some quantiles."""
    heads = ["measure", "unit", *(f"{part:.0%}" for part in QUANTILES), "mean"]
    yield f"| {' | '.join(heads)} |"
    yield f"| --- | --- |{' ---: |' * (len(QUANTILES) + 1)}"
    for real, made in pairs:
        cells = [f"{_short(real.quantile(p))} / {_short(made.quantile(p))}" for p in QUANTILES]
        cells.append(f"{_short(real.mean)} / {_short(made.mean)}")
        yield f"| {real.title} | {real.unit} | {' | '.join(cells)} |"


def _short(value: float) -> str:
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{letter}"
    return f"{value + 0.0:.2g}" if abs(value) < 1 else f"{value:.3g}"


def main() -> None:
    """Measure, print, and draw where wanted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--seconds", type=int, default=2_100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not SHARED.is_dir():
        parser.error(f"there are no recordings in {SHARED}: set MM_SHARED")
    drawn = []
    for habits, coin, tick, pattern, real_tick, heading in PAIRS:
        real = measures(recorded(pattern, real_tick))
        made = measures(simulated(habits, coin, tick, options.seconds, options.seed))
        pairs = list(zip(real, made, strict=True))
        print(f"\n{heading}\n", *table(pairs), sep="\n")
        drawn.append((heading, pairs))
    if options.picture is not None:
        title = "Recorded and simulated markets: how much lies below a value"
        options.picture.write_text(picture(title, drawn), encoding="utf-8")


if __name__ == "__main__":
    main()
