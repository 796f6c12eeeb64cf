"""Who may know whom in python/mm. The table below is the rule; ARCHITECTURE.md draws the same picture.

A module may import what stands on a line above its own, and its neighbours on the same line as long as there is
no circle. A new module is put into the table by whoever writes it: that is the moment to ask where it belongs.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.shape.repo import PACKAGE, files

PURE = {
    *("audit", "config", "fallback", "intents", "journal", "protocol", "quotes", "replay", "session", "strategy"),
    *("venue", "wire"),
}
LAYERS: list[tuple[str, set[str]]] = [
    ("errors", {"errors"}),
    ("binding", {"_core"}),
    ("pure", PURE),
    ("facade", {"__init__"}),  # `import mm`: the public names, gathered
    ("loop", {"demo", "doctor", "exchange", "runner", "secrets", "sim", "testing"}),
    ("shell", {"__main__", "cli"}),
]
RANK = {module: rank for rank, (_, modules) in enumerate(LAYERS) for module in modules}

# A pure module is a function of its arguments: it may read a file that it is given, but has no clock of its own,
# opens no socket, starts nothing.
IMPURE = {
    *("asyncio", "concurrent", "http", "multiprocessing", "sched", "select", "selectors", "signal", "socket"),
    *("socketserver", "ssl", "subprocess", "threading", "time", "urllib"),
}


def module_of(path: Path) -> str:
    """`exchange` for python/mm/exchange/sim.py; `quotes` for python/mm/quotes.py."""
    return path.relative_to(PACKAGE).parts[0].split(".")[0]


def nodes(path: Path) -> Iterator[ast.AST]:
    """All nodes of a file; of the facade without what it shows to type checkers alone.

    The facade gives the client's names when they are asked for, so at run time it knows nothing of loops and
    sockets (`test_import_mm_pulls_in_nothing_but_the_standard_library`); a type checker must see them all the same.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    if path == PACKAGE / "__init__.py":
        tree.body = [node for node in tree.body if not (isinstance(node, ast.If) and is_type_checking(node.test))]
    return ast.walk(tree)


def is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything that a file imports, in functions and under TYPE_CHECKING too."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}:{node.lineno}: a relative import hides what is meant"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def target(name: str) -> str | None:
    """The module of ours that an import means: `mm.quotes.wanted` is `quotes`, `mm.Engine` the facade."""
    parts = name.split(".")
    if parts[0] != "mm":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in RANK else "__init__"


def edges() -> Iterator[tuple[str, str, str]]:
    """(place, importing module, imported module), between modules of ours that differ."""
    for path in files(".py", ".pyi", under=PACKAGE):
        source = module_of(path)
        for line, name in imports(path):
            known = target(name)
            if known is not None and known != source:
                yield f"{path.name}:{line}", source, known


def test_every_module_has_its_layer() -> None:
    missing = {module_of(path) for path in files(".py", ".pyi", under=PACKAGE)} - RANK.keys()
    assert not missing, f"put {sorted(missing)} into LAYERS, where it belongs"


def test_no_import_points_up() -> None:
    found = list(edges())
    assert found, "the package imports nothing of its own: was it found?"
    wrong = [f"{place}: {source} knows {known}" for place, source, known in found if RANK[known] > RANK[source]]
    assert not wrong, "\n".join(wrong)


def test_no_circle() -> None:
    graph: dict[str, set[str]] = {}
    for _, source, known in edges():
        graph.setdefault(source, set()).add(known)
    TopologicalSorter(graph).prepare()  # raises CycleError, naming the circle


def test_pure_modules_have_no_clock_and_no_socket() -> None:
    pure = PURE | {"errors", "_core", "__init__"}
    looked_at = [path for path in files(".py", ".pyi", under=PACKAGE) if module_of(path) in pure]
    assert looked_at
    wrong = [
        f"{path.name}:{line}: {name}"
        for path in looked_at
        for line, name in imports(path)
        if name.split(".")[0] in IMPURE
    ]
    assert not wrong, "\n".join(wrong)


def test_import_mm_pulls_in_nothing_but_the_standard_library() -> None:
    # What .pth files of the environment import at start is not ours: only what comes after counts.
    code = "import sys; before = set(sys.modules); import mm; print(*sorted(set(sys.modules) - before), sep='\\n')"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = done.stdout.split()
    assert "mm.errors" in loaded
    foreign = {name for name in loaded if name.split(".")[0] not in {"mm", *sys.stdlib_module_names}}
    assert not foreign


@pytest.mark.parametrize(
    ("name", "module"),
    [("mm.quotes.wanted", "quotes"), ("mm.Engine", "__init__"), ("mm", "__init__"), ("mmap", None), ("os.path", None)],
)
def test_an_import_is_understood(name: str, module: str | None) -> None:
    assert target(name) == module
