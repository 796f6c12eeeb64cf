"""The link's time never goes back, follows what the venue confirms, and no clock, ours or theirs, stops a cancel."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from mm.exchange.hyperliquid.link_clock import Clock, Skew
from mm.exchange.hyperliquid.link_held import Nonces
from mm.protocol import Answer, Cancel, Fresh, LinkUp, Noop, NotSent, Resend, ScheduleCancel, Stale, Target
from tests.link.helpers import eventually, linked, order, place, run, until
from tests.link.venue import Venue, l2_book, running


class Hands:
    """Two clocks of one machine, and the venue's, each of which can be moved by hand."""

    def __init__(self) -> None:
        self.wall_ms = self.frozen_ms = self.venue_ms = 0

    def clock(self) -> Clock:
        return Clock(lambda: self._now() + self.wall_ms, lambda: time.monotonic_ns() // 10**6 - self.frozen_ms)

    def status(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"time": self.venue_now(), "specialStatuses": None}

    def venue_now(self) -> int:
        return self._now() + self.venue_ms

    def _now(self) -> int:
        return time.time_ns() // 10**6


def asked(venue: Venue) -> int:
    return len([one for one in venue.asked if one["type"] == "exchangeStatus"])


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(-(10**7), 10**7), st.integers(-9, 10**6)), max_size=50))
def test_time_goes_by_the_steady_clock_and_what_is_followed(steps: list[tuple[int, int, int]]) -> None:
    state = {"wall": 10**12, "steady": 5_000}
    clock = Clock(lambda: state["wall"], lambda: state["steady"])
    last = clock.now_ms()
    for passed, step, followed in steps:
        state["steady"] += passed
        state["wall"] += passed + step
        clock.follow(followed)
        now = clock.now_ms()
        assert now - last == passed + max(0, followed)
        assert now + clock.ahead_ms() == state["wall"]
        last = now


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
    skew.asked(1_000, 1_010, 1_005)
    assert skew.offset_ms == 2_500  # Whatever another server says: requests expire by the time of blocks.
    assert not skew.block(1_000, 3_100) and skew.offset_ms == 2_100
    assert skew.block(1_000, 1_100) and skew.offset_ms == 0
    assert skew.block(1_000, 62_000) and skew.offset_ms == 0


def test_a_nonce_far_ahead_of_the_venue_is_seen() -> None:
    assert Skew(floor_ms=-50_000, offset_ms=99_000).highest_nonce(1_000_000) == 1_010_000


def test_the_floor_comes_from_quick_answers_and_from_no_block() -> None:
    skew = Skew()
    skew.asked(0, 9_000, 500)
    assert skew.floor_ms == -8_501
    skew.asked(10_000, 10_100, 10_040)
    assert (skew.offset_ms, skew.floor_ms) == (0, -61)
    skew.asked(20_000, 29_000, 20_500)
    assert skew.floor_ms == -61
    assert skew.block(30_000, 10**12) and (skew.offset_ms, skew.floor_ms) == (0, -61)
    assert skew.block(30_000, 50_000) and (skew.offset_ms, skew.floor_ms) == (20_000, -61)
    assert not skew.block(30_100, 50_200)
    assert skew.block(30_200, 30_100) and skew.offset_ms == 0
    skew.asked(30_000, 30_010, 25_000)
    assert (skew.offset_ms, skew.floor_ms) == (-5_000, -5_011)
    skew.moved(1_000)
    assert (skew.offset_ms, skew.floor_ms) == (-6_000, -6_011)


@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(0, 20)), max_size=60))
def test_lowered_nonces_are_new_and_not_above(steps: list[tuple[int, int]]) -> None:
    nonces, seen = Nonces(1_000), set()
    for number, (nonce, most) in enumerate(steps):
        own = nonce if nonce not in seen and nonce <= most else nonces.lower(100 + number, most)
        assert own <= max(most, nonce) and own not in seen
        assert nonces.of(100 + number) == (own if own != nonce else 100 + number)
        nonces.add(own)
        seen.add(own)


def test_what_is_known_of_nonces_is_bounded() -> None:
    nonces = Nonces(10)
    for n in range(100):
        nonces.add(nonces.lower(n, 1_000 + n))
    assert len(nonces._signed) == len(nonces._moved) == 10


def test_a_machine_that_is_minutes_fast_cancels_what_it_finds() -> None:
    async def story() -> None:
        hands = Hands()
        hands.wall_ms = 120_000
        answers: list[Any] = [None]
        async with (
            running(infos={"exchangeStatus": hands.status}, answer_post=lambda _: answers[0]) as venue,
            linked(venue, clock=hands.clock()) as link,
        ):
            assert (await until(link, Stale)).stream == "clock"
            await until(link, LinkUp)
            now = link.now_ms
            link.send(place(link, order(reduce_only=True)))
            assert "too far ahead" in (await until(link, NotSent)).why
            for n in range(1, 60):
                link.send(Cancel(now + n, now + 5_000, (Target("BTC", n, None),)))
            link.send(ScheduleCancel(now + 60, now + 5_000, now + 9_000))
            await eventually(lambda: len(venue.posted) == 60)
            signed = [json.loads(one) for one in venue.posted]
            nonces = [one["nonce"] for one in signed]
            assert len(set(nonces)) == 60 and max(nonces) <= hands.venue_now() + 60_000 < now
            assert [one["expiresAfter"] for one in signed[:-1]] == [None] * 59
            assert signed[-1]["expiresAfter"] < hands.venue_now() + 6_000
            assert hands.venue_now() + 5_000 < signed[-1]["action"]["time"] < hands.venue_now() + 10_000
            # Copies and noops go by the session's own numbers.
            answers[0] = {"type": "action", "payload": {"status": "ok", "response": {"type": "default"}}}
            link.send(Resend(now + 1))
            assert (await until(link, Answer)).nonce == now + 1
            link.send(Noop(now + 2))
            assert (await until(link, Answer)).nonce == now + 2
            assert venue.bodies[0] == venue.posted[0] and json.loads(venue.bodies[1])["nonce"] == nonces[1]

    run(story)


def test_a_wall_clock_that_was_wrong_for_a_moment_changes_nothing() -> None:
    async def story() -> None:
        hands = Hands()
        async with (
            running(infos={"exchangeStatus": hands.status}) as venue,
            linked(venue, clock=hands.clock()) as link,
        ):
            await until(link, LinkUp)
            before = link.now_ms
            for step in (120_000, 0, -120_000, 0):
                hands.wall_ms = step
                known = asked(venue)
                await eventually(lambda known=known: asked(venue) > known)  # type: ignore[misc]
            assert link.now_ms - before < 5_000 and not link.skew.warns
            command = place(link)
            link.send(command)
            assert (await until(link, Answer)).nonce == command.nonce

    run(story)


def test_a_machine_that_was_frozen_is_in_the_present_again() -> None:
    async def story() -> None:
        hands = Hands()
        async with (
            running(infos={"exchangeStatus": hands.status}) as venue,
            linked(venue, clock=hands.clock()) as link,
        ):
            await until(link, LinkUp)
            # All clocks of this machine stood still for half a minute: nothing shows it, but the next book does.
            hands.wall_ms, hands.frozen_ms = -30_000, 30_000
            assert link.venue_now_ms <= hands.venue_now()
            await asyncio.sleep(0.1)
            await venue.tell(l2_book("BTC", hands.venue_now()))
            assert (await until(link, Stale)).stream == "clock"
            await eventually(lambda: hands.venue_now() - link.venue_now_ms < 1_000)
            assert hands.venue_now() >= link.venue_now_ms
            cancel = Cancel(link.now_ms, link.now_ms + 5_000, (Target("BTC", 1, None),))
            link.send(cancel)
            assert (await until(link, Answer)).nonce == cancel.nonce
            # Then the wall clock is set right, and the venue's agrees.
            hands.wall_ms = 0
            assert await until(link, Fresh) == Fresh("clock", None)
            assert abs(link.now_ms - hands.venue_now()) < 1_000
            assert hands.venue_now() - 1_000 < link.venue_now_ms <= hands.venue_now()

    run(story)


def test_a_block_from_the_far_future_is_no_time_to_fence_by() -> None:
    async def story() -> None:
        hands = Hands()
        async with (
            running(infos={"exchangeStatus": hands.status}) as venue,
            linked(venue, clock=hands.clock()) as link,
        ):
            await until(link, LinkUp)
            known = asked(venue)
            await venue.tell(l2_book("BTC", hands.venue_now() + 10**9))
            await eventually(lambda: asked(venue) > known)
            assert not link.skew.warns and link.venue_now_ms <= hands.venue_now()
            # The next block is one again, however far behind we are.
            hands.venue_ms = 300_000
            link.clock_doubted()
            await eventually(lambda: link.skew.stops and not link._clock_asked)
            await venue.tell(l2_book("BTC", hands.venue_now()))
            await eventually(lambda: link._line is not None and hands.venue_now() - link._line._block_ms < 1_000)

    run(story)


def test_a_chain_ahead_of_its_own_servers_stops_new_orders_until_its_blocks_are_back() -> None:
    async def story() -> None:
        hands = Hands()
        async with (
            running(infos={"exchangeStatus": hands.status}) as venue,
            linked(venue, clock=hands.clock()) as link,
        ):
            await until(link, LinkUp)
            await venue.tell(l2_book("BTC", hands.venue_now() + 5_000))
            assert (await until(link, Stale)).stream == "clock"
            link.send(place(link))
            assert "clock" in (await until(link, NotSent)).why
            assert link.venue_now_ms <= hands.venue_now()
            link._clock.follow(5_000)  # As if it was later: the next block is newer, and not ahead.
            hands.venue_ms = 5_000
            await venue.tell(l2_book("BTC", hands.venue_now() + 100))
            assert await until(link, Fresh) == Fresh("clock", None)

    run(story)


def test_the_venues_clock_is_read_again_on_each_connection_and_failures_are_told() -> None:
    async def story() -> None:
        hands = Hands()
        async with (
            running(infos={"exchangeStatus": hands.status}) as venue,
            linked(venue, clock=hands.clock(), query_timeout_ms=100) as link,
        ):
            await until(link, LinkUp)
            hands.venue_ms = -10_000
            venue.abort()
            assert (await until(link, Stale)).stream == "clock"
            venue.infos["exchangeStatus"] = lambda _: web.Response(status=500)
            known = asked(venue)
            link.clock_doubted()
            link.clock_doubted()
            await eventually(lambda: not link._clock_asked)
            await asyncio.sleep(0.05)
            assert asked(venue) == known + 1

    run(story)
