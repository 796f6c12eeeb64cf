"""The price-time book: the better price first, at one price the earlier order first.

Whole numbers only. A price is px·10^(6−szDecimals) and a size sz·10^szDecimals, so that price times
size is the notional in micro-dollars, exactly.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Resting:
    """An order as the venue keeps it, alive or dead."""

    oid: int
    account: str
    cloid: str | None
    is_buy: bool
    px: int
    size: int
    left: int
    tif: str
    time: int
    status: str = "open"
    status_time: int = 0

    @property
    def side(self) -> str:
        """The venue's letter."""
        return "B" if self.is_buy else "A"


class Book:
    """One coin's resting orders."""

    def __init__(self) -> None:
        # Prices ascending, and per price the orders in the order they came (a dict remembers it).
        self._prices: dict[bool, list[int]] = {True: [], False: []}
        self._levels: dict[bool, dict[int, dict[int, Resting]]] = {True: {}, False: {}}

    def best(self, is_buy: bool) -> int | None:
        """The best price of a side: the highest bid or the lowest ask."""
        prices = self._prices[is_buy]
        if not prices:
            return None
        return prices[-1] if is_buy else prices[0]

    def add(self, order: Resting) -> None:
        """Put an order at the back of its price's queue."""
        level = self._levels[order.is_buy].get(order.px)
        if level is None:
            level = self._levels[order.is_buy][order.px] = {}
            insort(self._prices[order.is_buy], order.px)
        level[order.oid] = order

    def remove(self, order: Resting) -> None:
        """Take an order off the book."""
        level = self._levels[order.is_buy][order.px]
        del level[order.oid]
        if not level:
            del self._levels[order.is_buy][order.px]
            prices = self._prices[order.is_buy]
            del prices[bisect_left(prices, order.px)]

    def would_match(self, is_buy: bool, px: int) -> bool:
        """Whether an order at this price would trade at once."""
        best = self.best(not is_buy)
        return best is not None and (best <= px if is_buy else best >= px)

    def front(self, is_buy: bool) -> Resting:
        """The order that trades first on a side: the best price's oldest."""
        best = self.best(is_buy)
        assert best is not None, "an empty side has no front"
        return next(iter(self._levels[is_buy][best].values()))

    def reduce(self, maker: Resting, lots: int) -> None:
        """Take traded lots off a resting order; without a rest it leaves the book."""
        maker.left -= lots
        if not maker.left:
            self.remove(maker)

    def levels(self, is_buy: bool, depth: int) -> list[tuple[int, int]]:
        """The best `depth` levels as (price, lots), best first."""
        prices = self._prices[is_buy]
        best = reversed(prices[-depth:]) if is_buy else prices[:depth]
        levels = self._levels[is_buy]
        return [(px, sum(order.left for order in levels[px].values())) for px in best]

    def __iter__(self) -> Iterator[Resting]:
        """All resting orders, bids first, in a fixed order."""
        for is_buy in (True, False):
            for px in self._prices[is_buy]:
                yield from self._levels[is_buy][px].values()
