"""`mm.Hyperliquid`: cancels, and what proves that nothing is left."""

import asyncio
from collections.abc import Iterable

import pytest

import mm
from mm import OrderState
from mm.errors import (
    NotSent,
    OutcomeUnknown,
    Refused,
    UnknownOrder,
    UsageError,
)
from mm.protocol import (
    Action,
    ActionError,
    Answer,
    Cancel,
    Fact,
    ItemError,
    LinkDown,
    Modify,
    NewOrder,
    Place,
    Resting,
    Stale,
)
from tests.client.exchange import GONE, NOBODY, RATE, Fake, answering, run, until
from tests.session.script import ME


@pytest.fixture
def fake() -> Fake:
    return Fake()


def test_cancel_gives_the_order_once_it_rests_no_more(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            gone = await hl.cancel(order)
            assert gone.state == OrderState.CancelConfirmed
            assert hl.orders() == []
            again = await hl.cancel(order.cloid or "")
            assert again.state == OrderState.CancelConfirmed
            assert len(fake.of(Cancel)) == 1
            with pytest.raises(UnknownOrder):
                await hl.cancel("0x" + "e" * 32)

    run(story())


def test_a_cancel_that_finds_nothing_waits_for_how_it_ended(fake: Fake) -> None:  # S16
    async def story() -> None:
        def late(nonce: int) -> Fact:
            fake.facts.append(fake.trade(order.oid or 0, "1"))
            fake.end(order.oid or 0, "filled")
            return Answer(nonce, (ItemError(GONE),))

        answering(fake, Cancel, late)
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            assert (await hl.cancel(order)).state == OrderState.FilledDuringCancel

    run(story())


def test_a_cancel_that_is_refused_and_one_that_is_not_answered(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            answering(fake, Cancel, lambda n: Answer(n, (ActionError(RATE),)))
            with pytest.raises(OutcomeUnknown, match="goes on") as caught:
                await hl.cancel(order)
            assert caught.value.reason == RATE, "a limit passes: it is not given up"
            assert 3 < len(fake.of(Cancel)) < 10
            answering(fake, Cancel)
            with pytest.raises(OutcomeUnknown):
                await hl.cancel(order, timeout_ms=5_000)
            assert len(fake.of(Cancel)) > 5, "and it goes on"
            answering(fake, Cancel, lambda n: Answer(n, (ActionError(NOBODY),)))
            with pytest.raises(Refused) as refused:
                await hl.cancel(order)
            assert refused.value.reason == NOBODY, "that stays: nobody is cancelled for"
            sent = len(fake.of(Cancel))
            await hl.changed(order, 20_000)
            assert len(fake.of(Cancel)) == sent
            fake.answers = fake.kind
            assert (await hl.cancel(order)).state == OrderState.CancelConfirmed

    run(story())


def test_an_order_that_was_replaced_under_its_cancel_is_cancelled_all_the_same(fake: Fake) -> None:
    async def story() -> None:
        moved: list[Modify] = []

        def answers(action: Action) -> Iterable[Fact]:
            if isinstance(action, Modify):
                moved.append(action)
                fake.end(action.changes[0].oid)
                return []
            if isinstance(action, Cancel) and len(fake.of(Cancel)) == 1:
                (change,) = moved[0].changes
                fake.row(change.order, 900, "open")
                return [Answer(action.nonce, (ItemError(GONE),)), Answer(moved[0].nonce, (Resting(900),))]
            return fake.kind(action)

        fake.answers = answers
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            moving = asyncio.create_task(hl.modify(order, px="99"))
            await asyncio.sleep(0)
            assert (await hl.cancel(order)).state == OrderState.CancelConfirmed
            assert fake.rows[900].status == "canceled"
            await moving

    run(story())


def test_words_that_nobody_knows_do_not_end_a_cancel(fake: Fake) -> None:
    async def story() -> None:
        strange = lambda n: Answer(n, (ItemError("Order could not be processed, code 17."),))  # noqa: E731
        answering(fake, Cancel, strange)
        async with fake.client() as hl:
            await hl.ready()
            await hl.place("BTC", "B", "100", "1")
            assert await hl.cancel_all(wait=True, timeout_ms=20_000)
            assert len(fake.of(Cancel)) > 4
            fake.answers = fake.kind
            assert await hl.cancel_all(wait=True) == ()

    run(story())


def test_cancel_all_is_one_action_and_its_proof_is_a_list_without_ours(fake: Fake) -> None:  # G7, P7
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            await hl.place_many([mm.NewOrder(coin, "B", "100", "1") for coin in ("BTC", "ETH", "BTC")])
            asked = await hl.cancel_all("BTC")
            assert len(asked) == 2
            assert await hl.cancel_all(wait=True) == ()
            assert len(fake.of(Cancel)[0].targets) == 2
            assert not [row for row in fake.rows.values() if row.status == "open"]

    run(story())


def test_the_proof_finds_an_order_of_ours_that_nobody_told_of(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            cloid = mm.Engine(ME, first_sequence=5).next_cloid()  # of an earlier process, by its prefix
            fake.row(NewOrder("ETH", "B", "99", "1", "Alo", cloid), 77, "open")
            assert await hl.cancel_all(wait=True) == ()
            (cancel,) = fake.of(Cancel)
            assert cancel.targets[0].oid == 77

    run(story())


def test_cancel_all_says_what_is_left(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            answering(fake, Cancel, lambda n: Answer(n, (ActionError(RATE),)))
            left = await hl.cancel_all(wait=True, timeout_ms=5_000)
            assert [o.cloid for o in left] == [order.cloid]
            assert len(fake.of(Cancel)) <= 6, "and does not spend the budget on it"

    run(story())


def test_cancels_go_through_while_nothing_may_be_placed(fake: Fake) -> None:  # I20, S79
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            fake.facts += [LinkDown("cut"), Stale("bbo", "BTC", 9_000)]
            await until(lambda: not hl.session.ready)
            with pytest.raises(NotSent):
                await hl.place("BTC", "B", "100", "1")
            assert (await hl.cancel(order)).state == OrderState.CancelConfirmed

    run(story())


def test_a_foreign_order_is_touched_only_if_it_is_meant(fake: Fake) -> None:  # I21
    async def story() -> None:
        theirs = fake.row(NewOrder("BTC", "B", "99", "1", "Gtc", "0x" + "f" * 32), 900, "open")
        async with fake.client() as hl:
            await hl.ready()
            assert hl.orders() == []
            (foreign,) = hl.engine.orders(foreign=True)
            with pytest.raises(UsageError, match="not ours"):
                await hl.cancel(foreign)
            assert await hl.cancel_all(wait=True) == ()
            assert not fake.of(Cancel)
            with pytest.raises(UsageError, match="not ours"):
                await hl.modify(foreign, px="98")
            assert not fake.of(Modify)
            assert (await hl.cancel(foreign, foreign=True)).state == OrderState.CancelConfirmed
            assert theirs.oid == 900

    run(story())


def test_the_proof_is_a_list_and_what_it_shows_is_cancelled_though_it_was_written_off(fake: Fake) -> None:  # C9
    async def story() -> None:
        answering(fake, Place, lambda n: Answer(n, (ItemError("Insufficient margin to place order."),)))
        async with fake.client() as hl:
            await hl.ready()
            with pytest.raises(Refused):
                await hl.place("BTC", "B", "100", "1")
            fake.answers = lambda action: [] if isinstance(action, Cancel) else fake.kind(action)
            fake.row(fake.of(Place)[0].orders[0], 500, "open")
            left = await hl.cancel_all(wait=True, timeout_ms=5_000)
            assert [order.oid for order in left] == [500], "the venue has it, whatever was said"
            fake.answers = fake.kind
            assert await hl.cancel_all(wait=True) == ()
            assert fake.rows[500].status == "canceled"
            assert len(fake.of(Cancel)) < 10

    run(story())
