"""One fill, checked field by field and put into the venue's own shape.

Every reader ends here, so that the engine is fed one shape only: the JSON object that the venue sends. What is
wrong with a record is said with the field's name and the reason; nothing is guessed and nothing is a float.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any, NamedTuple

PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
"""A number as the venue writes it. What a double added to a start position, the engine takes off."""

AMOUNTS = itemgetter("px", "sz", "startPosition", "fee", "closedPnl")
OTHERS = itemgetter("coin", "side", "feeToken", "time", "oid", "tid", "crossed")
POSITIVE = r"(?=[0.]*[1-9])[0-9]{1,18}(?:\.[0-9]{1,18})?"
SIGNED = r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?"
AS_SENT = re.compile(f"{POSITIVE} {POSITIVE} {SIGNED} {SIGNED} {SIGNED}")
"""The `AMOUNTS` of a fill."""

NAME = re.compile(r"[!#-\[\]-~]{1,64}")
"""A coin or a token, as the venue names them: no spaces, nothing to escape."""

DIGITS_MAX = 40
"""No amount of the venue has more digits; a longer text is no amount."""

TIME_MIN_MS = 1_500_000_000_000
TIME_MAX_MS = 9_999_999_999_999
"""Times outside are not milliseconds of this venue's life: seconds, microseconds or nanoseconds."""

ID_MAX = 2**64 - 1

SIDES = {"B": "B", "A": "A", "BUY": "B", "SELL": "A", "BID": "B", "ASK": "A", "S": "A"}


class FieldError(ValueError):
    """A record cannot be taken: `field` says where, `reason` why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Where:
    """Where a record stands: the line (from 1) and the record in the file (from 1), where they are known."""

    line: int
    row: int


class Row(NamedTuple):
    """A fill ready for the engine."""

    account: str | None
    coin: str
    time: int
    base_token: str | None
    """The coin's base token, where this fill gives it away."""
    wire: str
    """The fill as the venue writes it, JSON text."""
    where: Where


class Refused(NamedTuple):
    """A record that was not taken, and why."""

    where: Where
    field: str
    reason: str
    text: str
    """The beginning of the record."""


def plain(number: Decimal) -> str:
    """The shortest text without an exponent."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


def decimal_text(value: object, field: str) -> str:
    """An amount as plain decimal text. Raises `FieldError`."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise FieldError(field, "missing" if value is None else f"not a number: {_short(value)}")
    text = str(value)
    if len(text) <= DIGITS_MAX and PLAIN.fullmatch(text):
        return text
    if not text.isascii() or "_" in text:
        raise FieldError(field, f"not a number: {_short(value)}")
    try:
        number = Decimal(text.strip())
        digits = number.as_tuple()
    except InvalidOperation:
        raise FieldError(field, f"not a number: {_short(value)}") from None
    if not number.is_finite() or len(digits.digits) > DIGITS_MAX or abs(number.adjusted()) > DIGITS_MAX:
        raise FieldError(field, f"not an amount: {_short(value)}")
    return plain(number)


def integer(value: object, field: str) -> int:
    """An id or a time. Raises `FieldError`."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) <= 20 else ID_MAX + 1
    if isinstance(value, bool) or not isinstance(value, int):
        raise FieldError(field, "missing" if value is None else f"not a whole number: {_short(value)}")
    if not 0 <= value <= ID_MAX:
        raise FieldError(field, f"out of range: {_short(value)}")
    return value


def milliseconds(value: object) -> int:
    """A fill's time. Raises `FieldError`."""
    time = integer(value, "time")
    if not TIME_MIN_MS <= time <= TIME_MAX_MS:
        raise FieldError("time", f"not milliseconds since 1970 in this venue's life: {time}")
    return time


def is_spot(coin: str) -> bool:
    """Whether the coin's name is a spot market's: `PURR/USDC` or `@107`."""
    return coin.startswith("@") or "/" in coin


def base_token(coin: str, side: str, fee: str, token: str) -> str | None:
    """The base token that a spot fill gives away.

    A fee is taken from what was received: a buyer pays in the base token. A rebate goes the other way about: a
    seller gets it in the base token. Every other fee is in the quote token and says nothing, nor does no fee.
    """
    if not token or not is_spot(coin):
        return None
    paid = Decimal(fee)
    return token if (paid > 0 and side == "B") or (paid < 0 and side == "A") else None


def address(value: object, field: str = "account") -> str | None:
    """An account's address in lower case; None where there is none. Raises `FieldError`."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64 or not value.isprintable():
        raise FieldError(field, f"not an address: {_short(value)}")
    return value.strip().lower() or None


def row(record: Mapping[str, Any], account: str | None, where: Where, wire: str | None = None) -> Row:
    """Check one fill. `wire` is its own JSON text, kept where nothing had to be put right. Raises `FieldError`."""
    if _is_as_sent(record):
        coin, side, fee, token = record["coin"], record["side"], record["fee"], record["feeToken"]
        wire = _written(record) if wire is None else wire
        return Row(account, coin, record["time"], base_token(coin, side, fee, token), wire, where)
    return _put_right(record, account, where)


def _is_as_sent(record: Mapping[str, Any]) -> bool:
    """Whether a record is just as the venue sends it. Most are, and one look is a third of a look at each field."""
    try:
        amounts = " ".join(AMOUNTS(record))
        coin, side, token, time, oid, tid, crossed = OTHERS(record)
    except (KeyError, TypeError):
        return False
    cloid = record.get("cloid")
    return (
        type(coin) is type(token) is str
        and type(time) is type(oid) is type(tid) is int
        and TIME_MIN_MS <= time <= TIME_MAX_MS
        and 0 <= oid <= ID_MAX
        and 0 <= tid <= ID_MAX
        and (side == "B" or side == "A")
        and (crossed is True or crossed is False)
        and NAME.fullmatch(coin) is not None
        and NAME.fullmatch(token) is not None
        and (cloid is None or type(cloid) is str)
        and AS_SENT.fullmatch(amounts) is not None
    )


def _put_right(record: Mapping[str, Any], account: str | None, where: Where) -> Row:
    """A record that is not quite as the venue sends it, so that it is. Raises `FieldError`."""
    coin = record.get("coin")
    if not isinstance(coin, str) or not NAME.fullmatch(coin):
        raise FieldError("coin", "missing" if coin in (None, "") else f"not a coin: {_short(coin)}")
    side = SIDES.get(str(record.get("side")).upper())
    if side is None:
        given = record.get("side")
        raise FieldError("side", "missing" if given in (None, "") else f"neither buy nor sell: {_short(given)}")
    clean: dict[str, Any] = {
        "coin": coin,
        "px": decimal_text(record.get("px"), "px"),
        "sz": decimal_text(record.get("sz"), "sz"),
        "side": side,
        "time": milliseconds(record.get("time")),
        "startPosition": decimal_text(record.get("startPosition"), "startPosition"),
        "oid": integer(record.get("oid"), "oid"),
    }
    for name in ("px", "sz"):
        if clean[name].startswith("-") or not clean[name].strip("0."):
            raise FieldError(name, f"not above zero: {_short(clean[name])}")
    _optional(record, clean)
    if record.get("liquidation") is not None:
        clean["liquidation"] = record["liquidation"]
    wire = _written(clean)
    base = base_token(coin, side, clean.get("fee", "0"), clean.get("feeToken", ""))
    return Row(account, coin, clean["time"], base, wire, where)


def _optional(record: Mapping[str, Any], clean: dict[str, Any]) -> None:
    """The fields that a fill may lack: money, the trade's id, who took. Raises `FieldError`."""
    tid = record.get("tid")
    clean["tid"] = 0 if tid is None or tid == "" else integer(tid, "tid")
    for name in ("fee", "closedPnl"):
        value = record.get(name)
        if value is not None and value != "":
            clean[name] = decimal_text(value, name)
    token = record.get("feeToken")
    if token is not None and token != "":
        if not isinstance(token, str) or not NAME.fullmatch(token):
            raise FieldError("feeToken", f"not a token: {_short(token)}")
        clean["feeToken"] = token
    crossed = record.get("crossed")
    if crossed is not None and crossed != "":
        if not isinstance(crossed, bool):
            raise FieldError("crossed", f"neither true nor false: {_short(crossed)}")
        clean["crossed"] = crossed
    cloid = record.get("cloid")
    if cloid is not None and cloid != "":
        if not isinstance(cloid, str):
            raise FieldError("cloid", f"not a client order id: {_short(cloid)}")
        clean["cloid"] = cloid


def _written(record: Mapping[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), default=str)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
