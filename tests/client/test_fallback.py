"""The fallback of a modify in the client: what it keeps of the order, and whom it gives way to."""

import asyncio
from collections.abc import Iterable

import pytest

from mm.errors import NotSent
from mm.fallback import Policy
from mm.protocol import Action, Answer, Cancel, Done, Fact, ItemError, Modify, Noop, Place, Resend
from tests.client.exchange import Fake, answering, run

BAND = "Order price cannot be more than 95% away from the reference price asset=0"


@pytest.fixture
def fake() -> Fake:
    return Fake()


def live(fake: Fake) -> list[int]:
    return sorted({row.oid for row in fake.rows.values() if row.status == "open"})


def silent_modify(fake: Fake) -> None:
    """A modify is never answered, and its noop says that it never executed."""

    def answers(action: Action) -> Iterable[Fact]:
        if isinstance(action, Modify | Resend):
            return []
        if isinstance(action, Noop):
            return [Answer(action.nonce, (Done(),), True)]
        return fake.kind(action)

    fake.answers = answers


def test_what_only_reduces_is_placed_anew_as_what_only_reduces(fake: Fake) -> None:
    async def story() -> None:
        def answers(action: Action) -> Iterable[Fact]:
            if isinstance(action, Modify):
                return [Answer(action.nonce, (ItemError(BAND),))]
            facts = fake.kind(action)
            if isinstance(action, Cancel):
                facts += [fake.update(fake.rows[target.oid or 0]) for target in action.targets]
            return facts

        fake.answers = answers
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1", reduce_only=True)
            moved = await hl.modify(order, px="90", policy=Policy())
            assert moved.cloid != order.cloid
            assert moved.reduce_only
            assert all(new.reduce_only for place in fake.of(Place) for new in place.orders)

    run(story())


def test_whoever_cancels_all_has_the_last_word(fake: Fake) -> None:
    async def story() -> None:
        silent_modify(fake)
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            moving = asyncio.create_task(hl.modify(order, px="90", policy=Policy()))
            await asyncio.sleep(0)
            assert await hl.cancel_all(wait=True) == ()
            assert (await moving).cloid == order.cloid
            await hl.info({"type": "meta"})
            assert not live(fake)
            assert len(fake.of(Place)) == 1

    run(story())


def test_whoever_cancels_the_order_while_its_fallback_waits_has_the_last_word(fake: Fake) -> None:
    async def story() -> None:
        answering(fake, Modify, lambda n: Answer(n, (ItemError(BAND),)))
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            moving = asyncio.create_task(hl.modify(order, px="90", policy=Policy()))
            await hl.changed(order, 5_000)  # the fallback's own cancel is under way, or done
            await hl.cancel(order)
            assert (await moving).cloid == order.cloid
            assert not live(fake)

    run(story())


@pytest.mark.parametrize("status", ["scheduledCancel", "marginCanceled", "canceled"])
def test_what_the_venue_cancelled_is_not_placed_again(fake: Fake, status: str) -> None:
    async def story() -> None:
        def answers(action: Action) -> Iterable[Fact]:
            if isinstance(action, Modify):
                oid = action.changes[0].oid
                fake.end(oid, status)
                gone = Answer(action.nonce, (ItemError("Cannot modify canceled or filled order"),))
                return [gone, fake.update(fake.rows[oid])]
            return fake.kind(action)

        fake.answers = answers
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            assert (await hl.modify(order, px="90", policy=Policy())).cloid == order.cloid
            assert not live(fake)
            assert len(fake.of(Place)) == 1

    run(story())


def test_nothing_is_placed_while_the_client_closes(fake: Fake) -> None:
    async def story() -> None:
        silent_modify(fake)
        async with fake.client(on_exit="cancel") as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            moving = asyncio.create_task(hl.modify(order, px="90", policy=Policy()))
            await asyncio.sleep(0)
            closing = asyncio.create_task(hl.close())
            await asyncio.sleep(0)
            with pytest.raises(NotSent, match="closing"):
                await hl.place("BTC", "B", "100", "1")
            with pytest.raises(NotSent, match="closing"):
                await hl.modify(order, px="91")
            await closing
        moving.cancel()
        await asyncio.gather(moving, return_exceptions=True)
        assert not live(fake)
        assert len(fake.of(Place)) == 1

    run(story())
