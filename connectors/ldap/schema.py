"""What the directory says of its attributes and classes (RFC 4512 section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.ldap.protocol import attribute_types, content_rules, object_classes
from connectors.ldap.values import Kind

_SYNTAX = "1.3.6.1.4.1.1466.115.121.1."
_KINDS: Mapping[str, Kind] = {
    f"{_SYNTAX}7": Kind.BOOLEAN,
    f"{_SYNTAX}12": Kind.DN,
    f"{_SYNTAX}24": Kind.TIME,
    f"{_SYNTAX}27": Kind.INTEGER,
    f"{_SYNTAX}53": Kind.UTC_TIME,
    "1.2.840.113556.1.4.906": Kind.INTEGER,
    **{f"{_SYNTAX}{n}": Kind.BINARY for n in (4, 5, 8, 9, 10, 23, 28, 40, 49)},
    "1.2.840.113556.1.4.907": Kind.BINARY,
}
_NAMED: Mapping[str, Kind] = {
    **dict.fromkeys(("objectguid", "parentguid", "schemaidguid"), Kind.GUID),
    **dict.fromkeys(("objectsid", "sidhistory", "securityidentifier", "tokengroups"), Kind.SID),
    **dict.fromkeys(
        (
            "accountexpires", "badpasswordtime", "lastlogoff", "lastlogon", "lastlogontimestamp",
            "lockouttime", "ms-mcs-admpwdexpirationtime", "mslaps-passwordexpirationtime",
            "msds-lastfailedinteractivelogontime", "msds-lastsuccessfulinteractivelogontime",
            "msds-userpasswordexpirytimecomputed", "pwdlastset",
        ),
        Kind.FILETIME,
    ),
}  # fmt: skip
"""What only the name tells: Active Directory has no syntax for these."""
_ONE = frozenset(
    {
        "createtimestamp", "creatorsname", "entrycsn", "entrydn", "entryuuid", "modifiersname",
        "modifytimestamp", "objectguid", "objectsid", "pwdaccountlockedtime", "samaccountname",
        "structuralobjectclass", "useraccountcontrol", "usnchanged", "usncreated", "whenchanged",
        "whencreated",
    }
)  # fmt: skip
"""Attributes of one value, for servers that do not show their schema."""


@dataclass(frozen=True, slots=True)
class AttributeType:
    """One attribute: its own spelling, the kind of its values, whether there is only one."""

    name: str
    kind: Kind
    single: bool
    ordered: bool = True
    folded: bool = True
    """Whether values that differ in case only are the same to the server."""


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """One class with what it inherits: what its entries must and may hold."""

    name: str
    must: frozenset[str]
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class Schema:
    """Attributes and classes by lower-case name; `known` is false when the server hides them."""

    attributes: Mapping[str, AttributeType] = field(default_factory=dict, repr=False)
    classes: Mapping[str, ObjectClass] = field(default_factory=dict, repr=False)
    known: bool = False

    def attribute(self, name: str) -> AttributeType:
        """What is known of an attribute, its options (``;lang-fr``) left out."""
        base = name.partition(";")[0].lower()
        if found := self.attributes.get(base):
            return found
        return AttributeType(name, _NAMED.get(base, Kind.TEXT), base in _ONE)

    def has(self, name: str) -> bool:
        """Whether there is such an attribute; true when nobody can tell."""
        return not self.known or name.partition(";")[0].lower() in self.attributes


def parse(
    attributes: Iterable[bytes], classes: Iterable[bytes], rules: Iterable[bytes] = ()
) -> Schema:
    """Read the values of ``attributeTypes``, ``objectClasses`` and ``dITContentRules``."""
    infos = attribute_types(attributes)
    by_name = {name.lower(): info for info in infos for name in (info.oid, *_names(info))}
    judged = any(info.ordering for info in infos)  # Active Directory shows no matching rules
    found = {
        name.lower(): _attribute(info, by_name, judged=judged)
        for info in infos
        for name in _names(info)
    }
    return Schema(found, _classes(classes, rules), known=bool(found))


def _attribute(info: Any, by_name: Mapping[str, Any], *, judged: bool) -> AttributeType:
    name, above = _names(info)[0], info
    syntax, ordering, equality = info.syntax, info.ordering, info.equality
    for _ in range(16):  # a type may take them from the one that it is derived from
        above = by_name.get(next(iter(_listed(above.superior)), "").lower())
        if above is None:
            break
        syntax, ordering = syntax or above.syntax, ordering or above.ordering
        equality = equality or above.equality
    kind = _NAMED.get(name.lower()) or _KINDS.get(str(syntax or "").strip("'"), Kind.TEXT)
    return AttributeType(
        name,
        kind,
        bool(info.single_value),
        ordered=bool(ordering) or not judged,
        folded="ignore" in str(equality or "").lower() or not judged,
    )


def _classes(definitions: Iterable[bytes], rules: Iterable[bytes]) -> dict[str, ObjectClass]:
    by_name = {name.lower(): info for info in object_classes(definitions) for name in _names(info)}
    extra = {
        name.lower(): _allowed(rule, by_name)
        for rule in content_rules(rules)
        for name in _names(rule)
    }
    return {name: _class(info, by_name, extra) for name, info in by_name.items()}


def _allowed(rule: Any, by_name: Mapping[str, Any]) -> list[str]:
    """What a content rule adds to a class: attributes, and those of auxiliary classes."""
    held = [*_listed(rule.must_contain), *_listed(rule.may_contain)]
    for name in _listed(rule.auxiliary_classes):
        if info := by_name.get(name.lower()):
            held += [*_listed(info.must_contain), *_listed(info.may_contain)]
    return held


def _class(info: Any, by_name: Mapping[str, Any], extra: Mapping[str, list[str]]) -> ObjectClass:
    must: set[str] = set()
    may: set[str] = set()
    waiting, seen = [info], set[str]()
    while waiting:
        each = waiting.pop()
        if each.oid in seen:
            continue
        seen.add(each.oid)
        must.update(_listed(each.must_contain))
        may.update(_listed(each.may_contain))
        for name in _names(each):
            may.update(extra.get(name.lower(), ()))
        above = (by_name.get(name.lower()) for name in _listed(each.superior))
        waiting += [one for one in above if one is not None]
    return ObjectClass(_names(info)[0], frozenset(must), frozenset(may - must))


def _names(info: Any) -> list[str]:
    return _listed(info.name) or [str(info.oid)]


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(one) for one in value]
