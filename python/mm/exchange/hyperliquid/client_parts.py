"""Small parts of the client: who waits for what, and the books as last told."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Generic, TypeVar

from mm._core import Engine, Order, OrderState
from mm._core.wire import Asset, Assets, Bbo, Book, L2Book, Level
from mm.errors import BadInput, NotSent, OutcomeUnknown, Refused, UnknownOrder, VenueError
from mm.protocol import BookTop
from mm.session import Fate, How

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Number = str | int | Decimal
"""A price or a size: decimal text, whole units or a Decimal. A float is refused: say what you mean."""


class Hidden:
    """A key on its way to its signer: where locals are shown, in a traceback or a crash report, it is not."""

    __slots__ = ("key",)

    def __init__(self, key: str | bytes | bytearray | None) -> None:
        self.key = key


class Waiters(Generic[K, V]):
    """Who waits for which piece of news. Each is given once; listeners hear every one."""

    def __init__(self) -> None:
        self._futures: dict[K, list[asyncio.Future[V]]] = {}
        self._listeners: dict[K, list[Callable[[V], None]]] = defaultdict(list)

    def wait(self, key: K) -> asyncio.Future[V]:
        """The next piece of news of this key."""
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        waiting = self._futures.setdefault(key, [])
        waiting[:] = [other for other in waiting if not other.done()]
        waiting.append(future)
        return future

    def drop(self, key: K) -> None:
        """Nobody waits for this any more."""
        self._futures.pop(key, None)

    @contextmanager
    def listen(self, key: K, heard: Callable[[V], None]) -> Iterator[None]:
        """Hear every piece of news of this key for a while."""
        self._listeners[key].append(heard)
        try:
            yield
        finally:
            self._listeners[key].remove(heard)
            if not self._listeners[key]:
                del self._listeners[key]

    def give(self, key: K, value: V) -> None:
        """Here it is."""
        for future in self._futures.pop(key, ()):
            if not future.done():
                future.set_result(value)
        for heard in self._listeners.get(key, ()):
            heard(value)

    def fail(self, error: BaseException) -> None:
        """It will not come: everybody who waits is told."""
        futures, self._futures = self._futures, {}
        for waiting in futures.values():
            for future in waiting:
                if not future.done():
                    future.set_exception(error)


class Books:
    """The newest of each market. An older one never replaces it."""

    def __init__(self) -> None:
        self._books: dict[str, Book] = {}

    def take(self, event: object, received_ms: int) -> None:
        """Take a market event that tells of a book; pass over any other."""
        if isinstance(event, BookTop):
            sides = ([Level(px, sz) for px, sz in levels] for levels in (event.bids, event.asks))
            event = L2Book(event.coin, event.time, *sides)
        if isinstance(event, L2Book | Bbo):
            book = self._books.get(event.coin)
            if book is None:
                book = self._books[event.coin] = Book(event.coin)
            book.apply(event, received_ms)

    def get(self, coin: str) -> Book | None:
        """The market as last told; None until something came since the last connection."""
        return self._books.get(coin)

    def clear(self) -> None:
        """The connection broke: nothing is known to be current."""
        self._books.clear()


def order_in(engine: Engine, order: Order | str | int) -> Order:
    """The order as it stands now, by any of its names. Raises `UnknownOrder`."""
    key = (order.cloid if order.cloid is not None else order.oid) if isinstance(order, Order) else order
    found = engine.get_order(key) if isinstance(key, int) else engine.get_by_cloid(key or "")
    if found is None:
        raise UnknownOrder(f"there is no order {key!r}", cloid=str(key))
    return found


def placed_in(engine: Engine, fate: Fate) -> Order | VenueError:
    """What came of a placement or a change: the order as it stands, or what is to be raised."""
    error = error_of(fate)
    if error is not None:
        return error
    order = engine.get_by_cloid(fate.cloid)
    return order or OutcomeUnknown("the order was taken, and has left memory since", cloid=fate.cloid)


def spot_of(assets: Assets | None, coin: str) -> tuple[int, str] | None:
    """The decimals and the base token of a spot coin; None of any other."""
    market = None if assets is None else assets.get(coin)
    return (market.sz_decimals, market.base) if market is not None and market.kind == "spot" else None


def json_of(body: Mapping[str, Any]) -> bytes:
    """The body of a request. Raises `BadInput`."""
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise BadInput("body is no request: a mapping with a type", field="body", reason="no type")
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise BadInput(f"body is no JSON: {error}", field="body", reason="not JSON") from None


def market_in(assets: Assets | None, coin: str) -> Asset:
    """The market of this name. Raises `BadInput`."""
    market = None if assets is None or not isinstance(coin, str) else assets.get(coin)
    if market is None:
        raise BadInput(f"there is no market {coin!r}", field="coin", reason="unknown")
    return market


def whole(field: str, value: object) -> int:
    """This whole number. Raises `BadInput`, naming the field."""
    if type(value) is not int:
        raise BadInput(f"{field} is a whole number, not {value!r}", field=field, reason="not whole")
    return value


def is_done(order: Order) -> bool:
    """It rests no more: it is closed, or the venue said that it canceled it, and late fills alone may follow."""
    return order.state.is_terminal or order.state == OrderState.CancelConfirmed


def face(order: Order) -> tuple[object, ...]:
    """What a caller can see change about an order."""
    return order.state, order.cum_qty, order.leaves_qty, order.current_cloid, order.modifying


def error_of(fate: Fate) -> VenueError | None:
    """What a caller is told; None if the venue did it."""
    words = {"reason": fate.text, "cloid": fate.name or fate.cloid}
    match fate.how:
        case How.TAKEN | How.FOUND:
            return None
        case How.REFUSED | How.VOID:
            return Refused(f"{fate.kind} refused: {fate.text}", **words)
        case How.NOT_SENT:
            return NotSent(f"{fate.kind} was not sent: {fate.text}", **words)
        case How.UNKNOWN:
            return OutcomeUnknown(f"what became of the {fate.kind} is not known yet: {fate.text}", **words)


def not_gone(cloid: str, text: str, *, goes_on: bool) -> VenueError:
    """What the caller of a cancel is told whose order is not known to be gone."""
    if not goes_on:
        return Refused(f"the cancel was refused: {text}", reason=text, cloid=cloid)
    why = text or "no answer"
    return OutcomeUnknown(f"the order is not known to be gone, and its cancel goes on: {why}", reason=why, cloid=cloid)
