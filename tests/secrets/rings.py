"""A keyring in memory, in the place of the extra `keyring`."""

import sys
import types
from typing import NoReturn

import pytest


class Backend:
    """Keeps what it is given. `trouble` is raised instead, once set."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.trouble: Exception | None = None

    def get(self, service: str, name: str) -> str | None:
        if self.trouble is not None:
            raise self.trouble
        return self.kept.get((service, name))

    def put(self, service: str, name: str, password: str) -> None:
        if self.trouble is not None:
            self.fail(password)
        self.kept[(service, name)] = password

    def fail(self, password: str) -> NoReturn:
        """As badly as a backend can: the secret in the words and in a frame's locals."""
        raise RuntimeError(f"cannot store {password}") from self.trouble


def install(monkeypatch: pytest.MonkeyPatch, backend: Backend | None = None) -> Backend:
    """Puts a module `keyring` in place, with the backend behind it."""
    backend = backend or Backend()
    module = types.ModuleType("keyring")
    module.get_keyring = lambda: backend  # type: ignore[attr-defined]
    module.get_password = backend.get  # type: ignore[attr-defined]
    module.set_password = backend.put  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)
    return backend
