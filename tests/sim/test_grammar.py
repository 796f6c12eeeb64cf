"""Every answer and every message of the venue, field by field, against everything that was recorded of the real one."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.desk import AGENT, BTC, COIN, IOC, ME, OTHER, SIM, Desk, order
from tests.sim.grammar import Grammar, about, differences, kind, learn, learnt

pytestmark = pytest.mark.shared
CLOID = "0x1234567890abcdef1234567890abcdef"
READS: list[dict[str, Any]] = [
    *({"type": kind} for kind in ("meta", "spotMeta", "allMids", "metaAndAssetCtxs", "perpDexs", "exchangeStatus")),
    *({"type": kind, "user": ME} for kind in ("clearinghouseState", "openOrders", "frontendOpenOrders", "userFills")),
    *(
        {"type": kind, "user": ME}
        for kind in ("historicalOrders", "userFees", "userRateLimit", "userRole", "extraAgents")
    ),
    *({"type": kind, "user": ME} for kind in ("spotClearinghouseState", "subAccounts")),
    *({"type": kind, "user": ME, "startTime": 0} for kind in ("userFillsByTime", "userFunding")),
    {"type": "userNonFundingLedgerUpdates", "user": ME, "startTime": 0},
    {"type": "userRole", "user": AGENT},
    {"type": "l2Book", "coin": COIN},
    {"type": "recentTrades", "coin": COIN},
    {"type": "activeAssetData", "user": ME, "coin": COIN},
    {"type": "fundingHistory", "coin": COIN, "startTime": 0},
    {"type": "candleSnapshot", "req": {"coin": COIN, "interval": "1m", "startTime": 0, "endTime": 2**42}},
    {"type": "orderStatus", "user": ME, "oid": 1},
    {"type": "orderStatus", "user": ME, "oid": CLOID},
]
STREAMS: list[dict[str, Any]] = [
    *({"type": kind, "user": ME} for kind in ("orderUpdates", "userFills", "userEvents", "userFundings", "webData2")),
    *({"type": kind, "user": ME} for kind in ("openOrders", "clearinghouseState", "notification")),
    *({"type": kind, "coin": COIN} for kind in ("bbo", "trades", "activeAssetCtx")),
    {"type": "l2Book", "coin": COIN, "fast": True},
    {"type": "candle", "coin": COIN, "interval": "1m"},
    {"type": "allMids"},
]
ACK = "ws:subscriptionResponse.subscription"
ALLOWED: dict[str, str] = {
    "info:historicalOrders[].order.cloid: text": "the recorded accounts gave no cloid; frames of orderUpdates show it",
    "info:orderStatus.order.order.cloid: text": "as above",
    "info:userFillsByTime[].cloid: only ours": "told since April 2026 (protocol 12), recorded in frames of userFills",
    "info:userFills[].cloid: only ours": "as above",
    "info:userFills[].feeToken: only ours": "the one recorded answer is of 2023; userFillsByTime shows it",
    "info:userFills[].tid: only ours": "as above",
    "info:userFills[].twapId: only ours": "as above",
    "info:userFunding[].delta.nSamples: null": "null since 2024, as frames of userFundings show; recorded is 2023",
    "info:userRateLimit.nRequestsSurplus: only ours": "told since then (protocol 9.2)",
    "info:userRole.data: only ours": "of agents and sub-accounts (protocol 6.1); recorded is a vault",
    **dict.fromkeys(
        (f"{ACK}.{name}: only ours" for name in ("fast", "interval", "mantissa", "nSigFigs")),
        "the echo has the request's members and defaults (protocol 1.2); others were recorded",
    ),
}
"""What differs, and why it may."""


def spoken() -> Grammar:
    """What the venue says in an hour in which much happens."""
    desk, grammar = Desk(), Grammar()

    def hear(request: Any, body: Any) -> None:
        for key, value in about(request, body):
            learn(grammar, key, value)

    socket = desk.socket(*STREAMS)
    desk.rest("A", "41.3", "3", who=OTHER)
    desk.rest("B", "41.1", "5", who=OTHER)
    actions: list[dict[str, Any]] = [
        {"type": "order", "orders": [order("B", "41.3", "1.5", IOC, c=CLOID)], "grouping": "na"},
        {"type": "order", "orders": [order("B", "41.2", "1")], "grouping": "na"},
        {"type": "order", "orders": [order("B", "41.4", "1"), order("B", "41.2", "0.1")], "grouping": "na"},
        {"type": "order", "orders": [order("B", "83000", "0.001", a=BTC, c="0x" + "2" * 32)], "grouping": "na"},
        {"type": "cancelByCloid", "cancels": [{"asset": BTC, "cloid": "0x" + "2" * 32}]},
        {"type": "cancel", "cancels": [{"a": SIM, "o": 1}]},
        {"type": "updateLeverage", "asset": SIM, "isCross": True, "leverage": 5},
        {"type": "noop"},
        {"type": "scheduleCancel", "time": desk.venue.now_ms + 10**6},
    ]
    for action in actions:
        hear(None, desk.do(action))
    desk.do({"type": "order", "orders": [order("A", "41.2", "0.5", IOC)], "grouping": "na"}, OTHER)
    oid = desk.rest("B", "40.8", "1")
    hear(None, desk.do({"type": "batchModify", "modifies": [{"oid": oid, "order": order("B", "40.9", "2")}]}))
    hear(None, desk.do({"type": "order", "orders": [order("A", "41", "0.2", IOC, r=True)], "grouping": "na"}))
    desk.say(socket, {"method": "subscribe", "subscription": {"type": "nonsense"}})
    desk.say(socket, {"method": "post", "id": 3, "request": {"type": "info", "payload": {"type": "spotMeta"}}})
    for _ in range(62):
        desk.step(60_000)
        desk.say(socket, {"method": "ping"})
    for frame in desk.heard(socket):
        hear(None, frame)
    for request in READS:
        answer = desk.ask(request)
        assert answer != 422, request
        hear(request, answer)
    desk.venue.check()
    return grammar


def test_what_the_venue_says_is_what_was_recorded_field_by_field(shared: Path) -> None:
    found = differences(learnt(shared), spoken())
    unexplained = sorted(found - ALLOWED.keys())
    assert not unexplained, "\n".join(unexplained)
    over = ALLOWED.keys() - found
    assert not over, f"these are explained and do not differ any more: {sorted(over)}"


def test_much_of_what_was_recorded_is_compared(shared: Path) -> None:
    real, ours = learnt(shared), spoken()
    both = {place.partition(".")[0].partition("[")[0] for place in real.keys() & ours.keys()}
    assert {name for name in both if name.startswith("exchange:")} >= {
        "exchange:order",
        "exchange:cancel",
        "exchange:err",
    }
    assert len(both) >= 30, sorted(both)


def test_a_number_has_one_way_to_be_printed() -> None:
    cases = {"1.0": "decimal", "0.1": "decimal", "-0.05": "decimal", "1": "number", "1.10": "number", "01.5": "number"}
    assert {text: kind(text) for text in cases} == cases
    assert kind("1e5") == "number" and kind("B") == "text" and kind(json.loads("true")) == "bool"
