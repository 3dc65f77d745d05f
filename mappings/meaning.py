"""What counts in a mapping file: everything that changes what comes out of it, and nothing else."""

from __future__ import annotations

from mappings.tree import Document, Each, Field


def meaning_of(document: Document) -> dict[str, object]:
    """Return everything that changes what comes out; fields of one attribute keep their order."""
    by_attribute: dict[str, list[object]] = {}
    for line in document.fields:
        attribute = line.attribute if isinstance(line, Each) else line.slot.attribute
        by_attribute.setdefault(attribute, []).append(meaning_of_line(line))
    attributes = {name: document.schema.attributes[name] for name in by_attribute}
    return {
        "name": document.name,
        "from": [document.connector, document.object, document.alias],
        "key": document.key,
        "cursor": document.cursor,
        "delete": document.delete,
        "where": document.where,
        **({} if document.erase is None else {"erase": document.erase}),
        "fields": by_attribute,
        "types": {name: [a.type, a.parts] for name, a in attributes.items()},
    }


def meaning_of_line(line: Field | Each) -> dict[str, object]:
    """Return everything that changes what one line gives, by the words of the file."""
    if isinstance(line, Each):
        parts = {part.slot.part or "": meaning_of_line(part) for part in line.parts}
        return {"each": line.source, "as": line.alias, "parts": parts}
    slot = line.slot
    return {
        "slot": [slot.part, slot.label, slot.primary],
        "from": line.expression,
        "steps": line.steps,
        "lookup": line.lookup,
        "default": line.default,
        "on_error": line.on_error,
        "pii": line.pii,
    }
