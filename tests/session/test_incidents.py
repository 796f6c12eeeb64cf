"""Incidents of other makers that only a session can show, by their numbers (docs/incidents.md)."""

import pytest

from mm._core import Effect, OrderState
from mm.protocol import (
    Answer,
    AskOpenOrders,
    Cancel,
    Done,
    OpenOrdersReply,
    OrderRow,
    Place,
    Query,
    Resting,
)
from tests.session.script import Story


@pytest.fixture
def story() -> Story:
    return Story().ready()


def test_an_order_younger_than_the_list_is_not_taken_for_gone(story: Story) -> None:  # G4: the list lags by seconds
    story.replies = lambda q: OpenOrdersReply(q.query, ()) if isinstance(q, AskOpenOrders) else story.reply(q)
    story.lie_down()
    story.session.scan()  # asked now, read before the order is placed
    (query,) = [command for command in story.script.sent if isinstance(command, AskOpenOrders)]
    story.stand_up()
    _, name = story.rest(100)
    story.take(OpenOrdersReply(query.query, ()))
    assert story.state(name) == OrderState.Resting
    story.go(60_000)  # and every later list lags as well
    assert story.state(name) == OrderState.Resting
    assert not story.sent(Cancel)
    assert not story.told(Effect.Contradiction)


def test_a_fresh_order_of_ours_is_never_taken_for_an_orphan(story: Story) -> None:  # G5: between answer and bookkeeping
    place = story.place()
    (order,) = place.orders
    row = story.row(order, 100, "open")
    story.session.scan()  # the list shows it before its answer comes
    story.turn()
    assert story.state(order.cloid) == OrderState.Resting
    story.take(story.update(row), Answer(place.nonce, (Resting(100),)))
    assert story.order(order.cloid).oid == 100
    assert not story.told(Effect.Foreign)
    assert not story.sent(Cancel)
    assert len(story.engine.view.orders()) == 1


def test_what_a_stale_list_shows_is_not_cancelled(story: Story) -> None:  # G6: ghosts ate the budget
    _, name = story.rest(100)
    old = story.rows[100]
    cancel = story.cancel(name)
    story.row(story.sent(Place)[0].orders[0], 100, "canceled")  # type: ignore[union-attr]
    story.answer(cancel, Done())
    story.replies = lambda q: OpenOrdersReply(q.query, (old,)) if isinstance(q, AskOpenOrders) else story.reply(q)
    story.go(60_000)
    assert len(story.sent(Cancel)) == 1
    assert not story.order(name).is_active


def test_a_scan_that_was_not_answered_does_not_count_as_done(story: Story) -> None:  # D14
    story.lie_down()
    story.go(16_000)
    assert not story.session.reads.scanned_ms.get("", 0) >= story.now - 15_000
    asked = len([command for command in story.script.sent if isinstance(command, AskOpenOrders)])
    story.go(10_000)
    again = len([command for command in story.script.sent if isinstance(command, AskOpenOrders)])
    assert again > asked, "asked again until it is answered"
    story.stand_up()
    story.go(3_000)
    assert story.session.reads.scanned_ms[""] > story.now - 5_000


def test_every_dex_is_asked_for_its_orders() -> None:  # S21, X18: the default dex does not show the others
    story = Story(coins=("BTC", "xyz:TSLA", "@107"))
    asked: list[str] = []
    theirs = OrderRow("xyz:TSLA", "B", "100.0", "1.0", "1.0", 900, "0x" + "f" * 32, "open", story.now)

    def reply(query: Query) -> object:
        if isinstance(query, AskOpenOrders):
            asked.append(query.dex)
            return OpenOrdersReply(query.query, (theirs,) if query.dex == "xyz" else ())
        return story.reply(query)

    story.replies = reply  # type: ignore[assignment]
    story.ready()
    assert sorted(asked) == ["", "xyz"]
    assert [event.coin for event in story.events if isinstance(event, Effect.Foreign)] == ["xyz:TSLA"]


def test_an_empty_list_of_one_dex_says_nothing_of_another() -> None:  # S75, X18
    story = Story(coins=("BTC", "xyz:TSLA"))
    story.ready()
    _, name = story.rest(100, "xyz:TSLA")
    story.replies = lambda q: (
        OpenOrdersReply(q.query, () if not q.dex else (story.rows[100],))
        if isinstance(q, AskOpenOrders)
        else story.reply(q)
    )
    story.go(60_000)
    assert story.state(name) == OrderState.Resting
