"""Numbers, times and addresses as people read them. Every digit is in the JSON."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

BP = Decimal("0.0001")


def seconds(duration_ms: int) -> str:
    """`0.084 s`, `2.3 s`, `75 s`."""
    if duration_ms < 1_000:
        return f"{duration_ms / 1_000:.3f} s"
    return f"{duration_ms / 1_000:.1f} s" if duration_ms < 60_000 else f"{duration_ms // 1_000:,} s"


def day(time_ms: int) -> str:
    """A date in UTC; for a time beyond the calendar, its milliseconds."""
    try:
        return f"{datetime.fromtimestamp(time_ms // 1_000, UTC):%Y-%m-%d}"
    except (OverflowError, OSError, ValueError):
        return f"{time_ms:,} ms after 1970"


def money(amount: Decimal) -> str:
    """Dollars to the cent: `$1,234.50`, `-$3.00`."""
    cents = abs(amount).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return f"{'-' if amount < 0 and cents else ''}${cents:,}"


def bps(rate: Decimal) -> str:
    """A rate in basis points without needless zeros: `1.5 bp`."""
    return f"{plain(rate / BP)} bp"


def plain(number: Decimal) -> str:
    """All digits, no exponent, no trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short(address: str) -> str:
    """`0x1234…cdef`."""
    return f"{address[:6]}…{address[-4:]}"


def count(number: int, noun: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: list[str], limit: int = 5) -> str:
    """`A, B, C and 4 more`."""
    if len(names) <= limit:
        return ", ".join(names)
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"
