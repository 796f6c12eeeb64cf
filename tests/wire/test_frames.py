"""Frames from Python: one class each to match on; the book that never goes back; any bytes give an event."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm import BadInput, Side
from mm.wire import (
    Ack,
    ActionError,
    Bbo,
    Book,
    Broken,
    Data,
    Done,
    Event,
    Garbled,
    Greeting,
    ItemError,
    L2Book,
    Level,
    Pong,
    Post,
    Resting,
    StreamError,
    Surfaced,
    Trade,
    Trades,
    User,
    decode,
    read_answer,
    subscription_key,
)

D = Decimal
BID, ASK = Level("83757", "22.61305", 81), Level("83758", "0.00016")


def l2(time: int, bid: str = "100", ask: str = "101", coin: str = "BTC") -> L2Book:
    frame = (
        f'{{"channel":"l2Book","data":{{"coin":"{coin}","time":{time},"levels":'
        f'[[{{"px":"{bid}.0","sz":"1.0","n":1}},{{"px":"1.0","sz":"2.5","n":3}}],[{{"px":"{ask}.0","sz":"1.0","n":1}}]]}}}}'
    )
    event = decode(frame.encode())
    assert isinstance(event, L2Book)
    return event


def test_each_frame_has_its_class() -> None:
    def kind(frame: bytes) -> str:
        match decode(frame):
            case L2Book(coin, time, bids, asks):
                return f"{coin} {time} {len(bids)} {len(asks)}"
            case Bbo(coin=coin, bid=Level(px, sz, n)):
                return f"{coin} {px} {sz} {n}"
            case Trades(trades=(Trade(coin=coin, side=side, buyer=buyer),)):
                return f"{coin} {side.letter} {buyer}"
            case User(channel):
                return str(channel)
            case Ack(method, key):
                return f"{method} {key}"
            case StreamError(text):
                return str(text)
            case Post(post_id, kind, info_type, payload):
                return f"{post_id} {kind} {info_type} {payload!r}"
            case Data(channel=channel, data=data, dex=dex):
                return f"{channel} {data!r} {dex}"
            case Pong() | Greeting() as event:
                return repr(event)
            case Broken(why):
                return f"broken: {why}"
            case other:
                return repr(other)

    level = b'{"px":"1.5","sz":"2.0","n":1}'
    cases = {
        b'{"channel":"l2Book","data":{"coin":"A","time":1,"levels":[[' + level + b"],[]]}}": "A 1 1 0",
        b'{"channel":"bbo","data":{"coin":"A","time":1,"bbo":[' + level + b",null]}}": "A 1.5 2 1",
        b'{"channel":"trades","data":[{"coin":"A","side":"B","px":"1","sz":"1","time":1,"tid":2,"users":["0x1","0x2"]}]}': "A B 0x1",
        b'{"channel":"orderUpdates","data":[]}': "orderUpdates",
        b'{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"coin":"A","type":"bbo"}}}': (
            'subscribe {"type":"bbo","coin":"A"}'
        ),
        b'{"channel":"error","data":"no"}': "no",
        b'{"channel":"post","data":{"id":7,"response":{"type":"info","payload":{"type":"meta","data":[1]}}}}': (
            "7 info meta b'[1]'"
        ),
        b'{"channel":"openOrders","data":{"dex":"xyz","orders":[]}}': ('openOrders b\'{"dex":"xyz","orders":[]}\' xyz'),
        b'{"channel":"pong"}': "Pong()",
        b"Websocket connection established.": "Greeting()",
        b'{"channel":"l2Book","data":{"coin":"A","levels":[[],[]]}}': "broken: `time` is missing",
        b"{": "broken: the text ends at byte 1, in the middle of a value",
        b'{"channel":"allMids","data":{"mids":{"A":"1.5"}}}': "<Mids of 1 markets>",
        b'{"channel":"activeAssetCtx","data":{"coin":"A","ctx":{"markPx":"1.5"}}}': (
            "<AssetCtx A mark_px=1.5 oracle_px=None mid_px=None>"
        ),
    }
    assert {frame: kind(frame) for frame in cases} == cases


def test_records_can_be_pasted_back_and_compared() -> None:
    classes: list[type] = [Ack, Bbo, Broken, Data, L2Book, Level, Post, Surfaced, Trade, Trades, User]
    classes += [ActionError, Done, Garbled, ItemError, Pong, Resting, StreamError]
    names = {cls.__name__: cls for cls in classes}
    trade = Trade("BTC", "A", "1.5", "2", 3, 4, "0x1", "0xa", "0xb")
    records: list[Any] = [
        *(BID, Bbo("BTC", 1, BID, None), L2Book("BTC", 1, [BID], [ASK]), trade, Trades([trade]), User("user")),
        *(Ack("subscribe", "{}"), Broken("why"), Data("news", b"{}", user="0x1"), Surfaced(1, "why", b"7")),
        *(Post(1, "info", None, b"{}"), StreamError("text"), Resting(7), Done(), Pong(), ItemError("x")),
    ]
    for record in records:
        again = eval(repr(record), {**names, "Decimal": Decimal, "Side": _Sides})
        assert again == record and record != 7
    assert hash(BID) == hash(Level(D("83757.0"), D("22.613050"), 81))


class _Sides:
    """`Side.SELL` as the enum prints itself."""

    BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize("frame", ["{}", bytearray(b"{}"), None, 7, memoryview(b"{}")])
def test_a_frame_is_bytes(frame: Any) -> None:
    for call in (decode, lambda body: read_answer(body, 1)):
        with pytest.raises(BadInput, match="is not bytes"):
            call(frame)


def test_what_others_made_is_checked() -> None:
    cases: list[tuple[Any, str]] = [
        (lambda: Level("0", "1"), "px"),
        (lambda: Level("1", "-1"), "sz"),
        (lambda: Level(1.5, "1"), "px"),  # type: ignore[arg-type]
        (lambda: L2Book("BTC", 1, [Level(1, 1), Level(2, 1)], []), "bids"),
        (lambda: L2Book("BTC", 1, [], [Level(2, 1), Level(2, 1)]), "asks"),
        (lambda: L2Book("BTC", -1, [], []), "time"),
        (lambda: L2Book("BTC", 1, 7, []), "bids"),  # type: ignore[arg-type]
        (lambda: Trades([7]), "trades"),  # type: ignore[list-item]
        (lambda: Book("BTC").apply(7, 1), "event"),  # type: ignore[arg-type]
        (lambda: Book("BTC").apply(l2(1), -1), "received_ms"),
        (lambda: Book("ETH").apply(l2(1), 1), "event"),
    ]
    for make, field in cases:
        with pytest.raises((BadInput, ValueError)) as caught:
            make()
        assert getattr(caught.value, "field", None) == field


def test_an_older_time_never_replaces_a_newer_one() -> None:
    book = Book("BTC")
    assert (book.bid, book.mid, book.time, book.age_ms(5)) == (None, None, None, None)
    assert book.apply(l2(1_000), 50)
    assert (book.mid, book.time, book.depth_time) == (D("100.5"), 1_000, 1_000)
    assert book.apply(Bbo("BTC", 1_500, BID, ASK), 60)
    assert (book.bid, book.ask, book.mid, book.time) == (BID, ASK, D("83757.5"), 1_500)
    assert len(book.bids) == 2 and book.depth_time == 1_000
    assert book.apply(l2(1_200, "90", "91"), 70), "newer depth, older touch"
    assert (book.bid, book.bids[0].px, book.time, book.depth_time) == (BID, D(90), 1_500, 1_200)
    assert not book.apply(l2(1_100), 80)
    assert not book.apply(Bbo("BTC", 1_499, None, None), 90)
    assert (book.bid, book.depth_time, book.dropped, book.received_ms) == (BID, 1_200, 2, 70)
    assert (book.age_ms(100), book.age_ms(60)) == (30, 0)
    assert book.apply(Bbo("BTC", 1_500, None, ASK), 95), "the same block once more"
    assert (book.bid, book.mid) == (None, None)
    book.clear()
    empty: tuple[Any, ...] = (book.ask, book.time, book.received_ms, book.bids, book.dropped)
    assert empty == (None, None, None, (), 0)


def test_a_best_level_that_cannot_be_read_is_no_best() -> None:
    frame = (
        b'{"channel":"l2Book","data":{"coin":"A","time":1,"levels":[[{"px":"x"},{"px":"1.0","sz":"1.0","n":1}],[]]}}'
    )
    event = decode(frame)
    assert isinstance(event, L2Book)
    assert event.bid is None and [level.px for level in event.bids] == [1]
    assert event.surfaced == (Surfaced(0, "`px` is not a plain decimal number", b'{"px":"x"}'),)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(1, 9)), max_size=30))
def test_the_book_is_the_newest_told_in_whatever_order(told: list[tuple[bool, int, int]]) -> None:
    book, touch, depth = Book("BTC"), None, None
    for now, (fast, time, px) in enumerate(told):
        level = Level(px, 1)
        book.apply(Bbo("BTC", time, level, None) if fast else L2Book("BTC", time, [level], []), now)
        if touch is None or time >= touch[0]:
            touch = (time, level)
        if not fast and (depth is None or time >= depth[0]):
            depth = (time, level)
    assert (book.time, book.bid) == (touch or (None, None))
    assert book.depth_time == (depth and depth[0]) and book.bids == ((depth[1],) if depth else ())


def test_one_book_in_many_threads() -> None:
    book = Book("BTC")

    def work(first: int) -> None:
        for time in range(first, first + 400):
            book.apply(Bbo("BTC", time, Level(time, 1), None), time)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (book.time, book.bid) == (403, Level(403, 1))


def test_errors_of_the_stream_say_what_they_speak_of() -> None:
    error = StreamError('Already subscribed: {"type":"bbo","coin":"BTC"}')
    assert (error.kind, error.key) == ("AlreadySubscribed", subscription_key('{"coin":"BTC","type":"bbo"}'))
    assert (StreamError("too many pending post requests id=9").post_id, StreamError("new").kind) == (9, "Unknown")
    ack = decode(
        b'{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC","nSigFigs":null}}}'
    )
    assert isinstance(ack, Ack) and (ack.type, ack.key) == (
        "l2Book",
        subscription_key(b'{"type":"l2Book","coin":"BTC"}'),
    )
    for bad in ("", "[]", b"{", 7):
        with pytest.raises(BadInput):
            subscription_key(bad)  # type: ignore[arg-type]


def test_answers_over_the_socket_and_over_rest_are_one() -> None:
    body = b'{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":7}},{"error":"no"}]}}}'
    frame = b'{"channel":"post","data":{"id":3,"response":{"type":"action","payload":' + body + b"}}}"
    post = decode(frame)
    assert isinstance(post, Post) and post.error is None
    assert post.outcomes(2) == read_answer(body, 2) == (Resting(7), ItemError("no"))
    assert isinstance(post.outcomes(3)[0], Garbled) and len(post.outcomes(3)) == 1
    refused = Post(4, "error", None, b'"429 Too Many Requests"')
    assert refused.error == "429 Too Many Requests" and refused.outcomes(2) == (Garbled("429 Too Many Requests"),)
    odd = decode(b'{"channel":"post","data":{"id":5,"response":{"type":"error"}}}')
    assert isinstance(odd, Post) and (odd.post_id, odd.kind, odd.error) == (5, "", None)
    assert odd.outcomes(2) == (Garbled('the answer to a post of type "": {"type":"error"}'),)
    assert read_answer(b"null", 2, 422) == (ActionError("422 null"),)
    assert read_answer(b"<html>", 1, 200, "text/html") == (Garbled("text/html <html>"),)
    for items in (0, -1, 10_001, True, 1.0, None):
        with pytest.raises(BadInput, match="items"):
            read_answer(body, items)  # type: ignore[arg-type]


@pytest.mark.fuzz
@given(st.binary(max_size=300) | st.text('{}[]":,channeldat0.bo', max_size=80).map(str.encode))
def test_any_bytes_give_an_event(frame: bytes) -> None:
    assert isinstance(decode(frame), Event)
    outcome = read_answer(frame, 3)
    assert len(outcome) == 1 and isinstance(outcome[0], Garbled)
