"""One audit from files to outcome: read everything, feed the engine, keep count of what was not taken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from mm.audit.books import AccountBook, Books, Key
from mm.audit.fill import Refused, Row
from mm.audit.reader import FillFile
from mm.audit.source import Unusable

REFUSED_SHOWN = 5
"""Refused records kept per file; the others are counted."""


@dataclass(slots=True)
class FileOutcome:
    """What one file gave."""

    path: Path
    format: str = ""
    compression: str = ""
    fills: int = 0
    refused: int = 0
    first_refused: list[Refused] = field(default_factory=list)
    passed_over: int = 0
    rounded: bool = False
    error: str = ""
    """Why it could not be read, or not to its end."""

    def refuse(self, refused: Refused) -> None:
        """Count it, and keep the first few."""
        self.refused += 1
        if len(self.first_refused) < REFUSED_SHOWN:
            self.first_refused.append(refused)


@dataclass(slots=True)
class Outcome:
    """What an audit found."""

    files: list[FileOutcome]
    accounts: list[AccountBook]
    warnings: list[str] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """Records that were not taken, in all files."""
        return sum(file.refused for file in self.files)

    @property
    def errors(self) -> list[FileOutcome]:
        """Files that could not be read, or not to their end."""
        return [file for file in self.files if file.error]

    @property
    def is_usable(self) -> bool:
        """Whether there was a fill, or a record that should have been one."""
        return any(file.fills or file.refused for file in self.files)

    def is_whole(self, *, spot_transfers_ok: bool = False) -> bool:
        """Whether nothing is missing: no gap, no refused record, no file that could not be read."""
        return not self.refused and not self.errors and not self.breaks(spot_transfers_ok=spot_transfers_ok)

    def breaks(self, *, spot_transfers_ok: bool = False) -> int:
        """How many breaks and contradictions there are."""
        return sum(
            len(coin.gaps) * (not (spot_transfers_ok and coin.is_spot)) + len(coin.contradictions)
            for account in self.accounts
            for coin in account.coins
        )


class Auditor:
    """Reads files in two steps, so that a progress bar knows its length between them."""

    def __init__(self, paths: Sequence[Path], spot: Mapping[str, tuple[str, str]] | None = None) -> None:
        """Look at every file. None is refused here: what cannot be read becomes an error of the outcome."""
        self._spot = spot or {}
        self._files: list[tuple[FillFile | None, FileOutcome]] = []
        for path in paths:
            outcome = FileOutcome(path)
            try:
                file = FillFile(path, self._spot)
            except Unusable as error:
                outcome.error = str(error)
                self._files.append((None, outcome))
                continue
            outcome.format, outcome.compression = file.format, file.compression
            self._files.append((file, outcome))

    @property
    def length(self) -> int:
        """The bytes that `run` will read."""
        return sum(file.size * file.passes for file, _ in self._files if file is not None)

    def run(self, account: str | None = None, progress: Callable[[int], None] = lambda _read: None) -> Outcome:
        """Read everything. Fills of files that do not tell the account are `account`'s."""
        slacks: dict[Key, Decimal] = {}
        for file, _ in self._files:
            if file is not None:
                for (owner, coin), slack in file.prepare(progress).items():
                    key = (owner or account, coin)
                    slacks[key] = max(slack, slacks.get(key, Decimal(0)))
        current: FileOutcome | None = None

        def refuse(row: Row, field: str, reason: str) -> None:
            if current is not None:
                current.refuse(Refused(row.where, field, reason, row.wire[:80]))
                current.fills -= 1

        books = Books(slacks, self._spot, refuse)
        kinds: dict[str | None, set[bool]] = {}
        for file, current in self._files:
            if file is None:
                continue
            current.rounded = file.is_rounded
            try:
                self._read(file, current, books, account, progress, kinds)
            except Unusable as error:
                current.error = str(error)
            books.flush()
        warnings = [
            f"{name or 'the unnamed account'}: a spreadsheet export and an exact source of one account cannot be told "
            "apart fill by fill; audit them separately"
            for name, seen in kinds.items()
            if len(seen) > 1
        ]
        return Outcome([outcome for _, outcome in self._files], books.result(), warnings)

    def _read(
        self,
        file: FillFile,
        outcome: FileOutcome,
        books: Books,
        account: str | None,
        progress: Callable[[int], None],
        kinds: dict[str | None, set[bool]],
    ) -> None:
        for found in file.rows(progress):
            if isinstance(found, Refused):
                outcome.refuse(found)
                continue
            row = found if found.account is not None else found._replace(account=account)
            outcome.fills += 1
            kinds.setdefault(row.account, set()).add(file.is_rounded)
            books.add(row)
        outcome.passed_over = file.passed_over
        outcome.error = file.broken
