"""A scripted venue for one session, in virtual time: it says what it is told to say, and keeps what it was sent."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

import pytest

from mm._core import Engine, Order, OrderState, Side, Tif
from mm._core.sign import Nonces
from mm.errors import NotSent
from mm.protocol import (
    Action,
    Answer,
    AskFills,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    Cancel,
    Command,
    Fact,
    FillsReply,
    Frame,
    LinkUp,
    Modify,
    NewOrder,
    OpenOrdersReply,
    OrderReply,
    OrderRow,
    Outcome,
    Place,
    PositionReply,
    Query,
    Resting,
)
from mm.session import Counts, Edit, Event, Fate, Record, Recorded, Rules, Session, Wish

C = TypeVar("C")

ME = "0x6d6d00000000000000000000000000000000de32"
START = 1_790_000_000_000
COINS = ("BTC", "ETH")


class Script:
    """The outlet: virtual time, and everything that was sent."""

    def __init__(self) -> None:
        self.now_ms = START
        self.sent: list[Command] = []

    def send(self, command: Command) -> None:
        self.sent.append(command)


class Venue:
    """What the venue has in its books, told truthfully: orders by oid and cloid, fills, positions."""

    def __init__(self) -> None:
        self.rows: dict[int | str, OrderRow] = {}
        self.fills: list[dict[str, object]] = []
        self.positions: dict[str, Decimal] = {}
        self._tid = 0

    @property
    def now(self) -> int:
        """Virtual time."""
        raise NotImplementedError

    def row(self, order: NewOrder, oid: int, status: str, left: str | None = None) -> OrderRow:
        """The venue has this order, in this status."""
        sz = order.sz if left is None else left
        row = OrderRow(order.coin, order.side, order.px, sz, order.sz, oid, order.cloid, status, self.now)
        self.rows[oid] = self.rows[order.cloid] = row
        return row

    def snapshot(self) -> Frame:
        return frame({"channel": "userFills", "data": {"isSnapshot": True, "user": ME, "fills": self.fills[-2000:]}})

    def trade(self, oid: int, sz: str, coin: str = "BTC", side: str = "B", cloid: str | None = None) -> Frame:
        """A trade happens at the venue: it is in its books; the frame that tells it is given."""
        self._tid += 1
        start = self.positions.get(coin, Decimal(0))
        row: dict[str, object] = {
            "coin": coin,
            "px": "100.0",
            "sz": sz,
            "side": side,
            "time": self.now,
            "startPosition": f"{start:f}",
            "dir": "Open Long",
            "closedPnl": "0.0",
            "hash": "0x0",
            "oid": oid,
            "crossed": False,
            "fee": "0.001",
            "tid": self._tid,
            "feeToken": "USDC",
        }
        if cloid is not None:
            row["cloid"] = cloid
        self.positions[coin] = start + (Decimal(sz) if side == "B" else -Decimal(sz))
        self.fills.append(row)
        return frame({"channel": "userFills", "data": {"user": ME, "fills": [row]}})

    def update(self, row: OrderRow) -> Frame:
        """The `orderUpdates` message that tells this row."""
        order = {
            "coin": row.coin,
            "side": row.side,
            "limitPx": row.px,
            "sz": row.sz,
            "oid": row.oid,
            "timestamp": row.time,
            "origSz": row.orig_sz,
        }
        if row.cloid is not None:
            order["cloid"] = row.cloid
        data = [{"order": order, "status": row.status, "statusTimestamp": row.time}]
        return frame({"channel": "orderUpdates", "data": data})

    def reply(self, query: Query) -> Fact:
        """What a truthful venue says to a read now."""
        match query:
            case AskOrder(query=number, key=key):
                return OrderReply(number, self.rows.get(key))
            case AskOpenOrders(query=number, dex=dex):
                rows = {row.oid: row for row in self.rows.values() if row.status == "open" and not dex}
                return OpenOrdersReply(number, tuple(rows.values()))
            case AskFills(query=number, start_ms=start):
                found = [row for row in self.fills if int(str(row["time"])) >= start]
                return FillsReply(number, json.dumps(found).encode(), len(found), 0, False)
            case AskPosition(query=number, coin=coin):
                return PositionReply(number, coin, f"{self.positions.get(coin, Decimal(0)):f}", self.now)
        raise AssertionError(query)


class Story(Venue):
    """A session on a script. `truthful`: reads are answered at once with what `rows`, `fills`, `positions` say."""

    def __init__(
        self,
        coins: Sequence[str] = COINS,
        rules: Rules | None = None,
        record: Record | None = None,
        nonces: Nonces | None = None,
    ) -> None:
        super().__init__()
        self.script = Script()
        self.record = Record() if record is None else record
        self.rules = rules or Rules()
        self.coins = tuple(coins)
        self.counts = Counts()
        self.engine = Recorded(self.fresh, self.record)
        self.engine.replay()
        for coin in self.coins:
            self.engine.tell(Engine.set_coin, coin, sz_decimals=5)
        self.session = Session(self.engine, self.script, self.coins, self.rules, self.counts, nonces)
        self.events: list[Event] = []
        self.truthful = True
        self.replies: Callable[[Query], Fact] = self.reply
        self.epoch = 0
        self._read = 0

    def fresh(self) -> Engine:
        return Engine(ME, ask_after_ms=1_500, fill_window_ms=1_000)

    @property
    def now(self) -> int:
        return self.script.now_ms

    # --- time and facts ---------------------------------------------------------------------------------

    def take(self, *facts: Fact) -> None:
        """Facts arrive, now."""
        for fact in facts:
            self.session.take(fact)
            self.turn()

    def turn(self) -> None:
        """What is due now, and answers to reads while they are truthful."""
        self.session.keep_time()
        self.events += self.session.drain()
        while self.truthful and self._read < len(self.script.sent):
            command = self.script.sent[self._read]
            self._read += 1
            if isinstance(command, Query):
                self.session.take(self.replies(command))
                self.session.keep_time()
                self.events += self.session.drain()

    def go(self, ms: int) -> None:
        """Time passes, stopping wherever the session wants to be woken."""
        end = self.now + ms
        while self.now < end:
            due = self.session.next_deadline()
            self.script.now_ms = end if due is None else min(end, max(due, self.now + 1))
            self.turn()

    def lie_down(self) -> None:
        """Reads are not answered from now on."""
        self.truthful = False

    def stand_up(self) -> None:
        """Reads are answered again; those asked meanwhile were lost."""
        self.truthful = True
        self._read = len(self.script.sent)

    def up(self) -> None:
        """Connect: the snapshot comes, and both streams are acknowledged."""
        self.epoch += 1
        self.take(self.snapshot(), LinkUp(self.epoch))

    def ready(self) -> "Story":
        """Connect and catch up."""
        self.up()
        self.go(50)
        assert self.session.ready
        self.script.sent.clear()
        self._read = 0
        return self

    # --- looking ------------------------------------------------------------------------------------------

    def sent(self, *kinds: type) -> list[Command]:
        """What was sent, of these kinds (actions, where none is named)."""
        wanted = kinds or (Action,)
        return [command for command in self.script.sent if isinstance(command, wanted)]

    def asked(self) -> list[str]:
        """The kinds of queries that were sent, in order."""
        return [type(command).__name__ for command in self.script.sent if isinstance(command, Query)]

    def fates(self) -> list[tuple[str, str]]:
        """Kind and outcome of every fate that was told."""
        return [(event.kind, event.how.value) for event in self.events if isinstance(event, Fate)]

    def told(self, kind: type) -> list[Event]:
        """All events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def state(self, cloid: str) -> OrderState:
        return self.order(cloid).state

    def order(self, cloid: str) -> Order:
        found = self.engine.view.get_by_cloid(cloid)
        assert found is not None
        return found

    # --- orders ---------------------------------------------------------------------------------------------

    def place(self, *coins: str, tif: Tif = Tif.ALO, reduce_only: bool = False) -> Place:
        """Place a bid on each of these coins, in one action."""
        wishes = [wish(coin, tif=tif, reduce_only=reduce_only) for coin in coins or ("BTC",)]
        self.session.place(wishes)
        return self.last(Place)

    def rest(self, oid: int = 100, coin: str = "BTC") -> tuple[Place, str]:
        """An order that rests."""
        place = self.place(coin)
        (order,) = place.orders
        self.row(order, oid, "open")
        self.take(Answer(place.nonce, (Resting(oid),)))
        return place, order.cloid

    def modify(self, name: str, px: str = "99", order_qty: str = "1") -> Modify:
        self.session.modify([Edit(name, Decimal(px), Decimal(order_qty))])
        return self.last(Modify)

    def cancel(self, *names: int | str) -> Cancel:
        self.session.cancel(names)
        return self.last(Cancel)

    def last(self, kind: type[C]) -> C:
        """The last command of a kind."""
        return [command for command in self.script.sent if isinstance(command, kind)][-1]

    def answer(self, action: Action, *outcomes: Outcome, to_noop: bool = False) -> None:
        self.take(Answer(action.nonce, outcomes, to_noop))


def wish(coin: str = "BTC", px: str = "100", sz: str = "1", tif: Tif = Tif.ALO, reduce_only: bool = False) -> Wish:
    return Wish(coin, Side.BUY, Decimal(px), Decimal(sz), tif, reduce_only)


def refused(story: Story, coin: str = "BTC") -> str:
    """Why nothing may be placed; the script shows that nothing was sent."""
    before = len(story.sent(Place))
    with pytest.raises(NotSent) as caught:
        story.place(coin)
    assert len(story.sent(Place)) == before
    return caught.value.reason


def frame(message: object) -> Frame:
    return Frame(json.dumps(message).encode())
