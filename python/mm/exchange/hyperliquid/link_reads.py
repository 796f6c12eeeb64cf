"""Answers of `/info` into replies. What cannot be read raises `Unreadable` and becomes `ReadFailed`: never an empty answer."""

from mm._core.wire import Assets
from mm.errors import BadInput, Unreadable
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
from mm.wire.reader import Value, load

__all__ = ["PAGE", "read"]

PAGE = 2_000
"""Rows of a page of `userFillsByTime`. A page of as many may not be the last (protocol 6.1)."""


def read(query: Query, body: bytes, assets: Assets, asked_ms: int) -> tuple[Reply, int]:
    """The reply, and how many rows the answer had. `asked_ms`: when it was asked, for answers without a time."""
    match query:
        case AskInfo(query=number):
            told = load(body, "info").raw
            return InfoReply(number, body), len(told) if isinstance(told, list) else 0
        case AskOrder(query=number):
            return OrderReply(number, _status(load(body, "orderStatus"))), 0
        case AskOpenOrders(query=number):
            items = load(body, "openOrders").items()
            rows = [row for item in items if (row := _open(item, assets)) is not None]
            return OpenOrdersReply(number, tuple(rows)), len(items)
        case AskFills(query=number, start_ms=start):
            fills = load(body, "userFillsByTime").items()
            return FillsReply(number, body, len(fills), _last(fills, start), len(fills) >= PAGE), len(fills)
        case AskPosition(query=number, coin=coin):
            asset = assets.get(coin)
            if asset is not None and asset.kind == "spot":
                state = load(body, "spotClearinghouseState")
                return PositionReply(number, coin, _balance(state, asset.base), asked_ms), 0
            state = load(body, "clearinghouseState")
            return PositionReply(number, coin, _position(state, coin), state["time"].whole()), 0
        case AskRateLimit(query=number):
            budget = load(body, "userRateLimit")
            used, cap, surplus = budget["nRequestsUsed"], budget["nRequestsCap"], budget.get("nRequestsSurplus")
            bought = 0 if surplus is None else surplus.whole()
            return RateLimitReply(number, used.whole(), cap.whole(), bought, _number(budget["cumVlm"])), 0
    raise BadInput(f"{query!r} is no query", field="query", reason="not a query")


def _number(value: Value) -> str:
    """The venue's own text of an exact number."""
    value.amount()
    return value.text()


def _row(order: Value, status: str, time: Value) -> OrderRow:
    cloid, reduce_only = order.get("cloid"), order.get("reduceOnly")
    return OrderRow(
        coin=order["coin"].text(),
        side=order["side"].word("B", "A"),
        px=_number(order["limitPx"]),
        sz=_number(order["sz"]),
        orig_sz=_number(order["origSz"]),
        oid=order["oid"].whole(),
        cloid=None if cloid is None else cloid.text().lower(),
        status=status,
        time=time.whole(),
        reduce_only=reduce_only is not None and reduce_only.flag(),
    )


def _open(order: Value, assets: Assets) -> OrderRow | None:
    """An open order. One that cannot be read spoils the list, for it must be complete; but not if its market is none of
    those that can be traded here: the account may be used for anything else beside (protocol 6.3).
    """
    try:
        return _row(order, "open", order["timestamp"])
    except Unreadable:
        coin = order.raw.get("coin") if isinstance(order.raw, dict) else None
        if isinstance(coin, str) and coin not in assets:
            return None
        raise


def _last(fills: list[Value], start_ms: int) -> int:
    """Where the next page begins. A row without a time is the engine's to surface; if none has one, there is no page."""
    times = []
    for fill in fills:
        try:
            times.append(fill["time"].whole())
        except Unreadable:
            if len(fills) == 1:
                raise
    if fills and not times:
        raise fills[0].wrong("and no other row has a time")
    return max(times, default=start_ms)


def _status(answer: Value) -> OrderRow | None:
    if answer["status"].word("order", "unknownOid") == "unknownOid":
        return None
    outer = answer["order"]
    return _row(outer["order"], outer["status"].text(), outer["statusTimestamp"])


def _position(state: Value, coin: str) -> str:
    """No entry is flat (protocol 6.4)."""
    for entry in state["assetPositions"].items():
        position = entry["position"]
        if position["coin"].text() == coin:
            return _number(position["szi"])
    return "0"


def _balance(state: Value, token: str) -> str:
    for entry in state["balances"].items():
        if entry["coin"].text() == token:
            return _number(entry["total"])
    return "0"
