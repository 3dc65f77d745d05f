"""Memberships: segments of profiles as group objects of a target. No I/O.

A group is planned as an account is: its key is its name, and each member is an element of its
list. So members that nobody of us put there stay, and a group that the push mapping no longer
names loses our members and nothing else.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence

from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.desired import unwanted
from pipelines.provision.rules import (
    Adopt,
    Group,
    Leave,
    LeaveAction,
    Line,
    Match,
    Ownership,
    Person,
    Push,
    profile_record,
)

OBJECT = "Group"
MEMBERS = "members"
_NAME = "displayName"
_SPACE = uuid.UUID("6f1c1a3e-6f3b-5a0e-9a55-6d1f5f0d2b11")


def group_push(push: Push) -> Push:
    """Return the push mapping of the groups of a push mapping."""
    return Push(
        name=push.name,
        object=OBJECT,
        digest=hashlib.sha256(f"groups {push.name}".encode()).hexdigest(),
        key=lambda record: record[_NAME],
        lines=(Line(MEMBERS, lambda record: record[MEMBERS], push.place, Ownership.ELEMENTS),),
        match=(Match(_NAME, lambda record: record[_NAME], push.place, Adopt.AUTO),),
        leave=Leave(LeaveAction.KEEP),
        key_path=_NAME,
        place=push.groups[0].place if push.groups else push.place,
        purpose=push.purpose,
    )


def members(
    push: Push, people: Iterable[Person], accounts: Mapping[str, ManagedAccount]
) -> Mapping[str, Sequence[str]]:
    """Return by group the ids of the accounts that are to be in it.

    Who is out of scope is in none, and who has no account yet comes in once there is one.
    """
    found: dict[str, list[str]] = {group.name: [] for group in push.groups}
    for person in people:
        account = accounts.get(person.gid)
        if account is None or account.active_id is None:
            continue
        record = profile_record(person)
        inside: list[Group] = [group for group in push.groups if group.when(record)]
        if inside and unwanted(push, record) is None:
            for group in inside:
                found[group.name].append(account.active_id)
    return found


def group_people(
    target: str, listed: Mapping[str, Sequence[str]], known: Iterable[ManagedAccount]
) -> Sequence[Person]:
    """Return each group as the planner takes a profile, those we filled once among them."""
    names = dict.fromkeys([*listed, *sorted(account.key for account in known)])
    return [_group(target, name, listed.get(name, ())) for name in names]


def _group(target: str, name: str, ids: Sequence[str]) -> Person:
    held = sorted(set(ids))
    digest = hashlib.sha256("\0".join([name, *held]).encode()).hexdigest()
    attributes = {_NAME: name, MEMBERS: [{"value": each} for each in held]}
    return Person(group_id(target, name), digest, attributes)


def group_id(target: str, name: str) -> str:
    """Return the id that a group has in plans and the journal: always the same."""
    return str(uuid.uuid5(_SPACE, f"{target}\0{name}"))
