"""The in-process venue: its words, what each does to the book, and what must hold whatever happens."""

import itertools
import json
from collections import defaultdict
from random import Random

import pytest

from mm.exchange.thin.accounts import tid_of
from mm.exchange.thin.faults import RATES, Faults
from mm.exchange.thin.link import PAGE, START_MS, InProcessVenue
from mm.exchange.thin.venue import BAND, RATE_LIMITED, Venue
from mm.exchange.thin.wire import scaled, text
from mm.protocol import (
    Action,
    ActionError,
    Answer,
    AskFills,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    Cancel,
    Change,
    Done,
    Filled,
    FillsReply,
    Frame,
    ItemError,
    LinkUp,
    Market,
    Modify,
    NewOrder,
    Noop,
    NotSent,
    OpenOrdersReply,
    OrderReply,
    Outcome,
    Place,
    PositionReply,
    Resend,
    Resting,
    Target,
)

ME, OTHER = "me", "other"
NEVER = 1 << 60


def place(nonce: int, expires: int, side: str, px: str, sz: str, tif: str, cloid: str) -> Place:
    return Place(nonce, expires, (NewOrder("SIM", side, px, sz, tif, cloid),))


def modify(nonce: int, oid: int, side: str, px: str, sz: str, tif: str, cloid: str) -> Modify:
    return Modify(nonce, NEVER, (Change(oid, NewOrder("SIM", side, px, sz, tif, cloid)),))


def cancel(nonce: int, oid: int) -> Cancel:
    return Cancel(nonce, NEVER, (Target("SIM", oid, None),))


class Desk:
    """A venue with two accounts, one action a block."""

    def __init__(self) -> None:
        self.venue = Venue("SIM", 2, 1_000)
        self.venue.watch(ME)
        self.venue.reference = 412_000
        self.time = 1_000
        self.nonce = itertools.count(1)

    def do(self, action: Action, who: str = ME) -> Outcome:
        self.time += 100
        ((outcome,),) = self.venue.block(self.time, [(who, action)])
        return outcome

    def place(self, side: str, px: str, sz: str, tif: str = "Alo", who: str = ME, cloid: str = "") -> Outcome:
        return self.do(place(next(self.nonce), NEVER, side, px, sz, tif, cloid), who)

    def rest(self, side: str, px: str, sz: str, who: str = ME, cloid: str = "") -> int:
        outcome = self.place(side, px, sz, who=who, cloid=cloid)
        assert isinstance(outcome, Resting)
        return outcome.oid

    def modify(self, oid: int, px: str, sz: str, side: str = "B", tif: str = "Alo", cloid: str = "new") -> Outcome:
        return self.do(modify(next(self.nonce), oid, side, px, sz, tif, cloid))

    def statuses(self) -> list[tuple[int, str]]:
        updates = self.venue.pushes(ME).updates
        return [(row["order"]["oid"], str(row["status"])) for row in updates]  # type: ignore[index]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refused(outcome: Outcome) -> str:
    assert isinstance(outcome, ItemError | ActionError), outcome
    return outcome.text


# --- placing ----------------------------------------------------------------------------------------


def test_price_first_then_time(desk: Desk) -> None:
    late, early = [desk.rest("B", "41.2", "1", who=who) for who in (OTHER, ME)]
    best = desk.rest("B", "41.201", "1")
    assert isinstance(desk.place("A", "41.2", "2.5", "Ioc", who="taker"), Filled)
    left = {oid: desk.venue.orders[oid].left for oid in (best, late, early)}
    assert left == {best: 0, late: 0, early: 50}


def test_trades_at_the_makers_price(desk: Desk) -> None:
    desk.rest("A", "41.2", "1", who=OTHER)
    assert desk.place("B", "41.5", "1", "Ioc") == Filled(1001, "1.0", "41.2")


def test_gtc_fills_in_part_and_rests(desk: Desk) -> None:
    desk.rest("A", "41.2", "0.3", who=OTHER)
    outcome = desk.place("B", "41.2", "1", "Gtc")
    assert outcome == Filled(1001, "0.3", "41.2")
    assert desk.venue.orders[1001].left == 70
    assert desk.venue.book.best(True) == 412_000


def test_ioc_loses_its_rest(desk: Desk) -> None:
    desk.rest("A", "41.2", "0.3", who=OTHER)
    desk.place("B", "41.2", "1", "Ioc")
    assert desk.statuses() == [(1001, "open"), (1001, "canceled")]
    assert desk.venue.book.best(True) is None


def test_post_only_that_would_match_says_the_book_and_uses_an_oid(desk: Desk) -> None:
    desk.rest("A", "41.2", "1", who=OTHER)
    desk.rest("B", "41.1", "1", who=OTHER)
    words = refused(desk.place("B", "41.2", "1"))
    assert words == "Post only order would have immediately matched, bbo was 41.1@41.2. asset=173"
    assert desk.statuses() == [(1002, "badAloPxRejected")]


@pytest.mark.parametrize(
    ("px", "sz", "words"),
    [
        ("41.2001", "1", "Price must be divisible by tick size."),
        ("41.20001", "1", "Price must be divisible by tick size."),
        ("41.2", "0", "Order has zero size."),
        ("41.2", "0.001", "Order has invalid size."),
        ("0", "1", "Order has invalid price."),
        ("41.2", "0.2", "Order must have minimum value of $10."),
        ("1.2", "90", BAND),
    ],
)
def test_pre_checks_use_no_oid_and_push_nothing(desk: Desk, px: str, sz: str, words: str) -> None:
    assert refused(desk.place("B", px, sz)) == f"{words} asset=173"
    assert not desk.venue.orders
    assert not desk.statuses()


# --- cancels, nonces, time --------------------------------------------------------------------------


def test_a_cancel_that_is_too_late_does_not_say_why(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    desk.place("A", "41.2", "1", "Ioc", who=OTHER)
    for key in (oid, 77):
        words = refused(desk.do(cancel(next(desk.nonce), key)))
        assert words == "Order was never placed, already canceled, or filled. asset=173"


def test_a_nonce_executes_at_most_once(desk: Desk) -> None:
    action = place(7, NEVER, "B", "41.2", "1", "Alo", "c")
    assert isinstance(desk.do(action), Resting)
    assert desk.do(action) == ActionError("Invalid nonce: duplicate nonce 7")
    assert len(desk.venue.open_orders(ME)) == 1


def test_a_noop_voids_the_request_that_comes_after_it(desk: Desk) -> None:
    assert desk.do(Noop(7)) == Done()
    assert refused(desk.do(place(7, NEVER, "B", "41.2", "1", "Alo", "c"))).startswith("Invalid nonce")
    assert not desk.venue.orders


def test_a_noop_after_the_request_is_told_so(desk: Desk) -> None:
    desk.do(place(7, NEVER, "B", "41.2", "1", "Alo", "c"))
    assert desk.do(Noop(7)) == ActionError("Invalid nonce: duplicate nonce 7")


def test_an_expired_request_does_nothing(desk: Desk) -> None:
    assert desk.do(place(7, 1, "B", "41.2", "1", "Alo", "c")) == ActionError("Action already expired")


def test_in_a_block_posts_come_first_then_cancels_then_takers(desk: Desk) -> None:
    oid = desk.rest("B", "41.2", "1")
    taker = place(501, NEVER, "A", "41.2", "1", "Ioc", "")
    withdrawal = cancel(500, oid)
    post = place(9, NEVER, "B", "41.19", "1", "Alo", "c")
    outcomes = desk.venue.block(9_000, [(OTHER, taker), (ME, withdrawal), ("third", post)])
    (taken,), (withdrawn,), (posted,) = outcomes
    assert refused(taken).startswith("Order could not immediately match")
    assert withdrawn == Done()
    assert isinstance(posted, Resting)


# --- modify: every row of the table -----------------------------------------------------------------


def test_modify_gives_a_new_oid_and_loses_the_queue(desk: Desk) -> None:
    old = desk.rest("B", "41.2", "1", cloid="x")
    desk.rest("B", "41.2", "1", who=OTHER)
    desk.statuses()
    outcome = desk.modify(old, "41.2", "1")
    assert outcome == Resting(1002)
    assert desk.statuses() == [(1002, "open"), (old, "canceled")]
    desk.place("A", "41.2", "1", "Ioc", who="taker")
    assert desk.venue.orders[1002].left == 100


def test_modify_does_not_subtract_what_was_filled(desk: Desk) -> None:
    old = desk.rest("B", "41.2", "1")
    desk.place("A", "41.2", "0.4", "Ioc", who=OTHER)
    assert desk.modify(old, "41.19", "1") == Resting(1002)
    assert desk.venue.orders[1002].left == 100
    assert desk.venue.orders[old].left == 60


def test_modify_of_what_is_gone_places_nothing(desk: Desk) -> None:
    old = desk.rest("B", "41.2", "1")
    desk.place("A", "41.2", "1", "Ioc", who=OTHER)
    assert refused(desk.modify(old, "41.19", "1")) == "Cannot modify canceled or filled order"
    assert not desk.venue.open_orders(ME)


def test_modify_that_would_match_loses_the_old_leg_too(desk: Desk) -> None:
    old = desk.rest("B", "41.2", "1")
    desk.rest("A", "41.3", "1", who=OTHER)
    words = refused(desk.modify(old, "41.3", "1"))
    assert words.startswith("Error placing new order during modify: Post only order would have")
    assert not desk.venue.open_orders(ME)
    assert (old, "canceled") in desk.statuses()


@pytest.mark.parametrize(
    ("px", "tif", "words"),
    [("41.1", "Ioc", "Attempted to modify to invalid new order"), ("1.2", "Alo", BAND)],
)
def test_modify_refused_by_a_pre_check_leaves_the_old_leg(desk: Desk, px: str, tif: str, words: str) -> None:
    old = desk.rest("B", "41.2", "10")
    assert refused(desk.modify(old, px, "10", tif=tif)).startswith(words)
    assert [order.oid for order in desk.venue.open_orders(ME)] == [old]


def test_modify_refused_as_a_whole_leaves_the_old_leg_and_the_nonce(desk: Desk) -> None:
    old = desk.rest("B", "41.2", "1")
    desk.venue.refuse = lambda _: RATE_LIMITED
    action = modify(50, old, "B", "41.1", "1", "Alo", "new")
    assert refused(desk.do(action)) == RATE_LIMITED
    desk.venue.refuse = lambda _: None
    assert isinstance(desk.do(action), Resting)


# --- money ------------------------------------------------------------------------------------------


def test_fees_are_cut_to_the_micro_dollar(desk: Desk) -> None:
    desk.rest("A", "41.237", "0.33", who=OTHER)
    desk.place("B", "41.237", "0.33", "Ioc")
    notional = 412_370 * 33
    assert desk.venue.account(ME).fees == notional * 45 // 100_000
    assert desk.venue.account(OTHER).fees == notional * 15 // 100_000


def test_closing_tells_the_profit_gross_of_fees(desk: Desk) -> None:
    for side, px in (("B", "41.2"), ("A", "41.5")):
        desk.rest(side, px, "1")
        desk.place("A" if side == "B" else "B", px, "1", "Ioc", who=OTHER)
    assert [fill.closed for fill in desk.venue.account(ME).fills] == [0, 300_000]
    assert desk.venue.account(ME).cash == 300_000


def test_a_flip_closes_all_and_opens_the_rest(desk: Desk) -> None:
    desk.rest("B", "41.2", "1")
    desk.place("A", "41.2", "1", "Ioc", who=OTHER)
    desk.rest("A", "41.3", "3")
    desk.place("B", "41.3", "3", "Ioc", who=OTHER)
    last = desk.venue.account(ME).fills[-1]
    assert (last.start, last.closed) == (100, 100_000)
    assert desk.venue.rows.fill(last)["dir"] == "Long > Short"


@pytest.mark.parametrize(
    ("units", "decimals", "told"),
    [(412_360, 4, "41.236"), (412_000, 4, "41.2"), (-5, 2, "-0.05"), (100, 2, "1.0"), (0, 6, "0.0")],
)
def test_numbers_are_printed_as_the_venue_does(units: int, decimals: int, told: str) -> None:
    assert text(units, decimals) == told
    if units >= 0:
        assert scaled(told, decimals) == units


@pytest.mark.parametrize("wrong", ["", "-1", "1e3", "0.001", "abc", "1.2.3"])
def test_a_number_off_the_grid_is_none(wrong: str) -> None:
    assert scaled(wrong, 2) is None


# --- whatever happens -------------------------------------------------------------------------------


def wander(seed: int, blocks_ms: int, rates: dict[str, int] | None) -> tuple[InProcessVenue, list[object]]:
    """A client without a plan: places, moves and cancels at random, and keeps all that it is told."""
    chance = Random(f"wander:{seed}")
    venue = InProcessVenue(seed, ME, rates)
    venue.connect()
    told: list[object] = []
    known: list[int] = []
    nonce = START_MS
    while venue.now_ms < START_MS + blocks_ms:
        fact = venue.receive(venue.now_ms + 50)
        if fact is not None:
            told.append(fact)
        if isinstance(fact, Answer) and isinstance(fact.outcomes[0], Resting):
            known.append(fact.outcomes[0].oid)
        book = venue.venue.book
        bid, ask = book.best(True), book.best(False)
        if bid is not None and ask is not None:
            assert bid < ask, "a crossed book"
        if chance.randrange(10) < 3 and bid is not None:
            nonce += 1
            side = chance.choice("BA")
            px = venue.venue.rows.px(bid + 10 * chance.randint(-12, 14))
            words = (side, px, "0.80", "Alo", f"0x{nonce:032x}")
            oid = chance.choice(known) if known else 0
            venue.send(
                chance.choice(
                    (
                        place(nonce, NEVER, *words),
                        modify(nonce, oid, *words),
                        cancel(nonce, oid),
                        Noop(nonce - chance.randint(0, 3)),
                    )
                )
            )
    return venue, told


@pytest.mark.parametrize("seed", range(5))
def test_coins_and_cash_are_conserved_and_every_trade_is_told_twice(seed: int) -> None:
    venue, _ = wander(seed, 60_000, None)
    accounts = venue.venue.accounts.values()
    assert sum(account.lots for account in accounts) == 0
    assert sum(account.cash for account in accounts) == 0
    sides: dict[int, list[tuple[bool, int, int, int]]] = defaultdict(list)
    for account in accounts:
        position = 0
        for fill in account.fills:
            assert fill.start == position
            position += fill.lots if fill.is_buy else -fill.lots
            sides[fill.tid].append((fill.is_buy, fill.px, fill.lots, fill.time))
        assert position == account.lots
    assert len(sides) == venue.venue.trades > 20
    for both in sides.values():
        buyer, seller = sorted(both, reverse=True)
        assert (buyer[0], seller[0]) == (True, False)
        assert buyer[1:] == seller[1:]
    assert venue.venue.account(ME).fills


@pytest.mark.parametrize("seed", range(3))
def test_every_order_is_filled_at_most_in_full(seed: int) -> None:
    venue, _ = wander(seed, 30_000, None)
    executed: dict[int, int] = defaultdict(int)
    for account in venue.venue.accounts.values():
        for fill in account.fills:
            executed[fill.oid] += fill.lots
    for oid, order in venue.venue.orders.items():
        assert executed[oid] == order.size - order.left <= order.size


def test_without_faults_everything_is_told_once() -> None:
    venue, told = wander(1, 60_000, {})
    keys = [(row["time"], row["tid"]) for fact in told if isinstance(fact, Frame) for row in frame_rows(fact)]
    made = [(fill.time, fill.tid) for fill in venue.venue.account(ME).fills]
    arrived = [key for key in made if key[0] < venue.now_ms - 200]  # younger ones may be on their way
    assert set(arrived) <= set(keys) <= set(made)
    assert len(set(keys)) == len(keys) > 0
    answers = [fact.nonce for fact in told if isinstance(fact, Answer) and not fact.to_noop]
    assert len(answers) == len(set(answers))


def frame_rows(frame: Frame) -> list[dict[str, object]]:
    message = json.loads(frame.data)
    rows: list[dict[str, object]] = message["data"]["fills"] if message["channel"] == "userFills" else []
    return rows


def test_the_same_seed_tells_the_same_story() -> None:
    assert wander(3, 20_000, None)[1] == wander(3, 20_000, None)[1]
    assert wander(3, 20_000, None)[1] != wander(4, 20_000, None)[1]


def test_every_fault_happens() -> None:
    venue, _ = wander(2, 240_000, dict.fromkeys(RATES, 800) | {"link cut": 20})
    # This client asks nothing, so that no read can fail.
    assert set(RATES) - set(venue.faults.counts) <= {"read failed", "read lost"}


def test_faults_that_are_off_do_not_happen() -> None:
    faults = Faults("s", dict.fromkeys(RATES, 10_000))
    faults.on = False
    assert not any(faults.hit(name) for name in RATES)
    assert not faults.counts


def test_nothing_is_delivered_over_a_connection_that_was_cut() -> None:
    venue = InProcessVenue(1, ME, {})
    venue.connect()
    assert venue.receive(START_MS + 2_000) is not None
    venue.cut()
    assert venue.receive(START_MS + 10_000) is None
    venue.connect()
    assert isinstance(venue.receive(START_MS + 12_000), Frame | Market)


def test_fills_are_paged_oldest_first_with_the_last_time_told() -> None:
    venue, _ = wander(1, 20_000, {})
    account = venue.venue.account(ME)
    assert account.fills
    first = account.fills[0]
    account.fills = [first] * (PAGE + 5)
    page = venue.reply(AskFills(1, 0, NEVER))
    assert isinstance(page, FillsReply)
    assert (page.rows, page.full, page.last_ms) == (PAGE, True, first.time)


def test_reads_tell_open_orders_and_one_order() -> None:
    venue, _ = wander(5, 20_000, {})
    opens = venue.reply(AskOpenOrders(1))
    assert isinstance(opens, OpenOrdersReply)
    for row in opens.rows:
        assert venue.reply(AskOrder(2, row.oid)) == OrderReply(2, row)
        assert row.cloid is not None
        assert venue.reply(AskOrder(2, row.cloid)) == OrderReply(2, row)
    assert venue.reply(AskOrder(3, 1)) == OrderReply(3, None)


def test_both_sides_of_a_trade_have_one_tid_of_fifty_bits() -> None:
    assert tid_of(1, 2) != tid_of(2, 1)
    assert 0 < tid_of(41_547_028_680, 41_547_028_681) < 1 << 50


def test_a_batch_has_one_outcome_for_each_item_by_position(desk: Desk) -> None:
    orders = tuple(NewOrder("SIM", "B", px, "1", "Alo", cloid) for px, cloid in (("41.2", "a"), ("1.2", "b")))
    ((first, second),) = desk.venue.block(2_000, [(ME, Place(1, NEVER, orders))])
    assert isinstance(first, Resting)
    assert refused(second) == f"{BAND} asset=173"
    targets = (Target("SIM", 77, None), Target("SIM", first.oid, None))
    ((gone, done),) = desk.venue.block(3_000, [(ME, Cancel(2, NEVER, targets))])
    assert refused(gone).startswith("Order was never placed")
    assert done == Done()


def test_the_streams_stand_when_the_snapshot_has_come() -> None:
    venue = InProcessVenue(1, ME, {})
    venue.connect()
    facts = [venue.receive(START_MS + 1_000) for _ in range(2)]
    assert isinstance(facts[0], Frame)
    assert facts[1] == LinkUp(1)


def test_the_same_bytes_sent_again_do_not_execute_again() -> None:
    venue = InProcessVenue(1, ME, {})
    venue.connect()
    venue.send(place(START_MS, NEVER, "B", "40.0", "1", "Alo", "c"))
    venue.send(Resend(START_MS))
    venue.send(Resend(START_MS + 1))
    told = [fact for _ in range(60) if (fact := venue.receive(START_MS + 2_000)) is not None]
    answers = [fact.outcomes[0] for fact in told if isinstance(fact, Answer)]
    assert sorted(type(outcome).__name__ for outcome in answers) == ["ActionError", "Resting"]
    assert NotSent(START_MS + 1, "its bytes are not held here") in told
    assert len(venue.venue.open_orders(ME)) == 1


def test_another_dex_and_another_coin_are_empty() -> None:
    venue, _ = wander(5, 20_000, {})
    assert venue.reply(AskOpenOrders(1, "xyz")) == OpenOrdersReply(1, ())
    assert venue.reply(AskPosition(2, "BTC")) == PositionReply(2, "BTC", "0.0", venue.now_ms)
