"""The engine's hot path in plain Python, as well as plain Python does it: what the engine is measured against.

It does, for the measured calls, what the engine does: orders by cloid and by oid; pending, finalized, filled, retired;
fills once each, by (coin, time, tid, oid); executed = max(sum of trades, answered, stated); remaining, skipped and
applied; the state, derived; the position chain by startPosition, with the fills that do not link yet; position, cash,
fees by token, volumes, cost and realised profit. In `Decimal`; text is parsed once.

It leaves out (all of it work that the engine does besides, in the measured calls): effects as objects, legs other than
the first (modify), foreign and unattributed orders, the same fill with another payload, liquidation marks, time
bounds of a gap and the questions that follow, deadlines, worst cases, range and syntax checks beyond sign, what the
division of a cost leaves over, the digest, a lock.
"""

from collections import deque
from decimal import Decimal
from enum import Enum, auto
from typing import Any

import orjson

ZERO = Decimal(0)


class State(Enum):
    """The states of `order-state` that the measured calls reach."""

    PENDING = auto()
    RESTING = auto()
    PARTIAL_FILLED = auto()
    FILLED = auto()
    FILLED_IMMEDIATELY = auto()


# Module constants: reading a member through its class costs a descriptor call.
PENDING, RESTING, PARTIAL_FILLED = State.PENDING, State.RESTING, State.PARTIAL_FILLED
FILLED, FILLED_IMMEDIATELY = State.FILLED, State.FILLED_IMMEDIATELY


class Book:
    """One coin: its position, its chain and its money."""

    __slots__ = (
        "cash", "closed_pnl", "coin", "cost", "fees", "fills", "held", "loose", "maker_volume", "position", "realised",
        "tip", "until", "volume",
    )  # fmt: skip

    def __init__(self, coin: str) -> None:
        self.coin = coin
        self.position = ZERO  # with what answers have told and trades have not yet
        self.tip: Decimal | None = None  # the end of the proven chain
        self.until = 0
        self.loose: dict[Decimal, list[tuple[Decimal, int]]] = {}  # fills that do not link yet, by their start
        self.cash = ZERO
        self.held = ZERO  # the position by trades alone, what it cost and what was realised on the way
        self.cost = ZERO
        self.realised = ZERO
        self.closed_pnl = ZERO
        self.volume = ZERO
        self.maker_volume = ZERO
        self.fees: dict[str, Decimal] = {}
        self.fills = 0

    def close(self, held: Decimal, now: Decimal, signed: Decimal, price: Decimal, paid_out: Decimal) -> None:
        """A trade against the position: realises its share of the cost; beyond zero it opens the other side."""
        cost = self.cost
        if not now or (now > ZERO) is (held > ZERO):
            released = cost * -signed / held
            self.cost = cost - released
            self.realised -= paid_out + released
        else:
            self.realised += price * held - cost
            self.cost = price * now

    def link(self, start: Decimal, signed: Decimal, time: int) -> None:
        """Puts a fill that does not continue the chain in its place, or keeps it until it can be."""
        if self.tip is None:
            self.tip = start
        self.loose.setdefault(start, []).append((signed, time))
        while (found := self.loose.get(self.tip)) is not None:
            step, when = found.pop(0)
            if not found:
                del self.loose[self.tip]
            self.tip += step
            self.until = max(self.until, when)


class Order:
    """An order with its one leg."""

    __slots__ = (
        "answered",
        "book",
        "buy",
        "cloid",
        "executed",
        "oid",
        "px",
        "state",
        "stated",
        "sz",
        "traded",
        "trades",
    )

    def __init__(self, cloid: str, book: Book, buy: bool, px: Decimal, sz: Decimal) -> None:
        self.cloid = cloid
        self.oid: int | None = None
        self.book = book
        self.buy = buy
        self.px = px
        self.sz = sz
        self.traded = self.answered = self.stated = self.executed = ZERO
        self.trades: set[tuple[Any, ...]] = set()  # keys; the oid gives the coin
        self.state = PENDING


class Twin:
    """Orders, fills and positions of one account."""

    __slots__ = ("account", "books", "by_cloid", "by_oid", "closed", "retain")

    def __init__(self, account: str, retain_closed: int = 4_096) -> None:
        self.account = account
        self.by_cloid: dict[str, Order] = {}
        self.by_oid: dict[int, Order] = {}
        self.books: dict[str, Book] = {}
        self.closed: deque[Order] = deque()
        self.retain = retain_closed

    def add_pending_with_cloid(self, cloid: str, coin: str, side: str, px: str, sz: str) -> None:
        """An order about to be sent."""
        by_cloid = self.by_cloid
        if cloid in by_cloid:
            raise ValueError(f"cloid {cloid} is taken")
        book = self.books.get(coin)
        if book is None:
            book = self.books[coin] = Book(coin)
        price, size = Decimal(px), Decimal(sz)
        if price <= ZERO or size <= ZERO or (side != "B" and side != "A"):
            raise ValueError("px, sz or side")
        by_cloid[cloid] = Order(cloid, book, side == "B", price, size)

    def finalize_pending_by_cloid(self, cloid: str, oid: int, filled: str | None = None) -> State:
        """The answer: the order's oid, and what it says was filled at once."""
        order = self.by_cloid[cloid]
        order.oid = oid
        self.by_oid[oid] = order
        if filled is not None:
            self.raise_answered(order, Decimal(filled))
        elif order.state is PENDING:
            order.state = RESTING
        return order.state

    def raise_answered(self, order: Order, amount: Decimal) -> None:
        """`pre_register_immediate_fill`, on the order itself."""
        if amount > order.answered:
            order.answered = amount
            if amount > order.executed:
                self.settle(order, amount)

    def settle(self, order: Order, executed: Decimal) -> Decimal:
        """Moves executed, the position and the state; gives the change."""
        applied = executed - order.executed
        order.executed = executed
        book = order.book
        if order.buy:
            book.position += applied
        else:
            book.position -= applied
        if executed < order.sz:
            order.state = PARTIAL_FILLED
            return applied
        order.state = FILLED_IMMEDIATELY if order.answered >= order.sz else FILLED
        if order.traded >= executed:
            self.retire(order)
        return applied

    def retire(self, order: Order) -> None:
        """A closed order whose trades are all in stays for a while, then leaves with its keys."""
        closed = self.closed
        closed.append(order)
        if len(closed) > self.retain:
            old = closed.popleft()
            del self.by_cloid[old.cloid]
            del self.by_oid[old.oid]  # type: ignore[arg-type]

    def process(
        self,
        coin: str,
        side: str,
        px: str,
        sz: str,
        oid: int,
        tid: int,
        time: int,
        start_position: str,
        fee: str,
        fee_token: str,
        closed_pnl: str,
        crossed: bool,
        cloid: str | None = None,
    ) -> tuple[Decimal, Decimal, bool, str, State]:
        """One fill: (applied, skipped, duplicate, cloid, state)."""
        order = self.by_oid.get(oid)
        if order is None:
            if cloid is None:
                raise KeyError(oid)
            order = self.by_cloid[cloid]
            order.oid = oid
            self.by_oid[oid] = order
        key: tuple[Any, ...] = (time, tid) if tid else (time, px, sz, start_position)
        trades = order.trades
        if key in trades:
            return ZERO, ZERO, True, order.cloid, order.state
        price, size = Decimal(px), Decimal(sz)
        if price <= ZERO or size <= ZERO:
            raise ValueError("px or sz")
        start, paid, profit = Decimal(start_position), Decimal(fee), Decimal(closed_pnl)
        trades.add(key)

        book = order.book
        notional = price * size
        book.fills += 1
        book.volume += notional
        if not crossed:
            book.maker_volume += notional
        signed, paid_out = (size, notional) if order.buy else (-size, -notional)
        book.cash -= paid_out
        held = book.held
        now = book.held = held + signed
        if not held or (held > ZERO) is order.buy:
            book.cost += paid_out
        else:
            book.close(held, now, signed, price, paid_out)
        if start == book.tip and not book.loose:
            book.tip = start + signed
            book.until = time
        else:
            book.link(start, signed, time)
        book.closed_pnl += profit
        fees = book.fees
        fees[fee_token] = fees.get(fee_token, ZERO) + paid

        before = order.traded
        traded = order.traded = before + size
        told = order.answered
        skipped = ZERO
        if told > before:
            skipped = told - before
            if skipped > size:
                skipped = size
        executed = order.executed
        if traded > executed:
            return self.settle(order, traded), skipped, False, order.cloid, order.state
        if traded == executed == order.sz:
            self.retire(order)
        return ZERO, skipped, False, order.cloid, order.state

    def process_batch(self, columns: dict[str, list[Any]]) -> int:
        """The same for columns, in `process`'s order of arguments; how many were new."""
        process, new = self.process, 0
        for row in zip(*columns.values(), strict=True):
            new += not process(*row)[2]
        return new

    def process_ws(self, raw: bytes) -> tuple[int, int, list[Any]]:
        """A `userFills` frame: (new fills, duplicates, records that were refused)."""
        message = orjson.loads(raw)
        if message["channel"] != "userFills":
            raise ValueError(message["channel"])
        data = message["data"]
        if data["user"] != self.account:
            raise ValueError(data["user"])
        process, new, again = self.process, 0, 0
        refused: list[Any] = []
        for fill in data["fills"]:
            try:
                done = process(
                    fill["coin"],
                    fill["side"],
                    fill["px"],
                    fill["sz"],
                    fill["oid"],
                    fill["tid"],
                    fill["time"],
                    fill["startPosition"],
                    fill["fee"],
                    fill["feeToken"],
                    fill["closedPnl"],
                    fill["crossed"],
                    fill.get("cloid"),
                )
            except (ArithmeticError, LookupError, TypeError, ValueError):
                refused.append(fill)  # one bad record never blocks the rest
                continue
            if done[2]:
                again += 1
            else:
                new += 1
        return new, again, refused
