"""A venue of a hundred lines for the link's own tests: an aiohttp server on loopback whose every word can be changed."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

KEY = "0x" + "11" * 32
AGENT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
"""The address of `KEY`: a well-known test key, never funded."""
ACCOUNT = "0x" + "ab" * 20
META: dict[str, Any] = {
    "universe": [
        {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 1},
        {"szDecimals": 4, "name": "ETH", "maxLeverage": 25, "marginTableId": 1},
    ],
    "marginTables": [],
    "collateralToken": 0,
}
SPOT = {
    "universe": [{"tokens": [1, 0], "name": "PURR/USDC", "index": 0, "isCanonical": True}],
    "tokens": [
        {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "tokenId": "0x0", "isCanonical": True},
        {"name": "PURR", "szDecimals": 0, "weiDecimals": 5, "index": 1, "tokenId": "0x1", "isCanonical": True},
    ],
}
ROLES: dict[str, Any] = {ACCOUNT: {"role": "user"}, AGENT: {"role": "agent", "data": {"user": ACCOUNT}}}


def resting(oid: int = 7) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": "order", "data": {"statuses": [{"resting": {"oid": oid}}]}}}


def ok_default() -> dict[str, Any]:
    return {"status": "ok", "response": {"type": "default"}}


def bbo(coin: str = "BTC", at: int | None = None) -> dict[str, Any]:
    levels = [{"px": "83757.0", "sz": "22.61305", "n": 81}, {"px": "83758.0", "sz": "0.00016", "n": 1}]
    return {"channel": "bbo", "data": {"coin": coin, "time": at or int(time.time() * 1000), "bbo": levels}}


def l2_book(coin: str = "BTC", at: int | None = None) -> dict[str, Any]:
    side = [{"px": "63460.0", "sz": "0.02666", "n": 2}]
    other = [{"px": "63488.0", "sz": "0.01246", "n": 2}]
    data = {"coin": coin, "time": at or int(time.time() * 1000), "levels": [side, other], "fast": True}
    return {"channel": "l2Book", "data": data}


@dataclass
class Venue:
    """What came in, and what is answered. Each `answer_*` may be replaced; None as an answer is silence."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    """Bodies of `/exchange`, as they came."""
    posted: list[bytes] = field(default_factory=list)
    """Payloads of posts, as they came."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    subscribed: list[dict[str, Any]] = field(default_factory=list)
    pings: int = 0
    connections: int = 0
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    greeting: str | None = "Websocket connection established."
    ack: Callable[[dict[str, Any]], bool] = lambda _: True
    pong: bool = True
    on_subscribe: Callable[["Venue", web.WebSocketResponse, dict[str, Any]], Any] | None = None
    answer_exchange: Callable[[dict[str, Any]], web.StreamResponse | None] = lambda _: web.json_response(resting())
    answer_post: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: {"type": "action", "payload": resting()}
    infos: dict[str, Any] = field(default_factory=dict)
    refuse_sockets: bool = False

    def info(self, request: dict[str, Any]) -> Any:
        kind = request["type"]
        if kind in self.infos:
            made = self.infos[kind]
            return made(request) if callable(made) else made
        known = {
            "meta": META,
            "spotMeta": SPOT,
            "perpDexs": [None],
            "exchangeStatus": {"time": int(time.time() * 1000), "specialStatuses": None},
            "userRole": ROLES.get(request.get("user", ""), {"role": "missing"}),
            "userRateLimit": {"cumVlm": "1.0", "nRequestsUsed": 1, "nRequestsCap": 10_001, "nRequestsSurplus": 0},
            "openOrders": [],
            "orderStatus": {"status": "unknownOid"},
            "userFillsByTime": [],
            "clearinghouseState": {"assetPositions": [], "time": 1},
        }
        return known[kind]

    async def tell(self, message: Any) -> None:
        """To every socket."""
        text = message if isinstance(message, str) else json.dumps(message)
        for socket in list(self.sockets):
            await socket.send_str(text)

    async def close(self, code: int = 1000) -> None:
        for socket in list(self.sockets):
            await socket.close(code=code)

    def abort(self) -> None:
        """Without a close frame."""
        for socket in list(self.sockets):
            request = socket._req
            assert request is not None and request.transport is not None
            request.transport.abort()

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.bodies.append(body)
        answer = self.answer_exchange(json.loads(body))
        if answer is None:
            await asyncio.sleep(60)
        assert answer is not None
        return answer

    async def _info(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.asked.append(asked)
        answer = self.info(asked)
        if isinstance(answer, web.StreamResponse):
            return answer
        if answer is None:
            await asyncio.sleep(60)
        return web.json_response(answer)

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=502, text="<html>bad gateway</html>")
        socket = web.WebSocketResponse(autoclose=True)
        await socket.prepare(request)
        self.connections += 1
        self.sockets.add(socket)
        try:
            if self.greeting is not None:
                await socket.send_str(self.greeting)
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._hear(socket, message.data)
        finally:
            self.sockets.discard(socket)
        return socket

    async def _hear(self, socket: web.WebSocketResponse, text: str) -> None:
        message = json.loads(text)
        match message["method"]:
            case "ping":
                self.pings += 1
                if self.pong:
                    await socket.send_str('{"channel":"pong"}')
            case "subscribe":
                subscription = message["subscription"]
                self.subscribed.append(subscription)
                if self.on_subscribe is not None:
                    done = self.on_subscribe(self, socket, subscription)
                    if asyncio.iscoroutine(done):
                        await done
                if not socket.closed and self.ack(subscription):
                    echo = (
                        {"aggregateByTime": False, **subscription}
                        if subscription["type"] == "userFills"
                        else subscription
                    )
                    await socket.send_json(
                        {"channel": "subscriptionResponse", "data": {"method": "subscribe", "subscription": echo}}
                    )
            case "post":
                start = text.index('"payload":') + len('"payload":')
                self.posted.append(text[start:-2].encode())
                answer = self.answer_post(message["request"]["payload"])
                if answer is not None:
                    await socket.send_json({"channel": "post", "data": {"id": message["id"], "response": answer}})


@contextlib.asynccontextmanager
async def running(**changed: Any) -> AsyncIterator[Venue]:
    """A venue that listens on a free port of this machine."""
    venue = Venue(**changed)
    application = web.Application(client_max_size=8 * 1024 * 1024)
    application.router.add_post("/exchange", venue._exchange)
    application.router.add_post("/info", venue._info)
    application.router.add_get("/ws", venue._ws)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    venue.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    try:
        yield venue
    finally:
        venue.abort()
        await runner.cleanup()
