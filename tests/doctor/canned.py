"""A small venue that gives the answers it is told to give, over real sockets on loopback."""

import asyncio
import copy
import json
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

MASTER = "0x" + "51" * 20
AGENT = "0x" + "a9" * 20
SUB = "0x" + "5b" * 20
STRANGER = "0x" + "ee" * 20

DAY_MS = 86_400_000
OURS = "0x6d6d0001" + "0000002a" + "0000000000000007"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def summary(value: str) -> dict[str, str]:
    return {"accountValue": value, "totalNtlPos": "0.0", "totalRawUsd": value, "totalMarginUsed": "0.0"}


def position(coin: str, size: str) -> dict[str, Any]:
    return {
        "type": "oneWay",
        "position": {
            "coin": coin,
            "szi": size,
            "leverage": {"type": "cross", "value": 10},
            "entryPx": "81285.0",
            "positionValue": "377667.0",
            "unrealizedPnl": "11884.306507",
            "returnOnEquity": "0.3249007326",
            "liquidationPx": None,
            "marginUsed": "37766.7",
            "maxLeverage": 40,
            "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
        },
    }


def order(coin: str, oid: int, cloid: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"coin": coin, "side": "B", "limitPx": "80000.0", "sz": "0.001", "oid": oid}
    told |= {"timestamp": 1_790_000_000_000, "origSz": "0.001"}
    return told | ({"cloid": cloid} if cloid else {})


def healthy() -> dict[str, Any]:
    """The answers about a sound account, in the venue's shapes (protocol 6), by type, and by type and user or dex."""
    state = {
        "marginSummary": summary("1250.75"),
        "crossMarginSummary": summary("1250.75"),
        "crossMaintenanceMarginUsed": "0.0",
        "withdrawable": "1250.75",
        "assetPositions": [],
        "time": 1_790_360_864_964,
    }
    rates = {"cross": "0.00045", "add": "0.00015", "spotCross": "0.0007", "spotAdd": "0.0004"}
    return {
        "exchangeStatus": {"specialStatuses": None},
        f"userRole {AGENT}": {"role": "agent", "data": {"user": MASTER}},
        f"userRole {MASTER}": {"role": "user"},
        f"userRole {SUB}": {"role": "subAccount", "data": {"master": MASTER}},
        "userRole": {"role": "missing"},
        "extraAgents": [{"name": "mm-1", "address": AGENT, "validUntil": now_ms() + 71 * DAY_MS}],
        "clearinghouseState": state,
        "spotClearinghouseState": {
            "balances": [{"coin": "USDC", "token": 0, "total": "19.99", "hold": "0.0", "entryNtl": "0.0"}]
        },
        "openOrders": [order("BTC", 1, OURS)],
        "userFees": {
            "dailyUserVlm": [],
            "feeSchedule": {**rates, "tiers": {"vip": [], "mm": []}},
            "userCrossRate": "0.00045",
            "userAddRate": "0.00015",
            "userSpotCrossRate": "0.0007",
            "userSpotAddRate": "0.0004",
            "activeReferralDiscount": "0.0",
        },
        "userRateLimit": {
            "cumVlm": "2854574.593578",
            "nRequestsUsed": 2_890,
            "nRequestsCap": 2_864_574,
            "nRequestsSurplus": 0,
        },
        "meta": {
            "universe": [
                {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 56},
                {"szDecimals": 1, "name": "MATIC", "maxLeverage": 20, "marginTableId": 20, "isDelisted": True},
                {"szDecimals": 2, "name": "SOL", "maxLeverage": 20, "marginTableId": 54},
            ],
            "marginTables": [],
            "collateralToken": 0,
        },
        "allMids": {"BTC": "83757.5", "SOL": "142.355", "@107": "28.718", "MATIC": "0.5"},
        "perpDexs": [None, {"name": "xyz", "fullName": "XYZ"}],
        "meta xyz": {
            "universe": [
                {"szDecimals": 4, "name": "xyz:GOLD", "maxLeverage": 20, "marginTableId": 20, "growthMode": "enabled"},
            ],
            "marginTables": [],
            "collateralToken": 0,
        },
        "allMids xyz": {"xyz:GOLD": "4210.1"},
        "openOrders xyz": [order("xyz:GOLD", 2, OURS)],
        "spotMeta": {
            "universe": [{"tokens": [150, 0], "name": "@107", "index": 107, "isCanonical": False}],
            "tokens": [{"name": "USDC", "szDecimals": 8, "index": 0}, {"name": "HYPE", "szDecimals": 2, "index": 150}],
        },
    }


class Canned:
    """The venue. `answers` may be changed before and while it runs; a function is called, a number is an HTTP status."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.answers: dict[str, Any] = copy.deepcopy(healthy())
        self.clock_ms: Callable[[], int] = now_ms
        self.asked: list[dict[str, Any]] = []
        self.subscribed: list[dict[str, Any]] = []
        self.silent: set[str] = set()
        """Types of streams that are acknowledged and then say nothing."""
        self.deaf: set[str] = set()
        """Types of streams that are not even acknowledged."""
        self.user_state: dict[str, Any] | None = {"agentAddress": None, "agentValidUntil": None, "user": MASTER}
        self.every_s = 0.05
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_post("/info", self._info)
        app.router.add_post("/exchange", self._exchange)
        app.router.add_get("/ws", self._socket)
        runner = web.AppRunner(app, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        assert site._server is not None
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()
        await asyncio.sleep(0.3 if self._tls else 0.02)  # what was closed is let go of in the next rounds of the loop

    async def _exchange(self, _request: web.Request) -> web.Response:
        raise AssertionError("the doctor sends no action")

    async def _info(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        kind = body["type"]
        about = body.get("dex") or (body.get("user") if kind == "userRole" else "") or ""
        answer = self.answers.get(f"{kind} {about}".strip(), self.answers.get(kind))
        if callable(answer):
            answer = answer()
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="application/json")
        if isinstance(answer, int):
            return web.Response(status=answer, text="null")
        if kind == "exchangeStatus" and isinstance(answer, dict) and "time" not in answer:
            answer = {"time": self.clock_ms(), **answer}
        return web.json_response(answer)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("Websocket connection established.")
        pushes: list[asyncio.Task[None]] = []
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            told = json.loads(message.data)
            subscription = told["subscription"]
            self.subscribed.append(subscription)
            if subscription["type"] in self.deaf:
                continue
            data = {"method": "subscribe", "subscription": {"nSigFigs": None, **subscription}}
            await socket.send_json({"channel": "subscriptionResponse", "data": data})
            if subscription["type"] not in self.silent:
                pushes.append(asyncio.create_task(self._push(socket, subscription)))
        for push in pushes:
            push.cancel()
        await asyncio.gather(*pushes, return_exceptions=True)
        return socket

    async def _push(self, socket: web.WebSocketResponse, subscription: dict[str, Any]) -> None:
        while not socket.closed:
            await socket.send_json({"channel": subscription["type"], "data": self._frame(subscription)})
            await asyncio.sleep(self.every_s)

    def _frame(self, subscription: dict[str, Any]) -> Any:
        level = {"px": "83757.0", "sz": "22.6", "n": 81}
        coin, at = subscription.get("coin"), self.clock_ms()
        match subscription["type"]:
            case "bbo":
                return {"coin": coin, "time": at, "bbo": [level, level]}
            case "l2Book":
                fast = {"fast": True} if subscription.get("fast") else {}
                return {"coin": coin, "time": at, "levels": [[level], [level]], **fast}
            case "trades":
                return [
                    {"coin": coin, "side": "A", "px": "1", "sz": "1", "time": at, "hash": "0x", "tid": 1, "users": []}
                ]
            case "activeAssetCtx":
                return {"coin": coin, "ctx": {"funding": "0.0000125", "markPx": "83757.0"}}
            case _:
                return {"userState": self.user_state, "perpDexStates": []}
