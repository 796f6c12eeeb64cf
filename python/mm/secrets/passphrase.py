"""Where a passphrase comes from: a prompt, a file descriptor or a private file. Never the command line or a variable."""

import getpass
import os
import sys
from pathlib import Path

from mm.errors import ConfigError
from mm.secrets import files
from mm.secrets.secret import Secret
from mm.secrets.source import trouble

FIELD = "passphrase"
FORMS = "prompt, fd:NUMBER or file:PATH"
BYTES_MAX = 4_096


def read(source: str, words: str = "Passphrase: ", *, twice: bool = False) -> Secret:
    """Reads a passphrase from `prompt`, `fd:NUMBER` or `file:PATH`; one line end at its end is not part of it.

    At a prompt it is asked for with `words`, and `twice` where a slip would lock the owner out. Raises `ConfigError`
    where it is empty or too long, where there is nobody to ask, and for a source that is none (without repeating it).
    """
    kind, _, rest = source.partition(":")
    if source == "prompt":
        return _prompt(words, twice=twice)
    if kind == "fd" and rest.isascii() and rest.isdigit() and len(rest) < 5:
        return _checked(_from_descriptor(int(rest)))
    if kind == "file" and rest and rest.isprintable():
        return _checked(Secret(bytearray(files.read(Path(rest).expanduser(), BYTES_MAX, FIELD))))
    source = kind = rest = ""  # if it was the passphrase, no frame of a traceback has it
    raise trouble(f"A passphrase comes from {FORMS}; what was given is none of these.", "is no source", FIELD)


def _prompt(words: str, *, twice: bool) -> Secret:
    if not _someone_is_there():
        raise trouble(
            f"There is no terminal to ask for a passphrase: give it by {FORMS.removeprefix('prompt, ')}.",
            "nobody to ask",
            FIELD,
        )
    first = _checked(Secret(getpass.getpass(words)))
    if not twice:
        return first
    with Secret(getpass.getpass("Once more: ")) as second:
        if first.expose() != second.expose():
            first.wipe()
            raise trouble("The two passphrases differ.", "differ", FIELD)
    return first


def _someone_is_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def _from_descriptor(number: int) -> Secret:
    held = bytearray()
    try:
        while len(held) <= BYTES_MAX and (piece := os.read(number, BYTES_MAX + 1 - len(held))):
            held += piece
            del piece
    except OSError as error:
        raise _unreadable(number, error) from None
    return Secret(held)


def _unreadable(number: int, error: OSError) -> ConfigError:
    return trouble(f"File descriptor {number} cannot be read: {error.strerror}.", "cannot be read", FIELD)


def _checked(secret: Secret) -> Secret:
    """Without the line end; refused if there is nothing, or too much."""
    held = secret.expose()
    if len(held) > BYTES_MAX:
        secret.wipe()
        raise trouble(f"The passphrase is longer than {BYTES_MAX:,} bytes.", "is too long", FIELD)
    for end in (b"\n", b"\r"):
        if held.endswith(end):
            del held[-1]
    if not held:
        raise trouble("The passphrase is empty.", "is empty", FIELD)
    return secret
