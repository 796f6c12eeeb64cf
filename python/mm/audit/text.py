"""Bytes as text and as lines. What is not UTF-8 is carried along marked, so that one bad record stays one.

A byte order mark decides (UTF-8, and UTF-16 as spreadsheets write it); without one it is UTF-8.
"""

import codecs
from collections.abc import Iterator

from mm.audit.source import Source

LINE_MAX = 1 << 26
"""Characters in one line. A block of the venue with every fill of every account is a thousandth of this."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Text:
    """The text of a source, in chunks. `head` is its beginning, for a look before reading."""

    def __init__(self, source: Source) -> None:
        data = source.read()
        while len(data) < 4 and (more := source.read()):
            data += more
        encoding, skip = next(((name, len(bom)) for bom, name in BOMS if data.startswith(bom)), ("utf-8", 0))
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape" if encoding == "utf-8" else "replace")
        self._source = source
        self.head = self._decoder.decode(data[skip:])

    def chunks(self) -> Iterator[str]:
        """The whole text, once. Raises `BrokenStream` where the bytes go wrong, after all that was good."""
        yield self.head
        while data := self._source.read():
            yield self._decoder.decode(data)
        yield self._decoder.decode(b"", final=True)


def lines(chunks: Iterator[str], line_max: int = LINE_MAX) -> Iterator[str | None]:
    """Cut text at its line ends. A line longer than `line_max` comes as None."""
    parts: list[str] = []
    size = 0
    for chunk in chunks:
        first, *others = chunk.split("\n")
        parts.append(first)
        size += len(first)
        if size > line_max:
            parts.clear()
        for following in others:
            yield None if size > line_max else "".join(parts)
            parts = [following]
            size = len(following)
    if size > line_max:
        yield None
    elif rest := "".join(parts):
        yield rest


def is_clean(text: str) -> bool:
    """Whether all of it was valid in its encoding."""
    if text.isascii():
        return True
    return not any("\udc80" <= char <= "\udcff" or char == "\ufffd" for char in text)
