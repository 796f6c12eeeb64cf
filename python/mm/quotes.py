"""Wanted quotes against our open orders: what to place, move, cancel and leave alone. Pure.

Rules, in the order in which they decide:

- **Cancels are never held back**: not by limits, not by age, not by an unknown order.
- **One order serves one level.** Orders and levels are matched greedily, the nearest pair first, each
  at most once; an order that is near a level which another order serves is surplus and goes.
- **Nothing new on a side where an order's fate is unknown**, and no move there either, for a move
  places too.
- **An order is moved only if it is worth its place in the queue**: not inside the deadband, not before
  its least life is over; but at once when its price is on the wrong side of the risk line.
- **The worst case decides.** Whatever is sent must leave room within the position limit even if all
  that is pending, resting, being cancelled or unknown fills, with both legs of an unsettled modify.
  A size is cut to the room, never rounded up. What only reduces the position is not held back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from mm._core import OrderState, Side
from mm.intents import Intent, Keep, Move, Pull, Put
from mm.strategy import BPS, Grid, Ladder, Level

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Open:
    """An order of ours that is not closed, as the planner sees it."""

    name: str
    side: Side
    px: Decimal
    leaves: Decimal
    executed: Decimal
    state: OrderState
    modifying: bool = False
    age_ms: int = 0
    reserved: bool = False
    """A fallback is at work on it: its level is taken until that is over."""

    @property
    def free(self) -> bool:
        """May be moved or cancelled now by the planner."""
        return self.state.is_active and not self.modifying and not self.reserved

    @property
    def holds_a_level(self) -> bool:
        """Not to be touched, but on its way to a level: nothing is placed beside it."""
        settling = self.state in (OrderState.Pending, OrderState.Unknown) or self.modifying
        return not self.free and (settling or self.reserved)


@dataclass(frozen=True, slots=True)
class Exposure:
    """Where the position is, and what it could become at worst on either side."""

    position: Decimal
    worst_long: Decimal
    worst_short: Decimal


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """When an order is worth touching."""

    deadband_bps: Decimal = Decimal("0.8")
    keep_fraction: Decimal = Decimal("0.5")
    """A part-filled order keeps its place while it shows at least this part of its level's size."""
    min_life_ms: int = 700
    risk_bps: Decimal = Decimal("1.5")
    """An order nearer to fair than this is wrong: it goes, however young."""


@dataclass(frozen=True, slots=True)
class Planner:
    """The rules' numbers. `plan` is a pure function of its arguments and these."""

    grid: Grid
    max_position: Decimal
    hysteresis: Hysteresis = field(default_factory=Hysteresis)

    def plan(self, ladder: Ladder, orders: Iterable[Open], exposure: Exposure, fair: Decimal | None) -> list[Intent]:
        """The intents that lead from the open orders to the ladder, cancels first."""
        open_orders = list(orders)
        intents: list[Intent] = []
        for side in (Side.BUY, Side.SELL):
            ours = [order for order in open_orders if order.side == side]
            room = self.room(side, exposure, sum((order.leaves for order in ours), ZERO))
            intents += self._plan_side(side, ladder.side(side), ours, room, fair)
        return sorted(intents, key=lambda intent: not isinstance(intent, Pull))

    def room(self, side: Side, exposure: Exposure, open_size: Decimal) -> Decimal:
        """How much more may be sent on this side.

        Up to the limit in the worst case; or, whatever the worst case, as much as only reduces the
        position once everything that is open on this side has filled.
        """
        worst = exposure.worst_long if side == Side.BUY else -exposure.worst_short
        reducing = -exposure.position * side.sign - open_size
        return max(self.max_position - worst, reducing, ZERO)

    def _plan_side(
        self,
        side: Side,
        levels: Sequence[Level],
        orders: Sequence[Open],
        room: Decimal,
        fair: Decimal | None,
    ) -> list[Intent]:
        blocked = any(order.state == OrderState.Unknown for order in orders)
        pairs = match(levels, [order for order in orders if order.free or order.holds_a_level])
        served = {index for index, _ in pairs}
        paired = {order.name for _, order in pairs}
        intents: list[Intent] = [
            Pull(order.name, "surplus") for order in orders if order.free and order.name not in paired
        ]
        for index, order in pairs:
            if not order.free:
                continue
            intent = self._judge(levels[index], order, room, blocked, fair)
            if isinstance(intent, Move):
                room -= intent.order_qty - order.executed
            intents.append(intent)
        for index, level in enumerate(levels):
            if index in served or blocked:
                continue
            sz = self.grid.size(min(level.sz, room))
            if sz > 0 and sz * level.px >= self.grid.min_notional:
                room -= sz
                intents.append(Put(side, level.px, sz))
        return intents

    def _judge(self, level: Level, order: Open, room: Decimal, blocked: bool, fair: Decimal | None) -> Intent:
        """Keep, move or cancel an order that serves this level."""
        rule = self.hysteresis
        at_risk = fair is not None and self._at_risk(order, fair)
        near = abs(level.px - order.px) * BPS <= rule.deadband_bps * level.px
        if near and not at_risk and level.sz * rule.keep_fraction <= order.leaves <= level.sz:
            return Keep(order.name, "near")
        if order.age_ms < rule.min_life_ms and not at_risk:
            return Keep(order.name, "young")
        sz = self.grid.size(min(level.sz, room))
        if not blocked and sz > 0 and sz * level.px >= self.grid.min_notional:
            return Move(order.name, level.px, order.executed + sz)
        if at_risk or order.leaves > level.sz:
            return Pull(order.name, "at risk" if at_risk else "too large")
        return Keep(order.name, "its side is unknown" if blocked else "no room to move")

    def _at_risk(self, order: Open, fair: Decimal) -> bool:
        margin = (fair - order.px) * order.side.sign
        return margin * BPS < self.hysteresis.risk_bps * fair


def match(levels: Sequence[Level], orders: Sequence[Open]) -> list[tuple[int, Open]]:
    """Pair levels with orders, the nearest pair first, each at most once; ties by level, then by order."""
    distances = sorted(
        (abs(level.px - order.px), index, place)
        for index, level in enumerate(levels)
        for place, order in enumerate(orders)
    )
    taken_levels: set[int] = set()
    taken_orders: set[int] = set()
    pairs: list[tuple[int, Open]] = []
    for _, index, place in distances:
        if index not in taken_levels and place not in taken_orders:
            taken_levels.add(index)
            taken_orders.add(place)
            pairs.append((index, orders[place]))
    return sorted(pairs, key=lambda pair: pair[0])
