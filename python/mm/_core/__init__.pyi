"""The order-state engine: facts in, effects out. Exact, deterministic, without clock or I/O."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias, final, overload

from typing_extensions import disjoint_base

from mm._core import sign, venue, wire

__all__ = [
    "Applied",
    "CancelRequest",
    "Effect",
    "Engine",
    "Fill",
    "Gap",
    "Leg",
    "ModifyOutcome",
    "ModifyRequest",
    "OrdStatus",
    "Order",
    "OrderState",
    "Position",
    "Report",
    "Side",
    "Tif",
    "classify_cancel_error",
    "classify_modify_error",
    "classify_order_error",
    "classify_status",
    "sign",
    "transitions",
    "venue",
    "wire",
]

_Number: TypeAlias = str | int | Decimal
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
        px: _Number,
        sz: _Number,
        oid: int,
        tid: int,
        time: int,
        start_position: _Number | None = None,
        fee: _Number | None = None,
        fee_token: str = "",
        closed_pnl: _Number | None = None,
        crossed: bool | None = None,
        cloid: str | None = None,
    ) -> Fill: ...
    @property
    def coin(self) -> str:
        """The market."""
    @property
    def side(self) -> Side:
        """Our side."""
    @property
    def px(self) -> Decimal:
        """The trade's price."""
    @property
    def sz(self) -> Decimal:
        """The trade's size."""
    @property
    def oid(self) -> int:
        """The leg that filled."""
    @property
    def tid(self) -> int:
        """The trade's id; 0 for some system fills."""
    @property
    def time(self) -> int:
        """Block time in ms."""
    @property
    def start_position(self) -> Decimal | None:
        """The position just before, where told."""
    @property
    def fee(self) -> Decimal | None:
        """Fee paid, in `fee_token`; negative is a rebate."""
    @property
    def fee_token(self) -> str:
        """The token of the fee; empty where not told."""
    @property
    def closed_pnl(self) -> Decimal | None:
        """The venue's realised profit, before fees."""
    @property
    def crossed(self) -> bool | None:
        """True: we took; False: we made."""
    @property
    def cloid(self) -> str | None:
        """The order's cloid, where told."""

@final
class Leg:
    """One leg of an order, as the venue knows it: one oid, one cloid."""

    @property
    def cloid(self) -> str | None:
        """Our name of it."""
    @property
    def oid(self) -> int | None:
        """The venue's name, once told."""
    @property
    def px(self) -> Decimal:
        """Limit price."""
    @property
    def sz(self) -> Decimal:
        """Size as submitted; 0 while only fills of a foreign leg are known."""
    @property
    def traded(self) -> Decimal:
        """The sum of its distinct trades."""
    @property
    def answered(self) -> Decimal:
        """The largest amount that an answer reported as filled at once."""
    @property
    def stated(self) -> Decimal:
        """The largest total that the venue stated otherwise."""
    @property
    def executed(self) -> Decimal:
        """max(traded, answered, stated)."""
    @property
    def phase(self) -> str:
        """Where it is in its life: a phase of the lifecycle table."""

@final
class Order:
    """An order as a strategy knows it, at the moment of asking (a snapshot: ask again for news)."""

    @property
    def cloid(self) -> str | None:
        """The order's name: the cloid of its first leg."""
    @property
    def current_cloid(self) -> str | None:
        """The cloid of its current leg."""
    @property
    def oid(self) -> int | None:
        """The oid of its current leg."""
    @property
    def coin(self) -> str:
        """The market."""
    @property
    def side(self) -> Side:
        """Buy or sell."""
    @property
    def px(self) -> Decimal:
        """Limit price of the current leg."""
    @property
    def tif(self) -> Tif | None:
        """Time in force; None for foreign orders."""
    @property
    def reduce_only(self) -> bool:
        """Only ever reduces the position."""
    @property
    def foreign(self) -> bool:
        """Not placed by this engine, nor recognisably by its instance."""
    @property
    def state(self) -> OrderState:
        """What became of it, by the evidence."""
    @property
    def ord_status(self) -> OrdStatus:
        """The same in FIX words."""
    @property
    def order_qty(self) -> Decimal:
        """Wanted total over the order's life."""
    @property
    def cum_qty(self) -> Decimal:
        """Executed over all its legs."""
    @property
    def leaves_qty(self) -> Decimal:
        """Open size of the current leg; 0 when terminal, but for one that was refused and is seen to live."""
    @property
    def avg_px(self) -> Decimal | None:
        """Average price of its trades, rounded toward zero at 1e-8; None before the first."""
    @property
    def fees(self) -> dict[str, Decimal]:
        """Fees paid, by token; negative is a rebate."""
    @property
    def legs(self) -> tuple[Leg, ...]:
        """Its legs, first to last; settled ones are folded into the totals."""
    @property
    def is_active(self) -> bool:
        """Live on the book."""
    @property
    def is_terminal(self) -> bool:
        """Closed for good."""
    @property
    def modifying(self) -> bool:
        """A modify is in flight."""

@final
class Gap:
    """A break in a coin's position chain: fills are missing in the window, and they add up to `missing`."""

    @property
    def coin(self) -> str:
        """The market."""
    @property
    def from_ms(self) -> int:
        """Time of the last fill before the break, in ms."""
    @property
    def to_ms(self) -> int:
        """Time of the first fill after it, in ms."""
    @property
    def expected(self) -> Decimal:
        """Position after the last fill before the break."""
    @property
    def found(self) -> Decimal:
        """Position before the first fill after it."""
    @property
    def missing(self) -> Decimal:
        """The signed size of what is missing."""

@final
class Position:
    """A coin's position and money, at the moment of asking."""

    @property
    def coin(self) -> str:
        """The market."""
    @property
    def size(self) -> Decimal:
        """Proven, unproven and provisional together: what a strategy should see. Base units, signed."""
    @property
    def proven(self) -> Decimal:
        """The position at `proven_until`."""
    @property
    def unproven(self) -> Decimal:
        """Fills beyond it."""
    @property
    def provisional(self) -> Decimal:
        """Told as amounts, not yet as trades."""
    @property
    def missing(self) -> Decimal:
        """What breaks in the chain say is missing, in sum."""
    @property
    def entry_px(self) -> Decimal | None:
        """Average entry price, rounded toward zero at 1e-8; None when flat."""
    @property
    def realised_pnl(self) -> Decimal:
        """Realised profit before fees, in quote, by average cost along the chain; exact."""
    @property
    def closed_pnl(self) -> Decimal:
        """The sum of the venue's `closedPnl`, before fees, in quote."""
    @property
    def fees(self) -> dict[str, Decimal]:
        """Fees paid, by token; negative is a rebate."""
    @property
    def volume(self) -> Decimal:
        """Price times size of all fills, in quote."""
    @property
    def maker_volume(self) -> Decimal:
        """The part of `volume` that was made."""
    @property
    def fills(self) -> int:
        """Distinct fills booked."""
    @property
    def cash(self) -> Decimal:
        """The sum of -price times signed size, in quote; provisional amounts at the answer's price."""
    @property
    def worst_long(self) -> Decimal:
        """The most the position can become."""
    @property
    def worst_short(self) -> Decimal:
        """The least the position can become."""
    @property
    def proven_until(self) -> int | None:
        """Up to when no fill is missing, in ms; None before the first."""
    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The breaks in the chain, oldest first."""

@final
class CancelRequest:
    """What to send for a cancel, and how to tell its answer: hand it back to `on_cancel_error`."""

    @property
    def coin(self) -> str:
        """The market."""
    @property
    def cloid(self) -> str | None:
        """The leg, by our name."""
    @property
    def oid(self) -> int | None:
        """The leg, by the venue's name where it is known: cancel by this first."""
    @property
    def sequence(self) -> int:
        """Which cancel of this leg it is, from 1."""
    @property
    def after_live(self) -> bool:
        """It was asked after the leg was seen live: "nothing there" will prove death."""

@final
class ModifyRequest:
    """What to send for a modify: cancel `oid`, place a leg of size `sz` under the fresh `cloid`."""

    @property
    def coin(self) -> str:
        """The market."""
    @property
    def oid(self) -> int:
        """The leg to replace."""
    @property
    def cloid(self) -> str:
        """The name of the leg that replaces it."""
    @property
    def side(self) -> Side:
        """Side of both."""
    @property
    def px(self) -> Decimal:
        """New limit price."""
    @property
    def sz(self) -> Decimal:
        """Size of the new leg: wanted total less what is executed."""
    @property
    def tif(self) -> Tif:
        """Time in force of the order."""
    @property
    def reduce_only(self) -> bool:
        """As the order."""

@disjoint_base
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
        def __new__(
            cls, fill: Fill, applied: Decimal, skipped: Decimal, cloid: str | None, state: OrderState | None
        ) -> Effect.Booked: ...

    @final
    class Moved(Effect):
        """An order's state changed."""

        __match_args__ = ("cloid", "oid", "before", "after")
        cloid: str | None
        oid: int | None
        before: OrderState
        after: OrderState
        def __new__(cls, cloid: str | None, oid: int | None, before: OrderState, after: OrderState) -> Effect.Moved: ...

    @final
    class Ask(Effect):
        """Evidence is wanted: query the venue. `query` is `"order_status"` (by cloid and oid) or `"fills"` (the window)."""

        __match_args__ = ("query", "coin", "cloid", "oid", "from_ms", "to_ms", "why")
        query: str
        coin: str
        cloid: str | None
        oid: int | None
        from_ms: int | None
        to_ms: int | None
        why: str
        def __new__(
            cls,
            query: str,
            coin: str,
            cloid: str | None,
            oid: int | None,
            from_ms: int | None,
            to_ms: int | None,
            why: str,
        ) -> Effect.Ask: ...

    @final
    class Gap(Effect):
        """Fills are missing: page `userFillsByTime` over exactly this window."""

        __match_args__ = ("gap",)
        gap: Gap
        def __new__(cls, gap: Gap) -> Effect.Gap: ...

    @final
    class GapClosed(Effect):
        """The window is complete again, or was found to be another."""

        __match_args__ = ("gap",)
        gap: Gap
        def __new__(cls, gap: Gap) -> Effect.GapClosed: ...

    @final
    class Excess(Effect):
        """A fill raced a modify: the order can now execute `by` more than was wanted. Shrink or cancel it at once."""

        __match_args__ = ("cloid", "oid", "by")
        cloid: str | None
        oid: int | None
        by: Decimal
        def __new__(cls, cloid: str | None, oid: int | None, by: Decimal) -> Effect.Excess: ...

    @final
    class Overfill(Effect):
        """The venue executed more than the leg's size."""

        __match_args__ = ("oid", "sz", "executed")
        oid: int
        sz: Decimal
        executed: Decimal
        def __new__(cls, oid: int, sz: Decimal, executed: Decimal) -> Effect.Overfill: ...

    @final
    class Contradiction(Effect):
        """The venue contradicts itself or us: stop quoting the coin, query, rebuild. The evidence is kept."""

        __match_args__ = ("coin", "oid", "cloid", "what")
        coin: str
        oid: int | None
        cloid: str | None
        what: str
        def __new__(cls, coin: str, oid: int | None, cloid: str | None, what: str) -> Effect.Contradiction: ...

    @final
    class Foreign(Effect):
        """An order that is not ours appeared on the account."""

        __match_args__ = ("coin", "oid", "cloid")
        coin: str
        oid: int
        cloid: str | None
        def __new__(cls, coin: str, oid: int, cloid: str | None) -> Effect.Foreign: ...

    @final
    class Liquidation(Effect):
        """A fill of ours was part of a liquidation. `ours`: our account was the one liquidated."""

        __match_args__ = ("fill", "ours")
        fill: Fill
        ours: bool
        def __new__(cls, fill: Fill, ours: bool) -> Effect.Liquidation: ...

    @final
    class Ancient(Effect):
        """A fill older than what memory holds: look it up on disk. Nothing was booked."""

        __match_args__ = ("fill",)
        fill: Fill
        def __new__(cls, fill: Fill) -> Effect.Ancient: ...

    @final
    class PositionDiffers(Effect):
        """The venue's own position differs from the chain's, as of its time."""

        __match_args__ = ("coin", "ours", "theirs", "as_of_ms")
        coin: str
        ours: Decimal
        theirs: Decimal
        as_of_ms: int
        def __new__(cls, coin: str, ours: Decimal, theirs: Decimal, as_of_ms: int) -> Effect.PositionDiffers: ...

    @final
    class Surfaced(Effect):
        """A record or a word that is not understood: shown, never fatal; its siblings were applied."""

        __match_args__ = ("what", "record")
        what: str
        record: bytes
        def __new__(cls, what: str, record: bytes) -> Effect.Surfaced: ...

@final
class Applied:
    """What one fill did."""

    @property
    def applied(self) -> Decimal:
        """The change of the leg's executed quantity."""
    @property
    def skipped(self) -> Decimal:
        """min(remaining before, size): what had been told before as an amount."""
    @property
    def duplicate(self) -> bool:
        """The fill was not new: booked before, contradicting what was booked, or older than memory."""
    @property
    def cloid(self) -> str | None:
        """The order's name, if the fill belongs to a known one."""
    @property
    def state(self) -> OrderState | None:
        """The order's state now, if the fill belongs to a known one."""
    @property
    def effects(self) -> tuple[Effect, ...]:
        """What followed, in order."""

@final
class Report:
    """What a frame or a batch did: counts of records, and the effects in order."""

    @property
    def fills(self) -> int:
        """New fills booked."""
    @property
    def duplicates(self) -> int:
        """Fills that were booked before."""
    @property
    def updates(self) -> int:
        """Order updates applied."""
    @property
    def refused(self) -> int:
        """Records that were not understood or not possible; each is an `Effect.Surfaced`."""
    @property
    def channel(self) -> str:
        """The frame's channel; empty for a batch."""
    @property
    def snapshot(self) -> bool:
        """The frame was a snapshot: the answer to a subscription."""
    @property
    def effects(self) -> tuple[Effect, ...]:
        """What followed, in order."""

@final
class Engine:
    """The state of every order and position of one account. Thread-safe; time is an argument.

    Asks (`add_pending_with_cloid`, `initiate_cancel`, `initiate_modify`) come before anything is sent and raise a
    `UsageError` that changes nothing when they are not allowed. Facts (everything else that tells what the venue
    said) are true of the venue and may come late, twice or in any order; they return the effects that follow.

    `ask_after_ms`: evidence is asked for after so long. `fill_window_ms`: how long after a cancel late fills are
    waited for. `chain_window`: fills kept one by one for each coin. `retain_closed`: closed legs kept for late news.
    `link_slack`: how far apart two positions may be and still link (0, but for sources that round them).
    """

    def __new__(
        cls,
        account: str | None = None,
        *,
        instance: int = 0,
        first_sequence: int = 1,
        ask_after_ms: int = 2000,
        fill_window_ms: int = 10000,
        chain_window: int = 1024,
        retain_closed: int = 4096,
        link_slack: _Number | None = None,
    ) -> Engine: ...
    @property
    def account(self) -> str | None:
        """The account whose frames it takes, in lower case; None takes any."""
    @property
    def now_ms(self) -> int:
        """The latest time it was given, in ms."""
    @property
    def instance(self) -> int:
        """Which of several makers this is: part of every cloid it makes."""
    def next_cloid(self) -> str:
        """A fresh cloid with our prefix, instance and sequence: recognisable without a journal, never given twice."""
    def set_coin(self, coin: str, *, sz_decimals: int | None = None, base_token: str | None = None) -> None:
        """Tells what the venue's meta says of a coin: decimals of its sizes, the base token of a spot pair."""
    def add_pending_with_cloid(
        self,
        cloid: str,
        coin: str,
        side: Side | str,
        px: _Number,
        sz: _Number,
        tif: Tif | None = None,
        reduce_only: bool = False,
        now_ms: int | None = None,
    ) -> None:
        """Tells of an order before it is sent. Raises `DuplicateCloid`, `BadInput` or `Unrepresentable`."""
    def finalize_pending_by_cloid(
        self,
        cloid: str,
        oid: int,
        filled: _Number | None = None,
        avg_px: _Number | None = None,
        now_ms: int | None = None,
    ) -> tuple[Effect, ...]:
        """The answer `resting` or `filled` to a place or modify: the leg has this oid, and `filled` of it (base units) was
        executed at once, at `avg_px`. A lower bound, never a terminal.
        """
    def on_rejected(self, cloid: str, why: str = "", now_ms: int | None = None) -> tuple[Effect, ...]:
        """The venue refused this placement, in the answer to its own request: it never lived. `why` is for the reader."""
    def on_no_answer(self, cloid: str, now_ms: int | None = None) -> tuple[Effect, ...]:
        """No answer came to the placement of this leg, or one in words that are not known: it is `Unknown` until evidence."""
    def on_fenced(self, cloid: str, now_ms: int | None = None) -> tuple[Effect, ...]:
        """The request of this leg can never be executed any more, and never was (its nonce was spent, or it expired)."""
    def pre_register_immediate_fill(
        self, oid: int, amount: _Number, avg_px: _Number | None = None, now_ms: int | None = None
    ) -> tuple[Effect, ...]:
        """Raises `answered` of the leg with this oid, known yet or not: `amount` of it was filled at once."""
    def get_immediate_fill_remaining(self, oid: int) -> Decimal:
        """max(0, answered - sum of trades): what trades will still confirm without moving the position."""
    def refute(self, oid: int, now_ms: int | None = None) -> tuple[Effect, ...]:
        """A closed-fill proof showed the venue's claims on this leg to be false: from now on its trades alone count."""
    def on_forgotten(self, oid: int, as_of_ms: int, now_ms: int | None = None) -> tuple[Effect, ...]:
        """The venue has no record left of a leg that lived, long and often enough asked: it was dead by `as_of_ms` (venue
        time), by fill or by cancel. It is closed once all fills until then are known (`on_fills_complete`).
        """
    @overload
    def process(
        self,
        coin: Fill,
        side: None = None,
        px: None = None,
        sz: None = None,
        oid: None = None,
        tid: None = None,
        time: None = None,
    ) -> Applied:
        """Books one fill: a `Fill`, or its fields. A copy of a fill changes nothing."""
    @overload
    def process(
        self,
        coin: str,
        side: Side | str,
        px: _Number,
        sz: _Number,
        oid: int,
        tid: int,
        time: int,
        start_position: _Number | None = None,
        fee: _Number | None = None,
        fee_token: str | None = None,
        closed_pnl: _Number | None = None,
        crossed: bool | None = None,
        cloid: str | None = None,
    ) -> Applied: ...
    def process_batch(
        self, columns: Any, *, px_scale: int = 0, sz_scale: int = 0, fee_scale: int | None = None
    ) -> Report:
        """Books columns of fills: a mapping of names to columns (lists, tuples, NumPy arrays, Arrow arrays), or a table
        with the Arrow C stream (polars, pyarrow, duckdb ...).

        Needed: `coin`, `side`, `px`, `sz`, `oid`, `tid`, `time` (ms). Taken where given: `start_position`, `fee`,
        `fee_token`, `closed_pnl`, `crossed`, `cloid`; null, None and the empty text mean "not told" there. The venue's
        spellings (`startPosition`, `feeToken`, `closedPnl`) are known, other columns are passed over. Ids and times are
        integers. Numbers are text, Decimals, or integers in units of 10**-scale: `px_scale` for `px`, `sz_scale` for
        `sz` and `start_position`, `fee_scale` for `fee` and `closed_pnl` (refused where it is None). Floats are refused.

        All rows are read before one is booked: a column or a value that cannot be read raises `BadInput` or
        `Unrepresentable` naming the column and the row, and nothing was booked. A row that can be read but cannot be
        (a negative size) is surfaced, and does not take its siblings along. There is no `Booked` effect for each row:
        the report counts them. Other threads run meanwhile.
        """
    def process_ws(self, frame: bytes, now_ms: int | None = None) -> Report:
        """Applies one raw WebSocket frame: `userFills`, `user` and `orderUpdates`; other channels do nothing. Raises
        `BadInput` when the frame is not a whole one; then nothing of it was applied.
        """
    def process_fills(self, json: bytes, now_ms: int | None = None) -> Report:
        """Applies a bare JSON list of fills: the REST answers `userFills` and `userFillsByTime`."""
    def on_order_update(
        self,
        coin: str,
        side: Side | str,
        oid: int,
        status: str,
        px: _Number,
        sz: _Number,
        orig_sz: _Number,
        time: int,
        cloid: str | None = None,
        reduce_only: bool = False,
        now_ms: int | None = None,
    ) -> tuple[Effect, ...]:
        """Tells one order update, or the same facts from `orderStatus`, `historicalOrders` or `openOrders`: `status` is the
        venue's word, `sz` the remaining and `orig_sz` the submitted size, `time` that of the status in ms.
        """
    def on_open_orders(
        self, coin: str, oids: Sequence[int], began_ms: int, complete: bool = True, now_ms: int | None = None
    ) -> tuple[Effect, ...]:
        """Tells which oids of a coin a snapshot of open orders holds, and when its request began (our clock, ms). Presence
        is evidence of life; absence from a complete one that began after our last word on a leg is a question.
        """
    def on_position(
        self, coin: str, szi: _Number, as_of_ms: int, entry_px: _Number | None = None, now_ms: int | None = None
    ) -> tuple[Effect, ...]:
        """Tells the venue's own position as of its time. It starts an empty chain (at `entry_px`, where told); later it is
        compared, and never overwrites.
        """
    def on_fills_complete(self, coin: str, until_ms: int, now_ms: int | None = None) -> tuple[Effect, ...]:
        """Tells that every fill of the coin before `until_ms` was read and told (two scans that agree)."""
    def initiate_cancel(self, order: int | str, now_ms: int | None = None) -> CancelRequest:
        """Tells that a cancel is about to be sent: for the leg of this oid, or the order of this cloid. Raises
        `UnknownOrder` or `TransitionRefused`.
        """
    def on_cancel_success(self, order: int | str, now_ms: int | None = None) -> tuple[Effect, ...]:
        """The cancel was executed: the leg is dead, its last fills may still be on their way."""
    def on_cancel_error(
        self, order: int | str, why: str = "", request: CancelRequest | None = None, now_ms: int | None = None
    ) -> tuple[Effect, ...]:
        """The cancel was refused with these words. "Nothing there" proves death only for a `request` that was sent after
        the leg was seen live, and never how it ended.
        """
    def initiate_modify(
        self, order: int | str, cloid: str, px: _Number, order_qty: _Number, now_ms: int | None = None
    ) -> ModifyRequest:
        """Tells that a modify is about to be sent: `order_qty` is the wanted total over the order's life, `cloid` a fresh
        name for the new leg. Raises `UnknownOrder`, `DuplicateCloid`, `TransitionRefused` or `BadInput`.
        """
    def on_modify_success(
        self,
        cloid: str,
        oid: int,
        filled: _Number | None = None,
        avg_px: _Number | None = None,
        now_ms: int | None = None,
    ) -> tuple[Effect, ...]:
        """The modify was executed: the new leg `cloid` has this oid, and `filled` of it was executed at once."""
    def on_modify_error(self, cloid: str, why: str, now_ms: int | None = None) -> tuple[Effect, ...]:
        """The modify that was to place the leg `cloid` was refused with these words; what they mean for the old leg is in
        the table of words, and words that are not in it leave the order `Unknown`.
        """
    def on_modify_no_answer(self, cloid: str, now_ms: int | None = None) -> tuple[Effect, ...]:
        """No answer came to the modify that was to place the leg `cloid`: `Unknown` until evidence."""
    def get_order(self, oid: int) -> Order | None:
        """The order that has the leg with this oid, or None."""
    def get_by_cloid(self, cloid: str) -> Order | None:
        """The order that has a leg with this cloid, or None."""
    def get_all_by_side(self, coin: str, side: Side | str) -> list[Order]:
        """Our live orders (`Resting`, `PartialFilled`) on one side of a coin, oldest first."""
    def orders(self, *, foreign: bool = False, closed: bool = False) -> list[Order]:
        """All orders in memory, oldest first; foreign and closed ones on demand."""
    def position(self, coin: str) -> Position:
        """A coin's position and money."""
    def coins(self) -> list[str]:
        """Every coin that was ever named."""
    def worst_long(self, coin: str) -> Decimal:
        """The most the position can become if all that may still be bought is, and nothing is sold."""
    def worst_short(self, coin: str) -> Decimal:
        """The least the position can become."""
    def proven_until(self, coin: str) -> int | None:
        """Up to when no fill of the coin is missing, in ms; None before the first."""
    def gaps(self, coin: str) -> list[Gap]:
        """The breaks in the coin's chain, oldest first."""
    def forget(self, coin: str, before_ms: int) -> int:
        """Lets go of fills older than `before_ms`, which must be proven; later copies of them are `Effect.Ancient`.
        Returns how many fills are still remembered.
        """
    def tick(self, now_ms: int) -> tuple[Effect, ...]:
        """Time passes: settles what is over, and asks for the evidence that is still missing."""
    def next_deadline(self) -> int | None:
        """When `tick` has something to do, in ms; None: only when something happens."""
    def digest(self) -> str:
        """128 bits over everything that facts and asks determine, as 32 hexadecimal digits: equal states, equal digests."""
    def check(self) -> None:
        """Recomputes every invariant from scratch. Raises `EngineFault` naming the first that does not hold."""
    def stats(self) -> Mapping[str, int]:
        """What is held in memory: counts and heap bytes."""

@final
class ModifyOutcome:
    """What a refused modify says of the old leg, by the venue's words."""

    OldGone: ClassVar[ModifyOutcome]
    OldGoneNewRefused: ClassVar[ModifyOutcome]
    OldUntouched: ClassVar[ModifyOutcome]
    Unknown: ClassVar[ModifyOutcome]

def classify_status(word: str) -> str:
    """The meaning of an order status word: "open", "filled", "canceled", "rejected", or "unknown"."""

def classify_order_error(text: str) -> str:
    """The meaning of a refused placement's words: a class such as `"RateLimit"` or `"Crossed"`, or `"Unknown"`."""

def classify_cancel_error(text: str) -> str:
    """The meaning of a refused cancel's words: `"NotLive"` (nothing there), `"NotDone"`, or `"Unknown"`."""

def classify_modify_error(text: str) -> ModifyOutcome:
    """What a refused modify's words say of the old leg."""

def transitions() -> list[tuple[str, str, str, str]]:
    """The whole lifecycle table: (phase, event, result, why) of every cell."""
