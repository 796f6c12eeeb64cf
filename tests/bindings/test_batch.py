"""`process_batch`: columns of any origin book exactly what `process` books one by one."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import nanoarrow as na
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm import BadInput, Effect, Engine, Side, Unrepresentable

TEXT = ("coin", "side", "px", "sz", "start_position", "fee", "fee_token", "closed_pnl", "cloid")
IDS = ("oid", "tid", "time")
Columns = dict[str, list[Any]]


def rows(number: int) -> Columns:
    """Fills of three coins, linked, with repetitions, odd widths, and values that are not told."""
    columns: Columns = {name: [] for name in (*TEXT, *IDS, "crossed")}
    at = {"BTC": Decimal(0), "kPEPE": Decimal(0), "@107": Decimal(0)}
    for i in range(number):
        coin = list(at)[i * i % 3]
        side = "BA"[i % 5 % 2]
        size = Decimal((i * 7919 + 1) % 100_003).scaleb(-(i % 4))
        row = {
            "coin": coin,
            "side": side,
            "px": f"{(i * 104_729 + 1) % 99_991}.{i % 7}",
            "sz": f"{size:f}",
            "start_position": f"{at[coin]:f}" if i % 11 else None,
            "fee": f"-0.{i:05}1" if i % 3 else None,
            "fee_token": "USDC" if i % 3 else None,
            "closed_pnl": "0.0" if i % 2 else "-1.5",
            "cloid": f"0x{i // 9:032x}" if i % 4 == 0 else None,
            "oid": 10**11 + 100 * (i // 9) + 10 * (i * i % 3) + i % 5 % 2,
            "tid": 2**49 + i,
            "time": 1_700_000_000_000 + i // 2,
            "crossed": (True, False, None)[i % 3],
        }
        at[coin] += size if side == "B" else -size
        for name, value in row.items():
            columns[name].append(value)
    return columns


ROWS = 60
COLUMNS = rows(ROWS)


def one_by_one(columns: Mapping[str, Any]) -> str:
    engine = Engine()
    for i in range(len(columns["coin"])):
        engine.process(**{name: values[i] for name, values in columns.items() if values[i] is not None})
    engine.check()
    return engine.digest()


def told(**changed: Any) -> Columns:
    """Two plain rows with some columns changed; None takes one away."""
    plain: dict[str, Any] = {
        "coin": ["BTC", "ETH"],
        "side": ["B", "A"],
        "px": ["100.5", "2000"],
        "sz": ["1", "2.5"],
        "oid": [1, 2],
        "tid": [11, 12],
        "time": [1000, 1001],
        **changed,
    }
    return {name: values for name, values in plain.items() if values is not None}


def digest_of(columns: Any, **scales: int) -> str:
    engine = Engine()
    report = engine.process_batch(columns, **scales)
    assert report.refused == 0, report.effects
    engine.check()
    return engine.digest()


def untold(values: list[Any]) -> list[Any]:
    return ["" if value is None else value for value in values]


def as_bytes(columns: Columns) -> dict[str, Any]:
    made: dict[str, Any] = {name: np.array(untold(columns[name]), "S") for name in TEXT}
    return made | {name: np.array(columns[name], "i8") for name in IDS} | {"crossed": columns["crossed"]}


def as_unicode(columns: Columns) -> dict[str, Any]:
    made: dict[str, Any] = {name: np.array(untold(columns[name])) for name in TEXT}
    made |= {name: np.array(columns[name], "u8") for name in IDS}
    return made | {"crossed": np.array(columns["crossed"], object)}


def as_objects(columns: Columns) -> dict[str, Any]:
    return {name: np.array(values, object) for name, values in columns.items()}


def as_swapped_and_strided(columns: Columns) -> dict[str, Any]:
    made: dict[str, Any] = {name: np.repeat(np.array(untold(columns[name]), "S"), 2)[::2] for name in TEXT}
    made |= {name: np.array(columns[name], ">i8") for name in IDS}
    return made | {"coin": np.array(columns["coin"], ">U9"), "crossed": tuple(columns["crossed"])}


def as_masked(columns: Columns) -> dict[str, Any]:
    def masked(values: list[Any]) -> Any:
        return np.ma.array(untold(values), mask=[value is None for value in values])

    return columns | {name: masked(columns[name]) for name in ("start_position", "fee", "cloid", "fee_token")}


def arrow_of(name: str, values: list[Any], text: Any = None) -> Any:
    kind = na.bool_() if name == "crossed" else na.int64() if name in IDS else text or na.string()
    return na.c_array(values, kind)


def as_arrow(columns: Columns) -> dict[str, Any]:
    return {name: arrow_of(name, values) for name, values in columns.items()}


def as_arrow_large(columns: Columns) -> dict[str, Any]:
    return {name: arrow_of(name, values, na.large_string()) for name, values in columns.items()}


def as_arrow_views(columns: Columns) -> dict[str, Any]:
    # Short texts only: nanoarrow 0.9 itself reads beyond its buffers when it hands on longer ones. They are tested in
    # rust/mm-arrow, with a producer of our own.
    short = {name: arrow_of(name, columns[name], na.string_view()) for name in TEXT if name != "cloid"}
    return columns | short


def as_arrow_chunks(columns: Columns) -> dict[str, Any]:
    def chunked(name: str, values: list[Any]) -> Any:
        chunks = [arrow_of(name, values[at : at + 7]) for at in range(0, len(values), 7)]
        return na.ArrayStream(na.Array.from_chunks(chunks)) if chunks else arrow_of(name, values)

    return {name: chunked(name, values) for name, values in columns.items()}


def as_arrow_table(columns: Columns) -> Any:
    arrays = [arrow_of(name, values) for name, values in columns.items()]
    schema = na.struct({name: array.schema for name, array in zip(columns, arrays, strict=True)})
    return na.c_array_from_buffers(schema, len(columns["coin"]), [None], children=arrays)


def as_arrow_stream(columns: Columns) -> Any:
    return na.ArrayStream(na.Array(as_arrow_table(columns)))


MAKERS: list[Callable[[Columns], Any]] = [
    *(dict, as_bytes, as_unicode, as_objects, as_swapped_and_strided, as_masked),
    *(as_arrow, as_arrow_large, as_arrow_views, as_arrow_chunks, as_arrow_table, as_arrow_stream),
]


@pytest.mark.parametrize("make", MAKERS)
def test_equals_process_one_by_one(make: Callable[[Columns], Any]) -> None:
    assert digest_of(make(COLUMNS)) == one_by_one(COLUMNS)


@pytest.mark.parametrize("make", MAKERS)
def test_no_rows_do_nothing(make: Callable[[Columns], Any]) -> None:
    report = Engine().process_batch(make(rows(0)))
    assert (report.fills, report.duplicates, report.refused, report.effects) == (0, 0, 0, ())


@given(cuts=st.lists(st.integers(0, ROWS), max_size=6), maker=st.sampled_from(MAKERS))
def test_cut_in_any_way_the_digest_is_the_same(cuts: list[int], maker: Callable[[Columns], Any]) -> None:
    engine = Engine()
    places = [0, *sorted(cuts), ROWS]
    for start, end in itertools.pairwise(places):
        engine.process_batch(maker({name: values[start:end] for name, values in COLUMNS.items()}))
    engine.check()
    assert engine.digest() == one_by_one(COLUMNS)


def test_a_report_counts_and_books_a_copy_once() -> None:
    engine = Engine()
    first, second = engine.process_batch(COLUMNS), engine.process_batch(as_bytes(COLUMNS))
    assert (first.fills, first.duplicates, first.updates, first.channel) == (ROWS, 0, 0, "")
    assert (second.fills, second.duplicates, second.effects) == (0, ROWS, ())
    assert not [effect for effect in first.effects if isinstance(effect, Effect.Booked)]


def test_effects_of_the_orders_are_told() -> None:
    engine, cloid = Engine(), "0x" + "1" * 32
    engine.add_pending_with_cloid(cloid, "BTC", Side.BUY, "100.5", "1")
    report = engine.process_batch(told(cloid=[cloid, None]))
    assert [type(effect) for effect in report.effects] == [Effect.Moved]


def test_a_gap_within_a_batch_that_closes_again_is_not_told() -> None:
    links = {"coin": ["BTC"] * 3, "side": ["B"] * 3, "px": ["1"] * 3, "sz": ["1"] * 3, "oid": [1] * 3, "tid": [1, 2, 3]}
    shuffled = links | {"time": [1, 3, 2], "start_position": ["0", "2", "1"]}
    report = Engine().process_batch(shuffled)
    assert (report.fills, report.effects) == (3, ())


VENUE = {"start_position": "startPosition", "fee_token": "feeToken", "closed_pnl": "closedPnl"}


@pytest.mark.parametrize("make", [dict, as_bytes, as_arrow_table])
def test_the_venues_spellings_are_known_and_others_passed_over(make: Callable[[Columns], Any]) -> None:
    spelt = {VENUE.get(name, name): values for name, values in COLUMNS.items()}
    if make is dict:
        assert digest_of(spelt | {"hash": [1.5] * 3, "dir": object()}) == one_by_one(COLUMNS)
    elif make is as_bytes:
        made = as_bytes(COLUMNS)
        assert digest_of({VENUE.get(name, name): made[name] for name in made}) == one_by_one(COLUMNS)
    else:
        assert digest_of(as_arrow_table(spelt)) == one_by_one(COLUMNS)


def test_any_mapping_will_do() -> None:
    class Frame(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return COLUMNS[name]

        def __iter__(self) -> Iterator[str]:
            return iter(COLUMNS)

        def __len__(self) -> int:
            return len(COLUMNS)

    assert digest_of(Frame()) == one_by_one(COLUMNS)


def test_sides_in_every_spelling() -> None:
    one = one_by_one(told())
    for sides in (["buy", "sell"], ["BUY", "SELL"], [Side.BUY, Side.SELL], (b"B", b"A"), np.array(["buy", "sell"])):
        assert digest_of(told(side=sides)) == one


SCALED = [
    ({"px": [1005, 20000], "sz": [100, 250]}, {"px_scale": 1, "sz_scale": 2}),
    ({"px": np.array([1005, 20000]), "sz": np.array([100, 250], "i2")}, {"px_scale": 1, "sz_scale": 2}),
    ({"px": np.array([1005, 20000], "u4"), "sz": np.array([100, 250], "u8")}, {"px_scale": 1, "sz_scale": 2}),
    (
        {"px": na.c_array([1005, 20000], na.int32()), "sz": na.c_array([100, 250], na.uint64())},
        {"px_scale": 1, "sz_scale": 2},
    ),
    ({"px": [1005 * 10**19, 2000 * 10**20], "sz": [10**20, 250 * 10**18]}, {"px_scale": 20, "sz_scale": 20}),
    ({"px": [Decimal("100.50"), Decimal("2E+3")], "sz": [Decimal(1), Decimal("2.5")]}, {}),
    ({"px": ["100.5", Decimal(2000)], "sz": [1, "2.5"]}, {}),
    ({"px": ["100.5", 20000], "sz": [100, "2.5"]}, {"px_scale": 1, "sz_scale": 2}),
]


@pytest.mark.parametrize(("changed", "scales"), SCALED)
def test_integers_count_units_of_the_scale(changed: dict[str, Any], scales: dict[str, int]) -> None:
    assert digest_of(told(**changed), **scales) == one_by_one(told())


def decimals(values: list[str | None], scale: int, width: int) -> Any:
    kind = na.decimal128(38, scale) if width == 16 else na.decimal256(76, scale)
    units = [0 if v is None else int(Decimal(v).scaleb(scale)) for v in values]
    data = b"".join(unit.to_bytes(width, "little", signed=True) for unit in units)
    bits = sum(1 << i for i, v in enumerate(values) if v is not None).to_bytes(8, "little")
    return na.c_array_from_buffers(kind, len(values), [bits, data], null_count=-1)


@pytest.mark.parametrize("width", [16, 32])
def test_arrow_decimals_carry_their_own_scale(width: int) -> None:
    optional: dict[str, Any] = {"start_position": [None, "-3.25"], "fee": ["-0.01", None], "closed_pnl": ["0", "7"]}
    columns: dict[str, Any] = told() | {name: decimals(told()[name], 10, width) for name in ("px", "sz")}
    columns |= {name: decimals(values, 20, width) for name, values in optional.items()}
    assert digest_of(columns, px_scale=3) == one_by_one(told() | optional)


def test_fees_in_integers_want_their_own_scale() -> None:
    money: dict[str, Any] = {"fee": [-1, 25], "closed_pnl": [0, 1], "fee_token": ["USDC", "USDC"]}
    with pytest.raises(BadInput, match="fee in row 0 is an integer, and fee_scale"):
        Engine().process_batch(told(**money), sz_scale=2)
    text: dict[str, Any] = {"fee": ["-0.01", "0.25"], "closed_pnl": ["0", "0.01"], "fee_token": ["USDC", "USDC"]}
    assert digest_of(told(**money), fee_scale=2) == one_by_one(told(**text))


def test_times_may_be_of_a_kind_for_times() -> None:
    for times in (np.array([1000, 1001], "M8[ms]"), na.c_array([1000, 1001], na.int64())):
        assert digest_of(told(time=times)) == one_by_one(told())
    with pytest.raises(BadInput, match=r"time is a column of datetime64\[ns\], not of integers"):
        Engine().process_batch(told(time=np.array([1000, 1001], "M8[ns]")))


def test_a_row_that_cannot_be_is_surfaced_and_its_siblings_stay() -> None:
    engine = Engine()
    report = engine.process_batch(told(sz=["-1", "2.5"]))
    assert (report.fills, report.refused) == (1, 1)
    assert report.effects == (Effect.Surfaced("row 0: sz is negative", b""),)
    assert engine.position("ETH").size == Decimal("-2.5")
    for changed in ({"px": ["100", "-1"]}, {"coin": ["BTC", ""]}, {"coin": ["BTC", "é"]}, {"fee_token": ["", "a b"]}):
        report = Engine().process_batch(told(**changed))
        assert (report.fills, report.refused) == (1, 1)
        assert [type(effect) for effect in report.effects] == [Effect.Surfaced]
        assert report.effects[0].what.startswith("row 1: ")  # type: ignore[attr-defined]


FLOATS = np.array([1.5, 2.5])
WRONG: list[tuple[dict[str, Any], type[Exception], str, str]] = [
    ({"px": None}, BadInput, "px", "px is missing"),
    ({"coin": None}, BadInput, "coin", "coin is missing"),
    ({"sz": ["1"]}, BadInput, "sz", "sz has 1 rows where coin has 2"),
    ({"fee": ["1", "2", "3"]}, BadInput, "fee", "fee has 3 rows where coin has 2"),
    ({"px": ["1", 1.5]}, Unrepresentable, "px", "px in row 1 is a float"),
    ({"px": FLOATS}, Unrepresentable, "px", "px is a column of floats"),
    ({"sz": FLOATS.astype(object)}, Unrepresentable, "sz", "sz in row 0 is a float"),
    ({"px": na.c_array([1.5, 2.5], na.float64())}, Unrepresentable, "px", "px is a column of floats"),
    ({"oid": FLOATS}, Unrepresentable, "oid", "oid is a column of floats"),
    ({"px": ["1", "1e5"]}, BadInput, "px", "px in row 1 is not a plain decimal number"),
    ({"px": np.array(["1", "x"])}, BadInput, "px", "px in row 1 is not a plain decimal number"),
    ({"px": np.array(["1", "é"])}, BadInput, "px", "px in row 1 is not a plain decimal number"),
    ({"px": ["1", Decimal("NaN")]}, BadInput, "px", "px in row 1 is not a plain decimal number"),
    ({"px": ["1", None]}, BadInput, "px", "px in row 1 is missing"),
    ({"px": ["", "1"]}, BadInput, "px", "px in row 0 is missing"),
    ({"sz": [None, "1"]}, BadInput, "sz", "sz in row 0 is missing"),
    ({"px": ["1", "0.000000001"]}, Unrepresentable, "px", "px in row 1 has more decimals than can be represented"),
    ({"px": ["1", "99999999999999"]}, Unrepresentable, "px", "px in row 1 is too large"),
    ({"px": [1, 10**60]}, Unrepresentable, "px", "px in row 1 is too large"),
    ({"start_position": ["1", "-2000000000000000"]}, Unrepresentable, "start_position", "in row 1 is too large"),
    ({"px": [True, False]}, BadInput, "px", "px in row 0 is a bool, not a number"),
    ({"px": np.array([True, False])}, BadInput, "px", "px is a column of bools, not of text, Decimals or integers"),
    ({"px": [1, object()]}, BadInput, "px", "px in row 1 is object, not text, Decimals or integers"),
    ({"coin": [1, "ETH"]}, BadInput, "coin", "coin in row 0 is not text"),
    ({"coin": [Decimal(1), "ETH"]}, BadInput, "coin", "coin in row 0 is Decimal, not text"),
    ({"coin": np.array([1, 2])}, BadInput, "coin", "coin is a column of integers, not of text"),
    ({"coin": ["BTC", None]}, BadInput, "coin", "coin in row 1 is missing"),
    ({"coin": [b"\xff", "ETH"]}, BadInput, "coin", "coin in row 0 is not text"),
    ({"coin": "BTC"}, BadInput, "coin", "coin is str: neither a list"),
    ({"coin": np.array([["BTC", "ETH"]])}, BadInput, "coin", "coin has 2 dimensions, not one"),
    ({"side": ["B", "C"]}, BadInput, "side", "side in row 1 is none of"),
    ({"side": ["B", None]}, BadInput, "side", "side in row 1 is missing"),
    ({"oid": [1, -2]}, BadInput, "oid", "oid in row 1 is not between 0 and 2**64 - 1"),
    ({"oid": np.array([1, -2])}, BadInput, "oid", "oid in row 1 is not between 0 and 2**64 - 1"),
    ({"oid": [1, 2**64]}, BadInput, "oid", "oid in row 1 is not between 0 and 2**64 - 1"),
    ({"oid": [1, "2"]}, BadInput, "oid", "oid in row 1 is not an integer"),
    ({"oid": [1, None]}, BadInput, "oid", "oid in row 1 is missing"),
    ({"tid": na.c_array([1, None], na.int64())}, BadInput, "tid", "tid in row 1 is missing"),
    ({"tid": na.c_array(["1", "2"], na.string())}, BadInput, "tid", "tid is a column of texts, not of integers"),
    ({"time": np.array(["1", "2"])}, BadInput, "time", "time is a column of texts, not of integers"),
    ({"cloid": ["0x" + "1" * 32, "0x1"]}, BadInput, "cloid", "cloid in row 1 is not 0x and 32 hexadecimal digits"),
    ({"crossed": [True, 1]}, BadInput, "crossed", "crossed in row 1 is not a bool"),
    ({"crossed": np.array([0, 1])}, BadInput, "crossed", "crossed is a column of integers, not of bools"),
    ({"fee": ["1", "2"], "feeToken": ["a", "b"], "fee_token": ["a", "b"]}, BadInput, "fee_token", "is given twice"),
]


@pytest.mark.parametrize(("changed", "error", "field", "words"), WRONG)
def test_what_cannot_be_read_is_refused_by_name_and_nothing_is_booked(
    changed: dict[str, Any], error: type[Exception], field: str, words: str
) -> None:
    engine = Engine()
    engine.process_batch(told(tid=[1, 2]))
    before = engine.digest()
    with pytest.raises(error) as refused:
        engine.process_batch(told(**changed))
    assert words in str(refused.value)
    assert getattr(refused.value, "field", None) == field
    assert engine.digest() == before


def test_what_holds_no_columns_is_refused() -> None:
    for nothing in (None, 3, "coin", [], object()):
        with pytest.raises(BadInput, match=r"columns is .*: neither a mapping nor an Arrow table"):
            Engine().process_batch(nothing)
    with pytest.raises(BadInput, match="columns is one Arrow column, not a table"):
        Engine().process_batch(na.c_array([1], na.int64()))
    with pytest.raises(BadInput, match="coin is missing"):
        Engine().process_batch({})
    with pytest.raises(BadInput, match="coin is an Arrow table, not a column"):
        Engine().process_batch(told(coin=as_arrow_table(COLUMNS)))
    with pytest.raises(BadInput, match="px_scale is beyond 38"):
        Engine().process_batch(told(), px_scale=39)


def test_a_stream_is_read_once() -> None:
    stream, engine = as_arrow_stream(COLUMNS), Engine()
    engine.process_batch(stream)
    with pytest.raises(Exception, match=r"released|read before"):
        engine.process_batch(stream)


def test_what_a_producer_raises_comes_through() -> None:
    class Producer:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            raise RuntimeError("the file is gone")

    class Liar:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return "no capsule"

    with pytest.raises(RuntimeError, match="the file is gone"):
        Engine().process_batch(Producer())
    with pytest.raises(BadInput, match="columns gives no Arrow capsule"):
        Engine().process_batch(Liar())
