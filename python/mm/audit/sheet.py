"""Fills from CSV with named columns: exact exports, and those that a spreadsheet has been through.

A spreadsheet shortens what it shows: trade ids become `7.35E+14`, times lose their seconds, positions keep ten
digits. Such a file still proves a chain, if it is read for what it is:

- a trade id in exponent form is no id: it counts as none, and price, size and start position tell fills apart;
- a time without seconds is the beginning of its minute; the column's name says the zone (`Timestamp IST`), UTC else;
- a start position of ten digits may be off by half a unit of its last one: the coin's chain links within that;
- the file has no fee token: a perpetual's fee is in USDC, a spot fee in the base token where `fill.base_token`
  says so. The chain itself shows when that was wrong.

The file is read twice: once for what holds of all its rows (the survey), once for the rows.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from mm.audit import fill
from mm.audit.clock import Clock, ClockError, zone_of
from mm.audit.fill import FieldError, Refused, Row, Where
from mm.audit.source import Unusable
from mm.audit.text import is_clean

NAMES: Mapping[str, tuple[str, ...]] = {
    "account": ("account", "user", "address", "wallet", "accountaddress"),
    "coin": ("coin", "symbol", "asset", "market", "ticker"),
    "px": ("px", "price", "executionprice", "fillprice", "executedprice", "tradeprice"),
    "sz": ("sz", "size", "sizetokens", "qty", "quantity", "amount", "executedqty", "filledsize"),
    "side": ("side",),
    "dir": ("dir", "direction"),
    "startPosition": ("startposition", "startpos", "positionbefore"),
    "oid": ("oid", "orderid"),
    "tid": ("tid", "tradeid", "fillid"),
    "fee": ("fee", "fees", "commission"),
    "feeToken": ("feetoken", "feecurrency", "feeasset", "feecoin"),
    "closedPnl": ("closedpnl", "realizedpnl", "realisedpnl", "pnl"),
    "crossed": ("crossed", "taker", "istaker", "liquidity", "role"),
    "cloid": ("cloid", "clientorderid"),
}
"""The columns' names, in lower case without spaces and signs."""

TIMES = ("time", "timestamp", "timems", "timestampms", "datetime", "date", "executedat")
REQUIRED = ("coin", "px", "sz", "time", "startPosition", "oid")
BOUGHT = frozenset({"open long", "close short", "short > long", "buy"})
SOLD = frozenset({"open short", "close long", "long > short", "sell"})
CROSSED = {"true": True, "1": True, "yes": True, "taker": True, "false": False, "0": False, "no": False, "maker": False}
EXPONENT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]+")
THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
DOUBLE_MAX = 2**53
DIGITS_OF_A_ROUNDED_CELL = 10
"""A cell shows eleven characters, so a number of ten digits may have lost the ones behind."""


@dataclass(slots=True)
class Rounding:
    """What a spreadsheet's rounding can make of one coin's chain."""

    position: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)

    @property
    def slack(self) -> Decimal:
        """The most by which two neighbours may disagree: half a unit each, and half of the fee's."""
        return self.position + self.fee / 2


@dataclass(slots=True)
class Layout:
    """How one CSV file is to be read."""

    delimiter: str
    columns: dict[str, int]
    clock: Clock = field(default_factory=Clock)
    spreadsheet: bool = False
    rounding: dict[tuple[str | None, str], Rounding] = field(default_factory=dict)
    spot: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def slacks(self) -> dict[tuple[str | None, str], Decimal]:
        """By account and coin, where it is not zero."""
        if not self.spreadsheet:
            return {}
        return {key: rounding.slack for key, rounding in self.rounding.items() if rounding.slack}


def header(line: str) -> Layout | None:
    """The layout that a first line tells; None where it names no columns. Raises `Unusable` where some are missing."""
    best: Layout | None = None
    for delimiter in ",;\t|":
        try:
            cells = next(csv.reader([line], delimiter=delimiter))
        except (csv.Error, StopIteration):
            continue
        columns = _columns(cells)
        if len(columns) >= 3 and (best is None or len(columns) > len(best.columns)):
            best = Layout(delimiter, columns)
            best.clock = Clock([(index, zone_of(cell)) for index, cell in enumerate(cells) if _is_time(cell)])
    if best is None:
        return None
    missing = [name for name in REQUIRED if name not in best.columns and name != "time"]
    if not best.clock.columns:
        missing.append("time")
    if "side" not in best.columns and "dir" not in best.columns:
        missing.append("side")
    if missing:
        raise Unusable(
            f"has no column for {', '.join(missing)}. "
            "Without the position before each fill, and the order it belongs to, nothing can be proven: the trade "
            "history that the web interface saves lacks both. Export userFillsByTime through the API instead"
        )
    return best


def survey(rows: Iterable[str | None], layout: Layout) -> None:
    """Learn from all rows what one row does not tell. `rows` are the lines after the header."""
    for line in rows:
        cells = _cells(line, layout.delimiter) if line and line.strip() else None
        if not cells or isinstance(cells, str):
            continue
        layout.clock.learn(cells)
        tid = _cell(cells, layout.columns.get("tid"))
        layout.spreadsheet = layout.spreadsheet or layout.clock.is_rounded or bool(EXPONENT.fullmatch(tid))
        coin = _cell(cells, layout.columns["coin"])
        account = _cell(cells, layout.columns.get("account")).lower() or None
        rounding = layout.rounding.setdefault((account, coin), Rounding())
        rounding.position = max(rounding.position, _unit(_cell(cells, layout.columns["startPosition"])))
        if fill.is_spot(coin):
            rounding.fee = max(rounding.fee, _unit(_cell(cells, layout.columns.get("fee"))))
    layout.clock.decide()


def rows(lines: Iterable[str | None], layout: Layout) -> Iterator[Row | Refused]:
    """The fills of the lines after the header."""
    for number, line in enumerate(lines, 2):
        where = Where(number, number - 1)
        if line is None:
            yield Refused(where, "", "the line is too long", "")
            continue
        if not line.strip():
            continue
        cells = _cells(line, layout.delimiter)
        if isinstance(cells, str):
            yield Refused(where, "", cells, line[:80])
            continue
        try:
            yield _row(cells, layout, where)
        except FieldError as error:
            yield Refused(where, error.field, error.reason, line[:80])


def _row(cells: list[str], layout: Layout, where: Where) -> Row:
    named = {name: _cell(cells, index) for name, index in layout.columns.items()}
    account = fill.address(named.get("account"))
    comma = layout.delimiter == ";"
    record: dict[str, object] = {"coin": named["coin"]}
    if cloid := named.get("cloid"):
        record["cloid"] = cloid
    for name in ("px", "sz", "startPosition", "fee", "closedPnl"):
        record[name] = _amount(named.get(name, ""), name, comma) or None
    record["side"] = _side(named.get("side", ""), named.get("dir", ""))
    try:
        record["time"] = layout.clock.read(cells)
    except ClockError as error:
        raise FieldError("time", str(error)) from None
    record["oid"] = _id(named["oid"], "oid")
    tid = named.get("tid", "")
    record["tid"] = 0 if EXPONENT.fullmatch(tid) else _id(tid, "tid")
    if crossed := named.get("crossed", "").lower():
        if crossed not in CROSSED:
            raise FieldError("crossed", f"neither true nor false: {crossed[:40]!r}")
        record["crossed"] = CROSSED[crossed]
    token = named.get("feeToken", "")
    if not token and record["fee"]:
        token = _fee_token(named["coin"], str(record["side"]), fill.decimal_text(record["fee"], "fee"), layout)
    record["feeToken"] = token
    return fill.row(record, account, where)


def _fee_token(coin: str, side: str, fee: str, layout: Layout) -> str:
    if not fill.is_spot(coin):
        return "" if ":" in coin else "USDC"
    base, quote = layout.spot.get(coin, (coin.split("/")[0], coin.split("/")[1] if "/" in coin else "quote"))
    return fill.base_token(coin, side, fee, base) or quote


def _side(side: str, direction: str) -> str:
    if side.upper() in fill.SIDES:
        return fill.SIDES[side.upper()]
    if direction.lower() in BOUGHT:
        return "B"
    if direction.lower() in SOLD:
        return "A"
    given = side or direction
    raise FieldError("side", f"neither buy nor sell: {given[:40]!r}" if given else "missing")


def _amount(text: str, name: str, comma: bool) -> str:
    if comma and "," in text:
        text = text.replace(".", "").replace(",", ".")
    elif THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if EXPONENT.fullmatch(text) and not text.strip("+-0.").lower().startswith("e"):
        try:
            rounded = Decimal(text).as_tuple().exponent
        except InvalidOperation:
            raise FieldError(name, f"not an amount: {text[:40]!r}") from None
        if name in {"px", "sz", "startPosition"} and isinstance(rounded, int) and rounded > 0:
            raise FieldError(name, f"its digits were lost in a spreadsheet: {text[:40]!r}")
    return text


def _id(text: str, name: str) -> int | None:
    if not text:
        return None
    if EXPONENT.fullmatch(text):
        raise FieldError(name, f"its digits were lost in a spreadsheet: {text[:40]!r}")
    if text.endswith(".0") and text[:-2].isdigit() and len(text) < 19 and int(text[:-2]) < DOUBLE_MAX:
        text = text[:-2]
    return fill.integer(text, name)


def _unit(text: str) -> Decimal:
    """One unit of the last digit of a number that may have been rounded; zero of one that was not."""
    digits = sum(char.isdigit() for char in text)
    if EXPONENT.fullmatch(text):
        exponent = Decimal(text).as_tuple().exponent
        return Decimal(1).scaleb(exponent) if isinstance(exponent, int) and Decimal(text) else Decimal(0)
    if digits < DIGITS_OF_A_ROUNDED_CELL or "." not in text:
        return Decimal(0)
    return Decimal(1).scaleb(-len(text.split(".")[1]))


def _columns(cells: list[str]) -> dict[str, int]:
    keys = [_key(cell) for cell in cells]
    found = {}
    for name, spellings in NAMES.items():
        index = next((keys.index(spelling) for spelling in spellings if spelling in keys), None)
        if index is not None:
            found[name] = index
    return found


def _key(cell: str) -> str:
    return "".join(char for char in cell.lower() if char.isalnum())


def _is_time(cell: str) -> bool:
    words = re.findall(r"[a-z]+", cell.lower())
    return bool(words) and ("".join(words) in TIMES or words[0] in TIMES)


def _cell(cells: list[str], index: int | None) -> str:
    return cells[index].strip() if index is not None and index < len(cells) else ""


def _cells(line: str, delimiter: str) -> list[str] | str:
    """The cells of a line, or what is wrong with it."""
    if not is_clean(line):
        return "not UTF-8"
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        return f"broken CSV: {error}"
