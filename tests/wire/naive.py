"""The rule of prices and sizes once more, with `Decimal` and loops, from the words of the protocol (8.1). Shares no code."""

from collections.abc import Iterator
from decimal import Decimal

MAX_DECIMALS = {"perp": 6, "dex": 6, "spot": 8}


def plain(number: Decimal) -> str:
    """No exponent, no zeros behind the dot."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_valid(px: Decimal, kind: str, sz_decimals: int) -> bool:
    """At most five significant figures and MAX - szDecimals decimals; whole numbers always."""
    if px <= 0:
        return False
    whole, _, decimals = plain(px).partition(".")
    if not decimals:
        return True
    figures = len((whole + decimals).lstrip("0"))
    return figures <= 5 and len(decimals) <= MAX_DECIMALS[kind] - sz_decimals


def valid_between(low: Decimal, high: Decimal, kind: str, sz_decimals: int) -> Iterator[Decimal]:
    """Every valid price from low to high, by trying each step of a unit that is ten times finer than five figures are there
    (whole numbers count as they are), or of the finest decimal. For narrow ranges.
    """
    finest = Decimal(1).scaleb(-max(MAX_DECIMALS[kind] - sz_decimals, 0))
    unit = max(finest, min(Decimal(1), Decimal(1).scaleb(low.adjusted() - 5)))
    px = (low / unit).to_integral_value() * unit
    while px <= high:
        if px >= low and is_valid(px, kind, sz_decimals):
            yield px
        px += unit
