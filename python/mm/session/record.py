"""The record: what the engine was told and what was sent, written before the act; and its replay.

It is kept in memory and append-only, and it is all that survives the death of the maker's process in
the demo. Two kinds of entries: a call to the engine (an intent or a fact, with its arguments), and a
command that is about to be sent. Replay makes the calls again on a fresh engine, in order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from mm._core import Engine
from mm.errors import UsageError
from mm.protocol import Action

P = ParamSpec("P")
R = TypeVar("R")
UNTAKEN = (UsageError, TypeError, ValueError, OverflowError)
"""What a call raises that the engine did not take: a rule broken, or an argument of a wrong kind. It changed nothing."""


class Killed(BaseException):
    """The process died, here. Nothing may catch it but whoever starts the next one."""


@dataclass(frozen=True, slots=True)
class Call:
    """The engine is told this."""

    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sending:
    """This is about to be sent."""

    action: Action


class Record:
    """Append-only. `die_after(n)` lets the process die right after the n-th entry from now is written."""

    def __init__(self) -> None:
        self._entries: list[Call | Sending] = []
        self._left: int | None = None

    def append(self, entry: Call | Sending) -> None:
        """Write one entry, before what it says is done."""
        self._entries.append(entry)
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._left = None
                raise Killed

    def die_after(self, entries: int) -> None:
        """Arrange the death, or with 0 call it off."""
        self._left = entries or None

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Call | Sending]:
        return iter(self._entries)


class Unrecorded(Record):
    """Keeps nothing: for whoever does not need to survive his own death."""

    def append(self, entry: Call | Sending) -> None:
        """Let it go."""


class Recorded:
    """The engine behind its record: it is told nothing that was not written first."""

    def __init__(self, fresh: Callable[[], Engine], record: Record) -> None:
        self.record = record
        self.last_nonce = 0
        """The highest nonce that was sent or about to be; the next one is above it."""
        self.applied = 0
        """How many of the record's entries the engine has taken in."""
        self.view = fresh()
        """The engine itself, for looking: whatever changes it goes through `tell`."""

    def tell(self, method: Callable[Concatenate[Engine, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Write the call, then make it. One that was not taken has changed nothing, and does so again in replay."""
        self.record.append(Call(method.__name__, args, kwargs))
        self.applied += 1
        return method(self.view, *args, **kwargs)

    def sending(self, action: Action) -> None:
        """Write that this is about to be sent."""
        self.record.append(Sending(action))
        self.last_nonce = max(self.last_nonce, action.nonce)
        self.applied += 1

    def replay(self, until: int | None = None) -> None:
        """Make the record's calls that were not made yet, up to entry `until`."""
        for entry in list(self.record)[self.applied : until]:
            self.applied += 1
            if isinstance(entry, Sending):
                self.last_nonce = max(self.last_nonce, entry.action.nonce)
            else:
                try:
                    getattr(self.view, entry.method)(*entry.args, **entry.kwargs)
                except UNTAKEN:
                    continue  # refused then, refused now: it changed nothing

    def last(self, method: str) -> Call | None:
        """The last call of this method, if there was one."""
        calls = (e for e in reversed(list(self.record)) if isinstance(e, Call) and e.method == method)
        return next(calls, None)

    def cancelled(self) -> set[str]:
        """The names of all orders that were to be cancelled, and were not moved since: whoever moves one wants it."""
        names: set[str] = set()
        for entry in self.record:
            if isinstance(entry, Call) and entry.args and isinstance(entry.args[0], str):
                if entry.method == "initiate_cancel":
                    names.add(entry.args[0])
                elif entry.method == "initiate_modify":
                    names.discard(entry.args[0])
        return names

    def sent(self) -> dict[int, Action]:
        """All actions that were sent or about to be, by nonce."""
        return {entry.action.nonce: entry.action for entry in self.record if isinstance(entry, Sending)}
