"""Cancels: a wish that is kept until its order is done, not one request.

An answer to a cancel is about one leg at one moment. "Nothing there" may be said because the leg was
replaced a moment before, or has not arrived yet; a limit may refuse it, a proxy may lose it, and words
may mean anything. In each case something may rest that somebody wanted gone (I20). So whatever is said,
each leg that may live is cancelled again, at a bounded rate, until evidence closes the order:

    no answer in time                 at once, all that are due in one action, and their status is asked
    an answer that does not do it     after a pause that doubles from `read_retry_ms` up to `retry_max_ms`
    refused for good                  the wish is given up, and whoever wished is told (`PASSING` has the others)

Sources: order-state 5 and 9 (I5, I6, I20), protocol 3.3 and 4.3, reliability X6 and X7.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm._core import Order, OrderState, classify_cancel_error, classify_order_error
from mm.session.core import Core
from mm.session.events import Escalated, How
from mm.session.flights import Flight
from mm.session.reads import Reads

if TYPE_CHECKING:
    from mm.session.desk import Desk

TRIES = 20
"""After so many cancels in a row somebody is told."""
DOUBLINGS = 8
PASSING = frozenset({"RateLimit", "Expired", "NonceInvalid", "NonceDuplicate", "AgentRemoval", "Unknown", "TargetGone"})
"""Reasons that may be over the next time. The others (a signer that is unknown, say) stay until somebody acts."""
MAY_LIVE = frozenset({"Pending", "Unknown", "Live", "Modifying", "Canceling", "CancelingBlind"})
"""Phases of a leg that may rest at the venue, or may yet come to."""

Key = int | str


@dataclass(slots=True)
class Wanted:
    """An order that is to go, and what was done about it."""

    due_ms: int
    """Before then it is not cancelled again."""
    tries: int = 0


class Cancels:
    """Every order, by name, and every leg, by oid, that somebody wants gone and that is not known to be."""

    def __init__(self, core: Core, reads: Reads, desk: "Desk") -> None:
        self._core = core
        self._reads = reads
        self._desk = desk
        self._wanted: dict[Key, Wanted] = {}
        self._next_ms: int | None = None

    def __contains__(self, key: Key) -> bool:
        return key in self._wanted

    @property
    def busy(self) -> bool:
        """Whether one is to be cancelled again when its pause is over."""
        return self._next_ms is not None

    def next_deadline(self) -> int | None:
        """When the next pause is over."""
        return self._next_ms

    def want(self, key: Key) -> None:
        """This is to go: from now until it is gone."""
        self._wanted.setdefault(key, Wanted(self._core.now_ms))

    def again(self, key: Key, *, pause: bool = True) -> None:
        """A cancel of this did not do it, or nobody knows: another follows, after a pause where an answer came at once."""
        wanted = self._wanted.get(key)
        if wanted is None:
            return
        rules, now = self._core.rules, self._core.now_ms
        wanted.due_ms = now
        if pause:
            wanted.due_ms += min(rules.read_retry_ms << min(wanted.tries, DOUBLINGS), rules.retry_max_ms)
        wanted.tries += 1
        if wanted.tries == TRIES:
            self._core.emit(Escalated(f"a cancel does not get through: tried {TRIES} times"))

    def on_refusal(self, key: Key, text: str) -> None:
        """The venue said no, or that nothing is there. Only what stays refused is given up."""
        if classify_cancel_error(text) == "NotDone" and classify_order_error(text) not in PASSING:
            self._wanted.pop(key, None)
        else:
            self.again(key)

    def overdue(self, flight: Flight) -> None:
        """No answer came in time: this request is forgotten, and what became of its orders is asked."""
        self._desk.land(flight)
        for item in flight.unsettled():
            if item.wish is None:
                continue
            order = self._order(item.wish)
            legs = [] if order is None else self._legs(item.wish, order)
            if not legs:
                item.settled = True
                self._desk.tell(flight, item, How.FOUND)
            for leg in legs:
                self._reads.order(leg)
            self.again(item.wish, pause=False)

    def keep_time(self) -> None:
        """Cancel again whatever is due, all in as few actions as there can be."""
        self._next_ms = None
        if not self._wanted:
            return
        now, flying = self._core.now_ms, self._flying()
        due: list[tuple[Key, Key]] = []
        for key, wanted in list(self._wanted.items()):
            order = self._order(key)
            if order is None or _is_done(order):
                del self._wanted[key]
            elif key not in flying and (legs := self._legs(key, order)):
                if wanted.due_ms <= now:
                    due += [(leg, key) for leg in legs]
                else:
                    self._next_ms = min(wanted.due_ms, self._next_ms or wanted.due_ms)
        if due:
            for key in self._desk.cancel_legs(due):
                self.again(key)  # the engine sees nothing to cancel there now

    def _order(self, key: Key) -> Order | None:
        view = self._core.engine.view
        return view.get_order(key) if isinstance(key, int) else view.get_by_cloid(key)

    @staticmethod
    def _legs(key: Key, order: Order) -> list[Key]:
        """The legs that may live, each by the best name it has; of a leg that is wanted gone by its oid, only that."""
        legs = [leg for leg in order.legs if leg.phase in MAY_LIVE and (isinstance(key, str) or leg.oid == key)]
        return [name for leg in legs if (name := leg.oid if leg.oid is not None else leg.cloid) is not None]

    def _flying(self) -> set[Key]:
        keys: Iterable[Key | None] = (item.wish for flight in self._desk.waiting() for item in flight.unsettled())
        return {key for key in keys if key is not None}


def _is_done(order: Order) -> bool:
    """Nothing of it rests, and nothing is on its way that may come to."""
    return order.state.is_terminal or (order.state == OrderState.CancelConfirmed and not order.modifying)
