"""`mm.Hyperliquid`: its news, its end, and its next life."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Literal

import pytest

import mm
from mm import Effect, OrderState
from mm._core.sign import Nonces
from mm.errors import (
    EngineFault,
    OutcomeUnknown,
)
from mm.exchange.hyperliquid.client_events import EventStream, Lagged, Left
from mm.exchange.hyperliquid.limits import Limits
from mm.fallback import Policy
from mm.protocol import (
    Action,
    Cancel,
    Fact,
    Modify,
    Place,
    Stale,
    Warned,
)
from mm.session import Fate, GateMoved, How, Phase, Record, Recorded
from tests.client.exchange import Fake, answering, run, until
from tests.session.script import ME, Story


@pytest.fixture
def fake() -> Fake:
    return Fake()


# --- events -------------------------------------------------------------------------------------------


def test_events_tell_everything_in_order(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            stream = hl.events()
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            fake.facts.append(fake.trade(order.oid or 0, "0.4"))
            seen = []
            async for event in stream:
                seen.append(event)
                if isinstance(event, Effect.Booked):
                    break
            assert [event.phase for event in seen if isinstance(event, GateMoved)][-1] == Phase.READY
            (fate,) = [event for event in seen if isinstance(event, Fate)]
            assert (fate.kind, fate.how, fate.cloid) == ("place", How.TAKEN, order.cloid)

    run(story())


def test_a_reader_that_lags_is_told_and_loses_no_state(fake: Fake) -> None:  # N12
    async def story() -> None:
        async with fake.client(events_most=5) as hl:
            stream = hl.events()
            await hl.ready()
            for _ in range(4):
                await hl.place("BTC", "B", "100", "1")
            first = await anext(stream)
            assert isinstance(first, Lagged)
            assert first.missed > 5
            rest = [await anext(stream) for _ in range(5)]
            assert not any(isinstance(event, Lagged) for event in rest)
            assert len(hl.orders()) == 4

    run(story())


def test_what_somebody_should_see_to_is_told_and_logged(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            stream = hl.events()
            await hl.ready()
            fake.facts += [Warned("clock", "1,200 ms behind"), Stale("bbo", "BTC", 9_000)]
            async for event in stream:
                if isinstance(event, Warned):
                    break
            await until(lambda: hl.closed("BTC"))
            await until(lambda: "bbo is stale" in caplog.text)
            hl.release("BTC", "bbo is stale")
            assert hl.closed("BTC") is None

    with caplog.at_level(logging.WARNING, "mm"):
        run(story())
    assert "BTC: nothing is placed now: bbo is stale" in caplog.text
    assert "clock: 1,200 ms behind" in caplog.text


def test_every_reader_has_his_own_and_it_ends_with_the_client(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            first, second = hl.events(), hl.events()
            await hl.ready()
        one = [type(event) async for event in first]
        assert one == [type(event) async for event in second]
        assert one

    run(story())


def test_a_reader_that_went_away_is_forgotten(fake: Fake) -> None:  # I10
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            stays = hl.events()
            for _ in range(100):
                reader = hl.events()
                await hl.place("BTC", "B", "100", "1")
                async for event in reader:
                    if isinstance(event, Fate):
                        break
            assert len(hl._readers) <= 2
            assert len([event for event in iter(stays.next_now, None) if isinstance(event, Fate)]) >= 100

    run(story())


# --- leaving ------------------------------------------------------------------------------------------


def test_leaving_keeps_orders_and_says_so(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:  # S67
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            stream = hl.events()
            order = await hl.place("BTC", "B", "100", "1")
        assert not fake.of(Cancel)
        assert [o.cloid for o in hl.left] == [order.cloid]
        assert [event async for event in stream][-1] == Left(hl.left)
        assert fake.closed == 1

    with caplog.at_level(logging.WARNING, "mm"):
        run(story())
    assert "left on the venue" in caplog.text


def test_leaving_may_cancel_with_proof(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client(on_exit="cancel") as hl:
            await hl.ready()
            await hl.place_many([mm.NewOrder("BTC", "B", "100", "1")] * 3)
        assert len(fake.of(Cancel)) == 1
        assert hl.left == ()

    run(story())


def test_leaving_by_an_exception_is_leaving(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client(on_exit="cancel") as hl:
            await hl.ready()
            await hl.place("BTC", "B", "100", "1")
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        run(story())
    assert len(fake.of(Cancel)) == 1
    assert fake.closed == 1


def test_leaving_waits_a_little_for_answers_and_tells_what_is_unknown(fake: Fake) -> None:
    async def story() -> None:
        answering(fake, Place)
        async with fake.client(grace_ms=500) as hl:
            await hl.ready()
            task = asyncio.create_task(hl.place("BTC", "B", "100", "1"))
            await until(lambda: fake.of(Place))
        with pytest.raises(OutcomeUnknown, match="closed"):
            await task
        assert [o.state for o in hl.left] == [OrderState.Pending]

    run(story())


def test_who_waits_for_what_was_sent_is_not_told_that_it_was_not(fake: Fake) -> None:  # I5
    async def story() -> None:
        fake.answers = lambda action: [] if isinstance(action, Modify | Cancel) else fake.kind(action)
        async with fake.client(grace_ms=500) as hl:
            await hl.ready()
            first, second = [await hl.place("BTC", "B", px, "1") for px in ("100", "99")]
            waits = [hl.modify(second, px="98", policy=Policy()), hl.cancel(first), hl.known(second.cloid or "")]
            tasks = [asyncio.create_task(wait) for wait in waits]
            await until(lambda: fake.of(Modify))
        for task in tasks:
            with pytest.raises(OutcomeUnknown, match="closed"):
                await task

    run(story())


def test_leaving_twice_is_leaving_once_and_both_wait_for_its_end(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client(on_exit="cancel") as hl:
            await hl.ready()
            await hl.place("BTC", "B", "100", "1")
            first = asyncio.create_task(hl.close())
            await asyncio.sleep(0)
        assert fake.closed == 1
        assert fake.of(Cancel)
        assert hl.left == ()
        await hl.close()
        await first

    run(story())


@pytest.mark.parametrize("cancels", [1, 2, 3])
def test_who_is_cancelled_while_he_leaves_leaves_all_the_same(fake: Fake, cancels: int) -> None:
    ends = 0

    async def slowly() -> None:
        nonlocal ends
        fake.closed += 1
        try:
            for _ in range(20):
                await asyncio.sleep(0)
        finally:
            ends += 1

    async def life() -> None:
        answering(fake, Place)
        async with fake.client(grace_ms=10**9, on_exit="cancel") as hl:
            clients.append(hl)
            await hl.ready()
            placing.append(asyncio.create_task(hl.place("BTC", "B", "100", "1")))
            await until(lambda: fake.of(Place))

    async def story() -> None:
        fake.close = slowly  # type: ignore[method-assign]
        leaving = asyncio.create_task(life())
        await until(lambda: clients and clients[0]._closing)
        for _ in range(cancels):
            leaving.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert ends == fake.closed == 1
        assert len(clients[0].left) == 1
        await asyncio.gather(*placing, return_exceptions=True)

    clients: list[mm.Hyperliquid] = []
    placing: list[asyncio.Task[mm.Order]] = []
    run(story())


def test_a_fault_stops_all_and_is_raised(fake: Fake) -> None:
    async def broken(until_ms: int) -> Fact | None:
        raise EngineFault(f"the book cannot be trusted at {until_ms}")

    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            stream = hl.events()
            fake.receive = broken  # type: ignore[method-assign]
            with pytest.raises(EngineFault):
                await drained(stream)
            with pytest.raises(EngineFault):
                await hl.place("BTC", "B", "100", "1")

    with pytest.raises(EngineFault):  # not swallowed by whoever did not look
        run(story())
    assert fake.closed == 1


@pytest.mark.parametrize("on_exit", ["keep", "cancel"])
def test_after_a_fault_of_the_link_all_is_cancelled_if_that_was_wanted(
    fake: Fake, on_exit: Literal["keep", "cancel"]
) -> None:
    receive = fake.receive

    async def broken(until_ms: int) -> Fact | None:  # as the link does: what came first, and then its failure
        if fake.facts:
            return await receive(until_ms)
        fake.now_ms += 100
        raise EngineFault("the link failed")

    async def story() -> None:
        async with fake.client(on_exit=on_exit) as hl:
            clients.append(hl)
            await hl.ready()
            await hl.place_many([mm.NewOrder("BTC", "B", "100", "1")] * 3)
            fake.receive = broken  # type: ignore[method-assign]
            with pytest.raises(EngineFault):
                await drained(hl.events())

    clients: list[mm.Hyperliquid] = []
    with pytest.raises(EngineFault, match="the link failed"):
        run(story())
    assert len(fake.of(Cancel)) == (on_exit == "cancel")
    assert len(clients[0].left) == (0 if on_exit == "cancel" else 3)
    assert fake.closed == 1


def test_a_fault_while_all_is_cancelled_does_not_end_the_cancelling(fake: Fake) -> None:
    async def broken(until_ms: int) -> Fact | None:
        fake.now_ms += 100
        raise EngineFault("the link failed")

    def answers(action: Action) -> Iterable[Fact]:
        if isinstance(action, Cancel) and len(fake.of(Cancel)) == 1:
            fake.receive = broken  # type: ignore[method-assign]
            return []
        return fake.kind(action)

    async def story() -> None:
        fake.answers = answers
        async with fake.client(on_exit="cancel") as hl:
            await hl.ready()
            await hl.place("BTC", "B", "100", "1")

    with pytest.raises(EngineFault, match="the link failed"):
        run(story())
    assert len(fake.of(Cancel)) == 2
    assert fake.closed == 1


async def drained(stream: EventStream) -> None:
    async for _ in stream:
        pass


# --- an earlier life ------------------------------------------------------------------------------------


def test_with_a_record_it_takes_up_where_it_stopped(fake: Fake) -> None:
    async def story() -> None:
        record = Record()
        engine = Recorded(lambda: mm.Engine(ME), record)
        async with fake.client(engine=engine) as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
        again = Recorded(lambda: mm.Engine(ME), record)
        again.replay()
        assert again.view.digest() == engine.view.digest()
        async with fake.client(engine=again) as hl:
            await hl.ready()
            (kept,) = hl.orders()
            assert (kept.cloid, kept.state) == (order.cloid, OrderState.Resting)
            other = await hl.place("BTC", "B", "99", "1")
            assert other.cloid != order.cloid

    run(story())


def test_without_a_record_names_are_new_all_the_same(fake: Fake) -> None:  # S85
    async def story() -> list[str | None]:
        names = []
        for _ in range(2):
            fake.now_ms += 1
            async with fake.client() as hl:
                await hl.ready()
                names.append((await hl.place("BTC", "B", "100", "1")).cloid)
        return names

    assert len(set(run(story()))) == 2


def test_clients_that_begin_in_one_millisecond_have_names_of_their_own() -> None:  # I8, S85
    clients = [mm.Hyperliquid(account=ME, key="0x" + "11" * 32, url=mm.TESTNET) for _ in range(10)]
    assert len({client._recorded.view.next_cloid() for client in clients}) == 10


def test_clients_of_one_signer_never_give_the_same_nonce() -> None:  # I14, protocol 2.5
    key = "0x" + "11" * 32
    told = {"key": key, "url": mm.TESTNET}
    master, sub = (mm.Hyperliquid(account=account, **told) for account in (ME, "0x" + "7" * 40))  # type: ignore[arg-type]
    other = mm.Hyperliquid(account=ME, key="0x" + "12" * 32, url=mm.TESTNET)
    mainnet = mm.Hyperliquid(account=ME, key=key)
    assert master._nonces is sub._nonces is not None
    assert other._nonces is not master._nonces is not mainnet._nonces
    given = [client._nonces.nonces.next(1_790_000_000_000) for client in (master, sub, master)]  # type: ignore[union-attr]
    assert len(set(given)) == 3


def test_clients_of_one_process_share_the_limits_of_its_address() -> None:  # X19, N9, protocol 1.4 and 9.1
    key = "0x" + "11" * 32
    told = {"key": key, "url": mm.TESTNET}
    one, two = (mm.Hyperliquid(account=account, **told)._exchange.limits for account in (ME, "0x" + "7" * 40))  # type: ignore[arg-type,attr-defined]
    elsewhere = mm.Hyperliquid(account=ME, key=key)._exchange.limits  # type: ignore[attr-defined]
    assert one is two is Limits.shared(mm.TESTNET) is not elsewhere
    here = [mm.Hyperliquid(account=ME, key=key, url="http://127.0.0.1:1")._exchange.limits for _ in range(2)]  # type: ignore[attr-defined]
    assert here[0] is not here[1], "a venue of one's own counts nothing by address"


def test_sessions_that_share_their_nonces_act_in_the_same_millisecond() -> None:
    shared = Nonces()
    stories = [Story(nonces=shared).ready(), Story(nonces=shared).ready()]
    nonces = [story.place().nonce for story in (*stories, *stories)]
    assert len(set(nonces)) == 4
    assert nonces == sorted(nonces)


def test_a_record_that_is_ahead_of_the_clock_is_the_floor() -> None:
    record = Record()
    earlier = Story(record=record).ready()
    earlier.script.now_ms += 10_000_000
    nonce = earlier.place().nonce
    assert Story(record=record).session._core.next_nonce() > nonce
