"""An `AsyncExchange` that says what a test wants, in virtual time; reads are answered truthfully at once."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from mm._core.wire import Assets
from mm.exchange.hyperliquid.client import Hyperliquid
from mm.protocol import (
    Action,
    Answer,
    AskInfo,
    AskRateLimit,
    Cancel,
    Command,
    Done,
    Fact,
    InfoReply,
    ItemError,
    LinkUp,
    Modify,
    Outcome,
    Place,
    Query,
    RateLimitReply,
    Resting,
)
from tests.session.script import ME, START, Venue

T = TypeVar("T")
COINS = ("BTC", "ETH")
RATE = "Too many cumulative requests sent (97460 > 97456) for cumulative volume traded $87457.46."
NOBODY = "User or API Wallet 0x6d6d00000000000000000000000000000000de32 does not exist."
GONE = "Order was never placed, already canceled, or filled. asset=0"


META = json.dumps({"universe": [{"name": coin, "szDecimals": 2, "maxLeverage": 10} for coin in COINS]}).encode()


class Fake(Venue):
    """Everything rests and everything is cancelled, unless a test says otherwise."""

    assets = Assets(META)

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = START
        self.sent: list[Command] = []
        self.facts: deque[Fact] = deque()
        self.answers: Callable[[Action], Iterable[Fact]] = self.kind
        self.replies: Callable[[Query], Fact] = self.reply
        self.opened = self.closed = 0
        self._oid = 100

    @property
    def now(self) -> int:
        return self.now_ms

    async def open(self) -> None:
        self.opened += 1
        self.facts += [self.snapshot(), LinkUp(self.opened)]

    async def close(self) -> None:
        self.closed += 1

    def send(self, command: Command) -> None:
        self.sent.append(command)
        if isinstance(command, Query):
            self.facts.append(self.replies(command))
        else:
            self.facts += self.answers(command)

    def receive_now(self) -> Fact | None:
        return self.facts.popleft() if self.facts else None

    def wake(self) -> None:
        pass

    async def receive(self, until_ms: int) -> Fact | None:
        await asyncio.sleep(0)
        if self.facts:
            return self.facts.popleft()
        self.now_ms = max(self.now_ms, until_ms)
        return None

    def reply(self, query: Query) -> Fact:
        match query:
            case AskInfo(query=number, body=body):
                return InfoReply(number, body)
            case AskRateLimit(query=number):
                return RateLimitReply(number, 1, 10_000, 0, "0.0")
        return super().reply(query)

    def kind(self, action: Action) -> list[Fact]:
        """What a venue says that likes everything."""
        match action:
            case Place(nonce=nonce, orders=orders):
                return [Answer(nonce, tuple(Resting(self._rest(order)) for order in orders))]
            case Modify(nonce=nonce, changes=changes):
                for change in changes:
                    self.end(change.oid)
                return [Answer(nonce, tuple(Resting(self._rest(change.order)) for change in changes))]
            case Cancel(nonce=nonce, targets=targets):
                keys = [target.oid if target.oid is not None else target.cloid or "" for target in targets]
                return [Answer(nonce, tuple(self._cancel(key) for key in keys))]
        return [Answer(action.nonce, (Done(),))]

    def end(self, key: int | str, status: str = "canceled") -> None:
        """An order ends."""
        row = self.rows.get(key)
        if row is not None:
            ended = type(row)(**{**_fields(row), "status": status})
            self.rows[row.oid] = self.rows[row.cloid or ""] = ended

    def _cancel(self, key: int | str) -> Outcome:
        row = self.rows.get(key)
        if row is None or row.status != "open":
            return ItemError("Order was never placed, already canceled, or filled. asset=0")
        self.end(key)
        return Done()

    def _rest(self, order: Any) -> int:
        self._oid += 1
        self.row(order, self._oid, "open")
        return self._oid

    def client(self, **settings: Any) -> Hyperliquid:
        return Hyperliquid(account=ME, exchange=self, coins=COINS, **settings)

    def of(self, kind: type[T]) -> list[T]:
        """What was sent, of this kind."""
        return [command for command in self.sent if isinstance(command, kind)]


def answering(fake: Fake, kind: type, *facts: object) -> None:
    """These facts answer actions of this kind: an outcome, or a function of the nonce."""

    def answers(action: Action) -> Iterable[Fact]:
        if not isinstance(action, kind):
            return fake.kind(action)
        return [fact(action.nonce) for fact in facts]  # type: ignore[operator]

    fake.answers = answers


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run a story on a loop of its own, bounded in real time; no task of it may be left."""

    async def whole() -> T:
        result = await asyncio.wait_for(story, 30)
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return result

    return asyncio.run(whole())


async def until(condition: Callable[[], object]) -> None:
    """Let the others have their turns until this holds."""
    while not condition():  # noqa: ASYNC110 - the condition is about a fake that knows no events
        await asyncio.sleep(0)
