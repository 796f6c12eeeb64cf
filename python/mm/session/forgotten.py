"""Legs that lived, and that no book of the venue shows any more: closed by what all of them together do not say.

The venue forgets an order a few thousand orders after it ended (reliability X8). A maker that was away for so long, or heard
nothing of an end, would ask for ever: `orderStatus` says "unknown" of what certainly lived. One book proves nothing, as
each may lag behind the others (X9). A leg is dead when

- `orderStatus` does not know it, twice, so far apart that the first may be behind by as much as reads may lag;
- a list of open orders that was asked for after that does not show it;
- all fills were read until well after the first time; they are what says how it ended, and how much of it was executed;
- and nothing in between said that it lives.

Sources: order-state 5 (absence counts only if the list began after our last action and the fills agree), reliability X8.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mm._core import Engine
from mm.protocol import OrderRow
from mm.session.core import Core, dex_of
from mm.session.reads import Reads

LIVED = frozenset({"Live", "Modifying", "Canceling", "Replaced", "Gone"})
"""Phases of a leg that was seen live, and whose end was not told. Of one that was never seen, `Silence` finds out."""


@dataclass(slots=True)
class Missing:
    """A leg that `orderStatus` did not know."""

    dex: str
    since_ms: int
    """When it was asked for the first time that it was not known."""
    unlisted: bool = False
    """A list asked for long enough afterwards does not show it."""


class Forgotten:
    """All of them, by oid."""

    def __init__(self, core: Core, reads: Reads) -> None:
        self._core = core
        self._reads = reads
        self._missing: dict[int, Missing] = {}

    def on_missing(self, key: int | str, sent_ms: int) -> None:
        """`orderStatus`, asked at this time, does not know this order. By its oid, that is: only what lived has one."""
        if not isinstance(key, int):
            return
        coin = self._lives_on(key)
        if coin is None:
            return
        missing = self._missing.get(key)
        if missing is None:
            self._missing[key] = Missing(dex_of(coin), sent_ms)
            return
        over_ms = missing.since_ms + self._core.rules.settled_ms
        if sent_ms < over_ms:
            return
        if missing.unlisted and self._reads.complete_ms > over_ms:
            del self._missing[key]
            self._core.counts.forgotten += 1
            self._core.fact(Engine.on_forgotten, key, over_ms, self._core.now_ms)
            return
        if not missing.unlisted:
            self._reads.open_orders([missing.dex])
        self._reads.fills()

    def on_list(self, dex: str, rows: Iterable[OrderRow], began_ms: int) -> None:
        """A complete list of open orders, asked for then."""
        if not self._missing:
            return
        shown = {row.oid for row in rows}
        for oid, missing in list(self._missing.items()):
            if oid in shown or self._lives_on(oid) is None:
                del self._missing[oid]
            elif missing.dex == dex and began_ms >= missing.since_ms + self._core.rules.settled_ms:
                missing.unlisted = True

    def _lives_on(self, oid: int) -> str | None:
        """The coin of a leg that lived and has not ended, as far as is known here."""
        order = self._core.engine.view.get_order(oid)
        phase = None if order is None else next((leg.phase for leg in order.legs if leg.oid == oid), None)
        if order is None or phase is None:
            return None
        # One that was written off, was shown all the same, and leaves something open (ADR 0016).
        belied = phase == "Rejected" and order.leaves_qty
        return order.coin if phase in LIVED or belied else None

    def on_status(self, row: OrderRow) -> None:
        """`orderStatus` knows it after all."""
        self._missing.pop(row.oid, None)
