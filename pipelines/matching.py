"""One record against the stored people: whom it would join, and why, without storing it.

For a sign-up, a webhook, a login. A `Matcher` holds in memory what the last run of resolution knew
and scores by the same policy and the same frozen model as the next run will. People stand as they
are: that a record could bring two of them together is left to the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.db.jsontext import typer
from idp_core.profiles import store
from idp_core.profiles.evidence import Evidence, reader
from idp_core.profiles.guard import PersonGuard
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.nearby import Nearby, Stored, read_around, words_among
from idp_core.profiles.scoring import Population, Reason, compare, hold, usable, weigh
from idp_core.profiles.vetoes import Constraints
from mappings.given import canonical, unread
from mappings.names import NameProblem
from pipelines.bus import Bus
from pipelines.errors import JobError, ProjectError
from pipelines.resolve import memory
from pipelines.resolve.closures import Row, Scored, Scorer
from pipelines.resolve.columns import lookers

_PATTERNS = 10_000  # of agreements, whose weights are kept


class Near(NamedTuple):
    """A stored record that speaks for a join, or nearly: bits above what joins, and why."""

    ref: SourceRef
    weight: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person whom a record may be: the mean weight over all their records, and what forbids it.

    `near` are the records that speak for it, strongest first.
    """

    gid: str
    weight: float
    forbidden: str | None
    near: tuple[Near, ...]

    @property
    def joins(self) -> bool:
        """Whether the record would join this person."""
        return self.weight > 0 and self.forbidden is None


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a record would join, None for a new person; and everybody it is near, best first."""

    gid: str | None
    people: tuple[Candidate, ...]


class Matcher:
    """What the last run knew, in memory; good for any number of records until the next run."""

    def __init__(self, bus: Bus) -> None:
        """Read it. Raises JobError when nothing was resolved yet."""
        self._bus, self._policy = bus, bus.identifiers
        stage = bus.stage
        known = stage.trained() if stage else None
        model = stage.model if stage and known else None
        found = memory.read(bus.graph, bus.identifiers, model, known if model else None)
        if found is None:
            raise JobError("nothing was resolved yet, or by another version: isthmus sync first")
        self._memory = found
        self._weigh = lru_cache(_PATTERNS)(lambda pattern: weigh(pattern, bus.identifiers))
        self._read, self._typed = reader(self._policy), typer(bus.schema)
        self._scorer = Scorer(model, known, found.records + 1) if model and known else None
        self._look = list(lookers(model).values()) if model else []
        self._kinds = [column.read for column in model.columns.values()] if model else []
        self._join_at = model.join_at if model else 0.0

    @property
    def current(self) -> bool:
        """Whether no run has resolved anything since this was read."""
        with reading(self._bus.engine) as conn:
            return store.read_watermark(conn, "resolve.graph") == self._memory.mark.token

    def match(self, conn: sa.Connection, record: SourceProfile) -> Match:
        """Say whom a record would join."""
        said = self._read(record)
        others = self._memory.population([said])
        telling = usable(said, others)
        likely = self.alike(record, telling, -self._policy.ask_within)
        known = map(self._memory.ref, self._memory.identified(telling))
        refs = {*known, *likely} - {record.ref}
        if not refs:
            return Match(None, ())
        around = _Around(self._evidence, read_around(conn, refs))
        stored = around.among(refs)
        others = self._memory.population([said, *stored.values()])
        near = [
            found
            for ref, other in stored.items()
            if (found := self._near(telling, usable(other, others), others, likely.get(ref)))
        ]
        return self._decide(conn, said, near, around)

    def alike(
        self, record: SourceProfile, said: Evidence, least: float
    ) -> Mapping[SourceRef, tuple[Scored, Row, Row]]:
        """Return the records that are like one, worth `least` bits above what joins.

        `said` is what the record says, usable.
        """
        if self._scorer is None:
            return {}
        texts = [look(record, said) for look in self._look]
        shared = frozenset(
            at
            for at, (kind, text) in enumerate(zip(self._kinds, texts, strict=True))
            if text and kind and said.of(kind) and self._memory.contested(kind, text)
        )
        ours, scorer, known = Row(texts, shared), self._scorer, self._memory
        least += self._join_at
        most = scorer.bound(texts)
        found = {}
        for place in known.alike(texts):
            if most(said_there := known.texts(place)) < least:
                continue
            ref, theirs = known.ref(place), known.row(place, said_there)
            pair = (theirs, ours) if ref < record.ref else (ours, theirs)
            if (scored := scorer.score(*pair, least)) is not None:
                found[ref] = (scored, *pair)
        return found

    def _near(
        self,
        ours: Evidence,
        theirs: Evidence,
        others: Population,
        likely: tuple[Scored, Row, Row] | None,
    ) -> Near | None:
        """Weigh a stored record by identifiers and by likeness; the stronger word counts."""
        left, right = (ours, theirs) if ours.ref < theirs.ref else (theirs, ours)
        pattern = compare(left, right, self._policy, others)
        score, least = self._weigh(pattern), -self._policy.ask_within
        if likely is not None:
            weight = likely[0].bits - self._join_at
            held = likely[0].held or (
                (left.logs_in or right.logs_in) and hold(pattern, self._policy) is not None
            )
            weight = -1.0 if held and weight > 0 else round(weight, 3)
            if weight > score.weight:
                return Near(theirs.ref, weight, self._reasons(*likely)) if weight >= least else None
        return Near(theirs.ref, score.weight, score.reasons) if score.weight >= least else None

    def _reasons(self, scored: Scored, left: Row, right: Row) -> tuple[Reason, ...]:
        """Say what makes two records alike."""
        assert self._scorer is not None  # noqa: S101
        worth = zip(self._scorer.names, self._scorer.worth(scored, left, right), strict=True)
        alike = (Reason(f"likeness of {name}", round(bits, 1)) for name, bits in worth if bits)
        return (Reason("likeness, to begin with", round(self._scorer.start, 1)), *alike)

    def _decide(
        self, conn: sa.Connection, said: Evidence, near: Sequence[Near], around: _Around
    ) -> Match:
        """Say whom the record joins, by the near records."""
        groups: dict[str, list[Near]] = {}
        for each in sorted(near, key=lambda each: (-each.weight, each.ref)):
            if (gid := around.gid(each.ref)) is not None:
                groups.setdefault(gid, []).append(each)
        if not groups:
            return Match(None, ())
        members = {gid: around.members(gid, but=said.ref) for gid in groups}
        refs = {each.ref for whole in members.values() for each in whole}
        words = words_among(conn, {said.ref, *refs}) if around.judged else Constraints()
        people = [
            self._person(
                gid,
                found,
                len(members[gid]),
                PersonGuard([said, *members[gid]], self._policy, words),
            )
            for gid, found in groups.items()
        ]
        people.sort(key=lambda each: (each.forbidden is not None, -each.weight, each.gid))
        return Match(people[0].gid if people[0].joins else None, tuple(people))

    def _person(
        self, gid: str, near: Sequence[Near], members: int, guard: PersonGuard
    ) -> Candidate:
        """Weigh a person: a record of theirs that nobody scored counts against it."""
        total = sum(each.weight for each in near) + self._policy.unscored * (members - len(near))
        forbidden = guard.forbids([0], range(1, members + 1))
        return Candidate(gid, round(total / max(members, 1), 3), forbidden, tuple(near))

    def _evidence(self, stored: Stored) -> Evidence:
        return self._read(stored.profile(self._typed))


class _Around:
    """The records around one; what they say is read when it is asked for."""

    def __init__(self, read: Callable[[Stored], Evidence], found: Nearby) -> None:
        self._read, self.judged = read, found.judged
        self._stored = {each.ref: each for each in found.records}
        self._said: dict[SourceRef, Evidence] = {}
        self._members: dict[str | None, list[SourceRef]] = {}
        for ref in sorted(self._stored):
            self._members.setdefault(self._stored[ref].gid, []).append(ref)

    def among(self, refs: Collection[SourceRef]) -> dict[SourceRef, Evidence]:
        """Return what those of some records say that are there."""
        return {ref: self._evidence(ref) for ref in refs if ref in self._stored}

    def gid(self, ref: SourceRef) -> str | None:
        """Return whom a record belongs to; None before it was resolved."""
        return self._stored[ref].gid

    def members(self, gid: str, *, but: SourceRef) -> Sequence[Evidence]:
        """Return what all records of a person say, `but` one left out, in their order."""
        return [self._evidence(ref) for ref in self._members[gid] if ref != but]

    def _evidence(self, ref: SourceRef) -> Evidence:
        if ref not in self._said:
            self._said[ref] = self._read(self._stored[ref])
        return self._said[ref]


def read_record(bus: Bus, text: str, source: str) -> SourceProfile:
    """Read a record of canonical attributes from JSON, as a source would give it.

    Raises ProjectError naming line and column, JobError for an attribute or value that is none.
    """
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{error.lineno}:{error.colno}"
        raise ProjectError(f"record:{where} is no JSON: {error.msg}") from None
    if not isinstance(said, dict):
        raise ProjectError('record:1:1 is no JSON object; write {"email": "...", ...}')
    for name, value in said.items():
        try:
            form = unread(name, value, bus.schema)
        except NameProblem as problem:
            raise JobError(f"record: {problem}") from None
        except (ValueError, TypeError, ArithmeticError):
            form = "another value"
        if form is not None:
            raise JobError(f"record: {name}: cannot have this value; write {form}")
    attributes = canonical(said, bus.schema, frozenset())
    return SourceProfile(SourceRef(source, ""), attributes, "record", "")


def match_record(bus: Bus, record: SourceProfile) -> Match:
    """Say whom one record would join; many are matched by one `Matcher`."""
    matcher = Matcher(bus)
    with reading(bus.engine) as conn:
        return matcher.match(conn, record)
