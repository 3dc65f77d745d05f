"""Resolve what changed, on the stored graph: the same people as if all were resolved anew.

The records that must be looked at again are scored against whatever shares a key with them; then
the parts of the graph that hold them, as they were or as they are, are grouped anew. All other
parts have the same records, pairs and weights as before, so their groups stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from idp_core.profiles.cluster import Partition, partition
from idp_core.profiles.edges import Edge
from idp_core.profiles.evidence import Evidence
from idp_core.profiles.guard import PersonGuard
from idp_core.profiles.identity import NewId, identify, new_gid
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Pattern, Population, Score, compare, usable, weigh
from idp_core.profiles.vetoes import Constraints
from pipelines.collector import paused
from pipelines.resolve import graph
from pipelines.resolve.batch import Resolution, together
from pipelines.resolve.doubts import doubts
from pipelines.resolve.numbered import Numbered, Records
from pipelines.resolve.patching import joining, pairs_of, patch
from pipelines.resolve.splinking import Pairs as Likes
from pipelines.resolve.stage import Stage, edges_of, standing
from pipelines.resolve.touched import Judges, find_dirty, ids, numbers, population_of

Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Changed:
    """What a run of changes found; `touched` are the records that it looked at."""

    resolution: Resolution
    touched: Collection[SourceRef]


@paused()
def resolve_changes(
    con: duckdb.DuckDBPyConnection,
    changed: Sequence[SourceProfile],
    records: Records,
    policy: IdentifierPolicy,
    constraints: Constraints,
    *,
    stage: Stage | None = None,
    new_id: NewId = new_gid,
) -> Changed | None:
    """Resolve the records that changed, deleted ones among them, and whomever they touch.

    The graph is brought up to date; the caller commits it, or not. None when everything must be
    resolved anew: a source came or went, or likeness needs another model or prior.
    """
    work = _Work(con, records, policy, constraints, stage)
    numbered, fresh = work.take_in(changed)
    _, kept = graph.read_mark(con)
    if ids(con, "SELECT count(DISTINCT source) FROM record") != [kept.sources]:
        return None
    if kept.standing != (standing(stage, graph.count(con)) if stage else ""):
        return None
    judges = Judges(work.people.known, policy, constraints, kept.sources, work.former)
    find_dirty(con, numbered, fresh, judges)
    if kept.standing and not work.look_again():
        return None
    work.score_dirty()
    work.close()
    return work.resolve(new_id)


class _Work:
    """One run of changes: the graph, and what was read of records so far."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        records: Records,
        policy: IdentifierPolicy,
        constraints: Constraints,
        stage: Stage | None,
    ) -> None:
        self._con, self._records = con, records
        self._stage = stage
        self._policy, self._constraints = policy, constraints
        self.people = Numbered(con, records, policy)
        self._scores: dict[Pattern, Score] = {}
        self._weights: dict[tuple[int, int], float] = {}  # of pairs, once what all say is known
        self._changed: frozenset[SourceRef] = frozenset()
        self.former = graph.count(con)
        self.compared = 0

    def take_in(
        self, changed: Sequence[SourceProfile]
    ) -> tuple[Collection[int], Mapping[int, Evidence]]:
        """Number the changed records, and those that a steward's changed word is about."""
        con = self._con
        words = graph.words_of(self._constraints) ^ graph.read_words(con)
        named = {SourceRef(*w[at : at + 2]) for w in words for at in (1, 3)}
        graph.keep_words(con, self._constraints)
        profiles = {record.ref: record for record in changed}
        profiles |= {r.ref: r for r in self._records.profiles(named - profiles.keys())}
        self._changed = frozenset(profiles)
        known = self.people.numbers(profiles)
        con.execute("CREATE OR REPLACE TEMP TABLE gone (id INTEGER)")
        gone = [id_ for ref, id_ in known.items() if profiles[ref].deleted]
        graph.insert(con, "gone", {"id": pa.array(gone, pa.int32())})
        living = [ref for ref, record in profiles.items() if not record.deleted]
        first = ids(con, "SELECT coalesce(max(id), -1) + 1 FROM record")[0]
        con.execute("DELETE FROM record WHERE id IN (SELECT id FROM gone)")
        news = [ref for ref in sorted(living) if ref not in known]
        numbered = known | {ref: first + place for place, ref in enumerate(news)}
        graph.add_records(con, [numbered[ref] for ref in news], news)
        numbers(con, "parted", ())
        fresh = self.people.keep({numbered[ref]: profiles[ref] for ref in living})
        return list(numbered.values()), fresh

    def look_again(self) -> bool:
        """Bring up to date what likeness compares; False when that is not worth while."""
        assert self._stage is not None  # noqa: S101 (only with likeness)
        profiles = self.people.profiles("reread")
        known = self.people.known(profiles)
        others = population_of(self._con, known.values(), self._policy)
        telling = {record: usable(said, others) for record, said in known.items()}
        return patch(self._con, profiles, telling, others, self._stage)

    def score_dirty(self) -> None:
        """Score what is dirty anew by identifiers, and find whom that touches."""
        con = self._con
        con.execute(
            "CREATE OR REPLACE TEMP TABLE old AS FROM edge"
            " WHERE a IN (SELECT record FROM dirty UNION FROM changed)"
            " OR b IN (SELECT record FROM dirty UNION FROM changed)"
        )
        con.execute("DELETE FROM edge WHERE (a, b) IN (SELECT (a, b) FROM old)")
        pairs = self._pairs("dirty")
        paired = {end for pair in pairs for end in pair}
        # a record of no pair is only looked at where a person was asked about it: the doubt is gone
        asked = self._records.asked(self.people.refs("dirty"))
        waiting = self.people.numbers({ref for pair in asked for ref in pair})
        numbers(con, "paired", paired | set(waiting.values()))
        con.execute(
            "INSERT INTO paired SELECT a FROM alike WHERE a IN (SELECT record FROM dirty)"
            " UNION SELECT b FROM alike WHERE b IN (SELECT record FROM dirty)"
        )
        edges = self._scored(pairs)[0]
        graph.add_edges(con, edges)
        self._connect()
        self._add_musts()
        con.execute(
            "CREATE OR REPLACE TEMP TABLE touched AS SELECT id AS record FROM record WHERE id IN"
            " (FROM changed UNION SELECT a FROM old UNION SELECT b FROM old UNION FROM parted"
            " UNION SELECT a FROM adjacent SEMI JOIN dirty ON a = record UNION FROM partners"
            " UNION SELECT record FROM dirty SEMI JOIN paired USING (record))"
        )

    def _connect(self) -> None:
        """Write into ``adjacent`` all pairs that speak for a join, either way round."""
        alike = f"alike WHERE {joining(self._stage.model) if self._stage else 'false'}"
        self._con.execute(
            "CREATE OR REPLACE TEMP TABLE adjacent AS"
            " SELECT a, b FROM edge UNION ALL SELECT b, a FROM edge"
            f" UNION ALL SELECT a, b FROM {alike} UNION ALL SELECT b, a FROM {alike}"
        )

    def _add_musts(self) -> None:
        """Connect the records that a steward joined; ``partners`` gets those of changed ones."""
        pairs = [pair for pair in self._constraints.must if len(pair) == 2]
        number = self.people.numbers({ref for pair in pairs for ref in pair})
        beside = {ref for pair in pairs if pair & self._changed for ref in pair}
        numbers(self._con, "partners", (number[ref] for ref in beside & number.keys()))
        places = [[number[r] for r in pair] for pair in pairs if pair <= number.keys()]
        left = [one for pair in places for one in pair]
        right = [other for pair in places for other in reversed(pair)]
        columns = {"a": pa.array(left, pa.int32()), "b": pa.array(right, pa.int32())}
        graph.insert(self._con, "adjacent", columns)

    def close(self) -> None:
        """Add to ``touched`` whoever is connected with it, or had the same id."""
        while True:
            self._spread()
            refs = self.people.refs("touched")
            gids = set(self._records.links({*refs, *self._changed}).values())
            more = set(self._records.members(gids)) - set(refs)
            found = self.people.numbers(more)
            if not found:
                return
            numbers(self._con, "more", found.values())
            self._con.execute("INSERT INTO touched FROM more")

    def _spread(self) -> None:
        con = self._con
        con.execute("CREATE OR REPLACE TEMP TABLE front AS FROM touched")
        while True:
            con.execute(
                "CREATE OR REPLACE TEMP TABLE front AS SELECT DISTINCT b AS record FROM adjacent"
                " SEMI JOIN front ON a = record WHERE b NOT IN (SELECT record FROM touched)"
            )
            if not ids(con, "SELECT 1 FROM front LIMIT 1"):
                return
            con.execute("INSERT INTO touched FROM front")

    def resolve(self, new_id: NewId) -> Changed:
        """Group ``touched`` anew and give each group its id."""
        inner = self.people.known(ids(self._con, "FROM touched"))
        pairs, alike = self._pairs("touched"), self._alike()
        ends = {*alike.left, *alike.right, *(end for pair in pairs for end in pair)}
        outer = self._around(ends - inner.keys())
        order = sorted(inner, key=lambda each: inner[each].ref) + sorted(outer)
        place = {number: at for at, number in enumerate(order)}
        both = {**inner, **outer}
        known = [both[number] for number in order]
        scored, others = self._scored(pairs, both)
        telling = {number: usable(record, others) for number, record in both.items()}
        if self._stage:
            scored += edges_of(alike, self._stage, telling, self._policy, others)
        edges = [_placed(edge, place) for edge in scored]
        guard = PersonGuard(known, self._policy, self._constraints)
        found = self._grouped(known[: len(inner)], edges, guard)
        refs = [record.ref for record in known[: len(inner)]]
        in_doubt = doubts(
            Partition((*found.groups, *self._strangers(known, len(inner))), found.blocked),
            edges,
            [telling[number] for number in order],
            policy=self._policy,
            others=others,
            guard=guard,
            constraints=self._constraints,
            asked=self._records.asked(refs),
        )
        groups = ([refs[at] for at in group] for group in found.groups)
        who = identify(groups, self._records.links({*refs, *self._changed}), {}, new_id)
        made = Resolution(
            links=who.links,
            redirects=who.redirects,
            new_redirects=who.new_redirects,
            events=who.events,
            doubts=in_doubt,
            counts=self._counts(len(refs), len(in_doubt)),
        )
        return Changed(made, {*refs, *self._changed})

    def _grouped(
        self, known: Sequence[Evidence], edges: Iterable[Edge], guard: PersonGuard
    ) -> Partition:
        """Group the touched records, which come first, by the pairs between them."""
        return partition(
            len(known),
            [edge for edge in edges if edge.b < len(known)],
            guard,
            unscored=self._policy.unscored,
            together=together(known, self._constraints),
        )

    def _counts(self, touched: int, in_doubt: int) -> Mapping[str, int]:
        return {
            "records": graph.count(self._con),
            "changed": len(self._changed),
            "touched": touched,
            "compared": self.compared,
            "doubts": in_doubt,
        }

    def _around(self, outer: Collection[int]) -> Mapping[int, Evidence]:
        """Return the records beside the touched ones, with all that a steward's word is about."""
        named = {ref for pair in self._constraints.cannot for ref in pair}
        there = set(outer) | set(self.people.numbers(named).values())
        return self.people.known(there - set(ids(self._con, "FROM touched")))

    def _strangers(self, known: Sequence[Evidence], first: int) -> Iterable[tuple[int, ...]]:
        """Return the records beside the touched ones, from `first` on, as the people they are."""
        links = self._records.links([record.ref for record in known[first:]])
        groups: dict[str, list[int]] = {}
        for at, record in enumerate(known[first:], first):
            groups.setdefault(links.get(record.ref, f"#{at}"), []).append(at)
        return map(tuple, groups.values())

    def _pairs(self, table: str) -> Pairs:
        """Return the pairs that share a fitting key with a record of a table, in order."""
        most = graph.key_limits(self._policy)
        cases = " ".join(f"WHEN {word} THEN {limit}" for word, limit in most.items())
        return self._con.execute(
            "WITH mine AS"
            f" (SELECT word, value, record FROM keyed SEMI JOIN {table} USING (record)),"
            " fitting AS (SELECT word, value FROM keyed SEMI JOIN mine USING (word, value)"
            f" GROUP BY ALL HAVING count(*) BETWEEN 2 AND CASE word {cases} END)"
            " SELECT DISTINCT least(m.record, k.record) AS a, greatest(m.record, k.record) AS b"
            " FROM mine m SEMI JOIN fitting USING (word, value)"
            " JOIN keyed k ON k.word = m.word AND k.value = m.value AND k.record <> m.record"
            " ORDER BY a, b"
        ).fetchall()

    def _alike(self) -> Likes:
        """Return the scored pairs of touched records by likeness, and those that may be doubts."""
        if self._stage is None:
            return Likes()
        return pairs_of(self._con, "touched", self._stage.model, -self._policy.ask_within)

    def _scored(self, pairs: Pairs, more: Collection[int] = ()) -> tuple[list[Edge], Population]:
        """Score pairs of records by their numbers; also return what all say about their values,
        and those of `more` records.
        """
        known = self.people.known({*more, *(end for pair in pairs for end in pair)})
        others = population_of(self._con, known.values(), self._policy)
        telling = {number: usable(record, others) for number, record in known.items()}
        edges = []
        for a, b in pairs:
            weight = self._weights.get((a, b))
            if weight is None:
                left, right = sorted((telling[a], telling[b]), key=_ref)
                pattern = compare(left, right, self._policy, others)
                score = self._scores.get(pattern)
                if score is None:
                    score = self._scores[pattern] = weigh(pattern, self._policy)
                weight = self._weights[a, b] = score.weight
            edges.append(Edge(a, b, weight))
        self.compared += len(pairs)
        return edges, others


def _ref(record: Evidence) -> SourceRef:
    return record.ref


def _placed(edge: Edge, place: Mapping[int, int]) -> Edge:
    """Return an edge between records by their places, the smaller one first."""
    a, b = sorted((place[edge.a], place[edge.b]))
    return Edge(a, b, edge.weight, edge.source)
