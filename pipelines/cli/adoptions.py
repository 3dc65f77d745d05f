"""``isthmus plan adopt``, ``decline``, ``reopen``, ``adoptions``: whose an account is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Folder, Json, Who, who_says
from pipelines.cli.output import give, table

_Holder = Annotated[str, typer.Argument(help="The target that has the account.")]
_Gid = Annotated[str, typer.Argument(help="The profile's global id.")]


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
