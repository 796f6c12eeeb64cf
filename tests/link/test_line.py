"""The line: subscribed, acknowledged, watched, and made anew whatever ended it; and told exactly once."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from mm._core.sign import Signer
from mm.errors import EngineFault
from mm.exchange.hyperliquid.limits import CONNECTIONS, Limits, SocketBudget
from mm.exchange.hyperliquid.link import Link
from mm.exchange.hyperliquid.link_settings import Settings
from mm.exchange.hyperliquid.socket import Socket, connect
from mm.protocol import Answer, AskOrder, Frame, Fresh, LinkDown, LinkUp, Market, OrderReply, ReadFailed, Stale, Warned
from tests.link.helpers import QUICK, eventually, linked, place, rest, run, until
from tests.link.venue import ACCOUNT, KEY, Venue, bbo, l2_book, running

USER_FILLS = {"channel": "userFills", "data": {"isSnapshot": True, "user": ACCOUNT, "fills": []}}


def test_everything_is_subscribed_to_and_the_link_is_up() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, coins=("BTC", "ETH")) as link:
            assert await until(link, LinkUp) == LinkUp(1)
            assert link.up
            await eventually(lambda: len(venue.subscribed) == 11)
            user = [one for one in venue.subscribed if "user" in one]
            assert [one["type"] for one in user] == ["orderUpdates", "userFills", "userEvents"]
            assert all(one == {"type": one["type"], "user": ACCOUNT} for one in user)  # Never aggregateByTime.
            assert {"type": "l2Book", "coin": "ETH", "fast": True} in venue.subscribed
            assert link.limits.sockets.subscriptions == 11

    run(story)


@pytest.mark.parametrize("missing", ["orderUpdates", "userFills"])
def test_not_up_before_both_are_acknowledged(missing: str) -> None:
    async def story() -> None:
        async with running(ack=lambda one: one["type"] != missing) as venue, linked(venue, ack_timeout_ms=150) as link:
            down = await until(link, LinkDown)
            assert missing in down.why and not link.up
            venue.ack = lambda _: True
            assert await until(link, LinkUp) == LinkUp(1)

    run(story)


def test_an_acknowledgement_is_matched_however_it_is_written() -> None:
    async def told(_venue: Venue, socket: web.WebSocketResponse, one: dict[str, Any]) -> None:
        shouted = {name: value.upper().replace("0X", "0x") if name == "user" else value for name, value in one.items()}
        extra = {"nSigFigs": None, "mantissa": None} if one["type"] == "l2Book" else {}
        answer = {"subscription": {**extra, **shouted}, "method": "subscribe"}
        await socket.send_json({"data": answer, "channel": "subscriptionResponse"})

    async def story() -> None:
        async with running(ack=lambda _: False, on_subscribe=told) as venue, linked(venue) as link:
            await until(link, LinkUp)
            assert link._line is not None
            await eventually(lambda: link._line is not None and link._line._streams.complete)

    run(story)


def test_user_frames_come_byte_for_byte_and_markets_decoded() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            text = json.dumps(USER_FILLS, indent=1)
            await venue.tell(text)
            assert await until(link, Frame) == Frame(text.encode())
            await venue.tell(bbo())
            event: Any = (await until(link, Market)).event
            assert event.coin == "BTC" and str(event.bid.px) == "83757"

    run(story)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 3000, 4999])
def test_any_close_code_is_a_loss(code: int) -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            await venue.close(code)
            down = await until(link, LinkDown)
            assert str(code) in down.why
            assert await until(link, LinkUp) == LinkUp(2)

    run(story)


def test_a_close_without_a_frame_is_a_loss() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            venue.abort()
            assert "without a close frame" in (await until(link, LinkDown)).why
            assert await until(link, LinkUp) == LinkUp(2)
            assert link._line is not None and link._line.attempts == 1

    run(story)


def test_failures_are_forgotten_after_a_recovery() -> None:
    async def story() -> None:
        async with running(refuse_sockets=True) as venue, linked(venue, steady_ms=50) as link:
            line = link._line
            assert line is not None
            await eventually(lambda: line.attempts > 3)
            venue.refuse_sockets = False
            await until(link, LinkUp)
            assert line.attempts > 3
            await eventually(lambda: line.attempts == 0)
            venue.abort()
            await until(link, LinkDown)
            assert line.attempts == 1

    run(story)


def test_down_is_told_once_however_often_it_fails() -> None:
    async def story() -> None:
        async with running(refuse_sockets=True) as venue, linked(venue) as link:
            await until(link, LinkDown)
            assert not [fact for fact in await rest(link, 200) if isinstance(fact, LinkDown)]

    run(story)


def test_pings_go_out_and_a_dead_peer_is_noticed() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, ping_every_ms=40, pong_patience_ms=120) as link:
            await until(link, LinkUp)
            await eventually(lambda: venue.pings >= 3)
            assert link.up
            venue.pong = False
            assert "ping" in (await until(link, LinkDown)).why

    run(story)


def test_silence_is_a_loss_where_a_feed_never_rests() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, silence_ms=100) as link:
            await until(link, LinkUp)
            assert "silent" in (await until(link, LinkDown)).why

    run(story)


def test_silence_is_no_loss_where_nothing_is_to_be_said() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, coins=(), silence_ms=30) as link:
            await until(link, LinkUp)
            assert not await rest(link, 200)

    run(story)


def test_one_silent_stream_is_stale_though_the_socket_lives() -> None:
    async def story() -> None:
        stale = {"l2Book": 80}
        async with running() as venue, linked(venue, coins=("BTC", "ETH"), stale_ms=stale) as link:
            await until(link, LinkUp)
            told: list[Any] = []
            for _ in range(20):
                await venue.tell(l2_book("BTC"))
                told += await rest(link, 10)
            alarms = [one for one in told if isinstance(one, Stale)]
            assert [(one.stream, one.coin) for one in alarms] == [("l2Book", "ETH")]
            assert alarms[0].age_ms > 80
            await venue.tell(l2_book("ETH"))
            assert await until(link, Fresh) == Fresh("l2Book", "ETH")
            assert link.up

    run(story)


def test_a_chain_that_stands_still_is_told_though_feeds_go_on() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, blocks_still_ms=80) as link:
            await until(link, LinkUp)
            told: list[Any] = []
            for _ in range(20):
                await venue.tell(l2_book("BTC", 1_790_000_000_000))
                told += await rest(link, 10)
            assert [(one.stream, one.coin) for one in told if isinstance(one, Stale)] == [("blocks", None)]
            # A new connection is judged anew: what was told of the one before was taken back with it.
            venue.abort()
            await until(link, LinkUp)
            told.clear()
            for _ in range(20):
                await venue.tell(l2_book("BTC", 1_790_000_000_000))
                told += await rest(link, 10)
            assert [(one.stream, one.coin) for one in told if isinstance(one, Stale)] == [("blocks", None)]
            await venue.tell(l2_book("BTC", 1_790_000_000_001))
            assert await until(link, Fresh) == Fresh("blocks", None)
            assert link.up

    run(story)


def test_an_overflow_is_a_gap_that_is_told() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, facts_most=50) as link:
            await until(link, LinkUp)
            link.send(AskOrder(1, 77))
            await eventually(lambda: any(isinstance(one, OrderReply) for one in link._facts))
            for _ in range(60):
                await venue.tell(bbo())
            await eventually(lambda: venue.connections == 2)
            await eventually(lambda: link.up)
            facts = await rest(link)
            kinds = [type(one) for one in facts]
            assert kinds[:4] == [OrderReply, LinkDown, Fresh, LinkUp], facts
            assert facts[1] == LinkDown("overflow") and facts[3] == LinkUp(2)

    run(story)


@pytest.mark.parametrize("answers", [0, 40], ids=["streams", "answers"])
@pytest.mark.parametrize("stops", [True, False])
def test_what_is_told_of_the_clock_outlives_an_overflow(stops: bool, answers: int) -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, facts_most=50) as link:
            await until(link, LinkUp)
            venue.infos["exchangeStatus"] = lambda _: web.Response(status=500)  # Read again on each connection.
            link.skew.offset_ms = 5_000 if not stops else 0
            link._tell_clock()
            await rest(link, 20)
            link.skew.offset_ms = 5_000 if stops else 0
            link._tell_clock()
            for n in range(answers):
                link.emit(ReadFailed(n, "x"))
            for _ in range(60):
                link.emit(Warned("x", "y"))
            told = [one for one in await rest(link) if isinstance(one, Stale | Fresh)]
            assert told == [Stale("clock", None, 5_000) if stops else Fresh("clock", None)]

    run(story)


def test_a_frame_that_cannot_be_read_is_a_gap() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            await venue.tell(json.dumps(USER_FILLS)[:-10].replace("userFills", "openOrders"))
            assert isinstance(await until(link, Warned), Warned)
            assert "cannot be read" in (await until(link, LinkDown)).why
            await until(link, LinkUp)

    run(story)


def test_a_broken_market_frame_is_only_a_word() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            for _ in range(3):
                await venue.tell(json.dumps(bbo())[:-10])
            assert [type(one) for one in await rest(link, 150)] == [Warned]
            assert link.up

    run(story)


@pytest.mark.parametrize("text", ["Websocket connection established.", "Welcome!", None])
def test_a_greeting_is_passed_over(text: str | None) -> None:
    async def story() -> None:
        async with running(greeting=text) as venue, linked(venue) as link:
            assert await until(link, LinkUp) == LinkUp(1)

    run(story)


def test_a_frame_of_more_than_the_bound_ends_the_connection() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, frame_most=10_000) as link:
            await until(link, LinkUp)
            await venue.tell('{"channel":"x","data":"' + "y" * 20_000 + '"}')
            await until(link, LinkDown)
            assert await until(link, LinkUp) == LinkUp(2)

    run(story)


def test_fragments_are_put_together_and_bounded() -> None:
    def part(opcode: int, payload: bytes, fin: bool) -> bytes:
        return struct.pack("!BBH", opcode | (0x80 if fin else 0), 126, len(payload)) + payload

    async def story() -> None:
        async with running() as venue, linked(venue, frame_most=10_000) as link:
            await until(link, LinkUp)
            text = json.dumps({**USER_FILLS, "pad": "x" * 600}).encode()
            (socket,) = venue.sockets
            assert socket._req is not None and socket._req.transport is not None
            transport = socket._req.transport
            transport.write(part(1, text[:200], False) + part(0, text[200:400], False) + part(0, text[400:], True))
            assert await until(link, Frame) == Frame(text)
            transport.write(part(1, b"{" * 6_000, False) + part(0, b"{" * 6_000, False))
            assert "too large" in (await until(link, LinkDown)).why
            await until(link, LinkUp)

    run(story)


def test_a_coin_that_closes_the_socket_is_put_aside() -> None:
    async def closes(_venue: Venue, socket: web.WebSocketResponse, one: dict[str, Any]) -> None:
        if one.get("coin") == "ETH" and one["type"] == "trades":
            assert socket._req is not None and socket._req.transport is not None
            socket._req.transport.abort()

    async def story() -> None:
        async with running(on_subscribe=closes) as venue, linked(venue, coins=("BTC", "ETH")) as link:
            told = await until(link, Warned)
            assert '"trades"' in told.what and "ETH" in told.what and "aside" in told.text
            await eventually(lambda: link.up)
            await asyncio.sleep(0.1)
            before = venue.connections
            assert before < 10
            await asyncio.sleep(0.2)
            assert venue.connections == before and link.up
            assert link._line is not None and link._line._streams.complete

    run(story)


def test_a_refused_market_is_put_aside_and_a_refused_account_ends_it() -> None:
    names = ["bbo"]

    def refused(one: dict[str, Any]) -> bool:
        return one["type"] in names

    async def refuses(_venue: Venue, socket: web.WebSocketResponse, one: dict[str, Any]) -> None:
        if refused(one):
            await socket.send_json({"channel": "error", "data": "Invalid subscription " + json.dumps(one)})

    async def story() -> None:
        async with running(on_subscribe=refuses, ack=lambda one: not refused(one)) as venue, linked(venue) as link:
            await until(link, LinkUp)
            told = [one for one in await rest(link) if isinstance(one, Warned)]
            assert len(told) == 1 and link.up
            names.append("userFills")
            venue.abort()
            await until(link, LinkDown)
            await asyncio.sleep(0.1)
            assert not link.up
            names.remove("userFills")
            await until(link, LinkUp)

    run(story)


def test_already_subscribed_counts_as_an_acknowledgement() -> None:
    async def already(_venue: Venue, socket: web.WebSocketResponse, one: dict[str, Any]) -> None:
        await socket.send_json({"channel": "error", "data": "Already subscribed: " + json.dumps(one)})

    async def story() -> None:
        async with running(on_subscribe=already, ack=lambda _: False) as venue, linked(venue) as link:
            await until(link, LinkUp)

    run(story)


def test_no_more_connections_in_a_minute_than_the_venue_takes() -> None:
    async def story() -> None:
        limits = Limits(sockets=SocketBudget(new_connections=5))
        async with running(refuse_sockets=True) as venue, linked(venue, limits=limits, backoff_most_ms=2) as link:
            await asyncio.sleep(0.3)
            assert limits.sockets._connects.used(link._clock.steady_ms()) == 5
            assert limits.sockets.connections == 0
            assert limits.sockets.connect_in_ms(link._clock.steady_ms()) > 59_000

    run(story)


def test_links_of_one_machine_share_their_sockets() -> None:
    async def story() -> None:
        limits = Limits(sockets=SocketBudget(new_connections=10**6))
        limits.sockets.connections = CONNECTIONS - 1
        async with running() as venue, linked(venue, limits=limits) as one, linked(venue, limits=limits) as two:
            await until(one, LinkUp)
            assert not await rest(two, 100)
            await one.close()
            await until(two, LinkUp)

    run(story)


def test_an_address_that_leads_nowhere_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:  # N13, N9
    async def story() -> None:
        loop = asyncio.get_running_loop()
        known, dial = loop.getaddrinfo, loop.sock_connect
        nowhere = ("127.0.0.9", 9)

        async def two(*args: Any, **told: Any) -> list[Any]:
            found = await known(*args, **told)
            return [(*found[0][:4], nowhere), *found]

        async def connects(sock: socket.socket, address: Any) -> None:
            await (asyncio.sleep(60) if address == nowhere else dial(sock, address))

        monkeypatch.setattr(loop, "getaddrinfo", two)
        monkeypatch.setattr(loop, "sock_connect", connects)
        async with running() as venue:
            told = {"timeout_ms": 600, "most": 10**6}
            opened = await connect(venue.url.replace("http", "ws") + "/ws", lambda _: None, lambda _: None, **told)
            opened.abort("enough")
            await opened.wait_closed()

    run(story)


def test_a_program_that_blocks_the_loop_loses_no_answer_and_no_connection() -> None:  # P5
    async def story() -> None:
        told: dict[str, Any] = {
            "silence_ms": 500,
            "ping_every_ms": 200,
            "pong_patience_ms": 400,
            "post_timeout_ms": 400,
        }
        async with running() as venue, linked(venue, **told) as link:
            await until(link, LinkUp)
            await venue.tell(l2_book())
            await until(link, Market)
            for blocked_s in (0.7, 1.1):
                link.send(place(link))
                await asyncio.sleep(0)
                time.sleep(blocked_s)  # noqa: ASYNC251 - that is the point
                assert (await until(link, Answer)).nonce
            assert venue.connections == 1

    run(story)


def test_a_fault_of_our_own_is_seen_by_the_reader() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            assert link._line is not None

            def broken(_: bytes) -> None:
                raise ZeroDivisionError("a bug")

            link._line._read = broken  # type: ignore[method-assign,assignment]
            await venue.tell(bbo())
            with pytest.raises(EngineFault) as caught:
                await until(link, LinkDown)
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
            assert not link.up

    run(story)


def test_a_task_that_dies_is_seen_by_the_reader() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)

            async def dies() -> None:
                raise KeyError("a bug")

            link._start(dies())
            with pytest.raises(EngineFault, match="KeyError"):
                await link.receive(link.now_ms + 1_000)

    run(story)


class Plain:
    """A socket that is none: it acknowledges everything, and ends when it is told to."""

    def __init__(self, on_message: Callable[[bytes], None], on_closed: Callable[[str], None]) -> None:
        self.on_message, self.on_closed, self.sent = on_message, on_closed, list[bytes]()

    def send(self, text: bytes) -> bool:
        self.sent.append(text)
        if b'"subscribe"' in text:
            asked = json.loads(text)
            self.on_message(json.dumps({"channel": "subscriptionResponse", "data": asked}).encode())
        return True

    def abort(self, why: str) -> None:
        self.on_closed(why)

    async def wait_closed(self) -> None:
        pass


def test_another_socket_fits_in_its_place() -> None:
    made: list[Plain] = []

    async def connect(
        _url: str, on_message: Callable[[bytes], None], on_closed: Callable[[str], None], **_: int
    ) -> Socket:
        made.append(Plain(on_message, on_closed))
        return made[-1]

    async def story() -> None:
        async with running() as venue:
            settings = Settings(**{"url": venue.url, "account": ACCOUNT, "coins": ("BTC",), **QUICK})
            async with Link(settings, Signer(KEY, mainnet=True), connect=connect) as link:
                await until(link, LinkUp)
                link.send(place(link))
                assert made[0].sent[-1].startswith(b'{"method":"post","id":1,')
                made[0].on_closed("gone")
                assert await until(link, LinkDown) == LinkDown("gone")
                await until(link, LinkUp)
            assert not venue.connections

    run(story)
