"""The in-process venue for a client with a loop: the same facts, in virtual time, on asyncio.

Time passes only when somebody waits for a fact, so a story of minutes takes milliseconds, and one seed
tells one story. It connects again by itself after a cut, as a real link does.
"""

import asyncio
import json

from mm._core.wire import Assets
from mm.exchange.thin.link import COIN, SZ_DECIMALS, InProcessVenue
from mm.protocol import Command, Fact, LinkDown

RECONNECT_MS = 500
META = json.dumps({"universe": [{"name": COIN, "szDecimals": SZ_DECIMALS, "maxLeverage": 10}]}).encode()
"""What the venue's `meta` would say of its one market."""
USER = "0x6d6d00000000000000000000000000000000de31"


class AsyncVenue:
    """An `AsyncExchange` around an `InProcessVenue`."""

    def __init__(self, seed: int = 1, rates: dict[str, int] | None = None, user: str = USER) -> None:
        self.inner = InProcessVenue(seed, user, {} if rates is None else rates)
        self.assets = Assets(META)
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

    def receive_now(self) -> Fact | None:
        """Time does not pass for it: nothing is here before somebody waits."""
        return None

    def wake(self) -> None:
        """Nobody waits here for longer than the others have their turn."""

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
