"""``isthmus audit``: what was done, at whose word, and whether anybody touched the log of it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice, starmap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give, short, table, tell

if TYPE_CHECKING:
    import sqlalchemy as sa
    from rich.table import Table

    from idp_core.audit.log import Entry
    from idp_core.audit.operations import Operation
    from pipelines.project import Project

app = typer.Typer(
    help="The log of every login, change and provisioning operation.", no_args_is_help=True
)
_DAYS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")
Moment = Annotated[datetime | None, typer.Option(formats=list(_DAYS), help="In UTC if not said.")]
Most = Annotated[
    int | None, typer.Option(min=1, help="How many, the latest first.", show_default="50")
]
Csv = Annotated[
    bool, typer.Option("--csv", help="Answer with CSV; all of them unless --limit says less.")
]


@app.command()
def verify(project: Folder = Path(), as_json: Json = False) -> None:
    """Check that no entry was changed, removed or put in between; exit code 1 when one was.

    So are the operations of provisioning. Keep the end of the chain elsewhere: with it you notice a
    log that was replaced as a whole.
    """
    from idp_core.audit import log
    from idp_core.db.engine import reading
    from pipelines.database import audit_key

    with _opened(project) as (where, engine), reading(engine) as conn:
        found = log.verify(conn, audit_key(where, engine))
    whole = found.broken_at is None
    told = (
        f"{found.entries:,} entries with {found.operations:,} operations hold; "
        f"the chain ends in {found.last}"
    )
    if not whole:
        told = f"the chain breaks at entry {found.broken_at}, after {found.entries} that hold"
    document = {"ok": whole, "entries": found.entries, "operations": found.operations}
    give({**document, "broken_at": found.broken_at, "last": found.last}, told, as_json=as_json)
    if not whole:
        raise typer.Exit(1)


@app.command("list")
def list_entries(  # noqa: PLR0913 (each is an option of its own)
    *,
    kind: Annotated[
        str | None,
        typer.Option(help="Only of this kind, or of all that begin so: profile, profile.erased."),
    ] = None,
    actor: Annotated[
        str | None, typer.Option(help="Only at the word of this one: operator:ann, client:shop.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Only those about this login account's id.")
    ] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Most = None,
    as_csv: Csv = False,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """List entries, the latest first: who did what, when, and whether it was let."""
    from idp_core.audit import log
    from idp_core.db.engine import reading
    from pipelines.auditing import zoned

    meant = log.Meant(kind, actor, account, zoned(since), zoned(until))
    most = _most(limit, as_csv=as_csv, as_json=as_json)
    with _opened(project) as (_, engine), reading(engine) as conn:
        found = log.find(conn, meant, most + 1 if most else None)
        if as_csv:
            documents = map(_entry_document, islice(found, most))
            _print_csv({**each, "data": json.dumps(each["data"])} for each in documents)
            return
        entries = list(found)
    shown = entries[:most]
    told = _entries_table(shown) if shown else "no entry of that kind"
    give([_entry_document(each) for each in shown], told, as_json=as_json)
    _tell_more(len(entries), len(shown))


@app.command()
def operations(  # noqa: PLR0913 (each is an option of its own)
    *,
    profile: Annotated[str | None, typer.Option(help="Only those for this global id.")] = None,
    target: Annotated[str | None, typer.Option(help="Only those at this target.")] = None,
    run: Annotated[
        str | None, typer.Option(help="Only those of this run: its id, or the end of it.")
    ] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Most = None,
    as_csv: Csv = False,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """List operations of provisioning, the latest first: who ordered what, why, what came of it."""
    from idp_core.audit import log
    from idp_core.db.engine import reading
    from pipelines.auditing import wanted

    most = _most(limit, as_csv=as_csv, as_json=as_json)
    with _opened(project) as (_, engine), reading(engine) as conn:
        meant = wanted(conn, profile, target, run, since, until)
        found = log.find_operations(conn, meant, most + 1 if most else None)
        if as_csv:
            _print_csv(starmap(_line, islice(found, most)))
            return
        lines = list(found)
    shown = lines[:most]
    documents = [_document(entry, each) for entry, each in shown]
    give(documents, _table(shown) if shown else "no operation of that kind", as_json=as_json)
    _tell_more(len(lines), len(shown))


def _most(limit: int | None, *, as_csv: bool, as_json: bool) -> int | None:
    """Return how many are shown; None is all."""
    if as_csv and as_json:
        raise typer.BadParameter("say --csv or --json, not both")
    return limit if as_csv or limit else 50


def _tell_more(found: int, shown: int) -> None:
    if found > shown:
        tell(f"there are more than these {shown}; --limit shows more, --csv all")


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Project, sa.Engine]]:
    """Open the database of a folder, be it a project or a login alone, at the newest version."""
    from idp_core.db import schema
    from pipelines.database import open_database, reached, used
    from pipelines.serving import project_of

    project = project_of(folder)
    with open_database(project) as engine:
        with reached(engine):
            schema.upgrade(engine)
        with used(engine):
            yield project, engine


def _document(entry: Entry, each: Operation) -> Mapping[str, Any]:
    data = entry.data
    return {
        "time": each.time,
        "actor": entry.actor,
        "run": data["run"],
        "target": data["target"],
        "object": data["object"],
        "profile": each.gid,
        "account": each.account,
        "action": each.action,
        "cause": each.cause,
        "attributes": each.attributes.split(),
        "outcome": each.outcome,
        "settled": entry.kind.removeprefix("provisioning."),
        "plan_hash": data["plan_hash"],
        "mapping": data["mapping"],
        "digest": each.digest,
        "entry": entry.position,
    }


def _table(found: Iterable[tuple[Entry, Operation]]) -> Table:
    names = "time (UTC),by,run,target,profile,action,why,attributes,outcome"
    rows = (
        (
            f"{each.time:%Y-%m-%d %H:%M:%S}",
            entry.actor,
            short(entry.data["run"]),
            entry.data["target"],
            each.gid,
            each.action,
            each.cause,
            each.attributes,
            each.outcome,
        )
        for entry, each in found
    )
    return table(names.split(","), rows, folds=("attributes",))


def _line(entry: Entry, each: Operation) -> Mapping[str, Any]:
    names = {"time": each.time.isoformat(), "attributes": each.attributes}
    return {**_document(entry, each), **names}


def _entry_document(entry: Entry) -> Mapping[str, Any]:
    return {
        "entry": entry.position,
        "time": entry.time.isoformat(),
        "actor": entry.actor,
        "kind": entry.kind,
        "outcome": entry.outcome,
        "account": entry.account,
        "data": dict(entry.data),
    }


def _entries_table(found: Iterable[Entry]) -> Table:
    rows = (
        (
            str(each.position),
            f"{each.time:%Y-%m-%d %H:%M:%S}",
            each.actor,
            each.kind,
            each.outcome,
            each.account or "",
            ", ".join(f"{name} {_told(value)}" for name, value in each.data.items()),
        )
        for each in found
    )
    return table(
        ["entry", "time (UTC)", "by", "what", "outcome", "account", "about"], rows, folds=("about",)
    )


def _told(value: object) -> str:
    return str(value) if isinstance(value, str | int) else json.dumps(value)


def _print_csv(rows: Iterable[Mapping[str, Any]]) -> None:
    writer: Any = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
