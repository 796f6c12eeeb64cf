"""`make bench`, second part: the wire beside the official SDK, plain JSON readers and the best by hand.

    python benches/wire.py [--quick] [--json] [--update-readme]

Gathers what `signing.py`, `books.py` and `roundtrip.py` measure (each side in turns, in this run) into one table. A
row passes by its ratios where some are demanded, for a slow machine slows all sides; else by its time.
Exit code 1 if a row fails, or if the machine was too noisy to judge one.
"""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

import books
import roundtrip
import signing
from run import HERE, commit, machine, table, update_readme

WORDS = {"sdk": "SDK", "sdk-coincurve": "SDK + coincurve", "by-hand": "by hand", "json": "json", "orjson": "orjson"}


@dataclass(frozen=True)
class Line:
    """One job: our figure, the others' with their ratios to it, what is demanded, and whether it was met."""

    job: str
    ours: str
    beside: str
    must: str
    word: str

    def cells(self) -> tuple[str, ...]:
        return (self.job, self.ours, self.beside, self.must, self.word)


HEAD = ("job", "`mm`", "beside it", "must", "")


def signed(quick: bool) -> list[Line]:
    """From numbers to the bytes of a signed request."""
    lines = []
    for row in signing.rows():
        result = signing.measure(row, 5 if quick else 15)
        others = [side for side in ("by-hand", "sdk-coincurve", "sdk") if side in result.rounds]
        beside = ", ".join(f"{WORDS[one]} {result.median(one):,.0f} µs ({result.ratio(one):.1f}×)" for one in others)
        demands = [f"≤ {row.must_us:.0f} µs", *(f"≥ {r:.0f}× {WORDS[one]}" for one, r in row.must_ratio.items())]
        word = "FAIL" if not result.passed else "PASS" if result.met_us else "PASS by ratio"
        lines.append(Line(row.job, f"{result.median('mm'):.1f} µs", beside, ", ".join(demands), word))
    return lines


def read(quick: bool) -> list[Line]:
    """From the bytes of a message to the numbers that are wanted of it."""
    lines = []
    for row in books.rows():
        times = books.measure(row, 5 if quick else 9)
        ours = times["mm"]
        beside = ", ".join(f"{name} {times[name]:.1f} µs ({times[name] / ours:.1f}×)" for name in ("orjson", "json"))
        must = "–" if row.must_us is None else f"≤ {row.must_us} µs"
        word = "–" if row.must_us is None else "PASS" if ours <= row.must_us else "FAIL"
        lines.append(Line(row.job, f"{ours:.2f} µs", beside, must, word))
    return lines


def answered(quick: bool) -> list[Line]:
    """From a frame on a socket to the signed order on it, over loopback. Every side's tail is told beside its median."""
    found, word = roundtrip.orders(quick)
    must = f"p50 ≤ {roundtrip.P50_MUST_US:.0f} µs, p99 ≤ {roundtrip.TAIL_MUST:g} × p50"
    lines = []
    for cores in dict.fromkeys(row["cores"] for row in found):
        sides = {row["side"]: row for row in found if row["cores"] == cores}
        ours = sides.pop("mm")
        others = [
            f"{roundtrip.WORD[name]} {row['p50']:,.0f} µs (p99 {row['p99']:,.0f}; {row['p50'] / ours['p50']:.1f}×)"
            for name, row in sides.items()
        ]
        job = "frame in → signed order on the socket, loopback, p50" if not lines else f"the same, cores {cores}"
        figure = f"{ours['p50']:.0f} µs (p99 {ours['p99']:.0f})"
        told = ("–", "–") if lines else (must, word)
        lines.append(Line(job, figure, ", ".join(others), *told))
    return lines


def main(argv: list[str]) -> int:
    unknown = [word for word in argv if word not in {"--quick", "--json", "--update-readme"}]
    if unknown:
        print(__doc__)
        return 2
    quick = "--quick" in argv
    lines: list[Line] = []
    for part in (signed, read, answered):
        for line in part(quick):
            print(f"  {line.job}: {line.ours}", file=sys.stderr)
            lines.append(line)
    shown = table(HEAD, [line.cells() for line in lines])
    if "--json" in argv:
        told: dict[str, Any] = {"machine": machine(), "quick": quick, "lines": [asdict(line) for line in lines]}
        print(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        print(f"{shown}\n\n{machine()}. Medians; the sides take turns.")
    if "--update-readme" in argv:
        update_readme(
            f"\n{shown}\n\nMeasured by `make bench` at {commit()} on the same machine; the sides take turns.\n",
            "bench-wire",
        )
    return 1 if any(line.word in ("FAIL", "NOT JUDGED") for line in lines) else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    raise SystemExit(main(sys.argv[1:]))
