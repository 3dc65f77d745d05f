"""Push documents: which profiles have an account at a target, and what it holds.

The same expressions as in mappings, over the canonical profile: ``p.email``,
``p.address.locality``, ``p.consent.marketing_email``, and ``p.gid``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

import yaml
from sqlglot import exp

from mappings.checker import check_given_words, check_truth, note
from mappings.digest import digest
from mappings.document import read_name, read_tests
from mappings.errors import Place, Problem
from mappings.fields import checked_alias
from mappings.given import ALSO, canonical
from mappings.names import NameProblem
from mappings.pushgroups import check_groups, read_groups
from mappings.pushtree import (
    Adopt,
    Holds,
    LeaveAction,
    MatchRule,
    OnLeave,
    OnNull,
    Own,
    PushDocument,
    PushField,
)
from mappings.reading import Reader
from mappings.recipes import RECIPE_KEYS, Recipe, RecipeReader
from mappings.record import compile_expression, compile_value
from mappings.schema import CUSTOMER, Schema
from mappings.scopes import ProfileScope
from mappings.suggest import did_you_mean
from mappings.tree import Test

KEYS = (
    "push", "to", "as", "purpose", "scope", "key", "match", "fields", "groups", "on_leave",
    "consent", "tests",
)  # fmt: skip
"""The keys of a push file."""

FIELD_KEYS = (*RECIPE_KEYS, "own", "on_null", "refers_to")
OUT_OF_SCOPE = "$out_of_scope"
"""What a test may expect instead of fields: that the profile has no account."""
PLAN = "$plan"
"""What a test may expect: the action of the plan, or ``{patch: {path: value}}``, all of it."""
GROUPS = "$groups"
"""What a test may expect: the groups the profile is in, all of them."""
REFERENCES = "$references"
"""What a test may give: the ids of other accounts, by what ``refers_to`` finds them."""
ACCOUNT = "$account"
"""What a test may give: what was pushed to the account that is there."""
PLANS = ("create", "patch", "deactivate", "delete", "none", "refused")
"""The actions that a test may expect."""

__all__ = [
    "ACCOUNT",
    "GROUPS",
    "OUT_OF_SCOPE",
    "PLAN",
    "PLANS",
    "REFERENCES",
    "MatchRule",
    "OnLeave",
    "PushDocument",
    "PushField",
    "load_push",
]

_DEFAULT_KEY = "externalId"


def load_push(text: str, file: str, schema: Schema = CUSTOMER) -> PushDocument:
    """Read and check a push file; raises MappingError with all problems."""
    reader = Reader(file, text)
    entries = reader.entries(reader.root, "push", KEYS)
    name = read_name(reader, entries, "push")
    alias = _alias(reader, entries)
    scope = ProfileScope(alias, schema, ALSO)
    target, object_ = _to(reader, entries)
    key_path, key = _key(reader, entries.get("key"), scope, alias)
    who = entries.get("scope")
    condition = None if who is None else reader.expression(who, "scope", scope)
    check_truth(reader, {"scope": condition}, entries)
    document = PushDocument(
        name=name,
        place=reader.place(reader.root),
        object=object_,
        alias=alias,
        key=key,
        key_path=key_path,
        fields=_fields(reader, entries, scope, alias),
        schema=schema,
        digest="",
        target=target,
        scope=condition,
        match=_match(reader, entries.get("match"), scope),
        on_leave=_on_leave(reader, entries.get("on_leave")),
        consent=_consent(reader, entries.get("consent"), schema),
        purpose=reader.word(entries.get("purpose"), "purpose"),
        groups=read_groups(reader, entries.get("groups"), scope),
        tests=read_tests(reader, entries.get("tests")),
    )
    if document.groups:
        check_groups(reader, entries["groups"], document.groups, document.fields)
    _check_meaning(reader, document)
    if not reader.problems:  # a field that could not be read would make its tests wrong, too
        _check(reader, document)
    reader.finish()
    return replace(document, digest=digest(_meaning(document)))


def _alias(reader: Reader, entries: Mapping[str, yaml.Node]) -> str:
    node = entries.get("as")
    word = reader.word(node, "as")
    return (checked_alias(reader, node, word, "as") if node is not None and word else "") or "p"


def _to(reader: Reader, entries: Mapping[str, yaml.Node]) -> tuple[str | None, str]:
    node = reader.required(entries, "to", reader.root, "to")
    if node is None:
        return None, ""
    inner = reader.entries(node, "to", ("target", "object"))
    object_ = reader.word(reader.required(inner, "object", node, "to"), "to.object")
    return reader.word(inner.get("target"), "to.target") or None, object_


def _key(
    reader: Reader, node: yaml.Node | None, scope: ProfileScope, alias: str
) -> tuple[str, exp.Expr]:
    """Read ``key: p.gid`` or ``key: {externalId: p.gid}``; the default is the first."""
    path, gid = _DEFAULT_KEY, scope.column((alias, "gid"))
    if isinstance(node, yaml.MappingNode):
        pairs = reader.pairs(node, "key")
        if len(pairs) != 1:
            reader.problem(node, "key", "name one attribute, as key: {externalId: p.gid}")
            return path, gid
        path, node = pairs[0][0].value, pairs[0][1]
    if node is None:
        return path, gid
    return path, reader.expression(node, "key", scope) or gid


def _fields(
    reader: Reader, entries: Mapping[str, yaml.Node], scope: ProfileScope, alias: str
) -> tuple[PushField, ...]:
    node = reader.required(entries, "fields", reader.root, "fields")
    recipes, fields = RecipeReader(reader, scope, (alias,)), []
    for key, value in reader.pairs(node, "fields") if node is not None else ():
        where = f"fields.{key.value}"
        own, on_null, refers_to = Own.ENFORCE, OnNull.CLEAR, None
        if isinstance(value, yaml.MappingNode):
            inner = reader.entries(value, where, FIELD_KEYS)
            recipe = recipes.read(value, inner, where)
            own = reader.choice(inner.get("own"), f"{where}.own", Own, own)
            on_null = reader.choice(inner.get("on_null"), f"{where}.on_null", OnNull, on_null)
            if "refers_to" in inner:
                refers_to = reader.expression(inner["refers_to"], f"{where}.refers_to", scope)
        else:
            recipe = recipes.short(value, where)
        if recipe is not None:
            made = _field(key.value, reader.place(key), recipe, own, on_null)
            fields.append(replace(made, refers_to=refers_to))
    return tuple(fields)


def _field(path: str, place: Place, recipe: Recipe, own: Own, on_null: OnNull) -> PushField:
    return PushField(
        path=path,
        place=place,
        expression=recipe.expression,
        steps=recipe.steps,
        lookup=recipe.lookup,
        default=recipe.default,
        own=own,
        on_null=on_null,
    )


def _match(reader: Reader, node: yaml.Node | None, scope: ProfileScope) -> tuple[MatchRule, ...]:
    rules = []
    for item in reader.items(node, "match") if node is not None else ():
        inner = reader.entries(item, "match", ("attribute", "value", "adopt"))
        attribute = reader.word(reader.required(inner, "attribute", item, "match"), "match")
        told = reader.required(inner, "value", item, "match")
        value = None if told is None else reader.expression(told, "match.value", scope)
        adopt = reader.choice(inner.get("adopt"), "match.adopt", Adopt, Adopt.REVIEW)
        if value is not None:
            rules.append(MatchRule(attribute, value, reader.place(item), adopt))
    return tuple(rules)


def _on_leave(reader: Reader, node: yaml.Node | None) -> OnLeave:
    if node is None:
        return OnLeave()
    inner = reader.entries(node, "on_leave", ("action", "grace_days"))
    action = reader.choice(
        inner.get("action"), "on_leave.action", LeaveAction, LeaveAction.DEACTIVATE
    )
    days: int | None = None
    if "grace_days" in inner:
        said = reader.value(inner["grace_days"], "on_leave.grace_days")
        if isinstance(said, int) and not isinstance(said, bool) and said >= 0:
            days = said
        else:
            reader.problem(inner["grace_days"], "on_leave.grace_days", "write a number of days")
        if action is not LeaveAction.DEACTIVATE:
            message = f"grace is between deactivation and deletion; there is none with {action}"
            reader.problem(inner["grace_days"], "on_leave.grace_days", message)
    return OnLeave(action, days)


def _consent(reader: Reader, node: yaml.Node | None, schema: Schema) -> tuple[str, ...]:
    consents = [name for name in schema.attributes if name.startswith("consent.")]
    words = reader.words(node, "consent")
    for word in words:
        if node is not None and word not in consents:
            hint = did_you_mean(word, consents)
            reader.problem(node, "consent", f"unknown consent {word!r}{hint}")
    return words


def _check(reader: Reader, document: PushDocument) -> None:
    paths = {field.path for field in document.fields}
    for test in document.tests:
        check_given_words(reader, test, also=[ACCOUNT, REFERENCES])
        _check_plan(reader, test)
        for path in test.expect:
            if path not in paths | {OUT_OF_SCOPE, PLAN, GROUPS, document.key_path}:
                hint = did_you_mean(path, paths | {OUT_OF_SCOPE, PLAN, GROUPS})
                note(reader, test, f"expects {path!r}, which no field sets{hint}")
        try:
            canonical(test.given, document.schema, ALSO)
        except NameProblem as problem:
            note(reader, test, f"given: {problem}")


def _check_plan(reader: Reader, test: Test) -> None:
    """Note a plan that is none, and an account that is no list of values by path."""
    held = test.given.get(ACCOUNT)
    if held is not None and not isinstance(held, Mapping):
        note(reader, test, f"{ACCOUNT} is what was pushed, by path: {{userName: ann}}")
    if not isinstance(test.given.get(REFERENCES, {}), Mapping):
        note(reader, test, f"{REFERENCES} are ids of accounts: {{ann@example.com: r1}}")
    if not isinstance(test.expect.get(GROUPS, []), list):
        note(reader, test, f"{GROUPS} is a list of names: [Gold customers]")
    if PLAN not in test.expect:
        return
    wanted = test.expect[PLAN]
    changes = wanted.get("patch") if isinstance(wanted, Mapping) and len(wanted) == 1 else None
    if wanted not in PLANS and not isinstance(changes, Mapping):
        words = ", ".join(PLANS)
        note(reader, test, f"{PLAN} is one of {words}, or {{patch: {{title: Boss}}}}")


def _check_meaning(reader: Reader, document: PushDocument) -> None:
    """Note arguments and patterns that only show when all is together."""
    edges = {"key": document.key, "scope": document.scope}
    named = [(document.place, where, node) for where, node in edges.items() if node is not None]
    named += [(rule.place, f"match.{rule.attribute}", rule.value) for rule in document.match]
    named += [(group.place, f"groups.{group.name}", group.when) for group in document.groups]
    named += [
        (line.place, f"fields.{line.path}.refers_to", line.refers_to)
        for line in document.fields
        if line.refers_to is not None
    ]
    for place, where, node in named:
        _try(
            reader,
            place,
            where,
            partial(compile_expression, node, document.schema, today=_no_clock),
        )
    for line in document.fields:
        where = f"fields.{line.path}"
        _try(
            reader,
            line.place,
            where,
            partial(compile_value, line, document.schema, today=_no_clock),
        )


def _no_clock() -> date:
    return date(2000, 1, 1)


def _try(reader: Reader, place: Place, where: str, make: Callable[[], object]) -> None:
    try:
        make()
    except ValueError as error:
        reader.problems.append(Problem(place, where, str(error)))


def _meaning(document: PushDocument) -> dict[str, object]:
    """Everything that changes what is planned; the order of match rules counts."""
    fields = {
        field.path: [field.expression, field.steps, field.lookup, field.default, field.own,
                     field.on_null]
        for field in document.fields
    }  # fmt: skip
    for field in document.fields:
        if field.refers_to is not None:
            fields[field.path].append(field.refers_to)
    lists = [
        [group.name, group.when, group.holds]
        for group in document.groups
        if group.holds is not Holds.MEMBERS  # members are a plan of their own
    ]
    more = {"groups": lists} if lists else {}
    return more | {
        "name": document.name,
        "object": document.object,
        "key": [document.key_path, document.key],
        "scope": document.scope,
        "match": [[rule.attribute, rule.value, rule.adopt] for rule in document.match],
        "fields": fields,
        "on_leave": [document.on_leave.action, document.on_leave.grace_days],
        "consent": sorted(document.consent),
    }
