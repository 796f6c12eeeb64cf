"""docs/audit.md shows what the program really prints, and lists the names that it really knows."""

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mm.audit.command import audit
from mm.audit.schema import SCHEMA
from mm.audit.sheet import NAMES, TIMES
from tests.audit.generate import history

WIDTH = 96


def part(document: Path, name: str, content: str) -> tuple[str, str]:
    """What stands between the marks of `name`, and what should. With UPDATE=1 it is written."""
    text = document.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name}: [^\n]*-->\n(.*?)<!-- end of {name} -->\n", text, re.DOTALL)
    assert found, name
    if os.environ.get("UPDATE"):
        document.write_text(text[: found.start(1)] + content + text[found.end(1) :], encoding="utf-8")
        return content, content
    return found.group(1), content


def test_the_example_is_what_is_printed(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bitcoin = history(["0.5", "0.25", "0.35", "-0.6", "-0.5"], px="94100.5")
    ether = history(["-4", "1.5", "2.5"], coin="ETH", px="3255.4")
    lost = [fill for fill in bitcoin if fill["sz"] != "0.35"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    Path("page1.json").write_text(json.dumps(lost[:3] + ether), encoding="utf-8")
    Path("page2.json").write_text(json.dumps(lost[2:]), encoding="utf-8")
    done = CliRunner().invoke(audit, ["page1.json", "page2.json"])
    assert done.exit_code == 1
    shown = f"```text\n$ mm audit page1.json page2.json\n{done.output}```\n"
    found, expected = part(root / "docs" / "audit.md", "example", shown)
    assert found == expected


def test_the_known_names_are_listed(root: Path) -> None:
    names = {**{field: spellings for field, spellings in NAMES.items() if field != "dir"}, "time": TIMES}
    names["side"] = (*NAMES["side"], *NAMES["dir"])
    rows = "| field | names |\n| --- | --- |\n" + "".join(
        f"| {field} | {', '.join(f'`{name}`' for name in names[field])} |\n" for field in names
    )
    found, expected = part(root / "docs" / "audit.md", "names", rows)
    assert found == expected


def test_every_field_of_the_schema_is_documented(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "fills.json"
    fills = history(["1", "2", "3"])
    path.write_text(json.dumps([fills[0], fills[2], {**fills[1], "px": None}]), encoding="utf-8")
    told = json.loads(CliRunner().invoke(audit, [str(path), "--json"]).output)
    assert told["schema"] == SCHEMA
    document = (root / "docs" / "audit.md").read_text(encoding="utf-8")
    fields = {key for coin in told["accounts"][0]["coins"] for key in coin}
    fields |= told.keys() | told["total"].keys() | told["files"][0].keys() | told["accounts"][0].keys()
    fields |= told["files"][0]["first_refused"][0].keys() | told["accounts"][0]["coins"][0]["gaps"][0].keys()
    assert not [field for field in sorted(fields) if f"`{field}`" not in document and f"`{field}[]`" not in document]
