"""The venue's words, told to the engine: each status moves an order where it should, and no text settles one."""

import re

import pytest

from mm import Engine, OrderState, Tif
from mm import _core as core
from tests.conftest import ROOT

CLOID, OID = "0x6d6d0001000000000000000000000001", 7
WORDS = re.findall(r'\bword\(\s*"(\w+)"', (ROOT / "rust/mm-wire/src/words.rs").read_text(encoding="utf-8"))
INVENTED = ["martianCanceled", "moonPhaseCancel", "gravityRejected", "quantumCollapsed", "", "OPEN", "order", "Filled"]
BEFORE = {"pending": OrderState.Pending, "resting": OrderState.Resting}
OPEN, UNKNOWN = {"open", "triggered"}, {"quantumCollapsed", "", "OPEN", "order", "Filled"}


def engine(resting: bool) -> Engine:
    made = Engine()
    made.add_pending_with_cloid(CLOID, "BTC", "B", "100", "1", Tif.GTC)
    if resting:
        made.finalize_pending_by_cloid(CLOID, OID)
    return made


def told(made: Engine, word: str) -> tuple[OrderState, list[str]]:
    left = "0" if word == "filled" else "1"
    effects = made.on_order_update("BTC", "B", OID, word, "100", left, "1", 5_000, CLOID)
    made.check()
    order = made.get_by_cloid(CLOID)
    assert order is not None
    return order.state, [type(effect).__name__.removeprefix("Effect_") for effect in effects]


def expected(word: str, before: OrderState) -> OrderState:
    if word in UNKNOWN:
        return before
    if word in OPEN:
        return OrderState.Resting
    if word == "filled":
        return OrderState.Filled
    if word.lower().endswith("rejected"):
        # What was seen live was not refused: the venue contradicts itself, and the order stands.
        return OrderState.Rejected if before == OrderState.Pending else before
    return OrderState.CancelConfirmed


def test_the_table_is_the_one_we_know() -> None:
    assert len(WORDS) == len(set(WORDS)) >= 32


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("word", WORDS + INVENTED)
def test_every_status_moves_an_order_where_it_should(word: str, before: str) -> None:
    made = engine(resting=before == "resting")
    state, effects = told(made, word)
    assert state == expected(word, BEFORE[before])
    assert ("Surfaced" in effects and "Ask" in effects) == (word in UNKNOWN)
    refused_late = state == OrderState.Resting and word not in OPEN | UNKNOWN
    assert ("Contradiction" in effects) == refused_late
    assert made.worst_long("BTC") == (0 if state in (OrderState.Rejected, OrderState.CancelConfirmed) else 1)


TEXTS = [
    "order", "Order", "filled", "canceled", "Order was filled", "order canceled", "already filled", "not found",
    "Unknown oid", "", "502 Bad Gateway", "<html>", "Order was not never placed", "cannot modify canceled or filled order",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_words_that_are_not_known_mean_nothing(text: str) -> None:
    made = engine(resting=True)
    request = made.initiate_cancel(OID)
    made.on_cancel_error(OID, text, request)
    order = made.get_order(OID)
    assert order is not None
    assert order.state == OrderState.CancelPending
    assert made.worst_long("BTC") == 1
    made = engine(resting=True)
    fresh = "0x6d6d0001000000000000000000000002"
    made.initiate_modify(OID, fresh, "101", "1")
    made.on_modify_error(fresh, text)
    order = made.get_order(OID)
    assert order is not None
    assert order.state == OrderState.Unknown
    assert made.worst_long("BTC") == 2
    assert core.classify_modify_error(text) == core.ModifyOutcome.Unknown
