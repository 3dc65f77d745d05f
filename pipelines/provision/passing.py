"""Passing by: profiles whose accounts are as they were made are not even read.

Nor are those that shall have no account, as an earlier plan found of them as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from idp_core.db.engine import reading, writing
from idp_core.provisioning import accounts
from idp_core.provisioning.model import ManagedAccount
from idp_core.provisioning.unchanged import Unchanged
from pipelines.provision.job import Job
from pipelines.provision.planner import NOBODY, Passed


def pass_by(job: Job) -> tuple[Job, Mapping[str, ManagedAccount], Passed]:
    """Return the job of the people who are to be looked at, their accounts, and who is passed by.

    Nobody is when all are looked at: the whole target is read, a line refers to other profiles, or
    most of the profiles are new.
    """
    known = _known(job)
    if known is not None and job.stored is not None:
        with reading(job.engine) as conn:
            others, every = known.other_profiles(conn), known.count_profiles(conn)
            if 2 * len(others) < every:
                narrowed = replace(job, people=partial(job.stored.named, others))
                unwanted, resting = known.count_unwanted(conn), known.count_resting(conn)
                passed = replace(
                    _passed(job, known),
                    count=every - len(others) - unwanted,
                    resting=resting,
                    unwanted=unwanted - resting,
                )
                return narrowed, known.other_accounts(conn), passed
    with reading(job.engine) as conn:
        return job, accounts.read_accounts(conn, job.name, job.push.object), NOBODY


def remember(job: Job, people: Sequence[tuple[str, str]]) -> None:
    """Keep who shall have no account, global id and digest, so that the next plans pass them by."""
    known = _known(job)
    if known is not None:
        with writing(job.engine) as conn:
            known.keep_unwanted(conn, people)


def _known(job: Job) -> Unchanged | None:
    """Return how to tell apart who did not change; None when all are looked at."""
    if job.stored is None or job.everything or job.push.references:
        return None
    push, rests = job.push, job.push.leave.grace is None
    return Unchanged(job.name, push.object, push.digest, job.stored.digests, job.erased, rests)


def _passed(job: Job, known: Unchanged) -> Passed:
    """Return who is passed by, not counted yet: what may be asked about them."""

    def holding(keys: Collection[str], remote_ids: Collection[str]) -> Iterable[ManagedAccount]:
        with reading(job.engine) as conn:
            return known.holding(conn, keys, remote_ids)

    def rewritten() -> Iterable[ManagedAccount]:
        with reading(job.engine) as conn:
            yield from known.rewritten(conn)

    def shared() -> Iterable[ManagedAccount]:
        with reading(job.engine) as conn:
            return known.shared(conn)

    return Passed(holding=holding, rewritten=rewritten, shared=shared)
