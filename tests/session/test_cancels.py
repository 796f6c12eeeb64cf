"""A cancel is a wish that is kept until its order is gone (I20), whatever is answered on the way."""

import pytest

from mm._core import OrderState
from mm.errors import UsageError
from mm.protocol import ActionError, Cancel, Done, Garbled, ItemError, NotSent, Outcome, Place, Resting
from mm.session import Escalated
from tests.session.script import Story, wish

GONE = "Order was never placed, already canceled, or filled. asset=0"
STRANGE = "Order could not be processed, code 17."
RATE = "Too many cumulative requests sent (97460 > 97456) for cumulative volume traded $87457.46."
NOBODY = "User or API Wallet 0x6d6d00000000000000000000000000000000de32 does not exist."


@pytest.fixture
def story() -> Story:
    return Story().ready()


def targets(story: Story) -> list[tuple[int | None, str | None]]:
    return [(t.oid, t.cloid) for c in story.sent(Cancel) if isinstance(c, Cancel) for t in c.targets]


def test_the_leg_that_replaced_the_cancelled_one_is_cancelled_too(story: Story) -> None:  # R1, R2
    place, name = story.rest(100)
    modify = story.modify(name)
    cancel = story.cancel(name)
    story.row(modify.changes[0].order, 200, "open")
    story.row(place.orders[0], 100, "canceled", "1")
    story.answer(cancel, ItemError(GONE))
    story.answer(modify, Resting(200))
    story.go(1_000)
    assert targets(story)[-1] == (200, None)
    story.answer(story.last(Cancel), Done())
    story.go(60_000)
    assert story.state(name) == OrderState.CancelConfirmed or story.state(name).is_terminal
    assert not story.session.cancelling(name)


def test_an_order_that_arrives_after_its_cancel_is_cancelled(story: Story) -> None:  # X6
    place = story.place()
    (order,) = place.orders
    story.answer(story.cancel(order.cloid), ItemError(GONE))
    story.take(story.update(story.row(order, 100, "open")))
    story.answer(place, Resting(100))
    story.go(1_000)
    assert targets(story)[-1] == (100, None)
    story.answer(story.last(Cancel), Done())
    assert story.state(order.cloid) == OrderState.CancelConfirmed


@pytest.mark.parametrize(
    "outcome",
    [
        *(ItemError(STRANGE), ActionError(RATE), ActionError("Action already expired"), Garbled("429"), ItemError("")),
        ActionError("User has pending agent removal"),
    ],
)
def test_what_does_not_do_it_is_done_again_with_a_pause_that_grows(story: Story, outcome: Outcome) -> None:  # I6, I20
    _, name = story.rest(100)
    story.cancel(name)
    for _ in range(600):
        sent = len(story.sent(Cancel))
        story.answer(story.last(Cancel), outcome)
        while len(story.sent(Cancel)) == sent and story.now < 1_790_000_000_000 + 60_000:
            story.go(100)
    assert 14 <= len(story.sent(Cancel)) <= 22, "twenty a minute, and not six hundred"
    assert not story.state(name).is_terminal
    story.answer(story.last(Cancel), Done())
    story.go(20_000)
    assert story.state(name) in (OrderState.CancelConfirmed, OrderState.Cancelled)
    assert not story.session.cancelling(name)


def test_a_refusal_that_stays_ends_the_wish(story: Story) -> None:
    _, name = story.rest(100)
    story.answer(story.cancel(name), ActionError(NOBODY))
    story.go(60_000)
    assert len(story.sent(Cancel)) == 1
    assert not story.session.cancelling(name)
    assert story.state(name) == OrderState.Resting


def test_unanswered_cancels_are_repeated_in_one_action(story: Story) -> None:  # X19
    story.lie_down()
    names = story.session.place([wish(px=str(90 - n)) for n in range(30)])
    story.answer(story.last(Place), *(Resting(1_000 + n) for n in range(30)))
    for name in names:
        story.session.cancel([name])
    story.script.sent.clear()
    story.go(60_000)
    cancels = story.sent(Cancel)
    assert 25 <= len(cancels) <= 31
    assert all(isinstance(cancel, Cancel) and len(cancel.targets) == 30 for cancel in cancels)
    assert story.told(Escalated)


def test_what_is_to_go_is_not_moved(story: Story) -> None:
    _, name = story.rest(100)
    story.answer(story.cancel(name), ActionError(RATE))
    assert story.state(name) == OrderState.Resting
    with pytest.raises(UsageError, match="cancel"):
        story.modify(name)


def test_a_cancel_that_cannot_leave_is_tried_until_it_does(story: Story) -> None:
    _, name = story.rest(100)
    story.take(NotSent(story.cancel(name).nonce, "no connection"))
    story.go(500)
    assert len(story.sent(Cancel)) == 2
    story.answer(story.last(Cancel), Done())
    story.go(60_000)
    assert len(story.sent(Cancel)) == 2


def test_a_wish_outlives_its_process(story: Story) -> None:  # P1
    _, name = story.rest(100)
    modify = story.modify(name)
    story.cancel(name)  # and here it dies; the modify had executed first
    after = Story(record=story.record)
    after.session.resume()
    after.rows.update(story.rows)
    after.row(modify.changes[0].order, 200, "open")
    after.row(story.sent(Place)[0].orders[0], 100, "canceled", "1")  # type: ignore[union-attr]
    after.up()
    for _ in range(20):
        if after.sent(Cancel) and targets(after)[-1][0] != 200:
            cancel = after.last(Cancel)
            after.answer(cancel, *(ItemError(GONE) for _ in cancel.targets))
        after.go(500)
    assert targets(after)[-1] == (200, None)
    assert after.session.cancelling(name)


def test_an_order_that_was_moved_after_its_cancel_was_refused_is_kept_over_a_restart(story: Story) -> None:
    _, name = story.rest(100)
    story.answer(story.cancel(name), ActionError(NOBODY))
    story.session.gate.release(None, "the venue does not know the signer")
    modify = story.modify(name)
    story.row(modify.changes[0].order, 200, "open")
    story.answer(modify, Resting(200))
    after = Story(record=story.record)
    after.session.resume()
    assert not after.session.cancelling(name)


def test_a_wish_that_a_limit_refused_outlives_its_process(story: Story) -> None:
    _, name = story.rest(100)
    story.answer(story.cancel(name), ActionError(RATE))
    assert story.state(name) == OrderState.Resting
    after = Story(record=story.record)
    after.session.resume()
    assert after.session.cancelling(name)
    assert targets(after) == [(100, None)]
