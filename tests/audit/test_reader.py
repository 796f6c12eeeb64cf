"""Every format reads to the same fills, and a bad record costs itself only."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mm.audit import values
from mm.audit.fill import Refused, Row
from mm.audit.reader import FillFile
from mm.audit.source import Unusable
from tests.audit.generate import ANNA, BERT, blocks, history

FILLS = history(["1", "-0.4", "2.25", "-2.85"])
PAGE = json.dumps(FILLS)


def read(path: Path, content: str | bytes) -> tuple[list[Row], list[Refused], FillFile]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    file = FillFile(path)
    file.prepare(lambda _: None)
    rows: list[Row] = []
    refused: list[Refused] = []
    for found in file.rows(lambda _: None):
        if isinstance(found, Row):
            rows.append(found)
        else:
            refused.append(found)
    return rows, refused, file


def fills_of(rows: list[Row]) -> list[dict[str, Any]]:
    """What the engine is given, without the fields that it has no use for."""
    kept = {
        "coin",
        "px",
        "sz",
        "side",
        "time",
        "startPosition",
        "oid",
        "tid",
        "fee",
        "feeToken",
        "closedPnl",
        "crossed",
    }
    return [{key: value for key, value in json.loads(row.wire).items() if key in kept} for row in rows]


EXPECTED = fills_of([Row(None, "BTC", fill["time"], None, json.dumps(fill), None) for fill in FILLS])  # type: ignore[arg-type]

FORMATS = {
    "a page": PAGE,
    "a page over lines": "[\n" + ",\n".join(map(json.dumps, FILLS)) + "\n]\n",
    "a page of one line with an end": PAGE + "\n",
    "an indented page": json.dumps(FILLS, indent=2),
    "a fill to a line": "\n".join(map(json.dumps, FILLS)) + "\n",
    "Windows line ends": "\r\n".join(map(json.dumps, FILLS)),
    "a page to a line": json.dumps(FILLS[:2]) + "\n\n" + json.dumps(FILLS[2:]),
    "an answer with its request": json.dumps({"request": {"type": "userFills", "user": ANNA}, "body": PAGE}) + "\n",
    "an answer in a wrapper": json.dumps({"body": FILLS}, indent=1),
    "blocks": blocks([(ANNA, fill) for fill in FILLS]),
    "pairs": "".join(json.dumps([ANNA, fill]) + "\n" for fill in FILLS),
    "pairs in an array": json.dumps([[ANNA, fill] for fill in FILLS], indent=1),
    "frames": "".join(
        json.dumps({"channel": "userFills", "data": {"user": ANNA, "fills": [fill]}}) + "\n" for fill in FILLS
    ),
    "frames behind a clock": "".join(
        f"17366760000000000{number} "
        + json.dumps({"channel": "userFills", "data": {"user": ANNA, "fills": [fill]}})
        + "\n"
        for number, fill in enumerate(FILLS, 10)
    ),
    "frames as texts": "".join(
        json.dumps({"source": "x", "body": json.dumps({"channel": "user", "data": {"fills": [fill]}})}) + "\n"
        for fill in FILLS
    ),
    "an answer over the socket": json.dumps(
        {
            "channel": "post",
            "data": {"id": 1, "response": {"type": "info", "payload": {"type": "userFills", "data": FILLS}}},
        }
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_json_layout_gives_the_same_fills(tmp_path: Path, name: str) -> None:
    rows, refused, file = read(tmp_path / "export", FORMATS[name])
    assert fills_of(rows) == EXPECTED
    assert not refused
    assert not file.broken


@pytest.mark.parametrize("name", ["a page", "a fill to a line", "blocks"])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_compression_is_known_by_content(tmp_path: Path, name: str, pack: Any) -> None:
    rows, refused, _ = read(tmp_path / "export.txt", pack(FORMATS[name].encode()))
    assert fills_of(rows) == EXPECTED
    assert not refused


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_several_packed_parts_are_one_file(tmp_path: Path, pack: Any) -> None:
    lines = FORMATS["a fill to a line"].encode().splitlines(keepends=True)
    rows, _, file = read(tmp_path / "export", b"".join(pack(line) for line in lines))
    assert fills_of(rows) == EXPECTED
    assert not file.broken


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_packed_file_that_was_cut_off_is_seen(tmp_path: Path, pack: Any) -> None:
    many = "".join(json.dumps(fill) + "\n" for fill in history(["1", "-1"] * 20_000))
    packed = pack(many.encode())
    rows, _, file = read(tmp_path / "export", packed[: len(packed) * 2 // 3])
    assert 0 < len(rows) < 40_000
    assert "cut off" in file.broken


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", "\ufeff".encode("utf-16-le"), "\ufeff".encode("utf-16-be")])
@pytest.mark.parametrize("name", ["a page", "a fill to a line"])
def test_a_byte_order_mark_is_no_content(tmp_path: Path, mark: bytes, name: str) -> None:
    encoding = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}[mark]
    rows, refused, _ = read(tmp_path / "export", mark + FORMATS[name].encode(encoding))
    assert fills_of(rows) == EXPECTED
    assert not refused


def test_the_account_comes_from_blocks_requests_and_frames(tmp_path: Path) -> None:
    rows, _, _ = read(tmp_path / "blocks", blocks([(ANNA.upper().replace("X", "x"), FILLS[0]), (BERT, FILLS[1])]))
    assert [row.account for row in rows] == [ANNA, BERT]
    for name in ("an answer with its request", "frames", "pairs"):
        rows, _, _ = read(tmp_path / "named", FORMATS[name])
        assert {row.account for row in rows} == {ANNA}, name
    rows, _, _ = read(tmp_path / "page", PAGE)
    assert {row.account for row in rows} == {None}


def test_frames_without_a_name_belong_to_the_account_of_their_socket(tmp_path: Path) -> None:
    unnamed = {"channel": "user", "data": {"fills": FILLS[:1]}}
    named = {"channel": "userFills", "data": {"user": ANNA, "isSnapshot": True, "fills": FILLS}}
    told = {"channel": "subscriptionResponse", "data": {"subscription": {"type": "userEvents", "user": ANNA}}}
    for frames in ([unnamed, named], [named, unnamed], [told, unnamed], [unnamed, told]):
        rows, _, _ = read(tmp_path / "frames", "\n".join(map(json.dumps, frames)))
        assert {row.account for row in rows} == {ANNA}


def test_a_socket_of_two_accounts_names_none(tmp_path: Path) -> None:
    frames = [{"channel": "userFills", "data": {"user": user, "fills": []}} for user in (ANNA, BERT)]
    frames.append({"channel": "user", "data": {"fills": FILLS[:1]}})
    rows, _, _ = read(tmp_path / "frames", "\n".join(map(json.dumps, frames)))
    assert [row.account for row in rows] == [None]


def test_what_is_no_fill_is_passed_over(tmp_path: Path) -> None:
    trade = {"coin": "BTC", "side": "B", "px": "1", "sz": "1", "time": 1, "hash": "0x", "tid": 1, "users": [ANNA, BERT]}
    order = {"coin": "BTC", "side": "B", "limitPx": "1", "sz": "1", "oid": 1, "timestamp": 1, "origSz": "1"}
    others = [
        {"channel": "trades", "data": [trade]},
        {"channel": "pong"},
        trade,
        order,
        {"order": order, "status": "open"},
    ]
    lines = [json.dumps(other) for other in others] + ["7", "null", json.dumps(FILLS[0])]
    rows, refused, file = read(tmp_path / "frames", "\n".join(lines))
    assert len(rows) == 1
    assert not refused
    assert file.passed_over == len(lines) - 1


BROKEN = {
    "px": ("abc", "not a number"),
    "sz": ("0.0", "not above zero"),
    "side": ("C", "neither buy nor sell"),
    "time": (1_736_676_000, "not milliseconds"),
    "startPosition": (None, "missing"),
    "oid": ("x", "not a whole number"),
    "tid": (-1, "out of range"),
    "fee": ("NaN", "not an amount"),
    "closedPnl": ([], "not a number"),
    "coin": ("B C", "not a coin"),
    "crossed": ("maybe", "neither true nor false"),
    "feeToken": (7, "not a token"),
    "cloid": (7, "not a client order id"),
}


@pytest.mark.parametrize("field", BROKEN)
@pytest.mark.parametrize("layout", ["lines", "array"])
def test_a_bad_field_is_named_and_its_siblings_are_read(tmp_path: Path, field: str, layout: str) -> None:
    value, reason = BROKEN[field]
    lines = [json.dumps(fill) for fill in [FILLS[0], {**FILLS[1], field: value}, *FILLS[2:]]]
    text = "\n".join(lines) if layout == "lines" else "[\n" + ",\n".join(lines) + "\n]"
    rows, [bad], _ = read(tmp_path / "export", text)
    assert [row.time for row in rows] == [fill["time"] for fill in (FILLS[0], *FILLS[2:])]
    assert bad.field == field
    assert reason in bad.reason
    assert bad.where.line == (2 if layout == "lines" else 3)
    assert bad.where.row == 2


@pytest.mark.parametrize("damage", ['{"coin":"BTC","px":"1', '{"coin": }', "{]", '{"coin":"BT\\q"}', '{"a":{"b":'])
@pytest.mark.parametrize("layout", ["lines", "array", "one line"])
def test_broken_json_costs_itself_only(tmp_path: Path, damage: str, layout: str) -> None:
    lines = [json.dumps(FILLS[0]), damage, *map(json.dumps, FILLS[1:])]
    texts = {
        "lines": "\n".join(lines),
        "array": "[\n" + ",\n".join(lines) + "\n]",
        "one line": "[" + ",".join([lines[0], '{"coin": }', *lines[2:]]) + "]",
    }
    rows, refused, _ = read(tmp_path / "export", texts[layout])
    assert fills_of(rows) == EXPECTED
    assert len(refused) == 1
    assert "broken JSON" in refused[0].reason


def test_bytes_that_are_not_utf8_cost_their_record_only(tmp_path: Path) -> None:
    lines = [json.dumps(fill).encode() for fill in FILLS]
    bad = lines[1].replace(b"BTC", b"B\xffC")
    for text in (b"\n".join([*lines, bad]), b"[" + b",".join([*lines, bad]) + b"]"):
        rows, refused, _ = read(tmp_path / "export", text)
        assert fills_of(rows) == EXPECTED
        assert [record.reason for record in refused] == ["not UTF-8"]


def test_an_array_that_was_cut_off_is_seen(tmp_path: Path) -> None:
    for cut in (PAGE[:-1], "[\n" + ",\n".join(map(json.dumps, FILLS)) + ","):
        rows, refused, _ = read(tmp_path / "export", cut)
        assert fills_of(rows) == EXPECTED
        assert len(refused) == 1
        assert "cut off" in refused[0].reason


def test_one_huge_line_is_read_in_pieces(tmp_path: Path) -> None:
    fills = history(["1", "-1"] * 4_000)
    rows, refused, file = read(tmp_path / "export", json.dumps(fills))
    assert len(rows) == 8_000
    assert not refused
    assert file.format == "json"


def test_a_line_beyond_the_bound_is_refused_and_passed() -> None:
    chunks = ['{"a": 1}\n', "x" * 50, "y" * 50, '\n{"a": 2}\n']
    found = list(values.by_lines(iter(chunks), line_max=60))
    assert [getattr(value, "value", None) for value in found] == [{"a": 1}, None, {"a": 2}]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"PK\x03\x04rest", "zip"),
        (b"PAR1rest", "Parquet"),
        (b"\x00\x01\x02\x03", "binary"),
        (b"\x1f\x8b\x08\x00", "cut off"),
        (b"Dear reader,\n", "neither JSON nor CSV"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "export").write_bytes(content)
    with pytest.raises(Unusable, match=reason):
        FillFile(tmp_path / "export")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="cannot be opened"):
        FillFile(tmp_path / "nothing")
    with pytest.raises(Unusable, match="is no file"):
        FillFile(tmp_path)


def test_numbers_that_a_program_wrote_as_numbers_stay_exact(tmp_path: Path) -> None:
    text = (
        json.dumps(FILLS[0])
        .replace('"100.5"', "100.50")
        .replace('"sz": "1"', '"sz": 1')
        .replace('"0.1005"', "1.005e-1")
    )
    [row], refused, _ = read(tmp_path / "export", text)
    told = json.loads(row.wire)
    assert (told["px"], told["sz"], told["fee"]) == ("100.50", "1", "0.1005")
    assert not refused
    [row], _, _ = read(tmp_path / "export", json.dumps(FILLS[0]).replace('"100.5"', "100.5"))
    assert json.loads(row.wire)["px"] == "100.5"
    marked = {**FILLS[0], "liquidation": {"markPx": 7.5, "method": "market"}, "more": 0.5}
    for fill in (marked, {**marked, "tid": None}):
        rows, refused, _ = read(tmp_path / "export", json.dumps({"channel": "user", "data": {"fills": [fill]}}))
        assert len(rows) == 1
        assert not refused


@given(st.integers(1, 200), st.lists(st.sampled_from(list(FORMATS.values())), min_size=1, max_size=3))
def test_where_the_text_is_cut_into_chunks_does_not_matter(size: int, texts: list[str]) -> None:
    text = "\n".join(texts)
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(values.streamed(iter(chunks))) == list(values.streamed(iter([text])))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_bytes_whatever_are_more_than_refused(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "export"
    for content in (before, before + PAGE.encode() + after, PAGE[:300].encode() + before):
        path.write_bytes(content)
        try:
            file = FillFile(path)
            file.prepare(lambda _: None)
            list(file.rows(lambda _: None))
        except Unusable:
            pass
