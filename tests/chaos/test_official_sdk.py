"""The official Python SDK, unchanged, with its base URL pointed at the simulated venue."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mm.sim.thread import Simulation

pytest.importorskip("hyperliquid", reason="the official SDK is not installed")

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

COIN, ASSET = "SOL", 5  # it begins at 188.5; `house` quotes a little away from that
ALO, GTC, IOC = ({"limit": {"tif": tif}} for tif in ("Alo", "Gtc", "Ioc"))


@pytest.fixture(scope="module")
def hl() -> Iterator[Simulation]:
    with Simulation(market="none", names=("maker", "taker", "other", "house")) as simulation:
        orders = [
            {"a": ASSET, "b": side == "B", "p": px, "s": "50", "r": False, "t": ALO}
            for side, prices in (("B", ("187", "186.8", "186.6")), ("A", ("190", "190.2", "190.4")))
            for px in prices
        ]
        simulation.control.act("house", {"type": "order", "orders": orders, "grouping": "na"})
        yield simulation


@pytest.fixture(scope="module")
def info(hl: Simulation) -> Iterator[Info]:
    client = Info(hl.url)
    yield client
    client.disconnect_websocket()
    assert client.ws_manager is not None
    client.ws_manager.join(5)


@pytest.fixture
def maker(hl: Simulation) -> Iterator[Exchange]:
    yield trader(hl, "maker")
    for row in hl.control.truth()[hl.control.account("maker").address]["openOrders"]:
        hl.control.act("maker", {"type": "cancel", "cancels": [{"a": ASSET, "o": row["oid"]}]})


def trader(hl: Simulation, name: str, *, own_key: bool = False) -> Exchange:
    account = hl.control.account(name)
    wallet = Account.from_key(account.key if own_key else account.agent_key)
    return Exchange(wallet, hl.url, account_address=account.address, timeout=5)


def status(reply: Any) -> Any:
    assert reply["status"] == "ok", reply
    (entry,) = reply["response"]["data"]["statuses"]
    return entry


def rest(maker: Exchange, px: float = 188.2, sz: float = 1, is_buy: bool = True, **more: Any) -> int:
    return int(status(maker.order(COIN, is_buy, sz, px, ALO, **more))["resting"]["oid"])


def until(true: Callable[[], Any], seconds: float = 3) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := true()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return value


def test_it_reads_the_universe(info: Info) -> None:
    assert info.name_to_asset("BTC") == 0
    assert info.name_to_asset(COIN) == ASSET
    assert info.name_to_asset("PURR/USDC") == 10_000
    assert set(info.all_mids()) >= {"BTC", "ETH", COIN}
    assert [len(side) for side in info.l2_snapshot(COIN)["levels"]] == [3, 3]
    assert len(info.meta_and_asset_ctxs()[1]) == len(info.meta()["universe"])
    assert [dex and dex["name"] for dex in info.perp_dexs()] == [None, "xyz"]


def test_it_places_in_each_tif(maker: Exchange, info: Info) -> None:
    address = maker.account_address
    alo = status(maker.order(COIN, True, 1, 188.1, ALO, cloid=Cloid.from_int(1)))
    assert alo["resting"]["cloid"] == Cloid.from_int(1).to_raw()
    assert "resting" in status(maker.order(COIN, True, 1, 188.0, GTC))
    filled = status(maker.order(COIN, True, 1, 192.0, IOC))["filled"]
    assert filled["totalSz"] == "1.0"
    assert {row["limitPx"] for row in info.open_orders(address)} == {"188.1", "188.0"}
    assert info.user_state(address)["assetPositions"][0]["position"]["coin"] == COIN
    assert info.user_fills(address)[0]["oid"] == filled["oid"]
    assert info.user_fills_by_time(address, 0)[-1]["oid"] == filled["oid"]
    closed = maker.market_close(COIN)
    assert "filled" in status(closed)


def test_it_is_told_what_was_refused(maker: Exchange) -> None:
    assert "Post only order would have immediately matched" in status(maker.order(COIN, True, 1, 192.0, ALO))["error"]
    assert "minimum value of $10" in status(maker.order(COIN, True, 0.01, 187.3, ALO))["error"]
    assert "could not immediately match" in status(maker.order(COIN, True, 1, 180.0, IOC))["error"]


def test_it_cancels_by_oid_and_by_cloid(maker: Exchange) -> None:
    assert status(maker.cancel(COIN, rest(maker))) == "success"
    cloid = Cloid.from_int(2)
    rest(maker, cloid=cloid)
    assert status(maker.cancel_by_cloid(COIN, cloid)) == "success"
    assert "never placed, already canceled, or filled" in status(maker.cancel_by_cloid(COIN, cloid))["error"]


def test_it_modifies_by_oid_and_by_cloid(maker: Exchange, info: Info) -> None:
    cloid = Cloid.from_int(3)
    old = rest(maker, cloid=cloid)
    new = status(maker.modify_order(old, COIN, True, 2, 187.9, ALO, cloid=cloid))["resting"]["oid"]
    newest = status(maker.modify_order(cloid, COIN, True, 2, 187.8, ALO, cloid=cloid))["resting"]["oid"]
    assert len({old, new, newest}) == 3
    assert [row["oid"] for row in info.open_orders(maker.account_address)] == [newest]
    assert (
        status(maker.modify_order(old, COIN, True, 2, 187.8, ALO))["error"] == "Cannot modify canceled or filled order"
    )


def test_it_works_in_bulk(maker: Exchange, info: Info) -> None:
    wanted = [
        {"coin": COIN, "is_buy": True, "sz": 1.0, "limit_px": 187.4 + i / 10, "order_type": ALO, "reduce_only": False}
        for i in range(3)
    ]
    oids = [entry["resting"]["oid"] for entry in maker.bulk_orders(wanted)["response"]["data"]["statuses"]]
    changes = [{"oid": oid, "order": {**order, "sz": 2.0}} for oid, order in zip(oids, wanted, strict=True)]
    new = [entry["resting"]["oid"] for entry in maker.bulk_modify_orders_new(changes)["response"]["data"]["statuses"]]
    assert {row["sz"] for row in info.open_orders(maker.account_address)} == {"2.0"}
    reply = maker.bulk_cancel([{"coin": COIN, "oid": oid} for oid in [*new, oids[0]]])
    answers = reply["response"]["data"]["statuses"]
    assert answers[:3] == ["success"] * 3
    assert "error" in answers[3]


def test_it_asks_for_one_order(maker: Exchange, info: Info) -> None:
    cloid = Cloid.from_int(4)
    oid = rest(maker, cloid=cloid)
    by_oid = info.query_order_by_oid(maker.account_address, oid)
    assert by_oid == info.query_order_by_cloid(maker.account_address, cloid)
    assert by_oid["order"]["status"] == "open"
    assert info.query_order_by_oid(maker.account_address, 1) == {"status": "unknownOid"}
    assert info.historical_orders(maker.account_address)[0]["order"]["oid"] == oid
    assert info.frontend_open_orders(maker.account_address)[0]["tif"] == "Alo"


def test_its_expiry_is_kept(maker: Exchange) -> None:
    maker.set_expires_after(int(time.time() * 1_000) - 1_000)
    assert maker.order(COIN, True, 1, 187.3, ALO) == {"status": "err", "response": "Action already expired"}
    maker.set_expires_after(None)


def test_it_sets_leverage_and_meets_the_gate_of_schedule_cancel(hl: Simulation, maker: Exchange, info: Info) -> None:
    assert maker.update_leverage(5, COIN) == {"status": "ok", "response": {"type": "default"}}
    assert maker.update_leverage(99, COIN)["response"] == "Invalid leverage value"
    refused = maker.schedule_cancel(int(time.time() * 1_000) + 60_000)
    assert refused["response"].startswith("Cannot set scheduled cancel time until enough volume traded.")
    hl.venue.add_volume(maker.account_address, 1_000_000)
    oid = rest(maker)
    assert maker.schedule_cancel(int(time.time() * 1_000) + 6_000)["status"] == "ok"
    hl.control.step(7_000)
    assert info.query_order_by_oid(maker.account_address, oid)["order"]["status"] == "scheduledCancel"


def test_it_asks_who_it_is(hl: Simulation, info: Info) -> None:
    account = hl.control.account("maker")
    assert info.user_role(account.address)["role"] == "user"
    assert info.user_role(account.agent) == {"role": "agent", "data": {"user": account.address}}
    assert set(info.user_rate_limit(account.address)) == {"cumVlm", "nRequestsUsed", "nRequestsCap", "nRequestsSurplus"}
    assert info.user_fees(account.address)["userAddRate"] == "0.00015"


def test_a_foreign_key_is_nobody(hl: Simulation) -> None:
    stranger = Exchange(Account.create(), hl.url, timeout=5)
    reply = stranger.order(COIN, True, 1, 187.3, ALO)
    assert reply["response"] == f"User or API Wallet {stranger.wallet.address.lower()} does not exist."


def test_it_approves_an_agent_who_then_trades(hl: Simulation) -> None:
    owner = trader(hl, "other", own_key=True)
    reply, key = owner.approve_agent("bot")
    assert reply["status"] == "ok", reply
    agent = Exchange(Account.from_key(key), hl.url, account_address=owner.account_address, timeout=5)
    assert status(agent.cancel(COIN, rest(agent, px=187.2))) == "success"
    assert "bot" in [row["name"] for row in owner.info.extra_agents(owner.account_address)]


def test_its_subscriptions_hear(hl: Simulation, maker: Exchange, info: Info) -> None:
    user = maker.account_address
    streams: list[dict[str, Any]] = [
        *({"type": kind, "coin": COIN} for kind in ("l2Book", "bbo", "trades", "activeAssetCtx")),
        *({"type": kind, "user": user} for kind in ("orderUpdates", "userFills", "userEvents")),
        {"type": "allMids"},
    ]
    heard: dict[str, list[Any]] = {}
    ids = []
    for stream in streams:
        heard[stream["type"]] = []
        ids.append(info.subscribe(stream, heard[stream["type"]].append))
    assert until(lambda: heard["userFills"])
    oid = rest(maker, px=188.5)
    hl.control.act(
        "taker",
        {
            "type": "order",
            "orders": [{"a": ASSET, "b": False, "p": "188.5", "s": "0.5", "r": False, "t": IOC}],
            "grouping": "na",
        },
    )
    assert until(lambda: all(heard.values())), {kind: len(rows) for kind, rows in heard.items()}
    assert heard["userFills"][0]["data"]["isSnapshot"] is True
    assert until(lambda: len(heard["userFills"]) > 1)
    (fill,) = heard["userFills"][1]["data"]["fills"]
    assert (fill["oid"], fill["sz"], fill["crossed"]) == (oid, "0.5", False)
    assert heard["userEvents"][0]["data"]["fills"] == [fill]
    assert [row["status"] for row in heard["orderUpdates"][0]["data"]] == ["open"]
    for stream, number in zip(streams, ids, strict=True):
        assert info.unsubscribe(stream, number)
