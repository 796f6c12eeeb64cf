"""One engine, many threads: no lost fill, no torn answer, no deadlock."""

import faulthandler
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

import mm
from tests.bindings.helpers import OID, T0, fill_json, new, place, user_fills

THREADS, EACH = 8, 400


@pytest.fixture(autouse=True)
def no_deadlock() -> Iterator[None]:
    """A deadlock would hang all tests: after two minutes every thread says where it stands, and the run ends."""
    faulthandler.dump_traceback_later(120, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def test_totals_are_exact_under_eight_threads() -> None:
    engine = new()
    for n in range(THREADS):
        cloid = place(engine, sz=str(EACH), side="B" if n % 2 == 0 else "A")
        engine.finalize_pending_by_cloid(cloid, OID + n, now_ms=T0)
    start = threading.Barrier(THREADS)

    def work(n: int) -> None:
        start.wait()
        oid, side = OID + n, "B" if n % 2 == 0 else "A"
        for k in range(EACH):
            tid = 1 + n * EACH + k
            if k % 3 == 0:
                row = fill_json(oid=oid, side=side, tid=tid, time=T0 + k, sz="1.0", startPosition="0.0")
                assert engine.process_ws(user_fills(row), T0 + k).fills == 1
            else:
                args = ("BTC", side, "100", "1", oid, tid, T0 + k, None, "0.01", "USDC", "0", False)
                assert not engine.process(*args).duplicate
                assert engine.process(*args).duplicate
            order = engine.get_order(oid)
            assert order is not None
            assert order.cum_qty == k + 1
            assert order.cum_qty + order.leaves_qty == order.order_qty == EACH
            position = engine.position("BTC")
            assert position.worst_short <= position.size <= position.worst_long
            engine.get_all_by_side("BTC", side)
            if k % 50 == 0:
                engine.tick(T0 + k)
                engine.check()

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, n) for n in range(THREADS)]:
            done.result(timeout=120)
    position = engine.position("BTC")
    assert position.size == 0
    assert position.fills == THREADS * EACH
    assert position.fees == {"USDC": Decimal("0.01") * THREADS * EACH}
    assert position.volume == 100 * THREADS * EACH
    for n in range(THREADS):
        order = engine.get_order(OID + n)
        assert order is not None
        assert order.state is mm.OrderState.Filled
    engine.check()


def test_one_fill_told_by_all_threads_counts_once() -> None:
    engine = new()
    cloid = place(engine)
    engine.finalize_pending_by_cloid(cloid, OID, now_ms=T0)
    start = threading.Barrier(THREADS)
    frame = user_fills(fill_json(sz="0.5"))

    def work(_: int) -> int:
        start.wait()
        return sum(engine.process_ws(frame).fills for _ in range(100))

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(work, range(THREADS))) == 1
    assert engine.position("BTC").size == Decimal("0.5")


def test_cloids_are_never_given_twice() -> None:
    engine = new()
    with ThreadPoolExecutor(THREADS) as pool:
        made = list(pool.map(lambda _: [engine.next_cloid() for _ in range(500)], range(THREADS)))
    flat = [cloid for part in made for cloid in part]
    assert len(set(flat)) == len(flat) == THREADS * 500


def test_the_same_orders_asked_for_by_all_threads_exist_once() -> None:
    """An exception is made with the engine's lock released: making one runs Python, which may change threads."""
    engine = new()
    cloids = [engine.next_cloid() for _ in range(200)]

    def work(_: int) -> int:
        placed = 0
        for cloid in cloids:
            try:
                engine.add_pending_with_cloid(cloid, "BTC", "B", "100", "1", now_ms=T0)
            except mm.DuplicateCloid:
                continue
            placed += 1
        return placed

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(work, range(THREADS))) == len(cloids)
    assert engine.worst_long("BTC") == len(cloids)
