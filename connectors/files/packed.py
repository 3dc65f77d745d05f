"""Packed files and archives, read where they lie: gz, bz2, xz, zst, zip, tar.

What comes out is bounded: a file of a few bytes that unpacks to terabytes is refused as soon as it
has given more than is allowed. Nothing is written to disk under a name from an archive.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import pyarrow as pa

from connectors.errors import MisconfiguredError
from connectors.files.stored import Stamp, Stored, failure
from connectors.notices import notice

MEMBERS = 10_000
"""An archive of more files than this is refused."""
_CHUNK = 1 << 20
_FREE = 64 << 20
_RATIO = 250
"""Beyond the first 64 MB, no honest export unpacks to this many times its size."""
_TARS = {".tgz": ".gz", ".tbz2": ".bz2", ".txz": ".xz", ".tzst": ".zst"}


def _zstd(stream: BinaryIO) -> BinaryIO:
    found: BinaryIO = pa.CompressedInputStream(stream, "zstd")
    return found


_UNPACKERS: dict[str, Callable[[BinaryIO], Any]] = {
    ".gz": lambda stream: gzip.GzipFile(fileobj=stream),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _zstd,
}
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, pa.ArrowException)
# zipfile raises the last two: a method it lacks, a member that is encrypted.
_BROKEN = (*_DAMAGE, zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError)


def bare(name: str) -> tuple[str, str]:
    """Return a file's name without what packs it, and that suffix ("" for none)."""
    stem, dot, suffix = name.rpartition(".")
    packed = f".{suffix.lower()}" if dot and stem else ""
    return (stem, packed) if packed in _UNPACKERS else (name, "")


def is_archive(name: str) -> bool:
    """Tell whether a name is that of an archive of files."""
    return bool(archive_stem(name))


def archive_stem(name: str) -> str:
    """Return an archive's name without its suffixes, "" for what is none."""
    inner, _ = bare(name)
    stem, dot, suffix = inner.rpartition(".")
    if dot and stem and suffix.lower() in {"tar", *(each[1:] for each in _TARS)}:
        return stem
    return stem if dot and inner == name and suffix.lower() == "zip" else ""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a packed file holds."""

    packed: Stored
    suffix: str
    allowed: int

    @property
    def name(self) -> str:
        """The packed file's name."""
        return self.packed.name

    def stamp(self) -> Stamp:
        """The packed file's."""
        return self.packed.stamp()

    def open(self) -> BinaryIO:
        """Unpack as it is read."""
        return _bounded(self.packed.open(), self.suffix, self.allowed, self)

    def peek(self) -> BinaryIO:
        """Unpack as it is read."""
        return _bounded(self.packed.peek(), self.suffix, self.allowed, self)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    archive: Stored
    inner: str
    size: int
    packed: int
    allowed: int

    @property
    def name(self) -> str:
        """Archive and file."""
        return f"{self.archive.name}/{self.inner}"

    def stamp(self) -> Stamp:
        """Its own size; the archive's time."""
        return Stamp(self.size, self.archive.stamp().changed)

    def open(self) -> BinaryIO:
        """Read it where it lies."""
        return self._opened(self.archive.open)

    def peek(self) -> BinaryIO:
        """Read a little of it."""
        return self._opened(self.archive.peek)

    def _opened(self, way: Callable[[], BinaryIO]) -> BinaryIO:
        if self.size > self.allowed:
            raise _too_large(self.name, self.allowed)
        archive = _as_archive(self.archive, way, self.allowed)
        try:
            with _damage_of(self.archive.name):
                stream = archive.member(self.inner)
        except BaseException:
            archive.close()
            raise
        return _buffered(_Bounded(stream, self, self.allowed, self.packed, also=archive.close))


def members(archive: Stored, allowed: int) -> Iterator[Member]:
    """Yield the files of an archive by name, without unpacking one.

    Raises MisconfiguredError for one that is damaged, locked by a password or has too many files.
    A file whose name leads out of the archive is left out, and told.
    """
    holder = _as_archive(archive, archive.peek, allowed)
    try:
        with _damage_of(archive.name):
            found = sorted(holder.sizes())
    finally:
        holder.close()
    for inner, size, packed in found:
        if inner.startswith("/") or "\\" in inner or ".." in inner.split("/"):
            notice("files.odd_name_in_archive", archive=archive.name)
        elif not inner.rpartition("/")[2].startswith("."):
            yield Member(archive, inner, size, packed, allowed)


class _Bounded(io.RawIOBase):
    """Counts what comes out; refuses more than is allowed, and damage in words of ours."""

    def __init__(
        self,
        stream: Any,
        file: Stored,
        allowed: int,
        packed: int,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._stream, self._file, self._allowed, self._also = stream, file, allowed, also
        self._most = max(_FREE, packed * _RATIO)
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _damage_of(self._file.name):
            chunk = self._stream.read(len(buffer))
        self._given += len(chunk)
        if self._given > self._allowed:
            raise _too_large(self._file.name, self._allowed)
        if self._given > self._most:
            raise MisconfiguredError(
                f"{self._file.name}: unpacks to more than {_RATIO} times its size, as no export "
                "does; if it is one, have it sent unpacked"
            )
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._also()
        super().close()


class _Archive:
    """An open zip or tar."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self._name, self._stream = name, stream
        self._zip = zipfile.ZipFile(stream) if name.lower().endswith(".zip") else None
        self._tar = None if self._zip else tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115

    def sizes(self) -> list[tuple[str, int, int]]:
        """The files: name, size and packed size; links and devices are no files."""
        found: dict[str, tuple[int, int]] = {}
        for zipped in self._zip.infolist() if self._zip else ():
            if not zipped.is_dir():
                found[zipped.filename] = (zipped.file_size, zipped.compress_size)
        for each in self._tar or ():
            if each.isfile():
                found[each.name.removeprefix("./")] = (each.size, each.size)
            self._few(len(found))
        self._few(len(found))
        return [(name, *sizes) for name, sizes in found.items()]

    def member(self, inner: str) -> Any:
        """Open one file."""
        if self._zip:
            if self._zip.getinfo(inner).flag_bits & 1:
                raise MisconfiguredError(
                    f"{self._name}: is locked by a password; have it sent without one"
                )
            return self._zip.open(inner)
        names = [each for each in self._tar or () if each.name.removeprefix("./") == inner]
        found = self._tar.extractfile(names[-1]) if self._tar and names else None
        if found is None:
            raise MisconfiguredError(f"{self._name}: no file {inner!r} is in it any more")
        return found

    def close(self) -> None:
        """Let go of it."""
        if self._zip:
            self._zip.close()
        if self._tar:
            self._tar.close()
        self._stream.close()

    def _few(self, count: int) -> None:
        if count > MEMBERS:
            raise MisconfiguredError(f"{self._name}: has more than {MEMBERS:,} files")


def _as_archive(archive: Stored, way: Callable[[], BinaryIO], allowed: int) -> _Archive:
    with _damage_of(archive.name):
        stream = way()
        try:
            suffix = _packing(archive.name)
            if suffix:
                stream = _copied(_bounded(stream, suffix, allowed, archive))
            return _Archive(archive.name, stream)
        except BaseException:
            stream.close()
            raise


def _packing(name: str) -> str:
    suffix = bare(name)[1]
    return suffix or _TARS.get(f".{name.rpartition('.')[2].lower()}", "")


def _copied(stream: BinaryIO) -> BinaryIO:
    """A packed tar has no table of contents: it is unpacked once, to a file without a name."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the archive)
    try:
        with stream:
            shutil.copyfileobj(stream, copy, _CHUNK)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return cast("BinaryIO", copy)


def _bounded(stream: BinaryIO, suffix: str, allowed: int, file: Stored) -> BinaryIO:
    size = file.stamp().size
    unpacked = _UNPACKERS[suffix](stream)
    return _buffered(_Bounded(unpacked, file, allowed, size, also=stream.close))


def _buffered(raw: _Bounded) -> BinaryIO:
    return io.BufferedReader(raw, _CHUNK)


@contextmanager
def _damage_of(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN:
        raise MisconfiguredError(f"{name}: is damaged, or not what its suffix says") from None
    except OSError as error:
        if error.errno is None:  # a library's word on bytes, not the system's on a file
            raise MisconfiguredError(f"{name}: is damaged, or not what its suffix says") from None
        raise failure(name, error) from None


def _too_large(name: str, allowed: int) -> MisconfiguredError:
    return MisconfiguredError(
        f"{name}: unpacks to more than {allowed:,} bytes; if that is right, raise unpack_limit"
    )
