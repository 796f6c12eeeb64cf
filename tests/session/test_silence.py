"""When no answer comes, or none that tells (reliability N1 to N5): every way to evidence, and no guess on the way."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from mm._core import Effect, OrderState, Tif
from mm.protocol import (
    ActionError,
    Answer,
    AskOrder,
    AskPosition,
    BookTop,
    Cancel,
    Done,
    Fact,
    Filled,
    Garbled,
    ItemError,
    LinkDown,
    Market,
    Noop,
    NotSent,
    OrderReply,
    Outcome,
    Place,
    PositionReply,
    Query,
    ReadFailed,
    Resend,
    Resting,
    Waiting,
)
from mm.session import Escalated, Fate, Rules
from tests.session.script import Story

GONE = "Order was never placed, already canceled, or filled. asset=0"
BAND = "Order price cannot be more than 95% away from the reference price asset=0"
STRANGE = "Order could not be processed, code 17."


def duplicate(nonce: int) -> ActionError:
    return ActionError(f"Invalid nonce: duplicate nonce {nonce}")


@pytest.fixture
def story() -> Story:
    return Story().ready()


@pytest.fixture
def fencing() -> Story:
    """Rules by which the nonce is spent at once, and nothing is sent twice."""
    return Story(rules=Rules(resend=False)).ready()


def kinds(story: Story) -> list[str]:
    return [type(command).__name__ for command in story.sent()]


def cloid(place: Place) -> str:
    return place.orders[0].cloid


def unsettled(story: Story) -> bool:
    """Nobody doubted what is not known: nothing is contradicted."""
    return not story.told(Effect.Contradiction)


# --- step by step -------------------------------------------------------------------------------------


def test_silence_is_told_then_the_same_bytes_then_the_nonce_is_spent(story: Story) -> None:
    place = story.place()
    story.go(1_900)
    assert story.state(cloid(place)) == OrderState.Pending
    story.go(200)
    assert story.state(cloid(place)) == OrderState.Unknown
    assert kinds(story) == ["Place", "Resend"]
    story.go(1_000)
    assert kinds(story) == ["Place", "Resend", "Noop"]
    assert {command.nonce for command in story.sent()} == {place.nonce}  # type: ignore[union-attr]
    assert story.fates() == [("place", "unknown")]


def test_a_maker_spends_the_nonce_at_once(fencing: Story) -> None:
    place = fencing.place()
    fencing.go(2_100)
    assert fencing.sent() == [place, Noop(place.nonce)]


def test_the_answer_to_the_second_copy_is_an_answer(story: Story) -> None:
    place = story.place()
    story.go(2_100)
    story.answer(place, Resting(100))
    assert story.state(cloid(place)) == OrderState.Resting
    assert story.fates() == [("place", "unknown"), ("place", "taken")]
    story.go(10_000)
    assert kinds(story) == ["Place", "Resend"]


@pytest.mark.parametrize("outcome", [Resting(100), Filled(100, "1", "100.0"), ItemError("Order has zero size.")])
def test_an_answer_that_comes_late_is_as_good(story: Story, outcome: Outcome) -> None:  # N4
    place = story.place()
    story.go(4_500)
    story.answer(place, outcome)
    story.answer(place, outcome)
    taken = not isinstance(outcome, ItemError)
    assert story.state(cloid(place)) != OrderState.Unknown
    assert story.state(cloid(place)).is_active or not taken or isinstance(outcome, Filled)
    assert [how for _, how in story.fates()] == ["unknown", "taken" if taken else "refused"]
    assert unsettled(story)


# --- the noop -----------------------------------------------------------------------------------------


def test_an_accepted_noop_means_never(fencing: Story) -> None:
    place = fencing.place()
    fencing.go(2_100)
    fencing.answer(place, Done(), to_noop=True)
    assert fencing.state(cloid(place)) == OrderState.Rejected
    assert fencing.fates() == [("place", "unknown"), ("place", "void")]
    assert fencing.engine.view.worst_long("BTC") == 0


def test_a_refused_noop_means_executed_or_refused_once_before(fencing: Story) -> None:  # N3
    place = fencing.place()
    fencing.row(place.orders[0], 100, "open")
    fencing.lie_down()
    fencing.go(2_100)
    fencing.answer(place, duplicate(place.nonce), to_noop=True)
    assert fencing.state(cloid(place)) == OrderState.Unknown, "words are not evidence"
    fencing.stand_up()
    fencing.go(4_000)
    assert fencing.state(cloid(place)) == OrderState.Resting
    assert fencing.fates()[-1] == ("place", "found")


def test_a_copy_that_came_second_says_that_another_came_first(story: Story) -> None:
    place = story.place()
    story.row(place.orders[0], 100, "open")
    story.lie_down()
    story.answer(place, duplicate(place.nonce))  # a proxy sent it twice, and this is the second one's answer
    assert story.state(cloid(place)) != OrderState.Rejected
    story.stand_up()
    story.go(3_000)
    assert story.state(cloid(place)) == OrderState.Resting
    assert not story.sent(Resend, Noop)


def test_of_two_copies_the_refusal_of_one_says_nothing(story: Story) -> None:
    place = story.place()
    story.go(2_100)
    story.answer(place, ActionError("Action already expired"))
    story.answer(place, ActionError("Too many cumulative requests sent (1 > 0) for cumulative volume traded $0."))
    assert story.state(cloid(place)) == OrderState.Unknown
    story.row(place.orders[0], 100, "open")
    story.go(10_000)
    assert story.state(cloid(place)) == OrderState.Resting


def test_of_one_copy_the_refusal_is_an_answer(story: Story) -> None:
    place = story.place()
    story.answer(place, ActionError("Action already expired"))
    assert story.state(cloid(place)) == OrderState.Rejected
    assert story.fates() == [("place", "refused")]


def test_noops_go_on_at_a_bounded_rate_until_one_is_answered(fencing: Story) -> None:
    fencing.lie_down()
    place = fencing.place()
    fencing.go(7_000)
    times = len(fencing.sent(Noop))
    assert 2 <= times <= 4
    fencing.answer(place, Garbled("502"), to_noop=True)
    fencing.go(60_000)
    assert len(fencing.sent(Noop)) <= 20, "as long as the venue's time is not known, it may still be prevented"
    fencing.take(Market(BookTop("BTC", fencing.now, (), ())))
    times = len(fencing.sent(Noop))
    fencing.go(60_000)
    assert len(fencing.sent(Noop)) == times, "after the expiry there is nothing left to prevent"
    assert fencing.state(cloid(place)) == OrderState.Unknown


# --- the expiry, and what the venue does not know ------------------------------------------------------


def test_expired_and_twice_unknown_is_never(story: Story) -> None:  # N1: expiry + 10 s
    place = story.place()
    story.go(place.expires_ms - story.now + 10_000)
    assert story.state(cloid(place)) == OrderState.Rejected
    assert story.fates()[-1] == ("place", "void")


def test_a_rejection_that_only_the_status_tells_has_a_reason(story: Story) -> None:
    place = story.place()
    story.row(place.orders[0], 100, "badAloPxRejected")
    story.go(10_000)
    assert story.state(cloid(place)) == OrderState.Rejected
    (fate,) = story.told(Fate)
    assert isinstance(fate, Fate) and (fate.how.value, fate.text != "") == ("void", True)


def test_unknown_to_the_venue_alone_never_proves_anything(story: Story) -> None:  # S17, S18, S25, X9
    place = story.place()
    story.go(place.expires_ms - story.now - 10)
    asked = [command for command in story.sent(AskOrder) if isinstance(command, AskOrder)]
    assert len(asked) >= 2, "it was asked, and unknown, and more than once"
    assert story.state(cloid(place)) == OrderState.Unknown
    assert story.engine.view.worst_long("BTC") == 1


def test_the_two_answers_must_be_a_second_apart_and_after_the_fence(fencing: Story) -> None:
    fencing.lie_down()
    place = fencing.place()
    fencing.go(2_100)
    fencing.answer(place, duplicate(place.nonce), to_noop=True)
    spent = fencing.now
    fencing.stand_up()
    fencing.script.sent.clear()
    fencing._read = 0
    while fencing.state(cloid(place)) == OrderState.Unknown:
        fencing.go(10)
    asked = fencing.sent(AskOrder)
    assert fencing.now - spent >= 1_000
    assert len(asked) >= 2


def test_what_was_asked_before_the_fence_does_not_count(fencing: Story) -> None:
    fencing.lie_down()
    place = fencing.place()
    fencing.go(2_100)
    asked = [command for command in fencing.sent(AskOrder) if isinstance(command, AskOrder)]
    fencing.answer(place, duplicate(place.nonce), to_noop=True)
    fencing.stand_up()
    fencing.take(*(OrderReply(command.query, None) for command in asked))  # read while it could still execute
    fencing.go(1_500)
    assert fencing.state(cloid(place)) == OrderState.Unknown
    fencing.go(place.expires_ms - fencing.now + 10_000)
    assert fencing.state(cloid(place)) == OrderState.Rejected


def test_a_nonce_that_was_spent_is_searched_for_in_every_book(fencing: Story) -> None:  # protocol 2.6 and 6.2, X9
    place = fencing.place()
    fencing.lie_down()
    fencing.go(2_100)
    fencing.row(place.orders[0], 100, "open")
    truth = fencing.reply
    fencing.replies = lambda query: OrderReply(query.query, None) if isinstance(query, AskOrder) else truth(query)
    fencing.answer(place, duplicate(place.nonce), to_noop=True)
    fencing.stand_up()
    fencing.go(30_000)  # orderStatus lags for all that time: the list of open orders knows it
    assert fencing.state(cloid(place)) == OrderState.Resting
    assert fencing.fates()[-1] == ("place", "found")
    assert unsettled(fencing)


def test_a_clock_that_is_set_does_not_end_what_may_still_execute(story: Story) -> None:  # reliability 3.2, C1
    place = story.place()
    set_by = 30_000
    truth = story.reply

    def replies(query: Query) -> Fact:
        reply = truth(query)
        return replace(reply, as_of_ms=reply.as_of_ms - set_by) if isinstance(reply, PositionReply) else reply

    story.replies = replies
    story.script.now_ms += set_by
    story.go(6_000)
    assert story.state(cloid(place)) == OrderState.Unknown, "at the venue it is before the expiry and its margin"
    story.row(place.orders[0], 100, "open")
    story.go(6_000)
    assert story.state(cloid(place)) == OrderState.Resting
    assert unsettled(story)


def test_a_time_that_lies_far_ahead_is_none(story: Story) -> None:
    story.lie_down()
    place = story.place()
    story.take(Market(BookTop("BTC", 2**60, (), ())), Market(BookTop("BTC", story.now + 61_000, (), ())))
    story.stand_up()
    story.replies = lambda query: ReadFailed(query.query, "") if isinstance(query, AskPosition) else story.reply(query)
    story.go(60_000)
    assert story.state(cloid(place)) == OrderState.Unknown


@pytest.mark.parametrize("text", ["Only post-only orders allowed immediately after network upgrade", BAND])
def test_of_two_copies_the_error_of_one_says_nothing_of_the_other(story: Story, text: str) -> None:  # protocol 2.5, 3.1
    place = story.place(tif=Tif.GTC)
    story.lie_down()
    story.go(2_100)
    assert kinds(story) == ["Place", "Resend"]
    story.answer(place, ItemError(text))
    assert story.state(cloid(place)) == OrderState.Unknown
    story.row(place.orders[0], 100, "open")
    story.stand_up()
    story.go(15_000)
    assert story.state(cloid(place)) == OrderState.Resting
    assert unsettled(story)


def test_when_both_copies_are_refused_it_is_refused(story: Story) -> None:
    place = story.place()
    story.lie_down()
    story.go(2_100)
    story.answer(place, ItemError(BAND))
    story.answer(place, ItemError(BAND))
    assert story.state(cloid(place)) == OrderState.Rejected


def test_an_answer_that_tells_of_one_order_tells_of_its_siblings(story: Story) -> None:
    place = story.place("BTC", "ETH")
    story.lie_down()
    story.go(2_100)
    story.answer(place, Resting(100), ItemError(BAND))
    states = [story.state(order.cloid) for order in place.orders]
    assert states == [OrderState.Resting, OrderState.Rejected], "it executed: this is its one answer"


def test_a_noop_voids_what_is_not_known_and_nothing_else(fencing: Story) -> None:
    place = fencing.place("BTC", "ETH")
    fencing.take(fencing.update(fencing.row(place.orders[0], 100, "open")))
    fencing.go(2_100)
    fencing.answer(place, Done(), to_noop=True)  # which cannot be, but if it is said
    states = [fencing.state(order.cloid) for order in place.orders]
    assert states == [OrderState.Resting, OrderState.Rejected]
    assert unsettled(fencing)


def test_a_read_that_fails_is_not_unknown(story: Story) -> None:  # S18: a DNS outage is not "not found"
    story.replies = lambda query: ReadFailed(query.query, "no route to host")
    place = story.place()
    story.go(300_000)
    assert story.state(cloid(place)) == OrderState.Unknown
    assert story.engine.view.worst_long("BTC") == 1
    assert isinstance(story.script.sent[-1], Query)
    assert any(isinstance(event, Escalated) for event in story.events)
    story.replies = story.reply
    story.row(place.orders[0], 100, "open")
    story.go(6_000)
    assert story.state(cloid(place)) == OrderState.Resting


def test_unknown_is_believed_only_if_no_other_book_knows_it(story: Story) -> None:  # X8
    story.truthful = True
    place = story.place()
    story.lie_down()
    story.go(place.expires_ms - story.now + 2_100)
    story.stand_up()
    story.script.sent.clear()
    story._read = 0
    story.go(10_000)
    assert {"AskOpenOrders", "AskFills"} <= set(story.asked())
    assert story.state(cloid(place)) == OrderState.Rejected


# --- what an answer may look like ----------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Garbled("<html>502"), Garbled(""), ItemError(STRANGE), Waiting(), Done()])
def test_an_answer_that_does_not_tell_is_none(story: Story, outcome: Outcome) -> None:  # N5, S19, I6
    place = story.place()
    story.row(place.orders[0], 100, "open")
    story.lie_down()
    story.answer(place, outcome)
    assert story.state(cloid(place)) in (OrderState.Pending, OrderState.Unknown)
    story.go(1_500)
    assert kinds(story)[1:2] == ["Resend"], "and nobody waits for a better one"
    story.stand_up()
    story.go(3_000)
    assert story.state(cloid(place)) == OrderState.Resting


def test_an_action_that_never_left_never_executed(story: Story) -> None:
    place = story.place()
    story.take(NotSent(place.nonce, "our own limit"))
    assert story.state(cloid(place)) == OrderState.Rejected
    assert story.fates() == [("place", "not sent")]
    story.go(20_000)
    assert story.sent() == [place]


def test_a_modify_that_never_left_leaves_the_order_as_it_was(story: Story) -> None:
    _, name = story.rest()
    modify = story.modify(name)
    story.take(NotSent(modify.nonce, "our own limit"))
    assert story.state(name) == OrderState.Resting
    assert not story.order(name).modifying
    assert story.fates()[-1] == ("modify", "not sent")


def test_that_a_copy_or_a_noop_did_not_leave_says_nothing_of_the_action(story: Story) -> None:
    place = story.place()
    story.row(place.orders[0], 100, "open")
    story.lie_down()
    story.go(2_100)
    story.take(NotSent(place.nonce, "the bytes are not held"))
    assert story.state(cloid(place)) == OrderState.Unknown
    story.go(1_000)
    story.take(NotSent(place.nonce, "no connection"))
    assert story.state(cloid(place)) == OrderState.Unknown
    story.stand_up()
    story.go(5_000)
    assert story.state(cloid(place)) == OrderState.Resting


def test_an_answer_to_nothing_is_told_and_changes_nothing(story: Story) -> None:  # N4: an earlier life's
    digest = story.engine.view.digest()
    story.take(Answer(7, (Resting(55),)), Answer(7, (Done(),), to_noop=True), NotSent(7, "x"))
    assert story.engine.view.digest() == digest
    assert story.counts.surprises["answer to nothing"] == 2


# --- evidence may come from anywhere -------------------------------------------------------------------


def test_a_stream_may_tell_before_the_answer(story: Story) -> None:  # S64, protocol 0.8
    place = story.place()
    story.take(story.update(story.row(place.orders[0], 100, "open")))
    assert story.state(cloid(place)) == OrderState.Resting
    story.go(2_100)
    assert story.fates() == [("place", "found")]
    assert kinds(story) == ["Place"]


def test_a_fill_with_its_cloid_is_evidence(story: Story) -> None:
    story.lie_down()
    place = story.place()
    story.go(3_100)
    story.take(story.trade(100, "0.4", cloid=cloid(place)))
    assert story.state(cloid(place)) == OrderState.PartialFilled
    story.go(10)
    assert story.fates()[-1] == ("place", "found")


# --- modifies ------------------------------------------------------------------------------------------


def test_an_unknown_modify_counts_both_legs_and_asks_for_both(story: Story) -> None:  # R2, S9, I9
    _, name = story.rest(100)
    story.lie_down()
    modify = story.modify(name)
    story.go(2_100)
    assert story.state(name) == OrderState.Unknown
    assert story.engine.view.worst_long("BTC") == 2
    assert {modify.changes[0].oid, modify.changes[0].order.cloid} <= {
        command.key for command in story.sent(AskOrder) if isinstance(command, AskOrder)
    }


@pytest.mark.parametrize("took", [True, False])
def test_an_unknown_modify_is_resolved_by_what_the_venue_has(story: Story, took: bool) -> None:
    place, name = story.rest(100)
    modify = story.modify(name)
    if took:
        story.row(modify.changes[0].order, 101, "open")
        story.row(place.orders[0], 100, "canceled")
    story.go(modify.expires_ms - story.now + 10_000)
    order = story.order(name)
    assert (order.state, order.oid) == (OrderState.Resting, 101 if took else 100)
    assert not order.modifying
    assert story.engine.view.worst_long("BTC") == 1
    assert story.fates()[-1] == ("modify", "found" if took else "void")


def test_the_total_is_asked_for_and_the_rest_is_sent(story: Story) -> None:  # S5, order-state 6
    _, name = story.rest(100)
    story.take(story.trade(100, "0.4"))
    modify = story.modify(name, order_qty="1.5")
    assert modify.changes[0].order.sz == "1.1"
    assert modify.changes[0].order.cloid != name


# --- cancels -------------------------------------------------------------------------------------------


def test_a_cancel_without_an_answer_is_made_anew_as_often_as_it_takes(story: Story) -> None:  # S22, I20, S79
    _, name = story.rest(100)
    story.cancel(name)
    story.go(60_000)
    cancels = story.sent(Cancel)
    assert 25 <= len(cancels) <= 31
    nonces = [command.nonce for command in cancels if isinstance(command, Cancel)]
    assert all(later > earlier for earlier, later in pairwise(nonces))
    assert story.state(name) == OrderState.CancelPending, "never closed by force"
    assert any(isinstance(event, Escalated) for event in story.events)
    story.answer(story.last(Cancel), Done())
    assert story.state(name) == OrderState.CancelConfirmed


def test_a_cancel_is_not_made_anew_once_the_order_is_known_to_be_gone(story: Story) -> None:  # S27
    place, name = story.rest(100)
    story.cancel(name)
    story.take(story.trade(100, "1"), story.update(story.row(place.orders[0], 100, "filled", "0.0")))
    story.go(60_000)
    assert len(story.sent(Cancel)) == 1
    assert story.state(name) == OrderState.FilledDuringCancel


def test_nothing_there_is_not_canceled_and_not_failed(story: Story) -> None:  # S16, G10, D6
    place, name = story.rest(100)
    story.lie_down()
    story.answer(story.cancel(name), ItemError(GONE))
    assert not story.state(name).is_terminal
    assert not story.order(name).is_active
    told = story.trade(100, "1")
    story.row(place.orders[0], 100, "filled", "0.0")
    story.stand_up()
    story.take(told)
    assert story.state(name) == OrderState.FilledDuringCancel
    assert story.order(name).cum_qty == Decimal(1)


def test_a_cancel_that_did_not_leave_is_made_anew(story: Story) -> None:
    _, name = story.rest(100)
    cancel = story.cancel(name)
    story.take(NotSent(cancel.nonce, "no connection"))
    assert story.fates()[-1] == ("cancel", "not sent")
    story.go(500)
    assert len(story.sent(Cancel)) == 2


def test_a_cancel_refused_by_a_limit_leaves_the_order_live(story: Story) -> None:
    _, name = story.rest(100)
    text = "Too many cumulative requests sent (97460 > 97456) for cumulative volume traded $87457.46."
    story.answer(story.cancel(name), ActionError(text))
    assert story.state(name) == OrderState.Resting
    assert story.fates()[-1] == ("cancel", "refused")
    story.answer(story.cancel(name), Done())
    assert story.state(name) == OrderState.CancelConfirmed


def test_a_cancel_may_overtake_a_placement_that_is_not_answered(story: Story) -> None:
    place = story.place()
    cancel = story.cancel(cloid(place))
    assert (cancel.targets[0].oid, cancel.targets[0].cloid) == (None, cloid(place))
    story.answer(cancel, ItemError(GONE))  # it came first: this proves nothing
    assert story.state(cloid(place)) == OrderState.Unknown
    story.answer(place, Resting(100))
    assert story.state(cloid(place)).is_active


def test_what_waits_for_an_answer_over_a_lost_connection_does_not_wait_long(story: Story) -> None:
    place = story.place()
    story.take(LinkDown("cut"))
    story.go(400)
    assert story.sent(Resend) == [Resend(place.nonce)]


# --- after a lost connection ----------------------------------------------------------------------------


def test_requests_of_before_are_resolved_before_anything_new_is_placed(story: Story) -> None:
    place = story.place()
    story.row(place.orders[0], 100, "open")
    story.take(LinkDown("cut"))
    story.go(500)
    story.lie_down()
    story.up()
    story.stand_up()
    assert not story.session.ready
    story.go(20_000)
    assert story.session.ready
    assert story.state(cloid(place)) == OrderState.Resting


def test_the_gate_waits_for_a_request_that_nobody_answers_no_longer_than_it_takes(story: Story) -> None:
    place = story.place()
    story.take(LinkDown("cut"))
    story.up()
    while not story.session.ready:
        assert story.now < place.expires_ms + 10_000
        story.go(100)
    assert story.state(cloid(place)) == OrderState.Rejected
