"""What a session tells whoever runs it, beside the engine's own effects: plain data, in the order it happened."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from mm._core import Effect
from mm.protocol import InfoReply, Market, RateLimitReply, ReadFailed, Warned


class How(Enum):
    """What an answer, or its absence, says of one item of a request."""

    TAKEN = "taken"
    """The venue did it. How much of it executed is the engine's to say."""
    REFUSED = "refused"
    """The venue said no, in words that are known: certainly not done."""
    NOT_SENT = "not sent"
    """It never left this machine: certainly not done."""
    UNKNOWN = "unknown"
    """No answer, or none that tells. The session goes on until there is evidence."""
    VOID = "void"
    """After that: it never executed and never will."""
    FOUND = "found"
    """After that: the venue has it, as evidence says."""


@dataclass(frozen=True, slots=True)
class Fate:
    """News of one item of a request. An item may have several: unknown first, then found or void."""

    kind: str
    """`place`, `modify`, `cancel`, or the name of an action without items."""
    nonce: int
    name: str
    """The order: its first cloid. Empty for an action without items."""
    cloid: str
    """The leg that the request makes, or cancels; empty where it has none."""
    how: How
    text: str = ""
    """The venue's words, or why it was not sent."""
    wanted: Decimal | None = None
    """For a modify: the total that was wanted over the order's life."""


class Phase(Enum):
    """Where the catch-up is. The steps follow each other in this order."""

    DOWN = "down"
    SNAPSHOT = "snapshot"
    FILLS = "fills"
    ORDERS = "orders"
    STATUSES = "statuses"
    POSITIONS = "positions"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class GateMoved:
    """The gate: what the catch-up is doing now. Orders are placed when it is `READY`, and then only."""

    phase: Phase
    why: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Quoting of this coin is closed for this reason; None: of every coin."""

    coin: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Released:
    """This reason is over."""

    coin: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Escalated:
    """Something goes on longer than it should. It is not given up; somebody should see to it."""

    what: str
    coin: str | None = None


@dataclass(frozen=True, slots=True)
class Surprised:
    """Something came that should not, or could not be understood. It changed nothing and held up nothing."""

    what: str
    coin: str | None = None


News = Fate | GateMoved | Held | Released | Escalated | Surprised
Event = Effect | News | Market | Warned | RateLimitReply | InfoReply | ReadFailed
