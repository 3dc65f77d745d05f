"""Passing by: profiles whose accounts are as they were made are not even read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial

from idp_core.db.engine import reading
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
    if job.stored is not None and not job.everything and not job.push.references:
        known = Unchanged(
            job.name, job.push.object, job.push.digest, job.stored.digests, job.erased
        )
        with reading(job.engine) as conn:
            others, every = known.other_profiles(conn), known.count_profiles(conn)
            if 2 * len(others) < every:
                held = known.other_accounts(conn)
                narrowed = replace(job, people=partial(job.stored.named, others))
                return narrowed, held, _passed(job, known, every - len(others))
    with reading(job.engine) as conn:
        return job, accounts.read_accounts(conn, job.name, job.push.object), NOBODY


def _passed(job: Job, known: Unchanged, count: int) -> Passed:
    def holding(keys: Collection[str], remote_ids: Collection[str]) -> Iterable[ManagedAccount]:
        with reading(job.engine) as conn:
            return known.holding(conn, keys, remote_ids)

    def rewritten() -> Iterable[ManagedAccount]:
        with reading(job.engine) as conn:
            yield from known.rewritten(conn)

    def shared() -> Iterable[ManagedAccount]:
        with reading(job.engine) as conn:
            return known.shared(conn)

    return Passed(count, holding, rewritten, shared)
