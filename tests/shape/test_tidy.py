"""Small habits that nobody should have to remember."""

import re
import subprocess

import pytest

from tests.shape.repo import ROOT, texts

# A file has one subject and fits in the head: aim at 400 lines. At the limit it is cut, not excepted.
MAX_LINES = 600
MAX_LINES_EXCEPT = {
    "python/mm/_core/__init__.pyi": "one module when it runs, hence one stub; three lines of four are docstrings",
    "python/mm/_core/wire.pyi": "the same",
    "rust/mm-py/src/engine.rs": "PyO3 takes one block of methods a class; each converts, calls and says what it does",
}
SOURCES = (".rs", ".py", ".pyi", ".toml", ".sh", "Makefile")

FRAGMENT = re.compile(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md")
TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)(.*)$", re.MULTILINE)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_files_fit_in_the_head() -> None:
    lengths = {path: text.count("\n") for path, text in texts(*SOURCES)}
    long = {path: lines for path, lines in lengths.items() if lines > MAX_LINES}
    assert long.keys() == MAX_LINES_EXCEPT.keys(), long


def test_no_trailing_whitespace_and_one_newline_at_the_end() -> None:
    wrong = []
    for path, text in texts():
        if path.endswith(".jsonl"):  # recordings are kept as they were
            continue
        wrong += [f"{path}:{n}" for n, line in enumerate(text.split("\n"), 1) if line != line.rstrip()]
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            wrong.append(f"{path}: its end")
    assert not wrong, "\n".join(wrong)


def test_what_is_left_to_do_has_an_issue() -> None:
    # Spelt so that this file does not find itself.
    loose = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b(?!\(#\d+\))")
    assert not [f"{path}: {match.group()}" for path, text in texts() for match in loose.finditer(text)]


def test_every_make_target_explains_itself() -> None:
    targets = dict(TARGET.findall(MAKEFILE))
    assert {"build", "check", "lint", "run", "test"} <= targets.keys()
    assert not [name for name, rest in targets.items() if not re.search(r"## \S", rest)]
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert set(phony[1].replace("\\", " ").split()) == targets.keys()


def test_make_help_lists_every_target() -> None:
    make = ["make", "--no-print-directory", "help"]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.findall(r"^  make (\S+)", done.stdout, re.MULTILINE) == [name for name, _ in TARGET.findall(MAKEFILE)]


def test_every_make_target_that_is_named_exists() -> None:
    known = {name for name, _ in TARGET.findall(MAKEFILE)}
    named = re.compile(r"(?:`|entry: |exec |^)make ([a-z][a-z-]*)", re.MULTILINE)
    wanted = [(path, name) for path, text in texts(".md", ".yaml", "run") for name in named.findall(text)]
    assert len(wanted) > 5
    assert not [(path, name) for path, name in wanted if name not in known]


def test_changelog_fragments_are_named_for_their_kind() -> None:
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert not [path.name for path in fragments if not FRAGMENT.fullmatch(path.name)]
    assert not [path.name for path in fragments if not path.read_text(encoding="utf-8").strip()]


def test_adrs_are_numbered_listed_and_found() -> None:
    folder = ROOT / "docs" / "adr"
    names = sorted(path.name for path in folder.glob("[0-9]*.md"))
    numbers = [name[:4] for name in names]
    assert numbers
    assert numbers == [f"{n:04}" for n in range(1, len(names) + 1)]
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert not [name for name in names if f"({name})" not in index]
    cited = [(path, number) for path, text in texts() for number in re.findall(r"\bADR (\d{4})\b", text)]
    assert not [(path, number) for path, number in cited if number not in numbers]


@pytest.mark.parametrize("document", [path for path, _ in texts(".md")])
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not (path.parent / link).exists()]
