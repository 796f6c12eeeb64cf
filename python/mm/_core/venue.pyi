"""A simulated Hyperliquid: deterministic, without clock or socket."""

from decimal import Decimal
from typing import Any, Literal, TypeAlias, final

__all__ = ["Venue", "faults", "settings"]

_Number: TypeAlias = str | int | Decimal
"""An amount: plain decimal text, an int (whole units) or a Decimal. A float is refused."""
_Output: TypeAlias = (
    tuple[Literal["reply"], int, int, str, bytes]
    | tuple[Literal["frame"], int, bytes]
    | tuple[Literal["close"], int, int]
)
"""What is delivered: see `Venue.advance`."""
_Channel: TypeAlias = Literal["reply", "info", "orders", "fills", "state", "market", "control"]

def faults() -> dict[str, str]:
    """Every fault by its name, with the lines of reliability.md 2 that it plays (`Venue.fault`)."""

def settings() -> dict[str, str]:
    """Every setting of a venue by its name, with what it means. Each is a whole number (`Venue(settings={...})`)."""

@final
class Venue:
    """A simulated Hyperliquid: bytes in, bytes out, each at its time. The same seed, settings and calls give the same
    bytes at the same times, on every machine (`trace_hash`).

    It has no clock: `advance` lets its time pass. It has no accounts but those that were opened (`open_account`).
    `market` says who else trades, by coin: "deep", "thin" or "quiet" traders that are generated. `recording` plays a
    recorded market instead: rows by coin, ("book", ms, bids, asks), ("touch", ms, bid, ask) or ("trade", ms, side,
    px, sz), a level being (px, sz), numbers as text. `settings` are whole numbers by name (`settings()`), `perps` are
    the venue's answers to `metaAndAssetCtxs` by dex ("" is the main one) and `spot` is that to `spotMetaAndAssetCtxs`:
    without them there is a small set of markets of its own. With `check_signatures=False` the last twenty bytes of a
    signature's `r` are believed to be the signer.

    Wrong arguments raise `BadInput` or `Unrepresentable`, naming the field, and change nothing.
    """

    def __new__(
        cls,
        seed: int | None = None,
        *,
        mainnet: bool = False,
        start_ms: int | None = None,
        market: dict[str, Literal["deep", "thin", "quiet", "none"]] | None = None,
        recording: dict[str, Any] | None = None,
        settings: dict[str, int] | None = None,
        perps: dict[str, bytes] | None = None,
        spot: bytes | None = None,
        check_signatures: bool = True,
    ) -> Venue: ...
    @property
    def now_ms(self) -> int:
        """The venue's time, in ms."""
    @property
    def events(self) -> int:
        """How many things have happened on the chain."""
    @property
    def coins(self) -> list[str]:
        """The coins of its markets, delisted ones included, in the order of their assets."""
    def exchange(self, body: bytes) -> int:
        """`POST /exchange`, sent now: the ticket by which `advance` names its answer."""
    def info(self, body: bytes) -> int:
        """`POST /info`, sent now: the ticket by which `advance` names its answer."""
    def open_socket(self) -> int:
        """A new WebSocket: its number."""
    def socket_message(self, socket: int, text: bytes) -> None:
        """The client says something on a WebSocket, now. On one that is closed it is lost."""
    def close_socket(self, socket: int) -> None:
        """The client closes a WebSocket: nothing more comes from it."""
    def advance(self, until_ms: int) -> list[_Output]:
        """Lets time pass until `until_ms`. What came meanwhile, in order of time: ("reply", ticket, HTTP status, content
        type, body), ("frame", socket, bytes), ("close", socket, code).
        """
    def step(self, until_ms: int) -> list[_Output]:
        """As `advance`, but only until something comes: who answers at once sees each thing at its own time (`now_ms`)."""
    def open_account(
        self,
        address: str,
        usd: _Number | None = None,
        *,
        dexes: dict[str, Any] | None = None,
        spot: dict[str, Any] | None = None,
        master: str | None = None,
        leader: str | None = None,
    ) -> None:
        """Opens an account, or gives one that is there more money: USDC on the main dex (`usd`), by other dexes (`dexes`),
        and spot tokens by name (`spot`). With a `master` it is that account's sub-account, with a `leader` a vault that is
        led by that account; either is traded for by the signers of the account named.
        """
    def add_agent(self, account: str, agent: str, name: str = "", valid_until_ms: int | None = None) -> None:
        """Lets `agent` sign for an account, from now until `valid_until_ms` (90 days, if that is not told). An agent of the
        same name is no more then.
        """
    def remove_agent(self, agent: str) -> None:
        """An agent is no more: what it signs is of nobody."""
    def add_volume(self, account: str, usd: _Number) -> None:
        """Counts volume as if an account had traded it: for budgets and gates."""
    def set_oracle(self, coin: str, px: _Number) -> None:
        """Sets the oracle's price of a coin."""
    def delist(self, coin: str) -> None:
        """A market is no more: its orders end (`delistedCanceled`), its number and the positions in it stay."""
    def convert_dust(self, account: str, coin: str) -> bool:
        """The venue turns what an account has below a lot of a spot coin into its quote token: a fill of tid 0. False if
        there is nothing below a lot.
        """
    def venue_cancel(self, oid: int, status: str = "internalCancel") -> bool:
        """The venue cancels an order of its own accord, with one of its statuses. False if the order is not live."""
    def fault(
        self,
        name: str,
        *,
        channel: _Channel | None = None,
        per_million: int = 1_000_000,
        times: int | None = None,
        from_ms: int | None = None,
        until_ms: int | None = None,
        amount: int | None = None,
    ) -> None:
        """Switches a fault on (`faults()`): so often in a million occasions, at most so many `times`, between two moments,
        on one channel ("reply", "info", "orders", "fills", "state", "market", "control") or on all. `amount` is its
        measure: milliseconds of a delay, lots of a lie.
        """
    def heal(self, name: str | None = None) -> None:
        """Switches a fault off; all of them without a name."""
    def struck(self) -> dict[str, int]:
        """How often each fault has struck."""
    def truth(self, account: str) -> bytes:
        """What is really so of an account, as JSON: positions, spot, cash, live orders with what they executed, every fill
        that is remembered, sums. Raises `BadInput` for an address that has no account.
        """
    def check(self) -> None:
        """Audits the venue itself: books, positions, holds, and that no money came from nowhere. Raises `EngineFault`."""
    def trace_hash(self) -> str:
        """32 hexadecimal digits over all that has happened and all that was delivered, with its times."""
