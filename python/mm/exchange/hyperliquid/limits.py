"""What the venue allows in a minute, counted before anything is sent (protocol 1.4, 9). Pure: time comes in as ms.

Three budgets: the weight of requests of one IP address, the sockets of one IP address, the requests of one account.
Each is asked with a `Need`, which says how much the request matters:

- `PROTECT` (cancels, noops, copies of what was sent, orders that only reduce) is never refused (reliability I20).
  It is counted all the same, so that everything else makes room for it.
- `STATUS` (what became of our orders, fills, position) may use the reserve, but for the last of it: however much is asked,
  the venue must not refuse a cancel for it.
- `ORDINARY` (new quotes, changes, other reads) stops at the reserve.

What is counted in a minute is counted in any minute: windows slide, whatever moment the venue's own begin at.
The budgets of the IP address may be shared by links in several threads.
"""

from collections import OrderedDict
from collections.abc import Mapping
from enum import IntEnum
from threading import Lock

__all__ = ["AddressBudget", "IpBudget", "Limits", "Need", "SocketBudget", "Window", "action_weight", "query_weight"]

IP_WEIGHT = 1_200
"""Weight of an IP address in a minute, REST and WebSocket posts together (protocol 9.1)."""
IP_RESERVE = 360
"""30 % of it, kept for cancels and status (reliability X19)."""
IP_LAST = 120
"""Of it, what `PROTECT` alone may use: a hundred cancels a minute, whatever storm of questions goes on beside."""
NEW_CONNECTIONS = 30
CONNECTIONS = 8
"""Sockets at once. The newest documentation says 10, which others at this address may share (protocol 12)."""
SUBSCRIPTIONS = 1_000
MESSAGES = 2_000
MESSAGES_RESERVE = 600
POSTS = 100
POSTS_RESERVE = 30
SPAN_MS = 61_000
"""A minute and a second: what we send close together may arrive further apart."""
REFUSED_PAUSE_MS = 10_000
"""After a 429: somebody else spends our address's weight, and we cannot see how much."""
EXHAUSTED_EVERY_MS = 11_000
"""One request passes in this time when an account's budget is used up: 10 s documented, 11 s seen (protocol 9.2)."""

_LIGHT = frozenset(
    {"allMids", "clearinghouseState", "exchangeStatus", "l2Book", "orderStatus", "spotClearinghouseState"}
)
_ROWS: Mapping[str, tuple[int, int]] = {
    # Request type: rows that cost one more, and the most rows that an answer has.
    "candleSnapshot": (60, 5_000),
    "fundingHistory": (20, 500),
    "historicalOrders": (20, 2_000),
    "recentTrades": (20, 100),
    "userFills": (20, 2_000),
    "userFillsByTime": (20, 2_000),
    "userFunding": (20, 500),
    "userNonFundingLedgerUpdates": (20, 2_000),
    "userTwapSliceFills": (20, 2_000),
    "userTwapSliceFillsByTime": (20, 2_000),
}


def action_weight(items: int) -> int:
    """The IP weight of an action of so many orders, cancels or changes."""
    return 1 + items // 40


def query_weight(kind: str, rows: int | None = None) -> int:
    """The IP weight of an `/info` request by its type. `rows` of the answer; None: as many as there can be."""
    base = 2 if kind in _LIGHT else 60 if kind == "userRole" else 20
    if kind not in _ROWS:
        return base
    each, most = _ROWS[kind]
    return base + (most if rows is None else rows) // each


class Need(IntEnum):
    """How much a request matters: what is left to it when budgets run low."""

    ORDINARY = 0
    STATUS = 1
    PROTECT = 2


class Window:
    """How much was used in the last `span_ms`, for any end of that span."""

    def __init__(self, limit: int, span_ms: int = SPAN_MS) -> None:
        self.limit, self.span_ms = limit, span_ms
        # Whole numbers and nothing else: an object for each of up to 61,000 moments would be walked by the garbage
        # collector again and again, in the middle of an order.
        self._amounts: OrderedDict[int, int] = OrderedDict()
        self._newest = 0
        self._used = 0
        self._lock = Lock()

    def used(self, now_ms: int) -> int:
        """What counts at this time."""
        with self._lock:
            return self._now(now_ms)

    def room(self, now_ms: int) -> int:
        """What is left; negative where what may not be refused went over."""
        return self.limit - self.used(now_ms)

    def take(self, now_ms: int, amount: int, kept: int) -> int | None:
        """Counts `amount` if `kept` is left afterwards, and gives where it is counted; else None, and counts nothing."""
        with self._lock:
            if self._now(now_ms) + amount + kept > self.limit:
                return None
            return self._count(now_ms, amount)

    def add(self, now_ms: int, amount: int) -> int:
        """Counts `amount`, whatever is left, and gives where it is counted, which `give_back` takes."""
        with self._lock:
            self._now(now_ms)
            return self._count(now_ms, amount)

    def give_back(self, at: int, amount: int) -> None:
        """Counts less where it was counted; nothing, if that is past already."""
        with self._lock:
            if at in self._amounts:
                self._amounts[at] -= amount
                self._used -= amount

    def ready_in_ms(self, now_ms: int, amount: int) -> int:
        """How long until there is room for `amount`; more than the limit never has, and then it is a whole span."""
        with self._lock:
            missing = amount - self.limit + self._now(now_ms)
            if missing <= 0:
                return 0
            for at, freed in self._amounts.items():
                missing -= freed
                if missing <= 0:
                    return max(1, at + self.span_ms - now_ms)
            return self.span_ms

    def _now(self, now_ms: int) -> int:
        amounts, past = self._amounts, now_ms - self.span_ms
        while amounts and (at := next(iter(amounts))) <= past:
            self._used -= amounts.pop(at)
        return self._used

    def _count(self, now_ms: int, amount: int) -> int:
        # Never before the newest: the oldest is always the first.
        at = self._newest = max(now_ms, self._newest)
        self._amounts[at] = self._amounts.get(at, 0) + amount
        self._used += amount
        return at


class IpBudget:
    """The weight of all that goes out from this machine's address (protocol 9.1)."""

    def __init__(self, limit: int = IP_WEIGHT, reserve: int = IP_RESERVE, last: int = IP_LAST) -> None:
        self.reserve, self.last = reserve, last
        self.window = Window(limit)
        self._paused_until = -1

    def admit(self, now_ms: int, weight: int, need: Need) -> int | None:
        """Counts the weight and gives its entry; None: it may not go out now, and nothing was counted."""
        if need is Need.PROTECT:
            return self.window.add(now_ms, weight)
        if need is Need.STATUS:
            return self.window.take(now_ms, weight, self.last)
        return None if self.paused(now_ms) else self.window.take(now_ms, weight, self.reserve)

    def paused(self, now_ms: int) -> bool:
        """The venue said 429 a moment ago: what can wait, waits."""
        return now_ms < self._paused_until

    def ready_in_ms(self, now_ms: int, weight: int, need: Need) -> int:
        """How long until a request of this weight may go out."""
        if need is Need.PROTECT:
            return 0
        ordinary = need is Need.ORDINARY
        kept = self.reserve if ordinary else self.last
        pause = max(0, self._paused_until - now_ms) if ordinary else 0
        return max(pause, self.window.ready_in_ms(now_ms, weight + kept))

    def settle(self, entry: int, held: int, real: int) -> None:
        """The answer came: its rows cost `real` and not the `held` that was counted for the worst case."""
        self.window.give_back(entry, held - real)

    def refused(self, now_ms: int) -> None:
        """The venue said 429: nothing ordinary for a while."""
        self._paused_until = now_ms + REFUSED_PAUSE_MS


class SocketBudget:
    """Connections, messages, posts and subscriptions of this machine's address (protocol 1.4)."""

    def __init__(self, new_connections: int = NEW_CONNECTIONS, messages: int = MESSAGES) -> None:
        self._connects = Window(new_connections)
        self._messages = Window(messages)
        self._paused_until = -1
        self._lock = Lock()
        self.connections = 0
        self.posts = 0
        self.subscriptions = 0

    def connect_in_ms(self, now_ms: int) -> int:
        """How long until a connection may be opened; the caller then opens it with `opened`."""
        if self.connections >= CONNECTIONS:
            return 1_000
        return self._connects.ready_in_ms(now_ms, 1)

    def opened(self, now_ms: int) -> None:
        """A connection is being opened; counted whether it comes about or not."""
        self._connects.add(now_ms, 1)
        with self._lock:
            self.connections += 1

    def closed(self, posts: int, subscriptions: int) -> None:
        """A connection is gone, and with it these of its posts and subscriptions."""
        with self._lock:
            self.connections -= 1
            self.posts -= posts
            self.subscriptions -= subscriptions

    def message_in_ms(self, now_ms: int, need: Need) -> int:
        """How long until a message may be sent. Past the whole budget nothing may: the venue would close the socket."""
        if need is Need.PROTECT:
            return self._messages.ready_in_ms(now_ms, 1)
        kept = MESSAGES_RESERVE // (2 if need is Need.STATUS else 1)
        return max(self._paused_until - now_ms, self._messages.ready_in_ms(now_ms, 1 + kept), 0)

    def refused(self, now_ms: int) -> None:
        """The venue said that there were too many messages: somebody else sends, too. None that can wait for a while."""
        self._paused_until = now_ms + REFUSED_PAUSE_MS

    def sent(self, now_ms: int) -> None:
        """A message goes out."""
        self._messages.add(now_ms, 1)

    def admit_post(self, now_ms: int, need: Need) -> bool:
        """Counts one post in flight and its message. False: it must go by REST, or not at all."""
        protect = need is Need.PROTECT
        with self._lock:
            if self.posts + (0 if protect else POSTS_RESERVE) >= POSTS or (not protect and now_ms < self._paused_until):
                return False
            if self._messages.take(now_ms, 1, 0 if protect else MESSAGES_RESERVE) is None:
                return False
            self.posts += 1
            return True

    def post_done(self) -> None:
        """The post was answered, or is not waited for any more."""
        with self._lock:
            self.posts -= 1

    def admit_subscription(self) -> bool:
        """Counts one subscription; False: there are as many as may be."""
        with self._lock:
            if self.subscriptions >= SUBSCRIPTIONS:
                return False
            self.subscriptions += 1
            return True

    def subscription_undone(self) -> None:
        """The one that was counted did not come about."""
        with self._lock:
            self.subscriptions -= 1


class AddressBudget:
    """The requests of one account: one an order, cancel or change (protocol 9.2).

    The venue's count is the truth, read once a minute; between two readings we add what we send. What is refused as a
    whole costs nothing there and is counted here until the next reading: this errs on the careful side.
    """

    def __init__(self, reserve: int = 100) -> None:
        self.reserve = reserve
        self.used, self.cap = 0, 10_000
        self.sent = 0
        self._last_beyond = -EXHAUSTED_EVERY_MS

    @property
    def left(self) -> int:
        """Requests left to new orders; negative when used up."""
        return self.cap - self.used

    @property
    def left_to_cancels(self) -> int:
        """Requests left to cancels, whose limit is larger: min(cap + 100,000, 2 cap)."""
        return min(self.cap + 100_000, 2 * self.cap) - self.used

    def told(self, used: int, cap: int, sent_before: int) -> None:
        """The venue's count, asked for when `sent` was `sent_before`: what went out since comes on top."""
        self.used, self.cap = used + self.sent - sent_before, cap

    def admit(self, now_ms: int, items: int, need: Need) -> bool:
        """Counts the items. False: an ordinary action would touch the reserve, and nothing was counted.

        When the budget is used up a single item passes each eleven seconds, which is what the venue lets pass.
        """
        if need is not Need.PROTECT and self.left - items < self.reserve:
            if items != 1 or now_ms - self._last_beyond < EXHAUSTED_EVERY_MS:
                return False
            self._last_beyond = now_ms
        self.used += items
        self.sent += items
        return True

    def exhausted(self) -> None:
        """The venue refused for this budget: it is used up, whatever was counted here."""
        self.used = max(self.used, self.cap)

    def stale(self, items: int) -> None:
        """An action came too late (`expiresAfter`): it cost five times as much (protocol 2.7)."""
        self.used += 4 * items


class Limits:
    """The budgets of this machine's address. Links to the same venue from one process share one of these (`shared`)."""

    def __init__(self, ip: IpBudget | None = None, sockets: SocketBudget | None = None) -> None:
        self.ip = ip or IpBudget()
        self.sockets = sockets or SocketBudget()

    @classmethod
    def shared(cls, url: str) -> "Limits":
        """Those of this process at this venue. They outlive their links, for so does what the venue has counted."""
        with _SHARING:
            return _SHARED.setdefault(url, cls())


_SHARED: dict[str, Limits] = {}
_SHARING = Lock()
