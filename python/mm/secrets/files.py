"""Files that hold a secret: opened only if nobody else could have read or put them there; written for us alone.

What is checked is what was opened, not a name that may mean another file a moment later: the directory is opened
first, the file within it, and both are asked for their modes by their descriptors.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mm.errors import ConfigError
from mm.secrets.source import FIELD, trouble

OTHERS = 0o077
FILE_MODE = 0o600
DIRECTORY_MODE = 0o700


def read(path: Path, size_max: int, field: str = FIELD) -> bytes:
    """The content of a private file: mode 0600 or less, in a directory of mode 0700 or less, both ours, no link.

    Raises `ConfigError` with the remedy in words. The content is at most `size_max` bytes long.
    """
    with _directory(path, field) as directory:
        try:
            # A link is not followed, and a pipe does not make us wait.
            handle = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        except FileNotFoundError:
            raise trouble(f"There is no file {path}.", "does not exist", field) from None
        except OSError as error:
            if _is_link(path.name, directory):
                raise _linked(path, field) from None
            raise trouble(f"{path} cannot be opened: {error.strerror}.", "cannot be opened", field) from None
        try:
            _check_file(os.fstat(handle), path, field)
            with os.fdopen(handle, "rb", closefd=False) as file:
                content = file.read(size_max + 1)
        except OSError as error:
            raise trouble(f"{path} cannot be read: {error.strerror}.", "cannot be read", field) from None
        finally:
            os.close(handle)
    if len(content) > size_max:
        del content  # no frame of a traceback has it
        raise trouble(f"{path} is longer than {size_max:,} bytes.", "is too long", field)
    return content


def check_new(path: Path, field: str = FIELD) -> None:
    """Raises what `write_new` would, as far as it can be known before: to be asked before a passphrase is."""
    if os.path.lexists(path):
        raise trouble(f"{path} exists already, and is not overwritten.", "exists already", field)
    if _has_directory(path, field):
        with _directory(path, field):
            pass


def write_new(path: Path, content: bytes, field: str = FIELD) -> None:
    """Writes a file that was not there, of mode 0600, and makes sure that it is on the disk.

    A directory that is missing is made, of mode 0700; one that is there must be private. Nothing is overwritten.
    Raises `ConfigError`; then there is no new file.
    """
    if not _has_directory(path, field):
        try:
            path.parent.mkdir(mode=DIRECTORY_MODE, parents=True)
            path.parent.chmod(DIRECTORY_MODE)  # whatever the umask
        except OSError as error:
            raise _not_made(path.parent, error, field) from None
    with _directory(path, field) as directory:
        try:
            handle = os.open(
                path.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE, dir_fd=directory
            )
        except FileExistsError:
            raise trouble(f"{path} exists already, and is not overwritten.", "exists already", field) from None
        except OSError as error:
            raise _not_made(path, error, field) from None
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, FILE_MODE)
                file.write(content)
                file.flush()
                os.fsync(handle)
            os.fsync(directory)
        except OSError as error:
            with suppress(OSError):
                os.unlink(path.name, dir_fd=directory)
            raise trouble(f"{path} cannot be written: {error.strerror}.", "cannot be written", field) from None


def _has_directory(path: Path, field: str) -> bool:
    try:
        return path.parent.exists()
    except OSError as error:  # a name that is too long, a directory that is not ours to look into
        raise _not_made(path.parent, error, field) from None


def _not_made(path: Path, error: OSError, field: str) -> ConfigError:
    return trouble(f"{path} cannot be made: {error.strerror}.", "cannot be made", field)


@contextmanager
def _directory(path: Path, field: str) -> Iterator[int]:
    """The directory of a file, opened and found private."""
    if os.name != "posix":
        raise trouble("Modes of files cannot be checked on this system: use a keyring.", "cannot be checked", field)
    folder = path.parent
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise trouble(f"{folder} cannot be opened: {error.strerror}.", "cannot be opened", field) from None
    try:
        found = os.fstat(handle)
        if found.st_uid not in (0, os.geteuid()):
            raise trouble(f"{folder} belongs to another user.", "belongs to another user", field)
        if found.st_mode & OTHERS:
            mode = stat.S_IMODE(found.st_mode)
            text = (
                f"{folder} is open to other users (mode {mode:04o}): chmod 700 {folder}, "
                "or keep the file in a directory of its own"
            )
            raise trouble(text, "is open to other users", field)
        yield handle
    finally:
        os.close(handle)


def _check_file(found: os.stat_result, path: Path, field: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise trouble(f"{path} is no ordinary file.", "is no ordinary file", field)
    if found.st_uid not in (0, os.geteuid()):
        raise trouble(f"{path} belongs to another user.", "belongs to another user", field)
    if found.st_mode & OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        text = f"{path} is open to other users (mode {mode:04o}): chmod 600 {path}"
        raise trouble(text, "is open to other users", field)


def _is_link(name: str, directory: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _linked(path: Path, field: str) -> ConfigError:
    return trouble(f"{path} is a symbolic link: name the file itself.", "is a symbolic link", field)
