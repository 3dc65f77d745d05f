"""Unify: decide which source profiles are one person, then build each person's golden profile.

Two steps, each restartable alone. `resolve` reads from its watermark on and commits links and
watermark together; `golden` works through the profiles marked stale, a batch a transaction, so a
killed run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import duckdb
import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.junk import Junk, most_people
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.records import by_source
from idp_core.profiles.survivorship import golden
from idp_core.profiles.survivorship_rules import SurvivorshipRules
from idp_core.profiles.vetoes import Constraints
from mappings.schema import Schema
from pipelines.progress import Progress, silent
from pipelines.resolve import graph as graphs
from pipelines.resolve import trained as models
from pipelines.resolve.batch import Resolution, heard, resolve
from pipelines.resolve.incremental import resolve_changes
from pipelines.resolve.stage import Stage

STAGE = "resolve"
_MARKS = (STAGE, f"{STAGE}.policy", f"{STAGE}.words", f"{STAGE}.model")
_TOKENS = (f"{STAGE}.graph", f"{STAGE}.graph.before")
_BATCH = 5_000
MOST_CHANGED = 0.25
"""Of more records than this share everything is resolved: that is quicker then."""


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
    graph: Path | None = None,
) -> Unified:
    """Link source profiles to people where anything changed since the last time.

    `fingerprint` numbers policy and model: other ones resolve everything anew. Runs without news
    read nothing but the watermark. Without a `stage` identifiers alone decide. `former` are ids
    that records had before they were merged, and are to have again where they come apart. With a
    `graph`, the file of what the last run knew, only what changed and what it touches is resolved;
    the people are the same.
    """
    step = _Step(engine, policy, schema, fingerprint, former or {}, stage)
    with reading(engine) as conn:
        moment = step.moment(conn)
    if moment.known == moment.wanted:
        return Unified()
    if graph is not None:
        with graphs.opened(graph) as con:
            unified = step.changes(con) if con is not None else None
        if unified is not None:
            return unified
    return step.everything(graph)


@dataclass(frozen=True, slots=True)
class _Moment:
    """What stands in the database when a run begins: how far was read, and by what words.

    `tokens` name the last two runs: a graph of the last but one is one that a kill left behind.
    """

    known: tuple[int, ...]
    wanted: tuple[int, ...]
    tokens: tuple[int, ...]
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class _Step:
    """One run of resolution over a database."""

    engine: sa.Engine
    policy: IdentifierPolicy
    schema: Schema
    fingerprint: int
    former: Mapping[SourceRef, str]
    stage: Stage | None

    def moment(self, conn: sa.Connection) -> _Moment:
        """Read what stands in the database now."""
        constraints = read_steward_words(conn)
        model = version_of(self.stage)
        return _Moment(
            known=tuple(store.read_watermark(conn, mark) for mark in _MARKS),
            wanted=(store.last_seq(conn), self.fingerprint, _number(constraints), model),
            tokens=tuple(store.read_watermark(conn, mark) for mark in _TOKENS),
            constraints=constraints,
        )

    def everything(self, graph: Path | None) -> Unified:
        """Resolve all records, and write the graph for the next run."""
        with reading(self.engine) as conn:
            moment = self.moment(conn)
            stored = store.read_source_profiles(conn, deleted=False, schema=self.schema)
            records = heard(stored, self.policy, self.stage)
            links = {**store.read_links(conn, gone_since=moment.known[0]), **self.former}
            redirects, asked = store.read_redirects(conn), store.pairs_asked(conn)
        found = resolve(
            records,
            links,
            self.policy,
            moment.constraints,
            redirects=redirects,
            stage=self.stage,
            asked=asked,
        )
        token, unified = self._save(moment, found)
        if graph is not None and found.basis is not None:
            graphs.save(
                graph,
                graphs.Mark(moment.wanted[0], self.fingerprint, token),
                found.basis,
                policy=self.policy,
                constraints=moment.constraints,
            )
        return unified

    def changes(self, con: duckdb.DuckDBPyConnection) -> Unified | None:
        """Resolve what changed since the graph was written; None when that must be everything."""
        mark, kept = graphs.read_mark(con)
        with reading(self.engine) as conn:
            moment = self.moment(conn)
            if self.fingerprint != mark.fingerprint or mark.token not in moment.tokens:
                return None
            if moment.known[1] != self.fingerprint:
                return None
            most = int(graphs.count(con) * MOST_CHANGED)
            changed = list(
                islice(
                    store.read_source_profiles(conn, since_seq=mark.seq, schema=self.schema),
                    most + 1,
                )
            )
            if len(changed) > most:
                return None
            records = _Stored(conn, self.schema, moment.known[0], self.former)
            found = resolve_changes(
                con,
                changed,
                records,
                self.policy,
                moment.constraints,
                stage=self.stage,
            )
        if found is None:
            return None
        token, unified = self._save(moment, found.resolution, found.touched)
        graphs.keep_mark(con, graphs.Mark(moment.wanted[0], self.fingerprint, token), kept)
        con.execute("COMMIT")
        return unified

    def _save(
        self, moment: _Moment, found: Resolution, among: Collection[SourceRef] | None = None
    ) -> tuple[int, Unified]:
        """Write links, events, doubts and how far was read, all or nothing; return the run's token.

        `among` are the records that were looked at; None when it was all.
        """
        token = secrets.randbits(62)
        with writing(self.engine) as conn:
            store.save_links(conn, found.links, found.events, redirects=found.new_redirects)
            queue = store.save_doubts(conn, found.doubts, datetime.now(UTC), among)
            wanted = (*moment.wanted[:-1], version_of(self.stage))  # a run may have trained it
            marks = zip((*_MARKS, *_TOKENS), (*wanted, token, moment.tokens[0]), strict=True)
            for mark, value in marks:
                store.save_watermark(conn, mark, value)
        events = Counter(event.kind.value for event in found.events)
        return token, Unified(dict(found.counts), events, queue, found.notes)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Records and ids as a run of changes asks for them (`incremental.Records`)."""

    conn: sa.Connection
    schema: Schema
    gone_since: int
    former: Mapping[SourceRef, str]

    def profiles(self, refs: Collection[SourceRef]) -> Iterator[SourceProfile]:
        """Yield the records that their sources still have."""
        for source, keys in by_source(refs).items():
            held = store.held_source_profiles(self.conn, source, keys, schema=self.schema)
            yield from (each.profile for each in held.values() if not each.profile.deleted)

    def links(self, refs: Collection[SourceRef]) -> Mapping[SourceRef, str]:
        """Return the global ids that records had."""
        found = store.links_of(self.conn, refs, gone_since=self.gone_since)
        return {**found, **{ref: gid for ref, gid in self.former.items() if ref in refs}}

    def members(self, gids: Collection[str]) -> Collection[SourceRef]:
        """Return the living records of global ids."""
        return store.members_of(self.conn, gids)

    def asked(self, refs: Collection[SourceRef]) -> Collection[frozenset[SourceRef]]:
        """Return the pairs about any of these records that wait for a person."""
        return store.pairs_asked(self.conn, refs)


def is_behind(conn: sa.Connection) -> bool:
    """Whether records changed that no run has resolved, or profiles wait to be built."""
    if store.read_watermark(conn, STAGE) != store.last_seq(conn):
        return True
    return bool(store.read_stale(conn, limit=1))


def rules_in_use(conn: sa.Connection) -> tuple[int, int] | None:
    """Return what numbers the rules of the last run, and its model; None before the first."""
    number = store.read_watermark(conn, f"{STAGE}.policy")
    return (number, store.read_watermark(conn, f"{STAGE}.model")) if number else None


def version_of(stage: Stage | None) -> int:
    """Return a number for the model in use: another one resolves everything anew."""
    version = models.current(stage.folder) if stage and stage.folder else ""
    return int(version, 16) if version else 0


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
