"""The venue's answers and frames, field by field beside those that were captured from the real one."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.venue.desk import Desk
from tests.venue.test_venue import play

pytestmark = pytest.mark.shared

CLOID = "0x" + "b" * 32


def shape(value: Any) -> Any:
    """What a value is made of: its members in their order, a list's first item, the kind of every leaf."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool() | None:
            return type(value).__name__
        case str():
            plain = value.removeprefix("-").replace(".", "", 1)
            if plain.isdigit():
                return "decimal with a point" if "." in value else "digits"
            return f"0x and {len(value) - 2}" if value.startswith("0x") else "text"
        case _:
            return type(value).__name__


def captured(shared: Path, name: str, **wanted: Any) -> Iterator[Any]:
    """Bodies of a file of captures, those whose request or channel is the wanted one."""
    items = json.loads((shared / "vectors" / "captures" / f"{name}.json").read_text())["items"]
    for item in items:
        request = item.get("request") or {}
        here = item["body"] if item["kind"] == "ws-in" else request
        if all(isinstance(here, dict) and here.get(key) == value for key, value in wanted.items()):
            yield item["body"]


@pytest.fixture(scope="module")
def desk() -> Desk:
    desk = Desk(seed=1)
    socket = desk.venue.open_socket()
    for kind in ("userFills", "orderUpdates", "userEvents"):
        desk.subscribe(socket, type=kind, user=desk.user(0))
    for kind in ("trades", "bbo", "activeAssetCtx"):
        desk.subscribe(socket, type=kind, coin="BTC")
    desk.subscribe(socket, type="l2Book", coin="BTC", fast=True)
    desk.subscribe(socket, type="candle", coin="BTC", interval="1m")
    play(desk)
    desk.order(0, True, "83000", "0.001", cloid=CLOID)
    desk.order(2, False, "84000", "0.001")
    desk.wait(2_000)
    return desk


def test_frames_have_the_members_of_the_captured_ones(desk: Desk, shared: Path) -> None:
    for name, channel in [
        ("bytex_ws_market", "trades"),
        ("bytex_ws_market", "bbo"),
        ("bytex_ws_market", "activeAssetCtx"),
        ("bytex_ws_market", "candle"),
        ("hft_ws_market", "l2Book"),
        ("axon_ws_user_fill", "user"),
    ]:
        real = next(captured(shared, name, channel=channel))
        ours = desk.said(channel)[0 if channel == "user" else -1]
        assert shape(ours) == shape(real["data"]), channel


def test_an_order_update_has_the_members_of_the_captured_one(desk: Desk, shared: Path) -> None:
    real = next(captured(shared, "hft_ws_order_open_canceled", channel="orderUpdates"))["data"][0]
    ours = next(row for rows in desk.said("orderUpdates") for row in rows if "cloid" in row["order"])
    assert shape(ours) == shape(real)
    assert list(ours["order"]) == list(real["order"]), "and in the same order"


def test_a_fill_has_the_members_of_the_captured_one(desk: Desk, shared: Path) -> None:
    real = next(captured(shared, "go_user_fills_by_time", type="userFillsByTime"))[0]
    ours = desk.ask(type="userFillsByTime", user=desk.user(0), startTime=0)[0]
    assert shape(ours) == shape(real)
    assert list(ours) == list(real)


def test_an_order_status_has_the_members_of_the_captured_one(desk: Desk, shared: Path) -> None:
    bodies = captured(shared, "go_order_status", type="orderStatus")
    real = next(body for body in bodies if body["status"] == "order")
    oid = desk.truth(0)["lastFills"][0]["oid"]
    ours = desk.ask(type="orderStatus", user=desk.user(0), oid=oid)
    assert shape(ours) == shape(real)
    assert list(ours["order"]["order"]) == list(real["order"]["order"])


def test_lists_of_orders_have_the_members_of_the_captured_ones(desk: Desk, shared: Path) -> None:
    real = next(captured(shared, "paul_snapshots", type="openOrders"))[0]
    ours = desk.ask(type="openOrders", user=desk.user(2))[0]
    assert shape(ours) == shape(real)
    real = next(captured(shared, "paul_snapshots", type="frontendOpenOrders"))[0]
    assert shape(desk.ask(type="frontendOpenOrders", user=desk.user(2))[0]) == shape(real)
    real = next(captured(shared, "py_historical_orders", type="historicalOrders"))[0]
    assert shape(desk.ask(type="historicalOrders", user=desk.user(2))[0]) == shape(real)


def test_states_have_the_members_of_the_captured_ones(desk: Desk, shared: Path) -> None:
    real = next(captured(shared, "bytex_info", type="clearinghouseState"))
    ours = desk.ask(type="clearinghouseState", user=desk.user(0))
    ours["assetPositions"][0]["position"]["liquidationPx"] = "1.0"  # null where nothing liquidates
    assert shape(ours) == shape(real)
    real = next(captured(shared, "bytex_info", type="l2Book"))
    assert shape(desk.ask(type="l2Book", coin="BTC")) == shape(real)
    real = next(captured(shared, "go_spot_clearinghouse_state", type="spotClearinghouseState"))
    assert shape(desk.ask(type="spotClearinghouseState", user=desk.user(0))) == shape(real)
    real = next(captured(shared, "go_active_asset_data", type="activeAssetData"))
    assert shape(desk.ask(type="activeAssetData", user=desk.user(0), coin="BTC")) == shape(real)
    candles = desk.ask(type="candleSnapshot", req={"coin": "BTC", "interval": "1m", "startTime": 0, "endTime": 2**42})
    assert shape(candles[0]) == shape(next(captured(shared, "bytex_ws_market", channel="candle"))["data"])
    real = next(captured(shared, "py_user_rate_limit", type="userRateLimit"))
    assert shape(real).items() <= shape(desk.ask(type="userRateLimit", user=desk.user(0))).items()


def test_real_metas_are_traded(shared: Path) -> None:
    place = shared / "data" / "meta"
    packed = place / "metaAndAssetCtxs_mainnet_20260206.json.gz"
    main = gzip.decompress(packed.read_bytes())
    xyz = gzip.decompress((place / "metaAndAssetCtxs_xyz_mainnet_20260206.json.gz").read_bytes())
    spot = gzip.decompress((place / "spotMeta_mainnet_20250822.json.gz").read_bytes())
    desk = Desk(perps={"": main, "xyz": xyz}, spot=spot)
    universe = json.loads(main)[0]["universe"]
    told = desk.ask(type="meta")["universe"]
    assert [(a["name"], a["szDecimals"]) for a in told] == [(a["name"], a["szDecimals"]) for a in universe]
    mark = json.loads(main)[1][0]["markPx"].removesuffix(".0")
    assert "resting" in desk.order(0, True, mark, "0.01")
    contexts = desk.ask(type="metaAndAssetCtxs", dex="xyz")[1]
    assert len(contexts) == len(json.loads(xyz)[1])
    assert len(desk.ask(type="spotMeta")["universe"]) == len(json.loads(spot)["universe"])
