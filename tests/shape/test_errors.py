"""The tree of exceptions, as its own docstring draws it."""

import copy
import pickle
import re
from collections.abc import Callable

import pytest

import mm.errors
from mm.errors import MmError, TransitionRefused, UnknownOrder, UsageError

CLASSES: dict[str, type[MmError]] = {
    name: value for name, value in vars(mm.errors).items() if isinstance(value, type) and issubclass(value, MmError)
}


def drawn() -> dict[str, str]:
    """{class: parent} as the docstring draws them: four columns a level."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (mm.errors.__doc__ or "").splitlines():
        if match := re.match(r"    ((?:[│ ]   )*(?:[├└]── )?)([A-Z]\w+)", line):
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            if depth:
                parents[match[2]] = path[depth - 1]
    return parents


def test_the_docstring_is_the_tree() -> None:
    told = {name: cls.__base__.__name__ for name, cls in CLASSES.items() if cls is not MmError and cls.__base__}
    assert len(told) >= 12
    assert drawn() == told


def test_for_those_who_do_not_know_the_tree() -> None:
    assert issubclass(UsageError, ValueError)
    assert issubclass(UnknownOrder, LookupError)


@pytest.mark.parametrize("cls", CLASSES.values())
def test_made_from_one_sentence_as_rust_does(cls: type[MmError]) -> None:
    error = cls("It went wrong.")
    assert str(error) == error.message == "It went wrong."
    assert (error.field, error.reason, error.cloid, error.phase) == ("", "", "", "")
    error.cloid = "0x01"  # Rust sets what applies after making it
    assert error.cloid == "0x01"
    assert cls.__doc__


def test_repr_can_be_pasted_back() -> None:
    error = TransitionRefused("A cancel is under way.", cloid="0x01", phase="Canceling")
    assert repr(error) == "TransitionRefused('A cancel is under way.', cloid='0x01', phase='Canceling')"
    assert vars(eval(repr(error), dict(CLASSES))) == vars(error)


@pytest.mark.parametrize("through", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_survives_a_copy_and_another_process(through: Callable[[MmError], MmError]) -> None:
    error = through(TransitionRefused("No.", cloid="0x01", phase="Canceling"))
    assert (str(error), error.cloid, error.phase) == ("No.", "0x01", "Canceling")
