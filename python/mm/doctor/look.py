"""Reading answers strictly, by `mm.wire.reader`: a value is what it should be, or the place and the reason are told."""

import re

from mm.doctor.facts import LIMITED, Unread
from mm.errors import Unreadable
from mm.wire.reader import Value

AGAIN = "run mm doctor again"
SHOWN = 40
"""So many characters of a venue's text are repeated to the operator."""


def look(answer: object, path: str) -> Value:
    """The answer, to be read. Raises `Unreadable` if there is none."""
    if isinstance(answer, Unread):
        raise Unreadable(f"{path}: {answer.why}.", field=path, reason=answer.why)
    return Value(answer, path)


def said(value: Value) -> str:
    """A text of the venue's for people: printable, and not longer than a few words."""
    return shown(value.text())


def why(complaint: Unreadable) -> str:
    """The complaint as a part of a sentence."""
    return str(complaint).removesuffix(".")


def again(complaint: Unreadable, otherwise: str = AGAIN) -> str:
    """What to do about an answer that did not come; `otherwise` where one came, and was not what it should be."""
    if complaint.reason == LIMITED:
        return "wait a minute, stop what else asks from this address, and run mm doctor again"
    # `look` puts a colon where there was no answer; what is said of an answer has none.
    return AGAIN if str(complaint).startswith(f"{complaint.field}: ") else otherwise


def shown(text: str, most: int = SHOWN) -> str:
    """Text of somebody else, fit for a terminal: control characters replaced, and cut."""
    clean = "".join(char if char.isprintable() else "?" for char in text)
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"


def is_address(text: str) -> bool:
    """`0x` and 40 hexadecimal digits, in either case."""
    return re.fullmatch(r"0x[0-9a-fA-F]{40}", text) is not None
