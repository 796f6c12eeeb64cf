"""This machine: the directory that a run writes into."""

from mm.doctor.facts import Facts, RunDir, Unread
from mm.doctor.finding import Data, Findings, fail, ok, unread, warn
from mm.doctor.words import listed

MEBIBYTE = 1 << 20
FREE_FAIL = 100 * MEBIBYTE
FREE_WARN = 1_024 * MEBIBYTE

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "9p", "fuse.sshfs", "glusterfs", "virtiofs"}
)
"""Filesystems whose locks and syncs cannot be relied on (reliability D7)."""

OTHERS = 0o077


def run_dir(facts: Facts) -> Findings:
    """Whether a journal can be kept there, and by nobody else (reliability S7, D1, D7). Nothing if none was named."""
    told = facts.run_dir
    if told is None:
        return
    if isinstance(told, Unread):
        yield unread("run dir", f"could not be read: {told.why}", "make it readable for this user")
        return
    yield from _run_dir(told)


def _run_dir(told: RunDir) -> Findings:
    data: Data = {"path": told.path, "mode": f"{told.mode:04o}", "free_bytes": told.free_bytes}
    data |= {"filesystem": told.filesystem or None, "loose": len(told.loose)}
    if not told.exists:
        yield fail("run dir", f"{told.path} does not exist", f"make it: mkdir -m 700 {told.path}", data)
    elif not told.is_directory:
        yield fail("run dir", f"{told.path} is no directory", "name a directory", data)
    elif not told.is_ours or not told.is_writable:
        whose = "belongs to another user" if not told.is_ours else "cannot be written"
        yield fail("run dir", f"{told.path} {whose}", "use a directory of the user that runs mm", data)
    elif told.mode & OTHERS:
        text = f"{told.path} is open to other users (mode {told.mode:04o})"
        yield fail("run dir", text, f"chmod 700 {told.path}", data)
    elif told.loose:
        text = f"open to other users in {told.path}: {listed(list(told.loose))}"
        yield fail("run dir", text, "chmod 600 on these files", data)
    elif told.filesystem in NETWORK:
        text = f"{told.path} is on a network filesystem ({told.filesystem}): its locks and syncs cannot be relied on"
        yield fail("run dir", text, "use a local disk", data)
    elif told.free_bytes < FREE_FAIL:
        yield fail("run dir", f"{_size(told.free_bytes)} free in {told.path}", "make room: a full disk stops mm", data)
    elif told.free_bytes < FREE_WARN:
        yield warn("run dir", f"{_size(told.free_bytes)} free in {told.path}", "make room", data)
    else:
        yield ok("run dir", f"{told.path}: ours alone, {_size(told.free_bytes)} free", data)


def _size(number: int) -> str:
    return f"{number / 2**30:,.1f} GiB" if number >= 1 << 30 else f"{number // MEBIBYTE:,} MiB"
