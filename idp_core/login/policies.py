"""Authentication policies of clients: which factors, in which steps, prove enough. Pure.

A policy is data of ``serve.yaml``: alternatives, each a list of steps. The dispatcher asks for the
steps; whoever gives something to a client asks `fits` of the session, however it began.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from idp_core.site.config import LoginSettings, PolicySettings


def named(login: LoginSettings, name: str | None) -> PolicySettings | None:
    """Return the policy of a name. What is not there any more lets nobody in: it has no ways."""
    if name is None:
        return None
    return login.policies.get(name) or PolicySettings.model_construct(ways=(), remember_days=0)


def begins(login: LoginSettings, policy: PolicySettings | None) -> Sequence[str]:
    """Return the factors that a login may begin with; those of everybody where nothing is said."""
    if policy is None or not policy.ways:
        return login.first
    wanted = {way[0] for way in policy.ways}
    return [name for name in login.first if name in wanted]


def follows(policy: PolicySettings | None, proven: Sequence[str]) -> Collection[str]:
    """Return the factors that bring a login further on a way that it has begun."""
    if policy is None:
        return ()
    begun = [way for way in policy.ways if proven and way[0] == proven[0]]
    return {step for way in begun for step in way[1:] if step not in proven}


def fits(policy: PolicySettings | None, proven: Sequence[str], *, spared: bool = False) -> bool:
    """Whether what was proven is enough; `spared` when this browser may leave further steps out."""
    if policy is None:
        return True
    ways = [way[:1] if spared else way for way in policy.ways]
    return any(proven[:1] == way[:1] and set(way) <= set(proven) for way in map(tuple, ways))


def remember_days(login: LoginSettings, policy: PolicySettings | None) -> int:
    """Return for how many days a browser may be spared further steps; 0 for never."""
    return login.remember_days if policy is None else policy.remember_days


def is_spared(days: int, since: datetime | None, now: datetime) -> bool:
    """Whether a browser that took all steps at `since` is spared them now."""
    return since is not None and now - since < timedelta(days=days)
