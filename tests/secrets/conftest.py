"""A private directory, as keys want it."""

from pathlib import Path

import pytest


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A directory of mode 0700."""
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    return folder
