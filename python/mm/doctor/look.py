"""Reading answers strictly: a value is what it should be, or the place and the reason are told. Nothing is guessed."""

import re
from collections.abc import Iterator
from decimal import Decimal

from mm.doctor.facts import Unread

DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
WHOLE_MAX = 2**64 - 1
SHOWN = 40
"""So many characters of a venue's text are repeated to the operator."""


class Unreadable(Exception):
    """An answer is missing, or is not what it should be. Caught where checks are run; it never leaves this package."""


class Look:
    """One value of an answer, with its path, so that a complaint can name the place."""

    __slots__ = ("_value", "path")

    def __init__(self, value: object, path: str) -> None:
        if isinstance(value, Unread):
            raise Unreadable(f"{path}: {value.why}")
        self._value = value
        self.path = path

    def wrong(self, why: str) -> Unreadable:
        """The complaint about this place, to be raised."""
        return Unreadable(f"{self.path} {why}")

    def __getitem__(self, name: str) -> "Look":
        """A member that must be there."""
        found = self.maybe(name)
        if found is None:
            raise self.wrong(f"has no {name}")
        return found

    def maybe(self, name: str) -> "Look | None":
        """A member that may be missing or null."""
        if not isinstance(self._value, dict):
            raise self.wrong("is no object")
        value = self._value.get(name)
        return None if value is None else Look(value, f"{self.path}.{name}")

    def has(self, name: str) -> bool:
        """Whether the object has a member of that name, null or not."""
        if not isinstance(self._value, dict):
            raise self.wrong("is no object")
        return name in self._value

    def rows(self) -> Iterator["Look"]:
        """The elements of a list, nulls left out."""
        for place, value in enumerate(self._list()):
            if value is not None:
                yield Look(value, f"{self.path}[{place}]")

    def pair(self) -> tuple["Look", "Look"]:
        """The two elements of a list of two or more."""
        first, second, *_ = [*self._list(), None, None]
        if first is None or second is None:
            raise self.wrong("has fewer than two elements")
        return Look(first, f"{self.path}[0]"), Look(second, f"{self.path}[1]")

    def _list(self) -> list[object]:
        if not isinstance(self._value, list):
            raise self.wrong("is no list")
        return self._value

    def text(self) -> str:
        """A text, as it came."""
        if not isinstance(self._value, str):
            raise self.wrong("is no text")
        return self._value

    def said(self) -> str:
        """A text for people: printable, and not longer than a few words."""
        return shown(self.text())

    def address(self) -> str:
        """An address in lower case."""
        text = self.text().lower()
        if not is_address(text):
            raise self.wrong("is no address")
        return text

    def decimal(self) -> Decimal:
        """A decimal number, which the venue sends as text."""
        text = self.text()
        if not DECIMAL.fullmatch(text):
            raise self.wrong("is no decimal number")
        return Decimal(text)

    def whole(self, minimum: int = 0) -> int:
        """A whole number of 64 bits, not less than `minimum`."""
        value = self._value
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong("is no whole number")
        if not minimum <= value <= WHOLE_MAX:
            raise self.wrong("is out of range")
        return value

    def truth(self) -> bool:
        """True or false."""
        if not isinstance(self._value, bool):
            raise self.wrong("is neither true nor false")
        return self._value


def shown(text: str) -> str:
    """Text of somebody else, fit for a terminal: control characters replaced, and cut."""
    clean = "".join(char if char.isprintable() else "?" for char in text)
    return clean if len(clean) <= SHOWN else f"{clean[: SHOWN - 1]}…"


def is_address(text: str) -> bool:
    """`0x` and 40 hexadecimal digits, in either case."""
    return re.fullmatch(r"0x[0-9a-fA-F]{40}", text) is not None
