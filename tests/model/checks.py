"""What must hold after every step, and once all is told."""

# mypy: disable-error-code="comparison-overlap"
# A Decimal equals an int or a Fraction of the same value, in a tuple too; mypy sees the types only.

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import mm
from tests.model import driver
from tests.model.reference import ACTIVE, TERMINAL, Evidence
from tests.model.world import COINS, FOREIGN_COIN, Leg, Message, World

if TYPE_CHECKING:
    from tests.model.test_machine import Orders


def name(state: mm.OrderState) -> str:
    """`OrderState.Resting` -> "Resting"."""
    return repr(state).rpartition(".")[2]


def strip_tid(message: Message) -> None:
    """Turns a fill into a system fill: tid 0, which several share."""
    old = message.body["trade"]
    new = replace(old, tid=0)
    message.body["trade"] = new
    message.atoms = tuple(new if atom == old else atom for atom in message.atoms)


def legs_of(world: World, evidence: Evidence, root: str) -> list[Leg]:
    """The legs of one of our orders that the venue ever had."""
    cloids = [leg.cloid for leg in evidence.line(root)]
    return [leg for leg in world.legs if leg.cloid in cloids]


def quantities(engine: mm.Engine, evidence: Evidence, world: World, roots: list[str]) -> None:
    """Every number is what the set of evidence says, and none is above the truth."""
    for root in roots:
        order = engine.get_by_cloid(root)
        assert order is not None, root
        assert order.cloid == root
        line = evidence.line(root)
        assert {leg.cloid for leg in order.legs} <= {leg.cloid for leg in line}
        assert order.current_cloid in {leg.cloid for leg in order.legs}
        for leg in order.legs:
            oid = evidence.oid(leg.cloid or "")
            assert leg.oid == oid, (leg, oid)
            if oid is None:
                assert leg.executed == 0, leg
                continue
            known = (evidence.traded(oid), evidence.answered(oid), evidence.stated(oid), evidence.executed(oid))
            assert (leg.traded, leg.answered, leg.stated, leg.executed) == known, (leg, known)
            assert engine.get_immediate_fill_remaining(oid) == evidence.remaining(oid)
            found = engine.get_order(oid)
            assert found is not None
            assert found.cloid == root
        assert order.cum_qty == evidence.cum_qty(root)
        assert order.cum_qty <= sum((leg.executed for leg in legs_of(world, evidence, root)), Fraction(0)), order
        assert order.leaves_qty >= 0
        assert order.is_active == order.state.is_active == (name(order.state) in ACTIVE)
        assert order.is_terminal == order.state.is_terminal == (name(order.state) in TERMINAL)
        if order.is_active:
            assert order.leaves_qty > 0
    for coin in (*COINS, FOREIGN_COIN):
        position = engine.position(coin)
        if coin != FOREIGN_COIN:
            assert position.size == evidence.position(coin), (position, evidence.position(coin))
            assert position.provisional == evidence.provisional(coin)
        fees = evidence.fees(coin)
        assert {k: Fraction(v) for k, v in position.fees.items() if v} == {k: v for k, v in fees.items() if v}
        if not position.provisional:
            assert position.cash == evidence.cash(coin), (position, evidence.cash(coin))


def states(engine: mm.Engine, evidence: Evidence, world: World, roots: list[str]) -> None:
    """Every state is one that the law allows, and no order is closed that could still execute."""
    active: set[str] = set()
    for root in roots:
        order = engine.get_by_cloid(root)
        assert order is not None
        word = name(order.state)
        if order.is_active:
            active.add(root)
        line = evidence.line(root)
        if len(line) == 1:
            allowed = evidence.states(root)
            assert word in allowed, f"{root}: {word}, the law allows {sorted(allowed)}; {order}"
        if word in TERMINAL:
            legs = legs_of(world, evidence, root)
            assert not any(leg.live for leg in legs), f"false death: {order}"
            cloids = {leg.cloid for leg in line}
            pending = [r.leg if r.kind == "place" else r.new for r in world.requests]
            assert not any(leg is not None and leg.cloid in cloids for leg in pending), f"false death: {order}"
            if word != "Rejected":
                assert order.cum_qty == sum((leg.executed for leg in legs), Fraction(0)), f"false resolution: {order}"
    listed = [order for coin in COINS for side in ("B", "A") for order in engine.get_all_by_side(coin, side)]
    assert len(listed) == len({order.cloid for order in listed})
    assert {order.cloid for order in listed} == active
    for order in listed:
        assert order in engine.get_all_by_side(order.coin, order.side)


def worst_cases(engine: mm.Engine, world: World) -> None:
    """The true position, under every completion of what may still happen, lies inside."""
    for coin in COINS:
        true = world.position.get(coin, Fraction(0))
        high, low = true + world.can_still(coin, 1), true - world.can_still(coin, -1)
        position = engine.position(coin)
        worst = (engine.worst_short(coin), engine.worst_long(coin))
        assert worst == (position.worst_short, position.worst_long)
        assert worst[0] <= low <= high <= worst[1], f"{coin}: {low}..{high} is not inside {worst}"


def quiescence(machine: Orders) -> None:
    """All requests are done, all messages are delivered: every number and every state is the truth."""
    world, evidence = machine.world, machine.evidence
    settle_requests(machine)
    first = machine.engines[0]
    for root in machine.roots:  # cancels that were lost are asked again
        order = first.get_by_cloid(root)
        assert order is not None
        if not order.is_active and any(leg.live for leg in legs_of(world, evidence, root)):
            machine.ask_cancel(machine.roots.index(root), False)
    settle_requests(machine)
    for coin in (*COINS, FOREIGN_COIN):
        for engine in machine.engines:
            engine.on_fills_complete(coin, world.now, world.now)
    for ms in (1, 61_000):
        world.now += ms
        for engine in machine.engines:
            engine.tick(world.now)
    for engine in machine.engines:
        engine.check()
        quantities(engine, evidence, world, machine.roots)
        states(engine, evidence, world, machine.roots)
        for coin in (*COINS, FOREIGN_COIN):
            assert engine.position(coin).size == world.position.get(coin, 0), coin
            assert engine.position(coin).provisional == 0
        for coin in set(COINS) - world.with_ourselves:
            true = world.position.get(coin, Fraction(0))
            worst = (engine.worst_short(coin), engine.worst_long(coin))
            assert worst == (true - world.can_still(coin, -1), true + world.can_still(coin, 1)), coin
        for root in machine.roots:
            order = engine.get_by_cloid(root)
            assert order is not None
            legs = legs_of(world, evidence, root)
            assert order.is_terminal is not any(leg.live for leg in legs), order
            assert order.is_active is any(leg.live for leg in legs), order
    assert first.digest() == machine.engines[1].digest()
    machine.replay()


def settle_requests(machine: Orders) -> None:
    """Executes what is in flight and delivers everything that nobody has heard yet."""
    world = machine.world
    for request in list(world.requests):
        world.now += 1
        if request.kind == "place":
            assert request.leg is not None
            world.place(request, driver.TENTH if request.leg.ioc else Fraction(0), False)
        elif request.kind == "cancel":
            world.cancel(request)
        else:
            world.modify(request, "done", Fraction(0), 0)
    world.now += 1
    for message in world.messages:
        if not message.delivered:
            machine.deliver(message, "call" if message.kind == "update" else "rest", "ws")
