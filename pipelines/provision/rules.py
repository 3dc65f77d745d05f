"""What a push mapping says, ready to run: plain functions of one profile record.

`pipelines.provision.compile` makes a `Push` from a checked push document. The planner sees only
this. The record that every function gets is the golden attributes plus ``gid`` and ``active``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from idp_core.profiles.model import Lineage

Record = Mapping[str, Any]


class Ownership(StrEnum):
    """Who decides the value once the account is there."""

    ENFORCE = "enforce"
    """We do, always."""
    INITIAL = "initial"
    """We do at the creation, the target afterwards."""
    FILL = "fill"
    """We do as long as the target has none."""
    ELEMENTS = "elements"
    """We do, of those elements of a list that we put there; the others are somebody else's."""


class OnNull(StrEnum):
    """What an empty value of ours means for the target."""

    CLEAR = "clear"
    KEEP = "keep"


class Adopt(StrEnum):
    """What becomes of an existing account that a rule finds."""

    AUTO = "auto"
    REVIEW = "review"


class LeaveAction(StrEnum):
    """What becomes of the account of a profile that leaves the scope."""

    DEACTIVATE = "deactivate"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step refused a value: the fixed words of the step, never the value."""

    reason: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the target, by its name, and who is in it; `reads` is what decides that."""

    name: str
    when: Callable[[Record], bool]
    place: str
    reads: tuple[str, ...] = ()


HELD_BY_ACCOUNT = frozenset({"roles", "entitlements"})
"""Lists of an account that may hold the names of groups."""


@dataclass(frozen=True, slots=True)
class Line:
    """One owned path of the account. `value` gives a value of ours, None, or a Refusal.

    `place` is ``file:line`` in the push mapping; `reads` are the golden attributes it needs. With
    `refers` the value names another profile, the one for which `refers` gives it, and what is
    written is the id of that profile's account. `groups` are those whose names the list holds.
    """

    path: str
    value: Callable[[Record], Any]
    place: str
    own: Ownership = Ownership.ENFORCE
    on_null: OnNull = OnNull.CLEAR
    reads: tuple[str, ...] = ()
    refers: Callable[[Record], Any] | None = None
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A way to recognise an account that is there already; only a unique hit counts."""

    path: str
    value: Callable[[Record], Any]
    place: str
    adopt: Adopt = Adopt.AUTO


@dataclass(frozen=True, slots=True)
class Leave:
    """What leaving the scope does; `grace` is the time from deactivation to deletion."""

    action: LeaveAction = LeaveAction.DEACTIVATE
    grace: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """A compiled push mapping. `key_path` is the attribute that holds our key.

    `digest` names the meaning: accounts made under the same digest need no second look.
    `active_path` is set to true when a deactivated account comes back.
    """

    name: str
    object: str
    digest: str
    key: Callable[[Record], Any]
    lines: Sequence[Line]
    scope: Callable[[Record], bool] | None = None
    consent: tuple[str, ...] = ()
    match: Sequence[Match] = ()
    leave: Leave = Leave()
    key_path: str = "externalId"
    active_path: str = "active"
    place: str = ""
    purpose: str = ""
    groups: Sequence[Group] = ()

    @property
    def by_element(self) -> bool:
        """Whether it writes single elements of lists."""
        return bool(self.groups) or any(line.own is Ownership.ELEMENTS for line in self.lines)

    @property
    def references(self) -> Sequence[Line]:
        """The lines whose values are ids of other accounts."""
        return [line for line in self.lines if line.refers is not None]


@dataclass(frozen=True, slots=True)
class Person:
    """A golden profile as the planner needs it; equal digests mean nothing changed."""

    gid: str
    digest: str
    attributes: Mapping[str, Any] = field(repr=False)
    lineage: Sequence[Lineage] = field(default=(), repr=False)


def profile_record(person: Person) -> Record:
    """Return the record that push expressions see: attributes, ``gid``, ``active`` (or true)."""
    record = {**person.attributes, "gid": person.gid}
    if record.get("active") is None:
        record["active"] = True
    return record
