"""Requests of many orders on many coins: told before they are sent, answered by position, resumed after a death."""

from decimal import Decimal

import pytest

from mm._core import Effect, Engine, OrderState, Side, Tif
from mm.errors import BadInput, DuplicateCloid, NotSent, TransitionRefused, Unrepresentable, UsageError
from mm.protocol import (
    ActionError,
    Answer,
    Cancel,
    Done,
    Filled,
    Garbled,
    ItemError,
    Modify,
    NewOrder,
    Noop,
    Outcome,
    Place,
    Resend,
    Resting,
    ScheduleCancel,
    Target,
    UpdateLeverage,
)
from mm.session import Edit, Fate, How, Killed, Record, Recorded, Rules, Surprised, Unrecorded, Wish, dex_of
from mm.session.desk import MAX_ITEMS, decimal_text
from mm.session.flights import by_position
from tests.session.script import Story, wish

GONE = "Order was never placed, already canceled, or filled. asset=0"


@pytest.fixture
def story() -> Story:
    return Story().ready()


def names(place: Place) -> list[str]:
    return [order.cloid for order in place.orders]


# --- told before it is sent ---------------------------------------------------------------------------


def test_the_engine_is_told_before_anything_is_sent(story: Story) -> None:  # R1, S3, I5
    known: list[OrderState] = []
    send = story.script.send

    def look(command: object) -> None:
        match command:
            case Place(orders=orders):
                known.extend(story.state(order.cloid) for order in orders)
            case Modify(changes=changes):
                known.extend(story.state(change.order.cloid) for change in changes)
                assert all(story.order(change.order.cloid).modifying for change in changes)
            case Cancel(targets=targets):
                orders_ = [story.engine.view.get_order(target.oid or 0) for target in targets]
                known.extend(order.state for order in orders_ if order is not None)
        send(command)  # type: ignore[arg-type]

    story.script.send = look  # type: ignore[method-assign]
    place = story.place("BTC", "ETH")
    assert known == [OrderState.Pending] * 2
    story.answer(place, Resting(100), Resting(101))
    story.modify(names(place)[0])
    story.cancel(names(place)[1])
    assert known[2:] == [OrderState.Resting, OrderState.CancelPending]


def test_it_is_written_before_it_is_sent(story: Story) -> None:
    story.record.die_after(3)  # the name, the intent, the sending: then the process dies
    with pytest.raises(Killed):
        story.place()
    assert not story.sent(Place)
    story.record.die_after(0)


def test_one_that_is_not_allowed_takes_the_batch_with_it_and_leaves_nothing(story: Story) -> None:
    first = wish()
    twice = Wish("ETH", Side.BUY, Decimal(100), Decimal(1), cloid="0x" + "a" * 32)
    story.session.place([twice])
    story.script.sent.clear()
    with pytest.raises(DuplicateCloid):
        story.session.place([first, twice])
    assert not story.sent()
    assert story.engine.view.worst_long("BTC") == 0
    assert not story.told(Effect.Contradiction)


def test_an_argument_of_a_wrong_kind_leaves_nothing_either_not_even_after_a_restart(story: Story) -> None:  # U1, I5
    wrong = Wish("BTC", Side.BUY, Decimal(100), Decimal(1), reduce_only=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        story.session.place([wish(), wrong])
    assert not story.sent()
    assert story.engine.view.orders() == []
    assert story.engine.view.worst_long("BTC") == 0
    (_, cloid), (_, other) = story.rest(100), story.rest(101)
    with pytest.raises((TypeError, UsageError)):
        story.session.modify([Edit(cloid, Decimal(99), Decimal(1)), Edit(other, Decimal(99), object())])  # type: ignore[arg-type]
    assert not story.order(cloid).modifying
    assert story.state(cloid) == OrderState.Resting
    assert Story(record=story.record).engine.view.digest() == story.engine.view.digest()


def test_a_cloid_is_looked_for_as_the_venue_writes_it(story: Story) -> None:  # I5, I8, protocol 2.1
    cloid = "0x" + "AB" * 16
    (name,) = story.session.place([Wish("BTC", Side.BUY, Decimal(100), Decimal(1), cloid=cloid)])
    assert name == story.last(Place).orders[0].cloid == cloid.lower()
    story.go(3_000)
    assert story.sent(Resend), "its silence is pursued, and it is not taken for found"
    assert story.fates() == [("place", "unknown")]
    again = Story(record=story.record)
    again.session.resume()
    assert again.state(name) == OrderState.Unknown, "and it was sent, says the record"


def test_an_order_that_is_to_go_is_not_moved_under_whichever_of_its_names(story: Story) -> None:
    _, cloid = story.rest()
    modify = story.modify(cloid)
    story.answer(modify, Resting(200))
    story.session.cancel([cloid])
    story.answer(story.last(Cancel), ActionError("Too many cumulative requests sent (9 > 8)"))
    assert story.state(cloid) == OrderState.Resting
    for name in (cloid, cloid.upper().replace("X", "x"), modify.changes[0].order.cloid):
        with pytest.raises(UsageError, match="until it is gone"):
            story.modify(name)


@pytest.mark.parametrize(
    ("px", "sz"),
    [("0", "1"), ("-1", "1"), ("NaN", "1"), ("Infinity", "1"), ("1", "0"), ("1", "-1"), ("1", "NaN"), ("1", "1e40")],
)
def test_numbers_that_are_none_are_refused_and_nothing_is_sent(story: Story, px: str, sz: str) -> None:
    with pytest.raises((Unrepresentable, BadInput)):
        story.session.place([Wish("BTC", Side.BUY, Decimal(px), Decimal(sz))])
    story.go(20_000)
    assert not story.sent()
    assert story.engine.view.worst_long("BTC") == 0


@pytest.mark.parametrize("count", [0, MAX_ITEMS + 1])
def test_a_batch_is_neither_empty_nor_longer_than_the_venue_takes(story: Story, count: int) -> None:
    with pytest.raises(BadInput) as caught:
        story.session.place([wish()] * count)
    assert caught.value.field == "orders"
    with pytest.raises(BadInput):
        story.session.modify([Edit("x", Decimal(1), Decimal(1))] * count)
    assert not story.sent()


def test_while_the_gate_is_closed_nothing_is_told_to_the_engine() -> None:  # I16, S57
    story = Story()
    digest = story.engine.view.digest()
    with pytest.raises(NotSent):
        story.place()
    assert story.engine.view.digest() == digest


# --- n requests, n outcomes ---------------------------------------------------------------------------


def test_each_has_its_own_outcome_by_position(story: Story) -> None:  # S20, S29, S69, I13
    place = story.place("BTC", "ETH", "BTC", "ETH")
    story.answer(place, Resting(100), ItemError("Order has zero size."), Filled(101, "0.4", "100"), Garbled("?"))
    states = [story.state(name) for name in names(place)]
    assert states[:3] == [OrderState.Resting, OrderState.Rejected, OrderState.PartialFilled]
    assert not states[3].is_terminal
    assert [how for _, how in story.fates()] == ["taken", "refused", "taken"]
    story.go(1_000)
    assert [type(command) for command in story.sent()[1:2]] == [Resend], "for the one that is not known"
    assert [how for _, how in story.fates()][3:] == ["unknown"]


@pytest.mark.parametrize("error", [ItemError("Order has invalid size."), ActionError("Action already expired")])
def test_one_error_stands_for_all(story: Story, error: Outcome) -> None:  # protocol 3.1
    place = story.place("BTC", "ETH")
    story.answer(place, error)
    assert {story.state(name) for name in names(place)} == {OrderState.Rejected}


@pytest.mark.parametrize("told", [(), (Resting(100),), (Resting(100), Resting(101), Resting(102))])
def test_another_number_of_outcomes_tells_of_none(story: Story, told: tuple[Outcome, ...]) -> None:
    place = story.place("BTC", "ETH")
    for order, oid in zip(place.orders, (100, 101), strict=True):
        story.row(order, oid, "open")
    story.lie_down()
    story.take(Answer(place.nonce, told))
    assert not any(story.state(name).is_active for name in names(place))
    story.stand_up()
    story.go(10_000)
    assert [story.state(name) for name in names(place)] == [OrderState.Resting] * 2


@pytest.mark.parametrize(
    ("outcomes", "count", "told"),
    [
        ((Done(),), 1, [Done()]),
        ((Done(), Done()), 2, [Done(), Done()]),
        ((Garbled("x"),), 3, [Garbled("x")] * 3),
        ((Resting(1),), 2, [None, None]),
        ((), 2, [None, None]),
        ((), 0, []),
    ],
)
def test_by_position(outcomes: tuple[Outcome, ...], count: int, told: list[Outcome | None]) -> None:
    assert by_position(outcomes, count) == told


def test_a_batch_of_modifies(story: Story) -> None:
    place = story.place("BTC", "ETH")
    story.answer(place, Resting(100), Resting(101))
    first, second = names(place)
    story.session.modify([Edit(first, Decimal(99), Decimal(1)), Edit(second, Decimal(98), Decimal(2))])
    modify = story.last(Modify)
    assert [(change.oid, change.order.px, change.order.sz) for change in modify.changes] == [
        (100, "99", "1"),
        (101, "98", "2"),
    ]
    story.answer(modify, Resting(102), ItemError("Cannot modify canceled or filled order"))
    assert story.order(first).oid == 102
    assert story.state(second) == OrderState.Unknown, "words do not settle an order"


def test_of_a_batch_of_modifies_one_that_is_not_allowed_leaves_the_others_as_they_were(story: Story) -> None:
    place = story.place("BTC", "ETH")
    story.answer(place, Resting(100))  # wrong number: the second is not known
    story.take(Answer(place.nonce, (Resting(100), Garbled(""))))
    first, second = names(place)
    with pytest.raises(TransitionRefused):
        story.session.modify([Edit(first, Decimal(99), Decimal(1)), Edit(second, Decimal(98), Decimal(2))])
    assert not story.sent(Modify)
    assert not story.order(first).modifying
    assert story.state(first) == OrderState.Resting


def test_a_cancel_of_many_is_one_action_for_each_kind_of_name(story: Story) -> None:  # G7
    place = story.place("BTC", "ETH", "BTC")
    story.answer(place, Resting(100), Resting(101), Garbled(""))
    refused = story.session.cancel(names(place))
    assert not refused
    by_oid, by_cloid = story.sent(Cancel)
    assert isinstance(by_oid, Cancel)
    assert isinstance(by_cloid, Cancel)
    assert by_oid.targets == (Target("BTC", 100, None), Target("ETH", 101, None))
    assert by_cloid.targets == (Target("BTC", None, names(place)[2]),)
    story.answer(by_oid, Done(), ItemError(GONE))
    first, second, _ = names(place)
    assert story.state(first) == OrderState.CancelConfirmed
    assert not story.order(second).is_active


def test_one_that_cannot_be_cancelled_holds_up_no_other(story: Story) -> None:  # I18, I20
    place = story.place("BTC", "ETH")
    story.answer(place, Resting(100), ItemError("Order has zero size."))
    live, dead = names(place)
    refused = story.session.cancel([dead, live, 12345])
    assert set(refused) == {dead, 12345}
    assert all(isinstance(error, UsageError) for error in refused.values())
    assert story.last(Cancel).targets == (Target("BTC", 100, None),)


def test_more_than_the_venue_takes_are_several_cancels(story: Story) -> None:
    cloids: list[str] = []
    for batch in range(3):
        wishes = [wish() for _ in range(MAX_ITEMS)]
        cloids += story.session.place(wishes)
        story.answer(story.last(Place), *(Resting(1_000 + MAX_ITEMS * batch + n) for n in range(MAX_ITEMS)))
    story.session.cancel(cloids)
    assert [len(command.targets) for command in story.sent(Cancel) if isinstance(command, Cancel)] == [MAX_ITEMS] * 3


# --- nonces, names, numbers ---------------------------------------------------------------------------


def test_nonces_rise_within_one_millisecond_and_when_the_clock_steps_back(story: Story) -> None:  # S72, C1, I14
    nonces = [story.place().nonce for _ in range(3)]
    story.script.now_ms -= 5_000
    nonces += [story.place().nonce for _ in range(3)]
    assert nonces == sorted(set(nonces))
    assert nonces[0] >= story.now


def test_every_order_has_its_own_name(story: Story) -> None:
    cloids = [name for _ in range(20) for name in names(story.place("BTC", "ETH"))]
    assert len(set(cloids)) == 40


@pytest.mark.parametrize(
    ("number", "text"), [("41.100", "41.1"), ("100", "100"), ("1E+3", "1000"), ("0.00010", "0.0001"), ("1.0", "1")]
)
def test_numbers_are_written_as_the_venue_signs_them(number: str, text: str) -> None:
    assert decimal_text(Decimal(number)) == text


def test_what_is_sent_is_what_was_wished(story: Story) -> None:
    story.session.place([Wish("ETH", Side.SELL, Decimal("100.50"), Decimal("0.10"), Tif.IOC, reduce_only=True)])
    (order,) = story.last(Place).orders
    assert order == NewOrder("ETH", "A", "100.5", "0.1", "Ioc", order.cloid, True)


@pytest.mark.parametrize(("coin", "dex"), [("BTC", ""), ("@107", ""), ("PURR/USDC", ""), ("xyz:TSLA", "xyz")])
def test_the_dex_of_a_coin(coin: str, dex: str) -> None:
    assert dex_of(coin) == dex


# --- actions without orders ----------------------------------------------------------------------------


def test_the_dead_mans_switch_and_leverage(story: Story) -> None:
    switch, leverage = story.session.schedule_cancel(story.now + 60_000), story.session.update_leverage("BTC", 5, True)
    assert story.last(ScheduleCancel).time_ms == story.now + 60_000
    assert story.last(UpdateLeverage).leverage == 5
    story.take(Answer(switch, (ActionError("Cannot set scheduled cancel time until enough volume traded."),)))
    story.take(Answer(leverage, (Done(),)))
    fates = [(event.kind, event.nonce, event.how) for event in story.events if isinstance(event, Fate)]
    assert fates == [("scheduleCancel", switch, How.REFUSED), ("updateLeverage", leverage, How.TAKEN)]
    third = story.session.schedule_cancel(None)
    story.go(5_000)
    assert story.fates()[-1] == ("scheduleCancel", "unknown")
    assert not story.session.requests_open
    story.take(Answer(third, (Done(),)))


# --- facts that the engine cannot take ------------------------------------------------------------------


def test_an_answer_of_an_order_that_left_memory_takes_nothing_along(story: Story) -> None:  # I18
    place = story.place("BTC", "ETH")
    story.engine.view = Engine(story.fresh().account)
    story.answer(place, Resting(100), Resting(101))
    assert len([event for event in story.events if isinstance(event, Surprised)]) == 2
    story.go(10)


# --- an earlier life --------------------------------------------------------------------------------------


def dies_at(entries: int) -> Story:
    """A process that died so many entries after it began to place two orders; its record survives."""
    story = Story(record=Record())
    story.ready()
    story.record.die_after(entries)
    with pytest.raises(Killed):
        place_for_ever(story)
    return story


def place_for_ever(story: Story) -> None:
    while True:
        story.place("BTC", "ETH")


def revived(dead: Story) -> Story:
    replayed = Recorded(dead.fresh, dead.record)
    replayed.replay(until=dead.engine.applied)  # what was written last may not have been done any more
    assert replayed.view.digest() == dead.engine.view.digest()
    story = Story(record=dead.record, rules=Rules())
    story.script.now_ms = dead.now + 1_000
    story.rows = dead.rows
    story.session.resume()
    return story


@pytest.mark.parametrize("entries", range(1, 12))
def test_whatever_the_moment_of_death_nothing_is_lost_and_nothing_sent_twice(entries: int) -> None:  # P1, S57, S85
    dead = dies_at(entries)
    sent = [command for command in dead.sent(Place) if isinstance(command, Place)]
    for number, place in enumerate(sent):
        for position, order in enumerate(place.orders):
            dead.row(order, 100 + 10 * number + position, "open")
    alive = revived(dead)
    with pytest.raises(NotSent):
        alive.place()
    alive.up()
    alive.go(20_000)
    assert alive.session.ready
    assert not alive.sent(Place, Resend), "what was sent is asked about, never sent anew"
    live = {order.cloid for order in alive.engine.view.orders() if order.is_active}
    assert live == {order.cloid for place in sent for order in place.orders}
    assert not [order for order in alive.engine.view.orders() if not order.is_active]
    told = [command.nonce for command in alive.sent(Noop) if isinstance(command, Noop)]
    assert alive.place().nonce > max([place.nonce for place in sent] + told, default=0)


def test_an_answer_of_before_a_restart_is_evidence_only() -> None:  # N4
    dead = Story(record=Record())
    dead.ready()
    place = dead.place()
    alive = revived(dead)
    alive.take(Answer(place.nonce, (ActionError("Action already expired"),)))
    assert not alive.state(names(place)[0]).is_terminal, "another copy may have executed"
    alive.take(Answer(place.nonce, (Resting(100),)))
    assert alive.state(names(place)[0]) == OrderState.Resting


def test_a_cancel_of_before_a_restart_goes_on() -> None:  # S66, S67
    dead = Story(record=Record())
    dead.ready()
    place, name = dead.rest(100)
    dead.cancel(name)
    alive = revived(dead)
    assert alive.last(Cancel).targets == (Target("BTC", 100, None),)
    alive.row(place.orders[0], 100, "canceled")
    alive.up()
    alive.go(5_000)
    assert not alive.order(name).is_active


def test_without_a_record_nothing_is_kept() -> None:
    story = Story(record=Unrecorded())
    story.ready()
    story.place()
    assert len(story.record) == 0
    assert not story.engine.sent()
