"""The public face is what `_core/__init__.pyi` says: every name, and nothing from outside comes along."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mm

STUB = Path(mm.__file__).parent / "_core" / "__init__.pyi"
# `type X = ...` is of 3.12; a stub may say it, and this Python need not know it.
TREE = ast.parse(re.sub(r"^type (\w+) =", r"\1 =", STUB.read_text(encoding="utf-8"), flags=re.MULTILINE))


def promised(node: ast.ClassDef | ast.Module, prefix: str = "") -> list[tuple[str, ast.stmt]]:
    """(dotted name, node) of everything that the stub promises."""
    found: list[tuple[str, ast.stmt]] = []
    for child in node.body:
        match child:
            case ast.ClassDef(name=name):
                found += [(prefix + name, child), *promised(child, f"{prefix}{name}.")]
            case ast.FunctionDef(name=name):
                found.append((prefix + name, child))
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.append((prefix + name, child))
    return found


NAMES = [name for name, _ in promised(TREE) if not name.rpartition(".")[2].startswith("_")]
METHODS = sorted(
    {
        name
        for name, node in promised(TREE)
        if isinstance(node, ast.FunctionDef)
        and not name.rpartition(".")[2].startswith("__")
        and not any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)
    }
)


def resolve(name: str) -> object:
    value: object = mm
    for part in name.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_every_name_of_the_stub_is_there(name: str) -> None:
    resolve(name)


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_methods_and_properties_are_not(name: str) -> None:
    assert callable(resolve(name))


@pytest.mark.parametrize("name", sorted(name for name, node in promised(TREE) if isinstance(node, ast.ClassDef)))
def test_every_class_has_a_docstring_and_is_final(name: str) -> None:
    cls = resolve(name)
    assert inspect.isclass(cls)
    assert cls.__doc__
    if name != "Effect":
        with pytest.raises(TypeError):
            type("Sub", (cls,), {})


def test_nothing_public_is_missing_from_the_stub() -> None:
    for name, node in promised(TREE):
        if not isinstance(node, ast.ClassDef):
            continue
        there = {word for word in vars(resolve(name)) if not word.startswith("_")}
        assert there <= {child for child, _ in promised(node)}, name


def test_importing_mm_pulls_in_nothing_from_outside() -> None:
    code = (
        "import sys; before = set(sys.modules); import mm; "
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split()) - {"mm"} - sys.stdlib_module_names
    assert not loaded


@pytest.mark.parametrize(
    ("cls", "members"),
    [
        (mm.Side, ["BUY", "SELL"]),
        (mm.Tif, ["ALO", "IOC", "GTC"]),
        (
            mm.OrderState,
            [
                *("Pending", "Unknown", "Resting", "PartialFilled", "Filled", "FilledImmediately"),
                *("CancelPending", "CancelConfirmed", "Cancelled", "FilledDuringCancel", "Rejected"),
            ],
        ),
        (
            mm.OrdStatus,
            [
                *("PENDING_NEW", "NEW", "PARTIALLY_FILLED", "FILLED"),
                *("PENDING_CANCEL", "PENDING_REPLACE", "CANCELED", "REJECTED"),
            ],
        ),
        (mm.ModifyOutcome, ["OldGone", "OldGoneNewRefused", "OldUntouched", "Unknown"]),
    ],
)
def test_enumerations(cls: type, members: list[str]) -> None:
    values = [getattr(cls, name) for name in members]
    assert [repr(value) for value in values] == [f"{cls.__name__}.{name}" for name in members]
    assert len(set(values)) == len(values), "members are hashable and differ"
    for value, name in zip(values, members, strict=True):
        assert value == getattr(cls, name)
        assert isinstance(value, cls)
        assert value != name
    with pytest.raises((AttributeError, TypeError)):
        setattr(values[0], "name", "another")  # noqa: B010
    with pytest.raises(TypeError):
        cls()


def test_side_and_state_say_what_they_are() -> None:
    assert (mm.Side.BUY.letter, mm.Side.BUY.sign, mm.Side.BUY.opposite) == ("B", 1, mm.Side.SELL)
    assert (mm.Side.SELL.letter, mm.Side.SELL.sign, mm.Side.SELL.opposite) == ("A", -1, mm.Side.BUY)
    active = {state for state in states() if state.is_active}
    terminal = {state for state in states() if state.is_terminal}
    assert active == {mm.OrderState.Resting, mm.OrderState.PartialFilled}
    assert terminal == {
        mm.OrderState.Filled,
        mm.OrderState.FilledImmediately,
        mm.OrderState.Cancelled,
        mm.OrderState.FilledDuringCancel,
        mm.OrderState.Rejected,
    }


def states() -> list[mm.OrderState]:
    found = [getattr(mm.OrderState, name) for name in dir(mm.OrderState) if name[0].isupper()]
    assert len(found) == 11
    return found


def test_the_venues_words_are_in_one_table() -> None:
    assert mm.classify_status("open") == mm.classify_status("triggered")
    assert mm.classify_status("filled") != mm.classify_status("canceled")
    assert mm.classify_status("marginCanceled") == mm.classify_status("scheduledCancel")
    assert mm.classify_status("iocCancelRejected") == mm.classify_status("badAloPxRejected")
    assert mm.classify_status("inventedYesterdayRejected") == mm.classify_status("rejected")
    assert mm.classify_status("inventedYesterdayCanceled") == mm.classify_status("canceled")
    assert mm.classify_status("inventedYesterday") not in {
        mm.classify_status(word) for word in ("open", "filled", "canceled", "rejected")
    }
    assert '`"Crossed"`' in (mm.classify_order_error.__doc__ or "")
    assert mm.classify_order_error("Post only order would have immediately matched, bbo was 1@2. asset=0") == "Crossed"


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("Cannot modify canceled or filled order", "OldGone"),
        ("Cannot modify canceled or filled order asset=3", "OldGone"),
        ("Error placing new order during modify: Post only order would have immediately matched, bbo was 1@2.", "OldGoneNewRefused"),
        ("Attempted to modify to invalid new order", "OldUntouched"),
        ("Order price cannot be more than 95% away from the reference price", "OldUntouched"),
        ("Order price cannot be more than 80% away from the reference price asset=12", "OldUntouched"),
        ("filled", "Unknown"),
        ("canceled", "Unknown"),
        ("", "Unknown"),
        ("cannot modify canceled or filled order", "Unknown"),
    ],
)  # fmt: skip
def test_refused_modifies_by_their_words(words: str, outcome: str) -> None:
    assert mm.classify_modify_error(words) == getattr(mm.ModifyOutcome, outcome)


def test_the_lifecycle_is_data() -> None:
    rows = mm.transitions()
    phases, events = {row[0] for row in rows}, {row[1] for row in rows}
    assert len(rows) == len({row[:2] for row in rows}) == len(phases) * len(events), "every pair once"
    assert all(why for *_, why in rows)
