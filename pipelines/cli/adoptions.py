"""Whose an account is: ``isthmus plan orphans``, ``adopt``, ``decline`` and their kin."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import Folder, Json, Values, Who, who_says
from pipelines.cli.output import give, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from connectors.contract import Account
    from pipelines.provision.orphans import Orphan

_Holder = Annotated[str, typer.Argument(help="The target that has the account.")]
_Gid = Annotated[str, typer.Argument(help="The profile's global id.")]


def orphans(
    target: _Holder,
    limit: Annotated[int, typer.Option(min=1, help="Show so many, in the order of ids.")] = 100,
    project: Folder = Path(),
    values: Values = False,
    as_json: Json = False,
) -> None:
    """List the accounts of a target that no profile has, and the profiles that they match.

    All accounts of the target are read; nothing is written or stored. The next plan takes over what
    matches by a rule with `adopt: auto` and nobody else does; the others wait for a person's word.
    """
    from pipelines.bus import open_bus
    from pipelines.planning import orphans as find
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        found = find(bus, target)
    listed = [_orphan(each, values=values) for each in found]
    document = {"target": target, "count": len(found), "orphans": listed}
    if not found:
        give(document, f"{target}: each of its accounts is a profile's", as_json=as_json)
        return
    more = f", {len(found) - limit:,} more than are shown" if len(found) > limit else ""
    said = (
        f"{target}: no profile has {len(found):,} of its accounts{more}; those that match none are "
        "left alone"
    )
    give(document, _shown(found[:limit], values=values), said, as_json=as_json)


def _shown(found: Sequence[Orphan], *, values: bool) -> Table:
    columns, folds = ["account", "active", "matches"], ["matches"]
    rows = [[each.account.id, _ACTIVE[each.active], _matches(each)] for each in found]
    if values:
        columns.append("values")
        folds.append("values")
        rows = [[*row, _values(each.account)] for row, each in zip(rows, found, strict=True)]
    return table(columns, rows, folds=folds)


def _orphan(each: Orphan, *, values: bool) -> Mapping[str, object]:
    shown = {"key": each.account.key, "attributes": each.account.attributes} if values else {}
    matches = [asdict(claim) for claim in each.claims]
    return {"account": each.account.id, "active": each.active, "matches": matches, **shown}


_ACTIVE = {True: "yes", False: "no", None: "not said"}


def _matches(each: Orphan) -> str:
    return "; ".join(f"{claim.gid} by {claim.path} ({claim.adopt})" for claim in each.claims)


def _values(account: Account) -> str:
    held = {"key": account.key, **account.attributes}
    return "; ".join(f"{path} {value}" for path, value in held.items() if value is not None)


def adopt(
    target: _Holder,
    gid: _Gid,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Say that the account which matches a profile by a rule for review is theirs.

    The next plan takes it over. `plan --profile GID` shows what that changes at the account.
    """
    from pipelines.bus import open_bus
    from pipelines.planning import adopt as note_word
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        note_word(bus, target, gid, who_says(who))
    said = f"{target}: the next plan takes the account over for {gid}: isthmus plan {target}"
    give({"target": target, "gid": gid, "status": "adopted"}, said, as_json=as_json)


def decline(
    target: _Holder,
    gid: _Gid,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Say that the account which matches a profile is somebody else's.

    It matches them no more, and nobody is asked again; the next plan makes them one of their own.
    `reopen` takes the word back.
    """
    from pipelines.bus import open_bus
    from pipelines.planning import decline as note_word
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        note_word(bus, target, gid, who_says(who))
    said = f"{target}: the account is not that of {gid}; see what follows: isthmus plan {target}"
    give({"target": target, "gid": gid, "status": "declined"}, said, as_json=as_json)


def reopen(
    target: _Holder,
    gid: _Gid,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Take back what was said of accounts and a profile by `adopt` and `decline`.

    What plans did by it stays.
    """
    from pipelines.bus import open_bus
    from pipelines.planning import reopen as take_back
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        count = take_back(bus, target, gid, who_says(who))
    said = f"{target}: {count} said of {gid} taken back; see what follows: isthmus plan {target}"
    give({"target": target, "gid": gid, "status": "open", "words": count}, said, as_json=as_json)


def adoptions(
    target: Annotated[str | None, typer.Option(help="Only accounts of this target.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest first.")] = 100,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """List what people said of whose an account is, the latest first."""
    from idp_core.db.engine import reading
    from idp_core.provisioning.belongings import list_belongings
    from pipelines.bus import open_bus
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        if target is not None:
            bus.target_settings(target)
        with reading(bus.engine) as conn:
            found = list_belongings(conn, target, limit)
    rows = [
        (e.target, e.gid, e.remote_id, "theirs" if e.theirs else "somebody else's", e.who,
         f"{e.at:%Y-%m-%d %H:%M}")
        for e in found
    ]  # fmt: skip
    columns = ("target", "profile", "account", "is", "said by", "at (UTC)")
    shown = table(columns, rows) if rows else "nobody said anything of an account"
    give([{**asdict(e), "at": e.at.isoformat()} for e in found], shown, as_json=as_json)
