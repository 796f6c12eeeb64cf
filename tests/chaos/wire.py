"""A client that believes nothing: raw HTTP and WebSocket against a server in the same event loop."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from mm.sim.catalogue import Faults
from mm.sim.control import Control
from mm.sim.server import Server
from tests.chaos.desk import ALO, COIN, ME, SIM, Desk, order

BRIEF = aiohttp.ClientTimeout(total=0.3)
PATIENT = aiohttp.ClientTimeout(total=10)
"""For what must be answered, on a machine that is busy."""


class Wire:
    """A server around a venue, and a client session."""

    def __init__(self, session: aiohttp.ClientSession, server: Server, control: Control, desk: Desk) -> None:
        self.session, self.server, self.control, self.desk = session, server, control, desk
        self.faults = server.faults

    def placing(self, px: str = "41.2", **more: Any) -> dict[str, Any]:
        """The body of a request that places an order."""
        action = {"type": "order", "orders": [order("B", px, "1", ALO)], "grouping": "na"}
        return {**self.desk.envelope(action), **more}

    async def post(self, path: str, body: Any, patience: aiohttp.ClientTimeout = BRIEF) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        async with self.session.post(f"{self.server.url}/{path}", json=body, timeout=patience) as reply:
            return reply.status, reply.content_type, await reply.read()

    async def place(self) -> Any:
        """The answer to an order, which must be in order."""
        status, _, body = await self.post("exchange", self.placing(), PATIENT)
        assert status == 200
        return json.loads(body)

    def resting(self) -> int:
        """How many orders the venue has, whatever the client was told."""
        return len(json.loads(self.desk.venue.truth(ME))["orders"])

    @asynccontextmanager
    async def ws(self, *streams: dict[str, Any]) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket with its subscriptions asked for."""
        async with self.session.ws_connect(f"{self.server.url}/ws", autoping=False) as ws:
            for stream in streams:
                await ws.send_json({"method": "subscribe", "subscription": stream})
            yield ws


async def heard(ws: aiohttp.ClientWebSocketResponse, seconds: float = 0.15) -> list[aiohttp.WSMessage]:
    """Every message until nothing has come for so long, or the socket is closed."""
    messages = []
    try:
        while not ws.closed:
            messages.append(await ws.receive(timeout=seconds))
            if messages[-1].type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                break
    except TimeoutError:
        pass
    return messages


def channels(messages: list[aiohttp.WSMessage]) -> list[str]:
    """The channels of whole messages, in order; `broken` for what is no JSON."""
    names = []
    for message in messages:
        try:
            names.append(json.loads(message.data)["channel"])
        except (ValueError, TypeError):
            names.append("broken")
    return names


def wired(test: Callable[[Wire], Awaitable[None]], seed: int = 0, rates: dict[str, int] | None = None) -> None:
    """Run one test against a server of its own; whatever is left running afterwards is an error."""

    async def run() -> None:
        desk = Desk(block_ms=10)
        server = Server(desk.venue, faults=Faults(desk.venue, seed, rates))
        control = Control(server, "token")
        control.mount()
        await server.start()
        try:
            async with aiohttp.ClientSession() as session:
                await test(Wire(session, server, control, desk))
        finally:
            await server.stop()
        desk.venue.check()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    asyncio.run(run())


def descriptors() -> int:
    """How many files and sockets this process has open; 0 where that cannot be known."""
    return len(list(FDS.iterdir())) if FDS.is_dir() else 0


FDS = Path("/proc/self/fd")
ORDER_UPDATES = {"type": "orderUpdates", "user": ME}
USER_FILLS = {"type": "userFills", "user": ME}
BBO = {"type": "bbo", "coin": COIN}
__all__ = ["BBO", "ORDER_UPDATES", "SIM", "USER_FILLS", "Wire", "channels", "descriptors", "heard", "wired"]
