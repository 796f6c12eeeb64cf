"""The small venue behind the byte protocol: signatures, nonces, blocks, subscriptions, streams.

Good enough to test a client against: several accounts with agents, the texts of protocol 4, the modify semantics of
3.5, streams with their true snapshots. `mm._core.venue` is the full one; both are a `mm.sim.venue.Venue`.
"""

import json
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mm.exchange.thin.wire import packed, text
from mm.sim.small.answers import FREE_REQUESTS, MICRO, Answers
from mm.sim.small.market import HOUSE, TRADES_REPLAYED, Client, Desk, Malformed, Market, check_shape, class_of
from mm.sim.venue import Account, Output

BAD_BODY = b"Failed to deserialize the JSON body into the target type"
NONCES_KEPT = 100
WINDOW_MS = (2 * 86_400_000, 86_400_000)
ITEMS_MAX = 200
USERS_MAX = 10
IDLE_MS = 60_000
DAY_MS = 86_400_000
SCHEDULE_MIN_MS = 5_000
SCHEDULES_A_DAY = 10
SCHEDULE_VOLUME = 1_000_000 * 10**MICRO
FAST_DEPTH = 5
CADENCE_MS = {"l2Book": 5_000, "fast": 500, "activeAssetCtx": 1_000, "allMids": 500, "state": 5_000}
COIN_STREAMS = ("activeAssetCtx", "bbo", "candle", "l2Book", "trades")
USER_STREAMS: dict[str, dict[str, Any]] = {
    "clearinghouseState": {"dex": ""},
    "notification": {},
    "openOrders": {"dex": ""},
    "orderUpdates": {},
    "userEvents": {},
    "userFills": {"aggregateByTime": False},
    "userFundings": {},
    "userNonFundingLedgerUpdates": {},
}
EMPTY_SNAPSHOTS = {"userFundings": "fundings", "userNonFundingLedgerUpdates": "nonFundingLedgerUpdates"}

Recover = Callable[[bytes], str]
"""From the body of a request to the address that signed it, in lower case: `mm._core.sign.recover` for a network.
Raises `ValueError` when no address can be recovered."""


@dataclass(slots=True)
class Arrived:
    """A request that waits for its block."""

    client: Client
    envelope: dict[str, Any]
    answer: Callable[[Any], None]


@dataclass(slots=True)
class Socket:
    """One WebSocket and what it is subscribed to: the canonical text of each subscription, and when it was told."""

    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    spoke_ms: int = 0


class SmallVenue:
    """A venue with its accounts. `block_ms`: how far blocks are apart; `house`: somebody quotes, 1 % from the middle."""

    def __init__(
        self,
        markets: Iterable[Market],
        accounts: Iterable[Account],
        recover: Recover,
        *,
        start_ms: int,
        deposit: int = 1_000_000,
        block_ms: int = 80,
        house: bool = True,
    ) -> None:
        self.desk = Desk(list(markets))
        for account in accounts:
            client = Client(account.address, deposit * 10**MICRO, agents={"": account.agent})
            self.desk.clients[account.address] = client
        self.answers = Answers(self.desk)
        self._recover = recover
        self._now = start_ms
        self._block_ms = block_ms
        self._block_at = start_ms + block_ms
        self._mempool: list[Arrived] = []
        self._nonces: dict[str, list[int]] = {}
        self._fired: dict[tuple[str, int], int] = {}
        self._sockets: dict[int, Socket] = {}
        self._house = house
        if house:
            self.desk.clients[HOUSE] = Client(HOUSE, 10**9 * 10**MICRO)
            self.desk.furnish(self.desk.clients[HOUSE], start_ms)
        self._numbers = 0
        self._out: list[Output] = []

    # --- the byte protocol ----------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """The venue's time."""
        return self._now

    def exchange(self, body: bytes) -> int:
        """A signed action arrives; it is executed in the next block."""
        ticket = self._number()

        def answer(reply: Any) -> None:
            self._out.append(("reply", ticket, 200, "application/json", packed(reply)))

        try:
            self._arrive(body, answer)
        except Malformed:
            self._out.append(("reply", ticket, 422, "text/plain; charset=utf-8", BAD_BODY))
        return ticket

    def info(self, body: bytes) -> int:
        """A read; answered as of now."""
        ticket = self._number()
        try:
            reply = packed(self.answers.ask(_json(body), self._now))
            self._out.append(("reply", ticket, 200, "application/json", reply))
        except Malformed:
            self._out.append(("reply", ticket, 422, "text/plain; charset=utf-8", BAD_BODY))
        return ticket

    def open_socket(self) -> int:
        """A new socket, subscribed to nothing."""
        socket = self._number()
        self._sockets[socket] = Socket(spoke_ms=self._now)
        return socket

    def close_socket(self, socket: int) -> None:
        """Forget it."""
        self._sockets.pop(socket, None)

    def socket_message(self, socket: int, text: bytes) -> None:
        """Ping, subscribe, unsubscribe or post."""
        if socket not in self._sockets:
            return
        try:
            message = _json(text)
            method = message["method"]
            if method == "ping":
                self._send(socket, {"channel": "pong"})
            elif method == "post":
                self._post(socket, message)
            elif method in ("subscribe", "unsubscribe"):
                self._subscription(socket, method, message["subscription"])
            else:
                raise Malformed
        except (Malformed, KeyError, TypeError, AttributeError):
            words = f"Error parsing JSON into valid websocket request: {text.decode(errors='replace')}"
            self._send(socket, {"channel": "error", "data": words})

    def advance(self, until_ms: int) -> list[Output]:
        """Make the blocks that are due, and say what goes out."""
        while self._block_at <= until_ms:
            self._now = max(self._now, self._block_at)
            self._block()
            self._block_at += self._block_ms
        self._now = max(self._now, until_ms)
        out, self._out = self._out, []
        return out

    # --- actions --------------------------------------------------------------------------------

    def _arrive(self, body: bytes, answer: Callable[[Any], None]) -> None:
        """Check what can be checked at once: the shape and the signature."""
        envelope = _json(body)
        if not isinstance(envelope, dict) or not isinstance(envelope.get("action"), dict):
            raise Malformed
        action, nonce = envelope["action"], envelope.get("nonce")
        known = isinstance(action.get("type"), str) and action["type"] in ACTIONS
        if not known or type(nonce) is not int or not isinstance(envelope.get("signature"), dict):
            raise Malformed
        check_shape(action)
        try:
            signer = self._recover(body)
        except ValueError:
            return answer(_refused("Unable to recover signer."))
        client = self._signed_for(signer, user_signed="signatureChainId" in action)
        if client is None:
            word = "Must deposit before performing actions. User:" if "signatureChainId" in action else None
            words = f"{word} {signer}" if word else f"User or API Wallet {signer} does not exist."
            return answer(_refused(words))
        vault = envelope.get("vaultAddress")
        if vault is not None:
            sub = self.desk.clients.get(str(vault).lower())
            if sub is None or sub.master != client.address:
                return answer(_refused(f"Vault not registered: {vault}"))
            client = sub
        envelope["signer"] = signer
        self._mempool.append(Arrived(client, envelope, answer))
        return None

    def _signed_for(self, signer: str, user_signed: bool) -> Client | None:
        if (client := self.desk.clients.get(signer)) is not None or user_signed:
            return client
        return next((c for c in self.desk.clients.values() if signer in c.agents.values()), None)

    def _block(self) -> None:
        """Execute what has arrived: post-only and the like, then cancels, then takers (protocol 10.2)."""
        for arrived in sorted(self._mempool, key=lambda one: class_of(one.envelope["action"])):
            try:
                arrived.answer(self._execute(arrived.client, arrived.envelope))
            except (KeyError, TypeError, ValueError, AttributeError):
                arrived.answer(_refused("Failed to deserialize the action"))
        self._mempool.clear()
        for client in self.desk.clients.values():
            if client.cancel_at is not None and client.cancel_at <= self._now:
                self._dead_man(client)
        if self._house and self.desk.pushes.touched:
            self.desk.furnish(self.desk.clients[HOUSE], self._now)
        self._stream()

    def _execute(self, client: Client, envelope: dict[str, Any]) -> Any:
        if (refusal := self._nonce_refused(envelope["signer"], envelope["nonce"])) is not None:
            return _refused(refusal)
        expires, action = envelope.get("expiresAfter"), envelope["action"]
        if expires is not None and expires < self._now:
            client.requests += 5
            return _refused("Action already expired")
        items = next((action[key] for key in ("orders", "cancels", "modifies") if key in action), [action])
        if len(items) > ITEMS_MAX:
            return _refused(f"Signed action over weight limit of {ITEMS_MAX}.")
        cap = FREE_REQUESTS + client.volume // 10**MICRO
        allowed = min(cap + 100_000, cap * 2) if "cancels" in action else cap
        if client.requests + len(items) > allowed:
            return _refused(
                f"Too many cumulative requests sent ({client.requests + len(items)} > {allowed}) for cumulative volume "
                f"traded ${text(client.volume, MICRO)}. Place taker orders to free up 1 request per USDC traded."
            )
        reply = ACTIONS[action["type"]](self, client, action)
        client.requests += len(items)
        insort(self._nonces.setdefault(envelope["signer"], []), envelope["nonce"])
        del self._nonces[envelope["signer"]][:-NONCES_KEPT]
        return reply

    def _nonce_refused(self, signer: str, nonce: int) -> str | None:
        kept = self._nonces.setdefault(signer, [])
        at = bisect_left(kept, nonce)
        if at < len(kept) and kept[at] == nonce:
            return f"Invalid nonce: duplicate nonce {nonce}"
        if len(kept) == NONCES_KEPT and nonce < kept[0]:
            return f"Invalid nonce: nonce {nonce} is below the lowest of the last {NONCES_KEPT}"
        if not self._now - WINDOW_MS[0] < nonce < self._now + WINDOW_MS[1]:
            return f"Invalid nonce: nonce {nonce} is out of the window around {self._now}"
        return None

    def _order(self, client: Client, action: dict[str, Any]) -> Any:
        limits = [order for order in action["orders"] if "limit" in order["t"]]
        if len(limits) < len(action["orders"]) or not limits:
            return _refused("Only limit orders are simulated.")
        return _statuses("order", [self.desk.place(client, order, self._now) for order in limits])

    def _cancel(self, client: Client, action: dict[str, Any]) -> Any:
        rows = [self.desk.cancel(client, item["a"], item["o"], self._now) for item in action["cancels"]]
        return _statuses("cancel", rows)

    def _cancel_by_cloid(self, client: Client, action: dict[str, Any]) -> Any:
        rows = [self.desk.cancel(client, item["asset"], item["cloid"], self._now) for item in action["cancels"]]
        return _statuses("cancel", rows)

    def _batch_modify(self, client: Client, action: dict[str, Any]) -> Any:
        return _statuses("order", [self._one_modify(client, item) for item in action["modifies"]])

    def _modify(self, client: Client, action: dict[str, Any]) -> Any:
        entry = self._one_modify(client, action)
        return _refused(entry["error"]) if "error" in entry else _done()

    def _one_modify(self, client: Client, item: dict[str, Any]) -> Any:
        return self.desk.modify(client, item["oid"], item["order"], self._now)

    def _schedule(self, client: Client, action: dict[str, Any]) -> Any:
        if client.volume < SCHEDULE_VOLUME:
            traded = text(client.volume // 10_000, 2)
            return _refused(
                "Cannot set scheduled cancel time until enough volume traded. "
                f"Required: ${SCHEDULE_VOLUME // 10**MICRO}. Traded: ${traded}."
            )
        time = action.get("time")
        if time is not None and time < self._now + SCHEDULE_MIN_MS:
            return _refused("Scheduled cancel time too early, must be at least 5 seconds from now.")
        if time is not None and self._fired.get((client.address, self._now // DAY_MS), 0) >= SCHEDULES_A_DAY:
            return _refused("Cannot set scheduled cancel: 10 triggers used today.")
        client.cancel_at = time
        return _done()

    def _dead_man(self, client: Client) -> None:
        client.cancel_at = None
        day = (client.address, self._now // DAY_MS)
        self._fired[day] = self._fired.get(day, 0) + 1
        for order in list(client.open.values()):
            self.desk.kill(client, order, "scheduledCancel", self._now)

    def _leverage(self, client: Client, action: dict[str, Any]) -> Any:
        market, leverage = self.desk.markets.get(action["asset"]), action["leverage"]
        if market is None or not 1 <= leverage <= market.max_leverage:
            return _refused("Invalid leverage value")
        cross = client.leverage.get(market.coin, (True, 0))[0]
        if cross != action["isCross"] and client.ledger(market.coin).lots:
            return _refused("Cannot switch leverage type with open position.")
        client.leverage[market.coin] = (action["isCross"], leverage)
        return _done()

    def _approve_agent(self, client: Client, action: dict[str, Any]) -> Any:
        agent, name = action["agentAddress"].lower(), action.get("agentName") or ""
        if any(agent in other.agents.values() for other in self.desk.clients.values()):
            return _refused("Extra agent already used.")
        if name not in client.agents and len([name for name in client.agents if name]) >= 3:
            return _refused("Too many extra agents for cumulative volume traded. Current limit is 3")
        client.agents[name] = agent
        return _done()

    # --- WebSocket ------------------------------------------------------------------------------

    def _post(self, socket: int, message: dict[str, Any]) -> None:
        number, request = message["id"], message["request"]
        kind, payload = request["type"], request["payload"]

        def answer(reply: Any, kind: str = kind) -> None:
            if socket in self._sockets:
                response = {"id": number, "response": {"type": kind, "payload": reply}}
                self._send(socket, {"channel": "post", "data": response})

        try:
            if kind == "info":
                answer({"type": payload["type"], "data": self.answers.ask(payload, self._now)})
            elif kind == "action":
                self._arrive(packed(payload), answer)
            else:
                raise Malformed
        except Malformed:
            answer(f"422 Unprocessable Entity: {BAD_BODY.decode()}", "error")

    def _subscription(self, socket: int, method: str, asked: dict[str, Any]) -> None:
        here, kind = self._sockets[socket], asked["type"]
        if kind in COIN_STREAMS:
            stream = {"type": kind, "coin": asked["coin"]}
            if kind == "l2Book":
                stream |= {"nSigFigs": asked.get("nSigFigs"), "mantissa": asked.get("mantissa")}
                stream |= {"fast": True} if asked.get("fast") else {}
            if asked["coin"] not in self.desk.by_coin:
                self._out.append(("close", socket, 1006))  # without a frame, as on testnet
                return self.close_socket(socket)
        elif kind in USER_STREAMS:
            stream = {"type": kind, "user": asked["user"].lower(), **USER_STREAMS[kind]}
        elif kind == "allMids":
            stream = {"type": kind, "dex": asked.get("dex")} if asked.get("dex") else {"type": kind}
        else:
            raise Malformed
        name = packed(stream).decode()
        if (method == "subscribe") == (name in here.streams):
            word = "Already subscribed" if method == "subscribe" else "Already unsubscribed"
            return self._send(socket, {"channel": "error", "data": f"{word}: {name}"})
        users = {s["user"] for one in self._sockets.values() for s in one.streams.values() if "user" in s}
        if method == "subscribe" and len(users | ({stream["user"]} if "user" in stream else set())) > USERS_MAX:
            return self._send(socket, {"channel": "error", "data": "Cannot track more than 10 total users."})
        acknowledged = {"method": method, "subscription": stream}
        self._send(socket, {"channel": "subscriptionResponse", "data": acknowledged})
        if method == "unsubscribe":
            here.streams.pop(name)
            here.told.pop(name, None)
        else:
            here.streams[name] = stream
            self._snapshot(socket, name, stream)
        return None

    def _snapshot(self, socket: int, name: str, stream: dict[str, Any]) -> None:
        kind, user = stream["type"], stream.get("user", "")
        if kind == "userFills":
            rows = self.answers.fills(self.desk.clients.get(user), newest=2_000)
            self._send(socket, {"channel": kind, "data": {"isSnapshot": True, "user": user, "fills": rows}})
        elif kind == "trades":
            rows = list(self.desk.by_coin[stream["coin"]].trades)[-TRADES_REPLAYED:]
            self._send(socket, {"channel": kind, "data": rows})
        elif kind in EMPTY_SNAPSHOTS:
            data = {"isSnapshot": True, "user": user, EMPTY_SNAPSHOTS[kind]: []}
            self._send(socket, {"channel": kind, "data": data})
        else:
            self._repeat(socket, name, stream)

    def _stream(self) -> None:
        """After a block: tell each socket what it subscribed to."""
        pushes = self.desk.take_pushes()
        moved = set(pushes.fills) | set(pushes.updates)
        for socket, here in list(self._sockets.items()):
            for name, stream in here.streams.items():
                kind, user, coin = stream["type"], stream.get("user", ""), stream.get("coin", "")
                if kind == "orderUpdates" and user in pushes.updates:
                    self._send(socket, {"channel": kind, "data": pushes.updates[user]})
                elif kind in ("userFills", "userEvents") and user in pushes.fills:
                    data: dict[str, Any] = {"fills": [self.answers.fill(*row) for row in pushes.fills[user]]}
                    channel = "user" if kind == "userEvents" else kind
                    self._send(
                        socket, {"channel": channel, "data": data if channel == "user" else {"user": user, **data}}
                    )
                elif kind == "trades" and coin in pushes.trades:
                    self._send(socket, {"channel": kind, "data": pushes.trades[coin]})
                elif kind == "bbo":
                    if coin in pushes.touched:
                        self._repeat(socket, name, stream)
                else:
                    due = here.told.get(name, 0) + CADENCE_MS.get("fast" if stream.get("fast") else kind, 5_000)
                    if due <= self._now or (kind in ("openOrders", "clearinghouseState") and user in moved):
                        self._repeat(socket, name, stream)
            if here.spoke_ms + IDLE_MS <= self._now:
                self._out.append(("close", socket, 1000))
                self.close_socket(socket)

    def _repeat(self, socket: int, name: str, stream: dict[str, Any]) -> None:
        """Send the whole state of a stream that consists of states."""
        kind, answers = stream["type"], self.answers
        answers.now = self._now
        user, client = stream.get("user", ""), self.desk.clients.get(stream.get("user", ""))
        market = self.desk.by_coin.get(stream.get("coin", ""))
        data: Any = None
        if kind == "bbo" and market is not None:
            data = answers.bbo(market, self._now)
        elif kind == "l2Book" and market is not None:
            fast = {"fast": True} if stream.get("fast") else {}
            data = {**answers.book(market, self._now, FAST_DEPTH if fast else 20), **fast}
        elif kind == "activeAssetCtx" and market is not None:
            data = {"coin": market.coin, "ctx": answers.context(market)}
        elif kind == "allMids":
            data = {"mids": answers.mids()}
        elif kind == "openOrders":
            data = {"dex": "", "user": user, "orders": answers.open_orders(client)}
        elif kind == "clearinghouseState":
            data = {"dex": "", "user": user, kind: answers.state(client)}
        if data is not None:
            self._sockets[socket].told[name] = self._now
            self._send(socket, {"channel": kind, "data": data})

    def _send(self, socket: int, message: dict[str, Any]) -> None:
        self._sockets[socket].spoke_ms = self._now
        self._out.append(("frame", socket, packed(message)))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed from error


def _refused(words: str) -> dict[str, Any]:
    return {"status": "err", "response": words}


def _done() -> dict[str, Any]:
    return {"status": "ok", "response": {"type": "default"}}


def _statuses(kind: str, rows: list[Any]) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": rows}}}


ACTIONS: dict[str, Callable[[SmallVenue, Client, dict[str, Any]], Any]] = {
    "approveAgent": SmallVenue._approve_agent,
    "batchModify": SmallVenue._batch_modify,
    "cancel": SmallVenue._cancel,
    "cancelByCloid": SmallVenue._cancel_by_cloid,
    "modify": SmallVenue._modify,
    "noop": lambda *_: _done(),
    "order": SmallVenue._order,
    "reserveRequestWeight": lambda *_: _done(),
    "scheduleCancel": SmallVenue._schedule,
    "updateIsolatedMargin": lambda *_: _refused("Position does not use isolated margin."),
    "updateLeverage": SmallVenue._leverage,
}
