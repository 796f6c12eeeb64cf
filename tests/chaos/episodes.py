"""One episode: a client works while a fault strikes; then what it believes must be what the venue knows, in time.

Client and venue run in one event loop, over real sockets on loopback. The venue's truth is asked past every fault.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mm import Order, OrderState, Side
from mm._core.sign import Signer
from mm.errors import UsageError, VenueError
from mm.exchange.hyperliquid.client import Hyperliquid
from mm.exchange.hyperliquid.limits import IpBudget, Limits, SocketBudget
from mm.exchange.hyperliquid.link import Link
from mm.exchange.hyperliquid.link_settings import Settings
from mm.session import Rules
from mm.sim import faults
from mm.sim.accounts import accounts
from mm.sim.build import World
from mm.sim.catalogue import Faults
from mm.sim.control import Control
from mm.sim.server import Server
from mm.sim.thread import FAST

COIN, ASSET = "HYPE", 6
DEPOSIT = Decimal(1_000_000)
EXPIRES_MS = 1_000
STEP_S = 4.0
"""Longer than this no single call of the client is waited for; what it asked for goes on."""
LIMIT_S = EXPIRES_MS / 1_000 + 10
"""From the end of the fault until all agrees: expiry + 10 s (reliability N1), which holds a lost message (N7) too."""
RULES = Rules(
    expires_ms=EXPIRES_MS,
    answer_ms=250,
    retry_ms=100,
    retry_max_ms=400,
    expiry_margin_ms=200,
    apart_ms=200,
    read_ms=400,
    read_retry_ms=50,
    read_retry_max_ms=400,
    settled_ms=300,
    snapshot_ms=500,
    gap_ms=150,
    positions_ms=400,
    scan_ms=1_000,
)
TIMES: dict[str, int] = {
    "connect_timeout_ms": 1_000,
    "ack_timeout_ms": 500,
    "ping_every_ms": 300,
    "pong_patience_ms": 500,
    "silence_ms": 1_500,
    "backoff_first_ms": 10,
    "backoff_most_ms": 100,
    "steady_ms": 200,
    "watch_every_ms": 25,
    "post_timeout_ms": 1_500,
    "query_timeout_ms": 600,
}


UNCOUNTED = {**FAST, "front.messages": 0}
"""Nor does the venue count messages: `wide`."""


def wide() -> Limits:
    """Budgets that no episode uses up: the venue's are counted per minute, and an episode is a minute in a second."""
    limits = Limits()
    limits.ip = IpBudget(10**9, 0)
    limits.sockets = SocketBudget(new_connections=10**6, messages=10**9)
    return limits


@dataclass
class Episode:
    """A client, the server that it talks to, and what was asked of it."""

    client: Hyperliquid
    server: Server
    control: Control
    address: str
    asked: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def faults(self) -> faults.Faults:
        """What strikes."""
        faults = self.server.faults
        assert isinstance(faults, Faults)
        return faults

    async def attempt(self, work: Awaitable[Any], placing: int = 0) -> Any:
        """Let the client do something, which may fail as clients may; what came of it, or None."""
        self.asked += placing
        try:
            async with asyncio.timeout(STEP_S):
                return await work
        except (VenueError, UsageError, TimeoutError) as error:
            self.refused.append(f"{type(error).__name__}: {error}")
            return None

    async def place(self, side: str, px: str, sz: str) -> Order | None:
        """Place a post-only order."""
        order: Order | None = await self.attempt(self.client.place(COIN, side, px, sz), placing=1)
        return order

    def mine(self, side: Side) -> Order | None:
        """The newest open order of a side, as the client sees it."""
        found = [order for order in self.client.orders(COIN) if order.side == side]
        return found[-1] if found else None

    async def take(self, side: str, px: str, sz: str) -> None:
        """Somebody else hits whoever is there."""
        order = {"a": ASSET, "b": side == "B", "p": px, "s": sz, "r": False, "t": {"limit": {"tif": "Ioc"}}}
        await self.control.act("taker", {"type": "order", "orders": [order], "grouping": "na"})

    async def agreed(self, within_s: float = LIMIT_S) -> float:
        """Wait until client and venue agree exactly; after how many seconds. Fails with the differences."""
        began = time.monotonic()
        while True:
            truth = (await self.control.truth())[self.address]
            different = differences(self.client, truth)
            took = time.monotonic() - began
            if not different:
                return took
            assert took < within_s, f"after {took:.1f} s: {different}; refused: {self.refused}"
            await asyncio.sleep(0.02)

    async def nothing_twice(self) -> None:
        """Whatever was lost: no cloid lived twice, and no more orders lived than were asked for."""
        rows = await self.control.info({"type": "historicalOrders", "user": self.address})
        lived = {(row["order"]["cloid"], row["order"]["oid"]) for row in rows if not row["status"].endswith("Rejected")}
        twice = [cloid for cloid, count in Counter(cloid for cloid, _ in lived).items() if count > 1]
        assert not twice, twice
        assert len(lived) <= self.asked, (self.asked, lived)


def differences(client: Hyperliquid, truth: dict[str, Any]) -> list[str]:
    """Everything in which the client differs from the venue's truth: orders, executed quantities, position, cash."""
    engine, found = client.engine, []
    if not client.session.ready:
        found.append("the session is not ready")
    if client.session.requests_open:
        found.append(f"requests are open: {client.session._desk.waiting()}")
    theirs = {(row["oid"], Decimal(row["limitPx"]), Decimal(row["sz"])) for row in truth["openOrders"]}
    still = [order for order in client.orders() if order.state != OrderState.CancelConfirmed]
    ours = {(order.oid or 0, order.px, order.leaves_qty) for order in still}
    if theirs != ours:
        found.append(f"open orders: venue {theirs}, client {ours}")
    executed: Counter[str] = Counter()
    for fill in truth["fills"]:
        order = engine.get_order(fill["oid"])
        if order is None:
            found.append(f"an order that is not known: {fill['oid']}")
        else:
            executed[order.cloid or ""] += Decimal(fill["sz"])  # type: ignore[assignment]
    believed = {order.cloid or "": order.cum_qty for order in engine.orders(closed=True) if order.cum_qty}
    if dict(executed) != believed:
        found.append(f"executed: venue {dict(executed)}, client {believed}")
    position = engine.position(COIN)
    if position.size != Decimal(truth["positions"].get(COIN, "0")) or position.provisional:
        found.append(f"position: venue {truth['positions']}, client {position.size} ({position.provisional} unproven)")
    cash = DEPOSIT + position.cash - sum(position.fees.values())
    if cash != Decimal(truth["cash"]):
        found.append(f"cash: venue {truth['cash']}, client {cash}")
    return found


def client_of(server: Server, rules: Rules = RULES, times: dict[str, Any] | None = None) -> Hyperliquid:
    """A client of the server's first account, not entered yet."""
    account = server.accounts[0]
    words = TIMES if times is None else times
    settings = Settings(url=server.url, account=account.address, mainnet=False, coins=(COIN,), **words)
    link = Link(settings, Signer(account.agent_key, mainnet=False), limits=wide())
    return Hyperliquid(account=account.address, exchange=link, coins=[COIN], rules=rules)


@asynccontextmanager
async def serving(seed: int = 0) -> AsyncIterator[tuple[Server, Control]]:
    """A venue of its own that nobody else trades on."""
    made = accounts(seed)
    venue = World(seed=seed, market="none", settings=UNCOUNTED, start_ms=time.time_ns() // 1_000_000).open(made)
    server = Server(venue, made, faults=Faults(venue, seed))
    await server.start()
    try:
        yield server, Control(server)
    finally:
        await server.stop()
    venue.check()


@asynccontextmanager
async def episode(
    *,
    seed: int = 0,
    rates: dict[str, int] | None = None,
    rules: Rules = RULES,
    times: dict[str, Any] | None = None,
) -> AsyncIterator[Episode]:
    """A venue of its own and a client that is ready."""
    async with serving(seed) as (server, control), client_of(server, rules, times) as client:
        async with asyncio.timeout(10):
            await client.ready()
        for name, rate in (rates or {}).items():
            server.faults.rate(name, rate)
        yield Episode(client, server, control, server.accounts[0].address)
        server.faults.heal()


async def story(at: Episode, strike: Callable[[str], Awaitable[None]]) -> None:
    """Two quotes, hit and moved and hit again and canceled; the fault strikes before every step."""
    await strike("place")
    await asyncio.gather(at.place("B", "41.2", "2"), at.place("A", "41.3", "2"))
    await strike("fill")
    await at.take("A", "41.2", "0.5")
    await strike("modify")
    if (bid := at.mine(Side.BUY)) is not None:
        await at.attempt(at.client.modify(bid, px="41.1", order_qty="1.5"), placing=1)
    await strike("hit")
    await at.take("B", "41.3", "0.7")
    await strike("cancel")
    if (ask := at.mine(Side.SELL)) is not None:
        await at.attempt(at.client.cancel(ask, timeout_ms=int(STEP_S * 1_000)))
    await strike("again")
    await at.place("A", "41.35", "1")


async def suffer(
    name: str,
    *,
    ms: int | None = None,
    also: tuple[str, ...] = (),
    pause_s: float = 0.15,
    rules: Rules = RULES,
    times: dict[str, Any] | None = None,
) -> float:
    """The story with one fault, injected before every step; seconds from its end until all agrees.

    `also` strikes first where the client would not come near the fault by itself; for `pause_s` at most a step waits
    until the fault has struck.
    """
    async with episode(rules=rules, times=times) as at:
        counts = at.faults.counts

        async def struck(before: int) -> None:
            end = time.monotonic() + pause_s
            while True:
                if counts[name] > before or time.monotonic() > end:
                    return
                await asyncio.sleep(0.01)

        async def strike(step: str) -> None:
            if step != "place":
                await struck(strike_counts[-1])
            at.faults.heal()
            strike_counts.append(counts[name])
            for fault in (*also, name):
                at.faults.inject(fault, 1, ms)

        strike_counts: list[int] = []
        await story(at, strike)
        await struck(strike_counts[-1])
        at.faults.heal()
        took = await at.agreed(rules.expires_ms / 1_000 + 10)
        await at.nothing_twice()
        enough = 1 if name.endswith(".429") else 2  # after a 429 the client holds back for a while
        assert counts[name] >= enough, f"{name} struck only {counts[name]} times"
        return took


async def together(episodes: dict[str, Callable[[], Awaitable[float]]]) -> dict[str, float]:
    """Several episodes at once; what failed is told by name."""
    results = await asyncio.gather(*(work() for work in episodes.values()), return_exceptions=True)
    failed = {name: result for name, result in zip(episodes, results, strict=True) if isinstance(result, BaseException)}
    for result in failed.values():
        if not isinstance(result, Exception):
            raise result
    assert not failed, "\n".join(f"{name}: {error!r}" for name, error in failed.items())
    return {name: float(result) for name, result in zip(episodes, results, strict=True) if isinstance(result, float)}
