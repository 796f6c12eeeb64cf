"""Stories: every door of the engine, and what the law says it leads to."""

# mypy: disable-error-code="comparison-overlap"
# A Decimal equals an int or a Fraction of the same value, in a tuple too; mypy sees the types only.

import pytest

import mm
from mm.errors import UsageError
from tests.bindings.helpers import OID, T0, TID, D, fill, new, place, rest, state

S = mm.OrderState
NOT_LIVE = "Order was never placed, already canceled, or filled. asset=0"


def update(
    engine: mm.Engine, status: str, oid: int = OID, rest: str = "1", cloid: str | None = None, at: int = 5
) -> None:
    engine.on_order_update("BTC", "B", oid, status, "100", rest, "1", T0 + at, cloid, now_ms=T0 + at)


def order(engine: mm.Engine, cloid: str) -> mm.Order:
    found = engine.get_by_cloid(cloid)
    assert found is not None
    return found


def active(engine: mm.Engine) -> list[str | None]:
    return [one.cloid for side in ("B", "A") for one in engine.get_all_by_side("BTC", side)]


def test_pending_resting_partial_filled() -> None:
    engine = new()
    cloid = place(engine)
    assert (order(engine, cloid).state, active(engine)) == (S.Pending, [])
    engine.finalize_pending_by_cloid(cloid, OID, now_ms=T0)
    assert (state(engine), active(engine)) == (S.Resting, [cloid])
    engine.process(fill("0.4"))
    assert (state(engine), active(engine)) == (S.PartialFilled, [cloid])
    assert order(engine, cloid).ord_status == mm.OrdStatus.PARTIALLY_FILLED
    engine.process(fill("0.6", "0.4", tid=TID + 1))
    assert (state(engine), active(engine)) == (S.Filled, [])
    assert order(engine, cloid).ord_status == mm.OrdStatus.FILLED


def test_rejected_at_the_door() -> None:
    engine = new()
    cloid = place(engine)
    engine.on_rejected(cloid, "Insufficient margin to place order. asset=0", T0)
    assert order(engine, cloid).state is S.Rejected
    assert (engine.worst_long("BTC"), engine.worst_short("BTC")) == (0, 0)


def test_no_answer_is_unknown_until_evidence() -> None:
    engine = new()
    cloid = place(engine)
    engine.on_no_answer(cloid, T0)
    assert order(engine, cloid).state is S.Unknown
    assert engine.worst_long("BTC") == 1
    asked = engine.tick(T0 + 60_000)
    assert any(isinstance(effect, mm.Effect.Ask) and effect.cloid == cloid for effect in asked)
    assert order(engine, cloid).state is S.Unknown, "nothing is dropped by age"
    update(engine, "open", cloid=cloid)
    assert (order(engine, cloid).state, order(engine, cloid).oid) == (S.Resting, OID)


def test_fenced_never_lived() -> None:
    engine = new()
    cloid = place(engine)
    engine.on_no_answer(cloid, T0)
    engine.on_fenced(cloid, T0)
    assert order(engine, cloid).is_terminal
    assert engine.worst_long("BTC") == 0


def test_cancel_and_its_window() -> None:
    engine = new(fill_window_ms=10_000)
    cloid = rest(engine)
    request = engine.initiate_cancel(OID, T0)
    assert (request.oid, request.cloid, request.coin, request.after_live) == (OID, cloid, "BTC", True)
    assert (state(engine), active(engine), engine.worst_long("BTC")) == (S.CancelPending, [], 1)
    engine.process(fill("0.3"))
    assert state(engine) is S.CancelPending, "part fills do not change it"
    engine.on_cancel_success(OID, T0 + 20)
    assert state(engine) is S.CancelConfirmed
    update(engine, "canceled", rest="0.7", at=20)
    engine.tick(T0 + 25)
    assert state(engine) is S.CancelConfirmed
    engine.tick(T0 + 60_000)
    assert state(engine) is S.Cancelled
    assert engine.worst_long("BTC") == D("0.3")


def test_a_fill_wins_the_race_with_a_cancel() -> None:
    engine = new()
    rest(engine)
    request = engine.initiate_cancel(OID, T0)
    engine.process(fill())
    assert state(engine) is S.FilledDuringCancel
    engine.on_cancel_error(OID, NOT_LIVE, request, T0 + 20)
    assert state(engine) is S.FilledDuringCancel


def test_a_late_fill_turns_cancelled_into_filled_during_cancel() -> None:
    engine = new(fill_window_ms=100)
    rest(engine)
    engine.initiate_cancel(OID, T0)
    engine.on_cancel_success(OID, T0 + 5)
    update(engine, "canceled", at=5)
    engine.tick(T0 + 60_000)
    assert state(engine) is S.Cancelled
    engine.process(fill())
    assert state(engine) is S.FilledDuringCancel
    assert engine.position("BTC").size == 1


def test_words_of_a_cancel_error_settle_nothing() -> None:
    engine = new()
    cloid = rest(engine)
    request = engine.initiate_cancel(OID, T0)
    engine.on_cancel_error(OID, NOT_LIVE, request, T0 + 5)
    assert not order(engine, cloid).is_terminal
    assert active(engine) == []
    assert engine.worst_long("BTC") == 1, "it may have filled"
    update(engine, "filled", rest="0.0")
    assert order(engine, cloid).is_terminal
    assert engine.position("BTC").size == 1


def test_an_early_cancel_error_proves_nothing() -> None:
    engine = new()
    cloid = place(engine)
    request = engine.initiate_cancel(cloid, T0)
    assert not request.after_live
    engine.on_cancel_error(cloid, NOT_LIVE, request, T0 + 5)
    assert not order(engine, cloid).is_terminal
    assert engine.worst_long("BTC") == 1
    engine.finalize_pending_by_cloid(cloid, OID, now_ms=T0 + 6)
    assert active(engine) == [cloid]


def test_modify_takes() -> None:
    engine = new()
    cloid = rest(engine)
    asked = engine.initiate_modify(cloid, engine.next_cloid(), "101", "1", T0)
    assert (asked.oid, asked.sz, asked.px, asked.side, asked.tif) == (OID, 1, 101, mm.Side.BUY, mm.Tif.ALO)
    assert order(engine, cloid).modifying
    assert engine.worst_long("BTC") == 2, "both legs count until it is settled"
    engine.on_modify_success(asked.cloid, OID + 1, now_ms=T0 + 5)
    update(engine, "canceled", at=5)
    now = order(engine, cloid)
    assert (now.oid, now.cloid, now.current_cloid, now.px, now.state) == (OID + 1, cloid, asked.cloid, 101, S.Resting)
    assert not now.modifying
    assert active(engine) == [cloid]
    assert engine.worst_long("BTC") == 1
    assert engine.get_by_cloid(asked.cloid) == now
    assert engine.get_order(OID) == now


def test_modify_asks_for_what_is_left() -> None:
    engine = new()
    cloid = rest(engine)
    engine.process(fill("0.4"))
    asked = engine.initiate_modify(cloid, engine.next_cloid(), "101", "1", T0 + 20)
    assert asked.sz == D("0.6")


def test_a_fill_races_a_modify() -> None:
    engine = new()
    cloid = rest(engine)
    asked = engine.initiate_modify(cloid, engine.next_cloid(), "101", "1", T0)
    effects = list(engine.process(fill("0.4")).effects)
    effects += engine.on_modify_success(asked.cloid, OID + 1, now_ms=T0 + 20)
    excess = [effect for effect in effects if isinstance(effect, mm.Effect.Excess)]
    assert [effect.by for effect in excess] == [D("0.4")]
    assert order(engine, cloid).cum_qty == D("0.4")
    assert engine.worst_long("BTC") >= D("1.4")


@pytest.mark.parametrize("late", [True, False])
def test_the_old_leg_filled_before_the_modify(late: bool) -> None:
    engine = new()
    cloid = rest(engine)
    asked = engine.initiate_modify(cloid, engine.next_cloid(), "101", "1", T0)
    if not late:
        engine.process(fill())
    engine.on_modify_error(asked.cloid, "Cannot modify canceled or filled order asset=0", T0 + 5)
    if late:
        assert not order(engine, cloid).is_terminal, "the words do not say which"
        assert engine.worst_long("BTC") == 1
        engine.process(fill())
    assert order(engine, cloid).state is S.Filled
    assert engine.worst_long("BTC") == engine.position("BTC").size == 1


def test_old_leg_gone_new_leg_refused() -> None:
    engine = new()
    cloid = rest(engine)
    asked = engine.initiate_modify(cloid, engine.next_cloid(), "101", "1", T0)
    why = "Error placing new order during modify: Post only order would have immediately matched, bbo was 1@2. asset=0"
    engine.on_modify_error(asked.cloid, why, T0 + 5)
    assert active(engine) == []
    update(engine, "canceled")
    engine.on_fills_complete("BTC", T0 + 30_000, T0 + 30_000)
    engine.tick(T0 + 60_000)
    assert order(engine, cloid).state is S.Cancelled
    assert engine.worst_long("BTC") == 0


@pytest.mark.parametrize(
    "why",
    ["Order price cannot be more than 95% away from the reference price", "Attempted to modify to invalid new order"],
)
def test_old_leg_untouched(why: str) -> None:
    engine = new()
    cloid = rest(engine)
    asked = engine.initiate_modify(cloid, engine.next_cloid(), "101", "1", T0)
    engine.on_modify_error(asked.cloid, why, T0 + 5)
    assert (order(engine, cloid).state, active(engine), engine.worst_long("BTC")) == (S.Resting, [cloid], 1)
    assert order(engine, cloid).px == 100
    engine.initiate_modify(cloid, engine.next_cloid(), "102", "1", T0 + 6)


def test_a_modify_without_answer_is_unknown() -> None:
    engine = new()
    cloid = rest(engine)
    asked = engine.initiate_modify(cloid, engine.next_cloid(), "101", "1", T0)
    engine.on_modify_no_answer(asked.cloid, T0)
    assert (order(engine, cloid).state, active(engine), engine.worst_long("BTC")) == (S.Unknown, [], 2)
    with pytest.raises(UsageError):
        engine.initiate_modify(cloid, "0x" + "8" * 32, "102", "1", T0)
    engine.on_fenced(asked.cloid, T0 + 10)
    update(engine, "open", at=20)
    assert (state(engine), engine.worst_long("BTC")) == (S.Resting, 1)


@pytest.mark.parametrize("order_of_news", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_the_venue_gives_one_cloid_to_two_legs(order_of_news: tuple[int, ...]) -> None:
    """open A(X), open B(X), canceled A(X), in any order: B stays live."""
    engine = new()
    cloid = rest(engine)
    news = [
        lambda: update(engine, "open", OID, cloid=cloid, at=1),
        lambda: update(engine, "open", OID + 1, cloid=cloid, at=2),
        lambda: update(engine, "canceled", OID, cloid=cloid, at=2),
    ]
    for which in order_of_news:
        news[which]()
    live = engine.get_order(OID + 1)
    assert live is not None
    assert live.is_active
    assert engine.worst_long("BTC") >= 1


def test_a_snapshot_must_be_younger_than_our_last_act() -> None:
    engine = new()
    cloid = rest(engine)
    engine.on_open_orders("BTC", [], T0 - 1, True, T0 + 5)
    assert active(engine) == [cloid], "it began before we placed"
    engine.on_open_orders("BTC", [], T0 + 50, False, T0 + 55)
    assert active(engine) == [cloid], "it was not complete"
    effects = engine.on_open_orders("BTC", [], T0 + 100, True, T0 + 105)
    assert not order(engine, cloid).is_terminal, "absence does not say how it ended"
    assert engine.worst_long("BTC") == 1
    assert any(isinstance(effect, mm.Effect.Ask) for effect in (*effects, *engine.tick(T0 + 60_000)))


def test_a_gap_is_seen_at_the_next_fill_and_closes() -> None:
    engine = new()
    rest(engine, sz="9")
    engine.process(fill("1", "0"))
    done = engine.process(fill("1", "1.7", tid=TID + 2, time=T0 + 30))
    (effect,) = [effect for effect in done.effects if isinstance(effect, mm.Effect.Gap)]
    gap = effect.gap
    assert (gap.coin, gap.from_ms, gap.to_ms) == ("BTC", T0 + 10, T0 + 30)
    assert (gap.expected, gap.found, gap.missing) == (1, D("1.7"), D("0.7"))
    assert engine.gaps("BTC") == [gap]
    assert engine.proven_until("BTC") == T0 + 10
    assert engine.position("BTC").missing == D("0.7")
    done = engine.process(fill("0.7", "1", tid=TID + 1, time=T0 + 20))
    assert any(isinstance(effect, mm.Effect.GapClosed) for effect in done.effects)
    assert engine.gaps("BTC") == []
    assert engine.proven_until("BTC") == T0 + 30
    assert engine.position("BTC").size == D("2.7")


def test_the_venues_position_never_overwrites() -> None:
    engine = new()
    rest(engine, sz="9")
    engine.process(fill("1", "0"))
    effects = engine.on_position("BTC", "5", T0 + 50, now_ms=T0 + 50)
    assert engine.position("BTC").size == 1
    differs = [effect for effect in effects if isinstance(effect, mm.Effect.PositionDiffers)]
    assert [(effect.ours, effect.theirs) for effect in differs] == [(1, 5)]


def test_forgotten_fills_are_never_guessed() -> None:
    engine = new()
    rest(engine, sz="9")
    for n in range(5):
        engine.process(fill("1", str(n), tid=n + 1, time=T0 + n * 1_000))
    engine.on_fills_complete("BTC", T0 + 5_000, T0 + 5_000)
    assert engine.forget("BTC", T0 + 3_000) > 0
    assert engine.position("BTC").size == 5
    done = engine.process(fill("1", "0", tid=1, time=T0))
    assert any(isinstance(effect, mm.Effect.Ancient) for effect in done.effects)
    assert engine.position("BTC").size == 5
    assert engine.process(fill("1", "4", tid=5, time=T0 + 4_000)).duplicate


def test_a_foreign_order_is_told_counted_and_left_alone() -> None:
    engine = new()
    effects = engine.on_order_update("BTC", "A", OID, "open", "105", "2", "2", T0, now_ms=T0)
    assert [effect.oid for effect in effects if isinstance(effect, mm.Effect.Foreign)] == [OID]
    engine.process(fill("0.5", "0", side="A"))
    found = engine.get_order(OID)
    assert found is not None
    assert found.foreign
    assert engine.position("BTC").size == D("-0.5")
    assert engine.worst_short("BTC") == -2
    assert engine.orders() == []
    assert [one.oid for one in engine.orders(foreign=True)] == [OID]


def test_deadlines_are_kept() -> None:
    engine = new(ask_after_ms=500)
    assert engine.next_deadline() is None
    cloid = place(engine)
    due = engine.next_deadline()
    assert due == T0 + 500
    assert engine.tick(T0 + 499) == ()
    (ask,) = engine.tick(T0 + 500)
    assert isinstance(ask, mm.Effect.Ask)
    assert (ask.query, ask.coin, ask.cloid) == ("order_status", "BTC", cloid)
    again = engine.next_deadline()
    assert again is not None
    assert again > T0 + 500
    assert engine.tick(T0 + 501) == (), "bounded in rate"


def test_cloids_are_recognisable_and_continue() -> None:
    engine = mm.Engine(instance=7, first_sequence=41)
    assert engine.next_cloid() == f"0x6d6d000100000007{41:016x}"
    assert engine.next_cloid() == f"0x6d6d000100000007{42:016x}"
    assert engine.instance == 7


def test_spot_takes_the_fee_out_of_the_base_token() -> None:
    engine = new()
    engine.set_coin("@107", sz_decimals=2, base_token="HYPE")
    one = mm.Fill("@107", "B", "28", "10", OID, TID, T0, "0", "0.01", "HYPE")
    engine.process(one)
    assert engine.position("@107").size == D("9.99")
    two = mm.Fill("@107", "B", "28", "10", OID, TID + 1, T0 + 1, "9.99", "0.01", "HYPE")
    assert not any(isinstance(effect, mm.Effect.Gap) for effect in engine.process(two).effects)


def test_a_start_position_printed_from_a_double_still_links() -> None:
    engine = new()
    engine.set_coin("kPEPE", sz_decimals=0)
    engine.process(mm.Fill("kPEPE", "B", "1", "3130537", OID, 1, T0, "0"))
    done = engine.process(mm.Fill("kPEPE", "B", "1", "1", OID, 2, T0 + 1, "3130537.0000000001"))
    assert not any(isinstance(effect, mm.Effect.Gap) for effect in done.effects)
