"""The small venue: its words, what each does to the book, and what the streams tell."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.chaos.desk import AGENT, ALO, BTC, GTC, IOC, MATIC, ME, NEVER, OTHER, SIM, START, STRANGER, Desk, order

CLOID = "0x1234567890abcdef1234567890abcdef"
NOT_LIVE = "Order was never placed, already canceled, or filled."


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- orders -----------------------------------------------------------------------------------------


def test_an_order_rests_with_its_cloid(desk: Desk) -> None:
    (status,) = desk.orders(order("B", "41.2", "1", c=CLOID))
    assert status == {"resting": {"oid": 400_000_000_000, "cloid": CLOID}}


def test_gtc_fills_in_part_and_rests(desk: Desk) -> None:
    desk.rest("A", "41.2", "0.3", who=OTHER)
    (status,) = desk.orders(order("B", "41.3", "1", GTC))
    assert status["filled"] == {"totalSz": "0.3", "avgPx": "41.2", "oid": 400_000_000_001}
    (row,) = desk.ask({"type": "openOrders", "user": ME})
    assert (row["sz"], row["origSz"]) == ("0.7", "1.0")


def test_ioc_loses_its_rest_and_says_nothing_of_it(desk: Desk) -> None:
    desk.rest("A", "41.2", "0.3", who=OTHER)
    assert desk.orders(order("B", "41.3", "1", IOC))[0]["filled"]["totalSz"] == "0.3"
    assert desk.ask({"type": "openOrders", "user": ME}) == []


def test_price_first_then_time(desk: Desk) -> None:
    late, early = [desk.rest("B", "41.2", "1", who=who) for who in (OTHER, ME)]
    best = desk.rest("B", "41.201", "1")
    desk.do({"type": "order", "orders": [order("A", "41.2", "0.5", IOC)], "grouping": "na"}, OTHER)
    open_ = {row["oid"]: row["sz"] for who in (ME, OTHER) for row in desk.ask({"type": "openOrders", "user": who})}
    assert open_ == {best: "0.5", late: "1.0", early: "1.0"}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("41.2001", "1"), "Price must be divisible by tick size."),
        (("41.20001", "1"), "Price must be divisible by tick size."),
        (("41.2", "0"), "Order has zero size."),
        (("41.2", "0.001"), "Order has invalid size."),
        (("0", "1"), "Order has invalid price."),
        (("-1", "1"), "Price must be divisible by tick size."),
        (("nan", "1"), "Price must be divisible by tick size."),
        (("41.2", "0.2"), "Order must have minimum value of $10."),
        (("1.2", "90"), "Order price cannot be more than 95% away from the reference price"),
        (("41.2", "99999999"), "Insufficient margin to place order."),
    ],
)
def test_what_is_refused_says_why(desk: Desk, words: tuple[str, str], text: str) -> None:
    assert desk.orders(order("B", *words)) == [{"error": f"{text} asset={SIM}"}]
    assert desk.ask({"type": "openOrders", "user": ME}) == []


def test_post_only_that_would_match_tells_the_book(desk: Desk) -> None:
    desk.rest("B", "41.1", "1", who=OTHER)
    desk.rest("A", "41.2", "1", who=OTHER)
    (status,) = desk.orders(order("B", "41.2", "1"))
    assert status == {"error": f"Post only order would have immediately matched, bbo was 41.1@41.2. asset={SIM}"}


def test_a_delisted_coin_keeps_its_number_and_takes_no_order(desk: Desk) -> None:
    assert desk.ask({"type": "meta"})["universe"][MATIC]["isDelisted"] is True
    assert "error" in desk.orders(order("B", "0.375", "100", a=MATIC))[0]
    assert "invalid asset" in desk.orders(order("B", "1", "100", a=10_000))[0]["error"]


def test_own_orders_do_not_trade_with_each_other(desk: Desk) -> None:
    oid = desk.rest("A", "41.2", "1")
    assert "resting" in desk.orders(order("B", "41.2", "1", GTC))[0]
    assert desk.ask({"type": "orderStatus", "user": ME, "oid": oid})["order"]["status"] == "selfTradeCanceled"
    assert desk.ask({"type": "userFills", "user": ME}) == []


def test_reduce_only_is_capped_at_the_position(desk: Desk) -> None:
    assert "Reduce only order" in desk.orders(order("A", "41.2", "1", r=True))[0]["error"]
    desk.rest("A", "41.2", "0.3", who=OTHER)
    desk.orders(order("B", "41.2", "0.3", IOC))
    desk.rest("B", "41.1", "1", who=OTHER)
    (status,) = desk.orders(order("A", "41.1", "1", IOC, r=True))
    assert status["filled"]["totalSz"] == "0.3"
    assert desk.ask({"type": "clearinghouseState", "user": ME})["assetPositions"] == []


def test_fills_chain_and_cash_is_conserved(desk: Desk) -> None:
    for side, px, sz in (("A", "41.2", "1"), ("A", "41.3", "1"), ("B", "41.1", "3")):
        desk.rest(side, px, sz, who=OTHER)
    desk.orders(order("B", "41.3", "1.5", IOC))
    desk.orders(order("A", "41.1", "2.5", IOC))
    rows = desk.ask({"type": "userFillsByTime", "user": ME, "startTime": 0})
    assert [(row["startPosition"], row["sz"], row["dir"]) for row in rows] == [
        ("0.0", "1.0", "Open Long"),
        ("1.0", "0.5", "Open Long"),
        ("1.5", "2.5", "Long > Short"),
    ]
    theirs = desk.ask({"type": "userFillsByTime", "user": OTHER, "startTime": 0})
    assert [row["tid"] for row in rows] == [row["tid"] for row in theirs]
    assert rows[2]["closedPnl"] == "-0.2"  # 1.5 × 41.1 − (41.2 + 0.5 × 41.3)
    cash = [desk.ask({"type": "clearinghouseState", "user": u})["marginSummary"]["totalRawUsd"] for u in (ME, OTHER)]
    paid = sum(Decimal(row["fee"]) for row in rows + theirs)
    assert sum(Decimal(text) for text in cash) + paid == 2_000_000


# --- cancels and modifies ---------------------------------------------------------------------------


def test_a_batch_of_cancels_answers_one_by_one(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    cancels = [{"a": SIM, "o": oid}, {"a": SIM, "o": oid}, {"a": BTC, "o": 1}]
    reply = desk.do({"type": "cancel", "cancels": cancels})
    statuses = ["success", {"error": f"{NOT_LIVE} asset={SIM}"}, {"error": f"{NOT_LIVE} asset={BTC}"}]
    assert reply["response"] == {"type": "cancel", "data": {"statuses": statuses}}


def test_cancel_by_cloid_and_by_a_wrong_asset(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1", c=CLOID)
    wrong = desk.do({"type": "cancel", "cancels": [{"a": BTC, "o": oid}]})
    assert "error" in wrong["response"]["data"]["statuses"][0]
    reply = desk.do({"type": "cancelByCloid", "cancels": [{"asset": SIM, "cloid": CLOID}]})
    assert reply["response"]["data"]["statuses"] == ["success"]


def test_nobody_cancels_anothers_order(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    reply = desk.do({"type": "cancel", "cancels": [{"a": SIM, "o": oid}]}, OTHER)
    assert "error" in reply["response"]["data"]["statuses"][0]


def test_modify_makes_a_new_oid_and_tells_open_before_canceled(desk: Desk) -> None:
    socket = desk.socket({"type": "orderUpdates", "user": ME})
    old = desk.rest("B", "41.2", "1", c=CLOID)
    desk.heard(socket)
    new = desk.modify(CLOID, order("B", "41.1", "2", c=CLOID))["resting"]["oid"]
    (rows,) = desk.heard(socket, "orderUpdates")
    told = [(row["order"]["oid"], row["status"], row["order"]["sz"]) for row in rows]
    assert told == [(new, "open", "2.0"), (old, "canceled", "1.0")]


def test_modify_of_what_is_gone(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    desk.do({"type": "cancel", "cancels": [{"a": SIM, "o": oid}]})
    assert desk.modify(oid, order("B", "41.1", "1")) == {"error": "Cannot modify canceled or filled order"}
    reply = desk.do({"type": "modify", "oid": oid, "order": order("B", "41.1", "1")})
    assert reply == {"status": "err", "response": "Cannot modify canceled or filled order"}


def test_modify_that_would_match_leaves_neither(desk: Desk) -> None:
    desk.rest("A", "41.2", "1", who=OTHER)
    oid = desk.rest("B", "41.1", "1")
    for tif in (ALO, GTC):  # GTC is turned into ALO (protocol 3.5)
        status = desk.modify(oid, order("B", "41.2", "1", tif))
        assert status["error"].startswith(
            "Error placing new order during modify: Post only order would have immediately"
        )
        assert desk.ask({"type": "openOrders", "user": ME}) == []
        oid = desk.rest("B", "41.1", "1")


@pytest.mark.parametrize(
    ("new", "text"),
    [
        (order("B", "41.1", "1", IOC), "Attempted to modify to invalid new order"),
        (order("B", "1.1", "99"), "Order price cannot be more than 95% away from the reference price"),
        (order("B", "41.10001", "1"), "Price must be divisible by tick size."),
    ],
)
def test_modify_that_is_refused_beforehand_changes_nothing(desk: Desk, new: dict[str, Any], text: str) -> None:
    oid = desk.rest("B", "41.2", "1")
    assert desk.modify(oid, new)["error"].startswith(text)
    assert [row["oid"] for row in desk.ask({"type": "openOrders", "user": ME})] == [oid]


def test_modify_answers_default(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    reply = desk.do({"type": "modify", "oid": oid, "order": order("B", "41.1", "1")})
    assert reply == {"status": "ok", "response": {"type": "default"}}


# --- signers, nonces, time --------------------------------------------------------------------------


def test_an_agent_acts_for_its_account(desk: Desk) -> None:
    desk.do({"type": "order", "orders": [order("B", "41.2", "1")], "grouping": "na"}, AGENT)
    assert len(desk.ask({"type": "openOrders", "user": ME})) == 1
    assert desk.ask({"type": "openOrders", "user": AGENT}) == []  # an agent has nothing of its own
    assert desk.ask({"type": "userRole", "user": AGENT}) == {"role": "agent", "data": {"user": ME}}


def test_a_stranger_is_named_and_a_broken_signature_is_not(desk: Desk) -> None:
    assert desk.do({"type": "noop"}, STRANGER)["response"] == f"User or API Wallet {STRANGER} does not exist."
    assert desk.do({"type": "noop"}, "")["response"] == "Unable to recover signer."
    vault = desk.do({"type": "noop"}, vaultAddress=OTHER)
    assert vault["response"] == f"Vault not registered: {OTHER}"


def test_a_nonce_executes_once_and_the_hundred_highest_are_kept(desk: Desk) -> None:
    noop = desk.envelope({"type": "noop"})
    body = json.dumps(noop).encode()
    assert desk.raw(body)[1]["status"] == "ok"
    assert desk.raw(body)[1]["response"] == f"Invalid nonce: duplicate nonce {noop['nonce']}"
    for _ in range(100):
        desk.do({"type": "noop"})
    assert desk.raw(body)[1]["response"].startswith("Invalid nonce")
    for nonce in (START - 3 * 86_400_000, START + 3 * 86_400_000):
        late = json.dumps({**noop, "nonce": nonce}).encode()
        assert desk.raw(late)[1]["response"].startswith("Invalid nonce")


def test_a_noop_voids_what_comes_after_it_under_its_nonce(desk: Desk) -> None:
    placing = desk.envelope({"type": "order", "orders": [order("B", "41.2", "1")], "grouping": "na"})
    fence = {**placing, "action": {"type": "noop"}}
    assert desk.raw(json.dumps(fence).encode())[1]["status"] == "ok"
    assert desk.raw(json.dumps(placing).encode())[1]["response"].startswith("Invalid nonce: duplicate")
    assert desk.ask({"type": "openOrders", "user": ME}) == []


def test_what_expired_is_not_executed(desk: Desk) -> None:
    action = {"type": "order", "orders": [order("B", "41.2", "1")], "grouping": "na"}
    assert desk.do(action, expiresAfter=START - 1)["response"] == "Action already expired"
    assert desk.do(action, expiresAfter=NEVER)["status"] == "ok"


def test_more_than_two_hundred_items_are_refused_whole(desk: Desk) -> None:
    reply = desk.do({"type": "cancel", "cancels": [{"a": SIM, "o": 1}] * 201})
    assert reply == {"status": "err", "response": "Signed action over weight limit of 200."}


def test_the_address_budget_ends_and_cancels_have_more(desk: Desk) -> None:
    desk.venue.desk.clients[ME].requests = 10_000
    placing = desk.do({"type": "order", "orders": [order("B", "41.2", "1")], "grouping": "na"})
    assert placing["response"].startswith(
        "Too many cumulative requests sent (10001 > 10000) for cumulative volume traded"
    )
    assert desk.do({"type": "cancel", "cancels": [{"a": SIM, "o": 1}]})["status"] == "ok"


def test_in_a_block_posts_come_first_then_cancels_then_takers(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    taker = desk.envelope({"type": "order", "orders": [order("A", "41.2", "1", IOC)], "grouping": "na"}, OTHER)
    cancel = desk.envelope({"type": "cancel", "cancels": [{"a": SIM, "o": oid}]})
    for one in (taker, cancel):
        desk.venue.exchange(json.dumps(one).encode())
    replies = [json.loads(out[4]) for out in desk.step() if out[0] == "reply"]
    assert [reply["response"]["data"]["statuses"] for reply in replies] == [
        ["success"],
        [{"error": f"Order could not immediately match against any resting orders. asset={SIM}"}],
    ]


def test_schedule_cancel_has_its_gate_and_fires(desk: Desk) -> None:
    refused = desk.do({"type": "scheduleCancel"})["response"]
    assert refused == ("Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $0.0.")
    for _ in range(2):
        desk.rest("A", "83757", "6", who=OTHER, a=BTC)
        desk.orders(order("B", "83757", "6", IOC, a=BTC))
    assert desk.do({"type": "scheduleCancel", "time": desk.venue.now_ms + 1_000})["status"] == "err"
    assert desk.do({"type": "scheduleCancel", "time": desk.venue.now_ms + 6_000})["status"] == "ok"
    oid = desk.rest("B", "41.2", "1")
    desk.step(7_000)
    status = desk.ask({"type": "orderStatus", "user": ME, "oid": oid})
    assert status["order"]["status"] == "scheduledCancel"


def test_leverage_has_its_limits(desk: Desk) -> None:
    def change(asset: int, leverage: int, is_cross: bool) -> Any:
        words = {"type": "updateLeverage", "asset": asset, "isCross": is_cross, "leverage": leverage}
        return desk.do(words)["response"]

    assert change(SIM, 11, True) == "Invalid leverage value"
    assert change(SIM, 0, True) == "Invalid leverage value"
    assert change(SIM, 5, True) == {"type": "default"}
    assert desk.ask({"type": "activeAssetData", "user": ME, "coin": "SIM"})["leverage"] == {"type": "cross", "value": 5}
    desk.rest("A", "41.2", "1", who=OTHER)
    desk.orders(order("B", "41.2", "1", IOC))
    assert change(SIM, 5, False) == "Cannot switch leverage type with open position."


def test_an_agent_is_approved_and_replaces_the_unnamed_one(desk: Desk) -> None:
    action = {"type": "approveAgent", "signatureChainId": "0x66eee", "agentAddress": STRANGER, "agentName": ""}
    assert desk.do(action, AGENT)["response"].startswith("Must deposit before performing actions.")
    assert desk.do(action)["status"] == "ok"
    assert desk.do({"type": "noop"}, STRANGER)["status"] == "ok"
    assert desk.do({"type": "noop"}, AGENT)["response"].endswith("does not exist.")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"action":{"type":"order"}}',
        b'{"action":{"type":"nonsense"},"nonce":1,"signature":{}}',
        b'{"action":{"type":"noop"},"nonce":"1","signature":{}}',
        b'{"action":{"type":"order","orders":[{"a":0}]},"nonce":1,"signature":{"r":"x"}}',
        b'{"action":{"type":"cancel","cancels":[{"a":0,"o":"x"}]},"nonce":1,"signature":{"r":"x"}}',
        b'{"action":{"type":"batchModify","modifies":[{"oid":null,"order":{}}]},"nonce":1,"signature":{"r":"x"}}',
    ],
)
def test_malformed_is_422(desk: Desk, body: bytes) -> None:
    assert desk.raw(body) == (422, b"Failed to deserialize the JSON body into the target type")


@pytest.mark.parametrize("request_", [None, [], {}, {"type": "nonsense"}, {"type": "openOrders"}, {"type": 7}])
def test_a_read_that_is_malformed_is_422(desk: Desk, request_: Any) -> None:
    assert desk.ask(request_) == 422


# --- reads ------------------------------------------------------------------------------------------


def test_order_status_by_oid_and_cloid_and_of_nobody(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1", c=CLOID)
    by_oid, by_cloid = [desk.ask({"type": "orderStatus", "user": ME, "oid": key}) for key in (oid, CLOID)]
    assert by_oid == by_cloid
    assert by_oid["order"]["order"]["cloid"] == CLOID
    assert desk.ask({"type": "orderStatus", "user": OTHER, "oid": oid}) == {"status": "unknownOid"}


def test_order_status_forgets_after_two_thousand_records(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    desk.do({"type": "cancel", "cancels": [{"a": SIM, "o": oid}]})
    for _ in range(10):
        desk.orders(*[order("B", "41.1", "1") for _ in range(200)])
    assert desk.ask({"type": "orderStatus", "user": ME, "oid": oid}) == {"status": "unknownOid"}


def test_a_page_of_fills_has_two_thousand_rows_oldest_first(desk: Desk) -> None:
    for _ in range(11):
        desk.orders(*[order("A", "41.2", "0.3") for _ in range(200)], who=OTHER)
        desk.orders(order("B", "41.2", "60", IOC))
    page = desk.ask({"type": "userFillsByTime", "user": ME, "startTime": 0})
    assert len(page) == 2_000
    assert page[0]["startPosition"] == "0.0"
    rest = desk.ask({"type": "userFillsByTime", "user": ME, "startTime": page[-1]["time"]})
    keys = {(row["tid"], row["oid"]) for row in page + rest}
    assert len(keys) == 2_200
    newest = desk.ask({"type": "userFills", "user": ME})
    assert len(newest) == 2_000
    assert newest[0]["time"] >= newest[-1]["time"]


def test_historical_orders_has_a_row_a_status_newest_first(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    desk.do({"type": "cancel", "cancels": [{"a": SIM, "o": oid}]})
    rows = desk.ask({"type": "historicalOrders", "user": ME})
    assert [(row["status"], row["order"]["sz"]) for row in rows] == [("canceled", "1.0"), ("open", "1.0")]


# --- streams ----------------------------------------------------------------------------------------


def test_acknowledgements_are_normalised(desk: Desk) -> None:
    socket = desk.socket(
        {"type": "userFills", "user": ME.upper().replace("0X", "0x")}, {"type": "l2Book", "coin": "SIM"}
    )
    acks = [data["subscription"] for data in desk.heard(socket, "subscriptionResponse")]
    assert acks == [
        {"type": "userFills", "user": ME, "aggregateByTime": False},
        {"type": "l2Book", "coin": "SIM", "nSigFigs": None, "mantissa": None},
    ]


def test_errors_of_a_socket_are_told_in_its_words(desk: Desk) -> None:
    socket = desk.socket({"type": "bbo", "coin": "SIM"}, {"type": "bbo", "coin": "SIM"}, {"type": "noSuchType"})
    desk.say(socket, {"method": "unsubscribe", "subscription": {"type": "trades", "coin": "ETH"}})
    desk.say(socket, b"garbage \xff")
    errors = desk.heard(socket, "error")
    assert errors[0] == 'Already subscribed: {"type":"bbo","coin":"SIM"}'
    assert errors[1].startswith("Error parsing JSON into valid websocket request: {")
    assert errors[2] == 'Already unsubscribed: {"type":"trades","coin":"ETH"}'
    assert errors[3].startswith("Error parsing JSON into valid websocket request: garbage")


def test_an_unknown_coin_closes_the_socket_without_a_word(desk: Desk) -> None:
    socket = desk.socket({"type": "bbo", "coin": "NOPE"})
    assert desk.closed == {socket: 1006}
    desk.say(socket, {"method": "ping"})
    assert desk.heard(socket) == []


def test_more_than_ten_users_are_refused(desk: Desk) -> None:
    socket = desk.socket(*[{"type": "userFills", "user": f"0x{number:040x}"} for number in range(11)])
    assert desk.heard(socket, "error") == ["Cannot track more than 10 total users."]


def test_fills_snapshot_and_order_updates_do_not(desk: Desk) -> None:
    desk.rest("A", "41.2", "1", who=OTHER)
    desk.orders(order("B", "41.2", "1", IOC))
    socket = desk.socket({"type": "userFills", "user": ME}, {"type": "orderUpdates", "user": ME})
    frames = desk.heard(socket)
    assert [frame["channel"] for frame in frames] == ["subscriptionResponse", "userFills", "subscriptionResponse"]
    assert frames[1]["data"]["isSnapshot"] is True
    assert len(frames[1]["data"]["fills"]) == 1


def test_a_fill_is_pushed_and_a_part_fill_makes_no_update(desk: Desk) -> None:
    desk.rest("A", "41.2", "1", who=OTHER)
    socket = desk.socket({"type": "userFills", "user": OTHER}, {"type": "orderUpdates", "user": OTHER})
    desk.heard(socket)
    desk.orders(order("B", "41.2", "0.5", IOC))
    frames = desk.heard(socket)
    assert [frame["channel"] for frame in frames] == ["userFills"]
    assert "isSnapshot" not in frames[0]["data"]


def test_trades_replay_the_last_thirty(desk: Desk) -> None:
    for _ in range(35):
        desk.rest("A", "41.2", "0.3", who=OTHER)
        desk.orders(order("B", "41.2", "0.3", IOC))
    socket = desk.socket({"type": "trades", "coin": "SIM"})
    (rows,) = desk.heard(socket, "trades")
    assert len(rows) == 30
    assert rows[0]["users"] == [ME, OTHER]


def test_bbo_speaks_when_the_best_changes_and_l2book_has_its_cadence(desk: Desk) -> None:
    socket = desk.socket({"type": "bbo", "coin": "SIM"}, {"type": "l2Book", "coin": "SIM", "fast": True})
    first = desk.heard(socket)
    assert first[1]["data"]["bbo"] == [None, None]
    desk.rest("B", "41.2", "1")
    assert [data["bbo"][0] for data in desk.heard(socket, "bbo")] == [{"px": "41.2", "sz": "1.0", "n": 1}]
    desk.step(600)
    (book,) = desk.heard(socket, "l2Book")
    assert book["fast"] is True
    assert book["levels"] == [[{"px": "41.2", "sz": "1.0", "n": 1}], []]


def test_a_post_answers_info_and_action(desk: Desk) -> None:
    socket = desk.socket()
    desk.say(socket, {"method": "post", "id": 1, "request": {"type": "info", "payload": {"type": "allMids"}}})
    placing = desk.envelope({"type": "order", "orders": [order("B", "41.2", "1")], "grouping": "na"})
    desk.say(socket, {"method": "post", "id": 2, "request": {"type": "action", "payload": placing}})
    desk.say(socket, {"method": "post", "id": 3, "request": {"type": "info", "payload": {"type": "nope"}}})
    desk.step()
    replies = {data["id"]: data["response"] for data in desk.heard(socket, "post")}
    assert replies[1]["payload"]["data"]["SIM"] == "41.236"
    assert replies[2]["payload"]["response"]["data"]["statuses"][0]["resting"]
    assert replies[3]["type"] == "error"


def test_ping_is_answered_and_a_socket_that_hears_nothing_for_a_minute_is_closed(desk: Desk) -> None:
    socket = desk.socket()
    desk.say(socket, {"method": "ping"})
    assert desk.heard(socket) == [{"channel": "pong"}]
    desk.step(59_000)
    assert not desk.closed
    desk.step(2_000)
    assert desk.closed == {socket: 1000}


def test_the_house_quotes_and_quotes_again() -> None:
    desk = Desk(house=True)
    book = desk.ask({"type": "l2Book", "coin": "SIM"})
    assert [len(side) for side in book["levels"]] == [3, 3]
    desk.orders(order("B", book["levels"][1][0]["px"], "100", IOC))
    assert desk.ask({"type": "userFills", "user": ME})
    assert [len(side) for side in desk.ask({"type": "l2Book", "coin": "SIM"})["levels"]] == [3, 3]
