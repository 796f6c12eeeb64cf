"""One account's session with a venue, without I/O.

`record` (written before the act, and replayed), `core` (what the parts share), `desk` (requests and
their answers), `cancels` (kept until the order is gone), `silence` (requests without an answer), `reads`
(questions), `gate` (the catch-up), `watch` (what is looked at again and again), `session` (the whole).
"""

from mm.session.core import dex_of, name_of
from mm.session.counts import Counts
from mm.session.desk import Edit, Wish
from mm.session.events import Escalated, Event, Fate, GateMoved, Held, How, Phase, Released, Surprised
from mm.session.record import Call, Killed, Record, Recorded, Sending, Unrecorded
from mm.session.rules import Outlet, Rules
from mm.session.session import Session

__all__ = [
    "Call",
    "Counts",
    "Edit",
    "Escalated",
    "Event",
    "Fate",
    "GateMoved",
    "Held",
    "How",
    "Killed",
    "Outlet",
    "Phase",
    "Record",
    "Recorded",
    "Released",
    "Rules",
    "Sending",
    "Session",
    "Surprised",
    "Unrecorded",
    "Wish",
    "dex_of",
    "name_of",
]
