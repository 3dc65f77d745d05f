"""Why an attribute of an account is what it is: from the target back to the source record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.elements import list_of
from idp_core.audit import log as audit
from idp_core.audit.operations import Operation
from idp_core.db.engine import reading
from idp_core.profiles import store
from idp_core.profiles.model import Lineage
from idp_core.provisioning import accounts, plans
from idp_core.provisioning.model import Approval, ManagedAccount, PlanRecord
from mappings.suggest import did_you_mean
from pipelines.bus import Bus
from pipelines.errors import ProjectError
from pipelines.provision.desired import Unwanted, Wanted, desired
from pipelines.provision.diff import rewriting, same
from pipelines.provision.groups import MEMBERS
from pipelines.provision.items import REASONS
from pipelines.provision.memberships import Membership, membership_document, memberships
from pipelines.provision.person import known_groups
from pipelines.provision.rules import Line, Ownership, Push
from pipelines.targets import provisioning_job, read_people


@dataclass(frozen=True, slots=True)
class Write:
    """The last write of the account: what was done, by which plan, and who allowed that."""

    operation: Operation
    plan: PlanRecord | None
    approval: Approval | None


@dataclass(frozen=True, slots=True)
class Story:
    """The way of one attribute. `line` is None for our key, `said` tells how it stands in words.

    `wanted`, `pushed` and `rewritten` are the three values, None where there is none; `lineage`
    are the source records that the line's value comes from; `groups` tell of each group that the
    attribute holds, for ``groups`` and for lists such as ``roles``.
    """

    target: str
    gid: str
    path: str
    place: str
    said: Sequence[str]
    line: Line | None
    account: ManagedAccount | None
    lineage: Sequence[Lineage] = ()
    last: Write | None = None
    groups: Sequence[Membership] = ()
    wanted: Any = field(default=None, repr=False)
    pushed: Any = field(default=None, repr=False)
    rewritten: Any = field(default=None, repr=False)


def why(bus: Bus, target: str, gid: str, path: str) -> Story:
    """Tell why an attribute of a person's account at a target is what it is; nothing is asked.

    `path` is one of the push mapping's, our key's, or `GROUPS` for the groups that the account is a
    member of. Raises ProjectError for any other, UnknownProfileError for an id that no profile ever
    had.
    """
    push = provisioning_job(bus, target, "").push
    line = next((each for each in push.lines if each.path == path), None)
    with reading(bus.engine) as conn:
        filled = known_groups(conn, target, push)
        if line is None:
            _check_path(push, target, path, grouped=bool(push.groups or filled))
        now = store.get_stored(conn, gid, schema=bus.schema).gid
        account = accounts.read_accounts(conn, target, push.object, {now}).get(now)
        last = None if line is None and path == GROUPS else _last(conn, target, now)
    person = next(iter(read_people(bus, [now])), None)
    wanted = desired(push, person) if person is not None else None
    holds = path if line else MEMBERS
    told = memberships(push, wanted, account, filled) if line or path == GROUPS else ()
    groups = [each for each in told if each.holds == holds]
    reads = {*(line.reads if line else ()), *(name for each in groups for name in each.reads)}
    return Story(
        target=target,
        gid=now,
        path=path,
        place=line.place if line else push.place,
        said=tuple(_said(push, line, wanted, account, path)),
        line=line,
        account=account,
        lineage=[e for e in person.lineage if e.attribute in reads] if person else (),
        last=last,
        groups=groups,
        wanted=_wanted(wanted, push, path),
        pushed=_pushed(account, line, path),
        rewritten=account.rewritten.get(path) if account else None,
    )


def _check_path(push: Push, target: str, path: str, *, grouped: bool) -> None:
    """Raise ProjectError for a path without a line that is neither our key nor `GROUPS`."""
    if path == push.key_path or (grouped and path == GROUPS):
        return
    known = [push.key_path, *(each.path for each in push.lines), *([GROUPS] if grouped else ())]
    raise ProjectError(f"{push.place} writes no {path!r} at {target}{did_you_mean(path, known)}")


def _last(conn: Any, target: str, gid: str) -> Write | None:
    wanted = audit.Wanted(gids=[gid], target=target)
    for entry, operation in audit.find_operations(conn, wanted, limit=1):
        plan = entry.data["plan"]
        return Write(operation, plans.read_plan(conn, plan), plans.read_approval(conn, plan))
    return None


def _wanted(wanted: Wanted | Unwanted | None, push: Push, path: str) -> Any:
    if not isinstance(wanted, Wanted):
        return None
    return wanted.key if path == push.key_path else wanted.values.get(path)


def _pushed(account: ManagedAccount | None, line: Line | None, path: str) -> Any:
    """Return what was pushed; of a list whose elements we own, those of ours."""
    if account is None:
        return None
    if line is None or line.own is not Ownership.ELEMENTS:
        return account.pushed.get(path)
    return [value for name, value in account.pushed.items() if list_of(name) == path]


_OWN = {
    Ownership.ENFORCE: "ours at any time (own: enforce)",
    Ownership.INITIAL: "ours at the creation, the target's afterwards (own: initial)",
    Ownership.FILL: "ours as long as the target has none (own: fill)",
    Ownership.ELEMENTS: "ours are the elements that we put there, no others (own: elements)",
}


def _said(
    push: Push,
    line: Line | None,
    wanted: Wanted | Unwanted | None,
    account: ManagedAccount | None,
    path: str,
) -> Sequence[str]:
    """Say in sentences who decides, how the profile stands to the target, and the account."""
    grouped = line is None and path == GROUPS
    said = [_OWN[line.own] if line else _MEMBER if grouped else "our key of the account"]
    match wanted:
        case None:
            said.append("the profile no longer exists")
        case Unwanted(cause):
            said.append(REASONS[cause])
        case Wanted(refused=refused):
            said += [f"refused: {each}" for each in refused]
    if account is None:
        return [*said, "the target has no account of ours for it"]
    said.append(f"account {account.remote_id} is {account.state.value}")
    if path in account.rewritten:
        made = rewriting(account.pushed.get(path), account.rewritten[path])
        said.append(f"the target {made}; that is no drift")
    if isinstance(wanted, Wanted) and account.live and not grouped:
        after, before = _wanted(wanted, push, path), _pushed(account, line, path)
        own = line.own if line else Ownership.ENFORCE
        said += ["what we want is what was pushed"] if same(after, before) else _CHANGE[own]
    return said


GROUPS = "groups"
_MEMBER = "ours are the memberships that we gave, no others"
_CHANGE: Mapping[Ownership, Sequence[str]] = {
    Ownership.ENFORCE: ["the next plan has a change"],
    Ownership.INITIAL: [],
    Ownership.FILL: [],
    Ownership.ELEMENTS: ["the next plan has a change, unless somebody else put the same there"],
}


def story_document(story: Story, *, values: bool) -> Mapping[str, Any]:
    """Return the story as JSON; values only when they are asked for."""
    last = story.last
    shown = {"wanted": story.wanted, "pushed": story.pushed, "rewritten": story.rewritten}
    return {
        "target": story.target,
        "gid": story.gid,
        "path": story.path,
        "line": story.place,
        "said": list(story.said),
        "reads": list(story.line.reads) if story.line else [],
        "lineage": [
            {
                "attribute": each.attribute,
                "record": f"{each.ref.source}:{each.ref.key}",
                "mapping": each.mapping,
                "rule": each.rule,
                "reason": each.reason,
            }
            for each in story.lineage
        ],
        "groups": [membership_document(each) for each in story.groups],
        "last_write": _write_document(last) if last else None,
        **(shown if values else {}),
    }


def _write_document(write: Write) -> Mapping[str, Any]:
    return {
        "action": write.operation.action,
        "state": write.operation.outcome,
        "at": write.operation.time,
        "plan": write.plan.hash if write.plan else None,
        "push_digest": write.plan.push_digest if write.plan else None,
        "approved_by": write.approval.who if write.approval else None,
        "approved_why": write.approval.why if write.approval else None,
    }
