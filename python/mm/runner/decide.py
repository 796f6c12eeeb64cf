"""What is wanted, made into asks: the strategy's ladder, the planner's intents, the fallbacks under way.

Everything that is sent leaves through `_obey`, and there the engine is asked first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from mm._core import Fill, Order, OrderState, Side, Tif
from mm.errors import UsageError
from mm.fallback import Known, Policy, Verdict, next_intents, verdict_of
from mm.intents import GiveUp, Inquire, Intent, Keep, Move, Pull, Put, Settled
from mm.protocol import BookTop
from mm.quotes import Exposure, Open, Planner, match
from mm.runner.tally import Tally
from mm.session import Edit, Fate, How, Outlet, Session, Wish, name_of
from mm.strategy import PULL, Grid, Ladder, Market, Strategy

STALE_MS = 1_500
ASK_EVERY_MS = 1_000
SAID = {
    Verdict.REPLACED: "done",
    Verdict.OLD_GONE: "refused: the order was gone before",
    Verdict.OLD_GONE_NEW_REFUSED: "refused, and the order is gone",
    Verdict.OLD_UNTOUCHED: "refused: the order stands; cancelling to place anew",
    Verdict.UNKNOWN: "no answer that tells: asking, placing nothing meanwhile",
}
VERDICTS = {How.TAKEN: Verdict.REPLACED, How.UNKNOWN: Verdict.UNKNOWN, How.NOT_SENT: Verdict.OLD_UNTOUCHED}
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the runner is asked to do."""

    coin: str
    sz_decimals: int
    max_position: Decimal
    policy: Policy = field(default_factory=Policy)

    @property
    def grid(self) -> Grid:
        """The coin's grid."""
        return Grid(self.sz_decimals)


@dataclass(slots=True)
class Task:
    """A fallback under way. It is gone with its process; the catch-up and the planner then do its work."""

    name: str
    cloid: str
    verdict: Verdict
    wanted: Decimal
    asks: int = 0
    cancels: int = 0
    asked_ms: int = 0


class Decider:
    """From the engine's state and the market to asks."""

    def __init__(
        self,
        outlet: Outlet,
        strategy: Strategy,
        session: Session,
        settings: Settings,
        tally: Tally,
        stop: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        self.top: BookTop | None = None
        self.ladder: Ladder = PULL
        self._outlet = outlet
        self._strategy = strategy
        self._session = session
        self._settings = settings
        self._tally = tally
        self._stop = stop
        self._say = say
        self._planner = Planner(settings.grid, settings.max_position)
        self._tasks: dict[str, Task] = {}
        self._touched: dict[str, int] = {}
        self._latest: dict[str, tuple[str, Decimal]] = {}
        """The newest leg that a modify of this order asked for, and the total then wanted: the answers to
        older modifies are history."""

    def decide(self, quoting: bool) -> None:
        """Fallbacks first, then the ladder against what is open. Without `quoting` everything is pulled."""
        market = self.market()
        self.ladder = self._strategy.quote(market) if market is not None and quoting else PULL
        for task in list(self._tasks.values()):
            self._fall_back(task)
        orders = self.open_orders()
        names = {order.name for order in orders}
        self._touched = {name: ms for name, ms in self._touched.items() if name in names}
        self._latest = {name: leg for name, leg in self._latest.items() if name in names}
        fair = None if market is None else market.fair
        for intent in self._planner.plan(self.ladder, orders, self.exposure(), fair):
            self._obey(intent)
        self._take()

    def on_fill(self, fill: Fill) -> None:
        """Tell the strategy."""
        self._strategy.on_fill(fill)

    # --- what is known ----------------------------------------------------------------------------

    def market(self) -> Market | None:
        """What the strategy sees: the book without our own orders; None while it is missing or stale."""
        top, coin, view = self.top, self._settings.coin, self._session.engine.view
        now = self._outlet.now_ms
        if top is None or now - top.time > STALE_MS:
            return None
        sides = []
        for side, levels in ((Side.BUY, top.bids), (Side.SELL, top.asks)):
            ours: dict[Decimal, Decimal] = {}
            for order in view.get_all_by_side(coin, side):
                ours[order.px] = ours.get(order.px, ZERO) + order.leaves_qty
            rest = [(Decimal(px), Decimal(sz) - ours.get(Decimal(px), ZERO)) for px, sz in levels]
            sides.append(tuple(level for level in rest if level[1] > 0))
        position = view.position(coin).size
        return Market(coin, now, self._settings.grid, sides[0], sides[1], position, self._settings.max_position)

    def exposure(self) -> Exposure:
        """The worst case as the engine has it. While fills are missing there is no room for anything."""
        view, coin = self._session.engine.view, self._settings.coin
        if view.gaps(coin):
            limit = self._settings.max_position
            return Exposure(ZERO, limit, -limit)
        return Exposure(view.position(coin).size, view.worst_long(coin), view.worst_short(coin))

    def open_orders(self) -> list[Open]:
        """Our orders that are not closed, as the planner sees them."""
        now = self._outlet.now_ms
        return [
            Open(
                name=(name := name_of(order)),
                side=order.side,
                px=order.px,
                leaves=order.leaves_qty,
                executed=order.cum_qty,
                state=order.state,
                modifying=order.modifying,
                age_ms=now - self._touched.get(name, 0),
                reserved=name in self._tasks,
            )
            for order in self._session.engine.view.orders()
        ]

    # --- fallbacks --------------------------------------------------------------------------------

    def on_fate(self, fate: Fate) -> None:
        """A modify was answered, or met silence: note what its fallback has to look after.

        What was found out later without an answer (`FOUND`, `VOID`) the engine has as the order's state.
        """
        if fate.kind != "modify" or fate.how in (How.FOUND, How.VOID):
            return
        verdict = VERDICTS.get(fate.how) or verdict_of(fate.text)
        name = fate.name
        if name in self._latest and self._latest[name][0] != fate.cloid:
            return
        task = self._tasks.get(name)
        if verdict == Verdict.REPLACED:
            if task is not None and task.cloid == fate.cloid:
                task.verdict = verdict
            return
        if task is None or task.cloid != fate.cloid:
            self._tasks[name] = Task(name, fate.cloid, verdict, fate.wanted or ZERO)
            self._tally.fallbacks[verdict] += 1
            self._say(f"modify  {SAID[verdict]}")
        elif task.verdict != verdict:  # an answer that came after its time-out knows better
            self._tally.fallbacks[verdict] += 1
            task.verdict = verdict

    def too_large(self, order: Order) -> None:
        """A fill raced a modify: the new leg has to be looked after, even if the modify succeeded."""
        name = name_of(order)
        newest, wanted = self._latest.get(name, (order.legs[-1].cloid or name, order.order_qty))
        if name not in self._tasks:
            self._tasks[name] = Task(name, newest, Verdict.REPLACED, wanted)

    def _fall_back(self, task: Task) -> None:
        order = self._session.engine.view.get_by_cloid(task.name)
        if order is None:
            del self._tasks[task.name]
            return
        known = Known(
            name=task.name,
            side=order.side,
            verdict=task.verdict,
            state=order.state,
            modifying=order.modifying,
            on_new_leg=order.current_cloid == task.cloid,
            px=order.px,
            leaves=order.leaves_qty,
            wanted=task.wanted,
            executed=order.cum_qty,
            excess=max(ZERO, order.cum_qty + order.leaves_qty - order.order_qty),
            target=self._target(order),
            asks=task.asks,
            cancels=task.cancels,
            cancelling=self._session.cancelling(task.name),
            pulled=task.cancels > 0,
        )
        for intent in next_intents(known, self._settings.policy):
            self._obey_task(intent, task, order)

    def _obey_task(self, intent: Intent, task: Task, order: Order) -> None:
        now = self._outlet.now_ms
        match intent:
            case Inquire():
                if now - task.asked_ms >= ASK_EVERY_MS:
                    task.asked_ms = now
                    task.asks += 1
                    self._session.reads.legs(order)
            case Pull():
                task.cancels += 1
                self._obey(intent)
            case Put(sz=sz):
                del self._tasks[task.name]
                if self._put_within(intent):
                    self._tally.put_anew += 1
                    self._say(f"modify  fell back: {sz:.2f} placed anew")
            case Move(order_qty=order_qty):
                del self._tasks[task.name]
                self._say(f"modify  too large: shrinking it to {order_qty:.2f} over its life")
                self._obey(intent)
            case Settled(why=why):
                del self._tasks[task.name]
                self._say(f"modify  {why}")
            case GiveUp(why=why):
                del self._tasks[task.name]
                self._stop(why)
            case _:
                pass  # Await

    def _take(self) -> None:
        """The ladder's taking order, one at a time: while one is open, nothing more is taken."""
        take = self.ladder.take
        if take is not None and all(order.tif == Tif.ALO for order in self._session.engine.view.orders()):
            self._tally.taken += self._put_within(Put(take.side, take.px, take.sz, Tif.GTC))

    def _put_within(self, put: Put) -> bool:
        """Place within the limits, like any other; False if that leaves nothing to place."""
        side, px = put.side, put.px
        orders = [order for order in self.open_orders() if order.side == side]
        if any(order.state == OrderState.Unknown for order in orders):
            return False  # nothing new beside it until that is known
        grid = self._settings.grid
        room = self._planner.room(side, self.exposure(), sum((order.leaves for order in orders), ZERO))
        sz = grid.size(min(put.sz, room))
        if sz * px < grid.min_notional:
            return False
        self._obey(Put(side, px, sz, put.tif))
        return True

    def _target(self, order: Order) -> Decimal | None:
        """The level nearest to the order's price that no other order serves."""
        levels = self.ladder.side(order.side)
        others = [
            other
            for other in self.open_orders()
            if other.side == order.side and other.name != order.cloid and (other.free or other.holds_a_level)
        ]
        served = {index for index, _ in match(levels, others)}
        prices = [level.px for index, level in enumerate(levels) if index not in served]
        return min(prices, key=lambda px: abs(px - order.px), default=None)

    # --- asks -------------------------------------------------------------------------------------

    def _obey(self, intent: Intent) -> None:
        """Turn an intent into an ask to the engine and, if it agrees, a command."""
        now, view = self._outlet.now_ms, self._session.engine.view
        try:
            match intent:
                case Put(side=side, px=px, sz=sz, tif=tif):
                    (placed,) = self._session.place([Wish(self._settings.coin, side, px, sz, tif)])
                    self._touched[placed] = now
                case Move(name=name, px=px, order_qty=order_qty):
                    if (order := view.get_by_cloid(name)) is not None:
                        (leg,) = self._session.modify([Edit(name_of(order), px, order_qty)])
                        self._latest[name] = leg, order_qty
                        self._touched[name] = now
                case Pull(name=name):
                    if (order := view.get_by_cloid(name)) is not None:
                        self._tally.refused += len(self._session.cancel([name_of(order)]))
                case Keep():
                    self._tally.kept += 1
                case _:
                    pass
        except UsageError:
            self._tally.refused += 1
