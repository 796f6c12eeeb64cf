"""Times as exports write them: numbers of any unit, ISO texts, days first or months first.

Which of several time columns is exact, and whether the day stands first, no single row tells. The clock looks at
every row once (`learn`), decides, and then reads.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

ZONES = {"utc": 0, "gmt": 0, "ist": 330, "jst": 540, "sgt": 480, "hkt": 480, "cet": 60, "cest": 120}
"""Minutes east of Greenwich, for the zones that a column's name may state. EST and such have two meanings."""

OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{1,2}):?(\d{2})?\b", re.IGNORECASE)
NUMBER = re.compile(r"(\d{9,19})(?:\.0*)?")
ROUNDED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
DATED = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{2,4})(?:\s*[T,\s-]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?"
    r"\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)


class ClockError(ValueError):
    """A time that cannot be read."""


def zone_of(name: str) -> timezone:
    """The zone that a column's name states; UTC where it states none."""
    for word in re.findall(r"[a-z]+", name.lower()):
        if word in ZONES and word not in {"utc", "gmt"}:
            return timezone(timedelta(minutes=ZONES[word]))
    if found := OFFSET.search(name):
        sign, hours, minutes = found.groups()
        east = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-east if sign == "-" else east)
    return UTC


def epoch_ms(text: str) -> int | None:
    """A number of seconds, milliseconds, microseconds or nanoseconds as milliseconds; None where it is none."""
    found = NUMBER.fullmatch(text)
    if not found:
        return None
    number = int(found.group(1))
    if number < 10**11:
        return number * 1_000
    while number >= 10**14:
        number //= 1_000
    return number


class Clock:
    """The time columns of a file, and how to read them."""

    def __init__(self, columns: Sequence[tuple[int, timezone]] = ()) -> None:
        self.columns = list(columns)
        self.is_rounded = False
        self._lost: set[int] = set()
        self._numbers: set[int] = set()
        self._day_first = False
        self._month_first = False

    def learn(self, cells: Sequence[str]) -> None:
        """Look at one row."""
        for index, _ in self.columns:
            text = cells[index].strip() if index < len(cells) else ""
            if ROUNDED.fullmatch(text):
                self._lost.add(index)
                self.is_rounded = True
            elif NUMBER.fullmatch(text):
                self._numbers.add(index)
            elif found := DATED.fullmatch(text):
                first, second = int(found.group(1)), int(found.group(2))
                if first <= 31:
                    self._day_first = self._day_first or first > 12
                    self._month_first = self._month_first or second > 12

    def decide(self) -> None:
        """Choose the column: one of whole numbers before one of texts, and never one that lost its digits."""
        kept = [column for column in self.columns if column[0] not in self._lost] or self.columns
        self.columns = sorted(kept, key=lambda column: column[0] not in self._numbers)[:1]

    def read(self, cells: Sequence[str]) -> int:
        """The time of a row in ms. Raises `ClockError`."""
        index, zone = self.columns[0]
        text = cells[index].strip() if index < len(cells) else ""
        if not text:
            raise ClockError("missing")
        if self._day_first and self._month_first:
            raise ClockError("the file writes days first in some rows and months first in others")
        return _read(text, zone, self._month_first)


@lru_cache(maxsize=4_096)
def _read(text: str, zone: timezone, month_first: bool) -> int:
    number = epoch_ms(text)
    if number is not None:
        return number
    found = DATED.fullmatch(text)
    if found is None:
        lost = ROUNDED.fullmatch(text)
        raise ClockError(f"its digits were lost in a spreadsheet: {text[:40]!r}" if lost else f"unknown: {text[:40]!r}")
    first, second, third, hour, minute, seconds, fraction, stated = found.groups()
    year, month, day = (first, second, third) if len(first) == 4 else (third, second, first)
    if len(first) != 4 and month_first:
        month, day = day, month
    if len(year) == 2:
        year = f"20{year}"
    if stated:
        zone = UTC if stated.upper() in {"Z", "UTC"} else zone_of(stated)
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(seconds or 0), micros, zone
        )
    except ValueError as error:
        raise ClockError(f"{error}: {text[:40]!r}") from None
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
