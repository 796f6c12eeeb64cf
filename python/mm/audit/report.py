"""The outcome as text, for people: tables that fit the terminal, and every gap with its size and window.

Amounts of money are shown to the cent and positions whole; `--json` has every digit of everything.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from textwrap import wrap

from mm._core import Gap
from mm.audit.books import AccountBook, CoinBook
from mm.audit.fill import plain
from mm.audit.outcome import FileOutcome, Outcome
from mm.audit.schema import maker_share, total_fees
from mm.audit.table import Column, table

FEW = 3
"""So many accounts are shown coin by coin; more of them as one line each, unless asked for."""

WIDE = 110
"""Columns from which an address is shown whole."""

GAPS_SHOWN = 20
"""Gaps of one coin that are listed; the others are counted."""

DOLLARS = ("USDC", "USDT0", "USDT", "USDH", "USDE", "USDHL", "FEUSD", "quote", "")


def report(
    outcome: Outcome,
    accounts: Sequence[AccountBook],
    *,
    width: int,
    top: int,
    everything: bool,
    spot_transfers_ok: bool,
) -> Iterator[str]:
    """The lines of the report. `top` accounts are listed, and every one in which something is missing."""
    if everything or len(accounts) <= FEW:
        for account in accounts:
            yield from _account(account, account.coins, width)
            yield ""
    elif accounts:
        listed = accounts[:top]
        yield f"The {len(listed)} accounts with most volume" if len(listed) < len(accounts) else "All accounts"
        yield ""
        yield from _overview(listed, width)
        yield ""
        for account in accounts:
            if not account.is_whole:
                yield from _account(account, [coin for coin in account.coins if not coin.is_whole], width)
                yield ""
    yield from _files(outcome.files)
    yield from (f"warning: {warning}" for warning in outcome.warnings)
    for line in _summary(outcome, accounts, spot_transfers_ok):
        yield from wrap(line, width)


def _account(account: AccountBook, coins: Sequence[CoinBook], width: int) -> Iterator[str]:
    first = min(coin.first_ms for coin in account.coins)
    last = max(coin.last_ms for coin in account.coins)
    yield account.account or "unnamed account"
    fills = count(sum(coin.fills for coin in account.coins), "fill")
    yield f"{fills}, {window(first, last)} UTC"
    yield ""
    columns = [
        Column("coin", [coin.coin for coin in coins], left=True),
        Column("fills", [f"{coin.fills:,}" for coin in coins]),
        Column("dup", [f"{coin.duplicates:,}" for coin in coins], shown=any(c.duplicates for c in coins)),
        Column("chain", [_chain(coin) for coin in coins], left=True),
        Column("position", [amount(coin.size) for coin in coins]),
        Column("closed PnL", [money(coin.closed_pnl) for coin in coins]),
        Column("volume", [money(coin.volume) for coin in coins]),
        Column("maker", [_percent(maker_share([coin])) for coin in coins]),
        Column("fees", [_fees([coin]) for coin in coins], left=True),
    ]
    if len(coins) == len(account.coins) > 1:
        totals = ["all", f"{sum(c.fills for c in coins):,}", f"{sum(c.duplicates for c in coins):,}", "", ""]
        totals += [money(sum((c.closed_pnl for c in coins), Decimal(0)))]
        totals += [money(sum((c.volume for c in coins), Decimal(0)))]
        totals += [_percent(maker_share(coins)), _fees(coins)]
        for column, total in zip(columns, totals, strict=True):
            column.cells.append(total)
    yield from table(columns, width)
    broken = [coin for coin in coins if not coin.is_whole]
    if broken:
        yield ""
        for coin in broken:
            yield from _breaks(coin, width)
    rounded = [coin for coin in coins if coin.is_rounded]
    if rounded:
        yield ""
        yield "A spreadsheet has rounded positions: fills smaller than this could be missing unseen."
        yield "  " + ", ".join(f"{coin.coin} {amount(coin.slack)}" for coin in rounded)


def _overview(accounts: Sequence[AccountBook], width: int) -> Iterator[str]:
    yield from table(
        [
            Column("account", [_name(account, width) for account in accounts], left=True),
            Column("coins", [f"{len(account.coins):,}" for account in accounts]),
            Column("fills", [f"{sum(coin.fills for coin in account.coins):,}" for account in accounts]),
            Column("chain", [_chains(account) for account in accounts], left=True),
            Column(
                "closed PnL", [money(sum((c.closed_pnl for c in account.coins), Decimal(0))) for account in accounts]
            ),
            Column("volume", [money(sum((c.volume for c in account.coins), Decimal(0))) for account in accounts]),
            Column("maker", [_percent(maker_share(account.coins)) for account in accounts]),
            Column("fees", [_fees_in_short(account.coins) for account in accounts], left=True),
        ],
        width,
    )


def _breaks(coin: CoinBook, width: int) -> Iterator[str]:
    for gap in coin.gaps[:GAPS_SHOWN]:
        yield gap_line(coin, gap, width)
    if len(coin.gaps) > GAPS_SHOWN:
        yield f"{coin.coin}  and {len(coin.gaps) - GAPS_SHOWN:,} more"
    for what in coin.contradictions[:GAPS_SHOWN]:
        yield f"{coin.coin}  contradiction: {what}"
    if len(coin.contradictions) > GAPS_SHOWN:
        yield f"{coin.coin}  and {len(coin.contradictions) - GAPS_SHOWN:,} more contradictions"


def gap_line(coin: CoinBook, gap: Gap, width: int = 120) -> str:
    """One gap: its size, its window, and the two positions that do not meet."""
    word = "moved" if coin.is_spot else "missing"
    when = ("at " if gap.from_ms == gap.to_ms else "between ") + window(gap.from_ms, gap.to_ms, " and ")
    line = f"{coin.coin}  {word} {signed(gap.missing)}  {when}"
    ends = f"(expected {amount(gap.expected)}, found {amount(gap.found)})"
    joint = " " if len(line) + 1 + len(ends) <= width else f"\n{' ' * len(coin.coin)}  "
    return f"{line}{joint}{ends}"


def _files(files: Sequence[FileOutcome]) -> Iterator[str]:
    for file in files:
        if file.error:
            yield f"{file.path}: {file.error}"
        if not file.refused:
            continue
        yield f"{file.path}: {count(file.refused, 'record')} refused"
        for refused in file.first_refused:
            place = f"line {refused.where.line:,}" + (f", record {refused.where.row:,}" if refused.where.row else "")
            yield f"  {place}: {refused.field + ': ' if refused.field else ''}{refused.reason}"
        if file.refused > len(file.first_refused):
            yield f"  and {file.refused - len(file.first_refused):,} more"


def _summary(outcome: Outcome, accounts: Sequence[AccountBook], spot_transfers_ok: bool) -> Iterator[str]:
    coins = [coin for account in accounts for coin in account.coins]
    parts = [count(len(accounts), "account"), count(len({coin.coin for coin in coins}), "coin")]
    parts += [count(sum(coin.fills for coin in coins), "fill")]
    parts += [count(sum(coin.duplicates for coin in coins), "duplicate")]
    yield f"{', '.join(parts)} in {count(len(outcome.files), 'file')}"
    perps = sum(len(coin.gaps) for coin in coins if not coin.is_spot)
    spot = sum(len(coin.gaps) for coin in coins if coin.is_spot)
    wrong = sum(len(coin.contradictions) for coin in coins)
    found = []
    if perps:
        found.append(count(perps, "gap"))
    if spot:
        found.append(f"{count(spot, 'spot balance')} moved without a fill (transfers, or missing fills)")
    if wrong:
        found.append(count(wrong, "contradiction"))
    if outcome.refused:
        found.append(f"{count(outcome.refused, 'record')} refused")
    if outcome.errors:
        found.append(f"{count(len(outcome.errors), 'file')} not read, or not to the end")
    if found:
        yield "; ".join(found)
    if perps:
        yield "Fetch each window again with userFillsByTime, both times included, and audit all the files together."
    if outcome.is_whole(spot_transfers_ok=spot_transfers_ok) and coins:
        yield "Nothing is missing: every chain is proven from its first fill to its last."


def _chain(coin: CoinBook) -> str:
    if coin.contradictions:
        return "contradiction"
    if not coin.gaps:
        return "proven"
    return count(len(coin.gaps), "move" if coin.is_spot else "gap")


def _chains(account: AccountBook) -> str:
    broken = sum(len(coin.gaps) for coin in account.coins if not coin.is_spot)
    if any(coin.contradictions for coin in account.coins):
        return "contradiction"
    if broken:
        return count(broken, "gap")
    moved = sum(len(coin.gaps) for coin in account.coins)
    return count(moved, "move") if moved else "proven"


def _name(account: AccountBook, width: int) -> str:
    name = account.account or "unnamed"
    return name if width >= WIDE or len(name) <= 16 else f"{name[:10]}..{name[-4:]}"


def count(number: int, noun: str) -> str:
    """`1 gap`, `2,000 gaps`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def amount(number: Decimal) -> str:
    """Every digit, in groups of three."""
    whole, point, rest = plain(number).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}{point}{rest}"


def signed(number: Decimal) -> str:
    """Every digit, with its sign."""
    return amount(number) if number < 0 else f"+{amount(number)}"


def money(number: Decimal) -> str:
    """To the cent."""
    text = f"{number:,.2f}"
    return "0.00" if text == "-0.00" else text


def _fees(coins: Sequence[CoinBook]) -> str:
    """Fees by token, one to a line."""
    return "\n".join(_fee_texts(coins)) or "0"


def _fees_in_short(coins: Sequence[CoinBook]) -> str:
    """Fees in the first token, and how many others there are."""
    texts = _fee_texts(coins)
    return f"{texts[0]} + {count(len(texts) - 1, 'token')}" if len(texts) > 1 else "".join(texts) or "0"


def _fee_texts(coins: Sequence[CoinBook]) -> list[str]:
    fees = [(token, Decimal(fee)) for token, fee in total_fees(coins).items()]
    fees.sort(key=lambda item: (item[0] not in DOLLARS, item[0]))
    return [f"{money(fee) if token in DOLLARS else amount(fee)} {token}".rstrip() for token, fee in fees]


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{share * 100:.1f}%"


def window(first: int, last: int, joint: str = " to ") -> str:
    """Two times in UTC; what the second shares with the first is not repeated."""
    begin = datetime.fromtimestamp(first // 1_000, UTC)
    end = datetime.fromtimestamp(last // 1_000, UTC)
    if begin == end:
        text = f"{begin:%Y-%m-%d %H:%M:%S}.{first % 1_000:03d}"
        return text if first == last else f"{text}{joint}{end:%H:%M:%S}.{last % 1_000:03d}"
    if begin.date() == end.date():
        return f"{begin:%Y-%m-%d %H:%M:%S}{joint}{end:%H:%M:%S}"
    return f"{begin:%Y-%m-%d %H:%M:%S}{joint}{end:%Y-%m-%d %H:%M:%S}"
