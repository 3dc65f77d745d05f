"""Which entries and operations of the audit log are meant, in the words of the command line."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.audit.log import Wanted
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from pipelines.errors import JobError


def wanted(
    conn: sa.Connection,
    profile: str | None = None,
    target: str | None = None,
    run: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Wanted:
    """Return what is meant: a profile with the ids that merged into it, a run by the end of its id.

    Raises JobError when none, or several, runs are meant.
    """
    gids = store.ids_of(conn, store.resolve_gid(conn, profile)) if profile is not None else ()
    runs = ledger.runs_like(conn, run) if run is not None else ()
    if run is not None and len(runs) != 1:
        raise JobError(
            f"{len(runs) or 'no'} runs have an id that ends in {run!r}; see isthmus runs"
        )
    return Wanted(gids, target, runs[0].id if runs else None, zoned(since), zoned(until))


def zoned(moment: datetime | None) -> datetime | None:
    """Return a moment in the zone it names, or in UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
