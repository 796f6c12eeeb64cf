"""`mm audit` as a person meets it: what it prints, how wide, and how it ends."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from mm.audit import command
from mm.audit.command import audit
from mm.audit.report import window
from tests.audit.generate import ANNA, BEGIN, BERT, blocks, history, spreadsheet


def run(*arguments: object, width: int = 80) -> Result:
    return CliRunner().invoke(audit, [str(argument) for argument in arguments], env={"COLUMNS": str(width)})


def saved(path: Path, content: Sequence[dict[str, Any]] | str) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def many(folder: Path) -> Path:
    """Five accounts; something is missing in the one with least volume."""
    owned = []
    for number in range(5):
        fills = history(["1", "2", "-1"], px=str(10 + number)) + history(["1", "-1"], coin="ETH", px=str(1 + number))
        if number == 0:
            del fills[1]
        owned += [(f"0x{number:040x}", fill) for fill in fills]
    return saved(folder / "blocks", blocks(owned))


def test_nothing_missing_ends_with_zero(tmp_path: Path) -> None:
    done = run(saved(tmp_path / "x", history(["1", "-0.25"])))
    assert done.exit_code == 0
    assert done.stdout == (
        "unnamed account\n"
        "2 fills, 2025-01-12 10:00:00 to 10:01:00 UTC\n"
        "\n"
        "coin  fills  chain   position  closed PnL  volume  maker  fees\n"
        "BTC       2  proven      0.75        0.00  125.62  20.0%  0.13 USDC\n"
        "\n"
        "1 account, 1 coin, 2 fills, 0 duplicates in 1 file\n"
        "Nothing is missing: every chain is proven from its first fill to its last.\n"
    )
    assert done.stderr == ""


def test_a_gap_ends_with_one_and_is_shown_with_its_size_and_window(tmp_path: Path) -> None:
    fills = history(["1", "0.35", "-1"])
    done = run(saved(tmp_path / "x", [fills[0], fills[2]]), width=120)
    assert done.exit_code == 1
    assert "BTC  missing +0.35  between 2025-01-12 10:00:00 and 10:02:00 (expected 1, found 1.35)\n" in done.stdout
    assert "\n1 gap\n" in done.stdout


def test_a_refused_record_ends_with_one_and_is_named(tmp_path: Path) -> None:
    fills = history(["1", "2", "3"])
    text = "\n".join(json.dumps(fill) for fill in [*fills, {**fills[1], "px": "x"}, {**fills[1], "oid": None}])
    done = run(saved(tmp_path / "x", text))
    assert done.exit_code == 1
    assert f"{tmp_path / 'x'}: 2 records refused\n  line 4, record 4: px: not a number: 'x'\n" in done.stdout
    assert "  line 5, record 5: oid: missing\n" in done.stdout


def test_one_unreadable_file_among_good_ones_ends_with_one(tmp_path: Path) -> None:
    done = run(saved(tmp_path / "good", history(["1"])), saved(tmp_path / "bad", "no fills here"), tmp_path / "none")
    assert done.exit_code == 1
    assert "bad: is neither JSON nor CSV" in done.stdout
    assert "none: cannot be opened" in done.stdout


@pytest.mark.parametrize("content", ["", "[]", "no fills here", '{"channel":"pong"}'])
def test_nothing_to_audit_ends_with_two(tmp_path: Path, content: str) -> None:
    done = run(saved(tmp_path / "x", content))
    assert done.exit_code == 2
    assert done.stdout == ""
    assert str(tmp_path / "x") in done.stderr


def test_wrong_usage_ends_with_two(tmp_path: Path) -> None:
    good = saved(tmp_path / "x", history(["1"]))
    assert run().exit_code == 2
    assert run(good, "--top", "-1").exit_code == 2
    assert run(good, "--spot-meta", good).exit_code == 2
    assert run(good, "--account", "0xnobody", "--json").exit_code == 0, "a file without names takes the given one"
    assert run(many(tmp_path), "--account", "0xnobody").exit_code == 2


def test_many_accounts_are_listed_and_the_broken_ones_shown(tmp_path: Path) -> None:
    done = run(many(tmp_path), "--top", "2", width=120)
    assert done.exit_code == 1
    assert "The 2 accounts with most volume" in done.stdout
    listed = [line for line in done.stdout.splitlines() if line.startswith("0x")]
    assert [line.split()[0][-1] for line in listed] == ["4", "3", "0"], "two with most volume, and the broken one"
    assert "BTC  missing +2  between" in done.stdout
    assert "5 accounts, 2 coins, 24 fills, 0 duplicates in 1 file\n" in done.stdout


def test_all_accounts_are_shown_when_asked_for(tmp_path: Path) -> None:
    done = run(many(tmp_path), "--all")
    assert sum(line.startswith("ETH") for line in done.stdout.splitlines()) == 5
    done = run(many(tmp_path), "--account", "0x" + "0" * 39 + "3")
    assert sum(line.startswith("ETH") for line in done.stdout.splitlines()) == 1
    assert done.exit_code == 0, "the account that was asked for is whole"


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int) -> None:
    gapped = history(["1234.56789", "2", "-3500"], px="94100.5")
    del gapped[1]
    spot = history(["5", "-1", "5"], coin="@107", base="HYPE", px="25.5")
    for arguments in ([saved(tmp_path / "one", gapped + spot)], [many(tmp_path)], [many(tmp_path), "--all"]):
        lines = run(*arguments, width=width).stdout.splitlines()
        assert max(map(len, lines)) <= width, max(lines, key=len)


def test_duplicates_have_a_column_when_there_are_any(tmp_path: Path) -> None:
    path = saved(tmp_path / "x", history(["1", "2"]))
    assert " dup " not in run(path).stdout
    done = run(path, path)
    assert "coin  fills  dup  chain" in done.stdout
    assert "2 fills, 2 duplicates in 2 files" in done.stdout


def test_json_is_exact_and_complete(tmp_path: Path) -> None:
    fills = history(["0.1", "0.2", "-0.3", "1"], px="94100.123456", step=1)
    done = run(saved(tmp_path / "x", [*fills[:2], fills[3]]), "--json", "--account", ANNA)
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["schema"] == "mm.audit/1"
    assert told["whole"] is False
    [account] = told["accounts"]
    assert account["account"] == ANNA
    [coin] = account["coins"]
    assert coin["gaps"] == [
        {"from_ms": BEGIN + 1, "to_ms": BEGIN + 3, "expected": "0.3", "found": "0", "missing": "-0.3"}
    ]
    assert coin["volume"] == "122330.1604928", "1.3 times the price, to the last digit"
    assert coin["fees"] == {"USDC": "122.3301604928"}
    assert coin["position"] == "1"
    assert (coin["fills"], coin["first_ms"], coin["last_ms"]) == (3, BEGIN, BEGIN + 3)
    assert account["maker_share"] == "0.9231"


def test_spot_meta_names_the_tokens(tmp_path: Path) -> None:
    meta = {"tokens": [{"index": 0, "name": "USDC"}, {"index": 7, "name": "GOLD"}]}
    meta["universe"] = [{"name": "@12", "index": 12, "tokens": [7, 0]}]
    export = saved(tmp_path / "x", spreadsheet(ANNA, history(["5", "-1"], coin="@12", base="GOLD")))
    done = run(export, "--spot-meta", saved(tmp_path / "meta", json.dumps(meta)), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["total"]["fees"] == {"GOLD": "0.005", "USDC": "0.1005"}


def test_a_spreadsheet_beside_an_exact_source_is_warned_of(tmp_path: Path) -> None:
    fills = history(["5", "-1"])
    done = run(saved(tmp_path / "sheet", spreadsheet(ANNA, fills)), saved(tmp_path / "x", blocks([(ANNA, fills[0])])))
    assert f"warning: {ANNA}" in " ".join(done.stdout.split())


def test_a_bar_is_shown_to_a_person_and_for_long_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = click.progressbar

    def bar(**options: Any) -> Any:
        made.append(options["length"])
        return real(**options)

    path = saved(tmp_path / "x", history(["1", "2"]))
    monkeypatch.setattr(click, "progressbar", bar)
    monkeypatch.setattr(command, "LONG", 10)
    run(path)
    assert made == [], "nobody is looking"
    monkeypatch.setattr(command, "someone_is_looking", lambda: True)
    assert run(path).exit_code == 0
    assert made == [path.stat().st_size]


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (BEGIN, BEGIN + 60_000, "2025-01-12 10:00:00 to 10:01:00"),
        (BEGIN, BEGIN + 86_400_000, "2025-01-12 10:00:00 to 2025-01-13 10:00:00"),
        (BEGIN + 1, BEGIN + 20, "2025-01-12 10:00:00.001 to 10:00:00.020"),
        (BEGIN + 5, BEGIN + 5, "2025-01-12 10:00:00.005"),
    ],
)
def test_a_window_says_no_more_than_it_must(first: int, last: int, shown: str) -> None:
    assert window(first, last) == shown


def test_two_accounts_are_shown_coin_by_coin(tmp_path: Path) -> None:
    owned = [(ANNA, fill) for fill in history(["1"])] + [(BERT, fill) for fill in history(["-2"])]
    done = run(saved(tmp_path / "x", blocks(owned)))
    assert [line for line in done.stdout.splitlines() if line.startswith("0x")] == [BERT, ANNA]
    assert Decimal(done.stdout.splitlines()[4].split()[3]) == -2
