"""After every fault of the wire client and venue agree exactly: orders, executed quantities, position and cash.

Times: all is settled within expiry + 10 s of the fault's end (reliability N1), a lost message within 5 s (N7). The
client's own times are short here (`tests.chaos.episodes.RULES`), so that an episode takes seconds.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Any

import pytest

from mm import Side
from mm.session import Rules
from mm.sim.control import Control
from mm.sim.faults import CATALOGUE, CLOSE_CODES
from mm.sim.server import Server
from tests.chaos.episodes import (
    COIN,
    LIMIT_S,
    TIMES,
    Episode,
    client_of,
    differences,
    episode,
    serving,
    story,
    suffer,
    together,
)
from tests.chaos.wire import descriptors

LOST_S = 5.0
MESSAGES = ("lost", "late", "twice", "swapped", "truncated", "corrupt")
REPLIES = [name.partition(".")[2] for name in CATALOGUE if name.startswith("exchange.")]


def run(episodes: dict[str, Callable[[], Awaitable[float]]]) -> dict[str, float]:
    return asyncio.run(together(episodes))


def test_without_a_fault_they_agree_at_once() -> None:
    async def calm() -> float:
        async with episode() as at:

            async def nothing(_: str) -> None:
                pass

            await story(at, nothing)
            assert not at.refused
            took = await at.agreed()
            await at.nothing_twice()
            assert {order.side for order in at.client.orders()} == {Side.BUY, Side.SELL}
            return took

    assert run({"calm": calm})["calm"] < 2


def test_the_comparison_would_notice() -> None:
    """Every part of the truth, changed a little, is told as a difference."""

    async def changed() -> float:
        async with episode() as at:

            async def wait(_: str) -> None:
                await asyncio.sleep(0.1)

            await story(at, wait)
            took = await at.agreed()
            truth = (await at.control.truth())[at.address]
            assert truth["fills"] and truth["openOrders"] and truth["positions"]
            changes: list[Callable[[Any], object]] = [
                lambda rows: rows["fills"].pop(),
                lambda rows: rows["fills"].append(rows["fills"][0]),
                lambda rows: rows["fills"][0].update(oid=1),
                lambda rows: rows["openOrders"].pop(),
                lambda rows: rows["openOrders"][0].update(sz="9.0"),
                lambda rows: rows["openOrders"][0].update(oid=1),
                lambda rows: rows["openOrders"][0].update(limitPx="1.0"),
                lambda rows: rows["positions"].update({COIN: "9.0"}),
                lambda rows: rows["positions"].clear(),
                lambda rows: rows.update(cash="999999.999999"),
            ]
            for change in changes:
                lie = json.loads(json.dumps(truth))
                change(lie)
                assert differences(at.client, lie)
            return took

    run({"changed": changed})


@pytest.mark.parametrize("channel", ["orderUpdates", "userFills"])
def test_a_message_of_the_account_is_harmed(channel: str) -> None:
    took = run({f"{channel}.{kind}": partial(suffer, f"{channel}.{kind}", ms=400) for kind in MESSAGES})
    assert took[f"{channel}.lost"] < LOST_S


def test_an_answer_over_the_socket_is_harmed() -> None:
    run({f"reply.{kind}": partial(suffer, f"reply.{kind}", ms=700) for kind in MESSAGES})


def test_a_request_over_the_socket_is_harmed() -> None:
    episodes = {f"post.{kind}": partial(suffer, f"post.{kind}", ms=20) for kind in ("lost", "twice", "429")}
    late = {f"post.late {ms}": partial(suffer, "post.late", ms=ms) for ms in (400, 900, 2_000)}
    run({**episodes, **late})


@pytest.mark.parametrize("half", [0, 1])
def test_a_request_by_rest_is_harmed_after_the_socket_lost_it(half: int) -> None:
    names = REPLIES[half::2]
    run(
        {
            f"exchange.{kind}": partial(suffer, f"exchange.{kind}", ms=300, also=("post.lost",), pause_s=1.0)
            for kind in names
        }
    )


def test_a_read_is_harmed() -> None:
    read = partial(suffer, ms=300, also=("userFills.lost",), pause_s=1.0)  # what is lost has to be read
    run({f"info.{kind}": partial(read, f"info.{kind}") for kind in (*REPLIES, "stale")})


def test_the_socket_is_closed_or_breaks_or_falls_silent() -> None:
    kinds = (*(f"close_{code}" for code in CLOSE_CODES), "abort", "silent", "dead")
    episodes = {f"ws.{kind}": partial(suffer, f"ws.{kind}", pause_s=1.0) for kind in kinds}
    run({**episodes, "ws.refused": partial(suffer, "ws.refused", also=("ws.abort",), pause_s=1.0)})


@pytest.mark.parametrize("channel", ["ack", "market", "pong"])
def test_a_message_that_is_nobodys_is_harmed(channel: str) -> None:
    also = ("ws.close_1001",) if channel == "ack" else ()
    run(
        {f"{channel}.{kind}": partial(suffer, f"{channel}.{kind}", ms=200, also=also, pause_s=1.0) for kind in MESSAGES}
    )


def test_with_the_times_of_a_real_client_it_is_as_quick_as_it_is_stated() -> None:
    real = partial(suffer, rules=Rules(), times={}, pause_s=1.0)
    took = run(
        {
            "userFills.lost": partial(real, "userFills.lost"),
            "orderUpdates.lost": partial(real, "orderUpdates.lost"),
            "reply.lost": partial(real, "reply.lost"),
            "post.lost": partial(real, "post.lost"),
            "ws.silent": partial(real, "ws.silent"),
        }
    )
    assert took["userFills.lost"] < LOST_S  # reliability N7
    assert took["orderUpdates.lost"] < LOST_S
    assert max(took.values()) < 5 + 10  # the expiry and 10 s (N1)


def test_nobody_listens_for_a_while() -> None:
    async def refused() -> float:
        async with episode() as at:
            refusing = asyncio.ensure_future(at.server.refuse(0.7))
            at.server.hang_up(1006)

            async def nothing(_: str) -> None:
                await asyncio.sleep(0.1)

            await story(at, nothing)
            await refusing
            took = await at.agreed()
            await at.nothing_twice()
            return took

    run({"refused": refused})


def test_who_comes_after_a_client_that_died_knows_what_rests_and_what_is_held() -> None:
    """A client dies with an answer under way; another without any memory, of the same account, finds all that lives."""

    async def died() -> None:
        async with serving() as (server, control):
            at = await one_who_dies(server, control)
            async with client_of(server) as heir:
                async with asyncio.timeout(10):
                    await heir.ready()
                found = differences(heir, (await control.truth())[at.address])
                # Orders that had ended before its time are nobody's; their fills count all the same.
                assert not [what for what in found if not what.startswith("an order that is not known")]
                assert len(heir.orders()) == 3
                assert await heir.cancel_all(wait=True) == ()
                assert (await control.truth())[at.address]["openOrders"] == []

    async def one_who_dies(server: Server, control: Control) -> Episode:
        client = await client_of(server).__aenter__()
        async with asyncio.timeout(10):
            await client.ready()
        at = Episode(client, server, control, server.accounts[0].address)

        async def wait(_: str) -> None:
            await asyncio.sleep(0.05)

        await story(at, wait)
        at.faults.inject("reply.lost")
        placing = asyncio.ensure_future(at.place("B", "41.15", "1"))
        await asyncio.sleep(0.1)
        assert client._task is not None
        client._task.cancel()  # as a process that is killed: nothing of it turns any more, nothing is said goodbye to
        await client._exchange.close()
        placing.cancel()
        return at

    asyncio.run(died())


# --- everything at once, by chance --------------------------------------------------------------------

STORM = {name: 20_000 for name in CATALOGUE if name.partition(".")[0] in ("exchange", "info", "post", "reply")}
STORM |= {f"{channel}.{kind}": 30_000 for channel in ("orderUpdates", "userFills") for kind in MESSAGES}
STORM |= {f"ws.{kind}": 1_500 for kind in ("abort", "close_1000", "close_1001", "silent", "dead")}
STORM |= {name: 0 for name in STORM if name.endswith(".429")}  # after which a client does nothing for 10 s


async def stormy(seed: int, steps: int = 60) -> float:
    """Random work while everything goes wrong by chance."""
    dice = Random(seed)

    async def step(at: Episode) -> None:
        orders = at.client.orders(COIN)
        match dice.randrange(6) if orders else 0:
            case 0 | 1:
                side = dice.choice("BA")
                px = f"{41.2 - dice.randrange(5) / 100:.2f}" if side == "B" else f"{41.3 + dice.randrange(5) / 100:.2f}"
                await at.place(side, px, "1")
            case 2 | 3:
                side = dice.choice("BA")
                await at.take(side, "41.3" if side == "B" else "41.2", "0.3")
            case 4:
                order = dice.choice(orders)
                await at.attempt(at.client.modify(order, order_qty=order.order_qty + 1), placing=1)
            case _:
                await at.attempt(at.client.cancel(dice.choice(orders), timeout_ms=1_000))

    async with episode(seed=seed, rates=STORM) as at:
        working = []
        for _ in range(steps):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(at.client.ready(), 2)
            working.append(asyncio.ensure_future(step(at)))
            await asyncio.wait(working[-1:], timeout=0.3)  # who waits longer goes on beside
            await asyncio.sleep(0.03)
        struck = sum(at.faults.counts.values())
        at.faults.heal()
        await asyncio.gather(*working)
        assert struck >= steps // 8, at.faults.counts
        took = await at.agreed(LIMIT_S)
        await at.nothing_twice()
        return took


STORMS = int(os.environ.get("STORMS") or 8)
"""`make chaos` asks for more."""


def test_a_storm_of_everything_by_seed() -> None:
    for first in range(0, STORMS, 8):
        run({f"seed {seed}": partial(stormy, seed) for seed in range(first, min(first + 8, STORMS))})


# --- a thousand reconnects ----------------------------------------------------------------------------

RECONNECTS = 1_000
HASTY = {**TIMES, "backoff_first_ms": 1, "backoff_most_ms": 2, "steady_ms": 1, "watch_every_ms": 5}
HOWS = (1006, 1000, 1001, 1011)


def test_a_thousand_reconnects_leak_nothing() -> None:
    async def reconnects() -> None:
        async with episode(times=HASTY) as at:
            measured = []
            await at.place("B", "41.2", "2")
            for number in range(RECONNECTS):
                if number in (200, RECONNECTS - 1):
                    await at.agreed()
                    measured.append((len(asyncio.all_tasks()), descriptors(), memory()))
                at.server.hang_up(HOWS[number % len(HOWS)])
                async with asyncio.timeout(5):
                    await down(at)
                    await at.client.ready()
            await at.agreed()
            (tasks, files, bytes_), (tasks_after, files_after, bytes_after) = measured
            assert tasks_after <= tasks + 2
            assert files_after <= files + 2
            assert bytes_after - bytes_ < 8 << 20, (bytes_, bytes_after)

    asyncio.run(reconnects())


async def down(at: Episode) -> None:
    """Wait until the client has noticed that the connection is gone."""
    while True:
        if not at.client.session.ready:
            return
        await asyncio.sleep(0)


def memory() -> int:
    """Bytes that this process has in memory; 0 where that cannot be known."""
    try:
        with open("/proc/self/statm") as file:  # noqa: PTH123 (no path that a user could give)
            return int(file.read().split()[1]) * 4_096
    except OSError:
        return 0
