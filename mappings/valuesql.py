"""Makes one value by SQL: one column per stage, so that no expression is written or run twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.pipeline import (
    LOOKUP,
    NOT_FOUND,
    TYPE,
    WRONG_TYPE,
    Recipe,
    StepCall,
    lookup_table,
    step_calls,
)
from mappings.sqlterms import SqlBackend, literal_sql
from mappings.steps import Udf
from mappings.terms import Term, Translator
from mappings.values import DUCKDB_TYPES, FILLED_SQL, Kind, convert_sql, quote

Ref = Callable[[str], str]
"""Turns the name of a made column into SQL that reads it."""

Op = Callable[[Ref], str]
Prepare = Callable[[str, Mapping[str, Any]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Flag:
    """A refusal: SQL that is true when it happened, the step's name and its reason."""

    condition: Op
    step: str
    reason: str


@dataclass(slots=True)
class ValueSql:
    """The columns that make one value.

    `inputs` are SQL over the input; `ops` are made one after the other from the columns before;
    `result` names the last one.
    """

    prefix: str
    inputs: dict[str, str] = field(default_factory=dict)
    ops: list[tuple[str, Op]] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    udfs: set[Udf] = field(default_factory=set)
    result: str = ""
    kind: Kind = Kind.NULL

    def start(self, sql: str, kind: Kind) -> None:
        """Begin with this expression on the input."""
        self.kind = kind
        self.result = self.input(sql)

    def input(self, sql: str) -> str:
        """Add an expression on the input; returns its name."""
        name = f"{self.prefix}i{len(self.inputs)}"
        self.inputs[name] = sql
        return name

    def then(self, make: Callable[[str, Ref], str], kind: Kind) -> None:
        """Add a stage: SQL from the value before."""
        before = self.result
        self.result, self.kind = f"{self.prefix}{len(self.ops)}", kind
        self.ops.append((self.result, lambda ref: make(ref(before), ref)))

    def beside(self, name: str, make: Prepare, given: Callable[[Ref], dict[str, Any]]) -> str:
        """Add a stage that keeps the value and computes one prepared column; returns its name."""
        before, made = self.result, f"{self.prefix}{len(self.ops)}"
        self.ops.append((made, lambda ref: make(ref(before), given(ref))[name]))
        return made

    def refusable(self, before: str, kind: Kind, step: str, reason: str) -> None:
        """Say that the last stage refused where it made nothing out of something."""
        after = self.result
        self.flags.append(
            Flag(
                lambda ref: f"CASE WHEN {ref(after)} IS NULL THEN {_filled(ref(before), kind)} END",
                step,
                reason,
            )
        )


def make_value(recipe: Recipe, backend: SqlBackend, kind: Kind | None, prefix: str) -> ValueSql:
    """Compile a recipe to the columns that make its value, of this kind unless None.

    Raises ValueError with the mend.
    """
    translator = Translator(backend)
    value = ValueSql(prefix)
    term = translator.term(recipe.expression)
    shape = term.shape if term.kind in {Kind.LIST, Kind.JSON} else None
    value.start(term.form, term.kind)
    for call in step_calls(recipe.steps):
        _step(value, call, translator, shape)
        shape = None
    if kind is Kind.TEXT and recipe.lookup is None:
        _require_no_nest(value)
    if value.kind is Kind.JSON:
        value.then(lambda sql, _: convert_sql(sql, Kind.JSON, Kind.TEXT), Kind.TEXT)
    if recipe.lookup is not None:
        _lookup(value, recipe.lookup, missing_is_fine=recipe.default is not None)
    if kind is not None and value.kind is not kind:
        before, held = value.result, value.kind
        value.then(lambda sql, _: convert_sql(sql, held, kind), kind)
        if kind in WRONG_TYPE:
            value.refusable(before, held, TYPE, WRONG_TYPE[kind])
    if recipe.default is not None:
        fallback = translator.converted(translator.term(recipe.default), value.kind)
        other = value.input(fallback.form)
        value.then(lambda sql, ref: f"coalesce({sql}, {ref(other)})", value.kind)
    return value


def _require_no_nest(value: ValueSql) -> None:
    """Refuse lists and objects where a text is wanted; what else a JSON value is becomes one."""
    before, held = value.result, value.kind
    if held not in _NESTED:
        return

    def nested(sql: str) -> str:
        if held is Kind.JSON:
            return f"json_type({sql}) IN ('ARRAY', 'OBJECT')"
        return f"{sql} IS NOT NULL"

    def text(sql: str, _: Ref) -> str:
        return f"CASE WHEN NOT ({nested(sql)}) THEN {convert_sql(sql, held, Kind.TEXT)} END"

    value.then(text, Kind.TEXT)
    refused = Flag(lambda ref: nested(ref(before)), TYPE, WRONG_TYPE[Kind.TEXT])
    value.flags.append(refused)


_NESTED = {Kind.JSON, Kind.LIST, Kind.STRUCT}


def _step(value: ValueSql, call: StepCall, translator: Translator[str], shape: Any) -> None:
    spec = call.spec
    if spec.takes is Kind.TEXT and value.kind not in spec.passes:
        _require_no_nest(value)
    before, held = value.result, value.kind
    if held in spec.passes:
        value.then(lambda sql, _: convert_sql(sql, held, spec.gives), spec.gives)
    else:
        _run(value, call, translator, shape)
    if spec.reason:
        value.refusable(before, held, spec.name, spec.reason)
    value.udfs.update(spec.udfs)


def _run(value: ValueSql, call: StepCall, translator: Translator[str], shape: Any) -> None:
    spec, held = call.spec, value.kind
    if held is not spec.takes or held is Kind.LIST:

        def prepare(sql: str, _: Ref) -> str:
            if spec.takes is Kind.LIST:
                return translator.backend.convert(Term(sql, held, shape=shape), Kind.LIST)
            return convert_sql(sql, held, spec.takes)

        value.then(prepare, spec.takes)
    row = dict.fromkeys(spec.row_arguments, "NULL")
    inputs: dict[str, str] = {}
    for name, node in call.expressions.items():
        term = translator.converted(translator.term(node), Kind.TEXT)
        if term.is_literal or (isinstance(term.form, str) and term.form.startswith("'")):
            row[name] = term.form
        else:
            inputs[name] = value.input(term.form)

    def given(ref: Ref) -> dict[str, Any]:
        return dict(call.values) | row | {name: ref(column) for name, column in inputs.items()}

    prepared: dict[str, str] = {}
    if spec.prepare is not None:
        for name in spec.prepare("", given(str)):
            prepared[name] = value.beside(name, spec.prepare, given)

    def run(sql: str, ref: Ref) -> str:
        return spec.sql(sql, given(ref) | {name: ref(made) for name, made in prepared.items()})

    value.then(run, spec.gives)


def _lookup(value: ValueSql, table: Mapping[str, Any], *, missing_is_fine: bool) -> None:
    before, held = value.result, value.kind
    values, kind = lookup_table(table)

    def find(sql: str, _: Ref) -> str:
        text = convert_sql(sql, held, Kind.TEXT)
        arms = " ".join(
            f"WHEN {quote(key)} THEN {literal_sql(item)}" for key, item in values.items()
        )
        return f"CAST(CASE {text} {arms or 'WHEN NULL THEN NULL'} END AS {DUCKDB_TYPES[kind]})"

    value.then(find, kind)
    if missing_is_fine:
        return
    keys = ", ".join(map(quote, table))

    def missed(ref: Ref) -> str:
        text = convert_sql(ref(before), held, Kind.TEXT)
        known = f" AND {text} NOT IN ({keys})" if table else ""
        return f"{_filled(ref(before), held)}{known}"

    value.flags.append(Flag(missed, LOOKUP, NOT_FOUND))


def _filled(sql: str, kind: Kind) -> str:
    if kind is not Kind.TEXT:
        return f"{sql} IS NOT NULL"
    return FILLED_SQL.format(sql)
