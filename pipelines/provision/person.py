"""The plan of one person alone, with the way to it: scope, match, difference, request.

Nothing is stored and nothing is settled or written. What only a whole plan can see is not told:
several profiles that match one account, and what the guards say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from connectors.contract import Action, Previewable, Request
from connectors.errors import MisconfiguredError, TransientError
from idp_core.db.engine import reading
from idp_core.provisioning import accounts, journal
from idp_core.provisioning.belongings import Belonging
from idp_core.provisioning.model import ManagedAccount
from pipelines.errors import RemoteError
from pipelines.provision.desired import Unwanted, Wanted, desired
from pipelines.provision.groups import OBJECT
from pipelines.provision.job import Job
from pipelines.provision.look import look
from pipelines.provision.matching import NOTHING_SAID, Clash, Hit, Seen, recognise
from pipelines.provision.memberships import Membership, memberships
from pipelines.provision.plan import PlanItem
from pipelines.provision.planner import Inputs, make_plan
from pipelines.provision.references import NO_REFERENCES, References, find_references
from pipelines.provision.rules import Person, Push
from pipelines.provision.withholding import withhold_refused


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """Step by step what a target shall hold for one person.

    `person` is None when the profile is gone. `account` is the one of theirs that we manage,
    `match` what was found where there is none. `requests` are what the connector
    would send, where it can tell; `groups` tell in which groups the person is, and why; `said` is
    what people said of accounts of the target and this person.
    """

    gid: str
    person: Person | None
    wanted: Wanted | Unwanted | None
    account: ManagedAccount | None
    match: Hit | Clash | None
    items: Sequence[PlanItem]
    requests: Sequence[Request] = ()
    groups: Sequence[Membership] = ()
    said: Sequence[Belonging] = ()


def plan_person(job: Job, gid: str, person: Person | None, now: datetime) -> PersonPlan:
    """Plan for one profile; `gid` is its id today. Raises RemoteError."""
    gids = {gid, *(old for old, new in job.redirects.items() if new == gid)}
    people = [person] if person is not None else []
    with reading(job.engine) as conn:
        held = accounts.read_accounts(conn, job.name, job.push.object, gids)
        unsure = {
            entry.gid
            for entry in journal.unsettled(conn, job.name, job.push.object)
            if entry.gid in gids and entry.action == Action.CREATE.value
        }
        filled = known_groups(conn, job.name, job.push)
    try:
        seen = look(replace(job, people=lambda: people, everything=False), held)
        with reading(job.engine) as conn:
            others = _holders(conn, job, seen)
        references = _references(job)
        inputs = Inputs(
            people,
            {**others, **held},
            seen,
            job.redirects,
            job.erased,
            unsure,
            references,
            said=job.said,
            unique=job.unique,
        )
        plan = withhold_refused(job, make_plan(job.name, job.push, inputs, now=now), now).plan
        items = [item for item in plan.items if item.gid in gids]
        requests = _requests(job, items)
    except (MisconfiguredError, TransientError) as error:
        raise RemoteError(f"{job.name}: {error}") from error
    said = job.said.get(gid, NOTHING_SAID)
    wanted = desired(job.push, person, references) if person is not None else None
    account = next((held[old] for old in sorted(gids, reverse=True) if _live(held, old)), None)
    match = None
    if seen is not None and isinstance(wanted, Wanted) and account is None:
        ids = {a.remote_id: owner for owner, a in {**others, **held}.items() if a.remote_id}
        match = recognise(job.push, wanted, seen, ids, said)
    groups = memberships(job.push, wanted, account, filled)
    words = tuple(said[each] for each in sorted(said))
    return PersonPlan(gid, person, wanted, account, match, items, requests, groups, words)


def known_groups(conn: sa.Connection, target: str, push: Push) -> Sequence[ManagedAccount]:
    """Return the groups of a target that we filled; none where the groups are what is pushed."""
    if push.object == OBJECT:
        return ()
    return list(accounts.read_accounts(conn, target, OBJECT).values())


def _references(job: Job) -> References:
    """Return the accounts that lines may refer to: those of all people, where there are such."""
    if not job.push.references:
        return NO_REFERENCES
    with reading(job.engine) as conn:
        every = accounts.read_accounts(conn, job.name, job.push.object)
    return find_references(job.push, job.people(), every)


def _holders(conn: sa.Connection, job: Job, seen: Seen | None) -> Mapping[str, ManagedAccount]:
    """Return who has the accounts that were found: somebody else's are not to be taken."""
    found = list(seen.by_id) if seen is not None else []
    return accounts.accounts_at(conn, job.name, job.push.object, found)


def _requests(job: Job, items: Sequence[PlanItem]) -> Sequence[Request]:
    if not isinstance(job.target, Previewable):
        return ()
    return [job.target.preview(item.change()) for item in items if item.action is not None]


def _live(held: Mapping[str, ManagedAccount], gid: str) -> bool:
    return gid in held and held[gid].live
