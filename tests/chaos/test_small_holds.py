"""What holds in the small venue whatever is done to it, and whatever bytes it is given."""

import json
from collections import Counter, defaultdict
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.desk import ALO, GTC, IOC, ME, OTHER, SIM, Desk, order

USERS = (ME, OTHER)


def trade_at_random(desk: Desk, dice: Random, steps: int) -> None:
    for _ in range(steps):
        who = dice.choice(USERS)
        mine = [row["oid"] for row in desk.ask({"type": "openOrders", "user": who})]
        px = f"{dice.randint(410, 414) / 10:.1f}"
        new = order(
            dice.choice("BA"), px, str(dice.randint(1, 30) / 10), dice.choice((ALO, GTC, IOC)), r=dice.random() < 0.1
        )
        what = dice.randrange(6) if mine else 0
        if what <= 2:
            desk.orders(new, who=who)
        elif what == 3:
            desk.do({"type": "cancel", "cancels": [{"a": SIM, "o": dice.choice(mine)}]}, who)
        else:
            desk.do({"type": "batchModify", "modifies": [{"oid": dice.choice(mine), "order": new}]}, who)
        (bid, ask) = desk.venue.answers.bbo(desk.venue.desk.by_coin["SIM"], 0)["bbo"]
        assert not (bid and ask) or Decimal(bid["px"]) < Decimal(ask["px"])


@pytest.mark.parametrize("seed", range(20))
def test_coins_and_cash_are_conserved_and_every_fill_has_its_twin(seed: int) -> None:
    desk = Desk()
    trade_at_random(desk, Random(seed), 150)
    states = [desk.ask({"type": "clearinghouseState", "user": user}) for user in USERS]
    fills = {user: desk.ask({"type": "userFillsByTime", "user": user, "startTime": 0}) for user in USERS}
    assert any(fills.values())
    fees = sum(Decimal(row["fee"]) for rows in fills.values() for row in rows)
    assert sum(Decimal(state["marginSummary"]["totalRawUsd"]) for state in states) + fees == 2_000_000
    tids = Counter(row["tid"] for rows in fills.values() for row in rows)
    assert set(tids.values()) == {2}
    held = defaultdict(Decimal)  # type: ignore[var-annotated]
    for user, rows in fills.items():
        for row in rows:
            assert Decimal(row["startPosition"]) == held[user]
            held[user] += Decimal(row["sz"]) if row["side"] == "B" else -Decimal(row["sz"])
    assert sum(held.values()) == 0
    told = [state["assetPositions"] for state in states]
    szi = [Decimal(rows[0]["position"]["szi"]) if rows else Decimal() for rows in told]
    assert szi == [held[user] for user in USERS]


@pytest.mark.parametrize("seed", range(5))
def test_executed_is_what_the_fills_sum_up_to(seed: int) -> None:
    desk = Desk()
    trade_at_random(desk, Random(seed), 150)
    for user in USERS:
        executed: dict[int, Decimal] = defaultdict(Decimal)
        for row in desk.ask({"type": "userFillsByTime", "user": user, "startTime": 0}):
            executed[row["oid"]] += Decimal(row["sz"])
        for row in desk.ask({"type": "historicalOrders", "user": user}):
            words = row["order"]
            if row["status"] == "filled" and not words["reduceOnly"]:
                assert executed[words["oid"]] == Decimal(words["origSz"])
            if row["status"] == "canceled" and not words["reduceOnly"]:
                assert executed[words["oid"]] == Decimal(words["origSz"]) - Decimal(words["sz"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
ACTION = {
    "order": {"type": "order", "orders": [order("B", "41.2", "1")], "grouping": "na"},
    "cancel": {"type": "cancel", "cancels": [{"a": SIM, "o": 1}]},
    "cancelByCloid": {"type": "cancelByCloid", "cancels": [{"asset": SIM, "cloid": "0x"}]},
    "batchModify": {"type": "batchModify", "modifies": [{"oid": 1, "order": order("B", "41.2", "1")}]},
    "modify": {"type": "modify", "oid": 1, "order": order("B", "41.2", "1")},
    "scheduleCancel": {"type": "scheduleCancel", "time": 5},
    "updateLeverage": {"type": "updateLeverage", "asset": SIM, "isCross": True, "leverage": 5},
}


def paths(value: Any, head: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [head, *(path for key, item in items for path in paths(item, (*head, key)))]


@st.composite
def bent(draw: st.DrawFn, value: Any) -> Any:
    """A sound value with something else in one place."""
    value = json.loads(json.dumps(value))
    path = draw(st.sampled_from([path for path in paths(value) if path]))
    where = value
    for key in path[:-1]:
        where = where[key]
    where[path[-1]] = draw(JSON)
    return value


@given(data=st.data(), kind=st.sampled_from(sorted(ACTION)))
def test_an_action_that_is_bent_is_answered_and_changes_only_what_it_may(data: st.DataObject, kind: str) -> None:
    desk = Desk()
    envelope = data.draw(bent(desk.envelope(ACTION[kind])))
    status, reply = desk.raw(json.dumps(envelope).encode())
    assert status in (200, 422)
    if status == 200:
        assert reply["status"] in ("ok", "err")
    assert len(desk.ask({"type": "openOrders", "user": ME})) <= 1


@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_answered(body: bytes) -> None:
    desk = Desk()
    assert desk.raw(body)[0] in (200, 422)
    ticket = desk.venue.info(body)
    (reply,) = [out for out in desk.step(0) if out[0] == "reply" and out[1] == ticket]
    assert reply[2] in (200, 422)
    socket = desk.socket()
    desk.say(socket, body)
    assert [frame["channel"] for frame in desk.heard(socket)] in ([], ["error"], ["pong"])


@given(data=st.data())
def test_a_message_that_is_bent_is_answered(data: st.DataObject) -> None:
    desk = Desk()
    socket = desk.socket()
    sound: list[Any] = [
        {"method": "subscribe", "subscription": {"type": "l2Book", "coin": "SIM", "nSigFigs": 5}},
        {"method": "unsubscribe", "subscription": {"type": "userFills", "user": ME}},
        {
            "method": "post",
            "id": 1,
            "request": {"type": "info", "payload": {"type": "orderStatus", "user": ME, "oid": 1}},
        },
        {"method": "post", "id": 2, "request": {"type": "action", "payload": desk.envelope(ACTION["order"])}},
    ]
    desk.say(socket, data.draw(bent(data.draw(st.sampled_from(sound)))))
    desk.step()
    assert desk.heard(socket) or desk.closed
