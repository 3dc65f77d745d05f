"""What a project and its target are like after a run, in words that do not differ between runs.

Global ids are invented by each run, so they are replaced by the source records they stand for;
those that were there before keep their names and so prove that they stayed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from idp_core.db.engine import make_engine, reading
from idp_core.events.tables import outbox
from idp_core.ledger import store as ledger
from idp_core.ledger.tables import landed_page, project_lock, read_cursor, run, run_step
from idp_core.profiles import store
from idp_core.profiles.tables import (
    lineage,
    profile,
    profile_event,
    redirect,
    source_profile,
    stale_profile,
)
from idp_core.provisioning.tables import account, intent, journal, plan

Names = dict[str, str]


def gids(database: str) -> dict[str, str]:
    """Which profile each source record belongs to: ``source:key`` to global id."""
    with _open(database) as conn:
        return _links(conn) if sa.inspect(conn).has_table("link") else {}


def read(database: str, users: list[dict[str, Any]], published: Names) -> dict[str, Any]:
    """All that must be the same however often the run was killed.

    `users` is what the target holds, `published` maps source records to the global ids that were
    known before the run.
    """
    with _open(database) as conn:
        names = _names(conn, published)
        told = json.loads(_renamed(json.dumps(_state(conn)), names))
    told["users"] = [_user(user) for user in json.loads(_renamed(json.dumps(users), names))]
    return {part: sorted(rows, key=json.dumps) for part, rows in told.items()}


def leftovers(database: str, folder: Path) -> dict[str, list[str]]:
    """What a killed run may have left that nobody needs: each must be empty."""
    with _open(database) as conn:
        landed = set(conn.scalars(sa.select(landed_page.c.path)))
        statuses = Counter(conn.scalars(sa.select(run.c.status)))
        found = {
            "unfinished runs": ["running"] * statuses["running"],
            "unfinished steps": list(
                conn.scalars(sa.select(run_step.c.step).where(run_step.c.status == "running"))
            ),
            "locks": list(conn.scalars(sa.select(project_lock.c.name))),
            "stale profiles": list(conn.scalars(sa.select(stale_profile.c.gid))),
            "pages to map": list(
                conn.scalars(sa.select(landed_page.c.path).where(landed_page.c.state == "landed"))
            ),
            "unsettled changes": [
                *conn.scalars(sa.select(journal.c.state).where(journal.c.state == "uncertain")),
                *conn.scalars(sa.select(intent.c.plan_id)),
            ],
            "open plans": [
                status
                for status in conn.scalars(sa.select(plan.c.status))
                if status not in ("applied", "superseded")
            ],
        }
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    landing = [path for path in files if "landing" in path.parts]
    known = {path.rpartition("landing/")[2] for path in landed}
    found["files"] = [
        str(path) for path in landing if str(path).rpartition("landing/")[2] not in known
    ]
    return found


@contextmanager
def _open(database: str) -> Iterator[sa.Connection]:
    engine = make_engine(database)
    try:
        with reading(engine) as conn:
            yield conn
    finally:
        engine.dispose()


def _state(conn: sa.Connection) -> dict[str, Any]:
    said = sa.case((source_profile.c.deleted, None), else_=source_profile.c.attributes)
    records = sa.select(
        source_profile.c.source, source_profile.c.key, source_profile.c.deleted,
        source_profile.c.mapping, said,
    )  # fmt: skip
    goldens = sa.select(
        profile.c.gid, profile.c.attributes, profile.c.version, profile.c.deleted_at.is_(None)
    )
    history = sa.select(profile_event.c.gid, profile_event.c.kind, profile_event.c.data)
    letters = ledger.list_letters(conn, status=None)
    accounts = sa.select(account.c.gid, account.c.key, account.c.state, account.c.pushed)
    cursors = sa.select(read_cursor.c.source, read_cursor.c.value, read_cursor.c.key)
    return {
        "records": _rows(conn, records),
        "links": list(_links(conn).items()),
        "redirects": _rows(conn, sa.select(redirect.c.gid, redirect.c.into_gid)),
        "profiles": _rows(conn, goldens),
        "lineage": _rows(conn, sa.select(lineage.c.gid, lineage.c.entries)),
        "history": _rows(conn, history),
        "outbox": _rows(conn, sa.select(outbox.c.subject, outbox.c.type, outbox.c.data)),
        "letters": [
            [x.source, x.stage, x.key, x.place, x.status, list(x.reasons), _row(x.row)]
            for x in letters
        ],
        "accounts": _rows(conn, accounts),
        "cursors": _rows(conn, cursors),
    }  # fmt: skip


def _rows(conn: sa.Connection, query: sa.Select[Any]) -> list[list[Any]]:
    return [list(row) for row in conn.execute(query)]


def _links(conn: sa.Connection) -> dict[str, str]:
    return {f"{ref.source}:{ref.key}": gid for ref, gid in store.read_links(conn).items()}


def _names(conn: sa.Connection, published: Names) -> Names:
    """A name for each global id: as published, otherwise by the records that it is of."""
    known = {gid: f"published {ref}" for ref, gid in sorted(published.items(), reverse=True)}
    members: dict[str, list[str]] = {}
    for ref, gid in _links(conn).items():
        members.setdefault(gid, []).append(ref)
    return {gid: "new " + " ".join(sorted(refs)) for gid, refs in members.items()} | known


def _renamed(text: str, names: Names) -> str:
    for gid, name in names.items():
        text = text.replace(gid, name)
    return text


def _row(row: Any) -> Any:
    """A letter's row; a change loses its number in the plan, whose other changes may be done."""
    return {name: value for name, value in row.items() if name != "number"} if row else row


def _user(user: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in user.items() if name not in ("id", "meta", "schemas")}
