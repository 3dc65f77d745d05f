"""What becomes of accounts when profiles merge: the one that stays keeps one account. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from idp_core.provisioning.belongings import Belonging
from idp_core.provisioning.model import AccountState, ManagedAccount


def heirlooms(
    accounts: Mapping[str, ManagedAccount], redirects: Mapping[str, str]
) -> Mapping[str, ManagedAccount]:
    """Return, by the global id that stayed, the account it may take over from a merged profile.

    It is taken only by a profile that wants an account and has none. An active account comes
    before a deactivated one, then the older global id; the others are the planner's to remove.
    """
    merged = [a for gid, a in accounts.items() if gid in redirects and a.live]
    merged.sort(key=lambda a: (a.state is not AccountState.ACTIVE, a.gid), reverse=True)
    return {final(account.gid, redirects): account for account in merged}


def words_by_profile(
    words: Iterable[Belonging], redirects: Mapping[str, str]
) -> Mapping[str, Mapping[str, Belonging]]:
    """Return what people said of accounts, by the global id that stayed and the target's own id.

    Where two profiles merged of which one has the account and the other has not, the no stands: a
    person is asked again only once it is taken back.
    """
    found: dict[str, dict[str, Belonging]] = {}
    for word in sorted(words, key=lambda each: (each.theirs, each.at)):
        found.setdefault(final(word.gid, redirects), {}).setdefault(word.remote_id, word)
    return found


def final(gid: str, redirects: Mapping[str, str]) -> str:
    """Follow merges to the global id that stayed."""
    followed: set[str] = set()
    while gid in redirects and gid not in followed:
        followed.add(gid)
        gid = redirects[gid]
    return gid
