"""What is found out before the first action: a wrong account, a wrong key, a coin that is not there, a clock that is off."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import mm
from mm.errors import ConfigError, MmError, NotSent, OutcomeUnknown
from mm.exchange.hyperliquid.link_settings import Settings
from mm.exchange.hyperliquid.link_start import check_roles
from mm.protocol import (
    Answer,
    AskFills,
    AskOrder,
    AskRateLimit,
    Cancel,
    Fresh,
    LinkUp,
    OrderReply,
    RateLimitReply,
    ReadFailed,
    Stale,
    Target,
    Warned,
)
from mm.protocol import NotSent as NotSentFact
from mm.wire import UserRole
from tests.link.helpers import eventually, linked, order, place, rest, run, until
from tests.link.venue import ACCOUNT, AGENT, META, Venue, running

OTHER = "0x" + "cd" * 20
PACKAGE = Path(mm.__file__).parent
USER, MISSING = UserRole("user", None), UserRole("missing", None)


def agent_of(user: str) -> UserRole:
    return UserRole("agent", user)


def settings(**changed: Any) -> Settings:
    return Settings(**{"url": "https://x", "account": ACCOUNT, **changed})


@pytest.mark.parametrize(
    ("account", "signing", "vault", "field", "word"),
    [
        (agent_of(OTHER), MISSING, None, "account", OTHER),
        (MISSING, agent_of(ACCOUNT), None, "account", "no deposit"),
        (USER, agent_of(OTHER), None, "account", "agent of"),
        (USER, MISSING, None, "signer", "not approved"),
        (USER, USER, None, "signer", "withdraw"),
        (USER, agent_of(ACCOUNT), ACCOUNT, "vault", "of its own"),
        (UserRole("subAccount", OTHER), agent_of(OTHER), None, "vault", "subAccount"),
        (UserRole("subAccount", OTHER), agent_of(ACCOUNT), ACCOUNT, "account", "agent of"),
        (UserRole("vault", None), agent_of(OTHER), None, "vault", "vault"),
        (UserRole("somethingNew", None), agent_of(ACCOUNT), None, "account", "not known"),
    ],
)
def test_roles_that_do_not_fit(account: UserRole, signing: UserRole, vault: str | None, field: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word) as caught:
        check_roles(settings(), AGENT, vault, account, signing)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("account", "signing", "vault"),
    [
        (USER, agent_of(ACCOUNT), None),
        (UserRole("subAccount", OTHER), agent_of(OTHER), ACCOUNT),
        (UserRole("vault", None), agent_of(OTHER), ACCOUNT),
    ],
)
def test_roles_that_fit(account: UserRole, signing: UserRole, vault: str | None) -> None:
    check_roles(settings(), AGENT, vault, account, signing)


def test_a_master_key_is_taken_only_when_asked_for() -> None:
    check_roles(settings(account=AGENT, allow_master_key=True), AGENT, None, USER, USER)
    with pytest.raises(ConfigError):
        check_roles(settings(allow_master_key=True), AGENT, None, USER, USER)


def is_ours(task: asyncio.Task[Any]) -> bool:
    """Whether a task runs code of the package, wherever that lies."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and Path(code.co_filename).is_relative_to(PACKAGE)


def refused(infos: dict[str, Any], kind: type[Exception], match: str, **changed: Any) -> None:
    async def story() -> None:
        async with running(infos=infos) as venue:
            with pytest.raises(kind, match=match):
                async with linked(venue, **changed):
                    raise AssertionError("it must not open")
            assert not [task for task in asyncio.all_tasks() if is_ours(task)]
            assert not venue.connections

    run(story)


def test_an_agents_address_as_the_account() -> None:
    refused({}, ConfigError, "agent's address", account=AGENT)


def test_an_account_without_a_deposit() -> None:
    refused({}, ConfigError, "does not know", account=OTHER)


def test_the_other_network() -> None:
    async def story() -> None:
        async with running() as venue:
            from mm._core.sign import Signer
            from mm.exchange.hyperliquid.link import Link
            from tests.link.venue import KEY

            link = Link(Settings(url=venue.url, account=ACCOUNT, mainnet=True), Signer(KEY, mainnet=False))
            with pytest.raises(ConfigError, match="network"):
                await link.open()

    run(story)


def test_a_coin_that_is_not_there() -> None:
    refused({}, ConfigError, "DOGE", coins=("BTC", "DOGE"))


def test_a_dex_that_is_not_there() -> None:
    refused({"perpDexs": [None, {"name": "abc"}]}, ConfigError, "xyz", dexs=("xyz",))


def test_a_coin_of_a_builders_dex() -> None:
    universe = {"universe": [{"szDecimals": 2, "name": "xyz:TSLA", "maxLeverage": 10, "marginTableId": 1}]}
    metas = {"perpDexs": [None, {"name": "xyz", "fullName": "X"}]}

    async def story() -> None:
        async with running(infos=metas) as venue:
            plain = venue.info
            venue.infos["meta"] = lambda asked: universe if asked.get("dex") else _meta(plain, venue, asked)
            async with linked(venue, coins=("xyz:TSLA",), dexs=("xyz",)) as link:
                assert link.assets["xyz:TSLA"].id == 110_000

    def _meta(plain: Any, venue: Venue, asked: dict[str, Any]) -> Any:
        kept = venue.infos.pop("meta")
        try:
            return plain(asked)
        finally:
            venue.infos["meta"] = kept

    run(story)


def test_a_venue_that_answers_nonsense() -> None:
    refused({"exchangeStatus": lambda _: web.Response(status=502)}, OutcomeUnknown, "502", open_timeout_ms=200)


@pytest.mark.parametrize("kind", ["exchangeStatus", "meta", "spotMeta", "userRole", "perpDexs"])
@pytest.mark.parametrize("answer", ["<html>", "null", "{}", "[null]"])
def test_a_venue_whose_answers_cannot_be_read(kind: str, answer: str) -> None:
    refused({kind: lambda _: web.Response(text=answer)}, MmError, ".", open_timeout_ms=200, dexs=("xyz",))


def test_nobody_listens() -> None:
    async def story() -> None:
        with pytest.raises(NotSent):
            async with linked(Venue(url="http://127.0.0.1:9"), open_timeout_ms=100):
                raise AssertionError("it must not open")

    run(story)


def test_opening_asks_again_when_the_venue_stumbles() -> None:
    async def story() -> None:
        def stumbles(_: dict[str, Any]) -> Any:
            calls.append(1)
            return web.Response(status=503) if len(calls) == 1 else {"time": int(time.time() * 1000)}

        calls: list[int] = []
        async with running(infos={"exchangeStatus": stumbles}) as venue, linked(venue) as link:
            await until(link, LinkUp)

    run(story)


def test_a_clock_that_is_off_is_told_and_stops_new_orders() -> None:
    async def story() -> None:
        offset = [5_000]

        def status(_: dict[str, Any]) -> dict[str, Any]:
            return {"time": int(time.time() * 1000) + offset[0], "specialStatuses": None}

        async with running(infos={"exchangeStatus": status}) as venue, linked(venue, clock_every_ms=40) as link:
            assert "ahead" in (await until(link, Warned)).text
            stale = await until(link, Stale)
            assert stale.stream == "clock" and stale.coin is None and 4_000 < stale.age_ms < 6_000
            offset[0] = 0
            assert await until(link, Fresh) == Fresh("clock", None)

    run(story)


def test_a_read_that_fails_is_told_as_such() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, query_timeout_ms=300) as link:
            await until(link, LinkUp)
            bad: list[Any] = [
                lambda _: web.Response(status=500),
                lambda _: web.Response(status=429, text="null"),
                lambda _: web.Response(text="<html>", content_type="text/html"),
                lambda _: web.json_response({"status": "?"}),
                lambda _: web.json_response("x" * 10),
                lambda _: None,
            ]
            for number, answer in enumerate(bad):
                venue.infos["orderStatus"] = answer
                link.send(AskOrder(number, 5))
                assert (await until(link, ReadFailed)).query == number
            del venue.infos["orderStatus"]
            link.send(AskOrder(99, 5))
            assert (await until(link, OrderReply)) == OrderReply(99, None)

    run(story)


def test_a_read_waits_for_weight_and_gives_up_in_time() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, query_timeout_ms=200) as link:
            await until(link, LinkUp)
            link.limits.ip.window.add(link._clock.steady_ms(), 1_500)
            link.send(AskFills(1, 0, 9))
            assert "used up" in (await until(link, ReadFailed)).why
            assert not [one for one in venue.asked if one["type"] == "userFillsByTime"]

    run(story)


def test_rows_are_counted_after_the_answer() -> None:
    async def story() -> None:
        rows = [{"time": n} for n in range(200)]
        async with running(infos={"userFillsByTime": rows}) as venue, linked(venue) as link:
            await until(link, LinkUp)
            before = link.limits.ip.window.used(link._clock.steady_ms())
            link.send(AskFills(1, 0, 9))
            await rest(link, 100)
            assert link.limits.ip.window.used(link._clock.steady_ms()) - before == 30

    run(story)


def test_the_accounts_budget_is_read_at_the_start_and_again() -> None:
    async def story() -> None:
        budget = {"cumVlm": "1.0", "nRequestsUsed": 5_000, "nRequestsCap": 10_001, "nRequestsSurplus": 0}
        async with running(infos={"userRateLimit": budget}) as venue, linked(venue, budget_every_ms=30) as link:
            assert link.budget.left == 5_001
            await until(link, LinkUp)
            link.send(place(link))
            budget["nRequestsUsed"] = 9_990
            assert "requests are left" in (await until(link, Warned)).text
            assert link.budget.left <= 11

    run(story)


def test_what_leaves_while_the_budget_is_asked_for_is_counted() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)

            def late(_: dict[str, Any]) -> dict[str, Any]:
                link.send(Cancel(link.now_ms, link.now_ms + 5_000, (Target("BTC", 1, None), Target("BTC", 2, None))))
                return {"cumVlm": "1.0", "nRequestsUsed": 500, "nRequestsCap": 10_001, "nRequestsSurplus": 0}

            venue.infos["userRateLimit"] = late
            link.send(AskRateLimit(3))
            assert (await until(link, RateLimitReply)).used == 500
            assert link.budget.used == 502

    run(story)


def test_a_market_that_changed_is_halted() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue, coins=("BTC", "ETH"), markets_every_ms=1) as link:
            await until(link, LinkUp)
            await asyncio.sleep(0.01)
            changed = [{**one, "szDecimals": 2} if one["name"] == "ETH" else one for one in universe]
            venue.infos["meta"] = {**META, "universe": changed}
            venue.abort()
            assert await until(link, Stale) == Stale("markets", "ETH", 0)
            link.send(place(link, order("ETH")))
            assert "halted" in (await until(link, NotSentFact)).why
            link.send(place(link, order("BTC")))
            await until(link, Answer)
            venue.infos["meta"] = lambda _: web.Response(status=500)  # Not by reading them again: it is known already.
            venue.abort()
            await until(link, LinkUp)
            assert await until(link, Stale) == Stale("markets", "ETH", 0)
            now = link.now_ms
            link.send(Cancel(now, now + 5_000, (Target("ETH", 5, None),)))
            await until(link, Answer)

    universe: list[dict[str, Any]] = META["universe"]
    run(story)


def test_a_market_that_is_no_more_is_halted_and_hides_no_other() -> None:  # X17
    universe: list[dict[str, Any]] = META["universe"]

    async def story() -> None:
        async with running() as venue, linked(venue, coins=("BTC", "ETH"), markets_every_ms=1) as link:
            await until(link, LinkUp)
            changed: dict[str, dict[str, Any]] = {"BTC": {"isDelisted": True}, "ETH": {"szDecimals": 2}}
            venue.infos["meta"] = {**META, "universe": [{**one, **changed[one["name"]]} for one in universe]}
            venue.abort()
            assert await until(link, Stale) == Stale("markets", "BTC", 0)
            assert await until(link, Stale) == Stale("markets", "ETH", 0)
            link.send(place(link))
            assert "halted" in (await until(link, NotSentFact)).why

    run(story)


def test_after_a_reconnect_the_markets_are_read_as_soon_as_they_may_be() -> None:  # X17
    async def story() -> None:
        changed = [{**one, "szDecimals": 2} for one in META["universe"]]
        async with running() as venue, linked(venue, markets_every_ms=300) as link:
            await until(link, LinkUp)
            answers = iter([web.Response(status=422), {**META, "universe": changed}])
            venue.infos["meta"] = lambda _: next(answers)
            before = link.now_ms
            venue.abort()
            venue.abort()
            assert await until(link, Stale) == Stale("markets", "BTC", 0), (
                "neither forgotten, nor given up for one failure"
            )
            assert link.now_ms - before > 100
            venue.abort()
            await until(link, LinkUp)
            assert len(link._tasks) < 10

    run(story)


def test_a_cancel_names_a_market_by_its_number_of_today() -> None:  # X17, I20
    async def story() -> None:
        async with running() as venue, linked(venue, markets_every_ms=1) as link:
            await until(link, LinkUp)
            venue.infos["meta"] = {**META, "universe": [{"szDecimals": 1, "name": "NEW"}, *META["universe"]]}
            venue.abort()
            assert await until(link, Stale) == Stale("markets", "BTC", 0)
            now = link.now_ms
            link.send(Cancel(now, now + 5_000, (Target("BTC", 5, None),)))
            await until(link, Answer)
            assert json.loads((venue.posted or venue.bodies)[-1])["action"]["cancels"] == [{"a": 1, "o": 5}]

    run(story)


def test_refusals_teach_the_budgets_and_the_clock() -> None:
    async def story() -> None:
        texts = ["Too many cumulative requests sent (9 > 8) …", "Action already expired", "Invalid nonce: too low"]
        answers = iter([{"type": "action", "payload": {"status": "err", "response": text}} for text in texts])
        async with running(answer_post=lambda _: next(answers)) as venue, linked(venue) as link:
            await until(link, LinkUp)
            link.send(place(link))
            assert (await until(link, Warned)).what == "budget"
            await until(link, Answer)
            assert link.budget.left <= 0
            now = link.now_ms
            used = link.budget.used
            link.send(Cancel(now, now + 5_000, (Target("BTC", 5, None),)))
            await until(link, Answer)
            assert link.budget.used == used + 5
            await eventually(lambda: len([o for o in venue.asked if o["type"] == "exchangeStatus"]) == 2)
            await eventually(lambda: not link._clock_asked)
            asked = [one for one in venue.asked if one["type"] == "exchangeStatus"]
            link.send(Cancel(now + 1, now + 5_000, (Target("BTC", 5, None),)))
            assert (await until(link, Warned)).what == "clock"
            await eventually(lambda: len([o for o in venue.asked if o["type"] == "exchangeStatus"]) == len(asked) + 1)

    run(story)


def test_what_is_special_at_the_venue_is_told_once() -> None:
    async def story() -> None:
        def status(_: dict[str, Any]) -> dict[str, Any]:
            return {"time": int(time.time() * 1000), "specialStatuses": "post only"}

        async with running(infos={"exchangeStatus": status}) as venue, linked(venue, clock_every_ms=20) as link:
            assert await until(link, Warned) == Warned("venue", "post only")
            assert not [fact for fact in await rest(link, 100) if isinstance(fact, Warned)]

    run(story)
