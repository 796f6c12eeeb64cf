"""Looks at the directory that a run writes into. It writes nothing there."""

import os
import shutil
import stat
from pathlib import Path

from mm.doctor.facts import RunDir, Unread

FILES_MAX = 10_000
"""So many entries are looked at."""

OTHERS = 0o077


def look_at(path: Path) -> RunDir | Unread:
    """What it is, whose, how large and who else may open it. Links are followed once, as a run would."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return RunDir(path=str(path), exists=False)
    except OSError as error:
        return Unread(f"{path}: {error.strerror}")
    if not stat.S_ISDIR(found.st_mode):
        return RunDir(path=str(path), exists=True)
    try:
        return RunDir(
            path=str(path),
            exists=True,
            is_directory=True,
            is_ours=not hasattr(os, "geteuid") or found.st_uid == os.geteuid(),
            is_writable=os.access(path, os.W_OK | os.X_OK),
            mode=stat.S_IMODE(found.st_mode),
            free_bytes=shutil.disk_usage(path).free,
            filesystem=_filesystem(path),
            loose=_loose(path),
        )
    except OSError as error:
        return Unread(f"{path}: {error.strerror}")


def _loose(path: Path) -> tuple[str, ...]:
    found = []
    with os.scandir(path) as entries:
        for count, entry in enumerate(entries):
            if count >= FILES_MAX:
                break
            if not entry.is_symlink() and entry.stat(follow_symlinks=False).st_mode & OTHERS:
                found.append(entry.name)
    return tuple(sorted(found))


def _filesystem(path: Path) -> str:
    """The type of the filesystem with the longest mount point above the path, where /proc tells it."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    real = path.resolve()
    best, kind = -1, ""
    for line in mounts:
        _, point, name, *_ = [*line.split(" "), "", "", ""]
        point = point.replace("\\040", " ")
        if (real == Path(point) or Path(point) in real.parents) and len(point) >= best:
            best, kind = len(point), name
    return kind
