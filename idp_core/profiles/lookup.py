"""Questions about people: find, get, why, history, counts. Reads only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp_core.db.jsontext import storable
from idp_core.errors import UnknownProfileError
from idp_core.profiles.goldens import StoredProfile, read_profiles
from idp_core.profiles.links import resolve_gid
from idp_core.profiles.model import EventKind, Lineage, Profile, SourceRef
from idp_core.profiles.records import ERASED, stored_ref
from idp_core.profiles.tables import (
    identifier,
    link,
    profile,
    profile_event,
    redirect,
    source_profile,
    stale_profile,
)
from mappings.schema import CUSTOMER, Schema


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to a person; `gid` is the id it had then."""

    position: int
    gid: str
    kind: EventKind
    time: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Joined:
    """A record of a person: since when it is theirs, and when its source had it no more."""

    ref: SourceRef
    since: datetime
    deleted_at: datetime | None


def find(conn: sa.Connection, value: str, kind: str | None = None) -> Sequence[str]:
    """Return the global ids of people that `value` points at, in a stable order.

    `kind` is ``email``, ``phone``, ``loyalty_id``, ``username``, ``external_id``, ``key``, ``gid``
    or the name of a source (then `value` is the row's key there); None looks for all of them.
    """
    value = storable(value)
    text = value.strip()
    found: set[str] = set()
    if kind in (None, "gid"):
        gid = resolve_gid(conn, text)
        query = sa.select(profile.c.gid).where(profile.c.gid == gid, profile.c.deleted_at.is_(None))
        found.update(conn.scalars(query))
    pointing = (
        sa.select(link.c.gid)
        .join(identifier, identifier.c.record == link.c.record)
        .where(identifier.c.value.in_({value, text, text.casefold(), _dialled(text)}))
    )
    if kind is not None:
        pointing = pointing.where(identifier.c.kind == kind)
        found.update(conn.scalars(_by_key(kind, text)))
    found.update(conn.scalars(pointing))
    return sorted(found)


_GID = (
    sa.select(link.c.gid)
    .join(source_profile, source_profile.c.id == link.c.record)
    .where(
        source_profile.c.source == sa.bindparam("source"),
        source_profile.c.key == sa.bindparam("key"),
        source_profile.c.deleted.is_(False),
    )
)


def gid_of(conn: sa.Connection, ref: SourceRef) -> str | None:
    """Return the global id a live source profile is linked to; None while it has none."""
    said = {"source": ref.source, "key": stored_ref(ref).key}
    row = conn.execute(_GID, said).first()
    return None if row is None else str(row[0])


def _dialled(text: str) -> str:
    """Return a phone number as it is stored: ``+44 (0) 20 1234`` is none, ``+44 20-1234`` is."""
    written = re.fullmatch(r"\+[0-9][0-9 ./-]*", text)
    return re.sub(r"[ ./-]", "", text) if written else text


def find_by_name(conn: sa.Connection, text: str, limit: int = 50) -> Sequence[str]:
    """Return the global ids of people whose names hold every word of `text`, by name and id.

    Letters count without their case as far as the database knows it (SQLite: a to z).
    """
    table = profile.c
    names = (table.given_name, table.family_name, table.display_name)
    query = sa.select(table.gid).where(table.deleted_at.is_(None))
    for word in storable(text).split():
        query = query.where(sa.or_(*(name.icontains(word, autoescape=True) for name in names)))
    order = (table.family_name, table.given_name, table.gid)
    return list(conn.scalars(query.order_by(*order).limit(limit))) if text.strip() else []


def _by_key(source: str, key: str) -> sa.Select[tuple[str]]:
    return (
        sa.select(link.c.gid)
        .join(source_profile, source_profile.c.id == link.c.record)
        .where(
            source_profile.c.source == source,
            source_profile.c.key == stored_ref(SourceRef(source, key)).key,
            source_profile.c.deleted.is_(False),
        )
    )


def get_stored(conn: sa.Connection, gid: str, *, schema: Schema = CUSTOMER) -> StoredProfile:
    """Return a golden profile with its lineage, following redirects; deleted ones too.

    Raises UnknownProfileError when no profile has, or ever had, this id.
    """
    now = resolve_gid(conn, gid)
    found = list(read_profiles(conn, gids=[now], deleted=True, schema=schema))
    if found:
        return found[0]
    raise UnknownProfileError(
        f"no profile has the id {gid}: look it up by an identifier (isthmus profile find)"
    )


def get(conn: sa.Connection, gid: str, *, schema: Schema = CUSTOMER) -> Profile:
    """Return a golden profile with lineage and members, following redirects.

    Raises UnknownProfileError when there is none (any more).
    """
    stored = get_stored(conn, gid, schema=schema)
    if stored.deleted_at is not None:
        raise UnknownProfileError(f"the profile {gid} is deleted: no source has a record of it")
    return Profile(stored.gid, stored.attributes, stored.lineage, members(conn, stored.gid))


def members(conn: sa.Connection, gid: str) -> Sequence[SourceRef]:
    """Return the live source profiles linked to a global id, in a stable order."""
    table = source_profile.c
    query = (
        sa.select(table.source, table.key)
        .join(link, link.c.record == table.id)
        .where(link.c.gid == resolve_gid(conn, gid), table.deleted.is_(False))
        .order_by(table.source, table.key)
    )
    return [SourceRef(source, key) for source, key in conn.execute(query)]


def joined(conn: sa.Connection, gid: str) -> Sequence[Joined]:
    """Return the records of a person, deleted ones too, in the order in which they came."""
    table = source_profile.c
    query = (
        sa.select(table.source, table.key, table.deleted, table.digest, table.changed_at)
        .add_columns(link.c.since)
        .join(link, link.c.record == table.id)
        .where(link.c.gid == resolve_gid(conn, gid))
        .order_by(link.c.since, table.source, table.key)
    )
    return [
        Joined(
            SourceRef(row.source, row.key),
            row.since,
            row.changed_at if row.deleted and row.digest != ERASED else None,
        )
        for row in conn.execute(query)
    ]


def why(conn: sa.Connection, gid: str) -> Sequence[Lineage]:
    """Return for each value of a profile who said it and which rule chose it.

    Raises UnknownProfileError when no profile has, or ever had, this id.
    """
    return get_stored(conn, gid).lineage


def history(conn: sa.Connection, gid: str) -> Sequence[HistoryEntry]:
    """Return what happened to a person, oldest first, under every id that merged into this one."""
    now = resolve_gid(conn, gid)
    earlier = sa.select(redirect.c.gid).where(redirect.c.into_gid == now)
    query = (
        sa.select(profile_event)
        .where(sa.or_(profile_event.c.gid == now, profile_event.c.gid.in_(earlier)))
        .order_by(profile_event.c.position)
    )
    return [
        HistoryEntry(row.position, row.gid, EventKind(row.kind), row.time, row.data)
        for row in conn.execute(query)
    ]


def counts(conn: sa.Connection) -> Mapping[str, int]:
    """Return how much is stored: live and deleted source profiles, links, profiles, …"""
    gone = source_profile.c.deleted
    queries = {
        "source_profiles": sa.select(sa.func.count()).where(gone.is_(False)),
        "deleted_source_profiles": sa.select(sa.func.count()).where(gone.is_(True)),
        "identifiers": sa.select(sa.func.count()).select_from(identifier),
        "links": sa.select(sa.func.count())
        .select_from(link)
        .join(source_profile, source_profile.c.id == link.c.record)
        .where(gone.is_(False)),
        "profiles": sa.select(sa.func.count()).where(profile.c.deleted_at.is_(None)),
        "deleted_profiles": sa.select(sa.func.count()).where(profile.c.deleted_at.is_not(None)),
        "redirects": sa.select(sa.func.count()).select_from(redirect),
        "stale_profiles": sa.select(sa.func.count()).select_from(stale_profile),
    }
    return {name: conn.scalar(query) or 0 for name, query in queries.items()}


def counts_by_source(conn: sa.Connection) -> Mapping[str, int]:
    """Return how many live source profiles each source has."""
    table = source_profile.c
    query = (
        sa.select(table.source, sa.func.count())
        .where(table.deleted.is_(False))
        .group_by(table.source)
        .order_by(table.source)
    )
    return dict(conn.execute(query).all())
