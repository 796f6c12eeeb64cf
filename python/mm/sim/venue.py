"""A venue as bytes: what the shell of `mm.sim.server` needs of whatever simulates the matching.

The venue knows neither sockets nor a clock. It is given the bytes of a request and says later, in `advance`, what
goes back, when, and to whom. Times are milliseconds since 1970 in the venue's own time, which may run faster than
ours or stand still.
"""

from dataclasses import dataclass, field
from typing import Literal, Protocol

ReplyOutput = tuple[Literal["reply"], int, int, str, bytes]
"""("reply", ticket, HTTP status, content type, body): the answer to `exchange` or `info`."""
FrameOutput = tuple[Literal["frame"], int, bytes]
"""("frame", socket, bytes): one text message on a WebSocket."""
CloseOutput = tuple[Literal["close"], int, int]
"""("close", socket, code): the venue hangs up; code 1006 means without a closing frame."""
Output = ReplyOutput | FrameOutput | CloseOutput


class Venue(Protocol):
    """A simulated Hyperliquid behind its wire. Not thread-safe: one caller, who may not call it again from inside."""

    @property
    def now_ms(self) -> int:
        """The venue's time: that of the last `advance`."""

    def exchange(self, body: bytes) -> int:
        """A `POST /exchange` arrives now. A ticket; the reply comes out of `advance`."""

    def info(self, body: bytes) -> int:
        """A `POST /info` arrives now. A ticket; the reply comes out of `advance`."""

    def open_socket(self) -> int:
        """A WebSocket is opened. Its number."""

    def socket_message(self, socket: int, text: bytes) -> None:
        """A text message arrives on a socket. A socket that is closed already is ignored."""

    def close_socket(self, socket: int) -> None:
        """The other side is gone: its subscriptions end, and nothing more comes out for it."""

    def advance(self, until_ms: int) -> list[Output]:
        """Let time pass up to and including `until_ms`; what goes out meanwhile, in order of time."""

    def step(self, until_ms: int) -> list[Output]:
        """As `advance`, but only until something goes out."""

    def truth(self, account: str) -> bytes:
        """What is really so of an account, as JSON."""

    def remove_agent(self, agent: str) -> None:
        """An agent is no more."""

    def venue_cancel(self, oid: int, status: str = "internalCancel") -> bool:
        """The venue cancels an order of its own accord; False if it is not live."""

    def set_oracle(self, coin: str, px: str) -> None:
        """Sets the oracle's price of a coin."""


@dataclass(frozen=True, slots=True)
class Account:
    """One simulated account with its keys.

    The keys are made from the simulation's seed, which everybody may know: they are worth nothing, and must never
    be used for anything else. They are left out of the repr so that no log teaches the habit of printing keys.
    """

    name: str
    address: str
    """`0x` and 40 lower-case hexadecimal digits."""
    key: str = field(repr=False)
    """The account's own key, which may approve agents."""
    agent: str
    """The address of its agent (API wallet)."""
    agent_key: str = field(repr=False)
    """The agent's key, which may trade and nothing else."""
