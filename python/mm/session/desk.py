"""Requests on their way: told to the engine, written, sent; and what their answers say.

Every request is one nonce, and a nonce executes at most once. Nothing is repeated blindly but cancels,
which may be. What happens when no answer comes, or one that does not tell, is in `silence`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from mm._core import CancelRequest, Engine, Order, Side, Tif, classify_cancel_error, classify_order_error
from mm.errors import BadInput, UsageError
from mm.fallback import Verdict, verdict_of
from mm.protocol import (
    ActionError,
    Answer,
    Cancel,
    Change,
    Done,
    Filled,
    Garbled,
    ItemError,
    Modify,
    NewOrder,
    NotSent,
    Outcome,
    Place,
    Resting,
    ScheduleCancel,
    Target,
    UpdateLeverage,
    Waiting,
)
from mm.session.cancels import Cancels, Key
from mm.session.core import Core, name_of
from mm.session.events import Fate, How
from mm.session.flights import Flight, Item, Sent, by_position, is_duplicate
from mm.session.reads import Reads
from mm.session.silence import Silence

MAX_ITEMS = 200
"""What the venue takes in one action (protocol 3.2)."""
UNKNOWN_WORDS = "Unknown"
STRANGER = "SignerUnknown"


@dataclass(frozen=True, slots=True)
class Wish:
    """An order that is wanted. Its price and size are on the venue's grid already."""

    coin: str
    side: Side
    px: Decimal
    sz: Decimal
    tif: Tif = Tif.ALO
    reduce_only: bool = False
    cloid: str | None = None
    """Its name; a fresh one where it is None."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Another price or size that is wanted for an order. `order_qty` is the total over its life (order-state 6)."""

    name: str
    px: Decimal
    order_qty: Decimal


class Desk:
    """Sends actions and reads their answers."""

    def __init__(self, core: Core, reads: Reads) -> None:
        self.on_stranger: Callable[[], None] = lambda: None
        """Told when the venue says that it does not know who signs."""
        self._core = core
        self._waiting: dict[int, Flight] = {}
        self._answered: OrderedDict[int, Flight] = OrderedDict()
        self.cancels = Cancels(core, reads, self)
        self.silence = Silence(core, reads, self)

    @property
    def busy(self) -> bool:
        """Whether any request's fate is still open, or a cancel is to be made again."""
        return bool(self._waiting) or self.cancels.busy

    def waiting(self) -> list[Flight]:
        """Requests whose fate is open."""
        return list(self._waiting.values())

    def next_deadline(self) -> int | None:
        """When the next request is overdue, or the next cancel is made again."""
        due = [flight.due_ms for flight in self._waiting.values()]
        again = self.cancels.next_deadline()
        return min(due if again is None else [*due, again], default=None)

    # --- asks: the engine first, then the record, then the wire -------------------------------------

    def place(self, wishes: Sequence[Wish]) -> list[str]:
        """Place orders in one action and give their names. All or nothing: where the engine does not allow one, its
        `UsageError` is raised, nothing was sent, and those before it are closed as never placed.
        """
        core, now = self._core, self._core.now_ms
        _check_length(wishes)
        items: list[Item] = []
        orders: list[NewOrder] = []
        try:
            for wish in wishes:
                # In the writing of the engine and the venue (protocol 2.1): it is looked for by its text.
                cloid = core.engine.tell(Engine.next_cloid) if wish.cloid is None else str(wish.cloid).lower()
                words = (wish.coin, wish.side, wish.px, wish.sz, wish.tif, wish.reduce_only)
                core.engine.tell(Engine.add_pending_with_cloid, cloid, *words, now)
                items.append(Item(cloid, cloid))
                orders.append(new_order(wish.coin, wish.side, wish.px, wish.sz, wish.tif, cloid, wish.reduce_only))
        except Exception:
            self._take_back(items)
            raise
        core.counts.placed += len(items)
        self._launch(Place(core.next_nonce(), now + core.rules.expires_ms, tuple(orders)), items)
        return [item.cloid for item in items]

    def modify(self, edits: Sequence[Edit]) -> list[str]:
        """Move orders in one action and give the new legs' cloids. All or nothing, as `place`."""
        core, now = self._core, self._core.now_ms
        _check_length(edits)
        items: list[Item] = []
        changes: list[Change] = []
        try:
            for edit in edits:
                known = core.engine.view.get_by_cloid(edit.name)
                name = (known and known.cloid) or edit.name
                if name in self.cancels:
                    raise UsageError("its cancel goes on until it is gone", cloid=edit.name, reason="cancelled")
                cloid = core.engine.tell(Engine.next_cloid)
                ask = core.engine.tell(Engine.initiate_modify, edit.name, cloid, edit.px, edit.order_qty, now)
                items.append(Item(name, cloid, ask.oid, wanted=edit.order_qty))
                order = new_order(ask.coin, ask.side, ask.px, ask.sz, ask.tif, cloid, ask.reduce_only)
                changes.append(Change(ask.oid, order))
        except Exception:
            self._take_back(items)
            raise
        core.counts.modified += len(items)
        self._launch(Modify(core.next_nonce(), now + core.rules.expires_ms, tuple(changes)), items)
        return [item.cloid for item in items]

    def cancel(self, names: Iterable[int | str]) -> dict[int | str, UsageError]:
        """Cancel these orders (or legs, by oid), and go on until they are gone; give back those with nothing to cancel.

        One that cannot be cancelled does not hold up the others (I20): each is judged alone.
        """
        refused: dict[int | str, UsageError] = {}
        targets: list[tuple[Item, Target]] = []
        for name in names:
            try:
                item, target = self._aim(name)
            except UsageError as error:
                refused[name] = error
                continue
            item.wish = item.name if isinstance(name, str) and item.name else name
            self.cancels.want(item.wish)
            targets.append((item, target))
        self._core.counts.cancelled += len(targets)
        self._launch_cancels(targets)
        return refused

    def cancel_legs(self, legs: Iterable[tuple[int | str, Key]]) -> set[Key]:
        """Cancel these legs once more, each for the wish it belongs to; give back wishes with nothing to cancel now."""
        targets: list[tuple[Item, Target]] = []
        idle: set[Key] = set()
        for leg, wish in legs:
            try:
                item, target = self._aim(leg)
            except UsageError:
                idle.add(wish)
                continue
            item.wish = wish
            targets.append((item, target))
        self._launch_cancels(targets)
        return idle - {item.wish for item, _ in targets}

    def _aim(self, name: int | str) -> tuple[Item, Target]:
        """Tell the engine of a cancel. Raises its `UsageError` where there is nothing left to cancel."""
        request = self._core.engine.tell(Engine.initiate_cancel, name, self._core.now_ms)
        order = self._order(request)
        item = Item(name_of(order) if order and order.cloid else "", request.cloid or "", request.oid, request)
        return item, Target(request.coin, request.oid, None if request.oid is not None else request.cloid)

    def _launch_cancels(self, targets: list[tuple[Item, Target]]) -> None:
        """By oid and by cloid apart, each in as few actions as there can be."""
        core = self._core
        for by_oid in (True, False):
            pairs = [pair for pair in targets if (pair[1].oid is not None) == by_oid]
            for start in range(0, len(pairs), MAX_ITEMS):
                chunk = pairs[start : start + MAX_ITEMS]
                nonce, expires = core.next_nonce(), core.now_ms + core.rules.expires_ms
                action = Cancel(nonce, expires, tuple(target for _, target in chunk))
                self._launch(action, [item for item, _ in chunk])

    def cancel_strays(self, targets: list[Target]) -> None:
        """Cancel these by oid, whatever the engine thinks of them: for them it is over."""
        core = self._core
        for start in range(0, len(targets), MAX_ITEMS):
            chunk = tuple(targets[start : start + MAX_ITEMS])
            self._launch(Cancel(core.next_nonce(), core.now_ms + core.rules.expires_ms, chunk), [])

    def schedule_cancel(self, time_ms: int | None) -> int:
        """Set or take back the dead man's switch; give the nonce under which its fate is told."""
        core = self._core
        return self._launch(ScheduleCancel(core.next_nonce(), core.now_ms + core.rules.expires_ms, time_ms), [])

    def update_leverage(self, coin: str, leverage: int, is_cross: bool) -> int:
        """Set a coin's leverage; give the nonce under which its fate is told."""
        core = self._core
        expires = core.now_ms + core.rules.expires_ms
        return self._launch(UpdateLeverage(core.next_nonce(), expires, coin, leverage, is_cross), [])

    def _launch(self, action: Sent, items: list[Item]) -> int:
        core = self._core
        flight = Flight(action, items, core.now_ms + core.rules.answer_ms, core.ahead_ms)
        self._waiting[action.nonce] = flight
        core.act(action)
        return action.nonce

    def adopt(self, flight: Flight) -> None:
        """Take over a request of an earlier life."""
        self._waiting[flight.action.nonce] = flight

    def _take_back(self, items: list[Item]) -> None:
        """These were told and not sent, and never will be."""
        for item in items:
            self._core.fact(Engine.on_fenced, item.cloid, self._core.now_ms)

    def _order(self, request: CancelRequest) -> Order | None:
        view = self._core.engine.view
        order = None if request.oid is None else view.get_order(request.oid)
        return order if order or request.cloid is None else view.get_by_cloid(request.cloid)

    # --- answers --------------------------------------------------------------------------------------

    def on_answer(self, answer: Answer) -> None:
        """Tell the engine what an answer says; twice or late is as good as once."""
        flight = self._waiting.get(answer.nonce) or self._answered.get(answer.nonce)
        if flight is None:
            self._core.surprise(f"an answer to nothing that was asked: nonce {answer.nonce}", kind="answer to nothing")
            return
        if any(isinstance(one, ActionError) and classify_order_error(one.text) == STRANGER for one in answer.outcomes):
            self.on_stranger()
        if answer.to_noop:
            self.silence.on_fence(flight, answer.outcomes)
        elif not flight.items:
            self._bare(flight, answer.outcomes)
        else:
            flight.hear(answer.outcomes)
            for item, outcome in zip(flight.items, by_position(answer.outcomes, len(flight.items)), strict=True):
                self._on_outcome(flight, item, outcome)
            if not flight.unsettled():
                self.land(flight)
            elif isinstance(flight.action, Cancel):
                self._again(flight)
            else:
                self.silence.hasten(flight)

    def on_not_sent(self, fact: NotSent) -> None:
        """It never left, and the engine is told so: unless another copy of it may have."""
        flight = self._waiting.get(fact.nonce)
        if flight is None or flight.copies > 1 or flight.fences:
            return
        if not flight.items:
            self.land(flight)
            self._core.emit(Fate(flight.kind, fact.nonce, "", "", How.NOT_SENT, fact.why))
        for item in flight.unsettled():
            self.tell(flight, item, How.NOT_SENT, fact.why)
            if not isinstance(flight.action, Cancel):
                self.void(flight, item)
        if isinstance(flight.action, Cancel):
            self._again(flight)  # a cancel is not given up: it is made anew

    def _again(self, flight: Flight) -> None:
        """This cancel will not be answered any better: what is still to be cancelled follows in another."""
        if flight.action.nonce in self._waiting:
            self.land(flight)
            for item in flight.unsettled():
                if item.wish is not None:
                    self.cancels.again(item.wish)

    def _on_outcome(self, flight: Flight, item: Item, outcome: Outcome | None) -> None:
        if outcome is None or isinstance(outcome, Garbled):
            return  # as good as none
        if isinstance(outcome, ActionError):
            if is_duplicate(outcome):
                if not isinstance(flight.action, Cancel):
                    self.silence.spent(flight)  # another copy executed, or was refused inside: to be asked
                return
            if flight.copies > 1 or flight.fences:
                return  # this copy was refused at the door; of the others it says nothing
        action = flight.action
        match action:
            case Place():
                self._on_placed(flight, item, outcome)
            case Modify():
                self._on_modified(flight, item, outcome)
            case Cancel():
                self._on_cancelled(flight, item, outcome)
            case ScheduleCancel() | UpdateLeverage():
                pass
            case _:
                assert_never(action)

    def _on_placed(self, flight: Flight, item: Item, outcome: Outcome) -> None:
        core, now = self._core, self._core.now_ms
        match outcome:
            case Resting(oid=oid):
                core.fact(Engine.finalize_pending_by_cloid, item.cloid, oid, None, None, now)
                self._settle(flight, item, How.TAKEN)
            case Filled(oid=oid, total_sz=total, avg_px=avg):
                core.fact(Engine.finalize_pending_by_cloid, item.cloid, oid, total, avg, now)
                self._settle(flight, item, How.TAKEN)
            case ItemError(text=text) | ActionError(text=text) if _tells(flight, classify_order_error(text)):
                core.counts.rejected += 1
                core.fact(Engine.on_rejected, item.cloid, text, now)
                self._settle(flight, item, How.REFUSED, text)
            case _:
                self.silence.doubt(flight, item, text_of(outcome))

    def _on_modified(self, flight: Flight, item: Item, outcome: Outcome) -> None:
        core, now = self._core, self._core.now_ms
        match outcome:
            case Resting(oid=oid):
                core.fact(Engine.on_modify_success, item.cloid, oid, None, None, now)
                self._settle(flight, item, How.TAKEN)
            case Filled(oid=oid, total_sz=total, avg_px=avg):
                core.fact(Engine.on_modify_success, item.cloid, oid, total, avg, now)
                self._settle(flight, item, How.TAKEN)
            case ItemError(text=text) | ActionError(text=text) if _tells(flight, verdict_of(text)):
                core.fact(Engine.on_modify_error, item.cloid, text, now)
                self._settle(flight, item, How.REFUSED, text)
            case _:
                self.silence.doubt(flight, item, text_of(outcome))

    def _on_cancelled(self, flight: Flight, item: Item, outcome: Outcome) -> None:
        core, now = self._core, self._core.now_ms
        leg = item.oid if item.oid is not None else item.cloid  # this leg, not the order
        match outcome:
            case Done():
                core.fact(Engine.on_cancel_success, leg, now)
                self._settle(flight, item, How.TAKEN)
            case ItemError(text=text) | ActionError(text=text):
                core.fact(Engine.on_cancel_error, leg, text, item.request, now)
                if classify_cancel_error(text) == UNKNOWN_WORDS:
                    if not item.settled:
                        self.tell(flight, item, How.UNKNOWN, text)
                elif not item.settled:
                    if item.wish is not None:
                        self.cancels.on_refusal(item.wish, text)
                    self._settle(flight, item, How.REFUSED, text)
            case _:
                pass  # no answer to a cancel: it is made anew

    def _bare(self, flight: Flight, outcomes: tuple[Outcome, ...]) -> None:
        """The answer to an action without items."""
        (outcome,) = outcomes if len(outcomes) == 1 else (None,)
        match outcome:
            case Done():
                how = How.TAKEN
            case ActionError() | ItemError() if not is_duplicate(outcome):
                how = How.REFUSED
            case _:
                return
        if flight.action.nonce in self._waiting:
            self.land(flight)
            self._core.emit(Fate(flight.kind, flight.action.nonce, "", "", how, text_of(outcome)))

    # --- small parts, for `silence` too ---------------------------------------------------------------

    def _settle(self, flight: Flight, item: Item, how: How, text: str = "") -> None:
        if not item.settled:
            item.settled = True
            self.tell(flight, item, how, text)

    def void(self, flight: Flight, item: Item) -> None:
        """The request of this item never executed and never will."""
        item.settled = True
        self._core.fact(Engine.on_fenced, item.cloid, self._core.now_ms)
        if not flight.unsettled():
            self.land(flight)

    def tell(self, flight: Flight, item: Item, how: How, text: str = "") -> None:
        """Say what became of an item."""
        nonce = flight.action.nonce
        self._core.emit(Fate(flight.kind, nonce, item.name, item.cloid, how, text, item.wanted))

    def land(self, flight: Flight) -> None:
        """Wait for it no more; remember it, so that a second answer is understood."""
        self._waiting.pop(flight.action.nonce, None)
        self._answered[flight.action.nonce] = flight
        while len(self._answered) > self._core.rules.remembered:
            self._answered.popitem(last=False)


def new_order(coin: str, side: Side, px: Decimal, sz: Decimal, tif: Tif, cloid: str, reduce_only: bool) -> NewOrder:
    """An order in the venue's words."""
    return NewOrder(coin, side.letter, decimal_text(px), decimal_text(sz), wire_word(tif), cloid, reduce_only)


def decimal_text(number: Decimal) -> str:
    """Plain decimal text without needless zeros: the venue signs what it would print itself (protocol 2.4)."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def wire_word(tif: Tif) -> str:
    """The venue's word for a time in force."""
    return "Alo" if tif == Tif.ALO else "Ioc" if tif == Tif.IOC else "Gtc"


def text_of(outcome: Outcome | None) -> str:
    """The words of an outcome, where it has some."""
    match outcome:
        case ItemError(text=text) | ActionError(text=text) | Garbled(text=text):
            return text
        case Waiting():
            return "accepted, and without an oid yet"
        case Done():
            return "done, without an oid"
        case _:
            return ""


def _tells(flight: Flight, meaning: str | Verdict) -> bool:
    """Whether a refusal settles an order: its words are known, and no other copy of the request may have executed.

    What the venue refuses before it looks at the nonce (protocol 2.5, 3.1) it may say of one copy after another executed.
    """
    return meaning not in (UNKNOWN_WORDS, Verdict.UNKNOWN) and not flight.ambiguous


def _check_length(items: Sequence[object]) -> None:
    if not 0 < len(items) <= MAX_ITEMS:
        raise BadInput(f"from 1 to {MAX_ITEMS} orders in one action, not {len(items)}", field="orders", reason="length")
