"""Recordings become rows: the known kinds, what comes twice, what cannot be read; and the real ones, where they are."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest
import zstandard

from mm.errors import BadInput
from mm.sim.recording import read_recording

SHARED = Path(os.environ.get("MM_SHARED", "../shared")) / "data" / "market"

PRICES = """timestamp,price,size,side,exchange_timestamp
1.5,100.0,2.0,bid,1000
1.5,101.0,3e-05,ask,1000
1.9,100.5,1.0,bid,1400
1.9,101.0,4.0,ask,1400
2.5,99.0,1.0,bid,2000
"""
TRADES = """timestamp,price,size,side,trade_id,exchange_timestamp
1.2,101.0,0.5,buy,7,1100
1.3,100.0,0.25,sell,8,1200
9.9,101.0,0.5,buy,7,1100
"""
BOOKS = """timestamp,sequence,exchange_timestamp,bid_price_0,bid_size_0,ask_price_0,ask_size_0,bid_price_1,bid_size_1
1.0,1,1050,100.0,2.0,101.0,1.0,99.0,5.0
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    data = text.encode()
    if path.suffix == ".gz":
        data = gzip.compress(data)
    if path.suffix == ".zst":
        data = zstandard.ZstdCompressor().compress(data)
    path.write_bytes(data)
    return path


def test_the_streams_of_one_market_are_one_story(tmp_path: Path) -> None:
    files = [write(tmp_path, "p.csv", PRICES), write(tmp_path, "t.csv.gz", TRADES), write(tmp_path, "b.csv.zst", BOOKS)]
    assert read_recording(files) == [
        ("touch", 1000, ("100", "2"), ("101", "0.00003")),
        ("book", 1050, [("100", "2"), ("99", "5")], [("101", "1")]),
        ("trade", 1100, "B", "101", "0.5"),
        ("trade", 1200, "A", "100", "0.25"),
        ("touch", 1400, ("100.5", "1"), ("101", "4")),
        ("touch", 2000, ("99", "1"), ("101", "4")),
    ]


def test_a_touch_by_the_second(tmp_path: Path) -> None:
    text = "timestamp,ask_amount,ask_price,bid_price,bid_amount\n2026-01-01 00:00:01,4.5,101.0,100.0,8e-05\n"
    assert read_recording([write(tmp_path, "q.csv", text)]) == [
        ("touch", 1767225601000, ("100", "0.00008"), ("101", "4.5"))
    ]


def test_frames_as_they_came(tmp_path: Path) -> None:
    level = {"px": "100.0", "sz": "2.0", "n": 1}
    trade = {"coin": "BTC", "side": "A", "px": "100.0", "sz": "0.1", "time": 4, "tid": 9}
    frames = [
        {"channel": "pong"},
        {"channel": "l2Book", "data": {"coin": "BTC", "time": 3, "levels": [[level], []]}},
        {"channel": "trades", "data": [trade]},
        {"channel": "trades", "data": [trade]},  # replayed after a reconnect
        {"channel": "bbo", "data": {"coin": "BTC", "time": 5, "bbo": [level, level]}},
        {"channel": "bbo", "data": {"coin": "BTC", "time": 6, "bbo": [level, None]}},
    ]
    text = "".join(f"17{n} {json.dumps(frame)}\n" for n, frame in enumerate(frames))
    assert read_recording([write(tmp_path, "f.gz", text)]) == [
        ("book", 3, [("100", "2")], []),
        ("trade", 4, "A", "100", "0.1"),
        ("touch", 5, ("100", "2"), ("100", "2")),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no known kind"),
        ("a,b\n1,2\n", "no known kind"),
        (TRADES.replace("0.25", "-1"), "Line 3: size is '-1'"),
        (TRADES.replace("0.25", "nan"), "no positive number"),
        (TRADES.replace("0.25", ""), "Line 3: size is missing"),
        (TRADES.replace("sell", "up"), "neither buy nor sell"),
        (TRADES.replace("1200", "soon"), "'soon' is no time"),
        ("17 {\n", "Line 1: no frame"),
        ('17 {"channel":"trades","data":[{"tid":1}]}\n', "Line 1: no frame"),
        (TRADES.split("\n")[0], "no rows"),
    ],
)
def test_what_cannot_be_read_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said.replace("(", r"\(")) as caught:
        read_recording([write(tmp_path, "x.csv", text)])
    assert caught.value.field and caught.value.reason


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    head, _, body = TRADES.partition("\n")
    path = write(tmp_path, "x.csv.gz", f"{head}\n{body * 100}")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadInput, match=r"x\.csv\.gz: cannot be read"):
        read_recording([path])


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no recordings in {SHARED}")
@pytest.mark.parametrize(
    ("pattern", "books", "touches", "trades"),
    [
        # Counts of the recordings' README, less what a replay after a lost connection repeats.
        ("rec_20250904_BTC_*", 3785, 13896, 6675),
        ("rec_20250903_SOL_*", 446, 1807, 1027 - 1),
        ("sessions_20250901_04_BTC_*", 0, 18703, 9706 - 10),
        ("ws_raw_20250126_BTC.gz", 46, 0, 64),
    ],
)
def test_the_real_ones(pattern: str, books: int, touches: int, trades: int) -> None:
    rows = read_recording(sorted(SHARED.glob(pattern)))
    kinds = Counter(row[0] for row in rows)
    assert (kinds["book"], kinds["trade"]) == (books, trades)
    assert abs(kinds["touch"] - touches) <= touches // 100
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
