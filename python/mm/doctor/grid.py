"""The venue's grid around one price: the smallest order that it takes, and the step of prices (protocol 8)."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

MINIMUM = Decimal(10)
"""Of an order that opens or reduces in part, in the quote token (protocol 8.2)."""

FIGURES = 5
DECIMALS_PERP = 6
DECIMALS_SPOT = 8


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest order at a price: its price and size are on the grid, its value is at least the minimum."""

    px: Decimal
    sz: Decimal
    lot: Decimal
    tick: Decimal

    @property
    def value(self) -> Decimal:
        """What it is worth, exactly."""
        return self.px * self.sz


def smallest_order(mid: Decimal, sz_decimals: int, *, is_spot: bool) -> Smallest | None:
    """The smallest bid at the mid, or None where the grid has no price as low as that."""
    most = (DECIMALS_SPOT if is_spot else DECIMALS_PERP) - sz_decimals
    # Five figures, but never coarser than whole numbers, and never finer than the asset's decimals.
    exponent = max(min(mid.adjusted() - FIGURES + 1, 0), -max(most, 0))
    tick = Decimal(1).scaleb(exponent)
    px = mid.quantize(tick, ROUND_FLOOR)
    if px <= 0:
        return None
    lot = Decimal(1).scaleb(-sz_decimals)
    lots = (MINIMUM / (px * lot)).to_integral_value(ROUND_CEILING)
    return Smallest(px=px, sz=max(lots, Decimal(1)) * lot, lot=lot, tick=tick)
