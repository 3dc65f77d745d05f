"""A file of another machine: brought here whole before it is read, and only if nobody wrote to it.

The copy has no name that matters, lives below one temporary folder, and goes with it.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from connectors.errors import TransientError
from connectors.files.stored import Stamp

_AHEAD = 1 << 18


@dataclass(frozen=True, slots=True)
class Way:
    """How to get at a file of another machine; what fails raises a ConnectorError."""

    look: Callable[[str], Stamp]
    """Size and time of change now."""
    read: Callable[[str], BinaryIO]
    """A stream over it."""
    copy: Callable[[str, Path], None]
    """Bring it here."""


@dataclass(slots=True)
class Fetched:
    """A file at `path` of another machine, `seen` when the folder was looked at."""

    path: str
    seen: Stamp
    way: Way
    folder: Path
    """Where copies are put."""
    _copy: Path | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]

    def stamp(self) -> Stamp:
        """What was seen: a copy does not change."""
        return self.seen

    def open(self) -> BinaryIO:
        """Bring the file here once and open the copy.

        Raises TransientError when it is another one than was seen, or changes meanwhile.
        """
        if self._copy is None:
            number, path = tempfile.mkstemp(dir=self.folder)
            with open(number, "wb"):  # noqa: PTH123 (to close what mkstemp has opened)
                copy = Path(path)
            self._same()
            self.way.copy(self.path, copy)
            self._same()
            if copy.stat().st_size != self.seen.size:
                raise TransientError(f"{self.name}: came in part; nothing of it counts")
            self._copy = copy
        return self._copy.open("rb")

    def peek(self) -> BinaryIO:
        """Open the copy if there is one, else read from afar."""
        return self._copy.open("rb") if self._copy else self.way.read(self.path)

    def drop(self) -> None:
        """Forget the copy: the file has been read."""
        if self._copy is not None:
            self._copy.unlink(missing_ok=True)
            self._copy = None

    def _same(self) -> None:
        if self.way.look(self.path) != self.seen:
            raise TransientError(
                f"{self.name}: is being written, or was replaced; nothing of it counts, run again"
            )


def afar(stream: Any, told: Callable[[], AbstractContextManager[None]]) -> BinaryIO:
    """Return a stream over another machine's; what fails is said in the words of `told`."""
    return io.BufferedReader(_Afar(stream, told), _AHEAD)


class _Afar(io.RawIOBase):
    def __init__(self, stream: Any, told: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__()
        self._stream, self._told = stream, told

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._told():
            chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._told():
            self._stream.seek(offset, whence)
            return int(self._stream.tell())

    def tell(self) -> int:
        return int(self._stream.tell())

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
