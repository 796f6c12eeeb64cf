"""Whatever bytes the venue is given, it answers, and its books and its money still add up."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.desk import COIN, ME, SIM, Desk, order

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
    desk.venue.check()


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
        {"method": "subscribe", "subscription": {"type": "l2Book", "coin": COIN, "nSigFigs": 5}},
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
    desk.venue.check()
