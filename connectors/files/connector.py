"""The files source: which files, in which format, and which of them are new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa

from connectors.contract import (
    Column,
    Cursor,
    Health,
    ObjectSchema,
    Page,
    Query,
    RejectedRow,
)
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.files.cloud import cloud_place
from connectors.files.fetched import Fetched
from connectors.files.formats import Formats
from connectors.files.found import Found, find
from connectors.files.options import Part
from connectors.files.places import Address, Folder, Place
from connectors.files.scan import scan
from connectors.files.settings import FilesSettings
from connectors.files.sftp import sftp_place
from connectors.files.stored import unchanged

_Seen = dict[str, list[Any]]


class Files(FilesSettings):
    """Reads files; one that has not changed since the cursor is not read again."""

    def check(self) -> Health:
        """See that there are files and that they may be read."""
        with self._place() as place:
            found = place.files()
            for file in found.values():
                file.stamp()
        return Health(f"files {self.path}", {"files": str(len(found))})

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the files with their columns and how they are written.

        Types are told only where the format has types.
        """
        with self._place() as place:
            return tuple(
                self._object(name, found)
                for name, found in find(place, self.choice(), whole=False).items()
            )

    def read(self, query: Query) -> Iterator[Page]:
        """Yield the rows of each new or changed file of this object, file by file.

        `object` names a file without its suffix, relative to the path's folder, or is a pattern.
        `cursor` and `key` of the query are not looked at: the position tells which files were
        read, and stands on the last page of each file. Raises MisconfiguredError when no file
        answers to the object or one is not what it is declared to be, TransientError when a file
        changes while it is read.
        """
        seen = _seen(query.after)
        with self._place() as place:
            files = find(place, self.choice(), whole=query.after is None)
            for name, found in self._chosen(files, query.object).items():
                yield from self._pages(name, found, query, seen)
                if isinstance(found.outer, Fetched) and found.outer.name == found.file.name:
                    found.outer.drop()

    def _pages(self, name: str, found: Found, query: Query, seen: _Seen) -> Iterator[Page]:
        known, stamp = seen.get(name), found.file.stamp()
        if known and known[:2] == [stamp.size, stamp.changed]:
            return
        formats = Formats(self, found)
        looked = scan(found.file, formats.quote)
        seen[name] = [looked.stamp.size, looked.stamp.changed, looked.sha256]
        if known and known[2] == looked.sha256:
            return
        pages = _paged(formats.parts(query, looked), query.page_size)
        page = next(pages)
        for following in pages:
            yield page
            page = following
        unchanged(found.file, looked.stamp)
        yield replace(page, cursor=Cursor(json.dumps(seen, sort_keys=True)))

    def _object(self, name: str, found: Found) -> ObjectSchema:
        formats = Formats(self, found)
        columns: tuple[Column, ...] = formats.columns()
        return ObjectSchema(name, columns, about=formats.about(len(columns)))

    def _chosen(self, files: Mapping[str, Found], name: str) -> dict[str, Found]:
        for matches in (_same, _same_stem, fnmatchcase):
            chosen = {known: file for known, file in files.items() if matches(known, name)}
            if chosen:
                return chosen
        raise MisconfiguredError(
            f"{self.path}: no file answers to object {name!r}{did_you_mean(name, files)}"
        )

    def _place(self) -> AbstractContextManager[Place]:
        if not isinstance(self.path, Address):
            return nullcontext(Folder(self.path))
        if self.sftp is not None:
            return sftp_place(self.path, self.sftp)
        return cloud_place(self.path, self.storage)


def _same(known: str, name: str) -> bool:
    return known == name


def _same_stem(known: str, name: str) -> bool:
    return known.rpartition("/")[2] == name


def _seen(after: Cursor | None) -> _Seen:
    if after is None:
        return {}
    try:
        seen = json.loads(after.value)
        return {str(name): [int(v[0]), int(v[1]), str(v[2])] for name, v in seen.items()}
    except (ValueError, TypeError, AttributeError, LookupError):
        raise MisconfiguredError(
            "the stored position is not one of files; was the source another one before? "
            "Read once in full"
        ) from None


def _paged(parts: Iterator[Part], size: int) -> Iterator[Page]:
    """Pages of at most `size` rows; one without rows at the end where something needs it.

    It has the columns of the others: whoever lands it sees no other table.
    """
    rejected: list[RejectedRow] = []
    empty: pa.RecordBatch | Sequence[Any] = ()
    any_rows = False
    for rows, met in parts:
        rejected += met
        empty = rows[:0]
        for start in range(0, len(rows), size):
            yield Page(rows[start : start + size], rejected=rejected)
            rejected, any_rows = [], True
    if rejected or not any_rows:
        yield Page(empty, rejected=rejected)
