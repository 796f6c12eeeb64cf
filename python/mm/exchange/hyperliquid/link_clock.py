"""The time that a link lives in, and how far the venue's is from it (reliability C1, C2)."""

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Clock", "Skew"]

_QUICK_MS = 1_000
"""An answer that came within this time tells the venue's clock as exactly as is asked for here."""
_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


def _wall() -> int:
    return time.time_ns() // 1_000_000


def _steady() -> int:
    """Never steps, and goes on while the machine sleeps, where the system has such a clock."""
    return (time.monotonic_ns() if _BOOT is None else time.clock_gettime_ns(_BOOT)) // 1_000_000


class Clock:
    """Milliseconds since 1970 that never go back.

    It goes on by the steady clock, so that a step of the wall clock neither stops a timer nor fires it early. A step
    forward is followed only when the venue's clock says so, too (a machine that was frozen): one that was set wrong for a
    moment would else leave us in the future, with all that was sent taken for expired.
    """

    def __init__(self, wall: Callable[[], int] = _wall, steady: Callable[[], int] = _steady) -> None:
        self._wall, self.steady_ms = wall, steady
        self._offset = wall() - steady()

    def now_ms(self) -> int:
        """The time of facts and decisions."""
        return self.steady_ms() + self._offset

    def ahead_ms(self) -> int:
        """How far the wall clock is ahead of this one: what it was set by since the start, forward or back."""
        return self._wall() - self.now_ms()

    def follow(self, step_ms: int) -> None:
        """Goes forward by so much at once."""
        self._offset += max(0, step_ms)


@dataclass(slots=True)
class Skew:
    """How far the venue's time is ahead of ours: what `exchangeStatus` and block times say."""

    warn_ms: int = 1_000
    stop_ms: int = 3_000
    ahead_most_ms: int = 60_000
    offset_ms: int = 0
    """The best guess."""
    floor_ms: int = 0
    """What it certainly is: nothing but answers of the venue to our own questions count."""
    asked_ms: int = 0
    """What `exchangeStatus` says of it."""
    lead_ms: int = 0
    """By how much the newest block was ahead of us; 0 for what may be chance."""
    known: bool = False

    def asked(self, sent_ms: int, received_ms: int, venue_ms: int) -> None:
        """An answer with the venue's time. It was told some time between sending and receiving: within that, no skew."""
        if venue_ms < sent_ms:
            self.asked_ms = venue_ms - sent_ms
        elif venue_ms > received_ms:
            self.asked_ms = venue_ms - received_ms
        else:
            self.asked_ms = 0
        self._judge()
        floor = venue_ms - received_ms - 1  # Two clocks that count whole milliseconds begin each at another moment.
        if not self.known or received_ms - sent_ms <= _QUICK_MS or floor > self.floor_ms:
            self.floor_ms = floor  # From a slow answer only what adds to it: it may be very old.
        self.known = True

    def block(self, received_ms: int, block_ms: int) -> bool:
        """The newest block's time. It lies in the past, so it shows only that the chain, by whose time requests expire, is
        ahead of us; one beyond all belief shows nothing. Whether the venue's clock should be read again.
        """
        ahead, before = block_ms - received_ms, self.offset_ms
        if ahead > max(before, 0) + self.ahead_most_ms:
            return True
        self.lead_ms = ahead if ahead > self.warn_ms // 2 else 0
        self._judge()
        return abs(self.offset_ms - before) > self.warn_ms // 2

    def _judge(self) -> None:
        self.offset_ms = max(self.asked_ms, self.lead_ms) if self.lead_ms else self.asked_ms

    def moved(self, step_ms: int) -> None:
        """Our own clock went forward by so much."""
        self.asked_ms -= step_ms
        self.floor_ms -= step_ms
        self.lead_ms = max(0, self.lead_ms - step_ms)
        self._judge()

    @property
    def warns(self) -> bool:
        """It is worth a word."""
        return abs(self.offset_ms) > self.warn_ms

    @property
    def stops(self) -> bool:
        """No new orders: expiry and age mean nothing."""
        return abs(self.offset_ms) > self.stop_ms

    def highest_nonce(self, now_ms: int) -> int:
        """The highest that may be signed: one further ahead of the venue's time would lock out those below it (C2)."""
        return now_ms + self.floor_ms + self.ahead_most_ms
