"""Who belongs together: links from source profiles to global ids, and redirects of retired ids.

The caller owns the transaction: links, redirects, events and stale marks commit together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.db.jsontext import to_json
from idp_core.db.types import utc_text
from idp_core.events.outbox import OutboxEvent, publish
from idp_core.profiles import stale
from idp_core.profiles.model import Event, EventKind, SourceRef
from idp_core.profiles.records import by_source, stored_ref
from idp_core.profiles.tables import (
    lineage,
    link,
    override,
    profile,
    profile_event,
    redirect,
    source_profile,
    stale_profile,
)

_LATER = frozenset({EventKind.CREATED, EventKind.DELETED})


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """What saving links did."""

    linked: int = 0
    moved: int = 0
    unchanged: int = 0


def read_links(conn: sa.Connection, *, gone_since: int | None = None) -> Mapping[SourceRef, str]:
    """Return the global id of every linked source profile that its source still has.

    With `gone_since` also of those that were deleted after this change. A deleted record keeps its
    link unseen: when it comes back, it is who it was.
    """
    table = source_profile.c
    there: sa.ColumnElement[bool] = table.deleted.is_(False)
    if gone_since is not None:
        there = there | (table.seq > gone_since)
    query = (
        sa.select(table.source, table.key, link.c.gid)
        .join(link, link.c.record == table.id)
        .where(there)
    )
    return {SourceRef(source, key): gid for source, key, gid in conn.execute(query)}


def links_of(
    conn: sa.Connection, refs: Iterable[SourceRef], *, gone_since: int
) -> Mapping[SourceRef, str]:
    """Return the same of these source profiles alone, also of those deleted after a change."""
    table = source_profile.c
    found: dict[SourceRef, str] = {}
    for source, keys in by_source(refs).items():
        query = (
            sa.select(table.key, link.c.gid)
            .join(link, link.c.record == table.id)
            .where(table.source == source, bulk.among(conn, table.key, keys))
            .where(table.deleted.is_(False) | (table.seq > gone_since))
        )
        found |= {SourceRef(source, key): gid for key, gid in conn.execute(query)}
    return found


def members_of(conn: sa.Connection, gids: Collection[str]) -> Sequence[SourceRef]:
    """Return the source profiles that their sources still have, of these global ids."""
    table = source_profile.c
    query = (
        sa.select(table.source, table.key)
        .join(link, link.c.record == table.id)
        .where(bulk.among(conn, link.c.gid, gids), table.deleted.is_(False))
    )
    return [SourceRef(source, key) for source, key in conn.execute(query)]


def save_links(
    conn: sa.Connection,
    links: Mapping[SourceRef, str],
    events: Iterable[Event] = (),
    *,
    redirects: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> LinkCounts:
    """Link source profiles to global ids, retire the ids in `redirects`.

    Only what differs is written. The golden profiles concerned are marked stale; those of retired
    ids are removed, their overrides go to the heir. Events join history and outbox, except
    `CREATED` and `DELETED`: these are told with the golden profile, by `save_profiles` and
    `delete_profiles`. Raises KeyError for a ref that is not stored.
    """
    moment = now or datetime.now(UTC)
    records = _records(conn, links)
    before = _gids(conn, records.values())
    wanted = {records[ref]: gid for ref, gid in links.items()}
    changed = {id_: gid for id_, gid in wanted.items() if before.get(id_) != gid}
    rows = [(id_, gid, utc_text(moment)) for id_, gid in sorted(changed.items())]
    bulk.upsert(conn, link, ("record", "gid", "since"), rows)
    left = {before[id_] for id_ in changed if id_ in before}
    stale.mark(conn, left | set(changed.values()))
    _revive(conn, set(wanted.values()))
    if redirects:
        _retire(conn, redirects, moment)
    record_events(conn, (e for e in events if e.kind not in _LATER), moment)
    new = sum(id_ not in before for id_ in changed)
    return LinkCounts(new, len(changed) - new, len(wanted) - len(changed))


def read_redirects(conn: sa.Connection) -> Mapping[str, str]:
    """Return every retired global id with the one it resolves to."""
    return dict(conn.execute(sa.select(redirect.c.gid, redirect.c.into_gid)).all())


def resolve_gid(conn: sa.Connection, gid: str) -> str:
    """Return the id that `gid` resolves to today: itself unless it redirects."""
    into = conn.scalar(sa.select(redirect.c.into_gid).where(redirect.c.gid == gid))
    return into or gid


def record_events(conn: sa.Connection, events: Iterable[Event], now: datetime) -> int:
    """Write events to the profiles' history and to the outbox; return how many."""
    listed = list(events)
    if not listed:
        return 0
    rows = [(e.gid, e.kind.value, utc_text(now), to_json(e.data)) for e in listed]
    bulk.insert(conn, profile_event, ("gid", "kind", "time", "data"), rows)
    return publish(conn, [OutboxEvent(e.kind.value, e.gid, e.data, time=now) for e in listed])


def _records(conn: sa.Connection, refs: Iterable[SourceRef]) -> dict[SourceRef, int]:
    table = source_profile.c
    stored = {ref: stored_ref(ref) for ref in refs}
    found: dict[SourceRef, int] = {}
    for source, keys in by_source(stored.values()).items():
        query = sa.select(table.key, table.id).where(
            table.source == source, bulk.among(conn, table.key, keys)
        )
        found |= {SourceRef(source, key): id_ for key, id_ in conn.execute(query)}
    return {ref: found[kept] for ref, kept in stored.items() if kept in found}


def _gids(conn: sa.Connection, records: Collection[int]) -> dict[int, str]:
    query = sa.select(link.c.record, link.c.gid).where(bulk.among(conn, link.c.record, records))
    return dict(conn.execute(query).all())


def _revive(conn: sa.Connection, gids: set[str]) -> None:
    """A global id that has records, maybe one that came back, redirects nowhere."""
    retired = list(
        conn.scalars(sa.select(redirect.c.gid).where(bulk.among(conn, redirect.c.gid, gids)))
    )
    if retired:
        conn.execute(sa.delete(redirect).where(bulk.among(conn, redirect.c.gid, retired)))


def _retire(conn: sa.Connection, redirects: Mapping[str, str], now: datetime) -> None:
    final = {gid: _follow(gid, redirects) for gid in redirects}
    older = sa.select(redirect.c.gid, redirect.c.into_gid).where(
        bulk.among(conn, redirect.c.into_gid, list(final))
    )
    followed = {gid: final[into] for gid, into in conn.execute(older) if gid != final[into]}
    rows = [(gid, into, utc_text(now)) for gid, into in sorted((followed | final).items())]
    bulk.upsert(conn, redirect, ("gid", "into_gid", "since"), rows)
    _hand_over_overrides(conn, final)
    for table in (stale_profile, lineage, profile):
        conn.execute(sa.delete(table).where(bulk.among(conn, table.c.gid, list(final))))


def _follow(gid: str, redirects: Mapping[str, str]) -> str:
    seen = {gid}
    while (into := redirects.get(gid)) is not None and into not in seen:
        seen.add(into)
        gid = into
    return gid


def _hand_over_overrides(conn: sa.Connection, final: Mapping[str, str]) -> None:
    """Give each heir the overrides of retired ids, except where it has its own."""
    query = sa.select(override).where(bulk.among(conn, override.c.gid, list(final)))
    for row in conn.execute(query.order_by(override.c.created_at.desc())).mappings().all():
        heir = {**row, "gid": final[row["gid"]]}
        same = (override.c.gid == heir["gid"]) & (override.c.attribute == heir["attribute"])
        if conn.scalar(sa.select(override.c.gid).where(same)) is None:
            conn.execute(sa.insert(override).values(heir))
    conn.execute(sa.delete(override).where(bulk.among(conn, override.c.gid, list(final))))
