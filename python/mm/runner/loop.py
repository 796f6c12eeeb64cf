"""The one loop: a fact comes in, the engine says what follows, and what is wanted goes out.

    inbound -> engine -> effects -> intents -> commands

Nothing is sent that the engine was not told first, and nothing is quoted before the catch-up after a
start or a lost connection is complete. What contradicts the engine stops the quoting; cancels go on.
"""

from collections.abc import Callable

from mm._core import Effect, Engine, OrderState
from mm.exchange.base import (
    Action,
    Answer,
    BookTop,
    Exchange,
    Frame,
    Inbound,
    LinkDown,
    Modify,
    Place,
    PositionReply,
    Reply,
)
from mm.runner.decide import Decider, Settings
from mm.runner.desk import Desk, Told
from mm.runner.reads import Reads
from mm.runner.record import Recorded
from mm.runner.tally import Tally
from mm.strategy import Strategy

RECONNECT_MS = 500
GAP_ASK_MS = 1_000
GAP_PATIENCE_MS = 60_000
DIFFERENCES_MAX = 10
"""How often the venue's position may differ from ours, read after read, before quoting stops."""
UNSEEN = frozenset({"Pending", "Unknown", "CancelingBlind"})
"""Phases of a leg that the venue was never heard of to have."""


class Runner:
    """One maker on one coin: one life of its process."""

    def __init__(
        self,
        exchange: Exchange,
        strategy: Strategy,
        engine: Recorded,
        settings: Settings,
        tally: Tally,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.engine = engine
        self.stopped: str | None = None
        self.closing = False
        self.gate = "closed"
        """"open" while quoting is allowed; else "closed", "down" or "catching up"."""
        self._exchange = exchange
        self._coin = settings.coin
        self._tally = tally
        self._say = say
        self._reads = Reads(engine, exchange, settings.coin, tally)
        self._desk = Desk(engine, exchange, self._reads, settings.coin, tally)
        self.decider = Decider(exchange, strategy, engine, self._desk, self._reads, settings, tally, self.stop, say)
        self._reconnect_ms: int | None = None
        self._gap_since: int | None = None
        self._gap_asked = 0
        self._differences = 0
        self._dirty = False

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect and catch up: open orders, fills since the proven time, every order not closed."""
        self._exchange.connect()
        self._reads.forget()
        self._reconnect_ms = None
        self.gate = "catching up"
        self._reads.open_orders()
        self._reads.fills()
        for order in self.engine.view.orders():
            self._reads.legs(order)
        self._reads.position()

    def resume(self) -> None:
        """After a death: what was told but never sent is settled, what was sent is fenced; then `start`."""
        sent = self.engine.sent()
        made = {a.cloid: a for a in sent.values() if isinstance(a, Place | Modify)}
        unanswered: dict[int, Action] = {}
        for order in self.engine.view.orders():
            for leg in order.legs:
                if leg.cloid is None or leg.phase not in UNSEEN:
                    continue
                action = made.get(leg.cloid)
                if action is None:  # it is recorded before it is sent: so this was not
                    self._absorb(self.engine.tell(Engine.on_fenced, leg.cloid, self._exchange.now_ms))
                else:
                    unanswered[action.nonce] = action
        for told in self._desk.take_over(unanswered):
            self._hear(told)
        for order in self.engine.view.orders():
            if order.state == OrderState.CancelPending:
                self._desk.cancel(order)
        self.start()

    def run_until(self, until_ms: int) -> None:
        """Let the loop turn until that time."""
        while self._exchange.now_ms < until_ms:
            inbound = self._exchange.receive(self._next_wake(until_ms))
            if inbound is not None:
                self._take(inbound)
            self._keep_time()
            if self._dirty and self.gate == "open":
                self._dirty = False
                self.decider.decide(quoting=self.stopped is None and not self.closing)

    def close(self) -> None:
        """Want nothing any more: everything is pulled as soon as it may be."""
        self.closing = True
        self._dirty = True

    def recheck(self) -> None:
        """Ask for all fills and for the venue's position once more."""
        self._reads.fills()
        self._reads.position()

    @property
    def quiet(self) -> bool:
        """Nothing open, nothing on its way, nothing unknown, nothing missing."""
        view = self.engine.view
        busy = self._desk.busy or self._reads.busy or self.gate != "open"
        return not busy and not view.orders() and not view.gaps(self._coin)

    def stop(self, why: str) -> None:
        """Quote no more. What rests is pulled; what is unknown is still asked about."""
        if self.stopped is None:
            self.stopped = why
            self._say(f"STOP    {why}")
        self._dirty = True

    def _next_wake(self, until_ms: int) -> int:
        deadlines = (
            self.engine.view.next_deadline(),
            self._desk.next_deadline(),
            self._reads.next_deadline(),
            self._reconnect_ms,
        )
        soonest = min((deadline for deadline in deadlines if deadline is not None), default=until_ms)
        # Never a time that has come already: what is overdue is dealt with once a millisecond.
        return min(until_ms, max(soonest, self._exchange.now_ms + 1))

    # --- facts ------------------------------------------------------------------------------------

    def _take(self, inbound: Inbound) -> None:
        now = self._exchange.now_ms
        match inbound:
            case Answer():
                self._hear(self._desk.on_answer(inbound))
            case Frame(data=data):
                report = self.engine.tell(Engine.process_ws, data, now)
                self._tally.duplicates += report.duplicates
                self._absorb(report.effects)
            case BookTop():
                top = self.decider.top
                if top is None or inbound.time >= top.time:
                    self.decider.top = inbound
                    self._dirty = True
            case LinkDown():
                self.gate = "down"
                self._reconnect_ms = now + RECONNECT_MS
                self._tally.reconnects += 1
                self._say("link    the connection broke")
            case _:
                self._read(inbound)

    def _read(self, reply: Reply) -> None:
        effects = self._reads.on_reply(reply)
        if isinstance(reply, PositionReply) and not effects:
            self._differences = 0  # the venue agrees
        self._absorb(effects)
        missing, self._reads.missing = self._reads.missing, set()
        for told in self._desk.on_missing(missing):
            self._hear(told)

    def _hear(self, told: Told) -> None:
        effects, refusal = told
        self._absorb(effects)
        if refusal is not None:
            self._dirty = True
            self.decider.refused(refusal)

    def _keep_time(self) -> None:
        now = self._exchange.now_ms
        if self._reconnect_ms is not None and self._reconnect_ms <= now:
            self.start()
        deadline = self.engine.view.next_deadline()
        if deadline is not None and deadline <= now:
            self._absorb(self.engine.tell(Engine.tick, now))
        self._desk.close_known()
        for told in self._desk.overdue():
            self._hear(told)
        if self.gate != "down":
            self._reads.again()
            self._mind_gaps(now)
        for what in self._desk.exhausted + self._reads.exhausted:
            self.stop(f"no end in sight: {what}")
        self._desk.exhausted.clear()
        self._reads.exhausted.clear()
        busy = self._reads.busy or self._desk.busy or self.engine.view.gaps(self._coin)
        if self.gate == "catching up" and not busy:
            self.gate = "open"
            self._dirty = True
            self._say("ready   caught up with the venue: quoting")

    def _mind_gaps(self, now: int) -> None:
        """A hole in the chain is asked about until it closes; one that does not close stops the quoting."""
        if not self.engine.view.gaps(self._coin):
            self._gap_since = None
            return
        self._gap_since = now if self._gap_since is None else self._gap_since
        if now - self._gap_since > GAP_PATIENCE_MS:
            self.stop("fills are missing and cannot be found")
        if now - self._gap_asked >= GAP_ASK_MS:
            self._gap_asked = now
            self._reads.fills()

    # --- effects ----------------------------------------------------------------------------------

    def _absorb(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            self._dirty = True
            self._follow(effect)

    def _follow(self, effect: Effect) -> None:
        match effect:
            case Effect.Booked(fill=fill, skipped=skipped):
                self._tally.fills += 1
                self._tally.skipped += skipped > 0
                self._say(f"fill    {'buy ' if fill.side.sign > 0 else 'sell'} {fill.sz:.2f} @ {fill.px:f}")
                self.decider.on_fill(fill)
            case Effect.Ask(query="fills"):
                self._reads.fills()
            case Effect.Ask(cloid=cloid, oid=oid):
                for key in (oid, cloid):
                    if key is not None:
                        self._reads.order(key)
            case Effect.Gap(gap=gap):
                self._tally.gaps += 1
                self._say(f"gap     {gap.missing:+} is missing: asking for the fills")
                self._reads.fills()
            case Effect.GapClosed(gap=gap):
                self._tally.gaps_closed += 1
                self._say(f"gap     {gap.missing:+} found: the chain is whole")
            case Effect.Excess(cloid=cloid, by=by):
                order = None if cloid is None else self.engine.view.get_by_cloid(cloid)
                if order is not None:
                    self._tally.excess += 1
                    self._say(f"race    a fill passed a modify: up to {by} too much")
                    self.decider.too_large(order)
            case Effect.PositionDiffers():
                # A read that was overtaken by a fill is no contradiction; one that stays is.
                self._differences += 1
                if self._differences > DIFFERENCES_MAX:
                    self._surprise(effect)
                self.recheck()
            case Effect.Overfill() | Effect.Contradiction() | Effect.Foreign():
                self._surprise(effect)
            case Effect.Surfaced(what=what):
                self._tally.surprises[f"surfaced {what}"] += 1
            case _:
                pass  # Moved, Liquidation, Ancient: nothing to do for them here

    def _surprise(self, effect: Effect) -> None:
        self._tally.surprises[type(effect).__name__] += 1
        self.stop(repr(effect))
