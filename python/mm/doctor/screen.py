"""Findings as lines for people and as JSON for programs. Colour repeats what a mark and a word say already."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from textwrap import wrap

import click

from mm.doctor.facts import Facts
from mm.doctor.finding import NOT_NAMED, Finding, Level, is_fit

SCHEMA = "mm-doctor/1"

MARKS = {
    Level.OK: ("✓", "+", "ok", "green"),
    Level.WARN: ("!", "!", "warn", "yellow"),
    Level.FAIL: ("✗", "x", "FAIL", "red"),
    Level.UNREAD: ("?", "?", "UNREAD", "magenta"),
}
"""Mark, the same for a terminal that has ASCII only, word, colour."""

WIDTH_MIN = 60
PLAIN = str.maketrans({"±": "+/-", "…": "..", "“": '"', "”": '"'})
LEGEND = "feed: median interval / median age of each stream, in ms"


def lines(facts: Facts, findings: Sequence[Finding], *, width: int, is_ascii: bool = False) -> Iterator[str]:
    """The report: a line about what was looked at, one line a check with its fix below, and the verdict."""
    made = _lines(facts, findings, width=width, is_ascii=is_ascii)
    if not is_ascii:
        yield from made
        return
    for line in made:
        yield line.translate(PLAIN).encode("ascii", "replace").decode()


def _lines(facts: Facts, findings: Sequence[Finding], *, width: int, is_ascii: bool) -> Iterator[str]:
    width = max(width, WIDTH_MIN)
    yield from _wrapped("mm doctor  " + "  ".join(_about(facts)), width, "")
    yield ""
    column = max(len(found.check) for found in findings)
    for found in findings:
        mark, plain, word, colour = MARKS[found.level]
        head = f"{plain if is_ascii else mark} {word:<6} "
        indent = " " * (len(head) + column + 2)
        about = f"{found.subject}: " if found.subject else ""
        body = _wrapped(f"{head}{found.check:<{column}}  {about}{found.text}", width, indent)
        yield click.style(body[0][: len(head)], fg=colour, bold=True) + body[0][len(head) :]
        yield from body[1:]
        if found.fix:
            yield from _wrapped(f"{indent}fix: {found.fix}", width, indent + "     ")
    yield ""
    if any(found.check == "feed" and found.subject for found in findings):
        yield LEGEND
    yield verdict(findings)


def verdict(findings: Sequence[Finding]) -> str:
    """The last line."""
    counted = Counter(found.level for found in findings)
    parts = [f"{counted[level]} {MARKS[level][2]}" for level in Level if counted[level]]
    word = "fit" if is_fit(list(findings)) else "not fit"
    if word == "fit" and any(found.data == NOT_NAMED for found in findings):
        word = "fit as far as named"
    return f"{word}: {', '.join(parts)}"


def as_json(facts: Facts, findings: Sequence[Finding]) -> str:
    """Everything as one JSON object; its schema is in docs/doctor.md."""
    wanted = facts.wanted
    told = {
        "schema": SCHEMA,
        "url": wanted.url,
        "account": wanted.account or None,
        "agent": wanted.agent or None,
        "coins": list(wanted.coins),
        "time_ms": facts.now_ms,
        "ip_weight": facts.weight,
        "fit": is_fit(list(findings)),
        "findings": [
            {
                "check": found.check,
                "subject": found.subject or None,
                "level": str(found.level),
                "text": found.text,
                "fix": found.fix or None,
                "data": dict(found.data),
            }
            for found in findings
        ],
    }
    return json.dumps(told, indent=2)


def _about(facts: Facts) -> Iterator[str]:
    yield facts.wanted.url
    if facts.wanted.account:
        yield facts.wanted.account
    if facts.wanted.coins:
        yield " ".join(facts.wanted.coins)
    yield f"{datetime.fromtimestamp(facts.now_ms // 1_000, UTC):%Y-%m-%d %H:%M} UTC"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]
