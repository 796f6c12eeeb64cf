"""A file as a stream of bytes: decompressed on the way, known by its content and not by its name.

Memory stays constant whatever the size. A stream that ends before its time (a copy that was cut off) is an
error: a file that is silently shorter than it was is the one thing an audit must not miss.
"""

import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import zstandard

CHUNK = 1 << 18
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
OTHER = {b"PK\x03\x04": "a zip archive", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PAR1": "Parquet", b"7z\xbc\xaf": "7z"}
ZSTD_WINDOW_MAX = 1 << 27


class Unusable(ValueError):
    """A file that cannot be read at all; the sentence says why and what to do."""


class BrokenStream(ValueError):
    """The file's bytes end or go wrong on the way; what came before was read."""


def _ignore(_read: int) -> None:
    """No one wants to know."""


class Counted(io.RawIOBase):
    """A file that tells how many of its bytes, as they lie on the disk, were read."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        super().__init__()
        self._file = file
        self._progress = progress

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: object, /) -> int:
        """Read, and tell."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._progress(len(data))
        return len(data)

    def close(self) -> None:
        """Close the file as well."""
        self._file.close()
        super().close()


class Zstd(io.RawIOBase):
    """A Zstandard stream of any number of frames, strict about its end."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._rest = b""
        self._ready = memoryview(b"")
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: object, /) -> int:
        """Decompress the next bytes. Raises `EOFError` when the last frame is cut off."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._ready:
            data = self._rest or self._file.read(CHUNK)
            self._rest = b""
            if not data:
                if self._frame is not None:
                    raise EOFError("the Zstandard stream ends inside a frame")
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX).decompressobj()
            self._ready = memoryview(self._frame.decompress(data))
            if self._frame.eof:
                self._rest = self._frame.unused_data
                self._frame = None
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        """Close the file as well."""
        self._file.close()
        super().close()


class Source:
    """An open file: `read` gives decompressed bytes; `compression` is "", "gzip" or "zstd"."""

    def __init__(self, path: Path, progress: Callable[[int], None] = _ignore) -> None:
        """Open `path`. Raises `Unusable` where that is not possible."""
        try:
            raw = path.open("rb", buffering=0)
        except OSError as error:
            raise Unusable(f"cannot be opened: {error.strerror or error}") from error
        counted = io.BufferedReader(Counted(raw, progress), CHUNK)
        try:
            head = counted.peek(8)[:8]
        except OSError as error:
            counted.close()
            raise Unusable(f"cannot be read: {error.strerror or error}") from error
        for magic, name in OTHER.items():
            if head.startswith(magic):
                counted.close()
                raise Unusable(f"is {name}: unpack it first (gzip and Zstandard are read as they are)")
        self._stream: BinaryIO
        if head.startswith(GZIP):
            self.compression = "gzip"
            self._stream = gzip.GzipFile(fileobj=counted)  # type: ignore[assignment]
        elif head.startswith(ZSTD):
            self.compression = "zstd"
            self._stream = io.BufferedReader(Zstd(counted), CHUNK)
        else:
            self.compression = ""
            self._stream = counted
        self._under = counted

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes, at most `size`; empty at the end. Raises `BrokenStream`, after all that was good."""
        try:
            return self._stream.read1(size)  # type: ignore[attr-defined, no-any-return]
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            raise BrokenStream(f"the {self.compression or 'plain'} stream is broken or cut off ({error})") from error

    def close(self) -> None:
        """Close it, and the file under it."""
        self._stream.close()
        self._under.close()
