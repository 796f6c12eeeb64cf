"""HTTP and WebSocket on loopback around a simulated venue: `POST /info`, `POST /exchange`, `GET /ws`, `/control`.

The shell decides nothing about trading. It hands bytes to the venue, lets its time pass and delivers what comes out,
unless a fault (`mm.sim.faults`) comes between. Everything runs in one event loop, so the venue has one caller.
"""

import asyncio
import contextlib
import ipaddress
import math
import time
from collections.abc import Awaitable, Iterable

from aiohttp import WSMsgType, web

from mm.errors import BadInput
from mm.sim.faults import Faults, corrupted
from mm.sim.link import Link, reset
from mm.sim.venue import Account, Output, Venue

BODY_MAX = 1 << 20
HOLD_S = 120.0
"""How long a request that gets no answer is held open, if its client does not give up."""
TICK_S = 0.005
STRIDE_MS = 100
"""As fast as clients let it: at most so much time passes between two looks at what they say."""
STUCK_S = 5.0
STALE_MAX = 256
PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body></html>"
JSON = "application/json"

Reply = tuple[int, str, bytes]
"""HTTP status, content type, body."""


class Server:
    """The shell. `speed`: how fast the venue's time runs against ours; 0 stands still but for `step`, `math.inf` runs as
    fast as its clients let it: what was said must be taken by them before time goes on. Raises `BadInput` for a host
    that is not loopback, unless `anywhere`.
    """

    def __init__(
        self,
        venue: Venue,
        accounts: Iterable[Account] = (),
        *,
        faults: Faults | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        anywhere: bool = False,
    ) -> None:
        if not anywhere and not ipaddress.ip_address(host).is_loopback:
            raise BadInput(f"{host} is not loopback", field="host", reason="not loopback")
        if math.isnan(speed) or speed < 0:
            raise BadInput(f"a speed of {speed} makes no sense", field="speed", reason="negative or not a number")
        self.venue = venue
        self.accounts = tuple(accounts)
        self.faults = faults or Faults()
        self.app = web.Application(client_max_size=BODY_MAX)
        self.app.router.add_post("/exchange", self._exchange)
        self.app.router.add_post("/info", self._info)
        self.app.router.add_get("/ws", self._ws)
        self._host, self._port, self._speed = host, port, speed
        self._start_ms, self._start_s = venue.now_ms, 0.0
        self._paused = False
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._pump: asyncio.Task[None] | None = None
        self._tickets: dict[int, asyncio.Future[Reply]] = {}
        self._links: dict[int, Link] = {}
        self._answered: dict[bytes, Reply] = {}
        self._forwards: set[asyncio.Task[Reply]] = set()

    # --- life -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://host:port`, once it was started."""
        name = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{name}:{self._port}"

    @property
    def port(self) -> int:
        """Where it listens, or was asked to."""
        return self._port

    @property
    def sockets(self) -> int:
        """How many WebSockets are open."""
        return len(self._links)

    async def start(self) -> None:
        """Listen, and let the venue's time run."""
        self._runner = web.AppRunner(self.app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        await self._listen()
        self._start_s = time.monotonic()
        self._pump = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Hang up on everybody. Raises what the venue raised, if it broke."""
        for link in list(self._links.values()):
            link.close(1006)
        if self._runner is not None:
            await self._runner.cleanup()
        for forward in list(self._forwards):
            forward.cancel()
        await asyncio.gather(*self._forwards, return_exceptions=True)
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump

    async def refuse(self, seconds: float) -> None:
        """Take no new connections for so long; those that are open stay."""
        assert self._site is not None, "start it first"
        await self._site.stop()
        await asyncio.sleep(seconds)
        await self._listen()

    def hang_up(self, code: int) -> int:
        """Close every WebSocket with this code (1006: without a closing frame); how many there were."""
        links = list(self._links.values())
        for link in links:
            link.close(code)
        return len(links)

    def silence(self, dead: bool = False) -> int:
        """Leave every WebSocket open and say nothing more on it; with `dead` listen no more either."""
        for link in self._links.values():
            link.silent, link.dead = True, link.dead or dead
        return len(self._links)

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await self._site.start()
        server = self._site._server  # the only place that knows the port that was given
        assert isinstance(server, asyncio.Server)
        self._port = server.sockets[0].getsockname()[1]

    # --- the venue's time -----------------------------------------------------------------------

    def step(self, ms: int) -> None:
        """Let `ms` of the venue's time pass at once, paused or not."""
        self._start_ms += ms
        self.advance(self.venue.now_ms + ms)

    def pause(self, paused: bool) -> None:
        """Let the venue's time stand still, or go on from where it stood."""
        self._start_ms, self._start_s = self.venue.now_ms, time.monotonic()
        self._paused = paused

    def advance(self, until_ms: int) -> None:
        """Let the venue's time pass and deliver what comes out."""
        self._deliver(self.venue.advance(max(until_ms, self.venue.now_ms)))

    def pass_time(self, until_ms: int) -> None:
        """Let time pass until something comes out, but not beyond `until_ms`, and deliver it (see `mm.sim.loop`)."""
        self._deliver(self.venue.step(until_ms))

    def _deliver(self, outputs: list[Output]) -> None:
        for output in outputs:
            if output[0] == "reply":
                waiting = self._tickets.pop(output[1], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(output[2:])
            elif (link := self._links.get(output[1])) is not None:
                if output[0] == "frame":
                    link.deliver(output[2])
                else:
                    link.close(output[2])

    def _due(self) -> int:
        if self._paused or self._speed in (0, math.inf):
            return self.venue.now_ms
        return self._start_ms + int((time.monotonic() - self._start_s) * 1_000 * self._speed)

    async def _run(self) -> None:
        try:
            while True:
                if self._speed == math.inf and not self._paused:
                    self._deliver(self.venue.step(self.venue.now_ms + STRIDE_MS))
                    await self._taken()
                elif self._speed == 0:
                    await asyncio.sleep(STUCK_S)  # Who steps it delivers, too.
                else:
                    self.advance(self._due())
                    await asyncio.sleep(TICK_S)
        finally:
            for waiting in self._tickets.values():
                waiting.cancel()

    async def _taken(self) -> None:
        """Until the clients have taken what was said. One that does not read holds time up for `STUCK_S`, no longer."""
        end = time.monotonic() + STUCK_S
        await asyncio.sleep(0)
        # Nobody could set an event for all of them at once, and time must not pass meanwhile.
        while any(link.waiting for link in self._links.values()) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0)

    # --- requests -------------------------------------------------------------------------------

    async def ask(self, path: str, body: bytes) -> Reply:
        """What the venue answers to the body of a request (`exchange` or `info`), without any fault."""
        self.advance(self._due())
        ticket = self.venue.exchange(body) if path == "exchange" else self.venue.info(body)
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._tickets[ticket] = waiting
        self.advance(self._due())
        return await waiting

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        return await _unless_gone(self._request(request, "exchange"))

    async def _info(self, request: web.Request) -> web.StreamResponse:
        return await _unless_gone(self._request(request, "info"))

    async def _request(self, request: web.Request, path: str) -> web.StreamResponse:
        body = await request.read()
        hit = self.faults.hit
        if hit(f"{path}.429") is not None:
            return web.Response(status=429, text="null", content_type=JSON)
        if hit(f"{path}.500") is not None:
            status = self.faults.pick(f"{path}.500", 500, 502, 503, 504)
            return web.Response(status=status, text="upstream request timeout")
        if hit(f"{path}.reset") is not None:
            return _break(request)
        if hit(f"{path}.lost") is not None:
            return await _hold(request)
        if path == "info" and hit("info.stale") is not None and body in self._answered:
            return _plain(self._answered[body])
        # Shielded: a client that gives up does not take its request back.
        late, twice = hit(f"{path}.late"), hit(f"{path}.twice")
        forward = asyncio.create_task(self._forward(path, body, late, twice))
        self._forwards.add(forward)
        forward.add_done_callback(self._forwards.discard)
        reply = await asyncio.shield(forward)
        if path == "info":
            self._answered[body] = reply
            if len(self._answered) > STALE_MAX:
                del self._answered[next(iter(self._answered))]
        return await self._reply(request, path, reply)

    async def _forward(self, path: str, body: bytes, late: int | None, twice: int | None) -> Reply:
        """Hand a request to the venue, late or twice if it must be; the first answer."""
        if late is not None:
            await asyncio.sleep(late / 1_000)
        reply = await self.ask(path, body)
        if twice is not None:
            await asyncio.sleep(twice / 1_000)
            await self.ask(path, body)
        return reply

    async def _reply(self, request: web.Request, path: str, reply: Reply) -> web.StreamResponse:
        """The answer, after what may happen to it on its way."""
        status, content_type, body = reply
        hit = self.faults.hit
        if hit(f"{path}.reply_lost") is not None:
            return await _hold(request)
        if (ms := hit(f"{path}.reply_late")) is not None:
            await asyncio.sleep(ms / 1_000)
        if hit(f"{path}.reply_reset") is not None:
            return _break(request)
        if hit(f"{path}.reply_500") is not None:
            return web.Response(status=self.faults.pick(f"{path}.reply_500", 500, 502, 503, 504), text="timeout")
        for kind, code in (("reply_html", 502), ("reply_page", 200)):
            if hit(f"{path}.{kind}") is not None:
                return web.Response(status=code, body=PAGE, content_type="text/html")
        if hit(f"{path}.reply_type") is not None:
            return web.Response(status=status, body=body, content_type="text/plain")
        if hit(f"{path}.reply_empty") is not None:
            return web.Response(status=status, body=b"", content_type=JSON)
        if hit(f"{path}.reply_truncated") is not None:
            return _plain((status, content_type, body[: len(body) // 2]))
        if hit(f"{path}.reply_corrupt") is not None:
            wrong = corrupted(body, bool(self.faults.pick(f"{path}.reply_corrupt", 0, 1)))
            return _plain((status, content_type, wrong))
        if hit(f"{path}.reply_cut") is not None:
            return await _trickle(request, reply, len(body) // 2, 0)
        if (ms := hit(f"{path}.reply_trickled")) is not None:
            return await _trickle(request, reply, len(body), ms)
        return _plain(reply)

    # --- WebSockets -----------------------------------------------------------------------------

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        return await _unless_gone(self._socket(request))

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.faults.hit("ws.refused") is not None:
            return web.Response(status=502, body=PAGE, content_type="text/html")
        ws = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, max_msg_size=BODY_MAX, timeout=0.5)
        await ws.prepare(request)
        link = Link(ws, request, self.faults)
        self.advance(self._due())
        number = self.venue.open_socket()
        self._links[number] = link
        try:
            async for message in ws:
                if message.type is WSMsgType.PING and not link.dead:
                    await link.pong(message.data)
                elif message.type is WSMsgType.TEXT and not link.dead:
                    await self._inbound(number, link, message.data.encode())
                elif message.type is WSMsgType.CLOSE and not link.silent:
                    await ws.close(code=message.data or 1000)
        finally:
            del self._links[number]
            self.venue.close_socket(number)
            await link.end()
        return ws

    async def _inbound(self, number: int, link: Link, text: bytes) -> None:
        """A message of the client; a `post` may meet what a request meets."""
        hit = self.faults.hit if b'"post"' in text else lambda _: None
        if hit("post.429") is not None:
            link.deliver(_too_many(text))
            return
        if hit("post.lost") is not None:
            return
        if (ms := hit("post.late")) is not None:
            asyncio.get_running_loop().call_later(ms / 1_000, self._message, number, text)
        else:
            self._message(number, text)
        if (ms := hit("post.twice")) is not None:
            asyncio.get_running_loop().call_later(ms / 1_000, self._message, number, text)

    def _message(self, number: int, text: bytes) -> None:
        if number in self._links:
            self.advance(self._due())
            self.venue.socket_message(number, text)
            self.advance(self._due())


def _too_many(text: bytes) -> bytes:
    """The answer to a post that came too often."""
    number = text.partition(b'"id":')[2].lstrip()
    digits = number[: len(number) - len(number.lstrip(b"0123456789"))] or b"0"
    words = b'"response":{"type":"error","payload":"429 Too Many Requests: null"}'
    return b'{"channel":"post","data":{"id":' + digits + b"," + words + b"}}"


async def _unless_gone(work: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    """A client that left before it was answered is no error of ours."""
    try:
        return await work
    except ConnectionError:
        return web.Response()


def _plain(reply: Reply) -> web.Response:
    status, content_type, body = reply
    return web.Response(status=status, body=body, headers={"Content-Type": content_type})


def _break(request: web.Request) -> web.Response:
    reset(request.transport)
    return web.Response()


async def _hold(request: web.Request) -> web.Response:
    """Say nothing until the client gives up (which cancels this) or the patience ends."""
    await asyncio.sleep(HOLD_S)
    return _break(request)


async def _trickle(request: web.Request, reply: Reply, until: int, ms: int) -> web.StreamResponse:
    """Send the body byte by byte, `ms` apart, up to the byte `until`; if that is not all of it, then break."""
    status, content_type, body = reply
    response = web.StreamResponse(status=status, headers={"Content-Type": content_type})
    response.content_length = len(body)
    await response.prepare(request)
    for byte in body[:until]:
        await response.write(bytes((byte,)))
        await asyncio.sleep(ms / 1_000)
    if until < len(body):
        reset(request.transport)
    return response
