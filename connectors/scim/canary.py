"""The resource that a probe makes, changes and takes away again: invented, and marked as ours."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.scim.paths import LISTS, normal, parse
from connectors.scim.resources import ResourceType

PREFIX = "Isthmus-Canary-"
_USUAL = ("name.givenName", "name.familyName", "displayName", "active")
_WORK_EMAIL = 'emails[type eq "work"].value'
_SAMPLES: Mapping[str, Any] = {
    "boolean": True,
    "integer": 7,
    "decimal": 7.5,
    "dateTime": "2020-02-29T12:00:00Z",
    "reference": "https://example.com/canary",
    "binary": "Y2FuYXJ5",
}
_BY_NAME: Mapping[str, Any] = {
    "locale": "en-GB",
    "preferredLanguage": "en",
    "timezone": "Europe/London",
    "country": "GB",
    "phoneNumbers": "+14155550100",
    "active": True,
}


def canary(
    kind: ResourceType,
    schemas: Mapping[str, Mapping[str, Any]],
    paths: Iterable[str] = (),
    *,
    usual: bool = True,
) -> dict[str, Any]:
    """Return a new canary by path: what is usual, what the schema requires, and these paths.

    Its letters are mixed, so that a provider that folds them is found out.
    """
    name = f"{PREFIX}{secrets.token_hex(6)}"
    address = f"{name}@example.com"
    listed = dict.fromkeys(map(normal, paths))
    lists = {parse(path).attribute for path in listed}
    common = _USUAL if "emails" in lists else (*_USUAL, _WORK_EMAIL)
    person = dict.fromkeys(common) if usual and kind.name != "Group" else {}
    wanted = {**person, **dict.fromkeys(required_paths(kind, schemas)), **listed}
    wanted = {path: None for path in wanted if path not in ("userName", "externalId", "id")}
    row: dict[str, Any] = {} if kind.name == "Group" else {"userName": address}
    row["externalId"] = f"{name}-key"
    return row | {path: _sample(path, kind, schemas, name) for path in wanted}


def _sample(
    path: str, kind: ResourceType, schemas: Mapping[str, Mapping[str, Any]], name: str
) -> Any:
    parsed = parse(path)
    if parsed.attribute == "emails":
        value: Any = f"{name}@example.com"
    elif kind.name == "Group" and path == "displayName":
        return name
    else:
        said = _definition(schemas.get(parsed.schema or kind.schema, {}), path)
        usual = said.get("canonicalValues") or [_SAMPLES.get(str(said.get("type")))]
        last = parsed.part or parsed.attribute
        value = _BY_NAME.get(last, _BY_NAME.get(parsed.attribute, usual[0])) or "Isthmus Canary"
    whole = not parsed.conditions and not parsed.part and parsed.attribute in LISTS
    return [{"type": "work", "value": value}] if whole else value


def _definition(schema: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    parsed = parse(path)
    found = _named(schema.get("attributes") or (), parsed.attribute)
    part = parsed.part or ("value" if parsed.listed else None)
    return _named(found.get("subAttributes") or (), part) if part else found


def _named(attributes: Iterable[Mapping[str, Any]], name: str | None) -> Mapping[str, Any]:
    return next((each for each in attributes if each.get("name") == name), {})


def required_paths(kind: ResourceType, schemas: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the paths that the object type's own schema says a creation must have."""
    for attribute in schemas.get(kind.schema, {}).get("attributes") or ():
        if not attribute.get("required") or attribute.get("mutability") == "readOnly":
            continue
        parts = attribute.get("subAttributes") or ()
        if not parts:
            yield attribute["name"]
        elif not attribute.get("multiValued"):
            yield from (f"{attribute['name']}.{p['name']}" for p in parts if p.get("required"))
