"""Questions to the venue: each is asked until it is answered, with a pause that grows and has a bound.

A read that fails or is not answered is asked again; a failed read never looks like an empty one. The
same question is never on its way twice. What the answers say is told to the engine here.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mm._core import Effect, Engine, Order
from mm.errors import UsageError
from mm.protocol import (
    AskFills,
    AskInfo,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    AskRateLimit,
    FillsReply,
    InfoReply,
    OpenOrdersReply,
    OrderReply,
    OrderRow,
    PositionReply,
    Query,
    RateLimitReply,
    ReadFailed,
    Reply,
)
from mm.session.core import Core, dex_of
from mm.session.events import Escalated

MAX_PAGES = 500
DOUBLINGS = 8
SLOWER = 2
LATER_MOST = 1_000

Key = tuple[str, int | str]
FILLS: Key = ("fills", 0)
RATE: Key = ("rate", 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """One time that a question left."""

    key: Key
    query: Query
    sent_ms: int
    began_ms: int
    """For fills: when the read through all pages began. A read is complete up to then, and no later."""


@dataclass(slots=True)
class Question:
    """A question that has no answer yet."""

    key: Key
    first_ms: int
    due_ms: int
    """When it is asked again: after a time-out, or after the pause that follows a failure."""
    asked: Asked | None = None
    """The latest time; None where it failed."""
    began_ms: int = 0
    tries: int = 1
    page_ms: int | None = None
    """For fills: where the page begins that is asked for; None before the first."""
    pages: int = 0
    rerun: bool = False
    told: bool = False


@dataclass(slots=True)
class Later:
    """A question whose answer raised it again."""

    due_ms: int | None
    """When it is asked again; None while it is."""
    tries: int


class Reads:
    """All open questions."""

    def __init__(self, core: Core) -> None:
        self.on_missing: list[Callable[[int | str, int], None]] = []
        """Each is told of every `unknownOid`: its key, and when the question left."""
        self.on_position: Callable[[str, bool], None] = lambda _coin, _agrees: None
        """Told of every position that was compared, and whether it agrees."""
        self.on_list: list[Callable[[str, tuple[OrderRow, ...], int], None]] = []
        """Each is told of every complete list of open orders: its dex, its rows, and when it was asked for."""
        self.on_status: list[Callable[[OrderRow], None]] = []
        """Each is told of every order that `orderStatus` knows."""
        self.scanned_ms: dict[str, int] = {}
        """When the latest complete list of open orders was asked for, by dex."""
        self.listed: set[int] = set()
        """The oids of the latest complete lists."""
        self.complete_ms = self._proven(core)
        """Up to here all fills were read, in this life or an earlier one."""
        self.fills_began_ms = -1
        """When the latest complete read of fills began."""
        self._core = core
        self._open: dict[Key, Question] = {}
        self._asked: dict[int, Asked] = {}
        self._later: OrderedDict[Key, Later] = OrderedDict()
        self._telling: dict[int | str, int] = {}
        """The names of the order whose status is being told, and how often that raised its question again."""
        self._number = 0
        self._gaps = False
        self._back_ms = 0

    @staticmethod
    def _proven(core: Core) -> int:
        told = core.engine.last("on_fills_complete")
        if told is not None:
            return int(told.args[1])
        proven = [until for coin in core.coins() if (until := core.engine.view.proven_until(coin)) is not None]
        return min(proven, default=max(0, core.now_ms - core.rules.lookback_ms))

    @property
    def busy(self) -> bool:
        """Whether anything is still unanswered, but for plain `/info` requests of the user's."""
        return bool(self._open)

    def waits_for(self, *kinds: str) -> bool:
        """Whether a question of one of these kinds is still unanswered: "order", "open", "fills", "position"."""
        return any(kind in kinds for kind, _ in self._open)

    def unanswered(self, keys: Iterable[Key]) -> bool:
        """Whether one of these questions is still unanswered."""
        return any(key in self._open for key in keys)

    def next_deadline(self) -> int | None:
        """When the next question is due to be asked again."""
        due = [question.due_ms for question in self._open.values()]
        due += [later.due_ms for later in self._later.values() if later.due_ms is not None]
        return min(due, default=None)

    # --- what may be asked --------------------------------------------------------------------------

    def order(self, key: int | str) -> None:
        """Ask for one order's status, by oid or cloid: later, and ever more slowly, where its own answer raises the question
        (a status that is a word not known here): another answer would do the same at once.
        """
        tries = self._telling.get(key)
        if tries is None:
            self._ask(("order", key))
            return
        rules = self._core.rules
        pause = min(rules.gap_ms << min(tries, DOUBLINGS), rules.gap_max_ms)
        self._later["order", key] = Later(self._core.now_ms + pause, tries + 1)
        if len(self._later) > LATER_MOST:
            self._later.popitem(last=False)

    def open_orders(self, dexes: Iterable[str]) -> None:
        """Ask for all open orders of these dexes."""
        for dex in dexes:
            self._ask(("open", dex))

    def fills(self, *, gaps: bool = False, back_ms: int = 0) -> None:
        """Ask for all fills since the last complete read, page by page; only so may the engine be told that all fills
        up to now were read.

        `gaps`: from the oldest gap of a coin of ours on, for what lies before the last read may have been told too late for it (X9).
        `back_ms`: from so much earlier on.
        """
        self._gaps |= gaps
        self._back_ms = max(self._back_ms, back_ms)
        question = self._open.get(FILLS)
        if question is None:
            self._ask(FILLS)
        elif question.began_ms < self._core.now_ms or gaps or back_ms:
            question.rerun = True  # the answer on its way may be too old for whoever asks now

    def legs(self, order: Order) -> None:
        """Ask for every leg of an order, by all its names."""
        for leg in order.legs:
            for key in (leg.oid, leg.cloid):
                if key is not None:
                    self.order(key)

    def position(self, coin: str) -> None:
        """Ask for the venue's own position."""
        self._ask(("position", coin))

    def rate_limit(self) -> None:
        """Ask for the address's budget of actions."""
        self._ask(RATE)

    def info(self, body: bytes) -> int:
        """Ask anything else, once: the reply, or its failure, is an event with this number."""
        self._number += 1
        self._core.ask(AskInfo(self._number, body))
        return self._number

    def forget(self) -> None:
        """Drop all questions: the connection that they were asked on is gone, and whoever needs them asks again.

        The budget is asked for by a caller who waits: that question is asked again.
        """
        budget = self._open.get(RATE)
        self._open.clear()
        self._asked.clear()
        for later in self._later.values():
            later.due_ms = self._core.now_ms + self._core.rules.gap_ms
        if budget is not None:
            budget.asked, budget.due_ms = None, self._core.now_ms
            self._open[RATE] = budget

    # --- time and answers ---------------------------------------------------------------------------

    def again(self) -> None:
        """Ask again what is overdue."""
        now = self._core.now_ms
        for key, later in self._later.items():
            if later.due_ms is not None and later.due_ms <= now:
                later.due_ms = None
                self._ask(key)
        for question in list(self._open.values()):
            if question.due_ms <= now:
                question.tries += 1
                if not question.told and now - question.first_ms >= self._core.rules.patience_ms:
                    question.told = True
                    kind, what = question.key
                    self._core.emit(Escalated(f"a read goes on without an answer: {kind} {what or ''}".rstrip()))
                self._send(question)

    def on_reply(self, reply: Reply) -> None:
        """Tell the engine what a reply says. Late is as good as in time; to a question that is closed it says nothing new."""
        if isinstance(reply, InfoReply):
            self._core.emit(reply)
            return
        asked = self._asked.pop(reply.query, None)
        question = None if asked is None else self._open.get(asked.key)
        if asked is None or question is None:
            if asked is None and isinstance(reply, ReadFailed):
                self._core.emit(reply)  # of a plain request, perhaps: nobody else waits for it
            return
        if isinstance(reply, ReadFailed):
            self._failed(question, asked)
        elif isinstance(reply, FillsReply):
            self._page(reply, question, asked)
        else:
            self._close(question)
            self._answered(reply, asked)

    def _failed(self, question: Question, asked: Asked) -> None:
        if question.asked is asked:
            rules = self._core.rules
            question.asked = None
            pause = rules.read_retry_ms << min(question.tries, DOUBLINGS)
            question.due_ms = self._core.now_ms + min(pause, rules.read_retry_max_ms)

    def _page(self, reply: FillsReply, question: Question, asked: Asked) -> None:
        """One page of fills. What it tells is true whenever it comes; it leads on only from where the read stands."""
        assert isinstance(asked.query, AskFills)
        if not self._process(reply):
            self._failed(question, asked)
        elif asked.query.start_ms != question.page_ms:
            pass  # an earlier page, once more: its fills are booked, and the read goes on where it stands
        elif not reply.full:
            self._close(question)
            self._complete(asked.began_ms, question.rerun)
        else:
            question.pages += 1
            start = reply.last_ms  # the last row's time again: overlap, not a gap
            if start <= asked.query.start_ms:
                # More fills in one millisecond than a page holds: what is skipped shows as a gap in the chain.
                self._core.surprise(f"a whole page of fills has the time {start}")
                start = asked.query.start_ms + 1
            if question.pages == MAX_PAGES:
                self._core.emit(Escalated(f"fills: {MAX_PAGES} pages and no end"))
            question.page_ms = start
            self._send(question)

    def _close(self, question: Question) -> None:
        del self._open[question.key]
        for number in [number for number, asked in self._asked.items() if asked.key == question.key]:
            del self._asked[number]

    def _answered(self, reply: Reply, asked: Asked) -> None:
        core = self._core
        if isinstance(reply, OrderReply):
            if reply.row is None:
                self._later.pop(asked.key, None)
                for on_missing in self.on_missing:
                    on_missing(asked.key[1], asked.sent_ms)
            else:
                self._status(reply.row)
                for on_status in self.on_status:
                    on_status(reply.row)
        elif isinstance(reply, OpenOrdersReply):
            self._list(reply, str(asked.key[1]), asked.sent_ms)
        elif isinstance(reply, PositionReply):
            core.saw(reply.as_of_ms)
            effects = core.fact(Engine.on_position, reply.coin, reply.szi, reply.as_of_ms, now_ms=core.now_ms)
            agrees = effects is not None and not any(isinstance(e, Effect.PositionDiffers) for e in effects)
            self.on_position(reply.coin, agrees)
        elif isinstance(reply, RateLimitReply):
            core.emit(reply)

    def _process(self, reply: FillsReply) -> bool:
        """Book a page; False if it is not one, which is as good as a failed read."""
        core = self._core
        core.meet(reply.page)
        try:
            report = core.engine.tell(Engine.process_fills, reply.page, core.now_ms)
        except UsageError as error:
            core.surprise(f"a page of fills that cannot be read: {error}")
            return False
        core.absorb(report.effects)
        return True

    def _complete(self, began_ms: int, rerun: bool) -> None:
        """All pages are in. Complete only up to the moment of asking, and less what clocks and reads may lag."""
        core = self._core
        until = began_ms - core.rules.settled_ms
        self.fills_began_ms = max(self.fills_began_ms, began_ms)
        self.complete_ms = max(self.complete_ms, until)
        view = core.engine.view
        for coin in view.coins():
            if all(gap.from_ms >= until for gap in view.gaps(coin)):
                core.fact(Engine.on_fills_complete, coin, until, core.now_ms)
        if rerun:
            self.fills()

    def _list(self, reply: OpenOrdersReply, dex: str, began_ms: int) -> None:
        core = self._core
        oids: dict[str, list[int]] = defaultdict(list)
        for row in reply.rows:
            oids[row.coin].append(row.oid)
            self._row(row)
        known = [coin for coin in core.coins() if dex_of(coin) == dex]
        for coin in dict.fromkeys((*known, *oids)):
            core.fact(Engine.on_open_orders, coin, oids[coin], began_ms, True, core.now_ms)
        self.scanned_ms[dex] = began_ms
        self.listed.update(row.oid for row in reply.rows)
        for on_list in self.on_list:
            on_list(dex, reply.rows, began_ms)

    def _status(self, row: OrderRow) -> None:
        names = [name for name in (row.oid, row.cloid) if name is not None]
        earlier = [later.tries for name in names if (later := self._later.pop(("order", name), None)) is not None]
        self._telling = dict.fromkeys(names, max(earlier, default=0))
        self._row(row)
        self._telling = {}

    def _row(self, row: OrderRow) -> None:
        now = self._core.now_ms
        words = (row.coin, row.side, row.oid, row.status, row.px, row.sz, row.orig_sz, row.time, row.cloid)
        self._core.fact(Engine.on_order_update, *words, row.reduce_only, now)

    def _first_page(self) -> int:
        """Where a read of fills begins, in ms."""
        view = self._core.engine.view
        start = self.complete_ms - self._back_ms
        if self._gaps:
            start = min([start, *(gap.from_ms for coin in self._core.own_coins() for gap in view.gaps(coin))])
        self._gaps, self._back_ms = False, 0
        return max(0, start - self._core.rules.overlap_ms)

    def _ask(self, key: Key) -> None:
        if key in self._open:
            return
        now = self._core.now_ms
        question = self._open[key] = Question(key, now, now)
        self._core.counts.asked += 1
        self._send(question)

    def _send(self, question: Question) -> None:
        self._number += 1
        now, rules = self._core.now_ms, self._core.rules
        kind, what = question.key
        query: Query
        match kind:
            case "order":
                query = AskOrder(self._number, what)
            case "open":
                query = AskOpenOrders(self._number, str(what))
            case "position":
                query = AskPosition(self._number, str(what))
            case "rate":
                query = AskRateLimit(self._number)
            case _:
                if question.page_ms is None:
                    question.page_ms = self._first_page()
                    question.began_ms = now
                query = AskFills(self._number, question.page_ms, now + rules.settled_ms)
        question.asked = self._asked[self._number] = Asked(question.key, query, now, question.began_ms or now)
        # Longer each time, for a venue that is slow is not helped by more questions.
        question.due_ms = now + (rules.read_ms << min(question.tries - 1, SLOWER))
        self._core.ask(query)
