"""What the probabilistic stage compares, as one Arrow table: a row for each record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.held import WRITERS
from idp_core.profiles.model import Attributes, SourceProfile
from idp_core.profiles.names import roots
from idp_core.profiles.scoring import Population
from pipelines.resolve.modelfile import Column, Model, said_words

ID = "unique_id"
"""The column that holds a record's place in the sequence it came from."""


Said = tuple[str | None, ...]
"""What a record says in the columns that read attributes, in the order of the model."""


def sayer(model: Model) -> Callable[[SourceProfile], Said]:
    """Return what reads from a record all that the columns want beside its evidence."""
    looks = [_path(column) for column in model.columns.values() if column.read is None]
    return lambda profile: tuple([look(profile.attributes) for look in looks])


def table(
    said: Sequence[Said], records: Sequence[Evidence], model: Model, others: Population
) -> pa.Table:
    """Return the columns of the model, empty ones too, of `records`, which are usable.

    `said` is what each says beside (`sayer`).
    ``<column>_roots`` are the names a given name may stand for, ``<column>_shared`` says that an
    identifier was seen on someone who cannot be the same person.
    """
    arrays: dict[str, pa.Array] = {ID: pa.array(range(len(records)), pa.int64())}
    nicknames = "nickname" in said_words(model)
    beside = 0
    for name, column in model.columns.items():
        if column.read is None:
            values = [each[beside] for each in said]
            beside += 1
        else:
            values = list(map(_evident(column.read), records))
        arrays[name] = pa.array(values, pa.string())
        if column.read == "given_name" and nicknames:
            known = (sorted(roots(value)) if value else None for value in values)
            arrays[f"{name}_roots"] = pa.array(list(known), pa.list_(pa.string()))
        if column.read is not None:
            shared = [(column.read, value) in others.contested for value in values]
            arrays[f"{name}_shared"] = pa.array(shared, pa.bool_())
    return pa.table(arrays)


Look = Callable[[SourceProfile, Evidence], str | None]


def lookers(model: Model) -> Mapping[str, Look]:
    """Return for each column what reads its first value from a record; None where it has none."""
    return {name: _look(column) for name, column in model.columns.items()}


def _look(column: Column) -> Look:
    if column.read is not None:
        evident = _evident(column.read)
        return lambda _, record: evident(record)
    look = _path(column)
    return lambda profile, _: look(profile.attributes)


def _evident(read: str) -> Callable[[Evidence], str | None]:
    """Return what reads a name, the birth date or the first identifier of a kind."""
    if read == "given_name":
        return lambda record: record.given or None
    if read == "family_name":
        return lambda record: record.family or None
    if read == "birth_date":
        return lambda record: record.birth.isoformat() if record.birth else None
    return lambda record: next(iter(record.of(read)), None)


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
