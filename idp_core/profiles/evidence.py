"""What one record says about who it is: names folded, identifiers written alike, junk left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from idp_core.profiles.held import Held, holder
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.names import bare, fold, spells, suffix
from idp_core.profiles.policy import IdentifierPolicy, Read


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record as resolution sees it. Names are folded, ``""`` when not said.

    `held` are its identifier values by kind; kinds without a value are not in it.
    """

    ref: SourceRef
    given: str = field(default="", repr=False)
    family: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    birth: date | None = field(default=None, repr=False)
    held: Mapping[str, Held] = field(default_factory=dict, repr=False)
    logs_in: bool = False


Reader = Callable[[SourceProfile], Evidence]


def reader(policy: IdentifierPolicy) -> Reader:
    """Return a function from a source profile to what it says about who it is."""
    holders = [(name, holder(kind)) for name, kind in policy.identifiers.items()]
    spelled = [n for n, kind in policy.identifiers.items() if kind.read is Read.LOCAL_PART]
    blocked, login = policy.birth_date.blocked, policy.login

    def read(profile: SourceProfile) -> Evidence:
        said = profile.attributes
        given, family = fold(_text(said.get("given_name"))), fold(_text(said.get("family_name")))
        mark = suffix(fold(_text(said.get("name_suffix"))), family, given)
        given, family = bare(given), bare(family)
        held = {name: found for name, values in holders if (found := values(profile))}
        for name in spelled:
            if name in held:
                _forget(held, name, (v for v in held[name] if spells(v, given, family)))
        return Evidence(
            ref=profile.ref,
            given=given,
            family=family,
            suffix=mark,
            birth=_birth(said.get("birth_date"), blocked),
            held=held,
            logs_in=profile.ref.source in login.sources
            or any(said.get(name) for name in login.attributes),
        )

    return read


def without(record: Evidence, values: Iterable[tuple[str, str]]) -> Evidence:
    """Return the record as if it did not hold these values, each with its kind before it."""
    held = dict(record.held)
    for kind, value in values:
        _forget(held, kind, (value,))
    return Evidence(
        record.ref,
        record.given,
        record.family,
        record.suffix,
        record.birth,
        held,
        record.logs_in,
    )


def _forget(held: dict[str, Held], kind: str, values: Iterable[str]) -> None:
    gone = set(values)
    if gone:
        left = {value: verified for value, verified in held[kind].items() if value not in gone}
        if left:
            held[kind] = left
        else:
            del held[kind]


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


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
