"""The sandbox's world as records: the rows of its four systems through its own mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, NamedTuple

from mappings.document import load_mapping
from mappings.record import compile_record
from mappings.tree import OnError
from pipelines.sandbox import crm
from pipelines.sandbox.shapes import COLUMNS
from pipelines.sandbox.world import SOURCES, Record, make_world


class Said(NamedTuple):
    """What one living record says, and whose it is."""

    source: str
    key: str
    attributes: dict[str, Any]
    person: int


def world(size: int, seed: int) -> Iterator[Said]:
    """Yield the records of a world; deleted and quarantined ones are left out, as in a run."""
    made = make_world(size, seed)
    for source in SOURCES:
        names = (
            [crm.FIELDS[name] for name in COLUMNS[source]] if source == "crm" else COLUMNS[source]
        )
        run = compile_record(_mapping(source))
        for record in made.records[source].values():
            if len(record.row) == len(names) and (found := _mapped(run, names, record)) is not None:
                yield Said(source, record.key, found, record.person)


def _mapping(source: str) -> Any:
    file = files("pipelines.sandbox").joinpath("project", "mappings", f"{source}.yaml")
    return load_mapping(file.read_text("utf-8"), f"{source}.yaml")


def _mapped(run: Callable[[Any], Any], names: Any, record: Record) -> dict[str, Any] | None:
    mapped = run(dict(zip(names, record.row, strict=True)))
    if mapped is None or mapped.deleted:
        return None
    if any(problem.severity is OnError.QUARANTINE for problem in mapped.problems):
        return None
    return dict(mapped.attributes)
