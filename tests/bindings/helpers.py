"""Short words for the tests of the public face."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

import mm
from mm.errors import UsageError

ACCOUNT = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
T0 = 1_790_000_000_000
OID = 556_000_000_001
TID = 745_210_434_703_679
D = Decimal


def new(**settings: Any) -> mm.Engine:
    return mm.Engine(ACCOUNT, instance=7, **settings)


def place(engine: mm.Engine, side: str = "B", px: str = "100", sz: str = "1", coin: str = "BTC", **more: Any) -> str:
    """A pending order; its cloid."""
    cloid = engine.next_cloid()
    engine.add_pending_with_cloid(cloid, coin, side, px, sz, now_ms=T0, **more)
    return cloid


def rest(engine: mm.Engine, oid: int = OID, **order: Any) -> str:
    """An order on the book; its cloid."""
    cloid = place(engine, **order)
    engine.finalize_pending_by_cloid(cloid, oid, now_ms=T0)
    return cloid


def fill(
    sz: str = "1",
    start: str | None = "0",
    *,
    oid: int = OID,
    tid: int = TID,
    time: int = T0 + 10,
    side: str = "B",
    px: str = "100",
    coin: str = "BTC",
    cloid: str | None = None,
    fee: str = "0.01",
) -> mm.Fill:
    return mm.Fill(coin, side, px, sz, oid, tid, time, start, fee, "USDC", "0", False, cloid)


def fill_json(**change: Any) -> dict[str, Any]:
    """A fill as the venue writes it."""
    row = {
        "coin": "BTC",
        "px": "100.0",
        "sz": "1.0",
        "side": "B",
        "time": T0 + 10,
        "startPosition": "0.0",
        "dir": "Open Long",
        "closedPnl": "0.0",
        "hash": "0x" + "00" * 32,
        "oid": OID,
        "crossed": False,
        "fee": "0.01",
        "tid": TID,
        "feeToken": "USDC",
        "twapId": None,
    }
    return row | change


def user_fills(*rows: dict[str, Any], snapshot: bool = False, user: str = ACCOUNT) -> bytes:
    data = {"isSnapshot": snapshot, "user": user, "fills": list(rows)}
    return json.dumps({"channel": "userFills", "data": data}).encode()


def update_json(status: str = "open", **change: Any) -> dict[str, Any]:
    """An element of `orderUpdates`."""
    order = {
        "coin": "BTC",
        "side": "B",
        "limitPx": "100.0",
        "sz": "1.0",
        "oid": OID,
        "timestamp": T0 + 1,
        "origSz": "1.0",
    }
    return {"order": order | change, "status": status, "statusTimestamp": T0 + 5}


def updates(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"channel": "orderUpdates", "data": list(rows)}).encode()


def state(engine: mm.Engine, oid: int = OID) -> mm.OrderState:
    order = engine.get_order(oid)
    assert order is not None
    return order.state


@contextmanager
def unchanged(engine: mm.Engine) -> Iterator[None]:
    """A refused call changes nothing."""
    before = engine.digest()
    yield
    assert engine.digest() == before
    engine.check()


@contextmanager
def refused(engine: mm.Engine, field: str, *words: str) -> Iterator[None]:
    """The call is refused, by a sentence that names the argument and why, and changes nothing."""
    with unchanged(engine), pytest.raises((TypeError, ValueError)) as caught:
        yield
    sentence = " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert field in sentence, f"{sentence!r} does not name {field}"
    if isinstance(caught.value, UsageError):
        assert caught.value.field == field, repr(caught.value)
        assert caught.value.reason, repr(caught.value)
    assert not words or any(word in sentence for word in words), f"{sentence!r} does not say why ({words})"
