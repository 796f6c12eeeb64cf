"""What is refused, in which words, and that a refused call changes nothing."""

# mypy: disable-error-code="comparison-overlap"
# A Decimal equals an int or a Fraction of the same value, in a tuple too; mypy sees the types only.

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import mm
from mm.errors import DuplicateCloid, TransitionRefused, UnknownOrder, UsageError
from tests.bindings.helpers import OID, T0, TID, D, fill, new, place, refused, rest, unchanged

NOT_POSITIVE = ["0", "-1", "-0", 0, -1, D(0), D(-1), "0.0", "-0.00000001"]
NOT_NUMBERS = [
    "",
    "-",
    ".",
    "abc",
    "1e3",
    "1E-3",
    " 1",
    "1 ",
    "+1",
    "1,0",
    "1.2.3",
    "0x10",
    "٣",
    "∞",
    "NaN",
    "nan",
    "inf",
    "-inf",
]
NOT_TEXT = [[], {}, b"1", object(), (1,), 1j]
NAN = [D("NaN"), D("Infinity"), D("-Infinity"), D("sNaN")]
FLOATS = [1.0, 0.0, -1.5, 1e308, float("nan"), float("inf")]
BEYOND = [
    "1" * 40,
    "9" * 5000,
    10**40,
    D(10) ** 40,
    D("1e30"),
    D("1e999999"),
    D("1e-999999"),
    "0." + "0" * 30 + "1",
    D("1e-30"),
]
BOOLS = [True, False]
NUMBERS = [*NOT_POSITIVE, *NOT_NUMBERS, *NOT_TEXT, *NAN, *FLOATS, *BEYOND, *BOOLS]
SIDES = ["", "b", "a", "BA", "S", "L", "B ", 1, True, "\ud800"]
COINS = ["", 1, b"BTC", True, "\ud800", "BTC\ud83d"]
INTS = [-1, 2**64, 10**30, True, "1", 1.0, D(1)]
SURROGATE = "\ud800"


def names(values: list[Any]) -> list[str]:
    return [f"{type(value).__name__}:{value!r}"[:30].encode("ascii", "backslashreplace").decode() for value in values]


def add(**change: Any) -> Callable[[mm.Engine], object]:
    def call(engine: mm.Engine) -> None:
        args: dict[str, Any] = {
            "cloid": "0x" + "0" * 31 + "1",
            "coin": "BTC",
            "side": "B",
            "px": "100",
            "sz": "1",
            "now_ms": T0,
        }
        engine.add_pending_with_cloid(**(args | change))

    return call


def trade(**change: Any) -> Callable[[mm.Engine], object]:
    args: dict[str, Any] = {
        "coin": "BTC",
        "side": "B",
        "px": "100",
        "sz": "1",
        "oid": OID,
        "tid": TID,
        "time": T0,
        "start_position": "0",
    }
    return lambda engine: engine.process(**(args | change))


def told_fill(**change: Any) -> Callable[[mm.Engine], object]:
    """A `Fill` is a value: what is wrong with it shows when it is made, or when it is told."""
    args: dict[str, Any] = {
        "coin": "BTC",
        "side": "B",
        "px": "100",
        "sz": "1",
        "oid": OID,
        "tid": TID,
        "time": T0,
        "start_position": "0",
    }
    return lambda engine: engine.process(mm.Fill(**(args | change)))


@pytest.mark.parametrize("call", [add, trade, told_fill])
@pytest.mark.parametrize("field", ["px", "sz"])
@pytest.mark.parametrize("value", NUMBERS, ids=names(NUMBERS))
def test_prices_and_sizes(call: Callable[..., Any], field: str, value: object) -> None:
    engine = new()
    rest(engine)
    with refused(engine, field):
        call(**{field: value})(engine)


@pytest.mark.parametrize("value", FLOATS)
@pytest.mark.parametrize(
    "call",
    [
        lambda engine, v: engine.process("BTC", "B", "1", "1", OID, 2, T0, v),
        lambda engine, v: engine.process("BTC", "B", "1", "1", OID, 2, T0, "0", v),
        lambda engine, v: engine.process("BTC", "B", "1", "1", OID, 2, T0, "0", "0", "USDC", v),
        lambda engine, v: engine.process("BTC", "B", "1", "1", v, 2, T0),
        lambda engine, v: engine.process("BTC", "B", "1", "1", OID, v, T0),
        lambda engine, v: engine.process("BTC", "B", "1", "1", OID, 2, v),
        lambda engine, v: engine.finalize_pending_by_cloid(engine.next_cloid(), OID, v),
        lambda engine, v: engine.finalize_pending_by_cloid(engine.next_cloid(), OID, "1", v),
        lambda engine, v: engine.pre_register_immediate_fill(OID, v),
        lambda engine, v: engine.pre_register_immediate_fill(OID, "1", v),
        lambda engine, v: engine.on_order_update("BTC", "B", OID, "open", v, "1", "1", T0),
        lambda engine, v: engine.on_order_update("BTC", "B", OID, "open", "1", v, "1", T0),
        lambda engine, v: engine.on_order_update("BTC", "B", OID, "open", "1", "1", v, T0),
        lambda engine, v: engine.on_position("BTC", v, T0),
        lambda engine, v: engine.initiate_modify(OID, engine.next_cloid(), v, "1"),
        lambda engine, v: engine.initiate_modify(OID, engine.next_cloid(), "1", v),
        lambda engine, v: engine.on_modify_success(engine.next_cloid(), OID + 1, v),
        lambda engine, v: engine.tick(v),
        lambda engine, v: engine.forget("BTC", v),
        lambda engine, v: engine.get_order(v),
        lambda engine, v: mm.Engine(link_slack=v),
        lambda engine, v: mm.Engine(instance=v),
    ],
)
def test_no_float_anywhere(call: Callable[[mm.Engine, object], object], value: float) -> None:
    engine = new()
    rest(engine)
    engine.next_cloid()
    before = engine.position("BTC"), engine.get_order(OID)
    with pytest.raises((UsageError, TypeError)):
        call(engine, value)
    assert (engine.position("BTC"), engine.get_order(OID)) == before


@pytest.mark.parametrize("call", [add, trade, told_fill])
@pytest.mark.parametrize("value", SIDES, ids=names(SIDES))
def test_sides(call: Callable[..., Any], value: object) -> None:
    engine = new()
    with refused(engine, "side"):
        call(side=value)(engine)


@pytest.mark.parametrize("call", [add, trade, told_fill])
@pytest.mark.parametrize("value", COINS, ids=names(COINS))
def test_coins(call: Callable[..., Any], value: object) -> None:
    engine = new()
    with refused(engine, "coin"):
        call(coin=value)(engine)


@pytest.mark.parametrize("call", [trade, told_fill])
@pytest.mark.parametrize("field", ["oid", "tid", "time"])
@pytest.mark.parametrize("value", INTS, ids=names(INTS))
def test_ids_and_times(call: Callable[..., Any], field: str, value: object) -> None:
    engine = new()
    with refused(engine, field):
        call(**{field: value})(engine)


@pytest.mark.parametrize("field", ["start_position", "fee", "closed_pnl"])
@pytest.mark.parametrize("value", [*NOT_NUMBERS, *NAN, *FLOATS, *BEYOND, *BOOLS, b"1", []], ids=str)
def test_signed_numbers_of_a_fill(field: str, value: object) -> None:
    engine = new()
    rest(engine)
    with refused(engine, field):
        trade(**{field: value})(engine)


@pytest.mark.parametrize(
    "value",
    ["", "0x", "1", "0x" + "0" * 31, "0x" + "0" * 33, "0x" + "g" * 32, "0" * 34, SURROGATE, 1, None, b"0x"],
    ids=repr,
)
def test_cloids(value: object) -> None:
    engine = new()
    with refused(engine, "cloid"):
        add(cloid=value)(engine)


@pytest.mark.parametrize("value", [-1, 2**64, True, "1", 1.0], ids=repr)
def test_times_of_ours(value: object) -> None:
    engine = new()
    with refused(engine, "now_ms"):
        add(now_ms=value)(engine)
    with refused(engine, "now_ms"):
        engine.tick(value)  # type: ignore[arg-type]


def test_a_fill_refused_once_is_taken_when_it_is_right() -> None:
    engine = new()
    rest(engine)
    for bad in ({"px": "nonsense"}, {"sz": 0}, {"fee": float("nan")}, {"side": "X"}):
        with pytest.raises((UsageError, TypeError)):
            trade(**bad)(engine)
    assert not engine.process(fill()).duplicate


@pytest.mark.parametrize("value", ["1", "1.0", 1, D(1), D("1.000"), "01", D("10e-1"), D("0.1e1")], ids=repr)
def test_all_spellings_of_one(value: Any) -> None:
    engine = new()
    place(engine, sz=value)
    assert engine.worst_long("BTC") == 1


@pytest.mark.parametrize(
    ("value", "why"),
    [
        # Written out, each would have a billion digits: it is told by its exponent.
        (D("1E+999999999"), "is too large"),
        (D("1E-999999999"), "has more decimals than can be represented"),
        (D("0E+999999999"), "is zero"),
    ],
)
def test_a_decimal_is_refused_before_it_is_written_out(value: Decimal, why: str) -> None:
    engine = new()
    with pytest.raises(UsageError, match=f"px {why}"):
        engine.process("BTC", "B", value, "1", OID, TID, T0)
    with pytest.raises(UsageError, match=f"px {why}"):
        engine.add_pending_with_cloid(engine.next_cloid(), "BTC", "B", value, "1")
    if value:  # a price of zero is a row that is surfaced
        columns = {"coin": ["BTC"], "side": ["B"], "px": [value], "sz": ["1"], "oid": [1], "tid": [2], "time": [T0]}
        with pytest.raises(UsageError, match=why):
            engine.process_batch(columns)


def test_a_zero_is_a_zero_however_it_is_written() -> None:
    engine = new()
    engine.process("BTC", "B", "100", "1", OID, TID, T0, D("-0"), D("0E-999999999"), "USDC")
    assert engine.position("BTC").fees == {"USDC": D(0)}


def test_the_wire_round_trips() -> None:
    for text in ("0.00000001", "83757.5", "0.1234567891", "999999999999.1", "3130537.6"):
        assert format(fill(text, None).sz, "f") == text
        assert isinstance(fill(text, None).sz, Decimal)


def test_words_of_the_tree() -> None:
    engine = new()
    cloid = place(engine)
    with unchanged(engine), pytest.raises(DuplicateCloid) as twice:
        engine.add_pending_with_cloid(cloid, "BTC", "B", "1", "1", now_ms=T0)
    assert twice.value.cloid == cloid
    with unchanged(engine), pytest.raises(UnknownOrder):
        engine.initiate_cancel(OID)
    with unchanged(engine), pytest.raises(UnknownOrder):
        engine.initiate_cancel("0x" + "9" * 32)
    with unchanged(engine), pytest.raises(TransitionRefused) as early:
        engine.initiate_modify(cloid, "0x" + "7" * 32, "101", "1")
    assert (early.value.phase, early.value.cloid) == ("Pending", cloid)


def test_one_modify_in_flight() -> None:
    engine = new()
    cloid = rest(engine)
    engine.initiate_modify(OID, engine.next_cloid(), "101", "1", T0)
    with unchanged(engine), pytest.raises(TransitionRefused) as busy:
        engine.initiate_modify(OID, "0x" + "8" * 32, "102", "1", T0)
    assert busy.value.cloid == cloid, "the order's name, whichever leg is in flight"
    engine.initiate_cancel(OID, T0)  # a cancel may always overtake


def test_a_closed_order_takes_no_asks() -> None:
    engine = new()
    cloid = rest(engine)
    engine.process(fill())
    for handle in (OID, cloid):
        with unchanged(engine), pytest.raises(TransitionRefused):
            engine.initiate_cancel(handle)
        with unchanged(engine), pytest.raises(TransitionRefused):
            engine.initiate_modify(handle, "0x" + "8" * 32, "102", "2", T0)


@pytest.mark.parametrize("field", ["side", "px", "sz", "oid", "tid", "time"])
def test_a_fill_needs_all_of_its_fields(field: str) -> None:
    engine = new()
    with unchanged(engine), pytest.raises((UsageError, TypeError)):
        trade(**{field: None})(engine)
    with pytest.raises((UsageError, TypeError)):
        told_fill(**{field: None})(engine)


def test_settings() -> None:
    for wrong in (
        {"instance": -1},
        {"instance": 2**32},
        {"link_slack": "-1"},
        {"ask_after_ms": -1},
        {"retain_closed": "x"},
    ):
        with pytest.raises((UsageError, TypeError, OverflowError)):
            mm.Engine(**wrong)
    with pytest.raises(TypeError):
        mm.Engine(unknown=1)  # type: ignore[call-arg]
    with pytest.raises((TypeError, ValueError)):
        mm.Engine(SURROGATE)


def test_an_order_of_zero_notional_text_is_refused_and_an_unknown_coin_is_flat() -> None:
    engine = new()
    position = engine.position("NEVER")
    assert (position.size, position.fills, engine.worst_long("NEVER"), engine.proven_until("NEVER")) == (0, 0, 0, None)
    assert engine.get_all_by_side("NEVER", "B") == []
    assert engine.get_order(1) is None
    assert engine.get_immediate_fill_remaining(1) == 0
    assert engine.coins() == []
