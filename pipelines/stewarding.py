"""A steward's word on people: these two are one, or this record is somebody else.

A word is kept on source records with who said it and why; then everybody is resolved by it.
Nothing is lost: a merge can be taken back, and both people have their ids again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Literal

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.errors import UnknownProfileError
from idp_core.profiles import store
from idp_core.profiles.model import Event, EventKind, SourceRef
from pipelines import acts
from pipelines.bus import Bus
from pipelines.errors import JobError
from pipelines.jobs import unify_all
from pipelines.running import Steps, Watch, end, quiet, running
from pipelines.word import Word

MOST_PAIRS = 2_500
"""So many pairs of records a word may be about: two people of fifty records each."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a word: the ids of the people it was about, as they are now."""

    gids: Sequence[str]
    pairs: int


def merge(bus: Bus, left: str, right: str, word: Word, watch: Watch = quiet) -> Decided:
    """Say that two people are one; every pair of their records must be.

    Raises UnknownProfileError, and JobError when they are one already, or when another steward's
    word or a limit of the policy keeps them apart all the same.
    """
    with running(bus, "merge", "manual") as begun:
        with reading(bus.engine) as conn:
            ours, theirs = records_of(conn, left), records_of(conn, right)
            if store.resolve_gid(conn, left) == store.resolve_gid(conn, right):
                raise JobError(f"{left} and {right} are one person already")
        pairs = pairs_of(ours, theirs)
        _say(bus, "must", pairs, word, about=[left, right])
        unify_by_word(bus, begun.id, watch)
        with reading(bus.engine) as conn:
            gids = _gids(conn, pairs)
    if len(gids) > 1:
        raise JobError(
            "the word is kept, but something keeps the two apart all the same: "
            f"isthmus resolve explain {ours[0].name} {theirs[0].name}"
        )
    return Decided(gids, len(pairs))


def unmerge(
    bus: Bus,
    gid: str,
    records: Collection[SourceRef],
    word: Word,
    watch: Watch = quiet,
) -> Decided:
    """Say that some records of a person are somebody else.

    Without `records`, and with an id that was merged away, those which that id had. When all
    records that were under one merged id come apart together, they have that id again.
    Raises UnknownProfileError, and JobError for records that are not the person's.
    """
    with running(bus, "unmerge", "manual") as begun:
        with reading(bus.engine) as conn:
            everybody = records_of(conn, gid)
            now = store.resolve_gid(conn, gid)
            taken = sorted(records) or _once(conn, gid, everybody)
            for ref in taken:
                if ref not in everybody:
                    raise JobError(f"{ref.name}: is no record of {now}")
            others = [ref for ref in everybody if ref not in set(taken)]
            if not others:
                raise JobError(f"{now}: these are all its records; nobody would be left")
            former = _former(conn, now, taken, everybody)
        pairs = pairs_of(taken, others)
        _say(bus, "cannot", pairs, word, about=[gid])
        unify_by_word(bus, begun.id, watch, former)
        with writing(bus.engine) as conn:
            gids = _gids(conn, pairs)
            into = [each for each in gids if each != now]
            data = {"into": into[0] if len(into) == 1 else into, "records": len(taken)}
            store.record_events(conn, [Event(EventKind.UNMERGED, now, data)], datetime.now(UTC))
    return Decided(gids, len(pairs))


def _say(
    bus: Bus,
    kind: Literal["must", "cannot"],
    pairs: Sequence[tuple[SourceRef, SourceRef]],
    word: Word,
    *,
    about: Sequence[str],
) -> None:
    said, now = {"who": word.who, "why": word.why}, datetime.now(UTC)
    with writing(bus.engine) as conn:
        for one, other in pairs:
            store.put_constraint(
                conn, kind, one, other, **said, expires_at=word.expires_at, now=now
            )
        act = {"must": "profile.merged", "cannot": "profile.unmerged"}[kind]
        acts.note(bus, conn, act, acts.operator(word.who), gids=list(about), pairs=len(pairs))


def unify_by_word(
    bus: Bus, run: str, watch: Watch, former: Mapping[SourceRef, str] | None = None
) -> Mapping[str, int]:
    """Resolve and build profiles by a word just said, and end its run; count golden profiles."""
    unified, golden = unify_all(bus, Steps(bus, run, watch), former)
    counts = {"events": sum(unified.events.values()), "golden": dict(golden)}
    end(bus, run, counts, [])
    return golden


def records_of(conn: sa.Connection, gid: str) -> list[SourceRef]:
    """Return a person's records. Raises UnknownProfileError."""
    found = list(store.members(conn, gid))
    if not found:
        raise UnknownProfileError(
            f"no profile has the id {gid}: look it up by an identifier (isthmus profile find)"
        )
    return found


def pairs_of(
    ours: Sequence[SourceRef], theirs: Sequence[SourceRef]
) -> Sequence[tuple[SourceRef, SourceRef]]:
    """Return every pair of the records of two people. Raises JobError when they are too many."""
    if len(ours) * len(theirs) > MOST_PAIRS:
        raise JobError(
            f"{len(ours)} and {len(theirs)} records are more than one word can be about "
            f"({MOST_PAIRS} pairs); look at why they are one (isthmus profile why)"
        )
    return list(product(ours, theirs))


def _gids(conn: sa.Connection, pairs: Sequence[tuple[SourceRef, SourceRef]]) -> list[str]:
    links = store.read_links(conn)
    return sorted({links[ref] for pair in pairs for ref in pair if ref in links})


def _once(conn: sa.Connection, gid: str, there: Collection[SourceRef]) -> list[SourceRef]:
    """Return the records of a person that a merged id had when it was merged."""
    found = [ref for ref in _merged(conn, gid).get(gid, ()) if ref in there]
    if not found:
        raise JobError(f"{gid}: name the records that are somebody else (source:key)")
    return found


def _former(
    conn: sa.Connection, gid: str, taken: Collection[SourceRef], there: Collection[SourceRef]
) -> Mapping[SourceRef, str]:
    """Return the merged id that had exactly the records which are taken out, for each of them."""
    for once, had in _merged(conn, gid).items():
        if {ref for ref in had if ref in there} == set(taken):
            return dict.fromkeys(taken, once)
    return {}


def _merged(conn: sa.Connection, gid: str) -> Mapping[str, list[SourceRef]]:
    """Return which records each id had that was merged into this person; the last merge counts."""
    return {
        entry.gid: [SourceRef(*ref) for ref in entry.data.get("records", ())]
        for entry in store.history(conn, gid)
        if entry.kind is EventKind.MERGED
    }
