"""REST: whatever comes back comes back whole and bounded; what failed is told as what it is."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest

from mm.errors import NotSent, OutcomeUnknown
from mm.exchange.hyperliquid import rest as module
from mm.exchange.hyperliquid.link_settings import Settings
from mm.exchange.hyperliquid.rest import Rest
from tests.link.helpers import run
from tests.link.venue import ACCOUNT

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def asked(handler: Handler, *, timeout_ms: int = 1_000, most: int = 10_000, secure: bool = False) -> module.Reply:
    """The reply of a server that is given the bare streams."""
    got: list[module.Reply] = []

    async def story() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            except ConnectionError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        scheme = "https" if secure else "http"
        rest = Rest(Settings(url=f"{scheme}://127.0.0.1:{port}", account=ACCOUNT, frame_most=most))
        try:
            got.append(await rest.post("/info", b"{}", timeout_ms))
        finally:
            await rest.close()
            server.close()

    run(story)
    return got[0]


def says(text: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(text)
        await writer.drain()

    return handler


def test_a_reply_is_given_as_it_is() -> None:
    told = asked(says(b"HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n\xff<>"))
    assert told == module.Reply(503, "text/html", b"\xff<>")


def test_what_is_asked_for() -> None:
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    asked(handler)
    head = heads[0].decode()
    assert head.startswith("POST /info HTTP/1.1\r\n")
    assert "Content-Type: application/json" in head and "Accept-Encoding: identity" in head


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000,
    ],
)
def test_no_whole_reply_may_have_been_executed(text: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        asked(says(text))


def test_a_reply_that_drips_ends_with_its_time() -> None:
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1_000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    with pytest.raises(OutcomeUnknown):
        asked(drips, timeout_ms=200)


def test_a_redirect_is_not_followed() -> None:
    told = asked(says(b"HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"))
    assert told.status == 307


def test_what_is_compressed_is_not_unpacked() -> None:
    told = asked(says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"))
    assert told.body == b"abc"


def test_a_peer_without_tls_gets_no_byte_of_a_request() -> None:
    seen: list[bytes] = []

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(1_000))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(NotSent):
        asked(listens, secure=True)
    assert b"POST" not in b"".join(seen)


def test_certificates_are_verified_and_nothing_turns_it_off() -> None:
    async def story() -> None:
        rest = Rest(Settings(url="https://127.0.0.1:1", account=ACCOUNT))
        try:
            connector = rest._session.connector
            assert connector is not None
            assert connector._ssl is True  # type: ignore[attr-defined]
        finally:
            await rest.close()

    run(story)
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
    assert "ssl" not in "".join(Settings.__dataclass_fields__) and "verify" not in "".join(
        Settings.__dataclass_fields__
    )


def test_nobody_listens() -> None:
    async def story() -> None:
        rest = Rest(Settings(url="http://127.0.0.1:9", account=ACCOUNT))
        try:
            with pytest.raises(NotSent):
                await rest.post("/exchange", b"{}", 500)
        finally:
            await rest.close()

    run(story)
