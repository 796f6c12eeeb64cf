"""The public example of amount-based deduplication, in the order in which it is told and in all others."""

import itertools
from collections.abc import Callable
from decimal import Decimal

import pytest

from mm import Engine, OrderState, Tif

CLOID = "0x6d6d0001000000000000000000000001"
OID = 7


def placed() -> Engine:
    engine = Engine()
    engine.add_pending_with_cloid(CLOID, "BTC", "B", "100", "1.0", Tif.GTC)
    return engine


def answer(engine: Engine) -> None:
    engine.finalize_pending_by_cloid(CLOID, OID, "0.6", "100")


def trade(tid: int, sz: str, start: str) -> Callable[[Engine], None]:
    def tell(engine: Engine) -> None:
        engine.process("BTC", "B", "100", sz, OID, tid, 1_000 + tid, start)

    return tell


TRADES = [(1, "0.4", "0.0"), (2, "0.2", "0.4"), (3, "0.4", "0.6")]
FACTS = [answer, *(trade(*told) for told in TRADES)]


def test_partial_immediate_fill_multiple_ws_fills() -> None:
    engine = placed()
    answer(engine)
    assert engine.position("BTC").size == Decimal("0.6")
    seen = []
    for tid, sz, start in TRADES:
        applied = engine.process("BTC", "B", "100", sz, OID, tid, 1_000 + tid, start)
        order = engine.get_order(OID)
        assert order is not None
        remaining = engine.get_immediate_fill_remaining(OID)
        seen.append((engine.position("BTC").size, applied.skipped, remaining, order.state))
    partly, filled = OrderState.PartialFilled, OrderState.Filled
    assert seen == [
        (Decimal("0.6"), Decimal("0.4"), Decimal("0.2"), partly),
        (Decimal("0.6"), Decimal("0.2"), Decimal("0.0"), partly),
        (Decimal("1.0"), Decimal("0.0"), Decimal("0.0"), filled),
    ]


@pytest.mark.parametrize("answers", [1, 2])
@pytest.mark.parametrize("copies", list(itertools.product([1, 2], repeat=3)))
def test_in_every_order_and_with_every_repetition(answers: int, copies: tuple[int, ...]) -> None:
    many = [number for number, count in enumerate([answers, *copies]) for _ in range(count)]
    digests, tried = set(), 0
    for order in sorted(set(itertools.permutations(many))):
        engine = placed()
        for number in order:
            FACTS[number](engine)
        found = engine.get_order(OID)
        assert found is not None
        assert found.state == OrderState.Filled, order
        assert found.cum_qty == engine.position("BTC").size == 1, order
        assert engine.get_immediate_fill_remaining(OID) == 0
        digests.add(engine.digest())
        tried += 1
    assert len(digests) == 1
    assert tried > 0


def test_by_hand_the_same() -> None:
    engine = Engine()
    engine.pre_register_immediate_fill(OID, "0.6", "100")
    assert engine.get_immediate_fill_remaining(OID) == Decimal("0.6")
    for told in TRADES:
        trade(*told)(engine)
    engine.add_pending_with_cloid(CLOID, "BTC", "B", "100", "1.0", Tif.GTC)
    engine.finalize_pending_by_cloid(CLOID, OID)
    assert engine.position("BTC").size == 1
    engine.check()
