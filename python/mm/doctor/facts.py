"""What was read, as it was read: answers of the venue undecoded, and why the others are missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Unread:
    """In the place of an answer that did not come, or came as something that is no JSON. `why` is a short clause."""

    why: str


NOT_ASKED = Unread("it was not asked for")
LIMITED = "too many requests from here (HTTP 429)"
"""Why nothing more is asked: every further request would only be refused, and a maker's on this address with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the operator said. Addresses are in lower case, or the empty text where none was given."""

    url: str
    account: str = ""
    """The account that is to trade: a master's, a sub-account's or a vault's."""
    agent: str = ""
    """The address of the key that is to sign."""
    key_source: str = ""
    """Where that key comes from, such as `env:MM_AGENT_KEY`; never the key."""
    key_trouble: str = ""
    """Why the address of the key could not be had from there."""
    coins: tuple[str, ...] = ()
    rate: Decimal = Decimal(1)
    """Actions per second that the maker is expected to send."""
    allow_master_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The connection: the first thing that can be wrong."""

    connect_ms: int
    is_loopback: bool
    tls: str = ""
    """`TLSv1.3` and its like; empty where the connection is plain."""
    certificate_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the venue's clock: our clock when it was asked, the time until the answer was in, and the answer."""

    sent_ms: int
    round_trip_ms: int
    answer: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What one stream of one coin gave in the time that it was watched."""

    kind: str
    """`bbo`, `l2Book fast`, `l2Book`, `trades` or `activeAssetCtx`."""
    coin: str
    is_acknowledged: bool = False
    frames: int = 0
    median_gap_ms: int | None = None
    """Between frames; None below two of them."""
    median_lag_ms: int | None = None
    """Our clock at arrival less the venue's time in the frame (so it carries the clocks' difference); None if untold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The market data, watched for some seconds."""

    watched_ms: int
    streams: tuple[Stream, ...] = ()
    errors: tuple[str, ...] = ()
    """Texts of the venue's `error` frames, and of closes that we did not ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDir:
    """The directory that a run would write into, or what already is there."""

    path: str
    exists: bool
    is_directory: bool = False
    is_ours: bool = False
    is_writable: bool = False
    mode: int = 0
    """Permission bits."""
    free_bytes: int = 0
    filesystem: str = ""
    """Its type, as the system names it; empty where the system does not tell."""
    loose: tuple[str, ...] = ()
    """Files in it that others may read or write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the findings are made of."""

    wanted: Wanted
    now_ms: int
    door: Door | Unread = NOT_ASKED
    samples: tuple[Sample, ...] = ()
    answers: Mapping[str, object] = field(default_factory=dict)
    """By the key that `facts.key` makes; JSON as Python holds it, or `Unread`."""
    feed: Feed | Unread | None = None
    """None where no coin was named, so that there was nothing to watch."""
    run_dir: RunDir | Unread | None = None
    weight: int = 0
    """IP weight that the reading cost."""

    def answer(self, kind: str, about: str = "") -> object:
        """The answer to a request about a user or a dex; `NOT_ASKED` if there was none."""
        return self.answers.get(key(kind, about), NOT_ASKED)


def key(kind: str, about: str = "") -> str:
    """The name under which an answer is kept: `userRole 0x…`, `meta xyz`."""
    return f"{kind} {about}" if about else kind


def dex_of(coin: str) -> str:
    """The builder's dex of a perp (`xyz` of `xyz:GOLD`), or the empty text: the main dex, or spot."""
    dex, colon, _ = coin.partition(":")
    return dex if colon else ""


def dexes_of(coins: Iterable[str], listing: object) -> set[str]:
    """The builders' dexes of these coins, without those that the venue's list (`perpDexs`) certainly does not have."""
    wanted = {dex_of(coin) for coin in coins} - {""}
    if not isinstance(listing, list):
        return wanted
    return wanted & {row.get("name") for row in listing if isinstance(row, dict)}


def is_spot(coin: str) -> bool:
    """Whether the coin is a spot pair: `PURR/USDC`, or `@107` (protocol 6.3)."""
    return coin.startswith("@") or "/" in coin
