"""Why a person is in the groups of a target, or is not: by which line, and what comes next. No I/O.

It is told from our side alone: whom somebody else put into a group is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.elements import element_path
from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.desired import Unwanted, Wanted
from pipelines.provision.groups import MEMBERS
from pipelines.provision.items import REASONS
from pipelines.provision.rules import Group, Push


@dataclass(frozen=True, slots=True)
class Membership:
    """One group and one person: `inside` is what we want, `put` whether we put them there.

    `holds` is ``members`` for a group object, else the list of the account that has the group's
    name; `place` is the line of the push mapping, `said` why it is so and what comes next.
    """

    group: str
    holds: str
    place: str
    inside: bool
    put: bool
    said: Sequence[str]
    reads: tuple[str, ...] = ()


def memberships(
    push: Push,
    wanted: Wanted | Unwanted | None,
    account: ManagedAccount | None,
    known: Iterable[ManagedAccount],
) -> Sequence[Membership]:
    """Tell of each group of a push mapping whether a person is in it, in the order of its lines.

    `wanted` is None when the profile is gone, `known` are the groups that we filled before. Those
    that the push mapping names no more are told of where the person is still in them.
    """
    filled = {each.key: each.pushed for each in known}
    return [
        *(_member(group, wanted, account, filled.pop(group.name, {})) for group in push.groups),
        *(_entry(line.path, g, wanted, account) for line in push.lines for g in line.groups),
        *_left_behind(push, account, filled),
    ]


def membership_document(told: Membership) -> Mapping[str, object]:
    """Return a membership as JSON."""
    return {
        "group": told.group,
        "holds": told.holds,
        "inside": told.inside,
        "put": told.put,
        "line": told.place,
        "reads": list(told.reads),
        "said": list(told.said),
    }


def _member(
    group: Group,
    wanted: Wanted | Unwanted | None,
    account: ManagedAccount | None,
    pushed: Mapping[str, object],
) -> Membership:
    """Tell of a group object: its members are active accounts whose profile the rule holds for."""
    meant, why = _meant(group, wanted)
    put = _is_in(account, pushed)
    said = [why]
    if meant and (account is None or not account.live):
        said.append("comes in once there is an account")
    elif meant and account is not None and account.active_id is None:
        said.append("comes in once the account is active again")
    inside = meant and account is not None and account.active_id is not None
    said += _next(inside=inside, put=put)
    return Membership(group.name, MEMBERS, group.place, inside, put, said, group.reads)


def _entry(
    path: str, group: Group, wanted: Wanted | Unwanted | None, account: ManagedAccount | None
) -> Membership:
    """Tell of an entry of a list of the account, which is written with the account."""
    inside, why = _meant(group, wanted)
    pushed = account.pushed if account is not None and account.live else None
    put = pushed is not None and element_path(path, {"value": group.name}) in pushed
    said = [why]
    if pushed is None and inside:
        said.append("comes in with the account")
    elif isinstance(wanted, Wanted) and wanted.refused:
        said.append("the account stays as it is: a value cannot be written")
    elif isinstance(wanted, Wanted):
        said += _next(inside=inside, put=put)
    return Membership(group.name, path, group.place, inside, put, said, group.reads)


def _left_behind(
    push: Push, account: ManagedAccount | None, filled: Mapping[str, Mapping[str, object]]
) -> Iterator[Membership]:
    for name, pushed in sorted(filled.items()):
        if _is_in(account, pushed):
            said = ["the push mapping names it no more", *_next(inside=False, put=True)]
            yield Membership(name, MEMBERS, push.place, inside=False, put=True, said=said)


def _meant(group: Group, wanted: Wanted | Unwanted | None) -> tuple[bool, str]:
    """Return whether a profile belongs in a group, and why; who is out of scope is in none."""
    match wanted:
        case None:
            return False, "the profile no longer exists"
        case Unwanted(cause):
            return False, REASONS[cause]
    holds = group.when(wanted.record)
    of = f" ({', '.join(group.reads)})" if group.reads else ""
    return holds, f"its rule {'holds' if holds else 'does not hold'}{of}"


def _is_in(account: ManagedAccount | None, pushed: Mapping[str, object]) -> bool:
    if account is None or account.remote_id is None:
        return False
    return element_path(MEMBERS, {"value": account.remote_id}) in pushed


def _next(*, inside: bool, put: bool) -> Iterator[str]:
    if inside and not put:
        yield "the next plan puts it there, unless somebody else has"
    elif put and not inside:
        yield "the next plan takes it out"
    elif put:
        yield "we put it there"
