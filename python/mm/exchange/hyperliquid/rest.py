"""Requests over HTTPS: one pool of connections, one way to ask, and exact words for how it failed.

A request that failed either certainly never left (`NotSent`: no connection came about) or may have arrived
(`OutcomeUnknown`). Nothing is ever repeated here, followed elsewhere, or read without a bound.
"""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Protocol

import aiohttp

from mm.errors import NotSent, OutcomeUnknown
from mm.exchange.hyperliquid.link_settings import Settings

__all__ = ["Asks", "Reply", "Rest"]

_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "mm"}
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whatever it is: the caller judges status, type and body."""

    status: int
    content_type: str
    body: bytes


class Asks(Protocol):
    """Whoever carries requests to a venue and its replies back."""

    async def post(self, path: str, body: bytes, timeout_ms: int) -> Reply:
        """Sends the body and gives the reply. Raises `NotSent` or `OutcomeUnknown`."""

    async def close(self) -> None:
        """Closes every connection."""


class Rest:
    """One pool of connections to one venue. Made and closed inside the loop that uses it."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.url
        self._most = settings.frame_most
        self._connect_s = settings.connect_timeout_ms / 1_000
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_connected)
        trace.on_connection_reuseconn.append(_connected)
        self._session = aiohttp.ClientSession(
            # No limit here: whoever sends counts, and a cancel must not wait for somebody else's query.
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=30, ssl=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            auto_decompress=False,
            trust_env=False,
            trace_configs=[trace],
        )

    async def post(self, path: str, body: bytes, timeout_ms: int) -> Reply:
        """Sends the body and gives the reply. Raises `NotSent` or `OutcomeUnknown`."""
        seen = SimpleNamespace(connected=False)
        try:
            # The whole time is bounded, too: a reply that drips byte by byte ends with it.
            async with asyncio.timeout(timeout_ms / 1_000):
                return await self._exchange(path, body, seen)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # TimeoutError is an OSError. A ValueError is aiohttp's word for some malformed replies.
            what = f"{path}: {type(error).__name__}: {error}".rstrip(": ")
            if not seen.connected:
                raise NotSent(what, reason="no connection") from error
            raise OutcomeUnknown(what, reason="no answer") from error

    async def _exchange(self, path: str, body: bytes, seen: SimpleNamespace) -> Reply:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._connect_s, connect=self._connect_s)
        async with self._session.post(
            self._base + path, data=body, timeout=timeout, allow_redirects=False, trace_request_ctx=seen
        ) as response:
            parts, size = [], 0
            async for chunk in response.content.iter_chunked(_CHUNK):
                size += len(chunk)
                if size > self._most:
                    raise aiohttp.ClientPayloadError(f"more than {self._most} bytes")
                parts.append(chunk)
            return Reply(response.status, response.headers.get("Content-Type", ""), b"".join(parts))

    async def close(self) -> None:
        """Closes every connection."""
        await self._session.close()


async def _connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.connected = True
