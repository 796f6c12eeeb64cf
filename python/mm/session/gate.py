"""The gate: nothing is placed before all is known again, after a start and after every lost connection (I16).

    down        no connection whose user streams are both acknowledged
    snapshot    until the snapshot of `userFills` was taken
    fills       all fills since the proven time are read, page by page, until the chain of no coin of ours has a gap
    orders      the open orders, as of after both subscriptions
    statuses    of every leg that is not closed and was not in that list; requests without a fate get theirs
    positions   compared with the venue's own
    ready

Every step is asked again for ever, at a bounded rate, and told when it takes too long; it is never
skipped in silence. A gap that cannot be filled, and a position that differs, close their coin and no
other. So do stale streams: they are judged one by one, not by the connection (I23).
"""

from collections.abc import Callable

from mm._core import Order
from mm.protocol import Cancel
from mm.session.core import Core, dex_of
from mm.session.desk import Desk
from mm.session.events import Escalated, GateMoved, Held, Phase, Released
from mm.session.reads import Key, Reads

MISSING = "fills are missing"
DIFFERS = "the venue's position differs"
STALE = " is stale"
LASTING = (f"clock{STALE}", f"markets{STALE}")
"""The clocks' difference, and a market that is not what it was, are no matter of a connection (the link tells them as
streams): they end when the link says so, and not before."""


class Gate:
    """Where the catch-up is, and which coins are closed for reasons of their own."""

    def __init__(self, core: Core, reads: Reads, desk: Desk) -> None:
        self.phase = Phase.DOWN
        self.epoch: int | None = None
        self.on_gap: Callable[[str], None] = lambda _: None
        """Told of a coin whose chain has a gap."""
        self._core = core
        self._reads = reads
        self._desk = desk
        self._since_ms = core.now_ms
        self._told = False
        self._snapshot = False
        self._awaited: list[Key] = []
        self._holds: dict[tuple[str | None, str], None] = {}

    @property
    def ready(self) -> bool:
        """Whether all is known."""
        return self.phase == Phase.READY

    def closed(self, coin: str) -> str | None:
        """Why nothing may be placed on this coin now; None if it may."""
        if not self.ready:
            return f"not caught up with the venue: {self.phase.value}"
        return next((why for where, why in self._holds if where is None or where == coin), None)

    def hold(self, coin: str | None, why: str) -> None:
        """Close a coin, or all (None), for this reason."""
        if (coin, why) not in self._holds:
            self._holds[coin, why] = None
            self._core.emit(Held(coin, why))

    def release(self, coin: str | None, why: str) -> None:
        """This reason is over."""
        if (coin, why) in self._holds:
            del self._holds[coin, why]
            self._core.emit(Released(coin, why))

    def holds(self) -> list[tuple[str | None, str]]:
        """All reasons in force, as (coin or None for all, why)."""
        return list(self._holds)

    # --- the connection -----------------------------------------------------------------------------

    def on_up(self, epoch: int) -> None:
        """Connected, and both user streams acknowledged: begin to catch up."""
        if self.epoch is not None and epoch <= self.epoch and self.phase != Phase.DOWN:
            return  # told twice
        self.epoch = epoch
        self._reads.forget()
        self._reads.listed.clear()
        self._move(Phase.SNAPSHOT)

    def on_down(self, why: str) -> None:
        """The connection broke: nothing is known to be current, and its streams are judged anew on the next one."""
        self._snapshot = False
        for coin, reason in self.holds():
            if reason.endswith(STALE) and reason not in LASTING:
                self.release(coin, reason)
        if self.phase != Phase.DOWN:
            self._core.counts.reconnects += 1
            self._move(Phase.DOWN, why)

    def on_snapshot(self) -> None:
        """The snapshot of `userFills` was taken; it may come before the acknowledgement."""
        self._snapshot = True

    def again(self, why: str) -> None:
        """Something may have been missed although the connection stands: read all again."""
        if self.phase not in (Phase.DOWN, Phase.SNAPSHOT):
            self._move(Phase.FILLS, why)

    # --- the steps ------------------------------------------------------------------------------------

    def step(self) -> None:
        """Go on as far as the answers allow."""
        while self.phase not in (Phase.DOWN, Phase.READY):
            before = self.phase
            match self.phase:
                case Phase.SNAPSHOT:
                    self._wait_for_snapshot()
                case Phase.FILLS:
                    self._wait_for_fills()
                case Phase.ORDERS:
                    self._wait_for("open", Phase.STATUSES)
                case Phase.STATUSES:
                    self._wait_for_statuses()
                case Phase.POSITIONS:
                    self._wait_for("position", Phase.READY)
            if self.phase == before:
                self._complain()
                return

    def next_deadline(self) -> int | None:
        """When a step has something to do by itself."""
        return self._since_ms + self._core.rules.snapshot_ms if self.phase == Phase.SNAPSHOT else None

    def _wait_for_snapshot(self) -> None:
        if self._snapshot:
            self._move(Phase.FILLS)
        elif self._core.now_ms - self._since_ms >= self._core.rules.snapshot_ms:
            # The pages that are read next tell the same fills and more, so nothing is lost without it.
            self._core.emit(Escalated("the snapshot of userFills does not come: its fills are read by pages"))
            self._move(Phase.FILLS)

    def _wait_for_fills(self) -> None:
        if self._reads.waits_for("fills"):
            return
        view = self._core.engine.view
        broken = [coin for coin in self._core.own_coins() if view.gaps(coin) and (coin, MISSING) not in self._holds]
        for coin in broken:
            self.on_gap(coin)  # asked about until it closes, or until its coin is closed for it
        if not broken:
            self._move(Phase.ORDERS)

    def _wait_for_statuses(self) -> None:
        open_requests = [flight for flight in self._desk.waiting() if not isinstance(flight.action, Cancel)]
        if not open_requests and not self._reads.unanswered(self._awaited):
            self._move(Phase.POSITIONS)

    def _wait_for(self, kind: str, then: Phase) -> None:
        if not self._reads.waits_for(kind):
            self._move(then)

    def _move(self, phase: Phase, why: str = "") -> None:
        self.phase = phase
        self._since_ms = self._core.now_ms
        self._told = False
        self._awaited = []
        self._core.emit(GateMoved(phase, why))
        match phase:
            case Phase.FILLS:
                self._reads.fills(gaps=True)
            case Phase.ORDERS:
                self._reads.open_orders(dict.fromkeys(map(dex_of, self._core.coins())) or [""])
            case Phase.STATUSES:
                for order in self._core.engine.view.orders():
                    self._awaited += self._questions(order)
            case Phase.POSITIONS:
                for coin in self._core.own_coins():
                    self._reads.position(coin)
            case _:
                pass

    def _questions(self, order: Order) -> list[Key]:
        """Ask for the legs of an order that the list of open orders did not show."""
        keys: list[Key] = []
        for leg in order.legs:
            what = leg.oid if leg.oid is not None else leg.cloid
            if what is not None and what not in self._reads.listed:
                self._reads.order(what)
                keys.append(("order", what))
        return keys

    def _complain(self) -> None:
        """A step that takes too long is told, once; it goes on."""
        if not self._told and self._core.now_ms - self._since_ms >= self._core.rules.patience_ms:
            self._told = True
            self._core.emit(Escalated(f"catching up takes long: {self.phase.value}"))
