"""The same facts in any order, any number of times, through any door, end in the same state: to the digest."""

from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mm
from tests.model import driver
from tests.model.reference import CancelAsked, Evidence, Intent
from tests.model.test_machine import DEEP, TIFS
from tests.model.world import COINS, FOREIGN_COIN, Leg, Request, World, say

TENTH = driver.TENTH


def plan(rng: Any, anchored: bool) -> tuple[World, Evidence, list[Request], list[tuple[Any, ...]]]:
    """Orders asked for at once, some cancelled at once; then what the venue made of them."""
    world, evidence = World(), Evidence()
    asks: list[tuple[Any, ...]] = []
    cancels: list[Request] = []
    for n in range(rng.randint(1, 4)):
        cloid = f"0x{n + 1:032x}"
        tif = rng.choice(("alo", "gtc", "ioc"))
        sign, px, sz = rng.choice((1, -1)), Fraction(100 + rng.randint(1, 9), 10), rng.randint(1, 12) * TENTH
        reduce_only = rng.random() < 0.2
        leg = Leg(cloid, rng.choice(COINS), sign, px, sz, tif == "ioc", reduce_only, named=rng.random() < 0.5)
        evidence.add(Intent(cloid, leg.coin, sign, px, sz, reduce_only, tif == "ioc"))
        asks.append((cloid, leg.coin, driver.SIDES[sign], say(px), say(sz), TIFS[tif], reduce_only, world.now))
        world.requests.append(Request("place", leg))
        if rng.random() < 0.4:
            cancels.append(Request("cancel", leg, handle=cloid, n=n, cloid=cloid))
            evidence.add(CancelAsked(cloid, n))
    world.requests += cancels
    for _ in range(rng.randint(3, 25)):
        # Without an anchor, a loop inside one millisecond could have begun anywhere on it.
        world.now += rng.randint(0, 1) if anchored else 1
        happen(world, rng)
    return world, evidence, cancels, asks


def happen(world: World, rng: Any) -> None:
    """One thing at the venue."""
    live = world.live()
    if world.requests and rng.random() < 0.4:
        request = rng.choice(world.requests)
        if request.kind == "cancel":
            world.cancel(request)
        else:
            at_once = min(rng.randint(0, 12) * TENTH, request.leg.sz) if rng.random() < 0.5 else Fraction(0)
            if request.leg.ioc:
                at_once = max(at_once, TENTH)
            world.place(request, at_once, rng.random() < 0.15)
    elif live and rng.random() < 0.7:
        leg = rng.choice(live)
        world.trade(leg, min(rng.randint(1, 12) * TENTH, leg.rest))
    elif live and rng.random() < 0.3:
        world.kill(rng.choice(live), rng.choice(("marginCanceled", "selfTradeCanceled")))
    elif rng.random() < 0.2:
        leg = Leg(None, FOREIGN_COIN, rng.choice((1, -1)), Fraction(10), rng.randint(1, 9) * TENTH, named=False)
        world.rest(leg)
        world.update(leg, "open")


@settings(max_examples=3_000 if DEEP else 80, deadline=None, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False), anchored=st.booleans())
def test_any_order_any_number_of_times_any_door(rng: Any, anchored: bool) -> None:
    world, evidence, cancels, asks = plan(rng, anchored)
    straight, shuffled = driver.new_engines()
    tickets: dict[int, Any] = {}
    for engine in (straight, shuffled):
        if anchored:
            driver.anchor(engine, World(), (*COINS, FOREIGN_COIN))
        for ask in asks:
            engine.add_pending_with_cloid(*ask)
        for request in cancels:
            tickets[request.n] = engine.initiate_cancel(request.handle, world.now)
    for message in world.messages:
        if message.kind == "cancel_err":
            message.body["ticket"] = next(t for t in tickets.values() if t.cloid == message.body["handle"])
        evidence.add(*message.atoms)
    again = [*world.messages, *(message for message in world.messages if rng.random() < 0.5)]
    rng.shuffle(again)
    for message in world.messages:
        driver.tell(straight, message, "ws", world.now)
    for message in again:
        doors = driver.FILL_ROUTES if message.kind == "fill" else driver.UPDATE_ROUTES
        driver.tell(shuffled, message, rng.choice(doors), world.now)
    for engine in (straight, shuffled):
        engine.tick(world.now)
        engine.check()
        compare(engine, evidence, world)
    assert straight.digest() == shuffled.digest()


def compare(engine: mm.Engine, evidence: Evidence, world: World) -> None:
    """Everything is told: the numbers are the model's, and the truth."""
    for coin in (*COINS, FOREIGN_COIN):
        assert engine.position(coin).size == world.position.get(coin, 0)
    for coin in COINS:
        assert evidence.position(coin) == world.position.get(coin, 0)
        assert engine.position(coin).gaps == ()
    for leg in world.legs:
        assert leg.oid is not None
        order = engine.get_order(leg.oid)
        assert order is not None
        assert order.cum_qty == leg.executed == evidence.executed(leg.oid)
