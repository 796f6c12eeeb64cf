"""A simulated venue in a thread of its own: for tests and notebooks, with any client in any event loop, or in none."""

import asyncio
import dataclasses
import threading
import time
from collections.abc import Coroutine, Iterable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from mm.sim.accounts import NAMES, accounts
from mm.sim.build import World
from mm.sim.catalogue import Faults
from mm.sim.control import Control
from mm.sim.server import Server
from mm.sim.venue import Account

__all__ = ["FAST", "Simulation", "ThreadControl"]

CALL_S = 30.0
"""No command takes longer."""
FAST: dict[str, int] = {"latency.all": 1, "block.every": 20, "front.ip_weight": 0, "front.messages": 0}
"""A venue next door: blocks each 20 ms, no way to go, no weight of requests. For tests that wait for answers."""
T = TypeVar("T")


class Simulation:
    """A venue that listens on loopback while the `with` block runs.

        with Simulation(market={"BTC": "thin"}) as hl:
            hl.url, hl.accounts[0].address, hl.control.inject("exchange.reply_lost")

    `seed` decides the accounts' keys, the market and the chance faults; `speed` is as in `mm.sim.server.Server`; `rates`
    are faults by name, in millionths; the other words are those of `mm.sim.build.World`. At the end the venue audits
    itself: leaving the block raises `EngineFault` if money, coins or books do not add up.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        speed: float = 1.0,
        rates: Mapping[str, int] | None = None,
        names: Iterable[str] = NAMES,
        port: int = 0,
        settings: Mapping[str, int] | None = None,
        **world: Any,
    ) -> None:
        self.accounts = accounts(seed, tuple(names))
        made = World(seed=seed, settings=FAST if settings is None else settings, **world)
        if made.start_ms is None and not made.recording:
            made = dataclasses.replace(made, start_ms=time.time_ns() // 1_000_000)
        self.venue = made.open(self.accounts)
        faults = Faults(self.venue, seed, rates)
        self.server = Server(self.venue, self.accounts, faults=faults, port=port, speed=speed)
        control = Control(self.server)
        control.mount()
        self.control = ThreadControl(self, control)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mm simulated venue", daemon=True)

    @property
    def url(self) -> str:
        """The base URL that a client is given."""
        return self.server.url

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self.server.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self.server.stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CALL_S)
            self._loop.close()
        self.venue.check()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the venue's thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


class ThreadControl:
    """`mm.sim.control.Control` for callers in other threads: every call waits until it is done."""

    def __init__(self, simulation: Simulation, control: Control) -> None:
        self._simulation = simulation
        self._control = control

    @property
    def token(self) -> str:
        """What a caller of `/control` must show."""
        return self._control.token

    def account(self, name: str) -> Account:
        """The account of that name."""
        return self._control.account(name)

    def inject(self, fault: str, times: int = 1, ms: int | None = None) -> None:
        """Let a fault happen the next `times` times that it can."""
        self._command(do="inject", fault=fault, times=times, ms=ms)

    def rate(self, fault: str, rate: str) -> None:
        """Let a fault happen by chance: `rate` is a number between 0 and 1, as text."""
        self._command(do="rate", fault=fault, rate=rate)

    def heal(self) -> None:
        """No more faults."""
        self._command(do="heal")

    def close(self, code: int = 1000) -> int:
        """Close every WebSocket (1006: without a closing frame); how many there were."""
        return int(self._command(do="close", code=code))

    def silence(self, dead: bool = False) -> int:
        """Half-open: every WebSocket stays open and says nothing more; with `dead` it does not listen either."""
        return int(self._command(do="silence", dead=dead))

    def refuse(self, ms: int) -> None:
        """Take no new connections for so long; returns when they are taken again."""
        self._command(do="refuse", ms=ms)

    def step(self, ms: int) -> int:
        """Let the venue's time pass at once; the time it is then."""
        return int(self._command(do="step", ms=ms))

    def pause(self) -> None:
        """Let the venue's time stand still, but for `step`."""
        self._command(do="pause")

    def resume(self) -> None:
        """Let it go on from where it stands."""
        self._command(do="resume")

    def counts(self) -> dict[str, int]:
        """How often each fault has happened."""
        return dict(self._command(do="counts"))

    def truth(self) -> dict[str, Any]:
        """The ground truth by address: name, openOrders, fills, positions, cash, sums, requests."""
        return self._simulation.run(self._control.truth())

    def info(self, request: dict[str, Any]) -> Any:
        """What the venue answers to a read, past every fault of the wire."""
        return self._simulation.run(self._control.info(request))

    def act(self, name: str, action: dict[str, Any]) -> Any:
        """Let another account do something, past every fault of the wire."""
        return self._simulation.run(self._control.act(name, action))

    def _command(self, **words: Any) -> Any:
        return self._simulation.run(self._control.command(words))
