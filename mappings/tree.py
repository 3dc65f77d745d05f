"""The checked tree: what a mapping file means, after every name in it has been resolved.

The checker (`mappings.checker`) builds it from YAML; the two engines (`mappings.batch`,
`mappings.record`) compile it, so neither engine looks at text again. An expression is a sqlglot
tree in one canonical form, which `mappings.expressions.parse` guarantees:

====================  ==================================================================
``Column``            ``this`` the column's name, ``table`` the alias; both quoted, both exactly as
                      written. Over a profile the name is the whole canonical name, dots and
                      label included: ``email``, ``address.locality``, ``consent.profiling``,
                      ``emails[work]``. An element of `Each` by itself (``e``) has no ``table``.
``Dot``               ``this`` a Column, Dot or Bracket, ``expression`` a quoted Identifier: a
                      member below it (``c.a.b`` is Dot(Column(a), b), never db or catalog)
``Bracket``           item of a list; one integer Literal, counted from 0 as sqlglot keeps it
                      (``c.items[1]`` in the text, DuckDB's first, is Literal 0)
``Anonymous``         every function call: ``this`` a lower-case name of
                      `mappings.functions.FUNCTIONS`, ``expressions`` its arguments as written
``Cast``, ``TryCast``  to TEXT, BOOLEAN, BIGINT, DECIMAL(18, 4), DATE or TIMESTAMPTZ (the
                      other spellings are brought to these)
``Literal``, ``Boolean``, ``Null``, ``Array``, ``Paren``, ``Neg``, ``Not``, ``And``, ``Or``,
``EQ``, ``NEQ``, ``GT``, ``GTE``, ``LT``, ``LTE``, ``NullSafeEQ``, ``NullSafeNEQ``,
``Is`` (null, true, false), ``In`` (a list of expressions), ``Between``, ``Like``, ``ILike``,
``Case`` (with ``If`` arms), ``DPipe``, ``Add``, ``Sub``, ``Mul``, ``Div``, ``Mod``
====================  ==================================================================

Nothing else occurs. A step's argument that is a list of literals is an ``Array``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlglot import exp

from mappings.errors import Place
from mappings.schema import Schema


class OnError(StrEnum):
    """What becomes of a record when a step refuses a field's value."""

    QUARANTINE = "quarantine"  # the record goes to the dead letters with its reasons
    BLANK = "blank"  # the field is left empty, which is counted
    FAIL = "fail"  # the run stops


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a field's value goes: an attribute, or one part of one element of a list.

    ``email``            -> Slot("emails", "value", label=None, primary=True)
    ``emails[work]``     -> Slot("emails", "value", label="work")
    ``addresses[home].locality`` -> Slot("addresses", "locality", label="home")
    ``given_name``       -> Slot("given_name")
    """

    attribute: str
    part: str | None = None
    label: str | None = None
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One named step with its arguments; an argument is a literal or an expression on the row."""

    name: str
    arguments: Mapping[str, exp.Expr] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """One line of ``fields:``: expression, then steps, then lookup, then default."""

    name: str
    slot: Slot
    place: Place
    expression: exp.Expr
    steps: tuple[Step, ...] = ()
    lookup: Mapping[str, str | bool | int | None] | None = None
    default: exp.Expr | None = None
    on_error: OnError = OnError.QUARANTINE
    pii: str | None = None


@dataclass(frozen=True, slots=True)
class Each:
    """A list of the row turned into elements: ``emails: {each: c.emails, as: e, parts: {...}}``.

    `source` is the list; each element is bound to `alias`; the parts are fields of their own.
    """

    name: str
    attribute: str
    place: Place
    source: exp.Expr
    alias: str
    parts: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """An example in the file. `expect` may hold ``$quarantine: [fields]`` or ``$skip: true``."""

    name: str
    place: Place
    given: Mapping[str, object] = field(repr=False)
    expect: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A checked mapping file. `digest` is the hash of its meaning (comments and tests left out)."""

    name: str
    place: Place
    connector: str
    object: str
    alias: str
    key: exp.Expr
    fields: tuple[Field | Each, ...]
    schema: Schema
    digest: str
    cursor: exp.Expr | None = None
    delete: exp.Expr | None = None
    erase: exp.Expr | None = None
    where: exp.Expr | None = None
    ignore: frozenset[str] = frozenset()
    tests: tuple[Test, ...] = ()

    @property
    def id(self) -> str:
        """``name@digest``: what lineage records."""
        return f"{self.name}@{self.digest[:12]}"
