"""Golden profiles with the lineage of every value. The caller owns the transaction.

A profile is written only when its content changed; then its version grows, its history gets an
entry and the outbox an event, together. Lineage is one JSON document per profile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from idp_core.db import bulk, counters
from idp_core.db.jsontext import Typed, attributes_json, digest_of, storable, to_json, typer
from idp_core.db.types import utc_text
from idp_core.profiles.links import record_events
from idp_core.profiles.model import Event, EventKind, Lineage, Profile, SourceRef
from idp_core.profiles.records import BATCH
from idp_core.profiles.tables import lineage, profile
from mappings.schema import CUSTOMER, Schema

_SEQ = "profile"
_TEXTS = ("given_name", "family_name", "display_name", "language", "loyalty_tier")
_FLAGS = (
    "active",
    "consent.marketing_email",
    "consent.marketing_sms",
    "consent.marketing_phone",
    "consent.marketing_post",
    "consent.profiling",
)
_TYPED = (*_TEXTS, "email", "phone", "country", "birth_date", *_FLAGS)
_COLUMNS = (
    "gid",
    *(name.replace(".", "_") for name in _TYPED),
    "attributes",
    "digest",
    "version",
    "seq",
    "created_at",
    "updated_at",
    "deleted_at",
)


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A golden profile as it is stored; `deleted_at` is set, and nothing else said, when gone."""

    gid: str
    attributes: Mapping[str, Any] = field(repr=False)
    digest: str
    version: int
    seq: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    lineage: Sequence[Lineage] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SaveCounts:
    """What saving profiles did."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: SaveCounts) -> SaveCounts:
        return SaveCounts(
            self.created + other.created,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


def save_profiles(
    conn: sa.Connection, profiles: Iterable[Profile], *, now: datetime | None = None
) -> SaveCounts:
    """Write profiles whose content changed, tell of it, and keep the lineage of all of them.

    A global id must not come twice. Saving the same again changes nothing.
    """
    moment = now or datetime.now(UTC)
    total = SaveCounts()
    remaining = iter(profiles)
    while batch := list(islice(remaining, BATCH)):
        total += _save(conn, batch, moment)
    return total


def _save(conn: sa.Connection, batch: Sequence[Profile], now: datetime) -> SaveCounts:
    counters.take(conn, _SEQ, 0)  # from here on no other writer changes profiles
    digests = {each.gid: digest_of(each.attributes) for each in batch}
    known = _heads(conn, list(digests))
    changed = [p for p in batch if p.gid not in known or known[p.gid].digest != digests[p.gid]]
    if changed:
        seq = counters.take(conn, _SEQ, len(changed))
        rows = [
            _row(each, digests[each.gid], known.get(each.gid), seq + place, utc_text(now))
            for place, each in enumerate(changed)
        ]
        before = _said(conn, [p.gid for p in changed if p.gid in known])
        bulk.upsert(conn, profile, _COLUMNS, rows)
        record_events(conn, (_event(p, known.get(p.gid), before) for p in changed), now)
    entries = [(each.gid, lineage_json(each.lineage)) for each in batch]
    bulk.upsert(conn, lineage, ("gid", "entries"), entries, guard="entries")
    created = sum(p.gid not in known for p in changed)
    return SaveCounts(created, len(changed) - created, len(batch) - len(changed))


def delete_profiles(
    conn: sa.Connection, gids: Collection[str], *, now: datetime | None = None
) -> int:
    """Note that these people have no source record left: their values go, their ids stay.

    Returns how many were there; each is told once.
    """
    moment = now or datetime.now(UTC)
    counters.take(conn, _SEQ, 0)
    known = _heads(conn, gids)
    there = sorted(gid for gid, head in known.items() if head.deleted_at is None)
    if not there:
        return 0
    seq = counters.take(conn, _SEQ, len(there))
    empty = [Profile(gid, {}) for gid in there]
    rows = [
        _row(each, "deleted", known[each.gid], seq + place, utc_text(moment), deleted=True)
        for place, each in enumerate(empty)
    ]
    bulk.upsert(conn, profile, _COLUMNS, rows)
    conn.execute(sa.delete(lineage).where(bulk.among(conn, lineage.c.gid, there)))
    record_events(conn, (Event(EventKind.DELETED, gid) for gid in there), moment)
    return len(there)


def read_profiles(
    conn: sa.Connection,
    *,
    since_seq: int = 0,
    gids: Collection[str] | None = None,
    deleted: bool = False,
    with_lineage: bool = True,
    schema: Schema = CUSTOMER,
) -> Iterator[StoredProfile]:
    """Yield golden profiles that changed after `since_seq`, in the order of their changes."""
    query = sa.select(profile).where(profile.c.seq > since_seq).order_by(profile.c.seq)
    if with_lineage:
        query = query.add_columns(lineage.c.entries).outerjoin(
            lineage, lineage.c.gid == profile.c.gid
        )
    if gids is not None:
        query = query.where(bulk.among(conn, profile.c.gid, gids))
    if not deleted:
        query = query.where(profile.c.deleted_at.is_(None))
    typed = typer(schema)
    with conn.execute(query, execution_options={"yield_per": 5_000}) as rows:
        for row in rows:
            yield _stored(row, typed, row.entries or () if with_lineage else ())


def _stored(row: sa.Row[Any], typed: Typed, entries: Iterable[Sequence[Any]]) -> StoredProfile:
    return StoredProfile(
        row.gid,
        typed(row.attributes),
        row.digest,
        row.version,
        row.seq,
        row.created_at,
        row.updated_at,
        row.deleted_at,
        lineage_of(entries),
    )


def last_profile_seq(conn: sa.Connection) -> int:
    """Return the number of the last change of a golden profile."""
    return counters.last(conn, _SEQ)


def lineage_json(entries: Iterable[Lineage]) -> str:
    """Return lineage as the JSON document that is stored, in the order given."""
    return to_json(
        [
            [e.attribute, e.element, e.ref.source, e.ref.key, e.mapping, e.rule, e.reason]
            for e in entries
        ]
    )


def lineage_of(document: Iterable[Sequence[Any]]) -> tuple[Lineage, ...]:
    """Return the lineage that a stored document holds."""
    return tuple(
        Lineage(attribute, SourceRef(source, key), mapping, rule, reason, element)
        for attribute, element, source, key, mapping, rule, reason in document
    )


def _heads(conn: sa.Connection, gids: Collection[str]) -> dict[str, sa.Row[Any]]:
    table = profile.c
    heads: Any = (table.gid, table.digest, table.version, table.created_at, table.deleted_at)
    query: sa.Select[Any] = sa.select(*heads).where(bulk.among(conn, table.gid, gids))
    return {row.gid: row for row in conn.execute(query)}


def _said(conn: sa.Connection, gids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    if not gids:
        return {}
    query = sa.select(profile.c.gid, profile.c.attributes)
    return dict(conn.execute(query.where(bulk.among(conn, profile.c.gid, gids))).all())


def _event(
    new: Profile, head: sa.Row[Any] | None, before: Mapping[str, Mapping[str, Any]]
) -> Event:
    if head is None:
        return Event(EventKind.CREATED, new.gid, {"version": 1})
    old = before[new.gid]
    said = {name: value for name, value in new.attributes.items() if value is not None}
    names = sorted(n for n in {*old, *said} if to_json(old.get(n)) != to_json(said.get(n)))
    data: dict[str, Any] = {"attributes": names, "version": head.version + 1}
    if head.deleted_at is not None:
        data["restored"] = True
    return Event(EventKind.CHANGED, new.gid, data)


def _row(
    each: Profile,
    digest: str,
    head: sa.Row[Any] | None,
    seq: int,
    moment: str,
    *,
    deleted: bool = False,
) -> bulk.Row:
    return (
        each.gid,
        *_columns(each.attributes),
        attributes_json(each.attributes),
        digest,
        head.version + 1 if head is not None else 1,
        seq,
        utc_text(head.created_at) if head is not None else moment,
        moment,
        moment if deleted else None,
    )


def _columns(said: Mapping[str, Any]) -> Iterator[Any]:
    for name in _TEXTS:
        yield _clean(said.get(name))
    yield _clean(_primary(said.get("emails")).get("value"))
    yield _clean(_primary(said.get("phones")).get("value"))
    yield _clean(_primary(said.get("addresses")).get("country"))
    born = said.get("birth_date")
    yield born.isoformat() if isinstance(born, date) else born
    for name in _FLAGS:
        yield said.get(name)


def _primary(elements: Sequence[Mapping[str, Any]] | None) -> Mapping[str, Any]:
    """Return the element marked primary, else the first, else an empty one."""
    listed = elements or ()
    return next((e for e in listed if e.get("primary")), listed[0] if listed else {})


def _clean(value: Any) -> str | None:
    return None if value is None else storable(str(value))
