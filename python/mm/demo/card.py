"""The scorecard as text: short, aligned, at most 80 columns, true.

An equals sign stands only where the witnesses agree; where they do not, the line says so and the run
fails. Amounts are printed to the micro-dollar because that is how they are compared.
"""

from decimal import Decimal

from mm.demo.score import Check, Score
from mm.demo.show import SECONDS
from mm.exchange.thin.link import COIN

WIDTH = 79
NAME = 11
COLUMN = 18
HOWS = ("lost", "late", "twice", "swapped", "garbled", "failed", "cut")
WITNESSES = ("venue", "engine", "auditor")


def scorecard(score: Score, wall: float) -> str:
    """The whole card."""
    deaths = score.deaths
    same = sum(bool(death["same_digest"]) for death in deaths)
    table = [check for check in score.checks if tuple(check.values) == WITNESSES]
    others = [check for check in score.checks if tuple(check.values) != WITNESSES]
    money = score.money
    lines = [
        f" mm demo   seed {score.seed}   {score.virtual_ms / 1_000:.0f} s of market in {wall:.1f} s   "
        f"{COIN}, a venue in this process",
        "",
        *row("orders", orders(score)),
        *row("fallbacks", [f"{count:,} {name}" for name, count in score.fallbacks.items()]),
        *row("races", races(score.races)),
        *row("faults", faults(score.faults)),
        *row("killed", [f"{len(deaths)} times; {same} times back from the record with the same digest"]),
        "",
        " " * NAME + "".join(f"{who:>{COLUMN}}" for who in WITNESSES),
        *[compared(check) for check in table],
        *row("also", [stated(check) for check in others]),
        *row("money", [f"{part} {amount}" for part, amount in shown(money).items()]),
    ]
    lines += [line for note in score.notes for line in row("WRONG", [note])]
    proof = "PROOF OK" if score.ok else "PROOF FAILED"
    again = f"mm demo --seed {score.seed}" + (f" --seconds {score.seconds}" if score.seconds != SECONDS else "")
    lines += ["", f" {proof}   the same again: {again}"]
    return "\n".join(lines)


def row(name: str, parts: list[str]) -> list[str]:
    """A named row: parts joined by dots, and broken between them where the line is full."""
    lines, line, empty = [], f" {name:<{NAME - 1}} ", True
    for part in parts:
        piece = part if empty else f" · {part}"
        if not empty and len(line) + len(piece) > WIDTH:
            lines.append(line)
            line, piece = " " * (NAME + 1), part
        line, empty = line + piece, False
    return [*lines, line]


def orders(score: Score) -> list[str]:
    """What was sent, what was left where it rested, and what was asked."""
    counts, asked = score.orders, score.races
    return [
        f"{counts['placed']:,} placed ({counts['placed anew']:,} anew, {counts['taking']:,} taking)",
        f"{counts['modified']:,} modified",
        f"{counts['cancelled']:,} cancelled",
        f"{counts['kept']:,} kept",
        f"{asked['questions']:,} questions",
        f"{asked['nonces spent']:,} nonces spent, {asked['voided']:,} requests voided",
    ]


def races(counts: dict[str, int]) -> list[str]:
    """Fills that came in a bad moment: again, after the answer that told them, during a modify, or not at all."""
    return [
        f"{counts['fills repeated']:,} repeated",
        f"{counts['fills told before']:,} told before",
        f"{counts['fills past a modify']:,} past a modify",
        f"{counts['closed']:,}/{counts['gaps']:,} gaps closed",
    ]


def faults(counts: dict[str, int]) -> list[str]:
    """Faults by what they do to a message (`--json` tells to which); whatever else is a refusal."""
    sums: dict[str, int] = {}
    for name, count in counts.items():
        how = name.rpartition(" ")[2]
        how = how if how in HOWS else "refused"
        sums[how] = sums.get(how, 0) + count
    return [f"{sums[how]:,} {how}" for how in (*HOWS, "refused") if how in sums] or ["none"]


def compared(check: Check) -> str:
    """One line of the table."""
    values = "".join(f"{value:>{COLUMN}}" for value in check.values.values())
    return f" {check.name:<{NAME - 1}}{values}   {'=' if check.ok else '≠ FAILED'}"


def stated(check: Check) -> str:
    """An equality in words; one that wants nothing found says only what was found."""
    values = list(check.values.values())
    if check.ok:
        return f"{check.name} {values[0]}"
    told = " ≠ ".join(f"{value} {who}" for who, value in check.values.items())
    return f"{check.name} {told} FAILED"


def shown(money: dict[str, str]) -> dict[str, str]:
    """The parts to the cent for reading, the residual exactly."""
    return {part: amount if part == "residual" else f"{Decimal(amount):+.2f}" for part, amount in money.items()}
