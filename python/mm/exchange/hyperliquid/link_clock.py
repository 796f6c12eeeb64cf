"""The time that a link lives in, and how far the venue's is from it (reliability C1, C2)."""

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Clock", "Skew"]

_STEP_MS = 1_000


def _wall() -> int:
    return time.time_ns() // 1_000_000


def _steady() -> int:
    return time.monotonic_ns() // 1_000_000


class Clock:
    """Milliseconds since 1970 that never go back.

    It goes on by the steady clock, so that a step of the wall clock neither stops a timer nor fires it early. Only a step
    forward is followed (a machine that slept): requests made in the past would have expired before they left.
    """

    def __init__(self, wall: Callable[[], int] = _wall, steady: Callable[[], int] = _steady) -> None:
        self._wall, self.steady_ms = wall, steady
        self._offset = wall() - steady()

    def now_ms(self) -> int:
        """The time of facts and decisions."""
        steady = self.steady_ms()
        ahead = self._wall() - (steady + self._offset)
        if ahead > _STEP_MS:
            self._offset += ahead
        return steady + self._offset


@dataclass(slots=True)
class Skew:
    """How far the venue's time is ahead of ours: what `exchangeStatus` and block times say."""

    warn_ms: int = 1_000
    stop_ms: int = 3_000
    ahead_most_ms: int = 60_000
    offset_ms: int = 0
    known: bool = False

    def asked(self, sent_ms: int, received_ms: int, venue_ms: int) -> None:
        """An answer with the venue's time. It was told some time between sending and receiving: within that, no skew."""
        if venue_ms < sent_ms:
            self.offset_ms = venue_ms - sent_ms
        elif venue_ms > received_ms:
            self.offset_ms = venue_ms - received_ms
        else:
            self.offset_ms = 0
        self.known = True

    def block(self, received_ms: int, block_ms: int) -> None:
        """A block's time. It lies in the past, so it shows only that our clock is behind."""
        if block_ms - received_ms > max(self.offset_ms, 0):
            self.offset_ms = block_ms - received_ms

    @property
    def warns(self) -> bool:
        """It is worth a word."""
        return abs(self.offset_ms) > self.warn_ms

    @property
    def stops(self) -> bool:
        """No new orders: expiry and age mean nothing."""
        return abs(self.offset_ms) > self.stop_ms

    def too_far(self, nonce: int, now_ms: int) -> bool:
        """The nonce lies so far ahead of the venue's time that it would lock out those below it (C2)."""
        return nonce > now_ms + self.offset_ms + self.ahead_most_ms
