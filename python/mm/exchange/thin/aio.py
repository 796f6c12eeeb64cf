"""The in-process venue for a client with a loop: the same facts, in virtual time, on asyncio.

Time passes only when somebody waits for a fact, so a story of minutes takes milliseconds, and one seed
tells one story. It connects again by itself after a cut, as a real link does.
"""

import asyncio
from decimal import Decimal, InvalidOperation

from mm.errors import Unrepresentable
from mm.exchange.thin.link import COIN, SZ_DECIMALS, InProcessVenue
from mm.protocol import Command, Fact, LinkDown
from mm.strategy import Grid

RECONNECT_MS = 500
USER = "0x6d6d00000000000000000000000000000000de31"


class AsyncVenue:
    """An `AsyncExchange` around an `InProcessVenue`."""

    def __init__(self, seed: int = 1, rates: dict[str, int] | None = None, user: str = USER) -> None:
        self.inner = InProcessVenue(seed, user, {} if rates is None else rates)
        self.assets = SimMarkets()
        self.opened = False
        self._reconnect_ms: int | None = None

    @property
    def now_ms(self) -> int:
        """Virtual time."""
        return self.inner.now_ms

    async def open(self) -> None:
        """Connect."""
        self.opened = True
        self.inner.connect()

    async def close(self) -> None:
        """Cut the connection; the venue goes on without us."""
        if self.opened:
            self.opened = False
            self.inner.cut()

    def send(self, command: Command) -> None:
        """Send and return at once."""
        self.inner.send(command)

    async def receive(self, until_ms: int) -> Fact | None:
        """Let virtual time pass until a fact arrives or `until_ms` has come; others on the loop have their turn first."""
        await asyncio.sleep(0)
        due = self._reconnect_ms
        fact = self.inner.receive(until_ms if due is None else min(until_ms, max(due, self.now_ms)))
        if isinstance(fact, LinkDown):
            self._reconnect_ms = self.now_ms + RECONNECT_MS
        elif due is not None and due <= self.now_ms:
            self._reconnect_ms = None
            self.inner.connect()
        return fact


class SimMarket:
    """The grid of the venue's one coin."""

    kind = "perp"
    sz_decimals = SZ_DECIMALS
    base = COIN
    grid = Grid(SZ_DECIMALS)

    def px_to_wire(self, px: str | int | Decimal) -> str:
        """The text of a valid price. Raises `Unrepresentable` off the grid."""
        number = _number("px", px)
        if self.grid.bid(number) != number:
            raise Unrepresentable(f"px {px!r} is off the grid", field="px", reason="off the grid")
        return f"{number:f}"

    def sz_to_wire(self, sz: str | int | Decimal) -> str:
        """The text of a valid size. Raises `Unrepresentable` off the grid."""
        number = _number("sz", sz)
        if self.grid.size(number) != number:
            raise Unrepresentable(f"sz {sz!r} is off the grid", field="sz", reason="off the grid")
        return f"{number:f}"


class SimMarkets:
    """The venue's markets: one."""

    def get(self, name: str) -> SimMarket | None:
        """The market of that name; `None` if there is none."""
        return SimMarket() if name == COIN else None


def _number(field: str, value: str | int | Decimal) -> Decimal:
    """A positive number. Raises `Unrepresentable`."""
    try:
        number = Decimal(value)
        if not isinstance(value, float | bool) and number.is_finite() and 0 < number < 10**12:
            return number
    except (InvalidOperation, TypeError, ValueError):
        pass
    raise Unrepresentable(f"{field} {value!r} is no positive number", field=field, reason="not a positive number")
