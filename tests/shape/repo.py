"""The repository as text, for the tests of its shape. No git is needed: a plain copy has a shape too."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "mm"

# What is built, downloaded or recorded, and never committed (see .gitignore).
SKIPPED_DIRS = {".git", ".hypothesis", ".venv", "__pycache__", "dist", "proptest-regressions", "runs", "target"}
SKIPPED_ENDINGS = ("_cache", ".egg-info")


def files(*suffixes: str, under: Path = ROOT) -> list[Path]:
    """All files of ours below `under`, or those whose names end so; never none."""

    def walk() -> Iterator[Path]:
        for folder, subfolders, names in os.walk(under):
            subfolders[:] = sorted(n for n in subfolders if n not in SKIPPED_DIRS and not n.endswith(SKIPPED_ENDINGS))
            yield from (Path(folder, name) for name in sorted(names) if name != ".git")

    found = [path for path in walk() if not suffixes or path.name.endswith(suffixes)]
    assert found, f"no file {suffixes} under {under}: the test would be true of nothing"
    return found


def texts(*suffixes: str, under: Path = ROOT) -> Iterator[tuple[str, str]]:
    """(path from the root, text) of each file of ours that is text."""
    for path in files(*suffixes, under=under):
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


# Tried in this order at each place: a comment, a text (raw, plain), a character (a lifetime is none).
_RUST_NOT_CODE = re.compile(
    r"""
      //[^\n]*
    | /\*.*?\*/
    | \b[bc]?r(\#*)".*?"\1
    | (?:\b[bc])?"(?:\\.|[^"\\])*"
    | (?:\bb)?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F_]+\}|.)|[^'\\])'
    """,
    re.VERBOSE | re.DOTALL,
)


def rust_code(text: str) -> str:
    """Rust without its comments, texts and characters; the lines stay where they were."""
    return _RUST_NOT_CODE.sub(lambda match: " " + "\n" * match.group().count("\n"), text)


def places(pattern: re.Pattern[str], text: str, path: str) -> list[str]:
    """`path:line: what was found` for each match."""
    return [f"{path}:{text.count(chr(10), 0, m.start()) + 1}: {m.group().strip()}" for m in pattern.finditer(text)]
