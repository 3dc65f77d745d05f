"""What the probabilistic stage compares, as one Arrow table: a row for each record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.held import WRITERS
from idp_core.profiles.model import Attributes, SourceProfile
from idp_core.profiles.names import roots
from idp_core.profiles.scoring import Population
from pipelines.resolve.modelfile import Column, Model, said_words

ID = "unique_id"
"""The column that holds a record's place in the sequence it came from."""


def table(
    profiles: Sequence[SourceProfile],
    records: Sequence[Evidence],
    model: Model,
    others: Population,
) -> pa.Table:
    """Return the columns of the model, empty ones too; `records` are what `profiles` say, usable.

    ``<column>_roots`` are the names a given name may stand for, ``<column>_shared`` says that an
    identifier was seen on someone who cannot be the same person.
    """
    arrays: dict[str, pa.Array] = {ID: pa.array(range(len(records)), pa.int64())}
    nicknames = "nickname" in said_words(model)
    for name, column in model.columns.items():
        values = list(_values(column, profiles, records))
        arrays[name] = pa.array(values, pa.string())
        if column.read == "given_name" and nicknames:
            known = (sorted(roots(value)) if value else None for value in values)
            arrays[f"{name}_roots"] = pa.array(list(known), pa.list_(pa.string()))
        if column.read is not None:
            shared = [(column.read, value) in others.contested for value in values]
            arrays[f"{name}_shared"] = pa.array(shared, pa.bool_())
    return pa.table(arrays)


def _values(
    column: Column, profiles: Iterable[SourceProfile], records: Iterable[Evidence]
) -> Iterable[str | None]:
    """Yield the first value of each record; None where it has none."""
    read = column.read
    if read == "given_name":
        return (record.given or None for record in records)
    if read == "family_name":
        return (record.family or None for record in records)
    if read == "birth_date":
        return (record.birth.isoformat() if record.birth else None for record in records)
    if read is not None:
        return (next(iter(record.held.get(read, ())), None) for record in records)
    look = _path(column)
    return (look(profile.attributes) for profile in profiles)


def _path(column: Column) -> Callable[[Attributes], str | None]:
    """Return what reads an attribute, or a part of a list's first element that has it."""
    root, _, part = (column.from_ or "").partition(".")
    write = WRITERS[column.write]

    def look(said: Attributes) -> str | None:
        found = said.get(root)
        elements = found if isinstance(found, list | tuple) else [found]
        for element in elements:
            value = element.get(part) if part and isinstance(element, dict) else element
            if value is not None and not isinstance(value, dict) and (text := write(str(value))):
                return text
        return None

    return look
