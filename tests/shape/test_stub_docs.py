"""_core.pyi says what the extension says: the docstrings are equal. (`make stubs` compares the signatures.)"""

import ast
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import mm._core
from tests.shape.repo import PACKAGE

Documented = ast.Module | ast.ClassDef | ast.FunctionDef


@pytest.fixture(scope="module")
def stub() -> ast.Module:
    return ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8"), "_core.pyi")


def told(node: Documented, name: str = "") -> Iterator[tuple[str, Documented]]:
    """(dotted name, node) of the module, its classes, functions, methods and properties, but for dunders."""
    yield name, node
    for child in () if isinstance(node, ast.FunctionDef) else node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef) and not child.name.startswith("__"):
            yield from told(child, f"{name}.{child.name}".lstrip("."))


def real(name: str) -> str | None:
    """The docstring of the extension's thing of that name, as a reader of the source would write it."""
    thing: Any = mm._core
    for part in name.split(".") if name else ():
        thing = inspect.getattr_static(thing, part)
    text: str | None = getattr(thing, "__func__", thing).__doc__
    if text and "\n--\n\n" in text:  # a signature that CPython did not take off
        text = text.split("\n--\n\n", 1)[1]
    return inspect.cleandoc(text) if text else None


def test_docstrings_are_the_same(stub: ast.Module) -> None:
    # An overloaded function carries its docstring on one of its signatures.
    docs: dict[str, str | None] = {}
    for name, node in told(stub):
        docs[name] = docs.get(name) or ast.get_docstring(node)
    assert sum(text is not None for text in docs.values()) > 20, "the stub tells next to nothing"

    wrong = []
    for name, text in docs.items():
        try:
            if real(name) != text:
                wrong.append(f"{name}:\n    stub    {text!r}\n    runtime {real(name)!r}")
        except AttributeError:
            wrong.append(f"{name}: in the stub only")
    assert not wrong, "\n".join(wrong)


def test_every_class_is_documented(stub: ast.Module) -> None:
    classes = [(name, node) for name, node in told(stub) if isinstance(node, ast.ClassDef)]
    assert len(classes) > 10
    assert not [name for name, node in classes if not ast.get_docstring(node)]
