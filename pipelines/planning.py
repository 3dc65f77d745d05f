"""The jobs about plans that are stored: find them, apply exactly one, refuse one.

Plans are made by `pipelines.jobs.sync`, which may be told to read no source and to write nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.provisioning import belongings, plans
from idp_core.provisioning.belongings import Belonging
from idp_core.provisioning.model import OPEN, Approval, PlanRecord
from mappings.suggest import did_you_mean
from pipelines.acts import note, operator
from pipelines.bus import Bus
from pipelines.errors import JobError, ProjectError
from pipelines.provision import run as provisioning
from pipelines.provision.documents import read_item
from pipelines.provision.errors import StalePlanError
from pipelines.provision.matching import Hit
from pipelines.provision.orphans import Orphan, find_orphans
from pipelines.provision.person import PersonPlan, plan_person
from pipelines.provision.plan import Cause, PlanItem
from pipelines.provision.rehearsal import rehearse
from pipelines.pushing import Provisioned, following
from pipelines.running import Steps, Watch, end, order_of, quiet, running
from pipelines.targets import Wish, job_of, provisioning_job, read_people, settle
from pipelines.word import Word


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan as it is stored. `items` are fewer than its counts say once they were let go of."""

    record: PlanRecord
    items: Sequence[PlanItem] = field(repr=False)
    approval: Approval | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a plan, and the plans that follow it: nobody has looked at these yet."""

    report: provisioning.Report
    following: Sequence[provisioning.Prepared] = ()


def find_plan(bus: Bus, word: str) -> PlanRecord:
    """Return the latest plan whose hash begins so. Raises ProjectError for none or several."""
    with reading(bus.engine) as conn:
        found = plans.plans_like(conn, word) if word else ()
    if len(found) == 1:
        return found[0]
    many = f"{len(found)} plans have a hash" if found else "no plan has a hash"
    raise ProjectError(f"{many} that begins with {word!r}; isthmus plan list names them")


def open_plan(bus: Bus, word: str, hash_: str | None = None) -> PlanRecord:
    """Return the plan that is meant: the open one of a target, or one by the beginning of its hash.

    Raises ProjectError for neither a target nor a plan, StalePlanError when no open plan is meant.
    """
    if word not in bus.project.targets:
        found = None if hash_ is not None else _plan_called(bus, word)
        if found is None:
            raise ProjectError(
                f"{word!r} is neither a target nor the beginning of a plan's hash"
                f"{did_you_mean(word, bus.project.targets)}"
            )
        word, hash_ = found.target, found.hash
    with reading(bus.engine) as conn:
        if hash_ is not None:
            return provisioning.open_plan(conn, word, hash_)
        latest = plans.latest_plan(conn, word, bus.push(word).object, OPEN)
    if latest is None:
        raise StalePlanError(f"{word}: no plan is open; make one: isthmus plan {word}")
    return latest


def _plan_called(bus: Bus, word: str) -> PlanRecord | None:
    with reading(bus.engine) as conn:
        found = plans.plans_like(conn, word) if word else ()
    return find_plan(bus, word) if found else None


def stored_plan(bus: Bus, record: PlanRecord) -> StoredPlan:
    """Return a plan with its items and who allowed it."""
    with reading(bus.engine) as conn:
        items = [read_item(document) for _, document in plans.read_items(conn, record.id)]
        return StoredPlan(record, items, plans.read_approval(conn, record.id))


def plan_one(bus: Bus, target: str, gid: str) -> PersonPlan:
    """Plan for one profile alone, storing nothing; an id that merged is followed.

    Raises UnknownProfileError for an id that no profile ever had, RemoteError.
    """
    job = provisioning_job(bus, target, "")
    with reading(bus.engine) as conn:
        now = store.get_stored(conn, gid, schema=bus.schema).gid
    person = next(iter(read_people(bus, [now])), None)
    return plan_person(job, now, person, datetime.now(UTC))


def orphans(bus: Bus, target: str) -> Sequence[Orphan]:
    """Return the accounts of a target that no profile has. Raises what `find_orphans` does."""
    return find_orphans(provisioning_job(bus, target, ""))


def adopt(bus: Bus, target: str, gid: str, who: str) -> None:
    """Note the word of `who` that the account which matches a profile for review is theirs.

    The next plan takes it over. Raises JobError when no account waits for such a word, and what
    `plan_one` does.
    """
    found, hit = _matched(bus, target, gid)
    if hit.cause is not Cause.REVIEW:
        raise JobError(f"{target}: no account waits for a word on {found.gid}: {hit.reason}")
    _say(bus, target, found, hit, who, theirs=True)


def decline(bus: Bus, target: str, gid: str, who: str) -> None:
    """Note the word of `who` that the account which matches a profile is somebody else's.

    It matches them no more; the next plan makes them one of their own. Raises JobError when no
    account matches that is not managed yet, and what `plan_one` does.
    """
    found, hit = _matched(bus, target, gid)
    _say(bus, target, found, hit, who, theirs=False)


def reopen(bus: Bus, target: str, gid: str, who: str) -> int:
    """Take back what was said of accounts and a profile; return how many words that were.

    An account that was taken over or made by them stays. Raises JobError when nothing was said.
    """
    object_ = bus.push(target).object
    with writing(bus.engine) as conn:
        gids = store.ids_of(conn, store.get_stored(conn, gid, schema=bus.schema).gid)
        words = belongings.read_belongings(conn, target, object_, gids)
        if not words:
            raise JobError(f"{target}: nobody said anything of an account and {gid}")
        belongings.drop_belongings(conn, target, object_, gids)
        for word in words:
            _note(bus, conn, "account.reopened", who, word)
    return len(words)


def _matched(bus: Bus, target: str, gid: str) -> tuple[PersonPlan, Hit]:
    """Return the account that matches a profile and is not managed yet."""
    found = plan_one(bus, target, gid)
    if not isinstance(found.match, Hit):
        why = f": {found.match.reason}" if found.match is not None else ""
        words = "".join(
            f"; that one is {'theirs' if each.theirs else 'not'}, {each.said}"
            f" (isthmus plan reopen {target} {found.gid} takes it back)"
            for each in found.said
        )
        raise JobError(f"{target}: no account waits for a word on {found.gid}{why}{words}")
    return found, found.match


def _say(bus: Bus, target: str, found: PersonPlan, hit: Hit, who: str, *, theirs: bool) -> None:
    word = Belonging(
        target, bus.push(target).object, found.gid, hit.account.id, theirs, who, datetime.now(UTC)
    )
    with writing(bus.engine) as conn:
        belongings.put_belonging(conn, word)
        _note(bus, conn, "account.adopted" if theirs else "account.declined", who, word)


def _note(bus: Bus, conn: sa.Connection, what: str, who: str, word: Belonging) -> None:
    data = {"target": word.target, "object": word.object, "gid": word.gid}
    note(bus, conn, what, operator(who), **data)


def apply_plan(
    bus: Bus,
    record: PlanRecord,
    *,
    approval: Word | None = None,
    harmless_only: bool = False,
    trigger: str = "manual",
    watch: Watch = quiet,
) -> Applied:
    """Apply a stored plan, if it is still what would be done, as one run.

    What follows it, references to accounts it made and groups, is planned then but not applied:
    nobody was shown it. `approval` allows what the guards hold. Raises what
    `pipelines.provision.run` does, BusyError when another run of the project is on.
    """
    name, engine = record.target, bus.engine
    with running(bus, "apply", trigger) as begun:
        steps = Steps(bus, begun.id, watch)
        with steps.step("plan", name) as (progress, counts):
            wish = Wish(correct=_corrects(bus, record))
            job = job_of(bus, name, record.object, begun.id, progress=progress, wish=wish)
            if approval is not None:
                provisioning.approve(
                    engine, name, record.hash, approval.who, approval.why, order=job.order
                )
            prepared = provisioning.prepare_hash(job, record.hash)
            counts.update({"plan": prepared.record.hash[:12], **prepared.plan.counts})
        with steps.step("apply", name) as (progress, counts):
            told = steps.telling("apply", name, progress)
            job = replace(job, progress=told, control=steps.control)
            report = provisioning.execute(job, prepared, harmless_only=harmless_only)
            settle(job, prepared)
            counts.update(report.done)
        after = _following(bus, steps, job, Provisioned(prepared, report), wish)
        counts = {"applied": sum(report.done.values()), "held": report.held}
        end(bus, begun.id, counts, report.problems)
    return Applied(report, after)


def _following(
    bus: Bus, steps: Steps, job: provisioning.Job, made: Provisioned, wish: Wish
) -> Sequence[provisioning.Prepared]:
    """Plan what follows the accounts of a target; return the plans that have something to write."""
    if job.push.object != bus.push(job.name).object:
        return ()
    plans_ = following(bus, steps, job, made, apply=False, wish=wish)
    return [each.prepared for _, each in plans_ if each.prepared.plan.writes]


def _corrects(bus: Bus, record: PlanRecord) -> bool:
    """Whether a stored plan writes drift back: then it is made anew with that wish."""
    return any(item.cause in _CORRECTING for item in stored_plan(bus, record).items)


_CORRECTING = frozenset({Cause.CORRECTED, Cause.VANISHED})


def what_if(bus: Bus, target: str, file: Path) -> provisioning.Prepared:
    """Return the plan that an edited push mapping would make; nothing is stored or written.

    Raises ProjectError for what is wrong with the file, RemoteError.
    """
    push = bus.push_at(target, file)
    return rehearse(provisioning_job(bus, target, "", wish=Wish(push=push)))


def refuse_plan(bus: Bus, record: PlanRecord, word: Word) -> None:
    """Say that a plan shall not be applied. Raises StalePlanError when it is no longer open."""
    order = order_of(bus, "")
    provisioning.refuse(bus.engine, record.target, record.hash, word.who, word.why, order=order)
