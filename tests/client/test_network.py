"""The client over real sockets, against the simulated venue on loopback. What the wire may break is tests/chaos' business."""

import asyncio
from decimal import Decimal

import pytest

import mm
from mm import OrderState
from mm._core.sign import address_of
from mm.sim.thread import Simulation
from tests.client.exchange import run

pytest_plugins = ["mm.testing"]
pytestmark = pytest.mark.hl_exchange(market="none")
COIN = "HYPE"


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
            taker = {"a": 6, "b": False, "p": "41.1", "s": "0.5", "r": False, "t": {"limit": {"tif": "Ioc"}}}
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


@pytest.mark.parametrize("wrong", ["another's key", "another's account", "the agent's address"])
def test_a_wrong_key_or_account_is_told_before_anything_is_sent(hl_exchange: Simulation, wrong: str) -> None:  # S46, O1
    told = settings(hl_exchange)
    match wrong:
        case "another's key":
            told["key"] = "0x" + "2" * 64
        case "another's account":
            told["account"] = hl_exchange.accounts[1].address
        case _:  # of which the venue shows nothing, without a word
            told["account"] = address_of(hl_exchange.accounts[0].agent_key)

    async def story() -> None:
        async with mm.Hyperliquid(**told):  # type: ignore[arg-type]
            pass

    with pytest.raises(mm.ConfigError):
        run(story())


def test_a_lost_answer_is_asked_for_again_while_opening(
    hl_exchange: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm.exchange.hyperliquid.link_start._ATTEMPT_MS", 300)
    hl_exchange.control.inject("info.reply_lost")
    with mm.connect(**settings(hl_exchange), timeout_s=10) as hl:  # type: ignore[arg-type]
        assert hl.ready
    assert hl_exchange.control.counts() == {"info.reply_lost": 1}


@pytest.mark.parametrize("source", ["env:K", "keyring:maker", "keystore:agent.json"])
@pytest.mark.parametrize("field", ["key", "signer"])
def test_a_source_is_no_key(hl_exchange: Simulation, field: str, source: str) -> None:
    told = {**settings(hl_exchange), "key": None, field: source}
    with pytest.raises(mm.ConfigError, match=r"mm\.secrets\.load"):
        mm.Hyperliquid(**told)  # type: ignore[arg-type]


def test_no_part_of_a_client_holds_its_key(hl_exchange: Simulation) -> None:  # S1 of reliability: canary
    told = settings(hl_exchange)
    digits = str(told["key"]).removeprefix("0x")
    clients = [mm.Hyperliquid(**told), mm.connect(**told)]  # type: ignore[arg-type]
    seen: set[int] = set()

    def search(thing: object, depth: int = 0) -> None:
        if id(thing) in seen or depth > 8:
            return
        seen.add(id(thing))
        assert digits not in repr(thing)
        for part in (vars(thing) if hasattr(thing, "__dict__") else {}).values():
            search(part, depth + 1)
        for name in getattr(type(thing), "__slots__", ()):
            search(getattr(thing, name, None), depth + 1)
        if isinstance(thing, dict | list | tuple | set):
            for part in thing.values() if isinstance(thing, dict) else thing:
                search(part, depth + 1)

    for client in clients:
        search(client)
    assert len(seen) > 50
