"""Between SCIM resources (nested JSON) and flat rows of path to value.

Paths are those of RFC 7644 section 3.5.2 with equality filters only::

    userName    name.givenName    emails[type eq "work"].value    emails.value
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department

A part of one of the standard's lists without a test (``emails.value``) means the list's first
element, and a list that has no other: for providers whose elements have no type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scim2_models import Path
from scim2_models.exceptions import InvalidPathException

from connectors.elements import Held, known_by, list_of, parted, put_elements
from connectors.errors import MisconfiguredError

Operation = dict[str, Any]
LISTS = frozenset(
    {
        "addresses",
        "emails",
        "entitlements",
        "ims",
        "phoneNumbers",
        "photos",
        "roles",
        "x509Certificates",
    }
)
_SERVER_OWNED = frozenset({"schemas", "meta", "id"})


@dataclass(frozen=True, slots=True)
class ScimPath:
    """A parsed path: ``schema:attribute[conditions].part``."""

    attribute: str
    part: str | None = None
    schema: str | None = None
    conditions: tuple[tuple[str, Any], ...] = ()

    @property
    def listed(self) -> bool:
        """Whether it is a part of an element of a list."""
        return bool(self.conditions) or (self.part is not None and self.attribute in LISTS)

    @property
    def element(self) -> str:
        """The path without its part: the element or complex attribute that holds it."""
        prefix = f"{self.schema}:" if self.schema else ""
        tests = " and ".join(f"{name} eq {json.dumps(value)}" for name, value in self.conditions)
        return f"{prefix}{self.attribute}{f'[{tests}]' if tests else ''}"

    def __str__(self) -> str:
        return f"{self.element}.{self.part}" if self.part else self.element


@lru_cache(maxsize=4096)
def parse(text: str) -> ScimPath:
    """Parse a path; MisconfiguredError names the column of what cannot be read."""
    try:
        path = Path(text)
    except InvalidPathException as error:
        raise MisconfiguredError(f"SCIM path {text!r}: {error}") from None
    if not path.parts:
        raise MisconfiguredError(f"SCIM path {text!r}: names a schema; name one of its attributes")
    attribute, *parts = path.parts
    part = ".".join(parts) or None
    return ScimPath(attribute, part, path.schema, tuple(_equalities(text, path.value_filter)))


def _equalities(text: str, condition: Any) -> Iterator[tuple[str, Any]]:
    if condition is None:
        return
    for term in getattr(condition, "terms", (condition,)):
        if getattr(term, "op", None) != "eq" or getattr(condition, "op", None) == "or":
            raise MisconfiguredError(
                f"SCIM path {text!r}: only `eq` tests joined by `and` can pick an element"
            )
        yield term.attr_path.attr, term.value


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """Return the one spelling of a path that rows use as key."""
    return str(parse(text))


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which paths a row has: those of its own with their usual spelling, and single elements."""

    plain: tuple[tuple[str, ScimPath, str], ...]
    elements: tuple[str, ...]
    listed: bool


def _shape(row: Mapping[str, Any]) -> _Shape:
    """Return the shape of a row; those of one push mapping have few."""
    paths = tuple(row)
    return _known_shape(paths) if len(paths) <= _SHORT else _shape_of(paths)


def _shape_of(paths: tuple[str, ...]) -> _Shape:
    plain = [(text, parse(text)) for text in paths if list_of(text) is None]
    return _Shape(
        tuple((text, path, str(path)) for text, path in plain),
        tuple(text for text in paths if list_of(text) is not None),
        any(path.listed for _, path in plain),
    )


_SHORT = 100
_known_shape = lru_cache(maxsize=512)(_shape_of)


def has_elements(row: Mapping[str, Any]) -> bool:
    """Whether a row names single elements of lists."""
    return bool(_shape(row).elements)


def values_at(resource: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return what a resource holds under these paths, None where it has nothing.

    It is what `flatten` has there; paths into lists are looked up by it, others at once.
    """
    found: dict[str, Any] = {}
    row: Held | None = None
    for text in paths:
        path = None if list_of(text) else parse(text)
        if path is None or path.listed:
            row = row or Held(flatten(resource))
            found[text] = row.get(text if path is None else normal(text))
        else:
            found[text] = _value_at(resource, path)
    return found


def _value_at(resource: Mapping[str, Any], path: ScimPath) -> Any:
    holder = resource.get(path.schema) if path.schema else resource
    if not isinstance(holder, Mapping) or path.attribute in _SERVER_OWNED:
        return None
    value = holder.get(path.attribute)
    if isinstance(value, Mapping):
        return value.get(path.part) if path.part else None
    return None if path.part else value


def flatten(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return every path of a resource that a change could name.

    An element of a list is reachable by its type and, when primary, as primary too.
    """
    row: dict[str, Any] = {}
    for name, value in resource.items():
        if name in _SERVER_OWNED:
            continue
        if name.lower().startswith("urn:") and isinstance(value, Mapping):
            row.update({f"{name}:{path}": part for path, part in flatten(value).items()})
        else:
            row.update(_flatten_attribute(name, value))
    return row


def _flatten_attribute(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"{name}.{part}", inner) for part, inner in value.items())
        return
    yield name, value
    if not isinstance(value, list):
        return
    seen: set[str] = set()
    if name in LISTS and value and isinstance(value[0], Mapping):
        yield from ((f"{name}.{part}", inner) for part, inner in value[0].items())
    for element in value:
        if not isinstance(element, Mapping):
            continue
        for label in ("type", "primary"):
            test = element.get(label)
            path = f"{name}[{label} eq {json.dumps(test)}]"
            if test and path not in seen:
                seen.add(path)
                yield from ((f"{path}.{p}", v) for p, v in element.items() if p != label)


def write(resource: dict[str, Any], path: ScimPath, value: Any) -> None:
    """Set (or, with None, remove) one path of a resource in place."""
    if value is not None and not path.listed:
        _put(resource, path, value)
        return
    holder = resource.setdefault(path.schema, {}) if path.schema else resource
    if path.listed:
        _write_element(holder, path, value)
    elif path.part:
        complex_value = holder.setdefault(path.attribute, {})
        complex_value.pop(path.part, None)
        if not complex_value:
            del holder[path.attribute]
    else:
        holder.pop(path.attribute, None)
    if path.schema and not holder:
        del resource[path.schema]


def _put(resource: dict[str, Any], path: ScimPath, value: Any) -> None:
    """Set one path that leads into no list."""
    holder = resource.setdefault(path.schema, {}) if path.schema else resource
    if path.part:
        holder.setdefault(path.attribute, {})[path.part] = value
    else:
        holder[path.attribute] = value


def _write_element(holder: dict[str, Any], path: ScimPath, value: Any) -> None:
    elements = holder.setdefault(path.attribute, [])
    wanted = dict(path.conditions)
    element = next((e for e in elements if wanted.items() <= e.items()), None)
    if element is None and value is not None:
        element = dict(wanted)
        elements.append(element)
    if element is not None and not path.conditions:
        elements[:] = [element]  # the list is ours as a whole
    if element is not None:
        _set(element, path.part or "value", value)
        if element.keys() <= wanted.keys():
            elements.remove(element)
    if not elements:
        del holder[path.attribute]


def _set(holder: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value


def build(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource that holds exactly these paths; None values are left out."""
    resource: dict[str, Any] = {}
    shape = _shape(row)
    put = write if shape.listed else _put
    for text, path, _ in shape.plain:
        value = row[text]
        if value is not None:
            put(resource, path, value)
    if shape.elements:
        new = {path: row[path] for path in shape.elements if row[path] is not None}
        put_elements(resource, {}, new)
    return resource


def operations(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Operation]:
    """Return the PATCH operations that lead from `before` to `after`, in the order of `after`.

    A list element that was not there is added whole, since replacing by a filter that matches
    nothing is an error (RFC 7644 section 3.5.2.3); one whose parts all go is removed whole.
    """
    shape = _shape(after)
    if not (shape.listed or shape.elements):
        return [
            _simple(said, after[text])
            for text, _, said in shape.plain
            if before.get(text) != after[text]
        ]
    elements: dict[str, dict[ScimPath, Any]] = {}
    plain, singles = parted(after)
    for text, value in plain.items():
        if before.get(text) != value:
            path = parse(text)
            elements.setdefault(path.element if path.listed else text, {})[path] = value
    result: list[Operation] = []
    for element, parts in elements.items():
        first = next(iter(parts))
        if first.listed and not first.conditions:
            result.append(_whole(element, {**before, **after}))
        elif first.conditions:
            result += _element_operations(element, parts, before, after)
        else:
            result += [_simple(str(path), value) for path, value in parts.items()]
    return result + list(_single_elements(before, singles))


def _single_elements(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield the operations for elements known by their value: those of a list come together."""
    new: dict[str, list[Any]] = {}
    for path, wanted in after.items():
        name, held = list_of(path) or "", before.get(path)
        if held == wanted:
            continue
        if held is None:
            new.setdefault(name, []).append(wanted)
            continue
        picked = f"{name}[value eq {json.dumps(known_by(held), ensure_ascii=False)}]"
        if wanted is None:
            yield {"op": "remove", "path": picked}
        else:
            changed = {part: v for part, v in wanted.items() if held.get(part) != v}
            yield from (_simple(f"{picked}.{part}", v) for part, v in changed.items())
    yield from ({"op": "add", "path": name, "value": added} for name, added in new.items())


def _simple(path: str, value: Any) -> Operation:
    if value is None:
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": value}


def _whole(element: str, row: Mapping[str, Any]) -> Operation:
    """Return the operation for a list that has one element of ours."""
    parts = {parse(text).part: value for text, value in row.items() if _is_in(element, text)}
    held = {part: value for part, value in parts.items() if value is not None}
    return _simple(element, [held] if held else None)


def _is_in(element: str, text: str) -> bool:
    path = parse(text)
    return path.element == element and path.part is not None


def _element_operations(
    element: str, parts: Mapping[ScimPath, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Operation]:
    def held(row: Mapping[str, Any]) -> bool:
        return any(v is not None and t.startswith(f"{element}.") for t, v in row.items())

    path = next(iter(parts))
    if not held(before):
        new = dict(path.conditions) | {p.part or "value": v for p, v in parts.items()}
        prefix = f"{path.schema}:" if path.schema else ""
        whole = {name: value for name, value in new.items() if value is not None}
        return [{"op": "add", "path": f"{prefix}{path.attribute}", "value": [whole]}]
    if not held({**before, **after}):
        return [{"op": "remove", "path": element}]
    # Removals last: an element that is empty in between may be dropped by the provider.
    return [_simple(str(p), v) for p, v in sorted(parts.items(), key=lambda part: part[1] is None)]
