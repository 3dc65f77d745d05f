"""Puts the SELECT of a batch together: a stack of projections over one relation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlglot import exp

from mappings.batchlists import EachSql, ListSql, each_sql, list_sql, member
from mappings.elements import ListPlan, RecordPlan, plan_record
from mappings.pipeline import KEY, NO_KEY, at, type_of, where_of
from mappings.shapes import Shape
from mappings.sqlterms import INPUT, SqlBackend
from mappings.terms import Translator
from mappings.tree import Document, Each, Field, OnError
from mappings.values import FILLED_SQL, Kind, quote, quote_name
from mappings.valuesql import ValueSql, make_value

PROBLEM_TYPE = "STRUCT(field VARCHAR, step VARCHAR, reason VARCHAR, severity VARCHAR)"


class Select:
    """One document over one relation's columns."""

    def __init__(self, document: Document, shapes: Mapping[str, Shape], day: date | None) -> None:
        self.document = document
        self.backend = SqlBackend(shapes, day)
        self.plan: RecordPlan = plan_record(document)
        self.values: dict[int, ValueSql] = {}
        self.each: dict[int, EachSql] = {}
        for position, line in enumerate(document.fields):
            if isinstance(line, Each):
                self.each[position] = each_sql(document, line, self.backend, _problem_of)
            else:
                self.values[position] = self._value(line, f"v{position}_")
        self.lists: dict[str, ListSql] = self._lists()

    def sql(self, relation: str) -> str:
        """Return the SELECT over this relation."""
        body = _projection(self._inputs(), self._source(relation))
        for layer in range(max((len(v.ops) for v in self.values.values()), default=0)):
            ops = [v.ops[layer] for v in self.values.values() if layer < len(v.ops)]
            body = _projection({name: op(quote_name) for name, op in ops}, f"({body})", more=True)
        checks = self._refusals()
        for made in self.lists.values():
            checks |= made.checks
        body = _projection(checks, f"({body})", more=True)
        merged = {name: sql for made in self.lists.values() for name, sql in made.merged.items()}
        if merged:
            body = _projection(merged, f"({body})", more=True)
        return _projection(self._outputs(), f"({body})")

    def _value(self, line: Field, prefix: str) -> ValueSql:
        attribute = self.document.schema.attributes[line.slot.attribute]
        with at(line.place, where_of(line)):
            return make_value(line, self.backend, type_of(attribute, line.slot.part), prefix)

    def _lists(self) -> dict[str, ListSql]:
        names = {position: value.result for position, value in self.values.items()}
        return {
            attribute.name: list_sql(plan, names, self.each, f"a{index}_")
            for index, (attribute, plan) in enumerate(self.plan.attributes)
            if isinstance(plan, ListPlan)
        }

    def _source(self, relation: str) -> str:
        source = f"{relation} AS {INPUT}"
        if "_row" not in self.backend.columns:
            source = f"(SELECT *, row_number() OVER () AS _row FROM {relation}) AS {INPUT}"
        if self.document.where is None:
            return source
        return f"{source} WHERE {self._edge('where', self.document.where, Kind.BOOLEAN)}"

    def _edge(self, name: str, node: exp.Expr | None, kind: Kind) -> str:
        if node is None:
            return f"CAST(NULL AS {'BOOLEAN' if kind is Kind.BOOLEAN else 'VARCHAR'})"
        with at(self.document.place, name):
            translator = Translator(self.backend)
            return translator.converted(translator.term(node), kind).form

    def _truth(self, name: str) -> str:
        return f"coalesce({self._edge(name, getattr(self.document, name), Kind.BOOLEAN)}, false)"

    def _inputs(self) -> dict[str, str]:
        document = self.document
        inputs = {
            "_row": f"CAST({INPUT}._row AS BIGINT)",
            "_key": self._edge("key", document.key, Kind.TEXT),
            "_cursor": self._edge("cursor", document.cursor, Kind.TEXT),
            "_deleted": f"{self._truth('delete')} OR {self._truth('erase')}",
            "_erased": self._truth("erase"),
        }
        for value in self.values.values():
            inputs |= value.inputs
        return inputs | {f"v{position}": each.items for position, each in self.each.items()}

    def _refusals(self) -> dict[str, str]:
        checks = {"_nokey": f"NOT coalesce({FILLED_SQL.format('_key')}, false)"}
        for position, value in self.values.items():
            for index, flag in enumerate(value.flags):
                checks[f"x{position}_{index}"] = f"coalesce({flag.condition(quote_name)}, false)"
        for position, each in self.each.items():
            if each.problems:
                problems = ", ".join(member("_x", name) for name in each.problems)
                checks[f"y{position}"] = (
                    f"coalesce(list_filter(flatten(list_transform(v{position},"
                    f" lambda _x: [{problems}])), lambda _p: _p IS NOT NULL), [])"
                )
        return checks

    def _problems(self) -> str:
        pieces = [f"[CASE WHEN _nokey THEN {_problem(KEY, KEY, NO_KEY, OnError.QUARANTINE)} END]"]
        some = ["_nokey"]
        for position, line in enumerate(self.document.fields):
            if isinstance(line, Each):
                if self.each[position].problems:
                    pieces.append(f"y{position}")
                    some.append(f"len(y{position}) > 0")
                continue
            flags = self.values[position].flags
            arms = [
                f"WHEN x{position}_{index} THEN {_problem_of(line, flag.step, flag.reason)}"
                for index, flag in enumerate(flags)
            ]
            if arms:
                pieces.append(f"[CASE {' '.join(arms)} END]")
                some += [f"x{position}_{index}" for index in range(len(flags))]
        joined = f"list_concat({', '.join(pieces)})" if len(pieces) > 1 else pieces[0]
        return (
            f"CASE WHEN {' OR '.join(some)} THEN list_filter({joined}, lambda _p: _p IS NOT NULL)"
            f" ELSE CAST([] AS {PROBLEM_TYPE}[]) END"
        )

    def _outputs(self) -> dict[str, str]:
        outputs = {name: name for name in ("_row", "_key", "_cursor", "_deleted", "_erased")}
        outputs["_problems"] = self._problems()
        for attribute, plan in self.plan.attributes:
            if isinstance(plan, ListPlan):
                outputs[attribute.name] = self.lists[attribute.name].result
            else:
                outputs[attribute.name] = self.values[plan].result
        return outputs


def _projection(columns: Mapping[str, str], source: str, *, more: bool = False) -> str:
    listed = [f"{sql} AS {quote_name(name)}" for name, sql in columns.items()]
    return f"SELECT {', '.join((['*'] if more else []) + listed)}\nFROM {source}"


def _problem_of(line: Field, step: str, reason: str) -> str:
    return _problem(line.name, step, reason, line.on_error)


def _problem(field: str, step: str, reason: str, severity: OnError) -> str:
    words = {"field": field, "step": step, "reason": reason, "severity": severity.value}
    return "{" + ", ".join(f"{quote(name)}: {quote(word)}" for name, word in words.items()) + "}"
