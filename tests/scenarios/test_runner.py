"""The loop told line by line: what it is given, what it sends, what the engine makes of it."""

import json
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from mm._core import Engine, Order, OrderState, Side
from mm.protocol import (
    ActionError,
    Answer,
    AskFills,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    BookTop,
    Cancel,
    Command,
    Done,
    Fact,
    Filled,
    FillsReply,
    Frame,
    Garbled,
    ItemError,
    LinkDown,
    LinkUp,
    Market,
    Modify,
    NewOrder,
    Noop,
    OpenOrdersReply,
    OrderReply,
    OrderRow,
    Outcome,
    Place,
    PositionReply,
    ReadFailed,
    Resting,
)
from mm.runner import Killed, Record, Recorded, Runner, Settings, Tally
from mm.session import Phase
from mm.strategy import Ladder, Level, Strategy
from mm.strategy import Market as Seen

ME = "0x6d6d00000000000000000000000000000000de30"
COIN = "SIM"
START = 1_000_000
GONE = "Cannot modify canceled or filled order"
BAND = "Order price cannot be more than 95% away from the reference price asset=173"
CROSSED = (
    "Error placing new order during modify: Post only order would have immediately matched, "
    "bbo was 41.1@41.2. asset=173"
)
STRANGE = "Order could not be processed, code 17. asset=173"


class OneBid(Strategy):
    """Wants one bid, where it is told."""

    px = Decimal("41.200")

    def quote(self, m: Seen) -> Ladder:
        bid = m.grid.bid(self.px)

        return Ladder((Level(Side.BUY, bid, Decimal("1.00")),))


@dataclass
class Script:
    """An exchange that says what it is told to say, and keeps what it was sent."""

    now_ms: int = START
    sent: list[Command] = field(default_factory=list)
    inbox: deque[Fact] = field(default_factory=deque)
    connections: int = 0

    def connect(self) -> None:
        self.connections += 1
        snapshot = {"channel": "userFills", "data": {"isSnapshot": True, "user": ME, "fills": []}}
        self.inbox += [Frame(json.dumps(snapshot).encode()), LinkUp(self.connections)]

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def receive(self, until_ms: int) -> Fact | None:
        if self.inbox:
            return self.inbox.popleft()
        self.now_ms = max(self.now_ms, until_ms)
        return None


class Story:
    """One maker on a script."""

    def __init__(self) -> None:
        self.exchange = Script()
        self.strategy = OneBid()
        self.record = Record()
        self.tally = Tally()
        self.oid = 100
        self.answered = 0
        self.position = "0.0"
        self.rows: dict[int | str, OrderRow] = {}
        self.fills: list[dict[str, object]] = []
        self.runner = self.life(Recorded(self.fresh, self.record))

    def fresh(self) -> Engine:
        return Engine(ME, ask_after_ms=1_500, fill_window_ms=1_000)

    def life(self, engine: Recorded) -> Runner:
        settings = Settings(COIN, 2, Decimal(6))
        return Runner(self.exchange, self.strategy, engine, settings, self.tally)

    def told(self, *facts: Fact) -> list[Command]:
        """Give facts and a moment; give back what was sent, reads answered and left out."""
        self.exchange.inbox.extend(facts)
        return self.wait(50)

    def wait(self, ms: int) -> list[Command]:
        before = len(self.exchange.sent)
        end = self.exchange.now_ms + ms
        while self.exchange.now_ms < end:
            for command in self.exchange.sent[self.answered :]:
                self.read(command)
            self.answered = len(self.exchange.sent)
            self.runner.run_until(min(end, self.exchange.now_ms + 10))
        return [c for c in self.exchange.sent[before:] if isinstance(c, Place | Cancel | Modify | Noop)]

    def read(self, command: Command) -> None:
        """Answer reads truthfully at once."""
        match command:
            case AskOrder(query=query, key=key):
                self.exchange.inbox.append(OrderReply(query, self.rows.get(key)))
            case AskOpenOrders(query=query):
                rows = {row.oid: row for row in self.rows.values() if row.status == "open"}
                self.exchange.inbox.append(OpenOrdersReply(query, tuple(rows.values())))
            case AskFills(query=query, start_ms=start):
                rows_ = [row for row in self.fills if int(str(row["time"])) >= start]
                page = json.dumps(rows_).encode()
                self.exchange.inbox.append(FillsReply(query, page, len(rows_), 0, False))
            case AskPosition(query=query):
                self.exchange.inbox.append(PositionReply(query, COIN, self.position, self.exchange.now_ms))

    def book(self) -> Market:
        return Market(BookTop(COIN, self.exchange.now_ms, (("41.19", "5"),), (("41.3", "5"),)))

    def row(self, command: Place | Modify, oid: int, status: str, left: str | None = None) -> OrderRow:
        order = order_of(command)
        sz = order.sz if left is None else left
        now = self.exchange.now_ms
        row = OrderRow(COIN, "B", order.px, sz, order.sz, oid, order.cloid, status, now)
        self.rows[oid] = self.rows[order.cloid] = row
        return row

    def fill(self, oid: int, sz: str, start: str, tid: int) -> Frame:
        row: dict[str, object] = {
            "coin": COIN,
            "px": "41.2",
            "sz": sz,
            "side": "B",
            "time": self.exchange.now_ms,
            "startPosition": start,
            "dir": "Open Long",
            "closedPnl": "0.0",
            "hash": "0x0",
            "oid": oid,
            "crossed": False,
            "fee": "0.001",
            "tid": tid,
            "feeToken": "USDC",
        }
        self.fills.append(row)
        data = {"channel": "userFills", "data": {"user": ME, "fills": [row]}}
        return Frame(json.dumps(data).encode())

    def order(self) -> Order:
        (found,) = self.runner.engine.view.orders(closed=True)[:1]
        return found

    # --- common beginnings --------------------------------------------------------------------------

    def quoting(self) -> Place:
        self.runner.start()
        self.wait(50)
        (place,) = self.told(self.book())
        assert isinstance(place, Place)
        return place

    def resting(self) -> tuple[Place, int]:
        place = self.quoting()
        self.row(place, self.oid, "open")
        assert self.told(Answer(place.nonce, (Resting(self.oid),))) == []
        return place, self.oid

    def moving(self) -> tuple[Place, Modify]:
        place, _ = self.resting()
        self.strategy.px = Decimal("41.100")
        self.wait(1_000)
        (modify,) = self.told(self.book())
        assert isinstance(modify, Modify)
        return place, modify

    def go(self, ms: int) -> list[Command]:
        """Time passes, and the book stays fresh."""
        commands: list[Command] = []
        for _ in range(ms // 100):
            self.exchange.inbox.append(self.book())
            commands += self.wait(100)
        return commands


@pytest.fixture
def story() -> Story:
    return Story()


def kinds(commands: list[Command]) -> list[str]:
    return [type(command).__name__ for command in commands]


def order_of(command: Place | Modify) -> NewOrder:
    """The one order of a request of one."""
    if isinstance(command, Place):
        (order,) = command.orders
        return order
    (change,) = command.changes
    return change.order


def cloid_of(command: Place | Modify) -> str:
    return order_of(command).cloid


def oid_of(command: Command) -> int | None:
    """The leg that a modify replaces or a cancel ends."""
    if isinstance(command, Modify):
        (change,) = command.changes
        return change.oid
    assert isinstance(command, Cancel)
    (target,) = command.targets
    return target.oid


# --- starting ---------------------------------------------------------------------------------------


def test_nothing_is_quoted_before_the_catch_up_is_complete(story: Story) -> None:
    story.runner.start()
    for step in range(3):
        story.exchange.inbox.append(story.book())
        story.runner.run_until(story.exchange.now_ms + 100)
        assert kinds(story.exchange.sent) == ["AskFills", "AskOpenOrders", "AskPosition"][: step + 1]
        assert not story.runner.session.ready
        story.read(story.exchange.sent[-1])
    story.answered = len(story.exchange.sent)
    story.exchange.inbox.append(story.book())
    assert kinds(story.wait(100)) == ["Place"]


def test_a_failed_read_is_asked_again_and_never_an_empty_one(story: Story) -> None:
    story.runner.start()
    story.runner.run_until(START + 10)
    (asked,) = story.exchange.sent
    assert isinstance(asked, AskFills)
    story.exchange.inbox.append(ReadFailed(asked.query, "HTTP 429"))
    story.runner.run_until(START + 20)
    assert story.runner.session.gate.phase == Phase.FILLS
    story.runner.run_until(START + 1_500)
    assert kinds(story.exchange.sent)[:2] == ["AskFills", "AskFills"]
    assert not story.runner.session.ready


def test_the_engine_is_told_before_anything_is_sent(story: Story) -> None:
    place = story.quoting()
    order = story.runner.engine.view.get_by_cloid(cloid_of(place))
    assert order is not None
    assert order.state == OrderState.Pending


# --- placing ----------------------------------------------------------------------------------------


def test_silence_is_unknown_then_fenced_then_placed_anew(story: Story) -> None:
    place = story.quoting()
    commands = story.go(1_600)
    assert commands == [Noop(place.nonce)]
    assert story.order().state == OrderState.Unknown
    (again,) = story.told(Answer(place.nonce, (Done(),), to_noop=True), story.book())
    assert isinstance(again, Place)
    assert cloid_of(again) != cloid_of(place)
    assert again.nonce > place.nonce
    first = story.runner.engine.view.get_by_cloid(cloid_of(place))
    assert first is not None
    assert first.state == OrderState.Rejected


def test_silence_of_a_request_that_executed_is_found_by_its_status(story: Story) -> None:
    place = story.quoting()
    story.row(place, 100, "open")
    story.go(1_600)
    duplicate = ActionError(f"Invalid nonce: duplicate nonce {place.nonce}")
    assert story.told(Answer(place.nonce, (duplicate,), to_noop=True), story.book()) == []
    assert story.order().state == OrderState.Resting
    assert story.order().oid == 100


@pytest.mark.parametrize("outcome", [Garbled("502 Bad Gateway"), ItemError(STRANGE)])
def test_words_that_are_not_known_prove_nothing(story: Story, outcome: Outcome) -> None:
    place = story.quoting()
    assert story.told(Answer(place.nonce, (outcome,)), story.book()) == []
    assert story.order().state in (OrderState.Pending, OrderState.Unknown)
    assert story.go(1_600)[:1] == [Noop(place.nonce)]


def test_an_answer_that_comes_twice_is_as_good_as_one(story: Story) -> None:
    place, oid = story.resting()
    before = story.runner.engine.view.digest()
    story.exchange.inbox.append(Answer(place.nonce, (Resting(oid),)))
    story.runner.run_until(story.exchange.now_ms + 1)
    assert story.order().state == OrderState.Resting
    assert story.runner.engine.view.digest() == before


def test_a_part_filled_placement_stays_in_the_quoting_loop(story: Story) -> None:  # R3
    place = story.quoting()
    story.row(place, 100, "open")
    story.told(Answer(place.nonce, (Filled(100, "0.6", "41.2"),)))
    order = story.order()
    assert (order.state, order.cum_qty, order.leaves_qty) == (
        OrderState.PartialFilled,
        Decimal("0.6"),
        Decimal("0.4"),
    )
    told = [story.fill(100, "0.4", "0.0", 1), story.fill(100, "0.2", "0.4", 2)]
    story.told(*told, *told)
    assert story.order().cum_qty == Decimal("0.6")
    assert story.runner.engine.view.position(COIN).size == Decimal("0.6")


# --- the modify and its fallback --------------------------------------------------------------------


def test_modified(story: Story) -> None:
    place, modify = story.moving()
    assert (oid_of(modify), Decimal(order_of(modify).px), Decimal(order_of(modify).sz)) == (
        100,
        Decimal("41.1"),
        Decimal(1),
    )
    story.row(place, 100, "canceled")
    story.row(modify, 101, "open")
    assert story.told(Answer(modify.nonce, (Resting(101),)), story.book()) == []
    order = story.order()
    assert (order.oid, order.state, order.cloid) == (101, OrderState.Resting, cloid_of(place))


def test_untouched_falls_back_to_cancel_then_place(story: Story) -> None:  # R1
    place, modify = story.moving()
    (cancel,) = story.told(Answer(modify.nonce, (ItemError(BAND),)), story.book())
    assert isinstance(cancel, Cancel)
    assert oid_of(cancel) == 100
    story.row(place, 100, "canceled")
    assert story.told(Answer(cancel.nonce, (Done(),)), story.book()) == []
    (again,) = story.go(4_000)
    assert isinstance(again, Place)
    assert order_of(again).px == "41.1"
    pending = story.runner.engine.view.get_by_cloid(cloid_of(again))
    assert pending is not None
    assert pending.state == OrderState.Pending
    story.row(again, 102, "open")
    story.told(Answer(again.nonce, (Resting(102),)))
    live = story.runner.engine.view.get_order(102)
    assert live is not None
    assert live.state == OrderState.Resting


def test_gone_by_a_fill_is_not_replaced(story: Story) -> None:  # R2
    place, modify = story.moving()
    story.row(place, 100, "filled", "0.0")
    commands = story.told(Answer(modify.nonce, (ItemError(GONE),)), story.book())
    commands += story.told(story.fill(100, "1.0", "0.0", 1), story.book())
    assert story.order().state == OrderState.Filled
    assert kinds(commands) == ["Place"]  # the strategy wants its level again: a new order, no replacement
    assert story.tally.put_anew == 0
    assert story.runner.engine.view.position(COIN).size == Decimal(1)


def test_gone_by_words_alone_places_nothing(story: Story) -> None:
    _, modify = story.moving()
    assert story.told(Answer(modify.nonce, (ItemError(GONE),)), story.book()) == []
    assert story.go(1_000) == []
    assert story.order().state == OrderState.Unknown


def test_old_gone_and_new_refused_is_placed_anew(story: Story) -> None:
    place, modify = story.moving()
    story.row(place, 100, "canceled")
    assert story.told(Answer(modify.nonce, (ItemError(CROSSED),)), story.book()) == []
    commands = story.go(2_400)
    assert kinds(commands) == ["Place"]
    assert story.tally.put_anew == 1


def test_a_fill_that_races_the_modify_makes_the_new_leg_too_large(story: Story) -> None:  # trace E, S6
    place, modify = story.moving()
    story.row(place, 100, "canceled", "0.6")
    story.row(modify, 101, "open")
    commands = story.told(story.fill(100, "0.4", "0.0", 1), Answer(modify.nonce, (Resting(101),)))
    (shrink,) = commands
    assert isinstance(shrink, Modify)
    assert (oid_of(shrink), Decimal(order_of(shrink).sz)) == (101, Decimal("0.6"))
    assert story.runner.engine.view.worst_long(COIN) <= Decimal(2)


def test_an_unknown_modify_is_fenced_and_nothing_new_is_placed(story: Story) -> None:
    _, modify = story.moving()
    assert story.go(1_600) == [Noop(modify.nonce)]
    assert story.order().state == OrderState.Unknown
    (cancel,) = story.told(Answer(modify.nonce, (Done(),), to_noop=True), story.book())
    assert isinstance(cancel, Cancel)  # proven untouched: it falls back


def test_a_refused_cancel_settles_nothing_by_itself(story: Story) -> None:
    place, _ = story.resting()
    story.runner.close()
    (cancel,) = story.wait(20)
    assert isinstance(cancel, Cancel)
    words = ItemError("Order was never placed, already canceled, or filled. asset=173")
    del story.rows[100], story.rows[cloid_of(place)]
    story.told(Answer(cancel.nonce, (words,)))
    assert story.order().state == OrderState.Unknown
    story.told(story.fill(100, "1.0", "0.0", 1))
    assert story.order().state == OrderState.FilledDuringCancel


# --- dying ------------------------------------------------------------------------------------------


def test_what_was_told_but_not_sent_was_never_sent(story: Story) -> None:
    story.runner.start()
    story.wait(50)
    story.record.die_after(2)  # the name, then the intent: the sending is not written any more
    with pytest.raises(Killed):
        story.told(story.book())
    assert not [c for c in story.exchange.sent if isinstance(c, Place)]
    revive(story)
    assert story.order().state == OrderState.Rejected


def test_what_may_have_been_sent_is_fenced(story: Story) -> None:
    story.runner.start()
    story.wait(50)
    story.record.die_after(3)
    with pytest.raises(Killed):
        story.told(story.book())
    revive(story)
    story.wait(50)
    assert [c for c in story.exchange.sent if isinstance(c, Noop)]
    assert story.runner.session.gate.phase == Phase.STATUSES


def test_a_healthy_order_is_kept_with_its_place(story: Story) -> None:
    story.resting()
    story.record.die_after(1)
    with pytest.raises(Killed):
        story.told(Frame(b'{"channel":"orderUpdates","data":[]}'))
    revive(story)
    assert story.go(1_000) == []
    assert story.order().state == OrderState.Resting


def test_nonces_and_cloids_are_not_used_again(story: Story) -> None:
    place = story.quoting()
    story.record.die_after(1)
    with pytest.raises(Killed):
        story.told(Answer(place.nonce, (ItemError("Order has invalid size."),)))
    revive(story)
    story.told(Answer(place.nonce, (Done(),), to_noop=True))
    (again,) = story.told(story.book())
    assert isinstance(again, Place)
    assert again.nonce > place.nonce
    assert cloid_of(again) != cloid_of(place)


def revive(story: Story) -> None:
    dead = story.runner.engine
    digest, applied = dead.view.digest(), dead.applied
    engine = Recorded(story.fresh, story.record)
    engine.replay(until=applied)
    assert engine.view.digest() == digest
    engine.replay()
    story.exchange.inbox.clear()
    story.runner = story.life(engine)
    story.runner.resume()


# --- the connection ---------------------------------------------------------------------------------


def test_a_broken_link_closes_the_gate_until_all_is_known_again(story: Story) -> None:
    story.resting()
    story.position = "0.4"
    story.fill(100, "0.4", "0.0", 1)  # while nobody listened
    assert story.told(LinkDown(), story.book()) == []
    assert story.runner.session.gate.phase == Phase.DOWN
    story.strategy.px = Decimal("41.000")
    commands = story.go(2_000)
    assert story.exchange.connections == 2
    assert story.runner.session.ready
    assert story.order().cum_qty == Decimal("0.4")
    assert kinds(commands)[:1] == ["Modify"]


def test_a_gap_is_asked_about_until_it_closes(story: Story) -> None:
    story.resting()
    lost = story.fill(100, "0.3", "0.0", 1)
    assert isinstance(lost, Frame)
    story.told(story.fill(100, "0.2", "0.3", 2))
    assert story.tally.gaps == story.tally.gaps_closed == 1
    assert story.runner.engine.view.position(COIN).size == Decimal("0.5")


def test_a_foreign_order_stops_the_quoting_and_is_not_touched(story: Story) -> None:
    story.resting()
    row = {
        "coin": COIN,
        "side": "B",
        "limitPx": "40.0",
        "sz": "1.0",
        "oid": 999,
        "timestamp": START,
        "origSz": "1.0",
        "cloid": "0xffffffffffffffffffffffffffffffff",
    }
    data = {
        "channel": "orderUpdates",
        "data": [{"order": row, "status": "open", "statusTimestamp": START}],
    }
    commands = story.told(Frame(json.dumps(data).encode()), story.book())
    assert story.runner.stopped is not None
    assert [oid_of(c) for c in commands if isinstance(c, Cancel)] == [100]
