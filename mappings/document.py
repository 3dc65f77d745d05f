"""Reads a mapping file: YAML text in, a checked `Document` out, or every problem at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import yaml
from sqlglot import exp

from mappings.checker import check_fields, check_meaning, check_tests, check_truth
from mappings.digest import digest
from mappings.fields import FieldReader, checked_alias
from mappings.meaning import meaning_of
from mappings.reading import Reader
from mappings.schema import CUSTOMER, Schema
from mappings.scopes import RowScope
from mappings.tree import Document, Each, Field, Test

KEYS = (
    "mapping", "from", "key", "cursor", "delete", "erase", "where", "fields", "ignore", "tests",
)  # fmt: skip
"""The keys of a mapping file."""

DEFAULT_ALIAS = "row"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def load_mapping(text: str, file: str, schema: Schema = CUSTOMER) -> Document:
    """Read and check a mapping file.

    `file` is only the name that problems and places carry. Raises MappingError with all problems.
    """
    reader = Reader(file, text)
    entries = reader.entries(reader.root, "mapping", KEYS)
    name = read_name(reader, entries, "mapping")
    origin = _Origin.read(reader, entries)
    scope = RowScope(origin.alias)
    key = _expression(reader, entries, "key", scope, required=True)
    cursor = _expression(reader, entries, "cursor", scope)
    delete = _expression(reader, entries, "delete", scope)
    erase = _expression(reader, entries, "erase", scope)
    where = _expression(reader, entries, "where", scope)
    fields = _fields(reader, entries, FieldReader(reader, schema, scope))
    ignore = frozenset(reader.words(entries.get("ignore"), "ignore"))
    tests = read_tests(reader, entries.get("tests"))
    check_truth(reader, {"delete": delete, "erase": erase, "where": where}, entries)
    check_fields(reader, fields, schema)
    if not reader.problems:  # a field that could not be read would make its tests wrong, too
        check_tests(reader, tests, fields, schema)
    document = Document(
        name=name,
        place=reader.place(reader.root),
        connector=origin.connector,
        object=origin.object,
        alias=origin.alias,
        key=key if key is not None else exp.Null(),
        fields=fields,
        schema=schema,
        digest="",
        cursor=cursor,
        delete=delete,
        erase=erase,
        where=where,
        ignore=ignore,
        tests=tests,
    )
    check_meaning(reader, document)
    reader.finish()
    return with_digest(document)


def read_name(reader: Reader, entries: Mapping[str, yaml.Node], kind: str) -> str:
    """Read the document's own name, which stands under `kind` (``mapping`` or ``push``)."""
    node = reader.required(entries, kind, reader.root, kind)
    name = reader.word(node, kind)
    if node is not None and name and not _NAME.fullmatch(name):
        reader.problem(node, kind, "a name has letters, digits, '-', '_' and '.' only")
    return name


def read_tests(reader: Reader, node: yaml.Node | None) -> tuple[Test, ...]:
    """Read the examples of a file; their values are plain data."""
    tests = []
    for item in reader.items(node, "tests") if node is not None else ():
        entries = reader.entries(item, "tests", {"name", "given", "expect"})
        name = reader.word(reader.required(entries, "name", item, "tests"), "tests.name")
        where = f"tests.{name}" if name else "tests"
        given = _record(reader, entries, "given", item, where)
        expect = _record(reader, entries, "expect", item, where)
        tests.append(Test(name, reader.place(item), given, expect))
    return tuple(tests)


def with_digest(document: Document) -> Document:
    """Return the document with the hash of its meaning."""
    return replace(document, digest=digest(meaning_of(document)))


def _record(
    reader: Reader, entries: Mapping[str, yaml.Node], key: str, item: yaml.Node, where: str
) -> dict[str, object]:
    node = reader.required(entries, key, item, where)
    if node is None:
        return {}
    inside = f"{where}.{key}"
    return {k.value: reader.value(v, inside) for k, v in reader.pairs(node, inside)}


@dataclass(frozen=True, slots=True)
class _Origin:
    connector: str
    object: str
    alias: str

    @classmethod
    def read(cls, reader: Reader, entries: Mapping[str, yaml.Node]) -> _Origin:
        node = reader.required(entries, "from", reader.root, "from")
        if node is None:
            return cls("", "", DEFAULT_ALIAS)
        inner = reader.entries(node, "from", ("connector", "object", "as"))
        connector = reader.word(reader.required(inner, "connector", node, "from"), "from.connector")
        object_ = reader.word(reader.required(inner, "object", node, "from"), "from.object")
        alias = DEFAULT_ALIAS
        if "as" in inner:
            word = reader.word(inner["as"], "from.as")
            alias = checked_alias(reader, inner["as"], word, "from.as") if word else ""
        return cls(connector, object_, alias or DEFAULT_ALIAS)


def _expression(
    reader: Reader,
    entries: Mapping[str, yaml.Node],
    key: str,
    scope: RowScope,
    *,
    required: bool = False,
) -> exp.Expr | None:
    if required:
        reader.required(entries, key, reader.root, key)
    node = entries.get(key)
    return None if node is None else reader.expression(node, key, scope)


def _fields(
    reader: Reader, entries: Mapping[str, yaml.Node], fields: FieldReader
) -> tuple[Field | Each, ...]:
    node = reader.required(entries, "fields", reader.root, "fields")
    if node is None:
        return ()
    if isinstance(node, yaml.MappingNode) and not node.value:
        reader.problem(node, "fields", "no field is set; write for example email: c.Email")
    return fields.read(node)
