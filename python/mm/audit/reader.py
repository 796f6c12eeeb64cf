"""A file of fills, whatever it is: its format is known by its content, and its fills come one by one.

A record that cannot be taken costs itself only: it is given as `Refused`, with its place and the reason, and
reading goes on. A file in which nothing can be read raises `Unusable`.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from mm.audit import fill, sheet, values
from mm.audit.fill import FieldError, Refused, Row, Where
from mm.audit.shapes import Found, Shapes
from mm.audit.source import BrokenStream, Source, Unusable
from mm.audit.text import Text, lines

HOLD_MAX = 100_000
"""Fills of a socket that wait for a frame that names the account."""

HEADER_MAX = 1 << 16


class FillFile:
    """One file. `prepare` before `rows`."""

    def __init__(self, path: Path, spot: Mapping[str, tuple[str, str]] | None = None) -> None:
        """Look at `path`. Raises `Unusable`."""
        self.path = path
        self.format = ""
        self.compression = ""
        self.passed_over = 0
        self.broken = ""
        """Why the file ended before its time, where it did."""
        self._spot = spot or {}
        self._layout: sheet.Layout | None = None
        try:
            self.size = path.stat().st_size
        except OSError as error:
            raise Unusable(f"cannot be opened: {error.strerror or error}") from error
        if not path.is_file():
            raise Unusable("is no file: a file is read more than once, so save a pipe's content first")
        source = Source(path)
        try:
            self.compression = source.compression
            self._detect(Text(source).head)
        except BrokenStream as error:
            raise Unusable(str(error)) from error
        finally:
            source.close()

    @property
    def passes(self) -> int:
        """How often the file will be read."""
        return 2 if self._layout else 1

    def _detect(self, head: str) -> None:
        start = head.lstrip()
        if not start:
            raise Unusable("is empty")
        if "\0" in head:
            raise Unusable("is binary, and neither gzip nor Zstandard")
        first = start.split("\n", 1)[0]
        if start[0] in "{[" or values.PREFIX.match(first):
            self.format = "json-lines" if values.is_by_lines(head) else "json"
            return
        self._layout = sheet.header(head.split("\n", 1)[0][:HEADER_MAX])
        if self._layout is None:
            raise Unusable(f"is neither JSON nor CSV with named columns; it begins {first[:60].rstrip()!r}")
        self._layout.spot = self._spot
        self.format = "csv"

    def prepare(self, progress: Callable[[int], None]) -> dict[tuple[str | None, str], Decimal]:
        """Learn what all rows together tell. Returns how far a coin's chain may be off by rounding.

        The keys are account and coin; most files have none.
        """
        if self._layout is None:
            return {}
        source = Source(self.path, progress)
        try:
            sheet.survey(islice(lines(Text(source).chunks()), 1, None), self._layout)
        except BrokenStream:
            self._layout.clock.decide()
        finally:
            source.close()
        return self._layout.slacks()

    @property
    def is_rounded(self) -> bool:
        """Whether a spreadsheet has shortened the file's numbers."""
        return self._layout is not None and self._layout.spreadsheet

    def rows(self, progress: Callable[[int], None]) -> Iterator[Row | Refused]:
        """Every fill, and every record that is none and should be. Raises `Unusable` if the file is gone."""
        source = Source(self.path, progress)
        try:
            chunks = Text(source).chunks()
            if self._layout is not None:
                yield from sheet.rows(islice(lines(chunks), 1, None), self._layout)
            elif self.format == "json-lines":
                yield from self._json(values.by_lines(chunks))
            else:
                yield from self._json(values.streamed(chunks))
        except BrokenStream as error:
            self.broken = str(error)
        finally:
            source.close()

    def _json(self, found: Iterator[values.Value | Refused]) -> Iterator[Row | Refused]:
        shapes = Shapes()
        held: list[tuple[Found, Where]] = []
        count = 0
        try:
            for value in found:
                if isinstance(value, Refused):
                    count += 1
                    yield value._replace(where=Where(value.where.line, count))
                    continue
                for record in shapes.find(value.value):
                    count += 1
                    where = Where(value.line, count)
                    if record.socket and shapes.socket_account is None and len(held) < HOLD_MAX:
                        held.append((record, where))
                        continue
                    account = shapes.socket_account if record.socket else record.account
                    yield _checked(record.record, account, where, value)
                if held and shapes.socket_account is not None:
                    yield from self._released(held, shapes.socket_account)
        finally:
            self.passed_over = shapes.passed_over
        yield from self._released(held, shapes.socket_account)

    def _released(self, held: list[tuple[Found, Where]], account: str | None) -> Iterator[Row | Refused]:
        waiting = list(held)
        held.clear()
        for record, where in waiting:
            yield _checked(record.record, account, where, None)


def _checked(record: Any, account: Any, where: Where, value: values.Value | None) -> Row | Refused:
    """The fill of `record`, or why it is none."""
    if not isinstance(record, dict):
        return Refused(where, "", "not a fill", str(record)[:80])
    own_text = value.text if value is not None and value.value is record else None
    try:
        return fill.row(record, fill.address(account), where, own_text)
    except FieldError as error:
        return Refused(where, error.field, error.reason, str(record)[:80])
