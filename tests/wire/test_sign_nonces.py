"""Nonces rise, whatever the clock does, whoever asks, and over a restart (reliability C1, C2)."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.sign import Nonces
from mm.errors import BadInput

NOW = 1_767_225_600_000
AHEAD = 60_000


def test_time_is_the_nonce_while_it_goes_on() -> None:
    nonces = Nonces()
    assert [nonces.next(NOW), nonces.next(NOW), nonces.next(NOW - 5), nonces.next(NOW + 10)] == [
        NOW,
        NOW + 1,
        NOW + 2,
        NOW + 10,
    ]
    assert nonces.last == NOW + 10


@given(
    st.integers(0, NOW + 2 * AHEAD),
    st.lists(st.integers(-2 * AHEAD, 2 * AHEAD), min_size=1, max_size=40),
    st.data(),
)
def test_they_rise_over_steps_of_the_clock_and_restarts(floor: int, steps: list[int], data: st.DataObject) -> None:
    nonces, now, last = Nonces(floor), NOW, floor
    for step in steps:
        now += step
        if data.draw(st.booleans()):  # a restart: the journal knows the last
            nonces = Nonces(nonces.last)
        try:
            nonce = nonces.next(now)
        except BadInput:
            assert last + 1 > now + AHEAD
        else:
            assert last < nonce <= now + AHEAD
            assert nonce >= now
            last = nonce
        assert nonces.last == last


def test_a_jump_back_beyond_the_bound_stops_it_until_time_is_there_again() -> None:
    nonces = Nonces()
    assert nonces.next(NOW) == NOW
    for back in (AHEAD, AHEAD + 1, 10**12):
        with pytest.raises(BadInput, match="behind the last nonce"):
            nonces.next(NOW - back)
    assert nonces.last == NOW
    assert nonces.next(NOW - AHEAD + 1) == NOW + 1
    assert nonces.next(NOW + 5) == NOW + 5


def test_at_the_end_of_all_numbers() -> None:
    assert Nonces(2**64 - 2).next(2**64 - 1) == 2**64 - 1
    with pytest.raises(BadInput):
        Nonces(2**64 - 1).next(2**64 - 1)


def test_threads_never_get_the_same_one() -> None:
    nonces, each, count = Nonces(), 4_000, 6
    got: list[list[int]] = [[] for _ in range(count)]
    start = threading.Barrier(count)

    def ask(mine: list[int]) -> None:
        start.wait()
        for n in range(each):
            mine.append(nonces.next(NOW + n % 3))

    threads = [threading.Thread(target=ask, args=(mine,)) for mine in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert all(mine == sorted(mine) for mine in got)
    everything = [nonce for mine in got for nonce in mine]
    assert len(set(everything)) == each * count
    assert min(everything) >= NOW
    assert max(everything) <= NOW + 2 + each * count
