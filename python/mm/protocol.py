"""The words between a session and a venue: commands out, facts in. Plain data, and nothing that decides.

Prices and sizes are decimal text as on the wire, a side is the venue's letter ("B" or "A"), a time in
force its word ("Alo", "Gtc", "Ioc"), a time is milliseconds since 1970. A full client, a simulator
behind a socket and the in-process venue of the demo all speak these words, and no other.

Four rules hold for whoever carries them:

- A command is sent and not waited for. What became of it comes later as a fact, or never.
- A fact may come late, twice, out of order or not at all; a reader must bear all four.
- A read that failed is `ReadFailed`, never an empty answer.
- `NotSent` is said only of what certainly never left this machine. A doubt is silence.
"""

from dataclasses import dataclass

# --- orders ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One order to be placed, under a cloid that was never used before."""

    coin: str
    side: str
    px: str
    sz: str
    tif: str
    cloid: str
    reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Cancel `oid` and place `order`, a new leg under a fresh cloid; its `sz` is the new leg's size."""

    oid: int
    order: NewOrder


@dataclass(frozen=True, slots=True)
class Target:
    """What to cancel: by the venue's id, or by ours while the venue's is not known. One of them is given."""

    coin: str
    oid: int | None
    cloid: str | None


# --- commands: actions ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """`order`: place these. `nonce` executes at most once; after `expires_ms` the venue refuses it."""

    nonce: int
    expires_ms: int
    orders: tuple[NewOrder, ...]


@dataclass(frozen=True, slots=True)
class Modify:
    """`batchModify`, whose answer carries the new oids. Never sent with `a: true` (protocol 3.5)."""

    nonce: int
    expires_ms: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """`cancel` and `cancelByCloid`. All targets have an oid or none has: one action is one of the two.

    The venue is told no expiry of it (ADR 0011): `expires_ms` says how long its bytes are worth keeping.
    """

    nonce: int
    expires_ms: int
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Noop:
    """Spend the nonce of a request whose answer never came: then it executes never, or it already did."""

    nonce: int


@dataclass(frozen=True, slots=True)
class Resend:
    """Send the action of this nonce once more, byte for byte. It executes at most once all the same.

    Whoever no longer has the bytes (they were sent by an earlier process) says `NotSent`.
    """

    nonce: int


@dataclass(frozen=True, slots=True)
class ScheduleCancel:
    """The dead man's switch: cancel everything at `time_ms`; None takes it back."""

    nonce: int
    expires_ms: int
    time_ms: int | None


@dataclass(frozen=True, slots=True)
class UpdateLeverage:
    """Set a coin's leverage and margin mode."""

    nonce: int
    expires_ms: int
    coin: str
    leverage: int
    is_cross: bool


# --- commands: queries; `query` is our number, and the reply carries it ----------------------------


@dataclass(frozen=True, slots=True)
class AskOrder:
    """`orderStatus`, by oid or by cloid."""

    query: int
    key: int | str


@dataclass(frozen=True, slots=True)
class AskOpenOrders:
    """`openOrders`: the whole list of one perpetual dex; the default one ("") includes spot."""

    query: int
    dex: str = ""


@dataclass(frozen=True, slots=True)
class AskFills:
    """`userFillsByTime`: oldest first, both ends included, at most a page (2,000 rows). Never aggregated."""

    query: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class AskPosition:
    """`clearinghouseState`, or `spotClearinghouseState` for a spot coin: the venue's own position."""

    query: int
    coin: str


@dataclass(frozen=True, slots=True)
class AskRateLimit:
    """`userRateLimit`: the address's budget of actions."""

    query: int


@dataclass(frozen=True, slots=True)
class AskInfo:
    """Any other `/info` request, as JSON bytes; its reply is the body as it came."""

    query: int
    body: bytes


Action = Place | Modify | Cancel | Noop | Resend | ScheduleCancel | UpdateLeverage
Query = AskOrder | AskOpenOrders | AskFills | AskPosition | AskRateLimit | AskInfo
Command = Action | Query


# --- facts: what became of an action ---------------------------------------------------------------


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
    """ "success" of a cancel, "default" of a noop and of every action without statuses."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """ "waitingForFill" or "waitingForTrigger": accepted, without an oid yet."""


@dataclass(frozen=True, slots=True)
class ItemError:
    """`{"error": text}` for this item, or for all of a batch that failed before it ran."""

    text: str


@dataclass(frozen=True, slots=True)
class ActionError:
    """`status: "err"`: the whole action, with its text."""

    text: str


@dataclass(frozen=True, slots=True)
class Garbled:
    """Something came back that is no answer (a proxy's page, half a body). It proves nothing."""

    text: str


Outcome = Resting | Filled | Done | Waiting | ItemError | ActionError | Garbled


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the action with this nonce.

    One outcome an item, by position; an error of the whole action, or a body that cannot be read, is one
    outcome that stands for all. `to_noop`: it answers the noop that spent the nonce, not the action.
    """

    nonce: int
    outcomes: tuple[Outcome, ...]
    to_noop: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """What was to go out under this nonce certainly never left this machine: safe to repeat.

    It speaks of the command that it answers alone: that a `Noop` or a `Resend` did not leave says nothing
    of the action itself.
    """

    nonce: int
    why: str


# --- facts: the streams and the connection ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a user stream, byte for byte (`userFills`, `user`, `orderUpdates`)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BookTop:
    """The best levels of the public book, best first, as (price, size)."""

    coin: str
    time: int
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Market:
    """A public event, decoded: a `BookTop`, or what `mm._core.wire` makes of the venue's frames."""

    event: object


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Connected, and `orderUpdates` and `userFills` are both acknowledged. `epoch` rises with every connection."""

    epoch: int


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The connection broke: streams are silent, answers on the way may be lost."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """A stream says nothing though it should: of one coin, or of the account where `coin` is None."""

    stream: str
    coin: str | None
    age_ms: int


@dataclass(frozen=True, slots=True)
class Fresh:
    """The stream that was `Stale` speaks again."""

    stream: str
    coin: str | None


@dataclass(frozen=True, slots=True)
class Warned:
    """The link noticed something that somebody should see to: a clock that is off, a budget that runs low."""

    what: str
    text: str


# --- facts: replies to queries ----------------------------------------------------------------------


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
    reduce_only: bool = False
    """Its `sz` shrinks with the position: `orig_sz` less `sz` is not what it executed (protocol 0.6)."""


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
    """The answer to `AskFills`: the page as JSON bytes, its number of rows and the last row's time.

    `full`: there may be more, and the next page begins at `last_ms` once more (overlap, not a gap).
    """

    query: int
    page: bytes
    rows: int
    last_ms: int
    full: bool


@dataclass(frozen=True, slots=True)
class PositionReply:
    """The answer to `AskPosition`, as of the venue's own time."""

    query: int
    coin: str
    szi: str
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class RateLimitReply:
    """The answer to `AskRateLimit`: requests used and allowed so far, and what was bought beside them."""

    query: int
    used: int
    cap: int
    surplus: int
    volume: str


@dataclass(frozen=True, slots=True)
class InfoReply:
    """The answer to `AskInfo`: the body, byte for byte."""

    query: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ReadFailed:
    """The query failed, or did not leave. Nothing follows from it but that it must be asked again."""

    query: int
    why: str


Reply = OrderReply | OpenOrdersReply | FillsReply | PositionReply | RateLimitReply | InfoReply | ReadFailed
Fact = Answer | NotSent | Frame | Market | LinkUp | LinkDown | Stale | Fresh | Warned | Reply
