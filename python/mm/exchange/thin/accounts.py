"""The venue's ledger: positions, cash and fees of every account, in lots and micro-dollars.

This is the other side of the proof, so it shares no code with the engine. Every trade is booked on
two accounts; what one pays the other receives, and fees go to the venue's purse. Hence over all
accounts coins and cash add up to zero, at any moment.
"""

from dataclasses import dataclass, field
from hashlib import blake2b

from mm.exchange.thin.book import Resting

MAKER_FEE = 15  # in 1/100,000 of the notional: 1.5 basis points
TAKER_FEE = 45
TID_BITS = 50


def tid_of(buyer: int, seller: int) -> int:
    """The trade's id: a 50-bit hash of both orders, the same for both sides."""
    digest = blake2b(f"{buyer}:{seller}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - TID_BITS)


@dataclass(slots=True)
class Fill:
    """One side of one trade, as it was booked."""

    time: int
    tid: int
    oid: int
    cloid: str | None
    is_buy: bool
    px: int
    lots: int
    start: int
    closed: int
    fee: int
    crossed: bool
    mid2: int
    """Twice the middle of the book just before the trade's block: the ruler for the spread earned."""


@dataclass(slots=True)
class Account:
    """One account's coins and money. `cash` is what trades paid in and out, without fees."""

    name: str
    lots: int = 0
    cash: int = 0
    fees: int = 0
    closed: int = 0
    cost: int = 0
    volume: int = 0
    maker_volume: int = 0
    fills: list[Fill] = field(default_factory=list)

    def book(self, order: Resting, time: int, tid: int, px: int, lots: int, crossed: bool, mid2: int) -> Fill:
        """Book one side of a trade and give the row that the account will be told."""
        notional = px * lots
        signed = lots if order.is_buy else -lots
        fee = notional * (TAKER_FEE if crossed else MAKER_FEE) // 100_000  # cut, not rounded
        start = self.lots
        closed = self._close(signed, px)
        self.lots += signed
        self.cash -= signed * px
        self.fees += fee
        self.closed += closed
        self.volume += notional
        self.maker_volume += 0 if crossed else notional
        side = order.is_buy
        fill = Fill(time, tid, order.oid, order.cloid, side, px, lots, start, closed, fee, crossed, mid2)
        self.fills.append(fill)
        return fill

    def _close(self, signed: int, px: int) -> int:
        """What of the trade closes: its profit, gross of fees, against the average cost."""
        opposite = self.lots * signed < 0
        closing = min(abs(signed), abs(self.lots)) if opposite else 0
        profit = 0
        if closing:
            direction = 1 if self.lots > 0 else -1
            part = self.cost * closing // abs(self.lots)
            profit = direction * closing * px - part
            self.cost -= part
        opening = abs(signed) - closing
        self.cost += (opening if signed > 0 else -opening) * px
        return profit
