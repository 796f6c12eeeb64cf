"""Fills to measure with: made up, but shaped like the venue's.

Deterministic for a seed. Five coins with the venue's lot and tick sizes; every order is filled in several trades, in
bursts that share a millisecond; `startPosition` is the exact running position of its coin; tids are random 50-bit
numbers; about three fills fall into one millisecond; a fee is the maker's 1.5 bp cut to six decimals.
"""

import random
from dataclasses import dataclass, field
from typing import NamedTuple

ACCOUNT = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
FIRST_OID = 556_000_000_000
FIRST_MS = 1_790_000_000_000


class Coin(NamedTuple):
    """A market: decimals of its sizes and prices, a typical price in ticks, a typical fill in lots."""

    name: str
    sz_decimals: int
    px_decimals: int
    px: int
    lots: int


COINS = (
    Coin("BTC", 5, 1, 837_570, 1_800),
    Coin("ETH", 4, 1, 42_159, 3_500),
    Coin("SOL", 2, 2, 19_835, 2_200),
    Coin("HYPE", 2, 3, 38_123, 9_000),
    Coin("DOGE", 0, 5, 19_774, 255),
)


class OrderRow(NamedTuple):
    """An order as it is asked for."""

    cloid: str
    coin: str
    side: str
    px: str
    sz: str
    oid: int


class FillRow(NamedTuple):
    """A fill as `process` takes it, in that order."""

    coin: str
    side: str
    px: str
    sz: str
    oid: int
    tid: int
    time: int
    start_position: str
    fee: str
    fee_token: str
    closed_pnl: str
    crossed: bool


def text(units: int, decimals: int) -> str:
    """`units / 10**decimals` as the venue prints it: no superfluous zeros, but at least one decimal."""
    sign = "-" if units < 0 else ""
    whole, fraction = divmod(abs(units), 10**decimals)
    digits = f"{fraction:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{sign}{whole}.{digits or '0'}"


def cloid(sequence: int) -> str:
    """A cloid of the engine's own form, for instance 7."""
    return f"0x6d6d000100000007{sequence:016x}"


@dataclass
class _Book:
    """A coin's running position, in lots, and its average entry in ticks (only to make `closedPnl` look right)."""

    coin: Coin
    lots: int = 0
    entry: int = 0

    def trade(self, signed: int, ticks: int) -> int:
        """Moves the position; what it closed, in ticks times lots."""
        closed = 0
        if self.lots * signed < 0:
            closed = min(abs(signed), abs(self.lots)) * (ticks - self.entry) * (1 if self.lots > 0 else -1)
        if self.lots * signed >= 0:
            total = abs(self.lots) + abs(signed)
            self.entry = (self.entry * abs(self.lots) + ticks * abs(signed)) // total
        elif abs(signed) > abs(self.lots):
            self.entry = ticks
        self.lots += signed
        return closed


@dataclass
class History:
    """Orders, and their fills in the order in which the venue made them."""

    orders: list[OrderRow] = field(default_factory=list)
    fills: list[FillRow] = field(default_factory=list)


def history(orders: int, fills: int, seed: int = 1, first: int = 0) -> History:
    """`orders` orders that fill completely in `fills` fills, all of them live from the start.

    `first` shifts oids, cloids and times, so that two histories can follow each other in one engine.
    """
    rng = random.Random(seed)
    each = fills // orders
    made = History()
    plans: list[tuple[int, int, int, list[int]]] = []  # coin, sign, ticks, lots of each fill
    for n in range(orders):
        c = n % len(COINS)
        coin = COINS[c]
        sign = 1 if rng.random() < 0.5 else -1
        ticks = coin.px - sign * rng.randrange(1, coin.px // 200)
        lots = [rng.randrange(1, 2 * coin.lots) for _ in range(each)]
        plans.append((c, sign, ticks, lots))
        made.orders.append(
            OrderRow(
                cloid(first + n),
                coin.name,
                "B" if sign > 0 else "A",
                text(ticks, coin.px_decimals),
                text(sum(lots), coin.sz_decimals),
                FIRST_OID + first + n,
            )
        )
    turns = [n for n in range(orders) for _ in range(each)]
    rng.shuffle(turns)
    books = [_Book(coin) for coin in COINS]
    ms = FIRST_MS + first
    for n in turns:
        if rng.random() < 1 / 3:
            ms += rng.randrange(1, 80)
        c, sign, ticks, lots = plans[n]
        coin, book, lot = COINS[c], books[c], lots.pop()
        start = book.lots
        closed = book.trade(sign * lot, ticks)
        scale = coin.px_decimals + coin.sz_decimals
        fee = ticks * lot * 15 * 10 ** (6 - scale) // 10**5  # 1.5 bp; no coin above has more than six decimals
        made.fills.append(
            FillRow(
                coin.name,
                "B" if sign > 0 else "A",
                text(ticks, coin.px_decimals),
                text(lot, coin.sz_decimals),
                FIRST_OID + first + n,
                rng.getrandbits(50) or 1,
                ms,
                text(start, coin.sz_decimals),
                text(fee, 6),
                "USDC",
                text(closed, scale),
                False,
            )
        )
    return made


def fill_json(row: FillRow, name: str = "") -> str:
    """The fill as the venue writes it; `name` adds the order's cloid."""
    verb = "Open Long" if row.side == "B" else "Open Short"
    tail = f'"cloid":"{name}",' if name else ""
    return (
        f'{{"coin":"{row.coin}","px":"{row.px}","sz":"{row.sz}","side":"{row.side}","time":{row.time},'
        f'"startPosition":"{row.start_position}","dir":"{verb}","closedPnl":"{row.closed_pnl}",'
        f'"hash":"0x{row.tid:064x}","oid":{row.oid},"crossed":{"true" if row.crossed else "false"},'
        f'"fee":"{row.fee}","tid":{row.tid},{tail}"feeToken":"{row.fee_token}","twapId":null}}'
    )


def frame(rows: list[FillRow], snapshot: bool = False, names: dict[int, str] | None = None) -> bytes:
    """A `userFills` frame of these fills; `names` gives cloids by oid."""
    mark = '"isSnapshot":true,' if snapshot else ""
    names = names or {}
    body = ",".join(fill_json(row, names.get(row.oid, "")) for row in rows)
    return f'{{"channel":"userFills","data":{{{mark}"user":"{ACCOUNT}","fills":[{body}]}}}}'.encode()
