"""The turns of the client's loop: until when it may wait, and who waits for it.

The loop turns when a fact arrived, when something is due, when somebody who waits loses patience, and when a caller did
something; and once a second, whatever else. Time is the exchange's, which need not be ours.
"""

import asyncio
from collections.abc import Awaitable, Callable

from mm.exchange.base import AsyncExchange

TURN_MS = 1_000
"""The loop turns at least so often, whatever it waits for."""
AT_ONCE = 32
"""So many facts that have arrived together are taken before time is looked at, and before the others have their turn."""
OTHERS_EVERY = 8
"""After so many turns the others have theirs, even if there was always something here already."""


class Turns:
    """One client's."""

    def __init__(self, exchange: AsyncExchange) -> None:
        self.moved = True
        """Something happened since it was looked at what is due."""
        self._exchange = exchange
        self._until_ms = 0
        self._ends: list[int] = []
        self._turned: asyncio.Future[None] | None = None

    # --- for the loop -----------------------------------------------------------------------------------

    def until_ms(self, next_deadline: Callable[[], int | None]) -> int:
        """Until when the loop waits for a fact."""
        now = self._exchange.now_ms
        if self.moved or now >= self._until_ms:
            self.moved = False
            due, most = next_deadline(), now + TURN_MS
            self._until_ms = max(now + 1, min(most, *self._ends, most if due is None else due))
        return self._until_ms

    @property
    def due(self) -> bool:
        """There is something to look after."""
        return self.moved or self._exchange.now_ms >= self._until_ms

    def over(self) -> None:
        """A turn is over: whoever waited for it looks."""
        turned, self._turned = self._turned, None
        if turned is not None and not turned.done():
            turned.set_result(None)

    # --- for its callers --------------------------------------------------------------------------------

    def look_anew(self) -> None:
        """What is due may have changed: the loop looks now."""
        self.moved = True
        self._exchange.wake()

    async def next(self) -> None:
        """Wait until a turn is over."""
        if self._turned is None:
            self._turned = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._turned)

    async def wait(self, done: Callable[[], bool], timeout_ms: int, turn: Callable[[], Awaitable[None]]) -> bool:
        """Wait for this, `turn` by `turn`; False if it did not come in time."""
        end = self._exchange.now_ms + timeout_ms
        self._ends.append(end)
        self.look_anew()
        try:
            while not done():
                if self._exchange.now_ms >= end:
                    return False
                await turn()
        finally:
            self._ends.remove(end)
        return True
