"""Accounts of a target that no profile of ours has, and whose they may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.contract import Account, Searchable
from connectors.errors import ConnectorError
from idp_core.db.engine import reading
from idp_core.provisioning import accounts
from pipelines.errors import JobError, RemoteError
from pipelines.provision.job import Job
from pipelines.provision.look import sought
from pipelines.provision.matching import NOTHING_SAID, Seen, fitting
from pipelines.provision.passing import pass_by
from pipelines.provision.rules import Adopt


@dataclass(frozen=True, slots=True)
class Claim:
    """A profile without an account that this one matches, the attribute it matches by, and whether
    the rule takes it over by itself.
    """

    gid: str
    path: str
    adopt: Adopt


@dataclass(frozen=True, slots=True)
class Orphan:
    """An account that nobody here manages; `active` is None where the target does not say."""

    account: Account = field(repr=False)
    active: bool | None
    claims: Sequence[Claim] = ()


def find_orphans(job: Job) -> Sequence[Orphan]:
    """Read all accounts of a target and return those of no profile, by the target's id.

    Raises JobError where the target cannot be listed, RemoteError.
    """
    target, push = job.target, job.push
    if not isinstance(target, Searchable):
        raise JobError(f"{job.name}: its connector does not list accounts")
    with reading(job.engine) as conn:
        ours = accounts.live_remote_ids(conn, job.name, push.object)
    try:
        found = [each for each in target.accounts(push.object) if each.id not in ours]
    except ConnectorError as error:
        raise RemoteError(f"{job.name}: {error}") from error
    claims = _claims(job, found) if found else {}
    return [
        Orphan(each, _active(each.attributes.get(push.active_path)), claims.get(each.id, ()))
        for each in sorted(found, key=lambda account: account.id)
    ]


def _claims(job: Job, orphans: Sequence[Account]) -> Mapping[str, Sequence[Claim]]:
    """Return by the target's id the profiles without an account that match one of these."""
    push = job.push
    paths = [rule.path for rule in push.match]
    seen = Seen(orphans, paths, complete=False, key_path=push.key_path)
    narrowed, held, _ = pass_by(job)
    claims: dict[str, list[Claim]] = {}
    for wanted in sought(narrowed, held):
        gid = wanted.person.gid
        fit = fitting(push, wanted, seen, job.said.get(gid, NOTHING_SAID))
        if fit is None:
            continue
        for each in fit.accounts:
            claims.setdefault(each.id, []).append(Claim(gid, fit.path, fit.adopt))
    return {id_: sorted(found, key=lambda each: each.gid) for id_, found in claims.items()}


def _active(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
