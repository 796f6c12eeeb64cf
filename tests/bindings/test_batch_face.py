"""The same fills through every door: one state, whatever carried them."""

import json
import random
from collections.abc import Callable
from typing import Any

import nanoarrow as na
import numpy as np
import pytest

import mm
from mm.errors import UsageError
from tests.bindings.helpers import OID, T0, D, fill_json, new, place, unchanged, user_fills

NAMES = (
    "coin",
    "side",
    "px",
    "sz",
    "oid",
    "tid",
    "time",
    "start_position",
    "fee",
    "fee_token",
    "closed_pnl",
    "crossed",
)
INTS = ("oid", "tid", "time")


def made(count: int = 300, seed: int = 1) -> list[tuple[Any, ...]]:
    """Fills of four orders in two coins, chained."""
    rng = random.Random(seed)
    position = {"BTC": 0, "ETH": 0}
    rows = []
    for n in range(count):
        which = rng.randrange(4)
        coin, side = ("BTC", "ETH")[which % 2], "BA"[which // 2]
        lots = rng.randrange(1, 50)
        start = position[coin]
        position[coin] += lots if side == "B" else -lots
        rows.append(
            (
                *(coin, side, f"{100 + n % 7}.5", f"{lots / 100:.2f}", OID + which, rng.getrandbits(50), T0 + n // 3),
                *(f"{start / 100:.2f}", f"0.{n:04d}", "USDC", "0.0", n % 2 == 0),
            )
        )
    return rows


def engine_for() -> mm.Engine:
    engine = new()
    for n in range(4):
        cloid = place(engine, coin=("BTC", "ETH")[n % 2], side="BA"[n // 2], sz="1000")
        engine.finalize_pending_by_cloid(cloid, OID + n, now_ms=T0)
    return engine


def by_process(engine: mm.Engine, rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        assert not engine.process(*row).duplicate


def by_fill(engine: mm.Engine, rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        assert not engine.process(mm.Fill(*row)).duplicate


def as_json(row: tuple[Any, ...]) -> dict[str, Any]:
    coin, side, px, sz, oid, tid, time, start, fee, token, pnl, crossed = row
    return fill_json(
        coin=coin, side=side, px=px, sz=sz, oid=oid, tid=tid, time=time, startPosition=start,
        fee=fee, feeToken=token, closedPnl=pnl, crossed=crossed,
    )  # fmt: skip


def by_frame(engine: mm.Engine, rows: list[tuple[Any, ...]]) -> None:
    assert engine.process_ws(user_fills(*map(as_json, rows))).fills == len(rows)


def by_frames(engine: mm.Engine, rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        frame = {"channel": "user", "data": {"fills": [as_json(row)]}}
        assert engine.process_ws(json.dumps(frame).encode()).fills == 1


def by_rest(engine: mm.Engine, rows: list[tuple[Any, ...]]) -> None:
    assert engine.process_fills(json.dumps([as_json(row) for row in reversed(rows)]).encode()).fills == len(rows)


def numpy_text(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Columns of text; ids and times as integers."""
    made: dict[str, Any] = {}
    for name, column in zip(NAMES, zip(*rows, strict=True), strict=True):
        made[name] = np.array(column, dtype=np.uint64 if name in INTS else None)
    return made


def numpy_scaled(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Columns of integers in 10⁻⁴."""
    columns = numpy_text(rows)
    for name in ("px", "sz", "start_position"):
        columns[name] = np.array([int(D(text) * 10**4) for text in columns[name].tolist()], dtype=np.int64)
    return columns


def by_numpy(engine: mm.Engine, rows: list[tuple[Any, ...]]) -> None:
    assert engine.process_batch(numpy_text(rows)).fills == len(rows)


def by_scaled(engine: mm.Engine, rows: list[tuple[Any, ...]]) -> None:
    assert engine.process_batch(numpy_scaled(rows), px_scale=4, sz_scale=4).fills == len(rows)


def arrow(rows: list[tuple[Any, ...]]) -> Any:
    """The same as one Arrow struct array, read by the C stream."""
    children = []
    for name, column in zip(NAMES, zip(*rows, strict=True), strict=True):
        kind = na.uint64() if name in INTS else na.bool_() if name == "crossed" else na.string()
        children.append(na.c_array(list(column), kind))
    schema = na.struct({name: child.schema for name, child in zip(NAMES, children, strict=True)})
    return na.Array(na.c_array_from_buffers(schema, len(rows), [None], children=children))


def by_arrow(engine: mm.Engine, rows: list[tuple[Any, ...]]) -> None:
    assert engine.process_batch(arrow(rows)).fills == len(rows)


DOORS = [by_process, by_fill, by_frame, by_frames, by_rest, by_numpy, by_scaled, by_arrow]


@pytest.mark.parametrize("door", DOORS)
def test_every_door_leads_to_the_same_state(door: Callable[[mm.Engine, list[tuple[Any, ...]]], None]) -> None:
    rows = made()
    plain, other = engine_for(), engine_for()
    by_process(plain, rows)
    door(other, rows)
    for engine in (plain, other):
        engine.tick(T0 + 1_000)
        engine.check()
    assert other.position("BTC") == plain.position("BTC")
    assert other.position("ETH") == plain.position("ETH")
    assert other.digest() == plain.digest()


@pytest.mark.parametrize("door", DOORS)
def test_in_any_order_and_again(door: Callable[[mm.Engine, list[tuple[Any, ...]]], None]) -> None:
    rows = made()
    plain, other = engine_for(), engine_for()
    by_process(plain, rows)
    shuffled = rows[:]
    random.Random(7).shuffle(shuffled)
    door(other, shuffled)
    by_again = other.process_ws(user_fills(*map(as_json, rows)))
    assert (by_again.fills, by_again.duplicates) == (0, len(rows))
    for engine in (plain, other):
        engine.tick(T0 + 1_000)
    assert other.position("BTC") == plain.position("BTC")
    assert other.digest() == plain.digest()


def test_a_bad_row_refuses_the_batch_whole_and_is_named() -> None:
    """Columns are the caller's own, and a call does all or nothing; what the venue writes comes in frames."""
    columns = numpy_text(made(5))
    columns["px"][2] = "nan"
    engine = engine_for()
    with unchanged(engine), pytest.raises(UsageError, match=r"px.*row 2"):
        engine.process_batch(columns)


def test_columns_that_mean_nothing_here_are_passed_over() -> None:
    columns = numpy_text(made(5))
    columns["strategy"] = columns["coin"]
    assert engine_for().process_batch(columns).fills == 5


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: c.pop("px"),
        lambda c: c.update(px=c["px"][:-1]),
        lambda c: c.update(px=np.array([1.5] * len(c["sz"]))),
        lambda c: c.update(sz=np.array([1.5] * len(c["px"]), dtype=np.float32)),
        lambda c: c.update(tid=np.array([1.5] * len(c["px"]))),
        lambda c: c.update(time=np.array(["x"] * len(c["px"]))),
        lambda c: c.update(px=c["px"].reshape(1, -1)),
    ],
)
def test_wrong_columns_are_refused_whole(spoil: Callable[[dict[str, Any]], object]) -> None:
    engine = engine_for()
    columns = numpy_text(made(10))
    spoil(columns)
    with unchanged(engine), pytest.raises((UsageError, TypeError)):
        engine.process_batch(columns)


@pytest.mark.parametrize("wrong", [None, 1, "text", b"bytes", [], [1], object()])
def test_what_is_no_table_is_refused(wrong: object) -> None:
    engine = engine_for()
    with unchanged(engine), pytest.raises((UsageError, TypeError)):
        engine.process_batch(wrong)


def test_an_empty_batch_is_nothing() -> None:
    engine = engine_for()
    with unchanged(engine):
        report = engine.process_batch({name: column[:0] for name, column in numpy_text(made(1)).items()})
    assert (report.fills, report.duplicates, report.refused, report.effects) == (0, 0, 0, ())


def test_strided_and_reversed_columns_are_read_as_they_stand() -> None:
    rows = made(40)
    columns = {name: np.repeat(column, 2)[::2] for name, column in numpy_text(rows).items()}
    engine, other = engine_for(), engine_for()
    assert engine.process_batch(columns).fills == 40
    assert other.process_batch({name: column[::-1] for name, column in numpy_text(rows).items()}).fills == 40
    assert engine.position("BTC") == other.position("BTC")
