"""A venue without sockets and without signatures: whoever is named as `r` of the signature signed."""

import itertools
import json
from typing import Any

from mm._core.venue import Venue
from mm.sim.venue import Output

START = 1_790_000_000_000
NEVER = START + 10**9
ME, OTHER, AGENT, STRANGER = (f"0x{number:040x}" for number in (0xA1, 0xB2, 0xC3, 0xD4))
BTC, SIM, MATIC = 0, 6, 3
COIN = "HYPE"
"""The coin of asset `SIM`: it begins at 41.238, and sizes have two decimals."""
GTC, ALO, IOC = ({"limit": {"tif": tif}} for tif in ("Gtc", "Alo", "Ioc"))


def order(side: str, px: str, sz: str, t: Any = ALO, a: int = SIM, r: bool = False, c: str = "") -> dict[str, Any]:
    """An order as on the wire."""
    return {"a": a, "b": side == "B", "p": px, "s": sz, "r": r, "t": t, **({"c": c} if c else {})}


class Desk:
    """Two accounts, of which the first has an agent; each call is one block later."""

    def __init__(self, block_ms: int = 100, **settings: int) -> None:
        still = {"latency.all": 0, "block.every": block_ms, "front.greeting": 0, "front.ip_weight": 0}
        self.venue = Venue(start_ms=START, settings={**still, **settings}, check_signatures=False)
        for account in (ME, OTHER):
            self.venue.open_account(account, "1000000")
        self.venue.add_agent(ME, AGENT)
        self.nonces = itertools.count(START)
        self.frames: dict[int, list[Any]] = {}
        self.closed: dict[int, int] = {}

    def step(self, ms: int = 100) -> list[Output]:
        """Let time pass; frames are kept by socket, closes too."""
        out = self.venue.advance(self.venue.now_ms + ms)
        for one in out:
            if one[0] == "frame":
                self.frames.setdefault(one[1], []).append(json.loads(one[2]))
            elif one[0] == "close":
                self.closed[one[1]] = one[2]
        return out

    def envelope(self, action: Any, who: str = ME, **more: Any) -> dict[str, Any]:
        """A signed action."""
        return {"action": action, "nonce": next(self.nonces), "signature": {"r": who, "s": "0x1", "v": 27}, **more}

    def raw(self, body: bytes) -> tuple[int, Any]:
        """Status and body of what is answered to these bytes."""
        ticket = self.venue.exchange(body)
        (reply,) = [one for one in self.step() if one[0] == "reply" and one[1] == ticket]
        assert reply[0] == "reply"
        return reply[2], json.loads(reply[4]) if reply[3] == "application/json" else reply[4]

    def do(self, action: Any, who: str = ME, **more: Any) -> Any:
        """The answer to an action."""
        status, reply = self.raw(json.dumps(self.envelope(action, who, **more)).encode())
        assert status == 200, reply
        return reply

    def orders(self, *orders: dict[str, Any], who: str = ME) -> list[Any]:
        """The statuses of one batch."""
        reply = self.do({"type": "order", "orders": list(orders), "grouping": "na"}, who)
        return list(reply["response"]["data"]["statuses"])

    def rest(self, *args: Any, who: str = ME, **more: Any) -> int:
        """An order that rests: its oid."""
        (status,) = self.orders(order(*args, **more), who=who)
        return int(status["resting"]["oid"])

    def modify(self, oid: int | str, new: dict[str, Any]) -> Any:
        """The one status of a `batchModify`."""
        reply = self.do({"type": "batchModify", "modifies": [{"oid": oid, "order": new}]})
        (status,) = reply["response"]["data"]["statuses"]
        return status

    def ask(self, request: Any) -> Any:
        """The answer to a read."""
        ticket = self.venue.info(json.dumps(request).encode())
        (reply,) = [one for one in self.step(0) if one[0] == "reply" and one[1] == ticket]
        assert reply[0] == "reply"
        return json.loads(reply[4]) if reply[2] == 200 else reply[2]

    def socket(self, *streams: dict[str, Any]) -> int:
        """A socket that is subscribed."""
        socket = self.venue.open_socket()
        for stream in streams:
            self.say(socket, {"method": "subscribe", "subscription": stream})
        return socket

    def say(self, socket: int, message: Any) -> None:
        """A message of the client."""
        self.venue.socket_message(socket, message if isinstance(message, bytes) else json.dumps(message).encode())
        self.step(0)

    def heard(self, socket: int, channel: str = "") -> list[Any]:
        """What the socket was told since the last call, of one channel or as whole messages."""
        frames = self.frames.pop(socket, [])
        return [frame.get("data") for frame in frames if frame["channel"] == channel] if channel else frames
