"""CSV: exact exports, spreadsheets, and files that lack what a proof needs."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from mm.audit.fill import Refused, Row
from mm.audit.reader import FillFile
from mm.audit.source import Unusable
from tests.audit.generate import ANNA, history, spreadsheet

EXACT = """\
time,user,coin,side,px,sz,startPosition,dir,closedPnl,oid,tid,fee,feeToken,crossed
1736676000123,0xA1,BTC,B,100.5,1,0.0,Open Long,0.0,11,21,0.1,USDC,true
1736676000123,0xa1,BTC,A,101,0.25,1,Close Long,0.125,12,22,-0.01,USDC,false
"""


Key = tuple[str | None, str]


def read(path: Path, content: str | bytes) -> tuple[list[Row], list[Refused], FillFile, dict[Key, Decimal]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    file = FillFile(path)
    slacks = file.prepare(lambda _: None)
    found = list(file.rows(lambda _: None))
    rows = [row for row in found if isinstance(row, Row)]
    return rows, [row for row in found if isinstance(row, Refused)], file, slacks


def test_an_exact_export_is_read_field_by_field(tmp_path: Path) -> None:
    rows, refused, file, slacks = read(tmp_path / "x", EXACT)
    assert not refused
    assert not slacks
    assert not file.is_rounded
    assert [row.account for row in rows] == ["0xa1", "0xa1"]
    assert json.loads(rows[1].wire) == {
        "coin": "BTC",
        "px": "101",
        "sz": "0.25",
        "side": "A",
        "time": 1736676000123,
        "startPosition": "1",
        "oid": 12,
        "tid": 22,
        "fee": "-0.01",
        "closedPnl": "0.125",
        "feeToken": "USDC",
        "crossed": False,
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings_do_not_matter(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = EXACT.replace(",", delimiter).replace("\n", "\r\n")
    rows, refused, _, _ = read(tmp_path / "x", text.encode(encoding))
    assert len(rows) == 2
    assert not refused


def test_the_spellings_of_a_spreadsheet_are_known(tmp_path: Path) -> None:
    fills = history(["1", "-0.5"], begin=1_736_676_000_000)
    rows, refused, file, slacks = read(tmp_path / "x", spreadsheet(ANNA, fills))
    assert not refused
    assert file.is_rounded
    assert not slacks, "no position has ten digits"
    assert [row.account for row in rows] == [ANNA, ANNA]
    assert [row.time for row in rows] == [1_736_676_000_000, 1_736_676_060_000], (
        "Indian time, five hours and a half ahead"
    )
    told = [json.loads(row.wire) for row in rows]
    assert [fill["tid"] for fill in told] == [0, 0], "7.35E+14 is no id"
    assert [fill["oid"] for fill in told] == [fill["oid"] for fill in fills]
    assert [fill["feeToken"] for fill in told] == ["USDC", "USDC"]
    assert [fill["side"] for fill in told] == ["B", "A"]


def test_a_rounded_position_gives_its_coin_slack(tmp_path: Path) -> None:
    fills = history(["5", "-1"], coin="@7", start="34948.48313", base="X") + history(["1"], coin="ETH", start="12.5")
    _, _, _, slacks = read(tmp_path / "x", spreadsheet(ANNA, fills))
    assert slacks == {(ANNA, "@7"): Decimal("0.00001")}


def test_a_spot_fee_without_a_token_is_in_the_base_token_for_buyers(tmp_path: Path) -> None:
    rows, _, _, _ = read(tmp_path / "x", spreadsheet(ANNA, history(["5", "-1"], coin="PURR/USDC", base="PURR")))
    assert [json.loads(row.wire)["feeToken"] for row in rows] == ["PURR", "USDC"]
    assert [row.base_token for row in rows] == ["PURR", None]


def test_months_first_are_recognised_by_a_day_beyond_twelve(tmp_path: Path) -> None:
    head = "time,coin,side,px,sz,startPosition,oid\n"
    texts = {
        "01/02/2025 10:00,BTC,B,1,1,0,1\n": 1_738_404_000_000,
        "01/13/2025 10:00:30,BTC,B,1,1,1,1\n": 1_736_762_430_000,
    }
    rows, refused, _, _ = read(tmp_path / "days", head + next(iter(texts)))
    assert [row.time for row in rows] == [1_738_404_000_000], "the first of February"
    rows, _, _, _ = read(tmp_path / "months", head + "".join(texts))
    assert [row.time for row in rows] == [1_735_812_000_000, 1_736_762_430_000], "the second of January"
    _, refused, _, _ = read(tmp_path / "both", head + "".join(texts) + "13/01/2025 10:00,BTC,B,1,1,2,1\n")
    assert len(refused) == 3
    assert {record.field for record in refused} == {"time"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("time", "2025-01-12T10:00:00.123Z", 1_736_676_000_123),
        ("time", "2025-01-12 10:00:00", 1_736_676_000_000),
        ("date", "2025-01-12 11:00:00+01:00", 1_736_676_000_000),
        ("Timestamp IST", "12-01-2025 15:30", 1_736_676_000_000),
        ("Time (UTC+1)", "12.01.2025 11:00", 1_736_676_000_000),
        ("timestamp_ms", "1736676000123", 1_736_676_000_123),
        ("timestamp", "1736676000", 1_736_676_000_000),
        ("timestamp", "1736676000123456789", 1_736_676_000_123),
        ("timestamp", "1736676000123.0", 1_736_676_000_123),
        ("time", "12/1/2025 - 10:00:00", 1_736_676_000_000),
    ],
)
def test_times_are_read_in_all_their_forms(tmp_path: Path, name: str, text: str, expected: int) -> None:
    rows, refused, _, _ = read(tmp_path / "x", f"{name},coin,side,px,sz,startPosition,oid\n{text},BTC,B,1,1,0,1\n")
    assert not refused
    assert [row.time for row in rows] == [expected]


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        (("1736676000123,0xA1", "soon,0xA1"), "time", "unknown"),
        (("1736676000123,0xA1", ",0xA1"), "time", "missing"),
        ((",11,21,", ",5.39E+10,21,"), "oid", "lost in a spreadsheet"),
        ((",11,21,", ",,21,"), "oid", "missing"),
        ((",0.0,Open Long", ",,Open Long"), "startPosition", "missing"),
        ((",0.0,Open Long", ",3.13E+06,Open Long"), "startPosition", "lost in a spreadsheet"),
        (("BTC,B,100.5", "BTC,B,1OO.5"), "px", "not a number"),
        ((",true", ",perhaps"), "crossed", "neither true nor false"),
        (("Open Long,0.0", '"Open Long,0.0'), "", "broken CSV"),
    ],
)
def test_a_bad_row_is_named_and_its_siblings_are_read(
    tmp_path: Path, change: tuple[str, str], field: str, reason: str
) -> None:
    assert change[0] in EXACT
    rows, refused, _, _ = read(tmp_path / "x", EXACT.replace(*change, 1))
    assert len(rows) == 1
    [bad] = refused
    assert bad.field == field
    assert reason in bad.reason
    assert (bad.where.line, bad.where.row) == (2, 1)


def test_numbers_with_thousands_and_small_exponents_are_read(tmp_path: Path) -> None:
    row = '1736676000123,BTC,Buy,"94,100.5",1.00E-05,"-1,234.5",7\n'
    [found], refused, _, _ = read(tmp_path / "x", "time,coin,side,px,sz,startPosition,oid\n" + row)
    told = json.loads(found.wire)
    assert not refused
    assert (told["px"], told["sz"], told["startPosition"]) == ("94100.5", "0.00001", "-1234.5")


def test_decimal_commas_are_read_between_semicolons(tmp_path: Path) -> None:
    row = "1736676000123;BTC;Sell;94.100,5;0,25;-1,5;7\n"
    [found], _, _, _ = read(tmp_path / "x", "time;coin;side;px;sz;startPosition;oid\n" + row)
    told = json.loads(found.wire)
    assert (told["px"], told["sz"], told["startPosition"]) == ("94100.5", "0.25", "-1.5")


def test_the_side_is_read_from_the_direction_where_there_is_no_other(tmp_path: Path) -> None:
    rows = "".join(
        f"1736676000123,BTC,{direction},1,1,0,7\n"
        for direction in ("Open Long", "Close Short", "Short > Long", "Open Short", "Long > Short", "Settlement")
    )
    found, refused, _, _ = read(tmp_path / "x", "time,coin,dir,px,sz,startPosition,oid\n" + rows)
    assert [json.loads(row.wire)["side"] for row in found] == ["B", "B", "B", "A", "A"]
    assert [record.field for record in refused] == ["side"]


def test_the_web_interface_lacks_what_a_proof_needs(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("time,coin,dir,px,sz,ntl,fee,closedPnl\n1/12/2025 - 10:00:00,BTC,Open Long,1,1,1,0,0\n")
    with pytest.raises(Unusable, match=r"has no column for startPosition, oid.*web interface.*userFillsByTime"):
        FillFile(tmp_path / "x")
