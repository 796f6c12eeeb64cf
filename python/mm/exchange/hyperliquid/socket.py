"""One WebSocket, behind few words, so that the library under it can be exchanged (ADR 0010).

Whatever ends it ends it in one way: `on_closed` is called once, with a word for logs. Close code 1000, another one, no
close frame at all, an abort of our own: the caller does the same in each case, it connects anew.
"""

import asyncio
import contextlib
import functools
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from picows.common import WSError
from picows.url import WSParsedURL

from mm.errors import NotSent

__all__ = ["Socket", "connect"]

_LOG = logging.getLogger("mm.socket")
_LOG.addHandler(logging.NullHandler())
_TEXT = WSMsgType.TEXT
_BACKLOG_MOST = 8 * 1024 * 1024
"""Bytes that wait for a peer that does not read. Past it the connection is given up as dead."""


class Socket(Protocol):
    """An open WebSocket."""

    def send(self, text: bytes) -> bool:
        """Sends a text message, at once. False: the connection is gone, and certainly no byte of it left."""

    def abort(self, why: str) -> None:
        """Ends it, without waiting for the peer; `on_closed` is called with `why`. Harmless when repeated."""

    async def wait_closed(self) -> None:
        """Until nothing of it is left."""


class _Listener(WSListener):
    """Puts fragments together, bounds them, and tells the end once."""

    def __init__(self, on_message: Callable[[bytes], None], on_closed: Callable[[str], None], most: int) -> None:
        super().__init__()
        self._on_message, self._on_closed, self._most = on_message, on_closed, most
        self._parts: list[bytes] = []
        self._size = 0
        self.transport: WSTransport | None = None
        self.why = ""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self.why:
            return  # What is still in the buffer of a connection that was given up.
        kind = frame.msg_type
        if kind is _TEXT and frame.fin and not self._parts:
            self._on_message(frame.get_payload_as_bytes())
        elif kind in (WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.BINARY):
            self._fragment(kind, frame)
        elif kind is WSMsgType.CLOSE:
            code = frame.get_close_code()
            self.end(f"closed by the venue, code {getattr(code, 'value', code)}")

    def _fragment(self, kind: WSMsgType, frame: WSFrame) -> None:
        if (kind is WSMsgType.CONTINUATION) != bool(self._parts):
            self.end("fragments out of order")
            return
        self._parts.append(frame.get_payload_as_bytes())
        self._size += frame.payload_size
        if self._size > self._most:
            self.end("a message is too large")
        elif frame.fin:
            whole = b"".join(self._parts)
            self._parts, self._size = [], 0
            self._on_message(whole)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._parts = []
        self._on_closed(self.why or "lost without a close frame")

    def end(self, why: str) -> None:
        """Gives the connection up."""
        if not self.why:
            self.why = why
            if self.transport is not None:
                self.transport.disconnect(graceful=False)


class _Picows:
    """A `Socket` of picows."""

    def __init__(self, transport: WSTransport, listener: _Listener) -> None:
        self._transport, self._listener = transport, listener

    def send(self, text: bytes) -> bool:
        transport = self._transport
        if self._listener.why or transport.is_disconnected:
            return False
        transport.send(_TEXT, text)
        if transport.underlying_transport.get_write_buffer_size() > _BACKLOG_MOST:
            self._listener.end("the venue does not read")
        return True

    def abort(self, why: str) -> None:
        self._listener.end(why)

    async def wait_closed(self) -> None:
        with contextlib.suppress(WSError):  # What was wrong with the peer is in the log; it is over in any case.
            await self._transport.wait_disconnected()


@functools.cache
def _verifying() -> ssl.SSLContext:
    """Certificates and names are checked, by the system's authorities. Read once: it takes milliseconds."""
    return ssl.create_default_context()


class _Dial:
    """Connects the TCP socket by itself, so that whoever gives up in the middle of a handshake leaves none behind, and an
    address that does not answer (IPv6 that leads nowhere, say) leaves time for the others of its name.
    """

    def __init__(self, timeout_s: float) -> None:
        self.sock: socket.socket | None = None
        self._timeout_s = timeout_s

    async def __call__(self, url: WSParsedURL) -> socket.socket:
        loop = asyncio.get_running_loop()
        failed: OSError = OSError("the name has no address")
        addresses = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(self._timeout_s / len(addresses)):
                    await loop.sock_connect(sock, address)
            except OSError as error:  # a TimeoutError is one
                sock.close()
                failed = error
            except BaseException:
                sock.close()
                raise
            else:
                self.sock = sock
                return sock
        raise failed

    def give_up(self) -> None:
        """Ends what was connected: its owner, the loop's transport, then reads an end and closes it."""
        if self.sock is not None and self.sock.fileno() >= 0:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


async def connect(
    url: str, on_message: Callable[[bytes], None], on_closed: Callable[[str], None], *, timeout_ms: int, most: int
) -> Socket:
    """Opens a WebSocket; `on_message` gets each text as it came. Raises `NotSent` if it does not come about.

    Neither function may raise, and either may be called before this returns. Certificates are verified by Python's own
    TLS with the system's authorities; redirects are not followed; messages of more than `most` bytes end it.
    """
    dial = _Dial(timeout_ms / 1_000)
    context = _verifying() if url.startswith("wss:") else None
    try:
        async with asyncio.timeout(timeout_ms / 1_000):
            transport, listener = await ws_connect(
                lambda: _Listener(on_message, on_closed, most),
                url,
                ssl_context=context,
                websocket_handshake_timeout=timeout_ms / 1_000,
                logger_name=_LOG,
                max_frame_size=most,
                max_redirects=0,
                socket_factory=dial,
                use_aiofastnet=False,
            )
    except (WSError, OSError, ValueError) as error:
        dial.give_up()
        raise NotSent(f"{url}: {type(error).__name__}: {error}".rstrip(": "), reason="no connection") from error
    except BaseException:
        dial.give_up()
        raise
    assert isinstance(listener, _Listener)
    return _Picows(transport, listener)
