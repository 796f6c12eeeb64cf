"""What a process that holds a key must not leave behind."""

import importlib
from contextlib import suppress


def forbid_core_dumps() -> None:
    """A crash of this process, and of those it starts, writes no memory to disk. For commands; a library asks nobody.

    Does nothing where the system has no such limit.
    """
    with suppress(ImportError, OSError, ValueError):
        resource = importlib.import_module("resource")
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
