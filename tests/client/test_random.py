"""Whatever is lost, late, doubled or garbled on the way: in the end the engine and the venue say the same."""

import asyncio
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mm
from mm.errors import UsageError, VenueError
from mm.exchange.hyperliquid.client import Hyperliquid
from mm.exchange.thin.aio import AsyncVenue
from mm.exchange.thin.faults import RATES
from mm.exchange.thin.link import COIN
from mm.fallback import Policy
from mm.session import Rules
from tests.client.exchange import run

STEPS = 25
HEALED_MS = 15_000
"""Within so long after the last fault everything must be known (F16, and N1 with expiry and 10 s)."""


async def play(seed: int, rates: dict[str, int], rules: Rules) -> tuple[AsyncVenue, Hyperliquid]:
    venue = AsyncVenue(seed, rates)
    chance = Random(f"{seed}:client")
    async with Hyperliquid(account=venue.inner.user, exchange=venue, coins=[COIN], rules=rules, grace_ms=0) as hl:
        await hl.ready()
        tasks: set[asyncio.Task[object]] = set()
        for _ in range(STEPS):
            tasks.add(asyncio.create_task(one(hl, chance)))
            await pause(venue, chance.randint(0, 1_500))
        venue.inner.faults.on = False
        healed_ms = venue.now_ms
        await asyncio.gather(*tasks)
        while hl.session.requests_open or not hl.session.ready or unknown(hl):
            assert venue.now_ms - healed_ms <= HEALED_MS, [repr(order) for order in hl.orders()]
            await asyncio.sleep(0)
        assert await hl.cancel_all(wait=True, timeout_ms=20_000) == ()
        hl.session.scan()
        await pause(venue, 15_000)
        compare(venue, hl)
    return venue, hl


async def one(hl: Hyperliquid, chance: Random) -> object:
    """One request of a caller who takes what comes."""
    try:
        book = hl.book(COIN)
        if book is None or book.bid is None:
            await hl.ready()
            return None
        orders = [order for order in hl.orders() if order.is_active]
        px = book.bid.px + Decimal(chance.randint(-40, 25)).scaleb(-3)
        sz = Decimal(chance.randint(30, 120)).scaleb(-2)
        kind = chance.randrange(10)
        if kind < 4 or not orders:
            tif = mm.Tif.ALO if chance.random() < 0.7 else mm.Tif.GTC
            return await hl.place(COIN, chance.choice("BA"), px, sz, tif=tif)
        if kind < 5:
            return await hl.place_many([mm.NewOrder(COIN, chance.choice("BA"), px, sz) for _ in range(3)])
        order = chance.choice(orders)
        if kind < 8:
            policy = Policy() if chance.random() < 0.5 else None
            return await hl.modify(order, px=px, order_qty=order.cum_qty + sz, policy=policy)
        return await (hl.cancel(order) if kind < 9 else hl.cancel_all())
    except (VenueError, UsageError) as error:
        return error


async def pause(venue: AsyncVenue, ms: int) -> None:
    end = venue.now_ms + ms
    while venue.now_ms < end:  # noqa: ASYNC110 - the time is virtual
        await asyncio.sleep(0)


def unknown(hl: Hyperliquid) -> bool:
    states = (mm.OrderState.Pending, mm.OrderState.Unknown)
    return any(order.state in states or order.modifying for order in hl.orders()) or bool(hl.engine.gaps(COIN))


def compare(venue: AsyncVenue, hl: Hyperliquid) -> None:
    """Position, money, every fill and every order, on both sides."""
    engine, account, rows = hl.engine, venue.inner.venue.account(venue.inner.user), venue.inner.venue.rows
    engine.check()
    position = engine.position(COIN)
    assert position.size == position.proven == Decimal(rows.sz(account.lots))
    assert position.fills == len(account.fills)
    assert position.cash == Decimal(account.cash).scaleb(-6)
    assert position.fees.get("USDC", Decimal(0)) == Decimal(account.fees).scaleb(-6)
    assert not venue.inner.venue.open_orders(venue.inner.user)
    assert position.worst_long == position.worst_short == position.size
    for oid, theirs in venue.inner.venue.orders.items():
        if theirs.account == venue.inner.user and theirs.status != "badAloPxRejected":
            ours = engine.get_order(oid)
            assert ours is not None, "an orphan"
            assert not ours.is_active
    surprises = {what for what in hl.session.counts.surprises if not what.startswith("answer")}
    assert not surprises, surprises


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    times=st.dictionaries(st.sampled_from(sorted(RATES)), st.integers(0, 12), max_size=8),
    resend=st.booleans(),
)
def test_engine_and_venue_agree_in_the_end(seed: int, times: dict[str, int], resend: bool) -> None:
    rates = {name: RATES[name] * times.get(name, 1) for name in RATES}
    run(play(seed, rates, Rules(resend=resend, settled_ms=0)))


@pytest.mark.parametrize("seed", range(6))
def test_all_faults_at_ten_times_their_rate(seed: int) -> None:
    rates = {name: min(5_000, 10 * rate) for name, rate in RATES.items()}
    venue, hl = run(play(seed, rates, Rules(settled_ms=0)))
    assert sum(venue.inner.faults.counts.values()) > 30
    assert hl.session.counts.resent + hl.session.counts.fences > 0


def test_without_faults_nothing_is_doubted() -> None:
    _, hl = run(play(1, {}, Rules(settled_ms=0)))
    counts = hl.session.counts
    assert (counts.resent, counts.fences, counts.gaps, counts.reconnects) == (0, 0, 0, 0)
