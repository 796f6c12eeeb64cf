"""Every recorded fill of the real venue, through the readers and the engine, against what was measured on it.

The figures stand in the recordings' own README: they were measured with scripts that share no code with ours.
"""

import csv
import gzip
import io
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import zstandard

from mm import _core
from mm.audit.books import CoinBook
from mm.audit.outcome import Auditor, Outcome
from mm.audit.schema import as_json

pytestmark = pytest.mark.shared

NODE = "node_fills_20251027_blocks_777010829_777011495.jsonl.zst"
GAPPED = "csv_account_513b_fills.csv.zst"
MAKER = "csv_account_72c6_fills.csv.zst"
TRACKED = "account_dae4_btc_fills_2026.json.gz"
SELF_TRADES = "account_b7b6_userFills_2023_selftrades.json.gz"
ODD = "odd_fills_dust_nettedvaults_2026.json"
FILES = {NODE: 4_756, GAPPED: 12_236, MAKER: 1_430, TRACKED: 213, SELF_TRADES: 500, ODD: 5}


def text_of(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    elif path.suffix == ".gz":
        data = gzip.decompress(data)
    return data.decode()


def audited(*paths: Path) -> Outcome:
    return Auditor(paths).run()


def told(outcome: Outcome) -> Any:
    """The outcome as JSON, without what counts files and repeats."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(item) for key, item in value.items() if key not in {"files", "duplicates"}}
        return [without(item) for item in value] if isinstance(value, list) else value

    return without(json.loads(as_json(outcome, outcome.accounts, spot_transfers_ok=False)))


def coins(outcome: Outcome) -> list[CoinBook]:
    return [coin for account in outcome.accounts for coin in account.coins]


@pytest.mark.parametrize("name", FILES)
def test_no_record_is_refused_and_none_counts_twice(shared: Path, name: str) -> None:
    outcome = audited(shared / "data" / "fills" / name)
    assert outcome.refused == 0
    assert not outcome.errors
    assert sum(coin.fills for coin in coins(outcome)) == FILES[name]
    assert sum(coin.duplicates for coin in coins(outcome)) == 0
    assert not [coin for coin in coins(outcome) if coin.contradictions]


def test_no_fill_is_missing_in_blocks_of_all_accounts(shared: Path) -> None:
    outcome = audited(shared / "data" / "fills" / NODE)
    assert len(outcome.accounts) == 731
    assert len({coin.coin for coin in coins(outcome)}) == 168
    assert [(coin.coin, coin.gaps) for coin in coins(outcome) if coin.gaps] == []
    assert outcome.is_whole()


def test_no_fill_is_missing_of_an_account_stored_in_the_wrong_order(shared: Path) -> None:
    outcome = audited(shared / "data" / "fills" / TRACKED)
    [coin] = coins(outcome)
    assert coin.fills == 213
    assert outcome.is_whole()


def test_exactly_the_six_gaps_at_the_borders_of_an_export_s_pages_are_found(shared: Path) -> None:
    outcome = audited(shared / "data" / "fills" / GAPPED)
    assert {coin.coin: [gap.missing for gap in coin.gaps] for coin in coins(outcome)} == {
        "BTC": [Decimal("3.50772"), Decimal("-1.49035"), Decimal("34.57581"), Decimal("29.33718")],
        "SOL": [Decimal("-2292.11"), Decimal("753.33")],
        "@107": [],
        "HYPE": [],
    }
    # A gap shows at the first fill after a page's border; at row 6,000 that coin's next fill is 35 rows on.
    rows = list(csv.DictReader(io.StringIO(text_of(shared / "data" / "fills" / GAPPED))))
    starts = [Decimal(rows[row]["Start Position"]) for row in (2_000, 4_000, 6_035, 8_000, 10_000, 12_000)]
    assert {gap.found for coin in coins(outcome) for gap in coin.gaps} == set(starts)


def test_a_maker_s_coins_are_whole_but_for_a_spot_balance_that_was_sent_away(shared: Path) -> None:
    outcome = audited(shared / "data" / "fills" / MAKER)
    assert len(coins(outcome)) == 26
    [moved] = [coin for coin in coins(outcome) if coin.gaps]
    assert moved.coin == "@107"
    [gap] = moved.gaps
    assert gap.missing.quantize(Decimal("0.00001")) == Decimal("-195.98118")
    assert gap.found == 0, "all of it"
    assert outcome.is_whole(spot_transfers_ok=True)


def test_both_sides_of_a_self_trade_are_fills(shared: Path) -> None:
    outcome = audited(shared / "data" / "fills" / SELF_TRADES)
    # The answer holds 500 fills, and the oldest is one side of a self-trade whose other side was cut off.
    broken = [(coin.coin, [gap.missing for gap in coin.gaps]) for coin in coins(outcome) if coin.gaps]
    assert broken == [("SUI", [Decimal("-104.4")])]


def fills_of(name: str, shared: Path) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """The fills of a JSON file, read by other means than ours."""
    text = text_of(shared / "data" / "fills" / name)
    if name == NODE:
        for line in text.splitlines():
            yield from ((account, fill) for account, fill in json.loads(line)["events"])
    else:
        yield from ((None, fill) for fill in json.loads(text))


@pytest.mark.parametrize("name", [NODE, TRACKED, SELF_TRADES, ODD])
def test_fees_pnl_and_volume_are_what_the_venue_says_to_the_last_digit(shared: Path, name: str) -> None:
    fees: defaultdict[tuple[str | None, str, str], Decimal] = defaultdict(Decimal)
    pnl: defaultdict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    volume: defaultdict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    made: defaultdict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    for account, fill in fills_of(name, shared):
        key = (account, fill["coin"])
        fees[(*key, fill.get("feeToken", ""))] += Decimal(fill["fee"])
        pnl[key] += Decimal(fill["closedPnl"])
        volume[key] += Decimal(fill["px"]) * Decimal(fill["sz"])
        made[key] += 0 if fill["crossed"] else Decimal(fill["px"]) * Decimal(fill["sz"])
    books = {
        (book.account, coin.coin): coin
        for book in audited(shared / "data" / "fills" / name).accounts
        for coin in book.coins
    }
    assert books.keys() == volume.keys()
    for key, coin in books.items():
        assert coin.closed_pnl == pnl[key]
        assert coin.volume == volume[key]
        assert coin.maker_volume == made[key]
    found = {(*key, token): fee for key, coin in books.items() for token, fee in coin.fees.items()}
    assert found == {key: fee for key, fee in fees.items() if fee}


@pytest.mark.parametrize("name", [GAPPED, MAKER])
def test_fees_and_pnl_of_a_spreadsheet_add_up(shared: Path, name: str) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(shared / "data" / "fills" / name))))
    found = coins(audited(shared / "data" / "fills" / name))
    assert sum(fee for coin in found for fee in coin.fees.values()) == sum(Decimal(row["Fee"]) for row in rows)
    assert sum(coin.closed_pnl for coin in found) == sum(Decimal(row["Closed PnL"]) for row in rows)


@pytest.mark.parametrize("name", list(FILES))
def test_twice_shuffled_and_split_changes_nothing(shared: Path, tmp_path: Path, name: str) -> None:
    path = shared / "data" / "fills" / name
    plain = told(audited(path))
    assert told(audited(path, path)) == plain
    head: list[str] = []
    if name in {GAPPED, MAKER}:
        head, *lines = text_of(path).splitlines(keepends=True)  # type: ignore[assignment]
        head = [str(head)]
    else:
        lines = [json.dumps([account, fill] if account else fill) + "\n" for account, fill in fills_of(name, shared)]
    for seed in range(3):
        shuffled = random.Random(seed)
        shuffled.shuffle(lines)
        cut = shuffled.randrange(1, len(lines) - 1)
        parts = [tmp_path / "first", tmp_path / "second"]
        parts[0].write_text("".join(head + lines[:cut]), encoding="utf-8")
        parts[1].write_text("".join(head + lines[cut:] + lines[:5]), encoding="utf-8")
        assert told(audited(*parts)) == plain, seed


def frames(shared: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every frame of the venue that was captured, with the file's name."""
    for path in sorted((shared / "vectors" / "captures").glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8"))["items"]:
            if item["kind"] == "ws-in":
                yield path.name, item["body"]
    for path in sorted((shared / "data" / "roundtrips").glob("frames_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            body = json.loads(line)["body"]
            body = json.loads(body) if isinstance(body, str) else body
            if isinstance(body, dict) and "channel" in body:
                yield path.name, body


def test_every_captured_frame_goes_through_the_engine(shared: Path) -> None:
    count = 0
    for name, frame in frames(shared):
        if name == "tick_reduce_only.json":
            continue  # its orderUpdates frame lost a field before it reached us
        report = _core.Engine().process_ws(json.dumps(frame, separators=(",", ":")).encode())
        assert report.refused == 0, (name, frame, report.effects)
        count += 1
    assert count > 60


def test_every_captured_answer_of_fills_goes_through_the_readers(shared: Path) -> None:
    captures = sorted((shared / "vectors" / "captures").glob("*.json"))
    roundtrips = sorted((shared / "data" / "roundtrips").iterdir())
    for paths in (captures, roundtrips):
        outcome = audited(*paths)
        assert outcome.refused == 0
        assert [file.error for file in outcome.files if file.error] == []
        assert sum(file.fills for file in outcome.files) > 20
