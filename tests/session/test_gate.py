"""The gate: what must be known before anything is placed, in which order, and that it never sticks."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from mm._core import Effect, OrderState
from mm.protocol import (
    Answer,
    AskFills,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    Cancel,
    Done,
    Filled,
    FillsReply,
    Frame,
    ItemError,
    LinkDown,
    LinkUp,
    Place,
    PositionReply,
    Query,
    ReadFailed,
    Stale,
)
from mm.session import Escalated, GateMoved, Held, Phase, Released, Rules
from tests.session.script import ME, Story, frame, refused


@pytest.fixture
def story() -> Story:
    return Story()


# --- the order of things ------------------------------------------------------------------------------


def test_the_steps_of_a_start(story: Story) -> None:
    story.lie_down()
    steps: list[str] = []

    def seen(phase: Phase) -> None:
        assert story.session.gate.phase == phase
        assert refused(story) == f"not caught up with the venue: {phase.value}"
        steps.extend(story.asked()[len(steps) :])

    story.turn()
    seen(Phase.DOWN)
    story.take(LinkUp(1))
    seen(Phase.SNAPSHOT)
    story.take(story.snapshot())
    seen(Phase.FILLS)
    answer_all(story)
    seen(Phase.ORDERS)
    answer_all(story)
    seen(Phase.POSITIONS)
    answer_all(story)
    assert story.session.ready
    assert steps == ["AskFills", "AskOpenOrders", "AskPosition", "AskPosition"]
    moved = [event.phase for event in story.events if isinstance(event, GateMoved)]
    assert moved == [phase for phase in Phase if phase != Phase.DOWN]
    story.place("ETH")


def answer_all(story: Story) -> None:
    """Answer every query that has no answer yet."""
    pending = [command for command in story.script.sent[story._read :] if isinstance(command, Query)]
    story._read = len(story.script.sent)
    for query in pending:
        story.take(story.reply(query))


def test_the_snapshot_may_come_before_the_acknowledgement(story: Story) -> None:
    story.take(story.snapshot(), LinkUp(1))
    assert story.session.ready


def test_open_orders_are_asked_after_both_subscriptions(story: Story) -> None:
    story.take(story.snapshot())
    story.go(2_000)
    assert not story.sent(AskOpenOrders)
    story.lie_down()
    story.take(LinkUp(1))
    story.stand_up()
    story.go(5_000)
    assert story.sent(AskOpenOrders)


def test_a_leg_that_the_list_does_not_show_is_asked_about(story: Story) -> None:
    story.ready()
    _, listed = story.rest(100)
    _, gone = story.rest(101, "ETH")
    story.row(story.sent(Place)[1].orders[0], 101, "canceled")  # type: ignore[union-attr]
    story.take(LinkDown("cut"))
    story.script.sent.clear()
    story._read = 0
    story.up()
    keys = {command.key for command in story.sent(AskOrder) if isinstance(command, AskOrder)}
    assert 101 in keys
    assert not keys & {100, listed}
    assert story.session.ready
    assert not story.order(gone).is_active
    assert story.order(listed).is_active


def test_the_same_epoch_told_twice_changes_nothing(story: Story) -> None:
    story.ready()
    story.take(LinkUp(1))
    assert story.session.ready
    assert not story.asked()


def test_a_new_epoch_without_a_word_of_the_old_ones_end_begins_again(story: Story) -> None:
    story.ready().lie_down()
    story.take(LinkUp(2))
    assert not story.session.ready


# --- after a lost connection --------------------------------------------------------------------------


def test_a_lost_connection_closes_it_until_all_is_known_again(story: Story) -> None:  # S51, S62, D11, N9
    story.ready()
    _, name = story.rest(100)
    story.take(LinkDown("cut"))
    story.trade(100, "0.4")  # nobody listens
    assert refused(story) == "not caught up with the venue: down"
    story.go(3_000)
    story.up()
    story.go(50)
    assert story.session.ready
    assert str(story.order(name).cum_qty) == "0.4"
    assert str(story.engine.view.position("BTC").size) == "0.4"
    story.place()


def test_facts_that_come_while_it_catches_up_are_simply_taken(story: Story) -> None:  # protocol 11, race 11
    story.ready()
    _, name = story.rest(100)
    story.take(LinkDown("cut"))
    lost = story.trade(100, "0.4")
    story.lie_down()
    story.epoch += 1
    story.take(LinkUp(story.epoch), story.trade(100, "0.1"))  # before the fill it follows is known
    assert story.engine.view.gaps("BTC")
    story.stand_up()
    story.take(story.snapshot(), lost)
    story.go(5_000)
    assert story.session.ready
    assert str(story.order(name).cum_qty) == "0.5"
    assert not story.engine.view.gaps("BTC")


def test_a_cancel_goes_through_whatever_is_closed(story: Story) -> None:  # I20
    story.ready()
    _, name = story.rest(100)
    story.take(LinkDown("cut"))
    cancel = story.cancel(name)
    assert cancel.targets[0].oid == 100
    story.answer(cancel, Done())
    assert story.state(name).is_terminal or str(story.state(name)) == "OrderState.CancelConfirmed"


def test_what_only_reduces_is_not_held_back_by_a_coin(story: Story) -> None:  # I20
    story.ready()
    story.take(Stale("l2Book", "BTC", 4_000))
    assert refused(story) == "l2Book is stale"
    assert story.place(reduce_only=True).orders[0].reduce_only


# --- fills: pages, overlap, proof ---------------------------------------------------------------------


def test_fills_are_paged_with_overlap_until_the_last(story: Story) -> None:
    story.lie_down()
    story.up()
    asked: list[AskFills] = []
    for step in range(3):
        query = story.sent(AskFills)[-1]
        assert isinstance(query, AskFills)
        asked.append(query)
        last = story.now - 1_000 + step
        story.take(FillsReply(query.query, b"[]", 2_000 if step < 2 else 1, last, full=step < 2))
    assert [after.start_ms for after in asked[1:]] == [story.now - 1_000, story.now - 999]
    assert all(query.end_ms >= story.now for query in asked)
    assert story.session.gate.phase == Phase.ORDERS


def test_a_page_of_one_millisecond_is_told_and_does_not_loop(story: Story) -> None:  # X10
    story.lie_down()
    story.up()
    for _ in range(3):
        query = story.sent(AskFills)[-1]
        assert isinstance(query, AskFills)
        story.take(FillsReply(query.query, b"[]", 2_000, query.start_ms, full=True))
    starts = [query.start_ms for query in story.sent(AskFills) if isinstance(query, AskFills)]
    assert all(later > earlier for earlier, later in pairwise(starts))
    assert story.counts.surprises["surfaced"] == 3


def test_the_next_read_begins_before_the_proven_time(story: Story) -> None:
    story.ready()
    story.go(60_000)
    story.script.sent.clear()
    story._read = 0
    story.take(LinkDown("cut"))
    story.up()
    (query,) = story.sent(AskFills)
    assert isinstance(query, AskFills)
    proven = story.session.reads.complete_ms
    assert query.start_ms <= proven - story.rules.overlap_ms + story.rules.settled_ms


def test_a_gap_in_the_chain_keeps_it_closed_until_it_is_found(story: Story) -> None:
    story.ready()
    story.rest(100)
    story.take(LinkDown("cut"))
    lost = story.trade(100, "0.3")
    story.fills.clear()  # the venue's reads lag
    story.trade(100, "0.2")
    story.up()
    story.go(10_000)
    assert story.session.gate.phase == Phase.FILLS
    asked = len(story.sent(AskFills))
    assert 5 <= asked <= 15, "asked again and again, at a bounded rate"
    story.take(lost)
    story.go(1_500)
    assert story.session.ready


def test_after_a_reconnect_the_fills_are_read_from_the_oldest_gap_on(story: Story) -> None:  # order-state 4, N7
    story.ready()
    story.take(story.trade(100, "1"))
    story.trade(100, "2")
    lost = story.fills.pop()
    story.take(story.trade(100, "1"))
    story.go(300_000)
    assert story.session.closed("BTC") == "fills are missing"
    story.take(LinkDown("the venue restarts"))
    story.fills.insert(1, lost)
    story.snapshot = lambda: frame({"channel": "userFills", "data": {"isSnapshot": True, "user": ME, "fills": []}})  # type: ignore[method-assign]
    story.up()
    story.go(1_000)
    assert story.session.ready
    assert not story.engine.view.gaps("BTC")
    assert story.session.closed("BTC") is None


def test_a_gap_that_stays_closes_its_coin_and_no_other(story: Story) -> None:
    story.ready()
    story.rest(100)
    story.take(LinkDown("cut"))
    lost = story.trade(100, "0.3")
    story.fills.clear()
    story.trade(100, "0.2")
    story.up()
    story.go(61_000)
    assert story.session.ready
    assert refused(story) == "fills are missing"
    assert Held("BTC", "fills are missing") in story.events
    assert any(isinstance(event, Escalated) and event.coin == "BTC" for event in story.events)
    story.place("ETH")
    story.take(lost)
    story.go(10)
    assert Released("BTC", "fills are missing") in story.events
    story.place()


# --- reads that fail ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", [AskFills, AskOpenOrders, AskPosition])
def test_a_read_that_fails_is_asked_for_ever_at_a_bounded_rate(fails: type) -> None:  # S18, I7, I16
    story = Story()
    story.replies = lambda q: ReadFailed(q.query, "429") if isinstance(q, fails) else story.reply(q)
    story.up()
    story.go(120_000)
    assert not story.session.ready
    asked = len(story.sent(fails))
    assert 20 <= asked <= 80
    assert any(isinstance(event, Escalated) for event in story.events), "told, and not given up"
    story.replies = story.reply
    story.go(6_000)
    assert story.session.ready


def test_a_read_without_an_answer_is_asked_again_and_given_more_time(story: Story) -> None:
    story.lie_down()
    story.up()
    story.go(30_500)
    assert len(story.sent(AskFills)) == 6  # at once, after 2, 4 and 8 seconds, and then every 8
    story.stand_up()
    story.go(8_500)
    assert story.session.ready


def test_a_reply_that_comes_late_is_as_good(story: Story) -> None:  # a venue that is slow never starves us
    story.lie_down()
    story.up()
    story.go(2_500)
    first, second = story.sent(AskFills)
    assert isinstance(first, AskFills)
    began = first.end_ms - story.rules.settled_ms
    story.take(FillsReply(first.query, b"[]", 0, 0, False))
    assert story.session.gate.phase == Phase.ORDERS
    assert story.session.reads.fills_began_ms == began, "complete up to when it was asked, and no later"
    told = story.engine.last("on_fills_complete")
    assert told is not None
    assert told.args[1] == story.session.reads.complete_ms == began - story.rules.settled_ms, "clocks and reads lag"
    assert isinstance(second, AskFills)
    story.take(FillsReply(second.query, b"[]", 0, 0, False))


def test_a_read_goes_on_at_the_page_where_it_met_silence(story: Story) -> None:
    story.lie_down()
    story.up()
    (first,) = story.sent(AskFills)
    assert isinstance(first, AskFills)
    page = FillsReply(first.query, b"[]", 2_000, story.now - 500, True)
    story.take(page, page)  # and told twice
    story.go(2_500)
    second, again = story.sent(AskFills)[1:]
    assert isinstance(second, AskFills)
    assert isinstance(again, AskFills)
    assert first.start_ms < second.start_ms == again.start_ms
    assert waits_in(story, Phase.FILLS)
    story.take(FillsReply(second.query, b"[]", 1, 0, False))
    assert waits_in(story, Phase.ORDERS)
    story.take(FillsReply(again.query, b"[]", 0, 0, False))


def waits_in(story: Story, phase: Phase) -> bool:
    return story.session.gate.phase == phase


@pytest.mark.parametrize("page", [b"", b"{", b"null", b"[1]x", b'{"error":1}', b"\xff\xfe", b"[" * 100_000])
def test_a_page_that_is_none_is_a_failed_read(story: Story, page: bytes) -> None:
    story.lie_down()
    story.up()
    query = story.sent(AskFills)[0]
    assert isinstance(query, AskFills)
    digest = story.engine.view.digest()
    story.take(FillsReply(query.query, page, 0, 0, False))
    assert story.session.gate.phase == Phase.FILLS
    assert story.engine.view.digest() == digest
    story.stand_up()
    story.go(1_000)
    assert story.session.ready


def test_a_snapshot_that_does_not_come_is_told_and_the_pages_tell_its_fills(story: Story) -> None:
    story.take(LinkUp(1))
    story.go(4_900)
    assert story.session.gate.phase == Phase.SNAPSHOT
    story.go(200)
    assert story.session.ready
    assert any(isinstance(event, Escalated) and "snapshot" in event.what for event in story.events)


# --- positions ----------------------------------------------------------------------------------------


def test_a_position_that_goes_on_to_differ_closes_its_coin_and_is_never_overwritten(story: Story) -> None:
    story.ready()
    story.rest(100)
    story.take(story.trade(100, "0.5"))
    story.positions = {**story.positions, "BTC": story.positions["BTC"] + 1}  # the venue says something else
    story.go(5_500)
    assert str(story.engine.view.position("BTC").size) == "0.5"
    assert refused(story) == "the venue's position differs"
    story.place("ETH")
    assert story.told(Effect.PositionDiffers)
    story.go(60_000)
    assert any(isinstance(event, Escalated) and "differs" in event.what for event in story.events)
    story.positions = {**story.positions, "BTC": story.positions["BTC"] - 1}
    story.go(4_500)
    assert Released("BTC", "the venue's position differs") in story.events
    story.place()


def test_a_position_read_that_a_fill_overtook_closes_nothing(story: Story) -> None:
    story.ready()
    story.rest(100)
    told = story.trade(100, "0.5")
    story.go(4_100)  # the comparison sees the venue's 0.5 before the frame comes
    story.take(told)
    story.go(1_100)
    assert story.session.closed("BTC") is None
    assert not story.told(Held)


def test_a_position_that_is_no_number_is_surfaced_and_asked_again(story: Story) -> None:
    story.replies = lambda q: PositionReply(q.query, "BTC", "nan", 0) if isinstance(q, AskPosition) else story.reply(q)
    story.up()
    story.go(100)
    assert story.counts.surprises["surfaced"]


# --- streams ------------------------------------------------------------------------------------------


RECORDS = [
    b'{"channel":"userFills","data":{"user":"%b","fills":[{"coin":"BTC"}]}}' % ME.encode(),
    b'{"channel":"orderUpdates","data":[{"order":{"coin":"BTC"},"status":"filled"}]}',
]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"channel":"userFills","data":{"fills":"x"}}', b"[]", *RECORDS])
def test_a_frame_that_cannot_be_read_makes_it_read_the_books(story: Story, data: bytes) -> None:  # X22, S5
    story.ready()
    _, name = story.rest(100)
    story.trade(100, "0.4")  # this is what the frame would have told
    story.take(Frame(data))
    story.go(500)
    assert str(story.order(name).cum_qty) == "0.4"


# --- orders of others ---------------------------------------------------------------------------------


def test_a_foreign_order_is_told_and_not_touched(story: Story) -> None:  # I21
    story.ready()
    order = {"coin": "BTC", "side": "B", "limitPx": "90.0", "sz": "1.0", "oid": 999, "timestamp": story.now}
    row = {
        "order": {**order, "origSz": "1.0", "cloid": "0x" + "f" * 32},
        "status": "open",
        "statusTimestamp": story.now,
    }
    story.take(frame({"channel": "orderUpdates", "data": [row]}))
    story.go(20_000)
    assert [event.oid for event in story.events if isinstance(event, Effect.Foreign)] == [999]
    assert not story.sent(Cancel)
    assert story.counts.surprises["Foreign"] == 1


def test_fills_of_another_account_are_not_ours(story: Story) -> None:
    story.ready()
    told = story.trade(100, "0.4")
    story.fills.clear()
    story.positions.clear()
    story.take(type(told)(told.data.replace(ME.encode(), b"0x" + b"1" * 40)))
    assert story.engine.view.position("BTC").size == 0


def test_a_contradiction_closes_its_coin_until_somebody_has_looked(story: Story) -> None:
    story.ready()
    place, name = story.rest(100)
    story.script.sent.clear()
    story._read = 0
    story.answer(place, ItemError("Order has zero size. asset=0"))  # it rests, and never lived?
    assert story.told(Effect.Contradiction)
    assert refused(story) == "the venue contradicts itself or us"
    assert {"AskFills", "AskOpenOrders", "AskPosition"} <= set(story.asked())
    assert story.state(name) == OrderState.Resting
    story.rest(200, "ETH")
    story.cancel(name)
    story.take(LinkDown("cut"))
    story.up()
    story.go(5_000)
    assert refused(story) == "the venue contradicts itself or us"
    story.session.gate.release("BTC", "the venue contradicts itself or us")
    story.place()


# --- it holds little ----------------------------------------------------------------------------------


def test_memory_is_bounded_under_endless_traffic() -> None:  # I10, S76
    story = Story(rules=Rules(remembered=20, keep_ms=60_000))
    story.ready()
    held: list[tuple[int, int]] = []
    for number in range(600):
        story.rest(1_000 + number)
        story.take(story.trade(1_000 + number, "1"))
        story.take(story.update(story.row(story.last(Place).orders[0], 1_000 + number, "filled", "0.0")))
        story.go(1_000)
        story.events.clear()
        story.fills[:] = story.fills[-50:]
        held.append((story.engine.view.stats()["fills"], len(story.session._desk._answered)))
    assert max(fills for fills, _ in held) < 150
    assert max(answered for _, answered in held) <= 20
    assert not story.session._desk.waiting()
    assert len(story.session.reads._asked) < 5
    assert story.engine.view.position("BTC").fills == 600


# --- it is quick --------------------------------------------------------------------------------------


def test_a_fill_that_no_stream_told_is_found_within_five_seconds(story: Story) -> None:  # N7
    story.ready()
    _, name = story.rest(100)
    story.go(3_999)
    story.trade(100, "0.4")  # and the frame is lost
    story.go(5_000)
    assert str(story.order(name).cum_qty) == "0.4"


def test_the_trades_behind_an_answered_amount_are_asked_for_within_two_seconds(story: Story) -> None:  # N7
    story.ready()
    place = story.place()
    story.row(place.orders[0], 100, "open")
    story.trade(100, "0.6")
    story.script.sent.clear()
    story._read = 0
    story.take(Answer(place.nonce, (Filled(100, "0.6", "100.0"),)))
    story.go(2_000)
    assert story.sent(AskFills)
    assert str(story.engine.view.position("BTC").provisional) == "0"


def test_an_order_that_ended_without_a_word_is_found(story: Story) -> None:  # S59, D15, X12
    story.ready()
    _, name = story.rest(100)
    story.go(5_000)
    (place,) = story.sent(Place)
    assert isinstance(place, Place)
    story.row(place.orders[0], 100, "marginCanceled")
    story.go(20_000)
    assert not story.order(name).is_active


def test_a_quiet_hour_costs_few_questions(story: Story) -> None:
    story.ready()
    story.go(3_600_000)
    weights = {"AskPosition": 2, "AskOpenOrders": 20, "AskFills": 21, "AskOrder": 2}
    weight = sum(weights[kind] for kind in story.asked())
    assert weight / 60 < 200, "of 1,200 a minute"


def test_many_coins_are_compared_in_turn() -> None:
    story = Story(coins=[f"C{n}" for n in range(20)]).ready()
    story.go(4_100)
    first = {command.coin for command in story.sent(AskPosition) if isinstance(command, AskPosition)}
    assert len(first) == story.rules.positions_at_once
    story.go(8_000)
    assert {command.coin for command in story.sent(AskPosition) if isinstance(command, AskPosition)} == set(story.coins)


def test_a_budget_that_was_asked_for_is_asked_again_on_the_next_connection(story: Story) -> None:
    story.ready().lie_down()
    story.session.reads.rate_limit()
    story.take(LinkDown("cut"))
    story.epoch += 1
    story.take(LinkUp(story.epoch))
    assert story.asked().count("AskRateLimit") == 2


@pytest.mark.parametrize("shape", [lambda s: s.session.scan(), lambda s: s.session.reads.rate_limit()])
def test_asking_twice_is_asking_once(story: Story, shape: Callable[[Story], None]) -> None:
    story.ready().lie_down()
    shape(story)
    once = len(story.script.sent)
    shape(story)
    assert len(story.script.sent) == once


def test_rules_may_differ() -> None:
    story = Story(rules=Rules(snapshot_ms=100, positions_ms=None, scan_ms=None))
    story.take(LinkUp(1))
    story.go(200)
    assert story.session.ready
    story.script.sent.clear()
    story.go(600_000)
    assert not story.asked()
