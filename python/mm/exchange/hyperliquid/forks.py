"""A fork copies clients and links, and their sockets with them: what the copy sends or closes is the parent's (reliability P9).

So each that is open is told in the child that it is none, and refuses there whatever is asked of it.
"""

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["not_in_a_child"]


class Forked(Protocol):
    """Whoever must not be used in a child."""

    def forked(self) -> None:
        """This is the copy in a child process. Called there, before anything else runs."""


_OPEN: WeakSet[Forked] = WeakSet()


def not_in_a_child(one: Forked) -> None:
    """From now on a child is told of it. It is forgotten with its last reference."""
    _OPEN.add(one)


def _in_child() -> None:
    for one in list(_OPEN):
        one.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
