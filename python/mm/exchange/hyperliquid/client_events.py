"""News for several readers: each has its own bounded queue, and a reader that lags is told what it missed."""

import asyncio
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from mm._core import Order
from mm.protocol import Warned
from mm.session import Escalated, Event, Held, Surprised


@dataclass(frozen=True, slots=True)
class Lagged:
    """The reader was too slow: so many events before this one are gone. The engine's state has lost nothing."""

    missed: int


@dataclass(frozen=True, slots=True)
class Left:
    """The client is closed. These orders were open, or not known to be closed, when it was; nobody looks after them."""

    orders: tuple[Order, ...]


Told = Event | Lagged | Left


class EventStream:
    """What `Hyperliquid.events()` gives: iterate over it with `async for`. It ends when the client is closed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._queue: deque[Told] = deque()
        self._missed = 0
        self._awake = asyncio.Event()
        self._ended = False
        self._fault: BaseException | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Told:
        while True:
            event = self.next_now()
            if event is not None:
                return event
            if self._fault is not None:
                raise self._fault
            if self._ended:
                raise StopAsyncIteration
            self._awake.clear()
            await self._awake.wait()

    def next_now(self) -> Told | None:
        """The next event that is here already; None if there is none."""
        if self._missed:
            missed, self._missed = self._missed, 0
            return Lagged(missed)
        return self._queue.popleft() if self._queue else None

    def put(self, event: Told) -> None:
        """Add an event; the oldest goes where there is no room."""
        if len(self._queue) >= self._most:
            self._queue.popleft()
            self._missed += 1
        self._queue.append(event)
        self._awake.set()

    def end(self, fault: BaseException | None = None) -> None:
        """No more will come; `fault` is raised after what is still there."""
        self._ended, self._fault = True, fault
        self._awake.set()


class Readers:
    """All readers of one client. One that nobody holds any more has gone away, and is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._streams: list[weakref.ref[EventStream]] = []

    def __len__(self) -> int:
        return len(self._streams)

    def open(self) -> EventStream:
        """One more, which hears what is told from now on."""
        stream = EventStream(self._most)
        self._streams.append(weakref.ref(stream))
        return stream

    def tell(self, events: Sequence[Told]) -> None:
        """Add these, for each reader."""
        if events:
            for stream in self._held():
                for event in events:
                    stream.put(event)

    def end(self, fault: BaseException | None = None) -> None:
        """No more will come."""
        for stream in self._held():
            stream.end(fault)

    def _held(self) -> list[EventStream]:
        streams = [stream for one in self._streams if (stream := one()) is not None]
        if len(streams) < len(self._streams):
            self._streams = list(map(weakref.ref, streams))
        return streams


def words_of(event: Escalated | Held | Surprised | Warned) -> str:
    """What is logged of something that somebody should see to."""
    match event:
        case Escalated(what=what, coin=coin) | Surprised(what=what, coin=coin):
            return what if coin is None else f"{what} ({coin})"
        case Held(coin=coin, why=why):
            return f"{coin or 'every coin'}: nothing is placed now: {why}"
        case Warned(what=what, text=text):
            return f"{what}: {text}"
