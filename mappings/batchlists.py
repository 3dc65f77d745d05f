"""The SQL of multi-valued attributes: elements from fields, and from lists of the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.elements import ElementPlan, ListPlan
from mappings.pipeline import at, type_of, where_of
from mappings.sqlterms import SqlBackend, list_items, literal_sql
from mappings.terms import Translator
from mappings.tree import Document, Each, Field
from mappings.values import DUCKDB_TYPES, kind_of, quote
from mappings.valuesql import ValueSql, make_value

ProblemSql = Callable[[Field, str, str], str]


@dataclass(frozen=True, slots=True)
class EachSql:
    """A list of the row, as SQL on the input: structs of parts, and ``q0``, ``q1``… (problems)."""

    items: str
    parts: Mapping[str, str]
    problems: tuple[str, ...]


def struct(members: Mapping[str, str]) -> str:
    """Write a struct."""
    return "{" + ", ".join(f"{quote(name)}: {sql}" for name, sql in members.items()) + "}"


def member(item: str, name: str) -> str:
    """Read a member of a struct."""
    return f"struct_extract({item}, {quote(name)})"


def each_sql(document: Document, line: Each, backend: SqlBackend, problem: ProblemSql) -> EachSql:
    """Compile an `Each` into a chain of list transformations, one per stage."""
    with at(line.place, f"fields.{line.name}.each"):
        items, shape = list_items(Translator(backend).term(line.source))
    inner = SqlBackend(backend.columns, backend.day, (line.alias, "_e", shape))
    made = [_part(document, part, inner, f"p{i}_") for i, part in enumerate(line.parts)]
    held = {name: sql for value in made for name, sql in value.inputs.items()}
    sql = f"list_transform({items}, lambda _e: {struct(held)})"
    names = list(held)

    def ref(name: str) -> str:
        return member("_r", name)

    for layer in range(max(len(value.ops) for value in made)):
        ops = dict(value.ops[layer] for value in made if layer < len(value.ops))
        row = {name: ref(name) for name in names} | {n: op(ref) for n, op in ops.items()}
        names += ops
        sql = f"list_transform({sql}, lambda _r: {struct(row)})"
    parts = {str(p.slot.part): v.result for p, v in zip(line.parts, made, strict=True)}
    row = {f"v_{part}": ref(name) for part, name in parts.items()}
    problems = {
        f"q{i}": _first_problem(part, value, ref, problem)
        for i, (part, value) in enumerate(zip(line.parts, made, strict=True))
        if value.flags
    }
    sql = f"list_transform({sql}, lambda _r: {struct(row | problems)})"
    return EachSql(sql, {part: f"v_{part}" for part in parts}, tuple(problems))


def _part(document: Document, part: Field, backend: SqlBackend, prefix: str) -> ValueSql:
    attribute = document.schema.attributes[part.slot.attribute]
    with at(part.place, where_of(part)):
        return make_value(part, backend, type_of(attribute, part.slot.part), prefix)


def _first_problem(
    part: Field, value: ValueSql, ref: Callable[[str], str], problem: ProblemSql
) -> str:
    arms = " ".join(
        f"WHEN {flag.condition(ref)} THEN {problem(part, flag.step, flag.reason)}"
        for flag in value.flags
    )
    return f"CASE {arms} END"


@dataclass(frozen=True, slots=True)
class ListSql:
    """The layers of columns that make one list; the last is the attribute's own expression."""

    checks: Mapping[str, str]
    merged: Mapping[str, str]
    result: str


def list_sql(
    plan: ListPlan, values: Mapping[int, str], each: Mapping[int, EachSql], prefix: str
) -> ListSql:
    """Compile a list from the columns that hold the values of its fields, by position."""
    if any(isinstance(item, int) for item in plan.items):
        return _from_lists(plan, values, each, prefix)
    slots = [_element(plan, item, values) for item in plan.items if isinstance(item, ElementPlan)]
    if plan.promote and "primary" in plan.parts:
        for index in range(1, len(slots)):
            before = " OR ".join(_filled(plan, slot) for slot in slots[:index])
            slots[index]["primary"] = f"(NOT ({before}))"
        slots[0]["primary"] = "true"
    checks = {f"{prefix}k{i}": _kept(plan, slots, i) for i in range(len(slots))}
    merged = [_merged(plan, slots, i) for i in range(len(slots))]
    return ListSql(checks, {}, _collected(plan, list(checks), [struct(slot) for slot in merged]))


def _element(plan: ListPlan, item: ElementPlan, values: Mapping[int, str]) -> dict[str, str]:
    element: dict[str, str] = {}
    for part, type_ in plan.parts.items():
        if part in item.parts:
            element[part] = values[item.parts[part]]
        else:
            constant: Any = item.constants.get(part)
            element[part] = f"CAST({literal_sql(constant)} AS {DUCKDB_TYPES[kind_of(type_)]})"
    return element


def _filled(plan: ListPlan, element: Mapping[str, str]) -> str:
    return "(" + " OR ".join(f"{element[part]} IS NOT NULL" for part in plan.values) + ")"


def _same(plan: ListPlan, one: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    """Return SQL for two elements being equal; None when they never are."""
    tests = []
    for part in plan.identity:
        left, right = one[part], other[part]
        if left == right:
            continue
        if left.startswith("CAST('") and right.startswith("CAST('"):
            return None
        tests.append(f"{left} IS NOT DISTINCT FROM {right}")
    return "(" + (" AND ".join(tests) or "true") + ")"


def _kept(plan: ListPlan, slots: Sequence[Mapping[str, str]], index: int) -> str:
    earlier = [same for slot in slots[:index] if (same := _same(plan, slot, slots[index]))]
    filled = _filled(plan, slots[index])
    return f"{filled} AND NOT ({' OR '.join(earlier)})" if earlier else filled


def _merged(plan: ListPlan, slots: Sequence[Mapping[str, str]], index: int) -> Mapping[str, str]:
    element = dict(slots[index])
    for other in slots[index + 1 :]:
        same = _same(plan, slots[index], other)
        for flag in plan.flags if same else ():
            if other[flag] not in {
                element[flag],
                "CAST(NULL AS BOOLEAN)",
                "CAST(false AS BOOLEAN)",
            }:
                left, right = element[flag], other[flag]
                either = f"coalesce({left} OR {right}, {left}, {right})"
                element[flag] = f"(CASE WHEN {same} THEN {either} ELSE {left} END)"
    return element


def _collected(plan: ListPlan, kept: Sequence[str], structs: Sequence[str]) -> str:
    empty = f"CAST([] AS {_element_type(plan)}[])"
    if len(kept) == 1:
        return f"CASE WHEN {kept[0]} THEN [{structs[0]}] ELSE {empty} END"
    if len(kept) == 2:
        return (
            f"CASE WHEN {kept[0]} AND {kept[1]} THEN [{structs[0]}, {structs[1]}]"
            f" WHEN {kept[0]} THEN [{structs[0]}] WHEN {kept[1]} THEN [{structs[1]}]"
            f" ELSE {empty} END"
        )
    some = " OR ".join(kept)
    items = ", ".join(
        f"CASE WHEN {keep} THEN {made} END" for keep, made in zip(kept, structs, strict=True)
    )
    return (
        f"CASE WHEN {some} THEN list_filter([{items}], lambda _x: _x IS NOT NULL) ELSE {empty} END"
    )


def _element_type(plan: ListPlan) -> str:
    members = ", ".join(
        f'"{part}" {DUCKDB_TYPES[kind_of(type_)]}' for part, type_ in plan.parts.items()
    )
    return f"STRUCT({members})"


def _from_lists(
    plan: ListPlan, values: Mapping[int, str], each: Mapping[int, EachSql], prefix: str
) -> ListSql:
    """Put fields and lists together, leave out what is empty, then make equal elements one."""
    pieces = []
    for item in plan.items:
        if isinstance(item, int):
            pieces.append(_each_elements(plan, each[item], f"v{item}"))
        else:
            element = _element(plan, item, values)
            pieces.append(f"[{struct(element)}]")
    joined = f"list_concat({', '.join(pieces)})" if len(pieces) > 1 else pieces[0]
    needed = " OR ".join(f"{member('_x', part)} IS NOT NULL" for part in plan.values)
    listed, once = f"{prefix}l", f"{prefix}d"
    filtered = (
        f"coalesce(list_filter({joined}, lambda _x: {needed}), CAST([] AS {_element_type(plan)}[]))"
    )
    unique = f"CASE WHEN len({listed}) < 2 THEN {listed} ELSE {_unique(plan, listed)} END"
    result = once
    if plan.promote and "primary" in plan.parts:
        parts = {part: member("_x", part) for part in plan.parts}
        parts["primary"] = f"({parts['primary']} OR _i = 1)"
        result = f"list_transform({once}, lambda _x, _i: {struct(parts)})"
    return ListSql({listed: filtered}, {once: unique}, result)


def _each_elements(plan: ListPlan, each: EachSql, column: str) -> str:
    parts: dict[str, str] = {}
    for part, type_ in plan.parts.items():
        made = member("_x", each.parts[part]) if part in each.parts else "NULL"
        made = f"CAST({made} AS {DUCKDB_TYPES[kind_of(type_)]})"
        parts[part] = f"coalesce({made}, false)" if part == "primary" else made
    return f"list_transform({column}, lambda _x: {struct(parts)})"


def _unique(plan: ListPlan, listed: str) -> str:
    def identity(item: str) -> str:
        return struct({part: member(item, part) for part in plan.identity})

    keys = f"list_transform({listed}, lambda _y: {identity('_y')})"
    first = f"list_filter({listed}, lambda _x, _i: list_position({keys}, {identity('_x')}) = _i)"
    if not plan.flags:
        return first
    equal = f"list_filter({listed}, lambda _y: {identity('_y')} = {identity('_x')})"
    parts = {part: member("_x", part) for part in plan.parts}
    for flag in plan.flags:
        values = f"list_transform({equal}, lambda _y: {member('_y', flag)})"
        parts[flag] = f"list_bool_or({values})"
    return f"list_transform({first}, lambda _x: {struct(parts)})"
