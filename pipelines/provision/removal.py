"""Deleting the accounts of erased people at one target, and asking whether they are gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

from connectors.contract import Searchable
from connectors.errors import ConnectorError
from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from idp_core.provisioning import accounts, plans
from idp_core.provisioning.model import AccountState, EntryState, ManagedAccount, PlanStatus
from idp_core.provisioning.receipts import GONE, Receipt, put_receipt
from pipelines.errors import RemoteError
from pipelines.provision.guards import Verdict
from pipelines.provision.job import Job, Prepared
from pipelines.provision.planner import Inputs, make_plan
from pipelines.provision.recover import recover
from pipelines.provision.storing import store_plan


def prepare_removal(job: Job, gids: Collection[str]) -> Prepared:
    """Plan to delete the accounts of these people and nothing else.

    The guards are about sources that lie; an erasure is a person's word, so none holds it. Raises
    RemoteError when the target cannot be asked.
    """
    try:
        recovered = recover(job.engine, job.name, job.target, job.push, job.order)
    except ConnectorError as error:
        raise RemoteError(f"{job.name}: {error}") from error
    with writing(job.engine) as conn:
        held = accounts.read_accounts(conn, job.name, job.push.object, gids)
        inputs = Inputs((), held, redirects=job.redirects, erased=frozenset(gids))
        plan = make_plan(job.name, job.push, inputs, now=datetime.now(UTC))
        last = plans.latest_plan(conn, job.name, job.push.object, [PlanStatus.APPLIED])
        # The guards of the next plan compare with how many profiles there were.
        plan = replace(plan, people=last.people if last else 0)
        record = store_plan(conn, plan, Verdict())
    return Prepared(plan, record, Verdict(), recovered)


def prove(job: Job, gids: Collection[str]) -> int:
    """Ask for the accounts that were deleted and keep a receipt of each; return how many.

    Raises RemoteError when the target cannot be asked.
    """
    if not gids:
        return 0
    with reading(job.engine) as conn:
        held = accounts.read_accounts(conn, job.name, job.push.object, gids)
        wanted = audit.Wanted(gids=gids, target=job.name)
        done = {
            each.gid: each.time
            for _, each in reversed(list(audit.find_operations(conn, wanted)))
            if each.action == "delete" and each.outcome == EntryState.DONE
        }
    deleted = [a for a in held.values() if a.state is AccountState.DELETED and a.remote_id]
    for each in deleted:
        receipt = Receipt(
            gid=each.gid,
            target=job.name,
            object=each.object,
            account=str(each.remote_id),
            deleted_at=done.get(each.gid),
            proof=_asked(job, each),
            proved_at=datetime.now(UTC),
        )
        with writing(job.engine) as conn:
            put_receipt(conn, receipt)
    return len(deleted)


def _asked(job: Job, account: ManagedAccount) -> str:
    """Return in a word or a few what the target says of an account."""
    if not isinstance(job.target, Searchable):
        return "the system cannot be asked"
    try:
        found = job.target.find(account.object, job.push.key_path, account.key)
    except ConnectorError as error:
        raise RemoteError(f"{job.name}: {error}") from error
    there = [each for each in found if each.id == account.remote_id]
    if not there:
        return GONE
    if there[0].attributes.get(job.push.active_path) is False:
        return "kept, inactive: the system does not delete; have it removed there"
    return "still there; look at the system"
