"""The story that a seed tells: quoting, faults, deaths and recoveries, the closing, the score.

The maker's process is an object here, and a kill throws it away in the middle of whatever it was
doing: between the record of an intent and its sending, between a fact's arrival and its effects. Only
the record survives. A fresh engine is told the record again, must come to the same digest, and then
the venue is asked what happened meanwhile before anything is quoted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from mm._core import Engine
from mm.exchange.thin.link import COIN, START_MS, SZ_DECIMALS, InProcessVenue
from mm.runner import Killed, Record, Recorded, Runner, Settings, Tally
from mm.strategy import Leaning, Strategy

USER = "0x6d6d00000000000000000000000000000000de30"
MAX_POSITION = Decimal("6.00")
SECONDS = 150
"""How long the maker quotes, in seconds of the market, unless somebody wishes otherwise."""
SLICE_MS = 100
CLOSING_MS = 240_000
"""The closing's bound: by then all must be quiet, or the proof fails."""
ASK_AFTER_MS = 1_500
FILL_WINDOW_MS = 2_000
KILL_EVERY_MS = 45_000
RETAIN_CLOSED = 1_000_000
"""All of them: at the end the score asks the engine about every order that the venue ever saw."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """One death and what came back."""

    at_ms: int
    entries: int
    same_digest: bool


@dataclass(slots=True)
class Event:
    """Something to show, with its time since the start."""

    ms: int
    text: str


RunnerMaker = Callable[..., Runner]


class Show:
    """One run of the demo."""

    def __init__(
        self,
        seed: int,
        seconds: int,
        *,
        rates: dict[str, int] | None = None,
        kills: bool = True,
        strategy: Strategy | None = None,
        runner: RunnerMaker = Runner,
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self.seed = seed
        self.seconds = seconds
        self.venue = InProcessVenue(seed, USER, rates)
        self.tally = Tally()
        self.record = Record()
        self.recoveries: list[Recovery] = []
        self.phase = "starting"
        self._strategy = strategy or Leaning()
        self._maker = runner
        self._on_event = on_event
        self._between: Callable[[], None] = lambda: None
        self._chance = Random(f"{seed}:kills")
        self._settings = Settings(COIN, SZ_DECIMALS, MAX_POSITION)
        engine = Recorded(self._engine, self.record)
        engine.tell(Engine.set_coin, COIN, sz_decimals=SZ_DECIMALS)
        self.runner = self._life(engine)
        self._kills = self._kill_times() if kills else []

    @property
    def elapsed_ms(self) -> int:
        """Virtual time since the start."""
        return self.venue.now_ms - START_MS

    @property
    def engine(self) -> Engine:
        """The engine of the present life."""
        return self.runner.engine.view

    def run(self, between: Callable[[], None] = lambda: None) -> None:
        """Run it all. `between` is called after each slice of virtual time, for drawing and pacing."""
        self._between = between
        self.runner.start()
        self.phase = "quoting"
        while self.elapsed_ms < self.seconds * 1_000:
            if self._kills and self._kills[0] <= self.elapsed_ms:
                self._kills.pop(0)
                self.record.die_after(self._chance.randint(1, 12))
            self._slice()
            between()
        self._close()

    def _close(self) -> None:
        """Quote no more, cancel all, let the faults rest, and wait until nothing is open or unknown."""
        self.phase = "closing"
        self.say("close   quoting ends: cancelling all, faults off")
        self.record.die_after(0)
        self.venue.faults.on = False
        for settle in (self.runner.close, self.runner.recheck):
            settle()
            bound = self.elapsed_ms + CLOSING_MS
            self._slice()
            while not self.runner.quiet and self.elapsed_ms < bound:
                self._slice()
                self._between()
        self.phase = "done"

    def say(self, text: str) -> None:
        """Pass on an event."""
        self._on_event(Event(self.elapsed_ms, text))

    # --- life and death ---------------------------------------------------------------------------

    def _slice(self) -> None:
        try:
            self.runner.run_until(self.venue.now_ms + SLICE_MS)
        except Killed:
            self._die_and_come_back()

    def _die_and_come_back(self) -> None:
        dead = self.runner.engine
        digest, applied = dead.view.digest(), dead.applied
        self.phase = "killed"
        self.say("KILL    the maker dies; its orders rest on at the venue")
        self.venue.cut()
        at = self.elapsed_ms
        back = self.venue.now_ms + self._chance.randint(500, 3_000)
        while self.venue.now_ms < back:
            self.venue.receive(min(back, self.venue.now_ms + SLICE_MS))
            self._between()

        engine = Recorded(self._engine, self.record)
        engine.replay(until=applied)
        same = engine.view.digest() == digest
        self.recoveries.append(Recovery(at, applied, same))
        engine.replay()
        words = "the same digest" if same else "ANOTHER DIGEST"
        self.say(f"back    {applied:,} entries replayed: {words}; asking the venue")
        self.runner = self._life(engine)
        self.runner.resume()
        self.phase = "quoting"

    def _life(self, engine: Recorded) -> Runner:
        return self._maker(self.venue, self._strategy, engine, self._settings, self.tally, self.say)

    def _engine(self) -> Engine:
        return Engine(USER, ask_after_ms=ASK_AFTER_MS, fill_window_ms=FILL_WINDOW_MS, retain_closed=RETAIN_CLOSED)

    def _kill_times(self) -> list[int]:
        total = self.seconds * 1_000
        count = max(1, total // KILL_EVERY_MS)
        part = total // (count + 1)
        return [part * (n + 1) + self._chance.randint(-part // 4, part // 4) for n in range(count)]
