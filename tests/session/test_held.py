"""What closes all coins until somebody has looked, and what is not known and must hold up nothing."""

import pytest

from mm._core import OrderState
from mm.protocol import ActionError, AskOrder, Frame, LinkDown, NewOrder, ReadFailed
from mm.session import Escalated
from tests.session.script import ME, START, Story, frame, refused


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_liquidation_closes_all_coins_until_somebody_has_looked(story: Story) -> None:  # X13
    def liquidated(tid: int, time: int, user: str) -> Frame:
        row = {
            **story.fills[-1],
            "tid": tid,
            "time": time,
            "liquidation": {"liquidatedUser": user, "markPx": "1.0", "method": "market"},
        }
        return frame({"channel": "userFills", "data": {"user": ME, "fills": [row]}})

    story.ready()
    story.take(story.trade(100, "1"))
    story.take(liquidated(900, START - 60_000, ME), liquidated(901, story.now, "0x" + "9" * 40))
    assert story.session.closed("ETH") is None, (
        "one of before the start is nothing new, and another's is a fill like any"
    )
    story.take(liquidated(902, story.now, ME))
    assert story.session.closed("ETH") == "the account was liquidated"
    story.place("ETH", reduce_only=True)
    story.session.gate.release(None, "the account was liquidated")
    assert story.session.closed("ETH") is None


@pytest.mark.parametrize(
    "text", [f"User or API Wallet {ME} does not exist.", f"Must deposit before performing actions. User: {ME}"]
)
def test_a_signer_that_is_unknown_stops_all_orders_and_no_looking(story: Story, text: str) -> None:  # X21
    story.ready()
    story.rest(oid=100)
    story.answer(story.place("ETH"), ActionError(text))
    assert refused(story) == "the venue does not know the signer"
    story.take(story.trade(100, "1"), LinkDown("cut"))
    story.up()
    story.go(2_000)
    assert story.session.ready
    assert story.engine.view.position("BTC").size == 1
    assert refused(story) == "the venue does not know the signer"


@pytest.mark.parametrize("ours", [True, False])
def test_a_status_that_nobody_knows_is_asked_about_ever_more_slowly(story: Story, ours: bool) -> None:  # X12, I18, X19
    theirs = NewOrder("BTC", "B", "99", "1", "Gtc", "0x" + "f" * 32)
    order = story.ready().rest(100)[0].orders[0] if ours else theirs
    story.ready()
    story.take(story.update(story.row(order, 100, "frobnicated")))
    story.go(60_000)
    assert 4 < len(story.sent(AskOrder)) < 40, "it is asked again, and does not use up what others need"
    assert len(story.counts.surprises) < 5, "however many such orders there are"
    story.up()
    story.go(20_000)
    assert story.session.ready, "and it keeps nobody waiting"
    story.row(order, 100, "open")
    story.go(130_000)
    assert story.order(order.cloid).state == OrderState.Resting
    count = len(story.sent(AskOrder))
    story.go(130_000)
    assert len(story.sent(AskOrder)) == count


def test_an_order_that_answers_nothing_for_minutes_is_asked_about_less_often(story: Story) -> None:  # I18, X19, F16
    story.ready()
    order = story.place().orders[0]
    story.row(order, 100, "frobnicated")
    story.go(120_000)
    assert story.told(Escalated)
    before = len(story.sent(AskOrder))
    story.go(120_000)
    assert 2 <= len(story.sent(AskOrder)) - before < 20
    story.row(order, 100, "open")
    story.go(31_000)
    assert story.state(order.cloid) == OrderState.Resting


def test_after_minutes_without_reads_a_lost_request_is_known_as_soon_as_they_are_answered(
    story: Story,
) -> None:  # F16, N1
    story.ready()
    order = story.place().orders[0]
    story.replies = lambda query: ReadFailed(query.query, "502")
    story.go(300_000)
    assert story.state(order.cloid) == OrderState.Unknown
    story.replies = story.reply
    story.go(15_000)
    assert story.state(order.cloid) == OrderState.Rejected
