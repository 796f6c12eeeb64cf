"""A simulated Hyperliquid in this process: `mm.Hyperliquid` with everything but sockets, in virtual time.

    inside = Inside(seed=7, market={"BTC": "thin"})

    async def main() -> None:
        async with inside.client(coins=["BTC"], on_exit="cancel") as hl:
            await hl.ready()
            ...
            await asyncio.sleep(3600)  # an hour of the market

    inside.run(main())

The client signs, counts its limits, subscribes, decodes frames, reconnects and asks again as it does over the network; only
its two ways out, REST and the WebSocket, end in a venue of this process (`mm._core.venue`). One seed, one program: one
history, down to the last byte (`trace_hash`).
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from random import Random
from typing import Any, TypeVar

from mm._core.sign import Signer
from mm.errors import BadInput, OutcomeUnknown
from mm.exchange.hyperliquid.client import Hyperliquid
from mm.exchange.hyperliquid.link import Link
from mm.exchange.hyperliquid.link_clock import Clock
from mm.exchange.hyperliquid.link_settings import Settings
from mm.exchange.hyperliquid.rest import Asks, Reply
from mm.exchange.hyperliquid.socket import Socket
from mm.sim.accounts import NAMES, accounts
from mm.sim.build import World
from mm.sim.catalogue import Faults
from mm.sim.loop import VirtualLoop
from mm.sim.venue import Account

__all__ = ["Inside", "Wires"]

NOWHERE = "http://127.0.0.1"
"""The URL of a venue that has none."""
T = TypeVar("T")


class Wires:
    """The two ways from clients in this process to a venue in it."""

    def __init__(self, venue: Any) -> None:
        self.venue = venue
        self.now_ms: int = venue.now_ms
        """The venue's time, as of the last thing that it delivered: read often, so it is kept."""
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._sockets: dict[int, _Socket] = {}

    def pass_time(self, until_ms: int) -> None:
        """Let time pass until something is delivered, and deliver it."""
        outputs = self.venue.step(until_ms)
        self.now_ms = self.venue.now_ms
        for output in outputs:
            kind, number = output[0], output[1]
            if kind == "frame":
                socket = self._sockets.get(number)
                if socket is not None:
                    socket.on_message(output[2])
            elif kind == "reply":
                waiting = self._replies.pop(number, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(Reply(output[2], output[3], output[4]))
            elif (socket := self._sockets.pop(number, None)) is not None:
                socket.end(f"closed by the venue, code {output[2]}")

    async def connect(
        self, url: str, on_message: Callable[[bytes], None], on_closed: Callable[[str], None], **_: int
    ) -> Socket:
        """A WebSocket without a socket; as `mm.exchange.hyperliquid.socket.connect`."""
        number = self.venue.open_socket()
        socket = self._sockets[number] = _Socket(self, number, on_message, on_closed)
        return socket

    def rest(self, _: Settings) -> Asks:
        """Requests without HTTP; as `mm.exchange.hyperliquid.rest.Rest`."""
        return _Rest(self)

    def ask(self, path: str, body: bytes) -> asyncio.Future[Reply]:
        """A request; its answer comes when time has passed."""
        ticket = self.venue.exchange(body) if path == "/exchange" else self.venue.info(body)
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[ticket] = waiting
        return waiting

    def forget(self, number: int) -> None:
        """The client closed a WebSocket."""
        if self._sockets.pop(number, None) is not None:
            self.venue.close_socket(number)


class _Clock(Clock):
    """The venue's time: it never goes back, and nobody's clock is another's."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self.steady_ms = self.now_ms

    def now_ms(self) -> int:
        return self._wires.now_ms

    def ahead_ms(self) -> int:
        return 0


class _Rest:
    def __init__(self, wires: Wires) -> None:
        self._wires = wires

    async def post(self, path: str, body: bytes, timeout_ms: int) -> Reply:
        try:
            async with asyncio.timeout(timeout_ms / 1_000):
                return await self._wires.ask(path, body)
        except TimeoutError as error:
            raise OutcomeUnknown(f"{path}: no answer in {timeout_ms} ms", reason="no answer") from error

    async def close(self) -> None:
        pass


class _Socket:
    def __init__(
        self, wires: Wires, number: int, on_message: Callable[[bytes], None], on_closed: Callable[[str], None]
    ) -> None:
        self._wires, self._number, self.on_message, self._on_closed = wires, number, on_message, on_closed
        self._open = True

    def send(self, text: bytes) -> bool:
        if self._open:
            self._wires.venue.socket_message(self._number, text)
        return self._open

    def abort(self, why: str) -> None:
        self._wires.forget(self._number)
        self.end(why)

    def end(self, why: str) -> None:
        if self._open:
            self._open = False
            self._on_closed(why)

    async def wait_closed(self) -> None:
        pass


class Inside:
    """A venue in this process, with funded accounts and the clients that trade on it.

    `seed` decides everything; `rates` are faults of the venue by name (`mm.sim.catalogue`), in millionths; the other words
    are those of `mm.sim.build.World` (`market`, `settings`, `recording`, `meta`). Latencies and blocks are those of the
    real venue unless `settings` say otherwise. Raises `BadInput`, naming the field.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        coins: Iterable[str] = (),
        names: Iterable[str] = NAMES,
        rates: Mapping[str, int] | None = None,
        market: Any = "thin",
        **world: Any,
    ) -> None:
        self.seed, self.coins = seed, tuple(coins)
        self.accounts = accounts(seed, tuple(names))
        if isinstance(market, str) and self.coins:
            market = dict.fromkeys(self.coins, market)
        self.venue = World(seed=seed, market=market, **world).open(self.accounts)
        self.faults = Faults(self.venue, seed, rates)
        self.wires = Wires(self.venue)
        self._nonce = 0

    @property
    def now_ms(self) -> int:
        """The venue's time, in ms since 1970."""
        return self.venue.now_ms

    def account(self, name: str = "maker") -> Account:
        """The account of that name. Raises `BadInput`."""
        for account in self.accounts:
            if account.name == name:
                return account
        raise BadInput(f"there is no account named {name!r}", field="name", reason="unknown name")

    def link(self, name: str = "maker", **settings: Any) -> Link:
        """The account's link: an `AsyncExchange` for whoever wants no more. `settings` as in `link_settings.Settings`."""
        account = self.account(name)
        told = {"url": NOWHERE, "account": account.address, "mainnet": False, "coins": self.coins, **settings}
        wires = self.wires
        signer = Signer(account.agent_key, mainnet=False)
        rng = Random(f"{self.seed} {name}")
        return Link(Settings(**told), signer, clock=_Clock(wires), rng=rng, rest=wires.rest, connect=wires.connect)

    def client(
        self, name: str = "maker", *, coins: Iterable[str] | None = None, link: Mapping[str, Any] = {}, **words: Any
    ) -> Hyperliquid:
        """A client of that account. `link` and the other words are those of `mm.Hyperliquid`."""
        wanted = self.coins if coins is None else tuple(coins)
        exchange = self.link(name, **{"coins": wanted, **link})
        return Hyperliquid(account=self.account(name).address, exchange=exchange, coins=wanted, **words)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the venue's time until it ends, as `asyncio.run` does. Then the venue audits itself: raises
        `EngineFault` if money, coins or books do not add up.
        """
        with asyncio.Runner(loop_factory=lambda: VirtualLoop(self.wires)) as runner:
            result = runner.run(main)
        self.venue.check()
        return result

    def truth(self, name: str = "maker") -> dict[str, Any]:
        """What the venue knows of an account: orders, positions, cash, fills, sums (`mm._core.venue.Venue.truth`)."""
        told: dict[str, Any] = json.loads(self.venue.truth(self.account(name).address))
        return told

    async def act(self, name: str, action: dict[str, Any]) -> Any:
        """Let an account do something without a client: its agent signs an L1 action. The answer."""
        self._nonce = max(self._nonce + 1, self.now_ms)
        signer = Signer(self.account(name).agent_key, mainnet=False)
        body = signer.action(json.dumps(action, separators=(",", ":")), nonce=self._nonce)
        return json.loads((await self.wires.ask("/exchange", body)).body)

    async def info(self, request: dict[str, Any]) -> Any:
        """What the venue answers to a read."""
        return json.loads((await self.wires.ask("/info", json.dumps(request).encode())).body)
