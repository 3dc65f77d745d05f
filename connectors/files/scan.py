"""Look at a file before it is read: is it of the declared encoding, and which content is it?"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connectors.errors import MisconfiguredError, TransientError, UnauthorizedError

_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class Scan:
    """What a file was when it was looked at. `quotes` counts the bytes of the quote character."""

    size: int
    changed: int
    sha256: str
    quotes: int
    nuls: int


def scan(path: Path, quote: str) -> Scan:
    """Read a file once as bytes."""
    digest = hashlib.sha256()
    mark = quote.encode()
    quotes = nuls = 0
    before = stamp(path)
    with opened(path) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            quotes += chunk.count(mark) if mark else 0
            nuls += chunk.count(0)
    unchanged(path, before)
    return Scan(*before, digest.hexdigest(), quotes, nuls)


def prove(path: Path, encoding: str) -> None:
    """Raise MisconfiguredError with line and byte of the first place that is not `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)()
    place = lines = 0
    with opened(path) as file:
        while True:
            chunk = file.read(_CHUNK)
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                at = error.start - held if isinstance(error, UnicodeDecodeError) else 0
                line = lines + chunk[: max(at, 0)].count(b"\n") + 1
                raise MisconfiguredError(
                    f"{path.name}:{line}: byte {place + at + 1} is not {encoding}; "
                    "set encoding to what the file is in (cp1252, latin-1, utf-16, …)"
                ) from None
            if not chunk:
                return
            place += len(chunk)
            lines += chunk.count(b"\n")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open for reading bytes; what the system says against it becomes an error of ours."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise _missing(path, error) from None


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of change, in nanoseconds."""
    try:
        found = path.stat()
    except OSError as error:
        raise _missing(path, error) from None
    return found.st_size, found.st_mtime_ns


def unchanged(path: Path, before: tuple[int, int]) -> None:
    """Raise TransientError when the file is not what it was."""
    if stamp(path) != before:
        raise TransientError(f"{path.name}: changed while it was read; nothing of it counts")


def _missing(path: Path, error: OSError) -> MisconfiguredError | TransientError:
    if isinstance(error, PermissionError):
        return UnauthorizedError(f"{path}: may not be read; mend the file's rights")
    if isinstance(error, FileNotFoundError):
        return TransientError(f"{path.name}: went away while it was read")
    return MisconfiguredError(f"{path}: {error.strerror or 'cannot be read'}")
