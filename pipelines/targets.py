"""What a project gives to provisioning for one target, and what becomes of refused changes.

A refused change is a dead letter of the stage ``apply``. Nothing is lost with it: as long as it is
wanted, every plan has it again. `settle` closes the letters of changes that are done or no longer
wanted; `retry` sends those of some letters alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from connectors.contract import Connector
from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from idp_core.profiles.light import digests, read_lightly
from idp_core.provisioning import accounts, belongings
from idp_core.provisioning.model import EntryState
from mappings.push import PushDocument
from mappings.schema import CUSTOMER, Schema
from pipelines.bus import Bus
from pipelines.errors import JobError, ProjectError
from pipelines.progress import Progress, silent
from pipelines.provision import run as provisioning
from pipelines.provision.compile import compile_push
from pipelines.provision.groups import OBJECT, group_people, group_push, members
from pipelines.provision.guards import read_limits
from pipelines.provision.job import Stored
from pipelines.provision.merges import final, words_by_profile
from pipelines.provision.plan import Cause, PlanItem
from pipelines.provision.rules import Ownership, Person, Push
from pipelines.provision.writing import DeadLetter
from pipelines.running import order_of


@dataclass(frozen=True, slots=True)
class Wish:
    """How a plan is to be made. With `look` the whole target is read and drift is told; `correct`
    writes it back; `push` is another push mapping than the project's.
    """

    look: bool = False
    correct: bool = False
    push: PushDocument | None = None


def provisioning_job(
    bus: Bus, target: str, run: str, *, progress: Progress = silent, wish: Wish | None = None
) -> provisioning.Job:
    """Return what `pipelines.provision.run` needs to plan and apply one target."""
    wish = wish or Wish()
    settings = bus.target_settings(target)
    push = compile_push(wish.push or bus.push(target), today=_today)
    with reading(bus.engine) as conn:
        redirects = store.read_redirects(conn)
        erased = store.erased_gids(conn)
        words = belongings.read_belongings(conn, target, push.object)
    connector = bus.target(target)
    _check_elements(target, connector, push)
    return provisioning.Job(
        name=target,
        engine=bus.engine,
        target=connector,
        push=push,
        people=lambda: read_people(bus),
        redirects=redirects,
        erased=erased,
        limits=read_limits(settings.limits, f"targets.{target}.limits"),
        everything=wish.look or wish.correct,
        correct_drift=wish.correct,
        keep=lambda conn, letters: _keep(conn, run, letters),
        progress=progress,
        order=order_of(bus, run) if run else None,
        stored=stored(bus.engine, bus.schema),
        said=words_by_profile(words, redirects),
    )


def groups_job(
    bus: Bus, target: str, run: str, *, progress: Progress = silent, wish: Wish | None = None
) -> provisioning.Job | None:
    """Return the job of a target's groups, whose members are accounts that are there by now.

    None when the push mapping names no group and none was ever filled.
    """
    job = provisioning_job(bus, target, run, progress=progress, wish=wish)
    with reading(bus.engine) as conn:
        held = accounts.read_accounts(conn, target, OBJECT)
    if job.push.object == OBJECT or not (job.push.groups or held):
        return None

    @cache
    def groups() -> Sequence[Person]:
        with reading(bus.engine) as conn:
            theirs = accounts.read_accounts(conn, target, job.push.object)
        return group_people(target, members(job.push, job.people(), theirs), held.values())

    return replace(
        job,
        push=group_push(job.push),
        people=groups,
        redirects={},
        erased=(),
        changed=True,
        stored=None,
        said={},
    )


def job_of(
    bus: Bus,
    target: str,
    object_: str,
    run: str,
    *,
    progress: Progress = silent,
    wish: Wish | None = None,
) -> provisioning.Job:
    """Return the job of a plan about this object type: that of a target's groups, or its own.

    Raises ProjectError when the push mapping no longer has anything to do with it.
    """
    job: provisioning.Job | None = provisioning_job(bus, target, run, progress=progress, wish=wish)
    if job is not None and job.push.object != object_:
        job = groups_job(bus, target, run, progress=progress, wish=wish)
    if job is None or job.push.object != object_:
        raise ProjectError(f"{target}: its push mapping is not about {object_} any more")
    return job


def _check_elements(target: str, connector: object, push: Push) -> None:
    """Raise ProjectError when single elements of lists are to be written where that cannot be."""
    if not push.by_element or (isinstance(connector, Connector) and connector.by_element):
        return
    places = [line.place for line in push.lines if line.own is Ownership.ELEMENTS]
    place = [*places, *(group.place for group in push.groups)][0]
    raise ProjectError(
        f"{place}: {target} takes no single elements of lists (own: elements, groups); write the "
        "list as a whole, or name a target that does: scim"
    )


def _today() -> date:
    return datetime.now(UTC).date()


def read_people(bus: Bus, gids: Collection[str] | None = None) -> Iterator[Person]:
    """Yield the golden profiles as provisioning takes them; `gids` restricts them."""
    return people_of(bus.engine, gids, bus.schema)


def people_of(
    engine: sa.Engine, gids: Collection[str] | None = None, schema: Schema = CUSTOMER
) -> Iterator[Person]:
    """Yield the golden profiles of a database as provisioning takes them."""
    for light in read_lightly(engine, gids, schema):
        yield Person(*light)


def stored(engine: sa.Engine, schema: Schema = CUSTOMER) -> Stored:
    """Tell a job where its people are: in this database."""
    return Stored(digests(), lambda gids: people_of(engine, gids, schema))


def _keep(conn: sa.Connection, run: str, letters: Sequence[DeadLetter]) -> None:
    ledger.put_letters(
        conn,
        run,
        [
            ledger.DeadLetter(
                source=letter.target,
                stage="apply",
                key=letter.key,
                place=f"{letter.action} {letter.gid}",
                reasons=[{"field": "", "step": letter.action, "reason": letter.reason}],
                row=letter.document | _said(letter),
            )
            for letter in letters
        ],
    )


def _said(letter: DeadLetter) -> dict[str, Any]:
    """Return what the row of a refused change has of what was sent and answered."""
    return {"exchange": asdict(letter.exchange)} if letter.exchange else {}


def settle(job: provisioning.Job, prepared: provisioning.Prepared) -> int:
    """Close the letters of changes that the plan no longer has, or that were done of it; count."""
    with writing(job.engine) as conn:
        every = ledger.list_letters(conn, source=job.name, stage="apply")
        letters = [letter for letter in every if object_of(letter) in {job.push.object, None}]
        pending = _pending(conn, prepared) if letters else {}
        over = [each.id for each in letters if _gid(job, each) not in pending]
        return ledger.close_letters(conn, over, "replayed", why="done, or no longer wanted")


def _pending(conn: sa.Connection, prepared: provisioning.Prepared) -> dict[str, PlanItem]:
    """Return by global id what of a plan is not done; drift alone is no change of ours."""
    told = audit.find_operations(conn, audit.Wanted(plan=prepared.record.id))
    done = {each.gid for _, each in told if each.outcome == EntryState.DONE}
    items = (item for item in prepared.plan.items if item.cause is not Cause.DRIFT)
    return {item.gid: item for item in items if item.gid not in done}


def object_of(letter: ledger.DeadLetter) -> str | None:
    """Return the object type that a refused change was about; None when it is not known."""
    account = (letter.row or {}).get("account")
    return account.get("object") if isinstance(account, dict) else None


def _gid(job: provisioning.Job, letter: ledger.DeadLetter) -> str:
    """Return the profile a change was for, as it is called today."""
    return final(letter.place.rpartition(" ")[2], job.redirects)


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of refused changes that were tried again."""

    closed: int
    open: Sequence[ledger.DeadLetter] = field(default=())
    problems: Sequence[JobError] = ()


def retry(job: provisioning.Job, letters: Sequence[ledger.DeadLetter]) -> Retried:
    """Plan the profiles of refused changes again and send what is still wanted for them alone.

    Guards hold here, too. Raises what `pipelines.provision.run` does.
    """
    wanted = {_gid(job, each) for each in letters}
    prepared = provisioning.prepare(replace(job, again=wanted))
    theirs = [item for item in prepared.plan.items if item.gid in wanted and item.effective]
    problems: Sequence[JobError] = ()
    if not all(_held(prepared, item) for item in theirs):
        problems = provisioning.execute(job, prepared, only=wanted).problems
    settle(job, prepared)
    with writing(job.engine) as conn:
        pending = _pending(conn, prepared)
        known = ledger.read_letters(conn, [each.id for each in letters])
        left = [each for each in known if each.status == "open"]
        told = [_retold(prepared, each, pending[_gid(job, each)]) for each in left]
        ledger.amend_letters(conn, told)
    return Retried(len(letters) - len(left), told, problems)


def _held(prepared: provisioning.Prepared, item: PlanItem) -> bool:
    """Whether the guards hold an item back and nobody has allowed it."""
    return prepared.held and not prepared.verdict.allows(item)


def _retold(
    prepared: provisioning.Prepared, letter: ledger.DeadLetter, item: PlanItem
) -> ledger.DeadLetter:
    """Return a letter with the reason of today: what the target said, or what holds it back."""
    held = _held(prepared, item)
    if item.effective and not held:
        return letter
    reason = provisioning.advice(prepared.record) if held else item.reason
    action = item.action.value if item.action else item.cause.value
    return replace(letter, reasons=[{"field": "", "step": action, "reason": reason}])
