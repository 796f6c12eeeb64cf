"""A desk at a simulated venue: signed bodies in, answers out, in virtual time."""

import json
from typing import Any

from mm._core.sign import OrderWire, Signer
from mm._core.venue import Venue

KEYS = [bytes([number]) * 32 for number in (1, 2, 3)]
START = 1_790_000_000_000
PLAIN = {"latency.all": 20, "block.every": 100, "front.greeting": 0}
"""No chance in it: every delay 20 ms, a block each 100 ms."""


class Desk:
    """Three funded accounts, with their own keys."""

    def __init__(self, seed: int = 0, *, settings: dict[str, int] | None = None, **more: Any) -> None:
        self.venue = Venue(seed, start_ms=START, settings=PLAIN | (settings or {}), **more)
        self.signers = [Signer(key, mainnet=False) for key in KEYS]
        self.nonce = START
        self.replies: dict[int, tuple[int, Any]] = {}
        self.frames: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.closed: list[int] = []
        for signer in self.signers:
            spot = {"USDC": 10_000, "PURR": 10_000}
            self.venue.open_account(signer.address, 100_000, dexes={"xyz": 10_000}, spot=spot)

    def fresh(self) -> int:
        """A nonce."""
        self.nonce = max(self.nonce + 1, self.venue.now_ms)
        return self.nonce

    def wait(self, ms: int = 400) -> None:
        """Lets time pass and sorts what comes."""
        until = self.venue.now_ms + ms
        while self.venue.now_ms < until:
            for output in self.venue.step(until):
                match output:
                    case ("reply", ticket, status, kind, body):
                        told = json.loads(body) if kind == "application/json" else body.decode()
                        self.replies[ticket] = (status, told)
                    case ("frame", _, data):
                        self.raw.append(data)
                        self.frames.append(json.loads(data))
                    case ("close", socket, _):
                        self.closed.append(socket)

    def say(self, body: bytes) -> Any:
        """Sends an action and waits for its answer."""
        ticket = self.venue.exchange(body)
        self.wait()
        return self.replies[ticket][1]

    def order(
        self, who: int, is_buy: bool, px: str, sz: str, tif: str = "Alo", asset: int = 0, **more: Any
    ) -> dict[str, Any]:
        """Places one order; the entry of its answer."""
        wire = OrderWire(asset, is_buy, px, sz, tif, **more)  # type: ignore[arg-type]
        told = self.say(self.signers[who].orders([wire], nonce=self.fresh()))
        entry: dict[str, Any] = told["response"]["data"]["statuses"][0]
        return entry

    def ask(self, **request: Any) -> Any:
        """Asks for information."""
        ticket = self.venue.info(json.dumps(request).encode())
        self.wait(60)
        return self.replies[ticket][1]

    def user(self, who: int) -> str:
        """An address."""
        return self.signers[who].address

    def subscribe(self, socket: int, **subscription: Any) -> None:
        """Subscribes and waits for what comes at once."""
        text = json.dumps({"method": "subscribe", "subscription": subscription})
        self.venue.socket_message(socket, text.encode())
        self.wait(60)

    def said(self, channel: str) -> list[Any]:
        """What a channel said, in order."""
        return [frame.get("data") for frame in self.frames if frame["channel"] == channel]

    def truth(self, who: int) -> Any:
        """What is really so."""
        return json.loads(self.venue.truth(self.user(who)))
