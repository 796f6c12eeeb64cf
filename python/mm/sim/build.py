"""A simulated venue, set up: its accounts funded, its markets generated or recorded, its time begun.

The venue itself is `mm._core.venue.Venue`, which knows neither sockets nor a clock. It is built here for every form
in which it runs: behind sockets (`mm.sim.server`), in a thread (`mm.sim.thread`), in this process (`mm.sim.inside`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from mm._core.venue import Venue
from mm.errors import BadInput
from mm.sim.recording import Row, read_recording
from mm.sim.venue import Account

__all__ = ["DEPOSIT", "MARKETS", "World", "read_meta", "read_recordings"]

Market = Literal["deep", "thin", "quiet", "none"]
MARKETS: tuple[Market, ...] = get_args(Market)
"""Who else trades, from many and much to nobody."""
DEPOSIT = "1000000"
"""USDC that every account begins with."""
AGENT = "mm"
"""The agents have a name, because the venue lists when a named one lapses, and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that decides what a simulated venue is. The same world is the same venue, down to the last byte.

    `market` is one word for all coins that trade, or a word by coin. `recording` plays recorded rows by coin instead,
    `settings` are the venue's own by name (`mm._core.venue.settings`), `meta` is a real answer to `meta` or
    `metaAndAssetCtxs`: the markets are those then, beginning at the marks that it tells, or at one.
    """

    seed: int = 0
    market: Market | Mapping[str, Market] = "quiet"
    recording: Mapping[str, list[Row]] = field(default_factory=dict)
    settings: Mapping[str, int] = field(default_factory=dict)
    meta: bytes | None = None
    deposit: str = DEPOSIT
    start_ms: int | None = None

    def open(self, accounts: Iterable[Account]) -> Venue:
        """A venue in which these accounts have their money and their agents. Raises `BadInput`, naming the field."""
        perps = None if self.meta is None else {"": self.meta}
        common = {"start_ms": self._start(), "settings": dict(self.settings), "perps": perps}
        coins = Venue(self.seed, **common).coins  # type: ignore[arg-type]
        market = self._markets(coins)
        venue = Venue(self.seed, market=market, recording=dict(self.recording), **common)  # type: ignore[arg-type]
        for coin, rows in self.recording.items():
            venue.set_oracle(
                coin, _first_px(rows)
            )  # Else what was recorded could be too far from the mark to be taken.
        for account in accounts:
            venue.open_account(account.address, self.deposit)
            venue.add_agent(account.address, account.agent, AGENT)
        return venue

    def _markets(self, coins: list[str]) -> dict[str, Market]:
        """A word for every coin that somebody trades; what is recorded is left to the recording."""
        if isinstance(self.market, str):
            if self.market not in MARKETS:
                raise BadInput(f"there is no market {self.market!r}", field="market", reason="unknown")
            told: dict[str, Market] = dict.fromkeys(coins, self.market)
        else:
            told = dict(self.market)
        return {coin: word for coin, word in told.items() if word != "none" and coin not in self.recording}

    def _start(self) -> int | None:
        """When it begins: as told, or with the first row that was recorded."""
        firsts = [rows[0][1] for rows in self.recording.values() if rows]
        return self.start_ms if self.start_ms is not None or not firsts else min(firsts) - 1


def _first_px(rows: list[Row]) -> str:
    """The price of the first row that has one."""
    for row in rows:
        if row[0] == "trade":
            return row[3]
        if row[0] == "touch":
            return row[2][0]
        if levels := row[2] or row[3]:
            return levels[0][0]
    raise BadInput("the recording has no price", field="recording", reason="no price")


def read_meta(path: Path) -> bytes:
    """The answer that a file holds. Raises `BadInput` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", field="meta", reason="unreadable") from error


def read_recordings(paths: Iterable[str]) -> dict[str, list[Row]]:
    """Rows by coin from `COIN=FILE` each; several files of one coin are one recording. Raises `BadInput`."""
    files: dict[str, list[Path]] = {}
    for text in paths:
        coin, equals, name = text.partition("=")
        if not equals or not coin or not name:
            raise BadInput(f"{text!r} is not COIN=FILE", field="recording", reason="no coin")
        files.setdefault(coin, []).append(Path(name))
    try:
        return {coin: read_recording(names) for coin, names in files.items()}
    except OSError as error:
        raise BadInput(f"{error.filename}: {error.strerror}", field="recording", reason="unreadable") from error
