"""The checked push file: what `mappings.push` reads and the planner compiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from mappings.errors import Place
from mappings.recipes import Scalar
from mappings.schema import Schema
from mappings.tree import Step, Test


class Own(StrEnum):
    """Who decides about an attribute."""

    ENFORCE = "enforce"  # always we
    INITIAL = "initial"  # we at creation, then the target
    FILL = "fill"  # we where the target has nothing
    ELEMENTS = "elements"  # always we, of the elements of a list that we put there


class OnNull(StrEnum):
    """What an absent value does at the target."""

    CLEAR = "clear"
    KEEP = "keep"


class Adopt(StrEnum):
    """Whether an account found by a match rule is taken over at once or after a person's look."""

    AUTO = "auto"
    REVIEW = "review"


class Holds(StrEnum):
    """Where it is kept at the target that a profile is in a group."""

    MEMBERS = "members"  # a group object that lists accounts
    ROLES = "roles"  # a list of the account
    ENTITLEMENTS = "entitlements"


class LeaveAction(StrEnum):
    """What leaving the scope does to an account."""

    DEACTIVATE = "deactivate"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class PushField:
    """One line of ``fields:``: the target's path, how its value is made, who owns it.

    With `refers_to` the value names another profile by that expression, and what is written is the
    id of that profile's account.
    """

    path: str
    place: Place
    expression: exp.Expr
    steps: tuple[Step, ...] = ()
    lookup: Mapping[str, Scalar] | None = None
    default: exp.Expr | None = None
    own: Own = Own.ENFORCE
    on_null: OnNull = OnNull.CLEAR
    refers_to: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class PushGroup:
    """One entry of ``groups:``: its name at the target, and who is in it."""

    name: str
    place: Place
    when: exp.Expr
    holds: Holds = Holds.MEMBERS


@dataclass(frozen=True, slots=True)
class MatchRule:
    """How an existing account is recognised: its `attribute` equals `value`."""

    attribute: str
    value: exp.Expr
    place: Place
    adopt: Adopt = Adopt.REVIEW


@dataclass(frozen=True, slots=True)
class OnLeave:
    """What leaving the scope does; `grace_days` from deactivation to deletion, None for never."""

    action: LeaveAction = LeaveAction.DEACTIVATE
    grace_days: int | None = None


@dataclass(frozen=True, slots=True)
class PushDocument:
    """A checked push file. `key_path` is the target's attribute that holds our key."""

    name: str
    place: Place
    object: str
    alias: str
    key: exp.Expr
    key_path: str
    fields: tuple[PushField, ...]
    schema: Schema
    digest: str
    target: str | None = None
    scope: exp.Expr | None = None
    match: tuple[MatchRule, ...] = ()
    on_leave: OnLeave = OnLeave()
    consent: tuple[str, ...] = ()
    purpose: str = ""
    groups: tuple[PushGroup, ...] = ()
    tests: tuple[Test, ...] = ()
