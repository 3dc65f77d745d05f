"""Unify: decide which source profiles are one person, then build each person's golden profile.

Two steps, each restartable alone. `resolve` reads from its watermark on and commits links and
watermark together; `golden` works through the profiles marked stale, a batch a transaction, so a
killed run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.junk import Junk, most_people
from idp_core.profiles.model import SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.survivorship import golden
from idp_core.profiles.survivorship_rules import SurvivorshipRules
from idp_core.profiles.vetoes import Constraints
from mappings.schema import Schema
from pipelines.progress import Progress, silent
from pipelines.resolve.batch import resolve
from pipelines.resolve.stage import Stage

STAGE = "resolve"
_MARKS = (STAGE, f"{STAGE}.policy", f"{STAGE}.words")
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Unified:
    """What resolution found: `counts` of records and people, `events` by kind, `notes` to tell.

    `queue` is what it did to the pairs that wait for a person.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    queue: store.QueueCounts = field(default_factory=store.QueueCounts)
    notes: tuple[str, ...] = ()


def resolve_step(
    engine: sa.Engine,
    policy: IdentifierPolicy,
    schema: Schema,
    *,
    fingerprint: int,
    stage: Stage | None = None,
    former: Mapping[SourceRef, str] | None = None,
) -> Unified:
    """Link source profiles to people where anything changed since the last time.

    `fingerprint` numbers policy and model: other ones resolve everything anew. Runs without news
    read nothing but the watermark. Without a `stage` identifiers alone decide. `former` are ids
    that records had before they were merged, and are to have again where they come apart.
    """
    with reading(engine) as conn:
        last = store.last_seq(conn)
        constraints = read_steward_words(conn)
        said = _number(constraints)
        known = tuple(store.read_watermark(conn, mark) for mark in _MARKS)
        if known == (last, fingerprint, said):
            return Unified()
        records = list(store.read_source_profiles(conn, deleted=False, schema=schema))
        links = store.read_links(conn, gone_since=known[0])
        redirects = store.read_redirects(conn)
        asked = store.pairs_asked(conn)
    links = {**links, **(former or {})}
    found = resolve(
        records, links, policy, constraints, redirects=redirects, stage=stage, asked=asked
    )
    with writing(engine) as conn:
        store.save_links(conn, found.links, found.events, redirects=found.new_redirects)
        queue = store.save_doubts(conn, found.doubts, datetime.now(UTC))
        for mark, value in zip(_MARKS, (last, fingerprint, said), strict=True):
            store.save_watermark(conn, mark, value)
    return Unified(
        dict(found.counts),
        Counter(event.kind.value for event in found.events),
        queue,
        found.notes,
    )


def _number(constraints: Constraints) -> int:
    """Return a number for stewards' words: other ones, also one that ran out, resolve anew."""
    pairs = [
        sorted(sorted(list(ref) for ref in pair) for pair in said)
        for said in (constraints.must, constraints.cannot)
    ]
    if pairs == [[], []]:
        return 0
    text = json.dumps(pairs)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) + 1


def read_steward_words(conn: sa.Connection) -> Constraints:
    """Return what stewards said about pairs of records."""
    said = store.read_constraints(conn)
    return Constraints.of(
        must=[(c.left, c.right) for c in said if c.kind == "must"],
        cannot=[(c.left, c.right) for c in said if c.kind == "cannot"],
    )


def golden_step(
    engine: sa.Engine,
    rules: SurvivorshipRules,
    policy: IdentifierPolicy,
    schema: Schema,
    *,
    fingerprint: int,
    progress: Progress = silent,
) -> Mapping[str, int]:
    """Build the golden profile of everybody marked stale; return counts.

    `fingerprint` numbers rules and policy: other ones build every profile anew. `policy` says which
    values are nobody's; when more people share one than it allows, all who have it are built anew.
    """
    with writing(engine) as conn:
        if store.read_watermark(conn, "golden.rules") != fingerprint:
            store.mark_all_stale(conn)
            store.save_watermark(conn, "golden.rules", fingerprint)
        news = bool(store.read_stale(conn, limit=1))
        shared = store.refresh_shared(conn, most_people(policy)) if news else frozenset()
    junk = Junk.of(policy, shared)
    with reading(engine) as conn:
        stale = store.read_stale(conn)
    counts: Counter[str] = Counter()
    waiting, done = iter(stale.items()), 0
    while batch := dict(islice(waiting, _BATCH)):
        counts.update(_golden_batch(engine, batch, rules, junk, schema))
        done += len(batch)
        progress(done, len(stale))
    return dict(counts)


def _golden_batch(
    engine: sa.Engine,
    marks: Mapping[str, int],
    rules: SurvivorshipRules,
    junk: Junk,
    schema: Schema,
) -> Mapping[str, int]:
    with writing(engine) as conn:
        members = store.source_profiles_of(conn, list(marks), schema=schema)
        overrides = store.read_overrides(conn, list(marks), schema=schema)
        saved = store.save_profiles(
            conn,
            [
                golden(gid, of, rules, {o.attribute: o.value for o in overrides.get(gid, ())}, junk)
                for gid, of in members.items()
            ],
        )
        deleted = store.delete_profiles(conn, [gid for gid in marks if gid not in members])
        store.clear_stale(conn, marks)
    return {
        "created": saved.created,
        "changed": saved.changed,
        "unchanged": saved.unchanged,
        "deleted": deleted,
    }
