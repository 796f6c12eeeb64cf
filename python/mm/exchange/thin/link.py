"""The in-process venue as an `Exchange`: virtual time, latency, and everything that goes wrong between.

One heap of (time, sequence, what): requests on their way, blocks, reads, facts on their way back.
`receive` lets time pass until the next fact arrives; nothing sleeps and nothing looks at a clock, so
one seed tells one story.
"""

from heapq import heappop, heappush
from random import Random

from mm.exchange.base import (
    Action,
    Answer,
    AskFills,
    AskOpenOrders,
    AskOrder,
    BookTop,
    Cancel,
    Command,
    FillsReply,
    Frame,
    Garbled,
    Inbound,
    LinkDown,
    Modify,
    Noop,
    OpenOrdersReply,
    OrderReply,
    OrderRow,
    Outcome,
    Place,
    PositionReply,
    Query,
    ReadFailed,
    Reply,
)
from mm.exchange.thin.book import Resting
from mm.exchange.thin.crowd import Crowd
from mm.exchange.thin.faults import Faults
from mm.exchange.thin.venue import BAND, RATE_LIMITED, Venue
from mm.exchange.thin.wire import fills_frame, packed, updates_frame

COIN = "SIM"
SZ_DECIMALS = 2
PAGE = 2_000
SNAPSHOT = 2_000
DEPTH = 5
START_MS = 1_790_000_000_000
FIRST_OID = 41_547_028_680

_What = tuple[str, object]


class InProcessVenue:
    """One account's connection to a venue that lives in this process."""

    def __init__(self, seed: int, user: str, rates: dict[str, int] | None = None) -> None:
        self.user = user
        self.venue = Venue(COIN, SZ_DECIMALS, FIRST_OID)
        self.venue.watch(user)
        self.venue.refuse = self._mood
        self.crowd = Crowd(self.venue, f"{seed}:crowd")
        self.faults = Faults(f"{seed}:faults", rates)
        self.sent = 0
        self._latency = Random(f"{seed}:latency")
        self._blocks = Random(f"{seed}:blocks")
        self._now = START_MS
        self._heap: list[tuple[int, int, str, object]] = []
        self._sequence = 0
        self._epoch = 0
        self._connected = False
        self._mempool: list[tuple[str, Action, int]] = []
        self._top: BookTop | None = None
        self._at(START_MS + 100, "block", None)

    # --- the Exchange protocol ------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Virtual time."""
        return self._now

    def connect(self) -> None:
        """Open the streams anew; what was on its way over the old connection is lost."""
        self._epoch += 1
        self._connected = True
        self._top = None
        rows = [self.venue.rows.fill(fill) for fill in self.venue.account(self.user).fills[-SNAPSHOT:]]
        self._deliver(self._ms(30, 150), Frame(fills_frame(self.user, rows[::-1], snapshot=True)))

    def send(self, command: Command) -> None:
        """Send and return at once; faults may keep it from arriving, delay it or double it."""
        if isinstance(command, Query):
            self._at(self._now + self._ms(30, 120), "read", (command, self._epoch))
            return
        self.sent += 1
        if self.faults.hit("request lost"):
            return
        delay = self._ms(40, 160)
        if self.faults.hit("request late"):
            delay += self.faults.between("request late", 1_500, 7_000)
        self._at(self._now + delay, "arrive", (command, self._epoch))
        if self.faults.hit("request twice"):
            later = delay + self.faults.between("request twice", 1, 2_000)
            self._at(self._now + later, "arrive", (command, self._epoch))

    def receive(self, until_ms: int) -> Inbound | None:
        """Let time pass until a fact arrives or `until_ms` has come."""
        while self._heap and self._heap[0][0] <= until_ms:
            time, _, kind, what = heappop(self._heap)
            self._now = max(self._now, time)
            match kind, what:
                case "block", _:
                    self._block()
                case "arrive", (command, int(epoch)):
                    self._mempool.append((self.user, command, epoch))
                case "read", (query, int(epoch)):
                    self._read(query, epoch)
                case "deliver", (fact, int(epoch)) if epoch == self._epoch:
                    return fact  # type: ignore[no-any-return]
        self._now = max(self._now, until_ms)
        return None

    # --- for whoever runs the show, not for the maker ---------------------------------------------

    def cut(self) -> None:
        """Break the connection without a word, as a dying process does."""
        self._epoch += 1
        self._connected = False

    # --- blocks -----------------------------------------------------------------------------------

    def _block(self) -> None:
        time = self._now
        ours, self._mempool = self._mempool, []
        actions = [(user, action) for user, action, _ in ours] + self.crowd.actions()
        outcomes = self.venue.block(time, actions)
        for (_, action, epoch), outcome in zip(ours, outcomes, strict=False):
            self._answer(action, epoch, outcome)
        self._push()
        self._show_book(time)
        if self._connected and self.faults.hit("link cut"):
            self.cut()
            self._deliver(1, LinkDown())
        self._at(time + self._blocks.randint(70, 200), "block", None)

    def _answer(self, action: Action, epoch: int, outcome: Outcome) -> None:
        if epoch != self._epoch or self.faults.hit("answer lost"):
            return
        if self.faults.hit("answer garbled"):
            outcome = Garbled("<html><head><title>502 Bad Gateway</title></head></html>")
        answer = Answer(action.nonce, outcome, isinstance(action, Noop))
        delay = self._ms(30, 120)
        if self.faults.hit("answer late"):
            delay += self.faults.between("answer late", 1_000, 6_000)
        self._deliver(delay, answer)
        if self.faults.hit("answer twice"):
            self._deliver(delay + self.faults.between("answer twice", 1, 3_000), answer)

    def _push(self) -> None:
        pushes = self.venue.pushes(self.user)
        if not self._connected:
            return
        delay = self._ms(30, 150)
        behind = 0
        if pushes.fills and pushes.updates and self.faults.hit("streams swapped"):
            behind = self.faults.between("streams swapped", 20, 400)
        if pushes.fills:
            rows = [self.venue.rows.fill(fill) for fill in pushes.fills]
            self._stream("fills", fills_frame(self.user, rows), delay + behind)
        if pushes.updates:
            self._stream("updates", updates_frame(pushes.updates), delay + 1)

    def _stream(self, channel: str, frame: bytes, delay: int) -> None:
        if self.faults.hit(f"{channel} lost"):
            return
        if self.faults.hit(f"{channel} late"):
            delay += self.faults.between(f"{channel} late", 300, 5_000)
        self._deliver(delay, Frame(frame))
        if self.faults.hit(f"{channel} twice"):
            self._deliver(delay + self.faults.between(f"{channel} twice", 1, 4_000), Frame(frame))

    def _show_book(self, time: int) -> None:
        rows = self.venue.rows
        bids, asks = (
            tuple((rows.px(px), rows.sz(lots)) for px, lots in self.venue.book.levels(side, DEPTH))
            for side in (True, False)
        )
        top = BookTop(COIN, time, bids, asks)
        if self._connected and (self._top is None or (bids, asks) != (self._top.bids, self._top.asks)):
            self._top = top
            self._deliver(self._ms(20, 60), top)

    def _mood(self, action: Action) -> str | None:
        """The venue's refusals that no order deserved: only of our orders, for the crowd is no client."""
        if isinstance(action, Cancel) or not isinstance(action, Place | Modify) or action.tif != "Alo":
            return None
        if action.nonce < START_MS:
            return None
        if self.faults.hit("price band"):
            return BAND
        return RATE_LIMITED if self.faults.hit("rate limited") else None

    # --- reads ------------------------------------------------------------------------------------

    def _read(self, query: Query, epoch: int) -> None:
        if epoch != self._epoch or self.faults.hit("read lost"):
            return
        reply: Reply
        if self.faults.hit("read failed"):
            reply = ReadFailed(query.query, "HTTP 429")
        else:
            reply = self.reply(query)
        self._deliver(self._ms(30, 150), reply)

    def reply(self, query: Query) -> Reply:
        """What the venue says to a read at this moment."""
        if isinstance(query, AskOrder):
            order = self.venue.find(self.user, query.key)
            return OrderReply(query.query, None if order is None else self._row(order))
        if isinstance(query, AskOpenOrders):
            orders = self.venue.open_orders(self.user)
            return OpenOrdersReply(query.query, tuple(self._row(order) for order in orders))
        account = self.venue.account(self.user)
        if isinstance(query, AskFills):
            found = [fill for fill in account.fills if query.start_ms <= fill.time <= query.end_ms]
            page = [self.venue.rows.fill(fill) for fill in found[:PAGE]]
            last = found[len(page) - 1].time if page else query.end_ms
            return FillsReply(query.query, packed(page), len(page), last, len(found) > len(page))
        return PositionReply(query.query, COIN, self.venue.rows.sz(account.lots), self._now)

    def _row(self, order: Resting) -> OrderRow:
        rows = self.venue.rows
        return OrderRow(
            COIN,
            order.side,
            rows.px(order.px),
            rows.sz(order.left),
            rows.sz(order.size),
            order.oid,
            order.cloid,
            order.status,
            order.status_time,
        )

    # --- time -------------------------------------------------------------------------------------

    def _ms(self, low: int, high: int) -> int:
        return self._latency.randint(low, high)

    def _deliver(self, delay: int, fact: Inbound) -> None:
        self._at(self._now + delay, "deliver", (fact, self._epoch))

    def _at(self, time: int, kind: str, what: object) -> None:
        self._sequence += 1
        heappush(self._heap, (time, self._sequence, kind, what))
