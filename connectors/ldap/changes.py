"""Decide what a change means for an entry: values as bytes, names from templates, differences.

Nothing is sent here. What cannot be written raises RejectedError with the attribute's name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.contract import Change
from connectors.errors import MisconfiguredError, RejectedError
from connectors.fields import did_you_mean
from connectors.ldap.answers import Entry
from connectors.ldap.names import fields_of, fill, normal, pairs
from connectors.ldap.protocol import ADD, DELETE, REPLACE
from connectors.ldap.rows import ACCOUNT_CONTROL, ACCOUNT_DISABLED, DISABLED, DN, LOCKED, Rows
from connectors.ldap.session import held
from connectors.ldap.values import SECRETS, WRITE, Kind

Modification = tuple[str, int, Sequence[bytes]]
"""One change of one attribute: its name, ADD or DELETE or REPLACE, and the values."""

EXTERNAL_ID, ACTIVE = "externalId", "active"
"""What push mappings call our key, and whether an account may be used, whatever holds them."""


def raw_values(rows: Rows, given: Mapping[str, Any]) -> dict[str, list[bytes]]:
    """The attributes of one side of a change as bytes; empty for None, ``active`` left out."""
    found: dict[str, list[bytes]] = {}
    for name, value in given.items():
        if name == ACTIVE:
            continue
        attribute = rows.spec.external_id if name == EXTERNAL_ID else name
        if attribute is None:
            raise MisconfiguredError(f"{rows.name}: external_id names no attribute for our key")
        found[_spelled(found, attribute)] = raw(rows, attribute, value)
    return found


def _spelled(attributes: Iterable[str], name: str) -> str:
    """An attribute's name as it is spelled already, if it is."""
    return next((one for one in attributes if one.lower() == name.lower()), name)


def raw(rows: Rows, name: str, value: Any) -> list[bytes]:
    """The values of one attribute as bytes."""
    if name in {DN, DISABLED}:
        made = {DN: "made of rdn and parent", DISABLED: "the opposite of active"}
        raise RejectedError(f"{name}: it is {made[name]}, and cannot be written itself")
    if name.partition(";")[0].lower() in SECRETS:
        raise RejectedError(f"{name}: passwords are never written")
    if not rows.schema.has(name):
        known = [each.name for each in rows.schema.attributes.values()]
        raise RejectedError(
            f"{name}: the directory has no such attribute{did_you_mean(name, known)}"
        )
    kind = rows.schema.attribute(name).kind
    values = value if isinstance(value, list | tuple) else [value]
    try:
        return [WRITE[kind](one) for one in values if one is not None and one != ""]
    except (ValueError, KeyError, OverflowError, struct.error):
        raise RejectedError(f"{name}: the value is no {kind}") from None


def entry_name(rows: Rows, texts: Mapping[str, str]) -> tuple[str, str]:
    """The relative name and the parent of an entry with these values (by lower-case name)."""
    spec = rows.spec
    if spec.rdn is None:
        raise MisconfiguredError(f"{rows.name}: rdn says how new entries are named; it is not set")
    return _filled("rdn", spec.rdn, texts), _filled("parent", spec.parent or spec.base, texts)


def _filled(what: str, template: str, texts: Mapping[str, str]) -> str:
    missing = [name for name in fields_of(template) if not texts.get(name.lower())]
    if missing:
        raise RejectedError(f"{what} needs {', '.join(missing)}, which has no value")
    return fill(template, {name: texts[name.lower()] for name in fields_of(template)})


def texts_of(values: Mapping[str, Sequence[bytes]]) -> dict[str, str]:
    """What templates are filled by: the first value of each attribute, by lower-case name."""
    return {
        name.lower(): given[0].decode("utf-8", "replace") if given else ""
        for name, given in values.items()
    }


def new_entry(rows: Rows, change: Change) -> tuple[str, dict[str, list[bytes]]]:
    """The name and the attributes of an entry to be made."""
    if not rows.spec.classes:
        raise MisconfiguredError(f"{rows.name}: classes says what new entries are; it is not set")
    given = raw_values(rows, {EXTERNAL_ID: change.key, **change.after})
    attributes = {name: values for name, values in given.items() if values}
    rdn, parent = entry_name(rows, texts_of(attributes))
    for name, value in pairs(rdn):  # a server may want the naming values among the others
        own = _spelled(attributes, name)
        there = attributes.setdefault(own, [])
        if value.encode() not in there:
            if there and rows.column(own).single:
                raise RejectedError(f"{own}: rdn makes another value of it than the change says")
            there.append(value.encode())
    attributes["objectClass"] = [name.encode() for name in rows.spec.classes]
    for name, _, values in activation(rows, change, None):
        own = _spelled(attributes, name)
        if values and (own not in attributes or ACTIVE in change.after):
            attributes[own] = list(values)
    return f"{rdn},{parent}", attributes


def activation(rows: Rows, change: Change, entry: Entry | None) -> list[Modification]:
    """What makes an entry (a new one when None) disabled or active, as the change says."""
    active = change.after.get(ACTIVE)
    wanted = None if active is None else not active
    by = rows.spec.disabled
    if by is None and rows.active_directory:
        return _account_control(rows, wanted, entry)
    if wanted is None:
        return []
    if by is None and not rows.schema.has(LOCKED.attribute):
        if not wanted:
            return []
        raise MisconfiguredError(
            f"{rows.name}: the directory has no {LOCKED.attribute}; say by `disabled` how an entry "
            "is disabled"
        )
    by = by or LOCKED
    text = by.value if wanted else by.active
    values = [text.encode()] if text is not None else []
    there = held(entry, by.attribute) if entry else []
    return [(by.attribute, REPLACE, values)] if values != there else []


def _account_control(rows: Rows, wanted: Any, entry: Entry | None) -> list[Modification]:
    """The old value goes and the new one comes, so that no other bit set meanwhile is lost."""
    if entry is None:  # Active Directory's own choice would allow an empty password
        person = "user" in {name.lower() for name in rows.spec.classes}
        normal_account = 512 if wanted is False else 514
        return [(ACCOUNT_CONTROL, ADD, [str(normal_account).encode()])] if person else []
    there = held(entry, ACCOUNT_CONTROL)
    if wanted is None:
        return []
    if not there:
        raise RejectedError(f"{ACCOUNT_CONTROL}: the entry has none, so nothing can disable it")
    old = int(there[0])
    new = old | ACCOUNT_DISABLED if wanted else old & ~ACCOUNT_DISABLED
    if new == old:
        return []
    return [(ACCOUNT_CONTROL, DELETE, there), (ACCOUNT_CONTROL, ADD, [str(new).encode()])]


def modifications(rows: Rows, change: Change, entry: Entry) -> list[Modification]:
    """What must be sent for the entry to hold what the change wants, and nothing more.

    Of an attribute with several values only ours move: those that we held before and want no more
    go, those that are missing come, and all others stay.
    """
    before, after = raw_values(rows, change.before), raw_values(rows, change.after)
    found: list[Modification] = []
    for name, wanted in after.items():
        there = held(entry, name)
        if rows.column(name).single:
            if len(there) > 1:
                raise RejectedError(
                    f"{name} has {len(there)} values, but `single` says that there is one"
                )
            if wanted != there:
                found.append((name, REPLACE, wanted))
        elif not wanted and not before.get(name):
            found += [(name, REPLACE, [])] if there else []
        else:
            found += _elements(rows, name, before.get(name, []), wanted, there)
    return found + activation(rows, change, entry)


def _elements(
    rows: Rows, name: str, before: list[bytes], wanted: list[bytes], there: list[bytes]
) -> list[Modification]:
    held_now = {_meaning(rows, name, one): one for one in there}
    aims = {_meaning(rows, name, one): one for one in wanted}
    was = {_meaning(rows, name, one) for one in before}
    gone = [held_now[one] for one in was if one in held_now and one not in aims]
    come = [one for key, one in aims.items() if key not in held_now]
    if rows.schema.attribute(name).kind is Kind.TEXT:  # only the spelling changes
        other = [key for key, one in aims.items() if held_now.get(key, one) != one]
        gone += [held_now[key] for key in other]
        come += [aims[key] for key in other]
    parts: Iterable[Modification] = ((name, DELETE, gone), (name, ADD, come))
    return [part for part in parts if part[2]]


def _meaning(rows: Rows, name: str, value: bytes) -> object:
    """The value as the server compares it, as far as we know."""
    kind = rows.schema.attribute(name)
    if kind.kind is Kind.DN:
        return normal(value.decode("utf-8", "replace"))
    if kind.kind is Kind.TEXT and kind.folded:
        return " ".join(value.decode("utf-8", "replace").casefold().split())
    return value
