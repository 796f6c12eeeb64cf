"""A request on its way: its items, and how far the search for its fate has come. Data, and two small functions."""

from dataclasses import dataclass, field
from decimal import Decimal

from mm._core import CancelRequest
from mm.protocol import (
    ActionError,
    Cancel,
    Filled,
    Garbled,
    ItemError,
    Modify,
    Outcome,
    Place,
    Resting,
    ScheduleCancel,
    UpdateLeverage,
)

DUPLICATE_NONCE = "Invalid nonce: duplicate nonce"
Sent = Place | Modify | Cancel | ScheduleCancel | UpdateLeverage


@dataclass(slots=True)
class Item:
    """One order of a request. `name` is the order's, `cloid` the leg's that the request makes or cancels."""

    name: str
    cloid: str
    oid: int | None = None
    """The leg that a modify replaces, or that is cancelled."""
    request: CancelRequest | None = None
    wanted: Decimal | None = None
    wish: int | str | None = None
    """For a cancel: the order, by name, or the leg, by oid, that somebody wants gone."""
    settled: bool = False
    """An answer told its fate, or evidence did."""
    doubted: bool = False
    """The engine was told that no answer came."""
    missing_ms: int | None = None
    """When it was asked that the venue first did not know it, after the nonce was spent."""


@dataclass(slots=True)
class Flight:
    """One request: one nonce, which executes at most once."""

    action: Sent
    items: list[Item]
    due_ms: int
    ahead_ms: int = 0
    """By so much the venue's time was thought to be ahead of ours: it may have been sent with an expiry as much later."""
    tries: int = 0
    copies: int = 1
    """How often its bytes were sent. Of several copies one may be refused and another still execute."""
    refused: int = 0
    """How many copies were answered with a refusal that is their own: they did not execute."""
    executed: bool = False
    """An answer told that a part of it executed: then every outcome of that answer is the venue's last word."""
    fences: int = 0
    spent_ms: int | None = None
    """From then on its nonce is spent, or its expiry past: whether it executed before is another question."""
    expired: bool = False
    """By the venue's own time it can execute no more."""
    told: bool = field(default=False)
    """Somebody was told that it takes too long."""

    @property
    def kind(self) -> str:
        """`place`, `modify`, `cancel` ..., for people and for `Fate`."""
        return KINDS[type(self.action)]

    @property
    def silent(self) -> bool:
        """Whether its answer did not come in time."""
        return self.tries > 0

    @property
    def ambiguous(self) -> bool:
        """Whether a copy may have executed though another one was refused."""
        return self.refused < self.copies and not self.executed

    def hear(self, outcomes: tuple[Outcome, ...]) -> None:
        """An answer to one copy."""
        if any(isinstance(outcome, Resting | Filled) for outcome in outcomes):
            self.executed = True
        elif outcomes and all(isinstance(o, ItemError | ActionError) and not is_duplicate(o) for o in outcomes):
            self.refused += 1

    def unsettled(self) -> list[Item]:
        """Items whose fate is still open."""
        return [item for item in self.items if not item.settled]


KINDS: dict[type, str] = {
    Place: "place",
    Modify: "modify",
    Cancel: "cancel",
    ScheduleCancel: "scheduleCancel",
    UpdateLeverage: "updateLeverage",
}


def is_duplicate(outcome: Outcome) -> bool:
    """Whether the venue says that the nonce was spent before."""
    return isinstance(outcome, ActionError | ItemError) and outcome.text.startswith(DUPLICATE_NONCE)


def by_position(outcomes: tuple[Outcome, ...], count: int) -> list[Outcome | None]:
    """One outcome for each of `count` items; None where the answer has none (I13).

    A single error stands for all. Any other difference in length says nothing of anyone: which of them
    is missing cannot be known (protocol 3.1).
    """
    if len(outcomes) == count:
        return list(outcomes)
    if len(outcomes) == 1 and isinstance(outcomes[0], ItemError | ActionError | Garbled):
        return [outcomes[0]] * count
    return [None] * count
