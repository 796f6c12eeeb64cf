"""The one loop: a fact comes in, the engine says what follows, and what is wanted goes out.

    inbound -> engine -> effects -> intents -> commands

The session holds requests, answers, questions and the gate; here is only what a maker does about them.
Nothing is quoted before the catch-up after a start or a lost connection is complete. What contradicts
the engine stops the quoting; cancels go on.
"""

from collections.abc import Callable

from mm._core import Effect
from mm.exchange.base import Exchange
from mm.protocol import BookTop, LinkDown, Market
from mm.runner.decide import Decider, Settings
from mm.runner.tally import Tally
from mm.session import Escalated, Event, Fate, GateMoved, Phase, Recorded, Rules, Session
from mm.strategy import Strategy

RECONNECT_MS = 500
RULES = Rules(
    answer_ms=1_500,
    resend=False,  # a quote is stale by the time its answer is missed: its nonce is spent instead
    read_ms=1_000,
    settled_ms=0,  # one clock
    positions_ms=None,
    scan_ms=None,
    keep_ms=None,
)
"""In virtual time, on a venue whose clock is ours. What the end of the demo proves nothing may prove before."""


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
        self.session = Session(engine, exchange, [settings.coin], RULES, tally)
        self._exchange = exchange
        self._coin = settings.coin
        self._tally = tally
        self._say = say
        self.decider = Decider(exchange, strategy, self.session, settings, tally, self.stop, say)
        self._reconnect_ms: int | None = None
        self._dirty = False

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect; the session catches up as soon as the streams stand."""
        self._reconnect_ms = None
        self._exchange.connect()

    def resume(self) -> None:
        """After a death: what was told but never sent is settled, what was sent is looked after; then `start`."""
        self.session.resume()
        self._absorb()
        self.start()

    def run_until(self, until_ms: int) -> None:
        """Let the loop turn until that time."""
        while self._exchange.now_ms < until_ms:
            fact = self._exchange.receive(self._next_wake(until_ms))
            if fact is not None:
                self.session.take(fact)
            if isinstance(fact, LinkDown):
                self._reconnect_ms = self._exchange.now_ms + RECONNECT_MS
                self._say("link    the connection broke")
            if self._reconnect_ms is not None and self._reconnect_ms <= self._exchange.now_ms:
                self.start()
            self.session.keep_time()
            self._absorb()
            if self._dirty and self.session.ready:
                self._dirty = False
                self.decider.decide(quoting=self.quoting)

    @property
    def quoting(self) -> bool:
        """Whether anything is wanted at all: not stopped, not closing, and the coin not closed for its own reasons."""
        return self.stopped is None and not self.closing and self.session.closed(self._coin) is None

    def close(self) -> None:
        """Want nothing any more: everything is pulled as soon as it may be."""
        self.closing = True
        self._dirty = True

    def recheck(self) -> None:
        """Ask for all fills and for the venue's position once more."""
        self.session.reads.fills()
        self.session.reads.position(self._coin)

    @property
    def quiet(self) -> bool:
        """Nothing open, nothing on its way, nothing unknown, nothing missing."""
        return self.session.ready and not self.session.busy and not self.engine.view.orders()

    def stop(self, why: str) -> None:
        """Quote no more. What rests is pulled; what is unknown is still asked about."""
        if self.stopped is None:
            self.stopped = why
            self._say(f"STOP    {why}")
        self._dirty = True

    def _next_wake(self, until_ms: int) -> int:
        deadlines = (self.session.next_deadline(), self._reconnect_ms)
        soonest = min((deadline for deadline in deadlines if deadline is not None), default=until_ms)
        # Never a time that has come already: what is overdue is dealt with once a millisecond.
        return min(until_ms, max(soonest, self._exchange.now_ms + 1))

    # --- what followed ------------------------------------------------------------------------------

    def _absorb(self) -> None:
        for event in self.session.drain():
            self._follow(event)

    def _follow(self, event: Event) -> None:
        match event:
            case Market(event=BookTop() as top):
                if self.decider.top is None or top.time >= self.decider.top.time:
                    self.decider.top = top
                    self._dirty = True
            case Fate():
                self._dirty = True
                self.decider.on_fate(event)
            case GateMoved(phase=Phase.READY):
                self._dirty = True
                self._say("ready   caught up with the venue: quoting")
            case Escalated(what=what):
                self.stop(f"no end in sight: {what}")
            case Effect():
                self._dirty = True
                self._on_effect(event)
            case _:
                self._dirty = True

    def _on_effect(self, effect: Effect) -> None:
        match effect:
            case Effect.Booked(fill=fill):
                self._say(f"fill    {'buy ' if fill.side.sign > 0 else 'sell'} {fill.sz:.2f} @ {fill.px:f}")
                self.decider.on_fill(fill)
            case Effect.Gap(gap=gap):
                self._say(f"gap     {gap.missing:+} is missing: asking for the fills")
            case Effect.GapClosed(gap=gap):
                self._say(f"gap     {gap.missing:+} found: the chain is whole")
            case Effect.Excess(cloid=cloid, by=by):
                order = None if cloid is None else self.engine.view.get_by_cloid(cloid)
                if order is not None:
                    self._tally.excess += 1
                    self._say(f"race    a fill passed a modify: up to {by} too much")
                    self.decider.too_large(order)
            case Effect.Overfill() | Effect.Contradiction() | Effect.Foreign():
                self.stop(repr(effect))
            case _:
                pass  # nothing for a maker to do: the session has done it
