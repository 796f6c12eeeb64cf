"""Streams: asked for in order, acknowledged by what they mean, stale one by one, put aside when they end connections."""

import itertools

from mm.exchange.hyperliquid.link_streams import Stream, Streams
from mm.protocol import Fresh, Stale
from tests.link.venue import ACCOUNT

STALE = {"l2Book": 100}


def made(coins: tuple[str, ...] = ("BTC", "ETH"), feeds: tuple[str, ...] = ("bbo", "l2Book")) -> Streams:
    streams = Streams(ACCOUNT, coins, feeds, STALE)
    streams.begin(0)
    return streams


def ask_all(streams: Streams, now: int = 0) -> list[Stream]:
    asked = []
    for stream in streams.to_ask(now):
        streams.asked(stream, now)
        asked.append(stream)
    return asked


def test_the_accounts_streams_come_first() -> None:
    asked = ask_all(made())
    assert [one.type for one in asked[:3]] == ["orderUpdates", "userFills", "userEvents"]
    assert [(one.type, one.coin) for one in asked[3:5]] == [("bbo", "BTC"), ("l2Book", "BTC")]
    assert asked[0].message() == (
        b'{"method":"subscribe","subscription":{"type":"orderUpdates","user":"%b"}}' % ACCOUNT.encode()
    )


def test_up_needs_the_two_and_complete_needs_all() -> None:
    streams = made()
    asked = ask_all(streams)
    for stream in asked:
        assert not streams.complete
        streams.ack(stream.key, 5)
        assert streams.up == (stream is not asked[0])
    assert streams.complete and streams.restless
    assert streams.ack("nonsense", 5) is None


def test_an_acknowledgement_of_what_was_not_asked_is_none() -> None:
    streams = made()
    assert streams.ack(streams.all[0].key, 1) is None
    assert not streams.begun


def test_each_coin_has_its_own_age() -> None:
    streams = made()
    for stream in ask_all(streams):
        streams.ack(stream.key, 0)
    assert streams.heard("l2Book", "BTC", 90) is None
    assert streams.fallen_silent(101) == [Stale("l2Book", "ETH", 101)]
    assert streams.fallen_silent(150) == []
    assert streams.heard("l2Book", "ETH", 160) == Fresh("l2Book", "ETH")
    assert streams.heard("l2Book", "DOGE", 160) is None
    assert streams.fallen_silent(191) == [Stale("l2Book", "BTC", 101)]


def test_what_was_stale_is_fresh_only_when_it_speaks() -> None:
    streams = made()
    ask_all(streams)
    assert len(streams.fallen_silent(500)) == 2
    streams.ended(500, by_venue=True)
    streams.begin(600)
    ask_all(streams, 600)
    assert streams.fallen_silent(700) == []
    # On the new connection it is judged anew: the reader may have taken the old word back with the old connection.
    assert streams.fallen_silent(701) == [Stale("l2Book", "BTC", 101), Stale("l2Book", "ETH", 101)]
    streams.ended(800, by_venue=True)
    streams.begin(900)
    assert streams.heard("l2Book", "BTC", 901) == Fresh("l2Book", "BTC")
    assert streams.heard("l2Book", "BTC", 902) is None


def test_what_is_put_aside_is_stale_again_on_each_connection() -> None:
    streams = made(coins=("BTC",))
    book = next(one for one in streams.all if one.type == "l2Book")
    streams.refused(book.key, 0)
    for begun in (0, 1_000, 2_000):
        streams.begin(begun)
        assert streams.fallen_silent(begun + 101) == [Stale("l2Book", "BTC", 101)]
        streams.ended(begun + 500, by_venue=False)


def test_data_without_an_acknowledgement_is_one() -> None:
    streams = made(feeds=("bbo",))
    asked = ask_all(streams)
    for stream in asked[:3]:
        streams.ack(stream.key, 0)
    streams.heard("bbo", "BTC", 1)
    streams.heard("bbo", "ETH", 1)
    assert streams.complete


def test_the_culprit_alone_is_put_aside() -> None:
    streams = made(coins=("BTC", "ETH", "SOL"), feeds=("bbo",))
    culprit = next(one for one in streams.all if one.coin == "ETH")
    aside: list[Stream] = []
    for round_ in range(30):
        now = round_ * 1_000
        streams.begin(now)
        while True:
            asked = ask_all(streams, now)
            if not asked:
                break
            if culprit in asked:
                break  # The venue closes the socket at it; what was asked after it is not acknowledged either.
            for stream in asked:
                streams.ack(stream.key, now)
        for stream in asked[: asked.index(culprit)] if culprit in asked else ():
            streams.ack(stream.key, now)
        if streams.complete and culprit.asked_ms is None:
            break
        aside += streams.ended(now, by_venue=True)
    assert aside == [culprit]
    assert round_ <= 6
    assert {one.coin for one in streams.all if one.acked} == {None, "BTC", "SOL"}
    # Some minutes later it gets another chance.
    streams.begin(10**7)
    while asked := ask_all(streams, 10**7):
        for stream in asked:
            streams.ack(stream.key, 10**7)
    assert streams.complete and culprit.acked


def test_what_we_ended_ourselves_is_nobodys_fault() -> None:
    streams = made()
    for now in range(50):
        streams.begin(now)
        ask_all(streams, now)
        assert streams.ended(now, by_venue=False) == []
    assert not any(one.strikes for one in streams.all)


def test_a_wrong_verdict_costs_seconds_and_a_right_one_is_not_asked_again_soon() -> None:
    streams = made(coins=("BTC",), feeds=("bbo",))
    now = 0
    again: list[int] = []
    while len(again) < 9:
        streams.begin(now)
        asked: list[Stream] = []
        while more := ask_all(streams, now):
            asked += more
            for stream in more[:3] if len(more) > 3 else more:
                if stream.type != "bbo":
                    streams.ack(stream.key, now)
        if any(one.type == "bbo" for one in asked) and streams.ended(now, by_venue=True):
            again.append(now)
        now += 1_000
    waits = [after - before for before, after in itertools.pairwise(again)]
    assert waits == [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000]


def test_what_the_link_cannot_be_without_is_never_put_aside() -> None:
    streams = made()
    needed = streams.all[0]
    for round_ in range(20):
        streams.begin(round_)
        assert needed in ask_all(streams, round_)
        assert streams.refused(needed.key, round_) is needed
        assert streams.ended(round_, by_venue=True) is not None
    assert needed.strikes == 0


def test_what_is_not_acknowledged_again_and_again_is_put_aside() -> None:
    streams = made()
    ask_all(streams)
    for stream in streams.all[:3]:
        streams.ack(stream.key, 0)
    late = streams.overdue(11, 10)
    assert late is streams.all[3]
    assert [streams.unanswered_again(late, 11) for _ in range(4)] == [False, False, False, True]
    assert late not in list(streams.to_ask(12))
