"""Looking at a target before planning: a few accounts by question, or all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors.contract import Account, Searchable
from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.desired import Wanted, desired
from pipelines.provision.job import Job
from pipelines.provision.matching import NOTHING_SAID, Said, Seen, is_strange, rule_value
from pipelines.provision.rules import Person, Push

_FEW, _PAGE = 50, 100
"""Up to so many accounts are asked for one by one, or as many as pages of this size make up all
of the target; for more, all accounts are read."""


def look(job: Job, accounts: Mapping[str, ManagedAccount], others: int = 0) -> Seen | None:
    """Return what the target has for the people it has no account of ours for.

    With `job.changed` also for those who changed. With `job.everything` all accounts are read, and
    the plan reports drift and lost accounts. None when the target cannot be searched. `others` is
    how many accounts the target has besides those given, at least. Raises the connector's errors.
    """
    target, push = job.target, job.push
    if not isinstance(target, Searchable):
        return None
    paths = [rule.path for rule in push.match]
    if job.everything:
        return Seen(target.accounts(push.object), paths, complete=True, key_path=push.key_path)
    meant = list(sought(job, accounts))
    if len(meant) > max(_FEW, (len(accounts) + others) // _PAGE):
        return Seen(target.accounts(push.object), paths, complete=False, key_path=push.key_path)
    found = [
        account
        for wanted in meant
        for account in _ask(target, push, wanted, job.said.get(wanted.person.gid, NOTHING_SAID))
    ]
    return Seen(found, paths, complete=False, key_path=push.key_path)


def sought(job: Job, accounts: Mapping[str, ManagedAccount]) -> Iterator[Wanted]:
    """Yield the people whose accounts are looked for, with what these shall hold."""
    for person in job.people():
        if not _to_ask(job, person, accounts.get(person.gid)):
            continue
        wanted = desired(job.push, person)
        if isinstance(wanted, Wanted) and not wanted.refused:
            yield wanted


def _to_ask(job: Job, person: Person, account: ManagedAccount | None) -> bool:
    if account is None or not account.live:
        return True
    return job.changed and account.profile_digest != person.digest


def _ask(target: Searchable, push: Push, wanted: Wanted, said: Said) -> Iterable[Account]:
    """Ask by one rule after another, until one finds more than what is somebody else's."""
    found = list(target.find(push.object, push.key_path, wanted.key))
    for rule in push.match:
        if any(not is_strange(each, said) for each in found):
            break
        value = rule_value(rule, wanted)
        if value is not None:
            found += target.find(push.object, rule.path, str(value))
    return found
