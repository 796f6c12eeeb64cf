"""The stubs say what the extension says: the docstrings are equal. (`make stubs` compares the signatures.)"""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.shape.repo import PACKAGE

Documented = ast.Module | ast.ClassDef | ast.FunctionDef
STUBS = sorted((PACKAGE / "_core").glob("*.pyi"))


def tree(stub: Path) -> ast.Module:
    return ast.parse(stub.read_text(encoding="utf-8"), stub.name)


def module(stub: Path) -> Any:
    return import_module("mm._core" if stub.stem == "__init__" else f"mm._core.{stub.stem}")


def told(node: Documented, name: str = "") -> Iterator[tuple[str, Documented]]:
    """(dotted name, node) of the module, its classes, functions, methods and properties, but for dunders."""
    yield name, node
    for child in () if isinstance(node, ast.FunctionDef) else node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef) and not child.name.startswith("__"):
            yield from told(child, f"{name}.{child.name}".lstrip("."))


def real(thing: Any, name: str) -> str | None:
    """The docstring of the extension's thing of that name, as a reader of the source would write it."""
    for part in name.split(".") if name else ():
        thing = inspect.getattr_static(thing, part)
    text: str | None = getattr(thing, "__func__", thing).__doc__
    if text and "\n--\n\n" in text:  # a signature that CPython did not take off
        text = text.split("\n--\n\n", 1)[1]
    return inspect.cleandoc(text) if text else None


def test_the_stubs_are_found() -> None:
    assert [stub.stem for stub in STUBS] == ["__init__", "sign", "venue", "wire"]


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.stem)
def test_docstrings_are_the_same(stub: Path) -> None:
    # An overloaded function carries its docstring on one of its signatures.
    docs: dict[str, str | None] = {}
    for name, node in told(tree(stub)):
        docs[name] = docs.get(name) or ast.get_docstring(node)
    assert docs[""], "the module says nothing"

    wrong = []
    for name, text in docs.items():
        try:
            if real(module(stub), name) != text:
                wrong.append(f"{name}:\n    stub    {text!r}\n    runtime {real(module(stub), name)!r}")
        except AttributeError:
            wrong.append(f"{name}: in the stub only")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.stem)
def test_everything_public_is_documented(stub: Path) -> None:
    overloads: dict[str, bool] = {}
    for name, node in told(tree(stub)):
        overloads[name] = overloads.get(name, False) or bool(ast.get_docstring(node))
    assert not [name for name, documented in overloads.items() if not documented]
