"""`mm.Hyperliquid`: what a caller is given, what he is raised, and that nothing stays behind."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

import mm
from mm import OrderState, Tif
from mm.errors import (
    BadInput,
    ConfigError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unrepresentable,
    UsageError,
    VenueError,
)
from mm.fallback import Policy
from mm.protocol import (
    Action,
    ActionError,
    Answer,
    AskInfo,
    BookTop,
    Cancel,
    Fact,
    Filled,
    ItemError,
    LinkDown,
    LinkUp,
    Market,
    Modify,
    NewOrder,
    Place,
    ReadFailed,
)
from mm.protocol import NotSent as NeverLeft
from tests.client.exchange import RATE, Fake, answering, run, until
from tests.session.script import ME


@pytest.fixture
def fake() -> Fake:
    return Fake()


# --- life ---------------------------------------------------------------------------------------------


def test_ready_is_when_all_is_known_and_not_before(fake: Fake) -> None:
    async def story() -> None:
        fake.replies = lambda query: ReadFailed(query.query, "held")
        async with fake.client() as hl:
            waiting = asyncio.create_task(hl.ready())
            await asyncio.sleep(0.01)
            assert not waiting.done()
            with pytest.raises(NotSent, match="not caught up"):
                await hl.place("BTC", "B", "100", "1")
            fake.replies = fake.reply
            await waiting
            assert hl.closed("BTC") is None
        assert (fake.opened, fake.closed) == (1, 1)
        assert not fake.of(Place)

    run(story())


def test_before_and_after_it_nothing_is_done(fake: Fake) -> None:
    async def story() -> None:
        hl = fake.client()
        for call in (hl.place("BTC", "B", "100", "1"), hl.cancel_all(), hl.info({"type": "meta"}), hl.ready()):
            with pytest.raises(NotSent, match="not open"):
                await call
        with pytest.raises(NotSent):
            hl.events()
        async with hl:
            await hl.ready()
        with pytest.raises(NotSent):
            await hl.place("BTC", "B", "100", "1")
        with pytest.raises(UsageError):
            await hl.__aenter__()
        await hl.close()
        assert not fake.of(Place)

    run(story())


def test_what_fails_while_opening_leaves_nothing_open(fake: Fake) -> None:
    async def story() -> None:
        with pytest.raises(BadInput, match="no market 'DOGE'"):
            async with mm.Hyperliquid(account=ME, exchange=fake, coins=["DOGE"]):
                pass
        assert (fake.opened, fake.closed) == (1, 1)

    run(story())


@pytest.mark.parametrize("wrong", [{"on_exit": "burn"}, {"events_most": 0}])
def test_wrong_settings(fake: Fake, wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        fake.client(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"key": "0x" + "1" * 64, "url": "http://example.com"},
        {"key": "0x" + "1" * 64, "link": {"feeds": ("nonsense",)}},
        {"key": "0x" + "1" * 64, "account": "0x12"},
    ],
)
def test_wrong_settings_of_the_network(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        mm.Hyperliquid(**{"account": ME, "url": mm.TESTNET, **wrong})  # type: ignore[arg-type]


# --- placing ------------------------------------------------------------------------------------------


def test_an_order_is_given_once_the_venue_has_answered(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100.5", Decimal("0.25"), tif=Tif.GTC)
            assert (order.state, order.px, order.order_qty) == (OrderState.Resting, Decimal("100.5"), Decimal("0.25"))
            assert [o.cloid for o in hl.orders()] == [order.cloid]
            assert hl.orders("ETH") == []
            (sent,) = fake.of(Place)
            assert sent.orders == (NewOrder("BTC", "B", "100.5", "0.25", "Gtc", order.cloid or ""),)

    run(story())


@pytest.mark.parametrize(
    ("px", "sz", "field"),
    [
        ("100.123456", "1", "px"),
        ("1234567.5", "1", "px"),
        ("100", "0.001", "sz"),
        ("0", "1", "px"),
        ("-5", "1", "px"),
        ("NaN", "1", "px"),
        ("100", "Infinity", "sz"),
        ("100", "", "sz"),
        (100.5, "1", "px"),
        (None, "1", "px"),
        ("100", True, "sz"),
        ("1e400", "1", "px"),
        ("\udc80", "1", "px"),
    ],
)
def test_off_the_grid_nothing_is_told_to_anyone(fake: Fake, px: object, sz: object, field: str) -> None:  # I11, U1
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            digest = hl.engine.digest()
            with pytest.raises((Unrepresentable, BadInput)) as caught:
                await hl.place("BTC", "B", px, sz)  # type: ignore[arg-type]
            assert caught.value.field == field
            assert caught.value.reason
            assert hl.engine.digest() == digest
        assert not fake.of(Place)

    run(story())


@pytest.mark.parametrize(
    "wrong", [{"side": ["B"]}, {"side": 1}, {"tif": "Alo"}, {"reduce_only": 1}, {"cloid": 5}, {"cloid": "0x12"}]
)
def test_what_is_of_a_wrong_kind_is_named_and_takes_its_batch_along(fake: Fake, wrong: dict[str, object]) -> None:  # U1
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            told = {"coin": "BTC", "side": "B", "px": "100", "sz": "1", **wrong}
            with pytest.raises(BadInput) as caught:
                await hl.place_many([mm.NewOrder("BTC", "B", "100", "1"), mm.NewOrder(**told)])  # type: ignore[arg-type]
            assert caught.value.field in wrong
            assert hl.orders() == []
        assert not fake.of(Place)

    run(story())


@pytest.mark.parametrize(("coin", "side"), [("DOGE", "B"), ("BTC", "buy"), ("BTC", None), ("", "B")])
def test_an_unknown_coin_or_side(fake: Fake, coin: str, side: str) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            with pytest.raises(BadInput):
                await hl.place(coin, side, "100", "1")

    run(story())


@pytest.mark.parametrize(
    ("fact", "error", "reason"),
    [
        (lambda n: Answer(n, (ItemError("Order has zero size. asset=0"),)), Refused, "Order has zero size. asset=0"),
        (lambda n: Answer(n, (ActionError(RATE),)), Refused, RATE),
        (lambda n: NeverLeft(n, "budget"), NotSent, "budget"),
        (lambda n: Answer(n, (ItemError("code 17"),)), OutcomeUnknown, "code 17"),
    ],
)
def test_what_is_raised(fake: Fake, fact: object, error: type[VenueError], reason: str) -> None:
    async def story() -> None:
        answering(fake, Place, fact)
        async with fake.client() as hl:
            await hl.ready()
            with pytest.raises(error) as caught:
                await hl.place("BTC", "B", "100", "1")
            assert caught.value.reason == reason
            assert type(caught.value) is error
            assert hl.engine.get_by_cloid(caught.value.cloid) is not None

    run(story())


def test_silence_is_raised_and_the_engine_goes_on_until_it_knows(fake: Fake) -> None:
    async def story() -> None:
        answering(fake, Place)  # no answer at all
        async with fake.client() as hl:
            await hl.ready()
            with pytest.raises(OutcomeUnknown) as caught:
                await hl.place("BTC", "B", "100", "1")
            order = hl.engine.get_by_cloid(caught.value.cloid)
            assert order is not None
            assert order.state == OrderState.Unknown
            began = fake.now_ms
            known = await hl.known(order)
            assert known.state == OrderState.Rejected
            assert fake.now_ms - began <= 15_000

    run(story())


def test_many_have_each_their_result_by_position(fake: Fake) -> None:  # S69, I13
    async def story() -> None:
        def outcomes(nonce: int) -> Fact:
            return Answer(nonce, (ItemError("Order has zero size."), Filled(500, "0.5", "100"), ItemError("code 17")))

        answering(fake, Place, outcomes)
        async with fake.client() as hl:
            await hl.ready()
            wishes = [mm.NewOrder(coin, "B", "100", "1") for coin in ("BTC", "ETH", "BTC")]
            refused, taken, unknown = await hl.place_many(wishes)
            assert isinstance(refused, Refused)
            assert isinstance(taken, mm.Order)
            assert (taken.coin, taken.state, taken.cum_qty) == ("ETH", OrderState.PartialFilled, Decimal("0.5"))
            assert isinstance(unknown, OutcomeUnknown)

    run(story())


def test_a_caller_that_goes_away_takes_nothing_with_him(fake: Fake) -> None:
    async def story() -> None:
        answering(fake, Place)
        async with fake.client() as hl:
            await hl.ready()
            task = asyncio.create_task(hl.place("BTC", "B", "100", "1"))
            await until(lambda: fake.of(Place))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            (place,) = fake.of(Place)
            fake.facts += fake.kind(place)
            known = await hl.known(place.orders[0].cloid)
            assert known.state == OrderState.Resting

    run(story())


# --- modify, and its fallback -------------------------------------------------------------------------


def test_modify_keeps_the_name_and_sends_what_is_left(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            fake.facts.append(fake.trade(order.oid or 0, "0.4"))
            moved = await hl.modify(order, px="99.5")
            assert (moved.cloid, moved.px, moved.order_qty) == (order.cloid, Decimal("99.5"), Decimal(1))
            assert moved.oid != order.oid
            await hl.modify(order, order_qty="1.5")
            first, second = fake.of(Modify)
            assert [m.changes[0].order.sz for m in (first, second)] in (["1", "1.1"], ["0.6", "1.1"])

    run(story())


def test_a_refused_modify_is_raised_and_the_order_is_what_it_is(fake: Fake) -> None:
    async def story() -> None:
        band = "Order price cannot be more than 95% away from the reference price asset=0"
        answering(fake, Modify, lambda n: Answer(n, (ItemError(band),)))
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            with pytest.raises(Refused, match="95%"):
                await hl.modify(order, px="1")
            (now,) = hl.orders()
            assert (now.state, now.px) == (OrderState.Resting, Decimal(100))

    run(story())


def test_with_a_policy_the_fallback_cancels_and_places_anew(fake: Fake) -> None:  # R1
    async def story() -> None:
        band = "Order price cannot be more than 95% away from the reference price asset=0"
        answering(fake, Modify, lambda n: Answer(n, (ItemError(band),)))
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            other = await hl.modify(order, px="90", policy=Policy())
            assert other.cloid != order.cloid
            assert (other.state, other.px, other.order_qty) == (OrderState.Resting, Decimal(90), Decimal(1))
            (cancel,) = fake.of(Cancel)
            assert cancel.targets[0].oid == order.oid
            assert [o.cloid for o in hl.orders() if o.is_active] == [other.cloid]

    run(story())


def test_with_a_policy_what_was_filled_is_not_replaced(fake: Fake) -> None:  # R2
    async def story() -> None:
        def gone(nonce: int) -> Fact:
            fake.facts.append(fake.trade(order.oid or 0, "1"))
            fake.end(order.oid or 0, "filled")
            return Answer(nonce, (ItemError("Cannot modify canceled or filled order"),))

        answering(fake, Modify, gone)
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            done = await hl.modify(order, px="90", policy=Policy())
            assert done.state == OrderState.Filled
            assert len(fake.of(Place)) == 1
            assert not fake.of(Cancel)

    run(story())


def test_with_a_policy_silence_places_nothing_until_it_is_known(fake: Fake) -> None:
    async def story() -> None:
        answering(fake, Modify)
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            other = await hl.modify(order, px="90", policy=Policy())
            assert other.px == Decimal(90)
            assert len(fake.of(Place)) == 2
            assert hl.engine.worst_long("BTC") == 1

    run(story())


def test_with_a_policy_a_leg_that_became_too_large_is_shrunk(fake: Fake) -> None:  # trace E, S6
    async def story() -> None:
        raced: list[int] = []

        def answers(action: Action) -> Iterable[Fact]:
            if isinstance(action, Modify) and not raced:
                raced.append(action.nonce)
                return [fake.trade(action.changes[0].oid, "0.4"), *fake.kind(action)]
            return fake.kind(action)

        fake.answers = answers
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            moved = await hl.modify(order, px="99", policy=Policy())
            first, shrink = fake.of(Modify)
            assert (first.changes[0].order.sz, shrink.changes[0].order.sz) == ("1", "0.6")
            assert (moved.cum_qty, moved.leaves_qty, moved.px) == (Decimal("0.4"), Decimal("0.6"), Decimal(99))

    run(story())


def test_a_policys_patience_ends_and_says_so(fake: Fake) -> None:
    async def story() -> None:
        gone = ItemError("Cannot modify canceled or filled order")
        answering(fake, Modify, lambda n: Answer(n, (gone,)))
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            fake.replies = lambda query: ReadFailed(query.query, "down")
            with pytest.raises(OutcomeUnknown, match="gave up") as caught:
                await hl.modify(order, px="99", policy=Policy(max_asks=3))
            assert caught.value.cloid == order.cloid
            assert len(fake.of(Place)) == 1, "and nothing was placed meanwhile"

    run(story())


# --- looking, and other requests ------------------------------------------------------------------------


def test_the_main_network_is_known_however_it_is_written() -> None:  # O1: its signatures are others
    for url in (mm.MAINNET, f"{mm.MAINNET}/", mm.MAINNET.upper(), "https://API.Hyperliquid.xyz//"):
        hl = mm.Hyperliquid(account=ME, key="0x" + "11" * 32, url=url)
        settings = hl._exchange.settings  # type: ignore[attr-defined]
        assert (settings.mainnet, settings.url, settings.secure) == (True, mm.MAINNET, True)
    assert not mm.Hyperliquid(account=ME, key="0x" + "11" * 32, url=mm.TESTNET)._exchange.settings.mainnet  # type: ignore[attr-defined]


def test_books_are_those_of_this_connection(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            assert hl.book("BTC") is None
            new, old = (BookTop("BTC", time, (("99", "1"),), (("101", "1"),)) for time in (2, 1))
            fake.facts += [Market(new), Market(old)]
            await until(lambda: (book := hl.book("BTC")) is not None and book.dropped)
            book = hl.book("BTC")
            assert book is not None
            assert book.bid is not None
            assert (book.time, book.bid.px, book.mid) == (2, Decimal(99), Decimal(100))
            fake.facts.append(LinkDown("cut"))
            await until(lambda: not hl.session.ready)
            await until(lambda: hl.book("BTC") is None)

    run(story())


def test_info_rate_limit_switch_and_leverage(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            assert await hl.info({"type": "meta", "dex": ""}) == {"type": "meta", "dex": ""}
            assert (await hl.rate_limit()).cap == 10_000
            await hl.schedule_cancel(fake.now_ms + 60_000)
            await hl.update_leverage("BTC", 3)
            for wrong in ({"x": float("nan")}, {"x": object()}):
                with pytest.raises(BadInput):
                    await hl.info(wrong)
            fake.replies = lambda query: ReadFailed(query.query, "HTTP 429")
            with pytest.raises(VenueError, match="429"):
                await hl.info({"type": "meta"})
            answering(fake, Action, lambda n: Answer(n, (ActionError("Invalid leverage value"),)))  # type: ignore[arg-type]
            with pytest.raises(Refused):
                await hl.update_leverage("BTC", 99)
            with pytest.raises(BadInput):
                await hl.update_leverage("DOGE", 3)

    run(story())


def test_a_question_without_an_answer_is_bounded(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            fake.replies = lambda query: LinkUp(1) if isinstance(query, AskInfo) else fake.reply(query)
            with pytest.raises(VenueError, match="no answer"):
                await hl.info({"type": "meta"}, timeout_ms=3_000)

    run(story())


# --- what is asked wrongly --------------------------------------------------------------------------------


def test_a_change_that_changes_nothing_keeps_its_place_in_the_queue(fake: Fake) -> None:
    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            order = await hl.place("BTC", "B", "100", "1")
            for same in (hl.modify(order), hl.modify(order, px="100.0"), hl.modify(order, order_qty=1)):
                assert (await same).oid == order.oid
            assert not fake.of(Modify)
            assert (await hl.modify(order, px="99")).oid != order.oid
            assert len(fake.of(Modify)) == 1

    run(story())


def test_wrong_words_are_refused_by_their_field_and_nothing_is_sent(fake: Fake) -> None:
    wrong: dict[str, Any] = {
        "coin": lambda hl: hl.place(None, "B", "1", "1"),
        "orders": lambda hl: hl.place_many([("BTC", "B", "1", "1")]),
        "leverage": lambda hl: hl.update_leverage("BTC", "3"),
        "time_ms": lambda hl: hl.schedule_cancel(1.5),
        "body": lambda hl: hl.info("meta"),
        "px": lambda hl: hl.place("BTC", "B", "100.12345", "1"),
        "sz": lambda hl: hl.place("BTC", "B", "100", "1.001"),
    }

    async def story() -> None:
        async with fake.client() as hl:
            await hl.ready()
            before = len(fake.sent)
            told = {}
            for field, ask in wrong.items():
                with pytest.raises((BadInput, Unrepresentable)) as caught:
                    await ask(hl)
                assert caught.value.field == field
                told[field] = str(caught.value)
            assert told["px"] == "px is off the grid of BTC, between 100.12 and 100.13"
            assert told["sz"] == "sz is off the grid of BTC, whose lot is 0.01"
            with pytest.raises(BadInput, match="no market 'NOPE'"):
                hl.closed("NOPE")
            assert hl.market("BTC").next_px_up("100") == Decimal("100.01")
            assert len(fake.sent) == before

    run(story())


def test_settings_that_are_not_one_are_named() -> None:
    words: dict[str, Any] = {"account": ME, "key": "0x" + "11" * 32, "url": "http://127.0.0.1:1"}
    with pytest.raises(ConfigError, match="the link has no setting 'bogus'; it has account, "):
        mm.Hyperliquid(**words, link={"bogus": 1})
    with pytest.raises(ConfigError, match=r"not one text: \['BTC'\]"):
        mm.Hyperliquid(**words, coins="BTC")
