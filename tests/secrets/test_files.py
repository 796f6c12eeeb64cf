"""What may hold a secret: modes, owners, links, pipes; and what is written is written for us alone."""

import os
import stat
from pathlib import Path

import pytest

from mm.errors import ConfigError
from mm.secrets import files


def refused(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        files.read(path, 100)
    assert caught.value.field == "agent_key"
    return caught.value


def put(path: Path, mode: int = 0o600) -> Path:
    path.write_bytes(b"secret")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
@pytest.mark.parametrize("folder_mode", [0o700, 0o500])
def test_a_private_file_is_read(private: Path, mode: int, folder_mode: int) -> None:
    path = put(private / "key", mode)
    private.chmod(folder_mode)
    assert files.read(path, 6) == b"secret"
    private.chmod(0o700)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777, 0o660])
def test_a_file_that_others_may_open_is_refused_with_the_remedy(private: Path, mode: int) -> None:
    error = refused(put(private / "key", mode))
    assert error.reason == "is open to other users"
    assert f"mode {mode:04o}" in error.message and f"chmod 600 {private / 'key'}" in error.message


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o770, 0o755, 0o711, 0o1777])
def test_a_directory_that_others_may_enter_is_refused_with_the_remedy(private: Path, mode: int) -> None:
    path = put(private / "key")
    private.chmod(mode)
    error = refused(path)
    assert error.reason == "is open to other users"
    assert f"chmod 700 {private}" in error.message


def test_a_link_is_not_followed(private: Path) -> None:
    put(private / "key")
    (private / "link").symlink_to(private / "key")
    (private / "lost").symlink_to(private / "nowhere")
    assert refused(private / "link").reason == "is a symbolic link"
    assert refused(private / "lost").reason == "is a symbolic link"


def test_a_link_to_the_directory_is_judged_by_the_directory(private: Path, tmp_path: Path) -> None:
    put(private / "key")
    (tmp_path / "link").symlink_to(private)
    assert files.read(tmp_path / "link" / "key", 6) == b"secret"
    private.chmod(0o755)
    assert refused(tmp_path / "link" / "key").reason == "is open to other users"


def test_what_is_no_file_is_refused_and_nobody_waits(private: Path) -> None:
    os.mkfifo(private / "pipe", 0o600)
    (private / "folder").mkdir(0o700)
    assert refused(private / "pipe").reason == "is no ordinary file"
    assert refused(private / "folder").reason == "is no ordinary file"
    assert refused(private / "nothing").reason == "does not exist"
    assert refused(private / "nothing" / "key").reason == "cannot be opened"
    (private / "long").touch(0o600)
    (private / "long").write_bytes(b"x" * 101)
    assert refused(private / "long").reason == "is too long"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_another_is_refused(private: Path) -> None:
    path = put(private / "key")
    os.chown(path, 12_345, -1)
    assert refused(path).reason == "belongs to another user"
    os.chown(path, 0, -1)
    os.chown(private, 12_345, -1)
    assert refused(path).reason == "belongs to another user"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_what_is_written_is_ours_alone_whatever_the_umask(private: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        files.write_new(private / "new" / "key", b"secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE((private / "new" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((private / "new").stat().st_mode) == 0o700
    assert files.read(private / "new" / "key", 6) == b"secret"


def test_nothing_is_overwritten(private: Path) -> None:
    path = put(private / "key")
    (private / "link").symlink_to(private / "elsewhere")
    for taken in (path, private / "link"):
        with pytest.raises(ConfigError) as caught:
            files.write_new(taken, b"other")
        assert caught.value.reason == "exists already"
    assert path.read_bytes() == b"secret"
    assert not (private / "elsewhere").exists()


def test_where_no_directory_can_be_made_that_is_said(private: Path) -> None:
    put(private / "file")
    for path in (private / "file" / "below" / "key", private / ("x" * 300) / "key"):
        with pytest.raises(ConfigError) as caught:
            files.write_new(path, b"secret")
        assert caught.value.reason == "cannot be made" and str(path.parent) in caught.value.message
    with pytest.raises(ConfigError) as caught:
        files.check_new(private / ("x" * 300) / "key")
    assert caught.value.reason == "cannot be made"
    assert [path.name for path in private.iterdir()] == ["file"]


def test_nothing_is_written_where_others_look(private: Path) -> None:
    private.chmod(0o755)
    with pytest.raises(ConfigError) as caught:
        files.write_new(private / "key", b"secret")
    assert caught.value.reason == "is open to other users"
    assert not list(private.iterdir())
