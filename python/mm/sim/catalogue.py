"""Every fault there is, in one catalogue: those of the wire (`mm.sim.faults`) and those of the venue (`venue.…`).

A fault of the wire strikes between a client and the server, in our time, and only where there are sockets. One of the
venue strikes inside it, in its own time, in every form in which it runs. Both have a rate, strike on command, are
healed and counted in the same way. Each says which lines of the fault tables N1 to N14 and X1 to X23 it plays
(docs/simulator.md lists the lines).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from mm._core import venue as core
from mm.errors import BadInput
from mm.sim import faults as wire

__all__ = ["CATALOGUE", "Entry", "Faults", "known"]

VENUE = "venue."
"""What the names of the venue's own faults begin with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault."""

    about: str
    lines: tuple[str, ...]
    amount: int = 0
    """Its measure unless told otherwise: milliseconds of a delay, lots of a lie. 0 where it needs none."""


_KINDS = {
    **dict.fromkeys(("lost",), "N1 N14"),
    **dict.fromkeys(("late",), "N2"),
    **dict.fromkeys(("twice",), "N3"),
    **dict.fromkeys(("429",), "N5 X19"),
    **dict.fromkeys(("500", "reset"), "N5"),
    **dict.fromkeys(("reply_lost", "reply_late", "reply_reset"), "N4"),
    "stale": "X9",
}
"""What a fault of a request plays, by the second part of its name. The other `reply_…` are broken answers (N5)."""
_MESSAGES = {"lost": "N7", "late": "N6", "twice": "N6", "swapped": "N6", "truncated": "N5 X22", "corrupt": "N5 X22"}
_SOCKETS = {"refused": "N9", "silent": "N8", "dead": "N8 N14"}


def _lines(name: str) -> str:
    """The lines that a fault of the wire plays."""
    where, _, what = name.partition(".")
    match where:
        case "exchange" | "info" | "post":
            return _KINDS.get(what, "N5")
        case "ws":
            return _SOCKETS.get(what, "N9 N10 N11")
        case "reply":
            return "N4" if what in ("lost", "late", "twice", "swapped") else "N5"
        case _:
            return _MESSAGES[what]


_ABOUT: dict[str, tuple[str, int]] = {
    "broken_502_after": ("an action is executed and answered with 502", 0),
    "broken_502_before": ("a request is answered with 502 and not executed", 0),
    "clock_ahead": ("its clock is ahead, by so many ms", 2_000),
    "count_high": ("`filled` tells so many lots more than were executed", 1),
    "count_low": ("`filled` tells so many lots less, or `resting` though a part is filled", 1),
    "deaf": ("actions arrive, and nothing at all comes back", 0),
    "field_added": ("a fill has a member that nobody knows", 0),
    "field_null": ("a fill's size is null", 0),
    "field_removed": ("a fill lacks its oid", 0),
    "frame_duplicated": ("a message comes twice", 0),
    "frame_late": ("a message is late, by so many ms, and holds up its channel", 1_000),
    "frame_lost": ("a message never comes, and nothing shows it", 0),
    "frame_reordered": ("a message is late, by so many ms, and others overtake it", 300),
    "frame_truncated": ("a message is cut off in the middle", 0),
    "halt": ("no block is committed; once for each block that should be", 0),
    "ids_as_text": ("the ids of fills are texts", 0),
    "info_stale": ("a read is as of so many ms ago", 5_000),
    "meta_changed": ("`meta` tells other decimals than before", 0),
    "modify_cancel_first": ("a modify tells `canceled` of the old order before `open` of the new one", 0),
    "modify_default": ("`batchModify` is answered without oids", 0),
    "order_forgotten": ("`orderStatus` and `historicalOrders` have forgotten the order that ended last", 0),
    "post_only": ("only post-only orders are taken, for so many ms", 10_000),
    "refused_429": ("a request is refused with 429 and not executed", 0),
    "reply_duplicated": ("the answer to a post comes twice", 0),
    "reply_html": ("an answer is a page with status 200; the action was executed", 0),
    "reply_late": ("an answer is late, by so many ms", 1_500),
    "reply_lost": ("an action is executed, and no answer comes", 0),
    "reply_truncated": ("an answer is cut off in the middle; the action was executed", 0),
    "request_duplicated": ("an action arrives twice, so many ms apart", 200),
    "request_late": ("an action arrives late, by so many ms", 1_500),
    "request_lost": ("an action never arrives", 0),
    "socket_dropped": ("a WebSocket breaks without a closing frame", 0),
    "socket_half_open": ("a WebSocket stays open and says nothing more", 0),
    "socket_refused": ("a new WebSocket is closed at once", 0),
    "status_unknown": ("the status of an order that ended is a word that nobody knows", 0),
    "tid_repeated": ("a fill has the tid of the one before it", 0),
    "tid_zero": ("a fill has the tid 0", 0),
    "venue_cancel": ("the venue cancels the oldest live order of its own accord", 0),
}


def _catalogue() -> dict[str, Entry]:
    entries = {name: Entry(fault.about, tuple(_lines(name).split())) for name, fault in wire.CATALOGUE.items()}
    for name, lines in core.faults().items():
        about, amount = _ABOUT.get(name, ("(see mm._core.venue.faults)", 0))  # A test asks for the word.
        entries[VENUE + name] = Entry(about, tuple(lines.split()), amount)
    return entries


CATALOGUE: dict[str, Entry] = _catalogue()
"""Every fault by its name."""


def known(name: str) -> str:
    """The name, if there is such a fault. Raises `BadInput` with those that are spelt like it."""
    if name not in CATALOGUE:
        near = get_close_matches(name, CATALOGUE) or [one for one in CATALOGUE if name and name in one][:5]
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        said = f"there is no fault named {name!r}: {hint}`mm sim faults` lists all"
        raise BadInput(said, field="fault", reason="unknown name")
    return name


class Faults(wire.Faults):
    """What goes wrong on the wire and in one venue, by the names of the catalogue."""

    def __init__(self, venue: core.Venue, seed: int | str = 0, rates: Mapping[str, int] | None = None) -> None:
        self.venue = venue
        super().__init__(seed, rates)

    def rate(self, name: str, rate: int) -> None:
        """From now on it happens `rate` times in a million, by chance."""
        if not known(name).startswith(VENUE):
            super().rate(name, rate)
            return
        if not 0 <= rate <= wire.PER:
            raise BadInput(f"the rate {rate} is not between 0 and {wire.PER}", field="rate", reason="out of range")
        mine = name.removeprefix(VENUE)
        self.venue.heal(mine)
        if rate:
            self.venue.fault(mine, per_million=rate, amount=CATALOGUE[name].amount)

    def inject(self, name: str, times: int = 1, ms: int | None = None) -> None:
        """Let it happen the next `times` times that it can; `ms` is its measure where it has one."""
        if not known(name).startswith(VENUE):
            super().inject(name, times, ms)
            return
        if not 1 <= times <= wire.PER or (ms is not None and not 0 <= ms <= 600_000):
            raise BadInput("times or ms is out of range", field="times" if ms is None else "ms", reason="out of range")
        amount = CATALOGUE[name].amount if ms is None else ms
        self.venue.fault(name.removeprefix(VENUE), times=times, amount=amount)

    def heal(self) -> None:
        """No more faults, by chance or on command, until told otherwise."""
        super().heal()
        self.venue.heal()

    def count(self) -> Counter[str]:
        """How often each has happened, those of the venue too."""
        return self.counts + Counter({VENUE + name: times for name, times in self.venue.struck().items()})
