"""What a strategy sees, and what it gives back: a `Market` in, a `Ladder` out.

    class Mine(Strategy):
        def quote(self, m: Market) -> Ladder:
            lean = m.position / m.max_position
            return m.ladder(half_bps=3, step_bps=2, levels=2, size="0.5", shift_bps=-2 * lean)

Rounding, stated once: prices go to the venue's grid (five significant figures, and no more decimals
than the coin allows), **bids down and asks up**, so that a rounded quote is never more eager than the
wish; sizes are cut to the lot. A level that rounds onto another one or falls below the least order
value is dropped, and the ladder's notes say so. A float is read by its shortest text (41.2 is 41.2).
"""

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from mm._core import Fill, Side

Real = Decimal | int | float | str

PERP_DECIMALS = 6
SIGNIFICANT = 5
BPS = Decimal(10_000)


def exact(number: Real) -> Decimal:
    """A number as a Decimal; a float by its shortest text."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


@dataclass(frozen=True, slots=True)
class Grid:
    """One perp's price and size grid."""

    sz_decimals: int
    min_notional: Decimal = Decimal(10)

    def bid(self, px: Real) -> Decimal:
        """The highest price of the grid that is not above `px`."""
        wish = exact(px)
        return wish.quantize(self._tick(wish), ROUND_FLOOR)

    def ask(self, px: Real) -> Decimal:
        """The lowest price of the grid that is not below `px`."""
        wish = exact(px)
        return wish.quantize(self._tick(wish), ROUND_CEILING)

    def size(self, sz: Real) -> Decimal:
        """The largest size of the grid that is not above `sz`."""
        return exact(sz).quantize(Decimal(1).scaleb(-self.sz_decimals), ROUND_FLOOR)

    def _tick(self, px: Decimal) -> Decimal:
        finest = -(PERP_DECIMALS - self.sz_decimals)
        return Decimal(1).scaleb(min(0, max(px.adjusted() - SIGNIFICANT + 1, finest)))


@dataclass(frozen=True, slots=True)
class Level:
    """One quote that is wanted."""

    side: Side
    px: Decimal
    sz: Decimal


@dataclass(frozen=True, slots=True)
class Ladder:
    """All quotes that are wanted, and what the grid did to the wish. Empty: nothing is wanted."""

    levels: tuple[Level, ...] = ()
    notes: tuple[str, ...] = ()
    take: Level | None = None
    """An order that may trade at once (good till cancelled), for whoever wants out; one at a time."""

    def side(self, side: Side) -> tuple[Level, ...]:
        """The levels of one side, as given: the nearest first."""
        return tuple(level for level in self.levels if level.side == side)


PULL = Ladder()
"""Nothing is wanted: everything that rests is cancelled."""


@dataclass(frozen=True, slots=True)
class Market:
    """What a strategy decides on: the book without our own orders, and our position."""

    coin: str
    now_ms: int
    grid: Grid
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]
    position: Decimal
    max_position: Decimal

    @property
    def fair(self) -> Decimal | None:
        """The middle of the book weighted by the opposite sizes, or None while a side is empty."""
        if not self.bids or not self.asks:
            return None
        (bid, bid_sz), (ask, ask_sz) = self.bids[0], self.asks[0]
        return (bid * ask_sz + ask * bid_sz) / (bid_sz + ask_sz)

    def ladder(
        self,
        *,
        half_bps: Real,
        step_bps: Real,
        levels: int,
        size: Real,
        shift_bps: Real = 0,
        fair: Decimal | None = None,
    ) -> Ladder:
        """Quotes on both sides of fair: the first `half_bps` away, each next one `step_bps` further.

        `shift_bps` moves all of them (down when we are long). A side whose position limit is reached
        stays: what may be sent is decided where the worst case is known, not here.
        """
        middle = self.fair if fair is None else fair
        if middle is None:
            return PULL
        centre = middle * (1 + exact(shift_bps) / BPS)
        sz = self.grid.size(size)
        made: list[Level] = []
        notes: list[str] = []
        for index in range(levels):
            away = centre * (exact(half_bps) + index * exact(step_bps)) / BPS
            for level in (
                Level(Side.BUY, self.grid.bid(centre - away), sz),
                Level(Side.SELL, self.grid.ask(centre + away), sz),
            ):
                if level in made:
                    notes.append(f"dropped: rounds onto another level at {level.px}")
                elif level.px * level.sz < self.grid.min_notional:
                    notes.append(f"dropped: below the least order value at {level.px}")
                else:
                    made.append(level)
        return Ladder(tuple(made), tuple(notes))


class Strategy:
    """Subclass it and write `quote`. It is asked whenever something that matters changed."""

    def quote(self, m: Market) -> Ladder:
        """The quotes that are wanted now; `PULL` for none."""
        raise NotImplementedError

    def on_fill(self, fill: Fill) -> None:
        """Told of each new fill, once."""


class Leaning(Strategy):
    """The demo's strategy: a fixed ladder that leans against its position, and an exit when that is large."""

    half_bps = Decimal("2.4")
    step_bps = Decimal("2.2")
    lean_bps = Decimal("3.0")
    size = Decimal("0.80")
    levels = 3
    enough = Decimal("0.40")
    """At this part of the limit it pays to get rid of some at once."""

    def quote(self, m: Market) -> Ladder:
        """Both sides around fair, moved down while long and up while short."""
        lean = m.position / m.max_position
        ladder = m.ladder(
            half_bps=self.half_bps,
            step_bps=self.step_bps,
            levels=self.levels,
            size=self.size,
            shift_bps=-self.lean_bps * lean,
        )
        if abs(lean) < self.enough or not m.bids or not m.asks:
            return ladder
        side, best = (Side.SELL, m.bids[0]) if lean > 0 else (Side.BUY, m.asks[0])
        return replace(ladder, take=Level(side, best[0], m.grid.size(abs(m.position) / 2)))
