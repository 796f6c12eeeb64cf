"""What is wanted of one order: the few words that `quotes` and `fallback` speak and the runner obeys.

An intent is a wish, not an order: nothing is sent for it before the engine was told and agreed.
"""

from dataclasses import dataclass
from decimal import Decimal

from mm._core import Side, Tif


@dataclass(frozen=True, slots=True)
class Put:
    """Place a new order."""

    side: Side
    px: Decimal
    sz: Decimal
    tif: Tif = Tif.ALO


@dataclass(frozen=True, slots=True)
class Move:
    """Modify: new price, and `order_qty` as the total over the order's life, executed part included."""

    name: str
    px: Decimal
    order_qty: Decimal


@dataclass(frozen=True, slots=True)
class Pull:
    """Cancel."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave it where it rests, with its place in the queue."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Inquire:
    """Ask the venue what became of the order; place nothing for it meanwhile."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Await:
    """Nothing to do until more is known; it will come, or the engine will ask."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The story is over; nothing follows."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A bound was reached: stop quoting the coin and say so. The order stays counted as it is."""

    name: str
    why: str


Intent = Put | Move | Pull | Keep | Inquire | Await | Settled | GiveUp
