"""Recordings of a market, read into rows that a simulated venue can play.

Three kinds of file are known by their first lines, plain or packed (gz, zst):

| kind | what a file is |
|---|---|
| columns | CSV of one stream: `*_orderbooks` (20 levels a row), `*_prices` (the touch, a row a side), `*_trades` |
| touch | CSV with `timestamp, bid_price, bid_amount, ask_price, ask_amount` |
| frames | a line a message, as it came from the WebSocket, after the local time in ns: `l2Book`, `bbo`, `trades` |

Times are the venue's where the file has them, else the recorder's. Prices and sizes stay text, exact as written but
for exponents. What comes twice (a replay after a reconnect) is taken once. A row that cannot be read names its line.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import zstandard

from mm.errors import BadInput

Level = tuple[str, str]
"""(price, size), as decimal text."""
BookRow = tuple[Literal["book"], int, list[Level], list[Level]]
"""("book", time in ms, bids, asks), the best first."""
TouchRow = tuple[Literal["touch"], int, Level, Level]
"""("touch", time in ms, bid, ask)."""
TradeRow = tuple[Literal["trade"], int, str, str, str]
"""("trade", time in ms, the taker's side "B" or "A", price, size)."""
Row = BookRow | TouchRow | TradeRow

SIDES = {"buy": "B", "sell": "A", "B": "B", "A": "A"}
TRADES_REMEMBERED = 1_000
"""A replay repeats the last thirty trades; so many are remembered to know them again."""


def read_recording(paths: Iterable[Path]) -> list[Row]:
    """All rows of the files of one market, in the order of their times.

    Raises `BadInput` naming the file, the line and the reason; `OSError` where a file cannot be opened.
    """
    rows: list[Row] = []
    for path in paths:
        rows += list(_read(path))
    if not rows:
        raise BadInput("The recording has no rows.", field="recording", reason="empty")
    return sorted(rows, key=lambda row: row[1])


def _read(path: Path) -> Iterator[Row]:
    with path.open("rb") as packed, _unpacked(packed, path) as file:
        lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            first = lines.readline()
            yield from _frames(first, lines) if first[:1].isdigit() else _columns(path, first, lines)
        except BadInput as error:
            raise BadInput(f"{path.name}: {error}", field=error.field, reason=error.reason) from error
        except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zstandard.ZstdError) as error:
            raise BadInput(f"{path.name}: cannot be read: {error}", field="recording", reason="unreadable") from error


def _unpacked(file: BinaryIO, path: Path) -> BinaryIO:
    match path.suffix:
        case ".gz":
            return cast(BinaryIO, gzip.GzipFile(fileobj=file))
        case ".zst":
            return cast(BinaryIO, io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file)))
        case _:
            return file


# --- columns ------------------------------------------------------------------------------------------


def _columns(path: Path, first: str, lines: Iterable[str]) -> Iterator[Row]:
    names = next(csv.reader([first]), [])
    reader = enumerate(csv.DictReader(lines, names), 2)
    if "bid_price_0" in names:
        return (_book(row, line) for line, row in reader)
    if "bid_price" in names:
        return (_quote(row, line) for line, row in reader)
    if "trade_id" in names:
        return _trades((_cell(row, "trade_id", line), _trade(row, line)) for line, row in reader)
    if {"side", "price", "size"} <= set(names):
        return _touches(reader)
    known = "no columns of books, prices or trades"
    raise BadInput(f"It is of no known kind: {known}.", field="recording", reason="unknown kind")


def _book(row: Mapping[str, str | None], line: int) -> BookRow:
    sides: list[list[Level]] = []
    for side in ("bid", "ask"):
        depth = sum(name.startswith(f"{side}_price_") and bool(value) for name, value in row.items())
        levels = ((f"{side}_price_{n}", f"{side}_size_{n}") for n in range(depth))
        sides.append([(_number(row, px, line), _number(row, sz, line)) for px, sz in levels])
    return "book", _time(row, line), sides[0], sides[1]


def _quote(row: Mapping[str, str | None], line: int) -> TouchRow:
    bid = _number(row, "bid_price", line), _number(row, "bid_amount", line)
    return "touch", _time(row, line), bid, (_number(row, "ask_price", line), _number(row, "ask_amount", line))


def _trade(row: Mapping[str, str | None], line: int) -> TradeRow:
    side = SIDES.get(_cell(row, "side", line))
    if side is None:
        raise BadInput(f"Line {line}: the side is neither buy nor sell.", field="side", reason="unknown side")
    return "trade", _time(row, line), side, _number(row, "price", line), _number(row, "size", line)


def _trades(told: Iterable[tuple[str, TradeRow]]) -> Iterator[TradeRow]:
    known: dict[str, None] = {}
    for tid, row in told:
        if tid not in known:
            known[tid] = None
            yield row
            if len(known) > TRADES_REMEMBERED:
                del known[next(iter(known))]


def _touches(rows: Iterable[tuple[int, Mapping[str, str | None]]]) -> Iterator[TouchRow]:
    """A touch for each moment, once both sides were told: the rows of one moment are one touch."""
    best: dict[str, Level] = {}
    last: TouchRow | None = None
    for line, row in rows:
        time = _time(row, line)
        if last is not None and last[1] != time:
            yield last
            last = None
        best[_cell(row, "side", line)] = _number(row, "price", line), _number(row, "size", line)
        if {"bid", "ask"} <= best.keys():
            last = "touch", time, best["bid"], best["ask"]
    if last is not None:
        yield last


def _cell(row: Mapping[str, str | None], name: str, line: int) -> str:
    value = row.get(name)
    if not value:
        raise BadInput(f"Line {line}: {name} is missing.", field=name, reason="missing")
    return value


def _number(row: Mapping[str, str | None], name: str, line: int) -> str:
    return _decimal(_cell(row, name, line), name, line)


def _decimal(text: object, name: str, line: int) -> str:
    """Positive decimal text without an exponent."""
    try:
        value = Decimal(text) if isinstance(text, str) else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or value <= 0:
        raise BadInput(f"Line {line}: {name} is {text!r}, no positive number.", field=name, reason="not a number")
    return f"{value.normalize():f}"


def _time(row: Mapping[str, str | None], line: int) -> int:
    """In ms: the venue's (`exchange_timestamp`), else the recorder's (seconds, or a date in UTC)."""
    venue = row.get("exchange_timestamp")
    text = venue or _cell(row, "timestamp", line)
    try:
        if venue:
            return int(venue)
        if "-" in text[1:]:
            return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)
        return int(Decimal(text) * 1_000)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise BadInput(f"Line {line}: {text!r} is no time.", field="timestamp", reason="not a time") from error


# --- frames -------------------------------------------------------------------------------------------


def _frames(first: str, lines: Iterable[str]) -> Iterator[Row]:
    def read() -> Iterator[tuple[str, Row]]:
        for number, line in enumerate([first, *lines], 1):
            local, _, text = line.partition(" ")
            try:
                frame = json.loads(text)
                yield from _frame(frame["channel"], frame.get("data"), number)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                why = f"Line {number}: no frame after the time {local[:20]!r}."
                raise BadInput(why, field="recording", reason="not a frame") from error

    known: dict[str, None] = {}
    for tid, row in read():
        if row[0] == "trade" and tid in known:
            continue
        if row[0] == "trade":
            known[tid] = None
        yield row


def _frame(channel: str, data: Any, line: int) -> Iterator[tuple[str, Row]]:
    def level(raw: Any) -> Level:
        return _decimal(raw["px"], "px", line), _decimal(raw["sz"], "sz", line)

    match channel:
        case "l2Book":
            bids, asks = ([level(raw) for raw in side] for side in data["levels"])
            yield "", ("book", int(data["time"]), bids, asks)
        case "bbo" if all(data["bbo"]):
            bid, ask = data["bbo"]
            yield "", ("touch", int(data["time"]), level(bid), level(ask))
        case "trades":
            for raw in data:
                yield str(raw["tid"]), ("trade", int(raw["time"]), SIDES[raw["side"]], *level(raw))
        case _:
            return  # acknowledgements, pongs and other streams say nothing of the book
