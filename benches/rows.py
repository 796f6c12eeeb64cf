"""The timed rows: the engine and its twin at the same job, in turns, from a cold start each time."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from history import ACCOUNT, FIRST_OID, FillRow, History, cloid, frame, history
from twin import Twin

import mm

Work = Callable[[], None]
"""What is timed; everything before it is prepared."""

BATCH = 10_000
SNAPSHOT = 2_000


@dataclass(frozen=True)
class Row:
    """A job, how to prepare it for either side, and what is demanded."""

    key: str
    job: str
    must_ns: float | None
    must_ratio: float | None
    aim_ns: float | None
    count: int
    engine: Callable[[], Work]
    twin: Callable[[], Work]


@dataclass(frozen=True)
class Timing:
    """Nanoseconds for one of the things counted, one figure a round."""

    cpu: tuple[float, ...]
    wall: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.cpu)

    def summary(self) -> dict[str, float]:
        low, high = min(self.cpu), max(self.cpu)
        return {
            "median": round(self.median, 1),
            "min": round(low, 1),
            "max": round(high, 1),
            "spread": round((high - low) / self.median, 3),
            "wall_median": round(statistics.median(self.wall), 1),
        }


def engine_with(made: History) -> mm.Engine:
    """An engine that has these orders live and no fill yet."""
    engine = mm.Engine(ACCOUNT, instance=7)
    for order in made.orders:
        engine.add_pending_with_cloid(*order[:5])
        engine.finalize_pending_by_cloid(order.cloid, order.oid)
    return engine


def twin_with(made: History) -> Twin:
    """The twin, the same."""
    twin = Twin(ACCOUNT)
    for order in made.orders:
        twin.add_pending_with_cloid(*order[:5])
        twin.finalize_pending_by_cloid(order.cloid, order.oid)
    return twin


# The loops. One for each shape of call, the same for both sides. ------------------------------------------------------


def each_fill(process: Callable[..., object], fills: Sequence[tuple[Any, ...]]) -> None:
    for coin, side, px, sz, oid, tid, ms, start, fee, token, pnl, crossed in fills:
        process(coin, side, px, sz, oid, tid, ms, start, fee, token, pnl, crossed)


def each_item(call: Callable[[Any], object], items: Sequence[Any]) -> None:
    for item in items:
        call(item)


def each_life(side: Any, lives: Sequence[tuple[Any, ...]]) -> None:
    add, finalize, process = side.add_pending_with_cloid, side.finalize_pending_by_cloid, side.process
    for name, coin, letter, limit, px, sz, oid, tid, ms, start, fee, token, pnl, crossed in lives:
        add(name, coin, letter, limit, sz)
        finalize(name, oid)
        process(coin, letter, px, sz, oid, tid, ms, start, fee, token, pnl, crossed)


# The data ------------------------------------------------------------------------------------------------------------


def units(texts: Sequence[str], decimals: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Decimal texts as integers scaled by 10**decimals."""
    made = []
    for text in texts:
        whole, _, fraction = text.partition(".")
        sign = -1 if text.startswith("-") else 1
        made.append(int(whole) * 10**decimals + sign * int(fraction.ljust(decimals, "0")[:decimals]))
    return np.array(made, dtype=np.int64)


def arrays(rows: Sequence[FillRow]) -> dict[str, Any]:
    """The fills as NumPy columns: `process_batch(..., px_scale=PX_SCALE, sz_scale=SZ_SCALE)`."""
    by_name = dict(zip(FillRow._fields, zip(*rows, strict=True), strict=True))
    return {
        "coin": np.array(by_name["coin"]),
        "side": np.array(by_name["side"]),
        "px": units(by_name["px"], PX_SCALE),
        "sz": units(by_name["sz"], SZ_SCALE),
        "oid": np.array(by_name["oid"], dtype=np.uint64),
        "tid": np.array(by_name["tid"], dtype=np.uint64),
        "time": np.array(by_name["time"], dtype=np.uint64),
        "start_position": units(by_name["start_position"], SZ_SCALE),
        "fee": np.array(by_name["fee"]),
        "fee_token": np.array(by_name["fee_token"]),
        "closed_pnl": np.array(by_name["closed_pnl"]),
        "crossed": np.array(by_name["crossed"], dtype=np.bool_),
    }


PX_SCALE = 5
SZ_SCALE = 5


def lists(rows: Sequence[FillRow]) -> dict[str, list[Any]]:
    """The fills as columns of text: what the twin takes a batch as."""
    return {name: list(column) for name, column in zip(FillRow._fields, zip(*rows, strict=True), strict=True)}


def same_end(engine: mm.Engine, twin: Twin) -> None:
    """Both sides did the whole job, to the last unit; else nothing was measured."""
    assert set(twin.books) == set(engine.coins())
    for coin, book in twin.books.items():
        position = engine.position(coin)
        assert (position.size, position.fills, position.gaps) == (book.position, book.fills, ()), coin
        assert (position.volume, position.maker_volume) == (book.volume, book.maker_volume), coin
        assert (position.cash, position.closed_pnl) == (book.cash, book.closed_pnl), coin
        assert position.fees == book.fees, coin
        assert book.tip == book.position, coin
    assert not engine.orders(), "orders are still open"
    assert all(order.state.name.startswith("FILLED") for order in twin.by_oid.values())


def rows(fills: int, orders: int) -> list[Row]:
    """All timed rows over `fills` fills of `orders` orders."""
    made = history(orders, fills)
    plain = [tuple(row) for row in made.fills]
    frames = [frame([row]) for row in made.fills]
    names = {order.oid: order.cloid for order in made.orders}
    named = [frame([row], names=names) for row in made.fills]
    snapshots = [frame(made.fills[at : at + SNAPSHOT], snapshot=True) for at in range(0, fills, SNAPSHOT)]
    batches = [made.fills[at : at + BATCH] for at in range(0, fills, BATCH)]
    columns, texts = [arrays(rows) for rows in batches], [lists(rows) for rows in batches]

    def batch(engine: mm.Engine) -> Callable[[Any], object]:
        return lambda columns: engine.process_batch(columns, px_scale=PX_SCALE, sz_scale=SZ_SCALE)

    check = engine_with(made), twin_with(made)
    each_item(check[0].process_ws, snapshots)
    each_item(check[1].process_batch, texts)
    same_end(*check)

    lives_of = history(fills // 4, fills // 4, seed=2)
    limits = {order.oid: order.px for order in lives_of.orders}
    lives = []
    for n, fill in enumerate(lives_of.fills):  # cloids and oids rise from life to life
        lives.append((cloid(n), fill.coin, fill.side, limits[fill.oid], *fill[2:4], FIRST_OID + n, *fill[5:]))

    def each(items: Sequence[Any], engine: str, twin: str) -> dict[str, Callable[[], Work]]:
        def for_engine() -> Work:
            call = getattr(engine_with(made), engine)
            return lambda: each_item(call, items)

        def for_twin() -> Work:
            call = getattr(twin_with(made), twin)
            return lambda: each_item(call, items)

        return {"engine": for_engine, "twin": for_twin}

    def single(side: Callable[[History], Any]) -> Callable[[], Work]:
        def prepare() -> Work:
            call = side(made).process
            return lambda: each_fill(call, plain)

        return prepare

    def life(side: Callable[[], Any]) -> Callable[[], Work]:
        def prepare() -> Work:
            empty = side()
            return lambda: each_life(empty, lives)

        return prepare

    def batched() -> Work:
        call = batch(engine_with(made))
        return lambda: each_item(call, columns)

    def batched_twin() -> Work:
        call = twin_with(made).process_batch
        return lambda: each_item(call, texts)

    ws = each(frames, "process_ws", "process_ws")
    return [
        Row("process", "one `process()` call a fill, values as text", 330, 5, 275, fills, single(engine_with), single(twin_with)),
        Row("batch", "`process_batch`, 10,000 rows a call", 120, 14, 55, fills, batched, batched_twin),
        Row("ws", f"`process_ws`, one fill a frame ({mean(frames)} bytes) → applied", 500, 6, 410, fills, **ws),
        Row("ws-cloid", f"the same with the order's cloid ({mean(named)} bytes)", None, None, None, fills, **each(named, "process_ws", "process_ws")),
        Row("snapshot", "`process_ws`, snapshot of 2,000", 380, 8, 270, fills, **each(snapshots, "process_ws", "process_ws")),
        Row(
            "life",
            "order life: pending → finalize → fill → filled → retired, three Python calls",
            *(900, 2.2, 650, len(lives)),  # 2,009 ns was the twin's when 900 was set
            life(lambda: mm.Engine(ACCOUNT, instance=7)),
            life(lambda: Twin(ACCOUNT)),
        ),
    ]  # fmt: skip


def mean(frames: Sequence[bytes]) -> int:
    """Mean length."""
    return sum(map(len, frames)) // len(frames)


def once(prepare: Callable[[], Work], count: int) -> tuple[float, float]:
    """CPU time of this thread and wall time, in ns for one of `count`, from a cold start."""
    work = prepare()
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    work()
    cpu, wall = time.thread_time_ns() - cpu, time.perf_counter_ns() - wall
    return cpu / count, wall / count


def measure(row: Row, rounds: int) -> tuple[Timing, Timing]:
    """Engine, twin, engine, twin …: what disturbs the machine disturbs both."""
    figures: tuple[list[tuple[float, float]], ...] = ([], [])
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        figures[0].append(once(row.engine, row.count))
        figures[1].append(once(row.twin, row.count))
    gc.enable()
    engine, twin = (Timing(tuple(c for c, _ in one), tuple(w for _, w in one)) for one in figures)
    return engine, twin
