"""The link's time never goes back, follows a jump forward, and is compared with the venue's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.exchange.hyperliquid.link_clock import Clock, Skew


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(-(10**7), 10**7)), max_size=50))
def test_time_never_goes_back_and_moves_at_least_with_the_steady_clock(steps: list[tuple[int, int]]) -> None:
    state = {"wall": 10**12, "steady": 5_000}
    clock = Clock(lambda: state["wall"], lambda: state["steady"])
    last, steady = clock.now_ms(), state["steady"]
    for passed, step in steps:
        state["steady"] += passed
        state["wall"] += passed + step
        now = clock.now_ms()
        assert now - last >= state["steady"] - steady
        assert now >= state["wall"] - 1_000
        last, steady = now, state["steady"]


def test_a_machine_that_slept_is_in_the_present() -> None:
    state = {"wall": 10**12, "steady": 0}
    clock = Clock(lambda: state["wall"], lambda: state["steady"])
    state["wall"] += 3_600_000
    assert clock.now_ms() == 10**12 + 3_600_000
    state["wall"] -= 7_200_000
    state["steady"] += 5
    assert clock.now_ms() == 10**12 + 3_600_005


@pytest.mark.parametrize(
    ("sent", "received", "venue", "offset"),
    [(100, 300, 200, 0), (100, 300, 100, 0), (100, 300, 5_100, 4_800), (10_000, 10_200, 5_000, -5_000)],
)
def test_within_the_round_trip_there_is_no_skew(sent: int, received: int, venue: int, offset: int) -> None:
    skew = Skew()
    skew.asked(sent, received, venue)
    assert skew.offset_ms == offset


def test_words_and_stops() -> None:
    for offset, warns, stops in [(0, False, False), (1_000, False, False), (1_001, True, False), (-3_000, True, False)]:
        assert (Skew(offset_ms=offset).warns, Skew(offset_ms=offset).stops) == (warns, stops)
    assert Skew(offset_ms=3_001).stops and Skew(offset_ms=-3_001).stops


def test_a_block_from_the_future_shows_that_we_are_behind_and_an_old_one_nothing() -> None:
    skew = Skew()
    skew.block(1_000, 200)
    assert skew.offset_ms == 0
    skew.block(1_000, 3_500)
    assert skew.offset_ms == 2_500
    skew.block(1_000, 3_000)
    assert skew.offset_ms == 2_500


def test_a_nonce_far_ahead_of_the_venue_is_seen() -> None:
    skew = Skew(offset_ms=-50_000)
    assert not skew.too_far(1_010_000, 1_000_000)
    assert skew.too_far(1_010_001, 1_000_000)
