"""One JSON answer, read with care: exact numbers, typed fields, and errors that say where.

The readers of `mm.wire` are built on `Value`: a piece of JSON that knows its path. An amount is text on the wire
and becomes a `Decimal`; a float never appears. What is not as it should be raises `Unreadable`; a key that is new
is passed over. Off the hot path on purpose: books, trades and the answers of `/exchange` are read in Rust.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from mm._core.wire import Surfaced
from mm.errors import BadInput, Refused, Unreadable

ANSWER_MAX = 64 << 20
"""The longest answer that is read: 64 MiB, many times the longest list of the venue."""

SURFACED_MAX = 4_096
"""How many records of one answer may be surfaced; with more of them it is no answer. The same as of a frame."""

# As long as any number that the venue writes, several times over; no exponent, no blank, no other digits than ours.
_PLAIN = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_CLOID = re.compile(r"0x[0-9a-fA-F]{32}")
_WHOLE_MAX = 2**64
# Halves of a pair, which JSON can write and no text can hold: who encodes it later would fail.
_SURROGATE = re.compile("[\ud800-\udfff]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """A list of records. One that was not understood is in `surfaced`, and its siblings are in `rows`."""

    rows: tuple[T, ...]
    surfaced: tuple[Surfaced, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every record was understood. If not, what is absent here may be there."""
        return not self.surfaced

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)


@dataclass(frozen=True, slots=True)
class Value:
    """A piece of an answer, and where it stands."""

    raw: object
    path: str

    def wrong(self, reason: str) -> Unreadable:
        """The error that says what is wrong with it."""
        return Unreadable(f"{self.path} {reason}.", field=self.path, reason=reason)

    @property
    def is_null(self) -> bool:
        """Whether it is `null`."""
        return self.raw is None

    def get(self, name: str) -> "Value | None":
        """A member; `None` if it is not there or `null`."""
        if not isinstance(self.raw, dict):
            raise self.wrong("is not an object")
        value = self.raw.get(name)
        return None if value is None else Value(value, f"{self.path}.{name}")

    def __getitem__(self, name: str) -> "Value":
        value = self.get(name)
        if value is None:
            raise Value(None, f"{self.path}.{name}").wrong("is missing")
        return value

    def unwrapped(self, name: str) -> "Value":
        """The member of that name, where a stream wraps what the answer is bare."""
        inner = self.get(name) if isinstance(self.raw, dict) else None
        return self if inner is None else inner

    def members(self) -> Iterator[tuple[str, "Value"]]:
        """All members of an object."""
        if not isinstance(self.raw, dict):
            raise self.wrong("is not an object")
        for name, value in self.raw.items():
            yield name, Value(value, f"{self.path}.{name}")

    def items(self) -> list["Value"]:
        """The elements of a list."""
        if not isinstance(self.raw, list):
            raise self.wrong("is not a list")
        return [Value(value, f"{self.path}[{place}]") for place, value in enumerate(self.raw)]

    def pair(self) -> tuple["Value", "Value"]:
        """The elements of a list of two."""
        items = self.items()
        if len(items) != 2:
            raise self.wrong("is not a pair")
        return items[0], items[1]

    def rows(self, read: "Callable[[Value], T]") -> Rows[T]:
        """Each element of a list by a reader; what it cannot read is surfaced."""
        rows: list[T] = []
        surfaced: list[Surfaced] = []
        for place, item in enumerate(self.items()):
            try:
                rows.append(read(item))
            except Unreadable as error:
                if len(surfaced) == SURFACED_MAX:
                    raise self.wrong(f"has more than {SURFACED_MAX:,} records that cannot be read") from None
                surfaced.append(Surfaced(place, str(error), json.dumps(item.raw, default=str).encode()))
        return Rows(tuple(rows), tuple(surfaced))

    def text(self) -> str:
        """A text, which can be written anywhere."""
        if not isinstance(self.raw, str) or _SURROGATE.search(self.raw):
            raise self.wrong("is not a text")
        return self.raw

    def word(self, *known: str) -> str:
        """A text of a few that are known."""
        text = self.text()
        if text not in known:
            raise self.wrong(f"is none of {', '.join(known)}")
        return text

    def address(self) -> str:
        """An address, in lower case."""
        text = self.text()
        if not _ADDRESS.fullmatch(text):
            raise self.wrong("is not an address")
        return text.lower()

    def cloid(self) -> str | None:
        """A cloid, in lower case; `None` for any other text, as in the streams: identity is by oid."""
        text = self.text()
        return text.lower() if _CLOID.fullmatch(text) else None

    def amount(self) -> Decimal:
        """An exact amount of either sign, from its text."""
        text = self.text()
        if not _PLAIN.fullmatch(text):
            raise self.wrong("is not a plain decimal number")
        return Decimal(text)

    def positive(self) -> Decimal:
        """An amount above zero."""
        amount = self.amount()
        if amount <= 0:
            raise self.wrong("is not above zero")
        return amount

    def not_negative(self) -> Decimal:
        """An amount of zero or more."""
        amount = self.amount()
        if amount < 0:
            raise self.wrong("is negative")
        return amount

    def whole(self) -> int:
        """An id, a time, a count: a whole number of 64 bits, zero or more."""
        if not isinstance(self.raw, int) or isinstance(self.raw, bool) or not 0 <= self.raw < _WHOLE_MAX:
            raise self.wrong("is not a whole number of 64 bits")
        return self.raw

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.raw, bool):
            raise self.wrong("is not a flag")
        return self.raw


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is given twice")
    return members


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is not JSON")


def load(body: bytes, what: str, status: int = 200) -> Value:
    """Reads the answer to a question of type `what`.

    Raises `Unreadable` for what is not JSON, and for an HTTP status that says that there is no answer (5xx); `Refused` for
    one that says why (4xx, such as 429). `null` is an answer: each reader knows whether it may be one.
    """
    if not isinstance(body, bytes):
        raise BadInput("body is not bytes.", field="body", reason="is not bytes")
    if status != 200:
        reason = f"HTTP {status}: {body[:120].decode('utf-8', 'replace')}"
        if 400 <= status < 500:
            raise Refused(f"{what} was refused: {reason}", reason=reason)
        raise Unreadable(f"{what} was not answered: {reason}", field=what, reason=reason)
    if len(body) > ANSWER_MAX:
        raise Unreadable(f"{what} is too long.", field=what, reason="is too long")
    try:
        raw = json.loads(
            body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason = f"is not JSON: {error}"
        raise Unreadable(f"{what} {reason}.", field=what, reason=reason) from None
    return Value(raw, what)
