"""One file, wherever it is: what the readers need of it, and the errors that opening one gives."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from connectors.errors import ConnectorError, MisconfiguredError, TransientError, UnauthorizedError

_COPIED = 1 << 20
_IN_MEMORY = 16 << 20


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and time of change in nanoseconds: what tells that a file is another one."""

    size: int
    changed: int


class Stored(Protocol):
    """A file that can be opened again and again."""

    @property
    def name(self) -> str:
        """Its name in messages."""

    def stamp(self) -> Stamp:
        """Size and time of change; of a file in an archive, its own size and the archive's time."""

    def open(self) -> BinaryIO:
        """Open for reading bytes from the start. Raises OSError, or a ConnectorError."""

    def peek(self) -> BinaryIO:
        """Open for reading a little of it: what is far away is not brought here for it."""


@dataclass(frozen=True, slots=True)
class Local:
    """A file of this machine; `shown` is its name in messages where that is another one."""

    path: Path
    shown: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.shown or self.path.name

    def stamp(self) -> Stamp:
        """Look at the file."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise failure(str(self.path), error) from None
        return Stamp(found.st_size, found.st_mtime_ns)

    def open(self) -> BinaryIO:
        """Open it."""
        return self.path.open("rb")

    def peek(self) -> BinaryIO:
        """Open it."""
        return self.path.open("rb")


@contextmanager
def opened(file: Stored) -> Iterator[BinaryIO]:
    """Open for reading bytes; what the system says against it becomes an error of ours."""
    try:
        with file.open() as stream:
            yield stream
    except OSError as error:
        raise failure(file.name, error) from None


@contextmanager
def opened_text(file: Stored, encoding: str, newline: str = "") -> Iterator[io.TextIOWrapper]:
    """Open for reading text, with its line ends as they are."""
    with opened(file) as stream, io.TextIOWrapper(stream, encoding, newline=newline) as text:
        yield text


@contextmanager
def seekable(file: Stored) -> Iterator[BinaryIO]:
    """Open for reading here and there; what can only be read in order is put aside first."""
    with opened(file) as stream:
        if stream.seekable():
            yield stream
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
            while chunk := stream.read(_COPIED):
                copy.write(chunk)
            copy.seek(0)
            yield copy  # type: ignore[misc]  # it has all that a file of bytes has


def unchanged(file: Stored, before: Stamp) -> None:
    """Raise TransientError when the file is not what it was."""
    if file.stamp() != before:
        raise TransientError(f"{file.name}: changed while it was read; nothing of it counts")


def failure(name: str, error: OSError) -> ConnectorError:
    """Return what an error of the system means."""
    if isinstance(error, PermissionError):
        return UnauthorizedError(f"{name}: may not be read; mend the file's rights")
    if isinstance(error, FileNotFoundError):
        return TransientError(f"{name}: went away while it was read")
    return MisconfiguredError(f"{name}: {error.strerror or 'cannot be read'}")
