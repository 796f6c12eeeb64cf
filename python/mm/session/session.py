"""One account's session with a venue, without I/O: facts and time in, commands out, news for whoever runs it.

    session.take(fact)          what arrived
    session.keep_time()         after every fact (but a market's: nothing is due for it), and at `next_deadline()`
    session.drain()             what followed: the engine's effects and the session's own events, in order

Nothing is sent that the engine was not told first, and nothing is placed while the gate is closed;
cancels go through at any time. The facts commute, so whatever comes while the session catches up is
simply taken. It has no clock, no socket and no loop: `outlet` has the time, and carries the commands.
"""

from collections.abc import Callable, Iterable, Sequence

from mm._core import Effect, Engine, OrderState
from mm._core.sign import Nonces
from mm.errors import NotSent as NotSentError
from mm.errors import UsageError
from mm.protocol import (
    Action,
    Answer,
    Fact,
    Frame,
    Fresh,
    LinkDown,
    LinkUp,
    Market,
    Modify,
    NotSent,
    Place,
    Stale,
    Warned,
)
from mm.session.core import UNSEEN, Core, name_of
from mm.session.counts import Counts
from mm.session.desk import Desk, Edit, Wish
from mm.session.events import Event
from mm.session.forgotten import Forgotten
from mm.session.gate import STALE, Gate
from mm.session.reads import Reads
from mm.session.record import Recorded
from mm.session.rules import Outlet, Rules
from mm.session.strays import Strays
from mm.session.watch import Watch

CONTRADICTION = "the venue contradicts itself or us"
LIQUIDATED = "the account was liquidated"
STRANGER = "the venue does not know the signer"
"""Each of these closes until somebody has looked at it, and has said `release`."""


class Session:
    """The engine, its record, and everything between them and the venue's words."""

    def __init__(
        self,
        engine: Recorded,
        outlet: Outlet,
        coins: Iterable[str] = (),
        rules: Rules | None = None,
        counts: Counts | None = None,
        nonces: Nonces | None = None,
    ) -> None:
        """`nonces`: those of the signer, where several sessions have the same (I14); its own otherwise."""
        self.engine = engine
        self.rules = rules or Rules()
        self.counts = counts if counts is not None else Counts()
        self._core = Core(engine, outlet, tuple(dict.fromkeys(coins)), self.rules, self.counts, nonces)
        self._core.follow = self._follow
        self._began_ms = self._core.now_ms
        self.reads = Reads(self._core)
        self._desk = Desk(self._core, self.reads)
        self._desk.on_stranger = lambda: self.gate.hold(None, STRANGER)
        self.gate = Gate(self._core, self.reads, self._desk)
        self._watch = Watch(self._core, self.reads, self.gate)
        self.strays = Strays(self._core, self.reads, self.gate, self._desk.cancel_strays)
        self.gate.on_gap = self._watch.on_gap
        forgotten = Forgotten(self._core, self.reads)
        self.reads.on_list += [self.strays.on_list, forgotten.on_list]
        self.reads.on_status += [self.strays.on_status, forgotten.on_status]
        self.reads.on_missing += [self._desk.silence.on_missing, forgotten.on_missing]
        self.reads.on_position = self._watch.on_position

    def know_spot(self, told: Callable[[str], tuple[int, str] | None]) -> None:
        """Where decimals and base token of a spot coin are found; it gives None for any other coin."""
        self._core.spot = told

    # --- looking ----------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Caught up with the venue: then, and only then, anything may be placed."""
        return self.gate.ready

    @property
    def busy(self) -> bool:
        """Whether a request's fate or a question's answer is open, or a fill missing."""
        view = self.engine.view
        return self._desk.busy or self.reads.busy or any(view.gaps(coin) for coin in view.coins())

    @property
    def requests_open(self) -> bool:
        """Whether any request's fate is open."""
        return self._desk.busy

    def closed(self, coin: str) -> str | None:
        """Why nothing may be placed on this coin now; None if it may."""
        return self.gate.closed(coin)

    def next_deadline(self) -> int | None:
        """When `keep_time` has something to do though nothing arrives."""
        deadlines = (
            self.engine.view.next_deadline(),
            self._desk.next_deadline(),
            self.reads.next_deadline() if self.gate.epoch is not None else None,
            self.gate.next_deadline(),
            self._watch.next_deadline(),
            self.strays.next_deadline() if self.gate.epoch is not None else None,
        )
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def drain(self) -> list[Event]:
        """What followed since the last call, in order."""
        events, self._core.events = self._core.events, []
        return events

    # --- asks -------------------------------------------------------------------------------------------

    def place(self, wishes: Sequence[Wish]) -> list[str]:
        """Place orders in one action; give their names.

        Raises `NotSent` while the gate or a coin is closed (what only reduces is not held back by a coin),
        and the engine's `UsageError` where it does not allow one; then none was sent.
        """
        for wish in wishes:
            self._let_pass(wish.coin, wish.reduce_only, wish.cloid or "")
        return self._desk.place(wishes)

    def modify(self, edits: Sequence[Edit]) -> list[str]:
        """Move orders in one action; give the new legs' cloids. Raises as `place`."""
        for edit in edits:
            order = self.engine.view.get_by_cloid(edit.name)
            if order is not None:
                self._let_pass(order.coin, order.reduce_only, edit.name)
        return self._desk.modify(edits)

    def cancel(self, names: Iterable[int | str]) -> dict[int | str, UsageError]:
        """Cancel orders by name, or legs by oid, whatever is closed, and go on until they are gone (see `cancels`).

        Gives back those with nothing left to cancel.
        """
        return self._desk.cancel(names)

    def cancelling(self, name: int | str) -> bool:
        """Whether this order, by name, or leg, by oid, is cancelled until it is gone."""
        return name in self._desk.cancels

    def schedule_cancel(self, time_ms: int | None) -> int:
        """Set or take back the dead man's switch; give the nonce under which its fate is told."""
        return self._desk.schedule_cancel(time_ms)

    def update_leverage(self, coin: str, leverage: int, is_cross: bool) -> int:
        """Set a coin's leverage; give the nonce under which its fate is told."""
        return self._desk.update_leverage(coin, leverage, is_cross)

    def scan(self) -> None:
        """Ask for all fills, all open orders and the positions once more."""
        self._watch.scan()

    def _let_pass(self, coin: str, reduce_only: bool, cloid: str) -> None:
        why = self.gate.closed(coin)
        if why is not None and not (reduce_only and self.gate.ready):
            raise NotSentError(f"{coin}: nothing is placed now: {why}", field="coin", reason=why, cloid=cloid)

    # --- facts and time ---------------------------------------------------------------------------------

    def take(self, fact: Fact) -> None:
        """Take in what arrived."""
        match fact:
            case Answer():
                self._desk.on_answer(fact)
            case NotSent():
                self._desk.on_not_sent(fact)
            case Frame(data=data):
                self._frame(data)
            case Market(event=event):
                self._core.saw(getattr(event, "time", None))
                self._core.emit(fact)
            case Warned():
                self._core.emit(fact)
            case LinkUp(epoch=epoch):
                self.gate.on_up(epoch)
            case LinkDown(why=why):
                self.gate.on_down(why)
                self._desk.silence.hasten_all()  # their answers may be lost with it
            case Stale(stream=stream, coin=coin):
                self.gate.hold(coin, f"{stream}{STALE}")
            case Fresh(stream=stream, coin=coin):
                self.gate.release(coin, f"{stream}{STALE}")
                if coin is None:
                    self.gate.again(f"{stream} was silent")
            case _:
                self.reads.on_reply(fact)

    def keep_time(self) -> None:
        """Do what is due by now."""
        core = self._core
        deadline = self.engine.view.next_deadline()
        if deadline is not None and deadline <= core.now_ms:
            core.fact(Engine.tick, core.now_ms)
        self._desk.silence.close_known()
        self._desk.silence.overdue()
        self._desk.cancels.keep_time()
        if self.gate.epoch is not None:
            self.reads.again()
            self._watch.keep_time()
            self.strays.keep_time()
        self.gate.step()

    def _frame(self, data: bytes) -> None:
        core = self._core
        core.meet(data)
        try:
            report = self.engine.tell(Engine.process_ws, data, core.now_ms)
        except UsageError as error:
            core.surprise(f"a frame that cannot be read: {error}")
            self._watch.rescan()  # what it told is somewhere in the venue's books
            return
        self.counts.duplicates += report.duplicates
        if report.snapshot and report.channel == "userFills":
            self.gate.on_snapshot()
        elif report.refused:
            self._watch.rescan()  # X22: what such a record would have told
        core.absorb(report.effects)

    # --- effects ----------------------------------------------------------------------------------------

    def _follow(self, effect: Effect) -> None:
        match effect:
            case Effect.Booked(skipped=skipped):
                self.counts.fills += 1
                self.counts.skipped += skipped > 0
            case Effect.Ask(query="fills"):
                self.reads.fills()
            case Effect.Ask(cloid=cloid, oid=oid):
                for key in (oid, cloid):
                    if key is not None:
                        self.reads.order(key)
            case Effect.Gap(gap=gap):
                self.counts.gaps += 1
                self._watch.on_gap(gap.coin)
            case Effect.GapClosed():
                self.counts.gaps_closed += 1
            case Effect.Contradiction(coin=coin, oid=oid, cloid=cloid, what=what):
                self.counts.surprises["Contradiction"] += 1
                self.gate.hold(coin, CONTRADICTION)
                self._watch.rescan((coin, oid, cloid, what))
            case Effect.Liquidation(fill=fill, ours=True) if fill.time >= self._began_ms:
                self.gate.hold(None, LIQUIDATED)  # an older one was known to whoever began
            case Effect.Overfill() | Effect.Foreign():
                self.counts.surprises[type(effect).__name__] += 1
            case Effect.Surfaced():
                self.counts.surprises["surfaced"] += 1
            case _:
                pass  # Moved, Excess, Liquidation, Ancient, PositionDiffers: news, or dealt with where it was asked

    # --- an earlier life ----------------------------------------------------------------------------------

    def resume(self) -> None:
        """After a death, with the record replayed: what was told but never sent is settled, and what was sent and not
        answered is looked after, from here on. The catch-up begins with the connection.
        """
        sent = self.engine.sent()
        made: dict[str, Action] = {}
        for action in sent.values():
            if isinstance(action, Place):
                made.update((order.cloid, action) for order in action.orders)
            elif isinstance(action, Modify):
                made.update((change.order.cloid, action) for change in action.changes)
        unanswered: dict[int, Action] = {}
        for order in self.engine.view.orders():
            for leg in order.legs:
                if leg.cloid is None or leg.phase not in UNSEEN:
                    continue
                maker = made.get(leg.cloid)
                if maker is None:  # it is recorded before it is sent: so this was not
                    self._core.fact(Engine.on_fenced, leg.cloid, self._core.now_ms)
                else:
                    unanswered[maker.nonce] = maker
        self._desk.silence.take_over(unanswered)
        wished = self.engine.cancelled()
        going = [o for o in self.engine.view.orders() if o.state == OrderState.CancelPending or o.cloid in wished]
        self._desk.cancel([name_of(order) for order in going if order.state != OrderState.CancelConfirmed])
