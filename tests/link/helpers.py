"""A link to the little venue, with quick times, and ways to wait for what it tells."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from mm._core.sign import Signer
from mm.exchange.hyperliquid.limits import Limits, SocketBudget
from mm.exchange.hyperliquid.link import Link
from mm.exchange.hyperliquid.link_clock import Clock
from mm.exchange.hyperliquid.link_settings import Settings
from mm.protocol import Fact, NewOrder, Place
from tests.link.venue import ACCOUNT, KEY, Venue

T = TypeVar("T")
QUICK: dict[str, Any] = {
    "backoff_first_ms": 1,
    "backoff_most_ms": 20,
    "watch_every_ms": 10,
    "ack_timeout_ms": 1_000,
    "query_timeout_ms": 2_000,
    "post_timeout_ms": 1_000,
    "open_timeout_ms": 2_000,
}
CLOID = "0x" + "1" * 32


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a test's coroutine, bounded in time."""

    async def bounded() -> None:
        async with asyncio.timeout(30):
            await work()

    asyncio.run(bounded())


@contextlib.asynccontextmanager
async def linked(
    venue: Venue, *, limits: Limits | None = None, clock: Clock | None = None, **changed: Any
) -> AsyncIterator[Link]:
    settings = Settings(**{"url": venue.url, "account": ACCOUNT, "coins": ("BTC",), **QUICK, **changed})
    limits = limits or Limits(sockets=SocketBudget(new_connections=10**6, messages=10**6))
    link = Link(settings, Signer(KEY, mainnet=settings.mainnet), limits=limits, clock=clock, rng=random.Random(7))
    async with link:
        yield link


async def until(link: Link, kind: type[T], within_ms: int = 3_000) -> T:
    """The next fact of this kind; what comes before it is passed over."""
    end = link.now_ms + within_ms
    seen: list[Fact] = []
    while (fact := await link.receive(end)) is not None:
        if isinstance(fact, kind):
            return fact
        seen.append(fact)
    raise AssertionError(f"no {kind.__name__} within {within_ms} ms; came: {seen}")


async def rest(link: Link, within_ms: int = 100) -> list[Fact]:
    """What comes within this time."""
    end = link.now_ms + within_ms
    facts = []
    while (fact := await link.receive(end)) is not None:
        facts.append(fact)
    return facts


async def eventually(true: Callable[[], object], within_s: float = 3.0) -> None:
    """Until something holds."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110  # The other side is a venue: it sets no event of ours.
            await asyncio.sleep(0.002)


def order(coin: str = "BTC", *, reduce_only: bool = False, cloid: str = CLOID, px: str = "50000") -> NewOrder:
    return NewOrder(coin, "B", px, "0.001", "Alo", cloid, reduce_only)


def place(link: Link, *orders: NewOrder, nonce: int | None = None) -> Place:
    now = link.now_ms
    return Place(now if nonce is None else nonce, now + 5_000, orders or (order(),))
