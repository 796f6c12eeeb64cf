"""Frames into how often and how late: whatever comes, and in the venue's own recordings."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.doctor.cadence import ERRORS_MAX, KINDS, Cadence
from mm.doctor.facts import Stream

LEVEL = {"px": "83757.0", "sz": "22.6", "n": 81}
TRADE = {"side": "A", "px": "1", "sz": "1", "hash": "0x", "tid": 1, "users": ["0x1", "0x2"]}


def frame(channel: str, data: Any) -> bytes:
    return json.dumps({"channel": channel, "data": data}).encode()


def acknowledged(**subscription: Any) -> bytes:
    return frame("subscriptionResponse", {"method": "subscribe", "subscription": subscription})


def stream(cadence: Cadence, kind: str, coin: str = "BTC") -> Stream:
    made = {(stream.kind, stream.coin): stream for stream in cadence.feed(1_000).streams}
    return made[(kind, coin)]


def test_the_first_frame_is_the_answer_and_no_news() -> None:
    cadence = Cadence(("BTC",))
    for arrived, time in [(1_000, 10), (1_100, 1_050), (1_300, 1_290), (1_350, 1_310)]:
        cadence.frame(frame("bbo", {"coin": "BTC", "time": time, "bbo": [None, None]}), arrived)
    assert stream(cadence, "bbo") == Stream(
        kind="bbo", coin="BTC", frames=4, median_gap_ms=100, median_lag_ms=40, is_acknowledged=False
    )


def test_streams_are_told_apart() -> None:
    asked: list[dict[str, object]] = [
        {"type": "l2Book", "coin": "BTC", "fast": True},
        {"type": "l2Book", "coin": "@107"},
    ]
    cadence = Cadence(("BTC", "@107"), asked)
    cadence.frame(acknowledged(type="l2Book", coin="BTC", fast=True), 0)
    cadence.frame(acknowledged(type="l2Book", coin="@107", nSigFigs=None), 0)
    cadence.frame(frame("l2Book", {"coin": "BTC", "time": 1, "levels": [[], []], "fast": True}), 5)
    cadence.frame(frame("l2Book", {"coin": "BTC", "time": 1, "levels": [[], []]}), 6)
    cadence.frame(frame("activeSpotAssetCtx", {"coin": "@107", "ctx": {}}), 7)
    cadence.frame(frame("trades", [{"coin": "BTC", "time": 1, **TRADE}, {"coin": "BTC", "time": 3, **TRADE}]), 8)
    cadence.frame(frame("trades", []), 9)
    seen = {(s.kind, s.coin): (s.frames, s.is_acknowledged) for s in cadence.feed(10).streams}
    assert {key: value for key, value in seen.items() if value != (0, False)} == {
        ("l2Book fast", "BTC"): (1, True),
        ("l2Book", "BTC"): (1, False),
        ("l2Book", "@107"): (0, True),
        ("activeAssetCtx", "@107"): (1, False),
        ("trades", "BTC"): (1, False),
    }
    assert len(seen) == 2 * len(KINDS)
    assert cadence.feed(10).errors == ()


def test_the_greeting_and_pongs_are_no_complaints() -> None:
    cadence = Cadence(())
    cadence.frame(b"Websocket connection established.", 0)
    cadence.frame(b'{"channel":"pong"}', 0)
    assert cadence.feed(1).errors == ()


def test_complaints_are_kept_short_and_few() -> None:
    cadence = Cadence(())
    for _ in range(20):
        cadence.frame(frame("error", "Invalid subscription " + "x" * 500 + "\x1b[31m"), 0)
    errors = cadence.feed(1).errors
    assert len(errors) == ERRORS_MAX
    assert all(len(error) <= 120 and error.isprintable() for error in errors)


def test_the_masters_state_is_kept() -> None:
    cadence = Cadence(())
    cadence.frame(frame("webData3", {"userState": {"agentAddress": "0x1"}}), 0)
    assert cadence.user_state == {"agentAddress": "0x1"}


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CHANNELS = ["bbo", "l2Book", "trades", "activeAssetCtx", "subscriptionResponse", "error", "webData3", "user", ""]


@given(st.binary() | st.builds(frame, st.sampled_from(CHANNELS), json_like))
def test_any_frame_is_survived(text: bytes) -> None:
    cadence = Cadence(("BTC",))
    cadence.frame(text, 1)
    cadence.frame(b"[" * 100_000, 1)
    assert all(stream.frames <= 1 for stream in cadence.feed(1).streams)


@pytest.mark.shared
def test_recorded_frames_are_understood(shared: Path) -> None:
    kinds: set[str] = set()
    for name in ("bytex_ws_market", "hft_ws_market"):
        told = json.loads((shared / "vectors" / "captures" / f"{name}.json").read_text(encoding="utf-8"))
        cadence = Cadence(("BTC",))
        for item in told["items"]:
            cadence.frame(json.dumps(item["body"]).encode(), 1_800_000_000_000)
        assert cadence.feed(1).errors == ()
        kinds |= {stream.kind for stream in cadence.feed(1).streams if stream.frames}
    assert {"bbo", "trades", "l2Book fast"} <= kinds
