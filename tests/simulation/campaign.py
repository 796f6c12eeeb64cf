"""Hours of a maker's life in minutes, with everything going wrong by chance; then all must be exactly so (reliability 4.4).

The whole client is inside: session, engine, signer, limits, link; only sockets and disk are not. One seed decides the market,
which faults there are and how often, what the maker does, when it dies and at which write of its record. In the end the
faults stop, and within a bounded time of the venue the client must believe what the venue knows: every open order, the
position, and the cash to the last micro-dollar, in which each fill ever made is counted once.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from mm import Engine, NewOrder, Order, Side, Tif
from mm.errors import UsageError, VenueError
from mm.exchange.hyperliquid.client import Hyperliquid
from mm.fallback import Policy
from mm.session import Recorded, Rules
from mm.session.record import Killed, Record
from mm.session.session import CONTRADICTION
from mm.sim import Inside
from mm.sim.catalogue import CATALOGUE, VENUE

COIN, ASSET = "HYPE", 6
MARKETS = ("quiet", "thin", "deep")
NEVER = {"meta_changed"}
"""After which a coin is halted until the client is opened anew."""
RARE = {
    *("clock_ahead", "deaf", "halt", "post_only", "socket_dropped", "socket_half_open"),
    "order_forgotten",
}
"""Faults that stop everything for seconds: a hundredth as often."""
COMMON_PPM, RARE_PPM = (1_000, 30_000), (20, 400)
OWN_PPM = {"socket_refused": (100_000, 500_000), "refused_429": (200, 4_000)}
"""One strikes only who connects, which is rare enough; the other has the client hold back for ten seconds."""
HEALED_MS = 300_000
"""From the end of all faults until everything agrees: twice the longest pause between two reads, and a minute."""
STEP_MS = 15_000
"""So long one step is waited for; it goes on beside the next."""
VOLUME = 1_000_000_000


@dataclass
class Life:
    """One campaign: what it was, and what came of it."""

    seed: int
    market: str = ""
    steps: int = 0
    deaths: int = 0
    took_ms: int = 0
    """From the end of the faults until all agreed."""
    fills: int = 0
    hours: float = 0.0
    struck: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


class Campaign:
    """One seed, from its first connection to its proof."""

    def __init__(self, seed: int, minutes: float) -> None:
        self.dice = Random(f"campaign {seed}")
        self.life = Life(seed, market=self.dice.choice(MARKETS))
        self.inside = Inside(seed=seed, coins=[COIN], market=self.life.market)
        self.inside.venue.add_volume(self.inside.account().address, VOLUME)
        self.end_ms = self.inside.now_ms + int(minutes * 60_000)
        self.record = Record()
        self.rules = Rules(
            resend=self.dice.random() < 0.7,
            keep_ms=self.dice.choice((60_000, 600_000, 3_600_000)),
            scan_ms=self.dice.choice((5_000, 15_000, 60_000)),
            positions_ms=self.dice.choice((4_000, 30_000)),
        )
        self.first_sequence = self.inside.now_ms << 20
        self.working: set[asyncio.Task[None]] = set()
        self.client: Hyperliquid
        self.asked = 0

    # --- lives --------------------------------------------------------------------------------------------

    def fresh(self) -> Engine:
        """An engine that knows nothing; the same each time, so that a record makes the same of it."""
        account = self.inside.account().address
        return Engine(account, first_sequence=self.first_sequence, ask_after_ms=1_500, fill_window_ms=3_000)

    async def be_born(self) -> None:
        """A client with all that an earlier one wrote down."""
        recorded = Recorded(self.fresh, self.record)
        recorded.replay()
        while True:
            self.client = self.inside.client(engine=recorded, rules=self.rules)
            try:
                await self.client.__aenter__()
            except VenueError:  # The venue cannot be reached just now.
                await asyncio.sleep(1)
            else:
                return

    async def die(self) -> None:
        """As a process that is killed: nothing of it turns any more, and nothing is said goodbye to."""
        self.life.deaths += 1
        self.record.die_after(0)
        for task in self.working:
            task.cancel()
        await asyncio.gather(*self.working, return_exceptions=True)
        self.working.clear()
        if self.client._task is not None:
            self.client._task.cancel()
            await asyncio.gather(self.client._task, return_exceptions=True)
        await self.client._exchange.close()

    # --- work ---------------------------------------------------------------------------------------------

    def near(self, side: str, crossing: bool = False) -> str | None:
        """A price near the market."""
        book = self.client.book(COIN)
        if book is None or book.bid is None or book.ask is None:
            return None
        middle = (Decimal(book.bid.px) + Decimal(book.ask.px)) / 2
        away = Decimal(self.dice.randrange(1, 40)) / 10_000
        down = (side == "B") != crossing
        return f"{middle * (1 - away if down else 1 + away):.2f}"

    def wish(self, **more: Any) -> NewOrder | None:
        """A small order near the market."""
        side, crossing = self.dice.choice("BA"), "tif" in more
        px = self.near(side, crossing)
        size = f"{self.dice.randrange(1, 300) / 10:.1f}"
        return None if px is None else NewOrder(COIN, side, px, size, **more)

    async def place(self, *wishes: NewOrder | None) -> None:
        """Place what could be wished."""
        orders = [wish for wish in wishes if wish is not None]
        if orders:
            self.asked += len(orders)
            for result in await self.client.place_many(orders):
                if isinstance(result, VenueError):
                    raise result

    async def step(self) -> None:
        """One thing that a maker may do."""
        client, dice = self.client, self.dice
        if client.closed(COIN) == CONTRADICTION:
            client.release(COIN, CONTRADICTION)
        orders: list[Order] = client.orders(COIN)
        what = dice.randrange(12) if orders else dice.randrange(4)
        if len(orders) > 12:
            what = 9
        match what:
            case 0 | 1:
                await self.place(self.wish())
            case 2:
                await self.place(self.wish(tif=dice.choice((Tif.IOC, Tif.GTC))))
            case 3:
                await self.place(*(self.wish() for _ in range(dice.randrange(1, 5))))
            case 4 | 5 | 6 | 7:
                order = dice.choice(orders)
                px = self.near("B" if order.side is Side.BUY else "A")
                policy = Policy() if what == 7 else None
                size = order.order_qty + Decimal(dice.randrange(-5, 15)) / 10
                self.asked += 2
                await client.modify(order, px=px, order_qty=size if size > order.cum_qty else None, policy=policy)
            case 8 | 9:
                await client.cancel(dice.choice(orders))
            case 10:
                await client.cancel_all(COIN, wait=dice.random() < 0.5)
            case _:
                side = dice.choice("BA")
                px = self.near(side, crossing=True)
                if px is not None:
                    wire = {"a": ASSET, "b": side == "B", "p": px, "s": "5", "r": False, "t": {"limit": {"tif": "Ioc"}}}
                    async with asyncio.timeout(5):
                        await self.inside.act("taker", {"type": "order", "orders": [wire], "grouping": "na"})

    async def attempt(self) -> None:
        """A step, which may be refused as clients may be."""
        try:
            await self.step()
        except (VenueError, UsageError, TimeoutError, ValueError) as error:
            self.life.refused[type(error).__name__] += 1

    async def work(self) -> None:
        """Until the time is over: step by step, and now and then a death."""
        dice = self.dice
        until_death = dice.randrange(20, 400)
        while self.inside.now_ms < self.end_ms:
            self.life.steps += 1
            until_death -= 1
            if until_death == 0:
                self.record.die_after(dice.randrange(1, 40))  # at this write; if none comes, a while later
            task = asyncio.create_task(self.attempt())
            self.working.add(task)
            await asyncio.wait([task], timeout=dice.choice((0.05, 0.5, 2, STEP_MS / 1_000)))
            if dice.random() < 0.02:
                task.cancel()  # Whoever asked does not want to know any more; what was asked goes on.
            await asyncio.sleep(dice.choice((0, 0.01, 0.1, 1, 3)))
            assert self.client._task is not None
            done = [one for one in (*self.working, self.client._task) if one.done()]
            errors = [error for one in done if not one.cancelled() and (error := one.exception()) is not None]
            self.working = {one for one in self.working if not one.done()}
            if strange := [error for error in errors if not isinstance(error, Killed)]:
                raise strange[0]
            if errors or until_death < -15:
                await self.die()
                await asyncio.sleep(dice.choice((0, 0.5, 10, 10, 300)))
                await self.be_born()
                until_death = dice.randrange(20, 400)
        self.record.die_after(0)

    # --- the proof ------------------------------------------------------------------------------------------

    def differences(self) -> list[str]:
        """Everything in which the client differs from the venue's truth."""
        client, truth, found = self.client, self.inside.truth(), []
        if not client.session.ready:
            found.append("the session is not ready")
        if client.session.requests_open:
            found.append(f"requests are open: {client.session._desk.waiting()}")
        theirs = {(row["oid"], Decimal(row["px"]), Decimal(row["sz"])) for row in truth["orders"]}
        ours = {(order.oid, order.px, order.leaves_qty) for order in client.orders()}
        if theirs != ours:
            found.append(f"open orders: venue {theirs}, client {ours}")
        position = client.position(COIN)
        if position.size != Decimal(truth["positions"].get(COIN, "0")) or position.provisional:
            found.append(f"position: venue {truth['positions']}, client {position}")
        cash = Decimal(truth["deposits"]) + Decimal(truth["funding"]) + position.cash - sum(position.fees.values())
        if cash != Decimal(truth["cash"][""]):
            found.append(f"cash: venue {truth['cash']}, client {cash}")
        return found

    async def agree(self) -> None:
        """Heal, and wait until all agrees; then cancel all, and nothing may be left."""
        inside, client = self.inside, self.client
        inside.faults.heal()
        began = inside.now_ms
        await asyncio.wait(self.working or {asyncio.create_task(asyncio.sleep(0))}, timeout=60)
        while found := self.differences():
            if client.closed(COIN) == CONTRADICTION:
                client.release(COIN, CONTRADICTION)
            assert inside.now_ms - began < HEALED_MS, (self.life, found)
            await asyncio.sleep(0.5)
        self.life.took_ms = inside.now_ms - began
        async with asyncio.timeout(60):
            while left := await client.cancel_all(wait=True):
                assert left
        truth = inside.truth()
        assert truth["orders"] == [], truth["orders"]
        self.life.fills = truth["fills"]
        rows = await inside.info({"type": "historicalOrders", "user": inside.account().address})
        lived = {(row["order"]["cloid"], row["order"]["oid"]) for row in rows if not row["status"].endswith("Rejected")}
        twice = [cloid for cloid, count in Counter(cloid for cloid, _ in lived if cloid).items() if count > 1]
        assert not twice, (self.life, twice)

    async def main(self) -> None:
        """The whole of it."""
        began = self.inside.now_ms
        await self.be_born()
        for name, entry in CATALOGUE.items():
            mine = name.removeprefix(VENUE)
            if name == mine or mine in NEVER or self.dice.random() < 0.5:
                continue
            low, high = OWN_PPM.get(mine, RARE_PPM if mine in RARE else COMMON_PPM)
            self.inside.venue.fault(mine, per_million=self.dice.randrange(low, high), amount=entry.amount)
        await self.work()
        await self.agree()
        await self.client.close()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self.working, return_exceptions=True)
        self.life.hours = (self.inside.now_ms - began) / 3_600_000
        self.life.struck.update({name: count for name, count in self.inside.venue.struck().items() if count})


def live(seed: int, minutes: float) -> Life:
    """One seed's campaign. Raises `AssertionError` with what differs."""
    campaign = Campaign(seed, minutes)
    campaign.inside.run(campaign.main())
    return campaign.life
