"""Rows to try a mapping on: read from the source just now, landed as a run would land them."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow as pa

from connectors.contract import Discoverable, ObjectSchema, Page, Query, Source
from connectors.errors import ConnectorError
from mappings.tree import Document
from pipelines import landing
from pipelines.bus import Workspace
from pipelines.errors import RemoteError
from pipelines.landing import Landing
from pipelines.progress import Progress, silent
from pipelines.reading import named_columns
from pipelines.workbench import workbench

_LOOK = 1_000
"""Rows that are read to see which columns there are."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Landed pages with `rows` rows; `rejected` more could not be read as rows.

    `whole` says that they are all that the source has.
    """

    pages: tuple[Path, ...]
    rows: int
    rejected: int = 0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a source's object with their DuckDB types.

    `fixed` is false where rows have only the keys they need: one that was not seen may exist.
    """

    types: Mapping[str, str]
    fixed: bool


@contextmanager
def drawer() -> Iterator[Path]:
    """Give a folder for values that nobody else may read, gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder:
        yield Path(folder)


def read_sample(
    workspace: Workspace,
    source: str,
    document: Document,
    folder: Path,
    *,
    limit: int | None = None,
    progress: Progress = silent,
) -> Sample:
    """Read a source, up to `limit` rows, and land them in a folder. Raises RemoteError."""
    into, paths, rows, rejected = Landing(folder), [], 0, 0
    with closing(pages(workspace, source, document, limit)) as found:
        for number, page in enumerate(found):
            landed = into.write(number, _first(page, None if limit is None else limit - rows))
            paths.append(landed.path)
            rows += landed.rows
            rejected += len(page.rejected)
            progress(rows, limit or 0)
            if limit is not None and rows >= limit:
                return Sample(tuple(paths), rows, rejected)
    return Sample(tuple(paths), rows, rejected, whole=True)


def pages(
    workspace: Workspace, source: str, document: Document, size: int | None = None
) -> Generator[Page]:
    """Yield the pages of a source's object from the start. Raises RemoteError."""
    connector = workspace.source(source)
    yield from _pages(connector, source, document, size, named_columns(connector, document))


def _pages(
    connector: Source,
    source: str,
    document: Document,
    size: int | None,
    fields: tuple[str, ...] | None,
) -> Generator[Page]:
    query = Query(document.object, fields)
    if size is not None:
        query = replace(query, page_size=min(size, query.page_size))
    try:
        yield from connector.read(query)
    except ConnectorError as error:
        raise RemoteError(f"{source}: {error}") from error


def _first(page: Page, count: int | None) -> Page:
    return page if count is None else Page(page.rows[:count], rejected=page.rejected)


def columns_of(workspace: Workspace, source: str, document: Document) -> Columns:
    """Look at the first rows of a source for its columns, as a run would see them.

    Where it has no row, its own description counts. Raises RemoteError.
    """
    connector = workspace.source(source)
    named = named_columns(connector, document)
    if named is not None:
        own = described_object(connector, source, document.object)
        named = tuple(dict.fromkeys([*(c.name for c in (own.columns if own else ())), *named]))
    looked = _pages(connector, source, document, _LOOK, named)
    with drawer() as folder, closing(looked) as found:
        page = next(found, None)
        types: Mapping[str, str] = {}
        if page is not None and (len(page.rows) or isinstance(page.rows, pa.RecordBatch)):
            path = Landing(folder).write(0, page).path
            with workbench(folder) as con:
                types = landing.load(con, "looked_at", [path])
        if types:
            return Columns(types, isinstance(page and page.rows, pa.RecordBatch))
    described = described_object(connector, source, document.object)
    names = () if described is None else described.columns
    return Columns({column.name: "JSON" for column in names}, fixed=False)


def described_object(connector: Source, source: str, name: str) -> ObjectSchema | None:
    """Return what a source says of one of its objects, None when it says nothing.

    Raises RemoteError.
    """
    if not isinstance(connector, Discoverable):
        return None
    try:
        objects = connector.discover()
    except ConnectorError as error:
        raise RemoteError(f"{source}: {error}") from error
    return find_object(objects, name)


def find_object(objects: tuple[ObjectSchema, ...], name: str) -> ObjectSchema | None:
    """Return the object that a mapping's name means: the same, or the same without its folder."""
    for same in (_same, _same_end, fnmatchcase):
        for each in objects:
            if same(each.name, name):
                return each
    return None


def _same(known: str, name: str) -> bool:
    return known == name


def _same_end(known: str, name: str) -> bool:
    return known.rpartition("/")[2] == name or known.rpartition(".")[2] == name.rpartition(".")[2]
