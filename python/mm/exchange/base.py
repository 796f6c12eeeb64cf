"""What is sent to a venue and what comes back, in the venue's own words; and the `Exchange` protocol.

Commands and facts are plain data: prices and sizes are decimal text as on the wire, a side is the
venue's letter ("B" or "A"), a time in force its word ("Alo", "Gtc", "Ioc"). Nothing here decides
anything, and nothing here knows the engine: a full client, a simulator behind a socket and the
in-process venue of the demo all fit behind the same five lines at the end.

Three rules hold for whoever implements it:

- `send` never waits and never answers. What became of a command arrives later, or never, as a fact.
- A fact may come late, twice, out of order or not at all; a reader must bear all four.
- A read that failed is `ReadFailed`, never an empty answer.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Place one order. `nonce` is spent at most once; after `expires_ms` the venue refuses it."""

    nonce: int
    expires_ms: int
    coin: str
    side: str
    px: str
    sz: str
    tif: str
    cloid: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel by the venue's id, or by ours while the venue's is not known."""

    nonce: int
    expires_ms: int
    coin: str
    oid: int | None
    cloid: str | None


@dataclass(frozen=True, slots=True)
class Modify:
    """Cancel `oid` and place a new leg of size `sz` under the fresh `cloid`, in one action."""

    nonce: int
    expires_ms: int
    oid: int
    coin: str
    side: str
    px: str
    sz: str
    tif: str
    cloid: str


@dataclass(frozen=True, slots=True)
class Noop:
    """Spend the nonce of a request whose answer never came: then it executes never, or it already did."""

    nonce: int


@dataclass(frozen=True, slots=True)
class AskOrder:
    """Query `orderStatus`, by oid or by cloid."""

    query: int
    key: int | str


@dataclass(frozen=True, slots=True)
class AskOpenOrders:
    """Query `openOrders`: the whole list."""

    query: int


@dataclass(frozen=True, slots=True)
class AskFills:
    """Query `userFillsByTime`: oldest first, at most a page (2,000 rows)."""

    query: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class AskPosition:
    """Query `clearinghouseState`: the venue's own position, as of a time."""

    query: int
    coin: str


Action = Place | Cancel | Modify | Noop
Query = AskOrder | AskOpenOrders | AskFills | AskPosition
Command = Action | Query


@dataclass(frozen=True, slots=True)
class Resting:
    """On the book, nothing executed at placement."""

    oid: int


@dataclass(frozen=True, slots=True)
class Filled:
    """`total_sz` executed at once; it says nothing of the rest."""

    oid: int
    total_sz: str
    avg_px: str


@dataclass(frozen=True, slots=True)
class Done:
    """ "success" of a cancel, "default" of a noop."""


@dataclass(frozen=True, slots=True)
class ItemError:
    """`{"error": text}` for this item."""

    text: str


@dataclass(frozen=True, slots=True)
class ActionError:
    """`status: "err"`: the whole action, with its text."""

    text: str


@dataclass(frozen=True, slots=True)
class Garbled:
    """Something came back that is not an answer (a proxy's page, half a body). It proves nothing."""

    text: str


Outcome = Resting | Filled | Done | ItemError | ActionError | Garbled


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the action with this nonce. `to_noop`: to the noop that spent it, not to the action."""

    nonce: int
    outcome: Outcome
    to_noop: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a user stream, byte for byte (`userFills`, `orderUpdates`)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BookTop:
    """The best levels of the public book, best first, as (price, size)."""

    coin: str
    time: int
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The connection broke: streams are silent, answers on the way may be lost."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with its latest status, as `orderStatus` and `openOrders` tell it."""

    coin: str
    side: str
    px: str
    sz: str
    orig_sz: str
    oid: int
    cloid: str | None
    status: str
    time: int


@dataclass(frozen=True, slots=True)
class OrderReply:
    """The answer to `AskOrder`; no row means `unknownOid`."""

    query: int
    row: OrderRow | None


@dataclass(frozen=True, slots=True)
class OpenOrdersReply:
    """The answer to `AskOpenOrders`: complete, as of the moment it was read."""

    query: int
    rows: tuple[OrderRow, ...]


@dataclass(frozen=True, slots=True)
class FillsReply:
    """The answer to `AskFills`: the page as JSON bytes, its number of rows and the last row's time."""

    query: int
    page: bytes
    rows: int
    last_ms: int
    full: bool


@dataclass(frozen=True, slots=True)
class PositionReply:
    """The answer to `AskPosition`."""

    query: int
    coin: str
    szi: str
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class ReadFailed:
    """The query failed. Nothing follows from it but that it must be asked again."""

    query: int
    why: str


Reply = OrderReply | OpenOrdersReply | FillsReply | PositionReply | ReadFailed
Inbound = Answer | Frame | BookTop | LinkDown | Reply


class Exchange(Protocol):
    """A venue, as one account sees it."""

    @property
    def now_ms(self) -> int:
        """The time that facts and decisions are made in: virtual in a simulation."""

    def connect(self) -> None:
        """Open the streams. `userFills` begins with a snapshot; `orderUpdates` does not."""

    def send(self, command: Command) -> None:
        """Send and return at once."""

    def receive(self, until_ms: int) -> Inbound | None:
        """The next fact, or None when `until_ms` has come and nothing arrived."""
