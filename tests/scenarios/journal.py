"""Reads and plays a scenario file: a journal of calls on the engine, with what must follow from each.

One JSON object a line. A line with `scenario` begins a story; it may give arguments that its lines share (`with`) and
settings of the engine (`engine`). Every other line is one of:

    {"do": "process", …arguments…, "effects": […], "see": {…}}     a call; its effects are exactly these (none by default)
    {"do": …, "raises": "TransitionRefused"}                       a call that is refused, and changes nothing
    {"any_order": [{…}, …], "times": 2, "see": {…}}                calls in every order, each up to so many times
    {"see": {…}}                                                   views, as they are now

An order is named by a letter, which stands for a cloid of ours (capital) or of a stranger (small). `see` names an order
(by its letter, or as "oid 7"), a coin (its position), "open BTC B" (the active orders there), or "remaining 7".
A live run writes the same lines with everything spelt out.
"""

import itertools
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import mm
from mm import Effect, Engine

FOLDER = Path(__file__).parent
COIN = {"coin": "BTC", "side": "B", "px": "100"}
# What a line need not say. `time` of a trade follows its tid, so that an order of trades is easily written.
DEFAULTS: dict[str, dict[str, Any]] = {
    "add_pending_with_cloid": {**COIN, "tif": "GTC"},
    "initiate_modify": {"px": "101"},
    "on_order_update": {**COIN, "time": 5_000},
    "on_open_orders": {"coin": "BTC"},
    "on_position": {"coin": "BTC"},
    "on_fills_complete": {"coin": "BTC"},
    "process": {**COIN, "fee": "0.01", "fee_token": "USDC"},
}
EXPECTED = {"do", "effects", "see", "raises", "as", "why_so"}

Line = dict[str, Any]


class Scenario:
    """One story: its head, its lines, and where it is written."""

    def __init__(self, path: Path, head: Line) -> None:
        self.path, self.head, self.lines = path, head, list[Line]()

    @property
    def name(self) -> str:
        return f"{self.path.stem}:{self.head['scenario']}"


def scenarios() -> list[Scenario]:
    """All of them, by file and place."""
    found: list[Scenario] = []
    for path in sorted(FOLDER.glob("*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            line: Line = json.loads(text)
            if "scenario" in line:
                found.append(Scenario(path, line))
            else:
                found[-1].lines.append(line)
    return found


def cloid(name: str) -> str:
    """The cloid that a letter stands for; a cloid is itself."""
    if name.startswith("0x"):
        return name
    magic, number = ("6d6d0001" + "00000000", ord(name) - 64) if name.isupper() else ("feed" * 4, ord(name))
    return f"0x{magic}{number:016x}"


def letter(cloid: str | None) -> str:
    """The letter for a cloid."""
    if cloid is None:
        return "-"
    number = int(cloid[18:], 16)
    return chr(number + 64) if cloid.startswith("0x6d6d0001") and number <= 26 else chr(number)


def orders_of(calls: list[Line], times: int) -> Iterator[list[Line]]:
    """Every order of the calls, each once, twice, … up to `times`, copies anywhere."""
    for counts in itertools.product(range(1, times + 1), repeat=len(calls)):
        many = [number for number, count in enumerate(counts) for _ in range(count)]
        for order in sorted(set(itertools.permutations(many))):
            yield [calls[number] for number in order]


class Play:
    """One playing of a scenario."""

    def __init__(self, head: Line) -> None:
        self.engine = Engine(head.get("account"), **head.get("engine", {}))
        self.shared: Line = head.get("with", {})
        self.kept: dict[str, Any] = {}
        self.seen: set[str] = set()
        self.result: Any = None

    def arguments(self, line: Line) -> Line:
        method = line["do"]
        given = {key: value for key, value in line.items() if key not in EXPECTED}
        known = DEFAULTS.get(method, {})
        arguments = {**known, **{k: v for k, v in self.shared.items() if k in known}, **given}
        if method == "process":
            arguments.setdefault("time", 1_000 + arguments["tid"])
        for key, value in arguments.items():
            if key == "cloid" or (key == "order" and isinstance(value, str)):
                arguments[key] = cloid(value)
            elif key == "tif":
                arguments[key] = getattr(mm.Tif, value)
            elif key == "request":
                arguments[key] = self.kept[value]
            elif key in ("frame", "json"):
                arguments[key] = json.dumps(value).encode()
        return arguments

    def call(self, line: Line) -> list[str]:
        """Makes the call, checks every invariant, and gives back the effects in words."""
        method, arguments = getattr(self.engine, line["do"]), self.arguments(line)
        if wanted := line.get("raises"):
            before = self.engine.digest()
            with pytest.raises(mm.MmError) as refused:
                method(**arguments)
            self.seen.add(refused.type.__name__)
            assert (refused.type.__name__, self.engine.digest()) == (wanted, before), f"{refused.value!r}"
            return []
        self.result = method(**arguments)
        self.engine.check()
        if name := line.get("as"):
            self.kept[name] = self.result
        effects = self.result if isinstance(self.result, tuple) else getattr(self.result, "effects", ())
        self.seen.update(type(effect).__name__.removeprefix("Effect_") for effect in effects)
        return [told(effect) for effect in effects]

    def look(self, see: Line) -> Line:
        """The same names, with what is so."""
        return {name: self.view(name, wanted) for name, wanted in see.items()}

    def view(self, name: str, wanted: Any) -> Any:
        kind, *words = name.split()
        if kind == "open":
            return [letter(order.cloid) for order in self.engine.get_all_by_side(words[0], words[1])]
        if kind == "remaining":
            return plain(self.engine.get_immediate_fill_remaining(int(words[0])))
        if kind == "orders":
            return [letter(order.cloid) for order in self.engine.orders()]
        if kind == "deadline":
            return self.engine.next_deadline()
        shown: Any
        if kind == "result":
            shown = self.result
        elif kind == "oid":
            shown = self.engine.get_order(int(words[0]))
        elif len(kind) == 1:
            shown = self.engine.get_by_cloid(cloid(kind))
        else:
            shown = self.engine.position(kind)
        if shown is None or wanted is None:
            return plain(shown)
        return {field: plain(getattr(shown, field)) for field in wanted}


def plain(value: Any) -> Any:
    """As JSON can say it."""
    match value:
        case Decimal():
            return f"{value:f}"
        case None | bool() | int() | str():
            return value
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case tuple() | list():
            return [plain(item) for item in value]
        case mm.OrderState() | mm.OrdStatus() | mm.Side() | mm.Tif():
            return repr(value).partition(".")[2]
    return repr(value)


def told(effect: Effect) -> str:
    """An effect in a few words."""
    match effect:
        case Effect.Booked(fill=fill, applied=applied, skipped=skipped):
            moved = "" if applied == fill.sz else f" applied {applied:f}"
            return f"Booked {fill.sz:f}{moved}" + (f" skipped {skipped:f}" if skipped else "")
        case Effect.Moved(cloid=name, before=before, after=after):
            return f"Moved {letter(name)}: {plain(before)} > {plain(after)}"
        case Effect.Ask():
            window = "" if effect.from_ms is None else f" {effect.from_ms}..{effect.to_ms}"
            return f"Ask {effect.query}{window}: {effect.why}"
        case Effect.Gap(gap=gap) | Effect.GapClosed(gap=gap):
            kind = "Gap" if isinstance(effect, Effect.Gap) else "GapClosed"
            return f"{kind} {gap.missing:f} in {gap.from_ms}..{gap.to_ms}"
        case Effect.Excess(by=by):
            return f"Excess {by:f}"
        case Effect.Overfill(sz=sz, executed=executed):
            return f"Overfill {executed:f} of {sz:f}"
        case Effect.Contradiction(what=what):
            return f"Contradiction: {what}"
        case Effect.Foreign(oid=oid):
            return f"Foreign {oid}"
        case Effect.Liquidation(ours=ours):
            return "Liquidation of ours" if ours else "Liquidation of another"
        case Effect.Ancient(fill=fill):
            return f"Ancient {fill.sz:f}"
        case Effect.PositionDiffers(ours=ours, theirs=theirs):
            return f"PositionDiffers {ours:f} from {theirs:f}"
        case Effect.Surfaced(what=what):
            return f"Surfaced: {what}"
    raise AssertionError(f"an effect without words: {effect!r}")


def rewrite(found: list[Scenario]) -> None:
    """Writes the files anew, one line a call."""
    for path in {scenario.path for scenario in found}:
        mine = [scenario for scenario in found if scenario.path == path]
        lines = [line for scenario in mine for line in [scenario.head, *scenario.lines]]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        path.write_text(text, encoding="utf-8")


UPDATE = bool(os.environ.get("UPDATE"))
