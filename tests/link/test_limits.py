"""The venue's limits: never passed in any minute, whatever is asked and when; cancels are never refused."""

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.exchange.hyperliquid.limits import (
    CONNECTIONS,
    EXHAUSTED_EVERY_MS,
    IP_LAST,
    IP_RESERVE,
    IP_WEIGHT,
    MESSAGES,
    MESSAGES_RESERVE,
    NEW_CONNECTIONS,
    POSTS,
    SPAN_MS,
    SUBSCRIPTIONS,
    AddressBudget,
    IpBudget,
    Limits,
    Need,
    SocketBudget,
    Window,
    action_weight,
    query_weight,
)

STEPS = st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 130), st.sampled_from(Need)), max_size=60)


@pytest.mark.parametrize(("items", "weight"), [(1, 1), (39, 1), (40, 2), (79, 2), (80, 3), (200, 6)])
def test_the_weight_of_an_action(items: int, weight: int) -> None:
    assert action_weight(items) == weight


@pytest.mark.parametrize(
    ("kind", "rows", "weight"),
    [
        *(("l2Book", 0, 2), ("allMids", 0, 2), ("clearinghouseState", 0, 2), ("orderStatus", 0, 2)),
        *(("spotClearinghouseState", 0, 2), ("exchangeStatus", 0, 2), ("userRole", 0, 60), ("openOrders", 900, 20)),
        *(("userFillsByTime", 0, 20), ("userFillsByTime", 19, 20), ("userFillsByTime", 2_000, 120)),
        *(("userFillsByTime", None, 120), ("candleSnapshot", 60, 21), ("somethingNew", None, 20)),
    ],
)
def test_the_weight_of_a_query(kind: str, rows: int | None, weight: int) -> None:
    assert query_weight(kind, rows) == weight


@given(STEPS)
def test_no_minute_holds_more_than_the_weight(steps: list[tuple[int, int, Need]]) -> None:
    budget, now = IpBudget(), 0
    sent: list[tuple[int, int]] = []
    for wait, weight, need in steps:
        now += wait
        before = sum(w for at, w in sent if now - at < 60_000)
        ready = budget.ready_in_ms(now, weight, need)
        entry = budget.admit(now, weight, need)
        assert (entry is not None) == (ready == 0)
        if entry is not None:
            sent.append((now, weight))
            if need is not Need.PROTECT:
                kept = IP_RESERVE if need is Need.ORDINARY else IP_LAST
                assert before + weight <= IP_WEIGHT - kept
        else:
            assert need is not Need.PROTECT


@given(STEPS)
def test_what_is_told_to_wait_may_go_afterwards(steps: list[tuple[int, int, Need]]) -> None:
    budget, now = IpBudget(), 0
    for wait, weight, need in steps:
        now += wait
        if budget.admit(now, weight, need) is None:
            now += budget.ready_in_ms(now, weight, need)
            assert budget.admit(now, weight, need) is not None


@given(
    st.lists(
        st.tuples(st.integers(0, 30_000), st.integers(1, 50), st.integers(0, 50), st.integers(0, 90_000)), max_size=40
    )
)
def test_a_window_is_its_own_naive_sum(steps: list[tuple[int, int, int, int]]) -> None:
    window, now = Window(100, 60_000), 0
    naive: list[list[int]] = []
    for wait, amount, back, later in steps:
        now += wait
        entry = window.add(now, amount)
        naive.append([now, amount])
        now += later
        given_back = min(amount, back)
        window.used(now)
        window.give_back(entry, given_back)
        naive[-1][1] -= given_back
        assert window.used(now) == sum(one for at, one in naive if now - at < 60_000)


def test_what_is_given_back_late_counts_nothing() -> None:
    window = Window(100, 1_000)
    entry = window.add(0, 50)
    assert window.used(1_000) == 0
    window.give_back(entry, 50)
    assert window.used(1_000) == 0
    assert window.ready_in_ms(1_000, 101) == 1_000


def test_a_refusal_of_the_venue_stops_what_can_wait() -> None:
    budget = IpBudget()
    budget.refused(0)
    assert budget.admit(1, 1, Need.ORDINARY) is None
    assert budget.admit(1, 1, Need.STATUS) is not None
    assert budget.admit(1, 1, Need.PROTECT) is not None
    assert budget.admit(10_000, 1, Need.ORDINARY) is not None


def test_questions_leave_the_last_of_the_weight_to_cancels() -> None:
    budget = IpBudget()
    while budget.admit(0, 2, Need.STATUS) is not None:
        pass
    assert budget.window.room(0) == IP_LAST
    assert budget.ready_in_ms(0, 2, Need.STATUS) > 0 == budget.ready_in_ms(0, 2, Need.PROTECT)
    assert budget.admit(0, IP_LAST, Need.PROTECT) is not None


def test_rows_are_held_at_their_worst_and_given_back() -> None:
    budget = IpBudget()
    entry = budget.admit(0, query_weight("userFillsByTime"), Need.STATUS)
    assert entry is not None and budget.window.used(1) == 120
    budget.settle(entry, 120, query_weight("userFillsByTime", 40))
    assert budget.window.used(1) == 22


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=200))
def test_connections_keep_to_thirty_a_minute(waits: list[int]) -> None:
    budget, now, opened = SocketBudget(), 0, []
    for wait in waits:
        now += wait
        if not budget.connect_in_ms(now):
            budget.opened(now)
            opened.append(now)
            budget.closed(0, 0)
        assert sum(now - at < 60_000 for at in opened) <= NEW_CONNECTIONS


def test_a_storm_waits_for_the_thirty_first() -> None:
    budget = SocketBudget()
    for _ in range(NEW_CONNECTIONS):
        assert not budget.connect_in_ms(0)
        budget.opened(0)
        budget.closed(0, 0)
    assert budget.connect_in_ms(0) == 61_000
    assert not budget.connect_in_ms(61_000)


def test_no_more_sockets_at_once_than_may_be() -> None:
    budget = SocketBudget()
    for n in range(CONNECTIONS):
        budget.opened(n)
    assert budget.connect_in_ms(50) == 1_000
    budget.closed(0, 0)
    assert not budget.connect_in_ms(50)


def test_messages_stop_at_two_thousand_even_for_cancels() -> None:
    budget = SocketBudget()
    sent = dict.fromkeys(Need, 0)
    for need in Need:
        while not budget.message_in_ms(0, need):
            budget.sent(0)
            sent[need] += 1
    assert sent[Need.ORDINARY] == MESSAGES - MESSAGES_RESERVE
    assert sum(sent.values()) == MESSAGES
    assert budget.message_in_ms(0, Need.PROTECT) == 61_000


def test_too_many_messages_stop_what_can_wait() -> None:
    budget = SocketBudget()
    budget.refused(0)
    assert budget.message_in_ms(1, Need.STATUS) == budget.message_in_ms(1, Need.ORDINARY) == 9_999
    assert not budget.admit_post(1, Need.ORDINARY)
    assert not budget.message_in_ms(1, Need.PROTECT) and budget.admit_post(1, Need.PROTECT)
    assert budget.admit_post(10_000, Need.ORDINARY)


def test_posts_in_flight_leave_room_for_cancels() -> None:
    budget = SocketBudget()
    assert sum(budget.admit_post(0, Need.ORDINARY) for _ in range(200)) == 70
    assert sum(budget.admit_post(0, Need.PROTECT) for _ in range(200)) == POSTS - 70
    budget.post_done()
    assert budget.admit_post(0, Need.PROTECT)
    budget.opened(0)
    budget.closed(POSTS, 0)
    assert budget.posts == 0


def test_a_thousand_subscriptions() -> None:
    budget = SocketBudget()
    assert sum(budget.admit_subscription() for _ in range(2_000)) == SUBSCRIPTIONS


def test_an_account_keeps_its_reserve_and_cancels_pass() -> None:
    budget = AddressBudget(reserve=100)
    budget.told(9_000, 10_000, 0)
    assert budget.admit(0, 200, Need.ORDINARY) and budget.admit(0, 200, Need.ORDINARY)
    assert budget.left == 600 and budget.left_to_cancels == 20_000 - 9_400
    assert not budget.admit(0, 501, Need.ORDINARY)
    assert budget.admit(0, 500, Need.ORDINARY)
    assert not budget.admit(0, 2, Need.ORDINARY)
    assert budget.admit(0, 10_000, Need.PROTECT) and budget.left == 100 - 10_000


def test_a_used_up_account_has_one_request_in_eleven_seconds() -> None:
    budget = AddressBudget(reserve=0)
    budget.told(10_000, 10_000, 0)
    assert budget.admit(0, 1, Need.ORDINARY)
    assert not budget.admit(1, 1, Need.ORDINARY)
    assert not budget.admit(EXHAUSTED_EVERY_MS - 1, 1, Need.ORDINARY)
    assert budget.admit(EXHAUSTED_EVERY_MS, 1, Need.ORDINARY)
    assert not budget.admit(10 * EXHAUSTED_EVERY_MS, 2, Need.ORDINARY)


def test_what_went_out_after_the_question_is_added_to_the_answer() -> None:
    budget = AddressBudget()
    budget.admit(0, 5, Need.ORDINARY)
    asked = budget.sent
    budget.admit(0, 7, Need.ORDINARY)
    budget.told(1_000, 50_000, asked)
    assert budget.used == 1_007 and budget.cap == 50_000
    budget.stale(3)
    assert budget.used == 1_019


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 200), st.sampled_from(Need)), max_size=80))
def test_ordinary_actions_never_touch_the_reserve_but_by_the_trickle(steps: list[tuple[int, int, Need]]) -> None:
    budget, now, trickle = AddressBudget(reserve=500), 0, []
    budget.told(8_000, 10_000, 0)
    for wait, items, need in steps:
        now += wait
        room = budget.left - items >= 500
        admitted = budget.admit(now, items, need)
        if need is Need.PROTECT:
            assert admitted
        elif admitted and not room:
            assert items == 1
            trickle.append(now)
    assert all(b - a >= EXHAUSTED_EVERY_MS for a, b in itertools.pairwise(trickle))


def test_several_threads_count_as_one() -> None:
    limits = Limits(IpBudget(10**9), SocketBudget(messages=10**9))
    rounds, threads = 3_000, 4

    def use() -> None:
        for now in range(rounds):
            entry = limits.ip.admit(now * 100, 2, Need.ORDINARY)
            assert entry is not None
            limits.ip.ready_in_ms(now * 100, 10**9, Need.STATUS)
            limits.ip.settle(entry, 2, 1)
            limits.sockets.opened(now)
            assert limits.sockets.admit_subscription()
            if limits.sockets.admit_post(now, Need.PROTECT):
                limits.sockets.post_done()
            limits.sockets.closed(0, 1)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(use) for _ in range(threads)]:
                done.result()
    finally:
        sys.setswitchinterval(interval)
    assert (limits.sockets.connections, limits.sockets.posts, limits.sockets.subscriptions) == (0, 0, 0)
    assert limits.ip.window.used(rounds * 100 + SPAN_MS) == 0
