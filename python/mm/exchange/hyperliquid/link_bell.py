"""What wakes the one who waits for a link's facts: a fact, a time, or somebody's call."""

import asyncio

__all__ = ["Bell"]


class Bell:
    """For one who waits at a time. Rung while nobody does, it does nothing."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._called = False

    async def wait(self, loop: asyncio.AbstractEventLoop, left_s: float) -> None:
        """Until it is rung, or not much longer than this; perhaps shorter, so look again.

        A timer that is set for an earlier time is kept: setting and stopping one for each fact costs more than the fact.
        """
        due = loop.time() + left_s
        if self._timer is None or self._timer.when() > due:
            self.stop()
            self._timer = loop.call_at(due, self._over)
        self._waiter = loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def ring(self) -> None:
        """There is something to look at."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def call(self) -> None:
        """Whoever waits is to return, even if there is nothing to look at."""
        self._called = self._waiter is not None
        self.ring()

    def was_called(self) -> bool:
        """Whether it was a call; told once."""
        called, self._called = self._called, False
        return called

    def stop(self) -> None:
        """No timer is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self) -> None:
        self._timer = None
        self.ring()
