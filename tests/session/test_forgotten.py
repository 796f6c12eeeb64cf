"""Legs that lived, and that the venue has forgotten (X8): closed by all of its books together, and by none alone."""

import pytest

from mm._core import OrderState
from mm.protocol import (
    AskFills,
    AskOpenOrders,
    AskOrder,
    Fact,
    ItemError,
    OpenOrdersReply,
    OrderReply,
    Query,
    ReadFailed,
)
from tests.session.script import Story

GONE = "Order was never placed, already canceled, or filled. asset=0"


@pytest.fixture
def story() -> Story:
    return Story().ready()


def forget(story: Story, name: str, oid: int = 100) -> None:
    """Nothing of it is in the venue's books any more."""
    del story.rows[oid], story.rows[name]


def test_an_order_that_ended_unheard_and_was_forgotten_is_closed(story: Story) -> None:
    _, name = story.rest()
    story.go(1_000)
    forget(story, name)
    story.go(90_000)
    assert story.state(name) == OrderState.Cancelled
    assert story.engine.view.worst_long("BTC") == 0
    assert story.counts.forgotten == 1


def test_one_whose_cancel_found_nothing_is_closed_by_its_fills(story: Story) -> None:
    """Dead by fill or by cancel, says the answer; the fills say which, however late they are read."""
    place, name = story.rest()
    cancel = story.cancel(name)
    forget(story, name)
    story.trade(100, "0.4", cloid=name)  # It happens, and no stream tells it.
    story.answer(cancel, ItemError(GONE))
    assert story.state(name) == OrderState.Unknown
    story.go(90_000)
    assert story.state(name) == OrderState.Cancelled
    assert str(story.order(name).cum_qty) == "0.4"
    assert str(story.engine.view.position("BTC").size) == "0.4"
    assert place.orders[0].sz == "1"


def test_one_that_was_filled_and_forgotten_is_filled(story: Story) -> None:
    _, name = story.rest()
    forget(story, name)
    story.trade(100, "1", cloid=name)
    story.go(90_000)
    assert story.state(name) == OrderState.Filled


@pytest.mark.parametrize("book", ["orders", "status"])
def test_one_book_that_knows_it_is_enough(story: Story, book: str) -> None:
    """A list or a status that lags says nothing against another that shows it."""
    place, name = story.rest()
    row = story.rows[100]

    def replies(query: Query) -> Fact:
        if isinstance(query, AskOrder):
            return OrderReply(query.query, row if book == "status" else None)
        if isinstance(query, AskOpenOrders):
            return OpenOrdersReply(query.query, (row,) if book == "orders" else ())
        return story.reply(query)

    story.replies = replies
    for _ in range(20):
        story.session.reads.order(100)
        story.go(10_000)
    assert story.state(name) == OrderState.Resting
    assert story.counts.forgotten == 0
    assert place.orders[0].cloid == name


def test_a_book_that_lags_and_then_shows_it_begins_anew(story: Story) -> None:
    """Just placed, and the reads are behind: unknown, unlisted, and then there."""
    story.truthful = False
    _, name = story.rest()
    row, rows = story.rows[100], story.rows
    story.rows = {}
    story.truthful = True
    story.session.reads.order(100)
    story.go(5_000)
    story.rows = rows
    story.session.reads.order(100)
    story.go(1_000)
    story.rows = {}
    story.session.reads.order(100)
    story.go(5_000)
    assert story.state(name) == OrderState.Resting
    assert row.status == "open"


def test_nothing_is_believed_before_the_fills_are_read(story: Story) -> None:
    """While fills cannot be read nobody knows how it ended: it may have been filled, and counts."""
    _, name = story.rest()
    forget(story, name)
    truthful = story.replies
    failing = True

    def replies(query: Query) -> Fact:
        if failing and isinstance(query, AskFills):
            return ReadFailed(query.query, "no route to host")
        return truthful(query)

    story.replies = replies
    story.go(120_000)
    assert story.state(name) == OrderState.Resting
    assert story.engine.view.worst_long("BTC") == 1
    failing = False
    story.go(60_000)
    assert story.state(name) == OrderState.Cancelled


def test_one_that_was_written_off_was_shown_and_forgotten_counts_no_more(story: Story) -> None:
    place = story.place()
    story.answer(place, ItemError("Insufficient margin to place order."))
    name = place.orders[0].cloid
    story.row(place.orders[0], 100, "open")
    story.take(story.update(story.rows[100]))
    assert story.engine.view.worst_long("BTC") == 1
    forget(story, name)
    story.go(120_000)
    assert story.state(name) == OrderState.Rejected
    assert story.engine.view.worst_long("BTC") == 0
