"""Looking at a target before planning: a few accounts by question, or all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.contract import Account, Searchable, Target
from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.desired import Wanted, desired
from pipelines.provision.matching import Seen, rule_value
from pipelines.provision.rules import Person, Push

_FEW = 50
"""Up to so many newcomers are asked for one by one; for more, all accounts are read."""


def look(
    target: Target,
    push: Push,
    people: Iterable[Person],
    accounts: Mapping[str, ManagedAccount],
    *,
    everything: bool,
) -> Seen | None:
    """Return what the target has for the people it has no account of ours for.

    With `everything` all accounts are read, and the plan reports drift and lost accounts. None
    when the target cannot be searched. Raises the connector's errors.
    """
    if not isinstance(target, Searchable):
        return None
    paths = [rule.path for rule in push.match]
    if everything:
        return Seen(target.accounts(push.object), paths, complete=True, key_path=push.key_path)
    newcomers = [
        wanted
        for person in people
        if person.gid not in accounts or not accounts[person.gid].live
        if isinstance(wanted := desired(push, person), Wanted) and not wanted.refused
    ]
    if len(newcomers) > _FEW:
        return Seen(target.accounts(push.object), paths, complete=False, key_path=push.key_path)
    found = [account for wanted in newcomers for account in _ask(target, push, wanted)]
    return Seen(found, paths, complete=False, key_path=push.key_path)


def _ask(target: Searchable, push: Push, wanted: Wanted) -> Iterable[Account]:
    found = target.find(push.object, push.key_path, wanted.key)
    for rule in push.match:
        if found:
            break
        value = rule_value(rule, wanted)
        found = target.find(push.object, rule.path, str(value)) if value is not None else ()
    return found
