"""Progressive profiling as data: which attribute is asked for, when, and for whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, field_validator

from idp_core.site.part import ASKED, First, Need, Part, Then


class AskRule(Part):
    """A rule; attributes that are known already are never asked for."""

    ask: Annotated[tuple[str, ...], Field(min_length=1)]
    """Attributes, as in `registration.fields`."""
    need: Need = "optional"
    """Whether it may be left out; what is optional may be put off."""
    clients: tuple[str, ...] = ()
    """The clients at whose logins it is asked; all without it."""
    steps: tuple[First | Then, ...] = ()
    """Steps, such as `passkey`, of which a login took one where it is asked; all without it."""
    after_days: Annotated[int, Field(ge=0, le=3650)] = 0
    """How many days an account has to be there first."""
    later_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """After how many days it is asked again when it was put off."""

    @field_validator("ask")
    @classmethod
    def _known(cls, ask: tuple[str, ...]) -> tuple[str, ...]:
        for name in ask:
            if name not in ASKED:
                raise ValueError(f"{name} cannot be asked for; there is {', '.join(ASKED)}")
        return ask


@dataclass(frozen=True, slots=True)
class Login:
    """A login that something may be asked at: its client and steps, and the age of its account."""

    client: str
    steps: Sequence[str]
    age: timedelta


def wanted(
    rules: Sequence[AskRule],
    login: Login,
    said: Mapping[str, Any],
    later: Mapping[str, datetime],
    now: datetime,
) -> dict[str, Need]:
    """Return what to ask for at a login, and whether it is needed.

    `said` is what is known; `later` until when each attribute was put off.
    """
    found: dict[str, Need] = {}
    for rule in rules:
        if not _is_for(rule, login):
            continue
        for name in rule.ask:
            waits = rule.need == "optional" and name in later and now < later[name]
            if not said.get(name) and not waits and found.get(name) != "required":
                found[name] = rule.need
    return found


def _is_for(rule: AskRule, login: Login) -> bool:
    if rule.clients and login.client not in rule.clients:
        return False
    if rule.steps and not set(rule.steps) & set(login.steps):
        return False
    return login.age >= timedelta(days=rule.after_days)


def days_of(rules: Sequence[AskRule], client: str, name: str) -> int:
    """Return for how many days an attribute is put off."""
    fit = [r for r in rules if name in r.ask and (not r.clients or client in r.clients)]
    return min((rule.later_days for rule in fit), default=1)
