"""A few records among all: what they say, and what all say of their names and values.

Where nothing changed since the last run, the graph that it left tells what all say, and no other
record is read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.profiles import store
from idp_core.profiles.evidence import Evidence, reader
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.records import by_source
from idp_core.profiles.scoring import Population, usable
from idp_core.profiles.vetoes import Constraints
from pipelines.approving import number_of
from pipelines.bus import Bus
from pipelines.resolve import graph
from pipelines.resolve.population import population
from pipelines.resolve.touched import population_of
from pipelines.unify import STAGE, read_steward_words


@dataclass(frozen=True, slots=True)
class Among:
    """Records that their sources still have, in order, and what they say; `others` is of all."""

    records: Sequence[SourceProfile] = field(repr=False)
    known: Sequence[Evidence] = field(repr=False)
    others: Population
    constraints: Constraints

    @property
    def usable(self) -> Sequence[Evidence]:
        """Return what the records say, without what is crowded."""
        return [usable(record, self.others) for record in self.known]


def read_among(bus: Bus, refs: Collection[SourceRef]) -> Among:
    """Read some records of a project; those that are not there are left out."""
    with reading(bus.engine) as conn:
        words = read_steward_words(conn)
        records = sorted(_stored(bus, conn, refs), key=lambda record: record.ref)
        read = reader(bus.identifiers)
        known = [read(record) for record in records]
        others = _by_graph(bus, conn, known, words)
        if others is None:
            every = store.read_source_profiles(conn, deleted=False, schema=bus.schema)
            others = population([read(record) for record in every], bus.identifiers, words)
    return Among(records, known, others, words)


def _by_graph(
    bus: Bus, conn: sa.Connection, known: Sequence[Evidence], words: Constraints
) -> Population | None:
    """Return what all say by the graph of the last run; None when there is none of this moment."""
    with graph.opened(bus.graph) as con:
        if con is None:
            return None
        now = graph.Mark(
            store.last_seq(conn), number_of(bus), store.read_watermark(conn, f"{STAGE}.graph")
        )
        if graph.read_mark(con)[0] != now or graph.read_words(con) != graph.words_of(words):
            return None
        return population_of(con, known, bus.identifiers)


def _stored(bus: Bus, conn: sa.Connection, refs: Collection[SourceRef]) -> Sequence[SourceProfile]:
    return [
        each.profile
        for source, keys in by_source(refs).items()
        for each in store.held_source_profiles(conn, source, keys, schema=bus.schema).values()
        if not each.profile.deleted
    ]
