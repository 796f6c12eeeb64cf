"""Values read well, compare by what they say, and cannot be changed."""

# mypy: disable-error-code="comparison-overlap"
# A Decimal equals an int or a Fraction of the same value, in a tuple too; mypy sees the types only.

from decimal import Decimal

import pytest

import mm
from tests.bindings.helpers import OID, T0, TID, D, fill, fill_json, new, place, rest, user_fills


def paste(text: str) -> object:
    """What a `repr` means when it is pasted back."""
    names = {name: getattr(mm, name) for name in mm.__all__}
    return eval(text, {"__builtins__": {}}, names | {"Decimal": Decimal, "True": True, "False": False, "None": None})


def story() -> mm.Engine:
    """An engine with a little of everything."""
    engine = new()
    rest(engine, sz="2", tif=mm.Tif.ALO)
    engine.process(fill("0.5", "0"))
    engine.process(fill("0.5", "0.7", tid=TID + 1, time=T0 + 20))
    return engine


def test_fill_says_what_it_was_given() -> None:
    one = fill("0.5", "-1.25", cloid="0x" + "0" * 31 + "1", fee="-0.01", side="A")
    assert (one.coin, one.side, one.px, one.sz, one.oid, one.tid, one.time) == (
        *("BTC", mm.Side.SELL, 100, D("0.5"), OID, TID, T0 + 10),
    )
    assert (one.start_position, one.fee, one.fee_token, one.closed_pnl) == (D("-1.25"), D("-0.01"), "USDC", 0)
    assert one.crossed is False
    assert one.cloid == "0x" + "0" * 31 + "1"
    bare = mm.Fill("BTC", mm.Side.BUY, 1, D("0.1"), OID, TID, T0)
    assert (bare.start_position, bare.fee, bare.fee_token, bare.closed_pnl, bare.crossed, bare.cloid) == (
        *(None, None, "", None, None, None),
    )


def test_fills_compare_by_what_they_say() -> None:
    assert fill("0.5") == fill("0.50")
    assert fill("0.5") != fill("0.6")
    assert fill("0.5") != "fill"
    assert hash(fill("0.5")) == hash(fill("0.50"))
    with pytest.raises(AttributeError):
        fill().px = D(1)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        fill().anything = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("one", [fill("0.5"), fill("0.5", None), fill("0.5", "-1", side="A", cloid="0x" + "ab" * 16)])
def test_a_fill_can_be_pasted_back(one: mm.Fill) -> None:
    assert paste(repr(one)) == one


@pytest.mark.parametrize(
    "value",
    [mm.Side.BUY, mm.Tif.GTC, mm.OrderState.PartialFilled, mm.OrdStatus.PENDING_REPLACE, mm.ModifyOutcome.OldGone],
)
def test_a_member_can_be_pasted_back(value: object) -> None:
    assert paste(repr(value)) == value


def test_reprs_read() -> None:
    engine = story()
    order = engine.get_order(OID)
    assert order is not None
    for value, words in (
        (order, ("Order(", "BTC", "PartialFilled", str(OID))),
        (order.legs[0], ("Leg(", str(OID))),
        (engine.position("BTC"), ("Position(", "BTC")),
        (engine.gaps("BTC")[0], ("Gap(", "BTC", "0.5", "0.7")),
        (engine.initiate_cancel(OID, T0), ("CancelRequest(", str(OID))),
        (engine, ("Engine",)),
    ):
        text = repr(value)
        assert all(word in text for word in words), text
        assert " object at 0x" not in text
        assert "\n" not in text


def test_snapshots_compare_and_do_not_move() -> None:
    engine = story()
    before, position = engine.get_order(OID), engine.position("BTC")
    assert before is not None
    assert before == engine.get_order(OID)
    assert position == engine.position("BTC")
    assert before.legs == story().orders()[0].legs
    engine.process(fill("0.2", "0.5", tid=TID + 2, time=T0 + 15))
    after = engine.get_order(OID)
    assert before != after
    assert before.cum_qty == 1
    assert after is not None
    assert after.cum_qty == D("1.2")
    assert position != engine.position("BTC")
    with pytest.raises(AttributeError):
        before.cum_qty = D(9)  # type: ignore[misc]


def test_numbers_come_out_as_decimals_and_times_as_ints() -> None:
    engine = story()
    order, position = engine.get_order(OID), engine.position("BTC")
    assert order is not None
    for value in (
        *(order.px, order.order_qty, order.cum_qty, order.leaves_qty, order.avg_px, order.legs[0].executed),
        *(position.size, position.proven, position.unproven, position.provisional, position.missing, position.entry_px),
        *(position.realised_pnl, position.cash, position.volume, position.worst_long, position.fees["USDC"]),
        *(engine.worst_long("BTC"), engine.worst_short("BTC"), engine.get_immediate_fill_remaining(OID)),
    ):
        assert type(value) is Decimal, value
    assert type(engine.now_ms) is int
    assert type(position.fills) is int
    assert type(engine.next_deadline()) in (int, type(None))
    assert all(type(count) is int for count in engine.stats().values())


def test_effects_are_matched() -> None:
    engine = new()
    cloid = rest(engine)
    effects = engine.process_ws(user_fills(fill_json(sz="0.4"))).effects
    booked = [effect for effect in effects if isinstance(effect, mm.Effect.Booked)]
    match booked:
        case [mm.Effect.Booked(one, applied, skipped, name, state)]:
            assert (one.sz, one.oid, one.tid) == (D("0.4"), OID, TID)
            assert (applied, skipped, name, state) == (D("0.4"), 0, cloid, mm.OrderState.PartialFilled)
        case _:
            pytest.fail(f"{effects}")
    moved = [effect for effect in effects if isinstance(effect, mm.Effect.Moved)]
    match moved:
        case [mm.Effect.Moved(cloid=name, before=mm.OrderState.Resting, after=mm.OrderState.PartialFilled)]:
            assert name == cloid
        case _:
            pytest.fail(f"{effects}")
    assert all(isinstance(effect, mm.Effect) for effect in effects)
    assert "Booked(" in repr(booked[0])


def test_equal_histories_give_equal_effects() -> None:
    first, second = new(), new()
    for engine in (first, second):
        rest(engine, sz="2")
    a, b = first.process(fill("0.5")), second.process(fill("0.5"))
    assert a.effects == b.effects
    assert (a.applied, a.skipped, a.duplicate, a.cloid, a.state) == (
        b.applied,
        b.skipped,
        b.duplicate,
        b.cloid,
        b.state,
    )
    assert a.effects != second.process(fill("2.5", "0.5", tid=TID + 1)).effects


def test_answers_compare_by_what_they_say() -> None:
    first, second = new(), new()
    assert first.process(fill("0.5")) == second.process(fill("0.5"))
    assert first.process_ws(user_fills()) == second.process_ws(user_fills())


def test_effects_can_be_matched_by_every_class() -> None:
    engine = story()
    effects: list[mm.Effect] = []
    effects += engine.process(fill("0.1", "5", tid=9, time=T0 + 30)).effects  # a gap
    effects += engine.process(fill("0.2", "5.1", tid=9, time=T0 + 30)).effects  # the same key, another payload
    effects += engine.process(fill("7", "5.1", tid=10, time=T0 + 31)).effects  # more than the order's size
    effects += engine.on_order_update("BTC", "A", OID + 7, "open", "101", "1", "1", T0 + 32)  # not ours
    effects += engine.on_position("BTC", "99", T0 + 40, now_ms=T0 + 40)
    effects += engine.tick(T0 + 100_000)
    kinds = {type(effect).__name__ for effect in effects}
    assert {"Gap", "Contradiction", "Overfill", "Foreign", "Ask"} <= kinds, kinds
    for effect in effects:
        cls = type(effect)
        assert getattr(mm.Effect, cls.__name__) is cls
        for name in getattr(cls, "__match_args__", ()):
            getattr(effect, name)


def test_engines_cannot_be_copied_by_accident() -> None:
    import copy
    import pickle

    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            way(new())


def test_digest_tells_states_apart_and_nothing_else() -> None:
    first, second = new(), new()
    assert first.digest() == second.digest()
    place(first)
    assert first.digest() != second.digest()
    place(second)
    assert first.digest() == second.digest()
    first.get_all_by_side("BTC", "B")
    first.position("BTC")
    first.check()
    assert first.digest() == second.digest()
