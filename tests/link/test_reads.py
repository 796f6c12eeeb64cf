"""Answers of `/info`: read whole or not at all."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.wire import Assets
from mm.errors import BadInput, Unreadable
from mm.exchange.hyperliquid.encode import ask
from mm.exchange.hyperliquid.limits import Need
from mm.exchange.hyperliquid.link_reads import PAGE, read
from mm.protocol import (
    AskFills,
    AskInfo,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    AskRateLimit,
    FillsReply,
    InfoReply,
    OpenOrdersReply,
    OrderReply,
    OrderRow,
    PositionReply,
    Query,
    RateLimitReply,
)
from tests.link.venue import ACCOUNT, META, SPOT

ASSETS = Assets(json.dumps(META).encode(), json.dumps(SPOT).encode())
ORDER: dict[str, Any] = {"coin": "BTC", "side": "A", "limitPx": "84116.0", "sz": "0.08332", "oid": 392632977179}
ORDER |= {"timestamp": 1776859971090, "origSz": "0.1", "cloid": "0x" + "AB" * 16, "somethingNew": [1]}
ROW = OrderRow("BTC", "A", "84116.0", "0.08332", "0.1", 392632977179, "0x" + "ab" * 16, "open", 1776859971090)
STATUS = {"status": "order", "order": {"order": ORDER, "status": "filled", "statusTimestamp": 5}}
STATE = {"assetPositions": [{"type": "oneWay", "position": {"coin": "BTC", "szi": "-4.5"}}], "time": 1790360864964}
LIMIT = {"cumVlm": "2854.5", "nRequestsUsed": 36589831368, "nRequestsCap": 12_854, "nRequestsSurplus": 0}
QUERIES: list[Query] = [
    *(AskOrder(1, 5), AskOpenOrders(1), AskFills(1, 0, 9), AskPosition(1, "BTC"), AskRateLimit(1)),
    AskInfo(1, b'{"type":"meta"}'),
]


def told(query: Query, answer: Any) -> Any:
    return read(query, json.dumps(answer).encode(), ASSETS, 77)[0]


def test_order_status() -> None:
    filled = OrderRow("BTC", "A", "84116.0", "0.08332", "0.1", 392632977179, "0x" + "ab" * 16, "filled", 5)
    assert told(AskOrder(3, 5), STATUS) == OrderReply(3, filled)
    assert told(AskOrder(3, 5), {"status": "unknownOid"}) == OrderReply(3, None)


def test_open_orders() -> None:
    bare = {name: value for name, value in ORDER.items() if name != "cloid"} | {"reduceOnly": True}
    reply = told(AskOpenOrders(2), [ORDER, bare])
    assert reply.rows[0] == ROW
    assert reply.rows[1].cloid is None and reply.rows[1].reduce_only
    assert told(AskOpenOrders(2), []) == OpenOrdersReply(2, ())


def test_fills_are_counted_and_a_full_page_says_so() -> None:
    rows = [{"time": n} for n in range(PAGE)]
    reply = told(AskFills(4, 0, 9_999), rows)
    assert (reply.rows, reply.last_ms, reply.full) == (PAGE, PAGE - 1, True)
    body = json.dumps(rows[:5]).encode()
    assert read(AskFills(4, 0, 9), body, ASSETS, 0) == (FillsReply(4, body, 5, 4, False), 5)
    assert told(AskFills(4, 123, 9_999), []) == FillsReply(4, b"[]", 0, 123, False)


def test_positions_of_perps_and_spot() -> None:
    assert told(AskPosition(5, "BTC"), STATE) == PositionReply(5, "BTC", "-4.5", 1790360864964)
    assert told(AskPosition(5, "ETH"), STATE) == PositionReply(5, "ETH", "0", 1790360864964)
    balances = {"balances": [{"coin": "PURR", "token": 1, "total": "12.0000000001", "hold": "0", "entryNtl": "0"}]}
    assert told(AskPosition(5, "PURR/USDC"), balances) == PositionReply(5, "PURR/USDC", "12.0000000001", 77)
    assert told(AskPosition(5, "PURR/USDC"), {"balances": []}).szi == "0"


def test_the_rest() -> None:
    assert told(AskRateLimit(6), LIMIT) == RateLimitReply(6, 36589831368, 12_854, 0, "2854.5")
    assert told(AskInfo(7, b""), {"any": 1}) == InfoReply(7, b'{"any": 1}')
    assert read(AskInfo(7, b""), b"[1,2,3]", ASSETS, 0)[1] == 3


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        *((AskOrder(1, 5), None), (AskOrder(1, 5), {}), (AskOrder(1, 5), {"status": "order"}), (AskOrder(1, 5), [])),
        *((AskOpenOrders(1), None), (AskOpenOrders(1), {}), (AskOpenOrders(1), [None]), (AskFills(1, 0, 9), None)),
        *((AskFills(1, 0, 9), [{}]), (AskFills(1, 0, 9), [{"time": "5"}]), (AskFills(1, 0, 9), [{"time": True}])),
        *((AskPosition(1, "BTC"), None), (AskPosition(1, "BTC"), {"assetPositions": []}), (AskRateLimit(1), {})),
        (AskPosition(1, "BTC"), {"assetPositions": [{"position": {"coin": "BTC", "szi": 4.5}}], "time": 1}),
        *((AskOpenOrders(1), [{**ORDER, name: bad}]) for name, bad in [("oid", 1.5), ("sz", None), ("cloid", 7)]),
    ],
)
def test_what_is_missing_or_of_a_wrong_kind_is_no_answer(query: Query, answer: Any) -> None:
    with pytest.raises(Unreadable) as caught:
        told(query, answer)
    assert caught.value.field and caught.value.reason


@given(st.sampled_from(QUERIES), st.one_of(st.binary(), st.text().map(str.encode)))
def test_any_bytes_are_read_or_refused(query: Query, body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        read(query, body, ASSETS, 0)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"time":NaN}', b'{"time":' + b"9" * 5_000 + b"}", b"\xff"])
def test_hostile_bodies_are_refused(body: bytes) -> None:
    for query in QUERIES[:-1]:
        with pytest.raises(Unreadable):
            read(query, body, ASSETS, 0)


def test_an_order_elsewhere_that_cannot_be_read_spoils_nothing() -> None:
    strange = {"coin": "#1230", "side": "?", "oid": 5}
    assert [row.oid for row in told(AskOpenOrders(2), [strange, ORDER]).rows] == [ORDER["oid"]]
    with pytest.raises(Unreadable):
        told(AskOpenOrders(2), [{**strange, "coin": "ETH"}, ORDER])


def test_a_fill_without_a_time_is_left_to_the_engine() -> None:
    assert told(AskFills(4, 0, 9), [{"time": 3}, {"tid": 1}]).last_ms == 3


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (AskOrder(1, 5), {"type": "orderStatus", "user": ACCOUNT, "oid": 5}),
        (AskOrder(1, "0x1"), {"type": "orderStatus", "user": ACCOUNT, "oid": "0x1"}),
        (AskOpenOrders(1), {"type": "openOrders", "user": ACCOUNT}),
        (AskOpenOrders(1, "xyz"), {"type": "openOrders", "user": ACCOUNT, "dex": "xyz"}),
        (AskFills(1, 3, 9), {"type": "userFillsByTime", "user": ACCOUNT, "startTime": 3, "endTime": 9}),
        (AskPosition(1, "BTC"), {"type": "clearinghouseState", "user": ACCOUNT}),
        (AskPosition(1, "PURR/USDC"), {"type": "spotClearinghouseState", "user": ACCOUNT}),
        (AskPosition(1, "gone:TSLA"), {"type": "clearinghouseState", "user": ACCOUNT, "dex": "gone"}),
        (AskRateLimit(1), {"type": "userRateLimit", "user": ACCOUNT}),
    ],
)
def test_how_it_is_asked(query: Query, body: dict[str, object]) -> None:
    question = ask(query, ACCOUNT, ASSETS)
    assert json.loads(question.body) == body and question.type == body["type"]
    assert question.need is (Need.ORDINARY if isinstance(query, AskRateLimit) else Need.STATUS)


def test_a_position_on_a_dex_that_is_not_traded_on_is_read_all_the_same() -> None:  # X18: else the gate never opens
    state = {"assetPositions": [{"position": {"coin": "gone:TSLA", "szi": "-2.0"}}], "time": 5}
    reply, _ = read(AskPosition(1, "gone:TSLA"), json.dumps(state).encode(), ASSETS, 9)
    assert reply == PositionReply(1, "gone:TSLA", "-2.0", 5)


def test_a_question_of_ones_own_has_a_type() -> None:
    assert ask(AskInfo(1, b'{"type":"candleSnapshot","req":{}}'), ACCOUNT, ASSETS).type == "candleSnapshot"
    for body in (b"", b"[]", b"{}", b'{"type":5}', b"\xff"):
        with pytest.raises(BadInput):
            ask(AskInfo(1, body), ACCOUNT, ASSETS)
    with pytest.raises(BadInput):
        ask(AskPosition(1, "DOGE"), ACCOUNT, ASSETS)
