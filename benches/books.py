"""What a book costs: a frame of twenty levels a side until best bid and ask are out, beside `json` and `orjson`.

    python benches/books.py [--rounds 9]

All sides read the same frames in turns, in one run; what disturbs the machine disturbs all. The twins do what is done by
hand in Python: parse, take both sides, make `Decimal` of the best prices (with floats they are no exact book). The figures
are CPU time of the thread. Exit 1 when a demand is missed.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from mm.wire import decode, read_answer

FRAMES = 2_000
Read = Callable[[bytes], object]


@dataclass(frozen=True)
class Row:
    """A job on each of some frames: ours, the twins', and what is demanded (µs)."""

    key: str
    job: str
    must_us: float | None
    frames: Sequence[bytes]
    ours: Read
    twins: dict[str, Read]


def book(seed: int) -> bytes:
    """An `l2Book` frame as the venue writes it; the lengths of its numbers vary."""

    def side(first: int, step: int) -> str:
        levels = (
            f'{{"px":"{first + step * i}.0","sz":"{(seed * 7 + i * 31) % 40}.{(seed * 131 + i * 977) % 99_999 + 1:05}","n":{1 + (seed + i) % 30}}}'
            for i in range(20)
        )
        return ",".join(levels)

    bid = 83_757 + seed % 500
    levels = f"[[{side(bid, -1)}],[{side(bid + 1, 1)}]]"
    return (
        f'{{"channel":"l2Book","data":{{"coin":"BTC","time":{1_790_358_575_700 + seed},"levels":{levels}}}}}'.encode()
    )


def bbo(seed: int) -> bytes:
    """A `bbo` frame."""
    bid = 83_757 + seed % 500
    best = f'[{{"px":"{bid}.0","sz":"22.{seed % 9999 + 1:05}","n":81}},{{"px":"{bid + 1}.0","sz":"0.00016","n":1}}]'
    return f'{{"channel":"bbo","data":{{"coin":"BTC","time":{1_790_358_575_700 + seed},"bbo":{best}}}}}'.encode()


def answer(seed: int) -> bytes:
    """An answer to ten orders."""
    orders = ",".join(
        f'{{"resting":{{"oid":{556_696_349_186 + seed * 10 + i},"cloid":"0x{seed:032x}"}}}}' for i in range(10)
    )
    return f'{{"status":"ok","response":{{"type":"order","data":{{"statuses":[{orders}]}}}}}}'.encode()


def our_best(frame: bytes) -> object:
    event: Any = decode(frame)
    return event.bid.px, event.ask.px


def book_by(load: Callable[[bytes], Any]) -> Read:
    def best(frame: bytes) -> object:
        bids, asks = load(frame)["data"]["levels"]
        return Decimal(bids[0]["px"]), Decimal(asks[0]["px"])

    return best


def bbo_by(load: Callable[[bytes], Any]) -> Read:
    def best(frame: bytes) -> object:
        bid, ask = load(frame)["data"]["bbo"]
        return Decimal(bid["px"]), Decimal(ask["px"])

    return best


def our_oids(body: bytes) -> object:
    return [outcome.oid for outcome in read_answer(body, 10)]  # type: ignore[union-attr]


def oids_by(load: Callable[[bytes], Any]) -> Read:
    def oids(body: bytes) -> object:
        return [status["resting"]["oid"] for status in load(body)["response"]["data"]["statuses"]]

    return oids


def rows() -> list[Row]:
    def twins(by: Callable[[Callable[[bytes], Any]], Read]) -> dict[str, Read]:
        return {"json": by(json.loads), "orjson": by(orjson.loads)}

    made = range(FRAMES)
    return [
        Row(
            "l2book",
            "l2Book frame of 20 x 2 levels -> best bid and ask",
            2.5,
            list(map(book, made)),
            our_best,
            twins(book_by),
        ),
        Row("bbo", "bbo frame -> best bid and ask", None, list(map(bbo, made)), our_best, twins(bbo_by)),
        Row("answer", "answer to ten orders -> ten oids", None, list(map(answer, made)), our_oids, twins(oids_by)),
    ]


def once(read: Read, frames: Sequence[bytes]) -> float:
    """CPU time in µs for one of the frames."""
    start = time.thread_time_ns()
    for frame in frames:
        read(frame)
    return (time.thread_time_ns() - start) / len(frames) / 1_000


def measure(row: Row, rounds: int) -> dict[str, float]:
    """The medians, by reader; each reads the same first."""
    readers = {"mm": row.ours, **row.twins}
    told = [[read(frame) for frame in row.frames[:50]] for read in readers.values()]
    assert all(one == told[0] for one in told), row.key
    figures: dict[str, list[float]] = {name: [] for name in readers}
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, read in readers.items():
            figures[name].append(once(read, row.frames))
    gc.enable()
    return {name: statistics.median(times) for name, times in figures.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    missed = []
    print("| job | mm | json | orjson | must |\n| --- | --- | --- | --- | --- |")
    for row in rows():
        times = measure(row, rounds)
        ours = times["mm"]
        twins = " | ".join(f"{times[name]:.2f} µs ({times[name] / ours:.1f}x)" for name in ("json", "orjson"))
        must = "" if row.must_us is None else f"<= {row.must_us} µs"
        print(f"| {row.job} | {ours:.2f} µs | {twins} | {must} |")
        if row.must_us is not None and ours > row.must_us:
            missed.append(row.key)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
