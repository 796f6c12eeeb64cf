"""Faults on command and the ground truth: `POST /control` and `GET /control/truth`, and the same as coroutines.

The truth is asked of the venue itself, past every fault. Over HTTP a token is needed, and a caller on this machine.
"""

import hmac
import ipaddress
import json
import secrets
from typing import Any

from aiohttp import web

from mm._core.sign import Signer
from mm.errors import BadInput
from mm.sim.faults import rate_of
from mm.sim.server import Server
from mm.sim.venue import Account

BODY_MAX = 16_384
STEP_MAX_MS = 86_400_000
REFUSE_MAX_MS = 60_000
COMMANDS: dict[str, str] = {
    "inject": "a fault happens the next `times` times that it can; `ms` is its measure",
    "rate": "a fault happens by chance: `rate` is text between 0 and 1",
    "heal": "no more faults",
    "counts": "how often each has happened",
    "close": "every WebSocket is closed with this `code`",
    "silence": "every WebSocket stays open and says nothing more; with `dead` it does not listen either",
    "refuse": "no new connections are taken for `ms`",
    "step": "so many `ms` of the venue's time pass at once; the time it is then",
    "pause": "the venue's time stands still: no block, no market, no answer",
    "resume": "it goes on from where it stands",
    "act": "the account `name` does something: its agent signs this `action`; the answer",
    "revoke": "the agent of the account `name` is no more",
    "cancel": "the venue cancels the order `oid` of its own accord, with this `status`; whether it was live",
    "oracle": "the price `px` of a `coin` is another now, and with it the mark and who is liquidated",
}
"""Every command, with its members."""


class Control:
    """Commands a server. All coroutines run in the server's event loop (`mm.sim.thread` calls them from another)."""

    def __init__(self, server: Server, token: str | None = None) -> None:
        self.server = server
        self.token = token or secrets.token_urlsafe(24)
        """What a caller over HTTP must show."""
        self._nonce = 0

    def mount(self) -> None:
        """Add the routes to the server, before it is started."""
        self.server.app.router.add_post("/control", self._post)
        self.server.app.router.add_get("/control/truth", self._get)

    # --- what can be commanded ------------------------------------------------------------------

    async def truth(self) -> dict[str, Any]:
        """By address: the account's name, open orders, the fills that are remembered (oldest first), position by coin, cash,
        sums over all that ever happened, and the budget of requests."""
        return {account.address: self._truth(account) for account in self.server.accounts}

    async def info(self, request: dict[str, Any]) -> Any:
        """What the venue answers to a read, past every fault of the wire."""
        status, _, body = await self.server.ask("info", json.dumps(request).encode())
        if status != 200:
            raise BadInput(f"the venue answered {status}: {body!r}", field="request", reason="refused")
        return json.loads(body)

    async def act(self, name: str, action: dict[str, Any]) -> Any:
        """Let the account of that name do something, past every fault of the wire: its agent signs an L1 action."""
        account = self.account(name)
        self._nonce = max(self._nonce + 1, self.server.venue.now_ms)
        signer = Signer(account.agent_key, mainnet=False)
        body = signer.action(json.dumps(action, separators=(",", ":")), nonce=self._nonce)
        return json.loads((await self.server.ask("exchange", body))[2])

    def account(self, name: str) -> Account:
        """The account of that name. Raises `BadInput`."""
        for account in self.server.accounts:
            if account.name == name:
                return account
        raise BadInput(f"there is no account named {name!r}", field="name", reason="unknown name")

    async def command(self, words: dict[str, Any]) -> Any:
        """One command as `POST /control` takes it: `{"do": …}` with its members. Raises `BadInput`. See `COMMANDS`."""
        do = words.get("do")
        if do not in COMMANDS:
            names = ", ".join(COMMANDS)
            raise BadInput(f"there is no command {do!r}; there are {names}", field="do", reason="unknown command")
        if do in ("inject", "rate", "heal", "counts"):
            return self._fault(do, words)
        if do in ("act", "revoke", "cancel", "oracle"):
            return await self._venue(do, words)
        server = self.server
        match do:
            case "close":
                return server.hang_up(_whole(words, "code", 1000, 4999))
            case "silence":
                return server.silence(words.get("dead") is True)
            case "refuse":
                await server.refuse(_whole(words, "ms", 0, REFUSE_MAX_MS) / 1_000)
            case "step":
                server.step(_whole(words, "ms", 0, STEP_MAX_MS))
                return server.venue.now_ms
            case _:
                server.pause(do == "pause")
        return None

    def _fault(self, do: str, words: dict[str, Any]) -> Any:
        """Commands about faults."""
        faults = self.server.faults
        match do:
            case "inject":
                ms = None if words.get("ms") is None else _whole(words, "ms", 0, 600_000)
                faults.inject(_text(words, "fault"), _whole({"times": 1, **words}, "times", 1, 1_000_000), ms)
            case "rate":
                faults.rate(_text(words, "fault"), rate_of(_text(words, "rate")))
            case "heal":
                faults.heal()
            case _:
                return dict(faults.count())
        return None

    async def _venue(self, do: str, words: dict[str, Any]) -> Any:
        """Commands in which the venue, or another account on it, plays its part."""
        venue = self.server.venue
        match do:
            case "act":
                action = words.get("action")
                if not isinstance(action, dict):
                    raise BadInput("action must be an object", field="action", reason="not an object")
                return await self.act(_text(words, "name"), action)
            case "revoke":
                venue.remove_agent(self.account(_text(words, "name")).agent)
            case "cancel":
                status = _text({"status": "internalCancel", **words}, "status")
                return venue.venue_cancel(_whole(words, "oid", 0, 2**63), status)
            case _:
                venue.set_oracle(_text(words, "coin"), _text(words, "px"))
        return None

    def _truth(self, account: Account) -> dict[str, Any]:
        """What the venue itself knows: nothing is asked for, so no fault can come between."""
        told = json.loads(self.server.venue.truth(account.address))
        orders = [{**row, "limitPx": row["px"]} for row in told["orders"]]
        return {
            "name": account.name,
            "openOrders": orders,
            "fills": sorted(told["lastFills"], key=lambda fill: fill["time"]),
            "positions": told["positions"],
            "cash": told["cash"][""],
            "sums": {name: told[name] for name in ("fills", "volume", "closedPnl", "fees", "funding", "deposits")},
            "requests": told["requests"],
        }

    # --- over HTTP ------------------------------------------------------------------------------

    def _allowed(self, request: web.Request) -> None:
        """Raises 403 unless the caller is on this machine, knows the token and names a local host (DNS rebinding)."""
        host = request.host.rsplit(":", 1)[0].strip("[]")
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        right = hmac.compare_digest(shown, self.token.encode())
        if not right or not _loopback(request.remote) or not (host == "localhost" or _loopback(host)):
            raise web.HTTPForbidden(text="a token is needed, and a caller on this machine")

    async def _post(self, request: web.Request) -> web.Response:
        self._allowed(request)
        if (request.content_length or 0) > BODY_MAX:
            raise web.HTTPRequestEntityTooLarge(BODY_MAX, request.content_length or 0)
        body = await request.content.read(BODY_MAX + 1)
        try:
            words = json.loads(body) if len(body) <= BODY_MAX else None
            if not isinstance(words, dict):
                raise BadInput("the body is no JSON object", field="body", reason="not an object")
            return web.json_response({"ok": await self.command(words)})
        except (ValueError, RecursionError) as error:  # BadInput is a ValueError, as is what json raises
            return web.json_response({"error": str(error)}, status=400)

    async def _get(self, request: web.Request) -> web.Response:
        self._allowed(request)
        return web.json_response(await self.truth())


def _loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def _text(words: dict[str, Any], name: str) -> str:
    value = words.get(name)
    if not isinstance(value, str):
        raise BadInput(f"{name} must be a text", field=name, reason="not a text")
    return value


def _whole(words: dict[str, Any], name: str, low: int, high: int) -> int:
    value = words.get(name)
    if type(value) is not int or not low <= value <= high:
        raise BadInput(f"{name} must be a whole number from {low} to {high}", field=name, reason="out of range")
    return value
