"""What carries the words of `mm.protocol` to a venue and back: two protocols, one with a loop and one without.

Three rules hold for whoever implements one:

- `send` never waits and never answers. What became of a command arrives later, or never, as a fact.
- A fact may come late, twice, out of order or not at all; a reader must bear all four.
- A read that failed is `ReadFailed`, never an empty answer.
"""

from typing import Protocol

from mm.protocol import Command, Fact


class Exchange(Protocol):
    """A venue, as one account sees it, in virtual time: for simulations and tests."""

    @property
    def now_ms(self) -> int:
        """The time that facts and decisions are made in."""

    def connect(self) -> None:
        """Open the streams. `userFills` begins with a snapshot; `orderUpdates` does not; `LinkUp` says when both stand."""

    def send(self, command: Command) -> None:
        """Send and return at once."""

    def receive(self, until_ms: int) -> Fact | None:
        """The next fact, or None when `until_ms` has come and nothing arrived."""


class AsyncExchange(Protocol):
    """A venue, as one account sees it, on an asyncio loop. It connects again by itself, and says so."""

    @property
    def now_ms(self) -> int:
        """The time that facts and decisions are made in."""

    async def open(self) -> None:
        """Begin to connect. Returns as soon as facts may be received; `LinkUp` says when the streams stand."""

    async def close(self) -> None:
        """Close every socket and end every task. What was sent may still be executed."""

    def send(self, command: Command) -> None:
        """Send and return at once."""

    async def receive(self, until_ms: int) -> Fact | None:
        """The next fact, or None when `until_ms` has come and nothing arrived. May be cancelled without losing one."""

    def receive_now(self) -> Fact | None:
        """The next fact if there is one already, without giving others their turn; None if there is not."""

    def wake(self) -> None:
        """Let a `receive` that waits return now, with None if no fact is there: whoever waits has something else to do."""
