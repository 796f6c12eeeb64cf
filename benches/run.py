"""`make bench`: the engine beside its plain-Python twin, in one run, against the budget.

    python benches/run.py [--quick] [--json] [--update-readme] [--wheel] [--only ROW]...

Figures are medians of rounds in which engine and twin take turns. A nanosecond is one of CPU time of the calling
thread: on a machine shared with others, wall time counts their work, too (it is in `--json` beside). PASS: the ratio to
the twin and the nanoseconds are met; "PASS by ratio": the ratio is, the nanoseconds are not (a slow or busy machine
slows both sides; a nanosecond demand without a ratio is judged by the ratio it had to the twin when it was set).
Exit code 1 if a row fails.
"""

import json
import math
import os
import platform
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"


@dataclass(frozen=True)
class Line:
    """A line of the table, as text, and whether it met what is demanded."""

    job: str
    engine: str
    twin: str
    ratio: str
    must: str
    aim: str
    passed: bool | None
    detail: dict[str, Any]
    by_ratio: bool = False  # the nanoseconds are not met, the ratio is

    def cells(self) -> tuple[str, ...]:
        word = "–" if self.passed is None else "PASS" if self.passed else "FAIL"
        if self.passed and self.by_ratio:
            word = "PASS by ratio"
        return (self.job, self.engine, self.twin, self.ratio, self.must, self.aim, word)


HEAD = ("job", "engine", "twin", "ratio", "must", "aim", "")


def probe(*args: str) -> dict[str, Any]:
    """Runs `probes.py` in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(HERE / "probes.py"), *args], capture_output=True, text=True, check=False, cwd=HERE.parent
    )
    if done.returncode:
        raise SystemExit(f"probes.py {' '.join(args)}:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def timed_lines(quick: bool, only: list[str]) -> list[Line]:
    """The rows that are timed beside the twin."""
    from rows import measure, rows

    lines = []
    for row in rows(40_000 if quick else 200_000, 400 if quick else 2_000):
        if only and row.key not in only:
            continue
        engine, twin = measure(row, 3 if quick else 7)
        ratio = twin.median / engine.median
        demands = [] if row.must_ns is None else [f"≤ {row.must_ns:,.0f} ns"]
        demands += [] if row.must_ratio is None else [f"≥ {row.must_ratio:g}×"]
        lines.append(
            Line(
                row.job,
                ns(engine.median),
                ns(twin.median),
                f"{ratio:.1f}×",
                ", ".join(demands) or "–",
                "–" if row.aim_ns is None else ns(row.aim_ns),
                None if row.must_ratio is None else ratio >= row.must_ratio,
                {"key": row.key, "engine": engine.summary(), "twin": twin.summary(), "ratio": round(ratio, 2)},
                row.must_ns is not None and engine.median > row.must_ns,
            )
        )
        progress(lines[-1])
    return lines


def ns(value: float) -> str:
    return f"{value:,.0f} ns"


def us(value: float) -> str:
    return f"{value / 1_000:,.0f} µs"


def pauses(files: list[str]) -> dict[str, Any]:
    """The longest calls. The engine is deterministic, so a pause of its own recurs at the same call in every pass;
    what the machine adds does not. Hence: for each call the least of the passes, and of these the greatest.
    """
    import numpy as np

    passes = np.stack([np.load(file)[0] for file in files])
    wall = np.stack([np.load(file)[1] for file in files])
    own = passes.min(axis=0)
    worst = np.argsort(own)[::-1][:5]
    return {
        "own_ns": int(own.max()),
        "own_at_call": int(own.argmax()),
        "own_worst": [[int(at), int(own[at])] for at in worst],
        "own_beyond_median_ns": int(own.max() - np.median(own)),
        "calls": int(own.size),
        "calls_over_1ms_in_every_pass": int((own > 1_000_000).sum()),
        "each_pass_max_cpu_ns": [int(one.max()) for one in passes],
        "each_pass_max_wall_ns": [int(one.max()) for one in wall],
        "median_ns": float(np.median(passes)),
    }


def large_lines(quick: bool) -> list[Line]:
    """Memory, pauses, flatness."""
    fills, orders = (1_000_000, 20_000) if quick else (10_000_000, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{n}.npy" for n in range(2)]
        found = [probe("large", str(fills), str(orders), file) for file in files]
        stall = pauses(files)
    twin = probe("twin", str(fills // 10), str(orders))
    order, fill = found[0]["bytes_an_order"], found[0]["bytes_a_fill"]
    lines = [
        Line(
            f"memory: a live order (of {orders:,})",
            f"{order:,.0f} B",
            f"{twin['bytes_an_order']:,.0f} B",
            f"{twin['bytes_an_order'] / max(order, 1):.1f}×",
            "≤ 400 B",
            "200 B",
            order <= 400,
            {"key": "memory-order", "engine": order, "twin": twin["bytes_an_order"]},
        ),
        Line(
            f"memory: a remembered fill (of {fills:,})",
            f"{fill:,.1f} B",
            f"{twin['bytes_a_fill']:,.0f} B",
            f"{twin['bytes_a_fill'] / max(fill, 0.1):.1f}×",
            "≤ 32 B",
            "12 B",
            fill <= 32,
            {"key": "memory-fill", "engine": fill, "twin": twin["bytes_a_fill"], "probe": found},
        ),
    ]
    for kind, job in (("process", "`process()`"), ("batch", "`process_batch`, 200 rows a call")):
        pairs = [(one["flat"][kind]["large"], one["flat"][kind]["small"]) for one in found]
        large, small = (statistics.median(values) for values in zip(*pairs, strict=True))
        lines.append(
            Line(
                f"flatness, {job}: {power(fills)} fills and {power(orders)} live orders against 10⁵ and 500",
                f"{large:,.0f} / {small:,.0f} ns",
                "–",
                f"{large / small:.2f}×",
                "≤ 3×",
                "1.6×",
                large / small <= 3,
                {"key": f"flat-{kind}", "large_ns": large, "small_ns": small},
            )
        )
    lines.append(
        Line(
            f"longest own pause while growing to {power(fills)} fills (200 rows a call)",
            us(stall["own_ns"]),
            "–",
            "–",
            "≤ 1 ms",
            "100 µs",
            stall["own_ns"] <= 1_000_000,
            {"key": "pause", **stall},
        )
    )
    for line in lines:
        progress(line)
    return lines


def power(value: int) -> str:
    """10,000,000 → 10⁷, 20,000 → 2·10⁴."""
    exponent = int(math.log10(value))
    digits = str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    lead = value // 10**exponent
    return f"10{digits}" if lead == 1 else f"{lead}·10{digits}"


def import_lines(quick: bool) -> list[Line]:
    """What `import mm` costs, in new processes."""
    found = [probe("import") for _ in range(3 if quick else 10)]
    spent = [one["ns"] for one in found]
    resident = statistics.median(one["rss"] for one in found)
    trace = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import mm"],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE.parent,
    ).stderr
    cumulative = next((int(line.split("|")[1]) for line in trace.splitlines() if line.endswith("| mm")), 0)
    median = statistics.median(spent)
    detail = {"key": "import", "min_ns": min(spent), "median_ns": median, "x_importtime_us": cumulative}
    lines = [
        Line("`import mm`, time (median of new processes)", f"{median / 1e6:.1f} ms", "–", "–", "< 60 ms", "–", median < 60e6, detail),
        Line("`import mm`, resident memory of the process", f"{resident / 1e6:.1f} MB", "–", "–", "< 40 MB", "–", resident < 40e6, {"key": "import-rss", "bytes": resident}),
    ]  # fmt: skip
    for line in lines:
        progress(line)
    return lines


def wheel_lines() -> list[Line]:
    """The size of a release wheel."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "maturin", "build", "--release", "--out", folder],
            check=True, cwd=HERE.parent, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        size = max(file.stat().st_size for file in Path(folder).glob("*.whl"))
    line = Line("wheel", f"{size / 1e6:.2f} MB", "–", "–", "< 10 MB", "–", size < 10e6, {"key": "wheel", "bytes": size})
    progress(line)
    return [line]


def progress(line: Line) -> None:
    print(f"  {line.job}: {line.engine}", file=sys.stderr)


def machine() -> str:
    """Where this was measured, in a line."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    tuned = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    build = "" if tuned else " configured without --enable-optimizations"
    return f"{model}, {os.cpu_count()} cores, shared; CPython {platform.python_version()}{build}"


def commit() -> str:
    """What was measured."""
    asked = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    return f"commit {told.stdout.strip()}" if told.returncode == 0 else "an unknown commit"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Markdown, aligned so that it reads in a terminal, too."""
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    text = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    rule = " | ".join("-" * max(width, 3) for width in widths)
    return "\n".join(f"| {row} |" for row in [text[0], rule, *text[1:]])


def update_readme(text: str, name: str = "bench") -> None:
    """Rewrites what stands between the two marks of this name."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    whole = README.read_text(encoding="utf-8")
    if whole.count(begin) != 1 or whole.count(end) != 1:
        raise SystemExit(f"{README} has no place for the table: {begin} … {end}")
    before, rest = whole.split(begin)
    README.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def main(argv: list[str]) -> int:
    quick = "--quick" in argv
    only = [argv[at + 1] for at, word in enumerate(argv[:-1]) if word == "--only"]
    unknown = [word for word in argv if word.startswith("-") and word not in FLAGS]
    if unknown or "--help" in argv:
        print(__doc__)
        return 2 if unknown else 0
    sys.path.insert(0, str(HERE))
    lines = timed_lines(quick, only)
    if not only or "large" in only:
        lines += large_lines(quick)
    if not only or "import" in only:
        lines += import_lines(quick)
    if "--wheel" in argv:
        lines += wheel_lines()
    where, shown = machine(), table(HEAD, [line.cells() for line in lines])
    if "--json" in argv:
        print(json.dumps({"machine": where, "quick": quick, "lines": [asdict(line) for line in lines]}, indent=1))
    else:
        print(f"{shown}\n\n{where}. Medians of CPU time; engine and twin in turns.")
    if "--update-readme" in argv:
        note = f"Measured by `make bench` at {commit()} on {where}. The ratio to the twin, taken in turns in the same run, is what counts."
        update_readme(f"\n{shown}\n\n{note}\n")
    return 1 if any(line.passed is False for line in lines) else 0


FLAGS = {"--quick", "--json", "--update-readme", "--wheel", "--only", "--help"}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
