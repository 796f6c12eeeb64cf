"""What needs a process of its own: memory, pauses while millions are remembered, flatness. Prints JSON.

python benches/probes.py large FILLS ORDERS TIMES.npy   memory, pauses (ns a call go to the file), flatness
python benches/probes.py twin FILLS ORDERS              the twin's memory
python benches/probes.py import                         time and memory of `import mm`
"""

import ctypes
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CALL_ROWS = 200
CHUNK = 100_000
SMALL_FILLS, SMALL_ORDERS = 100_000, 500
FLAT_ROUNDS, FLAT_ROWS = 9, 10_000


def rss() -> int:
    """Resident bytes of this process, now; what the C library holds and nobody uses is given back first, where it can be."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def status(key: str) -> int:
    """A line of /proc/self/status, in bytes (`VmHWM`: the peak)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def cpu_ns(work: Callable[[], object]) -> int:
    before = time.thread_time_ns()
    work()
    return time.thread_time_ns() - before


def large(fills: int, orders: int, times: str) -> dict[str, Any]:
    """Grows an engine in small batches, each one timed; then asks what a fill costs now, beside a small engine."""
    import numpy as np
    from bulk import SCALE, Bulk, as_text, pieces

    import mm

    bulk = Bulk(orders)
    bulk.chunk(CHUNK)  # whatever NumPy allocates for good is there before the first reading
    bulk = Bulk(orders)
    gc.collect()
    gc.disable()
    engine = mm.Engine()
    empty = rss()
    bulk.open_orders(engine)
    with_orders = rss()
    held_before = dict(engine.stats())
    spent = np.zeros((2, fills // CALL_ROWS), dtype=np.int64)
    n = 0
    for _ in range(fills // CHUNK):
        for piece in pieces(bulk.chunk(CHUNK), CALL_ROWS):
            wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
            engine.process_batch(piece, px_scale=SCALE, sz_scale=SCALE)
            spent[0, n], spent[1, n] = time.thread_time_ns() - cpu, time.perf_counter_ns() - wall
            n += 1
    del piece
    with_fills = rss()
    np.save(times, spent)
    remembered = sum(engine.position(coin).fills for coin in engine.coins())
    assert remembered == fills, f"{remembered} of {fills}"
    made: dict[str, Any] = {
        "fills": fills,
        "orders": orders,
        "bytes_an_order": (with_orders - empty) / orders,
        "bytes_a_fill": (with_fills - with_orders) / fills,
        "peak_bytes": status("VmHWM"),
        "stats_before": held_before,
        "stats": dict(engine.stats()),
    }

    costs: dict[str, dict[str, list[float]]] = {
        "process": {"small": [], "large": []},
        "batch": {"small": [], "large": []},
    }
    for _ in range(FLAT_ROUNDS):
        few = Bulk(SMALL_ORDERS, seed=5)
        small = mm.Engine()
        few.open_orders(small)
        for piece in pieces(few.chunk(SMALL_FILLS), CALL_ROWS):
            small.process_batch(piece, px_scale=SCALE, sz_scale=SCALE)
        for size, side, source in (("small", small, few), ("large", engine, bulk)):
            parts = list(pieces(source.chunk(FLAT_ROWS), CALL_ROWS))
            costs["batch"][size].append(cpu_ns(lambda side=side, parts=parts: _batches(side, parts)) / FLAT_ROWS)
            rows = as_text(source.chunk(FLAT_ROWS))
            costs["process"][size].append(cpu_ns(lambda side=side, rows=rows: _fills(side, rows)) / FLAT_ROWS)
    made["flat"] = {
        kind: {size: statistics.median(values) for size, values in by.items()} for kind, by in costs.items()
    }
    return made


def _batches(engine: Any, parts: list[dict[str, Any]]) -> None:
    for part in parts:
        engine.process_batch(part, px_scale=5, sz_scale=5)


def _fills(engine: Any, rows: list[tuple[Any, ...]]) -> None:
    process = engine.process
    for coin, side, px, sz, oid, tid, ms, start, fee, token, pnl, crossed in rows:
        process(coin, side, px, sz, oid, tid, ms, start, fee, token, pnl, crossed)


def twin(fills: int, orders: int) -> dict[str, Any]:
    """The twin's memory at the same job."""
    from bulk import Bulk, as_text
    from twin import Twin

    bulk = Bulk(orders)
    as_text(bulk.chunk(CHUNK))
    bulk = Bulk(orders)
    gc.collect()
    gc.disable()
    side = Twin("")
    empty = rss()
    bulk.open_orders(side)
    with_orders = rss()
    for _ in range(fills // CHUNK):
        _fills(side, as_text(bulk.chunk(CHUNK)))
    return {"bytes_an_order": (with_orders - empty) / orders, "bytes_a_fill": (rss() - with_orders) / fills}


def import_mm() -> dict[str, Any]:
    before = time.perf_counter_ns()
    import mm

    spent = time.perf_counter_ns() - before
    assert mm.Engine
    return {"ns": spent, "rss": rss()}


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "large":
        answer = large(int(rest[0]), int(rest[1]), rest[2])
    elif what == "twin":
        answer = twin(int(rest[0]), int(rest[1]))
    else:
        answer = import_mm()
    print(json.dumps(answer))
