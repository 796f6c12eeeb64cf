"""What all tests share: Hypothesis profiles, the repository's root, the recordings of the real venue."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# No deadline: a slow machine is not a bug, and a test that must be quick says its budget itself.
# CI draws the same examples each time, so that a change is judged by itself; a desk draws new ones.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile(
    "deep", deadline=None, max_examples=20_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The recordings of the real venue, `$MM_SHARED` (by default beside the repository); else the test is skipped."""
    place = Path(os.environ.get("MM_SHARED") or ROOT.parent / "shared")
    if not (place / "data").is_dir():
        pytest.skip(f"no recordings at {place}: set MM_SHARED to the directory that holds data/ and vectors/")
    return place
