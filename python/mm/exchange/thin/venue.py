"""Actions in, outcomes and pushes out: what the in-process venue decides, in the venue's own words.

Kept of the real one: blocks (cancels after post-only orders, takers last), price-time matching, a new
oid for every modify, the texts and what each of them means for the old order and the new one, nonces
that execute at most once, `expiresAfter`, maker and taker fees cut to the micro-dollar, refused orders
that are pushed, part fills that are not, self-trades prevented by cancelling the resting side. Left
out, being of no use to this demo: margin, funding, triggers, reduce-only and more than one coin.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mm.exchange.thin.accounts import Account, Fill, tid_of
from mm.exchange.thin.book import Book
from mm.exchange.thin.book import Resting as Order
from mm.exchange.thin.wire import Rows, scaled
from mm.protocol import (
    Action,
    ActionError,
    Cancel,
    Change,
    Done,
    Filled,
    ItemError,
    Modify,
    NewOrder,
    Outcome,
    Place,
    Resting,
    ScheduleCancel,
    Target,
)

ASSET = 173
MIN_NOTIONAL = 10_000_000  # micro-dollars
SIGNIFICANT = 5
BAND = "Order price cannot be more than 95% away from the reference price"
RATE_LIMITED = (
    "Too many cumulative requests sent (97460 > 97456) for cumulative volume traded $87457.46. "
    "Place taker orders to free up 1 request per USDC traded."
)
STRANGE = "Order could not be processed, code 17."
"""A text that is in nobody's table."""
GONE = "Cannot modify canceled or filled order"
NOT_NEW = "Attempted to modify to invalid new order"
NOT_PLACED = "Error placing new order during modify: "
NOT_LIVE = "Order was never placed, already canceled, or filled."
NO_SWITCH = "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $12066.75."


@dataclass(slots=True)
class Pushes:
    """What one block has to tell one account, in the order in which it happened."""

    fills: list[Fill] = field(default_factory=list)
    updates: list[dict[str, object]] = field(default_factory=list)


class Venue:
    """One coin's market and everybody's accounts. It knows neither clock nor network: time is an argument."""

    def __init__(self, coin: str, sz_decimals: int, first_oid: int) -> None:
        self.rows = Rows(coin, sz_decimals)
        self.coin = coin
        self.book = Book()
        self.accounts: dict[str, Account] = {}
        self.orders: dict[int, Order] = {}
        self.reference = 0
        """The price that the 95 % band is measured from; 0 while there is none."""
        self.trades = 0
        self.refuse: Callable[[Action], str | None] = lambda _: None
        """A fault: a whole-action or pre-check refusal for this action, or None."""
        self._by_cloid: dict[tuple[str, str], int] = {}
        self._nonces: dict[str, set[int]] = {}
        self._pushes: dict[str, Pushes] = {}
        self._watched: set[str] = set()
        self._next_oid = first_oid
        self._mid2 = 0

    def watch(self, account: str) -> None:
        """Keep pushes for this account; others' are not even made."""
        self._watched.add(account)
        self.account(account)

    def account(self, name: str) -> Account:
        """An account, opened at its first use."""
        return self.accounts.setdefault(name, Account(name))

    def block(self, time: int, actions: Iterable[tuple[str, Action]]) -> list[tuple[Outcome, ...]]:
        """Execute one block's actions and give the outcomes of each, in the order given.

        Inside the block they run by class: post-only orders and noops, then cancels, then takers.
        """
        self._mid2 = self.mid2()
        given = list(actions)
        outcomes: dict[int, tuple[Outcome, ...]] = {}
        for index in sorted(range(len(given)), key=lambda i: _class(given[i][1])):
            account, action = given[index]
            outcomes[index] = self._execute(account, action, time)
        return [outcomes[index] for index in range(len(given))]

    def pushes(self, account: str) -> Pushes:
        """Take what the account has to be told since the last call."""
        return self._pushes.pop(account, Pushes())

    def mid2(self) -> int:
        """Twice the middle of the book, or twice the reference while a side is empty."""
        bid, ask = self.book.best(True), self.book.best(False)
        return bid + ask if bid is not None and ask is not None else 2 * self.reference

    def open_orders(self, account: str) -> list[Order]:
        """The account's resting orders."""
        return [order for order in self.book if order.account == account]

    def find(self, account: str, key: int | str) -> Order | None:
        """An order of the account by oid or cloid, dead or alive."""
        oid = key if isinstance(key, int) else self._by_cloid.get((account, key))
        order = None if oid is None else self.orders.get(oid)
        return order if order is not None and order.account == account else None

    # --- one action -----------------------------------------------------------------------------

    def _execute(self, account: str, action: Action, time: int) -> tuple[Outcome, ...]:
        spent = self._nonces.setdefault(account, set())
        if action.nonce in spent:
            return (ActionError(f"Invalid nonce: duplicate nonce {action.nonce}"),)
        if isinstance(action, Place | Modify | Cancel | ScheduleCancel) and action.expires_ms < time:
            return (ActionError("Action already expired"),)
        outcomes = self._decide(account, action, time)
        # A refusal of the whole action does not use the nonce; anything else does, even if it failed.
        if not isinstance(outcomes[0], ActionError):
            spent.add(action.nonce)
        return outcomes

    def _decide(self, account: str, action: Action, time: int) -> tuple[Outcome, ...]:
        if isinstance(action, Place | Modify | Cancel) and (fault := self.refuse(action)) is not None:
            if fault == RATE_LIMITED:
                return (ActionError(fault),)
            return tuple(ItemError(f"{fault} asset={ASSET}") for _ in items_of(action))
        match action:
            case Place(orders=orders):
                return tuple(self._place(account, order, time) for order in orders)
            case Modify(changes=changes):
                return tuple(self._modify(account, change, time) for change in changes)
            case Cancel(targets=targets):
                return tuple(self._cancel(account, target, time) for target in targets)
            case ScheduleCancel():
                return (ActionError(NO_SWITCH),)
            case _:
                return (Done(),)

    def _cancel(self, account: str, target: Target, time: int) -> Outcome:
        key = target.oid if target.oid is not None else target.cloid or 0
        order = self.find(account, key)
        if order is None or order.status != "open":
            return ItemError(f"{NOT_LIVE} asset={ASSET}")
        self._kill(order, "canceled", time)
        return Done()

    def _modify(self, account: str, change: Change, time: int) -> Outcome:
        old, wanted = self.find(account, change.oid), change.order
        if old is None or old.status != "open":
            return ItemError(GONE)
        if wanted.tif == "Ioc":
            return ItemError(NOT_NEW)
        checked = self._checked(wanted)
        if isinstance(checked, str):
            return ItemError(f"{checked} asset={ASSET}")
        px, lots = checked
        self.book.remove(old)  # so that the new leg is judged without it
        if self.book.would_match(wanted.side == "B", px):
            reason = self._crossed()
            old.status, old.status_time = "canceled", time
            self._tell(old)
            self._reject(account, wanted, px, lots, "badAloPxRejected", time)
            return ItemError(f"{NOT_PLACED}{reason} asset={ASSET}")
        new = self._new(account, wanted, px, lots, time)
        self.book.add(new)
        self._tell(new)  # the new leg's open comes before the old leg's canceled, as on the real one
        old.status, old.status_time = "canceled", time
        self._tell(old)
        return Resting(new.oid)

    def _place(self, account: str, wanted: NewOrder, time: int) -> Outcome:
        checked = self._checked(wanted)
        if isinstance(checked, str):
            return ItemError(f"{checked} asset={ASSET}")
        px, lots = checked
        is_buy = wanted.side == "B"
        crossing = self.book.would_match(is_buy, px)
        if wanted.tif == "Alo" and crossing:
            self._reject(account, wanted, px, lots, "badAloPxRejected", time)
            return ItemError(f"{self._crossed()} asset={ASSET}")
        if wanted.tif == "Ioc" and not crossing:
            self._reject(account, wanted, px, lots, "iocCancelRejected", time)
            return ItemError(f"Order could not immediately match against any resting orders. asset={ASSET}")
        order = self._new(account, wanted, px, lots, time)
        self._tell(order)
        notional = self._take(order, time)
        taken = order.size - order.left
        if not order.left:
            self._finish(order, "filled", time)
        elif wanted.tif == "Ioc":
            self._finish(order, "canceled", time)
        else:
            self.book.add(order)
        if taken:
            return Filled(order.oid, self.rows.sz(taken), self.rows.px(notional // taken))
        return Resting(order.oid)

    def _take(self, taker: Order, time: int) -> int:
        """Match a taker against the book; give the notional in price units times lots."""
        notional = 0
        while taker.left and self.book.would_match(taker.is_buy, taker.px):
            maker = self.book.front(not taker.is_buy)
            if maker.account == taker.account:
                self._kill(maker, "selfTradeCanceled", time)
                continue
            lots = min(taker.left, maker.left)
            self.book.reduce(maker, lots)
            taker.left -= lots
            buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
            tid = tid_of(buyer.oid, seller.oid)
            self.trades += 1
            for order in (taker, maker):
                account = self.account(order.account)
                fill = account.book(order, time, tid, maker.px, lots, order is taker, self._mid2)
                if order.account in self._watched:
                    self._pushes.setdefault(order.account, Pushes()).fills.append(fill)
            notional += maker.px * lots
            if not maker.left:
                self._finish(maker, "filled", time)
        return notional

    # --- parts ----------------------------------------------------------------------------------

    def _checked(self, wanted: NewOrder) -> tuple[int, int] | str:
        """The order's price and lots, or the text of the pre-check that it fails (no oid is used)."""
        px = scaled(wanted.px, self.rows.px_decimals)
        lots = scaled(wanted.sz, self.rows.sz_decimals)
        if lots is None:
            return "Order has invalid size."
        if lots == 0:
            return "Order has zero size."
        if not px:
            return "Order has invalid price." if px == 0 else "Price must be divisible by tick size."
        whole = 10**self.rows.px_decimals
        if px % 10 ** max(0, len(str(px)) - SIGNIFICANT) and px % whole:
            return "Price must be divisible by tick size."
        if self.reference and abs(px - self.reference) * 100 > 95 * self.reference:
            return BAND
        if px * lots < MIN_NOTIONAL:
            return "Order must have minimum value of $10."
        return px, lots

    def _new(self, account: str, wanted: NewOrder, px: int, lots: int, time: int) -> Order:
        oid, self._next_oid = self._next_oid, self._next_oid + 1
        cloid = wanted.cloid or None
        order = Order(oid, account, cloid, wanted.side == "B", px, lots, lots, wanted.tif, time)
        order.status_time = time
        self.orders[oid] = order
        if cloid is not None:
            self._by_cloid[account, cloid] = oid
        return order

    def _reject(self, account: str, wanted: NewOrder, px: int, lots: int, status: str, time: int) -> None:
        order = self._new(account, wanted, px, lots, time)
        order.status = status
        self._tell(order)

    def _kill(self, order: Order, status: str, time: int) -> None:
        self.book.remove(order)
        self._finish(order, status, time)

    def _finish(self, order: Order, status: str, time: int) -> None:
        order.status, order.status_time = status, time
        self._tell(order)

    def _tell(self, order: Order) -> None:
        if order.account in self._watched:
            row = self.rows.update(order)
            self._pushes.setdefault(order.account, Pushes()).updates.append(row)

    def _crossed(self) -> str:
        bid, ask = self.book.best(True), self.book.best(False)
        bbo = "@".join("" if px is None else self.rows.px(px) for px in (bid, ask))
        return f"Post only order would have immediately matched, bbo was {bbo}."


def items_of(action: Place | Modify | Cancel) -> tuple[NewOrder | Change | Target, ...]:
    """The items of a batch."""
    match action:
        case Place(orders=orders):
            return orders
        case Modify(changes=changes):
            return changes
        case Cancel(targets=targets):
            return targets


def _class(action: Action) -> int:
    """When in the block: 0 posts and noops, 1 cancels, 2 takers. A modify counts by its new order."""
    match action:
        case Place(orders=orders):
            return 0 if all(order.tif == "Alo" for order in orders) else 2
        case Modify(changes=changes):
            return 0 if all(change.order.tif == "Alo" for change in changes) else 2
        case Cancel():
            return 1
        case _:
            return 0
