"""The readers of `/info`: what they give, and that nothing broken ever looks like an empty answer."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm import BadInput, Refused, Side, Unreadable, wire
from mm.wire.reader import SURFACED_MAX

D = Decimal
USER = "0x" + "Ab" * 20
ORDER = {
    "coin": "BTC", "side": "A", "limitPx": "84116.0", "sz": "0.08332", "oid": 392632977179, "timestamp": 1776859971090,
    "triggerCondition": "N/A", "isTrigger": False, "triggerPx": "0.0", "children": [], "isPositionTpsl": False,
    "reduceOnly": False, "orderType": "Limit", "origSz": "0.1", "tif": "Gtc", "cloid": None, "new": {"a": 1},
}  # fmt: skip
SUMMARY = {"accountValue": "-1.5", "totalNtlPos": "377667.0", "totalRawUsd": "-339414.3", "totalMarginUsed": "3.7"}
POSITION = {
    "coin": "BTC", "szi": "-4.5", "leverage": {"type": "isolated", "value": 10, "rawUsd": "1"}, "entryPx": "81285.0",
    "positionValue": "377667.0", "unrealizedPnl": "11884.306507", "returnOnEquity": "0.3", "liquidationPx": None,
    "marginUsed": "37766.7", "maxLeverage": 40, "cumFunding": {"allTime": "9", "sinceOpen": "-0.5", "sinceChange": "0"},
}  # fmt: skip
STATE = {
    "marginSummary": SUMMARY, "crossMarginSummary": SUMMARY, "crossMaintenanceMarginUsed": "4720.8375",
    "withdrawable": "486.0", "assetPositions": [{"type": "oneWay", "position": POSITION}], "time": 1790360864964,
}  # fmt: skip
SCHEDULE = {
    "cross": "0.00045", "add": "0.00015", "spotCross": "0.0007", "spotAdd": "0.0004",
    "tiers": {
        "vip": [{"ntlCutoff": "5000000.0", "cross": "0.0004", "add": "0.00012", "spotCross": "0.0006", "spotAdd": "0.0003"}],
        "mm": [{"makerFractionCutoff": "0.005", "add": "-0.00001"}],
    },
    "referralDiscount": "0.04", "stakingDiscountTiers": [],
}  # fmt: skip
FEES: dict[str, Any] = {
    "dailyUserVlm": [], "feeSchedule": SCHEDULE, "userCrossRate": "0.000315", "userAddRate": "-0.00001",
    "userSpotCrossRate": "0.00049", "userSpotAddRate": "0.00028", "activeReferralDiscount": "0.04", "trial": None,
    "activeStakingDiscount": {"bpsOfMaxSupply": "4.7", "discount": "0.3"},
}  # fmt: skip
CTX = {
    "funding": "0.0000125", "openInterest": "1.5", "prevDayPx": "84086.0", "dayNtlVlm": "3096053627.5618200302",
    "premium": None, "oraclePx": "83778.1", "markPx": "83757.0", "midPx": None, "impactPxs": None, "dayBaseVlm": "3.5",
}  # fmt: skip
CANDLE = {
    "t": 1790358600000, "T": 1790358659999, "s": "BTC", "i": "1m", "o": "83765.0", "c": "83766.0", "h": "83770.0",
    "l": "83756.0", "v": "0.3317", "n": 36,
}  # fmt: skip
FUNDING = {
    "time": 7,
    "coin": "BTC",
    "usdc": "-1.301367",
    "szi": "1.33557",
    "fundingRate": "0.0000125",
    "nSamples": None,
}
RECORD = {"order": ORDER, "status": "filled", "statusTimestamp": 9}

Reader = Callable[[bytes], Any]
GOOD: dict[str, tuple[Reader, Any]] = {
    "openOrders": (wire.open_orders, [ORDER]),
    "historicalOrders": (wire.historical_orders, [RECORD]),
    "orderStatus": (wire.order_status, {"status": "order", "order": RECORD}),
    "userFills": (wire.fills_page, [{"time": 9}, {"time": 3}]),
    "clearinghouseState": (wire.clearinghouse_state, STATE),
    "spotClearinghouseState": (
        wire.spot_clearinghouse_state,
        {"balances": [{"coin": "USDC", "token": 0, "total": "19.9969993", "hold": "0.0", "entryNtl": "0.0"}]},
    ),
    "userRateLimit": (wire.user_rate_limit, {"cumVlm": "1.5", "nRequestsUsed": 10_500, "nRequestsCap": 10_001}),
    "userFees": (wire.user_fees, FEES),
    "userRole": (wire.user_role, {"role": "agent", "data": {"user": USER}}),
    "extraAgents": (wire.extra_agents, [{"name": "ok", "address": USER, "validUntil": 1767776120478}]),
    "maxBuilderFee": (wire.max_builder_fee, 10),
    "activeAssetData": (
        wire.active_asset_data,
        {"user": USER, "coin": "HYPE", "leverage": {"type": "cross", "value": 10}, "maxTradeSzs": ["72.42", "1.5"],
         "availableToTrade": ["680.955673", "2.5"], "markPx": "94.017"},
    ),
    "userFunding": (wire.user_funding, [{"time": 7, "hash": "0x", "delta": {"type": "funding", **FUNDING, "nSamples": 3}}]),
    "funding": (wire.funding_event, FUNDING),
    "webData": (wire.web_data, {"userState": {"agentAddress": USER, "agentValidUntil": 5, "serverTime": 6, "user": USER, "isVault": False}}),
    "allMids": (wire.all_mids, {"BTC": "83757.5", "@107": "28.7181234567"}),
    "metaAndAssetCtxs": (wire.asset_contexts, [{"universe": [{"name": "BTC"}]}, [CTX]]),
    "perpDexs": (wire.perp_dexs, [None, {"name": "xyz"}]),
    "fundingHistory": (wire.funding_history, [{"coin": "BTC", "fundingRate": "-0.0006", "premium": "-0.0009", "time": 1}]),
    "candleSnapshot": (wire.candle_snapshot, [CANDLE]),
    "candle": (wire.candle, CANDLE),
    "exchangeStatus": (wire.exchange_status, {"time": 5, "specialStatuses": None}),
}  # fmt: skip


def read(name: str, change: dict[str, Any] | None = None) -> Any:
    reader, body = GOOD[name]
    return reader(json.dumps(body | change if change else body).encode())


def test_orders() -> None:
    (order,) = read("openOrders")
    assert (order.side, order.limit_px, order.sz, order.orig_sz) == (Side.SELL, D(84_116), D("0.08332"), D("0.1"))
    assert (order.cloid, order.tif, order.reduce_only, order.trigger_px) == (None, "Gtc", False, D(0))
    bare = {key: ORDER[key] for key in ("coin", "side", "limitPx", "sz", "oid", "timestamp")}
    (order,) = wire.open_orders(json.dumps({"dex": "", "user": USER, "orders": [bare]}).encode())
    assert (order.tif, order.orig_sz, order.is_trigger) == (None, order.sz, False)
    status = read("orderStatus")
    assert status and (status.meaning, status.status_timestamp) == ("filled", 9)
    assert wire.order_status(b'{"status":"unknownOid"}') is None
    assert read("userFills") == wire.FillsPage(2, 3, 9)
    assert wire.fills_page(b"[]") == wire.FillsPage(0, None, None)


def test_a_name_that_is_no_cloid_is_none() -> None:
    """As in the streams: an order is known by its oid, and the engine takes no other name."""
    given = ["0x" + "aB" * 16, None, "", "0x12", "0X" + "ab" * 16, "ab" * 16, "0x" + "g" * 32, "0x" + "٣" * 32]
    rows = wire.open_orders(json.dumps([ORDER | {"cloid": cloid} for cloid in given]).encode())
    assert rows.whole and [order.cloid for order in rows] == ["0x" + "ab" * 16, *[None] * 7]
    assert not wire.open_orders(json.dumps([ORDER | {"cloid": 7}]).encode()).whole


def test_one_broken_record_leaves_its_siblings_and_the_list_is_not_whole() -> None:
    for broken in (
        7,
        None,
        {},
        ORDER | {"sz": "-1"},
        ORDER | {"oid": 1.5},
        ORDER | {"side": "X"},
        ORDER | {"limitPx": 1.5},
    ):
        rows = wire.open_orders(json.dumps([ORDER, broken, ORDER]).encode())
        assert (len(rows), rows.whole, rows.surfaced[0].index) == (2, False, 1)
        assert "openOrders[1]" in rows.surfaced[0].why


def test_a_list_of_nothing_but_broken_records_is_no_answer() -> None:
    most = SURFACED_MAX
    rows = wire.open_orders(json.dumps([ORDER, *[7] * most]).encode())
    assert (len(rows), len(rows.surfaced)) == (1, most)
    with pytest.raises(Unreadable, match="4,096"):
        wire.open_orders(json.dumps([ORDER, *[7] * (most + 1)]).encode())


def test_the_account() -> None:
    state = read("clearinghouseState")
    position = state.position("BTC")
    assert position and (position.szi, position.liquidation_px, position.is_cross) == (D("-4.5"), None, False)
    assert (state.margin.account_value, state.time, state.position("ETH")) == (D("-1.5"), 1_790_360_864_964, None)
    streamed = {"dex": "", "user": USER, "clearinghouseState": STATE}
    assert wire.clearinghouse_state(json.dumps(streamed).encode()) == state
    lost = wire.clearinghouse_state(json.dumps(STATE | {"assetPositions": [{}]}).encode())
    assert lost.positions == () and len(lost.surfaced) == 1
    assert read("userRateLimit").left == -499
    fees = read("userFees")
    assert (fees.add_rate, fees.cross_rate, fees.staking_discount) == (D("-0.00001"), D("0.000315"), D("0.3"))
    assert (fees.vip[0].spot_add, fees.makers[0].add) == (D("0.0003"), D("-0.00001"))
    assert read("userRole") == wire.UserRole("agent", USER.lower())
    assert wire.user_role(b'{"role":"missing"}') == wire.UserRole("missing", None)
    assert wire.user_role(json.dumps({"role": "subAccount", "data": {"master": USER}}).encode()).master == USER.lower()
    assert read("activeAssetData").max_trade_szs == (D("72.42"), D("1.5"))
    (payment,) = read("userFunding")
    assert (payment.usdc, payment.n_samples, read("funding").n_samples) == (D("-1.301367"), 3, None)
    assert read("webData").agent_valid_until == 5
    assert read("spotClearinghouseState").rows[0].total == D("19.9969993")


def test_markets_and_the_venue() -> None:
    (context,) = read("metaAndAssetCtxs")
    assert (context.coin, context.mid_px, context.day_ntl_vlm) == ("BTC", None, D("3096053627.5618200302"))
    assert read("allMids")["@107"] == D("28.7181234567")
    assert read("perpDexs") == ("", "xyz")
    with pytest.raises(Unreadable, match="main dex"):
        wire.perp_dexs(b'[{"name":"xyz"}]')
    assert (read("candle").close_px, read("candleSnapshot").rows) == (D(83_766), (read("candle"),))
    assert read("exchangeStatus") == wire.ExchangeStatus(5, None)
    with pytest.raises(Unreadable, match="as many"):
        wire.asset_contexts(json.dumps([{"universe": []}, [CTX]]).encode())


def test_one_broken_market_leaves_its_siblings() -> None:
    mids = wire.all_mids(b'{"BTC":"83757.5","X":null,"Y":7,"\\ud800":"1","ETH":"2.5"}')
    assert mids == {"BTC": D("83757.5"), "ETH": D("2.5")}
    assert wire.all_mids(b"{}") == {}
    with pytest.raises(Unreadable, match="any of its mids"):
        wire.all_mids(b'{"BTC":83757.5,"ETH":null}')
    universe = [{"name": "BTC"}, {"name": None}, 7, {"name": "ETH"}, {"name": "SOL"}]
    contexts = [CTX, CTX, CTX, CTX | {"markPx": "x"}, CTX]
    rows = wire.asset_contexts(json.dumps([{"universe": universe}, contexts]).encode())
    assert [context.coin for context in rows] == ["BTC", "SOL"]
    assert [lost.index for lost in rows.surfaced] == [1, 2, 3]


def test_half_a_surrogate_is_no_text() -> None:
    """Else whoever prints, writes or asks the engine about it fails, and far from here."""
    half = "\ud800"
    rows = wire.open_orders(json.dumps([ORDER, ORDER | {"coin": half}, ORDER | {"cloid": half}]).encode())
    assert (len(rows), [lost.index for lost in rows.surfaced]) == (1, [1, 2])
    for name, change in (("userRole", {"role": half}), ("candle", {"s": half}), ("funding", {"coin": half})):
        with pytest.raises(Unreadable, match="not a text"):
            read(name, change)
    assert wire.open_orders(json.dumps([ORDER | {"coin": "\U0001f600é"}]).encode()).rows[0].coin == "\U0001f600é"


BROKEN = [
    b"",
    b"nul",
    b"{",
    b"<html></html>",
    b"\xff",
    b'{"a":1,"a":2}',
    b"NaN",
    b"[" * 100_000,
    b'"',
    b"1e999999999x",
    b"null",
]


@pytest.mark.parametrize("name", GOOD)
def test_what_is_no_answer_is_never_an_empty_one(name: str) -> None:
    reader, body = GOOD[name]
    cut = json.dumps(body).encode()[:-1] if not isinstance(body, int) else b"1."  # of a bare number nobody can tell
    for broken in [*BROKEN, cut, b"true"]:
        with pytest.raises(Unreadable) as caught:
            reader(broken)
        assert caught.value.field and caught.value.reason
    with pytest.raises(BadInput):
        reader(json.dumps(body))  # type: ignore[arg-type]


def test_the_http_status_counts() -> None:
    with pytest.raises(Refused, match="429"):
        wire.open_orders(b"[]", 429)
    with pytest.raises(Refused, match="Failed to deserialize"):
        wire.open_orders(b"Failed to deserialize the JSON body into the target type", status=422)
    for status in (301, 500, 502, 504):
        with pytest.raises(Unreadable, match=str(status)):
            wire.open_orders(b"[]", status)


def spoilt(body: Any, path: list[int], value: Any) -> Any:
    """The body with one value, somewhere in it, replaced."""
    if path and isinstance(body, dict) and body:
        key = sorted(body)[path[0] % len(body)]
        return body | {key: spoilt(body[key], path[1:], value)}
    if path and isinstance(body, list) and body:
        place = path[0] % len(body)
        return [*body[:place], spoilt(body[place], path[1:], value), *body[place + 1 :]]
    return value


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 7, -1, 1.5, "x", "", "1e5", "NaN", "-0.1", [], {}, [[]], "٣", "\ud800", 2**64, "9" * 50]
)


@pytest.mark.fuzz
@given(st.sampled_from(sorted(GOOD)), st.lists(st.integers(0, 30), max_size=6), ODD)
def test_one_odd_value_gives_a_value_or_a_typed_error(name: str, path: list[int], value: Any) -> None:
    reader, body = GOOD[name]
    try:
        reader(json.dumps(spoilt(body, path, value)).encode())
    except Unreadable as error:
        assert error.field and error.reason  # noqa: PT017 (either is right)


@pytest.mark.fuzz
@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=60) | st.text('{}[]":,0.1tnul ', max_size=60).map(str.encode))
def test_any_bytes_give_a_value_or_a_typed_error(name: str, body: bytes) -> None:
    try:
        GOOD[name][0](body)
    except Unreadable as error:
        assert error.field and error.reason  # noqa: PT017 (either is right)
