"""Orders of ours that rest at the venue though they were written off here: cancelled by oid until they are gone.

The engine keeps a closed order closed, and is right: nothing opens it again. But a venue that lied, or a
proof that was none, may have left it on the book, where it can still fill. What was refused or fenced the
engine counts in the worst case as soon as it is seen to live; what ended otherwise, or left memory, it does
not: there the closed coin stands for that (ADR 0016). So each list of open orders is compared with what is
closed. One that was refused, or never executed, and is shown is cancelled at once. One that lived may be a
ghost of a list that lags (X9): it is cancelled if `orderStatus` says that it rests. Until it is gone from
two lists its coin is closed for whatever does more than reduce (I9, I20).

Sources: reliability 3.5 (the scan finds a live order by its cloid), order-state 5 and 9.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mm.protocol import OrderRow, Target
from mm.session.core import Core, dex_of
from mm.session.events import Escalated
from mm.session.gate import Gate
from mm.session.reads import Reads

CLOSED = frozenset({"Cancelled", "Filled", "Rejected"})
"""Phases of a leg that nothing follows."""
LIVES = "an order of ours rests though it was written off"
MAGIC = "0x6d6d0001"
DOUBLINGS = 4
GONE = 2


@dataclass(slots=True)
class Stray:
    """One such order."""

    coin: str
    oid: int
    due_ms: int
    sure: bool = False
    """It rests: this is no ghost of a list that lags."""
    ghost: bool = False
    """`orderStatus` says that it has ended, as we know it."""
    tries: int = 0
    gone: int = 0
    """How many lists in a row do not show it any more."""


class Strays:
    """All of them."""

    def __init__(self, core: Core, reads: Reads, gate: Gate, cancel: Callable[[list[Target]], None]) -> None:
        self._core = core
        self._reads = reads
        self._gate = gate
        self._cancel = cancel
        self._found: dict[int, Stray] = {}
        self._list_ms = 0
        self._lists = 0

    def standing(self, coin: str | None = None) -> list[int]:
        """The oids that the latest list still shows (of a coin), but for ghosts."""
        return [s.oid for s in self._found.values() if s.gone == 0 and not s.ghost and coin in (None, s.coin)]

    def on_list(self, dex: str, rows: Iterable[OrderRow], began_ms: int) -> None:
        """A complete list of open orders, asked for then; the engine has been told of its rows."""
        shown: set[int] = set()
        for row in rows:
            shown.add(row.oid)
            closed = self._closed(row)
            if closed is not None:
                self._see(row, closed == "Rejected")
        for stray in [s for s in self._found.values() if dex_of(s.coin) == dex]:
            if stray.oid not in shown:
                stray.gone += 1
                if stray.gone >= GONE:
                    del self._found[stray.oid]
        for coin in {coin for coin, why in self._gate.holds() if why == LIVES and coin is not None}:
            if not any(stray.coin == coin for stray in self._found.values()):
                self._gate.release(coin, LIVES)

    def keep_time(self) -> None:
        """Cancel what is due, and read the lists again."""
        if not self._found:
            return
        now, rules = self._core.now_ms, self._core.rules
        due = [stray for stray in self._found.values() if stray.sure and stray.gone == 0 and stray.due_ms <= now]
        for stray in due:
            stray.due_ms = now + (rules.retry_ms << min(stray.tries, DOUBLINGS))
            stray.tries += 1
        if due:
            self._cancel([Target(stray.coin, stray.oid, None) for stray in due])
        alive = {dex_of(stray.coin) for stray in self._found.values() if not stray.ghost}
        if alive and self._list_ms <= now:
            self._list_ms = now + (rules.apart_ms << min(self._lists, DOUBLINGS))
            self._lists += 1
            self._reads.open_orders(alive)

    def next_deadline(self) -> int | None:
        """When the next cancel or the next list is due."""
        strays = [stray for stray in self._found.values() if not stray.ghost]
        due = [stray.due_ms for stray in strays if stray.sure and stray.gone == 0]
        return min([*due, self._list_ms]) if strays else None

    def on_status(self, row: OrderRow) -> None:
        """What `orderStatus` says of an order."""
        stray = self._found.get(row.oid)
        if stray is not None and row.status == "open":
            self._is_alive(stray)
        elif stray is not None and not stray.sure:
            stray.ghost = True

    def _see(self, row: OrderRow, certain: bool) -> None:
        now = self._core.now_ms
        if not self._found:
            self._list_ms, self._lists = now + self._core.rules.apart_ms, 0
        stray = self._found.get(row.oid)
        if stray is None:
            stray = self._found[row.oid] = Stray(row.coin, row.oid, now)
        stray.gone = 0
        if certain:
            self._is_alive(stray)
        elif not stray.sure and not stray.ghost:
            self._reads.order(row.oid)

    def _is_alive(self, stray: Stray) -> None:
        if stray.sure:
            return
        stray.sure, stray.ghost = True, False
        self._gate.hold(stray.coin, LIVES)
        self._core.emit(Escalated(f"{LIVES}, and is cancelled: oid {stray.oid}", stray.coin))

    def _closed(self, row: OrderRow) -> str | None:
        """The phase of the leg with this oid if it is ours and closed; None if it is not."""
        view = self._core.engine.view
        order = view.get_order(row.oid)
        if order is None:
            ours = row.cloid is not None and row.cloid.lower().startswith(f"{MAGIC}{view.instance:08x}")
            return "Cancelled" if ours else None  # it left memory, and was closed then
        phase = next((leg.phase for leg in order.legs if leg.oid == row.oid), None)
        if phase is None:
            phase = "Cancelled"  # a leg that was settled, and is folded away
        return phase if not order.foreign and phase in CLOSED else None
