"""After a modify: from what is known to the next intents, as a pure function.

A modify is a cancel and a placement in one request, and each half can fail on its own. The answer's
words tell which half to look at, never what became of the order: that comes from evidence, and the
engine holds it as the order's state. So one question is asked again whenever anything about the order
changed, `next_intents(known, policy)`, and the same knowledge gives the same intents.

    new leg lives                  settled; too large (a fill raced): shrink it, or cancel it, at once
    old leg gone, filled           settled: nothing replaces what was filled
    old leg gone, new one refused  place anew what is still wanted, when the order is closed
    old leg gone otherwise         settled: whoever cancelled it does not want it back
    old leg untouched              cancel it by oid, wait for its end, place anew what is still wanted
    unknown                        ask; nothing new is placed for it meanwhile

The venue's words pass through `classify_modify_error` only; a text that is not in that table is unknown.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from mm._core import ModifyOutcome, OrderState, Side, classify_modify_error
from mm.intents import Await, GiveUp, Inquire, Intent, Move, Pull, Put, Settled


class Verdict(Enum):
    """What the answer to a modify says of the old leg, before any evidence."""

    REPLACED = "replaced"
    OLD_GONE = "gone"
    OLD_GONE_NEW_REFUSED = "gone, new refused"
    OLD_UNTOUCHED = "untouched"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the maker wants in a fallback, and where its patience ends."""

    min_notional: Decimal = Decimal(10)
    shrink: bool = True
    """Whether a leg that became too large is shrunk (where the rest may still be quoted) or cancelled."""
    max_asks: int = 20
    max_cancels: int = 10
    max_waits: int = 300
    """So many looks, a second apart, while it waits for the end of a cancel."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one modify at one moment, from the answer and the streams together."""

    name: str
    side: Side
    verdict: Verdict
    state: OrderState
    modifying: bool
    """The engine still counts both legs: no evidence has settled the modify."""
    on_new_leg: bool
    """The order's current leg is the one that the modify asked for."""
    px: Decimal
    leaves: Decimal
    wanted: Decimal
    """The total that was wanted over the order's life when the modify was sent."""
    executed: Decimal
    excess: Decimal = Decimal(0)
    """By how much the live leg can execute more than that."""
    target: Decimal | None = None
    """The price at which the rest is wanted now; None when it is not wanted any more."""
    asks: int = 0
    cancels: int = 0
    waits: int = 0
    cancelling: bool = False
    """A cancel of it goes on until it is gone, whoever asked for it."""
    pulled: bool = False
    """It was this fallback's own cancel that ended it."""
    stopped: bool = False
    """Somebody wants it gone, or leaves: nothing is placed for it any more."""


def verdict_of(text: str) -> Verdict:
    """The verdict of a refused modify, by the venue's words; words not in the table are `UNKNOWN`."""
    match classify_modify_error(text):
        case ModifyOutcome.OldGone:
            return Verdict.OLD_GONE
        case ModifyOutcome.OldGoneNewRefused:
            return Verdict.OLD_GONE_NEW_REFUSED
        case ModifyOutcome.OldUntouched:
            return Verdict.OLD_UNTOUCHED
        case _:
            return Verdict.UNKNOWN


def next_intents(known: Known, policy: Policy) -> tuple[Intent, ...]:
    """What to do now. Pure: no clock, no memory, no call to anyone."""
    state = known.state
    if state.is_terminal:
        return (_after_the_end(known, policy),)
    if state == OrderState.CancelPending:
        return (_wait(known, policy, "its cancel is under way"),)
    if state == OrderState.CancelConfirmed:
        return (_wait(known, policy, "late fills may still come"),)
    if known.modifying or not state.is_active:
        return (_ask(known, policy, "what became of it is not known"),)
    return (_while_it_lives(known, policy),)


def _while_it_lives(known: Known, policy: Policy) -> Intent:
    """The order is proven live, on one leg."""
    if known.stopped:
        return Settled(known.name, "it is somebody else's to end")
    if known.cancelling:
        return _wait(known, policy, "its cancel goes on")
    if known.excess > 0:
        rest = known.leaves - known.excess
        if policy.shrink and rest * known.px >= policy.min_notional:
            return Move(known.name, known.px, known.wanted)
        return Pull(known.name, "a fill raced the modify: too large")
    if known.on_new_leg:
        return Settled(known.name, "replaced")
    if known.verdict in (Verdict.OLD_UNTOUCHED, Verdict.UNKNOWN):
        if known.cancels >= policy.max_cancels:
            return GiveUp(known.name, "its cancel does not get through")
        return Pull(known.name, "the modify was refused: cancel and place anew")
    # The answer says that the old leg is gone, the evidence that it lives. Words are not evidence.
    return _ask(known, policy, "called gone, but it lives")


def _after_the_end(known: Known, policy: Policy) -> Intent:
    """The order is closed, with what it executed."""
    rest = known.wanted - known.executed
    if rest <= 0:
        return Settled(known.name, "filled: nothing to replace")
    if known.target is None:
        return Settled(known.name, "closed, and no longer wanted")
    # Who ended it decides. What another (a caller, the venue, its switch) has cancelled is not wanted any more.
    if known.stopped or not (known.pulled or known.verdict is Verdict.OLD_GONE_NEW_REFUSED):
        return Settled(known.name, "closed, and not by this modify")
    if rest * known.target < policy.min_notional:
        return Settled(known.name, "closed; the rest is below the minimum value")
    return Put(known.side, known.target, rest)


def _wait(known: Known, policy: Policy, why: str) -> Intent:
    if known.waits >= policy.max_waits:
        return GiveUp(known.name, f"waited {known.waits} times: {why}")
    return Await(known.name, why)


def _ask(known: Known, policy: Policy, why: str) -> Intent:
    if known.asks >= policy.max_asks:
        return GiveUp(known.name, f"asked {known.asks} times: {why}")
    return Inquire(known.name, why)
