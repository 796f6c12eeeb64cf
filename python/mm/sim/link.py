"""One WebSocket of a client: what the venue says goes out through the faults, in order, at its own pace."""

import asyncio
import contextlib
import socket
import struct

from aiohttp import WSCloseCode, WSMsgType, web

from mm.sim.faults import CLOSE_CODES, Faults, channel_of, corrupted

QUEUE_MAX = 20_000
"""Messages that may wait for a client who does not read; then it is hung up on."""
SWAP_MS = 300
"""How long a message waits for the one that it is swapped with."""
CLOSE_S = 1.0


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Break a connection as a crashing host does: with RST, and without another byte."""
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    abort = getattr(transport, "abort", transport.close)
    abort()


class Link:
    """The outgoing side of one WebSocket."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, faults: Faults) -> None:
        self.silent = False
        """Nothing more goes out."""
        self.dead = False
        """Nothing more comes in either."""
        self._ws = ws
        self._request = request
        self._faults = faults
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_MAX)
        self._held: bytes | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._writer = asyncio.ensure_future(self._write())
        self._closing: asyncio.Task[None] | None = None

    def deliver(self, frame: bytes) -> None:
        """Send a message of the venue, if nothing comes between."""
        if self._struck():
            return
        channel, hit = channel_of(frame), self._faults.hit
        if hit(f"{channel}.lost") is not None:
            return
        if hit(f"{channel}.truncated") is not None:
            frame = frame[: len(frame) // 2]
        if hit(f"{channel}.corrupt") is not None:
            frame = corrupted(frame, bool(self._faults.pick(f"{channel}.corrupt", 0, 1)))
        if (ms := hit(f"{channel}.twice")) is not None:
            self._later(ms, frame)
        if (ms := hit(f"{channel}.late")) is not None:
            self._later(ms, frame)
        elif hit(f"{channel}.swapped") is not None and self._held is None:
            self._held = frame
            self._after(SWAP_MS, self._release)
        else:
            self._put(frame)
            self._release()

    @property
    def waiting(self) -> bool:
        """Something that was said waits to be sent."""
        return not self._queue.empty()

    async def pong(self, data: bytes) -> None:
        """Answer a ping of the protocol (not the venue's own)."""
        if not self.silent:
            await self._ws.pong(data)

    def close(self, code: int) -> None:
        """Hang up: with a closing frame, or without one for 1006."""
        if code == 1006:
            self.silent = True
            reset(self._request.transport)
        elif self._closing is None:
            self._closing = asyncio.ensure_future(self._close(code))

    async def end(self) -> None:
        """The socket is gone: stop what belongs to it."""
        for timer in self._timers:
            timer.cancel()
        tasks = [task for task in (self._writer, self._closing) if task is not None]
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def _struck(self) -> bool:
        """Whether the connection itself meets its fault now, or has met it."""
        hit = self._faults.hit
        for code in CLOSE_CODES:
            if hit(f"ws.close_{code}") is not None:
                self.close(code)
                return True
        if hit("ws.abort") is not None:
            self.close(1006)
        self.dead = self.dead or hit("ws.dead") is not None
        self.silent = self.silent or self.dead or hit("ws.silent") is not None
        return self.silent or self._closing is not None

    def _put(self, frame: bytes) -> None:
        if self.silent:
            return
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.close(WSCloseCode.TRY_AGAIN_LATER)

    def _later(self, ms: int, frame: bytes) -> None:
        self._after(ms, self._put, frame)

    def _after(self, ms: int, call: object, *args: object) -> None:
        def run() -> None:
            self._timers.discard(timer)
            call(*args)  # type: ignore[operator]

        timer = asyncio.get_running_loop().call_later(ms / 1_000, run)
        self._timers.add(timer)

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._put(held)

    async def _write(self) -> None:
        """Send what waits, one after the other; a client who is gone ends it."""
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while True:
                await self._ws.send_frame(await self._queue.get(), WSMsgType.TEXT)
                self._queue.task_done()

    async def _close(self, code: int) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._queue.join()  # what was said before is heard before
                await self._ws.close(code=code)
        reset(self._request.transport)
