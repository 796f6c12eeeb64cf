"""Requests on their way: told to the engine, recorded, sent; and what their answers say, or their silence.

Every request is one nonce, and a nonce executes at most once. A request whose answer does not come is
declared unknown to the engine, and its nonce is spent with a `noop`: if that is accepted, the request
never executed and never will; if it is refused as a duplicate, the request did execute, and the order's
status is asked for. Nothing is repeated blindly but cancels, which may be.
"""

from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal

from mm._core import (
    CancelRequest,
    Effect,
    Engine,
    Order,
    OrderState,
    Side,
    Tif,
    classify_order_error,
)
from mm.exchange.base import (
    Action,
    ActionError,
    Answer,
    Cancel,
    Done,
    Exchange,
    Filled,
    Garbled,
    ItemError,
    Modify,
    Noop,
    Outcome,
    Place,
    Resting,
)
from mm.fallback import Verdict, verdict_of
from mm.runner.reads import Reads
from mm.runner.record import Recorded
from mm.runner.tally import Tally

EXPIRES_MS = 5_000
ANSWER_TIMEOUT_MS = 1_500
FENCE_RETRY_MS = 1_000
FENCE_TRIES = 30
CANCEL_TRIES = 20
REMEMBERED = 1_000
"""Answered requests that are kept, so that a second answer is understood."""
DUPLICATE_NONCE = "Invalid nonce: duplicate nonce"
UNKNOWN_WORDS = "Unknown"


@dataclass(slots=True)
class Flight:
    """One request. `name` is the order's, `cloid` the leg's that the request makes."""

    action: Action
    name: str
    due_ms: int
    request: CancelRequest | None = None
    wanted: Decimal = Decimal(0)
    answered: bool = False
    silent: bool = False
    """Its answer did not come in time, and the engine knows."""
    executed: bool = False
    """Its nonce is known to be spent by itself."""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A modify did not simply succeed: the fallback takes over."""

    name: str
    cloid: str
    verdict: Verdict
    wanted: Decimal


Told = tuple[tuple[Effect, ...], Refusal | None]
NOTHING: Told = ((), None)


class Desk:
    """Sends actions and reads their answers."""

    def __init__(self, engine: Recorded, exchange: Exchange, reads: Reads, coin: str, tally: Tally) -> None:
        self._engine = engine
        self._exchange = exchange
        self._reads = reads
        self._coin = coin
        self._tally = tally
        self._waiting: dict[int, Flight] = {}
        self._answered: OrderedDict[int, Flight] = OrderedDict()
        self._unknown_oid: dict[str, int] = {}
        self._last_nonce = max(engine.sent(), default=0)
        self.exhausted: list[str] = []
        """Requests whose bound of tries was reached, in words."""

    @property
    def busy(self) -> bool:
        """Whether any request's fate is still open."""
        return bool(self._waiting)

    def next_deadline(self) -> int | None:
        """When the next request is overdue."""
        return min((flight.due_ms for flight in self._waiting.values()), default=None)

    # --- asks: the engine first, then the record, then the wire -----------------------------------

    def place(self, side: Side, px: Decimal, sz: Decimal, tif: Tif) -> str:
        """Place an order and give its name. Raises `UsageError` if the engine does not allow it."""
        now = self._exchange.now_ms
        cloid = self._engine.tell(Engine.next_cloid)
        self._engine.tell(Engine.add_pending_with_cloid, cloid, self._coin, side, px, sz, tif, False, now)
        nonce, expires = self._nonce(), now + EXPIRES_MS
        words = (self._coin, side.letter, f"{px:f}", f"{sz:f}", wire_word(tif), cloid)
        self._launch(Flight(Place(nonce, expires, *words), cloid, now + ANSWER_TIMEOUT_MS))
        self._tally.placed += 1
        return cloid

    def modify(self, order: Order, px: Decimal, order_qty: Decimal) -> str:
        """Move an order and give the new leg's cloid. Raises `UsageError` if the engine does not allow it."""
        now = self._exchange.now_ms
        cloid = self._engine.tell(Engine.next_cloid)
        ask = self._engine.tell(Engine.initiate_modify, name_of(order), cloid, px, order_qty, now)
        nonce, expires = self._nonce(), now + EXPIRES_MS
        words = (ask.coin, ask.side.letter, f"{ask.px:f}", f"{ask.sz:f}", wire_word(ask.tif), ask.cloid)
        action = Modify(nonce, expires, ask.oid, *words)
        self._launch(Flight(action, name_of(order), now + ANSWER_TIMEOUT_MS, wanted=order_qty))
        self._tally.modified += 1
        return ask.cloid

    def cancel(self, order: Order, tries: int = 0) -> None:
        """Cancel an order by its oid; again, after silence. Raises `UsageError` where nothing is left to cancel."""
        now = self._exchange.now_ms
        request = self._engine.tell(Engine.initiate_cancel, name_of(order), now)
        cloid = None if request.oid is not None else request.cloid
        action = Cancel(self._nonce(), now + EXPIRES_MS, request.coin, request.oid, cloid)
        self._launch(Flight(action, name_of(order), now + ANSWER_TIMEOUT_MS, request, tries=tries))
        self._tally.cancelled += not tries

    def _launch(self, flight: Flight) -> None:
        self._engine.sending(flight.action)
        self._waiting[flight.action.nonce] = flight
        self._exchange.send(flight.action)

    # --- answers ----------------------------------------------------------------------------------

    def on_answer(self, answer: Answer) -> Told:
        """Tell the engine what an answer says; twice or late is as good as once."""
        flight = self._waiting.get(answer.nonce) or self._answered.get(answer.nonce)
        if flight is None:
            self._tally.surprises["answer to nothing"] += 1
            return NOTHING
        outcome = answer.outcome
        if isinstance(outcome, Garbled):
            return NOTHING  # as good as none: the time-out will deal with it
        if answer.to_noop:
            return self._on_fence(flight, outcome)
        if isinstance(outcome, ActionError) and outcome.text.startswith(DUPLICATE_NONCE):
            return NOTHING  # this copy came second; what the first one did is answered elsewhere
        if not flight.answered:
            if self._is_understood(flight, outcome):
                self._land(flight)
            else:
                # Words that are not known: as good as silence, and the nonce tells whether it executed.
                flight.due_ms = self._exchange.now_ms + FENCE_RETRY_MS
        match flight.action:
            case Place(cloid=cloid):
                return self._on_placed(cloid, outcome), None
            case Modify():
                return self._on_modified(flight, flight.action, outcome)
            case Cancel():
                return self._on_cancelled(flight, outcome), None
            case _:
                return NOTHING

    def _is_understood(self, flight: Flight, outcome: Outcome) -> bool:
        if not isinstance(outcome, ItemError | ActionError):
            return True
        match flight.action:
            case Place():
                return classify_order_error(outcome.text) != UNKNOWN_WORDS
            case Modify():
                return verdict_of(outcome.text) != Verdict.UNKNOWN
            case _:
                return True

    def _on_placed(self, cloid: str, outcome: Outcome) -> tuple[Effect, ...]:
        now = self._exchange.now_ms
        match outcome:
            case Resting(oid=oid):
                return self._engine.tell(Engine.finalize_pending_by_cloid, cloid, oid, None, None, now)
            case Filled(oid=oid, total_sz=total, avg_px=avg):
                return self._engine.tell(Engine.finalize_pending_by_cloid, cloid, oid, total, avg, now)
            case ItemError(text=text) | ActionError(text=text):
                if classify_order_error(text) == UNKNOWN_WORDS:
                    return self._engine.tell(Engine.on_no_answer, cloid, now)
                self._tally.rejected += 1
                return self._engine.tell(Engine.on_rejected, cloid, text, now)
            case _:
                return ()

    def _on_modified(self, flight: Flight, action: Modify, outcome: Outcome) -> Told:
        now = self._exchange.now_ms
        match outcome:
            case Resting(oid=oid):
                effects = self._engine.tell(Engine.on_modify_success, action.cloid, oid, None, None, now)
                return effects, self._refusal(flight, Verdict.REPLACED)
            case Filled(oid=oid, total_sz=total, avg_px=avg):
                effects = self._engine.tell(Engine.on_modify_success, action.cloid, oid, total, avg, now)
                return effects, self._refusal(flight, Verdict.REPLACED)
            case ItemError(text=text) | ActionError(text=text):
                effects = self._engine.tell(Engine.on_modify_error, action.cloid, text, now)
                return effects, self._refusal(flight, verdict_of(text))
            case _:
                return NOTHING

    def _on_cancelled(self, flight: Flight, outcome: Outcome) -> tuple[Effect, ...]:
        now = self._exchange.now_ms
        request = flight.request
        assert request is not None
        leg = request.oid if request.oid is not None else request.cloid  # this leg, not the order
        assert leg is not None
        match outcome:
            case Done():
                return self._engine.tell(Engine.on_cancel_success, leg, now)
            case ItemError(text=text) | ActionError(text=text):
                return self._engine.tell(Engine.on_cancel_error, leg, text, flight.request, now)
            case _:
                return ()

    # --- silence ----------------------------------------------------------------------------------

    def overdue(self) -> list[Told]:
        """Deal with requests whose answer did not come: say so to the engine, and fence them."""
        now = self._exchange.now_ms
        return [self._silent(f) for f in list(self._waiting.values()) if f.due_ms <= now]

    def take_over(self, actions: dict[int, Action]) -> list[Told]:
        """After a death: what was sent, and whose answer was not heard, is fenced."""
        told = []
        for nonce, action in actions.items():
            assert isinstance(action, Place | Modify)
            order = self._engine.view.get_by_cloid(action.cloid)
            if order is not None:
                flight = Flight(action, name_of(order), self._exchange.now_ms)
                flight.wanted = order.order_qty
                self._waiting[nonce] = flight
                told.append(self._silent(flight))
        return told

    def _silent(self, flight: Flight) -> Told:
        now = self._exchange.now_ms
        first, flight.silent = not flight.silent, True
        flight.tries += 1
        if flight.tries == (CANCEL_TRIES if isinstance(flight.action, Cancel) else FENCE_TRIES):
            self.exhausted.append(f"{type(flight.action).__name__} {flight.name}: {flight.tries} tries")
        if isinstance(flight.action, Cancel):
            self._land(flight)
            self._cancel_again(flight)
            return NOTHING
        effects: tuple[Effect, ...] = ()
        refusal = None
        match flight.action:
            case Place(cloid=cloid) if first:
                effects = self._engine.tell(Engine.on_no_answer, cloid, now)
            case Modify(cloid=cloid) if first:
                effects = self._engine.tell(Engine.on_modify_no_answer, cloid, now)
                refusal = self._refusal(flight, Verdict.UNKNOWN)
        if not flight.executed:
            self._tally.fences += 1
            self._exchange.send(Noop(flight.action.nonce))
        else:
            self._ask(flight)
        flight.due_ms = now + FENCE_RETRY_MS
        return effects, refusal

    def _cancel_again(self, flight: Flight) -> None:
        order = self._engine.view.get_by_cloid(flight.name)
        if order is not None and order.state == OrderState.CancelPending:
            self._reads.legs(order)
            self.cancel(order, flight.tries)

    def _on_fence(self, flight: Flight, outcome: Outcome) -> Told:
        """The noop was answered: either the request can never execute, or it did."""
        now = self._exchange.now_ms
        if flight.answered or not isinstance(flight.action, Place | Modify):
            return NOTHING
        if isinstance(outcome, Done):
            self._tally.fenced += 1
            self._land(flight)
            return self._engine.tell(Engine.on_fenced, flight.action.cloid, now), None
        if isinstance(outcome, ActionError) and outcome.text.startswith(DUPLICATE_NONCE):
            flight.executed = True
            self._ask(flight)
        return NOTHING

    def _ask(self, flight: Flight) -> None:
        """The request executed: what became of it is a question."""
        if isinstance(flight.action, Place | Modify):
            self._reads.order(flight.action.cloid)
        if isinstance(flight.action, Modify):
            self._reads.order(flight.action.oid)

    def on_missing(self, keys: set[int | str]) -> list[Told]:
        """The venue does not know these. For a request that executed, twice so means: refused inside."""
        told: list[Told] = []
        now = self._exchange.now_ms
        for flight in list(self._waiting.values()):
            action = flight.action
            if not isinstance(action, Place | Modify) or action.cloid not in keys or not flight.executed:
                continue
            seen = self._unknown_oid[action.cloid] = self._unknown_oid.get(action.cloid, 0) + 1
            if seen >= 2:
                self._land(flight)
                told.append((self._engine.tell(Engine.on_fenced, action.cloid, now), None))
        return told

    def close_known(self) -> None:
        """Stop waiting for answers about legs that evidence has settled meanwhile."""
        for flight in list(self._waiting.values()):
            due = flight.silent or flight.due_ms <= self._exchange.now_ms
            if due and isinstance(flight.action, Place | Modify):
                order = self._engine.view.get_by_cloid(flight.action.cloid)
                if order is None or (order.state not in UNSETTLED and not order.modifying):
                    self._land(flight)

    # --- small parts --------------------------------------------------------------------------------

    def _refusal(self, flight: Flight, verdict: Verdict) -> Refusal | None:
        assert isinstance(flight.action, Modify)
        return Refusal(flight.name, flight.action.cloid, verdict, flight.wanted)

    def _land(self, flight: Flight) -> None:
        flight.answered = True
        self._waiting.pop(flight.action.nonce, None)
        self._answered[flight.action.nonce] = flight
        while len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)

    def _nonce(self) -> int:
        self._last_nonce = max(self._exchange.now_ms, self._last_nonce + 1)
        return self._last_nonce


def wire_word(tif: Tif) -> str:
    """The venue's word for a time in force."""
    return "Alo" if tif == Tif.ALO else "Ioc" if tif == Tif.IOC else "Gtc"


UNSETTLED = (OrderState.Pending, OrderState.Unknown)


def name_of(order: Order) -> str:
    """The order's name: its first cloid. Ours always have one."""
    assert order.cloid is not None, "an order of ours has a cloid"
    return order.cloid
