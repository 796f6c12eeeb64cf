"""Fills that a venue could have sent, made here: nothing in these tests was recorded."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

ANNA = "0x" + "a1" * 20
BERT = "0x" + "b2" * 20
BEGIN = 1_736_676_000_000
"""2025-01-12 10:00:00 UTC."""


COLUMNS = ["Account", "Coin", "Execution Price", "Size Tokens", "Side", "Timestamp IST", "Start Position", "Direction"]
COLUMNS += ["Closed PnL", "Order ID", "Crossed", "Fee", "Trade ID", "Timestamp"]


def plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def history(
    sizes: Iterable[str],
    *,
    coin: str = "BTC",
    start: str = "0",
    begin: int = BEGIN,
    step: int = 60_000,
    px: str = "100.5",
    base: str | None = None,
) -> list[dict[str, Any]]:
    """A chain of fills of the signed `sizes`, a minute apart, each with a fee of a thousandth.

    With a `base` token a buyer pays the fee in it, as on spot.
    """
    position = Decimal(start)
    fills = []
    ids = sum(coin.encode()) * 10_000
    for number, text in enumerate(sizes):
        size = Decimal(text)
        in_base = base is not None and size > 0
        fee = abs(size) / 1_000 if in_base else abs(size) * Decimal(px) / 1_000
        fills.append(
            {
                "coin": coin,
                "px": px,
                "sz": plain(abs(size)),
                "side": "B" if size > 0 else "A",
                "time": begin + number * step,
                "startPosition": plain(position),
                "dir": "Buy" if size > 0 else "Sell",
                "closedPnl": "0.0",
                "hash": "0x" + "00" * 32,
                "oid": ids + number,
                "crossed": number % 4 == 0,
                "fee": plain(fee),
                "tid": 7 * ids + number,
                "feeToken": base if in_base else "USDC",
                "twapId": None,
            }
        )
        position += size - (fee if in_base else 0)
    return fills


def blocks(owned: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Lines of `node_fills_by_block`, one block for each time."""
    by_time: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for account, fill in owned:
        by_time.setdefault(fill["time"], []).append((account, fill))
    return "".join(
        json.dumps({"local_time": "x", "block_time": "x", "block_number": time, "events": [list(e) for e in events]})
        + "\n"
        for time, events in sorted(by_time.items())
    )


def spreadsheet(account: str, fills: Iterable[dict[str, Any]], delimiter: str = ",") -> str:
    """The fills as a spreadsheet leaves them: ids destroyed, no seconds, days first, Indian time."""
    text = io.StringIO()
    sheet = csv.DictWriter(text, COLUMNS, delimiter=delimiter, lineterminator="\n")
    sheet.writeheader()
    for fill in fills:
        moment = datetime.fromtimestamp(fill["time"] // 1_000, timezone(timedelta(hours=5, minutes=30)))
        cells = [account, fill["coin"], fill["px"], fill["sz"], "BUY" if fill["side"] == "B" else "SELL"]
        cells += [f"{moment:%d-%m-%Y %H:%M}", fill["startPosition"], fill["dir"], "0", fill["oid"]]
        cells += [str(fill["crossed"]).upper(), fill["fee"], f"{fill['tid']:.2E}", "1.74E+12"]
        sheet.writerow(dict(zip(COLUMNS, cells, strict=True)))
    return text.getvalue()
