"""Stale streams, clocks and markets: each closes what it is about, for as long as it lasts (I23)."""

import pytest

from mm.protocol import (
    Fresh,
    LinkDown,
    Stale,
)
from tests.session.script import Story, refused


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_stale_stream_closes_its_coin_and_no_other(story: Story) -> None:  # S80, G15, I23
    story.ready()
    story.take(Stale("bbo", "BTC", 5_000))
    assert refused(story) == "bbo is stale"
    story.place("ETH")
    story.take(Fresh("bbo", "BTC"))
    story.place("BTC")


def test_a_new_connection_judges_its_streams_anew(story: Story) -> None:
    story.ready()
    story.take(Stale("bbo", "BTC", 5_000), Stale("clock", None, 4_000), LinkDown("cut"))
    story.up()
    assert story.session.gate.holds() == [(None, "clock is stale")]
    story.take(Fresh("clock", None))
    story.place()


def test_two_reasons_are_two(story: Story) -> None:
    story.ready()
    story.take(Stale("bbo", "BTC", 5_000), Stale("l2Book", "BTC", 5_000), Fresh("bbo", "BTC"))
    assert refused(story) == "l2Book is stale"


@pytest.mark.parametrize("coin", ["BTC", None])
def test_a_market_that_is_not_what_it_was_stays_closed_over_a_reconnect(story: Story, coin: str | None) -> None:  # X17
    story.ready()
    story.take(Stale("markets", coin, 0), LinkDown("cut"))
    story.up()
    story.go(2_000)
    assert refused(story) == "markets is stale"
    story.take(Fresh("markets", coin))
    story.go(2_000)
    assert story.session.closed("BTC") is None


def test_a_stale_account_stream_closes_all_and_is_caught_up_with(story: Story) -> None:  # N8
    story.ready()
    _, name = story.rest(100)
    story.take(Stale("userFills", None, 5_000))
    assert refused(story, "ETH") == "userFills is stale"
    story.trade(100, "0.4")
    story.script.sent.clear()
    story._read = 0
    story.take(Fresh("userFills", None))
    assert story.session.ready
    assert {"AskFills", "AskOpenOrders", "AskPosition"} <= set(story.asked())
    assert str(story.order(name).cum_qty) == "0.4"
