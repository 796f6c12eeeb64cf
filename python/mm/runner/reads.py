"""Questions to the venue: each is asked until it is answered, with a pause that grows and a bound.

A read that fails or is not answered is asked again; a failed read never looks like an empty one. The
same question is never on its way twice. What the answers say is told to the engine here.
"""

from dataclasses import dataclass

from mm._core import Effect, Engine, Order
from mm.exchange.base import (
    AskFills,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    Exchange,
    FillsReply,
    OpenOrdersReply,
    OrderReply,
    OrderRow,
    PositionReply,
    Query,
    ReadFailed,
    Reply,
)
from mm.runner.record import Recorded
from mm.runner.tally import Tally

READ_TIMEOUT_MS = 1_000
RETRY_MS = 300
RETRY_MAX_MS = 5_000
MAX_TRIES = 30
MAX_PAGES = 500
OVERLAP_MS = 1_000

Key = tuple[str, int | str]
FILLS: Key = ("fills", 0)


@dataclass(slots=True)
class Question:
    """A question that has no answer yet."""

    key: Key
    query: Query | None
    first_ms: int
    sent_ms: int
    due_ms: int
    """When it is asked again: after a time-out, or after the pause that follows a failure."""
    tries: int = 1
    pages: int = 0
    rerun: bool = False


class Reads:
    """All open questions."""

    def __init__(self, engine: Recorded, exchange: Exchange, coin: str, tally: Tally) -> None:
        self._engine = engine
        self._exchange = exchange
        self._coin = coin
        self._tally = tally
        self._open: dict[Key, Question] = {}
        self._by_query: dict[int, Key] = {}
        self._number = 0
        complete = engine.last("on_fills_complete")
        self._complete_ms: int = 0 if complete is None else complete.args[1]
        """Up to here all fills were read, in this life or an earlier one."""
        self.missing: set[int | str] = set()
        """What the venue answered `unknownOid` to, since the last look."""
        self.exhausted: list[str] = []
        """Questions whose bound of tries was reached; they go on, but somebody should know."""

    @property
    def busy(self) -> bool:
        """Whether anything is still unanswered."""
        return bool(self._open)

    def next_deadline(self) -> int | None:
        """When the next question is due to be asked again."""
        return min((question.due_ms for question in self._open.values()), default=None)

    def order(self, key: int | str) -> None:
        """Ask for one order's status, by oid or cloid."""
        self._ask(("order", key))

    def open_orders(self) -> None:
        """Ask for all open orders."""
        self._ask(("open", 0))

    def fills(self) -> None:
        """Ask for all fills since the last complete read, page by page.

        Whatever is missing is missing since then, wherever the chain suspects the hole; and only so may the
        engine be told that all fills up to now were read.
        """
        question = self._open.get(FILLS)
        if question is None:
            self._ask(FILLS)
        elif question.first_ms < self._exchange.now_ms:
            question.rerun = True  # the answer on its way may be too old for whoever asks now

    def legs(self, order: Order) -> None:
        """Ask for every leg of an order, by all its names."""
        for leg in order.legs:
            for key in (leg.oid, leg.cloid):
                if key is not None:
                    self.order(key)

    def position(self) -> None:
        """Ask for the venue's own position."""
        self._ask(("position", 0))

    def forget(self) -> None:
        """Drop all questions: the connection that they were asked on is gone."""
        self._open.clear()
        self._by_query.clear()

    def again(self) -> None:
        """Ask again what is due."""
        now = self._exchange.now_ms
        for question in list(self._open.values()):
            if question.due_ms <= now:
                question.tries += 1
                if question.tries == MAX_TRIES:
                    self.exhausted.append(f"read {question.key}")
                self._send(question)

    def on_reply(self, reply: Reply) -> tuple[Effect, ...]:
        """Tell the engine what the answer says. An answer to a question that is no longer open is ignored."""
        key = self._by_query.pop(reply.query, None)
        question = None if key is None else self._open.get(key)
        if question is None or question.query is None or question.query.query != reply.query:
            return ()
        now = self._exchange.now_ms
        if isinstance(reply, ReadFailed):
            question.query = None
            question.due_ms = now + min(RETRY_MS << min(question.tries, 8), RETRY_MAX_MS)
            return ()
        if isinstance(reply, FillsReply) and reply.full:
            effects = self._engine.tell(Engine.process_fills, reply.page, now).effects
            question.pages += 1
            if question.pages == MAX_PAGES:
                self.exhausted.append(f"fills: {MAX_PAGES} pages and no end")
            self._send(question, from_ms=reply.last_ms)  # the last row's time again: overlap, not a hole
            return effects
        del self._open[question.key]
        return self._answered(reply, question)

    def _answered(self, reply: Reply, question: Question) -> tuple[Effect, ...]:
        now = self._exchange.now_ms
        if isinstance(reply, FillsReply):
            told = self._engine.tell(Engine.process_fills, reply.page, now)
            # Complete only up to the moment of asking: what trades later is in no answer.
            self._complete_ms = question.first_ms
            done = self._engine.tell(Engine.on_fills_complete, self._coin, question.first_ms, now)
            if question.rerun:
                self.fills()
            return told.effects + done
        if isinstance(reply, OrderReply):
            if reply.row is None:
                self.missing.add(question.key[1])
                return ()
            return self._row(reply.row)
        if isinstance(reply, OpenOrdersReply):
            effects: tuple[Effect, ...] = ()
            for row in reply.rows:
                effects += self._row(row)
            oids = [row.oid for row in reply.rows]
            began = question.sent_ms
            return effects + self._engine.tell(Engine.on_open_orders, self._coin, oids, began, True, now)
        if isinstance(reply, PositionReply):
            return self._engine.tell(Engine.on_position, reply.coin, reply.szi, reply.as_of_ms, now_ms=now)
        return ()

    def _row(self, row: OrderRow) -> tuple[Effect, ...]:
        return self._engine.tell(
            Engine.on_order_update,
            row.coin,
            row.side,
            row.oid,
            row.status,
            row.px,
            row.sz,
            row.orig_sz,
            row.time,
            row.cloid,
            False,
            self._exchange.now_ms,
        )

    def _ask(self, key: Key) -> None:
        if key in self._open:
            return
        now = self._exchange.now_ms
        question = self._open[key] = Question(key, None, now, now, now)
        self._tally.asked += 1
        self._send(question)

    def _send(self, question: Question, from_ms: int | None = None) -> None:
        if question.query is not None:
            self._by_query.pop(question.query.query, None)
        self._number += 1
        now = self._exchange.now_ms
        kind, what = question.key
        query: Query
        match kind:
            case "order":
                query = AskOrder(self._number, what)
            case "open":
                query = AskOpenOrders(self._number)
            case "position":
                query = AskPosition(self._number, self._coin)
            case _:
                if from_ms is None:
                    from_ms = max(0, self._complete_ms - OVERLAP_MS)
                    question.first_ms = now
                    question.pages = 0
                query = AskFills(self._number, from_ms, now)
        question.query = query
        question.sent_ms = now
        question.due_ms = now + READ_TIMEOUT_MS
        self._by_query[self._number] = question.key
        self._exchange.send(query)
