"""Where files are: names found by a pattern, each with a file to open."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from connectors.errors import MisconfiguredError
from connectors.fields import base_of
from connectors.files.stored import Local, Stored

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.DOTALL | re.IGNORECASE)
_DEEP = 20
T = TypeVar("T")


class Place(Protocol):
    """A folder of this machine, of a server, of a store of objects."""

    def files(self) -> dict[str, Stored]:
        """Return the files by their path below the pattern's fixed part, in order of these.

        Raises MisconfiguredError when there is none.
        """


Opened = Callable[[], AbstractContextManager[Place]]
"""Opens a place for as long as its files are read."""


@dataclass(frozen=True, slots=True)
class Address:
    """A place of another machine: ``sftp://ann@host:2222/drop/*.csv``."""

    scheme: str
    user: str
    host: str
    port: int | None
    path: str

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{self.host}{port}/{self.path.lstrip('/')}"


def where(value: object, info: ValidationInfo) -> Path | Address:
    """Return what a setting `path` means: a path below the project's folder, or an address."""
    if isinstance(value, Path | Address):
        return base_of(info) / value.expanduser() if isinstance(value, Path) else value
    if not isinstance(value, str):
        raise PydanticCustomError("path", "is no path")
    remote = _SCHEME.fullmatch(value)
    if remote is None:
        return base_of(info) / Path(value).expanduser()
    authority, _, path = remote[2].partition("/")
    login, at, host = authority.rpartition("@")
    user, colon, _ = login.partition(":")
    if at and colon:
        raise PydanticCustomError("path", "holds a password; set it by password: env:NAME")
    host, colon, port = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "")
    return Address(remote[1].lower(), user, host, int(port) if colon else None, f"/{path}")


@dataclass(frozen=True, slots=True)
class Folder:
    """Files of this machine."""

    path: Path

    def files(self) -> dict[str, Stored]:
        """Return what the path, folder or pattern means; files that begin with a dot are not."""
        pattern = self.path / "**" / "*" if self.path.is_dir() else self.path
        magic = next((i for i, part in enumerate(pattern.parts) if glob.has_magic(part)), -1)
        root = Path(*pattern.parts[:magic])
        paths = [Path(found) for found in glob.glob(str(pattern), recursive=True)]  # noqa: PTH207
        if self.path.is_file():
            root, paths = self.path.parent, [self.path]
        files = sorted(path for path in paths if path.is_file())
        if not files:
            lack = "no file is in this folder" if self.path.is_dir() else "no such file"
            raise MisconfiguredError(f"{self.path}: {lack}; check path")
        return {path.relative_to(root).as_posix(): Local(path) for path in files}


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """What a folder of another machine holds under a name: a folder, or a file that `what` is."""

    folder: bool
    what: T


def remote_files(
    pattern: str, look: Callable[[str], Mapping[str, Entry[T]] | None]
) -> dict[str, T]:
    """Return files of another machine by their path below the pattern's fixed part.

    `look` gives the entries of a folder by name, or None where there is no such folder. A pattern
    that names a folder means all below it.
    """
    parts = [part for part in pattern.split("/") if part]
    fixed = next((i for i, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    root, rest = parts[:fixed], parts[fixed:]
    if not rest:
        whole = _joined(pattern, root)
        if look(whole) is not None:
            rest = ["**", "*"]
        elif root:
            root, rest = root[:-1], [glob.escape(root[-1])]
    start = _joined(pattern, root)
    return dict(sorted(_matching(start, (), tuple(rest), look, 0)))


def _joined(pattern: str, parts: Iterable[str]) -> str:
    return ("/" if pattern.startswith("/") else "") + "/".join(parts)


def _matching(
    folder: str,
    below: tuple[str, ...],
    rest: tuple[str, ...],
    look: Callable[[str], Mapping[str, Entry[T]] | None],
    depth: int,
) -> Iterator[tuple[str, T]]:
    if not rest or depth > _DEEP:
        return
    deep = rest[0] == "**"
    for name, entry in sorted((look(folder) or {}).items()):
        if name.startswith("."):
            continue
        path, inner = (*below, name), f"{folder.rstrip('/')}/{name}"
        if deep and entry.folder:
            yield from _matching(inner, path, rest, look, depth + 1)
        step = rest[1:] if deep else rest
        if not step or not fnmatchcase(name, step[0]):
            continue
        if entry.folder and not deep:
            yield from _matching(inner, path, step[1:], look, depth + 1)
        elif not entry.folder and len(step) == 1:
            yield "/".join(path), entry.what
