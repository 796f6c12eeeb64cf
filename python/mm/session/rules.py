"""The numbers that a session goes by, and the one thing that it needs of whoever carries its words."""

from dataclasses import dataclass
from typing import Protocol

from mm.protocol import Command


class Outlet(Protocol):
    """Where commands go. Both exchanges of `mm.exchange.base` are one.

    One over the network may have two times more: `venue_now_ms`, which the venue's clock has certainly passed, and
    `venue_offset_ms`, how far it is thought to be ahead of `now_ms`, and by how much more expiries are put off.
    """

    @property
    def now_ms(self) -> int:
        """The time that facts and decisions are made in: virtual in a simulation."""

    def send(self, command: Command) -> None:
        """Send and return at once; what becomes of it is told later, or never."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How long to wait, how often to repeat, when to say so. All times in ms.

    The defaults are those of a client on the network; the source of each is `reliability.md` 2 and 3.6.
    """

    expires_ms: int = 5_000
    """Every action expires so long after it was made: a delayed request cannot place a stale order. The venue is told so of all
    but cancels and noops, which do no harm late (ADR 0011)."""
    answer_ms: int = 2_000
    """An answer that takes longer did not come."""
    retry_ms: int = 1_000
    """Between two attempts to learn what became of a request; doubling up to `retry_max_ms`."""
    retry_max_ms: int = 4_000
    resend: bool = True
    """Whether the identical bytes are sent once more before the nonce is spent. A maker's quote is stale by then:
    it is rather prevented."""
    expiry_margin_ms: int = 4_000
    """So much later than its expiry, by the time that the venue itself tells, a request can certainly execute no more:
    more than the three seconds at which orders are refused for a clock that is off (reliability C1, 3.2)."""
    apart_ms: int = 1_000
    """Two reads that say "unknown" prove something only if so far apart, both after the nonce was spent."""
    remembered: int = 1_000
    """So many answered requests are kept, so that a second answer is understood."""
    read_ms: int = 2_000
    """A read that takes longer is asked again, and then given twice the time, up to four times."""
    read_retry_ms: int = 300
    """The first pause after a failed read; doubling up to `read_retry_max_ms`."""
    read_retry_max_ms: int = 5_000
    lookback_ms: int = 3_600_000
    """How far back a first start without a record reads fills; the stream's own snapshot reaches further."""
    overlap_ms: int = 1_000
    """By how much two reads of fills overlap."""
    settled_ms: int = 6_000
    """A read is trusted to be complete up to so long before it was asked: clocks may differ by three seconds before
    orders are refused for it, and reads lag (X9)."""
    snapshot_ms: int = 5_000
    """How long the snapshot of `userFills` is waited for; the pages of fills tell the same."""
    gap_ms: int = 1_000
    """How soon a gap in the chain is asked about again, a position that differs compared again, or all read again for
    something that does not fit; doubling up to `gap_max_ms` while it goes on."""
    gap_max_ms: int = 120_000
    reach_ms: int = 15_000
    """A position that goes on to differ has its fills read from so much earlier on, doubling up to `lookback_ms`."""
    patience_ms: int = 60_000
    """When something that does not end is told: a gap, a read, a request without a fate."""
    differences: int = 10
    """How often running the venue's position may differ before somebody is told."""
    positions_ms: int | None = 4_000
    """How often positions are compared while all is well: a fill that no stream told is found by that."""
    positions_at_once: int = 8
    """Of so many coins at a time, in turn: each costs a request of weight 2."""
    scan_ms: int | None = 15_000
    """How often the open orders are read while all is well."""
    keep_ms: int | None = 3_600_000
    """Proven fills older than this leave memory."""
