"""Reads ``claims.yaml``: claims in the language of mappings, over the profile.

    as: p
    fields:
      age: {expr: "date_sub('year', p.birth_date, today())", scope: age, clients: [bar]}
    scopes:
      age: {en: how old you are}

Examples (`tests`) are run when the file is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from idp_core.claims.book import PLACES, USERINFO, Book, Claim, Make, plain
from idp_core.claims.standard import SCOPE_OF
from idp_core.errors import PolicyError
from mappings.checker import TODAY
from mappings.document import read_tests
from mappings.errors import MappingError, Problem
from mappings.expected import shown
from mappings.given import ALSO, canonical
from mappings.names import NameProblem
from mappings.reading import Reader
from mappings.recipes import RECIPE_KEYS, Recipe, RecipeReader
from mappings.record import compile_value
from mappings.schema import CUSTOMER, Schema
from mappings.scopes import ProfileScope
from mappings.suggest import did_you_mean
from mappings.tree import Test

KEYS = ("as", "fields", "scopes", "tests")
FIELD_KEYS = (*RECIPE_KEYS, "scope", "clients", "into")
RESERVED = frozenset({
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time", "acr", "amr", "azp",
    "at_hash", "c_hash", "s_hash", "sid", "sub_jwk", "typ", "client_id", "scope", "grant_id", "cnf",
    "act", "may_act", "events", "active", "token_type", "username", "email", "email_verified",
    "phone_number_verified", "_claim_names", "_claim_sources",
})  # fmt: skip
"""What protocols say, and what only the login itself can know: whether an address is verified."""
LANGUAGES = ("en", "de", "fr", "es")
NO_DATA = ("openid", "offline_access")
"""Scopes that stand for no claims."""
SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,100}")


Today = Callable[[], date]


def load(path: Path, today: Today, schema: Schema = CUSTOMER) -> Book:
    """Read the file. Raises PolicyError with all problems."""
    try:
        return parse(path.read_text("utf-8"), str(path), today, schema)
    except (OSError, UnicodeDecodeError):
        raise PolicyError(f"{path}: cannot be read; save it as UTF-8 text") from None
    except MappingError as error:
        raise PolicyError(str(error)) from None


def parse(text: str, file: str, today: Today, schema: Schema = CUSTOMER) -> Book:
    """Read the text of a file. Raises MappingError with all problems."""
    reader = Reader(file, text)
    entries = reader.entries(reader.root, "claims", KEYS)
    alias = reader.word(entries.get("as"), "as") or "p"
    recipes = RecipeReader(reader, ProfileScope(alias, schema, ALSO), (alias,))
    node = reader.required(entries, "fields", reader.root, "fields")
    fields = reader.pairs(node, "fields") if node is not None else ()
    read = [(_recipe(reader, recipes, key, value), key, value) for key, value in fields]
    claims = [
        claim
        for recipe, key, node in read
        if recipe
        and (claim := _claim(reader, key, node, _maker(reader, key, recipe, today, schema)))
    ]
    words = _words(reader, entries.get("scopes"), {claim.scope for claim in claims})
    tests = read_tests(reader, entries.get("tests"))
    if not reader.problems:
        by_name = {key.value: (key, recipe) for recipe, key, _ in read if recipe}
        for test in tests:
            _run(reader, test, by_name, schema)
    reader.finish()
    return Book(tuple(claims), words)


def _recipe(
    reader: Reader, recipes: RecipeReader, key: yaml.ScalarNode, node: yaml.Node
) -> Recipe | None:
    where = f"fields.{key.value}"
    if key.value in RESERVED:
        said = f"{key.value} is said by the login itself; give the claim another name"
        reader.problem(key, where, said)
        return None
    if not isinstance(node, yaml.MappingNode):
        return recipes.short(node, where)
    return recipes.read(node, reader.entries(node, where, FIELD_KEYS), where)


def _claim(reader: Reader, key: yaml.ScalarNode, node: yaml.Node, make: Make) -> Claim | None:
    name, where = key.value, f"fields.{key.value}"
    # Unknown keys were told of when the recipe was read.
    inner = {k.value: v for k, v in node.value} if isinstance(node, yaml.MappingNode) else {}
    scope = reader.word(inner.get("scope"), f"{where}.scope") or SCOPE_OF.get(name)
    if scope is None and "scope" not in inner:
        reader.problem(key, where, "the key 'scope' is missing: by which scope is it asked for?")
    elif scope is not None and (scope in NO_DATA or not SCOPE.fullmatch(scope)):
        reader.problem(inner["scope"], f"{where}.scope", "no scope that can stand for a claim")
    into = _into(reader, inner.get("into"), f"{where}.into")
    clients = frozenset(reader.words(inner.get("clients"), f"{where}.clients"))
    if "clients" in inner and not clients:
        reader.problem(inner["clients"], f"{where}.clients", "name the clients, or leave it out")
    return None if scope is None else Claim(name, scope, make, into, clients)


def _into(reader: Reader, node: yaml.Node | None, where: str) -> frozenset[str]:
    words = reader.words(node, where)
    for word in words:
        if node is not None and word not in PLACES:
            reader.problem(node, where, f"unknown word {word!r}{did_you_mean(word, PLACES)}")
    return frozenset(words) or frozenset({USERINFO})


def _maker(
    reader: Reader, key: yaml.ScalarNode, recipe: Recipe, today: Today, schema: Schema
) -> Make:
    try:
        value = compile_value(recipe, schema, today=today)
    except ValueError as error:
        reader.problem(key, f"fields.{key.value}", str(error))
        return lambda _: None

    def make(record: Mapping[str, Any]) -> Any:
        found, refusal = value(record)
        return None if refusal is not None else found

    return make


def _words(
    reader: Reader, node: yaml.Node | None, known: Collection[str]
) -> Mapping[str, Mapping[str, str]]:
    found = {}
    for key, value in reader.pairs(node, "scopes") if node is not None else ():
        where = f"scopes.{key.value}"
        if key.value not in known:
            hint = did_you_mean(key.value, known)
            reader.problem(key, where, f"no field has the scope {key.value!r}{hint}")
        inner = reader.entries(value, where, LANGUAGES)
        found[key.value] = {k: reader.word(v, f"{where}.{k}") for k, v in inner.items()}
    return found


def _run(
    reader: Reader,
    test: Test,
    fields: Mapping[str, tuple[yaml.ScalarNode, Recipe]],
    schema: Schema,
) -> None:
    """Run an example. The values told of are the author's own: they stand in the file."""
    where = f"tests.{test.name}"
    said = test.given.get(TODAY)
    day = said if isinstance(said, date) else None

    def today() -> date:
        if day is None:
            raise ValueError(f"fix the day by {TODAY}: in given:")
        return day

    for name, wanted in test.expect.items():
        if name not in fields:
            hint = did_you_mean(name, fields)
            reader.problems.append(Problem(test.place, where, f"no field {name!r}{hint}"))
            continue
        try:
            record = canonical(test.given, schema)
            got = plain(compile_value(fields[name][1], schema, today=today)(record)[0])
        except (NameProblem, ValueError) as error:
            reader.problems.append(Problem(test.place, where, str(error)))
            return
        if got != plain(wanted):
            told = f"{name}: expected {shown(wanted)}, got {shown(got)}"
            reader.problems.append(Problem(test.place, where, told))
