"""An asyncio loop that lives in a venue's time: whoever waits, waits no longer than it takes to compute.

Time passes only when nothing else is left to do: no callback is ready, no socket has anything to say. Then it goes on to
whatever comes first, the next timer or the next thing that the venue delivers. So `asyncio.sleep(3600)` is an hour of the
market and no wait for us, a client runs unchanged, and the same program does the same things in the same order, always.
"""

import asyncio
import math
import selectors
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

__all__ = ["Flow", "VirtualLoop"]

STRETCH_MS = 1_000
"""At most so much time passes at once where nobody waits for a timer."""
LOOK_EVERY = 64
"""Where there are no sockets, only every so many turns is looked whether another thread or a signal calls."""
QUIET_S = 0.002
"""With sockets, time passes only when for so long of our own time none had anything to say."""
T = TypeVar("T")


class Flow(Protocol):
    """What makes time pass."""

    @property
    def now_ms(self) -> int:
        """The time."""

    def pass_time(self, until_ms: int) -> None:
        """Let time pass until something is delivered, but not beyond `until_ms`."""


class _Selector(selectors.BaseSelector):
    """Asks the real one, and lets time pass instead of waiting."""

    def __init__(self, flow: Flow, sockets: bool) -> None:
        self._real = selectors.DefaultSelector()
        self._flow, self._sockets = flow, sockets
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._turns += 1
        if self._sockets:
            events = self._real.select(0 if timeout == 0 else QUIET_S)
        else:
            events = self._real.select(0) if self._turns % LOOK_EVERY == 0 else []
        if events or timeout == 0:
            return events
        now = self._flow.now_ms
        # The smallest step is a millisecond; what a float makes of whole ones is not one more.
        wait = STRETCH_MS if timeout is None else min(STRETCH_MS * 60, max(1, math.ceil(timeout * 1_000 - 0.01)))
        self._flow.pass_time(now + wait)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Any:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. `sockets`: real ones are used in it, as by a server and its client in one process; without, none may be."""

    def __init__(self, flow: Flow, *, sockets: bool = False) -> None:
        self._flow, self._began_ms = flow, flow.now_ms
        super().__init__(_Selector(flow, sockets))
        self._clock_resolution = 0.000_5

    def time(self) -> float:
        """Seconds of the venue's time since the loop began."""
        return (self._flow.now_ms - self._began_ms) / 1_000

    def run_in_executor(  # type: ignore[override]  # What asyncio calls a future here is one that is done already.
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Does it at once: in virtual time nobody could say how long another thread takes."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done
