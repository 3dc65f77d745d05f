"""What is known of a person beside what they may change: from whom, in words for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from idp_core.accounts.store import SOURCE, Account
from idp_core.profiles.model import Lineage, Profile
from idp_core.site.config import ServeConfig
from idp_core.site.part import Need
from idp_core.site.profile import ProfileSettings

_ADDRESS = ("street_address", "postal_code", "locality", "region", "country")


@dataclass(frozen=True, slots=True)
class Heard:
    """A value that is shown. `source` is what its system is called; "" is the person's own word.

    None is a system that people need not know.
    """

    attribute: str
    value: str | bool | date = field(repr=False)
    source: str | None = ""


def changeable(config: ServeConfig) -> Mapping[str, Need]:
    """Return what a person may change; what was asked for once can be mended later."""
    asked: dict[str, Need] = dict(config.registration.fields)
    more = [name for rule in config.ask for name in rule.ask]
    return {**dict.fromkeys((*more, *config.profile.change), "optional"), **asked}


def heard(config: ServeConfig, account: Account, profile: Profile | None) -> Sequence[Heard]:
    """Return what is shown: what was said here and may not be changed, then the profile's."""
    may, said = changeable(config), config.profile
    own = {name: value for name, value in account.attributes.items() if name not in may}
    shown = [each for name, value in sorted(own.items()) for each in _own(name, value)]
    if profile is None:
        return shown
    for name in said.show:
        value = profile.attributes.get(name)
        lineage = [each for each in profile.lineage if each.attribute == name]
        found = (
            _many(name, value, lineage, said)
            if isinstance(value, list)
            else _one(name, value, lineage, said)
        )
        # What the person said here stands above already, in the form or among their own words.
        here = account.email if name == "emails" else str(account.attributes.get(name))
        shown += [each for each in found if str(each.value) != here]
    return shown


def _own(name: str, value: Any) -> Iterable[Heard]:
    if isinstance(value, str | bool | date):
        yield Heard(name, value)


def _one(
    name: str, value: Any, lineage: Sequence[Lineage], said: ProfileSettings
) -> Iterable[Heard]:
    if value is not None and value != "":
        kept = value if isinstance(value, bool | date) else str(value)
        yield Heard(name, kept, _source(lineage[0] if lineage else None, said))


def _many(
    name: str, value: Sequence[Any], lineage: Sequence[Lineage], said: ProfileSettings
) -> Iterable[Heard]:
    by_place = {each.element: each for each in lineage}
    for place, element in enumerate(value):
        text = _text(element)
        if text:
            yield Heard(name, text, _source(by_place.get(place), said))


def _text(element: Any) -> str:
    if not isinstance(element, Mapping):
        return str(element)
    parts = (element.get(part) for part in _ADDRESS)
    whole = element.get("value") or element.get("formatted")
    return " ".join(str(whole or ", ".join(str(part) for part in parts if part)).split())


def _source(why: Lineage | None, said: ProfileSettings) -> str | None:
    if why is None:
        return None
    return "" if why.ref.source == SOURCE else said.sources.get(why.ref.source)
