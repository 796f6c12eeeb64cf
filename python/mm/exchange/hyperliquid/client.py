"""`mm.Hyperliquid`: the session and a link on an asyncio loop, for people who keep their own loop.

    async with mm.Hyperliquid(account="0x…", key=…, url=mm.TESTNET, coins=["BTC"]) as hl:
        await hl.ready()
        order = await hl.place("BTC", "B", "83757", "0.001")
        await hl.cancel(order)

Everything the client learns is told to the engine, and everything it sends is a command that the engine
was told of first. One task turns the loop; nothing here waits for the network while it holds anything.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from mm._core import Engine, Order, OrderState, Position, Side, Tif, classify_cancel_error
from mm._core.sign import Signer
from mm._core.wire import Asset, Assets, Book
from mm.errors import (
    ConfigError,
    EngineFault,
    NotSent,
    OutcomeUnknown,
    UnknownOrder,
    UsageError,
    VenueError,
)
from mm.exchange.base import AsyncExchange
from mm.exchange.hyperliquid.client_events import EventStream, Left, Readers, words_of
from mm.exchange.hyperliquid.client_fault import cancel_after_fault
from mm.exchange.hyperliquid.client_modify import Fallbacks
from mm.exchange.hyperliquid.client_open import (
    NewOrder,
    SharedNonces,
    began_ms,
    edit_of,
    names_of,
    network,
    settings_of,
    unrecorded,
    wish_of,
)
from mm.exchange.hyperliquid.client_parts import (
    Books,
    Hidden,
    Number,
    Waiters,
    error_of,
    face,
    is_done,
    json_of,
    market_in,
    not_gone,
    order_in,
    placed_in,
    spot_of,
    whole,
)
from mm.exchange.hyperliquid.client_turns import AT_ONCE, OTHERS_EVERY, Turns
from mm.exchange.hyperliquid.forks import not_in_a_child
from mm.exchange.hyperliquid.link_settings import MAINNET
from mm.fallback import Policy
from mm.protocol import InfoReply, RateLimitReply, ReadFailed, Warned
from mm.protocol import Market as MarketFact
from mm.session import (
    Escalated,
    Fate,
    GateMoved,
    Held,
    How,
    Phase,
    Recorded,
    Rules,
    Session,
    Surprised,
    dex_of,
    name_of,
)

AGAIN_MS = 1_000
"""How long `cancel_all` waits before it cancels again what survived."""
EVENTS_MOST = 10_000

log = logging.getLogger("mm")


class Hyperliquid:
    """One account on Hyperliquid, caught up and looked after.

    `account` is the address that is traded for (the master's or a sub-account's, never the agent's); `key` (an agent's)
    or `signer` signs for it, and acts for the `vault` or sub-account that is named. `url`: `mm.MAINNET`,
    `mm.TESTNET`, or a venue of your own on this machine, which takes testnet signatures. `coins` are watched and may be
    traded. `link` has further settings by name (`link_settings.Settings`: feeds, times, bounds). `engine` may be
    your own; `exchange` and `assets` replace the network (tests do).

    **Leaving the context** keeps your orders on the book (`on_exit="keep"`), with their place in the queue: a
    program that ends is not a wish to leave the market, and the next start finds them. `on_exit="cancel"` cancels all
    of ours, and waits for the proof. Either way answers on their way are waited for, for `grace_ms`; no task and no
    socket stays behind; and what is still open, or whose fate is not known, is told: by a `Left` event, by
    `hl.left`, and by a warning of the logger `mm`.

    Raises `ConfigError` before anything is opened.
    """

    def __init__(
        self,
        *,
        account: str,
        key: str | bytes | bytearray | None = None,
        signer: Signer | None = None,
        url: str = MAINNET,
        coins: Iterable[str] = (),
        vault: str | None = None,
        link: Mapping[str, Any] | None = None,
        engine: Engine | Recorded | None = None,
        exchange: AsyncExchange | None = None,
        assets: Assets | None = None,
        rules: Rules | None = None,
        on_exit: Literal["keep", "cancel"] = "keep",
        grace_ms: int = 2_000,
        events_most: int = EVENTS_MOST,
    ) -> None:
        hidden, key = Hidden(key), None
        if on_exit not in ("keep", "cancel"):
            raise ConfigError(f"on_exit is 'keep' or 'cancel', not {on_exit!r}", field="on_exit", reason="unknown")
        if events_most < 1:
            raise ConfigError(f"events_most is a positive number, not {events_most}", field="events_most")
        self.account = account
        self.coins = names_of(coins)
        self.left: tuple[Order, ...] = ()
        """After leaving: the orders that were open, or not known to be closed."""
        self._nonces: SharedNonces | None = None
        if exchange is None:
            exchange, self._nonces = network(settings_of(account, url, self.coins, link or {}), hidden, signer, vault)
        self._exchange = exchange
        self._assets = assets
        # What is given as an exchange may have a time of its own, and is to tell the same story again.
        now_ms = self._exchange.now_ms if self._nonces is None else began_ms(self._exchange.now_ms)
        self._recorded = engine if isinstance(engine, Recorded) else unrecorded(account, engine, now_ms)
        self._rules = rules
        self._on_exit = on_exit
        self._grace_ms = grace_ms
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._fault: BaseException | None = None
        self._readers = Readers(events_most)
        self._fates: Waiters[tuple[str, str | int], Fate] = Waiters()
        self._infos: Waiters[int, InfoReply | ReadFailed] = Waiters()
        self._budget: Waiters[str, RateLimitReply] = Waiters()
        self._fallbacks = Fallbacks(self._fates)
        self._turns = Turns(self._exchange)
        self._books = Books()
        self._closing = False
        self._gone = asyncio.Event()

    # --- life -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if self._session is not None:
            raise UsageError("a client is entered once")
        not_in_a_child(self)
        try:
            await self._exchange.open()
            self._begin()
        except BaseException:
            await self._exchange.close()
            raise
        self._task = asyncio.create_task(self._run(), name="mm.Hyperliquid")
        return self

    def _begin(self) -> None:
        """The exchange is open: tell the engine what the markets are, and start the session."""
        if self._assets is None:
            self._assets = getattr(self._exchange, "assets", None)
        for coin in self.coins:
            _, base = spot_of(self._assets, coin) or (0, None)
            self._recorded.tell(Engine.set_coin, coin, sz_decimals=self.market(coin).sz_decimals, base_token=base)
        nonces = None if self._nonces is None else self._nonces.nonces
        self._session = Session(self._recorded, self._exchange, self.coins, self._rules, nonces=nonces)
        self._session.know_spot(lambda coin: spot_of(self._assets, coin))
        if self._recorded.sent():
            self._session.resume()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
        if self._fault is not None and error is None:
            raise self._fault

    async def close(self) -> None:
        """Leave: as the class says. Called by the context; a second call waits for the first, and does nothing."""
        task = self._task
        if self._closing:
            await self._gone.wait()
        elif task is not None:
            self._closing = True
            self._fallbacks.stop()
            try:
                with contextlib.suppress(VenueError, EngineFault):  # a fault is raised by the context
                    if self._fault is None and self._on_exit == "cancel":
                        await self.cancel_all(wait=True)
                    if self._fault is None:
                        await self._until(lambda: not self.session.requests_open, self._grace_ms)
                if self._fault is not None and self._on_exit == "cancel":
                    await cancel_after_fault(self.session, self._exchange, self._grace_ms)
            finally:
                await self._stop(task)

    async def _stop(self, task: asyncio.Task[None]) -> None:
        """End the loop's task and the exchange, though we be cancelled meanwhile: nothing stays behind."""
        self._task = None
        task.cancel()
        try:
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # it is kept in `_fault`
        finally:
            try:
                await self._exchange.close()
            finally:
                self._gone.set()
                self._end()

    def _end(self) -> None:
        with contextlib.suppress(EngineFault):  # then nobody can say what is left, and the fault is raised
            self.left = self._still(None)
        for order in self.left:
            log.warning("left on the venue, looked after by nobody: %s %s, %s", order.coin, order.cloid, order.state)
        gone = OutcomeUnknown("the client was closed before the answer came", reason="closed")
        for waiters in (self._fates, self._infos, self._budget):
            waiters.fail(gone)
        self._readers.tell([Left(self.left)] if self.left else [])
        self._readers.end(self._fault)
        self._nonces = None  # whoever else signs with this key has them, or nobody does any more
        self._turns.over()

    def forked(self) -> None:
        """This is a copy in a child process: it has nobody's sockets to send on, or to close (reliability P9)."""
        self._task, self._closing = None, True
        self._fault = UsageError("a client does not follow into a forked process: open one there", reason="forked")
        self._gone.set()

    async def ready(self) -> None:
        """Wait until all is known that the venue knows: then, and only then, orders are taken. Bound it as you like."""
        while not self.session.ready:
            await self._next_turn()

    async def _run(self) -> None:
        """The one loop: what arrives, what is due, what follows."""
        session, exchange, turns, number = self.session, self._exchange, self._turns, 0
        try:
            while True:
                fact = await exchange.receive(turns.until_ms(session.next_deadline))
                number, taken = number + 1, 0
                while fact is not None:
                    session.take(fact)
                    # A market that moves has no deadline of ours.
                    turns.moved |= type(fact) is not MarketFact
                    taken += 1
                    fact = exchange.receive_now() if taken < AT_ONCE else None
                if turns.due:
                    session.keep_time()
                self._pass_on()
                if taken == AT_ONCE or number % OTHERS_EVERY == 0:
                    await asyncio.sleep(0)  # a queue that is never empty must not keep the others from their turn
        except asyncio.CancelledError:
            raise
        except BaseException as fault:
            # Nothing may be sent any more: whoever waits is told, and so is everybody who asks from now on.
            self._fault = fault
            try:
                self._pass_on()
            finally:
                for waiters in (self._fates, self._infos, self._budget):
                    waiters.fail(fault)
                self._readers.end(fault)
            raise
        finally:
            turns.over()

    def _tell(self) -> None:
        """A caller did something: pass on what followed, and have the loop look anew at what is due."""
        self._pass_on()
        self._turns.look_anew()

    def _pass_on(self) -> None:
        """Pass on what followed."""
        events = self.session.drain()
        for event in events:
            match event:
                case MarketFact(event=told):
                    self._books.take(told, self._exchange.now_ms)
                case Fate(kind=kind, nonce=nonce, cloid=cloid):
                    self._fates.give((kind, cloid or nonce), event)
                case InfoReply(query=query) | ReadFailed(query=query):
                    self._infos.give(query, event)
                case RateLimitReply():
                    self._budget.give("", event)
                case GateMoved(phase=Phase.DOWN, why=why):
                    self._books.clear()
                    log.warning("the connection is lost, and nothing is placed until all is known again: %s", why)
                case GateMoved(phase=Phase.READY):
                    log.info("ready: all is known that the venue knows")
                case Escalated() | Held() | Surprised() | Warned():
                    log.warning(words_of(event))
                case _:
                    pass
        self._readers.tell(events)
        self._turns.over()

    async def _next_turn(self) -> None:
        self._alive()
        await self._turns.next()
        if self._task is None and self._fault is None:
            # Who waits may have sent something, and so it is not `NotSent`.
            raise OutcomeUnknown("the client was closed meanwhile", reason="closed")
        self._alive()

    async def _until(self, done: Callable[[], bool], timeout_ms: int) -> bool:
        """Wait for this, turn by turn, in the exchange's time; False if it did not come in time."""
        return await self._turns.wait(done, timeout_ms, self._next_turn)

    def _alive(self) -> Session:
        """The session, while the loop turns."""
        if self._fault is not None:
            raise self._fault
        if self._session is None or self._task is None:
            raise NotSent("the client is not open: use `async with`", reason="not open")
        return self._session

    def _quoting(self) -> Session:
        """The session, for what may leave an order: not while the client is closing, which is a promise to be kept."""
        session = self._alive()
        if self._closing:
            raise NotSent("the client is closing: nothing is placed any more", reason="closing")
        return session

    # --- looking ----------------------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """The session; there is one as soon as the context was entered."""
        if self._session is None:
            raise NotSent("the client is not open: use `async with`", reason="not open")
        return self._session

    @property
    def engine(self) -> Engine:
        """The engine, for looking: what it is told goes through the session."""
        return self._recorded.view

    def market(self, coin: str) -> Asset:
        """A market and its grid: which prices and sizes there are (`next_px_up`, `round_px`, `lot`). Raises `BadInput`."""
        return market_in(self._assets, coin)

    def book(self, coin: str) -> Book | None:
        """The market as last told; None until something came since the last connection."""
        return self._books.get(coin)

    def orders(self, coin: str | None = None) -> list[Order]:
        """Our orders that rest, or may rest, oldest first: not those that the venue said it has canceled."""
        return [o for o in self.engine.orders() if (coin is None or o.coin == coin) and not is_done(o)]

    def position(self, coin: str) -> Position:
        """A coin's position and money."""
        return self.engine.position(coin)

    def closed(self, coin: str) -> str | None:
        """Why nothing may be placed on this coin now; None if it may. Raises `BadInput` for a coin that there is not."""
        self.market(coin)
        return self.session.closed(coin)

    def release(self, coin: str | None, why: str) -> None:
        """Open a coin again (None: all) that was closed for this reason. A contradiction, a liquidation and a signer that the
        venue does not know stay until somebody has looked at them.
        """
        self._alive().gate.release(coin, why)
        self._tell()

    def events(self) -> EventStream:
        """Everything that happens from now on, in order: effects, fates, gate and link, market events.

        Each reader has its own queue of `events_most` events; one that is too slow is told so (`Lagged`). It is filled as
        long as somebody holds the reader.
        """
        self._alive()
        return self._readers.open()

    # --- orders -----------------------------------------------------------------------------------------

    async def place(
        self,
        coin: str,
        side: Side | str,
        px: Number,
        sz: Number,
        *,
        tif: Tif = Tif.ALO,
        reduce_only: bool = False,
        cloid: str | None = None,
    ) -> Order:
        """Place one order and give it as it stands once the venue has answered.

        Raises `Unrepresentable` off the grid, `UsageError` where the engine does not allow it, `NotSent` while nothing
        may be placed (all: nothing happened); `Refused` with the venue's words; `OutcomeUnknown` when no answer came
        or none that tells: its `cloid` names the order, and the engine goes on until it knows (see `known`).
        """
        (result,) = await self.place_many([NewOrder(coin, side, px, sz, tif, reduce_only, cloid)])
        if isinstance(result, VenueError):
            raise result
        return result

    async def place_many(self, orders: Sequence[NewOrder]) -> list[Order | VenueError]:
        """Place up to 200 orders in one action; give for each, by position, the order or what `place` would raise.

        What is wrong with the request itself is raised, and nothing of it was sent. Post-only orders are best kept
        apart from takers (protocol 10.2).
        """
        session = self._quoting()
        wishes = [wish_of(order, self.market) for order in orders]
        names = session.place(wishes)
        waiting = [self._fates.wait(("place", name)) for name in names]
        self._tell()
        return [placed_in(self.engine, fate) for fate in await asyncio.gather(*waiting)]

    async def modify(
        self,
        order: Order | str,
        *,
        px: Number | None = None,
        order_qty: Number | None = None,
        policy: Policy | None = None,
    ) -> Order:
        """Move an order to another price or size, and give it as it then stands.

        `order_qty` is the total over the order's life, executed part included: the venue is sent what is left of
        it (order-state 6). It is one request, `batchModify`, and the order keeps its name. One that is so already is given as
        it is: it is not sent, for its place in the queue would be lost.

        Raises as `place`, and `UsageError` for an order that is not ours; what a refusal or a silence leaves behind is in
        the order's state. With a `policy` the fallback takes over instead: ask, shrink, cancel, place anew, until the matter is settled. It places nothing anew
        for an order that somebody else ended (a cancel of yours, or of the venue's), nor while the client is closing.
        """
        known = self._order(order)
        edit = edit_of(known, self.market(known.coin), px, order_qty)
        session = self._quoting()
        if known.is_active and (known.px, known.cum_qty + known.leaves_qty) == (edit.px, edit.order_qty):
            return known
        (leg,) = session.modify([edit])
        waiting = self._fates.wait(("modify", leg))
        self._tell()
        if policy is not None:
            return await self._fallbacks.settle(self, edit, leg, waiting, policy)
        result = placed_in(self.engine, await waiting)
        if isinstance(result, VenueError):
            raise result
        return result

    async def cancel(self, order: Order | str, *, foreign: bool = False, timeout_ms: int = 15_000) -> Order:
        """Cancel an order, whatever else is closed, and give it once it is known not to rest any more.

        An order that is closed already is given as it is. A cancel is a wish: it is made again until the order is
        gone, whatever is answered. Raises `OutcomeUnknown` when it is not gone after `timeout_ms` (a rate limit, a
        silence), and the cancel goes on; `Refused` when the venue refuses it for a reason that stays (a signer that is
        unknown), and it does not. Orders that are not ours are touched with `foreign=True` only.
        """
        known = self._order(order)
        if known.foreign and not foreign:
            raise UsageError("this order is not ours: say foreign=True if it is meant", cloid=known.cloid or "")
        key: int | str | None = known.cloid if known.cloid is not None else known.oid
        if key is None:
            raise UnknownOrder("an order without any name cannot be cancelled")
        self._fallbacks.stop(name=known.cloid or "")
        if is_done(known):
            return known
        words: list[str] = []

        def heard(fate: Fate) -> None:
            if fate.text and not (fate.how == How.REFUSED and classify_cancel_error(fate.text) == "NotLive"):
                words.append(fate.text)

        session = self._alive()
        with self._fates.listen(("cancel", known.current_cloid or ""), heard):
            for error in session.cancel([key]).values():
                raise error
            self._tell()
            await self._until(lambda: is_done(self._order(key)) or not session.cancelling(key), timeout_ms)
        if is_done(self._order(key)):
            return self._order(key)
        raise not_gone(known.cloid or "", words[-1] if words else "", goes_on=session.cancelling(key))

    async def cancel_all(
        self, coin: str | None = None, *, wait: bool = False, timeout_ms: int = 15_000
    ) -> tuple[Order, ...]:
        """Cancel all our orders (of a coin) in as few actions as there can be. Never held up by anything.

        Gives the orders that were asked to go. With `wait`: cancels again what survives, until the engine and a list
        of open orders that was asked for afterwards agree that none is left; gives what is left after
        `timeout_ms`, and an empty tuple is the proof.
        """
        session = self._alive()
        end = self._exchange.now_ms + timeout_ms
        self._fallbacks.stop(coin)
        asked = self.orders(coin)
        session.cancel(name_of(order) for order in asked)
        self._tell()
        if not wait:
            return tuple(asked)
        while (left := end - self._exchange.now_ms) > 0:
            if not await self._until(lambda: not self.orders(coin), min(left, AGAIN_MS)):
                again = [name for order in self.orders(coin) if not session.cancelling(name := name_of(order))]
                session.cancel(again)  # refused for good, or new: the others are cancelled until they are gone
                self._tell()
            elif await self._is_empty(coin, end):
                return ()
            else:
                await self._until(lambda: False, min(left, AGAIN_MS))
        return self._still(coin)

    async def known(self, order: Order | str) -> Order:
        """Wait until the fate of an order is known: it rests, it is closed, or it never lived. Bound it as you like."""
        key = order if isinstance(order, str) else order.cloid or order.oid or ""
        while (found := self._order(key)).state in (OrderState.Pending, OrderState.Unknown) or found.modifying:
            await self._next_turn()
        return found

    async def changed(self, order: Order | str, timeout_ms: int) -> Order:
        """Wait until anything about the order has changed, but no longer than this; give it as it then is."""
        before = face(self._order(order))
        await self._until(lambda: face(self._order(order)) != before, timeout_ms)
        return self._order(order)

    # --- other requests -----------------------------------------------------------------------------------

    async def info(self, body: Mapping[str, Any], *, timeout_ms: int = 10_000) -> Any:
        """Ask `/info` anything, once (`{"type": "meta"}`); give the JSON of the answer. Raises `VenueError`."""
        session = self._alive()
        number = session.reads.info(json_of(body))
        waiting = self._infos.wait(number)
        self._tell()
        try:
            if not await self._until(waiting.done, timeout_ms):
                raise VenueError("no answer to a question", reason="no answer")
        finally:
            self._infos.drop(number)
        reply = await waiting
        if isinstance(reply, ReadFailed):
            raise VenueError(f"a question failed: {reply.why}", reason=reply.why)
        return json.loads(reply.body)

    async def rate_limit(self) -> RateLimitReply:
        """The address's budget of actions."""
        session = self._alive()
        waiting = self._budget.wait("")
        session.reads.rate_limit()
        self._tell()
        return await waiting

    async def schedule_cancel(self, time_ms: int | None) -> None:
        """Set the dead man's switch, or take it back with None. Raises `Refused` (an account needs volume for it)."""
        at_ms = None if time_ms is None else whole("time_ms", time_ms)
        await self._bare("scheduleCancel", self._alive().schedule_cancel(at_ms))

    async def update_leverage(self, coin: str, leverage: int, *, is_cross: bool = True) -> None:
        """Set a coin's leverage and margin mode. Raises `Refused`."""
        self.market(coin)
        await self._bare("updateLeverage", self._alive().update_leverage(coin, whole("leverage", leverage), is_cross))

    # --- parts ----------------------------------------------------------------------------------------------

    async def _bare(self, kind: str, nonce: int) -> None:
        waiting = self._fates.wait((kind, nonce))
        self._tell()
        if (error := error_of(await waiting)) is not None:
            raise error

    def _order(self, order: Order | str | int) -> Order:
        return order_in(self.engine, order)

    async def _is_empty(self, coin: str | None, end: int) -> bool:
        """Whether a list of open orders, asked for now, shows none of ours either."""
        session, asked_ms = self.session, self._exchange.now_ms
        dexes = {dex_of(coin)} if coin is not None else {dex_of(name) for name in (*self.coins, *self.engine.coins())}
        dexes = dexes or {""}
        await self._until(lambda: self._exchange.now_ms > asked_ms, 1)
        session.reads.open_orders(dexes)
        scanned = session.reads.scanned_ms
        left = end - self._exchange.now_ms
        read = await self._until(lambda: all(scanned.get(dex, -1) > asked_ms for dex in dexes), left)
        return read and not self._still(coin)

    def _still(self, coin: str | None) -> tuple[Order, ...]:
        """What is open, or not known to be closed, and what rests though it was written off."""
        strays = (self.engine.get_order(oid) for oid in self.session.strays.standing(coin))
        return (*self.orders(coin), *(order for order in strays if order is not None))
