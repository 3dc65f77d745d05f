"""SQL scalar text to the canonical expression tree of `mappings.tree`, and nothing beyond it.

One expression; the functions of `mappings.functions`; columns of the scope; casts to a closed list
of types. No statements, subqueries, aggregates, windows, stars, parameters or lambdas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import cast

from sqlglot import exp

from mappings.dialect import SyntaxProblem, read
from mappings.functions import FUNCTIONS
from mappings.names import NameProblem
from mappings.scopes import Label, Path, Scope
from mappings.suggest import did_you_mean

TYPES: Mapping[str, exp.DataType] = MappingProxyType(
    {
        name: exp.DataType.build(name, dialect="duckdb")
        for name in ("TEXT", "BOOLEAN", "BIGINT", "DECIMAL(18, 4)", "DATE", "TIMESTAMPTZ")
    }
)
"""The types a cast may name, in their canonical spelling."""

_SPELLINGS = {
    "TEXT": "TEXT",
    "BOOLEAN": "BOOLEAN",
    "INT": "BIGINT",
    "BIGINT": "BIGINT",
    "DOUBLE": "DECIMAL(18, 4)",
    "FLOAT": "DECIMAL(18, 4)",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMPTZ",
    "TIMESTAMPNTZ": "TIMESTAMPTZ",
    "TIMESTAMPTZ": "TIMESTAMPTZ",
}
_DECIMALS = {("18", "3"), ("18", "4")}  # the first is what sqlglot makes of a bare DECIMAL

_BINARY = (
    exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ,
    exp.NullSafeNEQ, exp.DPipe, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod,
)  # fmt: skip
_UNARY = (exp.Not, exp.Neg, exp.Paren)
_REFUSED: Mapping[type[exp.Expr], str] = {
    exp.Query: "a query is no expression; only the row's own columns can be read here",
    exp.Subquery: "a query is no expression; only the row's own columns can be read here",
    exp.Exists: "a query is no expression; only the row's own columns can be read here",
    exp.Window: "windows look at other rows; an expression sees one row",
    exp.Filter: "aggregates look at other rows; an expression sees one row",
    exp.Distinct: "DISTINCT looks at other rows; an expression sees one row",
    exp.Star: "name one column instead of *",
    exp.Column: "name one column instead of *",
    exp.Dot: "write a call around its value: lower(c.Name)",
    exp.Tuple: "write a list as ['a', 'b']",
    exp.Struct: "an expression gives one value; use parts: for an element with parts",
    exp.Placeholder: "parameters do not exist here; write the value",
    exp.Alias: "AS names nothing here; the field has its name already",
    exp.IntDiv: "write floor(a / b)",
    exp.Pow: "write a * a",
    exp.JSONExtract: "write the path with dots: c.a.b",
    exp.JSONExtractScalar: "write the path with dots: c.a.b",
    exp.RegexpLike: "write regexp_matches(text, pattern)",
    exp.SimilarTo: "write regexp_matches(text, pattern)",
    exp.Glob: "write LIKE with % and _",
    exp.Lambda: "functions of one's own do not exist here; use steps, or each for a list",
    exp.Interval: "write a date function such as date_diff",
    exp.Concat: "write a || b to join two texts",
    exp.Escape: "LIKE takes no ESCAPE here; write regexp_matches(text, pattern)",
    exp.AtTimeZone: "use the step timestamp with its argument timezone",
}


def parse(text: str, scope: Scope) -> exp.Expr:
    """Parse one SQL scalar expression into its canonical form.

    Raises SyntaxProblem with the message (mend included) and the offset of the faulty word.
    """
    try:
        return _node(read(text), scope)
    except RecursionError:
        raise SyntaxProblem("is nested too deeply; split it into steps or fields") from None


def columns(expression: exp.Expr) -> Iterator[tuple[str, str]]:
    """Yield (alias, column) of every column read, in the order of the text, repeats included."""
    for node in expression.find_all(exp.Column, bfs=False):
        yield node.table, node.name


def start_of(node: exp.Expr) -> int:
    """Return the offset of the first word of a node that came from `read`."""
    return min((int(n.meta["start"]) for n in node.walk() if "start" in n.meta), default=0)


def _node(node: exp.Expr, scope: Scope) -> exp.Expr:
    path = _path(node)
    if path is not None:
        try:
            return scope.column(path)
        except NameProblem as problem:
            raise SyntaxProblem(str(problem), start_of(node)) from None
    build = _BUILDERS.get(type(node))
    if build is None:
        raise SyntaxProblem(_why_not(node), start_of(node))
    return build(node, scope)


def _why_not(node: exp.Expr) -> str:
    for kind, mend in _REFUSED.items():
        if isinstance(node, kind):
            return mend
    return f"{type(node).__name__} is not part of the language"


def _path(node: exp.Expr) -> Path | None:
    """Flatten Column, Dot and Bracket into one path; None when it is something else."""
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier):
        return [part.name for part in node.parts]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        below = _path(node.this)
        return None if below is None else [*below, node.expression.name]
    if isinstance(node, exp.Identifier):
        return [node.name]
    if isinstance(node, exp.Bracket) and len(node.expressions) == 1:
        below, item = _path(node.this), node.expressions[0]
        return None if below is None else [*below, _index(item, node)]
    return None


def _index(item: exp.Expr, whole: exp.Expr) -> int | Label:
    if isinstance(item, exp.Literal) and not item.is_string and item.name.isdecimal():
        return int(item.name)
    if isinstance(item, exp.Column) and not item.table and isinstance(item.this, exp.Identifier):
        return Label(item.name)
    raise SyntaxProblem("an index is a number counted from 1", start_of(whole))


def _copy(node: exp.Expr, scope: Scope) -> exp.Expr:  # noqa: ARG001 (one signature for all)
    if isinstance(node, exp.Boolean):
        return exp.Boolean(this=node.this)
    if isinstance(node, exp.Literal):
        return exp.Literal(this=node.this, is_string=node.is_string)
    return exp.Null()


def _binary(node: exp.Expr, scope: Scope) -> exp.Expr:
    left, right = _node(node.this, scope), _node(node.expression, scope)
    flags = {k: v for k, v in node.args.items() if k in {"safe", "typed"}}
    return type(node)(this=left, expression=right, **flags)


def _unary(node: exp.Expr, scope: Scope) -> exp.Expr:
    return type(node)(this=_node(node.this, scope))


def _like(node: exp.Expr, scope: Scope) -> exp.Expr:
    like = type(node)(this=_node(node.this, scope), expression=_node(node.expression, scope))
    return exp.Not(this=like) if node.args.get("negate") else like


def _is(node: exp.Expr, scope: Scope) -> exp.Expr:
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise SyntaxProblem("IS takes NULL, TRUE or FALSE; write = to compare", start_of(node))
    return exp.Is(this=_node(node.this, scope), expression=_copy(node.expression, scope))


def _in(node: exp.Expr, scope: Scope) -> exp.Expr:
    if not node.expressions:
        raise SyntaxProblem("IN takes a list of values: IN ('a', 'b')", start_of(node))
    values = [_node(value, scope) for value in node.expressions]
    return exp.In(this=_node(node.this, scope), expressions=values)


def _between(node: exp.Expr, scope: Scope) -> exp.Expr:
    if node.args.get("symmetric"):
        raise SyntaxProblem("BETWEEN takes no SYMMETRIC; put the lower value first", start_of(node))
    low, high = node.args["low"], node.args["high"]
    return exp.Between(this=_node(node.this, scope), low=_node(low, scope), high=_node(high, scope))


def _case(node: exp.Expr, scope: Scope) -> exp.Expr:
    subject, default = node.args.get("this"), node.args.get("default")
    arms = [
        exp.If(this=_node(arm.this, scope), true=_node(arm.args["true"], scope))
        for arm in node.args["ifs"]
    ]
    return exp.Case(
        this=_node(subject, scope) if subject else None,
        ifs=arms,
        default=_node(default, scope) if default else None,
    )


def _array(node: exp.Expr, scope: Scope) -> exp.Expr:
    return exp.Array(expressions=[_node(item, scope) for item in node.expressions])


def _cast(node: exp.Expr, scope: Scope) -> exp.Expr:
    wanted = node.args["to"]
    return type(node)(this=_node(node.this, scope), to=_type(wanted, node).copy())


def _type(wanted: exp.Expr, node: exp.Expr) -> exp.DataType:
    name = wanted.this.value if isinstance(wanted, exp.DataType) else wanted.name
    if name == "DECIMAL":
        if tuple(param.name for param in wanted.expressions) in _DECIMALS:
            return TYPES["DECIMAL(18, 4)"]
        mend = "decimals have 18 digits, 4 after the point; write DECIMAL, and round(value, 2)"
        raise SyntaxProblem(mend, start_of(node))
    if name not in _SPELLINGS or wanted.expressions:
        known = ("text", "boolean", "bigint", "decimal", "date", "timestamptz")
        message = f"nothing can be cast to {name.lower()}{did_you_mean(name, known)}"
        raise SyntaxProblem(message, start_of(node))
    return TYPES[_SPELLINGS[name]]


def _call(node: exp.Expr, scope: Scope) -> exp.Expr:
    name, start = node.name.lower(), start_of(node)
    function = FUNCTIONS.get(name)
    if function is None:
        hint = did_you_mean(name, FUNCTIONS)
        raise SyntaxProblem(f"unknown function {name!r}{hint}", start)
    count = len(node.expressions)
    if count < function.min_args or (function.max_args is not None and count > function.max_args):
        raise SyntaxProblem(
            f"{name} takes {_counted(function.min_args, function.max_args)}, not {count}", start
        )
    return exp.Anonymous(this=name, expressions=[_node(arg, scope) for arg in node.expressions])


def _counted(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more arguments"
    amount = str(low) if low == high else f"{low} to {high}"
    return f"{amount} argument{'' if low == high == 1 else 's'}"


_Builder = Callable[[exp.Expr, Scope], exp.Expr]
_BUILDERS: Mapping[type[exp.Expr], _Builder] = MappingProxyType(
    cast("dict[type[exp.Expr], _Builder]", dict.fromkeys(_BINARY, _binary))
    | dict.fromkeys(_UNARY, _unary)
    | dict.fromkeys((exp.Literal, exp.Boolean, exp.Null), _copy)
    | dict.fromkeys((exp.Like, exp.ILike), _like)
    | dict.fromkeys((exp.Cast, exp.TryCast), _cast)
    | {
        exp.Is: _is,
        exp.In: _in,
        exp.Between: _between,
        exp.Case: _case,
        exp.Array: _array,
        exp.Anonymous: _call,
    }
)
