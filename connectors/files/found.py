"""Which files a source has, by name: archives are opened, half-written ones are left out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from connectors.errors import MisconfiguredError, TransientError
from connectors.files.packed import Unpacked, archive_stem, bare, is_archive, members
from connectors.files.places import Place
from connectors.files.stored import Stored


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it is read: what is in it, and the suffix that tells its format."""

    file: Stored
    suffix: str
    outer: Stored
    """The file of the place that it comes from: the same, or an archive."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files of a place count, and how much may come out of a packed one."""

    ignore: tuple[str, ...]
    marker: str
    settle: float
    unpack_limit: int


def find(place: Place, choice: Choice, *, whole: bool) -> dict[str, Found]:
    """Return the files by object name: their path without suffixes, or with, where two are alike.

    Raises TransientError when none is ready, or when all are wanted and one is not.
    """
    files = {
        name: file
        for name, file in place.files().items()
        if not any(fnmatchcase(name.rpartition("/")[2], each) for each in choice.ignore)
    }
    ready = _ready(place, files, choice)
    waiting = sorted(files.keys() - ready.keys() - _markers(files, choice))
    if waiting and (whole or not ready):
        raise TransientError(
            f"{waiting[0]}: is not whole yet, as its marker or its size tells; "
            f"{len(waiting)} files wait"
        )
    if not ready:
        raise MisconfiguredError("every file of path is left out by ignore or marker")
    return _named(list(_opened(ready, choice)))


def _markers(files: Mapping[str, Stored], choice: Choice) -> set[str]:
    return {name for name in files if choice.marker and name.endswith(choice.marker)}


def _ready(place: Place, files: Mapping[str, Stored], choice: Choice) -> dict[str, Stored]:
    """Those with a marker beside them, that nobody wrote to for a while."""
    markers = _markers(files, choice)
    ready = {
        name: file
        for name, file in files.items()
        if name not in markers and (not choice.marker or f"{name}{choice.marker}" in markers)
    }
    if not choice.settle or not ready:
        return ready
    before = {name: file.stamp() for name, file in ready.items()}
    time.sleep(choice.settle)
    later = place.files()
    return {
        name: later[name]
        for name, stamp in before.items()
        if name in later and later[name].stamp() == stamp
    }


def _opened(files: Mapping[str, Stored], choice: Choice) -> Iterator[tuple[str, Found]]:
    for name, file in files.items():
        if not is_archive(name):
            yield _unpacked(name, file, file, choice)
            continue
        for each in members(file, choice.unpack_limit):
            yield _unpacked(f"{archive_stem(name)}/{each.inner}", each, file, choice)


def _unpacked(name: str, file: Stored, outer: Stored, choice: Choice) -> tuple[str, Found]:
    inner, packing = bare(name)
    if packing:
        file = Unpacked(file, packing, choice.unpack_limit)
    base = inner.rpartition("/")[2]
    stem, dot, suffix = base.rpartition(".")
    return name, Found(file, f".{suffix.lower()}" if dot and stem else "", outer)


def _named(files: list[tuple[str, Found]]) -> dict[str, Found]:
    stems = [_stem(bare(name)[0], found.suffix) for name, found in files]
    return {
        stem if stems.count(stem) == 1 else name: found
        for stem, (name, found) in zip(stems, files, strict=True)
    }


def _stem(name: str, suffix: str) -> str:
    return name[: -len(suffix)] if suffix else name
