"""Any bytes into `process_ws`: facts, or a typed refusal that changes nothing."""

# mypy: disable-error-code="comparison-overlap"
# A Decimal equals an int or a Fraction of the same value, in a tuple too; mypy sees the types only.

import json
from typing import Any

import pytest

import mm
from mm.errors import UsageError
from tests.bindings.helpers import (
    ACCOUNT,
    OID,
    T0,
    fill_json,
    new,
    place,
    rest,
    unchanged,
    update_json,
    updates,
    user_fills,
)

MIB = 1 << 20


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"\xff\xfe",
        b'{"channel":"userFills","data":{"user":"\xff","fills":[]}}',
        b'{"channel":"userFills","data":{"user":"\\ud800","fills":[]}}',
        b'{"channel":"userFills"',
        b'{"channel":"userFills","data":{"user":"0x","fills":[]}}trailing',
        b'{"channel":1,"data":[]}',
        b'{"data":[]}',
        b"[" * 100_000,
        b'{"channel":' * 10_000,
        b'{"channel":"userFills","data":' + b"[" * 200 + b"]" * 200 + b"}",
        b"\x00" * 1000,
        b" " * 1000,
    ],
    ids=lambda frame: frame[:24].decode("latin-1") or "empty",
)
def test_garbage_changes_nothing(frame: bytes) -> None:
    engine = new()
    rest(engine)
    with unchanged(engine):
        try:
            report = engine.process_ws(frame, T0)
        except UsageError:
            return
        assert (report.fills, report.updates) == (0, 0)
        assert report.refused or report.effects, "not understood, and nothing said"


def test_only_bytes_are_taken() -> None:
    engine = new()
    wrong: list[Any] = ["text", 1, None, [], {"channel": "userFills"}]
    for one in wrong:
        with unchanged(engine), pytest.raises((UsageError, TypeError)):
            engine.process_ws(one)


@pytest.mark.parametrize("channel", ["pong", "bbo", "l2Book", "subscriptionResponse", "somethingNew"])
def test_other_channels_are_named_and_harmless(channel: str) -> None:
    engine = new()
    with unchanged(engine):
        report = engine.process_ws(json.dumps({"channel": channel, "data": {"a": 1}}).encode(), T0)
    assert report.channel == channel
    assert (report.fills, report.updates) == (0, 0)


def test_the_greeting_is_not_json() -> None:
    engine = new()
    with unchanged(engine):
        try:
            report = engine.process_ws(b"Websocket connection established.", T0)
        except UsageError:
            return
        assert (report.fills, report.updates) == (0, 0)


def test_one_bad_record_never_blocks_its_siblings() -> None:
    engine = new()
    rest(engine, sz="10")
    rows = [
        fill_json(tid=1),
        fill_json(tid=2, px="nonsense", startPosition="1.0"),
        fill_json(tid=3, sz=-1),
        fill_json(tid=4, oid="text"),
        fill_json(tid=5, oid=1.5),
        {"coin": "BTC"},
        fill_json(tid=6, startPosition="1.0"),
    ]
    report = engine.process_ws(user_fills(*rows), T0)
    assert (report.fills, report.refused) == (2, 5)
    surfaced = [effect for effect in report.effects if isinstance(effect, mm.Effect.Surfaced)]
    assert [json.loads(effect.record) for effect in surfaced] == rows[1:6]
    assert engine.position("BTC").size == 2


def test_what_the_engine_refuses_is_surfaced_as_it_came() -> None:
    """Records that could be read, and cannot be: no price times such a size fits, no market has such a name."""
    engine = new()
    rest(engine)
    strange = fill_json(coin="", tid=1)
    huge = fill_json(px="90000000000.0", sz="999999999999999.0", tid=2)
    frame = user_fills(strange, fill_json(tid=3), huge)
    with_blanks = frame.replace(b'"coin":', b'"coin" : ')
    for raw in (frame, with_blanks):
        report = new().process_ws(raw, T0)
        surfaced = [effect for effect in report.effects if isinstance(effect, mm.Effect.Surfaced)]
        assert [json.loads(effect.record) for effect in surfaced] == [strange, huge]
        assert all(effect.record in raw for effect in surfaced)
        kinds = [type(effect).__name__ for effect in report.effects if not isinstance(effect, mm.Effect.Foreign)]
        assert [kind.removeprefix("Effect_") for kind in kinds] == ["Surfaced", "Booked", "Surfaced"]
    row = update_json("open", coin="")
    (effect,) = engine.process_ws(updates(row), T0).effects
    assert isinstance(effect, mm.Effect.Surfaced)
    assert json.loads(effect.record) == row
    cancel = b'{"channel":"user","data":{"nonUserCancel":[{"coin":"","oid":1}]}}'
    (effect,) = engine.process_ws(cancel, T0).effects
    assert isinstance(effect, mm.Effect.Surfaced)
    assert effect.record == b'{"coin":"","oid":1}'


def test_a_frame_of_another_account_is_surfaced_whole() -> None:
    engine = new()
    frame = user_fills(fill_json()).replace(b"0x7099", b"0x8099")
    (effect,) = engine.process_ws(frame, T0).effects
    assert isinstance(effect, mm.Effect.Surfaced)
    assert effect.record == frame


def test_unknown_fields_and_null_are_tolerated() -> None:
    engine = new()
    rest(engine)
    row = fill_json(builderFee="0.001", newField={"deep": [1, 2, {"x": None}]}, cloid=None, liquidation=None)
    assert engine.process_ws(user_fills(row), T0).fills == 1


@pytest.mark.parametrize("word", ["inventedYesterday", "", "Filled", "OPEN", "waitingForFill"])
def test_an_unknown_status_is_no_transition_and_is_surfaced(word: str) -> None:
    engine = new()
    rest(engine)
    before = engine.get_order(OID)
    report = engine.process_ws(updates(update_json(word)), T0 + 5)
    after = engine.get_order(OID)
    assert before is not None
    assert after is not None
    assert (after.cum_qty, after.is_terminal) == (before.cum_qty, False)
    surfaced = [effect for effect in report.effects if isinstance(effect, mm.Effect.Surfaced)]
    assert [json.loads(effect.record) for effect in surfaced] == [update_json(word)], "the word must be seen"


def test_anothers_frame_is_not_ours() -> None:
    engine = new()
    rest(engine)
    frame = user_fills(fill_json(), user="0x" + "ab" * 20)
    with unchanged(engine):
        try:
            report = engine.process_ws(frame, T0)
        except UsageError:
            return
        assert report.fills == 0
        assert report.effects
    assert engine.process_ws(user_fills(fill_json(), user=ACCOUNT.upper().replace("X", "x")), T0).fills == 1


def test_a_snapshot_says_that_it_is_one() -> None:
    engine = new()
    rest(engine)
    first = engine.process_ws(user_fills(fill_json(), snapshot=True), T0)
    again = engine.process_ws(user_fills(fill_json(), snapshot=True), T0)
    assert (first.channel, first.snapshot, first.fills, first.duplicates) == ("userFills", True, 1, 0)
    assert (again.fills, again.duplicates, again.effects) == (0, 1, ())


def test_five_megabytes() -> None:
    """Over the bound of a frame (4 MiB): refused whole, never taken by half."""
    engine = new()
    cloid = place(engine, sz="20000")
    engine.finalize_pending_by_cloid(cloid, OID, now_ms=T0)
    frame = user_fills(*(fill_json(tid=n + 1, startPosition=f"{n}.0") for n in range(15_000)))
    assert len(frame) > 4 * MIB
    with unchanged(engine), pytest.raises(UsageError, match="frame"):
        engine.process_ws(frame, T0)


def test_four_mebibytes_are_taken() -> None:
    engine = new()
    cloid = place(engine, sz="20000")
    engine.finalize_pending_by_cloid(cloid, OID, now_ms=T0)
    count = 10_000
    frame = user_fills(*(fill_json(tid=n + 1, startPosition=f"{n}.0") for n in range(count)))
    assert 3 * MIB < len(frame) < 4 * MIB
    assert engine.process_ws(frame, T0).fills == count


def available() -> int:
    with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def test_a_gigabyte_is_refused_at_once() -> None:
    try:
        room = available()
    except OSError:
        pytest.skip("cannot tell how much memory is free")
    if room < 3 << 30:
        pytest.skip("not enough memory")
    engine = new()
    frame = bytes(1 << 30)  # pages of zeros: the system gives them when they are read, and nobody should
    with unchanged(engine), pytest.raises(UsageError, match="frame"):
        engine.process_ws(frame)


def test_rest_answers_are_read_as_they_come() -> None:
    engine = new()
    rest(engine, sz="2")
    rows = [fill_json(tid=2, startPosition="1.0"), fill_json(tid=1)]  # newest first
    report = engine.process_fills(json.dumps(rows).encode(), T0)
    assert (report.fills, report.refused) == (2, 0)
    position = engine.position("BTC")
    assert (position.size, position.gaps) == (2, ())
    with unchanged(engine):
        assert engine.process_fills(b"[]", T0).fills == 0
    for wrong in (b"{}", b"", b"null", b"\xff"):
        with unchanged(engine):
            try:
                assert engine.process_fills(wrong, T0).fills == 0
            except UsageError:
                continue


def test_an_open_and_a_filled_record_in_one_frame() -> None:
    engine = new()
    cloid = place(engine)
    name = {"cloid": cloid}
    frame = updates(update_json("open", **name), update_json("filled", sz="0.0", **name))
    report = engine.process_ws(frame, T0 + 5)
    assert report.updates == 2
    order = engine.get_by_cloid(cloid)
    assert order is not None
    assert (order.oid, order.cum_qty, order.is_terminal) == (OID, 1, True)
