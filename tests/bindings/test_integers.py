"""Every whole number of the public face: what is none, or out of range, is refused by its name and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

import mm
from mm.errors import BadInput
from tests.bindings.helpers import OID, T0, TID, fill, new, place, rest, unchanged

Use = Callable[[mm.Engine, Any], object]

BAD = [-1, -(2**63), 2**64, 2**200, -(2**200), True, False, 1.0, float("nan"), "1", b"1", [], object()]


def columns(**change: Any) -> dict[str, Any]:
    row = {"coin": "BTC", "side": "B", "px": 1, "sz": 1, "oid": OID, "tid": TID, "time": T0}
    return {name: [value] for name, value in (row | change).items()}


def snapshot(engine: mm.Engine, oids: list[Any]) -> object:
    return engine.on_open_orders("BTC", oids, T0)


USES: dict[str, Use] = {
    "instance": lambda _, n: mm.Engine(instance=n),
    "first_sequence": lambda _, n: mm.Engine(first_sequence=n),
    "ask_after_ms": lambda _, n: mm.Engine(ask_after_ms=n),
    "fill_window_ms": lambda _, n: mm.Engine(fill_window_ms=n),
    "chain_window": lambda _, n: mm.Engine(chain_window=n),
    "retain_closed": lambda _, n: mm.Engine(retain_closed=n),
    "sz_decimals": lambda e, n: e.set_coin("BTC", sz_decimals=n),
    "oid": lambda e, n: e.get_order(n),
    "oid ": lambda e, n: e.finalize_pending_by_cloid(e.next_cloid(), n),
    "oid  ": lambda e, n: mm.Fill("BTC", "B", "1", "1", n, TID, T0),
    "oids": lambda e, n: snapshot(e, [OID, n]),
    "tid": lambda e, n: e.process("BTC", "B", "1", "1", OID, n, T0),
    "tid ": lambda _, n: mm.Fill("BTC", "B", "1", "1", OID, n, T0),
    "time": lambda e, n: e.process("BTC", "B", "1", "1", OID, TID, n),
    "time ": lambda e, n: e.on_order_update("BTC", "B", OID, "open", "1", "1", "1", n),
    "began_ms": lambda e, n: e.on_open_orders("BTC", [], n),
    "as_of_ms": lambda e, n: e.on_position("BTC", "0", n),
    "until_ms": lambda e, n: e.on_fills_complete("BTC", n),
    "before_ms": lambda e, n: e.forget("BTC", n),
    "now_ms": lambda e, n: e.tick(n),
    "now_ms ": lambda e, n: e.process_ws(b'{"channel":"pong"}', n),
    "now_ms  ": lambda e, n: e.initiate_cancel(OID, n),
    "px_scale": lambda e, n: e.process_batch(columns(), px_scale=n),
    "sz_scale": lambda e, n: e.process_batch(columns(), sz_scale=n),
    "fee_scale": lambda e, n: e.process_batch(columns(), fee_scale=n),
}
"""The argument's name (blanks tell apart two uses of one name), and a use of it."""


NOT_OPTIONAL = [name for name in USES if name not in ("sz_decimals", "fee_scale") and not name.startswith("now_ms ")]


@pytest.mark.parametrize("name", NOT_OPTIONAL)
def test_none_is_no_number(name: str) -> None:
    engine = new()
    rest(engine)
    with unchanged(engine), pytest.raises(BadInput) as caught:
        USES[name](engine, None)
    assert caught.value.field == name.strip() or name.startswith(("tid", "time"))


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_what_is_no_whole_number_in_range_is_refused_by_its_name(name: str, bad: Any) -> None:
    if name.startswith("oid") and name.strip() == "oid" and isinstance(bad, str):
        pytest.skip("a text is another way to name an order in some calls")
    engine = new()
    rest(engine)
    engine.process(fill("0.5"))
    place(engine)
    with unchanged(engine), pytest.raises(BadInput) as caught:
        USES[name](engine, bad)
    assert caught.value.field == name.strip()
    assert caught.value.reason


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("instance", 2**32),
        ("first_sequence", 2**63),
        ("sz_decimals", 11),
        ("now_ms", 2**63),
        ("now_ms ", 2**63),
        ("now_ms  ", 2**63),
        ("px_scale", 39),
        ("fee_scale", 39),
    ],
)
def test_narrower_bounds_are_named_too(name: str, bound: int) -> None:
    with pytest.raises(BadInput) as caught:
        USES[name](new(), bound)
    assert caught.value.field == name.strip()


HUGE = 2**64 - 1
LATEST = 2**63 - 1
"""The latest that our own clock may say: there is always a later time to ask again."""


@pytest.mark.parametrize(
    "settings",
    [
        {"instance": 2**32 - 1},
        {"first_sequence": 2**63 - 1},
        {"ask_after_ms": HUGE},
        {"fill_window_ms": HUGE},
        {"chain_window": HUGE},
        {"retain_closed": HUGE},
        dict.fromkeys(["ask_after_ms", "fill_window_ms", "chain_window", "retain_closed"], 0),
    ],
    ids=str,
)
def test_the_largest_settings_work(settings: dict[str, int]) -> None:
    engine = mm.Engine(**settings)  # type: ignore[arg-type]
    cloid = rest(engine)
    assert engine.next_cloid() != cloid
    engine.initiate_cancel(OID, now_ms=T0 + 1)
    engine.on_cancel_success(OID, now_ms=T0 + 2)
    for now in (T0 + 3, T0 + 10_000_000, LATEST, LATEST):
        engine.tick(now)
        engine.next_deadline()
    engine.process(fill("0.5", time=HUGE, tid=HUGE))
    engine.process(fill("0.5", start="0.5", time=HUGE, tid=HUGE - 1))
    assert engine.position("BTC").size == 1
    engine.check()


def test_the_latest_time_is_a_time() -> None:
    engine = new()
    rest(engine)
    engine.tick(LATEST)
    place(engine)
    engine.initiate_cancel(OID)
    engine.on_cancel_success(OID)
    assert engine.on_position("BTC", "0", HUGE) is not None
    assert engine.on_open_orders("BTC", [HUGE], HUGE) is not None
    engine.on_fills_complete("BTC", HUGE)
    engine.tick(LATEST)
    engine.check()
