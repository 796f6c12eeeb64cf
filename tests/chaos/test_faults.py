"""Every fault does what its name says, and nothing else; by seed they are the same each time."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from time import monotonic

import aiohttp
import pytest

from mm.errors import BadInput
from mm.sim.faults import CATALOGUE, CHANNELS, PER, Faults, channel_of, corrupted, rate_of
from tests.chaos.wire import BBO, ORDER_UPDATES, USER_FILLS, Wire, channels, heard, wired

Check = Callable[[Wire], Awaitable[None]]


# --- chance -----------------------------------------------------------------------------------------


def story(faults: Faults, name: str, length: int = 2_000) -> list[int | None]:
    return [faults.hit(name) for _ in range(length)]


def test_one_seed_tells_one_story() -> None:
    rates = {"exchange.reply_lost": 100_000, "userFills.late": 50_000}
    one, same, other = Faults(7, rates), Faults(7, rates), Faults(8, rates)
    for name in rates:
        first = story(one, name)
        assert first == story(same, name)
        assert first != story(other, name)


def test_a_rate_leaves_the_story_of_the_others_alone() -> None:
    alone = Faults(7, {"userFills.late": 50_000})
    beside = Faults(7, {"userFills.late": 50_000, "ws.abort": 900_000})
    story(beside, "ws.abort")
    assert story(alone, "userFills.late") == story(beside, "userFills.late")


def test_a_rate_is_what_it_says() -> None:
    faults = Faults(1, {"ack.lost": 250_000})
    hits = sum(hit is not None for hit in story(faults, "ack.lost", 10_000))
    assert 2_300 < hits < 2_700
    assert faults.counts["ack.lost"] == hits


def test_on_command_it_strikes_next_and_so_many_times() -> None:
    faults = Faults()
    faults.inject("exchange.late", times=2, ms=123)
    assert story(faults, "exchange.late", 4) == [123, 123, None, None]
    faults.inject("exchange.late")
    faults.heal()
    assert faults.hit("exchange.late") is None


@pytest.mark.parametrize("text", ["", "x", "-0.1", "1.1", "nan", "inf"])
def test_a_rate_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        rate_of(text)
    assert caught.value.field == "rate"


def test_unknown_names_and_wild_numbers_are_refused() -> None:
    faults = Faults()
    wrong: list[Callable[[], None]] = [
        lambda: faults.rate("ack.nonsense", 1),
        lambda: faults.rate("ack.lost", PER + 1),
        lambda: faults.inject("nonsense"),
        lambda: faults.inject("ack.lost", times=0),
        lambda: faults.inject("ack.late", ms=-1),
    ]
    for call in wrong:
        with pytest.raises(BadInput):
            call()
    assert story(faults, "ack.lost", 10) == [None] * 10


def test_what_is_corrupted_is_no_json() -> None:
    for data in (b"[]", b"{}", b'{"status":"ok"}', b'[{"coin":"BTC"}]', b'"success"'):
        for mojibake in (False, True):
            with pytest.raises(ValueError):
                json.loads(corrupted(data, mojibake))


def test_messages_find_their_channel() -> None:
    frames = {b'{"channel":"pong"}': "pong", b'{"channel":"user","data":{}}': "userFills", b"[]": "other", b"": "other"}
    assert {frame: channel_of(frame) for frame in frames} == frames
    assert channel_of(b'{"channel":"error","data":"{\\"channel\\":\\"pong\\"}"}') == "other"


# --- HTTP -------------------------------------------------------------------------------------------


async def post(wire: Wire) -> tuple[int, str, bytes] | type[BaseException]:
    """What the client sees of one order."""
    try:
        return await wire.post("exchange", wire.placing())
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error)


@pytest.mark.parametrize(
    ("kind", "status", "executed"),
    [("429", {429}, 0), ("500", {500, 502, 503, 504}, 0), ("reply_500", {500, 502, 503, 504}, 1)],
)
def test_a_status_says_whether_it_was_executed_only_to_us(kind: str, status: set[int], executed: int) -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject(f"exchange.{kind}")
        seen = await post(wire)
        assert isinstance(seen, tuple) and seen[0] in status
        assert wire.resting() == executed
        assert (await wire.place())["status"] == "ok"

    wired(check)


@pytest.mark.parametrize(("kind", "executed"), [("lost", 0), ("reply_lost", 1), ("late", 0)])
def test_no_answer_comes(kind: str, executed: int) -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject(f"exchange.{kind}", ms=500)
        assert await post(wire) is TimeoutError
        assert wire.resting() == executed
        await asyncio.sleep(0.4)  # what is late is executed all the same, though its client gave up
        assert wire.resting() == (1 if kind == "late" else executed)

    wired(check)


@pytest.mark.parametrize(("kind", "executed"), [("reset", 0), ("reply_reset", 1), ("reply_cut", 1)])
def test_the_connection_breaks(kind: str, executed: int) -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject(f"exchange.{kind}")
        seen = await post(wire)
        assert isinstance(seen, type) and issubclass(seen, aiohttp.ClientError)
        assert wire.resting() == executed

    wired(check)


def test_a_request_arrives_twice_and_the_first_answer_counts() -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject("exchange.twice", ms=1)
        seen = await post(wire)
        assert isinstance(seen, tuple) and json.loads(seen[2])["status"] == "ok"
        assert wire.resting() == 1  # the nonce refused the copy

    wired(check)


def test_bodies_that_are_no_answers() -> None:
    async def check(wire: Wire) -> None:
        for kind, type_ in (
            *(("reply_html", "text/html"), ("reply_page", "text/html"), ("reply_empty", "application/json")),
            *(("reply_truncated", "application/json"), ("reply_corrupt", "application/json")),
        ):
            wire.faults.inject(f"exchange.{kind}")
            seen = await post(wire)
            assert isinstance(seen, tuple), kind
            assert seen[0] == (502 if kind == "reply_html" else 200)
            assert seen[1] == type_
            with pytest.raises(ValueError):
                json.loads(seen[2])
        assert wire.resting() == 5

    wired(check)


def test_a_wrong_content_type_and_a_trickled_body_are_whole_all_the_same() -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject("exchange.reply_type")
        seen = await post(wire)
        assert isinstance(seen, tuple) and seen[1] == "text/plain"
        assert json.loads(seen[2])["status"] == "ok"
        wire.faults.inject("exchange.reply_trickled", ms=1)
        began = monotonic()
        seen = await post(wire)
        assert isinstance(seen, tuple) and json.loads(seen[2])["status"] == "ok"
        assert monotonic() - began > 0.05

    wired(check)


def test_an_answer_is_late() -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject("exchange.reply_late", ms=150)
        began = monotonic()
        assert (await wire.place())["status"] == "ok"
        assert monotonic() - began > 0.14

    wired(check)


def test_a_stale_read_tells_what_was() -> None:
    async def check(wire: Wire) -> None:
        ask = {"type": "openOrders", "user": wire.placing()["signature"]["r"]}
        before = await wire.post("info", ask)
        await wire.place()
        wire.faults.inject("info.stale")
        assert await wire.post("info", ask) == before
        assert len(json.loads((await wire.post("info", ask))[2])) == 1

    wired(check)


def test_every_http_fault_leaves_the_next_request_alone() -> None:
    async def check(wire: Wire) -> None:
        for name in CATALOGUE:
            if name.startswith(("exchange.", "info.")):
                path = name.partition(".")[0]
                wire.faults.inject(name, ms=10)
                body = wire.placing() if path == "exchange" else {"type": "allMids"}
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    await wire.post(path, body)
                wire.faults.heal()
                assert (await wire.place())["status"] == "ok", name
                assert wire.faults.counts[name] == (0 if name == "info.stale" else 1) or name == "info.stale"

    wired(check)


# --- WebSocket --------------------------------------------------------------------------------------


def test_an_untouched_socket_tells_everything_in_order() -> None:
    async def check(wire: Wire) -> None:
        async with wire.ws(ORDER_UPDATES, USER_FILLS) as ws:
            await wire.place()
            told = channels(await heard(ws))
            assert told == ["subscriptionResponse", "subscriptionResponse", "userFills", "orderUpdates"]

    wired(check)


@pytest.mark.parametrize(
    ("kind", "times"), [("lost", 0), ("late", 1), ("twice", 2), ("truncated", 1), ("corrupt", 1), ("swapped", 1)]
)
@pytest.mark.parametrize("channel", ["orderUpdates", "userFills", "ack", "market", "pong"])
def test_a_message_meets_its_fault(channel: str, kind: str, times: int) -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject(f"{channel}.{kind}", ms=20)
        stream = {"orderUpdates": ORDER_UPDATES, "userFills": USER_FILLS, "market": BBO}.get(channel, BBO)
        async with wire.ws(stream) as ws:
            await ws.send_json({"method": "ping"})
            if channel == "orderUpdates":
                await wire.place()
            told = channels(await heard(ws, 0.5))
            word = {"ack": "subscriptionResponse", "market": "bbo"}.get(channel, channel)
            broken = kind in ("truncated", "corrupt")
            assert told.count("broken" if broken else word) == times
            assert told.count(word) == (0 if broken else times)

    wired(check)


def test_an_acknowledgement_may_come_behind_the_first_data() -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject("ack.swapped")
        async with wire.ws(USER_FILLS) as ws:
            assert channels(await heard(ws)) == ["userFills", "subscriptionResponse"]

    wired(check)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011])
def test_a_socket_is_closed_with_its_code(code: int) -> None:
    async def check(wire: Wire) -> None:
        async with wire.ws(BBO) as ws:
            await heard(ws, 0.1)
            await wire.control.command({"do": "close", "code": code})
            await heard(ws)
            assert ws.close_code == code
        wire.faults.inject(f"ws.close_{code}")
        async with wire.ws(BBO) as ws:
            await heard(ws)
            assert ws.close_code == code

    wired(check)


def test_a_socket_breaks_without_a_closing_frame() -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject("ws.abort")
        async with wire.ws(BBO) as ws:
            await heard(ws)
            assert ws.close_code == 1006
        assert wire.server.sockets == 0

    wired(check)


def test_half_open_listens_and_says_nothing_and_dead_does_not_even_listen() -> None:
    async def check(wire: Wire) -> None:
        for kind, executed in (("silent", 1), ("dead", 0)):
            before = wire.resting()
            async with wire.ws(BBO) as ws:
                await heard(ws, 0.1)
                await wire.control.command({"do": "silence", "dead": kind == "dead"})
                request = {"type": "action", "payload": wire.placing()}
                await ws.send_json({"method": "post", "id": 1, "request": request})
                await ws.send_json({"method": "ping"})
                await ws.ping()
                assert await heard(ws) == []
                assert not ws.closed
                assert wire.resting() - before == executed
                await wire.control.command({"do": "close", "code": 1006})

    wired(check)


def test_a_post_meets_what_a_request_meets() -> None:
    async def check(wire: Wire) -> None:
        async with wire.ws() as ws:
            for number, (kind, executed, answers) in enumerate(
                (("lost", 0, 0), ("429", 0, 1), ("late", 1, 1), ("twice", 1, 2)), start=1
            ):
                before = wire.resting()
                wire.faults.inject(f"post.{kind}", ms=30)
                request = {"type": "action", "payload": wire.placing()}
                await ws.send_json({"method": "post", "id": number, "request": request})
                messages = await heard(ws)
                assert wire.resting() - before == executed, kind
                assert len(messages) == answers, kind
                for message in messages:
                    assert json.loads(message.data)["data"]["id"] == number
                if kind == "429":
                    assert json.loads(messages[0].data)["data"]["response"]["type"] == "error"

    wired(check)


def test_connections_are_refused_for_a_while() -> None:
    async def check(wire: Wire) -> None:
        wire.faults.inject("ws.refused")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with wire.ws():
                pass
        refusing = asyncio.ensure_future(wire.control.command({"do": "refuse", "ms": 200}))
        await asyncio.sleep(0.05)
        with pytest.raises(aiohttp.ClientConnectorError):
            async with aiohttp.ClientSession() as fresh:
                await fresh.get(wire.server.url)
        await refusing
        assert (await wire.place())["status"] == "ok"

    wired(check)


def test_every_channel_has_a_name() -> None:
    assert set(CHANNELS) == {name.partition(".")[0] for name in CATALOGUE} - {"exchange", "info", "post", "ws"}
