"""Actions: which way they go, as which bytes, and what is said of those that did not go."""

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import web

from mm._core.sign import recover
from mm.errors import BadInput, UsageError
from mm.exchange.hyperliquid.limits import POSTS, AddressBudget, IpBudget, Limits, Need
from mm.exchange.hyperliquid.rest import Rest
from mm.protocol import (
    Action,
    ActionError,
    Answer,
    Cancel,
    Change,
    Done,
    Garbled,
    ItemError,
    LinkDown,
    LinkUp,
    Modify,
    Noop,
    NotSent,
    Place,
    Resend,
    Resting,
    ScheduleCancel,
    Target,
    UpdateLeverage,
)
from tests.link.helpers import CLOID, eventually, linked, order, place, run, until
from tests.link.helpers import rest as coming
from tests.link.venue import AGENT, ok_default, resting, running


def statuses(*entries: object) -> dict[str, object]:
    return {"status": "ok", "response": {"type": "order", "data": {"statuses": list(entries)}}}


def posted(payload: object) -> dict[str, object]:
    return {"type": "action", "payload": payload}


def test_an_order_goes_by_websocket_and_is_signed_by_the_key() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            command = place(link)
            link.send(command)
            assert await until(link, Answer) == Answer(command.nonce, (Resting(7),))
            assert not venue.bodies
            (body,) = venue.posted
            told = json.loads(body)
            assert recover(body, True) == AGENT
            assert told["nonce"] == command.nonce and told["expiresAfter"] == command.expires_ms
            assert told["action"]["orders"][0]["a"] == 0 and told["action"]["orders"][0]["c"] == CLOID

    run(story)


def test_every_action_is_understood() -> None:
    async def story() -> None:
        answers = iter([posted(statuses("success")), posted(statuses("success")), *[posted(ok_default())] * 4])
        async with running(answer_post=lambda _: next(answers)) as venue, linked(venue) as link:
            await until(link, LinkUp)
            now = link.now_ms
            commands: list[Action] = [
                Cancel(now, now + 5_000, (Target("BTC", 77, None),)),
                Cancel(now + 1, now + 5_000, (Target("ETH", None, CLOID),)),
                Noop(now + 2),
                ScheduleCancel(now + 3, now + 5_000, now + 60_000),
                ScheduleCancel(now + 4, now + 5_000, None),
                UpdateLeverage(now + 5, now + 5_000, "ETH", 3, True),
            ]
            for command in commands:
                link.send(command)
                assert await until(link, Answer) == Answer(command.nonce, (Done(),), isinstance(command, Noop))
            kinds = [json.loads(one)["action"]["type"] for one in venue.posted]
            assert kinds == ["cancel", "cancelByCloid", "noop", "scheduleCancel", "scheduleCancel", "updateLeverage"]
            assert json.loads(venue.posted[1])["action"]["cancels"] == [{"asset": 1, "cloid": CLOID}]
            assert all(recover(one, True) == AGENT for one in venue.posted)

    run(story)


def test_a_batch_has_its_outcomes_by_position() -> None:
    async def story() -> None:
        told = statuses({"resting": {"oid": 1}}, {"error": "Price must be divisible by tick size. asset=0"})
        async with running(answer_post=lambda _: posted(told)) as venue, linked(venue) as link:
            await until(link, LinkUp)
            link.send(place(link, order(), order(cloid="0x" + "2" * 32)))
            first, second = (await until(link, Answer)).outcomes
            assert first == Resting(1) and isinstance(second, ItemError) and "tick" in second.text

    run(story)


def test_a_modify_names_the_old_oid() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            now = link.now_ms
            link.send(Modify(now, now + 5_000, (Change(55, order()),)))
            await until(link, Answer)
            action = json.loads(venue.posted[0])["action"]
            assert action["type"] == "batchModify" and action["modifies"][0]["oid"] == 55 and "a" not in action

    run(story)


def test_a_resend_is_the_same_bytes_by_the_other_way() -> None:
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue) as link:
            await until(link, LinkUp)
            command = place(link)
            link.send(command)
            await eventually(lambda: venue.posted)
            link.send(Resend(command.nonce))
            assert await until(link, Answer) == Answer(command.nonce, (Resting(7),))
            assert venue.bodies == venue.posted
            # An answer came: it is settled, and there is nothing to repeat.
            link.send(Resend(command.nonce))
            assert isinstance(await until(link, NotSent), NotSent)
            assert len(venue.bodies) == 1

    run(story)


def test_a_cancel_does_not_go_where_answers_do_not_come_from() -> None:  # N8, N14, I20
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue, doubt_ms=50) as link:
            await until(link, LinkUp)
            now = link.now_ms
            for n in range(2):
                link.send(Cancel(now + n, now + 5_000, (Target("BTC", 5, None),)))
            await eventually(lambda: len(venue.posted) == 2)
            assert not venue.bodies
            await asyncio.sleep(0.06)
            link.send(Cancel(now + 2, now + 5_000, (Target("BTC", 5, None),)))
            assert (await until(link, Answer)).nonce == now + 2
            assert len(venue.posted) == 2

    run(story)


def test_a_resend_without_a_websocket_goes_by_rest() -> None:
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue) as link:
            await until(link, LinkUp)
            command = place(link)
            link.send(command)
            await eventually(lambda: venue.posted)
            venue.refuse_sockets = True
            venue.abort()
            await until(link, LinkDown)
            link.send(Resend(command.nonce))
            link.send(Noop(command.nonce))
            answers = [await until(link, Answer), await until(link, Answer)]
            assert {one.to_noop for one in answers} == {True, False}
            assert venue.bodies.count(venue.posted[0]) == 1
            assert {json.loads(one)["nonce"] for one in venue.bodies} == {command.nonce}

    run(story)


def test_a_garbled_answer_settles_nothing() -> None:
    async def story() -> None:
        answers = iter([posted({"status": "?"}), posted(resting())])
        async with running(answer_post=lambda _: next(answers)) as venue, linked(venue) as link:
            await until(link, LinkUp)
            command = place(link)
            link.send(command)
            assert isinstance((await until(link, Answer)).outcomes[0], Garbled)
            link.send(Resend(command.nonce))
            assert (await until(link, Answer)).outcomes == (Resting(7),)
            assert venue.posted[0] == venue.posted[1]

    run(story)


@pytest.mark.parametrize(
    "reply",
    [
        lambda: web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html"),
        lambda: web.Response(status=500, text=""),
        lambda: web.Response(status=429, text="null"),
        lambda: web.Response(status=200, text="<html>hello</html>", content_type="text/html"),
        lambda: web.Response(status=200, body=json.dumps(resting()).encode()[:-9], content_type="application/json"),
        lambda: web.Response(status=302, headers={"Location": "/elsewhere"}),
        lambda: web.Response(status=200, body=b"\xff\xfe", content_type="application/json"),
    ],
)
def test_what_is_no_answer_is_garbled(reply: object) -> None:
    async def story() -> None:
        async with running(refuse_sockets=True, answer_exchange=lambda _: reply()) as venue, linked(venue) as link:  # type: ignore[operator]
            await until(link, LinkDown)
            now = link.now_ms
            link.send(Cancel(now, now + 5_000, (Target("BTC", 1, None),)))
            (outcome,) = (await until(link, Answer)).outcomes
            assert isinstance(outcome, Garbled)

    run(story)


def test_no_answer_is_no_fact() -> None:
    async def story() -> None:
        async with running(refuse_sockets=True, answer_exchange=lambda _: None) as venue, linked(venue) as link:
            await until(link, LinkDown)
            now = link.now_ms
            link.send(Cancel(now, now + 5_000, (Target("BTC", 1, None),)))
            await eventually(lambda: venue.bodies)
            assert not [fact for fact in await coming(link, 1_300) if isinstance(fact, Answer | NotSent)]

    run(story)


def test_a_refusal_of_the_whole_action() -> None:
    async def story() -> None:
        err = {"status": "err", "response": "Invalid nonce: duplicate nonce 5"}
        async with running(answer_post=lambda _: posted(err)) as venue, linked(venue) as link:
            await until(link, LinkUp)
            link.send(place(link))
            assert (await until(link, Answer)).outcomes == (ActionError("Invalid nonce: duplicate nonce 5"),)

    run(story)


def test_not_sent_only_where_nobody_listens() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            rest = link._rest
            assert isinstance(rest, Rest)
            rest._base = "http://127.0.0.1:9"
            venue.refuse_sockets = True
            venue.abort()
            await until(link, LinkDown)
            now = link.now_ms
            link.send(Cancel(now, now + 5_000, (Target("BTC", 1, None),)))
            told = await until(link, NotSent)
            assert told.nonce == now and "connect" in told.why.lower()

    run(story)


def test_new_risk_is_refused_while_nobody_would_see_it() -> None:
    async def story() -> None:
        async with running(refuse_sockets=True) as venue, linked(venue) as link:
            await until(link, LinkDown)
            link.send(place(link))
            assert (await until(link, NotSent)).why == "the link is down"
            link.send(place(link, order(reduce_only=True)))
            assert (await until(link, Answer)).outcomes == (Resting(7),)
            assert len(venue.bodies) == 1

    run(story)


def test_what_cannot_be_signed_is_not_sent() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            now = link.now_ms
            bad: list[Action] = [
                place(link, order("DOGE")),
                place(link, order(px="0")),
                place(link, order(px="NaN")),
                place(link, order(px="50000.123456789")),
                place(link, order(cloid="0x1")),
                place(link, nonce=-1),
                place(link, nonce="5"),  # type: ignore[arg-type]
                place(link, nonce=True),
                place(link, replace(order(), side="b")),
                place(link, replace(order(), side=["B"])),  # type: ignore[arg-type]
                place(link, replace(order(), sz=0.001)),  # type: ignore[arg-type]
                place(link, replace(order(), sz="1e400")),
                place(link, replace(order(), tif="GTC")),
                place(link, replace(order(), coin="\ud800")),
                place(link, *[order()] * 201),
                Place(now, "soon", (order(),)),  # type: ignore[arg-type]
                place(link, nonce=now + 120_000),
                Cancel(now, now + 5_000, ()),
                Cancel(now, "soon", (Target("BTC", 1, None),)),  # type: ignore[arg-type]
                Cancel(now, now + 5_000, (Target("BTC", 1, None), Target("BTC", None, CLOID))),
                Cancel(now, now + 5_000, (Target("BTC", None, None),)),
                Resend(now + 9),
            ]
            for command in bad:
                link.send(command)
                assert (await until(link, NotSent)).nonce == command.nonce
            with pytest.raises(BadInput):
                link.send("cancel everything")  # type: ignore[arg-type]
            assert not venue.posted and not venue.bodies

    run(story)


def test_limits_stop_quotes_and_never_cancels() -> None:
    async def story() -> None:
        ip = IpBudget()
        async with running() as venue, linked(venue, limits=Limits(ip=ip)) as link:
            await until(link, LinkUp)
            while ip.admit(link._clock.steady_ms(), 1, Need.ORDINARY) is not None:
                pass
            link.send(place(link))
            assert "reserve" in (await until(link, NotSent)).why
            while ip.admit(link._clock.steady_ms(), 1, Need.STATUS) is not None:
                pass
            now = link.now_ms
            link.send(Cancel(now, now + 5_000, (Target("BTC", 1, None),)))
            link.send(place(link, order(reduce_only=True)))
            assert {(await until(link, Answer)).nonce, (await until(link, Answer)).nonce} >= {now}
            assert len(venue.posted) == 2

    run(story)


def test_an_account_that_has_used_up_its_requests_cancels_on() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            link.budget = AddressBudget()
            link.budget.told(50_000, 10_000, 0)
            link.send(place(link, order(), order(cloid="0x" + "2" * 32)))
            assert "account" in (await until(link, NotSent)).why
            now = link.now_ms
            link.send(Cancel(now, now + 5_000, (Target("BTC", 1, None),)))
            await until(link, Answer)

    run(story)


def test_more_posts_than_the_venue_takes_go_by_rest() -> None:
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue, post_timeout_ms=20_000) as link:
            await until(link, LinkUp)
            now = link.now_ms
            for n in range(POSTS + 5):
                link.send(Cancel(now + n, now + 5_000, (Target("BTC", n, None),)))
            await eventually(lambda: len(venue.posted) + len(venue.bodies) == POSTS + 5)
            assert len(venue.posted) == POSTS and len(venue.bodies) == 5
            assert link.limits.sockets.posts == POSTS

    run(story)


def test_posts_that_are_not_answered_free_their_place() -> None:
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue, post_timeout_ms=50) as link:
            await until(link, LinkUp)
            link.send(place(link))
            await eventually(lambda: venue.posted)
            assert link.limits.sockets.posts == 1
            await eventually(lambda: link.limits.sockets.posts == 0)

    run(story)


def test_an_error_in_a_post_mirrors_http() -> None:
    async def story() -> None:
        told = {"type": "error", "payload": "502 Bad Gateway <html>"}
        async with running(answer_post=lambda _: told) as venue, linked(venue) as link:
            await until(link, LinkUp)
            link.send(place(link))
            assert isinstance((await until(link, Answer)).outcomes[0], Garbled)

    run(story)


def test_too_many_posts_is_told_on_the_error_channel() -> None:
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue) as link:
            await until(link, LinkUp)
            link.send(place(link))
            await eventually(lambda: venue.posted)
            await venue.tell({"channel": "error", "data": "too many pending post requests id=1"})
            assert isinstance((await until(link, Answer)).outcomes[0], Garbled)

    run(story)


def test_new_orders_stop_when_the_clocks_disagree() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            link.skew.offset_ms = -3_001
            link.send(place(link))
            assert "clock" in (await until(link, NotSent)).why
            now = link.now_ms
            link.send(Cancel(now, now + 5_000, (Target("BTC", 1, None),)))
            await until(link, Answer)

    run(story)


def test_an_action_expires_by_the_venues_clock() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            for offset in (-2_000, 2_500, 6_000):
                link.skew.offset_ms = offset
                assert link.venue_offset_ms == offset
                command = place(link, order(reduce_only=True))
                link.send(command)
                await until(link, Answer)
                told = json.loads(venue.posted[-1])
                assert (told["nonce"], told["expiresAfter"]) == (command.nonce, command.expires_ms + offset)
                link.send(ScheduleCancel(command.nonce + 1, command.expires_ms, command.nonce + 9_000))
                await until(link, Answer)
                told = json.loads(venue.posted[-1])
                assert told["expiresAfter"] == command.expires_ms + offset
                assert told["action"]["time"] == command.nonce + 9_000 + offset
            for timeless in (Noop(link.now_ms), Cancel(link.now_ms + 1, 0, (Target("BTC", 1, None),))):
                link.send(timeless)
                await until(link, Answer)
                assert json.loads(venue.posted[-1])["expiresAfter"] is None

    run(story)


def test_copies_of_a_placement_wait_out_a_refusal_for_weight_and_those_of_a_cancel_do_not() -> None:
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue) as link:
            await until(link, LinkUp)
            placed = place(link)
            link.send(placed)
            cancel = Cancel(placed.nonce + 1, placed.expires_ms, (Target("BTC", 1, None),))
            link.send(cancel)
            await eventually(lambda: len(venue.posted) == 2)
            link.limits.ip.refused(link._clock.steady_ms())
            link.send(Resend(placed.nonce))
            told = await until(link, NotSent)
            assert told.nonce == placed.nonce and "refused" in told.why
            link.send(Resend(cancel.nonce))
            assert (await until(link, Answer)).nonce == cancel.nonce
            assert venue.bodies == venue.posted[1:]
            link.limits.ip.refused(link._clock.steady_ms() - 10_000)
            link.send(Resend(placed.nonce))
            assert await until(link, Answer) == Answer(placed.nonce, (Resting(7),))

    run(story)


def test_unsettled_actions_are_bounded() -> None:
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue, held_most=3) as link:
            await until(link, LinkUp)
            now = link.now_ms
            for n in range(3):
                link.send(place(link, nonce=now + n))
            link.send(place(link, nonce=now + 3))
            assert "unsettled" in (await until(link, NotSent)).why
            link.send(Cancel(now + 4, now + 5_000, (Target("BTC", 1, None),)))
            await eventually(lambda: len(venue.posted) == 4)

    run(story)


def test_nothing_is_sent_before_open_and_after_close() -> None:
    async def story() -> None:
        async with running() as venue:
            async with linked(venue) as link:
                await until(link, LinkUp)
            with pytest.raises(UsageError):
                link.send(Noop(link.now_ms))
            with pytest.raises(UsageError):
                await link.open()
            assert await link.receive(link.now_ms + 50) is None
            assert not venue.posted

    run(story)


def test_a_cancelled_receive_loses_nothing() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            waiting = asyncio.create_task(link.receive(link.now_ms + 5_000))
            await asyncio.sleep(0)
            link.send(Resend(1))
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            assert waiting.cancelled()
            assert isinstance(await link.receive(link.now_ms + 500), NotSent)

    run(story)


def test_whoever_waits_can_be_called() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            while await link.receive(link.now_ms + 100) is not None:
                pass
            began = link.now_ms
            waiting = asyncio.create_task(link.receive(began + 5_000))
            await asyncio.sleep(0)
            link.wake()
            assert await waiting is None
            assert link.now_ms - began < 1_000
            link.wake()  # Nobody waits: whoever comes next is not sent away for it.
            began = link.now_ms
            assert await link.receive(began + 50) is None
            assert link.now_ms - began >= 50
            # A fact comes before a call.
            waiting = asyncio.create_task(link.receive(link.now_ms + 5_000))
            await asyncio.sleep(0)
            link.wake()
            link.send(Resend(1))
            assert isinstance(await waiting, NotSent)

    run(story)
