"""The system's keyring, through the extra `keyring`. It is imported only when it is asked for."""

from importlib import import_module
from typing import Any, Final

from mm.secrets.secret import Secret
from mm.secrets.source import FIELD, Source, trouble

NOTHING: Final = "keyring.backends.null"
PLAIN: Final = ("keyrings.alt", "keyring.backends.fail", NOTHING)
"""Backends that keep nothing, or keep it for everybody to read."""
CHAIN: Final = "keyring.backends.chainer"
"""What is chosen where there are several: it asks one after the other."""


def read(source: Source) -> Secret:
    """The secret under that name. Raises `ConfigError` where there is none, or no keyring."""
    ring = _ring()
    held: Secret | None = None
    why = ""
    try:
        held = _taken(ring.get_password(source.service, source.name))
    except Exception as error:
        why = type(error).__name__  # its words may hold anything: only its name is told
    if why:
        raise trouble(f"The keyring gave nothing for {source}: {why}.", "cannot be read")
    if held is None or held.is_empty():
        raise trouble(f"The keyring has nothing under {source}.", "does not exist")
    return held


def has(source: Source) -> bool:
    """Whether there is something under that name already."""
    try:
        with read(source):
            return True
    except Exception as error:
        if getattr(error, "reason", "") == "does not exist":
            return False
        raise


def write_new(source: Source, secret: Secret) -> None:
    """Puts a secret there, where there was none. Raises `ConfigError`."""
    if has(source):
        raise trouble(f"The keyring has {source} already, and it is not overwritten.", "exists already")
    ring = _ring()
    why = ""
    try:
        ring.set_password(source.service, source.name, secret.text())
    except Exception as error:
        why = type(error).__name__
    if why:
        raise trouble(f"The keyring did not take {source}: {why}.", "cannot be written")


def _taken(value: str | None) -> Secret | None:
    return None if value is None else Secret(value)


def _backend(ring: Any) -> str:
    """The module that keeps what is written: of a chain of keyrings that is the first."""
    name = type(ring).__module__
    if name != CHAIN:
        return name
    return type(ring.backends[0]).__module__ if ring.backends else NOTHING


def _ring() -> Any:
    why = ""
    try:
        ring = import_module("keyring")
        backend = _backend(ring.get_keyring())
    except ImportError:
        why = "The keyring is not installed: pip install 'mm-hyperliquid[keyring]'."
    except Exception as error:
        why = f"The keyring does not work here: {type(error).__name__}."
    else:
        if not backend.startswith(PLAIN):
            return ring
        why = f"This keyring keeps nothing safe ({backend}): use a keystore file."
    raise trouble(why, "no keyring", FIELD)
