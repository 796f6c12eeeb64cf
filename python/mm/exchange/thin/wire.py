"""Rows, frames and numbers as the venue prints them.

Formats: the fill object, the `orderUpdates` element and the two user channels of Hyperliquid. Numbers
are decimal text; a position or a price on the way out always has a decimal point.
"""

import json

from mm.exchange.thin.accounts import Fill
from mm.exchange.thin.book import Resting


def text(units: int, decimals: int) -> str:
    """A scaled integer as the venue prints it: no needless zeros, but always a decimal point."""
    sign, whole = ("-", -units) if units < 0 else ("", units)
    head, tail = divmod(whole, 10**decimals)
    return f"{sign}{head}.{str(tail).zfill(decimals).rstrip('0') or '0'}"


def scaled(number: str, decimals: int) -> int | None:
    """Decimal text as a scaled integer, or None if it has more decimals than that or is no number."""
    head, _, tail = number.partition(".")
    tail = tail.rstrip("0")
    if not (head + tail).isdecimal() or len(tail) > decimals:
        return None
    return int(head + tail.ljust(decimals, "0"))


class Rows:
    """Rows and frames in the venue's JSON, for one coin's decimals."""

    def __init__(self, coin: str, sz_decimals: int) -> None:
        self.coin = coin
        self.sz_decimals = sz_decimals
        self.px_decimals = 6 - sz_decimals

    def px(self, units: int) -> str:
        """A price as text."""
        return text(units, self.px_decimals)

    def sz(self, lots: int) -> str:
        """A size as text."""
        return text(lots, self.sz_decimals)

    def fill(self, fill: Fill) -> dict[str, object]:
        """A fill row, as `userFills` and `userFillsByTime` print it."""
        row: dict[str, object] = {
            "coin": self.coin,
            "px": self.px(fill.px),
            "sz": self.sz(fill.lots),
            "side": "B" if fill.is_buy else "A",
            "time": fill.time,
            "startPosition": self.sz(fill.start),
            "dir": _direction(fill),
            "closedPnl": text(fill.closed, 6),
            "hash": f"0x{fill.tid:064x}",
            "oid": fill.oid,
            "crossed": fill.crossed,
            "fee": text(fill.fee, 6),
            "tid": fill.tid,
            "feeToken": "USDC",
            "twapId": None,
        }
        if fill.cloid is not None:
            row["cloid"] = fill.cloid
        return row

    def update(self, order: Resting) -> dict[str, object]:
        """An `orderUpdates` element: the order and its status at this moment."""
        body: dict[str, object] = {
            "coin": self.coin,
            "side": order.side,
            "limitPx": self.px(order.px),
            "sz": self.sz(order.left),
            "oid": order.oid,
            "timestamp": order.time,
            "origSz": self.sz(order.size),
        }
        if order.cloid is not None:
            body["cloid"] = order.cloid
        return {"order": body, "status": order.status, "statusTimestamp": order.status_time}


def fills_frame(user: str, rows: list[dict[str, object]], snapshot: bool = False) -> bytes:
    """A `userFills` message."""
    data: dict[str, object] = {"user": user, "fills": rows}
    if snapshot:
        data = {"isSnapshot": True, **data}
    return packed({"channel": "userFills", "data": data})


def updates_frame(rows: list[dict[str, object]]) -> bytes:
    """An `orderUpdates` message."""
    return packed({"channel": "orderUpdates", "data": rows})


def packed(value: object) -> bytes:
    """JSON as the venue sends it: no blanks."""
    return json.dumps(value, separators=(",", ":")).encode()


def _direction(fill: Fill) -> str:
    """The venue's display word for what the fill did to the position."""
    signed = fill.lots if fill.is_buy else -fill.lots
    after = fill.start + signed
    if fill.start * after < 0:
        return "Long > Short" if fill.start > 0 else "Short > Long"
    opens = fill.start * signed >= 0
    is_long = signed > 0 if opens else fill.start > 0
    return f"{'Open' if opens else 'Close'} {'Long' if is_long else 'Short'}"
