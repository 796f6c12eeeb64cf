"""After every fault of the venue itself, its lies among them, the client believes what is really so.

The faults are those of `mm._core.venue.faults()`, each played before every step of a story in which all kinds of orders are
used. What is true is asked of the venue itself, past every fault.
"""

import asyncio
import contextlib
from typing import Any

import pytest

from mm import Side, Tif
from mm._core.venue import faults
from mm.errors import NotSent, Refused
from tests.chaos.episodes import ASSET, COIN, TIMES, Episode, episode, story

PAUSE_S = 0.4
"""Between two steps, so that a fault of the background strikes too."""
STEPS = ("place", "fill", "modify", "hit", "cancel", "again", "take", "rest")
NOT_IN_A_STORY = {
    "socket_refused": "strikes only who connects: see test_the_venue_takes_no_sockets_for_a_while",
    "clock_ahead": "a client reads the clock once a minute: see test_a_clock_that_is_ahead_stops_new_orders",
    "meta_changed": "the markets are read at a reconnect: see test_a_market_that_changed_stops_no_other",
}


async def other(at: Episode, side: str, px: str, sz: str, tif: str = "Alo") -> None:
    """Somebody else's order; whether its answer is lost is not his story."""
    order = {"a": ASSET, "b": side == "B", "p": px, "s": sz, "r": False, "t": {"limit": {"tif": tif}}}
    with contextlib.suppress(TimeoutError, ValueError):
        async with asyncio.timeout(1):
            await at.control.act("taker", {"type": "order", "orders": [order], "grouping": "na"})


async def suffer(name: str, amount: int | None = None) -> tuple[float, int]:
    """A story with the fault before every step: seconds from its end until all agrees, and how often it struck."""
    async with episode() as at:
        venue: Any = at.server.venue
        steps: list[str] = []

        async def strike(step: str) -> None:
            if steps:
                await asyncio.sleep(PAUSE_S)
            steps.append(step)
            venue.heal()
            venue.fault(name, times=1, amount=amount)

        async def take(side: str, px: str, sz: str) -> None:
            await other(at, side, px, sz, "Ioc")

        at.take = take  # type: ignore[method-assign]
        await story(at, strike)
        await strike("take")
        await other(at, "A", "41.28", "1")
        await at.attempt(at.client.place(COIN, "B", "41.28", "0.4", tif=Tif.IOC), placing=1)
        await strike("rest")
        await at.attempt(at.client.place(COIN, "B", "41.28", "0.9", tif=Tif.GTC), placing=1)
        await asyncio.sleep(PAUSE_S)
        venue.heal()
        took = await at.agreed()
        await at.nothing_twice()
        venue.check()
        assert tuple(steps) == STEPS
        return took, int(venue.struck().get(name, 0))


@pytest.mark.parametrize("half", [0, 1])
def test_after_every_fault_they_agree(half: int) -> None:
    names = sorted(set(faults()) - set(NOT_IN_A_STORY))[half::2]

    async def run() -> list[tuple[float, int] | BaseException]:
        return await asyncio.gather(*(suffer(name) for name in names), return_exceptions=True)

    results = dict(zip(names, asyncio.run(run()), strict=True))
    failed = {name: result for name, result in results.items() if isinstance(result, BaseException)}
    assert not failed, "\n".join(f"{name}: {error!r}" for name, error in failed.items())
    rare = {name for name, result in results.items() if isinstance(result, tuple) and result[1] < 2}
    assert not rare, f"these hardly struck: {rare}"


def test_the_venue_takes_no_sockets_for_a_while() -> None:
    async def run() -> None:
        async with episode() as at:
            at.server.venue.fault("socket_refused", times=3)  # type: ignore[attr-defined]
            at.server.hang_up(1006)

            async def wait(_: str) -> None:
                await asyncio.sleep(0.1)

            await story(at, wait)
            await at.agreed()
            await at.nothing_twice()

    asyncio.run(run())


def test_a_clock_that_is_ahead_stops_new_orders_and_no_cancel() -> None:
    async def run() -> None:
        async with episode(times={**TIMES, "clock_every_ms": 50}) as at:
            order = await at.place("B", "41.2", "1")
            assert order is not None
            venue: Any = at.server.venue
            venue.fault("clock_ahead", amount=5_000)
            async with asyncio.timeout(5):
                await refused(at)
            assert at.mine(Side.BUY) is not None
            cancelled = await at.client.cancel(order)
            assert not cancelled.is_active
            venue.heal()
            async with asyncio.timeout(10):
                await taken(at)
            await at.agreed()

    asyncio.run(run())


def test_a_market_that_changed_stops_no_other() -> None:
    """Another coin has another grid after a reconnect (reliability X17): ours is traded on."""

    async def run() -> None:
        async with episode(times={**TIMES, "markets_every_ms": 1}) as at:
            venue: Any = at.server.venue
            venue.fault("meta_changed")
            at.server.hang_up(1006)
            await asyncio.sleep(2 * PAUSE_S)
            async with asyncio.timeout(10):
                await at.client.ready()
            assert await at.place("B", "41.2", "1") is not None
            assert venue.struck()["meta_changed"] > 0
            await at.agreed()

    asyncio.run(run())


def test_a_coin_that_is_delisted_loses_its_orders() -> None:
    async def run() -> None:
        async with episode() as at:
            for px in ("41.2", "41.1"):
                assert await at.place("B", px, "1") is not None
            venue: Any = at.server.venue
            venue.delist(COIN)
            await asyncio.sleep(PAUSE_S)
            assert await at.place("B", "41.0", "1") is None
            await at.agreed()
            assert at.client.orders() == []

    asyncio.run(run())


async def refused(at: Episode) -> None:
    """Until an order is not sent any more."""
    while True:
        try:
            await at.client.place(COIN, "A", "41.5", "1")
        except Refused:
            pass  # expired before it came, by the venue's clock
        except NotSent:
            return
        await asyncio.sleep(0.05)


async def taken(at: Episode) -> None:
    """Until an order is taken again: a chain's time does not go back, so it takes as long as it was ahead."""
    while True:
        with contextlib.suppress(NotSent, Refused):
            await at.client.place(COIN, "A", "41.5", "1")
            return
        await asyncio.sleep(0.05)
