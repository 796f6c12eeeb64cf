"""Where in a JSON value the fills are, and whose.

| value | account |
| --- | --- |
| a fill (an element of a `userFills` or `userFillsByTime` answer, or a line of its own) | not told |
| `{"events": [[address, fill], ...]}`, a line of `node_fills_by_block`; `[address, fill]`, one of `node_fills` | told |
| a frame `{"channel": "userFills", "data": {"user", "fills"}}` | told |
| a frame `{"channel": "user", "data": {"fills"}}` | of the socket's other frames |
| a frame `{"channel": "post", ...}` that answers an info request | not told |
| a recorder's wrapper: `{"body": ...}`, `{"response": ...}`, with the `request` beside it where there is one | told by `request` |

Values of another kind (books, trades, orders) are counted and passed over.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from mm.audit.values import DECODER

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
WRAPPERS = ("body", "response", "data", "frame", "message", "msg", "raw", "payload", "items")
KEYS = frozenset({"coin", "px", "sz", "side", "startPosition", "closedPnl", "dir", "oid", "tid", "crossed"})
ENOUGH = 6
"""So many keys of a fill make a value a fill, if perhaps a broken one. An order has four of them, a trade five."""

DEPTH_MAX = 8
"""Wrappers within wrappers."""


class Found(NamedTuple):
    """A record where a fill should be. `socket`: it is of the account that the socket's other frames name."""

    record: Any
    account: Any
    socket: bool = False


class Shapes:
    """Finds fills in the values of one file, which may lean on each other: frames of one socket do."""

    def __init__(self) -> None:
        self.passed_over = 0
        self._pending: str | None = None
        self._named: list[str] = []
        self._subscribed: str | None = None

    @property
    def socket_account(self) -> str | None:
        """The one account that the frames so far speak of."""
        if self._subscribed is not None:
            return self._subscribed
        return self._named[0] if len(self._named) == 1 else None

    def find(self, value: Any, account: Any = None, depth: int = 0) -> Iterator[Found]:
        """The fills in `value`."""
        pending, self._pending = self._pending, None
        if isinstance(value, str) and ADDRESS.fullmatch(value):
            self._pending = value
        elif isinstance(value, list) and depth < DEPTH_MAX:
            for element in value:
                yield from self.find(element, account, depth + 1)
        elif not isinstance(value, dict):
            self.passed_over += 1
        elif "channel" in value:
            yield from self._frame(value, depth)
        elif isinstance(value.get("events"), list):
            for event in value["events"]:
                yield from self._event(event)
        elif isinstance(value.get("fills"), list):
            owner = value.get("user") or account
            yield from (Found(record, owner) for record in value["fills"])
        elif len(KEYS & value.keys()) >= ENOUGH:
            yield Found(value, pending or value.get("user") or value.get("account") or account)
        else:
            yield from self._wrapped(value, account, depth)

    def _event(self, event: Any) -> Iterator[Found]:
        if isinstance(event, list) and len(event) == 2 and isinstance(event[0], str):
            yield Found(event[1], event[0])
        else:
            yield Found(event, None)

    def _frame(self, frame: dict[str, Any], depth: int) -> Iterator[Found]:
        data = frame.get("data")
        fills = data.get("fills") if isinstance(data, dict) else None
        match frame["channel"]:
            case "userFills" if isinstance(fills, list):
                user = data.get("user") if isinstance(data, dict) else None
                if isinstance(user, str) and user.lower() not in self._named:
                    self._named.append(user.lower())
                yield from (Found(record, user, socket=user is None) for record in fills)
            case "user" if isinstance(fills, list):
                yield from (Found(record, None, socket=True) for record in fills)
            case "post" if isinstance(data, dict):
                yield from self._wrapped(data, None, depth)
            case "subscriptionResponse" if isinstance(data, dict):
                wanted = data.get("subscription")
                if isinstance(wanted, dict) and wanted.get("type") == "userEvents" and wanted.get("user"):
                    self._subscribed = str(wanted["user"]).lower()
                self.passed_over += 1
            case _:
                self.passed_over += 1

    def _wrapped(self, value: dict[str, Any], account: Any, depth: int) -> Iterator[Found]:
        request = value.get("request")
        if isinstance(request, dict):
            account = request.get("user") or account
        inner = [value[key] for key in WRAPPERS if isinstance(value.get(key), dict | list | str)]
        if depth >= DEPTH_MAX or not inner:
            self.passed_over += 1
        for content in inner:
            if isinstance(content, str):
                try:
                    content = DECODER.decode(content)
                except (ValueError, RecursionError):
                    self.passed_over += 1
                    continue
            yield from self.find(content, account, depth + 1)
