"""When no answer comes, or none that tells: until there is evidence, and never by a guess.

    the engine is told           its order is `Unknown`, and counted at its worst
    the same bytes once more     one nonce executes at most once (where `Rules.resend` says so)
    a `noop` under the nonce     accepted: the request never executed and never will
                                 "duplicate nonce": the nonce is spent, by the request or by an earlier noop
    the expiry                   passed by the venue's own time, and a margin: the request can execute no more
    `orderStatus`                an order: evidence. Unknown to the venue: nothing, unless the request has expired,
                                 and it is said twice, a second apart, and neither the open orders nor the fills,
                                 read after that, know it

Cancels are simply made anew (`cancels`). Every step has a bounded rate; what goes on for too
long is told, and goes on. Sources: protocol 2.5 to 2.7, 6.2 and 11; `reliability.md` N1 to N5, X8, X9.
"""

from typing import TYPE_CHECKING

from mm._core import Engine
from mm.protocol import Action, Cancel, Done, Modify, Noop, Outcome, Place, Resend
from mm.session.core import UNSEEN, Core, dex_of, name_of, phase_of
from mm.session.events import Escalated, Fate, How
from mm.session.flights import Flight, Item, is_duplicate
from mm.session.reads import Reads

if TYPE_CHECKING:
    from mm.session.desk import Desk

DOUBLINGS = 8
NEVER_LIVED = "it never lived: rejected, or unknown to the venue after its expiry"
"""The reason of a void request whose own answer never came."""


class Silence:
    """Looks after requests whose fate is open."""

    def __init__(self, core: Core, reads: Reads, desk: "Desk") -> None:
        self._core = core
        self._reads = reads
        self._desk = desk

    # --- time -----------------------------------------------------------------------------------------

    def overdue(self) -> None:
        """Take the next step for every request that is due."""
        now = self._core.now_ms
        for flight in self._desk.waiting():
            over = flight.silent and not flight.expired and flight.items and self._has_expired(flight)
            if flight.due_ms <= now or over:
                if isinstance(flight.action, Cancel):
                    self._desk.cancels.overdue(flight)
                elif not flight.items:
                    self._desk.land(flight)
                    self._core.emit(Fate(flight.kind, flight.action.nonce, "", "", How.UNKNOWN, "no answer"))
                else:
                    self._step(flight)

    def close_known(self) -> None:
        """Wait no more for answers about legs that evidence has settled meanwhile."""
        now, view = self._core.now_ms, self._core.engine.view
        for flight in self._desk.waiting():
            if not (flight.silent or flight.due_ms <= now) or isinstance(flight.action, Cancel):
                continue
            for item in flight.unsettled():
                phase = phase_of(view, item.cloid)
                if phase not in UNSEEN:
                    item.settled = True
                    is_void = phase == "Rejected"
                    self._desk.tell(flight, item, How.VOID if is_void else How.FOUND, NEVER_LIVED if is_void else "")
            if flight.items and not flight.unsettled():
                self._desk.land(flight)

    def _step(self, flight: Flight) -> None:
        core, rules, now = self._core, self._core.rules, self._core.now_ms
        action = flight.action
        flight.tries += 1
        for item in flight.unsettled():
            self.doubt(flight, item, "no answer")
        if not flight.expired and self._has_expired(flight):
            flight.expired, flight.spent_ms = True, now
            for item in flight.items:
                item.missing_ms = None  # what was not known before may have executed since
        if flight.spent_ms is None:
            if rules.resend and flight.copies == 1 and now < action.expires_ms:
                flight.copies += 1
                core.counts.resent += 1
                core.repeat(Resend(action.nonce))
            else:
                flight.fences += 1
                core.counts.fences += 1
                core.repeat(Noop(action.nonce))
        if flight.spent_ms is not None or flight.tries == 1:
            self._ask(flight)
        if not flight.told and now - action.expires_ms >= rules.patience_ms:
            flight.told = True
            core.emit(Escalated(f"what became of a {flight.kind} is still not known: nonce {action.nonce}"))
        flight.due_ms = now + self._apart(flight) if flight.expired else self._next_try(flight)

    def _apart(self, flight: Flight) -> int:
        """Between two reads that may prove something; more, where they have proved nothing for long (I18, X19)."""
        rules = self._core.rules
        return rules.gap_max_ms // 4 if flight.told else rules.apart_ms

    def _next_try(self, flight: Flight) -> int:
        """While it may still execute: doubling, and when it should have expired the venue is asked for its time."""
        rules, now = self._core.rules, self._core.now_ms
        pause = min(rules.retry_ms << min(flight.tries - 1, DOUBLINGS), rules.retry_max_ms)
        over_ms = flight.action.expires_ms + flight.ahead_ms + rules.expiry_margin_ms + 1
        if over_ms > now:
            return min(now + pause, over_ms)
        for coin in coins_of(flight.action):
            self._reads.position(coin)  # it is told as of the venue's own time
        return now + pause

    def _has_expired(self, flight: Flight) -> bool:
        """By the venue's time and no other: ours may have been set, or the machine have slept (reliability 3.2, C1)."""
        over_ms = flight.action.expires_ms + flight.ahead_ms + self._core.rules.expiry_margin_ms
        return self._core.venue_ms > over_ms

    # --- what is learned --------------------------------------------------------------------------------

    def doubt(self, flight: Flight, item: Item, why: str) -> None:
        """No answer to this item, or one that does not tell: the engine is told, once."""
        if item.doubted or item.settled:
            return
        item.doubted = True
        tell = Engine.on_modify_no_answer if isinstance(flight.action, Modify) else Engine.on_no_answer
        self._core.fact(tell, item.cloid, self._core.now_ms)
        self._desk.tell(flight, item, How.UNKNOWN, why)

    def hasten(self, flight: Flight) -> None:
        """An answer came, and told nothing: there is no use in waiting for another."""
        if not flight.silent:
            flight.due_ms = min(flight.due_ms, self._core.now_ms + self._core.rules.read_retry_ms)

    def hasten_all(self) -> None:
        """The connection broke: no answer that was on its way over it will come."""
        for flight in self._desk.waiting():
            self.hasten(flight)

    def spent(self, flight: Flight) -> None:
        """The nonce is spent: the request executed, or was refused inside, or a noop took its place. To be asked."""
        if flight.unsettled():
            flight.tries = max(flight.tries, 1)
            if flight.spent_ms is None:
                flight.spent_ms = self._core.now_ms
            self._ask(flight)
            flight.due_ms = self._core.now_ms + self._core.rules.apart_ms

    def on_fence(self, flight: Flight, outcomes: tuple[Outcome, ...]) -> None:
        """The noop was answered: either the request can never execute, or its nonce was spent before."""
        (outcome,) = outcomes if len(outcomes) == 1 else (None,)
        if outcome is not None and is_duplicate(outcome):
            self.spent(flight)
        elif isinstance(outcome, Done):
            for item in flight.unsettled():
                self._void(flight, item, "its nonce was spent by a noop")

    def on_missing(self, key: int | str, sent_ms: int) -> None:
        """The venue does not know it. That proves nothing, unless its request has expired; and then only twice.

        A spent nonce is not enough: by whom it was spent is the question, and "duplicate nonce" says that it may well
        have been the request itself, which a read that lags does not show yet (protocol 2.6 and 6.2, X9).
        """
        rules = self._core.rules
        for flight in self._desk.waiting():
            if not flight.expired or flight.spent_ms is None or sent_ms < flight.spent_ms:
                continue
            for item in flight.unsettled():
                if item.cloid != key:
                    continue
                if item.missing_ms is None:
                    item.missing_ms = sent_ms
                elif sent_ms - item.missing_ms >= rules.apart_ms and self._would_know(flight, item):
                    self._void(flight, item, "unknown to the venue, and its request can execute no more")
                    continue
                flight.due_ms = min(flight.due_ms, self._core.now_ms + rules.apart_ms)  # this is on its way to a proof

    def take_over(self, actions: dict[int, Action]) -> None:
        """After a death: what was sent, and whose answer was not heard, is looked after from here."""
        view = self._core.engine.view
        for action in actions.values():
            if isinstance(action, Place):
                items = [Item(order.cloid, order.cloid) for order in action.orders]
            elif isinstance(action, Modify):
                items = [Item("", change.order.cloid, change.oid) for change in action.changes]
            else:
                continue
            for item in items:
                order = view.get_by_cloid(item.cloid)
                item.settled = order is None or phase_of(view, item.cloid) not in UNSEEN
                if order is not None:
                    item.name, item.wanted = name_of(order), order.order_qty
            # Its bytes died with the process: there is no copy to send.
            flight = Flight(action, items, self._core.now_ms, self._core.ahead_ms, copies=2)
            self._desk.adopt(flight)
            self._step(flight)

    # --- small parts --------------------------------------------------------------------------------------

    def _void(self, flight: Flight, item: Item, why: str) -> None:
        self._core.counts.fenced += 1
        self._desk.void(flight, item)
        self._desk.tell(flight, item, How.VOID, why)

    def _ask(self, flight: Flight) -> None:
        for item in flight.unsettled():
            self._reads.order(item.cloid)
            if item.oid is not None:
                self._reads.order(item.oid)

    def _would_know(self, flight: Flight, item: Item) -> bool:
        """Whether the venue's other books are silent too: the open orders and the fills, both read a while after it
        expired. It forgets an order after some thousand newer ones (X8), and one book may lag behind another (X9).
        """
        assert flight.spent_ms is not None
        since = flight.spent_ms + self._core.rules.apart_ms
        order = self._core.engine.view.get_by_cloid(item.cloid)
        dex = dex_of(order.coin) if order is not None else ""
        if self._reads.scanned_ms.get(dex, -1) >= since and self._reads.fills_began_ms >= since:
            return True
        self._reads.open_orders([dex])
        self._reads.fills()
        return False


def coins_of(action: Action) -> tuple[str, ...]:
    """The coins that an action places orders on, each once."""
    match action:
        case Place(orders=orders):
            return tuple(dict.fromkeys(order.coin for order in orders))
        case Modify(changes=changes):
            return tuple(dict.fromkeys(change.order.coin for change in changes))
        case _:
            return ()
