"""Orders as `/info` and the account's streams tell them (protocol 6.1, 6.5, 7.2)."""

from dataclasses import dataclass
from decimal import Decimal

from mm._core import Side, classify_status
from mm.wire.reader import Rows, Value, load


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order. `sz` is what remains; `orig_sz - sz` is not what was filled if it is reduce-only."""

    coin: str
    side: Side
    limit_px: Decimal
    sz: Decimal
    orig_sz: Decimal
    oid: int
    cloid: str | None
    """In lower case; `None` where there is none, or a name that is no cloid."""
    timestamp: int
    """When it was placed: block time in ms."""
    reduce_only: bool
    is_trigger: bool
    trigger_px: Decimal | None
    order_type: str | None
    """`Limit`, `Stop Market` …; only where the venue tells it."""
    tif: str | None
    """`Gtc`, `Alo` …; only where the venue tells it."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order and one status that it had."""

    order: OpenOrder
    status: str
    """The venue's word."""
    status_timestamp: int
    """Block time of the status in ms."""

    @property
    def meaning(self) -> str:
        """What the word means: "open", "filled", "canceled", "rejected" or "unknown"."""
        return classify_status(self.status)


@dataclass(frozen=True, slots=True)
class FillsPage:
    """What there is to know of a page of fills before the engine reads it (`Engine.process_fills`)."""

    rows: int
    first_ms: int | None
    """The earliest block time on it, in whatever order it stands; `None` if it is empty."""
    last_ms: int | None
    """The latest block time on it: where the next page begins, with an overlap."""


def _open_order(of: Value) -> OpenOrder:
    reduce_only, is_trigger = of.get("reduceOnly"), of.get("isTrigger")
    trigger_px, order_type = of.get("triggerPx"), of.get("orderType")
    tif, cloid = of.get("tif"), of.get("cloid")
    sz = of["sz"].not_negative()
    orig_sz = of.get("origSz")
    return OpenOrder(
        coin=of["coin"].text(),
        side=Side.BUY if of["side"].word("B", "A") == "B" else Side.SELL,
        limit_px=of["limitPx"].not_negative(),
        sz=sz,
        orig_sz=sz if orig_sz is None else orig_sz.not_negative(),
        oid=of["oid"].whole(),
        cloid=None if cloid is None else cloid.cloid(),
        timestamp=of["timestamp"].whole(),
        reduce_only=reduce_only is not None and reduce_only.flag(),
        is_trigger=is_trigger is not None and is_trigger.flag(),
        trigger_px=None if trigger_px is None else trigger_px.not_negative(),
        order_type=None if order_type is None else order_type.text(),
        tif=None if tif is None else tif.text(),
    )


def _record(of: Value) -> OrderRecord:
    return OrderRecord(_open_order(of["order"]), of["status"].text(), of["statusTimestamp"].whole())


def open_orders(body: bytes, status: int = 200) -> Rows[OpenOrder]:
    """Reads `openOrders`, `frontendOpenOrders`, or the data of the stream `openOrders`: the whole list."""
    return load(body, "openOrders", status).unwrapped("orders").rows(_open_order)


def historical_orders(body: bytes, status: int = 200) -> Rows[OrderRecord]:
    """Reads `historicalOrders`, or the data of the stream `userHistoricalOrders`: a row for each status."""
    return load(body, "historicalOrders", status).unwrapped("orderHistory").rows(_record)


def order_status(body: bytes, status: int = 200) -> OrderRecord | None:
    """Reads `orderStatus`. `None` is `unknownOid`, which never proves that there was no such order (protocol 6.2)."""
    answer = load(body, "orderStatus", status)
    if answer["status"].word("order", "unknownOid") == "unknownOid":
        return None
    return _record(answer["order"])


def fills_page(body: bytes, status: int = 200) -> FillsPage:
    """Looks at a page of `userFills` or `userFillsByTime`; a row without a time is `Unreadable`, for then no page can follow."""
    times = [row["time"].whole() for row in load(body, "userFills", status).items()]
    return FillsPage(len(times), min(times, default=None), max(times, default=None))
