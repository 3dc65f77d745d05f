"""How previewed rows and a source's columns read: tables for a person, documents for a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mappings.expected import shown
from pipelines.authoring.covering import Covered
from pipelines.authoring.fates import Fate
from pipelines.authoring.preview import Line, Preview, Previewed
from pipelines.cli.output import table

_STYLES = {Fate.QUARANTINED: "red", Fate.LEFT_OUT: "dim", Fate.DELETED: "yellow"}


def preview_parts(found: Preview) -> Iterator[RenderableType]:
    """Show each row beside what becomes of it."""
    for row in found.rows:
        key = f"key {row.key}" if (row.key or "").strip() else "no key"
        yield Text(f"{key}: {row.fate}", style=_STYLES.get(row.fate, "bold"))
        yield from (f"  {each.field}: {each.reason} ({each.rule})" for each in row.reasons)
        yield _side_by_side(row)
        yield ""
    if not found.rows:
        yield "the source has no row"
    if found.rejected:
        yield f"{found.rejected:,} more could not be read as rows; a run keeps them as dead letters"
    if found.stopped:
        yield f"these rows alone would stop a run: {found.stopped}"


def _side_by_side(row: Previewed) -> Table:
    if row.fate is Fate.LEFT_OUT:
        return table(["column", "value"], ((n, _shown(v)) for n, v in row.row.items()))
    rows = ((_origins(line), line.name, _shown(line.value), line.refused) for line in row.lines)
    return table(["row", "attribute", "value", "refused"], rows, folds=["row", "refused"])


def _origins(line: Line) -> str:
    return ", ".join(f"{path}: {_shown(value)}" for path, value in line.origins.items())


def _shown(value: object) -> str:
    return "" if value is None else shown(value)


def preview_document(source: str, found: Preview) -> dict[str, Any]:
    """Return previewed rows as one document."""
    return {
        "source": source,
        "rows": [
            {
                "key": row.key,
                "fate": row.fate,
                "row": row.row,
                "record": row.record,
                "refused": {line.name: line.refused for line in row.lines if line.refused},
                "reasons": [asdict(reason) for reason in row.reasons],
            }
            for row in found.rows
        ],
        "rejected": found.rejected,
        "stopped": found.stopped,
    }


def coverage_parts(found: Sequence[Covered]) -> Iterator[RenderableType]:
    """Show what mappings take of their sources; column by column when it is only one."""
    names = ["source", "columns", "read", "ignored", "unread", "missing", "attributes"]
    rows = [_row(each) for each in found]
    yield table(names, rows, numbers=names[1:])
    for each in found:
        yield from _drift(each)
    if len(found) == 1:
        yield _columns(found[0])


def _row(each: Covered) -> tuple[object, ...]:
    of = each.coverage
    parts = (of.used, of.ignored, of.unmapped, of.missing, of.attributes)
    return (each.source, len(each.types), *map(len, parts))


def _drift(each: Covered) -> Iterator[str]:
    told = {
        "columns that nobody reads (map them, or ignore them)": each.coverage.unmapped,
        "columns that the mapping reads and the source has not": each.coverage.missing,
        "words under ignore that name no column": each.coverage.superfluous,
    }
    for words, names in told.items():
        if names:
            yield f"{each.source}: {words}: {', '.join(names)}"


def _columns(each: Covered) -> Table:
    rows = ((name, kind, _readers(each, name)) for name, kind in each.types.items())
    return table(["column", "type", "read by"], rows, folds=["read by"])


def _readers(each: Covered, column: str) -> str:
    readers = ", ".join(each.readers.get(column, ()))
    return readers or ("(ignored)" if column in each.coverage.ignored else "nobody")


def coverage_document(found: Sequence[Covered]) -> dict[str, Any]:
    """Return what mappings take of their sources as one document."""
    told = {
        each.source: {
            **asdict(each.coverage),
            "drifted": each.coverage.drifted,
            "columns": {
                name: {"type": kind, "read_by": list(each.readers.get(name, ()))}
                for name, kind in each.types.items()
            },
        }
        for each in found
    }
    return {"sources": told}
