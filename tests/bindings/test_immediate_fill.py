"""Executed quantity is a join: an amount in the answer and trades on the stream are never both counted."""

# mypy: disable-error-code="comparison-overlap"
# A Decimal equals an int or a Fraction of the same value, in a tuple too; mypy sees the types only.

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations

import pytest

import mm
from tests.bindings.helpers import OID, T0, TID, D, fill, new, place, rest, state

TRADES = (("0.4", "0"), ("0.2", "0.4"), ("0.4", "0.6"))

Fact = Callable[[mm.Engine], object]


def test_partial_immediate_fill_multiple_ws_fills() -> None:
    engine = new()
    cloid = place(engine)
    engine.finalize_pending_by_cloid(cloid, OID, "0.6", "100", T0 + 1)
    assert engine.position("BTC").size == D("0.6")
    assert state(engine) is mm.OrderState.PartialFilled
    assert engine.get_immediate_fill_remaining(OID) == D("0.6")
    seen = []
    for n, (sz, start) in enumerate(TRADES):
        done = engine.process(fill(sz, start, tid=TID + n, time=T0 + n))
        remaining = engine.get_immediate_fill_remaining(OID)
        seen.append((engine.position("BTC").size, done.skipped, done.applied, remaining, done.state))
        assert not done.duplicate
        assert done.state is state(engine)
    partial, filled = mm.OrderState.PartialFilled, mm.OrderState.Filled
    assert seen == [
        (D("0.6"), D("0.4"), D(0), D("0.2"), partial),
        (D("0.6"), D("0.2"), D(0), D(0), partial),
        (D(1), D(0), D("0.4"), D(0), filled),
    ]


def answer(cloid: str) -> Fact:
    return lambda engine: engine.finalize_pending_by_cloid(cloid, OID, "0.6", "100", T0 + 1)


def trade(n: int, cloid: str | None) -> Fact:
    sz, start = TRADES[n]
    return lambda engine: engine.process(fill(sz, start, tid=TID + n, time=T0 + n, cloid=cloid))


@pytest.mark.parametrize("named", [True, False], ids=["fills carry the cloid", "fills carry no cloid"])
def test_the_same_facts_in_every_order_and_repeated(named: bool) -> None:
    """4! orders, each followed by each of the 4! orders again: 576 histories, one end."""
    digests = set()
    amounts = (Decimal("0.6"), *(Decimal(sz) for sz, _ in TRADES))
    for first in permutations(range(4)):
        for again in permutations(range(4)):
            engine = new()
            cloid = place(engine)
            engine.on_position("BTC", "0", T0 - 1, now_ms=T0)
            facts = [answer(cloid), *(trade(n, cloid if named else None) for n in range(3))]
            told: set[int] = set()
            for which in (*first, *again):
                facts[which](engine)
                told.add(which)
                traded = sum((amounts[n] for n in told if n), Decimal(0))
                executed = max(traded, amounts[0] if 0 in told else Decimal(0))
                assert engine.position("BTC").size == executed, (first, again, told)
            order = engine.get_order(OID)
            assert order is not None
            assert (order.cum_qty, order.leaves_qty) == (1, 0)
            assert order.state is mm.OrderState.Filled
            assert order.cloid == cloid
            assert engine.get_immediate_fill_remaining(OID) == 0
            engine.tick(T0 + 100)
            digests.add(engine.digest())
    assert len(digests) == 1


@pytest.mark.parametrize("order_of_facts", list(permutations(range(4))))
def test_each_fact_twice_in_a_row(order_of_facts: tuple[int, ...]) -> None:
    engine = new()
    cloid = place(engine)
    facts = [answer(cloid), *(trade(n, cloid) for n in range(3))]
    for which in order_of_facts:
        for _ in range(2):
            facts[which](engine)
    assert engine.position("BTC").size == 1
    assert state(engine) is mm.OrderState.Filled


def test_pre_register_raises_the_answered_amount_and_never_lowers_it() -> None:
    engine = new()
    cloid = place(engine)
    engine.finalize_pending_by_cloid(cloid, OID, now_ms=T0)
    engine.pre_register_immediate_fill(OID, "0.6", "100", T0)
    engine.pre_register_immediate_fill(OID, "0.2", "100", T0)
    engine.pre_register_immediate_fill(OID, "0.6", "100", T0)
    assert engine.get_immediate_fill_remaining(OID) == D("0.6")
    assert engine.position("BTC").size == D("0.6")


def test_the_whole_size_by_the_answer_is_filled_immediately() -> None:
    engine = new()
    cloid = place(engine)
    engine.finalize_pending_by_cloid(cloid, OID, "1", "100", T0)
    assert state(engine) is mm.OrderState.FilledImmediately
    done = engine.process(fill())
    assert (done.applied, done.skipped) == (0, 1)
    assert engine.position("BTC").size == 1


def test_part_filled_at_placement_stays_in_the_quoting_loop() -> None:
    engine = new()
    cloid = place(engine)
    engine.finalize_pending_by_cloid(cloid, OID, "0.6", "100", T0)
    (order,) = engine.get_all_by_side("BTC", mm.Side.BUY)
    assert (order.cloid, order.cum_qty, order.leaves_qty) == (cloid, D("0.6"), D("0.4"))
    assert order.is_active
    assert not engine.get_all_by_side("BTC", "A")


def test_money_is_provisional_until_trades_tell_it() -> None:
    engine = new()
    cloid = place(engine, px="101")
    engine.finalize_pending_by_cloid(cloid, OID, "1", "100.5", T0)
    position = engine.position("BTC")
    assert (position.provisional, position.fills, position.fees) == (1, 0, {})
    assert position.cash == D("-100.5")
    engine.process(fill("0.5", "0", px="100.4", tid=1))
    engine.process(fill("0.5", "0.5", px="100.6", tid=2))
    position = engine.position("BTC")
    assert (position.provisional, position.unproven + position.proven) == (0, 1)
    assert position.cash == D("-100.5")
    assert position.fees == {"USDC": D("0.02")}
    order = engine.get_order(OID)
    assert order is not None
    assert order.avg_px == D("100.5")


@pytest.mark.parametrize("early", [True, False])
def test_a_fill_without_cloid_before_the_answer_is_found_again(early: bool) -> None:
    engine = new()
    cloid = place(engine)
    if early:
        assert engine.process(fill("0.4")).cloid is None
        assert engine.position("BTC").size == D("0.4")
    engine.finalize_pending_by_cloid(cloid, OID, "0.6", "100", T0)
    if not early:
        engine.process(fill("0.4"))
    order = engine.get_by_cloid(cloid)
    assert order is not None
    assert (order.oid, order.cum_qty, order.foreign) == (OID, D("0.6"), False)
    assert engine.get_immediate_fill_remaining(OID) == D("0.2")
    assert engine.position("BTC").size == D("0.6")


def test_a_self_trade_is_two_fills() -> None:
    engine = new()
    rest(engine, OID)
    rest(engine, OID + 1, side="A")
    assert not engine.process(fill("1", "0")).duplicate
    assert not engine.process(fill("1", "0", oid=OID + 1, side="A")).duplicate
    assert engine.position("BTC").size == 0
    assert engine.position("BTC").fills == 2


def test_system_fills_share_tid_zero() -> None:
    engine = new()
    first, second = fill("1", "0", tid=0), fill("2", "1", tid=0)
    for one in (first, second, first, second):
        engine.process(one)
    assert engine.position("BTC").size == 3


def test_the_same_key_with_another_payload_is_a_contradiction() -> None:
    engine = new()
    rest(engine)
    engine.process(fill("0.4"))
    done = engine.process(fill("0.5"))
    assert any(isinstance(effect, mm.Effect.Contradiction) for effect in done.effects)
    assert engine.position("BTC").size == D("0.4")


def test_an_overfill_is_told_and_booked() -> None:
    engine = new()
    rest(engine)
    done = engine.process(fill("1.5"))
    (overfill,) = [effect for effect in done.effects if isinstance(effect, mm.Effect.Overfill)]
    assert (overfill.oid, overfill.sz, overfill.executed) == (OID, 1, D("1.5"))
    assert engine.position("BTC").size == D("1.5")


def test_a_shrinking_reduce_only_order_has_not_filled() -> None:
    engine = new()
    cloid = place(engine, reduce_only=True)
    engine.finalize_pending_by_cloid(cloid, OID, now_ms=T0)
    engine.on_order_update("BTC", "B", OID, "reduceOnlyCanceled", "100", "0.3", "1", T0 + 5, cloid, True, T0 + 5)
    order = engine.get_order(OID)
    assert order is not None
    assert order.cum_qty == 0
    assert engine.position("BTC").size == 0


def test_a_cancel_states_what_was_executed() -> None:
    engine = new()
    cloid = rest(engine)
    engine.on_order_update("BTC", "B", OID, "canceled", "100", "0.3", "1", T0 + 5, cloid, now_ms=T0 + 5)
    order = engine.get_order(OID)
    assert order is not None
    assert (order.cum_qty, order.legs[0].stated) == (D("0.7"), D("0.7"))
    assert not order.is_terminal, "the trades may still come"
    engine.process(fill("0.7"))
    assert engine.position("BTC").size == D("0.7")


def test_an_engine_that_was_told_where_it_began_counts_no_amount_twice() -> None:
    """The first fill ever seen says that the position was 0.4: that is the 0.4 which an answer told already."""
    engine = new()
    engine.on_position("BTC", "0", T0 - 1, now_ms=T0)
    first, second = place(engine), place(engine)
    engine.finalize_pending_by_cloid(first, OID, "0.4", "100", T0)
    engine.process(fill("0.2", "0.4", oid=OID + 1, cloid=second))
    position = engine.position("BTC")
    assert (position.size, position.provisional, position.missing) == (D("0.6"), D("0.4"), D("0.4"))


def test_a_self_trade_breaks_no_chain() -> None:
    engine = new()
    engine.on_position("BTC", "0", T0, now_ms=T0)
    rest(engine, OID)
    rest(engine, OID + 1, side="A")
    engine.process(fill("1", "0"))
    engine.process(fill("1", "0", oid=OID + 1, side="A"))
    engine.process(fill("1", "0", oid=OID + 2, tid=TID + 1, time=T0 + 50))
    assert engine.gaps("BTC") == []


def test_refute_takes_back_a_claim_that_was_false() -> None:
    engine = new()
    cloid = place(engine)
    engine.finalize_pending_by_cloid(cloid, OID, "1", "100", T0)
    engine.refute(OID, T0 + 60_000)
    assert engine.position("BTC").size == 0
    assert engine.get_immediate_fill_remaining(OID) == 0
