"""`mm.connect(...)`: the client without `async`, for scripts and notebooks.

    with mm.connect(account="0x…", key=…, url=mm.TESTNET, coins=["BTC"]) as hl:
        order = hl.place("BTC", "B", "83757", "0.001")
        hl.cancel(order)

The loop turns in a thread of its own, so it goes on between your calls and while a notebook's cell is not
running. Every call may be made from any thread, and every one is bounded in time. Ctrl-C in a call gives
the prompt back at once; what was sent goes on to be looked after, as after any other exception.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from mm._core import Engine, Order, Position, Side, Tif
from mm._core.wire import Book
from mm.errors import NotSent, OutcomeUnknown, UsageError, VenueError
from mm.exchange.hyperliquid.client import Hyperliquid
from mm.exchange.hyperliquid.client_events import EventStream, Told
from mm.exchange.hyperliquid.client_open import NewOrder
from mm.exchange.hyperliquid.client_parts import Number
from mm.exchange.hyperliquid.forks import not_in_a_child
from mm.fallback import Policy
from mm.protocol import RateLimitReply

T = TypeVar("T")

OPENING_S = 5.0
"""Opening may take so much longer than a call: what it waited for is told first (the link's own bound is as long)."""
TIMEOUT_S = 30.0
NEVER_S = threading.TIMEOUT_MAX
EXIT_S = 60.0
"""What leaving may take: cancelling all with proof, waiting for answers, closing sockets."""


class HyperliquidSync:
    """The same client, called from ordinary code. Arguments as `Hyperliquid`, and `timeout_s` for every call.

    Raises `ConfigError` when it is made. Entered, it waits until all is known (`ready`), unless `wait=False`. Raises what `Hyperliquid` raises, and
    `OutcomeUnknown` when a call that sends takes longer than `timeout_s`: what it began goes on.
    """

    def __init__(self, *, timeout_s: float = TIMEOUT_S, wait: bool = True, **settings: Any) -> None:
        self._timeout_s = timeout_s
        self._wait = wait
        self._entered = False
        self._opening: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._names = ""
        try:
            self._client = Hyperliquid(**settings)  # here, so that no key is kept for later
        finally:
            settings.clear()  # no frame of a traceback has it
        self._names = " ".join((self._client.account, *self._client.coins))

    def __repr__(self) -> str:
        life = "closed" if self._loop is None else "ready" if self.ready else "opening"
        return f"<mm.HyperliquidSync {self._names}: {life}>"

    # --- life -------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Start the loop's thread, connect, and wait until all is known. What fails leaves nothing behind."""
        with self._lock:
            if self._thread is not None:
                raise UsageError("a client is opened once", reason="opened")
            not_in_a_child(self)
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._turn, args=(self._loop,), name="mm", daemon=True)
            self._thread.start()
        try:
            self._call(self._enter(), "opening", self._timeout_s + OPENING_S, sends=False)
        except BaseException:
            self.close()
            raise

    async def _enter(self) -> None:
        self._opening = asyncio.current_task()
        await self._client.__aenter__()
        self._entered = True
        if self._wait:
            await self._client.ready()

    def close(self) -> None:
        """Leave, as `Hyperliquid` does, and end the thread. A second call does nothing."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        try:
            asyncio.run_coroutine_threadsafe(self._leave(), loop).result(EXIT_S)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(EXIT_S)

    async def _leave(self) -> None:
        if self._opening is not None:
            await asyncio.wait([self._opening])  # one that was given up closes what it had opened
        if self._entered:
            await self._client.__aexit__(None, None, None)

    def forked(self) -> None:
        """This is a copy in a child process (reliability P9): its thread is not here, and its sockets are the parent's."""
        self._loop = self._thread = None
        self._lock = threading.Lock()

    @staticmethod
    def _turn(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    # --- orders -----------------------------------------------------------------------------------------

    def place(
        self,
        coin: str,
        side: Side | str,
        px: Number,
        sz: Number,
        *,
        tif: Tif = Tif.ALO,
        reduce_only: bool = False,
        cloid: str | None = None,
    ) -> Order:
        """As `Hyperliquid.place`."""
        call = self._open().place(coin, side, px, sz, tif=tif, reduce_only=reduce_only, cloid=cloid)
        return self._call(call, "place")

    def place_many(self, orders: Sequence[NewOrder]) -> list[Order | VenueError]:
        """As `Hyperliquid.place_many`."""
        return self._call(self._open().place_many(orders), "place_many")

    def modify(
        self,
        order: Order | str,
        *,
        px: Number | None = None,
        order_qty: Number | None = None,
        policy: Policy | None = None,
    ) -> Order:
        """As `Hyperliquid.modify`."""
        return self._call(self._open().modify(order, px=px, order_qty=order_qty, policy=policy), "modify")

    def cancel(self, order: Order | str, *, foreign: bool = False) -> Order:
        """As `Hyperliquid.cancel`."""
        return self._call(self._open().cancel(order, foreign=foreign), "cancel")

    def cancel_all(self, coin: str | None = None, *, wait: bool = True) -> tuple[Order, ...]:
        """As `Hyperliquid.cancel_all`; here it waits for the proof unless told not to."""
        return self._call(self._open().cancel_all(coin, wait=wait), "cancel_all")

    def known(self, order: Order | str) -> Order:
        """As `Hyperliquid.known`."""
        return self._call(self._open().known(order), "known", sends=False)

    def info(self, body: Mapping[str, Any]) -> Any:
        """As `Hyperliquid.info`."""
        return self._call(self._open().info(body), "info", sends=False)

    def rate_limit(self) -> RateLimitReply:
        """As `Hyperliquid.rate_limit`."""
        return self._call(self._open().rate_limit(), "rate_limit", sends=False)

    def schedule_cancel(self, time_ms: int | None) -> None:
        """As `Hyperliquid.schedule_cancel`."""
        self._call(self._open().schedule_cancel(time_ms), "schedule_cancel")

    def update_leverage(self, coin: str, leverage: int, *, is_cross: bool = True) -> None:
        """As `Hyperliquid.update_leverage`."""
        self._call(self._open().update_leverage(coin, leverage, is_cross=is_cross), "update_leverage")

    # --- looking ------------------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """As `Hyperliquid.engine`; it may be read from any thread."""
        return self._open().engine

    @property
    def left(self) -> tuple[Order, ...]:
        """As `Hyperliquid.left`."""
        return self._client.left

    @property
    def ready(self) -> bool:
        """Whether all is known that the venue knows."""
        return self._loop is not None and self._entered and self._client.session.ready

    def book(self, coin: str) -> Book | None:
        """As `Hyperliquid.book`."""
        return self._open().book(coin)

    def orders(self, coin: str | None = None) -> list[Order]:
        """As `Hyperliquid.orders`."""
        return self._open().orders(coin)

    def position(self, coin: str) -> Position:
        """As `Hyperliquid.position`."""
        return self._open().position(coin)

    def closed(self, coin: str) -> str | None:
        """As `Hyperliquid.closed`."""

        async def look() -> str | None:
            return self._open().closed(coin)

        return self._call(look(), "closed", sends=False)

    def release(self, coin: str | None, why: str) -> None:
        """As `Hyperliquid.release`."""

        async def release() -> None:
            self._open().release(coin, why)

        self._call(release(), "release", sends=False)

    def events(self) -> Iterator[Told]:
        """As `Hyperliquid.events`: everything from this call on. It blocks between events, and ends with the client."""

        async def begin() -> EventStream:
            return self._open().events()

        return self._each(self._call(begin(), "events", sends=False))

    def _each(self, stream: EventStream) -> Iterator[Told]:
        async def step() -> Told | None:
            return await anext(stream, None)

        while self._loop is not None:
            try:
                event = self._call(step(), "events", NEVER_S, sends=False)
            except (concurrent.futures.CancelledError, NotSent):
                break  # closed meanwhile
            if event is None:
                return
            yield event
        while (event := stream.next_now()) is not None:  # nobody adds to it any more
            yield event

    # --- parts --------------------------------------------------------------------------------------------

    def _open(self) -> Hyperliquid:
        if self._loop is None or not self._entered:
            raise NotSent("the client is not open: use `with`", reason="not open")
        return self._client

    def _call(
        self, call: Coroutine[Any, Any, T], what: str, timeout_s: float | None = None, *, sends: bool = True
    ) -> T:
        """Have the loop do it, and wait: for an answer, an exception, or as long as was said."""
        loop = self._loop
        if loop is None or threading.current_thread() is self._thread:
            call.close()
            where = "from the client's own thread" if loop is not None else "on a closed client"
            raise NotSent(f"{what} was called {where}", reason="not open")
        future = asyncio.run_coroutine_threadsafe(call, loop)
        try:
            return future.result(timeout_s if timeout_s is not None else self._timeout_s)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise  # the call's own
            future.cancel()
            if sends:
                raise OutcomeUnknown(f"{what} takes too long; what it began goes on", reason="time-out") from None
            raise VenueError(f"{what} takes too long", reason="time-out") from None
        except KeyboardInterrupt:
            future.cancel()
            raise


def connect(*, timeout_s: float = TIMEOUT_S, wait: bool = True, **settings: Any) -> HyperliquidSync:
    """A client for scripts and notebooks; use it with `with`. Arguments as `Hyperliquid`."""
    try:
        return HyperliquidSync(timeout_s=timeout_s, wait=wait, **settings)
    finally:
        settings.clear()  # no frame of a traceback has the key
