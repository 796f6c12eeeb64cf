"""Aligned columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest


@dataclass(slots=True)
class Column:
    """One column. A cell may have several lines. A column that is not `shown` is left out."""

    title: str
    cells: list[str]
    left: bool = False
    shown: bool = True

    @property
    def width(self) -> int:
        """Of its widest cell."""
        return max(len(line) for cell in [self.title, *self.cells] for line in cell.split("\n"))


GAP = "  "


def table(columns: Sequence[Column], width: int) -> Iterator[str]:
    """The lines. The space between columns shrinks from two to one where that makes it fit."""
    kept = [column for column in columns if column.shown]
    gap = GAP if sum(column.width for column in kept) + len(GAP) * (len(kept) - 1) <= width else " "
    for row in _lines(kept):
        cells = [
            cell.ljust(column.width) if column.left else cell.rjust(column.width)
            for column, cell in zip(kept, row, strict=True)
        ]
        yield gap.join(cells).rstrip()


def _lines(columns: Sequence[Column]) -> Iterator[tuple[str, ...]]:
    yield tuple(column.title for column in columns)
    for row in zip(*(column.cells for column in columns), strict=True):
        yield from zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
