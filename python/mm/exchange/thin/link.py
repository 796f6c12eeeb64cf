"""The in-process venue as an `Exchange`: virtual time, latency, and everything that goes wrong between.

One heap of (time, sequence, what): requests on their way, blocks, reads, facts on their way back.
`receive` lets time pass until the next fact arrives; nothing sleeps and nothing looks at a clock, so
one seed tells one story.
"""

from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random

from mm.exchange.thin.book import Resting
from mm.exchange.thin.crowd import Crowd
from mm.exchange.thin.faults import Faults
from mm.exchange.thin.venue import BAND, RATE_LIMITED, STRANGE, Venue
from mm.exchange.thin.wire import fills_frame, packed, updates_frame
from mm.protocol import (
    Action,
    Answer,
    AskFills,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    AskRateLimit,
    BookTop,
    Command,
    Fact,
    FillsReply,
    Frame,
    Garbled,
    LinkDown,
    LinkUp,
    Market,
    Modify,
    Noop,
    NotSent,
    OpenOrdersReply,
    OrderReply,
    OrderRow,
    Outcome,
    Place,
    PositionReply,
    Query,
    RateLimitReply,
    ReadFailed,
    Reply,
    Resend,
)

COIN = "SIM"
SZ_DECIMALS = 2
PAGE = 2_000
SNAPSHOT = 2_000
DEPTH = 5
START_MS = 1_790_000_000_000
FIRST_OID = 41_547_028_680


@dataclass(frozen=True, slots=True)
class _Arriving:
    """An action reaches the venue and waits for its block."""

    action: Action
    epoch: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """A query reaches the venue."""

    query: Query
    epoch: int


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A fact reaches us, if the connection that it was sent on still stands."""

    fact: Fact
    epoch: int


_What = _Arriving | _Reading | _Arrived | None
"""What is due; None is a block."""


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
        self._heap: list[tuple[int, int, _What]] = []
        self._sequence = 0
        self._epoch = 0
        self._connected = False
        self._moods: dict[int, str | None] = {}
        self._mempool: list[tuple[str, Action, int]] = []
        self._top: BookTop | None = None
        self._bytes: dict[int, Action] = {}
        """What was sent under each nonce, for whoever wants it sent once more."""
        self._at(START_MS + 100, None)

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
        delay = self._ms(30, 150)
        self._deliver(delay, Frame(fills_frame(self.user, rows[::-1], snapshot=True)))
        self._deliver(delay, LinkUp(self._epoch))

    def send(self, command: Command) -> None:
        """Send and return at once; faults may keep it from arriving, delay it or double it."""
        if isinstance(command, Query):
            self._at(self._now + self._ms(30, 120), _Reading(command, self._epoch))
            return
        self.sent += 1
        if isinstance(command, Resend):
            again = self._bytes.get(command.nonce)
            if again is None:
                self._deliver(1, NotSent(command.nonce, "its bytes are not held here"))
                return
            command = again
        elif not isinstance(command, Noop):
            self._bytes[command.nonce] = command
        if self.faults.hit("request lost"):
            return
        delay = self._ms(40, 160)
        if self.faults.hit("request late"):
            delay += self.faults.between("request late", 1_500, 7_000)
        self._at(self._now + delay, _Arriving(command, self._epoch))
        if self.faults.hit("request twice"):
            later = delay + self.faults.between("request twice", 1, 2_000)
            self._at(self._now + later, _Arriving(command, self._epoch))

    def receive(self, until_ms: int) -> Fact | None:
        """Let time pass until a fact arrives or `until_ms` has come."""
        while self._heap and self._heap[0][0] <= until_ms:
            time, _, what = heappop(self._heap)
            self._now = max(self._now, time)
            match what:
                case _Arriving(action, epoch):
                    self._mempool.append((self.user, action, epoch))
                case _Reading(query, epoch):
                    self._read(query, epoch)
                case _Arrived(fact, epoch):
                    if epoch == self._epoch:
                        return fact
                case None:
                    self._block()
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
        for (_, action, epoch), told in zip(ours, outcomes, strict=False):
            self._answer(action, epoch, told)
        self._push()
        self._show_book(time)
        if self._connected and self.faults.hit("link cut"):
            self.cut()
            self._deliver(1, LinkDown("cut"))
        self._at(time + self._blocks.randint(70, 200), None)

    def _answer(self, action: Action, epoch: int, outcomes: tuple[Outcome, ...]) -> None:
        if epoch != self._epoch or self.faults.hit("answer lost"):
            return
        if self.faults.hit("answer garbled"):
            outcomes = (Garbled("<html><head><title>502 Bad Gateway</title></head></html>"),)
        answer = Answer(action.nonce, outcomes, isinstance(action, Noop))
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
            self._deliver(self._ms(20, 60), Market(top))

    def _mood(self, action: Action) -> str | None:
        """A refusal that the order did not deserve: of our orders only, and the same for every copy of one."""
        if not isinstance(action, Place | Modify) or action.nonce < START_MS:
            return None
        if action.nonce not in self._moods:
            texts = {"price band": BAND, "rate limited": RATE_LIMITED, "strange words": STRANGE}
            hits = [text for name, text in texts.items() if self.faults.hit(name)]
            self._moods[action.nonce] = hits[0] if hits else None
        return self._moods[action.nonce]

    # --- reads ------------------------------------------------------------------------------------

    def _read(self, query: Query, epoch: int) -> None:
        if epoch != self._epoch or self.faults.hit("read lost"):
            return
        failed = self.faults.hit("read failed")
        reply = ReadFailed(query.query, "HTTP 429") if failed else self.reply(query)
        self._deliver(self._ms(30, 150), reply)

    def reply(self, query: Query) -> Reply:
        """What the venue says to a read at this moment."""
        if isinstance(query, AskOrder):
            order = self.venue.find(self.user, query.key)
            return OrderReply(query.query, None if order is None else self._row(order))
        if isinstance(query, AskOpenOrders):
            orders = [] if query.dex else self.venue.open_orders(self.user)
            return OpenOrdersReply(query.query, tuple(self._row(order) for order in orders))
        account = self.venue.account(self.user)
        if isinstance(query, AskFills):
            found = [fill for fill in account.fills if query.start_ms <= fill.time <= query.end_ms]
            page = [self.venue.rows.fill(fill) for fill in found[:PAGE]]
            last = found[len(page) - 1].time if page else query.end_ms
            return FillsReply(query.query, packed(page), len(page), last, len(found) > len(page))
        if isinstance(query, AskPosition):
            lots = account.lots if query.coin == COIN else 0
            return PositionReply(query.query, query.coin, self.venue.rows.sz(lots), self._now)
        if isinstance(query, AskRateLimit):
            return RateLimitReply(query.query, self.sent, 10_000, 0, "0.0")
        return ReadFailed(query.query, "not served by this venue")

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

    def _deliver(self, delay: int, fact: Fact) -> None:
        self._at(self._now + delay, _Arrived(fact, self._epoch))

    def _at(self, time: int, what: _What) -> None:
        self._sequence += 1
        heappush(self._heap, (time, self._sequence, what))
