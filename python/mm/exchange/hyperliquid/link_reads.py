"""Answers of `/info` into replies. What cannot be read raises `BadInput` here and becomes `ReadFailed`: never an empty answer."""

import json
from typing import Any, NoReturn

from mm._core.wire import Assets
from mm.errors import BadInput
from mm.protocol import (
    AskFills,
    AskInfo,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    AskRateLimit,
    FillsReply,
    InfoReply,
    OpenOrdersReply,
    OrderReply,
    OrderRow,
    PositionReply,
    Query,
    RateLimitReply,
    Reply,
)

__all__ = ["PAGE", "read", "venue_time"]

PAGE = 2_000
"""Rows of a page of `userFillsByTime`. A page of as many may not be the last (protocol 6.1)."""


def read(query: Query, body: bytes, assets: Assets, asked_ms: int) -> tuple[Reply, int]:
    """The reply, and how many rows the answer had. `asked_ms`: when it was asked, for answers without a time."""
    match query:
        case AskInfo(query=number):
            told = _json(body)
            return InfoReply(number, body), len(told) if isinstance(told, list) else 0
        case AskOrder(query=number):
            return OrderReply(number, _status(_object(_json(body)))), 0
        case AskOpenOrders(query=number):
            rows = _list(_json(body))
            return OpenOrdersReply(number, tuple(_row(_object(row), "open", None) for row in rows)), len(rows)
        case AskFills(query=number, start_ms=start):
            fills = _list(_json(body))
            last = max((_whole(_object(row), "time") for row in fills), default=start)
            return FillsReply(number, body, len(fills), last, len(fills) >= PAGE), len(fills)
        case AskPosition(query=number, coin=coin):
            state = _object(_json(body))
            asset = assets.get(coin)
            if asset is not None and asset.kind == "spot":
                return PositionReply(number, coin, _balance(state, asset.base), asked_ms), 0
            return PositionReply(number, coin, _position(state, coin), _whole(state, "time")), 0
        case AskRateLimit(query=number):
            budget = _object(_json(body))
            used, cap = _whole(budget, "nRequestsUsed"), _whole(budget, "nRequestsCap")
            surplus = _whole(budget, "nRequestsSurplus") if "nRequestsSurplus" in budget else 0
            return RateLimitReply(number, used, cap, surplus, _text(budget, "cumVlm")), 0
    raise BadInput(f"{query!r} is no query", field="query", reason="not a query")


def venue_time(body: bytes) -> int:
    """The time that `exchangeStatus` tells."""
    return _whole(_object(_json(body)), "time")


def _refuse(what: str) -> NoReturn:
    raise BadInput(what, field="body", reason="unreadable")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=lambda name: _refuse(f"{name} is no JSON"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"no JSON: {type(error).__name__}", field="body", reason="unreadable") from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(f"an object was expected, not {type(value).__name__}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        _refuse(f"a list was expected, not {type(value).__name__}")
    return value


def _whole(row: dict[str, Any], name: str) -> int:
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(f"{name} is no whole number")
    return value


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        _refuse(f"{name} is no text")
    return value


def _row(order: dict[str, Any], status: str, time: int | None) -> OrderRow:
    cloid = order.get("cloid")
    if cloid is not None and not isinstance(cloid, str):
        _refuse("cloid is no text")
    return OrderRow(
        coin=_text(order, "coin"),
        side=_text(order, "side"),
        px=_text(order, "limitPx"),
        sz=_text(order, "sz"),
        orig_sz=_text(order, "origSz"),
        oid=_whole(order, "oid"),
        cloid=cloid.lower() if cloid is not None else None,
        status=status,
        time=_whole(order, "timestamp") if time is None else time,
        reduce_only=order.get("reduceOnly") is True,
    )


def _status(answer: dict[str, Any]) -> OrderRow | None:
    word = answer.get("status")
    if word == "unknownOid":
        return None
    if word != "order":
        _refuse(f"status {word!r} is neither order nor unknownOid")
    outer = _object(answer.get("order"))
    return _row(_object(outer.get("order")), _text(outer, "status"), _whole(outer, "statusTimestamp"))


def _position(state: dict[str, Any], coin: str) -> str:
    """No entry is flat (protocol 6.4)."""
    for entry in _list(state.get("assetPositions")):
        position = _object(_object(entry).get("position"))
        if position.get("coin") == coin:
            return _text(position, "szi")
    return "0"


def _balance(state: dict[str, Any], token: str) -> str:
    for entry in _list(state.get("balances")):
        if _object(entry).get("coin") == token:
            return _text(entry, "total")
    return "0"
