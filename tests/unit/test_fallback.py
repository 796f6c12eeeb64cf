"""The modify fallback: every branch, and that words alone never decide."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import OrderState, Side
from mm.fallback import Known, Policy, Verdict, next_intents, verdict_of
from mm.intents import Await, GiveUp, Inquire, Move, Pull, Put, Settled

POLICY = Policy()
LIVE = (OrderState.Resting, OrderState.PartialFilled)
CLOSED = (
    OrderState.Filled,
    OrderState.FilledImmediately,
    OrderState.Cancelled,
    OrderState.FilledDuringCancel,
    OrderState.Rejected,
)
STATES = (
    *LIVE,
    *CLOSED,
    OrderState.Pending,
    OrderState.Unknown,
    OrderState.CancelPending,
    OrderState.CancelConfirmed,
)
BASE = Known(
    name="0x1",
    side=Side.BUY,
    verdict=Verdict.OLD_UNTOUCHED,
    state=OrderState.Resting,
    modifying=False,
    on_new_leg=False,
    px=Decimal("41.2"),
    leaves=Decimal(1),
    wanted=Decimal(1),
    executed=Decimal(0),
    target=Decimal("41.1"),
)


def known(**changes: object) -> Known:
    return replace(BASE, **changes)  # type: ignore[arg-type]


def only(given: Known, policy: Policy = POLICY) -> object:
    (intent,) = next_intents(given, policy)
    return intent


# --- the new leg lives ------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [Verdict.REPLACED, Verdict.UNKNOWN])
@pytest.mark.parametrize("state", LIVE)
def test_new_leg_lives(verdict: Verdict, state: OrderState) -> None:
    assert only(known(verdict=verdict, state=state, on_new_leg=True)) == Settled("0x1", "replaced")


def test_new_leg_is_too_large_and_is_shrunk_at_once() -> None:
    seen = known(verdict=Verdict.REPLACED, on_new_leg=True, executed=Decimal("0.4"), excess=Decimal("0.4"))
    assert only(seen) == Move("0x1", Decimal("41.2"), Decimal(1))


def test_new_leg_is_too_large_and_is_cancelled_where_the_rest_is_no_order() -> None:
    seen = known(verdict=Verdict.REPLACED, on_new_leg=True, executed=Decimal("0.8"), excess=Decimal("0.8"))
    assert isinstance(only(seen), Pull)


def test_new_leg_is_too_large_and_policy_does_not_shrink() -> None:
    seen = known(verdict=Verdict.REPLACED, on_new_leg=True, executed=Decimal("0.4"), excess=Decimal("0.4"))
    assert isinstance(only(seen, Policy(shrink=False)), Pull)


# --- the old leg is gone ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", [OrderState.Filled, OrderState.FilledDuringCancel, OrderState.FilledImmediately])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_old_leg_filled_and_nothing_replaces_it(verdict: Verdict, state: OrderState) -> None:
    seen = known(verdict=verdict, state=state, executed=Decimal(1))
    assert only(seen) == Settled("0x1", "filled: nothing to replace")


@pytest.mark.parametrize("verdict", [Verdict.OLD_GONE, Verdict.OLD_GONE_NEW_REFUSED])
@pytest.mark.parametrize("state", [OrderState.Unknown, OrderState.Pending])
def test_old_leg_gone_by_words_only_is_asked_about(verdict: Verdict, state: OrderState) -> None:
    assert isinstance(only(known(verdict=verdict, state=state)), Inquire)


@pytest.mark.parametrize("verdict", [Verdict.OLD_GONE, Verdict.OLD_GONE_NEW_REFUSED])
@pytest.mark.parametrize("state", LIVE)
def test_old_leg_called_gone_but_alive_is_asked_about(verdict: Verdict, state: OrderState) -> None:
    assert isinstance(only(known(verdict=verdict, state=state)), Inquire)


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("pulled", [True, False])
def test_closed_unfilled_is_placed_anew_if_it_was_this_modify_that_ended_it(verdict: Verdict, pulled: bool) -> None:
    seen = known(verdict=verdict, state=OrderState.Cancelled, executed=Decimal("0.3"), pulled=pulled)
    if pulled or verdict is Verdict.OLD_GONE_NEW_REFUSED:
        assert only(seen) == Put(Side.BUY, Decimal("41.1"), Decimal("0.7"))
    else:
        assert only(seen) == Settled("0x1", "closed, and not by this modify")


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("state", [*LIVE, *CLOSED])
def test_what_somebody_else_wants_gone_is_neither_placed_nor_moved(verdict: Verdict, state: OrderState) -> None:
    seen = known(verdict=verdict, state=state, pulled=True, stopped=True, excess=Decimal("0.1"))
    assert isinstance(only(seen), Settled)


@pytest.mark.parametrize("state", LIVE)
def test_a_cancel_that_goes_on_is_waited_for(state: OrderState) -> None:
    seen = known(state=state, cancelling=True, cancels=1)
    assert isinstance(only(seen), Await)
    assert isinstance(only(replace(seen, waits=POLICY.max_waits)), GiveUp)


def test_closed_and_no_longer_wanted() -> None:
    assert isinstance(only(known(state=OrderState.Cancelled, target=None)), Settled)


def test_closed_with_a_rest_below_the_minimum_value() -> None:
    assert isinstance(only(known(state=OrderState.Cancelled, executed=Decimal("0.9"))), Settled)


def test_closed_by_an_overfill_is_not_replaced() -> None:
    assert isinstance(only(known(state=OrderState.Filled, executed=Decimal("1.2"))), Settled)


# --- the old leg is untouched -----------------------------------------------------------------------


def test_untouched_is_cancelled_then_awaited_then_placed_anew() -> None:
    live = known(verdict=Verdict.OLD_UNTOUCHED, state=OrderState.PartialFilled, executed=Decimal("0.2"))
    assert isinstance(only(live), Pull)
    for state in (OrderState.CancelPending, OrderState.CancelConfirmed):
        assert isinstance(only(replace(live, state=state, cancels=1)), Await)
    gone = replace(live, state=OrderState.Cancelled, cancels=1, pulled=True, executed=Decimal("0.4"))
    assert only(gone) == Put(Side.BUY, Decimal("41.1"), Decimal("0.6"))


def test_untouched_whose_cancel_failed_is_cancelled_again_within_a_bound() -> None:
    assert isinstance(only(known(cancels=POLICY.max_cancels - 1)), Pull)
    assert isinstance(only(known(cancels=POLICY.max_cancels)), GiveUp)


def test_untouched_that_fills_during_its_cancel_is_settled() -> None:
    seen = known(state=OrderState.FilledDuringCancel, executed=Decimal(1), cancels=1)
    assert isinstance(only(seen), Settled)


# --- unknown ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("state", [OrderState.Unknown, OrderState.Pending])
def test_unknown_is_asked_about_within_a_bound(verdict: Verdict, state: OrderState) -> None:
    seen = known(verdict=verdict, state=state, modifying=True)
    assert isinstance(only(seen), Inquire)
    assert isinstance(only(replace(seen, asks=POLICY.max_asks)), GiveUp)


@pytest.mark.parametrize("state", LIVE)
def test_unsettled_modify_is_asked_about_even_if_the_order_lives(state: OrderState) -> None:
    assert isinstance(only(known(verdict=Verdict.UNKNOWN, state=state, modifying=True)), Inquire)


@pytest.mark.parametrize("state", LIVE)
def test_unknown_that_proves_to_be_untouched_falls_back(state: OrderState) -> None:
    assert isinstance(only(known(verdict=Verdict.UNKNOWN, state=state)), Pull)


# --- the words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Cannot modify canceled or filled order", Verdict.OLD_GONE),
        (
            "Error placing new order during modify: Post only order would have immediately matched, "
            "bbo was 83757@83758. asset=4",
            Verdict.OLD_GONE_NEW_REFUSED,
        ),
        ("Attempted to modify to invalid new order", Verdict.OLD_UNTOUCHED),
        (
            "Order price cannot be more than 95% away from the reference price asset=4",
            Verdict.OLD_UNTOUCHED,
        ),
        ("Too many cumulative requests sent (97460 > 97456) for cumulative volume", Verdict.OLD_UNTOUCHED),
        ("Action already expired", Verdict.OLD_UNTOUCHED),
        ("Order could not be processed, code 17. asset=173", Verdict.UNKNOWN),
        ("this order was filled, or was it canceled", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
    ],
)
def test_words(text: str, verdict: Verdict) -> None:
    assert verdict_of(text) == verdict


# --- whatever is known ------------------------------------------------------------------------------

anything = st.builds(
    Known,
    name=st.just("0x1"),
    side=st.sampled_from([Side.BUY, Side.SELL]),
    verdict=st.sampled_from(list(Verdict)),
    state=st.sampled_from(STATES),
    modifying=st.booleans(),
    on_new_leg=st.booleans(),
    px=st.just(Decimal("41.2")),
    leaves=st.integers(0, 200).map(lambda n: Decimal(n) / 100),
    wanted=st.integers(1, 200).map(lambda n: Decimal(n) / 100),
    executed=st.integers(0, 250).map(lambda n: Decimal(n) / 100),
    excess=st.integers(0, 100).map(lambda n: Decimal(n) / 100),
    target=st.sampled_from([None, Decimal("41.1")]),
    asks=st.integers(0, 25),
    cancels=st.integers(0, 15),
    waits=st.integers(0, 400),
    cancelling=st.booleans(),
    pulled=st.booleans(),
    stopped=st.booleans(),
)


@given(anything)
def test_there_is_one_answer_and_it_is_always_the_same(given: Known) -> None:
    (intent,) = next_intents(given, POLICY)
    assert next_intents(given, POLICY) == (intent,)


@given(anything)
def test_nothing_is_placed_before_the_order_is_closed(given: Known) -> None:
    (intent,) = next_intents(given, POLICY)
    if isinstance(intent, Put):
        assert given.state.is_terminal
        assert intent.sz == given.wanted - given.executed > 0
        assert intent.sz * intent.px >= POLICY.min_notional


@given(anything)
def test_nothing_is_sent_while_it_is_unknown(given: Known) -> None:
    (intent,) = next_intents(given, POLICY)
    if given.state in (OrderState.Unknown, OrderState.Pending):
        assert isinstance(intent, Inquire | GiveUp)


@given(anything)
def test_a_story_ends_only_when_evidence_ends_it_or_somebody_else_does(given: Known) -> None:
    (intent,) = next_intents(given, POLICY)
    if isinstance(intent, Settled):
        assert given.state.is_terminal or given.stopped or (given.state.is_active and given.on_new_leg)
