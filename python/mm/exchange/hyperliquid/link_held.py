"""Actions that were sent and are not settled: their bytes, and the posts whose answers are still to come. Pure."""

from collections import OrderedDict
from dataclasses import dataclass

from mm.exchange.hyperliquid.encode import Signed
from mm.protocol import ActionError, Garbled, ItemError, Outcome

__all__ = ["Held", "Nonces", "Post", "Posts"]

_AFTER_EXPIRY_MS = 60_000


_DUPLICATE = "Invalid nonce: duplicate nonce"


@dataclass(slots=True)
class _Kept:
    signed: Signed
    unanswered: int = 1


class Held:
    """The signed bytes of actions by nonce, until an answer tells what became of them. Bounded."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_nonce: OrderedDict[int, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_nonce)

    def get(self, nonce: int) -> Signed | None:
        """What was sent under this nonce, if it is not settled."""
        kept = self._by_nonce.get(nonce)
        return None if kept is None else kept.signed

    def full(self, now_ms: int) -> bool:
        """There is no place for one more; what expired long ago has made room by then."""
        while self._by_nonce and len(self._by_nonce) >= self._most:
            oldest = next(iter(self._by_nonce.values())).signed
            if oldest.expires_ms is None or now_ms <= oldest.expires_ms + _AFTER_EXPIRY_MS:
                return True
            self._by_nonce.popitem(last=False)
        return False

    def keep(self, signed: Signed) -> None:
        """It goes out for the first time. The oldest makes room when there is none: ask `full` before what can wait."""
        if signed.to_noop:
            return  # A noop is made anew with the same bytes: signing is deterministic, and it has no expiry.
        if len(self._by_nonce) >= self._most:
            self._by_nonce.popitem(last=False)
        self._by_nonce[signed.nonce] = _Kept(signed)

    def copy(self, nonce: int) -> None:
        """A copy of it goes out."""
        self._by_nonce[nonce].unanswered += 1

    def answered(self, nonce: int, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        """An answer to one copy came: what it says of the action itself.

        What is garbled proves nothing. A refusal may have spent no nonce (protocol 2.5), be it of the whole action or, from
        before it was executed, of its items (3.1): while another copy has not been answered, that one may still be
        executed, and then the refusal proves nothing either. An item that went well is proof for all.
        """
        kept = self._by_nonce.get(nonce)
        if kept is None:
            return outcomes
        kept.unanswered -= 1
        if any(isinstance(one, Garbled) for one in outcomes):
            return outcomes
        refusals = [one.text for one in outcomes if isinstance(one, ActionError | ItemError)]
        refused = len(refusals) == len(outcomes) and not refusals[0].startswith(_DUPLICATE)
        if refused and kept.unanswered > 0:
            return (Garbled(f"{refusals[0]} (a copy of it is still on its way)"),)
        del self._by_nonce[nonce]
        return outcomes

    def never_left(self, nonce: int) -> None:
        """A copy of it certainly was not sent. If it was the only one, there is nothing to repeat."""
        kept = self._by_nonce.get(nonce)
        if kept is not None:
            kept.unanswered -= 1
            if kept.unanswered <= 0:
                del self._by_nonce[nonce]


@dataclass(frozen=True, slots=True)
class Post:
    """A post in flight."""

    signed: Signed
    until_ms: int


class Nonces:
    """The nonces that were signed lately, and which of them the session knows by another number."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._signed: OrderedDict[int, None] = OrderedDict()
        self._moved: OrderedDict[int, int] = OrderedDict()

    def add(self, nonce: int) -> None:
        """It is signed."""
        self._signed[nonce] = None
        if len(self._signed) > self._most:
            self._signed.popitem(last=False)

    def lower(self, nonce: int, most: int) -> int:
        """The highest that is not above `most` and was not signed, instead of this one."""
        while most in self._signed:
            most -= 1
        self._moved[nonce] = most
        if len(self._moved) > self._most:
            self._moved.popitem(last=False)
        return most

    def of(self, nonce: int) -> int:
        """What is signed for this number of the session."""
        return self._moved.get(nonce, nonce)


class Posts:
    """The posts in flight on one connection, oldest first. Their numbers are never used again, on no connection."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[int, Post] = OrderedDict()
        self._last = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def next_id(self) -> int:
        """A fresh number."""
        self._last += 1
        return self._last

    def add(self, number: int, post: Post) -> None:
        """It is on its way."""
        self._by_id[number] = post

    def take(self, number: int | None) -> Post | None:
        """The answer to it came; None if it is not waited for."""
        return self._by_id.pop(number, None) if number is not None else None

    def holds(self, nonce: int) -> bool:
        """Something under this nonce is unanswered."""
        return any(post.signed.nonce == nonce for post in self._by_id.values())

    def oldest_until_ms(self) -> int | None:
        """Until when the oldest is waited for; None if there is none."""
        return next((post.until_ms for post in self._by_id.values()), None)

    def expire(self, now_ms: int) -> int:
        """Lets go of those that waited long enough; how many."""
        gone = 0
        while self._by_id and next(iter(self._by_id.values())).until_ms <= now_ms:
            self._by_id.popitem(last=False)
            gone += 1
        return gone

    def clear(self) -> int:
        """The connection is gone, and with it every answer; how many."""
        gone = len(self._by_id)
        self._by_id.clear()
        return gone
