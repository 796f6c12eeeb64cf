"""The link: commands in, facts out, over the network. What `AsyncExchange` promises, kept on real sockets.

One WebSocket carries the streams and the actions; whatever cannot go that way goes by REST, as the same signed bytes. What
became of a command comes as a fact, or never: then it is not known, and the session finds out (resend, noop, ask). Only
what certainly never left is `NotSent`.

Nothing here decides what to trade. The link refuses by itself only new risk: orders that do more than reduce, when a
limit would be passed, when the clocks disagree, or while nobody would see what becomes of them.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, cast, get_args

from mm._core import wire
from mm._core.sign import Signer
from mm.errors import BadInput, EngineFault, MmError, NotSent, OutcomeUnknown, UsageError, VenueError
from mm.exchange.hyperliquid import encode, link_reads, link_start, socket
from mm.exchange.hyperliquid.encode import Question, Signed
from mm.exchange.hyperliquid.forks import not_in_a_child
from mm.exchange.hyperliquid.limits import AddressBudget, Limits, Need, action_weight, query_weight
from mm.exchange.hyperliquid.link_answers import outcomes
from mm.exchange.hyperliquid.link_bell import Bell
from mm.exchange.hyperliquid.link_clock import Clock, Skew
from mm.exchange.hyperliquid.link_held import Held, Nonces
from mm.exchange.hyperliquid.link_line import Connect, Line
from mm.exchange.hyperliquid.link_settings import Settings
from mm.exchange.hyperliquid.rest import Asks, Rest
from mm.protocol import (
    Action,
    ActionError,
    Answer,
    AskRateLimit,
    Cancel,
    Command,
    Fact,
    Frame,
    Fresh,
    LinkDown,
    LinkUp,
    Market,
    Noop,
    Outcome,
    Query,
    RateLimitReply,
    ReadFailed,
    Resend,
    ScheduleCancel,
    Stale,
    Warned,
)
from mm.protocol import NotSent as NeverLeft

__all__ = ["Link"]

_ACTIONS = frozenset(get_args(Action))
_QUERIES = frozenset(get_args(Query))
_UNSIGNABLE = (TypeError, ValueError, OverflowError)
"""What a command of wrong contents raises before anything went out: `UsageError` is among them, and so are Python's own."""
CLOCK_LOOKS = 4
"""After so many of the line's looks, one at the wall clock."""
_STREAMED = (Frame, Market, LinkUp, LinkDown, Stale, Fresh, Warned)
"""Facts of which there is no end. The others answer a command each, and are never dropped before these."""


def _by_the_venue(command: Action, nonce: int, offset_ms: int) -> Action:
    """The same, under this nonce, with its times in the venue's clock: nothing may be late on arrival, or execute too late."""
    if nonce != command.nonce:
        command = replace(command, nonce=nonce)
    if not offset_ms or isinstance(command, Noop | Resend):
        return command
    if isinstance(command, ScheduleCancel) and command.time_ms is not None:
        command = replace(command, time_ms=command.time_ms + offset_ms)
    return replace(command, expires_ms=command.expires_ms + offset_ms)


class Link:
    """One account's connection to the venue.

    `open` and `close` it inside one running loop, or use it as an async context manager. `send` and `receive` are for one
    task. A link that was closed is not opened again.
    """

    def __init__(
        self,
        settings: Settings,
        signer: Signer,
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        rest: Callable[[Settings], Asks] = Rest,
        connect: Connect = socket.connect,
    ) -> None:
        """`limits`, `clock` and `rng` may be shared or given; `rest` and `connect` are the ways out (tests, simulation)."""
        self.settings = settings
        self.limits = limits or Limits()
        """This machine's budgets, shared by all links that have the same."""
        self.budget = AddressBudget()
        """The account's budget of requests."""
        self.skew = Skew()
        self._signer, self._clock, self._rng = signer, clock or Clock(), rng or random.Random()
        self._make_rest, self._connect = rest, connect
        self._facts: deque[Fact] = deque()
        self._bell = Bell()
        self._loop: asyncio.AbstractEventLoop
        self._watching: asyncio.TimerHandle | None = None
        self._held, self._nonces = Held(settings.held_most), Nonces()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._state = "new"
        self._clock_told = ""
        self._clock_asked = False
        self._clock_step_ms = 0
        self._halted: set[str] = set()
        self._assets_ms = 0
        self._markets_doubted = self._markets_awaited = False
        self._special_told: str | None = None
        self._assets: wire.Assets | None = None
        self._newest: wire.Assets | None = None
        self._rest: Asks | None = None
        self._line: Line | None = None

    # --- the face ----------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Milliseconds since 1970; never goes back."""
        return self._clock.now_ms()

    @property
    def venue_offset_ms(self) -> int:
        """The best guess how far the venue's clock is ahead of `now_ms`: what is added to each time in a command, when it is
        signed (`expires_ms`, and the time of a `ScheduleCancel`). Changes whenever the venue's clock is read.
        """
        return self.skew.offset_ms

    @property
    def venue_now_ms(self) -> int:
        """A time that the venue's clock has passed already; behind it by no more than an answer's way. What has expired by
        it can execute no more, whatever our own clock says. It may go back when the venue's clock is read again.
        """
        return self._clock.now_ms() + self.skew.floor_ms

    @property
    def up(self) -> bool:
        """Connected, with the account's streams acknowledged."""
        return self._line is not None and self._line.up

    @property
    def assets(self) -> wire.Assets:
        """The venue's markets. Raises `UsageError` before `open`."""
        if self._assets is None:
            raise UsageError("the link is not open", reason="not open")
        return self._assets

    async def __aenter__(self) -> "Link":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Reads what must be known, checks keys and coins, and starts connecting. `LinkUp` comes later, as a fact.

        Raises `ConfigError` for what is set up wrongly, `VenueError` where the venue cannot be reached in time; nothing
        is left open then.
        """
        if self._state != "new":
            raise UsageError("a link is opened once", reason=self._state)
        self._state, self._loop = "opening", asyncio.get_running_loop()
        not_in_a_child(self)
        settings, ip, clock = self.settings, self.limits.ip, self._clock
        try:
            rest = self._rest = self._make_rest(settings)
            async with asyncio.timeout(settings.open_timeout_ms / 1_000 + 1):
                await link_start.measure_skew(rest, ip, clock, self.skew, settings.open_timeout_ms)
                self._assets_ms = clock.steady_ms()
                self._assets = self._newest = await link_start.read_assets(rest, ip, clock, settings)
                link_start.check_coins(self._assets, settings)
                await link_start.check_keys(rest, ip, clock, settings, self._signer)
            await self._read_budget()
            self._line = Line(settings, self, self.limits, clock, self.skew, rng=self._rng, connect=self._connect)
            self._tell_clock()
            self._start(self._line.run())
            self._start(self._every(settings.clock_every_ms, self._clock_again))
            self._start(self._every(settings.budget_every_ms, self._read_budget))
            self._clock_step_ms = clock.ahead_ms()
            self._watch_clock()
            self._state = "open"
        except TimeoutError as error:
            raise OutcomeUnknown("the venue did not answer in time", reason="no answer") from error
        finally:
            if self._state != "open":
                await self.close()

    async def close(self) -> None:
        """Ends everything: no task, no socket is left. Facts that wait can still be received. May be repeated."""
        if self._state == "forked":
            return  # The sockets are the parent's.
        self._state = "closed"
        try:
            while self._tasks:
                tasks = list(self._tasks)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._tasks.difference_update(tasks)
        finally:  # though whoever closes is cancelled meanwhile
            if self._watching is not None:
                self._watching.cancel()
                self._watching = None
            self._bell.stop()
            self._bell.ring()
            if self._rest is not None:
                await self._rest.close()

    def forked(self) -> None:
        """This is a copy in a child process (reliability P9): nothing is sent by it, and nothing closed."""
        self._state = "forked"

    def send(self, command: Command) -> None:
        """Sends, and returns at once; what became of it comes as a fact, or never.

        Raises `BadInput` for what is no command and `UsageError` when the link is not open; nothing happened then.
        """
        if self._state != "open":
            raise UsageError("the link is not open", reason=self._state)
        kind = type(command)
        if kind in _ACTIONS:
            self._act(cast(Action, command))
        elif kind in _QUERIES:
            self._ask(cast(Query, command))
        else:
            raise BadInput(f"{command!r} is no command", field="command", reason="unknown")

    async def receive(self, until_ms: int) -> Fact | None:
        """The next fact, or None when `until_ms` has come and nothing arrived, or the link is closed.

        Raises `EngineFault`, with the cause, once a part of the link itself has failed and everything before is read.
        """
        facts = self._facts
        if facts:
            return facts.popleft()
        while self._failure is None and self._state == "open":
            left = until_ms - self._clock.now_ms()
            if left <= 0:
                return None
            await self._bell.wait(self._loop, left / 1_000)
            called = self._bell.was_called()
            if facts:
                return facts.popleft()
            if called:
                return None
        if self._failure is not None:
            raise EngineFault(f"the link failed: {self._failure!r}", reason="link") from self._failure
        return None

    def receive_now(self) -> Fact | None:
        """The next fact, if there is one already."""
        return self._facts.popleft() if self._facts else None

    def wake(self) -> None:
        """Let a `receive` that waits return now, with None if no fact is there."""
        self._bell.call()

    # --- facts, for the line ------------------------------------------------------------------------

    def emit(self, fact: Fact) -> None:
        """Puts a fact before the reader. When too many wait, the streams are dropped as a gap that is told."""
        self._facts.append(fact)
        if len(self._facts) > self.settings.facts_most:
            self._overflow()
        self._bell.ring()

    def answered(self, signed: Signed, told: tuple[Outcome, ...]) -> None:
        """The answer to an action."""
        if not signed.to_noop:
            told = self._held.answered(signed.nonce, told)
        if len(told) == 1 and isinstance(told[0], ActionError):
            self._learn(signed, told[0].text)
        self.emit(Answer(signed.nonce, told, signed.to_noop))

    def came_up(self, epoch: int) -> None:
        """The streams stand. After a reconnect the venue may be another version of itself: its markets are read again."""
        self.emit(LinkUp(epoch))
        for coin in sorted(self._halted):
            self.emit(Stale("markets", coin, 0))  # With the connection before, it was taken back.
        if epoch > 1:
            self.clock_doubted()
            self._markets_doubted = True
            if not self._markets_awaited:
                self._markets_awaited = True
                self._start(self._markets_again())

    def _learn(self, signed: Signed, text: str) -> None:
        """What the refusal of a whole action says of our own accounts (protocol 4.3)."""
        if text.startswith("Too many cumulative requests"):
            self.budget.exhausted()
            self.emit(Warned("budget", text))
        elif text.startswith("Action already expired"):
            self.budget.stale(signed.items)
            self.clock_doubted()
        elif text.startswith("Invalid nonce") and "duplicate" not in text:
            self.emit(Warned("clock", text))
            self.clock_doubted()

    def clock_doubted(self) -> None:
        """The venue's clock may not be where it was taken to be: it is read now."""
        if not self._clock_asked and self._state == "open" and self._failure is None:
            self._clock_asked = True
            self._start(self._read_clock())

    def fail(self, error: BaseException) -> None:
        """A part of the link failed by its own fault. All of it ends, and the reader is told; only cancels can still be
        sent, by REST.
        """
        if self._failure is None:
            self._failure = error
            for task in self._tasks:
                task.cancel()
        self._bell.ring()

    def _overflow(self) -> None:
        kept = [fact for fact in self._facts if not isinstance(fact, _STREAMED)]
        if len(kept) > self.settings.facts_most // 2:
            # Not read for ages: the answers are not kept either, and those who asked find out by asking again.
            kept = []
        self._facts.clear()
        self._facts.extend(kept)
        if self._line is not None:
            self._line.lost("overflow")
        # The lost connection takes back what was told of its streams. The clock is no stream of it: told again.
        stops = self.skew.stops
        self._facts.append(Stale("clock", None, abs(self.skew.offset_ms)) if stops else Fresh("clock", None))

    # --- actions --------------------------------------------------------------------------------------

    def _act(self, command: Action) -> None:
        try:
            signed = self._signed(command)
            if isinstance(signed, str):
                self.emit(NeverLeft(command.nonce, signed))
                return
        except _UNSIGNABLE as error:
            self.emit(NeverLeft(command.nonce, str(error)))
            return
        now = self._clock.steady_ms()
        why = self._refusal(signed, now)
        if why:
            self.emit(NeverLeft(command.nonce, why))
            return
        again = isinstance(command, Resend)
        if again:
            self._held.copy(signed.nonce)
        else:
            self._held.keep(signed)
        assert self._line is not None
        # What was not answered on this WebSocket is asked for elsewhere, and a cancel made anew goes there, too: it may be
        # dead without our knowing yet.
        by_rest = (again or signed.to_noop) and self._line.unanswered(signed.nonce)
        by_rest = by_rest or (type(command) is Cancel and self._line.doubtful(now))
        if by_rest or not self._line.post(signed, now):
            self._start(self._by_rest(signed))

    def _signed(self, command: Action) -> Signed | str:
        if isinstance(command, Resend):
            held = self._held.get(command.nonce)
            if held is None:
                return "nothing that is unsettled was sent under this nonce"
            if held.need is not Need.PROTECT and self.limits.ip.paused(self._clock.steady_ms()):
                return "the venue refused for the weight of this machine's address a moment ago"
            return Signed(held.nonce, held.body, held.items, Need.PROTECT, held.expires_ms)
        if type(command.nonce) is not int:
            raise BadInput(f"a nonce is a whole number, not {command.nonce!r}", field="nonce", reason="not whole")
        nonce, most = command.nonce, self.skew.highest_nonce(self._clock.now_ms())
        if isinstance(command, Noop):
            # As it was signed for the action that it stands for: any other would say nothing of that one.
            nonce = self._nonces.of(nonce)
        elif nonce > most:
            # Only what nobody will stand a noop for, perhaps after a restart: of the new number only this process knows.
            if not isinstance(command, Cancel | ScheduleCancel):
                return "the nonce is too far ahead of the venue's time"
            nonce = self._nonces.lower(nonce, most)
        if self._halted and (coin := encode.coins(command) & self._halted):
            return f"{min(coin)} is halted: the venue's market is not what it was"
        assets = self._markets_of(command)
        signed = encode.sign(_by_the_venue(command, nonce, self.skew.offset_ms), self._signer, assets)
        self._nonces.add(nonce)
        signed.nonce = command.nonce
        return signed

    def _markets_of(self, command: Action) -> wire.Assets:
        """Those that it was decided by. A cancel names the market as it is now, if its number is another one (X17, I20)."""
        newest = self._newest
        if type(command) is Cancel and newest is not None and all(one.coin in newest for one in command.targets):
            return newest
        return self.assets

    def _refusal(self, signed: Signed, now: int) -> str:
        """Why it may not go out now, or nothing; it is counted then. Cancels and what reduces always go (I20)."""
        assert self._line is not None
        if signed.need is not Need.PROTECT:
            if self.skew.stops:
                return f"the clocks are {self.skew.offset_ms} ms apart"
            if not self._line.up:
                return "the link is down"
            if self._held.full(self._clock.now_ms()):
                return "too many actions are unsettled"
            if len(self._tasks) > self.settings.requests_most:
                return "too many requests are under way"
        weight = action_weight(signed.items)
        entry = self.limits.ip.admit(now, weight, signed.need)
        if entry is None:
            return "the weight of this machine's address is used up but for the reserve"
        if not self.budget.admit(now, signed.items, signed.need):
            self.limits.ip.settle(entry, weight, 0)
            return "the account's requests are used up but for the reserve"
        return ""

    async def _by_rest(self, signed: Signed) -> None:
        assert self._rest is not None
        try:
            reply = await self._rest.post("/exchange", signed.body, self.settings.post_timeout_ms)
        except NotSent as error:
            if not signed.to_noop:
                self._held.never_left(signed.nonce)
            self.emit(NeverLeft(signed.nonce, str(error)))
        except OutcomeUnknown:
            pass  # It may have arrived: silence is the only true word, and the session asks.
        else:
            if reply.status == 429:
                self.limits.ip.refused(self._clock.steady_ms())
            told = wire.read_answer(reply.body, signed.items, reply.status, reply.content_type)
            self.answered(signed, outcomes(told))

    # --- queries ---------------------------------------------------------------------------------------

    def _ask(self, query: Query) -> None:
        try:
            question = encode.ask(query, self.settings.account, self.assets)
        except _UNSIGNABLE as error:
            self.emit(ReadFailed(query.query, str(error)))
            return
        if len(self._tasks) > self.settings.requests_most:
            self.emit(ReadFailed(query.query, "too many requests are under way"))
            return
        self._start(self._answer(query, question))

    async def _answer(self, query: Query, question: Question) -> None:
        sent = self.budget.sent  # What leaves while the answer is on its way is not in its count.
        try:
            reply = await self._read(query, question)
        except MmError as error:
            self.emit(ReadFailed(query.query, str(error)))
        else:
            if isinstance(reply, RateLimitReply):
                self.budget.told(reply.used, reply.cap, sent)
            self.emit(reply)

    async def _read(self, query: Query, question: Question) -> Any:
        """Asks within the weight that is left, waiting for it as long as the query may. Raises `MmError`."""
        assert self._rest is not None
        steady, ip = self._clock.steady_ms, self.limits.ip
        end = steady() + self.settings.query_timeout_ms
        weight = query_weight(question.type)
        while (entry := ip.admit(steady(), weight, question.need)) is None:
            wait = ip.ready_in_ms(steady(), weight, question.need)
            if steady() + wait >= end:
                raise NotSent("the weight of this machine's address is used up", reason="limit")
            await asyncio.sleep(wait / 1_000)
        rows = 0
        asked_ms = self._clock.now_ms()
        try:
            reply = await self._rest.post("/info", question.body, max(1, end - steady()))
            if reply.status != 200:
                if reply.status == 429:
                    ip.refused(steady())
                raise OutcomeUnknown(f"{question.type}: HTTP {reply.status}", reason="status")
            told, rows = link_reads.read(query, reply.body, self.assets, asked_ms)
        finally:
            ip.settle(entry, weight, query_weight(question.type, rows))
        return told

    # --- what goes on beside ------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    async def _every(self, period_ms: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            await asyncio.sleep(period_ms / 1_000)
            await work()

    def _watch_clock(self) -> None:
        """Looks, from now on, for a step of the wall clock: a machine that was frozen, or a clock that was set."""
        period_s = CLOCK_LOOKS * self.settings.watch_every_ms / 1_000
        self._watching = self._loop.call_later(period_s, self._watch_clock)
        ahead = self._clock.ahead_ms()
        if not self._clock_asked and abs(ahead - self._clock_step_ms) > self.skew.warn_ms:
            self._clock_step_ms = ahead
            self.clock_doubted()

    async def _clock_again(self) -> None:
        self.clock_doubted()

    async def _read_clock(self) -> None:
        assert self._rest is not None
        try:
            special = await link_start.measure_skew(
                self._rest, self.limits.ip, self._clock, self.skew, self.settings.query_timeout_ms
            )
        except VenueError as error:
            self.emit(Warned("clock", f"the venue's clock could not be read: {error}"))
        else:
            if special is not None and special != self._special_told:
                self.emit(Warned("venue", special))
            self._special_told = special
        finally:
            self._clock_asked = False
        self._tell_clock()

    async def _markets_again(self) -> None:
        """Reads the markets after a reconnect, as soon as they may be read again, and again where that failed."""
        try:
            while self._markets_doubted:
                wait = self._assets_ms + self.settings.markets_every_ms - self._clock.steady_ms()
                await asyncio.sleep(max(0, wait) / 1_000)
                self._markets_doubted, self._assets_ms = False, self._clock.steady_ms()
                await self._read_markets()
        finally:
            self._markets_awaited = False

    async def _read_markets(self) -> None:
        """Reads the markets again. One whose number or grid is another now, or that is no more, is halted: what was decided
        fits no more (X17).
        """
        assert self._rest is not None
        try:
            fresh = await link_start.read_assets(self._rest, self.limits.ip, self._clock, self.settings)
        except MmError as error:
            self.emit(Warned("markets", f"the markets could not be read again: {error}"))
            self._markets_doubted = True
            return
        self._newest = fresh
        for old in self.assets:
            if old.name in self._halted or link_start.face(fresh.get(old.name)) == link_start.face(old):
                continue
            self._halted.add(old.name)
            if old.name in self.settings.coins:
                self.emit(
                    Warned("markets", f"{old.name} is not what it was: it is halted until the link is opened anew")
                )
            self.emit(Stale("markets", old.name, 0))

    def _tell_clock(self) -> None:
        """A clock that is off is told when it becomes so, and when it is over."""
        state = "stops" if self.skew.stops else "warns" if self.skew.warns else ""
        if state == self._clock_told:
            return
        if state:
            self.emit(Warned("clock", f"the venue's clock is {self.skew.offset_ms} ms ahead of ours"))
        if state == "stops":
            self.emit(Stale("clock", None, abs(self.skew.offset_ms)))
        elif self._clock_told == "stops":
            self.emit(Fresh("clock", None))
        self._clock_told = state

    async def _read_budget(self) -> None:
        query, sent = AskRateLimit(0), self.budget.sent
        try:
            reply = await self._read(query, encode.ask(query, self.settings.account, self.assets))
        except MmError as error:
            self.emit(Warned("budget", f"the account's requests could not be read: {error}"))
        else:
            self.budget.told(reply.used, reply.cap, sent)
            if self.budget.left < self.budget.reserve:
                self.emit(Warned("budget", f"{self.budget.left} requests are left to the account"))
