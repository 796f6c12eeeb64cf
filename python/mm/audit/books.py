"""The fills of all accounts, through the engine: one engine per account, fed in batches.

Coins whose positions are not exact get an engine apart, because the slack they need must not loosen the proof of
the account's other coins. Those are coins of a spreadsheet, and spot: a balance has more decimals than its double
can print, so that the start positions of neighbours disagree far behind the smallest lot.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mm._core import Effect, Engine, Gap
from mm.audit import fill
from mm.audit.fill import Row

BATCH = 32_768
CHAIN_WINDOW = 2**31 - 1
"""Nothing is let go before the end, so that the order of files and rows does not matter."""

SPOT_SLACK = Decimal("0.000001")
"""A tenth of the smallest lot of any spot coin; what doubles lose of balances below a thousand million is less."""

DOUBLE_DIGITS = 15

REFUSAL = re.compile(r"record \d+: `(\w+)` (.+)")
"""How the engine names the field that it cannot take, and the reason."""

NO_SLACK: Mapping[tuple[str | None, str], Decimal] = {}

Key = tuple[str | None, str]


@dataclass(slots=True)
class CoinBook:
    """What became of one coin of one account."""

    coin: str
    fed: int = 0
    fills: int = 0
    duplicates: int = 0
    contradictions: list[str] = field(default_factory=list)
    liquidations: int = 0
    first_ms: int = 0
    last_ms: int = 0
    slack: Decimal = Decimal(0)
    size: Decimal = Decimal(0)
    """After the last fill; what is missing before it is in it."""
    realised_pnl: Decimal = Decimal(0)
    closed_pnl: Decimal = Decimal(0)
    fees: dict[str, Decimal] = field(default_factory=dict)
    volume: Decimal = Decimal(0)
    maker_volume: Decimal = Decimal(0)
    gaps: tuple[Gap, ...] = ()

    @property
    def is_rounded(self) -> bool:
        """Whether a spreadsheet has shortened its positions."""
        return self.slack > (SPOT_SLACK if self.is_spot else 0)

    @property
    def is_spot(self) -> bool:
        """A spot balance also moves by transfers, which are no fills."""
        return fill.is_spot(self.coin)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing between the first fill and the last."""
        return not self.gaps and not self.contradictions


@dataclass(slots=True)
class AccountBook:
    """What became of one account. `account` is None where no file told it."""

    account: str | None
    coins: list[CoinBook]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing in any coin."""
        return all(coin.is_whole for coin in self.coins)


class Books:
    """Takes rows, gives `AccountBook`s."""

    def __init__(
        self,
        slacks: Mapping[Key, Decimal] = NO_SLACK,
        spot: Mapping[str, tuple[str, str]] | None = None,
        refused: Callable[[Row, str, str], None] | None = None,
    ) -> None:
        self._slacks = slacks
        self._bases = {coin: base for coin, (base, _) in (spot or {}).items()}
        self._refused = refused
        self._engines: dict[tuple[str | None, Decimal], Engine] = {}
        self._told: set[tuple[str | None, str]] = set()
        self._coins: dict[Key, CoinBook] = {}
        self._waiting: defaultdict[Key, list[Row]] = defaultdict(list)
        self._count = 0

    def add(self, row: Row) -> None:
        """Take one fill."""
        self._waiting[row.account, row.coin].append(row)
        self._count += 1
        if self._count >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Feed what waits."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        self._count = 0
        for key, batch in waiting.items():
            self._feed(key, batch)

    def _slack(self, key: Key) -> Decimal:
        return max(self._slacks.get(key, Decimal(0)), SPOT_SLACK if fill.is_spot(key[1]) else Decimal(0))

    def _engine(self, key: Key) -> Engine:
        name = (key[0], self._slack(key))
        if name not in self._engines:
            self._engines[name] = Engine(key[0], chain_window=CHAIN_WINDOW, link_slack=name[1])
        return self._engines[name]

    def _feed(self, key: Key, batch: list[Row]) -> None:
        engine = self._engine(key)
        book = self._coins.get(key)
        if book is None:
            book = self._coins[key] = CoinBook(key[1], first_ms=batch[0].time, slack=self._slack(key))
        self._tell_base(engine, key, batch)
        report = engine.process_fills(f"[{','.join(row.wire for row in batch)}]".encode())
        book.fed += report.fills + report.duplicates
        book.duplicates += report.duplicates
        book.first_ms = min(book.first_ms, min(row.time for row in batch))
        book.last_ms = max(book.last_ms, max(row.time for row in batch))
        surfaced: dict[bytes, str] = {}
        for effect in report.effects:
            match effect:
                case Effect.Contradiction(what=what):
                    book.contradictions.append(what)
                case Effect.Liquidation():
                    book.liquidations += 1
                case Effect.Surfaced(what=what, record=record):
                    surfaced[record] = what
        if report.refused and self._refused is not None:
            self._name_refused(batch, surfaced, report.refused)

    def _name_refused(self, batch: list[Row], surfaced: Mapping[bytes, str], count: int) -> None:
        """Say which rows the engine did not take."""
        named = [(row, surfaced[row.wire.encode()]) for row in batch if row.wire.encode() in surfaced]
        for row, what in (named + [(batch[0], "not taken by the engine")] * count)[:count]:
            told = REFUSAL.fullmatch(what)
            if self._refused is not None:
                self._refused(row, *(told.groups() if told else ("", what)))

    def _tell_base(self, engine: Engine, key: Key, batch: Iterable[Row]) -> None:
        """Tell the engine the base token of a spot coin, from the venue's list or from the fills themselves."""
        coin = key[1]
        if not fill.is_spot(coin) or key in self._told:
            return
        base = self._bases.get(coin) or next((row.base_token for row in batch if row.base_token), None)
        if base is None and "/" in coin:
            base = coin.split("/")[0]
        if base is not None:
            engine.set_coin(coin, base_token=base)
            self._bases.setdefault(coin, base)
            self._told.add(key)

    def result(self) -> list[AccountBook]:
        """Every account, the one with most volume first."""
        self.flush()
        accounts: defaultdict[str | None, list[CoinBook]] = defaultdict(list)
        for key, book in self._coins.items():
            position = self._engine(key).position(key[1])
            book.fills = position.fills
            book.size = position.size + position.missing
            book.realised_pnl = position.realised_pnl
            book.closed_pnl = position.closed_pnl
            book.fees = {token: fee for token, fee in sorted(position.fees.items()) if fee}
            book.volume = position.volume
            book.maker_volume = position.maker_volume
            book.gaps = tuple(gap for gap in position.gaps if not (book.is_spot and _is_noise(gap)))
            accounts[key[0]].append(book)
        books = [AccountBook(name, sorted(coins, key=_order)) for name, coins in accounts.items() if coins]
        return sorted(books, key=lambda book: (-sum(coin.volume for coin in book.coins), book.account or ""))


def _is_noise(gap: Gap) -> bool:
    """Whether a break is no more than what two doubles lose of balances so large."""
    largest = max(abs(gap.expected), abs(gap.found))
    return bool(largest) and abs(gap.missing) <= Decimal(2).scaleb(largest.adjusted() + 1 - DOUBLE_DIGITS)


def _order(book: CoinBook) -> tuple[Decimal, str]:
    return (-book.volume, book.coin)
