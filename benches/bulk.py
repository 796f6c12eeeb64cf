"""Fills without end, made in NumPy a chunk at a time: for the memories and the pauses of millions."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from history import COINS, FIRST_MS, FIRST_OID, cloid, text

SCALE = 5
SIZE_OF_ORDER = "100000000"  # no order fills: all stay live
SIGNS = np.array([1, -1])
NAMES = np.array([coin.name for coin in COINS])
TICKS = np.array([coin.px * 10 ** (SCALE - coin.px_decimals) for coin in COINS])
FEES = np.array([text(n * 37, 6) for n in range(1_000)])


class Bulk:
    """The orders, and chunks of their fills; the position chain of every coin holds throughout."""

    def __init__(self, orders: int, seed: int = 3) -> None:
        self.orders = orders
        self.rng = np.random.default_rng(seed)
        self.position = [0] * len(COINS)
        self.ms = FIRST_MS

    def open_orders(self, engine: Any) -> None:
        """Places and finalizes all orders, in the engine or in the twin."""
        for n in range(self.orders):
            coin = COINS[n % len(COINS)]
            side = "B" if (n // len(COINS)) % 2 == 0 else "A"
            name = cloid(n)
            engine.add_pending_with_cloid(name, coin.name, side, text(coin.px, coin.px_decimals), SIZE_OF_ORDER)
            engine.finalize_pending_by_cloid(name, FIRST_OID + n)

    def chunk(self, rows: int) -> dict[str, Any]:
        """The next `rows` fills, of orders picked at random, as columns."""
        rng = self.rng
        order = rng.integers(0, self.orders, rows)
        coin = order % len(COINS)
        sign = SIGNS[(order // len(COINS)) % 2]
        sz = rng.integers(1, 1_000, rows) * 1_000
        signed = sz * sign
        start = np.empty(rows, dtype=np.int64)
        for c in range(len(COINS)):
            mine = coin == c
            ends = np.cumsum(signed[mine]) + self.position[c]
            start[mine] = ends - signed[mine]
            if len(ends):
                self.position[c] = int(ends[-1])
        time = self.ms + np.cumsum(rng.random(rows) < 1 / 3)
        self.ms = int(time[-1])
        return {
            "coin": NAMES[coin],
            "side": np.where(sign > 0, "B", "A"),
            "px": TICKS[coin],
            "sz": sz,
            "oid": (order + FIRST_OID).astype(np.uint64),
            "tid": rng.integers(1, 2**50, rows, dtype=np.uint64),
            "time": time.astype(np.uint64),
            "start_position": start,
            "fee": FEES[rng.integers(0, len(FEES), rows)],
            "fee_token": np.full(rows, "USDC"),
            "closed_pnl": np.full(rows, "0.0"),
            "crossed": np.zeros(rows, dtype=np.bool_),
        }


def pieces(columns: dict[str, Any], rows: int) -> Iterator[dict[str, Any]]:
    """The chunk in smaller ones."""
    total = len(columns["oid"])
    for at in range(0, total, rows):
        yield {name: column[at : at + rows] for name, column in columns.items()}


def as_text(columns: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The chunk as rows for `process`, values as text."""
    made = dict(columns)
    for name in ("px", "sz", "start_position"):
        made[name] = [text(int(value), SCALE) for value in columns[name]]
    lists = [column if isinstance(column, list) else column.tolist() for column in made.values()]
    return list(zip(*lists, strict=True))
