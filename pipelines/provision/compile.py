"""From a checked push document to a `Push`: every expression becomes a plain function.

The protocols say what a push document must have; `mappings.push` reads it from YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

from sqlglot import exp

from mappings.errors import MappingError, Place, Problem
from mappings.expressions import columns
from mappings.names import NameProblem, resolve
from mappings.pipeline import Recipe
from mappings.record import compile_expression, compile_value
from mappings.schema import Schema
from pipelines.provision.rules import (
    Adopt,
    Group,
    Leave,
    LeaveAction,
    Line,
    Match,
    OnNull,
    Ownership,
    Push,
    Record,
    Refusal,
)

_MEMBERS = "members"
Clock = Callable[[], date]
T = TypeVar("T")


class PushField(Recipe, Protocol):
    """One line of ``fields:``: a target's path, how its value is made, and who owns it."""

    @property
    def path(self) -> str:
        """The target's path."""

    @property
    def place(self) -> Place:
        """Where the line stands."""

    @property
    def own(self) -> str:
        """``enforce``, ``initial`` or ``fill``."""

    @property
    def on_null(self) -> str:
        """``clear`` or ``keep``."""

    @property
    def refers_to(self) -> exp.Expr | None:
        """What the value is of another profile, whose account is meant."""


class GroupRule(Protocol):
    """One entry of ``groups:``."""

    @property
    def name(self) -> str:
        """What it is called at the target."""

    @property
    def when(self) -> exp.Expr:
        """Who is in it."""

    @property
    def holds(self) -> str:
        """``members`` of a group object, or a list of the account: ``roles``, ``entitlements``."""

    @property
    def place(self) -> Place:
        """Where it stands."""


class MatchRule(Protocol):
    """One entry of ``match:``."""

    @property
    def attribute(self) -> str:
        """The target's path to look in."""

    @property
    def value(self) -> exp.Expr:
        """What to look for."""

    @property
    def adopt(self) -> str:
        """``auto`` or ``review``."""

    @property
    def place(self) -> Place:
        """Where the rule stands."""


class OnLeave(Protocol):
    """``on_leave:``."""

    @property
    def action(self) -> str:
        """``deactivate``, ``delete`` or ``keep``."""

    @property
    def grace_days(self) -> int | None:
        """Days from deactivation to deletion; None for never."""


class PushDocument(Protocol):
    """A checked push file. `key_path` is the target's attribute that holds our key."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def place(self) -> Place:
        """Where the document stands."""

    @property
    def object(self) -> str:
        """The target's object type."""

    @property
    def digest(self) -> str:
        """The hash of its meaning."""

    @property
    def schema(self) -> Schema:
        """The canonical schema its expressions speak of."""

    @property
    def key(self) -> exp.Expr:
        """Our key."""

    @property
    def key_path(self) -> str:
        """The target's attribute for it."""

    @property
    def scope(self) -> exp.Expr | None:
        """Who has an account; None for everybody."""

    @property
    def match(self) -> Sequence[MatchRule]:
        """How existing accounts are recognised, in order."""

    @property
    def fields(self) -> Sequence[PushField]:
        """The lines."""

    @property
    def on_leave(self) -> OnLeave:
        """What leaving the scope does."""

    @property
    def consent(self) -> Sequence[str]:
        """Consents that must all be given."""

    @property
    def purpose(self) -> str:
        """What the target has the data for."""

    @property
    def groups(self) -> Sequence[GroupRule]:
        """Segments as groups."""


def compile_push(document: PushDocument, *, today: Clock | None = None) -> Push:
    """Compile a push document.

    A document that uses ``today()`` has another digest each day, so that a day's turn is a change.
    Raises MappingError with the place for what cannot be compiled, and for ``today()`` without a
    clock.
    """
    compiler = _Compiler(document.schema, today)
    place = document.place
    scope = compiler.expression(document.scope, place, "scope") if document.scope else None
    digest = document.digest
    if today is not None and any(map(_uses_today, _expressions(document))):
        digest = f"{digest[:48]}@{today().isoformat()}"
    leave = document.on_leave
    return Push(
        name=document.name,
        object=document.object,
        digest=digest,
        key=compiler.expression(document.key, place, "key"),
        lines=(*map(compiler.line, document.fields), *compiler.lists(document.groups)),
        scope=_is_true(scope) if scope else None,
        consent=tuple(document.consent),
        match=tuple(compiler.match(rule) for rule in document.match),
        leave=Leave(
            LeaveAction(leave.action),
            None if leave.grace_days is None else timedelta(days=leave.grace_days),
        ),
        key_path=document.key_path,
        place=_line_of(place),
        purpose=document.purpose,
        groups=tuple(compiler.group(rule) for rule in document.groups if rule.holds == _MEMBERS),
    )


class _Compiler:
    def __init__(self, schema: Schema, today: Clock | None) -> None:
        self._schema = schema
        self._today = today

    def expression(self, node: exp.Expr, place: Place, where: str) -> Callable[[Record], Any]:
        return _at(place, where, lambda: compile_expression(node, self._schema, today=self._today))

    def line(self, field: PushField) -> Line:
        where = f"fields.{field.path}"
        make = _at(
            field.place, where, lambda: compile_value(field, self._schema, today=self._today)
        )
        return Line(
            path=field.path,
            value=_refusing(make),
            place=_line_of(field.place),
            own=Ownership(field.own),
            on_null=OnNull(field.on_null),
            reads=self._reads(field),
            refers=self._refers(field),
        )

    def group(self, rule: GroupRule) -> Group:
        where = f"groups.{rule.name}"
        when = _is_true(self.expression(rule.when, rule.place, where))
        return Group(rule.name, when, _line_of(rule.place), self._names([rule.when]))

    def lists(self, rules: Iterable[GroupRule]) -> Iterable[Line]:
        """Yield a line for each list of the account that says in which groups its owner is."""
        for attribute in sorted({rule.holds for rule in rules if rule.holds != _MEMBERS}):
            theirs = [rule for rule in rules if rule.holds == attribute]
            groups = tuple(self.group(rule) for rule in theirs)
            reads = dict.fromkeys(name for group in groups for name in group.reads)
            yield Line(
                path=str(attribute),
                value=_names_of(groups),
                place=groups[0].place,
                own=Ownership.ELEMENTS,
                reads=tuple(reads),
                groups=groups,
            )

    def _refers(self, field: PushField) -> Callable[[Record], Any] | None:
        if field.refers_to is None:
            return None
        return self.expression(field.refers_to, field.place, f"fields.{field.path}.refers_to")

    def match(self, rule: MatchRule) -> Match:
        value = self.expression(rule.value, rule.place, f"match.{rule.attribute}")
        return Match(rule.attribute, value, _line_of(rule.place), Adopt(rule.adopt))

    def _reads(self, recipe: Recipe) -> tuple[str, ...]:
        """Return the golden attributes a line needs, for its lineage."""
        return self._names(_parts(recipe))

    def _names(self, nodes: Iterable[exp.Expr]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for node in nodes:
            for _, name in columns(node):
                try:
                    found[resolve(name, self._schema).attribute] = None
                except NameProblem:  # gid and the like have no lineage
                    continue
        return tuple(found)


def _at(place: Place, where: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except ValueError as error:
        raise MappingError([Problem(place, where, str(error))]) from None


def _refusing(make: Callable[[Mapping[str, Any]], tuple[Any, Any]]) -> Callable[[Record], Any]:
    def value(record: Record) -> Any:
        made, refusal = make(record)
        return made if refusal is None else Refusal(refusal.reason)

    return value


def _names_of(groups: Sequence[Group]) -> Callable[[Record], Any]:
    return lambda record: [{"value": group.name} for group in groups if group.when(record)]


def _is_true(scope: Callable[[Record], Any]) -> Callable[[Record], bool]:
    return lambda record: scope(record) is True


def _parts(recipe: Recipe) -> Iterable[exp.Expr]:
    yield recipe.expression
    for step in recipe.steps:
        yield from step.arguments.values()
    if recipe.default is not None:
        yield recipe.default


def _expressions(document: PushDocument) -> Iterable[exp.Expr]:
    yield document.key
    if document.scope is not None:
        yield document.scope
    yield from (rule.value for rule in document.match)
    yield from (group.when for group in document.groups)
    for field in document.fields:
        yield from _parts(field)
        if field.refers_to is not None:
            yield field.refers_to


def _uses_today(node: exp.Expr) -> bool:
    return any(str(call.this).lower() == "today" for call in node.find_all(exp.Anonymous))


def _line_of(place: Place) -> str:
    return f"{place.file}:{place.line}"
