"""What the venue says beside the user's own streams: markets, answers, the grid of prices and sizes."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import ClassVar, TypeAlias, final

from mm._core import Side

__all__ = [
    "Ack",
    "ActionError",
    "Asset",
    "AssetCtx",
    "Assets",
    "Bbo",
    "Book",
    "Broken",
    "Data",
    "Done",
    "Filled",
    "Garbled",
    "Greeting",
    "ItemError",
    "L2Book",
    "Level",
    "Mids",
    "Pong",
    "Post",
    "Resting",
    "StreamError",
    "Surfaced",
    "Trade",
    "Trades",
    "User",
    "Waiting",
    "decode",
    "from_float",
    "read_answer",
    "read_book",
    "read_trades",
    "subscription_key",
]

_Number: TypeAlias = str | int | Decimal
"""A price or a quantity coming in: plain decimal text, an int (whole units) or a Decimal. A float is refused."""

_Event: TypeAlias = (
    L2Book | Bbo | Trades | AssetCtx | Mids | User | Data | Post | Ack | StreamError | Pong | Greeting | Broken
)
"""Everything that `decode` gives."""

_Outcome: TypeAlias = Resting | Filled | Done | Waiting | ItemError | ActionError | Garbled
"""Everything that `read_answer` gives."""

def decode(frame: bytes) -> _Event:
    """Reads one WebSocket frame, whatever it is. Raises nothing for what the venue sent: what cannot be read is `Broken`, a
    record that cannot be read is surfaced beside its siblings, a channel that is not known is `Data`.
    """

@final
class Level:
    """One price on one side of the book: what rests there."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, px: _Number, sz: _Number, n: int = 1) -> Level: ...
    @property
    def px(self) -> Decimal:
        """The price."""
    @property
    def sz(self) -> Decimal:
        """The size that rests there, our own orders too."""
    @property
    def n(self) -> int:
        """How many orders it is made of."""

@final
class Surfaced:
    """A record that was not understood. Its siblings were read."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, index: int, why: str, record: bytes) -> Surfaced: ...
    @property
    def index(self) -> int:
        """Its place in its list; of a book the bids come first, then the asks."""
    @property
    def why(self) -> str:
        """What is wrong with it."""
    @property
    def record(self) -> bytes:
        """The record as it came."""

@final
class L2Book:
    """Both sides of a book as of block time `time`, best first. A side whose first level was not understood has no best."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(
        cls, coin: str, time: int, bids: list[Level] | tuple[Level, ...], asks: list[Level] | tuple[Level, ...]
    ) -> L2Book: ...
    @property
    def coin(self) -> str:
        """The market."""
    @property
    def time(self) -> int:
        """Block time in ms."""
    @property
    def bid(self) -> Level | None:
        """The best bid."""
    @property
    def ask(self) -> Level | None:
        """The best ask."""
    @property
    def bids(self) -> tuple[Level, ...]:
        """What is bid, highest price first."""
    @property
    def asks(self) -> tuple[Level, ...]:
        """What is asked, lowest price first."""
    @property
    def fast(self) -> bool:
        """A frame of the `fast` stream: five levels, often."""
    @property
    def spread(self) -> str | None:
        """The venue's own `spread`, as it wrote it: only on frames of aggregated books."""
    @property
    def surfaced(self) -> tuple[Surfaced, ...]:
        """The levels that were not understood; nearly always none."""

@final
class Bbo:
    """The best bid and the best ask as of block time `time`; `None` where a side is empty or was not understood."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, coin: str, time: int, bid: Level | None, ask: Level | None) -> Bbo: ...
    @property
    def coin(self) -> str:
        """The market."""
    @property
    def time(self) -> int:
        """Block time in ms."""
    @property
    def bid(self) -> Level | None:
        """The best bid."""
    @property
    def ask(self) -> Level | None:
        """The best ask."""
    @property
    def surfaced(self) -> tuple[Surfaced, ...]:
        """The sides that were not understood; nearly always none."""

@final
class Book:
    """What is known of one market's book: the newest of what `bbo` and `l2Book` told. An older time never replaces a newer
    one, and nothing crosses over from another coin. May be used from many threads.
    """

    def __new__(cls, coin: str) -> Book: ...
    def apply(self, event: L2Book | Bbo, received_ms: int) -> bool:
        """Takes an event that arrived at `received_ms` (our clock). False: it is older than what is known, and was dropped.
        Raises `BadInput` for an event of another coin.
        """
    @property
    def coin(self) -> str:
        """The market."""
    @property
    def bid(self) -> Level | None:
        """The best bid, by the newest event of either stream."""
    @property
    def ask(self) -> Level | None:
        """The best ask, by the newest event of either stream."""
    @property
    def mid(self) -> Decimal | None:
        """Half way between the two, exactly; `None` unless both are there."""
    @property
    def bids(self) -> tuple[Level, ...]:
        """The bids of the newest `l2Book`, highest first: as of `depth_time`, which may be before `time`."""
    @property
    def asks(self) -> tuple[Level, ...]:
        """The asks of the newest `l2Book`, lowest first."""
    @property
    def time(self) -> int | None:
        """Block time (ms) of the best bid and ask; `None` until something came."""
    @property
    def depth_time(self) -> int | None:
        """Block time (ms) of `bids` and `asks`."""
    @property
    def received_ms(self) -> int | None:
        """When the newest event arrived, by our clock."""
    @property
    def dropped(self) -> int:
        """How many events were older than what was known."""
    def age_ms(self, now_ms: int) -> int | None:
        """How long ago the newest event arrived; `None` until something came. Never negative."""
    def clear(self) -> None:
        """Forgets everything: after a reconnect, until the streams speak again."""

@final
class Trade:
    """One public trade."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(
        cls,
        coin: str,
        side: Side | str,
        px: _Number,
        sz: _Number,
        time: int,
        tid: int,
        tx_hash: str,
        buyer: str,
        seller: str,
    ) -> Trade: ...
    @property
    def coin(self) -> str:
        """The market."""
    @property
    def side(self) -> Side:
        """Who took: `Side.BUY` when the buyer did."""
    @property
    def px(self) -> Decimal:
        """The price."""
    @property
    def sz(self) -> Decimal:
        """The size."""
    @property
    def time(self) -> int:
        """Block time in ms."""
    @property
    def tid(self) -> int:
        """The trade's id: what tells a replayed one."""
    @property
    def tx_hash(self) -> str:
        """The transaction; all zeros for some. No identity."""
    @property
    def buyer(self) -> str:
        """The buyer's address; empty where not told."""
    @property
    def seller(self) -> str:
        """The seller's address; empty where not told."""

@final
class Trades:
    """Public trades, in the order in which they came. After each subscription the last thirty come again: go by `tid`."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, trades: list[Trade] | tuple[Trade, ...]) -> Trades: ...
    @property
    def trades(self) -> tuple[Trade, ...]:
        """The trades."""
    @property
    def surfaced(self) -> tuple[Surfaced, ...]:
        """The records that were not understood."""

@final
class AssetCtx:
    """`activeAssetCtx` or `activeSpotAssetCtx`: a market's prices and its day. What is not told is `None`."""

    @property
    def coin(self) -> str:
        """The market."""
    @property
    def spot(self) -> bool:
        """Whether it is a spot market."""
    @property
    def mark_px(self) -> Decimal | None:
        """The mark price."""
    @property
    def oracle_px(self) -> Decimal | None:
        """The oracle's price (perps)."""
    @property
    def mid_px(self) -> Decimal | None:
        """The mid; `None` while a side is empty."""
    @property
    def prev_day_px(self) -> Decimal | None:
        """The price a day ago."""
    @property
    def funding(self) -> Decimal | None:
        """The funding rate of this hour, as a fraction (perps)."""
    @property
    def premium(self) -> Decimal | None:
        """The premium over the oracle, as a fraction (perps)."""
    @property
    def open_interest(self) -> Decimal | None:
        """Open interest in base units (perps)."""
    @property
    def day_ntl_vlm(self) -> Decimal | None:
        """The last day's volume in the quote token. For show: the venue computes it in doubles."""
    @property
    def day_base_vlm(self) -> Decimal | None:
        """The last day's volume in base units."""
    @property
    def impact_pxs(self) -> tuple[Decimal, Decimal] | None:
        """Bid and ask for a sizeable order (perps)."""
    @property
    def circulating_supply(self) -> Decimal | None:
        """How many of the token there are (spot)."""
    @property
    def surfaced(self) -> tuple[Surfaced, ...]:
        """The values that were not understood."""

@final
class Mids:
    """`allMids`: the mid of each market of one dex. For show and for guards: of an empty book it is the last trade's price."""

    @property
    def dex(self) -> str:
        """The dex; empty for the main one."""
    def get(self, coin: str) -> Decimal | None:
        """The mid of a market; `None` if it is not there."""
    def as_dict(self) -> dict[str, Decimal]:
        """All of them."""
    def __len__(self) -> int: ...
    def __contains__(self, coin: str, /) -> bool: ...
    @property
    def surfaced(self) -> tuple[Surfaced, ...]:
        """The mids that were not understood."""

@final
class User:
    """A frame of `userFills`, `user` or `orderUpdates`. Nothing of it was read: hand its bytes to `Engine.process_ws`."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, channel: str) -> User: ...
    @property
    def channel(self) -> str:
        """The channel."""

@final
class Data:
    """A frame of any other channel. `data` is its JSON as it came, for the readers of `mm.wire`."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(
        cls, channel: str, data: bytes, user: str | None = None, dex: str | None = None, snapshot: bool = False
    ) -> Data: ...
    @property
    def channel(self) -> str:
        """The channel."""
    @property
    def data(self) -> bytes:
        """What the frame carries; empty if there is none."""
    @property
    def user(self) -> str | None:
        """The account, where the frame tells it, in lower case."""
    @property
    def dex(self) -> str | None:
        """The dex, where the frame tells it; empty for the main one."""
    @property
    def snapshot(self) -> bool:
        """`isSnapshot`: the answer to a subscription, not news."""
    @property
    def known(self) -> bool:
        """Whether the channel is one of those that were known when this was written."""

@final
class Post:
    """The answer to a `post` request of ours."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, post_id: int, kind: str, info_type: str | None, payload: bytes) -> Post: ...
    @property
    def post_id(self) -> int:
        """The number that the request had."""
    @property
    def kind(self) -> str:
        """`"action"`, `"info"`, `"error"`, or a word that is new; empty for a response of another form."""
    @property
    def info_type(self) -> str | None:
        """Of an `info`: the type that was asked for, where it is told."""
    @property
    def payload(self) -> bytes:
        """JSON: the body that `/exchange` or `/info` would have answered; of an error its text, in quotes; else the response."""
    @property
    def error(self) -> str | None:
        """The text of an error; `None` when it is none."""
    def outcomes(self, items: int) -> tuple[_Outcome, ...]:
        """What became of an action of `items` items: as `read_answer` tells it. An error by which nothing was done is an
        `ActionError`; any other is `Garbled`, and so is an answer to something else.
        """

@final
class Ack:
    """The venue has taken or ended a subscription."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, method: str, key: str) -> Ack: ...
    @property
    def method(self) -> str:
        """`"subscribe"` or `"unsubscribe"`."""
    @property
    def key(self) -> str:
        """The subscription, as `subscription_key` writes it."""
    @property
    def type(self) -> str:
        """The type of the subscription."""

@final
class StreamError:
    """A frame of the channel `error`."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, text: str) -> StreamError: ...
    @property
    def text(self) -> str:
        """What the venue says; JSON, where that is no text."""
    @property
    def kind(self) -> str:
        """What it means: `"AlreadySubscribed"`, `"AlreadyUnsubscribed"`, `"InvalidSubscription"`, `"NotUnderstood"`,
        `"TooManyUsers"`, `"TooManyPosts"`, `"RateLimit"`, or `"Unknown"`.
        """
    @property
    def key(self) -> str | None:
        """The subscription it speaks of, as `subscription_key` writes it, where it can be told."""
    @property
    def post_id(self) -> int | None:
        """The `post` request it speaks of, where it can be told."""

@final
class Pong:
    """The answer to a ping."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls) -> Pong: ...

@final
class Greeting:
    """The plain text that a connection may open with."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls) -> Greeting: ...

@final
class Broken:
    """A frame that could not be read as a whole: not JSON, cut off, too large, not of a shape that we know."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, why: str) -> Broken: ...
    @property
    def why(self) -> str:
        """What is wrong, and where."""

def subscription_key(subscription: str | bytes) -> str:
    """One text for one subscription, however its JSON was written: members sorted, the address in lower case, and what
    the venue adds as a default (null, false, an empty text) left out. Raises `BadInput` for what is no JSON object.
    """

def read_book(body: bytes) -> L2Book | None:
    """Reads the answer to `l2Book`; `None` when the venue does not know the coin (`null`). Raises `Unreadable`."""

def read_trades(body: bytes) -> Trades:
    """Reads the answer to `recentTrades`, newest first as the venue sends them. Raises `Unreadable`."""

def read_answer(body: bytes, items: int, status: int = 200, content_type: str | None = None) -> tuple[_Outcome, ...]:
    """Reads the answer of `/exchange` to an action of `items` items (1 for an action without a list): one outcome an item,
    in the order sent; or a single `ActionError` or `Garbled` that stands for all. One refusal for several items
    counts for each; any other number of answers than items is `Garbled`, for their places cannot be trusted. What is not
    an answer in full is `Garbled`, whatever the HTTP status; it says nothing of what became of the action. Never
    raises for what came.
    """

@final
class Resting:
    """On the book."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, oid: int) -> Resting: ...
    @property
    def oid(self) -> int:
        """The venue's name of the order."""

@final
class Filled:
    """`total_sz` executed at once. What became of the rest it does not say."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, oid: int, total_sz: str, avg_px: str) -> Filled: ...
    @property
    def oid(self) -> int:
        """The venue's name of the order."""
    @property
    def total_sz(self) -> str:
        """The size executed, as the venue wrote it."""
    @property
    def avg_px(self) -> str:
        """The average price, rounded by the venue: for show."""

@final
class Done:
    """Carried out: `"success"` of a cancel, `"default"` of an action without a list."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls) -> Done: ...

@final
class Waiting:
    """Accepted and not on the book yet: `"waitingForFill"` or `"waitingForTrigger"`."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls) -> Waiting: ...

@final
class ItemError:
    """This item was refused."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, text: str) -> ItemError: ...
    @property
    def text(self) -> str:
        """The venue's words."""

@final
class ActionError:
    """The whole action was refused: nothing of this sending was carried out."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, text: str) -> ActionError: ...
    @property
    def text(self) -> str:
        """The venue's words."""

@final
class Garbled:
    """Something came back that is not an answer. It proves nothing: the action may have been carried out."""

    __match_args__: ClassVar[tuple[str, ...]]
    def __new__(cls, text: str) -> Garbled: ...
    @property
    def text(self) -> str:
        """What came, in short."""

def from_float(value: float) -> Decimal:
    """The shortest decimal that reads back as this very float: 0.1 is 0.1. The one way in for floats; what is not a
    number or not finite raises `BadInput`. Rounding to the grid is another step: `Asset.round_px`, `Asset.round_sz`.
    """

@final
class Asset:
    """One market, and its grid: which prices and sizes the venue takes. Prices are in the quote token, sizes in the base."""

    def __new__(
        cls, name: str, asset_id: int, sz_decimals: int, kind: str = "perp", max_leverage: int | None = None
    ) -> Asset: ...
    @property
    def name(self) -> str:
        """The coin as the venue writes it: `BTC`, `@107`, `xyz:TSLA`."""
    @property
    def id(self) -> int:
        """The number that stands for it in actions, on its network."""
    @property
    def kind(self) -> str:
        """`"perp"`, `"spot"` or `"dex"` (a perp of a builder's dex)."""
    @property
    def sz_decimals(self) -> int:
        """Decimals of a size."""
    @property
    def px_decimals(self) -> int:
        """Decimals that a price may have at most."""
    @property
    def lot(self) -> Decimal:
        """The smallest size."""
    @property
    def max_leverage(self) -> int | None:
        """The highest leverage (perps)."""
    @property
    def is_delisted(self) -> bool:
        """Whether it is traded no more. Its number is not given away."""
    @property
    def only_isolated(self) -> bool:
        """Whether only isolated margin is allowed (perps)."""
    @property
    def base(self) -> str:
        """The base token's name (spot); else `name`."""
    @property
    def quote(self) -> str:
        """The quote token's name (spot); else empty."""
    def is_valid_px(self, px: _Number) -> bool:
        """Whether the price is on the grid: at most five significant figures and `px_decimals` decimals, or whole."""
    def is_valid_sz(self, sz: _Number) -> bool:
        """Whether the size is positive and on the grid: at most `sz_decimals` decimals."""
    def tick(self, px: _Number) -> Decimal:
        """How far the valid prices around this one are from each other, upwards."""
    def round_px(self, px: _Number, side: Side | str, limit: _Number | None = None) -> Decimal:
        """The valid price nearest to `px` that is no worse for us: a bid goes down, an ask up; never past `limit`. Raises
        `Unrepresentable` when a bid would come to zero, or an ask to more than can be written.
        """
    def next_px_up(self, px: _Number) -> Decimal:
        """The lowest valid price above `px`."""
    def next_px_down(self, px: _Number) -> Decimal:
        """The highest valid price below `px`. Raises `Unrepresentable` when there is none: zero is no price."""
    def round_sz(self, sz: _Number) -> Decimal:
        """The largest valid size up to `sz`. Raises `Unrepresentable` when that is zero."""
    def notional(self, px: _Number, sz: _Number) -> Decimal:
        """`px` times `sz`, exactly."""
    def meets_minimum(self, px: _Number, sz: _Number, minimum: _Number | None = None) -> bool:
        """Whether an order is worth the venue's minimum (10 of the quote token)."""
    def sz_to_reach(self, px: _Number, minimum: _Number | None = None) -> Decimal:
        """The smallest valid size that is worth `minimum` (10 of the quote token) at this valid price. It rounds up: ask the
        risk first.
        """
    def px_to_wire(self, px: _Number) -> str:
        """The text of a valid price, as it is signed: no zeros at the end. Raises `Unrepresentable` off the grid."""
    def sz_to_wire(self, sz: _Number) -> str:
        """The text of a valid size, as it is signed: no zeros at the end. Raises `Unrepresentable` off the grid."""

@final
class Assets:
    """The markets of one network, by name and by number. Numbers differ between networks: never mix two."""

    def __new__(
        cls,
        meta: bytes,
        spot_meta: bytes | None = None,
        perp_dexs: bytes | None = None,
        dex_metas: Mapping[str, bytes] | None = None,
        network: str = "mainnet",
    ) -> Assets:
        """From the answers to `meta`, `spotMeta`, `perpDexs` and `meta` of each wanted dex (`metaAndAssetCtxs` and its like
        will do as well). Raises `Unreadable`; an entry that is not understood is surfaced and keeps its number.
        """
    @property
    def network(self) -> str:
        """Whose numbers these are."""
    @property
    def surfaced(self) -> tuple[Surfaced, ...]:
        """The entries that were not understood."""
    def get(self, name: str) -> Asset | None:
        """The market of that name; `None` if there is none."""
    def by_id(self, asset_id: int) -> Asset | None:
        """The market of that number; `None` if there is none."""
    def __getitem__(self, name: str, /) -> Asset: ...
    def __contains__(self, name: str, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Asset]: ...
