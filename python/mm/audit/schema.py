"""The outcome as JSON, for programs. `docs/audit.md` documents every field; amounts are texts, times are ms.

Fields may be added under the same `schema`; none is renamed or removed, and none changes its meaning.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mm.audit.books import AccountBook, CoinBook
from mm.audit.fill import plain
from mm.audit.outcome import FileOutcome, Outcome

SCHEMA = "mm.audit/1"


def as_json(outcome: Outcome, accounts: Iterable[AccountBook], *, spot_transfers_ok: bool) -> str:
    """The whole outcome, of the given accounts."""
    shown = list(accounts)
    coins = [coin for account in shown for coin in account.coins]
    return json.dumps(
        {
            "schema": SCHEMA,
            "whole": outcome.is_whole(spot_transfers_ok=spot_transfers_ok),
            "total": {
                "accounts": len(shown),
                "fills": sum(coin.fills for coin in coins),
                "duplicates": sum(coin.duplicates for coin in coins),
                "gaps": sum(len(coin.gaps) for coin in coins),
                "contradictions": sum(len(coin.contradictions) for coin in coins),
                "refused": outcome.refused,
                "volume": plain(sum((coin.volume for coin in coins), Decimal(0))),
                "closed_pnl": plain(sum((coin.closed_pnl for coin in coins), Decimal(0))),
                "fees": total_fees(coins),
            },
            "warnings": outcome.warnings,
            "files": [_file(file) for file in outcome.files],
            "accounts": [_account(account) for account in shown],
        },
        indent=2,
        ensure_ascii=False,
    )


def total_fees(coins: Iterable[CoinBook]) -> dict[str, str]:
    """Fees by token."""
    fees: dict[str, Decimal] = {}
    for coin in coins:
        for token, fee in coin.fees.items():
            fees[token] = fees.get(token, Decimal(0)) + fee
    return {token: plain(fee) for token, fee in sorted(fees.items())}


def maker_share(coins: Iterable[CoinBook]) -> Decimal | None:
    """The part of the volume that was made and not taken, from 0 to 1, to four places; None without volume."""
    listed = list(coins)
    volume = sum((coin.volume for coin in listed), Decimal(0))
    made = sum((coin.maker_volume for coin in listed), Decimal(0))
    return round(made / volume, 4) if volume else None


def _file(file: FileOutcome) -> dict[str, Any]:
    return {
        "path": str(file.path),
        "format": file.format,
        "compression": file.compression,
        "rounded": file.rounded,
        "fills": file.fills,
        "passed_over": file.passed_over,
        "refused": file.refused,
        "first_refused": [
            {
                "line": refused.where.line,
                "row": refused.where.row,
                "field": refused.field,
                "reason": refused.reason,
                "text": refused.text,
            }
            for refused in file.first_refused
        ],
        "error": file.error,
    }


def _account(account: AccountBook) -> dict[str, Any]:
    share = maker_share(account.coins)
    return {
        "account": account.account,
        "whole": account.is_whole,
        "fills": sum(coin.fills for coin in account.coins),
        "duplicates": sum(coin.duplicates for coin in account.coins),
        "gaps": sum(len(coin.gaps) for coin in account.coins),
        "closed_pnl": plain(sum((coin.closed_pnl for coin in account.coins), Decimal(0))),
        "fees": total_fees(account.coins),
        "volume": plain(sum((coin.volume for coin in account.coins), Decimal(0))),
        "maker_share": None if share is None else plain(share),
        "coins": [_coin(coin) for coin in account.coins],
    }


def _coin(coin: CoinBook) -> dict[str, Any]:
    share = maker_share([coin])
    return {
        "coin": coin.coin,
        "spot": coin.is_spot,
        "whole": coin.is_whole,
        "fills": coin.fills,
        "duplicates": coin.duplicates,
        "first_ms": coin.first_ms,
        "last_ms": coin.last_ms,
        "position": plain(coin.size),
        "realised_pnl": plain(coin.realised_pnl),
        "closed_pnl": plain(coin.closed_pnl),
        "fees": {token: plain(fee) for token, fee in coin.fees.items()},
        "volume": plain(coin.volume),
        "maker_volume": plain(coin.maker_volume),
        "maker_share": None if share is None else plain(share),
        "liquidations": coin.liquidations,
        "slack": plain(coin.slack),
        "gaps": [
            {
                "from_ms": gap.from_ms,
                "to_ms": gap.to_ms,
                "expected": plain(gap.expected),
                "found": plain(gap.found),
                "missing": plain(gap.missing),
            }
            for gap in coin.gaps
        ],
        "contradictions": coin.contradictions,
    }
