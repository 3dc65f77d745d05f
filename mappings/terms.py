"""From a checked expression to a typed term, once for both engines.

`Translator` walks the canonical tree of `mappings.tree`, decides the kind of every part and puts a
conversion wherever an argument is not of the kind its function takes. What a term is made of (SQL
text or a Python closure) is the business of a `Backend`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from sqlglot import exp

from mappings.functions import FUNCTIONS, Function
from mappings.functions.operators import OPERATORS
from mappings.functions.patterns import check_replacement, compiled
from mappings.functions.spec import NUMBER, SAME, Parameter
from mappings.shapes import Shape
from mappings.values import Kind, fixed, within_64_bits

T = TypeVar("T")

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Term(Generic[T]):
    """A part of an expression: its form in the backend, its kind, and its literal if it is one."""

    form: T
    kind: Kind
    literal: Any = _MISSING
    shape: Shape | None = None

    @property
    def is_literal(self) -> bool:
        """Whether the value is written in the text."""
        return self.literal is not _MISSING


class Backend(Protocol[T]):
    """Makes the forms of terms."""

    def literal(self, value: Any, kind: Kind) -> T:
        """Form of a value written in the text."""

    def column(self, table: str, name: str) -> Term[T]:
        """Read a column of the row, or of the element when that is what `table` names."""

    def member(self, term: Term[T], name: str) -> Term[T]:
        """Read a member of a struct."""

    def item(self, term: Term[T], index: int) -> Term[T]:
        """Read an item of a list, counted from 0."""

    def convert(self, term: Term[T], kind: Kind) -> T:
        """Bring a term to another kind; `Kind.LIST` is a list of texts."""

    def apply(self, function: Function, terms: Sequence[Term[T]], kind: Kind) -> T:
        """Call a function with arguments of the right kinds."""

    def today(self) -> T:
        """Form of the date of the run; raises ValueError when none was given."""


_BINARY: dict[type[exp.Expr], str] = {
    exp.And: "and", exp.Or: "or", exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=",
    exp.LT: "<", exp.LTE: "<=", exp.NullSafeEQ: "is not distinct from",
    exp.NullSafeNEQ: "is distinct from", exp.DPipe: "||", exp.Add: "+", exp.Sub: "-",
    exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.Like: "like", exp.ILike: "ilike",
}  # fmt: skip
_UNARY: dict[type[exp.Expr], str] = {exp.Not: "not", exp.Neg: "negative"}
_CASTS = {
    "TEXT": Kind.TEXT,
    "BOOLEAN": Kind.BOOLEAN,
    "BIGINT": Kind.INTEGER,
    "DOUBLE": Kind.DECIMAL,
    "DECIMAL": Kind.DECIMAL,
    "DATE": Kind.DATE,
    "TIMESTAMPTZ": Kind.TIMESTAMP,
}
_NUMBERS = {Kind.INTEGER, Kind.DECIMAL}
_TIMES = {Kind.DATE, Kind.TIMESTAMP}
_NESTED = {Kind.JSON, Kind.LIST, Kind.STRUCT}


def common_kind(kinds: Sequence[Kind]) -> Kind:
    """Return the kind that values of these kinds are brought to when they stand side by side."""
    known = {Kind.TEXT if kind in _NESTED else kind for kind in kinds} - {Kind.NULL}
    if not known:
        return Kind.TEXT
    if len(known) == 1:
        return known.pop()
    if Kind.ANY in known:
        return Kind.ANY
    return Kind.DECIMAL if known == _NUMBERS else Kind.TEXT


def compared_kind(kinds: Sequence[Kind]) -> Kind:
    """Return the kind in which values are compared: text beside a number is read as a number."""
    known = {Kind.TEXT if kind in _NESTED else kind for kind in kinds} - {Kind.NULL}
    if Kind.ANY in known:
        return Kind.ANY
    typed = known - {Kind.TEXT}
    if not typed:
        return Kind.TEXT
    if typed <= _NUMBERS:
        return Kind.DECIMAL if len(known) > 1 else typed.pop()
    if typed <= _TIMES:
        return Kind.TIMESTAMP if Kind.TIMESTAMP in typed else Kind.DATE
    return Kind.BOOLEAN if typed == {Kind.BOOLEAN} else Kind.TEXT


@dataclass(frozen=True, slots=True)
class Translator(Generic[T]):
    """Turns expressions into the terms of one backend."""

    backend: Backend[T]

    def term(self, node: exp.Expr) -> Term[T]:  # noqa: PLR0911 (one for each form of the tree)
        """Translate an expression. Raises ValueError with the mend."""
        if isinstance(node, exp.Paren):
            return self.term(node.this)
        if isinstance(node, (exp.Literal, exp.Boolean, exp.Null)):
            return self._literal(node)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return self._literal(node.this, sign=-1)
        if isinstance(node, exp.Column):
            return self.backend.column(node.table, node.name)
        if isinstance(node, exp.Dot):
            return self.backend.member(self.term(node.this), node.expression.name)
        if isinstance(node, exp.Bracket):
            return self.backend.item(self.term(node.this), int(node.expressions[0].name))
        if isinstance(node, (exp.Cast, exp.TryCast)):
            return self.converted(self.term(node.this), _CASTS[node.to.this.value])
        return self._call(node)

    def converted(self, term: Term[T], kind: Kind) -> Term[T]:
        """Bring a term to a kind."""
        if term.kind is kind and kind is not Kind.LIST:
            return term
        return Term(self.backend.convert(term, kind), kind)

    def call(self, function: Function, terms: Sequence[Term[T]]) -> Term[T]:
        """Call a function, its arguments brought to the kinds it takes."""
        same = self._shared_kind(function, terms)
        number = self._number_kind(function, terms)
        wanted = {SAME: same, NUMBER: number}
        arguments = [
            self._argument(term, wanted.get(str(parameter), parameter))
            for position, term in enumerate(terms)
            for parameter in (_parameter(function, position, len(terms)),)
        ]
        result = Kind(wanted.get(str(function.result), function.result))
        if function.result == NUMBER and result is Kind.ANY:
            result = Kind.DECIMAL  # or a whole number, which compares and converts alike
        return Term(self.backend.apply(function, arguments, result), result)

    def _argument(self, term: Term[T], kind: Parameter) -> Term[T]:
        if kind is Kind.ANY:
            return self.converted(term, Kind.TEXT) if term.kind is Kind.JSON else term
        return self.converted(term, Kind(kind))

    def _shared_kind(self, function: Function, terms: Sequence[Term[T]]) -> Kind:
        kinds = [
            term.kind
            for position, term in enumerate(terms)
            if _parameter(function, position, len(terms)) == SAME
        ]
        return compared_kind(kinds) if function.result is Kind.BOOLEAN else common_kind(kinds)

    def _number_kind(self, function: Function, terms: Sequence[Term[T]]) -> Kind:
        kinds = {t.kind for i, t in enumerate(terms) if function.parameter(i) == NUMBER}
        if Kind.ANY in kinds:
            return Kind.ANY
        return Kind.INTEGER if kinds <= {Kind.INTEGER, Kind.NULL} else Kind.DECIMAL

    def _literal(self, node: exp.Expr, sign: int = 1) -> Term[T]:
        value, kind = literal_value(node, sign)
        return Term(self.backend.literal(value, kind), kind, literal=value)

    def _call(self, node: exp.Expr) -> Term[T]:  # noqa: PLR0911 (one for each form of the tree)
        if type(node) in _BINARY:
            operator = OPERATORS[_BINARY[type(node)]]
            return self.call(operator, [self.term(node.this), self.term(node.expression)])
        if type(node) in _UNARY:
            return self.call(OPERATORS[_UNARY[type(node)]], [self.term(node.this)])
        match node:
            case exp.Anonymous():
                return self._function(
                    FUNCTIONS[node.name], [self.term(e) for e in node.expressions]
                )
            case exp.Is():
                word = "null"
                if isinstance(node.expression, exp.Boolean):
                    word = "true" if node.expression.this else "false"
                return self.call(OPERATORS[f"is {word}"], [self.term(node.this)])
            case exp.In():
                items = [self.term(item) for item in node.expressions]
                return self.call(OPERATORS["in"], [self.term(node.this), *items])
            case exp.Between():
                return self._between(node)
            case exp.Case():
                return self._case(node)
        raise ValueError(f"{type(node).__name__} is not part of expressions")

    def _between(self, node: exp.Between) -> Term[T]:
        value = self.term(node.this)
        low = self.call(OPERATORS[">="], [value, self.term(node.args["low"])])
        high = self.call(OPERATORS["<="], [value, self.term(node.args["high"])])
        return self.call(OPERATORS["and"], [low, high])

    def _case(self, node: exp.Case) -> Term[T]:
        subject = self.term(node.this) if node.this else None
        terms: list[Term[T]] = []
        for arm in node.args["ifs"]:
            when = self.term(arm.this)
            if subject is not None:
                when = self.call(OPERATORS["="], [subject, when])
            terms += [when, self.term(arm.args["true"])]
        default = node.args.get("default")
        terms.append(self.term(default) if default else self._literal(exp.Null()))
        return self.call(OPERATORS["case"], terms)

    def _function(self, function: Function, terms: list[Term[T]]) -> Term[T]:
        if function.name == "today":
            return Term(self.backend.today(), Kind.DATE)
        for position in function.literals:
            if position < len(terms) and not terms[position].is_literal:
                raise ValueError(f"{function.name}: argument {position + 1} must be a plain value")
        _check_literals(function, terms)
        return self.call(function, terms)


def _parameter(function: Function, position: int, count: int) -> Parameter:
    """CASE takes conditions and values in turn, its last argument being a value."""
    if function.name == "case" and position % 2 == 0 and position != count - 1:
        return Kind.BOOLEAN
    return function.parameter(position)


def _check_literals(function: Function, terms: Sequence[Term[Any]]) -> None:
    """Raise ValueError for a pattern, unit or number that the function cannot take."""
    values = [term.literal if term.is_literal else None for term in terms]
    if function.name.startswith("regexp_"):
        pattern = compiled(str(values[1]))
        if function.name == "regexp_replace":
            check_replacement(str(values[2]), str(values[1]))
            if values[3:] and values[3] not in {"g", ""}:
                raise ValueError("regexp_replace takes 'g' or nothing as its last argument")
        if (
            function.name == "regexp_extract"
            and values[2:]
            and not (isinstance(values[2], int) and 0 <= values[2] <= pattern.groups)
        ):
            raise ValueError(f"the pattern has {pattern.groups} groups")
    elif function.name in {"date_part", "date_diff", "date_sub"}:
        from datetime import UTC, datetime

        now = datetime(2000, 1, 1, tzinfo=UTC)
        function.python(str(values[0]), *[now] * (len(terms) - 1))
    elif function.name == "round" and values[1:] and values[1] not in range(5):
        raise ValueError("round takes 0 to 4 digits")


def literal_value(node: exp.Expr, sign: int = 1) -> tuple[Any, Kind]:
    """Return the Python value of a literal and its kind.

    Raises ValueError for a number that does not fit.
    """
    if isinstance(node, exp.Null):
        return None, Kind.NULL
    if isinstance(node, exp.Boolean):
        return bool(node.this), Kind.BOOLEAN
    if not isinstance(node, exp.Literal):
        raise ValueError("write a plain value here")  # noqa: TRY004 (a mend, not a type of Python)
    if node.is_string:
        return str(node.this), Kind.TEXT
    if str(node.this).isdigit():
        whole = within_64_bits(sign * int(node.this))
        if whole is None:
            raise ValueError("a whole number must fit 64 bits")
        return whole, Kind.INTEGER
    number = fixed(sign * Decimal(node.this))
    if number is None:
        raise ValueError("a number has at most 14 digits before the point")
    return number, Kind.DECIMAL
