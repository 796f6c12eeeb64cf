"""JSON values out of text of any layout: one to a line, an array over many lines, one huge line.

A file of one value to a line is cut at its line ends, so that a broken line costs itself only. Everything else is
read as a stream of values in which brackets and commas of the outermost arrays are mere separators: an array of
any length is never held. After a broken value reading goes on where the next one seems to begin.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from mm.audit.fill import Refused, Where
from mm.audit.text import LINE_MAX, is_clean, lines

DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=str)
"""No number becomes a float."""

PREFIX = re.compile(r"[^\[\]{}\"]{1,64}(?=[\[{])")
"""What a recorder may put before a frame: its clock."""

SEPARATORS = re.compile(r"[\s,\[\]]*")
RESYNC = re.compile(r"\n\s*(?=[\[{])|\n\s*\]|\}\s*,\s*(?=\{)")
NEAR_END = 16
"""An error this near to the end of what was read may be no more than the end of what was read."""


class Value(NamedTuple):
    """A value, the line where it begins, and its own text."""

    value: Any
    line: int
    text: str


def is_by_lines(head: str) -> bool:
    """Whether a file that begins so has one value to a line."""
    first = [line.strip() for line in head.split("\n") if line.strip()][:3]
    if not first or first[0] in {"[", "{"}:
        return False
    complete = len(head.split("\n", 1)[0]) < len(head)
    return complete and any(_parses(line) for line in first[:2])


def by_lines(chunks: Iterator[str], line_max: int = LINE_MAX) -> Iterator[Value | Refused]:
    """The values of a text that has one to a line."""
    for number, line in enumerate(lines(chunks, line_max), 1):
        if line is None:
            yield Refused(Where(number, 0), "", f"a line of more than {line_max:,} characters", "")
            continue
        text = line.strip()
        if not text:
            continue
        if not is_clean(text):
            yield Refused(Where(number, 0), "", "not UTF-8", _excerpt(text))
            continue
        if text[0] not in "{[" and (prefix := PREFIX.match(text)):
            text = text[prefix.end() :]
        try:
            value = DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            yield Refused(Where(number, 0), "", f"broken JSON: {_reason(error)}", _excerpt(text))
            continue
        yield Value(value, number, text)


def streamed(chunks: Iterator[str], value_max: int = LINE_MAX) -> Iterator[Value | Refused]:
    """The values of any other text. Elements of the outermost arrays come one by one."""
    window = _Window(chunks)
    depth = 0
    while True:
        depth += window.skip_separators()
        if window.at_end():
            break
        line = window.line
        try:
            value, end = window.decode(value_max)
        except (ValueError, RecursionError) as error:
            reason = _reason(error, window.start)
            yield Refused(Where(line, 0), "", f"broken JSON: {reason}", _excerpt(window.rest(80)))
            window.resync()
            continue
        text = window.take(end)
        if not is_clean(text):
            yield Refused(Where(line, 0), "", "not UTF-8", _excerpt(text))
            continue
        yield Value(value, line, text)
    if depth > 0:
        yield Refused(Where(window.line, 0), "", "the file ends before its array does: it was cut off", "")


class _Window:
    """The part of the text that is being looked at: `buffer` from `start` on."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self.buffer = ""
        self.start = 0
        self.line = 1

    def skip_separators(self) -> int:
        """Go to the next value. Returns by how much the arrays nest deeper now."""
        deeper = 0
        while True:
            found = SEPARATORS.match(self.buffer, self.start)
            skipped = self.take(found.end() if found else self.start)
            deeper += skipped.count("[") - skipped.count("]")
            if not self.at_end() or not self.more():
                return deeper

    def decode(self, value_max: int) -> tuple[Any, int]:
        """The value that begins here, and where it ends. Raises `ValueError` when there is none."""
        while True:
            try:
                value, end = DECODER.raw_decode(self.buffer, self.start)
            except json.JSONDecodeError as error:
                # Both an end that is not there yet and a fault may be the cause; a fault stands inside.
                inside = error.pos < len(self.buffer) - NEAR_END and not error.msg.startswith("Unterminated string")
                unread = len(self.buffer) - self.start
                if inside or unread > value_max or not self.more(unread):
                    raise
            else:
                if end < len(self.buffer) or self.buffer[self.start] in '{["' or not self.more():
                    return value, end

    def resync(self) -> None:
        """Go to where the next value seems to begin."""
        self.take(self.start + 1)
        while True:
            if found := RESYNC.search(self.buffer, self.start):
                self.take(found.end() - 1 if found.group().endswith("]") else found.end())
                return
            self.take(max(self.start, len(self.buffer) - NEAR_END))
            if not self.more():
                self.take(len(self.buffer))
                return

    def at_end(self) -> bool:
        """Whether nothing is left of what was read."""
        return self.start >= len(self.buffer)

    def rest(self, size: int) -> str:
        """The next `size` characters, without going on."""
        return self.buffer[self.start : self.start + size]

    def take(self, end: int) -> str:
        """Go on to `end`, and give what was passed."""
        taken = self.buffer[self.start : end]
        self.line += taken.count("\n")
        self.start = end
        return taken

    def more(self, at_least: int = 1) -> bool:
        """Read on, at least so much, and let go of what was passed; whether there was something."""
        parts = [self.buffer[self.start :]]
        size = 0
        for chunk in self._chunks:
            parts.append(chunk)
            size += len(chunk)
            if size >= at_least:
                break
        self.buffer = "".join(parts)
        self.start = 0
        return size > 0


def _parses(line: str) -> bool:
    if line[0] not in "{[" and (prefix := PREFIX.match(line)):
        line = line[prefix.end() :]
    try:
        return isinstance(DECODER.decode(line), dict | list)
    except (ValueError, RecursionError):
        return False


def _reason(error: BaseException, start: int = 0) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (character {error.pos - start + 1})"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _excerpt(text: str) -> str:
    return text[:80].encode("utf-8", "replace").decode()
