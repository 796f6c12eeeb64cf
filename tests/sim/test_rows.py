"""The table of docs/simulator.md, and the lines of it that are no fault but what the venue does always."""

import re
from pathlib import Path

from tests.chaos.desk import IOC, ME, OTHER, SIM, Desk, order


def rows_of(root: Path) -> dict[str, str]:
    """What stands under `by`, by line."""
    text = (root / "docs" / "simulator.md").read_text(encoding="utf-8")
    return {
        match[1]: match[2].strip() for match in re.finditer(r"^\| ([NX]\d+) \|[^|]*\|([^|]*)\|", text, re.MULTILINE)
    }


def test_pages() -> None:
    desk = Desk(block_ms=10)
    for _ in range(30):
        desk.do({"type": "order", "orders": [order("A", "41.2", "0.5") for _ in range(70)], "grouping": "na"}, OTHER)
        assert "filled" in desk.orders(order("B", "41.2", "35", IOC))[0]
    ask = {"type": "userFillsByTime", "user": ME, "startTime": 0}
    page = desk.ask(ask)
    assert len(page) == 2_000  # Of 2,100: the rest is read from the last one's time on, which a page may cut through.
    more = desk.ask({**ask, "startTime": page[-1]["time"]})
    assert {fill["tid"] for fill in page} & {fill["tid"] for fill in more}
    assert len({fill["tid"] for fill in page + more}) == 2_100
    merged = desk.ask({**ask, "aggregateByTime": True})
    assert len(merged) < 100 and SIM == 6
    desk.venue.check()
