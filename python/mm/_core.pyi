"""The order-state engine: facts in, effects out. Exact, deterministic, without clock or I/O."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, final, overload

type Number = str | int | Decimal
"""A price or a quantity coming in: plain decimal text, an int (whole units) or a Decimal. A float is refused."""

@final
class Side:
    """Which side of the book: `Side.BUY` or `Side.SELL`."""

    BUY: ClassVar[Side]
    SELL: ClassVar[Side]
    @property
    def letter(self) -> str:
        """The venue's letter: "B" or "A"."""
    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
    @property
    def opposite(self) -> Side:
        """The other side."""

@final
class Tif:
    """Time in force: `ALO` adds liquidity only, `IOC` is immediate or cancel, `GTC` is good till cancelled."""

    ALO: ClassVar[Tif]
    IOC: ClassVar[Tif]
    GTC: ClassVar[Tif]

@final
class OrderState:
    """What became of an order: derived from evidence, never assigned."""

    Pending: ClassVar[OrderState]
    Unknown: ClassVar[OrderState]
    Resting: ClassVar[OrderState]
    PartialFilled: ClassVar[OrderState]
    Filled: ClassVar[OrderState]
    FilledImmediately: ClassVar[OrderState]
    CancelPending: ClassVar[OrderState]
    CancelConfirmed: ClassVar[OrderState]
    Cancelled: ClassVar[OrderState]
    FilledDuringCancel: ClassVar[OrderState]
    Rejected: ClassVar[OrderState]
    @property
    def is_active(self) -> bool:
        """Live on the book: `Resting` or `PartialFilled`."""
    @property
    def is_terminal(self) -> bool:
        """Closed for good; late fills are booked, but it never opens again."""

@final
class OrdStatus:
    """The same in FIX words (tag 39)."""

    PENDING_NEW: ClassVar[OrdStatus]
    NEW: ClassVar[OrdStatus]
    PARTIALLY_FILLED: ClassVar[OrdStatus]
    FILLED: ClassVar[OrdStatus]
    PENDING_CANCEL: ClassVar[OrdStatus]
    PENDING_REPLACE: ClassVar[OrdStatus]
    CANCELED: ClassVar[OrdStatus]
    REJECTED: ClassVar[OrdStatus]

@final
class Fill:
    """One trade of ours. Sizes in base units, the price in quote per base, the fee in `fee_token`, time in ms."""

    def __new__(
        cls,
        coin: str,
        side: Side | str,
        px: Number,
        sz: Number,
        oid: int,
        tid: int,
        time: int,
        start_position: Number | None = None,
        fee: Number | None = None,
        fee_token: str = "",
        closed_pnl: Number | None = None,
        crossed: bool | None = None,
        cloid: str | None = None,
    ) -> Fill: ...
    @property
    def coin(self) -> str: ...
    @property
    def side(self) -> Side: ...
    @property
    def px(self) -> Decimal: ...
    @property
    def sz(self) -> Decimal: ...
    @property
    def oid(self) -> int: ...
    @property
    def tid(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def start_position(self) -> Decimal | None: ...
    @property
    def fee(self) -> Decimal | None: ...
    @property
    def fee_token(self) -> str: ...
    @property
    def closed_pnl(self) -> Decimal | None: ...
    @property
    def crossed(self) -> bool | None: ...
    @property
    def cloid(self) -> str | None: ...

@final
class Leg:
    """One leg of an order, as the venue knows it: one oid, one cloid."""

    cloid: str | None
    oid: int | None
    px: Decimal
    sz: Decimal
    traded: Decimal
    answered: Decimal
    stated: Decimal
    executed: Decimal
    phase: str

@final
class Order:
    """An order as a strategy knows it, at the moment of asking (a snapshot: ask again for news)."""

    cloid: str | None
    current_cloid: str | None
    oid: int | None
    coin: str
    side: Side
    px: Decimal
    tif: Tif | None
    reduce_only: bool
    foreign: bool
    state: OrderState
    ord_status: OrdStatus
    order_qty: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_px: Decimal | None
    fees: dict[str, Decimal]
    legs: tuple[Leg, ...]
    is_active: bool
    is_terminal: bool
    modifying: bool
    why: str

@final
class Gap:
    """A break in a coin's position chain: fills are missing in the window, and they add up to `missing`."""

    coin: str
    from_ms: int
    to_ms: int
    expected: Decimal
    found: Decimal
    missing: Decimal

@final
class Position:
    """A coin's position and money, at the moment of asking."""

    coin: str
    size: Decimal
    proven: Decimal
    unproven: Decimal
    provisional: Decimal
    missing: Decimal
    entry_px: Decimal | None
    realised_pnl: Decimal
    closed_pnl: Decimal
    fees: dict[str, Decimal]
    volume: Decimal
    maker_volume: Decimal
    fills: int
    cash: Decimal
    worst_long: Decimal
    worst_short: Decimal
    proven_until: int | None
    gaps: tuple[Gap, ...]

@final
class CancelRequest:
    """What to send for a cancel, and how to tell its answer: hand it back to `on_cancel_error`."""

    coin: str
    cloid: str | None
    oid: int | None
    sequence: int
    after_live: bool

@final
class ModifyRequest:
    """What to send for a modify: cancel `oid`, place a leg of size `sz` under the fresh `cloid`."""

    coin: str
    oid: int
    cloid: str
    side: Side
    px: Decimal
    sz: Decimal
    tif: Tif
    reduce_only: bool

class Effect:
    """What follows from a fact. `match` on its classes."""

    @final
    class Booked(Effect):
        """A new fill moved position and cash. `applied` is the change of executed, `skipped` was told before."""

        __match_args__ = ("fill", "applied", "skipped", "cloid", "state")
        fill: Fill
        applied: Decimal
        skipped: Decimal
        cloid: str | None
        state: OrderState | None

    @final
    class Moved(Effect):
        """An order's state changed."""

        __match_args__ = ("cloid", "before", "after")
        cloid: str | None
        oid: int | None
        before: OrderState
        after: OrderState

    @final
    class Ask(Effect):
        """Evidence is wanted: query the venue. `query` is "order_status" (by cloid and oid) or "fills" (the window)."""

        __match_args__ = ("query", "coin", "why")
        query: str
        coin: str
        cloid: str | None
        oid: int | None
        from_ms: int | None
        to_ms: int | None
        why: str

    @final
    class Gap(Effect):
        """Fills are missing: page `userFillsByTime` over exactly this window."""

        __match_args__ = ("gap",)
        gap: Gap

    @final
    class GapClosed(Effect):
        """The window is complete again."""

        __match_args__ = ("gap",)
        gap: Gap

    @final
    class Excess(Effect):
        """A fill raced a modify: the order can now execute `by` more than was wanted. Shrink or cancel it at once."""

        __match_args__ = ("cloid", "by")
        cloid: str | None
        oid: int | None
        by: Decimal

    @final
    class Overfill(Effect):
        """The venue executed more than the leg's size."""

        __match_args__ = ("oid", "sz", "executed")
        oid: int
        sz: Decimal
        executed: Decimal

    @final
    class Contradiction(Effect):
        """The venue contradicts itself or us: stop quoting the coin, query, rebuild. The evidence is kept."""

        __match_args__ = ("coin", "what")
        coin: str
        oid: int | None
        cloid: str | None
        what: str

    @final
    class Foreign(Effect):
        """An order that is not ours appeared on the account."""

        __match_args__ = ("coin", "oid")
        coin: str
        oid: int
        cloid: str | None

    @final
    class Liquidation(Effect):
        """A fill of ours was part of a liquidation. `ours`: our account was the one liquidated."""

        __match_args__ = ("fill", "ours")
        fill: Fill
        ours: bool

    @final
    class Ancient(Effect):
        """A fill older than what memory holds: look it up on disk. Nothing was booked."""

        __match_args__ = ("fill",)
        fill: Fill

    @final
    class PositionDiffers(Effect):
        """The venue's own position differs from the proven one, as of its time."""

        __match_args__ = ("coin", "ours", "theirs", "as_of_ms")
        coin: str
        ours: Decimal
        theirs: Decimal
        as_of_ms: int

    @final
    class Surfaced(Effect):
        """A record or a word that is not understood: shown, never fatal; its siblings were applied."""

        __match_args__ = ("what", "record")
        what: str
        record: bytes

@final
class Applied:
    """What one fill did."""

    applied: Decimal
    skipped: Decimal
    duplicate: bool
    cloid: str | None
    state: OrderState | None
    effects: tuple[Effect, ...]

@final
class Report:
    """What a frame or a batch did: counts of records, and the effects in order."""

    fills: int
    duplicates: int
    updates: int
    refused: int
    channel: str
    snapshot: bool
    effects: tuple[Effect, ...]

@final
class Engine:
    """The state of every order and position of one account. Thread-safe; time is an argument.

    Asks (`add_pending_with_cloid`, `initiate_cancel`, `initiate_modify`) come before anything is sent and raise a
    `UsageError` that changes nothing when they are not allowed. Facts (everything else that tells what the venue
    said) are true of the venue and may come late, twice or in any order; they return the effects that follow.
    """

    def __new__(
        cls,
        account: str | None = None,
        *,
        instance: int = 0,
        first_sequence: int = 1,
        ask_after_ms: int = 2_000,
        fill_window_ms: int = 10_000,
        chain_window: int = 1_024,
        retain_closed: int = 4_096,
        link_slack: Number = 0,
    ) -> Engine: ...
    @property
    def account(self) -> str | None: ...
    @property
    def now_ms(self) -> int: ...
    @property
    def instance(self) -> int: ...
    def next_cloid(self) -> str: ...
    def set_coin(self, coin: str, *, sz_decimals: int | None = None, base_token: str | None = None) -> None: ...
    def add_pending_with_cloid(
        self,
        cloid: str,
        coin: str,
        side: Side | str,
        px: Number,
        sz: Number,
        tif: Tif = ...,
        reduce_only: bool = False,
        now_ms: int | None = None,
    ) -> None: ...
    def finalize_pending_by_cloid(
        self, cloid: str, oid: int, filled: Number | None = None, avg_px: Number | None = None, now_ms: int | None = None
    ) -> tuple[Effect, ...]: ...
    def on_rejected(self, cloid: str, why: str = "", now_ms: int | None = None) -> tuple[Effect, ...]: ...
    def on_no_answer(self, cloid: str, now_ms: int | None = None) -> tuple[Effect, ...]: ...
    def on_fenced(self, cloid: str, now_ms: int | None = None) -> tuple[Effect, ...]: ...
    def pre_register_immediate_fill(
        self, oid: int, amount: Number, avg_px: Number | None = None, now_ms: int | None = None
    ) -> tuple[Effect, ...]: ...
    def get_immediate_fill_remaining(self, oid: int) -> Decimal: ...
    def refute(self, oid: int, now_ms: int | None = None) -> tuple[Effect, ...]: ...
    @overload
    def process(self, coin: Fill, /) -> Applied: ...
    @overload
    def process(
        self,
        coin: str,
        side: Side | str,
        px: Number,
        sz: Number,
        oid: int,
        tid: int,
        time: int,
        start_position: Number | None = None,
        fee: Number | None = None,
        fee_token: str = "",
        closed_pnl: Number | None = None,
        crossed: bool | None = None,
        cloid: str | None = None,
    ) -> Applied: ...
    def process_batch(self, columns: Any, *, px_scale: int = 0, sz_scale: int = 0) -> Report: ...
    def process_ws(self, frame: bytes, now_ms: int | None = None) -> Report: ...
    def process_fills(self, json: bytes, now_ms: int | None = None) -> Report: ...
    def on_order_update(
        self,
        coin: str,
        side: Side | str,
        oid: int,
        status: str,
        px: Number,
        sz: Number,
        orig_sz: Number,
        time: int,
        cloid: str | None = None,
        reduce_only: bool = False,
        now_ms: int | None = None,
    ) -> tuple[Effect, ...]: ...
    def on_open_orders(
        self, coin: str, oids: Sequence[int], began_ms: int, complete: bool = True, now_ms: int | None = None
    ) -> tuple[Effect, ...]: ...
    def on_position(self, coin: str, szi: Number, as_of_ms: int, now_ms: int | None = None) -> tuple[Effect, ...]: ...
    def on_fills_complete(self, coin: str, until_ms: int, now_ms: int | None = None) -> tuple[Effect, ...]: ...
    def initiate_cancel(self, order: int | str, now_ms: int | None = None) -> CancelRequest: ...
    def on_cancel_success(self, order: int | str, now_ms: int | None = None) -> tuple[Effect, ...]: ...
    def on_cancel_error(
        self, order: int | str, why: str = "", request: CancelRequest | None = None, now_ms: int | None = None
    ) -> tuple[Effect, ...]: ...
    def initiate_modify(
        self, order: int | str, cloid: str, px: Number, order_qty: Number, now_ms: int | None = None
    ) -> ModifyRequest: ...
    def on_modify_success(
        self, cloid: str, oid: int, filled: Number | None = None, avg_px: Number | None = None, now_ms: int | None = None
    ) -> tuple[Effect, ...]: ...
    def on_modify_error(self, cloid: str, why: str, now_ms: int | None = None) -> tuple[Effect, ...]: ...
    def on_modify_no_answer(self, cloid: str, now_ms: int | None = None) -> tuple[Effect, ...]: ...
    def get_order(self, oid: int) -> Order | None: ...
    def get_by_cloid(self, cloid: str) -> Order | None: ...
    def get_all_by_side(self, coin: str, side: Side | str) -> list[Order]: ...
    def orders(self, *, foreign: bool = False, closed: bool = False) -> list[Order]: ...
    def position(self, coin: str) -> Position: ...
    def coins(self) -> list[str]: ...
    def worst_long(self, coin: str) -> Decimal: ...
    def worst_short(self, coin: str) -> Decimal: ...
    def proven_until(self, coin: str) -> int | None: ...
    def gaps(self, coin: str) -> list[Gap]: ...
    def forget(self, coin: str, before_ms: int) -> int: ...
    def tick(self, now_ms: int) -> tuple[Effect, ...]: ...
    def next_deadline(self) -> int | None: ...
    def digest(self) -> str: ...
    def check(self) -> None: ...
    def stats(self) -> Mapping[str, int]: ...

@final
class ModifyOutcome:
    """What a refused modify says of the old leg, by the venue's words."""

    OldGone: ClassVar[ModifyOutcome]
    OldGoneNewRefused: ClassVar[ModifyOutcome]
    OldUntouched: ClassVar[ModifyOutcome]
    Unknown: ClassVar[ModifyOutcome]

def classify_status(word: str) -> str: ...
def classify_order_error(text: str) -> str: ...
def classify_cancel_error(text: str) -> str: ...
def classify_modify_error(text: str) -> ModifyOutcome: ...
def transitions() -> list[tuple[str, str, str, str]]:
    """The whole lifecycle table: (phase, event, result, why)."""
