"""What goes wrong on the wire: by name, by seed or on command, and countable afterwards.

Each fault has a name, a rate and its own source of chance, so that changing the rate of one leaves the story of the
others as it was. A fault on command strikes the next time that it can; it changes no chance either.

Names have two parts. The first says where: `exchange` and `info` are the HTTP requests, `post` is a request over the
WebSocket, `ws` is a WebSocket itself, the others are its messages by channel (`CHANNELS`). The second says what.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from random import Random

from mm.errors import BadInput

PER = 1_000_000
"""Rates are so many in a million."""
CHANNELS = ("ack", "market", "orderUpdates", "other", "pong", "reply", "userFills")
"""Messages of a WebSocket: acknowledgements, market data, order updates, everything else, pongs, answers to posts,
fills."""
CLOSE_CODES = (1000, 1001, 1008, 1011)


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fault does, and within which milliseconds where it takes time."""

    about: str
    low_ms: int = 0
    high_ms: int = 0


_REQUEST = {
    "lost": Fault("never reaches the venue, and no answer comes"),
    "late": Fault("reaches the venue late", 500, 4_000),
    "twice": Fault("reaches the venue twice; the first answer is given", 1, 500),
    "429": Fault("is refused with 429 and not executed"),
}
_HTTP = {
    **_REQUEST,
    "500": Fault("is refused with a 5xx and not executed"),
    "reset": Fault("meets a reset connection and is not executed"),
    "reply_lost": Fault("is executed, and no answer comes"),
    "reply_late": Fault("is executed and answered late", 500, 4_000),
    "reply_500": Fault("is executed and answered with a 5xx"),
    "reply_html": Fault("is executed and answered with 502 and a page"),
    "reply_page": Fault("is executed and answered with 200 and a page"),
    "reply_type": Fault("is executed and answered under a wrong content type"),
    "reply_empty": Fault("is executed and answered with an empty body"),
    "reply_truncated": Fault("is executed and answered with half the body, well-formed as HTTP"),
    "reply_corrupt": Fault("is executed and answered with a body that is no JSON"),
    "reply_cut": Fault("is executed; the connection breaks in the middle of the body"),
    "reply_reset": Fault("is executed; the connection is reset before the answer"),
    "reply_trickled": Fault("is executed and answered byte by byte", 5, 20),
}
_MESSAGE = {
    "lost": Fault("is not sent"),
    "late": Fault("is sent late, behind what followed it", 300, 3_000),
    "twice": Fault("is sent twice", 1, 2_000),
    "swapped": Fault("is sent after the one that follows it"),
    "truncated": Fault("is sent in half"),
    "corrupt": Fault("is sent as what is no JSON, or not even text"),
}
_SOCKET = {
    "refused": Fault("is refused with 502 when it is opened"),
    "abort": Fault("breaks without a closing frame (1006)"),
    "silent": Fault("stays open and says nothing more, though it still listens"),
    "dead": Fault("stays open, says nothing more and listens no more"),
    **{f"close_{code}": Fault(f"is closed with code {code}") for code in CLOSE_CODES},
}
CATALOGUE: dict[str, Fault] = {
    **{f"{path}.{kind}": fault for path in ("exchange", "info") for kind, fault in _HTTP.items()},
    "info.stale": Fault("is answered with what was answered the last time"),
    **{f"post.{kind}": fault for kind, fault in _REQUEST.items()},
    **{f"{channel}.{kind}": fault for channel in CHANNELS for kind, fault in _MESSAGE.items()},
    **{f"ws.{kind}": fault for kind, fault in _SOCKET.items()},
}
"""Every fault by its name."""


def known(name: str) -> str:
    """The name, if there is such a fault. Raises `BadInput`."""
    if name not in CATALOGUE:
        raise BadInput(f"there is no fault named {name!r}", field="fault", reason="unknown name")
    return name


def rate_of(text: str) -> int:
    """A rate such as `0.01` in millionths. Raises `BadInput` for what is no number between 0 and 1."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise BadInput(f"{text!r} is no rate", field="rate", reason="not a number") from None
    if not rate.is_finite() or not 0 <= rate <= 1:
        raise BadInput(f"the rate {text} is not between 0 and 1", field="rate", reason="out of range")
    return int(rate * PER)


class Faults:
    """Decides each time whether a fault happens, and counts."""

    def __init__(self, seed: int | str = 0, rates: Mapping[str, int] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        """How often each has happened."""
        self._chance = {name: Random(f"{seed}:{name}") for name in CATALOGUE}
        self._rates: dict[str, int] = {}
        self._ordered: dict[str, deque[int | None]] = {}
        for name, rate in (rates or {}).items():
            self.rate(name, rate)

    def rate(self, name: str, rate: int) -> None:
        """From now on it happens `rate` times in a million, by chance."""
        if not 0 <= rate <= PER:
            raise BadInput(f"the rate {rate} is not between 0 and {PER}", field="rate", reason="out of range")
        self._rates[known(name)] = rate

    def inject(self, name: str, times: int = 1, ms: int | None = None) -> None:
        """Let it happen the next `times` times that it can, and take `ms` where it takes time."""
        if not 1 <= times <= PER or (ms is not None and not 0 <= ms <= 600_000):
            raise BadInput("times or ms is out of range", field="times" if ms is None else "ms", reason="out of range")
        self._ordered.setdefault(known(name), deque()).extend([ms] * times)

    def heal(self) -> None:
        """No more faults, by chance or on command, until told otherwise."""
        self._rates.clear()
        self._ordered.clear()

    def count(self) -> Counter[str]:
        """How often each has happened."""
        return Counter(self.counts)

    def hit(self, name: str) -> int | None:
        """None if it does not happen now; else for how many milliseconds (0 where it takes no time)."""
        rate, ordered = self._rates.get(name, 0), self._ordered.get(name)
        if not rate and not ordered:
            return None
        fault, chance = CATALOGUE[name], self._chance[name]
        happens = chance.randrange(PER) < rate
        takes: int | None = chance.randint(fault.low_ms, fault.high_ms)
        if ordered:
            happens, ms = True, ordered.popleft()
            takes = takes if ms is None else ms
        if happens:
            self.counts[name] += 1
        return takes if happens else None

    def pick(self, name: str, *choices: int) -> int:
        """One of several ways in which a fault happens."""
        return self._chance[name].choice(choices)


def corrupted(data: bytes, mojibake: bool) -> bytes:
    """The same bytes, broken so that no reader can take them for JSON; with `mojibake` not even for text."""
    head, colon, tail = data.partition(b":")
    return (head + colon if colon else data) + (b"\xff\xfe" if mojibake else b"]\x00") + tail


def channel_of(frame: bytes) -> str:
    """Where a message belongs among `CHANNELS`."""
    head, _, rest = frame[:64].partition(b'"channel":"')
    return CHANNEL_OF.get(rest.partition(b'"')[0] if head == b"{" else b"", "other")


CHANNEL_OF: dict[bytes, str] = {
    b"subscriptionResponse": "ack",
    b"pong": "pong",
    b"post": "reply",
    b"orderUpdates": "orderUpdates",
    b"userFills": "userFills",
    b"user": "userFills",
    **dict.fromkeys((b"bbo", b"l2Book", b"trades", b"activeAssetCtx", b"allMids", b"candle"), "market"),
}
