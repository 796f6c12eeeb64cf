"""`mm.connect`: the client in ordinary code, from any thread, bounded in time, and gone without a trace."""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

import mm
from mm.errors import BadInput, ConfigError, NotSent, OutcomeUnknown, Refused, Unrepresentable, UsageError, VenueError
from mm.fallback import Policy
from mm.protocol import ActionError, Answer, Cancel, Fact, Place, ReadFailed, Stale
from mm.session import Fate
from tests.client.exchange import COINS, Fake, answering
from tests.session.script import ME


class Slow(Fake):
    """Its time goes by no faster than ours, so that its thread has something to wait for."""

    async def receive(self, until_ms: int) -> Fact | None:
        fact = await super().receive(min(until_ms, self.now_ms + 1))
        if fact is None:
            await asyncio.sleep(0.000_2)
        return fact


@pytest.fixture
def fake() -> Iterator[Slow]:
    before = threading.active_count()
    yield Slow()
    assert threading.active_count() == before, "a thread stayed behind"


def connected(fake: Fake, **settings: object) -> mm.HyperliquidSync:
    return mm.connect(account=ME, exchange=fake, coins=COINS, **settings)  # type: ignore[arg-type]


def test_everything_that_the_client_can(fake: Fake) -> None:
    with connected(fake, on_exit="cancel") as hl:
        assert hl.ready
        order = hl.place("BTC", "B", "100", "1")
        assert order.state == mm.OrderState.Resting
        first, second = hl.place_many([mm.NewOrder("ETH", "A", "200", "1"), mm.NewOrder("BTC", "B", "90", "1")])
        assert isinstance(first, mm.Order)
        assert isinstance(second, mm.Order)
        moved = hl.modify(order, px="99")
        assert moved.px == Decimal(99)
        assert hl.modify(moved, order_qty="2", policy=Policy()).order_qty == Decimal(2)
        assert hl.cancel(moved).state == mm.OrderState.CancelConfirmed
        assert len([o for o in hl.orders() if o.is_active]) == 2
        assert len(hl.orders("ETH")) == 1
        assert hl.position("BTC").size == 0
        assert hl.book("BTC") is None
        assert hl.known(first).state == mm.OrderState.Resting
        assert hl.info({"type": "meta"}) == {"type": "meta"}
        assert hl.rate_limit().cap == 10_000
        fake.facts.append(Stale("clock", None, 9_000))
        while hl.closed("BTC") is None:
            time.sleep(0.001)
        hl.release(None, "clock is stale")
        assert hl.closed("BTC") is None
        hl.schedule_cancel(None)
        hl.update_leverage("BTC", 2)
        assert hl.cancel_all("ETH") == ()
        assert hl.engine.check() is None  # type: ignore[func-returns-value]
    assert hl.left == ()
    assert len(fake.of(Cancel)) == 3
    assert fake.closed == 1


def test_errors_are_the_same(fake: Fake) -> None:
    with connected(fake) as hl:
        with pytest.raises(Unrepresentable):
            hl.place("BTC", "B", "100.123456", "1")
        with pytest.raises(BadInput):
            hl.place("DOGE", "B", "1", "1")
        answering(fake, Place, lambda n: Answer(n, (ActionError("Action already expired"),)))
        with pytest.raises(Refused):
            hl.place("BTC", "B", "100", "1")


def test_what_fails_while_opening_leaves_nothing_behind(fake: Fake) -> None:
    with pytest.raises(ConfigError):
        connected(fake, on_exit="burn")
    with pytest.raises(BadInput):
        mm.connect(account=ME, exchange=fake, coins=["DOGE"]).open()
    fake.replies = lambda query: ReadFailed(query.query, "down")
    with pytest.raises(VenueError, match="opening takes too long"):
        connected(fake, timeout_s=0.2).open()


def test_outside_the_context_nothing_is_done(fake: Fake) -> None:
    hl = connected(fake)
    for call in (lambda: hl.place("BTC", "B", "1", "1"), hl.orders, lambda: hl.engine, hl.cancel_all, hl.events):
        with pytest.raises(NotSent):
            call()
    assert not hl.ready
    with hl, pytest.raises(UsageError, match="opened once"):
        hl.open()
    hl.close()
    with pytest.raises(UsageError, match="opened once"):
        hl.open()
    with pytest.raises(NotSent):
        hl.place("BTC", "B", "1", "1")


def test_a_call_that_takes_too_long_says_that_it_may_have_happened(fake: Fake) -> None:
    answering(fake, Place)
    with connected(fake, timeout_s=0.3, grace_ms=0) as hl:
        with pytest.raises(OutcomeUnknown) as caught:
            hl.place("BTC", "B", "100", "1")
        assert caught.value.reason in ("time-out", "no answer")
        assert len(hl.orders()) == 1


def test_what_the_opening_waited_for_is_told_before_its_own_patience_ends(fake: Fake) -> None:
    async def refused() -> None:
        await asyncio.sleep(0.5)
        raise NotSent("nobody listens there", reason="no connection")

    fake.open = refused  # type: ignore[method-assign]
    with pytest.raises(NotSent, match="nobody listens there"), connected(fake, timeout_s=0.3):
        pass


def test_it_shows_what_it_is_and_whether_it_is_open(fake: Fake) -> None:
    with connected(fake) as hl:
        assert repr(hl) == f"<mm.HyperliquidSync {ME} {' '.join(COINS)}: ready>"
    assert repr(hl).endswith(": closed>")


def test_from_many_threads(fake: Fake) -> None:
    names: list[str | None] = []
    with connected(fake, on_exit="cancel") as hl:

        def work() -> None:
            for _ in range(10):
                order = hl.place("BTC", "B", "100", "1")
                names.append(order.cloid)
                hl.cancel(order)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(set(names)) == 40
        assert not [order for order in hl.orders() if order.is_active]


def test_an_interrupt_gives_the_prompt_back_and_the_order_is_looked_after(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(fake, Place)
    with connected(fake, grace_ms=0) as hl:

        def interrupted(self: object, timeout: float | None = None) -> object:
            while not fake.of(Place):
                time.sleep(0.001)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(concurrent.futures.Future, "result", interrupted)
            with pytest.raises(KeyboardInterrupt):
                hl.place("BTC", "B", "100", "1")
        (order,) = hl.orders()
        fake.facts += fake.kind(fake.of(Place)[0])
        assert hl.known(order).state == mm.OrderState.Resting


@pytest.mark.parametrize("interrupted", [True, False])
def test_an_opening_that_is_given_up_closes_what_it_opened(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, interrupted: bool
) -> None:
    told: list[str] = []
    result = concurrent.futures.Future.result

    async def never() -> None:
        told.append("opening")
        await asyncio.sleep(60)

    async def slowly() -> None:
        await asyncio.sleep(0.2)
        told.append("closed")

    calls: list[object] = []

    def once(self: object, timeout: float | None = None) -> object:
        calls.append(self)
        if len(calls) == 1:
            while not told:
                time.sleep(0.001)
            raise KeyboardInterrupt
        return result(self, timeout)  # type: ignore[arg-type]

    fake.open, fake.close = never, slowly  # type: ignore[method-assign]
    close = mm.HyperliquidSync.close

    def later(hl: mm.HyperliquidSync) -> None:
        time.sleep(0.05)  # so that the closing has begun, in its own thread
        close(hl)

    with monkeypatch.context() as patch:
        patch.setattr(mm.HyperliquidSync, "close", later)
        if interrupted:
            patch.setattr(concurrent.futures.Future, "result", once)
        with pytest.raises(KeyboardInterrupt if interrupted else VenueError):
            connected(fake, timeout_s=0.2).open()
    assert told == ["opening", "closed"]


def test_events_come_one_by_one_and_end_with_the_client(fake: Fake) -> None:
    seen: list[object] = []
    with connected(fake) as hl:
        events = hl.events()
        order = hl.place("BTC", "B", "100", "1")
        fate = next(event for event in events if isinstance(event, Fate))
        assert fate.cloid == order.cloid
        reader = threading.Thread(target=lambda: seen.extend(events))
        reader.start()
        hl.cancel(order)
    reader.join(10)
    assert not reader.is_alive()
    assert [event.kind for event in seen if isinstance(event, Fate)] == ["cancel"]
