"""The client over real sockets, against the simulated venue on loopback. What the wire may break is tests/chaos' business."""

import asyncio
from decimal import Decimal

import pytest

import mm
from mm import OrderState
from mm.sim.thread import Simulation
from tests.client.exchange import run

pytest_plugins = ["mm.testing"]
COIN = "SIM"


def settings(hl_exchange: Simulation) -> dict[str, object]:
    account = hl_exchange.accounts[0]
    return {"account": account.address, "key": account.agent_key, "url": hl_exchange.url, "coins": [COIN]}


def truth(hl_exchange: Simulation) -> dict[str, object]:
    told: dict[str, dict[str, object]] = hl_exchange.control.truth()
    return told[hl_exchange.accounts[0].address]


def test_the_life_of_an_order(hl_exchange: Simulation) -> None:
    async def story() -> None:
        async with mm.Hyperliquid(**settings(hl_exchange), on_exit="cancel") as hl:  # type: ignore[arg-type]
            await hl.ready()
            order = await hl.place(COIN, "B", "41.2", "2")
            assert order.state == OrderState.Resting
            moved = await hl.modify(order, px="41.1")
            assert (moved.cloid, moved.px) == (order.cloid, Decimal("41.1"))
            stream = hl.events()
            taker = {"a": 5, "b": False, "p": "41.1", "s": "0.5", "r": False, "t": {"limit": {"tif": "Ioc"}}}
            await asyncio.to_thread(
                hl_exchange.control.act, "taker", {"type": "order", "orders": [taker], "grouping": "na"}
            )
            async with asyncio.timeout(5):
                async for event in stream:
                    if isinstance(event, mm.Effect.Booked):
                        break
                while hl.position(COIN).size != Decimal("0.5"):
                    await hl.changed(order, 100)
            (rest,) = hl.orders()
            assert (rest.state, rest.leaves_qty) == (OrderState.PartialFilled, Decimal("1.5"))
            await hl.cancel(rest)
        assert hl.left == ()

    run(story())
    assert truth(hl_exchange)["openOrders"] == []


def test_without_async(hl_exchange: Simulation) -> None:
    with mm.connect(**settings(hl_exchange), on_exit="cancel") as hl:  # type: ignore[arg-type]
        orders = hl.place_many([mm.NewOrder(COIN, "B", px, "1") for px in ("40", "39", "38")])
        assert all(isinstance(order, mm.Order) for order in orders)
        assert hl.info({"type": "openOrders", "user": hl_exchange.accounts[0].address})
        assert hl.rate_limit().cap >= 10_000
    assert hl.left == ()
    assert truth(hl_exchange)["openOrders"] == []


def test_orders_that_were_left_are_found_again_by_the_next_process(hl_exchange: Simulation) -> None:
    async def story() -> None:
        async with mm.Hyperliquid(**settings(hl_exchange)) as hl:  # type: ignore[arg-type]
            await hl.ready()
            order = await hl.place(COIN, "B", "41.2", "2")
        assert [left.cloid for left in hl.left] == [order.cloid]
        async with mm.Hyperliquid(**settings(hl_exchange)) as hl:  # type: ignore[arg-type]
            await hl.ready()
            (found,) = hl.orders()
            assert (found.cloid, found.oid, found.state) == (order.cloid, order.oid, OrderState.Resting)
            assert not found.foreign
            assert await hl.cancel_all(wait=True) == ()

    run(story())


@pytest.mark.parametrize("wrong", ["key", "account"])
def test_a_wrong_key_or_account_is_told_before_anything_is_sent(hl_exchange: Simulation, wrong: str) -> None:
    told = settings(hl_exchange)
    told[wrong] = "0x" + "2" * 64 if wrong == "key" else hl_exchange.accounts[1].address

    async def story() -> None:
        async with mm.Hyperliquid(**told):  # type: ignore[arg-type]
            pass

    with pytest.raises(mm.ConfigError):
        run(story())
