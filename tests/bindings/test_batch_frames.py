"""Columns from the libraries that people have, where they are installed: none of them is needed."""

from typing import Any

import pytest

from tests.bindings.test_batch import COLUMNS, IDS, TEXT, digest_of, one_by_one

CATEGORIES = ("coin", "side", "fee_token")


def test_polars() -> None:
    pl: Any = pytest.importorskip("polars")
    frame = pl.DataFrame(COLUMNS)
    assert digest_of(frame) == one_by_one(COLUMNS)
    assert digest_of(frame.with_columns(pl.col(CATEGORIES).cast(pl.Categorical))) == one_by_one(COLUMNS)
    assert digest_of({name: frame[name] for name in frame.columns}) == one_by_one(COLUMNS)
    chunks = pl.concat([frame[:13], frame[13:40], frame[40:]], rechunk=False)
    assert digest_of(chunks) == one_by_one(COLUMNS)
    exact = frame.with_columns(pl.col("px").cast(pl.Decimal(38, 1)), time=pl.col("time").cast(pl.Datetime("ms")))
    assert digest_of(exact) == one_by_one(COLUMNS)


def test_pyarrow() -> None:
    pa: Any = pytest.importorskip("pyarrow")
    table = pa.table(COLUMNS)
    assert digest_of(table) == one_by_one(COLUMNS)
    assert digest_of(table.to_batches()[0]) == one_by_one(COLUMNS)
    coded = pa.table({name: table[name].dictionary_encode() if name in TEXT else table[name] for name in COLUMNS})
    assert digest_of(coded) == one_by_one(COLUMNS)
    assert digest_of({name: table[name] for name in COLUMNS}) == one_by_one(COLUMNS)
    assert digest_of(pa.concat_tables([table[:9], table[9:]])) == one_by_one(COLUMNS)


def test_pandas() -> None:
    pd: Any = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {name: pd.Series(values, dtype="i8" if name in IDS else object) for name, values in COLUMNS.items()}
    )
    assert digest_of({name: frame[name] for name in frame.columns}) == one_by_one(COLUMNS)
    assert digest_of(frame) == one_by_one(COLUMNS)


def test_duckdb() -> None:
    duckdb, pa = pytest.importorskip("duckdb"), pytest.importorskip("pyarrow")
    fills = pa.table(COLUMNS)
    assert fills.num_rows
    assert digest_of(duckdb.sql("select * from fills")) == one_by_one(COLUMNS)
