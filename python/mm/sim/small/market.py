"""The small venue's desk: accounts, books, and what each action does to them, in the venue's own words.

Numbers are whole: a price is px·10^(6−szDecimals), a size sz·10^szDecimals, so price times size is the notional in
micro-dollars. The book and the ledger are those of the thin venue (`mm.exchange.thin`). Left out: spot, triggers,
funding, liquidation; `mm._core.venue` has them.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mm.exchange.thin.accounts import Account as Ledger
from mm.exchange.thin.accounts import Fill, tid_of
from mm.exchange.thin.book import Book, Resting
from mm.exchange.thin.wire import Rows, scaled

MIN_NOTIONAL = 10_000_000  # micro-dollars
SIGNIFICANT = 5
REMEMBERED = 2_000
"""Status records kept per account (protocol 6.2); `orderStatus` knows no order that has none left."""
TRADES_REPLAYED = 30
HOUSE = "0x" + "0" * 36 + "5e11"
"""The account that quotes widely around the reference, so that there is a book at all."""
HOUSE_LEVELS = 3
HOUSE_NOTIONAL = 100_000_000_000  # micro-dollars a level
TIFS = ("Alo", "FrontendMarket", "Gtc", "Ioc")
NOT_LIVE = "Order was never placed, already canceled, or filled."
GONE = "Cannot modify canceled or filled order"
NOT_NEW = "Attempted to modify to invalid new order"
BAND = "Order price cannot be more than 95% away from the reference price"
REFUSALS = {
    "badAloPxRejected": "Post only order would have immediately matched, bbo was {bbo}.",
    "iocCancelRejected": "Order could not immediately match against any resting orders.",
    "reduceOnlyRejected": "Reduce only order would increase position.",
    "perpMarginRejected": "Insufficient margin to place order.",
    "tickRejected": "Price must be divisible by tick size.",
    "minTradeNtlRejected": "Order must have minimum value of $10.",
}
"""What a refused order is told, by the status under which it is pushed (protocol 4.1)."""


class Malformed(Exception):
    """The request does not have the shape of its type: HTTP 422."""


@dataclass(slots=True)
class Order(Resting):
    """A resting order of the thin book, with what this venue must know besides."""

    coin: str = ""
    reduce_only: bool = False


@dataclass(slots=True)
class Record:
    """One row of `historicalOrders`: an order as it was when its status changed."""

    order: Order
    left: int
    status: str
    time: int


@dataclass(slots=True)
class Client:
    """One account: a ledger a coin, its orders, and what is set for it."""

    address: str
    deposit: int
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    fills: list[tuple[str, Fill]] = field(default_factory=list)
    open: dict[int, Order] = field(default_factory=dict)
    by_cloid: dict[str, Order] = field(default_factory=dict)
    records: deque[Record] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    leverage: dict[str, tuple[bool, int]] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    """Agent's address by name; the unnamed one has the empty name."""
    master: str = ""
    """The master's address, if this is a sub-account."""
    cancel_at: int | None = None
    requests: int = 0

    def ledger(self, coin: str) -> Ledger:
        """The account's ledger in a coin."""
        return self.ledgers.setdefault(coin, Ledger(self.address))

    @property
    def volume(self) -> int:
        """Traded so far, in micro-dollars."""
        return sum(ledger.volume for ledger in self.ledgers.values())

    @property
    def cash(self) -> int:
        """`totalRawUsd`: the deposit, what trades paid in and out, less the fees, in micro-dollars."""
        return self.deposit + sum(ledger.cash - ledger.fees for ledger in self.ledgers.values())

    def find(self, key: int | str) -> Order | None:
        """An order by oid or cloid, as far back as the venue remembers it."""
        if isinstance(key, str):
            order = self.by_cloid.get(key)
            key = -1 if order is None else order.oid
        return self.open.get(key) or next((row.order for row in reversed(self.records) if row.order.oid == key), None)


class DeepBook(Book):
    """A book that also says how many orders make a level."""

    def rows(self, is_buy: bool, depth: int) -> list[tuple[int, int, int]]:
        """The best `depth` levels as (price, lots, orders), best first."""
        level = self._levels[is_buy]
        return [(px, lots, len(level[px])) for px, lots in self.levels(is_buy, depth)]


@dataclass(slots=True)
class Market:
    """One coin: its rules, its book and its last trades."""

    asset: int
    coin: str
    sz_decimals: int
    max_leverage: int
    reference: int
    """The price that the band is measured from and the oracle's, in price units."""
    delisted: bool = False
    book: DeepBook = field(default_factory=DeepBook)
    trades: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=500))
    volume: int = 0
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.rows = Rows(self.coin, self.sz_decimals)

    @property
    def mid2(self) -> int:
        """Twice the middle of the book, or twice the reference while a side is empty."""
        bid, ask = self.book.best(True), self.book.best(False)
        return bid + ask if bid is not None and ask is not None else 2 * self.reference

    @property
    def bbo(self) -> str:
        """The best prices, as the refusal of a post-only order prints them."""
        best = (self.book.best(True), self.book.best(False))
        return "@".join("" if px is None else self.rows.px(px).removesuffix(".0") for px in best)

    def checked(self, px: str, sz: str) -> tuple[int, int] | str:
        """Price and lots of an order, or the text of the pre-check that it fails (protocol 8.1, 8.2)."""
        price, lots = scaled(px, self.rows.px_decimals), scaled(sz, self.rows.sz_decimals)
        if self.delisted:
            return "Order has invalid price."
        if lots is None:
            return "Order has invalid size."
        if lots == 0:
            return "Order has zero size."
        if not price:
            return "Order has invalid price." if price == 0 else REFUSALS["tickRejected"]
        if price % 10 ** max(0, len(str(price)) - SIGNIFICANT) and price % 10**self.rows.px_decimals:
            return REFUSALS["tickRejected"]
        if abs(price - self.reference) * 100 > 95 * self.reference:
            return BAND
        return price, lots


@dataclass(slots=True)
class Pushes:
    """What one block has to tell, in the order in which it happened."""

    fills: dict[str, list[tuple[str, Fill]]] = field(default_factory=dict)
    updates: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    trades: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)


class Desk:
    """All markets and accounts; one order, cancel or modify at a time."""

    def __init__(self, markets: list[Market], first_oid: int = 400_000_000_000) -> None:
        self.markets = {market.asset: market for market in markets}
        self.by_coin = {market.coin: market for market in markets}
        self.clients: dict[str, Client] = {}
        self.pushes = Pushes()
        self._next_oid = first_oid

    def take_pushes(self) -> Pushes:
        """What has to be told since the last call."""
        taken, self.pushes = self.pushes, Pushes()
        return taken

    def place(self, client: Client, order: dict[str, Any], now: int, *, passive: bool = False) -> Any:
        """Place one order as on the wire; the entry for `statuses` (protocol 3.2). `passive`: never takes."""
        market = self.markets.get(order["a"])
        if market is None:
            return {"error": f"Order has invalid asset. asset={order['a']}"}
        tail = f" asset={market.asset}"
        checked = market.checked(order["p"], order["s"])
        if isinstance(checked, str):
            return {"error": checked + tail}
        new = self._new(client, market, order, checked, now)
        crossing = market.book.would_match(new.is_buy, new.px)
        if (status := self._refusal(client, market, new, crossing, passive)) is not None:
            self._kept(client, new, status, now)
            return {"error": REFUSALS[status].format(bbo=market.bbo) + tail}
        self._tell(client, new, now)
        taken, notional = self._match(client, market, new, now)
        if not new.left:
            self._close(client, new, "filled", now)
        elif new.tif in ("Ioc", "FrontendMarket"):
            self._close(client, new, "canceled", now)
        else:
            market.book.add(new)
            client.open[new.oid] = new
            self.pushes.touched.add(market.coin)
        named = {} if new.cloid is None else {"cloid": new.cloid}
        if not taken:
            return {"resting": {"oid": new.oid, **named}}
        average = market.rows.px(notional // taken)
        return {"filled": {"totalSz": market.rows.sz(taken), "avgPx": average, "oid": new.oid, **named}}

    def furnish(self, house: Client, now: int) -> None:
        """Give every market a wide two-sided book of the house, and make it whole again where it was taken."""
        for market in self.markets.values():
            if market.delisted:
                continue
            have = {(order.is_buy, order.px) for order in house.open.values() if order.coin == market.coin}
            if len(have) == 2 * HOUSE_LEVELS:
                continue
            for level in range(1, HOUSE_LEVELS + 1):
                for is_buy in (True, False):
                    px = market.reference * (100 - level if is_buy else 100 + level) // 100
                    px -= px % 10 ** max(0, len(str(px)) - SIGNIFICANT)
                    if (is_buy, px) in have or market.book.would_match(is_buy, px):
                        continue
                    lots = max(1, HOUSE_NOTIONAL // px)
                    words = {"a": market.asset, "b": is_buy, "p": market.rows.px(px), "s": market.rows.sz(lots)}
                    self.place(house, {**words, "r": False, "t": {"limit": {"tif": "Alo"}}}, now)

    def cancel(self, client: Client, asset: int, key: int | str, now: int) -> Any:
        """Cancel by oid or cloid; the entry for `statuses` (protocol 3.3)."""
        order = client.open.get(key) if isinstance(key, int) else client.by_cloid.get(key)
        market = self.markets.get(asset)
        if order is None or order.oid not in client.open or market is None or market.coin != order.coin:
            return {"error": f"{NOT_LIVE} asset={asset}"}
        self.kill(client, order, "canceled", now)
        return "success"

    def modify(self, client: Client, key: int | str, order: dict[str, Any], now: int) -> Any:
        """Cancel and place anew; the entry for `statuses`, with the meanings of protocol 3.5."""
        old = client.open.get(key) if isinstance(key, int) else client.by_cloid.get(key)
        if old is None or old.oid not in client.open:
            return {"error": GONE}
        if order["t"]["limit"]["tif"] not in ("Alo", "Gtc"):
            return {"error": NOT_NEW}
        market = self.by_coin[old.coin]
        checked = market.checked(order["p"], order["s"])
        if order["a"] != market.asset or isinstance(checked, str):
            return {"error": f"{checked if isinstance(checked, str) else NOT_NEW} asset={order['a']}"}
        market.book.remove(old)  # so that the new leg is judged without it
        del client.open[old.oid]
        entry = self.place(client, order, now, passive=True)
        self._close(client, old, "canceled", now)  # its row comes after the new leg's, as on the real one
        self.pushes.touched.add(market.coin)
        if "error" in entry:
            return {"error": f"Error placing new order during modify: {entry['error']}"}
        return entry

    def kill(self, client: Client, order: Order, status: str, now: int) -> None:
        """Take an order off the book with this terminal status."""
        self.by_coin[order.coin].book.remove(order)
        del client.open[order.oid]
        self._close(client, order, status, now)
        self.pushes.touched.add(order.coin)

    def equity(self, client: Client) -> int:
        """`accountValue` in micro-dollars: cash and positions at the mark."""
        return client.cash + sum(
            ledger.lots * self.by_coin[coin].mid2 // 2 for coin, ledger in client.ledgers.items() if ledger.lots
        )

    # --- parts ----------------------------------------------------------------------------------

    def _new(self, client: Client, market: Market, order: dict[str, Any], checked: tuple[int, int], now: int) -> Order:
        oid, self._next_oid = self._next_oid, self._next_oid + 1
        px, lots = checked
        words = (client.address, order.get("c"), order["b"], px, lots, lots, order["t"]["limit"]["tif"], now)
        new = Order(oid, *words, coin=market.coin, reduce_only=order["r"], status_time=now)
        if new.cloid is not None:
            client.by_cloid[new.cloid] = new
        return new

    def _refusal(self, client: Client, market: Market, new: Order, crossing: bool, passive: bool) -> str | None:
        held = client.ledger(market.coin).lots
        closes = min(new.size, max(0, -held if new.is_buy else held))
        if new.px * new.size < MIN_NOTIONAL and not (closes and closes == abs(held)):
            return "minTradeNtlRejected"
        if new.reduce_only and not closes:
            return "reduceOnlyRejected"
        after = held + (new.size if new.is_buy else -new.size)
        leverage = client.leverage.get(market.coin, (True, market.max_leverage))[1]
        if abs(after) > abs(held) and abs(after) * new.px > self.equity(client) * leverage:
            return "perpMarginRejected"
        if crossing and (new.tif == "Alo" or passive):
            return "badAloPxRejected"
        if not crossing and new.tif in ("Ioc", "FrontendMarket"):
            return "iocCancelRejected"
        return None

    def _match(self, client: Client, market: Market, taker: Order, now: int) -> tuple[int, int]:
        """Match a taker against the book; the lots that it got and their notional in micro-dollars."""
        taken, notional, mid2 = 0, 0, market.mid2
        for maker in self._makers(client, market, taker, now):
            lots = min(taker.left, maker.left)
            owner = self.clients[maker.account]
            market.book.reduce(maker, lots)
            taker.left -= lots
            buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
            tid = tid_of(buyer.oid, seller.oid)
            sides = ((client, taker), (owner, maker)) if taker.is_buy else ((owner, maker), (client, taker))
            for who, order in sides:
                fill = who.ledger(market.coin).book(order, now, tid, maker.px, lots, order is taker, mid2)
                who.fills.append((market.coin, fill))
                self.pushes.fills.setdefault(who.address, []).append((market.coin, fill))
            self._print(market, taker, maker, lots, tid, (buyer.account, seller.account), now)
            taken, notional = taken + lots, notional + maker.px * lots
            if not maker.left:
                del owner.open[maker.oid]
                self._close(owner, maker, "filled", now)
        return taken, notional

    def _makers(self, client: Client, market: Market, taker: Order, now: int) -> Iterator[Order]:
        """Who trades with the taker, one after the other; own and pointless orders are taken away on the way."""
        while taker.left and market.book.would_match(taker.is_buy, taker.px):
            maker = market.book.front(not taker.is_buy)
            assert isinstance(maker, Order)
            owner = self.clients[maker.account]
            if owner is client:
                self.kill(owner, maker, "selfTradeCanceled", now)
                continue
            if self._trim(owner, maker) == 0:
                self.kill(owner, maker, "reduceOnlyCanceled", now)
                continue
            if self._trim(client, taker) == 0:
                return
            yield maker

    def _trim(self, owner: Client, order: Order) -> int:
        """Cap what a reduce-only order has left at the position (protocol 10.3); what it may still trade."""
        if order.reduce_only:
            held = owner.ledger(order.coin).lots
            order.left = min(order.left, max(0, -held if order.is_buy else held))
        return order.left

    def _print(
        self, market: Market, taker: Order, maker: Order, lots: int, tid: int, users: tuple[str, str], now: int
    ) -> None:
        row: dict[str, Any] = {
            "coin": market.coin,
            "side": taker.side,
            "px": market.rows.px(maker.px),
            "sz": market.rows.sz(lots),
            "time": now,
            "hash": f"0x{tid:064x}",
            "tid": tid,
            "users": list(users),
        }
        market.trades.append(row)
        market.volume += maker.px * lots
        self.pushes.trades.setdefault(market.coin, []).append(row)
        self.pushes.touched.add(market.coin)

    def _close(self, client: Client, order: Order, status: str, now: int) -> None:
        order.status, order.status_time = status, now
        self._tell(client, order, now)

    def _kept(self, client: Client, order: Order, status: str, now: int) -> None:
        order.status = status
        self._tell(client, order, now)

    def _tell(self, client: Client, order: Order, now: int) -> None:
        """Record the order's status and push it."""
        client.records.append(Record(order, order.left, order.status, now))
        row = self.by_coin[order.coin].rows.update(order)
        if order.reduce_only:
            row["order"]["reduceOnly"] = True  # type: ignore[index]
        self.pushes.updates.setdefault(client.address, []).append(row)


def check_shape(action: dict[str, Any]) -> None:
    """Raises `Malformed` before anything is executed, so that no batch stops half-way."""
    try:
        _check_shape(action)
    except (KeyError, TypeError, AttributeError) as error:
        raise Malformed from error


def _check_shape(action: dict[str, Any]) -> None:
    orders = action.get("orders", [])
    if action["type"] == "batchModify":
        orders = [item["order"] for item in action["modifies"] if isinstance(item["oid"], int | str)]
        if len(orders) < len(action["modifies"]):
            raise Malformed
    elif action["type"] == "modify":
        orders = [action["order"]]
    for order in orders:
        fits = isinstance(order["a"], int) and isinstance(order["p"], str) and isinstance(order["s"], str)
        fits = fits and isinstance(order["b"], bool) and isinstance(order["r"], bool)
        fits = fits and isinstance(order.get("c"), str | None) and len(order["t"]) == 1
        if not fits or order["t"].get("limit", {"tif": "Gtc"})["tif"] not in TIFS:
            raise Malformed
    for item in action.get("cancels", []):
        key = item["o"] if action["type"] == "cancel" else item["cloid"]
        if not isinstance(key, int if action["type"] == "cancel" else str):
            raise Malformed


def class_of(action: dict[str, Any]) -> int:
    """When in the block: 0 posts and the like, 1 cancels, 2 whatever holds a taker (protocol 10.2)."""
    if action["type"] in ("cancel", "cancelByCloid"):
        return 1
    orders = action.get("orders") or [item.get("order") for item in action.get("modifies", [action])]
    try:
        return 2 if any(order and order["t"]["limit"]["tif"] != "Alo" for order in orders) else 0
    except (KeyError, TypeError):
        return 2
