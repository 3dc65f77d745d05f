"""What one record says about who it is: names folded, identifiers written alike, junk left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from idp_core.profiles.model import Identifier, SourceProfile, SourceRef
from idp_core.profiles.names import bare, fold, spells, suffix
from idp_core.profiles.policy import IdentifierPolicy, Read

_LENGTH_OF_A_LOCAL_PART = 5  # shorter ones (ann@, jsmi@) are many people's


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record as resolution sees it. Names are folded, ``""`` when not said."""

    ref: SourceRef
    given: str = field(default="", repr=False)
    family: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    birth: date | None = field(default=None, repr=False)
    identifiers: tuple[Identifier, ...] = field(default=(), repr=False)
    logs_in: bool = False

    def values(self, kind: str) -> frozenset[str]:
        """The values this record has of one kind."""
        return frozenset(found.value for found in self.identifiers if found.kind == kind)


def evidence(profile: SourceProfile, policy: IdentifierPolicy) -> Evidence:
    """Return what `profile` says about who it is, under this policy."""
    said = profile.attributes
    given, family = fold(_text(said.get("given_name"))), fold(_text(said.get("family_name")))
    mark = suffix(fold(_text(said.get("name_suffix"))), family, given)
    given, family = bare(given), bare(family)
    login = policy.login
    return Evidence(
        ref=profile.ref,
        given=given,
        family=family,
        suffix=mark,
        birth=_birth(said.get("birth_date"), policy.birth_date.blocked),
        identifiers=tuple(
            found
            for found in _identifiers(profile, policy)
            if policy.identifiers[found.kind].read is not Read.LOCAL_PART
            or not spells(found.value, given, family)
        ),
        logs_in=profile.ref.source in login.sources
        or any(said.get(name) for name in login.attributes),
    )


def identifiers(profile: SourceProfile, policy: IdentifierPolicy) -> tuple[Identifier, ...]:
    """Return the typed values that point at this person, each once, junk left out."""
    return tuple(_identifiers(profile, policy))


def _identifiers(profile: SourceProfile, policy: IdentifierPolicy) -> Iterator[Identifier]:
    for name, kind in policy.identifiers.items():
        found: dict[str, bool] = {}
        for parts, verified in _raw(profile.attributes, kind.from_):
            value = "|".join(written(part, kind.read) for part in parts)
            if all(value.split("|")) and kind.identifies(value):
                found[value] = found.get(value, False) or verified
        if kind.own_key:
            found["|".join(written(part, kind.read) for part in profile.ref)] = True
        for value, verified in found.items():
            yield Identifier(name, value, verified)


def _raw(said: Mapping[str, Any], paths: Sequence[str]) -> Iterator[tuple[list[str], bool]]:
    """Yield the parts of each value at `paths`, and whether its element is marked verified."""
    roots = {path.partition(".")[0] for path in paths}
    lists = [root for root in roots if isinstance(said.get(root), (list, tuple))]
    elements: Iterable[Mapping[str, Any]] = said[lists[0]] if lists else ({},)
    for element in elements:
        parts = []
        for path in paths:
            root, _, part = path.partition(".")
            parts.append(_text(element.get(part) if root in lists else said.get(path)))
        if all(parts):
            yield parts, element.get("verified") is True


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def written(text: str, how: Read) -> str:
    """Return `text` as values of this kind are compared."""
    match how:
        case Read.TEXT:
            return text.strip().casefold()
        case Read.WORDS:
            return fold(text)
        case Read.COMPACT:
            return fold(text).replace(" ", "")
        case Read.DIGITS:
            return re.sub(r"\D", "", text)
        case Read.LOCAL_PART:
            local = text.strip().casefold().partition("@")[0].partition("+")[0]
            return local if len(local) >= _LENGTH_OF_A_LOCAL_PART else ""
        case _:
            return text


def _birth(value: object, blocked: frozenset[date]) -> date | None:
    """Return a date of birth from a date, timestamp or ISO text; None if junk or unreadable."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return None
    if isinstance(value, datetime):
        value = value.date()
    return value if isinstance(value, date) and value not in blocked else None
