"""What the documents show runs: each fence that opens with ```python run is a program of its own.

A fence that cannot run opens with ```python sketch and says so to the reader.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shape.repo import texts

FENCE = re.compile(r"^```python run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY_FENCE = re.compile(r"^```(?:python|py)\b(.*)$", re.MULTILINE)

PROGRAMS = [
    pytest.param(code, id=f"{path}-{number}")
    for path, text in texts(".md")
    for number, code in enumerate(FENCE.findall(text), 1)
]


def test_something_is_shown() -> None:
    assert PROGRAMS


def test_every_python_fence_runs_or_is_called_a_sketch() -> None:
    fences = [(path, kind.strip()) for path, text in texts(".md") for kind in ANY_FENCE.findall(text)]
    assert not [(path, kind) for path, kind in fences if kind not in {"run", "sketch"}]


@pytest.mark.parametrize("code", PROGRAMS)
def test_it_runs(code: str, tmp_path: Path) -> None:
    program = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
