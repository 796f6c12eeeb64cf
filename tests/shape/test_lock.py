"""What is installed is pinned by its hash, and comes from wherever the machine gets its packages."""

import re
import tomllib

from tests.shape.repo import ROOT, texts

LOCK = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9._-]*)==\S+", re.MULTILINE)

# Spelt in halves, so that this file does not name them either.
REGISTRIES = [
    first + second
    for first, second in [
        ("py", "pi.org"),
        ("pypi.python", ".org"),
        ("pythonhosted", ".org"),
        ("crates", ".io"),
        ("npmjs", ".org"),
        ("npmjs", ".com"),
        ("deb.debian", ".org"),
    ]
]


def project_of(requirement: str) -> str:
    """`mypy` of `mypy>=1  # types`."""
    name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    assert name, requirement
    return name.group().lower().replace("_", "-")


def test_every_requirement_is_pinned_and_hashed() -> None:
    entries = [e for e in re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE) if e.strip() and not e.startswith("#")]
    assert len(entries) > 10
    for entry in entries:
        assert REQUIREMENT.match(entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


def test_no_address_and_no_index() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host)\b", LOCK, re.MULTILINE)


def test_all_that_is_wanted_is_locked() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*told["project"]["dependencies"], *told["build-system"]["requires"]]
    asked = (ROOT / "requirements-dev.in").read_text(encoding="utf-8").splitlines()
    wanted += [line for line in asked if line.strip() and not line.startswith("#")]
    assert not {project_of(line) for line in wanted} - set(REQUIREMENT.findall(LOCK))


def test_no_registry_is_named() -> None:
    # Cargo writes its own name of its default registry into Cargo.lock; there it stays.
    looked_at = [(path, text.lower()) for path, text in texts() if path != "Cargo.lock"]
    assert not [f"{path}: {host}" for path, text in looked_at for host in REGISTRIES if host in text]
