"""What the venue says has the keys and the kinds of value of what the real one said."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.desk import AGENT, BTC, COIN, IOC, ME, OTHER, SIM, Desk, order

pytestmark = pytest.mark.shared
CLOID = "0x1234567890abcdef1234567890abcdef"


def shape(value: Any) -> Any:
    """Keys and kinds, without the values; of a list the shapes that occur in it, each once."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        shapes: list[Any] = []
        for item in map(shape, value):
            if item not in shapes:
                shapes.append(item)
        return shapes
    if isinstance(value, str):
        return "decimal" if value.lstrip("-").replace(".", "", 1).isdecimal() and "." in value else "text"
    return type(value).__name__


def captured(shared: Path, file: str, index: int) -> Any:
    items = json.loads((shared / "vectors" / "captures" / f"{file}.json").read_text())["items"]
    return items[index]["body"]


def keys(value: dict[str, Any]) -> list[str]:
    return list(value)


@pytest.fixture
def desk() -> Desk:
    """An account with an order open, one canceled, fills, a position, and a book of two sides."""
    desk = Desk()
    desk.rest("A", "41.3", "1", who=OTHER)
    desk.rest("B", "41.1", "5", who=OTHER)
    desk.orders(order("B", "41.3", "0.5", IOC, c=CLOID))
    oid = desk.rest("B", "41.2", "1", c=CLOID)
    desk.do({"type": "cancel", "cancels": [{"a": SIM, "o": oid}]})
    desk.rest("B", "41.2", "1")
    return desk


def test_reads_have_the_captured_keys(desk: Desk, shared: Path) -> None:
    ask = desk.ask
    state, real_state = ask({"type": "clearinghouseState", "user": ME}), captured(shared, "bytex_info", 1)
    assert keys(state) == keys(real_state)
    assert keys(state["marginSummary"]) == keys(real_state["marginSummary"])
    ours, theirs = (one["assetPositions"][0] for one in (state, real_state))
    assert keys(ours["position"]) == keys(theirs["position"])
    without = {**ours["position"], "liquidationPx": "1.0"}  # ours is null, which is allowed (protocol 6.4)
    assert shape({**ours, "position": without}) == shape(theirs)

    assert shape(ask({"type": "l2Book", "coin": COIN})) == shape(captured(shared, "bytex_info", 0))
    meta, real_meta = ask({"type": "meta"}), captured(shared, "bytex_info", 3)
    assert keys(meta) == keys(real_meta)
    assert shape(meta["universe"]) == shape(real_meta["universe"])
    spot, real_spot = ask({"type": "spotMeta"}), captured(shared, "go_spot_meta", 0)
    assert keys(spot) == keys(real_spot)
    assert shape(spot["universe"]) == shape(real_spot["universe"])
    assert keys(spot["tokens"][0]) == keys(real_spot["tokens"][0])
    assert ask({"type": "perpDexs"})[0] is captured(shared, "go_perp_dexs", 0)[0] is None


def test_orders_and_fills_have_the_captured_keys(desk: Desk, shared: Path) -> None:
    ask = desk.ask
    (fill,) = ask({"type": "userFillsByTime", "user": ME, "startTime": 0})
    (real, *_) = captured(shared, "go_user_fills_by_time", 0)
    assert shape({key: value for key, value in fill.items() if key != "cloid"}) == shape(real)
    assert set(keys(fill)) == {*keys(real), "cloid"}

    status = ask({"type": "orderStatus", "user": ME, "oid": fill["oid"]})
    real_status = captured(shared, "go_order_status", 4)
    assert keys(status["order"]["order"]) == keys(real_status["order"]["order"])
    assert keys(status["order"]) == keys(real_status["order"])
    assert ask({"type": "orderStatus", "user": ME, "oid": 1}) == captured(shared, "go_order_status", 0)

    rows, real_rows = ask({"type": "historicalOrders", "user": ME}), captured(shared, "py_historical_orders", 0)
    plain = [row for row in rows if row["order"]["cloid"] is None]
    assert shape(plain) == shape(real_rows)
    plain_open = ask({"type": "openOrders", "user": ME})
    assert shape(plain_open) == shape(captured(shared, "paul_snapshots", 0))
    assert shape(ask({"type": "frontendOpenOrders", "user": ME})) == shape(captured(shared, "paul_snapshots", 1))


def test_smaller_reads_have_the_captured_keys(desk: Desk, shared: Path) -> None:
    ask = desk.ask
    limit, real = ask({"type": "userRateLimit", "user": ME}), captured(shared, "py_user_rate_limit", 0)
    assert keys(limit) == [*keys(real), "nRequestsSurplus"]  # since then one more
    active, real = (
        ask({"type": "activeAssetData", "user": ME, "coin": COIN}),
        captured(shared, "go_active_asset_data", 0),
    )
    assert shape(active) == shape(real)
    assert keys(ask({"type": "userRole", "user": ME})) == keys(captured(shared, "py_user_role", 0))
    assert ask({"type": "userRole", "user": AGENT})["role"] == "agent"
    assert keys(ask({"type": "spotClearinghouseState", "user": ME})) == keys(
        captured(shared, "go_spot_clearinghouse_state", 0)
    )


def test_contexts_have_the_captured_keys(desk: Desk, shared: Path) -> None:
    file = shared / "data" / "meta" / "metaAndAssetCtxs_mainnet_20260206.json.gz"
    meta, contexts = json.loads(gzip.decompress(file.read_bytes()))
    ours_meta, ours = desk.ask({"type": "metaAndAssetCtxs"})
    assert set(ours_meta) <= set(meta)
    assert set(ours[SIM]) == set(contexts[0])
    assert {type(value) for value in ours[SIM].values()} <= {str, list}


def test_fees_have_the_keys_of_the_reference(desk: Desk) -> None:
    fees = desk.ask({"type": "userFees", "user": ME})  # protocol 6.6: no whole answer was captured
    assert keys(fees["feeSchedule"]) == [
        *("cross", "add", "spotCross", "spotAdd", "tiers", "referralDiscount", "stakingDiscountTiers"),
    ]
    assert {"userCrossRate", "userAddRate", "activeReferralDiscount", "activeStakingDiscount"} <= set(fees)


def test_answers_to_actions_are_those_captured(shared: Path) -> None:
    desk = Desk()
    oid = desk.rest("B", "41.2", "1")
    cases = {
        "tick_batch_cancel": (
            {"type": "cancel", "cancels": [{"a": SIM, "o": one} for one in (oid, oid, 1)]},
            0,
        ),
        "go_CancelByCloid_NonExistent": ({"type": "cancelByCloid", "cancels": [{"asset": SIM, "cloid": CLOID}]}, 0),
        "go_Orders_Below10": ({"type": "order", "orders": [order("B", "41.2", "0.1")], "grouping": "na"}, 0),
        "go_Orders_Above10": ({"type": "order", "orders": [order("B", "41.2", "1")], "grouping": "na"}, 0),
        "go_CancelByCloid_Success": (
            {"type": "order", "orders": [order("B", "41.2", "1", c=CLOID)], "grouping": "na"},
            0,
        ),
    }
    for file, (action, index) in cases.items():
        ours, real = desk.do(action), captured(shared, file, index)
        assert shape(ours) == shape(real), file
        text = json.dumps(real)
        if "error" in text:
            words = json.dumps(ours).replace(f"asset={SIM}", "asset=")
            for asset in (4, 173, BTC):
                text = text.replace(f"asset={asset}", "asset=")
            assert words == text, file
    assert desk.do({"type": "cancel", "cancels": [{"a": 0, "o": 1}] * 201}) == captured(shared, "tick_batch_cancel", 1)
    assert shape(desk.do({"type": "noop"}, "")) == shape(captured(shared, "bytex_exchange_errors", 1))


def test_messages_have_the_captured_shapes(shared: Path) -> None:
    desk = Desk()
    user, coin = {"user": ME}, {"coin": "BTC"}
    streams = [{"type": "userFills", **user}, {"type": "orderUpdates", **user}, {"type": "userEvents", **user}]
    streams += [{"type": kind, **coin} for kind in ("bbo", "trades", "activeAssetCtx")]
    socket = desk.socket(*streams, {"type": "l2Book", **coin, "fast": True})
    desk.rest("A", "83758", "0.001", who=OTHER, a=BTC)
    desk.orders(order("B", "83757", "0.001", a=BTC, c=CLOID))
    desk.orders(order("B", "83757", "0.001", a=BTC))
    desk.orders(order("A", "83757", "0.002", IOC, a=BTC), who=OTHER)
    desk.orders(order("B", "83758", "1", a=BTC, c=CLOID))  # post-only, refused
    desk.rest("B", "83757", "0.001", a=BTC)
    desk.step(2_000)
    desk.say(socket, {"method": "ping"})
    frames = desk.heard(socket)

    def ours(channel: str, which: int = -1) -> Any:
        return [frame for frame in frames if frame["channel"] == channel][which]

    assert shape(ours("bbo")) == shape(captured(shared, "bytex_ws_market", 1))
    assert shape(ours("activeAssetCtx")) == shape(captured(shared, "bytex_ws_market", 3))
    assert keys(ours("activeAssetCtx")["data"]["ctx"]) == keys(captured(shared, "bytex_ws_market", 3)["data"]["ctx"])
    assert shape(ours("trades")) == shape(captured(shared, "bytex_ws_market", 0))
    assert shape(ours("l2Book")) == shape(captured(shared, "hft_ws_market", 0))
    assert ours("pong") == captured(shared, "hft_ws_control", 1)
    real_ack = captured(shared, "hft_ws_control", 3)
    assert shape(ours("subscriptionResponse", 0)) == shape(real_ack)
    assert shape(ours("userFills", 0)) == shape(captured(shared, "hft_ws_control", 4))
    rejected = captured(shared, "axon_ws_order_rejected_alo", 0)
    assert shape(ours("orderUpdates", -2)) == shape(rejected)
    assert ours("orderUpdates", -2)["data"][0]["status"] == rejected["data"][0]["status"]
    opened = captured(shared, "hft_ws_order_open_canceled", 0)
    assert shape(ours("orderUpdates", 0)) == shape(opened)
    fills, real_fills = ours("user")["data"]["fills"], captured(shared, "axon_ws_user_fill", 0)["data"]["fills"]
    assert shape([fill for fill in fills if "cloid" not in fill]) == shape(real_fills)
