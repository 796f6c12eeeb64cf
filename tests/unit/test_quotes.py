"""The planner: one order a level, the worst case, hysteresis, and cancels that nothing holds back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import OrderState, Side
from mm.intents import Keep, Move, Pull, Put
from mm.quotes import Exposure, Open, Planner, match
from mm.strategy import PULL, Grid, Ladder, Leaning, Level, Market

D = Decimal
GRID = Grid(2)
PLANNER = Planner(GRID, max_position=D(6))
FLAT = Exposure(D(0), D(0), D(0))
FAIR = D("41.300")


def bid(px: str, sz: str = "0.80") -> Level:
    return Level(Side.BUY, D(px), D(sz))


def ask(px: str, sz: str = "0.80") -> Level:
    return Level(Side.SELL, D(px), D(sz))


def order(
    name: str,
    px: str,
    leaves: str = "0.80",
    side: Side = Side.BUY,
    state: OrderState = OrderState.Resting,
    executed: str = "0",
    age_ms: int = 60_000,
    modifying: bool = False,
    reserved: bool = False,
) -> Open:
    return Open(name, side, D(px), D(leaves), D(executed), state, modifying, age_ms, reserved)


def plan(
    levels: list[Level], orders: list[Open], exposure: Exposure = FLAT, fair: Decimal | None = FAIR
) -> list[object]:
    return list(PLANNER.plan(Ladder(tuple(levels)), orders, exposure, fair))


def names(intents: list[object], kind: type[Move] | type[Pull] | type[Keep]) -> list[str]:
    return [intent.name for intent in intents if isinstance(intent, kind)]


# --- matching ---------------------------------------------------------------------------------------


def test_an_empty_book_is_filled_from_the_ladder() -> None:
    assert plan([bid("41.20"), ask("41.40")], []) == [
        Put(Side.BUY, D("41.20"), D("0.80")),
        Put(Side.SELL, D("41.40"), D("0.80")),
    ]


def test_an_order_on_its_level_is_kept() -> None:
    assert plan([bid("41.20")], [order("a", "41.20")]) == [Keep("a", "near")]


def test_two_orders_near_one_level_and_one_goes() -> None:  # incident G18
    intents = plan([bid("41.200")], [order("a", "41.200"), order("b", "41.201")])
    assert names(intents, Keep) == ["a"]
    assert names(intents, Pull) == ["b"]


def test_one_order_serves_one_of_two_near_levels() -> None:
    intents = plan([bid("41.200"), bid("41.198")], [order("a", "41.200")])
    assert names(intents, Keep) == ["a"]
    assert Put(Side.BUY, D("41.198"), D("0.80")) in intents


def test_the_nearest_pair_is_matched_first() -> None:
    levels = [bid("41.20"), bid("41.10")]
    orders = [order("far", "41.00"), order("near", "41.11")]
    assert [(index, o.name) for index, o in match(levels, orders)] == [(0, "far"), (1, "near")]


def test_a_ladder_that_is_pulled_cancels_everything_free() -> None:
    intents = plan([], [order("a", "41.20"), order("b", "41.40", side=Side.SELL)])
    assert names(intents, Pull) == ["a", "b"]


def test_an_unmoved_market_settles_after_one_round() -> None:  # incident G19
    levels = [bid("41.20"), bid("41.10")]
    orders = [order("a", "41.20"), order("b", "41.10")]
    room_is_tight = Exposure(D("4.4"), D(6), D("4.4"))
    assert plan(levels, orders, room_is_tight) == [Keep("a", "near"), Keep("b", "near")]


# --- hysteresis -------------------------------------------------------------------------------------


def test_outside_the_deadband_it_is_moved_with_its_executed_part_in_the_total() -> None:
    seen = order("a", "41.10", leaves="0.60", executed="0.20", state=OrderState.PartialFilled)
    assert plan([bid("41.20")], [seen]) == [Move("a", D("41.20"), D("1.00"))]


def test_inside_the_deadband_it_keeps_its_place() -> None:
    assert plan([bid("41.202")], [order("a", "41.200")]) == [Keep("a", "near")]


def test_a_young_order_is_left_alone() -> None:
    assert plan([bid("41.20")], [order("a", "41.10", age_ms=100)]) == [Keep("a", "young")]


def test_an_order_on_the_wrong_side_of_the_risk_line_goes_however_young() -> None:
    assert plan([bid("41.20")], [order("a", "41.299", age_ms=1)]) == [Move("a", D("41.20"), D("0.80"))]


def test_a_part_filled_order_keeps_its_place_while_it_shows_enough() -> None:
    assert plan([bid("41.20")], [order("a", "41.20", leaves="0.40")]) == [Keep("a", "near")]
    assert isinstance(plan([bid("41.20")], [order("a", "41.20", leaves="0.39")])[0], Move)


def test_an_order_larger_than_its_level_is_made_smaller() -> None:
    assert plan([bid("41.20", "0.50")], [order("a", "41.20")]) == [Move("a", D("41.20"), D("0.50"))]


# --- limits -----------------------------------------------------------------------------------------


def test_the_worst_case_decides_not_the_position() -> None:
    worst = Exposure(D(0), D("5.5"), D(0))
    assert plan([bid("41.20")], [], worst) == [Put(Side.BUY, D("41.20"), D("0.50"))]


def test_several_levels_share_the_room() -> None:
    intents = plan([bid("41.20"), bid("41.10"), bid("41.00")], [], Exposure(D(0), D("4.8"), D(0)))
    assert [i.sz for i in intents if isinstance(i, Put)] == [D("0.80"), D("0.40")]


def test_a_size_is_never_rounded_up_to_the_minimum() -> None:  # incident G28
    assert plan([bid("41.20")], [], Exposure(D(0), D("5.8"), D(0))) == []


def test_a_move_counts_both_legs() -> None:
    assert plan([bid("41.20")], [order("a", "41.10")], Exposure(D(5), D(6), D(5))) == [Keep("a", "no room to move")]


def test_without_room_an_order_at_risk_is_cancelled() -> None:
    assert plan([bid("41.20")], [order("a", "41.299")], Exposure(D(5), D(6), D(5))) == [Pull("a", "at risk")]


def test_cancels_are_never_held_back() -> None:  # I20
    worst = Exposure(D(9), D(20), D(-20))
    unknown = order("u", "41.15", state=OrderState.Unknown)
    for ladder in ([], [bid("41.00")]):
        intents = plan(ladder, [order("a", "41.20", age_ms=0), order("b", "41.19"), unknown], worst)
        assert names(intents, Pull)


def test_what_only_reduces_is_never_held_back() -> None:  # I20
    long = Exposure(D(3), D(3), D(-7))  # the other side's worst case is past its limit
    assert plan([ask("41.40")], [], long) == [Put(Side.SELL, D("41.40"), D("0.80"))]


def test_what_would_reduce_beyond_flat_is_held_back() -> None:
    long = Exposure(D("0.5"), D("0.5"), D(-6))
    assert plan([ask("41.40")], [], long) == [Put(Side.SELL, D("41.40"), D("0.50"))]


def test_reducing_counts_what_is_open_on_that_side_already() -> None:
    long = Exposure(D(1), D(1), D(-6))
    busy = order("a", "41.40", side=Side.SELL, modifying=True)
    assert plan([ask("41.40"), ask("41.50")], [busy], long) == []


# --- what is not settled ----------------------------------------------------------------------------


def test_nothing_new_beside_an_unknown_order() -> None:
    seen = [order("u", "41.20", state=OrderState.Unknown), order("a", "41.00")]
    assert plan([bid("41.20"), bid("41.10"), bid("41.05")], seen) == [Keep("a", "its side is unknown")]


def test_the_other_side_is_quoted_meanwhile() -> None:
    intents = plan([bid("41.20"), ask("41.40")], [order("u", "41.20", state=OrderState.Unknown)])
    assert intents == [Put(Side.SELL, D("41.40"), D("0.80"))]


@pytest.mark.parametrize(
    "busy",
    [
        order("b", "41.20", state=OrderState.Pending),
        order("b", "41.20", modifying=True),
        order("b", "41.20", state=OrderState.CancelPending, reserved=True),
        order("b", "41.20", state=OrderState.CancelConfirmed, reserved=True),
    ],
)
def test_an_order_on_its_way_holds_its_level(busy: Open) -> None:
    assert plan([bid("41.20")], [busy]) == []


@pytest.mark.parametrize("state", [OrderState.CancelPending, OrderState.CancelConfirmed])
def test_an_order_that_is_going_leaves_its_level(state: OrderState) -> None:
    assert plan([bid("41.20")], [order("b", "41.20", state=state)]) == [Put(Side.BUY, D("41.20"), D("0.80"))]


def test_a_busy_order_is_never_touched() -> None:
    seen = [order("b", "41.299", modifying=True), order("c", "41.298", reserved=True)]
    assert plan([], seen) == []


# --- whatever is open -------------------------------------------------------------------------------

prices = st.integers(41_000, 41_290).map(lambda n: D(n) / 1_000)
sizes = st.integers(25, 120).map(lambda n: D(n) / 100)
opens = st.lists(
    st.builds(
        Open,
        name=st.uuids().map(str),
        side=st.just(Side.BUY),
        px=prices,
        leaves=sizes,
        executed=st.just(D(0)),
        state=st.sampled_from(
            [
                OrderState.Resting,
                OrderState.PartialFilled,
                OrderState.Pending,
                OrderState.CancelPending,
                OrderState.Unknown,
            ]
        ),
        modifying=st.booleans(),
        age_ms=st.integers(0, 2_000),
        reserved=st.booleans(),
    ),
    max_size=6,
)
wishes = st.lists(st.builds(Level, st.just(Side.BUY), prices, sizes), max_size=4)


@given(wishes, opens, st.integers(-600, 900).map(lambda n: D(n) / 100))
def test_what_is_sent_always_fits_the_worst_case(levels: list[Level], orders: list[Open], worst: D) -> None:
    intents = plan(levels, orders, Exposure(D(0), worst, D(0)))
    executed = {o.name: o.executed for o in orders}
    new = sum((i.sz for i in intents if isinstance(i, Put)), D(0))
    new += sum((i.order_qty - executed[i.name] for i in intents if isinstance(i, Move)), D(0))
    assert new == 0 or worst + new <= 6


@given(wishes, opens)
def test_every_free_order_gets_exactly_one_intent(levels: list[Level], orders: list[Open]) -> None:
    intents = plan(levels, orders)
    told = names(intents, Keep) + names(intents, Move) + names(intents, Pull)
    assert sorted(told) == sorted(o.name for o in orders if o.free)


@given(wishes, opens)
def test_no_more_orders_than_levels_are_wanted(levels: list[Level], orders: list[Open]) -> None:
    intents = plan(levels, orders)
    kept = [i for i in intents if isinstance(i, Put | Move | Keep)]
    assert len(kept) <= len(levels)


# --- the ladder and its grid ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("px", "down", "up"),
    [
        ("41.23651", "41.236", "41.237"),
        ("41.236", "41.236", "41.236"),
        ("99.9999", "99.999", "100.00"),
        ("123456.7", "123456", "123457"),
        ("0.0123456", "0.0123", "0.0124"),
    ],
)
def test_bids_go_down_and_asks_go_up(px: str, down: str, up: str) -> None:
    assert GRID.bid(px) == D(down)
    assert GRID.ask(px) == D(up)


def test_a_float_is_read_by_its_shortest_text() -> None:
    assert GRID.bid(41.236) == GRID.ask(41.236) == D("41.236")


def test_sizes_are_cut_to_the_lot() -> None:
    assert GRID.size("0.809") == D("0.80")


def market(position: str = "0") -> Market:
    bids = ((D("41.29"), D(1)), (D("41.28"), D(1)))
    asks = ((D("41.31"), D(1)), (D("41.32"), D(1)))
    return Market("SIM", 0, GRID, bids, asks, D(position), D(6))


def test_fair_leans_to_the_thinner_side() -> None:
    assert market().fair == D("41.30")
    tilted = Market("SIM", 0, GRID, ((D("41.29"), D(3)),), ((D("41.31"), D(1)),), D(0), D(6))
    assert tilted.fair == D("41.305")


def test_a_level_that_rounds_onto_another_is_dropped_and_named() -> None:
    ladder = market().ladder(half_bps=2, step_bps="0.01", levels=2, size="0.8")
    assert len(ladder.levels) == 2
    assert len(ladder.notes) == 2


def test_a_level_below_the_minimum_value_is_dropped_and_named() -> None:
    ladder = market().ladder(half_bps=2, step_bps=2, levels=1, size="0.2")
    assert not ladder.levels
    assert len(ladder.notes) == 2


def test_without_a_market_nothing_is_wanted() -> None:
    empty = Market("SIM", 0, GRID, (), (), D(0), D(6))
    assert Leaning().quote(empty) == PULL


def test_the_demo_strategy_leans_and_takes_when_it_has_enough() -> None:
    flat, long = Leaning().quote(market()), Leaning().quote(market("4"))
    assert flat.take is None
    assert long.side(Side.BUY)[0].px < flat.side(Side.BUY)[0].px
    assert long.take == Level(Side.SELL, D("41.29"), D("2.00"))
