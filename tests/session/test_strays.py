"""Orders that rest though they were written off (C9), and what is read again when things do not fit (I18, X19)."""

from collections import Counter
from dataclasses import replace

import pytest

from mm._core import Effect, OrderState
from mm.protocol import (
    AskFills,
    AskOpenOrders,
    AskOrder,
    Cancel,
    Done,
    ItemError,
    LinkDown,
    OpenOrdersReply,
    OrderRow,
    Query,
)
from mm.session import Escalated, Held, Released
from mm.session.strays import LIVES
from tests.session.script import START, Story, frame

NO_MARGIN = "Insufficient margin to place order."


@pytest.fixture
def story() -> Story:
    return Story().ready()


def written_off(story: Story) -> str:
    """An order that was refused, in words that are known, and that rests all the same under oid 100."""
    place = story.place()
    story.answer(place, ItemError(NO_MARGIN))
    story.row(place.orders[0], 100, "open")
    return place.orders[0].cloid


def reading(story: Story, ms: int, round_trip_ms: int = 200) -> Counter[str]:
    """Time passes while reads take this long; how many were asked, by kind."""
    story.truthful = False
    story.script.sent.clear()
    end, waiting, seen = story.now + ms, [], 0
    while story.now < end:
        for command in story.script.sent[seen:]:
            if isinstance(command, Query):
                waiting.append((story.now + round_trip_ms, command))
        seen = len(story.script.sent)
        due = [at for at in (story.session.next_deadline(), waiting[0][0] if waiting else None) if at is not None]
        story.script.now_ms = min(end, max(min(due, default=end), story.now + 1))
        while waiting and waiting[0][0] <= story.now:
            story.session.take(story.replies(waiting.pop(0)[1]))
        story.turn()
    return Counter(type(command).__name__ for command in story.script.sent)


def test_an_order_that_was_refused_and_rests_is_cancelled_by_oid_until_it_is_gone(story: Story) -> None:
    name = written_off(story)
    story.go(16_000)
    cancel = story.last(Cancel)
    assert [(t.coin, t.oid) for t in cancel.targets] == [("BTC", 100)]
    assert Held("BTC", LIVES) in story.events
    assert story.session.strays.standing("BTC") == [100]
    story.go(20_000)
    assert 3 <= len(story.sent(Cancel)) <= 8, "again and again, at a bounded rate"
    story.answer(story.last(Cancel), Done())
    del story.rows[100], story.rows[name]
    story.go(60_000)
    assert not story.session.strays.standing()
    assert Released("BTC", LIVES) in story.events
    sent = len(story.sent(Cancel))
    story.go(60_000)
    assert len(story.sent(Cancel)) == sent
    assert story.state(name) == OrderState.Rejected, "closed stays closed"


def worst(story: Story) -> tuple[str, str]:
    view = story.engine.view
    return f"{view.worst_short('BTC'):f}", f"{view.worst_long('BTC'):f}"


def test_it_counts_in_the_worst_case_while_it_rests(story: Story) -> None:  # I9
    name = written_off(story)
    assert worst(story) == ("0", "0"), "nothing has told of it yet"
    story.go(16_000)
    order = story.engine.view.get_by_cloid(name)
    assert order is not None
    assert (order.state, f"{order.leaves_qty:f}") == (OrderState.Rejected, "1")
    assert worst(story) == ("0", "1")
    story.take(story.trade(100, "0.4"))
    assert worst(story) == ("0.4", "1")
    row = replace(story.rows[100], status="canceled", sz="0.6")
    story.rows[100] = story.rows[name] = row
    story.take(story.update(row))
    assert worst(story) == ("0.4", "0.4")


def test_one_that_expired_and_was_unknown_twice_counts_once_a_list_shows_it(story: Story) -> None:  # N1, X9
    place = story.place()
    name = place.orders[0].cloid
    story.go(place.expires_ms - story.now + 10_000)
    assert (story.state(name), worst(story)) == (OrderState.Rejected, ("0", "0"))
    story.row(place.orders[0], 100, "open")  # the reads that did not know it had lagged
    story.go(16_000)
    assert (story.state(name), worst(story)) == (OrderState.Rejected, ("0", "1"))
    assert [target.oid for target in story.last(Cancel).targets] == [100]


def test_its_end_is_asked_for_where_no_stream_tells_it(story: Story) -> None:  # I5
    name = written_off(story)
    story.go(16_000)
    assert worst(story) == ("0", "1")
    story.rows[100] = story.rows[name] = replace(story.rows[100], status="canceled")
    story.go(60_000)
    assert worst(story) == ("0", "0")
    assert story.state(name) == OrderState.Rejected


def test_what_the_stream_tells_of_it_is_enough_to_look(story: Story) -> None:
    name = written_off(story)
    story.take(story.update(story.rows[100]))
    story.go(100)
    assert story.told(Effect.Contradiction)
    assert story.sent(Cancel)
    assert story.state(name) == OrderState.Rejected


def test_an_order_that_ended_and_rests_is_cancelled_if_its_status_says_so(story: Story) -> None:
    place, name = story.rest(100)
    story.take(story.update(story.row(place.orders[0], 100, "canceled", "1")))
    story.go(20_000)
    assert story.state(name).is_terminal
    story.row(place.orders[0], 100, "open")
    story.go(20_000)
    assert [t.oid for t in story.last(Cancel).targets] == [100]


def test_a_ghost_of_a_list_that_lags_is_not_cancelled_and_not_asked_about_for_ever(story: Story) -> None:  # X9, G6
    place, name = story.rest(100)
    row = story.rows[100]
    story.take(story.update(story.row(place.orders[0], 100, "canceled", "1")))
    story.go(20_000)
    assert story.state(name).is_terminal
    truth = story.reply
    story.replies = lambda q: OpenOrdersReply(q.query, (row,)) if isinstance(q, AskOpenOrders) else truth(q)
    story.script.sent.clear()
    story._read = 0
    story.go(120_000)
    assert not story.sent(Cancel)
    assert len(story.sent(AskOrder)) <= 3
    assert len(story.sent(AskOpenOrders)) <= 12
    assert story.session.strays.standing() == []


def test_what_is_not_ours_is_left_alone(story: Story) -> None:  # I21
    story.rows[777] = OrderRow("BTC", "B", "100", "1", "1", 777, "0x" + "9" * 32, "canceled", story.now)
    story.take(story.update(story.rows[777]))
    story.rows[777] = OrderRow("BTC", "B", "100", "1", "1", 777, "0x" + "9" * 32, "open", story.now)
    story.go(60_000)
    assert not story.sent(Cancel)


# --- reading again ------------------------------------------------------------------------------------


def test_a_contradiction_that_stays_is_no_reason_to_read_all_the_time(story: Story) -> None:  # I18, X19
    place = story.place()
    story.answer(place, ItemError(NO_MARGIN))
    row = story.row(place.orders[0], 100, "open")
    story.session.take(story.update(row))
    asked = reading(story, 60_000)
    weight = 20 * asked["AskOpenOrders"] + 20 * asked["AskFills"] + 2 * (asked["AskPosition"] + asked["AskOrder"])
    assert weight <= 500, asked


def test_frames_that_cannot_be_read_are_no_reason_to_read_all_the_time(story: Story) -> None:
    story.script.sent.clear()
    for _ in range(120):
        story.take(frame({"channel": "userFills", "data": {"user": "?", "fills": "?"}}))
        story.go(500)
    assert len(story.sent(AskFills)) <= 20
    assert len(story.sent(AskOpenOrders)) <= 20


def lost(story: Story) -> dict[str, object]:
    """A fill that no stream tells, and that the venue's pages do not show yet; the next one shows the gap."""
    story.take(story.trade(1, "1"))
    story.trade(2, "1")
    row = story.fills.pop()
    story.take(story.trade(3, "1"))
    return row


def test_a_gap_is_looked_for_where_it_is_however_late_its_fill_is_told(story: Story) -> None:  # X9, order-state 4
    row = lost(story)
    gap_ms = story.now
    reading(story, 10_000)
    assert story.engine.view.gaps("BTC")
    story.fills.insert(1, row)
    asked = reading(story, 60_000)
    assert not story.engine.view.gaps("BTC")
    assert asked["AskFills"] <= 8
    starts = [command.start_ms for command in story.sent(AskFills) if isinstance(command, AskFills)]
    assert starts[0] <= gap_ms


def test_a_gap_that_stays_is_asked_about_ever_more_slowly(story: Story) -> None:
    lost(story)
    asked = reading(story, 600_000)
    assert asked["AskFills"] <= 40
    assert story.session.closed("BTC") == "fills are missing"
    assert any(isinstance(event, Escalated) for event in story.events)


def test_a_position_that_differs_is_read_further_back(story: Story) -> None:
    story.take(story.trade(1, "1"))
    story.trade(2, "1")
    row = story.fills.pop()  # no later fill shows a gap: only the position does
    missed_ms = story.now
    reading(story, 20_000)
    story.fills.append(row)
    reading(story, 60_000)
    assert str(story.engine.view.position("BTC").size) == "2"
    assert story.session.closed("BTC") is None
    starts = [command.start_ms for command in story.sent(AskFills) if isinstance(command, AskFills)]
    assert min(starts) <= missed_ms


def spot_fills(story: Story) -> list[dict[str, object]]:
    """Two purchases of a spot coin, made elsewhere: the fee came out of what was bought."""
    rows = [("0", 1), ("0.9993", 2)]
    told = {"coin": "@107", "px": "30", "sz": "1", "side": "B", "dir": "Buy", "closedPnl": "0.0", "hash": "0x0"}
    return [
        {
            **told,
            "startPosition": start,
            "time": story.now - 9_000 + n,
            "oid": n,
            "tid": n,
            "crossed": True,
            "fee": "0.0007",
        }
        | {"feeToken": "HYPE"}
        for start, n in rows
    ]


def test_a_spot_coin_that_was_bought_elsewhere_has_no_gap_where_its_fee_was_taken() -> None:
    story = Story()
    story.session.know_spot(lambda coin: (2, "HYPE") if coin == "@107" else None)
    story.fills += spot_fills(story)
    story.ready()
    assert not story.engine.view.gaps("@107")
    assert str(story.engine.view.position("@107").size) == "1.9986"


def test_a_gap_of_a_coin_that_is_none_of_ours_keeps_nobody_waiting() -> None:
    story = Story()
    story.fills += spot_fills(story)
    story.up()
    story.go(100)
    assert story.engine.view.gaps("@107")[0].from_ms < START - 8_000
    assert story.session.ready
    story.go(600_000)
    began = [query.start_ms for query in story.script.sent if isinstance(query, AskFills)]
    assert min(began[2:]) > START - 8_000, "nor is all read again and again for it"


def test_only_where_orders_of_ours_may_be_the_lists_are_read_again_and_again() -> None:  # X18, X19
    story = Story()
    for dex in ("one", "two"):
        story.trade(900, "1", coin=f"{dex}:GOLD")
    story.ready()
    story.go(60_000)
    assert {query.dex for query in story.script.sent if isinstance(query, AskOpenOrders)} == {""}
    story.take(LinkDown("cut"))
    story.up()
    story.go(1_000)
    assert {query.dex for query in story.script.sent if isinstance(query, AskOpenOrders)} == {"", "one", "two"}
