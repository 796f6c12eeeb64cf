"""A market maker made of the official SDK's own parts trades a minute against the simulated venue.

The way is that of the SDK's examples: one `Info` with a WebSocket, one `Exchange`, and callbacks that place and cancel. The
minute is the venue's, five times as fast as ours; `MM_SIM_LONG=1` (`make sim-long`) lets it last a minute.
"""

import os
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from mm.sim.thread import Simulation

pytest.importorskip("hyperliquid", reason="the official SDK is not installed")

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

COIN, SIZE, VENUE_S = "ETH", 0.1, 60.0
SPEED = 1.0 if os.environ.get("MM_SIM_LONG") else 5.0
TICK = Decimal("0.1")


class Adder:
    """Adds liquidity on both sides, one tick better than the best, and follows the market. Everything by the SDK."""

    def __init__(self, exchange: Exchange, info: Info) -> None:
        self.exchange, self.info, self.user = exchange, info, exchange.account_address
        self.resting: dict[bool, tuple[int, Decimal] | None] = {True: None, False: None}
        self.position = Decimal(0)
        self.placed = self.canceled = self.refused = 0
        self.seen: set[tuple[int, int]] = set()
        self.wrong: list[BaseException] = []
        self.lock = threading.Lock()
        self.over = False
        info.subscribe({"type": "userEvents", "user": self.user}, self.on_user)
        info.subscribe({"type": "l2Book", "coin": COIN}, self.on_book)

    def on_user(self, message: Any) -> None:
        """Fills move the position, and end what rested."""
        with self.lock:
            for fill in message["data"].get("fills", ()):
                if (fill["tid"], fill["oid"]) in self.seen:
                    continue
                self.seen.add((fill["tid"], fill["oid"]))
                self.position += Decimal(fill["sz"]) * (1 if fill["side"] == "B" else -1)
                for is_buy, order in self.resting.items():
                    if order is not None and order[0] == fill["oid"]:
                        self.resting[is_buy] = None

    def on_book(self, message: Any) -> None:
        """Both sides are looked at whenever the book is told. What fails here is kept for the test to see."""
        try:
            bids, asks = message["data"]["levels"]
            if bids and asks and not self.over:
                for is_buy, best in ((True, bids[0]["px"]), (False, asks[0]["px"])):
                    self.follow(is_buy, Decimal(best))
        except BaseException as error:
            self.wrong.append(error)

    def follow(self, is_buy: bool, best: Decimal) -> None:
        """Cancels what is not at the best any more, and places anew."""
        order = self.resting[is_buy]
        if order is not None and abs(order[1] - best) > 2 * TICK:
            reply = self.exchange.cancel(COIN, order[0])
            self.canceled += reply["response"]["data"]["statuses"] == ["success"]
            order = self.resting[is_buy] = None
        if order is None:
            px = best + TICK if is_buy else best - TICK
            reply = self.exchange.order(COIN, is_buy, SIZE, float(px), {"limit": {"tif": "Alo"}})
            (status,) = reply["response"]["data"]["statuses"]
            if "resting" in status:
                self.placed += 1
                with self.lock:
                    self.resting[is_buy] = (status["resting"]["oid"], px)
            else:
                self.refused += 1
                assert "Post only order would have immediately matched" in status["error"], status


@pytest.fixture
def hl() -> Iterator[Simulation]:
    # Books each half second of the venue's, so that the maker has something to follow in a minute.
    settings = {"latency.all": 20, "front.ip_weight": 0, "cadence.book": 500}
    with Simulation(seed=8, market={COIN: "deep"}, settings=settings, speed=SPEED) as simulation:
        yield simulation


def test_a_minute_of_making_markets(hl: Simulation) -> None:
    account = hl.control.account("maker")
    info = Info(hl.url)
    exchange = Exchange(Account.from_key(account.agent_key), hl.url, account_address=account.address, timeout=5)
    adder = Adder(exchange, info)
    try:
        time.sleep(VENUE_S / SPEED)
        adder.over = True
        time.sleep(0.5)
        for row in info.open_orders(account.address):
            assert exchange.cancel(COIN, row["oid"])["status"] == "ok"
        time.sleep(0.5)
    finally:
        info.disconnect_websocket()
        assert info.ws_manager is not None
        info.ws_manager.join(5)
    assert not adder.wrong, adder.wrong
    truth = hl.control.truth()[account.address]
    assert adder.placed >= 4
    assert adder.seen, "nobody took what was offered"
    assert adder.position == Decimal(truth["positions"].get(COIN, "0"))
    assert {(fill["tid"], fill["oid"]) for fill in truth["fills"]} == adder.seen
    assert truth["openOrders"] == []
