"""The demo as an acceptance test: many seeds prove themselves, a seed repeats itself, and a bug is found out."""

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest
from click.testing import CliRunner

from mm._core import Engine
from mm.cli import mm
from mm.demo.card import WIDTH, scorecard
from mm.demo.panel import Panel
from mm.demo.score import Score, score
from mm.demo.show import Event, Show
from mm.exchange.thin.accounts import Account
from mm.exchange.thin.faults import RATES
from mm.protocol import ActionError, FillsReply, ItemError, NewOrder, Place
from mm.session import Call, Recorded
from mm.session.desk import Desk
from mm.session.reads import Reads

SEEDS = range(24)
SECONDS = 40


def run(seed: int, seconds: int = SECONDS, **settings: object) -> Score:
    show = Show(seed, seconds, **settings)  # type: ignore[arg-type]
    show.run()
    return score(show)


def wrong(result: Score) -> list[str]:
    return [check.name for check in result.checks if not check.ok] + result.notes


@pytest.fixture(scope="module")
def results() -> list[Score]:
    return [run(seed) for seed in SEEDS]


# --- it holds ---------------------------------------------------------------------------------------


def test_every_seed_proves_itself(results: list[Score]) -> None:
    assert not {result.seed: wrong(result) for result in results if not result.ok}


def test_the_seeds_together_meet_every_fault_and_every_fallback(results: list[Score]) -> None:
    faults: Counter[str] = Counter()
    fallbacks: Counter[str] = Counter()
    races: Counter[str] = Counter()
    for result in results:
        faults.update(result.faults)
        fallbacks.update(result.fallbacks)
        races.update(result.races)
    assert set(faults) == set(RATES)
    assert not [name for name, count in fallbacks.items() if not count]
    assert not [name for name, count in races.items() if not count]
    assert sum(len(result.deaths) for result in results) >= len(SEEDS)


def test_four_times_the_faults_change_nothing() -> None:
    rates = {name: 4 * rate for name, rate in RATES.items()}
    assert not [wrong(result) for result in (run(seed, rates=rates) for seed in range(4)) if not result.ok]


def test_without_faults_and_deaths_nothing_is_unknown() -> None:
    result = run(1, rates={}, kills=False)
    assert result.ok
    assert result.fallbacks["unknown"] == 0
    assert result.races["gaps"] == result.races["fills repeated"] == 0
    assert not result.deaths


def test_the_same_seed_tells_the_same_story(results: list[Score]) -> None:
    for seed in (3, 7):
        assert run(seed).as_json() == results[seed].as_json()
    assert results[3].as_json() != results[7].as_json()


def test_a_limit_is_never_passed() -> None:
    positions: list[Decimal] = []
    show = Show(5, SECONDS)

    def look() -> None:
        lots = show.venue.venue.account(show.venue.user).lots
        positions.append(abs(Decimal(lots)) / 100)

    show.run(look)
    assert 0 < max(positions) <= Decimal("6.00")


# --- it can fail ------------------------------------------------------------------------------------


def sends_without_telling(monkeypatch: pytest.MonkeyPatch) -> None:
    """R1: a placement that the engine was never told of."""
    honest = Desk.place

    def place(self: Desk, *args: object) -> object:
        names = honest(self, *args)  # type: ignore[arg-type]
        core = self._core
        orphan = NewOrder("SIM", "B", "39.0", "0.80", "Alo", f"0x{core.now_ms:032x}")
        core.repeat(Place(core.next_nonce() + 1, core.now_ms + 5_000, (orphan,)))
        return names

    monkeypatch.setattr(Desk, "place", place)


def takes_silence_for_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """S17, S25: a time-out is read as 'it never happened'."""
    honest = Recorded.tell

    def tell(self: Recorded, method: Callable[..., object], *args: object, **kwargs: object) -> object:
        if method.__name__ == "on_no_answer":
            return honest(self, Engine.on_rejected, args[0], "no answer", args[1])  # type: ignore[arg-type]
        if method.__name__ == "on_modify_no_answer":
            return honest(self, Engine.on_fenced, args[0], args[1])  # type: ignore[arg-type]
        return honest(self, method, *args, **kwargs)

    monkeypatch.setattr(Recorded, "tell", tell)


def takes_a_refused_cancel_for_a_refused_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """S16, G10: 'never placed, already canceled, or filled' is read as 'never placed'."""
    honest = Desk._on_cancelled

    def on_cancelled(self: Desk, flight: object, item: object, outcome: object) -> None:
        if isinstance(outcome, ItemError | ActionError):
            cloid = item.request.cloid  # type: ignore[attr-defined]
            self._core.fact(Engine.on_rejected, cloid, outcome.text, self._core.now_ms)
        honest(self, flight, item, outcome)  # type: ignore[arg-type]

    monkeypatch.setattr(Desk, "_on_cancelled", on_cancelled)


def reads_no_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    """D11: what the stream lost is never asked for; every page is taken for empty."""
    honest = Reads.on_reply

    def on_reply(self: Reads, reply: object) -> object:
        if isinstance(reply, FillsReply):
            reply = FillsReply(reply.query, b"[]", 0, reply.last_ms, False)
        return honest(self, reply)  # type: ignore[arg-type]

    monkeypatch.setattr(Reads, "on_reply", on_reply)


def forgets_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """I24: the record lacks what some streams said, so that a replay comes to another state."""

    def tell(self: Recorded, method: Callable[..., object], *args: object, **kwargs: object) -> object:
        if method.__name__ != "process_ws":
            self.record.append(Call(method.__name__, args, kwargs))
            self.applied += 1
        return method(self.view, *args, **kwargs)

    monkeypatch.setattr(Recorded, "tell", tell)


def takes_a_micro_dollar(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's ledger differs from its rows by one micro-dollar, once."""
    honest = Account.book

    def book(self: Account, *args: object) -> object:
        fill = honest(self, *args)  # type: ignore[arg-type]
        self.fees += len(self.fills) == 3
        return fill

    monkeypatch.setattr(Account, "book", book)


BUGS: dict[Callable[[pytest.MonkeyPatch], None], str] = {
    sends_without_telling: "Foreign",
    takes_silence_for_refusal: "Contradiction",
    takes_a_refused_cancel_for_a_refused_order: "Contradiction",
    reads_no_fills: "fills",
    forgets_to_write: "equal digests",
    takes_a_micro_dollar: "fees",
}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found_out(bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    found: list[str] = []
    for seed in range(6):  # a bug that needs a certain race shows in one of them
        result = run(seed, 20)
        found += wrong(result)
        if any(BUGS[bug] in what for what in found):
            assert "PROOF FAILED" in scorecard(result, 0)
            return
    pytest.fail(f"not found out: {found}")


# --- the command ------------------------------------------------------------------------------------


def call(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(mm, ["demo", *args])
    return result.exit_code, result.output


def test_ok_is_zero_and_the_output_fits_a_terminal() -> None:
    code, output = call("--seed", "3", "--seconds", "20", "--speed", "max")
    assert code == 0
    assert output.rstrip().endswith("PROOF OK   the same again: mm demo --seed 3 --seconds 20")
    assert max(len(line) for line in output.splitlines()) <= WIDTH


def test_json_is_one_object_and_nothing_else() -> None:
    code, output = call("--seed", "3", "--seconds", "20", "--json")
    told = json.loads(output)
    assert code == 0
    assert told["ok"] is True
    assert all(check["ok"] for check in told["checks"])
    assert call("--seed", "3", "--seconds", "20", "--json") == (code, output)


def test_a_broken_equality_is_six(monkeypatch: pytest.MonkeyPatch) -> None:
    takes_a_micro_dollar(monkeypatch)
    code, output = call("--seed", "3", "--seconds", "20", "--speed", "max")
    assert code == 6
    assert "≠ FAILED" in output
    assert "PROOF FAILED" in output


@pytest.mark.parametrize(
    "args", [("--speed", "fast"), ("--speed", "0"), ("--seconds", "1"), ("--what",), ("--seed", "x")]
)
def test_usage_is_two(args: tuple[str, ...]) -> None:
    assert call(*args)[0] == 2


def test_the_panel_fits_eighty_by_twenty_four(capsys: pytest.CaptureFixture[str]) -> None:
    panel = Panel()
    show = Show(3, 20, on_event=panel.event)
    panel.event(Event(0, "x" * 200))
    show.run(lambda: panel.draw(show))
    drawn = capsys.readouterr().out
    lines = drawn.replace("\r", "").replace("\x1b[K", "").split("\n")
    plain = [line.split("A", 1)[-1] if line.startswith("\x1b[") else line for line in lines]
    assert max(len(line) for line in plain) <= 79
    assert drawn.count("\n") % 23 == 0 or drawn.count("\n") % 22 == 0
