"""The shell around a venue: what passes through it, who may command it, and how its time runs."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from mm.errors import BadInput
from mm.sim.server import BODY_MAX, Server
from mm.sim.venue import Account
from tests.chaos.desk import ME, Desk
from tests.chaos.wire import BBO, PATIENT, USER_FILLS, Wire, channels, descriptors, heard, wired

BAD_BODY = b"Failed to deserialize the JSON body into the target type"
ALLOWED = {"Authorization": "Bearer token"}


# --- what passes through ----------------------------------------------------------------------------


def test_bytes_pass_both_ways_untouched() -> None:
    async def check(wire: Wire) -> None:
        for path in ("info", "exchange"):
            assert await wire.post(path, {"type": "nonsense"}) == (422, "text/plain", BAD_BODY)
        status, kind, body = await wire.post("info", {"type": "meta"})
        assert (status, kind) == (200, "application/json")
        assert body.startswith(b'{"universe":[{"szDecimals":5,"name":"BTC","maxLeverage":40')

    wired(check)


def test_a_body_that_is_too_large_is_refused() -> None:
    async def check(wire: Wire) -> None:
        async with wire.session.post(f"{wire.server.url}/info", data=BytesIO(b"x" * (BODY_MAX + 1))) as reply:
            assert reply.status == 413

    wired(check)


def test_other_paths_and_methods_are_refused() -> None:
    async def check(wire: Wire) -> None:
        async with wire.session.get(f"{wire.server.url}/info") as reply:
            assert reply.status == 405
        async with wire.session.post(f"{wire.server.url}/nonsense") as reply:
            assert reply.status == 404

    wired(check)


def test_many_requests_at_once_get_their_own_answers() -> None:
    async def check(wire: Wire) -> None:
        bodies = [wire.placing() for _ in range(40)]
        replies = await asyncio.gather(*[wire.post("exchange", body, PATIENT) for body in bodies])
        oids = {json.loads(body)["response"]["data"]["statuses"][0]["resting"]["oid"] for _, _, body in replies}
        assert len(oids) == 40

    wired(check)


def test_two_sockets_hear_the_same_and_one_that_left_nothing() -> None:
    async def check(wire: Wire) -> None:
        async with wire.ws(USER_FILLS) as one, wire.ws(USER_FILLS) as other:
            assert channels(await heard(one)) == channels(await heard(other)) == ["subscriptionResponse", "userFills"]
            await one.close()
            await wire.place()
            await other.send_json({"method": "ping"})
            assert channels(await heard(other)) == ["pong"]
            assert wire.server.sockets == 1

    wired(check)


def test_a_client_that_vanishes_leaves_nothing_behind() -> None:
    async def check(wire: Wire) -> None:
        async with wire.ws(BBO) as ws:
            await heard(ws)
            transport = ws.get_extra_info("socket")
            assert transport is not None
            ws._response.connection.transport.abort()  # type: ignore[union-attr]
        await asyncio.sleep(0.1)
        assert wire.server.sockets == 0

    wired(check)


def test_a_message_that_is_too_large_ends_the_socket_and_nothing_else() -> None:
    async def check(wire: Wire) -> None:
        async with wire.ws(BBO) as ws:
            await ws.send_str("x" * (BODY_MAX + 1))
            await heard(ws)
            assert ws.closed
        assert (await wire.place())["status"] == "ok"

    wired(check)


def test_a_protocol_ping_is_answered() -> None:
    async def check(wire: Wire) -> None:
        async with wire.ws() as ws:
            await ws.ping(b"here?")
            (answer,) = await heard(ws)
            assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"here?")

    wired(check)


def test_a_thousand_sockets_leave_nothing_behind() -> None:
    async def check(wire: Wire) -> None:
        async def visit(number: int) -> None:
            async with wire.ws(BBO, USER_FILLS) as ws:
                await ws.receive()
                if number % 3 == 0:
                    wire.server.hang_up(1006 if number % 2 else 1001)

        await visit(1)
        before = descriptors()
        for number in range(1_000):
            await visit(number)
        await asyncio.sleep(0.1)
        assert wire.server.sockets == 0
        assert len(asyncio.all_tasks()) < 6
        assert descriptors() <= before + 2

    wired(check)


# --- time -------------------------------------------------------------------------------------------


def paced(speed: float, check: Callable[[Desk, Server], Awaitable[None]]) -> None:
    async def run() -> None:
        desk = Desk(block_ms=10)
        server = Server(desk.venue, speed=speed)
        await server.start()
        try:
            await check(desk, server)
        finally:
            await server.stop()

    asyncio.run(run())


def test_time_runs_at_its_speed() -> None:
    async def check(desk: Desk, server: Server) -> None:
        before = desk.venue.now_ms
        await asyncio.sleep(0.2)
        assert 10_000 < desk.venue.now_ms - before < 60_000

    paced(100.0, check)


def test_time_stands_still_until_it_is_stepped() -> None:
    async def check(desk: Desk, server: Server) -> None:
        before = desk.venue.now_ms
        action = json.dumps(desk.envelope({"type": "noop"})).encode()
        asked = asyncio.ensure_future(server.ask("exchange", action))
        await asyncio.sleep(0.1)
        assert desk.venue.now_ms == before and not asked.done()
        server.step(10)
        assert json.loads((await asked)[2])["status"] == "ok"
        assert desk.venue.now_ms == before + 10

    paced(0.0, check)


def test_time_runs_as_fast_as_it_can() -> None:
    async def check(desk: Desk, server: Server) -> None:
        before = desk.venue.now_ms
        await asyncio.sleep(0.1)
        assert desk.venue.now_ms - before > 1_000

    paced(math.inf, check)


def test_a_place_or_a_speed_that_makes_no_sense_is_refused() -> None:
    for wrong in ({"host": "0.0.0.0"}, {"host": "192.0.2.1"}, {"speed": -1.0}, {"speed": math.nan}):
        with pytest.raises(BadInput):
            Server(Desk().venue, **wrong)
    Server(Desk().venue, host="::1")
    Server(Desk().venue, host="0.0.0.0", anywhere=True)


def test_what_breaks_in_the_venue_is_not_swallowed() -> None:
    class Broken:
        now_ms = 0

        def advance(self, until_ms: int) -> Any:
            raise RuntimeError("the venue is broken")

    async def run() -> None:
        server = Server(Broken())  # type: ignore[arg-type]
        await server.start()
        await asyncio.sleep(0.02)
        await server.stop()

    with pytest.raises(RuntimeError, match="the venue is broken"):
        asyncio.run(run())


# --- control ----------------------------------------------------------------------------------------


async def command(wire: Wire, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"{wire.server.url}/control"
    async with wire.session.post(url, data=data, headers=ALLOWED if headers is None else headers) as reply:
        text = await reply.text()
        return reply.status, json.loads(text) if reply.content_type == "application/json" else text


def test_control_needs_its_token_and_a_local_host_name() -> None:
    async def check(wire: Wire) -> None:
        heal = {"do": "heal"}
        assert (await command(wire, heal))[0] == 200
        port = wire.server.url.rpartition(":")[2]
        assert (await command(wire, heal, {**ALLOWED, "Host": f"localhost:{port}"}))[0] == 200
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "token\u00e9"}):
            assert (await command(wire, heal, headers))[0] == 403
        assert (await command(wire, heal, {**ALLOWED, "Host": "rebound.example"}))[0] == 403
        async with wire.session.get(f"{wire.server.url}/control/truth") as reply:
            assert reply.status == 403

    wired(check)


def test_control_injects_closes_counts_and_heals() -> None:
    async def check(wire: Wire) -> None:
        assert (await command(wire, {"do": "inject", "fault": "exchange.429", "times": 2}))[1] == {"ok": None}
        assert (await wire.post("exchange", wire.placing()))[0] == 429
        assert (await command(wire, {"do": "counts"}))[1] == {"ok": {"exchange.429": 1}}
        await command(wire, {"do": "heal"})
        assert (await wire.place())["status"] == "ok"
        await command(wire, {"do": "rate", "fault": "exchange.500", "rate": "1"})
        assert (await wire.post("exchange", wire.placing()))[0] >= 500
        async with wire.ws() as ws:
            assert (await command(wire, {"do": "close", "code": 1001}))[1] == {"ok": 1}
            await heard(ws)
            assert ws.close_code == 1001

    wired(check)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 10_000,
        {},
        {"do": "nonsense"},
        {"do": "inject"},
        {"do": "inject", "fault": "nonsense"},
        {"do": "inject", "fault": "ack.lost", "times": True},
        {"do": "inject", "fault": "ack.lost", "times": -1},
        {"do": "inject", "fault": "ack.lost", "ms": 1e308},
        {"do": "rate", "fault": "ack.lost", "rate": "NaN"},
        {"do": "rate", "fault": "ack.lost", "rate": 0.5},
        {"do": "close", "code": 0},
        {"do": "refuse", "ms": 10**9},
        {"do": "step", "ms": -1},
    ],
)
def test_a_command_that_makes_no_sense_is_refused_and_changes_nothing(body: Any) -> None:
    async def check(wire: Wire) -> None:
        status, reply = await command(wire, body)
        assert status == 400 and reply["error"]
        assert not wire.faults.counts
        assert (await wire.place())["status"] == "ok"

    wired(check)


def test_a_command_that_is_too_large_is_refused() -> None:
    async def check(wire: Wire) -> None:
        assert (await command(wire, b" " * 20_000))[0] == 413

    wired(check)


def test_the_truth_is_told_past_every_fault() -> None:
    async def check(wire: Wire) -> None:
        wire.server.accounts = (Account("me", ME, "", "", ""),)
        await wire.place()
        await command(wire, {"do": "rate", "fault": "info.500", "rate": "1"})
        async with wire.session.get(f"{wire.server.url}/control/truth", headers=ALLOWED) as reply:
            truth = (await reply.json())[ME]
        assert truth["name"] == "me"
        assert [row["limitPx"] for row in truth["openOrders"]] == ["41.2"]
        assert (truth["fills"], truth["positions"], truth["cash"]) == ([], {}, "1000000.0")

    wired(check)
