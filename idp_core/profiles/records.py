"""What sources say: source profiles and the identifiers to find them by.

Writes are set-based and guarded by digest: content that did not change is not written again. Every
changed record gets a new `seq`, and its golden profile is marked stale. The caller owns the
transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from idp_core.db import bulk, counters
from idp_core.db.jsontext import Typed, attributes_json, storable, typer
from idp_core.db.types import utc_text
from idp_core.profiles import stale
from idp_core.profiles.model import Identifier, SourceProfile, SourceRef
from idp_core.profiles.tables import identifier, link, source_profile
from mappings.schema import CUSTOMER, Schema

BATCH = 20_000
LONGEST = 1_000
"""Longer keys are kept as their beginning and a hash, longer identifiers are not looked up by:
databases index no more."""
SEQ, _ID = "source_profile", "source_profile.id"
ERASED = "erased"
"""The digest of records that are not to be taken in again."""
_COLUMNS = tuple(column.name for column in source_profile.columns)
_IDENTIFIER = ("value", "kind", "record", "verified")


@dataclass(frozen=True, slots=True)
class Held:
    """A source profile as it is stored, and the run that saw it last."""

    profile: SourceProfile
    seen_run: str


Identify = Callable[[SourceProfile], Iterable[Identifier]]


@dataclass(frozen=True, slots=True)
class PutCounts:
    """What a put did: `deleted` counts records that became deleted, beside the other three."""

    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0

    def __add__(self, other: PutCounts) -> PutCounts:
        return PutCounts(
            self.inserted + other.inserted,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.deleted + other.deleted,
        )


def searchable(profile: SourceProfile) -> Iterator[Identifier]:
    """Yield what a person may look this record up by: its key, e-mails, phones, other ids."""
    said = profile.attributes
    yield Identifier("key", profile.ref.key, verified=True)
    for email in said.get("emails") or ():
        if value := email.get("value"):
            yield Identifier("email", str(value).casefold(), bool(email.get("verified")))
    for phone in said.get("phones") or ():
        if value := phone.get("value"):
            yield Identifier("phone", str(value), bool(phone.get("verified")))
    for other in said.get("external_ids") or ():
        if value := other.get("value"):
            yield Identifier("external_id", str(value))
    for kind in ("loyalty_id", "username"):
        if value := said.get(kind):
            yield Identifier(kind, str(value).casefold())


def put_source_profiles(
    conn: sa.Connection,
    profiles: Iterable[SourceProfile],
    run: str,
    *,
    identify: Identify = searchable,
    now: datetime | None = None,
) -> PutCounts:
    """Insert or update source profiles; known digests are only noted as seen.

    When one ref comes twice the later one counts. Takes them in batches of 20,000, in the caller's
    one transaction. Putting the same again changes nothing.
    """
    moment = utc_text(now or datetime.now(UTC))
    total = PutCounts()
    remaining = iter(profiles)
    while batch := list(islice(remaining, BATCH)):
        latest = {stored_ref(profile.ref): profile for profile in batch}
        total += _put(conn, latest, run, identify, moment)
    return total


def _put(
    conn: sa.Connection,
    batch: Mapping[SourceRef, SourceProfile],
    run: str,
    identify: Identify,
    moment: str,
) -> PutCounts:
    counters.take(conn, SEQ, 0)  # from here on no other writer changes source profiles
    known = _known(conn, batch)
    news = {r: p for r, p in batch.items() if _is_news(known.get(r), p)}
    inserted = sum(ref not in known for ref in news)
    seen = [known[ref][0] for ref in batch if ref not in news]
    if news:
        _write(conn, news, known, run, identify, moment)
    if seen:
        conn.execute(
            sa.update(source_profile)
            .where(bulk.among(conn, source_profile.c.id, seen), source_profile.c.seen_run != run)
            .values(seen_run=run)
        )
    gone = sum(p.deleted and not (ref in known and known[ref][2]) for ref, p in news.items())
    return PutCounts(inserted, len(news) - inserted, len(seen), gone)


def _is_news(known: tuple[int, str, bool] | None, profile: SourceProfile) -> bool:
    if known is None:
        return True
    return known[1] != ERASED and known[1:] != (profile.digest, profile.deleted)


def _known(
    conn: sa.Connection, refs: Iterable[SourceRef]
) -> dict[SourceRef, tuple[int, str, bool]]:
    """Return id, digest and deleted of the refs that are stored."""
    table = source_profile.c
    found = {}
    for source, keys in by_source(refs).items():
        query = sa.select(table.key, table.id, table.digest, table.deleted).where(
            table.source == source, bulk.among(conn, table.key, keys)
        )
        for key, id_, digest, deleted in conn.execute(query):
            found[SourceRef(source, key)] = (id_, digest, deleted)
    return found


def stored_ref(ref: SourceRef) -> SourceRef:
    """Return the ref as it is stored: itself, unless its key is what no database can index."""
    key = storable(ref.key)
    if len(key) > LONGEST:
        key = f"{key[: LONGEST - 65]}#{hashlib.sha256(key.encode()).hexdigest()}"
    return ref if key == ref.key else SourceRef(ref.source, key)


def by_source(refs: Iterable[SourceRef]) -> dict[str, list[str]]:
    """Return the keys of refs by source."""
    keys: dict[str, list[str]] = {}
    for source, key in refs:
        keys.setdefault(source, []).append(key)
    return keys


def _write(
    conn: sa.Connection,
    news: Mapping[SourceRef, SourceProfile],
    known: Mapping[SourceRef, tuple[int, str, bool]],
    run: str,
    identify: Identify,
    moment: str,
) -> None:
    fresh = sum(ref not in known for ref in news)
    next_id = iter(range(counters.take(conn, _ID, fresh), 2**63)) if fresh else iter(())
    ids = [known[ref][0] if ref in known else next(next_id) for ref in news]
    seq = counters.take(conn, SEQ, len(news))
    rows = [
        _row(ref, p, id_, seq + place, run, moment)
        for place, (id_, (ref, p)) in enumerate(zip(ids, news.items(), strict=True))
    ]
    bulk.upsert(conn, source_profile, _COLUMNS, rows)
    old = [known[ref][0] for ref in news if ref in known]
    if old:
        forget_identifiers(conn, old)
        stale.mark_of_records(conn, old)
    bulk.insert(conn, identifier, _IDENTIFIER, _identifiers(news.values(), ids, identify))


def _row(
    ref: SourceRef, profile: SourceProfile, id_: int, seq: int, run: str, moment: str
) -> tuple[int | str | bool, ...]:
    return (
        id_,
        ref.source,
        ref.key,
        attributes_json(profile.attributes),
        profile.mapping,
        profile.digest,
        profile.deleted,
        utc_text(profile.changed_at) if profile.changed_at else moment,
        run,
        seq,
    )


def _identifiers(
    profiles: Iterable[SourceProfile], ids: Sequence[int], identify: Identify
) -> list[bulk.Row]:
    rows: dict[tuple[str, str, int], bool] = {}
    for id_, profile in zip(ids, profiles, strict=True):
        if not profile.deleted:
            for each in identify(profile):
                if len(each.value) <= LONGEST:
                    place = (storable(each.value), each.kind, id_)
                    rows[place] = rows.get(place, False) or each.verified
    return sorted((*place, verified) for place, verified in rows.items())


def forget_identifiers(conn: sa.Connection, ids: Collection[int]) -> None:
    """Let records be found by nothing any more."""
    conn.execute(sa.delete(identifier).where(bulk.among(conn, identifier.c.record, ids)))


def last_seq(conn: sa.Connection) -> int:
    """Return the number of the last change; a stage that read up to it has read everything."""
    return counters.last(conn, SEQ)


def read_source_profiles(
    conn: sa.Connection,
    *,
    since_seq: int = 0,
    sources: Collection[str] | None = None,
    deleted: bool = True,
    schema: Schema = CUSTOMER,
) -> Iterator[SourceProfile]:
    """Yield the source profiles that changed after `since_seq`, in the order of their changes.

    Without `deleted` only those the source still has.
    """
    table = source_profile.c
    query = sa.select(source_profile).where(table.seq > since_seq).order_by(table.seq)
    if sources is not None:
        query = query.where(table.source.in_(sources))
    if not deleted:
        query = query.where(table.deleted.is_(False))
    typed = typer(schema)
    with conn.execute(query, execution_options={"yield_per": 5_000}) as rows:
        for row in rows:
            yield _profile(row, typed)


def held_source_profiles(
    conn: sa.Connection, source: str, keys: Collection[str], *, schema: Schema = CUSTOMER
) -> Mapping[str, Held]:
    """Return what is stored of a source under these keys, deleted records included."""
    table = source_profile.c
    asked = {stored_ref(SourceRef(source, key)).key: key for key in keys}
    query = sa.select(source_profile).where(
        table.source == source, bulk.among(conn, table.key, list(asked))
    )
    typed = typer(schema)
    return {asked[row.key]: Held(_profile(row, typed), row.seen_run) for row in conn.execute(query)}


def source_profiles_of(
    conn: sa.Connection, gids: Collection[str], *, schema: Schema = CUSTOMER
) -> Mapping[str, Sequence[SourceProfile]]:
    """Return the live source profiles linked to each of these global ids, in a stable order.

    A global id without any is not in the answer.
    """
    table = source_profile.c
    query = (
        sa.select(source_profile, link.c.gid)
        .join(link, link.c.record == table.id)
        .where(bulk.among(conn, link.c.gid, gids), table.deleted.is_(False))
        .order_by(link.c.gid, table.source, table.key)
    )
    typed = typer(schema)
    found: dict[str, list[SourceProfile]] = {}
    for row in conn.execute(query):
        found.setdefault(row.gid, []).append(_profile(row, typed))
    return found


def _profile(row: sa.Row[Any], typed: Typed) -> SourceProfile:
    return SourceProfile(
        SourceRef(row.source, row.key),
        typed(row.attributes),
        row.mapping,
        row.digest,
        row.deleted,
        row.changed_at,
    )
