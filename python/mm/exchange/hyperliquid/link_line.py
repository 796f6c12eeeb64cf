"""The line: one WebSocket after the other, supervised for as long as the link is open.

Connect under the venue's limits, subscribe to everything, have it acknowledged, listen, notice silence, end, wait, again.
Whatever ends a connection ends it in the same way: the line is down, told once, and a new one is made. A connection that
is up but lost something (a frame that cannot be read, a reader that lags) is ended, too: only a new one brings snapshots.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from mm._core import wire
from mm.errors import NotSent
from mm.exchange.hyperliquid import socket
from mm.exchange.hyperliquid.encode import Signed, post_message
from mm.exchange.hyperliquid.limits import Limits, Need
from mm.exchange.hyperliquid.link_answers import outcomes
from mm.exchange.hyperliquid.link_clock import Clock, Skew
from mm.exchange.hyperliquid.link_held import Post, Posts
from mm.exchange.hyperliquid.link_settings import Settings
from mm.exchange.hyperliquid.link_streams import Stream, Streams
from mm.protocol import Fact, Frame, Fresh, Garbled, LinkDown, Market, Outcome, Stale, Warned

__all__ = ["Connect", "Line"]

_PING = b'{"method":"ping"}'
_CHANNEL = re.compile(rb'"channel"\s*:\s*"(\w+)"')
_PUBLIC = frozenset({b"bbo", b"l2Book", b"trades", b"activeAssetCtx", b"activeSpotAssetCtx", b"allMids"})

_DOUBT_EVERY_MS = 1_000
"""However odd the times of blocks are, the venue's clock is not asked for more often on their account."""
_LOOKS_SPARED = 4
"""So many looks make one while nothing can be due."""
_BOOKS: dict[type, str] = {wire.Bbo: "bbo", wire.L2Book: "l2Book"}

Connect = Callable[..., Awaitable[socket.Socket]]
"""What opens a WebSocket: `socket.connect`, or another of its shape."""


class Owner(Protocol):
    """What the line tells its link."""

    def emit(self, fact: Fact) -> None:
        """A fact for the reader."""

    def answered(self, signed: Signed, told: tuple[Outcome, ...]) -> None:
        """The answer to an action came."""

    def came_up(self, epoch: int) -> None:
        """Connected, and the account's streams are acknowledged."""

    def clock_doubted(self) -> None:
        """The venue's clock is not where it was taken to be."""

    def fail(self, error: BaseException) -> None:
        """Something is broken in ourselves."""


class Line:
    """The supervised WebSocket of a link. Made inside the loop; `run` is its one task."""

    def __init__(
        self,
        settings: Settings,
        owner: Owner,
        limits: Limits,
        clock: Clock,
        skew: Skew,
        *,
        rng: random.Random,
        connect: Connect = socket.connect,
    ) -> None:
        self._settings, self._owner, self._sockets, self._ip = settings, owner, limits.sockets, limits.ip
        self._clock, self._skew, self._rng, self._connect = clock, skew, rng, connect
        self._steady = clock.steady_ms
        self._streams = Streams(settings.account, settings.coins, settings.feeds, settings.stale_ms)
        self._posts = Posts()
        self._socket: socket.Socket | None = None
        self._ended: asyncio.Future[str] | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._why = ""
        self._by_venue = True
        self._told_down = False
        self._warned: set[str] = set()
        self._subscribed = 0
        self._subscribing = False
        self._block_ms = self._block_at = self._future_ms = 0
        self._doubt, self._doubted_ms = False, -_DOUBT_EVERY_MS
        self._still = self._still_told = False
        self._up_ms: int | None = None
        self._heard_ms = self._pinged_ms = self._judged_ms = 0
        self._pause_ms = settings.watch_every_ms
        self._ping_ms: int | None = None
        self.epoch = 0
        self.attempts = 0
        """Failures since the last recovery."""

    @property
    def up(self) -> bool:
        """Connected, and the account's streams are acknowledged."""
        return self._up_ms is not None

    # --- sending ---------------------------------------------------------------------------------

    def post(self, signed: Signed, now_ms: int) -> bool:
        """Sends an action, at `now_ms` of the steady clock. False: it must go another way, and certainly no byte of it left here."""
        if self._socket is None or not self._sockets.admit_post(now_ms, signed.need):
            return False
        number = self._posts.next_id()
        if not self._socket.send(post_message(number, signed.body)):
            self._sockets.post_done()
            return False
        self._posts.add(number, Post(signed, now_ms + self._settings.post_timeout_ms))
        return True

    def doubtful(self, now_ms: int) -> bool:
        """An answer is so late that this connection may be dead without our knowing yet (reliability N8, N14)."""
        until = self._posts.oldest_until_ms()
        return until is not None and now_ms >= until - self._settings.post_timeout_ms + self._settings.doubt_ms

    def unanswered(self, nonce: int) -> bool:
        """An action or noop of this nonce went this way, and its answer has not come."""
        return self._posts.holds(nonce)

    def _send(self, message: bytes, need: Need) -> bool:
        """Sends what is no action, counted; False: not now."""
        now = self._steady()
        if self._socket is None or self._sockets.message_in_ms(now, need) or not self._socket.send(message):
            return False
        self._sockets.sent(now)
        return True

    # --- one connection after the other ------------------------------------------------------------

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._turn()
            why = await self._one()
            self.attempts += 1
            if not self._told_down:
                self._told_down = True
                self._owner.emit(LinkDown(why))

    async def _turn(self) -> None:
        """Waits as long as failures and the venue's limits ask for. The wait is drawn, so that not all come at once."""
        if self.attempts:
            most = min(self._settings.backoff_first_ms << min(self.attempts - 1, 20), self._settings.backoff_most_ms)
            await asyncio.sleep(most * self._rng.uniform(0.5, 1.0) / 1_000)
        # Nobody could set an event: time alone makes room.
        while wait := self._sockets.connect_in_ms(self._steady()):  # noqa: ASYNC110
            await asyncio.sleep(wait / 1_000)

    async def _one(self) -> str:
        """One connection's life: why it ended."""
        now = self._steady()
        self._sockets.opened(now)
        self._streams.begin(now)
        self._ended = asyncio.get_running_loop().create_future()
        self._why, self._by_venue, self._warned = "", True, set()
        self._heard_ms = self._pinged_ms = self._judged_ms = self._block_at = now
        self._ping_ms = None
        self._still = False
        try:
            try:
                self._socket = await self._connect(
                    self._settings.socket_url,
                    self._message,
                    self._closed,
                    timeout_ms=self._settings.connect_timeout_ms,
                    most=self._settings.frame_most,
                )
            except NotSent as error:
                return str(error)
            return await self._watch()
        finally:
            await self._end()

    async def _end(self) -> None:
        gone, self._socket, self._up_ms = self._socket, None, None
        self._sockets.closed(self._posts.clear(), self._subscribed)
        self._subscribed = 0
        for stream in self._streams.ended(self._steady(), by_venue=self._by_venue):
            self._warn(stream.key, f"{stream.key} is put aside: the venue closed the connection on it, again and again")
        if gone is not None:
            gone.abort(self._why or "given up")
            await gone.wait_closed()

    async def _watch(self) -> str:
        assert self._ended is not None
        self._look(asyncio.get_running_loop(), self._ended)
        try:
            return await self._ended
        finally:
            if self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def _look(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Future[str]) -> None:
        """Judges the connection, now and every so often until it has ended."""
        if ended.done():
            return
        try:
            why = self._judge(self._steady())
        except BaseException as error:  # Nobody would see it here: the task that waits raises it.
            ended.set_exception(error)
            return
        if ended.done():
            return  # By what was done in judging.
        if why:
            self._by_venue = False
            ended.set_result(why)
            return
        self._pause_ms = self._pause(self._judged_ms)
        self._looking = loop.call_later(self._pause_ms / 1_000, self._look, loop, ended)

    def _pause(self, now: int) -> int:
        """How long until the next look: several times as long while all is well and nothing can be due before."""
        settings, streams = self._settings, self._streams
        long = _LOOKS_SPARED * settings.watch_every_ms
        dues = [self._pinged_ms + settings.ping_every_ms, streams.stale_next_ms]
        if (until := self._posts.oldest_until_ms()) is not None:
            dues.append(until)
        if streams.restless:
            dues += [self._heard_ms + settings.silence_ms, self._block_at + settings.blocks_still_ms]
        near = self._ping_ms is not None or self._doubt or not streams.settled or bool(self.attempts)
        return settings.watch_every_ms if near or min(dues) <= now + long else long

    def _judge(self, now: int) -> str:
        """Looks at the connection: what is due is done; why it is over, or nothing."""
        if self._doubt and now - self._doubted_ms >= _DOUBT_EVERY_MS:
            self._doubt, self._doubted_ms = False, now
            self._owner.clock_doubted()
        late = now - self._judged_ms > self._pause_ms + 3 * self._settings.watch_every_ms
        self._judged_ms = now
        for _ in range(0 if late else self._posts.expire(now)):
            self._sockets.post_done()
        self._subscribe(now)
        for stale in self._streams.fallen_silent(now):
            self._owner.emit(stale)
        if self.attempts and self._up_ms is not None and now - self._up_ms >= self._settings.steady_ms:
            # A recovery, if nothing is missing: failures do not add up over a day (incident G14).
            self.attempts = 0 if self._streams.complete else self.attempts
        still = now - self._block_at
        if not self._still and self._streams.restless and still > self._settings.blocks_still_ms:
            self._still = self._still_told = True
            self._owner.emit(Stale("blocks", None, still))
        if late:
            return ""  # It was us who stood still: what waits in the socket is read first.
        if self._ping_ms is not None and now - self._ping_ms > self._settings.pong_patience_ms:
            return "nothing came after a ping"
        if self._streams.restless and now - self._heard_ms > self._settings.silence_ms:
            return f"silent for {now - self._heard_ms} ms"
        overdue = self._streams.overdue(now, self._settings.ack_timeout_ms)
        if overdue is not None and (why := self._overdue(overdue, now)):
            return why
        if now - self._pinged_ms >= self._settings.ping_every_ms and self._send(_PING, Need.PROTECT):
            self._pinged_ms = now
            self._ping_ms = now if self._ping_ms is None else self._ping_ms
        return ""

    def _overdue(self, stream: Stream, now: int) -> str:
        """Not acknowledged in time. A market is asked for again; the line is nothing without the account's streams."""
        if stream.needed:
            return f"{stream.type} was not acknowledged"
        if self._send(stream.message(), Need.STATUS):
            self._streams.asked(stream, now)
        if self._streams.unanswered_again(stream, now):
            self._warn(stream.key, f"{stream.key} is put aside: the venue does not acknowledge it")
        return ""

    def _subscribe(self, now: int) -> None:
        if self._subscribing:
            return  # An acknowledgement came from within `send`: whoever is sending goes on with the next.
        self._subscribing = True
        try:
            for stream in self._streams.to_ask(now):
                if not self._sockets.admit_subscription():
                    self._warn("subscriptions", "there are as many subscriptions as the venue allows")
                    return
                self._streams.asked(stream, now)
                if not self._send(stream.message(), Need.STATUS):
                    stream.asked_ms = None
                    self._sockets.subscription_undone()
                    return
                self._subscribed += 1
        finally:
            self._subscribing = False

    # --- what comes in: called by the socket, and so it must not raise -------------------------------

    def lost(self, why: str) -> None:
        """Something that came was lost on the way to the reader: told at once, and the connection is made anew."""
        self._told_down = True
        self._owner.emit(LinkDown(why))
        self.give_up(why)

    def give_up(self, why: str) -> None:
        """Ends the connection as if it had been lost; a new one follows."""
        self._by_venue = False
        self._closed(why)
        if self._socket is not None:
            self._socket.abort(why)

    def _closed(self, why: str) -> None:
        self._why = self._why or why
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(why)

    def _message(self, data: bytes) -> None:
        if self._why:
            return
        try:
            self._read(data)
        except BaseException as error:  # Under the socket's own code nobody would ever see it.
            self._owner.fail(error)

    def _read(self, data: bytes) -> None:
        now = self._heard_ms = self._steady()
        self._ping_ms = None
        event = wire.decode(data)
        kind = _BOOKS.get(type(event))
        if kind is not None:
            book = cast("wire.Bbo | wire.L2Book", event)
            if book.time > self._block_ms:
                self._block(book.time, now)
            self._market(kind, book.coin, event, now)
        elif isinstance(event, wire.User):
            self._owner.emit(Frame(data))
        elif isinstance(event, wire.Post):
            self._answer(event)
        else:
            self._rare(event, data, now)

    def _block(self, time_ms: int, now: int) -> None:
        """A newer block than any before."""
        if time_ms > self._future_ms:
            self._future_ms = self._clock.now_ms() + self._skew.warn_ms // 2
        if (time_ms > self._future_ms or self._skew.lead_ms) and self._skew.block(self._clock.now_ms(), time_ms):
            self._doubt = True  # Further ahead than can be right, or no more: how far exactly?
            if time_ms > self._future_ms + self._skew.ahead_most_ms + max(self._skew.offset_ms, 0):
                return  # No time at all: none would ever be newer.
        self._block_ms, self._block_at = time_ms, now
        if self._still_told:
            self._still = self._still_told = False
            self._owner.emit(Fresh("blocks", None))

    def _market(self, kind: str, coin: str | None, event: object, now: int) -> None:
        fresh = self._streams.heard(kind, coin, now)
        if fresh is not None:
            self._owner.emit(fresh)
        self._owner.emit(Market(event))

    def _rare(self, event: object, data: bytes, now: int) -> None:
        match event:
            case wire.Trades(trades=trades):
                self._market("trades", trades[0].coin if trades else None, event, now)
            case wire.AssetCtx():
                self._market("activeAssetCtx", event.coin, event, now)
            case wire.Mids() | wire.Data():
                self._owner.emit(Market(event))
            case wire.Ack(method="subscribe", key=key):
                self._acked(key, now)
            case wire.StreamError():
                self._refusal(event, now)
            case wire.Broken(why=why):
                self._broken(data, why)
            case wire.Pong() | wire.Greeting() | wire.Ack():
                pass
            case _:
                self._warn("event", f"an event of a kind that is not known here: {event!r}")

    def _answer(self, event: wire.Post) -> None:
        post = self._posts.take(event.post_id)
        if post is None:
            return  # Of a post that is not waited for any more: the question has gone another way by now.
        self._sockets.post_done()
        if event.error is not None and event.error.startswith("429"):
            self._ip.refused(self._steady())
        self._owner.answered(post.signed, outcomes(event.outcomes(post.signed.items)))

    def _acked(self, key: str, now: int) -> None:
        self._streams.ack(key, now)
        self._subscribe(now)
        if self._up_ms is None and self._streams.up:
            self._up_ms = now
            self._told_down = False
            self.epoch += 1
            self._owner.came_up(self.epoch)

    def _refusal(self, event: wire.StreamError, now: int) -> None:
        """A frame of the channel `error` (protocol 1.2)."""
        if event.kind == "AlreadySubscribed" and event.key is not None:
            self._acked(event.key, now)
            return
        if event.kind == "RateLimit":
            self._ip.refused(now)
        if event.text.startswith("Too many messages"):
            self._sockets.refused(now)
        post = self._posts.take(event.post_id)
        if post is not None:
            self._sockets.post_done()
            self._owner.answered(post.signed, (Garbled(event.text),))
            return
        stream = self._streams.refused(event.key, now) if event.kind == "InvalidSubscription" else None
        if event.kind == "TooManyUsers" or (stream is not None and stream.needed):
            self.give_up(event.text)
            return
        self._warn(event.kind + (event.key or ""), event.text)

    def _broken(self, data: bytes, why: str) -> None:
        """A frame that cannot be read. A public one is missed by its coin's age, and before the first acknowledgement it
        is some new form of greeting; of anything else nobody knows what it would have told, and that is a gap.
        """
        self._warn("broken", f"a frame that cannot be read ({why}): {data[:100]!r}")
        channel = _CHANNEL.search(data, 0, 256)
        public = channel is not None and channel[1] in _PUBLIC
        if not public and (self._streams.begun or data.lstrip()[:1] == b"{"):
            self.give_up(f"a frame that cannot be read: {why}")

    def _warn(self, what: str, text: str) -> None:
        """Once a connection and subject: a flood of the same is one word."""
        if what not in self._warned and len(self._warned) < 100:
            self._warned.add(what)
            self._owner.emit(Warned(what, text))
