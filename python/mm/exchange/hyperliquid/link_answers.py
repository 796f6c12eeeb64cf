"""Answers to actions, in the words of the protocol."""

from mm._core import wire
from mm.protocol import ActionError, Done, Filled, Garbled, ItemError, Outcome, Resting, Waiting

__all__ = ["outcomes"]


def outcomes(told: tuple[object, ...]) -> tuple[Outcome, ...]:
    """What the reader of the wire made of an answer, as the session knows it."""
    return tuple(map(_outcome, told))


def _outcome(told: object) -> Outcome:
    match told:
        case wire.Resting():
            return Resting(told.oid)
        case wire.Filled():
            return Filled(told.oid, told.total_sz, told.avg_px)
        case wire.Done():
            return Done()
        case wire.Waiting():
            return Waiting()
        case wire.ItemError():
            return ItemError(told.text)
        case wire.ActionError():
            return ActionError(told.text)
        case wire.Garbled():
            return Garbled(told.text)
    raise TypeError(f"an outcome of a kind that is not known: {told!r}")
