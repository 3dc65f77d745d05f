"""Terms as Python closures over one record: what DuckDB does to a column, done to one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mappings.functions import Function
from mappings.functions.spec import NUMBER, SAME
from mappings.shapes import NOTHING, Shape
from mappings.terms import Term, common_kind, compared_kind
from mappings.values import CONVERT, Kind, read, to_decimal, to_text

Form = Callable[[Any], Any]
"""A closure over the environment: the row, or inside a list the pair (row, element)."""

Reader = Callable[[str], "Term[Form] | None"]


@dataclass(frozen=True, slots=True)
class ClosureBackend:
    """Makes closures over a row, a mapping of column name to value.

    With `columns` the declared types decide as they do in DuckDB, and other columns are NULL;
    without them each value's own Python type does. `element` is the alias of a list's element.
    """

    day: Callable[[], date] | None = None
    columns: Mapping[str, Shape] | None = None
    element: str | None = None
    element_shape: Shape | None = None
    reader: Reader | None = field(default=None, repr=False)

    def literal(self, value: Any, kind: Kind) -> Form:  # noqa: ARG002 (the protocol's form)
        """Return the value whatever the row."""
        return lambda _: value

    def column(self, table: str, name: str) -> Term[Form]:
        """Read a column of the row, or a member of the element."""
        if self.reader is not None and (term := self.reader(name)) is not None:
            return term
        if self.element is not None:
            if table == self.element:
                element = Term(lambda pair: pair[1], Kind.ANY, shape=self.element_shape)
                return self.member(element, name)
            if not table and name == self.element:
                return _typed(lambda pair: pair[1], self.element_shape)
            return _typed(lambda pair: pair[0].get(name), self._shape(name))
        return _typed(lambda row: row.get(name), self._shape(name))

    def _shape(self, name: str) -> Shape | None:
        return None if self.columns is None else self.columns.get(name, NOTHING)

    def member(self, term: Term[Form], name: str) -> Term[Form]:
        """Read a member of a dict; None when it is none."""
        whole = term.form

        def get(env: Any) -> Any:
            value = whole(env)
            return value.get(name) if isinstance(value, Mapping) else None

        return _typed(get, _member_shape(term.shape, name))

    def item(self, term: Term[Form], index: int) -> Term[Form]:
        """Read an item of a list; None when there is none."""
        whole = term.form

        def get(env: Any) -> Any:
            value = whole(env)
            return value[index] if isinstance(value, list) and index < len(value) else None

        shape = term.shape
        if shape is not None and shape.kind is not Kind.JSON:
            shape = NOTHING if shape.element is None or shape.is_map else shape.element
        return _typed(get, shape)

    def convert(self, term: Term[Form], kind: Kind) -> Form:
        """Convert; None where it cannot be done."""
        form = term.form
        convert = texts if kind is Kind.LIST else CONVERT[kind]
        return lambda env: convert(form(env))

    def apply(self, function: Function, terms: Sequence[Term[Form]], kind: Kind) -> Form:  # noqa: ARG002
        """Return a closure that calls the function."""
        call = _dynamic(function, terms) or function.python
        forms = [term.form for term in terms]
        return _strict(call, forms) if function.strict else _lenient(call, forms)

    def today(self) -> Form:
        """Return the run's date."""
        day = self.day
        if day is None:
            raise ValueError("today() is not known here: pass the date of the run")
        return lambda _: day()


def texts(value: Any) -> list[str | None] | None:
    """Read a list of texts; None when it is no list."""
    return [to_text(read(item)) for item in value] if isinstance(value, list) else None


def kind_of_value(value: Any) -> Kind:
    """Return the kind of a Python value that `mappings.values.read` gave."""
    for type_, kind in _KINDS:
        if isinstance(value, type_):
            return kind
    return Kind.TEXT


_KINDS: tuple[tuple[type, Kind], ...] = (
    (str, Kind.TEXT),
    (bool, Kind.BOOLEAN),
    (int, Kind.INTEGER),
    (Decimal, Kind.DECIMAL),
    (datetime, Kind.TIMESTAMP),
    (date, Kind.DATE),
    (type(None), Kind.NULL),
    (list, Kind.LIST),
    (dict, Kind.STRUCT),
)


def _member_shape(shape: Shape | None, name: str) -> Shape | None:
    if shape is None or shape.kind is Kind.JSON:
        return shape
    if shape.is_map:
        return shape.element
    return shape.members.get(name, NOTHING)


def _typed(get: Form, shape: Shape | None) -> Term[Form]:
    """Read a raw value as its declared type says, or as its own type does."""
    if shape is NOTHING:
        return Term(lambda _: None, Kind.NULL, shape=shape)
    if shape is not None and shape.kind in CONVERT:
        convert = CONVERT[shape.kind]

        def declared(env: Any) -> Any:
            return convert(read(get(env)))

        return Term(declared, shape.kind, shape=shape)

    def own(env: Any) -> Any:
        value = get(env)
        return value if value is None or type(value) is str else read(value)

    return Term(own, Kind.ANY if shape is None else shape.kind, shape=shape)


def _strict(call: Callable[..., Any], forms: Sequence[Form]) -> Form:
    if len(forms) == 1:
        only = forms[0]

        def one(env: Any) -> Any:
            value = only(env)
            return None if value is None else call(value)

        return one
    if len(forms) == 2:
        first, second = forms

        def two(env: Any) -> Any:
            left = first(env)
            if left is None:
                return None
            right = second(env)
            return None if right is None else call(left, right)

        return two

    def many(env: Any) -> Any:
        values = [form(env) for form in forms]
        return None if None in values else call(*values)

    return many


def _lenient(call: Callable[..., Any], forms: Sequence[Form]) -> Form:
    if len(forms) == 2:
        first, second = forms
        return lambda env: call(first(env), second(env))
    return lambda env: call(*[form(env) for form in forms])


def _dynamic(function: Function, terms: Sequence[Term[Form]]) -> Callable[..., Any] | None:
    """Wrap a function whose arguments have kinds that only the row knows."""
    if not any(term.kind is Kind.ANY for term in terms):
        return None
    call = function.python
    if function.result == NUMBER:
        return lambda *values: _on_numbers(call, values)
    if SAME not in (*function.parameters, function.rest) or function.name in _UNMIXED:
        return None
    shared = compared_kind if function.result is Kind.BOOLEAN else common_kind
    kinds = [term.kind for term in terms]

    def run(*values: Any) -> Any:
        same = aligned(values, kinds, shared)
        return None if function.strict and None in same else call(*same)

    return run


_UNMIXED = {"coalesce", "ifnull", "case"}


def _on_numbers(call: Callable[..., Any], values: Sequence[Any]) -> Any:
    if not all(type(value) is int for value in values):
        values = [to_decimal(value) for value in values]
    return None if None in values else call(*values)


def aligned(
    values: Sequence[Any], kinds: Sequence[Kind], shared: Callable[[Sequence[Kind]], Kind]
) -> Sequence[Any]:
    """Bring values to the kind they have in common; a kind of `Kind.ANY` is that of the value."""
    if all(type(value) is str for value in values):
        return values
    known = [
        kind_of_value(value) if kind is Kind.ANY else kind
        for value, kind in zip(values, kinds, strict=True)
    ]
    convert = CONVERT[shared(known)]
    return [convert(value) for value in values]
