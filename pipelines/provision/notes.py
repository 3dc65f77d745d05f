"""What a plan says besides its items, in sentences without values. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.diff import rewriting
from pipelines.provision.groups import OBJECT as GROUPS
from pipelines.provision.matching import Seen
from pipelines.provision.plan import Cause, PlanItem
from pipelines.provision.rules import Push


def rewriting_targets(push: Push, accounts: Iterable[ManagedAccount]) -> Iterator[str]:
    """Yield a sentence for each line whose values the target does not hold as they are given."""
    places = {line.path: line.place for line in push.lines} | {push.key_path: push.place}
    found = Counter(
        (path, rewriting(account.pushed.get(path), held))
        for account in accounts
        if account.rewritten and account.live
        for path, held in account.rewritten.items()
    )
    for (path, how), count in sorted(found.items()):
        place = places.get(path)
        if place is not None:
            yield f"{place} {path}: the target {how}, of {count:,} accounts; that is no drift"


def waiting_lines(push: Push, waiting: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each line whose values refer to accounts that are not there yet."""
    for line in push.references:
        if count := waiting.get(line.path):
            yield (
                f"{line.place} {line.path}: {count:,} refer to nobody who has an account, or to "
                "several; written once there is one"
            )


def shared_accounts(
    push: Push, accounts: Iterable[ManagedAccount], redirects: Mapping[str, str]
) -> Iterator[str]:
    """Yield a sentence about profiles that hold one account together, from before that was refused.

    Those that were merged into another profile do not count: that one takes the account over.
    """
    ids = [a.remote_id for a in accounts if a.remote_id and a.live and a.gid not in redirects]
    if more := len(ids) - len(set(ids)):
        yield (
            f"{push.place} key: profiles that hold an account beside another profile: {more:,}; "
            "who leaves takes it along. isthmus doctor tells which; give each a key of its own, or "
            "merge the profiles"
        )


def nobodys_accounts(
    target: str,
    push: Push,
    seen: Seen | None,
    accounts: Iterable[ManagedAccount],
    items: Iterable[PlanItem],
) -> Iterator[str]:
    """Yield a sentence about accounts of the target that are no profile's, if all was looked at."""
    if seen is None or not seen.complete:
        return
    ours = {account.remote_id for account in accounts if account.live}
    ours.update(item.account.remote_id for item in items if item.cause is Cause.ADOPTED)
    if count := len(seen.by_id.keys() - ours):
        how = "" if push.object == GROUPS else f"; isthmus plan orphans {target} lists them"
        yield (
            f"{push.place}: the target has {count:,} of {push.object} that no profile of ours has; "
            f"nobody here manages them, and they are left alone{how}"
        )
