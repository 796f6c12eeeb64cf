"""A client and a venue in one process, in virtual time: the same in every run, and the same as over sockets.

How the two forms are compared: both run on a `VirtualLoop`, whose time is the venue's. Over loopback the server and the
client share that loop, and time passes only when no socket has anything to say, so that a message takes its way through
the kernel in no time at all, as it does inside. What is left to differ is what should not: HTTP, WebSocket framing, the order in which
connections are served. The script of actions is the same, and its waits are waits for the venue's time.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

import mm
from mm import OrderState, Side
from mm._core.sign import Signer
from mm.errors import BadInput
from mm.exchange.hyperliquid.link import Link
from mm.exchange.hyperliquid.link_clock import Clock
from mm.exchange.hyperliquid.link_settings import Settings
from mm.sim import Inside
from mm.sim.accounts import accounts
from mm.sim.build import World
from mm.sim.control import Control
from mm.sim.loop import VirtualLoop
from mm.sim.server import Server

SEED, COIN, ASSET = 11, "HYPE", 6
START = 1_790_000_000_000
Act = Callable[[str, dict[str, Any]], Awaitable[Any]]


def ioc(side: str, px: str, sz: str) -> dict[str, Any]:
    """An action that takes."""
    order = {"a": ASSET, "b": side == "B", "p": px, "s": sz, "r": False, "t": {"limit": {"tif": "Ioc"}}}
    return {"type": "order", "orders": [order], "grouping": "na"}


async def script(hl: mm.Hyperliquid, act: Act) -> None:
    """A maker's life in a minute: quotes that are moved, hit, taken back; a taker's order; a batch."""
    await hl.ready()
    bid = await hl.place(COIN, "B", "40.9", "2")
    await hl.place(COIN, "A", "41.6", "2")
    await act("taker", ioc("A", "40.9", "3"))
    await asyncio.sleep(1.5)
    for step in range(10):
        (bid,) = [order for order in hl.orders() if order.side == Side.BUY][:1] or [bid]
        if bid.state.is_terminal:
            bid = await hl.place(COIN, "B", "40.8", "2")
        else:
            bid = await hl.modify(bid, px=f"{40.7 + step % 3 / 10:.1f}")
        await act("taker", ioc("B", "41.6", "0.2"))
        await asyncio.sleep(3)
    await hl.place(COIN, "B", "41.7", "0.5", tif=mm.Tif.IOC)
    await hl.place_many([mm.NewOrder(COIN, "B", px, "1") for px in ("40", "39", "38")])
    await asyncio.sleep(20)
    assert await hl.cancel_all(wait=True) == ()


def told(hl: mm.Hyperliquid) -> tuple[Any, ...]:
    """What the engine is left with."""
    position = hl.position(COIN)
    orders = [(one.cloid, one.oid, str(one.state), one.cum_qty) for one in hl.engine.orders(closed=True)]
    return hl.engine.digest(), position.size, position.cash, tuple(orders)


def inside(seed: int = SEED, rates: dict[str, int] | None = None) -> tuple[Any, ...]:
    """The script in this process: what the engine and the venue are left with."""
    world = Inside(seed=seed, coins=[COIN], market="thin", rates=rates)

    async def main() -> tuple[Any, ...]:
        async with world.client() as hl:
            await script(hl, world.act)
            return told(hl)

    return (*world.run(main()), world.venue.trace_hash())


class Lockstep:
    """The time of a server that shares its loop with its client."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @property
    def now_ms(self) -> int:
        return self.server.venue.now_ms

    def pass_time(self, until_ms: int) -> None:
        self.server.pass_time(until_ms)


def loopback(seed: int = SEED) -> tuple[Any, ...]:
    """The script over sockets on loopback, in the venue's time."""
    made = accounts(seed)
    venue = World(seed=seed, market={COIN: "thin"}).open(made)
    server = Server(venue, made, speed=0)
    control = Control(server)
    flow = Lockstep(server)

    async def main() -> tuple[Any, ...]:
        await server.start()
        try:
            account = made[0]
            settings = Settings(url=server.url, account=account.address, mainnet=False, coins=(COIN,))
            clock = Clock(lambda: venue.now_ms, lambda: venue.now_ms)
            signer = Signer(account.agent_key, mainnet=False)
            link = Link(settings, signer, clock=clock, rng=Random(f"{seed} maker"))
            async with mm.Hyperliquid(account=account.address, exchange=link, coins=[COIN]) as hl:
                await script(hl, control.act)
                return told(hl)
        finally:
            await server.stop()

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(flow, sockets=True)) as runner:
        return (*runner.run(main()), venue.trace_hash())


@pytest.mark.parametrize("seed", [11, 12])
def test_over_sockets_and_inside_the_same_happens_to_the_last_byte(seed: int) -> None:
    ours, theirs = inside(seed), loopback(seed)
    assert ours == theirs  # The engine's digest, money and orders; and the venue's own hash of all it did and said.
    assert ours[1] != 0  # Something was traded, or nothing would have been compared.


# --- one seed, one history ----------------------------------------------------------------------------

FAULTS = {
    **dict.fromkeys(("venue.request_lost", "venue.request_late", "venue.request_duplicated"), 30_000),
    **dict.fromkeys(
        ("venue.reply_lost", "venue.reply_late", "venue.reply_truncated", "venue.broken_502_after"), 30_000
    ),
    **dict.fromkeys(("venue.frame_lost", "venue.frame_late", "venue.frame_duplicated"), 10_000),
    **dict.fromkeys(("venue.socket_dropped", "venue.venue_cancel"), 2_000),
}


def stormy(seed: int) -> str:
    """A client that is driven by chance, in a market, with faults: the venue's hash and the engine's digest."""
    world, dice = Inside(seed=seed, coins=[COIN], market="deep"), Random(seed)

    async def main() -> str:
        async with world.client() as hl:
            await hl.ready()
            for name, rate in FAULTS.items():
                world.faults.rate(name, rate)
            for _ in range(40):
                try:
                    async with asyncio.timeout(20):
                        if len(orders := hl.orders()) < 4:
                            side = dice.choice("BA")
                            await hl.place(COIN, side, "41" if side == "B" else "41.5", str(dice.randint(1, 9)))
                        elif dice.random() < 0.5:
                            await hl.modify(dice.choice(orders), order_qty=dice.randint(1, 9))
                        else:
                            await hl.cancel(dice.choice(orders), timeout_ms=5_000)
                except (mm.VenueError, mm.UsageError, TimeoutError):
                    pass
                await asyncio.sleep(dice.random() * 3)
            world.faults.heal()
            await asyncio.sleep(60)
            await hl.ready()
            assert Decimal(world.truth()["positions"].get(COIN, "0")) == hl.position(COIN).size
            return hl.engine.digest()

    digest = world.run(main())
    assert sum(world.faults.count().values()) > 20
    return f"{world.venue.trace_hash()} {digest}"


def test_one_seed_has_one_history_in_every_run_and_process(root: Any) -> None:
    first, other = stormy(1), stormy(2)
    assert first == stormy(1) == stormy(1)
    assert first != other
    code = "from tests.sim.test_inside import stormy; print(stormy(1))"
    for hashes in ("0", "1"):  # What Python does by its own chance must not show either.
        env = {**os.environ, "PYTHONHASHSEED": hashes}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=root, env=env
        )
        assert done.stdout.strip() == first, done.stderr


# --- the form itself ----------------------------------------------------------------------------------


def test_an_hour_takes_no_hour() -> None:
    world = Inside(seed=3, coins=[COIN], market="quiet")

    async def main() -> int:
        async with world.client(on_exit="cancel") as hl:
            await hl.ready()
            before = world.now_ms
            await asyncio.sleep(3_600)
            assert 3_600_000 <= world.now_ms - before < 3_601_000
            order = await hl.place(COIN, "B", "30", "1")
            assert order.state == OrderState.Resting
        return len(world.truth()["orders"])

    assert world.run(main()) == 0


def test_a_broken_socket_is_made_anew() -> None:
    world = Inside(seed=4, coins=[COIN], market="none")

    async def main() -> None:
        async with world.client() as hl:
            await hl.ready()
            world.faults.inject("venue.socket_dropped")
            await asyncio.sleep(0.2)
            assert not hl.session.ready
            await hl.ready()

    world.run(main())
    assert world.faults.count()["venue.socket_dropped"] == 1


def test_two_clients_trade_with_each_other() -> None:
    world = Inside(seed=5, coins=[COIN], market="none")

    async def main() -> None:
        async with world.client("maker") as maker, world.client("taker") as taker:
            await maker.ready()
            await taker.ready()
            order = await maker.place(COIN, "B", "41", "2")
            filled = await taker.place(COIN, "A", "41", "0.5", tif=mm.Tif.IOC)
            assert filled.cum_qty == Decimal("0.5")
            await maker.changed(order, 5_000)
            await asyncio.sleep(1)
            assert maker.position(COIN).size == -taker.position(COIN).size == Decimal("0.5")

    world.run(main())


def test_what_fails_in_the_program_is_raised() -> None:
    async def broken() -> None:
        await asyncio.sleep(5)
        raise RuntimeError("of our own")

    with pytest.raises(RuntimeError, match="of our own"):
        Inside(market="none").run(broken())


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"market": "wild"}, "market"),
        ({"market": {"NOCOIN": "deep"}}, "market"),
        ({"settings": {"nonsense": 1}}, "settings"),
        ({"meta": b"{"}, "perps"),
        ({"rates": {"venue.nonsense": 1}}, "fault"),
        ({"rates": {"venue.halt": 10**7}}, "rate"),
        ({"deposit": "nan"}, "usd"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_world_that_makes_no_sense_is_refused_by_its_field(words: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        Inside(**words)
    assert caught.value.field == field


def test_the_client_turns_when_something_happens_and_no_more() -> None:
    """Patience ends to the millisecond, and an hour in which next to nothing happens costs next to nothing."""
    inside = Inside(seed=SEED, coins=[COIN], market="quiet")
    looks = 0

    async def story() -> None:
        nonlocal looks
        async with inside.client(on_exit="cancel") as hl:
            await hl.ready()
            order = await hl.place(COIN, "B", "20", "1")
            began = inside.now_ms
            await hl.changed(order, 1_234)
            assert inside.now_ms - began == 1_234
            slow, quick = asyncio.create_task(hl.changed(order, 777)), asyncio.create_task(hl.changed(order, 7))
            await quick
            assert inside.now_ms - began == 1_241
            await slow
            assert inside.now_ms - began == 1_234 + 777
            keep_time = hl.session.keep_time

            def counted() -> None:
                nonlocal looks
                looks += 1
                keep_time()

            hl.session.keep_time = counted  # type: ignore[method-assign]
            await asyncio.sleep(600)

    inside.run(story())
    assert 590 <= looks <= 1_800, "once a second, and for what happens besides"
