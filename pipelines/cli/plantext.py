"""Plans as the command line shows them: whole ones, and the way of one person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from pipelines.cli.output import table
from pipelines.errors import JobError
from pipelines.provision.desired import Unwanted, Wanted
from pipelines.provision.items import REASONS
from pipelines.provision.matching import Hit
from pipelines.provision.memberships import Membership, membership_document
from pipelines.provision.person import PersonPlan
from pipelines.provision.plan import Cause
from pipelines.provision.render import (
    MASK,
    differences,
    item_view,
    near,
    plan_document,
    plan_parts,
    shown_value,
)
from pipelines.provision.run import Prepared

_OUT = {Cause.LEFT_SCOPE: "the push mapping's scope leaves the profile out"}


def plans_parts(made: Sequence[Prepared], *, values: bool, every: bool) -> Iterator[RenderableType]:
    """Yield plans that were just made, one below the other."""
    limit = None if every else 20
    for number, each in enumerate(made):
        if number:
            yield ""
        yield from plan_parts(each.record, each.plan.items, values=values, limit=limit)


def plan_of(made: Prepared, *, values: bool, every: bool) -> Iterator[RenderableType]:
    """Yield a plan that is not stored, and so cannot be applied."""
    yield from plan_parts(
        made.record, made.plan.items, values=values, limit=None if every else 20, stored=False
    )
    yield "nothing is stored: this is what the edited mapping would do"


def plans_document(
    made: Sequence[Prepared], problems: Sequence[JobError], *, values: bool
) -> dict[str, Any]:
    """Return plans that were just made, and what kept others from being made."""
    return {
        "plans": [plan_document(each.record, each.plan.items, values=values) for each in made],
        "problems": [str(problem) for problem in problems],
    }


def person_document(found: PersonPlan, *, values: bool) -> dict[str, Any]:
    """Return the way of one person as a JSON document."""
    account = found.account
    return {
        "gid": found.gid,
        "records": [f"{source}:{key}" for source, key, _ in _records(found)],
        "scope": _scope(found),
        "account": {"id": account.remote_id, "state": account.state.value} if account else None,
        "match": found.match.reason if found.match else None,
        "said": [
            {"account": word.remote_id, "theirs": word.theirs, "who": word.who, "at": word.at}
            for word in found.said
        ],
        "items": [item_view(item, values=values) for item in found.items],
        "requests": [
            {
                "method": each.method,
                "address": each.address,
                "body": _body(each.body, values=values),
            }
            for each in found.requests
        ],
        "groups": [membership_document(each) for each in found.groups],
    }


def person_parts(name: str, found: PersonPlan, *, values: bool) -> Iterator[RenderableType]:
    """Yield the way of one person, step by step."""
    yield Text(f"{name}: profile {found.gid}", style="bold")
    yield "1 source records"
    records = [(source, key, gives) for source, key, gives in _records(found)]
    if records:
        yield table(("source", "key", "gives"), records, folds=["gives"])
    yield f"2 scope: {_scope(found)}"
    yield f"3 match: {_match(found)}"
    for word in found.said:
        whose = "theirs" if word.theirs else "somebody else's"
        yield f"  account {word.remote_id} is {whose}, as {word.said}"
    if not found.items:
        yield "4 difference: nothing; the account is as it shall be"
    for item in found.items:
        action = item.action.value if item.action else "no write"
        yield f"4 difference: {action}, because {item.reason} ({item.cause.value})"
        if item.differences:
            yield differences(item, values=values)
    for request in found.requests:
        yield Text(f"5 request: {request.method} {request.address}")
        if request.body is not None:
            yield Text(shown_value(_body(request.body, values=values), values=True))
    if found.groups:
        yield "6 groups"
        yield groups_table(found.groups)


def groups_table(groups: Sequence[Membership]) -> RenderableType:
    """Return in which groups a person is to be, by which line, and why."""
    rows = (
        (each.group, each.holds, "in" if each.inside else "out", near(each.place),
         "; ".join(each.said))
        for each in groups
    )  # fmt: skip
    return table(("group", "held in", "stands", "line", "because"), rows, folds=["because"])


def _records(found: PersonPlan) -> list[tuple[str, str, str]]:
    """Return each source record that gives a value, with the attributes it gives."""
    gives: dict[tuple[str, str], dict[str, None]] = {}
    for entry in found.person.lineage if found.person else ():
        gives.setdefault((entry.ref.source, entry.ref.key), {})[entry.attribute] = None
    return [(source, key, ", ".join(names)) for (source, key), names in sorted(gives.items())]


def _scope(found: PersonPlan) -> str:
    match found.wanted:
        case None:
            return "out: the profile no longer exists"
        case Unwanted(cause):
            return f"out: {_OUT.get(cause, REASONS[cause])}"
        case Wanted(refused=refused):
            return f"in, but {'; '.join(refused)}" if refused else "in"


def _match(found: PersonPlan) -> str:
    account = found.account
    if account is not None:
        owner = "" if account.gid == found.gid else f", taken over from {account.gid}"
        return f"account {account.remote_id} of ours, {account.state.value}{owner}"
    if found.match is None:
        return "no account of the target is theirs"
    word = "found" if isinstance(found.match, Hit) else "conflict"
    return f"{word}: {found.match.reason}"


def _body(body: Any, *, values: bool) -> Any:
    """Return a request's body with its texts and numbers masked unless they are asked for."""
    if values or body is None or isinstance(body, bool):
        return body
    if isinstance(body, dict):
        plain = ("schemas", "op", "path")
        return {k: v if k in plain else _body(v, values=values) for k, v in body.items()}
    if isinstance(body, list):
        return [_body(each, values=values) for each in body]
    return MASK
