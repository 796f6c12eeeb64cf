"""What a check found: one line, and the remedy in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. `FAIL` and `UNREAD` make the command end with 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNREAD = "unread"
    """It could not be read, so nothing is known: that is never "fine"."""


Value = str | int | bool | None
"""What the machine-readable part of a finding may hold. Amounts are decimal text, times milliseconds."""

Data = dict[str, Value]


NOT_NAMED: Data = {"named": False}
"""The data of a finding that says only that nothing was named to be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report.

    `check` is a fixed name that a script may rely on, `subject` the coin or dex that it is about (or the empty text),
    `text` what was found, `fix` what to do about it (never empty unless the level is `OK`), `data` the same numbers
    for a program.
    """

    check: str
    level: Level
    text: str
    fix: str = ""
    subject: str = ""
    data: Mapping[str, Value] = field(default_factory=dict)


Findings = Iterator[Finding]


def ok(check: str, text: str, data: Data | None = None, *, subject: str = "") -> Finding:
    """As it should be."""
    return Finding(check=check, level=Level.OK, text=text, subject=subject, data=data or {})


def warn(check: str, text: str, fix: str, data: Data | None = None, *, subject: str = "") -> Finding:
    """Worth knowing before money is at stake; the command still ends with 0."""
    return Finding(check=check, level=Level.WARN, text=text, fix=fix, subject=subject, data=data or {})


def fail(check: str, text: str, fix: str, data: Data | None = None, *, subject: str = "") -> Finding:
    """Not fit: the command ends with 1."""
    return Finding(check=check, level=Level.FAIL, text=text, fix=fix, subject=subject, data=data or {})


def unread(check: str, text: str, fix: str, data: Data | None = None, *, subject: str = "") -> Finding:
    """Nothing is known, which is not the same as nothing is wrong: the command ends with 1."""
    return Finding(check=check, level=Level.UNREAD, text=text, fix=fix, subject=subject, data=data or {})


def is_fit(findings: Iterator[Finding] | list[Finding]) -> bool:
    """Whether the command may end with 0."""
    return all(found.level in (Level.OK, Level.WARN) for found in findings)
