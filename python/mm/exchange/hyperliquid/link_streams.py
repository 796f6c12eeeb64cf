"""Which streams a link has, which of them are acknowledged, and which have fallen silent. Pure: time comes in as ms.

Staleness is judged for each stream and coin (order-state I23): a socket that is alive says nothing of a feed that is not.
A subscription at which the venue closes the socket must not take the others down with it for ever. Whatever was not
acknowledged when the venue closed a socket gets a strike; from the second strike on its like are subscribed to one by
one, so that only the culprit goes on collecting, and at the fourth it is put aside: for seconds at first, as it may have
been chance, and for twice as long each time that it happens again.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mm._core.wire import subscription_key
from mm.protocol import Fresh, Stale

__all__ = ["Stream", "Streams"]

_STRIKES_ALONE = 2
_STRIKES_ASIDE = 4
_ASIDE_FIRST_MS = 5_000
_ASIDE_MOST_MS = 10 * 60_000
_USER = (("orderUpdates", True), ("userFills", True), ("userEvents", False))


@dataclass(slots=True, eq=False)
class Stream:
    """One subscription, and what came of it."""

    type: str
    coin: str | None
    body: str
    """The subscription object, as JSON."""
    needed: bool = False
    """The link is up only when it is acknowledged."""
    stale_ms: int | None = None
    """It never rests, and is stale when silent for so long."""

    key: str = field(init=False)
    """The subscription in canonical form, which acknowledgements are matched by."""
    asked_ms: int | None = None
    acked: bool = False
    last_ms: int = 0
    stale: bool = False
    """It was told to be stale on this connection."""
    stale_told: bool = False
    """It was told to be stale, on whichever connection, and not to be fresh since."""
    strikes: int = 0
    aside_until_ms: int = -1
    aside_times: int = 0

    def __post_init__(self) -> None:
        """Writes the key."""
        self.key = subscription_key(self.body)

    def message(self) -> bytes:
        """The request."""
        return b'{"method":"subscribe","subscription":%b}' % self.body.encode()


def _text(subscription: dict[str, object]) -> str:
    return json.dumps(subscription, separators=(",", ":"))


class Streams:
    """All of one link's."""

    def __init__(
        self, account: str, coins: tuple[str, ...], feeds: tuple[str, ...], stale_ms: Mapping[str, int]
    ) -> None:
        self.all = [Stream(kind, None, _text({"type": kind, "user": account}), needed=needed) for kind, needed in _USER]
        for coin in coins:
            for feed in feeds:
                fast = {"fast": True} if feed == "l2Book" else {}
                body = _text({"type": feed, "coin": coin, **fast})
                self.all.append(Stream(feed, coin, body, stale_ms=stale_ms.get(feed)))
        self._by_key = {stream.key: stream for stream in self.all}
        self._by_place = {(stream.type, stream.coin): stream for stream in self.all}

    def begin(self, now_ms: int) -> None:
        """A new connection: nothing is asked for yet, and each stream is judged anew (order-state I23)."""
        for stream in self.all:
            stream.asked_ms, stream.acked, stream.stale = None, False, False
            stream.last_ms = now_ms

    def to_ask(self, now_ms: int) -> Iterator[Stream]:
        """What to subscribe to next. The account's streams come first; suspects go alone, last."""
        waiting = [one for one in self.all if one.asked_ms is None and now_ms >= one.aside_until_ms]
        yield from (one for one in waiting if one.strikes < _STRIKES_ALONE)
        suspects = [one for one in waiting if one.strikes >= _STRIKES_ALONE]
        if suspects and all(one.acked for one in self.all if one.asked_ms is not None):
            yield suspects[0]

    def asked(self, stream: Stream, now_ms: int) -> None:
        """It was subscribed to."""
        stream.asked_ms = stream.last_ms = now_ms

    def ack(self, key: str, now_ms: int) -> Stream | None:
        """The venue acknowledged it; None if it is none of ours."""
        stream = self._by_key.get(key)
        if stream is None or stream.asked_ms is None:
            return None
        stream.acked, stream.strikes, stream.aside_times, stream.last_ms = True, 0, 0, now_ms
        return stream

    def refused(self, key: str | None, now_ms: int) -> Stream | None:
        """The venue said that there is no such subscription: it is put aside, unless the link cannot be without it."""
        stream = self._by_key.get(key) if key is not None else None
        if stream is not None and not stream.needed:
            self._put_aside(stream, now_ms)
        return stream

    def ended(self, now_ms: int, *, by_venue: bool) -> list[Stream]:
        """The connection is gone. Gives what is put aside from now on, as the likely reason why the venue closed it."""
        aside = []
        for stream in self.all:
            if by_venue and stream.asked_ms is not None and not stream.acked and not stream.needed:
                stream.strikes += 1
                if stream.strikes >= _STRIKES_ASIDE:
                    self._put_aside(stream, now_ms)
                    aside.append(stream)
            stream.asked_ms, stream.acked = None, False
        return aside

    def _put_aside(self, stream: Stream, now_ms: int) -> None:
        stream.asked_ms, stream.acked = None, False
        stream.aside_until_ms = now_ms + min(_ASIDE_FIRST_MS << min(stream.aside_times, 20), _ASIDE_MOST_MS)
        stream.aside_times += 1
        stream.strikes = _STRIKES_ASIDE - 1

    def unanswered_again(self, stream: Stream, now_ms: int) -> bool:
        """It was not acknowledged in time: whether that was once too often, and it is put aside."""
        stream.strikes += 1
        if stream.strikes < _STRIKES_ASIDE:
            return False
        self._put_aside(stream, now_ms)
        return True

    @property
    def begun(self) -> bool:
        """Something is acknowledged on this connection."""
        return any(one.acked for one in self.all)

    @property
    def up(self) -> bool:
        """What the link cannot be without is acknowledged."""
        return all(one.acked for one in self.all if one.needed)

    @property
    def complete(self) -> bool:
        """Everything that was asked for is acknowledged."""
        return self.up and all(one.acked for one in self.all if one.asked_ms is not None)

    @property
    def settled(self) -> bool:
        """All of them are asked for and acknowledged, and none is silent."""
        return all(one.acked and not one.stale for one in self.all)

    @property
    def stale_next_ms(self) -> float:
        """When the first of them is stale, if it stays silent."""
        return min((one.last_ms + one.stale_ms for one in self.all if one.stale_ms is not None), default=math.inf)

    @property
    def restless(self) -> bool:
        """Some stream that never rests is subscribed to: silence on the socket is then a failure."""
        return any(one.acked and one.stale_ms is not None for one in self.all)

    def overdue(self, now_ms: int, patience_ms: int) -> Stream | None:
        """Something that was not acknowledged in time."""
        for stream in self.all:
            if stream.asked_ms is not None and not stream.acked and now_ms - stream.asked_ms > patience_ms:
                return stream
        return None

    def heard(self, kind: str, coin: str | None, now_ms: int) -> Fresh | None:
        """A message of a stream came."""
        stream = self._by_place.get((kind, coin))
        if stream is None:
            return None
        stream.last_ms = now_ms
        if stream.asked_ms is not None:
            stream.acked = True  # It speaks, whatever became of the acknowledgement.
        if stream.stale_told:
            stream.stale = stream.stale_told = False
            return Fresh(stream.type, stream.coin)
        return None

    def fallen_silent(self, now_ms: int) -> list[Stale]:
        """Those that are stale since now, each told once."""
        found = []
        for stream in self.all:
            if stream.stale_ms is None or stream.stale or now_ms - stream.last_ms <= stream.stale_ms:
                continue
            stream.stale = stream.stale_told = True
            found.append(Stale(stream.type, stream.coin, now_ms - stream.last_ms))
        return found
