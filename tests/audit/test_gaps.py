"""Whatever is taken out of a history is found, with its exact size, between the right times."""

import gzip
import json
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mm.audit.books import AccountBook, CoinBook
from mm.audit.outcome import Auditor, Outcome
from mm.audit.schema import as_json
from tests.audit.generate import ANNA, BERT, blocks, history, spreadsheet

SIZES = st.lists(
    st.decimals(min_value=-50, max_value=50, places=3).filter(bool).map(str),
    min_size=3,
    max_size=40,
)


def audited(folder: Path, *files: Sequence[dict[str, Any]] | str) -> Outcome:
    paths = []
    for number, content in enumerate(files):
        path = folder / f"part{number}"
        path.write_text(content if isinstance(content, str) else "\n".join(map(json.dumps, content)), encoding="utf-8")
        paths.append(path)
    return Auditor(paths).run()


def told(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON, without what counts files and repeats."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(item) for key, item in value.items() if key not in {"files", "duplicates"}}
        return [without(item) for item in value] if isinstance(value, list) else value

    result: dict[str, Any] = without(json.loads(as_json(outcome, outcome.accounts, spot_transfers_ok=False)))
    return result


def only_coin(outcome: Outcome) -> CoinBook:
    [account] = outcome.accounts
    [coin] = account.coins
    return coin


@given(SIZES, st.integers(-100, 100), st.data())
def test_every_hole_is_found_with_its_exact_size(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[str], start: int, data: st.DataObject
) -> None:
    fills = history(sizes, start=str(start))
    lost = data.draw(st.sets(st.integers(1, len(fills) - 2), max_size=len(fills) // 2))
    holes: list[list[int]] = []
    for index in sorted(lost):
        if holes and holes[-1][-1] == index - 1:
            holes[-1].append(index)
        else:
            holes.append([index])
    assume(all(sum(Decimal(sizes[index]) for index in hole) for hole in holes))
    kept = [fill for index, fill in enumerate(fills) if index not in lost]
    data.draw(st.randoms(use_true_random=False)).shuffle(kept)

    coin = only_coin(audited(tmp_path_factory.mktemp("holes"), kept))

    found = [(gap.from_ms, gap.to_ms, gap.missing) for gap in coin.gaps]
    assert found == [
        (fills[hole[0] - 1]["time"], fills[hole[-1] + 1]["time"], sum(Decimal(sizes[index]) for index in hole))
        for hole in holes
    ]
    for hole, gap in zip(holes, coin.gaps, strict=True):
        assert gap.expected == Decimal(fills[hole[0]]["startPosition"])
        assert gap.found == Decimal(fills[hole[-1] + 1]["startPosition"])


@given(SIZES, st.integers(1, 10), st.randoms(use_true_random=False))
def test_fills_of_one_millisecond_are_linked_whatever_their_order(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[str], group: int, random_: random.Random
) -> None:
    fills = history(sizes)
    for index, fill in enumerate(fills):
        fill["time"] = fills[0]["time"] + index // group
    starts = [(fill["time"], fill["startPosition"]) for fill in fills]
    assume(len(set(starts)) == len(starts))
    random_.shuffle(fills)
    coin = only_coin(audited(tmp_path_factory.mktemp("block"), fills))
    assert not coin.gaps
    assert coin.size == sum(map(Decimal, sizes))


def test_a_fill_that_comes_late_finds_its_place_in_its_millisecond(tmp_path: Path) -> None:
    fills = history(["-1", "-2", "-3"], step=0)
    for last in range(3):
        others = [fill for fill in fills if fill is not fills[last]]
        assert not only_coin(audited(tmp_path, others, [fills[last]])).gaps


@given(SIZES, SIZES, st.randoms(use_true_random=False))
def test_repeats_shuffles_and_splits_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, first: list[str], second: list[str], random_: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("same")
    owned = [(ANNA, fill) for fill in history(first) + history(second, coin="ETH", px="7")]
    owned += [(BERT, fill) for fill in history(second)]
    del owned[len(owned) // 2]
    plain = audited(folder, blocks(owned))
    again = owned + owned
    random_.shuffle(again)
    cut = random_.randrange(1, len(again) - 1)
    assert told(audited(folder, blocks(again[:cut]), blocks(again[cut:]), blocks(owned[:3]))) == told(plain)


def test_a_spot_chain_goes_on_after_the_fee(tmp_path: Path) -> None:
    fills = history(["5", "2.5", "-1", "0.25"], coin="@107", base="HYPE")
    coin = only_coin(audited(tmp_path, fills))
    assert not coin.gaps
    assert coin.fees == {"HYPE": Decimal("0.00775"), "USDC": Decimal("0.1005")}
    assert coin.size == Decimal("6.74225")


def test_a_spot_balance_may_have_moved_without_a_fill(tmp_path: Path) -> None:
    fills = history(["5", "2.5", "-1", "0.25"], coin="PURR/USDC", base="PURR")
    del fills[1]
    outcome = audited(tmp_path, fills)
    assert [gap.missing for gap in only_coin(outcome).gaps] == [Decimal("2.4975")]
    assert not outcome.is_whole()
    assert outcome.is_whole(spot_transfers_ok=True)


def test_the_last_digits_of_a_double_are_no_gap(tmp_path: Path) -> None:
    fills = history(["1.5", "-0.5"], coin="@9", start="14857180.135928571", base="X")
    fills[1]["startPosition"] = "14857181.6344285694"
    assert not only_coin(audited(tmp_path, fills)).gaps


def test_a_spreadsheet_proves_its_chain_too(tmp_path: Path) -> None:
    fills = history(["5", "-1", "2", "3"] * 5, step=20_000)
    coin = only_coin(audited(tmp_path, spreadsheet(ANNA, fills)))
    assert coin.fills == 20
    assert not coin.gaps
    coin = only_coin(audited(tmp_path, spreadsheet(ANNA, fills[:7] + fills[8:])))
    assert [gap.missing for gap in coin.gaps] == [Decimal(3)]


def test_one_key_with_two_payloads_is_a_contradiction(tmp_path: Path) -> None:
    fills = history(["1", "1"])
    outcome = audited(tmp_path, [*fills, {**fills[1], "sz": "2"}])
    assert len(only_coin(outcome).contradictions) == 1
    assert not outcome.is_whole()


def test_what_the_engine_cannot_hold_is_refused_like_any_bad_record(tmp_path: Path) -> None:
    fills = history(["1", "2", "3"])
    huge = {**fills[1], "sz": "123456789012345678", "tid": 5}
    outcome = audited(tmp_path, [fills[0], huge, *fills[1:], huge])
    assert only_coin(outcome).fills == 3
    assert outcome.files[0].fills == 3
    assert [(record.where.line, record.field, record.reason) for record in outcome.files[0].first_refused] == [
        (2, "sz", "is too large"),
        (5, "sz", "is too large"),
    ]


def test_a_file_that_breaks_off_makes_the_outcome_incomplete(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(gzip.compress(json.dumps(history(["1"])).encode() + b"\n" * 9)[:-9])
    outcome = Auditor([tmp_path / "cut"]).run()
    assert outcome.files[0].fills == 1
    assert outcome.errors
    assert not outcome.is_whole()


def test_accounts_are_kept_apart(tmp_path: Path) -> None:
    owned = [(ANNA, fill) for fill in history(["1", "2"])] + [(BERT, fill) for fill in history(["-3", "1"])]
    books: list[AccountBook] = audited(tmp_path, blocks(owned)).accounts
    assert {book.account: book.coins[0].size for book in books} == {ANNA: Decimal(3), BERT: Decimal(-2)}
    assert all(book.is_whole for book in books)
